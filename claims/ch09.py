"""9장 《텐서보드 프로젝터로 잠재공간 보기》의 주장."""

from functools import cache

import numpy as np
import torch
from sklearn.manifold import TSNE
from torch import Tensor
from torch.nn import functional as F

import aelab
from aelab.data import ImageSet
from aelab.inference import predict
from aelab.projector import flatten
from claims.claim import Claim, Estimate, above, below, over_images, over_seeds
from claims.weights import each_model

PARTS = 5  # 시험 이미지를 겹치지 않는 1000장짜리 다섯 부분으로 나누어, 부분마다 따로 잽니다.


@cache
def _test() -> ImageSet:
    return aelab.load_images("cifar10", "test")


@cache
def _images(part: int) -> Tensor:
    return _test()[1000 * part : 1000 * (part + 1)]


def _labels(part: int) -> Tensor:
    return _test().labels[1000 * part : 1000 * (part + 1)]


@cache
def _space(name: str, part: int) -> Tensor:
    """평균을 뺀 픽셀이나 잠재 벡터 (1000, d)."""
    values = _images(part)
    values = values.flatten(1) if name == "픽셀" else predict(each_model()[name].encoder, values)
    return (values - values.mean(0)).double()


def _over_parts(group: str, measure) -> Estimate:
    return over_seeds(group, [measure(part) for part in range(PARTS)], "1000장짜리 부분")


# PCA의 축


@cache
def _axes(name: str, part: int) -> tuple[Tensor, Tensor]:
    """세 축의 좌표 (1000, 3)과 축마다의 분산의 몫."""
    left, sizes, _ = torch.linalg.svd(_space(name, part), full_matrices=False)
    return left[:, :3] * sizes[:3], sizes.square() / sizes.square().sum()


def _follows(name: str, part: int, axis: int, values: Tensor) -> float:
    """축의 좌표와 성질의 상관계수의 제곱."""
    pair = torch.stack([_axes(name, part)[0][:, axis], values.double()])
    return float(torch.corrcoef(pair)[0, 1].square())


def first_axis_is_brightness() -> Claim:
    def brightness(name):
        return _over_parts(
            name, lambda part: _follows(name, part, 0, _images(part).mean((1, 2, 3)))
        )

    return Claim(
        sentence="PCA의 첫째 축은 밝기를 거의 그대로 따라갑니다.",
        section="PCA 지도: 뜻이 있는 축",
        quantity="첫째 축의 좌표와 밝기의 상관계수의 제곱",
        unit="",
        control="첫째 축이 클래스나 색조라면 낮습니다.",
        expects=above(0.8),
        estimates=[brightness(name) for name in each_model()],
    )


def second_axis_is_top_against_bottom() -> Claim:
    def slope(part):
        images = _images(part)
        return (images[:, :, :16] - images[:, :, 16:]).mean((1, 2, 3))

    return Claim(
        sentence="PCA의 둘째 축은 위아래 밝기의 차이를 가장 많이 따라갑니다.",
        section="PCA 지도: 뜻이 있는 축",
        quantity="둘째 축의 좌표와 위아래 밝기의 차이의 상관계수의 제곱",
        unit="",
        control="다른 성질을 따라간다면 0.5에 못 미칩니다.",
        expects=above(0.5),
        estimates=[
            _over_parts(name, lambda part, name=name: _follows(name, part, 1, slope(part)))
            for name in each_model()
        ],
    )


def two_axes_hold_a_third() -> Claim:
    return Claim(
        sentence="두 축이 담은 분산은 절반에 못 미칩니다.",
        section="PCA 지도: 뜻이 있는 축",
        quantity="두 축이 담은 분산",
        unit="%",
        control="지도가 분산의 대부분을 보인다면 절반을 넘습니다.",
        expects=below(50),
        estimates=[
            _over_parts(name, lambda part, name=name: 100 * float(_axes(name, part)[1][:2].sum()))
            for name in each_model()
        ],
    )


# t-SNE의 지도


def _near(values: Tensor, k: int) -> Tensor:
    distances = torch.cdist(values.double(), values.double()).fill_diagonal_(float("inf"))
    near = distances.topk(k, largest=False).indices
    return torch.zeros(len(values), len(values)).scatter(1, near, 1)


