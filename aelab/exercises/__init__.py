"""연습문제의 답을 채점합니다: 맞았는지, 아니라면 자기 결과의 무엇을 다시 볼지 말해 줍니다.

장마다 모듈이 하나씩 있고, 모듈의 함수 하나가 문제 하나를 채점합니다.
"""

from importlib import import_module

from aelab.exercises.answers import Hint, Unsolved

__all__ = ["check", "grade"]


def check(name: str, answer: object) -> None:
    """답을 채점한 결과를 출력합니다. 틀린 답에도 오류를 내지 않습니다.

    인자
        name: "장.문제", 예를 들어 "encoder.conv_parameters".
        answer: 학생의 답. 수, 텐서, 함수 등 문제가 요구한 것.

    오류: 그런 문제가 없으면 ValueError.
    """
    solved, message = grade(name, answer)
    marks = {True: "정답입니다.", False: "다시 살펴봅시다.", None: "아직 풀지 않았습니다."}
    print(f"[{name}] {marks[solved]}")
    if message:
        print(message)


def grade(name: str, answer: object) -> tuple[bool | None, str]:
    """답을 채점합니다: (True, ""), (False, 힌트), 풀지 않았으면 (None, 할 일)."""
    grader = _find(name)
    try:
        if answer is None or answer is ...:
            raise Unsolved
        grader(answer)
    except Unsolved:
        return (
            None,
            "빈칸을 채우고 이 셀을 다시 실행합니다. 다 채운 함수라면 return을 빠뜨렸는지 봅니다.",
        )
    except Hint as hint:
        return False, str(hint)
    return True, ""


def _find(name: str):
    module, _, exercise = name.partition(".")
    try:
        if module == "answers" or not module.isidentifier() or exercise.startswith("_"):
            raise AttributeError
        grader = getattr(import_module(f"aelab.exercises.{module}"), exercise)
        if getattr(grader, "__module__", "") != f"aelab.exercises.{module}":
            raise AttributeError
    except (ModuleNotFoundError, AttributeError):
        raise ValueError(
            f"name: '장.문제'를 기대했는데 {name!r}이(가) 왔습니다. 장의 셀에 적힌 이름을 그대로 씁니다."
        ) from None
    return grader
