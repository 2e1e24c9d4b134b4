"""기말 프로젝트(잡음 제거)의 연습문제."""

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aelab.exercises.answers import Hint, as_number, as_tensor, call, close
from aelab.metrics import mse, psnr, squared_error_per_image

_RESEEDED = (
    "두 번 불렀는데 같은 잡음이 나왔습니다. 함수 안에서 씨앗을 다시 정하지 말고 받은 generator를 "
    "이어서 씁니다."
)
_OTHER_GENERATOR = "같은 씨앗의 generator를 주었는데 잡음이 달라졌습니다. 난수를 뽑는 함수에 받은 generator를 넘깁니다."


def add_noise(answer: object) -> None:
    """평균이 0인 가우스 잡음을 더한 이미지를 돌려주는 함수 `add_noise(images, sigma, generator)`.

    `sigma`는 표준편차로, 수 하나이거나 장마다 하나인 텐서 (batch,)입니다. 값을 자르지 않습니다.
    """
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(8, 3, 24, 8, generator=generator) * 2 - 1
    lit = _noise_of(answer, torch.ones(4, 3, 16, 16), 0.3)
    if float(lit.max()) <= 1e-6 and float(lit.min()) < -0.1:
        raise Hint("흰 이미지에 잡음을 더했는데 1을 넘는 값이 없습니다. 여기서는 자르지 않습니다.")
    for sigma in (0.3, 0.05):
        _check_noise(_noise_of(answer, images, sigma), sigma)
    _check_generator(answer, images)
    # 장수와 너비가 같아, 모양을 맞추지 않으면 오류 없이 가로로 퍼집니다.
    levels = torch.tensor([0.4, 0.0, 0.1, 0.8, 0.2, 0.05, 0.6, 0.3])
    noise = _noise_of(answer, images, levels)
    spread = noise.square().mean((1, 2, 3)).sqrt()  # 장마다의 표준편차, (batch,)
    if not close(spread, levels, 0.15):
        across = noise.square().mean((0, 1, 2)).sqrt()
        slip = (
            "sigma가 장이 아니라 가로 자리에 따라 달라졌습니다. (batch,)를 (batch, 1, 1, 1)로 세웁니다."
            if close(across, levels, 0.15)
            else "sigma가 텐서이면 i번째 이미지에 sigma[i]를 씁니다."
        )
        raise Hint(
            f"sigma[0]={levels[0]:g}인 이미지의 잡음에서 표준편차 {spread[0]:.2g}이(가), "
            f"sigma[1]={levels[1]:g}인 이미지에서 {spread[1]:.2g}이(가) 나왔습니다. {slip}"
        )


def _noise_of(
    answer: object, images: Tensor, sigma: float | Tensor, generator: torch.Generator | None = None
) -> Tensor:
    generator = torch.Generator().manual_seed(1) if generator is None else generator
    result = call(_bound(answer, generator), images, sigma)
    noisy = as_tensor(result, tuple(images.shape))
    if not torch.isfinite(noisy).all():
        raise Hint("결과에 NaN이나 무한대가 있습니다.")
    return noisy - images.double()


def _bound(answer: object, generator: torch.Generator) -> Callable[..., object]:
    """마지막 인자로 `generator`를 넘기는 함수. `call`이 생성기를 복사하지 않도록 묶어 둡니다."""
    if not callable(answer):
        raise Hint(f"함수를 기대했는데 {type(answer).__name__}이(가) 왔습니다.")
    return lambda *inputs: answer(*inputs, generator)


