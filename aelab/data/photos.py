"""자기 사진: 파일 하나나 폴더 하나를 모델이 받는 32×32 이미지로 바꿉니다."""

import hashlib
import io
import math
import os
import unicodedata
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from tqdm import tqdm

from aelab.checks import unexpected, warn
from aelab.data.imageset import check_split, to_float
from aelab.types import Images

SIDE = 32
_DRAFT = 4 * SIDE  # JPEG은 이보다 작지 않은 가장 작은 크기로 푼다. 큰 사진이 몇 배 빨라진다
_HELD_OUT = 0.1  # 검증과 시험에 하나씩 떼어 두는 비율
_HEIC = (".heic", ".heif")  # 아이폰의 사진. Pillow 혼자서는 읽지 못합니다
_HEIC_MEND = "HEIC이면 사진 앱에서 JPEG로 내보내 다시 엽니다."

Photo = str | os.PathLike[str] | bytes | Image.Image | np.ndarray


def open_photo(photo: Photo) -> Images:
    """사진 한 장을 [-1, 1]의 (1, 3, 32, 32)로 바꿉니다.

    사진기가 적어 둔 방향(EXIF)대로 세우고, 가운데를 정사각형으로 잘라 줄입니다. 투명한 곳은 흰 바탕에
    얹고, 흑백과 CMYK, 팔레트, 16비트도 RGB로 바꿉니다. 움직이는 그림은 첫 장을 씁니다.

    인자
        photo: 파일의 경로, 파일의 내용(bytes), PIL 이미지, 또는 NumPy 배열. 배열은 (h, w), (h, w, 채널)이나
            (채널, h, w)이고, 값은 uint8, uint16, 또는 [0, 1]의 실수입니다.

    오류
        FileNotFoundError: 파일이 없을 때.
        TypeError: 사진이 될 수 없는 것일 때.
        ValueError: 사진을 읽을 수 없거나, 배열의 모양이나 값의 범위를 알 수 없을 때.
    """
    stored = torch.from_numpy(_pixels(_opened(photo)))
    return to_float(stored[None])


def read_folder(folder: Path | str, split: str | None) -> tuple[np.ndarray, list[int], list[str]]:
    """폴더의 사진을 모두 읽습니다: uint8 (n, 3, 32, 32), 클래스 번호, 클래스 이름.

    `ImageSet.from_folder`가 부르며, 인자와 오류는 그쪽에 적혀 있습니다.
    """
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: 사진이 든 폴더를 기대했는데 그런 폴더가 없습니다.")
    files = _photo_files(folder)
    if not files:
        raise ValueError(
            f"{folder}: 사진을 한 장 이상 기대했는데 없습니다. 사진은 폴더에 바로 두거나, 클래스마다 "
            "하위 폴더 하나에 나누어 둡니다."
        )
    classes = sorted({_class_of(file, folder) for file in files})
    chosen = files if split is None else _split(files, folder, split)
    pictures, labels, unreadable = [], [], []
    for file in tqdm(chosen, unit="장", mininterval=0.5, desc=folder.name):
        try:
            pictures.append(_pixels(_opened(file)))
        except ValueError:
            unreadable.append(file.relative_to(folder).as_posix())
            continue
        labels.append(classes.index(_class_of(file, folder)))
    if unreadable:
        shown = ", ".join(unreadable[:10]) + (" 등" if len(unreadable) > 10 else "")
        mend = f" {_HEIC_MEND}" if any(name.lower().endswith(_HEIC) for name in unreadable) else ""
        warn(f"{folder}: 사진 {len(unreadable)}장을 읽지 못해 건너뜁니다: {shown}.{mend}")
    if not pictures:
        raise ValueError(f"{folder}: 읽을 수 있는 사진이 한 장도 없습니다.")
    return np.stack(pictures), labels, [name or folder.resolve().name for name in classes]


def _photo_files(folder: Path) -> list[Path]:
    """폴더와 바로 아래 하위 폴더의 사진. 이름의 차례이고, 숨은 파일은 뺍니다."""
    known, formats = Image.registered_extensions(), _formats()
    files = [*folder.glob("[!.]*"), *folder.glob("[!.]*/[!.]*")]
    suffixes = {*_HEIC, *(suffix for suffix, kind in known.items() if kind in formats)}
    return sorted(file for file in files if file.suffix.lower() in suffixes and file.is_file())


def _class_of(file: Path, folder: Path) -> str:
    """하위 폴더의 이름. 폴더에 바로 있으면 빈 글입니다."""
    return "" if file.parent == folder else unicodedata.normalize("NFC", file.parent.name)


