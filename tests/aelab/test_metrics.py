"""aelab.metrics: 독립된 기준(scikit-image, 느린 반복문)과 견줍니다."""

import math

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from aelab import toyworld
from aelab.metrics import mse, psnr, squared_error_per_image, ssim


def pair(kind: str) -> tuple[torch.Tensor, torch.Tensor]:
    """[0, 1]의 이미지 두 묶음."""
    generator = torch.Generator().manual_seed(0)
    if kind == "random":
        original = torch.rand(6, 3, 32, 32, generator=generator)
    else:
        original = (toyworld.load("test")[:6] + 1) / 2
    noise = 0.1 * torch.randn(original.shape, generator=generator)
    return (original + noise).clamp(0, 1), original


def test_squared_error_matches_a_loop_over_every_value():
    restored, original = (images[:2, :, :5, :4] for images in pair("random"))
    expected = []
    for a, b in zip(restored.tolist(), original.tolist(), strict=True):
        total = 0.0
        for channel_a, channel_b in zip(a, b, strict=True):
            for row_a, row_b in zip(channel_a, channel_b, strict=True):
                total += sum((x - y) ** 2 for x, y in zip(row_a, row_b, strict=True))
        expected.append(total)
    assert squared_error_per_image(restored, original).tolist() == pytest.approx(expected, rel=1e-5)


def test_mse_is_the_sum_over_the_number_of_values():
    restored, original = pair("random")
    summed = squared_error_per_image(restored, original)
    torch.testing.assert_close(mse(restored, original) * 3072, summed)


@pytest.mark.parametrize("kind", ["random", "scenes"])
def test_psnr_agrees_with_scikit_image(kind):
    restored, original = pair(kind)
    expected = [
        peak_signal_noise_ratio(b.numpy(), a.numpy(), data_range=1)
        for a, b in zip(restored, original, strict=True)
    ]
    np.testing.assert_allclose(psnr(restored, original, data_range=1), expected, atol=1e-4)


