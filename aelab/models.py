"""합성곱 오토인코더: 인코더, 디코더, 그리고 둘을 이은 모델.

구조는 Phillip Lippe의 UvA Deep Learning 튜토리얼 9를 따르므로 그곳에 공개된 가중치도 읽을 수 있습니다.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from aelab import checks
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
        latent_dim = checks.check_positive_int(latent_dim, "latent_dim")
        c = checks.check_positive_int(base_channel_size, "base_channel_size")
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
            벗어나도 오류를 냅니다. 평가 모드에서 음수가 하나도 없는 묶음은 경고합니다.
        """
        images = _checked_images(images, self.net[0])
        return self.net(images)


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
        self.latent_dim = checks.check_positive_int(latent_dim, "latent_dim")
        c = checks.check_positive_int(base_channel_size, "base_channel_size")
        doubling = {"kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1}
        self.linear = nn.Sequential(nn.Linear(self.latent_dim, 2 * c * _SMALLEST**2), nn.GELU())
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
        codes = _checked_codes(codes, self.latent_dim, self.linear[0])
        features = self.linear(codes)
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
        with torch.random.fork_rng(devices=[]):  # 곧 덮어쓸 값에 전역 난수를 쓰지 않습니다.
            self.encoder = Encoder(latent_dim, base_channel_size)
            self.decoder = Decoder(latent_dim, base_channel_size)
        self.latent_dim = self.decoder.latent_dim
        _initialize(self, generator)

    def forward(self, images: Images) -> Images:
        """[-1, 1]의 이미지 (batch, 3, 32, 32) → 같은 모양의 재구성. 오류는 인코더와 같습니다."""
        return self.decoder(self.encoder(images))


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
        if isinstance(layer, nn.Linear):
            nn.init.orthogonal_(layer.weight, generator=generator)
        elif isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            taps = 9 / 4 if isinstance(layer, nn.ConvTranspose2d) else 9
            layer.weight.normal_(0, math.sqrt(2 / (layer.in_channels * taps)), generator=generator)
        else:
            continue
        layer.get_parameter("bias").zero_()
    last = model.decoder.net[-2]  # tanh 바로 앞의 전치 합성곱
    last.get_parameter("weight").mul_(0.3)


def _checked_images(images: Images, layer: nn.Module) -> Images:
    checks.check_image_batch(images)
    if images.shape[1:] != (3, IMAGE_SIZE, IMAGE_SIZE):
        resized = f"interpolate(images, {IMAGE_SIZE}, mode='bilinear', antialias=True)"
        mend = f"{checks.MENDED_BY}images = torch.nn.functional.{resized}"
        expected, came = f"(batch, 3, {IMAGE_SIZE}, {IMAGE_SIZE})를", tuple(images.shape)
        raise checks.unexpected("images", expected, came, mend if came[1] == 3 else "")
    return _checked(images, "images", layer, checks.check_image_range)


def _checked_codes(codes: Codes, latent_dim: int, layer: nn.Module) -> Codes:
    checks.check_codes(codes, latent_dim)
    return _checked(codes, "codes", layer, checks.check_finite)


def _checked(
    values: Tensor, name: str, layer: nn.Module, check: Callable[[Tensor, str], None]
) -> Tensor:
    """장치와 자료형이 층의 가중치와 같은지, 평가 모드라면 값도 옳은지 검사한 텐서."""
    weight = layer.get_parameter("weight")
    if values.device != weight.device:
        mend = f"{checks.MENDED_BY}{name} = {name}.to('{weight.device}')"
        expected = f"모델과 같은 장치 {weight.device}을(를)"
        raise checks.unexpected(name, expected, values.device, mend)
    # autocast는 둘을 같은 자료형으로 바꾸어 줍니다.
    if values.dtype != weight.dtype and not torch.is_autocast_enabled(values.device.type):
        mend = f"{checks.MENDED_BY}{name} = {name}.to({weight.dtype})"
        expected = f"모델과 같은 자료형 {weight.dtype}을(를)"
        raise checks.unexpected(name, expected, values.dtype, mend, TypeError)
    if torch.compiler.is_compiling():  # 값을 물으면 그래프가 끊깁니다.
        return values
    if not layer.training:  # 학습 중에는 들여다보지 않습니다: GPU를 기다리게 합니다.
        check(values, name)
    # inference_mode에서 만든 텐서는 그 밖의 자동 미분이 기억하지 못하므로 사본을 씁니다.
    made_inside = values.is_inference() and torch.is_grad_enabled()
    return values.clone() if made_inside else values
