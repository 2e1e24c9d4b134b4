"""8장 《비슷한 이미지 찾기》의 주장."""

import copy
import math
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import aelab
from aelab.data import ImageSet
from aelab.inference import predict
from claims.claim import Claim, above, below, over_images, over_seeds, share, within
from claims.weights import weight_sets

QUERIES = 2000


@cache
def _set(split: str) -> ImageSet:
    return aelab.load_images("cifar10", split)


@cache
def _codes(name: str, split: str, count: int) -> Tensor:
    return predict(weight_sets()[name][128].encoder, _set(split)[:count])


@cache
def _pixels() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """검색 대상 10,000장과 질의의 픽셀(평균을 뺀 것), 평균, 128개의 주성분."""
    many, asked = _set("train")[:10_000].flatten(1), _set("test")[:QUERIES].flatten(1)
    mean = many.mean(0)
    many, asked = many - mean, asked - mean
    basis = torch.randn(3072, 160, generator=torch.Generator().manual_seed(0))
    for _ in range(4):
        basis = torch.linalg.qr(many.T @ (many @ basis)).Q
    rotation = torch.linalg.svd(many @ basis, full_matrices=False).Vh
    return many, asked, mean, (basis @ rotation.T)[:, :128]


@cache
def _representation(name: str) -> tuple[Tensor, Tensor]:
    """검색 대상과 질의: "픽셀", "PCA"이거나 가중치의 이름. 검색 대상의 평균을 뺍니다."""
    many, asked, _, directions = _pixels()
    if name == "픽셀":
        return many, asked
    if name == "PCA":
        return many @ directions, asked @ directions
    many, asked = _codes(name, "train", 10_000), _codes(name, "test", QUERIES)
    return many - many.mean(0), asked - many.mean(0)


@cache
def _nearest(name: str, metric: str) -> Tensor:
    """질의마다 가까운 여덟의 번호."""
    many, asked = _representation(name)
    if metric == "코사인":
        many, asked = F.normalize(many), F.normalize(asked)
    return torch.cdist(asked, many).topk(8, largest=False).indices


def _precision(name: str, metric: str) -> np.ndarray:
    """질의마다, 이웃 여덟 가운데 클래스가 같은 비율(%)."""
    hits = _set("train").labels[_nearest(name, metric)] == _set("test").labels[:QUERIES, None]
    return 100 * hits.double().mean(1).numpy()


def _gap(name: str, metric: str, other: str, other_metric: str, label: str | None = None):
    gap = _precision(name, metric) - _precision(other, other_metric)
    return over_images(label or name, gap, unit="질의")


def euclidean_search_is_no_better_than_pixels() -> Claim:
    return Claim(
        sentence="유클리드 거리에서 잠재 벡터의 정밀도는 픽셀보다 높지 않습니다.",
        section="클래스까지 맞히는가",
        quantity="정밀도, 잠재 벡터 − 픽셀(유클리드 거리, 같은 질의)",
        unit="%p",
        control="픽셀의 차이를 넘어선다면 1 %p 넘게 높아야 합니다.",
        expects=below(1),
        estimates=[_gap(name, "유클리드", "픽셀", "유클리드") for name in weight_sets()],
    )


def cosine_codes_beat_pixels_and_pca() -> Claim:
    return Claim(
        sentence="코사인 거리에서는 잠재 벡터가 픽셀보다도, 크기가 같은 PCA보다도 조금 낫습니다.",
        section="클래스까지 맞히는가",
        quantity="정밀도, 잠재 벡터 − 상대(코사인 거리, 같은 질의)",
        unit="%p",
        control="오토인코더가 더하는 것이 없다면 0입니다. 상대도 코사인으로 잽니다.",
        expects=above(0),
        estimates=[
            _gap(name, "코사인", other, "코사인", f"{name}, {other}에 견주어")
            for name in weight_sets()
            for other in ("픽셀", "PCA")
        ],
    )


def the_distance_matters_more_than_the_representation() -> Claim:
    def gain(name):
        by_distance = _precision(name, "코사인") - _precision(name, "유클리드")
        return by_distance - (_precision(name, "코사인") - _precision("픽셀", "코사인"))

    return Claim(
        sentence="코사인으로 바꾸어 얻는 것이 픽셀을 잠재 벡터로 바꾸어 얻는 것보다 큽니다.",
        section="클래스까지 맞히는가",
        quantity="정밀도의 이득, 거리를 바꾸어 − 표현을 바꾸어(같은 질의)",
        unit="%p",
        control="표현이 더 중요하다면 음수입니다.",
        expects=above(0),
        estimates=[over_images(name, gain(name), unit="질의") for name in weight_sets()],
    )


