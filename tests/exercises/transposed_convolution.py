"""2장의 맞는 답과 틀린 답. 틀린 답에는 힌트에 들어 있어야 하는 글을 답니다."""

import numpy as np
import torch
from torch import nn

from aelab import load_images
from tests.exercises.measured import Measured


def text_ratio():
    """본문의 3×3 커널로 잰 오차의 비. 행렬을 도장으로 하나씩 채웁니다."""
    photo = (load_images(split="test").images[1].numpy() / 127.5 - 1).mean(0).ravel()
    matrix = np.zeros((16, 16, 34, 34))
    for row in range(16):
        for column in range(16):
            stamp = np.outer([1, 2, 1], [1, 2, 1]) / 16
            matrix[row, column, 2 * row : 2 * row + 3, 2 * column : 2 * column + 3] = stamp
    matrix = matrix[:, :, 1:-1, 1:-1].reshape(256, 1024)
    back = matrix.T @ matrix @ photo
    back *= photo @ back / (back @ back)
    best = np.linalg.lstsq(matrix, matrix @ photo, rcond=None)[0]
    return np.square(back - photo).sum() / np.square(best - photo).sum()


def positive_share(side):
    """무늬의 비중을 커널에서 곧바로: 위치마다 그 위치에 닿는 가중치를 더합니다."""
    shares = []
    for seed in range(20):
        generator = torch.Generator().manual_seed(seed)
        features = torch.randn(64, generator=generator).relu()
        weight = torch.rand(64, 64, side, side, generator=generator)
        taps = torch.einsum("i,iohw->ohw", features, weight)
        means = torch.stack([taps[:, i::2, j::2].sum((1, 2)) for i in (0, 1) for j in (0, 1)])
        shares.append(means.var(0, correction=0).mean() / means.square().mean())
    return float(sum(shares)) / 20


RIGHT = {
    "transpose_to_inverse": [(1.0, 1.0), (0.1, 1)],
    "positive_kernels": [
        Measured((5, lambda: 100 * positive_share(4) / positive_share(3))),
        Measured((0, lambda: 100 * positive_share(4) / positive_share(3))),
    ],
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
    "transpose_to_inverse": [(Measured((1, text_ratio)), "3×3 커널"), ((1, 2), "다시 봅니다")],
    "positive_kernels": [
        (Measured((5, lambda: positive_share(4) / positive_share(3))), "100을 곱해"),
        (Measured((5, lambda: 100 * positive_share(3) / positive_share(4))), "거꾸로"),
        (Measured((5, lambda: 100 * positive_share(4))), "커널 4의 무늬의 비중만"),
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
