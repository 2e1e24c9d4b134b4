"""7장 생성의 연습문제."""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import normalize

from aelab.exercises.answers import (
    Hint,
    as_shape,
    call,
    check_generator,
    close,
    expect,
    repeated,
    with_generator,
)
from aelab.exercises.engine import Exercise

_COUNT = 10_000


def _gaussians(_: torch.Generator | None = None) -> list[tuple[Tensor, Tensor, int]]:
    first = torch.tensor([[4.0, 1.8, 0.0], [1.8, 1.0, -0.3], [0.0, -0.3, 0.5]])
    second = torch.tensor([[0.09, -0.1], [-0.1, 1.44]])
    means = torch.tensor([1.0, -2.0, 0.5]), torch.tensor([-3.0, 0.2])
    return [(means[0], first, _COUNT), (means[1], second, _COUNT)]


def _white(*shape: int, generator: torch.Generator) -> Tensor:
    """평균이 꼭 0이고 공분산이 꼭 단위행렬인 정규분포의 난수."""
    drawn = torch.randn(shape, generator=generator)
    drawn = drawn - drawn.mean(0)
    return torch.linalg.solve(torch.linalg.cholesky(torch.cov(drawn.T)), drawn.T).T


def _same_moments(one: Tensor, other: Tensor) -> bool:
    """표본 만 개의 평균과 공분산은 1 %쯤, 뾰족한 정도(정규분포에서 3)는 0.05쯤 흔들립니다."""
    again = [bool(repeated(samples) > 0.2) for samples in (one, other)]
    spread, wanted = torch.cov(one.T), torch.cov(other.T)
    widths = wanted.diag().sqrt()
    room = torch.where(widths > 1e-6, 0.05 * widths, torch.inf)
    peaks = [((z - z.mean(0)) ** 4).mean(0) / z.var(0).clamp(min=1e-9) ** 2 for z in (one, other)]
    return again[0] == again[1] and bool(
        ((spread - wanted).abs() <= 0.05 * widths.outer(widths) + 1e-6).all()
        and ((one.mean(0) - other.mean(0)).abs() <= room).all()
        and ((peaks[0] - peaks[1]).abs() < 0.3).all()
    )


def _samples(mean: Tensor, covariance: Tensor, count: int, generator: Any) -> Tensor:
    drawn = _white(count, len(mean), generator=generator)
    return mean + drawn @ torch.linalg.cholesky(covariance).T


