"""배경 열 가지. 칠하고 나서 물체에 비칠 빛의 색을 돌려줍니다."""

from collections.abc import Callable

import numpy as np

from aelab.toyworld.brush import SIZE, Array, Brush, Number, clip, hsv, mix, rgb, smooth, wave


def _paint_sky(b: Brush, top: Array, bottom: Array, horizon: Number) -> None:
    b.canvas[:] = mix(top, bottom, clip(b.v / horizon))


def _paint_clouds(b: Brush, level: Array, colour: Array) -> None:
    """`level`보다 짙은 곳에 구름을 얹습니다. 위에서 빛을 받아 아래쪽이 어둡습니다."""
    relief = b.cloud - np.concatenate((b.cloud[:, :2], b.cloud[:, :-2]), axis=1)
    mask = smooth(0.0, 1.1, b.cloud - level)
    b.blend(mask * 0.92, colour * (0.93 - 0.16 * relief))


def _paint_blob(b: Brush, x: Array, y: Array, rx: Array, ry: Array, colour: Array) -> None:
    """울퉁불퉁한 덩어리: 나무갓, 덤불, 바위. 왼쪽 위가 밝습니다."""
    outline = b.ellipse(x, y, rx, ry) + 0.5 * b.detail
    light = 0.9 - 0.38 * (b.v - y) / ry - 0.18 * (b.u - x) / rx + 0.2 * b.detail
    b.blend(b.cover(outline), colour * light)


def _paint_tree(b: Brush, x: Array, base: Array, size: Array, leaf: Array) -> None:
    b.fill(b.box(x, base - 0.4 * size, 0.1 * size + 0.2, 0.4 * size), rgb("4a3626"))
    _paint_blob(b, x, base - size, 0.55 * size, 0.6 * size, leaf)


def _paint_house(b: Brush, base: Array, glass: Array, there: Array, light: float = 1.0) -> None:
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


def _paint_pine(b: Brush, x: Array, base: Array, height: Array, tip: Array) -> None:
    t = clip((b.v - base + height) / height)
    tier = t * 3 - np.floor(t * 3)
    width = height * (0.1 + 0.22 * t) * (0.6 + 0.4 * tier)
    outline = np.maximum(np.abs(b.u - x) - width, np.maximum(b.v - base, base - height - b.v))
    b.fill(outline + 0.3 * b.detail, mix(tip, rgb("23402f"), smooth(0.0, 0.4, tier)))


def _paint_ridge(b: Brush, top: Array, colour: Array) -> Array:
    """`top`(가로 위치마다의 높이) 아래를 채우고 꼭대기에서 잰 깊이를 돌려줍니다."""
    depth = b.v - top
    b.blend(clip(depth + 0.5), colour)
    return depth


def _hills(b: Brush, level: Array, height: float, period: float) -> Array:
    phase = b.dice.between(0.0, 1.0)
    return level + height * (wave(b.u / period + phase) + 0.5 * wave(b.u / 9.7 + 3 * phase))


def _paint_ground(b: Brush, horizon: Array, far: Array, near: Array, texture: Array) -> Array:
    """지평선 아래를 멀고 가까운 색으로 칠합니다. 무늬는 가까울수록 또렷합니다."""
    depth = clip((b.v - horizon) / (SIZE - horizon))
    colour = mix(far, near, depth) * (1 + texture * (0.35 + 0.65 * depth))
    b.blend(clip(b.v - horizon + 0.5), colour)
    return depth


def _sky(b: Brush) -> Array:
    dice = b.dice
    _paint_sky(b, dice.colour("1f58ad", "9fc0dc"), dice.colour("8fc4ec", "eef1f1"), 30.0)
    x, y = dice.between(2, 30), dice.between(1, 12)
    shining = dice.chance(0.45)
    level = dice.between(-1.2, 1.6)
    _paint_clouds(b, level, mix(rgb("b9c2cc"), rgb("ffffff"), dice.between(0.2, 1.0)))
    b.blend(b.glow(x, y, dice.between(2.5, 6.0)) * shining * 0.75, rgb("fff6cf"))
    b.fill(b.ellipse(x, y, 2.2, 2.2), rgb("fffbe6"), shining)
    return dice.colour("ffffff", "e6ecf2")


