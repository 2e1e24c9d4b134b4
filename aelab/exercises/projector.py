"""9장 텐서보드 프로젝터의 연습문제: 모은 그림의 크기, PCA, 클래스의 몫, 지켜진 이웃."""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from aelab.exercises.answers import close
from aelab.exercises.engine import Exercise


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
        "칸이 딱 맞는데 한 줄을 더 두었습니다. 제곱수일 때를 봅니다.": (math.isqrt(count) + 1)
        * size,
    },
    otherwise="한 줄에 놓을 칸의 수를 먼저 적어 봅니다.",
    same=torch.equal,
)


def _cloud(n: int, width: int, generator: torch.Generator) -> Tensor:
    """방향마다 분산이 다르고 가운데가 원점이 아닌 점들."""
    mixing, points = torch.randn(width + n, width, generator=generator).double().split((width, n))
    return points @ (mixing * 0.6 ** torch.arange(width)[:, None]) + torch.linspace(1, 4, width)


def _centred(codes: Tensor, axis: int = 0) -> Tensor:
    return codes - codes.mean(axis, keepdim=True)


def _directions(fitted: Tensor) -> Tensor:
    """특이 방향 (width, width), 특잇값이 큰 것부터."""
    return torch.linalg.svd(fitted, full_matrices=True).Vh.T


def _pca(codes: Tensor, axis: int = 0) -> Tensor:
    return _centred(codes, axis) @ _directions(_centred(codes, axis))[:, :2]


def _same_up_to_sign(points: Tensor, expected: Tensor) -> bool:
    return all(
        close(column, wanted, 1e-3) or close(-column, wanted, 1e-3)
        for column, wanted in zip(points.T, expected.T, strict=True)
    )


def _pca_slips(right: Tensor, z: Tensor) -> dict[str, Any]:
    moved = _centred(z)
    least, turned = moved @ _directions(moved)[:, -2:], torch.linalg.svd(moved).U[:, :2]
    smallest, first = (least, least.flip(1)), (z[:, :2], moved[:, :2])
    return {
        "두 열의 차례가 뒤바뀌었습니다. 분산이 큰 쪽이 첫 열입니다.": right.flip(1),
        "분산이 가장 작은 방향입니다. eigh는 고윳값이 작은 것부터 내놓습니다.": smallest,
        "방향은 맞지만 평균을 빼지 않은 값을 옮겼습니다.": z @ _directions(moved)[:, :2],
        "평균을 빼지 않았습니다. 첫 방향이 평균을 가리킵니다.": z @ _directions(z)[:, :2],
        "평균을 빼지 않고 방향을 구했습니다.": moved @ _directions(z)[:, :2],
        "축마다 표준편차로 나누었습니다. 두 축의 분산이 같아집니다.": right / right.std(0),
        "특이벡터 U만 썼습니다. 특잇값을 곱해야 좌표가 됩니다.": turned,
        "차원마다 표준편차로 나눈 뒤에 방향을 구했습니다. 평균만 뺍니다.": _pca(z / z.std(0)),
        "앞의 두 차원을 골랐습니다. 분산이 큰 방향은 여러 차원을 섞은 것입니다.": first,
        "벡터마다 제 평균을 뺐습니다. 차원마다 n개의 평균을 뺍니다.": _pca(z, axis=1),
    }


pca_2d = Exercise(
    "pca_2d(codes): 분산이 가장 큰 두 방향의 좌표 (n, 2). 첫 열의 분산이 더 크고 축의 부호는 어느 쪽이든 맞습니다.",
    cases=lambda g: [(_cloud(*size, g),) for size in ((60, 7), (12, 30), (40, 3))],
    right=_pca,
    mistakes=_pca_slips,
    otherwise=lambda got, z: (
        "두 열의 분산이 {:.4g}, {:.4g}이고 {:.4g}, {:.4g}을(를) 기대했습니다.".format(
            *got.var(0), *_pca(z).var(0)
        )
    ),
    same=_same_up_to_sign,
)


def _classes(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    for counts, width in (((30, 10, 5), 4), ((3, 40), 6), ((8, 8, 8, 20), 1)):
        classes = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
        classes = classes[torch.randperm(len(classes), generator=generator)]
        centres, codes = torch.randn(2, len(classes), width, generator=generator).double()
        codes = (codes + 0.7 * centres[classes]) * torch.linspace(2, 0.5, width)
        yield codes + 2, 3 * classes + 2  # 값이 이어지지 않는 라벨


def _means(codes: Tensor, labels: Tensor) -> Tensor:
    return torch.stack([codes[labels == label].mean(0) for label in labels.unique()])


def _squares(codes: Tensor, centre: Tensor | float) -> float:
    return float((codes - centre).square().sum())


def _class_share(codes: Tensor, labels: Tensor) -> float:
    """모든 벡터를 제 클래스의 평균으로 바꾼 것의 흩어짐을 전체의 흩어짐으로 나눈 것."""
    replaced = _means(codes, labels)[labels.unique(return_inverse=True)[1]]
    return _squares(replaced, codes.mean(0)) / _squares(codes, codes.mean(0))


def _share_slips(right: float, z: Tensor, t: Tensor) -> dict[str, Any]:
    means, total = _means(z, t), _squares(z, z.mean(0))
    replaced, even = means[t.unique(return_inverse=True)[1]], _squares(means, z.mean(0)) / total
    spread, each = means.var(0, correction=0), replaced.var(0) / z.var(0)
    unweighted = (even, even * len(t) / len(means), spread.sum() / z.var(0, correction=0).sum())
    return {
        "클래스 안의 흩어짐입니다. 평균끼리의 흩어짐이 차지하는 몫을 구합니다.": 1 - right,
        "퍼센트입니다. 0과 1 사이의 비율로 둡니다.": 100 * right,
        "클래스 안의 흩어짐으로 나누었습니다. 전체의 흩어짐으로 나눕니다.": right / (1 - right),
        "클래스마다의 개수를 곱하지 않았습니다. 큰 클래스의 평균이 더 무겁습니다.": unweighted,
        "전체의 평균을 빼지 않았습니다.": _squares(replaced, 0) / _squares(z, 0),
        "차원마다의 몫을 평균했습니다. 분자와 분모를 각각 모든 차원에서 더한 뒤 나눕니다.": each.mean(),
        "나누지 않은 제곱합입니다. 전체의 제곱합으로 나눕니다.": right * total,
        "전체의 분산으로 나누지 않았습니다.": right * total / len(z),
        "속한 것이 없는 라벨의 평균은 NaN입니다. 나온 값만 돌아봅니다(labels.unique()).": math.nan,
    }


between_class_share = Exercise(
    "between_class_share(codes, labels): 전체 분산 가운데 클래스 평균의 분산이 차지하는 몫입니다.",
    cases=_classes,
    right=_class_share,
    mistakes=_share_slips,
    otherwise="모든 벡터를 제 클래스의 평균으로 바꾸면 분산이 얼마나 남는지 봅니다.",
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
