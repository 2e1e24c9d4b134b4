"""9장 텐서보드 프로젝터의 연습문제: 모은 그림의 크기, PCA, 클래스의 몫, 지켜진 이웃."""

import math

import torch
from torch import Tensor

from aelab.exercises.answers import Hint, as_number, as_tensor, call, close


def sprite_side(answer: object) -> None:
    """작은 그림 여러 장을 모은 정사각형 그림의 한 변(픽셀)을 구하는 함수 `sprite_side(count, size)`.

    한 변이 size픽셀인 그림 count장을 같은 수의 줄과 칸에 놓고, 남는 칸은 비워 둡니다.
    """
    for count, size in ((30, 32), (36, 32), (37, 16), (1500, 28), (2, 10), (65_536, 32), (7, 1)):
        cells = math.isqrt(count - 1) + 1
        expected = cells * size
        got = as_number(call(answer, count, size))
        if got == expected:
            continue
        slips = (
            (math.isqrt(count) * size, "칸이 모자랍니다. 한 줄의 칸 수를 내리지 않고 올립니다."),
            (round(math.sqrt(count)) * size, "칸이 모자랍니다. 반올림하지 않고 올립니다."),
            (math.sqrt(count) * size, "칸의 수가 정수가 아닙니다. 그림 반 장은 놓을 수 없습니다."),
            (cells, "한 줄의 칸 수입니다. 칸의 크기를 곱해 픽셀로 바꿉니다."),
            (count * size, "그림을 한 줄로 이었습니다. 정사각형으로 모읍니다."),
            (expected**2, "넓이입니다. 한 변의 길이를 구합니다."),
            (count * size**2, "넓이입니다. 한 변의 길이를 구합니다."),
            (
                math.ceil(math.sqrt(count) * size),
                "픽셀로 바꾼 뒤에 올렸습니다. 칸의 수를 먼저 올립니다.",
            ),
            (
                (math.isqrt(count) + 1) * size,
                "칸이 딱 맞는데도 한 줄을 더 두었습니다. 제곱수일 때를 봅니다.",
            ),
        )
        slip = next((text for value, text in slips if got == value), None)
        raise Hint(
            f"{size}픽셀 그림 {count:,}장에서 {got:.6g}이(가) 나왔습니다. "
            + (slip or "한 줄에 놓을 칸의 수를 먼저 적어 봅니다.")
        )


def pca_2d(answer: object) -> None:
    """잠재 벡터 (n, latent)를 분산이 가장 큰 두 방향의 좌표 (n, 2)로 바꾸는 함수 `pca_2d(codes)`.

    첫 열의 분산이 더 크고, 축의 부호는 어느 쪽이든 맞습니다.
    """
    generator = torch.Generator().manual_seed(0)
    for n, width in ((60, 7), (12, 30), (40, 3)):
        mixing = torch.randn(width, width, generator=generator, dtype=torch.float64)
        mixing *= (0.6 ** torch.arange(width))[:, None]
        codes = torch.randn(n, width, generator=generator, dtype=torch.float64) @ mixing
        codes += 3 * torch.rand(width, generator=generator, dtype=torch.float64) + 1
        points = as_tensor(call(answer, codes), (n, 2))
        if not torch.isfinite(points).all():
            raise Hint(f"({n}, {width})에서 NaN이나 무한대가 나왔습니다.")
        if _same_up_to_sign(points, _coordinates(codes - codes.mean(0), codes - codes.mean(0))):
            continue
        raise Hint(f"잠재 벡터 ({n}, {width})를 봅니다. {_pca_slip(points, codes)}")


def _coordinates(fitted: Tensor, moved: Tensor) -> Tensor:
    """`fitted`의 앞선 두 특이 방향에서 본 `moved`의 좌표."""
    return moved @ torch.linalg.svd(fitted, full_matrices=False).Vh[:2].T


