"""`{versions}` 지시자: execute.py가 적어 둔 versions.json을 표로 만듭니다."""

import json
from pathlib import Path

from sphinx.util.docutils import SphinxDirective

HEADER = ("장", "마지막으로 실행한 날", "Python", "PyTorch", "Jupyter Book")


def table(recorded: dict[str, dict[str, str]]) -> list[str]:
    """장마다 한 줄인 MyST의 표."""
    rows = [
        (f"[](./{chapter}.ipynb)", run["date"], run["python"], run["torch"], run["jupyter-book"])
        for chapter, run in sorted(recorded.items())
    ]
    lines = [HEADER, ("---",) * len(HEADER), *rows]
    return [f"| {' | '.join(cells)} |" for cells in lines]


class Versions(SphinxDirective):
    """장마다 언제 어느 판으로 실행했는지의 표."""

    def run(self) -> list:
        file = Path(self.env.srcdir) / "versions.json"
        self.env.note_dependency(str(file))  # 표만 달라져도 쪽을 다시 짓는다
        recorded = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        listed = {name: run for name, run in recorded.items() if name in self.env.found_docs}
        return self.parse_text_to_nodes("\n".join(table(listed)))


def setup(app) -> dict:
    """Sphinx가 부르는 등록 함수입니다."""
    app.add_directive("versions", Versions)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
