"""7장 《생성》의 주장."""

from functools import cache

import numpy as np
import torch
from scipy import stats
from torch import Tensor
from torch.nn import functional as F

import aelab
from aelab.generation import LatentGaussian, LatentMixture, interpolate_spherical
from aelab.inference import predict
from claims.claim import Claim, Expected, above, below, over_images, over_seeds
from claims.weights import each_model, weight_sets


@cache
def _photos(split: str, count: int) -> Tensor:
    return aelab.load_images("cifar10", split)[:count]


def _noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@cache
def _codes(name: str) -> tuple[Tensor, Tensor]:
    """분포를 맞출 학습 사진 3000장과, 견줄 시험 사진 1000장의 잠재 벡터."""
    encoder = each_model()[name].encoder
    return predict(encoder, _photos("train", 3000)), predict(encoder, _photos("test", 1000))


@cache
def _pictures(name: str) -> dict[str, Tensor]:
    """뽑는 법 → 그림 500장. 난수는 모두 같습니다."""
    fitted, test = _codes(name)
    noise, spread = _noise(500, fitted.shape[1]), fitted.std(0)
    length = fitted.norm(dim=1).mean() / fitted.shape[1] ** 0.5
    codes = {
        "표준정규": noise,
        "길이만 맞춤": length * noise,
        "크기 맞춤": fitted.mean(0) + spread * noise,
        "정규분포": fitted.mean(0) + noise @ LatentGaussian.fit(fitted).factor.T,
        "재구성": test[:500],
    }
    return {kind: predict(each_model()[name].decoder, some) for kind, some in codes.items()}


def _high(images: Tensor) -> np.ndarray:
    """이미지마다의 고주파 에너지(한 변에 물결 8개 이상)."""
    row, column = torch.fft.fftfreq(32)[:, None] * 32, torch.fft.fftfreq(32) * 32
    power = torch.fft.fft2(images, norm="ortho").abs().square()
    return power[..., (row**2 + column**2).sqrt() >= 8].flatten(1).sum(1).numpy()


def _contrast(images: Tensor) -> Tensor:
    """4×4 조각마다의 로그 대비 (n, 16)."""
    energy = images.diff(dim=2)[..., :-1].square() + images.diff(dim=3)[..., :-1, :].square()
    pieces = F.adaptive_avg_pool2d(energy.mean(1, keepdim=True), 4).flatten(1)
    return pieces.add(1e-4).log()


def _ratio(a, b, axis=-1):
    return a.mean(axis) / b.mean(axis)


def _ratio_of_spreads(a, b, axis=-1):
    return a.std(axis) / b.std(axis)


def standard_normal_codes_are_ten_times_too_long() -> Claim:
    return Claim(
        sentence="표준정규분포의 표본은 진짜 잠재 벡터보다 열 배 넘게 깁니다.",
        section="아무 수나 넣어 보기",
        quantity="√(잠재 차원) ÷ 진짜 잠재 벡터의 길이",
        unit="배",
        control="잠재 벡터의 눈금은 손실이 정하지 않으므로, 학습에 따라 1배일 수도 있습니다.",
        expects=above(10),
        estimates=[
            over_images(name, codes.shape[1] ** 0.5 / codes.norm(dim=1).numpy())
            for name in each_model()
            for codes in [_codes(name)[1]]
        ],
    )


def standard_normal_codes_saturate_the_output() -> Claim:
    def saturated(name, kind):
        return 100 * (_pictures(name)[kind].abs() > 0.98).double().mean((1, 2, 3)).numpy()

    return Claim(
        sentence="표준정규분포의 표본을 넣으면 출력의 절반 넘게 포화하고, 그것은 길이 때문입니다.",
        section="아무 수나 넣어 보기",
        quantity="절댓값이 0.98을 넘는 출력 값의 비율",
        unit="%",
        control="방향은 그대로 두고 길이만 진짜에 맞춘 표본도 포화한다면 길이 때문이 아닙니다.",
        expects=above(50),
        estimates=[over_images(name, saturated(name, "표준정규")) for name in each_model()],
        controls=[
            over_images(f"{name}, 길이만 맞춤", saturated(name, "길이만 맞춤"))
            for name in each_model()
        ],
    )


