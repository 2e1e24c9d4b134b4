"""4장 학습과 텐서보드의 연습문제."""

import functools
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from aelab.exercises.answers import Hint, Unsolved, as_list, as_number, call, close
from aelab.metrics import squared_error_per_image


def batch_loss(answer: object) -> None:
    """이미지마다 더한 제곱오차를 묶음에서 평균하는 손실 `batch_loss(restored, original)`.

    학습에 쓸 수 있도록 restored까지 기울기가 이어져야 합니다.
    """
    generator = torch.Generator().manual_seed(0)
    for shape in ((4, 3, 8, 8), (7, 3, 5, 6), (1, 1, 4, 4)):
        original = torch.rand(shape, generator=generator) * 2 - 1
        restored = torch.rand(shape, generator=generator) * 2 - 1
        squared = (restored - original).square().double()
        result = call(answer, restored, original)
        got = as_number(_detached(result))
        if not close(got, squared.sum() / shape[0]):
            raise Hint(
                f"크기 {shape}에서 {squared.sum() / shape[0]:.4f} 근처를 기대했는데 {got:.4f}이(가) "
                f"나왔습니다. {_loss_slip(got, squared, restored - original)}"
            )
        _check_loss_gradient(answer, restored, original)


def _detached(value: object) -> object:
    return value.detach() if isinstance(value, Tensor) else value


def _loss_slip(got: float, squared: Tensor, difference: Tensor) -> str:
    slips = {
        float(squared.mean()): "모든 값에서 평균했습니다. 한 이미지 안에서는 더합니다.",
        float(squared.sum()): "묶음까지 더했습니다. 이미지들 사이에서는 평균합니다.",
        float(squared.sum() / squared.shape[0] ** 2): "이미지의 수로 두 번 나누었습니다.",
        float(squared.sum((2, 3)).mean()): "채널마다 평균했습니다. 채널도 한 이미지의 값입니다.",
        float(difference.abs().sum() / len(difference)): "제곱이 아니라 절댓값을 더했습니다.",
        float(
            squared.flatten(1).sum(1).sqrt().mean()
        ): "제곱근을 씌웠습니다. 거리가 아니라 제곱오차입니다.",
    }
    for value, slip in slips.items():
        if close(got, value):
            return slip
    return "먼저 이미지마다 값 하나가 나오도록 더하고, 그 값들을 평균합니다."


def _check_loss_gradient(answer: object, restored: Tensor, original: Tensor) -> None:
    given = restored.clone().requires_grad_()
    try:
        result = answer(given, original)  # type: ignore[operator]
    except Exception as error:
        raise Hint(
            f"기울기를 구할 재구성을 주자 오류가 났습니다. {type(error).__name__}: {error}"
        ) from None
    if not isinstance(result, Tensor) or not result.requires_grad:
        raise Hint(
            "값은 맞지만 기울기가 끊겼습니다. item(), detach(), float() 없이 텐서 그대로 돌려줍니다."
        )
    result.backward()
    if given.grad is None or not close(given.grad, 2 * (restored - original) / len(restored)):
        raise Hint("값은 맞지만 기울기가 다릅니다. 계산의 모든 단계를 restored에서 이어 갑니다.")


def warmup_cosine(answer: object) -> None:
    """학습률 `warmup_cosine(step, warmup, total, peak)`.

    0번째 갱신에서 0, warmup번째까지 곧은 선으로 peak, total번째까지 반 주기의 코사인으로 0.
    """
    for warmup, total, peak in ((10, 110, 0.01), (30, 100, 3e-3), (1, 9, 2.0)):
        for step in (0, warmup / 3, warmup, (3 * warmup + total) / 4, (warmup + total) / 2, total):
            step = int(step)
            expected = _warmup_cosine(step, warmup, total, peak)
            got = as_number(call(answer, step, warmup, total, peak))
            if not math.isclose(got, expected, rel_tol=1e-4, abs_tol=1e-5 * peak):
                raise Hint(
                    f"warmup={warmup}, total={total}, peak={peak:g}의 {step}번째에서 "
                    f"{got:.4g}이(가) 나왔습니다. {_rate_slip(got, step, warmup, total, peak)}"
                )


def _warmup_cosine(step: float, warmup: int, total: int, peak: float) -> float:
    if step <= warmup:
        return peak * step / warmup
    return peak * (1 + math.cos(math.pi * (step - warmup) / (total - warmup))) / 2


