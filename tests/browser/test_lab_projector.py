"""실험실의 프로젝터를 진짜 브라우저에서: 가리키고, 끌고, 키우고, 글쇠로 읽습니다."""

import math
import re

import pytest
import torch

from aelab import projector
from aelab.retrieval import LatentIndex

pytest.importorskip("selenium")
from selenium.webdriver import ActionChains, Keys

from tests.browser import lab_panels as lab
from tests.browser.pages import (
    PHONE,
    SITE,
    centre,
    settle,
    severe_errors,
    tap_at,
    touch,
    wait_until,
)


def shown(panel) -> int:
    return int(
        panel.find_element("css selector", ".lab-map-side figure").get_attribute("data-index")
    )


def the_map(panel):
    return panel.find_element("class name", "lab-map")


def zoom(panel) -> float:
    found = re.search(r"zoom=([0-9.]+)", lab.address(panel))
    return float(found[1]) if found else 1.0


def places(panel, name: str = "pca") -> torch.Tensor:
    """처음 화면에서 점마다의 자리(쪽의 왼쪽 위에서 센 픽셀), (n, 2)."""
    canvas = the_map(panel)
    panel.parent.execute_script("arguments[0].scrollIntoView({block: 'center'})", canvas)
    settle(panel.parent)  # 지도는 화면에 놓인 다음 프레임에 크기를 안다
    points, box = panel.parent.execute_async_script(
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


def test_the_point_under_the_pointer_is_shown_and_a_click_keeps_it(browser, lab_server, lab_images):
    panel = lab.open_panel(browser, lab_server, "projector")
    for name in ("pca", "tsne"):
        if name == "tsne":
            lab.choose(panel, "지도", "t-SNE")
            wait_until(browser, "document.querySelector('.lab-map').dataset.map === 'tsne'")
        points = places(panel, name)
        for index in lonely(points, 3):
            move_mouse(browser, *points[index].tolist())
            assert shown(panel) == index
            side = panel.find_element("class name", "lab-map-side")
            picture = lab.pixels(panel, side.find_element("tag name", "canvas"))
            assert picture.tolist() == lab.as_drawn(lab_images[index : index + 1]).tolist()
            assert f"{index}번" in side.text
        move_mouse(browser, 2, 2)
        assert shown(panel) == -1
    click_at(browser, *points[index].tolist())
    move_mouse(browser, 2, 2)
    assert shown(panel) == index
    assert f"point={index}" in lab.address(panel)


def test_wheel_scrolls_the_page_until_the_map_is_clicked_and_dragging_moves_it(browser, lab_server):
    panel = lab.open_panel(browser, lab_server, "projector")
    points = places(panel)
    (index,) = lonely(points, 1)
    (x, y), (cx, cy) = points[index].tolist(), centre(browser, the_map(panel))
    dx, dy = (-60 if x > cx else 60), (-40 if y > cy else 40)
    move_mouse(browser, x, y, "mousePressed", button="left", buttons=1, clickCount=1)
    for part in (0.25, 0.5, 0.75, 1):
        move_mouse(browser, x + part * dx, y + part * dy, button="left", buttons=1)
    move_mouse(browser, x + dx, y + dy, "mouseReleased", button="left", clickCount=1)
    move_mouse(browser, 2, 2)
    assert shown(panel) == -1  # 끈 것은 고른 것이 아니다
    move_mouse(browser, x + dx, y + dy)
    assert shown(panel) == index

    panel = lab.open_panel(browser, lab_server, "projector")
    x, y = centre(browser, the_map(panel))
    move_mouse(browser, x, y, "mouseWheel", deltaX=0, deltaY=-200)
    assert zoom(panel) == 1
    browser.execute_script("scrollTo(0, 0)")
    x, y = centre(browser, the_map(panel))
    click_at(browser, x, y)
    move_mouse(browser, x, y, "mouseWheel", deltaX=0, deltaY=-300)
    assert zoom(panel) == pytest.approx(math.exp(0.6), rel=0.01)


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
    panel = lab.open_panel(browser, lab_server, "projector", size=PHONE)
    points = places(panel)
    index, second = lonely(points, 2)
    tap_at(browser, *points[index].tolist())
    assert shown(panel) == index
    x, y = centre(browser, the_map(panel))
    touch(browser, "touchStart", (x - 30, y), (x + 30, y))
    for apart in (40, 60, 90):
        touch(browser, "touchMove", (x - apart, y), (x + apart, y))
        settle(browser)
    touch(browser, "touchEnd")
    assert zoom(panel) == pytest.approx(3, rel=0.15)
    assert shown(panel) == index
    lab.button(panel, "전체 보기").click()
    tap_at(browser, *points[second].tolist())
    assert shown(panel) == second


def test_keyboard_reads_the_map(browser, lab_server):
    panel = lab.open_panel(browser, lab_server, "projector")
    points = places(panel)
    cx, cy = centre(browser, the_map(panel))
    the_map(panel).send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_DOWN)
    settle(browser)
    at = torch.tensor([cx + 30, cy + 15])
    distances = (points - at).norm(dim=1)
    assert float(distances[shown(panel)]) <= float(distances.min()) + 1
    told = "document.querySelector('[aria-live=polite]').textContent"
    wait_until(browser, f"{told}.includes('{shown(panel)}번')")
    for keys, expected in (("++", 1.3**2), ("-", 1.3), ("0", 1)):
        the_map(panel).send_keys(keys)
        assert zoom(panel) == pytest.approx(expected, rel=0.01)
    the_map(panel).send_keys(Keys.ARROW_RIGHT * 60)  # 가장자리에 닿으면 지도가 따라온다
    assert "x=0." in lab.address(panel) or "x=1" in lab.address(panel)
    assert severe_errors(browser) == []


