"""비슷한 이미지 찾기: 모음의 모든 이미지를 잠재 벡터로 바꾸고, 질의에 가장 가까운 것을 찾습니다."""

from typing import Any

import torch
from torch import Tensor

from aelab.checks import check_codes, check_finite, check_positive_int, unexpected
from aelab.data import ImageSet
from aelab.inference import BATCH_SIZE, predict
from aelab.models import Autoencoder
from aelab.types import Codes, Images

_QUERIES, _ROWS = 1024, 2048  # 한 번에 재는 거리표의 크기: float64로 16 MiB
_SPARE = 16  # 반올림으로 차례가 바뀌어도 놓치지 않도록 더 뽑는 후보
_EF_SEARCH = 128  # 그래프를 따라가며 들고 있는 후보. 많을수록 정확하고 느립니다.


def embed(model: Autoencoder, images: ImageSet | Images, *, batch_size: int = BATCH_SIZE) -> Codes:
    """모든 이미지의 잠재 벡터 (n, latent_dim)를 차례대로 CPU에 모읍니다.

    `aelab.inference.predict(model.encoder, images)`와 같습니다.
    """
    return predict(model.encoder, images, batch_size=batch_size)


class LatentIndex:
    """잠재 벡터의 모음에서 가장 가까운 이웃을 찾습니다.

    차례는 float64로 잰 거리를 따르고, 거리가 같으면 번호가 작은 것이 먼저입니다. 다만 k번째와 같은 거리에
    열여섯 개가 넘게 몰려 있으면 그 가운데 어느 것이 뽑힐지는 정하지 않습니다.

    "exact"와 "faiss"는 모음 전체를 재어 빠짐없이 찾습니다. "faiss-hnsw"는 가까운 것끼리 이어 둔 그래프를
    따라가며 어림합니다(Malkov, Yashunin, 2018, arXiv:1603.09320). 만드는 데 오래 걸리지만 모음이 커져도
    질의는 거의 느려지지 않아 수백만 개부터 씁니다. CIFAR-10의 128차원 잠재 벡터 45,000개에서 참된 이웃
    여덟의 97 % 넘게 찾습니다(`python -m benchmarks.search`).

    인자
        codes: 검색 대상의 잠재 벡터 (n, latent_dim). 사본을 만들지 않으므로 나중에 바꾸지 않습니다.
        metric: "euclidean"은 유클리드 거리, "cosine"은 코사인 거리(1 − 코사인).
        backend: "exact"는 PyTorch, "faiss"와 "faiss-hnsw"는 FAISS(aelab[faiss]).

    오류
        TypeError, ValueError: 잠재 벡터의 모양이나 자료형이 다르거나, 비었거나, 유한하지 않은 값이
            있거나, 모르는 거리나 방법일 때, 코사인 거리인데 영벡터가 있을 때.
        ImportError: FAISS가 없을 때.
    """

    def __init__(self, codes: Codes, metric: str = "euclidean", backend: str = "exact") -> None:
        if metric not in ("euclidean", "cosine"):
            raise unexpected("metric", "'euclidean' 또는 'cosine'을", repr(metric))
        if backend not in ("exact", "faiss", "faiss-hnsw"):
            raise unexpected(
                "backend", "'exact', 'faiss', 'faiss-hnsw' 가운데 하나를", repr(backend)
            )
        check_codes(codes)
        check_finite(codes, "codes")
        self._cosine = metric == "cosine"
        self._check_directions(codes, "codes")
        # float64로 재는데, CUDA 밖의 가속기에는 float64가 없을 수 있습니다.
        self._codes = codes.detach() if codes.is_cuda else codes.detach().cpu()
        self._faiss: Any = None if backend == "exact" else self._build_faiss(backend)

    def __len__(self) -> int:
        return len(self._codes)

    @torch.no_grad()
    def search(self, query_codes: Codes, k: int) -> tuple[Tensor, Tensor]:
        """질의마다 가까운 것부터 k개: 거리 (batch, k)와 모음에서의 번호 (batch, k).

        인자
            query_codes: 질의의 잠재 벡터 (batch, latent_dim).
            k: 찾을 이웃의 수. 1 이상, 모음의 크기 이하.

        오류: 질의의 모양이나 자료형이 다르거나 유한하지 않은 값이 있을 때, k가 범위를 벗어날 때,
            코사인 거리인데 질의에 영벡터가 있을 때 TypeError 또는 ValueError.
        """
        check_codes(query_codes, self._codes.shape[1], "query_codes")
        check_finite(query_codes, "query_codes")
        self._check_directions(query_codes, "query_codes")
        check_positive_int(k, "k")
        if k > len(self):
            raise unexpected("k", f"검색 대상의 수 {len(self):,} 이하를", f"{k:,}")
        queries = self._prepared(query_codes.to(self._codes.device))
        found = [self._nearest(part, k) for part in queries.split(_QUERIES)]
        squares, indices = (torch.cat(parts) for parts in zip(*found, strict=True))
        # 길이가 1인 두 벡터에서는 ‖a − b‖² = 2(1 − 코사인)입니다.
        distances = squares / 2 if self._cosine else squares.sqrt()
        return distances.to(torch.promote_types(query_codes.dtype, torch.float32)), indices

    def _nearest(self, queries: Tensor, k: int) -> tuple[Tensor, Tensor]:
        """거리의 제곱 (batch, k)와 번호 (batch, k). 후보를 넉넉히 뽑아 하나하나 뺀 거리로 세웁니다."""
        propose = self._propose if self._faiss is None else self._propose_by_faiss
        indices = propose(queries, min(k + _SPARE, len(self))).sort().values
        squares = [
            (queries - self._prepared(self._codes[some])).square().sum(1) for some in indices.T
        ]
        near, order = torch.stack(squares, 1).sort(dim=1, stable=True)
        return near[:, :k], indices.gather(1, order)[:, :k]

    def _propose(self, queries: Tensor, count: int) -> Tensor:
        """행렬곱으로 잰 ‖a‖² − 2a·b + ‖b‖²이 작은 후보의 번호. 질의마다 같은 ‖a‖²은 더하지 않습니다."""
        values = queries.new_empty(len(queries), 0)
        indices = values.long()
        for start in range(0, len(self), _ROWS):
            part = self._prepared(self._codes[start : start + _ROWS])
            table = torch.addmm(part.square().sum(1), queries, part.T, alpha=-2)
            near, where = table.topk(min(count, len(part)), largest=False)
            values, order = torch.cat([values, near], 1).sort()
            indices = torch.cat([indices, where + start], 1).gather(1, order)
            values, indices = values[:, :count], indices[:, :count]
        return indices

    def _propose_by_faiss(self, queries: Tensor, count: int) -> Tensor:
        if hasattr(self._faiss, "hnsw"):
            self._faiss.hnsw.efSearch = max(_EF_SEARCH, count)
        _, indices = self._faiss.search(queries.float().cpu().numpy(), count)
        if (indices < 0).any():
            raise ValueError("k: 어림하는 색인이 이웃을 다 찾지 못했습니다. k를 줄입니다.")
        return torch.from_numpy(indices).to(queries.device)

    def _prepared(self, codes: Tensor) -> Tensor:
        """float64로 바꾼 잠재 벡터. 코사인 거리이면 길이를 1로 맞춥니다."""
        wide = codes.double()
        return wide / wide.norm(dim=1, keepdim=True) if self._cosine else wide

    def _check_directions(self, codes: Tensor, name: str) -> None:
        if self._cosine and (zero := (codes == 0).all(1).nonzero()).numel():
            raise ValueError(
                f"{name}: 코사인 거리에는 방향이 있는 잠재 벡터를 기대했는데 {int(zero[0])}번이 "
                "영벡터입니다."
            )

    def _build_faiss(self, backend: str) -> Any:
        try:
            import faiss
        except ImportError as error:
            raise ImportError(
                f'backend="{backend}"에는 FAISS가 필요합니다: pip install "aelab[faiss]"'
            ) from error
        size = self._codes.shape[1]
        index = faiss.IndexFlatL2(size) if backend == "faiss" else faiss.IndexHNSWFlat(size, 32)
        for part in self._codes.split(_ROWS):
            index.add(self._prepared(part).float().cpu().numpy())
        return index
