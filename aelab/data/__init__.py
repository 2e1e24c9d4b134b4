"""실습이 쓰는 이미지: 진짜 CIFAR-10과, 그것이 없는 곳에서 대신하는 toyworld."""

import logging
import os
from functools import cache

from aelab.data.imageset import KOREAN_NAMES, ImageSet, to_float, to_uint8

__all__ = ["KOREAN_NAMES", "ImageSet", "load_images", "to_float", "to_uint8"]

_NAMES = ("auto", "cifar10", "toyworld")
_SPLITS = ("train", "validation", "test")


def load_images(name: str = "auto", split: str = "train") -> ImageSet:
    """실습에 쓸 이미지를 메모리에 올립니다.

    인자
        name: "cifar10"은 진짜 CIFAR-10, "toyworld"는 패키지가 그려 내는 그림입니다. "auto"는
            CIFAR-10이 디스크(환경 변수 AELAB_DATA의 폴더, 없으면 사용자 캐시 폴더)에 있으면 그것을,
            없으면 내려받아 쓰고, 내려받을 수 없거나 AELAB_OFFLINE=1이면 toyworld를 씁니다.
        split: "train"(학습), "validation"(검증), "test"(시험).

    돌려주는 값: CIFAR-10은 45,000 / 5,000 / 10,000장, toyworld는 10,000 / 1,000 / 2,000장의 ImageSet.

    오류
        ValueError: 모르는 이름일 때.
        OSError: name="cifar10"인데 디스크에 없고 내려받을 수도 없을 때.
    """
    if name not in _NAMES:
        raise ValueError(
            f"name: {_listed(_NAMES)} 가운데 하나를 기대했는데 {name!r}이(가) 왔습니다."
        )
    if split not in _SPLITS:
        raise ValueError(
            f"split: {_listed(_SPLITS)} 가운데 하나를 기대했는데 {split!r}이(가) 왔습니다."
        )
    from aelab.data import cifar10, toyworld

    if name == "toyworld":
        return toyworld.load(split)
    root = cifar10.locate(strict=name == "cifar10")
    if root is None:
        if name == "auto" and os.environ.get("AELAB_OFFLINE") == "1":
            _announce("AELAB_OFFLINE=1이고 디스크에 CIFAR-10이 없어")
            return toyworld.load(split)
        try:
            root = cifar10.download_once()
        except cifar10.DownloadError:
            if name == "cifar10":
                raise
            _announce("CIFAR-10을 내려받을 수 없어")
            return toyworld.load(split)
    return cifar10.load(split, root)


@cache  # 같은 까닭은 한 번만 알립니다.
def _announce(reason: str) -> None:
    logging.getLogger("aelab").warning(
        "%s 대신 toyworld를 씁니다. 진짜 자료는 인터넷에 연결해 `python -m aelab data`로 받거나, "
        "받아 둔 폴더를 환경 변수 AELAB_DATA로 알려 줍니다.",
        reason,
    )


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(map(repr, names))
