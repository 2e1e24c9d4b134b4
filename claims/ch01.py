"""1장 《인코더》의 주장."""

import copy
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import aelab
from aelab.inference import predict
from aelab.metrics import squared_error_per_image
from claims.claim import Claim, above, below, exhaustive, over_images, over_seeds, within
from claims.weights import each_model, weight_sets


@cache
def _images(split: str, count: int) -> Tensor:
    return aelab.load_images("cifar10", split)[:count]


def standardized_values_leave_the_range_of_tanh() -> Claim:
    train = aelab.load_images("cifar10", "train").images[:3000].float()
    mean, std = train.mean((0, 2, 3), keepdim=True), train.std((0, 2, 3), keepdim=True)

    def outside(split):
        images = (127.5 * (_images(split, 3000) + 1) - mean) / std
        return 100 * (images.abs() > 1).float().mean((1, 2, 3)).numpy()

    return Claim(
        sentence="표준화한 값은 셋에 하나 넘게 tanh의 범위를 벗어납니다.",
        section="왜 표준화하지 않고 [-1, 1]로 옮기는가",
        quantity="±1 밖에 있는 값의 비율",
        unit="%",
        control="[-1, 1]로 옮긴 값은 하나도 벗어나지 않습니다. 통계를 낸 이미지와 다른 시험 세트에서도 봅니다.",
        expects=above(100 / 3),
        estimates=[
            over_images(f"{name} 세트 3000장", outside(split))
            for name, split in (("학습", "train"), ("시험", "test"))
        ],
    )


def size_formula_of_convolution() -> Claim:
    differences = [
        (n + 2 * p - k) // s + 1 - F.conv2d(torch.zeros(1, 1, n, n), kernel, None, s, p).shape[-1]
        for k in range(1, 6)
        for kernel in [torch.zeros(1, 1, k, k)]
        for n in range(5, 41)
        for s in (1, 2, 3)
        for p in (0, 1, 2)
    ]
    return Claim(
        sentence="합성곱의 출력 한 변은 ⌊(n + 2p − k)/s⌋ + 1입니다.",
        section="출력의 크기",
        quantity="공식 − 실제 출력의 한 변",
        unit="칸",
        control="내림을 올림으로 바꾸면 나누어떨어지지 않는 설정에서 1이 나옵니다.",
        expects=within(0.5),
        estimates=[exhaustive("n, k, s, p의 조합", differences, "설정")],
    )


def linear_layer_holds_most_of_the_encoder() -> Claim:
    def linear_share(size):
        encoder = aelab.Autoencoder(size, generator=torch.Generator()).encoder
        counts = [sum(p.numel() for p in layer.parameters()) for layer in encoder.net]
        return 100 * counts[-1] / sum(counts)

    return Claim(
        sentence="인코더의 매개변수는 절반 넘게 선형층에 있습니다(잠재 차원 128부터).",
        section="매개변수 세기",
        quantity="선형층의 비중",
        unit="%",
        control="합성곱은 잠재 차원을 모르므로, 잠재 차원이 작으면 절반에 못 미칩니다(64).",
        expects=above(50),
        estimates=[
            exhaustive(f"잠재 차원 {size}", [linear_share(size)], "모델")
            for size in (64, 128, 256, 384)
        ],
    )


def _centre_share(encoder: nn.Module) -> np.ndarray:
    """칸 (2, 2)의 기울기 가운데 가운데 13×13이 차지하는 비율(%), 이미지마다."""
    images = _images("test", 64).clone().requires_grad_()
    maps = encoder.net[:10](images)
    (gradient,) = torch.autograd.grad(maps[:, :, 2, 2].sum(), images)
    size = gradient.abs().sum(1)
    return (100 * size[:, 10:23, 10:23].sum((1, 2)) / size.sum((1, 2))).numpy()


def _untrained(seed: int, size: int = 128) -> aelab.Autoencoder:
    return aelab.Autoencoder(size, generator=torch.Generator().manual_seed(seed)).eval()


