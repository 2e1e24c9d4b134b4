"""걷은 노트북을 실행해 연습문제를 다시 채점하고 CSV로 씁니다.

    python book/grade.py submissions/*.ipynb --csv grades.csv

**남의 코드를 실행합니다.** 제출물의 코드는 이 명령을 부른 사람의 권한으로 파일을 읽고 지울 수 있습니다.
지워도 되는 가상 기계나 컨테이너에서 네트워크를 끊고 실행하십시오.

학생의 노트북에 찍힌 글은 보지 않습니다. 제출물마다 새 커널에서 셀을 차례로 실행하고, `check("장.문제", 답)`이
있는 셀을 지날 때마다 그 답을 학생의 코드가 실행되기 전에 따로 읽어 둔 채점기에 넣습니다. 그래서 `정답입니다`를
찍거나 `check`를 바꿔치기해도 점수가 되지 않습니다. 한 커널 안의 일이라 PyTorch나 파이썬 자체를 바꾸어 속이려고
작정한 코드까지 막지는 못하고, 풀이를 베낀 답도 가리지 못합니다.
"""

import argparse
import ast
import csv
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # 파일로 실행해도 book을 찾는다
from book.handout import is_solution

BOOK = Path(__file__).resolve().parent
CELL_TIMEOUT = 300  # 초
START_TIMEOUT = 120  # 초. 커널이 뜰 때까지
CORRECT, WRONG, UNSOLVED, MISSING, FAILED = "정답", "오답", "풀지 않음", "없음", "실행 실패"
# 커널이 물려받는 환경 변수. 나머지에는 비밀이 있을 수 있다
INHERITED = ("PATH", "LANG", "OMP_NUM_THREADS", "SYSTEMROOT", "TEMP", "TMP", "PATHEXT", "COMSPEC")
VERDICTS = {True: CORRECT, False: WRONG, None: UNSOLVED}

# 학생의 코드보다 먼저 실행된다. 채점기를 읽어 숨겨 두고 sys.modules에서는 지우므로, 학생이 aelab.exercises를
# 불러 바꾸는 것은 나중에 따로 읽힌 사본이다.
PRELUDE = """
def _hide_graders(key):
    import importlib, pkgutil, sys, types
    package = importlib.import_module("aelab.exercises")
    names = [info.name for info in pkgutil.iter_modules(package.__path__)]
    modules = {name: importlib.import_module(f"aelab.exercises." + name) for name in names}

    def find(name):
        module, _, exercise = name.partition(".")
        return getattr(modules[module], exercise)

    package._find = find
    for name in [name for name in sys.modules if name.startswith("aelab.exercises")]:
        del sys.modules[name]
    vars(importlib.import_module("aelab")).pop("exercises", None)
    hidden = types.ModuleType(key)
    hidden.grade = package.grade
    sys.modules[key] = hidden

_hide_graders(KEY)
del _hide_graders
"""


@dataclass(frozen=True)
class Result:
    """문제 하나의 결과."""

    exercise: str  # 장.문제
    verdict: str
    hint: str = ""


