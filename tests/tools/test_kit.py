"""네트워크 없는 강의실의 꾸러미: 만들기, 설치하기, 시작하기.

PyTorch의 휠은 몇 GB이므로, 설치하는 명령은 내용이 거의 없는 휠로 끝까지 돌려 봅니다.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import venv
import zipfile
from dataclasses import asdict
from pathlib import Path

import nbformat
import pytest

from tools import execute, kit

CHAPTERS = execute.chapters()


def tiny_wheel(folder: Path, name: str, code: str, main: str = "") -> None:
    """파일 두엇짜리 휠."""
    info = f"{name}-1.0.dist-info"
    files = {
        f"{name}/__init__.py": code,
        f"{name}/__main__.py": main,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in files) + f"{info}/RECORD,,\n"
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
        for path, content in (files | {f"{info}/RECORD": record}).items():
            wheel.writestr(path, content)


@pytest.fixture
def stick(tmp_path) -> Path:
    """휠만 가짜인 꾸러미. 이름에 빈칸과 한글이 있는 폴더에 둡니다."""
    folder = tmp_path / "USB 꾸러미"
    wheels = folder / "wheels"
    wheels.mkdir(parents=True)
    for file in kit.STARTER.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    tiny_wheel(wheels, "aelab", "def load_pretrained(latent_dim): pass\n")
    tiny_wheel(wheels, "ipykernel", "")
    report = (
        "import json, os, sys\n"
        "names = ('AELAB_DATA', 'AELAB_OFFLINE')\n"
        "print(json.dumps([sys.argv[1:], os.getcwd(), [os.environ.get(name) for name in names]]))\n"
    )
    tiny_wheel(wheels, "jupyterlab", "", report)
    (folder / "notebooks").mkdir()
    (folder / "notebooks" / "01.ipynb").write_text("새것", encoding="utf-8")
    (folder / "data" / "cifar-10-batches-py").mkdir(parents=True)
    (folder / "data" / "cifar-10-batches-py" / "batches.meta").write_bytes(b"x")
    kit.write_manifest(folder, [kit.here()])
    return folder


def run(*command: str, **more: str) -> subprocess.CompletedProcess:
    environment = os.environ | {"PYTHON": sys.executable} | more
    environment["PIP_INDEX_URL"] = "file:///nowhere"  # 설치하는 명령이 보지 않아야 한다
    environment.pop("AELAB_DATA", None)
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, encoding="utf-8"
    )


@pytest.mark.slow
def test_kit_installs_starts_and_is_corrected_but_the_notebooks_of_the_student_stay(
    stick, tmp_path
):
    """만들다 만 가상 환경(pip이 없는 것)에서 시작해 두 번 설치합니다. 처음은 sh가 있으면 install.sh로 합니다."""
    room = tmp_path / "학생의 폴더"
    (room / "notebooks").mkdir(parents=True)
    mine = room / "notebooks" / "01.ipynb"
    mine.write_text("학생이 쓴 것", encoding="utf-8")
    venv.create(room / ".venv", with_pip=False, symlinks=os.name != "nt")
    (stick / "site").mkdir()
    (stick / "site" / "old.html").write_text("옛 쪽", encoding="utf-8")
    python = (sys.executable, str(stick / "install.py"))
    installed = run(*(python if os.name == "nt" else ("sh", str(stick / "install.sh"))), str(room))
    assert installed.returncode == 0, installed.stderr
    assert "설치를 마쳤습니다" in installed.stdout
    assert mine.read_text(encoding="utf-8") == "학생이 쓴 것"
    if os.name != "nt":
        started = run("sh", str(room / "start.sh"), "--no-browser")
        arguments, folder, (data, offline) = json.loads(started.stdout)
        assert (arguments, offline) == (["notebooks", "--no-browser"], "1")
        assert Path(folder).samefile(room)
        assert Path(data).samefile(room / "data")

    # 판은 같고 내용을 고친 꾸러미
    tiny_wheel(stick / "wheels", "aelab", "def load_pretrained(n): pass\nmended = True\n")
    (stick / "site" / "old.html").rename(stick / "site" / "new.html")
    (stick / "data" / "cifar-10-batches-py" / "batches.meta").write_bytes(b"new")
    second = run(*python, str(room))
    assert second.returncode == 0, second.stderr
    inside = room / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    assert run(str(inside), "-I", "-c", "import aelab; print(aelab.mended)").stdout == "True\n"
    assert [path.name for path in (room / "site").iterdir()] == ["new.html"]
    assert (room / "data" / "cifar-10-batches-py" / "batches.meta").read_bytes() == b"new"
    assert mine.read_text(encoding="utf-8") == "학생이 쓴 것"


def test_failed_environment_is_taken_away(stick, tmp_path):
    (tmp_path / "venv.py").write_text(
        "import pathlib, sys; pathlib.Path(sys.argv[1]).mkdir(); sys.exit(1)\n", encoding="utf-8"
    )
    room = tmp_path / "room"
    install = str(stick / "install.py")
    done = run(sys.executable, install, str(room), PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert "python3-venv" in done.stderr
    assert not (room / ".venv").exists()


@pytest.mark.parametrize(
    ("target", "fragment"),
    [
        (kit.Target("Plan9", "mips", "3.12"), "Plan9 mips 파이썬 3.12"),
        (kit.Target(platform.system(), platform.machine(), "3.99"), "3.99 install.py"),
    ],
)
def test_wrong_computer_or_python_is_told_what_is_needed(stick, tmp_path, target, fragment):
    (stick / "kit.json").unlink()
    kit.write_manifest(stick, [target])
    done = run(sys.executable, str(stick / "install.py"), str(tmp_path / "room"))
    assert done.returncode == 1
    assert fragment in done.stderr
    assert not (tmp_path / "room").exists()


def test_wheel_of_this_repository_replaces_the_old_one(tmp_path, wheel, monkeypatch):
    """휠의 내용은 test_colab.py가 봅니다."""
    (tmp_path / "aelab-0.0-py3-none-any.whl").touch()  # 전에 만든 것
    monkeypatch.setattr(kit, "pip", lambda *_: shutil.copy(wheel, tmp_path))
    assert kit.build_wheel(tmp_path) == tmp_path / wheel.name
    assert [path.name for path in tmp_path.iterdir()] == [wheel.name]


@pytest.fixture
def site(tmp_path, monkeypatch) -> Path:
    """지어 놓은 책의 대신."""
    folder = tmp_path / "html"
    (folder / "_sources").mkdir(parents=True)
    (folder / "_sources" / "intro.md").write_text("원본", encoding="utf-8")
    (folder / "index.html").write_text("<p>책</p>", encoding="utf-8")
    monkeypatch.setattr(kit, "SITE", folder)
    monkeypatch.setattr(kit, "STUDENT_SITE", tmp_path / "student")
    monkeypatch.setenv("AELAB_DATA", str(tmp_path / "없음"))
    return folder


def test_pages_without_solutions_go_with_the_handouts(tmp_path, site, monkeypatch):
    monkeypatch.setattr(kit, "STUDENT_SITE", site)
    monkeypatch.setattr(kit, "SITE", tmp_path / "없음")
    (tmp_path / "kit").mkdir()
    kit.copy_contents(tmp_path / "kit", handout=True)
    assert (tmp_path / "kit" / "site" / "index.html").exists()


@pytest.mark.parametrize("handout", [False, True], ids=["book", "handout"])
def test_contents_are_the_notebooks_with_the_site_or_without_solutions(tmp_path, site, handout):
    folder = tmp_path / "kit"
    (folder / "notebooks").mkdir(parents=True)
    (folder / "notebooks" / "old.ipynb").touch()  # 전에 만든 것
    report = kit.copy_contents(folder, handout=handout)
    copied = sorted((folder / "notebooks").iterdir())
    assert [path.name for path in copied] == [path.name for path in CHAPTERS]
    tags = {
        tag
        for path in copied
        for cell in nbformat.read(path, as_version=4).cells
        for tag in cell.metadata.get("tags", [])
    }
    assert ("hide-cell" in tags) is not handout
    assert (folder / "site" / "index.html").exists() is not handout
    assert not (folder / "site" / "_sources").exists()
    assert {"README.md", "install.py", "install.sh", "install.bat", "start.sh", "start.bat"} <= {
        path.name for path in folder.iterdir()
    }
    lines = {name: (folder / name).read_bytes() for name in ("start.sh", "start.bat")}
    assert b"\r" not in lines["start.sh"]
    assert lines["start.bat"].count(b"\r\n") == lines["start.bat"].count(b"\n") > 0
    assert any("CIFAR-10은 디스크에 없어" in line for line in report)
    assert not (folder / "data").exists()


def test_everything_the_kit_installs_has_a_tested_version():
    pinned = [line.split("==")[0] for line in kit.CONSTRAINTS.read_text("utf-8").splitlines()]
    assert set(kit.INSTALLED) - set(pinned) == {"aelab"}


def test_manifest_adds_up_over_several_computers(tmp_path):
    first, second = kit.Target("Linux", "x86_64", "3.11"), kit.Target("Windows", "AMD64", "3.12")
    for targets in ([first], [second], [first]):
        kit.write_manifest(tmp_path, targets)
    stored = json.loads((tmp_path / kit.MANIFEST).read_text(encoding="utf-8"))
    assert [(entry["system"], entry["python"]) for entry in stored["targets"]] == [
        ("Linux", "3.11"),
        ("Windows", "3.12"),
    ]


def test_wheels_of_another_computer_are_chosen_for_it_and_not_for_this_one(tmp_path, monkeypatch):
    """uv에게 다른 운영체제로 고르게 하고, pip에는 고른 것만 그 꼬리표로 받게 합니다."""
    commands = []

    def record(command: list[str], text: str | None = None) -> None:
        if "compile" in command:
            output = Path(command[command.index("--output-file") + 1])
            output.write_text("aelab==0.1.0\ntorch==2.14.1\npywinpty==3.0\n", encoding="utf-8")
        else:
            listed = Path(command[command.index("--requirement") + 1])
            command = [*command, listed.read_text(encoding="utf-8")]
        commands.append(command)

    monkeypatch.setattr(kit, "run", record)
    monkeypatch.setattr(kit.shutil, "which", lambda name, path=None: name)
    target = kit.download_for(tmp_path, "windows", "3.12", ["aelab"], [])
    chosen, downloaded = commands
    assert target == kit.Target("Windows", "AMD64", "3.12")
    assert chosen[chosen.index("--python-platform") + 1] == "x86_64-pc-windows-msvc"
    assert downloaded[downloaded.index("--platform") + 1] == "win_amd64"
    assert {"--no-deps", "--only-binary=:all:"} <= set(downloaded)
    assert downloaded[-1] == "torch==2.14.1\npywinpty==3.0\n"


@pytest.mark.parametrize("only", [False, True], ids=["whole", "only"])
def test_wheels_are_new_unless_more_are_added_for_another_computer(
    tmp_path, site, monkeypatch, only
):
    folder = tmp_path / "kit"
    (folder / "wheels").mkdir(parents=True)
    (folder / "wheels" / "torch-1.0-py3-none-any.whl").touch()  # 전에 받은 것
    old = kit.Target("Plan9", "mips", "3.11")
    kit.write_manifest(folder, [old])

    def build(wheels: Path) -> Path:
        (wheels / "aelab-1.0-py3-none-any.whl").touch()
        return wheels / "aelab-1.0-py3-none-any.whl"

    added = kit.Target("Windows", "AMD64", "3.12")
    monkeypatch.setattr(kit, "build_wheel", build)
    monkeypatch.setattr(kit, "download_here", lambda *_: None)
    monkeypatch.setattr(kit, "download_for", lambda *_: added)
    kit.main([str(folder), "--for", "windows:3.12", *(["--only"] if only else [])])
    assert (folder / "wheels" / "torch-1.0-py3-none-any.whl").exists() is only
    assert (folder / "wheels" / "aelab-1.0-py3-none-any.whl").exists()
    listed = json.loads((folder / kit.MANIFEST).read_text(encoding="utf-8"))["targets"]
    first = old if only else kit.here()
    assert listed == [asdict(first), asdict(added)]


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        (["k", "--for", "windows"], "windows:3.12"),
        (["k", "--for", "amiga:3.12"], "amiga:3.12"),
        (["k", "--only"], "--only에는 --for가"),
    ],
)
def test_wrong_options_are_refused(arguments, fragment, capsys):
    with pytest.raises(SystemExit):
        kit.main(arguments)
    assert fragment in capsys.readouterr().err


def test_kit_without_a_built_book_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(kit, "SITE", tmp_path / "없음")
    with pytest.raises(SystemExit, match="make book"):
        kit.main([str(tmp_path / "kit")])
    assert not (tmp_path / "kit").exists()