def most_of_the_cosine_gain_is_had_by_pixels() -> Claim:
    def portion(pixel, codes, axis=-1):
        return 100 * pixel.mean(axis) / codes.mean(axis)

    def gain(name):
        return _precision(name, "코사인") - _precision(name, "유클리드")

    return Claim(
        sentence="코사인의 이득은 절반 넘게 픽셀에서도 얻습니다.",
        section="클래스까지 맞히는가",
        quantity="코사인으로 바꾼 이득, 픽셀 ÷ 잠재 벡터(같은 질의)",
        unit="%",
        control="잠재공간의 성질이라면 픽셀에서는 얻지 못해 0 %입니다.",
        expects=above(50),
        estimates=[
            over_images(name, gain("픽셀"), gain(name), statistic=portion, unit="질의")
            for name in weight_sets()
        ],
    )


# 밋밋한 이웃과 허브


def euclidean_neighbours_are_flatter() -> Claim:
    many, asked, _, _ = _pixels()
    contrast, own = many.std(1), asked.std(1)

    def change(name, metric):
        found = contrast[_nearest(name, metric)].mean(1)
        return over_images(
            f"{name}, {metric}",
            found.numpy(),
            own.numpy(),
            statistic=lambda a, b, axis=-1: 100 * (a.mean(axis) / b.mean(axis) - 1),
            unit="질의",
        )

    names = ("픽셀", "PCA", *weight_sets())
    return Claim(
        sentence="유클리드 거리로 찾은 이웃은 어느 표현에서든 질의보다 훨씬 밋밋합니다.",
        section="유클리드 거리가 밋밋한 이미지를 고르는 까닭",
        quantity="이웃의 대비가 질의의 대비와 다른 비율",
        unit="%",
        control="거리의 식이 아니라 자료나 표현의 탓이라면 코사인 거리에서도 그렇습니다.",
        expects=below(-10),
        estimates=[change(name, "유클리드") for name in names],
        controls=[change(name, "코사인") for name in names],
    )


def short_vectors_become_hubs() -> Claim:
    def length(name, metric):
        many = _representation(name)[0]
        count = torch.bincount(_nearest(name, metric).flatten(), minlength=len(many))
        hubs = count.topk(100).indices
        norms = many.norm(dim=1)
        return over_images(f"{name}, {metric}", (norms[hubs] / norms.mean()).numpy(), unit="허브")

    names = ("픽셀", "PCA", *weight_sets())
    return Claim(
        sentence="유클리드 거리의 허브는 평균 가까이에 있는 짧은 벡터입니다.",
        section="유클리드 거리가 밋밋한 이미지를 고르는 까닭",
        quantity="가장 자주 나온 백 장의 벡터의 길이 ÷ 전체의 평균",
        unit="배",
        control="길이와 상관없이 허브가 생긴다면 1배입니다. 길이를 지우는 코사인 거리의 허브도 잽니다.",
        expects=below(0.75),
        estimates=[length(name, "유클리드") for name in names],
        controls=[length(name, "코사인") for name in names],
    )


def cosine_thins_out_the_hubs() -> Claim:
    """허브의 심한 정도는 이미지마다 나온 횟수의 흩어짐으로 잽니다."""

    def spread(name, metric):
        count = torch.bincount(_nearest(name, metric).flatten(), minlength=10_000)
        return count.double().numpy()

    return Claim(
        sentence="코사인 거리는 어느 표현에서든 허브를 덜어 줍니다.",
        section="유클리드 거리가 밋밋한 이미지를 고르는 까닭",
        quantity="이웃으로 나온 횟수의 표준편차, 코사인 ÷ 유클리드",
        unit="배",
        control="허브가 차원의 수만의 탓이라면 1배입니다.",
        expects=below(0.8),
        estimates=[
            over_images(
                name,
                spread(name, "코사인"),
                spread(name, "유클리드"),
                statistic=lambda a, b, axis=-1: a.std(axis) / b.std(axis),
            )
            for name in ("픽셀", "PCA", *weight_sets())
        ],
    )


# 거의 같은 이미지


