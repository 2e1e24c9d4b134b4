"""aelab.metrics: 독립된 기준(scikit-image, 느린 반복문)과 견줍니다."""

import math
import warnings

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import metrics as reference

import aelab
from aelab import ood
from aelab.metrics import mse, psnr, squared_error_per_image, ssim


def noisy(original: torch.Tensor) -> torch.Tensor:
    noise = torch.randn(original.shape, generator=torch.Generator().manual_seed(0))
    return (original + 0.1 * noise).clamp(0, 1)


# [0, 1]의 이미지 두 묶음
RANDOM = torch.rand(6, 3, 32, 32, generator=torch.Generator().manual_seed(1))
SMOOTH = (ood.color_ramp([-1, -0.5, 0, 1]) + 1) / 2
PAIRS = {"random": (noisy(RANDOM), RANDOM), "smooth": (noisy(SMOOTH), SMOOTH)}
RESTORED, ORIGINAL = PAIRS["random"]


def test_squared_error_matches_a_loop_over_every_value():
    restored, original = RESTORED[:2, :, :5, :4], ORIGINAL[:2, :, :5, :4]
    expected = [0.0, 0.0]
    for place in np.ndindex(*restored.shape):
        expected[place[0]] += (float(restored[place]) - float(original[place])) ** 2
    assert squared_error_per_image(restored, original).tolist() == pytest.approx(expected, rel=1e-5)
    means = [total / 60 for total in expected]
    assert mse(restored, original).tolist() == pytest.approx(means, rel=1e-5)


def reference_ssim(a: torch.Tensor, b: torch.Tensor, data_range: float) -> float:
    return reference.structural_similarity(
        a.numpy(),
        b.numpy(),
        channel_axis=0,
        data_range=data_range,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )


def agrees_with_scikit_image(restored, original, data_range):
    pairs = list(zip(restored, original, strict=True))
    expected = [
        reference.peak_signal_noise_ratio(b.numpy(), a.numpy(), data_range=data_range)
        for a, b in pairs
    ]
    np.testing.assert_allclose(psnr(restored, original, data_range=data_range), expected, atol=1e-4)
    expected = [reference_ssim(a, b, data_range) for a, b in pairs]
    np.testing.assert_allclose(ssim(restored, original, data_range=data_range), expected, atol=1e-4)


@pytest.mark.parametrize("kind", PAIRS)
@pytest.mark.parametrize("data_range", [1, 255])
def test_psnr_and_ssim_agree_with_scikit_image(kind, data_range):
    restored, original = (images * data_range for images in PAIRS[kind])
    agrees_with_scikit_image(restored, original, data_range)
    agrees_with_scikit_image(restored[:, :1, :13, :11], original[:, :1, :13, :11], data_range)


def test_psnr_and_ssim_agree_with_scikit_image_on_cifar10(cifar10_root):
    from aelab.data import cifar10

    original = (cifar10.load("test", cifar10_root)[:8] + 1) / 2
    agrees_with_scikit_image(original.roll(1, dims=3), original, 1)


def test_identical_images_have_infinite_psnr_and_ssim_of_one():
    assert torch.isposinf(psnr(SMOOTH, SMOOTH.clone(), data_range=1)).all()
    torch.testing.assert_close(ssim(SMOOTH, SMOOTH.clone(), data_range=1), torch.ones(4))


@pytest.mark.parametrize("data_range", [1.0, 255.0])
def test_ssim_of_flat_images_is_the_luminance_term_alone(data_range):
    # 분산이 없어 구조 항은 1이고, 밝기 항은 (0.01L)² / ((0.1L)² + (0.01L)²)입니다.
    black = torch.zeros(1, 1, 16, 16)
    gray = torch.full_like(black, 0.1 * data_range)
    assert float(ssim(gray, black, data_range=data_range)) == pytest.approx(1 / 101, rel=1e-4)


def test_psnr_does_not_depend_on_the_scale_when_the_range_follows():
    torch.testing.assert_close(
        psnr(RESTORED * 2 - 1, ORIGINAL * 2 - 1, data_range=2),
        psnr(RESTORED, ORIGINAL, data_range=1),
    )


def test_mean_of_psnr_is_not_psnr_of_mean():
    original = torch.zeros(2, 1, 4, 4)
    restored = torch.stack([torch.full((1, 4, 4), 0.1), torch.full((1, 4, 4), 1.0)])
    mean_of_psnr = psnr(restored, original, data_range=2).mean()
    psnr_of_mean = 10 * math.log10(4 / float(mse(restored, original).mean()))
    assert float(mean_of_psnr) > psnr_of_mean + 5


