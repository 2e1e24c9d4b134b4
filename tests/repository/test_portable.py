"""Windows와 macOS: 파일 이름, 줄바꿈, 부호화, 심볼릭 링크 때문에 깨지는 것이 없는지."""

import ast
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path, PurePosixPath

import pytest

from tools.publish import publish

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = "https://github.com/sample-owner/sample-name"

SKIPPED = {".git", ".venv", "node_modules", "_build", "__pycache__", "build", "dist", "runs"}
SKIPPED |= {"handout", "kit"}  # make가 만드는 폴더
BINARY = {".safetensors", ".png", ".woff", ".woff2", ".ttf", ".ico", ".pdf", ".mo", ".zip"}
LINKS = ("_config.yml", "_toc.yml")  # book/의 것을 가리키는 편의일 뿐이다
# Windows가 장치의 이름으로 쓰는 것
DEVICES = {"con", "prn", "aux", "nul"} | {f"{n}{i}" for n in ("com", "lpt") for i in range(1, 10)}
POSIX_ONLY = {"fcntl", "grp", "pwd", "resource", "termios"}


def files() -> list[Path]:
    """저장소에 든 파일. 설치하고 지은 것과 숨은 캐시는 뺍니다."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        hidden = {name for name in folders if name.startswith(".") and "cache" in name}
        folders[:] = [
            name
            for name in folders
            if name not in SKIPPED | hidden | {".hypothesis"} and not name.endswith(".egg-info")
        ]
        found += [Path(folder, name) for name in names]
    return sorted(found)


def bad_names(names: list[str]) -> list[str]:
    """Windows나 macOS에 둘 수 없는 이름과, 대소문자를 가리지 않으면 겹치는 이름."""
    folded = Counter(name.casefold() for name in names)
    problems = [f"{name}: 겹치는 이름" for name in names if folded[name.casefold()] > 1]
    for name in names:
        for part in PurePosixPath(name).parts:
            if part.split(".")[0].casefold() in DEVICES:
                problems.append(f"{name}: 장치의 이름")
            if set(part) & set('<>:"\\|?*') or part.endswith((" ", ".")) or not part.isprintable():
                problems.append(f"{name}: 쓸 수 없는 글자")
            if not part.isascii():
                problems.append(f"{name}: ASCII가 아닌 글자")
        if len(name) > 150:  # Windows의 260자에서 앞의 폴더를 뺀 여유
            problems.append(f"{name}: 너무 긴 이름")
    return problems


def without_encoding(source: str) -> list[int]:
    """글로 여는데 encoding을 적지 않은 줄. 적지 않으면 Windows는 한글을 다르게 읽습니다."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [call.lineno for call in calls if opens_text(call) and not states_encoding(call)]


def states_encoding(call: ast.Call) -> bool:
    return any(keyword.arg == "encoding" for keyword in call.keywords)


def opens_text(call: ast.Call) -> bool:
    """내장 open이나 Path의 open, read_text, write_text로 글 파일을 여는 호출인지 봅니다."""
    match call.func:
        case ast.Name(id="open"):
            modes = call.args[1:2]
        case ast.Attribute(attr="open"):
            modes = call.args[:1]
        case ast.Attribute(attr="read_text"):
            return not call.args  # 배포판의 read_text(이름)은 파일을 여는 것이 아니다
        case ast.Attribute(attr="write_text"):
            return True
        case _:
            return False
    modes += [keyword.value for keyword in call.keywords if keyword.arg == "mode"]
    if not modes:
        return isinstance(call.func, ast.Name) or not (call.args or call.keywords)
    mode = modes[0].value if isinstance(modes[0], ast.Constant) else None
    return isinstance(mode, str) and set(mode) <= set("rwaxt+")


def posix_only(source: str) -> set[str]:
    """Windows에서도 불러오는, Windows에 없는 모듈. sys.platform을 묻고 불러오면 괜찮습니다."""
    found = set()
    tree = ast.parse(source)
    guarded = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "sys.platform" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in set(ast.walk(tree)) - guarded:
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found & POSIX_ONLY


def test_file_names_work_everywhere():
    assert bad_names([path.relative_to(ROOT).as_posix() for path in files()]) == []


