"""네트워크 없는 강의실에서 쓸 꾸러미를 폴더 하나에 만듭니다. USB 메모리에 그대로 복사합니다.

    python -m tools.kit kit                          # 이 컴퓨터와 같은 운영체제와 파이썬
    python -m tools.kit kit --for windows:3.12       # 다른 운영체제나 파이썬의 휠을 더 담습니다.
    python -m tools.kit kit --for macos:3.13 --only  # 만들어 둔 꾸러미에 휠을 보탭니다.
    python -m tools.kit kit --handout                # 풀이를 뺀 노트북과, 지어 놓았으면 풀이를 뺀 책

담는 것: 휠(aelab과 그 의존성, JupyterLab), 노트북, 지어 놓은 책, 디스크에 있으면 CIFAR-10, 설치하는
명령과 안내. 같은 폴더에 다시 만들면 모두 새것으로 바뀝니다. --only이면 전에 담은 휠은 남습니다.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from tools import execute
from tools.chapters import BOOK
from tools.execute import find_cifar10
from tools.handout import write_all

ROOT = BOOK.parent
SITE = BOOK / "_build" / "html"
STUDENT_SITE = ROOT / "student" / "_build" / "html"  # make book SOLUTIONS=0
STARTER = ROOT / "tools" / "usb"  # 꾸러미에 그대로 담기는 안내와 명령
INSTALLED = ("aelab", "jupyterlab", "ipykernel")
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "LICENSE-text")  # 휠을 만드는 데 드는 것
CONSTRAINTS = ROOT / "constraints.txt"  # 시험을 통과한 버전
MANIFEST = "kit.json"  # install.py가 읽는다


@dataclass(frozen=True)
class Target:
    """휠을 쓸 컴퓨터. system과 machine은 `platform`이 돌려주는 값입니다."""

    system: str
    machine: str
    python: str  # 3.12처럼


# 이름 → (system, machine, uv의 이름, pip의 꼬리표)
OTHERS = {
    "windows": ("Windows", "AMD64", "x86_64-pc-windows-msvc", ["win_amd64"]),
    "macos": ("Darwin", "arm64", "aarch64-apple-darwin", ["macosx_14_0_arm64"]),
    "linux": (
        "Linux",
        "x86_64",
        "x86_64-manylinux_2_28",
        ["manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux2014_x86_64", "linux_x86_64"],
    ),
}


def here() -> Target:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return Target(platform.system(), platform.machine(), version)


def build_wheel(wheels: Path) -> Path:
    """이 저장소의 aelab을 휠로 만듭니다. 전에 담은 것은 지웁니다."""
    for old in wheels.glob("aelab-*.whl"):
        old.unlink()
    with tempfile.TemporaryDirectory() as temporary:
        # 저장소 안에서 만들면 build/가 남아 지운 파일까지 다음 휠에 들어간다
        source = Path(temporary) / "source"
        shutil.copytree(
            ROOT / "aelab", source / "aelab", ignore=shutil.ignore_patterns("__pycache__")
        )
        for name in SOURCES:
            shutil.copy(ROOT / name, source)
        # 만드는 도구(setuptools)는 requirements.txt에 있다
        pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels), str(source))
    return next(wheels.glob("aelab-*.whl"))


def download_here(wheels: Path, requirements: list[str], options: list[str]) -> None:
    """이 컴퓨터와 같은 곳에서 쓸 휠을 받습니다."""
    pip("download", "--only-binary=:all:", "--dest", str(wheels), *options, *requirements)


def download_for(
    wheels: Path, name: str, python: str, requirements: list[str], options: list[str]
) -> Target:
    """다른 운영체제나 파이썬에서 쓸 휠을 받습니다.

    pip은 `platform_system == "Windows"` 같은 조건을 지금 컴퓨터로 판단하므로, 무엇이 필요한지는 uv가
    정하고 pip은 정해진 것을 받기만 합니다.
    """
    system, machine, uv_platform, tags = OTHERS[name]
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        sys.exit("--for에는 uv가 있어야 하는데 없습니다. `pip install uv`로 설치하고 다시 합니다.")
    chosen = ["--python-platform", uv_platform, "--python-version", python]
    chosen += ["--index-strategy", "unsafe-best-match"]  # 색인이 여럿이면 모두 보고 고른다
    platforms = [flag for tag in tags for flag in ("--platform", tag)]
    with tempfile.TemporaryDirectory() as temporary:
        listed = Path(temporary) / "requirements.txt"
        run(
            [uv, "pip", "compile", "-", *chosen, *options, "--quiet", "--no-header"]
            + ["--no-annotate", "--find-links", str(wheels), "--output-file", str(listed)],
            text="\n".join(requirements),
        )
        lines = listed.read_text(encoding="utf-8").splitlines()
        pins = [line for line in lines if not line.startswith("aelab")]  # 이미 휠로 있다
        listed.write_text("\n".join(pins) + "\n", encoding="utf-8")
        pip(
            *("download", "--no-deps", "--only-binary=:all:", "--dest", str(wheels)),
            *("--implementation", "cp", "--python-version", python, *platforms),
            *(*options, "--requirement", str(listed)),
        )
    return Target(system, machine, python)


def pip(*arguments: str) -> None:
    run([sys.executable, "-m", "pip", "--quiet", *arguments])


def run(command: list[str], text: str | None = None) -> None:
    environment = os.environ | {"MACOSX_DEPLOYMENT_TARGET": "14.0"}  # uv가 고를 맥의 휠
    done = subprocess.run(command, input=text, text=True, encoding="utf-8", env=environment)
    if done.returncode:
        sys.exit(f"휠을 모으지 못했습니다. 위의 까닭을 봅니다: {' '.join(command[:5])} …")


def replace_folder(source: Path, target: Path, **options) -> None:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, **options)


def copy_contents(folder: Path, *, handout: bool) -> list[str]:
    """휠이 아닌 것을 담고, 무엇을 담았는지 돌려줍니다."""
    report = []
    for file in STARTER.iterdir():
        content = file.read_bytes().replace(b"\r\n", b"\n")
        if file.suffix == ".bat":  # Windows의 명령 프롬프트는 CRLF를 기대한다
            content = content.replace(b"\n", b"\r\n")
        (folder / file.name).write_bytes(content)
    notebooks, site, data = folder / "notebooks", folder / "site", folder / "data"
    shutil.rmtree(notebooks, ignore_errors=True)
    shutil.rmtree(site, ignore_errors=True)
    chapters = execute.chapters()
    if handout:
        write_all(chapters, notebooks)
        report.append(f"풀이를 뺀 노트북 {len(chapters)}개")
    else:
        notebooks.mkdir()
        for chapter in chapters:
            shutil.copy(chapter, notebooks)
        report.append(f"노트북 {len(chapters)}개")
    built = STUDENT_SITE if handout else SITE
    if (built / "index.html").exists():
        replace_folder(built, site, ignore=shutil.ignore_patterns("_sources", ".buildinfo"))
        report.append(f"책의 쪽 {len(list(site.glob('*.html')))}개")
    root = find_cifar10()
    if root is None:
        report.append("CIFAR-10은 디스크에 없어 뺐습니다(toyworld로 실행됩니다)")
    else:
        replace_folder(root / "cifar-10-batches-py", data / "cifar-10-batches-py")
        report.append("CIFAR-10")
    return report


def write_manifest(folder: Path, targets: list[Target]) -> None:
    """어느 컴퓨터의 휠이 있는지 적습니다. 전에 만든 것에 보탭니다."""
    path = folder / MANIFEST
    known = json.loads(path.read_text(encoding="utf-8"))["targets"] if path.exists() else []
    new = [asdict(target) for target in targets]
    listed = known + [target for target in new if target not in known]
    content = {"install": list(INSTALLED), "targets": listed}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def megabytes(folder: Path) -> int:
    return round(sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="kit.py", description="네트워크 없는 강의실의 꾸러미를 만듭니다."
    )
    parser.add_argument("folder", type=Path, help="꾸러미를 만들 폴더")
    parser.add_argument(
        "--for",
        dest="targets",
        action="append",
        default=[],
        metavar="운영체제:파이썬",
        help="휠을 더 담을 컴퓨터. windows, macos(애플 실리콘), linux: 예를 들어 windows:3.12",
    )
    parser.add_argument(
        "--only", action="store_true", help="전에 담은 휠을 두고 --for의 휠만 보탭니다."
    )
    parser.add_argument(
        "--handout", action="store_true", help="노트북과 책의 쪽에서 풀이를 뺍니다."
    )
    parser.add_argument("--index", help="휠을 더 찾을 색인의 주소(CPU용 PyTorch 등)")
    options = parser.parse_args(arguments)
    wanted = [target.partition(":")[::2] for target in options.targets]
    for name, python in wanted:
        if name not in OTHERS or python not in ("3.11", "3.12", "3.13", "3.14"):
            parser.error(
                f"--for에 windows:3.12 같은 것을 기대했는데 {name}:{python}이(가) 왔습니다."
            )
    if options.only and not wanted:
        parser.error("--only에는 --for가 있어야 합니다.")
    if not options.handout and not (SITE / "index.html").exists():
        sys.exit("지어 놓은 책이 없습니다. `make book`을 먼저 합니다(`make kit`은 함께 합니다).")
    folder = options.folder.resolve()
    wheels = folder / "wheels"
    if not options.only:  # 옛 판의 휠이 쌓이지 않게 한다
        shutil.rmtree(wheels, ignore_errors=True)
        (folder / MANIFEST).unlink(missing_ok=True)
    wheels.mkdir(parents=True, exist_ok=True)
    report = copy_contents(folder, handout=options.handout)
    requirements = [str(build_wheel(wheels)), *INSTALLED[1:]]
    sources = ["--constraint", str(CONSTRAINTS)]
    if options.index:
        sources += ["--extra-index-url", options.index]
    targets = []
    if not options.only:
        download_here(wheels, requirements, sources)
        targets.append(here())
    targets += [
        download_for(wheels, name, python, requirements, sources) for name, python in wanted
    ]
    write_manifest(folder, targets)
    print(f"{folder}: {', '.join(report)}, 휠 {len(list(wheels.glob('*.whl')))}개")
    for part in ("wheels", "data", "site", "notebooks"):
        if (folder / part).exists():
            print(f"  {part:10s} {megabytes(folder / part):6,d} MB")


if __name__ == "__main__":
    main(sys.argv[1:])
