"""7장의 맞는 답과 틀린 답. 틀린 답에는 힌트에 들어 있어야 하는 글을 답니다."""

import math

import numpy as np
import torch

from aelab.generation import interpolate_spherical


def noise(mean, count, generator):
    return torch.randn(count, len(mean), generator=generator)


def by_cholesky(mean, covariance, count, generator):
    return mean + noise(mean, count, generator) @ torch.linalg.cholesky(covariance).T


def by_symmetric_root(mean, covariance, count, generator):
    values, vectors = torch.linalg.eigh(covariance)
    return mean + noise(mean, count, generator) @ (vectors * values.sqrt()) @ vectors.T


def by_columns(mean, covariance, count, generator):
    columns = torch.randn(len(mean), count, generator=generator)
    return (mean[:, None] + torch.linalg.cholesky(covariance) @ columns).T


def global_noise(mean, covariance, count, generator):
    return mean + torch.randn(count, len(mean)) @ torch.linalg.cholesky(covariance).T


def own_seed(mean, covariance, count, generator):
    return by_cholesky(mean, covariance, count, torch.Generator().manual_seed(7))


def antithetic(mean, covariance, count, generator):
    half = by_cholesky(mean, covariance, count // 2, generator)
    return torch.cat([half, 2 * mean - half])


def norm_by_gamma(dim):
    return math.sqrt(2) * math.exp(math.lgamma((dim + 1) / 2) - math.lgamma(dim / 2))


def by_sines(start, end, fraction):
    angle = torch.acos(start @ end)
    return (
        torch.sin((1 - fraction) * angle) * start + torch.sin(fraction * angle) * end
    ) / torch.sin(angle)


def by_turning_in_the_plane(start, end, fraction):
    across = end - (start @ end) * start
    across = across / across.norm()
    angle = torch.atan2(end @ across, end @ start) * fraction
    return torch.cos(angle) * start + torch.sin(angle) * across


def by_numpy(start, end, fraction):
    a, b = start.double().numpy(), end.double().numpy()
    angle = np.arccos(np.clip(a @ b, -1, 1))
    point = np.sin((1 - fraction) * angle) * a + np.sin(fraction * angle) * b
    return torch.from_numpy(point / np.sin(angle))


def line(start, end, fraction):
    return start + fraction * (end - start)


def in_degrees(start, end, fraction):
    angle = torch.rad2deg(torch.acos(start @ end))
    return (
        torch.sin((1 - fraction) * angle) * start + torch.sin(fraction * angle) * end
    ) / torch.sin(angle)


def cosine_as_angle(start, end, fraction):
    angle = start @ end
    return (
        torch.sin((1 - fraction) * angle) * start + torch.sin(fraction * angle) * end
    ) / torch.sin(angle)


def half_as_far(start, end, fraction):
    return by_turning_in_the_plane(start, end, fraction / 2)


def nearest(samples, training):
    return torch.cdist(samples, training).min(1).values


def closer_than_any_fresh(samples, training, fresh):
    return nearest(samples, training) < nearest(fresh, training).min()


def closer_than_half_the_median(samples, training, fresh):
    return nearest(samples, training) < nearest(fresh, training).median() / 2


def by_ratio_of_two_nearest(samples, training, fresh):
    def ratio(points):
        near = torch.cdist(points, training).topk(2, largest=False).values
        return near[:, 0] / near[:, 1]

    return ratio(samples) < ratio(fresh).quantile(0.01)


RIGHT = {
    "sample_gaussian": [
        by_cholesky,
        by_symmetric_root,
        by_columns,
        lambda m, c, n, g: by_cholesky(m, c, n, g).numpy(),
    ],
    "random_norm": [
        math.sqrt(384),
        19.6,
        norm_by_gamma(384),
        torch.randn(1000, 384, generator=torch.Generator().manual_seed(0)).norm(dim=1).mean(),
        np.random.default_rng(0).standard_normal((500, 384)).__pow__(2).sum(1).__pow__(0.5).mean(),
    ],
    "slerp": [
        by_sines,
        by_turning_in_the_plane,
        by_numpy,
        lambda a, b, t: by_sines(a, b, t).numpy(),
    ],
    "copies": [
        closer_than_any_fresh,
        closer_than_half_the_median,
        by_ratio_of_two_nearest,
        lambda s, t, f: closer_than_any_fresh(s, t, f).numpy(),
    ],
}

WRONG = {
    "sample_gaussian": [
        (
            lambda m, c, n, g: 2 * m - by_cholesky(m, c, n, g).tile(2, 1)[: n // 2].tile(2, 1),
            "되풀이해 썼습니다",
        ),
        (antithetic, "되풀이해 썼습니다"),
        (lambda m, c, n, g: m + noise(m, n, g) @ torch.linalg.cholesky(c), "전치를 빠뜨렸습니다"),
        (lambda m, c, n, g: m + noise(m, n, g) @ c.abs().sqrt(), "손으로 확인"),
        (lambda m, c, n, g: by_cholesky(2 * m, c, n, g), "평균을 다시 봅니다"),
        (global_noise, "generator를 넘깁니다"),
        (own_seed, "받은 generator"),
        (lambda m, c, n, g: by_cholesky(m, c, n, g).T, "모양 (10000, 3)"),
        (
            lambda m, c, n, g: (
                m
                + (torch.rand(n, len(m), generator=g) * 12**0.5 - 3**0.5)
                @ torch.linalg.cholesky(c).T
            ),
            "정규분포의 난수가 아닙니다",
        ),
        (lambda m, c, n, g: m + noise(m, n, g).sign() @ torch.linalg.cholesky(c).T, "손으로 확인"),
    ],
    "random_norm": [
        (384, "길이의 제곱"),
        (16.0, "256차원"),
        (1, "한 차원의 표준편차"),
        (0.01, "평균 벡터의 길이"),
        (0.798, "절댓값의 평균"),
        (306.4, "L1 노름"),
        (9.8, "재어 봅니다"),
        (-19.6, "재어 봅니다"),
        (float("nan"), "NaN이나"),
        ("19.6", "수 하나를 기대"),
        (torch.ones(3), "수 하나를 기대"),
        (norm_by_gamma, "수 하나를 기대"),
    ],
    "slerp": [
        (line, "선분 위의 점입니다"),
        (lambda a, b, t: by_sines(b, a, t), "뒤바뀌었습니다"),
        (in_degrees, "길이가"),
        (cosine_as_angle, "내적을 각으로 썼습니다"),
        (half_as_far, "라디안 돌았습니다"),
        (lambda a, b, t: a, "라디안 돌았습니다"),
        (lambda a, b, t: a * math.nan, "NaN"),
        (lambda a, b, t: interpolate_spherical(a, b, 5), "모양 (2,)"),
        (lambda a, b, t: by_sines(a, b, t).tolist(), "torch.tensor(...)로 감싸"),
        (lambda a, b, t: line(a, b, t) / line(a, b, t).norm(), "각이 고르게 변하지 않습니다"),
        (
            lambda a, b, t: by_sines(a, b, t) * torch.sin(torch.acos(a @ b)),
            "방향은 맞는데 짧습니다",
        ),
    ],
    "copies": [
        (lambda s, t, f: nearest(s, t) < t.std(), "12차원, 크기 30"),
        (lambda s, t, f: ~closer_than_any_fresh(s, t, f), "거꾸로입니다"),
        (lambda s, t, f: nearest(s, t) == 0, "거리가 0은 아닙니다"),
        (lambda s, t, f: nearest(s, t) < nearest(t, t).min(), "기준이 너무 작습니다"),
        (lambda s, t, f: nearest(s, t) < 1.0, "12차원, 크기 30"),
        (lambda s, t, f: nearest(s, t) < 10.0, "기준을 fresh에서"),
        (lambda s, t, f: nearest(s, t) < nearest(f, t).median(), "유난히 가까운"),
        (lambda s, t, f: nearest(s, t) < nearest(s, t).mean() / 2, "함께 들어온 다른 표본"),
        (lambda s, t, f: torch.ones(len(s), dtype=torch.bool), "기준이 너무 큽니다"),
        (lambda s, t, f: torch.zeros(len(s), dtype=torch.bool), "기준이 너무 작습니다"),
        (lambda s, t, f: nearest(s, t), "True와 False"),
        (lambda s, t, f: torch.cdist(s, t) < 1, "모양 (100,)"),
        (lambda s, t, f: closer_than_any_fresh(s, t, f).tolist(), "torch.Tensor를 기대"),
        (lambda s, t: nearest(s, t) < 1, "오류가 났습니다"),
        (torch.ones(100, dtype=torch.bool), "함수를 기대"),
    ],
}
