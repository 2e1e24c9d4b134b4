"""4장 학습과 텐서보드의 연습문제."""

import functools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector

from aelab.exercises.answers import Hint, as_number, call, close, expect
from aelab.exercises.engine import Exercise
from aelab.metrics import squared_error_per_image


def _pairs(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    for shape in ((4, 3, 8, 8), (7, 3, 5, 6), (1, 1, 4, 4)):
        restored, original = torch.rand(2, *shape, generator=generator) * 2 - 1
        yield restored, original


_batch_loss = Exercise(
    "batch_loss(restored, original)",
    cases=_pairs,
    right=lambda r, o: squared_error_per_image(r, o).mean(),
    mistakes=lambda right, r, o: {
        "모든 값에서 평균했습니다. 한 이미지 안에서는 더합니다.": right / o[0].numel(),
        "묶음까지 더했습니다. 이미지들 사이에서는 평균합니다.": right * len(o),
        "이미지의 수로 두 번 나누었습니다.": right / len(o),
        "채널마다 평균했습니다. 채널도 한 이미지의 값입니다.": right / o.shape[1],
        "제곱이 아니라 절댓값을 더했습니다.": (r - o).abs().sum() / len(o),
        "제곱근을 씌웠습니다. 거리가 아니라 제곱오차입니다.": (r - o).flatten(1).norm(dim=1).mean(),
    },
    otherwise="먼저 이미지마다 값 하나가 나오도록 더하고, 그 값들을 평균합니다.",
)


def batch_loss(answer: Any) -> None:
    """이미지마다 더한 제곱오차를 묶음에서 평균하는, 기울기가 이어지는 손실 `batch_loss(restored, original)`."""
    _batch_loss(answer)
    for restored, original in _batch_loss.inputs():
        given = restored.clone().requires_grad_()
        result = call(lambda original, given=given: answer(given, original), original)
        if not isinstance(result, Tensor) or not result.requires_grad:
            raise Hint(
                "값은 맞지만 기울기가 끊겼습니다. item(), detach(), float() 없이 텐서 그대로 돌려줍니다."
            )
        result.backward()
        if not (
            given.grad is not None and close(given.grad, 2 * (restored - original) / len(restored))
        ):
            raise Hint(
                "값은 맞지만 기울기가 다릅니다. 계산의 모든 단계를 restored에서 이어 갑니다."
            )


def _cosine(part: float) -> float:
    return (1 + math.cos(math.pi * part)) / 2


def _schedule_slips(
    right: float, step: int, warmup: int, total: int, peak: float
) -> dict[str, Any]:
    part, rising = (step - warmup) / (total - warmup), step <= warmup

    def fall(down: float) -> float:
        return right if rising else peak * down

    early = tuple(peak * (step + 1) / (warmup + more) if rising else right for more in (0, 1))
    quarter, plain = (math.cos(math.pi * part / most) for most in (2, 1))
    return {
        "한 칸 앞서 있습니다. 0번째에서는 0입니다.": early,
        "코사인이 0번째에서 시작했습니다. warmup번째에서 시작합니다.": fall(_cosine(step / total)),
        "올리는 구간이 없습니다. warmup번까지 0에서 곧게 올립니다.": peak * _cosine(step / total),
        "곧은 선으로 내렸습니다. 내릴 때는 코사인을 씁니다.": fall(1 - part),
        "코사인의 4분의 1 주기를 썼습니다. 끝에서도 완만하도록 반 주기를 씁니다.": fall(quarter),
        "코사인을 그대로 곱했습니다. -1부터 1까지의 값을 0부터 1까지로 옮겨 곱합니다.": fall(plain),
        "내리는 구간이 없습니다. warmup번째부터 total번째까지 0으로 내립니다.": fall(1),
    }


warmup_cosine = Exercise(
    "warmup_cosine(step, warmup, total, peak): 0번째에서 0, warmup번째까지 곧은 선으로 peak, total번째까지 반 주기의 코사인으로 0이 되는 학습률입니다.",
    cases=[
        (int(step), w, t, peak)
        for w, t, peak in ((10, 110, 0.01), (30, 100, 3e-3), (1, 9, 2.0))
        for step in (0, w / 3, w, (3 * w + t) / 4, (w + t) / 2, t)
    ],
    right=lambda s, w, t, p: p * (s / w if s <= w else _cosine((s - w) / (t - w))),
    mistakes=_schedule_slips,
    otherwise=lambda got, step, warmup, total, peak: (
        f"학습률은 0과 {peak:g} 사이에 머뭅니다."
        if not 0 <= got <= peak * 1.0001
        else "올리는 구간입니다. 0번째의 0과 warmup번째의 peak를 곧은 선으로 잇습니다."
        if step <= warmup
        else "내리는 구간입니다. warmup에서 total까지의 진행을 0에서 π로 옮겨 코사인에 넣습니다."
    ),
)


def _as_list(result: Any) -> list[float]:
    result = result.tolist() if isinstance(result, Tensor) else result
    is_list = isinstance(result, Sequence) and not isinstance(result, str)
    expect(is_list, f"수의 목록을 기대했는데 {type(result).__name__}이(가) 왔습니다.")
    return [as_number(number) for number in result]


def _sizes(images: int, steps: int) -> list[int]:
    return [size for size in range(1, images + 1) if -(-images // size) == steps]


def _sizes_slip(got: Tensor, images: int, steps: int) -> str:
    found, expected = got.tolist(), _sizes(images, steps)
    if set(found) < set(expected):
        return "빠진 크기가 있습니다. 가장 작은 것과 가장 큰 것의 이웃도 세어 봅니다."
    wrong = next((size for size in found if size not in expected), 0)
    if wrong >= 1:
        return f"그 가운데 {wrong:g}장씩 묶으면 갱신이 {math.ceil(images / wrong)}번입니다."
    return "묶음의 크기는 1 이상 images 이하이고, 한 번씩만 적습니다."


batch_sizes = Exercise(
    "batch_sizes(images, steps): 한 epoch의 갱신이 정확히 steps번이 되는 모든 묶음 크기의 목록, 작은 것부터입니다.",
    cases=[(1000, 16), (45_000, 352), (10, 3), (10, 6), (7, 1), (5, 5)],
    right=_sizes,
    mistakes=lambda right, n, k: {
        "크기는 맞지만 차례가 다릅니다. 작은 것부터 적습니다.": right[::-1],
        "마지막의 작은 묶음을 버렸습니다. 그 묶음도 한 번의 갱신입니다.": [
            size for size in range(1, n + 1) if n // size == k
        ],
        "나누어떨어지는 크기만 찾았습니다. 마지막 묶음은 작아도 됩니다.": [n // k] * (n % k == 0),
    },
    otherwise=_sizes_slip,
    shape=None,
    read=_as_list,
    same=torch.equal,
)


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
        return nn.Sequential(
            nn.Flatten(), nn.Linear(192, 8), nn.Linear(8, 192), nn.Unflatten(1, (3, 8, 8))
        )


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
    model = _new_model()
    before = parameters_to_vector(model.parameters()).detach()
    watched = next(model.parameters())
    fresh: list[Tensor] = []
    piled: list[bool] = []
    watched.register_hook(lambda gradient: fresh.append(gradient.clone()))
    watched.register_post_accumulate_grad_hook(
        lambda parameter: piled.append(not close(parameter.grad, fresh[-1], 1e-3))
    )
    _trained(answer, images, validation, model)
    why = f"갱신 {len(piled)}번에 그쳤거나 학습률이 맞지 않습니다. 둘을 바꾸어 봅니다."
    if torch.equal(before, parameters_to_vector(model.parameters())):
        why = (
            "매개변수가 처음 그대로입니다. optimizer.step()을 부르는지 봅니다."
            if piled
            else "backward()를 한 번도 부르지 않았습니다."
        )
    elif sum(piled) > len(piled) / 2:
        why = "기울기가 지난 묶음의 것에 쌓입니다. backward 앞에서 0으로 되돌립니다."
    return f"검증 오차가 평균 이미지의 {ratio:.2f}배입니다. {TRAINING_BOUND} 아래로 내립니다. {why}"
