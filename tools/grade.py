"""걷은 노트북을 실행해 연습문제를 다시 채점하고 CSV로 씁니다.

    python -m tools.grade submissions/*.ipynb --csv grades.csv

**남의 코드를 실행합니다.** 제출물의 코드는 이 명령을 부른 사람의 권한으로 파일을 읽고 지울 수 있습니다.
지워도 되는 가상 기계나 컨테이너에서 네트워크를 끊고 실행하십시오.

학생의 노트북에 찍힌 글은 보지 않습니다. 제출물마다 새 커널에서 셀을 차례로 실행하고, `check("장.문제", 답)`을
지날 때마다 그 답을 학생의 코드가 실행되기 전에 읽어 둔 채점기에 넣습니다. 그래서 `정답입니다`를 찍거나
`check`를 바꿔치기해도 점수가 되지 않습니다. 다만 학생의 코드와 채점기가 한 커널에 있으므로, 커널의 안을
뒤지거나 PyTorch나 파이썬 자체를 바꾸어 속이려고 작정한 코드까지 막지는 못하고, 풀이를 베낀 답도 가리지 못합니다.
"""

import argparse
import ast
import csv
import glob
import sys
import time
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools import execute
from tools.grading_kernel import CORRECT, FAILED, MISSING, Kernel, Result, Stopped
from tools.handout import is_solution

CELL_TIMEOUT = 300  # 초


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
        return [(source, [])]  # 틀린 셀. 실행이 알려 준다
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
    return [
        (call.args[0].value, ast.unparse(call.args[1]))
        for call in ast.walk(statement)
        if isinstance(call, ast.Call)
        and (getattr(call.func, "id", None) or getattr(call.func, "attr", None)) == "check"
        and len(call.args) == 2
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    ]


def exercises_of(notebook: NotebookNode) -> list[str]:
    """노트북의 문제 이름. 풀이 셀에만 있는 것은 뺍니다."""
    names = [
        name
        for cell in notebook.cells
        if cell.cell_type == "code" and not is_solution(cell)
        for name, _ in checks(cell.source)
    ]
    return list(dict.fromkeys(names))


def chapter_exercises(submitted: list[str], chapters: list[Path]) -> list[str]:
    """제출물과 문제가 가장 많이 겹치는 장의 모든 문제. 겹치는 장이 없으면 빈 목록."""
    found: list[str] = []
    overlap = 0
    for chapter in chapters:
        names = exercises_of(nbformat.read(chapter, as_version=4))
        if len(set(names) & set(submitted)) > overlap:
            found, overlap = names, len(set(names) & set(submitted))
    return found


def bare(source: str) -> str:
    """제목과 빈칸을 뺀 셀의 글."""
    lines = [line for line in source.splitlines() if not line.startswith("# @title")]
    return "".join("".join(lines).split())


def solution_texts(chapters: list[Path]) -> set[str]:
    """책에 있는 풀이 셀의 글. 책을 그대로 낸 학생이 풀이로 점수를 얻지 않게 합니다."""
    return {
        bare(cell.source)
        for chapter in chapters
        for cell in nbformat.read(chapter, as_version=4).cells
        if is_solution(cell)
    }


def grade_notebook(
    notebook: NotebookNode, chapters: list[Path], *, timeout: float = CELL_TIMEOUT
) -> tuple[list[Result], list[str]]:
    """제출물 하나를 실행해 채점합니다.

    돌려주는 값: 장의 문제마다의 결과, 그리고 오류가 난 셀의 까닭들. 같은 문제를 여러 번 풀었으면 마지막 것을
    봅니다. 오류가 나면 다음 셀로 넘어가고, 셀이 끝나지 않거나 커널이 꺼지면 거기서 멈춥니다.
    """
    solutions = solution_texts(chapters)
    found: dict[str, Result] = {}
    errors: list[str] = []
    kernel = Kernel()
    number = 0
    try:
        for cell in notebook.cells:
            if cell.cell_type != "code":
                continue
            number += 1
            if is_solution(cell) or bare(cell.source) in solutions:
                continue
            if problem := grade_cell(kernel, cell.source, found, timeout):
                errors.append(f"코드 셀 {number}: {problem}")
    except Stopped as stopped:
        errors.append(f"코드 셀 {number}: {stopped}")
    finally:
        kernel.close()
    expected = chapter_exercises(list(found) or exercises_of(notebook), chapters)
    return [found.get(name, Result(name, MISSING)) for name in expected], errors


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
                found[name] = kernel.grade(name, answer, timeout)
        except Stopped as stopped:
            found |= {name: Result(name, FAILED, str(stopped)) for name, _ in inside}
            raise
    return problem


