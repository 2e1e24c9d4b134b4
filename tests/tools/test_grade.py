"""걷은 노트북의 채점: 맞고 틀림을 가리는지, 글이나 바꿔치기에 속지 않는지."""

import csv
import tempfile
import time
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from tools import execute, grade, gradebook, grading_kernel
from tools.gradebook import Graded
from tools.grading_kernel import CORRECT, FAILED, MISSING, UNSOLVED, WRONG, Result
from tools.handout import is_solution
from tools.submission import checks, exercises_of, grade_notebook, pieces

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
def test_every_answer_gets_its_own_verdict_though_the_kernel_quits():
    """오류도 꺼진 커널도 나머지를 막지 않고, 책의 풀이는 접힌 것도 접힘만 푼 것도 학생의 것이 아닙니다."""
    book = nbformat.read(CHAPTER, as_version=4)
    folded = next(c for c in book.cells if is_solution(c) and "encoder.encoder_64" in c.source)
    unfolded = new_code_cell(folded.source.split("\n", 1)[1])
    assert folded.source.startswith("# @title")
    submitted = notebook(
        IMPORT + RIGHT,
        "1 / 0",
        'check("encoder.companion_free_norm", 1)\ndef broken(:\n    pass',
        'check("encoder.beyond_sigmoid", 52)',
        'check("encoder.encoder_64", None)',
    )
    submitted.cells += [folded, unfolded]
    submitted.cells += notebook("import os\nos._exit(0)\n" + CHECK, CHECK).cells
    start = time.monotonic()
    results, errors = grade_notebook(submitted, [CHAPTER])
    assert time.monotonic() - start < 120  # 꺼진 커널을 한계(300초)까지 기다리지 않는다
    assert [result.verdict for result in results] == [CORRECT, WRONG, FAILED, UNSOLVED, MISSING]
    assert "(예측, 잰 값)" in results[1].hint
    assert "SyntaxError" in results[2].hint
    assert "line 2" in results[2].hint
    assert [error.split(":")[0] for error in errors] == [f"코드 셀 {n}" for n in (2, 3, 8)]
    assert "커널이 꺼졌습니다" in errors[-1]


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
def test_kernel_hides_the_lecturer_takes_each_answer_at_its_moment_and_loses_only_the_endless_cell(
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
        "while True:\n    try:\n        time.sleep(1)\n    except KeyboardInterrupt:\n        pass",
        CHECK,
    )
    monkeypatch.setattr(grading_kernel, "GRACE", 1)
    # 채점기를 읽는 일(PyTorch의 import)은 이 한계에 들지 않는다
    found, errors = verdicts(submitted, timeout=6)
    assert found == {
        "conv_parameters": CORRECT,
        "beyond_sigmoid": WRONG,  # 마지막에 낸 답
        "companion_free_norm": FAILED,
        "encoder_64": FAILED,  # 앞의 오류로 닿지 못한 것
        "four_bits": MISSING,
    }
    assert [error.split(":")[0] for error in errors] == [f"코드 셀 {n}" for n in (3, 5, 6)]
    assert "ZeroDivisionError" in errors[0]
    assert all(error.endswith("제한 시간 안에 끝나지 않았습니다.") for error in errors[1:])


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('check("a.b", f)', [("a.b", "f")]),
        ('exercises.check("a.b", f(1, 2))', [("a.b", "f(1, 2)")]),
        ('check(name, f)\ncheck("a.b")', []),
        ('check(answer=f, name="a.b")', [("a.b", "f")]),
        ('check("a.b", f)\ndef broken(:', [("a.b", "")]),
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
        for name in exercises_of(nbformat.read(path, as_version=4))
    ]
    assert len(names) == len(set(names)) >= 9 * 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [("=1+1", "'=1+1"), ("@SUM(A1)", "'@SUM(A1)"), ("두\n줄", "두 줄"), ("3.5", "3.5")],
)
def test_table_holds_no_formula(text, expected):
    assert gradebook.safe(text) == expected


@pytest.fixture
def submissions(tmp_path, monkeypatch):
    """학생 둘의 제출물 셋과 깨진 파일 하나. 채점은 흉내이고, 첫 제출물에서는 실패합니다."""
    folder = tmp_path / "제출"
    (folder / ".ipynb_checkpoints").mkdir(parents=True)
    for name in ("김_01.ipynb", "김_02.ipynb", "이_01.ipynb", ".ipynb_checkpoints/이.ipynb"):
        nbformat.write(notebook(f"# {name}"), folder / name)
    (folder / "박_01.ipynb").write_text("{", encoding="utf-8")
    graded = []

    def pretend(notebook, chapters, *, timeout):
        graded.append(notebook.cells[0].source)
        if "김_01" in graded[-1]:
            raise RuntimeError("커널이 죽었습니다")
        return [Result("a.b", CORRECT), Result("a.c", WRONG, "=1+1")], ["코드 셀 1: 까닭"]

    monkeypatch.setattr(grade, "grade_notebook", pretend)
    monkeypatch.chdir(tmp_path)
    return graded


