"""9장의 맞는 답과 틀린 답. 틀린 답에는 힌트에 들어 있어야 하는 글을 답니다."""

import math

import numpy as np
import torch

from aelab import load_images, load_pretrained
from aelab.retrieval import embed


def side_by_counting(count, size):
    cells = 0
    while cells * cells < count:
        cells += 1
    return cells * size


def mean_share_of_shuffles():
    """섞은 라벨이 설명하는 퍼센트를 채점기와 다르게 구한 것: 클래스 안의 제곱합을 전체에서 뺍니다."""
    test = load_images(split="test").subset(slice(50))
    codes = embed(load_pretrained(128), test).double()
    generator, shares = torch.Generator().manual_seed(0), []
    for _ in range(200):
        labels = test.labels[torch.randperm(50, generator=generator)]
        within = sum(
            (codes[labels == label] - codes[labels == label].mean(0)).square().sum()
            for label in labels.unique()
        )
        shares.append(100 * float(1 - within / (codes - codes.mean(0)).square().sum()))
    return sum(shares) / len(shares)


SHARE = mean_share_of_shuffles()


def nearest(points, k):
    distances = torch.cdist(points, points)
    distances.fill_diagonal_(math.inf)
    return distances.topk(k, largest=False).indices


def kept_by_broadcast(codes, points, k):
    mine, theirs = nearest(codes, k), nearest(points, k)
    return (mine[:, :, None] == theirs[:, None, :]).any(2).double().mean()


def kept_by_mask(codes, points, k):
    masks = [
        torch.zeros(len(codes), len(codes)).scatter(1, nearest(space, k), 1)
        for space in (codes, points)
    ]
    return float((masks[0] * masks[1]).sum() / (k * len(codes)))


def nearest_with_self(points, k):
    return torch.cdist(points, points).topk(min(k, len(points)), largest=False).indices


def shared(one, other):
    return (one[:, :, None] == other[:, None, :]).any(2).double().sum(1)


RIGHT = {
    "sprite_side": [
        side_by_counting,
        lambda count, size: math.ceil(math.sqrt(count)) * size,
        lambda count, size: size * (math.isqrt(count - 1) + 1),
        lambda count, size: torch.tensor(float(count)).sqrt().ceil() * size,
        lambda count, size: int(np.ceil(count**0.5)) * size,
    ],
    "share_by_chance": [(18, SHARE), (0.55, SHARE), (18, np.float32(SHARE))],
    "neighbours_kept": [kept_by_broadcast, kept_by_mask],
}

WRONG = {
    "sprite_side": [
        (lambda count, size: math.ceil(round(math.sqrt(count), 1)) * size, "count=10001"),
        (lambda count, size: int(count**0.5) * size, "내리지 않고 올립니다"),
        (lambda count, size: round(math.sqrt(count - 5)) * size, "칸이 모자랍니다"),
        (lambda count, size: math.sqrt(count) * size, "그림 반 장"),
        (lambda count, size: math.ceil(math.sqrt(count)), "픽셀로 바꿉니다"),
        (lambda count, size: count * size, "한 줄로 이었습니다"),
        (lambda count, size: side_by_counting(count, size) ** 2, "넓이입니다"),
        (lambda count, size: count * size**2, "넓이입니다"),
        (lambda count, size: math.ceil(math.sqrt(count) * size), "칸의 수를 먼저 올립니다"),
        (lambda count, size: (math.isqrt(count) + 1) * size, "제곱수를 봅니다"),
        (lambda count, size: 192, "count=37, size=16일 때"),
        (lambda count, size: 8192, "칸의 수를 먼저 적어"),
    ],
    "share_by_chance": [
        ((18, SHARE / 100), "퍼센트로 적습니다"),
        ((18, 200 * SHARE), "섞은 횟수로 나눕니다"),
        ((18, 0.55), "재는 셀을 다시 봅니다"),
        (SHARE, "짝을 기대했는데 float"),
    ],
    "neighbours_kept": [
        (
            lambda c, p, k: shared(nearest_with_self(c, k), nearest_with_self(p, k)).mean() / k,
            "자기 자신을 이웃으로",
        ),
        (
            lambda c, p, k: (
                shared(nearest_with_self(c, k + 1), nearest_with_self(p, k + 1)).mean() / k
            ),
            "자기 자신을 이웃으로",
        ),
        (
            lambda c, p, k: (
                shared(nearest_with_self(c, k)[:, 1:], nearest_with_self(p, k)[:, 1:]).mean() / k
            ),
            "하나 적습니다",
        ),
        (
            lambda c, p, k: (
                shared(nearest_with_self(c, k)[:, 1:], nearest_with_self(p, k)[:, 1:]).mean()
                / max(k - 1, 1)
            ),
            "하나 적습니다",
        ),
        (lambda c, p, k: k * kept_by_broadcast(c, p, k), "겹치는 개수"),
        (lambda c, p, k: len(c) * k * kept_by_broadcast(c, p, k), "모든 점의 개수"),
        (lambda c, p, k: k * kept_by_broadcast(c, p, k) / len(c), "점마다 견준 이웃은 k개"),
        (lambda c, p, k: 100 * kept_by_broadcast(c, p, k), "퍼센트"),
        (lambda c, p, k: 1 - kept_by_broadcast(c, p, k), "잃은 이웃"),
        (lambda c, p, k: (nearest(c, k) == nearest(p, k)).double().mean(), "같은 순위"),
        (lambda c, p, k: kept_by_broadcast(c, p, 8), "codes와 points를 같게"),
        (lambda c, p, k: 0.2, "codes와 points를 같게"),
        (lambda c, p, k: nearest(p, k), "수 하나를 기대"),
        (
            lambda c, p, k: (lambda both: (both / (2 * k - both)).mean())(
                shared(nearest(c, k), nearest(p, k))
            ),
            "합집합",
        ),
        (
            lambda c, p, k: shared(*(torch.cdist(z, z).topk(k).indices for z in (c, p))).mean() / k,
            "가장 먼 것",
        ),
        (lambda c, p, k: kept_by_broadcast(torch.nn.functional.normalize(c), p, k), "길이를 1로"),
        (lambda c, p, k: len(c) * kept_by_broadcast(c, p, k), "점의 수로 나누지"),
    ],
}
