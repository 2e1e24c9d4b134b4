"""저장소에 실린 남의 것: 빠짐없이 적혔는지, 적힌 그대로인지, 라이선스가 곁에 있는지."""

import base64
import hashlib
import json
import re
import subprocess
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

ROOT = Path(__file__).resolve().parents[2]
TABLE = (ROOT / "THIRD_PARTY.md").read_text(encoding="utf-8")
WEIGHTS = "aelab/weights/*.safetensors"

VENDOR_FOLDERS = ("book/_vendor/", "aelab/fonts/")
OURS = {"LICENSE", "LICENSE-text", "book/_vendor/mathjax/VERSION"}
LICENCE_NAME = re.compile(r"(LICEN[CS]E|COPYING|NOTICE|OFL)\b", re.IGNORECASE)
SOMEONES = re.compile(
    r"copyright (\(c\)|©|\d{4})|SPDX-(License)|@(license|preserve)", re.IGNORECASE
)
SCRIPTS = {".js", ".mjs", ".css", ".svg", ".html"}
LONGEST_LINE = 2000  # 글자. 사람이 쓴 스크립트의 줄은 이보다 짧다


def why_foreign(path: str, content: bytes) -> str | None:
    """사람이 여기서 쓴 글이 아니라고 볼 까닭. 없으면 None."""
    if path in OURS:
        return None
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return "글이 아니다"
    name = Path(path)
    if "\0" in text:
        return "글이 아니다"
    if path.startswith(VENDOR_FOLDERS):
        return "남의 것을 두는 폴더에 있다"
    if LICENCE_NAME.match(name.name):
        return "라이선스이다"
    if name.suffix in SCRIPTS and max(map(len, text.splitlines()), default=0) > LONGEST_LINE:
        return "묶여 있다"
    if name.suffix != ".ipynb" and SOMEONES.search(text):
        return "저작권 표시가 있다"
    return None


