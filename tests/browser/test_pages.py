"""지어 놓은 책의 쪽마다: 오프라인, 화면과 종이의 폭, 접근성, 우리말.

쪽 하나는 한 번만 엽니다. 쪽이 없으면 건너뛰지만(`make book`이 짓습니다), AELAB_REQUIRE_BROWSER=1이면 실패입니다.
접근성의 규칙은 axe-core가 가집니다(`npm ci`가 node_modules에 둡니다).
"""

import re
from pathlib import Path

import pytest

from tests.browser.lab_panels import scroll_to
from tests.browser.pages import (
    CHAPTER,
    DESKTOP,
    PAGES,
    PHONE,
    SITE,
    SMALL_PHONE,
    english_labels,
    open_page,
    requested,
    resize,
    severe_errors,
)
from tools.chapters import chapters

pytestmark = pytest.mark.usefixtures("built")

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
# 글자의 색, 어두운 화면, 좁은 화면의 규칙은 쪽의 꼴마다 하나씩만 본다. 색과 배치는 모든 장이 함께 쓴다
SAMPLE = {CHAPTER, "glossary.html", "lab.html"}

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
# 수식의 속은 MathJax의 것이라 보지 않는다
RUN_AXE = """
const [tags, colors, done] = arguments;
// 코드의 낱말은 색 말고 볼 것이 없다
if (!colors) document.querySelectorAll(".highlight pre").forEach((pre) => pre.replaceChildren(pre.textContent));
axe.run({exclude: ["mjx-container"]}, {
  preload: false, runOnly: tags, resultTypes: ["violations"], rules: {"color-contrast": {enabled: colors}},
}).then(
  ({violations, passes}) => done({
    passed: passes.length,
    serious: violations.filter(({impact}) => ["serious", "critical"].includes(impact)).map(
      ({id, nodes}) => `${id}: ${nodes.map((node) => node.failureSummary + node.html).join("; ")}`),
  }),
  (error) => done({error: String(error)}),
);
"""
# 화면의 폭에서 삐져나오거나, 밀어 볼 수 없이 잘린 것
OVERFLOW = """
const width = document.documentElement.clientWidth;
const style = (e) => getComputedStyle(e).overflowX;
const scrolled = (e) => e !== document.body && (/auto|scroll/.test(style(e)) || scrolled(e.parentElement));
const found = [...document.querySelectorAll(".bd-main *")].filter((e) => {
  if (!e.checkVisibility() || e.closest("mjx-math, mjx-assistive-mml, svg *")) return false;
  const {left, right, width: wide} = e.getBoundingClientRect();
  const cut = /hidden|clip/.test(style(e)) && e.clientWidth > 1 && e.scrollWidth > e.clientWidth + 1;
  return cut || (wide > 0 && (right > width + 1 || left < -1) && !scrolled(e));
}).map((e) => `${e.tagName}.${e.className}: ${e.textContent.trim().slice(0, 60)}`).slice(0, 5);
window.scrollTo(10000, 0);
if (window.scrollX || document.scrollingElement.scrollWidth > width) found.unshift("쪽이 옆으로 밀립니다.");
window.scrollTo(0, 0);
return found;
"""
BROKEN = """
const images = [...document.images].filter((i) => !i.closest(".navbar-brand"))
  .filter((i) => !i.naturalWidth || !i.alt.trim()).map((i) => i.src);
const math = [...document.querySelectorAll(".math")]
  .filter((m) => !m.querySelector("mjx-container") || m.querySelector("mjx-merror"))
  .map((m) => m.textContent);
return [...images, ...math];
"""
# 종이의 폭에서 삐져나오거나 상자에 가려진 것, 그리고 설명과 갈라질 수 있거나 종이보다 긴 그림
OFF_PAPER = """
const [width, height] = arguments;
const shown = (e) => e.checkVisibility() && !e.closest("mjx-math, mjx-assistive-mml, .lab-panel");
const name = (e) => `${e.tagName}.${e.className?.baseVal ?? e.className}: ${e.textContent.slice(0, 60)}`;
const cut = [...document.querySelectorAll(".bd-article *")].filter(shown).filter((e) => {
  const box = e.getBoundingClientRect();
  const clips = getComputedStyle(e).overflowX !== "visible" && e.scrollWidth > e.clientWidth + 1;
  // 줄 안의 아주 작은 상자(수식의 장식)는 넓이가 없다
  return box.width > 0 && (box.right > width + 1 || box.left < -1 || (clips && e.clientWidth > 0));
});
const torn = [...document.querySelectorAll(".bd-article figure")].filter(shown).filter((e) =>
  getComputedStyle(e).breakInside !== "avoid" || e.getBoundingClientRect().height > height);
return [...cut, ...torn].map(name).slice(0, 5);
"""
PAPER = [round(mm / 25.4 * 96) for mm in (210 - 32, 297 - 38)]  # print.css의 여백을 뺀 A4


