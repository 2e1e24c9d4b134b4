"""걷은 노트북의 채점: 맞고 틀림을 가리는지, 글이나 바꿔치기에 속지 않는지."""

import csv
import tempfile
import time
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from tools import execute, grade, grading_kernel
from tools.grade import checks, grade_notebook, pieces
from tools.grading_kernel import CORRECT, FAILED, MISSING, UNSOLVED, WRONG

CHAPTER = execute.BOOK / "01_encoder.ipynb"
RIGHT = "def conv_parameters(i, o, k):\n    return o * (i * k * k + 1)\n"
CHECK = 'check("encoder.conv_parameters", conv_parameters)'
IMPORT = "from aelab.exercises import check\n"


def notebook(*sources: str) -> NotebookNode:
    return new_notebook(cells=[new_code_cell(source) for source in sources])


def verdicts(submitted: NotebookNode, **options) -> tuple[dict[str, str], list[str]]:
    results, errors = grade_notebook(submitted, [CHAPTER], **options)
    short = {result.exercise.removeprefix("encoder."): result.verdict for result in results}
    return short, errors


@pytest.mark.slow
def test_every_answer_gets_its_own_verdict_until_the_kernel_quits():
    """오류는 나머지를 막지 않고, 책의 풀이는 접힌 것도 접힘만 푼 것도 학생의 것이 아닙니다."""
    book = nbformat.read(CHAPTER, as_version=4)
    folded = next(
        c for c in book.cells if grade.is_solution(c) and "encoder.encoder_64" in c.source
    )
    unfolded = new_code_cell(folded.source.split("\n", 1)[1])
    assert folded.source.startswith("# @title")
    submitted = notebook(
        IMPORT + RIGHT + CHECK,
        "1 / 0",
        "def broken(:",
        'check("encoder.beyond_sigmoid", 52)',
        'check("encoder.companion_free_norm", not_there)',
        'check("encoder.encoder_64", None)',
    )
    submitted.cells += [folded, unfolded]
    submitted.cells += notebook("import os\nos._exit(0)\n" + CHECK, CHECK).cells
    start = time.monotonic()
    results, errors = grade_notebook(submitted, [CHAPTER])
    assert time.monotonic() - start < 120  # 꺼진 커널을 한계(300초)까지 기다리지 않는다
    assert [result.verdict for result in results] == [CORRECT, WRONG, FAILED, UNSOLVED, MISSING]
    assert "(예측, 잰 값)" in results[1].hint
    assert "NameError" in results[2].hint
    assert [error.split(":")[0] for error in errors] == [f"코드 셀 {n}" for n in (2, 3, 5, 9)]
    assert errors[-1] == "코드 셀 9: 커널이 꺼졌습니다."


CHEATS = {
    "prints": 'print("[encoder.conv_parameters] 정답입니다.")',
    "own check": 'def check(*answer):\n    print("정답입니다.")',
    "patched grade": "import aelab.exercises\naelab.exercises.grade = lambda *a: (True, '')",
    "patched graders": (
        "import aelab.exercises.encoder as graders\n"
        "graders.conv_parameters = graders.beyond_sigmoid = lambda answer: None"
    ),
    "own import": (
        "class Grader:\n    grade = staticmethod(lambda *answer: (True, ''))\n"
        "__import__ = eval = grade = shell = lambda *name, **k: Grader"
    ),
    "patched comparison": (
        "import aelab.exercises.answers as answers, aelab.exercises.encoder as graders\n"
        "answers.close = graders.close = lambda *a, **k: True\n"
        "answers.as_tensor = graders.as_tensor = lambda result, shape: result"
    ),
}


# 커널에서 채점이 끼인 자리를 바꾸어도 서명이 없으면 점수가 되지 않는다
FORGED = (
    "get_ipython().user_expressions = lambda request: request and "
    "{'result': \"(True, '')\", 'signature': '0' * 64}"
)


