"""toyworld의 통계를 CIFAR-10과 견줍니다.

    python -m benchmarks.toyworld_statistics

학습 세트 10,000장에 주성분을 맞추고, 그 세트와 시험 세트 2,000장에 남는 분산을 잽니다. CIFAR-10이
디스크에 있으면(AELAB_DATA) 같은 장수로 나란히 잽니다. 한계는 CIFAR-10 전체에서 잰 기준에 견주므로
CIFAR-10이 없어도 검사합니다. 하나라도 벗어나면 0이 아닌 값으로 끝납니다.
"""

import sys
import time

import torch

import aelab
from aelab import toyworld
from aelab.data import ImageSet, cifar10

KEPT = (64, 128, 256, 384)
# CIFAR-10 전체(학습 45,000장, 시험 10,000장)에서 잰 기준: 총분산과, 시험 세트에 남는 분산의 몫
TOTAL_VARIANCE = 759.0
RESIDUAL = dict(zip(KEPT, (0.136, 0.082, 0.042, 0.026), strict=True))
SAMPLES = ("학습 세트", "시험 세트")
# 한계
VARIANCE_SLACK = 0.30  # 총분산이 기준에서 벗어날 수 있는 비율
RESIDUAL_FACTOR = 1.5  # 남는 분산이 기준의 몇 배까지 크거나 작을 수 있는지
SECONDS = 10.0  # 12,000장을 그리는 CPU 시간


def residual(kept: int, sample: str) -> str:
    return f"주성분 {kept}개 뒤에 남는 분산, {sample}"


def statistics(train: ImageSet, test: ImageSet) -> dict[str, float]:
    """평균, 총분산과, 학습 세트의 주성분을 k개 쓰고 남는 분산의 몫을 잽니다(픽셀은 [-1, 1])."""
    dimension = train.images[0].numel()
    mean = torch.zeros(dimension, dtype=torch.float64)
    for batch in train.batches(1000):
        mean += batch.flatten(1).sum(dim=0, dtype=torch.float64) / len(train)
    covariances = []
    for images in (train, test):
        covariance = torch.zeros(dimension, dimension)
        for batch in images.batches(1000):
            centred = batch.flatten(1) - mean.float()
            covariance += centred.T @ centred / len(images)
        covariances.append(covariance)
    components = torch.linalg.eigh(covariances[0]).eigenvectors.flip(1)

    measured = {"평균": float(mean.mean()), "총분산": float(covariances[0].trace())}
    for sample, covariance in zip(SAMPLES, covariances, strict=True):
        explained = (components * (covariance @ components)).sum(dim=0).cumsum(dim=0)
        for kept in KEPT:
            measured[residual(kept, sample)] = float(1 - explained[kept - 1] / covariance.trace())
    return measured


def bounds() -> dict[str, tuple[float, float, float]]:
    """잰 값의 이름마다 기준과 아래쪽, 위쪽 한계."""
    limits = {
        "총분산": (
            TOTAL_VARIANCE,
            TOTAL_VARIANCE * (1 - VARIANCE_SLACK),
            TOTAL_VARIANCE * (1 + VARIANCE_SLACK),
        )
    }
    for sample in SAMPLES:
        for kept, share in RESIDUAL.items():
            limits[residual(kept, sample)] = (
                share,
                share / RESIDUAL_FACTOR,
                share * RESIDUAL_FACTOR,
            )
    return limits


def main() -> int:
    # load()는 그린 것을 기억하므로, 시간을 재려면 직접 그립니다.
    started, cpu_started = time.perf_counter(), time.process_time()
    for split in ("train", "test"):
        count, seed = toyworld.SPLITS[split]
        toyworld.generate(count, seed=seed)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu_started
    print(f"toyworld 12,000장: CPU {cpu:.2f}초(한계 {SECONDS:.0f}초), 걸린 시간 {seconds:.2f}초")

    toy = statistics(*(aelab.load_images("toyworld", split) for split in ("train", "test")))
    real = {}
    if cifar10.locate() is not None:
        train, test = (aelab.load_images("cifar10", split) for split in ("train", "test"))
        real = statistics(train.subset(slice(10_000)), test.subset(slice(2_000)))

    broken = [] if cpu < SECONDS else ["그리는 시간"]
    limits = bounds()
    print("\n| 잰 값 | toyworld | CIFAR-10 | 비율 | 기준 | 기준에 대한 비율 |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, value in toy.items():
        cells = [name, f"{value:.4g}", "", "", "", ""]
        if real:
            cells[2:4] = f"{real[name]:.4g}", f"{value / real[name]:.2f}"
        if name in limits:
            reference, low, high = limits[name]
            cells[4:6] = f"{reference:.4g}", f"{value / reference:.2f}"
            if not low <= value <= high:
                broken.append(name)
        print("|", " | ".join(cells), "|")
    if broken:
        print(f"\n한계를 벗어났습니다: {', '.join(broken)}", file=sys.stderr)
        return 1
    print("\n모두 한계 안에 있습니다.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
