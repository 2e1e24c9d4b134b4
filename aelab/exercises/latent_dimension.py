"""5장 잠재 차원의 연습문제: 압축률, 엔트로피로 센 비트, PCA의 시험 오차, 차원 고르기."""

import math

import torch
from torch import Tensor

from aelab.exercises.answers import Hint, as_number, call, close


def compression_ratio(answer: object) -> None:
    """8비트 32×32 색 이미지가 몇분의 1로 줄었는지 구하는 함수 `compression_ratio(latent_dim, bits)`.

    원본의 크기를 차원마다 bits비트인 잠재 벡터의 크기로 나눈 값입니다.
    """
    for latent_dim, bits in ((64, 8), (384, 32), (100, 5), (256, 3), (3072, 16)):
        expected = 3072 * 8 / (latent_dim * bits)
        got = as_number(call(answer, latent_dim, bits))
        if close(got, expected):
            continue
        slips = (
            (3072 / latent_dim, "값의 개수만 견주었습니다. 값 하나의 비트 수가 서로 다릅니다."),
            (3072 / (latent_dim * bits), "원본의 값도 비트로 셉니다. 원본은 값마다 8비트입니다."),
            (expected * 4, "원본의 값을 32비트로 셌습니다. 저장된 이미지는 값마다 8비트입니다."),
            (expected / 3, "원본을 픽셀 1024개로 셌습니다. 픽셀마다 채널이 셋입니다."),
            (1 / expected, "거꾸로 나누었습니다. 줄었으면 1보다 큰 값입니다."),
            (100 / expected, "남은 크기의 퍼센트입니다. 원본이 몇 배인지를 구합니다."),
            (expected / 8, "한쪽은 바이트, 다른 쪽은 비트로 셌습니다. 단위를 맞춥니다."),
            (expected * 8, "한쪽은 바이트, 다른 쪽은 비트로 셌습니다. 단위를 맞춥니다."),
            (math.floor(expected), "정수로 만들었습니다. 소수까지 그대로 둡니다."),
            (round(expected), "정수로 만들었습니다. 소수까지 그대로 둡니다."),
        )
        slip = next((text for value, text in slips if close(got, value)), None)
        raise Hint(
            f"{latent_dim}차원, {bits}비트에서 {got:.4g}이(가) 나왔습니다. "
            + (slip or "원본과 잠재 벡터의 크기를 각각 비트로 적어 봅니다.")
        )


def entropy_bits(answer: object) -> None:
    """양자화한 정수 (n, d)에서 차원마다의 엔트로피를 더하는 함수 `entropy_bits(levels)`.

    단위는 비트이고, 값의 비율은 차원마다 따로 셉니다.
    """
    generator = torch.Generator().manual_seed(0)
    for n, d, most in ((200, 5, 3), (64, 3, 7), (500, 2, 40), (30, 4, 0)):
        # 뒤쪽 차원일수록 한쪽으로 쏠리고 2씩 띄운 값이라 나오지 않는 정수가 섞입니다.
        spread = torch.rand(n, d, generator=generator) ** torch.arange(1, d + 1)
        levels = 2 * (spread * most).round()
        each = torch.tensor([_entropy(column) for column in levels.T])
        expected = float(each.sum())
        got = as_number(call(answer, levels))
        if close(got, expected):
            continue
        widths = torch.tensor([len(column.unique()) for column in levels.T]).double()
        slips = (
            (-expected, "음수입니다. 엔트로피의 앞에는 빼기 기호가 있습니다."),
            (expected * math.log(2), "자연로그로 셌습니다. 비트는 밑이 2인 로그입니다."),
            (expected * math.log10(2), "상용로그로 셌습니다. 비트는 밑이 2인 로그입니다."),
            (expected / d, "차원마다의 평균입니다. 한 장에 드는 비트는 모두 더한 값입니다."),
            (expected / 8, "바이트입니다. 비트로 둡니다."),
            (expected * n, "모든 장에 드는 비트입니다. 한 장의 평균을 구합니다."),
            (_entropy(levels.flatten()), "모든 차원을 한데 섞어 셌습니다. 차원마다 따로 셉니다."),
            (
                d * _entropy(levels.flatten()),
                "모든 차원을 한데 섞어 셌습니다. 차원마다 따로 셉니다.",
            ),
            (
                sum(_entropy(row) for row in levels),
                "이미지마다 셌습니다. 한 차원에서 여러 이미지의 값을 셉니다.",
            ),
            (
                float(widths.log2().sum()),
                "나온 값의 가짓수만 셌습니다. 자주 나오는 값과 드문 값의 비율을 씁니다.",
            ),
        )
        slip = next((text for value, text in slips if close(got, value)), None)
        if slip is None and math.isnan(got):
            slip = "나오지 않은 값의 비율 0에 로그를 씌우지 않았는지 봅니다."
        raise Hint(
            f"({n}, {d})의 정수에서 {got:.4g}이(가) 나왔습니다. "
            + (slip or "한 차원의 비율을 모두 더하면 1이 되는지 먼저 봅니다.")
        )


