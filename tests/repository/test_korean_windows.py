"""한글 Windows의 코드 페이지(cp949)에서도 설치하고, 책을 짓고, 명령줄을 쓸 수 있는지.

그 로캘을 만들어 흉내 냅니다. 시험이 자식 프로세스에 주는 PYTHONUTF8도 여기서는 뺍니다.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCALE = "ko_KR.CP949"


@pytest.fixture(scope="module")
def korean_windows(tmp_path_factory) -> dict[str, str]:
    """cp949를 쓰는 환경 변수."""
    if sys.platform != "linux" or shutil.which("localedef") is None:
        pytest.skip("localedef가 없어 cp949를 쓰는 로캘을 만들 수 없습니다.")
    folder = tmp_path_factory.mktemp("locales")
    # -c: 적지 않은 항목이 있다는 경고가 늘 있다
    command = ["localedef", "-c", "-i", "ko_KR", "-f", "CP949", str(folder / LOCALE)]
    subprocess.run(command, capture_output=True)
    if not (folder / LOCALE).exists():
        pytest.skip("ko_KR 로캘의 원본이 없습니다(Debian과 Ubuntu에서는 locales).")
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    paths = os.pathsep.join([str(ROOT), *sys.path])
    return kept | {"LOCPATH": str(folder), "LC_ALL": LOCALE, "PYTHONPATH": paths}


def run(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, *arguments], env=env, cwd=ROOT, capture_output=True, encoding="cp949"
    )


READ_AS_PIP_DOES = """
import sys
from pip._internal.network.session import PipSession
from pip._internal.req.req_file import parse_requirements

for line in parse_requirements(sys.argv[1], session=PipSession()):
    print(line.requirement)
"""


@pytest.mark.parametrize("name", ["requirements.txt", "constraints.txt"])
def test_pip_can_read_what_it_is_given(name, korean_windows):
    done = run("-c", READ_AS_PIP_DOES, name, env=korean_windows)
    assert done.returncode == 0, done.stderr
    assert "torch" in done.stdout


def test_command_line_speaks_korean_on_the_code_page(korean_windows):
    done = run("-m", "aelab", "--help", env=korean_windows)
    assert done.returncode == 0, done.stderr
    assert "오토인코더 실습 도구" in done.stdout


def test_command_line_survives_a_terminal_without_korean():
    env = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0"}
    done = run("-m", "aelab", "--help", env=env)
    assert done.returncode == 0, done.stderr
    assert ": python -m aelab [-h]" in done.stdout


BUILD_LAB = """
import sys
from types import SimpleNamespace
sys.path.insert(0, "book/_ext")
import lab

app = SimpleNamespace(builder=SimpleNamespace(format="html"), outdir=sys.argv[1])
lab._start_data(app)
lab._finish(app, None)
"""


def test_book_reads_what_its_child_wrote(korean_windows, tmp_path):
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "data").write_text("폴더가 아님", encoding="utf-8")  # 자식은 한글로 알린다
    done = run("-c", BUILD_LAB, str(tmp_path), env=korean_windows)
    assert "실험실의 자료를 만들지 못했습니다.\n" in done.stderr
    assert "오류: " in done.stderr
