"""실험실의 시험이 함께 쓰는 것: 작은 사이트, 패널 열기, 그림 읽기, 모델의 답."""

from functools import cache
from pathlib import Path

import numpy as np
import torch

from aelab.data import to_uint8
from aelab.pretrained import load_pretrained
from tests.browser.pages import DESKTOP, forget_logs, resize, settle, wait_until

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


def build_site(folder: Path, images) -> None:
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


def open_panel(browser, base: str, name: str, query: str = "", size=DESKTOP, page: str = ""):
    """패널이 있는 쪽을 열고 다 그려질 때까지 기다려, 그 요소를 돌려줍니다."""
    forget_logs(browser)
    resize(browser, size)
    browser.get("about:blank")  # 주소의 # 뒤만 다르면 다시 읽지 않으므로
    browser.get(f"{base}/{page or name}.html#lab-{name}{query}")
    return wait_for_panel(browser, name)


def wait_for_panel(browser, name: str, state: str = "ready"):
    wait_until(browser, f"document.getElementById('lab-{name}').dataset.state === '{state}'")
    return browser.find_element("id", f"lab-{name}")


def scroll_to(browser, name: str):
    """패널이 채워지도록 화면에 들입니다."""
    panel = browser.find_element("id", f"lab-{name}")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", panel)
    return wait_for_panel(browser, name)


def follow(panel, query: str) -> None:
    """열린 쪽에서 이 패널의 다른 설정이 적힌 주소를 따라갑니다."""
    name = panel.get_attribute("id")
    panel.parent.execute_script(
        "arguments[0].dataset.state = 'following'; location.hash = arguments[1]",
        panel,
        f"#{name}{query}",
    )
    wait_for_panel(panel.parent, name.removeprefix("lab-"))


def pixels(panel, canvas) -> np.ndarray:
    """캔버스에 그려진 RGB, 픽셀의 차례로."""
    return np.array(
        panel.parent.execute_script(
            "const c = arguments[0];"
            "return [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
            ".filter((_, i) => i % 4 !== 3)",
            canvas,
        )
    )


def drawn(panel, label: str) -> np.ndarray:
    """설명이 `label`로 시작하는 그림의 RGB."""
    for canvas in panel.find_elements("css selector", "figure canvas"):
        if (canvas.get_attribute("aria-label") or "").startswith(label):
            return pixels(panel, canvas)
    raise AssertionError(f"{label}(으)로 시작하는 그림이 없습니다.")


def as_drawn(images: torch.Tensor) -> np.ndarray:
    """[-1, 1]의 이미지 한 장이 그려질 값, 픽셀의 차례로."""
    return to_uint8(images[0]).permute(1, 2, 0).flatten().numpy().astype(int)


def assert_drawn(panel, label: str, expected: torch.Tensor, *, within: int = 1) -> None:
    """그림이 이 이미지인지. 반올림이 갈리는 값은 1만큼 다를 수 있습니다."""
    assert np.abs(drawn(panel, label) - as_drawn(expected)).max() <= within, label


model = cache(load_pretrained)


@torch.inference_mode()
def encoded(latent_dim: int, images: torch.Tensor) -> torch.Tensor:
    return model(latent_dim).encoder(images)


@torch.inference_mode()
def decoded(latent_dim: int, codes: torch.Tensor) -> torch.Tensor:
    return model(latent_dim).decoder(codes)


def restored(latent_dim: int, images: torch.Tensor) -> torch.Tensor:
    return decoded(latent_dim, encoded(latent_dim, images))


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


def set_slider(panel, label: str, value: float) -> None:
    """슬라이더를 손으로 옮긴 것처럼 바꿉니다."""
    panel.parent.execute_script(
        "arguments[0].value = arguments[1];"
        "arguments[0].dispatchEvent(new Event('input', {bubbles: true}));",
        slider(panel, label),
        str(value),
    )
    settle(panel.parent)


def click(panel, text: str) -> None:
    button(panel, text).click()
    settle(panel.parent)


def pick(panel, number: int):
    """이미지의 띠에서 `number`번째를 누릅니다."""
    thumbnail = panel.find_elements("css selector", "[role=radio]")[number]
    thumbnail.click()
    settle(panel.parent)
    return thumbnail


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


def address(panel) -> str:
    """상태를 다 적은 뒤의 주소의 # 뒤."""
    wait_until(panel.parent, "document.documentElement.dataset.labAddress !== 'waiting'")
    return panel.parent.execute_script("return location.hash")
