"""장의 표: 노트북과 책에서는 HTML로, 터미널에서는 줄을 맞춘 글로 보입니다."""

import re
from collections.abc import Sequence
from html import escape
from unicodedata import east_asian_width

from aelab.checks import unexpected

_NUMBER = re.compile(r"[-+±−]?\d|[-–—]?$")  # 비어 있거나 줄표인 값도 수의 열에 섞일 수 있다


class Table:
    """행의 이름이 앞에 오는 표. 셀의 마지막 줄에 두거나 `display(...)`로 보입니다.

    인자
        columns: 열의 제목. 첫 제목은 행의 이름의 것입니다.
        rows: 행마다 이름과 값. 실수는 f"{x:.2f}"처럼 자릿수를 정한 글로 넘깁니다.
        caption: 표의 제목.

    수만 든 열은 오른쪽에 맞춥니다.

    오류: 값의 개수가 열의 개수와 다른 행이 있으면 ValueError.
    """

    def __init__(
        self, columns: Sequence[str], rows: Sequence[Sequence[object]], *, caption: str
    ) -> None:
        self.caption = caption
        self.columns = list(columns)
        self.rows = [[str(value) for value in row] for row in rows]
        for number, row in enumerate(self.rows):
            if len(row) != len(columns):
                raise unexpected(f"rows[{number}]", f"값 {len(columns)}개를", f"{len(row)}개")
        values = zip(*self.rows, strict=True)
        self._right = [all(_NUMBER.match(value) for value in column) for column in values]

    def __repr__(self) -> str:
        lines = [self.columns, *self.rows]
        widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
        texts = ["  ".join(map(_padded, line, widths, self._right)).rstrip() for line in lines]
        return "\n".join([self.caption, *texts])

    def _repr_html_(self) -> str:
        # 책의 스타일시트가 없는 Jupyter와 Colab에서도 같은 쪽에 맞춥니다.
        styles = [f'style="text-align: {("left", "right")[right]}"' for right in self._right]
        head = "".join(
            f'<th scope="col" {style}>{escape(name)}</th>'
            for name, style in zip(self.columns, styles, strict=True)
        )
        body = "\n".join(
            f'<tr><th scope="row" {styles[0]}>{escape(name)}</th>'
            + "".join(
                f"<td {style}>{escape(value)}</td>"
                for value, style in zip(values, styles[1:], strict=True)
            )
            + "</tr>"
            for name, *values in self.rows
        )
        return (
            f'<table class="aelab-table">\n<caption>{escape(self.caption)}</caption>\n'
            f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"
        )


def _width(text: str) -> int:
    """글자판의 칸 수. 한글은 두 칸입니다."""
    return sum(1 + (east_asian_width(letter) in "WF") for letter in text)


def _padded(text: str, width: int, right: bool) -> str:
    space = " " * (width - _width(text))
    return space + text if right else text + space