def find_notebooks(arguments: list[str]) -> list[Path]:
    """명령줄에 적은 파일과, 셸이 펼치지 않은 `submissions/*.ipynb`(Windows)에 맞는 파일.

    오류: 맞는 파일이 하나도 없는 것이 있으면 FileNotFoundError.
    """
    found = []
    for argument in arguments:
        # 이름에 대괄호가 있는 파일은 그대로 있다
        paths = [argument] if Path(argument).is_file() else sorted(glob.glob(argument))
        if not any(Path(path).is_file() for path in paths):
            raise FileNotFoundError(f"걷은 노트북을 기대했는데 {argument}에 맞는 파일이 없습니다.")
        found += map(Path, paths)
    return found


def safe(text: str) -> str:
    """표 계산 프로그램이 식으로 읽지 않을 한 줄의 글."""
    line = " ".join(text.split())
    return f"'{line}" if line.startswith(("=", "+", "-", "@")) else line


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="grade.py", description="걷은 노트북을 실행해 채점합니다. 남의 코드를 실행합니다."
    )
    parser.add_argument("notebooks", nargs="+", help="걷은 노트북")
    parser.add_argument("--csv", type=Path, default=Path("grades.csv"), help="쓸 파일")
    parser.add_argument("--timeout", type=float, default=CELL_TIMEOUT, help="셀마다의 한계(초)")
    options = parser.parse_args(arguments)
    try:
        notebooks = find_notebooks(options.notebooks)
    except FileNotFoundError as error:
        parser.error(str(error))
    chapters = execute.chapters()
    # BOM이 있어야 엑셀이 한글을 바르게 연다
    with options.csv.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file)
        table.writerow(["파일", "문제", "결과", "도움말"])
        for path in notebooks:
            for result in grade_file(path, chapters, options.timeout):
                row = [str(path), result.exercise, result.verdict, result.hint]
                table.writerow([safe(value) for value in row])
            file.flush()  # 도중에 멈추어도 여기까지의 결과는 남는다
    print(f"결과: {options.csv}")


def grade_file(path: Path, chapters: list[Path], timeout: float) -> list[Result]:
    """파일 하나를 채점하고 알립니다. 무엇이 잘못되어도 오류를 내지 않고 `실행 실패`로 적습니다."""
    start = time.perf_counter()
    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception as error:
        print(f"{path}: 노트북을 기대했는데 읽을 수 없습니다({type(error).__name__}).")
        return [Result("", FAILED, "노트북을 읽을 수 없습니다.")]
    try:
        results, errors = grade_notebook(notebook, chapters, timeout=timeout)
    except Exception as error:  # 제출물 하나 때문에 나머지를 잃지 않는다
        print(f"{path}: 채점하지 못했습니다({type(error).__name__}: {error}).")
        return [Result("", FAILED, f"{type(error).__name__}: {error}")]
    correct = sum(result.verdict == CORRECT for result in results)
    seconds = time.perf_counter() - start
    print(f"{path}: {len(results)}문제 가운데 {correct}문제 정답, {seconds:.0f}초", flush=True)
    for error in errors:
        print(f"  {error}")
    return results or [Result("", MISSING, "책의 문제를 찾지 못했습니다.")]


if __name__ == "__main__":
    main(sys.argv[1:])
