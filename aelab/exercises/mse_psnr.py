"""3장 MSE와 PSNR의 연습문제."""

import math
from collections.abc import Iterator
from functools import cache
from typing import Any

import torch
from torch import Tensor

from aelab.exercises.answers import Hint, as_shape, call, close, expect
from aelab.exercises.engine import Exercise
from aelab.metrics import mse, squared_error_per_image

_NEEDED = 0.9  # 나만의 거리가 이동을 가림보다 가깝게 보아야 하는 장면의 비율
_ONE_EACH = "이미지마다 하나씩 돌려줍니다. 묶음의 축은 남겨 둡니다."


def _pairs(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """크기가 다른 (재구성, 원본) 묶음들. 값은 [-1, 1]이고 이미지마다 오차의 크기가 다릅니다."""
    for shape in ((4, 3, 32, 32), (2, 1, 28, 28), (5, 3, 8, 12)):
        original = torch.rand(shape, generator=generator) * 1.6 - 0.8
        strength = torch.linspace(0.03, 0.2, shape[0]).reshape(-1, 1, 1, 1)
        noise = torch.rand(shape, generator=generator) * 2 - 0.7  # 평균이 0이 아니다
        yield (original + strength * noise).clamp(-1, 1), original


def _sum_slips(right: Tensor, r: Tensor, o: Tensor) -> dict[str, Any]:
    plain = (r - o).sum((1, 2, 3))
    return {
        "값의 개수로 나눈 평균이 나왔습니다. 나누지 않은 합이 필요합니다.": right / o[0].numel(),
        "픽셀 수로 나눈 값이 나왔습니다. 나누지 않은 합이 필요합니다.": right / o[0, 0].numel(),
        "합의 절반이 나왔습니다. 1/2을 곱하지 않습니다.": right / 2,
        "제곱근을 씌운 값이 나왔습니다. 제곱한 것을 더하기만 합니다.": right.sqrt(),
        "절댓값의 합이 나왔습니다. 오차를 제곱해야 합니다.": (r - o).abs().sum((1, 2, 3)),
        "오차를 제곱하지 않고 더한 값이 나왔습니다. 양과 음의 오차가 서로 지워집니다.": plain,
        "더한 뒤에 제곱한 값이 나왔습니다. 값마다 먼저 제곱해야 합니다.": plain**2,
    }


sum_of_squares = Exercise(
    "sum_of_squares(restored, original): 이미지마다 더한 제곱오차 (batch,)입니다.",
    cases=_pairs,
    right=squared_error_per_image,
    mistakes=_sum_slips,
    otherwise="식을 한 단계씩 나누어 중간값을 찍어 봅니다.",
    shape=_ONE_EACH,
    same=lambda one, other: close(one, other, 1e-3),
)


def _ranged_pairs(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor, int]]:
    for restored, original in _pairs(generator):
        yield restored, original, 2
        for data_range in (1, 255):
            yield (restored + 1) / 2 * data_range, (original + 1) / 2 * data_range, data_range
    yield original, original, 2


def _psnr(restored: Tensor, original: Tensor, data_range: float) -> Tensor:
    return 10 * torch.log10(data_range**2 / mse(restored, original))


