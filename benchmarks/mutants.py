"""변이 시험: 코드를 한 군데씩 망가뜨려 보고, 시험이 알아채는 몫을 모듈마다 셉니다. `make mutants`로 부릅니다.

망가뜨리고 시험하는 것은 mutmut이고, 여기서는 모듈마다 표본을 뽑습니다(씨앗이 같아 늘 같은 표본).
살아남은 것은 `mutmut show 이름`으로 봅니다. fork를 쓰므로 Windows에서는 돌지 않습니다.
"""

import json
import random
import subprocess
import sys
from pathlib import Path

SEED, MODULE, EXERCISE = 11, 100, 30  # 모듈마다의 표본
CAUGHT = {1, 3, 24, -24, 36, 152, 255}  # 종료 코드: 시험의 실패, 그리고 시간을 넘긴 것
RUN = [sys.executable, "-m", "mutmut", "run"]


def outcomes(record: Path) -> dict[str, int | None]:
    """mutmut의 기록: 변이의 이름 → 종료 코드."""
    return json.loads(record.read_text(encoding="utf-8"))["exit_code_by_key"]


def main() -> None:
    subprocess.run([*RUN, "aelab.metrics.*__mutmut_1"], check=True)  # 모든 변이의 이름이 정해진다
    sample: dict[Path, list[str]] = {}
    for record in sorted(Path("mutants/aelab").rglob("*.meta")):
        if names := sorted(outcomes(record)):
            size = min(EXERCISE if record.parent.name == "exercises" else MODULE, len(names))
            sample[record] = random.Random(f"{SEED} {record.name}").sample(names, size)
    subprocess.run([*RUN, *(name for names in sample.values() for name in names)], check=True)
    for record, names in sample.items():
        found = outcomes(record)
        survived = [name for name in names if found[name] not in CAUGHT]
        share = 1 - len(survived) / len(names)
        print(
            f"{record}: 변이 {len(found)}개의 표본 {len(names)}개 가운데 {share:.0%}를 잡았습니다."
        )
        print("".join(f"  {name}\n" for name in survived), end="")


if __name__ == "__main__":
    main()
