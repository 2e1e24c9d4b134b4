"""시험이 함께 쓰는 것."""

import os
import shutil
from pathlib import Path

import pytest
from filelock import FileLock

os.environ["MPLBACKEND"] = "Agg"  # 화면이 없어도 그린다
os.environ["PYTHONUTF8"] = "1"  # 자식 프로세스가 쓴 글을 시험은 UTF-8로 읽는다

BROWSER_TIMEOUT = 120  # 초. 바쁜 컴퓨터에서도 넉넉히


def pytest_collection_modifyitems(items) -> None:
    """브라우저를 여는 시험은 적어 두지 않아도 slow입니다."""
    for item in items:
        if "browser" in item.fixturenames:
            item.add_marker("slow")


@pytest.fixture(scope="session")
def make_once(tmp_path_factory):
    """이름과 만드는 함수 → 폴더. 나란히 도는 일꾼이 여럿이어도 한 번만 만듭니다."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent

    def make(name: str, build) -> Path:
        folder, unfinished = base / name, base / f"{name}-unfinished"
        with FileLock(base / f"{name}.lock"):
            if not folder.exists():
                unfinished.mkdir()
                build(unfinished)
                unfinished.rename(folder)
        return folder

    return make


@pytest.fixture(scope="session")
def wheel(make_once) -> Path:
    """이 저장소의 aelab을 담은 휠."""
    from tools.kit import build_wheel

    (built,) = make_once("wheel", build_wheel).glob("*.whl")
    return built


@pytest.fixture(scope="session")
def cifar10_root() -> Path:
    """진짜 CIFAR-10이 든 폴더. 디스크에 없으면 건너뜁니다."""
    from aelab.data import cifar10

    root = cifar10.locate()
    if root is None:
        pytest.skip("CIFAR-10이 디스크에 없습니다(AELAB_DATA).")
    return root


@pytest.fixture(scope="session")
def require_or_skip():
    """건너뛰는 함수. 브라우저를 꼭 써야 하는 곳(AELAB_REQUIRE_BROWSER=1)에서는 실패합니다."""

    def decide(reason: str) -> None:
        if os.environ.get("AELAB_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)

    return decide


@pytest.fixture(scope="session")
def chromium(require_or_skip):
    """콘솔과 네트워크의 기록을 남기는 헤드리스 Chromium. 일꾼마다 하나를 띄웁니다."""
    from selenium import webdriver

    chrome = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if chrome is None or driver is None:
        require_or_skip("Chromium(또는 Chrome)과 chromedriver가 없습니다.")
    options = webdriver.ChromeOptions()
    options.binary_location = chrome
    for option in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        # 쪽을 열 때마다 새 프로세스를 띄우지 않게 한다
        "--disable-features=BackForwardCache,ProactivelySwapBrowsingInstance,SpareRendererForSitePerProcess",
    ):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    chromium = webdriver.Chrome(
        options=options, service=webdriver.ChromeService(executable_path=driver)
    )
    chromium.set_page_load_timeout(BROWSER_TIMEOUT)
    chromium.set_script_timeout(BROWSER_TIMEOUT)
    yield chromium
    chromium.quit()


@pytest.fixture
def browser(chromium):
    """앞 시험의 쪽과 화면의 크기가 남지 않은 브라우저."""
    chromium.get("about:blank")
    chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    chromium.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})
    return chromium
