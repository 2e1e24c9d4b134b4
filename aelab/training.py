"""오토인코더의 학습: 설정, 학습 반복문, 평가, 그리고 중단한 곳에서 이어 가기."""

import errno
import io
import json
import math
import os
import reprlib
import shutil
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import OneCycleLR, ReduceLROnPlateau
from tqdm import tqdm

from aelab import checkpoints
from aelab.checkpoints import HISTORY_ROW, build_autoencoder, fits
from aelab.checks import check_positive_int
from aelab.data import ImageSet
from aelab.event_log import keep_tensorflow_out
from aelab.metrics import squared_error_per_image
from aelab.models import Autoencoder, evaluation_mode
from aelab.muon import Muon
from aelab.processes import Processes
from aelab.types import Images

SHOWN_IMAGES = 8  # 텐서보드에서 재구성을 지켜볼 검증 이미지의 수
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # 디스크, 할당량, 파일 크기의 한도


@dataclass(frozen=True)
class TrainingConfig:
    """학습 한 번의 설정."""

    latent_dim: int = 128
    epochs: int = 24
    batch_size: int = 128
    learning_rate: float = 3e-3  # AdamW의 최대 학습률
    muon_learning_rate: float | None = (
        0.02  # 행렬 가중치를 맡는 Muon의 최대 학습률. None이면 모두 AdamW
    )
    weight_decay: float = 0.0
    schedule: str = "one_cycle"  # "one_cycle": 올렸다가 0으로, "plateau": 검증 오차가 멈추면 1/5로
    horizontal_flip: bool = True  # 절반의 확률로 좌우를 뒤집는 증강
    seed: int = 42  # 초기 가중치, 섞는 차례, 뒤집기의 난수
    reconstructions_every: int = 5  # 재구성 그림을 기록하는 간격(epoch)
    channels_last: bool = True  # 합성곱이 빠른 메모리 배치
    # 합성곱과 행렬곱을 bfloat16으로 계산. None이면 장치가 그 곱셈을 바로 할 때 켭니다.
    bf16: bool | None = None
    # torch.compile. None이면 GPU에서 켭니다. CPU에서는 C++ 컴파일러가 있어야 하고 이득이 작습니다.
    compile: bool | None = None

    def __post_init__(self) -> None:
        for name in ("latent_dim", "epochs", "batch_size", "reconstructions_every"):
            check_positive_int(getattr(self, name), name)
        if self.schedule not in ("one_cycle", "plateau"):
            raise ValueError(
                f"schedule: 'one_cycle' 또는 'plateau'를 기대했는데 {self.schedule!r}이(가) 왔습니다."
            )
        for name in ("learning_rate", "muon_learning_rate"):
            value = getattr(self, name)
            if value is not None and not (0 < value < math.inf):
                raise ValueError(f"{name}: 0보다 큰 수를 기대했는데 {value!r}이(가) 왔습니다.")

    def on(self, device: torch.device | str) -> "TrainingConfig":
        """정하지 않은 것(None)을 장치에 맞게 정한 설정."""
        kind = torch.device(device).type
        return replace(
            self,
            bf16=_multiplies_bf16(kind) if self.bf16 is None else self.bf16,
            compile=kind == "cuda" if self.compile is None else self.compile,
        )


def _multiplies_bf16(kind: str) -> bool:
    if kind == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    # 명령이 없는 CPU에서는 흉내 내느라 오히려 느립니다. 물어볼 함수가 없는 옛 PyTorch에서는 끕니다.
    capabilities = getattr(torch.cpu, "get_capabilities", dict)()
    return kind == "cpu" and capabilities.get("avx512_bf16", False)