def _entropy(values: Tensor) -> float:
    _, counts = values.unique(return_counts=True)
    share = counts.double() / len(values)
    return -float((share * share.log2()).sum()) + 0.0


def pca_error(answer: object) -> None:
    """학습 자료에 맞춘 PCA의 시험 오차를 구하는 함수 `pca_error(train, test, components)`.

    한 장에서 더한 제곱오차를 시험 자료에서 평균합니다. components가 0이면 평균의 오차입니다.
    """
    generator = torch.Generator().manual_seed(0)
    for n, m, width, components in (
        (80, 33, 6, 2),
        (50, 40, 12, 5),
        (30, 21, 8, 0),
        (25, 18, 5, 5),
    ):
        mixing = torch.randn(width, width, generator=generator, dtype=torch.float64)
        mixing *= torch.linspace(2, 0.2, width)[:, None]
        train = torch.randn(n, width, generator=generator, dtype=torch.float64) @ mixing + 1.5
        test = torch.randn(m, width, generator=generator, dtype=torch.float64) @ mixing + 2.0
        expected = _residual(train, test, components)
        got = as_number(call(answer, train, test, components))
        # 모든 성분을 남기면 오차는 반올림만큼만 0에서 벗어납니다.
        if close(got, expected, 1e-3) or (expected < 1e-6 and abs(got) < 1e-3):
            continue
        slips = (
            (
                _residual(train, train, components),
                "학습 자료에서 잰 오차입니다. 맞추는 것은 train, 재는 것은 test입니다.",
            ),
            (_residual(test, test, components), "test에 맞추었습니다. train에 맞춥니다."),
            (
                _residual(train, test, components, mean=test.mean(0)),
                "test의 평균을 뺐습니다. train의 평균을 뺍니다.",
            ),
            (
                _residual(train, test, components, mean=0 * test[0]),
                "평균을 빼지 않았습니다. train의 평균을 뺍니다.",
            ),
            (
                _residual(train, test, components, centre=0 * test[0], mean=0 * test[0]),
                "평균을 빼지 않았습니다. train의 평균을 뺍니다.",
            ),
            (
                _residual(train, test, components, smallest=True),
                "고윳값이 작은 쪽을 남겼습니다. eigh는 작은 것부터 내놓습니다.",
            ),
            (
                _explained(train, test, components),
                "남긴 성분의 분산입니다. 오차는 버린 쪽에 있습니다.",
            ),
            (expected / width, "값마다의 평균입니다. 한 장 안에서는 더합니다."),
            (expected * m, "모든 장을 더했습니다. 장수로 나누어 평균합니다."),
            (math.sqrt(expected), "제곱근입니다. 제곱오차를 그대로 둡니다."),
            (_residual(train, test, components - 1), "성분을 하나 덜 남겼습니다."),
            (_residual(train, test, components + 1), "성분을 하나 더 남겼습니다."),
        )
        slip = next((text for value, text in slips if close(got, value, 1e-3)), None)
        raise Hint(
            f"train ({n}, {width}), test ({m}, {width}), 성분 {components}개에서 {got:.4g}이(가) "
            f"나왔습니다. " + (slip or "줄였다가 되돌린 값과 test의 차이를 재는지 봅니다.")
        )


def _directions(train: Tensor, centre: Tensor | None = None) -> Tensor:
    """분산이 큰 차례의 방향 (width, width)."""
    moved = train - (train.mean(0) if centre is None else centre)
    return torch.linalg.svd(moved, full_matrices=True).Vh.T


def _residual(
    train: Tensor,
    test: Tensor,
    components: int,
    *,
    centre: Tensor | None = None,
    mean: Tensor | None = None,
    smallest: bool = False,
) -> float:
    directions = _directions(train, centre)
    if smallest:
        directions = directions.flip(1)
    moved = test - (train.mean(0) if mean is None else mean)
    dropped = moved @ directions[:, max(components, 0) :]
    return float(dropped.square().sum(1).mean())


