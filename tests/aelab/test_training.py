"""aelab.training: 설정을 지키며 배우는지, 다시 부르면 무엇을 하는지."""

import math
from contextlib import nullcontext
from dataclasses import replace
from unittest.mock import MagicMock

import numpy as np
import pytest
import torch

from aelab.models import Autoencoder
from aelab.muon import Muon
from aelab.training import TrainingConfig, _scheduler, evaluate, fit
from tests.aelab.tiny import CONFIG, SETS, TRAIN, VALIDATION, history, last, scenes


@pytest.fixture(autouse=True)
def without_log(monkeypatch):
    """텐서보드의 기록은 test_runs.py가 봅니다."""
    monkeypatch.setattr("aelab.event_log.open_log", lambda *_, **__: nullcontext(MagicMock()))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("aelab.event_log.open_log", lambda *_, **__: nullcontext(MagicMock()))
        return folder, fit(CONFIG, *SETS, folder)


# --- 배우는 것 ---


@pytest.mark.parametrize(
    "change",
    [
        {"horizontal_flip": True, "weight_decay": 0.1},
        {"horizontal_flip": False, "muon_learning_rate": None, "weight_decay": 0.1},
        {"batch_size": 5, "seed": 7},
    ],
    ids=["muon", "adamw", "uneven batches"],
)
def test_fit_is_the_loop_one_would_write_by_hand(tmp_path, change):
    config = replace(CONFIG, channels_last=False, **change)
    fit(config, *SETS, tmp_path)

    generator = torch.Generator().manual_seed(config.seed)
    model = Autoencoder(4, 2, generator)
    matrices = [p for p in model.parameters() if p.ndim > 1]
    biases = [p for p in model.parameters() if p.ndim == 1]
    decay = config.weight_decay
    if config.muon_learning_rate is None:
        groups = [torch.optim.AdamW(model.parameters(), 3e-3, weight_decay=decay)]
    else:
        groups = [Muon(matrices, 0.02, weight_decay=decay), torch.optim.AdamW(biases, 3e-3)]
        groups[1].param_groups[0]["weight_decay"] = 0
    steps = config.epochs * math.ceil(12 / config.batch_size)
    cycles = [
        torch.optim.lr_scheduler.OneCycleLR(
            group,
            group.defaults["lr"],
            steps,
            pct_start=0.15,
            cycle_momentum=False,
            final_div_factor=1e4,
        )
        for group in groups
    ]
    for row in history(tmp_path):
        total = 0.0
        for batch in TRAIN.batches(config.batch_size, generator=generator):
            if config.horizontal_flip:
                turned = torch.rand(len(batch), generator=generator) < 0.5
                batch[turned] = batch[turned].flip(3)
            error = ((model(batch) - batch) ** 2).sum()
            model.zero_grad()
            (error / len(batch)).backward()
            for group, cycle in zip(groups, cycles, strict=True):
                group.step()
                cycle.step()
            total += error.item()
        assert row["train_loss"] == pytest.approx(total / 12, rel=1e-5)
        assert row["validation_error"] == pytest.approx(evaluate(model, VALIDATION), rel=1e-5)
        assert row["learning_rate"] == pytest.approx(groups[0].param_groups[0]["lr"])
    trained = last(tmp_path)["model"]
    for name, weight in model.state_dict().items():
        torch.testing.assert_close(trained[name], weight, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_training_lowers_the_validation_error(tmp_path):
    config = replace(CONFIG, base_channel_size=8)
    model = fit(config, scenes(100, 0), VALIDATION, tmp_path)
    untrained = Autoencoder(4, 8, torch.Generator().manual_seed(CONFIG.seed))
    assert evaluate(model, VALIDATION) < 0.8 * evaluate(untrained, VALIDATION)


def test_the_returned_model_is_the_best_by_validation_and_in_evaluation_mode(tmp_path):
    # 학습률이 커서 마지막 epoch이 최고가 아닙니다.
    model = fit(replace(CONFIG, muon_learning_rate=0.5, schedule="plateau"), *SETS, tmp_path)
    errors = [row["validation_error"] for row in history(tmp_path)]
    assert min(errors) < errors[-1]
    assert evaluate(model, VALIDATION) == pytest.approx(min(errors), rel=1e-6)
    assert not model.training


def test_bfloat16_and_memory_formats_train_alike(tmp_path, finished):
    fit(replace(CONFIG, bf16=True, channels_last=False), *SETS, tmp_path)
    pairs = zip(history(tmp_path), history(finished[0]), strict=True)
    for low, full in pairs:
        assert low["train_loss"] == pytest.approx(full["train_loss"], rel=0.02)
        assert low["train_loss"] != full["train_loss"]


def test_evaluate_matches_a_loop_over_single_images_and_keeps_the_mode():
    model = Autoencoder(4, 2).train()
    with torch.no_grad():
        single = [float(((model(image[None]) - image) ** 2).sum()) for image in VALIDATION[:]]
    assert evaluate(model, VALIDATION, batch_size=4) == pytest.approx(math.fsum(single) / 6)
    assert model.training


@pytest.mark.parametrize(("stalled", "factor"), [(11, 1), (12, 0.2), (23, 0.04), (90, 0.01)])
def test_plateau_divides_the_rate_by_five_after_ten_epochs_in_vain(stalled, factor):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.3)
    rows = [{"validation_error": 1.0}] * stalled
    _scheduler(optimizer, replace(CONFIG, schedule="plateau"), 3, rows)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.3 * factor)


