"""5장 《잠재 차원》의 주장. 따로 말하지 않으면 시험 이미지 1000장에서, 범위와 부호표는 학습 이미지에서."""

import io
from functools import cache

import numpy as np
import torch
from PIL import Image
from torch import Tensor

import aelab
from aelab.data import to_float
from aelab.inference import predict
from aelab.metrics import squared_error_per_image
from claims.claim import Claim, above, below, exhaustive, over_images, within
from claims.weights import each_model, weight_sets

SIZES = (64, 128, 256, 384)
STEPS = (0.35, 0.5, 0.7, 0.9, 1.2, 1.5, 2.0, 2.5)  # PCA 계수를 반올림하는 간격
QUALITIES = (5, 8, 10, 15, 20, 25, 30, 40, 50, 60)
BANDS = ((0, 2), (2, 4), (4, 8), (8, 16))


@cache
def _images(split: str = "test", count: int = 1000) -> Tensor:
    return aelab.load_images("cifar10", split)[:count]


@cache
def _codes(name: str, split: str, count: int = 1000) -> Tensor:
    return predict(each_model()[name].encoder, _images(split, count))


@cache
def _restored(name: str) -> Tensor:
    return predict(each_model()[name].decoder, _codes(name, "test"))


def _errors(restored: Tensor, split: str = "test") -> np.ndarray:
    return squared_error_per_image(restored, _images(split, len(restored))).numpy()


@cache
def _pca() -> tuple[Tensor, Tensor]:
    """학습 이미지 45,000장의 평균 (3072,)과 주성분 (3072, 3072), 분산이 큰 것부터."""
    stored = aelab.load_images("cifar10", "train").images
    total, products = torch.zeros(3072), torch.zeros(3072, 3072)
    for part in stored.split(5000):
        values = to_float(part).flatten(1)
        total += values.sum(0)
        products += values.T @ values
    mean = total / len(stored)
    _, vectors = torch.linalg.eigh(products / len(stored) - mean[:, None] * mean)
    return mean, vectors.flip(1)


@cache
def _coordinates(split: str, count: int = 1000) -> Tensor:
    mean, vectors = _pca()
    return (_images(split, count).flatten(1) - mean) @ vectors


def _pca_errors(size: int, split: str = "test") -> np.ndarray:
    return _coordinates(split)[:, size:].square().sum(1).numpy()


def _ratio(a, b, axis=-1):
    return a.mean(axis) / b.mean(axis)


def _each_size(measure, sizes=SIZES) -> list:
    """가중치마다의 측정값. `measure(이름, 크기)`가 `over_images`의 인자를 돌려줍니다."""
    return [
        over_images(f"{chosen} {size}", *columns, statistic=statistic)
        for chosen, models in weight_sets().items()
        for size in models
        if size in sizes
        for *columns, statistic in [measure(f"{chosen} {size}", size)]
    ]


# 기준선


def the_mean_image_costs_the_total_variance() -> Claim:
    constant = _images().flatten(1).mean(0)
    fitted = (_images().flatten(1) - _pca()[0]).square().sum(1).numpy()
    best = (_images().flatten(1) - constant).square().sum(1).numpy()
    grey = _images().flatten(1).square().sum(1).numpy()
    return Claim(
        sentence="잠재 차원 0의 오차는 총분산입니다. 학습 이미지의 평균을 내면 그것에 닿습니다.",
        section="기준선: 평균 이미지와 PCA",
        quantity="한 가지 그림만 내는 답의 오차 ÷ 시험 이미지의 총분산",
        unit="배",
        control="아무 그림이나 된다면 회색 한 장도 1입니다.",
        expects=within(0.01, 1),
        estimates=[over_images("학습 이미지의 평균", fitted, best, statistic=_ratio)],
        controls=[over_images("회색", grey, best, statistic=_ratio)],
    )


