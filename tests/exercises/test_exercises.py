"""aelab.exercises의 뼈대: 이름 찾기, 채점 결과의 글, 답을 다루는 도구."""

import sys
import types

import pytest
import torch

from aelab import exercises
from aelab.exercises import check, grade
from aelab.exercises.answers import Hint, Unsolved, as_number, as_tensor, call, close


@pytest.fixture
def double(monkeypatch):
    """입력을 두 배로 만드는 함수를 바라는 문제 "sample.double"."""
    module = types.ModuleType("aelab.exercises.sample")

    def grader(answer):
        for value in (torch.tensor([1.0, 2.0]), torch.tensor([3.0])):
            if not close(as_tensor(call(answer, value), tuple(value.shape)), value * 2):
                raise Hint("두 배가 아닙니다.")

    grader.__module__ = module.__name__
    module.double = grader
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return "sample.double"


@pytest.mark.parametrize(
    "answer", [lambda x: x * 2, lambda x: x + x, lambda x: torch.stack([2 * v for v in x])]
)
def test_right_answers_pass(double, answer):
    assert grade(double, answer) == (True, "")


def in_place(x):
    x *= 2
    return x


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda x: x, "두 배가 아닙니다"),
        (lambda x: x * float("nan"), "두 배가 아닙니다"),
        (in_place, "그 자리에서 바꾸었습니다"),
        (lambda x: x.sum(), r"모양 (2,)을(를) 기대했는데 ()"),
        (lambda x: [2.0], "torch.Tensor를 기대했는데 list"),
        (lambda x: 1 / 0, "오류가 났습니다. ZeroDivisionError"),
        (lambda: 1, "오류가 났습니다. TypeError"),
        (3, "함수를 기대했는데 int"),
    ],
)
def test_wrong_answers_get_a_hint_and_no_traceback(double, answer, hint):
    solved, message = grade(double, answer)
    assert solved is False
    assert hint in message


def raise_not_implemented(x):
    raise NotImplementedError


@pytest.mark.parametrize("stub", [None, ..., lambda x: None, lambda x: ..., raise_not_implemented])
def test_stubs_are_unsolved(double, stub):
    assert grade(double, stub)[0] is None


def test_a_forgotten_return_is_named(double):
    def prints_only(x):
        print(2 * x)

    assert "return을 빠뜨렸는지" in grade(double, prints_only)[1]


def test_check_prints_the_verdict_and_then_the_hint(double, capsys):
    printed = []
    for answer in (lambda x: 2 * x, lambda x: x, None):
        assert check(double, answer) is None
        printed.append(capsys.readouterr().out.splitlines())
    assert [lines[0].split("] ")[1] for lines in printed] == [
        "정답입니다.",
        "다시 살펴봅시다.",
        "아직 풀지 않았습니다.",
    ]
    assert [len(lines) for lines in printed] == [1, 2, 2]
    assert printed[1][1] == grade(double, lambda x: x)[1]


@pytest.mark.parametrize(
    "name",
    [
        *("", "encoder", "encoder.none", "none.double", "answers.call", "encoder.Hint", "..x"),
        "encoder._apply",
    ],
)
def test_unknown_exercises_are_refused(name):
    with pytest.raises(ValueError, match="'장.문제'를 기대했는데"):
        grade(name, 1)


def test_the_listed_names_are_the_ones_to_call():
    assert set(exercises.__all__) == {check.__name__, grade.__name__}


def test_as_number_says_what_came_instead():
    with pytest.raises(Hint, match="수 하나를 기대했는데 str이"):
        as_number("3")


@pytest.mark.parametrize("answer", [True, "3", len, [1, 2], torch.ones(2), object()])
def test_as_number_refuses_what_is_not_one_number(answer):
    with pytest.raises(Hint, match="수 하나를 기대했는데"):
        as_number(answer)


def test_as_number_takes_numbers_of_every_kind():
    learned = torch.tensor(3.0, requires_grad=True)
    kinds = (3, 3.0, torch.tensor(3), torch.tensor([3.0]), learned)
    assert [as_number(value) for value in kinds] == [3.0] * 5


def test_call_gives_the_function_a_copy():
    original = torch.zeros(3)
    with pytest.raises(Hint):
        call(lambda x: x.add_(1), original)
    assert original.tolist() == [0, 0, 0]


def test_call_reports_unsolved_stubs():
    with pytest.raises(Unsolved):
        call(lambda: None)


def test_close_is_relative_and_strict_about_shape_and_nan():
    assert close(1000.0, 1000.05)
    assert not close(1.0, 1.05)
    assert not close(1e-4, 2e-4)
    assert not close(torch.ones(2), torch.ones(1))
    assert not close(float("nan"), float("nan"))