def correlations_remove_the_speckle() -> Claim:
    return Claim(
        sentence="크기에 더해 공분산까지 맞추면 자잘한 얼룩이 줄어듭니다.",
        section="크기를 맞춘 잠재 벡터",
        quantity="크기만 맞춘 그림의 고주파 에너지 ÷ 공분산까지 맞춘 그림의 고주파 에너지(같은 난수)",
        unit="배",
        control="상관이 그림에 상관없다면 1배입니다.",
        expects=above(1.5),
        estimates=[
            over_images(name, _high(some["크기 맞춤"]), _high(some["정규분포"]), statistic=_ratio)
            for name in each_model()
            for some in [_pictures(name)]
        ],
    )


def gaussian_pictures_are_evenly_complex() -> Claim:
    def between(name, kind):
        return _contrast(_pictures(name)[kind]).mean(1).numpy()

    return Claim(
        sentence="정규분포에서 뽑은 그림은 여러 장 사이에서 재구성보다 훨씬 고르게 복잡합니다.",
        section="공분산까지 맞추어도 덩어리인 까닭",
        quantity="그림마다의 대비가 흩어진 정도, 정규분포 ÷ 재구성",
        unit="배",
        control="평균과 공분산이 복잡함의 흩어짐까지 정한다면 1배입니다.",
        expects=below(0.5),
        estimates=[
            over_images(
                name,
                between(name, "정규분포"),
                between(name, "재구성"),
                statistic=_ratio_of_spreads,
            )
            for name in each_model()
        ],
    )


def gaussian_pictures_are_even_within() -> Claim:
    def inside(name, kind):
        return _contrast(_pictures(name)[kind]).std(1).numpy()

    return Claim(
        sentence="정규분포에서 뽑은 그림은 한 장 안에서도 재구성보다 고르게 복잡합니다.",
        section="공분산까지 맞추어도 덩어리인 까닭",
        quantity="한 장 안의 조각마다 대비가 흩어진 정도, 정규분포 ÷ 재구성",
        unit="배",
        control="둘씩 짝지은 상관이 무늬의 자리까지 정한다면 1배입니다.",
        expects=below(0.75),
        estimates=[
            over_images(name, inside(name, "정규분포"), inside(name, "재구성"), statistic=_ratio)
            for name in each_model()
        ],
    )


@cache
def _mahalanobis(name: str) -> tuple[np.ndarray, np.ndarray]:
    """마할라노비스 거리의 제곱: 시험 사진의 것과, 맞춘 정규분포의 표본의 것."""
    fitted, test = _codes(name)
    root = torch.linalg.cholesky(torch.cov(fitted.T).double())
    moved = (test - fitted.mean(0)).double().T
    squared = torch.linalg.solve_triangular(root, moved, upper=False).square().sum(0)
    return squared.numpy(), _noise(len(test), fitted.shape[1]).square().sum(1).numpy()


def _relative_width(a, b, axis=-1):
    def width(values):
        low, middle, high = np.quantile(values, (0.05, 0.5, 0.95), axis=axis)
        return (high - low) / middle

    return width(a) / width(b)


def real_codes_spread_over_many_shells() -> Claim:
    return Claim(
        sentence="진짜 잠재 벡터의 마할라노비스 거리는 정규분포의 표본보다 훨씬 넓게 퍼져 있습니다.",
        section="공분산까지 맞추어도 덩어리인 까닭",
        quantity="거리의 제곱이 5 %에서 95 %까지 퍼진 폭 ÷ 중앙값, 시험 사진 ÷ 정규분포",
        unit="배",
        control="잠재 벡터가 정규분포라면 1배입니다.",
        expects=above(2),
        estimates=[
            over_images(name, *_mahalanobis(name), statistic=_relative_width)
            for name in each_model()
        ],
    )


def _rank_correlation(a, b, axis=-1):
    ranks = [stats.rankdata(each, axis=axis) for each in (a, b)]
    moved = [each - each.mean(axis, keepdims=True) for each in ranks]
    return (moved[0] * moved[1]).mean(axis) / (ranks[0].std(axis) * ranks[1].std(axis))


def complex_photos_lie_outside() -> Claim:
    energy = _high(_photos("test", 1000))
    return Claim(
        sentence="구름의 한가운데에는 매끈한 사진이, 바깥에는 복잡한 사진이 있습니다.",
        section="공분산까지 맞추어도 덩어리인 까닭",
        quantity="마할라노비스 거리와 사진의 고주파 에너지의 순위상관",
        unit="",
        control="거리가 복잡함과 상관없다면 0입니다.",
        expects=above(0.5),
        estimates=[
            over_images(name, _mahalanobis(name)[0], energy, statistic=_rank_correlation)
            for name in each_model()
        ],
    )