def _same_up_to_sign(points: Tensor, expected: Tensor) -> bool:
    return all(
        close(points[:, axis], expected[:, axis], 1e-3)
        or close(-points[:, axis], expected[:, axis], 1e-3)
        for axis in range(2)
    )


def _pca_slip(points: Tensor, codes: Tensor) -> str:
    moved = codes - codes.mean(0)
    right = _coordinates(moved, moved)
    directions = torch.linalg.svd(moved, full_matrices=False).Vh
    # 점의 수가 차원보다 적으면 뺀 평균 때문에 마지막 특이 방향의 분산은 0입니다.
    least = moved @ torch.linalg.svd(moved, full_matrices=True).Vh[-2:].T
    slips = (
        (right.flip(1), "두 열의 차례가 뒤바뀌었습니다. 분산이 큰 쪽이 첫 열입니다."),
        (least, "분산이 가장 작은 방향입니다. eigh는 고윳값이 작은 것부터 내놓습니다."),
        (least.flip(1), "분산이 가장 작은 방향입니다. eigh는 고윳값이 작은 것부터 내놓습니다."),
        (codes @ directions[:2].T, "방향은 맞지만 평균을 빼지 않은 값을 옮겼습니다."),
        (_coordinates(codes, codes), "평균을 빼지 않았습니다. 첫 방향이 평균을 가리킵니다."),
        (_coordinates(codes, moved), "평균을 빼지 않고 방향을 구했습니다."),
        (right / right.std(0), "축마다 표준편차로 나누었습니다. 두 축의 분산이 같아집니다."),
        (right / right.norm(dim=0), "특이벡터 U만 썼습니다. 특잇값을 곱해야 좌표가 됩니다."),
        (_standardised(codes), "차원마다 표준편차로 나눈 뒤에 방향을 구했습니다. 평균만 뺍니다."),
        (codes[:, :2], "앞의 두 차원을 골랐습니다. 분산이 큰 방향은 여러 차원을 섞은 것입니다."),
        (moved[:, :2], "앞의 두 차원을 골랐습니다. 분산이 큰 방향은 여러 차원을 섞은 것입니다."),
        (_row_centred(codes), "벡터마다 제 평균을 뺐습니다. 차원마다 n개의 평균을 뺍니다."),
    )
    for value, text in slips:
        if value.shape == points.shape and _same_up_to_sign(points, value):
            return text
    return (
        f"두 열의 분산이 {float(points[:, 0].var()):.4g}, {float(points[:, 1].var()):.4g}이고 "
        f"{float(right[:, 0].var()):.4g}, {float(right[:, 1].var()):.4g}을(를) 기대했습니다."
    )


def _standardised(codes: Tensor) -> Tensor:
    moved = (codes - codes.mean(0)) / codes.std(0)
    return _coordinates(moved, moved)


def _row_centred(codes: Tensor) -> Tensor:
    moved = codes - codes.mean(1, keepdim=True)
    return _coordinates(moved, moved)


