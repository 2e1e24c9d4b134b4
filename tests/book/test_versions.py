"""마지막으로 확인한 버전: 모든 장의 기록이 있고, 기록한 뒤로 코드가 바뀌지 않았는지."""

import json
import platform
import re
from datetime import date, timedelta
from importlib.metadata import version
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from book._ext.versions import table
from tools import execute

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = sorted((ROOT / "book").glob("*.ipynb"))
RECORDED = json.loads(execute.VERSIONS.read_text(encoding="utf-8"))


def small() -> nbformat.NotebookNode:
    return new_notebook(cells=[new_markdown_cell("글"), new_code_cell("x = 1"), new_code_cell("x")])


def test_every_chapter_has_a_record_and_no_record_is_left_over():
    assert sorted(RECORDED) == [chapter.stem for chapter in CHAPTERS]


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_code_has_not_changed_since_it_was_executed(chapter):
    notebook = nbformat.read(chapter, as_version=4)
    assert RECORDED[chapter.stem]["code"] == execute.code_hash(notebook), (
        f"{chapter.name}의 코드를 고치고 실행하지 않았습니다. "
        f"make execute CHAPTERS=book/{chapter.name}"
    )


@pytest.mark.parametrize("chapter", sorted(RECORDED))
def test_record_holds_a_past_day_and_versions(chapter):
    run = RECORDED[chapter]
    tomorrow = date.today() + timedelta(days=1)  # 날짜가 먼저 바뀌는 곳에서 실행했을 수 있다
    assert date(2026, 11, 1) <= date.fromisoformat(run["date"]) <= tomorrow
    assert all(re.match(r"\d+\.\d+", run[name]) for name in ("python", "torch", "jupyter-book"))


def test_hash_follows_the_code_and_its_order_but_not_the_text():
    first = execute.code_hash(small())
    text, code, order, joined = small(), small(), small(), small()
    text.cells[0].source = "다른 글"
    code.cells[1].source = "x = 2"
    order.cells[1:] = order.cells[:0:-1]
    joined.cells[1:] = [new_code_cell("x = 1\nx")]
    assert execute.code_hash(text) == first
    assert len({first, *(execute.code_hash(other) for other in (code, order, joined))}) == 4


class Today(date):
    """시험하는 동안 바뀌지 않는 오늘."""

    @classmethod
    def today(cls) -> date:
        return date(2026, 12, 31)


def test_execution_writes_the_record_of_its_chapter_only(tmp_path, monkeypatch):
    """진짜로 실행합니다. 두 번 실행해도 파일은 같습니다."""
    file = tmp_path / "versions.json"
    file.write_text('{"zzz": {"date": "2026-01-01"}}', encoding="utf-8")
    monkeypatch.setattr(execute, "VERSIONS", file)
    monkeypatch.setattr(execute, "date", Today)
    chapter = tmp_path / "01_small.ipynb"
    nbformat.write(small(), chapter)
    execute.execute(chapter)
    first = file.read_bytes()
    execute.execute(chapter)
    stored = json.loads(first)
    assert file.read_bytes() == first
    assert stored["zzz"] == {"date": "2026-01-01"}
    assert stored["01_small"] == {
        "date": "2026-12-31",
        "python": platform.python_version(),
        "torch": version("torch").split("+")[0],
        "jupyter-book": version("jupyter-book"),
        "code": execute.code_hash(small()),
    }
    assert list(tmp_path.glob("versions.json?*")) == []


def test_failed_execution_leaves_the_record_alone(tmp_path, monkeypatch):
    from nbclient.exceptions import CellExecutionError

    file = tmp_path / "versions.json"
    monkeypatch.setattr(execute, "VERSIONS", file)
    chapter = tmp_path / "01_small.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("1 / 0")]), chapter)
    with pytest.raises(CellExecutionError):
        execute.execute(chapter)
    assert not file.exists()


def test_table_has_a_row_for_each_chapter_in_order():
    run = {"date": "2026-11-24", "python": "3.13.1", "torch": "2.14.1", "jupyter-book": "1.0.4"}
    rows = table({"02_b": run, "01_a": run | {"torch": "2.15.0"}})
    assert rows[2:] == [
        "| [](./01_a.ipynb) | 2026-11-24 | 3.13.1 | 2.15.0 | 1.0.4 |",
        "| [](./02_b.ipynb) | 2026-11-24 | 3.13.1 | 2.14.1 | 1.0.4 |",
    ]
