"""2장 《전치 합성곱》의 주장."""

from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

import aelab
from aelab.inference import predict
from claims.claim import Claim, above, below, exhaustive, over_images, over_seeds, within
from claims.weights import each_model, weight_sets

LEVELS = 127.5  # [-1, 1]의 값 1은 256단계 가운데 127.5단계
STEPS = {"4→8": 0, "8→16": 4, "16→32": 8}  # 전치 합성곱의 자리
DOUBLING = {"stride": 2, "padding": 1, "output_padding": 1}
TENT = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]])
BLOCK = torch.tensor([[0.0, 0, 0], [0, 1, 1], [0, 1, 1]])


@cache
def _images() -> Tensor:
    return aelab.load_images("cifar10", "test")[:1000]


@cache
def _restored(name: str) -> Tensor:
    return predict(each_model()[name], _images())


def _settings():
    return [
        (n, k, s, p, o)
        for n in range(3, 8)
        for k in range(2, 6)
        for s in (1, 2, 3)
        for p in (0, 1)
        for o in range(s)
    ]


def transposed_convolution_is_the_backward_pass() -> Claim:
    generator = torch.Generator().manual_seed(0)
    differences = []
    for n, k, s, p, o in _settings():
        kernel = torch.randn(1, 1, k, k, generator=generator)
        g = torch.randn(1, 1, n, n, generator=generator)
        grown = F.conv_transpose2d(g, kernel, None, s, p, o)
        x = torch.zeros_like(grown).requires_grad_()
        (back,) = torch.autograd.grad(F.conv2d(x, kernel, None, s, p), x, grad_outputs=g)
        differences.append(float((back - grown).abs().max()))
    return Claim(
        sentence="전치 합성곱은 합성곱의 역전파와 같은 연산입니다.",
        section="합성곱은 행렬 하나입니다",
        quantity="두 결과의 차이의 최댓값",
        unit="",
        control="커널을 돌리지 않고 빌려 쓴 보통 합성곱이라면 크기부터 다릅니다.",
        expects=below(1e-4),
        estimates=[exhaustive("n, k, s, p, o의 조합", differences, "설정")],
    )


def size_formula_of_transposed_convolution() -> Claim:
    differences = [
        (n - 1) * s
        - 2 * p
        + k
        + o
        - F.conv_transpose2d(torch.zeros(1, 1, n, n), torch.zeros(1, 1, k, k), None, s, p, o).shape[
            -1
        ]
        for n, k, s, p, o in _settings()
    ]
    return Claim(
        sentence="전치 합성곱의 출력 한 변은 (n − 1)s − 2p + k + o입니다.",
        section="출력은 왜 커지는가",
        quantity="공식 − 실제 출력의 한 변",
        unit="칸",
        control="걸음을 n번으로 세거나 출력 채움을 빠뜨리면 0이 아닌 설정이 나옵니다.",
        expects=within(0.5),
        estimates=[exhaustive("n, k, s, p, o의 조합", differences, "설정")],
    )


def transpose_is_not_the_inverse() -> Claim:
    smoothing = torch.tensor([1.0, 2, 1])
    smoothing = (smoothing[:, None] * smoothing / 16)[None, None]
    units = torch.eye(1024).reshape(-1, 1, 32, 32)
    matrix = F.conv2d(units, smoothing, stride=2, padding=1).flatten(1).T
    photos = _images()[:500].mean(1).flatten(1)
    small = photos @ matrix.T
    back = small @ matrix
    back = back * (photos * back).sum(1, keepdim=True) / back.square().sum(1, keepdim=True)
    best = small @ torch.linalg.pinv(matrix).T
    error = {
        name: (100 * (each - photos).square().sum(1) / photos.square().sum(1)).numpy()
        for name, each in {"전치": back, "의사역행렬": best}.items()
    }
    return Claim(
        sentence="전치는 역연산이 아니고, 의사역행렬도 잃은 세부는 되살리지 못합니다.",
        section="전치는 역행렬이 아닙니다",
        quantity="상대 오차",
        unit="%",
        control="전치가 역연산이라면 0이고, 줄이는 합성곱이 정보를 잃지 않는다면 의사역행렬이 0입니다.",
        expects=above(1),
        estimates=[
            over_images("의사역행렬", error["의사역행렬"]),
            over_images("전치", error["전치"]),
            over_images("전치 − 의사역행렬(같은 이미지)", error["전치"] - error["의사역행렬"]),
        ],
    )