def between_class_share(answer: object) -> None:
    """전체 분산 가운데 클래스 평균의 분산이 차지하는 몫을 구하는 함수.

    `between_class_share(codes, labels)`는 (n, latent)와 정수 (n,)을 받아 0과 1 사이의 수를
    돌려줍니다. 라벨의 값은 이어지지 않을 수 있고 클래스마다 개수가 다를 수 있습니다.
    """
    generator = torch.Generator().manual_seed(0)
    for counts, width in (((30, 10, 5), 4), ((3, 40), 6), ((8, 8, 8, 20), 1)):
        # 값이 이어지지 않는 라벨입니다.
        labels = torch.cat([torch.full((m,), 3 * c + 2) for c, m in enumerate(counts)])
        labels = labels[torch.randperm(len(labels), generator=generator)]
        scale = torch.linspace(2, 0.5, width, dtype=torch.float64)
        centres = torch.randn(3 * len(counts) + 2, width, generator=generator).double()
        codes = (
            torch.randn(len(labels), width, generator=generator).double() + 0.7 * centres[labels]
        )
        codes = codes * scale + 2.0
        parts = _class_parts(codes, labels)
        expected = parts["between"] / parts["total"]
        got = as_number(call(answer, codes, labels))
        if close(got, expected):
            continue
        slips = (
            (1 - expected, "클래스 안의 흩어짐입니다. 평균끼리의 흩어짐이 차지하는 몫을 구합니다."),
            (100 * expected, "퍼센트입니다. 0과 1 사이의 비율로 둡니다."),
            (
                expected / (1 - expected),
                "클래스 안의 흩어짐으로 나누었습니다. 전체의 흩어짐으로 나눕니다.",
            ),
            (
                parts["plain"] / parts["total"] * len(labels),
                "클래스마다의 개수를 곱하지 않았습니다. 큰 클래스의 평균이 더 무겁습니다.",
            ),
            (
                parts["plain_own_centre"] / parts["total"] * len(labels),
                "클래스마다의 개수를 곱하지 않았습니다. 큰 클래스의 평균이 더 무겁습니다.",
            ),
            (
                parts["plain_sum"] / parts["total"],
                "클래스마다의 개수를 곱하지 않았습니다. 큰 클래스의 평균이 더 무겁습니다.",
            ),
            (
                parts["uncentred_between"] / parts["uncentred_total"],
                "전체의 평균을 빼지 않았습니다.",
            ),
            (
                parts["each"],
                "차원마다의 몫을 평균했습니다. 분자와 분모를 각각 모든 차원에서 더한 뒤 나눕니다.",
            ),
            (parts["between"], "나누지 않은 제곱합입니다. 전체의 제곱합으로 나눕니다."),
            (parts["between"] / len(labels), "전체의 분산으로 나누지 않았습니다."),
        )
        slip = next((text for value, text in slips if close(got, value)), None)
        if slip is None and math.isnan(got):
            slip = "속한 것이 없는 라벨의 평균은 NaN입니다. 나온 값만 돌아봅니다(labels.unique())."
        raise Hint(
            f"클래스의 크기가 {counts}일 때 {got:.4g}이(가) 나왔습니다. "
            + (slip or "모든 벡터를 제 클래스의 평균으로 바꾸면 분산이 얼마나 남는지 봅니다.")
        )


def _class_parts(codes: Tensor, labels: Tensor) -> dict[str, float]:
    """클래스의 몫과, 흔한 잘못이 내놓는 값의 재료."""
    means = torch.stack([codes[labels == label].mean(0) for label in labels.unique()])
    counts = torch.stack([(labels == label).sum() for label in labels.unique()])[:, None]
    centre = codes.mean(0)
    between = counts * (means - centre).square()
    total = (codes - centre).square()
    return {
        "between": float(between.sum()),
        "total": float(total.sum()),
        "each": float((between.sum(0) / total.sum(0)).mean()),
        "plain": float((means - centre).square().sum(1).mean()),
        "plain_own_centre": float((means - means.mean(0)).square().sum(1).mean()),
        "plain_sum": float((means - centre).square().sum()),
        "uncentred_between": float((counts * means.square()).sum()),
        "uncentred_total": float(codes.square().sum()),
    }


