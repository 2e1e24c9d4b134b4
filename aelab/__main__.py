"""명령줄: python -m aelab data | train | evaluate | ship | projector"""

import argparse
import logging
import os
import re
import shlex
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields
from io import TextIOWrapper
from pathlib import Path
from typing import Any

SETTINGS = {  # TrainingConfig의 값마다의 도움말
    "latent_dim": "잠재 차원",
    "base_channel_size": "가장 얕은 층의 채널 수",
    "epochs": "학습 세트를 모두 보는 횟수",
    "batch_size": "한 번에 넣는 장수",
    "learning_rate": "AdamW의 최대 학습률",
    "muon_learning_rate": "Muon의 최대 학습률, none이면 모두 AdamW가 맡음",
    "weight_decay": "가중치 감쇠",
    "schedule": "학습률의 일정, one_cycle 또는 plateau",
    "horizontal_flip": "절반을 좌우로 뒤집는 증강",
    "seed": "초기 가중치와 섞는 차례의 난수",
    "reconstructions_every": "재구성 그림을 텐서보드에 남기는 간격(epoch)",
    "channels_last": "합성곱이 빠른 메모리 배치",
    "bf16": "bfloat16으로 계산",
    "compile": "torch.compile로 빠르게",
}
ARGPARSE = {  # argparse가 스스로 하는 말
    "usage: ": "사용법: ",
    "positional arguments": "인자",
    "options": "선택",
    "show this help message and exit": "이 도움말을 보입니다.",
    "the following arguments are required: %s": "빠진 인자가 있습니다: %s",
    "unrecognized arguments: %s": "모르는 인자입니다: %s",
    "expected one argument": "값 하나를 기대했는데 없습니다",
    "expected at least one argument": "값을 하나 이상 기대했는데 없습니다",
    "invalid choice: %(value)r (choose from %(choices)s)": "%(choices)s 가운데 하나여야 합니다: %(value)r",
    "invalid %(type)s value: %(value)r": "%(type)s이어야 합니다: %(value)r",
    "argument %(argument_name)s: %(message)s": "%(argument_name)s: %(message)s",
    "%(prog)s: error: %(message)s\n": "%(prog)s: 오류: %(message)s\n",
}


def main(arguments: list[str] | None = None) -> int:
    """명령 하나를 실행합니다. 사용자가 고칠 수 있는 오류는 한 줄로 알리고 1을 돌려줍니다."""
    setattr(argparse, "_", lambda text: ARGPARSE.get(text, text))  # noqa: B010
    parser = argparse.ArgumentParser(prog="python -m aelab", description="오토인코더 실습 도구")
    commands = parser.add_subparsers(required=True, metavar="명령")
    given = sys.argv[1:] if arguments is None else arguments
    for add, help in (
        (_add_data, "CIFAR-10을 찾고, 없으면 내려받습니다."),
        (_add_train, "오토인코더를 학습합니다."),
        (_add_evaluate, "담긴 가중치의 시험 오차를 잽니다."),
        (_add_ship, "학습한 가중치를 패키지나 폴더에 담습니다."),
        (_add_projector, "시험 이미지의 잠재 벡터를 텐서보드로 봅니다."),
    ):
        name = add.__name__.removeprefix("_add_")
        command = commands.add_parser(name, help=help, description=help)
        if name in given[:1]:  # torch를 불러오는 데 몇 초가 걸리므로 부른 명령만 갖춥니다.
            add(command)
    options = parser.parse_args(given)
    try:
        options.run(options)
    except (OSError, ValueError, FloatingPointError, RuntimeError) as error:
        print(f"오류: {_in_options(str(error), options)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\n멈추었습니다.", end=" ", file=sys.stderr)
        if hasattr(options, "resume"):
            again = shlex.join([*given, *["--resume"][options.resume :]])
            print(f"이어 가려면: python -m aelab {again}", end="", file=sys.stderr)
        print(file=sys.stderr)
        return 130
    return 0


def _in_options(message: str, options: argparse.Namespace) -> str:
    """파이썬의 인자를 가리키는 말을 명령줄의 것으로 바꿉니다: resume=True → --resume."""
    for name in vars(options):
        flag = "--" + name.replace("_", "-")
        message = re.sub(rf"^{name}: ", f"{flag}: ", message)
        message = message.replace(f"{name}=True", flag)
        message = message.replace(f"{name}=False", f"--no{flag[1:]}")
    message = message.replace("batch_size=", "--batch-size ")
    message = re.sub("^--(folders?): ", "", message)
    return re.sub("^name: ", "--data: ", message)


