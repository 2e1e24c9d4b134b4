"""진짜 CIFAR-10: 찾기, 내려받기, 읽기.

파일의 이름과 MD5는 torchvision의 것과 같습니다. MD5가 맞지 않는 파일은 풀지도 읽지도 않습니다.
"""

import gzip
import hashlib
import logging
import os
import pickle
import socket
import ssl
import tarfile
import tempfile
import threading
import time
import urllib.error
import urllib.request
import zlib
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from http.client import HTTPException, IncompleteRead
from pathlib import Path
from shutil import rmtree
from urllib.parse import urlsplit

import torch

from aelab.data.imageset import ImageSet

MIRRORS = (
    "https://zenodo.org/records/15602362/files/cifar-10-python.tar.gz?download=1",
    "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",  # 원본이지만 몹시 느릴 때가 있다
)
BY_HAND = (
    "직접 받으려면 https://zenodo.org/records/15602362 이나 "
    "https://www.cs.toronto.edu/~kriz/cifar.html 에서 cifar-10-python.tar.gz를 받아 압축을 풀고, "
    "cifar-10-batches-py 폴더가 들어 있는 폴더를 환경 변수 AELAB_DATA에 적으십시오."
)
logger = logging.getLogger("aelab")


@dataclass(frozen=True)
class Files:
    """CIFAR-10을 이루는 것들의 이름과 MD5."""

    archive: str
    images_per_file: int
    train: Mapping[str, str]
    test: Mapping[str, str]
    meta: Mapping[str, str]

    @property
    def md5(self) -> dict[str, str]:
        return {**self.train, **self.test, **self.meta}