def beats_pca_at_the_same_dimension() -> Claim:
    return Claim(
        sentence="오토인코더는 같은 크기의 PCA를 이깁니다.",
        section="기준선: 평균 이미지와 PCA",
        quantity="PCA의 오차 ÷ 오토인코더의 오차. PCA도 학습 이미지 45,000장에 맞춤",
        unit="배",
        control="적은 이미지에 맞춘 PCA라서 진 것이라면 45,000장에 맞춘 PCA는 지지 않습니다.",
        expects=above(1),
        estimates=_each_size(lambda n, size: (_pca_errors(size), _errors(_restored(n)), _ratio)),
    )


def no_affine_map_reaches_the_autoencoder() -> Claim:
    def measure(name, size):
        restored = predict(each_model()[name].decoder, _codes(name, "train"))
        return _pca_errors(size, "train"), _errors(restored, "train"), _ratio

    return Claim(
        sentence="PCA를 이긴 것은 비선형성 덕분입니다.",
        section="기준선: 평균 이미지와 PCA",
        quantity="PCA의 오차 ÷ 오토인코더의 오차, 둘을 맞춘 학습 이미지 가운데 1000장",
        unit="배",
        control="PCA는 자신을 맞춘 45,000장에서 모든 선형(아핀) 방법 가운데 최선입니다. "
        "비선형성이 쓸모없다면 그 이미지에서는 1을 넘을 수 없습니다.",
        expects=above(1),
        estimates=_each_size(measure),
    )


def linear_methods_do_most_of_the_work() -> Claim:
    total = _pca_errors(0)

    def share(pca, auto, total, axis=-1):
        return 100 * (total.mean(axis) - pca.mean(axis)) / (total.mean(axis) - auto.mean(axis))

    return Claim(
        sentence="오차를 줄이는 일의 대부분은 선형 방법도 합니다.",
        section="기준선: 평균 이미지와 PCA",
        quantity="PCA가 줄인 오차 ÷ 오토인코더가 줄인 오차",
        unit="%",
        control="자연 이미지가 선형으로 줄지 않는다면 절반에도 못 미칩니다.",
        expects=above(90),
        estimates=_each_size(lambda n, k: (_pca_errors(k), _errors(_restored(n)), total, share)),
    )


# 곡선의 모양


def _four_errors(chosen: str) -> list[np.ndarray]:
    return [_errors(_restored(f"{chosen} {size}")) for size in SIZES]


def _slopes(shape):
    """가로축을 shape로 바꾸었을 때, 로그 오차의 (64→128의 기울기) − (256→384의 기울기)."""

    def statistic(a, b, c, d, axis=-1):
        a, b, c, d = (np.log(each.mean(axis)) for each in (a, b, c, d))
        x = shape(np.array(SIZES, float))
        return (b - a) / (x[1] - x[0]) - (d - c) / (x[3] - x[2])

    return statistic


def error_falls_slower_than_an_exponential() -> Claim:
    pca = [_pca_errors(size) for size in SIZES]
    statistic = _slopes(lambda d: d / 100)
    return Claim(
        sentence="64와 384 사이에서 오차는 지수보다 느리게 줄어듭니다.",
        section="더 깊이: 이 곡선은 지수함수인가",
        quantity="로그 오차의 기울기(100차원마다): (64→128) − (256→384)",
        unit="",
        control="지수함수라면 0이고, 그보다 빠르다면 양수입니다.",
        expects=below(0),
        estimates=[
            *(over_images(n, *_four_errors(n), statistic=statistic) for n in weight_sets()),
            over_images("PCA", *pca, statistic=statistic),
        ],
    )


def error_falls_faster_than_a_power_law() -> Claim:
    pca = [_pca_errors(size) for size in SIZES]
    statistic = _slopes(np.log)
    return Claim(
        sentence="64와 384 사이에서 오차는 거듭제곱보다 빠르게 줄어듭니다.",
        section="더 깊이: 이 곡선은 지수함수인가",
        quantity="로그 오차의 로그 차원에 대한 기울기: (64→128) − (256→384)",
        unit="",
        control="거듭제곱이라면 0이고, 그보다 느리다면 음수입니다.",
        expects=above(0),
        estimates=[
            *(over_images(n, *_four_errors(n), statistic=statistic) for n in weight_sets()),
            over_images("PCA", *pca, statistic=statistic),
        ],
    )