def centre_of_the_receptive_field_weighs_more() -> Claim:
    return Claim(
        sentence="수용 영역 안에서도 가운데의 픽셀이 더 큰 영향을 줍니다.",
        section="수용 영역",
        quantity="기울기에서 가운데 13×13의 비중(넓이로는 23.18 %)",
        unit="%",
        control="고르게 본다면 넓이의 비율 23.18 %입니다. 학습 전의 인코더도 재어 학습 탓인지 구조 탓인지 봅니다.",
        expects=above(100 * 13**2 / 27**2),
        estimates=[
            *(over_images(name, _centre_share(m.encoder)) for name, m in each_model().items()),
            over_seeds("학습 전", [_centre_share(_untrained(s).encoder).mean() for s in range(10)]),
        ],
    )


def every_pixel_reaches_the_code() -> Claim:
    def reached(encoder, count):
        encoder = copy.deepcopy(encoder).double()
        image = _images("test", count)[-1:].double().requires_grad_()
        code = encoder(image)[0]
        (gradient,) = torch.autograd.grad(code[count], image)
        return int((gradient[0].abs().sum(0) > 0).sum())

    return Claim(
        sentence="잠재 벡터의 값은 모든 픽셀에 닿습니다.",
        section="수용 영역",
        quantity="기울기가 0이 아닌 픽셀의 수(이미지와 값을 바꾸며)",
        unit="픽셀",
        control="4×4 특징 맵의 한 칸은 많아야 27×27픽셀에 닿습니다. 선형층이 칸을 모으지 않는다면 그렇게 나옵니다.",
        expects=above(1023.5),
        estimates=[
            exhaustive(name, [reached(m.encoder, i) for i in range(1, 9)], "값")
            for name, m in each_model().items()
        ],
    )


# 배치 정규화


def _with_batch_norm(encoder: nn.Module) -> nn.Module:
    layers = []
    for layer in encoder.net:
        layers.append(copy.deepcopy(layer))
        if isinstance(layer, nn.Conv2d):
            layers.append(nn.BatchNorm2d(layer.out_channels))
    return nn.Sequential(*layers)


@torch.no_grad()
def _movement(net: nn.Module, seed: int) -> float:
    """(보통 동료를 다른 보통 동료로 바꾸어 움직인 거리) ÷ (서로 다른 두 이미지의 거리)."""
    pool = _images("train", 2000)
    order = torch.randperm(2000, generator=torch.Generator().manual_seed(seed))
    image, first, second = pool[order[:1]], pool[order[1:16]], pool[order[16:31]]
    moved = net(torch.cat([image, first]))[0] - net(torch.cat([image, second]))[0]
    codes = net(pool[order[:256]])
    return float(moved.norm() / (codes[1:] - codes[:-1]).norm(dim=1).mean())


def batch_norm_ties_a_code_to_its_companions() -> Claim:
    encoders = [_untrained(seed).encoder for seed in range(10)]
    moved = [_movement(_with_batch_norm(e).train(), seed) for seed, e in enumerate(encoders)]
    still = [_movement(encoder, seed) for seed, encoder in enumerate(encoders)]
    return Claim(
        sentence="배치 정규화는 학습 모드에서 잠재 벡터를 동료 이미지에 매이게 합니다.",
        section="왜 배치 정규화를 쓰지 않는가",
        quantity="동료만 바꾸어 움직인 거리 ÷ 다른 두 이미지의 거리(16장 묶음)",
        unit="배",
        control="가중치가 같은 인코더에서 정규화만 뺀 쪽은 움직이지 않아야 합니다.",
        expects=above(0.1),
        estimates=[over_seeds("배치 정규화, 학습 모드", moved)],
        controls=[over_seeds("정규화 없음", still)],
    )


def in_evaluation_mode_companions_do_not_matter() -> Claim:
    moved = []
    for seed in range(5):
        net = _with_batch_norm(_untrained(seed).encoder).train()
        with torch.no_grad():
            for batch in _images("train", 2000).split(128):
                net(batch)
        moved.append(_movement(net.eval(), seed))
    return Claim(
        sentence="평가 모드의 배치 정규화는 잠재 벡터를 동료에 매이게 하지 않습니다.",
        section="왜 배치 정규화를 쓰지 않는가",
        quantity="동료만 바꾸어 움직인 거리 ÷ 다른 두 이미지의 거리(16장 묶음)",
        unit="배",
        control="같은 실험이 학습 모드에서는 움직임을 잡아냅니다(앞 줄).",
        expects=within(0.001),
        estimates=[over_seeds("배치 정규화, 평가 모드", moved)],
    )


