"""aelab.data.cifar10: 바깥 네트워크 없이, 이 컴퓨터의 작은 서버와 작은 가짜 자료로 시험한다."""

import gzip
import hashlib
import io
import os
import pickle
import shutil
import socket
import socketserver
import ssl
import struct
import subprocess
import tarfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.datasets import CIFAR10

from aelab import data
from aelab.data import cifar10
from aelab.data.cifar10 import DownloadError, Files, Limits

# 짧게 기다리되, 몹시 바쁜 컴퓨터에서도 성한 미러를 포기하지는 않을 만큼
QUICK = Limits(first_byte=3, window=1, min_speed=20_000, max_bytes=1_000_000)
# 성한 미러가 없는 시험에서. 너무 일찍 포기해도 끝은 같다
QUICKER = replace(QUICK, first_byte=0.3, window=0.3)
HOLD = 600  # 초. 서버가 붙들려 하는 시간
BOUND = 60  # 초. 미러 하나에 first_byte + window, QUICK으로는 4초이다. 바쁜 컴퓨터를 위해 넉넉히
# 기다림을 재지 않는 시험에서. 컴퓨터가 바빠 늦은 것을 미러의 탓으로 돌리지 않는다
PATIENT = replace(QUICK, first_byte=BOUND, window=BOUND)
IMAGES_PER_BATCH = 4


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def packed(members: dict[str, bytes | tarfile.TarInfo], *again: str) -> bytes:
    """이름과 내용을 담은 tar.gz. TarInfo를 주면 그 항목을 그대로 넣고, `again`은 한 번 더 넣는다."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name in (*members, *again):
            content = members[name]
            if isinstance(content, tarfile.TarInfo):
                tar.addfile(content)
            else:
                info = tarfile.TarInfo(name)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def made_files() -> dict[str, bytes]:
    """CIFAR-10과 같은 꼴(파이썬 2의 피클이라 이름이 bytes)의 작은 파일들."""
    rng = np.random.default_rng(0)
    files = {}
    for name in [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]:
        pixels = rng.integers(0, 256, (IMAGES_PER_BATCH, 3072), dtype=np.uint8)
        labels = rng.integers(0, 2, IMAGES_PER_BATCH).tolist()
        files[name] = pickle.dumps({b"data": pixels, b"labels": labels})
    files["batches.meta"] = pickle.dumps({b"label_names": [b"airplane", b"automobile"]})
    return files


FILES = made_files()
ARCHIVE = packed({f"cifar-10-batches-py/{name}": content for name, content in FILES.items()})


TINY = Files(
    archive=md5(ARCHIVE),
    images_per_file=IMAGES_PER_BATCH,
    train={name: md5(FILES[name]) for name in FILES if name.startswith("data")},
    test={"test_batch": md5(FILES["test_batch"])},
    meta={"batches.meta": md5(FILES["batches.meta"])},
)


class Handler(BaseHTTPRequestHandler):
    """주소의 이름대로 행동하는 서버."""

    def log_message(self, *args: object) -> None:
        pass

    def answer(self, content: bytes, status: int = 200, **headers: object) -> None:
        """머리글의 이름은 `Content_Length`처럼 밑줄로 적는다."""
        self.send_response(status)
        given = {"Content_Type": "x/y", "Content_Length": len(content)} | headers
        for name, value in given.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(content)

    def redirect(self, to: str) -> None:
        self.answer(b"", 302, Location=to)

    def reset(self) -> None:
        """마치는 인사(FIN) 없이 연결을 끊는다(RST)."""
        now = struct.pack("ii" if os.name != "nt" else "hh", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
        socket.close(self.connection.detach())

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

    def send_odd_length(self) -> None:
        self.answer(self.server.archive, Content_Length="many")

    def send_labelled_gzip(self) -> None:
        """.gz로 끝나는 파일이면 이렇게 적는 서버가 많다. 내용은 그대로이다."""
        self.answer(self.server.archive, Content_Encoding="x-gzip")

    def send_redirect(self) -> None:
        self.redirect("/good")

    def send_redirect_to_page(self) -> None:
        self.redirect("/page")

    def send_redirect_to_file(self) -> None:
        self.redirect(Path(__file__).as_uri())

    def send_redirect_loop(self) -> None:
        self.redirect("/redirect_loop")

    def send_missing(self) -> None:
        self.send_error(404)

    def send_broken(self) -> None:
        self.send_error(500)

    def send_unavailable(self) -> None:
        self.send_error(503)

    def send_dropped(self) -> None:
        pass  # 한 바이트도 없이 끊는다

    def send_reset(self) -> None:
        self.reset()

    def send_reset_midway(self) -> None:
        self.answer(self.server.archive[:5000], Content_Length=len(self.server.archive))
        self.reset()

    def send_silent(self) -> None:
        self.server.closing.wait(HOLD)

    def send_slow_headers(self) -> None:
        self.drip(b"HTTP/1.1 200 OK\r\n" + b"X-Filler: x\r\n" * 10_000)

    def send_continues(self) -> None:
        """ "계속하십시오"만 되풀이한다. 소켓에는 늘 무엇인가 온다."""
        while not self.server.closing.wait(0.02):
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def send_stalled(self) -> None:
        self.answer(self.server.archive[:5000], Content_Length=len(self.server.archive))
        self.server.closing.wait(HOLD)

    def send_trickle(self) -> None:
        self.answer(b"", Content_Length=len(self.server.archive))
        self.drip(self.server.archive)

    def send_truncated(self) -> None:
        self.answer(self.server.archive[:5000], Content_Length=len(self.server.archive))

    def send_cut_chunks(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"1000\r\n" + self.server.archive[:0x1000] + b"\r\n1000\r\n")

    def send_empty(self) -> None:
        self.answer(b"")

    def send_part(self) -> None:
        self.answer(self.server.archive[:5000], 206)

    def send_too_short_length(self) -> None:
        self.answer(self.server.archive, Content_Length=len(self.server.archive) - 100)

    def send_too_long_length(self) -> None:
        self.answer(self.server.archive, Content_Length=len(self.server.archive) + 100)

    def send_huge_length(self) -> None:
        self.answer(b"", Content_Length=10**15)
        self.server.closing.wait(HOLD)

    def send_corrupt(self) -> None:
        self.answer(self.server.archive[:-100] + bytes(100))

    def send_flipped_bit(self) -> None:
        content = bytearray(self.server.archive)
        content[len(content) // 2] ^= 1
        self.answer(bytes(content))

    def send_gzip(self) -> None:
        self.answer(gzip.compress(self.server.archive), Content_Encoding="gzip")

    def send_page(self) -> None:
        self.answer(b"<html>sorry</html>", Content_Type="text/html; charset=utf-8")

    def send_disguised_page(self) -> None:
        self.answer(b"<html>sorry</html>")

    def send_endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        while not self.server.closing.is_set():
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


@contextmanager
def serving(answer: type[socketserver.BaseRequestHandler]) -> Iterator[str]:
    """HTTP가 아닌 서버의 https 주소."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), answer) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"https://127.0.0.1:{server.server_address[1]}/good"
        server.shutdown()
        thread.join()


