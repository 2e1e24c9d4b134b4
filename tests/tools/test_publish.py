"""공개 저장소의 주소: 한 곳에만 적히는지, 새기고 지우는 일이 다른 것을 건드리지 않는지."""

import builtins
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from nbformat.v4 import new_output

from tools.execute import code_hash, stored_form
from tools.publish import (
    Repository,
    check_address,
    find_first_lines,
    first_lines,
    keep_record,
    main,
    publish,
    read_repository,
    stamp_notebook,
)

ROOT = Path(__file__).resolve().parents[2]
FILES = ("book/_config.yml", "book/intro.md", "book/versions.json", "README.md", "CITATION.cff")
SAMPLE = "https://github.com/sample-owner/sample.name"  # 시험에서만 쓰는 주소

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


@pytest.fixture(scope="module")
def unset(tmp_path_factory) -> Path:
    """주소를 새길 파일만 있고 아직 주소가 없는 사본. 장의 그림은 빼서 읽고 쓰는 시간을 아낍니다."""
    root = tmp_path_factory.mktemp("unset")
    (root / "book").mkdir()
    for name in FILES:
        shutil.copy(ROOT / name, root / name)
    for chapter in ROOT.glob("book/*.ipynb"):
        notebook = nbformat.read(chapter, as_version=4)
        for cell in notebook.cells:
            if "outputs" in cell:
                cell.outputs = [new_output("stream", text="출력\n")]
        (root / "book" / chapter.name).write_text(
            stored_form(notebook), encoding="utf-8", newline="\n"
        )
    publish(root, "")
    return root


@pytest.fixture
def tree(unset, tmp_path) -> Path:
    return shutil.copytree(unset, tmp_path / "tree")


def contents(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in text_files(root)}


def first_code(root: Path) -> dict[str, str]:
    """장마다 첫 코드 셀의 글."""
    return {
        path.stem: next(
            cell.source
            for cell in nbformat.read(path, as_version=4).cells
            if cell.cell_type == "code"
        )
        for path in sorted(root.glob("book/*.ipynb"))
    }


# 주소의 꼴


