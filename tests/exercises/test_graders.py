"""채점기: 맞는 답은 어떻게 구했든 통과하고, 틀린 답은 그 실수에 맞는 힌트를 받습니다."""

import ast
import builtins
import inspect
import json
import re
from importlib import import_module

import numpy as np
import pytest
import torch
from torch import nn

from aelab.exercises import check, grade
from aelab.exercises.answers import Hint, Unsolved, as_number, call, close
from aelab.exercises.encoder import PARAMETER_BUDGET
from aelab.exercises.engine import Exercise
from aelab.exercises.ood import EASY_ERROR
from aelab.exercises.prediction import Prediction
from aelab.exercises.training import TRAINING_BOUND
from tools.chapters import chapters

CHAPTERS = (
    *("encoder", "transposed_convolution", "mse_psnr", "training", "latent_dimension"),
    *("ood", "generation", "retrieval", "projector", "project"),
)
ANSWERS = {chapter: import_module(f"tests.exercises.{chapter}") for chapter in CHAPTERS}
GRADERS = {chapter: import_module(f"aelab.exercises.{chapter}") for chapter in CHAPTERS}
NAMES = [f"{chapter}.{name}" for chapter, module in ANSWERS.items() for name in module.RIGHT]
NOT_FUNCTIONS = (
    "transposed_convolution.even_doubling",
    "ood.easy_two_colors",
)
PREDICTIONS = [
    f"{chapter}.{name}"
    for chapter, module in GRADERS.items()
    for name, value in vars(module).items()
    if isinstance(value, Prediction)
]
FUNCTIONS = [name for name in NAMES if name not in (*NOT_FUNCTIONS, *PREDICTIONS)]
EXERCISES = {
    f"{chapter}.{name.removeprefix('_')}": value
    for chapter, module in GRADERS.items()
    for name, value in vars(module).items()
    if isinstance(value, Exercise)
}


def listed(kind):
    """(문제의 이름, 답들)의 매개변수들. `kind`는 RIGHT나 WRONG."""
    return [
        pytest.param(f"{chapter}.{name}", answers, id=f"{chapter}.{name}")
        for chapter, module in ANSWERS.items()
        for name, answers in getattr(module, kind).items()
    ]


@pytest.mark.parametrize(("name", "answers"), listed("RIGHT"))
def test_right_answers_pass_and_leave_the_global_generator_alone(name, answers):
    for number, answer in enumerate(answers):
        torch.manual_seed(0)
        before = torch.get_rng_state()
        solved, remark = grade(name, answer)
        assert (solved, bool(remark)) == (True, name in PREDICTIONS), (number, remark)
        if name != "encoder.encoder_64":  # 층을 만들면 난수를 뽑는다
            assert torch.get_rng_state().equal(before), number


@pytest.mark.parametrize(("name", "answers"), listed("WRONG"))
def test_wrong_answers_get_the_hint_that_fits(name, answers):
    for number, (answer, hint) in enumerate(answers):
        torch.manual_seed(0)
        solved, message = grade(name, answer)
        assert (solved, hint in message) == (False, True), (number, hint, message)


def first_inputs(exercise):
    return next(iter(exercise.inputs()))


def mistaken(exercise, number):
    """`number`번째 실수를 하는 답."""
    given = len(first_inputs(exercise))  # 생성기는 빼고

    def answer(*inputs, **options):
        return list(exercise.slips(*(*inputs, *options.values())[:given]))[number][1]

    return answer


GUESS_A_NUMBER = Prediction(lambda: 8.0, lambda right: {"제곱했습니다.": right**2}, "왜일까요?")
GUESS_AN_ORDER = Prediction(lambda: ("가", "나"), lambda right: {"거꾸로": right[::-1]}, "왜?")


@pytest.mark.parametrize(
    ("exercise", "answer", "remark"),
    [
        (GUESS_A_NUMBER, (9, 8.0), "예측도 맞았습니다: 9."),
        (GUESS_A_NUMBER, (80, np.float32(8)), "예측은 80인데 재어 보니 8입니다. 왜일까요?"),
        (GUESS_AN_ORDER, (["가", "나"], ["가", "나"]), "예측도 맞았습니다: 가 → 나."),
        (GUESS_AN_ORDER, (("나", "가"), ("가", "나")), "예측은 나 → 가인데 재어 보니 가 → 나"),
    ],
)
def test_a_wrong_prediction_is_solved_and_told_apart(exercise, answer, remark):
    assert remark in exercise(answer)


