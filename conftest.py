"""`pytest`와 `pytest --nbval book/`을 아무 옵션 없이 쓰게 합니다.

노트북은 CIFAR-10이 디스크에 있으면 엄격한 비교(strict), 없으면 toyworld로 돌리며 가린 비교(embedded)를
합니다. 어느 쪽도 네트워크를 쓰지 않습니다. 비교하는 법은 tools/compare.py에 있습니다.
"""

import json
import math
import os
from pathlib import Path

import pytest

collect_ignore_glob = ["book/_build/*"]

CELL_TIMEOUT = 300  # 초
OUTPUT_TIMEOUT = 60  # 초. nbval의 기본 5초는 바쁜 컴퓨터에서 짧다

DATA = pytest.StashKey()
CHAPTER_TIMES = Path(__file__).parent / "benchmarks" / "results" / "chapters.json"


def pytest_cmdline_main(config: pytest.Config) -> None:
    """나란히 도는 프로세스가 코어를 나누어 씁니다. 스레드가 코어보다 많으면 서로를 기다리느라 느려집니다."""
    if not hasattr(config, "workerinput"):
        workers = getattr(config.option, "numprocesses", 0) or 1
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // workers)))


def pytest_configure(config: pytest.Config) -> None:
    """커널이 볼 환경과 비교하는 방법을 함께 정합니다."""
    if not getattr(config.option, "nbval", False):
        return
    from tools import execute

    config.stash[DATA] = execute.find_cifar10()
    execute.prepare_environment(config.stash[DATA])
    config.option.nbval_current_env = True
    if not any(str(a).startswith("--nbval-cell-timeout") for a in config.invocation_params.args):
        config.option.nbval_cell_timeout = CELL_TIMEOUT


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """목차에 없는 노트북(편집기의 사본, 연습용)은 시험하지 않습니다. 이름을 적어 주면 시험합니다."""
    if collection_path.suffix != ".ipynb":
        return None
    from tools.chapters import BOOK, chapters

    path = collection_path.resolve()
    return True if path.parent == BOOK and path not in chapters() else None


def pytest_report_header(config: pytest.Config) -> str | None:
    """어느 비교를 하는지와 그 까닭을 알립니다."""
    if DATA not in config.stash:
        return None
    if config.stash[DATA] is None:
        return "nbval-mode: embedded (CIFAR-10이 디스크에 없어 toyworld로 돌리고 수를 가립니다)"
    return f"nbval-mode: strict (CIFAR-10이 {config.stash[DATA]}에 있어 수까지 견줍니다)"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """오래 걸리는 노트북부터 시작합니다. 마지막에 혼자 남으면 다른 프로세스가 놉니다."""
    if DATA not in config.stash:
        return
    rows = json.loads(CHAPTER_TIMES.read_text(encoding="utf-8"))["rows"]
    seconds = {row["chapter"]: row["seconds"] for row in rows}
    # 아직 재지 않은 노트북은 얼마나 걸릴지 모르므로 맨 앞에 둔다
    items.sort(key=lambda item: -seconds.get(item.path.stem, math.inf))


def pytest_itemcollected(item: pytest.Item) -> None:
    """노트북의 셀에 비교하는 방법을 답니다."""
    if DATA not in item.config.stash or not hasattr(item, "compare_outputs"):
        return
    from tools.compare import StrictText, masked

    embedded = item.config.stash[DATA] is None
    convert = masked if embedded else StrictText
    item.sanitize = lambda value: convert(value) if isinstance(value, str) else value
    item.output_timeout = OUTPUT_TIMEOUT
    if embedded and "stderr" not in item.parent.skip_compare:
        # toyworld를 쓴다는 안내는 저장된 출력에 없다
        item.parent.skip_compare += ("stderr",)
