"""기말 프로젝트(잡음 제거)의 연습문제."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from aelab.data import load_images
from aelab.exercises.answers import as_shape, check_generator, close, with_generator
from aelab.exercises.denoising import CLIPPED, denoising_step, fair_choice, noise_moments
from aelab.exercises.engine import Exercise
from aelab.exercises.prediction import Prediction
from aelab.inference import predict
from aelab.metrics import psnr
from aelab.ood import blurred
from aelab.pretrained import load_pretrained

__all__ = ["add_noise", "denoising_step", "fair_choice", "untaught_repairs"]


def _noise_cases(generator: torch.Generator) -> list[tuple[Tensor, float | Tensor]]:
    images = torch.rand(8, 3, 24, 8, generator=generator) * 2 - 1
    # 장수와 너비가 같아, 모양을 맞추지 않으면 오류 없이 가로로 퍼집니다.
    levels = torch.tensor([0.4, 0.0, 0.1, 0.8, 0.2, 0.05, 0.6, 0.3])
    return [(torch.ones(4, 3, 16, 16), 0.3), (images, 0.3), (images, 0.05), (images, levels)]


def _standard(shape: Sequence[int], generator: Any) -> Tensor:
    """장마다 평균이 꼭 0, 표준편차가 꼭 1인 정규분포의 난수."""
    return F.layer_norm(torch.randn(shape, generator=generator), shape[1:], eps=0)


def _noisy(images: Tensor, sigma: Any, generator: Any) -> Tensor:
    column = torch.as_tensor(sigma).reshape(-1, 1, 1, 1)
    return images + column * _standard(images.shape, generator)


def _same_noise(one: Tensor, other: Tensor) -> bool:
    right = noise_moments(other)
    near = (noise_moments(one) - right).abs() <= torch.tensor([0.1, 0.3, 0.45, 0.3, 0.3, 0.3, 0.3])
    if (right[3:] > 0.9).any():  # 잡음을 나누어 쓰면 뽑은 수가 적어 표준편차가 크게 흔들립니다
        return bool(near[3:].all())
    each, wanted = (noise.square().mean((1, 2, 3)).sqrt() for noise in (one, other))
    spread, expected = (values.square().mean().sqrt() for values in (each, wanted))
    return close(spread, expected, 0.06) and close(each, wanted, 0.15) and bool(near.all())


def _noise_slip(noise: Tensor, images: Tensor, sigma: float | Tensor) -> str:
    if isinstance(sigma, Tensor):
        return "sigma가 텐서이면 i번째 이미지에 sigma[i]를 씁니다."
    return (
        f"sigma={sigma:g}인데 잡음의 평균은 {noise.mean():.2g}, 표준편차는 {noise.std():.2g}입니다."
    )


def _noise_slips(right: Tensor, images: Tensor, sigma: Any) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(0)
    n, c, height, width = images.shape
    column, unit = torch.as_tensor(sigma).reshape(-1, 1, 1, 1), _standard(images.shape, generator)
    positive = torch.rand(images.shape, generator=generator)
    flat, wide = positive * 2 - 1, (sigma if width == column.numel() else column) * unit
    even = column * flat * 3**0.5
    image, channel, row = (
        _standard(shape, generator)
        for shape in ((1, c, height, width), (n, 1, height, width), (n, c, 1, width))
    )
    again = column * unit[: n // 2].repeat(2, 1, 1, 1)
    noise = {
        "받은 이미지 그대로입니다. 잡음을 더합니다.": 0 * unit,
        CLIPPED: (images + right).clamp(-1, 1) - images,
        "평균이 0인 난수를 뽑습니다.": column * positive,
        "sigma를 제곱해서 곱했습니다. sigma는 이미 표준편차입니다.": column**2 * unit,
        "sigma의 제곱근을 곱했습니다. sigma는 분산이 아니라 표준편차입니다.": column.sqrt() * unit,
        "sigma를 곱하지 않았습니다.": unit,
        "두 배입니다. 이미지의 값 그대로의 눈금에서 더합니다.": 2 * right,
        "고른 분포의 난수입니다. 정규분포에서 뽑습니다.": column * flat,
        "표준편차는 맞지만 정규분포의 난수가 아닙니다. torch.randn을 살펴봅니다.": even,
        "모든 이미지에 같은 잡음이 들었습니다. 값마다 따로 뽑습니다.": column * image,
        "세 채널에 같은 잡음이 들었습니다. 값마다 따로 뽑습니다.": column * channel,
        "모든 줄에 같은 잡음이 들었습니다. 값마다 따로 뽑습니다.": column * row,
        "같은 잡음을 되풀이해 썼습니다. 값마다 따로 뽑습니다.": again,
        "sigma가 가로 자리에 따라 달라졌습니다. (batch,)를 (batch, 1, 1, 1)로 세웁니다.": wide,
    }
    return {hint: images + wrong for hint, wrong in noise.items()}


_add_noise = Exercise(
    "add_noise(images, sigma)",
    cases=_noise_cases,
    right=_noisy,
    mistakes=_noise_slips,
    otherwise=_noise_slip,
    same=_same_noise,
    run=lambda answer, images, sigma: (
        as_shape(with_generator(answer, images, sigma), tuple(images.shape)) - images
    ),
)


def add_noise(answer: object) -> None:
    """가우스 잡음을 더하는 함수 `add_noise(images, sigma, generator)`. `sigma`는 수나 (batch,)입니다."""
    _add_noise(answer)
    check_generator(answer, torch.zeros(8, 3, 24, 8), 0.3)


@cache
def _repaired() -> tuple[str, ...]:
    """잡음을 배운 적 없는 384차원 모델이 PSNR을 많이 올리는 손상부터의 차례."""
    clean = load_images(split="test")[:200]
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(2))
    square = clean.clone()
    square[:, :, 12:20, 12:20] = 0
    damaged = {
        "잡음": (clean + 0.3 * noise).clamp(-1, 1),
        "흐림": blurred(clean, 1.0),
        "네모": square,
    }
    model = load_pretrained(384)

    def gain(name: str) -> float:
        restored = predict(model, damaged[name]).clamp(-1, 1)
        before, after = (psnr(images, clean, data_range=2) for images in (damaged[name], restored))
        return float((after - before).mean())

    return tuple(sorted(damaged, key=gain, reverse=True))


untaught_repairs = Prediction(
    measure=_repaired,
    mistakes=lambda _: {"PSNR이 적게 오르는 것부터입니다. 거꾸로 늘어놓습니다.": _repaired()[::-1]},
    why="병목은 이미지답지 않은 것만 걸러 냅니다. 흐린 이미지와 네모는 그대로 그릴 수 있습니다.",
)
