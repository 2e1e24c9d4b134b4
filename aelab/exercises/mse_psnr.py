"""3장 MSE와 PSNR의 연습문제."""

import math
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F

from aelab.data import load_images
from aelab.exercises.answers import Hint, as_shape, call, close, expect
from aelab.exercises.engine import Exercise
from aelab.exercises.prediction import Prediction
from aelab.metrics import squared_error_per_image, ssim

_NEEDED = 0.9  # 나만의 거리가 이동을 가림보다 가깝게 보아야 하는 장면의 비율
_ONE_EACH = "이미지마다 하나씩 돌려줍니다. 묶음의 축은 남겨 둡니다."


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


@cache
def _first() -> Tensor:
    return load_images(split="test")[:200]


@cache
def _by_ssim() -> tuple[str, ...]:
    """MSE를 0.01로 맞춘 네 변화를 SSIM이 높은 것부터."""
    images = 0.8 * _first()
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    changes = {
        "밝기": torch.ones_like(images),
        "대비": images - images.mean((2, 3), keepdim=True),
        "흐림": F.avg_pool2d(F.pad(images, [1] * 4, mode="reflect"), 3, 1) - images,
        "잡음": noise,
    }
    found = {}
    for name, change in changes.items():
        change = 0.1 * change / change.square().mean((1, 2, 3), keepdim=True).sqrt()
        x, y = (images + 1) / 2, (images + change + 1) / 2
        found[name] = float(ssim(y.clamp(0, 1), x, data_range=1).mean())
    return tuple(sorted(found, key=lambda name: -found[name]))


by_ssim = Prediction(
    _by_ssim,
    lambda right: {"SSIM이 낮은 것부터 적었습니다. 높은 것부터 적습니다.": right[::-1]},
    "SSIM의 세 항을 떠올립니다. 밝기와 대비만 바꾸면 구조 항은 그대로입니다.",
)


@cache
def _two_pixels() -> float:
    images = load_images(split="test")[:1000]
    mean = images.mean((2, 3), keepdim=True)
    shifted, masked = images.roll((2, 2), (2, 3)), images.clone()
    shifted[:, :, :2], shifted[..., :2], masked[:, :, :16] = mean, mean, mean
    shift, mask = (squared_error_per_image(x, images) for x in (shifted, masked))
    return 100 * float((shift > mask).double().mean())


two_pixels = Prediction(
    _two_pixels,
    lambda right: {
        "이동의 오차가 더 작은 이미지를 세었습니다. 더 큰 이미지를 셉니다.": 100 - right,
        "비율이 나왔습니다. 퍼센트로 적습니다.": right / 100,
    },
    "두 픽셀 떨어진 이웃은 한 픽셀 떨어진 이웃보다 훨씬 덜 닮았습니다.",
)


@cache
def _left_of_twenty_five() -> float:
    photos = _first()
    moves = torch.stack([photos[..., i : i + 28, j : j + 28] for i in range(5) for j in range(5)])

    def contrast(images: Tensor) -> Tensor:
        return (images[..., 1:, 1:] - images[..., :-1, :-1]).square().mean()

    return float(contrast(moves.mean(0)) / contrast(moves[12]))


blurred = Prediction(
    _left_of_twenty_five,
    lambda right: {"잃은 비율이 나왔습니다. 남은 비율을 적습니다.": 1 - right},
    "후보가 많아질수록 평균은 더 매끄러워집니다.",
)
