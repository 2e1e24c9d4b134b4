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
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.datasets import CIFAR10

from aelab.data import cifar10
from aelab.data.cifar10 import DownloadError, Files, Limits

# 짧게 기다리되, 몹시 바쁜 컴퓨터에서도 성한 미러를 포기하지는 않을 만큼
QUICK = Limits(first_byte=3, window=1, min_speed=20_000, max_bytes=1_000_000)
IMAGES_PER_BATCH = 4


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def packed(members: dict[str, bytes | tarfile.TarInfo]) -> bytes:
    """이름과 내용을 담은 tar.gz. TarInfo를 주면 그 항목을 그대로 넣는다."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                tar.addfile(content)
            else:
                info = tarfile.TarInfo(name)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def made_files() -> dict[str, bytes]:
    """CIFAR-10과 같은 꼴의 작은 파일들."""
    rng = np.random.default_rng(0)
    files = {}
    for name in [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]:
        pixels = rng.integers(0, 256, (IMAGES_PER_BATCH, 3072), dtype=np.uint8)
        labels = rng.integers(0, 2, IMAGES_PER_BATCH).tolist()
        files[name] = pickle.dumps({"data": pixels, "labels": labels})
    files["batches.meta"] = pickle.dumps({"label_names": ["airplane", "automobile"]})
    return files


FILES = made_files()
ARCHIVE = packed({f"cifar-10-batches-py/{name}": content for name, content in FILES.items()})


TINY = Files(
    archive=md5(ARCHIVE),
    train={name: md5(FILES[name]) for name in FILES if name.startswith("data")},
    test={"test_batch": md5(FILES["test_batch"])},
    meta={"batches.meta": md5(FILES["batches.meta"])},
)


class Handler(BaseHTTPRequestHandler):
    """주소의 이름대로 행동하는 서버."""

    def log_message(self, *args: object) -> None:
        pass

    def answer(self, content: bytes, length: int | None = None, kind: str = "x/y") -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        self.end_headers()
        self.wfile.write(content)

    def drip(self, content: bytes) -> None:
        """끝날 때까지 0.02초마다 한 바이트씩."""
        for byte in content:
            if self.server.closing.wait(0.02):
                return
            self.wfile.write(bytes([byte]))

    def do_GET(self) -> None:
        name = self.path.strip("/")
        self.server.asked.append(name)
        with suppress(ConnectionError):  # 받는 쪽이 포기할 수 있다
            getattr(self, f"send_{name}")()

    def send_good(self) -> None:
        self.answer(self.server.archive)

    def send_without_length(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.server.archive)

    def send_redirect(self) -> None:
        self.send_response(302)
        self.send_header("Location", "/good")
        self.end_headers()

    def send_missing(self) -> None:
        self.send_error(404)

    def send_broken(self) -> None:
        self.send_error(500)

    def send_silent(self) -> None:
        self.server.closing.wait(20)

    def send_slow_headers(self) -> None:
        self.drip(b"HTTP/1.1 200 OK\r\n" + b"X-Filler: x\r\n" * 1000)

    def send_stalled(self) -> None:
        self.answer(self.server.archive[:5000], len(self.server.archive))
        self.server.closing.wait(20)

    def send_trickle(self) -> None:
        self.answer(b"", len(self.server.archive))
        self.drip(self.server.archive)

    def send_truncated(self) -> None:
        self.answer(self.server.archive[:5000], len(self.server.archive))

    def send_corrupt(self) -> None:
        self.answer(self.server.archive[:-100] + bytes(100))

    def send_page(self) -> None:
        self.answer(b"<html>sorry</html>", kind="text/html; charset=utf-8")

    def send_disguised_page(self) -> None:
        self.answer(b"<html>sorry</html>")

    def send_endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        for _ in range(100):  # 10 MB면 QUICK에는 끝없는 것과 같다
            self.wfile.write(bytes(100_000))

    def send_nonsense(self) -> None:
        self.wfile.write(b"nonsense\r\n\r\n")


@pytest.fixture
def server(monkeypatch):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked, server.archive, server.closing = [], ARCHIVE, threading.Event()
    server.url = lambda name: f"http://127.0.0.1:{server.server_port}/{name}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.closing.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def refused_url() -> str:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}/refused"


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """가짜 자료를 기대하게 하고, 환경 변수와 캐시 폴더를 시험마다 새것으로 한다."""
    monkeypatch.setattr(cifar10, "OFFICIAL", TINY)
    monkeypatch.setattr(cifar10, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(cifar10, "_failures", {})
    monkeypatch.delenv("AELAB_DATA", raising=False)
    monkeypatch.delenv("AELAB_OFFLINE", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path


def write_files(root: Path, files: dict[str, bytes] = FILES) -> Path:
    folder = root / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return root


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# 내려받기: 미러


def test_first_mirror_is_enough(tiny, server):
    root = cifar10.download(tiny, mirrors=[server.url("good"), server.url("missing")])
    assert root == tiny
    assert server.asked == ["good"]
    assert names_in(tiny) == ["cifar-10-batches-py"]
    assert {p.name: p.read_bytes() for p in (tiny / "cifar-10-batches-py").iterdir()} == FILES


@pytest.mark.parametrize("name", ["without_length", "redirect"])
def test_mirror_may_redirect_or_leave_the_length_out(tiny, server, name):
    assert cifar10.download(tiny, mirrors=[server.url(name)], limits=QUICK) == tiny
    assert cifar10.problem(tiny) is None


FAULTS = {
    "missing": "HTTP 404",
    "broken": "HTTP 500",
    "silent": "3초 안에 응답이 없었습니다",
    "slow_headers": "3초 안에 응답이 없었습니다",
    "stalled": "너무 느립니다(최근 1초 평균이 초당 ",
    "trickle": "너무 느립니다(최근 1초 평균이 초당 0.",
    "truncated": f"{len(ARCHIVE):,}바이트 가운데 5,000바이트만 오고 연결이 끊겼습니다",
    "corrupt": "MD5가 맞지 않습니다",
    "page": "웹 페이지(HTML)가 왔습니다",
    "disguised_page": "MD5가 맞지 않습니다",
    "endless": "1,000,000바이트보다 큽니다",
    "nonsense": "BadStatusLine",
}


@pytest.mark.parametrize("name", FAULTS)
def test_faulty_mirror_gives_way_to_the_next_in_time(tiny, server, caplog, name):
    caplog.set_level("INFO", logger="aelab")
    mirrors = [server.url(name), server.url("missing"), server.url("good")]
    start = time.monotonic()
    cifar10.download(tiny, mirrors=mirrors, limits=QUICK)
    assert time.monotonic() - start < 10  # 서버는 20초 넘게 붙들려 한다
    assert server.asked == [name, "missing", "good"]
    assert cifar10.problem(tiny) is None
    assert names_in(tiny) == ["cifar-10-batches-py"]
    first, second = caplog.messages
    assert f"{mirrors[0]}: " in first
    assert FAULTS[name] in first
    assert f"{mirrors[1]}: " in second


def test_no_network_costs_little_time(tiny, refused_url):
    start = time.monotonic()
    with pytest.raises(DownloadError, match="서버가 연결을 거부했습니다"):
        cifar10.download(tiny, mirrors=[refused_url, refused_url])
    assert time.monotonic() - start < 2


def test_hanging_name_lookup_is_given_up(tiny, monkeypatch):
    def hang(*args: object, **kwargs: object) -> None:
        time.sleep(3)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    start = time.monotonic()
    with pytest.raises(DownloadError, match=r"0\.3초 안에 응답이 없었습니다"):
        cifar10.download(tiny, mirrors=["http://a.invalid/x"], limits=Limits(first_byte=0.3))
    assert time.monotonic() - start < 2


def test_unknown_host_is_named_as_such(tiny, monkeypatch):
    def fail(*args: object, **kwargs: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(DownloadError, match="서버의 이름을 찾지 못했습니다"):
        cifar10.download(tiny, mirrors=["http://a.invalid/x"], limits=QUICK)


def test_error_names_every_mirror_and_the_way_by_hand(tiny, server, refused_url):
    mirrors = [server.url("missing"), refused_url, server.url("corrupt")]
    with pytest.raises(DownloadError) as caught:
        cifar10.download(tiny, mirrors=mirrors, limits=QUICK)
    _, *lines, by_hand = str(caught.value).splitlines()
    assert lines == [
        f"  - {mirrors[0]}: 서버가 오류를 돌려주었습니다(HTTP 404)",
        f"  - {mirrors[1]}: 서버가 연결을 거부했습니다",
        f"  - {mirrors[2]}: 받은 파일의 MD5가 맞지 않습니다",
    ]
    assert "AELAB_DATA" in by_hand


def test_good_copy_is_not_downloaded_again(tiny, server):
    write_files(tiny)
    assert cifar10.download(tiny, mirrors=[server.url("good")]) == tiny
    assert server.asked == []


def test_offline_asks_no_mirror(tiny, server, monkeypatch):
    monkeypatch.setenv("AELAB_OFFLINE", "1")
    with pytest.raises(DownloadError, match="AELAB_OFFLINE이 1이라"):
        cifar10.download(tiny, mirrors=[server.url("good")])
    assert server.asked == []


def test_folder_that_cannot_be_written_is_named(tiny, server):
    (tiny / "file").write_text("폴더가 아니다", encoding="utf-8")
    with pytest.raises(DownloadError, match="file/data에 CIFAR-10을 저장하지 못했습니다"):
        cifar10.download(tiny / "file" / "data", mirrors=[server.url("good")])


def test_failure_is_remembered_for_the_session(tiny, monkeypatch):
    asked = []

    def fail(folder: Path) -> Path:
        asked.append(folder)
        raise DownloadError("받지 못함")

    monkeypatch.setattr(cifar10, "download", fail)
    for _ in range(3):
        with pytest.raises(DownloadError, match="받지 못함"):
            cifar10.download_once()
    assert asked == [tiny / "cache"]


def test_going_online_again_is_noticed(tiny, monkeypatch):
    monkeypatch.setenv("AELAB_OFFLINE", "1")
    with pytest.raises(DownloadError, match="AELAB_OFFLINE"):
        cifar10.download_once()
    monkeypatch.delenv("AELAB_OFFLINE")
    monkeypatch.setattr(cifar10, "download", lambda folder: folder)
    assert cifar10.download_once() == tiny / "cache"


# 내려받기: 풀기와 제자리에 두기


def test_half_extracted_folder_is_replaced(tiny, server):
    half = dict(list(FILES.items())[:3]) | {"data_batch_1": FILES["data_batch_1"][:100]}
    write_files(tiny, half)
    assert cifar10.problem(tiny) is not None
    cifar10.download(tiny, mirrors=[server.url("good")])
    assert cifar10.problem(tiny) is None
    assert names_in(tiny) == ["cifar-10-batches-py"]


def test_interrupted_extraction_leaves_nothing(tiny, server, monkeypatch):
    extract, done = tarfile.TarFile.extract, []

    def interrupted(self, member, *args, **kwargs):
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(member.name)
        return extract(self, member, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(tarfile.TarFile, "extract", interrupted)
        with pytest.raises(KeyboardInterrupt):
            cifar10.download(tiny, mirrors=[server.url("good")])
    assert len(done) == 3
    assert names_in(tiny) == []
    cifar10.download(tiny, mirrors=[server.url("good")])
    assert cifar10.problem(tiny) is None


def test_interrupted_transfer_stops_and_leaves_nothing(tiny, server, monkeypatch):
    def interrupt(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tqdm.tqdm.update", interrupt)
    with pytest.raises(KeyboardInterrupt):
        cifar10.download(tiny, mirrors=[server.url("trickle")], limits=QUICK)
    assert names_in(tiny) == []
    receiving = [thread for thread in threading.enumerate() if thread.name.endswith("(run)")]
    for thread in receiving:
        thread.join(10)
    assert not any(thread.is_alive() for thread in receiving)


def test_only_old_leftovers_are_removed(tiny, server):
    for name in (".cifar10-old", ".cifar10-running"):
        write_files(tiny / name)
    two_days_ago = time.time() - 2 * 24 * 60 * 60
    os.utime(tiny / ".cifar10-old", (two_days_ago, two_days_ago))
    cifar10.download(tiny, mirrors=[server.url("good")])
    assert names_in(tiny) == [".cifar10-running", "cifar-10-batches-py"]


def link(name: str, kind: bytes, target: str) -> dict[str, tarfile.TarInfo]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return {name: info}


@pytest.mark.parametrize(
    "member",
    [
        {"../evil": b"x"},
        {"cifar-10-batches-py/../../evil": b"x"},
        {"/evil": b"x"},
        {"cifar-10-batches-py/evil": b"x"},
        link("cifar-10-batches-py/test_batch", tarfile.SYMTYPE, "/etc/passwd"),
        link("cifar-10-batches-py/test_batch", tarfile.LNKTYPE, "cifar-10-batches-py/data_batch_1"),
        link("cifar-10-batches-py", tarfile.SYMTYPE, ".."),
        link("cifar-10-batches-py/test_batch", tarfile.FIFOTYPE, ""),
    ],
    ids=["parent", "inner_parent", "absolute", "unknown", "symlink", "hardlink", "base", "fifo"],
)
def test_hostile_member_is_refused(tiny, server, monkeypatch, member):
    (name,) = member
    server.archive = packed(member)
    monkeypatch.setattr(cifar10, "OFFICIAL", replace(TINY, archive=md5(server.archive)))
    with pytest.raises(DownloadError) as caught:
        cifar10.download(tiny / "data", mirrors=[server.url("good")])
    assert str(caught.value) == f"압축 파일에 기대하지 않은 항목이 있습니다: {name}"
    assert names_in(tiny) == ["data"]
    assert names_in(tiny / "data") == []


@pytest.mark.parametrize(
    ("archive", "message"),
    [
        (b"not a tar", "압축 파일을 풀지 못했습니다"),
        (packed({}), "내용이 CIFAR-10과 다릅니다: 폴더가 없습니다"),
        (
            packed({f"cifar-10-batches-py/{name}": b"x" for name in FILES}),
            "내용이 CIFAR-10과 다릅니다: MD5가 맞지 않는 파일: data_batch_1",
        ),
    ],
    ids=["not_tar", "empty", "other_files"],
)
def test_archive_with_other_contents_is_refused(tiny, server, monkeypatch, archive, message):
    server.archive = archive
    monkeypatch.setattr(cifar10, "OFFICIAL", replace(TINY, archive=md5(archive)))
    with pytest.raises(DownloadError, match=message):
        cifar10.download(tiny, mirrors=[server.url("good")])
    assert names_in(tiny) == []


def test_many_downloads_at_once_end_in_one_good_copy(tiny, server):
    write_files(tiny, {"data_batch_1": b"half"})
    roots = []

    def run() -> None:
        roots.append(cifar10.download(tiny, mirrors=[server.url("good")]))

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert roots == [tiny] * 6
    assert cifar10.problem(tiny) is None
    assert names_in(tiny) == ["cifar-10-batches-py"]


def test_loser_of_a_race_keeps_the_winners_copy(tiny, server, monkeypatch):
    extract, winners = cifar10._extract, []

    def overtaken(archive: Path, into: Path) -> Path:
        write_files(tiny)
        winners.append((tiny / "cifar-10-batches-py").stat().st_ino)
        return extract(archive, into)

    monkeypatch.setattr(cifar10, "_extract", overtaken)
    cifar10.download(tiny, mirrors=[server.url("good")])
    assert [(tiny / "cifar-10-batches-py").stat().st_ino] == winners
    assert names_in(tiny) == ["cifar-10-batches-py"]


def test_bad_copy_that_keeps_coming_back_is_an_error(tiny, server, monkeypatch):
    rename = os.rename

    def rename_and_spoil(source: Path, target: Path) -> None:
        rename(source, target)
        if Path(source).parent == tiny:
            write_files(tiny, {"data_batch_1": b"half"})

    write_files(tiny, {"data_batch_1": b"half"})
    monkeypatch.setattr(os, "rename", rename_and_spoil)
    with pytest.raises(DownloadError, match="새것으로 바꾸지 못했습니다"):
        cifar10.download(tiny, mirrors=[server.url("good")])


# 찾기


@pytest.mark.parametrize(
    ("files", "inside", "message"),
    [
        (None, "", "폴더가 없습니다"),
        ({}, "", "안에 없는 파일: data_batch_1, data_batch_2"),
        ({k: v for k, v in FILES.items() if k != "batches.meta"}, "", "없는 파일: batches.meta"),
        (FILES | {"test_batch": b"x"}, "", "MD5가 맞지 않는 파일: test_batch"),
        (FILES | {"batches.meta": b"x"}, "", "MD5가 맞지 않는 파일: batches.meta"),
        (FILES, "cifar-10-batches-py", "cifar-10-batches-py 폴더가 아니라 그것이 들어 있는 폴더"),
    ],
)
def test_problem_says_what_is_wrong(tiny, monkeypatch, files, inside, message):
    root = tiny / "data" if files is None else write_files(tiny / "data", files)
    assert message in cifar10.problem(root / inside)
    monkeypatch.setenv("AELAB_DATA", str(root / inside))
    with pytest.raises(FileNotFoundError, match=f"AELAB_DATA에 적힌 .*{message}"):
        cifar10.locate(strict=True)


def test_aelab_data_comes_before_the_cache(tiny, monkeypatch):
    write_files(tiny / "data")
    write_files(tiny / "cache")
    assert cifar10.locate() == tiny / "cache"
    monkeypatch.setenv("AELAB_DATA", "")
    assert cifar10.locate(strict=True) == tiny / "cache"
    monkeypatch.setenv("AELAB_DATA", str(tiny / "data"))
    assert cifar10.locate(strict=True) == tiny / "data"


def test_bad_aelab_data_is_passed_over_with_one_warning(tiny, monkeypatch, caplog):
    monkeypatch.setenv("AELAB_DATA", str(tiny / "nowhere"))
    assert cifar10.locate() is None
    write_files(tiny / "cache")
    assert cifar10.locate() == tiny / "cache"
    assert caplog.messages == [
        f"AELAB_DATA에 적힌 {tiny / 'nowhere'}에 온전한 CIFAR-10이 없습니다: 폴더가 없습니다. "
        "이 폴더는 건너뜁니다."
    ]


def test_nothing_on_disk_is_none(tiny):
    assert cifar10.locate(strict=True) is None


def test_cache_folder_is_the_packages_own():
    assert "aelab" in cifar10.cache_folder().parts


# 읽기


def test_split_follows_the_fixed_permutation(tiny):
    write_files(tiny)
    entries = [pickle.loads(FILES[f"data_batch_{i}"]) for i in range(1, 6)]
    pixels = np.concatenate([entry["data"] for entry in entries]).reshape(-1, 3, 32, 32)
    labels = sum((entry["labels"] for entry in entries), [])
    order = torch.randperm(20, generator=torch.Generator().manual_seed(42)).tolist()
    for split, index in (("train", order[:18]), ("validation", order[18:])):
        images = cifar10.load(split, tiny)
        assert images.images.tolist() == pixels[index].tolist()
        assert images.labels.tolist() == [labels[i] for i in index]
        assert images.classes == ("airplane", "automobile")
        assert images.name == "cifar10"


def test_unknown_split_is_refused(tiny):
    with pytest.raises(ValueError, match="'train', 'validation', 'test' .* 'valid'이"):
        cifar10.load("valid", write_files(tiny))


class Trap:
    """풀리는 순간 파일을 남기는 pickle."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_unverified_pickle_is_never_loaded(tiny, name, split):
    trap = pickle.dumps(Trap(tiny / "sprung"))
    write_files(tiny / "data", FILES | {name: trap})
    with pytest.raises(FileNotFoundError, match=f"온전한 CIFAR-10이 없습니다: .*{name}"):
        cifar10.load(split, tiny / "data")
    assert not (tiny / "sprung").exists()
    pickle.loads(trap)
    assert (tiny / "sprung").exists()  # 덫은 살아 있었다


