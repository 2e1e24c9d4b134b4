"""다른 쪽의 목표에 닿는 링크.

MyST는 `[글](쪽.md#목표)`에서 제목의 목표만 찾습니다. 용어집의 말처럼 `[글]{#목표}`로 이름을 붙인 자리도
찾도록 목록에 더합니다. Colab과 GitHub에서 이런 링크는 그 쪽을 여는 보통 링크입니다.
"""

from docutils import nodes


def _register(app, doctree: nodes.document) -> None:
    slugs = app.env.metadata[app.env.docname].setdefault("myst_slugs", {})
    for span in doctree.findall(nodes.inline):
        for name in span["ids"]:
            slugs.setdefault(name, (span.line, name, span.astext()))


def setup(app) -> dict:
    """Sphinx가 부르는 등록 함수입니다."""
    app.connect("doctree-read", _register)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