@cache
def _first_two(name: str) -> tuple[Tensor, Tensor]:
    """시험 이미지 10,000장이 검색 대상 10,000장에서 찾은 첫째와 둘째 이웃: 거리 (질의, 2)와 번호."""
    if name == "PCA":
        _, _, mean, directions = _pixels()
        batches = _set("test").batches(1000)
        asked = torch.cat([(batch.flatten(1) - mean) @ directions for batch in batches])
        return torch.cdist(asked, _representation("PCA")[0]).topk(2, largest=False)
    asked = _codes(name, "test", 10_000)
    return torch.cdist(asked, _codes(name, "train", 10_000)).topk(2, largest=False)


def _pairs(name: str) -> tuple[np.ndarray, np.ndarray]:
    """거리의 비가 0.7보다 작은 질의인지, 첫째 이웃의 라벨이 같은지."""
    distances, found = _first_two(name)
    agreeing = _set("train").labels[found[:, 0]] == _set("test").labels
    return (distances[:, 0] / distances[:, 1] < 0.7).numpy(), agreeing.numpy()


def a_small_ratio_finds_near_duplicates() -> Claim:
    def by_distance(name):
        close, agreeing = _pairs(name)
        nearest = _first_two(name)[0][:, 0].argsort()[: close.sum()].numpy()
        return share(f"{name}, 거리가 작은 차례로 같은 수", agreeing[nearest], "쌍")

    names = ("PCA", *weight_sets())
    return Claim(
        sentence="첫째와 둘째 이웃의 거리의 비가 0.7보다 작은 쌍은 거의 모두 라벨이 같습니다.",
        section="더 깊이: 학습 세트에 숨어 있는 시험 이미지",
        quantity="라벨이 같은 쌍의 비율",
        unit="%",
        control="비가 아니라 거리 자체로도 된다면, 거리가 작은 차례로 같은 수를 골라도 그만큼 맞습니다.",
        expects=above(85),
        estimates=[
            share(name, agreeing[close], "쌍")
            for name in names
            for close, agreeing in [_pairs(name)]
        ],
        controls=[by_distance(name) for name in names],
    )


def pca_finds_as_many_near_duplicates() -> Claim:
    def found(name):
        close, agreeing = _pairs(name)
        return 100.0 * (close & agreeing)

    return Claim(
        sentence="거의 같은 이미지는 크기가 같은 PCA도 그만큼 찾습니다.",
        section="네 주장의 판정",
        quantity="거의 같은 이미지를 찾은 질의의 비율, 잠재 벡터 − PCA(같은 질의)",
        unit="%p",
        control="오토인코더라야 되는 일이라면 양수입니다.",
        expects=within(0.5),
        estimates=[
            over_images(name, found(name) - found("PCA"), unit="질의") for name in weight_sets()
        ],
    )


# 라벨이 적을 때