def mixture_closes_part_of_the_gap() -> Claim:
    estimates = []
    for name in (each for each in each_model() if each.endswith(" 256")):
        fitted, _ = _codes(name)
        centre, (values, directions) = fitted.mean(0), torch.linalg.eigh(torch.cov(fitted.T))
        values, directions = values.flip(0), directions.flip(1)

        def between(images):
            return float(_contrast(images).mean(1).std())

        one, real = (between(_pictures(name)[kind]) for kind in ("정규분포", "재구성"))
        closed = []
        for seed in range(5):
            generator = torch.Generator().manual_seed(seed)
            scores = (fitted - centre) @ directions[:, :64]
            head = LatentMixture.fit(scores, 5, seed=seed).sample(500, generator=generator)
            tail = torch.randn(500, 192, generator=generator) * values[64:].sqrt()
            codes = centre + torch.cat([head, tail], 1) @ directions.T
            mixed = between(predict(each_model()[name].decoder, codes))
            closed.append(100 * (mixed - one) / (real - one))
        estimates.append(over_seeds(name, closed))
    return Claim(
        sentence="혼합 정규분포는 복잡함의 흩어짐에서 모자란 것의 일부만 메웁니다.",
        section="더 깊이: 혼합 정규분포",
        quantity="여러 장 사이의 흩어짐에서 메운 몫(성분 다섯, EM의 시드마다)",
        unit="%",
        control="아무것도 메우지 못하면 0 %, 다 메우면 100 %입니다.",
        expects=Expected(5, 50),
        estimates=estimates,
    )


# 프레셰 거리


def _frechet(a: Tensor, b: Tensor) -> float:
    a, b = a.double(), b.double()
    spread_a, spread_b = torch.cov(a.T), torch.cov(b.T)
    values, vectors = torch.linalg.eigh(spread_a)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T
    shared = torch.linalg.eigvalsh(root @ spread_b @ root).clamp(min=0).sqrt().sum()
    moved = (a.mean(0) - b.mean(0)).square().sum()
    return float(moved + spread_a.trace() + spread_b.trace() - 2 * shared)


@cache
def _features(name: str) -> tuple[Tensor, Tensor]:
    """64차원 인코더로 본 시험 사진 8000장과, 256차원 모델의 덩어리 4000장."""
    models = weight_sets()[name]
    gaussian = LatentGaussian.fit(_codes(f"{name} 256")[0])
    codes = gaussian.sample(4000, generator=torch.Generator().manual_seed(1))
    blobs = predict(models[64].encoder, predict(models[256].decoder, codes).clamp(-1, 1))
    return predict(models[64].encoder, _photos("test", 8000)), blobs


def _excess(name: str, count: int) -> list[float]:
    """덩어리의 거리 ÷ 사진의 거리, 표본을 다시 나누며 다섯 번. 기준도 같은 장수의 사진입니다."""
    photos, blobs = _features(name)
    found = []
    for seed in range(5):
        generator = torch.Generator().manual_seed(seed)
        order = torch.randperm(8000, generator=generator)
        reference, others = photos[order[:count]], photos[order[count : 2 * count]]
        drawn = blobs[torch.randperm(4000, generator=generator)[:count]]
        found.append(_frechet(drawn, reference) / _frechet(others, reference))
    return found


def more_pictures_show_the_blobs() -> Claim:
    return Claim(
        sentence="4000장으로 재면 64차원 인코더의 프레셰 거리도 덩어리를 사진과 가려냅니다.",
        section="수 하나로 평가하기: 프레셰 거리",
        quantity="덩어리의 프레셰 거리 ÷ 진짜 사진의 프레셰 거리(같은 장수, 다시 나누며)",
        unit="배",
        control="특징이 덩어리를 못 본다면 장수를 늘려도 1배입니다. 천 장에서는 치우침이 둘을 거의 같게 합니다.",
        expects=above(1.5),
        estimates=[
            over_seeds(f"{name}, 4000장", _excess(name, 4000), "나누기") for name in weight_sets()
        ],
        controls=[
            over_seeds(f"{name}, 1000장", _excess(name, 1000), "나누기") for name in weight_sets()
        ],
    )


