"""책의 시험이 함께 쓰는 것."""

import nbformat
import pytest

from tools.chapters import chapters


@pytest.fixture(scope="session")
def notebooks() -> dict[str, nbformat.NotebookNode]:
    """장의 이름 → 읽은 노트북. 고치지 않습니다."""
    return {path.stem: nbformat.read(path, as_version=4) for path in chapters()}
