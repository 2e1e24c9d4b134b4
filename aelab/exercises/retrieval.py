"""8장 비슷한 이미지 찾기의 채점기."""

import torch
from torch import Tensor
from torch.nn.functional import normalize

from aelab.exercises.answers import Hint, as_tensor, call, close

# 검색 대상의 수, 차원, 이웃의 수
_SEARCHES = [(50, 6, 5), (12, 3, 1), (9, 4, 9), (40, 40, 8)]


def top_k(answer: object) -> None:
    """질의 하나에 유클리드 거리로 가장 가까운 `k`개의 번호를 가까운 것부터 돌려주는 함수
    `top_k(query, corpus, k)`: (d,), (n, d) → (k,)."""
    generator = torch.Generator().manual_seed(8)
    for count, size, k in _SEARCHES:
        # 좌표마다, 벡터마다 크기가 달라야 다른 거리와 구별됩니다.
        corpus = torch.randn(count, size, generator=generator) * torch.linspace(1, 3, size)
        corpus = corpus * torch.linspace(0.3, 1.5, count)[:, None]
        query = corpus[count // 2] + 0.3 * torch.randn(size, generator=generator)
        expected = _ranked(_euclidean(query[None], corpus))[0]
        found = _as_indices(call(answer, query, corpus, k), (k,), count)
        given = f"{count}개 가운데 {k}개를 찾을 때 "
        if torch.equal(found, expected[:k]):
            continue
        if torch.equal(found, expected.flip(0)[:k]):
            raise Hint(f"{given}가장 먼 것부터 나왔습니다. 거리는 작을수록 가깝습니다.")
        if torch.equal(found, expected[1 : k + 1]):
            raise Hint(
                f"{given}가장 가까운 것이 빠졌습니다. 질의가 검색 대상에 들어 있지 않으므로 첫째를 "
                "버리지 않습니다."
            )
        others: dict[str, Tensor] = {
            "내적이 큰 차례": -(corpus @ query),
            "코사인 거리의 차례": 1 - normalize(corpus) @ normalize(query, dim=0),
            "좌표마다의 차이의 절댓값을 더한 차례": (corpus - query).abs().sum(1),
            "차이의 제곱이 아니라 차이를 더한 차례": (corpus - query).sum(1),
        }
        for name, values in others.items():
            if torch.equal(found, values.argsort()[:k]):
                raise Hint(f"{given}{name}로 나왔습니다. 차이를 제곱해 더한 것이 작은 차례입니다.")
        if k > 1 and torch.equal(found.sort().values, expected[:k].sort().values):
            raise Hint(f"{given}고른 것은 맞지만 차례가 다릅니다. 가까운 것부터 늘어놓습니다.")
        raise Hint(
            f"{given}{found[0]}번이 가장 가깝다고 나왔습니다. 거리가 검색 대상마다 하나씩, 모두 "
            f"{count}개인지 확인합니다."
        )


def precision_at_k(answer: object) -> None:
    """이웃 가운데 질의와 클래스가 같은 것의 비율을 질의마다 돌려주는 함수
    `precision_at_k(neighbour_labels, query_labels)`: (q, k), (q,) → (q,)."""
    generator = torch.Generator().manual_seed(8)
    for queries, k, classes in ((6, 4, 3), (5, 5, 2), (7, 1, 4)):
        neighbours = torch.randint(classes, (queries, k), generator=generator)
        labels = torch.randint(classes, (queries,), generator=generator)
        neighbours[0], labels[0] = 1, 1  # 모두 맞는 질의와 하나도 맞지 않는 질의
        neighbours[1], labels[1] = 1, 0
        hits = neighbours == labels[:, None]
        expected = hits.double().mean(1)
        result = call(answer, neighbours, labels)
        given = f"질의 {queries}개, 이웃 {k}개일 때 "
        if isinstance(result, float | int) or (isinstance(result, Tensor) and result.ndim == 0):
            raise Hint(f"{given}수 하나가 나왔습니다. 평균하기 전에 질의마다 하나씩 돌려줍니다.")
        if isinstance(result, Tensor) and tuple(result.shape) == (k,) and k != queries:
            raise Hint(f"{given}{k}개가 나왔습니다. 질의가 아니라 이웃의 자리마다 평균했습니다.")
        got = as_tensor(result, (queries,))
        slips: list[tuple[Tensor, str]] = [
            (hits.double().sum(1), "맞은 수가 나왔습니다. 이웃의 수로 나누어 비율로 만듭니다."),
            (1 - expected, "틀린 비율이 나왔습니다. 클래스가 같은 것을 셉니다."),
            (hits.any(1).double(), "하나라도 맞으면 1이 되었습니다. 몇 개가 맞았는지 셉니다."),
            (hits[:, 0].double(), "첫째 이웃만 보았습니다. 이웃을 모두 셉니다."),
        ]
        if k == queries:
            transposed = (neighbours == labels).double().mean(1)
            slips += [
                (hits.double().mean(0), "이웃의 자리마다 평균했습니다. 질의마다 평균합니다."),
                (transposed, "질의의 라벨이 이웃의 자리마다 견주어졌습니다."),
            ]
        if close(got, expected):
            continue
        for slip, hint in slips:
            if close(got, slip):
                raise Hint(given + hint)
        row = int((got - expected).abs().nan_to_num(torch.inf).argmax())
        raise Hint(
            f"{given}라벨이 {int(labels[row])}인 질의의 이웃이 {neighbours[row].tolist()}인데 "
            f"{float(got[row]):.4g}이(가) 나왔습니다."
        )


def k_occurrence(answer: object) -> None:
    """검색 대상마다 몇 질의의 이웃 목록에 들었는지 세는 함수
    `k_occurrence(indices, corpus_size)`: (q, k) → (corpus_size,)."""
    generator = torch.Generator().manual_seed(8)
    for queries, k, count in ((30, 3, 12), (4, 2, 20), (5, 5, 5)):
        # 질의 안에서는 번호가 겹치지 않습니다. 마지막 번호는 일부러 나오지 않게 합니다.
        seen = max(k, count - 2)
        rows = [torch.randperm(seen, generator=generator)[:k] for _ in range(queries)]
        indices = torch.stack(rows)
        expected = torch.zeros(count, dtype=torch.float64)
        for row in indices.tolist():
            for number in row:
                expected[number] += 1
        result = call(answer, indices, count)
        given = f"질의 {queries}개, 이웃 {k}개, 검색 대상 {count}개일 때 "
        if isinstance(result, Tensor) and result.ndim == 1 and len(result) < count:
            raise Hint(
                f"{given}길이가 {len(result)}입니다. 어느 목록에도 들지 못한 것도 0으로 남아야 "
                f"하므로 길이는 언제나 {count}입니다."
            )
        got = as_tensor(result, (count,))
        slips: list[tuple[Tensor, str]] = [
            (expected.clamp(max=1), "나왔는지만 표시했습니다. 몇 번 나왔는지 셉니다."),
            (expected / expected.sum(), "합이 1입니다. 비율이 아니라 횟수를 셉니다."),
            (expected / queries, "질의의 수로 나누었습니다. 비율이 아니라 횟수를 셉니다."),
            (
                torch.bincount(indices[:, 0], minlength=count).double(),
                "첫째 이웃만 세었습니다. 목록의 모든 자리를 셉니다.",
            ),
        ]
        if close(got, expected):
            continue
        for slip, hint in slips:
            if close(got, slip):
                raise Hint(given + hint)
        if not close(got.sum(), float(queries * k)):
            raise Hint(
                f"{given}횟수의 합이 {float(got.sum()):g}입니다. 모든 목록의 자리를 더하면 "
                f"{queries * k}개입니다. 같은 번호에 여러 번 더하는 일이 한 번으로 줄지 않는지 봅니다."
            )
        raise Hint(f"{given}합은 맞지만 자리가 다릅니다. 번호가 곧 자리입니다.")


def cosine_search(answer: object) -> None:
    """검색 대상의 평균을 원점으로 하는 코사인 거리의 검색을 유클리드 거리로 하는 함수
    `cosine_search(query_codes, codes, k)`: (q, d), (n, d) → 번호 (q, k)."""
    generator = torch.Generator().manual_seed(8)
    for queries, count, size, k in ((7, 60, 5, 6), (4, 30, 8, 3), (1, 20, 4, 20)):
        shift = 4 * torch.randn(size, generator=generator)
        lengths = torch.linspace(0.2, 3, count)[:, None]
        codes = torch.randn(count, size, generator=generator) * lengths + shift
        query_codes = torch.randn(queries, size, generator=generator) * 1.5 + shift + 1
        centre = codes.mean(0)
        a, b = query_codes - centre, codes - centre
        expected = _ranked(_euclidean(normalize(a), normalize(b)))[:, :k]
        found = _as_indices(call(answer, query_codes, codes, k), (queries, k), count)
        if torch.equal(found, expected):
            continue
        own = query_codes - query_codes.mean(0)
        slips: list[tuple[Tensor, str]] = [
            (
                _euclidean(query_codes, codes),
                "유클리드 거리의 차례 그대로입니다. 벡터의 길이를 먼저 없앱니다.",
            ),
            (
                _euclidean(normalize(query_codes), normalize(codes)),
                "평균을 빼지 않은 코사인의 차례입니다. 원점을 검색 대상의 평균으로 옮깁니다.",
            ),
            (
                _euclidean(normalize(own), normalize(b)),
                "질의에서 질의의 평균을 뺐습니다. 둘 다 검색 대상의 평균을 빼야 같은 원점을 씁니다.",
            ),
            (
                _euclidean(normalize(a), b),
                "검색 대상의 길이가 남아 있습니다. 질의와 검색 대상을 모두 길이 1로 맞춥니다.",
            ),
            (
                _euclidean(normalize(a, dim=0), normalize(b, dim=0)),
                "좌표마다 길이를 맞추었습니다. 벡터마다 맞춥니다.",
            ),
            (
                -_euclidean(normalize(a), normalize(b)),
                "가장 먼 것부터 나왔습니다.",
            ),
        ]
        for values, hint in slips:
            if torch.equal(found, _ranked(values)[:, :k]):
                raise Hint(hint)
        raise Hint(
            "코사인이 큰 차례와 다릅니다. 검색 대상의 평균을 빼고, 벡터마다 길이를 1로 맞춘 뒤, "
            "유클리드 거리로 찾는 세 단계를 하나씩 확인합니다."
        )


def _euclidean(queries: Tensor, corpus: Tensor) -> Tensor:
    return (queries.double()[:, None] - corpus.double()).square().sum(2)


def _ranked(distances: Tensor) -> Tensor:
    return distances.sort(dim=-1, stable=True).indices


def _as_indices(result: object, shape: tuple[int, ...], count: int) -> Tensor:
    """결과를 번호의 텐서로 봅니다."""
    if isinstance(result, tuple) and len(result) == 2:
        raise Hint("값이 둘 왔습니다. 거리는 빼고 번호만 돌려줍니다.")
    if isinstance(result, list):
        raise Hint("리스트가 왔습니다. torch.Tensor로 돌려줍니다.")
    numbers = as_tensor(result, shape)
    if isinstance(result, Tensor) and (result.is_floating_point() or result.dtype == torch.bool):
        raise Hint(
            f"번호는 정수인데 {result.dtype}이(가) 왔습니다. 거리가 아니라 번호를 돌려줍니다."
        )
    if numbers.min() < 0 or numbers.max() >= count:
        raise Hint(
            f"0부터 {count - 1}까지의 번호를 기대했는데 {int(numbers.min())}부터 "
            f"{int(numbers.max())}까지의 번호가 왔습니다."
        )
    return numbers.long()
