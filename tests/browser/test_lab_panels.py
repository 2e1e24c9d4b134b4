"""실험실의 패널 넷(MSE와 PSNR, 전치 합성곱, 검색, 프로젝터)을 진짜 브라우저에서 움직이고 패키지와 견줍니다."""

import math
import re

import pytest
import torch
from torch.nn import functional as F

from aelab import metrics, projector
from aelab.pretrained import load_pretrained
from aelab.retrieval import LatentIndex, embed

pytest.importorskip("selenium")
from selenium.webdriver import ActionChains, Keys

from tests.browser.lab_browser import (
    BUILT,
    DESKTOP,
    PHONE,
    VISITS,
    address,
    button,
    canvas_of,
    choose,
    open_panel,
    pixels_of,
    requested,
    set_slider,
    settle,
    severe_errors,
    slider,
    wait_until,
)

PANELS = ["metrics", "transposed", "retrieval", "projector"]
FOUND = 8


def number(text: str) -> float:
    return math.inf if "∞" in text else float(re.sub("[^0-9.−-]", "", text).replace("−", "-"))


def touch(browser, kind: str, *points: tuple[float, float]) -> None:
    browser.execute_cdp_cmd(
        "Input.dispatchTouchEvent",
        {
            "type": kind,
            "touchPoints": [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)],
        },
    )


def tap(browser, element) -> None:
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
    x, y = centre(browser, element)
    touch(browser, "touchStart", (x, y))
    touch(browser, "touchEnd")
    settle(browser)


def centre(browser, element) -> tuple[float, float]:
    return tuple(
        browser.execute_script(
            "const b = arguments[0].getBoundingClientRect();"
            "return [b.left + b.width / 2, b.top + b.height / 2]",
            element,
        )
    )


@pytest.mark.parametrize(("lab_base", "size"), VISITS, indirect=["lab_base"])
@pytest.mark.parametrize("name", PANELS)
def test_panel_fits_the_screen_and_stays_at_home(browser, lab_base, name, size):
    open_panel(browser, lab_base, name, size=size)
    width = browser.execute_script("return document.documentElement.scrollWidth")
    assert width <= size[0]
    assert [url for url in requested(browser) if not url.startswith((lab_base, "data:"))] == []
    assert severe_errors(browser) == []


@pytest.mark.parametrize("name", PANELS)
def test_every_control_has_a_korean_name(browser, lab_server, name):
    panel = open_panel(browser, lab_server, name)
    names = browser.execute_script(
        "return [...arguments[0].querySelectorAll('button, input, canvas, svg')]"
        ".filter((e) => !e.closest('[aria-hidden=true]'))"
        ".map((e) => e.getAttribute('aria-label') || e.labels?.[0]?.innerText || e.innerText || '')",
        panel,
    )
    # 묶음의 이름(legend)이 뜻을 말하는 것
    bare = {"PCA", "t-SNE", "1, 2, 3, …", *"01234"}
    assert len(names) > 10
    assert [name for name in names if not re.search("[가-힣]", name) and name not in bare] == []


# MSE와 PSNR


def in_unit(images):
    return ((images + 1) / 2).clamp(0, 1)


def test_browser_metrics_equal_the_package(browser, lab_server, lab_images):
    open_panel(browser, lab_server, "metrics")
    generator = torch.Generator().manual_seed(0)
    original = lab_images[:8]
    strength = torch.linspace(0.01, 0.8, 8).reshape(-1, 1, 1, 1)
    noise = torch.randn(original.shape, generator=generator)
    restored = (original + strength * noise).clamp(-1, 1)
    expected = torch.stack(
        [
            metrics.mse(restored, original),
            metrics.psnr(restored, original, data_range=2),
            metrics.ssim(in_unit(restored), in_unit(original), data_range=1),
        ],
        dim=1,
    )
    got = browser.execute_script(
        "const { mse, psnr, ssim } = aelab.metrics;"
        "const unit = (x) => x.map((v) => Math.min(1, Math.max(0, (v + 1) / 2)));"
        "return arguments[0].map((pair) => pair.map((x) => Float32Array.from(x))).map("
        "  ([y, x]) => [mse(y, x), psnr(y, x, 2), ssim(unit(y), unit(x), 1)])",
        [
            [y.flatten().tolist(), x.flatten().tolist()]
            for y, x in zip(restored, original, strict=True)
        ],
    )
    assert torch.allclose(torch.tensor(got), expected, atol=1e-3, rtol=0)
    assert torch.allclose(torch.tensor(got)[:, 0], expected[:, 0], rtol=1e-4)


