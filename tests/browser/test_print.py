"""종이와 PDF: 지어 놓은 쪽을 Chromium이 인쇄한 것을 봅니다.

쪽이나 브라우저가 없을 때는 test_site.py와 같습니다.
"""

import base64
import io
import re
from dataclasses import dataclass
from functools import cache
from html import unescape

import pytest
from pypdf import PdfReader

from tests.browser.test_site import DESKTOP, PAGES, SITE, korean, open_page, resize

READING = [page for page in PAGES if page not in ("search.html", "genindex.html")]
CHAPTERS = [page for page in PAGES if re.match(r"0\d", page)]
A4 = (595, 842)  # pt
PRINTABLE = round((210 - 2 * 16) / 25.4 * 96)  # print.css의 여백을 뺀 폭(CSS 픽셀)
COUNTER = re.compile(r"^\s*(\d+) / (\d+)\s*", re.MULTILINE)
pytestmark = pytest.mark.usefixtures("built")

SCREEN_ONLY = ("이 책에서 검색", "차례 여닫기", "Toggle", "Skip to", "맨 위로")


def print_page(browser, *, background: bool = False, sheets: str = "") -> PdfReader:
    """열려 있는 쪽을 인쇄한 PDF. sheets는 인쇄할 종이의 번호로, 빈 글이면 모두입니다."""
    printed = browser.execute_cdp_cmd(
        "Page.printToPDF",
        {"preferCSSPageSize": True, "printBackground": background, "pageRanges": sheets},
    )
    return PdfReader(io.BytesIO(base64.b64decode(printed["data"])))


def bare(text: str) -> str:
    """줄바꿈과 빈칸을 뺀 글. PDF에서는 줄이 다르게 나뉜다."""
    return "".join(text.split())


@dataclass(frozen=True)
class Printed:
    """쪽 하나를 인쇄한 것."""

    pdf: PdfReader
    sheets: list[str]  # 종이마다의 글
    drawn: list[int]  # 종이마다, 쪽 번호를 뺀 첫 글보다 먼저 그려진 그림의 수
    cut: list[str]  # 접힌 것을 펼쳤을 때 종이의 폭에서 삐져나오거나 상자에 가려진 것


@pytest.fixture(scope="module")
def printed(browser, require_or_skip):
    """쪽의 이름 → 인쇄한 것. 여러 시험이 보지만 쪽은 한 번만 열고, 글도 한 번만 읽습니다."""
    # 글꼴이 없으면 한글이 네모가 되고, 나눔고딕은 PDF에 빈칸과 붙임표를 다른 글자로 적는다
    open_page(browser, CHAPTERS[0], DESKTOP)
    browser.execute_script("document.body.textContent = '한글의 글꼴'")
    if "한글의 글꼴" not in print_page(browser).pages[0].extract_text():
        require_or_skip("인쇄한 한글을 읽을 수 있는 글꼴이 없습니다(Debian에서는 fonts-noto-cjk).")

    @cache
    def once(page: str) -> Printed:
        open_page(browser, page, DESKTOP)
        pdf = print_page(browser)
        sheets, drawn = zip(*(read_sheet(sheet) for sheet in pdf.pages), strict=True)
        return Printed(pdf, list(sheets), list(drawn), cut_off(browser))

    return once


def read_sheet(sheet) -> tuple[str, int]:
    """종이 한 장의 글과, 쪽 번호를 뺀 첫 글보다 먼저 그려진 그림의 수."""
    drawn: list[str] = []

    def picture(operator, operands, matrix, text_matrix) -> None:
        if operator == b"Do":
            drawn.append("그림")

    def letters(text, *place) -> None:
        if re.search(r"[^\s\d/]", text):
            drawn.append("글")

    text = sheet.extract_text(visitor_operand_before=picture, visitor_text=letters)
    return text, drawn.index("글") if "글" in drawn else len(drawn)


def cut_off(browser) -> list[str]:
    """열린 쪽을 종이의 폭으로 보았을 때 잘리는 것."""
    browser.execute_script("document.querySelectorAll('details').forEach(d => (d.open = true))")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        resize(browser, (PRINTABLE, 1000))
        return browser.execute_script(CUT_OFF, PRINTABLE)
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


@pytest.mark.parametrize("page", READING)
def test_page_prints_to_numbered_a4_sheets_with_all_its_headings(printed, page):
    source = (SITE / page).read_text(encoding="utf-8")
    pdf, sheets = printed(page).pdf, printed(page).sheets
    whole = bare("".join(sheets))
    headings = re.findall(r"<h[1-3]>(.*?)<a class=\"headerlink\"", source, re.DOTALL)
    titles = re.findall(r"<title>(?:[\d.]+ )?(.*?) — ", unescape(source))
    titles += [re.sub(r"<[^>]+>", "", heading) for heading in headings if "math" not in heading]
    assert titles
    assert {tuple(round(side) for side in sheet.mediabox[2:]) for sheet in pdf.pages} == {A4}
    assert [COUNTER.search(text).groups() for text in sheets] == [
        (str(number), str(len(sheets))) for number in range(1, len(sheets) + 1)
    ]
    assert korean(whole)
    assert [title for title in titles if bare(unescape(title)) not in whole] == []
    assert [word for word in SCREEN_ONLY if bare(word) in whole] == []


@pytest.mark.parametrize("page", READING)
def test_no_sheet_is_blank_and_no_caption_is_torn_from_its_figure(printed, page):
    found = printed(page)
    for number, (text, drawn) in enumerate(zip(found.sheets, found.drawn, strict=True), 1):
        text = COUNTER.sub("", text, count=1).strip()
        assert text or drawn, f"{number}쪽이 비었습니다."
        if re.match(r"그림 \d+\.\d+ ", text):
            assert drawn, f"{number}쪽이 그림 없이 그림의 설명으로 시작합니다."


