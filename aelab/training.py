"""오토인코더의 학습: 설정, 학습 반복문, 평가. 폴더에 남기는 것은 runs.py에 있습니다."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, fields, replace
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import nn
from torch.optim.lr_scheduler import OneCycleLR, ReduceLROnPlateau
from tqdm import tqdm

from aelab.checks import MENDED_BY, check_positive_int, unexpected
from aelab.data import ImageSet
from aelab.inference import collect, naming_batch_size
from aelab.metrics import squared_error_per_image
from aelab.models import Autoencoder
from aelab.muon import Muon
from aelab.processes import Processes, usable
from aelab.runs import Run, load_best
from aelab.types import Images, PerImage


@dataclass(frozen=True)
class TrainingConfig:
    """학습 한 번의 설정."""

    latent_dim: int = 128
    base_channel_size: int = 32  # 가장 얕은 층의 채널 수
    epochs: int = 24
    batch_size: int = 128
    learning_rate: float = 3e-3  # AdamW의 최대 학습률
    # 행렬 가중치를 맡는 Muon의 최대 학습률. None이면 모두 AdamW가 맡습니다.
    muon_learning_rate: float | None = 0.02
    weight_decay: float = 0.0
    schedule: str = "one_cycle"  # "one_cycle": 올렸다가 0으로, "plateau": 검증 오차가 멈추면 1/5로
    horizontal_flip: bool = True  # 절반의 확률로 좌우를 뒤집는 증강
    seed: int = 42  # 초기 가중치, 섞는 차례, 뒤집기의 난수
    reconstructions_every: int = 5  # 재구성 그림을 기록하는 간격(epoch)
    channels_last: bool = True  # 합성곱이 빠른 메모리 배치
    # 합성곱과 행렬곱을 bfloat16으로 계산. None이면 장치가 그 곱셈을 바로 할 때 켭니다.
    bf16: bool | None = None
    # torch.compile. None이면 Triton이 있는 GPU에서 켭니다. CPU에서는 C++ 컴파일러가 있어야 하고 이득이 작습니다.
    compile: bool | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if hasattr(value, "item"):  # NumPy의 수는 체크포인트에 담을 수 없습니다.
                object.__setattr__(self, field.name, value.item())
        counts = "latent_dim", "base_channel_size", "epochs", "batch_size", "reconstructions_every"
        for name in counts:
            check_positive_int(getattr(self, name), name)
        if not isinstance(self.seed, int):
            raise unexpected("seed", "정수를", repr(self.seed), error=TypeError)
        if self.schedule not in ("one_cycle", "plateau"):
            raise unexpected("schedule", "'one_cycle' 또는 'plateau'를", repr(self.schedule))
        for name in ("learning_rate", "muon_learning_rate", "weight_decay"):
            value = getattr(self, name)
            if name == "muon_learning_rate" and value is None:
                continue
            if not isinstance(value, int | float) or not 0 <= value < math.inf:
                raise unexpected(name, "0 이상인 수를", repr(value))

    def on(self, device: torch.device | str) -> "TrainingConfig":
        """정하지 않은 것(None)을 장치에 맞게 정한 설정."""
        kind = torch.device(device).type
        compiles = kind == "cuda" and find_spec("triton") is not None  # Windows에는 없습니다.
        return replace(
            self,
            bf16=_multiplies_bf16(kind) if self.bf16 is None else self.bf16,
            compile=compiles if self.compile is None else self.compile,
        )


def fit(
    config: TrainingConfig,
    train: ImageSet,
    validation: ImageSet,
    folder: Path | str,
    *,
    device: torch.device | str | None = None,
    resume: bool = False,
) -> Autoencoder:
    """오토인코더를 학습하고, 검증 오차가 가장 작았던 모델을 평가 모드로 돌려줍니다.

    손실은 이미지마다 더한 제곱오차를 묶음에서 평균한 값입니다. `folder`에 남는 것은 `runs.Run`에 있습니다.
    어느 순간에 죽어도 앞선 epoch의 기록은 온전합니다. 끝난 학습을 같은 설정으로 다시 부르면 그 결과를 돌려줍니다.

    인자
        config: 학습 설정.
        train, validation: 학습 세트와 검증 세트.
        folder: 기록할 폴더. 없으면 만듭니다.
        device: 학습할 장치. None이면 CUDA가 있을 때 그 GPU, 없으면 CPU입니다. torchrun이 띄운 프로세스들이면
            저마다의 장치(`processes.joined`)이고, 묶음 하나를 나누어 계산합니다. 기록은 첫째 프로세스만 씁니다.
        resume: True이면 앞선 기록이 있을 때 이어 가고, 없으면 처음부터 시작합니다. CPU에서는 중단 없이
            학습한 것과 비트까지 같은 결과를 냅니다. epochs는 늘릴 수 있습니다. one_cycle은 늘린 epoch 수로
            일정을 다시 짜고 그 일정의 같은 epoch에서 이어 가므로, 내려온 학습률이 다시 올라갑니다.

    오류
        FileExistsError: resume=False인데 끝나지 않았거나 설정이 다른 학습의 기록이 있을 때.
        OSError: 폴더에 쓸 수 없거나 디스크 공간이 모자랄 때. 앞선 기록은 그대로 남습니다.
        ValueError: 기록이 손상되었거나 설정이나 이미지가 이어 가려는 것과 다를 때, 이미지나 장치가 없을 때,
            컴파일할 수 없을 때.
        FloatingPointError: 손실이 유한하지 않을 때. 앞선 기록은 그대로 남습니다.
    """
    given, device, folder = device, usable(device), Path(folder)
    if given is None and device.type == "cuda":
        print(f"GPU에서 학습합니다: {torch.cuda.get_device_name()}")
    config, processes = config.on(device), Processes.current()
    _check_shares(config, train, validation, processes)
    generator = torch.Generator().manual_seed(config.seed)
    model = Autoencoder(config.latent_dim, config.base_channel_size, generator)
    memory_format = torch.channels_last if config.channels_last else torch.contiguous_format
    model = model.to(device).to(memory_format=memory_format)
    optimizers = _optimizers(model, config)

    run = Run(folder, config, train, validation, model, optimizers, generator)
    run.restore(resume)
    steps = math.ceil(len(train) / config.batch_size)
    schedulers = [_scheduler(each, config, steps, run.history) for each in optimizers]
    forward = processes.wrap(model)
    if config.compile:
        forward = torch.compile(forward)
    if device.type == "cuda":
        train = train.to(device)  # 한 번만 옮기고, 묶음은 GPU에서 고릅니다.

    recording = run.recording() if processes.is_first else nullcontext()
    with recording, naming_batch_size(config.batch_size), _naming_compile():
        for epoch in range(len(run.history) + 1, config.epochs + 1):
            started = time.perf_counter()
            model.train()
            loss_sum = torch.zeros((), device=device)
            quiet = None if processes.is_first else True
            progress = tqdm(total=len(train), unit="장", desc=f"epoch {epoch}", disable=quiet)
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
            train_loss = processes.sum(float(loss_sum), device) / len(train)
            progress.set_postfix(loss=f"{train_loss:.2f}")
            progress.close()

            if not math.isfinite(train_loss):
                raise FloatingPointError(
                    f"epoch {epoch}의 손실이 {train_loss}입니다. 학습률을 낮추어 보세요. "
                    f"앞선 epoch까지의 기록은 {folder}에 그대로 있습니다."
                )
            mine = validation.subset(processes.share)
            error_sum = processes.sum(evaluate(model, mine) * len(mine), device)
            run.finish_epoch(
                epoch=epoch,
                train_loss=train_loss,
                validation_error=error_sum / len(validation),
                learning_rate=optimizers[0].param_groups[0]["lr"],
                seconds=time.perf_counter() - started,
            )
            for scheduler in schedulers:
                if isinstance(scheduler, ReduceLROnPlateau):
                    scheduler.step(error_sum / len(validation))
    processes.wait()
    return load_best(folder).to(device)


def evaluate(model: Autoencoder, images: ImageSet | Images, *, batch_size: int = 1000) -> float:
    """이미지마다 더한 제곱오차의 평균. 값의 범위는 [-1, 1] 이미지 기준이고, 모델의 장치에서 계산합니다.

    오류: `aelab.inference.predict`와 같습니다.
    """

    def errors(batch: Images) -> PerImage:
        batch = batch.to(memory_format=torch.channels_last)  # 합성곱이 빠른 배치
        return squared_error_per_image(model(batch), batch)

    return float(collect(errors, model, images, batch_size).double().mean())


def _optimizers(model: nn.Module, config: TrainingConfig) -> list[torch.optim.Optimizer]:
    """Muon이 있으면 행렬 가중치를 맡기고, 나머지는 AdamW가 맡습니다."""
    weights = [p for p in model.parameters() if p.ndim >= 2]
    others = [p for p in model.parameters() if p.ndim < 2]
    decay, rate = config.weight_decay, config.muon_learning_rate
    if rate is None:
        everything = [*weights, *others]
        return [torch.optim.AdamW(everything, lr=config.learning_rate, weight_decay=decay)]
    dtype = torch.bfloat16 if config.bf16 else torch.float32
    return [
        Muon(weights, lr=rate, weight_decay=decay, dtype=dtype),
        torch.optim.AdamW(others, lr=config.learning_rate, weight_decay=0.0),
    ]


def _scheduler(
    optimizer: torch.optim.Optimizer, config: TrainingConfig, steps: int, history: list[dict]
) -> OneCycleLR | ReduceLROnPlateau:
    """지나온 epoch(`history`)의 다음에서 시작하는 학습률 일정."""
    rate = optimizer.defaults["lr"]
    if config.schedule == "one_cycle":
        return OneCycleLR(
            optimizer,
            max_lr=rate,
            epochs=config.epochs,
            steps_per_epoch=steps,
            pct_start=0.15,
            final_div_factor=1e4,
            cycle_momentum=False,
            last_epoch=len(history) * steps - 1,
        )
    for group in optimizer.param_groups:  # 이어 갈 때도 처음부터 다시 밟습니다.
        group["lr"] = rate
    scheduler = ReduceLROnPlateau(optimizer, factor=0.2, patience=10, min_lr=rate / 100)
    for row in history:
        scheduler.step(row["validation_error"])
    return scheduler


def _flip_half(images: Images, generator: torch.Generator) -> Images:
    flipped = torch.rand(len(images), generator=generator) < 0.5
    return torch.where(flipped.to(images.device)[:, None, None, None], images.flip(3), images)


def _multiplies_bf16(kind: str) -> bool:
    if kind == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    # 명령이 없는 CPU에서는 흉내 내느라 오히려 느립니다. 물어볼 함수가 없는 옛 PyTorch에서는 끕니다.
    capabilities = getattr(torch.cpu, "get_capabilities", dict)()
    return kind == "cpu" and capabilities.get("avx512_bf16", False)


@contextmanager
def _naming_compile() -> Iterator[None]:
    """안에서 컴파일하지 못하면 고치는 말을 합니다: C++ 컴파일러나 Triton이 없는 컴퓨터입니다."""
    try:
        yield
    except RuntimeError as error:
        if not type(error).__module__.startswith(("torch._dynamo", "torch._inductor")):
            raise
        raise ValueError(
            "compile: torch.compile에는 C++ 컴파일러(GPU에서는 Triton)가 있어야 하는데 이 컴퓨터에서는 "
            f"컴파일하지 못했습니다({str(error).splitlines()[0]}).{MENDED_BY}compile=False"
        ) from error


def _check_shares(
    config: TrainingConfig, train: ImageSet, validation: ImageSet, processes: Processes
) -> None:
    last_batch = len(train) and (len(train) - 1) % config.batch_size + 1
    if min(last_batch, len(validation)) < processes.count:
        expected = f"프로세스({processes.count}개)마다 한 장 이상의 이미지를"
        came = f"학습 세트의 마지막 묶음이 {last_batch}장, 검증 세트가 {len(validation)}장"
        raise unexpected("train, validation", expected, came)
