"""가장 가까운 이웃 여덟을 찾는 네 가지 방법의 시간: 45,000개에서 1,000번.

    python benchmarks/search.py

한 프로세스에서 번갈아 다섯 번씩 재어 중앙값을 적습니다. 결과가 다르면 1로 끝납니다.
"""

import statistics
import sys
import time
from collections.abc import Callable

import torch

from aelab.retrieval import LatentIndex

CORPUS, QUERIES, LATENT, NEIGHBOURS, REPEATS = 45_000, 1_000, 128, 8, 5


def codes(count: int, seed: int) -> torch.Tensor:
    return torch.randn(count, LATENT, generator=torch.Generator().manual_seed(seed))


def one_by_one(corpus: torch.Tensor, queries: torch.Tensor, *, full_sort: bool) -> torch.Tensor:
    """질의마다 cdist 한 번: 전체를 정렬하거나 topk로 고릅니다."""
    found = []
    for query in queries:
        distances = torch.cdist(query[None], corpus)[0]
        if full_sort:
            found.append(distances.sort().indices[:NEIGHBOURS])
        else:
            found.append(distances.topk(NEIGHBOURS, largest=False).indices)
    return torch.stack(found)


def main() -> int:
    corpus, queries = codes(CORPUS, 0), codes(QUERIES, 1)
    methods: dict[str, Callable[[], torch.Tensor]] = {
        "질의마다 cdist와 전체 정렬": lambda: one_by_one(corpus, queries, full_sort=True),
        "질의마다 cdist와 topk": lambda: one_by_one(corpus, queries, full_sort=False),
        "LatentIndex": lambda: LatentIndex(corpus).search(queries, NEIGHBOURS)[1],
    }
    try:
        LatentIndex(corpus[:1], backend="faiss")
        methods["LatentIndex(FAISS)"] = lambda: LatentIndex(corpus, backend="faiss").search(
            queries, NEIGHBOURS
        )[1]
    except ImportError as error:
        print(error)
    seconds: dict[str, list[float]] = {name: [] for name in methods}
    results = {}
    for _ in range(REPEATS):
        for name, search in methods.items():
            start = time.perf_counter()
            results[name] = search()
            seconds[name].append(time.perf_counter() - start)
    slowest = statistics.median(next(iter(seconds.values())))
    print(f"스레드 {torch.get_num_threads()}개, 중앙값(만드는 시간 포함)")
    print("| 방법 | 초 | 배 |\n|---|---:|---:|")
    for name, measured in seconds.items():
        median = statistics.median(measured)
        print(f"| {name} | {median:.3f} | {slowest / median:.1f} |")
    reference = results["질의마다 cdist와 topk"]
    agreeing = {name: (found == reference).float().mean() for name, found in results.items()}
    print("topk와 같은 이웃의 몫:", {name: f"{share:.4f}" for name, share in agreeing.items()})
    return int(min(agreeing.values()) < 0.999)


if __name__ == "__main__":
    sys.exit(main())
