"""AELAB_SOLUTIONS=0이면 연습문제의 풀이와 퀴즈의 답을 뺀 쪽을 짓습니다(`make book SOLUTIONS=0`)."""

import os
import sys
from pathlib import Path

import nbformat

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # 책을 어디에서 짓든 tools를 찾는다

from tools.handout import without_solutions


def handout(text: str) -> str:
    """노트북 파일의 글에서 풀이와 답을 뺀 글."""
    return nbformat.writes(without_solutions(nbformat.reads(text, as_version=4)))


def leave_out(app, document: str, content: list[str]) -> None:
    if app.env.doc2path(document).endswith(".ipynb"):
        content[0] = handout(content[0])


def leave_out_of_downloads(app, error: Exception | None) -> None:
    """쪽에서 내려받는 노트북은 원본의 사본이므로 따로 고칩니다."""
    for path in () if error else (app.outdir / "_sources").glob("*.ipynb*"):
        path.write_text(handout(path.read_text(encoding="utf-8")), encoding="utf-8")


def setup(app) -> dict:
    """Sphinx가 부르는 등록 함수입니다."""
    kept = os.environ.get("AELAB_SOLUTIONS") != "0"
    app.add_config_value("solutions", kept, "env")  # 바뀌면 모든 쪽을 다시 짓는다
    if not kept:
        app.connect("source-read", leave_out)
        app.connect("build-finished", leave_out_of_downloads)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
