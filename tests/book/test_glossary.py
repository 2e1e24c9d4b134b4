"""용어집: 장이 쓰는 말이 처음 나오는 곳에서 한 번 용어집에 이어지는지.

연결은 `python -m tools.glossary`가 답니다. 글을 고친 뒤 시험이 실패하면 다시 실행합니다.
"""

import re
from collections import Counter
from pathlib import Path

import pytest

from tools.glossary import (
    BOOK,
    ENTRY,
    LINK,
    chapters,
    link_first_uses,
    masked,
    pattern,
    prose,
    read_glossary,
)

GLOSSARY = (BOOK / "glossary.md").read_text(encoding="utf-8")
ANCHORS = read_glossary()
BY_NAME = pytest.mark.parametrize("path", chapters(), ids=lambda path: path.stem)


def link(text: str) -> str:
    """용어가 셋뿐인 용어집으로 글 하나를 연결합니다."""
    anchors = {"재구성": "r", "재구성 오차": "e", "잠재 벡터": "z"}
    return link_first_uses([text], anchors)[0]


def definitions() -> dict[str, str]:
    """용어집의 말과 풀이."""
    found = re.findall(r"^\[(.+?)\]\{#[a-z-]+\}.*\n: (.+)$", GLOSSARY, re.MULTILINE)
    return dict(found)


@BY_NAME
def test_terms_are_linked_at_their_first_use(path):
    stored = prose(path)
    assert stored == link_first_uses(stored, ANCHORS), "`python -m tools.glossary`를 실행합니다."
    assert any(LINK.search(text) for text in stored)


@BY_NAME
def test_glossary_links_lead_to_a_term_and_none_is_repeated(path):
    links = re.findall(r"\]\(glossary\.md#([\w-]+)\)", "\n".join(prose(path)))
    assert set(links) <= set(ANCHORS.values())
    assert [anchor for anchor, count in Counter(links).items() if count > 1] == []


def test_every_entry_has_one_anchor_and_a_definition():
    anchors = [anchor for _, anchor, _ in ENTRY.findall(GLOSSARY)]
    assert len(anchors) > 50
    assert len(anchors) == len(set(anchors)) == GLOSSARY.count("]{#") == len(definitions())


def test_terms_are_in_dictionary_order():
    names = [name.lower() for name, _, _ in ENTRY.findall(GLOSSARY)]
    korean = [name for name in names if "가" <= name[0] <= "힣"]
    assert names == [*sorted(korean), *sorted(set(names) - set(korean))]


@pytest.mark.parametrize("name", definitions())
def test_definition_ends_with_a_chapter_that_uses_the_term(name):
    """풀이의 끝은 그 말을 다루는 장의 링크이고, 그 장의 글에 그 말이 정말 나옵니다."""
    target = re.search(r" \[[^\]]+\]\(([\w.]+)\)$", definitions()[name])
    assert target
    aliases = [alias for alias, anchor in ANCHORS.items() if anchor == ANCHORS[name]]
    text = LINK.sub(r"\1", "\n".join(prose(BOOK / target[1])))
    assert any(alias in text for alias in aliases)


@pytest.mark.parametrize(
    ("text", "linked"),
    [
        ("재구성은 흐립니다. 재구성", "[재구성](glossary.md#r)은 흐립니다. 재구성"),
        (
            "재구성 오차와 재구성",
            "[재구성 오차](glossary.md#e)와 [재구성](glossary.md#r)",
        ),
        ("[재구성](glossary.md#x) 재구성", "[재구성](glossary.md#r) 재구성"),
        ("재구성 [재구성](glossary.md#r)", "[재구성](glossary.md#r) 재구성"),
        ("곧 **잠재 벡터**를", "곧 [**잠재 벡터**](glossary.md#z)를"),
        ("재구성된다", "[재구성](glossary.md#r)된다"),
        ("- 잠재 벡터(latent)", "- [잠재 벡터](glossary.md#z)(latent)"),
        ("$재구성$ `재구성` 재구성", "$재구성$ `재구성` [재구성](glossary.md#r)"),
        ("```\n재구성\n```\n재구성", "```\n재구성\n```\n[재구성](glossary.md#r)"),
    ],
)
def test_first_use_in_running_text_is_linked(text, linked):
    assert link(text) == linked
    assert link(linked) == linked


@pytest.mark.parametrize(
    "text",
    [
        "# 재구성",
        "| 재구성 | 1 |",
        "> 재구성",
        "`재구성`",
        "``a`재구성``",
        "$$\n재구성\n$$",
        "![재구성](a.png)",
        "[재구성](02_a.ipynb)",
        "<details>\n<summary>정답</summary>\n\n재구성\n\n</details>",
        "```{figure} a.svg\n재구성\n```",
        "**재구성의 오차.** 글",
        "*재구성과 오차*",
        "첫재구성",
        "재구성기",
        "재구성-1",
    ],
)
def test_other_places_are_left_alone(text):
    assert link(text) == text


def test_masking_keeps_the_length():
    for path in chapters():
        for text in prose(path):
            assert len(masked(text, ANCHORS)) == len(text)


def test_longest_term_wins():
    assert pattern(["재구성", "재구성 오차"]).findall("재구성 오차의 재구성") == [
        "재구성 오차",
        "재구성",
    ]


def test_built_page_lands_on_the_terms(built):
    page = BOOK / "_build" / "html" / "glossary.html"
    ids = set(re.findall(r'id="([\w-]+)"', page.read_text(encoding="utf-8")))
    links = {
        anchor
        for path in Path(page.parent).glob("*.html")
        for anchor in re.findall(
            r'href="glossary\.html#([\w-]+)"', path.read_text(encoding="utf-8")
        )
    }
    assert set(ANCHORS.values()) <= ids
    assert links <= ids
