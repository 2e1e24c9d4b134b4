"""재는 도구: 번갈아 재는지, 표가 정직한지, 두 쪽이 같은 일을 하는지."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.measuring import HEADINGS, Limit, Ratio, alternate, fastest, report, table, timed

ROOT = Path(__file__).resolve().parents[2]


def test_sides_are_measured_in_turn_after_warming_up():
    order = []
    sides = {name: lambda name=name: order.append(name) or float(len(order)) for name in "ab"}
    assert alternate(sides, 2) == {"a": [3.0, 5.0], "b": [4.0, 6.0]}
    assert order == ["a", "b"] * 3
    order.clear()
    alternate(sides, 1, warm_up=False)
    assert order == ["a", "b"]


def test_timing_lasts_as_long_as_the_work(monkeypatch):
    clock = iter([10.0, 12.5])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    assert timed(lambda: None)() == 2.5


def test_the_fastest_has_the_least_median_not_the_least_sample():
    assert fastest({"한 번 빠름": [1, 9, 9], "늘 빠름": [5, 5, 5]}) == "늘 빠름"


@pytest.mark.parametrize(("least", "shown"), [(3, "예"), (3.5, "아니요")])
def test_a_ratio_of_medians_says_whether_it_is_reached(least, shown):
    row = Ratio("일", [1.0, 2.0, 100.0], "상대", [6.0, 6.0, 0.0], least)
    assert row.ratio == 3
    assert row.cells() == ["일", "2", "상대", "6", "3.00배", f"{least:g}배 이상", shown]
    assert row.record()["reached"] is (shown == "예")


@pytest.mark.parametrize(("most", "shown"), [(0.2, "예"), (0.1, "아니요")])
def test_a_limit_says_whether_it_is_kept(most, shown):
    row = Limit("일", [0.1, 0.15, 9.0], most)
    assert row.cells()[-2:] == [f"{most:g}초 이하", shown]
    assert len(row.cells()) == len(HEADINGS)


def test_a_table_is_markdown():
    assert table(("가", "나"), [("1", "2")]) == "| 가 | 나 |\n| --- | --- |\n| 1 | 2 |"


def test_a_report_keeps_the_values_for_machines_and_the_table_for_people(tmp_path, capsys):
    found = {
        **{"cpu": "셈틀", "cores": 2, "threads": 2, "bf16_instructions": True, "memory_gib": 8},
        **{"os": "Linux", "python": "3", "torch": "2", "torchvision": "0", "date": "오늘"},
    }
    report(tmp_path / "새 폴더" / "a.json", found, [{"x": 1}], "| 표 |")
    assert json.loads((tmp_path / "새 폴더" / "a.json").read_text(encoding="utf-8")) == {
        "machine": found,
        "rows": [{"x": 1}],
    }
    text = (tmp_path / "새 폴더" / "a.md").read_text(encoding="utf-8")
    assert text.startswith("셈틀, 코어 2개")
    assert text.endswith("| 표 |\n")
    assert "| 표 |" in capsys.readouterr().out


@pytest.mark.slow
def test_both_sides_do_the_same_work_and_rows_not_chosen_are_kept(cifar10_root, tmp_path):
    """작은 크기로: 결과가 다르면 0이 아닌 값으로 끝납니다."""
    output = tmp_path / "speed.json"
    command = [sys.executable, str(ROOT / "benchmarks" / "speed.py"), "--output", str(output)]

    def measured(*rows: str) -> list[dict]:
        subprocess.run(
            [*command, "--count", "300", "--repeats", "1", "--rows", *rows],
            check=True,
            capture_output=True,
            env=os.environ | {"PYTHONPATH": str(ROOT), "AELAB_DATA": str(cifar10_root)},
        )
        report = json.loads(output.read_text(encoding="utf-8"))
        assert report["machine"]["threads"] >= 1
        return report["rows"]

    first = measured("batches", "embedding", "search")
    assert [row["ratio"] > 0 for row in first] == [True] * 5
    again = measured("embedding")
    assert [row["row"] for row in again] == [row["row"] for row in first]
    changed = [row["row"] for row, old in zip(again, first, strict=True) if row != old]
    assert changed == ["embedding"]
