"""수를 보여 주는 세 실험(MSE와 PSNR, 전치 합성곱, 검색)을 진짜 브라우저에서 움직이고 패키지와 견줍니다."""

import math
import re

import pytest
import torch
from torch.nn import functional as F

from aelab import metrics
from aelab.retrieval import LatentIndex

pytest.importorskip("selenium")
from selenium.webdriver import Keys

from tests.browser import lab_panels as lab
from tests.browser.pages import DESKTOP, PHONE, settle, severe_errors, tap, wait_until


def number(text: str) -> float:
    return math.inf if "∞" in text else float(re.sub("[^0-9.−-]", "", text).replace("−", "-"))


# MSE와 PSNR


def readings(panel) -> list[float]:
    return [number(value.text) for value in panel.find_elements("class name", "lab-value")]


def expected_readings(restored, original) -> list:
    unit = [((image + 1) / 2).clamp(0, 1) for image in (restored, original)]
    return [
        pytest.approx(float(metrics.mse(restored, original)), rel=5.1e-3),
        pytest.approx(float(metrics.psnr(restored, original, data_range=2)), abs=6e-3),
        pytest.approx(float(metrics.ssim(*unit, data_range=1)), abs=1e-3),
    ]


def shifted(image, pixels):
    moved = image.mean((1, 2), keepdim=True).expand_as(image).clone()
    moved[:, pixels:, pixels:] = image[:, : 32 - pixels, : 32 - pixels]
    return moved


def masked(image, rows):
    covered = image.clone()
    covered[:, :rows] = image.mean((1, 2), keepdim=True)
    return covered


def brightened(image, amount):
    return (image + amount).clamp(-1, 1)


def test_sliders_show_the_numbers_and_the_picture_of_the_package(browser, lab_server, lab_images):
    panel = lab.open_panel(browser, lab_server, "metrics", "?image=5")
    for label, change, name, value in [
        ("밝기", brightened, "brightness", 0.2),
        ("이동", shifted, "shift", 2),
        ("가림", masked, "mask", 16),
    ]:
        assert readings(panel) == [0, math.inf, 1]
        lab.set_slider(panel, label, value)
        original, restored = lab_images[5:6], change(lab_images[5], value)[None]
        assert readings(panel) == expected_readings(restored, original)
        lab.assert_drawn(panel, "바꾼 이미지", restored)
        assert f"{name}={value}" in lab.address(panel)
        lab.click(panel, "처음으로")
    assert lab.address(panel) == "#lab-metrics?image=5"

    lab.follow(panel, "?image=7&brightness=0.1&shift=1&mask=4")  # 바꾼 것이 쌓인다
    changed = masked(shifted(brightened(lab_images[7], 0.1), 1), 4)
    assert readings(panel) == expected_readings(changed[None], lab_images[7:8])


def test_noise_repeats_itself_and_differs_from_brightness_in_ssim_only(browser, lab_server):
    panel = lab.open_panel(browser, lab_server, "metrics", "?noise=0.3")
    first = readings(panel)
    assert 0 < first[0] < 0.3**2 + 0.01
    lab.set_slider(panel, "잡음(표준편차)", 0.1)
    assert readings(panel) != first
    lab.set_slider(panel, "잡음(표준편차)", 0.3)
    assert readings(panel) == first

    lab.follow(panel, "?image=2")
    shown = []
    for name in ("밝기 25 dB", "잡음 25 dB"):
        lab.click(panel, name)
        shown.append(readings(panel))
        assert shown[-1][1] == pytest.approx(25, abs=1.5)
    assert shown[0][2] > shown[1][2] + 0.1


def test_keyboard_moves_a_slider_and_touch_writes_the_table(browser, lab_server):
    panel = lab.open_panel(browser, lab_server, "metrics", size=PHONE)
    lab.slider(panel, "이동").send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    settle(browser)
    first = readings(panel)
    assert first[0] > 0
    panel.find_element("css selector", "[role=radio][tabindex='0']").send_keys(Keys.ARROW_RIGHT)
    settle(browser)
    assert readings(panel) != first
    # 띠가 두 줄이므로 오른쪽의 이미지는 2번이다
    assert {"image=2", "shift=2"} <= set(re.split("[?&]", lab.address(panel)))

    for preset in ("한 픽셀 이동", "위쪽 절반 가림"):
        tap(browser, lab.button(panel, preset))
        tap(browser, lab.button(panel, "지금 값을 표에 적기"))
    rows = panel.find_elements("css selector", "tbody tr")
    assert ["이동" in rows[0].text, "가림" in rows[1].text] == [True, True]
    last = [number(cell.text) for cell in rows[1].find_elements("tag name", "td")[1:]]
    assert last == readings(panel)
    tap(browser, lab.button(panel, "표 비우기"))
    assert not panel.find_element("tag name", "table").is_displayed()


