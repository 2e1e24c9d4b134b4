"""해롭거나 손상된 파일의 모음: 코드로 만들고, 저장소에는 담지 않습니다.

파일마다 이름 → 올바른 내용에서 그 파일의 내용을 만드는 함수입니다. 메모리를 노리는 파일은 1 GiB를
부르게 해서, 읽는 쪽이 막지 못하면 드러나면서도 시험하는 컴퓨터를 멈추지는 않게 합니다.
"""

import builtins
import io
import json
import os
import pickle
import struct
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

GIB = 2**30
Change = Callable[[bytes], bytes]


class Call:
    """피클에서 되살릴 때 함수를 부르는 물건."""

    def __init__(self, function: Callable, *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def traps(trap: Path) -> dict[str, Call]:
    """되살리면 `trap`을 만드는 물건들."""
    shell, python = f'echo > "{trap}"', f"open({str(trap)!r}, 'w').close()"
    return {
        "os.system": Call(os.system, shell),
        "subprocess": Call(subprocess.getoutput, shell),
        "exec": Call(builtins.exec, python),
        "eval": Call(builtins.eval, python),
        "mkdir": Call(os.mkdir, str(trap)),
        "Path.touch": Call(Path.touch, trap),
    }


def saved(value: object, **options: Any) -> bytes:
    """torch.save가 쓴 내용."""
    content = io.BytesIO()
    torch.save(value, content, **options)
    return content.getvalue()


def executing(trap: Path) -> dict[str, bytes]:
    """읽다가 코드를 실행하면 `trap`이 생기는 파일들."""
    system = traps(trap)["os.system"]
    files = {
        f"{name} in the state dict": saved({"state_dict": {"weight": hostile}})
        for name, hostile in traps(trap).items()
    }
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        files[f"bare pickle, protocol {protocol}"] = pickle.dumps(system, protocol)
        files[f"zip, protocol {protocol}"] = archive(pickle.dumps(system, protocol))
    return {
        **files,
        "hyper_parameters": saved({"state_dict": {}, "hyper_parameters": {"f": system}}),
        "attribute of an ordered dict": saved({"state_dict": _with_attribute(system)}),
        "legacy format": saved({"state_dict": system}, _use_new_zipfile_serialization=False),
        "second program in capitals": archive(
            pickle.dumps({}, 2), {"DATA.PKL": pickle.dumps(system, 2)}
        ),
    }


def _with_attribute(hostile: object) -> dict:
    from collections import OrderedDict

    holder = OrderedDict()
    holder.hook = hostile  # type: ignore[attr-defined]
    return holder


def archive(
    program: bytes, records: dict[str, bytes] | None = None, compression: int = zipfile.ZIP_STORED
) -> bytes:
    """torch.save의 zip 꼴로 손수 담은 것."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as file:
        for name, record in {"data.pkl": program, "version": b"3\n", **(records or {})}.items():
            file.writestr(f"archive/{name}", record)
    return content.getvalue()


def reducing(module: str, name: str, argument: int) -> bytes:
    """`module.name(argument)`를 부르는 피클."""
    return (
        f"\x80\x02c{module}\n{name}\nJ".encode("latin1") + struct.pack("<i", argument) + b"\x85R."
    )


def _doubling_text() -> bytes:
    """_codecs.encode(…, 'hex')를 되풀이해 64바이트를 1 GiB로 불립니다."""
    encode, hexadecimal = b"c_codecs\nencode\n", b"X\x03\x00\x00\x00hex"
    first = b"\x80\x02" + encode * 24 + b"X\x40\x00\x00\x00" + b"a" * 64
    return first + (hexadecimal + b"\x86R") * 24 + b"."


def _declaring(good: bytes, size: int) -> bytes:
    """zip의 목록에서 값 하나의 크기를 거짓으로 적은 것."""
    smallest = struct.pack("<II", 12, 12)  # 마지막 층의 편향: 3개의 float32
    assert good.count(smallest) >= 1
    return good.replace(smallest, struct.pack("<II", size, size))


def flipped(good: bytes, place: int) -> bytes:
    damaged = bytearray(good)
    damaged[place] ^= 0x10
    return bytes(damaged)


def _declaring_more_values(good: bytes) -> bytes:
    """저장된 것보다 많은 값이 있다고 적은 것: 읽으면 남의 메모리가 보입니다."""
    with zipfile.ZipFile(io.BytesIO(saved({"state_dict": {"x": torch.zeros(16)}}))) as file:
        records = {name.partition("/")[2]: file.read(name) for name in file.namelist()}
    more = b"J" + struct.pack("<i", 10**5)
    program = (
        records.pop("data.pkl")
        .replace(b"K\x10t", more + b"t")
        .replace(b"K\x10\x85", more + b"\x85")
    )
    return archive(program, records)


def _overlapping(good: bytes) -> bytes:
    """목록의 항목 200개가 같은 자리를 가리킵니다."""
    import copy

    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr("archive/data.pkl", pickle.dumps({}, 2))
        file.writestr("archive/data/0", bytes(1000))
        for number in range(1, 200):
            again = copy.copy(file.filelist[1])
            again.filename = f"archive/data/{number}"
            file.filelist.append(again)
    return content.getvalue()


def _twice(good: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name in ("archive/data.pkl", "archive/data/0", "archive/DATA/0"):
            file.writestr(name, pickle.dumps({}, 2))
    return content.getvalue()


def weights_of(content: bytes) -> dict[str, torch.Tensor]:
    return torch.load(io.BytesIO(content), weights_only=True)["state_dict"]


def _changed(change: Callable[[dict], object]) -> Change:
    """가중치 하나를 바꾼 체크포인트."""

    def apply(good: bytes) -> bytes:
        weights = dict(weights_of(good))
        change(weights)
        return saved({"state_dict": weights})

    return apply


def _instead(value: object) -> Change:
    return lambda good: saved(value)


def _stretched(weights: dict) -> None:
    """값 하나를 되풀이해 가리켜, 펼치면 층마다 1 GiB가 되는 가중치."""
    latent_dim, one = GIB // 4096, torch.zeros(1)
    weights["encoder.net.11.weight"] = one.expand(latent_dim, 1024)
    weights["encoder.net.11.bias"] = one.expand(latent_dim)
    weights["decoder.linear.0.weight"] = one.expand(1024, latent_dim)


BIAS = "decoder.net.0.bias"
FULL = {
    "NaN": torch.full((64,), float("nan")),
    "infinity": torch.full((64,), float("inf")),
    "float64 beyond float32": torch.full((64,), 1e300, dtype=torch.float64),
    "integers": torch.zeros(64, dtype=torch.int64),
    "booleans": torch.zeros(64, dtype=torch.bool),
    "complex numbers": torch.zeros(64, dtype=torch.complex64),
    "another shape": torch.zeros(3),
    "no axis": torch.tensor(0.0),
    "an expanded value": torch.zeros(1).expand(64),
}
CHANGES: dict[str, Callable[[dict], object]] = {
    "a missing weight": lambda w: w.pop(BIAS),
    "a missing bottleneck": lambda w: w.pop("encoder.net.11.weight"),
    "an extra weight": lambda w: w.update(extra=torch.zeros(1)),
    "another name": lambda w: w.update({"decoder.net.00.bias": w.pop(BIAS)}),
    "an empty bottleneck": lambda w: w.update({"encoder.net.11.weight": torch.zeros(0, 1024)}),
    "a bottleneck without width": lambda w: w.update({"encoder.net.11.weight": torch.zeros(8, 0)}),
    **{name: (lambda w, value=value: w.update({BIAS: value})) for name, value in FULL.items()},
}

# 해롭거나 손상된 Lightning 체크포인트(코드를 실행하려는 것은 `executing`)
CHECKPOINTS: dict[str, Change] = {
    "empty": lambda good: b"",
    "only the zip signature": lambda good: b"PK\x03\x04",
    "text": lambda good: "가중치가 아닙니다.\n".encode() * 50,
    "HTML": lambda good: b"<!DOCTYPE html><html><title>404 Not Found</title></html>",
    "a tenth": lambda good: good[: len(good) // 10],
    "a half": lambda good: good[: len(good) // 2],
    "one byte short": lambda good: good[:-1],
    "followed by a half": lambda good: good + good[: len(good) // 2],
    "flipped bit in the header": lambda good: flipped(good, 0),
    "flipped bit in the weights": lambda good: flipped(good, len(good) // 2),
    "flipped bit in the directory": lambda good: flipped(good, good.rindex(b"PK\x01\x02")),
    "legacy format": lambda good: saved({"state_dict": {}}, _use_new_zipfile_serialization=False),
    "TorchScript": lambda good: archive(pickle.dumps({}, 2), {"constants.pkl": b"\x80\x02)."}),
    "no program": lambda good: archive(b""),
    "unknown byte order": lambda good: archive(pickle.dumps({}, 2), {"byteorder": b"middle"}),
    "a storage that is not there": lambda good: archive(
        b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\n"
        b"X\x01\x00\x00\x009X\x03\x00\x00\x00cpuK\x01tQK\x00K\x01\x85K\x01\x85\x89NtR."
    ),
    "names twice": _twice,
    "bytearray of 1 GiB": lambda good: archive(reducing("builtins", "bytearray", GIB)),
    "tensor of 4 GiB": lambda good: archive(reducing("torch", "FloatTensor", GIB)),
    "text that doubles": lambda good: archive(_doubling_text()),
    "zip entry of 2 GiB": lambda good: _declaring(good, 2 * GIB - 1),
    "compressed": lambda good: archive(
        pickle.dumps({}, 2), {"data/0": bytes(2**22)}, zipfile.ZIP_DEFLATED
    ),
    "overlapping entries": _overlapping,
    "more values than stored": _declaring_more_values,
    "program of 2 MiB": lambda good: archive(b"\x80\x02(" + b"\x8f" * 2**21 + b"l."),
    "memo far away": lambda good: archive(b"\x80\x02}r\xff\xff\xff\x7f."),
    "empty stack": lambda good: archive(b"\x80\x02R."),
    "100,000 lists deep": lambda good: archive(
        b"\x80\x02}X\x0a\x00\x00\x00state_dict" + b"]" * 100_000 + b"a" * 99_999 + b"s."
    ),
    "stretched weights": _changed(_stretched),
    "a sparse tensor": _changed(lambda w: w.update({BIAS: torch.zeros(64).to_sparse()})),
    "names that are numbers": _changed(lambda w: w.update({7: torch.zeros(1)})),
    "weights that are numbers": _changed(lambda w: w.update({BIAS: 0.5})),
    **{name: _changed(change) for name, change in CHANGES.items()},
    "a list": _instead([1, 2]),
    "a tensor": _instead(torch.zeros(3)),
    "nothing": _instead(None),
    "no state dict": _instead({"weights": {}}),
    "a number as the state dict": _instead({"state_dict": 5}),
    "a list as the state dict": _instead({"state_dict": ["encoder.net.11.weight"]}),
}


def tensors(header: object, body: bytes = b"") -> bytes:
    """손수 적은 safetensors."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def one_tensor(dtype: str = "F32", shape: Any = (1,), offsets: Any = (0, 4)) -> bytes:
    return tensors({BIAS: {"dtype": dtype, "shape": shape, "data_offsets": offsets}}, bytes(4))


def _saved_tensors(change: Callable[[dict], object]) -> Change:
    def apply(good: bytes) -> bytes:
        weights = safetensors.torch.load(good)
        change(weights)
        return safetensors.torch.save({name: w.contiguous() for name, w in weights.items()})

    return apply


# 해롭거나 손상된 safetensors. 목록의 SHA-256은 이 내용에 맞춥니다.
SAFETENSORS: dict[str, Change] = {
    "empty": lambda good: b"",
    "seven bytes": lambda good: good[:7],
    "HTML": lambda good: b"<!DOCTYPE html><html></html>",
    "a pickle": lambda good: pickle.dumps({}),
    "a half": lambda good: good[: len(good) // 2],
    "one byte more": lambda good: good + b"\0",
    "header of 2**63 bytes": lambda good: struct.pack("<Q", 2**63) + good[8:],
    "header of 200 MB": lambda good: struct.pack("<Q", 200_000_000) + good[8:],
    "header of 2 MB of names": lambda good: tensors(
        {f"{n:05}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for n in range(40_000)}
    ),
    "header that is not JSON": lambda good: tensors(b"\xff" * 50),
    "header that is a list": lambda good: tensors([1]),
    "header 100,000 lists deep": lambda good: tensors(b"[" * 100_000),
    "offsets out of range": lambda good: one_tensor(offsets=[0, 2**40]),
    "offsets backwards": lambda good: one_tensor(offsets=[4, 0]),
    "negative offsets": lambda good: one_tensor(offsets=[-4, 0]),
    "shape of 2**62": lambda good: one_tensor(shape=[2**62]),
    "shape of 0 by 2**63": lambda good: tensors(
        {BIAS: {"dtype": "F32", "shape": [0, 2**63], "data_offsets": [0, 0]}}
    ),
    "unknown type": lambda good: one_tensor(dtype="Q4"),
    "four-bit type": lambda good: one_tensor(dtype="F4", shape=[8]),
    "overlapping": lambda good: tensors(
        {n: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]} for n in "ab"}, bytes(4)
    ),
    "a hole": lambda good: tensors(
        {"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}, bytes(8)
    ),
    **{name: _saved_tensors(change) for name, change in CHANGES.items()
       if name != "an expanded value"},
}  # fmt: skip


def entry(**changes: object) -> Change:
    """목록의 한 항목을 바꿉니다. 값이 ...이면 지웁니다."""

    def apply(good: bytes) -> bytes:
        listed = json.loads(good)
        listed["8"].update(changes)
        listed["8"] = {name: value for name, value in listed["8"].items() if value is not ...}
        return json.dumps(listed).encode()

    return apply


def _text(text: str) -> Change:
    return lambda good: text.encode()


_DEEP = "[" * 100_000

# 해롭거나 손상된 manifest.json
MANIFESTS: dict[str, Change] = {
    "empty": _text(""),
    "no entries": _text("{}"),
    "a list": _text("[]"),
    "a number": _text("8"),
    "cut": _text("{"),
    "not text": lambda good: b"\xff\xfe\x00",
    "100,000 lists deep": _text(_DEEP),
    "5 MB": lambda good: good + b" " * 5_000_000,
    "an entry that is a list": _text('{"8": []}'),
    "a size in words": _text('{"여덟": {}}'),
    "too few keys": _text('{"8": {"file": "x"}}'),
    "no file": entry(file=...),
    "an unknown key": entry(extra=1),
    "absolute file": entry(file="/etc/passwd"),
    "file in the parent folder": entry(file="../best.pt"),
    "this folder": entry(file="."),
    "no name": entry(file=""),
    "a long name": entry(file="x" * 5000),
    "a NUL in the name": entry(file="x\0y"),
    "history in the parent folder": entry(history="../history.json"),
    "a drive": entry(file="C:weights"),
    "file that is a number": entry(file=5),
    "SHA-256 that is a number": entry(sha256=5),
    "short SHA-256": entry(sha256="abc"),
    "epoch that is text": entry(epoch="3"),
    "negative epoch": entry(epoch=-3),
    "epoch that is true": entry(epoch=True),
    "error that is NaN": entry(test_error=float("nan")),
    "endless error": entry(validation_error=float("inf")),
    "error of 400 digits": entry(test_error=10**400),
    "number of 5,000 digits": _text('{"8": ' + "9" * 5000 + "}"),
    "training that is a list": entry(training=[]),
}

# 모양이 다른 history.json
HISTORIES: dict[str, Change] = {
    "empty": _text(""),
    "cut": _text("["),
    "an object": _text("{}"),
    "a number": _text("1e999"),
    "rows that are numbers": _text("[1, 2]"),
    "rows without losses": _text('[{"epoch": 1}]'),
    "100,000 lists deep": _text(_DEEP),
    "5 MB": lambda good: good + b" " * 5_000_000,
    "not a number": lambda good: good.replace(b"1.5", b"NaN"),
    "endless": lambda good: good.replace(b"1.5", b"Infinity"),
    "text for a number": lambda good: good.replace(b"1.5", b'"1.5"'),
}


def _deep_list() -> list:
    deep: list = []
    for _ in range(200):  # 손수 적은 피클만 더 깊을 수 있습니다.
        deep = [deep]
    return deep


def _first(state: dict) -> dict:
    return state["optimizers"][0]["state"][0]


# `fit`의 last.pt를 그 자리에서 바꾸는 함수
STATES: dict[str, Callable[[dict], object]] = {
    **{
        f"no {name}": (lambda s, name=name: s.pop(name))
        for name in (
            "config", "epoch", "history", "model", "optimizers", "schedulers", "generator"
        )
    },
    "config that is a list": lambda s: s.update(config=[]),
    "config with a tensor": lambda s: s["config"].update(seed=torch.zeros(2)),
    "config 200 lists deep": lambda s: s["config"].update(seed=_deep_list()),
    "another config": lambda s: s["config"].update(seed=7),
    "a long setting": lambda s: s["config"].update(schedule="x" * 100_000),
    "negative epoch": lambda s: s.update(epoch=-1),
    "epoch that is NaN": lambda s: s.update(epoch=float("nan")),
    "epoch that is text": lambda s: s.update(epoch="1"),
    "epoch of 2**70": lambda s: s.update(epoch=2**70),
    "epoch beyond the end": lambda s: s.update(epoch=9, history=s["history"] * 9),
    "history that is a number": lambda s: s.update(history=3),
    "history without losses": lambda s: s.update(history=[{"epoch": 1}]),
    "history with NaN": lambda s: s["history"][0].update(validation_error=float("nan")),
    "history that begins later": lambda s: s["history"][0].update(epoch=2),
    "model that is a list": lambda s: s.update(model=[1]),
    "a missing weight": lambda s: s["model"].pop(BIAS),
    "weights with NaN": lambda s: s["model"].update({BIAS: FULL["NaN"]}),
    "weights of another shape": lambda s: s["model"].update({BIAS: FULL["another shape"]}),
    "weights of another type": lambda s: s["model"].update({BIAS: torch.zeros(64).double()}),
    "one optimizer": lambda s: s["optimizers"].pop(),
    "optimizer that is text": lambda s: s["optimizers"].__setitem__(0, "AdamW"),
    "no learning rate": lambda s: s["optimizers"][0]["param_groups"][0].pop("lr"),
    "learning rate that is text": lambda s: s["optimizers"][0]["param_groups"][0].update(lr="x"),
    "endless learning rate": lambda s: s["optimizers"][0]["param_groups"][0].update(lr=1e999),
    "no group": lambda s: s["optimizers"][0].update(param_groups=[]),
    "no average": lambda s: _first(s).pop("average"),
    "average of another shape": lambda s: _first(s).update(average=torch.zeros(2)),
    "an expanded average": lambda s: _first(s).update(
        average=torch.zeros(1).expand_as(_first(s)["average"])
    ),
    "average with infinity": lambda s: _first(s)["average"].fill_(float("inf")),
    "scheduler that is a list": lambda s: s["schedulers"].__setitem__(0, []),
    "scheduler at another step": lambda s: s["schedulers"][0].update(last_epoch=10**6),
    "scheduler of another length": lambda s: s["schedulers"][0].update(total_steps=10**6),
    "scheduler with text": lambda s: s["schedulers"][0].update(_step_count="1"),
    "generator that is text": lambda s: s.update(generator="42"),
    "generator of another size": lambda s: s.update(generator=torch.zeros(8, dtype=torch.uint8)),
    "generator full of zeros": lambda s: s["generator"].zero_(),
}  # fmt: skip
