"""주소를 새긴 책: 지은 쪽에 Colab과 저장소로 가는 길이 놓이는지."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.publish import publish

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = "https://github.com/sample-owner/sample-name"
CHAPTER = "02_transposed_convolution"


@pytest.mark.slow
def test_published_chapter_leads_to_colab_and_the_repository(tmp_path):
    """장 하나만 짓습니다. 온 책이 경고 없이 지어지는지는 `make book`이 봅니다."""
    for name in ("README.md", "CITATION.cff", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    book = tmp_path / "book"
    shutil.copytree(ROOT / "book", book, ignore=shutil.ignore_patterns("_build", "__pycache__"))
    publish(tmp_path, SAMPLE)
    contents = f"format: jb-book\nroot: intro\nchapters:\n  - file: {CHAPTER}\n"
    (book / "_toc.yml").write_text(contents, encoding="utf-8")
    config = (book / "_config.yml").read_text(encoding="utf-8").replace("    lab: _ext/\n", "")
    (book / "_config.yml").write_text(config, encoding="utf-8")

    command = "from jupyter_book.cli.main import main; main()"
    build = [sys.executable, "-c", command, "build", "book/"]
    done = subprocess.run(build, cwd=tmp_path, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    page = (book / "_build" / "html" / f"{CHAPTER}.html").read_text(encoding="utf-8")
    colab = SAMPLE.replace("github.com", "colab.research.google.com/github")
    # 단추와 제목 밑의 링크, 그리고 저장소의 단추
    assert page.count(f'href="{colab}/blob/main/book/{CHAPTER}.ipynb"') == 2
    assert f'href="{SAMPLE}"' in page
