"""`training.fit`이 남긴 기록을 읽고, 텐서보드의 수가 history.json과 같은지 보는 것."""

import json
from pathlib import Path
from typing import Any

import pytest


def history(folder: Path) -> list[dict]:
    return json.loads((folder / "history.json").read_text(encoding="utf-8"))


def log_like_history(folder: Path) -> Any:
    """텐서보드의 기록. 수는 epoch마다 한 번씩, history.json의 값이어야 합니다."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    log = EventAccumulator(str(folder / "tensorboard"), size_guidance={"images": 0, "scalars": 0})
    log.Reload()
    rows = history(folder)
    for tag, name in {
        "loss/train": "train_loss",
        "loss/validation": "validation_error",
        "learning_rate": "learning_rate",
    }.items():
        events = log.Scalars(tag)
        assert [event.step for event in events] == [row["epoch"] for row in rows], tag
        assert [event.value for event in events] == pytest.approx([row[name] for row in rows])
    return log
