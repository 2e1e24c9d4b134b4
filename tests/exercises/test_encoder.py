import pytest
import torch
from torch import nn
from torch.nn import functional as F

from aelab.data import to_float
from aelab.exercises.encoder import PARAMETER_BUDGET
from aelab.models import Encoder
from tests.exercises.hints import grade

# conv_parameters


def count_with_pytorch(in_channels, out_channels, kernel_size):
    layer = nn.Conv2d(in_channels, out_channels, kernel_size)
    return sum(parameter.numel() for parameter in layer.parameters())


def count_one_by_one(in_channels, out_channels, kernel_size):
    count = 0
    for _ in range(out_channels):
        for _ in range(in_channels):
            for _ in range(kernel_size):
                for _ in range(kernel_size):
                    count += 1
        count += 1
    return count


@pytest.mark.parametrize(
    "answer",
    [
        count_with_pytorch,
        count_one_by_one,
        lambda i, o, k: o * (i * k**2 + 1),
        lambda i, o, k: torch.tensor(o * i * k * k + o),
        lambda in_channels, out_channels, kernel_size: (
            torch.zeros(out_channels, in_channels, kernel_size, kernel_size).numel() + out_channels
        ),
    ],
)
def test_any_right_count_passes(answer):
    assert grade("encoder.conv_parameters", answer) == (True, "")


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda i, o, k: i * o * k * k, "편향이 하나씩 더"),
        (lambda i, o, k: i * o * k * k + i, "입력 채널마다"),
        (lambda i, o, k: i * o * k * k + 1, "편향을 하나만"),
        (lambda i, o, k: i * o * k * k + i * o, "편향을 커널마다"),
        (lambda i, o, k: i * o * k + o, "가로와 세로"),
        (lambda i, o, k: o * k * k + o, "입력 채널이 빠졌"),
        (lambda i, o, k: 896, "따로 세어"),
        (lambda i, o, k: 4 * o * k * k + o, "채널 32→64"),
        (lambda i, o, k: float("nan"), "따로 세어"),
        (lambda i, o, k: "896", "수 하나를 기대"),
        (lambda i, o: i * o, "오류가 났습니다"),
        (896, "함수를 기대"),
    ],
)
def test_wrong_count_gets_the_hint_that_fits(answer, hint):
    solved, message = grade("encoder.conv_parameters", answer)
    assert solved is False
    assert hint in message


# normalize


def normalize_value_by_value(stored):
    values = [(int(level) - 127.5) / 127.5 for level in stored.flatten()]
    return torch.tensor(values, dtype=torch.float32).reshape(stored.shape)


@pytest.mark.parametrize(
    "answer",
    [
        to_float,
        normalize_value_by_value,
        lambda stored: stored / 255 * 2 - 1,
        lambda stored: (stored.double() / 127.5 - 1).float(),
        lambda stored: stored.float().div_(127.5).sub_(1),
        lambda stored: torch.linspace(-1, 1, 256)[stored.long()],
    ],
)
def test_any_right_scaling_passes(answer):
    assert grade("encoder.normalize", answer) == (True, "")


def standardize(stored):
    values = stored.float()
    return (values - values.mean()) / values.std()


def stretch(stored):
    values = stored.float()
    return (values - values.amin()) / (values.amax() - values.amin()) * 2 - 1


def write_into_the_input(stored):
    result = stored / 127.5 - 1
    stored.zero_()
    return result


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda stored: stored / 255, "[0, 1]로"),
        (lambda stored: stored / 128 - 1, "1에 닿지 않습니다"),
        (lambda stored: stored - 127.5, "폭이 그대로"),
        (lambda stored: (stored * 2) / 255 - 1, "고르게"),  # uint8이 넘칩니다
        (stretch, "최솟값과 최댓값"),
        (standardize, "표준화했습니다"),
        (write_into_the_input, "그 자리에서"),
        (lambda stored: stored.double() / 127.5 - 1, "torch.float32"),
        (lambda stored: (stored / 127.5 - 1).flatten(), "모양"),
        (lambda stored: (stored / 127.5 - 1).tolist(), "torch.Tensor를 기대"),
        (lambda stored: torch.zeros(stored.shape), "[0, 0]"),
        (lambda stored: torch.full(stored.shape, torch.nan), "[nan, nan]"),
    ],
)
def test_wrong_scaling_gets_the_hint_that_fits(answer, hint):
    solved, message = grade("encoder.normalize", answer)
    assert solved is False
    assert hint in message


