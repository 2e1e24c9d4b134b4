"""toyworld: CIFAR-10이 없는 곳에서 대신하는, 패키지가 그려 내는 작은 세계.

32x32 풍경 속에 CIFAR-10의 열 클래스를 하나씩 그립니다. 장면을 만든 요인(배경, 색상, 위치, 크기)을
알고 있으므로 잠재공간이 무엇을 담는지 견주어 볼 수 있습니다. 총분산과 주성분의 스펙트럼은 CIFAR-10과
비슷하게 맞추었고, `benchmarks/toyworld_statistics.py`가 그것을 잽니다.

같은 씨앗은 어느 컴퓨터에서나 같은 바이트를 냅니다. 그래서 두 가지를 지킵니다.

- 난수는 `PCG64.random_raw`의 정수에서만 얻습니다. NumPy는 이 수열을 판이 바뀌어도 지키지만
  `Generator`의 메서드가 내는 수열은 약속하지 않습니다.
- 실수 연산은 IEEE 754가 결과를 하나로 정한 것(+ - * / sqrt, 비교, 내림)만 정해진 차례로 씁니다.
  sin, exp, 거듭제곱, 행렬 곱, 실수 배열의 합은 라이브러리와 SIMD에 따라 마지막 비트가 다릅니다.
"""

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from aelab.toyworld.brush import Array
from aelab.toyworld.scenes import BACKGROUNDS, CLASSES, PREFERENCES, Plan, paint, plan

if TYPE_CHECKING:  # 그리는 데는 numpy만 있으면 됩니다.
    from aelab.data import ImageSet

__all__ = [
    "BACKGROUNDS", "CLASSES", "PREFERENCES", "SPLITS",
    "Plan", "ToyScenes", "generate", "load", "paint", "plan",
]  # fmt: skip

SPLITS = {"train": (10_000, 1101), "validation": (1_000, 2202), "test": (2_000, 3303)}  # 장수, 씨앗


class ToyScenes(NamedTuple):
    """그린 장면들."""

    images: Array  # uint8 (n, 3, 32, 32)
    labels: Array  # int64 (n,)
    factors: dict[str, Array]  # background, hue, x, y, scale


def generate(count: int, *, seed: int) -> ToyScenes:
    """장면을 `count`장 그립니다. `count`를 늘려도 앞의 장면은 그대로입니다.

    인자
        count: 장수, 1 이상.
        seed: 0 이상의 정수.

    오류: `count`가 1보다 작거나 `seed`가 음수이면 ValueError.
    """
    scenes = plan(count, seed=seed)
    factors = {name: getattr(scenes, name) for name in ("background", "hue", "x", "y", "scale")}
    return ToyScenes(paint(scenes), scenes.labels, factors)


@lru_cache(maxsize=len(SPLITS))
def load(split: str) -> "ImageSet":
    """toyworld의 학습 세트(10,000장), 검증 세트(1,000장), 시험 세트(2,000장)를 그립니다.

    오류: 모르는 `split`이면 ValueError.
    """
    import torch

    from aelab.data.imageset import ImageSet, check_split

    check_split(split)
    count, seed = SPLITS[split]
    images, labels, factors = generate(count, seed=seed)
    return ImageSet(
        torch.from_numpy(images),
        torch.from_numpy(labels),
        CLASSES,
        "toyworld",
        {name: torch.from_numpy(values) for name, values in factors.items()},
    )
