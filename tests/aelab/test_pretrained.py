"""aelab.pretrained와 shipping: 담긴 가중치, Lightning 체크포인트, 손상되거나 해로운 파일."""

import json
import math
import os
import pickle
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import torch

from aelab.data import ImageSet, cifar10
from aelab.inference import predict
from aelab.metrics import squared_error_per_image
from aelab.models import Autoencoder
from aelab.pretrained import (
    load_lightning_checkpoint,
    load_pretrained,
    manifest,
    training_history,
)
from aelab.runs import load_best
from aelab.shipping import as_shipped, ship
from aelab.training import TrainingConfig, evaluate

# 바탕이 된 구조의 공개된 가중치가 시험 이미지에서 내는 오차: 담긴 가중치는 이보다 나빠선 안 됩니다.
PUBLISHED_ERROR = {64: 86.42, 128: 49.65, 256: 25.04, 384: 15.49}
SIZES = list(manifest())
ROWS = [{"epoch": 1, "train_loss": 2.5, "validation_error": 1.25, "learning_rate": 0.1}]


def weights(latent_dim: int = 8) -> dict[str, torch.Tensor]:
    return Autoencoder(latent_dim, 2, torch.Generator().manual_seed(0)).state_dict()


def run_folder(folder: Path, latent_dim: int = 8) -> Path:
    """`fit`이 남긴 것과 같은 폴더."""
    best = {"config": {"latent_dim": latent_dim}, "epoch": 3, "validation_error": 1.23456}
    folder.mkdir()
    torch.save({**best, "model": weights(latent_dim)}, folder / "best.pt")
    (folder / "history.json").write_text(json.dumps(ROWS), encoding="utf-8")
    return folder


@pytest.fixture
def shipped(tmp_path) -> Path:
    """작은 모델을 담은 폴더. 아직 없는 폴더와 그 부모를 만듭니다."""
    path = ship(run_folder(tmp_path / "run"), 2.34567, tmp_path / "made" / "weights")
    assert path == tmp_path / "made" / "weights" / "autoencoder_8.safetensors"
    return path.parent


# --- 담긴 가중치 ---


@pytest.mark.parametrize("latent_dim", SIZES)
def test_shipped_weights_and_their_history_belong_together(latent_dim):
    entry, rows = manifest()[latent_dim], training_history(latent_dim)
    assert entry.test_error <= PUBLISHED_ERROR.get(latent_dim, math.inf)
    assert TrainingConfig(**entry.training).latent_dim == latent_dim
    assert [row["epoch"] for row in rows] == list(range(1, entry.training["epochs"] + 1))
    best = min(rows, key=lambda row: row["validation_error"])
    assert best["epoch"] == entry.epoch
    assert best["validation_error"] == pytest.approx(entry.validation_error, abs=1e-3)
    model = load_pretrained(latent_dim)
    assert (model.latent_dim, model.training) == (latent_dim, False)
    assert {p.dtype for p in model.parameters()} == {torch.float32}


@pytest.fixture(scope="module")
def cifar10_test(cifar10_root) -> ImageSet:
    return cifar10.load("test", cifar10_root)


@pytest.mark.slow
@pytest.mark.parametrize("latent_dim", SIZES)
def test_error_of_every_fifth_image_fits_the_list(latent_dim, cifar10_test):
    """모든 크기를 10,000장으로 재면 1분이 걸립니다. 2,000장의 평균은 표준오차의 네 배 안에 있습니다."""
    images = cifar10_test[::5]
    errors = squared_error_per_image(predict(load_pretrained(latent_dim), images), images)
    standard_error = float(errors.std()) / len(errors) ** 0.5
    assert standard_error < 0.02 * float(errors.mean())
    listed = manifest()[latent_dim].test_error
    assert float(errors.mean()) == pytest.approx(listed, abs=4 * standard_error)


