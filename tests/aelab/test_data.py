"""aelab.data: ImageSet, 변환, load_images."""

import logging

import pytest
import torch

from aelab import data
from aelab.data import ImageSet, cifar10, load_images, to_float, to_uint8


def small_set(count: int = 10) -> ImageSet:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (count, 3, 32, 32), dtype=torch.uint8, generator=generator)
    labels = torch.arange(count) % 3
    return ImageSet(
        images, labels, ("가", "나", "다"), "작은 모음", {"hue": torch.arange(count) / 10}
    )


def test_conversion_matches_its_definition_for_every_value():
    stored = torch.arange(256, dtype=torch.uint8)
    expected = [value / 127.5 - 1 for value in range(256)]
    assert to_float(stored).tolist() == pytest.approx(expected, abs=1e-6)


def test_to_uint8_undoes_to_float_exactly():
    stored = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(to_uint8(to_float(stored)), stored)


def test_conversions_do_not_change_their_inputs():
    stored, floats = torch.arange(256, dtype=torch.uint8), torch.linspace(-1, 1, 11)
    before = stored.clone(), floats.clone()
    to_float(stored)
    to_uint8(floats)
    assert torch.equal(stored, before[0])
    assert torch.equal(floats, before[1])


@pytest.mark.parametrize("value", [torch.zeros(3), [1, 2], torch.zeros(3, dtype=torch.int64)])
def test_to_float_refuses_what_is_not_uint8(value):
    with pytest.raises(TypeError, match="stored: uint8 텐서를 기대했는데"):
        to_float(value)


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (torch.zeros(3, dtype=torch.uint8), TypeError, "실수형 텐서를 기대했는데 torch.uint8"),
        (torch.tensor([2.0]), ValueError, r"\[-1, 1\]의 값을 기대했는데 \[2, 2\]"),
        (torch.tensor([float("nan")]), ValueError, "NaN"),
        ("그림", TypeError, "torch.Tensor를 기대했는데 str"),
    ],
)
def test_to_uint8_refuses_bad_values(value, error, message):
    with pytest.raises(error, match=message):
        to_uint8(value)


def test_indexing_gives_floats_of_the_stored_images():
    images = small_set()
    assert images[3].shape == (3, 32, 32)
    for index in (slice(2, 5), [2, 3, 4], torch.tensor([2, 3, 4])):
        assert torch.equal(images[index], torch.stack([images[2], images[3], images[4]]))
    assert len(images) == 10


def test_subset_keeps_images_labels_and_factors_together():
    images = small_set()
    part = images.subset([7, 1])
    assert torch.equal(part.images, images.images[[7, 1]])
    assert part.labels.tolist() == [1, 1]
    assert part.factors["hue"].tolist() == pytest.approx([0.7, 0.1])
    assert (part.name, part.classes) == (images.name, images.classes)


def test_batches_in_order_cover_the_set_once():
    images = small_set()
    batches = list(images.batches(4))
    assert [len(batch) for batch in batches] == [4, 4, 2]
    assert torch.equal(torch.cat(batches), images[:])


def test_shuffled_batches_are_a_permutation_decided_by_the_generator():
    images = small_set()

    def shuffled(seed: int) -> torch.Tensor:
        return torch.cat(list(images.batches(4, generator=torch.Generator().manual_seed(seed))))

    assert torch.equal(shuffled(1), shuffled(1))
    assert not torch.equal(shuffled(1), shuffled(2))
    assert not torch.equal(shuffled(1), images[:])
    assert sorted(shuffled(1).sum((1, 2, 3)).tolist()) == sorted(images[:].sum((1, 2, 3)).tolist())


@pytest.mark.parametrize(("size", "error"), [(0, ValueError), (2.5, TypeError), ("4", TypeError)])
def test_batches_refuse_a_bad_size_at_once(size, error):
    with pytest.raises(error, match="size: .*정수를 기대했는데"):
        small_set().batches(size)


@pytest.mark.parametrize(
    ("images", "labels", "factors", "message"),
    [
        (torch.zeros(2, 3, 32, 32), torch.zeros(2).long(), None, "images: uint8"),
        (torch.zeros(2, 32, 32, 3).byte(), torch.zeros(2).long(), None, r"\(2, 32, 32, 3\)"),
        (torch.zeros(2, 3, 32, 32).byte(), torch.zeros(3).long(), None, r"labels: int64 \(2,\)"),
        (torch.zeros(2, 3, 32, 32).byte(), torch.zeros(2), None, "labels: int64"),
        (
            torch.zeros(2, 3, 32, 32).byte(),
            torch.zeros(2).long(),
            {"hue": torch.zeros(3)},
            r"factors\['hue'\]: 길이 2",
        ),
    ],
)
def test_an_inconsistent_set_is_refused(images, labels, factors, message):
    with pytest.raises(ValueError, match=message):
        ImageSet(images, labels, ("가",), "모음", factors)


@pytest.mark.parametrize(
    ("name", "split", "message"),
    [
        ("mnist", "train", "name: 'auto', 'cifar10', 'toyworld' 가운데 하나를 기대했는데 'mnist'"),
        ("auto", "valid", "split: 'train', 'validation', 'test' 가운데 하나를 기대했는데 'valid'"),
        (64, "train", "name: "),
    ],
)
def test_unknown_names_are_refused(name, split, message):
    with pytest.raises(ValueError, match=message):
        load_images(name, split)


@pytest.fixture
def no_cifar10(monkeypatch, tmp_path):
    """CIFAR-10이 디스크에 없는 컴퓨터."""
    monkeypatch.delenv("AELAB_DATA", raising=False)
    monkeypatch.setattr(cifar10, "cache_folder", lambda: tmp_path)
    data._announce.cache_clear()


def test_auto_offline_uses_toyworld_and_says_so_once(no_cifar10, monkeypatch, caplog):
    monkeypatch.setenv("AELAB_OFFLINE", "1")
    monkeypatch.setattr(cifar10, "download", lambda *_, **__: pytest.fail("내려받으려 했습니다."))
    with caplog.at_level(logging.WARNING, logger="aelab"):
        names = [load_images("auto", split).name for split in ("train", "validation", "test")]
    assert names == ["toyworld"] * 3
    assert len(caplog.records) == 1
    assert "python -m aelab data" in caplog.text
    assert "AELAB_DATA" in caplog.text


def test_auto_falls_back_to_toyworld_when_the_download_fails(no_cifar10, monkeypatch, caplog):
    monkeypatch.delenv("AELAB_OFFLINE", raising=False)

    def fail() -> None:
        raise cifar10.DownloadError("연결할 수 없습니다.")

    monkeypatch.setattr(cifar10, "download_once", fail)
    assert load_images("auto", "test").name == "toyworld"
    assert "내려받을 수 없어" in caplog.text
    with pytest.raises(cifar10.DownloadError):
        load_images("cifar10", "test")


def test_auto_uses_cifar10_where_it_lies_on_disk(cifar10_root, monkeypatch):
    monkeypatch.setenv("AELAB_DATA", str(cifar10_root))
    images = load_images("auto", "validation")
    assert (images.name, len(images)) == ("cifar10", 5000)
