"""실험실의 계산과 앞의 네 실험을 진짜 브라우저에서: PyTorch와 같은지, 손과 글쇠로 움직이는지."""

import base64
import re
import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from selenium.webdriver import ActionChains
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.actions.pointer_input import PointerInput
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from aelab import lab, metrics, ood
from aelab.data import to_uint8
from aelab.pretrained import load_pretrained
from tests import lab_browser as page

SIZES = (64, 128, 256, 384)
MINE = ("reconstruction", "latent", "ood", "generation")
CODE_TOLERANCE, PIXEL_TOLERANCE = 3e-3, 5e-3

RUN_MODEL = """
const [latentDim, count, done] = arguments;
(async () => {
  const model = await aelab.data.model(latentDim);
  const images = await aelab.data.images(count);
  const results = { codes: [], pixels: [] };
  for (let i = 0; i < count; i++) {
    const code = model.encode(images.pixels(i));
    results.codes.push([...code]);
    results.pixels.push([...model.decode(code)]);
  }
  return results;
})().then(done, (error) => done(String(error)));
"""


def browser_results(browser, latent_dim: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    results = browser.execute_async_script(RUN_MODEL, latent_dim, count)
    assert isinstance(results, dict), results
    return np.array(results["codes"]), np.array(results["pixels"])


def check_parity(browser, latent_dim: int, images: torch.Tensor) -> None:
    """브라우저의 잠재 벡터와 재구성이 PyTorch의 것과 같은지 봅니다."""
    model = load_pretrained(latent_dim)
    with torch.inference_mode():
        codes = model.encoder(images)
        pixels = model.decoder(codes)
    told_codes, told_pixels = browser_results(browser, latent_dim, len(images))
    assert np.abs(told_codes - codes.numpy()).max() < CODE_TOLERANCE
    assert np.abs(told_pixels - pixels.flatten(1).numpy()).max() < PIXEL_TOLERANCE


def restored(latent_dim: int, images: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        return load_pretrained(latent_dim)(images)


def decoded(latent_dim: int, codes: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        return load_pretrained(latent_dim).decoder(codes)


def drawn(browser, panel, label: str) -> np.ndarray:
    return np.array(page.pixels_of(browser, page.canvas_of(panel, label)))


def as_drawn(images: torch.Tensor) -> np.ndarray:
    """[-1, 1]의 이미지 한 장이 그려질 값, 픽셀의 차례로."""
    return to_uint8(images[0]).permute(1, 2, 0).flatten().numpy().astype(int)


def assert_drawn(browser, panel, label: str, expected: torch.Tensor) -> None:
    difference = np.abs(drawn(browser, panel, label) - as_drawn(expected))
    assert difference.max() <= 1  # 반올림이 갈리는 값


def choose(panel, label: str) -> None:
    """고르개에서 이름이 `label`인 것을 마우스로 누릅니다."""
    for span in panel.find_elements(By.CSS_SELECTOR, ".lab-choice span"):
        if span.text == label:
            span.click()
            return
    raise AssertionError(f"{label}이라는 것이 없습니다.")


def sliders(panel) -> dict:
    """이름 → 슬라이더."""
    return {
        box.find_element(By.TAG_NAME, "label").text: box.find_element(By.TAG_NAME, "input")
        for box in panel.find_elements(By.CSS_SELECTOR, ".lab-slider")
    }


def button(panel, text: str):
    for found in panel.find_elements(By.TAG_NAME, "button"):
        if text in found.text:
            return found
    raise AssertionError(f"{text}라는 단추가 없습니다.")


def wait_for_address(browser, text: str) -> None:
    page.wait_until(browser, f"location.hash.includes('{text}')")


# 계산


@pytest.mark.parametrize("latent_dim", SIZES)
def test_engine_equals_torch(browser, lab_base, lab_images, latent_dim):
    page.open_panel(browser, lab_base, "reconstruction")
    check_parity(browser, latent_dim, lab_images[:4])


@pytest.mark.parametrize("layer", ["encoder.net.4.weight", "decoder.net.4.weight"])
def test_a_kernel_shifted_by_one_column_fails_the_parity_check(
    browser, lab_server, lab_images, tmp_path, layer
):
    """위의 비교가 헐겁지 않다는 시험: 커널 하나를 한 칸 밀면 어긋나야 합니다."""
    model = load_pretrained(64)
    weights = model.state_dict()
    weights[layer].copy_(weights[layer].roll(1, dims=3))
    lab._put(tmp_path, "weights_64", lab.weight_bytes(model))
    page.open_panel(browser, lab_server, "reconstruction")
    # 틀린 가중치를 진짜 파일이 건넨 것처럼 건넨다
    put = (tmp_path / "weights_64.js").read_text(encoding="utf-8")
    browser.execute_script(
        f"const put = aelab.data.put; aelab.data.put = () => {{ aelab.data.put = put; {put} }};"
    )
    with pytest.raises(AssertionError):
        check_parity(browser, 64, lab_images[:4])


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("constant([0.2, -0.4, 1])", ood.constant((0.2, -0.4, 1.0))),
        ("checkerboard(5)", ood.checkerboard(5)),
        ("stripes(6, 30)", ood.stripes(6, angle=30)),
        ("ramp(-0.3)", ood.color_ramp(-0.3)),
    ],
)
def test_patterns_equal_the_package(browser, lab_server, script, expected):
    page.open_panel(browser, lab_server, "ood")
    pixels = browser.execute_script(f"return [...aelab.patterns.{script}]")
    assert pixels == pytest.approx(expected.flatten().tolist(), abs=1e-5)


# 모든 실험에 걸친 것


@pytest.mark.parametrize("size", [page.DESKTOP, page.PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("name", MINE)
def test_panel_works_without_outside_requests_and_errors(browser, lab_base, name, size):
    panel = page.open_panel(browser, lab_base, name, size=size)
    for slider in sliders(panel).values():
        slider.send_keys(Keys.ARROW_RIGHT)
    choose(panel, "64")
    page.wait_for_state(browser, name, "ready")
    page.settle(browser)
    width = browser.execute_script("return document.documentElement.scrollWidth")
    inside = (lab_base, "data:", "about:", "blob:")
    assert [url for url in page.requested(browser) if not url.startswith(inside)] == []
    assert page.severe_errors(browser) == []
    assert width <= size[0]


@pytest.mark.parametrize("name", MINE)
def test_everything_that_can_be_operated_has_a_name(browser, lab_server, name):
    page.open_panel(browser, lab_server, name)
    nameless = browser.execute_script(
        "return [...document.querySelectorAll('button, input, select, canvas')].filter(e =>"
        " !e.closest('[aria-hidden=true]') && !(e.getAttribute('aria-label') || e.textContent.trim()"
        " || [...(e.labels ?? [])].some(l => l.textContent.trim()))).map(e => e.outerHTML)"
    )
    assert nameless == []


@pytest.mark.parametrize("name", MINE)
def test_buttons_and_sliders_are_large_enough_for_a_finger(browser, lab_server, name):
    panel = page.open_panel(browser, lab_server, name, size=page.PHONE)
    targets = panel.find_elements(
        By.CSS_SELECTOR, ".lab-body button, .lab-slider input, .lab-choice span"
    )
    assert min(target.size["height"] for target in targets) >= 24  # WCAG 2.2, 2.5.8


def test_lower_panels_load_nothing_before_they_are_seen(browser, lab_server):
    for log in ("browser", "performance"):
        browser.get_log(log)
    page.resize(browser, page.DESKTOP)
    browser.get(f"{lab_server}/all.html")
    page.wait_for_state(browser, "reconstruction", "ready")
    page.settle(browser)
    assert not [url for url in page.requested(browser) if re.search("projector|rest|codes", url)]
    browser.find_element("id", "lab-projector").location_once_scrolled_into_view  # noqa: B018
    page.wait_for_state(browser, "projector", "ready")
    assert [url for url in page.requested(browser) if "panels/projector.js" in url]


def test_first_visit_is_small_and_quick(browser, lab_server):
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.setCacheDisabled", {"cacheDisabled": True})
    page.open_panel(browser, lab_server, "reconstruction")
    browser.execute_cdp_cmd("Network.setCacheDisabled", {"cacheDisabled": False})
    bytes_, milliseconds = browser.execute_script(
        "const files = performance.getEntriesByType('resource');"
        "return [files.reduce((sum, file) => sum + file.transferSize, 0),"
        " performance.getEntriesByName('lab-reconstruction:ready')[0].startTime]"
    )
    print(f"첫 방문 {bytes_ / 1e6:.2f} MB, 첫 재구성 {milliseconds:.0f} 밀리초")
    assert 1e6 < bytes_ < 1.5e6  # 아래쪽 경계는 재는 법이 틀리지 않았다는 확인
    assert milliseconds < 5000  # 한가한 컴퓨터에서는 0.4초 안팎


def test_passes_and_frames_are_quick(browser, lab_server):
    panel = page.open_panel(browser, lab_server, "latent")
    passes = browser.execute_async_script(
        """
        const done = arguments[0];
        const times = (run) =>
          Array.from({ length: 31 }, () => {
            const start = performance.now();
            run();
            return performance.now() - start;
          });
        (async () => {
          const model = await aelab.data.model(128);
          const pixels = (await aelab.data.images(1)).pixels(0);
          const code = model.encode(pixels);
          done([times(() => model.encode(pixels)), times(() => model.decode(code))]);
        })();
        """
    )
    frames = browser.execute_async_script(
        """
        const [slider, done] = arguments;
        const times = [];
        const next = (i) => {
          if (i === 40) return done(times);
          slider.value = i / 20 - 1;
          const start = performance.now();
          slider.dispatchEvent(new Event("input", { bubbles: true }));
          // 그림을 그리는 일은 이 프레임의 앞쪽 차례에 있다
          requestAnimationFrame(() => {
            times.push(performance.now() - start);
            next(i + 1);
          });
        };
        next(0);
        """,
        sliders(panel)["1번째 방향"],
    )
    encode, decode, frame = (np.median(times) for times in (*passes, frames))
    print(f"가운데 값: 인코더 {encode:.1f}, 디코더 {decode:.1f}, 프레임 {frame:.1f} 밀리초")
    # 다른 일로 바쁜 컴퓨터에서도 흔들리지 않게 가장 빠른 것으로 본다
    assert sum(min(times) for times in passes) < 36  # 목표는 12밀리초
    assert min(frames) < 99  # 목표는 33밀리초


@pytest.mark.parametrize("damage", ["half", "garbage", "missing"])
def test_damaged_data_is_told_and_the_page_goes_on(browser, lab_folder, tmp_path, damage):
    site = tmp_path / "site"
    shutil.copytree(lab_folder, site)
    broken = site / "lab" / "data" / "weights_128.js"
    whole = broken.read_text(encoding="utf-8")
    if damage == "missing":
        broken.unlink()
    else:
        text = whole[: len(whole) // 2] if damage == "half" else whole.replace("eN", "가나", 1)
        broken.write_text(text, encoding="utf-8")
    browser.get("about:blank")
    page.resize(browser, page.DESKTOP)
    browser.get(f"{site.as_uri()}/all.html")
    page.wait_for_state(browser, "reconstruction", "error")
    panel = browser.find_element("id", "lab-reconstruction")
    message = panel.find_element(By.CLASS_NAME, "lab-status").text
    assert "weights_128.js" in message
    assert "손상" in message or "불러오지 못했습니다" in message
    # 다른 실험은 그대로 쓸 수 있다
    browser.find_element("id", "lab-transposed").location_once_scrolled_into_view  # noqa: B018
    page.wait_for_state(browser, "transposed", "ready")
    # 고친 뒤 다시 시도하면 살아난다
    broken.write_text(whole, encoding="utf-8")
    button(panel, "다시 시도").click()
    page.wait_for_state(browser, "reconstruction", "ready")


def test_page_without_scripts_says_so(lab_folder):
    html = (lab_folder / "all.html").read_text(encoding="utf-8")
    assert html.count("JavaScript를 켜면 보입니다") == len(page.PANELS)


# 재구성


@pytest.mark.parametrize("latent_dim", SIZES)
def test_reconstruction_shows_what_torch_computes(browser, lab_base, lab_images, latent_dim):
    panel = page.open_panel(browser, lab_base, "reconstruction", f"?size={latent_dim}&image=5")
    original = lab_images[5:6]
    expected = restored(latent_dim, original)
    assert_drawn(browser, panel, "입력", original)
    assert_drawn(browser, panel, "재구성", expected)
    difference = (expected - original).abs() * 4 - 1
    assert_drawn_roughly(browser, panel, "차이", difference.clamp(-1, 1))
    text = panel.text
    psnr = float(metrics.psnr(expected, original, data_range=2))
    assert float(re.search(r"PSNR은 ([\d.]+) dB", text)[1]) == pytest.approx(psnr, abs=0.02)
    error = float(metrics.mse(expected, original))
    assert float(re.search(r"MSE ([\d.]+)", text)[1]) == pytest.approx(error, abs=2e-4)


def assert_drawn_roughly(browser, panel, label: str, expected: torch.Tensor) -> None:
    """네 배로 밝힌 차이에서는 반올림도 네 배가 됩니다."""
    difference = np.abs(drawn(browser, panel, label) - as_drawn(expected))
    assert difference.max() <= 5


def test_reconstruction_tells_the_rank_among_the_test_images(browser, lab_server, lab_images):
    errors = metrics.mse(restored(128, lab_images[:]), lab_images[:]).numpy()
    middling = int(np.argsort(errors[:48])[30])
    panel = page.open_panel(browser, lab_server, "reconstruction", f"?size=128&image={middling}")
    told = int(re.search(r"시험 이미지 (\d+) %의 오차보다 큽니다", panel.text)[1])
    assert told == pytest.approx(100 * np.mean(errors < errors[middling]), abs=1.5)


def test_image_is_picked_by_mouse_keyboard_and_touch(browser, lab_base, lab_images):
    panel = page.open_panel(browser, lab_base, "reconstruction", size=page.PHONE)
    thumbnails = panel.find_elements(By.CSS_SELECTOR, "[role=radio]")
    thumbnails[2].click()
    page.settle(browser)
    assert_drawn(browser, panel, "입력", lab_images[2:3])
    thumbnails[2].send_keys(Keys.ARROW_RIGHT)  # 두 줄의 띠에서 오른쪽은 두 칸 뒤
    page.settle(browser)
    assert_drawn(browser, panel, "재구성", restored(128, lab_images[4:5]))
    assert browser.switch_to.active_element == thumbnails[4]
    assert thumbnails[4].get_attribute("aria-checked") == "true"
    left, here = thumbnails[2].rect, thumbnails[4].rect
    assert (left["x"] < here["x"], left["y"]) == (True, here["y"])
    tap(browser, thumbnails[3])
    page.settle(browser)
    assert_drawn(browser, panel, "입력", lab_images[3:4])
    wait_for_address(browser, "image=3")


def tap(browser, element) -> None:
    actions = ActionBuilder(browser, mouse=PointerInput("touch", "finger"))
    actions.pointer_action.move_to(element).pointer_down().pointer_up()
    actions.perform()


def test_size_is_chosen_and_all_sizes_stand_side_by_side(browser, lab_base, lab_images):
    panel = page.open_panel(browser, lab_base, "reconstruction")
    choose(panel, "256")
    page.wait_for_state(browser, "reconstruction", "ready")
    page.settle(browser)
    assert_drawn(browser, panel, "재구성", restored(256, lab_images[:1]))
    button(panel, "나란히").click()
    page.wait_until(browser, "document.querySelectorAll('.lab-gallery canvas').length === 4")
    for latent_dim in SIZES:
        assert_drawn(browser, panel, f"{latent_dim}차원", restored(latent_dim, lab_images[:1]))


def test_address_is_enough_to_see_the_same(browser, lab_base, lab_images):
    panel = page.open_panel(browser, lab_base, "reconstruction")
    panel.find_elements(By.CSS_SELECTOR, "[role=radio]")[7].click()
    choose(panel, "64")
    wait_for_address(browser, "size=64")
    address = browser.current_url
    browser.get("about:blank")
    browser.get(address)
    page.wait_for_state(browser, "reconstruction", "ready")
    panel = browser.find_element("id", "lab-reconstruction")
    assert_drawn(browser, panel, "재구성", restored(64, lab_images[7:8]))
    # 열려 있는 쪽에서 주소를 바꾸어도 따라간다
    browser.execute_script("location.hash = '#lab-reconstruction?size=64&image=9'")
    page.wait_until(
        browser, "document.querySelector('[role=radio]:nth-child(10)[aria-checked=true]')"
    )
    page.wait_for_state(browser, "reconstruction", "ready")
    assert_drawn(browser, panel, "입력", lab_images[9:10])


@pytest.mark.parametrize(
    "query", ["?size=77&image=-3", "?image=1e9", "?image=abc&size=", "?%E0%A4%A", "?image=0.5"]
)
def test_nonsense_in_the_address_does_no_harm(browser, lab_server, query):
    page.open_panel(browser, lab_server, "reconstruction", query)
    assert page.severe_errors(browser) == []


DROP = """
const bytes = Uint8Array.from(atob(arguments[1]), (letter) => letter.charCodeAt(0));
const dataTransfer = new DataTransfer();
dataTransfer.items.add(new File([bytes], "photo.png", { type: "image/png" }));
const event = new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true });
arguments[0].dispatchEvent(event);
"""


@pytest.mark.parametrize("way", ["chosen", "dropped"])
def test_own_photo_is_cropped_to_its_middle_square(browser, lab_base, tmp_path, lab_images, way):
    # 가로로 긴 사진: 가운데에 시험 이미지, 양옆에 검은 띠
    middle = Image.fromarray(lab_images.images[3].permute(1, 2, 0).numpy())
    photo = Image.new("RGB", (512, 256))
    photo.paste(middle.resize((256, 256), Image.Resampling.NEAREST), (128, 0))
    path = tmp_path / "photo.png"
    photo.save(path)
    panel = page.open_panel(browser, lab_base, "reconstruction")
    before = drawn(browser, panel, "입력").tolist()
    if way == "chosen":
        panel.find_element(By.CSS_SELECTOR, "input[type=file]").send_keys(str(path))
    else:
        canvas = page.canvas_of(panel, "입력")
        browser.execute_script(DROP, canvas, base64.b64encode(path.read_bytes()).decode())
    page.wait_until(browser, "!document.querySelector('[role=radio][aria-checked=true]')")
    page.settle(browser)
    assert drawn(browser, panel, "입력").tolist() != before
    assert_drawn_roughly(browser, panel, "입력", lab_images[3:4])


def test_a_file_that_is_no_photo_is_told(browser, lab_server, tmp_path):
    path = tmp_path / "photo.png"
    path.write_text("사진이 아닙니다", encoding="utf-8")
    panel = page.open_panel(browser, lab_server, "reconstruction")
    panel.find_element(By.CSS_SELECTOR, "input[type=file]").send_keys(str(path))
    page.wait_until(browser, "document.body.textContent.includes('이미지 파일이 아닙니다')")
    assert page.severe_errors(browser) == []


# 잠재공간


def codes_of(latent_dim: int, images: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        return load_pretrained(latent_dim).encoder(images)


def test_slider_moves_along_a_principal_direction(browser, lab_base, lab_images):
    panel = page.open_panel(browser, lab_base, "latent", "?size=64&a=2")
    before = drawn(browser, panel, "방향을 따라").tolist()
    assert before == drawn(browser, panel, "그림 A의 재구성").tolist()
    page.set_slider(browser, sliders(panel)["2번째 방향"], 2.5)
    _, scales, directions = lab.principal_directions(codes_of(64, lab_images[:]))
    code = codes_of(64, lab_images[2:3]) + 2.5 * scales[1] * directions[1]
    assert_drawn(browser, panel, "방향을 따라", decoded(64, code))
    changed = np.mean(np.array(before) != drawn(browser, panel, "방향을 따라"))
    assert changed > 0.3
    wait_for_address(browser, "p2=2.5")
    button(panel, "모두 0으로").click()
    page.settle(browser)
    assert drawn(browser, panel, "방향을 따라").tolist() == before


def test_slider_is_moved_by_keyboard_and_touch(browser, lab_base):
    panel = page.open_panel(browser, lab_base, "latent", size=page.PHONE)
    slider = sliders(panel)["1번째 방향"]
    slider.send_keys(Keys.ARROW_RIGHT * 3)
    assert slider.get_attribute("aria-valuetext") == "0.15σ"
    tap_at_end(browser, slider)
    page.settle(browser)
    assert float(slider.get_property("value")) > 2
    shown = drawn(browser, panel, "방향을 따라").tolist()
    assert shown != drawn(browser, panel, "그림 A의 재구성").tolist()


def tap_at_end(browser, slider) -> None:
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", slider)
    actions = ActionBuilder(browser, mouse=PointerInput("touch", "finger"))
    actions.pointer_action.move_to(slider, int(slider.size["width"] / 2) - 6, 0)
    actions.pointer_action.pointer_down().pointer_up()
    actions.perform()


def test_steps_show_one_direction_from_end_to_end(browser, lab_server, lab_images):
    panel = page.open_panel(browser, lab_server, "latent", "?size=64&a=1&p3=1")
    page.wait_until(browser, "document.body.textContent.includes('3번째 방향만')")
    _, scales, directions = lab.principal_directions(codes_of(64, lab_images[:]))
    for label, amount in (("−3σ", -3), ("0σ", 0), ("3σ", 3)):
        code = codes_of(64, lab_images[1:2]) + amount * scales[2] * directions[2]
        page.settle(browser)
        assert_drawn(browser, panel, label, decoded(64, code))


@pytest.mark.parametrize("fraction", [0, 0.3, 1])
def test_interpolation_joins_codes_and_the_fade_joins_pixels(
    browser, lab_base, lab_images, fraction
):
    panel = page.open_panel(browser, lab_base, "latent", "?size=64&a=2&b=11")
    page.set_slider(browser, sliders(panel)["A에서 B로"], fraction)
    a, b = lab_images[2:3], lab_images[11:12]
    code = torch.lerp(codes_of(64, a), codes_of(64, b), fraction)
    assert_drawn(browser, panel, "잠재 벡터를 이은", decoded(64, code))
    assert_drawn(browser, panel, "픽셀을 겹친", torch.lerp(a, b, float(fraction)))


# 분포 밖 그림


@pytest.mark.parametrize(
    ("name", "query", "expected"),
    [
        ("체스판 무늬", "pattern=checkerboard&value=4", ood.checkerboard(4)),
        ("줄무늬", "pattern=stripes&value=8", ood.stripes(8)),
        ("번지는 색", "pattern=ramp&value=0", ood.color_ramp(0.0)),
        ("단색", "pattern=constant&value=0", ood.constant((0.0, 0.0, 0.0))),
    ],
)
def test_pattern_is_chosen_and_reconstructed(browser, lab_base, name, query, expected):
    panel = page.open_panel(browser, lab_base, "ood", "?size=64&pattern=noise")
    choose(panel, name)
    page.settle(browser)
    board = panel.find_element(By.CLASS_NAME, "lab-drawing")
    assert np.abs(page.pixels_of(browser, board) - as_drawn(expected)).max() <= 1
    assert_drawn(browser, panel, "재구성", restored(64, expected))
    wait_for_address(browser, query)


def test_noise_follows_its_number(browser, lab_server):
    boards = []
    for query in ("?pattern=noise&value=3", "?pattern=noise&value=3", "?pattern=noise&value=4"):
        panel = page.open_panel(browser, lab_server, "ood", query)
        boards.append(page.pixels_of(browser, panel.find_element(By.CLASS_NAME, "lab-drawing")))
    assert boards[0] == boards[1] != boards[2]
    assert np.mean(boards[0]) == pytest.approx(127.5, abs=5)


def red_pixels(browser, panel) -> int:
    """붓의 처음 색(224, 49, 49)으로 칠한 픽셀의 수."""
    board = panel.find_element(By.CLASS_NAME, "lab-drawing")
    colors = np.array(page.pixels_of(browser, board)).reshape(-1, 3)
    return int((colors == (224, 49, 49)).all(1).sum())


@pytest.mark.parametrize("kind", ["mouse", "touch"])
def test_drawing_by_hand_changes_the_reconstruction(browser, lab_base, kind):
    size = page.PHONE if kind == "touch" else page.DESKTOP
    panel = page.open_panel(browser, lab_base, "ood", "?pattern=constant&value=-1", size=size)
    board = panel.find_element(By.CLASS_NAME, "lab-drawing")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", board)
    before = drawn(browser, panel, "재구성").tolist()
    scrolled = browser.execute_script("return scrollY")
    actions = ActionBuilder(browser, mouse=PointerInput(kind, f"{kind}-hand"))
    actions.pointer_action.move_to(board, -40, -40).pointer_down().move_to(
        board, 40, 40
    ).pointer_up()
    actions.perform()
    page.settle(browser)
    assert red_pixels(browser, panel) > 30  # 끊기지 않은 굵은 선
    assert drawn(browser, panel, "재구성").tolist() != before
    assert browser.execute_script("return scrollY") == scrolled
    button(panel, "지우기").click()
    page.settle(browser)
    assert red_pixels(browser, panel) == 0
    assert drawn(browser, panel, "재구성").tolist() == before


def test_drawing_by_keyboard(browser, lab_base):
    panel = page.open_panel(browser, lab_base, "ood", "?pattern=constant&value=-1")
    page.set_slider(browser, sliders(panel)["붓의 굵기"], 1)
    board = panel.find_element(By.CLASS_NAME, "lab-drawing")
    board.send_keys(Keys.SPACE, Keys.ARROW_RIGHT, Keys.SPACE, Keys.ARROW_DOWN, Keys.SPACE)
    board.send_keys(Keys.TAB)  # 붓의 자리를 감춘다
    page.settle(browser)
    assert red_pixels(browser, panel) == 3


# 생성


def test_without_spread_only_the_two_means_remain(browser, lab_base, lab_images):
    panel = page.open_panel(browser, lab_base, "generation", "?size=64")
    page.set_slider(browser, sliders(panel)["흩어짐(잡음에 곱하는 수)"], 0)
    ActionChains(browser).pause(0.5).perform()  # 열여섯 장을 프레임마다 나누어 그린다
    page.settle(browser)
    mean = codes_of(64, lab_images[:]).mean(0, keepdim=True)
    for number in (1, 8):
        assert_drawn(browser, panel, f"표준정규 {number}", decoded(64, torch.zeros(1, 64)))
        assert_drawn(browser, panel, f"맞춘 분포 {number}", decoded(64, mean))


def test_fitted_samples_follow_the_package(browser, lab_server, lab_images):
    panel = page.open_panel(browser, lab_server, "generation", "?size=64&seed=5&spread=1")
    noise = browser.execute_script("return [...aelab.random.normal(8 * 64, 5)]")
    noise = torch.tensor(noise).reshape(8, 64)
    codes = codes_of(64, lab_images[:])
    centred = codes - codes.mean(0)
    values, vectors = torch.linalg.eigh((centred.T @ centred / (len(codes) - 1)).double())
    factor = (vectors * values.clamp(min=0).sqrt() @ vectors.T).float()
    fitted = codes.mean(0) + noise @ factor
    page.settle(browser)
    for number in (1, 4, 8):
        which = slice(number - 1, number)
        assert_drawn(browser, panel, f"표준정규 {number}", decoded(64, noise[which]))
        # factor를 fp16으로 줄인 만큼 어긋난다
        assert_drawn_roughly(browser, panel, f"맞춘 분포 {number}", decoded(64, fitted[which]))
    lengths = [float(text) for text in re.findall(r"평균 길이 ([\d.]+)", panel.text)]
    assert lengths == pytest.approx(
        [float(noise.norm(dim=1).mean()), float(fitted.norm(dim=1).mean())], abs=0.1
    )


def test_new_draw_differs_and_its_address_repeats_it(browser, lab_base):
    panel = page.open_panel(browser, lab_base, "generation", "?size=64&seed=1")
    first = drawn(browser, panel, "맞춘 분포 1").tolist()
    button(panel, "새로 뽑기").send_keys(Keys.ENTER)
    wait_for_address(browser, "seed=2")
    ActionChains(browser).pause(0.5).perform()
    page.settle(browser)
    second = drawn(browser, panel, "맞춘 분포 1").tolist()
    panel = page.open_panel(browser, lab_base, "generation", "?size=64&seed=2")
    assert first != second == drawn(browser, panel, "맞춘 분포 1").tolist()
