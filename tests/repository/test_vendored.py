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


def is_foreign(path: str) -> bool:
    """사람이 여기서 쓴 글이 아니라고 볼 까닭이 있는지."""
    if path in OURS:
        return False
    content = (ROOT / path).read_bytes()
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return True
    name = Path(path)
    minified = name.suffix in SCRIPTS and max(map(len, text.splitlines()), default=0) > LONGEST_LINE
    marked = name.suffix != ".ipynb" and SOMEONES.search(text)
    kept_apart = path.startswith(VENDOR_FOLDERS) or LICENCE_NAME.match(name.name)
    return bool("\0" in text or minified or marked or kept_apart)


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


def rows() -> list[list[str]]:
    """남이 만든 것의 표. 제목 줄과 그 밑줄은 뺀다."""
    (body,) = re.findall(r"^## 남이 만든 것$(.*?)(?=^## |\Z)", TABLE, re.MULTILINE | re.DOTALL)
    lines = [line for line in body.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


THEIRS = {row[0].strip("`"): row for row in rows()}


def test_every_file_that_we_did_not_write_is_listed_and_nothing_else(files):
    ours = {path.relative_to(ROOT).as_posix() for path in ROOT.glob(WEIGHTS)}
    foreign = set(filter(is_foreign, files))
    assert ours <= foreign
    assert sorted(foreign - ours) == sorted(THEIRS)
    assert len(THEIRS) == len(rows())


def test_listed_file_is_unchanged_and_its_row_complete():
    for path, (_, source, version, licence, recorded) in THEIRS.items():
        digest = hashlib.sha256((ROOT / path).read_bytes()).hexdigest()
        assert recorded == f"`{digest}`", path
        assert source, path
        assert version, path
        (text,) = re.findall(r"\[.+\]\((.+)\)", licence)
        assert text in THEIRS, path


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


def test_listed_version_is_the_one_that_the_file_tells():
    nanum = "aelab/fonts/NanumGothic.ttf"
    with TTFont(ROOT / nanum, lazy=True) as font:
        assert font["name"].getDebugName(5).startswith(f"Version {THEIRS[nanum][2]};")
    mathjax = "book/_vendor/mathjax/tex-mml-chtml.js"
    version = THEIRS[mathjax][2]
    assert f'"{version}"' in (ROOT / mathjax).read_text(encoding="utf-8")
    note = (ROOT / "book/_vendor/mathjax/VERSION").read_text(encoding="utf-8")
    assert f"MathJax {version} " in note


def test_every_npm_package_is_verified_and_comes_from_any_registry():
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert lock.pop("")["devDependencies"] == package["devDependencies"]
    assert {f"node_modules/{name}" for name in package["devDependencies"]} <= set(lock)
    for name, entry in lock.items():
        algorithm, _, digest = entry.get("integrity", "").partition("-")
        assert (algorithm, len(base64.b64decode(digest))) == ("sha512", 64), name
        assert not {"resolved", "link"} & set(entry), f"{name}: 받을 곳이 적혀 있다"
