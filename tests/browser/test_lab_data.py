"""실험실의 자료: 파일을 따로 풀어 패키지의 것과 견줍니다."""

import base64
import dataclasses
import json
import re
import zlib

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from aelab.data import ImageSet
from aelab.generation import LatentGaussian
from aelab.metrics import mse
from aelab.pretrained import load_pretrained, manifest
from aelab.retrieval import embed
from tools import lab_data


def content(folder, name: str) -> bytes:
    """스크립트 한 줄에서 내용을 꺼냅니다."""
    text = (folder / f"{name}.js").read_text(encoding="utf-8")
    match = re.fullmatch(rf'aelab\.data\.put\("{name}", "([A-Za-z0-9+/=]+)"\);\n', text)
    assert match is not None
    return zlib.decompress(base64.b64decode(match[1], validate=True))


def halves(raw: bytes) -> np.ndarray:
    low, high = np.frombuffer(raw, np.uint8).reshape(2, -1)
    return (low.astype(np.uint16) | high.astype(np.uint16) << 8).view(np.float16)


def slow_images(raw: bytes) -> np.ndarray:
    """이미지를 정의대로 한 픽셀씩 되돌립니다."""
    differences = np.frombuffer(raw, np.uint8).reshape(-1, 3, 32, 32).astype(int)
    planes = np.zeros_like(differences)
    for image, channel, y, x in np.ndindex(differences.shape):
        seen = planes[image, channel]
        a = seen[y, x - 1] if x else 0
        b = seen[y - 1, x] if y else 0
        c = seen[y - 1, x - 1] if x and y else 0
        guess = sorted([a, b, a + b - c])[1]
        seen[y, x] = (differences[image, channel, y, x] + guess) % 256
    green = planes[:, 0]
    red, blue = planes[:, 1] - 128 + green, planes[:, 2] - 128 + green
    return (np.stack([red, green, blue], 1) % 256).astype(np.uint8)


@pytest.fixture(scope="module")
def data(lab_folder):
    return lab_folder / "lab" / "data"


@pytest.fixture(scope="module")
def about(data) -> dict:
    return json.loads(content(data, "about"))


def test_weights_survive_bit_for_bit(data):
    for latent_dim in manifest():
        weights = load_pretrained(latent_dim).state_dict().values()
        expected = np.concatenate([w.half().numpy().ravel() for w in weights])
        written = halves(content(data, f"weights_{latent_dim}"))
        assert np.array_equal(written.view(np.uint16), expected.view(np.uint16)), latent_dim


def test_images_survive_without_loss(data, lab_images):
    first, rest = content(data, "images_first"), content(data, "images_rest")
    assert len(first) == lab_data.FIRST * 3072
    few = slow_images(first[: 4 * 3072])
    assert np.array_equal(few, lab_images.images[:4].numpy())
    assert np.array_equal(slow_images(rest[:3072]), lab_images.images[lab_data.FIRST][None].numpy())


def test_any_pixels_survive_without_loss():
    noise = torch.randint(0, 256, (2, 3, 32, 32), generator=torch.Generator().manual_seed(0))
    extremes = torch.tensor([0, 255]).repeat(1536).reshape(1, 3, 32, 32)
    stored = torch.cat([noise, extremes]).to(torch.uint8)
    assert np.array_equal(slow_images(lab_data.image_bytes(stored)), stored.numpy())


def test_about_tells_what_is_there(data, about, lab_images):
    assert about["sourceName"] == "toyworld"
    assert about["labels"] == lab_images.labels.tolist()
    assert about["classes"][:3] == ["비행기", "자동차", "새"]
    assert (about["imageCount"], about["firstCount"]) == (240, 48)
    assert about["weightBytes"].keys() == about["errors"].keys() == set(map(str, manifest()))
    assert about["latentDims"] == list(manifest())
    for latent_dim, size in about["weightBytes"].items():
        assert size == (data / f"weights_{latent_dim}.js").stat().st_size


@torch.inference_mode()
def test_errors_are_those_of_the_images(about, lab_images):
    model = load_pretrained(64)
    errors = mse(model(lab_images[:]), lab_images[:]).numpy()
    told = about["errors"]["64"]
    assert told == pytest.approx(np.percentile(errors, range(101)), rel=1e-3)


def test_directions_are_those_of_principal_component_analysis(data, lab_images):
    values = np.frombuffer(content(data, "directions_64"), "<f4")
    mean, scales, directions = values[:64], values[64:72], values[72:].reshape(8, 64)
    codes = embed(load_pretrained(64), lab_images).numpy().astype(float)
    pca = PCA(8, svd_solver="full").fit(codes)
    assert mean == pytest.approx(codes.mean(0), abs=1e-5)
    assert scales == pytest.approx(np.sqrt(pca.explained_variance_), rel=1e-4)
    assert np.abs((directions * pca.components_).sum(1)) == pytest.approx(np.ones(8), abs=1e-3)
    assert (directions[range(8), np.abs(directions).argmax(1)] > 0).all()


