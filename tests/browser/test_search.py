"""책의 검색: 토씨가 붙어도, 붙여 써도 찾고, 없는 것은 찾지 않습니다."""

import re
from urllib.parse import quote

import pytest

from book._ext.ko_search import MARK, SearchKorean
from tests.browser.pages import DESKTOP, PAGES, SITE, open_page, wait_until


def found_pages(browser, query: str) -> set[str]:
    open_page(browser, f"search.html?q={quote(query)}", DESKTOP)
    wait_until(browser, "document.querySelector('.search-summary')?.innerText")
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
def test_search_finds_exactly_the_pages_with_the_words(browser):
    for query, words in [
        ("변분", ["변분"]),
        ("오토인코더를", ["오토인코더"]),
        ("PSNR 손실", ["psnr", "손실"]),
        ("psnr은", ["psnr"]),
    ]:
        expected = pages_containing(*words)
        assert expected
        assert found_pages(browser, query) == expected, query
    assert found_pages(browser, "잠재벡터") >= pages_containing("잠재 벡터") != set()
    assert found_pages(browser, "뷁뷁 손실") == set()


def test_index_holds_pieces_of_korean_words_and_whole_english_words():
    language = SearchKorean({})
    pieces = [language.stem(piece).lower() for piece in language.split("생성 모형의 Losses, dB")]
    korean_pieces = ["생", "성", "생성", "성모", "모", "형", "의", "모형", "형의"]
    assert sorted(pieces) == sorted(
        [*(MARK + piece for piece in korean_pieces), "loss", MARK + "db"]
    )
    assert MARK + "성모" not in SearchKorean({}).split("생성, 모형")  # 문장 부호를 건너 잇지 않는다