def the_same_features_tell_blobs_apart() -> Claim:
    def hits(name, blobs):
        photos = _features(name)[0]
        centre, inverse = photos[4000:].mean(0), torch.linalg.inv(torch.cov(photos[4000:].T))

        def unusual(some):
            moved = some - centre
            return ((moved @ inverse * moved).sum(1).log() - unusual.middle).abs()

        unusual.middle = 0.0
        unusual.middle = float(unusual(photos[4000:]).median())
        # 중앙값에서 먼 쪽을 사진이라고 합니다. 문턱은 앞의 1000장씩에서 고릅니다.
        real, drawn = unusual(photos[:2000]), unusual(blobs[:2000])
        places = torch.cat([real[:1000], drawn[:1000]]).quantile(torch.linspace(0.02, 0.98, 49))
        best = max(places, key=lambda t: float((real[:1000] > t).sum() + (drawn[:1000] <= t).sum()))
        right = torch.cat([real[1000:] > best, drawn[1000:] <= best])
        return 100 * right.double().numpy()

    return Claim(
        sentence="같은 특징에서도 마할라노비스 거리 하나를 보면 덩어리와 사진이 갈립니다.",
        section="수 하나로 평가하기: 프레셰 거리",
        quantity="거리가 중앙값에서 먼 쪽을 사진이라 하여 맞힌 비율(문턱은 다른 그림에서 고름)",
        unit="%",
        control="특징이 덩어리를 못 본다면 50 %입니다. 덩어리 대신 다른 사진을 넣어 봅니다.",
        expects=above(60),
        estimates=[over_images(name, hits(name, _features(name)[1])) for name in weight_sets()],
        controls=[
            over_images(f"{name}, 다른 사진", hits(name, _features(name)[0][2000:4000]))
            for name in weight_sets()
        ],
    )


def samples_are_no_nearer_to_training_photos() -> Claim:
    train = _photos("train", 3000).flatten(1)

    def nearest(images):
        return torch.cdist(images.flatten(1), train).min(1).values.numpy()

    test = nearest(_photos("test", 500))

    def shrink(name, kind):
        return nearest(_pictures(name)[kind]) / np.median(test)

    copies = {
        name: nearest(predict(model.decoder, _codes(name)[0][:500])) / np.median(test)
        for name, model in each_model().items()
        if name.endswith(" 256")
    }
    return Claim(
        sentence="정규분포에서 뽑은 그림은 학습 사진을 베낀 것이 아닙니다.",
        section="학습 사진을 베꼈는가",
        quantity="가장 가까운 학습 사진까지의 거리의 중앙값 ÷ 시험 사진의 그 거리",
        unit="배",
        control="베꼈다면 학습 사진의 재구성처럼 몇 분의 일이 됩니다.",
        expects=above(0.8),
        estimates=[
            over_images(name, shrink(name, "정규분포"), statistic=np.median) for name in copies
        ],
        controls=[
            over_images(f"{name}, 학습 사진의 재구성", found, statistic=np.median)
            for name, found in copies.items()
        ],
    )


# 보간


@cache
def _middles(name: str) -> dict[str, Tensor]:
    """300쌍의 가운데: 두 끝의 재구성, 겹친 것, 선형 보간, 구면 보간."""
    codes, decoder = _codes(name)[1], each_model()[name].decoder
    pairs = list(zip(codes[:300], codes[300:600], strict=True))
    first, last = (predict(decoder, torch.stack(side)) for side in zip(*pairs, strict=True))
    arc = torch.stack([interpolate_spherical(a, b, 3)[1] for a, b in pairs])
    return {
        "처음": first,
        "끝": last,
        "겹침": (first + last) / 2,
        "선형": predict(decoder, (codes[:300] + codes[300:600]) / 2),
        "구면": predict(decoder, arc),
    }


def linear_interpolation_is_nearly_a_cross_fade() -> Claim:
    def apart(name, kind):
        some = _middles(name)
        whole = (some["끝"] - some["처음"]).flatten(1).norm(dim=1)
        return ((some[kind] - some["겹침"]).flatten(1).norm(dim=1) / whole).numpy()

    return Claim(
        sentence="선형 보간의 가운데 그림은 픽셀을 겹친 것과 거의 같습니다.",
        section="두 사진 사이를 걷기: 보간",
        quantity="가운데에서 겹친 그림과의 거리 ÷ 두 끝 그림 사이의 거리",
        unit="",
        control="잠재공간의 길이 픽셀의 길과 다르다면 커집니다. 구면 보간도 같은 자로 잽니다.",
        expects=below(0.15),
        estimates=[over_images(name, apart(name, "선형"), unit="쌍") for name in each_model()],
        controls=[
            over_images(f"{name}, 구면", apart(name, "구면"), unit="쌍") for name in each_model()
        ],
    )


