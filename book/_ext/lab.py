"""브라우저 실험실: 본문의 실험 링크를 움직이는 실험으로 바꾸고, 스크립트와 자료를 쪽 곁에 놓습니다.

장에서는 링크 하나뿐인 문단이 실험의 자리입니다: `[실험실: 재구성](lab.md#lab-reconstruction)`.
Colab과 주피터에서는 그대로 링크로 보입니다.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from functools import cache
from html import escape
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.errors import ExtensionError

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "lab"
# 쪽이 처음 싣는 스크립트. 나머지는 lab.js가 필요할 때 싣는다. 뒤의 것이 앞의 것에 기댄다.
SCRIPTS = ("codec.js", "engine.js", "address.js", "data.js", "dom.js", "lab.js")
PAGE = "lab"
NO_SCRIPT = (
    "이 자리에는 손으로 움직여 보는 실험이 있습니다. 브라우저에서 JavaScript를 켜면 보입니다."
)


class lab_panel(nodes.General, nodes.Element):
    """실험 하나의 자리. `panel`은 그 id입니다."""


def panel_html(panel: str, title: str) -> str:
    """실험 하나의 자리가 되는 HTML. 내용은 lab.js가 채웁니다."""
    label = escape(title, quote=True)
    return (
        f'<section class="lab-panel" id="{panel}" aria-label="{label}">'
        f'<p class="lab-status">{NO_SCRIPT}</p></section>\n'
    )


def head_html(folder: str, version: str) -> str:
    """실험이 있는 쪽의 머리에 넣을 것. `folder`는 쪽에서 본 lab 폴더의 주소입니다."""
    scripts = "".join(
        f'<script defer src="{folder}/{name}?v={version}"></script>\n' for name in SCRIPTS
    )
    return f'<link rel="stylesheet" href="{folder}/lab.css?v={version}">\n{scripts}'


def sources() -> list[Path]:
    """브라우저가 읽는 소스."""
    return sorted([*SOURCES.glob("*.js"), *SOURCES.glob("panels/*.js"), SOURCES / "lab.css"])


def copy_sources(folder: Path) -> None:
    """브라우저가 읽는 소스만 옮깁니다."""
    for source in sources():
        target = folder / source.relative_to(SOURCES)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


@cache
def version() -> str:
    """소스와 자료의 지문. 책이 바뀌면 브라우저가 옛 파일을 쓰지 않게 합니다."""
    from aelab.data import cifar10
    from aelab.pretrained import WEIGHTS

    # 이미지를 읽으면 오래 걸린다. CIFAR-10은 MD5로, toyworld는 그리는 코드로 정해지므로 이름이면 된다
    source = "toyworld" if cifar10.locate() is None else "cifar10"
    digest = hashlib.sha256(source.encode())
    data = (ROOT / "tools" / "lab_data.py", WEIGHTS / "manifest.json")
    for path in (*sources(), *data):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


def _mark_panels(app, doctree) -> None:
    """링크 하나뿐인 문단을 실험의 자리로 바꿉니다. 아직 링크의 대상을 찾기 전이라 경고가 없습니다."""
    for link in list(doctree.findall(addnodes.pending_xref)):
        panel = link.get("reftargetid") or ""
        alone = isinstance(link.parent, nodes.paragraph) and len(link.parent) == 1
        if not alone or link["reftarget"] != PAGE or not panel.startswith("lab-"):
            continue
        if not (SOURCES / "panels" / f"{panel.removeprefix('lab-')}.js").exists():
            raise ExtensionError(f"{app.env.docname}: {panel}이라는 실험이 없습니다.")
        link.parent.replace_self(lab_panel(panel=panel, title=link.astext()))
    if app.env.docname == PAGE:
        # 글 속의 링크도 실험의 자리를 찾게, 제목의 자리와 같은 목록에 적는다
        slugs = app.env.metadata[PAGE].setdefault("myst_slugs", {})
        for place in doctree.findall(lab_panel):
            slugs[place["panel"]] = (place.line, place["panel"], place["title"])


def _visit_panel(translator, node: lab_panel) -> None:
    translator.body.append(panel_html(node["panel"], node["title"]))
    raise nodes.SkipNode


def _skip_panel(translator, node: lab_panel) -> None:
    raise nodes.SkipNode


def _add_scripts(app, pagename, templatename, context, doctree) -> None:
    """실험이 있는 쪽에만 스크립트를 싣습니다."""
    if doctree is None or next(iter(doctree.findall(lab_panel)), None) is None:
        return
    folder = context["pathto"]("lab", resource=True)
    context["metatags"] = context.get("metatags", "") + head_html(folder, app.config.lab_version)


def _start_data(app) -> None:
    """쪽을 짓는 동안 곁에서 자료를 만듭니다. 걸리는 시간이 거의 겹칩니다."""
    if app.builder.format != "html":
        return
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
        "PYTHONUTF8": "1",  # 없으면 한글 Windows에서는 cp949로 쓴다
    }
    app.lab_data = subprocess.Popen(
        [sys.executable, "-m", "tools.lab_data", str(Path(app.outdir) / "lab" / "data")],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )


def _finish(app, exception) -> None:
    """소스를 옮기고, 곁에서 만들던 자료를 기다립니다."""
    process = getattr(app, "lab_data", None)
    if exception is not None:
        if process is not None:
            process.kill()
            process.communicate()
        return
    if app.builder.format == "html":
        copy_sources(Path(app.outdir) / "lab")
    if process is not None:
        output, _ = process.communicate()
        if process.returncode != 0:
            raise ExtensionError(f"실험실의 자료를 만들지 못했습니다.\n{output}")


def setup(app) -> dict:
    """Sphinx가 부르는 등록 함수입니다."""
    app.add_node(
        lab_panel,
        html=(_visit_panel, None),
        latex=(_skip_panel, None),
        text=(_skip_panel, None),
    )
    # 설정으로 두면, 자료가 바뀌었을 때 글이 그대로인 쪽도 새 판을 가리키게 다시 지어진다
    app.add_config_value("lab_version", lambda config: version(), "html")
    app.connect("builder-inited", _start_data)
    app.connect("doctree-read", _mark_panels)
    app.connect("html-page-context", _add_scripts)
    app.connect("build-finished", _finish)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
