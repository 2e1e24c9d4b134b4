"""변이 시험: 코드를 한 군데씩 망가뜨려 보고, 시험이 알아채는 몫을 셉니다.

    make mutants                                             # 모듈마다 표본을 뽑아 모두: 한 시간 안팎
    make mutants OPTIONS="--modules metrics exercises/ood"   # 고른 모듈만. 나머지는 전에 잰 것을 씁니다
    make mutants OPTIONS=--survivors                         # 살아남은 것만 다시: 시험을 더한 뒤에

망가뜨리는 법은 mutmut의 것이고, 데코레이터가 붙은 함수와 모듈의 상수까지 바꿉니다. 변이마다 저장소의
사본에서 그 모듈의 시험을 돌리며, 바뀐 줄을 지나는 시험부터 돌려 처음 실패한 데서 멈춥니다. 살아남은 까닭은
사람이 results/mutants.json의 `reason`에 적고, 다시 재어도 남습니다. fork를 쓰므로 Windows에서는 돌지 않습니다.
"""

import argparse
import difflib
import inspect
import json
import os
import pickle
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

if sys.platform != "win32":
    import resource

# fork는 스레드를 옮기지 못하므로 하나만 쓰게 합니다. NumPy를 읽기 전에 정합니다.
os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

import coverage
import libcst as cst
import measuring
import pytest
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.file_mutation import MutationVisitor
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import IgnoredCode

SEED = 11
LEAST = 0.85  # 표본에서 잡아야 하는 몫
RECORD = measuring.RESULTS / "mutants.json"
LOG = os.fdopen(os.dup(1), "w", encoding="utf-8")  # 시험이 출력을 가로채는 동안에도 씁니다.
MEMORY = 8 * 2**30  # 바이트. 변이가 컴퓨터의 메모리를 다 쓰지 않게 합니다.

CORE, CHAPTER = 100, 40  # 모듈마다의 표본
# 모듈 → 표본의 크기와 시험
MODULES: dict[str, tuple[int, list[str]]] = {
    "metrics": (CORE, ["test_metrics.py", "test_properties.py", "-k", "metrics"]),
    "models": (CORE, ["test_models.py", "test_properties.py", "-k", "models"]),
    "retrieval": (CORE, ["test_retrieval.py", "test_properties.py", "-k", "retrieval"]),
    "pretrained": (CORE, ["test_pretrained.py", "test_hostile_files.py"]),
    "checkpoints": (CORE, ["test_hostile_files.py", "test_pretrained.py", "test_training.py"]),
    "exercises/__init__": (CHAPTER, ["test_exercises.py", "test_properties_graders.py"]),
    "exercises/answers": (
        CHAPTER,
        ["test_exercises.py", "test_properties_graders.py"]
        + [f"test_exercises_{name}.py" for name in ("encoder", "mse_psnr", "retrieval")],
    ),
    **{
        f"exercises/{name}": (
            CHAPTER,
            [f"test_exercises_{name}.py", "test_properties_graders.py", "-k", name],
        )
        for name in (
            "encoder",
            "generation",
            "latent_dimension",
            "mse_psnr",
            "ood",
            "project",
            "projector",
            "retrieval",
            "training",
            "transposed_convolution",
        )
    },
}


@dataclass(frozen=True)
class Mutant:
    module: str
    first: int  # 바뀐 마디의 줄
    last: int
    before: str
    after: str
    text: bool  # 한글로 된 글 안만 바꾼 것
    source: str

    def key(self) -> tuple[str, int, str, str]:
        return self.module, self.first, self.before, self.after


class _Finder(MutationVisitor):
    """데코레이터가 붙은 함수까지 바꾸고, 바뀐 마디가 한글로 된 글 안인지 적는 방문자."""

    def __init__(self) -> None:
        super().__init__(mutation_operators, IgnoredCode(set(), set(), set()))
        self.found: list[tuple[Any, int, int, bool]] = []
        self._texts = 0

    def on_visit(self, node: cst.CSTNode) -> bool:
        self._texts += _is_text(node)
        known = len(self.mutations)
        descend = super().on_visit(node)
        for mutation in self.mutations[known:]:
            place = self.get_metadata(PositionProvider, node)
            self.found.append((mutation, place.start.line, place.end.line, self._texts > 0))
        return descend

    def on_leave(self, original_node: cst.CSTNode) -> None:
        self._texts -= _is_text(original_node)

    def _skip_node_and_children(self, node: cst.CSTNode) -> bool:
        return not isinstance(node, cst.FunctionDef) and super()._skip_node_and_children(node)


def _is_text(node: cst.CSTNode) -> bool:
    if not isinstance(node, cst.SimpleString | cst.FormattedString | cst.ConcatenatedString):
        return False
    return any("가" <= letter <= "힣" for letter in cst.Module([]).code_for_node(node))


