"""책의 형식: 장의 노트북이 지키는 규칙과, 출력 비교가 틀린 수를 잡는지.

출력이 참인지는 `pytest --nbval book/`이 봅니다.
"""

import ast
import copy
import importlib
import inspect
import os
import pkgutil
import re
import subprocess
import sys
from decimal import ROUND_UP, Decimal
from pathlib import Path
from random import Random

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools.compare import FEW_DIGITS, NUMBER, StrictText, masked, texts_agree
from tools.execute import CELL_METADATA, NOTEBOOK_METADATA, tidy

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = sorted((ROOT / "book").glob("*.ipynb"))

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
ROUNDING_NOISE = re.compile(r"\d[eE]-(?:0[6-9]|[1-9]\d)\b")
MARKDOWN_IMAGE = re.compile(r"!\[(.*?)\]\((.*?)\)|<img\b([^>]*)>")

# 용어의 쓰지 않는 꼴 → 쓰는 꼴
FORBIDDEN = {
    r"자동 ?인코더|오토 인코더": "오토인코더",
    r"부호기|복호기|엔코더": "인코더, 디코더",
    r"잠재 차원성|레이턴트": "잠재 차원, 잠재",
    r"잠재 공간": "잠재공간",
    r"잠재(?:벡터|차원|표현)": "잠재 벡터, 잠재 차원, 잠재 표현",
    r"잠재 ?(?:부호|코드)|인코딩|엔코딩": "잠재 벡터",
    r"보틀넥": "병목",
    r"재구축|재건|복구": "재구성",
    r"재구성오차": "재구성 오차",
    r"[컨콘]볼루션": "합성곱",
    r"역합성곱|전치된 합성곱|전치합성곱": "전치 합성곱",
    r"스트라이드|보폭합성곱": "보폭, 보폭 합성곱",
    r"(?<!안드로이드 )패딩|출력채움": "채움, 출력 채움",
    r"피[쳐처] ?맵|피[쳐처] ?벡터|특징(?:맵|벡터)": "특징 맵, 특징 벡터",
    r"수용영역": "수용 영역",
    r"활성화?함수": "활성화 함수",
    r"배치 ?노멀라이제이션|배치 ?노말라이제이션": "배치 정규화",
    r"평균 제곱 ?오차|평균제곱 오차": "평균제곱오차",
    r"피크 신호": "최대 신호 대 잡음비",
    r"구조 유사성": "구조적 유사도",
    r"데이터 레인지": "값의 범위",
    r"(?:분포|배포|유통) 외(?!에)|분포밖": "분포 밖",
    r"훈련|교육": "학습",
    r"학습율": "학습률",
    r"테스트 ?(?:세트|셋)|(?:학습|검증|시험)세트": "학습 세트, 검증 세트, 시험 세트",
    r"프리트레인|미리 학습된": "사전 학습된",
    r"(?<![가-힣])로스(?![가-힣]{2})|손실함수": "손실, 손실 함수",
    r"옵티마이저": "최적화기",
    r"(?<![가-힣])(?:에폭|에포크)": "epoch",
    r"미니 ?배치": "묶음",
    r"샘플링": "표본 추출",
    r"생성 ?모델|생성모형": "생성 모형",
    r"인터폴레이션": "보간",
    r"(?<![가-힣])쿼리": "질의",
    r"코퍼스": "검색 대상",
    r"유클리디안": "유클리드",
    r"최근접 이웃": "가장 가까운 이웃",
    r"차원 감소|차원축소": "차원 축소",
    r"주성분분석": "주성분 분석",
    r"(?<![가-힣])매입(?!니)": "임베딩",
    r"텐서 보드": "텐서보드",
    r"체[크커]보드|체스판무늬": "체스판 무늬",
    r"블러리": "흐림",
}


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def prose(notebook: NotebookNode) -> str:
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def without_code(markdown: str) -> str:
    """코드 울타리와 줄 안의 코드를 뺀 글. MyST의 울타리는 남깁니다."""
    kept = re.sub(r"^(`{3,}|~{3,})(?!\{)[^\n]*\n.*?^\1\s*$", "", markdown, flags=re.S | re.M)
    return re.sub(r"(?<![`}])`[^`\n]+`", "``", kept)