def _sunset(b: Brush) -> Array:
    dice = b.dice
    horizon = dice.between(11, 17)
    _paint_sky(b, dice.colour("2b2f63", "8b4a70"), dice.colour("ff9a3c", "f6c27a"), horizon)
    _paint_clouds(b, dice.between(0.2, 1.6), dice.colour("d9607a", "8a5a86"))
    x = dice.between(3, 29)
    y = horizon - dice.between(-1.0, 5.0)
    b.blend(b.glow(x, y, dice.between(4.0, 9.0)) * 0.85, rgb("ffd27a"))
    b.fill(b.ellipse(x, y, 2.6, 2.6), rgb("fff0b8"))
    _paint_ridge(b, _hills(b, horizon - 1.5, 1.5, 23.0), dice.colour("4a2f4f", "6b3b48"))
    far, near = dice.colour("b8694a", "8a4f52"), dice.colour("2c2238", "5a3a33")
    _paint_ground(b, horizon, far, near, 0.16 * b.streaks + 0.1 * b.detail)
    # 젖은 땅에 비친 해: 물결 무늬가 밝은 곳만 반짝입니다.
    path = clip(1 - np.abs(b.u - x) / (2.0 + 0.25 * (b.v - horizon)))
    b.blend(path * smooth(-0.3, 1.2, b.streaks) * clip(b.v - horizon) * 0.8, rgb("ffc069"))
    return mix(rgb("ffb98a"), rgb("9a6a72"), dice.between(0.0, 1.0))


def _night(b: Brush) -> Array:
    dice = b.dice
    horizon = dice.between(13, 18)
    _paint_sky(b, dice.colour("060a1f", "18204a"), dice.colour("1f3263", "4b4a80"), horizon)
    twinkle = smooth(1.6, 1.73, b.white) * clip((horizon - b.v) / 6)
    b.blend(twinkle, rgb("fff6dc"))
    x, y = dice.between(4, 28), dice.between(3, 8)
    radius = dice.between(2.0, 3.6)
    b.blend(b.glow(x, y, 1.6 * radius) * 0.5, rgb("c9d4ff"))
    b.fill(b.ellipse(x, y, radius, radius), rgb("f4efd2") * (0.93 + 0.06 * b.detail))
    _paint_clouds(b, dice.between(1.0, 2.6), dice.colour("2a3360", "4a5280"))
    _paint_ridge(b, _hills(b, horizon - 2.0, 2.0, 27.0), dice.colour("0d1533", "1b2248"))
    far, near = dice.colour("2a3a62", "3a4a66"), dice.colour("121c34", "2f4058")
    _paint_ground(b, horizon, far, near, 0.2 * b.detail)
    moonlight = clip(1 - np.abs(b.u - x) / (3.0 + 0.3 * (b.v - horizon))) * clip(b.v - horizon)
    b.blend(moonlight * (0.3 + 0.15 * b.streaks), rgb("aebbe6"))
    _paint_house(b, horizon + 1.0, rgb("ffd36e"), dice.chance(0.6), 0.45)
    # 멀리 마을의 불빛
    lamps = smooth(1.2, 1.5, b.white) * clip(1.3 - np.abs(b.v - horizon) / 1.2)
    b.blend(lamps * dice.chance(0.7), rgb("ffcf6b"))
    return dice.colour("98a2d4", "c2bedb")


