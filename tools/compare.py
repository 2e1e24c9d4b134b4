"""저장된 출력과 새 출력을 견주는 두 가지 방법: 엄격한 비교와 가린 비교.

엄격한 비교(strict)는 진짜 CIFAR-10이 있을 때 씁니다. 낱말과 정수는 똑같아야 하고, 실수는 상대 오차
1e-3까지 같다고 봅니다. 스레드 수나 BLAS가 달라 생기는 차이(float32에서 1e-6 안팎)보다 넉넉히 크고,
책의 수가 0.5 % 틀리면 잡힐 만큼 작습니다. 유효 숫자가 둘 이하인 수는 반올림의 경계에서 끝자리 하나가
바뀔 수 있으므로 그만큼 봐줍니다. 셋 이상인 수는 끝자리도 같거나 상대 오차 안에 있어야 합니다.

가린 비교(embedded)는 toyworld로 돌릴 때 씁니다. 자료에 따라 달라지는 것(수, 참거짓, 클래스와 자료의
이름)을 가리고, 줄의 수와 나머지 낱말이 같은지 봅니다.
"""

import re
from decimal import Decimal

RELATIVE_TOLERANCE = Decimal("1e-3")
FEW_DIGITS = 2  # 유효 숫자가 이 이하인 실수는 끝자리 하나의 차이를 봐준다

# 앞에 글자나 점이 붙은 숫자(conv2d, v1.2)는 낱말의 일부다.
NUMBER = re.compile(
    r"(?<![A-Za-z_\d.])[-+\u2212]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?"
)
SPACE = re.compile(r"[ \t]+")

# 가린 비교에서 바꿔 놓는 것. 차례가 뜻을 가진다.
MASKS = [
    (re.compile(r"<Figure size [^>]*>"), "<그림>"),
    (re.compile(r"CIFAR-?10|toyworld|토이월드", re.IGNORECASE), "<자료>"),
    (
        re.compile(
            r"\b(?:airplane|automobile|bird|cat|deer|dog|frog|horse|ship|truck"
            r"|비행기|자동차|새|고양이|사슴|개|개구리|말|배|트럭)\b"
        ),
        "<클래스>",
    ),
    (re.compile(r"\b(?:True|False)\b"), "<참거짓>"),
    (re.compile(r"[-+\u2212]?\b(?:nan|inf)\b"), "<수>"),
    (NUMBER, "<수>"),
    (re.compile(r"([-=─━])\1{2,}"), "<줄>"),
]


def numbers_agree(stored: str, fresh: str) -> bool:
    """출력에 찍힌 수 둘을 같다고 볼지 정합니다."""
    a, b = (Decimal(text.replace(",", "").replace("\u2212", "-")) for text in (stored, fresh))
    if a == b:
        return True
    if not re.search(r"[.eE]", stored + fresh):
        return False
    allowed = RELATIVE_TOLERANCE * max(abs(a), abs(b))
    if min(len(a.as_tuple().digits), len(b.as_tuple().digits)) <= FEW_DIGITS:
        last_place = min(a.as_tuple().exponent, b.as_tuple().exponent)
        allowed = max(allowed, Decimal(1).scaleb(last_place))
    return abs(a - b) <= allowed


def texts_agree(stored: str, fresh: str) -> bool:
    """낱말은 똑같고 수는 허용 오차 안에서 같은지 봅니다. 칸을 맞추는 빈칸의 수는 보지 않습니다."""
    # 수의 폭이 달라지면 표의 빈칸도 달라진다
    words = [SPACE.sub(" ", NUMBER.sub("<수>", text)).strip() for text in (stored, fresh)]
    pairs = zip(NUMBER.findall(stored), NUMBER.findall(fresh), strict=False)
    return words[0] == words[1] and all(numbers_agree(a, b) for a, b in pairs)


class StrictText(str):
    """`==`가 `texts_agree`인 문자열. nbval이 견줄 때 씁니다."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and texts_agree(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__


def masked(text: str) -> str:
    """자료에 따라 달라지는 것을 가린 글. 줄의 수는 그대로입니다."""
    for pattern, replacement in MASKS:
        text = pattern.sub(replacement, text)
    return "\n".join(SPACE.sub(" ", line).strip() for line in text.strip().split("\n"))
