"""자기 사진: 어떤 모드와 방향, 형식의 파일도 같은 그림이면 같은 이미지가 됩니다."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from aelab.data import ImageSet, load_images
from aelab.data.photos import open_photo


def scene(width: int = 96, height: int = 64) -> Image.Image:
    """왼쪽 위가 빨강, 오른쪽 아래가 파랑인 매끄러운 그림."""
    y, x = np.mgrid[0:height, 0:width]
    channels = [255 - 255 * x / width, 255 * y / height, 255 * x / width]
    return Image.fromarray(np.stack(channels, -1).astype(np.uint8))


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def by_area(image: Image.Image) -> torch.Tensor:
    """느리지만 뻔한 기준: 가운데 정사각형을 똑같은 칸으로 나누어 평균합니다. 한 변이 32의 배수여야 합니다."""
    values = np.asarray(image.convert("RGB"), dtype=np.float64)
    side = min(values.shape[:2])
    top, left = (values.shape[0] - side) // 2, (values.shape[1] - side) // 2
    square = values[top : top + side, left : left + side]
    cells = square.reshape(32, side // 32, 32, side // 32, 3).mean((1, 3))
    return torch.from_numpy(cells / 127.5 - 1).permute(2, 0, 1)[None].float()


def close(one: torch.Tensor, other: torch.Tensor, levels: float = 3) -> bool:
    return float((one - other).abs().max()) <= levels / 127.5


def test_photo_is_the_centre_square_averaged_down():
    photo = open_photo(scene())
    assert photo.shape == (1, 3, 32, 32)
    assert photo.dtype == torch.float32
    assert close(photo, by_area(scene()))


@pytest.mark.parametrize(
    ("kind", "options", "levels"),
    [
        ("PNG", {}, 0),
        ("BMP", {}, 0),
        ("TIFF", {}, 0),
        ("PPM", {}, 0),
        ("WEBP", {"lossless": True}, 0),
    ]
    + [("JPEG", {"quality": 95}, 6), ("GIF", {}, 12)],
)
def test_formats_hold_the_same_picture(kind, options, levels):
    content = encoded(scene(), kind, **options)
    assert close(open_photo(content), open_photo(scene()), levels)


@pytest.mark.parametrize(
    ("mode", "levels"),
    [("RGBA", 0), ("CMYK", 2), ("P", 12), ("YCbCr", 3), ("RGBX", 0)],
)
def test_colour_modes_hold_the_same_picture(mode, levels):
    assert close(open_photo(scene().convert(mode)), open_photo(scene()), levels)


def test_grey_modes_agree_with_the_grey_picture():
    grey = scene().convert("L")
    expected = open_photo(grey)
    assert torch.equal(expected[:, 0], expected[:, 2])
    sixteen = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    assert sixteen.mode == "I;16"
    assert close(open_photo(encoded(sixteen, "PNG")), expected, 1)
    assert close(open_photo(Image.fromarray(np.asarray(grey) / np.float32(255))), expected, 2)
    assert close(open_photo(grey.convert("LA")), expected, 0)
    half = Image.new("1", (64, 64), 1)
    assert torch.equal(open_photo(half), torch.ones(1, 3, 32, 32))


def test_transparent_places_are_white():
    clear = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    palette = clear.convert("P")
    palette.info["transparency"] = palette.getpixel((0, 0))
    for image in (clear, palette, Image.new("LA", (40, 40), (0, 0))):
        assert torch.equal(open_photo(image), torch.ones(1, 3, 32, 32))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photo_stands_as_the_camera_says(orientation):
    turn = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,  # 사진기를 오른쪽으로 눕혔으면 파일에는 왼쪽으로 누워 있다
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = scene(64, 64) if orientation == 1 else scene(64, 64).transpose(turn[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(stored, "JPEG", quality=95, exif=exif)
    assert close(open_photo(content), open_photo(scene(64, 64)), 8)


def test_arrays_that_mean_the_same_picture_agree():
    array = np.asarray(scene())
    expected = open_photo(scene())
    for same in (array, array.transpose(2, 0, 1), array.astype(np.uint16) * 257, array / 255):
        assert close(open_photo(same), expected, 1)
    assert torch.equal(open_photo(array[..., 0]), open_photo(array[..., :1]))


def test_the_users_image_stays_as_it_was(tmp_path):
    path = tmp_path / "큰 사진.JPG"
    scene(2048, 2048).save(path, "JPEG")
    with Image.open(path) as image:
        opened = open_photo(image)
        assert image.size == (2048, 2048)
    assert close(opened, open_photo(path), 4)
    assert close(opened, open_photo(str(path)), 4)


JPEG = encoded(scene(640, 640), "JPEG")


@pytest.mark.parametrize(
    ("photo", "error", "told"),
    [
        ("없는 사진.jpg", FileNotFoundError, "그런 파일이 없습니다"),
        (b"", ValueError, "모르는 형식"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", ValueError, "모르는 형식"),
        (JPEG[: len(JPEG) // 2], ValueError, "잘렸거나 손상"),
        (None, TypeError, "NoneType"),
        (torch.zeros(1, 3, 32, 32), TypeError, "그대로 모델에"),
        (np.zeros((2, 32, 32, 3), np.uint8), ValueError, r"배열\[0\]"),
        (np.zeros((32, 32, 2), np.uint8), ValueError, r"\(32, 32, 2\)"),
        (np.zeros((0, 0), np.uint8), ValueError, r"\(0, 0\)"),
        (np.full((8, 8, 3), -1.0), ValueError, r"\(배열 \+ 1\) / 2"),
        (np.full((8, 8, 3), 255.0), ValueError, "astype"),
        (np.full((8, 8), np.nan), ValueError, "nan"),
        (np.zeros((8, 8), np.int64), ValueError, "int64"),
    ],
)
def test_what_is_no_photo_is_refused_in_korean(photo, error, told):
    with pytest.raises(error, match=told):
        open_photo(photo)


def test_a_folder_in_place_of_a_file_says_what_to_call(tmp_path):
    with pytest.raises(ValueError, match="from_folder"):
        open_photo(tmp_path)


@pytest.fixture
def album(tmp_path):
    """하위 폴더가 클래스인 폴더. 사진이 아닌 것과 숨은 것도 있습니다."""
    for number, (name, folder) in enumerate([(n, f) for f in ("고양이", "개") for n in range(10)]):
        place = tmp_path / folder
        place.mkdir(exist_ok=True)
        kind = ("JPG", "png", "WebP", "bmp")[number % 4]
        shade = Image.new("RGB", (40, 30), (10 * number, 0, 0))
        shade.save(place / f"사진 {name}.{kind}", {"JPG": "JPEG"}.get(kind, kind))
    (tmp_path / "개" / "메모.txt").write_text("사진이 아닙니다", encoding="utf-8")
    (tmp_path / ".숨은것").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / ".숨은것" / "a.png")
    return tmp_path


def test_subfolders_are_classes(album):
    photos = ImageSet.from_folder(album)
    assert photos.classes == ("개", "고양이")
    assert photos.labels.bincount().tolist() == [10, 10]
    assert photos.images.shape == (20, 3, 32, 32)
    reds = sorted(photos.images[:, 0].float().mean((1, 2)).round().int().tolist())
    assert max(abs(a - 10 * n) for n, a in enumerate(reds)) <= 2  # 사진마다 한 번씩


def test_a_flat_folder_has_one_class(album):
    photos = ImageSet.from_folder(album / "개")
    assert photos.classes == ("개",)
    assert len(photos) == 10


def test_splits_do_not_overlap_and_stay(album):
    parts = {name: load_images(str(album), name) for name in ("train", "validation", "test")}
    assert {name: len(part) for name, part in parts.items()} == {
        "train": 16,
        "validation": 2,
        "test": 2,
    }
    assert {part.classes for part in parts.values()} == {("개", "고양이")}
    seen = {bytes(image.numpy().tobytes()) for part in parts.values() for image in part.images}
    assert len(seen) == 20
    again = load_images(str(album), "test")
    assert torch.equal(again.images, parts["test"].images)
    assert torch.equal(again.labels, parts["test"].labels)


def test_unreadable_photos_are_named_once_and_skipped(album):
    for name in ("IMG_0001.HEIC", "깨진 1.jpg", "깨진 2.PNG"):
        (album / "개" / name).write_bytes(JPEG[:200])
    told_of = r"3장.*개/IMG_0001\.HEIC, 개/깨진 1\.jpg, 개/깨진 2\.PNG\. HEIC이면 .*JPEG로"
    with pytest.warns(UserWarning, match=told_of) as told:
        photos = ImageSet.from_folder(album)
    assert len(told) == 1
    assert len(photos) == 20
    with pytest.warns(UserWarning, match="건너뜁니다") as told:
        load_images(album, "train")
    assert Path(told[0].filename) == Path(__file__)  # 학생이 쓴 줄


@pytest.mark.parametrize(
    ("files", "split", "error", "told"),
    [
        (None, None, FileNotFoundError, "그런 폴더가 없습니다"),
        ([], None, ValueError, "한 장 이상"),
        (["a.png", "b.png"], "train", ValueError, "세 장 이상"),
        (["a.png", "b.png", "c.png"], "valid", ValueError, "'valid'"),
        (["a.jpg"], None, ValueError, "읽을 수 있는 사진이 한 장도"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*건너뜁니다")
def test_a_folder_that_cannot_serve_says_why(tmp_path, files, split, error, told):
    folder = tmp_path / "앨범"
    for name in files or []:
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"" if name.endswith("jpg") else encoded(scene(), "PNG"))
    if files == []:
        folder.mkdir()
    with pytest.raises(error, match=told):
        ImageSet.from_folder(folder, split)