def _kind(name: str, parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """argparse의 오류에 `name`으로 불리는 형."""

    def read(text: str) -> Any:
        return parse(text)

    read.__name__ = name
    return read


_INTEGER, _NUMBER = _kind("정수", int), _kind("수", float)
_RATE = _kind("수나 none", lambda text: None if text == "none" else float(text))


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
    _add_device_option(parser)
    _add_data_option(parser, "cifar10")
    for setting in fields(TrainingConfig):
        flag, default = "--" + setting.name.replace("_", "-"), setting.default
        shown = {"None": "장치에 맞게", "True": "켬", "False": "끔"}.get(str(default), default)
        text = f"{SETTINGS[setting.name]}(기본: {shown})"
        if isinstance(default, bool) or default is None:
            switch = argparse.BooleanOptionalAction
            parser.add_argument(flag, action=switch, default=default, help=text)
        else:
            kind = _INTEGER if isinstance(default, int) else _NUMBER
            kind = {"schedule": str, "muon_learning_rate": _RATE}.get(setting.name, kind)
            parser.add_argument(flag, type=kind, default=default, metavar="값", help=text)

    def run(options: argparse.Namespace) -> None:
        from aelab.data import load_images
        from aelab.processes import Processes, joined
        from aelab.training import evaluate, fit

        config = TrainingConfig(**{name: getattr(options, name) for name in SETTINGS})
        train = load_images(options.data, "train")
        validation = load_images(options.data, "validation")
        with joined(options.device) as mine:
            model = fit(
                config, train, validation, options.folder, device=mine, resume=options.resume
            )
            if not Processes.current().is_first:
                return
            error = evaluate(model, validation)
        print(f"검증 오차(이미지마다 더한 제곱오차의 평균): {error:.2f}. 기록: {options.folder}")

    parser.set_defaults(run=run)


def _add_device_option(parser: argparse.ArgumentParser) -> None:
    text = "계산할 장치(기본: 있으면 cuda, 없으면 cpu)"
    parser.add_argument("--device", metavar="장치", help=text)


def _add_data_option(parser: argparse.ArgumentParser, default: str) -> None:
    text = f"cifar10, toyworld, auto, 또는 사진이 든 폴더(기본: {default})"
    parser.add_argument("--data", default=default, metavar="자료", help=text)


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    _add_data_option(parser, "auto")
    _add_device_option(parser)
    _add_weights_option(parser, "--weights", "잴 가중치가 담긴 폴더")

    def run(options: argparse.Namespace) -> None:
        from aelab.data import load_images
        from aelab.pretrained import load_pretrained, manifest
        from aelab.processes import usable
        from aelab.training import evaluate

        device = usable(options.device)
        listed = manifest(options.weights)
        images = load_images(options.data, "test")
        print(f"시험 이미지 {len(images):,}장({images.name}), 이미지마다 더한 제곱오차의 평균")
        print("잠재 차원      오차   목록의 오차")
        for latent_dim, shipped in listed.items():
            model = load_pretrained(latent_dim, options.weights).to(device)
            error = evaluate(model, images)
            print(f"{latent_dim:9d} {error:9.2f} {shipped.test_error:13.2f}")

    parser.set_defaults(run=run)


def _add_weights_option(parser: argparse.ArgumentParser, flag: str, text: str) -> None:
    from aelab.pretrained import WEIGHTS

    help = f"{text}(기본: 패키지의 weights)"
    parser.add_argument(flag, type=Path, default=WEIGHTS, metavar="폴더", help=help)


def _add_ship(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folders", type=Path, nargs="+", metavar="폴더", help="train이 기록한 폴더")
    _add_data_option(parser, "cifar10")
    _add_weights_option(parser, "--to", "담을 폴더")

    def run(options: argparse.Namespace) -> None:
        from aelab.data import load_images
        from aelab.runs import load_best
        from aelab.shipping import as_shipped, ship
        from aelab.training import evaluate

        models = [as_shipped(load_best(folder)) for folder in options.folders]
        with suppress(OSError):
            options.to.mkdir(parents=True, exist_ok=True)
        if not os.access(options.to, os.W_OK):
            raise PermissionError(f"to: {options.to}에 쓸 수 없습니다. 쓸 수 있는 폴더를 줍니다.")
        test = load_images(options.data, "test")
        for folder, model in zip(options.folders, models, strict=True):
            error = evaluate(model, test)
            print(f"{ship(folder, error, options.to)}: 시험 오차 {error:.2f}")

    parser.set_defaults(run=run)


def _add_projector(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="기록할 새 폴더")
    _add_data_option(parser, "auto")
    for flag, default, text in (
        ("--latent-dim", 128, "잠재 차원"),
        ("--count", 2000, "시험 이미지의 수"),
        ("--port", 6006, "텐서보드의 포트"),
    ):
        help = f"{text}(기본: {default})"
        parser.add_argument(flag, type=_INTEGER, default=default, metavar="값", help=help)

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
        threading.Event().wait()

    parser.set_defaults(run=run)


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # 터미널의 부호화에 없는 글자는 물음표로 적습니다.
    # 파일에 남기는 기록에는 움직이는 막대 대신 epoch마다 한 줄을 적습니다.
    if not sys.stderr.isatty():
        os.environ.setdefault("TQDM_DISABLE", "1")
        logging.basicConfig(format="%(message)s")
        logging.getLogger("aelab").setLevel(logging.INFO)
    sys.exit(main())