# 바이트


@cache
def _levels(name: str, bits: int) -> tuple[Tensor, Tensor, np.ndarray]:
    """학습 이미지와 시험 이미지의 정수, 되돌린 시험 이미지의 오차. 범위는 학습 이미지에서."""
    train, test = _codes(name, "train", 2000), _codes(name, "test")
    low, high = train.amin(0), train.amax(0)
    step = (high - low) / (2**bits - 1)

    def level(codes):
        return ((codes.clamp(low, high) - low) / step).round()

    decoder = each_model()[name].decoder
    return level(train), level(test), _errors(predict(decoder, low + level(test) * step))


def _code_bytes(train: Tensor, test: Tensor) -> np.ndarray:
    """시험 이미지마다의 바이트. 부호의 길이는 학습 이미지에서 센 빈도로 정합니다(표의 크기는 빼고)."""
    bits = torch.zeros(len(test), dtype=torch.float64)
    for known, new in zip(train.T, test.T, strict=True):
        low = min(known.min(), new.min())
        counts = 0.5 + torch.bincount(
            (known - low).long(), minlength=int(max(known.max(), new.max()) - low) + 1
        )
        bits -= (counts / counts.sum()).log2()[(new - low).long()]
    return (bits / 8).numpy()


@cache
def _auto_bytes(name: str, bits: int) -> tuple[np.ndarray, np.ndarray]:
    known, new, errors = _levels(name, bits)
    return _code_bytes(known, new), errors


@cache
def _pca_bytes() -> list[tuple[np.ndarray, np.ndarray]]:
    """간격마다 (바이트, 오차). 간격은 모든 계수에 같으므로 작은 계수는 저절로 0이 됩니다."""
    known, new = _coordinates("train", 2000), _coordinates("test")
    found = []
    for step in STEPS:
        levels = (new / step).round()
        errors = (new - levels * step).square().sum(1).numpy()
        found.append((_code_bytes((known / step).round(), levels), errors))
    return found


@cache
def _jpeg(subsampling: str, optimize: bool) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """품질마다 (머리말을 뺀 바이트, 오차, 파일의 바이트)."""
    stored = aelab.load_images("cifar10", "test").images[:1000].permute(0, 2, 3, 1).numpy()
    found = []
    for quality in QUALITIES:
        rows = []
        for picture in stored:
            file = io.BytesIO()
            options = {"quality": quality, "subsampling": subsampling, "optimize": optimize}
            Image.fromarray(picture).save(file, "JPEG", **options)
            content = file.getvalue()
            start = content.index(b"\xff\xda") + 14  # 이 뒤가 압축된 자료이고 끝의 2바이트가 EOI
            lost = (np.asarray(Image.open(file)).astype(float) - picture) / 127.5
            rows.append((len(content) - start - 2, (lost**2).sum(), len(content)))
        found.append(tuple(np.array(rows, float).T))
    return found


def _same_error_ratio(mine, rival) -> tuple:
    """(내 바이트, 오차)와, 오차를 사이에 둔 상대의 두 점: 오차가 같을 때의 바이트의 비."""
    size, errors = mine
    rival = sorted(rival, key=lambda point: point[1].mean())
    above = next(i for i, point in enumerate(rival) if point[1].mean() > errors.mean())
    (s1, e1), (s2, e2) = (point[:2] for point in rival[above - 1 : above + 1])

    def statistic(size, errors, s1, e1, s2, e2, axis=-1):
        e, e1, e2 = (each.mean(axis) for each in (errors, e1, e2))
        part = (np.log(e) - np.log(e1)) / (np.log(e2) - np.log(e1))
        other = np.exp((1 - part) * np.log(s1.mean(axis)) + part * np.log(s2.mean(axis)))
        return size.mean(axis) / other

    return size, errors, s1, e1, s2, e2, statistic


def _against_pca(bits, sizes=SIZES):
    return _each_size(lambda n, _: _same_error_ratio(_auto_bytes(n, bits), _pca_bytes()), sizes)


