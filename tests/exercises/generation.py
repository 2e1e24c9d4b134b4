"""7장의 맞는 답과 틀린 답. 틀린 답에는 힌트에 들어 있어야 하는 글을 답니다."""

import torch

from aelab.exercises import generation


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


SPREAD, BEYOND = generation.spread.measure(), generation.beyond.measure()


RIGHT = {
    "spread": [(4, SPREAD), (2.0, torch.tensor(SPREAD))],
    "beyond": [(0.1, BEYOND), (0.7, 1.005 * BEYOND)],
    "kept_noise": [(0.1, 0.816), (1, 0.8165)],
    "copies": [
        closer_than_any_fresh,
        closer_than_half_the_median,
        by_ratio_of_two_nearest,
        lambda s, t, f: closer_than_any_fresh(s, t, f).numpy(),
    ],
}

WRONG = {
    "spread": [
        ((4, SPREAD**0.5), "크기의 비"),
        ((4, 1 / SPREAD), "뒤바뀌었습니다"),
        ((4, 4.0), "재는 셀을"),
        (4, "짝을 기대"),
    ],
    "beyond": [((0.1, BEYOND / 2), "A와 B의 거리"), ((0.1, 0.08), "재는 셀을")],
    "kept_noise": [
        ((0.1, 0.6667), "분산"),
        ((0.1, 0.14), "0.02일 때"),
        ((0.1, 0.894), "σ를 2로"),
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
