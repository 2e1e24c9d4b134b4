"""학습한 가중치를 패키지에 담습니다: fp16 safetensors와 학습의 기록과 목록."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from aelab.files import write_atomically
from aelab.models import Autoencoder
from aelab.pretrained import (
    MANIFEST,
    WEIGHTS,
    ShippedWeights,
    build_autoencoder,
    manifest,
    read_checkpoint,
)


def ship(run: Path | str, test_error: float, folder: Path | str = WEIGHTS) -> Path:
    """`training.fit`의 best.pt를 fp16 safetensors로, 기록을 곁에 담고 목록에 적습니다.

    인자
        run: `fit`이 기록한 폴더.
        test_error: 담길 fp16 가중치로 잰 시험 오차(`as_shipped`와 `training.evaluate`).
        folder: 담을 폴더. 없으면 만듭니다.

    돌려주는 값: 담은 safetensors 파일.

    오류: 기록이 없으면 FileNotFoundError, 손상되었으면 ValueError.
    """
    from safetensors.torch import save

    run, folder = Path(run), Path(folder)
    best = read_checkpoint(run / "best.pt", "config", "epoch", "validation_error", "model")
    history = (run / "history.json").read_bytes()
    model = as_shipped(build_autoencoder(best["model"], str(run / "best.pt")))
    content = save({name: value.half() for name, value in model.state_dict().items()})
    entry = ShippedWeights(
        file=f"autoencoder_{model.latent_dim}.safetensors",
        sha256=hashlib.sha256(content).hexdigest(),
        history=f"history_{model.latent_dim}.json",
        epoch=best["epoch"],
        validation_error=round(best["validation_error"], 4),
        test_error=round(test_error, 4),
        training=best["config"],
    )
    shipped = manifest(folder) if (folder / MANIFEST).exists() else {}
    shipped[model.latent_dim] = entry
    listed = {str(size): asdict(shipped[size]) for size in sorted(shipped)}
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / entry.file, content)
    write_atomically(folder / entry.history, history)
    write_atomically(folder / MANIFEST, (json.dumps(listed, indent=2) + "\n").encode())
    return folder / entry.file


def as_shipped(model: Autoencoder) -> Autoencoder:
    """가중치를 fp16으로 반올림한 사본: 담긴 파일을 읽은 모델과 같습니다."""
    rounded = {name: value.half().float() for name, value in model.state_dict().items()}
    return build_autoencoder(rounded, "model")
