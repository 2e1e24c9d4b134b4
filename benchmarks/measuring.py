"""재고 적는 법 하나: 여러 방법을 번갈아 재어 중앙값을 구하고, 컴퓨터와 함께 표와 JSON으로 남깁니다."""

import gc
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

if sys.platform != "win32":
    import resource

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).resolve().parent / "results"
MIB = 2**20


class Disagreement(Exception):
    """두 방법의 결과가 다릅니다. 그러면 시간을 견주는 것도 뜻이 없습니다."""


def fresh_python(arguments: Sequence[str]) -> str:
    """새 프로세스에서 실행한 파이썬의 출력. 이 작업 폴더의 aelab을 씁니다."""
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {
        "MPLBACKEND": "Agg",
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
    }
    result = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, env=environment
    )
    if result.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: 실패했습니다.\n{result.stderr}")
    return result.stdout


def timed(work: Callable[[], object]) -> Callable[[], float]:
    """한 번 하는 데 걸린 초를 돌려주는 함수."""

    def measure() -> float:
        started = time.perf_counter()
        work()
        return time.perf_counter() - started

    return measure


def alternate(
    sides: Mapping[str, Callable[[], float]], repeats: int, *, warm_up: bool = True
) -> dict[str, list[float]]:
    """방법마다의 초를 `repeats`번씩 잽니다. 컴퓨터의 빠르기가 변해도 고루 겪도록 번갈아 합니다.

    인자
        sides: 이름 → 한 번 하고 걸린 초를 돌려주는 함수.
        warm_up: 먼저 한 번씩 해서 처음에만 드는 시간을 뺍니다.
    """
    if warm_up:
        for measure in sides.values():
            measure()
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(repeats):
        for name, measure in sides.items():
            gc.collect()  # 앞사람이 남긴 것을 치우는 시간이 섞이지 않게 합니다.
            seconds[name].append(measure())
    return seconds


def fastest(seconds: Mapping[str, Sequence[float]]) -> str:
    """중앙값이 가장 작은 방법의 이름."""
    return min(seconds, key=lambda name: statistics.median(seconds[name]))


@dataclass(frozen=True)
class Ratio:
    """같은 일을 하는 두 쪽: 상대가 우리의 몇 배 걸리는지."""

    work: str
    ours: Sequence[float]  # 초
    other: str
    theirs: Sequence[float]  # 초
    least: float  # 이르러야 하는 배

    @property
    def ratio(self) -> float:
        return statistics.median(self.theirs) / statistics.median(self.ours)

    @property
    def reached(self) -> bool:
        return self.ratio >= self.least

    def cells(self) -> list[str]:
        return [
            self.work,
            _seconds(self.ours),
            self.other,
            _seconds(self.theirs),
            f"{self.ratio:.2f}배",
            f"{self.least:g}배 이상",
            _yes_or_no(self.reached),
        ]

    def record(self) -> dict[str, Any]:
        return {**asdict(self), "ratio": self.ratio, "reached": self.reached}


def earlier(path: Path) -> dict[str, list[Ratio]]:
    """전에 잰 것: 잰 것의 이름 → 줄들."""
    measured: dict[str, list[Ratio]] = {}
    if path.exists():
        for record in json.loads(path.read_text(encoding="utf-8"))["rows"]:
            row = Ratio(**{field.name: record[field.name] for field in fields(Ratio)})
            measured.setdefault(record["row"], []).append(row)
    return measured


HEADINGS = ("일", "aelab(초)", "상대", "상대(초)", "비", "목표", "이르렀나")


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """마크다운 표."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def machine() -> dict[str, str | int | bool]:
    """무엇으로 쟀는지. 수를 다시 얻으려면 알아야 하는 것입니다."""
    import torch
    import torchvision

    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": _cpu_name(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else _cores(),
        "threads": torch.get_num_threads(),
        "bf16_instructions": bool(
            getattr(torch.cpu, "get_capabilities", dict)().get("avx512_bf16", False)
        ),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "os": platform.platform(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
    }


def describe(found: Mapping[str, object]) -> str:
    """`machine()`을 한 줄로."""
    return (
        f"{found['cpu']}, 코어 {found['cores']}개, 스레드 {found['threads']}개, "
        f"bf16 명령 {'있음' if found['bf16_instructions'] else '없음'}, "
        f"메모리 {found['memory_gib']} GiB, {found['os']}, Python {found['python']}, "
        f"torch {found['torch']}, torchvision {found['torchvision']}, {found['date']}"
    )


def report(
    path: Path,
    found: Mapping[str, object],
    rows: Sequence[Mapping[str, object]],
    text: str,
) -> None:
    """잰 것을 찍고, 컴퓨터와 함께 JSON으로, 그 곁에 읽기 좋은 마크다운으로 남깁니다.

    인자
        path: JSON의 자리. 마크다운은 같은 이름의 .md입니다.
        found: `machine()`의 값.
        rows: 잰 값.
        text: 사람이 읽을 표.
    """
    print(f"\n{text}")
    path.parent.mkdir(parents=True, exist_ok=True)
    content = json.dumps({"machine": found, "rows": rows}, ensure_ascii=False, indent=1)
    path.write_text(content + "\n", encoding="utf-8")
    path.with_suffix(".md").write_text(f"{describe(found)}\n\n{text}\n", encoding="utf-8")


def peak_memory() -> int:
    """이 프로세스가 지금까지 가장 많이 쓴 메모리(바이트)."""
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    # getrusage의 값은 이 프로세스를 띄운 쪽의 것을 물려받을 수 있어 Linux에서는 이것을 읽습니다.
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def require_cifar10() -> Path:
    """디스크에 있는 CIFAR-10의 폴더. 없으면 그렇다고 말하고 끝냅니다."""
    from aelab.data import cifar10

    root = cifar10.locate()
    if root is None:
        sys.exit(
            "진짜 CIFAR-10으로 재어야 하는데 디스크에서 찾지 못했습니다. "
            "`python -m aelab data`로 내려받거나 AELAB_DATA에 폴더를 적고 다시 실행하십시오."
        )
    os.environ["AELAB_DATA"] = str(root)  # 새로 띄우는 프로세스도 같은 것을 씁니다.
    os.environ["AELAB_OFFLINE"] = "1"
    return root


def _seconds(measured: Sequence[float]) -> str:
    return f"{statistics.median(measured):.4g}"


def _yes_or_no(reached: bool) -> str:
    return "예" if reached else "아니요"


def _cores() -> int:
    return os.cpu_count() or 1


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