def neighbours_kept(answer: object) -> None:
    """지도가 이웃을 얼마나 지켰는지 재는 함수 `neighbours_kept(codes, points, k)`.

    점마다 codes (n, latent)에서 가장 가까운 k개와 points (n, 2)에서 가장 가까운 k개를 견주어,
    겹치는 개수를 k로 나눈 비율을 모든 점에서 평균합니다. 자기 자신은 이웃이 아닙니다.
    """
    generator = torch.Generator().manual_seed(0)
    for n, width, k in ((40, 6, 5), (25, 3, 1), (30, 10, 12), (20, 2, 19)):
        codes = torch.randn(n, width, generator=generator, dtype=torch.float64)
        codes += 2  # 방향이 아니라 거리로 재는지 봅니다.
        noise = torch.randn(n, 2, generator=generator, dtype=torch.float64)
        points = codes[:, :2] * torch.tensor([1.0, 0.6], dtype=torch.float64) + 0.2 * noise
        expected = _overlap(_nearest(codes, k), _nearest(points, k)) / k
        got = as_number(call(answer, codes, points, k))
        if close(got, expected):
            continue
        with_self = _overlap(_nearest(codes, k, itself=True), _nearest(points, k, itself=True))
        wider = _overlap(_nearest(codes, k + 1, itself=True), _nearest(points, k + 1, itself=True))
        mine, theirs = _nearest(codes, k), _nearest(points, k)
        shared = (mine[:, :, None] == theirs[:, None, :]).any(2).double().sum(1)
        unit = codes / codes.norm(dim=1, keepdim=True)
        slips = (
            (
                with_self / k,
                "자기 자신을 이웃으로 셌습니다. 어느 지도에서나 맞으므로 값이 커집니다.",
            ),
            (
                wider / (k + 1),
                "자기 자신을 이웃으로 셌습니다. 어느 지도에서나 맞으므로 값이 커집니다.",
            ),
            (wider / k, "자기 자신을 이웃으로 셌습니다. 어느 지도에서나 맞으므로 값이 커집니다."),
            ((with_self - 1) / k, "자기 자신을 뺀 이웃이 k개보다 하나 적습니다."),
            (
                (with_self - 1) / max(k - 1, 1),
                "자기 자신을 뺀 이웃이 k개보다 하나 적습니다.",
            ),
            (expected * k, "겹치는 개수입니다. k로 나누어 비율로 만듭니다."),
            (expected * k * n, "모든 점의 개수를 더했습니다. 점의 수와 k로 나눕니다."),
            (expected * n, "점의 수로 나누지 않았습니다."),
            (expected * k / n, "점의 수로 나누었습니다. 점마다 견준 이웃은 k개입니다."),
            (100 * expected, "퍼센트입니다. 0과 1 사이의 비율로 둡니다."),
            (1 - expected, "잃은 이웃의 비율입니다. 지킨 비율을 구합니다."),
            (
                float((mine == theirs).double().mean()),
                "같은 순위에 있는 것만 셌습니다. 차례는 보지 않고 겹치는지만 봅니다.",
            ),
            (
                float((shared / (2 * k - shared)).mean()),
                "합집합으로 나누었습니다. 이웃의 수 k로 나눕니다.",
            ),
            (
                _overlap(_nearest(codes, k, farthest=True), _nearest(points, k, farthest=True)) / k,
                "가장 먼 것을 골랐습니다. topk는 기본으로 큰 값을 고릅니다.",
            ),
            (
                _overlap(_nearest(unit, k), theirs) / k,
                "벡터의 길이를 1로 맞추었습니다. 받은 그대로의 유클리드 거리로 잽니다.",
            ),
        )
        slip = next((text for value, text in slips if close(got, value)), None)
        raise Hint(
            f"점 {n}개, k={k}에서 {got:.4g}이(가) 나왔습니다. "
            + (slip or "codes와 points를 같게 주면 1이 나오는지 먼저 봅니다.")
        )


def _nearest(points: Tensor, k: int, *, itself: bool = False, farthest: bool = False) -> Tensor:
    distances = (points[:, None] - points).norm(dim=2)
    if not itself:
        distances.fill_diagonal_(-math.inf if farthest else math.inf)
    return distances.topk(min(k, len(points)), largest=farthest).indices


def _overlap(one: Tensor, other: Tensor) -> float:
    """점마다 겹치는 개수의 평균."""
    return float((one[:, :, None] == other[:, None, :]).any(2).double().sum(1).mean())
