"""시험이 함께 쓰는 것."""

from pathlib import Path

import matplotlib
import pytest

matplotlib.use("Agg")


@pytest.fixture(scope="session")
def cifar10_root() -> Path:
    """진짜 CIFAR-10이 든 폴더. 디스크에 없으면 건너뜁니다."""
    from aelab.data import cifar10

    root = cifar10.locate()
    if root is None:
        pytest.skip("CIFAR-10이 디스크에 없습니다(AELAB_DATA).")
    return root
