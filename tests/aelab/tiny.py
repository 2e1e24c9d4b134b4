"""순식간에 끝나는 학습: 작은 모델, 이미지 열두 장. 그리고 곁에 있는 TensorFlow의 흉내."""

import json
from pathlib import Path

import torch
from torch.nn.functional import interpolate

from aelab.data import ImageSet
from aelab.training import TrainingConfig

CONFIG = TrainingConfig(
    latent_dim=4, base_channel_size=2, epochs=3, batch_size=4, bf16=False, compile=False
)


def scenes(count: int, seed: int) -> ImageSet:
    """네 귀퉁이의 색이 서로 번지는 그림."""
    corners = torch.rand(count, 3, 2, 2, generator=torch.Generator().manual_seed(seed))
    pictures = interpolate(corners, size=32, mode="bilinear").mul(255).to(torch.uint8)
    return ImageSet(pictures, torch.zeros(count, dtype=torch.int64), ("색",), "시험")


SETS = TRAIN, VALIDATION = scenes(12, 0), scenes(6, 1)


def history(folder: Path) -> list[dict]:
    return json.loads((folder / "history.json").read_text(encoding="utf-8"))


def last(folder: Path) -> dict:
    return torch.load(folder / "last.pt", weights_only=True)


def dying_tensorflow(folder: Path) -> Path:
    """불러오면 그 자리에서 9로 죽는 가짜 TensorFlow가 든 폴더. torch와 한 프로세스에서 죽는 판이 있습니다."""
    stub = folder / "stub"
    stub.mkdir()
    (stub / "tensorflow.py").write_text("import os\nos._exit(9)\n", encoding="utf-8")
    return stub
