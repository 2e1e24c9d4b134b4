"""합성곱 오토인코더: 인코더, 디코더, 그리고 둘을 이은 모델.

구조는 Phillip Lippe의 UvA Deep Learning 튜토리얼 9를 따르므로 그곳에 공개된 가중치도 읽을 수 있습니다.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from aelab.checks import (
    check_codes,
    check_finite,
    check_image_batch,
    check_positive_int,
    check_range,
    differentiable,
)
from aelab.types import Codes, Images

IMAGE_SIZE = 32
_SMALLEST = IMAGE_SIZE // 8  # 보폭 2의 합성곱을 세 번 지난 특징 맵의 한 변


class Encoder(nn.Module):
    """이미지 (batch, 3, 32, 32)를 잠재 벡터 (batch, latent_dim)로 줄입니다.

    보폭 합성곱 세 번으로 32→16→8→4로 줄이고, 마지막 특징 맵을 펼쳐 선형층에 넣습니다.
    한 이미지의 잠재 벡터가 같은 묶음의 다른 이미지에 매이지 않도록 배치 정규화는 쓰지 않습니다.

    인자
        latent_dim: 잠재 차원.
        base_channel_size: 첫 합성곱의 채널 수 c. 뒤쪽은 2c입니다.
    """

    def __init__(self, latent_dim: int, base_channel_size: int = 32) -> None:
        super().__init__()
        check_positive_int(latent_dim, "latent_dim")
        check_positive_int(base_channel_size, "base_channel_size")
        c = base_channel_size
        self.net = nn.Sequential(
            nn.Conv2d(3, c, 3, stride=2, padding=1),  # 32×32 → 16×16
            nn.GELU(),
            nn.Conv2d(c, c, 3, padding=1),
            nn.GELU(),
            nn.Conv2d(c, 2 * c, 3, stride=2, padding=1),  # 16×16 → 8×8
            nn.GELU(),
            nn.Conv2d(2 * c, 2 * c, 3, padding=1),
            nn.GELU(),
            nn.Conv2d(2 * c, 2 * c, 3, stride=2, padding=1),  # 8×8 → 4×4
            nn.GELU(),
            nn.Flatten(),  # (batch, 2c, 4, 4) → (batch, 2c·16)
            nn.Linear(2 * c * _SMALLEST**2, latent_dim),
        )

    def forward(self, images: Images) -> Codes:
        """[-1, 1]의 이미지 (batch, 3, 32, 32) → 잠재 벡터 (batch, latent_dim).

        오류: 모양이 다르거나 자료형이나 장치가 가중치와 다르면, 평가 모드에서는 값이 [-1, 1]을
            벗어나도 오류를 냅니다.
        """
        check_image_batch(images)
        if images.shape[1:] != (3, IMAGE_SIZE, IMAGE_SIZE):
            raise ValueError(
                f"images: (batch, 3, {IMAGE_SIZE}, {IMAGE_SIZE})를 기대했는데 "
                f"{tuple(images.shape)}이(가) 왔습니다."
            )
        _check_like_weights(images, self.net[0], "images")
        # 학습 중에는 값을 들여다보지 않습니다: GPU를 기다리게 하고 compile을 끊습니다.
        if not self.training:
            check_range(images, -1, 1, "images")
        return self.net(differentiable(images))


class Decoder(nn.Module):
    """잠재 벡터 (batch, latent_dim)를 이미지 (batch, 3, 32, 32)로 펼칩니다.

    선형층의 출력을 4×4 특징 맵으로 세우고, 전치 합성곱 세 번으로 4→8→16→32로 늘립니다.
    마지막 tanh가 값을 이미지의 범위인 (-1, 1) 안에 둡니다.

    인자
        latent_dim: 잠재 차원.
        base_channel_size: 마지막 은닉층의 채널 수 c. 앞쪽은 2c입니다.
    """

    def __init__(self, latent_dim: int, base_channel_size: int = 32) -> None:
        super().__init__()
        check_positive_int(latent_dim, "latent_dim")
        check_positive_int(base_channel_size, "base_channel_size")
        self.latent_dim = latent_dim
        c = base_channel_size
        doubling = {"kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1}
        self.linear = nn.Sequential(nn.Linear(latent_dim, 2 * c * _SMALLEST**2), nn.GELU())
        self.net = nn.Sequential(
            nn.ConvTranspose2d(2 * c, 2 * c, **doubling),  # 4×4 → 8×8
            nn.GELU(),
            nn.Conv2d(2 * c, 2 * c, 3, padding=1),
            nn.GELU(),
            nn.ConvTranspose2d(2 * c, c, **doubling),  # 8×8 → 16×16
            nn.GELU(),
            nn.Conv2d(c, c, 3, padding=1),
            nn.GELU(),
            nn.ConvTranspose2d(c, 3, **doubling),  # 16×16 → 32×32
            nn.Tanh(),
        )

    def forward(self, codes: Codes) -> Images:
        """잠재 벡터 (batch, latent_dim) → (-1, 1)의 이미지 (batch, 3, 32, 32).

        오류: 모양이 다르거나 자료형이나 장치가 가중치와 다르면, 평가 모드에서는 NaN이나 무한대가
            있어도 오류를 냅니다.
        """
        check_codes(codes, self.latent_dim)
        _check_like_weights(codes, self.linear[0], "codes")
        if not self.training:
            check_finite(codes, "codes")
        features = self.linear(differentiable(codes))
        return self.net(features.reshape(len(codes), -1, _SMALLEST, _SMALLEST))


class Autoencoder(nn.Module):
    """인코더와 디코더를 이어 이미지를 재구성하는 모델.

    인자
        latent_dim: 잠재 차원(병목의 크기).
        base_channel_size: 가장 얕은 층의 채널 수.
        generator: 초기 가중치의 난수 생성기. 없으면 PyTorch의 전역 생성기를 씁니다.
    """

    def __init__(
        self,
        latent_dim: int,
        base_channel_size: int = 32,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        with _NoDefaultValues():
            self.encoder = Encoder(latent_dim, base_channel_size)
            self.decoder = Decoder(latent_dim, base_channel_size)
        # meta 장치의 빈 모델은 읽은 가중치로 채울 것이라 초기화할 값이 없습니다.
        if not next(self.parameters()).is_meta:
            _initialize(self, generator)

    def forward(self, images: Images) -> Images:
        """[-1, 1]의 이미지 (batch, 3, 32, 32) → 같은 모양의 재구성. 오류는 인코더와 같습니다."""
        return self.decoder(self.encoder(images))


class _NoDefaultValues(TorchFunctionMode):
    """층을 만들 때 PyTorch의 기본 초기화를 건너뜁니다: 곧 덮어쓸 값에 전역 난수와 시간을 쓰지 않습니다."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func in (nn.init.kaiming_uniform_, nn.init.uniform_):
            return None
        return func(*args, **(kwargs or {}))


