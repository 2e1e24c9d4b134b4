"""장의 첫 셀이 시작하는 몇 줄: 언제 무엇을 설치하고, 설치하지 못하면 무엇이라고 하는지."""

import builtins
import importlib.metadata
import json
import re
import subprocess
import sys
from functools import partial
from types import SimpleNamespace

import pytest

from tools.first_cell import first_lines
from tools.publish import Repository, read_address

SAMPLE = "https://github.com/sample-owner/sample.name"
ARCHIVE = Repository(SAMPLE, "main", "book", "0123abcd").archive


def test_first_lines_are_formatted_whatever_the_length_of_the_address(tmp_path):
    for length in (3, 40, 55, 66, 90, 102):
        address, _ = read_address(f"https://github.com/o/{'n' * (length - 2)}")
        lines = first_lines(Repository(address, "main", "book", "0123abcd").archive)
        (tmp_path / f"{length}.py").write_text(lines, encoding="utf-8", newline="\n")
    command = [sys.executable, "-m", "ruff", "format", "--check", "--line-length", "100"]
    done = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


class Computer:
    """첫 셀의 앞머리를 실행할 컴퓨터."""

    def __init__(self, monkeypatch, origin: str | None, works: bool = True):
        """`origin`은 설치된 aelab이 온 곳(pip이 적어 두는 direct_url.json). 설치되지 않았으면 None입니다."""
        self.commands = []
        self.installed = origin is not None
        self.works = works
        found = [] if origin is None else [SimpleNamespace(read_text=lambda name: origin or None)]
        monkeypatch.setattr(importlib.metadata, "distributions", lambda name: found)
        monkeypatch.setattr(builtins, "__import__", partial(self.find, builtins.__import__))
        monkeypatch.setattr(subprocess, "run", self.run)

    def find(self, real, name, *rest, **more):
        if name == "aelab" and not self.installed:
            raise ModuleNotFoundError("No module named 'aelab'")
        return real(name, *rest, **more)

    def run(self, command, **options):
        self.commands.append(command)
        self.installed |= self.works
        said = "WARNING: Retrying\nERROR: no route to host\n"
        return subprocess.CompletedProcess(command, 1 - self.works, stdout="", stderr=said)


def test_without_an_address_the_first_cell_fetches_nothing_and_names_the_python(monkeypatch):
    computer = Computer(monkeypatch, None)
    with pytest.raises(SystemExit) as stopped:
        exec(first_lines(""), {})
    assert f'"{sys.executable}" -m pip install -r requirements.txt' in str(stopped.value)
    assert computer.commands == []


def direct_url(address: str) -> str:
    return json.dumps({"archive_info": {}, "url": address}, sort_keys=True)


def test_first_cell_installs_without_touching_other_packages(monkeypatch):
    computer = Computer(monkeypatch, None)
    exec(first_lines(ARCHIVE), {})
    small, package = computer.commands
    assert small[:5] == package[:5] == [sys.executable, "-m", "pip", "install", "--no-deps"]
    # 판을 적지 않은 이름은 이미 있으면 그대로 두라는 뜻이다
    assert all(re.fullmatch(r"--disable-[a-z-]+|[a-z-]+", name) for name in small[5:])
    assert package[-2:] == ["--force-reinstall", f"aelab @ {ARCHIVE}"]


@pytest.mark.parametrize(
    ("origin", "reinstalls"),
    [
        (f"{SAMPLE}/archive/main.zip?v=0123abcd", False),
        (f"{SAMPLE}/archive/main.zip?v=0ld0ld00", True),
        (f"{SAMPLE}/archive/main.zip", True),
        ("https://github.com/upstream/sample/archive/main.zip?v=0123abcd", True),
        (f"{SAMPLE}/archive/v1.zip?v=0123abcd", True),
        ("file:///home/student/course", False),
        ("", False),
    ],
    ids=["same", "old", "unmarked", "fork", "tag", "checkout", "wheel"],
)
def test_an_old_package_is_replaced_but_one_installed_by_hand_is_not(
    monkeypatch, origin, reinstalls
):
    computer = Computer(monkeypatch, direct_url(origin) if origin else "")
    exec(first_lines(ARCHIVE), {})
    assert bool(computer.commands) is reinstalls


def test_a_failed_installation_ends_in_one_korean_sentence(monkeypatch):
    Computer(monkeypatch, None, works=False)
    with pytest.raises(
        SystemExit, match=r"^aelab을 설치하지 못했습니다.*\(ERROR: no route to host\)$"
    ):
        exec(first_lines(ARCHIVE), {})


def test_where_an_old_package_cannot_be_replaced_it_is_used_with_a_word(monkeypatch, capsys):
    computer = Computer(monkeypatch, direct_url(f"{SAMPLE}/archive/main.zip?v=0"), works=False)
    exec(first_lines(ARCHIVE), {})
    assert computer.commands
    assert "aelab을 설치하지 못했습니다" in capsys.readouterr().out
