"""3장 《MSE와 PSNR》의 주장. 이미지는 시험 세트입니다."""

import io
import math
from functools import cache

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

import aelab
from aelab import metrics
from aelab.data import to_float, to_uint8
from aelab.inference import predict
from claims.claim import (
    Claim,
    above,
    below,
    exhaustive,
    over_images,
    over_seeds,
    share,
    within,
)
from claims.weights import each_model, weight_sets

DEPTHS = (1, 2, 3, 4, 5)


@cache
def _images(count: int) -> Tensor:
    return aelab.load_images("cifar10", "test")[:count]


@cache
def _restored(name: str) -> Tensor:
    return predict(each_model()[name], _images(1000))


def sum_is_3072_means() -> Claim:
    ratios = [
        metrics.squared_error_per_image(_restored(name), _images(1000))
        / metrics.mse(_restored(name), _images(1000))
        for name in each_model()
    ]
    return Claim(
        sentence="제곱오차 합은 평균제곱오차의 3072배입니다.",
        section="제곱오차: 더할 것인가, 평균할 것인가",
        quantity="이미지마다 합 ÷ 평균",
        unit="배",
        control="픽셀의 수로 나누었다면 1024배입니다.",
        expects=within(0.01, 3072.0),
        estimates=[exhaustive("모든 가중치의 재구성", torch.cat(ratios), "이미지")],
    )


def adam_hardly_feels_sum_or_mean() -> Claim:
    original, restored = _images(1000)[:100].double(), _restored("배포 128")[:100].double()

    def steps(optimizer, reduce):
        lengths = []
        for guess, target in zip(restored, original, strict=True):
            moved = guess.clone().requires_grad_()
            stepper = optimizer([moved], lr=1e-4)
            reduce((moved - target).square()).backward()
            stepper.step()
            lengths.append(float((moved.detach() - guess).norm()))
        return np.array(lengths)

    return Claim(
        sentence="합을 평균으로 바꾸어도 Adam의 첫 걸음은 거의 같습니다.",
        section="제곱오차: 더할 것인가, 평균할 것인가",
        quantity="합으로 걸은 길이 ÷ 평균으로 걸은 길이",
        unit="배",
        control="같은 코드에서 SGD는 3072배로 걷습니다. Adam도 기울기에 비례한다면 그렇게 나옵니다.",
        expects=within(0.01, 1),
        estimates=[
            over_images(
                "Adam", steps(torch.optim.Adam, torch.sum) / steps(torch.optim.Adam, torch.mean)
            )
        ],
    )


def two_mistakes_add_seven_decibels() -> Claim:
    right = [metrics.psnr(_restored(n), _images(1000), data_range=2) for n in each_model()]
    wrong = [
        10 * torch.log10(255**2 / metrics.squared_error_per_image(_restored(n), _images(1000)))
        for n in each_model()
    ]
    return Claim(
        sentence="255와 제곱오차 합을 함께 쓰면 3×32×32에서 7.236 dB 높아집니다.",
        section="그럴듯하게 틀린 PSNR",
        quantity="틀린 PSNR − 바른 PSNR",
        unit="dB",
        control="이미지의 내용이나 모델에 따라 달라진다면 값이 흩어집니다.",
        expects=within(0.01, 7.236),
        estimates=[
            exhaustive("모든 가중치의 재구성", torch.cat(wrong) - torch.cat(right), "이미지")
        ],
    )


def mean_of_psnr_exceeds_psnr_of_mean() -> Claim:
    def gap(error, axis=-1):
        return 10 * np.log10(error.mean(axis)) - (10 * np.log10(error)).mean(axis)

    return Claim(
        sentence="재구성 1000장에서 PSNR의 평균은 평균의 PSNR보다 높습니다.",
        section="PSNR의 평균과 평균의 PSNR",
        quantity="PSNR의 평균 − 평균의 PSNR",
        unit="dB",
        control="이미지마다 오차가 고르다면 차이가 0.1 dB를 넘지 않습니다.",
        expects=above(0.1),
        estimates=[
            over_images(name, metrics.mse(_restored(name), _images(1000)).numpy(), statistic=gap)
            for name in each_model()
        ],
    )


