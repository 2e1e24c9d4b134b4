"""걷은 노트북을 실행해 연습문제를 다시 채점하고 성적표로 씁니다.

    python -m tools.grade submissions --out grades                  # 폴더 안의 모든 노트북
    python -m tools.grade "submissions/*.ipynb" --jobs 2            # 두 개씩 나란히
    python -m tools.grade submissions --student "[^_]+_([0-9]+)"    # 학번은 파일 이름의 어디에 있는지

쓰는 것: 문제마다 한 줄인 `exercises.csv`, 학생마다 한 줄인 `students.csv`, 학생에게 돌려줄 `feedback/학번.html`.
끊겨도 다시 부르면 이어서 하고, 내용이 바뀐 제출물만 다시 채점합니다. 배점은 `--points 배점.json`에
{"encoder.normalize": 2}처럼 적으며 적지 않은 문제는 1점입니다.

**남의 코드를 실행합니다.** 제출물의 코드는 이 명령을 부른 사람의 권한으로 파일을 읽고 지울 수 있습니다.
지워도 되는 가상 기계나 컨테이너에서 네트워크를 끊고 실행하십시오.

학생의 노트북에 찍힌 글은 보지 않습니다. 제출물마다 새 커널에서 셀을 차례로 실행하고, `check("장.문제", 답)`을
지날 때마다 그 답을 학생의 코드가 실행되기 전에 읽어 둔 채점기에 넣습니다. 그래서 `정답입니다`를 찍거나
`check`를 바꿔치기해도 점수가 되지 않습니다. 다만 학생의 코드와 채점기가 한 커널에 있으므로, 커널의 안을
뒤지거나 PyTorch나 파이썬 자체를 바꾸어 속이려고 작정한 코드까지 막지는 못하고, 풀이를 베낀 답도 가리지 못합니다.
"""

import argparse
import contextlib
import glob
import hashlib
import json
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import nbformat

from tools import execute, gradebook
from tools.gradebook import Graded
from tools.grading_kernel import CORRECT, FAILED, MISSING, Result
from tools.submission import CELL_TIMEOUT, grade_notebook

STUDENT = r"[^_.]+"  # 20271234_01_encoder.ipynb → 20271234
UNFINISHED = "unfinished.jsonl"


def find_notebooks(arguments: list[str]) -> list[Path]:
    """명령줄에 적은 파일, 폴더 안의 모든 노트북, 셸이 펼치지 않은 `submissions/*.ipynb`(Windows)에 맞는 파일.

    오류: 맞는 파일이 하나도 없는 것이 있으면 FileNotFoundError.
    """
    found: list[Path] = []
    for argument in arguments:
        path = Path(argument)
        if path.is_dir():
            inside = sorted(path.rglob("*.ipynb"))
            paths = [each for each in inside if ".ipynb_checkpoints" not in each.parts]
        elif path.is_file():  # 이름에 대괄호가 있는 파일은 그대로 있다
            paths = [path]
        else:
            paths = [Path(each) for each in sorted(glob.glob(argument)) if Path(each).is_file()]
        if not paths:
            raise FileNotFoundError(f"걷은 노트북을 기대했는데 {argument}에 맞는 파일이 없습니다.")
        found += paths
    return found


def grade_file(path: Path, chapters: list[Path], timeout: float) -> list[Result]:
    """파일 하나를 채점하고 알립니다. 무엇이 잘못되어도 오류를 내지 않고 `실행 실패`로 적습니다."""
    start = time.perf_counter()
    try:
        notebook = nbformat.reads(path.read_text(encoding="utf-8-sig"), as_version=4)
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
    told = [f"{path}: {len(results)}문제 가운데 {correct}문제 정답, {seconds:.0f}초"]
    print("\n  ".join([*told, *errors]), flush=True)
    return results or [Result("", MISSING, "책의 문제를 찾지 못했습니다.")]


def grade_all(
    paths: list[Path], folder: Path, *, student: str, timeout: float, jobs: int
) -> list[Graded]:
    """모든 제출물을 채점합니다. 끝난 것은 바로 적어 두어, 끊겨도 다시 하지 않습니다."""
    chapters = execute.chapters()
    unfinished = folder / UNFINISHED
    known = {}
    if unfinished.exists():
        for line in unfinished.read_text(encoding="utf-8").splitlines():
            with contextlib.suppress(json.JSONDecodeError):  # 적다가 끊긴 줄
                row = json.loads(line)
                known[row["path"], row["digest"]] = Graded.read(row)

    def grade_one(path: Path) -> Graded:
        name, digest = gradebook.shown(path), hashlib.sha256(path.read_bytes()).hexdigest()
        if done := known.get((name, digest)):
            return done
        results = grade_file(path, chapters, timeout)
        graded = Graded(name, digest, gradebook.student_of(path, student), results)
        with unfinished.open("a", encoding="utf-8") as file:
            # 앞 줄이 끊겼어도 새 줄에서 시작한다
            file.write("\n" + json.dumps(asdict(graded), ensure_ascii=False))
        return graded

    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(grade_one, paths))


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="grade.py", description="걷은 노트북을 실행해 채점합니다. 남의 코드를 실행합니다."
    )
    parser.add_argument("notebooks", nargs="+", help="걷은 노트북이나 그것이 든 폴더")
    parser.add_argument("--out", type=Path, default=Path("grades"), help="쓸 폴더")
    parser.add_argument(
        "--student", default=STUDENT, help="파일 이름의 앞에서 학번을 찾는 정규식(괄호 안이 학번)"
    )
    parser.add_argument("--points", type=Path, help="문제마다의 배점이 적힌 JSON")
    parser.add_argument("--timeout", type=float, default=CELL_TIMEOUT, help="셀마다의 한계(초)")
    parser.add_argument("--jobs", type=int, default=1, help="나란히 채점할 개수")
    options = parser.parse_args(arguments)
    try:
        notebooks = find_notebooks(options.notebooks)
        points = json.loads(options.points.read_text(encoding="utf-8")) if options.points else {}
        re.compile(options.student)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    except re.error as error:
        parser.error(f"--student: 정규식을 기대했는데 {options.student!r}이(가) 왔습니다({error}).")
    options.out.mkdir(parents=True, exist_ok=True)
    graded = grade_all(
        notebooks,
        options.out,
        student=options.student,
        timeout=options.timeout,
        jobs=options.jobs,
    )
    for path, digest in gradebook.write(graded, points, options.out).items():
        print(f"{path}  SHA-256 {digest}")
    (options.out / UNFINISHED).unlink()


if __name__ == "__main__":
    main(sys.argv[1:])
