"""aelab.projector: 기록의 꼴, 진짜 텐서보드가 읽는 값, 평면 배치, 잘못된 입력."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request

import numpy as np
import pytest
import torch
from PIL import Image

from aelab.projector import flatten, serve, write
from tests.aelab.tiny import dying_tensorflow

COUNT, LATENT = 30, 5


@pytest.fixture(scope="module")
def content():
    dice = torch.Generator().manual_seed(0)
    images = torch.rand(COUNT, 3, 32, 32, generator=dice) * 2 - 1
    codes = torch.randn(COUNT, LATENT, generator=dice)
    labels = {
        "클래스": [f"class {i % 3}" for i in range(COUNT)],
        "번호": torch.arange(COUNT),
        "글": ["두 줄\n과\t탭"] + [""] * (COUNT - 1),
    }
    return codes, labels, images


def test_files_have_a_row_for_every_code_and_inputs_stay(content, tmp_path):
    codes, labels, images = content
    before = codes.clone(), images.clone()
    folder = write(tmp_path / "log", codes, labels, images) / "00000" / "codes"
    rows = (folder / "metadata.tsv").read_text(encoding="utf-8").splitlines()
    assert rows[0].split("\t") == ["클래스", "번호", "글"]
    assert rows[1].split("\t") == ["class 0", "0", "두 줄 과 탭"]
    assert rows[COUNT].split("\t") == ["class 2", "29", "-"]
    assert len(rows) == COUNT + 1
    np.testing.assert_allclose(np.loadtxt(folder / "tensors.tsv"), codes, rtol=1e-5)
    sprite = np.asarray(Image.open(folder / "sprite.png"))
    assert sprite.shape == (6 * 32, 6 * 32, 3)
    shown = (images[7].permute(1, 2, 0).numpy() + 1) * 127.5
    np.testing.assert_allclose(sprite[32:64, 32:64], shown, atol=1.01)
    assert torch.equal(codes, before[0])
    assert torch.equal(images, before[1])


def test_a_single_column_has_no_header(content, tmp_path):
    codes, labels, images = content
    folder = write(tmp_path, codes, {"번호": labels["번호"]}, images, name="점") / "00000" / "점"
    rows = (folder / "metadata.tsv").read_text(encoding="utf-8").splitlines()
    assert rows == [str(number) for number in range(COUNT)]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as response:
        return response.read()


@pytest.mark.slow
def test_a_real_tensorboard_serves_what_was_written(content, tmp_path):
    codes = content[0]
    plugin = f"{serve(write(tmp_path, *content), free_port())}data/plugin/projector"
    assert "http://127.0.0.1:" in plugin
    deadline = time.monotonic() + 120
    while json.loads(get(f"{plugin}/runs")) != ["."]:
        assert time.monotonic() < deadline
        time.sleep(0.5)
    (embedding,) = json.loads(get(f"{plugin}/info?run=."))["embeddings"]
    assert embedding["sprite"]["singleImageDim"] == [32, 32]
    query = f"run=.&name={embedding['tensorName']}"
    rows = get(f"{plugin}/metadata?{query}").decode().splitlines()
    assert len(rows) == COUNT + 1
    assert rows[2].split("\t")[:2] == ["class 1", "1"]
    tensor = np.frombuffer(get(f"{plugin}/tensor?{query}"), dtype="<f4").reshape(-1, LATENT)
    np.testing.assert_allclose(tensor, codes, rtol=1e-5)
    assert get(f"{plugin}/sprite_image?{query}")[:4] == b"\x89PNG"


@pytest.mark.slow
def test_the_command_prints_an_address_that_answers_and_leaves_tensorflow_alone(tmp_path):
    port = free_port()
    command = [sys.executable, "-m", "aelab", "projector", str(tmp_path / "log")]
    paths = os.pathsep.join([str(dying_tensorflow(tmp_path)), *sys.path])
    offline = {"AELAB_OFFLINE": "1", "PYTHONUNBUFFERED": "1", "PYTHONPATH": paths}
    with subprocess.Popen(
        [*command, "--data", "toyworld", "--count", "20", "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | offline,
        text=True,
        encoding="utf-8",
    ) as board:
        try:
            line = next(line for line in board.stdout if "http" in line)
            address = f"http://127.0.0.1:{port}"
            assert address in line
            assert json.loads(get(f"{address}/data/plugin/projector/runs")) == ["."]
        finally:
            board.terminate()


def test_serving_on_a_taken_port_is_refused(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"port: 비어 있는 포트를 기대했는데 {port}번"):
            serve(tmp_path, port)
    with pytest.raises(FileNotFoundError, match="기록이 있는 폴더를 기대했는데"):
        serve(tmp_path / "none")


def test_pca_matches_the_eigenvectors_of_the_covariance(content):
    codes = content[0]
    points = flatten(codes, "pca")
    values = np.linalg.eigvalsh(np.cov(codes.numpy().T))
    np.testing.assert_allclose(np.var(points.numpy(), axis=0, ddof=1), values[::-1][:2], rtol=1e-4)


def test_tsne_keeps_separated_groups_apart_and_repeats_itself():
    groups = torch.randn(60, 8, generator=torch.Generator().manual_seed(1))
    groups[30:] += 20
    points = flatten(groups, "tsne")
    distance = torch.cdist(points, points).fill_diagonal_(float("inf"))
    assert (distance.argmin(1)[:30] < 30).all()
    assert (distance.argmin(1)[30:] >= 30).all()
    assert torch.equal(points, flatten(groups, "tsne"))


CODES, IMAGES = torch.zeros(4, 3), torch.zeros(4, 3, 32, 32)
LABELS = {"클래스": list("가나다라")}
MANY = (8192 // 32) ** 2 + 1


@pytest.mark.parametrize(
    ("codes", "labels", "images", "message"),
    [
        (CODES[0], LABELS, IMAGES, r"codes: .*\(3,\)이"),
        (CODES / 0, LABELS, IMAGES, "codes: 유한한 값만"),
        (CODES, LABELS, IMAGES[:3], r"images: .*\(4, 3, height, height\)를.*\(3, 3, 32, 32\)이"),
        (CODES, LABELS, IMAGES[..., :16], r"images: 정사각형인 .*\(4, 3, 32, 16\)이"),
        (CODES, LABELS, IMAGES + 3, r"images: \[-1, 1\]의 값"),
        (CODES, {}, IMAGES, "한 가지 이상의 라벨"),
        (CODES, {"클래스": ["가"]}, IMAGES, r"labels\['클래스'\]: 4개를 기대했는데 1개"),
        (
            torch.zeros(MANY, 2),
            {"번호": range(MANY)},
            torch.zeros(1, 1, 1, 1).expand(MANY, 3, 32, 32),
            "65,536장 이하를 기대했는데 65,537장이 왔습니다",
        ),
    ],
)
def test_bad_content_is_refused_before_anything_is_written(
    codes, labels, images, message, tmp_path
):
    with pytest.raises(ValueError, match=message):
        write(tmp_path / "log", codes, labels, images)
    assert not (tmp_path / "log").exists()


def test_folders_that_cannot_take_a_record_are_refused(content, tmp_path):
    write(tmp_path, *content)
    with pytest.raises(FileExistsError, match="이미 프로젝터의 기록이 있습니다"):
        write(tmp_path, *content)
    (tmp_path / "file").write_text("파일", encoding="utf-8")
    with pytest.raises(OSError, match="쓸 수 없습니다"):
        write(tmp_path / "file" / "log", *content)


@pytest.mark.parametrize(
    ("codes", "method", "message"),
    [
        (CODES[:2], "pca", r"세 개 이상을 기대했는데 \(2, 3\)이"),
        (CODES[:, :1], "pca", r"2차원 이상.*기대했는데 \(4, 1\)이"),
        (CODES, "pca", "서로 다른 잠재 벡터를 기대했는데"),
        (CODES, "umap", "'pca' 또는 'tsne'를 기대했는데 'umap'"),
        (CODES / 0, "pca", "유한한 값만"),
    ],
)
def test_flatten_refuses_bad_input(codes, method, message):
    with pytest.raises(ValueError, match=message):
        flatten(codes, method)
