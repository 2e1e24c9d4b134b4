"""비슷한 이미지 찾기: 모음의 모든 이미지를 잠재 벡터로 바꾸고, 질의에 가장 가까운 것을 찾습니다."""

from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from tqdm import tqdm

from aelab.checks import check_codes, check_finite, check_positive_int
from aelab.data import ImageSet
from aelab.models import Autoencoder, evaluation_mode
from aelab.types import Codes

_MARGIN = 16  # 빠른 식으로 k개보다 이만큼 더 뽑아 두고 그 안에서 정확히 잽니다.
_QUERIES_AT_ONCE = 256


def embed(
    model: Autoencoder,
    images: ImageSet,
    *,
    batch_size: int = 250,
    device: torch.device | str = "cpu",
) -> Codes:
    """모든 이미지의 잠재 벡터 (n, latent_dim)를 저장된 차례대로 CPU에 모읍니다.

    기울기를 남기지 않고 평가 모드로 계산하며, 모델의 모드는 부르기 전으로 되돌립니다. 장치에는 한 번에
    한 묶음만 올라갑니다.

    인자
        model: 오토인코더. `device`에 있어야 합니다.
        images: 이미지 모음.
        batch_size: 한 번에 계산할 장수. CPU에서는 특징 맵이 캐시에 들어갈 만큼 작은 것이 빠릅니다.
        device: 계산할 장치.

    오류: 이미지 모음이 아니면 TypeError, 이미지가 없으면 ValueError. 모델이 다른 장치나 자료형이면
        `Encoder.forward`의 오류입니다.
    """
    if not isinstance(images, ImageSet):
        raise TypeError(
            f"images: ImageSet을 기대했는데 {type(images).__name__}이(가) 왔습니다. "
            "이미지의 텐서는 model.encoder(images)로 바꿉니다."
        )
    if len(images) == 0:
        raise ValueError("images: 한 장 이상의 이미지를 기대했는데 빈 모음이 왔습니다.")
    # inference_mode 밖에서 만들어야 돌려준 잠재 벡터로 다른 층을 학습할 수 있습니다.
    codes = torch.empty(len(images), model.latent_dim)
    start = 0
    with (
        torch.inference_mode(),
        evaluation_mode(model),
        tqdm(total=len(images), unit="장", mininterval=0.5, desc="잠재 벡터") as progress,
    ):
        for batch in images.batches(batch_size, device):
            batch = batch.to(memory_format=torch.channels_last)  # 합성곱이 빠른 배치
            codes[start : start + len(batch)] = model.encoder(batch)
            start += len(batch)
            progress.update(len(batch))
    return codes


