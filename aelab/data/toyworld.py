"""toyworld: CIFAR-10이 없는 곳에서 대신하는, 패키지가 그려 내는 작은 세계.

32x32 풍경 속에 CIFAR-10의 열 클래스를 하나씩 그립니다. 장면을 만든 요인(배경, 색상, 위치, 크기)을
알고 있으므로 잠재공간이 무엇을 담는지 견주어 볼 수 있습니다. 총분산과 주성분의 스펙트럼은 CIFAR-10과
비슷하게 맞추었고, `benchmarks/toyworld_statistics.py`가 그것을 잽니다.

같은 씨앗은 어느 컴퓨터에서나 같은 바이트를 냅니다. 그래서 두 가지를 지킵니다.

- 난수는 `PCG64.random_raw`의 정수에서만 얻습니다. NumPy는 이 수열을 판이 바뀌어도 지키지만
  `Generator`의 메서드가 내는 수열은 약속하지 않습니다.
- 실수 연산은 IEEE 754가 결과를 하나로 정한 것(+ - * / sqrt, 비교, 내림)만 정해진 차례로 씁니다.
  sin, exp, 거듭제곱, 행렬 곱, 실수 배열의 합은 라이브러리와 SIMD에 따라 마지막 비트가 다릅니다.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:  # 그리는 데는 numpy만 있으면 됩니다.
    from aelab.data.imageset import ImageSet

Array = np.ndarray
Number = float | int | np.ndarray  # 모든 장면에 같은 값, 또는 장면마다 다른 값 (n, 1, 1)

# fmt: off
CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)
BACKGROUNDS = ("하늘", "노을", "밤", "바다", "연못", "초원", "산", "숲", "도로", "눈밭")

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

SPLITS = {"train": (10_000, 1101), "validation": (1_000, 2202), "test": (2_000, 3303)}  # 장수, 씨앗

_SIZE = 32
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


class ToyScenes(NamedTuple):
    """그린 장면들."""

    images: Array  # uint8 (n, 3, 32, 32)
    labels: Array  # int64 (n,)
    factors: dict[str, Array]  # background, hue, x, y, scale


def generate(count: int, *, seed: int) -> ToyScenes:
    """장면을 `count`장 그립니다. `count`를 늘려도 앞의 장면은 그대로입니다.

    인자
        count: 장수, 1 이상.
        seed: 0 이상의 정수.

    오류: `count`나 `seed`가 정수가 아니거나 범위를 벗어나면 ValueError.
    """
    scenes = plan(count, seed=seed)
    factors = {name: getattr(scenes, name) for name in ("background", "hue", "x", "y", "scale")}
    return ToyScenes(paint(scenes), scenes.labels, factors)


@lru_cache(maxsize=len(SPLITS))
def load(split: str) -> "ImageSet":
    """toyworld의 학습 세트(10,000장), 검증 세트(1,000장), 시험 세트(2,000장)를 그립니다.

    오류: 모르는 `split`이면 ValueError.
    """
    import torch

    from aelab.data.imageset import ImageSet

    if split not in SPLITS:
        expected = ", ".join(map(repr, SPLITS))
        raise ValueError(f"split: {expected} 가운데 하나를 기대했는데 {split!r}이(가) 왔습니다.")
    count, seed = SPLITS[split]
    images, labels, factors = generate(count, seed=seed)
    return ImageSet(
        torch.from_numpy(images),
        torch.from_numpy(labels),
        CLASSES,
        "toyworld",
        {name: torch.from_numpy(values) for name, values in factors.items()},
    )


def plan(count: int, *, seed: int) -> Plan:
    """장면 `count`장의 요인을 정합니다. 인자와 오류는 `generate`와 같습니다."""
    _check_integer(count, 1, "count")
    _check_integer(seed, 0, "seed")
    kinds = len(CLASSES)
    rounds = -(-count // kinds)
    raw = np.random.PCG64(seed).random_raw(rounds * kinds * (_DRAWS + 1)).reshape(-1, _DRAWS + 1)
    draws = (raw[:, :_DRAWS] >> 40).astype(np.float32) * 2.0**-24
    choice, place, hue, scale, x, y = draws[:, _FACTORS].T
    # 잇따른 열 장에 열 클래스가 한 번씩 나오므로 CIFAR-10처럼 클래스마다 장수가 같습니다.
    labels = choice.reshape(rounds, kinds).argsort(axis=1, kind="stable").reshape(-1)
    thresholds = PREFERENCES.cumsum(axis=1)[labels]
    background = (np.floor(place * 100)[:, None] >= thresholds).sum(axis=1)
    low, high = np.array([kind.hue for kind in _KINDS], np.float32)[labels].T
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
    images = np.empty((len(scenes.labels), 3, _SIZE, _SIZE), np.uint8)
    for start in range(0, len(images), _CHUNK):
        part = slice(start, start + _CHUNK)
        canvas = _paint_chunk(scenes.take(part), objects)
        images[part] = (_clip(canvas) * 255 + 0.5).astype(np.uint8).transpose(1, 0, 2, 3)
    return images


def _check_integer(value: int, least: int, name: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(f"{name}: {least} 이상의 정수를 기대했는데 {value!r}이(가) 왔습니다.")


def _paint_chunk(scenes: Plan, objects: bool) -> Array:
    """장면들을 0..1의 실수 (3, n, 32, 32)로 그립니다. 배경끼리, 클래스끼리 묶어 한꺼번에 칠합니다."""
    count = len(scenes.labels)
    textures = _Textures.make(scenes.keys)
    canvas = np.empty((3, count, _SIZE, _SIZE), np.float32)
    light = np.empty((3, count, 1, 1), np.float32)
    column = np.arange(_SIZE, dtype=np.float32)[None, None, :] + 0.5
    row = np.arange(_SIZE, dtype=np.float32)[None, :, None] + 0.5

    for place, paint_background in enumerate(_PLACES):
        chosen = np.flatnonzero(scenes.background == place)
        dice = _Dice(scenes.draws[chosen, _BACKGROUND])
        brush = _Brush(canvas[:, chosen], dice, textures.take(chosen), column, row)
        light[:, chosen] = paint_background(brush)
        canvas[:, chosen] = brush.canvas

    # 자동 노출: 어두운 풍경은 밝게, 밝은 풍경은 어둡게. 정수로 더해야 합이 차례를 타지 않습니다.
    level = (_grey(canvas) * 65536).astype(np.int64).sum(axis=(1, 2), keepdims=True) >> 10
    exposure = 0.5 - level.astype(np.float32) * 2.0**-16

    for label, kind in enumerate(_KINDS if objects else ()):
        chosen = np.flatnonzero(scenes.labels == label)
        hue, x, y, scale = (
            values[chosen].reshape(-1, 1, 1)
            for values in (scenes.hue, scenes.x, scenes.y, scenes.scale)
        )
        dice = _Dice(scenes.draws[chosen, _OBJECT])
        colour = _hsv(hue, dice.between(*kind.saturation), dice.between(*kind.value))
        pixels = scale * _UNIT
        across, down = (column - x) / pixels, (row - y) / pixels
        tilt = dice.between(-kind.tilt, kind.tilt)  # 기운 각의 절반의 탄젠트
        cosine, sine = (1 - tilt * tilt) / (1 + tilt * tilt), 2 * tilt / (1 + tilt * tilt)
        facing = 1 - 2 * dice.chance(0.5)
        u, v = (across * cosine + down * sine) * facing, down * cosine - across * sine
        brush = _Brush(canvas[:, chosen], dice, textures.take(chosen), u, v, pixels)
        brush.grounded = (scenes.background[chosen] != _SKY).astype(np.float32).reshape(-1, 1, 1)
        shadow = _clip(brush.ellipse(0.0, kind.feet, 0.95, 0.2) * -5.0)
        brush.blend(shadow * brush.grounded * 0.5, _rgb("10131c"))
        brush.shade = light[:, chosen] * (1.02 - 0.22 * down + 0.1 * brush.detail)
        kind.paint(brush, colour)
        canvas[:, chosen] = brush.canvas
    return _photograph(canvas, exposure, _Dice(scenes.draws[:, _PHOTOGRAPH]), textures)


def _photograph(canvas: Array, exposure: Array, dice: "_Dice", textures: "_Textures") -> Array:
    """사진을 찍듯 빛, 색감, 대비를 장면마다 달리하고 렌즈처럼 살짝 흐립니다."""
    canvas = _mix(_grey(canvas), canvas, dice.between(0.4, 0.92)) + 0.3 * exposure
    warmth = dice.between(-0.07, 0.1)
    canvas *= np.stack((1 + warmth, np.ones_like(warmth), 1 - warmth))
    # 얼룩진 빛. 하늘은 매끈하고 땅은 거칩니다.
    dapple = dice.between(0.0, 0.1) * textures.cloud + dice.between(0.0, 0.1) * textures.detail
    depth = np.arange(_SIZE, dtype=np.float32).reshape(_SIZE, 1) / _SIZE
    canvas *= 1 + dapple[:, ::-1] * (0.4 + 0.9 * depth)
    canvas = (canvas - 0.5) * dice.between(1.35, 2.1) + dice.between(-0.14, 0.1)
    # 필름처럼 아주 밝거나 어두운 값을 눌러, 0과 1을 넘어 잘려 나가는 값이 드물게 합니다.
    canvas = 0.5 + canvas / np.sqrt(1 + 3 * canvas * canvas)
    for axis in (2, 3):
        before, after = _neighbours(canvas, axis)
        canvas = (1 - 2 * _BLUR) * canvas + _BLUR * (before + after)
    return canvas


# --- 수와 무늬 ---------------------------------------------------------------------------------


def _clip(values: Array) -> Array:
    return np.minimum(np.maximum(values, 0.0), 1.0)


def _smooth(low: Number, high: Number, values: Array) -> Array:
    """`low`에서 0, `high`에서 1이 되는 매끈한 계단입니다."""
    t = _clip((values - low) / (high - low))
    return t * t * (3 - 2 * t)


def _mix(a: Array, b: Array, t: Number) -> Array:
    return a + (b - a) * t


def _wave(values: Array) -> Array:
    """주기 1인 매끈한 물결, -1..1. sin 대신 삼각파를 3차식으로 다듬습니다."""
    t = 4 * np.abs(values - np.floor(values) - 0.5) - 1
    return t * (1.5 - 0.5 * t * t)


def _rgb(code: str) -> Array:
    """16진수 색(예: 7fb2e5)을 (3, 1, 1, 1) 배열로 바꿉니다."""
    parts = [int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    return np.array(parts, np.float32).reshape(3, 1, 1, 1)


def _hsv(hue: Array, saturation: Array, value: Array) -> Array:
    """HSV를 RGB (3, n, 1, 1)로 바꿉니다. 인자의 모양은 (n, 1, 1)입니다."""
    channels = []
    for shift in (0, 2 / 3, 1 / 3):
        turn = hue + shift
        ramp = _clip(np.abs((turn - np.floor(turn)) * 6 - 3) - 1)
        channels.append(value * (1 - saturation * (1 - ramp)))
    return np.stack(channels)


def _grey(colours: Array) -> Array:
    return 0.3 * colours[0] + 0.59 * colours[1] + 0.11 * colours[2]


class _Dice:
    """장면마다 다른 난수를 차례로 꺼냅니다. 꺼낸 값의 모양은 (n, 1, 1)입니다."""

    def __init__(self, draws: Array) -> None:
        self._columns: Iterator[Array] = iter(draws.T)

    def between(self, low: Number, high: Number) -> Array:
        return low + (high - low) * next(self._columns).reshape(-1, 1, 1)

    def chance(self, probability: float) -> Array:
        """확률 `probability`로 1, 아니면 0입니다."""
        return (self.between(0.0, 1.0) < probability).astype(np.float32)

    def colour(self, first: str, second: str) -> Array:
        """두 색 사이의 한 색 (3, n, 1, 1)입니다."""
        return _mix(_rgb(first), _rgb(second), self.between(0.0, 1.0))


def _white(keys: Array, stream: int, height: int, width: int) -> Array:
    """평균 0, 분산 1인 흰 잡음 (n, height, width). 열쇠와 자리 번호를 섞는 splitmix64입니다."""
    words = height * width // 4
    places = np.arange(words, dtype=np.uint64) + np.uint64(stream << 32)
    z = keys[:, None] + places * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    quarters = [(z >> np.uint64(shift)) & np.uint64(0xFFFF) for shift in (0, 16, 32, 48)]
    values = np.stack(quarters, axis=2).astype(np.float32).reshape(-1, height, width)
    return (values - 32767.5) * (sqrt(12) / 65536)


def _neighbours(values: Array, axis: int) -> tuple[Array, Array]:
    """한 축을 따라 앞 칸과 뒤 칸의 값. 끝에서는 자기 값입니다."""
    last = values.shape[axis] - 1
    steps = np.arange(last + 1)
    before, after = np.maximum(steps - 1, 0), np.minimum(steps + 1, last)
    return values.take(before, axis), values.take(after, axis)


def _double(values: Array, axis: int) -> Array:
    """한 축을 두 배로 늘립니다. 3차 B-스플라인의 나눔이라 격자 자국이 거의 없습니다."""
    before, after = _neighbours(values, axis)
    pair = (0.75 * values + 0.125 * (before + after), 0.5 * (values + after))
    shape = list(values.shape)
    shape[axis] *= 2
    return np.stack(pair, axis=axis + 1).reshape(shape)


def _clouds(keys: Array, stream: int) -> Array:
    """여러 크기의 무늬를 겹친 1/f 잡음 (n, 32, 32): 구름, 땅, 털처럼 자연스러운 얼룩이 됩니다."""
    total = _white(keys, stream, 4, 4)
    for octave, (size, weight) in enumerate(((8, 0.8), (16, 0.5), (32, 0.2)), start=1):
        total = _double(_double(total, 1), 2)
        total = total + weight * _white(keys, stream + octave, size, size)
    return total


def _streaks(keys: Array, stream: int) -> Array:
    """가로로 길쭉한 무늬 (n, 32, 32): 물결이 되고, 축을 바꾸면 풀과 나무껍질이 됩니다."""
    total = _white(keys, stream, 16, 4)
    total = _double(_double(total, 1), 2) + 0.8 * _white(keys, stream + 1, 32, 8)
    return _double(_double(total, 2), 2)


class _Textures(NamedTuple):
    """장면마다 다른 무늬들. 모양은 (n, 32, 32), 평균은 0입니다."""

    cloud: Array
    detail: Array
    streaks: Array
    upright: Array  # 세로로 길쭉한 무늬
    white: Array

    @classmethod
    def make(cls, keys: Array) -> "_Textures":
        streaks = _streaks(keys, 16)
        white = _white(keys, 24, _SIZE, _SIZE)
        return cls(_clouds(keys, 0), _clouds(keys, 8), streaks, streaks.transpose(0, 2, 1), white)

    def take(self, rows: Array) -> "_Textures":
        return _Textures(*(texture[rows] for texture in self))


# --- 붓 ----------------------------------------------------------------------------------------


class _Brush:
    """장면 묶음 위에 부호 거리(안쪽이 음수)로 그립니다. 가장자리는 한 픽셀에 걸쳐 부드럽습니다.

    `u`, `v`는 오른쪽과 아래를 향하는 좌표이고 `pixels`는 좌표 1이 몇 픽셀인지입니다. 배경은 픽셀
    좌표(0..32)에, 물체는 자기 중심에서 본 좌표(약 -1..1)에 그립니다.
    """

    def __init__(
        self,
        canvas: Array,
        dice: _Dice,
        textures: _Textures,
        u: Array,
        v: Array,
        pixels: Number = 1.0,
    ) -> None:
        self.canvas = canvas  # (3, n, 32, 32)
        self.dice = dice
        self.cloud, self.detail, self.streaks, self.upright, self.white = textures
        self.u = u
        self.v = v
        self.pixels = pixels
        self.grounded: Number = 1.0  # 땅이나 물이 있는 배경이면 1, 하늘이면 0
        self.shade: Number = 1.0  # 칠하는 색에 곱하는 명암

    def cover(self, distance: Array) -> Array:
        return _clip(0.5 - distance * self.pixels)

    def fill(self, distance: Array, colour: Array, opacity: Number = 1.0) -> None:
        self.blend(self.cover(distance) * opacity, colour * self.shade)

    def blend(self, mask: Array, colour: Array) -> None:
        self.canvas += mask * (colour - self.canvas)

    def ellipse(self, x: Number, y: Number, rx: Number, ry: Number) -> Array:
        du = (self.u - x) / rx
        dv = (self.v - y) / ry
        return (np.sqrt(du * du + dv * dv) - 1) * np.float32(np.minimum(rx, ry))

    def segment(
        self, x0: Number, y0: Number, x1: Number, y1: Number, r0: Number, r1: Number | None = None
    ) -> Array:
        """두 점을 잇는, 굵기가 `r0`에서 `r1`로 바뀌는 선분입니다."""
        dx, dy = x1 - x0, y1 - y0
        du, dv = self.u - x0, self.v - y0
        t = _clip((du * dx + dv * dy) / (dx * dx + dy * dy))
        du = du - t * dx
        dv = dv - t * dy
        radius = r0 if r1 is None else r0 + (r1 - r0) * t
        return np.sqrt(du * du + dv * dv) - radius

    def box(self, x: Number, y: Number, half_width: Number, half_height: Number) -> Array:
        return np.maximum(np.abs(self.u - x) - half_width, np.abs(self.v - y) - half_height)

    def polygon(self, *corners: tuple[Number, Number]) -> Array:
        """볼록 다각형입니다. 꼭짓점은 화면에서 시계 방향으로 적습니다."""
        distance: Array = np.full((), -np.inf, np.float32)
        for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
            dx, dy = x1 - x0, y1 - y0
            length = np.sqrt(np.float32(dx * dx + dy * dy))
            side = (self.u - x0) * (dy / length) - (self.v - y0) * (dx / length)
            distance = np.maximum(distance, side)
        return distance

    def glow(self, x: Number, y: Number, radius: Number) -> Array:
        """중심에서 1이고 멀어질수록 옅어지는 빛무리입니다."""
        du, dv = self.u - x, self.v - y
        return 1 / (1 + (du * du + dv * dv) / (radius * radius))


def _union(*distances: Array) -> Array:
    result = distances[0]
    for distance in distances[1:]:
        result = np.minimum(result, distance)
    return result


def _melt(a: Array, b: Array, width: float = 0.15) -> Array:
    """두 모양을 살처럼 매끈하게 이어 붙입니다."""
    overlap = np.maximum(width - np.abs(a - b), 0.0)
    return np.minimum(a, b) - overlap * overlap * (0.25 / width)


# --- 배경: 칠하고 나서 물체에 비칠 빛의 색을 돌려줍니다 ------------------------------------------


def _paint_sky(b: _Brush, top: Array, bottom: Array, horizon: Number) -> None:
    b.canvas[:] = _mix(top, bottom, _clip(b.v / horizon))


def _paint_clouds(b: _Brush, level: Array, colour: Array) -> None:
    """`level`보다 짙은 곳에 구름을 얹습니다. 위에서 빛을 받아 아래쪽이 어둡습니다."""
    relief = b.cloud - np.concatenate((b.cloud[:, :2], b.cloud[:, :-2]), axis=1)
    mask = _smooth(0.0, 1.1, b.cloud - level)
    b.blend(mask * 0.92, colour * (0.93 - 0.16 * relief))


def _paint_blob(b: _Brush, x: Array, y: Array, rx: Array, ry: Array, colour: Array) -> None:
    """울퉁불퉁한 덩어리: 나무갓, 덤불, 바위. 왼쪽 위가 밝습니다."""
    outline = b.ellipse(x, y, rx, ry) + 0.5 * b.detail
    light = 0.9 - 0.38 * (b.v - y) / ry - 0.18 * (b.u - x) / rx + 0.2 * b.detail
    b.blend(b.cover(outline), colour * light)


def _paint_tree(b: _Brush, x: Array, base: Array, size: Array, leaf: Array) -> None:
    b.fill(b.box(x, base - 0.4 * size, 0.1 * size + 0.2, 0.4 * size), _rgb("4a3626"))
    _paint_blob(b, x, base - size, 0.55 * size, 0.6 * size, leaf)


def _paint_house(b: _Brush, base: Array, glass: Array, there: Array, light: float = 1.0) -> None:
    """세모 지붕 집. `there`가 0인 장면에는 짓지 않습니다."""
    dice = b.dice
    x, w = dice.between(2, 30), dice.between(1.8, 3.6)
    wall = dice.colour("f0e4cc", "b5745a") * (light - 0.12 * (b.u - x) / w)
    b.fill(b.box(x, base - 0.7 * w, w, 0.7 * w), wall, there)
    for side in (-0.5, 0.5):
        b.fill(b.box(x + side * w, base - 0.75 * w, 0.2 * w, 0.25 * w), glass, there)
    ridge, eaves = base - 2.5 * w, base - 1.35 * w
    roof = b.polygon((x, ridge), (x + 1.3 * w, eaves), (x - 1.3 * w, eaves))
    b.fill(roof, dice.colour("8a3a30", "4d5668") * light, there)


def _paint_pine(b: _Brush, x: Array, base: Array, height: Array, tip: Array) -> None:
    t = _clip((b.v - base + height) / height)
    tier = t * 3 - np.floor(t * 3)
    width = height * (0.1 + 0.22 * t) * (0.6 + 0.4 * tier)
    outline = np.maximum(np.abs(b.u - x) - width, np.maximum(b.v - base, base - height - b.v))
    b.fill(outline + 0.3 * b.detail, _mix(tip, _rgb("23402f"), _smooth(0.0, 0.4, tier)))


def _paint_ridge(b: _Brush, top: Array, colour: Array) -> Array:
    """`top`(가로 위치마다의 높이) 아래를 채우고 꼭대기에서 잰 깊이를 돌려줍니다."""
    depth = b.v - top
    b.blend(_clip(depth + 0.5), colour)
    return depth


def _hills(b: _Brush, level: Array, height: float, period: float) -> Array:
    phase = b.dice.between(0.0, 1.0)
    return level + height * (_wave(b.u / period + phase) + 0.5 * _wave(b.u / 9.7 + 3 * phase))


def _paint_ground(b: _Brush, horizon: Array, far: Array, near: Array, texture: Array) -> Array:
    """지평선 아래를 멀고 가까운 색으로 칠합니다. 무늬는 가까울수록 또렷합니다."""
    depth = _clip((b.v - horizon) / (_SIZE - horizon))
    colour = _mix(far, near, depth) * (1 + texture * (0.35 + 0.65 * depth))
    b.blend(_clip(b.v - horizon + 0.5), colour)
    return depth


def _sky(b: _Brush) -> Array:
    dice = b.dice
    _paint_sky(b, dice.colour("1f58ad", "9fc0dc"), dice.colour("8fc4ec", "eef1f1"), 30.0)
    x, y = dice.between(2, 30), dice.between(1, 12)
    shining = dice.chance(0.45)
    _paint_clouds(
        b, dice.between(-1.2, 1.6), _mix(_rgb("b9c2cc"), _rgb("ffffff"), dice.between(0.2, 1.0))
    )
    b.blend(b.glow(x, y, dice.between(2.5, 6.0)) * shining * 0.75, _rgb("fff6cf"))
    b.fill(b.ellipse(x, y, 2.2, 2.2), _rgb("fffbe6"), shining)
    return dice.colour("ffffff", "e6ecf2")


def _sunset(b: _Brush) -> Array:
    dice = b.dice
    horizon = dice.between(11, 17)
    _paint_sky(b, dice.colour("2b2f63", "8b4a70"), dice.colour("ff9a3c", "f6c27a"), horizon)
    _paint_clouds(b, dice.between(0.2, 1.6), dice.colour("d9607a", "8a5a86"))
    x = dice.between(3, 29)
    y = horizon - dice.between(-1.0, 5.0)
    b.blend(b.glow(x, y, dice.between(4.0, 9.0)) * 0.85, _rgb("ffd27a"))
    b.fill(b.ellipse(x, y, 2.6, 2.6), _rgb("fff0b8"))
    _paint_ridge(b, _hills(b, horizon - 1.5, 1.5, 23.0), dice.colour("4a2f4f", "6b3b48"))
    far, near = dice.colour("b8694a", "8a4f52"), dice.colour("2c2238", "5a3a33")
    _paint_ground(b, horizon, far, near, 0.16 * b.streaks + 0.1 * b.detail)
    # 젖은 땅에 비친 해: 물결 무늬가 밝은 곳만 반짝입니다.
    path = _clip(1 - np.abs(b.u - x) / (2.0 + 0.25 * (b.v - horizon)))
    b.blend(path * _smooth(-0.3, 1.2, b.streaks) * _clip(b.v - horizon) * 0.8, _rgb("ffc069"))
    return _mix(_rgb("ffb98a"), _rgb("9a6a72"), dice.between(0.0, 1.0))


def _night(b: _Brush) -> Array:
    dice = b.dice
    horizon = dice.between(13, 18)
    _paint_sky(b, dice.colour("060a1f", "18204a"), dice.colour("1f3263", "4b4a80"), horizon)
    twinkle = _smooth(1.6, 1.73, b.white) * _clip((horizon - b.v) / 6)
    b.blend(twinkle, _rgb("fff6dc"))
    x, y = dice.between(4, 28), dice.between(3, 8)
    radius = dice.between(2.0, 3.6)
    b.blend(b.glow(x, y, 1.6 * radius) * 0.5, _rgb("c9d4ff"))
    b.fill(b.ellipse(x, y, radius, radius), _rgb("f4efd2") * (0.93 + 0.06 * b.detail))
    _paint_clouds(b, dice.between(1.0, 2.6), dice.colour("2a3360", "4a5280"))
    _paint_ridge(b, _hills(b, horizon - 2.0, 2.0, 27.0), dice.colour("0d1533", "1b2248"))
    _paint_ground(
        b,
        horizon,
        dice.colour("2a3a62", "3a4a66"),
        dice.colour("121c34", "2f4058"),
        0.2 * b.detail,
    )
    moonlight = _clip(1 - np.abs(b.u - x) / (3.0 + 0.3 * (b.v - horizon))) * _clip(b.v - horizon)
    b.blend(moonlight * (0.3 + 0.15 * b.streaks), _rgb("aebbe6"))
    _paint_house(b, horizon + 1.0, _rgb("ffd36e"), dice.chance(0.6), 0.45)
    # 멀리 마을의 불빛
    lamps = _smooth(1.2, 1.5, b.white) * _clip(1.3 - np.abs(b.v - horizon) / 1.2)
    b.blend(lamps * dice.chance(0.7), _rgb("ffcf6b"))
    return dice.colour("98a2d4", "c2bedb")


def _sea(b: _Brush) -> Array:
    dice = b.dice
    horizon = dice.between(6, 15)
    _paint_sky(b, dice.colour("3f7cc4", "b4c3d1"), dice.colour("b9dcf0", "f3ead8"), horizon)
    _paint_clouds(b, dice.between(-0.6, 1.8), dice.colour("ffffff", "c9d2da"))
    shore = b.u - dice.between(4, 28)
    island = horizon - dice.between(-3.0, 3.0) + 0.12 * shore * shore
    _paint_ridge(b, island + 0.6 * b.detail, dice.colour("5b7a6e", "7f8fa0"))
    texture = 0.2 * b.streaks + 0.07 * b.detail
    _paint_ground(
        b, horizon, dice.colour("4f8fb8", "a5bcc8"), dice.colour("0d3f66", "2f8a92"), texture
    )
    crests = _smooth(0.9, 1.9, b.streaks + 0.4 * b.detail) * _clip((b.v - horizon) / 5)
    b.blend(crests * dice.between(0.1, 0.8), _rgb("f4fbff"))
    # 때로는 아래쪽에 모래밭이 있고 물거품이 그 가장자리를 따릅니다.
    coast = b.v - dice.between(23, 46) + dice.between(-0.25, 0.25) * (b.u - 16) + 0.8 * b.detail
    sand = dice.colour("e6cf9c", "c2a678") * (1 + 0.1 * b.detail + 0.06 * b.white)
    b.blend(_clip(coast), sand)
    b.blend(_clip(1.2 - np.abs(coast)) * 0.8, _rgb("f6fbfc"))
    return dice.colour("ffffff", "dfe6ea")


def _pond(b: _Brush) -> Array:
    dice = b.dice
    shore = dice.between(3, 11)
    _paint_sky(b, dice.colour("6f9a55", "2f5136"), dice.colour("8aa860", "4c6b3c"), shore)
    b.canvas *= 1 + 0.3 * b.upright
    far, near = dice.colour("86a77c", "5e8d86"), dice.colour("173a36", "4a6a3a")
    depth = _paint_ground(
        b,
        shore + 0.6 * b.detail,
        far,
        near,
        0.14 * b.streaks + 0.1 * b.cloud,
    )
    b.blend(_smooth(0.5, 1.8, b.cloud) * depth * 0.4, _rgb("cfe3dc"))
    for _ in range(4):
        x, y = dice.between(0, 32), dice.between(14, 31)
        size = dice.between(2.0, 4.5)
        pad = b.ellipse(x, y, size, 0.45 * size) + 0.15 * b.detail
        notch = np.maximum(np.abs(b.u - x) - 0.35, y - b.v)
        b.fill(
            np.maximum(pad, -notch),
            dice.colour("5f9a3d", "9cc05a") * (1 + 0.12 * b.detail),
        )
        b.fill(
            b.ellipse(x + 0.3 * size, y - 0.6, 1.1, 0.9),
            dice.colour("ffd5e5", "ffffff"),
            dice.chance(0.4),
        )
    x, size = dice.between(0, 32), dice.between(1.5, 4.0)
    _paint_blob(b, x, shore + dice.between(1, 4), size, 0.6 * size, dice.colour("7f8078", "a09884"))
    return dice.colour("f0f5e0", "c8d8bc")


def _meadow(b: _Brush) -> Array:
    dice = b.dice
    horizon = dice.between(5, 16)
    _paint_sky(b, dice.colour("4a8fd6", "b6c6d2"), dice.colour("c5e3f4", "f4f0e2"), horizon)
    _paint_clouds(b, dice.between(-0.4, 1.8), dice.colour("ffffff", "d4dae0"))
    _paint_ridge(b, _hills(b, horizon - 1.0, 1.6, 31.0), dice.colour("6f9a6a", "8fa98a"))
    grass = 0.17 * b.upright + 0.13 * b.detail
    far, near = dice.colour("9cbf5c", "b9b86a"), dice.colour("2f6a2a", "7a9a3a")
    depth = _paint_ground(b, horizon, far, near, grass)
    for _ in range(2):
        leaf = dice.colour("2f6a33", "7f9a3f")
        _paint_tree(b, dice.between(-2, 34), horizon + dice.between(0, 2), dice.between(3, 8), leaf)
    _paint_house(b, horizon + 1.5, _rgb("3a4a5c"), dice.chance(0.35))
    for _ in range(2):
        x, y, size = dice.between(-2, 34), dice.between(18, 32), dice.between(1.5, 4.5)
        _paint_blob(b, x, y, 1.3 * size, 0.8 * size, dice.colour("2a5a2c", "8a9a3c"))
    flowers = _smooth(1.55, 1.7, b.white) * _smooth(0.2, 0.5, depth) * dice.chance(0.6)
    b.blend(flowers, _hsv(dice.between(0.78, 1.18), dice.between(0.1, 0.7), dice.between(0.9, 1.0)))
    return dice.colour("ffffff", "f2efd8")


def _mountain(b: _Brush) -> Array:
    dice = b.dice
    horizon = dice.between(13, 19)
    _paint_sky(b, dice.colour("2f68b4", "a2b4cc"), dice.colour("a8cbe6", "f2dcc4"), horizon)
    _paint_clouds(b, dice.between(0.4, 2.0), _rgb("ffffff"))
    for rise, first, second in ((12.0, "7d94b4", "98a4bc"), (7.0, "4d6482", "74808a")):
        peak, slope = dice.between(3, 29), dice.between(0.45, 0.85)
        second_peak = _wave(peak * 7.7) * 11 + 16
        slant = np.minimum(np.abs(b.u - peak), np.abs(b.u - second_peak) + 2) * slope
        top = horizon - rise + slant + 0.6 * b.cloud[:, 15:16] + 0.3 * b.detail
        side = _smooth(-1.0, 1.0, b.u - peak + 0.8 * b.detail)  # 해를 등진 비탈은 어둡습니다
        rock = dice.colour(first, second) * (1.12 - 0.3 * side + 0.12 * b.detail)
        depth = _paint_ridge(b, top, rock)
        snow = _clip(depth + 0.5) * _smooth(0.5, -0.5, b.v - horizon + 0.55 * rise + 0.8 * b.detail)
        b.blend(snow * 0.9, _rgb("f5f8fc") * (1.02 - 0.16 * side))
    far, near = dice.colour("7f8f5a", "a08f62"), dice.colour("3a4f2a", "6f6038")
    _paint_ground(b, horizon, far, near, 0.16 * b.cloud + 0.18 * b.detail)
    for _ in range(3):
        x, y, size = dice.between(-2, 34), dice.between(19, 32), dice.between(1.0, 3.6)
        _paint_blob(b, x, y, 1.2 * size, 0.8 * size, dice.colour("6f6a64", "a8a090"))
    for _ in range(3):
        _paint_pine(b, dice.between(0, 32), horizon + 1.5, dice.between(4, 9), _rgb("4f7048"))
    return dice.colour("ffffff", "ece6dc")


def _forest(b: _Brush) -> Array:
    dice = b.dice
    floor = dice.between(15, 20)
    leaves = dice.colour("2c4a24", "6f8a3a")
    b.canvas[:] = leaves * (0.9 + 0.35 * b.cloud + 0.3 * b.detail)
    gap = _smooth(0.3, 1.5, b.cloud - 0.05 * b.v) * dice.between(0.2, 0.9)
    b.blend(gap, dice.colour("e6efc0", "cfe3ea"))
    far, near = dice.colour("5a6a30", "6b5a38"), dice.colour("2a3a1c", "4a3a24")
    _paint_ground(
        b,
        floor + 0.6 * b.detail,
        far,
        near,
        0.18 * b.detail + 0.16 * b.cloud,
    )
    bark = b.upright
    for _ in range(4):
        x, width = dice.between(0, 32), dice.between(0.7, 2.2)
        side = (b.u - x) / width
        base = floor + 1.2 * width
        trunk = np.maximum(np.abs(b.u - x) - width * (1 + _clip(b.v - base + 3) * 0.12), b.v - base)
        b.fill(trunk, dice.colour("4a3826", "8a7a66") * (0.85 + 0.18 * side + 0.22 * bark))
    for _ in range(3):
        x, y, size = dice.between(-2, 34), dice.between(20, 33), dice.between(1.5, 4.5)
        _paint_blob(b, x, y, 1.3 * size, 0.9 * size, dice.colour("3f6a2a", "8a8f4a"))
    # 나뭇잎 사이로 비스듬히 드는 빛
    slant = (b.u + 0.6 * b.v) / dice.between(9, 14) + dice.between(0, 1)
    b.canvas += _smooth(0.2, 1.0, _wave(slant)) * dice.between(0.0, 0.22) * _rgb("fff3b8")
    return dice.colour("f4f4d4", "bcc8ac")


def _road(b: _Brush) -> Array:
    dice = b.dice
    horizon = dice.between(7, 15)
    _paint_sky(b, dice.colour("5f94d0", "c0c8d0"), dice.colour("d0e2ee", "f2ece0"), horizon)
    _paint_clouds(b, dice.between(-0.4, 1.8), dice.colour("ffffff", "cfd5db"))
    town = dice.chance(0.5)
    for _ in range(3):
        x, width = dice.between(0, 32), dice.between(2, 4.5)
        height = dice.between(2, 12)
        lit = 0.5 + 0.5 * _smooth(-0.4, 0.4, _wave(b.u / 2.6)) * _smooth(
            -0.4, 0.4, _wave(b.v / 2.9)
        )
        wall = dice.colour("a89a8c", "7f8896") * (0.7 + 0.45 * lit)
        b.fill(b.box(x, horizon - height / 2, width, height / 2), wall, town)
    leaf = dice.colour("3a6a35", "7f8f4f")
    _paint_ridge(b, horizon - 1.5 + 0.8 * b.detail, leaf * (0.8 + 0.25 * b.detail))
    _paint_ground(
        b,
        horizon,
        dice.colour("8fa35a", "b0a680"),
        dice.colour("5a7a38", "9a8a60"),
        0.15 * b.detail,
    )
    for _ in range(2):
        _paint_tree(b, dice.between(-2, 34), horizon + 1, dice.between(2, 7), leaf)
    # 소실점으로 모이는 길
    centre = dice.between(6, 26)
    depth = b.v - horizon
    across = (b.u - centre) / (0.8 + dice.between(0.9, 2.4) * _clip(depth / 20) * 20)
    asphalt = dice.colour("4f5258", "9a9894") * (1 + 0.1 * b.detail + 0.05 * b.white)
    b.blend(_clip(4 - 4 * np.abs(across)) * _clip(depth + 0.5), asphalt)
    b.blend(_clip(8 * (0.07 - np.abs(np.abs(across) - 0.9))) * _clip(depth), _rgb("e8e6de"))
    dashes = _smooth(-0.2, 0.2, _wave(20 / (_clip(depth / 25) * 25 + 4)))
    b.blend(_clip(8 * (0.07 - np.abs(across))) * _clip(depth) * dashes, _rgb("f2d27a"))
    return dice.colour("ffffff", "e4e6ea")


def _snowfield(b: _Brush) -> Array:
    dice = b.dice
    horizon = dice.between(8, 16)
    _paint_sky(b, dice.colour("7f9cc0", "c4ccd6"), dice.colour("e0e8f0", "f4e6e0"), horizon)
    _paint_clouds(b, dice.between(-0.6, 1.5), dice.colour("f2f4f7", "b4bcc8"))
    _paint_ridge(b, _hills(b, horizon - 1.5, 2.2, 29.0), dice.colour("b8c6d8", "dfe7ef"))
    for _ in range(4):
        base, height = horizon + dice.between(0, 2.5), dice.between(5, 13)
        _paint_pine(b, dice.between(0, 32), base, height, _rgb("eef3f7"))
    _paint_house(b, horizon + 1.5, _rgb("ffd88a"), dice.chance(0.4))
    far, near = dice.colour("eef3f9", "d3ddea"), dice.colour("a8bcd6", "e2e9f1")
    _paint_ground(b, horizon + 1, far, near, 0.05 * b.detail)
    # 눈 더미와 그 푸른 그늘
    drift = _wave(b.v / 11 + 0.03 * b.u + 0.22 * b.cloud + dice.between(0, 1))
    b.blend(_smooth(0.0, 1.0, drift) * _clip(b.v - horizon - 1) * 0.5, _rgb("8fa6c8"))
    flakes = _smooth(1.5, 1.7, b.white) * dice.chance(0.6)
    b.blend(flakes * 0.8, _rgb("ffffff"))
    return dice.colour("ffffff", "dde6f2")


# --- 물체: 중심이 원점, 오른쪽을 보는 모습, 길이 약 2 -----------------------------------------------

_BLACK, _WHITE, _GLASS = _rgb("1c1a1e"), _rgb("f6f4ee"), _rgb("6f93ad")


def _airplane(b: _Brush, colour: Array) -> None:
    dice = b.dice
    skin = _mix(_WHITE, colour, dice.between(0.0, 0.35))
    b.fill(b.polygon((-0.16, -0.56), (0.0, -0.56), (0.3, -0.1), (-0.06, -0.1)), skin * 0.62)
    body = b.segment(-0.82, 0.0, 0.74, 0.04, 0.08, 0.19)
    fin = b.polygon((-1.0, -0.56), (-0.74, -0.56), (-0.36, -0.04), (-0.86, -0.04))
    b.fill(_union(body, fin) - 0.05, colour * 0.3, 0.4)  # 밝은 하늘에서도 보이게 하는 윤곽
    b.fill(fin, colour)
    b.fill(body, skin)
    b.fill(np.maximum(body, 0.08 - b.v), _mix(skin, colour, 0.7) * 0.75)
    b.fill(b.box(0.02, -0.02, 0.5, 0.03), _rgb("2a3d52"), 0.6)
    b.fill(b.polygon((0.66, -0.12), (0.8, -0.12), (0.9, -0.01), (0.66, -0.01)), _rgb("1f3144"))
    b.fill(b.segment(0.04, 0.28, 0.24, 0.28, 0.09), skin * 0.6)
    b.fill(b.polygon((-0.14, 0.08), (0.34, 0.08), (-0.24, 0.66), (-0.5, 0.66)), skin * 0.88)
    b.fill(b.polygon((-0.82, 0.02), (-0.56, 0.02), (-0.86, 0.28), (-1.04, 0.28)), colour * 0.8)


def _wheel(b: _Brush, x: float, y: float, radius: float) -> None:
    b.fill(b.ellipse(x, y, radius, radius), _BLACK)
    b.fill(b.ellipse(x, y, 0.5 * radius, 0.5 * radius), _rgb("b9bcc2"))


def _automobile(b: _Brush, colour: Array) -> None:
    dice = b.dice
    back, front = dice.between(-0.95, -0.6), dice.between(0.4, 0.75)
    roof = dice.between(-0.52, -0.38)
    cabin = b.polygon((back + 0.22, roof), (front - 0.38, roof), (front, -0.02), (back, -0.02))
    b.fill(cabin, colour * 0.92)
    glass = b.polygon(
        (back + 0.28, roof + 0.07),
        (front - 0.42, roof + 0.07),
        (front - 0.12, -0.03),
        (back + 0.14, -0.03),
    )
    b.fill(glass, _GLASS * (0.75 - 0.9 * (b.v + 0.2)))
    b.fill(b.box((back + front) / 2, (roof - 0.02) / 2, 0.04, 0.2), colour * 0.8)
    body = b.box(0.0, 0.15, 0.88, 0.12) - 0.09
    b.fill(body, colour)
    b.fill(b.box(0.0, 0.02, 0.85, 0.025), _WHITE, 0.35)
    b.fill(b.box(0.0, 0.31, 0.9, 0.05), _rgb("35353b"))
    b.fill(b.ellipse(0.87, 0.1, 0.08, 0.07), _rgb("fff3b4"))
    b.fill(b.ellipse(-0.92, 0.1, 0.05, 0.07), _rgb("c4282a"))
    for x in (-0.55, 0.55):
        _wheel(b, x, 0.34, 0.2)


def _bird(b: _Brush, colour: Array) -> None:
    dice = b.dice
    belly = _mix(colour, dice.colour("fff6e0", "f0b070"), 0.75)
    standing = b.grounded * dice.chance(0.7)
    for x in (-0.02, 0.16):
        b.fill(b.segment(x, 0.3, x + 0.04, 0.66, 0.035), _rgb("c98a3a"), standing)
    lift = dice.between(-1.0, -0.5)
    b.fill(b.polygon((0.0, lift), (0.32, -0.02), (0.0, 0.02)), colour * 0.5, 1 - standing)
    b.fill(b.polygon((-1.02, -0.06), (-0.4, -0.06), (-0.3, 0.22), (-0.95, 0.2)), colour * 0.6)
    body = _melt(b.ellipse(-0.02, 0.1, 0.52, 0.28), b.ellipse(0.5, -0.2, 0.24, 0.23))
    b.fill(body, colour)
    b.fill(np.maximum(body, 0.12 - b.v - 0.25 * b.u), belly)
    b.fill(b.polygon((0.68, -0.3), (1.0, -0.14), (0.68, -0.06)), _rgb("f0a02a"))
    b.fill(b.segment(0.12, 0.04, -0.4, 0.08, 0.19, 0.06), colour * 0.62, standing)
    spread = b.polygon((-0.62, lift), (-0.36, lift), (0.22, 0.02), (-0.26, 0.1))
    b.fill(spread, colour * 0.72, 1 - standing)
    b.fill(b.ellipse(0.56, -0.25, 0.085, 0.085), _WHITE)
    b.fill(b.ellipse(0.58, -0.25, 0.055, 0.055), _BLACK)


def _cat(b: _Brush, colour: Array) -> None:
    dice = b.dice
    dark, pale = colour * 0.55, _mix(colour, _WHITE, dice.between(0.2, 0.9))
    stripes = _smooth(0.1, 0.6, _wave(b.v * 2.6 + 0.25 * np.abs(b.u))) * dice.chance(0.6) * 0.55
    side = dice.between(0.4, 0.8)
    tail = _union(
        b.segment(0.3, 0.82, side, 0.7, 0.1), b.segment(side, 0.7, side + 0.05, 0.1, 0.1, 0.07)
    )
    b.fill(tail, colour * 0.85)
    torso = _melt(b.ellipse(0.0, 0.6, 0.46, 0.4), b.ellipse(0.0, 0.3, 0.33, 0.42))
    b.fill(torso, _mix(colour, dark, stripes))
    b.fill(b.ellipse(0.0, 0.42, 0.2, 0.34), pale)
    for x in (-0.19, 0.19):
        b.fill(b.ellipse(x, 0.88, 0.17, 0.11), pale)
    for flip in (-1, 1):
        outer = [(-0.5, -0.92), (-0.08, -0.6), (-0.46, -0.3)]
        inner = [(-0.43, -0.78), (-0.2, -0.6), (-0.42, -0.45)]
        b.fill(b.polygon(*_mirror(outer, flip)), colour * 0.85)
        b.fill(b.polygon(*_mirror(inner, flip)), _rgb("e0a09a"))
    head = b.ellipse(0.0, -0.32, 0.52, 0.42)
    b.fill(head, _mix(colour, dark, stripes * _clip(-2 * b.v - 0.4)))
    b.fill(b.ellipse(0.0, -0.14, 0.26, 0.18), pale)
    iris = dice.colour("c9c83a", "5fb06a")
    for x in (-0.22, 0.22):
        b.fill(b.ellipse(x, -0.37, 0.13, 0.12), iris)
        b.fill(b.ellipse(x, -0.37, 0.055, 0.11), _BLACK)
    b.fill(b.ellipse(0.0, -0.2, 0.07, 0.05), _rgb("d9737a"))


def _mirror(corners: list[tuple[float, float]], flip: int) -> list[tuple[float, float]]:
    """좌우를 뒤집어도 꼭짓점이 시계 방향이게 합니다."""
    return corners if flip > 0 else [(-x, y) for x, y in reversed(corners)]


def _legs(b: _Brush, top: float, bottom: float, radius: float, colour: Array) -> None:
    """네 다리: 먼 쪽 둘은 어둡고, 걷는 모습은 장면마다 다릅니다."""
    stride = b.dice.between(-0.12, 0.12)
    for x, swing, light in ((-0.42, -1, 0.62), (0.3, 1, 0.62), (-0.52, 1, 0.95), (0.22, -1, 0.95)):
        leg = b.segment(x, top, x + swing * stride, bottom, 1.35 * radius, 0.8 * radius)
        b.fill(leg, colour * light)
        b.fill(np.maximum(leg, bottom - 0.05 - b.v), _rgb("2c211c"))


def _deer(b: _Brush, colour: Array) -> None:
    dice = b.dice
    antler = _union(
        b.segment(0.5, -0.62, 0.3, -0.82, 0.045),
        b.segment(0.3, -0.82, 0.36, -1.06, 0.04),
        b.segment(0.34, -0.8, 0.16, -0.96, 0.04),
        b.segment(0.58, -0.62, 0.72, -0.84, 0.045),
        b.segment(0.72, -0.84, 0.64, -1.06, 0.04),
        b.segment(0.7, -0.82, 0.86, -0.98, 0.04),
    )
    b.fill(antler, dice.colour("cdb083", "8a6a42"))
    _legs(b, 0.12, 0.92, 0.06, colour)
    body = b.segment(-0.46, 0.02, 0.28, 0.0, 0.22, 0.19)
    neck = b.segment(0.34, -0.06, 0.54, -0.46, 0.14, 0.09)
    head = b.segment(0.54, -0.54, 0.82, -0.44, 0.12, 0.06)
    whole = _melt(_melt(body, neck), head, 0.08)
    b.fill(whole, colour)
    spots = _smooth(0.75, 0.95, b.white) * _clip(-8 * (body + 0.06)) * dice.chance(0.6)
    b.blend(spots * b.cover(body), _rgb("f4e6cc"))
    b.fill(np.maximum(whole, 0.1 - b.v), _rgb("eadcc4"), 0.8)
    b.fill(b.ellipse(-0.66, -0.06, 0.09, 0.13), _WHITE)
    b.fill(b.segment(0.46, -0.6, 0.28, -0.62, 0.08, 0.05), colour * 0.75)
    b.fill(b.ellipse(0.62, -0.55, 0.045, 0.05), _BLACK)
    b.fill(b.ellipse(0.86, -0.43, 0.05, 0.05), _BLACK)


def _dog(b: _Brush, colour: Array) -> None:
    dice = b.dice
    dark, pale = colour * 0.5, _mix(colour, _WHITE, 0.75)
    patch = _smooth(0.3, 0.8, b.cloud) * dice.chance(0.5)
    coat = _mix(colour, pale, patch)
    wag = dice.between(-1.05, -0.75)
    b.fill(b.segment(-0.6, -0.02, wag, -0.5, 0.1, 0.06), colour * 0.9)
    _legs(b, 0.2, 0.78, 0.09, colour)
    body = b.segment(-0.46, 0.1, 0.28, 0.08, 0.25, 0.27)
    b.fill(_melt(body, b.segment(0.34, 0.0, 0.48, -0.3, 0.22, 0.2)), coat)
    b.fill(b.ellipse(0.4, 0.14, 0.16, 0.22), pale)
    b.fill(b.segment(0.24, -0.14, 0.62, -0.04, 0.055), _rgb("c8323a"))
    head = _melt(
        b.ellipse(0.52, -0.42, 0.34, 0.31), b.segment(0.66, -0.34, 0.94, -0.28, 0.15, 0.13)
    )
    b.fill(head, colour)
    b.fill(b.segment(0.76, -0.27, 0.94, -0.25, 0.1), pale)
    b.fill(b.segment(0.86, -0.14, 0.88, -0.04, 0.06), _rgb("e0737f"), dice.chance(0.6))
    b.fill(b.ellipse(1.03, -0.36, 0.09, 0.08), _BLACK)
    b.fill(b.segment(0.34, -0.58, 0.24, -0.16, 0.1, 0.15), dark)
    b.fill(b.ellipse(0.64, -0.48, 0.075, 0.08), _BLACK)


def _frog(b: _Brush, colour: Array) -> None:
    dice = b.dice
    dark, pale = colour * 0.62, _mix(colour, _rgb("fff7c8"), 0.7)
    for flip in (-1, 1):
        b.fill(b.ellipse(0.68 * flip, 0.28, 0.3, 0.3), colour * 0.8)
        b.fill(b.segment(0.5 * flip, 0.6, 0.92 * flip, 0.6, 0.09), dark)
    body = _melt(b.ellipse(0.0, 0.22, 0.64, 0.42), b.ellipse(0.0, -0.14, 0.62, 0.36))
    for x in (-0.36, 0.36):
        body = _melt(body, b.ellipse(x, -0.46, 0.22, 0.22))
    spots = _smooth(0.5, 0.9, b.detail) * dice.between(0.0, 0.9)
    b.fill(body, _mix(colour, dark, spots))
    b.fill(b.ellipse(0.0, 0.32, 0.42, 0.28), pale)
    mouth = np.maximum(np.abs(b.ellipse(0.0, -0.24, 0.56, 0.3)) - 0.035, -0.1 - b.v)
    b.fill(mouth, _rgb("3a2a22"), 0.85)
    for x in (-0.36, 0.36):
        b.fill(b.ellipse(x, -0.48, 0.155, 0.155), _rgb("f6e9a0"))
        b.fill(b.ellipse(x, -0.48, 0.1, 0.09), _BLACK)
    for x in (-0.3, 0.3):
        b.fill(b.segment(x, 0.3, 1.25 * x, 0.6, 0.1, 0.08), colour * 0.9)
        b.fill(b.ellipse(1.3 * x, 0.64, 0.17, 0.07), dark)


def _horse(b: _Brush, colour: Array) -> None:
    dice = b.dice
    mane = _mix(_rgb("1f1713"), _rgb("e8d9b4"), dice.chance(0.3))
    sweep = dice.between(-1.02, -0.82)
    tail = _union(
        b.segment(-0.66, -0.16, sweep, 0.05, 0.1), b.segment(sweep, 0.05, sweep, 0.45, 0.1, 0.05)
    )
    b.fill(tail, mane)
    _legs(b, 0.14, 0.88, 0.085, colour)
    body = b.segment(-0.44, -0.02, 0.26, -0.04, 0.28, 0.26)
    neck = b.segment(0.32, -0.12, 0.62, -0.6, 0.23, 0.14)
    head = b.segment(0.64, -0.68, 0.94, -0.36, 0.14, 0.09)
    b.fill(b.polygon((0.56, -0.98), (0.68, -0.8), (0.52, -0.74)), colour * 0.8)
    b.fill(b.segment(0.16, -0.3, 0.5, -0.82, 0.1), mane)
    b.fill(_melt(_melt(body, neck), head, 0.06), colour)
    b.fill(b.segment(0.22, -0.36, 0.5, -0.8, 0.07), mane)
    b.fill(b.segment(0.74, -0.7, 0.9, -0.5, 0.04), _WHITE, dice.chance(0.5))
    b.fill(b.ellipse(0.68, -0.66, 0.05, 0.055), _BLACK)
    b.fill(b.ellipse(0.96, -0.34, 0.07, 0.06), colour * 0.5)


def _ship(b: _Brush, colour: Array) -> None:
    dice = b.dice
    sailing = dice.chance(0.4)
    b.fill(b.box(0.04, -0.45, 0.03, 0.5), _rgb("5a4632"))
    sail = dice.colour("ffffff", "f4dcae") * (0.95 + 0.15 * b.u)
    b.fill(b.polygon((0.1, -0.98), (0.74, -0.02), (0.1, -0.02)), sail, sailing)
    b.fill(
        b.polygon((-0.02, -0.82), (-0.02, -0.02), (-0.56, -0.02)), _mix(sail, colour, 0.6), sailing
    )
    steam = 1 - sailing
    b.fill(b.box(-0.28, -0.52, 0.1, 0.2), colour * 0.9, steam)
    b.fill(b.box(-0.28, -0.7, 0.1, 0.05), _BLACK, steam)
    b.fill(b.box(-0.1, -0.22, 0.5, 0.2), _WHITE, steam)
    b.fill(b.box(0.1, -0.44, 0.24, 0.1), _WHITE * 0.92, steam)
    b.fill(b.box(0.12, -0.44, 0.2, 0.04), _rgb("2f4a63"), steam)
    windows = np.maximum(b.box(-0.1, -0.18, 0.44, 0.05), -0.06 * _wave(b.u * 4.5))
    b.fill(windows, _rgb("2f4a63"), steam)
    hull = b.polygon((-0.98, -0.02), (1.05, -0.1), (0.78, 0.42), (-0.82, 0.42))
    b.fill(hull, colour)
    b.fill(np.maximum(hull, 0.27 - b.v), _mix(colour, _rgb("5a1f22"), 0.6) * 0.7)
    b.fill(np.maximum(hull, np.abs(b.v - 0.06) - 0.03), _WHITE)
    foam = np.abs(b.v - 0.44 - 0.05 * b.detail) - 0.04
    b.fill(np.maximum(foam, np.abs(b.u) - 0.92), _rgb("f2f8fa"), 0.8)


def _truck(b: _Brush, colour: Array) -> None:
    dice = b.dice
    cargo = _mix(
        _WHITE,
        _hsv(dice.between(0, 1), dice.between(0.2, 0.7), dice.between(0.5, 0.9)),
        dice.chance(0.6),
    )
    top = dice.between(-0.72, -0.3)
    middle, half = (top + 0.24) / 2, (0.24 - top) / 2
    b.fill(b.box(0.0, 0.3, 0.94, 0.08), _rgb("2f2f35"))
    box = b.box(-0.34, middle, 0.62, half)
    b.fill(box, cargo)
    b.fill(np.maximum(box, np.abs(b.v - middle) - 0.07), _mix(cargo, colour, 0.8))
    b.fill(np.maximum(box, 0.03 * _wave(b.u * 5.0) + 0.02), cargo * 0.85, 0.6)
    cab = b.polygon((0.36, -0.4), (0.78, -0.4), (0.98, -0.02), (0.98, 0.3), (0.36, 0.3))
    b.fill(cab, colour)
    b.fill(b.polygon((0.56, -0.3), (0.74, -0.3), (0.88, -0.04), (0.56, -0.04)), _GLASS * 0.9)
    b.fill(b.ellipse(0.95, 0.16, 0.07, 0.07), _rgb("fff3b4"))
    for x in (-0.7, -0.3, 0.66):
        _wheel(b, x, 0.38, 0.18)


# --- 표 ----------------------------------------------------------------------------------------

# 차례는 BACKGROUNDS와 같습니다.
_PLACES: tuple[Callable[[_Brush], Array], ...] = (
    _sky, _sunset, _night, _sea, _pond, _meadow, _mountain, _forest, _road, _snowfield,
)  # fmt: skip
_SKY = BACKGROUNDS.index("하늘")


class _Kind(NamedTuple):
    """한 클래스를 그리는 법."""

    paint: Callable[[_Brush, Array], None]
    hue: tuple[float, float]  # 탈것과 새는 온갖 색, 짐승은 털빛, 개구리는 풀빛
    saturation: tuple[float, float]
    value: tuple[float, float]
    tilt: float  # 기울 수 있는 각의 절반의 탄젠트
    feet: float  # 그림자가 놓이는 높이


# 차례는 CLASSES와 같습니다.
_KINDS = (
    _Kind(_airplane, (0.0, 1.0), (0.3, 0.9), (0.5, 0.95), 0.25, 0.9),
    _Kind(_automobile, (0.0, 1.0), (0.1, 0.9), (0.35, 0.95), 0.03, 0.52),
    _Kind(_bird, (0.0, 1.0), (0.3, 0.85), (0.45, 0.95), 0.15, 0.66),
    _Kind(_cat, (0.02, 0.13), (0.1, 0.65), (0.25, 0.95), 0.03, 0.95),
    _Kind(_deer, (0.045, 0.095), (0.45, 0.65), (0.4, 0.75), 0.04, 0.92),
    _Kind(_dog, (0.03, 0.13), (0.1, 0.65), (0.25, 0.95), 0.05, 0.8),
    _Kind(_frog, (0.19, 0.42), (0.45, 0.85), (0.4, 0.8), 0.04, 0.66),
    _Kind(_horse, (0.015, 0.1), (0.2, 0.7), (0.2, 0.85), 0.05, 0.9),
    _Kind(_ship, (0.0, 1.0), (0.2, 0.85), (0.25, 0.9), 0.04, 0.48),
    _Kind(_truck, (0.0, 1.0), (0.3, 0.9), (0.4, 0.95), 0.03, 0.54),
)
