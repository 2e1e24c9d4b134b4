"""책의 쪽과 실험실을 여는 시험이 함께 쓰는 것."""

from pathlib import Path

import pytest

from tests.browser.pages import PAGES, serve


@pytest.fixture(scope="session")
def built(require_or_skip) -> None:
    """지어 놓은 책을 보는 시험이 씁니다. 없으면 건너뜁니다."""
    if not {"intro.html", "lab.html"} <= set(PAGES):
        require_or_skip("지어 놓은 쪽이 없습니다. `make book`으로 짓습니다.")


@pytest.fixture(scope="session")
def lab_images():
    """실험실의 시험이 쓰는 작은 모음."""
    from aelab import toyworld

    return toyworld.load("test").subset(slice(240))


@pytest.fixture(scope="session")
def lab_folder(make_once, lab_images) -> Path:
    """실험실만 든 작은 사이트."""
    from tests.browser.lab_panels import build_site

    return make_once("lab", lambda folder: build_site(folder, lab_images))


@pytest.fixture(scope="session")
def lab_server(lab_folder):
    """같은 사이트를 여는 웹 서버의 주소. 더블 클릭한 파일은 `lab_folder.as_uri()`입니다."""
    with serve(lab_folder) as address:
        yield address
