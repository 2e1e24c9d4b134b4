"""연습문제의 답을 채점합니다: 맞았는지, 아니라면 자기 결과의 무엇을 다시 볼지 말해 줍니다.

장마다 모듈이 하나씩 있고, 문제는 저마다 답 하나를 받아 채점합니다. 값을 견주면 되는 문제는 `engine.Exercise`,
예측하고 재는 문제는 `prediction.Prediction`, 행동을 지켜보아야 하는 문제는 함수입니다.
"""

from collections.abc import Callable
from importlib import import_module

from aelab.exercises.answers import Hint, Unsolved
from aelab.exercises.engine import Exercise
from aelab.exercises.prediction import Prediction

__all__ = ["check", "grade"]

_TOOLS = ("answers", "engine", "prediction")  # 문제가 아니라 채점의 도구가 든 모듈


def check(name: str, answer: object) -> None:
    """`name`("장.문제")의 답을 채점해 출력합니다. 틀린 답에도 오류를 내지 않고, 그런 문제가 없으면 ValueError입니다."""
    solved, message = grade(name, answer)
    marks = {True: "정답입니다.", False: "다시 살펴봅시다.", None: "아직 풀지 않았습니다."}
    print(f"[{name}] {marks[solved]}")
    if message:
        print(message)


def grade(name: str, answer: object) -> tuple[bool | None, str]:
    """답을 채점합니다: (True, 예측과 견준 말이나 ""), (False, 힌트), 풀지 않았으면 (None, 할 일)."""
    grader = _find(name)
    try:
        if answer is None or answer is ...:
            raise Unsolved
        remark = grader(answer)
    except Unsolved:
        return (
            None,
            "빈칸을 채우고 이 셀을 다시 실행합니다. 다 채운 함수라면 return을 빠뜨렸는지 봅니다.",
        )
    except Hint as hint:
        return False, str(hint)
    return True, remark or ""


def _find(name: str) -> Callable[[object], str | None]:
    module, _, exercise = name.partition(".")
    try:
        if module in _TOOLS or not module.isidentifier() or exercise.startswith("_"):
            raise AttributeError
        grader = getattr(import_module(f"aelab.exercises.{module}"), exercise)
        parents, _, home = getattr(grader, "__module__", "").rpartition(".")
        listed = isinstance(grader, Exercise | Prediction)
        if not listed and (parents != "aelab.exercises" or home in _TOOLS):
            raise AttributeError
    except (ModuleNotFoundError, AttributeError):
        raise ValueError(
            f"name: '장.문제'를 기대했는데 {name!r}이(가) 왔습니다. 장의 셀에 적힌 이름을 그대로 씁니다."
        ) from None
    return grader