# companion_free_norm


class EachImageInALoop(nn.Module):
    def forward(self, maps):
        return torch.stack([(one - one.mean()) / (one.std() + 1e-5) for one in maps])


class EachPosition(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.norm = nn.LayerNorm(channels)

    def forward(self, maps):
        return self.norm(maps.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class PlusNoise(nn.Module):
    def forward(self, maps):
        return F.instance_norm(maps) + torch.randn_like(maps)


class OverTheBatch(nn.Module):
    def forward(self, maps):
        return (maps - maps.mean(0)) / (maps.std(0) + 1e-5)


@pytest.mark.parametrize(
    "answer",
    [
        lambda channels: nn.GroupNorm(1, channels),
        lambda channels: nn.GroupNorm(8, channels),
        lambda channels: nn.InstanceNorm2d(channels, affine=True),
        lambda channels: EachImageInALoop(),
        EachPosition,
        lambda channels: lambda maps: F.group_norm(maps, 4),
    ],
)
def test_any_norm_of_a_single_image_passes(answer):
    assert grade("encoder.companion_free_norm", answer) == (True, "")


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (nn.BatchNorm2d, "동료 이미지만"),
        (lambda channels: nn.BatchNorm2d(channels).eval(), "동료 이미지만"),
        (lambda channels: nn.BatchNorm2d(channels, track_running_stats=False), "동료 이미지만"),
        (lambda channels: OverTheBatch(), "묶음의 축"),
        (lambda channels: nn.Identity(), "표준편차 3.0"),
        (lambda channels: nn.InstanceNorm2d, "클래스 InstanceNorm2d"),
        (lambda channels: PlusNoise(), "난수"),
        (nn.LayerNorm, "오류가 났습니다"),
        (lambda channels: nn.AvgPool2d(2), "모양"),
        (lambda channels: "GroupNorm", "str"),
        (lambda channels: lambda maps: maps - maps.mean((1, 2, 3), keepdim=True), "표준편차 3.0"),
        (lambda channels: lambda maps: maps * 0, "표준편차 0.00"),
        (nn.GroupNorm(1, 32), "오류가 났습니다"),
    ],
)
def test_wrong_norm_gets_the_hint_that_fits(answer, hint):
    solved, message = grade("encoder.companion_free_norm", answer)
    assert solved is False
    assert hint in message


# encoder_64


def build(latent_dim, layers, *, activation=nn.GELU, norm=None, pooled=False, padding=1):
    """`layers`는 (출력 채널, 보폭)의 목록."""
    parts, channels = [], 3
    for out_channels, stride in layers:
        parts.append(nn.Conv2d(channels, out_channels, 3, stride=stride, padding=padding))
        if norm is not None:
            parts.append(norm(out_channels))
        parts.append(activation())
        channels = out_channels
    if pooled:
        parts.append(nn.AdaptiveAvgPool2d(1))
    parts.append(nn.Flatten())
    width = nn.Sequential(*parts)(torch.zeros(2, 3, 64, 64)).shape[1]
    return nn.Sequential(*parts, nn.Linear(width, latent_dim))


FOUR = ((32, 2), (64, 2), (64, 2), (64, 2))
THREE = ((32, 2), (64, 2), (64, 2))


