"""용어집: 장이 쓰는 말이 처음 나오는 곳에서 한 번 용어집에 이어지는지.

연결은 `python -m tools.glossary`가 답니다. 글을 고친 뒤 시험이 실패하면 다시 실행합니다.
"""

import re
from collections import Counter

import pytest

from tools.glossary import BOOK, ENTRY, LINK, chapters, link_first_uses, prose, read_glossary

GLOSSARY = (BOOK / "glossary.md").read_text(encoding="utf-8")
ANCHORS = read_glossary()


def definitions() -> dict[str, str]:
    """용어집의 말과 풀이."""
    found = re.findall(r"^\[(.+?)\]\{#[a-z-]+\}.*\n: (.+)$", GLOSSARY, re.MULTILINE)
    return dict(found)


def test_terms_are_linked_once_at_their_first_use():
    for path in chapters():
        stored = prose(path)
        assert stored == link_first_uses(stored, ANCHORS), (
            f"{path.name}: `python -m tools.glossary`를 실행합니다."
        )
        links = Counter(re.findall(r"\]\(glossary\.md#([\w-]+)\)", "\n".join(stored)))
        assert links, path.name
        assert set(links) <= set(ANCHORS.values()), path.name
        assert max(links.values()) == 1, path.name


def test_every_entry_has_one_anchor_and_a_definition():
    anchors = [anchor for _, anchor, _ in ENTRY.findall(GLOSSARY)]
    assert len(anchors) > 50
    assert len(anchors) == len(set(anchors)) == GLOSSARY.count("]{#") == len(definitions())


def test_terms_are_in_dictionary_order():
    names = [name.lower() for name, _, _ in ENTRY.findall(GLOSSARY)]
    korean = [name for name in names if "가" <= name[0] <= "힣"]
    assert names == [*sorted(korean), *sorted(set(names) - set(korean))]


def test_definition_ends_with_a_chapter_that_uses_the_term():
    """풀이의 끝은 그 말을 다루는 장의 링크이고, 그 장의 글에 그 말이 정말 나옵니다."""
    texts = {path.name: LINK.sub(r"\1", "\n".join(prose(path))) for path in chapters()}
    wrong = []
    for name, definition in definitions().items():
        target = re.search(r" \[[^\]]+\]\(([\w.]+)\)$", definition)
        aliases = [alias for alias, anchor in ANCHORS.items() if anchor == ANCHORS[name]]
        if not target or not any(alias in texts[target[1]] for alias in aliases):
            wrong.append(name)
    assert wrong == []


def link(text: str) -> str:
    """용어가 셋뿐인 용어집으로 글 하나를 연결합니다."""
    anchors = {"재구성": "r", "재구성 오차": "e", "잠재 벡터": "z"}
    return link_first_uses([text], anchors)[0]


@pytest.mark.parametrize(
    ("text", "linked"),
    [
        ("재구성은 흐립니다. 재구성", "[재구성](glossary.md#r)은 흐립니다. 재구성"),
        ("재구성 오차와 재구성", "[재구성 오차](glossary.md#e)와 [재구성](glossary.md#r)"),
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