@cache
def _maps(name: str, part: int) -> dict[str, Tensor]:
    codes = _space(name, part).float()
    return {method: flatten(codes, method) for method in ("pca", "tsne")}


def _kept(name: str, part: int, method: str, k: int) -> float:
    """지도가 지킨 이웃의 비율(%)."""
    both = _near(_space(name, part), k) * _near(_maps(name, part)[method], k)
    return 100 * float(both.sum() / (k * 1000))


def _map_names() -> list[str]:
    return [name for name in each_model() if name.endswith(" 128")]


def tsne_keeps_more_near_neighbours() -> Claim:
    return Claim(
        sentence="t-SNE는 PCA보다 가까운 이웃을 더 지킵니다.",
        section="t-SNE 지도: 가까운 이웃을 지키려는 배치",
        quantity="지도가 지킨 이웃 8개의 비율, t-SNE − PCA",
        unit="%p",
        control="두 좌표로는 더 지킬 수 없다면 0입니다.",
        expects=above(5),
        estimates=[
            _over_parts(
                name,
                lambda part, name=name: _kept(name, part, "tsne", 8) - _kept(name, part, "pca", 8),
            )
            for name in _map_names()
        ],
    )


def most_neighbours_are_lost_on_the_map() -> Claim:
    return Claim(
        sentence="t-SNE의 지도에서도 가까운 이웃의 대부분은 이웃이 아닙니다.",
        section="t-SNE 지도: 가까운 이웃을 지키려는 배치",
        quantity="t-SNE의 지도가 지킨 이웃 8개의 비율",
        unit="%",
        control="지도를 믿어도 된다면 절반을 넘습니다.",
        expects=below(50),
        estimates=[
            _over_parts(name, lambda part, name=name: _kept(name, part, "tsne", 8))
            for name in _map_names()
        ],
    )


def _tsne(points: Tensor, seed: int) -> Tensor:
    method = TSNE(2, perplexity=30, init="random", random_state=seed)
    return torch.from_numpy(method.fit_transform(points.double().numpy()))


def _width(points: Tensor) -> Tensor:
    return (points - points.mean(0)).norm(dim=1).mean()


def tsne_hides_the_size_of_clusters() -> Claim:
    before, after = [], []
    for seed in range(5):
        noise = torch.randn(200, 2, generator=torch.Generator().manual_seed(seed))
        truth = torch.cat([noise[:100], 10 * noise[100:] + torch.tensor([60.0, 0])])
        for found, layout in ((before, truth), (after, _tsne(truth, seed))):
            found.append(float(_width(layout[100:]) / _width(layout[:100])))
    return Claim(
        sentence="t-SNE의 지도에서 덩어리의 크기는 원래의 너비를 나타내지 않습니다.",
        section="t-SNE 지도에서 읽으면 안 되는 것",
        quantity="너비가 열 배 다른 두 덩어리의 너비의 비, 지도에서",
        unit="배",
        control="너비가 남는다면 원래처럼 10배쯤입니다.",
        expects=below(2),
        estimates=[over_seeds("지도", after)],
        controls=[over_seeds("원래", before)],
    )


def tsne_hides_the_gaps_between_clusters() -> Claim:
    before, after = [], []
    for seed in range(5):
        noise = torch.randn(3, 100, 2, generator=torch.Generator().manual_seed(seed))
        truth = (noise + torch.tensor([[[0.0, 0]], [[10, 0]], [[60, 0]]])).flatten(0, 1)
        for found, layout in ((before, truth), (after, _tsne(truth, seed))):
            first, second = layout.reshape(3, 100, 2).mean(1).diff(dim=0).norm(dim=1)
            found.append(float(second / first))
    return Claim(
        sentence="t-SNE의 지도에서 덩어리의 간격은 원래의 거리를 나타내지 않습니다.",
        section="t-SNE 지도에서 읽으면 안 되는 것",
        quantity="간격이 다섯 배 다른 세 덩어리의 간격의 비, 지도에서",
        unit="배",
        control="간격이 남는다면 원래처럼 5배쯤입니다.",
        expects=below(2),
        estimates=[over_seeds("지도", after)],
        controls=[over_seeds("원래", before)],
    )