def fit(
    config: TrainingConfig,
    train: ImageSet,
    validation: ImageSet,
    folder: Path | str,
    *,
    device: torch.device | str = "cpu",
    resume: bool = False,
) -> Autoencoder:
    """오토인코더를 학습하고, 검증 오차가 가장 작았던 모델을 평가 모드로 돌려줍니다.

    손실은 이미지마다 더한 제곱오차를 묶음에서 평균한 값입니다.

    `folder`에 남는 것
        last.pt: 마지막 epoch의 모든 상태. `resume=True`가 여기서 이어 갑니다.
        best.pt: 검증 오차가 가장 작은 epoch의 가중치.
        history.json: epoch마다의 학습 손실, 검증 오차, 학습률, 걸린 초.
        tensorboard/: 같은 값과 재구성 그림, 계산 그래프, 설정.

    어느 순간에 죽어도 last.pt는 온전하고, 이어 가면 나머지가 거기에 맞추어집니다. 학습하는 동안에는
    폴더를 잠가 다른 학습을 막습니다. 잠금은 프로세스가 죽으면 저절로 풀립니다.

    인자
        config: 학습 설정.
        train, validation: 학습 세트와 검증 세트.
        folder: 기록할 폴더. 없으면 만듭니다.
        device: 학습할 장치. torchrun이 띄운 프로세스들이면 저마다의 장치(`processes.joined`)이고,
            묶음 하나를 나누어 계산합니다. 기록은 첫째 프로세스만 씁니다.
        resume: True이면 last.pt가 있을 때 이어 가고, 없으면 처음부터 시작합니다.
            CPU에서는 중단 없이 학습한 것과 비트까지 같은 결과를 냅니다.

    오류
        FileExistsError: resume=False인데 이미 학습 기록이 있을 때.
        BlockingIOError: 다른 학습이 같은 폴더에 기록하고 있을 때.
        OSError: 폴더에 쓸 수 없거나 디스크 공간이 모자랄 때. 앞선 기록은 그대로 남습니다.
        ValueError: 기록이 손상되었거나 설정이나 이미지의 수가 이어 가려는 것과 다를 때, 이미지가 없을 때.
        FloatingPointError: 손실이 유한하지 않을 때. 앞선 기록은 그대로 남습니다.
    """
    folder, device = Path(folder), torch.device(device)
    processes = Processes.current()
    config = config.on(device)
    _check_sizes(config, train, validation, processes)
    with _reserved(folder, resume) if processes.is_first else nullcontext():
        processes.wait()
        return _train(config, train, validation, folder, device, resume, processes)


def _train(
    config: TrainingConfig,
    train: ImageSet,
    validation: ImageSet,
    folder: Path,
    device: torch.device,
    resume: bool,
    processes: Processes,
) -> Autoencoder:
    if device.type == "cuda":
        train = train.to(device)  # 한 번만 옮기고, 묶음은 GPU에서 고릅니다.
    generator = torch.Generator().manual_seed(config.seed)
    model = Autoencoder(config.latent_dim, generator=generator).to(device)
    memory_format = torch.channels_last if config.channels_last else torch.contiguous_format
    model = model.to(memory_format=memory_format)
    steps = math.ceil(len(train) / config.batch_size)
    optimizers = _optimizers(model, config)
    schedulers = [_scheduler(optimizer, config, steps) for optimizer in optimizers]
    run = _Run(config, model, optimizers, schedulers, generator)
    if resume and (folder / "last.pt").exists():
        run.load(folder / "last.pt")
        if processes.is_first:
            _write_results(folder, run)  # last.pt를 쓴 바로 뒤에 죽었을 수 있습니다.

    forward = processes.wrap(model)
    if config.compile:
        forward = torch.compile(forward)
    with _open_log(folder, run.epoch) if processes.is_first else nullcontext() as log:
        if log and run.epoch == 0:
            _log_graph(log, model, validation[:1].to(device))
        while run.epoch < config.epochs:
            started = time.perf_counter()
            model.train()
            loss_sum = torch.zeros((), device=device)
            progress = tqdm(
                total=len(train),
                unit="장",
                mininterval=0.5,
                desc=f"epoch {run.epoch + 1}",
                disable=None if processes.is_first else True,
            )
            # 섞고 뒤집는 난수는 모든 프로세스가 같습니다. 그래서 몫을 모으면 혼자 학습할 때의 묶음이 됩니다.
            for batch in train.batches(config.batch_size, device, generator):
                if config.horizontal_flip:
                    batch = _flip_half(batch, generator)
                images = batch[processes.share].to(memory_format=memory_format)
                with torch.autocast(device.type, torch.bfloat16, enabled=bool(config.bf16)):
                    restored = forward(images)
                error = squared_error_per_image(restored.float(), images).sum()
                # 기울기를 프로세스끼리 평균하므로, 평균한 뒤에 묶음 전체의 평균이 되도록 곱해 둡니다.
                loss = error * processes.count / len(batch)
                model.zero_grad()
                loss.backward()
                for optimizer in optimizers:
                    optimizer.step()
                for scheduler in schedulers:
                    if isinstance(scheduler, OneCycleLR):
                        scheduler.step()
                loss_sum += error.detach()
                progress.update(len(batch))
            train_loss = float(processes.sum(loss_sum)) / len(train)
            progress.set_postfix(loss=f"{train_loss:.2f}")
            progress.close()

            if not math.isfinite(train_loss):
                raise FloatingPointError(
                    f"epoch {run.epoch + 1}의 손실이 {train_loss}입니다. 학습률을 낮추어 보세요. "
                    f"앞선 epoch까지의 기록은 {folder}에 그대로 있습니다."
                )
            validation_error = _evaluate_together(model, validation, device, processes)
            rates = [optimizer.param_groups[0]["lr"] for optimizer in optimizers]
            for scheduler in schedulers:
                if isinstance(scheduler, ReduceLROnPlateau):
                    scheduler.step(validation_error)
            run.finish_epoch(
                train_loss=train_loss,
                validation_error=validation_error,
                learning_rate=rates[0],
                seconds=time.perf_counter() - started,
            )
            if log:
                _log_epoch(log, run, validation, device)
                _write_atomically(folder / "last.pt", _serialized(run.state()))
                _write_results(folder, run)
    processes.wait()
    return load_best(folder).to(device)


