"""텐서보드의 기록: epoch마다의 수와 재구성 그림, 계산 그래프, 설정."""

import sys
import time
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from aelab.models import Autoencoder, evaluation_mode
from aelab.types import Images


def keep_tensorflow_out() -> None:
    """텐서보드가 TensorFlow를 불러오지 않게 합니다. 텐서보드를 처음 불러오기 전에 부릅니다.

    TensorFlow가 함께 깔린 컴퓨터에서 torch와 한 프로세스에 불러오면 학습을 시작하는 순간 커널이 죽을 수
    있습니다. 텐서보드는 이 이름의 모듈이 있으면 TensorFlow 대신 자신에게 딸린 작은 대역을 씁니다.
    """
    name = "tensorboard.compat.notf"
    sys.modules.setdefault(name, ModuleType(name))


def open_log(folder: Path | str, **options: Any) -> Any:
    """텐서보드의 기록(SummaryWriter)을 엽니다. `options`는 SummaryWriter의 것입니다."""
    keep_tensorflow_out()
    from torch.utils.tensorboard import SummaryWriter

    # 텐서보드는 파일을 이름의 차례로 읽고, 이름은 연 시각(초)으로 시작합니다. 초가 바뀌기를 기다려야
    # 새 파일이 뒤에 옵니다.
    while any(Path(folder).glob(f"events.out.tfevents.{int(time.time()):010d}.*")):
        time.sleep(0.02)
    return SummaryWriter(str(folder), **options)


def write_graph(log: Any, model: Autoencoder, images: Images) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # 입력 검사가 추적되지 않는다는 경고는 그래프와 무관합니다.
        log.add_graph(model, images)


def write_epoch(log: Any, history: list[dict[str, float]]) -> None:
    """`history`의 마지막 epoch에 잰 수."""
    newest = history[-1]
    log.add_scalar("loss/train", newest["train_loss"], len(history))
    log.add_scalar("loss/validation", newest["validation_error"], len(history))
    log.add_scalar("learning_rate", newest["learning_rate"], len(history))


@torch.inference_mode()
def write_reconstructions(log: Any, model: Autoencoder, images: Images, epoch: int) -> None:
    """위에는 원본, 아래에는 재구성."""
    with evaluation_mode(model):
        pairs = torch.cat([images, model(images)], dim=2)  # (n, 3, 64, 32)
    log.add_image("reconstructions", torch.cat(list(pairs), 2).add(1).div(2).clamp(0, 1), epoch)


def write_settings(log: Any, settings: dict[str, Any], best_error: float, epoch: int) -> None:
    """학습을 견주는 표(HPARAMS)의 한 줄."""
    from torch.utils.tensorboard.summary import hparams

    shown = {name: str(value) for name, value in settings.items()}
    # add_hparams는 파일을 따로 열어 0번째로 적으므로, 이어 갈 때 지워지지 않고 겹칩니다.
    for summary in hparams(shown, {"best/validation": best_error}):
        log.file_writer.add_summary(summary, epoch)
    log.add_scalar("best/validation", best_error, epoch)