def _explained(train: Tensor, test: Tensor, components: int) -> float:
    kept = (test - train.mean(0)) @ _directions(train)[:, :components]
    return float(kept.square().sum(1).mean())


def smallest_dim(answer: object) -> None:
    """목표 PSNR을 채우는 가장 작은 정수 차원을 고르는 함수 `smallest_dim(dims, errors, target)`.

    errors는 [-1, 1] 이미지의 제곱오차 합이고, 이웃한 차원 사이에서는 PSNR이 직선으로 변합니다. 첫
    차원이 목표를 채우면 그 차원, 마지막 차원도 못 채우면 math.inf입니다.
    """
    dims, errors = [32, 64, 128, 256], [150.0, 90.0, 52.0, 27.0]
    other_dims, other_errors = [10, 50, 400], [300.0, 120.0, 8.0]
    for sizes, lost, target in (
        (dims, errors, 20.3),
        (dims, errors, 25.3),
        (other_dims, other_errors, 27.77),
        (other_dims, other_errors, 17.21),
        (dims, errors, 15.0),
        (dims, errors, 40.0),
    ):
        expected = _smallest(sizes, lost, target)
        got = as_number(call(answer, list(sizes), list(lost), target))
        if got == expected:
            continue
        raise Hint(
            f"차원 {sizes}, 오차 {lost}, 목표 {target} dB에서 {got:.6g}이(가) 나왔습니다. "
            + _choice_slip(got, expected, sizes, lost, target)
        )


def _decibels(error: float, values: int = 3072, peak: float = 2.0) -> float:
    return 10 * math.log10(peak**2 * values / error)


def _reached(sizes: list[int], heights: list[float], target: float) -> float:
    """직선으로 이은 높이가 목표에 닿는 자리. 첫 점이 이미 닿았으면 그 점, 못 닿으면 무한대."""
    if heights[0] >= target:
        return sizes[0]
    pairs = list(zip(sizes, heights, strict=True))
    for (left, low), (right, high) in zip(pairs, pairs[1:], strict=False):
        if high >= target:
            return left + (right - left) * (target - low) / (high - low)
    return math.inf


def _smallest(
    sizes: list[int], lost: list[float], target: float, values: int = 3072, peak: float = 2.0
) -> float:
    place = _reached(sizes, [_decibels(error, values, peak) for error in lost], target)
    return place if math.isinf(place) else math.ceil(place)


def _choice_slip(
    got: float, expected: float, sizes: list[int], lost: list[float], target: float
) -> str:
    heights = [_decibels(error) for error in lost]
    if math.isinf(expected):
        return "가장 큰 차원도 목표를 못 채웁니다. 이럴 때는 math.inf를 돌려줍니다."
    if heights[0] >= target:
        return "첫 차원이 이미 목표를 채웁니다. 잰 범위 밖을 추측하지 않고 첫 차원을 돌려줍니다."
    place = _reached(sizes, heights, target)
    if got in (math.floor(place), round(place)) and got < place:
        return "목표에 조금 못 미치는 차원입니다. 채우는 정수가 되도록 올립니다."
    if math.isfinite(got) and got != math.floor(got):
        return "정수가 아닙니다. 목표를 채우는 가장 작은 정수로 올립니다."
    if got == next(size for size, height in zip(sizes, heights, strict=True) if height >= target):
        return "잰 차원 가운데 하나를 골랐습니다. 이웃한 두 차원 사이를 직선으로 잇습니다."
    error = 3072 * 4 / 10 ** (target / 10)
    straight = _reached(sizes, [-value for value in lost], -error)
    if not math.isinf(straight) and got == math.ceil(straight):
        return "오차를 직선으로 이었습니다. 직선으로 변하는 것은 PSNR입니다."
    slips = (
        (1024, 2.0, "MSE를 픽셀 수로 나누어 구했습니다. 값은 3072개입니다."),
        (3072, 1.0, "값의 범위를 1로 두었습니다. [-1, 1]의 폭은 2입니다."),
        (3072, 255.0, "값의 범위를 255로 두었습니다. [-1, 1]의 폭은 2입니다."),
    )
    if math.isinf(got):
        return "목표를 채우는 차원이 있습니다. 제곱오차의 합을 값의 개수로 나누었는지 봅니다."
    for values, peak, text in slips:
        if got == _smallest(sizes, lost, target, values, peak):
            return text
    return "오차마다의 PSNR을 먼저 적고, 목표가 어느 두 차원 사이에 있는지 봅니다."
