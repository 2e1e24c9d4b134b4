"""첫 쪽의 세 시간 길이 장에 정말 있는 핵심 절을 가리키는지."""

import re
from pathlib import Path

from myst_parser.mdit_to_docutils.base import default_slugify

TEXT = (Path(__file__).resolve().parents[2] / "book" / "intro.md").read_text(encoding="utf-8")
# 글에 대괄호가 든 제목([-1, 1])도 있다
LINKS = re.findall(r"\[((?:[^\[\]]|\[[^\]]*\])+)\]\((\d\d_\w+)\.ipynb#([^)]+)\)", TEXT)


def test_three_hours_lead_to_core_sections_of_the_chapters(notebooks):
    assert len(LINKS) >= 15
    wrong = []
    for title, chapter, anchor in LINKS:
        deeper, core = 0, []
        for cell in notebooks[chapter].cells:
            found = re.findall(r"(?m)^(#{2,4}) +(.+?)\s*$", cell.source)
            for marks, heading in found if cell.cell_type == "markdown" else []:
                if heading.startswith("더 깊이: "):
                    deeper = len(marks)
                elif len(marks) <= deeper:
                    deeper = 0
                if not deeper:
                    core.append(heading)
        if title not in core or anchor != default_slugify(title):
            wrong.append((chapter, title, anchor))
    assert wrong == []
