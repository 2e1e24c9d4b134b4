import math

import pytest
import torch
from torch.nn import functional as F

from aelab import metrics
from aelab.models import Autoencoder
from tests.exercises.hints import grade


def assert_hint(name, answer, hint):
    solved, message = grade(name, answer)
    assert solved is False
    assert hint in message


@pytest.mark.parametrize("exercise", ["sum_of_squares", "psnr", "correct", "my_distance"])
def test_stub_is_unsolved(exercise):
    assert grade(f"mse_psnr.{exercise}", lambda *inputs, **options: None)[0] is None
    assert grade(f"mse_psnr.{exercise}", None)[0] is None


# sum_of_squares


def sum_in_a_loop(restored, original):
    total = torch.zeros(len(original))
    for i in range(len(original)):
        for channel in range(original.shape[1]):
            total[i] += ((restored[i, channel] - original[i, channel]) ** 2).sum()
    return total


@pytest.mark.parametrize(
    "answer",
    [
        sum_in_a_loop,
        metrics.squared_error_per_image,
        lambda restored, original: (restored - original).pow(2).sum((1, 2, 3)),
        lambda restored, original: (
            F.mse_loss(restored, original, reduction="none").flatten(1).sum(1)
        ),
        lambda restored, original: torch.einsum("bchw,bchw->b", *[restored - original] * 2),
        lambda restored, original: (restored - original).flatten(1).norm(dim=1) ** 2,
    ],
)
def test_any_right_sum_passes(answer):
    assert grade("mse_psnr.sum_of_squares", answer) == (True, "")


def overwrite(restored, original):
    return restored.sub_(original).square().sum((1, 2, 3))


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (metrics.mse, "나눈 평균"),
        (lambda r, o: (r - o).square().sum((1, 2, 3)) / o[0, 0].numel(), "픽셀 수로"),
        (lambda r, o: (r - o).square().sum((1, 2, 3)) / 2, "절반"),
        (lambda r, o: (r - o).flatten(1).norm(dim=1), "제곱근"),
        (lambda r, o: (r - o).abs().sum((1, 2, 3)), "절댓값"),
        (lambda r, o: (r - o).sum((1, 2, 3)), "제곱하지 않고"),
        (lambda r, o: (r - o).sum((1, 2, 3)).square(), "더한 뒤에 제곱"),
        (lambda r, o: F.mse_loss(r, o, reduction="sum"), "수 하나"),
        (lambda r, o: float((r - o).square().sum()), "수 하나"),
        (lambda r, o: (r - o).square().sum((2, 3)), "모양 (4,)"),
        (lambda r, o: (r - o).square().sum((1, 2, 3)).tolist(), "torch.Tensor를 기대"),
        (lambda r, o: 3072 * (r - o).square().mean((1, 2, 3)), "(2, 1, 28, 28)의 이미지에서"),
        (lambda r, o: torch.zeros(len(o)), "첫 이미지의 값 0이"),
        (lambda r, o: torch.full((len(o),), torch.nan), "첫 이미지의 값 nan"),
        (overwrite, "그 자리에서"),
        (12.3, "함수를 기대"),
    ],
)
def test_wrong_sum_gets_the_hint_that_fits(answer, hint):
    assert_hint("mse_psnr.sum_of_squares", answer, hint)


# psnr


def mean_squared(restored, original):
    return (restored - original).square().mean((1, 2, 3))


def psnr_in_a_loop(restored, original, data_range):
    values = []
    for a, b in zip(restored, original, strict=True):
        error = float((a - b).square().mean())
        values.append(10 * math.log10(data_range**2 / error) if error else math.inf)
    return torch.tensor(values)


@pytest.mark.parametrize(
    "answer",
    [
        psnr_in_a_loop,
        lambda restored, original, data_range: metrics.psnr(
            restored, original, data_range=data_range
        ),
        lambda r, o, data_range: 20 * torch.log10(data_range / mean_squared(r, o).sqrt()),
        lambda r, o, data_range: 20 * math.log10(data_range) - 10 * mean_squared(r, o).log10(),
        lambda r, o, data_range: -10 * mean_squared(r / data_range, o / data_range).log10(),
    ],
)
def test_any_right_psnr_passes(answer):
    assert grade("mse_psnr.psnr", answer) == (True, "")


