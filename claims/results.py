"""결과 파일: 장마다 하나인 JSON, 그리고 무엇에 기댄 결과인지의 지문."""

import ast
import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from claims import weights
from claims.claim import Claim, Estimate, Expected

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "results"
DATA = "cifar10"  # 저장소의 결과는 모두 진짜 CIFAR-10에서 잰 것이다


def chapters() -> list[str]:
    """주장이 있는 장: "01", …, "project"."""
    return sorted(path.stem.removeprefix("ch") for path in FOLDER.glob("ch*.py"))


def fingerprint(chapter: str, sizes: Iterable[str]) -> str:
    """결과가 기댄 것의 SHA-256: 장의 코드와 공통의 코드, 잰 크기의 가중치, 자료의 이름.

    나중에 다른 크기의 가중치를 담아도 이미 잰 것은 낡지 않습니다.
    """
    digest = hashlib.sha256(DATA.encode())
    for path in (FOLDER / f"ch{chapter}.py", FOLDER / "claim.py", FOLDER / "weights.py"):
        digest.update(structure(path.read_text(encoding="utf-8")).encode())
    for path in weights.manifests():
        listed = json.loads(path.read_bytes())
        digest.update(json.dumps({size: listed.get(size) for size in sizes}).encode())
    return digest.hexdigest()


def structure(code: str) -> str:
    """주석과 줄바꿈이 달라도, 문장이 다른 절로 옮겨 가도, 파이썬의 판이 달라도 같은 코드의 꼴.

    ast.dump는 판마다 빈 자리를 다르게 적으므로 빈 자리를 빼고 적습니다.
    """

    def shape(node):
        if isinstance(node, list):
            return [shape(each) for each in node if getattr(each, "arg", "") != "section"]
        if not isinstance(node, ast.AST):
            return repr(node)
        fields = [(name, value) for name, value in ast.iter_fields(node) if value not in (None, [])]
        return [type(node).__name__, *((name, shape(value)) for name, value in fields)]

    return str(shape(ast.parse(code)))


def write(chapter: str, claims: dict[str, Claim], minutes: float) -> None:
    """장 하나의 결과를 씁니다. 수는 유효 숫자 여덟 자리입니다."""
    sizes = sorted({size for path in weights.manifests() for size in json.loads(path.read_bytes())})
    content = {
        "fingerprint": fingerprint(chapter, sizes),
        "sizes": sizes,
        "data": DATA,
        "weights": list(weights.weight_sets()),
        "cpu_minutes": round(minutes, 1),
        "claims": {name: asdict(claim) for name, claim in claims.items()},
    }
    rounded = json.loads(json.dumps(content), parse_float=lambda text: float(f"{float(text):.8g}"))
    text = json.dumps(rounded, ensure_ascii=False, indent=1)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{chapter}.json").write_text(text + "\n", encoding="utf-8")


def read(chapter: str) -> dict | None:
    """장 하나의 결과. "claims"의 값은 `Claim`입니다. 아직 재지 않았으면 None."""
    path = RESULTS / f"{chapter}.json"
    if not path.exists():
        return None
    content = json.loads(path.read_text(encoding="utf-8"))
    content["claims"] = {name: _claim(**row) for name, row in content["claims"].items()}
    return content


def stale(names: Iterable[str]) -> dict[str, str]:
    """코드나 가중치보다 오래된 결과: 장 → 고치는 명령."""
    return {
        name: f"python -m claims {name}"
        for name in names
        if (found := read(name)) is None
        or found["fingerprint"] != fingerprint(name, found["sizes"])
    }


def _claim(expects: dict, estimates: list[dict], controls: list[dict], **rest) -> Claim:
    measured, against = ([Estimate(**row) for row in rows] for rows in (estimates, controls))
    return Claim(expects=Expected(**expects), estimates=measured, controls=against, **rest)