def _check_like_weights(values: Tensor, layer: nn.Module, name: str) -> None:
    """층의 가중치와 장치가 다르면 ValueError, 자료형이 다르면 TypeError."""
    weight = layer.weight
    assert isinstance(weight, Tensor)
    if values.device != weight.device:
        raise ValueError(
            f"{name}: 모델과 같은 장치 {weight.device}을(를) 기대했는데 {values.device}이(가) "
            "왔습니다. 모델과 입력을 같은 장치로 옮깁니다."
        )
    if values.dtype == weight.dtype:
        return
    # autocast는 float64를 빼고 둘을 같은 자료형으로 바꾸어 줍니다.
    kind = values.device.type
    casts = kind != "meta" and torch.is_autocast_enabled(kind)
    if not casts or torch.float64 in (values.dtype, weight.dtype):
        raise TypeError(
            f"{name}: 모델과 같은 자료형 {weight.dtype}을(를) 기대했는데 {values.dtype}이(가) 왔습니다."
        )


@contextmanager
def evaluation_mode(model: nn.Module) -> Iterator[None]:
    """안에서는 평가 모드이고, 나올 때는 오류가 나더라도 층마다 부르기 전의 모드로 되돌립니다."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


@torch.no_grad()
def _initialize(model: Autoencoder, generator: torch.Generator | None) -> None:
    """신호의 크기가 층을 지나도 유지되도록 초기화합니다(He 외, 2015, arXiv:1502.01852).

    보폭 2의 전치 합성곱에서는 출력 하나에 커널 9칸 가운데 평균 9/4칸만 닿으므로 그만큼만 셉니다.
    병목의 두 선형층은 직교 행렬로, 마지막 층은 tanh가 포화하지 않도록 작게 시작합니다.
    """
    for layer in model.modules():
        if isinstance(layer, nn.ConvTranspose2d):
            fan = layer.in_channels * 9 / 4
            layer.weight.normal_(0, math.sqrt(2 / fan), generator=generator)
        elif isinstance(layer, nn.Conv2d):
            fan = layer.in_channels * 9
            layer.weight.normal_(0, math.sqrt(2 / fan), generator=generator)
        elif isinstance(layer, nn.Linear):
            nn.init.orthogonal_(layer.weight, generator=generator)
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            parameter.zero_()
    last = model.decoder.net[-2]  # tanh 바로 앞의 전치 합성곱
    last.get_parameter("weight").mul_(0.3)
