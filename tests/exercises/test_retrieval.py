import pytest
import torch
from torch.nn import functional as F

from aelab.retrieval import LatentIndex
from tests.exercises.hints import grade

# top_k


def top_k_in_a_loop(query, corpus, k):
    distances = [sum((a - b) ** 2 for a, b in zip(query, code, strict=True)) for code in corpus]
    return torch.tensor(sorted(range(len(corpus)), key=lambda number: distances[number])[:k])


def top_k_by_expansion(query, corpus, k):
    return (corpus.square().sum(1) - 2 * corpus @ query).topk(k, largest=False).indices


@pytest.mark.parametrize(
    "answer",
    [
        top_k_in_a_loop,
        top_k_by_expansion,
        lambda query, corpus, k: torch.cdist(query[None], corpus)[0].topk(k, largest=False)[1],
        lambda query, corpus, k: (corpus - query).norm(dim=1).argsort()[:k],
        lambda query, corpus, k: LatentIndex(corpus).search(query[None], k)[1][0],
        lambda query, corpus, k: (corpus - query).norm(dim=1).argsort()[:k].int(),
    ],
)
def test_any_right_search_passes(answer):
    assert grade("retrieval.top_k", answer) == (True, "")


def overwrite_the_corpus(query, corpus, k):
    corpus -= query
    return corpus.norm(dim=1).argsort()[:k]


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
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
        (lambda q, c, k: (c - q).norm(dim=1).argsort()[:k].tolist(), "리스트"),
        (lambda q, c, k: (c - q).norm(dim=1).argsort()[:k] + 1, "가장 가깝다고"),
        (lambda q, c, k: torch.arange(k), "가장 가깝다고"),
        (lambda q, c, k: torch.full((k,), len(c)), "0부터 49까지"),
        (overwrite_the_corpus, "그 자리에서"),
        (lambda q, c: c, "오류가 났습니다"),
        (3, "함수를 기대"),
    ],
)
def test_wrong_search_gets_the_hint_that_fits(answer, hint):
    solved, message = grade("retrieval.top_k", answer)
    assert solved is False
    assert hint in message


# precision_at_k


def precision_in_a_loop(neighbour_labels, query_labels):
    found = []
    for neighbours, label in zip(neighbour_labels.tolist(), query_labels.tolist(), strict=True):
        found.append(sum(one == label for one in neighbours) / len(neighbours))
    return torch.tensor(found)


@pytest.mark.parametrize(
    "answer",
    [
        precision_in_a_loop,
        lambda n, q: (n == q[:, None]).float().mean(1),
        lambda n, q: (q == n.T).double().mean(0),
        lambda n, q: (n == q.unsqueeze(1)).sum(1) / n.shape[1],
        lambda n, q: torch.eq(n, q.view(-1, 1).expand_as(n)).float().mean(dim=-1),
    ],
)
def test_any_right_precision_passes(answer):
    assert grade("retrieval.precision_at_k", answer) == (True, "")


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda n, q: (n == q[:, None]).float().mean(), "수 하나가"),
        (lambda n, q: float((n == q[:, None]).float().mean()), "수 하나가"),
        (lambda n, q: (n == q[:, None]).sum(1), "비율로"),
        (lambda n, q: (n != q[:, None]).float().mean(1), "틀린 비율"),
        (lambda n, q: (n == q[:, None]).any(1), "하나라도"),
        (lambda n, q: (n[:, 0] == q).float(), "첫째 이웃만"),
        (lambda n, q: (n == q[:, None]).float().mean(0), "자리마다 평균"),
        (lambda n, q: (n == q).float().mean(1), "오류가 났습니다"),
        (lambda n, q: (n == q[:, None]).float().sum(1) / 8, "라벨이"),
        (lambda n, q: (n == q[:, None]).float(), "모양 (6,)"),
        (lambda n, q: torch.zeros(len(q)), "라벨이 1인 질의의 이웃이 [1, 1, 1, 1]"),
        (lambda n, q: torch.full((len(q),), torch.nan), "nan"),
        (lambda n, q: [0.5] * len(q), "torch.Tensor를 기대"),
        ("0.5", "함수를 기대"),
    ],
)
def test_wrong_precision_gets_the_hint_that_fits(answer, hint):
    solved, message = grade("retrieval.precision_at_k", answer)
    assert solved is False
    assert hint in message


def only_when_square(wrong):
    """이웃의 수와 질의의 수가 같을 때에만 조용히 틀리는 답."""

    def answer(n, q):
        right = (n == q[:, None]).float().mean(1)
        return wrong(n, q) if n.shape[0] == n.shape[1] else right

    return answer


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda n, q: (n == q[:, None]).float().mean(0), "이웃의 자리마다 평균"),
        (lambda n, q: (n == q).float().mean(1), "라벨이 이웃의 자리마다"),
    ],
)
def test_mistakes_that_only_a_square_hides_are_caught(wrong, hint):
    solved, message = grade("retrieval.precision_at_k", only_when_square(wrong))
    assert solved is False
    assert hint in message


