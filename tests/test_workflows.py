"""GitHub의 작업: 스키마에 맞는지, 적힌 명령이 정말 있는 것인지, 권한이 가장 작은지."""

import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
OFFICIAL = re.compile(r"actions/[a-z-]+(/[a-z]+)?@v\d+")


def read(path: Path) -> dict:
    # YAML 1.1은 on을 참으로 읽는다. 글로 읽게 한다
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)


def jobs() -> list[tuple[str, dict]]:
    return [(path.stem, job) for path in WORKFLOWS for job in read(path)["jobs"].values()]


def steps() -> list[dict]:
    return [step for _, job in jobs() for step in job["steps"]]


def commands() -> list[str]:
    return sorted(
        {line for step in steps() for line in step.get("run", "").splitlines() if line.strip()}
    )


def make_targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    return {*phony.split(), ".venv/.installed"}


def problem(command: str) -> str | None:
    """명령이 실행될 수 없는 까닭. 실행될 수 있으면 None."""
    program, *arguments = shlex.split(command)
    if program == "make":
        wrong = set(arguments) - make_targets()
        return f"Makefile에 없는 목표: {wrong}" if wrong else None
    if program == "bash":
        return None if (ROOT / arguments[0]).is_file() else f"없는 파일: {arguments[0]}"
    program = program.removeprefix(".venv/bin/")
    if program == "python":
        if arguments[0] != "-m":
            return "python -m으로 실행합니다."
        module = arguments[1]
        done = subprocess.run([sys.executable, "-m", module, "--help"], capture_output=True)
        if done.returncode != 0:
            return f"실행되지 않는 모듈: {module}"
    elif not shutil.which(program, path=sysconfig.get_path("scripts")):
        return f"requirements.txt가 설치하지 않는 명령: {program}"
    named = [a for a in arguments if a.endswith((".txt", ".toml", "/"))]
    missing = [name for name in named if not (ROOT / name).exists()]
    return f"없는 파일: {missing}" if missing else None


def check_schema(path: Path) -> subprocess.CompletedProcess:
    schema = ["--builtin-schema", "vendor.github-workflows"]
    return subprocess.run(
        [sys.executable, "-m", "check_jsonschema", *schema, str(path)],
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflow_follows_the_schema(path):
    done = check_schema(path)
    assert done.returncode == 0, done.stdout


def test_schema_refuses_a_broken_workflow(tmp_path):
    broken = tmp_path / "broken.yml"
    text = WORKFLOWS[0].read_text(encoding="utf-8").replace("runs-on:", "runs_on:")
    broken.write_text(text, encoding="utf-8")
    assert check_schema(broken).returncode == 1


@pytest.mark.parametrize("command", commands())
def test_every_command_exists(command):
    assert problem(command) is None


@pytest.mark.parametrize(
    "command",
    [
        "make everything",
        "bash .ci/walk",
        "python -m nothing",
        "pytset",
        "python -m pip install -r x.txt",
    ],
)
def test_a_command_that_cannot_run_is_found(command):
    assert problem(command)


def test_only_official_actions_are_used():
    used = [step["uses"] for step in steps() if "uses" in step]
    assert used
    assert [name for name in used if not OFFICIAL.fullmatch(name)] == []


def test_permissions_are_the_least():
    for path in WORKFLOWS:
        assert read(path)["permissions"] in ({}, {"contents": "read"}), path.name
    wider = {name: job["permissions"] for name, job in jobs() if "permissions" in job}
    assert set(wider) == {"pages"}
    deploy = read(ROOT / ".github/workflows/pages.yml")["jobs"]["deploy"]
    assert deploy["permissions"] == {"pages": "write", "id-token": "write"}
    build = read(ROOT / ".github/workflows/pages.yml")["jobs"]["build"]
    assert build["permissions"] == {"contents": "read"}


def test_checkout_leaves_no_credentials_behind():
    checkouts = [step for step in steps() if step.get("uses", "").startswith("actions/checkout")]
    assert [step for step in checkouts if step["with"]["persist-credentials"] != "false"] == []


def test_no_step_puts_an_event_into_a_command():
    """제목 같은 남의 글이 명령이 되지 않습니다."""
    assert [command for command in commands() if "${{" in command] == []


def test_gate_runs_on_three_systems_and_every_python_of_the_package():
    ci = read(ROOT / ".github/workflows/ci.yml")["jobs"]
    systems = {ci["linux"]["runs-on"], *ci["desktop"]["strategy"]["matrix"]["os"]}
    assert systems == {"ubuntu-latest", "macos-latest", "windows-latest"}
    with (ROOT / "pyproject.toml").open("rb") as file:
        oldest = tomllib.load(file)["project"]["requires-python"].removeprefix(">=")
    for job in ("linux", "desktop"):
        assert ci[job]["strategy"]["matrix"]["python-version"] == [oldest, "3.12", "3.13"]


def test_weekly_run_uses_the_newest_versions_without_caches():
    ci = read(ROOT / ".github/workflows/ci.yml")
    assert "schedule" in ci["on"]
    newest = ci["jobs"]["newest"]["steps"]
    assert not any("cache" in step.get("with", {}) for step in newest)
    install = next(step["run"] for step in newest if "install" in step.get("run", ""))
    assert "--no-cache-dir" in install
    assert "constraints" not in install


def test_published_folder_is_the_one_that_the_book_is_built_into():
    build = read(ROOT / ".github/workflows/pages.yml")["jobs"]["build"]["steps"]
    assert "make book" in [step.get("run") for step in build]
    upload = next(s for s in build if s.get("uses", "").startswith("actions/upload-pages-artifact"))
    assert upload["with"]["path"] == "book/_build/html"


def test_book_is_published_only_after_the_gate_is_green():
    ci, pages = (read(ROOT / f".github/workflows/{name}.yml") for name in ("ci", "pages"))
    assert ci["on"]["push"]["branches"] == ["main"]
    assert "push" not in pages["on"]
    assert pages["on"]["workflow_run"] == {
        "workflows": [ci["name"]],
        "types": ["completed"],
        "branches": ["main"],
    }
    build = pages["jobs"]["build"]
    for condition in ("workflow_run.conclusion == 'success'", "workflow_run.event == 'push'"):
        assert condition in build["if"]
    # 점검한 바로 그 판을 짓는다
    assert "workflow_run.head_sha" in build["steps"][0]["with"]["ref"]


def test_only_a_complete_download_is_kept_for_the_next_time():
    build = read(ROOT / ".github/workflows/pages.yml")["jobs"]["build"]["steps"]
    (save,) = [s for s in build if s.get("uses", "").startswith("actions/cache/save")]
    (restore,) = [s for s in build if s.get("uses", "").startswith("actions/cache/restore")]
    assert "steps.data.outcome == 'success'" in save["if"]
    assert save["with"] == restore["with"]
    (data,) = [step for step in build if step.get("id") == "data"]
    assert data["run"].endswith("aelab data")


def test_quick_checks_come_before_the_long_ones():
    gate = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    order = ["ruff check", "pyrefly check", "npm test", "jupyter-book build", "run_tests\n"]
    places = [gate.rindex(command) for command in order]
    assert places == sorted(places)
