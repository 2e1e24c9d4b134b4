"""값을 견주는 문제의 채점: 입력들, 옳은 함수, 힌트를 단 틀린 값들."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import KW_ONLY, dataclass
from typing import Any

import torch
from torch import Tensor

from aelab.exercises.answers import Hint, Unsolved, as_number, as_shape, as_tensor, call, close


@dataclass(frozen=True)
class Exercise:
    """문제 하나. 답을 넣어 부르면 채점하고, 틀렸으면 Hint를 냅니다.

    입력마다 답과 `right`를 견주고, 처음 어긋난 입력에서 답과 같은 값의 힌트를, 없으면 `otherwise`를 말합니다.
    `mistakes`는 옳은 값과 입력을 받아 힌트마다 그 실수로 나오는 값(또는 값들의 튜플)을 돌려줍니다.
    """

    task: str  # 학생이 쓸 함수의 이름과 인자, 하는 일
    _: KW_ONLY
    cases: Callable[[torch.Generator], Iterable[tuple]] | Iterable[tuple]  # 입력들
    right: Callable[..., Any]
    mistakes: Callable[..., dict[str, Any]]
    otherwise: str | Callable[..., str]  # 모르는 실수의 힌트. 함수이면 (답의 값, *입력)을 받습니다
    shape: str | None = ""  # 모양이 다를 때 덧붙일 말. None이면 모양(길이)도 학생이 정합니다
    read: Callable[[Any], Any] | None = None  # 돌려받은 것을 값으로. 없으면 수나 텐서
    same: Callable[[Tensor, Tensor], bool] = close  # 모양이 같은 두 값이 같은지
    run: Callable[..., Any] = call  # 답을 부르는 법

    def __call__(self, answer: object) -> None:
        for number, inputs in enumerate(self.inputs()):
            wanted = self.run(self.right, *inputs)
            read = self.read or (as_tensor if getattr(wanted, "shape", ()) else as_number)

            def value(function: object, inputs: tuple = inputs, read: Any = read) -> Tensor:
                return torch.as_tensor(read(self.run(function, *inputs)), dtype=torch.float64)

            try:
                got = value(answer)
            except Unsolved:
                if number == 0:
                    raise
                raise Hint(
                    "어떤 입력에서는 아무것도 돌려주지 않았습니다. 모든 갈래에 return이 있는지 봅니다."
                ) from None
            expected = torch.as_tensor(read(wanted), dtype=torch.float64)
            if not self._equal(got, expected):
                fitting = (
                    hint
                    for hint, wrong in self.slips(*inputs)
                    if self._equal(got, value(lambda *_, wrong=wrong, **__: wrong))
                )
                raise Hint(self._explain(got, expected, inputs, next(fitting, "")))

    def inputs(self) -> Iterable[tuple]:
        return self.cases(torch.Generator().manual_seed(0)) if callable(self.cases) else self.cases

    def slips(self, *inputs: Any) -> Iterator[tuple[str, Any]]:
        """힌트와 틀린 값의 짝."""
        for hint, wrong in self.mistakes(self.run(self.right, *inputs), *inputs).items():
            for one in wrong if isinstance(wrong, tuple) else (wrong,):
                yield hint, one

    def _equal(self, one: Tensor, other: Tensor) -> bool:
        return one.shape == other.shape and (
            self.same(one, other) or bool(one.isnan().any() and other.isnan().any())
        )

    def _explain(self, got: Tensor, expected: Tensor, inputs: tuple, hint: str) -> str:
        if not hint and self.shape is not None:
            as_shape(got, tuple(expected.shape), self.shape)
        if not hint and expected.isfinite().all() and not got.isfinite().all():
            hint = "NaN이나 무한대가 있습니다."
        hint = hint or (
            self.otherwise if isinstance(self.otherwise, str) else self.otherwise(got, *inputs)
        )
        names = re.findall(r"\w+", self.task.partition("(")[2].partition(")")[0])
        given = ", ".join(
            f"{name}={_shown(value)}" for name, value in zip(names, inputs, strict=True)
        )
        first = f"첫 값이 {got.flatten()[0]:.4g}인 " if got.numel() else ""
        result = f"{got:,.6g}" if got.ndim == 0 else first + _shown(got)
        return f"{given}일 때 {result}이(가) 나왔습니다. {hint}".removeprefix("일 때 ").rstrip()


def _shown(value: Any) -> str:
    return f"텐서 {tuple(value.shape)}" if isinstance(value, Tensor) else str(value)
