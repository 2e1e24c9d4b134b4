"""글에서 말하는 수: 그 장의 셀이 찍었거나 코드에 적힌 것이어야 합니다."""

import json
import re

import pytest

from tools import minutes
from tools.chapters import chapters

NUMBER = re.compile(r"(?<![\w.,/:#-])\d{1,3}(?:,\d{3})+(?:\.\d+)?|(?<![\w.,/:#-])\d+(?:\.\d+)?")
NOT_PROSE = re.compile(
    r"```.*?```|`[^`]*`|, \d{4}\]\([^)]*\)|\]\([^)]*\)|<[^>]*>|https?://\S+|arXiv:\S+|\(\d{4}\)"
    r"|\{#[^}]*\}|\$[^$]*(?:=|\\approx)[^$]*\$",  # 셈이 적힌 식은 읽는 사람이 따라 셈할 수 있다
    re.S,
)
# 셀이 찍지 않는 수와 그 까닭
EVERYWHERE = {
    "3072": "이미지 한 장의 값의 수 3 × 32 × 32",
    "1024": "이미지 한 장의 픽셀의 수 32 × 32",
    "255": "8비트의 가장 큰 값",
    "256": "8비트가 나타내는 값의 수, 잠재 차원",
    "128": "잠재 차원",
    "100": "백분율",
    "45000": "학습 세트의 크기",
}
KNOWN = {
    "03_mse_psnr": {"49.15": "퀴즈가 지어낸 보고서의 수"},
    "06_out_of_distribution": {"1536": "퀴즈가 지어낸 잠재 차원", "12288": "3072 × 4"},
    "09_projector": {"2000": "실험실이 쓰는 장수", "484": "22 × 22"},
    "project": {"2560": "32 × 80"},
}


def significant(text: str) -> int:
    return len(text.replace(",", "").replace(".", "").lstrip("0"))


def spoken(notebook: dict) -> list[str]:
    """글과 그림의 설명(caption)에 나오는, 유효 숫자가 셋 이상인 수."""
    texts = []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            text = "".join(cell["source"]).split("## 더 읽을거리")[0]
            texts.append(minutes.LINE.sub("", text))  # 규칙으로 어림한 시간
        figure = cell["metadata"].get("mystnb", {}).get("figure", {})
        texts.append(figure.get("caption", ""))
    found = [each for text in texts for each in NUMBER.findall(NOT_PROSE.sub(" ", text))]
    return [number for number in found if significant(number) >= 3]


def shown(notebook: dict) -> list[float]:
    """셀이 찍은 수와 코드에 적힌 수."""
    texts = []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            texts.append("".join(cell["source"]).replace("_", ""))
            for output in cell["outputs"]:
                texts.append("".join(output.get("text", [])))
                texts += [
                    "".join(part)
                    for part in output.get("data", {}).values()
                    if isinstance(part, list)
                ]
    texts = [re.sub(r"data:image\S+", "", text) for text in texts if len(text) < 100_000]
    numbers = [
        number for text in texts for number in re.findall(r"\d[\d,]*(?:\.\d+)?(?:e-?\d+)?", text)
    ]
    return [float(number.replace(",", "").rstrip(".")) for number in numbers]


def is_shown(number: str, values: list[float]) -> bool:
    decimals = len(number.partition(".")[2])
    said = float(number.replace(",", ""))
    close = 0.5000001 * 10**-decimals
    return any(abs(scale * value - said) <= close for value in values for scale in (1, 100))


@pytest.mark.parametrize("path", chapters(), ids=lambda path: path.stem)
def test_a_number_of_three_digits_in_the_text_is_printed_by_a_cell(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    values = shown(notebook)
    known = EVERYWHERE | KNOWN.get(path.stem, {})
    missing = [
        number
        for number in spoken(notebook)
        if number.replace(",", "") not in known and not is_shown(number, values)
    ]
    assert missing == []
