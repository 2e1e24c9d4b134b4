"""9장의 맞는 답과 틀린 답. 틀린 답에는 힌트에 들어 있어야 하는 글을 답니다."""

import math

import numpy as np
import torch


def side_by_counting(count, size):
    cells = 0
    while cells * cells < count:
        cells += 1
    return cells * size


def by_svd(codes):
    moved = codes - codes.mean(0)
    return moved @ torch.linalg.svd(moved, full_matrices=False).Vh[:2].T


def by_eigenvectors(codes):
    directions = torch.linalg.eigh(torch.cov(codes.T)).eigenvectors
    return -(codes - codes.mean(0)) @ directions[:, [-1, -2]]


def without_centring(codes):
    return codes @ torch.linalg.svd(codes, full_matrices=False).Vh[:2].T


def smallest_directions(codes):
    return (codes - codes.mean(0)) @ torch.linalg.eigh(torch.cov(codes.T)).eigenvectors[:, :2]


def share_by_loop(codes, labels):
    centre, total, between = codes.mean(0), 0.0, 0.0
    for code, label in zip(codes, labels, strict=True):
        mine = torch.stack([c for c, other in zip(codes, labels, strict=True) if other == label])
        between += float((mine.mean(0) - centre).square().sum())
        total += float((code - centre).square().sum())
    return between / total


def share_by_within(codes, labels):
    within = sum(
        (codes[labels == label] - codes[labels == label].mean(0)).square().sum()
        for label in labels.unique()
    )
    return float(1 - within / (codes - codes.mean(0)).square().sum())


def class_means(codes, labels):
    return torch.stack([codes[labels == label].mean(0) for label in labels.unique()])


def means_unweighted(codes, labels):
    means = class_means(codes, labels)
    spread = (means - codes.mean(0)).square().sum(1).mean()
    return spread / (codes - codes.mean(0)).square().sum(1).mean()


def variance_of_means(codes, labels):
    return class_means(codes, labels).var(0, correction=0).sum() / codes.var(0, correction=0).sum()


def not_centred(codes, labels):
    replaced = class_means(codes, labels)[labels.unique(return_inverse=True)[1]]
    return replaced.square().sum() / codes.square().sum()


def share_each_dimension(codes, labels):
    replaced = class_means(codes, labels)[labels.unique(return_inverse=True)[1]]
    return (replaced.var(0) / codes.var(0)).mean()


def first_labels_only(codes, labels):
    means = torch.stack([codes[labels == label].mean(0) for label in range(3)])
    return (means - codes.mean(0)).square().sum() / (codes - codes.mean(0)).square().sum()


def squares_between(codes, labels):
    replaced = class_means(codes, labels)[labels.unique(return_inverse=True)[1]]
    return (replaced - codes.mean(0)).square().sum()


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
    "pca_2d": [
        by_svd,
        by_eigenvectors,
        lambda z: by_svd(z).numpy(),
    ],
    "between_class_share": [share_by_loop, share_by_within],
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
        (lambda count, size: (math.isqrt(count) + 1) * size, "제곱수일 때"),
        (lambda count, size: 192, "count=37, size=16일 때"),
        (lambda count, size: 8192, "칸의 수를 먼저 적어"),
    ],
    "pca_2d": [
        (without_centring, "평균을 빼지 않았습니다"),
        (smallest_directions, "가장 작은 방향"),
        (lambda codes: by_svd(codes).flip(1), "차례가 뒤바뀌었습니다"),
        (lambda codes: by_svd(codes) / by_svd(codes).std(0), "표준편차로 나누었습니다"),
        (lambda codes: by_svd(codes / codes.std(0)), "차원마다 표준편차로"),
        (lambda codes: codes[:, :2], "앞의 두 차원"),
        (lambda codes: by_svd(codes - codes.mean(1, keepdim=True)), "두 열의 분산이"),
        (lambda codes: without_centring(codes - codes.mean(1, keepdim=True)), "벡터마다 제 평균"),
        (lambda codes: torch.zeros(len(codes), 2), "두 열의 분산이 0, 0"),
        (lambda codes: torch.linalg.svd(codes - codes.mean(0)).Vh[:2].T, "모양 (60, 2)"),
        (lambda codes: by_svd(codes).T, "모양 (60, 2)"),
        (lambda codes: by_svd(codes) / 0 * 0, "NaN"),
        (
            lambda z: torch.linalg.svd(z - z.mean(0), full_matrices=False).U[:, :2],
            "특잇값을 곱해야",
        ),
        (
            lambda z: z @ torch.linalg.eigh(torch.cov(z.T)).eigenvectors[:, [-1, -2]],
            "평균을 빼지 않은 값",
        ),
        (lambda z: (z - z.mean(0)) @ torch.linalg.svd(z).Vh[:2].T, "빼지 않고 방향을"),
    ],
    "between_class_share": [
        (means_unweighted, "개수를 곱하지 않았습니다"),
        (variance_of_means, "개수를 곱하지 않았습니다"),
        (lambda c, t: 1 - share_by_within(c, t), "클래스 안의 흩어짐입니다"),
        (lambda c, t: 100 * share_by_within(c, t), "퍼센트"),
        (not_centred, "전체의 평균을 빼지 않았습니다"),
        (share_each_dimension, "차원마다의 몫을 평균"),
        (squares_between, "나누지 않은 제곱합"),
        (lambda c, t: squares_between(c, t) / len(c), "전체의 분산으로 나누지"),
        (first_labels_only, "labels.unique()"),
        (lambda c, t: 0.07, "제 클래스의 평균으로 바꾸면"),
        (lambda c, t: class_means(c, t), "수 하나를 기대"),
        (
            lambda z, t: (
                (class_means(z, t) - z.mean(0)).square().sum() / (z - z.mean(0)).square().sum()
            ),
            "개수를 곱하지 않았습니다",
        ),
        (
            lambda z, t: share_by_within(z, t) / (1 - share_by_within(z, t)),
            "전체의 흩어짐으로 나눕니다",
        ),
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
