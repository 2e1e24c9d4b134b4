"""건너뛰어도 되는 절: 제목이 "더 깊이: "로 시작하는 절의 내용을 접어 둡니다.

장에는 제목밖에 적지 않으므로 Colab과 주피터에서는 보통의 절입니다. 접은 자리를 펼치는 일은
_static/deeper.js, 인쇄에서 펼치는 일은 _static/print.js에 있습니다.
"""

from docutils import nodes

TITLE = "더 깊이: "
SUMMARY = "펼쳐 읽기 — 건너뛰어도 됩니다"


class deeper(nodes.General, nodes.Element):
    """접어 둔 절의 내용."""


def _fold(app, doctree: nodes.document, docname: str) -> None:
    """차례와 그림의 번호를 다 모은 뒤에 접습니다. 먼저 접으면 안의 절이 차례에서 빠집니다."""
    if app.builder.format != "html":
        return
    for section in list(doctree.findall(nodes.section)):
        title, *content = section.children
        if title.astext().startswith(TITLE):
            section[1:] = [deeper("", *content)]


def _visit(translator, node: deeper) -> None:
    translator.body.append(
        f'<details class="deeper"><summary class="nohighlight">{SUMMARY}</summary>\n'
    )


def _depart(translator, node: deeper) -> None:
    translator.body.append("</details>\n")


def setup(app) -> dict:
    """Sphinx가 부르는 등록 함수입니다."""
    app.add_node(deeper, html=(_visit, _depart))
    app.connect("doctree-resolved", _fold)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
