"""문제은행: 장의 모든 퀴즈가 GIFT와 QTI에 하나씩 있고, 글의 기호가 문법을 깨지 않습니다."""

import re
import xml.etree.ElementTree as ElementTree
import zipfile

import nbformat
from nbformat.v4 import new_markdown_cell, new_notebook

from tools import quiz
from tools.chapters import chapters

DETAILS = "<details>\n<summary>정답 보기</summary>\n\n{}\n\n</details>"
SMALL = new_notebook(
    cells=[
        new_markdown_cell(f"## 연습문제\n\n**1.** 다른 것\n\n{DETAILS.format('답')}"),
        new_markdown_cell(
            f"## 퀴즈\n\n**1.** $a = {{b}}$ & `x < 1`?\n\n{DETAILS.format('**예**')}"
        ),
        new_markdown_cell(f"**2.** 둘\n\n{DETAILS.format('~아니요')}\n\n## 요약"),
    ]
)


def test_only_the_quiz_is_read_and_each_question_keeps_its_answer():
    found = quiz.questions(SMALL, "01")
    assert [(q.name, q.answer) for q in found] == [("01-1", "**예**"), ("01-2", "~아니요")]
    assert found[0].text == "$a = {b}$ & `x < 1`?"


def test_gift_escapes_what_is_syntax_there():
    first, second = quiz.gift(quiz.questions(SMALL, "01")).strip().split("\n\n")
    assert first == r"::01-1::[markdown]$a \= \{b\}$ & `x < 1`?{####**예**}"
    assert second == r"::01-2::[markdown]둘{####\~아니요}"


def test_every_question_of_the_book_is_in_both_files(tmp_path):
    quiz.main([str(tmp_path)])
    asked = sum(
        len(re.findall(r"^\*\*\d+\.\*\*", quiz.PART.search(text)[1], flags=re.MULTILINE))
        for path in chapters()
        for text in [
            "\n\n".join(
                cell.source
                for cell in nbformat.read(path, as_version=4).cells
                if cell.cell_type == "markdown"
            )
        ]
    )
    assert (tmp_path / "quiz.gift.txt").read_text(encoding="utf-8").count("{####") == asked > 40
    with zipfile.ZipFile(tmp_path / "quiz.qti.zip") as package:
        listed = ElementTree.fromstring(package.read("imsmanifest.xml")).iter(
            f"{{{quiz.IMS}/imscp_v1p1}}file"
        )
        names = [file.get("href") for file in listed]
        assert len(set(names)) == asked
        for name in names:
            item = ElementTree.fromstring(package.read(name))  # 깨진 XML이면 여기서 오류가 난다
            assert item.find(f".//{{{quiz.IMS}/imsqti_v2p1}}rubricBlock") is not None
