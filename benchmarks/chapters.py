"""장마다 새 프로세스에서 실행하는 데 드는 시간과 메모리.

    python -m benchmarks.chapters                      # 모든 장
    python -m benchmarks.chapters book/01_encoder.ipynb

메모리는 노트북의 커널이 가장 많이 쓴 양입니다. 노트북은 바꾸지 않습니다.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import measuring
from tools.execute import chapters, prepare_environment

SECONDS, MEMORY = 60, 1.5e9  # 한계
# 마지막 셀로 더해, 커널이 스스로 대답하게 합니다.
ASK_PEAK = "from benchmarks.measuring import peak_memory; print(peak_memory())"


def execute(path: Path) -> tuple[float, int]:
    """노트북을 실행하는 데 걸린 초와, 커널이 가장 많이 쓴 바이트."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(ASK_PEAK))
    started = time.perf_counter()
    NotebookClient(
        notebook,
        timeout=10 * SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
    ).execute()
    seconds = time.perf_counter() - started
    return seconds, int(notebook.cells[-1].outputs[0].text)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="장마다의 시간과 메모리를 잽니다.")
    parser.add_argument("chapters", nargs="*", type=Path, help="노트북(기본은 모든 장)")
    parser.add_argument("--output", type=Path, default=measuring.RESULTS / "chapters.json")
    chosen = parser.parse_args(arguments)
    prepare_environment(measuring.require_cifar10())
    paths = [str(measuring.ROOT), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(
        filter(None, paths)
    )  # 커널은 책의 폴더에서 시작합니다.
    found = measuring.machine()
    print(measuring.describe(found), flush=True)

    rows, records = [], []
    for path in chosen.chapters or chapters():
        seconds, peak = execute(path.resolve())
        reached = seconds <= SECONDS and peak <= MEMORY
        rows.append(
            [path.stem, f"{seconds:.1f}", f"{peak / 1e9:.2f}", "예" if reached else "아니요"]
        )
        records.append(
            {"chapter": path.stem, "seconds": seconds, "bytes": peak, "reached": reached}
        )
    headings = ("장", "초", "메모리(GB)", f"{SECONDS}초와 {MEMORY / 1e9:g} GB 이하인가")
    measuring.report(chosen.output, found, records, measuring.table(headings, rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
