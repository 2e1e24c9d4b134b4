"""기말 프로젝트에서 학생의 함수가 하는 일을 지켜보는 연습문제: 한 걸음의 학습, 공정한 선택."""

import copy
import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parameters_to_vector

from aelab.exercises.answers import (
    OTHER_GENERATOR,
    RESEEDED,
    Hint,
    as_number,
    call,
    close,
    expect,
    repeated,
)
from aelab.metrics import mse, psnr, squared_error_per_image

CLIPPED = "값을 [-1, 1]로 잘랐습니다. 여기서는 자르지 않습니다."
_RATE, _STEP_SIGMA = 1e-3, 0.1  # 한 걸음의 채점에 쓰는 SGD의 학습률과 잡음
_SIGMA = 0.05  # 공정한 선택의 채점에 쓰는 잡음


def denoising_step(answer: object) -> None:
    """한 번 갱신하고 그 전의 손실을 돌려주는 `denoising_step(model, optimizer, clean, sigma, generator)`."""
    first, second = _watched_steps(answer, seed=0)
    expect(not close(first, second), RESEEDED)
    expect(torch.equal(first, _watched_steps(answer, seed=1)[0]), OTHER_GENERATOR)


class _Watched(nn.Conv2d):
    """받은 입력을 적어 두는 작은 모델."""

    def __init__(self) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(4)
            super().__init__(3, 3, 3, padding=1)
        self.seen: list[Tensor] = []

    def forward(self, input: Tensor) -> Tensor:
        if torch.is_grad_enabled():
            self.seen.append(input.detach().clone())
        return super().forward(input)


def _watched_steps(answer: Any, seed: int) -> list[Tensor]:
    """두 걸음을 잇달아 지켜보고, 걸음마다의 잡음을 돌려줍니다."""
    source, generator = (torch.Generator().manual_seed(number) for number in (5, 6))
    model, noises, stale = _Watched(), [], torch.zeros(())
    optimizer = torch.optim.SGD(model.parameters(), lr=_RATE)

    def step(clean: Tensor) -> Any:
        return answer(model, optimizer, clean, _STEP_SIGMA, generator)

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for _ in range(2):
            clean = torch.rand(6, 3, 8, 8, generator=source) * 2 - 1
            before = copy.deepcopy(model)
            model.seen.clear()
            # 모델과 생성기는 그대로 넘겨야 하므로 이미지만 베껴 가는 call에 묶어서 줍니다.
            loss = as_number(call(step if callable(answer) else answer, clean))
            expect(model.seen, "모델을 부르지 않았거나 기울기를 끈 채 불렀습니다.")
            entered = model.seen[-1]
            _check_noise(entered, clean, _STEP_SIGMA, "입력")
            old, new = (parameters_to_vector(one.parameters()) for one in (before, model))
            stale = _check_update((old - new).detach() / _RATE, before, entered, clean, stale)
            expected, later = (_loss(one, entered, clean).item() for one in (before, model))
            slip = (
                "갱신한 뒤의 손실입니다. 갱신하기 전의 것을 돌려줍니다."
                if close(loss, later, 1e-3)
                else "갱신에 쓴 손실을 그대로 돌려줍니다."
            )
            if not close(loss, expected, 1e-3):
                raise Hint(
                    f"갱신은 맞지만 돌려준 손실이 {expected:.4g}이 아니라 {loss:.4g}입니다. {slip}"
                )
            noises.append(entered - clean)
    return noises


def noise_moments(noise: Tensor) -> Tensor:
    """장마다 세기를 1로 맞춘 잡음의 평균, 치우침(정규분포에서 0), 뾰족함(3), 이웃한 장과 채널과 줄 사이의 상관, 되풀이한 정도."""
    unit = noise / noise.square().mean((1, 2, 3), keepdim=True).sqrt().clamp(min=1e-9)
    alike = [(unit.roll(1, axis) * unit).mean() for axis in range(3)]
    powers = [unit.pow(power).mean() for power in (1, 3, 4)]
    return torch.stack([*powers, *alike, repeated(unit.flatten())])


def _check_noise(noisy: Tensor, clean: Tensor, sigma: float, what: str) -> None:
    wanted, got = tuple(clean.shape), tuple(noisy.shape)
    expect(wanted == got, f"모델이 {wanted}의 이미지를 받아야 하는데 {got}을(를) 받았습니다.")
    noise, (least, most) = noisy - clean, noisy.aminmax()
    spread, off = float(noise.std()), noise_moments(noise) - torch.tensor([0, 0, 3, 0, 0, 0, 0])
    expect(
        spread > 1e-6,
        f"{what}에 잡음이 없습니다. 잡음을 더해서 줍니다.",
        ((noisy == least) | (noisy == most)).sum() <= 2 * len(noisy),  # 자르면 끝값이 되풀이됩니다
        CLIPPED,
        close(spread, sigma, 0.08),
        f"sigma={sigma:g}인데 {what}에 든 잡음의 표준편차는 {spread:.2g}입니다.",
        (off.abs() < torch.tensor([0.2, 0.4, 0.8, 0.3, 0.3, 0.3, 0.3])).all(),
        f"{what}에 든 잡음이 정규분포에서 값마다 따로 뽑은 것이 아닙니다. torch.randn을 살펴봅니다.",
    )


