"""이 책의 그림: 한글이 깨지지 않는 글꼴, 색각 이상이 있어도 구별되는 색, 이미지 격자.

모든 함수는 Figure를 돌려주고 화면에 띄우지 않습니다. 노트북에서는 `plt.show()`로 띄웁니다.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from torch import Tensor

from aelab.checks import check_finite, check_image_batch, check_range, unexpected
from aelab.data import to_uint8
from aelab.types import Images

_FONT = Path(__file__).parent / "fonts" / "NanumGothic.ttf"

WIDTH = 5.4  # 그림의 가장 넓은 너비(인치). 390픽셀의 전화기에서 10포인트의 글이 9픽셀이 됩니다.

# Okabe와 Ito의 색: 색각 이상이 있어도 구별됩니다(https://jfly.uni-koeln.de/color/).
COLORS = {
    "파랑": "#0072B2",
    "주황": "#D55E00",
    "초록": "#009E73",
    "자주": "#CC79A7",
    "노랑": "#E69F00",
    "하늘": "#56B4E9",
    "검정": "#000000",
}

STYLE = {
    # 나눔고딕에는 빼기 기호(U+2212)가 없어 앞에 DejaVu Sans를 둡니다. 한글은 나눔고딕이 그립니다.
    "font.family": ["DejaVu Sans", "NanumGothic"],
    "axes.prop_cycle": plt.cycler(color=list(COLORS.values())),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "figure.figsize": (WIDTH, 3.2),
    "font.size": 10,
    "axes.titlesize": 10,
    "figure.dpi": 110,
    "figure.constrained_layout.use": True,
    "image.cmap": "gray",
    "image.interpolation": "nearest",
    "lines.linewidth": 2.0,
}

font_manager.fontManager.addfont(_FONT)


def use_style() -> None:
    """앞으로 그릴 모든 그림에 이 책의 모양(글꼴, 색, 크기)을 씁니다. 장의 첫 셀에서 부릅니다."""
    plt.rcParams.update(STYLE)


def image_rows(rows: Mapping[str, Images], *, titles: Sequence[str] | None = None) -> Figure:
    """같은 차례의 이미지를 줄마다 나란히 놓아 비교합니다.

    인자
        rows: 줄의 이름 → [-1, 1]의 이미지 (n, 3, height, width). 모든 줄의 n이 같아야 합니다.
        titles: 열마다의 글, n개.

    오류: 실수형 텐서가 아니면 TypeError, 모양이나 값의 범위가 다르거나 줄이 없거나 줄마다 장수가
        다르거나 글의 개수가 다르면 ValueError.
    """
    pictures = {name: _pictures(images, f"rows[{name!r}]") for name, images in rows.items()}
    counts = {name: len(images) for name, images in pictures.items()}
    if not counts or len(set(counts.values())) != 1:
        raise unexpected("rows", "장수가 같은 한 줄 이상을", counts)
    columns = next(iter(counts.values()))
    _check_titles(titles, columns)
    cell = min(0.95, (WIDTH - 0.9) / columns)
    lines = max((text.count("\n") + 1 for text in titles or ()), default=0)
    size = (cell * columns + 0.9, cell * len(rows) + 0.2 * lines)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(len(rows), columns, squeeze=False, figsize=size)
        for row, (name, images) in enumerate(pictures.items()):
            for column, image in enumerate(images):
                axis = axes[row, column]
                axis.imshow(image)
                # 줄의 이름(ylabel)이 남도록 축을 끄는 대신 눈금과 테두리만 지웁니다.
                axis.set(xticks=[], yticks=[])
                axis.grid(False)
                axis.spines[:].set_visible(False)
            axes[row, 0].set_ylabel(name, rotation=0, ha="right", va="center")
        for column, text in enumerate(titles or ()):
            axes[0, column].set_title(text)
    return figure


def image_grid(images: Images, *, columns: int = 6, titles: Sequence[str] | None = None) -> Figure:
    """이미지를 차례대로 격자에 놓습니다.

    인자
        images: [-1, 1]의 이미지 (n, 3, height, width).
        columns: 한 줄의 장수.
        titles: 이미지마다의 글, n개.

    오류: 실수형 텐서가 아니면 TypeError, 모양이나 값의 범위가 다르거나 이미지가 없거나 글의 개수가
        다르면 ValueError.
    """
    return _grid(_pictures(images, "images"), columns, titles)


def feature_maps(maps: Tensor, *, columns: int = 6, titles: Sequence[str] | None = None) -> Figure:
    """특징 맵을 채널마다 한 칸씩, 모든 칸에 같은 색 눈금(파랑 −, 빨강 +)으로 그립니다.

    인자
        maps: 실수 (channel, height, width).
        columns, titles: `image_grid`와 같습니다.

    오류: 3차원이 아니거나 비었거나 유한하지 않은 값이 있거나 글의 개수가 다르면 ValueError.
    """
    if maps.ndim != 3 or maps.numel() == 0:
        raise unexpected("maps", "(channel, height, width)를", tuple(maps.shape))
    check_finite(maps, "maps")
    panels = maps.detach().cpu().numpy()
    limit = float(np.abs(panels).max())
    return _grid(panels, columns, titles, cmap="RdBu_r", vmin=-limit, vmax=limit)


def thumbnail_map(
    points: Tensor, images: Images, labels: Sequence[str], *, thumbnails: int = 150
) -> Figure:
    """평면의 점을 라벨의 색으로 찍고, 겹치지 않게 고른 몇 점에 작은 그림을 얹습니다.

    인자
        points: 점의 자리 (n, 2).
        images: [-1, 1]의 이미지 (n, 3, height, width).
        labels: 점마다의 라벨 n개.
        thumbnails: 얹을 그림의 수의 상한.

    오류: 실수형 텐서가 아니면 TypeError, 개수가 서로 다르거나 점이 (n, 2)가 아니거나 값의 범위가
        다르면 ValueError.
    """
    pictures = _pictures(images, "images")
    if points.shape != (len(pictures), 2):
        raise unexpected("points", f"({len(pictures)}, 2)를", tuple(points.shape))
    if len(labels) != len(points):
        raise unexpected("labels", f"{len(points)}개를", f"{len(labels)}개")
    check_finite(points, "points")
    names = sorted(set(labels))
    points = points.detach().cpu()
    with plt.rc_context(STYLE):
        figure, axis = plt.subplots(figsize=(WIDTH, 5.8))
        for number, name in enumerate(names):
            mine = torch.tensor([label == name for label in labels])
            axis.scatter(
                *points[mine].T.numpy(),
                s=14,
                alpha=0.7,
                # 색이 일곱 가지뿐이므로 모양도 함께 바꿉니다.
                color=list(COLORS.values())[number % len(COLORS)],
                marker="os^Dv*P"[number // len(COLORS) % 7],
                label=name,
            )
        for index in _spread(points, thumbnails):
            box = OffsetImage(pictures[index], zoom=0.55)
            x, y = points[index].tolist()
            axis.add_artist(AnnotationBbox(box, (x, y), frameon=False, pad=0))
        axis.set(xticks=[], yticks=[])
        figure.legend(ncols=5, loc="outside lower center", columnspacing=1, handletextpad=0.2)
    return figure


def _pictures(images: Images, name: str) -> np.ndarray:
    """[-1, 1]의 이미지 (n, 3, height, width)를 그릴 수 있는 uint8 (n, height, width, 3)으로 바꿉니다."""
    check_image_batch(images, name)
    if images.shape[1] != 3:
        raise unexpected(name, "(n, 3, height, width)를", tuple(images.shape))
    check_range(images, -1, 1, name)
    return to_uint8(images).permute(0, 2, 3, 1).cpu().numpy()


def _spread(points: Tensor, most: int) -> list[int]:
    """서로 가장 먼 점부터 차례로 고릅니다(farthest point sampling)."""
    chosen = [0]
    distance = (points - points[0]).norm(dim=1)
    while len(chosen) < min(most, len(points)) and float(distance.max()) > 0:
        chosen.append(int(distance.argmax()))
        distance = torch.minimum(distance, (points - points[chosen[-1]]).norm(dim=1))
    return chosen


def _grid(
    panels: np.ndarray, columns: int, titles: Sequence[str] | None, **shown_as: Any
) -> Figure:
    _check_titles(titles, len(panels))
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    cell = min(0.95, WIDTH / columns)
    lines = max((text.count("\n") + 1 for text in titles or ()), default=0)
    size = (cell * columns, (cell + 0.2 * lines) * rows)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(rows, columns, squeeze=False, figsize=size)
        for axis in axes.flat:
            axis.axis("off")
        for axis, panel in zip(axes.flat, panels, strict=False):
            axis.imshow(panel, **shown_as)
        for axis, text in zip(axes.flat, titles or (), strict=False):
            axis.set_title(text)
    return figure


def _check_titles(titles: Sequence[str] | None, count: int) -> None:
    if titles is not None and len(titles) != count:
        raise unexpected("titles", f"글 {count}개를", f"{len(titles)}개")
