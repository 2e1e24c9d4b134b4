"""학습이 살아남는지: 언제 죽여도, 디스크가 가득 차도, 둘이 한 폴더에 쓰려 해도."""

import errno
import itertools
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from aelab import toyworld
from aelab.data import ImageSet
from aelab.training import (
    TrainingConfig,
    _open_log,
    _write_atomically,
    fit,
    load_best,
    read_checkpoint,
)
from tests.aelab import training_record

# 학습률이 커서 첫째와 셋째 epoch만 최고입니다. 마지막이 최고일 때와 아닐 때를 모두 봅니다.
CONFIG = TrainingConfig(
    latent_dim=4,
    epochs=3,
    batch_size=16,
    muon_learning_rate=0.3,
    schedule="plateau",
    reconstructions_every=1,
    bf16=False,
    compile=False,
)
STEPS = 3 * 2  # 학습 한 번의 갱신
FILES = {"last.pt", "best.pt", "history.json", "tensorboard"}
DEADLINE = 600  # 초. 바쁜 컴퓨터에서도 넉넉히


def images() -> tuple[ImageSet, ImageSet]:
    pictures, labels, _ = toyworld.generate(40, seed=0)
    scenes = ImageSet(
        torch.from_numpy(pictures), torch.from_numpy(labels), toyworld.CLASSES, "toyworld"
    )
    return scenes.subset(slice(32)), scenes.subset(slice(32, None))


def train(folder: Path, kind: str = "", count: int = 0) -> None:
    """자식 프로세스에서: 이어서 학습하고, 고른 순간에 죽습니다."""
    torch.set_num_threads(1)
    if kind:
        DEATHS[kind](nth(count, die))
    fit(CONFIG, *images(), folder, resume=True)


def nth(count: int, act: Callable[[], None]) -> Callable[[], None]:
    """count번째로 부르면 act를 하는 함수."""
    calls = itertools.count(1)

    def pass_by() -> None:
        if next(calls) == count:
            act()

    return pass_by


def die() -> None:
    """뒷정리할 틈 없이 죽습니다. 윈도우에는 SIGKILL이 없고, SIGTERM이 그 일을 합니다."""
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))


def die_in_a_step(pass_by) -> None:
    """갱신의 도중: 한 최적화기는 매개변수를 바꾸었고 다른 최적화기는 아직입니다."""
    from torch.optim.optimizer import register_optimizer_step_post_hook

    register_optimizer_step_post_hook(lambda *_: pass_by())


def die_in_a_write(pass_by) -> None:
    """체크포인트나 history.json을 반만 썼을 때."""
    Path.open = halving(pass_by)


def halving(pass_by):
    """잠시 쓰는 파일(.tmp)을 반씩 나누어 쓰게 하는 Path.open."""
    opened = Path.open

    def open_slowly(path, *arguments, **options):
        file = opened(path, *arguments, **options)
        return Halving(file, pass_by) if path.suffix == ".tmp" else file

    return open_slowly


def die_at_a_rename(pass_by) -> None:
    """다 쓴 파일의 이름을 바꾸기 바로 앞(홀수 번째)이나 바로 뒤(짝수 번째)."""
    replace_file = os.replace

    def replace_slowly(*arguments):
        pass_by()
        replace_file(*arguments)
        pass_by()

    os.replace = replace_slowly


def die_in_the_log(pass_by) -> None:
    """텐서보드의 한 줄을 반만 썼을 때."""
    from tensorboard.summary.writer.record_writer import RecordWriter

    start = RecordWriter.__init__

    def start_slowly(self, writer):
        start(self, Halving(writer, pass_by))

    RecordWriter.__init__ = start_slowly


class Halving:
    """반을 쓰고, 죽을 기회를 주고, 나머지를 쓰는 파일."""

    def __init__(self, file, pass_by) -> None:
        self.file, self.pass_by = file, pass_by

    def write(self, content: bytes) -> None:
        half = len(content) // 2
        self.file.write(content[:half])
        self.file.flush()
        self.pass_by()
        self.file.write(content[half:])

    def __enter__(self) -> "Halving":
        return self

    def __exit__(self, *_) -> None:
        self.file.close()

    def __getattr__(self, name: str):
        return getattr(self.file, name)


DEATHS = {
    "step": die_in_a_step,
    "write": die_in_a_write,
    "rename": die_at_a_rename,
    "log": die_in_the_log,
}


def moments() -> list[tuple[str, int]]:
    """죽일 순간 스무 개: 순간의 종류마다 그 가운데 몇을 뽑습니다. 나머지는 아무 때나(천분율)."""
    dice = random.Random(11)
    return [
        (kind, count)
        for kind, most, chosen in (
            ("step", 2 * STEPS, 4),  # 갱신마다 최적화기 둘
            ("write", 8, 4),  # epoch마다 last.pt와 history.json, 나아졌으면 best.pt
            ("rename", 16, 4),
            ("log", 21, 4),
            ("time", 1000, 4),
        )
        for count in sorted(dice.sample(range(1, most + 1), chosen))
    ]