def shifted(image, pixels):
    moved = image.mean((1, 2), keepdim=True).expand_as(image).clone()
    moved[:, pixels:, pixels:] = image[:, : 32 - pixels, : 32 - pixels]
    return moved


def masked(image, rows):
    covered = image.clone()
    covered[:, :rows] = image.mean((1, 2), keepdim=True)
    return covered


def blurred(image, sigma):
    radius = math.ceil(3 * sigma)
    offsets = torch.arange(-radius, radius + 1, dtype=torch.float32)
    line = torch.exp(-(offsets**2) / (2 * sigma**2))
    window = line[:, None] * line / line.sum() ** 2
    padded = F.pad(image[:, None], [radius] * 4, mode="reflect")
    return F.conv2d(padded, window[None, None])[:, 0]


def brightened(image, amount):
    return (image + amount).clamp(-1, 1)


CHANGES = [
    ("밝기", brightened, "brightness", 0.2),
    ("흐림(σ)", blurred, "blur", 1.2),
    ("이동", shifted, "shift", 2),
    ("가림", masked, "mask", 16),
]


def readings(panel) -> list[float]:
    return [number(value.text) for value in panel.find_elements("class name", "lab-value")]


@pytest.mark.parametrize(("label", "change", "name", "value"), CHANGES)
def test_a_slider_shows_the_numbers_and_the_picture_of_the_package(
    browser, lab_server, lab_images, label, change, name, value
):
    panel = open_panel(browser, lab_server, "metrics", "?image=5")
    assert readings(panel) == [0, math.inf, 1]
    set_slider(browser, slider(panel, label), value)
    original, restored = lab_images[5:6], change(lab_images[5], value)[None]
    mse, psnr, ssim = readings(panel)
    assert mse == pytest.approx(float(metrics.mse(restored, original)), rel=5.1e-3)
    assert psnr == pytest.approx(float(metrics.psnr(restored, original, data_range=2)), abs=6e-3)
    similarity = metrics.ssim(in_unit(restored), in_unit(original), data_range=1)
    assert ssim == pytest.approx(float(similarity), abs=1e-3)
    drawn = torch.tensor(pixels_of(browser, canvas_of(panel, "바꾼 이미지")))
    expected = ((restored[0] + 1) * 127.5).permute(1, 2, 0).flatten()
    assert float((drawn - expected).abs().max()) <= 1
    assert f"{name}={value}" in address(browser)


def test_changes_add_up_and_come_back_from_the_address(browser, lab_server, lab_images):
    query = "?image=7&brightness=0.1&blur=0.8&shift=1&mask=4"
    panel = open_panel(browser, lab_server, "metrics", query)
    changed = brightened(lab_images[7], 0.1)
    changed = masked(shifted(blurred(changed, 0.8), 1), 4)
    expected = float(metrics.mse(changed[None], lab_images[7:8]))
    assert readings(panel)[0] == pytest.approx(expected, rel=5.1e-3)
    button(panel, "처음으로").click()
    assert readings(panel) == [0, math.inf, 1]
    assert address(browser) == "#lab-metrics?image=7"


def test_brightness_and_noise_of_25_db_differ_in_ssim_only(browser, lab_server):
    panel = open_panel(browser, lab_server, "metrics", "?image=2")
    shown = {}
    for name in ("밝기 25 dB", "잡음 25 dB"):
        button(panel, name).click()
        _, shown[name], similarity = readings(panel)
        shown[name + " SSIM"] = similarity
    assert shown["밝기 25 dB"] == pytest.approx(25, abs=1.5)
    assert shown["잡음 25 dB"] == pytest.approx(25, abs=1.5)
    assert shown["밝기 25 dB SSIM"] > shown["잡음 25 dB SSIM"] + 0.1