class HalfSizeFirst(nn.Module):
    def __init__(self, latent_dim):
        super().__init__()
        self.encoder = Encoder(latent_dim)

    def forward(self, images):
        return self.encoder(F.avg_pool2d(images, 2))


class EverySecondPixel(HalfSizeFirst):
    def forward(self, images):
        return self.encoder(images[:, :, ::2, ::2])


def test_the_budget_is_the_one_the_chapter_states():
    assert PARAMETER_BUDGET == 300_000


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "answer",
    [
        lambda latent_dim: build(latent_dim, FOUR),
        lambda latent_dim: build(latent_dim, FOUR, activation=nn.ReLU),
        lambda latent_dim: build(latent_dim, FOUR, activation=nn.Tanh),
        lambda latent_dim: build(latent_dim, ((16, 2), (16, 1), (32, 2), (32, 2), (32, 2))),
        lambda latent_dim: build(latent_dim, FOUR, norm=lambda c: nn.GroupNorm(1, c)),
        lambda latent_dim: build(latent_dim, ((32, 2), (32, 2), (16, 2))),
        HalfSizeFirst,
    ],
)
def test_any_encoder_within_the_terms_passes(answer, seed):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        assert grade("encoder.encoder_64", answer) == (True, "")


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda latent_dim: build(latent_dim, THREE), "가장 큰 층은 Linear(in_features=4096"),
        (lambda latent_dim: build(128, FOUR), "모양 (1, 32)"),
        (Encoder, "오류가 났습니다"),
        (lambda latent_dim: build(latent_dim, FOUR)[:-1], "모양 (1, 32)"),
        (
            lambda latent_dim: nn.Sequential(nn.Flatten(), nn.Linear(3 * 64 * 64, latent_dim)),
            "합성곱 층",
        ),
        (lambda latent_dim: build(latent_dim, FOUR, norm=nn.BatchNorm2d), "동료 이미지만"),
        (lambda latent_dim: build(latent_dim, FOUR, activation=nn.Dropout), "난수"),
        (lambda latent_dim: build(latent_dim, FOUR, activation=nn.Identity), "일차식"),
        (lambda latent_dim: build(latent_dim, FOUR, pooled=True), "자리를 옮겨도"),
        (lambda latent_dim: build(latent_dim, FOUR, padding=0), "픽셀이 97 %"),
        (EverySecondPixel, "픽셀이 25 %"),
        (lambda latent_dim: torch.zeros(3, latent_dim), "nn.Module을 기대"),
        (build(128, FOUR), "모델을 만드는 함수를 기대"),
    ],
)
def test_wrong_encoder_gets_the_hint_that_fits(answer, hint):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        solved, message = grade("encoder.encoder_64", answer)
    assert solved is False
    assert hint in message


# 풀지 않은 답


@pytest.mark.parametrize(
    "exercise", ["conv_parameters", "normalize", "companion_free_norm", "encoder_64"]
)
@pytest.mark.parametrize("stub", [None, ..., lambda *inputs: None, lambda *inputs: ...])
def test_the_stub_is_unsolved(exercise, stub):
    solved, message = grade(f"encoder.{exercise}", stub)
    assert solved is None
    assert message


def test_an_encoder_of_exactly_the_budget_passes(monkeypatch):
    count = sum(parameter.numel() for parameter in build(128, FOUR).parameters())
    monkeypatch.setattr("aelab.exercises.encoder.PARAMETER_BUDGET", count)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        assert grade("encoder.encoder_64", lambda size: build(size, FOUR)) == (True, "")


def test_grading_a_norm_leaves_the_global_generator_alone():
    before = torch.random.get_rng_state()
    grade("encoder.companion_free_norm", lambda channels: nn.GroupNorm(1, channels))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_grading_leaves_the_students_layer_alone():
    layer = nn.BatchNorm2d(32).eval()
    grade("encoder.companion_free_norm", lambda channels: layer)
    assert not layer.training
    assert int(layer.num_batches_tracked) == 0
