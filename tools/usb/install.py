"""꾸러미를 이 컴퓨터에 설치합니다. 네트워크를 쓰지 않습니다.

    python install.py              # 집 폴더의 aelab-class에 설치합니다.
    python install.py 폴더

가상 환경을 만들어 wheels/의 휠을 설치하고 노트북과 자료를 복사합니다. 몇 번이고 다시 해도 됩니다: aelab과
책의 쪽은 꾸러미의 것으로 바뀌고, 이미 있는 노트북은 건드리지 않습니다.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

KIT = Path(__file__).resolve().parent
WINDOWS = platform.system() == "Windows"
STARTERS = ("start.sh", "start.bat")


def check_computer(targets):
    """이 컴퓨터에 맞는 휠이 없으면 어떤 파이썬이 필요한지 알리고 멈춥니다."""
    computer = (platform.system(), platform.machine())
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    fitting = [t["python"] for t in targets if (t["system"], t["machine"]) == computer]
    if python in fitting:
        return
    listed = ", ".join(f"{t['system']} {t['machine']} 파이썬 {t['python']}" for t in targets)
    message = f"이 컴퓨터는 {' '.join(computer)}, 파이썬 {python}인데 꾸러미에는 다음의 휠만 있습니다: {listed}."
    if fitting:
        # 다른 파이썬이 함께 깔린 컴퓨터가 많다
        command = f"py -{fitting[0]}" if WINDOWS else f"python{fitting[0]}"
        message += f" 파이썬 {fitting[0]}이 있다면 `{command} install.py`로 다시 합니다."
    sys.exit(message)


def make_environment(folder, names):
    venv = folder / ".venv"
    python = venv / ("Scripts/python.exe" if WINDOWS else "bin/python")
    # 사용자의 pip 설정이 네트워크나 다른 색인을 더하지 못하게 한다
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")}
    environment["PIP_CONFIG_FILE"] = os.devnull
    pip = [str(python), "-m", "pip"]
    # 만들다 만 것에도 파이썬은 있을 수 있다
    if not python.exists() or subprocess.run([*pip, "--version"], capture_output=True).returncode:
        shutil.rmtree(venv, ignore_errors=True)
        if subprocess.run([sys.executable, "-m", "venv", str(venv)]).returncode:
            shutil.rmtree(venv, ignore_errors=True)
            sys.exit(
                "가상 환경을 만들지 못했습니다. 데비안과 우분투에서는 python3-venv 꾸러미가 있어야 합니다."
            )
    install = [*pip, "install", "--quiet", "--no-index", "--disable-pip-version-check"]
    install += ["--find-links", str(KIT / "wheels")]
    # 고친 aelab은 판의 번호가 같을 수 있으므로 한 번 더 덮어쓴다
    for command in ([*install, *names], [*install, "--no-deps", "--force-reinstall", "aelab"]):
        if subprocess.run(command, env=environment).returncode:
            sys.exit("설치하지 못했습니다. 디스크의 남은 자리를 확인하고 다시 합니다.")
    return python


def replace(source, target):
    """`target`을 `source`의 사본으로 바꿉니다. `source`가 없으면 그대로 둡니다."""
    if source.exists():
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)


def copy_missing(source, target):
    """`source`의 파일 가운데 `target`에 없는 것만 복사합니다."""
    for file in sorted(source.rglob("*")):
        copy = target / file.relative_to(source)
        if file.is_file() and not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, copy)


def main(arguments):
    kit = json.loads((KIT / "kit.json").read_text(encoding="utf-8"))
    check_computer(kit["targets"])
    folder = Path(arguments[0] if arguments else Path.home() / "aelab-class").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    print(f"{folder}에 설치합니다. 몇 분 걸립니다.", flush=True)
    python = make_environment(folder, kit["install"])
    copy_missing(KIT / "notebooks", folder / "notebooks")
    for part in ("site", "data"):
        replace(KIT / part, folder / part)
    for starter in STARTERS:
        shutil.copy(KIT / starter, folder / starter)
    # -I: 지금 폴더에 있는 다른 aelab이 아니라 설치한 것을 읽는다
    test = [str(python), "-I", "-c", "import aelab; aelab.load_pretrained(64)"]
    if subprocess.run(test).returncode:
        sys.exit("설치는 했지만 aelab을 읽지 못했습니다. 위의 오류를 강의자에게 보여 줍니다.")
    command = "start.bat" if WINDOWS else "sh start.sh"
    print(f"설치를 마쳤습니다. {folder}에서 {command}로 JupyterLab을 엽니다.")


if __name__ == "__main__":
    main(sys.argv[1:])
