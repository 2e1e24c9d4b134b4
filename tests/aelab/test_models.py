"""aelab.models: 모양, 매개변수 수, 초기화, 잘못된 입력."""

import math

import pytest
import torch
from torch import nn

from aelab.models import Autoencoder, Decoder, Encoder, evaluation_mode

PARAMETERS = {64: 337_091, 128: 468_227, 256: 730_499, 384: 992_771}


def images(count: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(count, 3, 32, 32, generator=torch.Generator().manual_seed(seed)) * 2 - 1


@pytest.mark.parametrize(("latent_dim", "count"), PARAMETERS.items())
def test_parameter_counts_are_those_of_the_architecture(latent_dim, count):
    assert sum(p.numel() for p in Autoencoder(latent_dim).parameters()) == count


@pytest.mark.parametrize(("latent_dim", "base"), [(1, 4), (64, 8), (128, 32)])
def test_shapes(latent_dim, base):
    model = Autoencoder(latent_dim, base).eval()
    codes = model.encoder(images(5))
    assert codes.shape == (5, latent_dim)
    assert model.decoder(codes).shape == (5, 3, 32, 32)
    assert model.latent_dim == latent_dim


def test_encoder_agrees_with_plain_convolutions():
    encoder = Encoder(16, 4).eval()
    x = images(3)
    for layer in encoder.net[:10]:
        if isinstance(layer, nn.Conv2d):
            x = nn.functional.conv2d(x, layer.weight, layer.bias, layer.stride, padding=1)
        else:
            x = 0.5 * x * (1 + torch.erf(x / math.sqrt(2)))  # GELU의 정의
    codes = x.reshape(3, -1) @ encoder.net[11].weight.T + encoder.net[11].bias
    torch.testing.assert_close(encoder(images(3)), codes, rtol=1e-4, atol=1e-5)


def test_decoder_agrees_with_plain_transposed_convolutions():
    decoder = Decoder(16, 4).eval()
    codes = torch.randn(3, 16, generator=torch.Generator().manual_seed(0))
    weights = dict(decoder.named_parameters())

    def gelu(x):
        return 0.5 * x * (1 + torch.erf(x / math.sqrt(2)))

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


def test_output_stays_inside_the_range_of_images():
    model = Autoencoder(8, 4).eval()
    assert model.decoder(100 * torch.ones(2, 8)).abs().max() <= 1


def test_a_code_does_not_depend_on_its_companions():
    model = Autoencoder(16, 8, generator=torch.Generator().manual_seed(0))
    batch = images(6)
    for mode in (True, False):
        model.train(mode)
        alone = model.encoder(batch[:1])
        together = model.encoder(batch)[:1]
        torch.testing.assert_close(alone, together, rtol=1e-4, atol=1e-5)


def test_a_given_generator_leaves_the_global_one_alone():
    before = torch.random.get_rng_state()
    Autoencoder(8, 4, generator=torch.Generator().manual_seed(7))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_same_generator_gives_the_same_weights_whatever_the_global_state():
    torch.manual_seed(1)
    first = Autoencoder(8, 4, generator=torch.Generator().manual_seed(7)).state_dict()
    torch.manual_seed(2)
    second = Autoencoder(8, 4, generator=torch.Generator().manual_seed(7)).state_dict()
    other = Autoencoder(8, 4, generator=torch.Generator().manual_seed(8)).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["encoder.net.0.weight"], other["encoder.net.0.weight"])


def test_initialisation_keeps_the_signal_through_the_decoder():
    model = Autoencoder(128, generator=torch.Generator().manual_seed(0)).eval()
    signal = torch.randn(64, 128, generator=torch.Generator().manual_seed(1))
    signal = model.decoder.linear(signal).reshape(64, -1, 4, 4)
    strengths = []
    for layer in model.decoder.net[:-2]:
        signal = layer(signal)
        if not isinstance(layer, nn.GELU):
            strengths.append(float(signal.detach().std()))
    assert max(strengths) / min(strengths) < 3


@pytest.mark.parametrize(
    ("batch", "error", "message"),
    [
        (images(1)[0], ValueError, r"4차원을 기대했는데 \(3, 32, 32\)"),
        (images(1)[:, :1], ValueError, r"\(batch, 3, 32, 32\)를 기대했는데 \(1, 1, 32, 32\)"),
        (images(1)[..., :28], ValueError, r"\(1, 3, 32, 28\)"),
        (images(1)[:0], ValueError, "빈 묶음"),
        (torch.zeros(1, 3, 32, 32, dtype=torch.uint8), TypeError, "to_float"),
        (images(1).numpy(), TypeError, "torch.Tensor를 기대했는데 ndarray"),
        (images(1) * float("nan"), ValueError, "NaN이나 무한대가 3072개"),
        (images(1) * 255, ValueError, r"images: \[-1, 1\]의 값을 기대했는데"),
    ],
)
def test_bad_images_are_refused_in_korean(batch, error, message):
    with pytest.raises(error, match=message):
        Autoencoder(8, 4).eval()(batch)


@pytest.mark.parametrize(
    ("codes", "error", "message"),
    [
        (torch.zeros(2, 9), ValueError, r"\(batch, 8\)를 기대했는데 \(2, 9\)"),
        (torch.zeros(8), ValueError, r"\(8,\)"),
        (torch.zeros(0, 8), ValueError, r"\(0, 8\)"),
        (torch.zeros(2, 8, dtype=torch.int64), TypeError, "실수형 텐서를 기대했는데 torch.int64"),
        ([[0.0] * 8], TypeError, "torch.Tensor를 기대했는데 list"),
        (torch.full((2, 8), float("inf")), ValueError, "codes: 유한한 값만"),
    ],
)
def test_bad_codes_are_refused_in_korean(codes, error, message):
    with pytest.raises(error, match=message):
        Decoder(8, 4).eval()(codes)


@pytest.mark.parametrize("build", [Encoder, Decoder, Autoencoder])
@pytest.mark.parametrize("name", ["latent_dim", "base_channel_size"])
@pytest.mark.parametrize(
    ("size", "error"),
    [(0, ValueError), (-3, ValueError), (2.0, TypeError), (True, TypeError)],
)
def test_bad_sizes_are_refused(build, name, size, error):
    with pytest.raises(error, match=f"^{name}: .*정수를 기대했는데"):
        build(**({"latent_dim": 8} | {name: size}))


@pytest.mark.parametrize("device", ["cpu", "meta"])
@pytest.mark.parametrize(
    ("build", "values", "name"),
    [(Encoder, images(1), "images"), (Decoder, torch.zeros(1, 8), "codes")],
)
def test_values_unlike_the_weights_are_refused(build, values, name, device):
    layer = build(8, 4).to(device)
    with pytest.raises(TypeError, match=f"^{name}: 모델과 같은 자료형 torch.float32.*float64"):
        layer(values.double().to(device))
    other = {"cpu": "meta", "meta": "cpu"}[device]
    with pytest.raises(ValueError, match=f"^{name}: 모델과 같은 장치 {device}.*{other}"):
        layer(values.to(other))


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
