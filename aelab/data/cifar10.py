"""진짜 CIFAR-10: 찾기, 내려받기, 읽기.

자료는 pickle이라 풀면 그 안의 코드가 실행됩니다. MD5가 공식 자료의 것과 같은 바로 그 바이트만 풉니다.
"""

import hashlib
import logging
import os
import pickle
import tarfile
import tempfile
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import torch

from aelab.data.imageset import ImageSet, check_split

MIRRORS = (
    "https://zenodo.org/records/15602362/files/cifar-10-python.tar.gz?download=1",
    "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",  # 원본이지만 몹시 느릴 때가 있다
)
TIMEOUT = (5, 10)  # 초. 연결을 기다리는 시간, 다음 바이트를 기다리는 시간
BY_HAND = (
    "직접 받으려면 https://zenodo.org/records/15602362 이나 "
    "https://www.cs.toronto.edu/~kriz/cifar.html 에서 cifar-10-python.tar.gz를 받아 압축을 풀고, "
    "cifar-10-batches-py 폴더가 들어 있는 폴더를 환경 변수 AELAB_DATA에 적으십시오."
)

# torchvision.datasets.CIFAR10에도 있지만, 그것을 불러오는 데 1초가 넘게 걸립니다.
ARCHIVE_MD5 = "c58f30108f718f92721af3b95e74349a"
MD5 = {
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
    "batches.meta": "5ff9c542aee3614f3951f8cda6e48888",
}
FOLDER = "cifar-10-batches-py"
IMAGES_PER_FILE = 10_000
SPLIT_SEED = 42

_REASONS = {  # 미러를 포기하게 하는 예외의 이름과 그 뜻
    "ConnectTimeout": "대답이 없음",
    "ReadTimeout": "대답이 없음",
    "ConnectionError": "연결하지 못했거나 도중에 끊김",
    "ChunkedEncodingError": "도중에 끊김",
    "SSLError": "인증서를 확인하지 못함",
    "ValueError": "받은 것의 MD5가 다름",
}


class DownloadError(OSError):
    """CIFAR-10을 내려받아 제자리에 두지 못했습니다."""


def cache_folder() -> Path:
    """내려받은 자료를 두는 사용자 캐시 폴더(운영체제의 관례를 따릅니다)."""
    from platformdirs import user_cache_path

    return user_cache_path("aelab", appauthor=False)


def bad_files(root: Path) -> list[str]:
    """`root`의 CIFAR-10에서 없거나 MD5가 다른 파일의 이름. 온전하면 비어 있습니다."""
    paths = {name: root / FOLDER / name for name in MD5}
    return [name for name, path in paths.items() if not path.is_file() or _md5(path) != MD5[name]]


def _md5(path: Path) -> str:
    found = path.stat()
    return _md5_of_unchanged(path, found.st_size, found.st_mtime_ns)


