"""프로젝트 《잡음 제거》의 주장."""

from functools import cache

import numpy as np
import torch
from torch import Tensor

import aelab
from aelab.inference import predict
from aelab.metrics import psnr, squared_error_per_image
from claims.claim import Claim, Estimate, above, below, over_images, over_seeds, within
from claims.weights import each_model, weight_sets


@cache
def _test() -> Tensor:
    return aelab.load_images("cifar10", "test")[:500]


@cache
def _noisy(sigma: float) -> Tensor:
    noise = torch.randn(_test().shape, generator=torch.Generator().manual_seed(2))
    return (_test() + sigma * noise).clamp(-1, 1)


def _psnr(restored: Tensor) -> np.ndarray:
    return psnr(restored.clamp(-1, 1), _test(), data_range=2).numpy()


@cache
def _wiener(sigma: float) -> np.ndarray:
    """위너 필터로 복원한 이미지마다의 PSNR."""
    mean, values, components = _principal()
    kept = values / (values + sigma**2)
    flat = (_noisy(sigma).flatten(1) - mean) @ components * kept @ components.T + mean
    return _psnr(flat.reshape(_test().shape))


@cache
def _principal() -> tuple[Tensor, Tensor, Tensor]:
    fitted = aelab.load_images("cifar10", "train")[:10_000].flatten(1)
    mean = fitted.mean(0)
    fitted = fitted - mean
    values, components = torch.linalg.eigh(fitted.T @ fitted / len(fitted))
    return mean, values.clamp(min=0), components


@cache
def _trained(name: str, lowest: float, highest: float, seed: int) -> dict[str, float | np.ndarray]:
    """384차원 모델을 32장씩 150번 고친 뒤: 세기 → 이미지마다의 PSNR, 깨끗한 사진의 오차, 새어 나온 잡음."""
    model = aelab.Autoencoder(384, generator=torch.Generator())
    model.load_state_dict(weight_sets()[name][384].state_dict())
    model = model.train().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.0)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=1e-3, total_steps=150, pct_start=0.1, cycle_momentum=False
    )
    generator = torch.Generator().manual_seed(seed)
    batches = aelab.load_images("cifar10", "train").batches(32, generator=generator)
    for _, clean in zip(range(150), batches, strict=False):
        part = torch.rand(len(clean), 1, 1, 1, generator=generator)
        sigma = lowest + (highest - lowest) * part
        noise = torch.randn(clean.shape, generator=generator)
        noisy = (clean + sigma * noise).clamp(-1, 1)
        loss = squared_error_per_image(model(noisy), clean).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
    return _judged(model)


def _judged(model: aelab.Autoencoder) -> dict[str, float | np.ndarray]:
    clean = predict(model, _test())
    results = {sigma: predict(model, _noisy(sigma)) for sigma in (0.05, 0.1, 0.3, 0.6)}
    entered = squared_error_per_image(_noisy(0.3), _test()).mean()
    return {
        "깨끗": float(squared_error_per_image(clean, _test()).mean()),
        "샌": float(squared_error_per_image(results[0.3], clean).mean() / entered),
        **{str(sigma): _psnr(result) for sigma, result in results.items()},
    }


@cache
def _untaught(name: str) -> dict[str, float | np.ndarray]:
    return _judged(weight_sets()[name][384])


def _runs(name: str, lowest: float = 0.3, highest: float = 0.3) -> list[dict]:
    """시드를 바꾸며 세 번 다시 가르친 것."""
    return [_trained(name, lowest, highest, seed) for seed in range(3)]


def _against(sigma: float, other: np.ndarray) -> list[Estimate]:
    """가르친 모델의 평균 PSNR − 상대의 평균 PSNR, 시드마다."""
    return [
        over_seeds(name, [(run[str(sigma)] - other).mean() for run in _runs(name)])
        for name in weight_sets()
    ]


def a_narrower_bottleneck_wins_in_strong_noise() -> Claim:
    def gap(name, sigma):
        noisy = _noisy(sigma)
        narrow, wide = (_psnr(predict(weight_sets()[name][d], noisy)) for d in (128, 384))
        return narrow - wide

    return Claim(
        sentence="센 잡음(σ = 0.6)에서는 가르치지 않은 128차원이 384차원보다 낫습니다.",
        section="잡음을 배운 적 없는 오토인코더",
        quantity="PSNR, 128차원 − 384차원(같은 이미지)",
        unit="dB",
        control="병목은 넓을수록 좋다면 음수입니다. 약한 잡음(σ = 0.1)에서는 그래야 합니다.",
        expects=above(0),
        estimates=[over_images(name, gap(name, 0.6)) for name in weight_sets()],
        controls=[over_images(f"{name}, σ = 0.1", gap(name, 0.1)) for name in weight_sets()],
    )


def untaught_models_remove_strong_noise() -> Claim:
    return Claim(
        sentence="잡음을 배운 적 없는 오토인코더도 센 잡음(σ = 0.3)을 몇 dB 지웁니다.",
        section="잡음을 배운 적 없는 오토인코더",
        quantity="PSNR, 재구성 − 그대로(같은 이미지)",
        unit="dB",
        control="병목이 잡음을 그대로 통과시킨다면 0입니다.",
        expects=above(3),
        estimates=[
            over_images(name, _psnr(predict(model, _noisy(0.3))) - _psnr(_noisy(0.3)))
            for name, model in each_model().items()
        ],
    )