def test_gaussian_and_codes_are_those_of_the_images(data, lab_images):
    codes = embed(load_pretrained(128), lab_images)
    values = halves(content(data, "gaussian_128")).astype(np.float32)
    gaussian = LatentGaussian.fit(codes)
    scale = float(gaussian.factor.abs().max())
    assert values[:128] == pytest.approx(gaussian.mean.numpy(), abs=1e-3 * scale)
    assert values[128:] == pytest.approx(gaussian.factor.numpy().ravel(), abs=1e-3 * scale)
    written = halves(content(data, "codes_128")).astype(np.float32)
    assert written == pytest.approx(codes.numpy().ravel(), rel=1e-3, abs=1e-4)


def test_map_keeps_the_shape_of_the_projection(data, lab_images):
    points = np.frombuffer(content(data, "map"), "<f4").reshape(2, 240, 2)
    assert np.abs(points).max() == pytest.approx(1, abs=1e-5)
    codes = embed(load_pretrained(lab_data.MAP_LATENT_DIM), lab_images).numpy().astype(float)
    plane = PCA(2, svd_solver="full").fit_transform(codes)
    # 방향의 부호와 전체의 배율만 다르다
    told, true = (np.linalg.norm(p[:, None] - p[None], axis=2) for p in (points[0], plane))
    assert told / told.max() == pytest.approx(true / true.max(), abs=1e-3)


@pytest.fixture
def quick(monkeypatch):
    """오래 걸리는 계산 없이 파일 둘만 씁니다. 쓴 때마다의 이미지 수를 돌려줍니다."""
    written = []

    def scripts(images):
        written.append(len(images))
        yield lab_data.script("first", b"one")
        yield lab_data.script("second", b"two")

    monkeypatch.setattr(lab_data, "_scripts", scripts)
    return written


def test_same_data_is_left_alone_and_other_data_is_written(tmp_path, lab_images, quick):
    assert lab_data.write(tmp_path, lab_images) is True
    assert lab_data.write(tmp_path, lab_images) is False
    assert lab_data.write(tmp_path, lab_images.subset(slice(100))) is True
    assert quick == [240, 100]


DAMAGE = {
    "half": lambda folder: cut(folder / "second.js"),
    "gone": lambda folder: (folder / "second.js").unlink(),
    "old key": lambda folder: (folder / lab_data.KEY_FILE).write_text('"d9e0"', encoding="utf-8"),
    "broken key": lambda folder: (folder / lab_data.KEY_FILE).write_text("{", encoding="utf-8"),
}


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_data_is_written_again(tmp_path, lab_images, quick, damage):
    lab_data.write(tmp_path, lab_images)
    before = [(tmp_path / name).read_bytes() for name in ("first.js", "second.js")]
    DAMAGE[damage](tmp_path)
    assert lab_data.write(tmp_path, lab_images) is True
    assert [(tmp_path / name).read_bytes() for name in ("first.js", "second.js")] == before
    assert lab_data.write(tmp_path, lab_images) is False


def test_everything_that_the_page_shows_is_in_the_key(tmp_path, lab_images, quick, monkeypatch):
    images = lab_images.subset(slice(60))
    lab_data.write(tmp_path, images)
    for change in (
        {"labels": torch.zeros(60, dtype=torch.int64)},
        {"classes": tuple("abcdefghij")},
        {"name": "photos"},
    ):
        assert lab_data.write(tmp_path, dataclasses.replace(images, **change)) is True, change
    lab_data.write(tmp_path, images)
    monkeypatch.setattr(lab_data, "recipe", lambda: "다른 코드나 가중치")
    assert lab_data.write(tmp_path, images) is True


def test_interrupted_writing_starts_over(tmp_path, lab_images, quick, monkeypatch):
    lab_data.write(tmp_path, lab_images)
    with monkeypatch.context() as patch:
        patch.setattr(lab_data, "script", lambda name, content: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            lab_data.write(tmp_path, lab_images.subset(slice(100)))
    assert lab_data.write(tmp_path, lab_images) is True


def test_own_photos_can_be_shown(tmp_path, lab_images):
    labels = torch.zeros(60, dtype=torch.int64)
    photos = ImageSet(lab_images.images[:60], labels, ("내 사진",), "photos")
    assert lab_data.write(tmp_path, photos) is True
    about = json.loads(content(tmp_path, "about"))
    assert (about["sourceName"], about["classes"]) == ("photos", ["내 사진"])
    assert len(content(tmp_path, "map")) == 4 * 2 * 2 * 60


def test_too_few_images_are_refused(tmp_path, lab_images):
    with pytest.raises(ValueError, match="48장 이상을 기대했는데 47장"):
        lab_data.write(tmp_path, lab_images.subset(slice(47)))


def test_images_at_hand_never_download(monkeypatch, lab_images):
    from aelab import toyworld
    from aelab.data import cifar10

    monkeypatch.setattr(cifar10, "locate", lambda: None)
    monkeypatch.setattr(cifar10, "download", lambda *_, **__: pytest.fail("내려받으려 했습니다."))
    monkeypatch.setattr(toyworld, "load", lambda split: lab_images if split == "test" else None)
    assert torch.equal(lab_data.images_at_hand().images, lab_images.images)


def test_command_writes_the_data(tmp_path, lab_images, quick, monkeypatch, capsys):
    monkeypatch.setattr(lab_data, "images_at_hand", lambda: lab_images)
    for told in ("새로 썼습니다", "그대로입니다"):
        lab_data.main([str(tmp_path / "data")])
        assert told in capsys.readouterr().out