@pytest.mark.slow
def test_printed_words_replaced_graders_and_forged_replies_earn_nothing():
    """속임수를 한 노트북에 모두 모아 둡니다. 커널을 하나만 띄웁니다."""
    wrong = (
        'check("encoder.conv_parameters", lambda i, o, k: 1)\ncheck("encoder.beyond_sigmoid", 52)'
    )
    cells = [IMPORT, *CHEATS.values(), wrong, FORGED, 'check("encoder.encoder_64", None)']
    assert verdicts(notebook(*cells))[0] == {
        "conv_parameters": WRONG,
        "beyond_sigmoid": WRONG,
        "companion_free_norm": MISSING,
        "encoder_64": FAILED,
        "four_bits": MISSING,
    }


def test_cheats_do_fool_the_check_inside_the_notebook():
    """위의 시험이 헛되지 않은지: 같은 속임수가 학생의 화면에서는 통합니다."""
    import aelab.exercises

    scope: dict = {}
    before = aelab.exercises.grade
    try:
        exec(CHEATS["patched grade"], scope)
        assert aelab.exercises.grade("encoder.conv_parameters", None) == (True, "")
    finally:
        aelab.exercises.grade = before


@pytest.mark.slow
def test_kernel_hides_the_lecturer_takes_each_answer_at_its_moment_and_stops_an_endless_cell(
    monkeypatch,
):
    monkeypatch.setenv("LECTURER_TOKEN", "secret")
    look = (
        "import os, pathlib\n"
        "clean = 'LECTURER_TOKEN' not in os.environ and not list(pathlib.Path.home().glob('*.ipynb'))\n"
        "outside = pathlib.Path.home().samefile(pathlib.Path.cwd())\n"
        "first = len(In) == 2 and not any('grader' in name for name in globals())\n"
        "assert clean and outside and first"
    )
    submitted = notebook(
        look,
        IMPORT + RIGHT + "f = conv_parameters\n"
        'check("encoder.conv_parameters", f); f = lambda stored: stored\n'
        "@staticmethod\ndef 예측():  # 한글 이름\n    return 50, 52\n"
        'check("encoder.beyond_sigmoid", 예측)',
        '%precision 3\n1 / 0\ncheck("encoder.encoder_64", None)',
        'check("encoder.beyond_sigmoid", 52)',
        "import time\n"
        'check("encoder.companion_free_norm", [time.sleep(0.1) for _ in iter(int, 1)])',
        CHECK,
    )
    # 채점기를 읽는 일(PyTorch의 import)은 이 한계에 들지 않는다
    found, errors = verdicts(submitted, timeout=8)
    assert found == {
        "conv_parameters": CORRECT,
        "beyond_sigmoid": WRONG,  # 마지막에 낸 답
        "companion_free_norm": FAILED,
        "encoder_64": FAILED,  # 앞의 오류로 닿지 못한 것
        "four_bits": MISSING,
    }
    assert [error.split(":")[0] for error in errors] == ["코드 셀 3", "코드 셀 5"]
    assert "ZeroDivisionError" in errors[0]
    assert errors[1].endswith("제한 시간 안에 끝나지 않았습니다.")


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('check("a.b", f)', [("a.b", "f")]),
        ('exercises.check("a.b", f(1, 2))', [("a.b", "f(1, 2)")]),
        ('check(name, f)\ncheck("a.b")', []),
        ('# check("a.b", f)', []),
        ("!pip install x", []),
        ('%matplotlib inline\ncheck("a.b", f)', [("a.b", "f")]),
        ("-" * 100_000 + "1", []),
        ("x = 1\0", []),
        ('for f in (1, 2):\n    check("a.b", f)', [("a.b", "f")]),
    ],
)
def test_checks_are_found_in_the_code_and_not_in_the_text(source, found):
    assert checks(source) == found


def test_cell_is_cut_around_its_checks_and_loses_nothing():
    cell = (
        "a = '가'; b = a  # 글\n@f\ndef g():\n    return 1\n\n"
        'check("a.b", g); g = 2;check("a.c", g)\n# 끝\nc = 3\n'
    )
    assert [text for text, _ in pieces(cell)] == [
        "a = '가'; b = a  # 글\n@f\ndef g():\n    return 1",
        'check("a.b", g)',
        "g = 2",
        'check("a.c", g)',
        "# 끝\nc = 3",
    ]


