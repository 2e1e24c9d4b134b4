"""aelab.inference: 한 장씩 넣은 결과와 견줍니다."""

import pytest
import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from aelab.data import ImageSet
from aelab.generation import LatentGaussian
from aelab.inference import predict
from aelab.models import Autoencoder
from aelab.ood import reconstruction_score
from aelab.projector import flatten
from aelab.retrieval import LatentIndex
from aelab.training import evaluate

STORED = torch.randint(
    256, (23, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
)
IMAGES = ImageSet(STORED, torch.zeros(23, dtype=torch.int64), ("하나",), "시험")


@pytest.fixture(scope="module")
def model():
    return Autoencoder(12, 4, generator=torch.Generator().manual_seed(0)).eval()


@pytest.mark.parametrize("batch_size", [1, 10, 23, 1000])
@pytest.mark.parametrize("images", [IMAGES, IMAGES[:]], ids=["ImageSet", "tensor"])
def test_outputs_come_in_the_order_of_the_inputs(model, images, batch_size):
    restored = predict(model, images, batch_size=batch_size)
    one_by_one = torch.cat([model(IMAGES[[i]]) for i in range(len(IMAGES))])
    torch.testing.assert_close(restored, one_by_one.detach())


def test_codes_and_their_images_go_through_the_halves(model):
    codes = predict(model.encoder, IMAGES)
    torch.testing.assert_close(predict(model.decoder, codes), predict(model, IMAGES))


def test_batches_have_the_asked_size_and_every_mode_comes_back():
    seen = []

    class Watched(nn.Module):
        def __init__(self):
            super().__init__()
            self.inside = nn.Dropout()

        def forward(self, images):
            seen.append((len(images), self.training, torch.is_grad_enabled()))
            return images

    network = Watched().train()
    network.inside.eval()
    predict(network, IMAGES, batch_size=10)
    predict(network, torch.zeros(251, 3))
    assert seen == [(size, False, False) for size in (10, 10, 3, 250, 1)]
    assert (network.training, network.inside.training) == (True, False)


def test_the_mode_comes_back_after_an_error():
    network = nn.Linear(2, 2).train()
    with pytest.raises(RuntimeError):
        predict(network, torch.zeros(4, 3))
    assert network.training


def test_outputs_can_train_another_layer(model):
    with torch.inference_mode():
        photos = IMAGES[:]
    codes = predict(model.encoder, photos)
    assert not codes.requires_grad
    nn.Linear(12, 1)(codes).sum().backward()


def test_a_bar_counts_the_inputs_only_when_it_takes_long(model, capsys, monkeypatch):
    predict(model, IMAGES)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("tqdm.std.time", iter(range(0, 10**6, 2)).__next__)
    predict(model, IMAGES, batch_size=10)
    assert "23/23" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("inputs", "batch_size", "error", "message"),
    [
        ([1.0], 250, TypeError, "inputs: ImageSet이나 torch.Tensor를 기대했는데 list이"),
        (IMAGES[:0], 250, ValueError, "inputs: 하나 이상을 기대했는데 비어"),
        (IMAGES.subset(slice(0)), 250, ValueError, "inputs: 하나 이상을 기대했는데 비어"),
        (IMAGES, 0, ValueError, "batch_size: 1 이상의 정수를 기대했는데 0"),
    ],
)
def test_bad_inputs_are_refused(model, inputs, batch_size, error, message):
    with pytest.raises(error, match=message):
        predict(model, inputs, batch_size=batch_size)


class NoFloat64(TorchFunctionMode):
    """float64가 없는 가속기의 대역: `.cpu()`로 옮긴 텐서만 float64로 바꿀 수 있습니다."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        moved = function is torch.Tensor.cpu or any(
            getattr(leaf, "moved", False) for leaf in tree_leaves(args)
        )
        assert moved or function is not torch.Tensor.double, "CPU로 옮기지 않았습니다"
        result = function(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor):
            result.moved = moved
        return result


CODES = torch.randn(40, 4, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    "call",
    [
        lambda model: evaluate(model, IMAGES),
        lambda model: LatentIndex(CODES),
        lambda model: LatentGaussian.fit(CODES),
        lambda model: flatten(CODES, "pca"),
    ],
    ids=["evaluate", "index", "gaussian", "flatten"],
)
def test_an_accelerator_without_float64_suffices(model, call):
    with NoFloat64():
        call(model)


@pytest.mark.parametrize("call", [predict, reconstruction_score, evaluate])
def test_a_full_gpu_is_told_which_argument_to_halve(call):
    class Large(nn.Module):
        def forward(self, images):
            raise torch.OutOfMemoryError("CUDA out of memory.")

    with pytest.raises(torch.OutOfMemoryError, match="batch_size=10$"):
        call(Large(), IMAGES, batch_size=20)
