"""aelab.muon: torch의 것과 같은지, 직교에 가까운지, 합성곱의 가중치도 다루는지."""

import pytest
import torch

from aelab.muon import Muon, orthogonalize


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def updated(weight: torch.Tensor, gradients: list[torch.Tensor], optimizer, **options):
    parameter = torch.nn.Parameter(weight.clone())
    steps = optimizer([parameter], **options)
    for gradient in gradients:
        parameter.grad = gradient.clone()
        steps.step()
    return parameter.detach()


@pytest.mark.parametrize("shape", [(30, 50), (50, 30), (7, 7)])
def test_matrices_are_updated_as_by_torch(shape):
    weight, gradients = random(*shape), [random(*shape, seed=seed) for seed in (1, 2, 3)]
    options = {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.1}
    ours = updated(weight, gradients, Muon, dtype=torch.bfloat16, **options)
    assert torch.equal(ours, updated(weight, gradients, torch.optim.Muon, **options))


@pytest.mark.parametrize("shape", [(8, 27), (64, 16), (5, 5)])
def test_singular_values_follow_the_polynomial_and_vectors_stay(shape):
    matrix = random(*shape).double()
    left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    expected = []
    for value in (values / values.norm()).tolist():
        for _ in range(5):
            value = 3.4445 * value - 4.7750 * value**3 + 2.0315 * value**5
        expected.append(value)
    torch.testing.assert_close(
        orthogonalize(matrix), left @ torch.tensor(expected).double().diag() @ right
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_convolution_weights_are_updated_as_matrices(dtype):
    weight, gradient = random(4, 3, 3, 3), random(4, 3, 3, 3, seed=1)
    options = {"lr": 0.1, "dtype": dtype}
    as_matrix = updated(weight.flatten(1), [gradient.flatten(1)], Muon, **options)
    assert torch.equal(updated(weight, [gradient], Muon, **options), as_matrix.view(weight.shape))


def test_the_memory_format_does_not_matter():
    weight, gradient = random(4, 3, 3, 3), random(4, 3, 3, 3, seed=1)
    last = {"memory_format": torch.channels_last}
    one = updated(weight, [gradient], Muon, lr=0.1)
    other = updated(weight.to(**last), [gradient.to(**last)], Muon, lr=0.1)
    torch.testing.assert_close(one, other, rtol=0, atol=1e-6)


def test_weights_without_a_gradient_and_zero_gradients_stay():
    weight = torch.nn.Parameter(random(3, 4))
    optimizer = Muon([weight], lr=0.1)
    optimizer.step()
    assert torch.equal(weight.detach(), random(3, 4))
    weight.grad = torch.zeros(3, 4)
    optimizer.step()
    assert torch.equal(weight.detach(), random(3, 4))