@pytest.mark.parametrize(
    ("exercise", "answer", "hint"),
    [
        (GUESS_A_NUMBER, (8, 64), "제곱했습니다."),
        (GUESS_A_NUMBER, (8, 7), "재는 셀을 다시 봅니다."),
        (GUESS_A_NUMBER, 8, "짝을 기대했는데 int"),
        (GUESS_AN_ORDER, (("가", "나"), ("나", "가")), "거꾸로"),
        (GUESS_AN_ORDER, (("가", "다"), ("가", "나")), "가, 나의 차례를 기대했는데"),
    ],
)
def test_a_wrong_measurement_is_not_solved_however_good_the_prediction(exercise, answer, hint):
    with pytest.raises(Hint, match=hint):
        exercise(answer)


@pytest.mark.parametrize("answer", [(None, 8), (8, ...)])
def test_a_prediction_left_blank_is_unsolved(answer):
    with pytest.raises(Unsolved):
        GUESS_A_NUMBER(answer)


@pytest.mark.parametrize("name", EXERCISES)
def test_every_mistake_gets_exactly_its_own_hint(name):
    slips = EXERCISES[name].slips(*first_inputs(EXERCISES[name]))
    for number, (hint, _) in enumerate(slips):
        answer = mistaken(EXERCISES[name], number)
        solved, message = grade(name, answer() if name in NOT_FUNCTIONS else answer)
        assert (solved, message.endswith(hint)) == (False, True), (hint, message)


@pytest.mark.parametrize("name", EXERCISES)
def test_the_right_function_of_the_grader_passes(name):
    right = EXERCISES[name].right
    assert grade(name, right() if name in NOT_FUNCTIONS else right) == (True, "")


def raise_not_implemented(*inputs, **options):
    raise NotImplementedError


@pytest.mark.parametrize("name", NAMES)
def test_a_stub_is_unsolved(name):
    stubs = [None, ...]
    if name in FUNCTIONS:
        stubs += [
            raise_not_implemented,
            lambda *inputs, **options: None,
            lambda *inputs, **options: ...,
        ]
    verdicts = [grade(name, stub) for stub in stubs]
    assert {solved for solved, _ in verdicts} == {None}
    assert all("return을 빠뜨렸는지" in todo for _, todo in verdicts)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_answer_that_cannot_be_called_is_told_why(name):
    assert "함수를 기대했는데 float" in grade(name, 1.0)[1]
    for answer in (lambda: 1, lambda *inputs, **options: 1 / 0):
        solved, message = grade(name, answer)
        assert (solved, "오류가 났습니다" in message) == (False, True)


@pytest.mark.parametrize("name", [name for name in EXERCISES if name in FUNCTIONS])
def test_changing_the_inputs_in_place_is_told(name):
    right = EXERCISES[name].right
    if not any(isinstance(value, torch.Tensor) for value in next(iter(EXERCISES[name].inputs()))):
        return

    def overwrite(*inputs, **options):
        result = right(*inputs, **options)
        next(value for value in inputs if isinstance(value, torch.Tensor)).zero_().add_(7)
        return result

    assert "그 자리에서" in grade(name, overwrite)[1]


@pytest.mark.parametrize("name", EXERCISES)
def test_a_result_of_another_kind_is_told(name):
    for other in ("3", torch.ones(2, 3, 4, 5), torch.ones(2) * 1j):
        solved, message = grade(
            name, other if name in NOT_FUNCTIONS else lambda *inputs, other=other, **options: other
        )
        assert (solved, "기대했는데" in message) == (False, True)


def test_check_prints_the_verdict_and_then_the_hint(capsys):
    right = lambda q, c, k: (c - q).norm(dim=1).argsort()[:k]  # noqa: E731
    for answer in (right, lambda q, c, k: (c - q).norm(dim=1).argsort()[1 : k + 1], None):
        assert check("retrieval.top_k", answer) is None
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("] ")[1] for line in lines[::2] if "]" in line] == ["정답입니다."]
    assert lines[1].endswith("다시 살펴봅시다.")
    assert lines[3].endswith("아직 풀지 않았습니다.")
    assert len(lines) == 5


@pytest.mark.parametrize(
    "name",
    [
        "",
        "encoder",
        "encoder.none",
        "none.double",
        "answers.call",
        "engine.Exercise",
        "encoder.Exercise",
        "encoder.close",
        "encoder._apply",
        "..x",
    ],
)
def test_unknown_exercises_are_refused(name):
    with pytest.raises(ValueError, match="'장.문제'를 기대했는데"):
        grade(name, 1)