# 무늬와 잡음


def ssim_sees_noise_more_on_plain_areas() -> Claim:
    clean = _moved(_images(500))
    spread = F.avg_pool2d(clean.square(), 11, 1) - F.avg_pool2d(clean, 11, 1).square()
    spread = spread.flatten(1).mean(1)
    noisy = _moved((_images(500) + 0.1 * _noise(500)).clamp(-1, 1))
    similarity = metrics.ssim(noisy, clean, data_range=1).numpy()
    order = spread.argsort().numpy()
    plain, busy = similarity[order[:125]], similarity[order[-125:]]
    return Claim(
        sentence="같은 크기의 잡음이라도 SSIM은 무늬가 적은 곳에서 더 크게 떨어집니다.",
        section="더 깊이: SSIM이 통하는 곳",
        quantity="무늬가 많은 이미지의 SSIM − 무늬가 적은 이미지의 SSIM(4분의 1씩)",
        unit="",
        control="잡음의 크기만 본다면 차이가 없습니다. 같은 이미지에서 MSE의 차이도 없습니다.",
        expects=above(0.1),
        estimates=[
            over_images(
                "잡음 σ = 0.1",
                busy,
                plain,
                statistic=lambda a, b, axis=-1: a.mean(axis) - b.mean(axis),
            )
        ],
    )


def brightness_and_noise_of_equal_psnr_differ_in_ssim() -> Claim:
    soft = 0.85 * _images(500)
    change = 2 * 10 ** (-25 / 20)
    x = _moved(soft)
    bright = metrics.ssim(_moved(soft + change), x, data_range=1)
    noisy = metrics.ssim(_moved(soft + change * _noise(500).sign()), x, data_range=1)
    return Claim(
        sentence="PSNR이 25 dB로 같아도 밝기 변화의 SSIM은 잡음의 SSIM보다 높습니다.",
        section="40 dB는 좋고 25 dB는 나쁠까",
        quantity="밝기 변화의 SSIM − 잡음의 SSIM(같은 이미지끼리)",
        unit="",
        control="SSIM이 오차의 크기만 본다면 0입니다.",
        expects=above(0.1),
        estimates=[over_images("25 dB", (bright - noisy).numpy())],
    )


def _jpeg(images: Tensor, quality: int, subsampling: str) -> Tensor:
    decoded = []
    for image in to_uint8(images).permute(0, 2, 3, 1).numpy():
        file = io.BytesIO()
        options = {"quality": quality, "subsampling": subsampling, "optimize": True}
        Image.fromarray(image).save(file, "JPEG", **options)
        decoded.append(torch.from_numpy(np.array(Image.open(file))))
    return to_float(torch.stack(decoded).permute(0, 3, 1, 2))


def _luma(images: Tensor) -> Tensor:
    weights = torch.tensor([0.299, 0.587, 0.114]).reshape(3, 1, 1)
    return (weights * images).sum(1, keepdim=True)


def chroma_subsampling_hides_jpeg_quality() -> Claim:
    images = _images(500)
    half, full = (_jpeg(images, 95, kind) for kind in ("4:2:0", "4:4:4"))
    rgb = [metrics.psnr(each, images, data_range=2) for each in (half, full)]
    luma = [metrics.psnr(_luma(each), _luma(images), data_range=2) for each in (half, full)]
    return Claim(
        sentence="JPEG 품질 95의 RGB PSNR이 40 dB에 못 미치는 것은 색차를 반으로 줄인 탓입니다.",
        section="40 dB는 좋고 25 dB는 나쁠까",
        quantity="색차를 줄이지 않은(4:4:4) PSNR − 줄인(4:2:0) PSNR, 같은 이미지끼리",
        unit="dB",
        control="양자화 탓이라면 색차를 줄이지 않아도 그대로이고, 색차와 상관없는 휘도 Y에서도 벌어집니다.",
        expects=above(2),
        estimates=[
            over_images("RGB", (rgb[1] - rgb[0]).numpy()),
        ],
        controls=[over_images("휘도 Y", (luma[1] - luma[0]).numpy())],
    )


