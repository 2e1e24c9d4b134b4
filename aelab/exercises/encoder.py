"""1장 인코더의 연습문제."""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from aelab.exercises.answers import Hint, as_shape, as_tensor, call, close, expect, without
from aelab.exercises.engine import Exercise

PARAMETER_BUDGET = 300_000  # 64×64 인코더의 잠재 차원이 128일 때

conv_parameters = Exercise(
    "conv_parameters(in_channels, out_channels, kernel_size): 커널이 정사각형이고 편향이 있는 합성곱 층의 매개변수 개수입니다.",
    cases=[(4, 32, 3), (32, 64, 3), (16, 7, 5), (3, 32, 3)],
    right=lambda i, o, k: i * o * k * k + o,
    mistakes=lambda right, i, o, k: {
        "커널의 값만 세었습니다. 출력 채널마다 편향이 하나씩 더 있습니다.": right - o,
        "편향을 입력 채널마다 더했습니다. 편향은 출력 채널마다 하나입니다.": right - o + i,
        "편향을 커널마다 더했습니다. 편향은 출력 채널마다 하나입니다.": right - o + i * o,
        "편향을 하나만 더했습니다. 편향은 출력 채널마다 하나입니다.": right - o + 1,
        "커널을 한 줄로 세었습니다. 가로와 세로가 모두 kernel_size입니다.": i * o * k + o,
        "입력 채널이 빠졌습니다. 출력 채널 하나는 모든 입력 채널을 읽습니다.": o * k * k + o,
    },
    otherwise="커널에 든 값의 개수와 편향의 개수를 따로 세어 더합니다.",
    same=torch.equal,
    run=without(nn.Module, hint="nn.Conv2d를 만들지 않고 식으로 구합니다."),
)


def _levels(_: torch.Generator) -> list[tuple[Tensor]]:
    dark = torch.arange(3 * 8 * 8, dtype=torch.uint8).reshape(3, 8, 8) // 2
    return [(torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16),), (dark,)]


def _as_float32(result: Any) -> Tensor:
    values, kind = as_tensor(result), result.dtype
    expect(kind == torch.float32, f"자료형 torch.float32를 기대했는데 {kind}이(가) 왔습니다.")
    return values


def _normalize_slips(_: Tensor, stored: Tensor) -> dict[str, Any]:
    values = stored.float()
    stretched = (values - values.min()) / (values.max() - values.min()) * 2 - 1
    standard, centred = (values - values.mean()) / values.std(), values - 127.5
    return {
        "[0, 1]로 옮겼습니다. 폭을 두 배로 늘리고 1을 뺍니다.": values / 255,
        "255가 1에 닿지 않습니다. 0과 255의 가운데가 어디인지 봅니다.": values / 128 - 1,
        "가운데는 0으로 옮겼지만 폭이 그대로입니다. 가장 먼 값이 ±1이 되도록 나눕니다.": centred,
        "받은 텐서의 최솟값과 최댓값에 맞추었습니다. 어두운 이미지는 어둡게 남아야 합니다.": stretched,
        "평균 0, 표준편차 1로 표준화했습니다. 여기서는 범위를 맞춥니다.": standard,
    }


normalize = Exercise(
    "normalize(stored): 0부터 255까지의 uint8 텐서를 [-1, 1]의 float32로 옮깁니다.",
    cases=_levels,
    right=lambda stored: (stored.double() * 2 / 255 - 1).float(),
    mistakes=_normalize_slips,
    otherwise=lambda got, stored: (
        f"[{stored.min()}, {stored.max()}]의 값이 [{got.min():.4g}, {got.max():.4g}](으)로 갔습니다. 0은 -1로, 255는 1로, 그 사이는 고르게 갑니다."
    ),
    read=_as_float32,
    same=lambda one, other: close(one, other, 1e-5),
)


def companion_free_norm(answer: object) -> None:
    """학습 모드에서도 특징 맵을 이미지마다 따로 정규화하는 층을 만드는 함수 `companion_free_norm(channels)`."""
    generator = torch.Generator().manual_seed(0)
    # 정해 둔 수로 빼고 나누는 층을 가리도록 이미지마다 평균과 표준편차를 바꿉니다.
    for channels, size, centre, width in ((32, 8, 5, 3), (64, 5, -2, 0.5)):
        layer = call(answer, channels)
        kind = f"클래스 {layer.__name__}" if isinstance(layer, type) else type(layer).__name__
        if not callable(layer) or isinstance(layer, type):
            raise Hint(
                f"특징 맵을 넣을 수 있는 층을 기대했는데 {kind}이(가) 왔습니다. 채널 수를 주어 층을 만듭니다."
            )
        if isinstance(layer, nn.Module):
            layer = copy.deepcopy(layer).train()
        maps = torch.randn(4, channels, size, size, generator=generator)
        maps = torch.cat([maps[:2] * width + centre, maps[2:] * 10 + 7])
        with torch.no_grad():
            together, again = (as_shape(call(layer, maps), tuple(maps.shape)) for _ in range(2))
            moved = []
            for place in range(4):
                batch = maps * 3 + 1
                batch[place] = maps[place]
                moved.append(as_shape(call(layer, batch), tuple(maps.shape))[place])
        means, stds = together.flatten(1).mean(1), together.flatten(1).std(1)
        off = (means.abs() > 0.05) | ((stds - 1).abs() > 0.05)
        at = int(off.double().argmax())
        alike = torch.corrcoef(torch.stack([maps[0].flatten().double(), together[0].flatten()]))
        expect(
            close(again, together),
            "같은 묶음을 두 번 넣었는데 결과가 달라졌습니다. 난수를 쓰지 않습니다.",
            close(torch.stack(moved), together),
            "학습 모드에서 동료 이미지만 바꾸었는데 이미지의 결과가 달라졌습니다. 통계를 묶음의 축까지 모아 내고 있지 않은지 봅니다.",
            not off.any(),
            f"평균 {maps[at].mean():.0f}, 표준편차 {maps[at].std():.1f}쯤인 특징 맵을 넣었더니 평균 {means[at]:.2f}, 표준편차 {stds[at]:.2f}인 특징 맵이 나왔습니다. "
            "이미지마다 평균을 0, 표준편차를 1 가까이로 맞춥니다.",
            alike[0, 1] > 0.9,
            "나온 특징 맵이 넣은 특징 맵과 닮지 않았습니다. 값을 빼고 나누기만 하며 자리와 차례는 그대로 둡니다.",
        )


