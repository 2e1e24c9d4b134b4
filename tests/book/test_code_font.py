"""코드의 글꼴: 장의 코드와 출력에 나오는 글자가 모두 있고, 한글은 꼭 두 칸인지."""

from fontTools.ttLib import TTFont

from book._ext.code_font import CODE_FONT, SYMBOLS, subset


def widths(path) -> dict[str, float]:
    """글자마다의 너비. 단위는 em입니다."""
    with TTFont(path) as font:
        names, em = font.getBestCmap(), font["head"].unitsPerEm
        return {chr(code): font["hmtx"][name][0] / em for code, name in names.items()}


def test_every_letter_of_the_chapters_is_one_cell_wide_and_hangul_is_two(notebooks, tmp_path):
    cells = [cell for notebook in notebooks.values() for cell in notebook.cells]
    code = [cell for cell in cells if cell.cell_type == "code"]
    printed = [output.get("text", "") for cell in code for output in cell.outputs]
    wanted = set("".join([cell.source for cell in code] + printed)) - {"\n"}
    hangul = {letter for letter in wanted if "가" <= letter <= "힣"}
    assert len(hangul) > 300

    missing = subset(CODE_FONT, wanted, "Book Code", tmp_path / "code.woff")
    assert missing
    assert subset(SYMBOLS, missing, "Book Code Symbols", tmp_path / "symbols.woff") == set()
    code_widths, symbol_widths = widths(tmp_path / "code.woff"), widths(tmp_path / "symbols.woff")
    assert code_widths == {letter: 1.0 if letter in hangul else 0.5 for letter in wanted - missing}
    assert set(symbol_widths) == missing
    # book.css는 기호의 한 칸을 로마자의 한 칸에 맞춘다
    assert {round(width, 3) for width in symbol_widths.values()} == {0.602}
