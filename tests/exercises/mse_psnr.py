"""3장의 맞는 답과 틀린 답. 틀린 답에는 힌트에 들어 있어야 하는 글을 답니다."""

import math

import torch
from torch.nn import functional as F

from aelab import metrics
from aelab.models import Autoencoder


def mean_squared(restored, original):
    return (restored - original).square().mean((1, 2, 3))


def decibel(power):
    return 10 * torch.log10(power)


def correct_through_the_error(reported, channels, height, width):
    sse = 255**2 / 10 ** (reported / 10)
    return 10 * math.log10(4 * channels * height * width / sse)


PEAK = 20 * math.log10(127.5)


def pooled(size):
    return lambda a, b: metrics.mse(F.avg_pool2d(a, size), F.avg_pool2d(b, size))


def best_of_nine_shifts(a, b):
    inside = slice(1, -1)
    moves = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)]

    def one_way(a, b):
        moved = [a.roll(move, (2, 3))[..., inside, inside] for move in moves]
        return torch.stack([metrics.mse(m, b[..., inside, inside]) for m in moved]).amin(0)

    return one_way(a, b) + one_way(b, a)


def network_features(a, b):
    encoder = Autoencoder(8, generator=torch.Generator().manual_seed(0)).encoder.net[:4]
    with torch.inference_mode():
        return metrics.mse(encoder(F.avg_pool2d(a, 8)), encoder(F.avg_pool2d(b, 8)))


def roughness(images):
    return images.diff(dim=3).abs().mean((1, 2, 3))


def histogram(a, b):
    a, b = (z.flatten(2).sort().values for z in (a, b))
    return (a - b).square().mean((1, 2))


def normalized_by_the_batch(a, b):
    error = pooled(4)(a, b)
    return error / (a.var() + b.var())


def ssim(a, b):
    return metrics.ssim((a + 1) / 2, (b + 1) / 2, data_range=1)


RIGHT = {
    "sum_of_squares": [
        metrics.squared_error_per_image,
        lambda restored, original: (restored - original).pow(2).sum((1, 2, 3)),
        lambda restored, original: (
            F.mse_loss(restored, original, reduction="none").flatten(1).sum(1)
        ),
        lambda restored, original: torch.einsum("bchw,bchw->b", *[restored - original] * 2),
        lambda restored, original: (restored - original).flatten(1).norm(dim=1) ** 2,
        lambda r, o: (
            r.square().sum((1, 2, 3)) + o.square().sum((1, 2, 3)) - 2 * (r * o).sum((1, 2, 3))
        ),
        lambda r, o: ((r.numpy() - o.numpy()) ** 2).sum((1, 2, 3)),
    ],
    "psnr": [
        lambda restored, original, data_range: metrics.psnr(
            restored, original, data_range=data_range
        ),
        lambda r, o, data_range: 20 * torch.log10(data_range / mean_squared(r, o).sqrt()),
        lambda r, o, data_range: 20 * math.log10(data_range) - 10 * mean_squared(r, o).log10(),
        lambda r, o, data_range: -10 * mean_squared(r / data_range, o / data_range).log10(),
    ],
    "correct": [
        correct_through_the_error,
        lambda reported, c, h, w: reported - 20 * math.log10(127.5) + 10 * math.log10(c * h * w),
        lambda reported, c, h, w: reported - 42.11 + 10 * math.log10(c * h * w),
    ],
    "my_distance": [pooled(4), best_of_nine_shifts, network_features],
}

WRONG = {
    "sum_of_squares": [
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
        (lambda r, o: 3072 * (r - o).square().mean((1, 2, 3)), "original=텐서 (2, 1, 28, 28)일 때"),
        (lambda r, o: torch.zeros(len(o)), "첫 값이 0인"),
        (lambda r, o: torch.full((len(o),), torch.nan), "NaN이나"),
    ],
    "psnr": [
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
            "몰래 잘립니다",
        ),
        (
            lambda r, o, data_range: torch.full((len(o),), 25.0),
            "첫 값이 25인 텐서 (4,)이(가) 나왔습니다. 식을 한",
        ),
        (lambda r, o, data_range: torch.full((len(o),), torch.nan), "NaN이나"),
    ],
    "correct": [
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
        (lambda reported, c, h, w: float("nan"), "NaN이나"),
        (lambda reported, c, h, w: "24.69 dB", "수 하나"),
    ],
    "my_distance": [
        (lambda a, b: (roughness(a) - roughness(b)).abs(), "픽셀의 자리를"),
        (metrics.mse, "에서만 이동을 가림보다"),
        (lambda a, b: (a - b).abs().mean((1, 2, 3)), "에서만 이동을 가림보다"),
        (lambda a, b: 1 - ssim(a, b), "에서만 이동을 가림보다"),
        (lambda a, b: (a.mean((2, 3)) - b.mean((2, 3))).norm(dim=1), "픽셀의 자리를"),
        (histogram, "픽셀의 자리를"),
        (ssim, "0이 아닙니다"),
        (lambda a, b: 1 / (1e-3 + pooled(4)(a, b)), "0이 아닙니다"),
        (lambda a, b: -pooled(4)(a, b), "음수"),
        (lambda a, b: F.avg_pool2d(a - b, 16).flatten(1).sum(1), "음수"),
        (normalized_by_the_batch, "다른 이미지에 따라"),
        (lambda a, b: torch.ones(len(a)) * (not torch.equal(a, b)), "잡음을 키울 때"),
        (lambda a, b: pooled(4)(a, b).mean(), "수 하나"),
        (lambda a, b: pooled(4)(a, b)[:, None], "모양"),
        (lambda a, b: pooled(4)(a, b) / pooled(4)(a, a), "유한한 수"),
        (lambda a, b: pooled(4)(a, b).tolist(), "torch.Tensor를 기대"),
        (lambda a, b: a.clamp_(0).sum((1, 2, 3)), "그 자리에서"),
        (lambda a: a, "오류가 났습니다"),
        (0.0, "함수를 기대"),
        (lambda a, b: pooled(4)(a, b) / (1 + b.square().mean((1, 2, 3))), "바꾸어 넣으면"),
        (
            lambda a, b: pooled(1)(
                F.avg_pool2d(a, 8).mul(2).round(), F.avg_pool2d(b, 8).mul(2).round()
            ),
            "잡음을 키울 때",
        ),
        (pooled(16), "픽셀의 자리를"),
        (pooled(32), "픽셀의 자리를"),
    ],
}
