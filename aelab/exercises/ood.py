"""6장 분포 밖 이미지의 연습문제."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aelab import ood
from aelab.exercises.answers import Hint, as_shape, as_tensor, call, close, expect
from aelab.exercises.engine import Exercise
from aelab.pretrained import load_pretrained

EASY_ERROR = 9.0  # CIFAR-10 시험 이미지의 약 10 %가 잠재 차원 256에서 이보다 작은 오차를 냅니다.
GOOD_AUROC = 0.95


def _board(cell: int) -> Tensor:
    return ood.checkerboard(cell)[0]


def _board_slip(image: Tensor, cell: int) -> str:
    if min(float(image.std(axis).max()) for axis in (1, 2)) < 1e-6:
        return "줄무늬나 단색이 되었습니다. 행과 열의 칸 번호를 함께 씁니다."
    if not close(image[:1].expand(3, -1, -1), image):
        return "세 채널의 값이 달라 흑백이 아닙니다."
    row, column = ((image - _board(cell)).abs().amax(0) > 1e-4).nonzero()[0].tolist()
    return f"{row}행 {column}열의 값이 {image[0, row, column]:.4g}입니다. 그 픽셀이 몇째 줄 몇째 칸에 드는지 세어 봅니다."


checkerboard = Exercise(
    "checkerboard(cell): 한 칸이 cell픽셀인 흑백 체스판 (3, 32, 32). 왼쪽 위 칸은 흰색(1), 그 옆은 검은색(-1)입니다.",
    cases=[(16,), (8,), (4,), (1,), (5,), (32,)],
    right=_board,
    mistakes=lambda right, cell: {
        "흰색과 검은색이 뒤바뀌었습니다. 왼쪽 위 칸이 흰색입니다.": -right,
        "검은 칸이 0입니다. [-1, 1]에서 0은 회색이고 검은색은 -1입니다.": (right + 1) / 2,
        "cell은 한 줄에 놓인 칸의 개수가 아니라 칸 한 변의 픽셀 수입니다.": _board(32 // cell or 1),
    },
    otherwise=_board_slip,
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
    generator = torch.Generator().manual_seed(0)
    noise = ood.uniform_noise(120, generator=generator)
    plain = ood.constant(torch.rand(40, 3, generator=generator) * 1.8 - 0.9)
    for pool, roughness in ((4, 0.1), (2, 0.5)):
        clouds = _clouds(160, roughness, generator)
        _check_separation(answer, _Smear(pool), clouds, {"단색": plain, "잡음": noise[:40]})
    # 잡음이 분포 안이면 이번에는 구름이 분포 밖입니다.
    _check_separation(answer, _Smear(4), noise, {"단색": plain, "매끄러운 이미지": clouds[:40]})


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
