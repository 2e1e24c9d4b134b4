"""aelab.training: 배우는지, 기록하는지, 이어 가면 같은지."""

import json
import math
from dataclasses import replace

import pytest
import torch

from aelab import toyworld
from aelab.data import ImageSet
from aelab.metrics import squared_error_per_image
from aelab.models import Autoencoder
from aelab.training import TrainingConfig, evaluate, fit, load_best, read_checkpoint
from tests.aelab.training_record import history, log_like_history

SMALL = TrainingConfig(latent_dim=8, epochs=4, batch_size=32, reconstructions_every=2)


@pytest.fixture(scope="module")
def images() -> tuple[ImageSet, ImageSet]:
    return toyworld.load("train").subset(slice(100)), toyworld.load("validation").subset(slice(40))


@pytest.fixture(scope="module")
def finished(images, tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    return folder, fit(SMALL, *images, folder)


def weights(folder) -> dict[str, torch.Tensor]:
    return read_checkpoint(folder / "last.pt")["model"]


def test_training_lowers_the_validation_error(images, tmp_path):
    model = fit(replace(SMALL, epochs=6, batch_size=5), *images, tmp_path)
    untrained = Autoencoder(8, generator=torch.Generator().manual_seed(SMALL.seed))
    assert evaluate(model, images[1]) < 0.6 * evaluate(untrained, images[1])


def test_the_returned_model_is_the_best_by_validation(finished, images):
    folder, model = finished
    assert not model.training
    best = min(row["validation_error"] for row in history(folder))
    assert evaluate(model, images[1]) == pytest.approx(best, rel=1e-6)
    assert evaluate(load_best(folder), images[1]) == pytest.approx(best, rel=1e-6)


def test_evaluate_matches_a_loop_over_single_images(finished, images):
    _, model = finished
    with torch.no_grad():
        single = [float(((model(images[1][i][None]) - images[1][i]) ** 2).sum()) for i in range(40)]
    assert evaluate(model, images[1], batch_size=7) == pytest.approx(math.fsum(single) / 40)


def test_evaluate_leaves_the_mode_as_it_was(images):
    model = Autoencoder(8, 4).train()
    evaluate(model, images[1])
    assert model.training


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"muon_learning_rate": None, "learning_rate": 1e-3},
        {"schedule": "plateau"},
        {"channels_last": False, "bf16": True, "horizontal_flip": False},
    ],
    ids=["muon", "adamw", "plateau", "bf16"],
)
def test_resuming_continues_bit_for_bit(images, tmp_path, change, monkeypatch):
    config = replace(SMALL, **change)
    fit(config, *images, tmp_path / "whole")

    import aelab.training as training

    class Interrupted(Exception):
        pass

    write = training._write_atomically

    def write_and_stop(path, content):
        write(path, content)
        if path.name == "history.json" and len(json.loads(content)) == 2:
            raise Interrupted

    monkeypatch.setattr(training, "_write_atomically", write_and_stop)
    with pytest.raises(Interrupted):
        fit(config, *images, tmp_path / "parts")
    monkeypatch.undo()
    torch.rand(5)  # 전역 난수의 상태는 결과에 영향을 주지 않아야 합니다.
    fit(config, *images, tmp_path / "parts", resume=True)

    whole, parts = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert all(torch.equal(whole[name], parts[name]) for name in whole)
    for a, b in zip(history(tmp_path / "whole"), history(tmp_path / "parts"), strict=True):
        assert {**a, "seconds": 0} == {**b, "seconds": 0}


def test_resuming_a_finished_run_changes_nothing(finished, images):
    folder, _ = finished
    before = weights(folder)
    fit(SMALL, *images, folder, resume=True)
    after = weights(folder)
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_no_temporary_file_is_left(finished):
    folder, _ = finished
    assert {path.name for path in folder.iterdir()} == {
        "best.pt",
        "last.pt",
        "history.json",
        "tensorboard",
    }


