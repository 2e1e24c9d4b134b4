"""1장 인코더의 연습문제."""

import copy
from functools import cache

import torch
from torch import Tensor, nn

from aelab.data import load_images
from aelab.exercises.answers import Hint, as_shape, call, close, expect, without
from aelab.exercises.engine import Exercise
from aelab.exercises.prediction import Prediction
from aelab.inference import predict
from aelab.metrics import squared_error_per_image
from aelab.pretrained import load_pretrained

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


def _percent(part: Tensor, whole: Tensor | int) -> float:
    return float(100 * part / whole)


def _out_of_reach() -> tuple[float, float]:
    """시그모이드가 내지 못하는 값의 비율(%): 제곱오차로, 개수로."""
    images = load_images(split="test")[:500]
    dark = images.clamp(max=0)
    by_error = _percent(dark.square().sum(), images.square().sum())
    return by_error, _percent(dark.count_nonzero(), dark.numel())


beyond_sigmoid = Prediction(
    measure=lambda: _out_of_reach()[0],
    mistakes=lambda _: {
        "0보다 작은 값의 개수를 세었습니다. 제곱오차는 0에서 먼 값일수록 큽니다.": (
            _out_of_reach()[1]
        ),
        "비율에 100을 곱해 %로 적습니다.": _out_of_reach()[0] / 100,
    },
    why="0보다 작은 값에 가장 가까운 답은 0이고, 그 값의 제곱이 그대로 오차로 남습니다.",
)


@cache
def _rounding_costs() -> tuple[float, float]:
    """4비트로 반올림한 잠재 벡터의 오차가 늘어난 비율(%): 눈금을 학습 이미지에서, 재는 이미지에서 정할 때."""
    model, images = load_pretrained(128), load_images(split="test")[:500]
    codes = predict(model.encoder, images)
    fitted = predict(model.encoder, load_images(split="train")[:1000])
    plain = squared_error_per_image(predict(model.decoder, codes), images).mean()

    def cost(seen: Tensor) -> float:
        low, high = seen.aminmax(dim=0)
        step = (high - low) / 15
        rounded = ((codes.clamp(low, high) - low) / step).round() * step + low
        error = squared_error_per_image(predict(model.decoder, rounded), images).mean()
        return _percent(error - plain, plain)

    return cost(fitted), cost(codes)


four_bits = Prediction(
    measure=lambda: _rounding_costs()[0],
    mistakes=lambda _: {
        "눈금을 재는 이미지에서 정했습니다. 학습 이미지에서 정합니다.": _rounding_costs()[1],
        "늘어난 비율이 아니라 원래 오차에 대한 비입니다. 1을 빼고 100을 곱합니다.": (
            1 + _rounding_costs()[0] / 100
        ),
        "비율에 100을 곱해 %로 적습니다.": _rounding_costs()[0] / 100,
    },
    why="눈금의 간격은 6비트의 4.2배이고, 반올림이 보태는 오차는 그 제곱인 17.6배쯤입니다.",
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
        with torch.no_grad():
            as_shape(call(model, torch.zeros(1, 3, 64, 64)), (1, latent_dim))
        if latent_dim == 32:
            _check_encoding(model)
    count = sum(parameter.numel() for parameter in model.parameters())
    layers = [layer for layer in model.modules() if isinstance(layer, nn.Linear | nn.Conv2d)]
    largest = max(layers, key=lambda layer: layer.weight.numel())
    if count > PARAMETER_BUDGET:
        raise Hint(
            f"잠재 차원 128에서 매개변수가 {count:,}개로 {PARAMETER_BUDGET:,}개를 넘습니다. 가장 큰 층은 {largest}입니다."
        )


def _check_encoding(model: nn.Module) -> None:
    images = torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    spots = torch.zeros(3, 3, 64, 64)
    spots[0, :, 16:24, 16:24], spots[1, :, 32:40, 32:40] = 1, 1
    with torch.no_grad():
        alone, codes = (
            as_shape(call(model, some), (len(some), 32)) for some in (images[:1], images)
        )
        again, apart = model(images), model(torch.cat([images[:1], images[1:] * 0.1 - 0.9]))
        first, second, blank = model(spots)
        bent = True
        for side in (3, -3):  # 이미지에만 씌운 ReLU는 한쪽 부호에서 일차식입니다
            one, other = images[:2].abs().mul(side).split(1)
            called = _layers(model, torch.cat([one, other, (one + other) / 2]))
            left, right, middle = called[-1][1] if called else images
            bent &= bool((left + right - 2 * middle).norm() > 2e-3 * middle.norm())
    given = images.clone().requires_grad_()
    (slopes,) = torch.autograd.grad(model(given).sum() + 0 * given.sum(), given)
    share = float((slopes != 0).any(0).double().mean())  # 꺼진 ReLU는 이미지마다 다릅니다
    expect(
        any(isinstance(layer, nn.Conv2d) for layer, _ in called),
        "합성곱 층(nn.Conv2d)이 하나도 없습니다.",
        close(again, codes),
        "같은 이미지를 두 번 넣었는데 잠재 벡터가 달라졌습니다. 난수를 쓰지 않습니다.",
        close(apart[:1], alone, 1e-3) and close(codes[:1], alone, 1e-3),
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
