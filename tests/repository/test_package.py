"""패키지 전체: 가벼운 import, 공개된 이름, 명령줄."""

import re
import subprocess
import sys
from dataclasses import fields

import numpy as np
import pytest
import torch
from PIL import Image

import aelab
from aelab.__main__ import main
from aelab.data import ImageSet
from aelab.pretrained import load_pretrained, manifest
from aelab.training import TrainingConfig


@pytest.fixture
def few(monkeypatch) -> ImageSet:
    """명령줄이 읽게 될 이미지 몇 장."""
    images = torch.randint(256, (32, 3, 32, 32), dtype=torch.uint8)
    found = ImageSet(images, torch.zeros(32, dtype=torch.int64), ("무엇",), "cifar10")
    monkeypatch.setattr("aelab.data.load_images", lambda *_: found)
    return found


def test_import_is_cheap():
    """무거운 라이브러리는 쓰이는 곳에서 불러옵니다. 명령의 목록을 보이는 데에도 쓰이지 않습니다."""
    heavy = ("torch", "torchvision", "matplotlib", "sklearn", "tensorboard", "numpy")
    loaded = f"print([name for name in {heavy} if name in sys.modules])"
    code = f"import sys, aelab.__main__ as cli\ntry: cli.main(['--help'])\nfinally: {loaded}"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines()[-1] == "[]"


def test_every_public_name_exists():
    for name in aelab.__all__:
        assert getattr(aelab, name) is not None
        assert name in dir(aelab)
    with pytest.raises(AttributeError, match="aelab에는 'nothing'"):
        aelab.nothing  # noqa: B018


def test_train_then_evaluate_from_the_command_line(few, tmp_path, capsys):
    arguments = ["train", str(tmp_path / "run"), *SMALL, "1"]
    assert main(arguments) == 0
    assert "검증 오차" in capsys.readouterr().out
    assert main(arguments) == 0  # 끝난 학습의 결과를 다시 보입니다.
    assert "검증 오차" in capsys.readouterr().out
    assert main([*arguments, "--latent-dim", "4"]) == 1
    assert "오류: " in capsys.readouterr().err
    assert main([*arguments[:-1], "2", "--resume"]) == 0
    assert main(["evaluate"]) == 0
    assert str(max(manifest())) in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "x", "--epochs", "0"], "오류: --epochs: 1 이상의 정수"),
        (["train", "x", "--schedule", "cosine"], "오류: --schedule: 'one_cycle'"),
        (["train", "x", "--muon-learning-rate", "-1"], "오류: --muon-learning-rate: 0 이상인 수"),
        (["evaluate", "--data", "mnist"], "오류: --data: 'auto'"),
        (["evaluate", "--weights", "x"], "manifest.json: 가중치 파일이 없습니다"),
        (["evaluate", "--device", "gpu"], "오류: --device: 이 컴퓨터에 있는 장치를"),
        (["ship", "x"], "best.pt: 체크포인트 파일이 없습니다"),
    ],
)
def test_bad_arguments_end_with_one_korean_line(arguments, message, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith("오류: ")
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "빠진 인자가 있습니다: 명령"),
        (["trian"], "'train', 'evaluate', 'ship', 'projector' 가운데 하나여야 합니다: 'trian'"),
        (["train", "x", "--epochs", "스무"], "--epochs: 정수이어야 합니다: '스무'"),
        (["train", "x", "--muon-learning-rate", "0,1"], "수나 none이어야 합니다: '0,1'"),
        (["train", "x", "--epochs"], "--epochs: 값 하나를 기대했는데 없습니다"),
        (["train", "x", "--epoch-count", "3"], "모르는 인자입니다: --epoch-count 3"),
    ],
)
def test_what_the_command_line_cannot_read_is_refused_in_korean(arguments, message, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert message in " ".join(capsys.readouterr().err.split())


def test_help_describes_every_option_with_its_default_in_korean(capsys):
    for command in ("data", "train", "evaluate", "ship", "projector"):
        with pytest.raises(SystemExit, match="0"):
            main([command, "--help"])
        shown = capsys.readouterr().out
        assert not re.search("usage|options|show this|default", shown)
        described = re.split(r"\n  (?=\S)", shown.split("선택:")[1])[1:]
        assert all(re.search("[가-힣]{2}", option.split(maxsplit=1)[1]) for option in described)
        if command == "train":
            flags = {f"--{field.name.replace('_', '-')}" for field in fields(TrainingConfig)}
            settings = [option for option in described if flags & {option.split()[0].strip(",")}]
            assert len(settings) == len(flags)
            assert all("(기본: " in option for option in settings)


@pytest.mark.parametrize("given", [[], ["--resume"]])
def test_an_interrupted_training_ends_with_the_line_that_resumes(given, few, capsys, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("aelab.training.fit", interrupted)
    assert main(["train", "내 기록", "--epochs", "3", *given]) == 130
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert line.endswith("python -m aelab train '내 기록' --epochs 3 --resume")


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "사진"
    folder.mkdir()
    for number in range(30):
        pixels = np.random.default_rng(number).integers(256, size=(40, 40, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.PNG")
    return ["--data", str(folder)]


SMALL = ["--latent-dim", "5", "--base-channel-size", "2", "--epochs"]


def test_own_photographs_go_through_training_shipping_and_evaluation(photos, tmp_path, capsys):
    run, own = tmp_path / "run", tmp_path / "own"
    assert main(["train", str(run), *photos, *SMALL, "1"]) == 0
    assert main(["ship", str(run), *photos, "--to", str(own)]) == 0
    assert main(["ship", str(run), *photos, "--to", str(run / "best.pt" / "own")]) == 1
    assert "--to: " in (told := capsys.readouterr()).err
    assert "쓸 수 있는 폴더를" in told.err
    assert main(["evaluate", *photos, "--weights", str(own)]) == 0
    shown = capsys.readouterr().out.split()
    assert shown[-3:] == ["5", *2 * [f"{manifest(own)[5].test_error:.2f}"]]
    assert load_pretrained(5, own).latent_dim == 5


@pytest.mark.slow
def test_without_a_terminal_training_writes_one_line_an_epoch(photos, tmp_path):
    command = [sys.executable, "-m", "aelab", "train", str(tmp_path / "run"), *photos, *SMALL, "2"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    lines = result.stderr.strip().splitlines()
    assert [line.split(":")[0] for line in lines] == ["epoch 1", "epoch 2"]
    assert all("학습 손실" in line and "검증 오차" in line for line in lines)


def test_muon_can_be_switched_off_from_the_command_line(few, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr("aelab.training.fit", lambda config, *_, **__: seen.append(config))
    monkeypatch.setattr("aelab.training.evaluate", lambda *_, **__: 0.0)
    assert main(["train", str(tmp_path), "--muon-learning-rate", "none"]) == 0
    assert seen[0].muon_learning_rate is None