def test_tensorboard_has_scalars_pictures_graph_and_settings(finished):
    folder, _ = finished
    assert [row["epoch"] for row in history(folder)] == [1, 2, 3, 4]
    log = log_like_history(folder)
    pictures = log.Images("reconstructions")
    assert [picture.step for picture in pictures] == [1, 2, 4]
    assert (pictures[0].width, pictures[0].height) == (8 * 32, 64)
    assert log.Graph().node
    assert "_hparams_/session_start_info" in log.Tags()["tensors"] or any(
        "hparams" in plugin
        for plugin in log.summary_metadata["_hparams_/experiment"].plugin_data.plugin_name.split()
    )


def test_flipping_mirrors_about_half_of_the_images_and_only_mirrors():
    from aelab.training import _flip_half

    batch = torch.rand(400, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    flipped = _flip_half(batch, torch.Generator().manual_seed(1))
    same = (flipped == batch).flatten(1).all(1)
    mirrored = (flipped == batch.flip(3)).flatten(1).all(1)
    assert (same ^ mirrored).all()
    assert 150 < int(mirrored.sum()) < 250


def test_the_loss_is_the_mean_over_images_of_the_summed_error(images, tmp_path):
    """한 epoch, 묶음 하나, 뒤집기 없음: 첫 손실은 초기 모델의 오차와 같습니다."""
    config = replace(SMALL, epochs=1, batch_size=100, horizontal_flip=False)
    fit(config, *images, tmp_path)
    model = Autoencoder(8, generator=torch.Generator().manual_seed(config.seed))
    expected = squared_error_per_image(model(images[0][:]), images[0][:]).mean()
    assert history(tmp_path)[0]["train_loss"] == pytest.approx(expected.item(), rel=1e-4)


def test_training_again_into_the_same_folder_is_refused(finished, images):
    with pytest.raises(FileExistsError, match="이미 학습 기록이 있습니다.*resume=True"):
        fit(SMALL, *images, finished[0])


def test_resuming_with_other_settings_is_refused(finished, images):
    with pytest.raises(ValueError, match="다른 설정이 왔습니다: epochs 4 → 5"):
        fit(replace(SMALL, epochs=5), *images, finished[0], resume=True)


def test_an_unwritable_folder_is_refused_in_korean(images, tmp_path):
    (tmp_path / "file").write_text("파일", encoding="utf-8")
    with pytest.raises(OSError, match="쓸 수 있는 폴더를 기대했는데"):
        fit(SMALL, *images, tmp_path / "file" / "run")


def test_an_empty_set_is_refused(images, tmp_path):
    with pytest.raises(ValueError, match="0장과 40장이 왔습니다"):
        fit(SMALL, images[0].subset(slice(0)), images[1], tmp_path)


def test_a_diverging_loss_stops_and_keeps_the_last_checkpoint(images, tmp_path):
    config = replace(SMALL, muon_learning_rate=None, learning_rate=1e30)
    with pytest.raises(FloatingPointError, match="손실이 .*학습률을 낮추어"):
        fit(config, *images, tmp_path)
    assert not list(tmp_path.glob("*.tmp"))


@pytest.mark.parametrize("content", ["빈 파일", "쓰레기", "잘림"])
def test_a_damaged_checkpoint_is_refused(finished, images, tmp_path, content):
    good = (finished[0] / "last.pt").read_bytes()
    damaged = {"빈 파일": b"", "쓰레기": b"\x00" * 1000, "잘림": good[: len(good) // 2]}[content]
    (tmp_path / "last.pt").write_bytes(damaged)
    with pytest.raises(ValueError, match="체크포인트를 기대했는데 읽을 수 없습니다"):
        fit(SMALL, *images, tmp_path, resume=True)


def test_a_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="best.pt: 체크포인트 파일이 없습니다"):
        load_best(tmp_path)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"epochs": 0}, ValueError, "epochs: 1 이상의 정수"),
        ({"batch_size": 1.5}, TypeError, "batch_size: 정수를 기대했는데 1.5"),
        ({"schedule": "cosine"}, ValueError, "schedule: 'one_cycle' 또는 'plateau'"),
        ({"learning_rate": -1.0}, ValueError, "learning_rate: 0보다 큰 수"),
        ({"muon_learning_rate": float("nan")}, ValueError, "muon_learning_rate: 0보다 큰 수"),
    ],
)
def test_bad_settings_are_refused(change, error, message):
    with pytest.raises(error, match=message):
        replace(SMALL, **change)
