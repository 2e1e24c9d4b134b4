"""그리는 도구: 값을 다듬는 식, 장면마다 다른 난수와 무늬, 부호 거리로 그리는 붓."""

from collections.abc import Iterator
from math import sqrt
from typing import NamedTuple

import numpy as np

Array = np.ndarray
Number = float | int | np.ndarray  # 모든 장면에 같은 값, 또는 장면마다 다른 값 (n, 1, 1)

SIZE = 32


def clip(values: Array) -> Array:
    return np.minimum(np.maximum(values, 0.0), 1.0)


def smooth(low: Number, high: Number, values: Array) -> Array:
    """`low`에서 0, `high`에서 1이 되는 매끈한 계단입니다."""
    t = clip((values - low) / (high - low))
    return t * t * (3 - 2 * t)


def mix(a: Array, b: Array, t: Number) -> Array:
    return a + (b - a) * t


def wave(values: Array) -> Array:
    """주기 1인 매끈한 물결, -1..1. sin 대신 삼각파를 3차식으로 다듬습니다."""
    t = 4 * np.abs(values - np.floor(values) - 0.5) - 1
    return t * (1.5 - 0.5 * t * t)


def rgb(code: str) -> Array:
    """16진수 색(예: 7fb2e5)을 (3, 1, 1, 1) 배열로 바꿉니다."""
    parts = [int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    return np.array(parts, np.float32).reshape(3, 1, 1, 1)


def hsv(hue: Array, saturation: Array, value: Array) -> Array:
    """HSV를 RGB (3, n, 1, 1)로 바꿉니다. 인자의 모양은 (n, 1, 1)입니다."""
    channels = []
    for shift in (0, 2 / 3, 1 / 3):
        turn = hue + shift
        ramp = clip(np.abs((turn - np.floor(turn)) * 6 - 3) - 1)
        channels.append(value * (1 - saturation * (1 - ramp)))
    return np.stack(channels)


def grey(colours: Array) -> Array:
    return 0.3 * colours[0] + 0.59 * colours[1] + 0.11 * colours[2]


class Dice:
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
        return mix(rgb(first), rgb(second), self.between(0.0, 1.0))


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


def neighbours(values: Array, axis: int) -> tuple[Array, Array]:
    """한 축을 따라 앞 칸과 뒤 칸의 값. 끝에서는 자기 값입니다."""
    last = values.shape[axis] - 1
    steps = np.arange(last + 1)
    before, after = np.maximum(steps - 1, 0), np.minimum(steps + 1, last)
    return values.take(before, axis), values.take(after, axis)


def _double(values: Array, axis: int) -> Array:
    """한 축을 두 배로 늘립니다. 3차 B-스플라인의 나눔이라 격자 자국이 거의 없습니다."""
    before, after = neighbours(values, axis)
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


class Textures(NamedTuple):
    """장면마다 다른 무늬들. 모양은 (n, 32, 32), 평균은 0입니다."""

    cloud: Array
    detail: Array
    streaks: Array
    upright: Array  # 세로로 길쭉한 무늬
    white: Array

    @classmethod
    def make(cls, keys: Array) -> "Textures":
        streaks = _streaks(keys, 16)
        white = _white(keys, 24, SIZE, SIZE)
        return cls(_clouds(keys, 0), _clouds(keys, 8), streaks, streaks.transpose(0, 2, 1), white)

    def take(self, rows: Array) -> "Textures":
        return Textures(*(texture[rows] for texture in self))


class Brush:
    """장면 묶음 위에 부호 거리(안쪽이 음수)로 그립니다. 가장자리는 한 픽셀에 걸쳐 부드럽습니다.

    `u`, `v`는 오른쪽과 아래를 향하는 좌표이고 `pixels`는 좌표 1이 몇 픽셀인지입니다. 배경은 픽셀
    좌표(0..32)에, 물체는 자기 중심에서 본 좌표(약 -1..1)에 그립니다.
    """

    def __init__(
        self,
        canvas: Array,
        dice: Dice,
        textures: Textures,
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
        return clip(0.5 - distance * self.pixels)

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
        t = clip((du * dx + dv * dy) / (dx * dx + dy * dy))
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


def union(*distances: Array) -> Array:
    result = distances[0]
    for distance in distances[1:]:
        result = np.minimum(result, distance)
    return result


def melt(a: Array, b: Array, width: float = 0.15) -> Array:
    """두 모양을 살처럼 매끈하게 이어 붙입니다."""
    overlap = np.maximum(width - np.abs(a - b), 0.0)
    return np.minimum(a, b) - overlap * overlap * (0.25 / width)