def _sea(b: Brush) -> Array:
    dice = b.dice
    horizon = dice.between(6, 15)
    _paint_sky(b, dice.colour("3f7cc4", "b4c3d1"), dice.colour("b9dcf0", "f3ead8"), horizon)
    _paint_clouds(b, dice.between(-0.6, 1.8), dice.colour("ffffff", "c9d2da"))
    shore = b.u - dice.between(4, 28)
    island = horizon - dice.between(-3.0, 3.0) + 0.12 * shore * shore
    _paint_ridge(b, island + 0.6 * b.detail, dice.colour("5b7a6e", "7f8fa0"))
    far, near = dice.colour("4f8fb8", "a5bcc8"), dice.colour("0d3f66", "2f8a92")
    _paint_ground(b, horizon, far, near, 0.2 * b.streaks + 0.07 * b.detail)
    crests = smooth(0.9, 1.9, b.streaks + 0.4 * b.detail) * clip((b.v - horizon) / 5)
    b.blend(crests * dice.between(0.1, 0.8), rgb("f4fbff"))
    # 때로는 아래쪽에 모래밭이 있고 물거품이 그 가장자리를 따릅니다.
    coast = b.v - dice.between(23, 46) + dice.between(-0.25, 0.25) * (b.u - 16) + 0.8 * b.detail
    sand = dice.colour("e6cf9c", "c2a678") * (1 + 0.1 * b.detail + 0.06 * b.white)
    b.blend(clip(coast), sand)
    b.blend(clip(1.2 - np.abs(coast)) * 0.8, rgb("f6fbfc"))
    return dice.colour("ffffff", "dfe6ea")


def _pond(b: Brush) -> Array:
    dice = b.dice
    shore = dice.between(3, 11)
    _paint_sky(b, dice.colour("6f9a55", "2f5136"), dice.colour("8aa860", "4c6b3c"), shore)
    b.canvas *= 1 + 0.3 * b.upright
    far, near = dice.colour("86a77c", "5e8d86"), dice.colour("173a36", "4a6a3a")
    texture = 0.14 * b.streaks + 0.1 * b.cloud
    depth = _paint_ground(b, shore + 0.6 * b.detail, far, near, texture)
    b.blend(smooth(0.5, 1.8, b.cloud) * depth * 0.4, rgb("cfe3dc"))
    for _ in range(4):
        x, y = dice.between(0, 32), dice.between(14, 31)
        size = dice.between(2.0, 4.5)
        pad = b.ellipse(x, y, size, 0.45 * size) + 0.15 * b.detail
        notch = np.maximum(np.abs(b.u - x) - 0.35, y - b.v)
        leaf = dice.colour("5f9a3d", "9cc05a") * (1 + 0.12 * b.detail)
        b.fill(np.maximum(pad, -notch), leaf)
        bloom = b.ellipse(x + 0.3 * size, y - 0.6, 1.1, 0.9)
        b.fill(bloom, dice.colour("ffd5e5", "ffffff"), dice.chance(0.4))
    x, size = dice.between(0, 32), dice.between(1.5, 4.0)
    _paint_blob(b, x, shore + dice.between(1, 4), size, 0.6 * size, dice.colour("7f8078", "a09884"))
    return dice.colour("f0f5e0", "c8d8bc")


def _meadow(b: Brush) -> Array:
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
    _paint_house(b, horizon + 1.5, rgb("3a4a5c"), dice.chance(0.35))
    for _ in range(2):
        x, y, size = dice.between(-2, 34), dice.between(18, 32), dice.between(1.5, 4.5)
        _paint_blob(b, x, y, 1.3 * size, 0.8 * size, dice.colour("2a5a2c", "8a9a3c"))
    flowers = smooth(1.55, 1.7, b.white) * smooth(0.2, 0.5, depth) * dice.chance(0.6)
    b.blend(flowers, hsv(dice.between(0.78, 1.18), dice.between(0.1, 0.7), dice.between(0.9, 1.0)))
    return dice.colour("ffffff", "f2efd8")


