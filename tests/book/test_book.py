"""책의 형식: 장의 노트북이 지키는 규칙. 출력이 참인지는 `pytest --nbval book/`이 봅니다."""

import base64
import re
import struct
from collections import Counter

import nbformat
import pytest
from nbformat import NotebookNode

from tools import minutes
from tools.chapters import BOOK, chapters
from tools.execute import stored_form

TEMPLATE_BEFORE = ["학습 목표", "선수 지식", "예상 시간(CPU)"]
TEMPLATE_AFTER = ["흔한 실수", "연습문제", "퀴즈", "요약", "더 읽을거리"]
TAGS = {"hide-cell", "hide-input", "hide-output"}

# 집이나 컴퓨터의 경로. 독자의 컴퓨터에는 없다.
ABSOLUTE_PATH = re.compile(
    r"(?<![\w/.:~-])/(?:home|root|tmp|work|usr|opt|var|mnt|Users|content|private)/"
    r"|\b[A-Za-z]:\\\\?\w|site-packages|dist-packages|file://"
)
# Colab에서 글자 그대로 보이는 MyST 문법
RAW_IN_COLAB = re.compile(
    r"^\s*(?:`{3,}|~{3,}|:{3,})\s*\{"  # 지시자
    r"|\{[a-z][a-z:-]*\}`"  # 역할
    r"|^\([\w-]+\)=\s*$"  # 목표
    r"|^\+\+\+"  # 칸막이
    r"|^%\s"  # 주석
    r"|[)\]`]\{[.#:\w]"  # 속성
    r"|\{\{.*\}\}",  # 치환
    re.MULTILINE,
)
LONGEST_CELL = 25  # 줄. 더 긴 코드는 접거나 aelab.plotting으로 보냅니다
# 전화기(390픽셀)에서 그림이 차지하는 너비와 읽히는 글의 크기(CSS 픽셀), 그림의 1인치당 픽셀
PHONE, READABLE, DPI = 358, 9, 110
SIZES = {"xx-small": 5.79, "x-small": 6.94, "small": 8.33, "medium": 10, "large": 12}
FONT_SIZE = re.compile(r"""\b(?:fontsize|labelsize|size)=["']?([a-z-]+|[\d.]+)\b""")
ROUNDING_NOISE = re.compile(r"\d[eE]-(?:0[6-9]|[1-9]\d)\b")
MARKDOWN_IMAGE = re.compile(r"!\[(.*?)\]\((.*?)\)|<img\b([^>]*)>")
HANGUL = re.compile("[가-힣]")


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def prose(notebook: NotebookNode) -> str:
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def without_code(markdown: str) -> str:
    """코드 울타리와 줄 안의 코드를 뺀 글. MyST의 울타리는 남깁니다."""
    kept = re.sub(r"^(`{3,}|~{3,})(?!\{)[^\n]*\n.*?^\1\s*$", "", markdown, flags=re.S | re.M)
    return re.sub(r"(?<![`}])`[^`\n]+`", "``", kept)


def headings(markdown: str) -> list[tuple[int, str]]:
    found = re.findall(r"^(#+)\s+(.+?)\s*$", without_code(markdown), flags=re.MULTILINE)
    return [(len(marks), title) for marks, title in found]


def section(notebook: NotebookNode, title: str) -> list[NotebookNode]:
    """h2 제목 `title`부터 다음 h2 앞까지의 셀."""
    cells, inside = [], False
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            h2 = [name for level, name in headings(cell.source) if level == 2]
            inside = title in h2 if h2 else inside
        if inside:
            cells.append(cell)
    return cells


def texts_of_outputs(cell: NotebookNode) -> list[str]:
    """출력에 든 글 모두. 그림의 바이트는 뺍니다."""
    texts = []
    for output in cell.get("outputs", []):
        texts.append(output.get("text", ""))
        data = output.get("data", {})
        texts += [text for kind, text in data.items() if not kind.startswith("image/")]
        texts += output.get("traceback", [])
    return [text for text in texts if isinstance(text, str)]


def images_of_outputs(cell: NotebookNode) -> int:
    kinds = [kind for output in cell.outputs for kind in output.get("data", {})]
    return sum(kind.startswith("image/") for kind in kinds)


# 규칙: 노트북 하나를 받아 어긴 것을 문장으로 냅니다.


def unexecuted(notebook: NotebookNode) -> list[str]:
    counts = [cell.execution_count for cell in code_cells(notebook)]
    problems = []
    if not counts or counts != list(range(1, len(counts) + 1)):
        problems.append(f"실행 번호가 1부터 차례대로가 아닙니다: {counts}")
    if not any(cell.outputs for cell in code_cells(notebook)):
        problems.append("저장된 출력이 하나도 없습니다.")
    return problems


