"""aelab.pretrained: 담긴 가중치와 Lightning 체크포인트. 해로운 파일은 test_hostile_files.py가 봅니다."""

import json
import math
import shutil
import sys
import types
from pathlib import Path

import pytest
import torch

from aelab.models import Autoencoder
from aelab.pretrained import (
    WEIGHTS,
    as_shipped,
    load_lightning_checkpoint,
    load_pretrained,
    manifest,
    ship,
    training_history,
)
from aelab.training import evaluate

# 바탕이 된 구조의 공개된 가중치가 시험 이미지에서 내는 오차: 담긴 가중치는 이보다 나빠선 안 됩니다.
PUBLISHED_ERROR = {64: 86.42, 128: 49.65, 256: 25.04, 384: 15.49}

ROW = {
    "epoch": 1,
    "train_loss": 2.5,
    "validation_error": 1.25,
    "learning_rate": 0.1,
    "seconds": 1.0,
}


@pytest.fixture
def small_weights(tmp_path) -> Path:
    """작은 모델을 담은 폴더."""
    torch.save(
        {
            "config": {"latent_dim": 8},
            "epoch": 3,
            "validation_error": 1.25,
            "model": Autoencoder(8, generator=torch.Generator().manual_seed(0)).state_dict(),
        },
        tmp_path / "best.pt",
    )
    (tmp_path / "history.json").write_text(json.dumps([ROW]), encoding="utf-8")
    ship(tmp_path, 1.5, tmp_path / "weights")
    return tmp_path / "weights"


def test_all_four_sizes_are_shipped_with_their_history():
    listed = manifest()
    assert list(listed) == [64, 128, 256, 384]
    for latent_dim, shipped in listed.items():
        assert (WEIGHTS / shipped.file).is_file()
        assert shipped.training["latent_dim"] == latent_dim
        assert shipped.epoch <= shipped.training["epochs"]


def test_shipped_history_ends_at_the_shipped_error():
    for latent_dim, shipped in manifest().items():
        rows = training_history(latent_dim)
        assert [row["epoch"] for row in rows] == list(range(1, shipped.training["epochs"] + 1))
        best = min(rows, key=lambda row: row["validation_error"])
        assert best["epoch"] == shipped.epoch
        assert best["validation_error"] == pytest.approx(shipped.validation_error, abs=1e-3)


def test_a_shipped_history_is_the_one_of_the_run(small_weights):
    assert training_history(8, small_weights) == [ROW]


@pytest.mark.parametrize("latent_dim", PUBLISHED_ERROR)
def test_shipped_weights_load_in_evaluation_mode(latent_dim):
    model = load_pretrained(latent_dim)
    assert not model.training
    assert model.latent_dim == latent_dim
    assert all(p.dtype == torch.float32 for p in model.parameters())


@pytest.mark.slow
@pytest.mark.parametrize("latent_dim", PUBLISHED_ERROR)
def test_shipped_weights_reach_the_published_error_on_cifar10(latent_dim, cifar10_root):
    from aelab.data import cifar10

    error = evaluate(load_pretrained(latent_dim), cifar10.load("test", cifar10_root))
    assert error <= PUBLISHED_ERROR[latent_dim]
    assert error == pytest.approx(manifest()[latent_dim].test_error, rel=1e-3)


def test_a_shipped_model_is_the_trained_one_rounded_to_fp16(small_weights):
    trained = Autoencoder(8, generator=torch.Generator().manual_seed(0)).eval()
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(1)) * 2 - 1
    loaded = load_pretrained(8, small_weights)
    with torch.no_grad():
        assert torch.equal(loaded(images), as_shipped(trained)(images))
        torch.testing.assert_close(loaded(images), trained(images), rtol=0, atol=0.02)


@pytest.mark.parametrize("latent_dim", [0, 100, "64", None])
def test_an_unknown_size_is_refused_with_the_sizes_there_are(latent_dim):
    with pytest.raises(ValueError, match="64, 128, 256, 384 가운데 하나를 기대했는데"):
        load_pretrained(latent_dim)


def test_missing_weights_are_an_error_that_says_what_to_do(small_weights):
    (small_weights / "autoencoder_8.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match="가중치 파일이 없습니다. .*다시 설치하면"):
        load_pretrained(8, small_weights)


# --- Lightning 체크포인트 ---


class AttributeDict(dict):
    """옛 Lightning이 설정을 담던 사전의 흉내."""


@pytest.fixture
def lightning_file(tmp_path, monkeypatch) -> Path:
    """Lightning 0.9의 꼴로 쓴 체크포인트. 쓸 때만 그 이름의 모듈이 있는 척합니다."""
    name = "pytorch_lightning.utilities.parsing"
    for part in ("pytorch_lightning", "pytorch_lightning.utilities", name):
        monkeypatch.setitem(sys.modules, part, types.ModuleType(part))
    sys.modules[name].AttributeDict = AttributeDict
    monkeypatch.setattr(AttributeDict, "__module__", name)
    path = tmp_path / "old.ckpt"
    model = Autoencoder(8, generator=torch.Generator().manual_seed(0))
    settings = AttributeDict(latent_dim=8, base_channel_size=32)
    torch.save({"state_dict": model.state_dict(), "hyper_parameters": settings}, path)
    monkeypatch.undo()
    return path


def test_a_lightning_checkpoint_loads_without_lightning(lightning_file):
    assert "pytorch_lightning" not in sys.modules
    model = load_lightning_checkpoint(lightning_file)
    expected = Autoencoder(8, generator=torch.Generator().manual_seed(0)).state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in model.state_dict().items())
    assert not model.training


def test_other_channel_sizes_are_read_from_the_shapes(tmp_path):
    model = Autoencoder(8, 16)
    torch.save({"state_dict": model.state_dict()}, tmp_path / "narrow.ckpt")
    assert load_lightning_checkpoint(tmp_path / "narrow.ckpt").encoder.net[0].out_channels == 16


def test_shipping_makes_the_folder_with_its_parents(small_weights, tmp_path):
    path = ship(tmp_path, 1.5, tmp_path / "made" / "weights")
    assert path == tmp_path / "made" / "weights" / "autoencoder_8.safetensors"
    assert load_pretrained(8, path.parent).latent_dim == 8


def test_the_list_keeps_the_errors_to_four_digits(small_weights, tmp_path):
    saved = torch.load(tmp_path / "best.pt", weights_only=True)
    torch.save({**saved, "validation_error": 1.23456}, tmp_path / "best.pt")
    ship(tmp_path, 2.34567, small_weights)
    shipped = manifest(small_weights)[8]
    assert (shipped.validation_error, shipped.test_error) == (1.2346, 2.3457)


def test_a_refused_error_is_told_beside_the_other(small_weights, tmp_path):
    with pytest.raises(ValueError, match=r"시험 오차를 기대했는데 1\.25와\(과\) nan이"):
        ship(tmp_path, math.nan, tmp_path / "made")


def test_shipping_again_replaces_one_entry_and_keeps_the_others(small_weights, tmp_path):
    torch.save(
        {
            "config": {"latent_dim": 4},
            "epoch": 1,
            "validation_error": 9.0,
            "model": Autoencoder(4).state_dict(),
        },
        tmp_path / "best.pt",
    )
    ship(tmp_path, 9.5, small_weights)
    assert list(manifest(small_weights)) == [4, 8]
    assert load_pretrained(4, small_weights).latent_dim == 4
    assert load_pretrained(8, small_weights).latent_dim == 8
    shutil.rmtree(small_weights)
