"""aelab.retrieval: 느린 반복문, 유리수, NumPy의 안정 정렬과 견줍니다."""

import sys
from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from aelab import toyworld
from aelab.models import Autoencoder
from aelab.retrieval import LatentIndex, embed


def random_codes(count, size=16, seed=0, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, size, generator=generator, dtype=dtype)


# embed


@pytest.fixture(scope="module")
def model():
    return Autoencoder(12, 4, generator=torch.Generator().manual_seed(0)).eval()


@pytest.fixture(scope="module")
def images():
    return toyworld.load("test").subset(slice(0, 23))


@pytest.mark.parametrize("batch_size", [1, 4, 23, 1000])
@pytest.mark.parametrize("bar", ["0", "1"])
def test_codes_come_in_the_order_of_the_images(model, images, batch_size, bar, monkeypatch):
    monkeypatch.setenv("TQDM_DISABLE", bar)
    codes = embed(model, images, batch_size=batch_size)
    one_by_one = torch.cat([model.encoder(images[[i]]) for i in range(len(images))])
    assert codes.shape == (23, 12)
    torch.testing.assert_close(codes, one_by_one.detach())


def test_progress_counts_the_images(model, images, capsys):
    embed(model, images)
    assert "23/23" in capsys.readouterr().err


def test_codes_can_train_another_layer(model, images):
    codes = embed(model, images)
    assert not codes.is_inference()
    assert not codes.requires_grad
    head = nn.Linear(12, 10)
    nn.functional.cross_entropy(head(codes), images.labels).backward()
    assert head.weight.grad is not None


def test_embedding_leaves_every_mode_as_it_was(model, images):
    class Watched(nn.Module):
        def __init__(self, encoder):
            super().__init__()
            self.encoder, self.decoder, self.latent_dim = encoder, nn.Dropout(), 12
            self.seen = []
            encoder.register_forward_hook(lambda *_: self.seen.append(self.training))

    watched = Watched(Autoencoder(12, 4).encoder).train()
    watched.decoder.eval()
    embed(watched, images, batch_size=10)
    assert watched.seen == [False] * 3
    assert watched.training
    assert watched.encoder.training
    assert not watched.decoder.training


def test_modes_come_back_after_an_error(images):
    broken = Autoencoder(12, 4).train()
    broken.encoder.net[0] = nn.Conv2d(1, 4, 3)
    with pytest.raises(RuntimeError):
        embed(broken, images)
    assert broken.training


def test_no_images_are_refused(model, images):
    with pytest.raises(ValueError, match="images: 한 장 이상의 이미지를 기대했는데"):
        embed(model, images.subset(slice(0, 0)))


def test_embedding_holds_one_batch_at_a_time(model):
    images = toyworld.load("test").subset(slice(0, 400))
    with LargestTensor() as largest:
        embed(model, images, batch_size=20)
    assert largest.size <= 20 * 3 * 32 * 32 * 4


class LargestTensor(TorchDispatchMode):
    """새로 만들어진 텐서 가운데 가장 큰 것의 바이트 수를 잽니다."""

    size = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        known = {t.untyped_storage().data_ptr() for t in args if isinstance(t, torch.Tensor)}
        for value in result if isinstance(result, tuple | list) else [result]:
            if isinstance(value, torch.Tensor) and value.untyped_storage().data_ptr() not in known:
                self.size = max(self.size, value.untyped_storage().nbytes())
        return result


# LatentIndex: 견줄 기준


def slow_search(codes, queries, k, metric):
    """(거리의 참값을 차례로 견줄 수 있는 수, 번호)의 쌍을 정렬합니다. 정수 좌표에서 오차가 없습니다."""
    found = []
    for query in queries.tolist():
        ranked = []
        for number, code in enumerate(codes.tolist()):
            a, b = [Fraction(x) for x in query], [Fraction(x) for x in code]
            if metric == "euclidean":
                key = sum((x - y) ** 2 for x, y in zip(a, b, strict=True))
            else:
                dot = sum(x * y for x, y in zip(a, b, strict=True))
                key = -dot * abs(dot) / sum(y * y for y in b)  # 코사인의 부호 있는 제곱
            ranked.append((key, number))
        found.append([number for _, number in sorted(ranked)[:k]])
    return torch.tensor(found)


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