def four_bits_cost_fewer_bytes_than_pca_when_small() -> Claim:
    return Claim(
        sentence="값마다 4비트이면 64차원과 128차원은 오차가 같은 PCA보다 바이트가 적습니다.",
        section="바이트로 재면 PCA도 다시 나옵니다",
        quantity="오토인코더의 바이트 ÷ 오차가 같은 PCA의 바이트(둘 다 엔트로피까지)",
        unit="배",
        control="차원으로 이긴 것이 바이트로도 이어진다면 384차원에서도 1보다 작습니다.",
        expects=below(1),
        estimates=_against_pca(4, (64, 128)),
        controls=_against_pca(4, (384,)),
    )


def in_bytes_the_lead_over_pca_is_gone() -> Claim:
    return Claim(
        sentence="값마다 5비트이면 256차원까지는 오차가 같은 PCA와 바이트가 비슷합니다(10 % 안).",
        section="바이트로 재면 PCA도 다시 나옵니다",
        quantity="오토인코더의 바이트 ÷ 오차가 같은 PCA의 바이트(둘 다 엔트로피까지)",
        unit="배",
        control="차원의 비(오차가 같은 PCA의 88차원과 64차원)가 그대로 남는다면 0.73쯤입니다.",
        expects=within(0.1, 1),
        estimates=_against_pca(5, (64, 128, 256)),
    )


def in_bytes_pca_wins_at_384() -> Claim:
    return Claim(
        sentence="384차원에서는 바이트로 재면 PCA가 이깁니다.",
        section="바이트로 재면 PCA도 다시 나옵니다",
        quantity="오토인코더의 바이트 ÷ 오차가 같은 PCA의 바이트(둘 다 엔트로피까지)",
        unit="배",
        control="차원으로 이긴 것이 바이트로도 이어진다면 1보다 작습니다.",
        expects=above(1),
        estimates=_against_pca(5, (384,)),
    )


def at_six_bits_pca_needs_fewer_bytes_everywhere() -> Claim:
    return Claim(
        sentence="값마다 6비트를 쓰면 네 크기에서 모두 PCA의 바이트가 적습니다.",
        section="바이트로 재면 PCA도 다시 나옵니다",
        quantity="오토인코더의 바이트 ÷ 오차가 같은 PCA의 바이트(둘 다 엔트로피까지)",
        unit="배",
        control="4비트에서도 같다면 비트 수와 상관없이 PCA가 나은 것입니다.",
        expects=above(1),
        estimates=_against_pca(6),
        controls=_against_pca(4, (64, 128)),
    )


def _against_jpeg(mine, sizes=SIZES):
    options = [(kind, True) for kind in ("4:2:0", "4:4:4")]

    def smallest(errors):  # 그 오차에서 바이트가 적은 쪽을 상대로 고른다
        curves = [_jpeg(*each) for each in options]
        return min(
            curves,
            key=lambda curve: np.interp(
                -errors.mean(), [-p[1].mean() for p in curve], [p[0].mean() for p in curve]
            ),
        )

    return _each_size(lambda n, _: _same_error_ratio(mine(n), smallest(mine(n)[1])), sizes)


def _fixed_five_bits(name):
    _, levels, errors = _levels(name, 5)
    return np.full(len(errors), levels.shape[1] * 5 / 8), errors


def fixed_bits_beat_jpeg_only_when_small() -> Claim:
    return Claim(
        sentence="모든 값에 5비트씩 주면 머리말을 뺀 JPEG보다 바이트가 적은 것은 64차원뿐입니다.",
        section="더 깊이: JPEG, PNG와 비교하기",
        quantity="오토인코더의 바이트 ÷ 오차가 같은 JPEG의 바이트. JPEG는 4:2:0과 4:4:4 가운데 작은 쪽, "
        "허프만 부호표를 최적화하고 머리말을 뺌",
        unit="배",
        control="엔트로피 부호화의 몫이 작다면 네 크기의 판정이 같습니다.",
        expects=below(1),
        estimates=_against_jpeg(_fixed_five_bits),
    )


