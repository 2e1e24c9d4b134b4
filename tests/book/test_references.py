"""참고 문헌: 항목마다 찾아갈 길이 있고, 장의 링크가 목록과 같은 글을 가리키는지."""

import re
from pathlib import Path

import pytest
from pybtex.database import Entry, parse_file

from tools.glossary import chapters, prose

ROOT = Path(__file__).resolve().parents[2]
ENTRIES = dict(parse_file(str(ROOT / "book" / "references.bib")).entries)

LINK = re.compile(r"\[([^\[\]]+)\]\((https?://[^()\s]+(?:\([^()\s]*\)[^()\s]*)*)\)")
# "저자 (연도)"나 "저자, 연도"로 적은 링크는 문헌이다
CITATION = re.compile(r"^(.+?)(?: \((\d{4})\)|, (\d{4})$)")
IDENTIFIERS = {
    "doi": re.compile(r"10\.\d{4,}/\S+"),
    "eprint": re.compile(r"\d{4}\.\d{4,5}"),
    "url": re.compile(r"https://\S+"),
    "isbn": re.compile(r"[\d-]{9,16}[\dX]"),
}


def identifier(url: str) -> str:
    """주소에서 문헌을 가리는 부분: DOI, arXiv의 번호, 또는 주소 자체."""
    url = url.replace("%28", "(").replace("%29", ")")
    if found := re.search(r"arxiv\.org/abs/([\d.]+)", url):
        return f"10.48550/arxiv.{found[1]}"
    if found := re.search(r"doi\.org/(.+)", url):
        return found[1].lower()
    return re.sub(r"^https?://(www\.)?|/$", "", url)


def identifiers(entry: Entry) -> set[str]:
    fields = entry.fields
    found = set()
    if "doi" in fields:
        found.add(fields["doi"].lower())
    if "eprint" in fields:
        found.add(f"10.48550/arxiv.{fields['eprint']}")
    if "url" in fields:
        found.add(identifier(fields["url"]))
    return found


def surnames(entry: Entry) -> list[str]:
    return [
        " ".join(map(str, [*person.rich_prelast_names, *person.rich_last_names]))
        for person in entry.persons["author"]
    ]


def cited(label: str) -> tuple[str, str] | None:
    """링크의 글에서 저자와 연도를 뽑습니다. 문헌이 아니면 None."""
    found = CITATION.match(label)
    return found and (found[1], found[2] or found[3])


def wrong_authors(authors: str, entry: Entry) -> bool:
    """글의 저자가 목록과 다른지. "외"는 셋 이상일 때 첫 저자만 적은 것입니다."""
    names = surnames(entry)
    if authors.endswith(" 외"):
        return len(names) < 3 or authors.removesuffix(" 외") != names[0]
    return re.split(r", | & ", authors) != names


@pytest.mark.parametrize("key", ENTRIES)
def test_entry_can_be_found(key):
    fields = ENTRIES[key].fields
    found = {name: fields[name] for name in IDENTIFIERS if name in fields}
    assert found
    assert [name for name, value in found.items() if not IDENTIFIERS[name].fullmatch(value)] == []
    assert {"title", "year"} <= set(fields)


@pytest.mark.parametrize("key", [key for key in ENTRIES if "eprint" in ENTRIES[key].fields])
def test_arxiv_entry_has_the_year_of_its_number(key):
    """arXiv에만 있는 글의 해는 번호의 앞 두 자리입니다. 다른 곳에 실린 글은 그 곳의 해를 적습니다."""
    entry = ENTRIES[key]
    first, year = 2000 + int(entry.fields["eprint"][:2]), int(entry.fields["year"])
    assert year == first if entry.type == "misc" else first - 1 <= year <= first + 2
    assert entry.fields["doi"].lower() == f"10.48550/arxiv.{entry.fields['eprint']}"


def test_no_two_entries_are_the_same_paper():
    every = [name for entry in ENTRIES.values() for name in identifiers(entry)]
    assert sorted(every) == sorted(set(every))


@pytest.mark.parametrize("path", chapters(), ids=lambda path: path.stem)
def test_links_to_literature_agree_with_the_list(path):
    known = {name: entry for entry in ENTRIES.values() for name in identifiers(entry)}
    wrong = []
    for label, url in LINK.findall("\n".join(prose(path))):
        if (citation := cited(label)) is None:
            continue
        entry = known.get(identifier(url))
        if entry is None:
            wrong.append(f"참고 문헌에 없는 글: [{label}]({url})")
        elif wrong_authors(citation[0], entry) or citation[1] != entry.fields["year"]:
            expected = f"{', '.join(surnames(entry))} ({entry.fields['year']})"
            wrong.append(f"[{label}]: 목록에는 {expected}")
    assert wrong == []


@pytest.mark.parametrize(
    ("label", "wrong"),
    [
        ("Hinton & Salakhutdinov (2006)", False),
        ("Hinton (2006)", True),
        ("Salakhutdinov & Hinton (2006)", True),
        ("Hinton 외 (2006)", True),
        ("Ioffe & Szegedy (2015)", True),
    ],
)
def test_wrong_authors_are_caught(label, wrong):
    authors, _ = cited(label)
    assert wrong_authors(authors, ENTRIES["hinton2006reducing"]) is wrong
