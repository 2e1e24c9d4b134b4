"""Colab: 장의 첫 셀이 빈 환경에 aelab을 설치하고, 이미 있는 것은 하나도 바꾸지 않는지.

Colab 대신, 이 시험 환경의 패키지를 물려받되 aelab과 Colab에 없는 작은 패키지만 뺀 가상 환경을 씁니다.
설치할 주소만 방금 만든 휠로 바꿉니다. 네트워크는 쓰지 않습니다.
"""

import ast
import json
import os
import subprocess
import sysconfig
import tomllib
import venv
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import nbformat
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.book.test_book import code_cells
from tools.chapters import BOOK
from tools.first_cell import SMALL_PACKAGES, end_of_first_lines
from tools.publish import Repository, stamp_notebook

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REPOSITORY = Repository("https://github.com/sample-owner/sample-name", "main", "book")

# Colab에 처음부터 있는 것(2026년 8월, 파이썬 3.13). 아래 다섯의 판은 2025년의 목록에서 왔고 그 뒤로 내려가지 않았다.
COLAB = {
    "torch": "2.11.0",
    "torchvision": "0.26.0",
    "tensorboard": "2.20.0",
    "numpy": "2.1.3",
    "matplotlib": "3.10.0",
    "protobuf": "5.29.6",
    "ipython": "7.34.0",
    "scikit-learn": "1.6.1",
    "scipy": "1.16.3",
    "threadpoolctl": "3.6.0",
    "platformdirs": "4.3.8",
    "tqdm": "4.67.1",
    "pooch": "1.8.2",
}
COLAB_PYTHON = "3.13"
SMALL = {canonicalize_name(name) for name in SMALL_PACKAGES}


def needed(lines: list[str]) -> list[Requirement]:
    """Colab의 파이썬에서 요구하는 것. 고를 수 있는 것(faiss)은 뺍니다."""
    environment = {"python_version": COLAB_PYTHON, "extra": ""}
    found = map(Requirement, lines)
    return [r for r in found if r.marker is None or r.marker.evaluate(environment)]


def test_colab_has_every_requirement_or_the_first_cell_installs_it():
    python = Requirement(f"python{PROJECT['requires-python']}")
    assert python.specifier.contains(COLAB_PYTHON)
    for requirement in needed(PROJECT["dependencies"]):
        name = canonicalize_name(requirement.name)
        assert name in SMALL or requirement.specifier.contains(COLAB[name]), requirement


@pytest.mark.parametrize("name", SMALL_PACKAGES)
def test_small_package_needs_nothing_but_the_others(name):
    """하나를 설치해도 다른 것이 따라오거나 바뀌지 않습니다."""
    assert {canonicalize_name(r.name) for r in needed(distribution(name).requires or [])} <= SMALL


def test_wheel_holds_the_package_alone_with_its_files_and_licences(wheel):
    with zipfile.ZipFile(wheel) as bundle:
        names = set(bundle.namelist())
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"aelab"}
    package = ROOT / "aelab"
    needed = [
        *package.rglob("*.py"),
        *(package / "weights").iterdir(),
        *(package / "fonts").iterdir(),
    ]
    assert {path.relative_to(ROOT).as_posix() for path in needed} <= names
    assert "aelab/weights/autoencoder_128.safetensors" in names
    licences = {name.split("licenses/")[1] for name in names if "/licenses/" in name}
    assert {"LICENSE", "LICENSE-text", "aelab/fonts/OFL.txt"} <= licences


# 빈 환경에서


@pytest.fixture
def wheelhouse(tmp_path) -> Path:
    """Colab에 없는 작은 패키지의 휠. 설치된 파일을 도로 묶어 네트워크를 대신합니다."""
    folder = tmp_path / "wheelhouse"
    folder.mkdir()
    for name in SMALL_PACKAGES:
        package = distribution(name)
        tag = package.read_text("WHEEL").split("Tag: ")[1].split()[0]
        wheel_name = f"{canonicalize_name(name).replace('-', '_')}-{package.version}-{tag}.whl"
        with zipfile.ZipFile(folder / wheel_name, "w") as bundle:
            for file in package.files:
                inside = not file.is_absolute() and ".." not in file.parts
                if inside and file.suffix != ".pyc" and file.locate().is_file():
                    bundle.write(file.locate(), file.as_posix())
    return folder


@pytest.fixture
def colab(tmp_path) -> Path:
    """새 Colab처럼 aelab과 작은 패키지만 없는 가상 환경의 파이썬."""
    inherited = tmp_path / "inherited"
    inherited.mkdir()
    for place in dict.fromkeys(sysconfig.get_path(kind) for kind in ("purelib", "platlib")):
        for entry in Path(place).iterdir():
            name = canonicalize_name(entry.name.removeprefix("__editable__.").split("-")[0])
            if name.split(".")[0] in {"aelab", *SMALL} or entry.suffix == ".pth":
                continue
            try:
                (inherited / entry.name).symlink_to(entry)
            except OSError:
                pytest.skip("링크를 만들 수 없는 컴퓨터입니다(Windows의 개발자 모드).")
    folder = tmp_path / "colab"
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    paths = {"base": str(folder), "platbase": str(folder)}
    site = Path(sysconfig.get_path("purelib", "venv", vars=paths))
    (site / "inherited.pth").write_text(f"{inherited}\n", encoding="utf-8")
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def run(python: Path, code: str, **environment: str) -> str:
    """네트워크와 이 컴퓨터의 설정, 이 저장소의 aelab을 쓰지 않고 실행합니다."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "PYTHON", "AELAB_"))}
    offline = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "PYTHONUTF8": "1"}
    done = subprocess.run(
        [python, "-P", "-c", code],
        env=kept | offline | environment,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def versions(python: Path) -> dict[str, str]:
    """이 환경에서 보이는 모든 패키지의 판."""
    listed = run(
        python,
        "import importlib.metadata as m, json;"
        "print(json.dumps([[p.metadata['Name'], p.version] for p in m.distributions()]))",
    )
    return {canonicalize_name(name): version for name, version in json.loads(listed)}


@pytest.mark.slow
def test_first_cell_installs_what_is_missing_and_nothing_else(
    colab, wheel, wheelhouse, notebooks, tmp_path
):
    """셀을 모두 실행하는 것은 nbval이 합니다. 여기서는 빈 환경에서 빠진 것이 없는지 봅니다."""
    installing, imports = set(), []
    for name, notebook in notebooks.items():
        chapter = BOOK / f"{name}.ipynb"
        stamped = nbformat.from_dict(stamp_notebook(notebook, chapter, REPOSITORY))
        sources = ["".join(cell.source) for cell in code_cells(stamped)]
        lines = sources[0].splitlines(keepends=True)
        installing.add("".join(lines[: end_of_first_lines(sources[0], chapter)]))
        tree = ast.parse("\n".join(sources))
        imports += [n for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom)]
    assert len(installing) == 1  # 어느 장을 먼저 열어도 같다
    code = installing.pop().replace(REPOSITORY.archive, wheel.as_uri())
    assert wheel.as_uri() in code
    lines = dict.fromkeys(ast.unparse(statement) for statement in imports)

    before = versions(colab)
    environment = {"PIP_FIND_LINKS": str(wheelhouse), "HOME": str(tmp_path)}
    said = run(colab, "\n".join([code, *lines, "print(aelab.__file__)"]), **environment)
    after = versions(colab)
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"aelab", *SMALL}
    (where,) = said.splitlines()  # 설치는 조용하다
    assert Path(where).resolve().is_relative_to(colab.parents[1].resolve())
