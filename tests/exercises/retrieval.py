"""8장의 맞는 답과 틀린 답. 틀린 답에는 힌트에 들어 있어야 하는 글을 답니다."""

import torch
from torch import cdist
from torch.nn import functional as F

from aelab.exercises import retrieval
from aelab.retrieval import LatentIndex


def top_k_by_expansion(query, corpus, k):
    return (corpus.square().sum(1) - 2 * corpus @ query).topk(k, largest=False).indices


def by_euclidean_index(query_codes, codes, k):
    centre = codes.mean(0)
    index = LatentIndex(F.normalize(codes - centre))
    return index.search(F.normalize(query_codes - centre), k)[1]


def search(queries, codes, k):
    return torch.cdist(queries, codes).topk(k, largest=False).indices


def by_expansion(q, c, k):
    squares = q.square().sum(1, keepdim=True) - 2 * q @ c.T + c.square().sum(1)
    return squares.topk(k, largest=False).indices


def cosines(q, c):
    return unit(q - c.mean(0)) @ unit(c - c.mean(0)).T


def unit(codes, dim=1):
    return codes / codes.norm(dim=dim, keepdim=True)


LENGTHS, MISSED = retrieval.query_length.measure(), retrieval.missed.measure()


RIGHT = {
    "top_k": [
        top_k_by_expansion,
        lambda query, corpus, k: (corpus - query).norm(dim=1).argsort()[:k],
        lambda query, corpus, k: (corpus - query).norm(dim=1).argsort()[:k].int(),
        lambda q, c, k: ((c - q) ** 2).sum(1).numpy().argsort(kind="stable")[:k],
    ],
    "query_length": [(LENGTHS, list(LENGTHS)), (LENGTHS[::-1], LENGTHS)],
    "missed": [(0.1, MISSED), (0.5, torch.tensor(MISSED))],
    "cosine_search": [
        by_euclidean_index,
        lambda q, c, k: search(unit(q - c.mean(0)), unit(c - c.mean(0)), k),
        lambda q, c, k: by_expansion(unit(q - c.mean(0)), unit(c - c.mean(0)), k),
        lambda q, c, k: search(q - c.mean(0), unit(c - c.mean(0)), k),
    ],
}

WRONG = {
    "top_k": [
        (lambda q, c, k: cdist(q[None], c)[0].topk(k, largest=False)[1], "cdist나"),
        (lambda q, c, k: torch.ops.aten.cdist(q[None], c, 2.0, None)[0].argsort()[:k], "cdist나"),
        (lambda q, c, k: (c - q).norm(dim=1).topk(k).indices, "가장 먼 것부터"),
        (lambda q, c, k: (c - q).norm(dim=1).topk(k, largest=False).values, "torch.float32"),
        (lambda q, c, k: (c - q).norm(dim=1).topk(k, largest=False), "값이 둘"),
        (lambda q, c, k: (c - q).norm(dim=1).argsort()[1 : k + 1], "첫째를 버리지"),
        (lambda q, c, k: (c - q).norm(dim=1).argsort()[: k + 1], "모양 (5,)"),
        (lambda q, c, k: (c - q).norm(dim=1).argsort()[:k].sort().values, "차례가 다릅니다"),
        (lambda q, c, k: (c - q).norm(dim=1).argsort(), "모양 (5,)"),
        (lambda q, c, k: (c - q).norm(dim=0).argsort()[:k], "모두 50개인지"),
        (lambda q, c, k: (c - q).abs().sum(1).argsort()[:k], "절댓값을 더한"),
        (lambda q, c, k: (c - q).sum(1).argsort()[:k], "차이를 더한"),
        (lambda q, c, k: (c @ q).topk(k).indices, "내적이 큰"),
        (lambda q, c, k: F.cosine_similarity(q, c).topk(k).indices, "코사인 거리의"),
        (
            lambda q, c, k: (c - q).norm(dim=1).argsort()[:k].tolist(),
            "torch.Tensor를 기대했는데 list",
        ),
        (lambda q, c, k: (c - q).norm(dim=1).argsort()[:k] + 1, "가장 가깝다고"),
        (lambda q, c, k: torch.arange(k), "가장 가깝다고"),
        (lambda q, c, k: torch.full((k,), len(c)), "50번이 가장 가깝다고"),
        (lambda q, c, k: torch.cdist(q[None], c)[0].topk(k, largest=False)[1], "cdist나"),
        (lambda q, c, k: LatentIndex(c).search(q[None], k)[1][0], "cdist나"),
    ],
    "query_length": [
        ((LENGTHS, LENGTHS[::-1]), "낮은 것부터"),
        ((LENGTHS, ("그대로", "두 배", "절반")), "재는 셀을"),
        ((LENGTHS, 0.27), "차례를 기대"),
    ],
    "missed": [
        ((0.1, 1 - MISSED), "알아볼 확률"),
        ((0.1, 0.8105), "표준편차의 두 배"),
        ((0.1, 0.1), "재는 셀을"),
    ],
    "cosine_search": [
        (search, "유클리드 거리의 차례 그대로"),
        (lambda q, c, k: search(q - c.mean(0), c - c.mean(0), k), "유클리드 거리의 차례 그대로"),
        (lambda q, c, k: search(unit(q), unit(c), k), "평균을 빼지 않은"),
        (
            lambda q, c, k: search(unit(q - q.mean(0)), unit(c - c.mean(0)), k),
            "둘 다 검색 대상의 평균",
        ),
        (
            lambda q, c, k: search(unit(q) - unit(c).mean(0), unit(c) - unit(c).mean(0), k),
            "평균을 빼지 않은",
        ),
        (lambda q, c, k: search(unit(q - c.mean(0)), c - c.mean(0), k), "길이가 남아"),
        (lambda q, c, k: search(unit(q - c.mean(0), 0), unit(c - c.mean(0), 0), k), "벡터마다"),
        (
            lambda q, c, k: torch.cdist(unit(q - c.mean(0)), unit(c - c.mean(0))).topk(k).indices,
            "가장 먼 것부터",
        ),
        (
            lambda q, c, k: torch.cdist(unit(q - c.mean(0)), unit(c - c.mean(0))).topk(k)[0],
            "torch.float32",
        ),
        (lambda q, c, k: torch.arange(k).expand(len(q), -1), "세 단계"),
        (lambda q, c, k: search(unit(q - c.mean()), unit(c - c.mean()), k), "세 단계"),
        (
            lambda q, c, k: LatentIndex(c - c.mean(0), "cosine").search(q - c.mean(0), k)[1],
            "코사인 거리의 검색기",
        ),
        (
            lambda q, c, k: LatentIndex(c - c.mean(0), metric="cosine").search(q - c.mean(0), k)[1],
            "코사인 거리의 검색기",
        ),
        (lambda q, c, k: cosines(q, c).topk(k).indices, "코사인을 직접"),
        (lambda q, c, k: (1 - cosines(q, c)).argsort(1)[:, :k], "코사인을 직접"),
        (lambda q, c, k: torch.stack([row.topk(k)[1] for row in cosines(q, c)]), "코사인을 직접"),
        (lambda q, c, k: cosines(q, c).acos().topk(k, largest=False)[1], "코사인을 직접"),
    ],
}
