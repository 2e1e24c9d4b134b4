"""8장 비슷한 이미지 찾기의 연습문제."""

from collections.abc import Iterator
from functools import cache
from typing import Any
from unittest import mock

import torch
from torch import Tensor
from torch.nn.functional import normalize

from aelab.data import load_images
from aelab.exercises.answers import Hint, as_tensor, close, expect, without
from aelab.exercises.engine import Exercise
from aelab.exercises.prediction import Prediction
from aelab.inference import predict
from aelab.pretrained import load_pretrained
from aelab.retrieval import LatentIndex


def _euclidean(queries: Tensor, corpus: Tensor) -> Tensor:
    return (queries.double()[:, None] - corpus.double()).square().sum(2)


def _ranked(distances: Tensor) -> Tensor:
    return distances.sort(dim=-1, stable=True).indices


def _as_indices(result: Any) -> Tensor:
    expect(not isinstance(result, tuple), "값이 둘 왔습니다. 거리는 빼고 번호만 돌려줍니다.")
    numbers, kind = as_tensor(result), getattr(result, "dtype", torch.float64)
    if kind.is_floating_point or kind == torch.bool:
        raise Hint(
            f"번호의 텐서를 기대했는데 {kind}이(가) 왔습니다. 거리가 아니라 번호를 돌려줍니다."
        )
    return numbers


def _searches(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor, int]]:
    for count, size, k in ((50, 6, 5), (12, 3, 1), (9, 4, 9), (40, 40, 8)):
        # 좌표마다, 벡터마다 크기가 달라야 다른 거리와 구별됩니다.
        corpus = torch.randn(count, size, generator=generator) * torch.linspace(1, 3, size)
        corpus = corpus * torch.linspace(0.3, 1.5, count)[:, None]
        yield corpus[count // 2] + 0.3 * torch.randn(size, generator=generator), corpus, k


def _distance(query: Tensor, corpus: Tensor) -> Tensor:
    return _euclidean(query[None], corpus)[0]


def _top_k_slip(found: Tensor, query: Tensor, corpus: Tensor, k: int) -> str:
    nearest = _ranked(_distance(query, corpus))[:k]
    if torch.equal(found.sort().values, nearest.sort().values.double()):
        return "고른 것은 맞지만 차례가 다릅니다. 가까운 것부터 늘어놓습니다."
    return f"{found[0]:g}번이 가장 가깝다고 나왔습니다. 거리가 검색 대상마다 하나씩, 모두 {len(corpus)}개인지 확인합니다."


def _top_k_slips(_: Tensor, q: Tensor, c: Tensor, k: int) -> dict[str, Any]:
    order, apart = _ranked(_distance(q, c)), c - q
    cosines, sums = normalize(c) @ normalize(q, dim=0), apart.abs().sum(1)
    mended = "차이를 제곱해 더한 것이 작은 차례입니다."
    return {
        "가장 먼 것부터 나왔습니다. 거리는 작을수록 가깝습니다.": order.flip(0)[:k],
        "가장 가까운 것이 빠졌습니다. 질의가 검색 대상에 들어 있지 않으므로 첫째를 버리지 않습니다.": (
            order[1 : k + 1]
        ),
        f"내적이 큰 차례로 나왔습니다. {mended}": _ranked(-(c @ q))[:k],
        f"코사인 거리의 차례로 나왔습니다. {mended}": _ranked(-cosines)[:k],
        f"좌표마다의 차이의 절댓값을 더한 차례로 나왔습니다. {mended}": _ranked(sums)[:k],
        f"차이의 제곱이 아니라 차이를 더한 차례로 나왔습니다. {mended}": _ranked(apart.sum(1))[:k],
    }


top_k = Exercise(
    "top_k(query, corpus, k): 유클리드 거리로 가장 가까운 k개의 번호, 가까운 것부터 (k,)입니다.",
    cases=_searches,
    right=lambda q, c, k: _ranked(_distance(q, c))[:k],
    mistakes=_top_k_slips,
    otherwise=_top_k_slip,
    read=_as_indices,
    same=torch.equal,
    run=without(
        LatentIndex,
        hint="torch.cdist나 LatentIndex를 쓰지 않고 거리를 구합니다.",
        refused=lambda name, args: name in ("aten::_cdist_forward", "aten::_euclidean_dist"),
    ),
)


@cache
def _query_length() -> tuple[str, ...]:
    images = load_images(split="test").subset(range(2000))
    codes = predict(load_pretrained(128).encoder, images[:])
    codes = codes - codes[500:].mean(0)
    index, labels, precision = LatentIndex(codes[500:]), images.labels, {}
    for name, scale in (("절반", 0.5), ("그대로", 1), ("두 배", 2)):
        _, found = index.search(scale * codes[:500], 8)
        precision[name] = float((labels[500:][found] == labels[:500, None]).double().mean())
    return tuple(sorted(precision, key=lambda name: precision[name]))


query_length = Prediction(
    _query_length,
    lambda right: {"거꾸로입니다. 정밀도가 낮은 것부터 늘어놓습니다.": right[::-1]},
    "유클리드 거리가 고르는 이웃의 길이는 질의의 길이에 코사인을 곱한 것쯤입니다.",
)


@cache
def _missed() -> float:
    gaps = 2 + 2.5 * torch.randn(200_000, 3, generator=torch.Generator().manual_seed(0))
    return float((gaps.mean(1) <= 2 * gaps.std(1) / 3**0.5).double().mean())


missed = Prediction(
    _missed,
    lambda right: {
        "놓칠 확률이 아니라 알아볼 확률입니다.": 1 - right,
        "표준오차가 아니라 표준편차의 두 배와 비교했습니다. √3으로 나눕니다.": 0.8105,
    },
    "세 번으로는 표준오차 자체도 크게 흔들려, 있는 차이도 자주 두 배를 넘지 못합니다.",
)


def _shifted_codes(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor, int]]:
    for queries, count, size, k in ((7, 60, 5, 6), (4, 30, 8, 3), (1, 20, 4, 20)):
        shift = 4 * torch.randn(size, generator=generator)
        codes = (
            torch.randn(count, size, generator=generator) * torch.linspace(0.2, 3, count)[:, None]
        )
        yield 1.5 * torch.randn(queries, size, generator=generator) + shift + 1, codes + shift, k


