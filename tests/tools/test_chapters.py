"""어느 노트북이 장인지. 목차에 없는 것은 나누어 주지도, 새기지도, 시험하지도 않습니다."""

import conftest
from tools.chapters import BOOK, chapters


def test_a_stray_notebook_is_not_tested_unless_it_is_named(tmp_path):
    for name in ("01_encoder-Copy1.ipynb", "Untitled.ipynb"):
        assert conftest.pytest_ignore_collect(BOOK / name) is True
    for path in (*chapters(), tmp_path / "mine.ipynb", BOOK / "_ext" / "lab.py"):
        assert conftest.pytest_ignore_collect(path) is None
