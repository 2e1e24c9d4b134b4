"""2장 전치 합성곱과 디코더의 채점기."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aelab.exercises.answers import Hint, as_number, as_tensor, call, close

# size, kernel, stride, padding, output_padding
_SIZES = [
    (3, 3, 2, 1, 0),
    (4, 3, 2, 1, 1),
    (16, 3, 2, 1, 1),
    (7, 5, 3, 2, 0),
    (9, 4, 1, 0, 0),
    (6, 6, 4, 1, 3),
]


def _right_size(size: int, kernel: int, stride: int, padding: int, output_padding: int) -> int:
    return (size - 1) * stride - 2 * padding + kernel + output_padding


# 흔한 실수가 내놓는 크기 → 그 실수에 맞는 힌트
_SIZE_SLIPS: list[tuple[Callable[..., float], str]] = [
    (
        lambda n, k, s, p, o: (n + 2 * p - k) // s + 1,
        "보통 합성곱의 출력 크기입니다. 줄어드는 식을 거꾸로 풀어 봅니다.",
    ),
    (
        lambda n, k, s, p, o: _right_size(n, k, s, p, 0),
        "출력 채움이 크기에 들어가지 않았습니다.",
    ),
    (
        lambda n, k, s, p, o: _right_size(n, k, s, -p, o),
        "채움의 부호를 다시 봅니다. 전치 합성곱의 채움은 도장을 찍은 판을 늘리는지, 잘라 내는지요?",
    ),
    (
        lambda n, k, s, p, o: (n - 1) * s - p + k + o,
        "채움은 판의 한쪽에만 작용하는지, 양쪽에 작용하는지 다시 봅니다.",
    ),
    (
        lambda n, k, s, p, o: n * s - 2 * p + k + o,
        "도장을 n번 찍을 때 도장 사이의 걸음은 몇 번인지 세어 봅니다.",
    ),
    (
        lambda n, k, s, p, o: (n - 1) * s - 2 * p + o,
        "마지막 도장의 너비가 빠졌습니다.",
    ),
    (
        lambda n, k, s, p, o: n * s,
        "보폭만 곱했습니다. 커널과 채움이 다르면 출력이 보폭의 배수가 아닐 수 있습니다.",
    ),
]


def output_size(answer: object) -> None:
    """전치 합성곱의 출력 한 변을 구하는 함수
    `output_size(size, kernel, stride, padding, output_padding)`를 씁니다."""
    results = [as_number(call(answer, *case)) for case in _SIZES]
    expected = [_right_size(*case) for case in _SIZES]
    if results == expected:
        return
    for slip, hint in _SIZE_SLIPS:
        if results == [slip(*case) for case in _SIZES]:
            raise Hint(hint)
    if len(set(results)) == 1:
        raise Hint(f"입력이 달라도 늘 {results[0]:g}을(를) 돌려줍니다. 인자로 계산합니다.")
    case, result, _ = next(
        triple for triple in zip(_SIZES, results, expected, strict=True) if triple[1] != triple[2]
    )
    n, k, s, p, o = case
    raise Hint(
        f"size={n}, kernel={k}, stride={s}, padding={p}, output_padding={o}일 때 {result:g}이(가) "
        "나왔습니다. nn.ConvTranspose2d로 같은 크기를 만들어 모양을 견주어 봅니다."
    )


_STAMPS = [(4, 3, 2), (5, 4, 2), (5, 3, 3), (4, 2, 3), (6, 5, 1)]  # size, kernel, stride


def overlap_count(answer: object) -> None:
    """1차원 출력의 칸마다 도장이 몇 번 닿는지 세는 함수 `overlap_count(size, kernel, stride)`를
    씁니다. 채움으로 잘라 내기 전의 판을 셉니다."""
    for size, kernel, stride in _STAMPS:
        result = call(answer, size, kernel, stride)
        expected = _counted(size, kernel, stride)
        given = f"size={size}, kernel={kernel}, stride={stride}일 때 "
        if isinstance(result, Tensor) and result.ndim == 1 and len(result) != len(expected):
            raise Hint(
                f"{given}길이가 {len(result)}입니다. 잘라 내기 전의 판은 첫 도장의 왼쪽 끝부터 "
                "마지막 도장의 오른쪽 끝까지입니다."
            )
        counts = as_tensor(result, (len(expected),))
        if close(counts, expected):
            continue
        if close(counts, expected.clamp(max=1)):
            # 커널의 너비만큼 옮긴 도장도 판을 겹침 없이 한 번씩 덮습니다.
            raise Hint(
                f"{given}도장이 닿았는지만 표시했거나, 도장이 겹치지 않게 옮겼습니다. 도장은 "
                "보폭만큼 옮기고, 겹친 곳은 여러 번으로 셉니다."
            )
        if close(counts.sum(), 1.0):
            raise Hint(f"{given}합이 1입니다. 비율이 아니라 횟수를 셉니다.")
        if len(set(counts.tolist())) == 1 and len(set(expected.tolist())) > 1:
            raise Hint(f"{given}모든 칸이 {counts[0]:g}입니다. 칸마다 따로 셉니다.")
        if not close(counts.sum(), float(size * kernel)):
            raise Hint(
                f"{given}센 횟수의 합이 {counts.sum():g}입니다. 도장은 {size}번 찍고 한 번에 "
                f"{kernel}칸을 덮습니다."
            )
        raise Hint(f"{given}합은 맞지만 자리가 다릅니다. 도장마다 시작하는 칸을 다시 봅니다.")


def _counted(size: int, kernel: int, stride: int) -> Tensor:
    counts = torch.zeros((size - 1) * stride + kernel, dtype=torch.float64)
    for position in range(size):
        counts[position * stride : position * stride + kernel] += 1
    return counts


_PLANES = [((3, 3), 3, 2), ((2, 4), 3, 1), ((4, 3), 4, 3), ((3, 2), 2, 2)]  # 모양, kernel, stride


def by_convolution(answer: object) -> None:
    """한 채널의 전치 합성곱(채움 없음)을 0을 끼워 넣은 입력의 합성곱으로 계산하는 함수
    `by_convolution(image, kernel, stride)`를 씁니다."""
    generator = torch.Generator().manual_seed(2)
    for shape, size, stride in _PLANES:
        image = torch.randn(shape, generator=generator)
        kernel = torch.randn(size, size, generator=generator)
        expected = _stamped(image, kernel, stride)
        result = call(answer, image, kernel, stride)
        given = f"이미지 {shape}, 커널 {size}×{size}, 보폭 {stride}일 때 "
        if isinstance(result, Tensor) and tuple(result.shape) == (1, 1, *expected.shape):
            raise Hint(f"{given}값을 (높이, 너비)의 2차원으로 돌려줍니다. 지금은 4차원입니다.")
        with_tail = tuple(side + stride - 1 for side in expected.shape)
        if stride > 1 and isinstance(result, Tensor) and tuple(result.shape) == with_tail:
            raise Hint(
                f"{given}출력이 보폭보다 하나 적은 만큼 큽니다. 0은 칸과 칸의 사이에만 들어가고, "
                "마지막 칸의 뒤에는 들어가지 않습니다."
            )
        if isinstance(result, Tensor) and result.shape != expected.shape:
            raise Hint(
                f"{given}모양이 {tuple(result.shape)}입니다. 끼워 넣은 0의 수와 둘레에 두른 0의 "
                "너비를 다시 봅니다. 맨 왼쪽 위의 출력에는 커널의 한 칸만 닿아야 합니다."
            )
        value = as_tensor(result, tuple(expected.shape))
        if close(value, expected):
            continue
        if close(value, _stamped(image, kernel.flip(0, 1), stride)):
            raise Hint(
                f"{given}커널이 뒤집힌 결과입니다. 도장을 찍는 일과 훑으며 곱해 더하는 일은 커널의 "
                "방향이 반대입니다."
            )
        if any(
            close(value, _stamped(image, turned, stride))
            for turned in (kernel.flip(0), kernel.flip(1), kernel.T, kernel.T.flip(0, 1))
        ):
            raise Hint(f"{given}커널의 두 축을 모두 제대로 돌렸는지 다시 봅니다.")
        if close(value, _stamped(torch.ones_like(image), kernel, stride)):
            raise Hint(f"{given}입력의 값이 결과에 들어가지 않았습니다.")
        raise Hint(f"{given}값이 도장을 찍은 결과와 다릅니다. 작은 입력으로 손으로 견주어 봅니다.")


def _stamped(image: Tensor, kernel: Tensor, stride: int) -> Tensor:
    image, kernel = image.double(), kernel.double()
    height, width = image.shape
    size = len(kernel)
    canvas = torch.zeros(
        (height - 1) * stride + size, (width - 1) * stride + size, dtype=torch.float64
    )
    for row in range(height):
        for column in range(width):
            top, left = row * stride, column * stride
            canvas[top : top + size, left : left + size] += image[row, column] * kernel
    return canvas


_SETTINGS = ("kernel_size", "stride", "padding", "output_padding", "dilation")


def even_doubling(answer: object) -> None:
    """한 변을 두 배로 늘리면서(7 → 14, 16 → 32) 가장자리 안쪽의 겹침이 고른 전치 합성곱을 설계합니다.
    `nn.ConvTranspose2d` 층이나 그 설정의 사전을 냅니다."""
    if isinstance(answer, nn.ConvTranspose2d):
        settings = {name: getattr(answer, name) for name in _SETTINGS}
    elif isinstance(answer, Mapping):
        if unknown := set(answer) - set(_SETTINGS):
            raise Hint(
                f"모르는 설정이 있습니다: {', '.join(sorted(map(str, unknown)))}. "
                f"쓸 수 있는 것은 {', '.join(_SETTINGS)}입니다."
            )
        if "kernel_size" not in answer:
            raise Hint("설정에 kernel_size가 없습니다.")
        settings = dict(answer)
    else:
        raise Hint(
            "nn.ConvTranspose2d 층이나 설정의 사전을 기대했는데 "
            f"{type(answer).__name__}이(가) 왔습니다."
        )
    for size in (7, 16):
        height, width = _overlaps(size, settings).shape
        if (height, width) != (2 * size, 2 * size):
            raise Hint(
                f"{size}×{size}이(가) {height}×{width}이(가) 됩니다. 두 배가 되도록 크기 식을 "
                "다시 맞춥니다."
            )
    counts = _overlaps(64, settings)
    inner = counts[32:96, 32:96]  # 가장자리에는 바깥에서 올 도장이 없습니다.
    least, most = (int(value) for value in torch.aminmax(inner))
    if least != most:
        raise Hint(
            f"두 배로 늘어나지만 안쪽의 칸에 도장이 {least}번에서 {most}번까지 닿습니다. "
            "커널의 크기와 보폭의 관계를 연습 2에서 찾아봅니다."
        )


def _overlaps(size: int, settings: Mapping) -> Tensor:
    """출력의 칸마다 도장이 닿는 횟수, (height, width)."""
    pair = settings["kernel_size"]
    options = {name: value for name, value in settings.items() if name != "kernel_size"}
    try:
        kernel = (pair, pair) if isinstance(pair, int) else tuple(pair)
        weight = torch.ones(1, 1, *kernel)
        return F.conv_transpose2d(torch.ones(1, 1, size, size), weight, **options)[0, 0].round()
    except Exception as error:
        raise Hint(
            f"이 설정으로는 층을 만들 수 없습니다. {type(error).__name__}: {error}"
        ) from None
