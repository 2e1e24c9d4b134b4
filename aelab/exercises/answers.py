"""채점기가 함께 쓰는 도구: 답을 꺼내고, 학생의 함수를 안전하게 부르고, 값을 견줍니다."""

import copy

import torch
from torch import Tensor


class Hint(Exception):
    """틀린 답. 글은 학생이 자기 결과의 무엇을 다시 볼지 말합니다."""


class Unsolved(Exception):
    """아직 채우지 않은 답."""


def as_number(answer: object) -> float:
    """답을 수 하나로 봅니다. 수가 아니면 Hint."""
    if isinstance(answer, bool) or callable(answer) or isinstance(answer, str):
        raise Hint(f"수 하나를 기대했는데 {type(answer).__name__}이(가) 왔습니다.")
    if isinstance(answer, Tensor):
        answer = answer.detach()
    try:
        return float(answer)  # type: ignore[arg-type]
    except (TypeError, ValueError, RuntimeError, OverflowError):
        raise Hint(f"수 하나를 기대했는데 {_describe(answer)}이(가) 왔습니다.") from None


def call(function: object, *inputs: object, **options: object) -> object:
    """학생의 함수를 부릅니다.

    함수가 아니거나, 부르는 동안 오류가 나거나, 입력을 그 자리에서 바꾸면 Hint,
    아무것도 돌려주지 않으면 Unsolved.
    """
    if not callable(function):
        raise Hint(f"함수를 기대했는데 {_describe(function)}이(가) 왔습니다.")
    given = copy.deepcopy(inputs)
    try:
        result = function(*given, **options)
    except NotImplementedError:
        raise Unsolved from None
    except Exception as error:
        raise Hint(f"함수를 부르는 동안 오류가 났습니다. {type(error).__name__}: {error}") from None
    if result is None or result is ...:
        raise Unsolved
    for before, after in zip(inputs, given, strict=True):
        # 입력의 사본을 주었으므로 달라졌다면 학생의 함수가 바꾼 것입니다.
        if isinstance(before, Tensor) and not torch.equal(before, torch.as_tensor(after)):
            raise Hint("받은 텐서를 그 자리에서 바꾸었습니다. 사본에서 계산합니다.")
    return result


def as_tensor(result: object, shape: tuple[int, ...]) -> Tensor:
    """결과를 `shape`의 텐서로 봅니다. 아니면 Hint."""
    if isinstance(result, list | tuple):
        raise Hint(
            f"torch.Tensor를 기대했는데 {type(result).__name__}이(가) 왔습니다. "
            "torch.tensor(...)로 감싸 텐서로 돌려줍니다."
        )
    if not isinstance(result, Tensor):
        raise Hint(f"torch.Tensor를 기대했는데 {_describe(result)}이(가) 왔습니다.")
    if result.is_complex() or result.is_meta or result.layout != torch.strided:
        raise Hint(
            f"값이 모두 있는 실수의 텐서를 기대했는데 {result.device}의 {result.dtype}, "
            f"{result.layout} 텐서가 왔습니다."
        )
    if tuple(result.shape) != shape:
        raise Hint(f"모양 {shape}을(를) 기대했는데 {tuple(result.shape)}이(가) 왔습니다.")
    return result.detach().double()


def as_list(result: object) -> object:
    """텐서이면 파이썬의 목록으로 바꾸고, 그 밖의 것과 바꿀 수 없는 텐서는 그대로 둡니다."""
    if isinstance(result, Tensor) and result.layout == torch.strided and not result.is_meta:
        return result.tolist()
    return result


def close(value: Tensor | float, expected: Tensor | float, tolerance: float = 1e-4) -> bool:
    """값이 상대 오차 `tolerance` 안에서 같은지 봅니다. NaN은 언제나 다릅니다."""
    value = torch.as_tensor(value, dtype=torch.float64)
    expected = torch.as_tensor(expected, dtype=torch.float64)
    return value.shape == expected.shape and torch.allclose(
        value, expected, rtol=tolerance, atol=tolerance * 1e-2
    )


def _describe(value: object) -> str:
    return f"텐서 {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
