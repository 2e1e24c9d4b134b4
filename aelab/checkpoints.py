"""체크포인트를 자료로만 읽습니다: 코드를 실행하지 않고, 메모리는 파일의 크기에 비례해서만 씁니다.

torch.load(weights_only=True)는 코드를 막지만 메모리는 막지 않습니다. 몇백 바이트짜리 파일도
`bytearray(10**10)`을 부르거나, 풀면 몇 GB가 되거나, 있지도 않은 값의 텐서를 적을 수 있습니다.
그래서 zip의 크기와 부르는 이름을 먼저 확인하고, 텐서의 모양과 값은 쓰기 전에 확인합니다.
"""

import io
import math
import pickletools
import reprlib
import zipfile
from collections import OrderedDict
from collections.abc import Set
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aelab.checks import all_finite
from aelab.models import Autoencoder

MOST_BYTES = 2**27  # 파일 하나. fit이 쓰는 가장 큰 것(잠재 차원이 이미지만큼 클 때)보다 큽니다.
_MOST_PROGRAM = 2**20  # 값의 짜임을 적은 data.pkl. 텐서의 값은 여기에 들지 않습니다.

# torch.save가 텐서와 사전을 쓸 때 부르는 이름의 전부
_DTYPES = ("Float", "Half", "BFloat16", "Double", "Long", "Int", "Short", "Char", "Byte", "Bool")
_NAMES = {
    "collections OrderedDict",
    "torch._utils _rebuild_tensor_v2",
    *(f"torch {dtype}Storage" for dtype in _DTYPES),
}

# `training.fit`의 기록(history) 한 줄의 짜임
HISTORY_ROW = {
    "epoch": 0,
    "train_loss": 0.0,
    "validation_error": 0.0,
    "learning_rate": 0.0,
    "seconds": 0.0,
}


class _Refused(ValueError):
    """읽지 않는 까닭."""


