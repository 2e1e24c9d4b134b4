"""사전 학습된 가중치: 패키지에 담긴 것을 읽고, 새로 담고, Lightning 체크포인트를 읽습니다.

어떤 파일도 읽는 동안 코드를 실행하지 않습니다.
"""

import hashlib
import json
import os
from collections import OrderedDict
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from aelab.models import Autoencoder

WEIGHTS = Path(__file__).parent / "weights"
_MANIFEST = "manifest.json"
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
    return _build(_parse(content, path), str(path))


def manifest(folder: Path | str = WEIGHTS) -> dict[int, ShippedWeights]:
    """잠재 차원 → 그 가중치의 내력(파일, SHA-256, 학습 설정, 오차). 잠재 차원 순서입니다."""
    path = Path(folder) / _MANIFEST
    try:
        listed = json.loads(_read(path))
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
    path = Path(folder) / shipped.history
    try:
        return json.loads(_read(path))
    except ValueError as error:
        raise ValueError(
            f"{path}: 학습 기록을 기대했는데 읽을 수 없습니다. {_REINSTALL}"
        ) from error


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
    saved = read_checkpoint(run / "best.pt")
    weights = {
        name: value.half().contiguous() for name, value in load_best(run).state_dict().items()
    }
    content = save(weights)
    latent_dim = saved["config"]["latent_dim"]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"autoencoder_{latent_dim}.safetensors"
    history = folder / f"history_{latent_dim}.json"
    _write(path, content)
    _write(history, _read(run / "history.json"))
    shipped = manifest(folder) if (folder / _MANIFEST).exists() else {}
    shipped[latent_dim] = ShippedWeights(
        file=path.name,
        sha256=hashlib.sha256(content).hexdigest(),
        history=history.name,
        epoch=saved["epoch"],
        validation_error=round(saved["validation_error"], 4),
        test_error=round(test_error, 4),
        training=saved["config"],
    )
    listed = {str(size): asdict(shipped[size]) for size in sorted(shipped)}
    _write(folder / _MANIFEST, (json.dumps(listed, indent=2) + "\n").encode())
    return path


def as_shipped(model: Autoencoder) -> Autoencoder:
    """가중치를 fp16으로 반올림한 사본: 담긴 파일을 읽은 모델과 같습니다."""
    rounded = {name: value.half().float() for name, value in model.state_dict().items()}
    return _build(rounded, "model")


def load_lightning_checkpoint(path: Path | str) -> Autoencoder:
    """PyTorch Lightning으로 학습한 같은 구조의 체크포인트를 평가 모드로 읽습니다.

    Lightning이 없어도 되며, 파일에 담긴 코드는 실행하지 않습니다. 체크포인트가 부르는 이름 가운데
    설정을 담는 사전(AttributeDict) 하나만 보통 사전으로 바꾸어 받아들이고, 나머지는 모두 거절합니다.

    오류: 파일이 없으면 FileNotFoundError, 체크포인트가 아니거나 거절된 이름이 있으면 ValueError.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: 체크포인트 파일이 없습니다.")
    stand_in = (OrderedDict, "pytorch_lightning.utilities.parsing.AttributeDict")
    try:
        with torch.serialization.safe_globals([stand_in]):
            saved = torch.load(path, map_location="cpu", weights_only=True)
        weights = dict(saved["state_dict"])
    except Exception as error:
        raise ValueError(
            f"{path}: 가중치만 담긴 Lightning 체크포인트를 기대했는데 읽을 수 없거나 허용되지 않은 "
            f"내용이 있습니다({type(error).__name__}). 아무 코드도 실행하지 않았습니다."
        ) from error
    return _build(weights, str(path))


def _listed(latent_dim: int, folder: Path) -> ShippedWeights:
    shipped = manifest(folder)
    if latent_dim not in shipped:
        raise ValueError(
            f"latent_dim: {', '.join(map(str, shipped))} 가운데 하나를 기대했는데 "
            f"{latent_dim!r}이(가) 왔습니다."
        )
    return shipped[latent_dim]


def _build(weights: dict[str, Tensor], source: str) -> Autoencoder:
    """가중치의 모양에서 크기를 읽어 모델을 만들고, 빠짐없이 유한한 값으로 채웁니다."""
    try:
        latent_dim, flattened = weights["encoder.net.11.weight"].shape
        with torch.device("meta"):  # 곧 버릴 처음 값을 만들지 않습니다.
            model = Autoencoder(latent_dim, base_channel_size=flattened // 32)
        filled = {name: value.float().contiguous() for name, value in weights.items()}
        model.load_state_dict(filled, assign=True)
    except (KeyError, RuntimeError, ValueError, AttributeError, TypeError) as error:
        raise ValueError(
            f"{source}: aelab.Autoencoder의 가중치를 기대했는데 이름이나 모양이 다릅니다: {error}"
        ) from error
    # 가장 큰 절댓값만 보아도 NaN과 무한대가 드러나고, 값마다 묻는 것보다 빠릅니다.
    broken = [name for name, value in filled.items() if not value.abs().amax().isfinite()]
    if broken:
        raise ValueError(
            f"{source}: 유한한 가중치를 기대했는데 NaN이나 무한대가 있습니다: {', '.join(broken)}"
        )
    return model.eval()


def _parse(content: bytes, path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        return load(content)
    except (SafetensorError, ValueError, KeyError) as error:
        raise ValueError(
            f"{path}: safetensors 파일을 기대했는데 읽을 수 없습니다. {_REINSTALL}"
        ) from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: 가중치 파일이 없습니다. {_REINSTALL}") from None


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_bytes(content)
    os.replace(temporary, path)
