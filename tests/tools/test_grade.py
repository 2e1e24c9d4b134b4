"""걷은 노트북의 채점: 맞고 틀림을 가리는지, 글이나 바꿔치기에 속지 않는지."""

import csv
import tempfile
import time
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from tools import grade
from tools.grade import CORRECT, FAILED, MISSING, UNSOLVED, WRONG, checks, grade_notebook, pieces

ROOT = Path(__file__).resolve().parents[2]
CHAPTER = ROOT / "book" / "01_encoder.ipynb"
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
def test_every_answer_gets_its_own_verdict_and_errors_do_not_stop_the_rest():
    submitted = notebook(
        IMPORT + RIGHT + CHECK,
        "1 / 0",
        "def broken(:",
        'check("encoder.normalize", lambda stored: stored.float() / 255)',
        'check("encoder.companion_free_norm", not_there)',
        'check("encoder.encoder_64", None)',
    )
    results, errors = grade_notebook(submitted, [CHAPTER])
    assert [result.verdict for result in results] == [CORRECT, WRONG, FAILED, UNSOLVED]
    assert "[0, 1]" in results[1].hint
    assert "NameError" in results[2].hint
    assert [error.split(":")[0] for error in errors] == [f"코드 셀 {n}" for n in (2, 3, 5)]


CHEATS = {
    "prints": 'print("[encoder.conv_parameters] 정답입니다.")',
    "own check": 'def check(*answer):\n    print("정답입니다.")',
    "patched grade": "import aelab.exercises\naelab.exercises.grade = lambda *a: (True, '')",
    "patched graders": (
        "import aelab.exercises.encoder as graders\n"
        "graders.conv_parameters = graders.normalize = lambda answer: None"
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


@pytest.mark.slow
def test_printed_words_and_replaced_graders_earn_nothing():
    """속임수를 한 노트북에 모두 모아 둡니다. 커널을 하나만 띄웁니다."""
    wrong = (
        'check("encoder.conv_parameters", lambda i, o, k: 1)\n'
        'check("encoder.normalize", lambda stored: stored)'
    )
    cells = [IMPORT, *CHEATS.values(), wrong]
    assert verdicts(notebook(*cells))[0] == {
        "conv_parameters": WRONG,
        "normalize": WRONG,
        "companion_free_norm": MISSING,
        "encoder_64": MISSING,
    }


@pytest.mark.slow
def test_forged_reply_is_not_believed():
    """커널에서 채점이 끼인 자리를 바꾸어도 서명이 없으면 점수가 되지 않습니다."""
    forged = (
        "get_ipython().user_expressions = lambda request: request and "
        "{'result': \"(True, '')\", 'signature': '0' * 64}"
    )
    found, _ = verdicts(notebook(IMPORT + RIGHT + forged, CHECK))
    assert found["conv_parameters"] == FAILED


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


def test_solutions_of_the_book_are_not_the_student_s():
    """책의 노트북을 그대로 내거나, 풀이 셀의 접힘만 풀어서 낸 경우."""
    book = nbformat.read(CHAPTER, as_version=4)
    folded = next(cell for cell in book.cells if grade.is_solution(cell))
    unfolded = new_code_cell(folded.source.replace("# @title 풀이 1\n", ""))
    sources = grade.solution_texts([CHAPTER])
    assert grade.bare(unfolded.source) in sources
    submitted = notebook(IMPORT)
    submitted.cells += [folded, unfolded]
    assert verdicts(submitted)[0].get("conv_parameters", MISSING) == MISSING


@pytest.mark.slow
def test_last_answer_counts_and_an_endless_cell_ends_the_run():
    submitted = notebook(
        IMPORT + RIGHT + CHECK,
        'check("encoder.conv_parameters", lambda i, o, k: 1)',
        'check("encoder.normalize", [0 for _ in iter(int, 1)])',
        RIGHT + CHECK,
    )
    # 채점기를 읽는 일(PyTorch의 import)은 이 한계에 들지 않는다
    found, errors = verdicts(submitted, timeout=5)
    assert (found["conv_parameters"], found["normalize"]) == (WRONG, FAILED)
    assert errors == ["코드 셀 3: 제한 시간 안에 끝나지 않았습니다."]


@pytest.mark.slow
def test_kernel_that_quits_is_noticed_at_once_and_earlier_results_stay():
    start = time.monotonic()
    quits = notebook(IMPORT + RIGHT + CHECK, "import os\nos._exit(0)\n" + CHECK, CHECK)
    found, errors = verdicts(quits, timeout=300)
    assert time.monotonic() - start < 120  # 한계까지 기다리지 않는다
    assert found["conv_parameters"] == CORRECT
    assert errors == ["코드 셀 2: 커널이 꺼졌습니다."]


@pytest.mark.slow
def test_each_answer_of_a_cell_is_the_one_at_that_moment():
    submitted = notebook(
        IMPORT + RIGHT + "f = conv_parameters\n"
        'check("encoder.conv_parameters", f); f = lambda stored: stored\n'
        "@staticmethod\ndef 정규화(stored):  # 한글 이름\n    return stored.float() / 127.5 - 1\n"
        'check("encoder.normalize", 정규화)',
        '%matplotlib inline\n1 / 0\ncheck("encoder.encoder_64", None)',
    )
    found, errors = verdicts(submitted)
    assert (found["conv_parameters"], found["normalize"]) == (CORRECT, CORRECT)
    assert found["encoder_64"] == FAILED  # 앞의 오류로 닿지 못한 것
    assert ["ZeroDivisionError" in error for error in errors] == [True]


@pytest.mark.slow
def test_kernel_sees_neither_the_home_nor_the_secrets_of_the_lecturer(monkeypatch):
    monkeypatch.setenv("LECTURER_TOKEN", "secret")
    look = (
        "import os, pathlib\n"
        "clean = 'LECTURER_TOKEN' not in os.environ and not list(pathlib.Path.home().glob('*.ipynb'))\n"
        "outside = pathlib.Path.home().samefile(pathlib.Path.cwd())\n"
        "first = len(In) == 2 and not any('grader' in name for name in globals())\n"
        "assert clean and outside and first"
    )
    assert verdicts(notebook(look, IMPORT + RIGHT + CHECK))[1] == []


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
        for path in sorted((ROOT / "book").glob("*.ipynb"))
        for name in grade.exercises_of(nbformat.read(path, as_version=4))
    ]
    assert len(names) == len(set(names)) >= 9 * 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [("=1+1", "'=1+1"), ("@SUM(A1)", "'@SUM(A1)"), ("두\n줄", "두 줄"), ("3.5", "3.5")],
)
def test_table_holds_no_formula(text, expected):
    assert grade.safe(text) == expected


