"""aelab이 하는 일의 빠르기를, 같은 일을 흔히 적는 대로 적은 것과 견줍니다.

    python -m benchmarks.speed                          # 표 하나와 results/speed.json
    python -m benchmarks.speed --rows batches search    # 고른 것만. 나머지는 전에 잰 것을 씁니다

한 프로세스에서(여는 시간은 새 프로세스에서) 번갈아 재어 중앙값을 견줍니다. 두 쪽의 결과가 다르면
1로 끝납니다. 목표에 이르지 못한 것은 표에 "아니요"라고 적을 뿐입니다.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

import aelab
from aelab.data import ImageSet, cifar10
from benchmarks import measuring, usual
from benchmarks.measuring import Disagreement, Ratio, alternate, fastest, fresh_python, timed

LATENT, NEIGHBOURS, QUERIES = 128, 8, 1_000
WORKERS = (0, 2)
LOADS = 20  # 몇 밀리초짜리 일은 더 여러 번 잽니다.
STARTS = {"all": "import부터", "after": "import 뒤부터"}
PROBE_IMAGES = 6_400  # 학습에 어느 자료 읽기가 빠른지 미리 볼 장수


@dataclass(frozen=True)
class Setting:
    """무엇을 몇 번 잴지."""

    root: Path  # CIFAR-10의 폴더
    repeats: int
    count: int | None  # 세트마다 쓸 장수. None이면 전부

    def images(self, split: str) -> ImageSet:
        return cifar10.load(split, self.root).subset(slice(self.count))

    def usual(self, split: str, *, flip: bool = False):
        return usual.dataset(self.root, split, self.count, flip=flip)


def batches(setting: Setting) -> Iterable[Ratio]:
    """이미지를 256장씩 섞어 내보내기."""
    train = setting.images("train")
    loaders = {
        f"DataLoader, 작업자 {workers}": usual.loader(
            setting.usual("train"), 256, workers, shuffle=True
        )
        for workers in WORKERS
    }
    dice = torch.Generator().manual_seed(0)

    def ours():
        return train.batches(256, generator=dice)

    reference = fingerprint(ours())
    for name, images in loaders.items():
        must_agree(name, fingerprint(batch for batch, _ in images), reference, atol=0.01)
    sides = {"aelab": timed(lambda: sum(1 for _ in ours()))} | {
        name: timed(lambda images=images: sum(1 for _ in images))
        for name, images in loaders.items()
    }
    seconds = alternate(sides, setting.repeats)
    work = f"{len(train):,}장을 256장씩 섞어 실수로 내보내기"
    for name in loaders:
        yield Ratio(work, seconds["aelab"], name, seconds[name], least=25)


def training(setting: Setting) -> Iterable[Ratio]:
    """128차원 모델의 학습 한 epoch(검증 포함)."""
    from aelab.training import TrainingConfig, fit

    train, validation = setting.images("train"), setting.images("validation")
    configs = {
        "fp32": TrainingConfig(latent_dim=LATENT, epochs=1, bf16=False),
        "기본 설정": TrainingConfig(latent_dim=LATENT, epochs=1),
    }
    errors: dict[str, float] = {}

    def ours(name: str) -> Callable[[], float]:
        def measure() -> float:
            with tempfile.TemporaryDirectory() as folder:
                fit(configs[name], train, validation, folder)
                (epoch,) = json.loads((Path(folder) / "history.json").read_text(encoding="utf-8"))
            errors[name] = epoch["validation_error"]
            return epoch["seconds"]

        return measure

    config = configs["fp32"]
    held_out = usual.loader(setting.usual("validation"), 1000, 0)

    def theirs(workers: int, count: int | None = None) -> Callable[[], float]:
        limited = Setting(setting.root, 1, count or setting.count)
        images = usual.loader(
            limited.usual("train", flip=True), config.batch_size, workers, shuffle=True
        )

        def measure() -> float:
            started = time.perf_counter()
            errors["DataLoader"] = usual.train(config, images, held_out)
            return time.perf_counter() - started

        return measure

    count = min(PROBE_IMAGES, setting.count or PROBE_IMAGES)
    probe = alternate({str(workers): theirs(workers, count) for workers in WORKERS}, 1)
    workers = int(fastest(probe))
    other = f"DataLoader(작업자 {workers}), fp32"
    # 앞의 시험과 여러 번의 epoch이면 데워지므로 따로 데우지 않습니다.
    seconds = alternate(
        {name: ours(name) for name in configs} | {other: theirs(workers)},
        setting.repeats,
        warm_up=False,
    )
    for name in configs:
        # 섞는 차례와 뒤집기가 달라 한 epoch 뒤의 오차는 조금 다릅니다.
        if not 0.8 < errors[name] / errors["DataLoader"] < 1.25:
            raise Disagreement(f"학습 한 epoch 뒤의 검증 오차: {errors}")
    work = f"{LATENT}차원 모델의 학습 한 epoch, {len(train):,}장"
    yield Ratio(f"{work}, fp32", seconds["fp32"], other, seconds[other], least=1.5)
    bf16 = "bf16" if configs["기본 설정"].on("cpu").bf16 else "fp32"
    yield Ratio(f"{work}, 기본 설정({bf16})", seconds["기본 설정"], other, seconds[other], least=2)


def embedding(setting: Setting) -> Iterable[Ratio]:
    """시험 세트의 모든 이미지를 잠재 벡터로."""
    model, test = aelab.load_pretrained(LATENT), setting.images("test")
    loaders = {
        f"DataLoader(작업자 {workers})의 반복문": usual.loader(setting.usual("test"), 256, workers)
        for workers in WORKERS
    }
    reference = aelab.retrieval.embed(model, test)
    for name, images in loaders.items():
        # 상대는 입력을 검사하지 않는 그물만 씁니다.
        must_agree(name, usual.embed(model.encoder.net, images)[1], reference, atol=1e-3)
    sides = {"aelab": timed(lambda: aelab.retrieval.embed(model, test))} | {
        name: timed(lambda images=images: usual.embed(model.encoder.net, images))
        for name, images in loaders.items()
    }
    seconds = alternate(sides, setting.repeats)
    other = fastest({name: seconds[name] for name in loaders})
    work = f"{len(test):,}장의 잠재 벡터 구하기"
    yield Ratio(work, seconds["aelab"], other, seconds[other], least=2.5)


def search(setting: Setting) -> Iterable[Ratio]:
    """진짜 잠재 벡터에서 가장 가까운 이웃 여덟 찾기. 우리 쪽에는 찾을 준비를 하는 시간도 셉니다."""
    model = aelab.load_pretrained(LATENT)
    corpus = aelab.retrieval.embed(model, setting.images("train"))
    queries = aelab.retrieval.embed(model, setting.images("test").subset(slice(QUERIES)))

    def ours() -> Tensor:
        return aelab.retrieval.LatentIndex(corpus).search(queries, NEIGHBOURS)[1]

    others = {
        "질의마다 cdist와 전체 정렬": (usual.nearest_by_sort, 30),
        "질의마다 cdist와 topk": (usual.nearest_by_topk, 15),
    }
    reference = ours()
    for name, (find, _) in others.items():
        share = (find(corpus, queries, NEIGHBOURS) == reference).double().mean()
        if share < 0.999:  # 거의 같은 거리의 차례는 반올림에 따라 바뀔 수 있습니다.
            raise Disagreement(f"{name}: 같은 이웃이 {share:.2%}뿐입니다.")
    sides = {"aelab": timed(ours)} | {
        name: timed(lambda find=find: find(corpus, queries, NEIGHBOURS))
        for name, (find, _) in others.items()
    }
    seconds = alternate(sides, setting.repeats, warm_up=False)
    work = f"{len(corpus):,}개에서 이웃 {NEIGHBOURS}개 찾기, 질의 {len(queries):,}개"
    for name, (_, least) in others.items():
        yield Ratio(work, seconds["aelab"], name, seconds[name], least=least)


def loading(setting: Setting) -> Iterable[Ratio]:
    """담긴 모델 읽기."""
    from benchmarks.lightning_model import LitAutoencoder, write_checkpoint

    def ours() -> torch.nn.Module:
        return aelab.load_pretrained(LATENT)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.ckpt"
        write_checkpoint(path, ours().state_dict(), LATENT)

        def theirs() -> torch.nn.Module:
            return LitAutoencoder.load_from_checkpoint(path, map_location="cpu").eval()

        loaded = theirs().state_dict()
        for name, value in ours().state_dict().items():
            must_agree(name, loaded[name], value, atol=0)
        other = "Lightning의 load_from_checkpoint"
        seconds = alternate({"aelab": timed(ours), other: timed(theirs)}, LOADS)
    yield Ratio(f"{LATENT}차원 모델 읽기", seconds["aelab"], other, seconds[other], least=3)


def opening(setting: Setting) -> Iterable[Ratio]:
    """장을 열어 첫 재구성까지: 새 프로세스에서 1장의 처음 두 코드 셀."""
    from benchmarks.lightning_model import write_checkpoint

    scripts = measuring.ROOT / "benchmarks" / "opening"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.ckpt"
        write_checkpoint(path, aelab.load_pretrained(LATENT).state_dict(), LATENT)
        commands = {
            "aelab": [
                str(scripts / "by_aelab.py"),
                str(measuring.ROOT / "book" / "01_encoder.ipynb"),
            ],
            "Lightning": [str(scripts / "by_lightning.py"), str(setting.root), str(path)],
        }
        reports: dict[str, list[dict[str, float]]] = {name: [] for name in commands}

        def run(name: str) -> Callable[[], float]:
            def measure() -> float:
                report = json.loads(fresh_python(commands[name]).splitlines()[-1])
                reports[name].append(report)
                return report["all"]

            return measure

        alternate({name: run(name) for name in commands}, setting.repeats)
    errors = {name: torch.tensor(report[-1]["error"]) for name, report in reports.items()}
    must_agree("첫 이미지의 제곱오차", errors["Lightning"], errors["aelab"], atol=0.01)
    # 패키지를 이미 불러온 장과 노트북 전체를 견주는 것이 목표이고, 나머지 둘은 같은 것끼리 견줍니다.
    for ours, theirs in (("after", "all"), ("all", "all"), ("after", "after")):
        # 처음 것은 파일을 캐시에 올리는 연습이라 뺍니다.
        seconds = [
            [one[key] for one in report[1:]]
            for key, report in zip((ours, theirs), reports.values(), strict=True)
        ]
        work = f"장을 열어 첫 재구성까지, {STARTS[ours]}"
        other = f"Lightning과 torchvision, {STARTS[theirs]}"
        yield Ratio(work, seconds[0], other, seconds[1], least=3)


ROWS = {work.__name__: work for work in (batches, training, embedding, search, loading, opening)}


def fingerprint(images: Iterable[Tensor]) -> Tensor:
    """섞인 차례와 무관한 지문: 이미지마다의 합을 크기대로 놓은 것."""
    return torch.cat([batch.double().sum((1, 2, 3)) for batch in images]).sort().values


def must_agree(name: str, found: Tensor, reference: Tensor, *, atol: float) -> None:
    if found.shape != reference.shape or not torch.allclose(found, reference, rtol=0, atol=atol):
        raise Disagreement(f"{name}: aelab과 다른 결과가 나왔습니다.")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="aelab의 빠르기를 흔한 방법과 견줍니다.")
    parser.add_argument(
        "--rows", nargs="+", choices=list(ROWS), default=list(ROWS), help="잴 것(기본은 모두)"
    )
    parser.add_argument("--repeats", type=int, default=5, help="잴 때마다 되풀이하는 수(기본 5)")
    parser.add_argument("--count", type=int, help="세트마다 앞에서부터 쓸 장수(시험 삼아 돌릴 때)")
    parser.add_argument(
        "--output", type=Path, default=measuring.RESULTS / "speed.json", help="적을 JSON"
    )
    chosen = parser.parse_args(arguments)
    setting = Setting(measuring.require_cifar10(), chosen.repeats, chosen.count)
    found = measuring.machine()
    print(measuring.describe(found), flush=True)

    measured = measuring.earlier(chosen.output)
    for name in chosen.rows:
        measured.pop(name, None)  # 다시 재지 못하면 옛것을 새것처럼 보이지 않습니다.
    failed = False
    for name in chosen.rows:
        started = time.perf_counter()
        try:
            measured[name] = list(ROWS[name](setting))
        except Disagreement as error:
            failed = True
            print(f"{name}: 두 쪽의 결과가 다릅니다. {error}", file=sys.stderr)
        except ModuleNotFoundError as error:
            if error.name != "lightning":
                raise
            print(f'{name}: Lightning이 없어 건너뜁니다: pip install -e ".[bench]"')
        print(f"{name}: {time.perf_counter() - started:.0f}초 동안 쟀습니다.", flush=True)
    rows = [(name, row) for name in ROWS for row in measured.get(name, [])]
    cells = measuring.table(measuring.HEADINGS, [row.cells() for _, row in rows])
    text = f"중앙값, {chosen.repeats}번씩 번갈아\n\n{cells}"
    records = [{"row": name, **row.record()} for name, row in rows]
    measuring.report(chosen.output, found, records, text)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