def jpeg_95_reaches_40_decibels_on_luma() -> Claim:
    images = _images(500)

    def decibels(quality, subsampling, view=lambda images: images):
        decoded = _jpeg(images, quality, subsampling)
        return metrics.psnr(view(decoded), view(images), data_range=2).numpy()

    return Claim(
        sentence="휘도 Y로 재면 JPEG 품질 95는 40 dB를 넘습니다.",
        section="40 dB는 좋고 25 dB는 나쁠까",
        quantity="PSNR(Pillow, 표준 양자화표, 품질 95)",
        unit="dB",
        control="자가 무르다면 품질 75의 Y도 넘습니다. 색차를 줄이고 RGB로 재면 품질 95도 넘지 못합니다.",
        expects=above(40),
        estimates=[
            over_images("Y, 4:2:0", decibels(95, "4:2:0", _luma)),
        ],
        controls=[
            over_images("RGB, 4:2:0", decibels(95, "4:2:0")),
            over_images("품질 75의 Y, 4:2:0", decibels(75, "4:2:0", _luma)),
        ],
    )


# 한 픽셀 이동과 절반 가림


def _moved(images: Tensor) -> Tensor:
    return (images + 1) / 2


def _noise(count: int, seed: int = 0) -> Tensor:
    return torch.randn(count, 3, 32, 32, generator=torch.Generator().manual_seed(seed))


def _shift(images: Tensor, fill: str = "평균") -> Tensor:
    """오른쪽 아래로 한 픽셀. 빈 줄은 채널의 평균이나 가장자리의 되풀이로 채웁니다."""
    if fill == "되풀이":
        return F.pad(images, (1, 0, 1, 0), mode="replicate")[:, :, :32, :32]
    shifted, mean = images.roll((1, 1), (2, 3)), images.mean((2, 3), keepdim=True)
    shifted[:, :, :1] = mean
    shifted[:, :, :, :1] = mean
    return shifted


def _mask(images: Tensor) -> Tensor:
    masked = images.clone()
    masked[:, :, :16] = images.mean((2, 3), keepdim=True)
    return masked


def _blur(images: Tensor, sigma: float) -> Tensor:
    radius = math.ceil(3 * sigma)
    offsets = torch.arange(-radius, radius + 1.0)
    line = torch.exp(-(offsets**2) / (2 * sigma**2))
    line = (line / line.sum()).expand(3, 1, 1, -1)
    padded = F.pad(images, [radius] * 4, mode="reflect")
    return F.conv2d(F.conv2d(padded, line, groups=3), line.transpose(2, 3), groups=3)


def _shift_and_mask_errors() -> dict[str, tuple[Tensor, Tensor]]:
    """채우는 법 → (이동의 제곱오차 합, 가림의 제곱오차 합)."""
    x = _images(10_000)
    mask = metrics.squared_error_per_image(_mask(x), x)
    inner = (_shift(x) - x)[:, :, 1:, 1:].square().sum((1, 2, 3))
    return {
        "빈 줄을 평균으로": (metrics.squared_error_per_image(_shift(x), x), mask),
        "빈 줄을 되풀이로": (metrics.squared_error_per_image(_shift(x, "되풀이"), x), mask),
        "빈 줄을 빼고": (inner, mask),
    }


def shift_hurts_more_than_mask_in_a_minority() -> Claim:
    return Claim(
        sentence="한 픽셀 이동의 오차가 절반 가림보다 큰 이미지는 절반에 못 미칩니다.",
        section="한 픽셀 이동과 절반 가림",
        quantity="이동의 오차가 더 큰 이미지의 비율",
        unit="%",
        control="흔히 드는 예가 대표적이라면 절반을 넘습니다. 빈 줄을 채우는 세 가지 방법에서 따로 봅니다.",
        expects=below(50),
        estimates=[
            share(name, (shift > mask).numpy())
            for name, (shift, mask) in _shift_and_mask_errors().items()
        ],
    )


