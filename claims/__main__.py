"""주장을 다시 잽니다: `python -m claims [01 03 project]`. 아무것도 고르지 않으면 모든 장입니다."""

import argparse
import inspect
import time
from importlib import import_module

from tqdm import tqdm

from aelab.data import cifar10
from claims import results, weights


def measurements(chapter: str) -> dict:
    """장의 공개 함수: 이름 → 함수. 파일에 적힌 차례입니다."""
    module = import_module(f"claims.ch{chapter}")
    return {
        name: value
        for name, value in vars(module).items()
        if inspect.isfunction(value)
        and value.__module__ == module.__name__
        and not name.startswith("_")
    }


def missing_weights(chapter: str) -> str | None:
    """지난 결과에 있던 가중치가 지금 없으면 그 까닭과 고치는 명령."""
    before = results.read(chapter) or {"weights": []}
    missing = [name for name in before["weights"] if name not in weights.weight_sets()]
    if not missing:
        return None
    return (
        f"{chapter}장: 지난 결과에 있던 가중치 {', '.join(missing)}이(가) 없어 재지 않았습니다. "
        f"UvA는 {weights.PUBLISHED}=체크포인트의 폴더 python -m claims {chapter}, "
        "시드 43과 44는 git checkout -- claims/weights로 되살립니다. "
        f"빼고 다시 재려면 claims/results/{chapter}.json을 먼저 지웁니다."
    )


def run(chapter: str) -> None:
    """장 하나의 주장을 모두 재고 결과를 씁니다."""
    start, found = time.process_time(), {}
    for name, measure in (bar := tqdm(measurements(chapter).items(), desc=f"{chapter}장")):
        bar.set_postfix_str(name)
        found[name] = measure()
    results.write(chapter, found, (time.process_time() - start) / 60)
    for name, claim in found.items():
        tqdm.write(f"{name}: {claim.verdict}")


def main() -> None:
    """명령줄에서 고른 장을 차례로 잽니다."""
    parser = argparse.ArgumentParser(prog="python -m claims", description=__doc__)
    parser.add_argument("chapters", nargs="*", metavar="장", help="01, 03, project 따위")
    chosen = parser.parse_args().chapters or results.chapters()
    if unknown := set(chosen) - set(results.chapters()):
        parser.error(f"{', '.join(results.chapters())} 가운데서 고릅니다: {', '.join(unknown)}")
    if cifar10.locate() is None:
        parser.error("진짜 CIFAR-10이 있어야 합니다. 먼저 python -m aelab data를 실행합니다.")
    problems = []
    for chapter in chosen:
        if problem := missing_weights(chapter):
            problems.append(problem)
        else:
            run(chapter)
    if problems:
        parser.exit(1, "\n".join(problems) + "\n")


if __name__ == "__main__":
    main()
