"""4장의 맞는 답과 틀린 답. 틀린 답에는 힌트에 들어 있어야 하는 글을 답니다."""

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from aelab.metrics import mse, squared_error_per_image


def rebuilt(restored, original):
    return torch.tensor(
        squared_error_per_image(restored.detach(), original).mean().item(), requires_grad=True
    )


def half_angle(step, warmup, total, peak):
    if step < warmup:
        return step / warmup * peak
    return peak * math.cos(math.pi / 2 * (step - warmup) / (total - warmup)) ** 2


def with_tensors(step, warmup, total, peak):
    up = torch.tensor(step / warmup)
    down = torch.tensor((step - warmup) / (total - warmup)).clamp(min=0)
    return torch.minimum(up, (1 + torch.cos(math.pi * down)) / 2) * peak


def after_warmup(down):
    def answer(step, warmup, total, peak):
        if step <= warmup:
            return peak * step / warmup
        return peak * down((step - warmup) / (total - warmup))

    return answer


def from_bounds(images, steps):
    low = -(-images // steps)
    high = images if steps == 1 else (images - 1) // (steps - 1)
    return list(range(low, min(high, images) + 1))


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


def global_generator(model, images, validation):
    updates = torch.optim.RMSprop(model.parameters(), lr=1e-3)
    errors = []
    for _ in range(15):
        for index in torch.randperm(len(images)).split(32):
            for parameter in model.parameters():
                parameter.grad = None
            squared_error_per_image(model(images[index]), images[index]).mean().backward()
            updates.step()
        errors.append(measured(model, validation))
    return tuple(errors)


def copied(model, images, validation):
    other = nn.Sequential(*[nn.Flatten(), nn.Linear(192, 192), nn.Unflatten(1, (3, 8, 8))])
    return loop(epochs=2)(other, images, validation)


RIGHT = {
    "batch_loss": [
        lambda r, o: squared_error_per_image(r, o).mean(),
        lambda r, o: F.mse_loss(r, o, reduction="sum") / len(r),
        lambda r, o: F.mse_loss(r, o) * o[0].numel(),
        lambda r, o: (r - o).flatten(1).norm(dim=1).square().mean(),
    ],
    "warmup_cosine": [half_angle, with_tensors],
    "batch_sizes": [
        from_bounds,
        lambda n, k: [b for b in range(1, n + 1) if math.ceil(n / b) == k],
        lambda n, k: torch.tensor(from_bounds(n, k)),
        lambda n, k: tuple(from_bounds(n, k)),
        lambda n, k: np.array(from_bounds(n, k)),
    ],
    "train": [
        loop(),
        global_generator,
        lambda m, i, v: np.array(loop(seed=7)(m, i, v)),
    ],
}

WRONG = {
    "batch_loss": [
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
    ],
    "warmup_cosine": [
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
        (lambda s, w, t, p: [0.0, 1.0], "수 하나를 기대"),
    ],
    "batch_sizes": [
        (lambda n, k: [b for b in range(1, n + 1) if n // b == k], "마지막의 작은 묶음을 버렸"),
        (lambda n, k: [b for b in range(1, n + 1) if n / b == k], "나누어떨어지는 크기만"),
        (lambda n, k: from_bounds(n, k)[::-1], "차례가 다릅니다"),
        (lambda n, k: from_bounds(n, k)[:1], "빠진 크기"),
        (lambda n, k: from_bounds(n, k)[1:], "빠진 크기"),
        (lambda n, k: [*from_bounds(n, k), 67], "갱신이 15번"),
        (lambda n, k: [0, *from_bounds(n, k)], "1 이상"),
        (lambda n, k: list(range(63, 67)), "images=45000, steps=352일 때"),
        (lambda n, k: -(-n // k), "목록을 기대"),
        (lambda n, k: "63, 64", "목록을 기대"),
    ],
    "train": [
        (loop(zeroed=False, epochs=4), "기울기가 지난 묶음의 것에 쌓입니다"),
        (loop(stepped=False, epochs=2), "처음 그대로입니다"),
        (loop(epochs=2), "갱신 16번에 그쳤거나"),
        (loop(rate=1e-5, epochs=3), "학습률이 맞지 않습니다"),
        (lambda m, i, v: [measured(m, v)] * 3, "backward()를 한 번도"),
        (loop(seen=lambda images, validation: validation), "검증 이미지만 바꾸었는데"),
        (loop(seen=lambda images, validation: torch.cat([images, validation])), "검증 이미지만"),
        (loop(seed=None), "씨앗"),
        (loop(epochs=2, report=lambda m, v: (m(v) - v).square().mean().item()), "값마다 평균"),
        (
            loop(epochs=2, report=lambda m, v: (m(v) - v).square().sum().item()),
            "묶음까지 더했습니다",
        ),
        (loop(epochs=2, report=lambda m, v: measured(m, v[:8])), "검증 이미지 전체"),
        (copied, "모델로 재어 보면"),
        (lambda m, i, v: loop(epochs=2)(m, i, v)[-1], "목록을 기대"),
        (lambda m, i, v: loop(epochs=1)(m, i, v), "길이가 1"),
        (lambda m, i: [1.0, 2.0], "오류가 났습니다"),
        (0.1, "함수를 기대"),
        (
            lambda m, i, v: [0.0, measured(m, i)] if loop(epochs=2)(m, i, v) else None,
            "학습 이미지에서 잰",
        ),
        (lambda m, i, v: i.mul_(0.5).sum() and loop(epochs=2)(m, i, v), "그 자리에서"),
    ],
}
