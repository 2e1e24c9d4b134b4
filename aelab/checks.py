"""입력 검사: 무엇을 기대했고 무엇이 왔는지 말하는 오류를 냅니다.

그 오류는 TypeError나 ValueError이고, 검사는 입력을 바꾸지 않습니다.
"""

import math

import torch
from torch import Tensor

# 부동소수점 반올림만큼은 범위를 벗어나도 받아들입니다.
_RANGE_SLACK = 1e-3

# 계산할 수 있는 실수형. float8은 저장할 때만 쓰는 것이라 곱하거나 더할 수 없습니다.
_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def check_float_tensor(values: Tensor, name: str, hint: str = "") -> None:
    """`values`가 실수형의 조밀한 텐서인지 검사합니다. 아니면 TypeError."""
    if not isinstance(values, Tensor):
        raise TypeError(
            f"{name}: torch.Tensor를 기대했는데 {type(values).__name__}이(가) 왔습니다."
        )
    if values.dtype not in _FLOATS:
        raise TypeError(f"{name}: 실수형 텐서를 기대했는데 {values.dtype}이(가) 왔습니다.{hint}")
    if values.layout != torch.strided:
        raise TypeError(f"{name}: 조밀한 텐서를 기대했는데 {values.layout} 텐서가 왔습니다.")


def check_image_batch(images: Tensor, name: str = "images") -> None:
    """`images`가 비어 있지 않은 실수형 (batch, channel, height, width) 텐서인지 검사합니다.

    오류: 텐서가 아니거나 실수형이 아니면 TypeError, 모양이 다르면 ValueError.
    """
    check_float_tensor(
        images, name, " uint8 이미지는 aelab.data.to_float로 [-1, 1]의 실수로 바꿉니다."
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
    """모든 값이 유한한지 검사합니다. NaN이나 무한대가 있거나 볼 값이 없으면 ValueError."""
    if values.is_meta:
        raise ValueError(f"{name}: 값이 있는 텐서를 기대했는데 meta 장치의 텐서가 왔습니다.")
    if not all_finite(values):
        broken = int((~torch.isfinite(values)).sum())
        raise ValueError(f"{name}: 유한한 값만 기대했는데 NaN이나 무한대가 {broken}개 있습니다.")


def all_finite(values: Tensor) -> bool:
    """모든 값이 유한한지. 값이 없으면 참입니다."""
    return values.numel() == 0 or all(map(math.isfinite, _bounds(values)))


def _bounds(values: Tensor) -> tuple[float, float]:
    """가장 작은 값과 가장 큰 값. NaN이 하나라도 있으면 둘 다 NaN입니다.

    값마다 유한한지 묻는 것보다 열 배쯤, aminmax보다 몇 배 빠릅니다.
    """
    detached = values.detach()
    return float(detached.amin()), float(detached.amax())


def check_range(images: Tensor, low: float, high: float, name: str, hint: str = "") -> None:
    """모든 값이 유한하고 [low, high] 안에 있는지 검사합니다. 벗어나면 ValueError."""
    check_finite(images, name)
    least, most = _bounds(images)
    slack = _RANGE_SLACK * (high - low)
    if least < low - slack or most > high + slack:
        raise ValueError(
            f"{name}: [{low:g}, {high:g}]의 값을 기대했는데 [{least:.4g}, {most:.4g}]의 값이 "
            f"왔습니다.{hint}"
        )


def check_codes(codes: Tensor, latent_dim: int | None = None, name: str = "codes") -> None:
    """`codes`가 비어 있지 않은 실수형 (batch, latent_dim) 텐서인지 검사합니다.

    `latent_dim`이 없으면 1 이상의 어느 차원이든 받습니다.
    """
    check_float_tensor(codes, name)
    if latent_dim is None:
        latent_dim = max(1, codes.shape[-1]) if codes.ndim else 1
    if codes.ndim != 2 or codes.shape[1] != latent_dim or len(codes) == 0:
        raise ValueError(
            f"{name}: 한 개 이상의 잠재 벡터 (batch, {latent_dim})를 기대했는데 "
            f"{tuple(codes.shape)}이(가) 왔습니다."
        )


def differentiable(values: Tensor) -> Tensor:
    """자동 미분이 기억해 둘 수 있는 텐서. inference_mode에서 만든 텐서는 그 밖에서는 사본입니다."""
    # 컴파일하는 동안에 물으면 그래프가 끊깁니다.
    if torch.compiler.is_compiling():
        return values
    made_inside = values.is_inference() and not torch.is_inference_mode_enabled()
    return values.clone() if made_inside else values


def check_positive_int(value: int, name: str) -> None:
    """`value`가 1 이상의 정수인지 검사합니다."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name}: 정수를 기대했는데 {value!r}이(가) 왔습니다.")
    if value < 1:
        raise ValueError(f"{name}: 1 이상의 정수를 기대했는데 {value}이(가) 왔습니다.")