@pytest.fixture(scope="module")
def files() -> list[str]:
    """저장소의 파일. 아직 더하지 않은 것도 들어가고, 무시하는 것은 빠진다."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("git의 저장소가 아닙니다.")
    listed = done.stdout.decode("utf-8").split("\0")
    return [name for name in listed if name and (ROOT / name).is_file()]


def rows(section: str) -> list[list[str]]:
    """그 제목 아래 표의 줄. 제목 줄과 그 밑줄은 뺀다."""
    (body,) = re.findall(rf"^## {section}$(.*?)(?=^## |\Z)", TABLE, re.MULTILINE | re.DOTALL)
    lines = [line for line in body.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


THEIRS = {row[0].strip("`"): row for row in rows("남이 만든 것")}


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# 남이 만든 것


def test_every_file_that_we_did_not_write_is_listed_and_nothing_else(files):
    foreign = {name for name in files if why_foreign(name, (ROOT / name).read_bytes())}
    ours = {path.relative_to(ROOT).as_posix() for path in ROOT.glob(WEIGHTS)}
    assert ours <= foreign
    assert sorted(foreign - ours) == sorted(THEIRS)
    assert len(THEIRS) == len(rows("남이 만든 것"))


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("book/_static/photo.png", b"\x89PNG\r\n\x1a\n\0"),
        ("book/_static/font.woff2", b"wOF2\0\1\0\0"),
        ("aelab/table.bin", "글".encode("cp949")),
        ("book/_static/chart.min.js", b"f(1);" * 500),
        ("lab/library.js", b"/*! @lic" + b"ense MIT */\nf();\n"),
        ("aelab/borrowed.py", b"# Copyright " + b"(c) 2020 Someone\n"),
        ("aelab/borrowed.py", b"# SPDX-" + b"License-Identifier: MIT\n"),
        ("book/_vendor/new/small.txt", b"words\n"),
        ("aelab/COPYING", b"words\n"),
    ],
)
def test_a_file_of_someone_else_is_noticed(path, content):
    assert why_foreign(path, content)


def test_what_we_wrote_is_not_taken_for_someone_elses():
    for path in ("aelab/models.py", "book/_static/book.js", "book/_static/logo.svg", "README.md"):
        assert why_foreign(path, (ROOT / path).read_bytes()) is None


@pytest.mark.parametrize("path", THEIRS)
def test_listed_file_is_unchanged_and_its_row_complete(path):
    _, source, version, licence, recorded = THEIRS[path]
    assert recorded == f"`{sha256(ROOT / path)}`"
    assert source
    assert version
    (text,) = re.findall(r"\[.+\]\((.+)\)", licence)
    assert text in THEIRS


@pytest.mark.parametrize(
    ("licence", "words"),
    [
        ("aelab/fonts/OFL.txt", ("SIL OPEN FONT LICENSE", "Version 1.1", "NAVER Corporation")),
        ("book/_vendor/mathjax/LICENSE", ("Apache License", "Version 2.0, January 2004")),
    ],
)
def test_licence_is_the_whole_text(licence, words):
    text = (ROOT / licence).read_text(encoding="utf-8")
    assert [word for word in words if word not in text] == []
    assert "WARRANT" in text.upper()  # 첫머리만 옮긴 것이 아니다
    assert licence in {re.findall(r"\((.+)\)", row[3])[0] for row in THEIRS.values()}


def test_listed_version_is_the_one_that_the_file_tells():
    nanum = "aelab/fonts/NanumGothic.ttf"
    with TTFont(ROOT / nanum, lazy=True) as font:
        assert font["name"].getDebugName(5).startswith(f"Version {THEIRS[nanum][2]};")
    mathjax = "book/_vendor/mathjax/tex-mml-chtml.js"
    _, _, version, _, recorded = THEIRS[mathjax]
    assert f'"{version}"' in (ROOT / mathjax).read_text(encoding="utf-8")
    note = (ROOT / "book/_vendor/mathjax/VERSION").read_text(encoding="utf-8")
    assert f"MathJax {version} " in note
    assert recorded.strip("`") in note


# 우리가 셈한 것


def test_weights_are_those_that_the_manifest_names():
    assert [row[0].strip("`") for row in rows("우리가 셈한 것")] == [WEIGHTS]
    manifest = json.loads((ROOT / "aelab/weights/manifest.json").read_text(encoding="utf-8"))
    named = {entry["file"]: entry["sha256"] for entry in manifest.values()}
    assert named == {path.name: sha256(path) for path in ROOT.glob(WEIGHTS)}


# npm


def unverified(lock: dict) -> list[str]:
    """받을 때 내용을 확인하지 못하거나 정해진 곳에서만 받게 되는 패키지."""
    found = []
    for name, package in lock["packages"].items():
        if name == "":
            continue  # 이 저장소 자신
        algorithm, _, digest = package.get("integrity", "").partition("-")
        if algorithm != "sha512" or len(base64.b64decode(digest)) != 64:
            found.append(f"{name}: integrity가 없거나 sha512가 아니다")
        if "resolved" in package or package.get("link"):
            found.append(f"{name}: 받을 곳이 적혀 있다")
    return found


def npm_lock() -> dict:
    return json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))


def test_every_npm_package_is_verified_and_comes_from_any_registry():
    lock = npm_lock()
    assert lock["lockfileVersion"] == 3
    assert len(lock["packages"]) > 2
    assert unverified(lock) == []


def test_npm_lock_holds_what_package_json_asks_for():
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    lock = npm_lock()
    assert lock["packages"][""]["devDependencies"] == package["devDependencies"]
    assert {f"node_modules/{name}" for name in package["devDependencies"]} <= set(lock["packages"])


@pytest.mark.parametrize(
    "change",
    [
        {"integrity": ""},
        {"integrity": "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk="},
        {"integrity": "sha512-c2hvcnQ="},
        {"resolved": "https://example.com/axe-core.tgz"},
        {"link": True},
    ],
)
def test_an_unverified_npm_package_is_found(change):
    lock = npm_lock()
    lock["packages"]["node_modules/axe-core"] |= change
    assert len(unverified(lock)) == 1
