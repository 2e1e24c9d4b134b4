"""aelab.data.cifar10: 바깥 네트워크 없이, 이 컴퓨터의 작은 서버와 작은 가짜 자료로 시험한다."""

import hashlib
import io
import os
import pickle
import socket
import tarfile
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch

from aelab import data
from aelab.data import cifar10
from aelab.data.cifar10 import FOLDER, DownloadError

IMAGES_PER_FILE = 4
BOUND = 30  # 초. 바쁜 컴퓨터에서도, 죽은 미러를 포기하고 다음 것을 받기까지


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def made_files() -> dict[str, bytes]:
    """CIFAR-10과 같은 꼴(파이썬 2의 피클이라 이름이 bytes)의 작은 파일들."""
    rng = np.random.default_rng(0)
    files = {"batches.meta": pickle.dumps({b"label_names": [b"airplane", b"automobile"]})}
    for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"):
        pixels = rng.integers(0, 256, (IMAGES_PER_FILE, 3072), dtype=np.uint8)
        labels = rng.integers(0, 2, IMAGES_PER_FILE).tolist()
        files[name] = pickle.dumps({b"data": pixels, b"labels": labels})
    return files


def packed(files: dict[str, bytes], folder: str = FOLDER) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(f"{folder}/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


FILES = made_files()
ARCHIVE = packed(FILES)


class Handler(BaseHTTPRequestHandler):
    """주소의 이름대로 행동하는 서버."""

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        name = self.path.strip("/")
        self.server.asked.append(name)
        if name == "silent":
            return self.server.closing.wait()
        if name == "missing":
            return self.send_error(404)
        archive = self.server.archive
        half = len(archive) // 2
        body = {
            "cut": archive[:half],
            "stalled": archive[:half],
            "wrong": archive[:half] + bytes([archive[half] ^ 1]) + archive[half + 1 :],
            "page": b"<html>sign in</html>",
        }.get(name, archive)
        length = len(body) if name in ("page", "wrong") else len(archive)
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        with suppress(ConnectionError):  # 받는 쪽이 포기할 수 있다
            for start in range(0, len(body), step := len(body) // 20 + 1):
                self.wfile.write(body[start : start + step])
                if name == "slow":
                    time.sleep(0.1)
        if name == "stalled":
            self.server.closing.wait()


@pytest.fixture
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked, server.archive, server.closing = [], ARCHIVE, threading.Event()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.closing.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def use(cache, server, monkeypatch):
    """미러를 정한다. "refused"는 듣는 이가 없는 포트이다."""

    def choose(*names: str) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            dead = unused.getsockname()[1]
        ports = [dead if name == "refused" else server.server_port for name in names]
        urls = (f"http://127.0.0.1:{p}/{name}" for p, name in zip(ports, names, strict=True))
        monkeypatch.setattr(cifar10, "MIRRORS", tuple(urls))

    return choose


@pytest.fixture
def cache(monkeypatch, tmp_path) -> Path:
    """작은 가짜 자료를 기대하게 하고, 환경 변수와 캐시 폴더를 시험마다 새것으로 한다."""
    monkeypatch.setattr(cifar10, "ARCHIVE_MD5", md5(ARCHIVE))
    monkeypatch.setattr(cifar10, "MD5", {name: md5(content) for name, content in FILES.items()})
    monkeypatch.setattr(cifar10, "IMAGES_PER_FILE", IMAGES_PER_FILE)
    monkeypatch.setattr(cifar10, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr("aelab.toyworld.load", lambda split: f"toyworld {split}")
    monkeypatch.delenv("AELAB_DATA", raising=False)
    monkeypatch.delenv("AELAB_OFFLINE", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    data._downloaded.cache_clear()
    return tmp_path / "cache"


def write_files(root: Path, files: dict[str, bytes] = FILES) -> Path:
    (root / FOLDER).mkdir(parents=True)
    for name, content in files.items():
        (root / FOLDER / name).write_bytes(content)
    return root


def contents(root: Path) -> dict[str, bytes]:
    """`root`에 남은 모든 파일."""
    paths = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root / FOLDER).as_posix(): path.read_bytes() for path in paths}


# 내려받기


def test_first_mirror_is_enough(cache, server, use):
    use("good", "missing")
    assert cifar10.download() == cache
    assert contents(cache) == FILES
    assert cifar10.download() == cache  # 온전하면 다시 받지 않는다
    assert server.asked == ["good"]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("refused", "연결하지 못했거나 도중에 끊김"),
        ("missing", "404"),
        pytest.param("silent", "대답이 없음", marks=pytest.mark.slow),
        pytest.param("stalled", "연결하지 못했거나 도중에 끊김", marks=pytest.mark.slow),
        ("cut", "도중에 끊김"),
        ("wrong", "받은 것의 MD5가 다름"),
        ("page", "받은 것의 MD5가 다름"),
    ],
)
def test_faulty_mirror_costs_seconds_and_leaves_nothing(cache, use, monkeypatch, fault, reason):
    monkeypatch.setattr(cifar10, "TIMEOUT", (1, 1))
    start = time.monotonic()
    use(fault)
    with pytest.raises(DownloadError, match=f"127.0.0.1:.*{reason}.*\n직접 받으려면.*AELAB_DATA"):
        cifar10.download()
    assert contents(cache) == {}
    use(fault, "good")
    cifar10.download()
    assert contents(cache) == FILES
    assert time.monotonic() - start < BOUND


