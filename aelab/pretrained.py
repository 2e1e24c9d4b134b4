"""사전 학습된 가중치를 읽습니다: 패키지에 담긴 것, Lightning 체크포인트, 우리 체크포인트.

어떤 파일도 읽는 동안 코드를 실행하지 않습니다.
"""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aelab.checks import check_positive_int, unexpected
from aelab.models import Autoencoder

WEIGHTS = Path(__file__).parent / "weights"
MANIFEST = "manifest.json"
# 옛 Lightning이 설정을 담던 사전. 보통 사전으로 읽습니다.
_LIGHTNING_SETTINGS = "pytorch_lightning.utilities.parsing.AttributeDict"
_REINSTALL = (
    "저장소의 폴더에서 다시 설치하면 되살아납니다: pip install --force-reinstall --no-deps ."
)


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
        latent_dim: 담긴 크기 가운데 하나, 곧 `manifest()`의 열쇠.
        folder: manifest.json이 있는 폴더. 기본은 패키지에 담긴 가중치입니다.

    오류
        TypeError: 크기가 정수가 아닐 때.
        ValueError: 없는 크기이거나, 파일이 목록(manifest.json)에 적힌 것과 다를 때.
        FileNotFoundError: 파일이 없을 때.
    """
    import safetensors.torch

    shipped = _listed(latent_dim, Path(folder))
    path = Path(folder) / shipped.file
    content = _read(path)
    if hashlib.sha256(content).hexdigest() != shipped.sha256:
        raise ValueError(
            f"{path}: 목록의 SHA-256과 다릅니다. 파일이 손상되었거나 바뀌었습니다. {_REINSTALL}"
        )
    return build_autoencoder(safetensors.torch.load(content), str(path))


def manifest(folder: Path | str = WEIGHTS) -> dict[int, ShippedWeights]:
    """잠재 차원 → 그 가중치의 내력(파일, SHA-256, 학습 설정, 오차). 잠재 차원 순서입니다.

    오류: 목록이 없으면 FileNotFoundError.
    """
    listed = json.loads(_read(Path(folder) / MANIFEST))
    return {int(size): ShippedWeights(**row) for size, row in listed.items()}


def training_history(latent_dim: int, folder: Path | str = WEIGHTS) -> list[dict[str, float]]:
    """담긴 가중치를 학습할 때 epoch마다 남긴 기록.

    한 줄은 epoch, train_loss, validation_error(이미지마다 더한 제곱오차의 평균), learning_rate, seconds.

    오류: `load_pretrained`와 같습니다.
    """
    return json.loads(_read(Path(folder) / _listed(latent_dim, Path(folder)).history))


def load_lightning_checkpoint(path: Path | str) -> Autoencoder:
    """PyTorch Lightning으로 학습한 같은 구조의 체크포인트를 평가 모드로 읽습니다.

    Lightning이 없어도 되며, 파일에 담긴 코드는 실행하지 않습니다.

    오류: 파일이 없으면 FileNotFoundError, 체크포인트가 아니거나 구조가 다르면 ValueError.
    """
    saved = read_checkpoint(Path(path), "state_dict")
    return build_autoencoder(saved["state_dict"], str(path))


def read_checkpoint(path: Path, *names: str) -> dict[str, Any]:
    """torch.save가 쓴 사전을 코드를 실행하지 않고 CPU로 읽습니다. `names`는 있어야 하는 열쇠입니다.

    오류: 파일이 없으면 FileNotFoundError, 그런 파일이 아니거나 손상되었으면 ValueError.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path}: 체크포인트 파일이 없습니다.")
    try:
        with torch.serialization.safe_globals([(OrderedDict, _LIGHTNING_SETTINGS)]):
            saved = torch.load(path, map_location="cpu", weights_only=True)
        if not saved.keys() >= set(names):
            raise KeyError(*names)
    except Exception as error:  # 손상된 파일은 온갖 오류로 드러납니다.
        raise ValueError(
            f"{path}: {', '.join(names)}이(가) 담긴 체크포인트를 기대했는데 읽을 수 없습니다"
            f"({type(error).__name__}). 손상되었거나 다른 파일입니다. 파일의 코드는 실행하지 않았습니다."
        ) from error
    return saved


def build_autoencoder(weights: Mapping[str, Tensor], source: str) -> Autoencoder:
    """가중치의 모양에서 크기를 읽어 모델을 만들고 채웁니다. 평가 모드입니다.

    오류: 이름이나 모양이 다르면 `source`로 시작하는 ValueError.
    """
    try:
        latent_dim, flattened = weights["encoder.net.11.weight"].shape
        # 곧 덮어쓸 처음 값에 전역 난수를 쓰지 않습니다.
        model = Autoencoder(latent_dim, flattened // 32, torch.Generator())
        model.load_state_dict(weights)
    except Exception as error:
        raise ValueError(
            f"{source}: aelab.Autoencoder의 가중치를 기대했는데 이름이나 모양이 다릅니다({error})."
        ) from error
    return model.eval()


def _listed(latent_dim: int, folder: Path) -> ShippedWeights:
    shipped, latent_dim = manifest(folder), check_positive_int(latent_dim, "latent_dim")
    if latent_dim not in shipped:
        mend = (
            " 다른 크기는 학습해야 합니다: aelab.training.fit("
            f"aelab.training.TrainingConfig(latent_dim={latent_dim}), "
            'aelab.load_images("auto", "train"), aelab.load_images("auto", "validation"), "runs/새 폴더")'
        )
        raise unexpected(
            "latent_dim", f"{', '.join(map(str, shipped))} 가운데 하나를", latent_dim, mend
        )
    return shipped[latent_dim]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: 가중치 파일이 없습니다. {_REINSTALL}") from None