def contrast_over_variance_decides() -> Claim:
    x = _images(10_000)
    shift, mask = _shift_and_mask_errors()["빈 줄을 평균으로"]
    truth = (shift > mask).numpy()
    contrast = (x[:, :, 1:, 1:] - x[:, :, :-1, :-1]).square().mean((1, 2, 3))
    deviation = (x - x.mean((2, 3), keepdim=True))[:, :, :16].square().mean((1, 2, 3))

    def hits(values, threshold):
        return ((values > threshold) == truth).astype(float)

    both = hits((contrast / deviation).numpy(), (512 - 63) / 961)
    half = np.arange(len(x)) % 2 == 0  # 문턱은 절반에서 고르고 나머지에서 잽니다.

    def alone(values):
        places = np.quantile(values, np.linspace(0.02, 0.98, 97))
        best = max(places, key=lambda place: hits(values, place)[half].mean())
        return hits(values, best)[~half]

    single = {"G만": alone(contrast.numpy()), "V만": alone(-deviation.numpy())}
    return Claim(
        sentence="승부는 국소 대비와 분산의 비 G/V가 가릅니다.",
        section="더 깊이: 무엇이 승부를 가르는가",
        quantity="G/V로 맞힌 비율 − 하나만으로 맞힌 비율(같은 이미지끼리)",
        unit="%p",
        control="G나 V 하나로도 그만큼 맞힌다면 비가 까닭이 아닙니다. 하나의 문턱은 다른 절반의 이미지에서 가장 좋게 골랐습니다.",
        expects=above(5),
        estimates=[over_images(name, 100 * (both[~half] - one)) for name, one in single.items()],
    )


def ssim_does_not_forgive_the_shift() -> Claim:
    x = _images(1000)

    def prefers(distance, fill):
        return (distance(_shift(x, fill), x) < distance(_mask(x), x)).double().numpy()

    def ssim_distance(a, b):
        return 1 - metrics.ssim(_moved(a), _moved(b), data_range=1)

    return Claim(
        sentence="SSIM은 MSE보다 이동에 너그럽지 않습니다.",
        section="더 깊이: 어긋남에 너그러운 거리를 찾아서",
        quantity="이동이 가림보다 가깝다고 나온 이미지의 비율, SSIM − MSE",
        unit="%p",
        control="SSIM이 이 약점을 고친다면 양수입니다.",
        expects=below(0),
        estimates=[
            over_images(
                f"빈 줄을 {fill}으로" if fill == "평균" else f"빈 줄을 {fill}로",
                100 * (prefers(ssim_distance, fill) - prefers(metrics.mse, fill)),
            )
            for fill in ("평균", "되풀이")
        ],
    )


def blurring_first_forgives_the_shift() -> Claim:
    x = _images(1000)

    def prefers(sigma):
        def distance(y):
            return (_blur(y - x, sigma) if sigma else y - x).square().mean((1, 2, 3))

        return (distance(_shift(x)) < distance(_mask(x))).double().numpy()

    return Claim(
        sentence="흐린 뒤 재면 한 픽셀 이동을 용서합니다.",
        section="흐린 뒤에 재기",
        quantity="이동이 가림보다 가깝다고 나온 이미지의 비율, 흐린 뒤 MSE − MSE",
        unit="%p",
        control="흐림이 국소 대비를 줄이지 않는다면 0입니다.",
        expects=above(10),
        estimates=[
            over_images(f"σ = {sigma}", 100 * (prefers(sigma) - prefers(0)))
            for sigma in (0.5, 1.0, 2.0)
        ],
    )


# 특징으로 재는 거리