METRICS = ["euclidean", "cosine"]


@pytest.fixture(params=["exact", "faiss"])
def backend(request):
    if request.param == "faiss":
        pytest.importorskip("faiss", reason="FAISS가 설치되어 있지 않습니다(aelab[faiss]).")
    return request.param


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(("count", "k"), [(1, 1), (9, 9), (40, 8), (700, 1), (700, 8), (700, 700)])
def test_search_matches_a_stable_sort_in_float64(count, k, metric, backend):
    codes, queries = random_codes(count), random_codes(30, seed=1)
    distances, indices = LatentIndex(codes, metric, backend).search(queries, k)
    expected, order = numpy_search(codes, queries, k, metric)
    assert torch.equal(indices, order)
    torch.testing.assert_close(distances, expected.float())


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("seed", range(12))
def test_ties_among_small_integers_come_in_index_order(seed, metric, backend):
    """좌표가 -1, 0, 1뿐이면 겹치는 벡터와 같은 거리가 많습니다."""
    generator = torch.Generator().manual_seed(seed)
    count, k = [(60, 5), (90, 20), (40, 40), (200, 1)][seed % 4]
    size = int(torch.randint(1, 5, (), generator=generator))
    codes, queries = (
        torch.randint(-1, 2, (n, size), generator=generator).float() for n in (count, 8)
    )
    if metric == "cosine":
        codes[~codes.any(1), 0] = queries[~queries.any(1), 0] = 1
    _, indices = LatentIndex(codes, metric, backend).search(queries, k)
    assert torch.equal(indices, slow_search(codes, queries, k, metric))


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("size", [1, 3, 17, 128])
def test_more_duplicates_than_any_margin_come_in_index_order(size, metric, backend):
    codes = random_codes(900, size).abs() + 0.1
    generator = torch.Generator().manual_seed(3)
    copies = torch.randperm(900, generator=generator)[:300]
    codes[copies] = codes[copies[0]].clone()
    _, indices = LatentIndex(codes, metric, backend).search(codes[copies[:2]], 250)
    first_copies = copies.sort().values[:250]
    if metric == "cosine" and size == 1:  # 방향이 하나뿐이라 모두가 같은 거리입니다.
        first_copies = torch.arange(250)
    assert torch.equal(indices, first_copies.expand(2, -1))


@pytest.mark.parametrize("metric", METRICS)
def test_far_clusters_are_ranked_where_the_fast_form_loses_every_digit(metric, backend):
    """원점에서 멀면 ‖a‖² − 2a·b + ‖b‖²은 float32에서 거리의 차이를 모두 잃습니다."""
    codes = random_codes(500, 8, dtype=torch.float64) * 1e-3 + 3000
    codes, queries = codes.float(), (random_codes(5, 8, seed=1) * 1e-3 + 3000)
    expanded = codes.square().sum(1) - 2 * queries @ codes.T
    _, indices = LatentIndex(codes, metric, backend).search(queries, 10)
    _, order = numpy_search(codes, queries, 10, metric)
    assert not torch.equal(expanded.topk(10, largest=False).indices, order)
    if metric == "euclidean":
        assert torch.equal(indices, order)
    else:  # 여기서는 코사인 거리도 float64의 끝자리까지 겹치므로 거리로 견줍니다.
        exact = LatentIndex(codes, metric)._measure
        norms = queries.double().norm(dim=1)
        everything = exact(queries, norms, torch.arange(500).expand(5, -1))
        assert torch.equal(everything.gather(1, indices), everything.sort(1).values[:, :10])


@pytest.mark.parametrize("scale", [1e-30, 1e-22, 1e18, 1e30])
def test_overflow_and_underflow_of_the_fast_form_do_not_change_the_order(scale, backend):
    codes, queries = random_codes(300) * scale, random_codes(10, seed=1) * scale
    _, indices = LatentIndex(codes, "euclidean", backend).search(queries, 5)
    assert torch.equal(indices, numpy_search(codes, queries, 5, "euclidean")[1])


