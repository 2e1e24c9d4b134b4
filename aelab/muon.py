"""합성곱 가중치까지 다루는 Muon: torch.optim.Muon이 2차원만 받으므로 가중치를 행렬로 펼쳐 보입니다."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn


class Muon(torch.optim.Muon):
    """가중치를 (첫 축, 나머지) 행렬로 보고 갱신 방향을 직교에 가깝게 만드는 최적화기.

    행렬은 가중치와 메모리를 나누어 쓰는 뷰이므로, 행렬을 갱신하면 가중치가 갱신됩니다.

    인자
        weights: 2차원 이상의 가중치.
        options: torch.optim.Muon의 인자.

    출처: Jordan 외(2024), "Muon: An optimizer for hidden layers in neural networks".
    """

    def __init__(self, weights: Iterable[nn.Parameter], **options: Any) -> None:
        self._weights = list(weights)
        matrices = [_as_matrix(weight.detach(), like=weight) for weight in self._weights]
        super().__init__(matrices, **options)
        self._matrices = matrices

    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        for matrix, weight in zip(self._matrices, self._weights, strict=True):
            matrix.grad = None if weight.grad is None else _as_matrix(weight.grad, like=weight)
        return super().step(closure)


def _as_matrix(tensor: Tensor, *, like: Tensor) -> Tensor:
    # 열의 차례는 직교화의 결과를 바꾸지 않으므로, 복사가 생기지 않는 쪽으로 펼칩니다.
    if tensor.ndim == 4 and like.is_contiguous(memory_format=torch.channels_last):
        tensor = tensor.permute(0, 2, 3, 1)
    return tensor.flatten(1)
