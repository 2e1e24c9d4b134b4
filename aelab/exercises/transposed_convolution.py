"""2장 전치 합성곱과 디코더의 연습문제."""

from collections.abc import Mapping
from functools import cache
from itertools import product
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aelab.data import load_images
from aelab.exercises.answers import Hint, expect
from aelab.exercises.prediction import Prediction


@cache
def _error_ratio(*, overlapping: bool) -> float:
    """줄인 이미지를 전치로 키운 오차 ÷ 의사역행렬로 키운 오차. 겹치는 것은 본문의 3×3, 아닌 것은 2×2 평균."""
    photo = load_images(split="test")[1].mean(-3).flatten()
    row = torch.tensor([1.0, 2, 1]) / 4 if overlapping else torch.ones(2) / 2
    shrink = F.conv2d(
        torch.eye(1024).reshape(-1, 1, 32, 32),
        (row[:, None] * row)[None, None],
        stride=2,
        padding=len(row) // 3,
    )
    matrix = shrink.flatten(1).T
    back, best = (grown @ (matrix @ photo) for grown in (matrix.T, torch.linalg.pinv(matrix)))
    back = back * (photo @ back) / (back @ back)
    return float((back - photo).square().sum() / (best - photo).square().sum())


transpose_to_inverse = Prediction(
    measure=lambda: _error_ratio(overlapping=False),
    mistakes=lambda _: {
        "본문의 3×3 커널로 쟀습니다. 2×2 평균으로 바꾸고 채움을 뺍니다.": _error_ratio(
            overlapping=True
        )
    },
    why="도장이 겹치지 않으면 행들이 서로 직교하므로, 전치는 배율만 다른 의사역행렬입니다.",
)


@cache
def _positive_share(side: int) -> float:
    """모두 0보다 큰 난수 가중치로 키운 출력의 무늬의 비중, 씨앗 20개의 평균."""
    shares = []
    for seed in range(20):
        generator = torch.Generator().manual_seed(seed)
        features = torch.randn(1, 64, 1, 1, generator=generator).relu().expand(-1, -1, 12, 12)
        weight = torch.rand(64, 64, side, side, generator=generator)
        grown = F.conv_transpose2d(features, weight, stride=2, padding=1, output_padding=side % 2)
        means = torch.stack([grown[..., i:-4:2, j:-4:2].mean((-2, -1)) for i, j in _CORNERS])
        shares.append(means.var(0, correction=0).mean() / means.square().mean())
    return float(torch.stack(shares).mean())


_CORNERS = tuple(product((4, 5), repeat=2))

positive_kernels = Prediction(
    measure=lambda: 100 * _positive_share(4) / _positive_share(3),
    mistakes=lambda _: {
        "비율에 100을 곱해 %로 적습니다.": _positive_share(4) / _positive_share(3),
        "거꾸로 나누었습니다. 커널 3의 무늬를 100 %로 봅니다.": (
            100 * _positive_share(3) / _positive_share(4)
        ),
        "커널 4의 무늬의 비중만 적었습니다. 커널 3의 것으로 나눕니다.": 100 * _positive_share(4),
    },
    why="값이 모두 0보다 크면 고르지 않은 겹침이 무늬를 좌우하고, 커널 4는 그것을 없앱니다. "
    "평균이 0인 난수에서는 위치마다 다른 가중치가 좌우합니다.",
    near=1.0,
)


_SETTINGS = ("kernel_size", "stride", "padding", "output_padding", "dilation")


def even_doubling(answer: Any) -> None:
    """한 변을 두 배로 늘리고 안쪽의 겹침이 고른 전치 합성곱: `nn.ConvTranspose2d` 층이나 그 설정의 사전."""
    if isinstance(answer, nn.ConvTranspose2d):
        answer = {name: getattr(answer, name) for name in _SETTINGS}
    if not isinstance(answer, Mapping):
        raise Hint(
            f"nn.ConvTranspose2d 층이나 설정의 사전을 기대했는데 {type(answer).__name__}이(가) 왔습니다."
        )
    unknown = ", ".join(sorted(map(str, set(answer) - set(_SETTINGS))))
    expect(
        not unknown,
        f"모르는 설정이 있습니다: {unknown}. 쓸 수 있는 것은 {', '.join(_SETTINGS)}입니다.",
        "kernel_size" in answer,
        "설정에 kernel_size가 없습니다.",
    )
    for size in (7, 16):
        height, width = _overlaps(size, **answer).shape
        if {height, width} != {2 * size}:
            raise Hint(
                f"{size}×{size}이(가) {height}×{width}이(가) 됩니다. 두 배가 되도록 크기 식을 다시 맞춥니다."
            )
    inner = _overlaps(64, **answer)[32:96, 32:96]  # 가장자리에는 바깥에서 올 도장이 없습니다.
    least, most = (int(value) for value in inner.aminmax())
    if least != most:
        raise Hint(
            f"두 배로 늘어나지만 안쪽의 픽셀에 도장이 {least}번에서 {most}번까지 닿습니다. 커널의 크기가 보폭으로 나누어떨어지는지 봅니다."
        )


def _overlaps(size: int, kernel_size: Any, **options: Any) -> Tensor:
    """출력의 픽셀마다 도장이 닿는 횟수, (height, width)."""
    try:
        kernel = torch.ones(1, 1, *nn.modules.utils._pair(kernel_size))
        return F.conv_transpose2d(torch.ones(1, 1, size, size), kernel, **options)[0, 0].round()
    except Exception as error:
        raise Hint(
            f"이 설정으로는 층을 만들 수 없습니다. {type(error).__name__}: {error}"
        ) from None
