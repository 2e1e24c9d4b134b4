"""장의 퀴즈를 문제은행으로 씁니다: Moodle의 GIFT와, 여러 학습 관리 시스템이 읽는 QTI 2.1.

    python -m tools.quiz quiz                                 # quiz/quiz.gift.txt와 quiz/quiz.qti.zip
    python -m tools.quiz quiz book/01_encoder.ipynb

퀴즈는 글로 답하는 문제이므로 서술형이 되고, 책의 답은 채점하는 사람에게 보이는 글이 됩니다.
"""

import re
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import quoteattr

import nbformat
from markdown_it import MarkdownIt

from tools.chapters import chapters

PART = re.compile(r"(?ms)^## 퀴즈\s*$(.*?)(?=^## |\Z)")
QUESTION = re.compile(
    r"(?ms)^\*\*(\d+)\.\*\*\s*(.+?)\s*<details>\s*<summary>.*?</summary>(.+?)</details>"
)
IMS = "http://www.imsglobal.org/xsd"


@dataclass(frozen=True)
class Question:
    """퀴즈의 한 문제. 글은 마크다운입니다."""

    name: str  # 01_encoder-3
    text: str
    answer: str


def questions(notebook: nbformat.NotebookNode, chapter: str) -> list[Question]:
    """노트북의 퀴즈. 답이 접혀 있지 않은 물음은 세지 않습니다."""
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    found = PART.search("\n\n".join(cells))
    return [
        Question(f"{chapter}-{number}", text, answer.strip())
        for number, text, answer in QUESTION.findall(found[1] if found else "")
    ]


def gift(asked: list[Question]) -> str:
    """Moodle의 GIFT. 서술형은 빈 중괄호이고, ####의 뒤는 답한 다음에 보입니다."""

    def plain(text: str) -> str:
        return re.sub(r"([~=#{}:\\])", r"\\\1", text).replace("\n", "\\n")

    lines = [f"::{q.name}::[markdown]{plain(q.text)}{{####{plain(q.answer)}}}" for q in asked]
    return "\n\n".join(lines) + "\n"


def qti(question: Question) -> str:
    """QTI 2.1의 문항 하나."""
    html = MarkdownIt("commonmark", {"xhtmlOut": True}).enable("table")
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<assessmentItem xmlns="{IMS}/imsqti_v2p1" identifier="q-{question.name}" title={quoteattr(question.name)} adaptive="false" timeDependent="false">
<responseDeclaration identifier="RESPONSE" cardinality="single" baseType="string"/>
<outcomeDeclaration identifier="SCORE" cardinality="single" baseType="float"/>
<itemBody>
{html.render(question.text)}<extendedTextInteraction responseIdentifier="RESPONSE" expectedLines="5"/>
<rubricBlock view="scorer">
{html.render(question.answer)}</rubricBlock>
</itemBody>
</assessmentItem>
"""


def manifest(asked: list[Question]) -> str:
    """QTI 꾸러미의 목차."""
    resources = "\n".join(
        f'<resource identifier="r-{q.name}" type="imsqti_item_xmlv2p1" href="{q.name}.xml">'
        f'<file href="{q.name}.xml"/></resource>'
        for q in asked
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<manifest xmlns="{IMS}/imscp_v1p1" identifier="aelab-quiz">
<metadata><schema>QTIv2.1 Package</schema><schemaversion>1.0.0</schemaversion></metadata>
<organizations/>
<resources>
{resources}
</resources>
</manifest>
"""


def main(arguments: list[str]) -> None:
    if not arguments:
        sys.exit("문제은행을 쓸 폴더를 적습니다: python -m tools.quiz quiz")
    folder, *paths = map(Path, arguments)
    asked = [
        question
        for path in paths or chapters()
        for question in questions(nbformat.read(path, as_version=4), path.stem)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "quiz.gift.txt").write_text(gift(asked), encoding="utf-8", newline="\n")
    with zipfile.ZipFile(folder / "quiz.qti.zip", "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("imsmanifest.xml", manifest(asked))
        for question in asked:
            package.writestr(f"{question.name}.xml", qti(question))
    print(f"{folder}: 서술형 {len(asked)}문제")


if __name__ == "__main__":
    main(sys.argv[1:])