@pytest.mark.slow
def test_slow_mirror_is_kept_while_bytes_arrive(cache, server, use, monkeypatch):
    monkeypatch.setattr(cifar10, "TIMEOUT", (1, 1))
    use("slow", "good")
    start = time.monotonic()
    cifar10.download()
    assert time.monotonic() - start > 1.5
    assert (server.asked, contents(cache)) == (["slow"], FILES)


def test_interrupted_download_leaves_nothing_and_starts_again(cache, use, monkeypatch):
    use("good")
    with monkeypatch.context() as patch:
        patch.setattr("tqdm.tqdm.update", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            cifar10.download()
    assert contents(cache) == {}
    cifar10.download()
    assert contents(cache) == FILES


def test_half_written_files_are_replaced(cache, use):
    write_files(cache, FILES | {"data_batch_1": FILES["data_batch_1"][:100]})
    use("good")
    cifar10.download()
    assert contents(cache) == FILES


def test_downloads_at_once_end_in_one_good_copy(cache, use):
    use("good")
    threads = [threading.Thread(target=cifar10.download) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert contents(cache) == FILES


@pytest.mark.parametrize(
    "archive",
    [packed(FILES | {"test_batch": b"x"}), packed({}), packed(FILES, "../evil"), b"not a tar"],
    ids=["other content", "empty", "outside", "no archive"],
)
def test_archive_with_other_contents_is_refused(cache, server, use, monkeypatch, archive):
    server.archive = archive
    monkeypatch.setattr(cifar10, "ARCHIVE_MD5", md5(archive))
    use("good")
    with pytest.raises(DownloadError, match="MD5가 다릅니다|저장하지 못했습니다"):
        cifar10.download()
    assert [path.name for path in cache.parent.rglob("*")] == ["cache", FOLDER]


def test_folder_that_cannot_be_written_is_named(cache, use):
    cache.write_text("폴더가 아니다", encoding="utf-8")
    use("good")
    with pytest.raises(DownloadError, match="cache에 CIFAR-10을 저장하지 못했습니다"):
        cifar10.download()


# load_images


def test_auto_uses_toyworld_after_one_try_and_one_line(server, use, caplog):
    use("missing")
    splits = ("train", "validation", "test")
    assert [data.load_images(split=s) for s in splits] == [f"toyworld {s}" for s in splits]
    assert server.asked == ["missing"]
    (line,) = caplog.messages
    assert line.startswith("CIFAR-10을 내려받지 못했습니다(127.0.0.1:")
    assert "대신 toyworld를 씁니다" in line
    use("good")
    assert data.load_images("cifar10", "test").name == "cifar10"  # 콕 집어 부르면 다시 시도한다


def test_offline_asks_no_mirror(server, use, monkeypatch, caplog):
    monkeypatch.setenv("AELAB_OFFLINE", "1")
    use("good")
    assert data.load_images("auto", "test") == "toyworld test"
    assert "python -m aelab data" in caplog.text
    assert "AELAB_DATA" in caplog.text
    with pytest.raises(DownloadError, match="AELAB_OFFLINE=1이라"):
        data.load_images("cifar10", "test")
    assert server.asked == []
    monkeypatch.delenv("AELAB_OFFLINE")
    assert data.load_images("auto", "test").name == "cifar10"


# 찾기


def test_aelab_data_comes_before_the_cache(cache, tmp_path, monkeypatch):
    assert cifar10.locate(strict=True) is None
    write_files(cache)
    assert cifar10.locate() == cache
    monkeypatch.setenv("AELAB_DATA", str(write_files(tmp_path / "data")))
    assert cifar10.locate() == tmp_path / "data"


def test_what_torchvision_left_in_the_working_folder_is_found(cache, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cifar10.locate() is None
    write_files(tmp_path / "data")
    assert cifar10.locate(strict=True) == tmp_path / "data"


@pytest.mark.parametrize("typed", ["{}", "{}/", '"{}"', "'{}' ", " {}  ", "{}/cifar-10-batches-py"])
def test_aelab_data_is_taken_as_students_type_it(cache, tmp_path, monkeypatch, typed):
    write_files(tmp_path / "내 자료")
    monkeypatch.setenv("AELAB_DATA", typed.format(tmp_path / "내 자료"))
    assert cifar10.locate(strict=True) == tmp_path / "내 자료"


def test_the_folder_above_is_taken_too(cache, tmp_path, monkeypatch):
    write_files(tmp_path / "받은 것" / "자료")
    monkeypatch.setenv("AELAB_DATA", str(tmp_path / "받은 것"))
    assert cifar10.locate(strict=True) == tmp_path / "받은 것" / "자료"


@pytest.mark.parametrize(
    ("files", "bad"),
    [
        ({}, "안에 cifar-10-batches-py 폴더가 있어야"),
        (FILES | {"test_batch": b"x"}, "파일: test_batch"),
        ({name: FILES[name] for name in FILES if name != "batches.meta"}, "파일: batches.meta"),
    ],
)
def test_bad_aelab_data_is_named_and_passed_over_by_auto(
    cache, tmp_path, monkeypatch, caplog, files, bad
):
    monkeypatch.setenv("AELAB_DATA", str(write_files(tmp_path / "data", files)))
    with pytest.raises(FileNotFoundError, match=f"AELAB_DATA에 적힌 .*/data에 온전한.* {bad}"):
        data.load_images("cifar10", "test")
    write_files(cache)
    assert [cifar10.locate() for _ in range(3)] == [cache] * 3
    assert len(caplog.messages) == 1
    assert "이 폴더는 건너뜁니다." in caplog.text


# 읽기


class Trap:
    """풀리는 순간 폴더를 남기는 pickle."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize(
    ("split", "name"),
    [("train", "data_batch_5"), ("validation", "data_batch_1"), ("test", "test_batch")]
    + [("test", "batches.meta")],
)
def test_unverified_pickle_is_never_loaded(cache, tmp_path, split, name):
    """크기도 시각도 그대로인 채 내용만 바뀐 파일도."""
    root = write_files(tmp_path / "data")
    assert cifar10.bad_files(root) == []
    path, trap = root / FOLDER / name, pickle.dumps(Trap(tmp_path / "sprung"))
    before = path.stat()
    path.write_bytes(trap.ljust(before.st_size, b"\0"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(FileNotFoundError, match=f"{name}: 파일이 없거나 MD5가"):
        cifar10.load(split, root)
    assert not (tmp_path / "sprung").exists()
    pickle.loads(trap)
    assert (tmp_path / "sprung").exists()  # 덫은 살아 있었다


@pytest.mark.slow
def test_names_and_md5_are_those_of_torchvision():
    from torchvision.datasets import CIFAR10

    meta = (CIFAR10.meta["filename"], CIFAR10.meta["md5"])
    assert dict([*CIFAR10.train_list, *CIFAR10.test_list, meta]) == cifar10.MD5
    assert (CIFAR10.base_folder, CIFAR10.tgz_md5) == (cifar10.FOLDER, cifar10.ARCHIVE_MD5)


@pytest.mark.slow
def test_splits_agree_with_torchvision(cifar10_root):
    from torchvision.datasets import CIFAR10

    order = torch.randperm(50_000, generator=torch.Generator().manual_seed(42)).numpy()
    train, test = (CIFAR10(cifar10_root, train=train) for train in (True, False))
    for split, theirs, chosen in (
        ("train", train, order[:45_000]),
        ("validation", train, order[45_000:]),
        ("test", test, slice(None)),
    ):
        ours = cifar10.load(split, cifar10_root)
        assert np.array_equal(ours.images.numpy(), theirs.data.transpose(0, 3, 1, 2)[chosen])
        assert np.array_equal(ours.labels.numpy(), np.array(theirs.targets)[chosen])
        assert list(ours.classes) == theirs.classes
        assert ours.images.is_contiguous()


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("{0}/없음", "그런 폴더가 없습니다"),
        ("{0}/cifar-10-python.tar.gz", "압축을 푼 폴더를 적습니다"),
        ("{0}/사진", "안에 cifar-10-batches-py 폴더가 있어야 합니다"),
    ],
)
def test_a_place_that_is_no_cifar10_is_told_what_is_missing(tmp_path, monkeypatch, typed, why):
    (tmp_path / "사진").mkdir()
    (tmp_path / "cifar-10-python.tar.gz").touch()
    monkeypatch.setenv("AELAB_DATA", typed.format(tmp_path))
    with pytest.raises(FileNotFoundError, match=why):
        cifar10.locate(strict=True)