def _loss(model: nn.Module, entered: Tensor, target: Tensor) -> Tensor:
    return squared_error_per_image(model(entered), target).mean()


def _gradient(model: nn.Module, entered: Tensor, target: Tensor) -> Tensor:
    loss = _loss(model, entered, target)
    return parameters_to_vector(torch.autograd.grad(loss, list(model.parameters())))


def _check_update(
    moved: Tensor, before: nn.Module, entered: Tensor, clean: Tensor, stale: Tensor
) -> Tensor:
    """매개변수가 옮겨 간 것(학습률로 나눈 것)이 손실의 기울기인지 봅니다. 아니면 Hint."""
    right, noisy = (_gradient(before, entered, target) for target in (clean, entered))
    slips = {
        "": right,
        "매개변수가 그대로입니다. backward()와 optimizer.step()을 부르는지 봅니다.": 0 * right,
        "손실이 잡음 낀 이미지와 견줍니다. 그러면 잡음까지 되살리도록 배웁니다. 깨끗한 이미지와 견줍니다.": noisy,
        "지난 걸음의 기울기가 쌓였습니다. backward() 앞에서 0으로 되돌립니다.": right + stale,
        "값마다 평균했습니다. 한 이미지 안에서는 더합니다.": right / clean[0].numel(),
        "묶음까지 더했습니다. 이미지들 사이에서는 평균합니다.": right * len(clean),
        "손실이 커지는 쪽으로 움직였습니다. 손실의 부호를 봅니다.": -right,
        "기울기를 두 번 구했거나 두 번 갱신했습니다. 한 번만 갱신합니다.": right * 2,
    }
    # 옮겨 간 거리를 학습률로 나누면 매개변수의 반올림 오차가 커집니다.
    near = [slip for slip, wrong in slips.items() if (moved - wrong).norm() <= 0.02 * wrong.norm()]
    other = "모델의 출력과 깨끗한 이미지의 제곱오차를 손실로 쓰는지 봅니다."
    if float(F.cosine_similarity(moved, right, dim=0)) > 0.9:
        other = "갱신의 방향만 비슷합니다. 깨끗한 이미지와 견주었는지, 손실을 어떻게 모았는지, 몇 번 갱신했는지 봅니다."
    expect("" in near, f"갱신이 예상과 다릅니다. {next(iter(near), other)}")
    return moved


def fair_choice(answer: object) -> None:
    """방법을 검증 세트로 고르고 시험 세트로 재는 `fair_choice(methods, validation, test, sigma, generator)`."""
    generator = torch.Generator().manual_seed(7)
    smooth, rough = ([make(count, generator) for count in (14, 18)] for make in (_smooth, _rough))
    # 검증 세트에서 가장 좋은 방법과 시험 세트에서 가장 좋은 방법이 다릅니다.
    names = list(_METHODS)
    _check_choice(answer, smooth[0], rough[1], names)
    _check_choice(answer, rough[0], smooth[1], names[::-1])
    _check_choice(answer, rough[0], rough[1], names[1:] + names[:1])


def _smooth(count: int, generator: torch.Generator) -> Tensor:
    """완만하게 변하는 이미지: 흐리게 하면 잡음만 줄어듭니다."""
    corners = torch.rand(count, 3, 2, 2, generator=generator) * 2 - 1
    # 귀퉁이의 값이 ±1에 닿아, 자르지 않은 잡음 이미지는 [-1, 1]을 넘습니다.
    return F.interpolate(corners.sign(), size=12, mode="bilinear", align_corners=True)


def _rough(count: int, generator: torch.Generator) -> Tensor:
    """픽셀마다 다른 이미지: 흐리게 하면 무늬가 사라집니다. 장마다 대비가 달라 PSNR도 고르지 않습니다."""
    contrast = torch.linspace(0.3, 1, count).reshape(-1, 1, 1, 1)
    return contrast * (torch.rand(count, 3, 12, 12, generator=generator) * 2 - 1)


_METHODS: dict[str, Callable[[Tensor], Tensor]] = {
    "그대로": lambda noisy: noisy.clone(),
    "흐리게": lambda noisy: F.avg_pool2d(F.pad(noisy, (1, 1, 1, 1), mode="replicate"), 3, stride=1),
    "회색으로": lambda noisy: noisy * 0.3,
}


