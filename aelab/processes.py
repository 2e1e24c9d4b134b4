"""torchrun이 띄운 여러 프로세스: 서로 잇고, 묶음을 나누고, 값을 더합니다."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import nn

from aelab.checks import unexpected


@dataclass(frozen=True)
class Processes:
    """함께 학습하는 프로세스들 가운데 나. 혼자이면 (0, 1)입니다."""

    rank: int = 0  # 내 번호
    count: int = 1  # 모두 몇인지

    @staticmethod
    def current() -> "Processes":
        if dist.is_available() and dist.is_initialized():
            return Processes(dist.get_rank(), dist.get_world_size())
        return Processes()

    @property
    def is_first(self) -> bool:
        """기록과 체크포인트는 첫째만 씁니다."""
        return self.rank == 0

    @property
    def share(self) -> slice:
        """모두가 똑같이 아는 차례에서 내가 맡은 것. 겹치지 않고 빠지지도 않습니다."""
        return slice(self.rank, None, self.count)

    def wrap(self, model: nn.Module) -> nn.Module:
        """역전파 때 기울기를 프로세스끼리 평균하는 모델. 혼자이면 그대로입니다."""
        if self.count == 1:
            return model
        return nn.parallel.DistributedDataParallel(model)

    def sum(self, value: float, device: torch.device) -> float:
        """프로세스마다의 값을 더한 것. `device`는 그 값을 주고받을 장치입니다."""
        if self.count == 1:
            return value
        total = torch.tensor(value, dtype=torch.float64, device=device)
        dist.all_reduce(total)
        return float(total)

    def wait(self) -> None:
        """모두가 여기에 올 때까지 기다립니다."""
        if self.count > 1:
            dist.barrier()


def usable(device: torch.device | str | None = None) -> torch.device:
    """계산할 장치. None이면 CUDA가 있을 때 그 GPU, 없으면 CPU입니다.

    오류: 이 컴퓨터에 없는 장치이면 ValueError.
    """
    if device is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.empty(0, device=device).device
    except (
        RuntimeError,
        AssertionError,
    ) as error:  # CUDA 없이 지은 PyTorch는 AssertionError를 냅니다.
        mend = " cpu로 바꾸고, torchrun이면 --nproc-per-node를 GPU의 수에 맞춥니다."
        raise unexpected("device", "이 컴퓨터에 있는 장치를", f"'{device}'", mend) from error


@contextmanager
def joined(device: torch.device | str | None) -> Iterator[torch.device]:
    """torchrun이 띄웠으면 프로세스를 서로 잇고, 내가 쓸 장치를 냅니다.

    GPU는 프로세스마다 하나씩 맡고 NCCL로, CPU는 Gloo로 잇습니다. 장치와 오류는 `usable`과 같습니다.
    """
    together = dist.is_available() and dist.is_torchelastic_launched()
    if together and torch.device(device or usable()).type == "cuda":
        device = f"cuda:{os.environ['LOCAL_RANK']}"
    device = usable(device)
    if device.type == "cuda" and device.index is not None:
        torch.cuda.set_device(device)
    if not together:
        yield device
        return
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield device
    finally:
        dist.destroy_process_group()
