"""toyworld: 어디서나 같은 바이트인지, 요인이 참인지, 통계가 CIFAR-10을 닮았는지."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from aelab import toyworld
from aelab.toyworld import BACKGROUNDS, CLASSES, generate, paint, plan

# 그림을 바꾸면 저장된 출력도 바뀝니다. 일부러 바꿀 때만 새로 적습니다.
PINNED = "d0834dc1215fe9fc0bd9cb19be63d336f49c510bfd04931f1eb6d576aac8fb09"

# CIFAR-10에서 학습 600장, 시험 300장으로 잰 값(여섯 번의 평균): 총분산과, 주성분 64, 128, 256, 384개
# 뒤에 시험 이미지에 남는 분산의 백분율. 장수가 적어서 전체로 잰 값(13.6, 8.2, 4.2, 2.6)보다 큽니다.
CIFAR10_TOTAL_VARIANCE = 758.1
CIFAR10_RESIDUAL = {64: 15.75, 128: 10.75, 256: 6.79, 384: 4.91}


@pytest.fixture(scope="module")
def scenes():
    return plan(600, seed=3)


@pytest.fixture(scope="module")
def images(scenes):
    return paint(scenes)


@pytest.fixture(scope="module")
def backdrops(scenes):
    return paint(scenes, objects=False)


def object_masks(images, backdrops):
    """물체가 뚜렷이 바꾼 픽셀 (n, 32, 32)."""
    return np.abs(images.astype(int) - backdrops).max(axis=1) > 25


def centroids(masks):
    """바뀐 픽셀의 무게중심 (n,), (n,): 픽셀의 한가운데는 자리 번호에 0.5를 더한 곳입니다."""
    places = [np.nonzero(mask) for mask in masks]
    x = np.array([columns.mean() + 0.5 for _, columns in places])
    y = np.array([rows.mean() + 0.5 for rows, _ in places])
    return x, y


# 이 컴퓨터의 CPU를 보고 고르는 명령(AVX 등)을 모두 끈다
PLAIN_CPU = " ".join(np._core._multiarray_umath.__cpu_dispatch__)


@pytest.mark.parametrize("disabled", ["", PLAIN_CPU], ids=["as it is", "no vector instructions"])
def test_bytes_are_pinned_and_need_only_numpy(disabled):
    code = (
        "import hashlib, sys; from aelab import toyworld; "
        "images = toyworld.generate(120, seed=7).images; "
        "print('torch' in sys.modules, hashlib.sha256(images.tobytes()).hexdigest())"
    )
    finished = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env={**os.environ, "NPY_DISABLE_CPU_FEATURES": disabled},
        capture_output=True,
        text=True,
        check=True,
    )
    assert finished.stdout.split() == ["False", PINNED]


def test_shapes_types_and_ranges():
    result = generate(50, seed=0)
    assert result.images.shape == (50, 3, 32, 32)
    assert result.images.dtype == np.uint8
    assert result.labels.dtype == np.int64
    assert set(result.factors) == {"background", "hue", "x", "y", "scale"}
    assert result.factors["background"].dtype == np.int64
    for name, low, high in (("hue", 0, 1), ("x", 0, 32), ("y", 0, 32), ("scale", 0.5, 2)):
        values = result.factors[name]
        assert values.shape == (50,)
        assert values.dtype == np.float32
        assert low <= values.min() < values.max() < high


@pytest.mark.parametrize("count", [1, 7, 20])
def test_first_scenes_do_not_depend_on_count(scenes, images, count):
    few = generate(count, seed=3)
    np.testing.assert_array_equal(few.images, images[:count])
    np.testing.assert_array_equal(few.labels, scenes.labels[:count])
    for name, values in few.factors.items():
        np.testing.assert_array_equal(values, getattr(scenes, name)[:count])


def test_a_scene_does_not_depend_on_its_neighbours(scenes, images):
    # 5번과 595번은 서로 다른 묶음에서 그려졌습니다.
    np.testing.assert_array_equal(paint(scenes.take([5, 595, 5])), images[[5, 595, 5]])


def test_seeds_give_different_scenes():
    assert (generate(20, seed=0).images != generate(20, seed=1).images).any(axis=(1, 2, 3)).all()


def test_every_class_is_equally_common_and_every_background_occurs(scenes):
    assert np.bincount(scenes.labels).tolist() == [60] * len(CLASSES)
    assert (np.bincount(scenes.background, minlength=len(BACKGROUNDS)) >= 15).all()


def test_backgrounds_follow_the_preferences():
    many = plan(20_000, seed=5)
    counts = np.zeros((len(CLASSES), len(BACKGROUNDS)))
    np.add.at(counts, (many.labels, many.background), 1)
    assert (toyworld.PREFERENCES.sum(axis=1) == 100).all()
    # 2000번 가운데 몇 번인지의 표준편차는 1.2 %p를 넘지 않습니다.
    np.testing.assert_allclose(counts / 20, toyworld.PREFERENCES, atol=5)
    assert (counts[toyworld.PREFERENCES == 0] == 0).all()


def test_without_objects_only_the_object_is_missing(images, backdrops):
    changed = (images != backdrops).any(axis=1).mean(axis=(1, 2))
    assert (changed > 0.05).all()
    assert changed.mean() < 0.5


def test_position_is_the_centre_of_the_object(scenes, images, backdrops):
    x, y = centroids(object_masks(images, backdrops))
    # 날개나 목이 한쪽으로 뻗은 그림은 무게중심이 한가운데에서 조금 벗어납니다.
    assert np.abs(x - scenes.x).mean() < 1.5
    assert np.abs(y - scenes.y).mean() < 1.5
    for label in range(len(CLASSES)):
        mine = scenes.labels == label
        assert np.corrcoef(x[mine], scenes.x[mine])[0, 1] > 0.8
        assert np.corrcoef(y[mine], scenes.y[mine])[0, 1] > 0.5


@pytest.mark.parametrize(("name", "axis"), [("x", 0), ("y", 1)])
def test_moving_only_the_position_moves_only_the_object(scenes, backdrops, name, axis):
    ships = scenes.take(np.flatnonzero(scenes.labels == CLASSES.index("ship")))
    ships = replace(ships, x=np.full_like(ships.x, 15), y=np.full_like(ships.y, 15))
    moved = replace(ships, **{name: getattr(ships, name) + 3})
    behind = paint(ships, objects=False)
    np.testing.assert_array_equal(behind, paint(moved, objects=False))
    before = centroids(object_masks(paint(ships), behind))
    after = centroids(object_masks(paint(moved), behind))
    assert np.median(after[axis] - before[axis]) == pytest.approx(3, abs=0.4)
    assert np.median(after[1 - axis] - before[1 - axis]) == pytest.approx(0, abs=0.2)


def test_scale_is_the_size_of_the_object(scenes):
    scenes = scenes.take(slice(100))
    small = replace(scenes, x=np.full_like(scenes.x, 16), scale=np.full_like(scenes.scale, 0.6))
    large = replace(small, scale=np.full_like(scenes.scale, 0.9))
    behind = paint(small, objects=False)
    areas = [object_masks(paint(s), behind).sum() for s in (small, large)]
    assert areas[1] / areas[0] == pytest.approx(1.5**2, rel=0.15)


def test_hue_is_the_colour_of_the_object(scenes, images):
    # 색상을 반대로 바꾼 그림과의 차이에는 배경, 바퀴, 눈이 없고 몸의 색만 남습니다.
    opposite = paint(replace(scenes, hue=(scenes.hue + np.float32(0.5)) % np.float32(1)))
    red, green, blue = (images.astype(int) - opposite).sum(axis=(2, 3)).T
    measured = np.arctan2(3**0.5 / 2 * (green - blue), red - (green + blue) / 2) / (2 * np.pi)
    error = np.abs((measured - scenes.hue + 0.5) % 1 - 0.5)
    assert np.median(error) < 0.02
    assert error.max() < 0.1


def test_background_changes_the_border_and_keeps_the_rest_of_the_plan(scenes, images):
    scenes, images = scenes.take(slice(100)), images[:100]
    other = replace(scenes, background=(scenes.background + 1) % len(BACKGROUNDS))
    border = np.ones((32, 32), bool)
    border[2:-2, 2:-2] = False
    difference = np.abs(paint(other).astype(int) - images)[:, :, border].mean(axis=(1, 2))
    assert difference.min() > 8


def test_pixel_neighbours_share_the_background_more_than_the_class(scenes, images):
    pixels = torch.from_numpy(images.reshape(600, -1)).double()
    nearest = torch.cdist(pixels, pixels).fill_diagonal_(torch.inf).argmin(dim=1).numpy()
    same_background = (scenes.background[nearest] == scenes.background).mean()
    same_class = (scenes.labels[nearest] == scenes.labels).mean()
    assert same_background > 0.6
    assert 0.1 < same_class < same_background - 0.2


@pytest.mark.slow
def test_total_variance_and_spectrum_resemble_cifar10(images):
    train = torch.from_numpy(images.reshape(600, -1)).double() / 127.5 - 1
    test = torch.from_numpy(generate(300, seed=4).images.reshape(300, -1)).double() / 127.5 - 1
    mean = train.mean(dim=0)
    assert float(mean.mean()) == pytest.approx(-0.05, abs=0.05)
    assert float(train.var(dim=0).sum()) == pytest.approx(CIFAR10_TOTAL_VARIANCE, rel=0.15)
    _, _, components = torch.linalg.svd(train - mean, full_matrices=False)
    energy = ((test - mean) @ components.T).square().sum(dim=0)
    total = (test - mean).square().sum()
    for kept, expected in CIFAR10_RESIDUAL.items():
        residual = 100 * float(1 - energy[:kept].sum() / total)
        assert expected / 1.25 < residual < expected * 1.25


def test_bad_count_says_what_was_expected():
    with pytest.raises(ValueError, match="count: 1 이상의 정수를 기대했는데 0이"):
        generate(0, seed=0)


def test_load_gives_an_image_set_with_factors(monkeypatch):
    monkeypatch.setitem(toyworld.SPLITS, "validation", (20, 2202))
    expected, loaded = generate(20, seed=2202), toyworld.load.__wrapped__("validation")
    assert (loaded.name, len(loaded), loaded.classes) == ("toyworld", 20, CLASSES)
    assert (loaded.images.numpy() == expected.images).all()
    assert (loaded.labels.numpy() == expected.labels).all()
    assert loaded.factors.keys() == expected.factors.keys()
    for name, values in expected.factors.items():
        assert (loaded.factors[name].numpy() == values).all()


def test_splits_have_the_promised_sizes_and_different_seeds():
    assert {split: count for split, (count, _) in toyworld.SPLITS.items()} == {
        "train": 10_000,
        "validation": 1_000,
        "test": 2_000,
    }
    assert len({seed for _, seed in toyworld.SPLITS.values()}) == 3