def _check_choice(answer: object, validation: Tensor, test: Tensor, order: Sequence[str]) -> None:
    name, value, seen = _chosen(answer, validation, test, order)
    sets = {"검증": validation, "시험": test}
    noisy = {what: _shared_noise(seen, clean, what) for what, clean in sets.items()}
    elsewhere = _chosen(answer, validation, test, order, seed=1)[1]
    expect(close(value, elsewhere, 1e-6), OTHER_GENERATOR)
    other = _chosen(answer, validation, test, order, dice=9)[2]
    expect(not torch.equal(_shared_noise(other, validation, "검증"), noisy["검증"]), RESEEDED)
    on_validation, on_test = (
        {
            key: float(psnr(_METHODS[key](noisy[what]), sets[what], data_range=2).mean())
            for key in order
        }
        for what in sets
    )
    best = max(on_validation, key=on_validation.__getitem__)
    slip = "검증 세트의 평균 PSNR을 방법마다 적어 봅니다."
    if name == max(on_test, key=on_test.__getitem__):
        slip = "시험 세트에서 가장 좋은 방법을 골랐습니다. 고르는 일은 검증 세트로 합니다."
    elif name == min(on_validation, key=on_validation.__getitem__):
        slip = "PSNR이 가장 낮은 방법입니다. PSNR은 클수록 좋습니다."
    if name != best:
        raise Hint(f"검증 세트에서 가장 좋은 방법은 {best!r}인데 {name!r}을(를) 골랐습니다. {slip}")
    each, right = mse(_METHODS[best](noisy["시험"]), test) / 4, on_test[best]
    slips = {
        "검증 세트의 값입니다. 고를 때 쓴 세트의 값은 실제보다 좋기 쉽습니다.": on_validation[best],
        "MSE를 먼저 평균했습니다. 이미지마다 구한 PSNR을 평균합니다.": -10 * each.mean().log10(),
        "값의 폭은 2입니다.": right - 20 * math.log10(2),
    }
    slip = next((text for text, wrong in slips.items() if close(value, wrong, 1e-3)), "")
    if not close(value, right, 1e-3):
        raise Hint(
            f"{best!r}의 시험 세트 평균 PSNR은 {right:.4g} dB인데 {value:.4g}이(가) 왔습니다. {slip}"
        )


def _chosen(
    answer: Any,
    validation: Tensor,
    test: Tensor,
    order: Sequence[str],
    seed: int = 0,
    dice: int = 8,
) -> tuple[str, float, dict[str, list[Tensor]]]:
    """답이 고른 이름과 dB, 그리고 방법마다 받은 이미지."""
    seen: dict[str, list[Tensor]] = {name: [] for name in order}

    def watched(name: str) -> Callable[[Tensor], Tensor]:
        def method(noisy: Tensor) -> Tensor:
            seen[name].append(noisy.detach().clone())
            return _METHODS[name](noisy)

        return method

    methods = {name: watched(name) for name in order}
    generator = torch.Generator().manual_seed(dice)

    def bound(*images: Tensor) -> Any:
        return answer(methods, *images, _SIGMA, generator)

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        result = call(bound if callable(answer) else answer, validation, test)
    if not (isinstance(result, list | tuple) and len(result) == 2):
        raise Hint(f"(이름, dB)의 짝을 기대했는데 {type(result).__name__}이(가) 왔습니다.")
    name, value = result
    expect(name in order, f"짝의 첫째는 methods의 이름이어야 하는데 {name!r}이(가) 왔습니다.")
    return name, as_number(value), seen


def _noisy_of(batches: list[Tensor], clean: Tensor) -> Tensor | None:
    """방법이 본 이미지 가운데 `clean`에 잡음이 든 것들. 한 장이라도 빠졌으면 None."""
    images = [image for batch in batches if batch.shape[1:] == clean.shape[1:] for image in batch]
    if not images:
        return None
    stacked = torch.stack(images)
    distance = torch.cdist(clean.flatten(1), stacked.flatten(1)) / clean[0].numel() ** 0.5
    nearest = distance.min(1)
    return stacked[nearest.indices] if float(nearest.values.max()) < 0.3 else None


def _shared_noise(seen: dict[str, list[Tensor]], clean: Tensor, what: str) -> Tensor:
    """방법들이 함께 받은 잡음 이미지. 받지 못했거나 서로 다르거나 잡음이 틀렸으면 Hint."""
    found = [_noisy_of(batches, clean) for batches in seen.values()]
    shown = [images for images in found if images is not None]
    expect(
        shown,
        f"어떤 방법도 잡음이 든 {what} 이미지 전체를 받지 못했습니다.",
        what == "시험" or len(shown) == len(found),
        f"{len(found)}가지 방법 가운데 {len(shown)}가지만 {what} 이미지 전체를 받았습니다. 모두 견줍니다.",
        all(torch.equal(images, shown[0]) for images in shown),
        f"방법마다 다른 잡음이 든 {what} 이미지를 받았습니다. 한 번 만든 잡음 이미지를 모든 방법에 줍니다.",
    )
    _check_noise(shown[0], clean, _SIGMA, f"{what} 이미지")
    return shown[0]