def the_denoiser_beats_wiener_where_it_was_taught() -> Claim:
    return Claim(
        sentence="가르친 세기(σ = 0.3)에서는 위너 필터를 이깁니다.",
        section="시험 세트에서 재기",
        quantity="PSNR, 제거 − 위너 필터(다시 가르칠 때마다)",
        unit="dB",
        control="신경망이 선형 방법보다 나을 것이 없다면 0 이하입니다. 가르치지 않은 모델은 집니다.",
        expects=above(0),
        estimates=_against(0.3, _wiener(0.3)),
        controls=[
            over_images(f"{name}, 가르치지 않음", _untaught(name)["0.3"] - _wiener(0.3))
            for name in weight_sets()
        ],
    )


def the_denoiser_loses_to_wiener_in_weak_noise() -> Claim:
    return Claim(
        sentence="약한 잡음(σ = 0.1)에서는 위너 필터에 집니다.",
        section="시험 세트에서 재기",
        quantity="PSNR, 제거 − 위너 필터(다시 가르칠 때마다)",
        unit="dB",
        control="한 번 가르치면 모든 세기에서 낫다면 양수입니다.",
        expects=below(0),
        estimates=_against(0.1, _wiener(0.1)),
    )


def in_very_weak_noise_doing_nothing_is_better() -> Claim:
    return Claim(
        sentence="아주 약한 잡음(σ = 0.05)에서는 아무것도 하지 않는 것보다도 못합니다.",
        section="시험 세트에서 재기",
        quantity="PSNR, 제거 − 그대로(다시 가르칠 때마다)",
        unit="dB",
        control="지우는 것이 언제나 이롭다면 양수입니다.",
        expects=below(0),
        estimates=_against(0.05, _psnr(_noisy(0.05))),
    )


def in_the_strongest_noise_it_ties_with_wiener() -> Claim:
    return Claim(
        sentence="배우지 않은 가장 센 잡음(σ = 0.6)에서는 위너 필터와 비깁니다.",
        section="시험 세트에서 재기",
        quantity="PSNR, 제거 − 위너 필터(다시 가르칠 때마다)",
        unit="dB",
        control="가르친 세기의 이점이 남는다면 0.3 dB 넘게 높습니다.",
        expects=within(0.3),
        estimates=_against(0.6, _wiener(0.6)),
    )


def denoising_not_more_training_costs_clean_photos() -> Claim:
    def lost(name, *levels):
        return [run["깨끗"] - _untaught(name)["깨끗"] for run in _runs(name, *levels)]

    return Claim(
        sentence="깨끗한 사진에서 더 잃는 것은 잡음 제거를 배운 탓입니다.",
        section="더 깊이: 약한 잡음에서는 왜 지는가",
        quantity="깨끗한 사진의 제곱오차 합, 가르친 뒤 − 가르치기 전",
        unit="",
        control="150번 더 학습한 탓이라면, 잡음 없이(σ = 0) 똑같이 학습해도 그만큼 잃습니다.",
        expects=above(3),
        estimates=[over_seeds(name, lost(name)) for name in weight_sets()],
        controls=[over_seeds("배포, σ = 0", lost("배포", 0.0, 0.0))],
    )


def teaching_halves_the_leak() -> Claim:
    def leak(name, *levels):
        return [run["샌"] / _untaught(name)["샌"] for run in _runs(name, *levels)]

    return Claim(
        sentence="가르치면 새어 나오는 잡음이 줄어듭니다.",
        section="더 깊이: 약한 잡음에서는 왜 지는가",
        quantity="새어 나온 잡음의 몫(σ = 0.3), 가르친 뒤 ÷ 가르치기 전",
        unit="배",
        control="더 학습해서 준 것이라면, 잡음 없이(σ = 0) 똑같이 학습해도 줄어듭니다.",
        expects=below(0.75),
        estimates=[over_seeds(name, leak(name)) for name in weight_sets()],
        controls=[over_seeds("배포, σ = 0", leak("배포", 0.0, 0.0))],
    )


def mixing_levels_helps_far_from_the_taught_one() -> Claim:
    def gap(sigma):
        pairs = zip(_runs("배포", 0.0, 0.6), _runs("배포")[:3], strict=True)
        return [(mixed[sigma] - one[sigma]).mean() for mixed, one in pairs]

    return Claim(
        sentence="여러 세기를 섞어 가르치면 0.3에서 먼 세기에서 나아집니다.",
        section="더 깊이: 보고의 보기",
        quantity="PSNR, 섞어서 − 하나로(같은 시드)",
        unit="dB",
        control="0.3에서도 나아진다면 섞어서가 아니라 그저 더 잘 배운 것입니다.",
        expects=above(0),
        estimates=[over_seeds(f"배포, σ = {sigma}", gap(sigma)) for sigma in ("0.05", "0.6")],
        controls=[over_seeds("배포, σ = 0.3", gap("0.3"))],
    )