@cache
def _short_run(batch_norm: bool, seed: int) -> dict[str, float]:
    """1000장으로 네 번 도는 짧은 학습. 모드 → 시험 이미지 500장의 제곱오차 합의 평균."""
    generator = torch.Generator().manual_seed(seed)
    model = aelab.Autoencoder(128, generator=generator)
    encoder = _with_batch_norm(model.encoder) if batch_norm else model.encoder.net
    net = nn.Sequential(encoder, model.decoder)
    optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, 4 * 32)
    images = _images("train", 1000)
    for _ in range(4):
        for batch in images[torch.randperm(1000, generator=generator)].split(32):
            optimizer.zero_grad()
            squared_error_per_image(net(batch), batch).mean().backward()
            optimizer.step()
            schedule.step()
    test, found = _images("test", 500), {}
    for mode in ("평가", "학습"):
        net.train(mode == "학습")
        with torch.no_grad():
            restored = torch.cat([net(batch) for batch in test.split(32)])
        found[mode] = float(squared_error_per_image(restored, test).mean())
    return found


def batch_norm_hurts_a_short_training() -> Claim:
    runs = [(_short_run(True, seed), _short_run(False, seed)) for seed in range(4)]
    return Claim(
        sentence="짧게 학습하면 배치 정규화를 넣은 오토인코더의 시험 오차가 더 큽니다.",
        section="왜 배치 정규화를 쓰지 않는가",
        quantity="시험 오차, 배치 정규화 − 정규화 없음(같은 시드끼리)",
        unit="제곱오차 합",
        control="흔히 말하듯 배치 정규화가 학습을 돕는다면 음수입니다.",
        expects=above(0),
        estimates=[
            over_seeds(
                f"{mode} 모드로 잼",
                [with_norm[mode] - without[mode] for with_norm, without in runs],
            )
            for mode in ("평가", "학습")
        ],
    )


def the_gap_between_modes_is_not_what_hurts() -> Claim:
    return Claim(
        sentence="배치 정규화를 넣은 모델의 오차는 평가 모드에서 오히려 학습 모드보다 작습니다.",
        section="왜 배치 정규화를 쓰지 않는가",
        quantity="같은 모델의 시험 오차, 평가 모드 − 학습 모드(32장 묶음)",
        unit="제곱오차 합",
        control="두 모드의 어긋남이 오차를 키운 까닭이라면, 학습하던 모드에서 더 작아 양수입니다.",
        expects=below(0),
        estimates=[
            over_seeds(
                "배치 정규화",
                [r["평가"] - r["학습"] for r in (_short_run(True, seed) for seed in range(4))],
            )
        ],
    )


# 병목과 바이트


@cache
def _rounded_costs(name: str) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """비트 → (반올림한 오차, 그대로의 오차). 범위는 학습 이미지에서, 오차는 시험 이미지에서."""
    model, images = each_model()[name], _images("test", 500)
    fitted = predict(model.encoder, _images("train", 2000))
    low, high = fitted.amin(0), fitted.amax(0)
    codes = predict(model.encoder, images)

    def errors(codes):
        return squared_error_per_image(predict(model.decoder, codes), images).numpy()

    plain, costs = errors(codes), {}
    for bits in (8, 4, 2):
        step = (high - low) / (2**bits - 1)
        rounded = ((codes.clamp(low, high) - low) / step).round() * step + low
        costs[bits] = errors(rounded), plain
    return costs


def _increase(rounded, plain, axis=-1):
    return 100 * (rounded.mean(axis) / plain.mean(axis) - 1)