@torch.inference_mode()
def _measure(encoder) -> dict:
    """(바꾼 것, 층, 길이를 맞추었는가) → 이미지마다의 거리. 이동에서는 거리의 쏠림도 잽니다."""
    x = _images(500)
    changed = {
        "이동": _shift(x),
        "가림": _mask(x),
        "흐림": _blur(x, 1.0),
        "잡음": x + 0.1 * _noise(500),
    }
    found = {}
    base = x
    for depth in DEPTHS:
        block = encoder.net[2 * depth - 2 : 2 * depth]
        base = block(base)
        for name in changed:
            changed[name] = block(changed[name])
            for unit in (False, True):
                a, b = (
                    each / each.norm(dim=1, keepdim=True).clamp_min(1e-6) if unit else each
                    for each in (base, changed[name])
                )
                squared = (a - b).square()
                found[name, depth, unit] = squared.mean((1, 2, 3)).numpy()
                if name == "이동":
                    found["채널", depth, unit] = _top_tenth(squared.sum((2, 3)))
                    found["자리", depth, unit] = _top_tenth(squared.sum(1).flatten(1))
    return found


def _top_tenth(parts: Tensor) -> np.ndarray:
    """이미지마다, 가장 큰 10 %가 거리에서 차지하는 비율(%)."""
    count = max(1, round(0.1 * parts.shape[1]))
    top = parts.sort(1, descending=True).values[:, :count].sum(1)
    return (100 * top / parts.sum(1)).numpy()


@cache
def _trained() -> dict[str, dict]:
    return {name: _measure(model.encoder) for name, model in each_model().items()}


@cache
def _untrained() -> list[dict]:
    seeds = (torch.Generator().manual_seed(seed) for seed in range(40))
    return [_measure(aelab.Autoencoder(128, generator=seed).encoder) for seed in seeds]


def _prefers_shift(found: dict, depth: int, unit: bool = True) -> np.ndarray:
    """이동이 가림보다 가까우면 100, 아니면 0."""
    return 100.0 * (found["이동", depth, unit] < found["가림", depth, unit])


def _mse_prefers_shift() -> np.ndarray:
    x = _images(500)
    return 100.0 * (metrics.mse(_shift(x), x) < metrics.mse(_mask(x), x)).numpy()


def untrained_features_without_unit_length_are_like_mse() -> Claim:
    mse = _mse_prefers_shift().mean()
    return Claim(
        sentence="학습하지 않은 특징은 길이를 맞추지 않으면 이동에 MSE만큼만 너그럽습니다.",
        section="특징으로 재는 거리",
        quantity="이동이 가림보다 가깝다고 나온 이미지의 비율, 특징 − MSE",
        unit="%p",
        control="합성곱의 구조가 어긋남에 무디게 한다면 깊은 층에서 양수입니다.",
        expects=within(5),
        estimates=[
            over_seeds(
                f"{depth}층", [_prefers_shift(s, depth, False).mean() - mse for s in _untrained()]
            )
            for depth in (3, 4, 5)
        ],
    )


def unit_length_makes_untrained_features_forgiving() -> Claim:
    return Claim(
        sentence="학습하지 않은 특징을 이동에 너그럽게 하는 것은 길이를 1로 맞추는 단계입니다.",
        section="특징으로 재는 거리",
        quantity="이동이 가림보다 가깝다고 나온 이미지의 비율, 길이를 맞춤 − 맞추지 않음(같은 시드끼리)",
        unit="%p",
        control="층의 구조 덕분이라면 이 단계를 빼도 그대로입니다.",
        expects=above(3),
        estimates=[
            over_seeds(
                f"{depth}층",
                [
                    (_prefers_shift(s, depth) - _prefers_shift(s, depth, False)).mean()
                    for s in _untrained()
                ],
            )
            for depth in (3, 4, 5)
        ],
    )


