"""4장 학습과 텐서보드의 연습문제."""

import functools
import tempfile
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parameters_to_vector

from aelab.data import load_images
from aelab.event_log import open_log
from aelab.exercises.answers import Hint, as_number, call, close, expect
from aelab.exercises.engine import Exercise
from aelab.exercises.prediction import Prediction
from aelab.metrics import squared_error_per_image


def _as_list(result: Any) -> list[float]:
    result = result.tolist() if isinstance(result, Tensor) else result
    is_list = isinstance(result, Sequence) and not isinstance(result, str)
    expect(is_list, f"수의 목록을 기대했는데 {type(result).__name__}이(가) 왔습니다.")
    return [as_number(number) for number in result]


TRAINING_BOUND = 0.3  # 학습 뒤의 검증 오차 / 평균 이미지의 검증 오차


def train(answer: object) -> None:
    """모델을 그 자리에서 학습하고 epoch마다의 검증 오차를 돌려주는 `train(model, images, validation)`."""
    # 검증 이미지의 색이 더 짙어, 학습 이미지에서 잰 오차와 뚜렷이 다릅니다.
    images, validation, others = _plain(256, 0), _plain(64, 1, 0.5), _plain(64, 2, 0.5)
    model, errors = _trained(answer, images, validation)
    measured = _error(model, validation)
    _check_errors(errors, measured, _error(model, images))
    constant = squared_error_per_image(images.mean(0).expand_as(validation), validation).mean()
    ratio = measured / float(constant)
    if not ratio < TRAINING_BOUND:
        raise Hint(_why_slow(answer, images, validation, ratio))
    second, _ = _trained(answer, images, others)
    if not all(
        close(one.detach(), two.detach(), 1e-3)
        for one, two in zip(model.parameters(), second.parameters(), strict=True)
    ):
        raise Hint(
            "검증 이미지만 바꾸었는데 학습한 매개변수가 달라졌습니다. 검증 이미지로는 backward와 step을 하지 않고, 난수의 씨앗을 정해 둡니다."
        )


def _plain(count: int, seed: int, least: float = 0.0) -> Tensor:
    """한 가지 색의 그림: 값 세 개(크기는 least부터 0.9)로 정해져 작은 병목으로도 담을 수 있습니다."""
    generator = torch.Generator().manual_seed(seed)
    colors = torch.rand(count, 3, 1, 1, generator=generator) * 2 - 1
    colors = colors.sign() * (least + (0.9 - least) * colors.abs())
    return colors.expand(count, 3, 8, 8).contiguous()


