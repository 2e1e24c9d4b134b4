"""학생에게 나누어 줄 노트북을 만듭니다: 장에서 풀이와 퀴즈의 답을 뺍니다.

    python -m tools.handout handout                              # 모든 장
    python -m tools.handout handout book/01_encoder.ipynb
    python -m tools.handout handout --quiz-answers               # 퀴즈의 답은 남깁니다.
    python -m tools.handout handout --published https://github.com/OWNER/NAME/tree/handout

제목 밑의 Colab 링크는 풀이가 있는 원본을 열므로 뺍니다. 나누어 줄 노트북만 따로 올려 둔 저장소나 가지가 있으면
`--published`에 적습니다. 그러면 링크가 그곳의 노트북을 엽니다.

본문의 출력과 그림은 남겨 실행하지 않고도 읽을 수 있게 하고, 연습문제의 출력은 지웁니다. 채점하는
check(...)는 그대로 있어 학생이 바로 확인할 수 있습니다. 걷은 노트북은 tools/grade.py가 채점합니다.
"""

import argparse
import re
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools import execute
from tools.publish import COLAB, COLAB_LINK, GITHUB, read_address

DETAILS = re.compile(r"\n*<details>.*?</details>", re.DOTALL)
LINK = re.compile(r"(?<!!)\[([^\]\[]+)\]\(([\w./-]+)(#[^)\s]*)?\)")


def is_solution(cell: NotebookNode) -> bool:
    """접어 둔 풀이 셀인지."""
    return cell.cell_type == "code" and (
        "hide-cell" in cell.metadata.get("tags", []) or cell.source.startswith("# @title 풀이")
    )


def without_solutions(
    notebook: NotebookNode, *, quiz_answers: bool = False, files: set[str] | None = None
) -> NotebookNode:
    """풀이를 뺀 새 노트북. 받은 노트북은 그대로 둡니다.

    인자
        quiz_answers: 퀴즈의 접힌 답을 남길지. 연습문제의 접힌 설명은 언제나 뺍니다.
        files: 함께 나누어 주는 파일의 이름. 여기 없는 파일로 가는 링크는 글만 남깁니다.
            None이면 링크를 그대로 둡니다.
    """
    handout = nbformat.from_dict(notebook)
    kept, part = [], ""
    for cell in handout.cells:
        if cell.cell_type == "markdown":
            pieces = []
            # 셀 하나에 절이 여럿일 수 있다
            for piece in re.split(r"(?m)^(?=## )", cell.source):
                if title := re.match(r"## +(.+)", piece):
                    part = title[1].strip()
                if part == "연습문제" or (part == "퀴즈" and not quiz_answers):
                    piece = DETAILS.sub("", piece)
                pieces.append(piece)
            cell.source = local_links("".join(pieces), files).strip("\n")
        elif is_solution(cell):
            continue
        elif part == "연습문제":
            cell.outputs, cell.execution_count = [], None
        kept.append(cell)
    handout.cells = [cell for cell in kept if cell.source.strip()]
    return handout


def local_links(text: str, files: set[str] | None) -> str:
    """나누어 주지 않는 파일로 가는 링크를 글로 바꿉니다."""
    if files is None:
        return text
    return LINK.sub(lambda found: found[0] if found[2] in files else found[1], text)


def lead_to(notebook: NotebookNode, name: str, published: tuple[str, str]) -> None:
    """제목 밑의 Colab 링크를 나누어 준 노트북 `name`으로 돌리거나, 올린 곳이 없으면 지웁니다."""
    address, branch = published
    title = notebook.cells[0]
    title.source = COLAB_LINK.sub("", title.source)
    if address:
        link = f"{COLAB}/github/{address.removeprefix(GITHUB)}/blob/{branch or 'main'}/{name}"
        heading, _, rest = title.source.partition("\n")
        title.source = f"{heading}\n\n[Colab에서 열기]({link})\n{rest}".rstrip("\n")


def write_all(
    chapters: list[Path],
    folder: Path,
    *,
    quiz_answers: bool = False,
    published: tuple[str, str] = ("", ""),
) -> list[Path]:
    """장마다 나누어 줄 노트북을 `folder`에 씁니다. 이미 있는 것은 새것으로 바뀝니다.

    인자
        quiz_answers: `without_solutions`와 같습니다.
        published: 노트북을 올려 둘 저장소의 주소와 가지. 빈 글이면 Colab 링크를 지웁니다.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {chapter.name for chapter in chapters}
    written = []
    for chapter in chapters:
        notebook = nbformat.read(chapter, as_version=4)
        handout = without_solutions(notebook, quiz_answers=quiz_answers, files=files)
        lead_to(handout, chapter.name, published)
        path = folder / chapter.name
        path.write_text(
            nbformat.writes(handout).rstrip("\n") + "\n", encoding="utf-8", newline="\n"
        )
        written.append(path)
    return written


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="handout.py", description="풀이를 뺀 노트북을 만듭니다.")
    parser.add_argument("folder", type=Path, help="쓸 폴더")
    parser.add_argument("chapters", type=Path, nargs="*", help="장의 노트북(기본은 모든 장)")
    parser.add_argument("--quiz-answers", action="store_true", help="퀴즈의 답은 남깁니다.")
    parser.add_argument(
        "--published", default="", help="나누어 줄 노트북을 올린 저장소나 가지의 주소"
    )
    options = parser.parse_args(arguments)
    chapters = options.chapters or execute.chapters()
    if options.folder.resolve() in {chapter.resolve().parent for chapter in chapters}:
        parser.error(f"원본이 든 폴더가 아닌 곳을 기대했는데 {options.folder}이(가) 왔습니다.")
    if missing := [str(chapter) for chapter in chapters if not chapter.is_file()]:
        parser.error(f"노트북을 기대했는데 없습니다: {', '.join(missing)}")
    try:
        published = read_address(options.published)
    except ValueError as error:
        parser.error(str(error))
    written = write_all(
        chapters, options.folder, quiz_answers=options.quiz_answers, published=published
    )
    print(f"{options.folder}: 노트북 {len(written)}개")


if __name__ == "__main__":
    main(sys.argv[1:])
