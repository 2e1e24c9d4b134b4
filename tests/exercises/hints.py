"""답을 채점하고, 힌트에 학생이 본 적 없는 영문 이름이 없는지 봅니다."""

import builtins
import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import nn

from aelab import exercises

BOOK = Path(__file__).parents[2] / "book"
_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
# 파이썬과 PyTorch의 이름, 층의 설정, 수학에서 쓰는 이름
_KNOWN = {*dir(builtins), *dir(torch), *dir(nn), *dir(np), "function"}
_KNOWN |= {*nn.Linear.__constants__, *nn.ConvTranspose2d.__constants__, "NaN", "L1", "U"}


def grade(name: str, answer: object) -> tuple[bool | None, str]:
    """`aelab.exercises.grade`와 같습니다. 그 장에 없는 영문 이름이 힌트에 있으면 AssertionError."""
    solved, message = exercises.grade(name, answer)
    ours = re.sub(r"\w+(Error|Exception): .*", "", message, flags=re.DOTALL)
    strange = set(_NAME.findall(ours)) - _KNOWN - _words(name.partition(".")[0])
    assert not strange, f"{name}의 힌트에 장에서 보지 못한 이름이 있습니다: {strange}. {message}"
    return solved, message


@cache
def _words(module: str) -> set[str]:
    """그 모듈의 문제를 내는 장에 나오는 영문 이름."""
    return {
        word
        for path in BOOK.glob("*.ipynb")
        if f'"{module}.' in (text := _text(path))
        for word in _NAME.findall(text)
    }


def _text(path: Path) -> str:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells)
    return re.sub(r"data:image/[^)\"]+", "", text)
