"""5장의 맞는 답과 틀린 답. 틀린 답에는 힌트에 들어 있어야 하는 글을 답니다."""

import math

import numpy as np
import torch


def ratio_as_tensor(latent_dim, bits):
    image = torch.zeros(3, 32, 32, dtype=torch.uint8)
    return torch.tensor(image.numel() * image.element_size() * 8 / latent_dim / bits)


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


def top_by_covariance(train, components):
    centred = train - train.mean(0)
    _, vectors = torch.linalg.eigh(centred.T @ centred / len(train))
    return vectors[:, vectors.shape[1] - components :]


def error_of(train, test, components, mean=None):
    kept = top_by_covariance(train, components)
    moved = test - (train.mean(0) if mean is None else mean)
    return (moved - moved @ kept @ kept.T).square().sum(1)


def by_covariance(train, test, components):
    return error_of(train, test, components).mean()


def by_svd(train, test, components):
    mean = train.mean(0)
    _, _, rows = np.linalg.svd((train - mean).numpy())
    moved = (test - mean).numpy()
    restored = (moved @ rows[:components].T) @ rows[:components]
    return float(((moved - restored) ** 2).sum() / len(moved))


def smallest_directions(train, test, components):
    mean = train.mean(0)
    _, vectors = torch.linalg.eigh((train - mean).T @ (train - mean))
    kept = vectors[:, :components]
    moved = test - mean
    return (moved - moved @ kept @ kept.T).square().sum(1).mean()


def without_centring(train, test, components):
    _, vectors = torch.linalg.eigh(train.T @ train)
    kept = vectors[:, vectors.shape[1] - components :]
    return (test - test @ kept @ kept.T).square().sum(1).mean()


def explained(train, test, components):
    kept = top_by_covariance(train, components)
    return ((test - train.mean(0)) @ kept).square().sum(1).mean()


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


RIGHT = {
    "compression_ratio": [
        ratio_as_tensor,
        lambda d, bits: 3072 / d * 8 / bits,
        lambda d, bits: 3072 / (d * bits / 8),
    ],
    "entropy_bits": [entropy_by_counting, entropy_by_distribution],
    "pca_error": [
        by_covariance,
        by_svd,
        lambda a, b, k: by_covariance(a.float(), b.float(), k).numpy(),
    ],
    "smallest_dim": [by_trying_every_size, by_solving],
}

WRONG = {
    "compression_ratio": [
        (lambda d, bits: round(3072 * 8 / (d * bits), 2), "비트로 적어"),
        (lambda d, bits: 3072 * 8 / (d * 8), "값 하나의 비트 수"),
        (lambda d, bits: 3072 / (d * bits), "원본의 값도 비트로"),
        (lambda d, bits: 3072 * 32 / (d * bits), "32비트로 셌습니다"),
        (lambda d, bits: 1024 * 8 / (d * bits), "채널이 셋"),
        (lambda d, bits: d * bits / (3072 * 8), "거꾸로"),
        (lambda d, bits: 100 * d * bits / (3072 * 8), "퍼센트"),
        (lambda d, bits: 3072 * 64 / (d * bits), "단위를 맞춥니다"),
        (lambda d, bits: 3072 * 8 // (d * bits), "정수로 만들었습니다"),
        (lambda d, bits: round(3072 * 8 / (d * bits)), "정수로 만들었습니다"),
        (lambda d, bits: 48.0, "latent_dim=384, bits=32일 때 48이"),
        (lambda d, bits: float("nan"), "nan"),
        (lambda d, bits: torch.ones(2), "수 하나를 기대"),
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
    "pca_error": [
        (lambda a, b, k: by_covariance(a, a, k), "학습 자료에서 잰"),
        (lambda a, b, k: by_covariance(b, b, k), "test에 맞추었습니다"),
        (lambda a, b, k: error_of(a, b, k, mean=b.mean(0)).mean(), "test의 평균을 뺐습니다"),
        (lambda a, b, k: error_of(a, b, k, mean=0).mean(), "평균을 빼지 않았습니다"),
        (without_centring, "평균을 빼지 않았습니다"),
        (smallest_directions, "작은 것부터"),
        (explained, "버린 쪽에"),
        (lambda a, b, k: error_of(a, b, k).mean() / b.shape[1], "값마다의 평균"),
        (lambda a, b, k: error_of(a, b, k).sum(), "장수로 나누어"),
        (lambda a, b, k: error_of(a, b, k).mean().sqrt(), "제곱근"),
        (lambda a, b, k: by_covariance(a, b, k - 1), "하나 덜"),
        (lambda a, b, k: by_covariance(a, b, k + 1), "하나 더"),
        (lambda a, b, k: (b - a.mean(0)).square().sum(1).mean(), "되돌린 값과 test의 차이"),
        (lambda a, b, k: error_of(a, b, k), "수 하나를 기대"),
        (lambda a, b, k: float("nan"), "nan"),
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
