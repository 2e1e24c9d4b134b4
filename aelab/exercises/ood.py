"""6장 분포 밖 이미지의 연습문제."""

from collections.abc import Iterator
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aelab import ood
from aelab.data import load_images
from aelab.exercises.answers import Hint, as_shape, as_tensor, call, close, expect
from aelab.exercises.engine import Exercise
from aelab.exercises.prediction import Prediction
from aelab.pretrained import load_pretrained

EASY_ERROR = 9.0  # CIFAR-10 시험 이미지의 약 10 %가 잠재 차원 256에서 이보다 작은 오차를 냅니다.
GOOD_AUROC = 0.95


@cache
def _family_order() -> tuple[str, ...]:
    images, model = load_images(split="test")[:200], load_pretrained(256)
    families = {
        "그대로": images,
        "대비 절반": images / 2,
        "흐림": ood.blurred(images, 1.0),
        "겹침": (images + images.flip(0)) / 2,
        "체스판": ood.checkerboard(4),
    }
    errors = {k: float(ood.reconstruction_score(model, v).mean()) for k, v in families.items()}
    return tuple(sorted(errors, key=lambda name: errors[name]))


family_order = Prediction(
    _family_order,
    lambda right: {"거꾸로입니다. 평균 오차가 작은 것부터 늘어놓습니다.": right[::-1]},
    "오차는 낯선 정도보다 이웃한 픽셀이 얼마나 다른지를 따라갑니다.",
)