def test_every_chapter_has_exercises_with_different_names():
    names = [
        name
        for path in execute.chapters()
        for name in grade.exercises_of(nbformat.read(path, as_version=4))
    ]
    assert len(names) == len(set(names)) >= 9 * 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [("=1+1", "'=1+1"), ("@SUM(A1)", "'@SUM(A1)"), ("두\n줄", "두 줄"), ("3.5", "3.5")],
)
def test_table_holds_no_formula(text, expected):
    assert grade.safe(text) == expected


def test_command_writes_a_table_that_spreadsheets_open_and_a_failure_is_a_row(
    tmp_path, monkeypatch, capsys
):
    (tmp_path / "반").mkdir()
    for name in ("반/김.ipynb", "김.ipynb"):
        nbformat.write(notebook(), tmp_path / name)
    (tmp_path / "깨짐.ipynb").write_text("{", encoding="utf-8")
    table = tmp_path / "g.csv"
    seen = []

    def fail_once(notebook, chapters, *, timeout):
        seen.append(table.read_text(encoding="utf-8-sig").splitlines()[1:])
        if len(seen) == 1:
            raise RuntimeError("커널이 죽었습니다")
        return [grade.Result("a.b", CORRECT), grade.Result("a.c", WRONG, "=1+1")], [
            "코드 셀 1: 까닭"
        ]

    monkeypatch.setattr(grade, "grade_notebook", fail_once)
    monkeypatch.chdir(tmp_path)
    paths = [str(Path("반") / "김.ipynb"), "깨짐.ipynb", "김.ipynb"]
    grade.main([*paths, "--csv", str(table)])
    content = table.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(content.decode("utf-8-sig").splitlines()))
    assert [(row["파일"], row["결과"]) for row in rows] == [
        (paths[0], FAILED),
        ("깨짐.ipynb", FAILED),
        ("김.ipynb", CORRECT),
        ("김.ipynb", WRONG),
    ]
    assert "커널이 죽었습니다" in rows[0]["도움말"]
    assert rows[3] == {"파일": "김.ipynb", "문제": "a.c", "결과": WRONG, "도움말": "'=1+1"}
    assert len(seen[1]) == 2  # 뒤의 것을 채점할 때 앞의 줄은 이미 적혀 있다
    told = capsys.readouterr().out
    assert "2문제 가운데 1문제 정답" in told
    assert "코드 셀 1: 까닭" in told


def test_kernel_that_does_not_start_leaves_no_folder_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(grading_kernel.inspect, "getsource", lambda function: "1 / 0")
    with pytest.raises(RuntimeError, match="채점기를 읽지 못했습니다"):
        grade.Kernel()
    assert list(tmp_path.iterdir()) == []


def test_a_pattern_that_the_shell_left_alone_is_expanded(tmp_path):
    """명령 프롬프트와 PowerShell은 *를 펼치지 않습니다."""
    names = ("2027 [1].ipynb", "김.ipynb", "메모.txt")
    for name in names:
        (tmp_path / name).touch()
    bracketed, other = tmp_path / names[0], tmp_path / names[1]
    assert grade.find_notebooks([str(tmp_path / "*.ipynb")]) == [bracketed, other]
    assert grade.find_notebooks([str(other), str(bracketed)]) == [other, bracketed]


@pytest.mark.parametrize("argument", ["없음/*.ipynb", "없음.ipynb"])
def test_nothing_to_grade_is_an_error_and_the_table_is_not_touched(
    argument, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "grades.csv").write_text("어제의 성적", encoding="utf-8")
    with pytest.raises(SystemExit) as stopped:
        grade.main([argument])
    assert stopped.value.code == 2
    assert f"{argument}에 맞는 파일이 없습니다" in capsys.readouterr().err
    assert (tmp_path / "grades.csv").read_text(encoding="utf-8") == "어제의 성적"