def headings(notebook: NotebookNode) -> list[tuple[int, str]]:
    found = re.findall(r"^(#+)\s+(.+?)\s*$", without_code(prose(notebook)), flags=re.MULTILINE)
    return [(len(marks), title) for marks, title in found]


def section(notebook: NotebookNode, title: str) -> list[NotebookNode]:
    """h2 제목 `title`부터 다음 h2 앞까지의 셀."""
    cells, inside = [], False
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and (
            h2 := re.findall(r"^## +(.+?)\s*$", cell.source, re.M)
        ):
            inside = title in h2
        if inside:
            cells.append(cell)
    return cells


def texts_of_outputs(cell: NotebookNode) -> list[str]:
    """출력에 든 글 모두. 그림의 바이트는 뺍니다."""
    texts = []
    for output in cell.outputs:
        texts.append(output.get("text", ""))
        texts += [
            text for kind, text in output.get("data", {}).items() if not kind.startswith("image/")
        ]
        texts += output.get("traceback", [])
    return [text for text in texts if isinstance(text, str)]


# 규칙: 노트북 하나를 받아 어긴 것을 문장으로 냅니다.


def unexecuted(notebook: NotebookNode) -> list[str]:
    counts = [cell.execution_count for cell in code_cells(notebook)]
    problems = []
    if not counts:
        problems.append("코드 셀이 없습니다.")
    if counts != list(range(1, len(counts) + 1)):
        problems.append(f"실행 번호가 1부터 차례대로가 아닙니다: {counts}")
    if not any(cell.outputs for cell in code_cells(notebook)):
        problems.append("저장된 출력이 하나도 없습니다.")
    problems += [
        f"코드 셀 {number}: 빈 셀입니다."
        for number, cell in enumerate(code_cells(notebook), 1)
        if not cell.source.strip()
    ]
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
    if notebook.metadata != NOTEBOOK_METADATA:
        problems.append(f"노트북 메타데이터가 정해진 것과 다릅니다: {dict(notebook.metadata)}")
    for number, cell in enumerate(notebook.cells):
        if unknown := set(cell.metadata) - CELL_METADATA:
            problems.append(f"셀 {number}: 남은 메타데이터 {sorted(unknown)}")
        if unknown := set(cell.metadata.get("tags", [])) - TAGS:
            problems.append(f"셀 {number}: 쓰지 않는 태그 {sorted(unknown)}")
        if cell.cell_type == "code" and re.search(r"#\s*(?:NBVAL|PYTEST)_", cell.source):
            problems.append(f"셀 {number}: nbval의 비교를 끄는 주석")
    return problems


def absolute_paths(notebook: NotebookNode) -> list[str]:
    problems = []
    for number, cell in enumerate(notebook.cells):
        texts = [cell.source] + (texts_of_outputs(cell) if cell.cell_type == "code" else [])
        for text in texts:
            if found := ABSOLUTE_PATH.search(text):
                problems.append(f"셀 {number}: 절대 경로 {text[found.start() :][:60]!r}")
    return problems


def missing_alt(notebook: NotebookNode) -> list[str]:
    problems = []
    for number, cell in enumerate(code_cells(notebook), 1):
        images = sum(
            kind.startswith("image/") for output in cell.outputs for kind in output.get("data", {})
        )
        settings = cell.metadata.get("mystnb", {})
        alt = settings.get("image", {}).get("alt", "")
        if images and not re.search(r"[가-힣]", alt):
            problems.append(f"코드 셀 {number}: 그림에 mystnb.image.alt가 없습니다.")
        if images > 1:
            problems.append(f"코드 셀 {number}: 한 셀의 그림은 하나여야 하는데 {images}개입니다.")
        if not images and ("figure" in settings or "image" in settings):
            problems.append(f"코드 셀 {number}: 그림이 없는데 그림 메타데이터가 있습니다.")
    for alt, _, html in MARKDOWN_IMAGE.findall(prose(notebook)):
        if not alt.strip() and not re.search(r'alt="[^"]+"', html):
            problems.append(f"글 속의 그림에 설명이 없습니다: {html or '![](…)'}")
    return problems


