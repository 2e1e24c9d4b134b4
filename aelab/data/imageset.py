"""메모리에 통째로 올린 이미지 모음과, 저장된 정수와 모델의 실수 사이의 변환."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from aelab.checks import check_float_tensor, check_positive_int, check_range, unexpected
from aelab.types import Images, Labels, StoredImages

Index = slice | Sequence[int] | Tensor

KOREAN_NAMES = {
    "airplane": "비행기",
    "automobile": "자동차",
    "bird": "새",
    "cat": "고양이",
    "deer": "사슴",
    "dog": "개",
    "frog": "개구리",
    "horse": "말",
    "ship": "배",
    "truck": "트럭",
}


def check_split(split: str) -> None:
    """`split`이 "train", "validation", "test" 가운데 하나가 아니면 ValueError."""
    if split not in ("train", "validation", "test"):
        raise unexpected("split", "'train', 'validation', 'test' 가운데 하나를", repr(split))


def to_float(stored: Tensor) -> Tensor:
    """0부터 255까지의 uint8을 [-1, 1]의 float32로 바꿉니다. 모양은 그대로입니다.

    오류: uint8 텐서가 아니면 TypeError.
    """
    if not isinstance(stored, Tensor) or stored.dtype != torch.uint8:
        kind = stored.dtype if isinstance(stored, Tensor) else type(stored).__name__
        raise unexpected("stored", "uint8 텐서를", kind, error=TypeError)
    return stored.float().div_(127.5).sub_(1)


def to_uint8(images: Tensor) -> Tensor:
    """[-1, 1]의 실수를 0부터 255까지의 uint8로 반올림합니다. 모양은 그대로입니다.

    오류: 실수형이 아니면 TypeError, NaN이 있거나 [-1, 1]을 벗어나면 ValueError.
    """
    check_float_tensor(images, "images")
    if images.numel():
        check_range(images, -1, 1, "images")
    return images.detach().float().add(1).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8)


@dataclass(frozen=True, eq=False, repr=False)
class ImageSet:
    """uint8로 보관하고, 꺼낼 때 [-1, 1]의 실수로 바꾸는 이미지 모음.

    속성
        images: uint8 (n, 3, 32, 32).
        labels: int64 (n,), `classes`의 번호.
        classes: 클래스 이름.
        name: 자료의 이름("cifar10" 또는 "toyworld").
        factors: 그림을 만든 요인(toyworld에만 있습니다). 요인마다 길이 n의 텐서.

    오류: 이미지나 라벨의 자료형이나 모양이 다르면 ValueError.
    """

    images: StoredImages
    labels: Labels
    classes: tuple[str, ...]
    name: str
    factors: Mapping[str, Tensor] | None = None

    def __post_init__(self) -> None:
        for name, values, dtype, shape in (
            ("images", self.images, torch.uint8, (len(self.images), 3, 32, 32)),
            ("labels", self.labels, torch.int64, (len(self.images),)),
        ):
            if values.dtype != dtype or values.shape != shape:
                came = f"{type(values).__name__} {values.dtype} {tuple(values.shape)}"
                mend = " 사진은 ImageSet.from_folder(폴더)가, 배열은 torch.from_numpy(배열)이 바꿉니다."
                raise unexpected(name, f"Tensor {dtype} {shape}를", came, mend)

    @classmethod
    def from_folder(cls, folder: Path | str, split: str | None = None) -> "ImageSet":
        """폴더의 사진을 모두 32×32로 줄여 담습니다. 사진마다 `data.open_photo`와 같게 다룹니다.

        클래스는 하위 폴더의 이름입니다. 하위 폴더가 없으면 폴더의 이름 하나입니다. 읽을 수 없는 파일은 한 번의
        경고로 알리고 건너뜁니다.

        인자
            folder: 사진이 든 폴더. Pillow가 읽는 형식이면 확장자의 대소문자를 가리지 않고 읽습니다.
            split: "train", "validation", "test"이면 파일 이름으로 정한 8 : 1 : 1 가운데 하나, None이면 모두.

        오류: 폴더가 없으면 FileNotFoundError, 읽을 사진이 없거나 나누기에 모자라면 ValueError.
        """
        from aelab.data.photos import read_folder

        pictures, labels, classes = read_folder(folder, split)
        return cls(
            torch.from_numpy(pictures), torch.tensor(labels), tuple(classes), Path(folder).name
        )

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        return f"ImageSet({self.name}, {len(self)}장)"

    @property
    def classes_ko(self) -> tuple[str, ...]:
        """`classes`의 우리말 이름. KOREAN_NAMES에 없는 이름은 그대로입니다."""
        return tuple(KOREAN_NAMES.get(name, name) for name in self.classes)

    def __getitem__(self, index: int | Index) -> Tensor:
        """[-1, 1]의 이미지: 정수로는 (3, 32, 32), 그 밖의 색인으로는 (k, 3, 32, 32).

        오류: 그런 번호의 이미지가 없으면 IndexError.
        """
        return to_float(self.images[self._located(index)])

    def subset(self, index: Index) -> "ImageSet":
        """색인이 가리키는 이미지만 그 차례대로 담은 새 모음.

        조각(slice)으로 고르면 사본을 만들지 않고 이 모음의 메모리를 함께 씁니다. 오류는 `[]`와 같습니다.
        """
        rows = self._located(index)
        if isinstance(rows, int):
            raise unexpected("index", "조각이나 번호의 목록을", "정수 하나", error=TypeError)
        factors = self.factors and {name: values[rows] for name, values in self.factors.items()}
        return replace(self, images=self.images[rows], labels=self.labels[rows], factors=factors)

    def _located(self, index: int | Index) -> int | slice | Tensor:
        """텐서가 아는 꼴의 색인. 텐서는 거꾸로 가는 조각을 모르고, uint8의 번호를 참거짓으로 읽습니다."""
        count = len(self)
        if isinstance(index, slice):
            order = range(count)[index]
            return index if order.step > 0 else torch.tensor(order, dtype=torch.int64)
        rows = torch.as_tensor(index)
        if rows.dtype == torch.bool and rows.shape == (count,):
            return rows
        inexact = rows.dtype == torch.bool or rows.is_floating_point()
        if rows.numel() and (
            inexact or rows.ndim > 1 or int(rows.min()) < -count or int(rows.max()) >= count
        ):
            raise IndexError(
                f"index: {-count}부터 {count - 1}까지의 번호나 그 목록 (k,), 참거짓 ({count},)을 "
                f"기대했는데 {index!r}이(가) 왔습니다."
            )
        return int(rows) if rows.ndim == 0 else rows.long()

    def to(self, device: torch.device | str) -> "ImageSet":
        """이미지와 라벨을 그 장치에 둔 모음. `batches`가 그곳에서 묶음을 고릅니다."""
        return replace(self, images=self.images.to(device), labels=self.labels.to(device))

    def batches(
        self,
        size: int,
        device: torch.device | str = "cpu",
        generator: torch.Generator | None = None,
    ) -> Iterator[Images]:
        """[-1, 1]의 이미지 묶음을 차례로 냅니다. 마지막 묶음은 작을 수 있습니다.

        인자
            size: 묶음의 크기.
            device: 묶음을 둘 장치. 변환도 그곳에서 합니다.
            generator: 있으면 그 난수로 섞고, 없으면 저장된 차례를 지킵니다.
        """
        check_positive_int(size, "size")
        if generator is None:
            stored = self.images.split(size)
        else:
            order = torch.randperm(len(self), generator=generator, device=generator.device)
            # 이미지를 통째로 옮기는 index_select가 값 하나씩 고르는 images[index]보다 몇 배 빠릅니다.
            parts = order.to(self.images.device).split(size)
            stored = (self.images.index_select(0, part) for part in parts)
        return (to_float(batch.to(device)) for batch in stored)
