"""성질 시험이 함께 쓰는 것: 공개 함수 찾기, 텐서를 달리 놓기와 망가뜨리기, 남은 흔적 보기."""

import importlib
import inspect
import pkgutil
import random
import re
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass

import jaxtyping
import matplotlib
import numpy as np
import torch
from hypothesis import strategies as st
from torch import Tensor

import aelab
from aelab.data import ImageSet

# 공개 함수 찾기


def takes_tensors(function: Callable) -> bool:
    """인자 가운데 텐서나 이미지 모음이 있는지. 형을 적지 않은 인자도 있다고 봅니다."""
    # TYPE_CHECKING 안에서만 들여온 이름은 함수의 모듈에 없습니다.
    hints = typing.get_type_hints(function, localns={"ImageSet": ImageSet})
    named = [name for name in inspect.signature(function).parameters if name not in ("self", "cls")]
    return any(name not in hints or _holds_tensors(hints[name]) for name in named)


def _holds_tensors(hint: object) -> bool:
    kinds = (Tensor, ImageSet, jaxtyping.AbstractArray)
    if isinstance(hint, type) and issubclass(hint, kinds):
        return True
    return any(_holds_tensors(part) for part in typing.get_args(hint))


def public_functions(package=aelab) -> dict[str, Callable]:
    """텐서를 받는 공개 함수와 메서드: "metrics.psnr", "models.Encoder.forward" 등.

    텐서로 만든 객체의 메서드는 텐서를 인자로 받지 않아도 그 텐서로 계산하므로 함께 셉니다.
    """
    found = {}
    for module in _modules(package):
        for name, thing in _own(module).items():
            if isinstance(thing, type):
                members = {
                    key: getattr(thing, key)
                    for key in vars(thing)
                    if not key.startswith("_") or key in ("__init__", "__getitem__")
                }
                members = {key: value for key, value in members.items() if callable(value)}
                of_tensors = "__init__" in members and takes_tensors(members["__init__"])
                for key, method in members.items():
                    if of_tensors or takes_tensors(method):
                        found[f"{_short(module)}.{name}.{key}"] = method
            elif callable(thing) and takes_tensors(thing):
                found[f"{_short(module)}.{name}"] = thing
    return found


def graders() -> list[str]:
    """모든 채점기: "encoder.normalize" 등."""
    from aelab import exercises

    return [
        f"{_short(module)}.{name}".removeprefix("exercises.")
        for module in _modules(exercises)
        for name, thing in _own(module).items()
        if not isinstance(thing, type) and list(inspect.signature(thing).parameters) == ["answer"]
        if _short(module) != "exercises.answers"
    ]


def _modules(package) -> Iterator:
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not info.name.endswith("__main__"):
            yield importlib.import_module(info.name)


def _own(module) -> dict[str, typing.Any]:
    """그 모듈에서 정의한 공개 이름."""
    return {
        name: thing
        for name, thing in vars(module).items()
        if not name.startswith("_") and getattr(thing, "__module__", None) == module.__name__
    }


def _short(module) -> str:
    return module.__name__.removeprefix("aelab.")


# 값

FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


@st.composite
def values(draw, *shape: int, low: float = -1.0, high: float = 1.0) -> Tensor:
    """[low, high]의 float32 텐서: 고른 난수, 양 끝과 가운데만 있는 값, 한 가지 값."""
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    kind = draw(st.sampled_from(["uniform", "steps", "one value"]))
    numbers = torch.rand(shape, generator=generator)
    if kind == "steps":
        numbers = (numbers * 4).round() / 4
    if kind == "one value":
        numbers = torch.full(shape, float(numbers.flatten()[0]) if numbers.numel() else 0.0)
    return numbers * (high - low) + low


@st.composite
def images(draw, low: float = -1.0, high: float = 1.0, *, side: int | None = None) -> Tensor:
    """이미지 묶음. `side`가 없으면 세로와 가로가 다를 수 있습니다."""
    height, width = (side, side) if side else (draw(st.integers(1, 9)), draw(st.integers(1, 9)))
    return draw(values(draw(st.integers(1, 4)), 3, height, width, low=low, high=high))


