"""주장: 구간과 판정이 맞는지, 저장된 결과가 지금의 코드와 가중치의 것인지, 장과 이어지는지."""

import re
from dataclasses import replace

import nbformat
import numpy as np
import pytest
from scipy import stats

from book._ext.claims_page import described, measured
from claims import __main__ as runner
from claims import results
from claims.claim import (
    Claim,
    Estimate,
    above,
    below,
    exhaustive,
    over_images,
    over_seeds,
    share,
    within,
)
from tools.chapters import BOOK

RECORDED = {name: found for name in results.chapters() if (found := results.read(name))}
CLAIMS = [
    (name, key, claim) for name, found in RECORDED.items() for key, claim in found["claims"].items()
]


def claim_of(expects, **intervals: tuple[float, float]) -> Claim:
    estimates = [Estimate(g, "시드", 5, sum(i) / 2, *i) for g, i in intervals.items()]
    return Claim("문장.", "절", "값", "dB", "대조.", expects, estimates)


def test_results_are_of_the_present_code_and_weights():
    commands = results.stale(results.chapters())
    assert commands == {}, f"코드나 가중치가 결과보다 새롭습니다. 다시 잽니다: {commands}"


def test_every_claim_names_what_could_have_refuted_it():
    lacking = [
        f"claims/ch{name}.py의 {key}" for name, key, each in CLAIMS if not each.control.strip()
    ]
    assert lacking == [], f"대조(control)가 없습니다. 적고 다시 잽니다: {lacking}"


def test_every_claim_is_linked_from_its_chapter_and_its_section_exists():
    problems = []
    for name, key, claim in CLAIMS:
        (path,) = BOOK.glob(f"{name}*.ipynb")
        cells = nbformat.read(path, as_version=4).cells
        text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
        if f"(claims.md#{key})" not in text:
            problems.append(f"{name}장이 [주장](claims.md#{key})을 가리키지 않습니다.")
        if not re.search(rf"^#+ {re.escape(claim.section)}$", text, flags=re.MULTILINE):
            problems.append(f"{name}장에 {claim.section!r}이라는 절이 없습니다({key}).")
    assert problems == []


def test_names_of_claims_are_unique_in_the_book():
    names = [key for _, key, _ in CLAIMS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("expects", "intervals", "verdict"),
    [
        (above(0), {"가": (1, 2), "나": (0.1, 3)}, "성립"),
        (above(0), {"가": (1, 2), "나": (-1, 3)}, "가에서만 성립"),
        (above(0), {"가": (-1, 2), "나": (-3, -1)}, "보이지 않음"),
        (below(0), {"가": (-3, -1)}, "성립"),
        (within(1), {"가": (-0.5, 0.5)}, "성립"),
        (within(1), {"가": (-2, 2)}, "보이지 않음"),  # 넓은 구간은 "차이가 없다"의 증거가 아니다
        (within(1, 5), {"가": (4.5, 5.5)}, "성립"),
    ],
)
def test_verdict_is_read_off_the_intervals(expects, intervals, verdict):
    assert claim_of(expects, **intervals).verdict == verdict


def test_a_control_that_also_holds_leaves_the_claim_undecided():
    claim, control = claim_of(above(0), 가=(1, 2)), claim_of(above(0), 나=(1, 2)).estimates
    assert replace(claim, controls=control).verdict == "알 수 없음"
    assert replace(claim, controls=claim_of(above(0), 나=(-1, 2)).estimates).verdict == "성립"


def test_straddling_and_contrary_groups_are_told_apart():
    claim = claim_of(above(0), 가=(-1, 2), 나=(-3, -1), 다=(1, 2))
    assert [claim.groups(word) for word in ("걸침", "반대", "성립")] == [["가"], ["나"], ["다"]]


def test_interval_over_seeds_is_students_t():
    values = [1.0, 2.0, 4.0, 7.0]
    found = over_seeds("가", values)
    expected = stats.ttest_1samp(values, 0).confidence_interval()
    assert (found.value, found.low, found.high) == pytest.approx((3.5, *expected))