def decibel(power):
    return 10 * torch.log10(power)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda r, o, data_range: -decibel(data_range**2 / mean_squared(r, o)), "부호"),
        (lambda r, o, data_range: 2 * decibel(data_range**2 / mean_squared(r, o)), "두 배"),
        (lambda r, o, data_range: decibel(data_range / mean_squared(r, o).sqrt()), "절반"),
        (lambda r, o, data_range: 10 * torch.log(data_range**2 / mean_squared(r, o)), "자연로그"),
        (
            lambda r, o, data_range: decibel(data_range**2 / (r - o).square().sum((1, 2, 3))),
            "제곱오차의 합으로",
        ),
        (
            lambda r, o, data_range: decibel(255**2 / (r - o).square().sum((1, 2, 3))),
            "둘 다 고쳐야",
        ),
        (
            lambda r, o, data_range: decibel(
                data_range**2 / ((r - o).square().sum(1).mean((1, 2)))
            ),
            "픽셀 수로",
        ),
        (lambda r, o, data_range: decibel(data_range / mean_squared(r, o)), "제곱하지 않은"),
        (lambda r, o, data_range: decibel(1 / mean_squared(r, o)), "폭이 1일 때만"),
        (lambda r, o, data_range: decibel(4 / mean_squared(r, o)), "폭이 2일 때만"),
        (lambda r, o, data_range: decibel(255**2 / mean_squared(r, o)), "폭이 255일 때만"),
        (lambda r, o, data_range: decibel(o.max() ** 2 / mean_squared(r, o)), "나온 최댓값"),
        (
            lambda r, o, data_range: decibel(data_range**2 / (r - o).square().mean()).expand(
                len(o)
            ),
            "따로 구해야",
        ),
        (lambda r, o, data_range: decibel(data_range**2 / (r - o).square().mean()), "수 하나"),
        (
            lambda r, o, data_range: decibel(data_range**2 / (mean_squared(r, o) + 1e-8)),
            "무한대를 기대했는데",
        ),
        (lambda r, o: mean_squared(r, o), "오류가 났습니다"),
        (lambda r, o, data_range: torch.full((len(o),), 25.0), "25 dB이(가) 맞지 않습니다"),
        (lambda r, o, data_range: torch.full((len(o),), torch.nan), "nan dB이(가) 맞지 않습니다"),
    ],
)
def test_wrong_psnr_gets_the_hint_that_fits(answer, hint):
    assert_hint("mse_psnr.psnr", answer, hint)


# correct


def correct_through_the_error(reported, channels, height, width):
    sse = 255**2 / 10 ** (reported / 10)
    return 10 * math.log10(4 * channels * height * width / sse)


def correct_on_a_made_image(reported, channels, height, width):
    original = torch.zeros(1, channels, height, width, dtype=torch.float64)
    sse = 255**2 / 10 ** (reported / 10)
    restored = torch.full_like(original, math.sqrt(sse / original.numel()))
    return metrics.psnr(restored, original, data_range=2)


@pytest.mark.parametrize(
    "answer",
    [
        correct_through_the_error,
        correct_on_a_made_image,
        lambda reported, c, h, w: reported - 20 * math.log10(127.5) + 10 * math.log10(c * h * w),
        lambda reported, c, h, w: reported - 42.11 + 10 * math.log10(c * h * w),
    ],
)
def test_any_right_correction_passes(answer):
    assert grade("mse_psnr.correct", answer) == (True, "")


PEAK = 20 * math.log10(127.5)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda reported, c, h, w: reported, "그대로"),
        (lambda reported, c, h, w: reported + PEAK - 10 * math.log10(c * h * w), "거꾸로"),
        (lambda reported, c, h, w: reported - PEAK, "255만"),
        (lambda reported, c, h, w: reported + 10 * math.log10(c * h * w), "합만"),
        (lambda reported, c, h, w: reported - PEAK + 10 * math.log10(h * w), "픽셀의 개수"),
        (
            lambda reported, c, h, w: reported - 20 * math.log10(255) + 10 * math.log10(c * h * w),
            "1로 두었습니다",
        ),
        (
            lambda reported, c, h, w: reported - PEAK / 2 + 10 * math.log10(c * h * w),
            "제곱하지 않았습니다",
        ),
        (lambda reported, c, h, w: reported - 7.236, "크기마다"),
        (lambda reported, c, h, w: 24.69, "거꾸로 풀어"),
        (lambda reported, c, h, w: float("nan"), "거꾸로 풀어"),
        (lambda reported, c, h, w: "24.69 dB", "수 하나"),
        (24.69, "함수를 기대"),
    ],
)
def test_wrong_correction_gets_the_hint_that_fits(answer, hint):
    assert_hint("mse_psnr.correct", answer, hint)


