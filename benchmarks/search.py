"""검색의 비용이 모음의 크기에 따라 어떻게 늘고, 컴퓨터의 한계에 얼마나 가까운지.

    python -m benchmarks.search

잠재 벡터는 진짜 CIFAR-10의 것과 평균과 공분산이 같은 정규분포에서 뽑습니다. 크기와 방법마다 새
프로세스에서 재고, 메모리는 그 프로세스가 색인을 만들고 찾는 동안 더 쓴 것입니다.

한계: 질의 하나는 모음을 한 번 읽는 시간, 여럿은 그만한 곱셈-덧셈을 행렬곱으로 하는 시간입니다.
"""

import argparse
import multiprocessing
import statistics
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

import aelab
from benchmarks import measuring
from benchmarks.limits import matrix_products, memory_bandwidth
from benchmarks.measuring import MIB, timed

LATENT, NEIGHBOURS, TOGETHER = 128, 8, 200
SIZES = (10_000, 100_000, 1_000_000)
BACKENDS = ("exact", "faiss", "faiss-hnsw")


@dataclass(frozen=True)
class Cost:
    """한 방법의 비용."""

    size: int
    backend: str
    build: float  # 색인을 만드는 초
    alone: float  # 질의 하나를 따로 찾는 초
    together: float  # TOGETHER개를 한꺼번에 찾을 때 질의 하나의 초
    memory: int  # 잠재 벡터 말고 더 쓴 바이트
    neighbours: list[list[int]]


def spread(count: int, mean: Tensor, factor: Tensor, seed: int) -> Tensor:
    """평균이 `mean`, 공분산이 factor·factorᵀ인 잠재 벡터."""
    codes = torch.empty(count, LATENT)
    dice = torch.Generator().manual_seed(seed)
    for part in codes.split(10_000):
        part.copy_(torch.randn(len(part), LATENT, generator=dice) @ factor.T + mean)
    return codes


def cost(size: int, backend: str, mean: Tensor, factor: Tensor, repeats: int) -> Cost:
    """새 프로세스에서 불립니다."""
    from aelab.retrieval import LatentIndex

    corpus, queries = spread(size, mean, factor, 0), spread(TOGETHER, mean, factor, 1)
    LatentIndex(corpus[:100], backend=backend).search(queries[:1], NEIGHBOURS)  # 데우기
    before = measuring.peak_memory()
    built: list[LatentIndex] = []
    build = timed(lambda: built.append(LatentIndex(corpus, backend=backend)))()
    index = built[0]
    neighbours = index.search(queries, NEIGHBOURS)[1]
    alone = [timed(lambda one=one: index.search(one, NEIGHBOURS))() for one in queries.split(1)]
    together = [timed(lambda: index.search(queries, NEIGHBOURS))() for _ in range(repeats)]
    return Cost(
        size=size,
        backend=backend,
        build=build,
        alone=statistics.median(alone),
        together=statistics.median(together) / TOGETHER,
        memory=measuring.peak_memory() - before,
        neighbours=neighbours.tolist(),
    )


def recall(found: Cost, exact: Cost) -> float:
    """정확한 이웃 가운데 찾아낸 것의 몫."""
    pairs = zip(found.neighbours, exact.neighbours, strict=True)
    shares = [len(set(one) & set(other)) / NEIGHBOURS for one, other in pairs]
    return statistics.mean(shares)


def code_statistics(codes: Tensor) -> tuple[Tensor, Tensor]:
    """잠재 벡터의 평균과, 공분산을 이루는 삼각 행렬."""
    return codes.mean(0), torch.linalg.cholesky(codes.T.cov())


def graph_recall(corpus: Tensor, queries: Tensor, metric: str) -> float:
    """진짜 잠재 벡터에서 어림하는 색인이 찾아낸 정확한 이웃의 몫."""
    from aelab.retrieval import LatentIndex

    exact, graph = (
        LatentIndex(corpus, metric, backend).search(queries, NEIGHBOURS)[1]
        for backend in ("exact", "faiss-hnsw")
    )
    return float((graph[:, :, None] == exact[:, None]).any(2).double().mean())


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="모음의 크기에 따른 검색의 비용을 잽니다.")
    parser.add_argument("--repeats", type=int, default=5, help="되풀이하는 수(기본 5)")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="모음의 크기")
    parser.add_argument("--output", type=Path, default=measuring.RESULTS / "search.json")
    chosen = parser.parse_args(arguments)
    measuring.require_cifar10()
    found = measuring.machine()
    print(measuring.describe(found), flush=True)
    reading = memory_bandwidth(chosen.repeats)["더하기"]
    multiplying = matrix_products(chosen.repeats)["fp32"]
    model = aelab.load_pretrained(LATENT)
    train, test = (
        aelab.retrieval.embed(model, aelab.load_images("cifar10", split))
        for split in ("train", "test")
    )
    try:
        for metric in ("euclidean", "cosine"):
            share = graph_recall(train, test[:1000], metric)
            print(
                f"CIFAR-10의 잠재 벡터 {len(train):,}개, {metric}: faiss-hnsw의 재현율 {share:.3f}"
            )
    except ImportError as error:
        print(error)
    mean, factor = code_statistics(train)

    rows, records, worst = [], [], 1.0
    for size in chosen.sizes:
        exact = None
        for backend in BACKENDS:
            fresh = multiprocessing.get_context("spawn")
            try:
                with ProcessPoolExecutor(max_workers=1, mp_context=fresh) as pool:
                    one = pool.submit(cost, size, backend, mean, factor, chosen.repeats).result()
            except ImportError as error:
                print(error)
                continue
            exact = exact or one
            share = recall(one, exact)
            if backend != "faiss-hnsw":  # 이것만 어림합니다.
                worst = min(worst, share)
            limits = {
                "alone": size * LATENT * 4 / reading,
                "together": size * LATENT / multiplying,
            }
            rows.append(
                [
                    f"{size:,}",
                    backend,
                    f"{one.build:.3f}",
                    f"{1e3 * one.alone:.3f}",
                    f"{limits['alone'] / one.alone:.0%}",
                    f"{1e3 * one.together:.3f}",
                    f"{limits['together'] / one.together:.0%}",
                    f"{one.memory / MIB:.0f}",
                    f"{share:.4f}",
                ]
            )
            record = asdict(one) | {"recall": share, "limits": limits}
            del record["neighbours"]
            records.append(record)
    headings = (
        "모음",
        "방법",
        "만들기(초)",
        "질의 하나(ms)",
        "메모리 한계의 몫",
        f"{TOGETHER}개씩(질의마다 ms)",
        "행렬곱 한계의 몫",
        "더 쓴 메모리(MiB)",
        f"재현율@{NEIGHBOURS}",
    )
    measuring.report(chosen.output, found, records, measuring.table(headings, rows))
    return int(worst < 0.999)


if __name__ == "__main__":
    sys.exit(main())