@st.composite
def table(draw, rows: tuple[int, int], columns: tuple[int, int], scale: float = 3.0) -> Tensor:
    """서로 다른 행을 가진 (n, d)의 정규분포 난수."""
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    shape = draw(st.integers(*rows)), draw(st.integers(*columns))
    return torch.randn(shape, generator=generator) * scale


# 같은 값을 달리 놓기


def _strided(values: Tensor) -> Tensor:
    wide = torch.full((*values.shape, 2), 77).to(values.dtype)
    wide[..., 0] = values
    return wide[..., 0]


def _offset(values: Tensor) -> Tensor:
    return torch.cat([values[:1], values])[1:]


def _permuted(values: Tensor) -> Tensor:
    return values.movedim(0, -1).contiguous().movedim(-1, 0)


def _channels_last(values: Tensor) -> Tensor:
    return values.contiguous(memory_format=torch.channels_last)


def _expanded(values: Tensor) -> Tensor:
    """첫 행을 모든 행으로 봅니다. 값이 달라지는 유일한 배치입니다."""
    return values[:1].expand_as(values)


LAYOUTS: dict[str, tuple[int, Callable[[Tensor], Tensor]]] = {
    # 이름 → (필요한 축의 수, 배치)
    "contiguous": (0, torch.clone),
    "strided": (0, _strided),
    "offset": (1, _offset),
    "permuted": (2, _permuted),
    "channels last": (4, _channels_last),
    "expanded": (1, _expanded),
}

KINDS = ("plain", "requires grad", "part of a graph", "inference")


def lay_out(values: Tensor, layout: str, kind: str) -> Tensor:
    axes, place = LAYOUTS[layout]
    if values.ndim < axes:
        place = torch.clone
    if kind == "inference":
        with torch.inference_mode():
            return place(values.clone())
    if kind == "requires grad" and values.is_floating_point():
        return place(values).detach().requires_grad_()
    if kind == "part of a graph" and values.is_floating_point():
        return place(values.clone().requires_grad_() * 1)
    return place(values)


# 망가뜨리기