def unit_length_balances_positions_more_than_channels() -> Claim:
    def drop(found, what):
        return np.mean([found[what, d, True] - found[what, d, False] for d in (1, 2, 3)], axis=0)

    return Claim(
        sentence="길이를 1로 맞추는 단계가 고르게 하는 것은 채널보다 자리입니다.",
        section="특징으로 재는 거리",
        quantity="가장 큰 10 %의 비중이 줄어든 양, 자리 − 채널(이동의 거리, 첫 세 층의 평균, 같은 이미지끼리)",
        unit="%p",
        control="값이 큰 채널이 거리를 좌우하는 것을 막는 단계라면 채널 쪽이 더 줄어 양수입니다.",
        expects=below(0),
        estimates=[
            over_images(name, drop(found, "자리") - drop(found, "채널"))
            for name, found in _trained().items()
        ],
    )


def training_makes_middle_layers_forgiving() -> Claim:
    untrained = np.mean([_prefers_shift(s, 3) for s in _untrained()], axis=0)
    return Claim(
        sentence="셋째 층에서는 학습한 특징이 학습하지 않은 특징보다 이동에 너그럽습니다.",
        section="특징으로 재는 거리",
        quantity="이동이 가림보다 가깝다고 나온 이미지의 비율, 학습한 것 − 학습하지 않은 마흔 개의 평균",
        unit="%p",
        control="구조만으로 얻은 것이라면 0입니다.",
        expects=above(5),
        estimates=[
            over_images(name, _prefers_shift(found, 3) - untrained)
            for name, found in _trained().items()
        ],
    )


def fifth_layer_loses_leniency_as_the_code_widens() -> Claim:
    return Claim(
        sentence="다섯째 층은 잠재 차원이 클수록 이동에 엄격합니다.",
        section="특징으로 재는 거리",
        quantity="이동이 가림보다 가깝다고 나온 이미지의 비율, 64차원 − 384차원(5층)",
        unit="%p",
        control="층의 깊이가 정하는 것이라면 잠재 차원이 달라도 0입니다.",
        expects=above(10),
        estimates=[
            over_images(
                name,
                _prefers_shift(_trained()[f"{name} 64"], 5)
                - _prefers_shift(_trained()[f"{name} 384"], 5),
            )
            for name in weight_sets()
        ],
    )


def _log_ratio(blur, yard, mse_blur, mse_yard, axis=-1):
    """흐림 점수가 MSE의 몇 배인지의 밑이 2인 로그."""
    own = blur.mean(axis) / yard.mean(axis)
    return np.log2(own / (mse_blur.mean(axis) / mse_yard.mean(axis)))


@cache
def _mse_measure() -> dict[str, np.ndarray]:
    x = _images(500)
    changed = {"흐림": _blur(x, 1.0), "가림": _mask(x), "잡음": x + 0.1 * _noise(500)}
    return {name: metrics.mse(each, x).numpy() for name, each in changed.items()}


def _blur_claim(yardstick: str, sentence: str, control: str) -> Claim:
    mse = _mse_measure()
    return Claim(
        sentence=sentence,
        section="특징으로 재는 거리",
        quantity=f"흐림까지의 거리 ÷ {yardstick}까지의 거리가 MSE의 몇 배인지(밑이 2인 로그, 3층)",
        unit="",
        control=control,
        expects=above(0),
        estimates=[
            over_images(
                name,
                found["흐림", 3, True],
                found[yardstick, 3, True],
                mse["흐림"],
                mse[yardstick],
                statistic=_log_ratio,
            )
            for name, found in _trained().items()
        ],
    )


def features_see_blur_more_than_noise() -> Claim:
    return _blur_claim(
        "잡음",
        "학습한 셋째 층의 특징은 잡음에 견주면 MSE보다 흐림을 멀게 봅니다.",
        "흐림을 놓친다면 음수입니다. 같은 자로 SSIM을 재면 음수입니다(다음다음 줄).",
    )


def features_see_blur_more_than_a_mask() -> Claim:
    return _blur_claim(
        "가림",
        "학습한 셋째 층의 특징은 가림에 견주어도 MSE보다 흐림을 멀게 보지만, 가중치에 따라서는 아닙니다.",
        "흐림을 잘 보는 것이 자와 상관없는 성질이라면 모든 가중치에서 양수입니다.",
    )