def test_the_same_noise_gives_the_same_number(browser, lab_server):
    panel = open_panel(browser, lab_server, "metrics", "?noise=0.3")
    first = readings(panel)
    assert 0 < first[0] < 0.3**2 + 0.01
    set_slider(browser, slider(panel, "잡음(표준편차)"), 0.1)
    assert readings(panel) != first
    set_slider(browser, slider(panel, "잡음(표준편차)"), 0.3)
    assert readings(panel) == first


def test_keyboard_moves_a_slider_and_the_choice_of_the_original(browser, lab_server):
    panel = open_panel(browser, lab_server, "metrics")
    slider(panel, "이동").send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    settle(browser)
    first = readings(panel)
    assert first[0] > 0
    panel.find_element("css selector", "[role=radio][tabindex='0']").send_keys(Keys.ARROW_RIGHT)
    settle(browser)
    assert readings(panel) != first
    # 띠가 두 줄이므로 오른쪽의 이미지는 2번이다
    assert {"image=2", "shift=2"} <= set(re.split("[?&]", address(browser)))


def test_touch_writes_the_numbers_into_the_table(browser, lab_server):
    panel = open_panel(browser, lab_server, "metrics", "?image=1", size=PHONE)
    tap(browser, button(panel, "한 픽셀 이동"))
    tap(browser, button(panel, "지금 값을 표에 적기"))
    tap(browser, button(panel, "위쪽 절반 가림"))
    tap(browser, button(panel, "지금 값을 표에 적기"))
    rows = panel.find_elements("css selector", "tbody tr")
    assert ["이동" in rows[0].text, "가림" in rows[1].text] == [True, True]
    last = [number(cell.text) for cell in rows[1].find_elements("tag name", "td")[1:]]
    assert last == readings(panel)
    tap(browser, button(panel, "표 비우기"))
    assert not panel.find_element("tag name", "table").is_displayed()


# 전치 합성곱


SETTINGS = [
    (3, 3, 2, 1, 1),
    (3, 3, 2, 1, 0),
    (4, 4, 2, 1, 0),
    (2, 2, 3, 0, 2),
    (4, 3, 3, 1, 2),
    (3, 4, 1, 2, 0),
    (2, 3, 2, 0, 1),
    (4, 2, 1, 0, 0),
    (5, 5, 3, 2, 1),
    (1, 4, 3, 1, 2),
]


def test_browser_transposed_convolution_equals_torch(browser, lab_server):
    open_panel(browser, lab_server, "transposed")
    generator = torch.Generator().manual_seed(0)
    for n, k, s, p, o in SETTINGS:
        x = torch.randn(1, 1, n, n, generator=generator)
        weight = torch.randn(1, 1, k, k, generator=generator)
        got = browser.execute_script(
            "const [x, weight, n, k, s, p, o] = arguments;"
            "return [...aelab.transposed.transposedConvolution(x, weight, "
            "{inputSize: n, kernelSize: k, stride: s, padding: p, outputPadding: o})]",
            x.flatten().tolist(),
            weight.flatten().tolist(),
            *(n, k, s, p, o),
        )
        expected = F.conv_transpose2d(x, weight, None, s, p, o).flatten()
        assert torch.allclose(torch.tensor(got), expected, atol=1e-5), (n, k, s, p, o)