@pytest.mark.parametrize("kind", ["random", "scenes"])
@pytest.mark.parametrize("data_range", [1.0, 255.0])
def test_ssim_agrees_with_scikit_image(kind, data_range):
    restored, original = (images * data_range for images in pair(kind))
    expected = [
        structural_similarity(
            a.numpy(),
            b.numpy(),
            channel_axis=0,
            data_range=data_range,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
        for a, b in zip(restored, original, strict=True)
    ]
    np.testing.assert_allclose(ssim(restored, original, data_range=data_range), expected, atol=1e-4)


def test_psnr_and_ssim_agree_with_scikit_image_on_cifar10(cifar10_root):
    from aelab.data import cifar10

    original = (cifar10.load("test", cifar10_root)[:8] + 1) / 2
    restored = original.roll(1, dims=3)
    for i in range(len(original)):
        a, b = restored[i].numpy(), original[i].numpy()
        assert psnr(restored, original, data_range=1)[i] == pytest.approx(
            peak_signal_noise_ratio(b, a, data_range=1), abs=1e-4
        )
        assert ssim(restored, original, data_range=1)[i] == pytest.approx(
            structural_similarity(
                a,
                b,
                channel_axis=0,
                data_range=1,
                gaussian_weights=True,
                sigma=1.5,
                use_sample_covariance=False,
            ),
            abs=1e-4,
        )


def test_identical_images_have_infinite_psnr_and_ssim_of_one():
    _, original = pair("scenes")
    assert torch.isposinf(psnr(original, original.clone(), data_range=1)).all()
    torch.testing.assert_close(ssim(original, original.clone(), data_range=1), torch.ones(6))


@pytest.mark.parametrize("data_range", [1.0, 255.0])
def test_ssim_of_flat_images_is_the_luminance_term_alone(data_range):
    # 분산이 없어 구조 항은 1이고, 밝기 항은 (0.01L)² / ((0.1L)² + (0.01L)²)입니다.
    black = torch.zeros(1, 1, 16, 16)
    gray = torch.full_like(black, 0.1 * data_range)
    assert float(ssim(gray, black, data_range=data_range)) == pytest.approx(1 / 101, rel=1e-4)


def test_psnr_does_not_depend_on_the_scale_when_the_range_follows():
    restored, original = pair("random")
    torch.testing.assert_close(
        psnr(restored * 2 - 1, original * 2 - 1, data_range=2),
        psnr(restored, original, data_range=1),
    )


def test_mean_of_psnr_is_not_psnr_of_mean():
    original = torch.zeros(2, 1, 4, 4)
    restored = torch.stack([torch.full((1, 4, 4), 0.1), torch.full((1, 4, 4), 1.0)])
    mean_of_psnr = psnr(restored, original, data_range=2).mean()
    psnr_of_mean = 10 * math.log10(4 / float(mse(restored, original).mean()))
    assert float(mean_of_psnr) > psnr_of_mean + 5


@pytest.mark.parametrize("metric", [psnr, ssim])
def test_data_range_is_required(metric):
    restored, original = pair("random")
    with pytest.raises(TypeError, match="data_range"):
        metric(restored, original)


@pytest.mark.parametrize("metric", ["squared_error", "mse", "psnr", "ssim"])
def test_metrics_do_not_change_their_inputs(metric):
    restored, original = pair("random")
    before = restored.clone(), original.clone()
    {
        "squared_error": squared_error_per_image,
        "mse": mse,
        "psnr": lambda a, b: psnr(a, b, data_range=1),
        "ssim": lambda a, b: ssim(a, b, data_range=1),
    }[metric](restored, original)
    assert torch.equal(before[0], restored)
    assert torch.equal(before[1], original)


IMAGE = torch.full((2, 3, 16, 16), 0.5)


@pytest.mark.parametrize(
    ("restored", "original", "message"),
    [
        (IMAGE.numpy(), IMAGE, "restored: torch.Tensor를 기대했는데 ndarray"),
        ((IMAGE * 255).byte(), IMAGE, "restored: 실수형 텐서를 기대했는데 torch.uint8"),
        (IMAGE, IMAGE.long(), "original: 실수형 텐서를 기대했는데 torch.int64"),
        (IMAGE[0], IMAGE, r"4차원을 기대했는데 \(3, 16, 16\).*images\[None\]"),
        (IMAGE[:1], IMAGE, r"같은 모양 \(2, 3, 16, 16\).*\(1, 3, 16, 16\)"),
        (IMAGE[..., :8], IMAGE, "같은 모양"),
        (IMAGE[:0], IMAGE[:0], "빈 묶음"),
        (IMAGE * float("nan"), IMAGE, "restored: 유한한 값만 기대했는데"),
        (IMAGE, IMAGE / 0, "original: 유한한 값만 기대했는데"),
    ],
)
@pytest.mark.parametrize("metric", [psnr, ssim])
def test_bad_images_are_refused_in_korean(metric, restored, original, message):
    with pytest.raises((TypeError, ValueError), match=message):
        metric(restored, original, data_range=1)


@pytest.mark.parametrize("data_range", [0, -1, float("nan"), float("inf"), "2", None])
def test_bad_data_range_is_refused(data_range):
    for metric in (psnr, ssim):
        with pytest.raises(ValueError, match="data_range: 0보다 큰 수를 기대했는데"):
            metric(IMAGE, IMAGE, data_range=data_range)


def test_psnr_refuses_a_range_smaller_than_the_images():
    images = torch.linspace(-1, 1, 3072).reshape(1, 3, 32, 32)
    with pytest.raises(ValueError, match=r"data_range: 원본 값이 \[-1, 1\]이므로 2 이상"):
        psnr(images * 0.9, images, data_range=1)


def test_ssim_refuses_negative_values_and_says_how_to_move_them():
    images = torch.linspace(-1, 1, 3072).reshape(1, 3, 32, 32)
    for name, pair_of_images in (
        ("restored", (images, images)),
        ("original", (images + 1, images)),
    ):
        expected = rf"^{name}: \[0, 2\]의 값을 기대했는데 \[-1, 1\].*\(x \+ 1\) / 2"
        with pytest.raises(ValueError, match=expected):
            ssim(*pair_of_images, data_range=2)


@pytest.mark.parametrize("images", [IMAGE[..., :10], IMAGE[..., :10, :]])
def test_ssim_refuses_images_smaller_than_its_window(images):
    with pytest.raises(ValueError, match="한 변이 11 이상"):
        ssim(images, images, data_range=1)


def test_ssim_is_computed_where_the_images_are():
    restored, original = pair("random")
    expected = ssim(restored, original, data_range=1)
    with torch.device("meta"):  # 새 텐서의 기본 장치
        assert torch.equal(ssim(restored, original, data_range=1), expected)
