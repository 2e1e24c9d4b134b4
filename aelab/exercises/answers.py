"""채점기가 함께 쓰는 도구: 학생의 함수를 안전하게 부르고, 돌려받은 것을 수나 텐서로 읽고, 견줍니다."""

import copy
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode


class Hint(Exception):
    """틀린 답. 글은 학생이 자기 결과의 무엇을 다시 볼지 말합니다."""


class Unsolved(Exception):
    """아직 채우지 않은 답."""


def expect(*checks: Any) -> None:
    """조건과 힌트를 번갈아 받아, 거짓인 첫 조건의 힌트를 냅니다."""
    for fine, hint in zip(checks[::2], checks[1::2], strict=True):
        if not fine:
            raise Hint(hint)


def call(function: Any, *inputs: object, **options: object) -> Any:
    """학생의 함수를 부릅니다. 함수가 아니거나 오류를 내거나 입력을 그 자리에서 바꾸면 Hint, 돌려주지 않으면 Unsolved."""
    if not callable(function):
        raise Hint(f"함수를 기대했는데 {_describe(function)}이(가) 왔습니다.")
    given = copy.deepcopy(inputs)
    try:
        result = function(*given, **options)
    except (Hint, Unsolved):
        raise
    except Exception as error:
        if _is_stub(error):
            raise Unsolved from None
        _check_untouched(inputs, given)
        raise Hint(f"함수를 부르는 동안 오류가 났습니다. {type(error).__name__}: {error}") from None
    if result is None or result is ...:
        raise Unsolved
    _check_untouched(inputs, given)
    return from_numpy(result) if isinstance(result, np.ndarray) else result


def _check_untouched(inputs: tuple, given: tuple) -> None:
    # 입력의 사본을 주었으므로 달라졌다면 학생의 함수가 바꾼 것입니다.
    same = all(
        torch.equal(before, after)
        for before, after in zip(inputs, given, strict=True)
        if isinstance(before, Tensor)
    )
    expect(same, "받은 텐서를 그 자리에서 바꾸었습니다. 사본에서 계산합니다.")


def from_numpy(array: np.ndarray) -> Tensor:
    try:
        return torch.from_numpy(array.copy())
    except TypeError:
        raise Hint(f"수의 배열을 기대했는데 {array.dtype} 배열이 왔습니다.") from None


