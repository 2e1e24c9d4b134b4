import copy
import math

import numpy as np
import pytest
import torch

from aelab import projector
from tests.exercises.hints import grade

# sprite_side


def side_by_counting(count, size):
    cells = 0
    while cells * cells < count:
        cells += 1
    return cells * size


@pytest.mark.parametrize(
    "answer",
    [
        side_by_counting,
        lambda count, size: math.ceil(math.sqrt(count)) * size,
        lambda count, size: size * (math.isqrt(count - 1) + 1),
        lambda count, size: torch.tensor(float(count)).sqrt().ceil() * size,
        lambda count, size: int(np.ceil(count**0.5)) * size,
    ],
)
def test_any_right_side_passes(answer):
    assert grade("projector.sprite_side", answer) == (True, "")


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda count, size: int(count**0.5) * size, "내리지 않고 올립니다"),
        (lambda count, size: round(math.sqrt(count - 5)) * size, "칸이 모자랍니다"),
        (lambda count, size: math.sqrt(count) * size, "그림 반 장"),
        (lambda count, size: math.ceil(math.sqrt(count)), "픽셀로 바꿉니다"),
        (lambda count, size: count * size, "한 줄로 이었습니다"),
        (lambda count, size: side_by_counting(count, size) ** 2, "넓이입니다"),
        (lambda count, size: count * size**2, "넓이입니다"),
        (lambda count, size: math.ceil(math.sqrt(count) * size), "칸의 수를 먼저 올립니다"),
        (lambda count, size: (math.isqrt(count) + 1) * size, "제곱수일 때"),
        (lambda count, size: 192, "37장"),
        (lambda count, size: 8192, "칸의 수를 먼저 적어"),
        (lambda count: count, "오류가 났습니다"),
        (1248, "함수를 기대"),
    ],
)
def test_wrong_side_gets_the_hint_that_fits(answer, hint):
    solved, message = grade("projector.sprite_side", answer)
    assert solved is False
    assert hint in message


# pca_2d


def by_svd(codes):
    moved = codes - codes.mean(0)
    return moved @ torch.linalg.svd(moved, full_matrices=False).Vh[:2].T


def by_eigenvectors(codes):
    directions = torch.linalg.eigh(torch.cov(codes.T)).eigenvectors
    return -(codes - codes.mean(0)) @ directions[:, [-1, -2]]


def by_gram_matrix(codes):
    moved = codes - codes.mean(0)
    values, vectors = torch.linalg.eigh(moved @ moved.T)
    return (vectors[:, -2:] * values[-2:].sqrt()).flip(1)


def by_power_iteration(codes):
    rest, columns = codes - codes.mean(0), []
    for _ in range(2):
        direction = torch.ones(codes.shape[1], dtype=codes.dtype)
        for _ in range(5000):
            direction = rest.T @ (rest @ direction)
            direction = direction / direction.norm()
        columns.append(rest @ direction)
        rest = rest - torch.outer(columns[-1], direction)
    return torch.stack(columns, dim=1)


@pytest.mark.parametrize(
    "answer",
    [
        by_svd,
        by_eigenvectors,
        by_gram_matrix,
        by_power_iteration,
        lambda codes: projector.flatten(codes, "pca"),
    ],
)
def test_any_right_pca_passes(answer):
    assert grade("projector.pca_2d", answer) == (True, "")


def without_centring(codes):
    return codes @ torch.linalg.svd(codes, full_matrices=False).Vh[:2].T


def smallest_directions(codes):
    return (codes - codes.mean(0)) @ torch.linalg.eigh(torch.cov(codes.T)).eigenvectors[:, :2]


def moved_without_centring(codes):
    return codes @ torch.linalg.eigh(torch.cov(codes.T)).eigenvectors[:, [-1, -2]]


def centred_in_place(codes):
    codes -= codes.mean(0)
    return by_svd(codes)


