"""5장의 맞는 답과 틀린 답. 틀린 답에는 힌트에 들어 있어야 하는 글을 답니다."""

import math

import numpy as np
import torch

from aelab.exercises import latent_dimension


def entropy_by_counting(levels):
    total = 0.0
    for j in range(levels.shape[1]):
        counts = {}
        for value in levels[:, j].tolist():
            counts[value] = counts.get(value, 0) + 1
        for count in counts.values():
            share = count / len(levels)
            total -= share * math.log2(share)
    return total


def entropy_by_distribution(levels):
    same = (levels[:, None, :] == levels[None, :, :]).double().mean(1)
    return -same.log2().mean(0).sum()


def one_entropy(values):
    return entropy_by_counting(values.reshape(-1, 1))


def decibels(error, values=3072, peak=2.0):
    return 10 * math.log10(peak**2 * values / error)


def by_trying_every_size(dims, errors, target, **psnr):
    heights = [decibels(error, **psnr) for error in errors]
    for size in range(dims[0], dims[-1] + 1):
        if np.interp(size, dims, heights) >= target:
            return size
    return math.inf


def by_solving(dims, errors, target):
    heights = np.array([decibels(error) for error in errors])
    if target <= heights[0]:
        return dims[0]
    if target > heights[-1]:
        return float("inf")
    return math.ceil(np.interp(target, heights, dims))


def straight_in_error(dims, errors, target):
    for size in range(dims[0], dims[-1] + 1):
        if decibels(np.interp(size, dims, errors)) >= target:
            return size
    return math.inf


def beyond_the_first(dims, errors, target):
    heights = [decibels(error) for error in errors]
    slope = (dims[1] - dims[0]) / (heights[1] - heights[0])
    if target < heights[0]:
        return math.ceil(dims[0] + slope * (target - heights[0]))
    return by_solving(dims, errors, target)


def at_exactly(dims, errors, target):
    return float(np.interp(target, [decibels(error) for error in errors], dims))


MATCH = latent_dimension.pca_match.measure()
BYTES = latent_dimension.same_bytes.measure()

RIGHT = {
    "pca_match": [(64, MATCH), (MATCH, torch.tensor(MATCH))],
    "entropy_bits": [entropy_by_counting, entropy_by_distribution],
    "same_bytes": [(BYTES, list(BYTES)), (BYTES[::-1], BYTES)],
    "smallest_dim": [by_trying_every_size, by_solving],
}

WRONG = {
    "pca_match": [
        ((90, 64), "차원 그대로"),
        ((90, 3073 - MATCH), "더 작은 개수"),
        ((90, MATCH - 64), "더할 개수"),
        ((90, MATCH / 64), "몇 배인지"),
        ((90, 2 * MATCH), "다시 봅니다"),
        (MATCH, "짝을 기대"),
    ],
    "entropy_bits": [
        (lambda x: -entropy_by_counting(x), "음수"),
        (lambda x: entropy_by_counting(x) * math.log(2), "자연로그"),
        (lambda x: entropy_by_counting(x) * math.log10(2), "상용로그"),
        (lambda x: entropy_by_counting(x) / x.shape[1], "차원마다의 평균"),
        (lambda x: entropy_by_counting(x) / 8, "바이트"),
        (lambda x: entropy_by_counting(x) * len(x), "모든 장에 드는"),
        (one_entropy, "한데 섞어"),
        (lambda x: x.shape[1] * one_entropy(x), "한데 섞어"),
        (lambda x: entropy_by_counting(x.T), "이미지마다"),
        (lambda x: sum(math.log2(len(c.unique())) for c in x.T), "가짓수만"),
        (lambda x: x.shape[1] * math.log2(float(x.max()) + 1), "모두 더하면 1"),
        (lambda x: 0.0, "0이(가) 나왔습니다"),
        (lambda x: x, "수 하나를 기대"),
        (
            lambda x: (
                -sum(
                    float((p * p.log2()).sum())
                    for c in x.long().T
                    for p in [torch.bincount(c) / len(c)]
                )
            ),
            "비율 0에 로그",
        ),
        (lambda x: torch.bincount(x[:, 0]), "NotImplementedError"),
    ],
    "same_bytes": [
        ((BYTES, BYTES[::-1]), "거꾸로"),
        ((BYTES, (BYTES[1], BYTES[0], BYTES[2])), "다시 봅니다"),
        ((BYTES, ("128차원", "256차원")), "차례를 기대"),
    ],
    "smallest_dim": [
        (straight_in_error, "오차를 직선으로"),
        (lambda d, e, t: by_trying_every_size(d, e, t, values=1024), "픽셀 수로"),
        (lambda d, e, t: by_trying_every_size(d, e, t, values=1), "제곱오차의 합을 값의 개수로"),
        (lambda d, e, t: by_trying_every_size(d, e, t, peak=1.0), "범위를 1로"),
        (lambda d, e, t: by_trying_every_size(d, e, t, peak=255.0), "범위를 255로"),
        (beyond_the_first, "첫 차원을 돌려줍니다"),
        (lambda d, e, t: 100, "어느 두 차원 사이"),
        (lambda d, e, t: float("nan"), "nan"),
        (lambda d, e, t: [100, 200], "수 하나를 기대"),
        (at_exactly, "정수가 아닙니다"),
        (lambda d, e, t: math.floor(at_exactly(d, e, t)), "올립니다"),
        (
            lambda d, e, t: next(
                (s for s, x in zip(d, e, strict=True) if decibels(x) >= t), math.inf
            ),
            "잰 차원 가운데",
        ),
        (lambda d, e, t: min(by_solving(d, e, t), d[-1]), "math.inf를 돌려줍니다"),
        (lambda d, e, t: None if t == 40 else by_solving(d, e, t), "모든 갈래에 return"),
    ],
}
