"""메모리에 통째로 올린 이미지 모음과, 저장된 정수와 모델의 실수 사이의 변환."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from aelab.checks import check_float_tensor, check_positive_int, check_range
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


def to_float(stored: Tensor) -> Tensor:
    """0부터 255까지의 uint8을 [-1, 1]의 float32로 바꿉니다. 모양은 그대로입니다.

    오류: uint8의 조밀한 텐서가 아니면 TypeError.
    """
    if not isinstance(stored, Tensor) or stored.dtype != torch.uint8:
        kind = stored.dtype if isinstance(stored, Tensor) else type(stored).__name__
        raise TypeError(f"stored: uint8 텐서를 기대했는데 {kind}이(가) 왔습니다.")
    if stored.layout != torch.strided:
        raise TypeError(f"stored: 조밀한 텐서를 기대했는데 {stored.layout} 텐서가 왔습니다.")
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

    오류: 값이 있는 텐서가 아니면 TypeError, 자료형이나 모양이 다르면 ValueError.
    """

    images: StoredImages
    labels: Labels
    classes: tuple[str, ...]
    name: str
    factors: Mapping[str, Tensor] | None = None

    def __post_init__(self) -> None:
        given = {"images": self.images, "labels": self.labels}
        given |= {f"factors[{name!r}]": values for name, values in (self.factors or {}).items()}
        for name, values in given.items():
            if not isinstance(values, Tensor):
                kind = type(values).__name__
                raise TypeError(f"{name}: torch.Tensor를 기대했는데 {kind}이(가) 왔습니다.")
            if values.layout != torch.strided or values.is_meta:
                raise TypeError(
                    f"{name}: 값이 모두 있는 조밀한 텐서를 기대했는데 {values.device}의 "
                    f"{values.layout} 텐서가 왔습니다."
                )
        if self.images.dtype != torch.uint8 or self.images.shape[1:] != (3, 32, 32):
            raise ValueError(
                "images: uint8 (n, 3, 32, 32)를 기대했는데 "
                f"{self.images.dtype} {tuple(self.images.shape)}이(가) 왔습니다."
            )
        if self.labels.dtype != torch.int64 or self.labels.shape != self.images.shape[:1]:
            raise ValueError(
                f"labels: int64 ({len(self.images)},)를 기대했는데 "
                f"{self.labels.dtype} {tuple(self.labels.shape)}이(가) 왔습니다."
            )
        for factor, values in (self.factors or {}).items():
            if values.shape[:1] != self.images.shape[:1]:
                raise ValueError(
                    f"factors[{factor!r}]: 길이 {len(self.images)}을(를) 기대했는데 "
                    f"{tuple(values.shape)}이(가) 왔습니다."
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

        오류: 색인이 아니면 TypeError나 ValueError, 그런 번호의 이미지가 없으면 IndexError.
        """
        return to_float(self.images[self._located(index)])

    def subset(self, index: Index) -> "ImageSet":
        """색인이 가리키는 이미지만 그 차례대로 담은 새 모음.

        조각(slice)으로 고르면 사본을 만들지 않고 이 모음의 메모리를 함께 씁니다. 오류는 `[]`와 같습니다.
        """
        rows = self._located(index)
        if isinstance(rows, int):
            raise TypeError("index: 조각이나 번호의 목록을 기대했는데 정수 하나가 왔습니다.")
        return ImageSet(
            self.images[rows],
            self.labels[rows],
            self.classes,
            self.name,
            self.factors and {name: values[rows] for name, values in self.factors.items()},
        )

    def _located(self, index: int | Index) -> int | slice | Tensor:
        """검사한 색인. 텐서가 모르는 꼴(튜플, 거꾸로 가는 조각)은 아는 꼴로 바꿉니다."""
        count = len(self)
        try:
            if isinstance(index, slice):
                order = range(count)[index]
                # 텐서는 뒤에서부터 세는 조각을 모릅니다.
                return index if order.step > 0 else torch.tensor(order, dtype=torch.int64)
            rows = index if isinstance(index, Tensor) else torch.as_tensor(index)
        except (TypeError, ValueError, RuntimeError):
            raise TypeError(
                f"index: 번호나 조각, 번호의 목록을 기대했는데 {index!r}이(가) 왔습니다."
            ) from None
        if rows.shape == (0,) and not rows.is_meta:
            return rows.long()  # 빈 목록은 실수의 텐서가 됩니다.
        wrong_kind = rows.is_floating_point() or rows.is_complex() or rows.layout != torch.strided
        if wrong_kind or rows.is_meta or (rows.dtype == torch.bool and rows.ndim == 0):
            raise TypeError(
                f"index: 정수나 참거짓의 번호를 기대했는데 {rows.device}의 {rows.dtype}이(가) 왔습니다."
            )
        if rows.ndim > 1 or (rows.dtype == torch.bool and len(rows) != count):
            raise ValueError(
                f"index: 번호의 목록 (k,)나 참거짓 ({count},)을 기대했는데 "
                f"{tuple(rows.shape)}이(가) 왔습니다."
            )
        if rows.dtype != torch.bool and rows.numel():
            rows = rows.long()  # uint8의 번호를 텐서는 참거짓으로 읽습니다.
            least, most = (int(value) for value in torch.aminmax(rows))
            if least < -count or most >= count:
                raise IndexError(
                    f"index: {-count}부터 {count - 1}까지의 번호를 기대했는데 {least}부터 "
                    f"{most}까지의 번호가 왔습니다."
                )
        return int(rows) if rows.ndim == 0 else rows

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
