"""릴리스: 판의 번호가 어디서나 같은지. 꼬리표를 밀어 넣은 작업에서는 꼬리표까지 봅니다."""

import os
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def version() -> str:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "version"
    ]


def test_citation_and_changelog_speak_of_the_present_version(version):
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest, day = re.search(r"^## (\S+) \((\d{4}-\d{2}-\d{2})\)$", changes, re.MULTILINE).groups()
    assert newest == version
    assert re.search(r"^version: (\S+)$", citation, re.MULTILINE)[1] == version
    assert re.search(r'^date-released: "(\S+)"$', citation, re.MULTILINE)[1] == day


@pytest.mark.skipif("RELEASE" not in os.environ, reason="꼬리표를 밀어 넣은 작업에서만 봅니다.")
def test_tag_is_the_present_version(version):
    assert os.environ["RELEASE"] == f"v{version}"
