"""5장 잠재 차원의 연습문제: 압축률, 엔트로피로 센 비트, PCA의 시험 오차, 차원 고르기."""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from aelab.exercises.answers import close
from aelab.exercises.engine import Exercise

compression_ratio = Exercise(
    "compression_ratio(latent_dim, bits): 8비트 32×32 색 이미지의 크기를 잠재 벡터의 크기로 나눈 값입니다.",
    cases=[(64, 8), (384, 32), (100, 5), (256, 3), (3000, 20)],
    right=lambda d, bits: 3072 * 8 / (d * bits),
    mistakes=lambda right, d, bits: {
        "값의 개수만 견주었습니다. 값 하나의 비트 수가 서로 다릅니다.": 3072 / d,
        "원본의 값도 비트로 셉니다. 원본은 값마다 8비트입니다.": right / 8,
        "원본의 값을 32비트로 셌습니다. 저장된 이미지는 값마다 8비트입니다.": right * 4,
        "원본을 픽셀 1024개로 셌습니다. 픽셀마다 채널이 셋입니다.": right / 3,
        "거꾸로 나누었습니다. 줄었으면 1보다 큰 값입니다.": 1 / right,
        "남은 크기의 퍼센트입니다. 원본이 몇 배인지를 구합니다.": 100 / right,
        "한쪽은 바이트, 다른 쪽은 비트로 셌습니다. 단위를 맞춥니다.": right * 8,
        "정수로 만들었습니다. 소수까지 그대로 둡니다.": (int(right), round(right)),
    },
    otherwise="원본과 잠재 벡터의 크기를 각각 비트로 적어 봅니다.",
)


def _levels(generator: torch.Generator) -> Iterator[tuple[Tensor]]:
    for n, d, most in ((60, 5, 3), (40, 3, 7), (90, 2, 40), (30, 4, 0)):
        # 뒤쪽 차원일수록 한쪽으로 쏠리고 2씩 띄운 값이라 나오지 않는 정수가 섞입니다.
        yield (
            2 * (torch.rand(n, d, generator=generator) ** torch.arange(1, d + 1) * most).round(),
        )


def _entropy(values: Tensor) -> float:
    _, counts = values.unique(return_counts=True)
    share = counts.double() / len(values)
    return -float((share * share.log2()).sum()) + 0.0


def _bits(levels: Tensor) -> float:
    return sum(_entropy(column) for column in levels.T)


entropy_bits = Exercise(
    "entropy_bits(levels): 양자화한 정수에서 차원마다의 엔트로피를 더한 비트입니다.",
    cases=_levels,
    right=_bits,
    mistakes=lambda right, x: {
        "음수입니다. 엔트로피의 앞에는 빼기 기호가 있습니다.": -right,
        "자연로그로 셌습니다. 비트는 밑이 2인 로그입니다.": right * math.log(2),
        "상용로그로 셌습니다. 비트는 밑이 2인 로그입니다.": right * math.log10(2),
        "차원마다의 평균입니다. 한 장에 드는 비트는 모두 더한 값입니다.": right / x.shape[1],
        "바이트입니다. 비트로 둡니다.": right / 8,
        "모든 장에 드는 비트입니다. 한 장의 평균을 구합니다.": right * len(x),
        "모든 차원을 한데 섞어 셌습니다. 차원마다 따로 셉니다.": tuple(
            times * _entropy(x.flatten()) for times in (1, x.shape[1])
        ),
        "이미지마다 셌습니다. 한 차원에서 여러 이미지의 값을 셉니다.": _bits(x.T),
        "나온 값의 가짓수만 셌습니다. 자주 나오는 값과 드문 값의 비율을 씁니다.": (
            sum(math.log2(len(column.unique())) for column in x.T)
        ),
        "나오지 않은 값의 비율 0에 로그를 씌우지 않았는지 봅니다.": math.nan,
    },
    otherwise="한 차원의 비율을 모두 더하면 1이 되는지 먼저 봅니다.",
)


def _trains_and_tests(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor, int]]:
    for n, m, width, kept in ((80, 33, 6, 2), (50, 40, 12, 5), (30, 21, 8, 0), (25, 18, 5, 5)):
        drawn = torch.randn(width + n + m, width, generator=generator).double()
        mixing, train, test = drawn.split((width, n, m))
        mixing = mixing * torch.linspace(2, 0.2, width)[:, None]
        yield train @ mixing + 1.5, test @ mixing + 2.0, kept


def _projected(train: Tensor, test: Tensor, fitted: Any = None, moved: Any = None) -> Tensor:
    """train의 분산이 큰 차례의 방향에서 본 test. 두 평균(방향을 구할 때와 옮길 때 뺄 것)을 바꿀 수 있습니다."""
    mean = train.mean(0)
    centred = train - (mean if fitted is None else fitted)
    directions = torch.linalg.svd(centred, full_matrices=True).Vh.T
    return (test - (mean if moved is None else moved)) @ directions


def _residual(train: Tensor, test: Tensor, components: int, **options: Any) -> float:
    dropped = _projected(train, test, **options)[:, max(components, 0) :]
    return float(dropped.square().sum(1).mean())


