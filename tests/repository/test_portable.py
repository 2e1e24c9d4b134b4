"""Windows와 macOS: 파일 이름, 줄바꿈, 부호화, 심볼릭 링크 때문에 깨지는 것이 없는지."""

import ast
import os
from collections import Counter
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]

SKIPPED = {".git", ".venv", "node_modules", "_build", "__pycache__", "build", "dist", "runs"}
SKIPPED |= {"handout", "kit", "mutants"}  # make가 만드는 폴더
BINARY = {".safetensors", ".png", ".woff", ".woff2", ".ttf", ".ico", ".pdf", ".mo", ".zip"}
LINKS = {"_config.yml", "_toc.yml"}  # book/의 것을 가리키는 편의일 뿐이다
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
            if name not in SKIPPED | hidden and not name.endswith(".egg-info")
        ]
        found += [Path(folder, name) for name in names]
    return sorted(found)


FILES = files()
NAMES = [path.relative_to(ROOT).as_posix() for path in FILES]


def test_file_names_work_everywhere():
    """Windows나 macOS에 둘 수 없는 이름과, 대소문자를 가리지 않으면 겹치는 이름이 없습니다."""
    folded = Counter(name.casefold() for name in NAMES)
    problems = [f"{name}: 겹치는 이름" for name in NAMES if folded[name.casefold()] > 1]
    for name in NAMES:
        for part in PurePosixPath(name).parts:
            if part.split(".")[0].casefold() in DEVICES:
                problems.append(f"{name}: 장치의 이름")
            if set(part) & set('<>:"\\|?*') or part.endswith((" ", ".")) or not part.isprintable():
                problems.append(f"{name}: 쓸 수 없는 글자")
            if not part.isascii():
                problems.append(f"{name}: ASCII가 아닌 글자")
        if len(name) > 150:  # Windows의 260자에서 앞의 폴더를 뺀 여유
            problems.append(f"{name}: 너무 긴 이름")
    assert problems == []


def test_text_files_are_utf8_with_line_feeds():
    problems = []
    for path in FILES:
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
    text = (ROOT / ".gitattributes").read_text(encoding="utf-8")
    rules = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    assert ["*", "text=auto", "eol=lf"] in rules
    binary = {pattern.removeprefix("*") for pattern, *marks in rules if "binary" in marks}
    assert {path.suffix for path in FILES} & BINARY <= binary | {".ico", ".mo", ".woff2"}


def test_only_the_two_conveniences_are_links():
    links = {name for name, path in zip(NAMES, FILES, strict=True) if path.is_symlink()}
    assert links <= LINKS


def test_no_module_needs_posix_without_asking():
    """Windows에 없는 모듈은 sys.platform을 묻고 불러옵니다."""
    found = {}
    for name, path in zip(NAMES, FILES, strict=True):
        source = path.read_text(encoding="utf-8") if path.suffix == ".py" else ""
        if not any(module in source for module in POSIX_ONLY):
            continue
        tree = ast.parse(source)
        guarded = {
            inner
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and "sys.platform" in ast.unparse(node.test)
            for inner in ast.walk(node)
        }
        imports = {node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)}
        names = {alias.name.split(".")[0] for node in imports - guarded for alias in node.names}
        names |= {getattr(node, "module", None) for node in imports - guarded}
        if used := names & POSIX_ONLY:
            found[name] = used
    assert found == {}
