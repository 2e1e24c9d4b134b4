"""입력 검사: 무엇을 기대했고 무엇이 왔는지, 어느 줄로 고치는지 말하는 오류를 냅니다.

그 오류는 TypeError나 ValueError이고, 검사는 입력을 바꾸지 않습니다.
"""

import math
import operator
import sys
import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor

# 오류의 끝에 붙이는 파이썬 한 줄의 머리. 그 줄을 그대로 실행하면 고쳐집니다.
MENDED_BY = " 이렇게 고칩니다: "

_RANGE_SLACK = 1e-3  # 부동소수점 반올림만큼은 범위를 벗어나도 받아들입니다.


def unexpected(
    name: str, expected: str, came: object, hint: str = "", error: type = ValueError
) -> Exception:
    """무엇을 기대했고 무엇이 왔는지 말하는 오류. `expected`에는 조사까지 적습니다."""
    last = ord(str(came)[-1]) - ord("가")  # 한글의 음절은 28개마다 받침이 없는 것부터 되풀이됩니다.
    particle = ("이" if last % 28 else "가") if 0 <= last <= ord("힣") - ord("가") else "이(가)"
    return error(f"{name}: {expected} 기대했는데 {came}{particle} 왔습니다.{hint}")


def check_image_batch(images: Tensor, name: str = "images") -> None:
    """`images`가 비어 있지 않은 실수형 (batch, channel, height, width) 텐서인지 검사합니다.

    오류: 텐서가 아니거나 실수형이 아니면 TypeError, 모양이 다르면 ValueError.
    """
    if _is_image_batch(images):
        return
    hint = _mending_line(images, name)
    check_float_tensor(images, name, hint)
    if images.numel() == 0:
        raise unexpected(name, "한 장 이상의 이미지를", tuple(images.shape))
    raise unexpected(name, "(batch, channel, height, width)의 4차원을", tuple(images.shape), hint)


def as_image_batch(images: Any, name: str) -> Tensor:
    """`check_image_batch`를 지난 텐서. 실수의 NumPy 배열도 받아 텐서로 바꿉니다."""
    is_float_array = isinstance(images, np.ndarray) and images.dtype.kind == "f"
    batch = torch.from_numpy(images.copy()) if is_float_array else images
    if not _is_image_batch(batch):
        check_image_batch(images, name)  # 받은 그대로여야 고치는 줄도 맞습니다.
    return batch


def _is_image_batch(images: Any) -> bool:
    is_batch = isinstance(images, Tensor) and images.is_floating_point() and images.ndim == 4
    return is_batch and images.numel() > 0 and not _channels_last(images)


def _channels_last(images: Tensor) -> bool:
    """(높이, 너비, 3)의 차례로 보이는지."""
    return images.ndim > 2 and images.shape[-1] == 3 and 3 not in images.shape[-3:-1]


def _mending_line(images: Any, name: str) -> str:
    """PIL, NumPy, 뒤에 놓인 채널 축, uint8, 묶음이 아닌 한 장을 한꺼번에 고치는 한 줄."""
    if type(images).__name__ == "ImageSet":
        return f"{MENDED_BY}{name} = {name}[:64]"
    line = name
    if type(images).__module__.startswith("PIL."):
        line, images = f'np.asarray({line}.convert("RGB"))', np.asarray(images.convert("RGB"))
    if isinstance(images, np.ndarray):
        line, images = f"torch.tensor({line})", torch.tensor(images)
    if not isinstance(images, Tensor) or images.ndim not in (2, 3, 4):
        return ""
    if _channels_last(images):
        line += ".permute(2, 0, 1)" if images.ndim == 3 else ".permute(0, 3, 1, 2)"
    if images.dtype == torch.uint8:
        line = f"aelab.data.to_float({line})"
    elif images.dtype != torch.float32:
        line += ".float()"
    line += {2: "[None, None]", 3: "[None]", 4: ""}[images.ndim]
    return f"{MENDED_BY}{name} = {line}"


