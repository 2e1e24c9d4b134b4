"""지어 놓은 쪽을 진짜 브라우저로 엽니다: 오프라인, 휴대전화의 폭, 검색.

쪽이 없으면 건너뜁니다(`make book`이 짓습니다). 브라우저가 없어도 건너뛰지만,
환경 변수 AELAB_REQUIRE_BROWSER=1이면 둘 다 실패입니다.
"""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote

import nbformat
import pytest
import yaml
from nbformat.v4 import new_markdown_cell, new_notebook

from tools.execute import NOTEBOOK_METADATA

SITE = Path(__file__).resolve().parents[2] / "book" / "_build" / "html"
# index.html은 intro.html로 넘기기만 한다
PAGES = sorted(path.name for path in SITE.glob("*.html") if path.name != "index.html")
TIMEOUT = 120  # 초. 바쁜 컴퓨터에서도 넉넉히
PHONE = (390, 844)
DESKTOP = (1280, 800)


def resize(browser, size: tuple[int, int]) -> None:
    width, height = size
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size == PHONE},
    )


def open_page(browser, page: str, size: tuple[int, int]) -> None:
    """쪽을 열고 수식과 글꼴이 다 그려질 때까지 기다립니다."""
    for log in ("browser", "performance"):
        browser.get_log(log)  # 앞 쪽의 기록을 비운다
    resize(browser, size)
    browser.get(f"{SITE.as_uri()}/{page}")
    wait_until(browser, "return document.readyState === 'complete'")
    browser.execute_async_script(
        "const done = arguments[0];"
        "const math = window.MathJax?.startup?.promise ?? Promise.resolve();"
        "math.then(() => document.fonts.ready).then(() => done());"
    )


def wait_until(browser, script: str) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(browser, TIMEOUT, poll_frequency=0.05).until(lambda b: b.execute_script(script))


def outside_requests(browser) -> list[str]:
    """마지막으로 연 쪽이 파일 밖으로 보낸 요청."""
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    urls = [
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    ]
    return [url for url in urls if not url.startswith(("file:", "data:", "blob:"))]


def test_site_is_built(built):
    assert {"intro.html", "search.html", "glossary.html", "references.html"} <= set(PAGES)
    assert 'url=intro.html"' in (SITE / "index.html").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Opened:
    """쪽 하나를 한 크기로 연 것."""

    outside: list[str]  # 파일 밖으로 보낸 요청
    width: int
    sideways: int  # 옆으로 밀었을 때 밀린 만큼
    errors: list[dict]  # 콘솔의 오류
    broken: list[str]  # 보이지 않거나 설명이 없는 그림
    undrawn: list[str]  # 그려지지 않은 수식
    english: list[str]  # 영어만 있는 설명과 단추


@pytest.fixture(scope="module")
def opened(browser):
    """쪽과 크기 → 연 것. 여러 시험이 보지만 한 번만 엽니다."""

    @cache
    def once(page: str, size: tuple[int, int]) -> Opened:
        open_page(browser, page, size)
        english = english_labels(browser)
        browser.execute_script("document.querySelectorAll('details').forEach(d => (d.open = true))")
        width = browser.execute_script("return document.documentElement.scrollWidth")
        sideways = browser.execute_script(
            "window.scrollTo(10000, 0); const x = window.scrollX; window.scrollTo(0, 0); return x"
        )
        broken = browser.execute_script(
            "return [...document.images].filter(i => !i.closest('.navbar-brand'))"
            ".filter(i => !i.naturalWidth || !i.alt.trim()).map(i => i.src)"
        )
        undrawn = browser.execute_script(
            "return [...document.querySelectorAll('.math')]"
            ".filter(m => !m.querySelector('mjx-container') || m.querySelector('mjx-merror'))"
            ".map(m => m.textContent)"
        )
        errors = [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
        outside = outside_requests(browser)
        return Opened(outside, width, sideways, errors, broken, undrawn, english)

    return once


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("page", PAGES)
def test_page_is_offline_fits_the_screen_and_logs_no_error(opened, page, size):
    found = opened(page, size)
    assert found.outside == []
    assert (found.width <= size[0], found.sideways) == (True, 0)
    assert found.errors == []


@pytest.mark.parametrize("page", PAGES)
def test_images_and_math_are_drawn(opened, page):
    assert opened(page, DESKTOP).broken == []
    assert opened(page, DESKTOP).undrawn == []


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page[0].isdigit() or page == "project.html"]
)
def test_figures_are_numbered_in_korean(page):
    """장의 그림은 차례대로 "그림 1.1", "그림 1.2"…이고, 출력의 그림에는 모두 번호가 있습니다."""
    text = (SITE / page).read_text(encoding="utf-8")
    numbers = re.findall(r'<span class="caption-number">(.*?)</span>', text)
    chapter = int(re.search(r'<h1><span class="section-number">(\d+)', text)[1])
    figures = [number for number in numbers if number.startswith("그림")]
    assert figures == [f"그림 {chapter}.{i} " for i in range(1, len(figures) + 1)]
    outputs = re.findall(r'<img [^>]*src="_images/[0-9a-f]{64}\.png"', text)
    assert len(figures) >= len(outputs)


@pytest.mark.parametrize("page", PAGES)
def test_interface_is_korean(opened, page):
    """단추와 길잡이의 설명에 영어 낱말만 있는 것이 없어야 합니다."""
    assert opened(page, DESKTOP).english == []


