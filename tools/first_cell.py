"""장의 첫 셀이 시작하는 몇 줄: aelab을 불러오고, 없으면 설치하거나 할 일을 알립니다. publish.py가 새깁니다."""

import ast
import sys
from pathlib import Path

# aelab이 쓰는 패키지 가운데 Colab에 없거나, 있는지 확실하지 않은 것. 다른 패키지를 부르지 않는 작은 것들이다.
SMALL_PACKAGES = ("jaxtyping", "safetensors", "wadler-lindig")
LINE_LENGTH = 100  # ruff의 줄 길이

NOT_INSTALLED = """\
import sys

try:
    import aelab
except ModuleNotFoundError:
    raise SystemExit(
        "이 노트북이 쓰는 파이썬에 aelab이 없습니다. 저장소 폴더에서 다음을 실행합니다.\\n"
        f'"{sys.executable}" -m pip install -r requirements.txt'
    ) from None
"""
# 의존성을 풀지 않으므로(--no-deps) 이미 있는 패키지는 하나도 바뀌지 않는다. 손수 설치한 aelab의 기록에는
# https://로 시작하는 주소가 없다. 판의 번호가 같으면 pip은 새로 설치하지 않으므로 --force-reinstall이 든다.
INSTALL = """\
# aelab이 없거나(Colab 등) 이 노트북과 판이 다르면 설치합니다. 다른 패키지는 바꾸지 않습니다.
import subprocess
import sys
from importlib.metadata import distributions

{address}
origins = [found.read_text("direct_url.json") or "" for found in distributions(name="aelab")]
if not origins or ("https://" in origins[0] and address not in origins[0]):
    pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--disable-pip-version-check"]
    small = [{packages}]
    for names in (small, ["--force-reinstall", f"aelab @ {{address}}"]):
        done = subprocess.run([*pip, *names], capture_output=True, text=True)
        if done.returncode:
            reason = done.stderr.strip().rpartition("\\n")[2]
            failure = (
                "aelab을 설치하지 못했습니다. 인터넷이 되는지, 저장소와 그 가지가 공개되어 있는지 "
                f"확인합니다: {{address}} ({{reason}})"
            )
            if not origins:
                raise SystemExit(failure)
            print(failure)  # 있던 것을 씁니다.

import aelab
"""


def first_lines(archive: str) -> str:
    """첫 셀의 앞머리.

    인자
        archive: pip이 설치할 묶음의 주소. 아직 정해지지 않았으면 빈 글입니다.
    """
    if not archive:
        return NOT_INSTALLED
    line = f'address = "{archive}"'
    wrapped = f'    "{archive}"'
    if len(line) > LINE_LENGTH >= len(wrapped):  # ruff가 하는 대로
        line = f"address = (\n{wrapped}\n)"
    packages = ", ".join(f'"{package}"' for package in SMALL_PACKAGES)
    return INSTALL.format(address=line, packages=packages)


def end_of_first_lines(source: str, chapter: Path) -> int:
    """첫 셀에서 aelab을 불러오기까지의 줄 수. 그 앞에는 파이썬에 들어 있는 것만 불러옵니다."""
    for statement in ast.parse(source).body:
        names = [
            alias.name
            for node in ast.walk(statement)
            if isinstance(node, ast.Import)
            for alias in node.names
        ]
        if "aelab" in names:
            return statement.end_lineno
        if set(names) - sys.stdlib_module_names:
            break
    raise ValueError(f"{chapter.name}: 첫 코드 셀은 aelab을 불러오는 것으로 시작해야 합니다.")