def test_low_precision_matrix_products_do_not_change_the_order():
    codes, queries = random_codes(3000, 128), random_codes(20, 128, seed=1)
    before = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision("medium")  # 있으면 bfloat16을 씁니다.
        _, indices = LatentIndex(codes).search(queries, 8)
    finally:
        torch.set_float32_matmul_precision(before)
    assert torch.equal(indices, numpy_search(codes, queries, 8, "euclidean")[1])


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("memory_mib", [1, 16])
def test_random_codes_never_need_the_whole_corpus(metric, memory_mib, backend, monkeypatch):
    """보통의 잠재 벡터에서는 후보만으로 끝나야 빠릅니다."""
    index = LatentIndex(random_codes(5000, 128), metric, backend, memory_mib=memory_mib)
    monkeypatch.setattr(index, "_search_all", None)
    index.search(random_codes(300, 128, seed=1), 8)


@pytest.mark.parametrize("metric", METRICS)
def test_float64_codes_are_ranked_and_returned_in_float64(metric, backend):
    codes = random_codes(300, dtype=torch.float64)
    codes[7] = codes[3] + 1e-7 * random_codes(1, seed=5, dtype=torch.float64)[0]
    before = codes.clone()
    distances, indices = LatentIndex(codes, metric, backend).search(codes[[3, 7]], 3)
    assert distances.dtype == torch.float64
    assert torch.equal(codes, before)
    assert torch.equal(indices, numpy_search(codes, codes[[3, 7]], 3, metric)[1])
    assert indices[:, 0].tolist() == [3, 7]


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_codes_are_searched_in_float32(metric, dtype):
    codes, queries = random_codes(200).to(dtype), random_codes(5, seed=1).to(dtype)
    distances, indices = LatentIndex(codes, metric).search(queries, 4)
    assert distances.dtype == torch.float32
    assert torch.equal(indices, numpy_search(codes, queries, 4, metric)[1])


@pytest.mark.parametrize("metric", METRICS)
def test_distances_mean_what_their_name_says(metric):
    codes = torch.tensor([[3.0, 4.0], [-3.0, -4.0], [-4.0, 3.0], [6.0, 8.0]])
    distances, indices = LatentIndex(codes, metric).search(codes[:1], 4)
    expected = {
        "euclidean": ([0.0, 5.0, 50**0.5, 10.0], [0, 3, 2, 1]),
        "cosine": ([0.0, 0.0, 1.0, 2.0], [0, 3, 2, 1]),
    }[metric]
    torch.testing.assert_close(distances, torch.tensor([expected[0]]))
    assert indices.tolist() == [expected[1]]


@pytest.mark.parametrize("metric", METRICS)
def test_the_nearest_of_a_code_is_itself_at_a_distance_of_zero(metric, backend):
    codes = random_codes(500, 128)
    distances, indices = LatentIndex(codes, metric, backend).search(codes * 3, 1)
    if metric == "cosine":
        assert distances.min() >= 0
        torch.testing.assert_close(distances, torch.zeros(500, 1))
        assert indices[:, 0].tolist() == list(range(500))
    distances, indices = LatentIndex(codes, metric, backend).search(codes, 1)
    assert distances.min() >= 0
    assert indices[:, 0].tolist() == list(range(500))
    if metric == "euclidean":
        assert distances.max() == 0


@pytest.mark.parametrize("metric", METRICS)
def test_more_queries_than_a_block_keep_their_order(metric, backend):
    codes, queries = random_codes(400), random_codes(600, seed=1)
    index = LatentIndex(codes, metric, backend)
    distances, indices = index.search(queries, 3)
    for row in (0, 255, 256, 511, 512, 599):
        alone = index.search(queries[[row]], 3)
        assert torch.equal(indices[[row]], alone[1])
        assert torch.equal(distances[[row]], alone[0])


@pytest.mark.parametrize("metric", METRICS)
def test_memory_stays_below_the_bound_and_the_result_does_not_depend_on_it(metric):
    codes, queries = random_codes(9000, 300), random_codes(300, 300, seed=1)
    expected = LatentIndex(codes, metric, memory_mib=512).search(queries, 8)
    index = LatentIndex(codes, metric, memory_mib=1)
    with LargestTensor() as largest:
        found = index.search(queries, 8)
    assert largest.size <= 2**20
    assert torch.equal(found[0], expected[0])
    assert torch.equal(found[1], expected[1])


