"""새 이미지 만들기: 잠재 벡터를 뽑고, 잇고, 학습된 잠재 벡터의 분포를 흉내 냅니다."""

from dataclasses import dataclass

import torch
from torch import Tensor

from aelab.checks import check_codes, check_finite, check_positive_int, unexpected
from aelab.types import Codes


def random_codes(count: int, latent_dim: int, *, generator: torch.Generator) -> Codes:
    """표준정규분포에서 뽑은 잠재 벡터 (count, latent_dim)."""
    check_positive_int(count, "count")
    check_positive_int(latent_dim, "latent_dim")
    return torch.randn(count, latent_dim, generator=generator)


def interpolate_linear(start: Tensor, end: Tensor, steps: int) -> Codes:
    """두 잠재 벡터를 잇는 선분 위의 같은 간격의 점 (steps, latent). 양 끝을 포함합니다.

    인자
        start, end: 길이가 같은 실수 벡터 (latent,).
        steps: 점의 수, 2 이상.

    오류: 모양이나 자료형이 다르거나 유한하지 않은 값이 있으면 ValueError 또는 TypeError.
    """
    return start + _fractions(start, end, steps) * (end - start)


def interpolate_spherical(start: Tensor, end: Tensor, steps: int) -> Codes:
    """두 잠재 벡터의 방향을 큰 원을 따라, 크기를 고르게 잇는 점 (steps, latent). 양 끝을 포함합니다.

    고차원의 벡터를 선분으로 이으면 가운데가 원점에 가까워집니다. 방향은 큰 원을 따라, 크기는 직선으로
    이으면 그렇지 않습니다. 두 방향이 거의 같으면 선분과 같고, 정반대이면 길이 정해지지 않습니다.

    인자는 `interpolate_linear`와 같습니다.

    오류: 위와 같고, 길이가 0이거나 방향이 정반대여도 ValueError.

    출처: Shoemake(1985), "Animating rotation with quaternion curves"; White(2016), arXiv:1609.04468.
    """
    fractions = _fractions(start, end, steps)
    lengths = start.norm(), end.norm()
    if min(lengths) == 0:
        raise unexpected("start, end", "길이가 0이 아닌 벡터를", "영벡터")
    a, b = start / lengths[0], end / lengths[1]
    # acos는 같은 방향 근처에서 부정확하므로 두 변의 길이로 각을 구합니다.
    angle = 2 * torch.atan2((a - b).norm(), (a + b).norm())
    if torch.pi - angle < 1e-3:
        raise ValueError("start, end: 방향이 정반대여서 잇는 길이 정해지지 않습니다.")
    if angle < 1e-4:
        return start + fractions * (end - start)
    directions = (
        torch.sin((1 - fractions) * angle) * a + torch.sin(fractions * angle) * b
    ) / torch.sin(angle)
    return directions * (lengths[0] + fractions * (lengths[1] - lengths[0]))


@dataclass(frozen=True, eq=False)
class LatentGaussian:
    """잠재 벡터의 평균과 공분산을 그대로 흉내 내는 정규분포.

    속성
        mean: 평균 (latent,).
        factor: factor @ factor.T가 공분산인 행렬 (latent, latent).
    """

    mean: Tensor
    factor: Tensor

    @classmethod
    def fit(cls, codes: Codes) -> "LatentGaussian":
        """잠재 벡터 (n, latent)의 표본 평균과 표본 공분산(n - 1로 나눔)에 맞춥니다. n은 2 이상입니다.

        오류: 모양이나 자료형이 다르거나 유한하지 않은 값이 있으면 ValueError 또는 TypeError.
        """
        _check_sample(codes)
        codes = codes.detach().cpu().double()
        return cls.from_moments(codes.mean(0), torch.cov(codes.T).reshape(2 * codes.shape[1:]))

    @classmethod
    def from_moments(cls, mean: Tensor, covariance: Tensor) -> "LatentGaussian":
        """평균 (latent,)과 공분산 (latent, latent)에서 만듭니다."""
        # 대칭 제곱근은 고유벡터의 부호와 무관하게 하나로 정해지고, 촐레스키 분해와 달리
        # 차원보다 표본이 적어 공분산이 특이해도 됩니다. 반올림한 고윳값은 0보다 조금 작을 수 있습니다.
        values, vectors = torch.linalg.eigh(covariance.double())
        factor = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
        # 받은 평균이 나중에 바뀌어도 분포는 그대로이도록 사본을 둡니다.
        return cls(mean.to(torch.float32, copy=True), factor.float())

    def sample(self, count: int, *, generator: torch.Generator) -> Codes:
        """float32의 잠재 벡터 (count, latent)를 뽑습니다."""
        noise = random_codes(count, len(self.mean), generator=generator)
        return self.mean + noise @ self.factor.T