@pytest.fixture(scope="module")
def processes():
    """자식 프로세스를 만드는 법. 리눅스에서는 torch를 불러 둔 깨끗한 프로세스를 복제합니다."""
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["__main__", "torch._dynamo", "torch.utils.tensorboard", "aelab.training"]
    )
    return context


@pytest.fixture(scope="module")
def run(processes):
    """자식 프로세스에서 학습해 끝나는 코드를 돌려주는 함수. seconds가 있으면 그때 죽입니다."""

    def run(*arguments, seconds: float = DEADLINE) -> int:
        child = processes.Process(target=train, args=arguments)
        child.start()
        child.join(seconds)
        child.kill()
        child.join()
        return child.exitcode

    return run


@pytest.fixture(scope="module")
def whole(run, tmp_path_factory) -> tuple[Path, float]:
    """끊기지 않은 학습과 걸린 초."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    run(folder.with_name("warm"))
    started = time.perf_counter()
    assert run(folder) == 0
    return folder, time.perf_counter() - started


def history(folder: Path) -> list[dict]:
    return [{**row, "seconds": 0} for row in training_record.history(folder)]


def assert_whole_files(folder: Path) -> None:
    """남은 파일은 앞선 것이든 새 것이든 온전합니다."""
    for name in ("last.pt", "best.pt"):
        if (folder / name).exists():
            read_checkpoint(folder / name)
    if (folder / "history.json").exists():
        history(folder)


def assert_same_run(folder: Path, whole: Path) -> None:
    assert {path.name for path in folder.iterdir()} == FILES
    for name in ("last.pt", "best.pt"):
        ours, theirs = (read_checkpoint(place / name) for place in (folder, whole))
        assert ours["epoch"] == theirs["epoch"]
        assert_same_bits(ours["model"], theirs["model"])
        assert_same_bits(ours.get("optimizers"), theirs.get("optimizers"))
    assert history(folder) == history(whole)
    assert_log_has_each_epoch_once(folder)


def assert_same_bits(a, b) -> None:
    assert type(a) is type(b)
    if isinstance(a, torch.Tensor):
        assert torch.equal(a, b)
    elif isinstance(a, dict):
        assert a.keys() == b.keys()
        for name in a:
            assert_same_bits(a[name], b[name])
    elif isinstance(a, list):
        for x, y in zip(a, b, strict=True):
            assert_same_bits(x, y)
    else:
        assert a == b


def assert_log_has_each_epoch_once(folder: Path) -> None:
    epochs = [row["epoch"] for row in history(folder)]
    assert epochs == list(range(1, CONFIG.epochs + 1))
    log = training_record.log_like_history(folder)
    assert [picture.step for picture in log.Images("reconstructions")] == epochs
    assert [event.step for event in log.Scalars("best/validation")] == [CONFIG.epochs]
    assert log.Graph().node


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "count"), moments())
def test_a_killed_training_resumes_to_the_same_record(run, whole, tmp_path, kind, count):
    expected, seconds = whole
    folder = tmp_path / "run"
    if kind == "time":
        run(folder, seconds=seconds * count / 1000)
    else:
        assert run(folder, kind, count) not in (0, 1), "그 순간이 오지 않았습니다."
    assert_whole_files(folder)
    assert run(folder) == 0
    assert_same_run(folder, expected)


def test_the_content_reaches_the_disk_before_the_name(tmp_path, monkeypatch):
    calls = []

    def watch(name: str) -> None:
        call = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *given: (calls.append(name), call(*given)))

    watch("fsync")
    watch("replace")
    _write_atomically(tmp_path / "last.pt", b"new")
    folder = [] if sys.platform == "win32" else ["fsync"]
    assert calls == ["fsync", "replace", *folder]
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("last.pt", b"new")]


def test_a_log_opened_in_the_same_second_is_read_after_the_older_one(tmp_path):
    log = tmp_path / "tensorboard"
    log.mkdir()
    older = (
        log / f"events.out.tfevents.{int(time.time()):010d}.~.1.0"
    )  # ~은 어느 이름보다 뒤입니다.
    older.touch()
    _open_log(tmp_path, 0).close()
    assert min(log.iterdir()) == older


def acting_at(epoch: int, act: Callable[[], None]) -> ImageSet:
    """그 epoch을 시작할 때 act를 하는 학습 세트."""
    start = nth(epoch, act)

    class Acting(ImageSet):
        def batches(self, *arguments):
            start()
            return super().batches(*arguments)

    train, _ = images()
    return Acting(train.images, train.labels, train.classes, train.name)


def assert_refused_for_space(folder: Path, message: str) -> None:
    """오류는 폴더와 남은 공간을 말하고, 반만 쓴 파일은 없고, 남은 기록은 온전합니다."""
    assert str(folder) in message
    assert "디스크 공간이 모자라" in message
    assert "바이트가 남았습니다" in message
    assert {path.name for path in folder.iterdir()} <= FILES
    assert_whole_files(folder)


def assert_resumes(folder: Path) -> None:
    fit(CONFIG, *images(), folder, resume=True)
    assert {path.name for path in folder.iterdir()} == FILES
    assert_log_has_each_epoch_once(folder)
    best = min(history(folder), key=lambda row: row["validation_error"])
    assert read_checkpoint(folder / "best.pt")["epoch"] == best["epoch"]


def raise_no_space() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.slow
@pytest.mark.parametrize(
    "count", [1, 2, 4, 5], ids=["첫 last.pt", "첫 best.pt", "last.pt", "history.json"]
)
def test_a_full_disk_keeps_the_record(tmp_path, monkeypatch, count):
    folder = tmp_path / "run"
    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", halving(nth(count, raise_no_space)))
        with pytest.raises(OSError, match=r"[\d,]+바이트를 쓰려는데 [\d,]+바이트가") as refused:
            fit(CONFIG, *images(), folder)
    assert_refused_for_space(folder, str(refused.value))
    assert_resumes(folder)


def test_a_file_size_limit_keeps_the_last_checkpoint(tmp_path):
    """리눅스와 macOS에서 진짜로 모자라게 하는, 권한이 필요 없는 방법입니다."""
    resource = pytest.importorskip("resource", reason="윈도우에는 파일 크기의 한도가 없습니다.")
    folder, limits = tmp_path / "run", resource.getrlimit(resource.RLIMIT_FSIZE)
    before = {}

    def limit() -> None:
        before.update((name, (folder / name).read_bytes()) for name in FILES - {"tensorboard"})
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before["last.pt"]) // 2, limits[1]))

    try:
        with pytest.raises(OSError, match="디스크 공간이 모자라") as refused:
            fit(CONFIG, acting_at(2, limit), images()[1], folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert_refused_for_space(folder, str(refused.value))
    assert all((folder / name).read_bytes() == content for name, content in before.items())
    load_best(folder)


@pytest.fixture
def small_disk(tmp_path):
    """진짜 작은 파일 시스템. 붙일 권한이 없으면 건너뜁니다."""
    if sys.platform != "linux":
        pytest.skip("tmpfs가 없습니다.")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip("파일 시스템을 붙일 권한이 없습니다.")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("left", [200_000, 0], ids=["체크포인트에서", "텐서보드에서"])
def test_a_really_full_disk_keeps_the_last_checkpoint(small_disk, left):
    folder, filler = small_disk / "run", small_disk / "filler"
    before = {}

    def fill() -> None:
        before.update((name, (folder / name).read_bytes()) for name in FILES - {"tensorboard"})
        filler.write_bytes(bytes(shutil.disk_usage(small_disk).free - left))

    with pytest.raises(OSError, match="디스크 공간이 모자라") as refused:
        fit(CONFIG, acting_at(2, fill), images()[1], folder)
    assert_refused_for_space(folder, str(refused.value))
    assert all((folder / name).read_bytes() == content for name, content in before.items())
    filler.unlink()
    assert_resumes(folder)


def train_for_ever(folder: Path, started) -> None:
    def hang() -> None:
        started.set()
        threading.Event().wait()

    fit(CONFIG, acting_at(1, hang), images()[1], folder)


@pytest.mark.slow
def test_a_second_training_is_refused_until_the_first_is_dead(processes, tmp_path):
    folder, started = tmp_path / "run", processes.Event()
    first = processes.Process(target=train_for_ever, args=(folder, started))
    first.start()
    try:
        assert started.wait(DEADLINE)
        for resume in (False, True):
            with pytest.raises(BlockingIOError, match="다른 학습이 기록하고 있습니다"):
                fit(CONFIG, *images(), folder, resume=resume)
    finally:
        first.kill()
        first.join()
    assert_resumes(folder)


def test_a_second_training_in_the_same_process_is_refused(tmp_path):
    refused = []

    def train_again() -> None:
        with pytest.raises(BlockingIOError) as error:
            fit(CONFIG, *images(), tmp_path / "run")
        refused.append(str(error.value))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(CONFIG, acting_at(1, train_again), images()[1], tmp_path / "run")
    assert refused == [
        f"folder: 아무도 쓰고 있지 않은 폴더를 기대했는데 {tmp_path / 'run'}에는 다른 학습이 기록하고 "
        "있습니다. 그 학습이 끝난 뒤에 이어 가거나(resume=True) 다른 폴더를 줍니다."
    ]
    # 중단된 학습은 잠금을 남기지 않습니다.
    fit(replace(CONFIG, epochs=1), *images(), tmp_path / "run")


def test_a_file_system_without_locks_does_not_stop_training(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl", reason="윈도우는 다른 방법으로 잠급니다.")

    def refuse(*_) -> None:
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))

    monkeypatch.setattr(fcntl, "flock", refuse)
    fit(replace(CONFIG, epochs=1), *images(), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == FILES