def unnumbered_figures(notebook: NotebookNode) -> list[str]:
    """그림마다 설명과 이름이 있어야 쪽에서 "그림 1.2"처럼 번호가 붙고 가리킬 수 있습니다."""
    problems = []
    for number, cell in enumerate(code_cells(notebook), 1):
        if not any(
            kind.startswith("image/") for output in cell.outputs for kind in output.get("data", {})
        ):
            continue
        figure = cell.metadata.get("mystnb", {}).get("figure", {})
        if not re.search(r"[가-힣]", figure.get("caption", "")):
            problems.append(f"코드 셀 {number}: 그림에 mystnb.figure.caption이 없습니다.")
        if not re.fullmatch(r"fig-[a-z0-9-]+", figure.get("name", "")):
            problems.append(f"코드 셀 {number}: 그림의 이름이 fig-…가 아닙니다.")
    return problems


def broken_template(notebook: NotebookNode) -> list[str]:
    problems = []
    found = headings(notebook)
    levels = [level for level, _ in found]
    if levels.count(1) != 1 or levels[0] != 1:
        problems.append("첫 제목만 `# `이어야 합니다.")
    first = notebook.cells[0]
    if first.cell_type != "markdown" or not first.source.startswith("# "):
        problems.append("첫 셀이 `# 제목`으로 시작하지 않습니다.")
    if found and re.match(r"\d", found[0][1]):
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
    quiz = "\n".join(cell.source for cell in section(notebook, "퀴즈"))
    if "<details>" not in quiz:
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


