"""aelab.models: 모양, 매개변수 수, 초기화, 그리고 학생이 흔히 잘못 넣는 것."""

import math
import warnings

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import aelab
from aelab import ood
from aelab.data import ImageSet, to_float, to_uint8
from aelab.models import Autoencoder, Decoder, Encoder, evaluation_mode


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


PHOTO = to_uint8(ood.color_ramp(-0.4))[0]
RIGHT = to_float(PHOTO)[None]
MODEL = Autoencoder(8, 4, generator=seeded()).eval()


def images(count: int) -> torch.Tensor:
    return torch.rand(count, 3, 32, 32, generator=seeded()) * 2 - 1


@pytest.mark.parametrize(
    ("latent_dim", "count"), [(64, 337_091), (128, 468_227), (256, 730_499), (384, 992_771)]
)
def test_parameter_counts_are_those_of_the_architecture(latent_dim, count):
    with torch.device("meta"):  # 값 없이 모양만
        model = Autoencoder(latent_dim)
    assert sum(p.numel() for p in model.parameters()) == count


def test_sizes_follow_the_arguments():
    model = Autoencoder(np.int64(5), base_channel_size=torch.tensor(4)).eval()
    codes = model.encoder(images(2))
    assert codes.shape == (2, 5)
    assert model.decoder(codes).shape == (2, 3, 32, 32)
    assert type(model.latent_dim) is int
    assert model.latent_dim == model.decoder.latent_dim == 5
    assert model.encoder.net[0].out_channels == 4


def gelu(x: torch.Tensor) -> torch.Tensor:
    return 0.5 * x * (1 + torch.erf(x / math.sqrt(2)))  # 정의


def test_encoder_agrees_with_plain_convolutions():
    encoder, x = Encoder(16, 4).eval(), images(3)
    for number, stride in ((0, 2), (2, 1), (4, 2), (6, 1), (8, 2)):
        layer = encoder.net[number]
        x = gelu(nn.functional.conv2d(x, layer.weight, layer.bias, stride, padding=1))
    codes = x.reshape(3, -1) @ encoder.net[11].weight.T + encoder.net[11].bias
    torch.testing.assert_close(encoder(images(3)), codes, rtol=1e-4, atol=1e-5)


def test_decoder_agrees_with_plain_transposed_convolutions():
    decoder = Decoder(16, 4).eval()
    codes = torch.randn(3, 16, generator=seeded())
    weights = dict(decoder.named_parameters())
    x = gelu(codes @ weights["linear.0.weight"].T + weights["linear.0.bias"]).reshape(3, 8, 4, 4)
    for number in (0, 2, 4, 6, 8):
        weight, bias = weights[f"net.{number}.weight"], weights[f"net.{number}.bias"]
        if number in (0, 4, 8):  # 사이에 0을 끼운 것의 합성곱
            spread = x.new_zeros(3, x.shape[1], 2 * x.shape[2] + 2, 2 * x.shape[3] + 2)
            spread[:, :, 1:-1:2, 1:-1:2] = x
            x = nn.functional.conv2d(spread, weight.transpose(0, 1).flip(2, 3), bias)
        else:
            x = nn.functional.conv2d(x, weight, bias, padding=1)
        x = torch.tanh(x) if number == 8 else gelu(x)
    torch.testing.assert_close(decoder(codes), x, rtol=1e-4, atol=1e-5)


def test_a_given_generator_alone_decides_the_weights_and_the_global_one_is_left_alone():
    before = torch.random.get_rng_state()
    given = Autoencoder(8, 4, generator=seeded(7)).state_dict()
    assert torch.equal(torch.random.get_rng_state(), before)
    other = Autoencoder(8, 4, generator=seeded(8)).state_dict()
    assert not torch.equal(given["encoder.net.0.weight"], other["encoder.net.0.weight"])
    torch.manual_seed(7)
    by_default = Autoencoder(8, 4).state_dict()  # 전역 생성기도 같은 차례로 씁니다.
    assert all(torch.equal(given[name], by_default[name]) for name in given)


def test_initial_weights_have_the_scale_of_he_and_orthogonal_bottlenecks():
    model = Autoencoder(64, 32, generator=seeded())
    for layer in model.modules():
        if isinstance(layer, nn.Linear):
            narrow = layer.weight if len(layer.weight) == 64 else layer.weight.T
            torch.testing.assert_close(narrow @ narrow.T, torch.eye(64), atol=1e-5, rtol=0)
        elif isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            # 출력 하나에 닿는 커널의 칸: 전치 합성곱은 보폭 2 때문에 9칸을 4개의 출력이 나눕니다.
            taps = 9 / 4 if isinstance(layer, nn.ConvTranspose2d) else 9
            expected = math.sqrt(2 / (taps * layer.in_channels))
            expected *= 0.3 if layer.out_channels == 3 else 1
            error = 4 / math.sqrt(2 * layer.weight.numel())  # 표준편차의 표준오차의 네 배
            assert layer.weight.std().item() == pytest.approx(expected, rel=error)
            assert abs(layer.weight.mean().item()) < 2 * error * expected
        if hasattr(layer, "bias"):
            assert not layer.bias.any()


