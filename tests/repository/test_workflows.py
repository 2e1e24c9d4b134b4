"""GitHub의 작업: 스키마에 맞는지, 적힌 명령이 정말 있는 것인지, 권한이 가장 작고 남의 작업이 못박혔는지."""

import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections import Counter
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
# 꼬리표(v6)는 남이 옮길 수 있다. 커밋의 SHA로 못박고, 사람이 읽을 판을 곁에 적는다
PINNED = re.compile(
    r"^ +(?:- )?uses: (actions/[a-z-]+)((?:/[a-z]+)?)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)$",
    re.MULTILINE,
)
# 내용을 읽는 것보다 넓은 권한이 있어야 하는 작업
WIDER = {
    ("pages", "build"): {"contents": "read", "pages": "read"},
    ("pages", "deploy"): {"pages": "write", "id-token": "write"},
}


def parse(text: str) -> dict:
    # YAML 1.1은 on을 참으로 읽는다. 글로 읽게 한다
    return yaml.load(text, Loader=yaml.BaseLoader)


def read(path: Path) -> dict:
    return parse(path.read_text(encoding="utf-8"))


def steps_of(workflow: dict) -> list[dict]:
    return [step for job in workflow["jobs"].values() for step in job.get("steps", [])]


def steps() -> list[dict]:
    return [step for path in WORKFLOWS for step in steps_of(read(path))]


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
        encoding="utf-8",
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


def weaknesses(name: str, text: str) -> list[str]:
    """작업 파일 `name`에서 남에게 맡긴 것과, 필요보다 넓게 준 것."""
    workflow = parse(text)
    used = [
        part["uses"] for part in [*workflow["jobs"].values(), *steps_of(workflow)] if "uses" in part
    ]
    pinned = [f"{action}{part}@{sha}" for action, part, sha, _ in PINNED.findall(text)]
    loose = Counter(used) - Counter(pinned)  # 못박은 줄이 하나 있어도 나머지 줄을 가려 주지 않는다
    found = [f"커밋의 SHA와 판으로 못박지 않은 작업: {use}" for use in loose]
    if workflow.get("permissions") != {}:
        found.append("맨 위의 permissions가 {}이 아닙니다.")
    for job, content in workflow["jobs"].items():
        expected = WIDER.get((name, job), {"contents": "read"})
        if content.get("permissions") != expected:
            found.append(
                f"{job}: 권한 {expected}을(를) 기대했는데 {content.get('permissions')}입니다."
            )
    for step in steps_of(workflow):
        checkout = step.get("uses", "").startswith("actions/checkout@")
        if checkout and step.get("with", {}).get("persist-credentials") != "false":
            found.append("checkout이 열쇠를 저장소의 설정에 남깁니다.")
    if "pull_request_target" in workflow["on"]:
        found.append("남의 합치기 요청이 이 저장소의 권한으로 실행됩니다.")
    if "secrets." in text:
        found.append("비밀을 씁니다.")
    return found


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_and_permissions_are_the_least(path):
    assert weaknesses(path.stem, path.read_text(encoding="utf-8")) == []


CHECKOUT = next(
    line.strip("- ")
    for line in (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8").splitlines()
    if "actions/checkout@" in line
)
LEAST = "    permissions:\n      contents: read\n"


@pytest.mark.parametrize(
    ("old", "new", "weakness"),
    [
        (CHECKOUT, "uses: actions/checkout@v6", "actions/checkout@v6"),
        (CHECKOUT, "uses: actions/checkout@v6.1.0 # v6.1.0", "actions/checkout@v6.1.0"),
        (CHECKOUT, "uses: actions/checkout@main", "actions/checkout@main"),
        (CHECKOUT, CHECKOUT.split(" #")[0], "못박지 않은 작업: actions/checkout@"),  # 판이 없다
        (CHECKOUT, CHECKOUT.replace("@", "@0"), "못박지 않은 작업: actions/checkout@0"),
        (CHECKOUT, re.sub(r"@.{8}", "@", CHECKOUT), "못박지 않은 작업: actions/checkout@"),
        (CHECKOUT, CHECKOUT.replace("actions/", "someone/"), "못박지 않은 작업: someone/"),
        (CHECKOUT, "uses: docker://alpine", "못박지 않은 작업: docker://alpine"),
        (f"- {CHECKOUT}", "- {name: x, 'uses': actions/checkout@v6}\n      -", "checkout@v6"),
        ("permissions: {} ", "permissions: read-all ", "맨 위의 permissions"),
        ("permissions: {} ", "# ", "맨 위의 permissions"),
        (LEAST, "", "linux: 권한"),
        (LEAST, "    permissions: write-all\n", "linux: 권한"),
        (LEAST, LEAST.replace("read", "write"), "linux: 권한"),
        (LEAST, f"{LEAST}      id-token: write\n", "linux: 권한"),
        ("persist-credentials: false", "persist-credentials: true", "열쇠를"),
        ("persist-credentials: false", "fetch-depth: 1", "열쇠를"),
        ("  pull_request:", "  pull_request_target:", "남의 합치기 요청"),
        ("run: bash .ci/run", "run: bash .ci/run ${{ secrets.TOKEN }}", "비밀"),
    ],
)
def test_a_weakened_workflow_is_found(old, new, weakness):
    text = (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    assert old in text
    found = weaknesses("ci", text.replace(old, new, 1))
    assert any(weakness in one for one in found)


def test_an_action_has_the_same_pin_everywhere():
    pins = {}
    for path in WORKFLOWS:
        for action, _, sha, version in PINNED.findall(path.read_text(encoding="utf-8")):
            pins.setdefault(action, set()).add((sha, version))
    assert len(pins) >= 7
    assert {action: found for action, found in pins.items() if len(found) > 1} == {}


def test_locked_versions_are_audited_weekly_and_when_they_change():
    audit = read(ROOT / ".github/workflows/audit.yml")
    assert "schedule" in audit["on"]
    for event in ("push", "pull_request"):
        assert {"constraints.txt", "Makefile"} <= set(audit["on"][event]["paths"])
    assert "make audit" in [step.get("run") for step in steps_of(audit)]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (command,) = re.findall(r"^\t\$\(AUDIT\)/pip-audit (.*)$", makefile, re.MULTILINE)
    # 하나라도 묻지 못했으면 실패이고(--strict), 적힌 판을 그대로 묻는다(--no-deps)
    assert {"--strict", "--no-deps", "-r constraints.txt"} <= set(
        re.findall(r"-r \S+|-\S+", command)
    )
    assert re.search(r"pip install .*pip-audit==\d", makefile)


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
