"""2장의 맞는 답과 틀린 답. 틀린 답에는 힌트에 들어 있어야 하는 글을 답니다."""

import torch
from torch import nn
from torch.nn import functional as F


def size_by_formula(size, kernel, stride, padding, output_padding):
    return (size - 1) * stride - 2 * padding + kernel + output_padding


def size_by_layer(size, kernel, stride, padding, output_padding):
    weight = torch.ones(1, 1, kernel, kernel)
    return F.conv_transpose2d(
        torch.ones(1, 1, size, size), weight, None, stride, padding, output_padding
    ).shape[-1]


def counts_by_loop(size, kernel, stride):
    counts = torch.zeros((size - 1) * stride + kernel)
    for position in range(size):
        for offset in range(kernel):
            counts[position * stride + offset] += 1
    return counts


def counts_by_layer(size, kernel, stride):
    return F.conv_transpose1d(torch.ones(1, 1, size), torch.ones(1, 1, kernel), stride=stride)[0, 0]


def spread(image, stride):
    height, width = image.shape
    sparse = torch.zeros((height - 1) * stride + 1, (width - 1) * stride + 1)
    sparse[::stride, ::stride] = image
    return sparse


def by_conv2d(image, kernel, stride):
    sparse = F.pad(spread(image, stride), [len(kernel) - 1] * 4)
    return F.conv2d(sparse[None, None], kernel.flip(0, 1)[None, None])[0, 0]


def by_sliding_sum(image, kernel, stride):
    size = len(kernel)
    sparse = F.pad(spread(image, stride), [size - 1] * 4)
    windows = sparse.unfold(0, size, 1).unfold(1, size, 1)
    return (windows * kernel.flip(0, 1)).sum((-2, -1))


def by_layer(image, kernel, stride):
    layer = nn.ConvTranspose2d(1, 1, len(kernel), stride=stride, bias=False)
    layer.weight.data.copy_(kernel)
    return layer(image[None, None])[0, 0]


def by_operator(image, kernel, stride):
    given = image[None, None], kernel[None, None]
    return torch.ops.aten.conv_transpose2d(*given, None, [stride, stride])[0, 0]


def by_gradient(image, kernel, stride):
    size = [1, 1, *((side - 1) * stride + len(kernel) for side in image.shape)]
    given = kernel[None, None], image[None, None]
    return nn.grad.conv2d_input(size, *given, stride=stride)[0, 0]


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


RIGHT = {
    "output_size": [size_by_formula, size_by_layer],
    "overlap_count": [counts_by_loop, counts_by_layer],
    "by_convolution": [by_conv2d, by_sliding_sum, lambda x, k, s: by_conv2d(x, k, s).numpy()],
    "even_doubling": [
        {"kernel_size": 4, "stride": 2, "padding": 1},
        {"kernel_size": 4, "stride": 2, "padding": 1, "output_padding": 0},
        {"kernel_size": (4, 4), "stride": (2, 2), "padding": (1, 1)},
        {"kernel_size": 2, "stride": 2},
        nn.ConvTranspose2d(3, 3, 4, stride=2, padding=1),
        nn.ConvTranspose2d(64, 32, 6, stride=2, padding=2, bias=False),
        nn.ConvTranspose2d(1, 1, 2, stride=2, padding=1, dilation=3),
    ],
}

