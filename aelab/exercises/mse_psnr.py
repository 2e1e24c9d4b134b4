"""3장의 연습문제: 제곱오차의 합, PSNR, 틀린 PSNR 고치기, 나만의 거리."""

import math
from functools import cache

import torch
from torch import Tensor

from aelab.exercises.answers import Hint, as_number, as_tensor, call, close

_SIZES = ((4, 3, 32, 32), (2, 1, 28, 28), (5, 3, 8, 12))
_NEEDED = 0.9  # 나만의 거리가 이동을 가림보다 가깝게 보아야 하는 장면의 비율


def sum_of_squares(answer: object) -> None:
    """두 이미지 묶음을 받아 이미지마다 더한 제곱오차 (batch,)를 돌려주는 함수를 만듭니다."""
    for restored, original in _pairs():
        count = original[0].numel()
        difference = (restored - original).double().flatten(1)
        expected = difference.square().sum(1)
        slips = {
            expected / count: "값의 개수로 나눈 평균이 나왔습니다. 나누지 않은 합이 필요합니다.",
            expected * original.shape[1] / count: (
                "픽셀 수로 나눈 값이 나왔습니다. 나누지 않은 합이 필요합니다."
            ),
            expected / 2: "합의 절반이 나왔습니다. 1/2을 곱하지 않습니다.",
            expected.sqrt(): "제곱근을 씌운 값이 나왔습니다. 제곱한 것을 더하기만 합니다.",
            difference.abs().sum(1): "절댓값의 합이 나왔습니다. 오차를 제곱해야 합니다.",
            difference.sum(1): (
                "오차를 제곱하지 않고 더한 값이 나왔습니다. 양과 음의 오차가 서로 지워집니다."
            ),
            difference.sum(1).square(): (
                "더한 뒤에 제곱한 값이 나왔습니다. 값마다 먼저 제곱해야 합니다."
            ),
        }
        value = _per_image(call(answer, restored, original), len(original))
        _compare(value, expected, slips, f"{tuple(original.shape)}의 이미지에서 ")


def psnr(answer: object) -> None:
    """두 이미지 묶음과 값의 폭 data_range를 받아 이미지마다 PSNR(dB)을 돌려주는 함수를 만듭니다."""
    for restored, original in _pairs():
        for data_range in (2, 1, 255):
            x, y = ((z + 1) / 2 * data_range for z in (original, restored))
            if data_range == 2:
                x, y = original, restored
            count = x[0].numel()
            sse = (y - x).double().square().flatten(1).sum(1)

            def decibel(peak: float, error: Tensor) -> Tensor:
                return 10 * torch.log10(peak**2 / error)

            expected = decibel(data_range, sse / count)
            slips = {
                -expected: "부호가 뒤집혔습니다. 오차가 작을수록 PSNR은 커야 합니다.",
                expected * 2: (
                    "두 배의 값이 나왔습니다. 10·log10(L²/MSE)와 20·log10(L/RMSE)를 섞지 않았는지 봅니다."
                ),
                expected / 2: (
                    "절반의 값이 나왔습니다. 10·log10(L²/MSE)와 20·log10(L/RMSE)를 섞지 않았는지 봅니다."
                ),
                expected * math.log(10): (
                    "자연로그를 쓴 값이 나왔습니다. 데시벨은 밑이 10인 로그입니다."
                ),
                decibel(data_range, sse): (
                    "제곱오차의 합으로 나눈 값이 나왔습니다. 평균으로 나누어야 합니다."
                ),
                decibel(255, sse): (
                    "최대 신호를 255로 두고 제곱오차의 합으로 나누었습니다. 둘 다 고쳐야 합니다."
                ),
                decibel(data_range, sse * x.shape[1] / count): (
                    "픽셀 수로 나눈 값이 나왔습니다. 채널까지 센 값의 개수로 나누어야 합니다."
                ),
                decibel(math.sqrt(data_range), sse / count): (
                    "값의 폭을 제곱하지 않은 값이 나왔습니다."
                ),
                decibel(1, sse / count): "값의 폭이 1일 때만 맞습니다. data_range를 써야 합니다.",
                decibel(2, sse / count): "값의 폭이 2일 때만 맞습니다. data_range를 써야 합니다.",
                decibel(255, sse / count): (
                    "값의 폭이 255일 때만 맞습니다. data_range를 써야 합니다."
                ),
                decibel(float(x.max()), sse / count): (
                    "이미지에 나온 최댓값을 쓴 값이 나왔습니다. 값이 가질 수 있는 폭을 써야 합니다."
                ),
                decibel(data_range, (sse / count).mean()).expand(len(x)): (
                    "묶음에서 평균한 MSE로 구한 값이 나왔습니다. 이미지마다 따로 구해야 합니다."
                ),
            }
            value = _per_image(call(answer, y, x, data_range=data_range), len(x))
            _compare(value, expected, slips, f"data_range={data_range}에서 ", "dB")
    same = next(_pairs())[1]
    value = _per_image(call(answer, same, same, data_range=2), len(same))
    if not bool((value == math.inf).all()):
        raise Hint(
            f"같은 이미지에서 무한대를 기대했는데 {float(value[0]):.4g}이(가) 왔습니다. "
            "작은 수를 더해 0을 피하면 PSNR이 몰래 잘립니다."
        )


