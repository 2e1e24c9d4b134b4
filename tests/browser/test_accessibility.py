"""쪽마다 접근성을 봅니다: axe-core의 규칙, 그리고 글쇠만으로 쓸 수 있는지.

규칙은 axe-core가 가집니다(`npm ci`가 node_modules에 둡니다). 접힌 것을 모두 펼치고, 책상의 폭은 밝은
화면으로, 전화기의 폭은 어두운 화면으로 봅니다. 없으면 건너뛰지만 AELAB_REQUIRE_BROWSER=1이면 실패입니다.
"""

from pathlib import Path

import pytest

from tests.browser.lab_browser import wait_for_state
from tests.browser.test_site import DESKTOP, PAGES, PHONE, SITE, open_page, resize, wait_until

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
# 접힌 풀이와 답이 있는 장
CHAPTERS = [
    page
    for page in PAGES
    if page[0].isdigit() and "<summary" in (SITE / page).read_text(encoding="utf-8")
]
pytestmark = pytest.mark.usefixtures("built")

# 펼치는 움직임이 끝나기 전에는 글이 반투명하므로 움직임을 끈다
OPEN_EVERYTHING = """
const style = document.createElement("style");
style.textContent = "*, *::before, *::after {animation: none !important; transition: none !important}";
document.head.append(style);
document.querySelectorAll("details").forEach((details) => (details.open = true));
"""
SET_THEME = """
document.documentElement.dataset.theme = arguments[0];
document.documentElement.dataset.mode = arguments[0];
"""
RUN_AXE = """
const [rules, done] = arguments;
axe.run(document, {runOnly: rules, resultTypes: ["violations"]}).then(
  ({violations, passes}) => done({
    passed: passes.map(({id}) => id),
    violations: violations.map(({id, impact, nodes}) => ({
      id,
      impact,
      nodes: nodes.map((node) => `${node.target.flat().join(" ")}: ${node.failureSummary}`),
    })),
  }),
  (error) => done({error: String(error)}),
);
"""
# 초점이 옮겨 갈 때마다 어디에 닿았는지, 초점이 보이는지 적는다
RECORD_FOCUS = """
window.visited = [];
document.addEventListener("focusin", ({target}) => {
  const style = getComputedStyle(target);
  const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  visited.push({target, seen: ring || style.boxShadow !== "none"});
});
"""


@pytest.fixture(scope="module")
def axe(require_or_skip) -> str:
    """axe-core의 소스."""
    if not AXE.exists():
        require_or_skip("axe-core가 없습니다. `npm ci`로 설치합니다.")
    return AXE.read_text(encoding="utf-8")


def audit(browser, rules) -> dict:
    """열린 쪽에서 axe-core의 규칙을 돌린 결과."""
    result = browser.execute_async_script(RUN_AXE, rules)
    assert "error" not in result, result
    return result


def mount_panels(browser) -> None:
    """실험실의 조각은 눈에 들어와야 자료를 읽으므로, 하나씩 찾아가 다 그려질 때까지 기다립니다."""
    for panel in browser.find_elements("css selector", ".lab-panel"):
        browser.execute_script("arguments[0].scrollIntoView()", panel)
        wait_for_state(browser, panel.get_attribute("id").removeprefix("lab-"), "ready")


def serious(result: dict) -> list[dict]:
    return [found for found in result["violations"] if found["impact"] in ("serious", "critical")]


def test_there_are_pages_to_check():
    assert {"intro.html", "glossary.html", "references.html"} <= set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_page_has_no_serious_accessibility_violation(browser, axe, page):
    # 넓히는 쪽으로 바꾼다. 좁히면 옆으로 미는 상자가 생기고, 테마는 조금 뒤에야 거기에 초점을 허락한다
    open_page(browser, page, PHONE)
    browser.execute_script(OPEN_EVERYTHING)
    mount_panels(browser)
    browser.execute_script(axe)
    # 색은 밝기에, 배치는 폭에 달려 있으므로 둘을 함께 바꾸어 두 번만 본다
    for theme, size in [("dark", PHONE), ("light", DESKTOP)]:
        resize(browser, size)
        browser.execute_script(SET_THEME, theme)
        found = audit(browser, RULES)
        assert "color-contrast" in found["passed"], (theme, size)
        assert serious(found) == [], (theme, size)


