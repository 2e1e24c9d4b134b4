"""재는 도구: 번갈아 재는지, 표가 정직한지, 두 쪽이 같은 일을 하는지."""

import json

import pytest

from benchmarks import speed
from benchmarks.measuring import Ratio, alternate, fastest


def test_sides_are_measured_in_turn_after_warming_up():
    order = []
    sides = {name: lambda name=name: order.append(name) or float(len(order)) for name in "ab"}
    assert alternate(sides, 2) == {"a": [3.0, 5.0], "b": [4.0, 6.0]}
    assert order == ["a", "b"] * 3


def test_the_fastest_has_the_least_median_not_the_least_sample():
    assert fastest({"한 번 빠름": [1, 9, 9], "늘 빠름": [5, 5, 5]}) == "늘 빠름"


@pytest.mark.parametrize(("least", "shown"), [(3, "예"), (3.5, "아니요")])
def test_a_ratio_of_medians_says_whether_it_is_reached(least, shown):
    row = Ratio("일", [1.0, 2.0, 100.0], "상대", [6.0, 6.0, 0.0], least)
    assert row.cells() == ["일", "2", "상대", "6", "3.00배", f"{least:g}배 이상", shown]
    assert row.record()["reached"] is (shown == "예")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_both_sides_do_the_same_work(cifar10_root, tmp_path):
    """작은 크기로. 결과가 다르면 0이 아닌 값으로 끝납니다."""
    output = tmp_path / "speed.json"
    options = ["--count", "300", "--repeats", "1", "--output", str(output)]
    assert speed.main([*options, "--rows", "embedding", "search"]) == 0
    report = json.loads(output.read_text(encoding="utf-8"))
    assert [row["ratio"] > 0 for row in report["rows"]] == [True] * 3
