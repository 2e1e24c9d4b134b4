"""영상처리와 딥러닝 11주차 오토인코더 실습의 패키지.

가벼운 `import aelab`을 위해 하위 모듈은 처음 쓰일 때 불러옵니다.
"""

from importlib import import_module

__version__ = "0.1.0"

# 짧은 이름 → 정의된 모듈
_HOME = {
    "load_images": "aelab.data",
    "ImageSet": "aelab.data",
    "Encoder": "aelab.models",
    "Decoder": "aelab.models",
    "Autoencoder": "aelab.models",
    "load_pretrained": "aelab.pretrained",
}
_MODULES = (
    "data",
    "exercises",
    "generation",
    "inference",
    "metrics",
    "models",
    "ood",
    "plotting",
    "pretrained",
    "projector",
    "retrieval",
    "toyworld",
    "training",
)

__all__ = [*_HOME, *_MODULES]


def __getattr__(name: str):
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    if name in _MODULES:
        return import_module(f"aelab.{name}")
    raise AttributeError(f"aelab에는 {name!r}이(가) 없습니다. 있는 이름: {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted(__all__)
