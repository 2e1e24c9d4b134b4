"""aelab.retrieval: NumPy의 안정 정렬과 견줍니다."""

import sys

import numpy as np
import pytest
import torch

from aelab.data import ImageSet
from aelab.models import Autoencoder
from aelab.retrieval import LatentIndex, embed

METRICS = ["euclidean", "cosine"]


def random_codes(count, size=16, seed=0, dtype=torch.float32):
    return torch.randn(
        count, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    ).to(dtype)


def numpy_search(codes, queries, k, metric):
    codes, queries = codes.double().numpy(), queries.double().numpy()
    rows = []
    for query in queries:
        if metric == "euclidean":
            distances = np.sqrt(((codes - query) ** 2).sum(1))
        else:
            lengths = np.linalg.norm(codes, axis=1) * np.linalg.norm(query)
            distances = 1 - (codes * query).sum(1) / lengths
        order = np.argsort(distances, kind="stable")[:k]
        rows.append((distances[order], order))
    distances, indices = zip(*rows, strict=True)
    return torch.from_numpy(np.stack(distances)), torch.from_numpy(np.stack(indices))


@pytest.fixture(params=["exact", "faiss"])
def backend(request):
    if request.param == "faiss":
        pytest.importorskip("faiss", reason="FAISS가 설치되어 있지 않습니다(aelab[faiss]).")
    return request.param


def test_embedding_is_the_encoder_over_every_image():
    stored = torch.arange(7 * 3072).remainder(256).byte().reshape(7, 3, 32, 32)
    images = ImageSet(stored, torch.zeros(7, dtype=torch.int64), ("하나",), "시험")
    model = Autoencoder(12, 4, generator=torch.Generator().manual_seed(0))
    expected = model.encoder(images[:]).detach()
    torch.testing.assert_close(embed(model, images, batch_size=3), expected)
    torch.testing.assert_close(embed(model, images[:]), expected)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(
    ("count", "queries", "k"),
    [(1, 2, 1), (9, 3, 9), (40, 1030, 8), (700, 30, 700), (2100, 30, 8), (2060, 2, 2059)],
)
def test_search_matches_a_stable_sort_in_float64(count, queries, k, metric, backend):
    codes, asked = random_codes(count, 5), random_codes(queries, 5, seed=1)
    before = codes.clone(), asked.clone()
    index = LatentIndex(codes, metric, backend)
    distances, indices = index.search(asked, k)
    expected, order = numpy_search(codes, asked, k, metric)
    assert len(index) == count
    assert torch.equal(indices, order)
    torch.testing.assert_close(distances, expected.float())
    assert torch.equal(codes, before[0])
    assert torch.equal(asked, before[1])


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("size", [3, 17])
def test_equal_distances_come_in_index_order(metric, size, backend):
    codes = random_codes(600, size)
    copies = torch.randperm(600, generator=torch.Generator().manual_seed(3))[:20]
    codes[copies] = codes[copies[0]].clone()
    for k in (4, 20):
        _, indices = LatentIndex(codes, metric, backend).search(codes[copies[:2]], k)
        assert torch.equal(indices, copies.sort().values[:k].expand(2, -1))


def test_integer_lattice_ties_come_in_index_order(backend):
    """좌표가 -1, 0, 1인 벡터 27개를 모두 놓으면 같은 거리가 많습니다."""
    codes = torch.cartesian_prod(*[torch.arange(-1.0, 2)] * 3)
    _, indices = LatentIndex(codes, backend=backend).search(codes, 11)
    assert torch.equal(indices, numpy_search(codes, codes, 11, "euclidean")[1])


@pytest.mark.parametrize("metric", METRICS)
def test_far_clusters_are_ranked_where_float32_loses_every_digit(metric):
    """원점에서 멀면 ‖a‖² − 2a·b + ‖b‖²은 float32에서 거리의 차이를 모두 잃습니다."""
    codes = (random_codes(500, 8, dtype=torch.float64) * 1e-2 + 300).float()
    queries = (random_codes(5, 8, seed=1) * 1e-2 + 300).float()
    expanded = codes.square().sum(1) - 2 * queries @ codes.T
    _, order = numpy_search(codes, queries, 10, "euclidean")
    assert not torch.equal(expanded.topk(10, largest=False).indices, order)
    distances, indices = LatentIndex(codes, metric).search(queries, 10)
    if metric == "euclidean":
        assert torch.equal(indices, order)
    else:  # 여기서는 NumPy의 1 − 코사인이 자릿수를 잃어 차례 대신 거리를 견줍니다.
        expected = numpy_search(codes, queries, 10, metric)[0]
        torch.testing.assert_close(distances, expected.float(), rtol=1e-4, atol=1e-12)


@pytest.mark.parametrize("scale", [1e-30, 1e30])
@pytest.mark.parametrize("metric", METRICS)
def test_very_small_and_large_codes_keep_their_order(scale, metric):
    codes, queries = random_codes(300) * scale, random_codes(10, seed=1) * scale
    _, indices = LatentIndex(codes, metric).search(queries, 5)
    assert torch.equal(indices, numpy_search(codes, queries, 5, metric)[1])