@torch.inference_mode()
def evaluate(
    model: Autoencoder,
    images: ImageSet,
    *,
    batch_size: int = 1000,
    device: torch.device | str = "cpu",
) -> float:
    """이미지마다 더한 제곱오차의 평균. 값의 범위는 [-1, 1] 이미지 기준입니다.

    오류: 이미지 모음이 아니면 TypeError, 이미지가 없으면 ValueError.
    """
    if not isinstance(images, ImageSet):
        raise TypeError(f"images: ImageSet을 기대했는데 {type(images).__name__}이(가) 왔습니다.")
    if len(images) == 0:
        raise ValueError("images: 한 장 이상의 이미지를 기대했는데 빈 모음이 왔습니다.")
    total = 0.0
    with evaluation_mode(model):
        for batch in images.batches(batch_size, device):
            batch = batch.to(memory_format=torch.channels_last)  # 합성곱이 빠른 배치
            total += float(squared_error_per_image(model(batch), batch).double().sum())
    return total / len(images)


def _evaluate_together(
    model: Autoencoder, images: ImageSet, device: torch.device, processes: Processes
) -> float:
    mine = images.subset(processes.share)
    total = torch.tensor(evaluate(model, mine, device=device) * len(mine), dtype=torch.float64)
    return float(processes.sum(total.to(device))) / len(images)


def load_best(folder: Path | str) -> Autoencoder:
    """`fit`이 남긴 best.pt의 모델을 평가 모드로 읽습니다. 파일의 코드를 실행하지 않습니다."""
    path = Path(folder) / "best.pt"
    return build_autoencoder(read_checkpoint(path)["model"], str(path))


def read_checkpoint(path: Path) -> dict:
    """`fit`이 쓴 체크포인트를 코드를 실행하지 않고 읽습니다. 설정과 epoch는 확인한 것입니다.

    오류: 파일이 없으면 FileNotFoundError, 체크포인트가 아니면 ValueError.
    """
    saved = checkpoints.load(path, "aelab.training.fit이 쓴 체크포인트")
    known = (
        type(saved) is dict
        and {"config", "epoch", "model"} <= set(saved)
        and type(saved["config"]) is dict
        and all(
            isinstance(value, bool | int | float | str | None) for value in saved["config"].values()
        )
        and type(saved["epoch"]) is int
        and saved["epoch"] >= 1
    )
    if not known:
        raise ValueError(
            f"{path}: aelab.training.fit이 쓴 체크포인트(config, epoch, model)를 기대했는데 "
            "다른 것이 들어 있습니다."
        )
    return saved


