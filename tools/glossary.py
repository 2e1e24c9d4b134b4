"""용어집의 말을 장마다 처음 나오는 곳에서 한 번 연결합니다.

    python -m tools.glossary                      # 모든 장
    python -m tools.glossary book/01_encoder.ipynb

연결하는 곳은 문단과 목록의 글뿐입니다. 제목, 표, 인용, 코드, 수식, 링크, 접힌 답에서는 연결하지
않습니다. 긴 말이 먼저여서 "재구성 오차"의 "재구성"은 따로 세지 않습니다. 글을 고친 뒤 다시 실행하면
자리를 새로 잡으며, 두 번 실행해도 같습니다.
"""

import re
import sys
from pathlib import Path

import nbformat

from tools import execute
from tools.chapters import BOOK
from tools.execute import stored_form

# 용어집의 한 항목: [말]{#anchor}, 다른 이름 (English)
ENTRY = re.compile(r"^\[(.+?)\]\{#([a-z-]+)\}((?:, [^(\n]+)?) \(.+\)$", re.MULTILINE)
LINK = re.compile(r"\[([^\]]+)\]\(glossary\.md#[\w-]+\)")

# 말 뒤에 붙어도 되는 토씨와 "하다", "되다"의 첫 글자. 다른 한글이 이어지면 다른 낱말이다.
_SUFFIX = "은는이가을를의에로으와과도만나란라인일입까부처보마뿐들하되한할합했해된될됩"

# 글이 아닌 것. 앞의 것이 이긴다.
_NOT_PROSE = re.compile(
    r"^(`{3,}|~{3,}|:{3,}).*?^\1`*~*:*[ \t]*$"  # 울타리
    r"|<details>.*?</details>"
    r"|^[ \t]*(?:\#|>|\|)[^\n]*$"  # 제목, 인용, 표
    r"|^\([\w-]+\)=$"
    r"|\$\$.*?\$\$|\$[^$\n]+\$"
    r"|(`+)[^`].*?\2"
    r"|!?\[(?:[^\[\]]|\[[^\]]*\])*\]\([^)\s]*(?:\([^)]*\)[^)]*)?\)"  # 그림과 링크
    r"|<[^>\n]+>",
    re.MULTILINE | re.DOTALL,
)
_EMPHASIS = re.compile(r"(\*{1,2})(?=\S)([^*]+?)(?<=\S)\1")


def read_glossary(path: Path = BOOK / "glossary.md") -> dict[str, str]:
    """용어집에서 말과 다른 이름을 읽어 목표의 이름에 잇습니다: {"잠재 벡터": "latent-vector", …}."""
    anchors = {}
    for name, anchor, aliases in ENTRY.findall(path.read_text(encoding="utf-8")):
        for term in [name, *aliases.removeprefix(", ").split(", ")]:
            if term:
                anchors[term] = anchor
    return anchors


def pattern(terms: list[str]) -> re.Pattern:
    """글에서 `terms` 가운데 하나를 찾는 정규식. 한 자리에서는 긴 말이 이깁니다."""
    choices = "|".join(re.escape(term) for term in sorted(terms, key=len, reverse=True))
    return re.compile(rf"(?<![\w-])(?:{choices})(?![A-Za-z0-9-])(?![가-힣](?<![{_SUFFIX}]))")


def masked(markdown: str, terms: dict[str, str]) -> str:
    """글이 아닌 자리를 같은 길이의 빈칸으로 지웁니다. 굵은 글은 통째로 한 용어일 때만 남깁니다."""

    def blank(found: re.Match) -> str:
        return re.sub(r"[^\n]", "\0", found.group())

    def emphasis(found: re.Match) -> str:
        return found.group() if found[2] in terms else blank(found)

    return _EMPHASIS.sub(emphasis, _NOT_PROSE.sub(blank, markdown))


def link_first_uses(texts: list[str], anchors: dict[str, str]) -> list[str]:
    """한 장의 글 조각들에서 용어마다 처음 나오는 자리에 링크를 답니다."""
    find = pattern(list(anchors))
    linked: set[str] = set()
    done = []
    for text in texts:
        text = LINK.sub(r"\1", text)
        pieces, end = [], 0
        for found in find.finditer(masked(text, anchors)):
            anchor = anchors[found.group()]
            if anchor in linked:
                continue
            linked.add(anchor)
            start, stop = found.span()
            # **말**은 [**말**](…)로: 굵은 글 안에 링크를 두면 뒤의 토씨 때문에 굵기가 풀린다
            while text[start - 1 : start] == text[stop : stop + 1] == "*":
                start, stop = start - 1, stop + 1
            pieces += [text[end:start], f"[{text[start:stop]}](glossary.md#{anchor})"]
            end = stop
        done.append("".join([*pieces, text[end:]]))
    return done


def prose(path: Path) -> list[str]:
    """장의 글 조각들: 노트북이면 마크다운 셀, 아니면 파일 하나."""
    if path.suffix == ".md":
        return [path.read_text(encoding="utf-8")]
    cells = nbformat.read(path, as_version=4).cells
    return [cell.source for cell in cells if cell.cell_type == "markdown"]


def chapters() -> list[Path]:
    """용어를 연결하는 글: 첫 쪽, 노트북, 번호가 붙은 장."""
    return [BOOK / "intro.md", *execute.chapters(), *sorted(BOOK.glob("[0-9]*.md"))]


def link(path: Path, anchors: dict[str, str]) -> None:
    """장 하나에 링크를 달아 같은 파일에 저장합니다. 출력은 건드리지 않습니다."""
    if path.suffix == ".md":
        [text] = link_first_uses(prose(path), anchors)
        path.write_text(text, encoding="utf-8", newline="\n")
        return
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
    texts = link_first_uses([cell.source for cell in cells], anchors)
    for cell, text in zip(cells, texts, strict=True):
        cell.source = text
    path.write_text(stored_form(notebook), encoding="utf-8", newline="\n")


def main(arguments: list[str]) -> None:
    anchors = read_glossary()
    for path in [Path(argument) for argument in arguments] or chapters():
        link(path, anchors)


if __name__ == "__main__":
    main(sys.argv[1:])