def check_image_range(images: Tensor, name: str = "images") -> None:
    """모든 값이 모델이 배운 범위 [-1, 1]에 있는지 검사합니다.

    벗어나면 ValueError. 묶음 전체에 음수가 하나도 없으면 [0, 1]의 이미지일 것이므로 경고합니다.
    한 가지 색으로만 채운 이미지는 밝아도 경고하지 않습니다.
    """
    least, most = bounds(images)
    hint = ""
    if least >= 0 and most > 2:
        hint = f"{MENDED_BY}{name} = {name} / 127.5 - 1"
    elif least > -2 and most < 2:
        hint = f"{MENDED_BY}{name} = {name}.clamp(-1, 1)"
    check_range(images, -1, 1, name, hint)
    if least >= 0 and varies(images):
        warn(
            f"{name}: [-1, 1]의 이미지를 기대했는데 묶음 전체에 음수가 하나도 없습니다. "
            f"ToTensor()의 결과처럼 [0, 1]의 이미지라면{MENDED_BY}{name} = {name} * 2 - 1"
        )


def varies(images: Tensor) -> bool:
    """값이 자리마다 다른 채널이 하나라도 있는지."""
    return not torch.equal(images.amin((2, 3)), images.amax((2, 3)))


def warn(message: str) -> None:
    """이 패키지와 torch의 바깥, 곧 학생이 쓴 줄을 가리켜 경고합니다. 같은 줄에서는 한 번만 보입니다."""
    frame, depth = sys._getframe(), 1
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(("aelab.", "torch.")):
        frame, depth = frame.f_back, depth + 1
    warnings.warn(message, stacklevel=depth)


def check_float_tensor(values: Tensor, name: str, hint: str = "") -> None:
    """`values`가 실수형의 텐서인지 검사합니다. 아니면 TypeError."""
    if not isinstance(values, Tensor):
        if isinstance(values, np.ndarray):
            hint = hint or f"{MENDED_BY}{name} = torch.tensor({name}).float()"
        raise unexpected(name, "torch.Tensor를", type(values).__name__, hint, TypeError)
    if not values.is_floating_point():
        hint = hint or f"{MENDED_BY}{name} = {name}.float()"
        raise unexpected(name, "실수형 텐서를", values.dtype, hint, TypeError)


def check_codes(codes: Tensor, latent_dim: int | None = None, name: str = "codes") -> None:
    """`codes`가 비어 있지 않은 실수형 (batch, latent_dim) 텐서인지 검사합니다.

    `latent_dim`이 없으면 1 이상의 어느 차원이든 받습니다.
    """
    check_float_tensor(codes, name)
    fits = codes.ndim == 2 and codes.numel() > 0
    if not fits or latent_dim not in (None, codes.shape[1]):
        hint = f"{MENDED_BY}{name} = {name}[None]" if codes.ndim == 1 else ""
        expected = f"한 개 이상의 잠재 벡터 (batch, {latent_dim or 'latent_dim'})를"
        raise unexpected(name, expected, tuple(codes.shape), hint)


def check_finite(values: Tensor, name: str) -> None:
    """모든 값이 유한한지 검사합니다. NaN이나 무한대가 있으면 ValueError."""
    if values.numel() > 0 and not all(map(math.isfinite, bounds(values))):
        broken = int((~torch.isfinite(values)).sum())
        raise ValueError(f"{name}: 유한한 값만 기대했는데 NaN이나 무한대가 {broken}개 있습니다.")


def bounds(values: Tensor) -> tuple[float, float]:
    """가장 작은 값과 가장 큰 값. NaN이 하나라도 있으면 둘 다 NaN입니다.

    값마다 유한한지 묻는 것보다 열 배쯤, aminmax보다 몇 배 빠릅니다.
    """
    detached = values.detach()
    return float(detached.amin()), float(detached.amax())


def check_range(values: Tensor, low: float, high: float, name: str, hint: str = "") -> None:
    """모든 값이 유한하고 [low, high] 안에 있는지 검사합니다. 벗어나면 ValueError."""
    check_finite(values, name)
    least, most = bounds(values)
    slack = _RANGE_SLACK * (high - low)
    if least < low - slack or most > high + slack:
        found = f"[{least:.4g}, {most:.4g}]의 값"
        raise unexpected(name, f"[{low:g}, {high:g}]의 값을", found, hint)


def check_positive_int(value: int, name: str) -> int:
    """`value`가 1 이상의 정수인지 검사하고 파이썬의 정수로 돌려줍니다.

    np.int64와 원소가 하나인 정수 텐서도 정수입니다.
    """
    try:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        digits = isinstance(value, str) and value.strip().isdecimal()
        hint = f"{MENDED_BY}{name} = {value}" if digits else ""
        raise unexpected(name, "정수를", repr(value), hint, TypeError) from None
    if number < 1:
        raise unexpected(name, "1 이상의 정수를", number)
    return number
