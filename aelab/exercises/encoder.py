"""1장 인코더의 연습문제."""

import copy

import torch
from torch import Tensor, nn

from aelab.exercises.answers import Hint, as_number, as_tensor, call, close

PARAMETER_BUDGET = 300_000  # 64×64 인코더의 잠재 차원이 128일 때


def conv_parameters(answer: object) -> None:
    """합성곱 층의 매개변수 개수를 구하는 함수 `conv_parameters(in_channels, out_channels, kernel_size)`.

    커널은 정사각형이고 편향이 있습니다.
    """
    for i, o, k in ((4, 32, 3), (32, 64, 3), (16, 7, 5), (3, 32, 3)):
        kernels = i * o * k * k
        slips: dict[float, str] = {
            kernels: "커널의 값만 세었습니다. 출력 채널마다 편향이 하나씩 더 있습니다.",
            kernels + i: "편향을 입력 채널마다 더했습니다. 편향은 출력 채널마다 하나입니다.",
            kernels + i * o: "편향을 커널마다 더했습니다. 편향은 출력 채널마다 하나입니다.",
            kernels + 1: "편향을 하나만 더했습니다. 편향은 출력 채널마다 하나입니다.",
            i * o * k + o: "커널을 한 줄로 세었습니다. 가로와 세로가 모두 kernel_size입니다.",
            o * k * k + o: "입력 채널이 빠졌습니다. 출력 채널 하나는 모든 입력 채널을 읽습니다.",
        }
        got = as_number(call(answer, i, o, k))
        if got != kernels + o:
            slip = slips.get(got, "커널에 든 값의 개수와 편향의 개수를 따로 세어 더합니다.")
            raise Hint(f"채널 {i}→{o}, 커널 {k}×{k}에서 {got:,.0f}개가 나왔습니다. {slip}")


def normalize(answer: object) -> None:
    """0부터 255까지의 uint8 텐서를 [-1, 1]의 float32로 옮기는 함수 `normalize(stored)`.

    모양은 그대로 두고 받은 텐서는 바꾸지 않습니다.
    """
    every_level = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)
    dark = torch.arange(3 * 8 * 8, dtype=torch.uint8).reshape(3, 8, 8) // 2
    for stored in (every_level, dark):
        expected = stored.double() * 2 / 255 - 1
        result = call(answer, stored)
        values = as_tensor(result, tuple(stored.shape))
        if isinstance(result, Tensor) and result.dtype != torch.float32:
            raise Hint(f"자료형 torch.float32를 기대했는데 {result.dtype}이(가) 왔습니다.")
        if not close(values, expected, tolerance=1e-5):
            raise Hint(_range_slip(stored, values))


def _range_slip(stored: Tensor, values: Tensor) -> str:
    level = stored.double()
    if close(values, level / 255, 1e-5):
        return "[0, 1]로 옮겼습니다. 폭을 두 배로 늘리고 1을 뺍니다."
    if close(values, level / 128 - 1, 1e-5):
        return f"255가 {float(values.max()):.4f}이 되어 1에 닿지 않습니다. 0과 255의 가운데가 어디인지 봅니다."
    if close(values, level - 127.5, 1e-5):
        return "가운데는 0으로 옮겼지만 폭이 그대로입니다. 가장 먼 값이 ±1이 되도록 나눕니다."
    spread = level.amax() - level.amin()
    if close(values, (level - level.amin()) * 2 / spread - 1, 1e-5):
        return "받은 텐서의 최솟값과 최댓값에 맞추었습니다. 어두운 이미지는 어둡게 남아야 합니다."
    if abs(float(values.mean())) < 1e-4 and abs(float(values.std()) - 1) < 0.02:
        return "평균 0, 표준편차 1로 표준화했습니다. 여기서는 범위를 맞춥니다."
    return (
        f"[{float(level.min()):.0f}, {float(level.max()):.0f}]의 값이 "
        f"[{float(values.min()):.4g}, {float(values.max()):.4g}](으)로 갔습니다. "
        "0은 -1로, 255는 1로, 그 사이는 고르게 갑니다."
    )


def companion_free_norm(answer: object) -> None:
    """특징 맵을 이미지마다 따로 정규화하는 층을 만드는 함수 `companion_free_norm(channels)`.

    학습 모드에서도 같은 묶음의 다른 이미지가 결과를 바꾸지 않아야 합니다.
    """
    generator = torch.Generator().manual_seed(0)
    for channels, size in ((32, 8), (64, 5)):
        layer = call(answer, channels)
        if isinstance(layer, type):
            raise Hint(
                f"층이 아니라 클래스 {layer.__name__}이(가) 왔습니다. 채널 수를 주어 만듭니다."
            )
        if not callable(layer):
            raise Hint(
                f"특징 맵을 넣을 수 있는 층을 기대했는데 {type(layer).__name__}이(가) 왔습니다."
            )
        if isinstance(layer, nn.Module):
            layer = copy.deepcopy(layer).train()
        maps = torch.randn(4, channels, size, size, generator=generator)
        image, companions = maps[:1] * 3 + 5, maps[1:]
        alone = _apply(layer, torch.cat([image, companions]))[0]
        if not close(_apply(layer, torch.cat([image, companions]))[0], alone):
            raise Hint("같은 묶음을 두 번 넣었는데 결과가 달라졌습니다. 난수를 쓰지 않습니다.")
        moved = _apply(layer, torch.cat([image, companions * 10 + 7]))[0]
        if not close(moved, alone):
            raise Hint(
                "학습 모드에서 동료 이미지만 바꾸었는데 첫 이미지의 결과가 달라졌습니다. "
                "통계를 묶음의 축까지 모아 내고 있지 않은지 봅니다."
            )
        mean, std = float(alone.mean()), float(alone.std())
        if abs(mean) > 0.05 or abs(std - 1) > 0.05:
            raise Hint(
                f"평균 5, 표준편차 3쯤인 특징 맵을 넣었더니 평균 {mean:.2f}, 표준편차 {std:.2f}인 "
                "특징 맵이 나왔습니다. 이미지마다 평균을 0, 표준편차를 1 가까이로 맞춥니다."
            )


