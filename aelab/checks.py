"""입력 검사: 무엇을 기대했고 무엇이 왔는지 말하는 오류를 냅니다."""

import torch
from torch import Tensor

# 부동소수점 반올림만큼은 범위를 벗어나도 받아들입니다.
_RANGE_SLACK = 1e-3


def check_image_batch(images: Tensor, name: str = "images") -> None:
    """`images`가 비어 있지 않은 실수형 (batch, channel, height, width) 텐서인지 검사합니다.

    오류: 텐서가 아니거나 실수형이 아니면 TypeError, 모양이 다르면 ValueError.
    """
    if not isinstance(images, Tensor):
        raise TypeError(
            f"{name}: torch.Tensor를 기대했는데 {type(images).__name__}이(가) 왔습니다."
        )
    if not images.is_floating_point():
        raise TypeError(
            f"{name}: 실수형 텐서를 기대했는데 {images.dtype}이(가) 왔습니다. "
            "uint8 이미지는 aelab.data.to_float로 [-1, 1]의 실수로 바꿉니다."
        )
    if images.ndim != 4:
        hint = " 이미지 한 장은 images[None]으로 묶음을 만듭니다." if images.ndim == 3 else ""
        raise ValueError(
            f"{name}: (batch, channel, height, width)의 4차원을 기대했는데 "
            f"{tuple(images.shape)}이(가) 왔습니다.{hint}"
        )
    if images.numel() == 0:
        raise ValueError(
            f"{name}: 한 장 이상의 이미지를 기대했는데 빈 묶음 {tuple(images.shape)}이(가) 왔습니다."
        )


def check_finite(values: Tensor, name: str) -> None:
    """모든 값이 유한한지 검사합니다. NaN이나 무한대가 있으면 ValueError."""
    if not torch.isfinite(values).all():
        broken = int((~torch.isfinite(values)).sum())
        raise ValueError(f"{name}: 유한한 값만 기대했는데 NaN이나 무한대가 {broken}개 있습니다.")


def check_range(images: Tensor, low: float, high: float, name: str, hint: str = "") -> None:
    """모든 값이 유한하고 [low, high] 안에 있는지 검사합니다. 벗어나면 ValueError."""
    check_finite(images, name)
    least, most = (float(value) for value in torch.aminmax(images.detach()))
    slack = _RANGE_SLACK * (high - low)
    if least < low - slack or most > high + slack:
        raise ValueError(
            f"{name}: [{low:g}, {high:g}]의 값을 기대했는데 [{least:.4g}, {most:.4g}]의 값이 "
            f"왔습니다.{hint}"
        )


def check_codes(codes: Tensor, latent_dim: int, name: str = "codes") -> None:
    """`codes`가 비어 있지 않은 실수형 (batch, latent_dim) 텐서인지 검사합니다."""
    if not isinstance(codes, Tensor):
        raise TypeError(f"{name}: torch.Tensor를 기대했는데 {type(codes).__name__}이(가) 왔습니다.")
    if not codes.is_floating_point():
        raise TypeError(f"{name}: 실수형 텐서를 기대했는데 {codes.dtype}이(가) 왔습니다.")
    if codes.ndim != 2 or codes.shape[1] != latent_dim or len(codes) == 0:
        raise ValueError(
            f"{name}: 한 개 이상의 잠재 벡터 (batch, {latent_dim})를 기대했는데 "
            f"{tuple(codes.shape)}이(가) 왔습니다."
        )


def check_positive_int(value: int, name: str) -> None:
    """`value`가 1 이상의 정수인지 검사합니다."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name}: 정수를 기대했는데 {value!r}이(가) 왔습니다.")
    if value < 1:
        raise ValueError(f"{name}: 1 이상의 정수를 기대했는데 {value}이(가) 왔습니다.")