def spherical_interpolation_keeps_the_energy() -> Claim:
    def kept(name, kind):
        some = _middles(name)
        return _high(some[kind]), (_high(some["처음"]) + _high(some["끝"])) / 2

    return Claim(
        sentence="구면 보간은 가운데에서도 고주파 에너지를 지킵니다.",
        section="두 사진 사이를 걷기: 보간",
        quantity="가운데의 고주파 에너지 ÷ 두 끝의 평균",
        unit="배",
        control="선형 보간처럼 가운데에서 반 넘게 잃을 수 있습니다.",
        expects=above(0.9),
        estimates=[
            over_images(name, *kept(name, "구면"), statistic=_ratio, unit="쌍")
            for name in each_model()
        ],
        controls=[
            over_images(f"{name}, 선형", *kept(name, "선형"), statistic=_ratio, unit="쌍")
            for name in each_model()
        ],
    )


def spherical_interpolation_still_overlays_two_things() -> Claim:
    def likeness(name, shift):
        some = _middles(name)
        pair = [some["구면"].flatten(1), some["겹침"].roll(shift, 0).flatten(1)]
        a, b = (each - each.mean(1, keepdim=True) for each in pair)
        return F.cosine_similarity(a, b).numpy()

    return Claim(
        sentence="구면 보간의 가운데 그림도 두 그림을 겹친 것에 가깝습니다.",
        section="두 사진 사이를 걷기: 보간",
        quantity="가운데 그림과 겹친 그림의 상관계수",
        unit="",
        control="한 물체가 다른 물체로 변한다면 낮습니다. 다른 쌍을 겹친 그림과도 잽니다.",
        expects=above(0.8),
        estimates=[over_images(name, likeness(name, 0), unit="쌍") for name in each_model()],
        controls=[
            over_images(f"{name}, 다른 쌍", likeness(name, 1), unit="쌍") for name in each_model()
        ],
    )


# VAE: 고리 위의 점. 시드 여덟을 첫 축에 놓고 한꺼번에 학습합니다.

RINGS = 8


def _ring(count: int, generator: torch.Generator) -> Tensor:
    angle = 2 * torch.pi * torch.rand(RINGS, count, generator=generator)
    radius = 1 + 0.08 * torch.randn(RINGS, count, generator=generator)
    return torch.stack([angle.cos(), angle.sin()], -1) * radius[..., None]


class _Layers(torch.nn.Module):
    def __init__(self, sizes, generator):
        super().__init__()
        pairs = list(zip(sizes, sizes[1:], strict=False))
        self.weights = torch.nn.ParameterList(
            (torch.rand(RINGS, a, b, generator=generator) * 2 - 1) * (6 / (a + b)) ** 0.5
            for a, b in pairs
        )
        self.biases = torch.nn.ParameterList(torch.zeros(RINGS, 1, b) for _, b in pairs)

    def forward(self, x):
        for number, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = torch.baddbmm(bias, x.tanh() if number else x, weight)
        return x


@cache
def _ring_models(kl_weight: float) -> dict[str, Tensor]:
    """자료, h, 재구성, N(0, I)에서 뽑은 표본과 디코더. 모두 (시드, 점, 2)."""
    generator = torch.Generator().manual_seed(0)
    ring = _ring(2000, generator)
    encoder, decoder = _Layers((2, 32, 32, 4), generator), _Layers((2, 32, 32, 2), generator)
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=5e-3)

    def forward(x):
        m, log_variance = encoder(x).chunk(2, -1)
        noise = torch.randn(m.shape, generator=generator)
        h = m + (log_variance / 2).exp() * noise
        return decoder(h), m, log_variance, h

    for step in range(1000):
        optimizer.param_groups[0]["lr"] = 5e-3 * (1 - step / 1000)
        x = ring[:, torch.randint(2000, (200,), generator=generator)]
        restored, m, log_variance, _ = forward(x)
        kl = 0.5 * (m.square() + log_variance.exp() - 1 - log_variance).sum(-1)
        loss = (restored - x).square().sum(-1) / 0.04 + kl_weight * kl
        optimizer.zero_grad()
        loss.mean(1).sum().backward()
        optimizer.step()
    with torch.no_grad():
        restored, _, _, h = forward(ring)
        noise = torch.randn(RINGS, 2000, 2, generator=generator)
        drawn = decoder(noise)
    return {"자료": ring, "재구성": restored, "h": h, "표본": drawn, "디코더": decoder}


