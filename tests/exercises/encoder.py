"""1장의 맞는 답과 틀린 답. 틀린 답에는 힌트에 들어 있어야 하는 글을 답니다."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from aelab import load_images, load_pretrained
from aelab.models import Encoder
from tests.exercises.measured import Measured


class EachPosition(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.norm = nn.LayerNorm(channels)

    def forward(self, maps):
        return self.norm(maps.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class PlusNoise(nn.Module):
    def forward(self, maps):
        return F.instance_norm(maps) + torch.randn_like(maps)


class OverTheBatch(nn.Module):
    def forward(self, maps):
        return (maps - maps.mean(0)) / (maps.std(0) + 1e-5)


def build(latent_dim, layers, *, activation=nn.GELU, norm=None, pooled=False, padding=1):
    """`layers`는 (출력 채널, 보폭)의 목록."""
    parts, channels = [], 3
    for out_channels, stride in layers:
        parts.append(nn.Conv2d(channels, out_channels, 3, stride=stride, padding=padding))
        if norm is not None:
            parts.append(norm(out_channels))
        parts.append(activation())
        channels = out_channels
    if pooled:
        parts.append(nn.AdaptiveAvgPool2d(1))
    parts.append(nn.Flatten())
    width = nn.Sequential(*parts)(torch.zeros(2, 3, 64, 64)).shape[1]
    return nn.Sequential(*parts, nn.Linear(width, latent_dim))


class Then(nn.Module):
    """활성화 함수가 없는 인코더의 앞과 뒤에 붙인 것."""

    def __init__(self, latent_dim, before=lambda images: images, after=lambda codes: codes):
        super().__init__()
        self.encoder = build(latent_dim, FOUR, activation=nn.Identity)
        self.before, self.after = before, after

    def forward(self, images):
        return self.after(self.encoder(self.before(images)))


class UnusedConvolution(nn.Module):
    def __init__(self, latent_dim):
        super().__init__()
        self.spare, self.net = nn.Conv2d(3, 3, 3), nn.Linear(768, latent_dim)

    def forward(self, images):
        return self.net(F.gelu(F.avg_pool2d(images, 4)).flatten(1))


FOUR = ((32, 2), (64, 2), (64, 2), (64, 2))


class HalfSizeFirst(nn.Module):
    def __init__(self, latent_dim):
        super().__init__()
        self.encoder = Encoder(latent_dim)

    def forward(self, images):
        return self.encoder(F.avg_pool2d(images, 2))


class EverySecondPixel(HalfSizeFirst):
    def forward(self, images):
        return self.encoder(images[:, :, ::2, ::2])


class RedOnly(HalfSizeFirst):
    def forward(self, images):
        return super().forward(images[:, :1].expand_as(images))


def lost_below_zero():
    images = load_images(split="test").images[:500].numpy() / 127.5 - 1
    return 100 * np.square(np.minimum(images, 0)).sum() / np.square(images).sum()


@torch.no_grad()
def increase(*, fitted_on_training):
    """4비트로 반올림한 잠재 벡터의 오차가 늘어난 비율(%). 가장 가까운 눈금을 하나씩 찾습니다."""
    model, images = load_pretrained(128), load_images(split="test")[:500]
    codes = model.encoder(images)
    seen = model.encoder(load_images(split="train")[:1000]) if fitted_on_training else codes
    levels = np.linspace(seen.numpy().min(0), seen.numpy().max(0), 16)  # (눈금, 차원)
    nearest = np.abs(codes.numpy() - levels[:, None]).argmin(0)
    rounded = torch.from_numpy(np.take_along_axis(levels, nearest, 0))
    plain, found = ((model.decoder(z) - images).square().sum() for z in (codes, rounded))
    return 100 * float(found / plain - 1)


RIGHT = {
    "conv_parameters": [
        lambda i, o, k: o * (i * k**2 + 1),
        lambda i, o, k: torch.tensor(o * i * k * k + o),
        lambda in_channels, out_channels, kernel_size: (
            torch.zeros(out_channels, in_channels, kernel_size, kernel_size).numel() + out_channels
        ),
        lambda i, o, k: np.int64(o * (i * k * k + 1)),
    ],
    "beyond_sigmoid": [Measured((50, lost_below_zero)), Measured((5, lost_below_zero))],
    "four_bits": [Measured((20, lambda: increase(fitted_on_training=True)))],
    "companion_free_norm": [
        lambda channels: nn.GroupNorm(1, channels),
        lambda channels: nn.GroupNorm(8, channels),
        lambda channels: nn.InstanceNorm2d(channels, affine=True),
        EachPosition,
        lambda channels: lambda maps: F.group_norm(maps, 4),
    ],
    "encoder_64": [
        lambda latent_dim: build(latent_dim, FOUR),
        lambda latent_dim: build(latent_dim, FOUR, activation=nn.ReLU),
        lambda latent_dim: build(latent_dim, FOUR, activation=nn.Tanh),
        lambda latent_dim: build(latent_dim, ((16, 2), (16, 1), (32, 2), (32, 2), (32, 2))),
        lambda latent_dim: build(latent_dim, FOUR, norm=lambda c: nn.GroupNorm(1, c)),
        lambda latent_dim: build(latent_dim, ((32, 2), (32, 2), (16, 2))),
        HalfSizeFirst,
    ],
}

WRONG = {
    "conv_parameters": [
        (lambda i, o, k: i * k * k * o + len(nn.Linear(i, o).bias), "만들지 않고"),
        (lambda i, o, k: len(nn.ConvTranspose2d(i, o, k).bias) * (i * k * k + 1), "만들지 않고"),
        (lambda i, o, k: i * o * k * k, "편향이 하나씩 더"),
        (lambda i, o, k: i * o * k * k + i, "입력 채널마다"),
        (lambda i, o, k: i * o * k * k + 1, "편향을 하나만"),
        (lambda i, o, k: i * o * k * k + i * o, "편향을 커널마다"),
        (lambda i, o, k: i * o * k + o, "가로와 세로"),
        (lambda i, o, k: o * k * k + o, "입력 채널이 빠졌"),
        (lambda i, o, k: 896, "따로 세어"),
        (
            lambda i, o, k: 4 * o * k * k + o,
            "in_channels=32, out_channels=64, kernel_size=3일 때 2,368이",
        ),
        (lambda i, o, k: float("nan"), "NaN이나"),
        (lambda i, o, k: "896", "수 하나를 기대"),
        (lambda i, o, k: sum(p.numel() for p in nn.Conv2d(i, o, k).parameters()), "만들지 않고"),
    ],
    "beyond_sigmoid": [
        (Measured((50, lambda: lost_below_zero() / 100)), "100을 곱해"),
        ((50, 0), "다시 봅니다"),
        (52, "(예측, 잰 값)"),
    ],
    "four_bits": [
        (Measured((20, lambda: increase(fitted_on_training=False))), "학습 이미지에서"),
        (Measured((20, lambda: 1 + increase(fitted_on_training=True) / 100)), "1을 빼고"),
    ],
    "companion_free_norm": [
        (lambda channels: lambda maps: F.group_norm(maps, 1).flip(2), "닮지 않았습니다"),
        (lambda channels: lambda maps: (maps - maps[:1].mean()) / maps[:1].std(), "동료 이미지만"),
        (
            lambda channels: lambda maps: torch.cat([F.group_norm(maps[:1], 1), maps[1:]]),
            "표준편차 2.9",
        ),
        (nn.BatchNorm2d, "동료 이미지만"),
        (lambda channels: nn.BatchNorm2d(channels).eval(), "동료 이미지만"),
        (lambda channels: nn.BatchNorm2d(channels, track_running_stats=False), "동료 이미지만"),
        (lambda channels: OverTheBatch(), "묶음의 축"),
        (lambda channels: nn.Identity(), "표준편차 3.0"),
        (lambda channels: nn.InstanceNorm2d, "클래스 InstanceNorm2d"),
        (lambda channels: PlusNoise(), "난수"),
        (nn.LayerNorm, "오류가 났습니다"),
        (lambda channels: nn.AvgPool2d(2), "모양"),
        (lambda channels: "GroupNorm", "str"),
        (lambda channels: lambda maps: maps - maps.mean((1, 2, 3), keepdim=True), "표준편차 3.0"),
        (lambda channels: lambda maps: maps * 0, "표준편차 0.00"),
        (nn.GroupNorm(1, 32), "오류가 났습니다"),
        (lambda channels: lambda maps: (maps - 5) / 3, "평균 7, 표준편차 10.2쯤"),
    ],
    "encoder_64": [
        (lambda latent_dim: Then(latent_dim, after=nn.LayerNorm(latent_dim)), "한 번 씌운"),
        (lambda latent_dim: Then(latent_dim, after=F.normalize), "한 번 씌운"),
        (lambda latent_dim: Then(latent_dim, before=F.relu), "일차식"),
        (UnusedConvolution, "합성곱 층"),
        (RedOnly, "픽셀이 33 %"),
        (lambda latent_dim: build(128, FOUR), "모양 (1, 32)"),
        (Encoder, "오류가 났습니다"),
        (lambda latent_dim: build(latent_dim, FOUR)[:-1], "모양 (1, 32)"),
        (
            lambda latent_dim: nn.Sequential(nn.Flatten(), nn.Linear(3 * 64 * 64, latent_dim)),
            "합성곱 층",
        ),
        (lambda latent_dim: build(latent_dim, FOUR, norm=nn.BatchNorm2d), "동료 이미지만"),
        (lambda latent_dim: build(latent_dim, FOUR, activation=nn.Dropout), "난수"),
        (lambda latent_dim: build(latent_dim, FOUR, activation=nn.Identity), "일차식"),
        (lambda latent_dim: build(latent_dim, FOUR, pooled=True), "자리를 옮겨도"),
        (lambda latent_dim: build(latent_dim, FOUR, padding=0), "픽셀이 97 %"),
        (EverySecondPixel, "픽셀이 25 %"),
        (lambda latent_dim: torch.zeros(3, latent_dim), "nn.Module을 기대"),
        (build(128, FOUR), "모델을 만드는 함수를 기대"),
        (lambda latent_dim: build(latent_dim, FOUR[:3]), "가장 큰 층은 Linear(in_features=4096"),
        (
            lambda latent_dim: nn.Sequential(
                build(latent_dim, FOUR, activation=nn.Identity), nn.GELU()
            ),
            "활성화 함수를 한 번",
        ),
        (
            lambda latent_dim: nn.Sequential(
                build(latent_dim, FOUR, activation=nn.Identity), nn.ReLU()
            ),
            "활성화 함수를 한 번",
        ),
    ],
}