class PlainText(socketserver.StreamRequestHandler):
    """암호화할 줄 모르는 서버."""

    def handle(self) -> None:
        self.wfile.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        with suppress(ConnectionError):
            while self.request.recv(1000):  # 읽지 않고 닫으면 보낸 것이 닿기 전에 끊길 수 있다
                pass


@pytest.fixture(scope="module")
def self_signed(tmp_path_factory) -> ssl.SSLContext:
    """아무도 보증하지 않는 인증서를 내미는 서버의 설정."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("스스로 서명한 인증서를 만들 openssl이 없습니다.")
    folder = tmp_path_factory.mktemp("certificate")
    command = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1"
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")]
    subprocess.run([openssl, *command.split(), *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context


@pytest.fixture(params=["plain_text", "self_signed"])
def tls_fault(request) -> Iterator[tuple[str, str]]:
    """암호화된 연결을 맺지 못할 주소와 그 까닭."""
    if request.param == "plain_text":
        with serving(PlainText) as url:
            yield url, "서버와 암호화된 연결(TLS)을 맺지 못했습니다"
        return
    context = request.getfixturevalue("self_signed")

    class SelfSigned(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):  # 받는 쪽이 인증서를 거절한다
                context.wrap_socket(self.request, server_side=True)

    with serving(SelfSigned) as url:
        yield url, "서버의 인증서를 확인하지 못했습니다"


@pytest.fixture
def refused_url() -> str:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}/refused"


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """가짜 자료를 기대하게 하고, 환경 변수와 캐시 폴더를 시험마다 새것으로 한다."""
    monkeypatch.setitem(cifar10.download.__kwdefaults__, "limits", PATIENT)
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


def contents_of(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (root / "cifar-10-batches-py").iterdir()}


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# 내려받기: 미러


def test_first_mirror_is_enough(tiny, server):
    root = cifar10.download(tiny, mirrors=[server.url("good"), server.url("missing")])
    assert root == tiny
    assert server.asked == ["good"]
    assert names_in(tiny) == ["cifar-10-batches-py"]
    assert contents_of(tiny) == FILES


@pytest.mark.parametrize("name", ["without_length", "odd_length", "labelled_gzip", "redirect"])
def test_good_data_in_an_unusual_answer_is_taken(tiny, server, name):
    assert cifar10.download(tiny, mirrors=[server.url(name)], limits=QUICK) == tiny
    assert contents_of(tiny) == FILES


CUT = "연결이 끊겼습니다"
UNANSWERED = "3초 안에 응답이 없었습니다"
OTHER_CONTENT = "MD5가 맞지 않습니다"
TOO_LARGE = "1,000,000바이트보다 큽니다"
FAULTS = {
    # 오류를 알린다
    "missing": "HTTP 404",
    "broken": "HTTP 500",
    "unavailable": "HTTP 503",
    "redirect_loop": "HTTP 302",
    "redirect_to_file": "HTTP 302",
    "nonsense": "BadStatusLine",
    # 끊는다
    "dropped": CUT,
    "reset": CUT,
    "reset_midway": CUT,
    "cut_chunks": CUT,
    "truncated": f"{len(ARCHIVE):,}바이트 가운데 5,000바이트만 오고 연결이 끊겼습니다",
    "too_long_length": f"{len(ARCHIVE) + 100:,}바이트 가운데 {len(ARCHIVE):,}바이트만 오고",
    # 붙든다
    "silent": UNANSWERED,
    "slow_headers": UNANSWERED,
    "continues": UNANSWERED,
    "stalled": "너무 느립니다(최근 1초 평균이 초당 ",
    "trickle": "너무 느립니다(최근 1초 평균이 초당 0.",
    "endless": TOO_LARGE,
    "huge_length": TOO_LARGE,
    # 다른 것을 준다
    "page": "웹 페이지(HTML)가 왔습니다",
    "redirect_to_page": "웹 페이지(HTML)가 왔습니다",
    "disguised_page": OTHER_CONTENT,
    "empty": OTHER_CONTENT,
    "part": OTHER_CONTENT,
    "too_short_length": OTHER_CONTENT,
    "corrupt": OTHER_CONTENT,
    "flipped_bit": OTHER_CONTENT,
    "gzip": OTHER_CONTENT,
}


def assert_next_mirror_is_used(tiny, server, caplog, url: str, reason: str) -> None:
    """`url`이 `reason`으로 포기되고, 그 뒤의 성한 미러에서 온 것만 남는다."""
    caplog.set_level("INFO", logger="aelab")
    mirrors = [url, server.url("missing"), server.url("good")]
    start = time.monotonic()
    cifar10.download(tiny, mirrors=mirrors, limits=QUICK)
    assert time.monotonic() - start < BOUND
    assert server.asked[-2:] == ["missing", "good"]
    assert contents_of(tiny) == FILES
    assert names_in(tiny) == ["cifar-10-batches-py"]
    first, second = caplog.messages
    assert f"{mirrors[0]}: " in first
    assert reason in first
    assert f"{mirrors[1]}: " in second


@pytest.mark.parametrize("name", FAULTS)
def test_faulty_mirror_gives_way_to_the_next_in_time(tiny, server, caplog, name):
    assert_next_mirror_is_used(tiny, server, caplog, server.url(name), FAULTS[name])
    assert server.asked[0] == name


def test_failed_encryption_gives_way_to_the_next_in_time(tiny, server, caplog, tls_fault):
    assert_next_mirror_is_used(tiny, server, caplog, *tls_fault)


def assert_toyworld_stands_in(tiny, monkeypatch, caplog, url: str) -> None:
    """`url`이 하나뿐인 미러이면 toyworld를 쓰고 한 줄로 알리며, 반쪽 자료가 남지 않는다."""
    monkeypatch.setattr(cifar10.download, "__kwdefaults__", {"mirrors": [url], "limits": QUICKER})
    data._announce.cache_clear()
    start = time.monotonic()
    images = data.load_images("auto", "validation")
    assert time.monotonic() - start < BOUND
    assert images.name == "toyworld"
    (line,) = caplog.messages
    assert line.startswith("CIFAR-10을 내려받을 수 없어 대신 toyworld를 씁니다.")
    assert names_in(tiny / "cache") == []


@pytest.mark.parametrize("name", FAULTS)
def test_auto_uses_toyworld_when_the_only_mirror_is_faulty(tiny, server, monkeypatch, caplog, name):
    assert_toyworld_stands_in(tiny, monkeypatch, caplog, server.url(name))
    assert server.asked[0] == name


def test_auto_uses_toyworld_when_encryption_fails(tiny, monkeypatch, caplog, tls_fault):
    assert_toyworld_stands_in(tiny, monkeypatch, caplog, tls_fault[0])


def test_auto_uses_cifar10_when_a_mirror_is_good(tiny, server, monkeypatch, caplog):
    """앞의 시험이 toyworld를 받은 것이 미러의 탓임을 보인다."""
    mirrors = [server.url("missing"), server.url("good")]
    monkeypatch.setattr(cifar10.download, "__kwdefaults__", {"mirrors": mirrors, "limits": QUICK})
    images = data.load_images("auto", "test")
    expected = pickle.loads(FILES["test_batch"])
    assert images.name == "cifar10"
    assert images.images.numpy().tobytes() == expected[b"data"].tobytes()
    assert caplog.messages == []


def test_default_limits_bound_the_wait():
    """대답이 없으면 모두 합쳐 10초, 받다가 멈추면 미러마다 20초, 겨우 빠르면 미러마다 34분 안."""
    limits, count = Limits(), len(cifar10.MIRRORS)
    assert count * limits.first_byte <= 10
    assert limits.first_byte + limits.window <= 20
    longest = limits.first_byte + limits.max_bytes / limits.min_speed + limits.window
    assert longest <= 34 * 60


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
    extract, done = tarfile.TarFile.extractfile, []

    def interrupted(self, member):
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(member.name)
        return extract(self, member)

    with monkeypatch.context() as patch:
        patch.setattr(tarfile.TarFile, "extractfile", interrupted)
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


def special(name: str, kind: bytes, target: str = "", **pax: str) -> dict[str, tarfile.TarInfo]:
    """보통 파일이 아니거나, 확장 머리글(pax)이 붙은 항목."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    info.pax_headers = {key.replace("_", "."): value for key, value in pax.items()}
    return {name: info}


