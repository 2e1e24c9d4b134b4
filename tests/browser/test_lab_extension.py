"""실험의 자리를 만드는 Sphinx 확장: 작은 책을 지어 봅니다."""

import re
import subprocess
import sys
from types import SimpleNamespace

import pytest
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from book._ext import lab as extension

LAB = """# 실험실

글 속의 [재구성 실험](lab.md#lab-reconstruction)은 링크로 남습니다.

[실험실: 재구성](lab.md#lab-reconstruction)
"""
CHAPTER = """---
orphan: true
---
# 장

[실험실: 생성](lab.md#lab-generation)

[실험실](lab.md)의 [실험](lab.md#lab-reconstruction)도 봅니다.
"""
PLAIN = "---\norphan: true\n---\n# 그냥 쪽\n\n[실험실](lab.md)을 봅니다.\n"


@pytest.fixture
def build(tmp_path, monkeypatch):
    """쪽의 글로 작은 책을 짓고, 쪽의 HTML과 경고를 돌려주는 함수."""
    # 자료는 test_lab_data.py가 시험한다
    monkeypatch.setattr(extension, "_start_data", lambda app: None)
    source = tmp_path / "source"
    source.mkdir()

    def run(**pages: str) -> tuple[dict[str, str], str]:
        for name, text in pages.items():
            (source / f"{name}.md").write_text(text, encoding="utf-8")
        settings = {"extensions": ["myst_parser", "book._ext.lab"], "master_doc": "lab"}
        with (tmp_path / "warnings").open("w+", encoding="utf-8") as warnings:
            folders = (source, None, tmp_path / "html", tmp_path / "doctrees")
            Sphinx(*folders, "html", confoverrides=settings, status=None, warning=warnings).build()
            warnings.seek(0)
            told = warnings.read()
        found = {path.stem: path.read_text("utf-8") for path in (tmp_path / "html").glob("*.html")}
        return found, told

    return run


def test_paragraph_of_one_link_becomes_a_panel_and_other_links_stay(build, tmp_path, monkeypatch):
    monkeypatch.setattr(extension, "version", lambda: "11111111")
    html, warnings = build(lab=LAB, chapter=CHAPTER, plain=PLAIN)
    assert warnings == ""
    panel = '<section class="lab-panel" id="lab-{}" aria-label="실험실: {}"'
    assert html["lab"].count(panel.format("reconstruction", "재구성")) == 1
    assert 'href="#lab-reconstruction"' in html["lab"]
    assert panel.format("generation", "생성") in html["chapter"]
    assert 'href="lab.html#lab-reconstruction"' in html["chapter"]
    assert "JavaScript를 켜면" in html["chapter"]
    assert (tmp_path / "html" / "lab" / "panels" / "generation.js").exists()
    assert re.search(r'<script defer src="lab/engine\.js\?v=11111111">', html["lab"])
    assert "lab/lab.css" in html["lab"]
    assert "lab.css" not in html["plain"]  # 실험이 없는 쪽에는 스크립트도 없다

    monkeypatch.setattr(extension, "version", lambda: "22222222")
    assert "engine.js?v=22222222" in build()[0]["lab"]  # 글이 그대로인 쪽도 새 판을 가리킨다


def test_version_follows_the_images_and_the_code(monkeypatch, tmp_path):
    from aelab.data import cifar10

    version = extension.version.__wrapped__
    found = []
    for root in (None, tmp_path, None):
        monkeypatch.setattr(cifar10, "locate", lambda root=root: root)
        found.append(version())
    assert found[0] == found[2] != found[1]
    monkeypatch.setattr(extension, "sources", lambda: [])
    assert version() not in found


def test_unknown_panel_stops_the_build(build):
    with pytest.raises(ExtensionError, match="lab-nothing이라는 실험이 없습니다"):
        build(lab="# 실험실\n\n[실험실: 없음](lab.md#lab-nothing)\n")


def test_data_that_cannot_be_made_stops_the_build(tmp_path):
    command = [sys.executable, "-c", "raise SystemExit('디스크가 찼습니다')"]
    making = subprocess.Popen(command, stderr=subprocess.STDOUT, stdout=subprocess.PIPE, text=True)
    builder = SimpleNamespace(format="html")
    app = SimpleNamespace(builder=builder, outdir=str(tmp_path), lab_data=making)
    with pytest.raises(ExtensionError, match="만들지 못했습니다.\n디스크가 찼습니다"):
        extension._finish(app, None)
