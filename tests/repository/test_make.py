"""make: 설치하기 전에 알아야 하는 것을 설치하기 전에 알리는지."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(os.name == "nt" or shutil.which("make") is None, reason="make와 sh를 씁니다.")
def test_too_old_a_python_is_named_before_anything_is_installed(tmp_path):
    """pip에 맡기면 ResolutionImpossible로 끝나고, 3.11이 있어야 한다는 말은 어디에도 없습니다."""
    for name in ("Makefile", "requirements.txt", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    old = tmp_path / "old python"
    pretend = "import sys; sys.version_info, sys.version = (3, 10, 13), '3.10.13 (main)'; exec(sys.argv[2])"
    old.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{pretend}" "$@"\n', encoding="utf-8")
    old.chmod(0o755)
    command = ["make", "-C", str(tmp_path), f"PYTHON3='{old}'", "book"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert done.returncode != 0
    assert "파이썬 3.11 이상을 기대했는데 3.10.13입니다" in done.stderr
    assert not (tmp_path / ".venv").exists()
