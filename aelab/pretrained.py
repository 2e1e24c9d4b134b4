"""사전 학습된 가중치: 패키지에 담긴 것을 읽고, 새로 담고, Lightning 체크포인트를 읽습니다.

어떤 파일도 읽는 동안 코드를 실행하지 않습니다.
"""

import hashlib
import json
import math
import os
import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from torch import Tensor

from aelab.checkpoints import HISTORY_ROW, MOST_BYTES, build_autoencoder, fits, load, read_file
from aelab.models import Autoencoder

WEIGHTS = Path(__file__).parent / "weights"
_MANIFEST = "manifest.json"
_MOST_JSON = 2**22  # 바이트. 목록도 기록도 수만 줄이 넘지 않습니다.
_MOST_HEADER = 2**20  # safetensors의 머리글. 텐서마다 100바이트쯤입니다.
_ATTRIBUTE_DICT = "pytorch_lightning.utilities.parsing AttributeDict"
_REINSTALL = "패키지를 다시 설치하면 되살아납니다: pip install --force-reinstall --no-deps aelab"


@dataclass(frozen=True)
class ShippedWeights:
    """담긴 가중치 하나의 내력."""

    file: str
    sha256: str
    history: str  # epoch마다의 기록이 있는 파일
    epoch: int
    validation_error: float  # 이미지마다 더한 제곱오차의 평균, [-1, 1] 기준
    test_error: float
    training: dict  # TrainingConfig의 값

    def __post_init__(self) -> None:
        well_formed = (
            # 곁의 파일만 가리킬 수 있습니다.
            all(_matches(r"\w[\w.-]{,99}", name) for name in (self.file, self.history))
            and _matches("[0-9a-f]{64}", self.sha256)
            and type(self.epoch) is int
            and self.epoch >= 1
            and all(
                type(error) in (int, float) and 0 <= error < 1e9
                for error in (self.validation_error, self.test_error)
            )
            and isinstance(self.training, dict)
        )
        if not well_formed:
            raise ValueError("가중치의 내력이 아닙니다.")


def load_pretrained(latent_dim: int, folder: Path | str = WEIGHTS) -> Autoencoder:
    """CIFAR-10으로 학습한 오토인코더를 평가 모드로 읽습니다.

    인자
        latent_dim: 64, 128, 256, 384 가운데 하나.
        folder: manifest.json이 있는 폴더. 기본은 패키지에 담긴 가중치입니다.

    오류
        ValueError: 없는 크기이거나, 파일이 목록(manifest.json)에 적힌 것과 다를 때.
        FileNotFoundError: 파일이 없을 때.
    """
    folder = Path(folder)
    shipped = _listed(latent_dim, folder)
    path = folder / shipped.file
    content = _read(path)
    if hashlib.sha256(content).hexdigest() != shipped.sha256:
        raise ValueError(
            f"{path}: 목록의 SHA-256과 다릅니다. 파일이 손상되었거나 바뀌었습니다. {_REINSTALL}"
        )
    model = build_autoencoder(_parse(content, path), str(path))
    if model.latent_dim != latent_dim:
        raise ValueError(
            f"{path}: 잠재 차원 {latent_dim}의 가중치를 기대했는데 {model.latent_dim}의 것이 왔습니다."
        )
    return model


def manifest(folder: Path | str = WEIGHTS) -> dict[int, ShippedWeights]:
    """잠재 차원 → 그 가중치의 내력(파일, SHA-256, 학습 설정, 오차). 잠재 차원 순서입니다.

    오류: 목록이 손상되었으면 ValueError, 없으면 FileNotFoundError.
    """
    path = Path(folder) / _MANIFEST
    listed = _read_json(path, "가중치 목록")
    try:
        if not listed:
            raise ValueError("목록이 비었습니다.")
        return {int(size): ShippedWeights(**entry) for size, entry in listed.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{path}: 가중치 목록을 기대했는데 읽을 수 없습니다. {_REINSTALL}"
        ) from error


def training_history(latent_dim: int, folder: Path | str = WEIGHTS) -> list[dict[str, float]]:
    """담긴 가중치를 학습할 때 epoch마다 남긴 기록.

    한 줄은 epoch, train_loss, validation_error(이미지마다 더한 제곱오차의 평균), learning_rate, seconds.

    오류: `load_pretrained`와 같습니다.
    """
    shipped = _listed(latent_dim, Path(folder))
    return _read_history(Path(folder) / shipped.history)