def _on_ring(points: Tensor) -> np.ndarray:
    """시드마다, 고리 위(반지름이 1에서 0.25 안)에 떨어진 점의 비율(%)."""
    return 100 * ((points.norm(dim=-1) - 1).abs() < 0.25).double().mean(1).numpy()


@cache
def _fitted(components: int, on: str) -> np.ndarray:
    """KL 없는 오토인코더의 h나 자료 자체에 나중에 맞춘 혼합 정규분포의 표본이 고리 위에 떨어진 비율."""
    found = _ring_models(0.0)
    drawn = torch.stack(
        [
            LatentMixture.fit(some, components, seed=seed).sample(
                2000, generator=torch.Generator().manual_seed(seed)
            )
            for seed, some in enumerate(found[on])
        ]
    )
    with torch.no_grad():
        return _on_ring(found["디코더"](drawn) if on == "h" else drawn)


def kl_tells_where_to_draw_from() -> Claim:
    plain, vae = (_on_ring(_ring_models(weight)["표본"]) for weight in (0.0, 1.0))
    return Claim(
        sentence="표준정규분포에서 뽑으면 KL을 더한 쪽의 표본이 고리를 훨씬 많이 닮습니다.",
        section="VAE가 바꾸는 것",
        quantity="고리 위에 떨어진 표본, KL 있음 − KL 없음(같은 시드)",
        unit="%p",
        control="KL이 아니라 구조나 자료의 덕이라면 0입니다. 나머지는 모두 같습니다.",
        expects=above(20),
        estimates=[over_seeds("고리", vae - plain)],
    )


def a_mixture_fitted_afterwards_beats_the_ring_vae() -> Claim:
    vae = _on_ring(_ring_models(1.0)["표본"])
    return Claim(
        sentence="보통의 오토인코더에 나중에 성분 여덟의 혼합 정규분포를 맞추면 고리에서는 VAE보다 낫습니다.",
        section="더 깊이: VAE와 나중에 맞춘 분포",
        quantity="고리 위에 떨어진 표본, 나중에 맞춘 분포 − VAE(같은 시드)",
        unit="%p",
        control="VAE만 할 수 있는 일이라면 음수입니다. 같은 h에 정규분포 하나를 맞춘 것도 잽니다.",
        expects=above(5),
        estimates=[
            over_seeds("h에 맞춘 혼합", _fitted(8, "h") - vae),
            over_seeds("자료에 바로 맞춘 혼합", _fitted(8, "자료") - vae),
        ],
        controls=[over_seeds("h에 맞춘 정규분포 하나", _fitted(1, "h") - vae)],
    )


def kl_costs_reconstruction() -> Claim:
    def left(weight):
        found = _ring_models(weight)
        lost = (found["재구성"] - found["자료"]).square().sum(-1).mean(1)
        return 100 * (lost / found["자료"].var(1).sum(-1)).numpy()

    return Claim(
        sentence="KL을 더하면 재구성의 오차가 커집니다.",
        section="더 깊이: KL의 대가",
        quantity="남은 오차(자료의 분산에 견준 비율), KL 있음 − KL 없음(같은 시드)",
        unit="%p",
        control="KL이 공짜라면 0입니다.",
        expects=above(1),
        estimates=[over_seeds("고리", left(1.0) - left(0.0))],
    )


def _thickness(points: Tensor) -> np.ndarray:
    return points.norm(dim=-1).std(1).numpy()


def vae_reconstructions_are_thinner_than_the_data() -> Claim:
    found = _ring_models(1.0)
    return Claim(
        sentence="VAE의 재구성은 자료의 고리보다 가늘지만, 새로 뽑은 표본은 그렇지 않습니다.",
        section="더 깊이: KL의 대가",
        quantity="반지름의 표준편차, VAE − 자료(같은 시드)",
        unit="",
        control="표본까지 가늘다면 고리가 가늘어진 것입니다. 표본은 안쪽에 떨어진 점 때문에 오히려 두껍습니다.",
        expects=below(0),
        estimates=[over_seeds("재구성", _thickness(found["재구성"]) - _thickness(found["자료"]))],
        controls=[over_seeds("표본", _thickness(found["표본"]) - _thickness(found["자료"]))],
    )