def correct(answer: object) -> None:
    """[-1, 1]의 이미지에 10·log10(255² / 제곱오차 합)을 쓴 값을 바른 PSNR로 고치는 함수를 만듭니다."""
    peak = 20 * math.log10(255 / 2)
    for reported, shape in (
        (31.93, (3, 32, 32)),
        (24.0, (3, 32, 32)),
        (40.5, (1, 28, 28)),
        (18.2, (3, 64, 64)),
        (12.75, (3, 224, 160)),
    ):
        values = 10 * math.log10(math.prod(shape))
        pixels = 10 * math.log10(shape[1] * shape[2])
        expected = reported - peak + values
        slips = {
            reported: "보고된 값이 그대로 나왔습니다. 두 가지 실수를 되돌려야 합니다.",
            reported + peak - values: "거꾸로 고쳤습니다. 보탠 것은 빼고 깎은 것은 더합니다.",
            reported - peak: "255만 고쳤습니다. 합을 평균으로 바꾸는 일이 남았습니다.",
            reported + values: "합만 고쳤습니다. 최대 신호 255를 고치는 일이 남았습니다.",
            reported - peak + pixels: (
                "픽셀의 개수로 평균했습니다. 채널까지 센 값의 개수가 필요합니다."
            ),
            reported - 20 * math.log10(255) + values: (
                "최대 신호를 1로 두었습니다. [-1, 1]에서 값이 움직이는 폭을 생각합니다."
            ),
            reported - peak / 2 + values: (
                "최대 신호의 비를 제곱하지 않았습니다. PSNR에는 폭의 제곱이 들어갑니다."
            ),
            reported - peak + 10 * math.log10(3072): (
                "3×32×32가 아닌 이미지도 3072로 나누었습니다. 크기마다 틀린 양이 다릅니다."
            ),
        }
        value = as_number(call(answer, reported, *shape))
        if abs(value - expected) < 0.02:
            continue
        for wrong, hint in slips.items():
            if abs(value - wrong) < 0.02:
                raise Hint(f"{shape}의 {reported} dB에서: {hint}")
        raise Hint(
            f"{shape}의 {reported} dB에서 {value:.4g} dB가 나왔는데 맞지 않습니다. "
            "보고서의 식을 거꾸로 풀어 제곱오차 합부터 구해 봅니다."
        )


