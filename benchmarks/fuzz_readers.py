"""가중치와 체크포인트를 읽는 함수에 무작위로 망가뜨린 파일을 먹입니다.

    python benchmarks/fuzz_readers.py --minutes 10

올바른 파일의 비트를 뒤집고, 자르고, 잇고, 큰 수를 적습니다. zip과 safetensors는 속을 고친 뒤에 다시 싸서
확인의 안쪽까지 닿게 합니다. 문서에 없는 오류가 나거나, 프로그램을 띄우거나 파일을 쓰거나, 메모리를 너무
쓰면 그 입력을 남기고 1로 끝납니다.
"""

import argparse
import hashlib
import io
import json
import random
import struct
import sys
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import measuring
import torch
from measuring import MIB

from aelab import pretrained, training
from aelab.models import Autoencoder

MOST_MEMORY = 1024 * MIB  # 읽는 동안 더 써도 되는 것. 씨앗은 모두 1 MiB보다 작습니다.
DOCUMENTED = (ValueError, FileNotFoundError)
# 코드가 실행되었다는 증거. `open`은 쓰려고 열 때만 셉니다.
SUSPECT = ("os.system", "os.exec", "os.fork", "os.posix_spawn", "subprocess.Popen", "os.mkdir",
           "os.remove", "os.rename", "pickle.find_class", "socket.connect", "ctypes.dlopen")  # fmt: skip
ROW = {"train_loss": 2.5, "validation_error": 1.5, "learning_rate": 0.1, "seconds": 1.0}
BITES = [
    b"", b"\0", b"\xff" * 8, b"[" * 2000, b"{}", b"null", b"1e999", b"NaN", b'"x"', b"-1", b"../",
    b"cposix\nsystem\nX\x02\x00\x00\x00id\x85R", b"cbuiltins\nbytearray\nJ\xff\xff\xff\x7f\x85R",
    b"cbuiltins\neval\nX\x11\x00\x00\x00open('trap', 'w')\x85R", b"ccollections\nOrderedDict\n)R",
    b"ctorch\nFloatStorage\n", b"]", b"}", b"(", b"t", b"R", b"b", b"s", b"u", b"0", b"N", b".",
    *(struct.pack("<Q", number) for number in (2**20, 2**31 - 1, 2**32 - 1, 2**40, 2**63)),
    *(b"J" + struct.pack("<i", number) for number in (-1, 2**20, 2**31 - 1)),
]  # fmt: skip


@dataclass(frozen=True)
class Target:
    """읽는 함수 하나와 그것이 읽는 파일."""

    path: Path
    read: Callable[[], object]
    mutate: Callable[[bytes, random.Random], bytes]
    seed: bytes


def damage(content: bytes, dice: random.Random) -> bytes:
    """내용을 한 번에서 네 번 망가뜨립니다."""
    damaged = bytearray(content)
    for _ in range(dice.randint(1, 4)):
        start, end = sorted(dice.randint(0, len(damaged)) for _ in range(2))
        near = min(end, start + dice.randint(0, 16))
        match dice.randrange(6):
            case 0 if damaged:
                damaged[min(start, len(damaged) - 1)] ^= 1 << dice.randrange(8)
            case 1:
                del damaged[start:]
            case 2:
                del damaged[start:near]
            case 3:
                damaged[start:start] = damaged[end : end + 64]
            case 4:
                damaged[start:near] = dice.choice(BITES)
            case 5:
                damaged[start:start] = dice.choice(BITES)
    return bytes(damaged)


def damage_zip(content: bytes, dice: random.Random) -> bytes:
    """더러는 통째로, 대개는 레코드 하나를 망가뜨리고 CRC가 맞게 다시 쌉니다."""
    if dice.random() < 0.3:
        return damage(content, dice)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as given, zipfile.ZipFile(out, "w") as written:
        names = given.namelist()
        program = next(name for name in names if name.endswith("data.pkl"))
        chosen = program if dice.random() < 0.8 else dice.choice(names)
        for name in names:
            record = given.read(name)
            written.writestr(name, damage(record, dice) if name == chosen else record)
    return out.getvalue()


def damage_safetensors(content: bytes, dice: random.Random) -> bytes:
    """더러는 통째로, 대개는 머리글만 망가뜨리고 길이를 맞춥니다."""
    if dice.random() < 0.3:
        return damage(content, dice)
    length = int.from_bytes(content[:8], "little")
    header = damage(content[8 : 8 + length], dice)
    return struct.pack("<Q", len(header)) + header + content[8 + length :]


