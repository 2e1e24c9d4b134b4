"""aelab.processes: 두 프로세스로 학습해도 혼자 학습한 것과 같은지."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from aelab.processes import Processes, joined
from aelab.training import fit
from tests.aelab.tiny import CONFIG, SETS, TRAIN, VALIDATION, history, last

ROOT = Path(__file__).resolve().parents[2]
# 12장을 5장씩 묶으면 마지막 묶음은 2장입니다. 크기가 다른 묶음에서도 평균이 맞아야 합니다.
UNEVEN = replace(CONFIG, batch_size=5, schedule="plateau")
SETTINGS = "--latent-dim 4 --base-channel-size 2 --batch-size 5 --schedule plateau --no-bf16"
# 명령을 두 번 내립니다. 한 epoch 뒤에 끝내고, 두 epoch을 더 이어 갑니다.
PROGRAM = """
import sys
from contextlib import nullcontext
from pathlib import Path
import torch
from aelab import data, processes, training
from aelab.__main__ import main
from tests.aelab.test_processes import SETS, SETTINGS, Processes, fit, joined

def fit_and_keep(*given, **named):
    model, rank = fit(*given, **named), Processes.current().rank
    torch.save(model.state_dict(), Path(sys.argv[1]).with_name(f"{rank}.pt"))
    return model

training.fit = fit_and_keep
data.load_images = lambda name, split: SETS[split == "validation"]
with joined("cpu") as device:  # 한 프로세스에서 두 번 이을 수는 없습니다.
    processes.joined = lambda device: nullcontext(device)
    for epochs in ("1", "3"):
        options = [*SETTINGS.split(), "--epochs", epochs, "--resume", "--device", "cpu"]
        assert main(["train", sys.argv[1], *options]) == 0
"""


@pytest.mark.slow
def test_the_command_trains_and_resumes_in_two_processes_like_one(tmp_path):
    together, alone = tmp_path / "together", tmp_path / "alone"
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run(
        [*command, str(tmp_path / "program.py"), str(together)],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("검증 오차") == 2  # 명령마다 첫째만 알립니다.
    fit(UNEVEN, *SETS, alone)
    for mine, one in zip(history(together), history(alone), strict=True):
        for name in ("epoch", "train_loss", "validation_error", "learning_rate"):
            assert mine[name] == pytest.approx(one[name], rel=1e-4)
    for name, value in last(alone)["model"].items():
        torch.testing.assert_close(last(together)["model"][name], value, rtol=0, atol=1e-4)
    # 둘 다 같은 모델을 돌려받고, 기록은 첫째만 씁니다: events.out.tfevents.<시각>.<컴퓨터>.<프로세스>.<차례>
    first, second = (torch.load(tmp_path / f"{rank}.pt") for rank in (0, 1))
    assert all(torch.equal(first[name], second[name]) for name in first)
    writers = {log.name.split(".")[-2] for log in (together / "tensorboard").iterdir()}
    assert len(writers) == 1


@pytest.mark.parametrize(("count", "validation"), [(3, VALIDATION), (2, VALIDATION.subset([0]))])
def test_a_batch_that_cannot_be_shared_is_refused(tmp_path, monkeypatch, count, validation):
    monkeypatch.setattr(Processes, "current", staticmethod(lambda: Processes(0, count)))
    with pytest.raises(
        ValueError, match=rf"프로세스\({count}개\)마다 한 장 이상.*마지막 묶음이 2장"
    ):
        fit(UNEVEN, TRAIN, validation, tmp_path)


def test_shares_cover_the_batch_without_overlap():
    batch = list(range(10))
    shares = [batch[Processes(rank, 3).share] for rank in range(3)]
    assert sorted(sum(shares, [])) == batch
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_without_torchrun_nothing_is_joined():
    with joined("cpu") as device:
        assert (device, Processes.current()) == (torch.device("cpu"), Processes(0, 1))


@pytest.mark.parametrize(
    ("device", "local_rank", "missing"),
    [
        ("cuda:63", None, "cuda:63"),
        ("cuda", "63", "cuda:63"),
        (None, "63", "cuda:63"),
        ("gpu", None, "gpu"),
        ("mps:7", None, "mps:7"),
    ],
)
def test_a_missing_device_is_named(monkeypatch, device, local_rank, missing):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(
        torch.distributed, "is_torchelastic_launched", lambda: local_rank is not None
    )
    monkeypatch.setenv("LOCAL_RANK", str(local_rank))
    with pytest.raises(ValueError, match=f"'{missing}'.* cpu로 바꾸고"), joined(device):
        pass