def _new_model() -> nn.Module:
    """선형층 두 개의 오토인코더: 채점이 빨리 끝날 만큼 작습니다."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layers = nn.Flatten(), nn.Linear(192, 8), nn.Linear(8, 192), nn.Unflatten(1, (3, 8, 8))
        return nn.Sequential(*layers)


def _trained(
    answer: Any, images: Tensor, validation: Tensor, model: nn.Module | None = None
) -> tuple[nn.Module, object]:
    model = model or _new_model()
    # 모델은 학습되어야 하므로 베끼지 않고 묶어서 넘깁니다.
    bound = functools.partial(answer, model) if callable(answer) else answer
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return model, call(bound, images, validation)


@torch.no_grad()
def _error(model: nn.Module, images: Tensor) -> float:
    return float(squared_error_per_image(model.eval()(images), images).mean())


def _check_errors(errors: Any, measured: float, on_images: float) -> None:
    errors = _as_list(errors)
    if len(errors) < 2:
        raise Hint(
            f"epoch마다의 검증 오차를 두 개 이상 담은 목록을 기대했는데 길이가 {len(errors)}입니다."
        )
    slips = {
        "학습 이미지에서 잰 오차입니다. 검증 이미지에서 잽니다.": on_images,
        "값마다 평균했습니다. 이미지마다 더한 다음 이미지들 사이에서 평균합니다.": measured / 192,
        "묶음까지 더했습니다. 이미지들 사이에서는 평균합니다.": measured * 64,
    }
    other = "마지막 갱신 뒤의 모델로, 검증 이미지 전체에서 잽니다."
    slip = next((text for text, value in slips.items() if close(errors[-1], value, 1e-3)), other)
    if not close(errors[-1], measured, 1e-3):
        raise Hint(
            f"돌려준 마지막 검증 오차는 {errors[-1]:.4g}인데 모델로 재어 보면 {measured:.4g}입니다. {slip}"
        )


def _why_slow(answer: object, images: Tensor, validation: Tensor, ratio: float) -> str:
    """기준에 못 미친 까닭: 갱신하지 않았는지, 기울기가 쌓였는지 다시 돌려 지켜봅니다."""
    model, fresh, piled = _new_model(), list[Tensor](), list[bool]()
    before, watched = parameters_to_vector(model.parameters()).detach(), next(model.parameters())
    watched.register_hook(lambda gradient: fresh.append(gradient.clone()))
    watched.register_post_accumulate_grad_hook(
        lambda parameter: piled.append(not close(parameter.grad, fresh[-1], 1e-3))
    )
    _trained(answer, images, validation, model)
    why = f"갱신 {len(piled)}번에 그쳤거나 학습률이 맞지 않습니다. 둘을 바꾸어 봅니다."
    if torch.equal(before, parameters_to_vector(model.parameters())):
        why = "매개변수가 처음 그대로입니다. optimizer.step()을 부르는지 봅니다."
        why = why if piled else "backward()를 한 번도 부르지 않았습니다."
    elif sum(piled) > len(piled) / 2:
        why = "기울기가 지난 묶음의 것에 쌓입니다. backward 앞에서 0으로 되돌립니다."
    return f"검증 오차가 평균 이미지의 {ratio:.2f}배입니다. {TRAINING_BOUND} 아래로 내립니다. {why}"


@functools.cache
def _small_images() -> tuple[Tensor, Tensor]:
    """8×8로 줄인 검증 세트의 이미지: 학습할 300장과 검증할 200장."""
    small = F.avg_pool2d(load_images(split="validation")[:500], 4)
    return small[:300], small[300:]


def _small_model() -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layers = nn.Linear(192, 64), nn.GELU(), nn.Linear(64, 192)
        return nn.Sequential(nn.Flatten(), *layers, nn.Unflatten(1, (3, 8, 8)))


def _updated(model: nn.Module, optimizer: Any, images: Tensor, dice: Any, **changed: Any) -> None:
    """이미지를 섞어 32장씩 한 바퀴. `scale`은 손실에 곱하고, `flip`이면 절반을 좌우로 뒤집습니다."""
    for rows in torch.randperm(len(images), generator=dice).split(32):
        batch = images[rows]
        if changed.get("flip"):
            half = torch.rand(len(batch), generator=dice) < 0.5
            batch = torch.where(half[:, None, None, None], batch.flip(3), batch)
        loss = changed.get("scale", 1) * squared_error_per_image(model(batch), batch).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def _fitted(images: Tensor, rate: float, epochs: int, **changed: Any) -> nn.Module:
    model, dice = _small_model(), torch.Generator().manual_seed(0)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate)
    for _ in range(epochs):
        _updated(model, optimizer, images, dice, **changed)
    return model


def _order(values: dict[str, float]) -> tuple[str, ...]:
    return tuple(sorted(values, key=lambda name: values[name]))


@functools.cache
def _rates() -> tuple[str, ...]:
    images, validation = _small_images()
    models = {r: _fitted(images, float(r), 5, scale=1 / 192) for r in ("0.0001", "0.01", "1")}
    return _order({rate: _error(model, validation) for rate, model in models.items()})


rates = Prediction(
    _rates,
    lambda right: {"오차가 큰 것부터 적었습니다. 작은 것부터 적습니다.": right[::-1]},
    "AdamW는 기울기를 제 크기로 나눕니다. 손실을 192로 나누어도 알맞은 학습률은 그대로입니다.",
)


@functools.cache
def _distances() -> tuple[str, ...]:
    """끊기지 않은 학습과의 거리가 가까운 차례."""
    images, _ = _small_images()
    vectors = {}
    for left_out in ("끊기지 않음", "모두 저장", "난수를 빠뜨림", "최적화기를 빠뜨림"):
        model, dice = _small_model(), torch.Generator().manual_seed(0)
        optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
        _updated(model, optimizer, images, dice)
        if left_out == "최적화기를 빠뜨림":
            optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
        if left_out == "난수를 빠뜨림":
            dice = torch.Generator().manual_seed(0)
        _updated(model, optimizer, images, dice)
        vectors[left_out] = parameters_to_vector(model.parameters()).detach()
    unbroken = vectors.pop("끊기지 않음")
    return _order({name: float((one - unbroken).norm()) for name, one in vectors.items()})


resume = Prediction(
    _distances,
    lambda right: {"거리가 먼 것부터 적었습니다. 가까운 것부터 적습니다.": right[::-1]},
    "난수를 빠뜨리면 묶음의 차례가 달라지고, 최적화기를 빠뜨리면 걸음의 크기까지 다시 정해집니다.",
)


@functools.cache
def _gaps() -> tuple[str, ...]:
    images, validation = _small_images()
    kinds = {"64장": (64, False, 50), "64장 뒤집기": (64, True, 50), "300장": (300, False, 10)}
    gaps = {}
    for name, (count, flip, epochs) in kinds.items():
        model = _fitted(images[:count], 3e-3, epochs, flip=flip)
        gaps[name] = _error(model, images[:count]) - _error(model, validation)
    return _order(gaps)


gaps = Prediction(
    _gaps,
    lambda right: {"간격이 작은 것부터 적었습니다. 큰 것부터 적습니다.": right[::-1]},
    "뒤집은 이미지는 같은 장면이라 새 이미지만큼 돕지는 못하지만, 외우기는 어렵게 합니다.",
)


@functools.cache
def _event_folders() -> list[tempfile.TemporaryDirectory]:
    """검증 오차가 가장 작은 epoch이 처음도 끝도 아닌 기록. 둘째는 끊겼다 이어 가 파일이 둘입니다."""
    folders = []
    for files in ([[6, 4, 9, 7, 8]], [[9, 8, 7], [5, 3, 6]]):
        folder, epoch = tempfile.TemporaryDirectory(), 0
        for errors in files:
            log = open_log(folder.name)
            for error in errors:
                epoch += 1
                log.add_scalar("loss/train", 10 - epoch, epoch)
                log.add_scalar("loss/validation", error, epoch)
            log.close()
        folders.append(folder)
    return folders


def _points(folder: str, tag: str = "loss/validation") -> list[tuple[float, int]]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    points = EventAccumulator(folder).Reload().Scalars(tag)
    return [(point.value, point.step) for point in points]


best_epoch = Exercise(
    "best_epoch(folder): 텐서보드의 기록에서 검증 오차가 가장 작은 epoch의 번호입니다.",
    cases=lambda generator: [(folder.name,) for folder in _event_folders()],
    right=lambda folder: min(_points(folder))[1],
    mistakes=lambda right, folder: {
        "그때의 검증 오차가 나왔습니다. epoch의 번호는 기록의 step입니다.": min(_points(folder))[0],
        "목록에서의 위치가 나왔습니다. epoch은 1부터 세고, 기록의 step에 적혀 있습니다.": right - 1,
        "마지막 epoch이 나왔습니다. 값이 가장 작은 기록을 고릅니다.": _points(folder)[-1][1],
        "검증 오차가 가장 큰 epoch이 나왔습니다.": max(_points(folder))[1],
    },
    otherwise="loss/validation의 기록을 모두 읽어 value가 가장 작은 것을 찾습니다.",
)
