"""예측하는 문제의 답. 잰 값을 시험을 모을 때 셈하지 않게 합니다."""


class Measured(tuple):
    """(예측, 잰 값)의 짝. 잰 값은 채점할 때에야 셈합니다."""

    def __iter__(self):
        guess, measure = self[0], self[1]
        return iter((guess, measure()))
