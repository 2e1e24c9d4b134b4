"""aelab.ood: 무늬는 픽셀마다의 반복문, AUROC는 쌍 세기와 견줍니다."""

import inspect
import math

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from torch import nn

from aelab import ood, toyworld
from aelab.models import Autoencoder


def photos(count: int = 4) -> torch.Tensor:
    return toyworld.load("test")[:count]


def random_images(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


# 무늬


def noise(count=2, seed=0):
    return ood.uniform_noise(count, generator=torch.Generator().manual_seed(seed))


PATTERNS = {
    "noise": lambda: noise(2),
    "constant": lambda: ood.constant([[0.5, -1, 1], [0, 0, 0]]),
    "single channel": lambda: ood.single_channel(1, [0.2, 1]),
    "checkerboard": lambda: ood.checkerboard(8),
    "stripes": lambda: ood.stripes(5.3, angle=33, phase=70),
    "colour ramp": lambda: ood.color_ramp([-1, 0, 0.5]),
    "blurred": lambda: ood.blurred(photos(), 1.5),
    "shifted": lambda: ood.shifted(photos(), down=-3, right=5),
}


@pytest.mark.parametrize("name", PATTERNS)
def test_every_pattern_is_a_batch_of_images(name):
    images = PATTERNS[name]()
    assert images.shape[1:] == (3, 32, 32)
    assert images.dtype == torch.float32
    assert -1 <= float(images.min()) <= float(images.max()) <= 1


@pytest.mark.parametrize("name", PATTERNS)
def test_every_pattern_owns_its_pixels(name):
    images = PATTERNS[name]()
    before = images.clone()
    images[:, :, 0, 0] += 5  # 한 값을 여러 픽셀이 나누어 쓰면 다른 픽셀도 바뀝니다
    assert (images != before).sum() == len(images) * 3


def test_noise_is_uniform_and_follows_its_generator():
    images = noise(50)
    assert images.equal(noise(50))
    assert not images.equal(noise(50, seed=1))
    counts = torch.histc(images, bins=10, min=-1, max=1) / images.numel()
    torch.testing.assert_close(counts, torch.full((10,), 0.1), atol=3e-3, rtol=0)


def test_noise_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    noise()
    assert torch.get_rng_state().equal(before)


def test_constant_repeats_its_colour_everywhere():
    colors = [[0.25, -1.0, 1.0], [0.0, 0.5, -0.5]]
    images = ood.constant(colors)
    for image, color in zip(images.tolist(), colors, strict=True):
        for channel, value in zip(image, color, strict=True):
            assert all(pixel == value for row in channel for pixel in row)
    assert ood.constant([0.5, 0, -1]).shape == (1, 3, 32, 32)


@pytest.mark.parametrize("channel", [0, 1, 2])
def test_single_channel_switches_the_others_off(channel):
    images = ood.single_channel(channel, [1.0, -0.5])
    for image, level in zip(images, (1.0, -0.5), strict=True):
        expected = [-1.0, -1.0, -1.0]
        expected[channel] = level
        assert image[:, 7, 30].tolist() == expected
        assert image.flatten(1).std(1).max() == 0


def test_full_red_is_not_the_pink_of_one_zero_zero():
    assert ood.single_channel(0)[0, :, 0, 0].tolist() == [1, -1, -1]


@pytest.mark.parametrize("cell", [1, 2, 3, 5, 8, 16, 32])
@pytest.mark.parametrize("offset", [(0, 0), (1, 4)])
def test_checkerboard_matches_a_loop_over_pixels(cell, offset):
    first, second = [0.5, 0.0, -1.0], [-0.5, 1.0, 0.25]
    (image,) = ood.checkerboard(cell, first=first, second=second, offset=offset).tolist()
    for i in range(32):
        for j in range(32):
            steps = math.floor((i + offset[0]) / cell) + math.floor((j + offset[1]) / cell)
            color = first if steps % 2 == 0 else second
            assert [image[c][i][j] for c in range(3)] == color


def test_checkerboard_of_16_is_white_at_the_upper_left():
    (image,) = ood.checkerboard(16)
    assert image[0, 0, 0] == image[0, 31, 31] == 1
    assert image[0, 0, 31] == image[0, 31, 0] == -1


def test_two_colours_can_be_many_pairs():
    first, second = random_images(5, 3), random_images(5, 3)
    boards = ood.checkerboard(4, first=first, second=second)
    for board, a, b in zip(boards, first, second, strict=True):
        torch.testing.assert_close(board, ood.checkerboard(4, first=a, second=b)[0])
    assert ood.stripes(4, first=first).shape == (5, 3, 32, 32)


@pytest.mark.parametrize(
    ("period", "angle", "phase"), [(8, 0, 0), (8, 90, 0), (5.5, 30, 120), (2, 0, 0), (32, 135, -40)]
)
def test_stripes_match_a_loop_over_pixels(period, angle, phase):
    first, second = [1.0, 0.0, -1.0], [-1.0, 0.5, -1.0]
    (image,) = ood.stripes(period, angle=angle, phase=phase, first=first, second=second)
    for i in range(0, 32, 3):
        for j in range(0, 32, 3):
            distance = j * math.cos(angle / 180 * math.pi) + i * math.sin(angle / 180 * math.pi)
            wave = math.cos(math.tau * distance / period + phase / 180 * math.pi)
            expected = [
                (a + b) / 2 + (a - b) / 2 * wave for a, b in zip(first, second, strict=True)
            ]
            assert image[:, i, j].tolist() == pytest.approx(expected, abs=1e-5)


def test_stripes_of_angle_zero_are_vertical():
    (image,) = ood.stripes(8)
    assert image.std(1).max() < 1e-6  # 위아래로는 변하지 않습니다
    torch.testing.assert_close(image[:, :, :24], image[:, :, 8:])


@pytest.mark.parametrize(("down", "right"), [(0, 1), (1, 0), (2, 0), (1, 2)])
def test_colour_ramp_matches_a_loop_over_pixels(down, right):
    images = ood.color_ramp([0.0, -0.5], down=down, right=right)
    rest = 3 - down - right
    for image, level in zip(images, (0.0, -0.5), strict=True):
        for i in range(32):
            for j in range(0, 32, 5):
                assert float(image[down, i, j]) == pytest.approx(i * 2 / 31 - 1, abs=1e-6)
                assert float(image[right, i, j]) == pytest.approx(j * 2 / 31 - 1, abs=1e-6)
                assert float(image[rest, i, j]) == level


@pytest.mark.parametrize("sigma", [0.5, 1, 2.7, 12])  # 창의 반지름이 scipy와 같은 값들
def test_blur_agrees_with_scipy(sigma):
    images = torch.cat([photos(), noise(2)])
    expected = gaussian_filter(
        images.double().numpy(), sigma=(0, 0, sigma, sigma), mode="nearest", truncate=4
    )
    np.testing.assert_allclose(ood.blurred(images, sigma), expected, atol=1e-5)


def test_blur_keeps_a_constant_image():
    images = ood.constant([[1, -1, 0.3]])
    torch.testing.assert_close(ood.blurred(images, 3.0), images)


@pytest.mark.parametrize(("down", "right"), [(0, 0), (1, 0), (0, -1), (-3, 5), (31, -31)])
def test_shift_matches_a_loop_over_pixels(down, right):
    images = random_images(2, 3, 32, 32)
    result = ood.shifted(images, down=down, right=right)
    for i in range(32):
        for j in range(32):
            source_i, source_j = min(max(i - down, 0), 31), min(max(j - right, 0), 31)
            assert torch.equal(result[:, :, i, j], images[:, :, source_i, source_j])


@pytest.mark.parametrize(
    "change", [lambda x: ood.blurred(x, 1), lambda x: ood.shifted(x, down=2)], ids=["blur", "shift"]
)
def test_changed_photos_leave_the_originals_alone(change):
    images = random_images(2, 3, 32, 32)
    before = images.clone()
    change(images).zero_()
    assert images.equal(before)


# 점수


class Halve(nn.Module):
    """재구성이 입력의 절반인 모델. 학습 모드에서는 0을 냅니다."""

    def forward(self, images):
        self.largest_batch = max(getattr(self, "largest_batch", 0), len(images))
        return images * (0 if self.training else 0.5)


def test_reconstruction_score_is_the_summed_squared_error_of_each_image():
    images = random_images(7, 3, 32, 32)
    expected = [
        sum((value / 2) ** 2 for value in image.flatten().tolist()) for image in images.double()
    ]
    scores = ood.reconstruction_score(Halve(), images)
    assert scores.tolist() == pytest.approx(expected, rel=1e-5)


def test_reconstruction_score_does_not_depend_on_the_batch_size():
    model = Autoencoder(8, base_channel_size=4, generator=torch.Generator().manual_seed(0))
    images = random_images(7, 3, 32, 32)
    whole = ood.reconstruction_score(model, images)
    torch.testing.assert_close(ood.reconstruction_score(model, images, batch_size=3), whole)
    one_by_one = [model.eval()(image[None]).sub(image).square().sum() for image in images]
    torch.testing.assert_close(whole, torch.stack(one_by_one).detach())


def test_batch_size_limits_the_images_at_once():
    model = Halve()
    ood.reconstruction_score(model, random_images(7, 3, 32, 32), batch_size=3)
    assert model.largest_batch == 3


@pytest.mark.parametrize("training", [True, False])
def test_reconstruction_score_returns_the_model_to_its_mode(training):
    model = Halve().train(training)
    assert not ood.reconstruction_score(model, photos(2)).requires_grad
    assert model.training is training


def test_model_returns_to_its_mode_after_an_error():
    class Breaks(nn.Module):
        def forward(self, images):
            raise RuntimeError("고장")

    model = Breaks().train()
    with pytest.raises(RuntimeError, match="고장"):
        ood.reconstruction_score(model, photos(1))
    assert model.training


def mann_whitney(in_scores, out_scores):
    wins = 0.0
    for a in in_scores.tolist():
        for b in out_scores.tolist():
            wins += 1.0 if b > a else 0.5 if b == a else 0.0
    return wins / (len(in_scores) * len(out_scores))


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("counts", [(1, 1), (20, 5), (40, 70)])
def test_auroc_counts_the_pairs_where_the_outside_is_higher(counts, ties):
    generator = torch.Generator().manual_seed(sum(counts))
    inside = torch.randn(counts[0], generator=generator)
    outside = torch.randn(counts[1], generator=generator) + 0.7
    if ties:
        inside, outside = inside.round(), outside.round()
    assert ood.auroc(inside, outside) == pytest.approx(mann_whitney(inside, outside), abs=1e-9)


def test_auroc_of_separated_scores_is_one_and_swapped_is_zero():
    low, high = torch.arange(5.0), torch.arange(10.0, 14.0)
    assert ood.auroc(low, high) == 1
    assert ood.auroc(high, low) == 0
    assert ood.auroc(low, low) == 0.5


# 잘못된 입력

BROKEN = random_images(2, 3, 8, 8)
BROKEN[0, 0, 0, 0] = torch.nan
IMAGES = random_images(2, 3, 8, 8)
SCORES = torch.arange(3.0)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: noise(0), ValueError, "count: 1 이상의 정수를 기대했는데 0"),
        (lambda: noise(1.5), TypeError, "count: 정수를 기대했는데 1.5"),
        (lambda: ood.constant([0.5, 0.5]), ValueError, r"colors: .*\(2,\)이"),
        (lambda: ood.constant([]), ValueError, r"colors: .*\(0,\)이"),
        (lambda: ood.constant(torch.zeros(0, 3)), ValueError, r"colors: .*\(0, 3\)이"),
        (lambda: ood.constant([0, 0, 255]), ValueError, r"colors: \[-1, 1\]의 값을 기대"),
        (lambda: ood.constant([0, 0, math.nan]), ValueError, "colors: 유한한 값만"),
        (lambda: ood.single_channel(3), ValueError, "channel: 0.빨강.* 3이"),
        (lambda: ood.single_channel(True), ValueError, "channel: 0.빨강.* True이"),
        (lambda: ood.single_channel(0, 1.5), ValueError, r"levels: \[-1, 1\]의 값을 기대"),
        (lambda: ood.single_channel(0, []), ValueError, r"levels: .*\(0,\)이"),
        (lambda: ood.single_channel(0, [[1.0]]), ValueError, r"levels: .*\(1, 1\)이"),
        (lambda: ood.checkerboard(0), ValueError, "cell: 1 이상의 정수를 기대했는데 0"),
        (lambda: ood.checkerboard(-4), ValueError, "cell: 1 이상의 정수를 기대했는데 -4"),
        (lambda: ood.checkerboard(2.5), TypeError, "cell: 정수를 기대했는데 2.5"),
        (lambda: ood.checkerboard(33), ValueError, "cell: 32 이하의 정수를 기대했는데 33"),
        (lambda: ood.checkerboard(4, first=[2, 0, 0]), ValueError, "first: "),
        (
            lambda: ood.checkerboard(4, first=torch.zeros(2, 3), second=torch.zeros(5, 3)),
            ValueError,
            "first, second: .*2개와 5개",
        ),
        (lambda: ood.stripes(1.9), ValueError, "period: 2픽셀 이상을 기대했는데 1.9"),
        (lambda: ood.stripes(math.inf), ValueError, "period: 유한한 수를 기대했는데 inf"),
        (lambda: ood.stripes("8"), ValueError, "period: 유한한 수를 기대했는데 '8'"),
        (lambda: ood.stripes(8, angle=math.nan), ValueError, "angle: 유한한 수"),
        (lambda: ood.color_ramp(-2), ValueError, r"rest: \[-1, 1\]의 값을 기대"),
        (lambda: ood.color_ramp(down=1), ValueError, "down, right: 서로 다른 두 채널.* 둘 다 1"),
        (lambda: ood.color_ramp(right=3), ValueError, "right: 0.빨강.* 3이"),
        (lambda: ood.blurred(IMAGES, 0), ValueError, "sigma: 0보다 큰 수를 기대했는데 0"),
        (lambda: ood.blurred(IMAGES, -1.0), ValueError, "sigma: 0보다 큰 수를 기대했는데 -1"),
        (lambda: ood.blurred(IMAGES, math.nan), ValueError, "sigma: 유한한 수"),
        (lambda: ood.blurred(IMAGES[0], 1.0), ValueError, "images: .*4차원"),
        (lambda: ood.blurred(BROKEN, 1.0), ValueError, "images: 유한한 값만"),
        (lambda: ood.blurred(IMAGES[:0], 1.0), ValueError, "images: 한 장 이상"),
        (lambda: ood.blurred(IMAGES * 127, 1.0), ValueError, r"images: \[-1, 1\]의 값"),
        (lambda: ood.shifted(IMAGES, down=8), ValueError, "down: 이미지의 한 변 8보다 작은.* 8이"),
        (lambda: ood.shifted(IMAGES, right=-9), ValueError, "right: .*-9이"),
        (lambda: ood.shifted(IMAGES, right=0.5), TypeError, "right: 정수를 기대했는데 0.5"),
        (lambda: ood.shifted(IMAGES.to(torch.uint8)), TypeError, "images: 실수형"),
        (lambda: ood.shifted(BROKEN), ValueError, "images: 유한한 값만"),
        (lambda: ood.reconstruction_score(Halve(), IMAGES[0]), ValueError, "images: .*4차원"),
        (lambda: ood.reconstruction_score(Halve(), IMAGES[:0]), ValueError, "images: 한 장 이상"),
        (lambda: ood.reconstruction_score(Halve(), BROKEN), ValueError, "images: 유한한 값만"),
        (lambda: ood.reconstruction_score(Halve(), IMAGES + 1), ValueError, r"\[-1, 1\]의 값"),
        (
            lambda: ood.reconstruction_score(Halve(), IMAGES, batch_size=0),
            ValueError,
            "batch_size: 1 이상",
        ),
        (
            lambda: ood.reconstruction_score(nn.AvgPool2d(2), IMAGES),
            ValueError,
            "restored: original과 같은 모양",
        ),
        (lambda: ood.auroc([1.0], SCORES), TypeError, "in_scores: torch.Tensor를 기대했는데 list"),
        (lambda: ood.auroc(SCORES, SCORES[:0]), ValueError, r"out_scores: .*\(0,\)이"),
        (lambda: ood.auroc(SCORES[None], SCORES), ValueError, r"in_scores: .*\(1, 3\)이"),
        (lambda: ood.auroc(SCORES, SCORES.log()), ValueError, "out_scores: 유한한 값만"),
    ],
)
def test_bad_input_is_refused_with_what_was_expected(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_random_numbers_and_channels_are_asked_for_by_name():
    parameters = inspect.signature(ood.uniform_noise).parameters
    assert parameters["generator"].kind is inspect.Parameter.KEYWORD_ONLY
    assert parameters["generator"].default is inspect.Parameter.empty