def encoder_64(answer: object) -> None:
    """64×64 이미지의 인코더를 만드는 함수 `encoder_64(latent_dim)`: (batch, 3, 64, 64) → (batch, latent_dim)."""
    if isinstance(answer, nn.Module):
        raise Hint(
            "모델이 아니라 모델을 만드는 함수를 기대했습니다. 괄호 없이 함수의 이름을 줍니다."
        )
    for latent_dim in (32, 128):
        model = call(answer, latent_dim)
        kind = type(model).__name__
        expect(isinstance(model, nn.Module), f"nn.Module을 기대했는데 {kind}이(가) 왔습니다.")
        model = copy.deepcopy(model).train()
        _check_encoding(model, latent_dim)
    count = sum(parameter.numel() for parameter in model.parameters())
    layers = [layer for layer in model.modules() if isinstance(layer, nn.Linear | nn.Conv2d)]
    largest = max(layers, key=lambda layer: layer.weight.numel())
    if count > PARAMETER_BUDGET:
        raise Hint(
            f"잠재 차원 128에서 매개변수가 {count:,}개로 {PARAMETER_BUDGET:,}개를 넘습니다. 가장 큰 층은 {largest}입니다."
        )


def _check_encoding(model: nn.Module, latent_dim: int) -> None:
    images = torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    spots = torch.zeros(3, 3, 64, 64)
    spots[0, :, 16:24, 16:24], spots[1, :, 32:40, 32:40] = 1, 1
    with torch.no_grad():
        as_shape(call(model, images[:1]), (1, latent_dim))
        codes = as_shape(call(model, images), (3, latent_dim))
        again, apart = model(images), model(torch.cat([images[:1], images[1:] * 0.1 - 0.9]))
        first, second, blank = model(spots)
        called, bent = _layers(model, images.abs() * 3), True
        for side in (3, -3):  # 이미지에만 씌운 ReLU는 한쪽 부호에서 일차식입니다
            one, other = images[:1].abs() * side, images[1:2].abs() * side
            ends, middle = (
                _layers(model, torch.cat([one, other])),
                _layers(model, (one + other) / 2),
            )
            gap = (ends[-1][1].mean(0) - middle[-1][1][0]).norm()
            bent &= bool(gap > 1e-3 * ends[-1][1].norm())
    given = images.clone().requires_grad_()
    seen = torch.zeros_like(images)
    for column in model(given)[:, :4].T:
        seen += torch.autograd.grad(column.sum(), given, retain_graph=True, allow_unused=True)[
            0
        ].abs()
    share = float((seen > 0).double().mean())
    expect(
        any(isinstance(layer, nn.Conv2d) for layer, _ in called),
        "합성곱 층(nn.Conv2d)이 하나도 없습니다.",
        close(again, codes),
        "같은 이미지를 두 번 넣었는데 잠재 벡터가 달라졌습니다. 난수를 쓰지 않습니다.",
        close(apart[0], codes[0], 1e-3),
        "동료 이미지만 바꾸었는데 첫 이미지의 잠재 벡터가 달라졌습니다. 배치 정규화를 빼 봅니다.",
        bent,
        "출력이 입력의 일차식이거나 그것에 활성화 함수를 한 번 씌운 것입니다. 합성곱 사이에 활성화 함수를 넣습니다.",
        share > 0.99,
        f"잠재 벡터에 닿는 픽셀이 {100 * share:.0f} %뿐입니다. 채움과 보폭 때문에 읽히지 않는 픽셀이 없는지 봅니다.",
        float((first - second).norm()) > 0.5 * float((first - blank).norm()),
        "점의 자리를 옮겨도 잠재 벡터가 거의 그대로입니다. 특징 맵을 통째로 평균하지 말고 펼쳐서 선형층에 넣습니다.",
    )


def _layers(model: nn.Module, images: Tensor) -> list[tuple[nn.Module, Tensor]]:
    """불린 차례대로, 매개변수를 곱하는 층과 그 층이 받은 것."""
    called: list[tuple[nn.Module, Tensor]] = []
    hooks = [
        layer.register_forward_pre_hook(lambda layer, given: called.append((layer, given[0])))
        for layer in model.modules()
        if isinstance(layer, nn.Linear | nn.Conv2d)
    ]
    model(images)
    for hook in hooks:
        hook.remove()
    return called
