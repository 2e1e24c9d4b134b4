"""GitHub의 작업: 적힌 명령이 정말 있고, 점검을 통과한 책만 공개되는지. 안전은 zizmor가 봅니다(`make lint`)."""

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
# YAML 1.1은 on을 참으로 읽는다. 글로 읽게 한다
WORKFLOWS = {
    path.stem: yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    for path in (ROOT / ".github" / "workflows").glob("*.yml")
}


def commands() -> list[str]:
    jobs = [job for workflow in WORKFLOWS.values() for job in workflow["jobs"].values()]
    return [step["run"] for job in jobs for step in job["steps"] if "run" in step]


def test_every_target_and_script_exists():
    targets = re.findall(r"(?m)^(\S+?):", (ROOT / "Makefile").read_text(encoding="utf-8"))
    for command in commands():
        program, first, *_ = [*command.split(), ""]
        if program == "make":
            assert first in {*targets, ".venv/.installed"}, command
        if program == "bash":
            assert (ROOT / first).is_file(), command


def test_gate_runs_on_three_systems_and_every_python_of_the_package():
    ci = WORKFLOWS["ci"]["jobs"]
    systems = {ci["linux"]["runs-on"], *ci["desktop"]["strategy"]["matrix"]["os"]}
    assert systems == {"ubuntu-latest", "macos-latest", "windows-latest"}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    oldest = project["requires-python"].removeprefix(">=")
    for job in ("linux", "desktop"):
        assert ci[job]["strategy"]["matrix"]["python-version"] == [oldest, "3.12", "3.13"]


def test_readme_commands_are_those_that_the_gate_runs():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"```bash\n(pip install.*?)```", readme, re.DOTALL)[1].splitlines()
    desktop = [step["run"] for step in WORKFLOWS["ci"]["jobs"]["desktop"]["steps"] if "run" in step]
    plain = [re.sub(r"python -m | -c constraints.txt| -W --keep-going", "", run) for run in desktop]
    assert [line for line in block if line not in plain] == []


def test_book_is_published_only_after_the_gate_is_green():
    ci, pages = WORKFLOWS["ci"], WORKFLOWS["pages"]
    assert ci["on"]["push"]["branches"] == ["main"]
    assert pages["on"] == {
        "workflow_run": {"workflows": [ci["name"]], "types": ["completed"], "branches": ["main"]},
        "workflow_dispatch": "",
    }
    build = pages["jobs"]["build"]
    for condition in ("workflow_run.conclusion == 'success'", "workflow_run.event == 'push'"):
        assert condition in build["if"]
    # 점검한 바로 그 판을 짓는다
    assert "workflow_run.head_sha" in build["steps"][0]["with"]["ref"]
