"""종이와 PDF: 지어 놓은 쪽을 Chromium이 인쇄한 것을 봅니다. 쪽마다 잘리는 것은 test_pages.py가 찾습니다."""

import base64
import io
import re

import pytest
from pypdf import PdfReader

from tests.browser.pages import CHAPTER, DESKTOP, open_page

A4 = (595, 842)  # pt
COUNTER = re.compile(r"^\s*(\d+) / (\d+)\s*", re.MULTILINE)
SCREEN_ONLY = ("이 책에서 검색", "차례 여닫기", "Toggle", "Skip to", "맨 위로")
# 풀이는 그 안에만 있는 함수의 이름으로, 퀴즈의 답은 수식 없는 글의 첫머리로 찾는다
ANSWERS = """
return [...document.querySelectorAll(".bd-article details:not(.deeper) :is(p:not(:has(.math)), pre)")]
  .filter((e) => !e.closest("summary"))
  .map((e) => e.tagName === "P" ? e.textContent.slice(0, 20) : /def \\w*solution\\w*\\(/.exec(e.textContent)?.[0])
  .filter((text) => text?.length > 12);
"""
# PDF를 읽는 데 오래 걸리므로 본문의 절은 셋만 남긴다. 남은 제목과 바깥으로 가는 주소를 돌려준다
SHORTEN = """
const kept = ":not(:has(details, .reference.external))";
[...document.querySelectorAll(`.bd-article section > section${kept}`)].slice(3).forEach((e) => e.remove());
const titles = document.querySelectorAll("#jb-print-docs-body h1, .bd-article :is(h2, h3):not(:has(.math))");
return [
  [...titles].map((e) => e.textContent.replace(/#$/, "")),
  [...document.querySelectorAll(".bd-article a.reference.external")].map((e) => e.getAttribute("href")),
];
"""
pytestmark = pytest.mark.usefixtures("built")


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


def test_chapter_prints_whole_and_its_answers_only_where_they_are_open(browser, require_or_skip):
    open_page(browser, CHAPTER, DESKTOP)
    titles, links = browser.execute_script(SHORTEN)
    answers = browser.execute_script(ANSWERS)
    assert min(len(titles), len(answers)) >= 3
    pdf = print_page(browser)
    sheets, drawn = zip(*(read_sheet(sheet) for sheet in pdf.pages), strict=True)
    whole = bare("".join(sheets))
    # 글꼴이 없으면 한글이 네모가 되고, 나눔고딕은 PDF에 빈칸과 붙임표를 다른 글자로 적는다
    if "학습 목표" not in "".join(sheets):
        require_or_skip("인쇄한 한글을 읽을 수 있는 글꼴이 없습니다(Debian에서는 fonts-noto-cjk).")

    # 번호가 붙은 A4, 제목은 모두 있고 화면의 것은 없다
    assert {tuple(round(side) for side in sheet.mediabox[2:]) for sheet in pdf.pages} == {A4}
    total = str(len(sheets))
    numbers = [COUNTER.search(text).groups() for text in sheets]
    assert numbers == [(str(number), total) for number in range(1, len(sheets) + 1)]
    assert [title for title in titles if bare(title) not in whole] == []
    assert [word for word in SCREEN_ONLY if bare(word) in whole] == []
    # 빈 종이도, 그림과 갈라진 설명도 없다
    for number, (text, pictures) in enumerate(zip(sheets, drawn, strict=True), 1):
        text = COUNTER.sub("", text, count=1).strip()
        assert text or pictures, f"{number}쪽이 비었습니다."
        if re.match(r"그림 \d+\.\d+ ", text):
            assert pictures, f"{number}쪽이 그림 없이 그림의 설명으로 시작합니다."
    # 링크는 바깥으로만 가고, 읽을거리의 주소는 글로도 적힌다
    notes = [note.get_object() for sheet in pdf.pages for note in sheet.get("/Annots") or []]
    targets = [str(note.get("/A", {}).get("/URI", "")) for note in notes]
    assert [target for target in targets if target.startswith("file:")] == []
    assert [target for target in targets if target.startswith("https://")]
    assert links
    assert [link for link in links if bare(f"({link})") not in whole] == []
    assert [answer for answer in answers if bare(answer) in whole] == []

    # 펼친 것은 답까지, 종이보다 긴 코드는 마지막 글자까지 나온다
    browser.execute_script(
        "document.querySelectorAll('.bd-article details').forEach(d => (d.open = true));"
        "document.querySelector('.bd-article pre').textContent = 'x = ' + '1234567890'.repeat(40) + 'END'"
    )
    pages = print_page(browser).pages
    whole = bare("".join(COUNTER.sub("", sheet.extract_text(), count=1) for sheet in pages))
    assert "1234567890END" in whole
    assert [answer for answer in answers if bare(answer) not in whole] == []


def test_dark_screen_prints_dark_letters_and_is_back_after_printing(browser):
    """어두운 화면에서 인쇄해도 밝은 화면에서 인쇄한 것과 글자의 색이 같습니다."""
    open_page(browser, "intro.html", DESKTOP)
    count = "return document.querySelectorAll('.bd-article a[href]').length"
    links = browser.execute_script(count)
    colors = {}
    for theme in ("light", "dark", None):
        browser.execute_script(
            "const {dataset} = document.documentElement;"
            "if (arguments[0]) dataset.theme = arguments[0]; else delete dataset.theme",
            theme,
        )
        (sheet,) = print_page(browser, background=True, sheets="1").pages
        colors[theme] = re.findall(rb"[\d. ]+ rg\b", sheet.get_contents().get_data())
        kept = "return document.documentElement.dataset.theme ?? null"
        assert browser.execute_script(kept) == theme
    assert colors["light"]
    assert colors["dark"] == colors[None] == colors["light"]
    assert browser.execute_script(count) == links > 10