@pytest.mark.parametrize(
    "address",
    [
        "",
        "https://github.com/a/b",
        "https://github.com/A-1/b.c_d-e",
        f"https://github.com/{'a' * 39}/b",
    ],
)
def test_a_repository_address_is_accepted(address):
    assert check_address(address) == address


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("http://github.com/a/b", "https://github.com/OWNER/NAME 꼴"),
        ("git@github.com:a/b", "https://github.com/OWNER/NAME 꼴"),
        ("https://gitlab.com/a/b", "https://github.com/OWNER/NAME 꼴"),
        ("https://github.com.evil.example/a/b", "https://github.com/OWNER/NAME 꼴"),
        ("https://user:secret@github.com/a/b", "https://github.com/OWNER/NAME 꼴"),
        (" https://github.com/a/b", "https://github.com/OWNER/NAME 꼴"),
        ("https://github.com/a", "주인과 저장소의 이름까지만"),
        ("https://github.com/a/", "주인과 저장소의 이름까지만"),
        ("https://github.com/a/b/", "주인과 저장소의 이름까지만"),
        ("https://github.com/a/b/tree/main", "주인과 저장소의 이름까지만"),
        ("https://github.com//b", "주인의 이름 ''"),
        ("https://github.com/-a/b", "주인의 이름 '-a'"),
        ("https://github.com/a--b/c", "주인의 이름 'a--b'"),
        (f"https://github.com/{'a' * 40}/b", "주인의 이름"),
        ("https://github.com/홍길동/b", "주인의 이름 '홍길동'"),
        ("https://github.com/a/b.git", "끝의 .git은 빼고"),
        ("https://github.com/a/..", "저장소의 이름 '..'"),
        ("https://github.com/a/b ", "저장소의 이름 'b '"),
        ("https://github.com/a/b\n", "저장소의 이름"),
        ("https://github.com/a/b?x=1", "저장소의 이름 'b?x=1'"),
        ("https://github.com/a/b#c", "저장소의 이름 'b#c'"),
        ('https://github.com/a/b"', "저장소의 이름"),
        (f"https://github.com/a/{'b' * 101}", "저장소의 이름"),
    ],
)
def test_anything_else_is_refused(address, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        check_address(address)


def test_command_tells_the_error_in_one_line(capsys):
    assert main(["https://example.com/a/b"]) == 1
    assert capsys.readouterr().err.startswith("오류: 주소: ")
    assert main(["a", "b"]) == 1
    assert "하나만" in capsys.readouterr().err


# 새기기와 되돌리기


def test_address_is_stamped_everywhere_it_is_needed(tree):
    changed = {path.name for path in publish(tree, SAMPLE)}
    chapters = {path.name for path in tree.glob("book/*.ipynb")}
    assert chapters | {"_config.yml", "README.md", "intro.md", "CITATION.cff"} <= changed
    config = yaml.safe_load((tree / "book/_config.yml").read_text(encoding="utf-8"))
    assert config["repository"]["url"] == SAMPLE
    assert config["html"]["use_repository_button"] is True
    assert config["launch_buttons"]["colab_url"].startswith("https://colab.research.google.com")
    readme = (tree / "README.md").read_text(encoding="utf-8")
    assert readme.count("colab.research.google.com/github/sample-owner/") == len(chapters)
    citation = yaml.safe_load((tree / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["repository-code"] == SAMPLE
    assert citation["url"] == "https://sample-owner.github.io/sample.name/"
    code = first_code(tree)
    for chapter in tree.glob("book/*.ipynb"):
        notebook = nbformat.read(chapter, as_version=4)
        link = f"github/sample-owner/sample.name/blob/main/book/{chapter.name}"
        assert link in notebook.cells[0].source
        assert f'"{SAMPLE}/archive/main.zip"' in code[chapter.stem]


def test_empty_address_undoes_everything_and_a_second_time_changes_nothing(tree):
    before = contents(tree)
    publish(tree, SAMPLE)
    stamped = contents(tree)
    assert stamped != before
    assert publish(tree, SAMPLE) == publish(tree) == []
    with pytest.raises(ValueError, match="끝의 .git은 빼고"):
        publish(tree, SAMPLE + ".git")
    assert contents(tree) == stamped
    publish(tree, SAMPLE + "2")
    publish(tree, "")
    assert contents(tree) == before
    # 한 곳에 손으로 적은 주소를 새긴다
    config = tree / "book/_config.yml"
    text = config.read_text(encoding="utf-8").replace('  url: ""', f"  url: {SAMPLE}")
    config.write_text(text, encoding="utf-8", newline="\n")
    publish(tree)
    assert all(SAMPLE in source for source in first_code(tree).values())


def test_a_chapter_without_the_first_lines_stops_before_anything_is_written(tree):
    chapter = next(tree.glob("book/*.ipynb"))
    notebook = nbformat.read(chapter, as_version=4)
    next(cell for cell in notebook.cells if cell.cell_type == "code").source = "import torch"
    chapter.write_text(stored_form(notebook), encoding="utf-8", newline="\n")
    before = contents(tree)
    with pytest.raises(ValueError, match="aelab을 불러오는 try 문이 없습니다"):
        publish(tree, SAMPLE)
    assert contents(tree) == before


def test_only_the_link_and_the_first_lines_of_a_chapter_change(tree):
    chapter = next(tree.glob("book/*.ipynb"))
    before = nbformat.read(chapter, as_version=4)
    publish(tree, SAMPLE)
    after = nbformat.read(chapter, as_version=4)
    different = [a.id for a, b in zip(before.cells, after.cells, strict=True) if a != b]
    code = next(cell for cell in before.cells if cell.cell_type == "code")
    assert different == [before.cells[0].id, code.id]
    kept = [
        cell.source.splitlines()[find_first_lines(cell.source, chapter)[1] :]
        for cell in (code, next(cell for cell in after.cells if cell.cell_type == "code"))
    ]
    assert kept[0] == kept[1]
    assert [c.get("outputs") for c in before.cells] == [c.get("outputs") for c in after.cells]
    assert chapter.read_text(encoding="utf-8") == stored_form(after)


def test_record_follows_the_stamp_but_a_stale_one_stays_stale(tree):
    chapter = next(tree.glob("book/*.ipynb"))
    before = nbformat.read(chapter, as_version=4)
    after = stamp_notebook(before, chapter, Repository(SAMPLE, "main", "book"))
    assert code_hash(before) != code_hash(after)
    fresh = f'{{"{chapter.stem}": {{"code": "{code_hash(before)}"}}}}'
    assert code_hash(after) in keep_record(fresh, before, after, chapter)
    stale = f'{{"{chapter.stem}": {{"code": "0"}}}}'
    assert code_hash(after) not in keep_record(stale, before, after, chapter)


def test_first_lines_are_formatted_whatever_the_length_of_the_address(tmp_path):
    for length in (3, 40, 55, 66, 90, 102):
        address = check_address(f"https://github.com/o/{'n' * (length - 2)}")
        lines = first_lines(Repository(address, "main", "book"))
        (tmp_path / f"{length}.py").write_text(lines, encoding="utf-8", newline="\n")
    command = [sys.executable, "-m", "ruff", "format", "--check", "--line-length", "100"]
    done = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


# 첫 셀이 하는 일


def run_first_lines(source: str, monkeypatch, result) -> list:
    """aelab이 없는 것처럼 첫 셀의 앞머리를 실행하고, 실행하려던 명령을 돌려줍니다."""
    commands = []
    real_import = builtins.__import__

    def without_aelab(name, *rest, **more):
        if name == "aelab" and (not commands or result.returncode):
            raise ModuleNotFoundError("No module named 'aelab'")
        return real_import(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without_aelab)
    monkeypatch.setattr(subprocess, "run", lambda command, **_: commands.append(command) or result)
    start, end = find_first_lines(source, Path("chapter"))
    exec("\n".join(source.splitlines()[start:end]), {})
    return commands


def finished(returncode: int) -> subprocess.CompletedProcess:
    return subprocess.CompletedProcess([], returncode, stdout="", stderr="no route to host")


def test_without_an_address_the_first_cell_fetches_nothing_and_says_what_to_do(tree, monkeypatch):
    for source in first_code(tree).values():
        assert "subprocess" not in source
        with pytest.raises(SystemExit, match="저장소 폴더에서 pip install -r requirements.txt"):
            run_first_lines(source, monkeypatch, finished(0))


def test_with_an_address_the_first_cell_installs_without_touching_other_packages(tree, monkeypatch):
    publish(tree, SAMPLE)
    source = first_code(tree)["01_encoder"]
    (command,) = run_first_lines(source, monkeypatch, finished(0))
    assert command[:5] == [sys.executable, "-m", "pip", "install", "--no-deps"]
    assert command[5] == f"aelab @ {SAMPLE}/archive/main.zip"
    # 판을 적지 않은 이름은 이미 있으면 그대로 두라는 뜻이다
    assert all(re.fullmatch(r"[a-z-]+", name) for name in command[6:])
    assert not {"-U", "--upgrade", "--force-reinstall"} & set(command)


def test_a_failed_installation_says_so_in_korean(tree, monkeypatch):
    publish(tree, SAMPLE)
    with pytest.raises(SystemExit, match="aelab을 설치하지 못했습니다.\nno route to host"):
        run_first_lines(first_code(tree)["01_encoder"], monkeypatch, finished(1))


def test_where_aelab_is_installed_the_first_cell_runs_no_command(tree, monkeypatch):
    publish(tree, SAMPLE)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("명령을 실행했습니다."))
    for source in first_code(tree).values():
        start, end = find_first_lines(source, Path("chapter"))
        exec("\n".join(source.splitlines()[start:end]), {})


# 주소는 한 곳에만


def test_tree_holds_no_other_address():
    assert other_addresses(ROOT) == {}
    ours = read_repository(ROOT).address
    assert {address for address in installed_from(ROOT) if not ours or ours not in address} == set()


def test_tree_agrees_with_the_one_place(tmp_path):
    """지금의 저장소는 한 곳에 적힌 주소를 새긴 그대로입니다."""
    (tmp_path / "book").mkdir()
    names = [*FILES, *(f"book/{path.name}" for path in ROOT.glob("book/*.ipynb"))]
    for name in names:
        shutil.copy(ROOT / name, tmp_path / name)
    assert publish(tmp_path, read_repository(ROOT).address) == []
