"""6장 《분포 밖 이미지》의 주장. 사진은 시험 세트의 앞 500장, 바꾼 사진은 그다음 500장입니다."""

from functools import cache
from itertools import permutations

import numpy as np
import torch
from scipy.stats import rankdata
from torch import Tensor

import aelab
from aelab import ood
from aelab.inference import predict
from claims.claim import Claim, Expected, above, below, exhaustive, over_images, share, within
from claims.weights import each_model, weight_sets

COUNT = 500
SIZES = (64, 128, 256, 384)
COLOURS = ((1, 0, 0), (1, -1, -1), (-1, 1, -1), (-1, -1, 1))


@cache
def _photos(split: str = "test", start: int = 0, count: int = COUNT) -> Tensor:
    return aelab.load_images("cifar10", split)[start : start + count]


def _dice(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _colours(seed: int, count: int = COUNT) -> Tensor:
    return torch.rand(count, 3, generator=_dice(seed)) * 2 - 1


def _greys(seed: int) -> Tensor:
    return _colours(seed)[:, :1].expand(-1, 3)


def _disks() -> Tensor:
    grid, dice = torch.arange(32.0), _dice(8)
    row, column = torch.rand(2, COUNT, 1, 1, generator=dice) * 16 + 8
    radius = torch.rand(COUNT, 1, 1, generator=dice) * 8 + 4
    inside = (grid[:, None] - row) ** 2 + (grid - column) ** 2 < radius**2
    first, second = (_colours(seed)[:, :, None, None] for seed in (9, 10))
    return torch.where(inside[:, None], first, second)


def _stripes() -> Tensor:
    periods, angles = torch.linspace(4, 32, 25).tolist(), torch.linspace(0, 170, 25).tolist()
    pick = {"first": _colours(11, 20), "second": _colours(12, 20)}
    return torch.cat(
        [ood.stripes(p, angle=a, **pick) for p, a in zip(periods, angles, strict=True)]
    )


@cache
def _family(name: str) -> Tensor:
    others = _photos(start=COUNT)
    ramps = [ood.color_ramp(torch.linspace(-1, 1, 84), down=a, right=b) for a, b in _channels()]
    shuffled = torch.randperm(1024, generator=_dice(5))
    makers = {
        "잡음": lambda: ood.uniform_noise(COUNT, generator=_dice(1)),
        "단색": lambda: ood.constant(_colours(2)),
        "체스판 16(회색)": lambda: ood.checkerboard(16, first=_greys(3), second=_greys(4)),
        "체스판 4(색)": lambda: ood.checkerboard(4, first=_colours(3), second=_colours(4)),
        "그러데이션": lambda: torch.cat(ramps)[:COUNT],
        "흐린 사진": lambda: ood.blurred(others, 1.0),
        "픽셀을 섞은 사진": lambda: others.flatten(2)[:, :, shuffled].reshape(others.shape),
        "뒤집은 사진": lambda: others.flip(2),
        "음화": lambda: -others,
        "채널을 바꾼 사진": lambda: others[:, [1, 2, 0]],
        "대비를 줄인 사진": lambda: 0.3 * others,
        "줄무늬": _stripes,
        "원": _disks,
        "그대로인 사진": lambda: others,
    }
    return makers[name]()


def _channels() -> list[tuple[int, int]]:
    return list(permutations(range(3), 2))


@cache
def _errors(model: str, family: str | None = None) -> Tensor:
    images = _photos() if family is None else _family(family)
    return ood.reconstruction_score(each_model()[model], images)


def _auroc(inside: Tensor, outside: Tensor) -> np.ndarray:
    """평균이 AUROC인 수 (n,): 사진과 무늬마다의 이긴 비율. 흩어진 정도가 들롱(DeLong)의 분산입니다."""
    won = (outside[:, None] > inside).double() + 0.5 * (outside[:, None] == inside)
    return (won.mean(0) + won.mean(1) - won.mean()).numpy()


def _of_error(model: str, family: str) -> np.ndarray:
    return _auroc(_errors(model), _errors(model, family))


def _extreme(pick):
    """네 크기의 열을 받아 평균 가운데 가장 불리한 것."""

    def statistic(*columns, axis=-1):
        return pick([column.mean(axis) for column in columns], axis=0)

    return statistic


def _over_sizes(families, pick):
    return [
        over_images(
            f"{chosen}, {family}",
            *(_of_error(f"{chosen} {size}", family) for size in SIZES),
            statistic=_extreme(pick),
        )
        for family in families
        for chosen in weight_sets()
    ]


# 오차로 가리기


def easy_patterns_look_more_normal_than_photographs() -> Claim:
    return Claim(
        sentence="단색, 16픽셀 회색 체스판, 흐린 사진은 보통 사진보다 오차가 작습니다. 병목을 넓혀도 그렇습니다.",
        section="AUROC: 한 쌍을 뽑아 비교하기",
        quantity="AUROC, 네 크기 가운데 가장 큰 것",
        unit="",
        control="낯선 이미지의 오차가 늘 크다면 0.5보다 큽니다. 바꾸지 않은 사진에서는 0.5와 구별되지 않아야 합니다.",
        expects=below(0.4),
        estimates=_over_sizes(("단색", "체스판 16(회색)", "흐린 사진"), np.max),
        controls=_over_sizes(("그대로인 사진",), np.max),
    )


def noise_and_fine_patterns_are_caught() -> Claim:
    return Claim(
        sentence="잡음, 4픽셀 체스판, 픽셀을 섞은 사진은 오차로 잡힙니다.",
        section="AUROC: 한 쌍을 뽑아 비교하기",
        quantity="AUROC, 네 크기 가운데 가장 작은 것",
        unit="",
        control="오차가 분포 밖을 전혀 보지 못한다면 바꾸지 않은 사진처럼 0.5입니다.",
        expects=above(0.9),
        estimates=_over_sizes(("잡음", "체스판 4(색)", "픽셀을 섞은 사진"), np.min),
        controls=_over_sizes(("그대로인 사진",), np.min),
    )


def upside_down_and_negative_are_not_seen() -> Claim:
    families = ("뒤집은 사진", "음화")
    return Claim(
        sentence="위아래를 뒤집은 사진과 음화는 오차로 가리지 못합니다.",
        section="AUROC: 한 쌍을 뽑아 비교하기",
        quantity="AUROC(256차원)",
        unit="",
        control="같은 사진을 흐린 것은 같은 장수로도 0.5에서 멀리 벗어나야 합니다.",
        expects=within(0.1, 0.5),
        estimates=[
            over_images(f"{chosen}, {family}", _of_error(f"{chosen} 256", family))
            for family in families
            for chosen in weight_sets()
        ],
        controls=[
            over_images(f"{chosen}, 흐린 사진", _of_error(f"{chosen} 256", "흐린 사진"))
            for chosen in weight_sets()
        ],
    )


def ramps_fade_as_the_bottleneck_widens() -> Claim:
    def measure(family):
        return [
            over_images(
                f"{chosen}, {family}",
                _of_error(f"{chosen} 64", family) - _of_error(f"{chosen} 384", family),
            )
            for chosen in weight_sets()
        ]

    return Claim(
        sentence="낯선 그러데이션도 병목이 넓으면 사진만큼 되살립니다.",
        section="더 깊이: 잠재 차원을 키웠을 때",
        quantity="그러데이션의 AUROC, 64차원 − 384차원",
        unit="",
        control="오차가 큰 까닭이 본 적이 없어서라면 두 크기의 차이가 없습니다. 단색은 거의 움직이지 않습니다.",
        expects=above(0.2),
        estimates=measure("그러데이션"),
        controls=measure("단색"),
    )


def many_photographs_exceed_every_ramp() -> Claim:
    return Claim(
        sentence="오차가 큰 것이 꼭 분포 밖은 아닙니다. 어떤 그러데이션보다도 오차가 큰 사진이 많습니다.",
        section="흔히 듣는 말의 판정",
        quantity="오차가 그러데이션 500장의 최댓값보다 큰 시험 사진의 비율",
        unit="%",
        control="오차가 큰 것이 분포 밖이라면 0입니다. 사진끼리 줄 세우지 않고 무늬와 비교합니다.",
        expects=above(1),
        estimates=[
            share(
                f"{chosen} {size}",
                _errors(f"{chosen} {size}") > _errors(f"{chosen} {size}", "그러데이션").max(),
            )
            for chosen in weight_sets()
            for size in (256, 384)
        ],
    )


# 복잡함


def _gradient(images: Tensor) -> Tensor:
    below, beside = images.diff(dim=2), images.diff(dim=3)
    return below.square().flatten(1).sum(1) + beside.square().flatten(1).sum(1)


def _correlation(a, b, axis=-1):
    a, b = (each - each.mean(axis, keepdims=True) for each in (a, b))
    return (a * b).sum(axis) / np.sqrt((a * a).sum(axis) * (b * b).sum(axis))


def error_follows_complexity() -> Claim:
    def measure(values):
        return [
            over_images(name, rankdata(values), rankdata(_errors(name)), statistic=_correlation)
            for name in each_model()
        ]

    return Claim(
        sentence="사진의 오차는 이웃한 픽셀이 얼마나 다른지를 따라갑니다.",
        section="복잡함을 따라가는 오차",
        quantity="기울기 에너지와 오차의 순위상관",
        unit="",
        control="값이 퍼진 정도만 중요하다면, 자리를 따지지 않는 픽셀 값의 분산도 그만큼 따라갑니다.",
        expects=above(0.5),
        estimates=measure(_gradient(_photos())),
        controls=measure(_photos().flatten(1).var(1)),
    )


def _changed(family: str) -> list:
    def ratio(after, before, axis=-1):
        return after.mean(axis) / before.mean(axis)

    return [
        over_images(
            f"{name}, {family}",
            _errors(name, family).numpy(),
            _errors(name, "그대로인 사진").numpy(),
            statistic=ratio,
        )
        for name in each_model()
        if name.endswith((" 64", " 256"))
    ]


def blurring_the_same_photograph_lowers_its_error() -> Claim:
    return Claim(
        sentence="같은 사진도 흐리면 오차가 줄어듭니다.",
        section="복잡함을 따라가는 오차",
        quantity="흐린 사진(σ = 1)의 오차 ÷ 그 사진의 오차",
        unit="배",
        control="낯설게 바꾸기만 해도 오차가 달라진다면, 복잡함이 그대로인 뒤집은 사진도 줄어듭니다.",
        expects=below(0.5),
        estimates=_changed("흐린 사진"),
        controls=_changed("뒤집은 사진"),
    )


def shuffling_the_same_pixels_raises_the_error() -> Claim:
    return Claim(
        sentence="같은 사진도 픽셀을 섞으면 오차가 늘어납니다.",
        section="복잡함을 따라가는 오차",
        quantity="픽셀을 섞은 사진의 오차 ÷ 그 사진의 오차",
        unit="배",
        control="값의 분포만 중요하다면 1입니다. 복잡함이 그대로인 뒤집은 사진은 늘지 않습니다.",
        expects=above(3),
        estimates=_changed("픽셀을 섞은 사진"),
        controls=_changed("뒤집은 사진"),
    )


# 잡음, 체스판, 단색


def noise_stays_just_above_the_linear_bound() -> Claim:
    return Claim(
        sentence="잡음의 오차는 선형 방법의 예상보다 조금 클 뿐입니다.",
        section="잡음을 되살리지 못하는 까닭",
        quantity="잡음의 오차 ÷ 선형 방법의 예상 1024(1 − d/3072)",
        unit="배",
        control="비선형인 오토인코더가 선형의 한계를 넘는다면 1보다 작고, 잡음을 망친다면 훨씬 큽니다.",
        expects=Expected(1, 1.1),
        estimates=[
            over_images(
                f"{chosen} {size}", _errors(f"{chosen} {size}", "잡음") / (1024 * (1 - size / 3072))
            )
            for chosen, models in weight_sets().items()
            for size in models
        ],
    )


def packed_numbers_hold_noise_well() -> Claim:
    noise = ood.uniform_noise(COUNT, generator=_dice(1))
    levels = ((noise + 1) * 2).floor().clamp(0, 3).to(torch.uint8).reshape(COUNT, -1, 4)
    weights = torch.tensor([1, 4, 16, 64], dtype=torch.uint8)
    stored = (levels * weights).sum(2).to(torch.uint8).numpy().view(np.float32)
    assert stored.shape == (COUNT, 192)  # float32 192개
    opened = torch.from_numpy(stored.view(np.uint8))[:, :, None] // weights % 4
    restored = ((opened.float() + 0.5) / 2 - 1).reshape(noise.shape)
    errors = (restored - noise).square().flatten(1).sum(1)
    return Claim(
        sentence="수의 개수만으로는 한계가 아닙니다. float32 192개에 2비트씩 채워 담으면 잡음의 오차는 64쯤입니다.",
        section="잡음을 되살리지 못하는 까닭",
        quantity="채워 담았다가 꺼낸 잡음의 오차 ÷ 선형 방법의 예상(256차원)",
        unit="배",
        control="수 256개에 담기에 잡음이 너무 복잡하다면 선형의 예상인 1쯤에 머뭅니다.",
        expects=below(0.1),
        estimates=[over_images("2비트씩", errors / (1024 * (1 - 256 / 3072)))],
    )


def fine_boards_are_worse_than_grey() -> Claim:
    boards = ood.checkerboard(2)
    moved = torch.cat([boards.roll((a, b), (2, 3)) for a in range(2) for b in range(2)])
    return Claim(
        sentence="2픽셀 흑백 체스판의 오차는 회색으로만 답한 것보다도 큽니다.",
        section="간단한데도 되살리지 못하는 무늬",
        quantity="오차 ÷ 3072, 한 픽셀씩 민 네 장",
        unit="배",
        control="짚지 못하는 무늬를 흐리게 비워 둔다면 1을 넘지 않습니다.",
        expects=above(1),
        estimates=[
            exhaustive(name, ood.reconstruction_score(model, moved) / 3072, "체스판")
            for name, model in each_model().items()
        ],
    )


def plain_colours_are_off_as_a_whole() -> Claim:
    def shares(model):
        lost = predict(model, ood.constant(COLOURS)) - ood.constant(COLOURS)
        even = lost.mean((2, 3)).square().sum(1) * 1024
        return 100 * even / lost.square().sum((1, 2, 3))

    return Claim(
        sentence="한 채널만 켜진 단색의 오차는 절반 넘게 색 전체가 똑같이 어긋난 것입니다.",
        section="더 깊이: 단색이 어긋나는 모습",
        quantity="오차 가운데 채널마다 고르게 어긋난 몫, 네 색",
        unit="%",
        control="흔히 말하듯 잡음이 낀 것이라면 0에 가깝습니다.",
        expects=above(50),
        estimates=[exhaustive(name, shares(m), "색") for name, m in each_model().items()],
    )


# 촘촘한 무늬


def a_pixel_costs_more_in_finer_stripes() -> Claim:
    def cost(period):
        phases = range(0, 360, 45)
        lines = torch.cat([ood.stripes(period, phase=phase) for phase in phases])
        moved = torch.cat([ood.stripes(period, phase=phase + 360 / period) for phase in phases])
        return float((moved - lines).square().sum() / lines.square().sum())

    periods = (32, 16, 8, 6, 4, 3)
    differences = [cost(each) - 2 * (1 - np.cos(2 * np.pi / each)) for each in periods]
    return Claim(
        sentence="줄무늬를 한 픽셀 밀면 주기가 짧을수록 크게 틀립니다: 신호의 2(1 − cos(2π/주기))배입니다.",
        section="더 깊이: 촘촘한 무늬와 한 픽셀",
        quantity="한 픽셀 밀어 틀린 양 ÷ 신호 − 2(1 − cos(2π/주기)), 위상 여덟 가지",
        unit="배",
        control="주기와 상관없다면 어떤 주기에서는 크게 벗어납니다.",
        expects=within(0.05),
        estimates=[exhaustive("주기 3부터 32까지", differences, "주기")],
    )


def wider_bottlenecks_keep_more_high_frequencies() -> Claim:
    frequency = torch.fft.fftfreq(32) * 32
    high = (frequency[:, None] ** 2 + frequency**2).sqrt() >= 8

    def energy(values):
        return torch.fft.fft2(values, norm="ortho").abs().square()[..., high].flatten(1).sum(1)

    def gap(narrow, wide, whole, axis=-1):
        return 100 * (narrow.mean(axis) - wide.mean(axis)) / whole.mean(axis)

    return Claim(
        sentence="같은 MSE로 학습해도 병목을 넓히면 고주파를 덜 잃습니다.",
        section="더 깊이: 촘촘한 무늬와 한 픽셀",
        quantity="잃은 고주파(f ≥ 8)의 비율, 64차원 − 384차원",
        unit="%포인트",
        control="MSE만의 탓이라면 같은 MSE로 학습한 두 모델의 차이가 없습니다.",
        expects=above(20),
        estimates=[
            over_images(
                chosen,
                *(
                    energy(predict(models[size], _photos()) - _photos()).numpy()
                    for size in (64, 384)
                ),
                energy(_photos()).numpy(),
                statistic=gap,
            )
            for chosen, models in weight_sets().items()
        ],
    )


# 여러 점수


def _mahalanobis(values: Tensor, reference: Tensor) -> Tensor:
    reference = reference.double()
    moved = values.double() - reference.mean(0)
    return (moved @ torch.linalg.inv(torch.cov(reference.T)) * moved).sum(1)


@cache
def _scores(model: str, family: str | None) -> dict[str, Tensor]:
    """기준은 검증 세트의 사진 1000장."""
    net = each_model()[model]
    images = _photos() if family is None else _family(family)

    def plane(images, errors):
        return torch.stack([errors, _gradient(images) + 1], 1).log()

    known_plane, known_codes = _known(model)
    here = plane(images, _errors(model, family))
    usual = known_plane.mean(0)
    return {
        "오차": _errors(model, family),
        "먼 오차": (here[:, 0] - usual[0]).abs(),
        "먼 기울기": (here[:, 1] - usual[1]).abs(),
        "잠재 벡터": _mahalanobis(predict(net.encoder, images), known_codes),
        "평면": _mahalanobis(here, known_plane),
    }


@cache
def _known(model: str) -> tuple[Tensor, Tensor]:
    net, known = each_model()[model], _photos("validation", 0, 1000)
    errors = ood.reconstruction_score(net, known)
    return torch.stack([errors, _gradient(known) + 1], 1).log(), predict(net.encoder, known)


def _by(score: str, chosen: str, family: str) -> np.ndarray:
    model = f"{chosen} 256"
    return _auroc(_scores(model, None)[score], _scores(model, family)[score])


def _compared(families, better: str, worse: str) -> list:
    return [
        over_images(f"{chosen}, {family}", _by(better, chosen, family) - _by(worse, chosen, family))
        for family in families
        for chosen in weight_sets()
    ]


def the_plane_rescues_what_error_reverses() -> Claim:
    return Claim(
        sentence="너무 작은 오차도 의심하고 복잡함을 함께 보면 훨씬 나아집니다.",
        section="더 깊이: 더 나은 점수 찾기",
        quantity="AUROC, 오차와 기울기의 평면 − 오차(256차원)",
        unit="",
        control="나아진 것이 우연이라면, 아무것도 바꾸지 않은 사진에서도 나아집니다.",
        expects=above(0.3),
        estimates=_compared(("단색", "흐린 사진", "대비를 줄인 사진"), "평면", "오차"),
        controls=_compared(("그대로인 사진",), "평면", "오차"),
    )


def the_gradient_alone_does_as_well_as_the_typical_error() -> Claim:
    families = (
        "잡음",
        "단색",
        "체스판 16(회색)",
        "흐린 사진",
        "픽셀을 섞은 사진",
        "대비를 줄인 사진",
    )
    return Claim(
        sentence="신경망을 쓰지 않는 기울기만으로도 보통 오차에서 먼 정도만큼 가립니다.",
        section="더 깊이: 더 나은 점수 찾기",
        quantity="AUROC의 평균(여섯 무늬), 보통 기울기에서 먼 정도 − 보통 오차에서 먼 정도(256차원)",
        unit="",
        control="오토인코더가 있어야 가릴 수 있다면 0.1 넘게 낮습니다.",
        expects=within(0.1),
        estimates=[
            over_images(
                chosen,
                np.mean(
                    [_by("먼 기울기", chosen, f) - _by("먼 오차", chosen, f) for f in families], 0
                ),
            )
            for chosen in weight_sets()
        ],
    )


def the_plane_beats_the_gradient_on_unseen_patterns() -> Claim:
    return Claim(
        sentence="점수를 고를 때 보지 않은 줄무늬와 원에서는 오차를 함께 본 평면이 기울기만 본 것보다 낫습니다.",
        section="처음 보는 무늬로 다시 시험하기",
        quantity="AUROC, 오차와 기울기의 평면 − 보통 기울기에서 먼 정도(256차원)",
        unit="",
        control="오차가 보탠 것이 없다면 0입니다. 기울기만으로도 되는, 대비를 줄인 사진에서는 나아지지 않습니다.",
        expects=above(0.05),
        estimates=_compared(("줄무늬", "원"), "평면", "먼 기울기"),
        controls=_compared(("대비를 줄인 사진",), "평면", "먼 기울기"),
    )


def the_plane_does_not_see_upside_down_or_negative() -> Claim:
    families = ("뒤집은 사진", "음화", "채널을 바꾼 사진")
    return Claim(
        sentence="이웃한 픽셀의 차와 오차가 거의 그대로인 변화는 평면의 점수로도 보이지 않습니다.",
        section="더 깊이: 더 나은 점수 찾기",
        quantity="AUROC, 오차와 기울기의 평면(256차원)",
        unit="",
        control="같은 장수로도 흐린 사진은 0.5에서 멀리 벗어나야 합니다.",
        expects=within(0.1, 0.5),
        estimates=[
            over_images(f"{chosen}, {family}", _by("평면", chosen, family))
            for family in families
            for chosen in weight_sets()
        ],
        controls=[
            over_images(f"{chosen}, 흐린 사진", _by("평면", chosen, "흐린 사진"))
            for chosen in weight_sets()
        ],
    )


def codes_of_strange_images_lie_near_the_mean() -> Claim:
    return Claim(
        sentence="단색과 흐린 사진의 잠재 벡터는 보통 사진의 것보다 사진들의 평균에 더 가깝습니다.",
        section="더 깊이: 더 나은 점수 찾기",
        quantity="AUROC, 잠재 벡터의 마할라노비스 거리(256차원)",
        unit="",
        control="낯선 이미지의 잠재 벡터가 멀리 간다면 0.5보다 큽니다. 그대로인 사진은 0.5와 구별되지 않아야 합니다.",
        expects=below(0.4),
        estimates=[
            over_images(f"{chosen}, {family}", _by("잠재 벡터", chosen, family))
            for family in ("단색", "흐린 사진")
            for chosen in weight_sets()
        ],
        controls=[
            over_images(f"{chosen}, 그대로인 사진", _by("잠재 벡터", chosen, "그대로인 사진"))
            for chosen in weight_sets()
        ],
    )