def _search(queries: Tensor, codes: Tensor, k: int) -> Tensor:
    return _ranked(_euclidean(queries, codes))[:, :k]


def _euclidean_only(answer: object, queries: Tensor, codes: Tensor, k: int) -> Any:
    """코사인을 셈하는 검색기를 만들거나 코사인의 표에서 고르면 Hint를 내는 `call`."""
    make = LatentIndex.__init__
    cosines = normalize(queries - codes.mean(0)) @ normalize(codes - codes.mean(0)).T

    def checked(self: LatentIndex, *given: Any, **options: Any) -> None:
        if "cosine" in (*given[1:], *options.values()):
            raise Hint("코사인 거리의 검색기를 썼습니다. 유클리드 거리만 아는 검색기로 찾습니다.")
        make(self, *given, **options)

    def ranks_cosines(name: str, args: tuple) -> bool:
        if name not in ("aten::topk", "aten::sort") or args[0].shape[-1] != len(codes):
            return False
        table = args[0].float().reshape(-1, len(codes))
        along = (normalize(table) @ normalize(cosines).T).abs().amax(1)
        others = table.cos(), 1 - table  # 각과 코사인 거리
        return bool((along > 0.9999).all()) or any(close(other, cosines) for other in others)

    hint = "코사인을 직접 셈해 골랐습니다. 벡터를 미리 바꾸어 두고 유클리드 거리로 찾습니다."
    with mock.patch.object(LatentIndex, "__init__", checked):
        return without(hint=hint, refused=ranks_cosines)(answer, queries, codes, k)


def _cosine_slips(_: Tensor, q: Tensor, c: Tensor, k: int) -> dict[str, Any]:
    moved, codes = q - c.mean(0), c - c.mean(0)
    near, plain = normalize(moved), (normalize(q), normalize(c))
    apart = normalize(q - q.mean(0)), normalize(codes)
    across = normalize(moved, dim=0), normalize(codes, dim=0)
    changed = {
        "유클리드 거리의 차례 그대로입니다. 벡터의 길이를 먼저 없앱니다.": (q, c),
        "평균을 빼지 않은 코사인의 차례입니다. 원점을 검색 대상의 평균으로 옮깁니다.": plain,
        "질의에서 질의의 평균을 뺐습니다. 둘 다 검색 대상의 평균을 빼야 합니다.": apart,
        "검색 대상의 길이가 남아 있습니다. 둘 다 길이를 1로 맞춥니다.": (near, codes),
        "좌표마다 길이를 맞추었습니다. 벡터마다 맞춥니다.": across,
        "가장 먼 것부터 나왔습니다.": (-near, normalize(codes)),
    }
    return {hint: _search(*pair, k) for hint, pair in changed.items()}


cosine_search = Exercise(
    "cosine_search(query_codes, codes, k): 검색 대상의 평균을 원점으로 하는 코사인 검색을 유클리드 거리로 합니다. 답은 번호 (q, k)입니다.",
    cases=_shifted_codes,
    right=lambda q, c, k: _search(normalize(q - c.mean(0)), normalize(c - c.mean(0)), k),
    mistakes=_cosine_slips,
    otherwise="검색 대상의 평균을 빼고, 벡터마다 길이를 1로 맞춘 뒤, 유클리드 거리로 찾는 세 단계를 하나씩 확인합니다.",
    read=_as_indices,
    same=torch.equal,
    run=_euclidean_only,
)