def left_vectors(codes):
    return torch.linalg.svd(codes - codes.mean(0), full_matrices=False).U[:, :2]


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (without_centring, "평균을 빼지 않았습니다"),
        (moved_without_centring, "평균을 빼지 않은 값"),
        (smallest_directions, "가장 작은 방향"),
        (lambda codes: by_svd(codes).flip(1), "차례가 뒤바뀌었습니다"),
        (lambda codes: by_svd(codes) / by_svd(codes).std(0), "표준편차로 나누었습니다"),
        (left_vectors, "특잇값을 곱해야"),
        (lambda codes: by_svd(codes / codes.std(0)), "차원마다 표준편차로"),
        (lambda codes: codes[:, :2], "앞의 두 차원"),
        (lambda codes: by_svd(codes - codes.mean(1, keepdim=True)), "두 열의 분산이"),
        (
            lambda codes: without_centring(codes - codes.mean(1, keepdim=True)),
            "벡터마다 제 평균",
        ),
        (lambda codes: torch.zeros(len(codes), 2), "두 열의 분산이 0, 0"),
        (lambda codes: torch.linalg.svd(codes - codes.mean(0)).Vh[:2].T, "모양 (60, 2)"),
        (lambda codes: by_svd(codes).T, "모양 (60, 2)"),
        (lambda codes: by_svd(codes).numpy(), "torch.Tensor를 기대"),
        (lambda codes: by_svd(codes) / 0 * 0, "NaN"),
        (centred_in_place, "그 자리에서"),
        (lambda: torch.zeros(60, 2), "오류가 났습니다"),
        (torch.zeros(60, 2), "함수를 기대"),
    ],
)
def test_wrong_pca_gets_the_hint_that_fits(answer, hint):
    solved, message = grade("projector.pca_2d", answer)
    assert solved is False
    assert hint in message


# between_class_share


def share_by_loop(codes, labels):
    centre, total, between = codes.mean(0), 0.0, 0.0
    for code, label in zip(codes, labels, strict=True):
        mine = torch.stack([c for c, other in zip(codes, labels, strict=True) if other == label])
        between += float((mine.mean(0) - centre).square().sum())
        total += float((code - centre).square().sum())
    return between / total


def share_by_replacing(codes, labels):
    replaced = torch.empty_like(codes)
    for label in labels.unique():
        replaced[labels == label] = codes[labels == label].mean(0)
    return replaced.var(0).sum() / codes.var(0).sum()


def share_by_regression(codes, labels):
    design = torch.nn.functional.one_hot(labels).to(codes.dtype)
    design = design[:, design.any(0)]
    rest = codes - design @ torch.linalg.lstsq(design, codes).solution
    return 1 - rest.square().sum() / (codes - codes.mean(0)).square().sum()


def share_by_within(codes, labels):
    within = sum(
        (codes[labels == label] - codes[labels == label].mean(0)).square().sum()
        for label in labels.unique()
    )
    return float(1 - within / (codes - codes.mean(0)).square().sum())


@pytest.mark.parametrize(
    "answer", [share_by_loop, share_by_replacing, share_by_regression, share_by_within]
)
def test_any_right_share_passes(answer):
    assert grade("projector.between_class_share", answer) == (True, "")


def class_means(codes, labels):
    return torch.stack([codes[labels == label].mean(0) for label in labels.unique()])


def means_unweighted(codes, labels):
    means = class_means(codes, labels)
    spread = (means - codes.mean(0)).square().sum(1).mean()
    return spread / (codes - codes.mean(0)).square().sum(1).mean()


def variance_of_means(codes, labels):
    return class_means(codes, labels).var(0, correction=0).sum() / codes.var(0, correction=0).sum()


def sum_without_counts(codes, labels):
    means = class_means(codes, labels)
    return (means - codes.mean(0)).square().sum() / (codes - codes.mean(0)).square().sum()


def not_centred(codes, labels):
    replaced = class_means(codes, labels)[labels.unique(return_inverse=True)[1]]
    return replaced.square().sum() / codes.square().sum()


def share_each_dimension(codes, labels):
    replaced = class_means(codes, labels)[labels.unique(return_inverse=True)[1]]
    return (replaced.var(0) / codes.var(0)).mean()


def between_over_within(codes, labels):
    share = share_by_within(codes, labels)
    return share / (1 - share)


def first_labels_only(codes, labels):
    means = torch.stack([codes[labels == label].mean(0) for label in range(3)])
    return (means - codes.mean(0)).square().sum() / (codes - codes.mean(0)).square().sum()


def squares_between(codes, labels):
    replaced = class_means(codes, labels)[labels.unique(return_inverse=True)[1]]
    return (replaced - codes.mean(0)).square().sum()


def sorted_in_place(codes, labels):
    labels.copy_(labels.sort().values)
    return share_by_within(codes, labels)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (means_unweighted, "개수를 곱하지 않았습니다"),
        (variance_of_means, "개수를 곱하지 않았습니다"),
        (sum_without_counts, "개수를 곱하지 않았습니다"),
        (lambda c, t: 1 - share_by_within(c, t), "클래스 안의 흩어짐입니다"),
        (lambda c, t: 100 * share_by_within(c, t), "퍼센트"),
        (between_over_within, "전체의 흩어짐으로 나눕니다"),
        (not_centred, "전체의 평균을 빼지 않았습니다"),
        (share_each_dimension, "차원마다의 몫을 평균"),
        (squares_between, "나누지 않은 제곱합"),
        (lambda c, t: squares_between(c, t) / len(c), "전체의 분산으로 나누지"),
        (first_labels_only, "labels.unique()"),
        (lambda c, t: 0.07, "제 클래스의 평균으로 바꾸면"),
        (lambda c, t: class_means(c, t), "수 하나를 기대"),
        (sorted_in_place, "그 자리에서"),
        (lambda c: 0.5, "오류가 났습니다"),
        (0.07, "함수를 기대"),
    ],
)
def test_wrong_share_gets_the_hint_that_fits(answer, hint):
    solved, message = grade("projector.between_class_share", answer)
    assert solved is False
    assert hint in message


