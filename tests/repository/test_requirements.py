"""설치하는 판: 경계가 서로 맞는지, constraints.txt가 시험한 환경을 되살리는지."""

import platform
import re
import sys
import tomllib
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution, distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PACKAGE = [Requirement(line) for line in PROJECT["dependencies"]]
LINES = [
    line.split("#")[0].strip()
    for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
]
REQUIREMENTS = [Requirement(line) for line in LINES if line and line != "-e ."]


def read_constraints() -> dict[str, Version]:
    """constraints.txt의 줄. 한 컴퓨터에서만 통하는 줄(주소, 경로, +cpu)이 있으면 오류입니다."""
    pinned = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        match = re.fullmatch(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.!]+)", line)
        assert match, f"`이름==판`이어야 하는데 {line!r}입니다."
        pinned[canonicalize_name(match[1])] = Version(match[2])
    return pinned


CONSTRAINTS = read_constraints()


def needed(requirements: list[Requirement]) -> set[str]:
    """지금의 환경에서 요구하는 것과 그것이 다시 요구하는 것 모두의 이름."""
    found: set[tuple[str, str]] = set()
    waiting = [
        (requirement, extra) for requirement in requirements for extra in ["", *requirement.extras]
    ]
    while waiting:
        requirement, extra = waiting.pop()
        key = (canonicalize_name(requirement.name), extra)
        if key in found:
            continue
        found.add(key)
        for line in distribution(requirement.name).requires or []:
            inner = Requirement(line)
            if inner.marker is None or inner.marker.evaluate({"extra": extra}):
                waiting += [(inner, name) for name in ["", *inner.extras]]
    return {name for name, _ in found}


def test_tested_version_satisfies_the_bounds():
    for requirement in [*REQUIREMENTS, *PACKAGE]:
        version = CONSTRAINTS[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{requirement}: {version}"


def test_package_itself_has_no_upper_bound():
    """위쪽을 막으면 Colab의 새 판을 내리게 됩니다."""
    assert [r for r in PACKAGE if any("<" in s.operator for s in r.specifier)] == []


def test_requirements_are_at_least_those_of_the_package():
    lower = {r.name: r for r in PACKAGE}
    for requirement in REQUIREMENTS:
        (bound,) = [s.version for s in requirement.specifier if s.operator == ">="]
        if requirement.name in lower:
            assert lower[requirement.name].specifier.contains(bound), requirement.name


@pytest.mark.skipif(
    sys.platform != "linux" or platform.python_version_tuple()[:2] != ("3", "11"),
    reason="constraints.txt는 Linux와 파이썬 3.11에서 만듭니다.",
)
def test_every_package_that_gets_installed_is_pinned():
    try:
        names = needed([*REQUIREMENTS, *PACKAGE])
    except PackageNotFoundError as missing:
        pytest.fail(f"requirements.txt를 설치하지 않은 환경입니다: {missing}")
    assert sorted(names - set(CONSTRAINTS)) == []


SYSTEMS = {
    "linux": ("linux", "Linux", "x86_64", "posix"),
    "macos": ("darwin", "Darwin", "arm64", "posix"),
    "windows": ("win32", "Windows", "AMD64", "nt"),
}


@cache
def pinned_requirements() -> list[tuple[str, Requirement, Version]]:
    """적힌 판 그대로 설치된 패키지마다, 그것이 요구하는 것과 그 적힌 판."""
    found = []
    for package in distributions():
        name = canonicalize_name(package.metadata["Name"])
        if CONSTRAINTS.get(name) != Version(package.version):
            continue  # 적힌 판이 아니어서 요구하는 것이 다를 수 있다
        for inner in map(Requirement, package.requires or []):
            if pinned := CONSTRAINTS.get(canonicalize_name(inner.name)):
                found.append((name, inner, pinned))
    return found


@pytest.mark.parametrize("python", ["3.11", "3.13"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_pins_fit_together_on_every_system(system, python):
    """적힌 판끼리 서로의 경계를 지킵니다. 설치된 것의 요구를 그 환경의 눈으로 읽습니다."""
    names = ("sys_platform", "platform_system", "platform_machine", "os_name")
    environment = dict(zip(names, SYSTEMS[system], strict=True)) | {
        "python_version": python,
        "python_full_version": f"{python}.5",
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
        "extra": "",
    }
    assert pinned_requirements()
    broken = [
        f"{name}: {inner}, {pinned}"
        for name, inner, pinned in pinned_requirements()
        if (inner.marker is None or inner.marker.evaluate(environment))
        and not inner.specifier.contains(pinned, prereleases=True)
    ]
    assert broken == []
