"""장면: 무엇을 어디에 그릴지 정하고(plan), 풍경과 물체를 칠하고 사진처럼 다듬습니다(paint)."""

from dataclasses import dataclass

import numpy as np

from aelab.toyworld.brush import (
    SIZE,
    Array,
    Brush,
    Dice,
    Textures,
    clip,
    grey,
    hsv,
    mix,
    neighbours,
    rgb,
)
from aelab.toyworld.places import PLACES
from aelab.toyworld.things import KINDS

CLASSES = tuple(KINDS)
BACKGROUNDS = tuple(PLACES)

# fmt: off
# 클래스(행)마다 배경(열)이 나오는 백분율
PREFERENCES = np.array([
    [54, 12, 6, 8, 0, 3, 10, 0, 5, 2],
    [0, 9, 8, 2, 0, 11, 8, 5, 48, 9],
    [28, 8, 3, 9, 10, 13, 6, 14, 2, 7],
    [0, 8, 9, 2, 5, 32, 7, 15, 12, 10],
    [0, 8, 5, 0, 4, 25, 16, 28, 2, 12],
    [0, 8, 5, 6, 3, 33, 10, 11, 12, 12],
    [0, 3, 5, 2, 50, 17, 3, 18, 1, 1],
    [0, 12, 4, 4, 2, 38, 18, 9, 5, 8],
    [0, 17, 9, 60, 14, 0, 0, 0, 0, 0],
    [0, 9, 8, 2, 0, 8, 13, 4, 46, 10],
])
# fmt: on


_SKY = BACKGROUNDS.index("하늘")
_UNIT = 10.0  # 크기가 1인 물체의 반길이(픽셀)
_BLUR = 0.115  # 렌즈가 한 픽셀의 빛을 옆 픽셀로 흘리는 비율
_CHUNK = 400  # 한꺼번에 그리는 장수. 한 배경이나 한 클래스의 배열이 CPU 캐시에 들 만큼만
# 장면마다 쓰는 균등 난수의 자리: 요인, 사진, 배경, 물체
_FACTORS, _PHOTOGRAPH, _BACKGROUND, _OBJECT = (
    slice(0, 6),
    slice(6, 13),
    slice(13, 73),
    slice(73, 90),
)
_DRAWS = 90


@dataclass(frozen=True, eq=False)
class Plan:
    """그릴 장면들: 알려진 요인과, 나머지를 정하는 난수. 모든 배열의 첫 축은 장면입니다."""

    labels: Array  # int64, CLASSES의 번호
    background: Array  # int64, BACKGROUNDS의 번호
    hue: Array  # float32, [0, 1), 몸의 색상(HSV의 H)
    x: Array  # float32, 물체 중심의 가로 위치(픽셀, 왼쪽 끝이 0)
    y: Array  # float32, 물체 중심의 세로 위치(픽셀, 위쪽 끝이 0)
    scale: Array  # float32, 1이면 길이가 약 20픽셀
    draws: Array  # float32 (n, _DRAWS), [0, 1)
    keys: Array  # uint64, 무늬를 정하는 열쇠

    def take(self, rows: slice | Array | list[int]) -> "Plan":
        """고른 장면만 그 차례대로 담은 새 Plan. 같은 장면을 되풀이해 골라도 됩니다."""
        return Plan(**{name: values[rows] for name, values in vars(self).items()})