def _psnr_slips(right: Tensor, r: Tensor, o: Tensor, data_range: float) -> dict[str, Any]:
    values = 10 * math.log10(o[0].numel())  # 평균 대신 합으로 나누면 줄어드는 dB
    channels, both = 10 * math.log10(o.shape[1]), _psnr(r, o, 255) - values
    mixed, largest = (2 * right, right / 2), _psnr(r, o, float(o.max()))
    together = 10 * torch.log10(data_range**2 / mse(r, o).mean()).expand(len(o))
    return {
        "부호가 뒤집혔습니다. 오차가 작을수록 PSNR은 커야 합니다.": -right,
        "두 배나 절반의 값이 나왔습니다. 10·log10(L²/MSE)와 20·log10(L/RMSE)를 섞지 않았는지 봅니다.": mixed,
        "자연로그를 쓴 값이 나왔습니다. 데시벨은 밑이 10인 로그입니다.": math.log(10) * right,
        "제곱오차의 합으로 나눈 값이 나왔습니다. 평균으로 나누어야 합니다.": right - values,
        "최대 신호를 255로 두고 제곱오차의 합으로 나누었습니다. 둘 다 고쳐야 합니다.": both,
        "픽셀 수로 나눈 값이 나왔습니다. 채널까지 센 값의 개수로 나눕니다.": right - channels,
        "값의 폭을 제곱하지 않은 값이 나왔습니다.": _psnr(r, o, math.sqrt(data_range)),
        "값의 폭이 1일 때만 맞습니다. data_range를 써야 합니다.": _psnr(r, o, 1),
        "값의 폭이 2일 때만 맞습니다. data_range를 써야 합니다.": _psnr(r, o, 2),
        "값의 폭이 255일 때만 맞습니다. data_range를 써야 합니다.": _psnr(r, o, 255),
        "이미지에 나온 최댓값을 쓴 값이 나왔습니다. 값이 가질 수 있는 폭을 써야 합니다.": largest,
        "묶음에서 평균한 MSE로 구한 값이 나왔습니다. 이미지마다 따로 구해야 합니다.": together,
    }


psnr = Exercise(
    "psnr(restored, original, data_range): 값의 폭 data_range를 받아 이미지마다 구한 PSNR(dB) (batch,)입니다.",
    cases=_ranged_pairs,
    right=_psnr,
    mistakes=_psnr_slips,
    otherwise=lambda got, r, o, data_range: (
        "같은 이미지에서는 무한대입니다. 작은 수를 더해 0을 피하면 PSNR이 몰래 잘립니다."
        if torch.equal(r, o)
        else "식을 한 단계씩 나누어 중간값을 찍어 봅니다."
    ),
    shape=_ONE_EACH,
    run=lambda answer, r, o, data_range: call(answer, r, o, data_range=data_range),
)

_PEAK, _TWO = 20 * math.log10(255 / 2), 20 * math.log10(2)


def _mended(reported: float, values: float) -> float:
    return reported - _PEAK + 10 * math.log10(values)


correct = Exercise(
    "correct(reported, channels, height, width): [-1, 1]의 이미지에 10·log10(255² / 제곱오차 합)을 쓴 값을 바른 PSNR(dB)로 고칩니다.",
    cases=[(31.93, 3, 32, 32), (40.5, 1, 28, 28), (18.2, 3, 64, 64), (12.75, 3, 224, 160)],
    right=lambda dB, c, h, w: _mended(dB, c * h * w),
    mistakes=lambda right, dB, c, h, w: {
        "보고된 값이 그대로 나왔습니다. 두 가지 실수를 되돌려야 합니다.": dB,
        "거꾸로 고쳤습니다. 보탠 것은 빼고 깎은 것은 더합니다.": 2 * dB - right,
        "255만 고쳤습니다. 합을 평균으로 바꾸는 일이 남았습니다.": dB - _PEAK,
        "합만 고쳤습니다. 최대 신호 255를 고치는 일이 남았습니다.": right + _PEAK,
        "픽셀의 개수로 평균했습니다. 채널까지 센 값의 개수가 필요합니다.": _mended(dB, h * w),
        "최대 신호를 1로 두었습니다. [-1, 1]에서 값이 움직이는 폭을 생각합니다.": right - _TWO,
        "최대 신호의 비를 제곱하지 않았습니다. PSNR에는 폭의 제곱이 들어갑니다.": right + _PEAK / 2,
        "3×32×32가 아니어도 3072로 나누었습니다. 크기마다 틀린 양이 다릅니다.": _mended(dB, 3072),
    },
    otherwise="보고서의 식을 거꾸로 풀어 제곱오차 합부터 구해 봅니다.",
    same=lambda one, other: bool((one - other).abs() < 0.02),
)