def _rate_slip(got: float, step: int, warmup: int, total: int, peak: float) -> str:
    def near(value: float) -> bool:
        return math.isclose(got, value, rel_tol=1e-4, abs_tol=1e-6 * peak)

    if not 0 <= got <= peak * 1.0001:
        return f"학습률은 0과 {peak:g} 사이에 머뭅니다."
    if step <= warmup:
        if near(peak * (step + 1) / warmup) or near(peak * (step + 1) / (warmup + 1)):
            return "한 칸 앞서 있습니다. 0번째에서는 0입니다."
        if near(peak):
            return "올리는 구간이 없습니다. 처음 warmup번은 0에서 곧게 올립니다."
        return "올리는 구간입니다. 0번째의 0과 warmup번째의 peak를 곧은 선으로 잇습니다."
    part = (step - warmup) / (total - warmup)
    if near(peak * (1 - part)):
        return "곧은 선으로 내렸습니다. 내릴 때는 코사인을 씁니다."
    if near(peak * math.cos(math.pi / 2 * part)):
        return "코사인의 4분의 1 주기를 썼습니다. 끝에서도 완만하도록 반 주기를 씁니다."
    if near(peak * math.cos(math.pi * part)):
        return "코사인을 그대로 곱했습니다. -1부터 1까지의 값을 0부터 1까지로 옮겨서 곱합니다."
    if near(peak * (1 + math.cos(math.pi * step / total)) / 2):
        return "코사인이 0번째에서 시작했습니다. warmup번째에서 시작합니다."
    if near(peak):
        return "내리는 구간이 없습니다. warmup번째부터 total번째까지 0으로 내립니다."
    return "내리는 구간입니다. warmup에서 total까지의 진행을 0에서 π로 옮겨 코사인에 넣습니다."