METRICS = {
    "squared error": squared_error_per_image,
    "mse": mse,
    "psnr": lambda a, b: psnr(a, b, data_range=1),
    "ssim": lambda a, b: ssim(a, b, data_range=1),
}


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_arrays_and_half_precision_are_measured_like_tensors_and_left_as_they_were(metric):
    expected = metric(RESTORED, ORIGINAL)
    before = RESTORED.clone(), ORIGINAL.clone()
    mirrored = RESTORED.numpy()[..., ::-1], ORIGINAL.numpy()[..., ::-1]  # 거꾸로 가는 배열
    torch.testing.assert_close(metric(*mirrored), metric(RESTORED.flip(3), ORIGINAL.flip(3)))
    torch.testing.assert_close(metric(RESTORED.numpy(), ORIGINAL), expected, rtol=0, atol=0)
    wide = metric(RESTORED, ORIGINAL.double().numpy())
    assert wide.dtype == torch.float64
    torch.testing.assert_close(wide.float(), expected)
    half = RESTORED.half(), ORIGINAL.half()
    expected = metric(*(images.float() for images in half))
    torch.testing.assert_close(metric(*half), expected, rtol=0, atol=0)
    assert torch.equal(before[0], RESTORED)
    assert torch.equal(before[1], ORIGINAL)


def test_the_squared_error_can_be_a_loss():
    restored = RESTORED.clone().requires_grad_()
    squared_error_per_image(restored, ORIGINAL).sum().backward()
    torch.testing.assert_close(restored.grad, 2 * (RESTORED - ORIGINAL))
    assert squared_error_per_image(RESTORED * float("nan"), ORIGINAL).isnan().all()


