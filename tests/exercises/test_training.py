import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from aelab.exercises.training import TRAINING_BOUND
from aelab.metrics import mse, squared_error_per_image
from tests.exercises.hints import grade

# batch_loss


def loss_in_loops(restored, original):
    total = torch.zeros(())
    for one, other in zip(restored, original, strict=True):
        for a, b in zip(one.flatten(), other.flatten(), strict=True):
            total = total + (a - b) ** 2
    return total / len(restored)


@pytest.mark.parametrize(
    "answer",
    [
        loss_in_loops,
        lambda r, o: squared_error_per_image(r, o).mean(),
        lambda r, o: F.mse_loss(r, o, reduction="sum") / len(r),
        lambda r, o: F.mse_loss(r, o) * o[0].numel(),
        lambda r, o: (r - o).flatten(1).norm(dim=1).square().mean(),
    ],
)
def test_any_right_loss_passes(answer):
    assert grade("training.batch_loss", answer) == (True, "")


def write_into_the_input(restored, original):
    restored.sub_(original)
    return restored.square().sum() / len(restored)


def rebuilt(restored, original):
    return torch.tensor(
        squared_error_per_image(restored.detach(), original).mean().item(), requires_grad=True
    )


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda r, o: mse(r, o).mean(), "모든 값에서 평균"),
        (lambda r, o: (r - o).square().sum(), "묶음까지 더했습니다"),
        (lambda r, o: (r - o).square().sum() / len(r) ** 2, "두 번 나누었습니다"),
        (lambda r, o: (r - o).square().sum((2, 3)).mean(), "채널마다 평균"),
        (lambda r, o: (r - o).abs().flatten(1).sum(1).mean(), "절댓값"),
        (lambda r, o: (r - o).square().flatten(1).sum(1).sqrt().mean(), "제곱근"),
        (lambda r, o: squared_error_per_image(r, o).mean().item(), "기울기가 끊겼습니다"),
        (lambda r, o: squared_error_per_image(r.detach(), o).mean(), "기울기가 끊겼습니다"),
        (rebuilt, "기울기가 다릅니다"),
        (squared_error_per_image, "수 하나를 기대"),
        (lambda r, o: 100.0, "이미지마다 값 하나"),
        (write_into_the_input, "그 자리에서"),
        (lambda r: r.mean(), "오류가 났습니다"),
        (3.0, "함수를 기대"),
    ],
)
def test_wrong_loss_gets_the_hint_that_fits(answer, hint):
    solved, message = grade("training.batch_loss", answer)
    assert solved is False
    assert hint in message


# warmup_cosine


def half_angle(step, warmup, total, peak):
    if step < warmup:
        return step / warmup * peak
    return peak * math.cos(math.pi / 2 * (step - warmup) / (total - warmup)) ** 2


def with_tensors(step, warmup, total, peak):
    up = torch.tensor(step / warmup)
    down = torch.tensor((step - warmup) / (total - warmup)).clamp(min=0)
    return torch.minimum(up, (1 + torch.cos(math.pi * down)) / 2) * peak


def with_schedulers(step, warmup, total, peak):
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=peak)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total - warmup)
    if step <= warmup:
        return peak * step / warmup
    for _ in range(step - warmup):
        optimizer.step()
        cosine.step()
    return optimizer.param_groups[0]["lr"]


@pytest.mark.parametrize("answer", [half_angle, with_tensors, with_schedulers])
def test_any_right_schedule_passes(answer):
    assert grade("training.warmup_cosine", answer) == (True, "")


