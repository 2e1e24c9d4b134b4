"""실습이 쓰는 이미지: 진짜 CIFAR-10과, 그것이 없는 곳에서 대신하는 toyworld."""

import logging
import os
from functools import cache
from pathlib import Path

from aelab.checks import unexpected
from aelab.data.imageset import KOREAN_NAMES, ImageSet, check_split, to_float, to_uint8
from aelab.data.photos import open_photo

__all__ = ["KOREAN_NAMES", "ImageSet", "load_images", "open_photo", "to_float", "to_uint8"]


def load_images(name: str | Path = "auto", split: str = "train") -> ImageSet:
    """실습에 쓸 이미지를 메모리에 올립니다.

    인자
        name: "cifar10"은 진짜 CIFAR-10, "toyworld"는 패키지가 그려 내는 그림입니다. "auto"는
            CIFAR-10이 디스크(환경 변수 AELAB_DATA의 폴더, 사용자 캐시 폴더, torchvision이 받아 둔
            `./data`)에 있으면 그것을, 없으면 내려받아 쓰고, 내려받을 수 없거나 AELAB_OFFLINE=1이면
            toyworld를 씁니다. 사진이 든 폴더의 경로이면 `ImageSet.from_folder`입니다.
        split: "train"(학습), "validation"(검증), "test"(시험).

    돌려주는 값: CIFAR-10은 45,000 / 5,000 / 10,000장, toyworld는 10,000 / 1,000 / 2,000장의 ImageSet.
        사진은 파일 이름으로 8 : 1 : 1로 나눕니다.

    오류
        ValueError: 모르는 이름이거나, 폴더의 사진을 쓸 수 없을 때.
        OSError: name="cifar10"인데 디스크에 없고 내려받을 수도 없을 때.
    """
    check_split(split)
    if name not in ("auto", "cifar10", "toyworld"):
        if isinstance(name, str | Path) and Path(name).expanduser().is_dir():
            return ImageSet.from_folder(name, split)
        expected = "'auto', 'cifar10', 'toyworld'나 사진이 든 폴더를"
        raise unexpected("name", expected, repr(name))
    from aelab import toyworld
    from aelab.data import cifar10

    if name == "toyworld":
        return toyworld.load(split)
    root = cifar10.locate(strict=name == "cifar10")
    if root is None:
        offline = os.environ.get("AELAB_OFFLINE") == "1"
        root = cifar10.download() if name == "cifar10" else _downloaded(offline)
    return toyworld.load(split) if root is None else cifar10.load(split, root)


@cache  # 세 세트를 차례로 불러도 한 번만 기다리고 한 번만 알립니다.
def _downloaded(offline: bool) -> Path | None:
    """CIFAR-10을 내려받은 폴더. 받지 못하면 까닭을 알리고 None을 돌려줍니다."""
    from aelab.data import cifar10

    try:
        return cifar10.download()
    except cifar10.DownloadError as error:
        logging.getLogger("aelab").warning(
            "%s 대신 toyworld를 씁니다. 진짜 자료는 인터넷에 연결해 `python -m aelab data`로 받거나, "
            "받아 둔 폴더를 환경 변수 AELAB_DATA로 알려 줍니다.",
            str(error).splitlines()[0],
        )
        return None
