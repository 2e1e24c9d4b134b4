"""참고 문헌: 항목마다 찾아갈 길이 있고, 장의 링크가 목록과 같은 글을 가리키는지."""

import re

from pybtex.database import Entry, parse_file

from tools.glossary import BOOK, chapters, prose

ENTRIES = dict(parse_file(str(BOOK / "references.bib")).entries)

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


def wrong_authors(authors: str, entry: Entry) -> bool:
    """글의 저자가 목록과 다른지. "외"는 셋 이상일 때 첫 저자만 적은 것입니다."""
    names = surnames(entry)
    if authors.endswith(" 외"):
        return len(names) < 3 or authors.removesuffix(" 외") != names[0]
    return re.split(r", | & ", authors) != names


def test_every_entry_can_be_found():
    for key, entry in ENTRIES.items():
        found = {name: entry.fields[name] for name in IDENTIFIERS if name in entry.fields}
        assert found, key
        assert all(IDENTIFIERS[name].fullmatch(value) for name, value in found.items()), key
        assert {"title", "year"} <= set(entry.fields), key


def test_arxiv_entry_has_the_year_of_its_number():
    """arXiv에만 있는 글의 해는 번호의 앞 두 자리입니다. 다른 곳에 실린 글은 그곳의 해와 DOI를 적습니다."""
    for key, entry in ENTRIES.items():
        if "eprint" in entry.fields:
            first, year = 2000 + int(entry.fields["eprint"][:2]), int(entry.fields["year"])
            assert year == first if entry.type == "misc" else first - 1 <= year <= first + 2, key
            if entry.type == "misc":
                assert entry.fields["doi"].lower() == f"10.48550/arxiv.{entry.fields['eprint']}", (
                    key
                )


def test_no_two_entries_are_the_same_paper():
    every = [name for entry in ENTRIES.values() for name in identifiers(entry)]
    assert sorted(every) == sorted(set(every))


def test_links_to_literature_agree_with_the_list():
    known = {name: entry for entry in ENTRIES.values() for name in identifiers(entry)}
    wrong = []
    links = [found for path in chapters() for found in LINK.findall("\n".join(prose(path)))]
    for label, url in links:
        if (citation := CITATION.match(label)) is None:
            continue
        authors, year = citation[1], citation[2] or citation[3]
        entry = known.get(identifier(url))
        if entry is None:
            wrong.append(f"참고 문헌에 없는 글: [{label}]({url})")
        elif wrong_authors(authors, entry) or year != entry.fields["year"]:
            expected = f"{', '.join(surnames(entry))} ({entry.fields['year']})"
            wrong.append(f"[{label}]: 목록에는 {expected}")
    assert wrong == []