def _check_noise(noise: Tensor, sigma: float) -> None:
    spread, mean = float(noise.std()), float(noise.mean())
    if float(noise.abs().max()) < 1e-6:
        raise Hint("받은 이미지 그대로입니다. 잡음을 더합니다.")
    for first, second, what in (
        (noise[0], noise[1], "모든 이미지"),
        (noise[:, 0], noise[:, 1], "세 채널"),
        (noise[:, :, 0], noise[:, :, 1], "모든 줄"),
    ):
        if close(first, second):
            raise Hint(f"{what}에 같은 잡음이 들었습니다. 값마다 따로 뽑습니다.")
    if abs(mean) > 0.1 * sigma:
        raise Hint(
            f"sigma={sigma:g}에서 잡음의 평균이 {mean:.2g}입니다. 평균이 0인 난수를 뽑습니다."
        )
    if not close(spread, sigma, 0.06):
        slips = (
            (sigma**2, "sigma를 제곱해서 곱했습니다. sigma는 이미 표준편차입니다."),
            (sigma**0.5, "sigma의 제곱근을 곱했습니다. sigma는 분산이 아니라 표준편차입니다."),
            (1.0, "sigma를 곱하지 않았습니다."),
            (sigma * 2, "두 배입니다. 이미지의 값 그대로의 눈금에서 더합니다."),
            (sigma / 3**0.5, "고른 분포의 난수입니다. 정규분포에서 뽑습니다."),
            (sigma / 12**0.5, "고른 분포의 난수입니다. 정규분포에서 뽑습니다."),
        )
        slip = next((text for value, text in slips if close(spread, value, 0.06)), "")
        raise Hint(f"sigma={sigma:g}에서 잡음의 표준편차가 {spread:.2g}입니다. {slip}".rstrip())
    # 정규분포의 네제곱 평균은 분산 제곱의 세 배이고, 고른 분포는 1.8배입니다.
    if not close(float((noise**4).mean()) / spread**4, 3.0, 0.15):
        raise Hint("표준편차는 맞지만 정규분포의 난수가 아닙니다. torch.randn을 살펴봅니다.")


def _check_generator(answer: object, images: Tensor) -> None:
    with torch.random.fork_rng(devices=[]):
        generator = torch.Generator().manual_seed(2)
        torch.manual_seed(0)
        first = _noise_of(answer, images, 0.3, generator)
        second = _noise_of(answer, images, 0.3, generator)
        torch.manual_seed(1)
        again = _noise_of(answer, images, 0.3, torch.Generator().manual_seed(2))
    if torch.equal(first, second):
        raise Hint(_RESEEDED)
    if not torch.equal(first, again):
        raise Hint(_OTHER_GENERATOR)


def psnr_gain(answer: object) -> None:
    """이미지마다 PSNR이 몇 dB 올랐는지 돌려주는 함수 `psnr_gain(noisy, restored, clean)`, (batch,)."""
    generator = torch.Generator().manual_seed(3)
    for count, side, noise_level, left_level in ((5, 8, 0.3, 0.1), (3, 12, 0.05, 0.2)):
        clean = torch.rand(count, 3, side, side, generator=generator) * 2 - 1
        each = torch.linspace(0.5, 2, count).reshape(-1, 1, 1, 1)  # 장마다 다른 세기
        noise, left = torch.randn(2, *clean.shape, generator=generator)
        noisy, restored = clean + noise_level * each * noise, clean + left_level * left
        before, after = mse(noisy, clean), mse(restored, clean)
        expected = (10 * torch.log10(before / after)).double()
        got = as_tensor(call(answer, noisy, restored, clean), (count,))
        if close(got, expected):
            continue
        together = 10 * torch.log10(before.mean() / after.mean())
        slips = (
            (-expected, "부호가 거꾸로입니다. 나아지면 양수입니다."),
            (together.expand(count), "묶음에서 평균한 MSE를 썼습니다. 이미지마다 따로 구합니다."),
            (expected.mean().expand(count), "묶음에서 평균했습니다. 이미지마다 하나씩 돌려줍니다."),
            (expected / 10, "10을 곱하지 않았습니다."),
            (expected * 2, "MSE에는 20이 아니라 10을 곱합니다."),
            (expected / 10 * torch.tensor(10.0).log(), "자연로그입니다. 밑이 10인 로그를 씁니다."),
            (before - after, "MSE의 차이입니다. PSNR의 차이를 구합니다."),
            (before / after, "MSE의 비율입니다. 로그를 씌워 dB로 바꿉니다."),
            (
                psnr(restored, clean, data_range=2),
                "복원한 뒤의 PSNR입니다. 복원하기 전의 것을 뺍니다.",
            ),
            (
                10 * torch.log10(before / mse(restored, noisy)),
                "복원한 이미지를 잡음 낀 이미지와 견주었습니다. 깨끗한 이미지와 견줍니다.",
            ),
            (
                10 * torch.log10(mse(noisy.clamp(-1, 1), clean) / after),
                "잡음 낀 이미지를 [-1, 1]로 잘랐습니다. 받은 그대로 잽니다.",
            ),
        )
        slip = next((text for value, text in slips if close(got, value)), None)
        raise Hint(
            f"첫 이미지에서 {expected[0]:.2f} dB를 기대했는데 {got[0]:.4g}이(가) 나왔습니다. "
            + (slip or "잡음 낀 이미지의 PSNR과 복원한 이미지의 PSNR을 따로 구해 봅니다.")
        )


