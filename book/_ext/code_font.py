"""코드의 글꼴: 한글 한 자가 로마자 두 자의 너비입니다.

책의 표 모양 출력은 한글을 두 칸으로 세어 줄을 맞춥니다. 기기마다 다른 글꼴로는 어긋나므로, 쪽의 코드에
나온 글자만 골라 작은 글꼴 둘을 만들어 함께 싣습니다. 로마자는 matplotlib의 DejaVu Sans Mono, 한글은
패키지의 나눔고딕에서 오고, 한글의 너비를 꼭 두 칸으로 고칩니다. 쓰는 곳은 _static/book.css입니다.
"""

import html
import re
import shutil
from pathlib import Path

import matplotlib
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.transformPen import TransformPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

import aelab

LATIN = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSansMono.ttf"
HANGUL = Path(aelab.__file__).parent / "fonts" / "NanumGothic.ttf"
LICENSES = {
    "DejaVu.txt": LATIN.with_name("LICENSE_DEJAVU"),
    "Nanum.txt": HANGUL.with_name("OFL.txt"),
}

ENLARGE = 1.1  # 두 칸의 너비에 어울리는 한글의 크기
CODE = re.compile(r"<(pre|code)\b.*?</\1>", re.DOTALL)


def characters(pages: list[str]) -> set[str]:
    """쪽들의 코드와 출력에 나온 글자."""
    found = set()
    for page in pages:
        for code in CODE.finditer(page):
            found.update(html.unescape(re.sub(r"<[^>]*>", "", code.group())))
    return found


def subset(path: Path, wanted: set[str], family: str) -> TTFont:
    """`path`에서 `wanted`의 글자만 남긴 글꼴. 고친 글꼴이므로 이름도 바꿉니다."""
    font = TTFont(path)
    options = Options(layout_features=[], hinting=False, name_IDs=[0, 1, 2, 4, 6, 13, 14])
    options.drop_tables += ["FFTM", "TSI0", "TSI1", "TSI2", "TSI3", "TSI5"]  # 글꼴 편집기의 것
    subsetter = Subsetter(options)
    subsetter.populate(text="".join(wanted))
    subsetter.subset(font)
    for record in font["name"].names:
        if record.nameID in (1, 4):
            record.string = family
        elif record.nameID == 6:
            record.string = family.replace(" ", "")
    return font


def widen(font: TTFont, em: float) -> None:
    """모든 글자를 조금 키워 너비가 `em`인 칸의 가운데에 놓습니다."""
    glyphs, metrics = font.getGlyphSet(), font["hmtx"].metrics
    width = round(em * font["head"].unitsPerEm)
    drawn = {}
    for name in font.getGlyphOrder():
        outline, pen = DecomposingRecordingPen(glyphs), TTGlyphPen(None)
        glyphs[name].draw(outline)
        shift = (width - ENLARGE * metrics[name][0]) / 2
        outline.replay(TransformPen(pen, (ENLARGE, 0, 0, ENLARGE, shift, 0)))
        drawn[name] = pen.glyph()
    for name, glyph in drawn.items():
        font["glyf"][name] = glyph
        metrics[name] = (width, getattr(glyph, "xMin", 0))


def _write_fonts(app, exception) -> None:
    if exception is not None or app.builder.format != "html":
        return
    pages = [path.read_text(encoding="utf-8") for path in Path(app.outdir).glob("*.html")]
    wanted = characters(pages)
    hangul = {character for character in wanted if "가" <= character <= "힣"} | {"가"}
    latin = subset(LATIN, wanted - hangul | {"0"}, "Book Code")
    korean = subset(HANGUL, hangul, "Book Code Korean")
    cell = latin["hmtx"].metrics["zero"][0] / latin["head"].unitsPerEm
    widen(korean, 2 * cell)
    folder = Path(app.outdir) / "_static" / "fonts"
    folder.mkdir(parents=True, exist_ok=True)
    for name, font in {"code-latin.woff": latin, "code-hangul.woff": korean}.items():
        font.flavor = "woff"
        font.save(folder / name)
    for name, text in LICENSES.items():
        shutil.copy(text, folder / name)


def setup(app) -> dict:
    """Sphinx가 부르는 등록 함수입니다."""
    app.connect("build-finished", _write_fonts)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
