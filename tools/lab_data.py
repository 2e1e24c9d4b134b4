"""실험실의 자료: 담긴 가중치와 이미지를 브라우저가 읽는 스크립트 파일로 씁니다.

    python -m tools.lab_data runs/lab    # 책을 지을 때는 저절로 합니다.

파일마다 `aelab.data.put("이름", "base64")` 한 줄이고, 읽는 쪽은 lab/data.js와 codec.js입니다.
<script>로 실리므로 서버 없이 더블 클릭으로 연 책에서도 같은 길로 읽힙니다.
"""

import base64
import hashlib
import json
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from aelab import generation, models, projector
from aelab.data import ImageSet
from aelab.generation import LatentGaussian
from aelab.metrics import mse
from aelab.models import Autoencoder
from aelab.pretrained import WEIGHTS, load_pretrained, manifest
from aelab.types import Codes, StoredImages

IMAGES = 2000  # 검색과 지도가 쓰는 이미지의 수
FIRST = 48  # 처음 열 때 받는 이미지의 수. 나머지는 쓸 때 받는다
DIRECTIONS = 8
MAP_LATENT_DIM = 128
BATCH = 250
KEY_FILE = "key.json"

SOURCE_NAMES = {"cifar10": "CIFAR-10", "toyworld": "toyworld"}


def images_at_hand() -> ImageSet:
    """시험 이미지의 앞부분: 디스크에 있으면 CIFAR-10, 없으면 toyworld. 내려받지 않습니다."""
    from aelab import toyworld
    from aelab.data import cifar10

    root = cifar10.locate()
    test = toyworld.load("test") if root is None else cifar10.load("test", root)
    return test.subset(slice(IMAGES))


def recipe() -> str:
    """이미지 말고 자료를 정하는 것의 지문: 담긴 가중치와, 자료를 만드는 코드."""
    digest = hashlib.sha256()
    for source in (Path(__file__), Path(models.__file__), Path(generation.__file__)):
        digest.update(source.read_bytes())
    for shipped in manifest(WEIGHTS).values():
        digest.update(shipped.sha256.encode())
    return digest.hexdigest()


def write(folder: Path | str, images: ImageSet | None = None) -> bool:
    """실험실의 자료를 `folder`에 씁니다. 이미 같은 것이 있으면 그대로 두고 False를 돌려줍니다.

    빠지거나 손상된 파일이 하나라도 있으면 모두 새로 씁니다.

    인자
        folder: 쓸 폴더. 없으면 만듭니다.
        images: 보여 줄 이미지. 없으면 `images_at_hand()`이고, 자기 사진으로 만든 것도 됩니다.

    오류
        ValueError: 이미지가 처음 보여 줄 것보다 적을 때.
        OSError: 폴더에 쓸 수 없거나 가중치를 읽을 수 없을 때.
    """
    folder = Path(folder)
    images = images_at_hand() if images is None else images
    if len(images) < FIRST:
        raise ValueError(f"images: {FIRST}장 이상을 기대했는데 {len(images)}장이 왔습니다.")
    key = _key(images)
    if _is_whole(folder, key):
        return False
    folder.mkdir(parents=True, exist_ok=True)
    (folder / KEY_FILE).unlink(missing_ok=True)  # 쓰다 멈추면 다음에 처음부터 다시 쓰도록
    written = {}
    for name, text in _scripts(images):
        content = text.encode()
        (folder / name).write_bytes(content)
        written[name] = hashlib.sha256(content).hexdigest()
    (folder / KEY_FILE).write_text(json.dumps({"key": key, "files": written}), encoding="utf-8")
    return True


@torch.inference_mode()
def _scripts(images: ImageSet) -> Iterator[tuple[str, str]]:
    """자료 파일의 이름과 내용."""
    stored = images.images
    yield script("images_first", image_bytes(stored[:FIRST]))
    yield script("images_rest", image_bytes(stored[FIRST:]))
    errors, channels, weight_sizes = {}, {}, {}
    for latent_dim in manifest():
        model = load_pretrained(latent_dim)
        codes, error = _measure(model, images)
        channels[latent_dim] = model.encoder.net[0].out_channels
        errors[latent_dim] = [_short(value) for value in error.quantile(torch.linspace(0, 1, 101))]
        weights = script(f"weights_{latent_dim}", weight_bytes(model))
        weight_sizes[latent_dim] = len(weights[1])
        yield weights
        yield script(f"directions_{latent_dim}", _floats(*principal_directions(codes)))
        gaussian = LatentGaussian.fit(codes)
        yield script(f"gaussian_{latent_dim}", half_bytes(gaussian.mean, gaussian.factor))
        yield script(f"codes_{latent_dim}", half_bytes(codes))
        if latent_dim == MAP_LATENT_DIM:
            maps = [_to_square(projector.flatten(codes, method)) for method in ("pca", "tsne")]
            yield script("map", _floats(*maps))
    about = {
        "sourceName": SOURCE_NAMES.get(images.name, images.name),
        "classes": list(images.classes_ko),
        "labels": images.labels.tolist(),
        "imageCount": len(images),
        "firstCount": FIRST,
        "latentDims": list(channels),
        "channels": channels,
        "weightBytes": weight_sizes,
        "errors": errors,
        "mapLatentDim": MAP_LATENT_DIM,
    }
    yield script("about", json.dumps(about, ensure_ascii=False).encode())