def _drawn(seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randperm(len(_set("train")), generator=generator)[:450]


def _fitted(features: Tensor, labels: Tensor, decay: float) -> tuple[Tensor, Tensor]:
    weight = torch.zeros(features.shape[1], 10, requires_grad=True)
    bias = torch.zeros(10, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=60, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(features @ weight + bias, labels)
        loss = loss + decay * weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return weight.detach(), bias.detach()


@cache
def _probe(name: str, seed: int) -> float:
    """선형 탐침의 시험 정확도(%). 규제의 세기는 검증 이미지 1000장에서 고릅니다."""
    few = _drawn(seed)

    def described(images):
        if name == "픽셀":
            return images.flatten(1) - _pixels()[2]
        return predict(weight_sets()[name][128].encoder, images)

    known = described(_set("train")[few])
    centre, labels = known.mean(0), _set("train").labels[few]
    scale = (known - centre).square().sum(1).mean().sqrt()
    judged = {}
    for split, number in (("validation", 1000), ("test", QUERIES)):
        judged[split] = (
            (described(_set(split)[:number]) - centre) / scale,
            _set(split).labels[:number],
        )
    scores = []
    for decay in (1e-4, 1e-3):
        weight, bias = _fitted((known - centre) / scale, labels, decay)
        scores.append(
            tuple(
                100 * float(((some @ weight + bias).argmax(1) == truth).double().mean())
                for some, truth in judged.values()
            )
        )
    return max(scores)[1]


def frozen_codes_equal_pixels_with_one_per_cent() -> Claim:
    return Claim(
        sentence="라벨이 1 %뿐일 때 고정한 잠재 벡터의 선형 탐침은 픽셀과 거의 같습니다.",
        section="더 깊이: 라벨이 1 %뿐일 때",
        quantity="정확도, 잠재 벡터 − 픽셀(같은 450장, 뽑기마다)",
        unit="%p",
        control="표현이 클래스를 꺼내기 쉽게 한다면 2 %p 넘게 높습니다.",
        expects=within(2),
        estimates=[
            over_seeds(name, [_probe(name, s) - _probe("픽셀", s) for s in range(8)], "뽑기")
            for name in weight_sets()
        ],
    )


def _start(name: str, seed: int) -> nn.Module:
    if name in weight_sets():
        return copy.deepcopy(weight_sets()[name][128].encoder)
    encoder = aelab.Autoencoder(128, generator=torch.Generator().manual_seed(seed)).encoder
    if name == "PyTorch 기본":
        generator = torch.Generator().manual_seed(seed)
        for values in encoder.parameters():
            if values.ndim > 1:
                bound = 1 / math.sqrt(values[0].numel())
            nn.init.uniform_(values.data, -bound, bound, generator=generator)
    return encoder


@cache
def _tuned(name: str, seed: int, rate: float) -> float:
    """450장으로 인코더까지 고친 뒤의 시험 정확도(%)."""
    few = _drawn(seed)
    images, labels = _set("train")[few], _set("train").labels[few]
    encoder = _start(name, seed).train().to(memory_format=torch.channels_last)
    head, generator = nn.Linear(128, 10), torch.Generator().manual_seed(seed)
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    with torch.no_grad():
        codes = encoder(images)
        centre, scale = codes.mean(0), codes.std()

    def logits(batch):
        codes = encoder(batch.to(memory_format=torch.channels_last))
        return head((codes - centre) / scale)

    optimizer = torch.optim.Adam([*encoder.parameters(), *head.parameters()], lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=90)
    for _ in range(10):
        for chosen in torch.randperm(450, generator=generator).split(50):
            batch = images[chosen]
            mirrored = torch.rand(len(batch), generator=generator) < 0.5
            batch = torch.where(mirrored[:, None, None, None], batch.flip(3), batch)
            optimizer.zero_grad()
            F.cross_entropy(logits(batch), labels[chosen]).backward()
            optimizer.step()
            schedule.step()
    with torch.no_grad():
        found = torch.cat([logits(batch) for batch in _set("test")[:QUERIES].split(250)])
    return 100 * float((found.argmax(1) == _set("test").labels[:QUERIES]).double().mean())


def pretraining_helps_a_little() -> Claim:
    gaps = {
        name: [_tuned(name, s, 1e-3) - _tuned("새 가중치", s, 1e-3) for s in range(6)]
        for name in weight_sets()
    }
    return Claim(
        sentence="라벨 1 %의 미세 조정에서 사전 학습된 가중치는 같은 학습률의 새 가중치보다 조금 낫습니다.",
        section="더 깊이: 라벨이 1 %뿐일 때",
        quantity="정확도, 사전 학습 − 새 가중치(같은 450장, 같은 차례, 학습률 0.001)",
        unit="%p",
        control="초기화만 잘하면 되는 일이라면 0입니다. 상대도 크기를 맞추어 초기화했습니다.",
        expects=above(0),
        estimates=[over_seeds(name, gap, "뽑기") for name, gap in gaps.items()],
    )


def pretraining_does_not_help_at_another_rate() -> Claim:
    return Claim(
        sentence="학습률을 0.003으로 올리면 사전 학습의 이득은 1 %p에 못 미칩니다.",
        section="더 깊이: 라벨이 1 %뿐일 때",
        quantity="정확도, 사전 학습 − 새 가중치(학습률 0.003)",
        unit="%p",
        control="사전 학습의 덕이라면 학습률이 달라도 2 %p쯤 남습니다.",
        expects=below(1),
        estimates=[
            over_seeds(
                "배포",
                [_tuned("배포", s, 3e-3) - _tuned("새 가중치", s, 3e-3) for s in range(5)],
                "뽑기",
            )
        ],
    )


def a_poor_initialisation_flatters_pretraining() -> Claim:
    return Claim(
        sentence="PyTorch의 기본 초기화와 견주면 사전 학습의 이득이 훨씬 크게 보입니다.",
        section="더 깊이: 라벨이 1 %뿐일 때",
        quantity="정확도, 크기를 맞춘 새 가중치 − PyTorch의 기본 초기화(학습률 0.001)",
        unit="%p",
        control="초기화가 상관없다면 0입니다.",
        expects=above(3),
        estimates=[
            over_seeds(
                "새 가중치",
                [_tuned("새 가중치", s, 1e-3) - _tuned("PyTorch 기본", s, 1e-3) for s in range(6)],
                "뽑기",
            )
        ],
    )
