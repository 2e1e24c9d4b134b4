"""7장 생성의 연습문제."""

import math

import torch
from torch import Tensor

from aelab.exercises.answers import Hint, as_number, as_tensor, call, close

RANDOM_NORM_DIM = 384
_COUNT = 20_000
_FALSE_ALARMS = 0.1


def sample_gaussian(answer: object) -> None:
    """정규분포에서 표본을 뽑는 함수 `sample_gaussian(mean, covariance, count, generator)`.

    평균 (latent,)과 공분산 (latent, latent)에서 표본 (count, latent)를 돌려줍니다. 난수는 `generator`로만
    뽑습니다.
    """
    first = torch.tensor([[4.0, 1.8, 0.0], [1.8, 1.0, -0.3], [0.0, -0.3, 0.5]])
    second = torch.tensor([[0.09, -0.1], [-0.1, 1.44]])
    for mean, covariance in (
        (torch.tensor([1.0, -2.0, 0.5]), first),
        (torch.tensor([-3.0, 0.2]), second),
    ):
        shape = (_COUNT, len(mean))
        samples = as_tensor(_draw(answer, mean, covariance, 0), shape)
        if not torch.isfinite(samples).all():
            raise Hint("표본에 NaN이나 무한대가 있습니다. 음수의 제곱근을 구하지 않았는지 봅니다.")
        if not torch.equal(samples, as_tensor(_draw(answer, mean, covariance, 0), shape)):
            raise Hint(
                "씨앗이 같은 generator를 주었는데 표본이 달라졌습니다. torch.randn에 generator를 "
                "넘깁니다."
            )
        if torch.equal(samples, as_tensor(_draw(answer, mean, covariance, 1), shape)):
            raise Hint("generator의 씨앗을 바꾸어도 표본이 같습니다. 받은 generator로 뽑습니다.")
        _check_moments(samples, mean.double(), covariance.double())


def _draw(answer: object, mean: Tensor, covariance: Tensor, seed: int) -> object:
    def seeded(mean: Tensor, covariance: Tensor) -> object:
        generator = torch.Generator().manual_seed(seed)
        return answer(mean, covariance, _COUNT, generator)  # type: ignore[operator]

    # call은 Generator를 베끼지 못하므로 안에서 만듭니다.
    return call(seeded if callable(answer) else answer, mean, covariance)


def _check_moments(samples: Tensor, mean: Tensor, covariance: Tensor) -> None:
    found_mean, found = samples.mean(0), torch.cov(samples.T)
    if not _near(found, covariance):
        factor = torch.linalg.cholesky(covariance)
        slips = (
            (factor.T @ factor, "인수의 전치를 빠뜨렸습니다. 행벡터에는 L이 아니라 Lᵀ를 곱합니다."),
            (
                covariance @ covariance,
                "공분산을 그대로 곱했습니다. 곱할 것은 공분산의 제곱근(인수)입니다.",
            ),
            (covariance.diag().diag(), "차원 사이의 상관이 사라졌습니다. 분산만 맞추었습니다."),
            (
                covariance.diag().square().diag(),
                "분산을 곱했고 차원 사이의 상관도 사라졌습니다. 공분산의 인수를 곱합니다.",
            ),
            (
                torch.eye(len(mean)).double(),
                "표준정규분포의 공분산입니다. 공분산을 아직 쓰지 않았습니다.",
            ),
            (torch.zeros_like(covariance), "표본이 모두 같습니다. 표본마다 난수를 새로 뽑습니다."),
            (
                covariance.diag().sqrt().outer(covariance.diag().sqrt()),
                "모든 차원에 같은 난수를 썼습니다. (count, latent)개를 따로 뽑습니다.",
            ),
        )
        slip = next((text for value, text in slips if _near(found, value)), None)
        got = ", ".join(f"{value:.3g}" for value in found.diag())
        wanted = ", ".join(f"{value:.3g}" for value in covariance.diag())
        raise Hint(
            f"표본의 차원별 분산이 {got}입니다. 받은 공분산의 대각선은 {wanted}입니다. "
            + (slip or "난수에 곱한 행렬 A에서 A의 곱이 공분산이 되는지 손으로 확인합니다.")
        )
    if not torch.allclose(found_mean, mean, atol=0.05):
        got = ", ".join(f"{value:.2f}" for value in found_mean)
        slip = (
            "평균을 더하지 않았습니다." if found_mean.abs().max() < 0.05 else "평균을 다시 봅니다."
        )
        raise Hint(f"공분산은 맞습니다. 표본의 평균이 {got}입니다. {slip}")


