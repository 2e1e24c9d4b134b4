"""3장의 맞는 답과 틀린 답. 틀린 답에는 힌트에 들어 있어야 하는 글을 답니다."""

import math

import torch
from torch.nn import functional as F

from aelab import load_images, metrics
from aelab.models import Autoencoder


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


def share_of_two_pixels():
    images = load_images(split="test")[:1000]
    mean = images.mean((2, 3), keepdim=True)
    shifted = mean.expand_as(images).clone()
    shifted[:, :, 2:, 2:] = images[:, :, :-2, :-2]
    upper = (images - mean)[:, :, :16].square().sum((1, 2, 3))
    return 100 * float(((shifted - images).square().sum((1, 2, 3)) > upper).double().mean())


def contrast_left():
    def contrast(images):
        return float((images[..., 1:, 1:] - images[..., :-1, :-1]).square().mean())

    photos = load_images(split="test")[:200]
    return contrast(F.avg_pool2d(photos, 5, 1)) / contrast(photos[..., 2:30, 2:30])


two_pixels, blurred = share_of_two_pixels(), contrast_left()
BY_SSIM = ("밝기", "대비", "잡음", "흐림")

RIGHT = {
    "by_ssim": [(BY_SSIM, BY_SSIM), (BY_SSIM[::-1], BY_SSIM)],
    "two_pixels": [(39, two_pixels), (two_pixels, two_pixels)],
    "blurred": [(0.1, blurred), (blurred, blurred)],
    "correct": [
        correct_through_the_error,
        lambda reported, c, h, w: reported - 20 * math.log10(127.5) + 10 * math.log10(c * h * w),
        lambda reported, c, h, w: reported - 42.11 + 10 * math.log10(c * h * w),
    ],
    "my_distance": [pooled(4), best_of_nine_shifts, network_features],
}

WRONG = {
    "by_ssim": [((BY_SSIM, BY_SSIM[::-1]), "낮은 것부터"), ((BY_SSIM, BY_SSIM[:3]), "차례를")],
    "two_pixels": [
        ((39, 100 - two_pixels), "더 작은 이미지를"),
        ((39, two_pixels / 100), "퍼센트로"),
        (two_pixels, "짝을 기대"),
    ],
    "blurred": [((0.1, 1 - blurred), "잃은 비율"), ((0.1, 0.9), "재는 셀을")],
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
