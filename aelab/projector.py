"""텐서보드 프로젝터: 잠재 벡터와 라벨과 작은 그림을 기록하고, 평면에 펼쳐 봅니다."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from aelab.checks import check_codes, check_finite, check_image_batch, check_range, unexpected
from aelab.event_log import keep_tensorflow_out, open_log
from aelab.types import Codes, Images

# 프로젝터는 작은 그림을 한 장의 정사각형 그림에 모아 읽고, 그 한 변은 8192픽셀을 넘을 수 없습니다.
SPRITE_LIMIT = 8192
_CONFIG = "projector_config.pbtxt"


def write(
    folder: Path | str,
    codes: Codes,
    labels: Mapping[str, Sequence[object] | Tensor],
    images: Images,
    *,
    name: str = "codes",
) -> Path:
    """프로젝터가 읽을 기록을 쓰고 닫습니다. 돌려주는 값은 텐서보드에 줄 폴더입니다.

    인자
        folder: 기록할 폴더. 없으면 만듭니다.
        codes: 잠재 벡터 (n, latent).
        labels: 라벨의 이름 → 값 n개의 목록이나 텐서. 여럿이면 프로젝터에서 골라 색을 입힐 수 있습니다.
            값 안의 줄바꿈과 탭은 빈칸으로 바꿉니다.
        images: [-1, 1]의 작은 그림 (n, 3, height, width), height와 width가 같아야 합니다.
        name: 프로젝터에 보일 이름.

    오류
        TypeError, ValueError: 모양이나 자료형, 값의 범위가 다르거나, 개수가 서로 다르거나, 작은 그림을
            모은 그림이 8192픽셀을 넘을 때.
        FileExistsError: 폴더에 이미 프로젝터의 기록이 있을 때.
        OSError: 폴더에 쓸 수 없을 때.
    """
    folder = Path(folder)
    columns = {
        column: values.tolist() if isinstance(values, Tensor) else values
        for column, values in labels.items()
    }
    _check(codes, columns, images)
    if (folder / _CONFIG).exists():
        raise FileExistsError(
            f"folder: 새 폴더를 기대했는데 {folder}에 이미 프로젝터의 기록이 있습니다."
        )
    rows = [[_one_line(value) for value in row] for row in zip(*columns.values(), strict=True)]
    # 라벨이 하나뿐이면 프로젝터는 머리글이 없는 파일을 기대합니다.
    single = len(columns) == 1
    try:
        with open_log(folder) as log:
            log.add_embedding(
                codes.detach().cpu(),
                metadata=[row[0] for row in rows] if single else rows,
                metadata_header=None if single else [_one_line(column) for column in columns],
                label_img=images.detach().cpu().add(1).div(2).clamp(0, 1),
                tag=name,
            )
    except OSError as error:
        raise OSError(
            f"folder: {folder}에 쓸 수 없습니다({error.strerror}). 쓸 수 있는 폴더를 줍니다."
        ) from error
    return folder


def serve(folder: Path | str, port: int = 6006) -> str:
    """이 컴퓨터에서만 열리는 텐서보드를 띄우고 주소를 돌려줍니다. 부른 프로그램이 끝나면 함께 닫힙니다.

    오류: 폴더가 없으면 FileNotFoundError, 포트를 쓸 수 없으면 OSError.
    """
    keep_tensorflow_out()
    from tensorboard.program import TensorBoard, TensorBoardServerException

    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"folder: 기록이 있는 폴더를 기대했는데 {folder}이(가) 없습니다.")
    board = TensorBoard()
    address = ["--host", "127.0.0.1", "--port", str(port)]
    # 빠른 읽기(load_fast)는 프로세스를 따로 띄워, 끝날 때 남을 수 있습니다.
    board.configure(argv=["tensorboard", "--logdir", str(folder), "--load_fast=false", *address])
    try:
        return board.launch()
    except TensorBoardServerException as error:
        raise OSError(
            f"port: 비어 있는 포트를 기대했는데 {port}번에서 텐서보드를 띄울 수 없습니다. "
            "다른 프로그램이 쓰고 있다면 다른 번호를 줍니다."
        ) from error


def flatten(codes: Codes, method: Literal["pca", "tsne"]) -> Tensor:
    """잠재 벡터를 평면의 점 (n, 2)로 펼칩니다.

    인자
        codes: 잠재 벡터 (n, latent), n은 3 이상, latent는 2 이상.
        method: "pca"는 분산이 가장 큰 두 방향, "tsne"는 주성분에서 출발해 가까운 이웃을 지키는
            비선형 배치입니다. t-SNE의 거리와 덩어리의 크기에는 뜻이 없습니다.

    오류: 모양이나 자료형이 다르거나, 유한하지 않은 값이 있거나, 잠재 벡터가 모두 같으면 TypeError
        또는 ValueError.

    출처: van der Maaten, Hinton(2008), "Visualizing data using t-SNE", JMLR 9.
    """
    if method not in ("pca", "tsne"):
        raise unexpected("method", "'pca' 또는 'tsne'를", repr(method))
    check_codes(codes)
    check_finite(codes, "codes")
    if len(codes) < 3 or codes.shape[1] < 2:
        raise unexpected("codes", "2차원 이상의 세 개 이상을", tuple(codes.shape))
    if (codes == codes[0]).all():
        raise ValueError("codes: 서로 다른 잠재 벡터를 기대했는데 모두 같아 펼칠 방향이 없습니다.")
    # 메모리에 놓인 차례가 다르면 반올림이 달라지고, 그 차이로 축의 부호가 뒤집힐 수 있습니다.
    values = codes.detach().cpu().double().contiguous().numpy()
    if method == "pca":
        from sklearn.decomposition import PCA

        points = PCA(2, svd_solver="full").fit_transform(values)
    else:
        from sklearn.manifold import TSNE
        from threadpoolctl import threadpool_limits

        tsne = TSNE(2, perplexity=min(30.0, (len(values) - 1) / 3), init="pca", random_state=0)
        # 바쁜 컴퓨터에서는 스레드가 서로를 기다리느라 하나일 때보다 훨씬 느려집니다.
        with threadpool_limits(1):
            points = tsne.fit_transform(values)
    return torch.from_numpy(points).float()


def _check(codes: Codes, labels: Mapping[str, Sequence[object]], images: Images) -> None:
    check_codes(codes)
    check_finite(codes, "codes")
    check_image_batch(images)
    count, channel, height, width = images.shape
    if (count, channel, height) != (len(codes), 3, width):
        expected = f"정사각형인 ({len(codes)}, 3, height, height)를"
        raise unexpected("images", expected, tuple(images.shape))
    if not labels:
        raise unexpected("labels", "한 가지 이상의 라벨을", "빈 사전")
    for column, values in labels.items():
        if len(values) != count:
            raise unexpected(f"labels[{column!r}]", f"{count}개를", f"{len(values)}개")
    most = (SPRITE_LIMIT // height) ** 2
    if count > most:
        expected = f"한 변이 {SPRITE_LIMIT}픽셀 이하인 그림에 모을 수 있는 {most:,}장 이하를"
        raise unexpected("images", expected, f"{count:,}장")
    check_range(images, -1, 1, "images")


def _one_line(value: object) -> str:
    # 빈 값이 있으면 프로젝터가 줄을 세지 못합니다.
    return " ".join(str(value).split()) or "-"
