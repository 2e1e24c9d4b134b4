"""분포 밖 이미지: 사진이 아닌 무늬를 만들고, 재구성 오차가 그것을 가려내는지 잽니다.

무늬는 모두 [-1, 1]의 실수 (n, 3, 32, 32)입니다. 행은 아래로, 열은 오른쪽으로 셉니다. 색과 이미지의 모양이나
범위가 다르거나 NaN이 있으면 ValueError 또는 TypeError입니다.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from aelab.checks import (
    check_finite,
    check_image_batch,
    check_positive_int,
    check_range,
    unexpected,
)
from aelab.data import ImageSet
from aelab.inference import BATCH_SIZE, collect
from aelab.metrics import squared_error_per_image
from aelab.models import IMAGE_SIZE
from aelab.types import Images, PerImage

Numbers = float | Sequence[float] | Sequence[Sequence[float]] | Tensor

WHITE, BLACK = (1.0, 1.0, 1.0), (-1.0, -1.0, -1.0)


def uniform_noise(count: int, *, generator: torch.Generator) -> Images:
    """모든 값을 [-1, 1)에서 고르게 뽑은 잡음, (count, 3, 32, 32)."""
    check_positive_int(count, "count")
    return torch.rand(count, 3, IMAGE_SIZE, IMAGE_SIZE, generator=generator) * 2 - 1


def constant(colors: Numbers) -> Images:
    """한 가지 색으로 채운 이미지, 색마다 한 장.

    인자
        colors: 빨강·초록·파랑의 값 (n, 3). 한 색이면 (3,)도 됩니다. 값은 [-1, 1].
    """
    return _rgb(colors, "colors").expand(-1, -1, IMAGE_SIZE, IMAGE_SIZE).clone()


def single_channel(channel: int, levels: Numbers = 1.0) -> Images:
    """한 채널만 켜진 이미지: 그 채널은 `levels`, 나머지는 -1(꺼짐).

    인자
        channel: 0 빨강, 1 초록, 2 파랑.
        levels: 켜진 채널의 값, 수 하나 또는 (n,). 수마다 한 장이며 값은 [-1, 1].
    """
    values = torch.as_tensor(levels, dtype=torch.float32).reshape(-1)
    colors = torch.full((len(values), 3), -1.0)
    colors[:, channel] = values
    return constant(colors)


def checkerboard(cell: int, *, first: Numbers = WHITE, second: Numbers = BLACK) -> Images:
    """두 색이 번갈아 놓인 체스판 무늬.

    인자
        cell: 칸 하나의 한 변(픽셀), 1 이상.
        first, second: 왼쪽 위 칸의 색과 그 옆 칸의 색, (3,) 또는 (n, 3).
    """
    check_positive_int(cell, "cell")
    number = torch.arange(IMAGE_SIZE) // cell
    is_second = (number[:, None] + number) % 2
    return _between(first, second, is_second.float())


def stripes(
    period: float,
    *,
    angle: float = 0.0,
    phase: float = 0.0,
    first: Numbers = WHITE,
    second: Numbers = BLACK,
) -> Images:
    """두 색 사이를 사인파로 오가는 줄무늬.

    인자
        period: 밝은 줄에서 다음 밝은 줄까지의 거리(픽셀), 2 이상.
        angle: 색이 변하는 방향(도). 0이면 오른쪽으로 변하는 세로줄, 90이면 가로줄.
        phase: 첫 픽셀에서의 위상(도). 0이면 왼쪽 위 픽셀이 `first`.
        first, second: 두 색, (3,) 또는 (n, 3).
    """
    if not period >= 2:
        too_fine = " 더 촘촘한 줄은 픽셀 격자에 담기지 않습니다."
        raise unexpected("period", "2픽셀 이상을", f"{period:g}", too_fine)
    pixels = torch.arange(IMAGE_SIZE, dtype=torch.float64)
    turn = math.radians(angle)
    along = pixels * math.cos(turn) + pixels[:, None] * math.sin(turn)
    wave = torch.cos(2 * math.pi * along / period + math.radians(phase))
    return _between(first, second, ((1 - wave) / 2).float())


def color_ramp(rest: Numbers = 0.0, *, down: int = 0, right: int = 1) -> Images:
    """-1에서 1까지 고르게 변하는 색: 한 채널은 아래로, 한 채널은 오른쪽으로.

    `torch.meshgrid(세로, 가로, indexing="ij")`와 같은 차례입니다.

    인자
        rest: 남은 채널의 값, 수 하나 또는 (n,). 수마다 한 장이며 값은 [-1, 1].
        down, right: 아래로, 오른쪽으로 커지는 채널의 번호. 서로 달라야 합니다.
    """
    if down == right:
        raise unexpected("down, right", "서로 다른 두 채널을", f"{down}과 {right}")
    values = torch.as_tensor(rest, dtype=torch.float32).reshape(-1)
    check_range(values, -1, 1, "rest")
    ramp = torch.linspace(-1, 1, IMAGE_SIZE)
    images = values[:, None, None, None].repeat(1, 3, IMAGE_SIZE, IMAGE_SIZE)
    images[:, down], images[:, right] = torch.meshgrid(ramp, ramp, indexing="ij")
    return images


def blurred(images: Images, sigma: float) -> Images:
    """가우스 함수로 흐린 이미지. 경계 밖은 가장자리의 값이 이어진다고 봅니다.

    인자
        images: [-1, 1]의 실수 (batch, channel, height, width).
        sigma: 가우스 함수의 표준편차(픽셀), 0보다 큰 수.
    """
    _check_images(images)
    if not sigma > 0:
        raise unexpected("sigma", "0보다 큰 수를", f"{sigma:g}")
    from scipy.ndimage import gaussian_filter

    pixels = images.detach().cpu().float().numpy()
    radius = math.ceil(4 * sigma)
    filtered = gaussian_filter(pixels, sigma, mode="nearest", radius=radius, axes=(2, 3))
    # 가중 평균이라도 반올림으로 ±1을 조금 넘을 수 있습니다.
    return torch.from_numpy(filtered).clamp(-1, 1).to(images)


def shifted(images: Images, *, down: int = 0, right: int = 0) -> Images:
    """아래와 오른쪽으로 민 이미지. 새로 드러난 자리는 가장자리의 값을 이어 채웁니다.

    인자
        images: [-1, 1]의 실수 (batch, channel, height, width).
        down, right: 미는 픽셀 수. 음수는 위와 왼쪽.
    """
    _check_images(images)
    height, width = images.shape[2:]
    rows = (torch.arange(height, device=images.device) - down).clamp(0, height - 1)
    columns = (torch.arange(width, device=images.device) - right).clamp(0, width - 1)
    return images[:, :, rows[:, None], columns]


def reconstruction_score(
    model: nn.Module, images: ImageSet | Images, *, batch_size: int = BATCH_SIZE
) -> PerImage:
    """이미지마다의 재구성 오차(제곱오차의 합) (n,)을 CPU에 모읍니다. 평가 모드로 나누어 잽니다.

    인자
        model: 이미지를 재구성하는 모델.
        images: 이미지 모음, 또는 [-1, 1]의 실수 (n, 3, 32, 32).
        batch_size: 한 번에 넣는 장수.
    """
    return collect(
        lambda part: squared_error_per_image(model(part), part), model, images, batch_size
    )


def auroc(in_scores: PerImage, out_scores: PerImage) -> float:
    """분포 밖 점수가 분포 안 점수보다 클 확률(ROC 곡선 아래의 넓이).

    1이면 점수가 둘을 완전히 가르고, 0.5면 동전 던지기이며, 0.5보다 작으면 거꾸로 가릅니다.
    같은 점수는 절반으로 셉니다.

    인자
        in_scores, out_scores: 분포 안과 밖의 실수 점수, (n,)과 (m,). 클수록 분포 밖이라는 뜻입니다.
    """
    for name, scores in (("in_scores", in_scores), ("out_scores", out_scores)):
        if scores.ndim != 1 or len(scores) == 0:
            raise unexpected(name, "점수 하나 이상의 (n,)을", tuple(scores.shape))
        check_finite(scores, name)
    from sklearn.metrics import roc_auc_score

    scores = torch.cat([scores.detach().cpu() for scores in (in_scores, out_scores)])
    is_out = torch.arange(len(scores)) >= len(in_scores)
    return float(roc_auc_score(is_out.numpy(), scores.numpy()))


def _between(first: Numbers, second: Numbers, mix: Tensor) -> Images:
    """`mix`(height, width)가 0인 곳은 first, 1인 곳은 second인 이미지."""
    a, b = _rgb(first, "first"), _rgb(second, "second")
    return a + (b - a) * mix


def _rgb(colors: Numbers, name: str) -> Tensor:
    """색을 (n, 3, 1, 1)로 바꿉니다."""
    values = torch.as_tensor(colors, dtype=torch.float32)
    if values.ndim not in (1, 2) or values.shape[-1] != 3 or values.numel() == 0:
        raise unexpected(name, "빨강·초록·파랑의 값 (3,) 또는 (n, 3)을", tuple(values.shape))
    check_range(values, -1, 1, name)
    return values.reshape(-1, 3, 1, 1)


def _check_images(images: Tensor) -> None:
    check_image_batch(images)
    check_range(images, -1, 1, "images")
