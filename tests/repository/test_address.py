"""저장소의 주소: 한 곳에만 적히고, 새긴 것이 그곳과 지금의 패키지를 따르는지."""

import os
import re
import shutil
from pathlib import Path

import pytest

from tools.chapters import chapters
from tools.publish import publish, read_repository

ROOT = Path(__file__).resolve().parents[2]
STAMPED = (
    *("book/_config.yml", "book/_toc.yml", "book/intro.md", "book/versions.json"),
    *("README.md", "CITATION.cff", "pyproject.toml"),
)

# 책이 인용하는 다른 사람의 저장소와 글
CITED = {"phlippe/uvadlc_notebooks", "kellerjordan/posts"}
ADDRESS = re.compile(
    r"(?:(?:raw\.)?github(?:usercontent)?\.com[/:](?:repos/)?|colab\.research\.google\.com/github/)"
    r"(?P<path>[\w.-]+/[\w.-]+)|(?<![\w-])(?P<owner>[\w-]{1,39})\.github\.io/(?P<name>[\w.-]*)"
)
SKIPPED = {
    "tests",
    "handout",
    "kit",
    "student",
    "answers",
    "quiz",
    "grades",
    ".git",
    ".venv",
    "node_modules",
    "_build",
    "_vendor",
    "__pycache__",
}
TEXTS = {".py", ".md", ".ipynb", ".yml", ".toml", ".txt", ".cff", ".json", ".js", ".css", ".bib"}


def text_files(root: Path) -> list[Path]:
    """독자에게 가는 글 파일. 남의 파일과 설치하고 지은 것, 지어낸 주소를 쓰는 시험은 뺍니다."""
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in SKIPPED]
        found += [Path(folder, name) for name in names if Path(name).suffix in TEXTS]
    return sorted(found)


def addresses(text: str) -> set[str]:
    """글에 적힌 저장소: OWNER/NAME. 꼴을 설명하는 대문자 OWNER/NAME은 뺍니다."""
    found = set()
    for match in ADDRESS.finditer(text):
        path = match["path"] or f"{match['owner']}/{match['name']}"
        found.add(path.removesuffix(".git").rstrip("."))
    return found - {"OWNER/NAME"}


def other_addresses(root: Path) -> dict[str, set[str]]:
    """한 곳에 적힌 주소와 다른 저장소의 주소가 있는 파일."""
    ours = read_repository(root).address.lower().removeprefix("https://github.com/")
    allowed = {ours} | {path.lower() for path in CITED}
    others = {}
    for path in text_files(root):
        found = {a for a in addresses(path.read_text(encoding="utf-8")) if a.lower() not in allowed}
        if found:
            others[path.relative_to(root).as_posix()] = found
    return others


def installed_from(root: Path) -> set[str]:
    """pip과 git이 무엇인가를 받아 오는 주소."""
    pattern = re.compile(r"(?:git\+|git clone |-f |--index-url )[a-z+]+://\S+|\bgit@\S+")
    return {
        found.group()
        for path in text_files(root)
        for found in pattern.finditer(path.read_text(encoding="utf-8"))
    }


def test_tree_holds_no_other_address():
    assert other_addresses(ROOT) == {}
    ours = read_repository(ROOT).address
    assert {address for address in installed_from(ROOT) if not ours or ours not in address} == set()


def test_tree_agrees_with_the_one_place(tmp_path):
    """지금의 저장소는 한 곳에 적힌 주소와 지금의 패키지를 새긴 그대로입니다."""
    shutil.copytree(ROOT / "aelab", tmp_path / "aelab")
    (tmp_path / "book").mkdir()
    for name in (*STAMPED, *(f"book/{path.name}" for path in chapters())):
        shutil.copy(ROOT / name, tmp_path / name)
    assert publish(tmp_path) == [], "새긴 것이 낡았습니다. python -m tools.publish"


def test_on_github_the_address_is_that_of_this_repository():
    """남의 저장소를 가져온 곳(fork)의 학생이 원본의 aelab을 설치하지 않게 합니다."""
    address, here = read_repository(ROOT).address, os.environ.get("GITHUB_REPOSITORY")
    if not address or here is None:
        pytest.skip("주소가 아직 없거나 GitHub가 아닙니다.")
    ours = f"https://github.com/{here}"
    assert address.lower() == ours.lower(), f"make publish URL={ours}"


def test_another_address_is_found():
    for text in (
        "https://github.com/someone/else",
        "https://colab.research.google.com/github/someone/else/blob/main/a.ipynb",
        "https://raw.githubusercontent.com/someone/else/main/a.png",
        "git@github.com:someone/else.git",
        "https://someone.github.io/else/",
    ):
        assert addresses(f"글 {text}\n") == {"someone/else"}