def entropy_coded_latents_beat_the_jpeg_body() -> Claim:
    return Claim(
        sentence="엔트로피까지 세면 네 크기에서 모두 머리말을 뺀 JPEG보다 바이트가 적습니다.",
        section="더 깊이: JPEG, PNG와 비교하기",
        quantity="오토인코더의 바이트 ÷ 오차가 같은 JPEG의 바이트. JPEG는 4:2:0과 4:4:4 가운데 작은 쪽, "
        "허프만 부호표를 최적화하고 머리말을 뺌",
        unit="배",
        control="최적화하지 않은 4:2:0만 이긴 것이라면 옵션을 바꾼 JPEG에는 집니다.",
        expects=below(1),
        estimates=_against_jpeg(lambda name: _auto_bytes(name, 5)),
    )


def pca_beats_the_jpeg_body_too() -> Claim:
    curves = {kind: _jpeg(kind, True) for kind in ("4:2:0", "4:4:4")}
    estimates = []
    for kind, curve in curves.items():
        for quality in (10, 20, 30, 40):
            size, errors, _ = curve[QUALITIES.index(quality)]
            *columns, statistic = _same_error_ratio((size, errors), _pca_bytes())
            group = f"{kind}, 품질 {quality}"
            estimates.append(over_images(group, *columns, statistic=statistic))
    return Claim(
        sentence="머리말을 뺀 JPEG는 CIFAR-10에 맞춘 PCA에도 집니다.",
        section="더 깊이: JPEG, PNG와 비교하기",
        quantity="JPEG의 바이트(최적화한 허프만, 머리말을 뺌) ÷ 오차가 같은 PCA의 바이트",
        unit="배",
        control="오토인코더의 비선형성이라야 JPEG를 이긴다면 1보다 작습니다.",
        expects=above(1),
        estimates=estimates,
    )


def a_whole_jpeg_file_is_larger_with_any_options() -> Claim:
    def ratio(whole, mine, axis=-1):
        return whole.mean(axis) / mine.mean(axis)

    options = [(kind, optimize) for kind in ("4:2:0", "4:4:4") for optimize in (False, True)]
    estimates = []
    for kind, optimize in options:
        whole = [point[2] for point in _jpeg(kind, optimize)][0]  # 품질 5: 가장 작은 파일
        for chosen in weight_sets():
            mine = _auto_bytes(f"{chosen} 384", 5)[0]
            group = f"{chosen} 384, {kind}{', 최적화' if optimize else ''}"
            estimates.append(over_images(group, whole, mine, statistic=ratio))
    return Claim(
        sentence="머리말까지 세면 어떤 옵션의 JPEG도 오토인코더의 잠재 벡터보다 큽니다.",
        section="더 깊이: JPEG, PNG와 비교하기",
        quantity="품질 5인 JPEG 파일의 바이트 ÷ 384차원, 5비트의 바이트(엔트로피까지)",
        unit="배",
        control="머리말이 작다면 오차가 훨씬 큰 품질 5의 파일은 1보다 작습니다.",
        expects=above(1),
        estimates=estimates,
    )


def _increase(rounded, plain, axis=-1):
    return 100 * (rounded.mean(axis) / plain.mean(axis) - 1)


def _quantized(bits, sizes=SIZES):
    return _each_size(lambda n, _: (_levels(n, bits)[2], _errors(_restored(n)), _increase), sizes)


def six_bits_cost_less_than_five_percent() -> Claim:
    return Claim(
        sentence="차원마다 6비트면 오차가 5 % 넘게 늘지 않습니다.",
        section="정말 몇 바이트인가",
        quantity="오차가 늘어난 비율(값의 범위는 학습 이미지에서)",
        unit="%",
        control="4비트에서도 늘지 않는다면 이 자는 무디어서 아무것도 가리지 못합니다.",
        expects=below(5),
        estimates=_quantized(6),
        controls=_quantized(4),
    )