def test_what_is_not_set_follows_the_device(monkeypatch):
    config = TrainingConfig()
    for capable in (True, False):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda c=capable: {"avx512_bf16": c})
        assert config.on("cpu") == replace(config, bf16=capable, compile=False)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: True)
    for found in (None, "triton"):  # Windows에는 Triton이 없습니다.
        monkeypatch.setattr("aelab.training.find_spec", lambda name, found=found: found)
        assert config.on("cuda") == replace(config, bf16=True, compile=found is not None)
    assert replace(config, bf16=False, compile=True).on("cpu").compile


# --- 다시 부르기 ---


@pytest.mark.parametrize("resume", [False, True])
def test_a_finished_training_returns_its_result_again(finished, resume, caplog):
    folder, model = finished
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    again = fit(CONFIG, *SETS, folder, resume=resume)
    assert all(
        torch.equal(a, b) for a, b in zip(again.parameters(), model.parameters(), strict=True)
    )
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert f"{folder}의 학습은 이미 끝났으므로 그 결과를 돌려줍니다." in caplog.text


@pytest.mark.parametrize("schedule", ["one_cycle", "plateau"])
def test_more_epochs_go_on_where_the_training_ended(tmp_path, schedule, caplog):
    config = replace(CONFIG, schedule=schedule)
    fit(config, *SETS, tmp_path)
    first = history(tmp_path)
    longer = replace(config, epochs=6)
    fit(longer, *SETS, tmp_path, resume=True)
    rows = history(tmp_path)
    assert rows[:3] == first
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert last(tmp_path)["config"]["epochs"] == 6
    rates = [row["learning_rate"] for row in rows]
    if schedule == "plateau":
        assert set(rates) == {0.02}
        assert not caplog.text
    else:  # 6 epoch으로 짠 일정: 18걸음 가운데 2.7걸음에서 꼭대기, 17걸음에서 거의 0
        for epoch in (4, 5):
            turn = math.pi * (3 * epoch - 1.7) / (17 - 1.7)
            assert rates[epoch - 1] == pytest.approx(0.01 * (1 + math.cos(turn)), rel=1e-3)
        assert "3 epoch의 끝에서 0이 되도록" in caplog.text
        assert "6 epoch으로 다시 짠 일정의 4번째 epoch에서" in caplog.text


@pytest.mark.parametrize(
    ("change", "sets", "message"),
    [
        ({"epochs": 2}, SETS, "epochs 3 → 2"),
        ({"epochs": 5, "batch_size": 6}, SETS, "epochs 3 → 5, batch_size 4 → 6"),
        ({}, (scenes(13, 0), VALIDATION), "train '시험 12장 .*' → '시험 13장 "),
        ({}, (TRAIN, scenes(7, 0)), "validation '시험 6장 .*' → '시험 7장 "),
    ],
)
def test_another_training_is_not_mixed_into_the_folder(finished, change, sets, message):
    folder, _ = finished
    config = replace(CONFIG, **change)
    with pytest.raises(FileExistsError, match=f"이미 학습 기록이 있습니다.{message}.*resume=True"):
        fit(config, *sets, folder)
    with pytest.raises(ValueError, match=f"last.pt: .*다른 설정이 왔습니다: {message}"):
        fit(config, *sets, folder, resume=True)


