"""`{claims} 03` 지시자: claims/results/03.json의 결과를 표로 만듭니다.

책을 지을 때 주장을 다시 재지 않습니다. 판정은 결과의 구간에서 그때그때 셈합니다.
"""

import sys
from html import escape
from pathlib import Path

from docutils import nodes
from myst_parser.mdit_to_docutils.base import default_slugify
from sphinx.util.docutils import SphinxDirective

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # 책을 어디에서 짓든 claims를 찾는다

from claims import results
from claims.claim import Claim, Estimate, Expected

HEADER = ("주장과 판정", "잰 값과 95 % 구간")
WIDTHS = (42, 58)
BAR = 160  # 막대 그림의 너비
JUDGED = {"성립": "holds", "걸침": "straddles", "반대": "against"}  # CSS의 이름


def number(value: float) -> str:
    """유효 숫자 세 자리."""
    text = f"{value:#.3g}"
    if "e" in text:
        text = f"{value:,.0f}" if abs(value) >= 1 else f"{value:.1g}"
    return text.rstrip(".").replace("-", "−")


def threshold(expects: Expected, unit: str) -> str:
    """기대한 범위를 읽는 말."""
    low, high = (
        f"{edge:g}".replace("-", "−") if edge is not None else ""
        for edge in (expects.low, expects.high)
    )
    if not high:
        return f"{low}{unit} 초과"
    return f"{low}부터 {high}{unit}까지" if low else f"{high}{unit} 미만"


def axis(claim: Claim) -> tuple[float, float]:
    """모든 구간과 문턱이 드는 눈금의 양 끝."""
    shown = (*claim.estimates, *claim.controls)
    edges = [edge for each in shown for edge in (each.low, each.high)]
    edges += [edge for edge in (claim.expects.low, claim.expects.high) if edge is not None]
    pad = 0.06 * (max(edges) - min(edges)) or 1.0
    return min(edges) - pad, max(edges) + pad


def bar(estimate: Estimate, claim: Claim) -> str:
    """기대한 범위(옅은 띠) 위에 구간(선)과 값(점)을 그린 SVG."""
    start, stop = axis(claim)

    def x(value: float | None, default: float) -> float:
        return default if value is None else BAR * (value - start) / (stop - start)

    kind = "control" if estimate in claim.controls else JUDGED[claim.expects.judge(estimate)]
    left, right = x(claim.expects.low, 0), x(claim.expects.high, BAR)
    low, high, value = (x(each, 0) for each in (estimate.low, estimate.high, estimate.value))
    edges = [x(edge, 0) for edge in (claim.expects.low, claim.expects.high) if edge is not None]
    lines = "".join(f'<path class="threshold" d="M{edge:.1f} 0V14"/>' for edge in edges)
    return (
        f'<svg viewBox="0 0 {BAR} 14" class="claim-{kind}"'
        ' aria-hidden="true">'
        f'<rect class="expected" x="{left:.1f}" width="{right - left:.1f}" height="14"/>{lines}'
        f'<path class="interval" d="M{low:.1f} 7H{max(high, low + 1):.1f}"/>'
        f'<circle cx="{value:.1f}" cy="7" r="3.5"/></svg>'
    )


def repeated(claim: Claim) -> str:
    """무엇을 몇 번 되풀이했는지. 무리마다 다르면 빈 글이고, 그때는 무리의 이름 곁에 적습니다."""
    shown = (*claim.estimates, *claim.controls)
    counts = {f"{each.unit} {each.n:,}" for each in shown}
    return counts.pop() if len(counts) == 1 else ""


def measured(claim: Claim) -> str:
    """무리마다 한 줄: 이름, 막대, 값과 구간."""
    lines = []
    for each in (*claim.estimates, *claim.controls):
        name = f"대조: {each.group}" if each in claim.controls else each.group
        count = "" if repeated(claim) else f" <small>{escape(each.unit)} {each.n:,}</small>"
        ends = [number(each.low), number(each.high)]
        interval = f"[{', '.join(ends)}]" if len(set(ends)) == 2 else ""
        lines.append(
            f"<li><span>{escape(name)}{count}</span>{bar(each, claim)}"
            f"<span>{number(each.value)} <small>{interval}</small></span></li>"
        )
    return f'<ul class="claim-estimates">{"".join(lines)}</ul>'


def described(claim: Claim, page: str) -> str:
    """판정, 문장(장의 그 절로 가는 링크), 잰 것, 대조."""
    place = f"{page}.ipynb#{default_slugify(claim.section)}"
    unit = f" {claim.unit}" if claim.unit else ""
    doubts = [
        f"{words}: {', '.join(groups)}."
        for judged, words in (("걸침", "문턱이 구간 안"), ("반대", "구간이 반대쪽"))
        if (groups := claim.groups(judged))
    ]
    facts = [
        f"잰 것: {claim.quantity}.",
        f"기대한 범위: {threshold(claim.expects, unit)}.",
        f"되풀이: {repeated(claim)}." if repeated(claim) else "",
    ]
    return "\n\n".join(
        (
            f"[{claim.sentence}]({place})",
            " ".join([f"**{claim.verdict}.**", *doubts]),
            " ".join(facts),
            f"이렇게 나왔다면 버렸을 것: {claim.control}",
        )
    )


class Claims(SphinxDirective):
    """`{claims} 03`: 3장의 주장을 다시 재는 법과 표."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        self.env.note_dependency(str(results.RESULTS / f"{name}.json"))
        found = results.read(name)
        if found is None:
            return self.parse_text_to_nodes("아직 재지 않았습니다.")
        page = next(doc for doc in sorted(self.env.found_docs) if doc.startswith(name))
        held = [claim.verdict for claim in found["claims"].values()].count("성립")
        intro = (
            f"[](./{page}.ipynb)의 주장 {len(found['claims'])}가지 가운데 {held}가지가 모든 무리에서 "
            f"섭니다. 다시 재기: `python -m claims {name}` (CPU {found['cpu_minutes']:.1f}분). "
            f"가중치: {', '.join(found['weights'])}."
        )
        return [*self.parse_text_to_nodes(intro), self.table(found["claims"], page)]

    def table(self, claims: dict[str, Claim], page: str) -> nodes.table:
        """주장마다 한 줄인 표. 첫 칸에 장에서 가리키는 자리가 있습니다."""
        body = nodes.tbody()
        for name, claim in claims.items():
            cells = (
                # 이름을 붙인 자리는 anchors가 링크의 목표로 등록한다
                [nodes.inline("", ids=[name]), *self.parse_text_to_nodes(described(claim, page))],
                [nodes.raw("", measured(claim), format="html")],
            )
            body += nodes.row("", *(nodes.entry("", *cell) for cell in cells))
        head = nodes.row("", *(nodes.entry("", nodes.paragraph("", word)) for word in HEADER))
        group = nodes.tgroup("", cols=len(HEADER))
        group += [nodes.colspec(colwidth=width) for width in WIDTHS]
        group += [nodes.thead("", head), body]
        return nodes.table("", group, classes=["claims"])


def setup(app) -> dict:
    """Sphinx가 부르는 등록 함수입니다."""
    app.add_directive("claims", Claims)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