@pytest.mark.slow
def test_command_writes_a_table_that_spreadsheets_open(tmp_path, monkeypatch, capsys):
    nbformat.write(notebook(IMPORT + RIGHT + CHECK), tmp_path / "김.ipynb")
    (tmp_path / "깨짐.ipynb").write_text("{", encoding="utf-8")
    (tmp_path / "반").mkdir()
    nbformat.write(notebook("-" * 100_000 + "1"), tmp_path / "반" / "김.ipynb")
    table = tmp_path / "g.csv"
    monkeypatch.chdir(tmp_path)
    paths = [str(Path("반") / "김.ipynb"), "깨짐.ipynb", "김.ipynb"]
    grade.main([*paths, "--csv", str(table)])
    content = table.read_bytes()
    rows = list(csv.DictReader(content.decode("utf-8-sig").splitlines()))
    assert content.startswith(b"\xef\xbb\xbf")
    assert rows[2] == {
        "파일": "김.ipynb",
        "문제": "encoder.conv_parameters",
        "결과": CORRECT,
        "도움말": "",
    }
    assert [row["결과"] for row in rows if row["파일"] == "깨짐.ipynb"] == [FAILED]
    assert [row["결과"] for row in rows if row["파일"] == paths[0]] == [MISSING]
    assert "4문제 가운데 1문제 정답" in capsys.readouterr().out


def test_failure_of_one_submission_is_a_row_and_the_rest_is_graded(tmp_path, monkeypatch):
    for name in ("a", "b"):
        nbformat.write(notebook(), tmp_path / f"{name}.ipynb")
    table = tmp_path / "g.csv"
    seen = []

    def fail_once(notebook, chapters, *, timeout):
        seen.append(table.read_text(encoding="utf-8-sig").splitlines()[1:])
        if len(seen) == 1:
            raise RuntimeError("커널이 죽었습니다")
        return [grade.Result("a.b", CORRECT)], []

    monkeypatch.setattr(grade, "grade_notebook", fail_once)
    paths = [str(tmp_path / f"{name}.ipynb") for name in ("a", "b")]
    grade.main([*paths, "--csv", str(table)])
    rows = list(csv.DictReader(table.read_text(encoding="utf-8-sig").splitlines()))
    assert [row["결과"] for row in rows] == [FAILED, CORRECT]
    assert "커널이 죽었습니다" in rows[0]["도움말"]
    assert len(seen[1]) == 1  # 둘째를 채점할 때 첫째의 줄은 이미 적혀 있다


def test_kernel_that_does_not_start_leaves_no_folder_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(grade.inspect, "getsource", lambda function: "1 / 0")
    with pytest.raises(RuntimeError, match="채점기를 읽지 못했습니다"):
        grade.Kernel()
    assert list(tmp_path.iterdir()) == []