def fine_models_suffer_first_from_few_bits() -> Claim:
    def excess(coarse_l, fine_l, coarse_s, fine_s, axis=-1):
        return _increase(coarse_l, fine_l, axis) - _increase(coarse_s, fine_s, axis)

    def columns(name):
        return _levels(name, 4)[2], _errors(_restored(name))

    return Claim(
        sentence="비트를 줄이면 차원이 큰 모델의 오차가 더 큰 비율로 늘어납니다.",
        section="정말 몇 바이트인가",
        quantity="4비트에서 오차가 늘어난 비율, 384차원 − 64차원",
        unit="%포인트",
        control="모든 모델이 같은 비율로 나빠진다면 0입니다.",
        expects=above(0),
        estimates=[
            over_images(n, *columns(f"{n} 384"), *columns(f"{n} 64"), statistic=excess)
            for n in weight_sets()
        ],
    )


# 오차가 남는 곳


def _radius() -> Tensor:
    frequency = torch.fft.fftfreq(32) * 32
    return (frequency[:, None] ** 2 + frequency**2).sqrt()


def _bands(values: Tensor) -> np.ndarray:
    """이미지마다, 대역마다의 에너지 (n, 4)."""
    power = torch.fft.fft2(values, norm="ortho").abs().square().sum(1)
    rings = [(_radius() >= low) & (_radius() < high) for low, high in BANDS]
    return torch.stack([power[:, ring].sum(1) for ring in rings], 1).numpy()


def _contrast() -> Tensor:
    return _images() - _pca()[0].reshape(3, 32, 32)


def high_frequencies_are_lost_first() -> Claim:
    signal = _bands(_contrast())

    def ratio(high, all_high, low, all_low, axis=-1):
        return (high.mean(axis) / all_high.mean(axis)) / (low.mean(axis) / all_low.mean(axis))

    def measure(name, _):
        lost = _bands(_restored(name) - _images())
        return lost[:, 3], signal[:, 3], lost[:, 0], signal[:, 0], ratio

    return Claim(
        sentence="오차는 높은 주파수에 남습니다.",
        section="주파수",
        quantity="(오차 ÷ 원본)의 비: 주파수 8~16 ÷ 주파수 0~2",
        unit="배",
        control="모든 대역을 같은 비율로 잃는다면 1입니다.",
        expects=above(10),
        estimates=_each_size(measure),
    )


def energy_decides_what_a_linear_code_keeps() -> Claim:
    energy = torch.fft.fft2(_images("train", 2000).mean(1) - _images("train", 2000).mean((0, 1)))
    energy = energy.abs().square().mean(0).sqrt().clamp(min=1e-3)

    def filtered(values, weight):
        return torch.fft.ifft2(torch.fft.fft2(values.reshape(-1, 32, 32)) * weight).real

    def columns(weight):
        known, new = (
            filtered(_images(split, 2000).mean(1), weight).flatten(1) for split in ("train", "test")
        )
        _, vectors = torch.linalg.eigh(torch.cov(known.T))
        rest = new - known.mean(0)
        lost = filtered(rest - rest @ vectors[:, -64:] @ vectors[:, -64:].T, 1 / weight)
        whole = filtered(rest, 1 / weight)
        (lost_low, lost_high), (low, high) = (
            _bands(v[:, None])[:, [0, 3]].T for v in (lost, whole)
        )
        return lost_high, high, lost_low, low

    def gap(lost_high, high, lost_low, low, axis=-1):
        high_share = lost_high.mean(axis) / high.mean(axis)
        return 100 * (high_share - lost_low.mean(axis) / low.mean(axis))

    flat, plain = columns(1 / energy), columns(torch.ones(32, 32))
    return Claim(
        sentence="선형 방법이 높은 주파수를 먼저 잃는 것은 그곳의 에너지가 작기 때문입니다.",
        section="주파수",
        quantity="밝기를 64차원 PCA로 줄일 때 (잃은 비율) 주파수 8~16 − 주파수 0~2",
        unit="%포인트",
        control="에너지 탓이 아니라면, 모든 주파수의 에너지를 고르게 맞춘 뒤 줄여도 그대로입니다. 대조는 맞추지 않은 것입니다.",
        expects=within(20),
        estimates=[over_images("에너지를 고르게 맞춤", *flat, statistic=gap)],
        controls=[over_images("그대로", *plain, statistic=gap)],
    )


