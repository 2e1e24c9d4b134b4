"""4장 《학습과 텐서보드》의 주장. 학습은 모두 짧고(이미지 1000장), 시드마다 초기 가중치와 섞는 차례가 다릅니다."""

import copy
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import torch
from torch import Tensor, nn

import aelab
from aelab.data import ImageSet
from aelab.inference import predict
from aelab.metrics import squared_error_per_image
from aelab.muon import Muon, orthogonalize
from aelab.training import TrainingConfig, fit
from claims.claim import Claim, above, below, over_images, over_seeds, within
from claims.weights import weight_sets

SEEDS = range(4)
MANY = range(8)  # 시드마다 크게 달라지는 것


@cache
def _images(split: str = "train", count: int = 1000) -> Tensor:
    return aelab.load_images("cifar10", split)[:count]


def _relative(model: nn.Module, images: Tensor) -> float:
    """평균 이미지의 오차를 1로 놓은 오차."""
    lazy = squared_error_per_image(_images().mean(0).expand_as(images), images).mean()
    return float(squared_error_per_image(predict(model, images), images).mean() / lazy)


def _batches(images: Tensor, steps: int, generator: torch.Generator, size: int = 32) -> Iterator:
    """섞어서 나눈 묶음을 `steps`번. 끝까지 돌면 다시 섞습니다."""
    taken = 0
    while taken < steps:
        for rows in torch.randperm(len(images), generator=generator).split(size):
            if taken == steps:
                return
            yield images[rows]
            taken += 1


def _train(
    model: nn.Module,
    optimizers: list,
    images: Tensor,
    steps: int,
    seed: int,
    scale: float = 1.0,
    schedule: bool = False,
    watch: Callable = lambda step: None,
) -> None:
    peaks = [each.param_groups[0]["lr"] for each in optimizers]
    schedules = [
        torch.optim.lr_scheduler.OneCycleLR(
            each, peak, steps, pct_start=0.15, cycle_momentum=False, final_div_factor=1e4
        )
        for each, peak in zip(optimizers, peaks, strict=True)
        if schedule
    ]
    generator = torch.Generator().manual_seed(1000 + seed)
    for step, batch in enumerate(_batches(images, steps, generator), 1):
        loss = scale * squared_error_per_image(model(batch), batch).mean()
        model.zero_grad()
        loss.backward()
        for each in (*optimizers, *schedules):
            each.step()
        watch(step)


# 손실의 크기


@cache
def _scaled(kind: str, seed: int) -> tuple[float, float]:
    """80번 갱신한 뒤의 상대 오차: 합으로, 평균으로."""
    errors = []
    for scale in (1, 1 / 3072):
        generator = torch.Generator().manual_seed(seed)
        model = aelab.Autoencoder(32, base_channel_size=8, generator=generator)
        name, *rest = kind.split(", ")
        options = {key: float(value) for key, value in (each.split("=") for each in rest)}
        options = {"lr": 3e-3} | options
        optimizer = getattr(torch.optim, name)(model.parameters(), **options)
        _train(model, [optimizer], _images(), 80, seed, scale)
        errors.append(_relative(model, _images("validation", 500)))
    return errors[0], errors[1]


def _worse(kind: str, seeds: range = SEEDS) -> list[float]:
    return [mean - total for total, mean in (_scaled(kind, seed) for seed in seeds)]


def adam_and_adamw_hardly_feel_the_scale() -> Claim:
    return Claim(
        sentence="기본 Adam과 AdamW는 손실을 더하든 평균하든 결과가 거의 같습니다.",
        section="더 깊이: 손실의 크기",
        quantity="80번 갱신한 뒤의 상대 오차, 평균으로 − 합으로(같은 시드끼리)",
        unit="",
        control="손실의 크기가 걸음에 남는다면 벌어집니다. 대조는 ε을 키운 Adam입니다.",
        expects=within(0.02),
        estimates=[
            over_seeds(kind, _worse(kind)) for kind in ("Adam", "AdamW, weight_decay=0.001")
        ],
        controls=[over_seeds("Adam, ε = 10⁻⁴", _worse("Adam, eps=1e-4"))],
    )


def large_eps_lets_the_scale_in() -> Claim:
    return Claim(
        sentence="ε이 크면 Adam도 손실의 크기에 영향을 받습니다.",
        section="더 깊이: 손실의 크기",
        quantity="80번 갱신한 뒤의 상대 오차, 평균으로 − 합으로(같은 시드끼리)",
        unit="",
        control="ε과 상관없다면 0입니다. 대조는 ε이 기본값인 Adam입니다.",
        expects=above(0.03),
        estimates=[over_seeds("Adam, ε = 10⁻⁴", _worse("Adam, eps=1e-4", MANY))],
        controls=[over_seeds("Adam, ε = 10⁻⁸", _worse("Adam"))],
    )