# neighbours_kept


def nearest(points, k):
    distances = torch.cdist(points, points)
    distances.fill_diagonal_(math.inf)
    return distances.topk(k, largest=False).indices


def kept_by_sets(codes, points, k):
    total = 0
    for i in range(len(codes)):
        found = []
        for space in (codes, points):
            distances = [(float((space[i] - other).norm()), j) for j, other in enumerate(space)]
            found.append({j for _, j in sorted(d for d in distances if d[1] != i)[:k]})
        total += len(found[0] & found[1])
    return total / len(codes) / k


def kept_by_broadcast(codes, points, k):
    mine, theirs = nearest(codes, k), nearest(points, k)
    return (mine[:, :, None] == theirs[:, None, :]).any(2).double().mean()


def kept_by_mask(codes, points, k):
    masks = [
        torch.zeros(len(codes), len(codes)).scatter(1, nearest(space, k), 1)
        for space in (codes, points)
    ]
    return float((masks[0] * masks[1]).sum() / (k * len(codes)))


def kept_by_sklearn(codes, points, k):
    from sklearn.neighbors import kneighbors_graph

    graphs = [kneighbors_graph(space.numpy(), k) for space in (codes, points)]
    return graphs[0].multiply(graphs[1]).sum() / k / len(codes)


@pytest.mark.parametrize("answer", [kept_by_sets, kept_by_broadcast, kept_by_mask, kept_by_sklearn])
def test_any_right_count_of_neighbours_passes(answer):
    assert grade("projector.neighbours_kept", answer) == (True, "")


def nearest_with_self(points, k):
    return torch.cdist(points, points).topk(min(k, len(points)), largest=False).indices


def shared(one, other):
    return (one[:, :, None] == other[:, None, :]).any(2).double().sum(1)


def jaccard(codes, points, k):
    both = shared(nearest(codes, k), nearest(points, k))
    return (both / (2 * k - both)).mean()


def farthest(codes, points, k):
    return (
        shared(*(torch.cdist(space, space).topk(k).indices for space in (codes, points))).mean() / k
    )


def cosine(codes, points, k):
    return kept_by_broadcast(torch.nn.functional.normalize(codes), points, k)


def moved_in_place(codes, points, k):
    points -= points.mean(0)
    return kept_by_broadcast(codes, points, k)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
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
        (
            lambda c, p, k: (nearest(c, k) == nearest(p, k)).double().mean(),
            "같은 순위",
        ),
        (jaccard, "합집합"),
        (farthest, "가장 먼 것"),
        (cosine, "길이를 1로"),
        (lambda c, p, k: kept_by_broadcast(c, p, 8), "codes와 points를 같게"),
        (lambda c, p, k: 0.2, "codes와 points를 같게"),
        (lambda c, p, k: nearest(p, k), "수 하나를 기대"),
        (moved_in_place, "그 자리에서"),
        (lambda c, p: 1.0, "오류가 났습니다"),
        (0.2, "함수를 기대"),
    ],
)
def test_wrong_count_of_neighbours_gets_the_hint_that_fits(answer, hint):
    solved, message = grade("projector.neighbours_kept", answer)
    assert solved is False
    assert hint in message


# 풀지 않은 칸


def unfinished(*inputs): ...


EXERCISES = ["sprite_side", "pca_2d", "between_class_share", "neighbours_kept"]


@pytest.mark.parametrize("name", EXERCISES)
def test_an_empty_answer_is_unsolved(name):
    assert grade(f"projector.{name}", unfinished)[0] is None
    assert grade(f"projector.{name}", None)[0] is None


@pytest.mark.parametrize(
    ("name", "answer"),
    list(zip(EXERCISES, [side_by_counting, by_svd, share_by_loop, kept_by_sets], strict=True)),
)
def test_grading_draws_nothing_from_the_global_generator(name, answer):
    before = copy.deepcopy(torch.get_rng_state())
    grade(f"projector.{name}", answer)
    assert torch.get_rng_state().equal(before)