def edges_hold_the_error() -> Claim:
    grey = _images().mean(1)
    down = (grey[:, 2:, 1:-1] - grey[:, :-2, 1:-1]) / 2
    across = (grey[:, 1:-1, 2:] - grey[:, 1:-1, :-2]) / 2
    gradient = (down**2 + across**2).flatten(1)
    low, high = gradient.quantile(0.1), gradient.flatten().quantile(0.9)
    flat, steep = gradient <= low, gradient >= high

    def ratio(on_steep, steep, on_flat, flat, axis=-1):
        return (on_steep.mean(axis) / steep.mean(axis)) / (on_flat.mean(axis) / flat.mean(axis))

    def measure(name, _):
        pixel = (_restored(name) - _images()).square().sum(1)[:, 1:-1, 1:-1].flatten(1)
        return *(
            (each.sum(1).numpy()) for each in (pixel * steep, steep, pixel * flat, flat)
        ), ratio

    return Claim(
        sentence="오차는 경계에 남습니다.",
        section="더 깊이: 경계",
        quantity="픽셀의 오차: 밝기 기울기가 가장 가파른 10 % ÷ 가장 평평한 10 %",
        unit="배",
        control="오차가 경계와 상관없이 고르다면 1입니다.",
        expects=above(5),
        estimates=_each_size(measure),
    )


def colour_is_lost_in_a_larger_share() -> Claim:
    def parts(values):
        brightness = values.mean(1, keepdim=True)
        rest = values - brightness
        return 3 * brightness.square().sum((1, 2, 3)).numpy(), rest.square().sum((1, 2, 3)).numpy()

    bright, colour = parts(_contrast())

    def ratio(lost_colour, colour, lost_bright, bright, axis=-1):
        lost = lost_colour.mean(axis) / colour.mean(axis)
        return lost / (lost_bright.mean(axis) / bright.mean(axis))

    def measure(name, _):
        lost_bright, lost_colour = parts(_restored(name) - _images())
        return lost_colour, colour, lost_bright, bright, ratio

    return Claim(
        sentence="색은 밝기보다 큰 비율로 잃습니다.",
        section="더 깊이: 색",
        quantity="(잃은 비율) 색 ÷ 밝기",
        unit="배",
        control="두 성분을 고르게 잃는다면 1입니다.",
        expects=above(1),
        estimates=_each_size(measure),
    )


@cache
def _all_errors(chosen: str) -> np.ndarray:
    """128차원 모델이 시험 이미지 10,000장에서 낸 오차."""
    images = _images("test", 10_000)
    return _errors(predict(weight_sets()[chosen][128], images))


def _classes(chosen: str, harder: str, easier: str, count: int = 10_000):
    test = aelab.load_images("cifar10", "test")
    labels = test.labels[:count].numpy()
    a, b = (labels == test.classes_ko.index(name) for name in (harder, easier))
    errors = _all_errors(chosen)[:count]

    def gap(on_a, a, on_b, b, axis=-1):
        return on_a.mean(axis) / a.mean(axis) - on_b.mean(axis) / b.mean(axis)

    group = f"{chosen}, {harder} − {easier}, {count}장"
    return over_images(group, errors * a, a, errors * b, b, statistic=gap)


def automobiles_and_trucks_are_the_hardest() -> Claim:
    return Claim(
        sentence="자동차와 트럭은 그다음으로 어려운 개구리보다도 어렵습니다.",
        section="더 깊이: 클래스와 위치",
        quantity="128차원의 평균 오차의 차이, 10,000장",
        unit="제곱오차 합",
        control="개구리와 구별되지 않는다면 구간에 0이 듭니다. 2000장으로는 그렇습니다.",
        expects=above(0),
        estimates=[
            _classes(chosen, hard, easy)
            for chosen in weight_sets()
            for hard, easy in (("자동차", "개구리"), ("트럭", "개구리"))
        ],
    )


