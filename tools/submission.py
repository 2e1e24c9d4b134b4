"""제출물 하나를 실행해 채점합니다: 셀을 `check`의 앞뒤에서 나누고, 멈춘 셀만 버리고 나머지를 이어 갑니다."""

import ast
import re
import time
from functools import cache
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools.grading_kernel import FAILED, MISSING, TOO_LONG, Kernel, Result, Stopped
from tools.handout import is_solution

CELL_TIMEOUT = 300  # 초
NAME_IN_TEXT = re.compile(r"\bcheck\(\s*(?:name\s*=\s*)?[\"']([\w.]+)[\"']")
NOT_FOUND = (
    "check(...)를 찾지 못했습니다. 셀을 지웠거나, 문제의 이름을 글자 그대로 적지 않았습니다."
)


def checks(source: str) -> list[tuple[str, str]]:
    """셀에 있는 `check("장.문제", 답)`마다 (이름, 답을 나타내는 식)."""
    return [found for _, inside in pieces(source) for found in inside]


def pieces(source: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """셀을 `check`가 든 문장의 앞뒤에서 나눈 글과, 그 안의 `check`마다 (이름, 답을 나타내는 식)."""
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        source = TransformerManager().transform_cell(source)  # 매직을 파이썬으로
        statements = ast.parse(source).body
        inside = [checks_in(statement) for statement in statements]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        # 틀린 셀. 실행이 까닭을 알려 주고, 답은 물을 수 없다
        return [(source, [(name, "") for name in NAME_IN_TEXT.findall(source)])]
    lines = source.encode().splitlines(keepends=True)
    starts = [sum(map(len, lines[:number])) for number in range(len(lines))]
    parts, start = [], 0
    for number, statement in enumerate(statements):
        last = number == len(statements) - 1
        if inside[number] or last or inside[number + 1]:
            end = starts[statement.end_lineno - 1] + statement.end_col_offset
            text = source.encode()[start:end].decode().lstrip("; \t\r\n")
            parts.append((text, inside[number]))
            start = end
    return parts


def checks_in(statement: ast.stmt) -> list[tuple[str, str]]:
    found = []
    for call in ast.walk(statement):
        if not isinstance(call, ast.Call):
            continue
        called = getattr(call.func, "id", None) or getattr(call.func, "attr", None)
        given = dict(zip(("name", "answer"), call.args, strict=False))
        given |= {keyword.arg: keyword.value for keyword in call.keywords}
        if called == "check" and {*given} == {"name", "answer"}:
            name = given["name"]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                found.append((name.value, ast.unparse(given["answer"])))
    return found


def exercises_of(notebook: NotebookNode) -> list[str]:
    """노트북의 문제 이름. 풀이 셀에만 있는 것은 뺍니다."""
    names = [
        name
        for cell in notebook.cells
        if cell.cell_type == "code" and not is_solution(cell)
        for name, _ in checks(cell.source)
    ]
    return list(dict.fromkeys(names))


@cache
def read_chapter(chapter: Path) -> tuple[list[str], set[str]]:
    """책의 장의 문제 이름과 풀이 셀의 글. 제출물마다 다시 읽지 않습니다."""
    notebook = nbformat.read(chapter, as_version=4)
    solutions = {bare(cell.source) for cell in notebook.cells if is_solution(cell)}
    return exercises_of(notebook), solutions


def chapter_exercises(submitted: list[str], chapters: list[Path]) -> list[str]:
    """제출물과 문제가 가장 많이 겹치는 장의 모든 문제. 겹치는 장이 없으면 빈 목록."""
    found: list[str] = []
    overlap = 0
    for chapter in chapters:
        names, _ = read_chapter(chapter)
        if len(set(names) & set(submitted)) > overlap:
            found, overlap = names, len(set(names) & set(submitted))
    return found


def bare(source: str) -> str:
    """제목과 빈칸을 뺀 셀의 글."""
    lines = [line for line in source.splitlines() if not line.startswith("# @title")]
    return "".join("".join(lines).split())


def solution_texts(chapters: list[Path]) -> set[str]:
    """책에 있는 풀이 셀의 글. 책을 그대로 낸 학생이 풀이로 점수를 얻지 않게 합니다."""
    return set().union(*(read_chapter(chapter)[1] for chapter in chapters))


def grade_notebook(
    notebook: NotebookNode, chapters: list[Path], *, timeout: float = CELL_TIMEOUT
) -> tuple[list[Result], list[str]]:
    """제출물 하나를 실행해 채점합니다.

    돌려주는 값: 장의 문제마다의 결과, 그리고 오류가 난 셀의 까닭들. 같은 문제를 여러 번 풀었으면 마지막 것을
    봅니다. 오류가 나면 다음 셀로 넘어가고, 커널이 꺼지거나 멈추지 않으면 새 커널에서 앞의 셀을 다시 실행하고
    그 셀만 건너뜁니다.
    """
    solutions = solution_texts(chapters)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    found: dict[str, Result] = {}
    errors: list[str] = []
    done: list[str] = []  # 새 커널에서 다시 실행할 셀
    kernel = Kernel()
    try:
        for number, cell in enumerate(cells, 1):
            if is_solution(cell) or bare(cell.source) in solutions:
                continue
            try:
                problem = grade_cell(kernel, cell.source, found, timeout)
                done.append(cell.source)
            except Stopped as stopped:
                problem = str(stopped)
                kernel.close()
                kernel = Kernel()
                for source in done:
                    kernel.run(source, timeout)
            if problem:
                errors.append(f"코드 셀 {number}: {problem}")
    except Stopped as stopped:
        errors.append(f"앞의 셀을 다시 실행하지 못했습니다: {stopped}")
        left = [name for cell in cells[number:] for name in NAME_IN_TEXT.findall(cell.source)]
        found |= {name: Result(name, FAILED, errors[-1]) for name in left}
    finally:
        kernel.close()
    expected = chapter_exercises(list(found) or exercises_of(notebook), chapters)
    return [found.get(name, Result(name, MISSING, NOT_FOUND)) for name in expected], errors


def grade_cell(kernel: Kernel, source: str, found: dict[str, Result], timeout: float) -> str:
    """셀 하나를 실행하며 채점한 것을 `found`에 적고, 오류가 났으면 그 까닭을 돌려줍니다.

    `check`가 여럿이면 그때그때의 값을 채점하도록 문장 사이에서 멈춥니다. 셀의 한계는 모두 합한 시간입니다.
    """
    deadline = time.monotonic() + timeout
    problem = ""
    for piece, inside in pieces(source):
        if problem:  # 노트북에서도 여기까지 오지 못한다
            found |= {name: Result(name, FAILED, problem) for name, _ in inside}
            continue
        try:
            problem = kernel.run(piece, max(0.0, deadline - time.monotonic()))
            for name, answer in inside:
                unasked = problem == TOO_LONG or not answer
                found[name] = (
                    Result(name, FAILED, problem)
                    if unasked
                    else kernel.grade(name, answer, timeout)
                )
        except Stopped as stopped:
            found |= {name: Result(name, FAILED, str(stopped)) for name, _ in inside}
            raise
    return problem