def _sample_slips(right: Tensor, mean: Tensor, covariance: Tensor, count: int) -> dict[str, Any]:
    factor, widths = torch.linalg.cholesky(covariance), covariance.diag().sqrt()
    z, dice = torch.linalg.solve(factor, (right - mean).T).T, torch.Generator().manual_seed(0)
    again = _white(count // 2, len(mean), generator=dice).repeat(2, 1) @ factor.T
    flat = 12**0.5 * (torch.rand(z.shape, generator=dice) - 0.5) @ factor.T
    moved = {
        "인수의 전치를 빠뜨렸습니다. 행벡터에는 L이 아니라 Lᵀ를 곱합니다.": z @ factor,
        "공분산을 그대로 곱했습니다. 곱할 것은 공분산의 제곱근(인수)입니다.": z @ covariance,
        "차원 사이의 상관이 사라졌습니다. 분산만 맞추었습니다.": z * widths,
        "분산을 곱했고 차원 사이의 상관도 사라졌습니다. 공분산의 인수를 곱합니다.": z * widths**2,
        "표준정규분포의 공분산입니다. 공분산을 아직 쓰지 않았습니다.": z,
        "표본이 모두 같습니다. 표본마다 난수를 새로 뽑습니다.": z[:1].expand_as(z),
        "같은 난수를 되풀이해 썼습니다. 표본마다 난수를 새로 뽑습니다.": again,
        "모든 차원에 같은 난수를 썼습니다. (count, latent)개를 따로 뽑습니다.": z[:, :1] * widths,
        "공분산은 맞습니다. 평균을 더하지 않았습니다.": right - 2 * mean,
        "평균과 공분산은 맞지만 정규분포의 난수가 아닙니다. torch.randn을 살펴봅니다.": flat,
        "NaN이나 무한대가 있습니다. 음수의 제곱근을 구하지 않았는지 봅니다.": z @ covariance.sqrt(),
    }
    return {hint: mean + noise for hint, noise in moved.items()}


_sample_gaussian = Exercise(
    "sample_gaussian(mean, covariance, count)",
    cases=_gaussians,
    right=_samples,
    mistakes=_sample_slips,
    otherwise=lambda got, mean, covariance, count: (
        f"표본의 평균은 {got.mean(0).round(decimals=2).tolist()}, 차원별 분산은 {got.var(0).round(decimals=2).tolist()}입니다. 공분산이 맞으면 평균을 다시 봅니다. "
        "아니면 난수에 곱한 행렬 A에서 A의 곱이 공분산이 되는지 손으로 확인합니다."
    ),
    same=_same_moments,
    run=with_generator,
)


def sample_gaussian(answer: object) -> None:
    """정규분포의 표본 (count, latent)를 뽑는 함수 `sample_gaussian(mean, covariance, count, generator)`."""
    _sample_gaussian(answer)
    check_generator(answer, *_gaussians()[0])


_random_norm = Exercise(
    "random_norm()",
    cases=[()],
    right=lambda: math.sqrt(383.5),
    mistakes=lambda right: {
        "길이의 제곱입니다. 제곱근을 구합니다.": 384,
        "256차원의 길이입니다. 384차원에서 다시 구합니다.": 16,
        "한 차원의 표준편차입니다. 384개의 제곱을 더한 뒤 제곱근을 구합니다.": 1,
        "평균 벡터의 길이이거나 값의 평균입니다. 벡터마다 길이를 구한 뒤에 평균합니다.": 0,
        "값 하나의 절댓값의 평균입니다. 벡터의 길이가 아닙니다.": math.sqrt(2 / math.pi),
        "절댓값의 합(L1 노름)입니다. 유클리드 노름을 구합니다.": 384 * math.sqrt(2 / math.pi),
    },
    otherwise="벡터를 많이 뽑아 norm(dim=1)의 평균을 재어 봅니다.",
    same=lambda one, other: bool((one - other).abs() <= 0.01 * other.clamp(min=2)),
)


def random_norm(answer: object) -> None:
    """384차원의 표준정규분포에서 뽑은 잠재 벡터의 길이의 평균. 답은 함수가 아니라 수이고 1 % 안에서 맞힙니다."""
    _random_norm(lambda: answer)


def _angle(start: Tensor, end: Tensor) -> float:
    return math.acos(float((start.double() @ end.double()).clamp(-1, 1)))


def _arcs(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor, float]]:
    for dim in (2, 5, 64):
        start, end = (normalize(torch.randn(dim, generator=generator), dim=0) for _ in range(2))
        yield from ((start, end, fraction) for fraction in (0.0, 0.25, 0.5, 0.8, 1.0))


def _slerp(start: Tensor, end: Tensor, fraction: float, angle: float | None = None) -> Tensor:
    angle = _angle(start, end) if angle is None else angle
    weights = math.sin((1 - fraction) * angle), math.sin(fraction * angle)
    return (weights[0] * start.double() + weights[1] * end.double()) / math.sin(angle)


def _slerp_slip(point: Tensor, start: Tensor, end: Tensor, fraction: float) -> str:
    if abs(float(point.norm()) - 1) > 1e-3:
        return f"길이가 {point.norm():.3f}입니다. 원 위의 점이면 1이어야 합니다."
    turned, angle = _angle(start, point), _angle(start, end)
    return f"start에서 {turned:.3f}라디안 돌았습니다. 두 벡터의 각은 {angle:.3f}라디안입니다."