def _split(files: Sequence[Path], folder: Path, split: str) -> list[Path]:
    """이름으로 정하는 8 : 1 : 1. 운영체제가 달라도, 파일의 차례가 달라도 같은 사진이 뽑힙니다."""
    check_split(split)
    held_out = math.ceil(len(files) * _HELD_OUT)
    if len(files) <= 2 * held_out:
        raise ValueError(
            f"{folder}: 학습, 검증, 시험으로 나누려면 사진이 세 장 이상 있어야 하는데 {len(files)}장입니다. "
            "나누지 않고 모두 쓰려면 ImageSet.from_folder(폴더)입니다."
        )

    def mixed(file: Path) -> bytes:
        name = unicodedata.normalize("NFC", file.relative_to(folder).as_posix())
        return hashlib.sha256(name.encode()).digest()

    order = sorted(files, key=mixed)
    first = {"test": 0, "validation": held_out, "train": 2 * held_out}[split]
    return sorted(order[first:] if split == "train" else order[first : first + held_out])


def _formats() -> tuple[str, ...]:
    """Pillow가 읽는 형식. EPS는 읽는 동안 바깥 프로그램에게 파일의 코드를 실행하게 하므로 뺍니다."""
    Image.init()
    return tuple(kind for kind in Image.OPEN if kind != "EPS")


def _opened(photo: Photo) -> Image.Image:
    if isinstance(photo, Image.Image):
        return photo
    if isinstance(photo, np.ndarray):
        return _from_array(photo)
    if not isinstance(photo, bytes | str | os.PathLike):
        is_tensor = isinstance(photo, torch.Tensor)
        hint = " 텐서는 이미 이미지입니다. [-1, 1]의 (1, 3, 32, 32)이면 그대로 모델에 넣습니다."
        expected = "파일의 경로나 내용(bytes), PIL 이미지, NumPy 배열을"
        came = type(photo).__name__
        raise unexpected("photo", expected, came, hint if is_tensor else "", TypeError)
    name = "photo" if isinstance(photo, bytes) else str(photo)
    source = io.BytesIO(photo) if isinstance(photo, bytes) else Path(photo).expanduser()
    try:
        with warnings.catch_warnings(), Image.open(source, formats=_formats()) as image:
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            if image.format == "JPEG":
                image.draft(None, (_DRAFT, _DRAFT))
            image.load()
            return image
    except FileNotFoundError:
        raise FileNotFoundError(f"{photo}: 사진을 기대했는데 그런 파일이 없습니다.") from None
    except IsADirectoryError:
        raise ValueError(
            f"{photo}: 사진 파일을 기대했는데 폴더가 왔습니다. 폴더는 ImageSet.from_folder(폴더)로 읽습니다."
        ) from None
    except UnidentifiedImageError:
        raise ValueError(
            f"{name}: 읽을 수 있는 사진을 기대했는데 모르는 형식입니다. {_HEIC_MEND}"
        ) from None
    except Image.DecompressionBombError:
        raise ValueError(f"{name}: 사진이 너무 큽니다. 줄여서 다시 엽니다.") from None
    except Exception as error:  # 손상된 파일은 온갖 오류로 드러납니다.
        raise ValueError(
            f"{name}: 사진을 끝까지 읽지 못했습니다({type(error).__name__}). 파일이 잘렸거나 손상되었습니다."
        ) from error


def _from_array(array: np.ndarray) -> Image.Image:
    shape, kind = array.shape, array.dtype
    array = array[..., None] if array.ndim == 2 else array
    if array.ndim == 3 and shape[0] in (1, 3, 4) and shape[-1] not in (1, 3, 4):
        array = array.transpose(1, 2, 0)
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or not array.size:
        hint = " 여러 장이면 배열[0]처럼 하나씩 넣습니다."
        raise unexpected("photo", "(h, w)나 (h, w, 3)의 배열 한 장을", shape, hint)
    if array.dtype == np.uint16:
        array = array / 65535
    if np.issubdtype(array.dtype, np.floating):
        if not (np.isfinite(array).all() and array.min() >= 0 and array.max() <= 1):
            hint = " [-1, 1]이면 (배열 + 1) / 2, 0부터 255이면 배열.astype('uint8')을 넣습니다."
            found = f"[{array.min():.4g}, {array.max():.4g}]의 값"
            raise unexpected("photo", "[0, 1]의 실수를", found, hint)
        array = (array * 255).round().astype(np.uint8)
    if array.dtype != np.uint8:
        hint = " 값이 0부터 255이면 배열.astype('uint8')을 넣습니다."
        raise unexpected("photo", "uint8이나 uint16, [0, 1]의 실수를", f"{kind}의 배열", hint)
    return Image.fromarray(np.ascontiguousarray(array[..., 0] if array.shape[2] == 1 else array))


def _pixels(image: Image.Image) -> np.ndarray:
    """바로 세우고 가운데를 잘라 줄인 uint8 (3, 32, 32)."""
    upright = ImageOps.exif_transpose(image)
    flat = ImageOps.fit(_to_rgb(upright), (SIDE, SIDE), method=Image.Resampling.LANCZOS)
    return np.asarray(flat).transpose(2, 0, 1).copy()


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):  # 16비트, 32비트의 흑백. convert는 255에서 잘라 버린다
        values = np.asarray(image, dtype=np.float64)
        most = 65535 if image.mode.startswith("I") else max(1.0, values.max(initial=0))
        image = Image.fromarray((values / most * 255).clip(0, 255).round().astype(np.uint8))
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")
