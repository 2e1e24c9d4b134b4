"""두 이미지가 얼마나 다른가: 제곱오차, MSE, PSNR, SSIM을 이미지마다 하나씩."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from aelab import checks
from aelab.types import Images, ImagesOrArray, PerImage


def squared_error_per_image(restored: ImagesOrArray, original: ImagesOrArray) -> PerImage:
    """이미지마다 모든 채널과 픽셀에서 더한 제곱오차, (batch,).

    학습의 손실이 이 값을 쓰므로 NaN은 오류가 되지 않고 결과의 NaN으로 남습니다. float16과 bfloat16은
    더하는 동안 넘치거나 자릿수를 잃으므로 float32로 바꾸어 계산하고, 결과도 float32입니다.

    인자
        restored, original: 같은 모양의 실수 (batch, channel, height, width), 텐서나 NumPy 배열.

    오류: 모양이나 자료형, 장치가 다르면 ValueError 또는 TypeError.
    """
    restored, original = _checked_pair(restored, original)
    return (restored - original).square().flatten(1).sum(1)


def mse(restored: ImagesOrArray, original: ImagesOrArray) -> PerImage:
    """이미지마다의 평균제곱오차, (batch,): 제곱오차의 합을 값의 개수로 나눕니다.

    인자와 오류는 `squared_error_per_image`와 같습니다.
    """
    return squared_error_per_image(restored, original) / math.prod(original.shape[1:])


def psnr(
    restored: ImagesOrArray, original: ImagesOrArray, data_range: float | None = None
) -> PerImage:
    """이미지마다의 최대 신호 대 잡음비, (batch,), 단위 dB.

    10·log10(data_range² / MSE)이며, 두 이미지가 같으면 무한대입니다.
    이미지마다 구한 PSNR의 평균은 평균 MSE로 구한 PSNR과 다릅니다.

    인자
        restored, original: 같은 모양의 실수 (batch, channel, height, width), 텐서나 NumPy 배열.
        data_range: 값이 가질 수 있는 폭. [-1, 1]이면 2, [0, 1]이면 1, [0, 255]이면 255. 꼭 적습니다.

    오류: 모양이나 자료형, 장치가 다르거나, 유한하지 않은 값이 있거나, 원본의 폭이 data_range보다 크면
        오류를 냅니다. [-1, 1]이나 [0, 1]로 보이는 원본에 다른 폭을 주면, 2보다 큰 폭은 오류이고 그
        밖에는 경고합니다.
    """
    restored, original = _checked_pair(restored, original)
    data_range = _number(data_range, " [-1, 1]의 이미지이면 data_range=2입니다.")
    checks.check_finite(restored, "restored")
    checks.check_finite(original, "original")
    _check_data_range(data_range, original)
    return 10 * torch.log10(data_range**2 / mse(restored, original))


def ssim(
    restored: ImagesOrArray, original: ImagesOrArray, data_range: float | None = None
) -> PerImage:
    """이미지마다의 구조적 유사도, (batch,). 같은 이미지는 1이고, 클수록 비슷합니다.

    σ = 1.5인 11×11 가우스 창으로 평균·분산·공분산을 재고, 창이 온전히 들어가는 자리에서 구한
    값을 채널까지 평균합니다. 상수는 K1 = 0.01, K2 = 0.03입니다.

    인자
        restored, original: 같은 모양의 실수 (batch, channel, height, width), 텐서나 NumPy 배열,
            값은 [0, data_range]. 음수가 섞이면 밝기 항의 뜻이 사라지므로 받지 않습니다.
        data_range: 값의 범위의 폭. 꼭 적습니다.

    오류: 모양, 자료형, 장치, 범위가 다르거나 한 변이 11보다 작으면 오류를 냅니다. data_range는 `psnr`과
        같이 살핍니다.

    출처: Wang, Bovik, Sheikh, Simoncelli(2004), "Image quality assessment: from error
        visibility to structural similarity", IEEE TIP 13(4).
    """
    restored, original = _checked_pair(restored, original)
    data_range = _number(
        data_range, " [-1, 1]의 이미지는 (x + 1) / 2로 옮기고 data_range=1을 씁니다."
    )
    hint = (
        " [-1, 1]의 이미지는 (x + 1) / 2로 옮기고 data_range=1을 씁니다. [0, 255]의 이미지는 "
        f"data_range=255입니다. 조금 넘친 값은 x.clamp(0, {data_range:g})로 자릅니다."
    )
    checks.check_range(restored, 0, data_range, "restored", hint)
    checks.check_range(original, 0, data_range, "original", hint)
    _check_data_range(data_range, original)
    if min(original.shape[2:]) < _SSIM_WINDOW:
        expected = f"한 변이 {_SSIM_WINDOW} 이상인 이미지를"
        raise checks.unexpected("original", expected, tuple(original.shape))
    x, y = restored, original
    mean_x, mean_y = _window_mean(x), _window_mean(y)
    variance_x = _window_mean(x * x) - mean_x**2
    variance_y = _window_mean(y * y) - mean_y**2
    covariance = _window_mean(x * y) - mean_x * mean_y
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    structure = (2 * covariance + c2) / (variance_x + variance_y + c2)
    return (luminance * structure).flatten(1).mean(1)


_SSIM_WINDOW, _SSIM_SIGMA = 11, 1.5


def _window_mean(images: Images) -> Tensor:
    """가우스 창의 가중 평균. 창이 분리되므로 세로와 가로로 나누어 구합니다."""
    offsets = torch.arange(_SSIM_WINDOW, dtype=images.dtype, device=images.device)
    weights = torch.exp(-((offsets - _SSIM_WINDOW // 2) ** 2) / (2 * _SSIM_SIGMA**2))
    weights = weights / weights.sum()
    batch, channel, height, width = images.shape
    planes = images.reshape(batch * channel, 1, height, width)
    planes = F.conv2d(planes, weights.reshape(1, 1, -1, 1))
    planes = F.conv2d(planes, weights.reshape(1, 1, 1, -1))
    return planes.reshape(batch, channel, *planes.shape[2:])


def _checked_pair(restored: ImagesOrArray, original: ImagesOrArray) -> tuple[Images, Images]:
    """검사한 두 묶음을 계산할 자료형(float32 이상)의 텐서로 바꾼 것."""
    restored = checks.as_image_batch(restored, "restored")
    original = checks.as_image_batch(original, "original")
    if restored.shape != original.shape:
        expected = f"original과 같은 모양 {tuple(original.shape)}을(를)"
        raise checks.unexpected("restored", expected, tuple(restored.shape))
    if restored.device != original.device:
        mend = f"{checks.MENDED_BY}restored = restored.to(original.device)"
        expected = f"original과 같은 장치 {original.device}을(를)"
        raise checks.unexpected("restored", expected, restored.device, mend)
    dtype = torch.promote_types(restored.dtype, original.dtype)
    dtype = torch.promote_types(dtype, torch.float32)
    return restored.to(dtype), original.to(dtype)


def _number(data_range: float | None, mend: str) -> float:
    """조용히 틀린 값을 내지 않도록 기본값이 없습니다."""
    try:
        number = math.nan if data_range is None else float(data_range)
    except (TypeError, ValueError, RuntimeError):
        number = math.nan
    if not 0 < number < math.inf:
        raise checks.unexpected("data_range", "0보다 큰 수를", repr(data_range), mend)
    return number


def _check_data_range(data_range: float, original: Images) -> None:
    """원본의 값이 `data_range`보다 넓거나, [0, 1]과 [-1, 1]의 이미지에 다른 폭을 주었는지 봅니다."""
    least, most = checks.bounds(original)
    if most - least > data_range * 1.001:  # 반올림만큼은 넘쳐도 받아들입니다.
        mend = " [-1, 1]의 이미지는 data_range=2, [0, 1]은 1, [0, 255]는 255입니다."
        expected = f"원본 값이 [{least:.4g}, {most:.4g}]이므로 {most - least:.4g} 이상을"
        raise checks.unexpected("data_range", expected, f"{data_range:g}", mend)
    low = 0 if least > -1e-3 else -1
    usual = 1 - low
    if least >= -1 and most <= 1 and data_range != usual and checks.varies(original):
        mend = " 폭은 실제로 나온 값이 아니라 나올 수 있는 값으로 정합니다."
        expected = f"[{low}, 1]로 보이는 이미지에는 {usual}을(를)"
        slip = checks.unexpected("data_range", expected, f"{data_range:g}", mend)
        if data_range > 2:
            raise slip
        checks.warn(str(slip))