def give(server, monkeypatch, archive: bytes) -> None:
    """서버가 이것을 주게 하고, 압축 파일의 MD5는 이것의 것을 기대하게 한다."""
    server.archive = archive
    monkeypatch.setattr(cifar10, "OFFICIAL", replace(TINY, archive=md5(archive)))


@pytest.mark.parametrize(
    "member",
    [
        {"../evil": b"x"},
        {"cifar-10-batches-py/../../evil": b"x"},
        {"/evil": b"x"},
        {"cifar-10-batches-py/evil": b"x"},
        {"cifar-10-batches-py": b"x"},
        special("cifar-10-batches-py/test_batch", tarfile.DIRTYPE),
        special("cifar-10-batches-py/test_batch", tarfile.SYMTYPE, "/etc/passwd"),
        special(
            "cifar-10-batches-py/test_batch", tarfile.LNKTYPE, "cifar-10-batches-py/data_batch_1"
        ),
        special("cifar-10-batches-py", tarfile.SYMTYPE, ".."),
        special("cifar-10-batches-py/test_batch", tarfile.FIFOTYPE),
        special("cifar-10-batches-py/test_batch", tarfile.CHRTYPE),
        special("cifar-10-batches-py/test_batch", tarfile.BLKTYPE),
        special("cifar-10-batches-py/test_batch", tarfile.GNUTYPE_SPARSE),
        special(
            "cifar-10-batches-py/test_batch",
            tarfile.REGTYPE,
            GNU_sparse_map="0,0",
            GNU_sparse_size="1000000",
        ),
    ],
    ids=[
        *("parent", "inner_parent", "absolute", "unknown", "file_as_folder", "folder_as_file"),
        *("symlink", "hardlink", "base", "fifo", "character", "block", "sparse", "pax_sparse"),
    ],
)
def test_hostile_member_is_refused(tiny, server, monkeypatch, member):
    (name,) = member
    give(server, monkeypatch, packed(member))
    with pytest.raises(DownloadError) as caught:
        cifar10.download(tiny / "data", mirrors=[server.url("good")])
    assert str(caught.value) == f"압축 파일에 기대하지 않은 항목이 있습니다: {name}"
    assert names_in(tiny) == ["data"]
    assert names_in(tiny / "data") == []


