"""aelab.ood: 무늬는 픽셀마다의 반복문, AUROC는 쌍 세기와 견줍니다."""

import math

import pytest
import torch
from torch import nn

from aelab import ood
from aelab.data import ImageSet
from aelab.metrics import squared_error_per_image
from aelab.models import Autoencoder


def random_images(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


def noise(count=2, seed=0):
    return ood.uniform_noise(count, generator=torch.Generator().manual_seed(seed))


PHOTOS = random_images(2, 3, 32, 32)
PATTERNS = {
    "noise": noise,
    "constant": lambda: ood.constant([[0.5, -1, 1], [0, 0, 0]]),
    "single channel": lambda: ood.single_channel(1, [0.2, 1]),
    "checkerboard": lambda: ood.checkerboard(8),
    "stripes": lambda: ood.stripes(5.3, angle=33, phase=70),
    "colour ramp": lambda: ood.color_ramp([-1, 0, 0.5]),
    "blurred": lambda: ood.blurred(PHOTOS, 1.5),
    "shifted": lambda: ood.shifted(PHOTOS, down=-3, right=5),
}


@pytest.mark.parametrize("name", PATTERNS)
def test_every_pattern_is_a_batch_of_images_with_pixels_of_its_own(name):
    photos = PHOTOS.clone()
    images = PATTERNS[name]()
    assert images.shape[1:] == (3, 32, 32)
    assert images.dtype == torch.float32
    assert -1 <= float(images.min()) <= float(images.max()) <= 1
    before = images.clone()
    images[:, :, 0, 0] += 5  # 한 값을 여러 픽셀이 나누어 쓰면 다른 픽셀도 바뀝니다
    assert (images != before).sum() == len(images) * 3
    assert PHOTOS.equal(photos)


def test_noise_is_uniform_and_follows_its_generator_alone():
    before = torch.get_rng_state()
    images = noise(50)
    assert torch.get_rng_state().equal(before)
    assert images.equal(noise(50))
    assert not images.equal(noise(50, seed=1))
    counts = torch.histc(images, bins=10, min=-1, max=1) / images.numel()
    torch.testing.assert_close(counts, torch.full((10,), 0.1), atol=3e-3, rtol=0)


def test_constant_repeats_its_colour_everywhere():
    colors = [[0.25, -1.0, 1.0], [0.0, 0.5, -0.5]]
    images = ood.constant(colors)
    assert images.flatten(2).eq(torch.tensor(colors)[:, :, None]).all()
    assert ood.constant([0, 0, -1]).shape == (1, 3, 32, 32)


@pytest.mark.parametrize("channel", [0, 1, 2])
def test_single_channel_switches_the_others_off(channel):
    images = ood.single_channel(channel, [1.0, -0.5])
    for image, level in zip(images, (1.0, -0.5), strict=True):
        expected = [-1.0, -1.0, -1.0]
        expected[channel] = level
        assert image[:, 7, 30].tolist() == expected
        assert image.flatten(1).std(1).max() == 0
    assert ood.single_channel(channel).amax() == 1


@pytest.mark.parametrize("cell", [1, 3, 16, 32])
def test_checkerboard_matches_a_loop_over_pixels(cell):
    first, second = [0.5, 0.0, -1.0], [-0.5, 1.0, 0.25]
    (image,) = ood.checkerboard(cell, first=first, second=second).tolist()
    for i in range(32):
        for j in range(32):
            color = first if (i // cell + j // cell) % 2 == 0 else second
            assert [image[c][i][j] for c in range(3)] == color


def test_checkerboard_is_white_at_the_upper_left_and_takes_many_pairs():
    assert ood.checkerboard(16)[0, :, 0, [0, 31]].tolist() == [[1, -1]] * 3
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
    assert ood.color_ramp().equal(ood.color_ramp(0.0, down=0, right=1))


@pytest.mark.parametrize("sigma", [0.1, 0.7, 2])
def test_blur_matches_a_sum_over_shifted_images(sigma):
    reach = math.ceil(4 * sigma)
    weights = {step: math.exp(-(step**2) / (2 * sigma**2)) for step in range(-reach, reach + 1)}
    expected = torch.zeros(2, 3, 32, 32)
    for down, vertical in weights.items():
        for right, horizontal in weights.items():
            moved = ood.shifted(PHOTOS, down=down, right=right)
            expected += vertical * horizontal / sum(weights.values()) ** 2 * moved
    torch.testing.assert_close(ood.blurred(PHOTOS, sigma), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("down", "right"), [(0, 0), (1, 0), (0, -1), (-3, 5), (31, -31)])
def test_shift_matches_a_loop_over_pixels(down, right):
    result = ood.shifted(PHOTOS, down=down, right=right)
    for i in range(32):
        for j in range(32):
            source_i, source_j = min(max(i - down, 0), 31), min(max(j - right, 0), 31)
            assert torch.equal(result[:, :, i, j], PHOTOS[:, :, source_i, source_j])


class Halve(nn.Module):
    """재구성이 입력의 절반인 모델. 학습 모드에서는 0을 냅니다."""

    def forward(self, images):
        self.largest_batch = max(getattr(self, "largest_batch", 0), len(images))
        return images * (0 if self.training else 0.5)


def test_reconstruction_score_is_the_summed_squared_error_of_each_image():
    model, images = Halve().train(), random_images(7, 3, 32, 32)
    with torch.inference_mode():  # 그 안에서 만든 이미지도 밖에서 잽니다.
        images = images.clone()
    scores = ood.reconstruction_score(model, images, batch_size=3)
    torch.testing.assert_close(scores, (images / 2).square().sum((1, 2, 3)))
    assert model.largest_batch == 3
    assert model.training


def test_image_sets_and_tensors_have_the_same_scores():
    model = Autoencoder(8, base_channel_size=4, generator=torch.Generator().manual_seed(0))
    stored = ((PHOTOS + 1) * 127.5).byte()
    images = ImageSet(stored, torch.zeros(2, dtype=torch.int64), ("하나",), "시험")
    scores = ood.reconstruction_score(model, images)
    torch.testing.assert_close(scores, ood.reconstruction_score(model, images[:]))
    expected = squared_error_per_image(model(images[:]), images[:])
    torch.testing.assert_close(scores, expected.detach())


@pytest.mark.parametrize("counts", [(1, 1), (20, 5), (40, 70)])
def test_auroc_counts_the_pairs_where_the_outside_is_higher(counts):
    generator = torch.Generator().manual_seed(sum(counts))
    inside = torch.randn(counts[0], generator=generator)
    outside = torch.randn(counts[1], generator=generator) + 0.7
    for a, b in ((inside, outside), (inside.round(), outside.round())):
        wins = (b > a[:, None]).double() + (b == a[:, None]).double() / 2
        assert ood.auroc(a, b) == pytest.approx(float(wins.mean()), abs=1e-9)


IMAGES = random_images(2, 3, 8, 8)
SCORES = torch.arange(3.0)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: noise(0), ValueError, "count: 1 이상의 정수를 기대했는데 0"),
        (lambda: ood.constant([0.5, 0.5]), ValueError, r"colors: .*\(2,\)이"),
        (lambda: ood.constant(0.5), ValueError, r"colors: .*\(\)이"),
        (lambda: ood.constant(torch.zeros(0, 3)), ValueError, r"colors: .*\(0, 3\)이"),
        (lambda: ood.constant([0, 0, 255]), ValueError, r"colors: \[-1, 1\]의 값을 기대"),
        (lambda: ood.constant([0, 0, math.nan]), ValueError, "colors: 유한한 값만"),
        (lambda: ood.single_channel(0, 1.5), ValueError, r"colors: \[-1, 1\]의 값을 기대"),
        (lambda: ood.checkerboard(0), ValueError, "cell: 1 이상의 정수를 기대했는데 0"),
        (lambda: ood.checkerboard(2.5), TypeError, "cell: 정수를 기대했는데 2.5"),
        (lambda: ood.checkerboard(4, first=[2, 0, 0]), ValueError, "first: "),
        (lambda: ood.stripes(1.9), ValueError, "period: 2픽셀 이상을 기대했는데 1.9"),
        (lambda: ood.color_ramp(-2), ValueError, r"rest: \[-1, 1\]의 값을 기대"),
        (lambda: ood.color_ramp(down=1), ValueError, "down, right: 서로 다른 두 채널.* 1과 1"),
        (lambda: ood.blurred(IMAGES, 0), ValueError, "sigma: 0보다 큰 수를 기대했는데 0"),
        (lambda: ood.blurred(IMAGES[0], 1.0), ValueError, "images: .*4차원"),
        (lambda: ood.blurred(IMAGES * 127, 1.0), ValueError, r"images: \[-1, 1\]의 값"),
        (lambda: ood.shifted(IMAGES.to(torch.uint8)), TypeError, "images: 실수형"),
        (
            lambda: ood.reconstruction_score(nn.AvgPool2d(2), IMAGES),
            ValueError,
            "restored: original과 같은 모양",
        ),
        (lambda: ood.auroc(SCORES, SCORES[:0]), ValueError, r"out_scores: .*\(0,\)이"),
        (lambda: ood.auroc(SCORES[None], SCORES), ValueError, r"in_scores: .*\(1, 3\)이"),
        (lambda: ood.auroc(SCORES, SCORES.log()), ValueError, "out_scores: 유한한 값만"),
    ],
)
def test_bad_input_is_refused_with_what_was_expected(call, error, message):
    with pytest.raises(error, match=message):
        call()
