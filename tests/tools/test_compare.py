"""출력의 비교: 책의 수가 틀리면 잡고 기기의 차이는 봐주는지, `pytest --nbval`이 정말 그렇게 하는지."""

import os
import re
import subprocess
import sys
from decimal import ROUND_UP, Decimal
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tools.chapters import chapters
from tools.compare import FEW_DIGITS, NUMBER, StrictText, masked, texts_agree
from tools.execute import NOTEBOOK_METADATA

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("stored", "fresh"),
    [
        ("오차 25.04", "오차 25.05"),
        ("2.0861", "2.0865"),
        ("표  9.999 |", "표 10.001 |"),
        ("-0.1234", "-0.1235"),
        ("\u22120.5000", "-0.5000"),
        ("정확도 12 %", "정확도 12 %"),
        ("약 0.31", "약 0.32"),
        ("45,000장", "45,000장"),
        ("1.234e-03", "1.235e-03"),
    ],
)
def test_numbers_within_tolerance_agree(stored, fresh):
    a, b = StrictText(stored), StrictText(fresh)
    assert (a == b, a != b) == (True, False)


@pytest.mark.parametrize(
    ("stored", "fresh"),
    [
        ("오차 25.04", "오차 25.17"),  # 0.5 %
        ("2.0861", "2.0965"),
        ("86.4", "86.8"),
        ("1.25", "1.26"),
        ("0.31", "0.33"),
        ("12 장", "13 장"),
        ("45,000장", "45,225장"),
        ("(64, 3)", "(65, 3)"),
        ("-0.1234", "0.1234"),
        ("True", "False"),
        ("conv2", "conv3"),
        ("오차 25.04", "손실 25.04"),
        ("25.04", "25.04 25.04"),
        ("하나\n둘", "하나 둘"),
        ("0.1", "nan"),
    ],
)
def test_wrong_texts_disagree(stored, fresh):
    a, b = StrictText(stored), StrictText(fresh)
    assert (a == b, a != b) == (False, True)


@pytest.mark.parametrize(
    ("stored", "fresh"),
    [
        ("cifar10 오차  25.04\n", "toyworld 오차 131.7"),
        ("cat: True", "truck: False"),
        ("<Figure size 640x480 with 3 Axes>", "<Figure size 600x480 with 2 Axes>"),
        ("| 1.0 |\n|-----|", "| 10.25 |\n|-------|"),
        ("-3.1e-04 dB", "inf dB"),
        ("45,000장", "900장"),
    ],
)
def test_masking_hides_what_depends_on_the_data(stored, fresh):
    assert masked(stored) == masked(fresh)


@pytest.mark.parametrize(
    ("stored", "fresh"),
    [
        ("오차 1.0", "손실 1.0"),
        ("1\n2", "1 2"),
        ("1 2", "1 2 3"),
        ("conv2", "conv3"),
        ("맞음", "틀림"),
    ],
)
def test_masking_keeps_words_and_lines(stored, fresh):
    assert masked(stored) != masked(fresh)


def as_decimal(number: str) -> Decimal:
    return Decimal(number.replace(",", "").replace("\u2212", "-"))


def half_a_percent_larger(number: str) -> str:
    """같은 자릿수로 찍은, 0에서 0.5 % 더 먼 수. 그 사이에 찍을 수 있는 수가 없으면 다음 수입니다."""
    value = as_decimal(number)
    last_place = Decimal(1).scaleb(int(value.as_tuple().exponent))
    larger = (value * Decimal("1.005")).quantize(last_place, ROUND_UP)
    return f"{larger:e}" if "e" in number.lower() else f"{larger:f}"


def test_half_a_percent_is_caught_in_every_number_of_the_book():
    """저장된 수 가운데 0.5 %의 차이가 찍히는 것: 정수, 그리고 유효 숫자가 셋 이상인 실수."""
    texts = [
        output.get("text") or output.get("data", {}).get("text/plain", "")
        for path in chapters()
        for cell in nbformat.read(path, as_version=4).cells
        for output in cell.get("outputs", [])
    ]
    numbers = [n for text in texts if not text.startswith("<Figure") for n in NUMBER.findall(text)]
    telling = [
        number
        for number in numbers
        if as_decimal(number)
        and (
            not re.search("[.eE]", number) or len(as_decimal(number).as_tuple().digits) > FEW_DIGITS
        )
    ]
    assert len(telling) > 1000
    assert [one for one in telling if texts_agree(one, half_a_percent_larger(one))] == []


def run_nbval(folder: Path, cells: list[tuple[str, str]], data: str, *options: str) -> str:
    """(코드, 저장된 글)의 셀들을 노트북 하나로 진짜로 돌린 결과. `data`는 CIFAR-10의 자리를 셈하는 식."""
    made = []
    for number, (source, stored) in enumerate(cells, 1):
        outputs = [new_output("stream", name="stdout", text=f"{stored}\n")] if stored else []
        made.append(new_code_cell(source, execution_count=number, outputs=outputs))
    nbformat.write(new_notebook(cells=made, metadata=NOTEBOOK_METADATA), folder / "tiny.ipynb")
    # 자료를 찾는 일만 바꿔 비교의 방법을 고른다
    (folder / "chosen_mode.py").write_text(
        "from pathlib import Path\nfrom tools import execute\n"
        f"execute.find_cifar10 = lambda: {data}\n",
        encoding="utf-8",
    )
    plugins = ["-c", str(ROOT / "pyproject.toml"), "-p", "chosen_mode", "-p", "conftest"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval", "-rA", *plugins, *options, "tiny.ipynb"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    return done.stdout + done.stderr


# 둘째 셀부터 첫 셀의 x에 기댄다: 노트북이 프로세스 둘로 나뉘면 모두 실패한다
PRINT = "print(f'오차 {x:.4f}')"
CELLS = [
    ("x = 2.08612", ""),
    (PRINT, "오차 2.0861"),
    (PRINT, "오차 2.0965"),
    (PRINT, "손실 2.0861"),
    ("import time; time.sleep(8)", ""),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mode", "data", "options", "failed"),
    [
        ("strict", "Path('cifar10')", ["-nauto", "--nbval-cell-timeout=60"], "23"),
        ("embedded", "None", ["-n0", "--nbval-cell-timeout", "5"], "34"),
    ],
)
def test_nbval_catches_wrong_outputs_and_honours_its_options(tmp_path, mode, data, options, failed):
    report = run_nbval(tmp_path, CELLS, data, *options)
    assert f"nbval-mode: {mode}" in report, report
    verdicts = re.findall(r"(?m)^(PASSED|FAILED) \S*::Cell (\d)", report)
    expected = {str(n): "FAILED" if str(n) in failed else "PASSED" for n in range(len(CELLS))}
    assert {cell: verdict for verdict, cell in verdicts} == expected, report
