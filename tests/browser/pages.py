"""쪽을 브라우저로 여는 시험이 함께 쓰는 것: 열기, 기다리기, 누르기."""

import functools
import http.server
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SITE = Path(__file__).resolve().parents[2] / "book" / "_build" / "html"
# index.html은 intro.html로 넘기기만 한다
PAGES = sorted(path.name for path in SITE.glob("*.html") if path.name != "index.html")
# 모든 장이 같은 틀을 쓰므로 틀은 이 장 하나로 본다. 그림, 표, 수식, 접힌 답이 모두 있다
CHAPTER = "09_projector.html"
DESKTOP, PHONE, SMALL_PHONE = (1280, 900), (390, 844), (360, 780)

LABELS = """
const names = ["title", "aria-label", "data-bs-title", "data-bs-original-title", "data-tooltip", "placeholder"];
const found = names.flatMap((name) =>
  [...document.querySelectorAll(`[${name}]`)].map((e) => e.getAttribute(name)));
const buttons = document.querySelectorAll(".article-header-buttons .btn__text-container");
return [...found, ...[...buttons].map((e) => e.textContent.trim())];
"""


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
    width, height = size
    mobile = size in (PHONE, SMALL_PHONE)
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile},
    )
    browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": mobile})


def wait_until(browser, expression: str) -> None:
    """열린 쪽에서 식이 참이 될 때까지 기다립니다. 물어보는 일도 브라우저가 합니다."""
    browser.execute_async_script(
        "const done = arguments[0];"
        f"const ask = () => (({expression}) ? done() : setTimeout(ask, 20)); ask();"
    )


def settle(browser) -> None:
    """그리기로 한 프레임이 지나갈 때까지 기다립니다."""
    browser.execute_async_script(
        "const done = arguments[0];"
        "requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)));"
    )


def forget_logs(browser) -> None:
    """앞 쪽의 기록을 비웁니다."""
    for log in ("browser", "performance"):
        browser.get_log(log)


def open_page(browser, page: str, size: tuple[int, int]) -> None:
    """지어 놓은 쪽을 열고 수식과 글꼴이 다 그려질 때까지 기다립니다."""
    forget_logs(browser)
    resize(browser, size)
    browser.get(f"{SITE.as_uri()}/{page}")
    wait_until(browser, "document.readyState === 'complete'")
    browser.execute_async_script(
        "const done = arguments[0];"
        "const math = window.MathJax?.startup?.promise ?? Promise.resolve();"
        "math.then(() => document.fonts.ready).then(() => done());"
    )


def requested(browser) -> list[str]:
    """마지막으로 연 쪽이 보낸 요청의 주소."""
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    ]


def severe_errors(browser) -> list[str]:
    """콘솔에 남은 오류."""
    return [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]


def english_labels(browser) -> list[str]:
    """우리말이 한 글자도 없는 설명과 단추의 글. 파일의 꼴과 상표는 세지 않습니다."""
    names = {"Colab", ".ipynb", ".md", ".pdf"}
    labels = set(browser.execute_script(LABELS)) - names
    return [n for n in labels if re.search("[A-Za-z]{2}", n) and not re.search("[가-힣]", n)]


def press(browser, *keys: str) -> None:
    from selenium.webdriver import ActionChains

    ActionChains(browser).send_keys(*keys).perform()


def centre(browser, element) -> tuple[float, float]:
    return tuple(
        browser.execute_script(
            "arguments[0].scrollIntoView({block: 'center'});"
            "const b = arguments[0].getBoundingClientRect();"
            "return [b.left + b.width / 2, b.top + b.height / 2]",
            element,
        )
    )


def touch(browser, kind: str, *points: tuple[float, float]) -> None:
    fingers = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
    browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})


def tap_at(browser, x: float, y: float) -> None:
    touch(browser, "touchStart", (x, y))
    touch(browser, "touchEnd")
    settle(browser)


def tap(browser, element) -> None:
    tap_at(browser, *centre(browser, element))
