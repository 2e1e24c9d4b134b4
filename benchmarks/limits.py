"""이 컴퓨터의 한계와, 이미지 내보내기와 학습이 거기에 얼마나 가까운지.

    python -m benchmarks.limits

메모리의 한계는 큰 텐서를 복사하고 더하는 빠르기로, 계산의 한계는 큰 정사각 행렬의 곱으로 잽니다.
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

import aelab
from aelab.data import ImageSet, cifar10
from benchmarks import measuring
from benchmarks.measuring import MIB, alternate, timed

SIDE = 2048  # 정사각 행렬의 한 변
BYTES = 512 * MIB  # 복사하고 더할 텐서. 캐시보다 훨씬 큽니다.
BATCH, STEPS = 128, 50


def rates(amounts: dict[str, float], seconds: dict[str, list[float]]) -> dict[str, float]:
    """이름 → 1초에 한 양(중앙값)."""
    return {name: amount / statistics.median(seconds[name]) for name, amount in amounts.items()}


def memory_bandwidth(repeats: int) -> dict[str, float]:
    """1초에 옮기는 바이트: 복사(읽고 씀)와 더하기(읽기만)."""
    source = torch.ones(BYTES // 4)
    target = torch.empty_like(source)
    sides = {"복사": timed(lambda: target.copy_(source)), "더하기": timed(source.sum)}
    return rates({"복사": 2 * BYTES, "더하기": BYTES}, alternate(sides, repeats))


def matrix_products(repeats: int) -> dict[str, float]:
    """1초에 하는 곱셈-덧셈: fp32와 bf16의 행렬곱."""
    sides: dict[str, Callable[[], float]] = {}
    for name, dtype in {"fp32": torch.float32, "bf16": torch.bfloat16}.items():
        a, b = torch.ones(2, SIDE, SIDE, dtype=dtype)
        out = torch.empty_like(a)
        sides[name] = timed(lambda a=a, b=b, out=out: torch.mm(a, b, out=out))
    return rates(dict.fromkeys(sides, float(SIDE**3)), alternate(sides, repeats))


def training(train: ImageSet, repeats: int) -> dict[str, float]:
    """1초에 하는 곱셈-덧셈: `training.fit`의 한 epoch. 최적화기와 기록에 드는 시간도 셉니다."""
    from aelab.training import TrainingConfig, fit

    def epoch(bf16: bool) -> Callable[[], float]:
        def measure() -> float:
            config = TrainingConfig(epochs=1, batch_size=BATCH, bf16=bf16)
            with tempfile.TemporaryDirectory() as folder:
                fit(config, train, train.subset([0]), folder)
                (only,) = json.loads((Path(folder) / "history.json").read_text(encoding="utf-8"))
            return only["seconds"]

        return measure

    amount = len(train) / BATCH * step_work()
    sides = {"fp32": epoch(False), "bf16": epoch(True)}
    return rates(dict.fromkeys(sides, amount), alternate(sides, repeats))


def step_work() -> float:
    """한 묶음의 순전파와 역전파에 드는 곱셈-덧셈."""
    model = aelab.Autoencoder(128)
    with FlopCounterMode(display=False) as counter:
        model(torch.zeros(BATCH, 3, 32, 32)).sum().backward()
    return counter.get_total_flops() / 2


def delivery(train: ImageSet, repeats: int) -> float:
    """섞인 묶음을 내보낼 때 1초에 읽고 쓰는 바이트: uint8로 읽어 float32로 씁니다."""
    dice = torch.Generator().manual_seed(0)

    def receive() -> None:
        for _ in train.batches(256, generator=dice):
            pass

    seconds = alternate({"내보내기": timed(receive)}, repeats)
    return rates({"내보내기": 5.0 * train.images.numel()}, seconds)["내보내기"]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="이 컴퓨터의 한계와 거기까지의 거리를 잽니다.")
    parser.add_argument("--repeats", type=int, default=5, help="되풀이하는 수(기본 5)")
    parser.add_argument("--steps", type=int, default=STEPS, help="학습을 잴 걸음의 수")
    parser.add_argument("--output", type=Path, default=measuring.RESULTS / "limits.json")
    chosen = parser.parse_args(arguments)
    train = cifar10.load("train", measuring.require_cifar10())
    found = measuring.machine()
    print(measuring.describe(found), flush=True)

    memory, products = memory_bandwidth(chosen.repeats), matrix_products(chosen.repeats)
    trained = training(train.subset(slice(BATCH * chosen.steps)), chosen.repeats)
    rows = [
        ("256장씩 섞어 내보내기", "바이트", delivery(train, chosen.repeats), memory["복사"]),
        ("학습, fp32", "곱셈-덧셈", trained["fp32"], products["fp32"]),
        ("학습, bf16", "곱셈-덧셈", trained["bf16"], products["bf16"]),
    ]
    text = measuring.table(
        ("일", "단위", "1초에(10⁹)", "한계(10⁹)", "한계의 몫"),
        [
            (work, unit, f"{rate / 1e9:.1f}", f"{limit / 1e9:.1f}", f"{rate / limit:.0%}")
            for work, unit, rate, limit in rows
        ],
    )
    text += f"\n\n메모리를 읽기만 할 때: {memory['더하기'] / 1e9:.1f}·10⁹바이트/초"
    names = ("work", "unit", "per_second", "limit")
    records = [dict(zip(names, row, strict=True)) for row in rows]
    records.append(dict(zip(names, ("읽기", "바이트", None, memory["더하기"]), strict=True)))
    measuring.report(chosen.output, found, records, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