def _mountain(b: Brush) -> Array:
    dice = b.dice
    horizon = dice.between(13, 19)
    _paint_sky(b, dice.colour("2f68b4", "a2b4cc"), dice.colour("a8cbe6", "f2dcc4"), horizon)
    _paint_clouds(b, dice.between(0.4, 2.0), rgb("ffffff"))
    for rise, first, second in ((12.0, "7d94b4", "98a4bc"), (7.0, "4d6482", "74808a")):
        peak, slope = dice.between(3, 29), dice.between(0.45, 0.85)
        second_peak = wave(peak * 7.7) * 11 + 16
        slant = np.minimum(np.abs(b.u - peak), np.abs(b.u - second_peak) + 2) * slope
        top = horizon - rise + slant + 0.6 * b.cloud[:, 15:16] + 0.3 * b.detail
        side = smooth(-1.0, 1.0, b.u - peak + 0.8 * b.detail)  # 해를 등진 비탈은 어둡습니다
        rock = dice.colour(first, second) * (1.12 - 0.3 * side + 0.12 * b.detail)
        depth = _paint_ridge(b, top, rock)
        snow = clip(depth + 0.5) * smooth(0.5, -0.5, b.v - horizon + 0.55 * rise + 0.8 * b.detail)
        b.blend(snow * 0.9, rgb("f5f8fc") * (1.02 - 0.16 * side))
    far, near = dice.colour("7f8f5a", "a08f62"), dice.colour("3a4f2a", "6f6038")
    _paint_ground(b, horizon, far, near, 0.16 * b.cloud + 0.18 * b.detail)
    for _ in range(3):
        x, y, size = dice.between(-2, 34), dice.between(19, 32), dice.between(1.0, 3.6)
        _paint_blob(b, x, y, 1.2 * size, 0.8 * size, dice.colour("6f6a64", "a8a090"))
    for _ in range(3):
        _paint_pine(b, dice.between(0, 32), horizon + 1.5, dice.between(4, 9), rgb("4f7048"))
    return dice.colour("ffffff", "ece6dc")


def _forest(b: Brush) -> Array:
    dice = b.dice
    floor = dice.between(15, 20)
    leaves = dice.colour("2c4a24", "6f8a3a")
    b.canvas[:] = leaves * (0.9 + 0.35 * b.cloud + 0.3 * b.detail)
    gap = smooth(0.3, 1.5, b.cloud - 0.05 * b.v) * dice.between(0.2, 0.9)
    b.blend(gap, dice.colour("e6efc0", "cfe3ea"))
    far, near = dice.colour("5a6a30", "6b5a38"), dice.colour("2a3a1c", "4a3a24")
    _paint_ground(b, floor + 0.6 * b.detail, far, near, 0.18 * b.detail + 0.16 * b.cloud)
    for _ in range(4):
        x, width = dice.between(0, 32), dice.between(0.7, 2.2)
        side = (b.u - x) / width
        base = floor + 1.2 * width
        trunk = np.maximum(np.abs(b.u - x) - width * (1 + clip(b.v - base + 3) * 0.12), b.v - base)
        b.fill(trunk, dice.colour("4a3826", "8a7a66") * (0.85 + 0.18 * side + 0.22 * b.upright))
    for _ in range(3):
        x, y, size = dice.between(-2, 34), dice.between(20, 33), dice.between(1.5, 4.5)
        _paint_blob(b, x, y, 1.3 * size, 0.9 * size, dice.colour("3f6a2a", "8a8f4a"))
    # 나뭇잎 사이로 비스듬히 드는 빛
    slant = (b.u + 0.6 * b.v) / dice.between(9, 14) + dice.between(0, 1)
    b.canvas += smooth(0.2, 1.0, wave(slant)) * dice.between(0.0, 0.22) * rgb("fff3b8")
    return dice.colour("f4f4d4", "bcc8ac")