def targets(folder: Path) -> list[Target]:
    """읽는 함수마다 올바른 파일 하나."""
    config = training.TrainingConfig(latent_dim=4, epochs=2, bf16=False, compile=False)
    run = _trained_run(config)
    torch.save(run.best(), folder / "best.pt")
    torch.save(run.state(), folder / "last.pt")
    (folder / "history.json").write_text(json.dumps([{"epoch": 1, **ROW}]), encoding="utf-8")
    pretrained.ship(folder, 1.5, folder / "weights")
    shipped = folder / "weights" / "autoencoder_4.safetensors"
    torch.save({"state_dict": run.model.state_dict()}, folder / "old.ckpt")

    def read_resigned() -> None:
        listed = folder / "weights" / "manifest.json"
        good = listed.read_bytes()
        entry = json.loads(good)
        entry["4"]["sha256"] = hashlib.sha256(shipped.read_bytes()).hexdigest()
        listed.write_text(json.dumps(entry), encoding="utf-8")
        try:
            watched(partial(pretrained.load_pretrained, 4, folder / "weights"))
        finally:
            listed.write_bytes(good)

    found = [
        (folder / "best.pt", partial(training.load_best, folder), damage_zip),
        (folder / "last.pt", partial(run.load, folder / "last.pt"), damage_zip),
        (
            folder / "old.ckpt",
            partial(pretrained.load_lightning_checkpoint, folder / "old.ckpt"),
            damage_zip,
        ),
        (
            folder / "weights" / "manifest.json",
            partial(pretrained.load_pretrained, 4, folder / "weights"),
            damage,
        ),
        (
            folder / "weights" / "history_4.json",
            partial(pretrained.training_history, 4, folder / "weights"),
            damage,
        ),
    ]
    return [
        *(
            Target(path, partial(watched, read), change, path.read_bytes())
            for path, read, change in found
        ),
        Target(shipped, read_resigned, damage_safetensors, shipped.read_bytes()),
    ]


def _trained_run(config: training.TrainingConfig) -> training._Run:
    """한 epoch(한 걸음)을 학습한 것."""
    model = Autoencoder(config.latent_dim, 4, generator=torch.Generator().manual_seed(0))
    optimizers = training._optimizers(model, config)
    schedulers = [training._scheduler(optimizer, config, 1) for optimizer in optimizers]
    run = training._Run(config, model, optimizers, schedulers, torch.Generator())
    model(torch.zeros(1, 3, 32, 32)).sum().backward()
    for part in (*optimizers, *schedulers):
        part.step()
    run.finish_epoch(**ROW)
    return run


_seen: list[str] = []
_watching = False


def watched(read: Callable[[], object]) -> object:
    """읽는 동안에만 수상한 일을 셉니다."""
    global _watching
    _watching = True
    try:
        return read()
    finally:
        _watching = False


def _notice(event: str, arguments: tuple) -> None:
    if not _watching:
        return
    writes = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
    if writes or event in SUSPECT:
        _seen.append(f"{event}{arguments!r:.200}")


def trouble(target: Target) -> str | None:
    """문서와 다르게 끝난 까닭. 읽혔으면 None, 문서대로 거절했으면 빈 글."""
    before, outcome = measuring.peak_memory(), None
    try:
        target.read()
    except DOCUMENTED as error:
        # 목록이 온전해도 찾는 크기가 없으면 파일이 아니라 인자의 이름을 말합니다.
        says = str(target.path.parent) in str(error) or str(error).startswith("latent_dim: ")
        named = says and type(error) in DOCUMENTED
        outcome = "" if named else f"파일을 말하지 않는 {type(error).__name__}: {error}"
    except Exception as error:
        outcome = f"문서에 없는 {type(error).__name__}: {error}"
    if _seen:
        return f"실행됨: {_seen}"
    grown = measuring.peak_memory() - before
    return f"메모리를 {grown / MIB:.0f} MiB 더 씀" if grown > MOST_MEMORY else outcome


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="읽는 함수에 망가진 파일을 먹입니다.")
    parser.add_argument("--minutes", type=float, default=10, help="먹이는 시간(기본 10분)")
    parser.add_argument("--seed", type=int, default=0, help="난수의 씨앗")
    parser.add_argument("--output", type=Path, default=measuring.RESULTS / "fuzz_readers.json")
    chosen = parser.parse_args(arguments)
    dice, counts = random.Random(chosen.seed), Counter()
    warnings.simplefilter("ignore")  # 망가진 파일에 대한 PyTorch의 경고
    sys.addaudithook(_notice)
    with tempfile.TemporaryDirectory() as folder:
        all_targets = targets(Path(folder))
        for (
            target
        ) in all_targets:  # 올바른 파일은 읽힙니다. 늦게 불러오는 모듈도 여기서 불러옵니다.
            if (wrong := trouble(target)) is not None and not _seen:
                raise RuntimeError(f"{target.path.name}: {wrong}")
            _seen.clear()
        deadline = time.monotonic() + 60 * chosen.minutes
        while time.monotonic() < deadline:
            target = dice.choice(all_targets)
            content = target.mutate(target.seed, dice)
            target.path.write_bytes(content)
            wrong = trouble(target)
            target.path.write_bytes(target.seed)
            counts[target.path.name, "읽힘" if wrong is None else "거절"] += 1
            if wrong:
                kept = chosen.output.with_name(f"fuzz-{target.path.name}")
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.write_bytes(content)
                print(
                    f"{target.path.name}: {wrong}\n입력 {counts.total():,}번째를 {kept}에 남겼습니다."
                )
                return 1
    rows = [
        {"file": target.path.name, "refused": counts[target.path.name, "거절"],
         "read": counts[target.path.name, "읽힘"]}
        for target in all_targets
    ]  # fmt: skip
    cells = [(row["file"], f"{row['refused']:,}", f"{row['read']:,}") for row in rows]
    table = measuring.table(("파일", "거절", "읽힘"), cells)
    told = f"입력 {counts.total():,}개({chosen.minutes:g}분): 모두 문서대로 읽거나 거절했습니다."
    measuring.report(chosen.output, measuring.machine(), rows, f"{told}\n\n{table}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
