"""마지막으로 확인한 버전: 모든 장의 기록이 있고, 기록한 뒤로 코드가 바뀌지 않았는지."""

import json
import platform
import re
from datetime import date, timedelta
from importlib.metadata import version

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from book._ext.versions import table
from tools import execute

RECORDED = json.loads(execute.VERSIONS.read_text(encoding="utf-8"))


def test_code_has_not_changed_since_it_was_executed(notebooks):
    assert sorted(RECORDED) == sorted(notebooks)
    changed = [
        f"book/{name}.ipynb"
        for name, notebook in notebooks.items()
        if RECORDED[name]["code"] != execute.code_hash(notebook)
    ]
    assert changed == [], (
        f'코드를 고치고 실행하지 않았습니다. make execute CHAPTERS="{" ".join(changed)}"'
    )


def test_record_holds_a_past_day_and_versions():
    tomorrow = date.today() + timedelta(days=1)  # 날짜가 먼저 바뀌는 곳에서 실행했을 수 있다
    for chapter, run in RECORDED.items():
        assert date(2026, 11, 1) <= date.fromisoformat(run["date"]) <= tomorrow, chapter
        named = (run[name] for name in ("python", "torch", "jupyter-book"))
        assert all(re.match(r"\d+\.\d+", text) for text in named), chapter


def notebook_of(*sources: str, text: str = "글") -> nbformat.NotebookNode:
    return new_notebook(cells=[new_markdown_cell(text), *map(new_code_cell, sources)])


def test_hash_follows_the_code_and_its_order_but_not_the_text():
    first = execute.code_hash(notebook_of("x = 1", "x"))
    assert execute.code_hash(notebook_of("x = 1", "x", text="다른 글")) == first
    others = [("x = 1", "y"), ("x", "x = 1"), ("x = 1\nx",)]
    assert len({first, *(execute.code_hash(notebook_of(*other)) for other in others)}) == 4


def test_tidy_removes_what_editors_leave_and_keeps_the_outputs():
    notebook = notebook_of("x")
    notebook.metadata["widgets"] = {"state": {}}
    (cell,) = notebook.cells[1:]
    cell.metadata |= {"execution": {"iopub.status.busy": "2026-01-01"}, "tags": ["hide-cell"]}
    cell.outputs = [new_output("stream", name="stdout", text=text) for text in ("앞 ", "뒤\n")]
    tidied = nbformat.reads(execute.stored_form(notebook), as_version=4)
    assert tidied.metadata == execute.NOTEBOOK_METADATA
    assert tidied.cells[1].metadata == {"tags": ["hide-cell"]}
    assert [output.text for output in tidied.cells[1].outputs] == ["앞 뒤\n"]
    assert execute.stored_form(tidied) == execute.stored_form(notebook)


def test_a_stray_notebook_is_no_chapter(tmp_path):
    for name in ("01_a", "01_a-Copy1", "Untitled"):
        nbformat.write(notebook_of(), tmp_path / f"{name}.ipynb")
    contents = "root: intro\nchapters:\n  - file: 01_a\n  - file: glossary\n"
    (tmp_path / "_toc.yml").write_text(contents, encoding="utf-8")
    assert execute.chapters(tmp_path) == [tmp_path / "01_a.ipynb"]


class Today(date):
    """시험하는 동안 바뀌지 않는 오늘."""

    @classmethod
    def today(cls) -> date:
        return date(2026, 12, 31)


def test_execution_writes_the_record_of_its_chapter_only(tmp_path, monkeypatch):
    """진짜로 실행합니다. 같은 날 다시 적어도 파일은 같습니다."""
    file = tmp_path / "versions.json"
    file.write_text('{"zzz": {"date": "2026-01-01"}}', encoding="utf-8")
    monkeypatch.setattr(execute, "VERSIONS", file)
    monkeypatch.setattr(execute, "date", Today)
    chapter, notebook = tmp_path / "01_small.ipynb", notebook_of("x = 1", "x")
    nbformat.write(notebook, chapter)
    execute.execute(chapter)
    first = file.read_bytes()
    assert nbformat.read(chapter, as_version=4).cells[2].outputs[0].data["text/plain"] == "1"
    assert json.loads(first) == {
        "zzz": {"date": "2026-01-01"},
        "01_small": {
            "date": "2026-12-31",
            "python": platform.python_version(),
            "torch": version("torch").split("+")[0],
            "jupyter-book": version("jupyter-book"),
            "code": execute.code_hash(notebook),
        },
    }
    execute.record("01_small", notebook)
    assert file.read_bytes() == first
    assert sorted(tmp_path.iterdir()) == [chapter, file]


def test_failed_execution_leaves_the_record_alone(tmp_path, monkeypatch):
    file = tmp_path / "versions.json"
    monkeypatch.setattr(execute, "VERSIONS", file)
    chapter = tmp_path / "01_small.ipynb"
    nbformat.write(notebook_of("1 / 0"), chapter)
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