def _pca_slips(right: float, a: Tensor, b: Tensor, k: int) -> dict[str, Any]:
    squares = _projected(a, b).square()
    uncentred = tuple(_residual(a, b, k, fitted=mean, moved=0.0) for mean in (None, 0.0))
    return {
        "학습 자료에서 잰 오차입니다. 맞추는 것은 train, 재는 것은 test입니다.": _residual(a, a, k),
        "test에 맞추었습니다. train에 맞춥니다.": _residual(b, b, k),
        "test의 평균을 뺐습니다. train의 평균을 뺍니다.": _residual(a, b, k, moved=b.mean(0)),
        "평균을 빼지 않았습니다. train의 평균을 뺍니다.": uncentred,
        "고윳값이 작은 쪽을 남겼습니다. eigh는 작은 것부터 내놓습니다.": (
            squares.flip(1)[:, k:].sum(1).mean()
        ),
        "남긴 성분의 분산입니다. 오차는 버린 쪽에 있습니다.": squares[:, :k].sum(1).mean(),
        "값마다의 평균입니다. 한 장 안에서는 더합니다.": right / b.shape[1],
        "모든 장을 더했습니다. 장수로 나누어 평균합니다.": right * len(b),
        "제곱근입니다. 제곱오차를 그대로 둡니다.": math.sqrt(right),
        "성분을 하나 덜 남겼습니다.": _residual(a, b, k - 1),
        "성분을 하나 더 남겼습니다.": _residual(a, b, k + 1),
    }


pca_error = Exercise(
    "pca_error(train, test, components): train에 맞춘 PCA로 줄였다 되돌린 test의, 한 장에서 더한 제곱오차의 평균입니다.",
    cases=_trains_and_tests,
    right=_residual,
    mistakes=_pca_slips,
    otherwise="줄였다가 되돌린 값과 test의 차이를 재는지 봅니다.",
    # 모든 성분을 남기면 오차는 반올림만큼만 0에서 벗어납니다.
    same=lambda one, other: (
        close(one, other, 1e-3) or (float(other) < 1e-6 and abs(float(one)) < 1e-3)
    ),
)


def _decibels(errors: list[float], values: float = 3072, peak: float = 2.0) -> list[float]:
    return [10 * math.log10(peak**2 * values / error) for error in errors]


def _reached(dims: list[int], heights: list[float], target: float) -> float:
    """직선으로 이은 높이가 목표에 닿는 자리. 첫 점이 이미 닿았으면 그 점, 못 닿으면 무한대."""
    if heights[0] >= target:
        return dims[0]
    points = list(zip(dims, heights, strict=True))
    for (left, low), (right, high) in zip(points, points[1:], strict=False):
        if high >= target:
            return left + (right - left) * (target - low) / (high - low)
    return math.inf


def _chosen(dims: list[int], heights: list[float], target: float, up: Any = math.ceil) -> float:
    place = _reached(dims, heights, target)
    return place if math.isinf(place) else up(place)


def _choice_slips(_: float, dims: list[int], errors: list[float], target: float) -> dict[str, Any]:
    heights, wanted = _decibels(errors), 4 * 3072 / 10 ** (target / 10)
    places = zip(dims, heights, strict=True)
    pixels, one, wide, sums = (
        _chosen(dims, _decibels(errors, **scale), target)
        for scale in ({"values": 1024}, {"peak": 1.0}, {"peak": 255.0}, {"values": 1})
    )
    return {
        "목표에 조금 못 미치는 차원입니다. 채우는 정수가 되도록 올립니다.": tuple(
            _chosen(dims, heights, target, down) for down in (math.floor, round)
        ),
        "잰 차원 가운데 하나를 골랐습니다. 이웃한 두 차원 사이를 직선으로 잇습니다.": (
            next((dim for dim, height in places if height >= target), math.inf)
        ),
        "오차를 직선으로 이었습니다. 직선으로 변하는 것은 PSNR입니다.": (
            _chosen(dims, [-error for error in errors], -wanted)
        ),
        "MSE를 픽셀 수로 나누어 구했습니다. 값은 3072개입니다.": pixels,
        "값의 범위를 1로 두었습니다. [-1, 1]의 폭은 2입니다.": one,
        "값의 범위를 255로 두었습니다. [-1, 1]의 폭은 2입니다.": wide,
        "목표를 채우는 차원이 있습니다. 제곱오차의 합을 값의 개수로 나누었는지 봅니다.": sums,
    }


def _dim_slip(got: Tensor, dims: list[int], errors: list[float], target: float) -> str:
    if max(_decibels(errors)) < target:
        return "가장 큰 차원도 목표를 못 채웁니다. 이럴 때는 math.inf를 돌려줍니다."
    if _decibels(errors)[0] >= target:
        return "첫 차원이 이미 목표를 채웁니다. 잰 범위 밖을 추측하지 않고 첫 차원을 돌려줍니다."
    if bool(got != got.floor()):
        return "정수가 아닙니다. 목표를 채우는 가장 작은 정수로 올립니다."
    return "오차마다의 PSNR을 먼저 적고, 목표가 어느 두 차원 사이에 있는지 봅니다."


_CURVES = (([32, 64, 128, 256], [150.0, 90.0, 52.0, 27.0]), ([10, 50, 400], [300.0, 120.0, 8.0]))

smallest_dim = Exercise(
    "smallest_dim(dims, errors, target): 목표 PSNR을 채우는 가장 작은 정수 차원. 이웃한 차원 사이에서 PSNR이 직선으로 변합니다.",
    cases=[
        (*_CURVES[which], target)
        for which, target in ((0, 20.3), (0, 25.3), (1, 27.77), (1, 17.21), (0, 15.0), (0, 40.0))
    ],
    right=lambda dims, errors, target: _chosen(dims, _decibels(errors), target),
    mistakes=_choice_slips,
    otherwise=_dim_slip,
    same=torch.equal,
)