def unknown_names(notebook: NotebookNode) -> list[str]:
    """코드가 쓰는 aelab의 이름이 정말 있는지 봅니다."""
    tree = ast.parse("\n".join(cell.source for cell in code_cells(notebook)))
    known: dict[str, str] = {}  # 노트북 안의 이름 → aelab에서의 이름
    used: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "aelab":
                    used.add(alias.name)
                    known[alias.asname or "aelab"] = alias.name if alias.asname else "aelab"
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "aelab":
            for alias in node.names:
                known[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    used.update(known.values())
    for node in ast.walk(tree):
        names = []
        while isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        if names and isinstance(node, ast.Name) and node.id in known:
            used.add(".".join([known[node.id], *reversed(names)]))
    return [f"aelab에 없는 이름: {name}" for name in sorted(used) if not exists(name)]


def exists(dotted: str) -> bool:
    """점으로 이은 이름이 모듈이나 클래스의 속성을 따라가며 있는지 봅니다."""
    first, *rest = dotted.split(".")
    found = importlib.import_module(first)
    for name in rest:
        if inspect.ismodule(found):
            try:
                found = getattr(found, name)
            except AttributeError:
                try:
                    found = importlib.import_module(f"{found.__name__}.{name}")
                except ModuleNotFoundError:
                    return False
        elif inspect.isclass(found):
            return hasattr(found, name)
        else:
            return True  # 함수나 값의 속성은 실행이 확인한다
    return True


def forbidden_terms(text: str) -> list[str]:
    return [
        f"{found.group()!r} 대신 {better!r}을(를) 씁니다: …{text[max(0, found.start() - 15) :][:40]!r}"
        for pattern, better in FORBIDDEN.items()
        for found in re.finditer(pattern, text)
    ]


RULES = [
    unexecuted,
    bad_outputs,
    bad_metadata,
    absolute_paths,
    missing_alt,
    unnumbered_figures,
    broken_template,
    unanswered,
    raw_in_colab,
    unknown_names,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_chapter_keeps_the_rule(chapter, rule):
    assert rule(read(chapter)) == []


def test_book_has_chapters_and_all_are_in_the_contents():
    contents = (ROOT / "book" / "_toc.yml").read_text(encoding="utf-8")
    listed = re.findall(r"file: (\S+)", contents)
    numbered = [name for name in listed if name[0].isdigit()]
    assert CHAPTERS
    assert {chapter.stem for chapter in CHAPTERS} <= set(listed)
    assert numbered == sorted(path.stem for path in (ROOT / "book").glob("[0-9]*"))


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_chapter_is_stored_tidily(chapter):
    stored = chapter.read_text(encoding="utf-8")
    assert stored == nbformat.writes(tidy(read(chapter))).rstrip("\n") + "\n"


def test_figure_names_are_unique_in_the_book():
    names = [
        cell.metadata["mystnb"]["figure"]["name"]
        for chapter in CHAPTERS
        for cell in code_cells(read(chapter))
        if "name" in cell.metadata.get("mystnb", {}).get("figure", {})
    ]
    assert len(names) == len(set(names))


# 규칙이 정말 잡는지: 성한 노트북을 한 군데만 망가뜨립니다.


def sound_notebook() -> NotebookNode:
    """모든 규칙을 지키는 가장 작은 노트북."""
    figure = {"caption": "점 하나", "name": "fig-point"}
    alt = {"mystnb": {"image": {"alt": "빨간 점"}, "figure": figure}}
    image = new_output("display_data", {"image/png": "iVBORw0KGgo=", "text/plain": "<Figure>"})
    cells = [
        new_markdown_cell("# 제목\n\n## 학습 목표\n\n## 선수 지식\n\n## 예상 시간(CPU)\n\n1분"),
        new_markdown_cell("## 본문\n\n```python\nx = {1: 2}\n```\n\n[링크](01_encoder.ipynb) $x$"),
        new_code_cell(
            "import aelab\nfrom aelab import metrics\nmetrics.mse",
            execution_count=1,
            outputs=[new_output("stream", name="stdout", text="오차 25.04, (64, 3, 32, 32)\n")],
        ),
        new_code_cell("plt.show()", execution_count=2, outputs=[image], metadata=alt),
        new_markdown_cell("## 흔한 실수\n\n## 연습문제"),
        new_code_cell(
            "check('a.b', 3)",
            execution_count=3,
            outputs=[new_output("stream", name="stdout", text="맞습니다.\n")],
            metadata={"tags": ["hide-cell"]},
        ),
        new_markdown_cell(
            "## 퀴즈\n\n물음\n\n<details>\n<summary>정답 보기</summary>\n\n답\n\n</details>\n\n"
            "## 요약\n\n## 더 읽을거리"
        ),
    ]
    return new_notebook(cells=cells, metadata=copy.deepcopy(NOTEBOOK_METADATA))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_sound_notebook_breaks_no_rule(rule):
    assert rule(sound_notebook()) == []


def unrun(notebook):
    for cell in code_cells(notebook):
        cell.execution_count, cell.outputs = None, []


def swapped_counts(notebook):
    first, second, *_ = code_cells(notebook)
    first.execution_count, second.execution_count = 2, 1


def no_outputs(notebook):
    for cell in code_cells(notebook):
        cell.outputs = []


def error_output(notebook):
    code_cells(notebook)[0].outputs = [new_output("error", ename="E", evalue="", traceback=[])]


def stderr_output(notebook):
    code_cells(notebook)[0].outputs = [new_output("stream", name="stderr", text="경고")]


def noise_output(notebook):
    code_cells(notebook)[0].outputs[0].text = "차이 2.4e-07"


def widget_metadata(notebook):
    notebook.metadata["widgets"] = {}


def other_kernel(notebook):
    notebook.metadata.kernelspec.name = "my-venv"


def editor_traces(notebook):
    notebook.cells[0].metadata["collapsed"] = True


def comparison_switched_off(notebook):
    code_cells(notebook)[0].metadata["tags"] = ["nbval-ignore-output"]


def comparison_switched_off_in_a_comment(notebook):
    code_cells(notebook)[0].source += "\n# NBVAL_IGNORE_OUTPUT"


def path_in_source(notebook):
    code_cells(notebook)[0].source += '\nopen("/home/student/data.csv")'


def path_in_output(notebook):
    code_cells(notebook)[0].outputs[0].text = r"C:\Users\student"


def package_path_in_output(notebook):
    code_cells(notebook)[0].outputs[0].text = "lib/site-packages/torch/nn.py:3: UserWarning"


def no_alt(notebook):
    code_cells(notebook)[1].metadata = {}


def no_caption(notebook):
    code_cells(notebook)[1].metadata["mystnb"]["figure"]["caption"] = ""


def no_name(notebook):
    del code_cells(notebook)[1].metadata["mystnb"]["figure"]["name"]


def two_images(notebook):
    cell = code_cells(notebook)[1]
    cell.outputs = cell.outputs * 2


def markdown_image_without_alt(notebook):
    notebook.cells[1].source += "\n\n![](a.png)"


def two_titles(notebook):
    notebook.cells[1].source = "# 다른 제목"


def missing_section(notebook):
    notebook.cells[-1].source = notebook.cells[-1].source.replace("## 요약", "")


def sections_out_of_order(notebook):
    notebook.cells[0].source = "# 제목\n\n## 선수 지식\n\n## 학습 목표\n\n## 예상 시간(CPU)"


def skipped_level(notebook):
    notebook.cells[1].source += "\n\n#### 작은 제목"


def no_check(notebook):
    code_cells(notebook)[2].source = "print(3)"


def open_solution(notebook):
    code_cells(notebook)[2].metadata = {}


def unclosed_details(notebook):
    notebook.cells[-1].source = notebook.cells[-1].source.replace("</details>", "")


def directive(notebook):
    notebook.cells[1].source += "\n\n```{note}\n주의\n```"


def colon_directive(notebook):
    notebook.cells[1].source += "\n\n:::{note}\n주의\n:::"


def role(notebook):
    notebook.cells[1].source += "\n\n{cite}`hinton2006reducing`에 따르면"


def target(notebook):
    notebook.cells[1].source += "\n\n(sec-a)=\n\n글"


def unknown_attribute(notebook):
    code_cells(notebook)[0].source += "\naelab.metrics.fid(1)"


def unknown_import(notebook):
    code_cells(notebook)[0].source += "\nfrom aelab.metrics import lpips"


def unknown_module(notebook):
    code_cells(notebook)[0].source += "\nimport aelab.utils"


@pytest.mark.parametrize(
    ("damage", "rule"),
    [
        (unrun, unexecuted),
        (swapped_counts, unexecuted),
        (no_outputs, unexecuted),
        (error_output, bad_outputs),
        (stderr_output, bad_outputs),
        (noise_output, bad_outputs),
        (widget_metadata, bad_metadata),
        (other_kernel, bad_metadata),
        (editor_traces, bad_metadata),
        (comparison_switched_off, bad_metadata),
        (comparison_switched_off_in_a_comment, bad_metadata),
        (path_in_source, absolute_paths),
        (path_in_output, absolute_paths),
        (package_path_in_output, absolute_paths),
        (no_alt, missing_alt),
        (no_caption, unnumbered_figures),
        (no_name, unnumbered_figures),
        (two_images, missing_alt),
        (markdown_image_without_alt, missing_alt),
        (two_titles, broken_template),
        (missing_section, broken_template),
        (sections_out_of_order, broken_template),
        (skipped_level, broken_template),
        (no_check, unanswered),
        (open_solution, unanswered),
        (unclosed_details, unanswered),
        (directive, raw_in_colab),
        (colon_directive, raw_in_colab),
        (role, raw_in_colab),
        (target, raw_in_colab),
        (unknown_attribute, unknown_names),
        (unknown_import, unknown_names),
        (unknown_module, unknown_names),
    ],
    ids=lambda value: value.__name__,
)
def test_rule_catches_the_damage(damage, rule):
    notebook = sound_notebook()
    damage(notebook)
    assert rule(notebook)


def test_tidy_removes_what_editors_leave_and_keeps_the_outputs():
    notebook = sound_notebook()
    notebook.metadata["widgets"] = {"state": {}}
    first = code_cells(notebook)[0]
    first.metadata["execution"] = {"iopub.status.busy": "2026-01-01T00:00:00"}
    first.outputs = [
        new_output("stream", name="stdout", text="앞 "),
        new_output("stream", name="stdout", text="뒤\n"),
    ]
    tidied = tidy(copy.deepcopy(notebook))
    assert bad_metadata(tidied) == []
    assert [output.text for output in code_cells(tidied)[0].outputs] == ["앞 뒤\n"]
    assert nbformat.writes(tidy(copy.deepcopy(tidied))) == nbformat.writes(tidied)


# 용어


def documents() -> list[Path]:
    return sorted([*(ROOT / "book").glob("*.md"), *ROOT.glob("*.md")])


@pytest.mark.parametrize("path", [*CHAPTERS, *documents()], ids=lambda path: path.name)
def test_text_uses_the_agreed_terms(path):
    text = prose(read(path)) if path.suffix == ".ipynb" else path.read_text(encoding="utf-8")
    assert forbidden_terms(text) == []


@pytest.mark.parametrize("path", sorted((ROOT / "aelab").rglob("*.py")), ids=lambda path: path.name)
def test_package_uses_the_agreed_terms(path):
    assert forbidden_terms(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "wrong",
    [
        "컨볼루션 층",
        "디콘볼루션",
        "모델을 훈련한다",
        "미리 훈련된 가중치",
        "생성 모델",
        "분포 외 자료",
        "인코딩을 구한다",
        "잠재 코드",
        "이미지를 복구한다",
        "단어 매입",
        "평균 제곱 오차",
        "특징맵",
    ],
)
def test_forbidden_term_is_caught(wrong):
    assert forbidden_terms(wrong)


def test_public_modules_have_docstrings():
    package = importlib.import_module("aelab")
    names = [name for _, name, _ in pkgutil.walk_packages(package.__path__, "aelab.")]
    assert [name for name in names if not importlib.import_module(name).__doc__] == []


# 출력의 비교


@pytest.mark.parametrize(
    ("stored", "fresh"),
    [
        ("오차 25.04", "오차 25.05"),
        ("2.0861", "2.0865"),
        ("표  9.999 |", "표 10.001 |"),
        ("-0.1234", "-0.1235"),
        ("\u22120.5000", "-0.5000"),
        ("정확도 12 %", "정확도 12 %"),
        ("약 0.31", "약 0.32"),
        ("45,000장", "45,000장"),
        ("1.234e-03", "1.235e-03"),
    ],
)
def test_numbers_within_tolerance_agree(stored, fresh):
    a, b = StrictText(stored), StrictText(fresh)
    assert (a == b, a != b) == (True, False)


@pytest.mark.parametrize(
    ("stored", "fresh"),
    [
        ("오차 25.04", "오차 25.17"),  # 0.5 %
        ("2.0861", "2.0965"),
        ("86.4", "86.8"),
        ("1.25", "1.26"),
        ("0.31", "0.33"),
        ("12 장", "13 장"),
        ("45,000장", "45,225장"),
        ("(64, 3)", "(65, 3)"),
        ("-0.1234", "0.1234"),
        ("True", "False"),
        ("conv2", "conv3"),
        ("오차 25.04", "손실 25.04"),
        ("25.04", "25.04 25.04"),
        ("하나\n둘", "하나 둘"),
        ("0.1", "nan"),
    ],
)
def test_wrong_texts_disagree(stored, fresh):
    a, b = StrictText(stored), StrictText(fresh)
    assert (a == b, a != b) == (False, True)


@pytest.mark.parametrize(
    ("stored", "fresh"),
    [
        ("cifar10 오차  25.04\n", "toyworld 오차 131.7"),
        ("cat: True", "truck: False"),
        ("<Figure size 640x480 with 3 Axes>", "<Figure size 600x480 with 2 Axes>"),
        ("| 1.0 |\n|-----|", "| 10.25 |\n|-------|"),
        ("-3.1e-04 dB", "inf dB"),
        ("45,000장", "900장"),
    ],
)
def test_masking_hides_what_depends_on_the_data(stored, fresh):
    assert masked(stored) == masked(fresh)


@pytest.mark.parametrize(
    ("stored", "fresh"),
    [
        ("오차 1.0", "손실 1.0"),
        ("1\n2", "1 2"),
        ("1 2", "1 2 3"),
        ("conv2", "conv3"),
        ("맞음", "틀림"),
    ],
)
def test_masking_keeps_words_and_lines(stored, fresh):
    assert masked(stored) != masked(fresh)


def run_nbval(folder: Path, cells: list[NotebookNode], data: str) -> str:
    """셀들을 노트북 하나로 진짜로 돌린 결과. `data`는 CIFAR-10의 자리(또는 None)를 셈하는 식."""
    nbformat.write(new_notebook(cells=cells, metadata=NOTEBOOK_METADATA), folder / "tiny.ipynb")
    # 자료를 찾는 일만 바꿔 비교의 방법을 고른다
    (folder / "chosen_mode.py").write_text(
        f"from pathlib import Path\nfrom tools import execute\nexecute.find_cifar10 = lambda: {data}\n",
        encoding="utf-8",
    )
    plugins = ["-p", "chosen_mode", "-p", "conftest", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval", *plugins, "tiny.ipynb"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    return done.stdout + done.stderr


def printing(source: str, stored: str) -> NotebookNode:
    output = new_output("stream", name="stdout", text=f"{stored}\n")
    return new_code_cell(source, execution_count=1, outputs=[output])


@pytest.mark.slow
@pytest.mark.parametrize("data", ["Path('cifar10')", "None"], ids=["strict", "embedded"])
@pytest.mark.parametrize("stored", ["오차 2.0861", "오차 2.0965", "손실 2.0861"])
def test_nbval_catches_a_wrong_output(tmp_path, data, stored):
    """셈한 값은 2.0861이고, 저장된 글은 `stored`입니다."""
    report = run_nbval(tmp_path, [printing("print(f'오차 {2.08612:.4f}')", stored)], data)
    strict = data != "None"
    agrees = stored == "오차 2.0861" or (not strict and stored == "오차 2.0965")
    assert f"nbval-mode: {'strict' if strict else 'embedded'}" in report
    assert ("1 passed" if agrees else "1 failed") in report, report


def stored_numbers() -> list[str]:
    """책에 저장된 수 가운데 0.5 %의 차이가 찍히는 것: 정수, 그리고 유효 숫자가 셋 이상인 실수."""
    texts = [
        text
        for path in CHAPTERS
        for cell in code_cells(read(path))
        for text in texts_of_outputs(cell)
        if not text.startswith("<Figure")
    ]
    found = [number for text in texts for number in NUMBER.findall(text)]
    return [number for number in found if as_decimal(number) and shows_half_a_percent(number)]


def shows_half_a_percent(number: str) -> bool:
    is_integer = re.search("[.eE]", number) is None
    return is_integer or len(as_decimal(number).as_tuple().digits) > FEW_DIGITS


def as_decimal(number: str) -> Decimal:
    return Decimal(number.replace(",", "").replace("\u2212", "-"))


def half_a_percent_larger(number: str) -> str:
    """같은 자릿수로 찍은, 0에서 0.5 % 더 먼 수. 그 사이에 찍을 수 있는 수가 없으면 다음 수입니다."""
    value = as_decimal(number)
    last_place = Decimal(1).scaleb(int(value.as_tuple().exponent))
    larger = (value * Decimal("1.005")).quantize(last_place, ROUND_UP)
    return f"{larger:e}" if "e" in number.lower() else f"{larger:f}"


def test_half_a_percent_is_caught_in_every_number_of_the_book():
    numbers = stored_numbers()
    assert len(numbers) > 1000
    missed = [one for one in numbers if texts_agree(one, half_a_percent_larger(one))]
    assert missed == []


@pytest.mark.slow
def test_nbval_catches_half_a_percent_in_twenty_numbers_of_the_book(tmp_path):
    numbers = Random(0).sample(stored_numbers(), 20)
    for change, verdict in ((str, "20 passed"), (half_a_percent_larger, "20 failed")):
        cells = [printing(f"print({number!r})", change(number)) for number in numbers]
        assert verdict in run_nbval(tmp_path, cells, "Path('cifar10')")
