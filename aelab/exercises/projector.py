"""9장 텐서보드 프로젝터의 연습문제: 모은 그림의 크기, 우연이 설명하는 분산, 지켜진 이웃."""

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
from aelab.pretrained import load_pretrained


def _cells(count: int) -> int:
    return math.isqrt(count - 1) + 1


sprite_side = Exercise(
    "sprite_side(count, size): 그림 count장을 같은 수의 줄과 칸에 모은 정사각형 그림의 한 변(픽셀)입니다.",
    cases=[(33, 32), (30, 32), (36, 32), (37, 16), (10_001, 28), (2, 10), (65_536, 32), (7, 1)],
    right=lambda count, size: _cells(count) * size,
    mistakes=lambda right, count, size: {
        "칸이 모자랍니다. 반올림하지 않고 올립니다.": round(math.sqrt(count)) * size,
        "칸이 모자랍니다. 한 줄의 칸 수를 내리지 않고 올립니다.": math.isqrt(count) * size,
        "칸의 수가 정수가 아닙니다. 그림 반 장은 놓을 수 없습니다.": math.sqrt(count) * size,
        "한 줄의 칸 수입니다. 칸의 크기를 곱해 픽셀로 바꿉니다.": _cells(count),
        "그림을 한 줄로 이었습니다. 정사각형으로 모읍니다.": count * size,
        "넓이입니다. 한 변의 길이를 구합니다.": (right**2, count * size**2),
        "픽셀로 바꾼 뒤에 올렸습니다. 칸의 수를 먼저 올립니다.": math.ceil(math.sqrt(count) * size),
        "칸이 딱 맞는데 한 줄을 더 두었습니다. 제곱수를 봅니다.": size * (math.isqrt(count) + 1),
    },
    otherwise="한 줄에 놓을 칸의 수를 먼저 적어 봅니다.",
    same=torch.equal,
)


def _class_share(codes: Tensor, labels: Tensor) -> float:
    """전체의 제곱합 가운데 클래스 평균이 설명하는 퍼센트."""
    means = torch.stack([codes[labels == label].mean(0) for label in labels])
    moved, centre = means - codes.mean(0), codes - codes.mean(0)
    return 100 * float(moved.square().sum() / centre.square().sum())


@cache
def _shares() -> tuple[float, float]:
    """앞의 50장에서 섞은 라벨 200벌과 진짜 라벨이 설명하는 퍼센트."""
    test = load_images(split="test").subset(slice(50))
    codes = predict(load_pretrained(128).encoder, test).double()
    generator = torch.Generator().manual_seed(0)
    orders = [torch.randperm(50, generator=generator) for _ in range(200)]
    shuffled = [_class_share(codes, test.labels[order]) for order in orders]
    return sum(shuffled) / 200, _class_share(codes, test.labels)


share_by_chance = Prediction(
    measure=lambda: _shares()[0],
    mistakes=lambda _: {
        "라벨을 섞지 않은 값입니다. 200번 섞어 평균합니다.": _shares()[1],
        "비율입니다. 퍼센트로 적습니다.": _shares()[0] / 100,
        "더하기만 했습니다. 섞은 횟수로 나눕니다.": _shares()[0] * 200,
    },
    why="클래스의 평균 10개는 50장을 잘 따라갑니다. 우연히 설명하는 비율은 (클래스의 수 − 1) / (장수 − 1)쯤입니다.",
)


def _maps(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor, int]]:
    for n, width, k in ((40, 6, 5), (25, 3, 1), (30, 10, 12), (20, 2, 19)):
        codes, noise = torch.randn(2, n, width, generator=generator).double()
        # 방향이 아니라 거리로 재는지 보려고 원점에서 옮깁니다.
        yield codes + 2, (codes + 0.2 * noise)[:, :2] * torch.tensor([1.0, 0.6]), k


def _nearest(points: Tensor, k: int, *, itself: bool = False, farthest: bool = False) -> Tensor:
    distances = (points[:, None] - points).norm(dim=2)
    if not itself:
        distances.fill_diagonal_(-math.inf if farthest else math.inf)
    return distances.topk(min(k, len(points)), largest=farthest).indices


def _shared(codes: Tensor, points: Tensor, k: int, **options: bool) -> Tensor:
    """점마다 겹치는 이웃의 개수."""
    one, other = _nearest(codes, k, **options), _nearest(points, k, **options)
    return (one[:, :, None] == other[:, None, :]).any(2).double().sum(1)


def _kept(codes: Tensor, points: Tensor, k: int, **options: bool) -> float:
    return float(_shared(codes, points, k, **options).mean()) / k


def _kept_slips(right: float, z: Tensor, p: Tensor, k: int) -> dict[str, Any]:
    shared, units = _shared(z, p, k), torch.nn.functional.normalize(z)
    mine, more = (_shared(z, p, count, itself=True).mean() for count in (k, k + 1))
    itself, fewer = (
        (mine / k, more / (k + 1), more / k),
        ((mine - 1) / k, (mine - 1) / (k - 1 or 1)),
    )
    same = (_nearest(z, k) == _nearest(p, k)).double()
    return {
        "자기 자신을 이웃으로 셌습니다. 어느 지도에서나 맞으므로 값이 커집니다.": itself,
        "자기 자신을 뺀 이웃이 k개보다 하나 적습니다.": fewer,
        "겹치는 개수입니다. k로 나누어 비율로 만듭니다.": right * k,
        "모든 점의 개수를 더했습니다. 점의 수와 k로 나눕니다.": shared.sum(),
        "점의 수로 나누지 않았습니다.": right * len(z),
        "점의 수로 나누었습니다. 점마다 견준 이웃은 k개입니다.": right * k / len(z),
        "퍼센트입니다. 0과 1 사이의 비율로 둡니다.": 100 * right,
        "잃은 이웃의 비율입니다. 지킨 비율을 구합니다.": 1 - right,
        "같은 순위에 있는 것만 셌습니다. 차례는 보지 않고 겹치는지만 봅니다.": same.mean(),
        "합집합으로 나누었습니다. 이웃의 수 k로 나눕니다.": (shared / (2 * k - shared)).mean(),
        "가장 먼 것을 골랐습니다. topk는 기본으로 큰 값을 고릅니다.": _kept(z, p, k, farthest=True),
        "벡터의 길이를 1로 맞추었습니다. 받은 그대로의 유클리드 거리로 잽니다.": _kept(units, p, k),
    }


neighbours_kept = Exercise(
    "neighbours_kept(codes, points, k): 지도가 지킨 이웃의 비율. 자기 자신은 이웃이 아닙니다.",
    cases=_maps,
    right=_kept,
    mistakes=_kept_slips,
    otherwise="codes와 points를 같게 주면 1이 나오는지 먼저 봅니다.",
)
