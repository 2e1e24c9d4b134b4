"""Colab: 장의 첫 셀이 빈 환경에 aelab을 설치하고, 이미 있는 것은 하나도 바꾸지 않는지.

Colab 대신, 이 시험 환경의 패키지를 물려받되 aelab과 Colab에 없는 작은 패키지만 뺀 가상 환경을 씁니다.
설치할 주소만 방금 만든 휠로 바꿉니다. 네트워크는 쓰지 않습니다.
"""

import ast
import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from email import message_from_string
from importlib.metadata import distribution
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.book.test_book import CHAPTERS
from tools.publish import SMALL_PACKAGES, Repository, stamp_notebook

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "https://github.com/sample-owner/sample-name"
INSTALL_TIME = 30  # 초. 첫 셀이 설치하는 동안
CELL_TIMEOUT = 300
WHOLE = ROOT / "book" / "02_transposed_convolution.ipynb"  # 처음부터 끝까지 실행해 볼 장

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
    "threadpoolctl": "3.6.0",
    "platformdirs": "4.3.8",
    "pooch": "1.8.2",
    "tqdm": "4.67.1",
}
COLAB_PYTHON = "3.13"
SMALL = {canonicalize_name(name) for name in SMALL_PACKAGES}


def pip(*arguments: str, **more) -> subprocess.CompletedProcess:
    """네트워크와 이 컴퓨터의 설정을 쓰지 않는 pip."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pip", *arguments],  # -P: 이 폴더의 aelab이 보이지 않게
        env=offline_environment() | more.pop("env", {}),
        capture_output=True,
        encoding="utf-8",
        **more,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def offline_environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "PYTHON", "AELAB_"))}
    return kept | {
        "PIP_NO_INDEX": "1",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PYTHONUTF8": "1",
    }


@pytest.fixture(scope="session")
def archive(tmp_path_factory) -> Path:
    """GitHub이 내주는 것과 같은 묶음: 폴더 하나 안에 저장소의 파일이 들어 있습니다."""
    path = tmp_path_factory.mktemp("archive") / "main.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name in ("pyproject.toml", "README.md", "LICENSE", "LICENSE-text"):
            bundle.write(ROOT / name, f"sample-name-main/{name}")
        for file in sorted((ROOT / "aelab").rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                bundle.write(file, f"sample-name-main/{file.relative_to(ROOT).as_posix()}")
    return path


@pytest.fixture(scope="session")
def wheel(archive, tmp_path_factory) -> Path:
    """묶음에서 만든 휠. 짓는 도구는 시험 환경의 것을 써서 내려받지 않습니다."""
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", "--no-build-isolation", "-w", str(folder), str(archive))
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def wheelhouse(tmp_path_factory) -> Path:
    """Colab에 없는 작은 패키지의 휠. 설치된 파일을 도로 묶어 네트워크를 대신합니다."""
    folder = tmp_path_factory.mktemp("wheelhouse")
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


@pytest.fixture(scope="session")
def inherited(tmp_path_factory) -> Path:
    """시험 환경의 패키지에서 aelab과 작은 패키지만 뺀 폴더."""
    folder = tmp_path_factory.mktemp("inherited")
    hidden = {"aelab", *SMALL}
    for place in dict.fromkeys(sysconfig.get_path(kind) for kind in ("purelib", "platlib")):
        for entry in Path(place).iterdir():
            name = canonicalize_name(entry.name.removeprefix("__editable__.").split("-")[0])
            if name.split(".")[0] in hidden or entry.suffix == ".pth":
                continue
            try:
                (folder / entry.name).symlink_to(entry)
            except OSError:
                pytest.skip("링크를 만들 수 없는 컴퓨터입니다(Windows의 개발자 모드).")
    return folder


@pytest.fixture
def colab(inherited, tmp_path) -> Path:
    """새 Colab처럼 aelab만 없는 가상 환경의 파이썬."""
    folder = tmp_path / "colab"
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    site = run(python, "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    (Path(site) / "inherited.pth").write_text(f"{inherited}\n", encoding="utf-8")
    return python


def run(python: Path, code: str, **more) -> str:
    done = subprocess.run(
        [python, "-P", "-c", code],
        env=offline_environment() | more.pop("env", {}),
        capture_output=True,
        encoding="utf-8",
        **more,
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


def requirements(wheel: Path) -> list[Requirement]:
    """휠이 파이썬 3.13에서 요구하는 것. 고를 수 있는 것(faiss)은 뺍니다."""
    with zipfile.ZipFile(wheel) as bundle:
        (name,) = [n for n in bundle.namelist() if n.endswith(".dist-info/METADATA")]
        metadata = message_from_string(bundle.read(name).decode())
    found = [Requirement(line) for line in metadata.get_all("Requires-Dist")]
    environment = {"python_version": COLAB_PYTHON, "extra": ""}
    return [r for r in found if r.marker is None or r.marker.evaluate(environment)]


# 휠


def test_wheel_holds_the_weights_the_font_and_their_licences(wheel):
    with zipfile.ZipFile(wheel) as bundle:
        names = set(bundle.namelist())
    shipped = {
        path.relative_to(ROOT).as_posix()
        for folder in ("weights", "fonts")
        for path in (ROOT / "aelab" / folder).iterdir()
    }
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "aelab").rglob("*.py")}
    assert any(name.endswith("autoencoder_128.safetensors") for name in shipped)
    assert shipped | modules <= names
    licences = {name.split("licenses/")[1] for name in names if "/licenses/" in name}
    assert {"LICENSE", "LICENSE-text", "aelab/fonts/OFL.txt"} <= licences


def test_wheel_holds_nothing_but_the_package(wheel):
    with zipfile.ZipFile(wheel) as bundle:
        tops = {name.split("/")[0] for name in bundle.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"aelab"}


@pytest.mark.slow
def test_source_distribution_builds_the_same_wheel(archive, wheel, tmp_path):
    with zipfile.ZipFile(archive) as bundle:
        bundle.extractall(tmp_path)
    source = tmp_path / "sample-name-main"
    build = "import setuptools.build_meta as b; print(b.build_sdist('dist'))"
    run(Path(sys.executable), build, cwd=source)
    (sdist,) = (source / "dist").glob("*.tar.gz")
    pip("wheel", "--no-deps", "--no-build-isolation", "-w", str(tmp_path / "again"), str(sdist))
    (again,) = (tmp_path / "again").glob("*.whl")
    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(again) as other:
        assert sorted(one.namelist()) == sorted(other.namelist())


# Colab의 목록


def test_colab_satisfies_every_requirement_or_lacks_a_small_package(wheel):
    for requirement in requirements(wheel):
        name = canonicalize_name(requirement.name)
        if name not in SMALL:
            assert requirement.specifier.contains(COLAB[name]), requirement


def test_colab_python_is_admitted():
    with (ROOT / "pyproject.toml").open("rb") as file:
        import tomllib

        bound = tomllib.load(file)["project"]["requires-python"]
    assert Requirement(f"python{bound}").specifier.contains(COLAB_PYTHON)


def test_small_packages_need_nothing_but_each_other():
    """하나를 설치해도 다른 것이 따라오거나 바뀌지 않습니다."""
    for name in SMALL_PACKAGES:
        lines = [Requirement(line) for line in distribution(name).requires or []]
        environment = {"python_version": COLAB_PYTHON, "extra": ""}
        needed = {
            canonicalize_name(r.name)
            for r in lines
            if r.marker is None or r.marker.evaluate(environment)
        }
        assert needed <= SMALL, f"{name}: {needed}"


def test_first_cell_names_every_requirement_that_colab_may_lack(wheel):
    named = {canonicalize_name(r.name) for r in requirements(wheel)}
    assert named - set(COLAB) <= SMALL


# 빈 환경에서


@pytest.mark.slow
def test_environment_without_aelab_has_everything_else(colab):
    code = "import importlib.util as u; print([u.find_spec(n) is None for n in {names}])"
    missing = ["aelab", *(name.replace("-", "_") for name in SMALL_PACKAGES)]
    assert run(colab, code.format(names=missing)).strip() == str([True] * len(missing))
    assert run(colab, code.format(names=["torch", "IPython"])).strip() == "[False, False]"


# 노트북을 끝까지 실행하고, 설치하는 pip에 걸린 시간과 첫 셀의 출력을 적는다
EXECUTE = """
import json, sys, nbformat
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell
path, limit, timer = sys.argv[1], int(sys.argv[2]), sys.argv[3]
notebook = nbformat.read(path, as_version=4)
notebook.cells = [new_code_cell(timer), *notebook.cells, new_code_cell("print(installing)")]
NotebookClient(notebook, timeout=limit, kernel_name="python3").execute()
_, first, *_, last = [cell for cell in notebook.cells if cell.cell_type == "code"]
said = [output.get("text", "") for output in first.outputs]
print(json.dumps({"seconds": json.loads(last.outputs[0].text), "first": said}))
"""
# 첫 셀의 나머지(PyTorch를 읽는 일)는 빼고 설치하는 명령만 잰다
TIMER = """
import subprocess, time
installing = []
def timed(*arguments, run=subprocess.run, **more):
    start = time.perf_counter()
    done = run(*arguments, **more)
    if "pip" in arguments[0]:
        installing.append(time.perf_counter() - start)
    return done