def checks(source: str) -> list[tuple[str, str]]:
    """셀에 있는 `check("장.문제", 답)`마다 (이름, 답을 나타내는 식)."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return []  # 매직이 있거나 틀린 셀. 실행이 알려 준다
    return [
        (call.args[0].value, ast.unparse(call.args[1]))
        for call in ast.walk(tree)
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


class Kernel:
    """제출물 하나를 실행하는 커널. 빈 임시 폴더에서 돌고, 바깥의 환경 변수를 거의 물려받지 않습니다."""

    def __init__(self, timeout: float):
        from jupyter_client import KernelManager

        self.key = f"_{os.urandom(16).hex()}"
        self.folder, self.sockets = tempfile.mkdtemp(), tempfile.mkdtemp()
        environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
        environment |= {
            "HOME": self.folder,
            "USERPROFILE": self.folder,
            "AELAB_OFFLINE": "1",
            "CUDA_VISIBLE_DEVICES": "",
            "TQDM_DISABLE": "1",
        }
        if data := find_data():
            environment["AELAB_DATA"] = str(data)
        # 소켓 파일(ipc)이면 같은 컴퓨터의 다른 사용자가 엿듣지 못한다. Windows에는 없다
        transport = "tcp" if os.name == "nt" else "ipc"
        self.manager = KernelManager(kernel_name="python3", transport=transport)
        if transport == "ipc":
            self.manager.ip = str(Path(self.sockets) / "kernel")
        self.manager.start_kernel(cwd=self.folder, env=environment)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=START_TIMEOUT)
        self.timeout = START_TIMEOUT  # PyTorch를 읽는 시간은 학생의 셀에 치지 않는다
        failed = self.run(PRELUDE.replace("KEY", repr(self.key)))
        self.timeout = timeout
        if failed:
            raise RuntimeError("채점기를 읽지 못했습니다. aelab이 설치되어 있는지 확인합니다.")

    def run(self, source: str) -> str:
        """셀을 실행합니다. 오류가 없으면 빈 글, 있으면 그 까닭."""
        try:
            reply = self.client.execute_interactive(
                source, timeout=self.timeout, allow_stdin=False, output_hook=lambda _: None
            )["content"]
        except TimeoutError:
            return f"{self.timeout:.0f}초 안에 끝나지 않았습니다."
        if reply["status"] == "ok":
            return ""
        return f"{reply.get('ename', '오류')}: {reply.get('evalue', '')}"

    def grade(self, name: str, answer: str) -> Result:
        """학생의 이름공간에서 식 `answer`를 셈해 숨겨 둔 채점기에 넣습니다.

        결과는 화면의 글이 아니라 커널의 응답(user_expressions)으로 받습니다.
        """
        expression = f"__import__({self.key!r}).grade({name!r}, {answer})"
        try:
            reply = self.client.execute_interactive(
                "",
                silent=True,
                user_expressions={"verdict": expression},
                timeout=self.timeout,
                output_hook=lambda _: None,
            )["content"]["user_expressions"]["verdict"]
        except TimeoutError:
            return Result(name, FAILED, f"{self.timeout:.0f}초 안에 끝나지 않았습니다.")
        if reply["status"] != "ok":
            return Result(name, FAILED, f"{reply['ename']}: {reply['evalue']}")
        try:
            solved, hint = ast.literal_eval(reply["data"]["text/plain"])
            return Result(name, VERDICTS[solved], hint)
        except (ValueError, SyntaxError, KeyError, TypeError):
            return Result(name, FAILED, "채점기가 결과를 돌려주지 않았습니다.")

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        for folder in (self.folder, self.sockets):
            shutil.rmtree(folder, ignore_errors=True)


def find_data() -> Path | None:
    from aelab.data import cifar10

    return cifar10.locate()


def grade_notebook(
    notebook: NotebookNode, chapters: list[Path], *, timeout: float = CELL_TIMEOUT
) -> tuple[list[Result], list[str]]:
    """제출물 하나를 실행해 채점합니다.

    돌려주는 값: 장의 문제마다의 결과, 그리고 오류가 난 셀의 까닭들. 같은 문제를 여러 번 풀었으면 마지막 것을
    봅니다. 오류가 나도 다음 셀로 넘어갑니다.
    """
    solutions = solution_texts(chapters)
    found: dict[str, Result] = {}
    errors: list[str] = []
    kernel = Kernel(timeout)
    try:
        number = 0
        for cell in notebook.cells:
            if cell.cell_type != "code":
                continue
            number += 1
            if is_solution(cell) or bare(cell.source) in solutions:
                continue
            if problem := kernel.run(cell.source):
                errors.append(f"코드 셀 {number}: {problem}")
                if not kernel.manager.is_alive() or "끝나지 않았습니다" in problem:
                    break
            for name, answer in checks(cell.source):
                found[name] = kernel.grade(name, answer)
    finally:
        kernel.close()
    expected = chapter_exercises(list(found) or exercises_of(notebook), chapters)
    return [found.get(name, Result(name, MISSING)) for name in expected], errors


def safe(text: str) -> str:
    """표 계산 프로그램이 식으로 읽지 않을 한 줄의 글."""
    line = " ".join(text.split())
    return f"'{line}" if line.startswith(("=", "+", "-", "@")) else line


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="grade.py", description="걷은 노트북을 실행해 채점합니다. 남의 코드를 실행합니다."
    )
    parser.add_argument("notebooks", type=Path, nargs="+", help="걷은 노트북")
    parser.add_argument("--csv", type=Path, default=Path("grades.csv"), help="쓸 파일")
    parser.add_argument("--timeout", type=float, default=CELL_TIMEOUT, help="셀마다의 한계(초)")
    options = parser.parse_args(arguments)
    chapters = sorted(BOOK.glob("*.ipynb"))
    rows: list[list[str]] = []
    for path in options.notebooks:
        start = time.perf_counter()
        try:
            notebook = nbformat.read(path, as_version=4)
        except (OSError, ValueError, AttributeError, nbformat.ValidationError) as error:
            print(f"{path.name}: 노트북을 기대했는데 읽을 수 없습니다({type(error).__name__}).")
            rows.append([path.name, "", FAILED, "노트북을 읽을 수 없습니다."])
            continue
        results, errors = grade_notebook(notebook, chapters, timeout=options.timeout)
        correct = sum(result.verdict == CORRECT for result in results)
        seconds = time.perf_counter() - start
        print(
            f"{path.name}: {len(results)}문제 가운데 {correct}문제 정답, {seconds:.0f}초",
            flush=True,
        )
        for error in errors:
            print(f"  {error}")
        if not results:
            rows.append([path.name, "", MISSING, "책의 문제를 찾지 못했습니다."])
        rows += [[path.name, result.exercise, result.verdict, result.hint] for result in results]
    # BOM이 있어야 엑셀이 한글을 바르게 연다
    with options.csv.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file)
        table.writerow(["파일", "문제", "결과", "도움말"])
        table.writerows([[safe(value) for value in row] for row in rows])
    print(f"결과: {options.csv}")


if __name__ == "__main__":
    main(sys.argv[1:])