def plan(count: int, *, seed: int) -> Plan:
    """장면 `count`장의 요인을 정합니다. 인자와 오류는 `generate`와 같습니다."""
    if count < 1:
        raise ValueError(f"count: 1 이상의 정수를 기대했는데 {count}이(가) 왔습니다.")
    kinds = len(CLASSES)
    rounds = -(-count // kinds)
    raw = np.random.PCG64(seed).random_raw(rounds * kinds * (_DRAWS + 1)).reshape(-1, _DRAWS + 1)
    draws = (raw[:, :_DRAWS] >> 40).astype(np.float32) * 2.0**-24
    choice, place, hue, scale, x, y = draws[:, _FACTORS].T
    # 잇따른 열 장에 열 클래스가 한 번씩 나오므로 CIFAR-10처럼 클래스마다 장수가 같습니다.
    labels = choice.reshape(rounds, kinds).argsort(axis=1, kind="stable").reshape(-1)
    thresholds = PREFERENCES.cumsum(axis=1)[labels]
    background = (np.floor(place * 100)[:, None] >= thresholds).sum(axis=1)
    low, high = np.array([kind.hue for kind in KINDS.values()], np.float32)[labels].T
    # 하늘에서는 아무 데나 날고, 땅과 물에서는 지평선 아래에 발을 딛습니다.
    y = np.where(background == _SKY, 10.5 + 11 * y, 15.5 + 4.5 * y)
    scenes = Plan(
        labels=labels.astype(np.int64),
        background=background.astype(np.int64),
        hue=low + (high - low) * hue,
        x=10.5 + 11 * x,
        y=y,
        scale=0.85 + 0.6 * scale,
        draws=draws,
        keys=raw[:, _DRAWS],
    )
    return scenes.take(slice(count))


def paint(scenes: Plan, *, objects: bool = True) -> Array:
    """장면을 그린 uint8 이미지 (n, 3, 32, 32). 한 장면의 그림은 다른 장면에 달려 있지 않습니다.

    `dataclasses.replace`로 요인 하나만 바꾼 Plan을 그리면 그 요인만 달라진 그림이 나옵니다.

    인자
        scenes: `plan`이 정한 장면들.
        objects: 거짓이면 배경만 그립니다.
    """
    images = np.empty((len(scenes.labels), 3, SIZE, SIZE), np.uint8)
    for start in range(0, len(images), _CHUNK):
        part = slice(start, start + _CHUNK)
        canvas = _paint_chunk(scenes.take(part), objects)
        images[part] = (clip(canvas) * 255 + 0.5).astype(np.uint8).transpose(1, 0, 2, 3)
    return images


def _paint_chunk(scenes: Plan, objects: bool) -> Array:
    """장면들을 0..1의 실수 (3, n, 32, 32)로 그립니다. 배경끼리, 클래스끼리 묶어 한꺼번에 칠합니다."""
    count = len(scenes.labels)
    textures = Textures.make(scenes.keys)
    canvas = np.empty((3, count, SIZE, SIZE), np.float32)
    light = np.empty((3, count, 1, 1), np.float32)
    column = np.arange(SIZE, dtype=np.float32)[None, None, :] + 0.5
    row = np.arange(SIZE, dtype=np.float32)[None, :, None] + 0.5

    for place, paint_background in enumerate(PLACES.values()):
        chosen = np.flatnonzero(scenes.background == place)
        dice = Dice(scenes.draws[chosen, _BACKGROUND])
        brush = Brush(canvas[:, chosen], dice, textures.take(chosen), column, row)
        light[:, chosen] = paint_background(brush)
        canvas[:, chosen] = brush.canvas

    # 자동 노출: 어두운 풍경은 밝게, 밝은 풍경은 어둡게. 정수로 더해야 합이 차례를 타지 않습니다.
    level = (grey(canvas) * 65536).astype(np.int64).sum(axis=(1, 2), keepdims=True) >> 10
    exposure = 0.5 - level.astype(np.float32) * 2.0**-16

    for label, kind in enumerate(KINDS.values() if objects else ()):
        chosen = np.flatnonzero(scenes.labels == label)
        hue, x, y, scale = (
            values[chosen].reshape(-1, 1, 1)
            for values in (scenes.hue, scenes.x, scenes.y, scenes.scale)
        )
        dice = Dice(scenes.draws[chosen, _OBJECT])
        colour = hsv(hue, dice.between(*kind.saturation), dice.between(*kind.value))
        pixels = scale * _UNIT
        across, down = (column - x) / pixels, (row - y) / pixels
        tilt = dice.between(-kind.tilt, kind.tilt)  # 기운 각의 절반의 탄젠트
        cosine, sine = (1 - tilt * tilt) / (1 + tilt * tilt), 2 * tilt / (1 + tilt * tilt)
        facing = 1 - 2 * dice.chance(0.5)
        u, v = (across * cosine + down * sine) * facing, down * cosine - across * sine
        brush = Brush(canvas[:, chosen], dice, textures.take(chosen), u, v, pixels)
        brush.grounded = (scenes.background[chosen] != _SKY).astype(np.float32).reshape(-1, 1, 1)
        shadow = clip(brush.ellipse(0.0, kind.feet, 0.95, 0.2) * -5.0)
        brush.blend(shadow * brush.grounded * 0.5, rgb("10131c"))
        brush.shade = light[:, chosen] * (1.02 - 0.22 * down + 0.1 * brush.detail)
        kind.paint(brush, colour)
        canvas[:, chosen] = brush.canvas
    return _photograph(canvas, exposure, Dice(scenes.draws[:, _PHOTOGRAPH]), textures)


def _photograph(canvas: Array, exposure: Array, dice: Dice, textures: Textures) -> Array:
    """사진을 찍듯 빛, 색감, 대비를 장면마다 달리하고 렌즈처럼 살짝 흐립니다."""
    canvas = mix(grey(canvas), canvas, dice.between(0.4, 0.92)) + 0.3 * exposure
    warmth = dice.between(-0.07, 0.1)
    canvas *= np.stack((1 + warmth, np.ones_like(warmth), 1 - warmth))
    # 얼룩진 빛. 하늘은 매끈하고 땅은 거칩니다.
    dapple = dice.between(0.0, 0.1) * textures.cloud + dice.between(0.0, 0.1) * textures.detail
    depth = np.arange(SIZE, dtype=np.float32).reshape(SIZE, 1) / SIZE
    canvas *= 1 + dapple[:, ::-1] * (0.4 + 0.9 * depth)
    canvas = (canvas - 0.5) * dice.between(1.35, 2.1) + dice.between(-0.14, 0.1)
    # 필름처럼 아주 밝거나 어두운 값을 눌러, 0과 1을 넘어 잘려 나가는 값이 드물게 합니다.
    canvas = 0.5 + canvas / np.sqrt(1 + 3 * canvas * canvas)
    for axis in (2, 3):
        before, after = neighbours(canvas, axis)
        canvas = (1 - 2 * _BLUR) * canvas + _BLUR * (before + after)
    return canvas
