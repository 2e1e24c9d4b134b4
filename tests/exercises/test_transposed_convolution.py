"""2장 채점기: 여러 방법의 맞는 답은 통과하고, 흔한 실수는 그 실수에 맞는 힌트를 받습니다."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.exercises.hints import grade


def passes(name, answer):
    return grade(f"transposed_convolution.{name}", answer) == (True, "")


def hint(name, answer):
    solved, message = grade(f"transposed_convolution.{name}", answer)
    assert solved is False, (solved, message)
    return message


@pytest.mark.parametrize("name", ["output_size", "overlap_count", "by_convolution"])
@pytest.mark.parametrize("stub", [None, ..., lambda *inputs: None, lambda *inputs: ...])
def test_function_stub_is_unsolved(name, stub):
    assert grade(f"transposed_convolution.{name}", stub)[0] is None


def test_design_stub_is_unsolved():
    assert grade("transposed_convolution.even_doubling", None)[0] is None


# 연습 1: 출력의 크기


def size_by_formula(size, kernel, stride, padding, output_padding):
    return (size - 1) * stride - 2 * padding + kernel + output_padding


def size_by_layer(size, kernel, stride, padding, output_padding):
    layer = nn.ConvTranspose2d(1, 1, kernel, stride, padding, output_padding)
    return layer(torch.zeros(1, 1, size, size)).shape[-1]


def size_by_walking(size, kernel, stride, padding, output_padding):
    touched = {step * stride + offset for step in range(size) for offset in range(kernel)}
    return torch.tensor(max(touched) + 1 - padding - (padding - output_padding))


@pytest.mark.parametrize("answer", [size_by_formula, size_by_layer, size_by_walking])
def test_right_output_size_passes(answer):
    assert passes("output_size", answer)


@pytest.mark.parametrize(
    ("answer", "fragment"),
    [
        (lambda n, k, s, p, o: (n + 2 * p - k) // s + 1, "보통 합성곱"),
        (lambda n, k, s, p, o: (n - 1) * s - 2 * p + k, "출력 채움이"),
        (lambda n, k, s, p, o: (n - 1) * s + 2 * p + k + o, "부호"),
        (lambda n, k, s, p, o: (n - 1) * s - p + k + o, "양쪽"),
        (lambda n, k, s, p, o: n * s - 2 * p + k + o, "걸음"),
        (lambda n, k, s, p, o: (n - 1) * s - 2 * p + o, "마지막 도장"),
        (lambda n, k, s, p, o: n * s, "보폭만"),
        (lambda n, k, s, p, o: 8, "늘 8을"),
        (lambda n, k, s, p, o: (n - 1) * s - 2 * p + k + 2 * o, "padding=1, output_padding=1일"),
        (lambda n, k, s, p, o: (n, n), "수 하나를"),
        (lambda n: n, "오류가 났습니다"),
        (8, "함수를 기대했는데"),
    ],
)
def test_wrong_output_size_gets_its_hint(answer, fragment):
    assert fragment in hint("output_size", answer)


# 연습 2: 겹친 횟수


def counts_by_loop(size, kernel, stride):
    counts = torch.zeros((size - 1) * stride + kernel)
    for position in range(size):
        for offset in range(kernel):
            counts[position * stride + offset] += 1
    return counts


def counts_by_layer(size, kernel, stride):
    return F.conv_transpose1d(torch.ones(1, 1, size), torch.ones(1, 1, kernel), stride=stride)[0, 0]


def counts_by_scatter(size, kernel, stride):
    touched = (torch.arange(size)[:, None] * stride + torch.arange(kernel)).flatten()
    return torch.bincount(touched, minlength=(size - 1) * stride + kernel)


def counts_by_asking_each_cell(size, kernel, stride):
    length = (size - 1) * stride + kernel
    return torch.tensor(
        [sum(0 <= cell - step * stride < kernel for step in range(size)) for cell in range(length)]
    )


@pytest.mark.parametrize(
    "answer", [counts_by_loop, counts_by_layer, counts_by_scatter, counts_by_asking_each_cell]
)
def test_right_overlap_count_passes(answer):
    assert passes("overlap_count", answer)


def rolled(size, kernel, stride):
    return counts_by_loop(size, kernel, stride).roll(1)


@pytest.mark.parametrize(
    ("answer", "fragment"),
    [
        (lambda n, k, s: counts_by_loop(n, k, s)[:-1], "길이가 8"),
        (lambda n, k, s: torch.ones(n * s), "길이가 8"),
        (lambda n, k, s: counts_by_loop(k, n, s), "길이가 8"),
        (lambda n, k, s: counts_by_loop(n, k, s).clamp(max=1), "닿았는지만"),
        (lambda n, k, s: counts_by_loop(n, k, s) / (n * k), "합이 1"),
        (lambda n, k, s: torch.full(((n - 1) * s + k,), float(k)), "모든 칸이 3"),
        (lambda n, k, s: 2 * counts_by_loop(n, k, s), "합이 24"),
        (rolled, "자리가 다릅니다"),
        (lambda n, k, s: counts_by_loop(n, k, s).tolist(), "torch.Tensor를 기대했는데"),
        (lambda n, k, s: counts_by_loop(4, 3, 2), "size=5, kernel=4"),
        (lambda n, k, s: counts_by_loop(n, k, s)[None], "모양 (9,)"),
    ],
)
def test_wrong_overlap_count_gets_its_hint(answer, fragment):
    assert fragment in hint("overlap_count", answer)


# 연습 3: 0을 끼워 넣은 합성곱


def spread(image, stride):
    height, width = image.shape
    sparse = torch.zeros((height - 1) * stride + 1, (width - 1) * stride + 1)
    sparse[::stride, ::stride] = image
    return sparse


def by_conv2d(image, kernel, stride):
    sparse = F.pad(spread(image, stride), [len(kernel) - 1] * 4)
    return F.conv2d(sparse[None, None], kernel.flip(0, 1)[None, None])[0, 0]


def by_layer(image, kernel, stride):
    return F.conv_transpose2d(image[None, None], kernel[None, None], stride=stride)[0, 0]


def by_stamping(image, kernel, stride):
    height, width = image.shape
    size = len(kernel)
    canvas = torch.zeros((height - 1) * stride + size, (width - 1) * stride + size)
    for row in range(height):
        for column in range(width):
            for i in range(size):
                for j in range(size):
                    canvas[row * stride + i, column * stride + j] += (
                        image[row, column] * kernel[i, j]
                    )
    return canvas


def by_sliding_sum(image, kernel, stride):
    size = len(kernel)
    sparse = F.pad(spread(image, stride), [size - 1] * 4)
    windows = sparse.unfold(0, size, 1).unfold(1, size, 1)
    return (windows * kernel.flip(0, 1)).sum((-2, -1))


@pytest.mark.parametrize("answer", [by_conv2d, by_layer, by_stamping, by_sliding_sum])
def test_right_by_convolution_passes(answer):
    assert passes("by_convolution", answer)


def unflipped(image, kernel, stride):
    return by_conv2d(image, kernel.flip(0, 1), stride)


def zeros_behind_each_cell(image, kernel, stride):
    height, width = image.shape
    sparse = torch.zeros(height * stride, width * stride)
    sparse[::stride, ::stride] = image
    sparse = F.pad(sparse, [len(kernel) - 1] * 4)
    return F.conv2d(sparse[None, None], kernel.flip(0, 1)[None, None])[0, 0]


def without_border(image, kernel, stride):
    return F.conv2d(spread(image, stride)[None, None], kernel.flip(0, 1)[None, None], padding=1)[
        0, 0
    ]


def changes_the_image(image, kernel, stride):
    result = by_conv2d(image, kernel, stride)
    image.zero_()
    return result


@pytest.mark.parametrize(
    ("answer", "fragment"),
    [
        (unflipped, "뒤집힌"),
        (lambda x, k, s: by_conv2d(x, k.flip(0), s), "두 축을"),
        (lambda x, k, s: by_conv2d(x, k.T, s), "두 축을"),
        (zeros_behind_each_cell, "마지막 칸의 뒤"),
        (without_border, "모양이 (5, 5)"),
        (lambda x, k, s: by_conv2d(x, k, s)[None, None], "4차원"),
        (lambda x, k, s: by_conv2d(torch.ones_like(x), k, s), "입력의 값"),
        (lambda x, k, s: by_conv2d(x, k / k.sum(), s), "도장을 찍은 결과와"),
        (changes_the_image, "그 자리에서"),
        (lambda x, k, s: by_conv2d(x, k, 2), "모양이 (5, 9)"),
        (lambda x, k, s: by_conv2d(x, k, s).tolist(), "torch.Tensor를"),
        (lambda x, k, s: F.conv2d(x, k), "오류가 났습니다"),
    ],
)
def test_wrong_by_convolution_gets_its_hint(answer, fragment):
    assert fragment in hint("by_convolution", answer)


def test_result_with_nan_is_not_accepted():
    answer = grade(
        "transposed_convolution.by_convolution", lambda x, k, s: by_conv2d(x, k, s) * math.nan
    )
    assert answer[0] is False


# 연습 4: 고르게 두 배로 늘리는 층


@pytest.mark.parametrize(
    "answer",
    [
        {"kernel_size": 4, "stride": 2, "padding": 1},
        {"kernel_size": 4, "stride": 2, "padding": 1, "output_padding": 0},
        {"kernel_size": (4, 4), "stride": (2, 2), "padding": (1, 1)},
        {"kernel_size": 2, "stride": 2},
        nn.ConvTranspose2d(3, 3, 4, stride=2, padding=1),
        nn.ConvTranspose2d(64, 32, 6, stride=2, padding=2, bias=False),
        nn.ConvTranspose2d(1, 1, 2, stride=2, padding=1, dilation=3),
    ],
)
def test_even_doubling_passes(answer):
    assert passes("even_doubling", answer)


@pytest.mark.parametrize(
    ("answer", "fragment"),
    [
        (nn.ConvTranspose2d(3, 3, 3, stride=2, padding=1, output_padding=1), "1번에서 4번"),
        ({"kernel_size": 5, "stride": 2, "padding": 2, "output_padding": 1}, "4번에서 9번"),
        ({"kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1, "dilation": 1}, "안쪽"),
        (nn.ConvTranspose2d(3, 3, 3, stride=2, padding=1), "7×7이(가) 13×13"),
        ({"kernel_size": 4, "stride": 2}, "7×7이(가) 16×16"),
        ({"kernel_size": 8}, "16×16이(가) 23×23"),  # 7×7만 두 배가 된다
        ({"kernel_size": (4, 2), "stride": 2, "padding": 1}, "14×12"),
        ({"stride": 2}, "kernel_size가 없습니다"),
        ({"kernel": 4, "stride": 2}, "모르는 설정"),
        ({"kernel_size": 4, "stride": 2, "output_padding": 2}, "만들 수 없습니다"),
        ({"kernel_size": "4"}, "만들 수 없습니다"),
        ({"kernel_size": 0.5}, "만들 수 없습니다"),
        (nn.Upsample(scale_factor=2), "Upsample이(가) 왔습니다"),
        (4, "int이(가) 왔습니다"),
    ],
)
def test_other_designs_get_their_hint(answer, fragment):
    assert fragment in hint("even_doubling", answer)