def english_labels(browser) -> list[str]:
    """열린 쪽에서 우리말이 한 글자도 없는 설명과 단추의 글. 파일의 꼴과 상표는 세지 않습니다."""
    labels = browser.execute_script(
        "const found = [];"
        "for (const name of ['title', 'aria-label', 'data-bs-title', 'data-bs-original-title',"
        "  'data-tooltip', 'placeholder'])"
        "  for (const e of document.querySelectorAll(`[${name}]`)) found.push(e.getAttribute(name));"
        "for (const e of document.querySelectorAll('.article-header-buttons .btn__text-container'))"
        "  found.push(e.textContent.trim());"
        "return found"
    )
    names = {"Colab", ".ipynb", ".md", ".pdf"}
    return [
        label
        for label in labels
        if re.search("[A-Za-z]{2}", label) and not korean(label) and label not in names
    ]


def test_interface_of_a_published_book_is_korean(browser, tmp_path):
    """저장소의 주소를 적으면 생기는 단추까지 보려고, 책의 설정으로 한 쪽짜리 책을 짓습니다."""
    book = SITE.parents[1]
    # 링크는 권한이 있어야 만드는 컴퓨터가 있다(Windows)
    for name in ("_ext", "_locale", "_static", "_vendor"):
        shutil.copytree(book / name, tmp_path / name)
    shutil.copy(book / "references.bib", tmp_path)
    config = yaml.safe_load((book / "_config.yml").read_text(encoding="utf-8"))
    config["repository"]["url"] = "https://github.com/example/book"
    config["html"].update(
        use_repository_button=True, use_issues_button=True, use_edit_page_button=True
    )
    config["launch_buttons"] = {"colab_url": "https://colab.research.google.com"}
    config["sphinx"]["local_extensions"] = {"ko_search": "_ext/", "interface": "_ext/"}
    config["logo"] = config["html"]["favicon"] = ""
    notebook = new_notebook(cells=[new_markdown_cell("# 제목\n\n글")], metadata=NOTEBOOK_METADATA)
    nbformat.write(notebook, tmp_path / "intro.ipynb")
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: intro\n", encoding="utf-8")
    (tmp_path / "_config.yml").write_text(
        yaml.safe_dump(config, allow_unicode=True), encoding="utf-8"
    )
    done = subprocess.run(
        [Path(sys.executable).with_name("jupyter-book"), "build", "-W", str(tmp_path)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    resize(browser, DESKTOP)
    browser.get((tmp_path / "_build" / "html" / "intro.html").as_uri())
    wait_until(browser, "return document.readyState === 'complete'")
    links = browser.execute_script(
        "return [...document.querySelectorAll('.article-header-buttons a[href]')].map(a => a.href)"
    )
    for place in ("colab.research.google.com", "/issues/new", "/edit/main/", "example/book"):
        assert [link for link in links if place in link], place
    assert english_labels(browser) == []


def korean(text: str) -> bool:
    return re.search("[가-힣]", text) is not None


def found_pages(browser, query: str) -> set[str]:
    open_page(browser, f"search.html?q={quote(query)}", DESKTOP)
    wait_until(browser, "return document.querySelector('.search-summary')?.innerText")
    links = browser.execute_script(
        "return [...document.querySelectorAll('#search-results li a')].map(a => a.href)"
    )
    return {re.split("[#?]", link)[0].rsplit("/", 1)[1] for link in links}


def pages_containing(*words: str) -> set[str]:
    """본문에 `words`가 모두 든 쪽. 브라우저의 검색과 따로 셉니다."""
    pages = set()
    for name in set(PAGES) - {"search.html", "genindex.html"}:
        page = (SITE / name).read_text(encoding="utf-8")
        article = re.search(r"<article.*?</article>", page, re.DOTALL)
        text = re.sub(r"<[^>]+>", "", article.group() if article else "").lower()
        if all(word.lower() in text for word in words):
            pages.add(name)
    return pages


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("손실", ["손실"]),
        ("변분", ["변분"]),
        ("잠재", ["잠재"]),
        ("오토인코더를", ["오토인코더"]),
        ("PSNR", ["psnr"]),
        ("PSNR 손실", ["psnr", "손실"]),
        ("psnr은", ["psnr"]),
    ],
)
def test_search_finds_exactly_the_pages_with_the_words(browser, query, words):
    expected = pages_containing(*words)
    assert expected
    assert found_pages(browser, query) == expected


@pytest.mark.usefixtures("built")
def test_search_ignores_spaces_inside_a_compound(browser):
    assert found_pages(browser, "잠재벡터") >= pages_containing("잠재 벡터") != set()


@pytest.mark.usefixtures("built")
def test_search_finds_nothing_for_an_unknown_word(browser):
    assert found_pages(browser, "뷁뷁 손실") == set()
    assert outside_requests(browser) == []


def test_index_holds_pieces_of_korean_words_and_whole_english_words():
    from book._ext.ko_search import MARK, SearchKorean

    language = SearchKorean({})
    pieces = [language.stem(piece).lower() for piece in language.split("생성 모형의 Losses, dB")]
    korean_pieces = ["생", "성", "생성", "성모", "모", "형", "의", "모형", "형의"]
    assert sorted(pieces) == sorted(
        [*(MARK + piece for piece in korean_pieces), "loss", MARK + "db"]
    )


def test_index_does_not_join_words_across_punctuation():
    from book._ext.ko_search import MARK, SearchKorean

    assert MARK + "성모" not in SearchKorean({}).split("생성, 모형")