def test_many_neighbours_are_found_a_few_queries_at_a_time():
    codes, queries = random_codes(400), random_codes(300, seed=1)
    _, indices = LatentIndex(codes, memory_mib=1).search(queries, 300)
    assert torch.equal(indices, numpy_search(codes, queries, 300, "euclidean")[1])


def test_codes_that_need_gradients_give_plain_distances():
    codes = random_codes(30).requires_grad_()
    distances, _ = LatentIndex(codes).search(codes[:2], 3)
    assert not distances.requires_grad


def test_searching_changes_neither_codes_nor_queries(backend):
    codes, queries = random_codes(100), random_codes(9, seed=1)
    before = codes.clone(), queries.clone()
    for metric in METRICS:
        LatentIndex(codes, metric, backend).search(queries, 90)
    assert torch.equal(codes, before[0])
    assert torch.equal(queries, before[1])


def test_length_is_the_number_of_codes():
    assert len(LatentIndex(random_codes(17))) == 17


def test_neighbours_on_cifar10_match_a_full_sort(cifar10_root):
    from aelab.data import cifar10

    pixels = cifar10.load("test", cifar10_root)[:320].flatten(1)
    for metric in METRICS:
        found = LatentIndex(pixels[20:], metric).search(pixels[:20], 8)
        expected = numpy_search(pixels[20:], pixels[:20], 8, metric)
        assert torch.equal(found[1], expected[1])


# 잘못된 입력

CODES = random_codes(20, 4)
ZERO = CODES.clone()
ZERO[13] = 0


@pytest.mark.parametrize(
    ("codes", "options", "message"),
    [
        (CODES[:0], {}, r"codes: 한 개 이상의 잠재 벡터 \(batch, 4\)를 기대했는데 \(0, 4\)"),
        (CODES[0], {}, r"한 개 이상의 잠재 벡터 .*기대했는데 \(4,\)"),
        (CODES[None], {}, r"기대했는데 \(1, 20, 4\)"),
        (torch.tensor(3.0), {}, r"기대했는데 \(\)"),
        (torch.zeros(5, 0), {}, r"기대했는데 \(5, 0\)"),
        (CODES.numpy(), {}, "codes: torch.Tensor를 기대했는데 ndarray"),
        (CODES.long(), {}, "codes: 실수형 텐서를 기대했는데 torch.int64"),
        (CODES * float("nan"), {}, "codes: 유한한 값만 기대했는데 NaN이나 무한대가 80개"),
        (CODES / 0, {}, "codes: 유한한 값만 기대했는데"),
        (CODES, {"metric": "l1"}, "metric: 'euclidean' 또는 'cosine'을.* 기대했는데 'l1'"),
        (CODES, {"metric": None}, "metric: .* 기대했는데 None"),
        (CODES, {"backend": "annoy"}, "backend: 'exact' 또는 'faiss'을.* 기대했는데 'annoy'"),
        (CODES, {"memory_mib": 0}, "memory_mib: 1 이상의 정수를 기대했는데 0"),
        (CODES, {"memory_mib": 0.5}, "memory_mib: 정수를 기대했는데 0.5"),
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
        (CODES, -3, "k: 1 이상의 정수를 기대했는데 -3"),
        (CODES, 21, "k: 검색 대상의 수 20 이하를 기대했는데 21"),
        (CODES, 2.0, "k: 정수를 기대했는데 2.0"),
        (CODES, "8", "k: 정수를 기대했는데 '8'"),
        (CODES, True, "k: 정수를 기대했는데 True"),
        (CODES, None, "k: 정수를 기대했는데 None"),
        (CODES[:, :3], 2, r"query_codes: .*\(batch, 4\)를 기대했는데 \(20, 3\)"),
        (CODES[0], 2, r"query_codes: .*\(batch, 4\)를 기대했는데 \(4,\)"),
        (CODES[:0], 2, r"query_codes: 한 개 이상.* 기대했는데 \(0, 4\)"),
        (CODES.tolist(), 2, "query_codes: torch.Tensor를 기대했는데 list"),
        (CODES.int(), 2, "query_codes: 실수형 텐서를 기대했는데 torch.int32"),
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


def test_missing_faiss_tells_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(ImportError, match=r'pip install "aelab\[faiss\]"'):
        LatentIndex(CODES, backend="faiss")
