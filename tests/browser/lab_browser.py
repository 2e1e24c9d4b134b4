"""실험실을 브라우저로 여는 시험이 함께 쓰는 것: 작은 사이트, 패널 열기, 그림 읽기."""

import functools
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium.webdriver.support.ui import WebDriverWait

PANELS = (
    "reconstruction",
    "latent",
    "ood",
    "generation",
    "metrics",
    "transposed",
    "retrieval",
    "projector",
)
BUILT = Path(__file__).resolve().parents[2] / "book" / "_build" / "html"
TIMEOUT = 120  # 초. 바쁜 컴퓨터에서도 넉넉히
DESKTOP, PHONE = (1280, 900), (390, 844)
# 길과 화면을 한 번씩. 그리는 코드는 같으므로 네 가지를 다 열지는 않는다. lab_base가 indirect인 표시에 쓴다
VISITS = [("http", DESKTOP), ("file", PHONE)]


def build_site(folder: Path, images) -> Path:
    """책을 짓지 않고 실험실만: 패널이 모두 있는 쪽과 하나씩 있는 쪽, 소스, 자료."""
    from book._ext.lab import copy_sources, head_html, panel_html
    from tools import lab_data

    copy_sources(folder / "lab")
    lab_data.write(folder / "lab" / "data", images)
    pages = {"all": PANELS} | {name: (name,) for name in PANELS}
    for page, panels in pages.items():
        body = "".join(panel_html(f"lab-{name}", name) for name in panels)
        html = (
            '<!doctype html><html lang="ko"><head><meta charset="utf-8"><title>실험실</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            '<link rel="icon" href="data:,">'
            f"{head_html('lab', 'test')}</head><body><article class='bd-article'>{body}</article>"
            "</body></html>"
        )
        (folder / f"{page}.html").write_text(html, encoding="utf-8")
    return folder


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """`folder`를 이 컴퓨터에서만 열리는 웹 서버로 엽니다."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_args) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def resize(browser, size: tuple[int, int]) -> None:
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size == PHONE},
    )
    browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": size == PHONE})


def open_panel(browser, base: str, name: str, query: str = "", size=DESKTOP, page: str = ""):
    """패널 하나가 있는 쪽을 열고 다 그려질 때까지 기다려, 그 요소를 돌려줍니다."""
    for log in ("browser", "performance"):
        browser.get_log(log)  # 앞 쪽의 기록을 비운다
    resize(browser, size)
    browser.get("about:blank")  # 주소의 # 뒤만 다르면 다시 읽지 않으므로
    browser.get(f"{base}/{page or name}.html#lab-{name}{query}")
    wait_for_state(browser, name, "ready")
    return browser.find_element("id", f"lab-{name}")


def wait_for_state(browser, name: str, state: str) -> None:
    wait_until(browser, f"document.getElementById('lab-{name}').dataset.state === '{state}'")


def wait_until(browser, expression: str) -> None:
    WebDriverWait(browser, TIMEOUT, poll_frequency=0.02).until(
        lambda b: b.execute_script(f"return !!({expression})")
    )


def settle(browser) -> None:
    """그리기로 한 프레임이 지나갈 때까지 기다립니다."""
    browser.execute_async_script(
        "const done = arguments[0];"
        "requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)));"
    )


def set_slider(browser, slider, value: float) -> None:
    """슬라이더를 손으로 옮긴 것처럼 바꿉니다."""
    browser.execute_script(
        "arguments[0].value = arguments[1];"
        "arguments[0].dispatchEvent(new Event('input', {bubbles: true}));",
        slider,
        str(value),
    )
    settle(browser)


def pixels_of(browser, canvas) -> list[int]:
    """캔버스에 그려진 RGB, 픽셀의 차례로."""
    rgba = browser.execute_script(
        "const c = arguments[0];"
        "return [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]",
        canvas,
    )
    return [value for i, value in enumerate(rgba) if i % 4 != 3]


def canvas_of(panel, label_start: str):
    """설명이 `label_start`로 시작하는 그림."""
    for canvas in panel.find_elements("css selector", "figure canvas"):
        if (canvas.get_attribute("aria-label") or "").startswith(label_start):
            return canvas
    raise AssertionError(f"{label_start}(으)로 시작하는 그림이 없습니다.")


def severe_errors(browser) -> list[str]:
    return [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]


def requested(browser) -> list[str]:
    """마지막으로 연 쪽이 보낸 요청의 주소."""
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    ]


def found(panel, expression: str, *values):
    """`panel`과 `values`로 쓴 JavaScript 식이 가리키는 요소."""
    names = ", ".join(["panel", *(f"v{i}" for i in range(len(values)))])
    element = panel.parent.execute_script(
        f"const [{names}] = arguments; return {expression}", panel, *values
    )
    assert element is not None, (expression, values)
    return element


def button(panel, text: str):
    """보이는 글이나 읽어 주는 이름이 `text`인 단추, 없으면 `text`가 든 단추."""
    return found(
        panel,
        "((all) => all.find((b) => b.innerText === v0 || b.ariaLabel === v0)"
        " ?? all.find((b) => b.innerText.includes(v0)) ?? null)([...panel.querySelectorAll('button')])",
        text,
    )


def slider(panel, label: str):
    return found(
        panel,
        "[...panel.querySelectorAll('.lab-slider')].find("
        "(box) => box.querySelector('label').innerText === v0)?.querySelector('input') ?? null",
        label,
    )


def choose(panel, label: str, option: str) -> None:
    """이름이 `label`인 고르개에서 `option`을 마우스로 누릅니다."""
    found(
        panel,
        "[...([...panel.querySelectorAll('.lab-choice')].find((box) =>"
        " box.querySelector('legend').innerText === v0)?.querySelectorAll('label') ?? [])]"
        ".find((item) => item.innerText === v1) ?? null",
        *(label, option),
    ).click()
    settle(panel.parent)


def address(browser) -> str:
    """상태를 다 적은 뒤의 주소의 # 뒤."""
    wait_until(browser, "document.documentElement.dataset.labAddress !== 'waiting'")
    return browser.execute_script("return location.hash")


def scroll_to(browser, name: str) -> None:
    """패널이 채워지도록 화면에 들입니다."""
    panel = browser.find_element("id", f"lab-{name}")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", panel)
    wait_for_state(browser, name, "ready")
