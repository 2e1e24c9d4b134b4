"""장을 읽고 푸는 데 걸리는 시간을 한 규칙으로 어림해, 장의 `예상 시간`과 첫 쪽의 표에 새깁니다.

    python -m tools.minutes

규칙: 글은 1분에 100어절, 펼쳐진 코드 셀은 하나에 1분, 연습문제는 하나에 8분. 5분 단위로 반올림합니다.
"더 깊이: "로 시작하는 절은 핵심에서 빠지고, 접힌 풀이와 답은 세지 않습니다.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import nbformat

from tools.chapters import BOOK, chapters
from tools.execute import stored_form

WORDS_A_MINUTE, MINUTES_A_CELL, MINUTES_AN_EXERCISE = 100, 1, 8
HEADING = re.compile(r"^(#{1,6}) +(.+)$", re.MULTILINE)
LINE = re.compile(r"(?m)^읽고 실행하는 데 .*?분쯤 걸립니다\.")


@dataclass(frozen=True)
class Minutes:
    core: int
    reading: int  # 핵심과 더 깊이
    all: int  # 연습문제까지

    def sentence(self) -> str:
        deeper = f", ‘더 깊이’까지 {self.reading}분" if self.reading > self.core else ""
        return f"읽고 실행하는 데 {self.core}분{deeper}, 연습문제까지 풀면 {self.all}분쯤 걸립니다."


def estimate(notebook: nbformat.NotebookNode) -> Minutes:
    """노트북을 읽는 데 걸리는 시간."""
    core = deeper = exercises = 0.0
    level = 0  # 지금 들어 있는 "더 깊이" 절의 단계. 밖이면 0
    for cell in notebook.cells:
        if cell.cell_type == "code":
            folded = {"hide-cell", "hide-input"} & set(cell.metadata.get("tags", []))
            minutes = 0 if folded else MINUTES_A_CELL
            if re.search(r"\bcheck\(", cell.source) and not folded:
                minutes, exercises = 0, exercises + MINUTES_AN_EXERCISE
        else:
            for marks, title in HEADING.findall(cell.source):
                if title.startswith("더 깊이: "):
                    level = len(marks)
                elif level and len(marks) <= level:
                    level = 0
            open_text = re.sub(r"<details>.*?</details>", "", cell.source, flags=re.DOTALL)
            minutes = len(open_text.split()) / WORDS_A_MINUTE
        if level:
            deeper += minutes
        else:
            core += minutes
    totals = core, core + deeper, core + deeper + exercises
    return Minutes(*(5 * round(total / 5) for total in totals))


def written(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """`예상 시간`의 문장을 새긴 노트북."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and "## 예상 시간(CPU)" in cell.source:
            cell.source = LINE.sub(estimate(notebook).sentence(), cell.source)
    return notebook


def table(intro: str, minutes: dict[str, Minutes]) -> str:
    """첫 쪽의 글에서 장의 줄마다 마지막 두 열에 핵심과 모두의 시간을 새깁니다."""
    for name, found in minutes.items():
        row = re.compile(rf"(?m)^(\| \[[^|]*\]\({name}\.ipynb\) \| [^|]* \|)[^|]*\|[^|\n]*\|")
        intro = row.sub(rf"\1 {found.core}분 | {found.all}분 |", intro)
    return intro


def main(book: Path = BOOK) -> None:
    minutes = {}
    for path in chapters(book):
        notebook = written(nbformat.read(path, as_version=4))
        minutes[path.stem] = estimate(notebook)
        path.write_text(stored_form(notebook), encoding="utf-8", newline="\n")
    intro = book / "intro.md"
    text = table(intro.read_text(encoding="utf-8"), minutes)
    intro.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
