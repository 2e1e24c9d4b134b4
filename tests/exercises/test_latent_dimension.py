import copy
import math

import numpy as np
import pytest
import torch

from tests.exercises.hints import grade


def assert_hint(name, answer, hint):
    solved, message = grade(f"latent_dimension.{name}", answer)
    assert solved is False
    assert hint in message


# compression_ratio


def ratio_in_bytes(latent_dim, bits):
    return (32 * 32 * 3) / (latent_dim * bits / 8)


def ratio_as_tensor(latent_dim, bits):
    image = torch.zeros(3, 32, 32, dtype=torch.uint8)
    return torch.tensor(image.numel() * image.element_size() * 8 / latent_dim / bits)


@pytest.mark.parametrize(
    "answer",
    [ratio_in_bytes, ratio_as_tensor, lambda d, bits: 3072 / d * 8 / bits],
)
def test_any_right_ratio_passes(answer):
    assert grade("latent_dimension.compression_ratio", answer) == (True, "")


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda d, bits: 3072 * 8 / (d * 8), "값 하나의 비트 수"),
        (lambda d, bits: 3072 / (d * bits), "원본의 값도 비트로"),
        (lambda d, bits: 3072 * 32 / (d * bits), "32비트로 셌습니다"),
        (lambda d, bits: 1024 * 8 / (d * bits), "채널이 셋"),
        (lambda d, bits: d * bits / (3072 * 8), "거꾸로"),
        (lambda d, bits: 100 * d * bits / (3072 * 8), "퍼센트"),
        (lambda d, bits: 3072 * 64 / (d * bits), "단위를 맞춥니다"),
        (lambda d, bits: 3072 * 8 // (d * bits), "정수로 만들었습니다"),
        (lambda d, bits: round(3072 * 8 / (d * bits)), "정수로 만들었습니다"),
        (lambda d, bits: 48.0, "384차원, 32비트에서 48이(가)"),
        (lambda d, bits: float("nan"), "nan"),
        (lambda d, bits: torch.ones(2), "수 하나를 기대"),
        (lambda d: 1.0, "오류가 났습니다"),
        (48.0, "함수를 기대"),
    ],
)
def test_wrong_ratio_gets_the_hint_that_fits(answer, hint):
    assert_hint("compression_ratio", answer, hint)


# entropy_bits


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


def entropy_by_bincount(levels):
    total = torch.tensor(0.0)
    for column in levels.long().T:
        share = torch.bincount(column) / len(column)
        total = total + torch.special.entr(share).sum() / math.log(2)
    return total


def entropy_by_distribution(levels):
    same = (levels[:, None, :] == levels[None, :, :]).double().mean(1)
    return -same.log2().mean(0).sum()


@pytest.mark.parametrize(
    "answer", [entropy_by_counting, entropy_by_bincount, entropy_by_distribution]
)
def test_any_right_entropy_passes(answer):
    assert grade("latent_dimension.entropy_bits", answer) == (True, "")


def one_entropy(values):
    return entropy_by_counting(values.reshape(-1, 1))


def zero_times_log(levels):
    total = 0.0
    for column in levels.long().T:
        share = torch.bincount(column) / len(column)
        total -= float((share * share.log2()).sum())
    return total


def double_in_place(levels):
    levels *= 2
    return entropy_by_counting(levels)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
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
        (zero_times_log, "비율 0에 로그"),
        (lambda x: x.shape[1] * math.log2(float(x.max()) + 1), "모두 더하면 1"),
        (lambda x: 0.0, "0이(가) 나왔습니다"),
        (lambda x: x, "수 하나를 기대"),
        (double_in_place, "그 자리에서"),
        (lambda: 1.0, "오류가 났습니다"),
        (5.0, "함수를 기대"),
    ],
)
def test_wrong_entropy_gets_the_hint_that_fits(answer, hint):
    assert_hint("entropy_bits", answer, hint)


# pca_error


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


def by_sklearn(train, test, components):
    from sklearn.decomposition import PCA

    if components == 0:  # scikit-learn의 PCA는 0차원에서 되돌리지 못합니다
        return float((test - train.mean(0)).square().sum(1).mean())
    fitted = PCA(components).fit(train.numpy())
    restored = fitted.inverse_transform(fitted.transform(test.numpy()))
    return float(np.mean(np.sum((restored - test.numpy()) ** 2, axis=1)))


def by_loop(train, test, components):
    mean = train.mean(0)
    kept = top_by_covariance(train, components).T
    total = 0.0
    for row in test:
        restored = mean.clone()
        for direction in kept:
            restored = restored + direction.dot(row - mean) * direction
        total += float((restored - row).pow(2).sum())
    return total / len(test)