def rows(path: Path) -> list[dict]:
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")  # 엑셀이 한글을 바르게 연다
    return list(csv.DictReader(content.decode("utf-8-sig").splitlines()))


def test_command_writes_a_row_an_exercise_a_row_a_student_and_a_page_to_give_back(
    submissions, capsys
):
    Path("배점.json").write_text('{"a.b": 2}', encoding="utf-8")
    grade.main(["제출", "--points", "배점.json"])
    each = [(row["파일"], row["학번"], row["결과"]) for row in rows(Path("grades/exercises.csv"))]
    first, second, third, broken = [
        str(Path("제출") / name)
        for name in ("김_01.ipynb", "김_02.ipynb", "이_01.ipynb", "박_01.ipynb")
    ]
    assert each == [
        (first, "김", FAILED),
        (second, "김", CORRECT),
        (second, "김", WRONG),
        (broken, "박", FAILED),
        (third, "이", CORRECT),
        (third, "이", WRONG),
    ]
    assert rows(Path("grades/students.csv")) == [
        {"학번": "김", "a.b": "2", "a.c": "0", "합계": "2"},
        {"학번": "박", "a.b": "0", "a.c": "0", "합계": "0"},
        {"학번": "이", "a.b": "2", "a.c": "0", "합계": "2"},
    ]
    page = Path("grades/feedback/이.html").read_text(encoding="utf-8")
    assert "3점 만점에 2점" in page
    assert "=1+1" in page
    assert sorted(path.name for path in Path("grades/feedback").iterdir()) == [
        "김.html",
        "박.html",
        "이.html",
    ]
    told = capsys.readouterr().out
    assert "커널이 죽었습니다" in told
    assert "코드 셀 1: 까닭" in told
    assert "SHA-256" in told


def test_grading_that_was_cut_off_goes_on_and_grades_again_only_what_changed(
    submissions, monkeypatch
):
    with monkeypatch.context() as cut:
        cut.setattr(gradebook, "write", lambda *given: 1 / 0)  # 다 쓰기 전에 끊긴다
        with pytest.raises(ZeroDivisionError):
            grade.main(["제출"])
    monkeypatch.setattr(
        grade, "grade_notebook", lambda notebook, *a, **k: (submissions.append("다시"), ([], []))[1]
    )
    nbformat.write(notebook("# 고침"), Path("제출/이_01.ipynb"))
    with (Path("grades") / grade.UNFINISHED).open("a", encoding="utf-8") as file:
        file.write('\n{"path": "제출/이_0')  # 적다가 끊긴 줄
    before = len(submissions)
    grade.main(["제출"])
    assert submissions[before:] == ["다시"]
    assert len(rows(Path("grades/exercises.csv"))) == 5
    assert not (Path("grades") / grade.UNFINISHED).exists()


@pytest.mark.parametrize(
    ("name", "pattern", "student"),
    [
        ("20271234_01_encoder", grade.STUDENT, "20271234"),
        ("01_encoder_20271234", r".*_(\d{8})", "20271234"),
        ("\u1100\u1175\u11b7_01", grade.STUDENT, "김"),  # macOS가 낱자로 풀어 적은 이름
        ("과제", r"(\d+)", "과제"),
    ],
)
def test_student_is_read_from_the_name_of_the_file(name, pattern, student):
    assert gradebook.student_of(Path(f"{name}.ipynb"), pattern) == student


def test_the_best_of_several_submissions_counts(tmp_path):
    given = [
        Graded("a", "", "김", [Result("a.b", CORRECT)]),
        Graded("b", "", "김", [Result("a.b", WRONG, "힌트")]),
    ]
    gradebook.write(given, {}, tmp_path)
    assert rows(tmp_path / "students.csv") == [{"학번": "김", "a.b": "1", "합계": "1"}]


def test_a_notebook_with_a_byte_order_mark_is_read(tmp_path, monkeypatch):
    path = tmp_path / "a.ipynb"
    path.write_text(nbformat.writes(notebook("1")), encoding="utf-8-sig")
    monkeypatch.setattr(grade, "grade_notebook", lambda *a, **k: ([Result("a.b", CORRECT)], []))
    assert grade.grade_file(path, [], 1) == [Result("a.b", CORRECT)]


def test_kernel_that_does_not_start_leaves_no_folder_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(grading_kernel.inspect, "getsource", lambda function: "1 / 0")
    with pytest.raises(RuntimeError, match="채점기를 읽지 못했습니다"):
        grading_kernel.Kernel()
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
def test_nothing_to_grade_is_an_error_and_nothing_is_written(
    argument, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        grade.main([argument])
    assert stopped.value.code == 2
    assert f"{argument}에 맞는 파일이 없습니다" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