def my_distance(answer: object) -> None:
    """한 픽셀 이동을 절반 가림보다 가깝게 보고, 잡음에는 커지는 거리를 설계합니다."""
    scenes, shifted, masked, shuffled, noisy = _scenes()
    count = len(scenes)

    def distance(a: Tensor, b: Tensor) -> Tensor:
        value = _per_image(call(answer, a, b), len(a))
        if not bool(torch.isfinite(value).all()):
            raise Hint("거리에 NaN이나 무한대가 있습니다. 유한한 수를 돌려주어야 합니다.")
        return value

    to_mask, to_shift = distance(masked, scenes), distance(shifted, scenes)
    scale = max(float(to_mask.abs().mean()), 1e-12)
    if float(distance(scenes, scenes).abs().max()) > 1e-3 * scale:
        raise Hint("같은 이미지끼리의 거리가 0이 아닙니다. 닮을수록 작아지는 값이어야 합니다.")
    if min(float(to_mask.min()), float(to_shift.min())) < -1e-3 * scale:
        raise Hint("음수인 거리가 있습니다. 거리는 0보다 작을 수 없습니다.")
    if not close(distance(scenes, masked), to_mask, 1e-3):
        raise Hint("두 이미지를 바꾸어 넣으면 거리가 달라집니다. 순서에 매이지 않아야 합니다.")
    if not close(distance(masked[:5], scenes[:5]), to_mask[:5], 1e-3):
        raise Hint(
            "함께 넣은 다른 이미지에 따라 거리가 달라집니다. 묶음 전체의 통계를 쓰지 않았는지 봅니다."
        )
    levels = torch.stack([distance(copy, noisy[0]) for copy in noisy[1:]])
    growing = (levels.diff(dim=0) > 0).all(0).double().mean()
    if growing < _NEEDED:
        raise Hint(
            f"같은 잡음을 키울 때 거리도 내내 커진 장면이 {100 * growing:.0f} %뿐입니다. "
            "자잘한 변화를 아예 버리고 있지 않은지 봅니다."
        )
    apart = (distance(shuffled, scenes) > to_shift).double().mean()
    if apart < _NEEDED:
        raise Hint(
            "픽셀의 자리를 마구 섞은 이미지가 한 픽셀 옮긴 이미지보다 먼 장면이 "
            f"{100 * apart:.0f} %뿐입니다. 값이 어디에 있는지도 보아야 합니다."
        )
    share = (to_shift < to_mask).double().mean()
    if share < _NEEDED:
        raise Hint(
            f"{count}장면 가운데 {100 * share:.0f} %에서만 이동을 가림보다 가깝게 봅니다"
            f"({100 * _NEEDED:.0f} % 이상이어야 합니다). "
            "값을 같은 자리끼리만 견주면 한 픽셀 어긋남도 크게 보입니다."
        )


def _pairs():
    """크기가 다른 (재구성, 원본) 묶음들. 값은 [-1, 1]이고 이미지마다 오차의 크기가 다릅니다."""
    for seed, shape in enumerate(_SIZES):
        generator = torch.Generator().manual_seed(seed)
        original = torch.rand(shape, generator=generator) * 1.6 - 0.8
        strength = torch.linspace(0.03, 0.2, shape[0]).reshape(-1, 1, 1, 1)
        noise = torch.rand(shape, generator=generator) * 2 - 0.7  # 평균이 0이 아니다
        yield (original + strength * noise).clamp(-1, 1), original


def _per_image(result: object, batch: int) -> Tensor:
    if isinstance(result, int | float) or (isinstance(result, Tensor) and result.ndim == 0):
        raise Hint(
            "묶음 전체에서 수 하나가 나왔습니다. "
            f"이미지마다 하나씩, 모양 ({batch},)이 되어야 합니다. 묶음의 축은 남겨 둡니다."
        )
    return as_tensor(result, (batch,))


def _compare(
    value: Tensor, expected: Tensor, slips: dict[Tensor, str], where: str, unit: str = ""
) -> None:
    if close(value, expected):
        return
    for wrong, hint in slips.items():
        if close(value, wrong):
            raise Hint(where + hint)
    raise Hint(
        f"{where}첫 이미지의 값 {float(value[0]):.4g}{unit and ' ' + unit}이(가) 맞지 않습니다. "
        "식을 한 단계씩 나누어 중간값을 찍어 봅니다."
    )


@cache
def _scenes() -> tuple[Tensor, Tensor, Tensor, Tensor, list[Tensor]]:
    """MSE가 이동보다 가림을 가깝게 보는 장면과, 그것을 옮기고 가리고 섞고 잡음을 더한 것."""
    from aelab import toyworld
    from aelab.data import to_float

    scenes = to_float(torch.from_numpy(toyworld.generate(300, seed=2026).images))
    mean = scenes.mean((2, 3), keepdim=True)
    shifted = scenes.roll((1, 1), (2, 3))
    shifted[:, :, :1] = mean
    shifted[:, :, :, :1] = mean
    masked = scenes.clone()
    masked[:, :, :16] = mean
    shift_error, mask_error = (
        (changed - scenes).square().flatten(1).sum(1) for changed in (shifted, masked)
    )
    hard = shift_error > mask_error
    scenes, shifted, masked = scenes[hard], shifted[hard], masked[hard]

    generator = torch.Generator().manual_seed(0)
    order = torch.randperm(32 * 32, generator=generator)
    shuffled = scenes.flatten(2)[:, :, order].reshape(scenes.shape)
    noise = torch.randn(scenes.shape, generator=generator).clamp(-3, 3)
    # 0.5배로 줄인 장면에 더하면 잡음이 [-1, 1]에서 잘리지 않습니다.
    noisy = [0.5 * scenes + strength * noise for strength in (0, 0.02, 0.05, 0.1, 0.16)]
    return scenes, shifted, masked, shuffled, noisy
