"""aelab.generation: 표본의 평균과 공분산, 보간의 성질, 잘못된 입력."""

import math

import numpy as np
import pytest
import torch

from aelab.generation import (
    LatentGaussian,
    LatentMixture,
    interpolate_linear,
    interpolate_spherical,
    random_codes,
)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def correlated_codes(count: int = 4000) -> torch.Tensor:
    mixing = torch.tensor([[2.0, 0.0, 0.0], [1.0, 0.5, 0.0], [-1.0, 0.3, 0.1]])
    return torch.randn(count, 3, generator=generator()) @ mixing.T + torch.tensor([1.0, -2.0, 0.5])


def test_random_codes_are_standard_normal_and_reproducible():
    codes = random_codes(20_000, 4, generator=generator(1))
    assert codes.mean(0).abs().max() < 0.05
    np.testing.assert_allclose(np.cov(codes.numpy().T), np.eye(4), atol=0.05)
    assert torch.equal(codes, random_codes(20_000, 4, generator=generator(1)))


def test_gaussian_has_the_mean_and_covariance_of_the_codes():
    codes = correlated_codes()
    fitted = LatentGaussian.fit(codes)
    np.testing.assert_allclose(fitted.mean, codes.mean(0), atol=1e-5)
    np.testing.assert_allclose(fitted.factor @ fitted.factor.T, np.cov(codes.numpy().T), atol=1e-4)


def test_gaussian_samples_follow_the_fitted_moments():
    codes = correlated_codes()
    samples = LatentGaussian.fit(codes).sample(50_000, generator=generator(2))
    np.testing.assert_allclose(samples.mean(0), codes.mean(0), atol=0.05)
    np.testing.assert_allclose(np.cov(samples.numpy().T), np.cov(codes.numpy().T), atol=0.1)


def test_gaussian_of_fewer_codes_than_dimensions_stays_in_their_span():
    codes = torch.randn(3, 10, generator=generator())
    samples = LatentGaussian.fit(codes).sample(5, generator=generator(1))
    span = torch.linalg.svd(codes - codes.mean(0), full_matrices=False).Vh[:2]
    outside = (samples - codes.mean(0)) - (samples - codes.mean(0)) @ span.T @ span
    assert outside.abs().max() < 1e-3
    one, other = codes[:2]
    torch.testing.assert_close(LatentGaussian.fit(codes[:2]).mean, (one + other) / 2)


def test_mixture_finds_two_separated_groups():
    groups = torch.cat(
        [
            torch.randn(300, 2, generator=generator(1)) * 0.1 + 5,
            torch.randn(100, 2, generator=generator(2)) * 0.1 - 5,
        ]
    )
    mixture = LatentMixture.fit(groups, 2, seed=0)
    samples = mixture.sample(4000, generator=generator(3))
    share = float((samples[:, 0] > 0).float().mean())
    assert share == pytest.approx(0.75, abs=0.03)
    assert samples.abs().sub(5).abs().max() < 1
    assert torch.equal(samples, mixture.sample(4000, generator=generator(3)))
    assert torch.equal(
        samples, LatentMixture.fit(groups, 2, seed=0).sample(4000, generator=generator(3))
    )


def test_linear_interpolation_matches_a_loop():
    with torch.inference_mode():  # 인코더의 출력은 흔히 그 안에서 만듭니다.
        start, end = torch.tensor([0.0, 1.0]), torch.tensor([4.0, -1.0])
    expected = [[4 * i / 4, 1 - 2 * i / 4] for i in range(5)]
    np.testing.assert_allclose(interpolate_linear(start, end, 5), expected, atol=1e-6)
    assert interpolate_linear(start.double(), end.double(), 2).dtype == torch.float64


def test_spherical_interpolation_follows_the_circle_at_even_angles():
    start = torch.tensor([1.0, 0.0])
    for angle in (math.pi / 2, 1e-3, 0.999 * math.pi):
        path = interpolate_spherical(start, torch.tensor([math.cos(angle), math.sin(angle)]), 4)
        expected = [[math.cos(a), math.sin(a)] for a in np.linspace(0, angle, 4)]
        np.testing.assert_allclose(path, expected, atol=1e-4)
    sparse = interpolate_spherical(start.double(), torch.tensor([0.0, 1.0]).double(), 3)
    np.testing.assert_allclose(sparse[1], [0.5**0.5] * 2, rtol=1e-12)