@dataclass
class _Run:
    """이어 가는 데 필요한 모든 것."""

    config: TrainingConfig
    model: Autoencoder
    optimizers: list[torch.optim.Optimizer]
    schedulers: list[OneCycleLR | ReduceLROnPlateau]
    generator: torch.Generator
    epoch: int = 0
    best_error: float = math.inf

    def __post_init__(self) -> None:
        self.history: list[dict[str, float]] = []

    def finish_epoch(self, **measured: float) -> None:
        self.epoch += 1
        self.history.append({"epoch": self.epoch, **measured})
        self.best_error = min(self.best_error, measured["validation_error"])

    def best(self) -> dict:
        return {
            "config": asdict(self.config),
            "epoch": self.epoch,
            "validation_error": self.best_error,
            "model": self.model.state_dict(),
        }

    def state(self) -> dict:
        return {
            "config": asdict(self.config),
            "epoch": self.epoch,
            "best_error": self.best_error,
            "history": self.history,
            "model": self.model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "schedulers": [scheduler.state_dict() for scheduler in self.schedulers],
            "generator": self.generator.get_state(),
        }

    def load(self, path: Path) -> None:
        saved = read_checkpoint(path)
        changed = {
            name: (saved["config"].get(name), value)
            for name, value in asdict(self.config).items()
            if saved["config"].get(name) != value
        }
        if changed:
            listed = ", ".join(
                f"{name} {reprlib.repr(old)} → {new!r}" for name, (old, new) in changed.items()
            )
            raise ValueError(
                f"{path}: 같은 설정으로 이어 가기를 기대했는데 다른 설정이 왔습니다: {listed}. "
                "새 설정은 새 폴더에서 학습합니다."
            )
        try:
            self._restore(saved)
        except Exception as error:  # 어긋난 짜임은 온갖 오류로 드러납니다.
            reason = str(error) if isinstance(error, _Unfit) else type(error).__name__
            raise ValueError(
                f"{path}: 같은 설정과 같은 수의 이미지로 학습하던 상태를 기대했는데 다릅니다({reason})."
            ) from error

    def _restore(self, saved: dict) -> None:
        """설정이 정하는 것은 새로 만든 그대로 두고, 학습하며 달라지는 것만 가져옵니다."""
        epoch, history = saved["epoch"], saved["history"]
        _check(epoch <= self.config.epochs and fits(history, [HISTORY_ROW] * epoch), "history")
        _check([row["epoch"] for row in history] == list(range(1, epoch + 1)), "history")
        _check(fits(saved["model"], self.model.state_dict()), "model")
        self.model.load_state_dict({**saved["model"]})
        for optimizer, state in zip(self.optimizers, saved["optimizers"], strict=True):
            groups = optimizer.state_dict()["param_groups"]
            rates = [group["lr"] for group in state["param_groups"]]
            _check(fits(rates, [0.0] * len(groups)), "optimizers")
            _check(fits(state["state"], _state_like(optimizer)), "optimizers")
            groups = [{**group, "lr": rate} for group, rate in zip(groups, rates, strict=True)]
            optimizer.load_state_dict({"state": state["state"], "param_groups": groups})
        for scheduler, state in zip(self.schedulers, saved["schedulers"], strict=True):
            fresh = scheduler.state_dict()
            kept = {
                name: state[name] for name, value in fresh.items() if type(value) in (int, float)
            }
            steps = fresh.get("total_steps", self.config.epochs) // self.config.epochs
            expected = {"last_epoch": epoch * steps, "total_steps": fresh.get("total_steps")}
            _check(fits(kept, {name: fresh[name] for name in kept}), "schedulers")
            _check(all(kept.get(name) == value for name, value in expected.items()), "schedulers")
            scheduler.load_state_dict({**fresh, **kept})
        self.generator.set_state(saved["generator"])
        self.epoch, self.history = epoch, history
        self.best_error = min(row["validation_error"] for row in history)


class _Unfit(ValueError):
    """이어 갈 수 없는 상태."""


def _check(fit: bool, part: str) -> None:
    if not fit:
        raise _Unfit(part)


def _state_like(optimizer: torch.optim.Optimizer) -> dict[int, dict[str, Tensor]]:
    """한 걸음이라도 딛은 최적화기의 상태와 같은 짜임."""
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    if isinstance(optimizer, Muon):
        return {i: {"average": weight} for i, weight in enumerate(weights)}
    step = torch.zeros(())
    return {
        i: {"step": step, "exp_avg": weight, "exp_avg_sq": weight}
        for i, weight in enumerate(weights)
    }


