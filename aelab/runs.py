"""학습 한 번의 폴더: 체크포인트, 기록, 텐서보드, 그리고 중단한 곳에서 이어 가기."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from zlib import crc32

import torch

from aelab import event_log
from aelab.data import ImageSet
from aelab.files import write_atomically
from aelab.models import Autoencoder
from aelab.pretrained import build_autoencoder, read_checkpoint
from aelab.types import Images


def load_best(folder: Path | str) -> Autoencoder:
    """`fit`이 남긴 best.pt의 모델을 평가 모드로 읽습니다. 파일의 코드를 실행하지 않습니다.

    오류: 파일이 없으면 FileNotFoundError, `fit`이 쓴 것이 아니거나 손상되었으면 ValueError.
    """
    path = Path(folder) / "best.pt"
    return build_autoencoder(read_checkpoint(path, "model")["model"], str(path))


@dataclass
class Run:
    """학습 한 번의 상태와, 그것을 남기는 폴더.

    last.pt: 마지막 epoch의 모든 상태. `restore`가 여기서 되살립니다.
    best.pt: 검증 오차가 가장 작은 epoch의 가중치.
    history.json: epoch마다의 학습 손실, 검증 오차, 학습률, 걸린 초.
    tensorboard/: 같은 값과 재구성 그림, 계산 그래프, 설정.
    """

    folder: Path
    config: Any  # TrainingConfig
    train: ImageSet
    validation: ImageSet
    model: Autoencoder
    optimizers: list[torch.optim.Optimizer]
    generator: torch.Generator
    history: list[dict[str, float]] = field(default_factory=list)
    _notice: str = ""
    _log: Any = None  # 기록하는 프로세스만 엽니다.

    def restore(self, resume: bool) -> None:
        """last.pt가 있으면 그 상태로 만듭니다. 오류는 `training.fit`과 같습니다."""
        path = self.folder / "last.pt"
        if not path.exists():
            return
        saved = read_checkpoint(path, "config", "history", "model", "optimizers", "generator")
        old = asdict(type(self.config)(**saved["config"])) | saved.get("images", self._images)
        new = asdict(self.config) | self._images
        changed = [name for name in new if old[name] != new[name]]
        listed = ", ".join(f"{name} {old[name]!r} → {new[name]!r}" for name in changed)
        done, epochs = len(saved["history"]), self.config.epochs
        if not changed and done == epochs:
            self._notice = f"{self.folder}의 학습은 이미 끝났으므로 그 결과를 돌려줍니다."
        elif not resume:
            raise FileExistsError(
                f"{self.folder}에 이미 학습 기록이 있습니다({listed or f'{epochs} epoch 가운데 {done}'}). "
                "이어 가려면 resume=True, 새로 시작하려면 다른 폴더를 줍니다."
            )
        elif changed and (changed != ["epochs"] or done >= epochs):
            raise ValueError(
                f"{path}: 같은 설정으로 이어 가기를 기대했는데 다른 설정이 왔습니다: {listed}. "
                "epochs는 늘릴 수 있습니다. 새 설정은 새 폴더에서 학습합니다."
            )
        elif changed and self.config.schedule == "one_cycle":
            self._notice = (
                f"학습률은 {old['epochs']} epoch의 끝에서 0이 되도록 내려가던 것입니다. {epochs} epoch으로 "
                f"다시 짠 일정의 {done + 1}번째 epoch에서 이어 가므로 도로 올라갑니다."
            )
        self.history = saved["history"]
        self.model.load_state_dict(saved["model"])
        for optimizer, state in zip(self.optimizers, saved["optimizers"], strict=True):
            optimizer.load_state_dict(state)
        self.generator.set_state(saved["generator"])

    @contextmanager
    def recording(self) -> Iterator[None]:
        """안에서는 `finish_epoch`가 폴더에 씁니다. 쓸 수 없으면 우리말의 OSError입니다."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._write_results()  # last.pt를 쓴 바로 뒤에 죽었을 수 있습니다.
            if self._notice:
                logging.getLogger("aelab").warning(self._notice)
            if len(self.history) == self.config.epochs:
                yield
                return
            following = len(self.history) + 1  # 체크포인트보다 앞서 나간 기록은 지웁니다.
            log = event_log.open_log(self.folder / "tensorboard", purge_step=following)
            with log as self._log:
                if not self.history:
                    event_log.write_graph(self._log, self.model, self._shown()[:1])
                yield
        except OSError as error:
            raise OSError(
                f"{self.folder}에 기록하지 못했습니다({error.strerror}). 디스크 공간과 쓰기 권한을 봅니다. "
                "앞선 기록은 그대로이니 고친 뒤에 이어 갑니다(resume=True)."
            ) from error

    def finish_epoch(self, **measured: float) -> None:
        """한 epoch의 기록을 더하고, 기록하는 프로세스이면 폴더에 씁니다."""
        self.history.append(measured)
        if self._log is None:
            return
        shown = "epoch {epoch}: 학습 손실 {train_loss:.2f}, 검증 오차 {validation_error:.2f} ({seconds:.0f}초)"
        logging.getLogger("aelab").info(shown.format(**measured))
        self._write_log()  # last.pt에 있는 epoch이 여기에 빠지는 일이 없도록 먼저 씁니다.
        state = self._weights() | {
            "images": self._images,
            "history": self.history,
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "generator": self.generator.get_state(),
        }
        write_atomically(self.folder / "last.pt", _serialized(state))
        self._write_results()

    def _write_results(self) -> None:
        """last.pt에서 되살릴 수 있는 것. 그래서 last.pt보다 뒤에 씁니다."""
        if self.history and self.history[-1]["validation_error"] == self._best_error():
            write_atomically(self.folder / "best.pt", _serialized(self._weights()))
        history = json.dumps(self.history, indent=1) + "\n"
        write_atomically(self.folder / "history.json", history.encode())

    def _weights(self) -> dict:
        return {
            "config": asdict(self.config),
            "epoch": len(self.history),
            "validation_error": self.history[-1]["validation_error"],
            "model": self.model.state_dict(),
        }

    @cached_property  # 학습 세트를 다 읽으므로 epoch마다 다시 셈하지 않습니다.
    def _images(self) -> dict[str, str]:
        """다른 이미지로 이어 가지 않도록 알아볼 것."""
        sets = {"train": self.train, "validation": self.validation}
        return {
            name: f"{images.name} {len(images)}장 {crc32(images.images.cpu().contiguous().numpy().data):08x}"
            for name, images in sets.items()
        }

    def _best_error(self) -> float:
        return min(row["validation_error"] for row in self.history)

    def _shown(self) -> Images:
        """텐서보드에서 재구성을 지켜볼 검증 이미지."""
        return self.validation[:8].to(next(self.model.parameters()).device)

    def _write_log(self) -> None:
        epoch, last = len(self.history), len(self.history) == self.config.epochs
        event_log.write_epoch(self._log, self.history)
        if last or epoch == 1 or epoch % self.config.reconstructions_every == 0:
            event_log.write_reconstructions(self._log, self.model, self._shown(), epoch)
        if last:
            settings = asdict(self.config)
            event_log.write_settings(self._log, settings, self._best_error(), epoch)
        self._log.flush()


def _serialized(content: dict) -> bytes:
    # 파일에 바로 쓰면 디스크가 가득 찼을 때 OSError가 아니라 까닭 모를 RuntimeError가 납니다.
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()