def test_a_record_from_before_the_newer_settings_is_continued(finished, tmp_path):
    saved = last(finished[0])
    del saved["config"]["base_channel_size"], saved["images"]
    torch.save(saved, tmp_path / "last.pt")
    with pytest.raises(FileExistsError, match="base_channel_size 32 → 2"):
        fit(CONFIG, *SETS, tmp_path)


# --- 거절하는 것 ---


def test_a_diverging_loss_stops_and_keeps_the_record(tmp_path):
    calm = replace(CONFIG, muon_learning_rate=None, schedule="plateau")
    fit(replace(calm, epochs=1), *SETS, tmp_path)
    before = history(tmp_path)
    saved = last(tmp_path)
    saved["config"]["learning_rate"] = 1e30
    torch.save(saved, tmp_path / "last.pt")
    with pytest.raises(FloatingPointError, match=f"epoch 2의 손실이 .*낮추어.*{tmp_path}에 그대로"):
        fit(replace(calm, learning_rate=1e30), *SETS, tmp_path, resume=True)
    assert history(tmp_path) == before
    assert last(tmp_path)["epoch"] == 1


def test_a_device_that_is_not_there_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ValueError, match="device: .*'cuda:63'이"):
        fit(CONFIG, *SETS, tmp_path, device="cuda:63")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_compiling_without_a_compiler_ends_with_the_line_that_mends_it(tmp_path, monkeypatch):
    monkeypatch.setattr("torch._inductor.config.cpp.cxx", ("no-such-compiler",))
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    with pytest.raises(ValueError, match="C\\+\\+ 컴파일러.*이렇게 고칩니다: compile=False$"):
        fit(replace(CONFIG, compile=True), *SETS, tmp_path / "run")


@pytest.mark.parametrize(("train", "validation"), [(0, 6), (12, 0)])
def test_an_empty_set_is_refused(tmp_path, train, validation):
    with pytest.raises(ValueError, match="train, validation: .*0장"):
        fit(CONFIG, TRAIN.subset(slice(train)), VALIDATION.subset(slice(validation)), tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("images", "error"),
    [
        (VALIDATION[:].numpy(), TypeError),
        ([VALIDATION[0]], TypeError),
        (VALIDATION[:0], ValueError),
    ],
)
def test_evaluate_refuses_what_is_neither_a_set_nor_a_tensor_of_images(images, error):
    with pytest.raises(error, match="inputs: .*기대했는데"):
        evaluate(Autoencoder(4, 2), images)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        *(
            ({name: 0}, ValueError, f"{name}: 1 이상의 정수")
            for name in ("latent_dim", "base_channel_size", "epochs", "batch_size")
        ),
        ({"reconstructions_every": 0}, ValueError, "reconstructions_every: 1 이상의 정수"),
        ({"batch_size": 1.5}, TypeError, "batch_size: 정수를 기대했는데 1.5"),
        ({"seed": "x"}, TypeError, "seed: 정수를 기대했는데 'x'이"),
        ({"schedule": "cosine"}, ValueError, "schedule: 'one_cycle' 또는 'plateau'.* 'cosine'이"),
        ({"learning_rate": None}, ValueError, "learning_rate: 0 이상인 수를 기대했는데 None이"),
        ({"muon_learning_rate": math.nan}, ValueError, "muon_learning_rate: 0 이상인 수"),
        ({"muon_learning_rate": "0.1"}, ValueError, "muon_learning_rate: 0 이상인 수.* '0.1'이"),
        ({"weight_decay": -1}, ValueError, "weight_decay: 0 이상인 수를 기대했는데 -1이"),
        ({"weight_decay": math.inf}, ValueError, "weight_decay: 0 이상인 수를 기대했는데 inf이"),
    ],
)
def test_bad_settings_are_refused(change, error, message):
    with pytest.raises(error, match=f"^{message}"):
        TrainingConfig(**change)


def test_numbers_of_numpy_become_plain_numbers():
    given = TrainingConfig(epochs=np.int64(3), learning_rate=np.float64(0.5), seed=np.int32(1))
    assert given == TrainingConfig(epochs=3, learning_rate=0.5, seed=1)
    assert [type(value) for value in (given.epochs, given.learning_rate)] == [int, float]