def bad_outputs(notebook: NotebookNode) -> list[str]:
    problems = []
    for number, cell in enumerate(code_cells(notebook), 1):
        for output in cell.outputs:
            if output.output_type == "error":
                problems.append(f"코드 셀 {number}: 오류 출력 {output.ename}")
            if output.get("name") == "stderr":
                problems.append(f"코드 셀 {number}: stderr 출력 {output.text[:80]!r}")
            if any("widget" in kind for kind in output.get("data", {})):
                problems.append(f"코드 셀 {number}: 위젯 출력")
        for text in texts_of_outputs(cell):
            if ROUNDING_NOISE.search(text):
                problems.append(f"코드 셀 {number}: 기기마다 다른 반올림 잡음을 찍습니다: {text!r}")
    return problems


def bad_metadata(notebook: NotebookNode) -> list[str]:
    problems = []
    for number, cell in enumerate(notebook.cells):
        if unknown := set(cell.metadata.get("tags", [])) - TAGS:
            problems.append(f"셀 {number}: 쓰지 않는 태그 {sorted(unknown)}")
        if cell.cell_type == "code" and re.search(r"#\s*(?:NBVAL|PYTEST)_", cell.source):
            problems.append(f"셀 {number}: nbval의 비교를 끄는 주석")
    return problems


def absolute_paths(notebook: NotebookNode) -> list[str]:
    return [
        f"셀 {number}: 절대 경로 {text[found.start() :][:60]!r}"
        for number, cell in enumerate(notebook.cells)
        for text in [cell.source, *texts_of_outputs(cell)]
        if (found := ABSOLUTE_PATH.search(text))
    ]


def bad_figures(notebook: NotebookNode) -> list[str]:
    """설명(alt)은 눈으로 보지 않는 독자가, 이름과 제목은 "그림 1.2"라는 번호와 가리킴이 씁니다."""
    problems = []
    for number, cell in enumerate(code_cells(notebook), 1):
        images, settings = images_of_outputs(cell), cell.metadata.get("mystnb", {})
        image, figure = settings.get("image"), settings.get("figure")
        if not images and (image or figure):
            problems.append(f"코드 셀 {number}: 그림이 없는데 그림 메타데이터가 있습니다.")
        if not images:
            continue
        if images > 1:
            problems.append(f"코드 셀 {number}: 한 셀의 그림은 하나여야 하는데 {images}개입니다.")
        if not HANGUL.search((image or {}).get("alt", "")):
            problems.append(f"코드 셀 {number}: 그림에 mystnb.image.alt가 없습니다.")
        if not HANGUL.search((figure or {}).get("caption", "")):
            problems.append(f"코드 셀 {number}: 그림에 mystnb.figure.caption이 없습니다.")
        if not re.fullmatch(r"fig-[a-z0-9-]+", (figure or {}).get("name", "")):
            problems.append(f"코드 셀 {number}: 그림의 이름이 fig-…가 아닙니다.")
    for alt, _, html in MARKDOWN_IMAGE.findall(prose(notebook)):
        if not alt.strip() and not re.search(r'alt="[^"]+"', html):
            problems.append(f"글 속의 그림에 설명이 없습니다: {html or '![](…)'}")
    return problems


def long_open_cells(notebook: NotebookNode) -> list[str]:
    problems = []
    for number, cell in enumerate(code_cells(notebook), 1):
        folded = {"hide-cell", "hide-input"} & set(cell.metadata.get("tags", []))
        lines = cell.source.count("\n") + 1
        if lines > LONGEST_CELL and not folded:
            problems.append(f"코드 셀 {number}: {lines}줄인데 {LONGEST_CELL}줄까지 펼쳐 둡니다.")
    return problems


def small_text(notebook: NotebookNode) -> list[str]:
    """전화기에서 읽히지 않는 그림의 글: 그림의 너비와 셀에 적힌 가장 작은 글의 크기로 셉니다."""
    problems = []
    for number, cell in enumerate(code_cells(notebook), 1):
        named = FONT_SIZE.findall(cell.source)
        points = min([10, *(SIZES[name] if name in SIZES else float(name) for name in named)])
        for output in cell.outputs:
            if png := output.get("data", {}).get("image/png"):
                (width,) = struct.unpack(">I", base64.b64decode(png[:64])[16:20])
                shown = points / 72 * DPI * min(1, PHONE / width)
                if shown < READABLE - 0.05:
                    problems.append(f"코드 셀 {number}: 전화기에서 글이 {shown:.1f}픽셀입니다.")
    return problems