def mutants(module: str, source: str) -> tuple[int, Iterator[Mutant]]:
    """변이의 수와, 섞은 차례의 변이. 문법이 틀리거나 달라지지 않는 것은 빠집니다."""
    wrapper = MetadataWrapper(cst.parse_module(source))
    finder = _Finder()
    wrapper.visit(finder)

    def shuffled() -> Iterator[Mutant]:
        for mutation, first, last, text in _shuffle(finder.found, module):
            tree = wrapper.module.deep_replace(mutation.original_node, mutation.mutated_node)
            changed = tree.code
            try:
                same = compile(changed, "", "exec") == compile(source, "", "exec")
            except SyntaxError:
                continue
            if not same:
                yield Mutant(module, first, last, *_difference(source, changed), text, changed)

    return len(finder.found), shuffled()


def _shuffle(found: Sequence[Any], module: str) -> list[Any]:
    return random.Random(f"{SEED} {module}").sample(found, len(found))


def _difference(source: str, changed: str) -> tuple[str, str]:
    lines = list(difflib.ndiff(source.splitlines(), changed.splitlines()))
    return tuple(
        " ⏎ ".join(line[2:].strip() for line in lines if line.startswith(sign))
        for sign in ("- ", "+ ")
    )  # type: ignore[return-value]