def complaint(function, *arguments, **options) -> str:
    """오류나 경고의 글. 둘 다 없으면 빈 글."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            function(*arguments, **options)
        except (TypeError, ValueError) as error:
            return str(error)
    return str(caught[0].message) if caught else ""


IMAGE = torch.full((2, 3, 16, 16), 0.5)
STORED = (IMAGE * 255).byte()


@pytest.mark.parametrize(
    ("restored", "original", "words"),
    [
        (IMAGE[0], IMAGE[0], "restored: (batch, channel, height, width)의 4차원을 기대했는데"),
        (IMAGE[0].permute(1, 2, 0), IMAGE, "기대했는데 (16, 16, 3)이(가)"),
        (IMAGE, IMAGE.permute(0, 2, 3, 1), "original: (batch, channel, height, width)의"),
        (IMAGE.permute(0, 2, 3, 1).numpy(), IMAGE, "restored: torch.Tensor를 기대했는데 ndarray"),
        (STORED, STORED, "restored: 실수형 텐서를 기대했는데 torch.uint8"),
        (STORED.numpy(), STORED, "restored: torch.Tensor를 기대했는데 ndarray"),
        (IMAGE, STORED.long(), "original: 실수형 텐서를 기대했는데 torch.int64"),
        (Image.new("RGB", (16, 16)), IMAGE, "restored: torch.Tensor를 기대했는데 Image"),
    ],
)
@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_the_lines_that_the_messages_give_mend_what_students_pass(
    metric, restored, original, words
):
    told = complaint(metric, restored, original)
    assert words in told
    scope = {"restored": restored, "original": original, "torch": torch, "np": np, "aelab": aelab}
    while "이렇게 고칩니다" in told:
        exec(told.partition("이렇게 고칩니다: ")[2], scope)
        before, told = told, complaint(metric, scope["restored"], scope["original"])
        assert told != before
    assert scope["restored"].shape[1:] == scope["original"].shape[1:] == (3, 16, 16)


@pytest.mark.parametrize(
    ("restored", "original", "words"),
    [
        (IMAGE[:1], IMAGE, "restored: original과 같은 모양 (2, 3, 16, 16)을(를) 기대했는데 (1, 3"),
        (IMAGE[..., :8], IMAGE, "같은 모양"),
        (IMAGE[:0], IMAGE[:0], "한 장 이상의 이미지"),
        (IMAGE.to("meta"), IMAGE, "장치 cpu을(를) 기대했는데 meta"),
        (IMAGE.tolist(), IMAGE, "restored: torch.Tensor를 기대했는데 list"),
    ],
)
@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_pairs_that_cannot_be_compared_are_refused(metric, restored, original, words):
    assert words in complaint(metric, restored, original)


@pytest.mark.parametrize("metric", [psnr, ssim])
def test_values_must_be_finite_and_the_range_a_number_above_zero(metric):
    for broken, name in ((float("nan"), "restored"), (float("inf"), "original")):
        pair = {"restored": IMAGE, "original": IMAGE} | {name: IMAGE * broken}
        assert f"{name}: 유한한 값만 기대했는데" in complaint(metric, **pair, data_range=1)
    for given in (0, -1, float("nan"), float("inf"), "둘", None, torch.ones(2)):
        told = complaint(metric, IMAGE, IMAGE, data_range=given)
        assert f"data_range: 0보다 큰 수를 기대했는데 {given!r}이(가) 왔습니다. [-1, 1]" in told
    told = complaint(metric, IMAGE, IMAGE)
    assert {psnr: "data_range=2", ssim: "(x + 1) / 2로 옮기고 data_range=1"}[metric] in told
    expected = metric(RESTORED, ORIGINAL, data_range=1)
    for given in (np.int64(1), np.float32(1), torch.tensor(1)):
        assert torch.equal(metric(RESTORED, ORIGINAL, data_range=given), expected)


UNIT, SIGNED, BYTES = (lambda x: x), (lambda x: 2 * x - 1), (lambda x: 255 * x)
WIDER = "data_range: 원본 값이 [{}]이므로 {} 이상을 기대했는데 {}이(가) 왔습니다"
OTHER = "data_range: [{}]로 보이는 이미지에는 {}을(를) 기대했는데 {}이(가) 왔습니다"


@pytest.mark.parametrize(
    ("scaled", "data_range", "of_psnr", "of_ssim"),
    [
        (UNIT, 1, "", ""),
        (UNIT, 2, OTHER.format("0, 1", 1, 2), OTHER.format("0, 1", 1, 2)),
        (UNIT, 255, OTHER.format("0, 1", 1, 255), OTHER.format("0, 1", 1, 255)),
        (SIGNED, 1, WIDER.format("-1, 1", 2, 1), "(x + 1) / 2로 옮기고 data_range=1"),
        (SIGNED, 2, "", "restored: [0, 2]의 값을 기대했는데 [-1, 1]의 값"),
        (SIGNED, 255, OTHER.format("-1, 1", 2, 255), "[0, 255]의 값을 기대했는데 [-1, 1]의 값"),
        (BYTES, 1, WIDER.format("0, 255", 255, 1), "[0, 1]의 값을 기대했는데 [0, 255]의 값"),
        (BYTES, 2, WIDER.format("0, 255", 255, 2), "[0, 2]의 값을 기대했는데 [0, 255]의 값"),
        (BYTES, 255, "", ""),
        (lambda x: x / 2 - 0.3, 1, OTHER.format("-1, 1", 2, 1), "[0, 1]의 값을 기대했는데 [-0.3"),
        (lambda x: x / 2 + 0.3, 0.9, OTHER.format("0, 1", 1, 0.9), OTHER.format("0, 1", 1, 0.9)),
        (lambda x: x + 0.5, 2, "", ""),  # [0, 2]의 이미지일 수 있습니다.
        (lambda x: x - 1.5, 3, "", "[0, 3]의 값을 기대했는데 [-1.5"),
        (lambda x: x * 1.0009, 1, "", ""),  # 반올림은 봐줍니다.
        (lambda x: x * 1.0009 - 0.0009, 1, "", ""),
        (lambda x: x * 1.002, 1, "data_range: 원본 값이 [0, 1.002]", "[0, 1]의 값을 기대했는데"),
        (lambda x: x * 0 + 0.5, 255, "", ""),  # 한 가지 색은 무엇이든 될 수 있습니다.
    ],
)
def test_the_range_must_be_that_of_the_images(scaled, data_range, of_psnr, of_ssim):
    ramp = torch.linspace(0, 1, 3072).reshape(1, 3, 32, 32)
    restored, original = scaled(noisy(ramp)), scaled(ramp)
    for metric, words in ((psnr, of_psnr), (ssim, of_ssim)):
        told = complaint(metric, restored, original, data_range=data_range)
        assert words in told
        assert bool(words) == bool(told)


def test_a_range_far_too_wide_is_an_error_and_one_that_may_be_meant_a_warning_at_the_call():
    with pytest.raises(ValueError, match="기대했는데 2.01이"):
        psnr(RESTORED, ORIGINAL, data_range=2.01)
    with pytest.warns(UserWarning, match="기대했는데 2이") as caught:
        psnr(RESTORED, ORIGINAL, data_range=2)
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.parametrize("low", ["restored", "original"])
def test_ssim_refuses_negative_values_and_says_how_to_move_them(low):
    pair = {"restored": IMAGE, "original": IMAGE} | {low: IMAGE - 0.51}
    told = complaint(ssim, **pair, data_range=1)
    assert told.startswith(f"{low}: [0, 1]의 값을 기대했는데 [-0.01, -0.01]의 값이 왔습니다.")
    assert "clamp(0, 1)" in told


@pytest.mark.parametrize("images", [IMAGE[..., :10], IMAGE[..., :10, :]])
def test_ssim_refuses_images_smaller_than_its_window(images):
    assert "한 변이 11 이상인 이미지를" in complaint(ssim, images, images, data_range=1)


def test_ssim_is_computed_where_the_images_are():
    expected = ssim(RESTORED, ORIGINAL, data_range=1)
    with torch.device("meta"):  # 새 텐서의 기본 장치
        assert torch.equal(ssim(RESTORED, ORIGINAL, data_range=1), expected)