subprocess.run = timed
"""


def imports_only(notebook: NotebookNode) -> NotebookNode:
    """첫 코드 셀과, 나머지 셀의 모든 import만 남긴 노트북."""
    first, *rest = [cell for cell in notebook.cells if cell.cell_type == "code"]
    lines = [
        ast.unparse(node)
        for cell in rest
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    return new_notebook(cells=[first, new_code_cell("\n".join(dict.fromkeys(lines)))])


@pytest.mark.slow
@pytest.mark.parametrize(
    "chapter", [path for path in CHAPTERS if path != WHOLE], ids=lambda path: path.stem
)
def test_chapter_finds_everything_it_imports(chapter, colab, wheel, wheelhouse, tmp_path):
    """셀을 모두 실행하는 것은 nbval이 합니다. 여기서는 빈 환경에서 빠진 것이 없는지 봅니다."""
    run_in_colab(chapter, imports_only, colab, wheel, wheelhouse, tmp_path)


@pytest.mark.slow
def test_chapter_runs_alone_from_its_first_cell(colab, wheel, wheelhouse, tmp_path):
    run_in_colab(WHOLE, lambda notebook: notebook, colab, wheel, wheelhouse, tmp_path)


def run_in_colab(chapter, part, colab, wheel, wheelhouse, tmp_path) -> None:
    """주소를 새긴 장의 `part`를 빈 환경에서 실행하고, 설치가 무엇을 바꾸었는지 봅니다."""
    repository = Repository(ADDRESS, "main", "book")
    notebook = part(stamp_notebook(nbformat.read(chapter, as_version=4), chapter, repository))
    stamped = nbformat.writes(notebook)
    assert stamped.count(repository.archive) == 1
    folder = tmp_path / "content"
    folder.mkdir()
    (folder / chapter.name).write_text(
        stamped.replace(repository.archive, wheel.as_uri()), encoding="utf-8"
    )
    before = versions(colab)
    assert "aelab" not in before

    environment = {
        "PIP_FIND_LINKS": str(wheelhouse),
        "AELAB_OFFLINE": "1",
        "TQDM_DISABLE": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "OMP_NUM_THREADS": str(os.cpu_count() or 1),
    } | {name: str(tmp_path / name) for name in ("HOME", "IPYTHONDIR", "XDG_CACHE_HOME")}
    script = tmp_path / "execute.py"
    script.write_text(EXECUTE, encoding="utf-8")
    done = subprocess.run(
        [colab, script, chapter.name, str(CELL_TIMEOUT), TIMER],
        cwd=folder,
        env=offline_environment() | environment,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    (seconds,) = result["seconds"]
    assert seconds < INSTALL_TIME
    # 설치는 조용하다. 첫 셀에 출력이 있다면 장이 스스로 찍은 것뿐이다
    assert not any("pip" in text for text in result["first"])

    after = versions(colab)
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"aelab", *SMALL}
    where = run(colab, "import aelab; print(aelab.__file__)", cwd=folder).strip()
    assert Path(where).resolve().is_relative_to(colab.parents[1].resolve())