@pytest.mark.parametrize("answer", [True, "3", len, [1, 2], torch.ones(2), object(), 10**400])
def test_as_number_refuses_what_is_not_one_number(answer):
    with pytest.raises(Hint, match="수 하나를 기대했는데"):
        as_number(answer)


def test_as_number_takes_numbers_of_every_kind():
    kinds = (
        3,
        3.0,
        torch.tensor(3),
        torch.tensor([3.0]),
        torch.tensor(3.0, requires_grad=True),
        np.float32(3),
        np.array(3),
    )
    assert [as_number(value) for value in kinds] == [3.0] * len(kinds)


def test_an_error_of_pytorch_is_not_called_unsolved():
    with pytest.raises(Hint, match="NotImplementedError"):
        call(lambda x: torch.bincount(x), torch.ones(3))
    with pytest.raises(Hint, match="NotImplementedError"):
        call(nn.Module(), torch.ones(3))
    with pytest.raises(Unsolved):
        call(raise_not_implemented, torch.ones(3))


def test_arrays_that_torch_cannot_read_get_a_hint():
    with pytest.raises(Hint, match="수의 배열을 기대했는데"):
        call(lambda: np.array(["3"]))


def test_close_is_relative_and_strict_about_shape_and_nan():
    assert close(1000.0, 1000.05)
    assert not close(1.0, 1.05)
    assert not close(1e-4, 2e-4)
    assert not close(torch.ones(2), torch.ones(1))
    assert not close(float("nan"), float("nan"))


def test_the_bounds_are_the_ones_the_chapters_state():
    assert (PARAMETER_BUDGET, TRAINING_BOUND, EASY_ERROR) == (300_000, 0.3, 9)


def test_an_encoder_of_exactly_the_budget_passes(monkeypatch):
    answer = ANSWERS["encoder"].RIGHT["encoder_64"][0]
    monkeypatch.setattr(
        GRADERS["encoder"], "PARAMETER_BUDGET", sum(p.numel() for p in answer(128).parameters())
    )
    assert grade("encoder.encoder_64", answer) == (True, "")


def test_grading_leaves_the_layer_of_the_student_alone():
    layer = nn.BatchNorm2d(32).eval()
    grade("encoder.companion_free_norm", lambda channels: layer)
    assert not layer.training
    assert int(layer.num_batches_tracked) == 0


@pytest.mark.slow
def test_easy_error_is_near_the_tenth_percentile_of_cifar10(cifar10_root):
    from aelab import load_pretrained, ood
    from aelab.data import cifar10

    errors = ood.reconstruction_score(
        load_pretrained(256), cifar10.load("test", cifar10_root)[:500]
    )
    assert 0.07 < float((errors < EASY_ERROR).double().mean()) < 0.13


def test_hints_use_only_names_that_the_chapter_shows():
    """힌트에 학생이 본 적 없는 영문 이름이 없는지. 파이썬, PyTorch, 수학의 이름은 압니다."""
    known = {
        *dir(builtins),
        *dir(torch),
        *dir(nn),
        *dir(np),
        *dir(torch.Tensor),
        *nn.ConvTranspose2d.__constants__,
    }
    known |= {"NaN", "L1", "U", "L", "A", "dB", "Module", "methods"}
    books = [path.read_text("utf-8") for path in chapters()]
    strange = {}
    for chapter, module in GRADERS.items():
        source = inspect.getsource(module) + (
            inspect.getsource(import_module("aelab.exercises.denoising"))
            if chapter == "project"
            else ""
        )
        documents = {
            ast.get_docstring(node, clean=False)
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.FunctionDef | ast.ClassDef)
        }
        texts = [
            node.value
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        hints = [text for text in texts if re.search("[가-힣]", text) and text not in documents]
        cells = [
            cell for text in books if f'"{chapter}.' in text for cell in json.loads(text)["cells"]
        ]
        shown = set(
            re.findall(r"[A-Za-z_]\w*", "\n".join("".join(cell["source"]) for cell in cells))
        )
        if (
            names := {
                name for hint in hints[1:] for name in re.findall(r"[A-Za-z_][A-Za-z_0-9]*", hint)
            }
            - known
            - shown
        ):
            strange[chapter] = names
    assert strange == {}