INSIDE = {f"cifar-10-batches-py/{name}": content for name, content in FILES.items()}


@pytest.mark.parametrize("name", ["test_batch", "data_batch_1"])
def test_member_that_comes_twice_is_refused(tiny, server, monkeypatch, name):
    give(server, monkeypatch, packed(INSIDE, f"cifar-10-batches-py/{name}"))
    with pytest.raises(DownloadError, match=f"기대하지 않은 항목이 있습니다: .*{name}$"):
        cifar10.download(tiny, mirrors=[server.url("good")])
    assert names_in(tiny) == []


@pytest.mark.parametrize(
    "member",
    [
        {"cifar-10-batches-py/test_batch": bytes(10_000_000)},
        special("cifar-10-batches-py/test_batch", tarfile.REGTYPE, comment="x" * 10_000_000),
    ],
    ids=["content", "header"],
)
def test_small_archive_cannot_unpack_into_a_huge_one(tiny, server, monkeypatch, member):
    monkeypatch.setattr(cifar10, "MAX_UNPACKED", 1_000_000)
    give(server, monkeypatch, packed(member))
    assert len(server.archive) < 20_000
    with pytest.raises(DownloadError, match="압축 파일을 풀면 1,000,000바이트보다 큽니다"):
        cifar10.download(tiny, mirrors=[server.url("good")])
    assert names_in(tiny) == []