# torchvision.datasets.CIFAR10에도 있지만, 그것을 불러오는 데 1초가 넘게 듭니다.
OFFICIAL = Files(
    archive="c58f30108f718f92721af3b95e74349a",
    images_per_file=10_000,
    train={
        "data_batch_1": "c99cafc152244af753f735de768cd75f",
        "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
        "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
        "data_batch_4": "634d18415352ddfa80567beed471001a",
        "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    },
    test={"test_batch": "40351d587109b95175f43aff81a1287e"},
    meta={"batches.meta": "5ff9c542aee3614f3951f8cda6e48888"},
)
FOLDER = "cifar-10-batches-py"
MAX_UNPACKED = 200_000_000  # 바이트. 압축을 풀면 186 MB이다. 이보다 길면 더 풀지 않는다

SPLIT_SEED = 42
_READERS = 2  # 한꺼번에 읽는 파일의 수. 늘리면 메모리를 30 MB씩 더 씁니다
TEMPORARY_PREFIX = ".cifar10-"
TEMPORARY_LIFETIME = 24 * 60 * 60  # 초. 이보다 오래된 임시 폴더는 강제로 끝난 시도가 남긴 것이다


class DownloadError(OSError):
    """CIFAR-10을 내려받아 제자리에 두지 못했습니다."""


class _MirrorFailed(Exception):
    """미러 하나를 포기한 까닭."""


@dataclass(frozen=True)
class Limits:
    """미러 하나를 포기하는 기준. 시간의 단위는 초."""

    first_byte: float = 5.0  # 이름 찾기(DNS)부터 첫 바이트까지
    window: float = 15.0  # 속도를 재는 구간
    min_speed: float = 100e3  # 바이트/초. 구간의 평균이 이 이하면 포기한다(170 MB에 약 30분)
    max_bytes: int = 200_000_000  # 이보다 긴 응답은 CIFAR-10이 아니다


def cache_folder() -> Path:
    """내려받은 자료를 두는 사용자 캐시 폴더(운영체제의 관례를 따릅니다)."""
    from platformdirs import user_cache_path

    return user_cache_path("aelab", appauthor=False)


def problem(root: Path) -> str | None:
    """`root`에 온전한 CIFAR-10이 없는 까닭. 모든 파일이 있고 MD5가 맞으면 None."""
    if not root.is_dir():
        return "폴더가 없습니다"
    files, folder = OFFICIAL.md5, root / FOLDER
    if any((root / name).is_file() for name in files):
        return f"{root.name} 폴더가 아니라 그것이 들어 있는 폴더를 적어야 합니다"
    missing = [name for name in files if not (folder / name).is_file()]
    if missing:
        return f"{folder.name} 안에 없는 파일: {', '.join(missing)}"
    with ThreadPoolExecutor() as threads:  # MD5를 세는 동안 파이썬의 잠금을 놓으므로 나란히 셉니다.
        found = threads.map(_md5_of_unchanged, [folder / name for name in files])
    damaged = [name for name, md5 in zip(files, found, strict=True) if md5 != files[name]]
    return f"MD5가 맞지 않는 파일: {', '.join(damaged)}" if damaged else None


def locate(*, strict: bool = False) -> Path | None:
    """온전한 CIFAR-10이 든 폴더. 환경 변수 AELAB_DATA, 캐시 폴더의 차례로 찾고 없으면 None.

    오류: AELAB_DATA의 폴더가 온전하지 않으면, `strict`일 때는 FileNotFoundError이고 아니면
    경고만 하고 캐시 폴더를 봅니다.
    """
    if given := os.environ.get("AELAB_DATA"):
        root = Path(given).expanduser().absolute()
        reason = problem(root)
        if reason is None:
            return root
        message = f"AELAB_DATA에 적힌 {root}에 온전한 CIFAR-10이 없습니다: {reason}."
        if strict:
            raise FileNotFoundError(message)
        _warn(f"{message} 이 폴더는 건너뜁니다.")
    folder = cache_folder()
    return folder if problem(folder) is None else None


def load(split: str, root: Path) -> ImageSet:
    """`root`의 CIFAR-10을 메모리에 올립니다: 학습 45,000장, 검증 5,000장, 시험 10,000장.

    학습과 검증은 원래의 학습 세트 50,000장을 고정된 순열로 나눈 것입니다.

    인자
        split: "train", "validation", "test" 가운데 하나.
        root: `cifar-10-batches-py` 폴더가 들어 있는 폴더.

    오류: `split`이 틀리면 ValueError, 온전한 자료가 없으면 FileNotFoundError.
    """
    if split not in ("train", "validation", "test"):
        raise ValueError(
            f"split: 'train', 'validation', 'test' 가운데 하나를 기대했는데 {split!r}이(가) 왔습니다."
        )
    if reason := problem(Path(root)):
        raise FileNotFoundError(f"{root}에 온전한 CIFAR-10이 없습니다: {reason}.")
    folder, files = Path(root) / FOLDER, OFFICIAL.test if split == "test" else OFFICIAL.train
    order = _order(split, len(files) * OFFICIAL.images_per_file)
    images = torch.empty(len(order), 3, 32, 32, dtype=torch.uint8)
    labels = torch.empty(len(order), dtype=torch.int64)

    def fill(number: int, name: str, md5: str) -> None:
        part = _read(folder / name, md5)
        places = (order // OFFICIAL.images_per_file == number).nonzero()[:, 0]
        rows = order[places] - number * OFFICIAL.images_per_file
        # 이미지를 통째로 옮기는 이 둘이 값 하나씩 옮기는 images[places] = data[rows]보다 빠릅니다.
        data = torch.from_numpy(part[b"data"]).view(-1, 3, 32, 32)
        images.index_copy_(0, places, data.index_select(0, rows))
        labels[places] = torch.tensor(part[b"labels"])[rows]

    # 파일마다 제자리에 옮겨 담아, 고르지 않은 이미지가 메모리에 쌓이지 않게 합니다.
    with ThreadPoolExecutor(_READERS) as threads:
        list(threads.map(fill, range(len(files)), files, files.values()))
    ((meta, md5),) = OFFICIAL.meta.items()
    classes = [name.decode() for name in _read(folder / meta, md5)[b"label_names"]]
    return ImageSet(images, labels, tuple(classes), "cifar10")


def _read(path: Path, md5: str) -> dict:
    """파일의 내용. MD5를 확인한 바로 그 바이트를 읽으므로, 그 사이에 바뀐 파일은 읽지 않습니다."""
    content = path.read_bytes()
    if _md5(content) != md5:
        raise FileNotFoundError(f"{path}의 MD5가 맞지 않습니다.")
    return pickle.loads(content, encoding="bytes")  # 글자로 바꾸지 않아 몇 배 빠릅니다.


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _md5_of_unchanged(path: Path) -> str:
    """세 세트를 차례로 찾아도 한 번만 셉니다. 바뀐 파일은 크기나 시각이 달라 다시 셉니다."""
    found = path.stat()
    return _md5_of_file(path, found.st_size, found.st_mtime_ns)


@cache
def _md5_of_file(path: Path, size: int, modified: int) -> str:
    with path.open("rb") as file:  # 통째로 읽으면 파일만큼의 메모리를 씁니다.
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _order(split: str, count: int) -> torch.Tensor:
    """세트에 들어갈 이미지의 번호."""
    if split == "test":
        return torch.arange(count)
    order = torch.randperm(count, generator=torch.Generator().manual_seed(SPLIT_SEED))
    train_count = count * 9 // 10
    return order[:train_count] if split == "train" else order[train_count:]


def download(
    folder: Path | None = None,
    *,
    mirrors: Sequence[str] = MIRRORS,
    limits: Limits = Limits(),
) -> Path:
    """CIFAR-10을 내려받고 그것이 든 폴더를 돌려줍니다. 이미 온전하면 받지 않습니다.

    임시 폴더에서 MD5를 모두 확인한 뒤 이름만 바꾸므로, 도중에 끊겨도 반쪽 자료가 남지 않고
    여러 프로세스가 한꺼번에 받아도 서로 해치지 않습니다. 끊긴 뒤에는 처음부터 다시 받습니다.

    인자
        folder: 둘 곳. 없으면 사용자 캐시 폴더.
        mirrors: 차례로 시도할 주소.
        limits: 느리거나 대답이 없는 미러를 포기하는 기준.

    오류: 모두 실패했거나 폴더에 쓸 수 없거나 환경 변수 AELAB_OFFLINE이 1이면 DownloadError.
    """
    folder = Path(folder or cache_folder()).expanduser().absolute()
    if problem(folder) is None:
        return folder
    if os.environ.get("AELAB_OFFLINE") == "1":
        raise DownloadError(f"AELAB_OFFLINE이 1이라 CIFAR-10을 내려받지 않습니다.\n{BY_HAND}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(folder)
        with tempfile.TemporaryDirectory(
            prefix=TEMPORARY_PREFIX, dir=folder, ignore_cleanup_errors=True
        ) as temporary:
            archive = _fetch_from_first_good(mirrors, Path(temporary), limits)
            fresh = _extract(archive, Path(temporary, "extracted"))
            _install(fresh, folder, Path(temporary))
    except DownloadError:
        raise
    except OSError as error:
        raise DownloadError(f"{folder}에 CIFAR-10을 저장하지 못했습니다: {error}") from error
    return folder


_failures: dict[Path, DownloadError] = {}


def download_once() -> Path:
    """`download()`와 같지만, 이 세션에서 이미 실패했으면 곧바로 그때의 오류를 다시 냅니다.

    네트워크가 없는 곳에서 세 세트를 차례로 불러도 기다림이 한 번뿐이게 합니다.
    """
    folder = cache_folder()
    if folder in _failures:
        raise _failures[folder].with_traceback(None)
    try:
        return download(folder)
    except DownloadError as error:
        if os.environ.get("AELAB_OFFLINE") != "1":  # 기다린 적이 없으니 기억할 것도 없다
            _failures[folder] = error
        raise


@cache  # 세 세트를 차례로 불러도 한 번만 알린다
def _warn(message: str) -> None:
    logger.warning(message)


def _fetch_from_first_good(mirrors: Sequence[str], temporary: Path, limits: Limits) -> Path:
    failures = []
    for number, url in enumerate(mirrors):
        archive = temporary / f"{number}.tar.gz"
        try:
            _fetch(url, archive, limits)
            if _md5_of_unchanged(archive) != OFFICIAL.archive:
                raise _MirrorFailed("받은 파일의 MD5가 맞지 않습니다")
            return archive
        except _MirrorFailed as failure:
            failures.append(f"  - {url}: {failure}")
            logger.info("이 미러를 포기합니다. %s: %s", url, failure)
    raise DownloadError(
        "\n".join(["CIFAR-10을 내려받지 못했습니다. 시도한 주소와 까닭:", *failures, BY_HAND])
    )


def _fetch(url: str, path: Path, limits: Limits) -> None:
    """`url`을 `path`에 받습니다. 실패하거나 기준보다 느리면 _MirrorFailed."""
    from tqdm import tqdm

    transfer = _Transfer(url, path, limits)
    thread = threading.Thread(target=transfer.run, daemon=True)
    bar = tqdm(
        desc=f"CIFAR-10 ({urlsplit(url).hostname})",
        unit="B",
        unit_scale=True,
        leave=False,
        delay=0.5,  # 곧바로 실패하는 미러는 막대를 남기지 않는다
    )
    _certificates()  # 인증서를 읽는 시간은 미러의 탓이 아니다
    start = time.monotonic()
    samples = deque([(start, 0)])  # 최근 window초의 (시각, 그때까지 받은 바이트)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(0.05)
            now, received = time.monotonic(), transfer.received
            if not received:
                if now - start > limits.first_byte:
                    raise _MirrorFailed(f"{limits.first_byte:g}초 안에 응답이 없었습니다")
                samples[0] = (now, 0)  # 속도는 첫 바이트부터 잰다
                continue
            bar.total = transfer.total
            bar.update(received - bar.n)
            samples.append((now, received))
            while samples[1][0] <= now - limits.window:
                samples.popleft()
            elapsed, gained = now - samples[0][0], received - samples[0][1]
            slow = elapsed >= limits.window and gained <= limits.min_speed * elapsed
            if slow and thread.is_alive():
                raise _MirrorFailed(
                    f"너무 느립니다(최근 {limits.window:g}초 평균이 "
                    f"초당 {gained / elapsed / 1e3:.1f} kB)"
                )
    finally:
        transfer.given_up = True
        bar.close()
    if transfer.failure:
        raise _MirrorFailed(transfer.failure)


@dataclass
class _Transfer:
    """미러 하나에서 받는 일과 그 상태.

    소켓의 시간 제한은 이름 찾기(DNS)나 한 바이트씩 오는 응답에는 듣지 않는다.
    그래서 받기는 다른 스레드가, 시간 재기는 부른 쪽이 맡는다.
    """

    url: str
    path: Path
    limits: Limits
    received: int = 0
    total: int | None = None
    given_up: bool = False
    failure: str | None = None

    def run(self) -> None:
        try:
            self.failure = self._receive()
        except (OSError, HTTPException, ValueError) as error:
            self.failure = _reason(error)

    def _receive(self) -> str | None:
        request = urllib.request.Request(self.url, headers={"User-Agent": "aelab"})
        timeout = self.limits.first_byte + self.limits.window  # 버려진 스레드가 끝나는 때
        with (
            urllib.request.urlopen(request, timeout=timeout, context=_certificates()) as response,
            open(self.path, "wb") as file,
        ):
            if response.headers.get_content_type() == "text/html":
                return "압축 파일이 아니라 웹 페이지(HTML)가 왔습니다"
            length = response.headers.get("Content-Length", "")
            if length.isdecimal():  # 수가 아니면 없는 것과 같다
                self.total = int(length)
                if self.total > self.limits.max_bytes:
                    return self._too_large()
            # read1은 도착한 만큼만 돌려주어, 느린 서버에서도 속도를 잴 수 있다
            while not self.given_up and (chunk := response.read1(1 << 16)):
                file.write(chunk)
                self.received += len(chunk)
                if self.received > self.limits.max_bytes:
                    return self._too_large()
        if self.total and self.received < self.total:
            return f"{self.total:,}바이트 가운데 {self.received:,}바이트만 오고 연결이 끊겼습니다"
        return None

    def _too_large(self) -> str:
        return f"파일이 {self.limits.max_bytes:,}바이트보다 큽니다"


@cache
def _certificates() -> ssl.SSLContext:
    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())  # macOS의 파이썬에는 인증서가 없을 수 있다
    return context


def _reason(error: Exception) -> str:
    """받다가 난 오류를 우리말로."""
    if isinstance(error, urllib.error.HTTPError):
        return f"서버가 오류를 돌려주었습니다(HTTP {error.code})"
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    for kind, text in (
        (
            socket.gaierror,
            "서버의 이름을 찾지 못했습니다(DNS). 인터넷 연결을 확인하십시오",
        ),
        (ConnectionRefusedError, "서버가 연결을 거부했습니다"),
        ((ConnectionError, IncompleteRead), "연결이 끊겼습니다"),
        (TimeoutError, "정해진 시간 안에 응답이 없었습니다"),
        (ssl.SSLCertVerificationError, "서버의 인증서를 확인하지 못했습니다"),
        (ssl.SSLError, "서버와 암호화된 연결(TLS)을 맺지 못했습니다"),
    ):
        if isinstance(cause, kind):
            return text
    return f"연결하거나 저장하지 못했습니다({type(cause).__name__}: {cause})"


def _extract(archive: Path, into: Path) -> Path:
    """아는 이름의 보통 파일만 풀고, MD5를 확인한 뒤에야 씁니다. 푼 폴더를 돌려줍니다.

    tarfile에게 풀게 하지 않습니다. 이름과 종류, 권한을 압축 파일이 정하지 못하고, 파이썬의 버전마다 다른
    거르개(filter)에 기대지도 않습니다.
    """
    folder = into / FOLDER
    folder.mkdir(parents=True)
    expected = {f"{FOLDER}/{name}": (name, md5) for name, md5 in OFFICIAL.md5.items()}
    waiting = {FOLDER, f"{FOLDER}/readme.html", *expected}
    try:
        with _Unpacked(archive) as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
            for member in tar:
                kind_is_known = member.isdir() if member.name == FOLDER else member.isreg()
                if member.name not in waiting or not kind_is_known or member.issparse():
                    raise DownloadError(f"압축 파일에 기대하지 않은 항목이 있습니다: {member.name}")
                waiting.remove(member.name)  # 같은 이름이 또 오면 거절한다
                file = tar.extractfile(member)
                if file is None or member.name not in expected:
                    continue  # 폴더, 그리고 MD5를 모르는 설명서는 쓰지 않는다
                name, md5 = expected[member.name]
                content = file.read()
                if _md5(content) != md5:
                    raise DownloadError(
                        f"압축 파일의 내용이 CIFAR-10과 다릅니다: MD5가 맞지 않는 파일: {name}"
                    )
                (folder / name).write_bytes(content)
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error, ValueError) as error:
        raise DownloadError(f"압축 파일을 풀지 못했습니다: {error}") from error
    if reason := problem(into):
        raise DownloadError(f"압축 파일의 내용이 CIFAR-10과 다릅니다: {reason}")
    return folder


class _Unpacked(gzip.GzipFile):
    """MAX_UNPACKED바이트까지만 풀리는 압축 파일. 작은 파일이 메모리나 디스크를 채우지 못합니다."""

    def read(self, size: int | None = -1) -> bytes:
        content = super().read(size)
        if self.tell() > MAX_UNPACKED:
            raise DownloadError(f"압축 파일을 풀면 {MAX_UNPACKED:,}바이트보다 큽니다")
        return content


def _install(fresh: Path, folder: Path, temporary: Path) -> None:
    """확인한 폴더를 제자리로 옮깁니다. 다른 프로세스가 먼저 옮겼으면 그것을 씁니다."""
    target = folder / fresh.name
    for attempt in range(5):  # 치우고 옮기는 사이에 다른 프로세스가 끼어들 수 있다
        with suppress(OSError):
            os.rename(fresh, target)
            return
        if problem(folder) is None:
            return
        with suppress(FileNotFoundError):  # 그 자리에 있던 반쪽 폴더를 치운다
            os.rename(target, temporary / f"broken-{attempt}")
    raise DownloadError(f"{target}에 있던 폴더를 새것으로 바꾸지 못했습니다")


def _remove_leftovers(folder: Path) -> None:
    """강제로 끝난 예전 시도의 임시 폴더를 지웁니다. 지금 받고 있을 수 있는 새것은 둡니다."""
    for leftover in folder.glob(f"{TEMPORARY_PREFIX}*"):
        with suppress(FileNotFoundError):  # 다른 프로세스가 먼저 지웠을 수 있다
            if time.time() - leftover.stat().st_mtime > TEMPORARY_LIFETIME:
                rmtree(leftover, ignore_errors=True)
