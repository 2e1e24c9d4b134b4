"""8장의 맞는 답과 틀린 답. 틀린 답에는 힌트에 들어 있어야 하는 글을 답니다."""

import torch
from torch import cdist
from torch.nn import functional as F

from aelab.retrieval import LatentIndex


def top_k_by_expansion(query, corpus, k):
    return (corpus.square().sum(1) - 2 * corpus @ query).topk(k, largest=False).indices


def overwrite_instead_of_adding(indices, size):
    counts = torch.zeros(size)
    for row in indices:
        counts[row[0]] += 1
    counts[indices.flatten()] += 1
    return counts


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


RIGHT = {
    "top_k": [
        top_k_by_expansion,
        lambda query, corpus, k: (corpus - query).norm(dim=1).argsort()[:k],
        lambda query, corpus, k: (corpus - query).norm(dim=1).argsort()[:k].int(),
        lambda q, c, k: ((c - q) ** 2).sum(1).numpy().argsort(kind="stable")[:k],
    ],
    "precision_at_k": [
        lambda n, q: (n == q[:, None]).float().mean(1),
        lambda n, q: (q == n.T).double().mean(0),
        lambda n, q: (n == q.unsqueeze(1)).sum(1) / n.shape[1],
        lambda n, q: torch.eq(n, q.view(-1, 1).expand_as(n)).float().mean(dim=-1),
    ],
    "k_occurrence": [
        lambda indices, size: torch.bincount(indices.flatten(), minlength=size),
        lambda indices, size: F.one_hot(indices, size).sum((0, 1)),
        lambda indices, size: (indices.flatten()[:, None] == torch.arange(size)).sum(0),
        lambda indices, size: torch.zeros(size).index_add(
            0, indices.flatten(), torch.ones(indices.numel())
        ),
    ],
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
    "precision_at_k": [
        (lambda n, q: (n == q[:, None]).float().mean(), "수 하나가"),
        (lambda n, q: float((n == q[:, None]).float().mean()), "수 하나가"),
        (lambda n, q: (n == q[:, None]).sum(1), "비율로"),
        (lambda n, q: (n != q[:, None]).float().mean(1), "틀린 비율"),
        (lambda n, q: (n == q[:, None]).any(1), "하나라도"),
        (lambda n, q: (n[:, 0] == q).float(), "첫째 이웃만"),
        (lambda n, q: (n == q[:, None]).float().mean(0), "자리마다 평균"),
        (lambda n, q: (n == q[:, None]).float().sum(1) / 8, "라벨이"),
        (lambda n, q: (n == q[:, None]).float(), "모양 (6,)"),
        (lambda n, q: torch.zeros(len(q)), "라벨이 1인 질의의 이웃이 [1, 1, 1, 1]"),
        (lambda n, q: torch.full((len(q),), torch.nan), "nan"),
    ],
    "k_occurrence": [
        (
            lambda i, n: torch.bincount(i.flatten(), minlength=n) * (torch.arange(n) < n - 1),
            "합이 41",
        ),
        (
            lambda i, n: torch.bincount(i.flatten()),
            "(12,)을(를) 기대했는데 (10,)이(가) 왔습니다. 어느",
        ),
        (
            lambda i, n: i.unique(return_counts=True)[1],
            "(12,)을(를) 기대했는데 (10,)이(가) 왔습니다. 어느",
        ),
        (lambda i, n: torch.zeros(n).index_fill(0, i.flatten(), 1), "나왔는지만"),
        (lambda i, n: torch.bincount(i.flatten(), minlength=n) / i.numel(), "합이 1"),
        (lambda i, n: torch.bincount(i.flatten(), minlength=n) / len(i), "질의의 수로"),
        (lambda i, n: torch.bincount(i[:, 0], minlength=n), "첫째 이웃만"),
        (overwrite_instead_of_adding, "한 번으로 줄지"),
        (lambda i, n: torch.bincount(i.flatten(), minlength=n).sort().values, "자리가 다릅니다"),
        (lambda i, n: torch.bincount(i.flatten(), minlength=n).roll(1), "자리가 다릅니다"),
        (lambda i, n: torch.bincount(i.flatten(), minlength=n + 1), "모양 (12,)"),
        (lambda i, n: torch.zeros(n), "횟수의 합이 0"),
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
