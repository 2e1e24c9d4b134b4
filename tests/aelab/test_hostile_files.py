"""가중치와 체크포인트는 자료입니다: 해롭거나 손상된 어떤 파일도 실행되지 않고, 메모리를 삼키지 않고,
무엇이 왜 틀렸는지 우리말로 알리는 오류가 됩니다.
"""

import hashlib
import json
import pickle
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from unittest.mock import MagicMock

import pytest
import torch

from aelab.checkpoints import MOST_BYTES, load
from aelab.data import ImageSet
from aelab.models import Autoencoder
from aelab.pretrained import (
    load_lightning_checkpoint,
    load_pretrained,
    manifest,
    ship,
    training_history,
)
from aelab.training import TrainingConfig, fit, load_best, read_checkpoint
from tests.aelab import hostile_files

MOST_MEMORY = (
    400 * 2**20
)  # 파일 하나를 거절하며 더 써도 되는 바이트. 모음의 폭탄은 1 GiB를 부릅니다.
CONFIG = TrainingConfig(latent_dim=8, epochs=2, batch_size=4, bf16=False)
STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def memory(name: str) -> int:
    return int(STATUS.read_text(encoding="utf-8").split(f"{name}:")[1].split()[0]) * 1024


@contextmanager
def bounded_memory() -> Iterator[None]:
    """안에서 더 쓴 메모리의 꼭대기가 한도를 넘지 않는지. 꼭대기를 되돌릴 수 있는 Linux에서만 봅니다."""
    try:
        RESET.write_text("5", encoding="utf-8")
    except OSError:
        yield
        return
    before = memory("VmRSS")
    yield
    assert memory("VmHWM") - before < MOST_MEMORY


def refused(read: Callable[[], object], path: Path, error: type[Exception] = ValueError) -> str:
    """파일의 이름을 말하는 우리말 오류로 거절하는지. 오류의 글을 돌려줍니다."""
    with bounded_memory(), pytest.raises(error) as raised:
        read()
    message = str(raised.value)
    assert type(raised.value) is error
    assert message.startswith(f"{path}: ")
    assert re.search("기대했는데|없습니다|SHA-256과 다릅니다", message)
    assert len(message) < 1000
    return message


@pytest.fixture
def trap(tmp_path) -> Iterator[Path]:
    """읽는 동안 코드가 실행되면 생기는 파일."""
    yield tmp_path / "trap"
    assert not (tmp_path / "trap").exists()


@pytest.fixture(scope="module")
def checkpoint() -> bytes:
    model = Autoencoder(8, generator=torch.Generator().manual_seed(0))
    return hostile_files.saved({"state_dict": model.state_dict()})


