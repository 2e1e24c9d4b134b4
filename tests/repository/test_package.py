"""패키지 전체: 가벼운 import, 공개된 이름, 명령줄."""

import subprocess
import sys

import pytest
import torch

import aelab
from aelab.__main__ import main
from aelab.data import ImageSet
from aelab.pretrained import manifest


@pytest.fixture
def few(monkeypatch) -> ImageSet:
    """명령줄이 읽게 될 이미지 몇 장."""
    images = torch.randint(256, (32, 3, 32, 32), dtype=torch.uint8)
    found = ImageSet(images, torch.zeros(32, dtype=torch.int64), ("무엇",), "cifar10")
    monkeypatch.setattr("aelab.data.load_images", lambda *_: found)
    return found


def test_import_is_cheap():
    """무거운 라이브러리는 쓰이는 곳에서 불러옵니다."""
    heavy = ("torch", "torchvision", "matplotlib", "sklearn", "tensorboard", "numpy")
    code = f"import sys, aelab; print([name for name in {heavy} if name in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_every_public_name_exists():
    for name in aelab.__all__:
        assert getattr(aelab, name) is not None
        assert name in dir(aelab)
    with pytest.raises(AttributeError, match="aelab에는 'nothing'"):
        aelab.nothing  # noqa: B018


def test_train_then_evaluate_from_the_command_line(few, tmp_path, capsys):
    arguments = ["train", str(tmp_path / "run"), "--latent-dim", "4", "--epochs", "1"]
    assert main(arguments) == 0
    assert "검증 오차" in capsys.readouterr().out
    assert main(arguments) == 0  # 끝난 학습의 결과를 다시 보입니다.
    assert "검증 오차" in capsys.readouterr().out
    assert main([*arguments, "--latent-dim", "5"]) == 1
    assert "오류: " in capsys.readouterr().err
    assert main([*arguments[:-1], "2", "--resume"]) == 0
    assert main(["evaluate"]) == 0
    assert str(max(manifest())) in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "x", "--epochs", "0"], "epochs: 1 이상의 정수"),
        (["train", "x", "--schedule", "cosine"], "schedule: 'one_cycle'"),
        (["train", "x", "--muon-learning-rate", "-1"], "muon_learning_rate: 0보다 큰 수"),
        (["evaluate", "--data", "mnist"], "name: 'auto'"),
    ],
)
def test_bad_arguments_end_with_one_korean_line(arguments, message, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith("오류: ")
    assert message in error
    assert "Traceback" not in error


def test_muon_can_be_switched_off_from_the_command_line(few, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr("aelab.training.fit", lambda config, *_, **__: seen.append(config))
    monkeypatch.setattr("aelab.training.evaluate", lambda *_, **__: 0.0)
    assert main(["train", str(tmp_path), "--muon-learning-rate", "none"]) == 0
    assert seen[0].muon_learning_rate is None
