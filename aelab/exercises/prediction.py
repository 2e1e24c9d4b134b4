"""예측하고, 재고, 견주는 문제의 채점: 예측은 틀려도 되고, 잰 값이 맞으면 풀린 것입니다."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aelab.exercises.answers import Hint, Unsolved, as_number

Value = float | tuple[str, ...]  # 수 하나, 또는 이름의 차례


@dataclass(frozen=True)
class Prediction:
    """문제 하나. 답은 (예측, 잰 값)의 짝이고, 채점하면 예측과 잰 값을 견준 말을 돌려줍니다."""

    measure: Callable[[], Value]  # 옳은 값. 학생과 같은 자료에서 다시 잽니다
    mistakes: Callable[[Any], dict[str, Value]]  # 옳은 값을 받아, 힌트마다 그 실수로 나오는 값
    why: str  # 예측과 다를 때 떠올릴 것
    near: float = 0.2  # 예측한 수가 이만큼(상대 오차) 가까우면 맞은 것으로 봅니다

    def __call__(self, answer: object) -> str:
        if not isinstance(answer, tuple | list) or len(answer) != 2:
            raise Hint(f"(예측, 잰 값)의 짝을 기대했는데 {type(answer).__name__}이(가) 왔습니다.")
        if any(one is None or one is ... for one in answer):
            raise Unsolved
        right = self.measure()
        guess, found = (_read(one, right) for one in answer)
        if not _close(found, right, 0.01):
            hints = (
                hint for hint, slip in self.mistakes(right).items() if _close(found, slip, 0.01)
            )
            raise Hint(f"잰 값이 {_shown(found)}입니다. {next(hints, '재는 셀을 다시 봅니다.')}")
        if _close(guess, right, self.near):
            return f"예측도 맞았습니다: {_shown(guess)}."
        return f"예측은 {_shown(guess)}인데 재어 보니 {_shown(right)}입니다. {self.why}"


def _read(value: object, like: Value) -> Value:
    if not isinstance(like, tuple):
        return float(as_number(value))
    if not isinstance(value, tuple | list) or sorted(map(str, value)) != sorted(like):
        raise Hint(f"{', '.join(sorted(like))}의 차례를 기대했는데 {value!r}이(가) 왔습니다.")
    return tuple(map(str, value))


def _close(one: Value, other: Value, near: float) -> bool:
    if isinstance(one, tuple) or isinstance(other, tuple):
        return one == other
    return abs(one - other) <= near * abs(other)


def _shown(value: Value) -> str:
    return " → ".join(value) if isinstance(value, tuple) else f"{value:,.4g}"