class LatentIndex:
    """잠재 벡터의 모음에서 가장 가까운 이웃을 빠짐없이 정확하게 찾습니다.

    차례는 float64로 잰 거리(유클리드는 그 제곱)를 따르고, 거리가 같으면 번호가 작은 것이 먼저입니다.

    행렬곱 한 번으로 모든 거리를 구하는 식 ‖a‖² − 2a·b + ‖b‖²은 빠르지만 빼는 동안 자릿수를 잃어 차례가
    바뀔 수 있습니다. 그래서 이 식으로는 후보만 넉넉히 뽑고 후보의 거리를 float64로 다시 잽니다. 후보 밖에
    더 가깝거나 같은 것이 남을 수 있는 질의는 모음 전체를 다시 잽니다.

    인자
        codes: 검색 대상의 잠재 벡터 (n, latent_dim). 사본을 만들지 않으므로 나중에 바꾸지 않습니다.
        metric: "euclidean"은 유클리드 거리, "cosine"은 코사인 거리(1 − 코사인).
        backend: 후보를 뽑는 방법. "exact"는 PyTorch, "faiss"는 FAISS(aelab[faiss])입니다.
            결과는 같습니다.
        memory_mib: 검색하는 동안 한 번에 만드는 텐서의 크기(MiB). 이웃의 수가 아주 많으면 넘을 수 있습니다.

    오류
        TypeError, ValueError: 잠재 벡터의 모양이나 자료형이 다르거나, 비었거나, 유한하지 않은 값이
            있거나, 모르는 거리나 방법일 때, 코사인 거리인데 영벡터가 있을 때.
        ImportError: backend="faiss"인데 FAISS가 없을 때.
    """

    def __init__(
        self,
        codes: Codes,
        metric: str = "euclidean",
        backend: str = "exact",
        *,
        memory_mib: int = 16,
    ) -> None:
        _check_choice(metric, ("euclidean", "cosine"), "metric")
        _check_choice(backend, ("exact", "faiss"), "backend")
        check_positive_int(memory_mib, "memory_mib")
        check_codes(codes)
        self._metric = metric
        self._memory = memory_mib * 2**20
        self._codes = self._prepare(codes, "codes")
        self._norms = self._norm(self._codes)
        self._check_no_zero(self._norms, "codes")
        self._fast = self._reduced(self._codes, self._norms)
        self._fast_norms = self._norm(self._fast)
        self._faiss: Any = _faiss_index(self._fast) if backend == "faiss" else None

    def __len__(self) -> int:
        return len(self._codes)

    @torch.no_grad()
    def search(
        self, query_codes: Codes, k: int
    ) -> tuple[Float[Tensor, "batch k"], Int64[Tensor, "batch k"]]:
        """질의마다 가까운 것부터 k개: 거리 (batch, k)와 모음에서의 번호 (batch, k).

        인자
            query_codes: 질의의 잠재 벡터 (batch, latent_dim).
            k: 찾을 이웃의 수. 1 이상, 모음의 크기 이하.

        오류: 질의의 모양이나 자료형이 다르거나 유한하지 않은 값이 있을 때, k가 범위를 벗어날 때,
            코사인 거리인데 질의에 영벡터가 있을 때 TypeError 또는 ValueError.
        """
        check_codes(query_codes, self._codes.shape[1], "query_codes")
        check_positive_int(k, "k")
        if k > len(self):
            raise ValueError(
                f"k: 검색 대상의 수 {len(self):,} 이하를 기대했는데 {k:,}이(가) 왔습니다."
            )
        queries = self._prepare(query_codes, "query_codes").to(self._codes.device)
        norms = self._norm(queries)
        self._check_no_zero(norms, "query_codes")
        at_once = max(1, min(_QUERIES_AT_ONCE, self._memory // (16 * (k + _MARGIN))))
        found = [
            self._search_block(*block, k)
            for block in zip(queries.split(at_once), norms.split(at_once), strict=True)
        ]
        measured = torch.cat([block for block, _ in found])
        distances = measured.sqrt() if self._metric == "euclidean" else measured
        return distances.to(queries.dtype), torch.cat([block for _, block in found])

    def _search_block(self, queries: Tensor, norms: Tensor, k: int) -> tuple[Tensor, Tensor]:
        if k + _MARGIN < len(self):
            measured, indices, sure = self._search_candidates(queries, norms, k)
        else:
            measured = queries.new_empty(len(queries), k, dtype=torch.float64)
            indices = torch.empty(len(queries), k, dtype=torch.int64, device=queries.device)
            sure = torch.zeros(len(queries), dtype=torch.bool)
        for row in (~sure).nonzero()[:, 0].tolist():
            measured[row], indices[row] = self._search_all(queries[row], norms[row], k)
        return measured, indices

    def _search_candidates(
        self, queries: Tensor, norms: Tensor, k: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """후보 가운데 가장 가까운 k개와, 후보 밖에 더 볼 것이 없다고 확신하는 질의."""
        fast = self._reduced(queries, norms)
        fast_norms = self._norm(fast)
        propose = self._propose if self._faiss is None else self._propose_by_faiss
        approximate, indices = propose(fast, k + _MARGIN)

        # 번호의 차례로 놓고 안정 정렬을 하면 같은 거리에서 번호의 차례가 남습니다.
        indices, order = indices.sort(1)
        approximate = approximate.gather(1, order)
        measured = self._measure(queries, norms, indices)

        squared = measured if self._metric == "euclidean" else 2 * measured  # ‖a − b‖² = 2(1 − cos)
        slack = self._rounding(fast_norms)
        within = (squared - approximate).abs().amax(1) <= slack
        # 후보 밖의 것은 빠른 식의 값이 후보의 최댓값보다 작지 않으므로 참값도 거기서 slack만큼 뺀 것보다
        # 작지 않습니다. 값이 넘쳐 NaN이 되면 두 비교 모두 거짓입니다.
        sure = within & (approximate.amax(1) - slack > squared.kthvalue(k, dim=1).values)

        measured, order = measured.sort(dim=1, stable=True)
        return measured[:, :k].contiguous(), indices.gather(1, order)[:, :k].contiguous(), sure

    def _search_all(self, query: Tensor, norm: Tensor, k: int) -> tuple[Tensor, Tensor]:
        """모음 전체의 거리를 float64로 잽니다."""
        everything = torch.arange(len(self), device=query.device)[None]
        measured = self._measure(query[None], norm[None], everything)[0]
        near = (measured <= measured.kthvalue(k).values).nonzero()[:, 0]
        found = near[measured[near].argsort(stable=True)[:k]]
        return measured[found], found

    def _propose(self, fast: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """빠른 식의 값 ‖a − b‖²이 작은 `count`개의 값과 번호."""
        values = fast.new_empty(len(fast), 0)
        indices = torch.empty(len(fast), 0, dtype=torch.int64, device=fast.device)
        rows = max(1, self._memory // (4 * len(fast)))
        squares = self._fast_norms.square().float()
        for start in range(0, len(self), rows):
            part = self._fast[start : start + rows]
            # 질의마다 같은 ‖a‖²은 차례를 바꾸지 않으므로 나중에 더합니다.
            near = torch.addmm(squares[start : start + rows], fast, part.T, alpha=-2)
            best, where = near.topk(min(count, len(part)), dim=1, largest=False)
            values, order = torch.cat([values, best], 1).sort(1)
            indices = torch.cat([indices, where + start], 1).gather(1, order)
            values, indices = values[:, :count], indices[:, :count]
        return values + self._norm(fast).square()[:, None], indices

    def _propose_by_faiss(self, fast: Tensor, count: int) -> tuple[Tensor, Tensor]:
        found = self._faiss.search(fast.cpu().numpy(), count)
        values, indices = (torch.from_numpy(part).to(fast.device) for part in found)
        return values.double(), indices

    def _measure(self, queries: Tensor, norms: Tensor, indices: Tensor) -> Tensor:
        """질의마다 `indices`가 가리키는 것까지의 float64 값: 거리의 제곱 또는 코사인 거리."""
        rows = max(1, self._rows(queries) // 3)  # a, b와 둘의 곱
        query_of = torch.arange(len(queries), device=queries.device)
        pairs = zip(
            query_of.repeat_interleave(indices.shape[1]).split(rows),
            indices.flatten().split(rows),
            strict=True,
        )
        measured = []
        for one, other in pairs:
            a, b = queries[one].double(), self._codes[other].double()
            if self._metric == "euclidean":
                measured.append(a.sub_(b).square_().sum(1))
            else:
                cosine = a.mul_(b).sum(1) / (norms[one] * self._norms[other])
                measured.append((1 - cosine).clamp_(min=0))
        return torch.cat(measured).reshape(indices.shape)

    def _rounding(self, fast_norms: Tensor) -> Tensor:
        """빠른 식의 값이 참값에서 벗어날 수 있는 한계, 질의마다 하나(Higham 2002, 3장의 γ_n)."""
        single = torch.finfo(self._fast.dtype)
        size = self._fast.shape[1]
        largest = (fast_norms + self._fast_norms.max()) ** 2
        return (size + 8) * (single.eps * largest + single.tiny)

    def _prepare(self, codes: Tensor, name: str) -> Tensor:
        """유한한지 검사한 float32 또는 float64의 잠재 벡터."""
        for part in codes.split(self._rows(codes)):
            check_finite(part, name)
        wide = codes.dtype if codes.dtype == torch.float64 else torch.float32
        return codes.detach().to(wide).contiguous()

    def _norm(self, codes: Tensor) -> Tensor:
        parts = codes.split(self._rows(codes))
        return torch.cat([part.double().square().sum(1).sqrt() for part in parts])

    def _rows(self, codes: Tensor) -> int:
        """float64로 바꾸어도 메모리의 상한을 넘지 않는 줄의 수."""
        return max(1, self._memory // (8 * codes.shape[1]))

    def _check_no_zero(self, norms: Tensor, name: str) -> None:
        if self._metric == "cosine" and (zero := (norms == 0).nonzero()).numel():
            raise ValueError(
                f"{name}: 코사인 거리에는 방향이 있는 잠재 벡터를 기대했는데 {int(zero[0])}번이 "
                "영벡터입니다."
            )

    def _reduced(self, codes: Tensor, norms: Tensor) -> Tensor:
        """빠른 식에 넣을 float32 벡터. 코사인 거리이면 길이를 1로 맞춥니다."""
        if self._metric == "euclidean":
            return codes.float()
        directions = torch.empty_like(codes, dtype=torch.float32)
        rows = self._rows(codes)
        pieces = (values.split(rows) for values in (directions, codes, norms))
        for piece, part, norm in zip(*pieces, strict=True):
            piece.copy_(part.double() / norm[:, None])
        return directions


def _faiss_index(vectors: Tensor):
    try:
        import faiss
    except ImportError as error:
        raise ImportError(
            'backend="faiss"에는 FAISS가 필요합니다: pip install "aelab[faiss]"'
        ) from error
    index = faiss.IndexFlatL2(vectors.shape[1])
    index.add(vectors.cpu().numpy())
    return index


def _check_choice(value: str, choices: tuple[str, ...], name: str) -> None:
    if value not in choices:
        listed = " 또는 ".join(map(repr, choices))
        raise ValueError(f"{name}: {listed}을(를) 기대했는데 {value!r}이(가) 왔습니다.")
