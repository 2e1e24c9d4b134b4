"""강의하는 사람의 답지: 모든 장의 연습문제 풀이, 흔한 틀린 답의 힌트, 퀴즈의 답을 한 쪽에 모읍니다.

    python -m tools.answers answers        # answers/index.html과, 네트워크 없이 수식을 그릴 mathjax/

브라우저의 인쇄로 PDF가 됩니다.
"""

import re
import shutil
import sys
from importlib import import_module
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_notebook

from aelab.exercises.engine import Exercise
from aelab.exercises.prediction import Prediction
from tools.chapters import BOOK, chapters
from tools.handout import is_solution
from tools.quiz import questions
from tools.submission import checks

MATHJAX = BOOK / "_vendor" / "mathjax"
EXERCISES = re.compile(r"(?ms)^## 연습문제.*?(?=^## |\Z)")


def hints(name: str) -> list[str]:
    """문제의 채점기가 알아보는 실수마다의 힌트. 행동을 지켜보는 채점기의 것은 코드에 있어 뺍니다."""
    module, _, exercise = name.partition(".")
    grader = getattr(import_module(f"aelab.exercises.{module}"), exercise)
    if isinstance(grader, Exercise):
        inputs = next(iter(grader.inputs()))
        return [hint for hint, _ in grader.slips(*inputs)]
    return list(grader.mistakes(grader.measure())) if isinstance(grader, Prediction) else []


def exercise_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """연습문제 절의 셀. 접어 둔 풀이가 보이고, 문제마다 흔한 실수의 힌트가 따릅니다."""
    cells, inside = [], False
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            if not inside and (found := EXERCISES.search(cell.source)):
                inside = True
                cells.append(new_markdown_cell(found[0]))
                continue
            inside = inside and not re.search(r"(?m)^## ", cell.source)
        if not inside:
            continue
        cells.append(nbformat.from_dict(cell))
        names = [name for name, _ in checks(cell.source)] if is_solution(cell) else []
        listed = list(dict.fromkeys(hint for name in dict.fromkeys(names) for hint in hints(name)))
        if listed:
            lines = "\n".join(f"- {hint}" for hint in listed)
            cells.append(new_markdown_cell(f"**흔한 틀린 답의 힌트**\n\n{lines}"))
    return cells


def answer_book(paths: list[Path]) -> NotebookNode:
    """답지의 노트북."""
    cells = [new_markdown_cell("# 답지\n\n연습문제의 풀이와 힌트, 퀴즈의 답입니다.")]
    for path in paths:
        notebook = nbformat.read(path, as_version=4)
        cells.append(new_markdown_cell(notebook.cells[0].source.splitlines()[0]))
        cells += exercise_cells(notebook)
        quiz = [f"**{q.name}.** {q.text}\n\n{q.answer}" for q in questions(notebook, path.stem)]
        cells.append(new_markdown_cell("\n\n".join(["## 퀴즈", *quiz])))
    for number, cell in enumerate(cells):
        cell["id"] = f"answer-{number}"
        if (
            cell.cell_type == "markdown"
        ):  # 접힌 설명을 펴고, 책의 다른 쪽으로 가는 링크는 글만 남긴다
            text = re.sub(r"</?details>|<summary>.*?</summary>", "", cell.source)
            cell["source"] = re.sub(r"(?<!!)\[([^\]]+)\]\((?!http)[^)]*\)", r"\1", text)
    return new_notebook(cells=cells)


def main(arguments: list[str]) -> None:
    from nbconvert import HTMLExporter

    if len(arguments) != 1:
        sys.exit("답지를 쓸 폴더를 적습니다: python -m tools.answers answers")
    folder = Path(arguments[0])
    exporter = HTMLExporter(mathjax_url="mathjax/tex-mml-chtml.js", language_code="ko")
    page, _ = exporter.from_notebook_node(answer_book(chapters()), {"metadata": {"name": "답지"}})
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.html").write_text(page, encoding="utf-8", newline="\n")
    shutil.copytree(MATHJAX, folder / "mathjax", dirs_exist_ok=True)
    print(f"{folder / 'index.html'}: {len(page) // 1000:,} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
