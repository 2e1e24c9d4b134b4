"""aelab.tables: 행의 이름이 앞에 오고, 수는 오른쪽에 맞추고, 글로도 줄이 맞습니다."""

import xml.etree.ElementTree as ElementTree

import pytest

from aelab.tables import Table

ROWS = [["우리 <64>", "84.01", "좋다"], ["PCA", "103.07", "그저 그렇다"]]


def test_html_names_rows_and_columns_and_escapes_text():
    html = ElementTree.fromstring(
        Table(["모델", "오차", "말"], ROWS, caption="A & B")._repr_html_()
    )
    assert html.find("caption").text == "A & B"
    assert [cell.text for cell in html.iterfind(".//th[@scope='col']")] == ["모델", "오차", "말"]
    assert [cell.text for cell in html.iterfind(".//th[@scope='row']")] == ["우리 <64>", "PCA"]
    assert [cell.text for cell in html.iterfind(".//td")] == [v for row in ROWS for v in row[1:]]


def test_only_columns_of_numbers_are_aligned_to_the_right():
    html = ElementTree.fromstring(Table(["모델", "오차", "말"], ROWS, caption="")._repr_html_())
    styles = [cell.get("style") for cell in html.iterfind(".//td")]
    assert ["right" in style for style in styles] == [True, False] * 2


def test_text_lines_up_when_hangul_takes_two_columns():
    assert str(Table(["모델", "오차", "말"], ROWS, caption="표")).split("\n") == [
        "표",
        "모델         오차  말",
        "우리 <64>   84.01  좋다",
        "PCA        103.07  그저 그렇다",
    ]


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ValueError, match=r"rows\[1\]: 값 2개를 기대했는데 3개"):
        Table(["가", "나"], [[1, 2], [1, 2, 3]], caption="")