def output_padding_reveals_what_was_stamped() -> Claim:
    generator = torch.Generator().manual_seed(0)
    differences = []
    for n, k, s, p, o in _settings():
        if 0 < o <= p:
            kernel = torch.randn(1, 1, k, k, generator=generator)
            x = torch.randn(1, 1, n, n, generator=generator)
            full = F.conv_transpose2d(x, kernel, None, s)
            kept = full[..., p : full.shape[-1] - p + o, p : full.shape[-1] - p + o]
            grown = F.conv_transpose2d(x, kernel, None, s, p, o)
            differences.append(float((grown - kept).abs().max()))
    return Claim(
        sentence="출력 채움은 0을 두르는 것이 아니라 판을 덜 잘라 냅니다(채움을 넘지 않을 때).",
        section="출력 채움이 하는 일과 하지 않는 일",
        quantity="덜 자른 판과의 차이의 최댓값",
        unit="",
        control="0을 두른다면 늘어난 줄에서 도장의 값만큼 차이가 납니다.",
        expects=below(1e-4),
        estimates=[exhaustive("n, k, s, p, o의 조합", differences, "설정")],
    )


# 체스판 무늬


def _positions(y: Tensor, period: int = 2) -> Tensor:
    """자리별 평균: (…, h, w) → (…, period²)."""
    places = [(i, j) for i in range(period) for j in range(period)]
    return torch.stack([y[..., i::period, j::period].mean((-2, -1)) for i, j in places], -1)


def _pattern_share(y: Tensor) -> float:
    means = _positions(y[..., 4:-4, 4:-4])
    return float(100 * means.var(-1, correction=0).mean() / means.square().mean())


def _grow(x: Tensor, method: str, seed: int) -> Tensor:
    """난수 가중치의 층으로 두 배로 키웁니다."""
    channels = x.shape[1]
    size = {"커널 3": 3, "커널 4": 4}.get(method, 3)
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(channels, channels, size, size, generator=generator)
    if method == "커널 3":
        return F.conv_transpose2d(x, weight, **DOUBLING)
    if method == "커널 4":
        return F.conv_transpose2d(x, weight, stride=2, padding=1)
    mode = {"복사해": "nearest", "보간해": "bilinear"}[method[:3]]
    options = {} if mode == "nearest" else {"align_corners": False}
    return F.conv2d(F.interpolate(x, scale_factor=2, mode=mode, **options), weight, padding=1)