def test_spherical_interpolation_keeps_lengths_where_linear_shrinks():
    start, end = torch.randn(2, 256, generator=generator(4))
    lengths = interpolate_spherical(start, end, 9).norm(dim=1)
    np.testing.assert_allclose(
        lengths, np.linspace(float(start.norm()), float(end.norm()), 9), rtol=1e-4
    )
    assert interpolate_linear(start, end, 9).norm(dim=1)[4] < 0.85 * lengths[4]


@pytest.mark.parametrize("interpolate", [interpolate_linear, interpolate_spherical])
def test_interpolation_includes_both_ends(interpolate):
    start, end = torch.randn(2, 16, generator=generator(5))
    path = interpolate(start, end, 2)
    torch.testing.assert_close(path, torch.stack([start, end]), rtol=1e-4, atol=1e-5)


def test_spherical_interpolation_of_one_direction_is_linear():
    start = torch.randn(16, generator=generator(6))
    path = interpolate_spherical(start, 2 * start, 5)
    torch.testing.assert_close(path, interpolate_linear(start, 2 * start, 5))


VECTOR = torch.ones(4)


@pytest.mark.parametrize(
    ("start", "end", "steps", "message"),
    [
        (VECTOR[None], VECTOR, 3, r"start: 실수 벡터 \(latent,\)를 기대했는데 \(1, 4\)"),
        (VECTOR, [1.0] * 4, 3, "end: 실수 벡터.*list"),
        (VECTOR, VECTOR.long(), 3, "end: 실수 벡터"),
        (VECTOR, VECTOR[:3], 3, "같은 길이 4을"),
        (VECTOR, VECTOR * float("nan"), 3, "end: 유한한 값만"),
        (VECTOR, VECTOR, 1, "steps: 2 이상"),
        (VECTOR, VECTOR, 0, "steps: 1 이상"),
    ],
)
@pytest.mark.parametrize("interpolate", [interpolate_linear, interpolate_spherical])
def test_bad_ends_are_refused(interpolate, start, end, steps, message):
    with pytest.raises(ValueError, match=message):
        interpolate(start, end, steps)


@pytest.mark.parametrize(
    ("end", "message"), [(torch.zeros(4), "영벡터가 왔습니다"), (-VECTOR, "방향이 정반대")]
)
def test_undefined_great_circles_are_refused(end, message):
    with pytest.raises(ValueError, match=message):
        interpolate_spherical(VECTOR, end, 3)


@pytest.mark.parametrize(
    ("codes", "error", "message"),
    [
        (torch.zeros(1, 4), ValueError, "codes: 두 개 이상의 잠재 벡터를 기대했는데 하나"),
        (torch.zeros(4), ValueError, r"codes: .*\(4,\)"),
        (torch.zeros(4, 2).long(), TypeError, "codes: 실수형 텐서를 기대했는데 torch.int64"),
        (torch.full((4, 2), float("nan")), ValueError, "codes: 유한한 값만"),
    ],
)
@pytest.mark.parametrize(
    "fit", [LatentGaussian.fit, lambda codes: LatentMixture.fit(codes, 2, seed=0)]
)
def test_bad_codes_are_refused(fit, codes, error, message):
    with pytest.raises(error, match=message):
        fit(codes)


def test_a_distribution_keeps_its_mean_when_the_given_one_changes():
    mean = torch.zeros(2)
    gaussian = LatentGaussian.from_moments(mean, torch.eye(2))
    mean += 1
    assert gaussian.mean.tolist() == [0, 0]


def test_more_components_than_codes_are_refused():
    with pytest.raises(ValueError, match="components: 표본의 수 5 이하를 기대했는데 6"):
        LatentMixture.fit(torch.randn(5, 2, generator=generator()), 6, seed=0)


@pytest.mark.parametrize("count", [0, 2.5])
def test_bad_counts_are_refused(count):
    codes = correlated_codes(10)
    mixture, dice = LatentMixture.fit(codes, 2, seed=0), generator()
    for draw in (
        lambda: random_codes(count, 3, generator=dice),
        lambda: LatentGaussian.fit(codes).sample(count, generator=dice),
        lambda: mixture.sample(count, generator=dice),
    ):
        with pytest.raises((ValueError, TypeError), match="count: .*정수를 기대했는데"):
            draw()
    with pytest.raises((ValueError, TypeError), match="latent_dim: .*정수를 기대했는데"):
        random_codes(3, count, generator=dice)
    with pytest.raises((ValueError, TypeError), match="components: .*정수를 기대했는데"):
        LatentMixture.fit(codes, count, seed=0)