@pytest.mark.parametrize(
    ("damage", "rule"),
    [
        ("document.documentElement.removeAttribute('lang')", "html-has-lang"),
        ("document.querySelector('article img').removeAttribute('alt')", "image-alt"),
        ("document.querySelector('article p').style.color = '#ccc'", "color-contrast"),
        ("document.querySelector('summary').textContent = ''", "summary-name"),
    ],
)
def test_axe_catches_the_damage(browser, axe, damage, rule):
    open_page(browser, CHAPTERS[0], DESKTOP)
    browser.execute_script(OPEN_EVERYTHING)
    browser.execute_script(SET_THEME, "light")
    browser.execute_script(damage)
    browser.execute_script(axe)
    found = serious(audit(browser, {"type": "rule", "values": [rule]}))
    assert [violation["id"] for violation in found] == [rule]


def focus(browser, selector: str) -> None:
    """`selector`에 맞는 것 가운데 눈에 보이는 첫째에 초점을 둡니다."""
    browser.execute_script(
        "[...document.querySelectorAll(arguments[0])].find(e => e.checkVisibility()).focus()",
        selector,
    )


def press(browser, *keys: str) -> None:
    from selenium.webdriver import ActionChains

    ActionChains(browser).send_keys(*keys).perform()


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


def unreached(browser, selector: str) -> list[str]:
    """눈에 보이는데도 탭 글쇠가 닿지 않은 것."""
    return browser.execute_script(
        "const reached = new Set(visited.map(({target}) => target));"
        "const wanted = [...document.querySelectorAll(arguments[0])].filter(e => e.checkVisibility());"
        "if (!wanted.length) return [`${arguments[0]}에 맞는 것이 없습니다.`];"
        "return wanted.filter(e => !reached.has(e)).map(e => e.outerHTML.slice(0, 200))",
        selector,
    )


@pytest.mark.parametrize("page", CHAPTERS)
def test_tab_reaches_everything_and_the_focus_is_seen(browser, page):
    open_page(browser, page, DESKTOP)
    walk(browser)
    for selector in (
        ".search-button-field",
        ".bd-sidebar-primary nav a",
        ".theme-switch-button",
        ".bd-article summary",
        ".bd-article a[href]:not(.headerlink)",
        ".prev-next-footer a",
    ):
        assert unreached(browser, selector) == []
    unseen = browser.execute_script(
        "return visited.filter(v => !v.seen).map(v => v.target.outerHTML.slice(0, 200))"
    )
    assert unseen == []


@pytest.mark.parametrize("page", CHAPTERS)
def test_enter_and_space_open_every_folded_answer(browser, page):
    from selenium.webdriver.common.keys import Keys

    open_page(browser, page, DESKTOP)
    summaries = "[...document.querySelectorAll('.bd-article summary')]"
    count = browser.execute_script(f"return {summaries}.length")
    still_folded = []
    for number in range(count):
        browser.execute_script(f"{summaries}[arguments[0]].focus()", number)
        for key, opened in [(Keys.ENTER, True), (Keys.SPACE, False), (Keys.SPACE, True)]:
            press(browser, key)
            state = browser.execute_script(
                f"return {summaries}[arguments[0]].closest('details').open", number
            )
            if state is not opened:
                still_folded.append((number, key))
    assert count >= 5
    assert still_folded == []


def test_keyboard_opens_the_search_and_changes_the_theme(browser):
    from selenium.webdriver.common.keys import Keys

    open_page(browser, "intro.html", DESKTOP)
    focus(browser, ".search-button-field")
    press(browser, Keys.ENTER)
    wait_until(browser, "return document.activeElement.matches('input[type=search]')")
    press(browser, "잠재", Keys.ENTER)
    wait_until(browser, "return location.pathname.endsWith('search.html')")

    open_page(browser, "intro.html", DESKTOP)
    focus(browser, ".theme-switch-button")
    modes = []
    for key in (Keys.ENTER, Keys.SPACE, Keys.ENTER):
        press(browser, key)
        modes.append(browser.execute_script("return document.documentElement.dataset.mode"))
    assert sorted(modes) == ["auto", "dark", "light"]


def test_keyboard_opens_the_contents_on_a_phone(browser):
    from selenium.webdriver.common.keys import Keys

    open_page(browser, "intro.html", PHONE)
    focus(browser, ".primary-toggle")
    press(browser, Keys.ENTER)
    wait_until(
        browser,
        "return [...document.querySelectorAll('a[href$=\"01_encoder.html\"]')]"
        ".some(e => e.closest('nav') && e.getBoundingClientRect().left >= 0 && e.checkVisibility())",
    )
    browser.execute_script(RECORD_FOCUS)
    press(browser, Keys.TAB * 8)
    reached = browser.execute_script("return visited.map(v => v.target.getAttribute('href'))")
    assert "01_encoder.html" in reached
    press(browser, Keys.ESCAPE)
