"""SECURITY.md의 약속: 적힌 시험이 정말 있는지, 그리고 다른 시험이 지키지 않는 약속."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SECURITY = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
PROMISES = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in SECURITY.splitlines()
    if line.startswith("| ") and not line.startswith("| 약속 |")
]


def names_of_tests(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_promise_names_tests_that_exist():
    assert len(PROMISES) > 5
    wrong = []
    for promise, guards in PROMISES:
        named = re.findall(r"`(\w+/test_\w+\.py)::(test_\w+)`", guards)
        if not named and guards != "`make lint`":
            wrong.append(promise)
        wrong += [f"{f}::{n}" for f, n in named if n not in names_of_tests(ROOT / "tests" / f)]
    assert wrong == []


# 바깥과의 연결

CONNECTS = {
    *("urllib.request", "http", "http.client", "http.server", "socket", "ssl", "ftplib", "smtplib"),
    *("socketserver", "xmlrpc", "asyncio", "webbrowser", "requests", "urllib3", "httpx", "aiohttp"),
    *("pooch", "subprocess", "multiprocessing.connection"),
}


def connections(source: str) -> set[str]:
    """바깥과 이어질 수 있는 모듈 가운데 이 코드가 불러오는 것."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found & CONNECTS


def test_only_the_download_of_cifar10_opens_connections():
    sources = {path: path.read_text(encoding="utf-8") for path in (ROOT / "aelab").rglob("*.py")}
    connecting = [path for path, source in sources.items() if connections(source)]
    assert [path.relative_to(ROOT).as_posix() for path in connecting] == ["aelab/data/cifar10.py"]


def test_tensorboard_listens_on_this_computer_only(tmp_path, monkeypatch):
    from tensorboard.program import TensorBoard

    from aelab.projector import serve

    given = []
    monkeypatch.setattr(TensorBoard, "configure", lambda _self, argv: given.append(argv))
    monkeypatch.setattr(TensorBoard, "launch", lambda _self: "http://127.0.0.1:6006/")
    serve(tmp_path)
    (arguments,) = given
    assert arguments[arguments.index("--host") + 1] == "127.0.0.1"
    assert "--bind_all" not in arguments


SENDS = re.compile(
    r"\bfetch\s*\(|XMLHttpRequest|sendBeacon|WebSocket|EventSource|RTCPeerConnection|WebTransport"
    r"|\bimportScripts|new Worker|serviceWorker|\.submit\s*\(|[\"'`](https?:)?//\w"
)


def test_scripts_of_the_book_have_no_way_to_send():
    folders = ("lab", "book/_static", "book/_ext")
    scripts = [path for folder in folders for path in (ROOT / folder).rglob("*.js")]
    assert len(scripts) > 15
    found = {
        path.relative_to(ROOT).as_posix(): [match.group() for match in SENDS.finditer(text)]
        for path in scripts
        if (text := re.sub(r"http://www\.w3\.org/\d+/svg", "", path.read_text(encoding="utf-8")))
    }
    assert {name: ways for name, ways in found.items() if ways} == {}
