"""강의 안내가 말하는 것이 정말 있는지."""

import re
from pathlib import Path

from myst_parser.mdit_to_docutils.base import default_slugify

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "book" / "teaching.md").read_text(encoding="utf-8")
# 글에 대괄호가 든 제목([-1, 1])도 있다
SECTIONS = re.findall(r"\[(\d)장 ((?:[^\[\]]|\[[^\]]*\])+)\]\((\w+\.ipynb)#([^)]+)\)", TEXT)


def test_sections_of_the_lesson_are_headings_of_their_chapters(notebooks):
    assert len(SECTIONS) >= 15
    wrong = []
    for number, title, file, anchor in SECTIONS:
        cells = notebooks[file.removesuffix(".ipynb")].cells
        text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
        titles = re.findall(r"(?m)^#{2,3} +(.+?)\s*$", text)
        if int(file[:2]) != int(number) or title not in titles or anchor != default_slugify(title):
            wrong.append((number, title, file, anchor))
    assert wrong == []


def test_every_hour_of_the_plan_is_filled_without_gap():
    hours = re.split(r"(?m)^### \d교시.*$", TEXT)[1:]
    assert len(hours) == 3
    for hour in hours:
        spans = [tuple(map(int, span)) for span in re.findall(r"(?m)^\| (\d+)–(\d+) \|", hour)]
        assert [start for start, _ in spans] == [0, *(end for _, end in spans[:-1])]
        assert spans[-1][1] == 50


def test_commands_of_the_text_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"`?make (\w+)", TEXT))
    assert {"kit", "handout", "test", "execute"} <= targets
    assert [name for name in targets if not re.search(rf"(?m)^{name}:", makefile)] == []
    tools = set(re.findall(r"tools[./](\w+)", TEXT))
    assert "grade" in tools
    assert [name for name in tools if not (ROOT / "tools" / f"{name}.py").exists()] == []