def decay_inside_adam_lets_the_scale_in() -> Claim:
    return Claim(
        sentence="Adam에 준 가중치 감쇠는 손실의 크기에 따라 세기가 달라지고, AdamW에서는 그렇지 않습니다.",
        section="더 깊이: 손실의 크기",
        quantity="80번 갱신한 뒤의 상대 오차, 평균으로 − 합으로(같은 시드끼리)",
        unit="",
        control="감쇠 자체의 탓이라면 AdamW에서도 벌어집니다.",
        expects=above(0.2),
        estimates=[over_seeds("Adam, 감쇠 10⁻³", _worse("Adam, weight_decay=0.001"))],
        controls=[over_seeds("AdamW, 감쇠 10⁻³", _worse("AdamW, weight_decay=0.001"))],
    )


# 최적화기와 초기화


def _new_model(initialization: str, seed: int, width: int = 16) -> nn.Module:
    generator = torch.Generator().manual_seed(seed)
    model = aelab.Autoencoder(64, base_channel_size=width, generator=generator)
    if initialization == "PyTorch 기본":
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            for layer in model.modules():
                if hasattr(layer, "reset_parameters"):
                    layer.reset_parameters()
    return model


@cache
def _raced(optimizer: str, initialization: str, seed: int) -> float:
    """96번 갱신한 뒤의 상대 오차. Muon은 행렬만 맡고 나머지는 AdamW가 맡습니다."""
    model = _new_model(initialization, seed, width=8)
    matrices = [p for p in model.parameters() if p.ndim >= 2 and optimizer == "Muon"]
    others = [p for p in model.parameters() if p.ndim < 2 or optimizer != "Muon"]
    optimizers = [torch.optim.AdamW(others, lr=3e-3, weight_decay=0.0)]
    if matrices:
        optimizers.append(Muon(matrices, lr=0.02))
    _train(model, optimizers, _images(), 96, seed, schedule=True)
    return _relative(model, _images("validation", 500))


def _gap(first: tuple[str, str], second: tuple[str, str]) -> list[float]:
    return [_raced(*first, seed) - _raced(*second, seed) for seed in MANY]


def muon_leads_a_short_training() -> Claim:
    return Claim(
        sentence="짧은 학습에서 Muon은 AdamW보다 빠릅니다.",
        section="더 깊이: AdamW와 Muon",
        quantity="96번 갱신한 뒤의 상대 오차, AdamW − Muon(같은 시드끼리)",
        unit="",
        control="최적화기가 상관없다면 0입니다.",
        expects=above(0),
        estimates=[
            over_seeds("이 책의 초기화", _gap(("AdamW", "이 책"), ("Muon", "이 책"))),
            over_seeds("PyTorch 기본", _gap(("AdamW", "PyTorch 기본"), ("Muon", "PyTorch 기본"))),
        ],
    )


def initialization_matters_under_adamw() -> Claim:
    return Claim(
        sentence="AdamW에서는 PyTorch의 기본 초기화가 뚜렷이 늦습니다.",
        section="초기화와 최적화기",
        quantity="96번 갱신한 뒤의 상대 오차, PyTorch 기본 − 이 책(같은 시드끼리)",
        unit="",
        control="초기화가 상관없다면 0입니다.",
        expects=above(0.03),
        estimates=[over_seeds("AdamW", _gap(("AdamW", "PyTorch 기본"), ("AdamW", "이 책")))],
    )


def initialization_matters_less_under_muon() -> Claim:
    adamw = _gap(("AdamW", "PyTorch 기본"), ("AdamW", "이 책"))
    muon = _gap(("Muon", "PyTorch 기본"), ("Muon", "이 책"))
    return Claim(
        sentence="초기화의 몫은 최적화기에 따라 다릅니다. Muon에서는 AdamW에서보다 작습니다.",
        section="초기화와 최적화기",
        quantity="(PyTorch 기본 − 이 책)의 상대 오차, AdamW에서 − Muon에서(같은 시드끼리)",
        unit="",
        control="초기화의 몫이 최적화기와 상관없다면 0입니다.",
        expects=above(0),
        estimates=[over_seeds("96번 갱신", [a - m for a, m in zip(adamw, muon, strict=True)])],
    )


def _spread(change: Callable, seed: int) -> float:
    """특잇값이 크게 다른 행렬을 바꾼 뒤의, 가장 큰 특잇값 ÷ 가장 작은 특잇값."""
    dice = torch.Generator().manual_seed(seed)
    stretch = torch.tensor([100.0, 30, 10, 5, 3, 2, 1, 0.5])
    matrix = torch.randn(64, 8, generator=dice) @ torch.diag(stretch)
    singular = torch.linalg.svdvals(change(matrix.double()))
    return float(singular[0] / singular[-1])