def image_bytes(stored: StoredImages) -> bytes:
    """uint8 이미지 (n, 3, 32, 32)를 잘 줄어드는 바이트로 바꿉니다. 잃는 것은 없습니다.

    색은 G, R − G, B − G로, 픽셀은 왼쪽 a, 위 b, 왼쪽 위 c의 가운데 값(a, b, a + b − c 가운데)과의
    차이로 적습니다. 자연스러운 사진에서는 차이가 0 근처에 모여 그대로 압축할 때의 3분의 2가 됩니다.

    출처: Weinberger, Seroussi, Sapiro(2000), "The LOCO-I lossless image compression algorithm",
        IEEE TIP 9(8).
    """
    red, green, blue = stored.numpy().transpose(1, 0, 2, 3)
    # uint8의 넘침은 읽는 쪽에서 같은 넘침으로 되돌아온다
    planes = np.stack([green, red - green + np.uint8(128), blue - green + np.uint8(128)], 1)
    padded = np.pad(planes, ((0, 0), (0, 0), (1, 0), (1, 0))).astype(np.int16)
    a, b, c = padded[..., 1:, :-1], padded[..., :-1, 1:], padded[..., :-1, :-1]
    guess = np.clip(a + b - c, np.minimum(a, b), np.maximum(a, b))
    return (planes - guess.astype(np.uint8)).tobytes()


def half_bytes(*values: Tensor) -> bytes:
    """fp16으로 줄여 아래 바이트를 먼저, 위 바이트를 나중에 모읍니다. 이렇게 모으면 더 줄어듭니다."""
    halves = torch.cat([value.flatten() for value in values]).half().numpy().astype("<f2")
    return halves.view(np.uint8).reshape(-1, 2).T.tobytes()


def weight_bytes(model: Autoencoder) -> bytes:
    """state_dict의 차례로 이은 모든 가중치. 담긴 파일도 fp16이므로 잃는 것은 없습니다."""
    return half_bytes(*model.state_dict().values())


def principal_directions(codes: Codes) -> tuple[Tensor, Tensor, Tensor]:
    """평균 (latent,), 가장 많이 흩어진 방향들의 표준편차 (8,)와 단위 방향 (8, latent).

    방향의 부호는 가장 큰 성분이 양수가 되게 정합니다.
    """
    variances, vectors = torch.linalg.eigh(torch.cov(codes.double().T))
    directions = vectors.T.flip(0)[:DIRECTIONS]
    scales = variances.flip(0)[:DIRECTIONS].clamp(min=0).sqrt()
    largest = directions.gather(1, directions.abs().argmax(1, keepdim=True))
    return codes.mean(0), scales.float(), (directions * largest.sign()).float()


def _measure(model: Autoencoder, images: ImageSet) -> tuple[Codes, Tensor]:
    """모든 이미지의 잠재 벡터와 재구성의 MSE."""
    codes, errors = [], []
    for batch in images.batches(BATCH):
        codes.append(model.encoder(batch))
        errors.append(mse(model.decoder(codes[-1]), batch))
    return torch.cat(codes), torch.cat(errors)


def _to_square(points: Tensor) -> Tensor:
    """가로와 세로를 같은 비율로 줄여 [-1, 1]의 정사각형 가운데에 놓습니다."""
    low, high = points.amin(0), points.amax(0)
    return (points - (low + high) / 2) * 2 / (high - low).max()


def _floats(*values: Tensor) -> bytes:
    return torch.cat([value.flatten() for value in values]).numpy().astype("<f4").tobytes()


def _short(value: Tensor) -> float:
    """유효 숫자 여섯 자리."""
    return float(f"{float(value):.6g}")


def script(name: str, content: bytes) -> tuple[str, str]:
    """자료 파일 하나의 이름과, 쪽에 실리면 내용을 건네는 스크립트."""
    text = base64.b64encode(zlib.compress(content, 9)).decode()
    return f"{name}.js", f'aelab.data.put("{name}", "{text}");\n'


def _key(images: ImageSet) -> str:
    """자료를 정하는 모든 것의 지문."""
    digest = hashlib.sha256(recipe().encode())
    digest.update(json.dumps([images.name, images.classes]).encode())
    for values in (images.images, images.labels):
        digest.update(values.numpy().tobytes())
    return digest.hexdigest()


def _is_whole(folder: Path, key: str) -> bool:
    """같은 지문의 자료가 빠지거나 손상된 것 없이 있는지."""
    try:
        told = json.loads((folder / KEY_FILE).read_text(encoding="utf-8"))
        files = told["files"].items() if told["key"] == key else None
        return files is not None and all(
            hashlib.sha256((folder / name).read_bytes()).hexdigest() == expected
            for name, expected in files
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return False  # 앞 버전의 열쇠 파일이거나, 손상되었거나, 지워진 파일이 있다


def main(arguments: list[str]) -> None:
    """명령줄에서 준 폴더에 씁니다."""
    (folder,) = arguments
    try:
        written = write(folder)
    except (OSError, ValueError) as error:
        sys.exit(f"오류: {error}")
    print(f"실험실의 자료: {folder} ({'새로 썼습니다' if written else '그대로입니다'})")


if __name__ == "__main__":
    main(sys.argv[1:])