def one_byte_a_value_is_enough() -> Claim:
    return Claim(
        sentence="잠재 벡터의 값을 1바이트(8비트)로 적어도 오차는 2 %도 늘지 않습니다.",
        section="병목은 무엇을 얼마나 줄이는가",
        quantity="오차가 늘어난 비율(범위는 학습 이미지 2000장에서 정함)",
        unit="%",
        control="범위를 정한 이미지에서 재면 범위를 벗어나는 값이 없어 더 작게 나옵니다. 그래서 시험 이미지에서 잽니다.",
        expects=below(2),
        estimates=[
            over_images(name, *_rounded_costs(name)[8], statistic=_increase)
            for name in each_model()
        ],
    )


def four_bits_cost_and_two_bits_break() -> Claim:
    return Claim(
        sentence="값마다 4비트면 오차가 눈에 띄게 늘고, 2비트면 무너집니다.",
        section="병목은 무엇을 얼마나 줄이는가",
        quantity="오차가 늘어난 비율(128차원)",
        unit="%",
        control="비트가 상관없다면 8비트처럼 거의 늘지 않습니다.",
        expects=above(5),
        estimates=[
            over_images(f"{name}, {bits}비트", *_rounded_costs(name)[bits], statistic=_increase)
            for name in each_model()
            if name.endswith(" 128")
            for bits in (4, 2)
        ],
    )


# 첫 층


def _best_correlation(encoder: nn.Module, wanted: Tensor) -> float:
    """`wanted`와 가장 닮은 채널의 상관계수의 크기. 0을 채운 가장자리는 뺍니다."""
    images = _images("test", 300)
    with torch.no_grad():
        maps = encoder.net[0](images)
        target = F.conv2d(images, wanted[None], stride=2, padding=1)
    rows = torch.cat([maps, target], 1)[:, :, 1:, 1:].transpose(0, 1).flatten(1)
    return float(torch.corrcoef(rows)[-1, :-1].abs().max())


SIDE, GRAY = torch.tensor([[-1.0, 0, 1]] * 3), torch.ones(3, 1, 1)
RED_MINUS_GREEN = torch.tensor([1.0, -1, 0]).reshape(3, 1, 1) * torch.ones(3, 3)


def _over_chance(wanted: Tensor) -> dict[str, list[float]]:
    """모음 → 모델마다 (학습한 첫 층의 상관계수 − 학습하지 않은 스무 개의 평균)."""
    chance = np.mean([_best_correlation(_untrained(s).encoder, wanted) for s in range(20)])
    return {
        name: [_best_correlation(model.encoder, wanted) - chance for model in models.values()]
        for name, models in weight_sets().items()
    }


def random_kernels_read_brightness_as_well() -> Claim:
    found = _over_chance(GRAY * torch.ones(3, 3))
    return Claim(
        sentence="밝기는 학습하지 않은 첫 층도 학습한 첫 층만큼 잘 읽습니다.",
        section="더 깊이: 학습한 인코더 들여다보기",
        quantity="가장 닮은 채널의 상관계수, 학습한 것 − 학습하지 않은 스무 개의 평균",
        unit="",
        control="학습이 밝기를 읽는 채널을 만들었다면 0.05를 넘습니다.",
        expects=within(0.05),
        estimates=[over_seeds(name, gaps, "잠재 차원") for name, gaps in found.items()],
    )


def trained_first_layers_read_edges_and_color_better() -> Claim:
    properties = {
        "좌우의 차이": GRAY * SIDE,
        "위아래의 차이": GRAY * SIDE.T,
        "빨강 − 초록": RED_MINUS_GREEN,
    }
    return Claim(
        sentence="경계와 색의 차이는 여러 가중치에서 평균하면 학습한 첫 층이 더 잘 읽습니다.",
        section="더 깊이: 학습한 인코더 들여다보기",
        quantity="가장 닮은 채널의 상관계수, 학습한 것 − 학습하지 않은 스무 개의 평균",
        unit="",
        control="채널 서른두 개 가운데 우연히 닮은 것일 뿐이라면 0입니다.",
        expects=above(0),
        estimates=[
            over_seeds(f"{name}, {label}", gaps, "잠재 차원")
            for label, wanted in properties.items()
            for name, gaps in _over_chance(wanted).items()
        ],
    )