# 무엇이 분산을 설명하는가


def _explained(factors: Tensor, values: Tensor) -> float:
    """factors가 선형회귀로 설명하는 분산(%). 조정한 R²이라 상관없는 factors는 0입니다."""
    factors = torch.cat([factors.double(), torch.ones(len(factors), 1, dtype=torch.float64)], 1)
    left, sizes, _ = torch.linalg.svd(factors, full_matrices=False)
    basis = left[:, sizes / sizes[0] > 1e-8]
    part = (basis.T @ values).square().sum() / values.square().sum()
    freedom = (len(values) - 1) / (len(values) - basis.shape[1])
    return 100 * float(1 - (1 - part) * freedom)


def _class(part: int) -> Tensor:
    return F.one_hot(_labels(part), 10)


def _border(part: int) -> Tensor:
    """가장자리 4픽셀(448개)의 평균 색."""
    images = _images(part)
    return (images.sum((2, 3)) - images[:, :, 4:28, 4:28].sum((2, 3))) / 448


def _centre(part: int) -> Tensor:
    """넓이가 비슷한 가운데 22×22픽셀(484개)의 평균 색."""
    return _images(part)[:, :, 5:27, 5:27].mean((2, 3))


def _colour(part: int) -> Tensor:
    return _images(part).mean((2, 3))


def _light(part: int) -> Tensor:
    return _images(part).mean((1, 2, 3))[:, None]


def classes_explain_no_more_than_in_pixels() -> Claim:
    def gap(name):
        return _over_parts(
            name,
            lambda part: (
                _explained(_class(part), _space(name, part))
                - _explained(_class(part), _space("픽셀", part))
            ),
        )

    return Claim(
        sentence="클래스가 설명하는 분산은 잠재 벡터에서 픽셀보다 크지 않습니다.",
        section="클래스는 모여 있는가",
        quantity="클래스가 설명하는 분산, 잠재 벡터 − 픽셀(같은 이미지)",
        unit="%p",
        control="인코더가 클래스를 모아 놓았다면 1 %p 넘게 큽니다.",
        expects=below(1),
        estimates=[gap(name) for name in each_model()],
    )


def classes_leave_a_trace() -> Claim:
    def shuffled(part):
        order = torch.randperm(1000, generator=torch.Generator().manual_seed(part))
        return _class(part)[order]

    return Claim(
        sentence="클래스는 잠재 벡터의 분산을 조금 설명합니다.",
        section="클래스는 모여 있는가",
        quantity="클래스가 설명하는 분산",
        unit="%",
        control="우연이라면 라벨을 섞어도 그만큼 설명합니다.",
        expects=above(3),
        estimates=[
            _over_parts(name, lambda part, name=name: _explained(_class(part), _space(name, part)))
            for name in each_model()
        ],
        controls=[
            _over_parts(
                f"{name}, 섞은 라벨",
                lambda part, name=name: _explained(shuffled(part), _space(name, part)),
            )
            for name in _map_names()
        ],
    )


def brightness_explains_more_than_classes() -> Claim:
    return Claim(
        sentence="평균 밝기 하나가 클래스보다 훨씬 많은 분산을 설명합니다.",
        section="더 깊이: 배경색이 좌우하는가",
        quantity="설명하는 분산, 평균 밝기 − 클래스",
        unit="%p",
        control="클래스가 더 중요하다면 음수입니다.",
        expects=above(10),
        estimates=[
            _over_parts(
                name,
                lambda part, name=name: (
                    _explained(_light(part), _space(name, part))
                    - _explained(_class(part), _space(name, part))
                ),
            )
            for name in each_model()
        ],
    )


def hue_adds_no_more_than_classes() -> Claim:
    def added(name, part):
        values = _space(name, part)
        hue = _explained(_colour(part), values) - _explained(_light(part), values)
        return hue - _explained(_class(part), values)

    return Claim(
        sentence="평균 색이 설명하는 것은 대부분 밝기이고, 색조가 더하는 몫은 클래스보다 크지 않습니다.",
        section="더 깊이: 배경색이 좌우하는가",
        quantity="설명하는 분산, (평균 색 − 평균 밝기) − 클래스",
        unit="%p",
        control="색이 좌우한다면 색조가 클래스보다 1 %p 넘게 더 설명합니다.",
        expects=below(1),
        estimates=[
            _over_parts(name, lambda part, name=name: added(name, part)) for name in each_model()
        ],
    )


