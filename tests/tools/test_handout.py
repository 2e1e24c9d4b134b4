"""나누어 줄 노트북: 풀이가 남지 않는지, 채점과 본문은 그대로인지."""

import ast
import copy
import re
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools import execute, handout
from tools.grading_kernel import UNSOLVED, Kernel
from tools.submission import CELL_TIMEOUT, exercises_of, grade_cell

CHAPTERS = execute.chapters()
FOLDED = {"tags": ["hide-cell"], "cellView": "form", "jupyter": {"source_hidden": True}}


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def small_chapter() -> NotebookNode:
    """풀이, 접힌 설명, 퀴즈, 바깥으로 가는 링크가 하나씩 있는 장."""
    said = [new_output("stream", name="stdout", text="[encoder.normalize] 정답입니다.\n")]
    details = "<details>\n<summary>정답 보기</summary>\n\n비밀의 답\n\n</details>"
    return new_notebook(
        cells=[
            new_markdown_cell(
                f"# 제목\n\n## 본문\n\n[용어](glossary.md)와 [2장](two.ipynb)\n\n{details}"
            ),
            new_code_cell("print(1)", execution_count=1, outputs=copy.deepcopy(said)),
            new_markdown_cell("## 흔한 실수\n\n글\n\n## 연습문제\n\n### 연습 1. 옮기기"),
            new_code_cell("check('encoder.normalize', f)", execution_count=2, outputs=said),
            new_code_cell("# @title 풀이 1\nf = 1", execution_count=3, metadata=FOLDED),
            new_markdown_cell(details),
            new_markdown_cell(
                f"## 퀴즈\n\n**1.** 물음\n\n{details}\n\n**2.** 물음\n\n## 요약\n\n끝"
            ),
        ]
    )


def test_small_chapter_becomes_the_expected_handout():
    original = small_chapter()
    before = copy.deepcopy(original)
    made = handout.without_solutions(original, files={"two.ipynb"})
    assert original == before
    sources = [cell.source for cell in made.cells]
    kept = "<details>\n<summary>정답 보기</summary>\n\n비밀의 답\n\n</details>"
    assert sources == [
        f"# 제목\n\n## 본문\n\n용어와 [2장](two.ipynb)\n\n{kept}",  # 본문의 접힌 글은 답이 아니다
        "print(1)",
        "## 흔한 실수\n\n글\n\n## 연습문제\n\n### 연습 1. 옮기기",
        "check('encoder.normalize', f)",
        "## 퀴즈\n\n**1.** 물음\n\n**2.** 물음\n\n## 요약\n\n끝",
    ]
    assert [len(cell.outputs) for cell in made.cells if cell.cell_type == "code"] == [1, 0]
    nbformat.validate(made)


@pytest.mark.parametrize(
    ("options", "link"),
    [
        ([], None),
        (
            ["--published", "https://github.com/univ/class/tree/2027"],
            "https://colab.research.google.com/github/univ/class/blob/2027/a.ipynb",
        ),
    ],
)
def test_colab_link_never_opens_the_solutions(tmp_path, options, link):
    original = small_chapter()
    original.cells[
        0
    ].source = "# 제목\n\n[Colab에서 열기](https://colab.research.google.com/github/o/n/blob/main/book/a.ipynb)\n\n글"
    nbformat.write(original, tmp_path / "a.ipynb")
    handout.main([str(tmp_path / "out"), str(tmp_path / "a.ipynb"), *options])
    title = read(tmp_path / "out" / "a.ipynb").cells[0].source
    assert title == (f"# 제목\n\n[Colab에서 열기]({link})\n\n글" if link else "# 제목\n\n글")


def test_quiz_answers_can_be_kept_but_explained_solutions_never():
    made = handout.without_solutions(small_chapter(), quiz_answers=True)
    text = "\n".join(cell.source for cell in made.cells)
    assert text.count("비밀의 답") == 2  # 본문과 퀴즈


def lines_of(source: str) -> set[str]:
    """우연히 겹치지 않을 만큼 긴 줄."""
    return {line.strip() for line in source.splitlines() if len(line.strip()) >= 12}