@pytest.fixture(scope="module")
def axe(require_or_skip) -> str:
    """axe-core의 소스."""
    if not AXE.exists():
        require_or_skip("axe-core가 없습니다. `npm ci`로 설치합니다.")
    return AXE.read_text(encoding="utf-8")


def serious(browser, *, colors: bool) -> list[str]:
    """열린 쪽에서 axe-core가 찾은 심각한 어긋남."""
    result = browser.execute_async_script(RUN_AXE, TAGS, colors)
    assert result.get("passed", 0) > 10, result
    return result["serious"]


@pytest.mark.parametrize("page", PAGES)
def test_page_is_offline_accessible_and_fits_the_screen_and_the_paper(browser, axe, page):
    problems = {}
    # 넓히는 쪽으로 바꾼다. 좁히면 옆으로 미는 상자가 생기고, 테마는 조금 뒤에야 거기에 초점을 허락한다
    open_page(browser, page, SMALL_PHONE)
    problems["영어뿐인 설명"] = english_labels(browser)
    browser.execute_script(OPEN_EVERYTHING)
    if page == "lab.html":  # 실험은 눈에 들어와야 자료를 읽는다
        for panel in browser.find_elements("css selector", ".lab-panel"):
            scroll_to(browser, panel.get_attribute("id").removeprefix("lab-"))
    browser.execute_script(axe)
    problems["작은 전화기의 폭"] = browser.execute_script(OVERFLOW)
    resize(browser, PHONE)
    problems["전화기의 폭"] = browser.execute_script(OVERFLOW)
    if page in SAMPLE:
        browser.execute_script(SET_THEME, "dark")
        problems["어두운 전화기의 접근성"] = serious(browser, colors=True)

    resize(browser, DESKTOP)
    browser.execute_script(SET_THEME, "light")
    problems["책상의 폭"] = browser.execute_script(OVERFLOW)
    problems["그려지지 않은 그림과 수식"] = browser.execute_script(BROKEN)
    problems["접근성"] = serious(browser, colors=page in SAMPLE)

    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    resize(browser, (PAPER[0], 1000))
    problems["종이에서 잘리는 것"] = browser.execute_script(OFF_PAPER, *PAPER)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})

    inside = ("file:", "data:", "blob:")
    problems["바깥으로 간 요청"] = [u for u in requested(browser) if not u.startswith(inside)]
    problems["콘솔의 오류"] = severe_errors(browser)
    assert {claim: found for claim, found in problems.items() if found} == {}


def test_site_is_built():
    assert {"intro.html", "search.html", "glossary.html", "references.html"} <= set(PAGES)
    assert 'url=intro.html"' in (SITE / "index.html").read_text(encoding="utf-8")


def test_figures_are_numbered_in_korean():
    """장의 그림은 차례대로 "그림 1.1", "그림 1.2"…이고, 출력의 그림에는 모두 번호가 있습니다."""
    for notebook in chapters():
        page = notebook.with_suffix(".html").name
        text = (SITE / page).read_text(encoding="utf-8")
        numbers = re.findall(r'<span class="caption-number">(.*?)</span>', text)
        chapter = int(re.search(r'<h1><span class="section-number">(\d+)', text)[1])
        figures = [number for number in numbers if number.startswith("그림")]
        assert figures == [f"그림 {chapter}.{i} " for i in range(1, len(figures) + 1)], page
        outputs = re.findall(r'<img [^>]*src="_images/[0-9a-f]{64}\.png"', text)
        assert len(figures) >= len(outputs), page


def test_hangul_in_code_is_two_cells_wide_and_symbols_one(browser):
    open_page(browser, CHAPTER, DESKTOP)
    cells = browser.execute_script(
        """
        const pre = document.querySelector(".bd-article pre");
        return arguments[0].map((letter) => {
          const span = document.createElement("span");
          span.textContent = letter.repeat(50);
          pre.append(span);
          return span.getBoundingClientRect().width;
        });
        """,
        ["a", "가", "·", "→"],
    )
    assert cells == [pytest.approx(cells[0] * cell, rel=0.002) for cell in (1, 2, 1, 1)]
