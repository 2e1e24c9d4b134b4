"""주소를 새긴 책: 지은 쪽에 Colab과 저장소로 가는 길이 놓이는지, 그 단추도 우리말인지."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.pages import DESKTOP, english_labels, resize, wait_until
from tools.publish import publish

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = "https://github.com/sample-owner/sample-name"
CHAPTER = "02_transposed_convolution"


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Path:
    """장 하나만 지은 책의 쪽. 온 책이 경고 없이 지어지는지는 `make book`이 봅니다."""
    folder = tmp_path_factory.mktemp("published")
    for name in ("README.md", "CITATION.cff", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    book = folder / "book"
    shutil.copytree(ROOT / "book", book, ignore=shutil.ignore_patterns("_build", "__pycache__"))
    publish(folder, SAMPLE)
    contents = f"format: jb-book\nroot: intro\nchapters:\n  - file: {CHAPTER}\n"
    (book / "_toc.yml").write_text(contents, encoding="utf-8")
    config = (book / "_config.yml").read_text(encoding="utf-8")
    for other in ("lab", "claims_page", "solutions"):  # 이 장에 없는 쪽과, 베끼지 않은 tools의 확장
        config = config.replace(f"    {other}: _ext/\n", "")
    # 고르면 생기는 단추까지 봅니다.
    more = "html:\n  use_issues_button: true\n  use_edit_page_button: true\n"
    (book / "_config.yml").write_text(config.replace("html:\n", more, 1), encoding="utf-8")

    command = "from jupyter_book.cli.main import main; main()"
    build = [sys.executable, "-c", command, "build", "book/"]
    done = subprocess.run(build, cwd=folder, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return book / "_build" / "html" / f"{CHAPTER}.html"


@pytest.mark.slow
def test_published_chapter_leads_to_colab_and_the_repository(page):
    text = page.read_text(encoding="utf-8")
    colab = SAMPLE.replace("github.com", "colab.research.google.com/github")
    # 단추와 제목 밑의 링크, 그리고 저장소의 단추
    assert text.count(f'href="{colab}/blob/main/book/{CHAPTER}.ipynb"') == 2
    for place in ("", "/issues/new", "/edit/main/"):
        assert f'href="{SAMPLE}{place}' in text, place


def test_buttons_of_a_published_chapter_are_korean(browser, page):
    resize(browser, DESKTOP)
    browser.get(page.as_uri())
    wait_until(browser, "document.readyState === 'complete'")
    assert english_labels(browser) == []