# my_distance


def pooled(size):
    return lambda a, b: metrics.mse(F.avg_pool2d(a, size), F.avg_pool2d(b, size))


def pyramid(a, b):
    return sum(pooled(size)(a, b) for size in (2, 4, 8))


def best_of_nine_shifts(a, b):
    inside = slice(1, -1)
    moves = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)]

    def one_way(a, b):
        moved = [a.roll(move, (2, 3))[..., inside, inside] for move in moves]
        return torch.stack([metrics.mse(m, b[..., inside, inside]) for m in moved]).amin(0)

    return one_way(a, b) + one_way(b, a)


def blurred_in_a_loop(a, b):
    kernel = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
    kernel = torch.outer(kernel, kernel)[None, None]
    result = []
    for x, y in zip(a, b, strict=True):
        difference = (x - y)[:, None]
        for _ in range(2):
            difference = F.conv2d(F.pad(difference, [2] * 4, mode="reflect"), kernel)
        result.append(difference.square().mean().sqrt())
    return torch.stack(result)


def low_frequencies(a, b):
    spectrum = torch.fft.fft2(a - b).abs()
    low = torch.fft.fftfreq(32).abs() < 0.15
    return (spectrum[:, :, low][..., low]).flatten(1).norm(dim=1)


def network_features(a, b):
    encoder = Autoencoder(8, generator=torch.Generator().manual_seed(0)).encoder.net[:4]
    with torch.inference_mode():
        return metrics.mse(encoder(F.avg_pool2d(a, 8)), encoder(F.avg_pool2d(b, 8)))


@pytest.mark.parametrize(
    "answer",
    [pooled(4), pyramid, best_of_nine_shifts, blurred_in_a_loop, low_frequencies, network_features],
)
def test_any_distance_that_forgives_a_shift_passes(answer):
    assert grade("mse_psnr.my_distance", answer) == (True, "")


def histogram(a, b):
    a, b = (z.flatten(2).sort().values for z in (a, b))
    return (a - b).square().mean((1, 2))


def normalized_by_the_batch(a, b):
    error = pooled(4)(a, b)
    return error / (a.var() + b.var())


def relative(a, b):
    return pooled(4)(a, b) / (1 + b.square().mean((1, 2, 3)))


def quantized(a, b):
    return metrics.mse(F.avg_pool2d(a, 8).mul(2).round(), F.avg_pool2d(b, 8).mul(2).round())


def ssim(a, b):
    return metrics.ssim((a + 1) / 2, (b + 1) / 2, data_range=1)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (metrics.mse, "에서만 이동을 가림보다"),
        (lambda a, b: (a - b).abs().mean((1, 2, 3)), "에서만 이동을 가림보다"),
        (lambda a, b: 1 - ssim(a, b), "에서만 이동을 가림보다"),
        (lambda a, b: (a.mean((2, 3)) - b.mean((2, 3))).norm(dim=1), "픽셀의 자리를"),
        (histogram, "픽셀의 자리를"),
        (ssim, "0이 아닙니다"),
        (lambda a, b: 1 / (1e-3 + pooled(4)(a, b)), "0이 아닙니다"),
        (lambda a, b: -pooled(4)(a, b), "음수"),
        (lambda a, b: F.avg_pool2d(a - b, 16).flatten(1).sum(1), "음수"),
        (relative, "바꾸어 넣으면"),
        (normalized_by_the_batch, "다른 이미지에 따라"),
        (quantized, "잡음을 키울 때"),
        (lambda a, b: torch.ones(len(a)) * (not torch.equal(a, b)), "잡음을 키울 때"),
        (lambda a, b: pooled(4)(a, b).mean(), "수 하나"),
        (lambda a, b: pooled(4)(a, b)[:, None], "모양"),
        (lambda a, b: pooled(4)(a, b) / pooled(4)(a, a), "유한한 수"),
        (lambda a, b: pooled(4)(a, b).tolist(), "torch.Tensor를 기대"),
        (lambda a, b: a.clamp_(0).sum((1, 2, 3)), "그 자리에서"),
        (lambda a: a, "오류가 났습니다"),
        (0.0, "함수를 기대"),
    ],
)
def test_wrong_distance_gets_the_hint_that_fits(answer, hint):
    assert_hint("mse_psnr.my_distance", answer, hint)


def test_distance_is_graded_on_scenes_that_fool_the_mse():
    solved, message = grade("mse_psnr.my_distance", metrics.mse)
    assert solved is False
    assert "0 %에서만" in message