def border_explains_more_than_an_equal_centre() -> Claim:
    def gap(name, part):
        values = _space(name, part)
        return _explained(_border(part), values) - _explained(_centre(part), values)

    return Claim(
        sentence="넓이를 맞추어도 가장자리 색이 가운데 색보다 조금 더 설명합니다.",
        section="더 깊이: 배경색이 좌우하는가",
        quantity="설명하는 분산, 가장자리 448픽셀의 색 − 가운데 484픽셀의 색",
        unit="%p",
        control="배경과 상관없이 넓이의 탓이라면 0입니다.",
        expects=above(0),
        estimates=[
            _over_parts(name, lambda part, name=name: gap(name, part)) for name in each_model()
        ],
    )


def codes_lean_to_the_border_no_more_than_pixels() -> Claim:
    def lean(name, part):
        values = _space(name, part)
        return _explained(_border(part), values) - _explained(_centre(part), values)

    return Claim(
        sentence="잠재 벡터는 학습하지 않은 픽셀보다 가장자리로 더 기울지 않습니다.",
        section="더 깊이: 배경색이 좌우하는가",
        quantity="가장자리와 가운데의 차이, 잠재 벡터 − 픽셀",
        unit="%p",
        control="MSE로 학습한 탓에 배경으로 치우쳤다면 양수입니다.",
        expects=below(0),
        estimates=[
            _over_parts(name, lambda part, name=name: lean(name, part) - lean("픽셀", part))
            for name in each_model()
        ],
    )


# 두 클래스


def _same_class(values: Tensor, labels: Tensor) -> np.ndarray:
    """이미지마다, 이웃 여덟 가운데 클래스가 같은 비율(%)."""
    distances = torch.cdist(values.double(), values.double()).fill_diagonal_(float("inf"))
    near = distances.topk(8, largest=False).indices
    return 100 * (labels[near] == labels[:, None]).double().mean(1).numpy()


def _pair(space, *classes: int) -> np.ndarray:
    """앞의 2000장에서 두 클래스만 남기고 잰 비율."""
    labels = _test().labels[:2000]
    chosen = torch.isin(labels, torch.tensor(classes))
    values = torch.cat([space(part) for part in range(2)])
    return _same_class(values[chosen], labels[chosen])


def dogs_and_cats_are_hardly_apart() -> Claim:
    return Claim(
        sentence="개와 고양이는 잠재공간에서 거의 갈리지 않습니다.",
        section="클래스는 모여 있는가",
        quantity="이웃의 클래스가 같은 비율(두 클래스만, 우연은 50 %)",
        unit="%",
        control="잠재공간에서 갈린다면 배와 개구리처럼 높습니다.",
        expects=below(58),
        estimates=[
            over_images(name, _pair(lambda part, name=name: _space(name, part), 3, 5))
            for name in _map_names()
        ],
        controls=[
            over_images(
                f"{name}, 배와 개구리", _pair(lambda part, name=name: _space(name, part), 8, 6)
            )
            for name in _map_names()
        ],
    )


def three_numbers_of_colour_part_ships_from_frogs() -> Claim:
    colours = _pair(_centre, 8, 6)
    return Claim(
        sentence="배와 개구리는 가운데의 평균 색 셋만으로도 잠재 벡터만큼 갈립니다.",
        section="더 깊이: 배경색이 좌우하는가",
        quantity="이웃의 클래스가 같은 비율, 잠재 벡터 − 가운데 색(같은 이미지)",
        unit="%p",
        control="모양을 보고 갈랐다면 잠재 벡터가 4 %p 넘게 높습니다. 밝기 하나로도 되는지 함께 잽니다.",
        expects=below(4),
        estimates=[
            over_images(name, _pair(lambda part, name=name: _space(name, part), 8, 6) - colours)
            for name in _map_names()
        ],
        controls=[
            over_images(
                f"{name}, 밝기 하나",
                _pair(lambda part, name=name: _space(name, part), 8, 6) - _pair(_light, 8, 6),
            )
            for name in _map_names()
        ],
    )
