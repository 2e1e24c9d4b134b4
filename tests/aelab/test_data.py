"""aelab.data: ImageSet, 변환, load_images의 인자. CIFAR-10을 찾고 받는 것은 test_cifar10에 있다."""

import numpy as np
import pytest
import torch

from aelab import load_images, toyworld
from aelab.data import KOREAN_NAMES, ImageSet, cifar10, to_float, to_uint8


@pytest.fixture
def images() -> ImageSet:
    dice = torch.Generator().manual_seed(0)
    stored = torch.randint(0, 256, (10, 3, 32, 32), dtype=torch.uint8, generator=dice)
    numbers = torch.arange(10)
    return ImageSet(stored, numbers % 3, ("cat", "dog", "로봇"), "모음", {"hue": numbers / 10})


def test_conversion_matches_its_definition_and_is_undone_exactly():
    stored = torch.arange(256, dtype=torch.uint8)
    floats = to_float(stored)
    assert floats.tolist() == pytest.approx([value / 127.5 - 1 for value in range(256)], abs=1e-6)
    kept = floats.clone()
    assert torch.equal(to_uint8(floats), stored)
    assert torch.equal(floats, kept)
    assert stored.tolist() == list(range(256))
    assert to_uint8(torch.tensor([-1.0005, 0.001, 1.0005])).tolist() == [0, 128, 255]
    assert to_uint8(torch.empty(0, 3)).shape == (0, 3)


@pytest.mark.parametrize(
    ("convert", "value", "error", "message"),
    [
        (to_float, torch.zeros(3), TypeError, "stored: uint8 텐서를 기대했는데 torch.float32"),
        (to_float, [1, 2], TypeError, "stored: uint8 텐서를 기대했는데 list"),
        (to_uint8, torch.zeros(3).byte(), TypeError, "실수형 텐서를 기대했는데 torch.uint8"),
        (to_uint8, torch.tensor([2.0]), ValueError, r"\[-1, 1\]의 값을 기대했는데 \[2, 2\]"),
        (to_uint8, torch.tensor([float("nan")]), ValueError, "NaN"),
    ],
)
def test_conversions_refuse_other_values(convert, value, error, message):
    with pytest.raises(error, match=message):
        convert(value)


NUMBERS = [7, 1, -1]
MASK = [number in (1, 7) for number in range(10)]


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        (slice(2, 8, 3), [2, 5]),
        (slice(None, None, -4), [9, 5, 1]),
        (NUMBERS, [7, 1, 9]),
        (tuple(NUMBERS), [7, 1, 9]),
        (torch.tensor(NUMBERS), [7, 1, 9]),
        (torch.tensor(NUMBERS).numpy(), [7, 1, 9]),
        (torch.tensor([7, 1], dtype=torch.uint8), [7, 1]),
        (range(3), [0, 1, 2]),
        (MASK, [1, 7]),
        (torch.tensor(MASK), [1, 7]),
        ([], []),
    ],
)
def test_index_and_subset_choose_the_same_images_in_order(images, index, expected):
    part = images.subset(index)
    assert torch.equal(part.images, images.images[expected])
    assert torch.equal(images[index], to_float(images.images[expected]))
    assert part.labels.tolist() == [number % 3 for number in expected]
    assert part.factors["hue"].tolist() == pytest.approx([number / 10 for number in expected])
    assert (part.name, part.classes) == (images.name, images.classes)


@pytest.mark.parametrize("index", [3, -7, torch.tensor(3)])
def test_one_number_gives_one_image(images, index):
    assert torch.equal(images[index], to_float(images.images[3]))
    with pytest.raises(TypeError, match="번호의 목록을 기대했는데 정수 하나가"):
        images.subset(index)


@pytest.mark.parametrize(
    "index", [10, -11, [0, 10], [-11], 0.5, [0.5], True, [True, False], [[0, 1]]]
)
def test_other_indices_are_refused(images, index):
    with pytest.raises(IndexError, match="index: -10부터 9까지의 번호.*기대했는데"):
        images[index]


def test_iteration_ends_with_the_last_image(images):
    assert torch.equal(torch.stack(list(images)), images[:])


def test_subset_by_slice_shares_memory(images):
    assert images.subset(slice(2, 5)).images.data_ptr() == images.images[2:].data_ptr()


def test_batches_in_order_cover_the_set_once(images):
    batches = list(images.batches(4))
    assert [len(batch) for batch in batches] == [4, 4, 2]
    assert torch.equal(torch.cat(batches), images[:])


def test_shuffled_batches_are_a_permutation_decided_by_the_generator(images):
    def shuffled(seed: int) -> torch.Tensor:
        return torch.cat(list(images.batches(4, generator=torch.Generator().manual_seed(seed))))

    order = torch.randperm(10, generator=torch.Generator().manual_seed(1))
    assert torch.equal(shuffled(1), images[order])
    assert not torch.equal(shuffled(1), shuffled(2))


@pytest.mark.parametrize(("size", "error"), [(0, ValueError), (2.5, TypeError), ("4", TypeError)])
def test_batches_refuse_a_bad_size_at_once(images, size, error):
    with pytest.raises(error, match="size: .*정수를 기대했는데"):
        images.batches(size)


def test_to_keeps_everything_else(images):
    moved = images.to("meta")
    assert moved.images.device.type == moved.labels.device.type == "meta"
    assert (moved.factors, moved.classes, moved.name) == (images.factors, images.classes, "모음")


def test_korean_names_follow_the_classes(images):
    assert images.classes_ko == ("고양이", "개", "로봇")
    assert tuple(KOREAN_NAMES) == toyworld.CLASSES


@pytest.mark.parametrize(
    ("stored", "labels", "message"),
    [
        (torch.zeros(2, 3, 32, 32), torch.zeros(2).long(), "images: Tensor torch.uint8"),
        (np.zeros((2, 3, 32, 32), "u1"), torch.zeros(2).long(), "ndarray .*torch.from_numpy"),
        (torch.zeros(2, 32, 32, 3).byte(), torch.zeros(2).long(), r"uint8 \(2, 32, 32, 3\)이"),
        (torch.zeros(2, 3, 32, 32).byte(), torch.zeros(3).long(), r"labels: .*torch.int64 \(2,\)"),
        (torch.zeros(2, 3, 32, 32).byte(), torch.zeros(2), "labels: .* torch.float32"),
    ],
)
def test_an_inconsistent_set_is_refused(stored, labels, message):
    with pytest.raises(ValueError, match=message):
        ImageSet(stored, labels, ("가",), "모음")


@pytest.mark.parametrize(
    "load",
    [
        lambda split: load_images("auto", split),
        toyworld.load,
        lambda split: cifar10.load(split, "없는 폴더"),
    ],
    ids=["load_images", "toyworld", "cifar10"],
)
def test_unknown_split_is_refused(load):
    with pytest.raises(ValueError, match="split: 'train', 'validation', 'test' .* 'valid'이"):
        load("valid")


@pytest.mark.parametrize("name", ["mnist", 64])
def test_unknown_name_is_refused(name):
    with pytest.raises(
        ValueError, match=f"'auto', 'cifar10', 'toyworld'나 사진이 든 폴더.* {name!r}이"
    ):
        load_images(name)
