"""채점기의 성질: 어떤 답에도 오류를 내지 않고 한국어로 말하며, 답이든 전역 상태든 바꾸지 않습니다."""

import ast
import math
import re

import pytest
import torch
from torch import Tensor

from aelab.exercises import grade
from tests.properties import LAYOUTS, Snapshot, graders, lay_out, nothing_left_behind

STRANGE = {
    "nan": lambda values: values * torch.nan,
    "infinity": lambda values: values / 0,
    "ones": torch.ones_like,
    "integers": Tensor.int,
    "booleans": Tensor.bool,
    "half": Tensor.half,
    "bfloat16": Tensor.bfloat16,
    "learned": lambda values: values.clone().requires_grad_(),
    "inference": lambda values: lay_out(values, "contiguous", "inference"),
    "strided": LAYOUTS["strided"][1],
    "one axis more": lambda values: values[None],
    "complex": lambda values: values.to(torch.complex64),
    "sparse": Tensor.to_sparse,
    "meta": lambda values: values.to("meta"),
    "flat": Tensor.flatten,
    "empty": lambda values: values.flatten()[:0],
    "scalar": lambda values: values.sum(),
    "list": Tensor.tolist,
    "array": Tensor.numpy,
}


def test_every_chapter_has_graders():
    chapters = {name.split(".")[0] for name in graders()}
    assert len(chapters) > 8
    assert len(graders()) > 30


def expected_shape(name: str) -> tuple[int, ...]:
    """채점기가 처음에 바라는 모양. 모양이 아닌 것을 바라면 ()."""
    found = re.search(r"모양 (\([\d, ]*\))", grade(name, lambda *_, **__: torch.zeros(1, 2, 0))[1])
    return ast.literal_eval(found[1]) if found else ()


@pytest.mark.parametrize("name", graders())
def test_any_tensor_is_graded_without_an_error(name):
    values = torch.linspace(-1, 1, 6).reshape(2, 3)
    shape = expected_shape(name)
    fitting = torch.linspace(-1, 1, math.prod(shape)).reshape(shape)
    for kind, make in STRANGE.items():
        for tensor in (values, fitting):
            answer = make(tensor.clone())
            dense = isinstance(answer, Tensor) and not (answer.is_meta or answer.is_sparse)
            given = [answer] if dense else []
            for submitted in (answer, lambda *_, answer=answer, **__: answer):
                snapshot = Snapshot(given)
                with nothing_left_behind():
                    solved, message = grade(name, submitted)
                snapshot.check()
                assert solved is not True, kind
                assert re.search("[가-힣]", message), (kind, message)


@pytest.mark.parametrize("name", graders())
def test_echoes_of_the_question_are_graded_without_an_error(name):
    """받은 것을 그대로, 또는 모두 돌려주는 함수."""
    for echo in (lambda *given, **_: given[0], lambda *given, **_: given):
        with nothing_left_behind():
            solved, message = grade(name, echo)
        assert solved is not True
        assert re.search("[가-힣]", message), message
