"""물체 열 가지: 중심이 원점, 오른쪽을 보는 모습, 길이 약 2."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from aelab.toyworld.brush import Array, Brush, clip, hsv, melt, mix, rgb, smooth, union, wave

_BLACK, _WHITE, _GLASS = rgb("1c1a1e"), rgb("f6f4ee"), rgb("6f93ad")


def _airplane(b: Brush, colour: Array) -> None:
    dice = b.dice
    skin = mix(_WHITE, colour, dice.between(0.0, 0.35))
    b.fill(b.polygon((-0.16, -0.56), (0.0, -0.56), (0.3, -0.1), (-0.06, -0.1)), skin * 0.62)
    body = b.segment(-0.82, 0.0, 0.74, 0.04, 0.08, 0.19)
    fin = b.polygon((-1.0, -0.56), (-0.74, -0.56), (-0.36, -0.04), (-0.86, -0.04))
    b.fill(union(body, fin) - 0.05, colour * 0.3, 0.4)  # 밝은 하늘에서도 보이게 하는 윤곽
    b.fill(fin, colour)
    b.fill(body, skin)
    b.fill(np.maximum(body, 0.08 - b.v), mix(skin, colour, 0.7) * 0.75)
    b.fill(b.box(0.02, -0.02, 0.5, 0.03), rgb("2a3d52"), 0.6)
    b.fill(b.polygon((0.66, -0.12), (0.8, -0.12), (0.9, -0.01), (0.66, -0.01)), rgb("1f3144"))
    b.fill(b.segment(0.04, 0.28, 0.24, 0.28, 0.09), skin * 0.6)
    b.fill(b.polygon((-0.14, 0.08), (0.34, 0.08), (-0.24, 0.66), (-0.5, 0.66)), skin * 0.88)
    b.fill(b.polygon((-0.82, 0.02), (-0.56, 0.02), (-0.86, 0.28), (-1.04, 0.28)), colour * 0.8)


def _wheel(b: Brush, x: float, y: float, radius: float) -> None:
    b.fill(b.ellipse(x, y, radius, radius), _BLACK)
    b.fill(b.ellipse(x, y, 0.5 * radius, 0.5 * radius), rgb("b9bcc2"))


def _automobile(b: Brush, colour: Array) -> None:
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
    b.fill(b.box(0.0, 0.31, 0.9, 0.05), rgb("35353b"))
    b.fill(b.ellipse(0.87, 0.1, 0.08, 0.07), rgb("fff3b4"))
    b.fill(b.ellipse(-0.92, 0.1, 0.05, 0.07), rgb("c4282a"))
    for x in (-0.55, 0.55):
        _wheel(b, x, 0.34, 0.2)


def _bird(b: Brush, colour: Array) -> None:
    dice = b.dice
    belly = mix(colour, dice.colour("fff6e0", "f0b070"), 0.75)
    standing = b.grounded * dice.chance(0.7)
    for x in (-0.02, 0.16):
        b.fill(b.segment(x, 0.3, x + 0.04, 0.66, 0.035), rgb("c98a3a"), standing)
    lift = dice.between(-1.0, -0.5)
    b.fill(b.polygon((0.0, lift), (0.32, -0.02), (0.0, 0.02)), colour * 0.5, 1 - standing)
    b.fill(b.polygon((-1.02, -0.06), (-0.4, -0.06), (-0.3, 0.22), (-0.95, 0.2)), colour * 0.6)
    body = melt(b.ellipse(-0.02, 0.1, 0.52, 0.28), b.ellipse(0.5, -0.2, 0.24, 0.23))
    b.fill(body, colour)
    b.fill(np.maximum(body, 0.12 - b.v - 0.25 * b.u), belly)
    b.fill(b.polygon((0.68, -0.3), (1.0, -0.14), (0.68, -0.06)), rgb("f0a02a"))
    b.fill(b.segment(0.12, 0.04, -0.4, 0.08, 0.19, 0.06), colour * 0.62, standing)
    spread = b.polygon((-0.62, lift), (-0.36, lift), (0.22, 0.02), (-0.26, 0.1))
    b.fill(spread, colour * 0.72, 1 - standing)
    b.fill(b.ellipse(0.56, -0.25, 0.085, 0.085), _WHITE)
    b.fill(b.ellipse(0.58, -0.25, 0.055, 0.055), _BLACK)


def _cat(b: Brush, colour: Array) -> None:
    dice = b.dice
    dark, pale = colour * 0.55, mix(colour, _WHITE, dice.between(0.2, 0.9))
    stripes = smooth(0.1, 0.6, wave(b.v * 2.6 + 0.25 * np.abs(b.u))) * dice.chance(0.6) * 0.55
    side = dice.between(0.4, 0.8)
    tail = union(
        b.segment(0.3, 0.82, side, 0.7, 0.1), b.segment(side, 0.7, side + 0.05, 0.1, 0.1, 0.07)
    )
    b.fill(tail, colour * 0.85)
    torso = melt(b.ellipse(0.0, 0.6, 0.46, 0.4), b.ellipse(0.0, 0.3, 0.33, 0.42))
    b.fill(torso, mix(colour, dark, stripes))
    b.fill(b.ellipse(0.0, 0.42, 0.2, 0.34), pale)
    for x in (-0.19, 0.19):
        b.fill(b.ellipse(x, 0.88, 0.17, 0.11), pale)
    for flip in (-1, 1):
        outer = [(-0.5, -0.92), (-0.08, -0.6), (-0.46, -0.3)]
        inner = [(-0.43, -0.78), (-0.2, -0.6), (-0.42, -0.45)]
        b.fill(b.polygon(*_mirror(outer, flip)), colour * 0.85)
        b.fill(b.polygon(*_mirror(inner, flip)), rgb("e0a09a"))
    head = b.ellipse(0.0, -0.32, 0.52, 0.42)
    b.fill(head, mix(colour, dark, stripes * clip(-2 * b.v - 0.4)))
    b.fill(b.ellipse(0.0, -0.14, 0.26, 0.18), pale)
    iris = dice.colour("c9c83a", "5fb06a")
    for x in (-0.22, 0.22):
        b.fill(b.ellipse(x, -0.37, 0.13, 0.12), iris)
        b.fill(b.ellipse(x, -0.37, 0.055, 0.11), _BLACK)
    b.fill(b.ellipse(0.0, -0.2, 0.07, 0.05), rgb("d9737a"))


def _mirror(corners: list[tuple[float, float]], flip: int) -> list[tuple[float, float]]:
    """좌우를 뒤집어도 꼭짓점이 시계 방향이게 합니다."""
    return corners if flip > 0 else [(-x, y) for x, y in reversed(corners)]


def _legs(b: Brush, top: float, bottom: float, radius: float, colour: Array) -> None:
    """네 다리: 먼 쪽 둘은 어둡고, 걷는 모습은 장면마다 다릅니다."""
    stride = b.dice.between(-0.12, 0.12)
    for x, swing, light in ((-0.42, -1, 0.62), (0.3, 1, 0.62), (-0.52, 1, 0.95), (0.22, -1, 0.95)):
        leg = b.segment(x, top, x + swing * stride, bottom, 1.35 * radius, 0.8 * radius)
        b.fill(leg, colour * light)
        b.fill(np.maximum(leg, bottom - 0.05 - b.v), rgb("2c211c"))


def _deer(b: Brush, colour: Array) -> None:
    dice = b.dice
    antler = union(
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
    whole = melt(melt(body, neck), head, 0.08)
    b.fill(whole, colour)
    spots = smooth(0.75, 0.95, b.white) * clip(-8 * (body + 0.06)) * dice.chance(0.6)
    b.blend(spots * b.cover(body), rgb("f4e6cc"))
    b.fill(np.maximum(whole, 0.1 - b.v), rgb("eadcc4"), 0.8)
    b.fill(b.ellipse(-0.66, -0.06, 0.09, 0.13), _WHITE)
    b.fill(b.segment(0.46, -0.6, 0.28, -0.62, 0.08, 0.05), colour * 0.75)
    b.fill(b.ellipse(0.62, -0.55, 0.045, 0.05), _BLACK)
    b.fill(b.ellipse(0.86, -0.43, 0.05, 0.05), _BLACK)


def _dog(b: Brush, colour: Array) -> None:
    dice = b.dice
    dark, pale = colour * 0.5, mix(colour, _WHITE, 0.75)
    patch = smooth(0.3, 0.8, b.cloud) * dice.chance(0.5)
    coat = mix(colour, pale, patch)
    wag = dice.between(-1.05, -0.75)
    b.fill(b.segment(-0.6, -0.02, wag, -0.5, 0.1, 0.06), colour * 0.9)
    _legs(b, 0.2, 0.78, 0.09, colour)
    body = b.segment(-0.46, 0.1, 0.28, 0.08, 0.25, 0.27)
    b.fill(melt(body, b.segment(0.34, 0.0, 0.48, -0.3, 0.22, 0.2)), coat)
    b.fill(b.ellipse(0.4, 0.14, 0.16, 0.22), pale)
    b.fill(b.segment(0.24, -0.14, 0.62, -0.04, 0.055), rgb("c8323a"))
    head = melt(b.ellipse(0.52, -0.42, 0.34, 0.31), b.segment(0.66, -0.34, 0.94, -0.28, 0.15, 0.13))
    b.fill(head, colour)
    b.fill(b.segment(0.76, -0.27, 0.94, -0.25, 0.1), pale)
    b.fill(b.segment(0.86, -0.14, 0.88, -0.04, 0.06), rgb("e0737f"), dice.chance(0.6))
    b.fill(b.ellipse(1.03, -0.36, 0.09, 0.08), _BLACK)
    b.fill(b.segment(0.34, -0.58, 0.24, -0.16, 0.1, 0.15), dark)
    b.fill(b.ellipse(0.64, -0.48, 0.075, 0.08), _BLACK)


def _frog(b: Brush, colour: Array) -> None:
    dice = b.dice
    dark, pale = colour * 0.62, mix(colour, rgb("fff7c8"), 0.7)
    for flip in (-1, 1):
        b.fill(b.ellipse(0.68 * flip, 0.28, 0.3, 0.3), colour * 0.8)
        b.fill(b.segment(0.5 * flip, 0.6, 0.92 * flip, 0.6, 0.09), dark)
    body = melt(b.ellipse(0.0, 0.22, 0.64, 0.42), b.ellipse(0.0, -0.14, 0.62, 0.36))
    for x in (-0.36, 0.36):
        body = melt(body, b.ellipse(x, -0.46, 0.22, 0.22))
    spots = smooth(0.5, 0.9, b.detail) * dice.between(0.0, 0.9)
    b.fill(body, mix(colour, dark, spots))
    b.fill(b.ellipse(0.0, 0.32, 0.42, 0.28), pale)
    mouth = np.maximum(np.abs(b.ellipse(0.0, -0.24, 0.56, 0.3)) - 0.035, -0.1 - b.v)
    b.fill(mouth, rgb("3a2a22"), 0.85)
    for x in (-0.36, 0.36):
        b.fill(b.ellipse(x, -0.48, 0.155, 0.155), rgb("f6e9a0"))
        b.fill(b.ellipse(x, -0.48, 0.1, 0.09), _BLACK)
    for x in (-0.3, 0.3):
        b.fill(b.segment(x, 0.3, 1.25 * x, 0.6, 0.1, 0.08), colour * 0.9)
        b.fill(b.ellipse(1.3 * x, 0.64, 0.17, 0.07), dark)


def _horse(b: Brush, colour: Array) -> None:
    dice = b.dice
    mane = mix(rgb("1f1713"), rgb("e8d9b4"), dice.chance(0.3))
    sweep = dice.between(-1.02, -0.82)
    tail = union(
        b.segment(-0.66, -0.16, sweep, 0.05, 0.1), b.segment(sweep, 0.05, sweep, 0.45, 0.1, 0.05)
    )
    b.fill(tail, mane)
    _legs(b, 0.14, 0.88, 0.085, colour)
    body = b.segment(-0.44, -0.02, 0.26, -0.04, 0.28, 0.26)
    neck = b.segment(0.32, -0.12, 0.62, -0.6, 0.23, 0.14)
    head = b.segment(0.64, -0.68, 0.94, -0.36, 0.14, 0.09)
    b.fill(b.polygon((0.56, -0.98), (0.68, -0.8), (0.52, -0.74)), colour * 0.8)
    b.fill(b.segment(0.16, -0.3, 0.5, -0.82, 0.1), mane)
    b.fill(melt(melt(body, neck), head, 0.06), colour)
    b.fill(b.segment(0.22, -0.36, 0.5, -0.8, 0.07), mane)
    b.fill(b.segment(0.74, -0.7, 0.9, -0.5, 0.04), _WHITE, dice.chance(0.5))
    b.fill(b.ellipse(0.68, -0.66, 0.05, 0.055), _BLACK)
    b.fill(b.ellipse(0.96, -0.34, 0.07, 0.06), colour * 0.5)


def _ship(b: Brush, colour: Array) -> None:
    dice = b.dice
    sailing = dice.chance(0.4)
    b.fill(b.box(0.04, -0.45, 0.03, 0.5), rgb("5a4632"))
    sail = dice.colour("ffffff", "f4dcae") * (0.95 + 0.15 * b.u)
    b.fill(b.polygon((0.1, -0.98), (0.74, -0.02), (0.1, -0.02)), sail, sailing)
    b.fill(
        b.polygon((-0.02, -0.82), (-0.02, -0.02), (-0.56, -0.02)), mix(sail, colour, 0.6), sailing
    )
    steam = 1 - sailing
    b.fill(b.box(-0.28, -0.52, 0.1, 0.2), colour * 0.9, steam)
    b.fill(b.box(-0.28, -0.7, 0.1, 0.05), _BLACK, steam)
    b.fill(b.box(-0.1, -0.22, 0.5, 0.2), _WHITE, steam)
    b.fill(b.box(0.1, -0.44, 0.24, 0.1), _WHITE * 0.92, steam)
    b.fill(b.box(0.12, -0.44, 0.2, 0.04), rgb("2f4a63"), steam)
    windows = np.maximum(b.box(-0.1, -0.18, 0.44, 0.05), -0.06 * wave(b.u * 4.5))
    b.fill(windows, rgb("2f4a63"), steam)
    hull = b.polygon((-0.98, -0.02), (1.05, -0.1), (0.78, 0.42), (-0.82, 0.42))
    b.fill(hull, colour)
    b.fill(np.maximum(hull, 0.27 - b.v), mix(colour, rgb("5a1f22"), 0.6) * 0.7)
    b.fill(np.maximum(hull, np.abs(b.v - 0.06) - 0.03), _WHITE)
    foam = np.abs(b.v - 0.44 - 0.05 * b.detail) - 0.04
    b.fill(np.maximum(foam, np.abs(b.u) - 0.92), rgb("f2f8fa"), 0.8)


def _truck(b: Brush, colour: Array) -> None:
    dice = b.dice
    cargo = mix(
        _WHITE,
        hsv(dice.between(0, 1), dice.between(0.2, 0.7), dice.between(0.5, 0.9)),
        dice.chance(0.6),
    )
    top = dice.between(-0.72, -0.3)
    middle, half = (top + 0.24) / 2, (0.24 - top) / 2
    b.fill(b.box(0.0, 0.3, 0.94, 0.08), rgb("2f2f35"))
    box = b.box(-0.34, middle, 0.62, half)
    b.fill(box, cargo)
    b.fill(np.maximum(box, np.abs(b.v - middle) - 0.07), mix(cargo, colour, 0.8))
    b.fill(np.maximum(box, 0.03 * wave(b.u * 5.0) + 0.02), cargo * 0.85, 0.6)
    cab = b.polygon((0.36, -0.4), (0.78, -0.4), (0.98, -0.02), (0.98, 0.3), (0.36, 0.3))
    b.fill(cab, colour)
    b.fill(b.polygon((0.56, -0.3), (0.74, -0.3), (0.88, -0.04), (0.56, -0.04)), _GLASS * 0.9)
    b.fill(b.ellipse(0.95, 0.16, 0.07, 0.07), rgb("fff3b4"))
    for x in (-0.7, -0.3, 0.66):
        _wheel(b, x, 0.38, 0.18)


class Kind(NamedTuple):
    """한 클래스를 그리는 법."""

    paint: Callable[[Brush, Array], None]
    hue: tuple[float, float]  # 탈것과 새는 온갖 색, 짐승은 털빛, 개구리는 풀빛
    saturation: tuple[float, float]
    value: tuple[float, float]
    tilt: float  # 기울 수 있는 각의 절반의 탄젠트
    feet: float  # 그림자가 놓이는 높이


# 차례는 CIFAR-10의 클래스 번호와 같습니다.
KINDS = {
    "airplane": Kind(_airplane, (0.0, 1.0), (0.3, 0.9), (0.5, 0.95), 0.25, 0.9),
    "automobile": Kind(_automobile, (0.0, 1.0), (0.1, 0.9), (0.35, 0.95), 0.03, 0.52),
    "bird": Kind(_bird, (0.0, 1.0), (0.3, 0.85), (0.45, 0.95), 0.15, 0.66),
    "cat": Kind(_cat, (0.02, 0.13), (0.1, 0.65), (0.25, 0.95), 0.03, 0.95),
    "deer": Kind(_deer, (0.045, 0.095), (0.45, 0.65), (0.4, 0.75), 0.04, 0.92),
    "dog": Kind(_dog, (0.03, 0.13), (0.1, 0.65), (0.25, 0.95), 0.05, 0.8),
    "frog": Kind(_frog, (0.19, 0.42), (0.45, 0.85), (0.4, 0.8), 0.04, 0.66),
    "horse": Kind(_horse, (0.015, 0.1), (0.2, 0.7), (0.2, 0.85), 0.05, 0.9),
    "ship": Kind(_ship, (0.0, 1.0), (0.2, 0.85), (0.25, 0.9), 0.04, 0.48),
    "truck": Kind(_truck, (0.0, 1.0), (0.3, 0.9), (0.4, 0.95), 0.03, 0.54),
}