class _Watch:
    """시험마다 지나는 줄과 걸리는 시간."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.coverage = coverage.Coverage(data_file=None, include=[str(path)], config_file=False)
        self.seconds: dict[str, float] = {}

    def run(self, items: Sequence[pytest.Item]) -> None:
        self.coverage.start()
        for item, following in _pairs(items):
            self.coverage.switch_context(item.nodeid)
            started = time.process_time()
            _run_one(item, following)
            self.seconds[item.nodeid] = time.process_time() - started
        self.coverage.stop()

    def crossing(self) -> dict[int, list[str]]:
        return self.coverage.get_data().contexts_by_lineno(str(self.path))


def _pairs(items: Sequence[pytest.Item]) -> Iterator[tuple[pytest.Item, pytest.Item | None]]:
    return zip(items, [*items[1:], None], strict=True)


def _run_one(item: pytest.Item, following: pytest.Item | None) -> None:
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
    if item.session.testsfailed:
        Path("failed").write_text(item.nodeid, encoding="utf-8")
        os._exit(1)


def forked(work: Callable[[], None], seconds: int) -> tuple[str, str]:
    """새 프로세스에서 한 일의 결과: ("survived" | "killed" | "timeout", 실패한 시험)."""
    Path("failed").unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        _work_and_exit(work, seconds)
    deadline = time.monotonic() + 20 * seconds
    while not (ended := os.waitpid(child, os.WNOHANG))[0]:
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return "timeout", ""
        time.sleep(0.02)
    if os.WIFSIGNALED(ended[1]) and os.WTERMSIG(ended[1]) == signal.SIGXCPU:
        return "timeout", ""
    if ended[1] == 0:
        return "survived", ""
    # 시험까지 가지 못한 것은 모듈을 읽을 수 없는 것입니다.
    failed = Path("failed")
    return "killed", failed.read_text(encoding="utf-8") if failed.exists() else "import"


def _work_and_exit(work: Callable[[], None], seconds: int) -> None:
    code = 1
    try:
        for kind, most in ((resource.RLIMIT_CPU, seconds), (resource.RLIMIT_DATA, MEMORY)):
            resource.setrlimit(kind, (most, resource.getrlimit(kind)[1]))
        work()
        code = 0
    finally:
        os._exit(code)


def collected(tests: list[str], work: Callable[[pytest.Session], None]) -> None:
    """시험을 모으기만 하고, 모은 것을 `work`에 넘깁니다."""

    class Loop:
        def pytest_runtestloop(self, session: pytest.Session) -> bool:
            work(session)
            return True

    # assert를 고쳐 쓰지 않고 실패를 그리지 않으면 빠릅니다.
    fixed = ["--assert=plain", "--tb=no", "-q", "-m", "not slow"]
    fixed += ["-p", "no:cacheprovider", "-p", "no:xdist", "--basetemp=temporary"]
    arguments = [f"tests/{name}" if name.startswith("test_") else name for name in tests]
    if pytest.main([*fixed, *arguments], plugins=[Loop()]) != 0:
        os._exit(1)


def swap(module: ModuleType, source: str, changed: str) -> bool:
    """이미 읽은 모듈의 함수를 바뀐 것으로. 함수 밖이 바뀌었으면 하지 않고 거짓을 돌려줍니다."""
    before, after = (compile(text, str(module.__file__), "exec") for text in (source, changed))
    if _outside(before) != _outside(after):
        return False
    for name, code in _functions(after).items():
        if code != _functions(before)[name]:
            found: Any = module
            for part in name.split("."):
                found = vars(found)[part]
            inspect.unwrap(getattr(found, "__func__", found)).__code__ = code
    return True


def _outside(code: CodeType) -> tuple[Any, ...]:
    """함수의 몸을 뺀 것."""
    constants = [
        _outside(value) if isinstance(value, CodeType) else repr(value)
        for value in code.co_consts
        if not _is_function(value)
    ]
    return code.co_code, code.co_names, constants


def _functions(code: CodeType) -> dict[str, CodeType]:
    found = {}
    for value in code.co_consts:
        if _is_function(value):
            found[value.co_qualname] = value
        elif isinstance(value, CodeType):
            found |= _functions(value)  # 클래스의 몸
    return found


def _is_function(value: object) -> bool:
    """def로 만든 것. 람다와 컴프리헨션은 이름으로 찾을 수 없습니다."""
    return (
        isinstance(value, CodeType)
        and bool(value.co_flags & inspect.CO_OPTIMIZED)
        and "<" not in value.co_name
    )


def examine(module: str, copy: Path, again: Sequence[dict[str, Any]] | None) -> None:
    """한 모듈의 변이의 수와 표본의 결과를 `found.json`에 씁니다. `again`이 있으면 그 변이만 봅니다."""
    count, tests = MODULES[module]
    path = copy / "aelab" / f"{module}.py"
    source = path.read_text(encoding="utf-8")
    everything, shuffled = mutants(module, source)
    wanted = None if again is None else {(row["before"], row["after"]) for row in again}

    def judge_all(session: pytest.Session) -> None:
        loaded = import_module(f"aelab.{module.replace('/', '.')}".removesuffix(".__init__"))
        assert loaded.__file__ == str(path)
        watch = _Watch(path)

        def measure() -> None:
            watch.run(session.items)
            Path("watched").write_bytes(pickle.dumps((watch.crossing(), watch.seconds)))

        verdict = forked(measure, 3600)
        if verdict[0] != "survived":
            _give_up(f"{module}: 망가뜨리지 않았는데 시험이 실패합니다: {verdict}")
        # 같은 초에 같은 크기로 바뀐 모듈을 옛것으로 읽지 않게 합니다.
        sys.dont_write_bytecode = True
        for stale in path.parent.glob(f"__pycache__/{path.stem}.*"):
            stale.unlink()
        lines, durations = pickle.loads(Path("watched").read_bytes())
        seconds = 20 + 2 * round(sum(durations.values()))

        def run(items: Sequence[pytest.Item], first: set[str]) -> None:
            order = sorted(
                items, key=lambda item: (item.nodeid not in first, durations[item.nodeid])
            )
            for item, following in _pairs(order):
                _run_one(item, following)

        def judge(mutant: Mutant) -> tuple[str, str]:
            first = {
                test for n in range(mutant.first, mutant.last + 1) for test in lines.get(n, ())
            }

            def work() -> None:
                if swap(loaded, source, mutant.source):
                    run(session.items, first)
                else:
                    forget()
                    collected(tests, lambda session: run(session.items, first))

            path.write_text(mutant.source, encoding="utf-8")
            try:
                return forked(work, seconds)
            finally:
                path.write_text(source, encoding="utf-8")

        def untouched() -> None:
            forget()
            collected(tests, lambda session: run(session.items, set(list(durations)[::2])))

        # 망가뜨리지 않은 것은 시험의 차례를 바꾸어도, 모듈을 다시 읽어도 살아남아야 합니다.
        for control in (lambda: run(session.items, set()), untouched):
            if (verdict := forked(control, seconds))[0] != "survived":
                _give_up(f"{module}: 시험이 돌리는 차례에 매입니다: {verdict}")
        rows = []
        for mutant in shuffled:
            if wanted is None or (mutant.before, mutant.after) in wanted:
                outcome, by = judge(mutant)
                print(outcome, module, mutant.first, mutant.after, "/", by, file=LOG, flush=True)
                rows.append(
                    {
                        **{"line": mutant.first, "before": mutant.before, "after": mutant.after},
                        **{"text": mutant.text, "outcome": outcome, "by": by},
                    }
                )
            if len(rows) == (count if wanted is None else len(wanted)):
                break
        found = json.dumps({"all": everything, "rows": rows}, ensure_ascii=False)
        Path("found.json").write_text(found, encoding="utf-8")

    collected(tests, judge_all)


def _give_up(reason: str) -> None:
    print(reason, file=LOG, flush=True)
    os._exit(1)


def forget() -> None:
    """패키지와 시험을 다시 읽게 합니다."""
    for name in list(sys.modules):
        if name.split(".")[0] in ("aelab", "tests", "conftest") or name.startswith("test_"):
            del sys.modules[name]


def write_report(record: dict[str, Any]) -> float:
    """표를 남기고 잡은 몫을 돌려줍니다."""
    lines, total = [], [0] * 7
    for module, found in record.items():
        rows = found["rows"]
        outcomes = [row["outcome"] for row in rows]
        texts = [row for row in rows if row["text"]]
        numbers = [
            found["all"],
            len(rows),
            outcomes.count("killed"),
            outcomes.count("timeout"),
            outcomes.count("survived"),
            len(texts),
            sum(row["outcome"] == "survived" for row in texts),
        ]
        total = [a + b for a, b in zip(total, numbers, strict=True)]
        lines.append(_line(f"`{module}`", numbers))
    lines.append(_line("합", total))
    survivors = [
        (
            f"`{module}` {row['line']}",
            f"{_code(row['before'])} → {_code(row['after'])}",
            row.get("reason", "아직 적지 않았습니다."),
        )
        for module, found in record.items()
        for row in found["rows"]
        if row["outcome"] == "survived"
    ]
    headings = ("모듈", "변이", "표본", "잡음", "시간 넘김", "살아남음", "잡은 몫", "글을 뺀 몫")
    measuring.RESULTS.mkdir(exist_ok=True)
    RECORD.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    text = (
        "코드를 한 군데씩 망가뜨린 변이를 모듈마다 정한 수만큼 뽑아(씨앗 "
        f"{SEED}) 시험이 알아채는지 보았습니다. 시간을 넘긴 것도 잡은 것으로 셉니다. 마지막 칸은 오류나 "
        "힌트의 한글 글만 바꾼 변이를 뺀 것입니다.\n\n"
        f"{measuring.table(headings, lines)}\n\n"
        "살아남은 것과 그 까닭:\n\n"
        f"{measuring.table(('자리', '바꾼 것', '까닭'), survivors)}\n"
    )
    RECORD.with_suffix(".md").write_text(text, encoding="utf-8")
    print(measuring.table(headings, lines))
    return 1 - total[4] / total[1]


def _line(name: str, numbers: Sequence[int]) -> list[str]:
    everything, sample, killed, timeout, survived, texts, surviving_texts = numbers
    plain = sample - texts
    shares = [1 - survived / sample, 1 - (survived - surviving_texts) / max(plain, 1)]
    counts = [f"{n:,}" for n in (everything, sample, killed, timeout, survived)]
    return [name, *counts, *(f"{100 * share:.0f} %" for share in shares)]


def _code(line: str) -> str:
    return f"`{line}`".replace("|", "\\|") if line else "(없음)"


def main() -> None:
    parser = argparse.ArgumentParser(description="코드를 한 군데씩 망가뜨려 시험을 시험합니다.")
    parser.add_argument("--modules", nargs="+", choices=MODULES, default=list(MODULES))
    parser.add_argument("--survivors", action="store_true", help="살아남은 것만 다시")
    options = parser.parse_args()
    record = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    share = 1.0
    # 모듈마다 다시 읽지 않을 것
    for name in ("safetensors.torch", "skimage.metrics", "sklearn.decomposition", "torchvision"):
        import_module(name)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder).resolve() / "copy"
        skipped = shutil.ignore_patterns(".*", "_build", "node_modules", "runs", "__pycache__")
        shutil.copytree(measuring.ROOT, copy, ignore=skipped)
        os.chdir(copy)
        os.environ["PYTHONPATH"] = str(copy)  # 시험이 띄우는 프로세스도 사본을 읽습니다.
        sys.path.insert(0, str(copy))
        for module in options.modules:
            before = record.get(module, {"rows": []})["rows"]
            again = [row for row in before if row["outcome"] == "survived"]
            if options.survivors and not again:
                continue
            found = _in_new_process(module, copy, again if options.survivors else None)
            reasons = {(row["before"], row["after"]): row.get("reason") for row in before}
            for row in found["rows"]:
                if reason := reasons.get((row["before"], row["after"])):
                    row["reason"] = reason
            if options.survivors:
                found["rows"] += [row for row in before if row["outcome"] != "survived"]
            record[module] = found
            share = write_report({name: record[name] for name in MODULES if name in record})
    sys.exit(share < LEAST)


def _in_new_process(
    module: str, copy: Path, again: Sequence[dict[str, Any]] | None
) -> dict[str, Any]:
    path = copy / "found.json"
    path.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(nowhere, stream)
        try:
            examine(module, copy, again)
        finally:
            os._exit(1)
    os.waitpid(child, 0)
    if not path.exists():
        sys.exit(f"{module}: 끝까지 보지 못했습니다.")
    return json.loads(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