def _with_one(value: float) -> Callable[[Tensor], Tensor | None]:
    def damage(values: Tensor) -> Tensor | None:
        if not values.is_floating_point() or not values.numel():
            return None
        damaged = values.clone(memory_format=torch.contiguous_format)
        damaged.view(-1)[damaged.numel() // 2] = value
        return damaged

    return damage


DAMAGES: dict[str, Callable[[Tensor], object]] = {
    # 텐서 → 망가진 것. 그 텐서에는 뜻이 없으면 그대로 둔 텐서나 None
    "none": lambda values: [None],
    "list": Tensor.tolist,
    "array": Tensor.numpy,
    "text": lambda values: "텐서",
    "integers": lambda values: values.int(),
    "reals": lambda values: None if values.is_floating_point() else values.float(),
    "booleans": lambda values: values.bool(),
    "complex": lambda values: values.to(torch.complex64),
    "float8": lambda values: values.float().to(torch.float8_e4m3fn),
    "sparse": lambda values: values.to_sparse() if values.ndim else None,
    "scalar": lambda values: values.flatten()[0] if values.ndim else None,
    "one axis fewer": lambda values: values[0] if values.ndim > 1 else None,
    "one axis more": lambda values: values[None],
    "empty": lambda values: values[:0] if values.ndim else None,
    "hollow": lambda values: values[..., :0] if values.ndim > 1 else None,
    "nan": _with_one(float("nan")),
    "infinity": _with_one(float("inf")),
    "negative infinity": _with_one(float("-inf")),
    "far": _with_one(300.0),
    "meta": lambda values: values.to("meta"),
}


def refusal(error: BaseException) -> str | None:
    """문서에 적힌 꼴의 오류가 아니면 그 까닭. 한국어로 말하는 TypeError나 ValueError를 바랍니다."""
    if type(error) not in (TypeError, ValueError):
        return f"{type(error).__name__}이(가) 안에서 새어 나왔습니다: {error}"
    if not re.search("[가-힣]", str(error)):
        return f"오류의 글이 한국어가 아닙니다: {error}"
    return None


# 흔적


def _global_state() -> dict[str, object]:
    _, numbers, *place = np.random.get_state()  # noqa: NPY002
    return {
        "torch의 난수": torch.get_rng_state().numpy().tobytes(),
        "numpy의 난수": (numbers.tobytes(), place),
        "random의 난수": random.getstate(),
        "기본 자료형": torch.get_default_dtype(),
        "기본 장치": torch.get_default_device(),
        "기울기": (torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
        "스레드": torch.get_num_threads(),
        "결정론": torch.are_deterministic_algorithms_enabled(),
        # RcParams에서 하나씩 꺼내면 몇 배 느립니다.
        "그림의 모양": list(dict.items(matplotlib.rcParams)),
    }


@contextmanager
def nothing_left_behind(*, but: str = "") -> Iterator[None]:
    """안에서 `but` 말고 다른 전역 상태가 달라지면 실패합니다."""
    before = _global_state()
    yield
    after = _global_state()
    changed = [name for name in before if before[name] != after[name] and name != but]
    assert not changed, f"부른 뒤에 전역 상태가 달라졌습니다: {', '.join(changed)}"


@dataclass
class Snapshot:
    """부르기 전의 텐서: 값, 크기와 걸음, 그리고 제자리에서 바뀐 횟수."""

    tensors: Sequence[Tensor]

    def __post_init__(self) -> None:
        self.before = [self._seen(tensor) for tensor in self.tensors]
        self.copies = [tensor.detach().clone() for tensor in self.tensors]

    @staticmethod
    def _seen(tensor: Tensor) -> tuple:
        version = None if tensor.is_inference() else tensor._version
        return tensor.shape, tensor.stride(), tensor.requires_grad, version

    def check(self) -> None:
        for tensor, copy, before in zip(self.tensors, self.copies, self.before, strict=True):
            assert self._seen(tensor) == before, "입력이 제자리에서 바뀌었습니다."
            assert torch.equal(_without_nan(tensor.detach()), _without_nan(copy))


def _without_nan(values: Tensor) -> Tensor:
    return values.double().nan_to_num() if values.is_floating_point() else values


# 결과


def tensors_in(result: object) -> list[Tensor]:
    """결과에 든 모든 텐서, 나온 차례대로. 수는 float64의 텐서로 봅니다."""
    if isinstance(result, Tensor):
        return [result]
    if isinstance(result, bool | int | float):
        return [torch.tensor(float(result), dtype=torch.float64)]
    if isinstance(result, np.ndarray):
        return [torch.from_numpy(result.copy())]
    if isinstance(result, Mapping):
        return [tensor for part in result.values() for tensor in tensors_in(part)]
    if isinstance(result, tuple | list):
        return [tensor for part in result for tensor in tensors_in(part)]
    if is_dataclass(result):
        parts = [getattr(result, field.name) for field in fields(result)]
        return [tensor for part in parts for tensor in tensors_in(part)]
    return []


def shares_memory(a: Tensor, b: Tensor) -> bool:
    if a.is_meta or b.is_meta or not a.numel() or not b.numel():
        return False
    return a.untyped_storage().data_ptr() == b.untyped_storage().data_ptr()


# 반올림만 다를 때 받아들이는 상대 오차. 절대 오차는 기준값의 크기에 맞춥니다.
ROUNDING = {
    torch.float16: 5e-3,
    torch.bfloat16: 4e-2,
    torch.float32: 2e-5,
    torch.float64: 1e-9,
}


def assert_close(result: object, expected: object, tolerance: float | None = None) -> None:
    """두 결과의 모든 텐서가 반올림만큼만 다른지. 자료형은 견주지 않습니다."""
    found, wanted = tensors_in(result), tensors_in(expected)
    assert len(found) == len(wanted)
    for a, b in zip(found, wanted, strict=True):
        a, b = a.detach(), b.detach()
        rounding = tolerance or max(ROUNDING.get(a.dtype, 0.0), ROUNDING.get(b.dtype, 0.0))
        size = float(b[torch.isfinite(b)].abs().max()) if torch.isfinite(b).any() else 1.0
        torch.testing.assert_close(
            a.double(), b.double(), rtol=rounding, atol=rounding * max(size, 1e-30), equal_nan=True
        )