def in_single_precision(train, test, components):
    return by_covariance(train.float(), test.float(), components)


@pytest.mark.parametrize(
    "answer", [by_covariance, by_svd, by_sklearn, by_loop, in_single_precision]
)
def test_any_right_pca_error_passes(answer):
    assert grade("latent_dimension.pca_error", answer) == (True, "")


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


def centre_in_place(train, test, components):
    mean = train.mean(0)
    train -= mean
    test -= mean
    kept = top_by_covariance(train, components)
    return (test - test @ kept @ kept.T).square().sum(1).mean()


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
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
        (centre_in_place, "그 자리에서"),
        (lambda a, b: 1.0, "오류가 났습니다"),
        (1.0, "함수를 기대"),
    ],
)
def test_wrong_pca_error_gets_the_hint_that_fits(answer, hint):
    assert_hint("pca_error", answer, hint)


# smallest_dim


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


def by_bisection(dims, errors, target):
    heights = [decibels(error) for error in errors]
    if heights[-1] < target:
        return torch.tensor(math.inf)
    low, high = dims[0] - 1, dims[-1]
    while high - low > 1:
        middle = (low + high) // 2
        if np.interp(middle, dims, heights) >= target:
            high = middle
        else:
            low = middle
    return torch.tensor(high)


@pytest.mark.parametrize("answer", [by_trying_every_size, by_solving, by_bisection])
def test_any_right_choice_passes(answer):
    assert grade("latent_dimension.smallest_dim", answer) == (True, "")


def exact(dims, errors, target):
    heights = [decibels(error) for error in errors]
    return float(np.interp(target, heights, dims))


def next_measured(dims, errors, target):
    return next((d for d, e in zip(dims, errors, strict=True) if decibels(e) >= target), math.inf)


def straight_in_error(dims, errors, target):
    for size in range(dims[0], dims[-1] + 1):
        if decibels(np.interp(size, dims, errors)) >= target:
            return size
    return math.inf


def last_when_unreachable(dims, errors, target):
    found = by_solving(dims, errors, target)
    return dims[-1] if math.isinf(found) else found


def beyond_the_first(dims, errors, target):
    heights = [decibels(error) for error in errors]
    slope = (dims[1] - dims[0]) / (heights[1] - heights[0])
    if target < heights[0]:
        return math.ceil(dims[0] + slope * (target - heights[0]))
    return by_solving(dims, errors, target)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (exact, "정수가 아닙니다"),
        (lambda d, e, t: math.floor(exact(d, e, t)), "올립니다"),
        (next_measured, "잰 차원 가운데"),
        (straight_in_error, "오차를 직선으로"),
        (lambda d, e, t: by_trying_every_size(d, e, t, values=1024), "픽셀 수로"),
        (lambda d, e, t: by_trying_every_size(d, e, t, values=1), "제곱오차의 합을 값의 개수로"),
        (lambda d, e, t: by_trying_every_size(d, e, t, peak=1.0), "범위를 1로"),
        (lambda d, e, t: by_trying_every_size(d, e, t, peak=255.0), "범위를 255로"),
        (last_when_unreachable, "math.inf를 돌려줍니다"),
        (beyond_the_first, "첫 차원을 돌려줍니다"),
        (lambda d, e, t: 100, "어느 두 차원 사이"),
        (lambda d, e, t: float("nan"), "nan"),
        (lambda d, e, t: [100, 200], "수 하나를 기대"),
        (lambda d, e: 1, "오류가 났습니다"),
        (128, "함수를 기대"),
    ],
)
def test_wrong_choice_gets_the_hint_that_fits(answer, hint):
    assert_hint("smallest_dim", answer, hint)


# 풀지 않은 칸


@pytest.mark.parametrize("name", ["compression_ratio", "entropy_bits", "pca_error", "smallest_dim"])
def test_an_empty_answer_is_unsolved(name):
    for stub in (None, lambda *inputs: None, lambda *inputs: ...):
        assert grade(f"latent_dimension.{name}", stub)[0] is None


@pytest.mark.parametrize(
    ("name", "answer"), [("entropy_bits", entropy_by_counting), ("pca_error", by_covariance)]
)
def test_grading_draws_nothing_from_the_global_generator(name, answer):
    before = copy.deepcopy(torch.get_rng_state())
    assert grade(f"latent_dimension.{name}", answer)[0]
    assert torch.get_rng_state().equal(before)