@cache  # 세 세트를 차례로 불러도 한 번만 셉니다.
def _md5_of_unchanged(path: Path, size: int, modified: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def locate(*, strict: bool = False) -> Path | None:
    """온전한 CIFAR-10이 든 폴더. 환경 변수 AELAB_DATA, 캐시 폴더, `./data`의 차례로 찾고 없으면 None.

    AELAB_DATA에는 `cifar-10-batches-py` 폴더도, 그것이 든 폴더와 그 위의 폴더도 적을 수 있습니다.

    오류: AELAB_DATA의 자료가 온전하지 않으면, `strict`일 때는 FileNotFoundError이고 아니면
    경고만 하고 캐시 폴더를 봅니다.
    """
    if given := os.environ.get("AELAB_DATA", "").strip("\"' "):  # 명령 프롬프트의 따옴표와 빈칸
        place = Path(given).expanduser().absolute()
        root = place.parent if place.name == FOLDER else place
        below = [path.parent for path in root.glob(f"*/{FOLDER}")] if root.is_dir() else []
        for found in (*below, root):  # 한 단계 위의 폴더를 적어도 찾습니다.
            if not (bad := bad_files(found)):
                return found
        why = f"{FOLDER} 폴더에 없거나 MD5가 다른 파일: {', '.join(bad)}."
        if len(bad) == len(MD5):
            why = f"안에 {FOLDER} 폴더가 있어야 합니다."
        if place.is_file():
            why = "압축을 푼 폴더를 적습니다."
        elif not place.exists():
            why = "그런 폴더가 없습니다."
        message = f"AELAB_DATA에 적힌 {given}에 온전한 CIFAR-10이 없습니다. {why}"
        if strict:
            raise FileNotFoundError(message)
        _warn(f"{message} 이 폴더는 건너뜁니다.")
    places = cache_folder(), Path("data").absolute()  # torchvision의 예제는 ./data에 받습니다.
    return next((place for place in places if not bad_files(place)), None)


@cache  # 세 세트를 차례로 불러도 한 번만 알립니다.
def _warn(message: str) -> None:
    logging.getLogger("aelab").warning(message)


def download() -> Path:
    """CIFAR-10을 사용자 캐시 폴더에 내려받고 그 폴더를 돌려줍니다. 이미 온전하면 받지 않습니다.

    임시 폴더에서 MD5를 모두 확인한 뒤 이름만 바꾸므로, 도중에 끊겨도 반쪽 파일이 남지 않고
    여러 프로세스가 한꺼번에 받아도 서로 해치지 않습니다. 끊긴 뒤에는 처음부터 다시 받습니다.

    오류: 모두 실패했거나 폴더에 쓸 수 없거나 환경 변수 AELAB_OFFLINE이 1이면 DownloadError.
    """
    folder = cache_folder()
    if not bad_files(folder):
        return folder
    if os.environ.get("AELAB_OFFLINE") == "1":
        raise DownloadError(f"AELAB_OFFLINE=1이라 CIFAR-10을 내려받지 않습니다.\n{BY_HAND}")
    try:
        (folder / FOLDER).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as temporary:
            _fetch(Path(temporary))
            for name in MD5:
                os.replace(Path(temporary, FOLDER, name), folder / FOLDER / name)
    except DownloadError:
        raise
    except (OSError, tarfile.TarError) as error:
        message = f"{folder}에 CIFAR-10을 저장하지 못했습니다: {error}."
        raise DownloadError(f"{message}\n{BY_HAND}") from error
    return folder


def _fetch(folder: Path) -> None:
    """미러를 차례로 시도해 받고 `folder`에 풉니다. 모두 실패하면 까닭을 모아 DownloadError."""
    import pooch
    from tqdm import tqdm

    pooch.get_logger().setLevel("WARNING")
    failures = []
    for url in MIRRORS:
        host = urlsplit(url).netloc
        with tqdm(
            desc=f"CIFAR-10 ({host})", total=170_498_071, unit="B", unit_scale=True, leave=False
        ) as bar:
            get = pooch.HTTPDownloader(progressbar=bar, chunk_size=1 << 16, timeout=TIMEOUT)
            try:  # 임시 이름으로 받아 MD5가 맞을 때만 제 이름을 줍니다.
                # pyrefly: ignore[bad-argument-type]  # pooch에 적힌 형이 pooch의 것과 다르다
                archive = pooch.retrieve(url, f"md5:{ARCHIVE_MD5}", "archive", folder, None, get)
            except (OSError, ValueError) as error:
                reason = _REASONS.get(type(error).__name__, str(error))
                failures.append(f"{host}: {reason}")
                continue
        with tarfile.open(archive) as tar:
            tar.extraction_filter = getattr(tarfile, "data_filter", None)  # 파이썬 3.11.4부터 있다
            tar.extractall(folder)
        if bad := bad_files(folder):
            raise DownloadError(f"압축을 푼 파일의 MD5가 다릅니다: {', '.join(bad)}.")
        return
    raise DownloadError(f"CIFAR-10을 내려받지 못했습니다({', '.join(failures)}).\n{BY_HAND}")


def load(split: str, root: Path) -> ImageSet:
    """`root`의 CIFAR-10을 메모리에 올립니다: 학습 45,000장, 검증 5,000장, 시험 10,000장.

    학습과 검증은 원래의 학습 세트 50,000장을 고정된 순열로 나눈 것입니다.

    인자
        split: "train", "validation", "test" 가운데 하나.
        root: `cifar-10-batches-py` 폴더가 들어 있는 폴더.

    오류: `split`이 틀리면 ValueError, 없거나 MD5가 다른 파일이 있으면 FileNotFoundError.
    """
    check_split(split)
    folder = Path(root) / FOLDER
    files = ["test_batch"] if split == "test" else [f"data_batch_{i}" for i in range(1, 6)]
    images = torch.empty(len(files), IMAGES_PER_FILE, 3, 32, 32, dtype=torch.uint8)
    labels = []
    for part, name in zip(images, files, strict=True):
        content = _read(folder / name)
        part[:] = torch.from_numpy(content[b"data"]).view(part.shape)
        labels += content[b"labels"]
    classes = [name.decode() for name in _read(folder / "batches.meta")[b"label_names"]]
    count = len(labels)
    order = torch.randperm(count, generator=torch.Generator().manual_seed(SPLIT_SEED))
    train, validation = order.split((count * 9 // 10, count - count * 9 // 10))
    chosen = {"train": train, "validation": validation, "test": torch.arange(count)}[split]
    # 이미지를 통째로 옮기는 index_select가 값 하나씩 옮기는 images[chosen]보다 빠릅니다.
    images = images.flatten(0, 1).index_select(0, chosen)
    return ImageSet(images, torch.tensor(labels)[chosen], tuple(classes), "cifar10")


def _read(path: Path) -> dict:
    """파일의 내용. MD5를 확인한 바로 그 바이트를 풀므로, 그 사이에 바뀐 파일은 풀지 않습니다."""
    content = path.read_bytes() if path.is_file() else b""
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != MD5[path.name]:
        raise FileNotFoundError(f"{path}: 파일이 없거나 MD5가 CIFAR-10의 것과 다릅니다.")
    return pickle.loads(content, encoding="bytes")  # 글자로 바꾸지 않아 몇 배 빠릅니다.
