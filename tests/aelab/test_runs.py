"""aelab.runs: 언제 죽어도 같은 기록으로 이어 가는지, 텐서보드에 무엇이 남는지, 쓸 수 없을 때 어떻게 되는지."""

import os
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import replace
from itertools import count
from pathlib import Path
from unittest.mock import MagicMock

import pytest
import torch

from aelab.training import fit
from tests.aelab.tiny import CONFIG, SETS, dying_tensorflow, history, last

ROOT = Path(__file__).resolve().parents[2]
# 학습률이 커서 둘째 epoch만 최고입니다. 마지막이 최고일 때와 아닐 때를 모두 봅니다.
UNSTEADY = replace(CONFIG, muon_learning_rate=0.5, schedule="plateau", reconstructions_every=2)


class Killed(BaseException):
    """그 순간에 죽은 것."""


@pytest.fixture
def without_log(monkeypatch):
    monkeypatch.setattr("aelab.event_log.open_log", lambda *_, **__: nullcontext(MagicMock()))


def die_at(monkeypatch, kind: str, number: int, folder: Path, config=UNSTEADY) -> None:
    """학습하다가 number번째 갱신, 쓰기의 가운데, 이름을 바꾸기 앞이나 뒤에 죽습니다."""
    calls, step = count(1), torch.optim.AdamW.step
    write, rename = Path.write_bytes, os.replace

    def pass_by(now: str) -> None:
        if now == kind and next(calls) == number:
            raise Killed

    def step_slowly(*given):  # Muon이 행렬을 갱신한 뒤, AdamW가 편향을 갱신하기 앞입니다.
        pass_by("step")
        return step(*given)

    def write_slowly(path, content):
        write(path, content[: len(content) // 2])
        pass_by("write")
        return write(path, content)

    def rename_slowly(*paths):
        pass_by("before")
        rename(*paths)
        pass_by("after")

    with monkeypatch.context() as patched:
        patched.setattr(torch.optim.AdamW, "step", step_slowly)
        patched.setattr(Path, "write_bytes", write_slowly)
        patched.setattr(os, "replace", rename_slowly)
        with pytest.raises(Killed):
            fit(config, *SETS, folder)


def assert_same(a, b) -> None:
    """걸린 초 말고는 비트까지 같은지."""
    if isinstance(a, torch.Tensor):
        assert torch.equal(a, b)
    elif isinstance(a, dict):
        assert a.keys() == b.keys()
        for name in a.keys() - {"seconds"}:
            assert_same(a[name], b[name])
    elif isinstance(a, list):
        for x, y in zip(a, b, strict=True):
            assert_same(x, y)
    else:
        assert a == b


def assert_same_run(folder: Path, expected: Path) -> None:
    files = {path.name for path in folder.iterdir()} - {"tensorboard"}
    assert files == {"last.pt", "best.pt", "history.json"}
    assert_same(history(folder), history(expected))
    for name in ("last.pt", "best.pt"):
        assert_same(*(torch.load(each / name, weights_only=True) for each in (folder, expected)))


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """중단 없이 학습한 기록."""
    folder = tmp_path_factory.mktemp("whole")
    fit(UNSTEADY, *SETS, folder)
    return folder


# 쓰는 차례: 빈 history, 그다음은 epoch마다 last, (최고이면) best, history
@pytest.mark.parametrize(
    ("kind", "number"),
    [("write", 1), ("write", 5), ("before", 3), ("write", 6), ("after", 5), ("after", 8)],
)
@pytest.mark.usefixtures("without_log")
def test_a_training_that_dies_while_writing_resumes_to_the_same_record(
    whole, tmp_path, monkeypatch, kind, number
):
    die_at(monkeypatch, kind, number, tmp_path)
    for path in tmp_path.glob("*.pt"):
        torch.load(path, weights_only=True)
    fit(UNSTEADY, *SETS, tmp_path, resume=True)
    assert_same_run(tmp_path, whole)


@pytest.mark.parametrize(
    "change",
    [
        {"muon_learning_rate": None},
        {"schedule": "one_cycle", "muon_learning_rate": 0.02, "bf16": True, "channels_last": False},
    ],
    ids=["adamw and plateau", "muon, one_cycle and bf16"],
)
@pytest.mark.usefixtures("without_log")
def test_a_training_that_dies_in_a_step_continues_bit_for_bit(tmp_path, monkeypatch, change):
    config = replace(UNSTEADY, **change)
    fit(config, *SETS, tmp_path / "whole")
    die_at(monkeypatch, "step", 8, tmp_path / "parts", config)  # 셋째 epoch의 도중
    assert len(history(tmp_path / "parts")) == 2
    torch.rand(5)  # 전역 난수의 상태는 결과에 영향을 주지 않아야 합니다.
    fit(config, *SETS, tmp_path / "parts", resume=True)
    assert_same_run(tmp_path / "parts", tmp_path / "whole")


def test_a_training_is_not_resumed_on_other_images_of_the_same_name_and_number(tmp_path):
    fit(replace(CONFIG, epochs=1), *SETS, tmp_path)
    train, validation = SETS
    other = replace(train, images=255 - train.images)
    with pytest.raises(ValueError, match=f"train '{train.name} {len(train)}장 .* → '{train.name}"):
        fit(replace(CONFIG, epochs=2), other, validation, tmp_path, resume=True)


PROGRAM = """
import os, signal, sys
from pathlib import Path
from aelab import runs
from tests.aelab.test_runs import SETS, UNSTEADY, fit
write = runs.write_atomically
def write_or_die(path, content):
    if path.name == "last.pt" and path.exists():
        path.with_name("last.pt.tmp").write_bytes(content[:1000])
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
    write(path, content)
runs.write_atomically = write_or_die
fit(UNSTEADY, *SETS, Path(sys.argv[1]))
"""


@pytest.mark.slow
def test_a_killed_training_leaves_a_log_that_has_each_epoch_once(whole, tmp_path):
    """텐서보드에 둘째 epoch을 적고 last.pt를 반쯤 썼을 때 죽습니다. TensorFlow가 곁에 있어도 거기까지 갑니다."""
    run = tmp_path / "run"
    paths = os.pathsep.join([str(dying_tensorflow(tmp_path)), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": paths}
    killed = subprocess.run([sys.executable, "-c", PROGRAM, str(run)], env=environment, check=False)
    assert killed.returncode not in (0, 1, 9)
    assert last(run)["epoch"] == 1
    fit(UNSTEADY, *SETS, run, resume=True)
    assert_same_run(run, whole)
    read_log(run)


def read_log(folder: Path):
    """텐서보드의 기록. 수는 epoch마다 한 번씩, history.json의 값이어야 합니다."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    log = EventAccumulator(str(folder / "tensorboard"), size_guidance={"images": 0, "scalars": 0})
    log.Reload()
    names = {"loss/train": "train_loss", "loss/validation": "validation_error"}
    for tag, name in {**names, "learning_rate": "learning_rate"}.items():
        rows = [(row["epoch"], pytest.approx(row[name])) for row in history(folder)]
        assert [(event.step, event.value) for event in log.Scalars(tag)] == rows
    return log


def test_tensorboard_has_scalars_pictures_graph_and_settings(whole):
    log = read_log(whole)
    pictures = log.Images("reconstructions")
    assert [picture.step for picture in pictures] == [1, 2, 3]
    assert (pictures[0].width, pictures[0].height) == (6 * 32, 64)
    assert log.Graph().node
    best = min(row["validation_error"] for row in history(whole))
    assert [(e.step, e.value) for e in log.Scalars("best/validation")] == [(3, pytest.approx(best))]
    assert "_hparams_/session_start_info" in log.summary_metadata


def test_the_log_of_the_epochs_after_the_checkpoint_is_forgotten(tmp_path, monkeypatch):
    die_at(monkeypatch, "before", 5, tmp_path)  # 둘째 epoch은 텐서보드에만 있습니다.
    assert len(history(tmp_path)) == 1
    fit(UNSTEADY, *SETS, tmp_path, resume=True)
    assert [picture.step for picture in read_log(tmp_path).Images("reconstructions")] == [1, 2, 3]


# --- 쓸 수 없을 때 ---


@pytest.mark.usefixtures("without_log")
def test_a_full_disk_keeps_the_last_checkpoint(tmp_path, monkeypatch):
    """파일 크기의 한도는 권한 없이 진짜로 모자라게 하는 방법입니다."""
    resource = pytest.importorskip("resource", reason="윈도우에는 파일 크기의 한도가 없습니다.")
    die_at(monkeypatch, "step", 4, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert before.keys() == {"last.pt", "best.pt", "history.json"}
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before["last.pt"]) // 2, limits[1]))
    try:
        with pytest.raises(
            OSError, match=f"{tmp_path}에 기록하지 못했습니다.*디스크 공간"
        ) as refused:
            fit(UNSTEADY, *SETS, tmp_path, resume=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "앞선 기록은 그대로이니 고친 뒤에 이어 갑니다(resume=True)" in str(refused.value)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    fit(UNSTEADY, *SETS, tmp_path, resume=True)
    assert len(history(tmp_path)) == 3


def test_a_folder_that_cannot_be_made_is_refused_before_training(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="run에 기록하지 못했습니다"):
        fit(CONFIG, *SETS, tmp_path / "file" / "run")