@pytest.mark.parametrize(
    "names",
    [
        ["a/Readme.md", "a/README.md"],
        ["aux.py"],
        ["a/con.txt"],
        ["a:b"],
        ["what?.md"],
        ["a "],
        ["a."],
        ["장.md"],
        ["a" * 151],
    ],
)
def test_a_name_that_breaks_somewhere_is_found(names):
    assert bad_names(names)


def test_text_files_are_utf8_with_line_feeds():
    problems = []
    for path in files():
        if path.suffix in BINARY:
            continue
        content = path.read_bytes()
        if b"\r\n" in content:
            problems.append(f"{path.relative_to(ROOT)}: CRLF")
        try:
            content.decode("utf-8")
        except UnicodeDecodeError:
            problems.append(f"{path.relative_to(ROOT)}: UTF-8이 아니고 BINARY에도 없습니다.")
    assert problems == []


def test_checkout_keeps_line_feeds_and_binary_files():
    """Windows의 git도 줄바꿈을 바꾸지 않습니다."""
    rules = [
        line.split()
        for line in (ROOT / ".gitattributes").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    assert ["*", "text=auto", "eol=lf"] in rules
    binary = {pattern.removeprefix("*") for pattern, *marks in rules if "binary" in marks}
    present = {path.suffix for path in files()} & BINARY
    assert {suffix for suffix in present if suffix != ".woff2"} <= binary | {".ico", ".mo"}


def python_files() -> list[Path]:
    return [path for path in files() if path.suffix == ".py"]


@pytest.mark.parametrize("path", python_files(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_text_is_read_and_written_with_an_encoding(path):
    source = path.read_text(encoding="utf-8")
    assert without_encoding(source) == []
    assert posix_only(source) == set()


@pytest.mark.parametrize(
    "line",
    [
        "open(path)",
        "open(path, 'w')",
        "open(path, mode='a')",
        "path.open()",
        "path.open('w')",
        "path.read_text()",
        "path.write_text('글')",
    ],
)
def test_a_missing_encoding_is_found(line):
    assert without_encoding(line) == [1]


@pytest.mark.parametrize(
    "line",
    [
        "open(path, 'rb')",
        "path.open('wb')",
        "open(path, encoding='utf-8')",
        "path.read_text(encoding='utf-8')",
        "Image.open(path)",
        "Image.open('picture.png')",
        "tarfile.open(fileobj=buffer, mode='w:gz')",
        "distribution.read_text('WHEEL')",
    ],
)
def test_binary_files_and_stated_encodings_are_fine(line):
    assert without_encoding(line) == []


def test_a_posix_only_module_is_found():
    assert posix_only("import fcntl\nfrom pwd import getpwnam") == {"fcntl", "pwd"}
    assert posix_only("if sys.platform != 'win32':\n    import fcntl\nimport pwd") == {"pwd"}


def test_only_the_two_conveniences_are_links():
    links = {path.relative_to(ROOT).as_posix() for path in files() if path.is_symlink()}
    assert links <= set(LINKS)


@pytest.mark.slow
def test_book_with_an_address_builds_where_links_arrive_as_text(tmp_path):
    """링크를 모르는 Windows에서는 링크가 가리키는 이름이 적힌 글 파일이 됩니다."""
    ignore = shutil.ignore_patterns("_build", "__pycache__")
    for name in ("book", "aelab"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignore)
    for name in ("README.md", "CITATION.cff"):
        shutil.copy(ROOT / name, tmp_path)
    for name in LINKS:
        (tmp_path / name).write_text(f"book/{name}", encoding="utf-8")
    publish(tmp_path, SAMPLE)

    command = "from jupyter_book.cli.main import main; main()"
    build = [sys.executable, "-c", command, "build", "-W", "--keep-going", "book/"]
    done = subprocess.run(build, cwd=tmp_path, capture_output=True, encoding="utf-8")
    told = [line for line in done.stderr.splitlines() if "WARNING" in line or "Error" in line]
    assert done.returncode == 0, "\n".join(told)

    site = tmp_path / "book" / "_build" / "html"
    chapter = (site / "01_encoder.html").read_text(encoding="utf-8")
    colab = SAMPLE.replace("github.com", "colab.research.google.com/github")
    # 단추와 제목 밑의 링크, 그리고 저장소의 단추
    assert chapter.count(f'href="{colab}/blob/main/book/01_encoder.ipynb"') == 2
    assert f'href="{SAMPLE}"' in chapter
    intro = (site / "intro.html").read_text(encoding="utf-8")
    assert "Colab에서 열기" in intro
