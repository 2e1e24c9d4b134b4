"""4장의 맞는 답과 틀린 답. 틀린 답에는 힌트에 들어 있어야 하는 글을 답니다."""

import numpy as np
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import nn

from aelab.metrics import squared_error_per_image


def measured(model, images):
    with torch.no_grad():
        return float(squared_error_per_image(model(images), images).mean())


def loop(
    *,
    optimizer=torch.optim.AdamW,
    rate=1e-2,
    epochs=6,
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
    updates = torch.optim.RMSprop(model.parameters(), lr=3e-3)
    errors = []
    for _ in range(8):
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


def scalars(folder):
    return EventAccumulator(folder).Reload().Scalars("loss/validation")


KEPT = ("모두 저장", "난수를 빠뜨림", "최적화기를 빠뜨림")
GAPS = ("64장", "64장 뒤집기", "300장")

RIGHT = {
    "rates": [(("0.01", "0.0001", "1"),) * 2, (("1", "0.01", "0.0001"), ["0.01", "0.0001", "1"])],
    "resume": [(KEPT, KEPT), (KEPT[::-1], KEPT)],
    "gaps": [(GAPS, GAPS), (GAPS[::-1], GAPS)],
    "best_epoch": [
        lambda folder: min(scalars(folder), key=lambda point: point.value).step,
        lambda folder: 1 + int(np.argmin([point.value for point in scalars(folder)])),
    ],
    "train": [
        loop(),
        global_generator,
        lambda m, i, v: np.array(loop(seed=7)(m, i, v)),
    ],
}

WRONG = {
    "rates": [
        ((("1", "0.01", "0.0001"), ("1", "0.0001", "0.01")), "큰 것부터"),
        ((("1", "0.01"), ("0.01", "0.0001", "1")), "차례를 기대"),
    ],
    "resume": [((KEPT, KEPT[::-1]), "먼 것부터"), ((KEPT, KEPT[1:]), "차례를 기대")],
    "gaps": [((GAPS, GAPS[::-1]), "작은 것부터"), (GAPS, "짝을 기대")],
    "best_epoch": [
        (lambda folder: min(point.value for point in scalars(folder)), "그때의 검증 오차"),
        (lambda folder: int(np.argmin([p.value for p in scalars(folder)])), "목록에서의 위치"),
        (lambda folder: scalars(folder)[-1].step, "마지막 epoch"),
        (lambda folder: max(scalars(folder), key=lambda p: p.value).step, "가장 큰 epoch"),
        (lambda folder: 77, "모두 읽어"),
        (lambda folder: [2], "수 하나를 기대"),
    ],
    "train": [
        (loop(zeroed=False, epochs=4), "기울기가 지난 묶음의 것에 쌓입니다"),
        (loop(stepped=False, epochs=2), "처음 그대로입니다"),
        (loop(epochs=2), "갱신 16번에 그쳤거나"),
        (loop(rate=1e-5, epochs=3), "학습률이 맞지 않습니다"),
        (lambda m, i, v: [measured(m, v)] * 3, "backward()를 한 번도"),
        (loop(epochs=12, seen=lambda images, validation: validation), "검증 이미지만 바꾸었는데"),
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