@pytest.fixture(scope="module", autouse=True)
def without_tensorboard() -> Iterator[None]:
    """텐서보드를 불러오는 몇 초를 아낍니다. 그 기록은 여기서 읽지 않습니다."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("aelab.training._open_log", lambda *_: nullcontext(MagicMock()))
        yield


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory) -> Path:
    """`fit`이 남긴 기록."""
    folder = tmp_path_factory.mktemp("run")
    fit(CONFIG, images(8), images(4), folder)
    return folder


@pytest.fixture
def weights(tmp_path, checkpoint) -> Path:
    """작은 모델의 가중치를 담은 폴더."""
    run = tmp_path / "run"
    run.mkdir()
    content = {
        "config": {"latent_dim": 8},
        "epoch": 1,
        "validation_error": 1.5,
        "model": hostile_files.weights_of(checkpoint),
    }
    torch.save(content, run / "best.pt")
    row = {"epoch": 1, "train_loss": 1.5, "validation_error": 1.5, "learning_rate": 0.1}
    (run / "history.json").write_text(json.dumps([{**row, "seconds": 1.0}]), encoding="utf-8")
    ship(run, 1.5, tmp_path / "weights")
    return tmp_path / "weights"


def images(count: int) -> ImageSet:
    dice = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (count, 3, 32, 32), dtype=torch.uint8, generator=dice)
    return ImageSet(pixels, torch.zeros(count, dtype=torch.int64), ("하나",), "시험")


def change(path: Path, changed: hostile_files.Change) -> Path:
    path.write_bytes(changed(path.read_bytes()))
    return path


# --- 실행되지 않습니다 ---


@pytest.mark.parametrize("name", hostile_files.traps(Path()))
def test_the_trap_is_made_by_a_naive_reader(tmp_path, name):
    """함정이 정말 함정인지: 막지 않고 되살리면 생깁니다."""
    trap = tmp_path / "made"
    pickle.loads(pickle.dumps(hostile_files.traps(trap)[name]))
    assert trap.exists()


@pytest.mark.parametrize("name", hostile_files.executing(Path("trap")))
def test_no_checkpoint_executes(tmp_path, trap, name):
    path = tmp_path / "best.pt"
    path.write_bytes(hostile_files.executing(trap)[name])
    for read in (load_lightning_checkpoint, read_checkpoint, lambda path: load_best(path.parent)):
        message = refused(lambda read=read: read(path), path)
        assert "아무 코드도 실행하지 않았습니다" in message


def test_a_refused_name_is_told(tmp_path):
    path = tmp_path / "hostile.ckpt"
    path.write_bytes(hostile_files.archive(hostile_files.reducing("builtins", "bytearray", 1)))
    assert "'builtins bytearray'" in refused(lambda: load_lightning_checkpoint(path), path)


# --- 손상되거나 거짓인 파일 ---


def test_the_files_are_refused_for_their_change_alone(tmp_path, checkpoint, weights, run_folder):
    """바꾸기 전의 파일은 모두 읽힙니다."""
    (tmp_path / "good.ckpt").write_bytes(checkpoint)
    assert load_lightning_checkpoint(tmp_path / "good.ckpt").latent_dim == 8
    assert load_pretrained(8, weights).latent_dim == 8
    assert len(training_history(8, weights)) == 1
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "last.pt").write_bytes((run_folder / "last.pt").read_bytes())
    (copy / "best.pt").write_bytes((run_folder / "best.pt").read_bytes())
    assert fit(CONFIG, images(8), images(4), copy, resume=True).latent_dim == 8


@pytest.mark.parametrize(
    "dtype",
    [
        *(torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.bool),
        *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8),
    ],
)
def test_tensors_of_every_ordinary_dtype_are_read(tmp_path, dtype):
    values = torch.tensor([[0, 1], [1, 1]], dtype=dtype)
    torch.save({"values": values}, tmp_path / "good.pt")
    found = load(tmp_path / "good.pt", "체크포인트")["values"]
    assert found.dtype == values.dtype
    assert torch.equal(found, values)


def test_tensors_saved_on_another_device_are_read_to_the_cpu(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.serialization, "location_tag", lambda storage: "cuda:0")
    torch.save({"values": torch.ones(2)}, tmp_path / "good.pt")
    assert load(tmp_path / "good.pt", "체크포인트")["values"].device == torch.device("cpu")


def test_a_damaged_file_is_told_by_the_kind_of_the_error(tmp_path):
    path = tmp_path / "cut.ckpt"
    path.write_bytes(b"not a zip")
    assert "읽을 수 없습니다(BadZipFile)" in refused(lambda: load(path, "체크포인트"), path)


def test_a_name_put_on_the_stack_is_refused_before_reading(tmp_path):
    path = tmp_path / "protocol4.ckpt"
    torch.save({"values": torch.ones(2)}, path, pickle_protocol=4)
    assert "허용되지 않은 이름" in refused(lambda: load(path, "체크포인트"), path)


def test_one_compressed_record_is_refused_although_the_file_is_not_smaller(tmp_path):
    path = tmp_path / "mixed.ckpt"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("archive/data.pkl", pickle.dumps({}, 2))
        file.writestr("archive/version", b"3\n", zipfile.ZIP_DEFLATED)
    assert "압축했거나" in refused(lambda: load(path, "체크포인트"), path)


@pytest.mark.parametrize("stride", [(1, 1), (0, 1)])
def test_weights_whose_values_share_a_place_are_refused(tmp_path, checkpoint, stride):
    path = tmp_path / "shared.ckpt"
    weights = hostile_files.weights_of(checkpoint)
    shape = weights["encoder.net.11.weight"].shape
    # 첫째는 저장된 자리가 모자라고, 둘째는 남아도 한 줄만 되풀이해 가리킵니다.
    stored = torch.zeros(sum(shape) if stride[0] else shape.numel())
    weights["encoder.net.11.weight"] = stored.as_strided(shape, stride)
    torch.save({"state_dict": weights}, path)
    assert "encoder.net.11.weight" in refused(lambda: load_lightning_checkpoint(path), path)


@pytest.mark.parametrize("name", hostile_files.CHECKPOINTS)
def test_a_hostile_checkpoint_is_refused(tmp_path, checkpoint, name):
    path = tmp_path / "hostile.ckpt"
    path.write_bytes(hostile_files.CHECKPOINTS[name](checkpoint))
    refused(lambda: load_lightning_checkpoint(path), path)


@pytest.mark.parametrize("name", hostile_files.SAFETENSORS)
def test_hostile_weights_are_refused_although_the_hash_agrees(weights, name):
    path = change(weights / "autoencoder_8.safetensors", hostile_files.SAFETENSORS[name])
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    change(weights / "manifest.json", hostile_files.entry(sha256=digest))
    refused(lambda: load_pretrained(8, weights), path)


@pytest.mark.parametrize("place", [0, -1])
def test_one_flipped_bit_of_the_weights_is_noticed(weights, place):
    path = weights / "autoencoder_8.safetensors"
    change(path, lambda good: hostile_files.flipped(good, place))
    assert "손상되었거나" in refused(lambda: load_pretrained(8, weights), path)


@pytest.mark.parametrize("name", hostile_files.MANIFESTS)
def test_a_hostile_manifest_is_refused(weights, name):
    path = change(weights / "manifest.json", hostile_files.MANIFESTS[name])
    for read in (manifest, lambda folder: load_pretrained(8, folder)):
        refused(lambda read=read: read(weights), path)


def test_weights_of_another_size_are_refused(weights):
    listed = json.loads((weights / "manifest.json").read_text(encoding="utf-8"))
    (weights / "manifest.json").write_text(json.dumps({"16": listed["8"]}), encoding="utf-8")
    path = weights / "autoencoder_8.safetensors"
    assert "16의 가중치를 기대" in refused(lambda: load_pretrained(16, weights), path)


@pytest.mark.parametrize("name", hostile_files.HISTORIES)
def test_a_hostile_history_is_refused(weights, name):
    path = change(weights / "history_8.json", hostile_files.HISTORIES[name])
    refused(lambda: training_history(8, weights), path)


@pytest.mark.parametrize("name", hostile_files.STATES)
def test_a_hostile_state_is_not_resumed(tmp_path, run_folder, name):
    path = tmp_path / "last.pt"
    state = read_checkpoint(run_folder / "last.pt")
    hostile_files.STATES[name](state)
    torch.save(state, path)
    refused(lambda: fit(CONFIG, images(8), images(4), tmp_path, resume=True), path)


def test_a_run_on_another_number_of_images_is_not_resumed(tmp_path, run_folder):
    path = tmp_path / "last.pt"
    path.write_bytes((run_folder / "last.pt").read_bytes())
    message = refused(lambda: fit(CONFIG, images(16), images(4), tmp_path, resume=True), path)
    assert "같은 수의 이미지" in message


@pytest.mark.parametrize("error", [float("nan"), "1.5", None])
def test_a_run_without_a_finite_error_is_not_shipped(tmp_path, run_folder, error):
    path = tmp_path / "best.pt"
    torch.save({**read_checkpoint(run_folder / "best.pt"), "validation_error": error}, path)
    (tmp_path / "history.json").write_text("[]", encoding="utf-8")
    refused(lambda: ship(tmp_path, 1.5, tmp_path / "weights"), path)
    assert not (tmp_path / "weights").exists()


# --- 파일이 아닌 것 ---


def readers(weights: Path) -> dict[Path, Callable[[], object]]:
    """읽는 파일 → 그것을 읽는 함수."""
    run = weights.parent / "run"
    return {
        run / "best.pt": lambda: load_best(run),
        run / "last.pt": lambda: read_checkpoint(run / "last.pt"),
        run / "old.ckpt": lambda: load_lightning_checkpoint(run / "old.ckpt"),
        weights / "manifest.json": lambda: manifest(weights),
        weights / "history_8.json": lambda: training_history(8, weights),
        weights / "autoencoder_8.safetensors": lambda: load_pretrained(8, weights),
    }


@pytest.mark.parametrize("number", range(6))
def test_missing_files_folders_and_huge_files_are_refused(weights, number):
    path, read = list(readers(weights).items())[number]
    path.unlink(missing_ok=True)
    assert "파일이 없습니다" in refused(read, path, FileNotFoundError)
    path.mkdir()
    assert "폴더나 장치가 왔습니다" in refused(read, path)
    path.rmdir()
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)  # 디스크를 차지하지 않는 빈 자리
    assert "바이트 이하를 기대했는데" in refused(read, path)
    path.unlink()
