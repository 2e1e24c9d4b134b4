"""채점한 것을 성적표와 학생에게 돌려줄 글로 씁니다."""

import csv
import hashlib
import io
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from unicodedata import normalize

from tools.grading_kernel import CORRECT, Result

PAGE = """<!doctype html>
<html lang="ko"><meta charset="utf-8"><title>{student}</title>
<style>body {{ font-family: sans-serif; max-width: 50em; margin: 2em auto }}
td, th {{ text-align: left; padding: .3em .8em; border-bottom: 1px solid #ccc }}</style>
<h1>{student}</h1>
<p>{total}점 만점에 {earned}점입니다.</p>
<table><tr><th>문제</th><th>결과</th><th>점수</th><th>도움말</th></tr>
{rows}
</table></html>
"""


@dataclass(frozen=True)
class Graded:
    """제출물 하나의 결과."""

    path: str
    digest: str  # 제출물의 SHA-256
    student: str
    results: list[Result]

    @classmethod
    def read(cls, row: dict) -> "Graded":
        return cls(**row | {"results": [Result(**result) for result in row["results"]]})


def shown(path: Path) -> str:
    """파일의 이름. macOS가 낱자로 풀어 적은 한글을 모읍니다."""
    return normalize("NFC", str(path))


def student_of(path: Path, pattern: str) -> str:
    """파일 이름에서 학번을 읽습니다. 맞지 않으면 이름 전체입니다."""
    stem = normalize("NFC", path.stem)
    found = re.match(pattern, stem)
    return found[found.re.groups and 1] if found else stem


def safe(text: str) -> str:
    """표 계산 프로그램이 식으로 읽지 않을 한 줄의 글."""
    line = " ".join(text.split())
    return f"'{line}" if line.startswith(("=", "+", "-", "@")) else line


def write(graded: list[Graded], points: Mapping[str, float], folder: Path) -> dict[Path, str]:
    """성적표 둘과 학생마다의 글을 쓰고, 성적표의 SHA-256을 돌려줍니다.

    인자
        points: 문제 → 배점. 없는 문제는 1점입니다.

    학생이 같은 문제를 여러 제출물에서 풀었으면 가장 좋은 결과를 셉니다.
    """
    best: dict[str, dict[str, Result]] = defaultdict(dict)
    for one in graded:
        for result in one.results:
            kept = best[one.student].get(result.exercise)
            if kept is None or kept.verdict != CORRECT:
                best[one.student][result.exercise] = result
    exercises = sorted({name for results in best.values() for name in results if name})

    def score(student: str, exercise: str) -> float:
        result = best[student].get(exercise)
        return points.get(exercise, 1) * (result is not None and result.verdict == CORRECT)

    each = [
        (one.path, one.student, result.exercise, result.verdict, result.hint)
        for one in graded
        for result in one.results
    ]
    total = [
        (student, *scores, sum(scores))
        for student in sorted(best)
        for scores in [[score(student, exercise) for exercise in exercises]]
    ]
    written = {}
    for name, header, rows in (
        ("exercises.csv", ("파일", "학번", "문제", "결과", "도움말"), each),
        ("students.csv", ("학번", *exercises, "합계"), total),
    ):
        text = io.StringIO()
        csv.writer(text).writerows([[safe(str(value)) for value in row] for row in (header, *rows)])
        # BOM이 있어야 엑셀이 한글을 바르게 연다
        content = text.getvalue().encode("utf-8-sig")
        (folder / name).write_bytes(content)
        written[folder / name] = hashlib.sha256(content).hexdigest()
    feedback = folder / "feedback"
    feedback.mkdir(exist_ok=True)
    for student, results in best.items():
        rows = "\n".join(
            f"<tr><td>{escape(name)}</td><td>{escape(result.verdict)}</td>"
            f"<td>{score(student, name):g}</td><td>{escape(result.hint)}</td></tr>"
            for name, result in results.items()
        )
        page = PAGE.format(
            student=escape(student),
            total=f"{sum(points.get(name, 1) for name in results):g}",
            earned=f"{sum(score(student, name) for name in results):g}",
            rows=rows,
        )
        file = re.sub(r'[\\/:*?"<>|]', "_", student)
        (feedback / f"{file}.html").write_text(page, encoding="utf-8", newline="\n")
    return written