slerp = Exercise(
    "slerp(start, end, fraction): 길이가 1인 두 벡터를 큰 원을 따라 잇는 점. 0이면 start, 1이면 end입니다.",
    cases=_arcs,
    right=_slerp,
    mistakes=lambda right, a, b, t: {
        "start와 end가 뒤바뀌었습니다. fraction이 0이면 start입니다.": _slerp(b, a, t),
        "선분 위의 점입니다. 길이가 1보다 짧습니다.": a + t * (b - a),
        "선분 위의 점을 원 위로 밀어낸 것입니다. 길이는 1이지만 각이 고르게 변하지 않습니다. 두 벡터의 각에서 시작합니다.": (
            normalize(a + t * (b - a), dim=0)
        ),
        "방향은 맞는데 짧습니다. 사인의 합을 무엇으로 나누는지 봅니다.": right
        * math.sin(_angle(a, b)),
        "내적을 각으로 썼습니다. 내적은 각의 코사인이므로 torch.acos로 각을 구합니다.": (
            _slerp(a, b, t, angle=float(a @ b))
        ),
    },
    otherwise=_slerp_slip,
    same=lambda one, other: close(one, other, 1e-3),
)


def copies(answer: object) -> None:
    """학습 자료를 작은 잡음과 함께 베낀 표본마다 True를 주는 함수 `copies(samples, training, fresh)`."""
    generator = torch.Generator().manual_seed(0)
    for dim, scale, apart in ((48, 1.0, 1), (12, 30.0, 6), (100, 0.02, 1)):
        blobs = apart * torch.randn(8, dim, generator=generator)
        training, fresh, new = (
            scale * _around(blobs, count, generator) for count in (300, 200, 60)
        )
        noise = torch.randn(40, dim, generator=generator)
        copied = training[torch.randperm(300, generator=generator)[:40]] + 0.02 * scale * noise
        order = torch.randperm(100, generator=generator)
        samples, truth = torch.cat([copied, new])[order], (torch.arange(100) < 40)[order]
        found = _marks(answer, samples, training, fresh)
        caught, alarms = int((found & truth).sum()), int((found & ~truth).sum())
        slip = "진짜 자료 fresh에서 학습 자료까지의 거리는 보통 얼마인지, 그보다 유난히 가까운 것은 무엇인지 봅니다."
        if (caught, alarms) == (0, 60):
            slip = "거꾸로입니다. 베낀 표본은 학습 자료와 가깝습니다."
        elif caught == 0:
            slip = "기준이 너무 작습니다. 베낀 것에도 작은 잡음이 있어 거리가 0은 아닙니다."
        elif alarms == 60:
            slip = "기준이 너무 큽니다. 자료의 크기가 바뀌면 거리도 바뀌므로 기준을 fresh에서 구합니다."
        expect(
            caught == 40 and alarms <= 6,
            f"{dim}차원, 크기 {scale:g}의 자료에서 베낀 40개 가운데 {caught}개를 찾았고 새로운 60개 가운데 {alarms}개를 베꼈다고 했습니다. {slip}",
            all(
                torch.equal(_marks(answer, samples[part], training, fresh), found[part])
                for part in (truth, ~truth)
            ),
            "같은 표본의 답이 함께 들어온 다른 표본에 따라 달라집니다. 기준은 samples가 아니라 fresh에서 구합니다.",
        )


def _around(blobs: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """여러 무리의 둘레에 흩어진 점. 퍼진 정도가 점마다 다릅니다."""
    chosen = torch.randint(len(blobs), (count,), generator=generator)
    spread = 0.3 + 0.4 * torch.rand(count, 1, generator=generator)
    return blobs[chosen] + spread * torch.randn(count, blobs.shape[1], generator=generator)


def _marks(answer: object, samples: Tensor, training: Tensor, fresh: Tensor) -> Tensor:
    found = call(answer, samples, training, fresh)
    as_shape(found, (len(samples),))
    if found.dtype != torch.bool:
        raise Hint(
            f"True와 False의 텐서를 기대했는데 {found.dtype}이(가) 왔습니다. 거리를 기준과 견줍니다."
        )
    return found
