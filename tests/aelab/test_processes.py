"""aelab.processes: 두 프로세스로 학습해도 혼자 학습한 것과 같은지."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from aelab import toyworld
from aelab.processes import Processes, joined
from aelab.training import TrainingConfig, fit, read_checkpoint

ROOT = Path(__file__).resolve().parents[2]
# 100장을 32장씩 묶으면 마지막 묶음은 4장입니다. 크기가 다른 묶음에서도 평균이 맞아야 합니다.
CONFIG = TrainingConfig(latent_dim=8, epochs=2, batch_size=32, bf16=False, compile=False)
PROGRAM = """
import json, sys
from pathlib import Path
import torch
from aelab import toyworld
from aelab.models import Autoencoder
from aelab.processes import Processes, joined
from aelab.training import TrainingConfig, fit

folder, settings = Path(sys.argv[1]), json.loads(sys.argv[2])
train = toyworld.load("train").subset(slice(100))
validation = toyworld.load("validation").subset(slice(41))
seen = []
forward = Autoencoder.forward
def watched(self, images):
    if self.training:
        seen.extend(image.sum(dtype=torch.float64).item() for image in images.detach())
    return forward(self, images)
Autoencoder.forward = watched
with joined("cpu") as device:
    model = fit(TrainingConfig(**settings), train, validation, folder, device=device,
                resume="--resume" in sys.argv)
    rank = Processes.current().rank
torch.save({"seen": seen, "model": model.state_dict()}, folder.with_name(f"{folder.name}-{rank}.pt"))
"""


@pytest.fixture(scope="module")
def images():
    return toyworld.load("train").subset(slice(100)), toyworld.load("validation").subset(slice(41))


def torchrun(program: list[str], processes: int = 2) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [*command, f"--nproc-per-node={processes}", *program],
        capture_output=True,
        text=True,
        timeout=300,
        env=environment,
        check=False,
    )


def train_together(folder: Path, epochs: int, *options: str) -> None:
    script = folder.with_name("program.py")
    script.write_text(PROGRAM, encoding="utf-8")
    settings = {
        "latent_dim": 8,
        "epochs": epochs,
        "batch_size": 32,
        "schedule": "plateau",  # 학습률이 전체 epoch 수에 매이지 않아 도중에 멈추고 이어 갈 수 있습니다.
        "bf16": False,
    }
    finished = torchrun([str(script), str(folder), json.dumps(settings), *options])
    assert finished.returncode == 0, finished.stderr


@pytest.fixture(scope="module")
def together(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("together") / "run"
    train_together(folder, 2)
    return folder


@pytest.fixture(scope="module")
def alone(images, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("alone") / "run"
    config = TrainingConfig(latent_dim=8, epochs=2, batch_size=32, schedule="plateau", bf16=False)
    fit(config, *images, folder)
    return folder


@pytest.mark.slow
def test_two_processes_reach_the_weights_of_one(together, alone):
    a, b = read_checkpoint(together / "last.pt"), read_checkpoint(alone / "last.pt")
    for name, value in b["model"].items():
        torch.testing.assert_close(a["model"][name], value, rtol=0, atol=1e-4)
    steps = [state["optimizers"][1]["state"][0]["step"] for state in (a, b)]
    assert steps[0] == steps[1] == 2 * 4


@pytest.mark.slow
def test_two_processes_report_the_loss_and_error_of_one(together, alone):
    histories = [
        json.loads((folder / "history.json").read_text(encoding="utf-8"))
        for folder in (together, alone)
    ]
    for a, b in zip(*histories, strict=True):
        for name in ("epoch", "train_loss", "validation_error", "learning_rate"):
            assert a[name] == pytest.approx(b[name], rel=1e-4)


@pytest.mark.slow
def test_each_epoch_sees_every_image_once_over_both_processes(together, images):
    parts = [torch.load(together.with_name(f"run-{rank}.pt"))["seen"] for rank in (0, 1)]
    assert len(parts[0]) == len(parts[1]) == 100  # 두 epoch 동안 50장씩
    # 좌우를 뒤집어도 합은 그대로이므로 합으로 알아봅니다.
    expected = sorted(float(image.sum(dtype=torch.float64)) for image in images[0][:])
    for epoch in range(2):
        half = slice(50 * epoch, 50 * (epoch + 1))
        assert sorted(parts[0][half] + parts[1][half]) == pytest.approx(expected, abs=1e-6)


@pytest.mark.slow
def test_both_processes_end_with_the_same_model_and_one_writes(together):
    first, second = (torch.load(together.with_name(f"run-{rank}.pt"))["model"] for rank in (0, 1))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert {path.name for path in together.iterdir()} == {
        "best.pt",
        "last.pt",
        "history.json",
        "tensorboard",
    }
    # events.out.tfevents.<시각>.<컴퓨터>.<프로세스>.<차례>
    logs = (together / "tensorboard").glob("events.*")
    assert len({log.name.rsplit(".", 2)[1] for log in logs}) == 1


@pytest.mark.slow
def test_two_processes_resume_where_they_stopped(together, tmp_path):
    """한 epoch 뒤에 멈춘 기록을 두 epoch짜리 설정으로 이어 갑니다."""
    folder = tmp_path / "run"
    train_together(folder, 1)
    saved = read_checkpoint(folder / "last.pt")
    saved["config"]["epochs"] = 2
    torch.save(saved, folder / "last.pt")
    train_together(folder, 2, "--resume")
    resumed = read_checkpoint(folder / "last.pt")["model"]
    whole = read_checkpoint(together / "last.pt")["model"]
    assert all(torch.equal(resumed[name], whole[name]) for name in whole)


@pytest.mark.slow
def test_the_command_trains_with_torchrun(tmp_path):
    settings = ["--data", "toyworld", "--latent-dim", "4", "--epochs", "1", "--batch-size", "1024"]
    finished = torchrun(["-m", "aelab", "train", str(tmp_path / "run"), *settings])
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.count("검증 오차") == 1
    assert (tmp_path / "run" / "best.pt").exists()


@pytest.mark.slow
def test_two_processes_are_refused_together_while_the_folder_is_in_use(tmp_path):
    """첫째만 잠급니다. 첫째가 거절되면 둘째도 기다리지 않고 끝납니다."""
    from aelab.training import _locked

    folder = tmp_path / "run"
    folder.mkdir()
    settings = ["--data", "toyworld", "--latent-dim", "4", "--epochs", "1", "--batch-size", "1024"]
    with _locked(folder):
        finished = torchrun(["-m", "aelab", "train", str(folder), *settings])
    assert finished.returncode != 0
    assert finished.stderr.count("다른 학습이 기록하고") == 1
    assert not (folder / "last.pt").exists()


def test_a_batch_that_cannot_be_shared_is_refused(images, tmp_path, monkeypatch):
    monkeypatch.setattr(Processes, "current", staticmethod(lambda: Processes(0, 5)))
    with pytest.raises(ValueError, match="프로세스 5개가 나눌 수 있는 묶음.*마지막 묶음이 4장"):
        fit(CONFIG, *images, tmp_path)


def test_without_torchrun_nothing_is_joined():
    with joined("cpu") as device:
        assert (device, Processes.current()) == (torch.device("cpu"), Processes(0, 1))


def test_shares_cover_the_batch_without_overlap():
    batch = list(range(10))
    shares = [batch[Processes(rank, 3).share] for rank in range(3)]
    assert sorted(sum(shares, [])) == batch
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