@pytest.mark.slow
def test_error_of_the_whole_test_set_is_the_listed_one(cifar10_test):
    latent_dim = SIZES[-1]
    error = evaluate(load_pretrained(latent_dim), cifar10_test)
    assert error == pytest.approx(manifest()[latent_dim].test_error, rel=1e-3)


def test_an_unknown_size_is_refused_with_the_sizes_there_are():
    sizes = ", ".join(map(str, SIZES))
    refusal = rf"{sizes} 가운데 하나를.* 100이.*aelab.training.fit\(.*latent_dim=100"
    with pytest.raises(ValueError, match=refusal):
        load_pretrained(100)


@pytest.mark.parametrize("latent_dim", [np.int64(SIZES[0]), torch.tensor([SIZES[0]])])
def test_a_size_may_be_any_kind_of_integer(latent_dim):
    assert load_pretrained(latent_dim).latent_dim == SIZES[0]


@pytest.mark.parametrize(
    ("latent_dim", "error", "told"),
    [
        (" 64", TypeError, "정수를 .*' 64'.*latent_dim = +64"),
        (64.0, TypeError, "정수를"),
        (None, TypeError, "정수를"),
        (0, ValueError, "1 이상의 정수를"),
    ],
)
def test_what_is_no_size_is_refused_in_korean(latent_dim, error, told):
    with pytest.raises(error, match=f"^latent_dim: {told}"):
        load_pretrained(latent_dim)


# --- 담기 ---


def test_a_shipped_model_is_the_trained_one_rounded_to_fp16(shipped):
    trained = Autoencoder(8, 2)
    trained.load_state_dict(weights())
    loaded, rounded = load_pretrained(8, shipped).state_dict(), as_shipped(trained).state_dict()
    for name, value in weights().items():
        assert torch.equal(loaded[name], value.half().float())
        assert torch.equal(rounded[name], loaded[name])
    assert training_history(8, shipped) == ROWS
    entry = manifest(shipped)[8]
    assert (entry.epoch, entry.validation_error, entry.test_error) == (3, 1.2346, 2.3457)
    assert entry.training == {"latent_dim": 8}


def test_shipping_again_replaces_one_entry_and_keeps_the_others(shipped, tmp_path):
    ship(run_folder(tmp_path / "small", 4), 9.5, shipped)
    ship(tmp_path / "run", 0.5, shipped)
    assert [(size, entry.test_error) for size, entry in manifest(shipped).items()] == [
        (4, 9.5),
        (8, 0.5),
    ]
    assert [load_pretrained(size, shipped).latent_dim for size in (4, 8)] == [4, 8]


# --- Lightning 체크포인트 ---


class AttributeDict(dict):
    """옛 Lightning이 설정을 담던 사전의 흉내."""


def test_a_lightning_checkpoint_loads_without_lightning(tmp_path, monkeypatch):
    """Lightning 0.9의 꼴로, 쓸 때만 그 이름의 모듈이 있는 척합니다."""
    name = "pytorch_lightning.utilities.parsing"
    with monkeypatch.context() as patched:
        for part in ("pytorch_lightning", "pytorch_lightning.utilities", name):
            patched.setitem(sys.modules, part, types.ModuleType(part))
        sys.modules[name].AttributeDict = AttributeDict
        patched.setattr(AttributeDict, "__module__", name)
        settings = AttributeDict(latent_dim=8)
        torch.save({"state_dict": weights(), "hyper_parameters": settings}, tmp_path / "old.ckpt")
    model = load_lightning_checkpoint(tmp_path / "old.ckpt")
    assert all(torch.equal(value, weights()[name]) for name, value in model.state_dict().items())
    assert model.encoder.net[0].out_channels == 2  # 채널 수는 모양에서 읽습니다.
    assert not model.training


# --- 손상되거나 해로운 파일 ---

