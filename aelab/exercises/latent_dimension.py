"""5장 잠재 차원의 연습문제."""

import math
from collections.abc import Iterator
from functools import cache
from typing import Any

import torch
from torch import Tensor

from aelab.data import load_images
from aelab.exercises.engine import Exercise
from aelab.exercises.prediction import Prediction
from aelab.inference import predict
from aelab.metrics import squared_error_per_image
from aelab.pretrained import load_pretrained


@cache
def _pca_match() -> float:
    images = load_images(split="test")[:2000]
    model = load_pretrained(64)
    restored = predict(model.decoder, predict(model.encoder, images))
    target = float(squared_error_per_image(restored, images).mean())
    fitted = load_images(split="train")[:10000].flatten(1)
    mean = fitted.mean(0)
    centred = fitted - mean
    # 고유벡터를 모두 구하지 않고, 자료를 거듭 곱해 분산이 큰 방향만 얻습니다.
    basis = torch.randn(3072, 128, generator=torch.Generator().manual_seed(0))
    for _ in range(3):
        basis = torch.linalg.qr(centred.T @ (centred @ basis)).Q
    directions = basis @ torch.linalg.svd(centred @ basis, full_matrices=False).Vh.T
    moved = (images.flatten(1) - mean).double()
    explained = (moved @ directions.double()).square().mean(0)
    left = moved.square().sum(1).mean() - explained.cumsum(0)
    return float((left > target).sum()) + 1


pca_match = Prediction(
    _pca_match,
    lambda right: {
        "오토인코더의 차원 그대로입니다. 같은 차원에서는 PCA의 오차가 더 큽니다.": 64.0,
        "오차가 더 작은 개수를 세었습니다. 오차가 같아지는 첫 개수를 찾습니다.": 3073 - right,
        "64개에 더할 개수입니다. 모두 몇 개인지를 적습니다.": right - 64,
        "64의 몇 배인지를 적었습니다. 개수를 적습니다.": right / 64,
    },
    "PCA의 오차가 그 근처에서 주성분 하나마다 얼마나 줄어드는지 봅니다.",
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


@cache
def _same_bytes() -> tuple[str, ...]:
    images, error = load_images(split="test")[:500], {}
    for size, bits in ((128, 6), (256, 3), (384, 2)):
        model = load_pretrained(size)
        codes = predict(model.encoder, images)
        low, step = codes.amin(0), (codes.amax(0) - codes.amin(0)) / (2**bits - 1)
        restored = predict(model.decoder, low + ((codes - low) / step).round() * step)
        error[f"{size}차원"] = float(squared_error_per_image(restored, images).mean())
    return tuple(sorted(error, key=lambda name: error[name]))


same_bytes = Prediction(
    _same_bytes,
    lambda right: {"거꾸로입니다. 오차가 작은 것부터 늘어놓습니다.": right[::-1]},
    "비트를 하나 줄이면 간격이 두 배, 양자화가 더하는 오차는 네 배쯤이 됩니다.",
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
