"""그림을 크게 여는 상자: 글쇠와 손가락으로 열고 닫으며, 전화기에서는 그림의 끝까지 밀어 봅니다."""

import pytest

pytest.importorskip("selenium")
from selenium.webdriver.common.keys import Keys

from tests.browser.pages import (
    CHAPTER,
    DESKTOP,
    PHONE,
    english_labels,
    open_page,
    press,
    settle,
    tap,
    wait_until,
)

pytestmark = pytest.mark.usefixtures("built")

FIGURE = ".bd-article figure .enlarge"
SHOWN = """
const image = document.querySelector(".lightbox img"), small = document.querySelector(arguments[0]);
const box = image.getBoundingClientRect(), stage = image.parentElement;
return {
  wide: box.width, natural: image.naturalWidth, before: small.getBoundingClientRect().width,
  alt: image.alt === small.querySelector("img").alt,
  hidden: [stage.scrollWidth - stage.clientWidth, stage.scrollHeight - stage.clientHeight],
  focus: document.activeElement.textContent,
};
"""
OPENED = "document.querySelector('.lightbox[open] img')?.complete"


def test_keyboard_opens_a_figure_large_and_comes_back_to_it(browser):
    open_page(browser, CHAPTER, DESKTOP)
    figure = browser.find_element("css selector", FIGURE)
    for opener, closer in [(Keys.ENTER, Keys.ESCAPE), (Keys.SPACE, Keys.ENTER)]:
        browser.execute_script("arguments[0].focus()", figure)
        press(browser, opener)
        wait_until(browser, OPENED)
        shown = browser.execute_script(SHOWN, FIGURE)
        assert shown["alt"]
        assert shown["focus"] == "닫기"
        assert shown["wide"] >= shown["natural"] > 0
        assert shown["wide"] >= shown["before"]
        assert english_labels(browser) == []
        press(browser, closer)
        wait_until(browser, "!document.querySelector('.lightbox[open]')")
        assert browser.switch_to.active_element == figure


def test_finger_opens_a_figure_and_moves_to_its_end(browser):
    open_page(browser, CHAPTER, PHONE)
    tap(browser, browser.find_element("css selector", FIGURE))
    wait_until(browser, OPENED)
    shown = browser.execute_script(SHOWN, FIGURE)
    assert shown["wide"] >= 1.5 * shown["before"]
    across, _ = shown["hidden"]
    assert across > 0
    ends = browser.execute_script(
        "const image = document.querySelector('.lightbox img'), stage = image.parentElement;"
        "stage.scrollTo(0, 0); const left = image.getBoundingClientRect().left;"
        "stage.scrollTo(9999, 0); return [left, image.getBoundingClientRect().right]"
    )
    assert ends == [pytest.approx(0, abs=1), pytest.approx(PHONE[0], abs=1)]
    tap(browser, browser.find_element("css selector", ".lightbox-close"))
    settle(browser)
    assert not browser.execute_script(f"return {OPENED}")
