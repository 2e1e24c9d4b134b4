"""주장을 시험할 가중치의 모음.

- 배포: 패키지에 담긴 것(시드 42).
- claims/weights/의 폴더 하나가 모음 하나: 같은 설정을 다른 시드로 학습한 것. `python -m aelab ship`이 쓰는 꼴입니다.
- UvA: 이 책의 모델이 온 튜토리얼의 체크포인트. 환경 변수 `AELAB_PUBLISHED`의 폴더에 있을 때만 씁니다.
"""

import os
import re
from functools import cache
from pathlib import Path

from aelab.models import Autoencoder
from aelab.pretrained import MANIFEST, WEIGHTS, load_lightning_checkpoint, load_pretrained, manifest

TRAINED = Path(__file__).parent / "weights"
PUBLISHED = "AELAB_PUBLISHED"


def manifests() -> list[Path]:
    """저장소에 있는 모음들의 목록 파일."""
    return [WEIGHTS / MANIFEST, *sorted(TRAINED.glob(f"*/{MANIFEST}"))]


@cache
def weight_sets() -> dict[str, dict[int, Autoencoder]]:
    """모음의 이름 → 잠재 차원 → 평가 모드의 오토인코더. 손에 있는 것 모두입니다."""
    sets = {}
    for path in manifests():
        listed = manifest(path.parent)
        seed = next(iter(listed.values())).training["seed"]
        name = "배포" if path.parent == WEIGHTS else f"시드 {seed}"
        sets[name] = {size: load_pretrained(size, path.parent) for size in listed}
    if PUBLISHED in os.environ:
        paths = Path(os.environ[PUBLISHED]).glob("*.ckpt")
        sizes = {int(re.findall(r"\d+", path.stem)[-1]): path for path in paths}
        sets["UvA"] = {size: load_lightning_checkpoint(sizes[size]) for size in sorted(sizes)}
    return sets


def each_model() -> dict[str, Autoencoder]:
    """무리의 이름("배포 64") → 오토인코더."""
    return {
        f"{name} {size}": model
        for name, models in weight_sets().items()
        for size, model in models.items()
    }