def blur_score_depends_on_the_yardstick() -> Claim:
    x, mse = _images(500), _mse_measure()

    def similarity(y):
        return (1 - metrics.ssim(_moved(y.clamp(-1, 1)), _moved(x), data_range=1)).numpy()

    def blurred(y):
        return _blur(y - x, 1.0).square().mean((1, 2, 3)).numpy()

    changed = {"흐림": _blur(x, 1.0), "가림": _mask(x), "잡음": x + 0.1 * _noise(500)}
    distances = {
        name: {change: measure(y) for change, y in changed.items()}
        for name, measure in {"SSIM": similarity, "흐린 뒤 MSE": blurred}.items()
    }

    def flips(blur, mask, noise, mse_blur, mse_mask, mse_noise, axis=-1):
        by_mask = _log_ratio(blur, mask, mse_blur, mse_mask, axis)
        return by_mask * _log_ratio(blur, noise, mse_blur, mse_noise, axis)

    columns = ("흐림", "가림", "잡음")
    return Claim(
        sentence="SSIM과 흐린 뒤의 MSE가 흐림을 MSE보다 잘 보는지는 무엇에 견주느냐에 따라 뒤집힙니다.",
        section="특징으로 재는 거리",
        quantity="가림에 견준 흐림 점수와 잡음에 견준 흐림 점수(MSE의 몇 배, 로그)의 곱",
        unit="",
        control="흐림을 보는 힘이 거리의 성질이라면 두 점수의 부호가 같아 곱이 양수입니다.",
        expects=below(0),
        estimates=[
            over_images(
                name, *(own[c] for c in columns), *(mse[c] for c in columns), statistic=flips
            )
            for name, own in distances.items()
        ],
    )


# 흐림의 까닭


def mean_wins_by_mse_and_median_by_l1() -> Claim:
    places = [(i, j) for i in range(3) for j in range(3)]
    x = _images(500)
    candidates = torch.stack([x[:, :, i : i + 30, j : j + 30] for i, j in places])
    mean, median = candidates.mean(0), candidates.median(0).values

    def loss(answer, power):
        return (answer - candidates).abs().pow(power).mean((0, 2, 3, 4))

    return Claim(
        sentence="그럴듯한 답이 여럿일 때 MSE의 답은 평균, L1의 답은 중앙값입니다.",
        section="MSE는 왜 흐린 답을 고르는가",
        quantity="자기 손실에서 (상대의 손실 − 자기의 손실) ÷ 자기의 손실",
        unit="%",
        control="손실을 바꾸어도 같은 답이 이긴다면 한쪽은 음수입니다.",
        expects=above(1),
        estimates=[
            over_images("MSE에서 평균", (100 * (loss(median, 2) / loss(mean, 2) - 1)).numpy()),
            over_images("L1에서 중앙값", (100 * (loss(mean, 1) / loss(median, 1) - 1)).numpy()),
        ],
    )


def wider_bottleneck_keeps_more_contrast() -> Claim:
    def contrast(images):
        diagonal = images[:, :, 1:, 1:] - images[:, :, :-1, :-1]
        return diagonal.square().mean((1, 2, 3)).numpy()

    original = contrast(_images(1000))

    def gain(small, large, original, axis=-1):
        return 100 * (large.mean(axis) - small.mean(axis)) / original.mean(axis)

    pairs = [(64, 128), (128, 256), (256, 384)]
    return Claim(
        sentence="손실이 같아도 병목이 넓을수록 국소 대비가 많이 남습니다.",
        section="MSE는 왜 흐린 답을 고르는가",
        quantity="남은 국소 대비의 차이(같은 이미지끼리)",
        unit="%p",
        control="흐림이 손실만의 탓이라면 병목을 넓혀도 0입니다.",
        expects=above(2),
        estimates=[
            over_images(
                f"{name} {small}→{large}",
                contrast(_restored(f"{name} {small}")),
                contrast(_restored(f"{name} {large}")),
                original,
                statistic=gain,
            )
            for name in weight_sets()
            for small, large in pairs
        ],
    )