def grid(browser, panel, label: str) -> torch.Tensor:
    """화면의 모눈에 적힌 수, (한 변, 한 변)."""
    texts = browser.execute_script(
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


@pytest.mark.parametrize(
    ("n", "k", "s", "p", "o"),
    [(3, 3, 2, 1, 1), (4, 4, 2, 1, 0), (2, 2, 3, 0, 2), (4, 3, 3, 2, 1), (3, 4, 1, 2, 0)],
)
@pytest.mark.parametrize("kernel", ["tent", "count"])
def test_stamped_board_inside_the_frame_is_the_output_of_torch(
    browser, lab_server, n, k, s, p, o, kernel
):
    query = f"?n={n}&k={k}&s={s}&p={p}&o={o}&kernel={kernel}&step={n * n}"
    panel = open_panel(browser, lab_server, "transposed", query)
    x, weight = grid(browser, panel, "입력"), grid(browser, panel, "커널")
    assert (x.shape, weight.shape) == ((n, n), (k, k))
    expected = F.conv_transpose2d(x[None, None], weight[None, None], None, s, p, o)[0, 0]
    left, top, side = frame(panel, "lab-kept")
    board = grid(browser, panel, "판")
    assert torch.equal(board[top : top + side, left : left + side], expected)
    choose(panel, "판에 적을 것", "닿은 횟수")
    counts = F.conv_transpose2d(torch.ones(1, 1, n, n), torch.ones(1, 1, k, k), None, s, p, o)
    board = grid(browser, panel, "판")
    assert torch.equal(board[top : top + side, left : left + side], counts[0, 0])


def test_each_step_adds_one_stamp(browser, lab_server):
    panel = open_panel(browser, lab_server, "transposed", "?step=0")
    x, weight = grid(browser, panel, "입력"), grid(browser, panel, "커널")
    before = grid(browser, panel, "판")
    assert float(before.abs().max()) == 0
    for step in range(9):
        button(panel, "다음").click()
        after = grid(browser, panel, "판")
        expected = torch.zeros(7, 7)
        top, left = 2 * (step // 3), 2 * (step % 3)
        expected[top : top + 3, left : left + 3] = x.flatten()[step] * weight
        assert torch.equal(after - before, expected)
        assert torch.equal(grid(browser, panel, "도장"), x.flatten()[step] * weight)
        assert frame(panel, "lab-stamp") == [left, top, 3]
        before = after
    button(panel, "다음").click()  # 더 찍을 것이 없다
    assert torch.equal(grid(browser, panel, "판"), before)
    button(panel, "이전").click()
    assert torch.equal(before - grid(browser, panel, "판"), expected)


def test_keyboard_touch_and_a_cell_of_the_input_lead_to_a_step(browser, lab_server):
    panel = open_panel(browser, lab_server, "transposed", "?step=0", size=PHONE)
    slider(panel, "찍은 도장").send_keys(Keys.ARROW_RIGHT)
    settle(browser)
    assert "도장 1:" in panel.text
    tap(browser, button(panel, "다음"))
    assert "도장 2:" in panel.text
    tap(browser, panel.find_element("css selector", ".lab-source [data-index='5']"))
    assert "도장 6: 입력 2행 3열" in panel.text
    assert "step=6" in address(browser)


def test_overlap_is_told_uneven_for_kernel_3_and_even_for_kernel_4(browser, lab_server):
    panel = open_panel(browser, lab_server, "transposed")
    assert "1, 2, 4번으로 고르지 않고" in panel.text
    choose(panel, "커널의 한 변", "4")
    assert "도장이 모두 4번씩 닿습니다" in panel.text
    choose(panel, "보폭", "3")
    assert "1, 2, 4번으로 고르지 않고" in panel.text
    choose(panel, "커널의 한 변", "2")
    assert "도장이 닿지 않는 칸" in panel.text
    choose(panel, "보폭", "2")
    assert "칸마다 한 번씩만 닿습니다" in panel.text


def test_told_stamp_follows_the_settings(browser, lab_server):
    panel = open_panel(browser, lab_server, "transposed", "?step=2")
    for label, option, told in (
        ("커널의 한 변", "2", "도장 2: 입력 1행 2열의 값 2"),
        ("입력의 값", "모두 1", "도장 2: 입력 1행 2열의 값 1"),
    ):
        choose(panel, label, option)
        wait_until(
            browser,
            f"document.querySelector('[aria-live=polite]').textContent.startsWith('{told}')",
        )


def test_impossible_settings_are_mended_and_explained(browser, lab_server):
    panel = open_panel(browser, lab_server, "transposed", "?s=2&o=1")
    choose(panel, "보폭", "1")
    assert "출력 채움을 보폭보다 작은 값(0)으로 바꾸었습니다." in panel.text
    choose(panel, "채움", "0")
    choose(panel, "입력의 한 변", "2")
    choose(panel, "커널의 한 변", "2")
    choose(panel, "채움", "2")
    assert "출력이 남도록 채움을 줄였습니다(1)." in panel.text
    assert grid(browser, panel, "판").shape == (3, 3)
    assert severe_errors(browser) == []


# 검색


@pytest.fixture(scope="module")
def spaces(lab_images):
    """패널의 두 줄이 쓰는 표현: 잠재 벡터(fp16으로 저장됨)와 픽셀. 평균을 뺀 것."""
    codes = embed(load_pretrained(128), lab_images).half().float()
    pixels = lab_images[:].flatten(1)
    return [values - values.mean(0) for values in (codes, pixels)]


def rows(panel) -> list[list[int]]:
    return panel.parent.execute_script(
        "return [...arguments[0].querySelectorAll('.lab-cards')].map("
        "(row) => [...row.querySelectorAll('button')].map((card) => Number(card.dataset.index)))",
        panel,
    )


def other_neighbours(values, query: int, metric: str) -> list[int]:
    _, found = LatentIndex(values, metric).search(values[query : query + 1], FOUND + 1)
    return [index for index in found[0].tolist() if index != query][:FOUND]


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_neighbours_equal_latent_index_for_20_queries(browser, lab_server, spaces, metric):
    panel = open_panel(browser, lab_server, "retrieval", f"?metric={metric}")
    for query, item in enumerate(panel.find_elements("css selector", "[role=radio]")[:20]):
        item.click()
        expected = [other_neighbours(values, query, metric) for values in spaces]
        assert rows(panel) == expected, query
    assert severe_errors(browser) == []


def test_distances_and_classes_are_those_of_the_package(browser, lab_server, lab_images, spaces):
    panel = open_panel(browser, lab_server, "retrieval", "?image=3")
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


def test_metric_changes_the_neighbours_and_the_address(browser, lab_server, spaces):
    panel = open_panel(browser, lab_server, "retrieval", "?image=11")
    choose(panel, "거리", "코사인")
    assert rows(panel) == [other_neighbours(values, 11, "cosine") for values in spaces]
    assert set(re.split("[?&]", address(browser))) == {
        "#lab-retrieval",
        "image=11",
        "metric=cosine",
    }


@pytest.mark.parametrize("how", ["mouse", "keyboard", "touch"])
def test_a_neighbour_becomes_the_query(browser, lab_server, spaces, how):
    size = PHONE if how == "touch" else DESKTOP
    panel = open_panel(browser, lab_server, "retrieval", "?image=4", size=size)
    card = panel.find_elements("class name", "lab-card")[2]
    chosen = int(card.get_attribute("data-index"))
    if how == "mouse":
        card.click()
    elif how == "keyboard":
        card.send_keys(Keys.ENTER)
    else:
        tap(browser, card)
    assert rows(panel) == [other_neighbours(values, chosen, "euclidean") for values in spaces]
    assert f"질의: {chosen}번" in panel.text
    assert f"image={chosen}" in address(browser)


def test_neighbour_pictures_are_the_images(browser, lab_server, lab_images):
    panel = open_panel(browser, lab_server, "retrieval")
    for card in panel.find_elements("class name", "lab-card"):
        drawn = pixels_of(browser, card.find_element("tag name", "canvas"))
        index = int(card.get_attribute("data-index"))
        assert drawn == lab_images.images[index].permute(1, 2, 0).flatten().tolist()


# 프로젝터


def shown(panel) -> int:
    return int(
        panel.find_element("css selector", ".lab-map-side figure").get_attribute("data-index")
    )


def zoom(browser) -> float:
    found = re.search(r"zoom=([0-9.]+)", address(browser))
    return float(found[1]) if found else 1.0


def places(browser, panel, name: str) -> torch.Tensor:
    """처음 화면에서 점마다의 자리(쪽의 왼쪽 위에서 센 픽셀), (n, 2)."""
    canvas = panel.find_element("class name", "lab-map")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", canvas)
    settle(browser)  # 지도는 화면에 놓인 다음 프레임에 크기를 안다
    points, box = browser.execute_async_script(
        "const [canvas, name, done] = arguments;"
        "const b = canvas.getBoundingClientRect();"
        "aelab.data.map().then((map) => done([[...map[name]], "
        "[b.left + canvas.clientLeft, b.top + canvas.clientTop, canvas.clientWidth, canvas.clientHeight]]))",
        canvas,
        name,
    )
    left, top, width, height = box
    x, y = torch.tensor(points).reshape(-1, 2).T
    scale = 0.47 * min(width / float(x.abs().max()), height / float(y.abs().max()))
    return torch.stack([left + width / 2 + scale * x, top + height / 2 - scale * y], dim=1)


def lonely(points: torch.Tensor, count: int) -> list[int]:
    """이웃에서 가장 멀리 떨어진 점들: 가리키면 헷갈릴 것이 없습니다."""
    distances = torch.cdist(points, points).fill_diagonal_(math.inf).amin(1)
    return distances.argsort(descending=True)[:count].tolist()


def move_mouse(browser, x: float, y: float, kind: str = "mouseMoved", **more) -> None:
    browser.execute_cdp_cmd(
        "Input.dispatchMouseEvent", {"type": kind, "x": float(x), "y": float(y), **more}
    )
    settle(browser)


def click_at(browser, x: float, y: float) -> None:
    for kind in ("mousePressed", "mouseReleased"):
        move_mouse(browser, x, y, kind, button="left", buttons=1, clickCount=1)


@pytest.mark.parametrize("name", ["pca", "tsne"])
def test_the_point_under_the_pointer_is_shown(browser, lab_server, lab_images, name):
    panel = open_panel(browser, lab_server, "projector")
    if name == "tsne":
        choose(panel, "지도", "t-SNE")
        wait_until(browser, "document.querySelector('.lab-map').dataset.map === 'tsne'")
    points = places(browser, panel, name)
    for index in lonely(points, 5):
        move_mouse(browser, *points[index].tolist())
        assert shown(panel) == index
        drawn = pixels_of(browser, panel.find_element("css selector", ".lab-map-side canvas"))
        assert drawn == lab_images.images[index].permute(1, 2, 0).flatten().tolist()
        assert f"{index}번" in panel.find_element("class name", "lab-map-side").text
    move_mouse(browser, 2, 2)
    assert shown(panel) == -1


def test_a_click_keeps_the_point(browser, lab_server):
    panel = open_panel(browser, lab_server, "projector")
    points = places(browser, panel, "pca")
    (index,) = lonely(points, 1)
    click_at(browser, *points[index].tolist())
    move_mouse(browser, 2, 2)
    assert shown(panel) == index
    assert f"point={index}" in address(browser)


def test_wheel_scrolls_the_page_until_the_map_is_clicked(browser, lab_server):
    panel = open_panel(browser, lab_server, "projector")
    x, y = centre(browser, panel.find_element("class name", "lab-map"))
    move_mouse(browser, x, y, "mouseWheel", deltaX=0, deltaY=-200)
    assert zoom(browser) == 1
    browser.execute_script("scrollTo(0, 0)")
    canvas = panel.find_element("class name", "lab-map")
    x, y = centre(browser, canvas)
    click_at(browser, x, y)
    move_mouse(browser, x, y, "mouseWheel", deltaX=0, deltaY=-300)
    assert zoom(browser) == pytest.approx(math.exp(0.6), rel=0.01)
    browser.execute_script("arguments[0].blur()", canvas)


def test_drag_moves_the_map_under_the_mouse(browser, lab_server):
    panel = open_panel(browser, lab_server, "projector")
    points = places(browser, panel, "pca")
    (index,) = lonely(points, 1)
    x, y = points[index].tolist()
    cx, cy = centre(browser, panel.find_element("class name", "lab-map"))
    dx, dy = (-60 if x > cx else 60), (-40 if y > cy else 40)
    move_mouse(browser, x, y, "mousePressed", button="left", buttons=1, clickCount=1)
    for part in (0.25, 0.5, 0.75, 1):
        move_mouse(browser, x + part * dx, y + part * dy, button="left", buttons=1)
    move_mouse(browser, x + dx, y + dy, "mouseReleased", button="left", clickCount=1)
    move_mouse(browser, 2, 2)
    assert shown(panel) == -1  # 끈 것은 고른 것이 아니다
    move_mouse(browser, x + dx, y + dy)
    assert shown(panel) == index


@pytest.fixture
def new_tab(browser):
    """시험이 끝나면 탭을 바꿉니다: 두 손가락을 흉내 낸 탭은 쪽을 옮긴 뒤 손가락을 전하지 않습니다."""
    old = browser.current_window_handle
    yield
    browser.switch_to.new_window("tab")
    new = browser.current_window_handle
    browser.switch_to.window(old)
    browser.close()
    browser.switch_to.window(new)


@pytest.mark.usefixtures("new_tab")
def test_pinch_zooms_and_a_tap_selects(browser, lab_server):
    panel = open_panel(browser, lab_server, "projector", size=PHONE)
    points = places(browser, panel, "pca")
    (index,) = lonely(points, 1)
    touch(browser, "touchStart", tuple(points[index].tolist()))
    touch(browser, "touchEnd")
    settle(browser)
    assert shown(panel) == index
    x, y = centre(browser, panel.find_element("class name", "lab-map"))
    touch(browser, "touchStart", (x - 30, y), (x + 30, y))
    for apart in (40, 60, 90):
        touch(browser, "touchMove", (x - apart, y), (x + apart, y))
        settle(browser)
    touch(browser, "touchEnd")
    assert zoom(browser) == pytest.approx(3, rel=0.15)
    assert shown(panel) == index
    button(panel, "전체 보기").click()
    second = lonely(points, 2)[1]
    touch(browser, "touchStart", tuple(points[second].tolist()))
    touch(browser, "touchEnd")
    settle(browser)
    assert shown(panel) == second


def test_keyboard_reads_the_map(browser, lab_server):
    panel = open_panel(browser, lab_server, "projector")
    canvas = panel.find_element("class name", "lab-map")
    points = places(browser, panel, "pca")
    cx, cy = centre(browser, canvas)
    canvas.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_DOWN)
    settle(browser)
    at = torch.tensor([cx + 30, cy + 15])
    distances = (points - at).norm(dim=1)
    assert float(distances[shown(panel)]) <= float(distances.min()) + 1
    wait_until(
        browser,
        f"document.querySelector('[aria-live=polite]').textContent.includes('{shown(panel)}번')",
    )
    canvas.send_keys("+", "+")
    assert zoom(browser) == pytest.approx(1.3**2, rel=0.01)
    canvas.send_keys("-")
    assert zoom(browser) == pytest.approx(1.3, rel=0.01)
    canvas.send_keys("0")
    assert zoom(browser) == 1
    canvas.send_keys(Keys.ARROW_RIGHT * 60)  # 가장자리에 닿으면 지도가 따라온다
    assert "x=0." in address(browser) or "x=1" in address(browser)
    assert severe_errors(browser) == []


def test_legend_shapes_differ_without_colour_and_choose_classes(browser, lab_server, lab_images):
    panel = open_panel(browser, lab_server, "projector")
    items = panel.find_elements("class name", "lab-legend-item")
    assert len(items) == len(lab_images.classes)
    masks = [
        browser.execute_script(
            "const c = arguments[0].querySelector('canvas');"
            "return [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
            ".filter((_, i) => i % 4 === 3).map((alpha) => alpha > 127)",
            item,
        )
        for item in items
    ]
    for i, one in enumerate(masks):
        assert sum(one) > 20
        for other in masks[:i]:
            assert sum(a != b for a, b in zip(one, other, strict=True)) > 20
    items[2].click()
    assert [item.get_attribute("aria-pressed") for item in items].index("true") == 2
    canvas = panel.find_element("class name", "lab-map")
    for key in (Keys.ARROW_LEFT, Keys.ARROW_UP, Keys.ARROW_RIGHT):
        canvas.send_keys(key)
        settle(browser)
        assert int(lab_images.labels[shown(panel)]) == 2
    assert "class=2" in address(browser)
    button(panel, "모두 보기").click()
    assert "class=" not in address(browser)


def test_true_neighbours_are_counted_as_the_package_counts_them(browser, lab_server, lab_images):
    codes = embed(load_pretrained(128), lab_images).half().float()
    on_map = projector.flatten(embed(load_pretrained(128), lab_images), "pca")
    for index in (0, 17, 100):
        panel = open_panel(browser, lab_server, "projector", f"?point={index}&link=1")
        near = set(other_neighbours(codes, index, "euclidean"))
        kept = len(near & set(other_neighbours(on_map, index, "euclidean")))
        assert f"이웃 8장에 드는 것은 {kept}장입니다." in panel.text


@pytest.mark.parametrize(
    "query", ["?point=99999&zoom=1e30&x=NaN&y=1e300", "?point=-7&zoom=-1", "?class=99-x&map=no"]
)
def test_nonsense_in_the_address_shows_the_whole_map(browser, lab_server, query):
    panel = open_panel(browser, lab_server, "projector", query)
    assert shown(panel) == -1
    points = places(browser, panel, "pca")
    (index,) = lonely(points, 1)
    move_mouse(browser, *points[index].tolist())
    if "zoom=-1" not in query:  # 음수의 배율은 가장 작은 배율이 된다
        assert shown(panel) == index
    assert severe_errors(browser) == []


def test_map_without_codes_still_works(browser, lab_server):
    panel = open_panel(browser, lab_server, "projector", "?point=5")
    browser.execute_script(
        "aelab.data.codes = () => Promise.reject(new Error('자료 파일이 손상되었습니다.'))"
    )
    panel.find_element("css selector", ".lab-toggle input").click()
    wait_until(browser, "document.querySelector('.lab-map-side').innerText.includes('손상')")
    assert not panel.find_element("css selector", ".lab-toggle input").is_selected()
    panel.find_element("class name", "lab-map").send_keys(Keys.ARROW_LEFT)
    settle(browser)
    assert severe_errors(browser) == []


def test_small_pictures_are_drawn_on_the_map(browser, lab_server):
    panel = open_panel(browser, lab_server, "projector")
    canvas = panel.find_element("class name", "lab-map")
    settle(browser)
    # 큰 그림이라 건네받지 않고 브라우저에서 센다
    read = "const c = arguments[0], now = c.getContext('2d').getImageData(0, 0, c.width, c.height);"
    browser.execute_script(read + "globalThis.before = now.data", canvas)
    choose(panel, "그릴 것", "작은 그림")
    changed = browser.execute_script(
        read + "return now.data.filter((v, i) => v !== before[i]).length / now.data.length", canvas
    )
    assert changed > 0.05
    assert "marks=pictures" in address(browser)


@pytest.mark.parametrize("marks", ["points", "pictures"])
def test_map_of_2000_points_is_drawn_within_a_frame(browser, require_or_skip, marks):
    if not (BUILT / "lab.html").exists():
        require_or_skip("지어 놓은 실험실이 없습니다. `make book`으로 짓습니다.")
    panel = open_panel(browser, BUILT.as_uri(), "projector", f"?marks={marks}", page="lab")
    canvas = panel.find_element("class name", "lab-map")
    ActionChains(browser).move_to_element(canvas).click().perform()
    # 휠을 돌리는 동안 그림 한 장에 걸리는 시간. 화면의 속도와 상관없이 스크립트의 시간을 잰다.
    times = browser.execute_async_script(
        "const [canvas, done] = arguments, times = [];"
        "const request = window.requestAnimationFrame;"
        "window.requestAnimationFrame = (run) => request((now) => {"
        "  const began = performance.now(); run(now); times.push(performance.now() - began); });"
        "let left = 40;"
        "const turn = () => {"
        "  if (left-- === 0) { window.requestAnimationFrame = request; return done(times); }"
        "  canvas.dispatchEvent(new WheelEvent('wheel', {deltaY: left % 2 ? -80 : 80,"
        "    clientX: 300, clientY: 300, cancelable: true}));"
        "  setTimeout(turn, 30); };"
        "turn();",
        canvas,
    )
    assert len(times) >= 20
    print(f"지도 한 장: 가운데 값 {sorted(times)[len(times) // 2]:.1f} 밀리초")
    # 다른 일로 바쁜 컴퓨터에서도 흔들리지 않게 가장 빠른 것으로 본다
    assert min(times) < 33