def test_official_contents_fit_into_the_bound():
    """진짜 압축 파일의 파일들: 10,000장마다 31 MB인 여섯과 작은 둘."""
    image, label_and_name = 3072, 40
    assert 6 * 10_000 * (image + label_and_name) < cifar10.MAX_UNPACKED < 250_000_000


def test_folder_and_readme_of_the_archive_are_passed_over(tiny, server, monkeypatch):
    folder = special("cifar-10-batches-py", tarfile.DIRTYPE)
    readme = {"cifar-10-batches-py/readme.html": b"<html></html>"}
    give(server, monkeypatch, packed(folder | readme | INSIDE))
    cifar10.download(tiny, mirrors=[server.url("good")])
    assert contents_of(tiny) == FILES


@pytest.mark.parametrize(
    ("archive", "message"),
    [
        (b"not a tar", "압축 파일을 풀지 못했습니다"),
        (b"", "압축 파일을 풀지 못했습니다"),
        (gzip.compress(b"not a tar" * 1000), "압축 파일을 풀지 못했습니다"),
        (ARCHIVE[:5000], "압축 파일을 풀지 못했습니다"),
        (ARCHIVE[:5000] + bytes(5000), "압축 파일을 풀지 못했습니다"),
        (
            packed(special("cifar-10-batches-py", tarfile.REGTYPE, GNU_sparse_map="하나,둘")),
            "압축 파일을 풀지 못했습니다",
        ),
        (
            packed({}),
            "내용이 CIFAR-10과 다릅니다: cifar-10-batches-py 안에 없는 파일: data_batch_1",
        ),
        (
            packed(dict.fromkeys(INSIDE, b"x")),
            "내용이 CIFAR-10과 다릅니다: MD5가 맞지 않는 파일: data_batch_1",
        ),
    ],
    ids=["not_gzip", "nothing", "not_tar", "cut", "broken", "header", "empty", "other_files"],
)
def test_archive_with_other_contents_is_refused(tiny, server, monkeypatch, archive, message):
    give(server, monkeypatch, archive)
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
    pixels = np.concatenate([entry[b"data"] for entry in entries]).reshape(-1, 3, 32, 32)
    labels = sum((entry[b"labels"] for entry in entries), [])
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