def complaint(model: nn.Module, values: object) -> str:
    """오류나 경고의 글. 둘 다 없으면 빈 글."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model(values)
        except (TypeError, ValueError) as error:
            return str(error)
    return str(caught[0].message) if caught else ""


ARRAY = PHOTO.permute(1, 2, 0).numpy()  # 파이썬의 사진 도구가 주는 (높이, 너비, 채널)


@pytest.mark.parametrize(
    ("slip", "words"),
    [
        (Image.fromarray(ARRAY), "torch.Tensor를 기대했는데 Image"),
        (ARRAY, "torch.Tensor를 기대했는데 ndarray"),
        (ARRAY[None], "torch.Tensor를 기대했는데 ndarray"),
        (PHOTO[None].numpy(), "torch.Tensor를 기대했는데 ndarray"),
        (ARRAY / 255, "torch.Tensor를 기대했는데 ndarray"),
        (torch.from_numpy(ARRAY), "실수형 텐서를 기대했는데 torch.uint8"),
        (PHOTO, "실수형 텐서를 기대했는데 torch.uint8"),
        (PHOTO[None], "실수형 텐서를 기대했는데 torch.uint8"),
        (PHOTO[None].long(), "실수형 텐서를 기대했는데 torch.int64"),
        (RIGHT[0], "4차원을 기대했는데 (3, 32, 32)"),
        (RIGHT[0].permute(1, 2, 0), "4차원을 기대했는데 (32, 32, 3)"),
        (RIGHT.permute(0, 2, 3, 1), "4차원을 기대했는데 (1, 32, 32, 3)"),
        (RIGHT.double(), "같은 자료형 torch.float32을(를) 기대했는데 torch.float64"),
        (PHOTO[None].float(), "[-1, 1]의 값을 기대했는데 [0, 255]의 값"),
        ((RIGHT + 1) / 2, "음수가 하나도 없습니다"),
        (RIGHT * 1.0021, "[-1, 1]의 값을 기대했는데 [-1.002, 1.002]의 값"),
        (RIGHT.repeat_interleave(2, 2), "(batch, 3, 32, 32)를 기대했는데 (1, 3, 64, 32)"),
        (ImageSet(PHOTO[None], torch.tensor([0]), ("무늬",), "나의 것"), "기대했는데 ImageSet"),
    ],
)
def test_the_lines_that_the_messages_give_mend_what_students_pass(slip, words):
    """말하는 줄을 그대로 실행해 가면 끝내 옳은 이미지가 됩니다."""
    told = complaint(MODEL, slip)
    assert told.startswith("images: ")
    assert words in told
    scope = {"images": slip, "torch": torch, "np": np, "aelab": aelab}
    while told:
        exec(told.partition("이렇게 고칩니다: ")[2], scope)
        before, told = told, complaint(MODEL, scope["images"])
        assert told != before
    close = 0.07 if "(1, 3, 64, 32)" in words else 3e-3  # 늘렸다 줄인 무늬는 조금 달라집니다.
    torch.testing.assert_close(scope["images"], RIGHT, atol=close, rtol=0)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (RIGHT[:0], "한 장 이상의 이미지를 기대했는데 (0, 3, 32, 32)"),
        (RIGHT[:, :2], "(batch, 3, 32, 32)를 기대했는데 (1, 2, 32, 32)"),
        (RIGHT[None], "4차원을 기대했는데 (1, 1, 3, 32, 32)"),
        (RIGHT[0].tolist(), "torch.Tensor를 기대했는데 list"),
        (RIGHT * float("nan"), "NaN이나 무한대가 3072개"),
        (RIGHT / 0, "NaN이나 무한대가"),
        (RIGHT * 2.5, "[-1, 1]의 값을 기대했는데 [-2.5, 2.5]의 값"),
        (RIGHT * 2.5 + 1.5, "[-1, 1]의 값을 기대했는데 [-1, 4]의 값"),
        (RIGHT * 2.5 - 1.5, "[-1, 1]의 값을 기대했는데 [-4, 1]의 값"),
    ],
)
def test_what_no_line_can_mend_is_refused_in_korean(values, words):
    told = complaint(MODEL, values)
    assert words in told
    assert "이렇게 고칩니다" not in told


def test_images_without_a_negative_value_are_warned_of_once_where_the_student_wrote():
    unit = (RIGHT + 1) / 2
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            ood.reconstruction_score(MODEL, unit)
        MODEL(unit / 2)
    assert [warning.filename for warning in caught] == [__file__] * 2


@pytest.mark.parametrize(
    "fine",
    [
        ood.constant([[0.0, 0.5, 1.0], [0.2, 0.2, 0.2]]),  # 한 가지 색은 밝을 수 있습니다.
        torch.cat([(RIGHT + 1) / 2, RIGHT]),
        RIGHT * 1.0019,  # 반올림
    ],
)
def test_images_that_may_be_right_are_not_warned_of(fine):
    assert complaint(MODEL, fine) == ""


def test_values_are_not_looked_at_while_training():
    model = Autoencoder(8, 4).train()
    for values in ((RIGHT + 1) / 2, RIGHT * 255, RIGHT * float("nan")):
        assert complaint(model, values) == ""
    assert complaint(model.decoder, torch.full((2, 8), float("nan"))) == ""


@pytest.mark.parametrize(
    ("codes", "words"),
    [
        (torch.zeros(2, 9), "(batch, 8)를 기대했는데 (2, 9)이(가) 왔습니다."),
        (torch.zeros(8), "(8,)이(가) 왔습니다. 이렇게 고칩니다: codes = codes[None]"),
        (torch.zeros(0, 8), "(0, 8)이(가) 왔습니다."),
        (torch.zeros(2, 8, 1), "(2, 8, 1)이(가) 왔습니다."),
        (
            torch.zeros(2, 8).long(),
            "torch.int64이(가) 왔습니다. 이렇게 고칩니다: codes = codes.float()",
        ),
        (np.zeros((2, 8)), "이렇게 고칩니다: codes = torch.tensor(codes).float()"),
        ([[0.0] * 8], "torch.Tensor를 기대했는데 list이(가) 왔습니다."),
        (torch.full((2, 8), float("inf")), "codes: 유한한 값만 기대했는데 NaN이나 무한대가 16개"),
    ],
)
def test_bad_codes_are_refused_in_korean(codes, words):
    told = complaint(MODEL.decoder, codes)
    assert words in told
    assert ("고칩니다" in told) == ("고칩니다" in words)


@pytest.mark.parametrize(
    ("layer", "values", "name"),
    [(MODEL.encoder, RIGHT, "images"), (MODEL.decoder, torch.zeros(1, 8), "codes")],
)
def test_values_unlike_the_weights_are_refused(layer, values, name):
    told = complaint(layer, values.double())
    assert told.startswith(
        f"{name}: 모델과 같은 자료형 torch.float32을(를) 기대했는데 torch.float64"
    )
    assert told.endswith(f"{name} = {name}.to(torch.float32)")
    told = complaint(layer, values.to("meta"))  # 다른 장치
    assert told.startswith(f"{name}: 모델과 같은 장치 cpu을(를) 기대했는데 meta")
    assert told.endswith(f"{name} = {name}.to('cpu')")


def test_autocast_may_mix_the_dtypes():
    with torch.autocast("cpu", torch.bfloat16):
        assert MODEL(RIGHT).dtype == torch.bfloat16


@pytest.mark.parametrize("build", [Encoder, Decoder, Autoencoder])
@pytest.mark.parametrize("name", ["latent_dim", "base_channel_size"])
@pytest.mark.parametrize(
    ("size", "error"),
    [(0, ValueError), (-3, ValueError), (2.0, TypeError), (True, TypeError), ("8", TypeError)],
)
def test_bad_sizes_are_refused(build, name, size, error):
    with pytest.raises(error, match=f"^{name}: .*정수를 기대했는데 {size!r}"):
        build(**({"latent_dim": 8} | {name: size}))


def test_what_inference_mode_made_can_be_used_outside_and_is_left_as_it_was():
    with torch.inference_mode():
        batch, codes = images(2), MODEL.encoder(images(2))
    before = batch.clone(), codes.clone()
    MODEL.encoder(batch).sum().backward()
    MODEL.decoder(codes).sum().backward()
    assert MODEL.encoder.net[0].weight.grad.any()
    assert torch.equal(batch, before[0])
    assert torch.equal(codes, before[1])


def test_values_are_not_asked_while_compiling(monkeypatch):
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    assert complaint(MODEL, RIGHT * 255) == ""


def test_evaluation_mode_restores_every_layer_even_after_an_error():
    model = Autoencoder(8, 4).train()
    model.encoder.eval()  # 인코더만 얼린 모델
    before = [module.training for module in model.modules()]

    def fail_inside():
        with evaluation_mode(model):
            assert not any(module.training for module in model.modules())
            raise RuntimeError("도중")

    with pytest.raises(RuntimeError, match="도중"):
        fail_inside()
    assert [module.training for module in model.modules()] == before