def _optimizers(model: nn.Module, config: TrainingConfig) -> list[torch.optim.Optimizer]:
    """Muon이 있으면 행렬 가중치를 맡기고, 나머지는 AdamW가 맡습니다."""
    weights = [p for p in model.parameters() if p.ndim >= 2]
    others = [p for p in model.parameters() if p.ndim < 2]
    decay = {"weight_decay": config.weight_decay}
    if config.muon_learning_rate is None:
        return [torch.optim.AdamW([*weights, *others], lr=config.learning_rate, **decay)]
    return [
        Muon(
            weights,
            lr=config.muon_learning_rate,
            dtype=torch.bfloat16 if config.bf16 else torch.float32,
            **decay,
        ),
        torch.optim.AdamW(others, lr=config.learning_rate, weight_decay=0.0),
    ]


def _scheduler(
    optimizer: torch.optim.Optimizer, config: TrainingConfig, steps: int
) -> OneCycleLR | ReduceLROnPlateau:
    rate = optimizer.param_groups[0]["lr"]
    if config.schedule == "one_cycle":
        return OneCycleLR(
            optimizer,
            max_lr=rate,
            epochs=config.epochs,
            steps_per_epoch=steps,
            pct_start=0.15,
            final_div_factor=1e4,
            cycle_momentum=False,
        )
    return ReduceLROnPlateau(optimizer, factor=0.2, patience=10, min_lr=rate / 100)


def _flip_half(images: Images, generator: torch.Generator) -> Images:
    flipped = torch.rand(len(images), generator=generator) < 0.5
    return torch.where(flipped.to(images.device)[:, None, None, None], images.flip(3), images)


def _check_sizes(
    config: TrainingConfig, train: ImageSet, validation: ImageSet, processes: Processes
) -> None:
    if len(train) == 0 or len(validation) == 0:
        raise ValueError(
            "train, validation: 이미지가 한 장 이상이어야 하는데 "
            f"{len(train)}장과 {len(validation)}장이 왔습니다."
        )
    last_batch = len(train) % config.batch_size or config.batch_size
    if min(last_batch, len(validation)) < processes.count:
        raise ValueError(
            f"train, validation: 프로세스 {processes.count}개가 나눌 수 있는 묶음을 기대했는데 "
            f"마지막 묶음이 {last_batch}장, 검증 세트가 {len(validation)}장입니다."
        )