# 전치 합성곱


def grid(panel, label: str) -> torch.Tensor:
    """화면의 모눈에 적힌 수, (한 변, 한 변)."""
    texts = panel.parent.execute_script(
        "const figure = [...arguments[0].querySelectorAll('figure')].find("
        "  (f) => f.querySelector('figcaption').textContent.startsWith(arguments[1]));"
        "return [...figure.querySelectorAll('.lab-cell text')].map((t) => t.textContent)",
        panel,
        label,
    )
    side = math.isqrt(len(texts))
    values = [0.0 if text == "·" else float(text) for text in texts]
    return torch.tensor(values).reshape(side, side)


def frame(panel, name: str) -> list[int]:
    """판 위의 상자: 왼쪽, 위, 한 변."""
    box = panel.find_element("css selector", f".lab-sources + figure .{name}")
    return [int(box.get_attribute(side)) for side in ("x", "y", "width")]


def test_stamped_board_inside_the_frame_is_the_output_of_torch(browser, lab_server):
    panel = lab.open_panel(browser, lab_server, "transposed")
    for kernel, (n, k, s, p, o) in [
        ("count", (3, 3, 2, 1, 1)),
        ("tent", (3, 3, 2, 1, 1)),
        ("count", (4, 4, 2, 1, 0)),
        ("tent", (2, 2, 3, 0, 2)),
        ("count", (4, 3, 3, 2, 1)),
        ("tent", (3, 4, 1, 2, 0)),
    ]:
        lab.follow(panel, f"?n={n}&k={k}&s={s}&p={p}&o={o}&kernel={kernel}&step={n * n}")
        x, weight = grid(panel, "입력"), grid(panel, "커널")
        assert (x.shape, weight.shape) == ((n, n), (k, k))
        left, top, side = frame(panel, "lab-kept")
        inside = slice(top, top + side), slice(left, left + side)
        expected = F.conv_transpose2d(x[None, None], weight[None, None], None, s, p, o)[0, 0]
        assert torch.equal(grid(panel, "판")[inside], expected)
        lab.choose(panel, "판에 적을 것", "닿은 횟수")
        ones = torch.ones(1, 1, n, n), torch.ones(1, 1, k, k)
        counts = F.conv_transpose2d(*ones, None, s, p, o)[0, 0]
        assert torch.equal(grid(panel, "판")[inside], counts)


