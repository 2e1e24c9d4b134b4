"""2장 전치 합성곱과 디코더의 연습문제."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aelab.exercises.answers import Hint, close, expect, without
from aelab.exercises.engine import Exercise

output_size = Exercise(
    "output_size(size, kernel, stride, padding, output_padding): 전치 합성곱의 출력 한 변입니다.",
    cases=[(7, 5, 3, 2, 1), (4, 3, 2, 1, 1), (16, 3, 2, 1, 1), (9, 4, 1, 0, 0), (6, 3, 4, 2, 3)],
    right=lambda n, k, s, p, o: (n - 1) * s - 2 * p + k + o,
    mistakes=lambda right, n, k, s, p, o: {
        "보통 합성곱의 출력 크기입니다. 줄어드는 식을 거꾸로 풉니다.": (n + 2 * p - k) // s + 1,
        "출력 채움이 크기에 들어가지 않았습니다.": right - o,
        "채움의 부호를 다시 봅니다. 채움은 찍은 판을 늘리는지, 잘라 내는지요?": right + 4 * p,
        "채움은 판의 한쪽에만 작용하는지, 양쪽에 작용하는지 다시 봅니다.": right + p,
        "도장을 n번 찍을 때 도장 사이의 걸음은 몇 번인지 세어 봅니다.": right + s,
        "마지막 도장의 너비가 빠졌습니다.": right - k,
        "보폭만 곱했습니다. 커널과 채움이 다르면 출력이 보폭의 배수가 아닐 수 있습니다.": n * s,
    },
    otherwise="nn.ConvTranspose2d로 같은 크기를 만들어 모양을 견주어 봅니다.",
    same=torch.equal,
)


def _counted(size: int, kernel: int, stride: int) -> Tensor:
    counts = torch.zeros((size - 1) * stride + kernel)
    for position in range(size):
        counts[position * stride : position * stride + kernel] += 1
    return counts


overlap_count = Exercise(
    "overlap_count(size, kernel, stride): 채움으로 잘라 내기 전의 1차원 판에서 칸마다 도장이 닿는 횟수입니다.",
    cases=[(4, 3, 2), (5, 4, 2), (5, 3, 3), (4, 2, 3), (6, 5, 1)],
    right=_counted,
    mistakes=lambda right, n, k, s: {
        "도장이 닿았는지만 표시했거나, 도장이 겹치지 않게 옮겼습니다. 겹친 곳은 여러 번으로 셉니다.": (
            right.clamp(max=1)
        ),
        "합이 1입니다. 비율이 아니라 횟수를 셉니다.": right / (n * k),
        "모든 칸이 같습니다. 칸마다 따로 셉니다.": torch.full_like(right, k),
    },
    otherwise=lambda got, n, k, s: (
        "합은 맞지만 자리가 다릅니다. 도장마다 시작하는 칸을 다시 봅니다."
        if close(got.sum(), n * k)
        else f"센 횟수의 합이 {got.sum():g}입니다. 도장은 {n}번 찍고 한 번에 {k}칸을 덮습니다."
    ),
    shape="잘라 내기 전의 판은 첫 도장의 왼쪽 끝부터 마지막 도장의 오른쪽 끝까지입니다.",
)


def _planes(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor, int]]:
    for shape, size, stride in (((3, 3), 3, 2), ((2, 4), 3, 1), ((4, 3), 4, 3), ((3, 2), 2, 2)):
        image = torch.randn(shape, generator=generator)
        yield image, torch.randn(size, size, generator=generator), stride


def _stamped(image: Tensor, kernel: Tensor, stride: int) -> Tensor:
    (height, width), size = image.shape, len(kernel)
    canvas = torch.zeros((height - 1) * stride + size, (width - 1) * stride + size)
    for row, column in product(range(height), range(width)):
        top, left = row * stride, column * stride
        canvas[top : top + size, left : left + size] += image[row, column] * kernel
    return canvas


by_convolution = Exercise(
    "by_convolution(image, kernel, stride): 채움이 없는 한 채널의 전치 합성곱을 0을 끼워 넣은 입력의 합성곱으로 구합니다.",
    cases=_planes,
    right=_stamped,
    mistakes=lambda right, x, k, s: {
        "값을 (높이, 너비)의 2차원으로 돌려줍니다. 지금은 4차원입니다.": right[None, None],
        "출력이 보폭보다 하나 적은 만큼 큽니다. 0은 칸과 칸의 사이에만 들어갑니다.": (
            F.pad(right, (0, s - 1, 0, s - 1))
        ),
        "커널이 뒤집힌 결과입니다. 도장을 찍는 일과 훑으며 곱해 더하는 일은 커널의 방향이 반대입니다.": (
            _stamped(x, k.flip(0, 1), s)
        ),
        "커널의 두 축을 모두 제대로 돌렸는지 다시 봅니다.": tuple(
            _stamped(x, turned, s) for turned in (k.flip(0), k.flip(1), k.T, k.T.flip(0, 1))
        ),
        "입력의 값이 결과에 들어가지 않았습니다.": _stamped(torch.ones_like(x), k, s),
    },
    otherwise="값이 도장을 찍은 결과와 다릅니다. 작은 입력으로 손으로 견주어 봅니다.",
    shape="끼워 넣은 0의 수와 둘레에 두른 0의 너비를 다시 봅니다. 맨 왼쪽 위의 출력에는 커널의 한 칸만 닿아야 합니다.",
    run=without(
        hint="전치 합성곱을 불렀습니다. 0을 끼워 넣은 입력을 합성곱(conv2d)으로 훑습니다.",
        refused=lambda name, args: (
            name == "aten::convolution_backward" or (name == "aten::convolution" and args[6])
        ),
    ),
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
            f"두 배로 늘어나지만 안쪽의 칸에 도장이 {least}번에서 {most}번까지 닿습니다. 커널의 크기와 보폭의 관계를 연습 2에서 찾아봅니다."
        )


def _overlaps(size: int, kernel_size: Any, **options: Any) -> Tensor:
    """출력의 칸마다 도장이 닿는 횟수, (height, width)."""
    try:
        kernel = torch.ones(1, 1, *nn.modules.utils._pair(kernel_size))
        return F.conv_transpose2d(torch.ones(1, 1, size, size), kernel, **options)[0, 0].round()
    except Exception as error:
        raise Hint(
            f"이 설정으로는 층을 만들 수 없습니다. {type(error).__name__}: {error}"
        ) from None