def loose_explanations(notebook: NotebookNode) -> list[str]:
    """연습문제의 풀이 셀 뒤에, 다음 제목이 나오기 전에, 접지 않은 글."""
    found, part, solved = [], "", False
    for cell in notebook.cells:
        if cell.cell_type == "code":
            solved = solved or handout.is_solution(cell)
            continue
        text = re.sub(r"<details>.*?</details>", "", cell.source, flags=re.DOTALL)
        before, *after = re.split(r"(?m)^#{2,} ", text, maxsplit=1)
        if part == "연습문제" and solved and before.strip():
            found.append(before.strip())
        if titles := re.findall(r"(?m)^## +(.+)", text):
            part = titles[-1].strip()
        solved = solved and not after
    return found


def names(source: str, context: type) -> set[str]:
    """읽는(ast.Load) 이름이나 정하는(ast.Store) 이름. 함수와 인자, import도 셉니다."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, context):
            found.add(node.id)
        elif context is ast.Store and isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif context is ast.Store and isinstance(node, ast.arg):
            found.add(node.arg)
        elif context is ast.Store and isinstance(node, ast.alias):
            found.add((node.asname or node.name).split(".")[0])
    return found


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_handout_of_a_chapter_keeps_the_exercises_and_nothing_of_their_solutions(chapter):
    original = read(chapter)
    solutions = [cell.source for cell in original.cells if handout.is_solution(cell)]
    others = "\n".join(cell.source for cell in original.cells if not handout.is_solution(cell))
    made = handout.without_solutions(original)
    assert exercises_of(made) == exercises_of(original) != []
    # 풀이의 줄과 그 설명은 남지 않는다
    left = "\n".join(cell.source for cell in made.cells)
    secret = {line for source in solutions for line in lines_of(source) if line not in others}
    assert secret
    assert {line for line in secret if line in left} == set()
    assert "풀이 보기" not in nbformat.writes(made)
    assert loose_explanations(original) == []
    for section in re.findall(r"(?ms)^## (?:연습문제|퀴즈)\n.*?(?=^## |\Z)", left):
        assert "<details>" not in section
    # 풀이가 정하는 이름을 쓰는 셀도 남지 않는다
    code = "\n".join(cell.source for cell in made.cells if cell.cell_type == "code")
    defined = {name for source in solutions for name in names(source, ast.Store)}
    assert (defined & names(code, ast.Load)) - names(code, ast.Store) == set()


def first_cell_and_exercises(notebook: NotebookNode) -> list[str]:
    sources, part = [], ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            part = [part, *re.findall(r"(?m)^## +(.+)", cell.source)][-1].strip()
        elif not sources or part == "연습문제":
            sources.append(cell.source)
    return sources


@pytest.mark.slow
def test_exercises_of_every_handout_run_after_the_first_cell_and_are_unsolved(tmp_path):
    """커널 하나에서 모든 장의 연습문제를 풀지 않은 채 채점합니다. 채점은 grade.py의 것입니다."""
    found, errors = {}, []
    kernel = Kernel()
    try:
        for written in handout.write_all(CHAPTERS, tmp_path):
            for source in first_cell_and_exercises(read(written)):
                if problem := grade_cell(kernel, source, found, CELL_TIMEOUT):
                    errors.append((written.name, source, problem))
    finally:
        kernel.close()
    assert errors == []
    assert list(found) == [name for chapter in CHAPTERS for name in exercises_of(read(chapter))]
    assert {result.verdict for result in found.values()} == {UNSOLVED}


def test_command_writes_the_chosen_chapter_and_never_over_the_book(tmp_path, capsys):
    handout.main([str(tmp_path / "out"), str(CHAPTERS[0])])
    assert [path.name for path in (tmp_path / "out").iterdir()] == [CHAPTERS[0].name]
    assert "노트북 1개" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        handout.main([str(execute.BOOK)])
    assert "원본이 든 폴더가 아닌 곳" in capsys.readouterr().err
