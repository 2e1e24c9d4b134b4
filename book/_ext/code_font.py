"""코드의 글꼴: 한글 한 자가 로마자 두 자의 너비입니다.

책의 표 모양 출력은 한글을 두 칸으로 세어 줄을 맞춥니다. 기기마다 다른 글꼴로는 어긋나므로, 쪽의 코드에
나온 글자만 골라 작은 글꼴로 함께 싣습니다. fonts/BookCode.woff는 나눔고딕코딩에서 ASCII와 KS X 1001의 한글만
남긴 것으로, `python book/_ext/code_font.py NanumGothicCoding.ttf`로 만들었습니다. 거기에 없거나 두 칸인 기호는
matplotlib의 DejaVu Sans Mono에서 옵니다. 쓰는 곳은 _static/book.css입니다.
"""

import html
import re
import shutil
import sys
from pathlib import Path

import matplotlib
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

import aelab

CODE_FONT = Path(__file__).parent / "fonts" / "BookCode.woff"
SYMBOLS = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSansMono.ttf"
LICENSES = {
    "DejaVu.txt": SYMBOLS.with_name("LICENSE_DEJAVU"),
    "Nanum.txt": Path(aelab.__file__).parent / "fonts" / "OFL.txt",
}
CODE = re.compile(r"<(pre|code)\b.*?</\1>", re.DOTALL)


def characters(pages: list[str]) -> set[str]:
    """쪽들의 코드와 출력에 나온 글자."""
    found = set()
    for page in pages:
        for code in CODE.finditer(page):
            found.update(html.unescape(re.sub(r"<[^>]*>", "", code.group())))
    return found - {"\n"}


def subset(source: Path, wanted: set[str], family: str, target: Path) -> set[str]:
    """`source`에서 `wanted`의 글자만 남긴 글꼴을 `target`에 적고, 없던 글자를 돌려줍니다.

    고친 글꼴에는 원래의 이름을 쓸 수 없으므로(OFL) 이름도 바꿉니다.
    """
    font = TTFont(source, recalcTimestamp=False)
    missing = wanted - {chr(code) for code in font.getBestCmap()}
    options = Options(layout_features=[], hinting=False, name_IDs=[0, 1, 2, 4, 6])
    options.drop_tables += ["FFTM"]  # 글꼴 편집기의 것
    subsetter = Subsetter(options)
    subsetter.populate(text="".join(wanted))
    subsetter.subset(font)
    for record in font["name"].names:
        if record.nameID in (1, 4):
            record.string = family
        elif record.nameID == 6:
            record.string = family.replace(" ", "")
    font.flavor = "woff"
    font.save(target)
    return missing


def _write_fonts(app, exception) -> None:
    if exception is not None or app.builder.format != "html":
        return
    pages = [path.read_text(encoding="utf-8") for path in Path(app.outdir).glob("*.html")]
    folder = Path(app.outdir) / "_static" / "fonts"
    folder.mkdir(parents=True, exist_ok=True)
    missing = subset(CODE_FONT, characters(pages), "Book Code", folder / "code.woff")
    subset(SYMBOLS, missing, "Book Code Symbols", folder / "code-symbols.woff")
    for name, text in LICENSES.items():
        shutil.copy(text, folder / name)


def setup(app) -> dict:
    """Sphinx가 부르는 등록 함수입니다."""
    app.connect("build-finished", _write_fonts)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


if __name__ == "__main__":
    ascii_letters = {chr(code) for code in range(0x20, 0x7F)}
    # KS X 1001에 없는 한글은 자모로 풀려 두 바이트를 넘는다
    hangul = {chr(code) for code in range(ord("가"), ord("힣") + 1)}
    hangul = {letter for letter in hangul if len(letter.encode("euc_kr")) == 2}
    subset(Path(sys.argv[1]), ascii_letters | hangul, "Book Code", CODE_FONT)