def _is_stub(error: Exception) -> bool:
    """학생이 남겨 둔 `raise NotImplementedError`인지. PyTorch도 없는 연산에 같은 오류를 냅니다."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    written = "raise NotImplementedError" in (last.line or "")
    return isinstance(error, NotImplementedError) and written and "-packages" not in last.filename


class _Refusing(TorchDispatchMode):
    """PyTorch가 하는 연산마다 `refused(이름, 인자)`를 묻고, 참이면 Hint. 어떤 이름으로 불러도 같은 연산에 닿습니다."""

    def __init__(self, refused: Callable[[str, tuple], bool], hint: str) -> None:
        super().__init__()
        self.refused, self.hint = refused, hint

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # 아니면 컴파일러를 불러오느라 첫 채점이 몇 초 늦어집니다

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        expect(not self.refused(func._schema.name, args), self.hint)
        return func(*args, **(kwargs or {}))


def without(
    *classes: type, hint: str, refused: Callable[[str, tuple], bool] = lambda name, args: False
) -> Callable[..., Any]:
    """금지한 클래스를 만들거나 금지한 연산을 하면 Hint를 내는 `call`."""

    def run(answer: object, *inputs: object) -> Any:
        with ExitStack() as stack, _Refusing(refused, hint):
            for owner in classes:
                stack.enter_context(mock.patch.object(owner, "__init__", side_effect=Hint(hint)))
            return call(answer, *inputs)

    return run


def with_generator(answer: Any, *inputs: object, generator: torch.Generator | None = None) -> Any:
    """마지막 인자로 `generator`를 주어 부르는 `call`. 생성기는 베끼지 못하므로 묶어서 넘깁니다."""
    generator = generator or torch.Generator().manual_seed(0)
    return call((lambda *given: answer(*given, generator)) if callable(answer) else answer, *inputs)


OTHER_GENERATOR = "같은 씨앗의 generator를 주었는데 결과가 달라졌습니다. 난수를 뽑는 함수에 받은 generator를 넘깁니다."
RESEEDED = "두 번 불렀는데 같은 난수가 나왔습니다. 함수 안에서 씨앗을 다시 정하지 말고 받은 generator를 이어서 씁니다."


def check_generator(answer: Any, *inputs: object) -> None:
    """난수를 받은 `generator`에서만 이어서 뽑는지 봅니다. 아니면 Hint."""
    generator = torch.Generator().manual_seed(0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        first, second = (with_generator(answer, *inputs, generator=generator) for _ in range(2))
        torch.manual_seed(1)
        again = with_generator(answer, *inputs)
    expect(not torch.equal(first, second), RESEEDED, torch.equal(first, again), OTHER_GENERATOR)


def as_number(answer: Any) -> float:
    """답을 수 하나로 봅니다. 수가 아니면 Hint."""
    if isinstance(answer, Tensor) and answer.numel() == 1:
        answer = answer.item()
    try:
        if isinstance(answer, bool | str):
            raise TypeError
        return float(answer)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        raise Hint(f"수 하나를 기대했는데 {_describe(answer)}이(가) 왔습니다.") from None


def as_tensor(result: Any) -> Tensor:
    """텐서나 NumPy 배열, 수를 float64 텐서로 바꿉니다. 아니면 Hint."""
    kind, more = (
        _describe(result),
        "torch.tensor(...)로 감싸 텐서로 돌려줍니다." if isinstance(result, list | tuple) else "",
    )
    result = from_numpy(result) if isinstance(result, np.ndarray) else result
    expect(
        isinstance(result, Tensor | np.generic | float | int),
        f"torch.Tensor를 기대했는데 {kind}이(가) 왔습니다. {more}".rstrip(),
    )
    values = torch.as_tensor(result).detach()
    expect(not values.is_complex(), f"실수의 텐서를 기대했는데 {values.dtype} 텐서가 왔습니다.")
    return values.double()


def as_shape(result: Any, shape: tuple[int, ...], more: str = "") -> Tensor:
    """결과를 `shape`의 텐서로 봅니다. 아니면 Hint이고, `more`는 그 끝에 붙일 말입니다."""
    values = as_tensor(result)
    if tuple(values.shape) != shape:
        got = f"{tuple(values.shape)}이(가)" if values.ndim else "수 하나가"
        raise Hint(f"모양 {shape}을(를) 기대했는데 {got} 왔습니다. {more}".rstrip())
    return values


def close(value: Tensor | float, expected: Tensor | float, tolerance: float = 1e-4) -> bool:
    """값이 상대 오차 `tolerance` 안에서 같은지 봅니다. NaN은 언제나 다릅니다."""
    value = torch.as_tensor(value, dtype=torch.float64)
    expected = torch.as_tensor(expected, dtype=torch.float64)
    return value.shape == expected.shape and torch.allclose(
        value, expected, rtol=tolerance, atol=tolerance * 1e-2
    )


def _describe(value: object) -> str:
    return f"텐서 {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__


def repeated(drawn: Tensor) -> Tensor:
    """난수를 되풀이해 쓴 정도: 첫 축을 따라 어긋나게 겹친 자신과의 상관(절댓값)의 가장 큰 값."""
    waves = torch.fft.rfft(drawn - drawn.mean(0), dim=0).abs().square()
    overlaps = torch.fft.irfft(waves, n=len(drawn), dim=0)
    return (overlaps[1:].abs() / overlaps[0].clamp(min=1e-12)).max()