def other_minutes(notebook: NotebookNode) -> list[str]:
    if minutes.estimate(notebook).sentence() in prose(notebook):
        return []
    return ["예상 시간이 규칙과 다릅니다. `python -m tools.minutes`로 새깁니다."]


def broken_template(notebook: NotebookNode) -> list[str]:
    problems = []
    found = headings(prose(notebook))
    if [level for level, _ in found].count(1) != 1 or not notebook.cells[0].source.startswith("# "):
        problems.append("`# 제목`은 하나이고 첫 셀이 그것으로 시작합니다.")
    if re.match(r"\d", found[0][1]):
        problems.append("장의 번호는 목차가 붙이므로 제목에 적지 않습니다.")
    h2 = [title for level, title in found if level == 2]
    if h2[: len(TEMPLATE_BEFORE)] != TEMPLATE_BEFORE:
        problems.append(f"처음의 `##` 제목이 {TEMPLATE_BEFORE}가 아닙니다: {h2}")
    if h2[-len(TEMPLATE_AFTER) :] != TEMPLATE_AFTER:
        problems.append(f"마지막 `##` 제목이 {TEMPLATE_AFTER}가 아닙니다: {h2}")
    if len(h2) <= len(TEMPLATE_BEFORE) + len(TEMPLATE_AFTER):
        problems.append("본문의 `##` 절이 없습니다.")
    problems += [
        f"제목의 단계를 건너뜁니다: {title}"
        for (above, _), (level, title) in zip(found, found[1:], strict=False)
        if level > above + 1
    ]
    return problems


def unanswered(notebook: NotebookNode) -> list[str]:
    """연습문제에는 확인과 접힌 풀이가, 퀴즈에는 접힌 답이 있어야 합니다."""
    problems = []
    exercises = [cell for cell in section(notebook, "연습문제") if cell.cell_type == "code"]
    if not any(re.search(r"\bcheck\(", cell.source) for cell in exercises):
        problems.append("연습문제에 답을 확인하는 check(...)가 없습니다.")
    folded = [cell for cell in exercises if "hide-cell" in cell.metadata.get("tags", [])]
    if not folded or not all(cell.outputs for cell in folded):
        problems.append("연습문제에 접어 두고 실행한 풀이(hide-cell)가 없습니다.")
    if not any("<details>" in cell.source for cell in section(notebook, "퀴즈")):
        problems.append("퀴즈에 접힌 답(<details>)이 없습니다.")
    text = prose(notebook)
    if text.count("<details>") != len(re.findall(r"<details>\n<summary>.+</summary>\n\n", text)):
        problems.append("<details>의 첫 줄은 <summary>…</summary>와 빈 줄이어야 합니다.")
    if text.count("<details>") != text.count("\n\n</details>"):
        problems.append("</details>의 앞에는 빈 줄이 있어야 하고 <details>와 짝이 맞아야 합니다.")
    return problems


def raw_in_colab(notebook: NotebookNode) -> list[str]:
    return [
        f"Colab에서 글자 그대로 보입니다: {found.group()!r}"
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for found in RAW_IN_COLAB.finditer(without_code(cell.source))
    ]


RULES = [
    unexecuted,
    bad_outputs,
    bad_metadata,
    absolute_paths,
    bad_figures,
    long_open_cells,
    small_text,
    other_minutes,
    broken_template,
    unanswered,
    raw_in_colab,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_chapter_keeps_the_rule(notebooks, rule):
    found = {name: rule(notebook) for name, notebook in notebooks.items()}
    assert {name: problems for name, problems in found.items() if problems} == {}


def test_numbered_chapters_are_listed_in_order():
    numbered = re.findall(r"file: (\d\S+)", (BOOK / "_toc.yml").read_text(encoding="utf-8"))
    assert len(numbered) >= 10
    assert numbered == sorted(numbered)


def test_every_chapter_is_stored_tidily():
    untidy = []
    for path in chapters():
        stored = path.read_text(encoding="utf-8")
        if stored != stored_form(nbformat.reads(stored, as_version=4)):
            untidy.append(path.relative_to(BOOK).as_posix())
    assert untidy == []


def test_figure_names_are_unique_in_the_book(notebooks):
    names = Counter(
        cell.metadata.get("mystnb", {}).get("figure", {}).get("name")
        for notebook in notebooks.values()
        for cell in code_cells(notebook)
    )
    assert [name for name, count in names.items() if name and count > 1] == []
