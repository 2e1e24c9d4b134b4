"""학습 설정에서 하나씩 빼거나 바꾸면 검증 오차가 얼마나 달라지는지.

    python -m benchmarks.ablation                       # 모든 줄: 줄마다 몇 분
    python -m benchmarks.ablation --rows 기본값 AdamW     # 고른 줄만. 나머지는 전에 잰 것을 씁니다

줄마다 128차원을 같은 epoch만큼 처음부터 학습합니다. 짧은 학습의 차례가 긴 학습에서도 같지는 않습니다.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch

import aelab
from aelab.muon import Muon
from aelab.training import TrainingConfig, fit
from benchmarks import measuring

EPOCHS = 8
DEFAULT = "기본값"


def with_momentum(momentum: float) -> AbstractContextManager[Any]:
    return patch("aelab.training.Muon", partial(Muon, momentum=momentum))


def muon_for_convolutions_only() -> AbstractContextManager[Any]:
    """선형층은 AdamW가 맡습니다."""
    from aelab import training

    def optimizers(model: torch.nn.Module, config: TrainingConfig) -> list[torch.optim.Optimizer]:
        convolutions = [p for p in model.parameters() if p.ndim == 4]
        others = [p for p in model.parameters() if p.ndim != 4]
        assert config.muon_learning_rate is not None
        return [
            Muon(convolutions, config.muon_learning_rate, dtype=torch.bfloat16),
            torch.optim.AdamW(others, config.learning_rate, weight_decay=0.0),
        ]

    return patch.object(training, "_optimizers", optimizers)


@contextmanager
def initialization_of_pytorch() -> Iterator[None]:
    torch.manual_seed(42)  # PyTorch의 초기화는 전역 생성기를 씁니다.
    with patch("aelab.models._initialize"), patch("aelab.models._NoDefaultValues", nullcontext):
        yield


# 이름 → 바꾼 설정, 설정에 없는 것을 바꾸는 법
ROWS: dict[str, tuple[dict[str, Any], Any]] = {
    DEFAULT: ({}, nullcontext),
    "PyTorch의 초기화": ({}, initialization_of_pytorch),
    "AdamW": ({"muon_learning_rate": None}, nullcontext),
    "AdamW와 PyTorch의 초기화": ({"muon_learning_rate": None}, initialization_of_pytorch),
    "Muon은 합성곱만": ({}, muon_for_convolutions_only),
    "Muon 학습률 ½": ({"muon_learning_rate": TrainingConfig.muon_learning_rate / 2}, nullcontext),
    "Muon 학습률 2배": ({"muon_learning_rate": TrainingConfig.muon_learning_rate * 2}, nullcontext),
    "Muon 모멘텀 0.9": ({}, partial(with_momentum, 0.9)),
    "Muon 모멘텀 0.98": ({}, partial(with_momentum, 0.98)),
    "묶음 64": ({"batch_size": 64}, nullcontext),
    "묶음 256": ({"batch_size": 256}, nullcontext),
    "plateau 일정": ({"schedule": "plateau"}, nullcontext),
    "뒤집기 없음": ({"horizontal_flip": False}, nullcontext),
    "fp32": ({"bf16": False}, nullcontext),
}


def measure(name: str, epochs: int, count: int | None) -> dict[str, Any]:
    """한 줄: epoch마다의 검증 오차."""
    change, context = ROWS[name]
    config = TrainingConfig(**({"epochs": epochs} | change))
    train = aelab.load_images("cifar10", "train").subset(slice(count))
    validation = aelab.load_images("cifar10", "validation").subset(slice(count))
    with tempfile.TemporaryDirectory() as folder, context():
        fit(config, train, validation, folder)
        history = json.loads((Path(folder) / "history.json").read_text(encoding="utf-8"))
    errors = [row["validation_error"] for row in history]
    return {
        "row": name,
        "epochs": epochs,
        "images": len(train),
        "validation_errors": errors,
        "best": min(errors),
    }


def earlier(path: Path, epochs: int) -> dict[str, dict[str, Any]]:
    """전에 같은 epoch으로 잰 줄."""
    if not path.exists():
        return {}
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    return {row["row"]: row for row in rows if row["epochs"] == epochs}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="학습 설정을 하나씩 바꾸어 견줍니다.")
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS))
    parser.add_argument("--epochs", type=int, default=EPOCHS, help=f"학습할 epoch(기본 {EPOCHS})")
    parser.add_argument("--count", type=int, help="세트마다 앞에서부터 쓸 장수(시험 삼아 돌릴 때)")
    parser.add_argument("--output", type=Path, default=measuring.RESULTS / "ablation.json")
    chosen = parser.parse_args(arguments)
    measuring.require_cifar10()
    found = measuring.machine()
    print(measuring.describe(found), flush=True)

    for name in chosen.rows:
        measured = measure(name, chosen.epochs, chosen.count)
        rows = earlier(chosen.output, chosen.epochs) | {name: measured}  # 한 줄마다 적습니다
        ordered = [rows[name] for name in ROWS if name in rows]
        measuring.report(chosen.output, found, ordered, as_text(ordered))
    return 0


def as_text(rows: Sequence[dict[str, Any]]) -> str:
    base = next((row["best"] for row in rows if row["row"] == DEFAULT), None)
    cells = [
        (
            row["row"],
            f"{row['best']:.2f}",
            "" if base is None else f"{row['best'] - base:+.2f}",
        )
        for row in rows
    ]
    title = f"128차원, {rows[0]['epochs']} epoch 동안 가장 작은 검증 오차(이미지마다 더한 제곱오차)"
    headings = ("바꾼 것", "검증 오차", "기본값과의 차이")
    return f"{title}\n\n{measuring.table(headings, cells)}"


if __name__ == "__main__":
    sys.exit(main())
