"""명령줄: python -m aelab data | train | evaluate | ship | projector"""

import argparse
import sys
from dataclasses import fields
from io import TextIOWrapper
from pathlib import Path
from typing import Any


def main(arguments: list[str] | None = None) -> int:
    """명령 하나를 실행합니다. 사용자가 고칠 수 있는 오류는 한 줄로 알리고 1을 돌려줍니다."""
    parser = argparse.ArgumentParser(prog="python -m aelab", description="오토인코더 실습 도구")
    commands = parser.add_subparsers(required=True, metavar="명령")
    _add_data(commands.add_parser("data", help="CIFAR-10을 찾고, 없으면 내려받습니다."))
    _add_train(commands.add_parser("train", help="오토인코더를 학습합니다."))
    _add_evaluate(commands.add_parser("evaluate", help="담긴 가중치의 시험 오차를 잽니다."))
    _add_ship(commands.add_parser("ship", help="학습한 가중치를 패키지에 담습니다."))
    _add_projector(
        commands.add_parser("projector", help="시험 이미지의 잠재 벡터를 텐서보드로 봅니다.")
    )
    options = parser.parse_args(arguments)
    try:
        options.run(options)
    except (OSError, ValueError, FloatingPointError) as error:
        print(f"오류: {error}", file=sys.stderr)
        return 1
    return 0


def _add_data(parser: argparse.ArgumentParser) -> None:
    def run(options: argparse.Namespace) -> None:
        from aelab.data import cifar10

        root = cifar10.locate() or cifar10.download()
        print(f"CIFAR-10이 {root}에 있습니다.")

    parser.set_defaults(run=run)


def _add_train(parser: argparse.ArgumentParser) -> None:
    from aelab.training import TrainingConfig

    parser.add_argument("folder", type=Path, help="기록할 폴더")
    parser.add_argument("--resume", action="store_true", help="중단한 곳에서 이어 갑니다.")
    parser.add_argument("--device", help="학습할 장치(기본: 있으면 cuda, 없으면 cpu)")
    parser.add_argument("--data", default="cifar10", help="cifar10(기본), toyworld 또는 auto")
    for setting in fields(TrainingConfig):
        flag = "--" + setting.name.replace("_", "-")
        default: Any = setting.default
        if isinstance(default, bool) or default is None:
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=default)
        elif setting.name == "muon_learning_rate":
            parser.add_argument(flag, type=_rate_or_none, default=default)
        else:
            parser.add_argument(flag, type=type(default), default=default)

    def run(options: argparse.Namespace) -> None:
        import torch

        from aelab.data import load_images
        from aelab.processes import Processes, joined
        from aelab.training import evaluate, fit

        names = [field.name for field in fields(TrainingConfig)]
        config = TrainingConfig(**{name: getattr(options, name) for name in names})
        train = load_images(options.data, "train")
        validation = load_images(options.data, "validation")
        device = options.device or ("cuda" if torch.cuda.is_available() else "cpu")
        with joined(device) as mine:
            model = fit(
                config, train, validation, options.folder, device=mine, resume=options.resume
            )
            if not Processes.current().is_first:
                return
            error = evaluate(model, validation)
        print(f"검증 오차(이미지마다 더한 제곱오차의 평균): {error:.2f}. 기록: {options.folder}")

    parser.set_defaults(run=run)


def _rate_or_none(text: str) -> float | None:
    return None if text == "none" else float(text)


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", default="auto", help="auto(기본), cifar10 또는 toyworld")
    parser.add_argument("--device", default="cpu", help="계산할 장치(기본 cpu)")

    def run(options: argparse.Namespace) -> None:
        from aelab.data import load_images
        from aelab.pretrained import load_pretrained, manifest
        from aelab.training import evaluate

        images = load_images(options.data, "test")
        print(f"시험 이미지 {len(images):,}장({images.name}), 이미지마다 더한 제곱오차의 평균")
        print("잠재 차원      오차   목록의 오차")
        for latent_dim, shipped in manifest().items():
            model = load_pretrained(latent_dim).to(options.device)
            error = evaluate(model, images)
            print(f"{latent_dim:9d} {error:9.2f} {shipped.test_error:13.2f}")

    parser.set_defaults(run=run)


def _add_ship(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folders", type=Path, nargs="+", help="train이 기록한 폴더")

    def run(options: argparse.Namespace) -> None:
        from aelab.data import load_images
        from aelab.runs import load_best
        from aelab.shipping import as_shipped, ship
        from aelab.training import evaluate

        test = load_images("cifar10", "test")
        for folder in options.folders:
            error = evaluate(as_shipped(load_best(folder)), test)
            print(f"{ship(folder, error)}: 시험 오차 {error:.2f}")

    parser.set_defaults(run=run)


def _add_projector(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="기록할 새 폴더")
    parser.add_argument("--latent-dim", type=int, default=128, help="잠재 차원(기본 128)")
    parser.add_argument("--count", type=int, default=2000, help="시험 이미지의 수(기본 2000)")
    parser.add_argument("--data", default="auto", help="auto(기본), cifar10 또는 toyworld")
    parser.add_argument("--port", type=int, default=6006, help="텐서보드의 포트(기본 6006)")

    def run(options: argparse.Namespace) -> None:
        import threading

        from aelab import projector
        from aelab.data import load_images
        from aelab.pretrained import load_pretrained
        from aelab.retrieval import embed

        images = load_images(options.data, "test").subset(slice(options.count))
        labels = {
            "클래스": [images.classes[label] for label in images.labels.tolist()],
            "번호": list(range(len(images))),
        }
        codes = embed(load_pretrained(options.latent_dim), images)
        projector.write(options.folder, codes, labels, images[:])
        address = projector.serve(options.folder, options.port)
        print(f"브라우저에서 여세요: {address}#projector (끝내려면 Ctrl+C)")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("텐서보드를 닫습니다.")

    parser.set_defaults(run=run)


if __name__ == "__main__":
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # 터미널의 부호화에 없는 글자는 물음표로 적습니다.
    sys.exit(main())
