"""Muon: 행렬 가중치의 갱신 방향을 직교에 가깝게 만드는 최적화기.

torch.optim.Muon은 2차원 가중치만 받고 늘 bfloat16으로 계산합니다. 여기서는 합성곱의 가중치도
(첫 축, 나머지) 행렬로 보고, 계산할 자료형을 고릅니다.
"""

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from aelab.checks import check_float_tensor, unexpected

# 특이값을 1 가까이로 빠르게 올리는 5차 다항식의 계수
_A, _B, _C = 3.4445, -4.7750, 2.0315


class Muon(torch.optim.Optimizer):
    """기울기의 지수 평균을 직교에 가까운 행렬로 바꾸어 그 방향으로 갱신합니다.

    인자
        weights: 2차원 이상의 가중치.
        lr: 학습률. 행이 열보다 많으면 √(행/열)을 곱합니다.
        momentum: 기울기를 평균하는 계수. Nesterov의 방식으로 씁니다.
        weight_decay: 갱신할 때마다 가중치를 lr·weight_decay의 비율로 줄입니다.
        dtype: 직교화를 계산할 자료형. bfloat16은 그 곱셈을 바로 하는 장치에서 빠릅니다.

    출처: Jordan 외(2024), "Muon: An optimizer for hidden layers in neural networks".
    """

    def __init__(
        self,
        weights: Iterable[nn.Parameter],
        lr: float,
        *,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__(weights, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        self.dtype = dtype

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            rate, momentum = group["lr"], group["momentum"]
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if not state:
                    state["average"] = torch.zeros_like(weight)
                average = state["average"].lerp_(weight.grad, 1 - momentum)
                direction = weight.grad.lerp(average, momentum).flatten(1)
                rows, columns = direction.shape
                change = orthogonalize(direction.to(self.dtype)).reshape(weight.shape)
                weight.mul_(1 - rate * group["weight_decay"])
                weight.add_(change, alpha=-rate * math.sqrt(max(1, rows / columns)))
        return loss


def orthogonalize(matrix: Tensor, steps: int = 5) -> Tensor:
    """특이벡터는 그대로 두고 특이값만 1 가까이(약 0.7에서 1.2)로 만든 행렬. 입력은 바꾸지 않습니다.

    뉴턴-슐츠 반복입니다. 다항식 p(σ) = aσ + bσ³ + cσ⁵를 특이값마다 거듭 씌우는 것과 같지만
    행렬곱만으로 계산합니다. 처음 크기의 1/100보다 작은 특이값은 다 오르지 못할 수 있습니다.

    인자
        matrix: 실수의 (행, 열).
        steps: 반복 횟수.

    오류: 실수형 텐서가 아니면 TypeError, 행렬이 아니면 ValueError.

    출처: Jordan 외(2024), 위와 같음.
    """
    check_float_tensor(matrix, "matrix")
    if matrix.ndim != 2:
        raise unexpected("matrix", "(행, 열)을", tuple(matrix.shape))
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    wide = wide / wide.norm().clamp(min=1e-7)  # 특이값이 모두 1 이하가 됩니다.
    for _ in range(steps):
        gram = wide @ wide.T
        wide = torch.addmm(wide, torch.addmm(gram, gram, gram, beta=_B, alpha=_C), wide, beta=_A)
    return wide if matrix.shape[0] <= matrix.shape[1] else wide.T