@pytest.mark.parametrize("page", READING)
def test_nothing_is_cut_off_at_the_edge_of_the_paper(printed, page):
    """종이의 폭에서 삐져나온 것도, 상자 안에 가려진 것도 없어야 합니다."""
    assert printed(page).cut == []


def test_a_wide_table_is_found_to_be_cut_off(browser):
    open_page(browser, "intro.html", DESKTOP)
    browser.execute_script(
        "document.querySelector('.bd-article p').innerHTML = '<span style=\"display: block; width: 900px\">넓은 것</span>'"
    )
    assert any("넓은 것" in name for name in cut_off(browser))


CUT_OFF = """
const shown = (e) => e.checkVisibility() && !e.closest("mjx-math, mjx-assistive-mml, .lab-panel");
const name = (e) => `${e.tagName}.${e.className?.baseVal ?? e.className}: ${e.textContent.slice(0, 60)}`;
return [...document.querySelectorAll(".bd-article *")].filter(shown).filter((e) => {
  const box = e.getBoundingClientRect();
  const clips = getComputedStyle(e).overflowX !== "visible" && e.scrollWidth > e.clientWidth + 1;
  // 줄 안의 아주 작은 상자(수식의 장식)는 넓이가 없다
  return box.width > 0 && (box.right > arguments[0] + 1 || box.left < -1 || (clips && e.clientWidth > 0));
}).map(name).slice(0, 5);
"""


def test_long_code_is_wrapped_and_not_cut(browser):
    """일부러 종이보다 긴 줄을 넣으면 마지막 글자까지 인쇄됩니다."""
    open_page(browser, CHAPTERS[0], DESKTOP)
    browser.execute_script(
        "document.querySelector('.bd-article pre').textContent = 'x = ' + '1234567890'.repeat(40) + 'END'"
    )
    # 앞쪽 종이에서 찾으면 나머지는 읽지 않는다
    whole = ""
    for sheet in print_page(browser).pages:
        whole += bare(COUNTER.sub("", sheet.extract_text(), count=1))
        if "1234567890END" in whole:
            return
    pytest.fail("긴 줄의 끝이 인쇄되지 않았습니다.")


@pytest.mark.parametrize("opened", [False, True], ids=["folded", "opened"])
def test_answers_are_printed_only_where_they_are_open(browser, printed, opened):
    sheets = [] if opened else printed(CHAPTERS[0]).sheets
    open_page(browser, CHAPTERS[0], DESKTOP)
    # 퀴즈의 답은 수식 없는 글의 첫머리로, 풀이는 그 안에만 있는 함수의 이름으로 찾는다
    answers = browser.execute_script(
        "const folded = [...document.querySelectorAll('.bd-article details')];"
        "if (arguments[0]) folded.forEach(d => (d.open = true));"
        "return folded.flatMap(d => [...d.querySelectorAll('p:not(:has(.math)), pre')])"
        ".filter(e => !e.closest('summary'))"
        ".map(e => e.tagName === 'P' ? e.textContent.slice(0, 20) : /def \\w*solution\\w*\\(/.exec(e.textContent)?.[0])"
        ".filter(text => text?.length > 12)",
        opened,
    )
    if opened:
        sheets = [sheet.extract_text() for sheet in print_page(browser).pages]
    whole = bare("".join(sheets))
    assert len(answers) >= 3
    assert [answer for answer in answers if bare(answer) in whole] == (answers if opened else [])


def test_dark_screen_prints_dark_letters(browser):
    """어두운 화면에서 인쇄해도 밝은 화면에서 인쇄한 것과 글자의 색이 같습니다."""
    colors = {}
    for theme in ("light", "dark"):
        open_page(browser, CHAPTERS[0], DESKTOP)
        browser.execute_script("document.documentElement.dataset.theme = arguments[0]", theme)
        content = (
            print_page(browser, background=True, sheets="1").pages[0].get_contents().get_data()
        )
        colors[theme] = re.findall(rb"[\d. ]+ rg\b", content)
        assert browser.execute_script("return document.documentElement.dataset.theme") == theme
    assert colors["light"]
    assert colors["dark"] == colors["light"]


@pytest.mark.parametrize("page", [*CHAPTERS[:1], "references.html"])
def test_printed_links_lead_outside_and_never_into_this_computer(printed, page):
    targets = [
        str(note.get_object().get("/A", {}).get("/URI", ""))
        for sheet in printed(page).pdf.pages
        for note in sheet.get("/Annots") or []
    ]
    assert [target for target in targets if target.startswith("file:")] == []
    assert [target for target in targets if target.startswith("https://")]


def test_links_and_theme_of_the_screen_are_back_after_printing(browser):
    count = "return document.querySelectorAll('.bd-article a[href]').length"
    open_page(browser, "intro.html", DESKTOP)
    before = browser.execute_script(count)
    browser.execute_script("delete document.documentElement.dataset.theme")
    print_page(browser)
    assert browser.execute_script("return 'theme' in document.documentElement.dataset") is False
    assert browser.execute_script(count) == before > 10


def test_addresses_of_the_reading_list_are_printed(printed):
    source = (SITE / CHAPTERS[0]).read_text(encoding="utf-8")
    links = re.findall(r'class="reference external" href="(http[^"]+)"', source)
    whole = bare("".join(printed(CHAPTERS[0]).sheets))
    assert links
    assert [link for link in links if bare(f"({unescape(link)})") not in whole] == []