def test_file_changed_behind_the_back_of_the_check_is_never_loaded(tiny):
    """크기도 시각도 그대로인 채 내용만 바뀐 파일."""
    root = write_files(tiny / "data")
    assert cifar10.problem(root) is None
    path = root / "cifar-10-batches-py" / "test_batch"
    before = path.stat()
    trap = pickle.dumps(Trap(tiny / "sprung"))
    path.write_bytes(trap.ljust(before.st_size, b"\0"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    with pytest.raises(FileNotFoundError, match="test_batch의 MD5가 맞지 않습니다"):
        cifar10.load("test", root)
    assert not (tiny / "sprung").exists()


# 진짜 자료


def test_names_and_md5_are_those_of_torchvision():
    official = cifar10.OFFICIAL
    assert official.archive == CIFAR10.tgz_md5
    assert CIFAR10.base_folder == cifar10.FOLDER
    assert official.train == dict(CIFAR10.train_list)
    assert official.test == dict(CIFAR10.test_list)
    assert official.meta == {CIFAR10.meta["filename"]: CIFAR10.meta["md5"]}


@pytest.fixture(scope="module")
def real_root() -> Path:
    root = cifar10.locate(strict=True)
    if root is None:
        pytest.skip("CIFAR-10이 디스크에 없습니다(환경 변수 AELAB_DATA나 캐시 폴더).")
    return root


@pytest.fixture(scope="module")
def real_test(real_root):
    return cifar10.load("test", real_root)


def test_real_test_set_agrees_with_a_plain_reading(real_root, real_test):
    content = (real_root / "cifar-10-batches-py" / "test_batch").read_bytes()
    assert md5(content) == "40351d587109b95175f43aff81a1287e"
    entry = pickle.loads(content, encoding="bytes")
    pixels = entry[b"data"].reshape(10_000, 3, 32, 32)
    assert real_test.images.numpy().tobytes() == pixels.tobytes()
    assert real_test.images.is_contiguous()
    assert real_test.labels.tolist() == entry[b"labels"]


def test_real_test_set_has_the_known_beginning_and_mean(real_test):
    assert len(real_test) == 10_000
    assert real_test.classes == (
        *("airplane", "automobile", "bird", "cat", "deer"),
        *("dog", "frog", "horse", "ship", "truck"),
    )
    assert real_test.labels[:4].tolist() == [3, 8, 8, 0]  # 고양이, 배, 배, 비행기
    assert real_test.labels.bincount().tolist() == [1000] * 10
    mean = real_test.images.float().mean(dim=(0, 2, 3)) / 255
    torch.testing.assert_close(mean, torch.tensor([0.494, 0.485, 0.450]), atol=0.002, rtol=0)


def test_real_train_and_validation_share_no_place_and_cover_everything(real_root):
    train = cifar10.load("train", real_root)
    validation = cifar10.load("validation", real_root)
    assert (len(train), len(validation)) == (45_000, 5_000)
    order = torch.randperm(50_000, generator=torch.Generator().manual_seed(42))
    pixels, labels = [], []
    for number in range(1, 6):  # load가 MD5를 이미 확인했다
        content = (real_root / "cifar-10-batches-py" / f"data_batch_{number}").read_bytes()
        entry = pickle.loads(content, encoding="bytes")
        pixels.append(entry[b"data"])
        labels.extend(entry[b"labels"])
    whole = np.concatenate(pixels).reshape(-1, 3, 32, 32)
    assert np.array_equal(train.images.numpy(), whole[order[:45_000].numpy()])
    assert np.array_equal(validation.images.numpy(), whole[order[45_000:].numpy()])
    assert [*train.labels.tolist(), *validation.labels.tolist()] == [
        labels[i] for i in order.tolist()
    ]
    assert labels[0] == 6  # 개구리