def ship(run: Path | str, test_error: float, folder: Path | str = WEIGHTS) -> Path:
    """`training.fit`의 best.pt를 fp16 safetensors로, 기록을 곁에 담고 목록에 적습니다.

    인자
        run: `fit`이 기록한 폴더.
        test_error: 담길 fp16 가중치로 잰 시험 오차(`as_shipped`와 `training.evaluate`).
        folder: 담을 폴더.
    """
    from safetensors.torch import save

    from aelab.training import load_best, read_checkpoint

    run, folder = Path(run), Path(folder)
    saved, model = read_checkpoint(run / "best.pt"), load_best(run)
    weights = {name: value.half().contiguous() for name, value in model.state_dict().items()}
    content, latent_dim = save(weights), model.latent_dim
    path = folder / f"autoencoder_{latent_dim}.safetensors"
    history = folder / f"history_{latent_dim}.json"
    rows = _read_history(run / "history.json")
    shipped = manifest(folder) if (folder / _MANIFEST).exists() else {}
    try:
        entry = ShippedWeights(
            file=path.name,
            sha256=hashlib.sha256(content).hexdigest(),
            history=history.name,
            epoch=saved["epoch"],
            validation_error=saved.get("validation_error", math.nan),
            test_error=test_error,
            training=saved["config"],
        )
    except ValueError as error:
        raise ValueError(
            f"{run / 'best.pt'}: 유한한 검증 오차와 시험 오차를 기대했는데 "
            f"{saved.get('validation_error')!r}와(과) {test_error!r}이(가) 왔습니다."
        ) from error
    shipped[latent_dim] = replace(
        entry,
        validation_error=round(entry.validation_error, 4),
        test_error=round(entry.test_error, 4),
    )
    folder.mkdir(parents=True, exist_ok=True)
    _write(path, content)
    _write(history, (json.dumps(rows, indent=1) + "\n").encode())
    listed = {str(size): asdict(shipped[size]) for size in sorted(shipped)}
    _write(folder / _MANIFEST, (json.dumps(listed, indent=2) + "\n").encode())
    return path


def as_shipped(model: Autoencoder) -> Autoencoder:
    """가중치를 fp16으로 반올림한 사본: 담긴 파일을 읽은 모델과 같습니다."""
    rounded = {name: value.half().float() for name, value in model.state_dict().items()}
    return build_autoencoder(rounded, "model")


def load_lightning_checkpoint(path: Path | str) -> Autoencoder:
    """PyTorch Lightning으로 학습한 같은 구조의 체크포인트를 평가 모드로 읽습니다.

    Lightning이 없어도 되며, 파일에 담긴 코드는 실행하지 않습니다. 체크포인트가 부르는 이름 가운데
    텐서와 사전을 만드는 것과, 보통 사전으로 바꾸어 줄 옛 Lightning의 설정(AttributeDict)만 받아들이고
    나머지는 모두 거절합니다. PyTorch 1.6부터 쓰는 zip 꼴만 읽습니다.

    오류: 파일이 없으면 FileNotFoundError, 체크포인트가 아니거나 거절된 이름이 있으면 ValueError.
    """
    path = Path(path)
    saved = load(path, "가중치만 담긴 Lightning 체크포인트", {_ATTRIBUTE_DICT})
    return build_autoencoder(saved.get("state_dict") if type(saved) is dict else None, str(path))


def _listed(latent_dim: int, folder: Path) -> ShippedWeights:
    shipped = manifest(folder)
    if latent_dim not in shipped:
        raise ValueError(
            f"latent_dim: {', '.join(map(str, shipped))} 가운데 하나를 기대했는데 "
            f"{latent_dim!r}이(가) 왔습니다."
        )
    return shipped[latent_dim]


def _parse(content: bytes, path: Path) -> dict[str, Tensor]:
    import safetensors.torch

    try:
        if int.from_bytes(content[:8], "little") > _MOST_HEADER:
            raise ValueError("머리글이 너무 깁니다.")
        return safetensors.torch.load(content)
    except Exception as error:  # 손상된 파일은 온갖 오류로 드러납니다.
        raise ValueError(
            f"{path}: safetensors 파일을 기대했는데 읽을 수 없습니다. {_REINSTALL}"
        ) from error


def _read_history(path: Path) -> list[dict[str, float]]:
    rows = _read_json(path, "학습 기록")
    if not (isinstance(rows, list) and fits(rows, [HISTORY_ROW] * len(rows))):
        raise ValueError(f"{path}: 학습 기록을 기대했는데 다른 것이 들어 있습니다. {_REINSTALL}")
    return rows


def _read_json(path: Path, expected: str) -> Any:
    content = _read(path, _MOST_JSON)
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"{path}: {expected}을 기대했는데 읽을 수 없습니다. {_REINSTALL}"
        ) from error


def _read(path: Path, most: int = MOST_BYTES) -> bytes:
    try:
        return read_file(path, most)
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: 가중치 파일이 없습니다. {_REINSTALL}") from None


def _matches(pattern: str, text: object) -> bool:
    return isinstance(text, str) and re.fullmatch(pattern, text) is not None


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_bytes(content)
    os.replace(temporary, path)
