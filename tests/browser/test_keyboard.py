"""지어 놓은 책을 글쇠만으로 씁니다. 장 하나로 봅니다."""

import pytest

from tests.browser.pages import CHAPTER, DESKTOP, PHONE, open_page, press, wait_until

pytestmark = pytest.mark.usefixtures("built")

# 초점이 옮겨 갈 때마다 어디에 닿았는지, 초점이 보이는지 적는다
RECORD_FOCUS = """
window.visited = [];
document.addEventListener("focusin", ({target}) => {
  const style = getComputedStyle(target);
  const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  visited.push({target, seen: ring || style.boxShadow !== "none"});
});
"""
# 눈에 보이는데도 탭 글쇠가 닿지 않은 것
UNREACHED = """
const reached = new Set(visited.map(({target}) => target));
const wanted = [...document.querySelectorAll(arguments[0])].filter((e) => e.checkVisibility());
if (!wanted.length) return [`${arguments[0]}에 맞는 것이 없습니다.`];
return wanted.filter((e) => !reached.has(e)).map((e) => e.outerHTML.slice(0, 200));
"""


def focus(browser, selector: str) -> None:
    """`selector`에 맞는 것 가운데 눈에 보이는 첫째에 초점을 둡니다."""
    browser.execute_script(
        "[...document.querySelectorAll(arguments[0])].find(e => e.checkVisibility()).focus()",
        selector,
    )


def walk(browser) -> None:
    """쪽의 처음부터 탭 글쇠만으로 끝까지 갑니다. 닿은 곳은 `visited`에 남습니다."""
    from selenium.webdriver.common.keys import Keys

    browser.execute_script(RECORD_FOCUS)
    browser.execute_script("document.activeElement.blur(); window.scrollTo(0, 0)")
    for _ in range(40):
        before = browser.execute_script("return visited.length")
        press(browser, Keys.TAB * 25)
        # 쪽을 다 돌면 초점이 브라우저의 단추로 나갔다가 처음으로 돌아온다
        done = browser.execute_script(
            "const first = visited[0]?.target;"
            "return visited.length === arguments[0] || visited.slice(1).some(v => v.target === first)",
            before,
        )
        if done:
            return
    pytest.fail("탭 글쇠를 1000번 눌러도 쪽의 끝에 닿지 않습니다.")


def test_tab_reaches_everything_and_enter_and_space_open_the_folded(browser):
    from selenium.webdriver.common.keys import Keys

    open_page(browser, CHAPTER, DESKTOP)
    walk(browser)
    for selector in (
        ".search-button-field",
        ".bd-sidebar-primary nav a",
        ".theme-switch-button",
        ".bd-article summary",
        ".bd-article a[href]:not(.headerlink)",
        ".prev-next-footer a",
    ):
        assert browser.execute_script(UNREACHED, selector) == []
    unseen = browser.execute_script(
        "return visited.filter(v => !v.seen).map(v => v.target.outerHTML.slice(0, 200))"
    )
    assert unseen == []

    summaries = [
        summary
        for summary in browser.find_elements("css selector", ".bd-article summary")
        if summary.is_displayed()
    ]
    assert len(summaries) >= 5
    for summary in (summaries[0], summaries[-1]):  # 풀이의 셀과 퀴즈의 답
        browser.execute_script("arguments[0].focus()", summary)
        for key, opened in [(Keys.ENTER, True), (Keys.SPACE, False), (Keys.SPACE, True)]:
            press(browser, key)
            state = "return arguments[0].closest('details').open"
            assert browser.execute_script(state, summary) is opened, (summary.text, key)


def test_keyboard_opens_the_contents_the_search_and_changes_the_theme(browser):
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.expected_conditions import url_contains
    from selenium.webdriver.support.ui import WebDriverWait

    open_page(browser, "intro.html", PHONE)
    focus(browser, ".primary-toggle")
    press(browser, Keys.ENTER)
    wait_until(
        browser,
        "[...document.querySelectorAll('a[href$=\"01_encoder.html\"]')]"
        ".some(e => e.closest('nav') && e.getBoundingClientRect().left >= 0 && e.checkVisibility())",
    )
    browser.execute_script(RECORD_FOCUS)
    press(browser, Keys.TAB * 8)
    reached = browser.execute_script("return visited.map(v => v.target.getAttribute('href'))")
    assert "01_encoder.html" in reached

    open_page(browser, "intro.html", DESKTOP)
    focus(browser, ".theme-switch-button")
    modes = []
    for key in (Keys.ENTER, Keys.SPACE, Keys.ENTER):
        press(browser, key)
        modes.append(browser.execute_script("return document.documentElement.dataset.mode"))
    assert sorted(modes) == ["auto", "dark", "light"]
    focus(browser, ".search-button-field")
    press(browser, Keys.ENTER)
    wait_until(browser, "document.activeElement.matches('input[type=search]')")
    press(browser, "잠재", Keys.ENTER)
    WebDriverWait(browser, 120).until(url_contains("search.html"))