@contextmanager
def _reserved(folder: Path, resume: bool) -> Iterator[None]:
    """폴더를 만들고, 끝날 때까지 이 학습만 쓰게 합니다."""
    with ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(_locked(folder))
            probe = folder / ".쓰기-확인"
            probe.touch()
            probe.unlink()
        except BlockingIOError:
            raise
        except OSError as error:
            raise OSError(
                f"folder: 쓸 수 있는 폴더를 기대했는데 {folder}에 쓸 수 없습니다({error.strerror})."
            ) from error
        if not resume and (folder / "last.pt").exists():
            raise FileExistsError(
                f"{folder}에 이미 학습 기록이 있습니다. 이어 가려면 resume=True, "
                "새로 시작하려면 다른 폴더를 줍니다."
            )
        with _explaining_no_space(folder):
            yield


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """폴더를 잠급니다. 프로세스가 어떻게 죽든 운영체제가 풉니다."""
    if sys.platform == "win32":  # 폴더를 열 수 없으므로 파일을 잠그고 끝나면 지웁니다.
        import msvcrt

        leftover = folder / ".lock"
        descriptor = os.open(leftover, os.O_RDWR | os.O_CREAT)
        lock = partial(msvcrt.locking, descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        leftover = None
        descriptor = os.open(folder, os.O_RDONLY)
        lock = partial(fcntl.flock, descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        try:
            lock()
        except (BlockingIOError, PermissionError):  # 잠겨 있을 때 flock과 locking이 내는 오류
            raise BlockingIOError(
                f"folder: 아무도 쓰고 있지 않은 폴더를 기대했는데 {folder}에는 다른 학습이 기록하고 "
                "있습니다. 그 학습이 끝난 뒤에 이어 가거나(resume=True) 다른 폴더를 줍니다."
            ) from None
        except OSError:
            pass  # 잠금을 모르는 파일 시스템입니다. 그 때문에 학습을 막지는 않습니다.
        yield
    finally:
        os.close(descriptor)
        if leftover:
            try:
                leftover.unlink(missing_ok=True)
            except OSError:
                pass  # 다른 학습이 열어 두었습니다. 그쪽이 지웁니다.


@contextmanager
def _explaining_no_space(folder: Path, needed: int | None = None) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_SPACE:
            raise
        wanted = f"{needed:,}바이트를 쓰려는데 " if needed else ""
        raise OSError(
            f"{folder}: 디스크 공간이 모자라 기록하지 못했습니다({error.strerror}). "
            f"{wanted}{shutil.disk_usage(folder).free:,}바이트가 남았습니다. "
            "앞선 기록은 그대로이니 공간을 비운 뒤에 이어 갑니다(resume=True)."
        ) from error


def _serialized(content: dict) -> bytes:
    # 파일에 바로 쓰면 디스크가 가득 찼을 때 OSError가 아니라 까닭 모를 RuntimeError가 납니다.
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def _write_atomically(path: Path, content: bytes) -> None:
    """다 쓴 파일로 한 번에 바꿉니다. 어느 순간에 죽어도 앞선 파일이나 새 파일이 온전히 남습니다."""
    temporary = path.with_name(path.name + ".tmp")
    with _explaining_no_space(path.parent, len(content)):
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())  # 정전 뒤에 이름만 바뀌고 내용은 없는 일을 막습니다.
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """바뀐 이름을 디스크에 남깁니다. 파일을 바꾼 차례가 정전 뒤에도 지켜집니다."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:
        pass  # 폴더의 fsync를 모르는 파일 시스템입니다. 파일은 이미 다 썼습니다.
    finally:
        os.close(descriptor)


def _write_results(folder: Path, run: _Run) -> None:
    """last.pt에서 되살릴 수 있는 것. 그래서 last.pt보다 뒤에 씁니다."""
    if run.history[-1]["validation_error"] == run.best_error:
        _write_atomically(folder / "best.pt", _serialized(run.best()))
    history = json.dumps(run.history, indent=1) + "\n"
    _write_atomically(folder / "history.json", history.encode())


def _open_log(folder: Path, first_epoch: int):
    keep_tensorflow_out()
    from torch.utils.tensorboard import SummaryWriter

    log = folder / "tensorboard"
    # 텐서보드는 파일을 이름의 차례로 읽고, 이름은 연 시각(초)으로 시작합니다. 초가 바뀌기를 기다려야
    # 새 파일이 뒤에 옵니다.
    while any(log.glob(f"events.out.tfevents.{int(time.time()):010d}.*")):
        time.sleep(0.02)
    # 이어 갈 때는 체크포인트보다 앞서 나간 기록을 지웁니다.
    return SummaryWriter(str(log), purge_step=first_epoch + 1)


def _log_graph(log, model: nn.Module, images: Images) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # 입력 검사가 추적되지 않는다는 경고는 그래프와 무관합니다.
        log.add_graph(model, images)


@torch.inference_mode()
def _log_epoch(log, run: _Run, validation: ImageSet, device: torch.device) -> None:
    from torch.utils.tensorboard.summary import hparams

    newest = run.history[-1]
    log.add_scalar("loss/train", newest["train_loss"], run.epoch)
    log.add_scalar("loss/validation", newest["validation_error"], run.epoch)
    log.add_scalar("learning_rate", newest["learning_rate"], run.epoch)
    last = run.epoch == run.config.epochs
    if last or run.epoch == 1 or run.epoch % run.config.reconstructions_every == 0:
        log.add_image("reconstructions", _comparison(run.model, validation, device), run.epoch)
    if last:
        settings = {name: str(value) for name, value in asdict(run.config).items()}
        # add_hparams는 파일을 따로 열어 0번째로 적으므로, 이어 갈 때 지워지지 않고 겹칩니다.
        for summary in hparams(settings, {"best/validation": run.best_error}):
            log.file_writer.add_summary(summary, run.epoch)
        log.add_scalar("best/validation", run.best_error, run.epoch)
    log.flush()  # last.pt에 있는 epoch이 여기에 빠지는 일이 없도록 먼저 씁니다.


def _comparison(model: Autoencoder, validation: ImageSet, device: torch.device) -> Tensor:
    """위에는 원본, 아래에는 재구성: (3, 64, 32·장수), 값은 [0, 1]."""
    images = validation[:SHOWN_IMAGES].to(device)
    with evaluation_mode(model):
        pairs = torch.cat([images, model(images)], dim=2)  # (n, 3, 64, 32)
    return torch.cat(list(pairs), dim=2).add(1).div(2).clamp(0, 1)