def test_each_step_adds_one_stamp(browser, lab_server):
    panel = lab.open_panel(browser, lab_server, "transposed", "?step=0")
    x, weight = grid(panel, "입력"), grid(panel, "커널")
    before = grid(panel, "판")
    assert float(before.abs().max()) == 0
    for step in range(9):
        lab.button(panel, "다음").click()
        after = grid(panel, "판")
        expected = torch.zeros(7, 7)
        top, left = 2 * (step // 3), 2 * (step % 3)
        expected[top : top + 3, left : left + 3] = x.flatten()[step] * weight
        assert torch.equal(after - before, expected)
        assert torch.equal(grid(panel, "도장"), x.flatten()[step] * weight)
        assert frame(panel, "lab-stamp") == [left, top, 3]
        before = after
    lab.button(panel, "다음").click()  # 더 찍을 것이 없다
    assert torch.equal(grid(panel, "판"), before)
    lab.button(panel, "이전").click()
    assert torch.equal(before - grid(panel, "판"), expected)


def test_keyboard_touch_and_a_cell_of_the_input_lead_to_a_step(browser, lab_server):
    panel = lab.open_panel(browser, lab_server, "transposed", "?step=0", size=PHONE)
    lab.slider(panel, "찍은 도장").send_keys(Keys.ARROW_RIGHT)
    settle(browser)
    assert "도장 1:" in panel.text
    tap(browser, lab.button(panel, "다음"))
    assert "도장 2:" in panel.text
    tap(browser, panel.find_element("css selector", ".lab-source [data-index='5']"))
    assert "도장 6: 입력 2행 3열" in panel.text
    assert "step=6" in lab.address(panel)


def test_settings_are_explained_and_impossible_ones_mended(browser, lab_server):
    panel = lab.open_panel(browser, lab_server, "transposed", "?step=2")
    told = "document.querySelector('[aria-live=polite]').textContent"
    for label, option, stamp in (
        ("커널의 한 변", "2", "도장 2: 입력 1행 2열의 값 2"),
        ("입력의 값", "모두 1", "도장 2: 입력 1행 2열의 값 1"),
    ):
        lab.choose(panel, label, option)
        wait_until(browser, f"{told}.startsWith('{stamp}')")
    for size, stride, overlap in (
        ("3", "2", "1, 2, 4번으로 고르지 않고"),
        ("4", "2", "도장이 모두 4번씩 닿습니다"),
        ("4", "3", "1, 2, 4번으로 고르지 않고"),
        ("2", "3", "도장이 닿지 않는 칸"),
        ("2", "2", "칸마다 한 번씩만 닿습니다"),
    ):
        lab.choose(panel, "커널의 한 변", size)
        lab.choose(panel, "보폭", stride)
        assert overlap in panel.text

    lab.follow(panel, "?s=2&o=1")
    lab.choose(panel, "보폭", "1")
    assert "출력 채움을 보폭보다 작은 값(0)으로 바꾸었습니다." in panel.text
    changes = [("채움", "0"), ("입력의 한 변", "2"), ("커널의 한 변", "2"), ("채움", "2")]
    for label, option in changes:
        lab.choose(panel, label, option)
    assert "출력이 남도록 채움을 줄였습니다(1)." in panel.text
    assert grid(panel, "판").shape == (3, 3)
    assert severe_errors(browser) == []


# 검색


FOUND = 8


@pytest.fixture(scope="module")
def spaces(lab_images):
    """패널의 두 줄이 쓰는 표현: 잠재 벡터(fp16으로 저장됨)와 픽셀. 평균을 뺀 것."""
    codes = lab.encoded(128, lab_images[:]).half().float()
    return [values - values.mean(0) for values in (codes, lab_images[:].flatten(1))]


def rows(panel) -> list[list[int]]:
    return panel.parent.execute_script(
        "return [...arguments[0].querySelectorAll('.lab-cards')].map("
        "(row) => [...row.querySelectorAll('button')].map((card) => Number(card.dataset.index)))",
        panel,
    )


def neighbours(values, query: int, metric: str = "euclidean") -> list[int]:
    _, found = LatentIndex(values, metric).search(values[query : query + 1], FOUND + 1)
    return [index for index in found[0].tolist() if index != query][:FOUND]


def test_neighbours_equal_latent_index(browser, lab_server, spaces):
    panel = lab.open_panel(browser, lab_server, "retrieval")
    for metric, name in (("euclidean", "유클리드"), ("cosine", "코사인")):
        lab.choose(panel, "거리", name)
        for query, item in enumerate(panel.find_elements("css selector", "[role=radio]")[:6]):
            item.click()
            assert rows(panel) == [neighbours(values, query, metric) for values in spaces], query
    assert {"image=5", "metric=cosine"} <= set(re.split("[?&]", lab.address(panel)))
    assert severe_errors(browser) == []


def test_distances_classes_and_pictures_are_those_of_the_package(
    browser, lab_server, lab_images, spaces
):
    panel = lab.open_panel(browser, lab_server, "retrieval", "?image=3")
    for values, row in zip(spaces, panel.find_elements("class name", "lab-found"), strict=True):
        distances, found = LatentIndex(values).search(values[3:4], FOUND + 1)
        shown = [number(e.text) for e in row.find_elements("class name", "lab-card-distance")]
        assert shown == pytest.approx(distances[0, 1:].tolist(), abs=6e-3)
        same = lab_images.labels[found[0, 1:]] == lab_images.labels[3]
        marked = ["✓" in e.text for e in row.find_elements("class name", "lab-card-name")]
        assert marked == same.tolist()
        contrast = lab_images[found[0, 1:]].flatten(1).std(1, correction=0).mean()
        told = row.find_element("class name", "lab-caption").text
        assert f"같은 클래스 {int(same.sum())} / {FOUND}" in told
        average = told.split("평균 ")[1].split(" ")[0]
        assert number(average) == pytest.approx(float(contrast), abs=6e-3)
    for card in panel.find_elements("class name", "lab-card"):
        index = int(card.get_attribute("data-index"))
        picture = lab.pixels(panel, card.find_element("tag name", "canvas"))
        assert picture.tolist() == lab.as_drawn(lab_images[index : index + 1]).tolist()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["mouse and keyboard", "touch"])
def test_a_neighbour_becomes_the_query(browser, lab_server, spaces, size):
    panel = lab.open_panel(browser, lab_server, "retrieval", "?image=4", size=size)
    ways = {
        DESKTOP: [lambda card: card.click(), lambda card: card.send_keys(Keys.ENTER)],
        PHONE: [lambda card: tap(browser, card)],
    }
    for choose in ways[size]:
        card = panel.find_elements("class name", "lab-card")[2]
        chosen = int(card.get_attribute("data-index"))
        choose(card)
        assert rows(panel) == [neighbours(values, chosen) for values in spaces]
        assert f"질의: {chosen}번" in panel.text
        assert f"image={chosen}" in lab.address(panel)
