"""배운 신경망에 많은 입력을 나누어 넣습니다."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from tqdm import tqdm

from aelab.checks import MENDED_BY, check_positive_int, unexpected
from aelab.data import ImageSet
from aelab.models import evaluation_mode

BATCH_SIZE = 250  # CPU에서는 특징 맵이 캐시에 들어갈 만큼 작은 묶음이 빠릅니다.


def predict(
    network: nn.Module, inputs: ImageSet | Tensor, *, batch_size: int = BATCH_SIZE
) -> Tensor:
    """모든 입력의 출력을 차례대로 CPU에 모읍니다: (n, …).

    묶음마다 신경망이 있는 장치로 옮겨 평가 모드로 계산하고, 신경망의 모드는 부르기 전으로 되돌립니다.
    기울기는 남기지 않습니다. 2초 넘게 걸리면 진행 막대를 보입니다.

    인자
        network: 오토인코더나 그 일부. `predict(model, images)`는 재구성, `predict(model.encoder, images)`는
            잠재 벡터, `predict(model.decoder, codes)`는 이미지를 모읍니다.
        inputs: 이미지 모음, 또는 첫 축이 묶음인 텐서.
        batch_size: 한 번에 넣는 수.

    오류: 입력이 이미지 모음도 텐서도 아니면 TypeError, 비었으면 ValueError, GPU 메모리가 모자라면
        torch.OutOfMemoryError.
    """
    return collect(network, network, inputs, batch_size)


@torch.no_grad()  # inference_mode의 출력은 나중에 학습에 쓸 수 없습니다.
def collect(
    compute: Callable[[Tensor], Tensor],
    network: nn.Module,
    inputs: ImageSet | Tensor,
    batch_size: int,
) -> Tensor:
    """`network`의 장치로 옮긴 묶음마다 `compute`가 낸 것을 모읍니다. 나머지는 `predict`와 같습니다."""
    check_positive_int(batch_size, "batch_size")
    if not isinstance(inputs, ImageSet | Tensor):
        expected = "ImageSet이나 torch.Tensor를"
        came = type(inputs).__name__
        hint = f"{MENDED_BY}inputs = torch.tensor(inputs)" if came == "ndarray" else ""
        raise unexpected("inputs", expected, came, hint, TypeError)
    if len(inputs) == 0:
        raise ValueError("inputs: 하나 이상을 기대했는데 비어 있습니다.")
    device = next((weight.device for weight in network.parameters()), torch.device("cpu"))
    is_set = isinstance(inputs, ImageSet)
    outputs = []
    with (
        evaluation_mode(network),
        naming_batch_size(batch_size),
        tqdm(total=len(inputs), mininterval=0.5, delay=2) as progress,
    ):
        for batch in inputs.batches(batch_size, device) if is_set else inputs.split(batch_size):
            outputs.append(compute(batch.to(device)).cpu())
            progress.update(len(batch))
    return torch.cat(outputs)


@contextmanager
def naming_batch_size(size: int) -> Iterator[None]:
    """안에서 GPU 메모리가 모자라면 무엇을 줄일지 말합니다."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise torch.OutOfMemoryError(
            f"GPU 메모리가 모자랍니다. 한 번에 넣는 장수를 줄입니다: batch_size={max(1, size // 2)}"
        ) from error
