"""접어 둔 "더 깊이" 절: 제목은 남고, 찾아온 사람과 글쇠와 인쇄에는 펼쳐집니다. 작은 책 하나를 지어 봅니다."""

import subprocess
import sys

import pytest

pytest.importorskip("selenium")
from selenium.webdriver.common.keys import Keys

from tests.browser.pages import SITE, press, settle, wait_until
from tests.browser.test_print import print_page

PAGE = """# 장

## 앞 절

## 더 깊이: 유도

처음.

```{figure} dot.svg
:name: drawing
변분.
```

### 안의 절 <a id="inside"></a>

INSIDE

## 다음 절
"""
DOT = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
OPEN = "return document.querySelector('details.deeper').open"


@pytest.fixture(scope="module")
def page(make_once) -> str:
    """접어 둔 절이 하나 있는 쪽의 주소."""
    book = SITE.parents[1]

    def build(folder) -> None:
        (folder / "index.md").write_text(PAGE, encoding="utf-8")
        (folder / "dot.svg").write_text(DOT, encoding="utf-8")
        settings = {
            "extensions": "myst_parser,deeper",
            "html_theme": "classic",
            "html_static_path": book / "_static",
            "html_js_files": "deeper.js,print.js",
        }
        options = [part for item in settings.items() for part in ("-D", f"{item[0]}={item[1]}")]
        code = (
            f"import sys; sys.path.insert(0, {str(book / '_ext')!r}); import sphinx.cmd.build as b"
        )
        command = [sys.executable, "-c", f"{code}; sys.exit(b.main(sys.argv[1:]))"]
        subprocess.run([*command, "-CWq", *options, folder, folder / "html"], check=True)

    return (make_once("deeper", build) / "html" / "index.html").as_uri()


def open_at(browser, address: str) -> None:
    browser.get("about:blank")
    browser.get(address)
    wait_until(browser, "document.readyState === 'complete'")


def test_content_is_folded_but_its_headings_stay_in_the_contents(browser, page):
    open_at(browser, page)
    assert not browser.execute_script(OPEN)
    seen = "return [...document.querySelectorAll(arguments[0])].filter(e => e.checkVisibility())"
    headings = [e.text for e in browser.execute_script(seen, ".body :is(h2, h3)")]
    assert [heading.rstrip("¶") for heading in headings] == ["앞 절", "더 깊이: 유도", "다음 절"]
    contents = [e.text for e in browser.execute_script(seen, ".sphinxsidebar a[href^='#']")]
    assert contents[-4:] == ["앞 절", "더 깊이: 유도", "안의 절", "다음 절"]
    browser.execute_script("document.querySelector('details.deeper > summary').focus()")
    for key, opened in [(Keys.ENTER, True), (Keys.SPACE, False)]:
        press(browser, key)
        assert browser.execute_script(OPEN) is opened


@pytest.mark.parametrize("target", ["id3", "drawing", "id4", "inside"])
def test_address_of_the_heading_or_of_what_is_inside_opens_it(browser, page, target):
    shown = (
        "const box = document.getElementById(arguments[0]).getBoundingClientRect();"
        "return box.top > -1 && box.top < innerHeight && document.getElementById(arguments[0]).checkVisibility()"
    )
    open_at(browser, f"{page}#{target}")
    assert browser.execute_script(OPEN)
    assert browser.execute_script(shown, target)

    # 열린 쪽에서 주소만 바뀔 때, 그리고 도로 접은 뒤 같은 링크를 다시 누를 때
    open_at(browser, page)
    browser.execute_script(
        "const a = document.createElement('a'); a.href = '#' + arguments[0]; a.id = 'go';"
        "a.textContent = '가기'; document.body.prepend(a)",
        target,
    )
    for _ in range(2):
        browser.execute_script("document.querySelector('details.deeper').open = false")
        browser.execute_script("document.getElementById('go').click()")
        wait_until(browser, "document.querySelector('details.deeper').open")
        settle(browser)
        assert browser.execute_script(shown, target)


def test_other_addresses_leave_it_folded(browser, page):
    for address in (f"{page}#id2", f"{page}#id5", f"{page}#nowhere"):
        open_at(browser, address)
        assert not browser.execute_script(OPEN), address


@pytest.mark.parametrize(("word", "opened"), [("변분", True), ("다음", False)])
def test_words_that_the_search_found_inside_open_it(browser, page, word, opened):
    open_at(browser, page)
    browser.execute_script("localStorage.setItem('sphinx_highlight_terms', arguments[0])", word)
    open_at(browser, page)
    wait_until(browser, "document.querySelector('.highlighted')")
    settle(browser)
    assert browser.execute_script(OPEN) is opened


def test_paper_has_it_and_the_screen_is_folded_again(browser, page):
    open_at(browser, page)
    assert "INSIDE" in "".join(sheet.extract_text() for sheet in print_page(browser).pages)
    assert not browser.execute_script(OPEN)
