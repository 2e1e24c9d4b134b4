"""풀이를 뺀 책: 쪽에도, 쪽에서 내려받는 노트북에도 풀이와 답이 없습니다."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

EXTENSIONS = Path(__file__).resolve().parents[2] / "book" / "_ext"
CONFIG = """
import sys
sys.path.insert(0, {folder!r})
extensions = ["myst_nb", "solutions"]
nb_execution_mode = "off"
"""


@pytest.mark.parametrize(("setting", "kept"), [("0", False), ("", True)], ids=["student", "whole"])
def test_solutions_are_on_no_page_of_the_book_without_them(tmp_path, setting, kept):
    answer = "<details>\n<summary>답</summary>\n\n숨긴 답\n\n</details>"
    notebook = new_notebook(
        cells=[
            new_markdown_cell("# 장\n\n## 연습문제"),
            new_code_cell("숨긴_풀이 = 1", metadata={"tags": ["hide-cell"]}),
            new_markdown_cell(f"## 퀴즈\n\n물음\n\n{answer}"),
        ]
    )
    nbformat.write(notebook, tmp_path / "index.ipynb")
    (tmp_path / "conf.py").write_text(CONFIG.format(folder=str(EXTENSIONS)), encoding="utf-8")
    out = tmp_path / "out"
    subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-b", "html", str(tmp_path), str(out)],
        env=os.environ | {"AELAB_SOLUTIONS": setting},
        check=True,
    )
    pages = [out / "index.html", *(out / "_sources").iterdir()]
    assert len(pages) == 2
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert "물음" in text
        assert ("숨긴_풀이" in text, "숨긴 답" in text) == (kept, kept), page.name