def ships_are_easier_than_airplanes() -> Claim:
    return Claim(
        sentence="2000장에서 가장 쉬워 보이는 배가 비행기보다 정말 쉬운지는 보이지 않습니다.",
        section="더 깊이: 클래스와 위치",
        quantity="128차원의 평균 오차, 비행기 − 배",
        unit="제곱오차 합",
        control="배가 더 쉽다면 10,000장에서도 0보다 큽니다.",
        expects=above(0),
        estimates=[
            _classes(chosen, "비행기", "배", count)
            for chosen in weight_sets()
            for count in (2000, 10_000)
        ],
    )


def corners_are_worse_than_the_middle() -> Claim:
    def gap(lost):
        place = lost.square().sum(1)
        middle = place[:, 8:24, 8:24].mean((1, 2))
        corners = place[:, [0, 0, -1, -1], [0, -1, 0, -1]].mean(1)
        return corners.numpy(), middle.numpy(), _ratio

    rest = _coordinates("test")[:, 384:] @ _pca()[1][:, 384:].T
    *columns, statistic = gap(rest.reshape(-1, 3, 32, 32))

    return Claim(
        sentence="384차원에서 네 구석의 오차는 가운데보다 크고, 이것은 PCA에서도 그렇습니다.",
        section="더 깊이: 클래스와 위치",
        quantity="픽셀의 평균 오차, 네 구석 ÷ 가운데 16×16",
        unit="배",
        control="채움 탓이라면 채움도 합성곱도 없는 PCA에서는 1을 넘지 않습니다.",
        expects=above(1),
        estimates=[
            *_each_size(lambda n, _: gap(_restored(n) - _images()), (384,)),
            over_images("PCA 384", *columns, statistic=statistic),
        ],
    )


# 참여비


def _principal(name: str) -> tuple[Tensor, Tensor, Tensor]:
    codes = _codes(name, "train", 2000)
    variances, vectors = torch.linalg.eigh(torch.cov(codes.T.double()))
    return codes.mean(0), variances.flip(0).clamp(min=0), vectors.flip(1).float()


def _participation(variances: Tensor) -> float:
    return float(variances.sum() ** 2 / variances.square().sum())


def participation_ratio_is_not_the_needed_dimension() -> Claim:
    def measure(name, _):
        centre, variances, vectors = _principal(name)
        basis = vectors[:, : round(_participation(variances))]
        kept = centre + (_codes(name, "test") - centre) @ basis @ basis.T
        restored = predict(each_model()[name].decoder, kept)
        return _errors(restored), _errors(_restored(name)), _ratio

    return Claim(
        sentence="참여비는 필요한 차원의 수가 아닙니다. 참여비만큼의 방향만 남기면 오차가 몇 배가 됩니다.",
        section="더 깊이: 잠재 벡터는 정말 몇 차원을 쓰는가",
        quantity="참여비만큼의 방향만 남긴 오차 ÷ 모두 남긴 오차",
        unit="배",
        control="참여비가 필요한 차원이라면 1에 가깝습니다.",
        expects=above(2),
        estimates=_each_size(measure),
    )


def participation_ratio_stays_below_twice_the_pixels() -> Claim:
    pixels = _participation(_coordinates("train", 2000).var(0).double())
    return Claim(
        sentence="참여비가 원본 값의 두 배를 넘지 않는 것은 이 책의 가중치에서만 그렇습니다.",
        section="더 깊이: 잠재 벡터는 정말 몇 차원을 쓰는가",
        quantity="네 모델의 참여비 ÷ 원본 값의 참여비(학습 이미지 2000장)",
        unit="배",
        control="오토인코더의 성질이라면 다른 가중치에서도 2보다 작습니다.",
        expects=below(2),
        estimates=[
            exhaustive(
                chosen,
                [_participation(_principal(f"{chosen} {size}")[1]) / pixels for size in models],
                "모델",
            )
            for chosen, models in weight_sets().items()
        ],
    )