@dataclass(frozen=True, eq=False)
class LatentMixture:
    """정규분포 여럿을 섞은 잠재 벡터의 분포.

    속성
        weights: 성분이 뽑힐 확률 (components,), 합은 1.
        components: 성분마다의 정규분포.
    """

    weights: Tensor
    components: tuple[LatentGaussian, ...]

    @classmethod
    def fit(cls, codes: Codes, components: int, *, seed: int) -> "LatentMixture":
        """scikit-learn의 EM으로 완전 공분산의 혼합 정규분포를 맞춥니다.

        인자
            codes: 잠재 벡터 (n, latent). 성분마다 latent보다 많은 표본이 있어야 공분산을 믿을 수 있습니다.
            components: 성분의 수, n 이하.
            seed: 처음 성분을 고르는 난수.
        """
        _check_sample(codes)
        check_positive_int(components, "components")
        if components > len(codes):
            raise unexpected("components", f"표본의 수 {len(codes)} 이하를", components)
        from sklearn.mixture import GaussianMixture

        fitted = GaussianMixture(components, reg_covar=1e-5, random_state=seed)
        fitted.fit(codes.detach().cpu().double().numpy())
        moments = map(torch.from_numpy, fitted.means_), map(torch.from_numpy, fitted.covariances_)
        parts = tuple(map(LatentGaussian.from_moments, *moments))
        return cls(torch.from_numpy(fitted.weights_).float(), parts)

    def sample(self, count: int, *, generator: torch.Generator) -> Codes:
        """성분을 확률대로 고르고 그 성분에서 잠재 벡터 (count, latent)를 뽑습니다."""
        check_positive_int(count, "count")
        chosen = torch.multinomial(self.weights, count, replacement=True, generator=generator)
        codes = torch.empty(count, len(self.components[0].mean))
        for number, component in enumerate(self.components):
            mine = chosen == number
            if mine.any():
                codes[mine] = component.sample(int(mine.sum()), generator=generator)
        return codes


def _fractions(start: Tensor, end: Tensor, steps: int) -> Tensor:
    """검사한 두 끝 사이의 같은 간격의 비율 (steps, 1)."""
    for name, code in (("start", start), ("end", end)):
        if not isinstance(code, Tensor) or not code.is_floating_point() or code.ndim != 1:
            shape = tuple(code.shape) if isinstance(code, Tensor) else type(code).__name__
            raise unexpected(name, "실수 벡터 (latent,)를", shape)
        check_finite(code, name)
    if start.shape != end.shape:
        raise unexpected("end", f"start와 같은 길이 {len(start)}을(를)", len(end))
    check_positive_int(steps, "steps")
    if steps < 2:
        raise unexpected("steps", "2 이상을", steps)
    return torch.linspace(0, 1, steps, dtype=start.dtype, device=start.device)[:, None]


def _check_sample(codes: Codes) -> None:
    check_codes(codes)
    if len(codes) < 2:
        raise unexpected("codes", "두 개 이상의 잠재 벡터를", "하나")
    check_finite(codes, "codes")