WRONG = {
    "output_size": [
        (lambda n, k, s, p, o: (n - 1) * s + max(k - 2 * p, 0) + o, "모양을 견주어"),
        (lambda n, k, s, p, o: (n + 2 * p - k) // s + 1, "보통 합성곱"),
        (lambda n, k, s, p, o: (n - 1) * s - 2 * p + k, "출력 채움이"),
        (lambda n, k, s, p, o: (n - 1) * s + 2 * p + k + o, "부호"),
        (lambda n, k, s, p, o: (n - 1) * s - p + k + o, "양쪽"),
        (lambda n, k, s, p, o: n * s - 2 * p + k + o, "걸음"),
        (lambda n, k, s, p, o: (n - 1) * s - 2 * p + o, "마지막 도장"),
        (lambda n, k, s, p, o: n * s, "보폭만"),
        (
            lambda n, k, s, p, o: 20,
            "size=4, kernel=3, stride=2, padding=1, output_padding=1일 때 20이",
        ),
        (lambda n, k, s, p, o: (n - 1) * s - 2 * p + k + 5 * o, "모양을 견주어"),
        (lambda n, k, s, p, o: (n, n), "수 하나를"),
    ],
    "overlap_count": [
        (lambda n, k, s: counts_by_loop(n, k, s)[:-1], "판은 첫 도장의 왼쪽 끝부터"),
        (lambda n, k, s: torch.ones(n * s), "판은 첫 도장의 왼쪽 끝부터"),
        (lambda n, k, s: counts_by_loop(k, n, s), "판은 첫 도장의 왼쪽 끝부터"),
        (lambda n, k, s: counts_by_loop(n, k, s).clamp(max=1), "닿았는지만"),
        (lambda n, k, s: counts_by_loop(n, k, s) / (n * k), "합이 1"),
        (lambda n, k, s: torch.full(((n - 1) * s + k,), float(k)), "모든 칸이 같습니다"),
        (lambda n, k, s: 2 * counts_by_loop(n, k, s), "합이 24"),
        (lambda n, k, s: counts_by_loop(4, 3, 2), "(12,)을(를) 기대했는데 (9,)"),
        (lambda n, k, s: counts_by_loop(n, k, s)[None], "모양 (9,)"),
        (lambda n, k, s: counts_by_loop(n, k, s).roll(1), "자리가 다릅니다"),
    ],
    "by_convolution": [
        *((answer, "전치 합성곱을 불렀습니다") for answer in (by_layer, by_operator, by_gradient)),
        (unflipped, "뒤집힌"),
        (lambda x, k, s: by_conv2d(x, k.flip(0), s), "두 축을"),
        (lambda x, k, s: by_conv2d(x, k.T, s), "두 축을"),
        (zeros_behind_each_cell, "칸과 칸의 사이에만"),
        (without_border, "(5, 5)이(가) 왔습니다. 끼워 넣은"),
        (lambda x, k, s: by_conv2d(x, k, s)[None, None], "4차원"),
        (lambda x, k, s: by_conv2d(torch.ones_like(x), k, s), "입력의 값"),
        (lambda x, k, s: by_conv2d(x, k / k.sum(), s), "도장을 찍은 결과와"),
        (lambda x, k, s: by_conv2d(x, k, 2), "(5, 9)이(가) 왔습니다"),
        (
            lambda x, k, s: F.conv_transpose2d(x[None, None], k[None, None], stride=s)[0, 0],
            "전치 합성곱을 불렀습니다",
        ),
        (
            lambda x, k, s: torch.conv_transpose2d(x[None, None], k[None, None], stride=s)[0, 0],
            "전치 합성곱을 불렀습니다",
        ),
    ],
    "even_doubling": [
        (nn.ConvTranspose2d(3, 3, 3, stride=2, padding=1, output_padding=1), "1번에서 4번"),
        ({"kernel_size": 5, "stride": 2, "padding": 2, "output_padding": 1}, "4번에서 9번"),
        ({"kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1, "dilation": 1}, "안쪽"),
        (nn.ConvTranspose2d(3, 3, 3, stride=2, padding=1), "7×7이(가) 13×13"),
        ({"kernel_size": 4, "stride": 2}, "7×7이(가) 16×16"),
        ({"kernel_size": 8}, "16×16이(가) 23×23"),
        ({"kernel_size": (4, 2), "stride": 2, "padding": 1}, "14×12"),
        ({"stride": 2}, "kernel_size가 없습니다"),
        ({"kernel": 4, "stride": 2}, "모르는 설정"),
        ({"kernel_size": 4, "stride": 2, "output_padding": 2}, "만들 수 없습니다"),
        ({"kernel_size": "4"}, "만들 수 없습니다"),
        ({"kernel_size": 0.5}, "만들 수 없습니다"),
        (nn.Upsample(scale_factor=2), "Upsample이(가) 왔습니다"),
        (4, "int이(가) 왔습니다"),
    ],
}