def _road(b: Brush) -> Array:
    dice = b.dice
    horizon = dice.between(7, 15)
    _paint_sky(b, dice.colour("5f94d0", "c0c8d0"), dice.colour("d0e2ee", "f2ece0"), horizon)
    _paint_clouds(b, dice.between(-0.4, 1.8), dice.colour("ffffff", "cfd5db"))
    town = dice.chance(0.5)
    for _ in range(3):
        x, width = dice.between(0, 32), dice.between(2, 4.5)
        height = dice.between(2, 12)
        windows = smooth(-0.4, 0.4, wave(b.u / 2.6)) * smooth(-0.4, 0.4, wave(b.v / 2.9))
        wall = dice.colour("a89a8c", "7f8896") * (0.7 + 0.45 * (0.5 + 0.5 * windows))
        b.fill(b.box(x, horizon - height / 2, width, height / 2), wall, town)
    leaf = dice.colour("3a6a35", "7f8f4f")
    _paint_ridge(b, horizon - 1.5 + 0.8 * b.detail, leaf * (0.8 + 0.25 * b.detail))
    far, near = dice.colour("8fa35a", "b0a680"), dice.colour("5a7a38", "9a8a60")
    _paint_ground(b, horizon, far, near, 0.15 * b.detail)
    for _ in range(2):
        _paint_tree(b, dice.between(-2, 34), horizon + 1, dice.between(2, 7), leaf)
    # 소실점으로 모이는 길
    centre = dice.between(6, 26)
    depth = b.v - horizon
    across = (b.u - centre) / (0.8 + dice.between(0.9, 2.4) * clip(depth / 20) * 20)
    asphalt = dice.colour("4f5258", "9a9894") * (1 + 0.1 * b.detail + 0.05 * b.white)
    b.blend(clip(4 - 4 * np.abs(across)) * clip(depth + 0.5), asphalt)
    b.blend(clip(8 * (0.07 - np.abs(np.abs(across) - 0.9))) * clip(depth), rgb("e8e6de"))
    dashes = smooth(-0.2, 0.2, wave(20 / (clip(depth / 25) * 25 + 4)))
    b.blend(clip(8 * (0.07 - np.abs(across))) * clip(depth) * dashes, rgb("f2d27a"))
    return dice.colour("ffffff", "e4e6ea")


def _snowfield(b: Brush) -> Array:
    dice = b.dice
    horizon = dice.between(8, 16)
    _paint_sky(b, dice.colour("7f9cc0", "c4ccd6"), dice.colour("e0e8f0", "f4e6e0"), horizon)
    _paint_clouds(b, dice.between(-0.6, 1.5), dice.colour("f2f4f7", "b4bcc8"))
    _paint_ridge(b, _hills(b, horizon - 1.5, 2.2, 29.0), dice.colour("b8c6d8", "dfe7ef"))
    for _ in range(4):
        base, height = horizon + dice.between(0, 2.5), dice.between(5, 13)
        _paint_pine(b, dice.between(0, 32), base, height, rgb("eef3f7"))
    _paint_house(b, horizon + 1.5, rgb("ffd88a"), dice.chance(0.4))
    far, near = dice.colour("eef3f9", "d3ddea"), dice.colour("a8bcd6", "e2e9f1")
    _paint_ground(b, horizon + 1, far, near, 0.05 * b.detail)
    # 눈 더미와 그 푸른 그늘
    drift = wave(b.v / 11 + 0.03 * b.u + 0.22 * b.cloud + dice.between(0, 1))
    b.blend(smooth(0.0, 1.0, drift) * clip(b.v - horizon - 1) * 0.5, rgb("8fa6c8"))
    flakes = smooth(1.5, 1.7, b.white) * dice.chance(0.6)
    b.blend(flakes * 0.8, rgb("ffffff"))
    return dice.colour("ffffff", "dde6f2")


# 차례는 PREFERENCES의 열과 같습니다.
PLACES: dict[str, Callable[[Brush], Array]] = {
    "하늘": _sky,
    "노을": _sunset,
    "밤": _night,
    "바다": _sea,
    "연못": _pond,
    "초원": _meadow,
    "산": _mountain,
    "숲": _forest,
    "도로": _road,
    "눈밭": _snowfield,
}