def read_file(path: Path, most: int = MOST_BYTES) -> bytes:
    """보통 파일의 내용.

    오류: 파일이 없으면 FileNotFoundError, 폴더나 장치이거나 `most`바이트보다 크면 ValueError.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path}: 체크포인트 파일이 없습니다.")
    if not path.is_file():
        raise ValueError(f"{path}: 파일을 기대했는데 폴더나 장치가 왔습니다.")
    size = path.stat().st_size
    if size > most:
        raise ValueError(f"{path}: {most:,}바이트 이하를 기대했는데 {size:,}바이트가 왔습니다.")
    return path.read_bytes()


def load(path: Path, expected: str, dictionaries: Set[str] = frozenset()) -> Any:
    """torch.save가 쓴 zip 꼴(PyTorch 1.6부터)의 파일에 담긴 값. 텐서는 CPU에 둡니다.

    인자
        expected: 오류에서 말할, 기대한 것의 이름.
        dictionaries: 보통 사전으로 바꾸어 받아들일 클래스("모듈 이름").

    오류: 파일이 없으면 FileNotFoundError, 그런 파일이 아니거나 다른 이름을 부르면 ValueError.
    """
    content = read_file(path)
    stand_ins: list[Any] = [(OrderedDict, name.replace(" ", ".")) for name in dictionaries]
    try:
        with torch.serialization.safe_globals(stand_ins):
            plain = _plain_zip(content, _NAMES | dictionaries)
            return torch.load(plain, map_location="cpu", weights_only=True)
    except Exception as error:  # 손상된 파일은 온갖 오류로 드러납니다.
        reason = str(error) if isinstance(error, _Refused) else type(error).__name__
        raise ValueError(
            f"{path}: {expected}를 기대했는데 읽을 수 없습니다({reason}). "
            "아무 코드도 실행하지 않았습니다."
        ) from error


def build_autoencoder(weights: object, source: str) -> Autoencoder:
    """가중치의 모양에서 크기를 읽어 모델을 만들고, 빠짐없이 유한한 값으로 채웁니다. 평가 모드입니다.

    오류: 이름이나 모양이나 자료형이 다르거나 NaN이나 무한대가 있으면 ValueError. `source`로 시작합니다.
    """
    try:
        given = {name: weights[name] for name in weights}  # type: ignore[attr-defined, index]
        latent_dim, flattened = given["encoder.net.11.weight"].shape
        with torch.device("meta"):  # 곧 버릴 처음 값을 만들지 않습니다.
            model = Autoencoder(latent_dim, base_channel_size=flattened // 32)
    except Exception as error:
        raise ValueError(
            f"{source}: aelab.Autoencoder의 가중치를 기대했는데 이름이나 모양이 다릅니다"
            f"(encoder.net.11.weight에서 크기를 읽지 못했습니다)."
        ) from error
    like = model.state_dict()
    wrong = [name for name in given if name not in like]
    wrong += [name for name, value in like.items() if not _is_weight(given.get(name), value)]
    if wrong:
        raise ValueError(
            f"{source}: aelab.Autoencoder의 가중치를 기대했는데 이름이나 모양이 다릅니다"
            f"({reprlib.repr(wrong)})."
        )
    filled = {name: value.float().contiguous() for name, value in given.items()}
    broken = [name for name, value in filled.items() if not all_finite(value)]
    if broken:
        raise ValueError(
            f"{source}: 유한한 가중치를 기대했는데 NaN이나 무한대가 있습니다: {', '.join(broken)}"
        )
    model.load_state_dict(filled, assign=True)
    return model.eval()


def fits(value: object, like: object) -> bool:
    """`value`가 `like`와 같은 짜임인지: 사전의 열쇠, 목록의 길이, 텐서의 모양과 자료형, 수의 종류.

    수와 텐서의 값은 달라도 되지만 유한해야 합니다.
    """
    if isinstance(like, Tensor):
        return (
            isinstance(value, Tensor)
            and value.shape == like.shape
            and value.dtype == like.dtype
            and _is_stored(value)
            and all_finite(value)
        )
    if isinstance(like, dict):
        return (
            isinstance(value, dict)
            and set(value) == set(like)
            and all(fits(value[name], like[name]) for name in like)
        )
    if isinstance(like, list):
        return isinstance(value, list) and len(value) == len(like) and all(map(fits, value, like))
    return type(value) is type(like) and (value == like or abs(value) < math.inf)  # type: ignore[arg-type]


def _is_weight(value: object, like: Tensor) -> bool:
    return (
        isinstance(value, Tensor)
        and value.is_floating_point()
        and value.shape == like.shape
        and _is_stored(value)
    )


def _is_stored(value: Tensor) -> bool:
    """값마다 저장된 자리가 있는지. 한 자리를 되풀이해 가리키면 작은 파일도 거대한 텐서가 됩니다."""
    return 0 not in value.stride() and value.nbytes <= value.untyped_storage().nbytes()


def _plain_zip(content: bytes, names: Set[str]) -> io.BytesIO:
    """확인한 zip을 다시 쓴 것. PyTorch가 우리가 확인한 것과 다르게 읽을 여지를 없앱니다."""
    plain = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as given, zipfile.ZipFile(plain, "w") as written:
        entries = given.infolist()
        unfolded = sum(entry.file_size for entry in entries)
        if unfolded > len(content) or any(entry.compress_type for entry in entries):
            raise _Refused("압축했거나, 풀면 파일보다 커지는 zip입니다")
        if len({entry.filename.lower() for entry in entries}) < len(entries):
            raise _Refused("같은 이름이 거듭되는 zip입니다")
        for entry in entries:
            record = given.read(entry)  # CRC-32도 확인합니다.
            if entry.filename.lower().endswith("data.pkl"):
                _check_program(record, names)
            written.writestr(entry.filename, record)
    plain.seek(0)
    return plain


def _check_program(program: bytes, names: Set[str]) -> None:
    """피클을 실행하지 않고 훑어, `names` 밖의 이름을 부르면 거절합니다."""
    if len(program) > _MOST_PROGRAM:
        raise _Refused(f"data.pkl이 {len(program):,}바이트나 됩니다")
    for operation, value, _ in pickletools.genops(program):
        if operation.name in ("GLOBAL", "INST", "STACK_GLOBAL") and value not in names:
            raise _Refused(f"허용되지 않은 이름 {str(value)[:80]!r}을(를) 부릅니다")