# k_occurrence


def occurrence_in_a_loop(indices, corpus_size):
    counts = [0] * corpus_size
    for row in indices.tolist():
        for number in row:
            counts[number] += 1
    return torch.tensor(counts)


@pytest.mark.parametrize(
    "answer",
    [
        occurrence_in_a_loop,
        lambda indices, size: torch.bincount(indices.flatten(), minlength=size),
        lambda indices, size: F.one_hot(indices, size).sum((0, 1)),
        lambda indices, size: (indices.flatten()[:, None] == torch.arange(size)).sum(0),
        lambda indices, size: torch.zeros(size).index_add(
            0, indices.flatten(), torch.ones(indices.numel())
        ),
    ],
)
def test_any_right_count_passes(answer):
    assert grade("retrieval.k_occurrence", answer) == (True, "")


def overwrite_instead_of_adding(indices, size):
    counts = torch.zeros(size)
    for row in indices:
        counts[row[0]] += 1
    counts[indices.flatten()] += 1
    return counts


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda i, n: torch.bincount(i.flatten()), "길이가 10입니다"),
        (lambda i, n: i.unique(return_counts=True)[1], "길이가 10입니다"),
        (lambda i, n: torch.zeros(n).index_fill(0, i.flatten(), 1), "나왔는지만"),
        (lambda i, n: torch.bincount(i.flatten(), minlength=n) / i.numel(), "합이 1"),
        (lambda i, n: torch.bincount(i.flatten(), minlength=n) / len(i), "질의의 수로"),
        (lambda i, n: torch.bincount(i[:, 0], minlength=n), "첫째 이웃만"),
        (overwrite_instead_of_adding, "한 번으로 줄지"),
        (lambda i, n: torch.bincount(i.flatten(), minlength=n).sort().values, "자리가 다릅니다"),
        (lambda i, n: torch.bincount(i.flatten(), minlength=n).roll(1), "자리가 다릅니다"),
        (lambda i, n: torch.bincount(i.flatten(), minlength=n + 1), "모양 (12,)"),
        (lambda i, n: torch.zeros(n), "횟수의 합이 0"),
        (lambda i, n: torch.bincount(i.flatten(), minlength=n).tolist(), "torch.Tensor를 기대"),
        (lambda i: i, "오류가 났습니다"),
    ],
)
def test_wrong_count_gets_the_hint_that_fits(answer, hint):
    solved, message = grade("retrieval.k_occurrence", answer)
    assert solved is False
    assert hint in message


# cosine_search


def cosine_in_a_loop(query_codes, codes, k):
    centre = codes.mean(0)
    rows = []
    for query in query_codes - centre:
        cosines = [float(query @ code / query.norm() / code.norm()) for code in codes - centre]
        rows.append(sorted(range(len(codes)), key=lambda number: -cosines[number])[:k])
    return torch.tensor(rows)


def by_the_package(query_codes, codes, k):
    centre = codes.mean(0)
    return LatentIndex(codes - centre, "cosine").search(query_codes - centre, k)[1]


def by_euclidean_index(query_codes, codes, k):
    centre = codes.mean(0)
    index = LatentIndex(F.normalize(codes - centre))
    return index.search(F.normalize(query_codes - centre), k)[1]


def search(queries, codes, k):
    return torch.cdist(queries, codes).topk(k, largest=False).indices


def unit(codes, dim=1):
    return codes / codes.norm(dim=dim, keepdim=True)


@pytest.mark.parametrize(
    "answer",
    [
        cosine_in_a_loop,
        by_the_package,
        by_euclidean_index,
        lambda q, c, k: search(unit(q - c.mean(0)), unit(c - c.mean(0)), k),
        lambda q, c, k: (unit(q - c.mean(0)) @ unit(c - c.mean(0)).T).topk(k).indices,
        lambda q, c, k: search(q - c.mean(0), unit(c - c.mean(0)), k),  # 질의의 길이는 무관합니다.
    ],
)
def test_any_right_cosine_search_passes(answer):
    assert grade("retrieval.cosine_search", answer) == (True, "")


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
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
        (
            lambda q, c, k: search(unit(q - c.mean(0), 0), unit(c - c.mean(0), 0), k),
            "벡터마다",
        ),
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
        (lambda q, c, k: by_the_package(q, c, k)[:, :1], "모양 (7, 6)"),
        (lambda q, c, k: by_the_package(q, c, k)[0], "모양 (7, 6)"),
    ],
)
def test_wrong_cosine_search_gets_the_hint_that_fits(answer, hint):
    solved, message = grade("retrieval.cosine_search", answer)
    assert solved is False
    assert hint in message


@pytest.mark.parametrize("exercise", ["top_k", "precision_at_k", "k_occurrence", "cosine_search"])
@pytest.mark.parametrize("stub", [None, ..., lambda *inputs: None, lambda *inputs: ...])
def test_the_stub_is_unsolved(exercise, stub):
    solved, message = grade(f"retrieval.{exercise}", stub)
    assert solved is None
    assert message