def test_interval_over_images_covers_as_often_as_it_says():
    random = np.random.default_rng(0)
    covered = [
        found.low < 1 < found.high
        for _ in range(200)
        for found in [over_images("가", random.exponential(size=100))]
    ]
    assert 0.88 < np.mean(covered) < 0.99


def test_paired_columns_are_resampled_together():
    base = np.random.default_rng(1).normal(size=500, scale=100)
    found = over_images(
        "가", base + 1, base, statistic=lambda a, b, axis=-1: a.mean(axis) - b.mean(axis)
    )
    assert (found.low, found.high) == pytest.approx((1, 1))


def test_a_share_of_all_images_still_has_a_width():
    found = share("가", np.ones(100, bool))
    z2 = stats.norm.ppf(0.975) ** 2
    assert (found.value, found.high) == pytest.approx((100, 100))
    assert found.low == pytest.approx(100 * 100 / (100 + z2))  # 윌슨의 식에서 비율이 1일 때


def test_what_was_counted_whole_shows_its_extremes():
    assert exhaustive("가", [3, 1, 2], "설정") == Estimate("가", "설정", 3, 2, 1, 3)


def test_fingerprint_ignores_comments_layout_and_section_and_sees_a_number():
    code = "x = f(1, section='a')  # 까닭\n"
    same, other = "x = f(\n    1,\n    section='b',\n)\n", "x = f(2, section='a')\n"
    assert results.structure(code) == results.structure(same) != results.structure(other)


def test_another_size_among_the_weights_makes_no_result_stale(tmp_path, monkeypatch):
    manifest = tmp_path / "manifest.json"
    monkeypatch.setattr(results.weights, "manifests", lambda: [manifest])
    manifest.write_text('{"64": {"sha256": "a"}}', encoding="utf-8")
    before = results.fingerprint("01", ["64"])
    manifest.write_text('{"64": {"sha256": "a"}, "32": {"sha256": "b"}}', encoding="utf-8")
    assert results.fingerprint("01", ["64"]) == before
    manifest.write_text('{"64": {"sha256": "c"}}', encoding="utf-8")
    assert results.fingerprint("01", ["64"]) != before


def test_results_read_back_as_they_were_written(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "RESULTS", tmp_path)
    claim = replace(
        claim_of(above(0), 가=(1, 2)), controls=claim_of(below(1), 나=(-1, 0)).estimates
    )
    narrow = claim_of(within(0.01, 3072), 가=(3072, 3072))  # 반올림이 판정을 바꾸지 않는다
    results.write("03", {"이름": claim, "좁음": narrow}, 0.1)
    assert results.read("03")["claims"]["이름"] == claim
    assert results.read("03")["claims"]["좁음"].verdict == narrow.verdict == "성립"
    assert results.stale(["03"]) == {}
    monkeypatch.setattr(results, "structure", lambda code: "다른 코드")
    assert results.stale(["03"]) == {"03": "python -m claims 03"}


def test_missing_weights_stop_the_chapter_and_name_the_command(monkeypatch):
    monkeypatch.setattr(results, "read", lambda chapter: {"weights": ["배포", "UvA"]})
    monkeypatch.setattr(runner.weights, "weight_sets", lambda: {"배포": {}})
    assert re.search(r"UvA.*AELAB_PUBLISHED=.* python -m claims 03", runner.missing_weights("03"))
    monkeypatch.setattr(runner.weights, "weight_sets", lambda: {"배포": {}, "UvA": {}})
    assert runner.missing_weights("03") is None


def test_page_draws_every_group_and_names_the_doubtful():
    claim = claim_of(above(0), 가=(-1, 2), 나=(-3, -1), 다=(1, 2))
    text = described(claim, "03_mse_psnr")
    assert "(03_mse_psnr.ipynb#절)" in text
    assert "**다에서만 성립.** 문턱이 구간 안: 가. 구간이 반대쪽: 나." in text
    assert re.findall(r"claim-(holds|straddles|against)", measured(claim)) == [
        "straddles",
        "against",
        "holds",
    ]
