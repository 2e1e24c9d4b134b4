"""기말 프로젝트(잡음 제거)의 연습문제."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from aelab.exercises.answers import as_shape, check_generator, close, with_generator
from aelab.exercises.denoising import CLIPPED, denoising_step, fair_choice, noise_moments
from aelab.exercises.engine import Exercise
from aelab.metrics import mse, psnr

__all__ = ["add_noise", "denoising_step", "fair_choice", "psnr_gain"]


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
    near = (noise_moments(one) - noise_moments(other)).abs()
    fits = near <= torch.tensor([0.1, 0.3, 0.45, 0.3, 0.3, 0.3, 0.3])
    if (
        noise_moments(other)[3:] > 0.9
    ).any():  # 나누어 쓰면 뽑은 수가 적어 표준편차가 크게 흔들립니다
        return bool(fits[3:].all())
    each, wanted = (noise.square().mean((1, 2, 3)).sqrt() for noise in (one, other))
    spread, expected = (values.square().mean().sqrt() for values in (each, wanted))
    return close(spread, expected, 0.06) and close(each, wanted, 0.15) and bool(fits.all())


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
    halves = unit[: n // 2].repeat(2, 1, 1, 1), unit[..., : width // 2].repeat(1, 1, 1, 2)
    again = tuple(column * half for half in halves)
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
    return {
        hint: tuple(images + one for one in wrong) if wrong is again else images + wrong
        for hint, wrong in noise.items()
    }


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


def _restorations(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    for count, side, noise_level, left_level in ((5, 8, 0.3, 0.1), (3, 12, 0.05, 0.2)):
        clean = torch.rand(count, 3, side, side, generator=generator) * 2 - 1
        each = torch.linspace(0.5, 2, count).reshape(-1, 1, 1, 1)  # 장마다 다른 세기
        noise, left = torch.randn(2, *clean.shape, generator=generator)
        yield clean + noise_level * each * noise, clean + left_level * left, clean


def _gain(noisy: Tensor, restored: Tensor, clean: Tensor) -> Tensor:
    return 10 * torch.log10(mse(noisy, clean) / mse(restored, clean))


def _gain_slips(right: Tensor, y: Tensor, r: Tensor, x: Tensor) -> dict[str, Any]:
    before, after = mse(y, x), mse(r, x)
    together, logs = (before.mean() / after.mean()).log10().expand(len(x)), (before / after).log()
    to_noisy = 10 * (before / mse(r, y)).log10()
    return {
        "부호가 거꾸로입니다. 나아지면 양수입니다.": -right,
        "묶음에서 평균한 MSE를 썼습니다. 이미지마다 따로 구합니다.": 10 * together,
        "묶음에서 평균했습니다. 이미지마다 하나씩 돌려줍니다.": right.mean().expand(len(x)),
        "10을 곱하지 않았습니다.": right / 10,
        "MSE에는 20이 아니라 10을 곱합니다.": 2 * right,
        "자연로그입니다. 밑이 10인 로그를 씁니다.": (logs, 10 * logs),
        "MSE의 차이입니다. PSNR의 차이를 구합니다.": before - after,
        "MSE의 비율입니다. 로그를 씌워 dB로 바꿉니다.": before / after,
        "복원한 뒤의 PSNR입니다. 복원하기 전의 것을 뺍니다.": psnr(r, x, data_range=2),
        "복원한 이미지를 잡음 낀 이미지와 견주었습니다. 깨끗한 이미지와 견줍니다.": to_noisy,
        "잡음 낀 이미지를 [-1, 1]로 잘랐습니다. 받은 그대로 잽니다.": _gain(y.clamp(-1, 1), r, x),
    }


psnr_gain = Exercise(
    "psnr_gain(noisy, restored, clean): 이미지마다 PSNR이 몇 dB 올랐는지 (batch,)입니다.",
    cases=_restorations,
    right=_gain,
    mistakes=_gain_slips,
    otherwise="잡음 낀 이미지의 PSNR과 복원한 이미지의 PSNR을 따로 구해 봅니다.",
    shape="이미지마다 하나씩 돌려줍니다.",
)