def after_warmup(down):
    def answer(step, warmup, total, peak):
        if step <= warmup:
            return peak * step / warmup
        return peak * down((step - warmup) / (total - warmup))

    return answer


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda s, w, t, p: p * min(1, (s + 1) / w), "한 칸 앞서"),
        (lambda s, w, t, p: p * (1 + math.cos(math.pi * s / t)) / 2, "올리는 구간이 없습니다"),
        (lambda s, w, t, p: p * min(1, s / w), "내리는 구간이 없습니다"),
        (
            lambda s, w, t, p: p * s / w if s <= w else p * (1 + math.cos(math.pi * s / t)) / 2,
            "warmup번째에서 시작",
        ),
        (
            lambda s, w, t, p: p * (s / w) ** 2 if s <= w else half_angle(s, w, t, p),
            "곧은 선으로 잇",
        ),
        (after_warmup(lambda part: 1 - part), "곧은 선으로 내렸습니다"),
        (after_warmup(lambda part: math.cos(math.pi / 2 * part)), "4분의 1 주기"),
        (after_warmup(lambda part: math.cos(math.pi * part)), "코사인을 그대로"),
        (after_warmup(lambda part: (1 - part) ** 3), "진행을 0에서 π로"),
        (lambda s, w, t, p: 2 * half_angle(s, w, t, p), "곧은 선으로 잇"),
        (lambda s, w, t, p: half_angle(s, w, t, p) - p / 2, "사이에 머뭅니다"),
        (lambda s, w, t, p: half_angle(s, w, t, 0.01), "peak=0.003"),
        (lambda s, w, t: 0.0, "오류가 났습니다"),
        (lambda s, w, t, p: [0.0, 1.0], "수 하나를 기대"),
        (0.01, "함수를 기대"),
    ],
)
def test_wrong_schedule_gets_the_hint_that_fits(answer, hint):
    solved, message = grade("training.warmup_cosine", answer)
    assert solved is False
    assert hint in message


# batch_sizes


def counted(images, steps):
    pictures = torch.zeros(images)
    return [size for size in range(1, images + 1) if len(pictures.split(size)) == steps]


