"""공개 저장소의 주소: 한 곳에만 적히는지, 새기고 지우는 일이 다른 것을 건드리지 않는지."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from nbformat.v4 import new_output

from tools.chapters import chapters, code_hash
from tools.execute import stored_form
from tools.first_cell import end_of_first_lines
from tools.publish import (
    Repository,
    keep_record,
    main,
    package_hash,
    publish,
    read_address,
    read_repository,
    stamp_notebook,
)

ROOT = Path(__file__).resolve().parents[2]
FILES = (
    *("book/_config.yml", "book/_toc.yml", "book/intro.md", "book/versions.json"),
    *("README.md", "CITATION.cff", "pyproject.toml"),
)
SAMPLE = "https://github.com/sample-owner/sample.name"  # 시험에서만 쓰는 주소


@pytest.fixture(scope="module")
def unset(tmp_path_factory) -> Path:
    """주소를 새길 파일만 있고 아직 주소가 없는 사본. 장의 그림은 빼서 읽고 쓰는 시간을 아낍니다."""
    root = tmp_path_factory.mktemp("unset")
    (root / "book").mkdir()
    (root / "aelab").mkdir()
    (root / "aelab" / "models.py").write_text("x = 1\n", encoding="utf-8", newline="\n")
    for name in FILES:
        shutil.copy(ROOT / name, root / name)
    for chapter in chapters():
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
    return {path.name: path.read_bytes() for path in root.rglob("*") if path.is_file()}


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
    ("copied", "address", "branch"),
    [
        ("", "", ""),
        ("https://github.com/a/b", "https://github.com/a/b", ""),
        ("https://github.com/A-1/b.c_d-e", "https://github.com/A-1/b.c_d-e", ""),
        (f"https://github.com/{'a' * 39}/b", f"https://github.com/{'a' * 39}/b", ""),
        ("https://github.com/a/b.git", "https://github.com/a/b", ""),
        ("https://github.com/a/b/", "https://github.com/a/b", ""),
        ("https://github.com/a/b/tree/main", "https://github.com/a/b", "main"),
        ("https://github.com/a/b/tree/v1.10", "https://github.com/a/b", "v1.10"),
        (
            "https://github.com/a/b.git/tree/2027/spring-1",
            "https://github.com/a/b",
            "2027/spring-1",
        ),
    ],
)
def test_an_address_copied_from_the_browser_or_the_clone_button_is_accepted(
    copied, address, branch
):
    assert read_address(copied) == (address, branch)


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
        ("https://github.com/a/b//", "주인과 저장소의 이름까지만"),
        ("https://github.com/a/b/blob/main/book/01.ipynb", "주인과 저장소의 이름까지만"),
        ("https://github.com/a/b/tree/", "가지: "),
        ("https://github.com/a/b/tree/ma in", "가지: "),
        ('https://github.com/a/b/tree/x"', "가지: "),
        ("https://github.com/a/b/tree/x;y", "가지: "),
        ("https://github.com/a/b/tree/../x", "가지: "),
        ("https://github.com/a/b/tree/x#y", "가지: "),
        ("https://github.com//b", "주인의 이름 ''"),
        ("https://github.com/-a/b", "주인의 이름 '-a'"),
        ("https://github.com/a--b/c", "주인의 이름 'a--b'"),
        (f"https://github.com/{'a' * 40}/b", "주인의 이름"),
        ("https://github.com/홍길동/b", "주인의 이름 '홍길동'"),
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
        read_address(address)


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
        assert f'"{SAMPLE}/archive/main.zip?v={package_hash(tree)}"' in code[chapter.stem]


def test_empty_address_undoes_everything_and_a_second_time_changes_nothing(tree):
    before = contents(tree)
    publish(tree, SAMPLE)
    stamped = contents(tree)
    assert stamped != before
    assert publish(tree, SAMPLE) == publish(tree) == []
    with pytest.raises(ValueError, match="https://github.com/OWNER/NAME 꼴"):
        publish(tree, "git@github.com:sample-owner/sample.name.git")
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
    with pytest.raises(ValueError, match="aelab을 불러오는 것으로 시작해야"):
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
        cell.source.splitlines()[end_of_first_lines(cell.source, chapter) :]
        for cell in (code, next(cell for cell in after.cells if cell.cell_type == "code"))
    ]
    assert kept[0] == kept[1]
    assert [c.get("outputs") for c in before.cells] == [c.get("outputs") for c in after.cells]
    assert chapter.read_text(encoding="utf-8") == stored_form(after)


def test_record_follows_the_stamp_but_a_stale_one_stays_stale(tree):
    chapter = next(tree.glob("book/*.ipynb"))
    before = nbformat.read(chapter, as_version=4)
    stamped = stamp_notebook(before, chapter, Repository(SAMPLE, "main", "book"))
    after = nbformat.reads(json.dumps(stamped), as_version=4)
    assert code_hash(before) != code_hash(after)
    fresh = f'{{"{chapter.stem}": {{"code": "{code_hash(before)}"}}}}'
    assert code_hash(after) in keep_record(fresh, before, after, chapter)
    stale = f'{{"{chapter.stem}": {{"code": "0"}}}}'
    assert code_hash(after) not in keep_record(stale, before, after, chapter)


# 목차와 가지


def test_stray_notebooks_are_neither_stamped_nor_in_the_way(tree):
    copied = tree / "book" / "01_encoder-Copy1.ipynb"
    shutil.copy(tree / "book" / "01_encoder.ipynb", copied)
    (tree / "book" / "Untitled.ipynb").write_text("", encoding="utf-8")
    before = copied.read_bytes()
    publish(tree, SAMPLE)
    assert copied.read_bytes() == before
    assert "Copy1" not in (tree / "README.md").read_text(encoding="utf-8")


def test_a_tag_is_stamped_as_a_branch_is_and_kept_until_another_is_given(tree):
    publish(tree, f"{SAMPLE}/tree/1.10")
    config = yaml.safe_load((tree / "book/_config.yml").read_text(encoding="utf-8"))
    assert config["repository"] == {"url": SAMPLE, "path_to_book": "book", "branch": "1.10"}
    assert f"{SAMPLE}/archive/1.10.zip?v=" in first_code(tree)["01_encoder"]
    assert "/blob/1.10/book/" in (tree / "README.md").read_text(encoding="utf-8")
    assert publish(tree, SAMPLE) == []
    publish(tree, f"{SAMPLE}/tree/main")
    assert "/archive/main.zip?v=" in first_code(tree)["01_encoder"]


def test_first_cell_follows_the_package_but_not_what_systems_leave_in_it(tree):
    publish(tree, SAMPLE)
    (tree / "aelab" / "__pycache__").mkdir()
    (tree / "aelab" / "__pycache__" / "models.pyc").write_bytes(b"x")
    (tree / "aelab" / ".DS_Store").write_bytes(b"x")
    assert publish(tree) == []
    (tree / "aelab" / "models.py").write_text("x = 2\n", encoding="utf-8", newline="\n")
    assert {path.suffix for path in publish(tree)} == {".ipynb", ".json"}


def test_publishing_needs_nothing_but_python(tree):
    shutil.copytree(ROOT / "tools", tree / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-I", "-S", "-c", "import sys; sys.path.insert(0, sys.argv.pop(1));"]
    command[-1] += "from tools.publish import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run([*command, str(tree), SAMPLE], capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert read_repository(tree).address == SAMPLE