def _constant(seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(1000 + seed)
    return torch.randn(1, 64, 1, 1, generator=generator).relu().expand(-1, -1, 12, 12)


def kernel_four_does_not_remove_the_pattern() -> Claim:
    gaps = [
        _pattern_share(_grow(_constant(s), "커널 4", s))
        - _pattern_share(_grow(_constant(s), "커널 3", s))
        for s in range(100)
    ]
    return Claim(
        sentence="난수 커널에서는 커널을 3에서 4로 바꾸어도 무늬의 비중이 그대로입니다.",
        section="더 깊이: 커널을 4로 바꾸면 사라지는가",
        quantity="무늬의 비중, 커널 4 − 커널 3(같은 입력끼리)",
        unit="%p",
        control="고르지 않은 겹침이 무늬의 주된 까닭이라면 크게 줄어듭니다. 모두 1인 커널에서는 정말 사라집니다(다음 줄).",
        expects=within(3),
        estimates=[over_seeds("난수 커널", gaps)],
    )


def kernel_four_removes_the_uneven_overlap() -> Claim:
    ones = torch.ones(1, 1, 12, 12)
    three = _pattern_share(F.conv_transpose2d(ones, torch.ones(1, 1, 3, 3), **DOUBLING))
    four = _pattern_share(F.conv_transpose2d(ones, torch.ones(1, 1, 4, 4), stride=2, padding=1))
    return Claim(
        sentence="고르지 않은 겹침은 커널 3에 있고 커널 4에는 없습니다.",
        section="더 깊이: 무늬를 재는 법",
        quantity="모두 1인 커널에서 무늬의 비중, 커널 3 − 커널 4",
        unit="%p",
        control="겹침이 무늬를 만들지 않는다면 0입니다.",
        expects=above(15),
        estimates=[exhaustive("모두 1인 커널", [three - four], "설정")],
    )


def resized_convolution_is_clean_on_constant_input() -> Claim:
    methods = ("복사해 키운 뒤 합성곱", "보간해 키운 뒤 합성곱")
    return Claim(
        sentence="확대한 뒤 합성곱하면 모든 칸이 같은 입력에서는 무늬가 없습니다.",
        section="더 깊이: 커널을 4로 바꾸면 사라지는가",
        quantity="무늬의 비중",
        unit="%",
        control="같은 입력에서 난수 커널의 전치 합성곱은 넷 가운데 셋이 무늬입니다.",
        expects=below(0.01),
        estimates=[
            over_seeds(name, [_pattern_share(_grow(_constant(s), name, s)) for s in range(20)])
            for name in methods
        ],
    )


def _ramp_pattern(method: str, seed: int) -> float:
    """한 방향으로 고르게 밝아지는 입력을 키운 출력에서, 비탈을 뺀 두 칸 주기의 무늬 ÷ 한 칸의 기울기."""
    ramp = torch.arange(16.0).expand(1, 1, 16, 16)
    y = _grow(ramp, method, seed)[0, 0, 8:-8, 8:-8].mean(0)  # 행마다 같으므로 열만 봅니다.
    slope = (y[2:] - y[:-2]).mean() / 2  # 두 칸 간격의 차에는 두 칸 주기가 없습니다.
    rest = y - slope * torch.arange(len(y))
    return float((rest[::2].mean() - rest[1::2].mean()).abs() / 2 / slope.abs())


def copying_leaves_a_pattern_on_a_ramp() -> Claim:
    gaps = [
        _ramp_pattern("복사해 키운 뒤 합성곱", s) - _ramp_pattern("보간해 키운 뒤 합성곱", s)
        for s in range(50)
    ]
    return Claim(
        sentence="복사해 키운 뒤 합성곱하면 비탈에서 두 칸 주기의 무늬가 생기고, 보간해 키우면 생기지 않습니다.",
        section="더 깊이: 커널을 4로 바꾸면 사라지는가",
        quantity="무늬의 진폭 ÷ 한 칸의 기울기의 중앙값, 복사 − 보간(같은 커널끼리)",
        unit="배",
        control="확대한 뒤의 합성곱에 무늬가 없다는 말이 모든 입력에서 맞다면 0입니다.",
        expects=above(0.05),
        estimates=[over_images("난수 커널", np.array(gaps), statistic=np.median, unit="시드")],
    )


# 학습한 디코더


def _responses(weight: Tensor) -> Tensor:
    channels = torch.eye(len(weight))[:, :, None, None].expand(-1, -1, 12, 12)
    return F.conv_transpose2d(channels, weight, **DOUBLING)


def _gain(model: aelab.Autoencoder, step: str) -> float:
    """네 번 닿는 위치의 세기 ÷ 한 번 닿는 위치의 세기."""
    with torch.no_grad():
        y = _responses(model.decoder.net[STEPS[step]].weight)[..., 4:-4, 4:-4]
    strength = _positions(y).square().mean((0, 1)).sqrt()
    return float(strength[3] / strength[0])


def _untrained(seed: int) -> aelab.Autoencoder:
    return aelab.Autoencoder(256, generator=torch.Generator().manual_seed(seed))


def last_layer_evens_out_the_overlap() -> Claim:
    return Claim(
        sentence="학습한 디코더의 마지막 전치 합성곱은 겹침의 차이를 거의 메웁니다.",
        section="더 깊이: 학습한 디코더에도 무늬가 남았는가",
        quantity="네 번 닿는 위치의 세기 ÷ 한 번 닿는 위치의 세기(16→32, 네 잠재 차원)",
        unit="배",
        control="겹침만 따르면 2배입니다. 학습 전의 디코더 스무 개가 그렇습니다.",
        expects=within(0.3, 1),
        estimates=[
            exhaustive(name, [_gain(model, "16→32") for model in models.values()], "모델")
            for name, models in weight_sets().items()
        ],
        controls=[over_seeds("학습 전", [_gain(_untrained(s), "16→32") for s in range(20)])],
    )


def smaller_codes_leave_a_larger_gain_in_the_middle() -> Claim:
    return Claim(
        sentence="앞의 두 층에서는 64차원 디코더의 비가 384차원보다 큽니다.",
        section="더 깊이: 학습한 디코더에도 무늬가 남았는가",
        quantity="네 번 닿는 위치 ÷ 한 번 닿는 위치, 64차원 − 384차원",
        unit="배",
        control="잠재 차원이 상관없다면 가중치의 모음에 따라 부호가 갈립니다.",
        expects=above(0),
        estimates=[
            exhaustive(f"{name}, {step}", [_gain(m[64], step) - _gain(m[384], step)], "모델의 짝")
            for name, m in weight_sets().items()
            for step in ("4→8", "8→16")
        ],
    )


def _kernel(model: aelab.Autoencoder) -> Tensor:
    return model.decoder.net[STEPS["16→32"]].weight.detach().square().mean((0, 1)).sqrt()


def learned_kernel_is_a_block_not_a_tent() -> Claim:
    def correlation(kernel, shape):
        return float(torch.corrcoef(torch.stack([kernel.flatten(), shape.flatten()]))[0, 1])

    gaps = [
        correlation(_kernel(model), BLOCK) - correlation(_kernel(model), TENT)
        for model in each_model().values()
    ]
    return Claim(
        sentence="학습한 마지막 커널은 천막이 아니라 오른쪽 아래의 2×2 블록을 닮았습니다.",
        section="더 깊이: 학습한 디코더에도 무늬가 남았는가",
        quantity="커널의 크기와의 상관계수, 2×2 블록 − 천막",
        unit="",
        control="겹침을 천막처럼 나누어 메웠다면 음수입니다.",
        expects=above(0.05),
        estimates=[over_seeds("모든 모음과 잠재 차원", gaps, "가중치")],
    )


def _pattern(images: Tensor) -> np.ndarray:
    """이미지마다 두 칸 주기의 무늬의 크기(단계): 자리별 평균의 표준편차를 채널에서 제곱평균합니다."""
    spread = _positions(images).var(-1, correction=0).mean(1).sqrt()
    return (LEVELS * spread).numpy()


def _planted(images: Tensor, levels: float) -> Tensor:
    """이미지마다 부호가 제멋대로인 체스판을 심습니다."""
    grid = torch.tensor([[1.0, -1], [-1, 1]]).repeat(16, 16)
    generator = torch.Generator().manual_seed(0)
    sign = torch.randint(2, (len(images), 1, 1, 1), generator=generator) * 2 - 1
    return images + sign * grid * levels / LEVELS


def photos_show_less_pattern_than_the_originals() -> Claim:
    own = _pattern(_images())
    planted = {
        name: over_images(f"{name}, 1단계를 심음", _pattern(_planted(_restored(name), 1)) - own)
        for name in each_model()
    }
    return Claim(
        sentence="사진의 재구성에 있는 두 칸 주기의 무늬는 원본에 본디 있는 것보다 작습니다.",
        section="더 깊이: 학습한 디코더에도 무늬가 남았는가",
        quantity="이미지마다 잰 무늬의 크기, 재구성 − 원본",
        unit="단계",
        control="디코더가 무늬를 보탠다면 양수입니다. 재구성에 1단계의 체스판을 심어(부호는 이미지마다 제멋대로) 자가 눈멀지 않았는지 함께 봅니다.",
        expects=below(0),
        estimates=[over_images(name, _pattern(_restored(name)) - own) for name in each_model()],
        controls=[each for name, each in planted.items() if name.startswith("배포")],
    )


@cache
def _flat(name: str) -> Tensor:
    colors = torch.rand(100, 3, 1, 1, generator=torch.Generator().manual_seed(1)) * 2 - 1
    return predict(each_model()[name], colors.expand(-1, -1, 32, 32))


def flat_images_keep_a_trace() -> Claim:
    return Claim(
        sentence="단색 이미지의 재구성에는 두 칸 주기의 무늬가 남아 있습니다.",
        section="더 깊이: 학습한 디코더에도 무늬가 남았는가",
        quantity="두 칸 주기의 무늬의 크기(입력은 0)",
        unit="단계",
        control="무늬가 모두 사라졌다면 입력처럼 0입니다.",
        expects=above(0.2),
        estimates=[over_images(name, _pattern(_flat(name)), unit="색") for name in each_model()],
    )


def coarser_patterns_are_larger_on_flat_images() -> Claim:
    def size(name, period):
        spread = _positions(_flat(name), period).var(-1, correction=0).mean(1).sqrt()
        return LEVELS * spread

    return Claim(
        sentence="단색 이미지에 남은 네 칸 주기의 무늬는 두 칸 주기의 것보다 큽니다.",
        section="더 깊이: 학습한 디코더에도 무늬가 남았는가",
        quantity="무늬의 크기, 네 칸 주기 − 두 칸 주기(같은 색끼리)",
        unit="단계",
        control="네 칸의 자리에는 두 칸의 무늬도 들어 있으므로 조금 큰 것은 당연합니다. 그래서 문턱을 0.2단계로 둡니다.",
        expects=above(0.2),
        estimates=[
            over_images(name, (size(name, 4) - size(name, 2)).numpy(), unit="색")
            for name in each_model()
        ],
    )


def tanh_is_needed_for_half_of_the_values() -> Claim:
    dark = 100 * (_images() < 0).float().mean((1, 2, 3)).numpy()
    return Claim(
        sentence="[-1, 1]의 이미지에서 값의 절반쯤은 ReLU나 sigmoid가 낼 수 없는 음수입니다.",
        section="왜 tanh로 끝나는가",
        quantity="0보다 작은 값의 비율",
        unit="%",
        control="사진이 대체로 밝다면 절반에 훨씬 못 미칩니다.",
        expects=above(50),
        estimates=[over_images("시험 이미지", dark)],
    )