def _near(found: Tensor, expected: Tensor) -> bool:
    # 표본 2만 개의 공분산은 표준편차의 곱의 1 %쯤 흔들립니다.
    widths = expected.diag().sqrt()
    return bool(((found - expected).abs() <= 0.05 * widths.outer(widths) + 1e-6).all())


def random_norm(answer: object) -> None:
    """384차원의 표준정규분포에서 뽑은 잠재 벡터의 길이(유클리드 노름)의 평균. 1 % 안에서 맞힙니다."""
    value = as_number(answer)
    expected = math.sqrt(RANDOM_NORM_DIM - 0.5)
    if close(value, expected, 0.01):
        return
    slips = (
        (RANDOM_NORM_DIM, "길이의 제곱입니다. 제곱근을 구합니다."),
        (16, "256차원의 길이입니다. 384차원에서 다시 구합니다."),
        (1, "한 차원의 표준편차입니다. 384개의 제곱을 더한 뒤 제곱근을 구합니다."),
        (0, "평균 벡터의 길이이거나 값의 평균입니다. 벡터마다 길이를 구한 뒤에 평균합니다."),
        (math.sqrt(2 / math.pi), "값 하나의 절댓값의 평균입니다. 벡터의 길이가 아닙니다."),
        (
            RANDOM_NORM_DIM * math.sqrt(2 / math.pi),
            "절댓값의 합(L1 노름)입니다. 유클리드 노름을 구합니다.",
        ),
    )
    slip = next((text for wrong, text in slips if abs(value - wrong) < 0.02 * max(wrong, 1)), None)
    raise Hint(
        f"{value:.4g}이(가) 왔습니다. "
        + (slip or "벡터를 많이 뽑아 norm(dim=1)의 평균을 재어 봅니다.")
    )


def slerp(answer: object) -> None:
    """길이가 1인 두 벡터를 큰 원을 따라 잇는 점을 구하는 함수 `slerp(start, end, fraction)`.

    `fraction`이 0이면 start, 1이면 end이고, 그 사이에서는 각이 고르게 변합니다.
    """
    generator = torch.Generator().manual_seed(0)
    for dim in (2, 5, 64):
        start, end = (_unit(torch.randn(dim, generator=generator)) for _ in range(2))
        for fraction in (0.0, 0.25, 0.5, 0.8, 1.0):
            point = as_tensor(call(answer, start, end, fraction), (dim,))
            if not close(point, _slerp(start, end, fraction), 1e-3):
                raise Hint(
                    f"{dim}차원에서 fraction이 {fraction:g}일 때를 봅니다. "
                    + _slerp_slip(point, start, end, fraction)
                )


def _unit(vector: Tensor) -> Tensor:
    return vector / vector.norm()


def _angle(start: Tensor, end: Tensor) -> float:
    return math.acos(float((start.double() @ end.double()).clamp(-1, 1)))


def _slerp(start: Tensor, end: Tensor, fraction: float, angle: float | None = None) -> Tensor:
    angle = _angle(start, end) if angle is None else angle
    weights = math.sin((1 - fraction) * angle), math.sin(fraction * angle)
    return (weights[0] * start.double() + weights[1] * end.double()) / math.sin(angle)


def _slerp_slip(point: Tensor, start: Tensor, end: Tensor, fraction: float) -> str:
    line = ((1 - fraction) * start + fraction * end).double()
    angle = _angle(start, end)
    if not torch.isfinite(point).all():
        return "NaN이나 무한대가 있습니다. acos에 넣은 값이 [-1, 1] 안에 있는지 봅니다."
    if close(point, _slerp(start, end, 1 - fraction), 1e-3):
        return "start와 end가 뒤바뀌었습니다. fraction이 0이면 start입니다."
    if close(point, line, 1e-3):
        return f"선분 위의 점입니다. 길이가 {float(point.norm()):.3f}로 1보다 짧습니다."
    if close(point, _unit(line), 1e-3):
        return (
            "선분 위의 점을 원 위로 밀어낸 것입니다. 길이는 1이지만 각이 고르게 변하지 않습니다. 두 벡터의 "
            "각에서 시작합니다."
        )
    if close(point, _slerp(start, end, fraction) * math.sin(angle), 1e-3):
        return "방향은 맞는데 짧습니다. 사인의 합을 무엇으로 나누는지 봅니다."
    if close(point, _slerp(start, end, fraction, angle=math.cos(angle)), 1e-3):
        return "내적을 각으로 썼습니다. 내적은 각의 코사인이므로 torch.acos로 각을 구합니다."
    length = float(point.norm())
    if abs(length - 1) > 1e-3:
        return f"길이가 {length:.3f}입니다. 원 위의 점이면 1이어야 합니다."
    turned = _angle(start, _unit(point))
    return f"start에서 {turned:.3f}라디안 돌았습니다. 두 벡터의 각은 {angle:.3f}라디안입니다."