def _apply(layer: object, maps: Tensor) -> Tensor:
    with torch.no_grad():
        return as_tensor(call(layer, maps), tuple(maps.shape))


def encoder_64(answer: object) -> None:
    """64×64 이미지의 인코더를 만드는 함수 `encoder_64(latent_dim)`: (batch, 3, 64, 64) → (batch, latent_dim).

    합성곱을 쓰고, 층 사이에 활성화 함수가 있고, 묶음의 다른 이미지에 매이지 않으며,
    latent_dim이 128일 때 매개변수가 300,000개를 넘지 않아야 합니다.
    """
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(3, 3, 64, 64, generator=generator) * 2 - 1
    if isinstance(answer, nn.Module):
        raise Hint(
            "모델이 아니라 모델을 만드는 함수를 기대했습니다. 괄호 없이 함수의 이름을 줍니다."
        )
    for latent_dim in (32, 128):
        model = call(answer, latent_dim)
        if not isinstance(model, nn.Module):
            raise Hint(f"nn.Module을 기대했는데 {type(model).__name__}이(가) 왔습니다.")
        model = copy.deepcopy(model).train()
        if not any(isinstance(layer, nn.Conv2d) for layer in model.modules()):
            raise Hint("합성곱 층(nn.Conv2d)이 하나도 없습니다.")
        with torch.no_grad():
            as_tensor(call(model, images[:1]), (1, latent_dim))
            codes = as_tensor(call(model, images), (3, latent_dim))
            _check_each_image_alone(model, images, codes)
            _check_not_affine(model, images, codes)
        _check_every_pixel_counts(model, images)
        _check_places_count(model)
    count = sum(parameter.numel() for parameter in model.parameters())
    if count > PARAMETER_BUDGET:
        largest = max(
            (layer for layer in model.modules() if isinstance(layer, nn.Linear | nn.Conv2d)),
            key=lambda layer: layer.weight.numel(),
        )
        raise Hint(
            f"잠재 차원 128에서 매개변수가 {count:,}개로 {PARAMETER_BUDGET:,}개를 넘습니다. "
            f"가장 큰 층은 {largest}입니다."
        )


def _check_each_image_alone(model: nn.Module, images: Tensor, codes: Tensor) -> None:
    if not close(model(images), codes):
        raise Hint("같은 이미지를 두 번 넣었는데 잠재 벡터가 달라졌습니다. 난수를 쓰지 않습니다.")
    others = torch.cat([images[:1], images[1:] * 0.1 - 0.9])
    if not close(model(others)[0], codes[0], 1e-3):
        raise Hint(
            "동료 이미지만 바꾸었는데 첫 이미지의 잠재 벡터가 달라졌습니다. 배치 정규화를 빼 봅니다."
        )


def _check_not_affine(model: nn.Module, images: Tensor, codes: Tensor) -> None:
    # 일차식이면 f(-x)와 f(10x)의 움직임이 f(x)의 움직임의 -1배와 10배입니다.
    blank = model(torch.zeros_like(images)).double()
    moved = codes - blank
    bent = [(model(images * k).double() - blank) / k - moved for k in (-1, 10)]
    if max(float(values.norm()) for values in bent) <= 1e-3 * float(moved.norm()):
        raise Hint("출력이 입력의 일차식입니다. 합성곱 사이에 활성화 함수를 넣습니다.")


def _check_every_pixel_counts(model: nn.Module, images: Tensor) -> None:
    given = images.clone().requires_grad_()
    codes = model(given)
    weights = torch.linspace(1, 2, codes.shape[1])  # 더하면서 기울기가 지워지지 않도록
    (codes * weights).sum().backward()
    reached = given.grad.abs().sum((0, 1)) > 0 if given.grad is not None else torch.zeros(1)
    seen = float(reached.double().mean())
    if seen < 0.99:
        raise Hint(
            f"잠재 벡터에 닿는 픽셀이 {100 * seen:.0f} %뿐입니다. 채움과 보폭 때문에 읽히지 않는 "
            "픽셀이 없는지 봅니다."
        )


@torch.no_grad()
def _check_places_count(model: nn.Module) -> None:
    spots = torch.zeros(3, 3, 64, 64)
    spots[0, :, 16:24, 16:24], spots[1, :, 32:40, 32:40] = 1, 1
    first, second, blank = model(spots).double()
    if float((first - second).norm()) <= 0.5 * float((first - blank).norm()):
        raise Hint(
            "점의 자리를 옮겨도 잠재 벡터가 거의 그대로입니다. 특징 맵을 통째로 평균하지 말고 "
            "펼쳐서 선형층에 넣습니다."
        )