def _cubic(matrix: Tensor, steps: int) -> Tensor:
    """수렴하는 고전적인 뉴턴-슐츠 반복: 1.5σ − 0.5σ³."""
    wide = matrix.T / matrix.norm()
    for _ in range(steps):
        wide = 1.5 * wide - 0.5 * wide @ wide.T @ wide
    return wide


def more_steps_never_make_singular_values_equal() -> Claim:
    return Claim(
        sentence="Muon의 반복은 아무리 늘려도 특잇값을 같게 만들지 않습니다.",
        section="더 깊이: AdamW와 Muon",
        quantity="갱신의 가장 큰 특잇값 ÷ 가장 작은 특잇값",
        unit="배",
        control="다섯 번만 한 탓이라면 1000번에서는 1이 됩니다. 대조는 수렴하는 계수(1.5, −0.5)로 50번 한 것입니다.",
        expects=above(1.2),
        estimates=[
            over_seeds(
                f"{steps}번",
                [_spread(lambda m, s=steps: orthogonalize(m, s), k) for k in range(20)],
            )
            for steps in (5, 20, 1000)
        ],
        controls=[
            over_seeds("수렴하는 계수", [_spread(lambda m: _cubic(m, 50), k) for k in range(20)])
        ],
    )


def muons_coefficients_were_chosen_to_rise_fast() -> Claim:
    return Claim(
        sentence="Muon의 계수는 작은 특잇값을 빨리 올립니다.",
        section="더 깊이: AdamW와 Muon",
        quantity="다섯 번 반복한 뒤의 가장 큰 특잇값 ÷ 가장 작은 특잇값",
        unit="배",
        control="수렴하는 계수(1.5, −0.5)로도 다섯 번이면 된다면 계수를 바꿀 까닭이 없습니다.",
        expects=below(4),
        estimates=[over_seeds("Muon", [_spread(lambda m: orthogonalize(m), k) for k in range(20)])],
        controls=[
            over_seeds("수렴하는 계수", [_spread(lambda m: _cubic(m, 5), k) for k in range(20)])
        ],
    )


# 곡선의 끝, 과적합, 이어 가기


@cache
def _tails(seed: int) -> dict[str, float]:
    """one-cycle을 끝낸 모델과, 거기에서 60번 더 갱신한 모델의 상대 오차."""
    validation = _images("validation", 500)
    model = _new_model("이 책", seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.0)
    _train(model, [optimizer], _images(), 120, seed, schedule=True)
    found = {"끝": _relative(model, validation)}
    for name, rate in (("일정의 끝", 8e-8), ("다시 올림", 1e-3)):
        further = copy.deepcopy(model)
        optimizer = torch.optim.AdamW(further.parameters(), lr=rate, weight_decay=0.0)
        _train(further, [optimizer], _images(), 60, seed + 50)
        found[name] = _relative(further, validation)
    return found


def a_flat_tail_is_made_by_the_schedule() -> Claim:
    def fallen(name):
        return [100 * (1 - _tails(seed)[name] / _tails(seed)["끝"]) for seed in SEEDS]

    return Claim(
        sentence="one-cycle의 끝이 평평한 것은 학습률이 0에 가깝기 때문이지, 다 배웠기 때문이 아닙니다.",
        section="끝까지 학습한 곡선 읽기",
        quantity="곡선이 평평해진 뒤 60번 더 갱신해 줄어든 검증 오차",
        unit="%",
        control="다 배운 것이라면 학습률을 다시 올려도 줄지 않습니다. 대조는 일정이 끝났을 때의 학습률입니다.",
        expects=above(2),
        estimates=[over_seeds("학습률을 10⁻³으로 올림", fallen("다시 올림"))],
        controls=[over_seeds("학습률 8×10⁻⁸ 그대로", fallen("일정의 끝"))],
    )


@cache
def _fitted(count: int, seed: int) -> tuple[float, list[float]]:
    """`count`장으로 240번 갱신한 모델의 학습 오차와, 40번마다의 검증 오차."""
    model, rows = _new_model("이 책", seed), []
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)

    def watch(step):
        if step % 40 == 0:
            rows.append(_relative(model, _images("validation", 300)))

    _train(model, [optimizer], _images()[:count], 240, seed, watch=watch)
    return _relative(model, _images()[:count]), rows