@pytest.mark.parametrize(
    ("given", "returned"),
    [(torch.float64, torch.float64), (torch.bfloat16, torch.float32)],
    ids=["float64", "bfloat16"],
)
@pytest.mark.parametrize("metric", METRICS)
def test_other_dtypes_are_ranked_in_float64(given, returned, metric):
    codes = random_codes(300, dtype=given).requires_grad_()
    distances, indices = LatentIndex(codes, metric).search(codes[:5], 4)
    assert distances.dtype == returned
    assert not distances.requires_grad
    assert torch.equal(indices, numpy_search(codes.detach(), codes[:5].detach(), 4, metric)[1])


def test_distances_mean_what_their_name_says():
    codes = torch.tensor([[3.0, 4.0], [-3.0, -4.0], [-4.0, 3.0], [6.0, 8.0]])
    for metric, values, order in (
        ("euclidean", [0.0, 5.0, 50**0.5, 10.0], [0, 3, 2, 1]),
        ("cosine", [0.0, 0.0, 1.0, 2.0], [0, 3, 2, 1]),
    ):
        distances, indices = LatentIndex(codes, metric).search(codes[:1], 4)
        torch.testing.assert_close(distances, torch.tensor([values]))
        assert indices.tolist() == [order]


@pytest.mark.parametrize("metric", METRICS)
def test_the_graph_finds_most_neighbours_and_measures_them_exactly(metric):
    pytest.importorskip("faiss", reason="FAISS가 설치되어 있지 않습니다(aelab[faiss]).")
    codes, queries = random_codes(3000, 8), random_codes(50, 8, seed=1)
    distances, indices = LatentIndex(codes, metric, "faiss-hnsw").search(queries, 8)
    expected, order = LatentIndex(codes, metric).search(queries, 8)
    same = indices == order
    assert same.double().mean() > 0.98
    assert torch.equal(distances[same], expected[same])
    assert (distances >= expected).all()
    _, indices = LatentIndex(codes, metric, "faiss-hnsw").search(queries[:2], 300)
    assert (indices == LatentIndex(codes, metric).search(queries[:2], 300)[1]).double().mean() > 0.9


def test_a_graph_that_reaches_too_few_says_so_where_the_whole_is_found():
    pytest.importorskip("faiss", reason="FAISS가 설치되어 있지 않습니다(aelab[faiss]).")
    codes = torch.ones(2000, 4)  # 모두 같아 그래프가 끊깁니다.
    with pytest.raises(ValueError, match="k: 어림하는 색인이 이웃을 다 찾지 못했습니다"):
        LatentIndex(codes, backend="faiss-hnsw").search(codes[:1], 2000)
    _, indices = LatentIndex(codes, backend="faiss").search(codes[:1], 2000)
    assert indices[0].tolist() == list(range(2000))


CODES = random_codes(20, 4)
ZERO = CODES.clone()
ZERO[13] = 0


@pytest.mark.parametrize(
    ("codes", "options", "message"),
    [
        (
            CODES[:0],
            {},
            r"codes: 한 개 이상의 잠재 벡터 \(batch, latent_dim\)를 기대했는데 \(0, 4\)",
        ),
        (CODES[0], {}, r"codes: 한 개 이상의 잠재 벡터 .*기대했는데 \(4,\)"),
        (CODES.numpy(), {}, "codes: torch.Tensor를 기대했는데 ndarray"),
        (CODES.long(), {}, "codes: 실수형 텐서를 기대했는데 torch.int64"),
        (CODES / 0, {}, "codes: 유한한 값만 기대했는데"),
        (CODES, {"metric": "l1"}, "metric: 'euclidean' 또는 'cosine'을 기대했는데 'l1'이"),
        (CODES, {"backend": "annoy"}, "backend: 'exact', 'faiss', 'faiss-hnsw' .* 'annoy'이"),
        (ZERO, {"metric": "cosine"}, "codes: 코사인 거리에는 .* 13번이 영벡터"),
    ],
)
def test_bad_corpus_is_refused_in_korean(codes, options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        LatentIndex(codes, **options)


@pytest.mark.parametrize(
    ("queries", "k", "message"),
    [
        (CODES, 0, "k: 1 이상의 정수를 기대했는데 0"),
        (CODES, 2.0, "k: 정수를 기대했는데 2.0"),
        (CODES, 21, "k: 검색 대상의 수 20 이하를 기대했는데 21이"),
        (CODES[:, :3], 2, r"query_codes: .*\(batch, 4\)를 기대했는데 \(20, 3\)"),
        (CODES[0], 2, r"query_codes: .*\(batch, 4\)를 기대했는데 \(4,\)"),
        (CODES.tolist(), 2, "query_codes: torch.Tensor를 기대했는데 list"),
        (CODES / 0, 2, "query_codes: 유한한 값만 기대했는데"),
        (ZERO, 2, "query_codes: 코사인 거리에는 .* 13번이 영벡터"),
    ],
)
def test_bad_query_is_refused_in_korean(queries, k, message):
    with pytest.raises((TypeError, ValueError), match=message):
        LatentIndex(CODES, "cosine").search(queries, k)


def test_zero_vector_is_fine_under_euclidean_distance():
    _, indices = LatentIndex(ZERO).search(torch.zeros(1, 4), 1)
    assert indices.item() == 13


@pytest.mark.parametrize("backend", ["faiss", "faiss-hnsw"])
def test_missing_faiss_tells_how_to_install_it(backend, monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(ImportError, match=f'backend="{backend}"에는 .*pip install "aelab.faiss."'):
        LatentIndex(CODES, backend=backend)