def test_legend_shapes_differ_without_colour_and_choose_classes(browser, lab_server, lab_images):
    panel = lab.open_panel(browser, lab_server, "projector")
    items = panel.find_elements("class name", "lab-legend-item")
    assert len(items) == len(lab_images.classes)
    masks = torch.tensor(
        browser.execute_script(
            "return [...document.querySelectorAll('.lab-legend-item canvas')].map((c) =>"
            " [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
            " .filter((_, i) => i % 4 === 3).map((alpha) => alpha > 127))"
        )
    )
    assert (masks.sum(1) > 20).all()
    different = (masks[:, None] != masks).sum(2)
    assert (different.fill_diagonal_(1000) > 20).all()
    items[2].click()
    assert [item.get_attribute("aria-pressed") for item in items].index("true") == 2
    for key in (Keys.ARROW_LEFT, Keys.ARROW_UP, Keys.ARROW_RIGHT):
        the_map(panel).send_keys(key)
        settle(browser)
        assert int(lab_images.labels[shown(panel)]) == 2
    assert "class=2" in lab.address(panel)
    lab.button(panel, "모두 보기").click()
    assert "class=" not in lab.address(panel)


def test_address_shows_the_neighbours_of_the_package_and_nonsense_the_whole_map(
    browser, lab_server, lab_images
):
    codes = lab.encoded(128, lab_images[:])
    spaces = (codes.half().float(), projector.flatten(codes, "pca"))
    panel = lab.open_panel(browser, lab_server, "projector", "?point=0&link=1")
    for index in (17, 100):
        lab.follow(panel, f"?point={index}&link=1")
        near = [set(LatentIndex(v).search(v[index : index + 1], 9)[1][0].tolist()) for v in spaces]
        kept = len((near[0] & near[1]) - {index})
        assert f"이웃 8장에 드는 것은 {kept}장입니다." in panel.text
    for query in ("?point=99999&zoom=1e30&x=NaN&y=1e300", "?class=99-x&map=no", "?point=-7"):
        lab.follow(panel, query)
        assert shown(panel) == -1
        points = places(panel)
        (index,) = lonely(points, 1)
        move_mouse(browser, *points[index].tolist())
        assert shown(panel) == index
        move_mouse(browser, 2, 2)
    assert severe_errors(browser) == []


def test_map_draws_small_pictures_and_works_without_codes(browser, lab_server):
    panel = lab.open_panel(browser, lab_server, "projector", "?point=5")
    settle(browser)
    # 큰 그림이라 건네받지 않고 브라우저에서 센다
    read = "const c = arguments[0], now = c.getContext('2d').getImageData(0, 0, c.width, c.height);"
    browser.execute_script(read + "globalThis.before = now.data", the_map(panel))
    lab.choose(panel, "그릴 것", "작은 그림")
    changed = browser.execute_script(
        read + "return now.data.filter((v, i) => v !== before[i]).length / now.data.length",
        the_map(panel),
    )
    assert changed > 0.05
    assert "marks=pictures" in lab.address(panel)

    browser.execute_script(
        "aelab.data.codes = () => Promise.reject(new Error('자료 파일이 손상되었습니다.'))"
    )
    panel.find_element("css selector", ".lab-toggle input").click()
    wait_until(browser, "document.querySelector('.lab-map-side').innerText.includes('손상')")
    assert not panel.find_element("css selector", ".lab-toggle input").is_selected()
    the_map(panel).send_keys(Keys.ARROW_LEFT)
    settle(browser)
    assert severe_errors(browser) == []


# 휠을 돌리는 동안 그림 한 장에 걸리는 시간. 화면의 속도와 상관없이 스크립트의 시간을 잰다
TURN_THE_WHEEL = """
const [canvas, done] = arguments, times = [];
const request = window.requestAnimationFrame;
window.requestAnimationFrame = (run) => request((now) => {
  const began = performance.now(); run(now); times.push(performance.now() - began); });
let left = 25;
const turn = () => {
  if (left-- === 0) { window.requestAnimationFrame = request; return done(times); }
  canvas.dispatchEvent(new WheelEvent("wheel", {deltaY: left % 2 ? -80 : 80,
    clientX: 300, clientY: 300, cancelable: true}));
  setTimeout(turn, 30); };
turn();
"""


@pytest.mark.usefixtures("built")
def test_map_of_2000_points_is_drawn_within_a_frame(browser):
    panel = lab.open_panel(browser, SITE.as_uri(), "projector", page="lab")
    for marks in ("점", "작은 그림"):
        lab.choose(panel, "그릴 것", marks)
        ActionChains(browser).move_to_element(the_map(panel)).click().perform()
        times = browser.execute_async_script(TURN_THE_WHEEL, the_map(panel))
        assert len(times) >= 12
        print(f"지도 한 장({marks}): 가운데 값 {sorted(times)[len(times) // 2]:.1f} 밀리초")
        # 다른 일로 바쁜 컴퓨터에서도 흔들리지 않게 가장 빠른 것으로 본다
        assert min(times) < 33
