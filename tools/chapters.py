"""책의 장: 어느 노트북이 장이며, 그 코드가 바뀌었는지. 파이썬에 들어 있는 것만 씁니다."""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path

BOOK = Path(__file__).resolve().parents[1] / "book"


def chapters(book: Path = BOOK) -> list[Path]:
    """목차(_toc.yml)에 적힌 차례의 노트북. 곁에 남은 사본이나 연습용 노트북은 장이 아닙니다."""
    listed = re.findall(r"file: (\S+)", (book / "_toc.yml").read_text(encoding="utf-8"))
    paths = [book / f"{name}.ipynb" for name in listed]
    return [path for path in paths if path.exists()]


def code_hash(notebook: Mapping) -> str:
    """코드 셀의 글의 SHA-256. 설명만 고친 장은 그대로입니다."""
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    sources = ["".join(cell["source"]) for cell in cells]  # 파일에는 줄의 목록으로 적혀 있다
    return hashlib.sha256(json.dumps(sources).encode()).hexdigest()