def denoising_step(answer: object) -> None:
    """잡음 제거를 한 걸음 학습하는 `denoising_step(model, optimizer, clean, sigma, generator)`.

    잡음을 더한 이미지를 모델에 넣고, 이미지마다 더한 제곱오차를 묶음에서 평균한 손실로 한 번 갱신한
    뒤, 갱신하기 전의 손실을 수 하나로 돌려줍니다.
    """
    first = _watched_steps(answer, seed=0)
    again = _watched_steps(answer, seed=1)
    if close(first[0], first[1]):
        raise Hint(_RESEEDED)
    if not torch.equal(first[0], again[0]):
        raise Hint(_OTHER_GENERATOR)


_RATE = 1e-3  # 채점에 쓰는 SGD의 학습률


class _Watched(nn.Module):
    """받은 입력을 적어 두는 작은 모델."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 3, 3, padding=1)
        self.seen: list[Tensor] = []
        with torch.no_grad():
            values = torch.Generator().manual_seed(4)
            for parameter in self.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=values) * 0.3)

    def forward(self, images: Tensor) -> Tensor:
        if torch.is_grad_enabled():
            self.seen.append(images.detach().clone())
        return self.layer(images)


def _watched_steps(answer: object, seed: int) -> list[Tensor]:
    """두 걸음을 잇달아 지켜보고, 걸음마다의 잡음을 돌려줍니다."""
    source = torch.Generator().manual_seed(5)
    generator = torch.Generator().manual_seed(6)
    sigma, noises = 0.1, []
    stale = None  # 지난 걸음의 기울기
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = _Watched()
        optimizer = torch.optim.SGD(model.parameters(), lr=_RATE)
        for _ in range(2):
            # 값이 0에 가까워 입력을 [-1, 1]로 잘라도 달라지지 않습니다.
            clean = torch.rand(6, 3, 8, 8, generator=source) * 0.8 - 0.4
            before = copy.deepcopy(model)
            model.seen.clear()
            loss = _take_step(answer, model, optimizer, clean, sigma, generator)
            entered = _entered(model, clean, sigma)
            noises.append(entered - clean)
            gradient = _gradient(before, entered, clean)
            moved = (_flat(before) - _flat(model)) / _RATE
            _check_update(moved, gradient, before, entered, clean, stale)
            _check_loss(loss, before, model, entered, clean)
            stale = moved
    return noises


def _take_step(
    answer: object, model: nn.Module, optimizer: Any, clean: Tensor, *rest: Any
) -> float:
    if not callable(answer):
        raise Hint(f"함수를 기대했는데 {type(answer).__name__}이(가) 왔습니다.")
    result = call(lambda given: answer(model, optimizer, given, *rest), clean)
    return as_number(result)


def _entered(model: _Watched, clean: Tensor, sigma: float) -> Tensor:
    if not model.seen:
        raise Hint("모델을 부르지 않았거나 기울기를 끈 채 불렀습니다.")
    entered = model.seen[-1]
    if entered.shape != clean.shape:
        raise Hint(
            f"모델이 {tuple(clean.shape)}의 이미지를 받아야 하는데 {tuple(entered.shape)}을(를) "
            "받았습니다."
        )
    spread = float((entered - clean).std())
    if spread < 1e-6:
        raise Hint("모델에 깨끗한 이미지를 넣었습니다. 잡음을 더해서 넣습니다.")
    if not close(spread, sigma, 0.15):
        raise Hint(f"sigma={sigma:g}인데 입력에 든 잡음의 표준편차는 {spread:.2g}입니다.")
    return entered


def _gradient(model: nn.Module, entered: Tensor, target: Tensor) -> Tensor:
    loss = squared_error_per_image(model(entered), target).mean()
    gradients = torch.autograd.grad(loss, list(model.parameters()))
    return torch.cat([gradient.flatten() for gradient in gradients])


def _flat(model: nn.Module) -> Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


def _check_update(
    moved: Tensor,
    gradient: Tensor,
    before: nn.Module,
    entered: Tensor,
    clean: Tensor,
    stale: Tensor | None,
) -> None:
    # 옮겨 간 거리를 학습률로 나누면 매개변수의 반올림 오차가 커집니다.
    def same(value: Tensor) -> bool:
        return float((moved - value).norm()) < 0.02 * float(value.norm())

    if same(gradient):
        return
    if float(moved.norm()) == 0:
        raise Hint("매개변수가 그대로입니다. backward()와 optimizer.step()을 부르는지 봅니다.")
    if same(_gradient(before, entered, entered)):
        raise Hint(
            "손실이 잡음 낀 이미지와 견줍니다. 그러면 잡음까지 되살리도록 배웁니다. 깨끗한 이미지와 "
            "견줍니다."
        )
    if stale is not None and same(gradient + stale):
        raise Hint("지난 걸음의 기울기가 쌓였습니다. backward() 앞에서 0으로 되돌립니다.")
    slips = (
        (gradient / clean[0].numel(), "값마다 평균했습니다. 한 이미지 안에서는 더합니다."),
        (gradient * len(clean), "묶음까지 더했습니다. 이미지들 사이에서는 평균합니다."),
        (-gradient, "손실이 커지는 쪽으로 움직였습니다. 손실의 부호를 봅니다."),
        (gradient * 2, "기울기를 두 번 구했거나 두 번 갱신했습니다. 한 번만 갱신합니다."),
    )
    slip = next((text for value, text in slips if same(value)), None)
    if slip is None and float(F.cosine_similarity(moved, gradient, dim=0)) > 0.9:
        slip = (
            "방향만 비슷합니다. 깨끗한 이미지와 견주었는지, 손실을 어떻게 모았는지, 몇 번 갱신했는지 "
            "봅니다."
        )
    raise Hint(
        "갱신이 예상과 다릅니다. "
        + (slip or "모델의 출력과 깨끗한 이미지의 제곱오차를 손실로 쓰는지 봅니다.")
    )


def _check_loss(
    loss: float, before: nn.Module, after: nn.Module, entered: Tensor, clean: Tensor
) -> None:
    with torch.no_grad():
        expected = float(squared_error_per_image(before(entered), clean).mean())
        later = float(squared_error_per_image(after(entered), clean).mean())
    if close(loss, expected, 1e-3):
        return
    slip = "갱신에 쓴 손실을 그대로 돌려줍니다."
    if close(loss, later, 1e-3):
        slip = "갱신한 뒤의 손실입니다. 갱신하기 전의 것을 돌려줍니다."
    raise Hint(f"갱신은 맞지만 돌려준 손실이 {expected:.4g}이 아니라 {loss:.4g}입니다. {slip}")


def fair_choice(answer: object) -> None:
    """방법을 검증 세트로 고르고 시험 세트로 재는 `fair_choice(methods, validation, test, sigma, generator)`.

    모든 방법에 같은 잡음 이미지를 줍니다. 검증 세트의 평균 PSNR이 가장 높은 방법의 이름과, 그 방법의
    시험 세트 평균 PSNR(dB)을 돌려줍니다.
    """
    generator = torch.Generator().manual_seed(7)
    smooth = [_smooth(count, generator) for count in (14, 18)]
    rough = [_rough(count, generator) for count in (14, 18)]
    # 검증 세트에서 가장 좋은 방법과 시험 세트에서 가장 좋은 방법이 다릅니다.
    names = list(_METHODS)
    for validation, test, order in (
        (smooth[0], rough[1], names),
        (rough[0], smooth[1], names[::-1]),
        (rough[0], rough[1], names[1:] + names[:1]),
    ):
        _check_choice(answer, validation, test, 0.05, order)


def _smooth(count: int, generator: torch.Generator) -> Tensor:
    """완만하게 변하는 이미지: 흐리게 하면 잡음만 줄어듭니다."""
    corners = torch.rand(count, 3, 2, 2, generator=generator) * 1.2 - 0.6
    return F.interpolate(corners, size=12, mode="bilinear", align_corners=True)


def _rough(count: int, generator: torch.Generator) -> Tensor:
    """픽셀마다 다른 이미지: 흐리게 하면 무늬가 사라집니다. 장마다 대비가 달라 PSNR도 고르지 않습니다."""
    contrast = torch.linspace(0.3, 0.7, count).reshape(-1, 1, 1, 1)
    return contrast * (torch.rand(count, 3, 12, 12, generator=generator) * 2 - 1)


_METHODS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "그대로": lambda noisy: noisy.clone(),
    "흐리게": lambda noisy: F.avg_pool2d(
        F.pad(noisy, (1, 1, 1, 1), mode="replicate"), kernel_size=3, stride=1
    ),
    "회색으로": lambda noisy: noisy * 0.3,
}


def _check_choice(
    answer: object, validation: Tensor, test: Tensor, sigma: float, order: Sequence[str]
) -> None:
    name, value, seen = _chosen(answer, validation, test, sigma, order, seed=0)
    noisy_validation = _shared_noise(seen, validation, sigma, "검증", everyone=True)
    noisy_test = _shared_noise(seen, test, sigma, "시험", everyone=False)
    if not close(value, _chosen(answer, validation, test, sigma, order, seed=1)[1], 1e-6):
        raise Hint(_OTHER_GENERATOR)
    on_validation = {key: _mean_psnr(key, noisy_validation, validation) for key in order}
    on_test = {key: _mean_psnr(key, noisy_test, test) for key in order}
    best = max(order, key=lambda key: on_validation[key])
    if name != best:
        slip = "검증 세트의 평균 PSNR을 방법마다 적어 봅니다."
        if name == max(order, key=lambda key: on_test[key]):
            slip = "시험 세트에서 가장 좋은 방법을 골랐습니다. 고르는 일은 검증 세트로 합니다."
        elif name == min(order, key=lambda key: on_validation[key]):
            slip = "PSNR이 가장 낮은 방법입니다. PSNR은 클수록 좋습니다."
        raise Hint(f"검증 세트에서 가장 좋은 방법은 {best!r}인데 {name!r}을(를) 골랐습니다. {slip}")
    if close(value, on_test[best], 1e-3):
        return
    whole = mse(_METHODS[best](noisy_test), test).mean()
    slips = (
        (
            on_validation[best],
            "검증 세트의 값입니다. 고를 때 쓴 세트의 값은 실제보다 좋기 쉽습니다.",
        ),
        (
            10 * torch.log10(4 / whole),
            "MSE를 먼저 평균했습니다. 이미지마다 구한 PSNR을 평균합니다.",
        ),
        (10 * torch.log10(1 / mse(_METHODS[best](noisy_test), test)).mean(), "값의 폭은 2입니다."),
        (_mean_psnr(best, test, test), "시험 이미지에 잡음을 더하지 않고 쟀습니다."),
    )
    slip = next((text for expected, text in slips if close(value, expected, 1e-3)), "")
    raise Hint(
        f"{best!r}의 시험 세트 평균 PSNR은 {on_test[best]:.4g} dB인데 {value:.4g}이(가) 왔습니다. "
        f"{slip}".rstrip()
    )


def _chosen(
    answer: object,
    validation: Tensor,
    test: Tensor,
    sigma: float,
    order: Sequence[str],
    seed: int,
) -> tuple[str, float, dict[str, list[Tensor]]]:
    """답이 고른 이름과 dB, 그리고 방법마다 받은 이미지."""
    seen: dict[str, list[Tensor]] = {name: [] for name in order}

    def watched(name: str) -> Callable[[Tensor], Tensor]:
        def method(noisy: Tensor) -> Tensor:
            seen[name].append(noisy.detach().clone())
            return _METHODS[name](noisy)

        return method

    methods = {name: watched(name) for name in order}
    given = _bound(answer, torch.Generator().manual_seed(8))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        # 이미지만 바뀌지 않았는지 보므로 방법들은 묶어서 넘깁니다.
        result = call(lambda *images: given(methods, *images, sigma), validation, test)
    return *_name_and_number(result, order), seen


def _mean_psnr(name: str, noisy: Tensor, clean: Tensor) -> float:
    return float(psnr(_METHODS[name](noisy), clean, data_range=2).mean())


def _name_and_number(result: object, names: Sequence[str]) -> tuple[str, float]:
    if not isinstance(result, Sequence) or isinstance(result, str) or len(result) != 2:
        raise Hint(f"(이름, dB)의 짝을 기대했는데 {type(result).__name__}이(가) 왔습니다.")
    name, value = result
    if name not in names:
        raise Hint(f"짝의 첫째는 methods의 이름이어야 하는데 {name!r}이(가) 왔습니다.")
    return name, as_number(value)


def _noisy_of(batches: list[Tensor], clean: Tensor) -> Tensor | None:
    """방법이 본 이미지 가운데 `clean`에 잡음이 든 것들. 한 장이라도 빠졌으면 None."""
    images = [image for batch in batches if batch.ndim == 4 for image in batch]
    images = [image for image in images if image.shape == clean[0].shape]
    if not images:
        return None
    stacked = torch.stack(images)
    distance = torch.cdist(clean.flatten(1), stacked.flatten(1)) / clean[0].numel() ** 0.5
    nearest = distance.min(1)
    return stacked[nearest.indices] if float(nearest.values.max()) < 0.3 else None


def _shared_noise(
    seen: Mapping[str, list[Tensor]], clean: Tensor, sigma: float, what: str, *, everyone: bool
) -> Tensor:
    """방법들이 함께 받은 잡음 이미지. 받지 못했거나 서로 다르거나 잡음이 틀렸으면 Hint."""
    found = {name: _noisy_of(batches, clean) for name, batches in seen.items()}
    shown = [images for images in found.values() if images is not None]
    if not shown:
        raise Hint(f"어떤 방법도 잡음이 든 {what} 이미지 전체를 받지 못했습니다.")
    if everyone and len(shown) < len(found):
        raise Hint(
            f"{len(found)}가지 방법 가운데 {len(shown)}가지만 {what} 이미지 전체를 받았습니다. 모두 견줍니다."
        )
    if any(not torch.equal(images, shown[0]) for images in shown):
        raise Hint(
            f"방법마다 다른 잡음이 든 {what} 이미지를 받았습니다. 한 번 만든 잡음 이미지를 모든 방법에 "
            "줍니다."
        )
    spread = float((shown[0] - clean).std())
    if spread < 1e-6:
        raise Hint(f"{what} 이미지에 잡음을 더하지 않고 방법에 주었습니다.")
    if not close(spread, sigma, 0.15):
        raise Hint(f"sigma={sigma:g}인데 {what} 이미지에 든 잡음의 표준편차는 {spread:.2g}입니다.")
    return shown[0]