def my_distance(answer: object) -> None:
    """한 픽셀 이동을 절반 가림보다 가깝게 보고, 잡음에는 커지는 거리를 설계합니다."""
    scenes, shifted, masked, shuffled, noisy = _scenes()

    def distance(a: Tensor, b: Tensor) -> Tensor:
        value = as_shape(call(answer, a, b), (len(a),), _ONE_EACH)
        if not value.isfinite().all():
            raise Hint("거리에 NaN이나 무한대가 있습니다. 유한한 수를 돌려주어야 합니다.")
        return value

    to_mask, to_shift = distance(masked, scenes), distance(shifted, scenes)
    levels = torch.stack([distance(copy, noisy[0]) for copy in noisy[1:]])
    growing = (levels.diff(dim=0) > 0).all(0).double().mean()
    turned = torch.minimum(distance(shuffled, scenes), distance(scenes.flip(3), scenes))
    apart = (turned > to_shift).double().mean()
    share = (to_shift < to_mask).double().mean()
    small = 1e-3 * max(float(to_mask.abs().mean()), 1e-12)
    expect(
        distance(scenes, scenes).abs().max() <= small,
        "같은 이미지끼리의 거리가 0이 아닙니다. 닮을수록 작아지는 값이어야 합니다.",
        torch.cat([to_mask, to_shift]).min() >= -small,
        "음수인 거리가 있습니다. 거리는 0보다 작을 수 없습니다.",
        close(distance(scenes, masked), to_mask, 1e-3),
        "두 이미지를 바꾸어 넣으면 거리가 달라집니다. 순서에 매이지 않아야 합니다.",
        close(distance(masked[:5], scenes[:5]), to_mask[:5], 1e-3),
        "함께 넣은 다른 이미지에 따라 거리가 달라집니다. 묶음 전체의 통계를 쓰지 않았는지 봅니다.",
        growing >= _NEEDED,
        f"같은 잡음을 키울 때 거리도 내내 커진 장면이 {100 * growing:.0f} %뿐입니다. 자잘한 변화를 아예 버리고 있지 않은지 봅니다.",
        apart >= _NEEDED,
        f"픽셀의 자리를 마구 섞거나 좌우로 뒤집은 이미지가 한 픽셀 옮긴 이미지보다 먼 장면이 {100 * apart:.0f} %뿐입니다. 값이 어디에 있는지도 보아야 합니다.",
        share >= _NEEDED,
        f"{len(scenes)}장면 가운데 {100 * share:.0f} %에서만 이동을 가림보다 가깝게 봅니다({100 * _NEEDED:.0f} % 이상이어야 합니다). "
        "값을 같은 자리끼리만 견주면 한 픽셀 어긋남도 크게 보입니다.",
    )


@cache
def _scenes() -> tuple[Tensor, Tensor, Tensor, Tensor, list[Tensor]]:
    """MSE가 이동보다 가림을 가깝게 보는 장면과, 그것을 옮기고 가리고 섞고 잡음을 더한 것."""
    from aelab import toyworld
    from aelab.data import to_float

    scenes = to_float(torch.from_numpy(toyworld.generate(200, seed=2026).images))
    mean = scenes.mean((2, 3), keepdim=True)
    shifted = scenes.roll((1, 1), (2, 3))
    masked = scenes.clone()
    shifted[:, :, :1], shifted[..., :1], masked[:, :, :16] = mean, mean, mean
    hard = squared_error_per_image(shifted, scenes) > squared_error_per_image(masked, scenes)
    scenes, shifted, masked = scenes[hard], shifted[hard], masked[hard]

    generator = torch.Generator().manual_seed(0)
    # 네 귀퉁이의 16×16 안에서만 섞습니다. 큰 덩어리의 평균만 보는 거리는 알아채지 못합니다.
    corners = scenes.unfold(2, 16, 16).unfold(3, 16, 16).flatten(4)
    shuffled = corners[..., torch.randperm(256, generator=generator)].unflatten(4, (16, 16))
    shuffled = shuffled.transpose(3, 4).reshape(scenes.shape)
    noise = torch.randn(scenes.shape, generator=generator).clamp(-3, 3)
    # 0.5배로 줄인 장면에 더하면 잡음이 [-1, 1]에서 잘리지 않습니다.
    noisy = [0.5 * scenes + strength * noise for strength in (0, 0.02, 0.05, 0.1, 0.16)]
    return scenes, shifted, masked, shuffled, noisy