def batch_sizes(answer: object) -> None:
    """한 epoch의 갱신이 정확히 `steps`번이 되는 모든 묶음 크기 `batch_sizes(images, steps)`.

    작은 것부터 적은 목록이며, 남은 이미지로 만든 작은 마지막 묶음도 한 번의 갱신입니다.
    """
    for images, steps in ((1000, 16), (45_000, 352), (10, 3), (10, 6), (7, 1), (5, 5)):
        expected = [size for size in range(1, images + 1) if -(-images // size) == steps]
        result = call(answer, images, steps)
        result = as_list(result)
        if not isinstance(result, Sequence | range) or isinstance(result, str):
            raise Hint(f"묶음 크기의 목록을 기대했는데 {type(result).__name__}이(가) 왔습니다.")
        got = [as_number(size) for size in result]
        if got != expected:
            raise Hint(
                f"이미지 {images:,}장, 갱신 {steps}번에서 묶음 크기 {len(got)}개가 나왔습니다. "
                f"{_sizes_slip(got, expected, images, steps)}"
            )


def _sizes_slip(got: list[float], expected: list[int], images: int, steps: int) -> str:
    if sorted(got) == expected:
        return "크기는 맞지만 차례가 다릅니다. 작은 것부터 적습니다."
    if got and got == [size for size in range(1, images + 1) if images // size == steps]:
        return "마지막의 작은 묶음을 버렸습니다. 그 묶음도 한 번의 갱신입니다."
    if got == [size for size in range(1, images + 1) if images / size == steps]:
        return "나누어떨어지는 크기만 찾았습니다. 마지막 묶음은 작아도 됩니다."
    if set(got) < set(expected):
        return "빠진 크기가 있습니다. 가장 작은 것과 가장 큰 것의 이웃도 세어 봅니다."
    wrong = next(size for size in [*got, 0] if size not in expected)
    if wrong >= 1:
        return f"그 가운데 {wrong:g}장씩 묶으면 갱신이 {math.ceil(images / wrong)}번입니다."
    return "묶음의 크기는 1 이상 images 이하입니다."


TRAINING_BOUND = 0.3  # 학습 뒤의 검증 오차 / 평균 이미지의 검증 오차
_SIDE = 8  # 채점에 쓰는 이미지의 한 변


def train(answer: object) -> None:
    """모델을 그 자리에서 학습하고 epoch마다의 검증 오차를 돌려주는 `train(model, images, validation)`.

    검증 이미지는 재는 데에만 씁니다. 난수는 전역 생성기나 스스로 씨앗을 정한 생성기를 씁니다.
    """
    images, validation, others = (_plain(256, 0), _plain(64, 1), -_plain(64, 2))
    model, errors = _trained(answer, images, validation)
    measured = _error(model, validation)
    _check_errors(errors, measured)
    constant = squared_error_per_image(images.mean(0).expand_as(validation), validation).mean()
    ratio = measured / float(constant)
    if not ratio < TRAINING_BOUND:
        raise Hint(_why_slow(answer, images, validation, ratio))
    second, _ = _trained(answer, images, others)
    if not close(_parameters(model), _parameters(second), 1e-3):
        raise Hint(
            "검증 이미지만 바꾸었는데 학습한 매개변수가 달라졌습니다. 검증 이미지로는 backward와 "
            "step을 하지 않고, 난수의 씨앗을 정해 둡니다."
        )


def _plain(count: int, seed: int) -> Tensor:
    """한 가지 색의 그림: 값 세 개로 정해져 작은 병목으로도 담을 수 있습니다."""
    generator = torch.Generator().manual_seed(seed)
    colors = torch.rand(count, 3, 1, 1, generator=generator) * 1.8 - 0.9
    return colors.expand(count, 3, _SIDE, _SIDE).contiguous()


def _new_model() -> nn.Module:
    """선형층 두 개의 오토인코더: 채점이 빨리 끝날 만큼 작습니다."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        inner = nn.Sequential(nn.Flatten(), nn.Linear(3 * _SIDE**2, 8), nn.Linear(8, 3 * _SIDE**2))
    return nn.Sequential(*inner, nn.Unflatten(1, (3, _SIDE, _SIDE)))


def _trained(answer: object, images: Tensor, validation: Tensor) -> tuple[nn.Module, object]:
    if not callable(answer):
        raise Hint(f"함수를 기대했는데 {type(answer).__name__}이(가) 왔습니다.")
    model = _new_model()
    given = images.clone(), validation.clone()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        errors = call(functools.partial(answer, model, *given))
    if not (torch.equal(given[0], images) and torch.equal(given[1], validation)):
        raise Hint("받은 이미지를 그 자리에서 바꾸었습니다. 사본에서 계산합니다.")
    return model, errors


def _error(model: nn.Module, images: Tensor) -> float:
    model.eval()
    with torch.no_grad():
        return float(squared_error_per_image(model(images), images).mean())


def _parameters(model: nn.Module) -> Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


def _describe_errors(errors: object) -> str:
    if isinstance(errors, Sequence) and not isinstance(errors, str):
        return f"길이 {len(errors)}인 {type(errors).__name__}"
    return type(errors).__name__


def _check_errors(errors: object, measured: float) -> None:
    errors = as_list(errors)
    if not isinstance(errors, Sequence) or isinstance(errors, str) or len(errors) < 2:
        raise Hint(
            "epoch마다의 검증 오차를 두 개 이상 담은 목록을 기대했는데 "
            f"{_describe_errors(errors)}이(가) 왔습니다."
        )
    last = as_number(_detached(errors[-1]))
    if not close(last, measured, 1e-3):
        slip = "마지막 갱신 뒤의 모델로, 검증 이미지 전체에서 잽니다."
        if close(last * 3 * _SIDE**2, measured, 1e-3):
            slip = "값마다 평균했습니다. 이미지마다 더한 다음 이미지들 사이에서 평균합니다."
        elif close(last / 64, measured, 1e-3):
            slip = "묶음까지 더했습니다. 이미지들 사이에서는 평균합니다."
        raise Hint(
            f"돌려준 마지막 검증 오차는 {last:.4g}인데 모델로 재어 보면 {measured:.4g}입니다. {slip}"
        )


def _why_slow(answer: object, images: Tensor, validation: Tensor, ratio: float) -> str:
    """기준에 못 미친 까닭: 갱신하지 않았는지, 기울기가 쌓였는지 다시 돌려 지켜봅니다."""
    model = _new_model()
    before = _parameters(model)
    watched = next(model.parameters())
    fresh: list[Tensor] = []
    piled: list[bool] = []
    watched.register_hook(lambda gradient: fresh.append(gradient.clone()))
    watched.register_post_accumulate_grad_hook(
        lambda parameter: piled.append(not close(parameter.grad, fresh[-1], 1e-3))
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        try:
            answer(model, images.clone(), validation.clone())  # type: ignore[operator]
        except Exception as error:
            raise Unsolved from error
    verdict = f"검증 오차가 평균 이미지의 {ratio:.2f}배입니다. {TRAINING_BOUND} 아래로 내립니다. "
    if not piled:
        return verdict + "backward()를 한 번도 부르지 않았습니다."
    if torch.equal(before, _parameters(model)):
        return verdict + "매개변수가 처음 그대로입니다. optimizer.step()을 부르는지 봅니다."
    if sum(piled) > len(piled) / 2:
        return verdict + "기울기가 지난 묶음의 것에 쌓입니다. backward 앞에서 0으로 되돌립니다."
    return verdict + f"갱신 {len(piled)}번에 그쳤거나 학습률이 맞지 않습니다. 둘을 바꾸어 봅니다."