def few_images_are_learnt_by_heart() -> Claim:
    def gaps(count):
        runs = [_fitted(count, seed) for seed in SEEDS[:3]]
        return [rows[-1] - known for known, rows in runs]

    return Claim(
        sentence="이미지가 64장이면 병목이 있어도 과적합합니다.",
        section="과적합과 과소적합",
        quantity="240번 갱신한 뒤의 상대 오차, 검증 − 학습",
        unit="",
        control="병목이 과적합을 막는다면 1000장으로 학습했을 때처럼 벌어지지 않습니다.",
        expects=above(0.1),
        estimates=[over_seeds("64장", gaps(64))],
        controls=[over_seeds("1000장", gaps(1000))],
    )


def validation_error_rises_again_with_few_images() -> Claim:
    def risen(count):
        runs = [_fitted(count, seed)[1] for seed in SEEDS[:3]]
        return [rows[-1] - min(rows) for rows in runs]

    return Claim(
        sentence="과적합하면 검증 오차는 내려갔다가 다시 올라갑니다.",
        section="과적합과 과소적합",
        quantity="상대 오차(검증), 240번째 − 가장 작았을 때",
        unit="",
        control="이미지가 넉넉하면 끝까지 내려가므로 0에 가깝습니다.",
        expects=above(0.02),
        estimates=[over_seeds("64장", risen(64))],
        controls=[over_seeds("1000장", risen(1000))],
    )


def the_bottleneck_outweighs_unseen_images() -> Claim:
    def errors(model, split):
        images = _images(split, 1000)
        return squared_error_per_image(predict(model, images), images).numpy()

    def gap(known, unseen, axis=-1):
        return known.mean(axis) - unseen.mean(axis)

    return Claim(
        sentence="오차를 정하는 것은 처음 보는 이미지냐가 아니라 병목입니다.",
        section="끝까지 학습한 곡선 읽기",
        quantity="64차원이 학습한 이미지에서 낸 오차 − 128차원이 처음 보는 이미지에서 낸 오차",
        unit="제곱오차 합",
        control="처음 보는 이미지라서 어려운 것이라면 음수입니다.",
        expects=above(0),
        estimates=[
            over_images(chosen, errors(m[64], "train"), errors(m[128], "test"), statistic=gap)
            for chosen, m in weight_sets().items()
        ],
    )


def _cut_in_the_second_epoch(images: ImageSet) -> ImageSet:
    begun = []

    class PowerCut(ImageSet):
        def batches(self, *arguments):
            begun.append("epoch")
            for step, batch in enumerate(super().batches(*arguments)):
                if len(begun) == 2 and step == 2:
                    raise KeyboardInterrupt
                yield batch

    return PowerCut(images.images, images.labels, images.classes, images.name)


def a_full_checkpoint_resumes_bit_for_bit() -> Claim:
    everything = aelab.load_images("cifar10", "train")
    train, validation = everything.subset(slice(0, 200)), everything.subset(slice(200, 260))
    gaps, halves = [], []
    for seed in SEEDS[:3]:
        config = TrainingConfig(
            latent_dim=8, base_channel_size=4, epochs=3, batch_size=50, seed=seed
        )
        with tempfile.TemporaryDirectory() as folder:
            unbroken = fit(config, train, validation, Path(folder) / "끝까지")
            cut = _cut_in_the_second_epoch(train)
            try:
                fit(config, cut, validation, Path(folder) / "끊김")
            except KeyboardInterrupt:
                resumed = fit(config, train, validation, Path(folder) / "끊김", resume=True)
        gaps.append(_distance(unbroken, resumed))
        halves.append(_without_the_optimizer(seed))
    return Claim(
        sentence="최적화기와 일정, 난수의 상태까지 담으면 CPU에서 비트까지 똑같이 이어 갑니다.",
        section="끊긴 학습 이어 가기",
        quantity="끊기지 않은 학습과 이어 간 학습의 매개변수 차이(최댓값)",
        unit="",
        control="매개변수만 담아도 된다면 대조에서도 0입니다. 대조는 최적화기의 상태를 버리고 이어 간 것입니다.",
        expects=within(1e-12),
        estimates=[over_seeds("fit으로 이어 감", gaps)],
        controls=[over_seeds("최적화기의 상태를 버림", halves)],
    )


def _distance(a: nn.Module, b: nn.Module) -> float:
    pairs = zip(a.parameters(), b.parameters(), strict=True)
    return max(float((p - q).detach().abs().max()) for p, q in pairs)


def _without_the_optimizer(seed: int) -> float:
    models = []
    for forget in (False, True):
        model = _new_model("이 책", seed)
        optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
        _train(model, [optimizer], _images()[:96], 3, seed)
        if forget:
            optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
        _train(model, [optimizer], _images()[:96], 3, seed + 50)
        models.append(model)
    return _distance(*models)