def from_bounds(images, steps):
    low = -(-images // steps)
    high = images if steps == 1 else (images - 1) // (steps - 1)
    return list(range(low, min(high, images) + 1))


@pytest.mark.parametrize(
    "answer",
    [
        counted,
        from_bounds,
        lambda n, k: [b for b in range(1, n + 1) if math.ceil(n / b) == k],
        lambda n, k: torch.tensor(from_bounds(n, k)),
        lambda n, k: tuple(from_bounds(n, k)),
    ],
)
def test_any_right_sizes_pass(answer):
    assert grade("training.batch_sizes", answer) == (True, "")


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda n, k: [b for b in range(1, n + 1) if n // b == k], "마지막의 작은 묶음을 버렸"),
        (lambda n, k: [b for b in range(1, n + 1) if n / b == k], "나누어떨어지는 크기만"),
        (lambda n, k: from_bounds(n, k)[::-1], "차례가 다릅니다"),
        (lambda n, k: from_bounds(n, k)[:1], "빠진 크기"),
        (lambda n, k: from_bounds(n, k)[1:], "빠진 크기"),
        (lambda n, k: [*from_bounds(n, k), 67], "갱신이 15번"),
        (lambda n, k: [0, *from_bounds(n, k)], "1 이상"),
        (lambda n, k: list(range(63, 67)), "이미지 45,000장"),
        (lambda n, k: -(-n // k), "목록을 기대"),
        (lambda n, k: "63, 64", "목록을 기대"),
        (lambda n: [], "오류가 났습니다"),
        ([63, 64, 65, 66], "함수를 기대"),
    ],
)
def test_wrong_sizes_get_the_hint_that_fits(answer, hint):
    solved, message = grade("training.batch_sizes", answer)
    assert solved is False
    assert hint in message


# train


def measured(model, images):
    with torch.no_grad():
        return float(squared_error_per_image(model(images), images).mean())


def loop(
    *,
    optimizer=torch.optim.AdamW,
    rate=1e-2,
    epochs=12,
    zeroed=True,
    stepped=True,
    seen=lambda images, validation: images,
    report=measured,
    seed=0,
):
    def answer(model, images, validation):
        updates = optimizer(model.parameters(), lr=rate)
        generator = torch.Generator()
        generator.seed() if seed is None else generator.manual_seed(seed)
        pictures, errors = seen(images, validation), []
        for _ in range(epochs):
            for index in torch.randperm(len(pictures), generator=generator).split(32):
                chosen = pictures[index]
                loss = squared_error_per_image(model(chosen), chosen).mean()
                if zeroed:
                    updates.zero_grad()
                loss.backward()
                if stepped:
                    updates.step()
            errors.append(report(model, validation))
        return errors

    return answer


def full_batches(model, images, validation):
    updates = torch.optim.Adam(model.parameters(), lr=1e-2)
    errors = []
    for _ in range(100):
        updates.zero_grad()
        squared_error_per_image(model(images), images).mean().backward()
        updates.step()
        errors.append(measured(model, validation))
    return torch.tensor(errors)


def global_generator(model, images, validation):
    updates = torch.optim.RMSprop(model.parameters(), lr=1e-3)
    errors = []
    for _ in range(20):
        for index in torch.randperm(len(images)).split(32):
            for parameter in model.parameters():
                parameter.grad = None
            squared_error_per_image(model(images[index]), images[index]).mean().backward()
            updates.step()
        errors.append(measured(model, validation))
    return tuple(errors)


def test_the_bound_is_the_one_the_chapter_states():
    assert TRAINING_BOUND == 0.3


@pytest.mark.parametrize(
    "answer",
    [
        loop(),
        loop(optimizer=torch.optim.Adam, rate=3e-3, epochs=20),
        loop(seed=7),
        full_batches,
        global_generator,
    ],
)
def test_any_loop_that_learns_passes(answer):
    assert grade("training.train", answer) == (True, "")


def darken(model, images, validation):
    errors = loop()(model, images, validation)
    images.mul_(0.5)
    return errors


def copied(model, images, validation):
    other = nn.Sequential(*[nn.Flatten(), nn.Linear(192, 192), nn.Unflatten(1, (3, 8, 8))])
    return loop()(other, images, validation)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (loop(zeroed=False), "기울기가 지난 묶음의 것에 쌓입니다"),
        (loop(stepped=False), "처음 그대로입니다"),
        (loop(epochs=2), "갱신 16번에 그쳤거나"),
        (loop(rate=1e-5), "학습률이 맞지 않습니다"),
        (lambda m, i, v: [measured(m, v)] * 3, "backward()를 한 번도"),
        (loop(seen=lambda images, validation: validation), "검증 이미지만 바꾸었는데"),
        (loop(seen=lambda images, validation: torch.cat([images, validation])), "검증 이미지만"),
        (loop(seed=None), "씨앗"),
        (loop(report=lambda m, v: (m(v) - v).square().mean().item()), "값마다 평균"),
        (loop(report=lambda m, v: (m(v) - v).square().sum().item()), "묶음까지 더했습니다"),
        (loop(report=lambda m, v: measured(m, v[:8])), "검증 이미지 전체"),
        (copied, "모델로 재어 보면"),
        (darken, "그 자리에서"),
        (lambda m, i, v: loop()(m, i, v)[-1], "목록을 기대"),
        (lambda m, i, v: loop()(m, i, v)[-1:], "길이 1인 list"),
        (lambda m, i: [1.0, 2.0], "오류가 났습니다"),
        (0.1, "함수를 기대"),
    ],
)
def test_loop_that_fails_gets_the_hint_that_fits(answer, hint):
    solved, message = grade("training.train", answer)
    assert solved is False
    assert hint in message


def test_grading_leaves_the_global_generator_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    grade("training.train", global_generator)
    assert torch.equal(torch.rand(3), expected)


# 풀지 않은 답


@pytest.mark.parametrize("exercise", ["batch_loss", "warmup_cosine", "batch_sizes", "train"])
@pytest.mark.parametrize("stub", [None, ..., lambda *inputs: None, lambda *inputs: ...])
def test_the_stub_is_unsolved(exercise, stub):
    solved, message = grade(f"training.{exercise}", stub)
    assert solved is None
    assert message
