"""순식간에 끝나는 학습: 작은 모델, 이미지 열두 장."""

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