def copies(answer: object) -> None:
    """학습 자료를 베낀 표본을 찾는 함수 `find_copies(samples, training, fresh)`.

    모두 (개수, 차원)의 텐서이고 `fresh`는 학습에 쓰지 않은 진짜 자료입니다. 표본마다 베꼈으면 True인
    (표본의 수,) 텐서를 돌려줍니다. 베낀 것에는 작은 잡음이 섞여 있습니다.
    """
    generator = torch.Generator().manual_seed(0)
    for dim, scale in ((48, 1.0), (12, 30.0), (100, 0.02)):
        blobs = torch.randn(8, dim, generator=generator)
        training, fresh, new = (
            scale * _around(blobs, count, generator) for count in (300, 200, 60)
        )
        noise = torch.randn(40, dim, generator=generator)
        copied = training[torch.randperm(300, generator=generator)[:40]] + 0.02 * scale * noise
        order = torch.randperm(100, generator=generator)
        samples, truth = torch.cat([copied, new])[order], (torch.arange(100) < 40)[order]
        found = _marks(answer, samples, training, fresh)
        _check_marks(found, truth, dim, scale)
        for part in (truth, ~truth):
            if not torch.equal(_marks(answer, samples[part], training, fresh), found[part]):
                raise Hint(
                    "같은 표본의 답이 함께 들어온 다른 표본에 따라 달라집니다. 기준은 samples가 아니라 "
                    "fresh에서 구합니다."
                )


def _around(blobs: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """여러 무리의 둘레에 흩어진 점. 퍼진 정도가 점마다 다릅니다."""
    chosen = torch.randint(len(blobs), (count,), generator=generator)
    spread = 0.3 + 0.4 * torch.rand(count, 1, generator=generator)
    return blobs[chosen] + spread * torch.randn(count, blobs.shape[1], generator=generator)


def _marks(answer: object, samples: Tensor, training: Tensor, fresh: Tensor) -> Tensor:
    result = call(answer, samples, training, fresh)
    as_tensor(result, (len(samples),))
    if not isinstance(result, Tensor) or result.dtype != torch.bool:
        kind = result.dtype if isinstance(result, Tensor) else type(result).__name__
        raise Hint(
            f"True와 False의 텐서를 기대했는데 {kind}이(가) 왔습니다. 거리를 기준과 견줍니다."
        )
    return result


def _check_marks(found: Tensor, truth: Tensor, dim: int, scale: float) -> None:
    caught = int((found & truth).sum())
    alarms = int((found & ~truth).sum())
    copied, new = int(truth.sum()), int((~truth).sum())
    listed = (
        f"{dim}차원, 크기 {scale:g}의 자료에서 베낀 {copied}개 가운데 {caught}개를 찾았고 "
        f"새로운 {new}개 가운데 {alarms}개를 베꼈다고 했습니다. "
    )
    if caught == copied and alarms <= _FALSE_ALARMS * new:
        return
    if caught == 0 and alarms == new:
        raise Hint(listed + "거꾸로입니다. 베낀 표본은 학습 자료와 가깝습니다.")
    if caught == 0:
        raise Hint(
            listed + "기준이 너무 작습니다. 베낀 것에도 작은 잡음이 있어 거리가 0은 아닙니다."
        )
    if alarms == new:
        raise Hint(
            listed
            + "기준이 너무 큽니다. 자료의 크기가 바뀌면 거리도 바뀌므로 기준을 fresh에서 구합니다."
        )
    raise Hint(
        listed
        + "진짜 자료 fresh에서 학습 자료까지의 거리는 보통 얼마인지, 그보다 유난히 가까운 것은 무엇인지 "
        "봅니다."
    )