# 바꾼 것 → (파일을 망가뜨리는 법, 오류의 글)
DAMAGES = {
    "empty": (lambda path: path.write_bytes(b""), "읽을 수 없습니다"),
    "text": (lambda path: path.write_text("<html>404</html>", "utf-8"), "읽을 수 없습니다"),
    "half": (lambda path: path.write_bytes(path.read_bytes()[:5000]), "읽을 수 없습니다"),
    "folder": (lambda path: (path.unlink(), path.mkdir()), "읽을 수 없습니다"),
    "list": (lambda path: torch.save([1], path), "읽을 수 없습니다"),
    "no weights": (lambda path: torch.save({"epoch": 1}, path), "읽을 수 없습니다.KeyError"),
    "not a dict": (lambda path: save(path, 1), "이름이나 모양이 다릅니다"),
    "missing": (lambda path: save(path, without("encoder.net.11.weight")), "이름이나 모양이"),
    "missing bias": (lambda path: save(path, without("decoder.net.0.bias")), "이름이나 모양이"),
    "extra": (lambda path: save(path, weights() | {"x": torch.zeros(1)}), "이름이나 모양이"),
    "shape": (lambda path: save(path, changed(torch.zeros(3))), "이름이나 모양이"),
}


def without(name: str) -> dict:
    return {key: value for key, value in weights().items() if key != name}


def changed(bias: torch.Tensor) -> dict:
    return weights() | {"decoder.net.0.bias": bias}


def save(path: Path, content: object) -> None:
    torch.save({"state_dict": content, "model": content}, path)


@pytest.mark.parametrize(("damage", "message"), DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_checkpoint_is_one_korean_error(tmp_path, damage, message):
    path = tmp_path / "best.pt"
    save(path, weights())
    damage(path)
    for read in (load_lightning_checkpoint, lambda path: load_best(path.parent)):
        with pytest.raises(ValueError, match=f"^{path}: .*기대했는데 .*{message}"):
            read(path)


class Call:
    """피클에서 되살릴 때 함수를 부르는 물건."""

    def __init__(self, *call: object) -> None:
        self.call = call

    def __reduce__(self):
        return self.call[0], self.call[1:]


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("function", [os.mkdir, os.system, eval])
def test_no_checkpoint_executes(tmp_path, function, zipped):
    trap, path = tmp_path / "trap", tmp_path / "best.pt"
    argument = {os.mkdir: str(trap), os.system: f"mkdir '{trap}'"}
    hostile = Call(function, argument.get(function, f"__import__('os').mkdir({str(trap)!r})"))
    pickle.loads(pickle.dumps(hostile))
    trap.rmdir()  # 함정은 정말 함정입니다.
    content = {"state_dict": hostile, "model": hostile}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    for read in (load_lightning_checkpoint, lambda path: load_best(path.parent)):
        with pytest.raises(ValueError, match="파일의 코드는 실행하지 않았습니다"):
            read(path)
    assert not trap.exists()


@pytest.mark.parametrize("place", [0, 1000, -1])
def test_one_flipped_bit_of_the_weights_is_noticed(shipped, place):
    path = shipped / "autoencoder_8.safetensors"
    content = bytearray(path.read_bytes())
    content[place] ^= 0x10
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"^{path}: 목록의 SHA-256과 다릅니다.*다시 설치하면"):
        load_pretrained(8, shipped)


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("autoencoder_8.safetensors", lambda folder: load_pretrained(8, folder)),
        ("history_8.json", lambda folder: training_history(8, folder)),
        ("manifest.json", manifest),
        ("best.pt", load_best),
        ("old.ckpt", lambda folder: load_lightning_checkpoint(folder / "old.ckpt")),
    ],
)
def test_a_missing_file_is_named(shipped, name, read):
    (shipped / name).unlink(missing_ok=True)
    with pytest.raises(FileNotFoundError, match=f"{name}: (가중치|체크포인트) 파일이 없습니다"):
        read(shipped)