def _scores_of_pairs(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    for n, m, shift in ((40, 25, 0.8), (7, 30, -1.0), (12, 12, 0.2)):
        scores = torch.randn(n + m, generator=generator) + shift * (torch.arange(n + m) >= n)
        scores = scores.mul(2).round()  # 같은 점수가 섞입니다
        yield scores[:n], scores[n:]


def _share(a: Tensor, b: Tensor, same: float = 0.5) -> float:
    """b가 큰 쌍의 비율. 같은 쌍은 same으로 셉니다."""
    return float(((b[:, None] > a) + same * (b[:, None] == a)).double().mean())


auroc = Exercise(
    "auroc(in_scores, out_scores): 모든 쌍에서 분포 밖 점수가 더 큰 쌍의 비율. 같은 쌍은 절반으로 셉니다.",
    cases=_scores_of_pairs,
    right=_share,
    mistakes=lambda right, a, b: {
        "0.5보다 작은 값을 뒤집었습니다. 작은 값은 거꾸로 가려냈다는 뜻이므로 그대로 둡니다.": (
            max(right, 1 - right)
        ),
        "거꾸로 세었습니다. 분포 밖이 더 큰 쌍을 셉니다.": 1 - right,
        "점수가 같은 쌍을 빠뜨렸습니다. 그런 쌍은 절반으로 셉니다.": _share(a, b, 0),
        "점수가 같은 쌍을 온전히 세었습니다. 그런 쌍은 절반으로 셉니다.": _share(a, b, 1),
        "거꾸로 세었고, 점수가 같은 쌍도 빠뜨렸습니다.": _share(b, a, 0),
        "쌍의 개수입니다. 모든 쌍의 수로 나누어 비율로 만듭니다.": right * len(a) * len(b),
        "분포 안 점수의 개수로만 나누었습니다. 쌍은 n × m개입니다.": right * len(b),
        "분포 밖 점수의 개수로만 나누었습니다. 쌍은 n × m개입니다.": right * len(a),
        "퍼센트입니다. 0과 1 사이의 비율로 둡니다.": 100 * right,
    },
    otherwise=lambda got, a, b: (
        "같은 자리끼리만이 아니라 모든 쌍을 견주었는지 봅니다."
        if 0 <= got <= 1
        else "비율은 0과 1 사이에 있어야 합니다."
    ),
)


def easy_two_colors(answer: object) -> None:
    """두 가지 색만으로 된, 그런데도 재구성 오차가 시험 이미지의 90 %보다 작은 이미지 (3, 32, 32)."""
    expect(not callable(answer), "함수가 아니라 이미지를 기대합니다. 함수라면 부른 결과를 줍니다.")
    image = as_tensor(answer)
    image = as_shape(image[0] if image.shape[:-3] == (1,) else image, (3, 32, 32)).float()
    colors, counts = image.flatten(1).unique(dim=1, return_counts=True)
    distance = float((colors[:, 0] - colors[:, -1]).norm())
    expect(
        image.isfinite().all() and image.abs().max() <= 1 + 1e-3,
        f"값이 [{image.min():.4g}, {image.max():.4g}]입니다. [-1, 1]로 옮깁니다.",
        len(counts) == 2,
        f"서로 다른 색이 {len(counts)}가지입니다. 정확히 두 가지만 씁니다.",
        counts.min() >= 256,
        f"한 색이 {counts.min()}픽셀뿐입니다. 두 색 모두 256픽셀 이상을 차지해야 합니다.",
        distance >= 1,
        f"두 색의 거리가 {distance:.2f}로 거의 단색입니다. 1 이상으로 벌립니다.",
    )
    error = float(ood.reconstruction_score(load_pretrained(256), image.clamp(-1, 1)[None]))
    edges = sum(int((image.diff(dim=axis) != 0).any(0).sum()) for axis in (1, 2))
    if error >= EASY_ERROR:
        raise Hint(
            f"재구성 오차가 {error:.1f}로 기준 {EASY_ERROR:g}보다 큽니다. 이웃한 픽셀의 색이 바뀌는 곳이 {edges:,}군데입니다. "
            "경계의 길이와 두 색을 바꾸어 가며 오차를 봅니다."
        )


def two_sided_score(answer: object) -> None:
    """잡음에도 단색에도 높은, 장마다의 분포 밖 점수 (n,)을 내는 함수 `ood_score(model, reference, images)`."""
    noise, plain, (smooth, rough) = _worlds()
    for pool, clouds in ((4, smooth), (2, rough)):
        _check_separation(answer, _Smear(pool), clouds, {"단색": plain, "잡음": noise[:40]})
    # 잡음이 분포 안이면 이번에는 구름이 분포 밖입니다.
    _check_separation(answer, _Smear(4), noise, {"단색": plain, "매끄러운 이미지": rough[:40]})


@cache
def _worlds() -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
    generator = torch.Generator().manual_seed(0)
    noise = ood.uniform_noise(100, generator=generator)
    plain = ood.constant(torch.rand(40, 3, generator=generator) * 1.8 - 0.9)
    return noise, plain, tuple(_clouds(110, roughness, generator) for roughness in (0.1, 0.5))


class _Smear(nn.Module):
    """이미지를 흐리게만 재구성하는 작은 모델: 거친 이미지일수록 오차가 큽니다."""

    def __init__(self, pool: int) -> None:
        super().__init__()
        self.pool = pool

    def forward(self, images: Tensor) -> Tensor:
        coarse = F.avg_pool2d(images, self.pool)
        return 0.97 * F.interpolate(coarse, scale_factor=self.pool, mode="bilinear")


def _clouds(count: int, roughness: float, generator: torch.Generator) -> Tensor:
    """매끄러운 얼룩에 고운 무늬를 얹은 이미지. 대비가 장마다 달라 오차의 오른쪽 꼬리가 깁니다."""
    coarse = torch.randn(count, 3, 8, 8, generator=generator)
    fine = torch.randn(count, 3, 16, 16, generator=generator) * roughness
    blobs = sum(F.interpolate(layer, size=32, mode="bicubic") for layer in (coarse, fine))
    contrast = 0.3 * torch.exp(0.4 * torch.randn(count, 1, 1, 1, generator=generator))
    return (blobs * contrast).tanh()


def _check_separation(
    answer: object, model: nn.Module, known: Tensor, outside: dict[str, Tensor]
) -> None:
    reference, inside = known[:-40], known[-40:]

    def scores(images: Tensor) -> Tensor:
        found = as_shape(call(answer, model, reference, images), (len(images),))
        if found.isnan().any():
            raise Hint("점수에 NaN이 있습니다. 0으로 나누거나 음수의 로그를 구하지 않는지 봅니다.")
        return found.nan_to_num()  # 무한대는 가장 큰 수로 봅니다

    usual = scores(inside)
    found = {name: _share(usual, scores(images)) for name, images in outside.items()}
    listed = ", ".join(f"{name} {value:.2f}" for name, value in found.items())
    worst = min(found, key=found.__getitem__)
    expect(
        close(scores(inside[:1])[0], usual[0], 1e-3),
        "같은 이미지의 점수가 함께 들어온 다른 이미지에 따라 달라집니다. 기준이 되는 통계는 images가 아니라 reference에서 구합니다.",
        max(found.values()) > 1 - GOOD_AUROC,
        f"AUROC가 {listed}입니다. 모두 거꾸로이니 점수의 부호를 봅니다.",
        found[worst] >= 0.5,
        f"AUROC가 {listed}입니다. {worst}의 점수가 분포 안 이미지보다 낮습니다. 오차가 보통보다 큰 것뿐 아니라 작은 것도 보통에서 먼 것입니다.",
        found[worst] >= GOOD_AUROC,
        f"AUROC가 {listed}입니다. {worst}에서 {GOOD_AUROC}에 못 미칩니다. 오차의 분포는 오른쪽 꼬리가 깁니다. "
        "작은 오차가 보통에서 얼마나 먼지를 차이로 잴지 비율로 잴지 생각해 봅니다.",
    )
