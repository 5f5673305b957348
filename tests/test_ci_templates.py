"""The ready-made gates: their shell steps are run for real, with what each platform would give them.

Where a step installs sovereign-guard, it is replaced by a program that runs this checkout; one test for each
platform runs the installing itself. The platforms are played by the functions below: they put values where a
template says so, and run its scripts in the shell that it says.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hcl2
import pytest
import yaml

from tests import fresh

ROOT = fresh.ROOT
FIXTURES = ROOT / "fixtures"
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
GITLAB_SPEC, GITLAB_JOBS = yaml.safe_load_all((ROOT / "templates" / "sovereign-guard.yml").read_text())
AZURE = yaml.safe_load((ROOT / "ci" / "azure-pipelines.yml").read_text())
JENKINS = (ROOT / "ci" / "Jenkinsfile").read_text()
CONTAINER = (ROOT / "ci" / "Containerfile").read_text()
ATLANTIS = yaml.safe_load((ROOT / "ci" / "atlantis.yaml").read_text())
PAPER = (ROOT / "docs" / "ci.md").read_text()

PARIS = 'provider "aws" {\n  region = "eu-west-3"\n}\n'
BUCKET = 'resource "aws_s3_bucket" "payroll" {\n  tags = { sovereignty-level = LEVEL }\n}\n'
SENSITIVE = PARIS + BUCKET.replace("LEVEL", '"sensitive"')
PUBLIC = PARIS + BUCKET.replace("LEVEL", '"public"')
NOT_KNOWN = PARIS + 'variable "level" {}\n' + BUCKET.replace("LEVEL", "var.level")


@dataclass(frozen=True)
class Outcome:
    """What a gate did: exit code, log, reports by name, and what else the platform was told."""

    code: int
    log: str
    reports: Mapping[str, Path]
    told: Mapping[str, str]


class Desk:
    """A runner: a checkout, a place for temporary files, and sovereign-guard on the PATH."""

    cache = Path(os.devnull)

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.checkout = folder / "check out"
        self.temporary = folder / "tmp of the runner"
        self.programs = folder / "bin"
        for one in (self.checkout, self.temporary, self.programs):
            one.mkdir(parents=True)
        (self.checkout / ".git").mkdir()
        self.program = self.programs / "sovereign-guard"
        self.program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -m sovereign_guard "$@"\n')
        self.program.chmod(0o755)

    def write(self, name: str, text: str) -> Path:
        path = self.checkout / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def outside(self, name: str, text: str) -> Path:
        path = self.folder / "pinned" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    def sh(self, *command: str | Path, env: Mapping[str, str]) -> tuple[int, str]:
        """Run a shell in the checkout; return exit code and log."""
        path = f"{self.programs}:{os.environ['PATH']}"
        given = {
            **fresh.environment(),
            "CI": "true",
            "PATH": path,
            "XDG_CACHE_HOME": str(self.cache),
            "TMPDIR": str(self.temporary),
        }
        done = subprocess.run(
            command,
            cwd=self.checkout,
            env={**given, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        return done.returncode, done.stdout


Gate = Callable[..., Outcome]
"""Takes the desk, and inputs by the action's names with _ for -; `install`: the installing is run as well."""


def filled(text: Any, values: Mapping[str, str], pattern: str) -> str:
    """Put values into the places of a text, as the platform would."""
    return re.sub(pattern, lambda match: values[match[1]], str(text))


def found(folder: Path) -> dict[str, Path]:
    return {path.name: path for path in folder.glob("*") if path.stat().st_size} if folder.is_dir() else {}


def github(desk: Desk, *, install: bool = False, **inputs: str) -> Outcome:
    values = {f"inputs.{name}": one["default"] for name, one in ACTION["inputs"].items()}
    values |= {
        f"inputs.{name.replace('_', '-')}": value for name, value in inputs.items() if name != "package"
    }
    assert values.keys() == {f"inputs.{name}" for name in ACTION["inputs"]}
    files = {name: desk.folder / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    told: dict[str, str] = {"summary": ""}
    log, code = "", 0
    for step in ACTION["runs"]["steps"]:
        if step["id"] == "install" and not install:
            values["steps.install.outputs.program"] = str(desk.program)
            continue
        script = desk.folder / "step.sh"
        script.write_text(step["run"])
        for file in files.values():
            file.write_text("")
        env = {name: filled(text, values, r"\$\{\{ ([\w.-]+) \}\}") for name, text in step["env"].items()}
        env |= {name: str(file) for name, file in files.items()}
        env |= {"RUNNER_TEMP": str(desk.temporary), "GITHUB_ACTION_PATH": inputs.get("package", "")}
        assert step["shell"] == "bash"
        code, text = desk.sh("bash", "--noprofile", "--norc", "-eo", "pipefail", script, env=env)
        log += text
        for line in files["GITHUB_OUTPUT"].read_text().splitlines():
            name, equals, value = line.partition("=")
            assert equals
            values[f"steps.{step['id']}.outputs.{name}"] = value
        told["summary"] += files["GITHUB_STEP_SUMMARY"].read_text()
        if code:
            break
    for name, output in ACTION["outputs"].items():
        place = re.fullmatch(r"\$\{\{ ([\w.-]+) \}\}", output["value"])
        assert place
        told[name] = values.get(place[1], "")
    reports = {name: Path(told[name]) for name in ("sarif", "junit", "json", "markdown") if told[name]}
    return Outcome(code, log, reports, told)


def gitlab(desk: Desk, *, install: bool = False, **inputs: str) -> Outcome:
    job = gitlab_job(**inputs)["sovereign-guard"]
    script = "\n".join((*job["before_script"], *job["script"]))
    if install:
        desk.program.unlink()
    code, log = desk.sh(
        "sh", "-ec", script, env={name: str(value) for name, value in job["variables"].items()}
    )
    reports = found(desk.checkout / "sovereign-guard-reports")
    paths = job["artifacts"]["reports"]
    assert [desk.checkout / path for path in paths.values()] == [
        desk.checkout / "sovereign-guard-reports" / name for name in ("code-quality.json", "junit.xml")
    ]
    names = {"junit.xml": "junit", "sovereign-guard.sarif": "sarif", "sovereign-guard.md": "markdown"}
    return Outcome(code, log, {names.get(name, name): path for name, path in reports.items()}, {})


def gitlab_job(**inputs: str) -> Any:
    """Return the jobs of the component, its inputs put into place."""
    known = GITLAB_SPEC["spec"]["inputs"]
    values = {name: one["default"] for name, one in known.items()}
    for key, value in inputs.items():
        name = key.replace("_", "-")
        options = known[name].get("options")
        assert options is None or value in options
        values[name] = value

    def put(node: Any) -> Any:
        if isinstance(node, dict):
            return {put(key): put(value) for key, value in node.items()}
        if isinstance(node, list):
            return [put(value) for value in node]
        return filled(node, values, r"\$\[\[ inputs\.([\w-]+) \]\]") if isinstance(node, str) else node

    return put(GITLAB_JOBS)


def azure(desk: Desk, *, install: bool = False, **inputs: str) -> Outcome:
    values = {f"parameters.{one['name']}": one["default"] for one in AZURE["parameters"]}
    for key, value in inputs.items():
        first, *rest = key.split("_")
        values["parameters." + first + "".join(word.capitalize() for word in rest)] = value
    assert len(values) == len(AZURE["parameters"])
    installing, scanning = (step for step in AZURE["steps"] if "bash" in step)
    steps = [installing, scanning]
    if not install:
        steps = [scanning]
        (desk.temporary / "sovereign-guard" / "bin").mkdir(parents=True)
        shutil.copy(desk.program, desk.temporary / "sovereign-guard" / "bin")
    code, log = 0, ""
    for step in steps:
        env = {name: filled(text, values, r"\$\{\{ ([\w.]+) \}\}") for name, text in step["env"].items()}
        env["AGENT_TEMPDIRECTORY"] = str(desk.temporary)
        code, text = desk.sh("bash", "--noprofile", "--norc", "-c", step["bash"], env=env)
        log += text
        if code:
            break
    reports = found(desk.temporary / "sovereign-guard-reports")
    names = {
        "sovereign-guard.xml": "junit",
        "sovereign-guard.sarif": "sarif",
        "sovereign-guard.md": "markdown",
    }
    return Outcome(code, log, {names.get(name, name): path for name, path in reports.items()}, {})


def jenkins(desk: Desk, *, install: bool = False, **inputs: str) -> Outcome:
    values = dict(re.findall(r"^\s+(SG_\w+) = '(.*?)'", JENKINS, re.MULTILINE))
    given = {f"SG_{name.upper()}": value for name, value in inputs.items()}
    assert given.keys() <= values.keys()
    steps = re.findall(r"\bsh '''(.*?)'''", JENKINS, re.DOTALL)
    assert len(steps) == JENKINS.count("sh '") == 2
    assert "\\" not in "".join(steps)  # Groovy would read it
    if install:
        desk.program.unlink()
    code, log = 0, ""
    for step in steps:
        script = desk.folder / "script.sh"
        script.write_text(step)
        code, text = desk.sh(
            "sh", "-xe", script, env={**values, **given, "WORKSPACE_TMP": str(desk.temporary)}
        )
        log += text
        if code:
            break
    reports = found(desk.checkout / "sovereign-guard-reports")
    names = {"sovereign-guard.xml": "junit", "sovereign-guard.sarif": "sarif"}
    return Outcome(code, log, {names.get(name, name): path for name, path in reports.items()}, {})


GATES: dict[str, Gate] = {"github": github, "gitlab": gitlab, "azure": azure, "jenkins": jenkins}


@pytest.fixture(params=sorted(GATES))
def gate(request: pytest.FixtureRequest) -> Gate:
    return GATES[request.param]


@pytest.fixture(scope="session", autouse=True)
def _one_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    Desk.cache = tmp_path_factory.mktemp("cache")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "runner")


# -- what every gate does ------------------------------------------------------------------------------------


def test_findings_fail_the_step_and_every_report_is_there(gate: Gate, desk: Desk) -> None:
    desk.write("main.tf", SENSITIVE)
    outcome = gate(desk)
    assert outcome.code == 1
    assert "aws_s3_bucket.payroll" in outcome.log
    assert "SOV001" in outcome.log
    (result,) = json.loads(outcome.reports["sarif"].read_text())["runs"][0]["results"]
    assert result["ruleId"] == "SOV001"
    assert ET.parse(outcome.reports["junit"]).getroot().get("failures") == "1"


def test_nothing_found_passes_and_every_report_is_there(gate: Gate, desk: Desk) -> None:
    desk.write("main.tf", PUBLIC)
    outcome = gate(desk)
    assert outcome.code == 0, outcome.log
    assert json.loads(outcome.reports["sarif"].read_text())["runs"][0]["results"] == []
    assert ET.parse(outcome.reports["junit"]).getroot().get("failures") == "0"


def test_what_cannot_be_read_fails_the_step_and_every_report_is_there(gate: Gate, desk: Desk) -> None:
    desk.write("main.tf", PUBLIC)
    desk.write("broken.tf", 'resource "aws_s3_bucket" {\n')
    outcome = gate(desk)
    assert outcome.code == 3
    assert "a '}' is missing here" in outcome.log
    assert {"sarif", "junit"} <= outcome.reports.keys()


def test_wrong_use_fails_the_step(gate: Gate, desk: Desk) -> None:
    desk.write("main.tf", PUBLIC)
    outcome = gate(desk, policy="no-such-policy")
    assert outcome.code == 2
    assert "no policy 'no-such-policy'" in outcome.log
    assert not {"sarif", "junit"} & outcome.reports.keys()


def test_what_is_not_known_fails_unless_it_is_to_warn(gate: Gate, desk: Desk) -> None:
    desk.write("main.tf", NOT_KNOWN)
    outcome = gate(desk)
    assert outcome.code == 1
    assert "SOV003" in outcome.log
    again = Desk(desk.folder / "again")
    again.write("main.tf", NOT_KNOWN)
    assert gate(again, on_unknown="warn").code == 0


def test_policy_configuration_and_baseline_come_from_where_they_are_pinned(gate: Gate, desk: Desk) -> None:
    desk.write("main.tf", SENSITIVE)
    assert gate(desk, policy="eu-location").code == 0
    name = "a baseline.json"
    done = subprocess.run(
        [desk.program, "baseline", ".", "-o", name], cwd=desk.checkout, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    with_baseline = Desk(desk.folder / "b")
    with_baseline.write("main.tf", SENSITIVE)
    with_baseline.write(name, (desk.checkout / name).read_text())
    assert gate(with_baseline, baseline=name).code == 0
    with_config = Desk(desk.folder / "c")
    with_config.write("main.tf", NOT_KNOWN)
    assert gate(with_config, config=str(desk.outside("a config.yaml", "on_unknown: warn\n"))).code == 0


def test_the_repositorys_own_configuration_can_be_ignored(gate: Gate, desk: Desk) -> None:
    codes = []
    for ignore in ("false", "true"):
        one = Desk(desk.folder / ignore)
        one.write("main.tf", NOT_KNOWN)
        one.write(".sovereign-guard.yaml", "on_unknown: warn\n")
        codes.append(gate(one, ignore_repo_config=ignore).code)
    assert codes == [0, 1]


def test_several_paths_stand_one_a_line(gate: Gate, desk: Desk) -> None:
    desk.write("main.tf", PUBLIC)
    desk.write("with a space/main.tf", SENSITIVE)
    desk.write("other/main.tf", SENSITIVE.replace("payroll", "records"))
    outcome = gate(desk, path="with a space\nother\n")
    assert outcome.code == 1
    assert "aws_s3_bucket.payroll" in outcome.log
    assert "aws_s3_bucket.records" in outcome.log
    (desk.checkout / "with a space" / "main.tf").write_text(PUBLIC)
    again = Desk(desk.folder / "again")
    again.write("with a space/main.tf", PUBLIC)
    again.write("main.tf", SENSITIVE)
    assert gate(again, path="with a space").code == 0


@pytest.mark.parametrize("path", ["", "\n\n"])
def test_an_empty_path_is_not_the_whole_repository(gate: Gate, desk: Desk, path: str) -> None:
    """As where the step that should have made a plan told nothing of it."""
    desk.write("main.tf", PUBLIC)
    outcome = gate(desk, path=path)
    assert outcome.code == 2
    assert "is empty" in outcome.log


# -- hostile inputs ------------------------------------------------------------------------------------------

HOSTILE = (
    "$(touch pwned)",
    "`touch pwned`",
    '"; touch pwned; "',
    "'; touch pwned; '",
    "x\ntouch pwned\n",
    "x\nEND_OF_PATHS\ntouch pwned\n",
    "--version",
    "--output=pwned",
    "-opwned",
    "${IFS}pwned",
    "$[[ inputs.job ]]",
    "*",
)


@pytest.mark.parametrize("value", HOSTILE)
def test_an_input_is_never_run(gate: Gate, desk: Desk, value: str) -> None:
    desk.write("main.tf", PUBLIC)
    outcome = gate(desk, **dict.fromkeys(("policy", "config", "baseline", "path"), value))
    assert outcome.code in (2, 3), outcome.log
    assert not list(desk.folder.rglob("pwned*"))


@pytest.mark.parametrize("value", ["--version", "-opwned", "*", "$(touch pwned)"])
def test_a_path_is_a_path(gate: Gate, desk: Desk, value: str) -> None:
    desk.write("main.tf", PUBLIC)
    outcome = gate(desk, path=value)
    assert outcome.code == 3, outcome.log
    assert value in outcome.log
    assert not list(desk.folder.rglob("pwned*"))


@pytest.mark.parametrize("value", ["$(touch pwned)", "--version", "maybe"])
@pytest.mark.parametrize("name", ["fail_on", "on_unknown", "ignore_repo_config"])
def test_choices_are_choices_where_the_platform_lets_all_pass(desk: Desk, name: str, value: str) -> None:
    desk.write("main.tf", PUBLIC)
    assert github(desk, **{name: value}).code == 2
    assert not list(desk.folder.rglob("pwned*"))


@pytest.mark.parametrize(
    "version", ["1.0; touch pwned", "@ file:///x", "$(touch pwned)", "1.0\ntouch pwned", "-r x"]
)
def test_a_version_is_a_version(desk: Desk, version: str) -> None:
    outcome = github(desk, install=True, version=version)
    assert outcome.code == 2
    assert outcome.log == "::error title=sovereign-guard::The input version is not a version.\n"
    assert not list(desk.folder.rglob("pwned*"))


def test_nothing_is_written_through_a_link_of_the_repository(gate: Gate, desk: Desk) -> None:
    elsewhere = desk.folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "keep").touch()
    (desk.checkout / "sovereign-guard-reports").symlink_to(elsewhere)
    desk.write("main.tf", PUBLIC)
    assert gate(desk).code == 0
    assert [path.name for path in elsewhere.iterdir()] == ["keep"]


COMMANDS = {
    "github": re.compile(r"^\s*::|##\[", re.MULTILINE),
    "azure": re.compile(r"##vso\[|##\[", re.IGNORECASE),
}
"""What GitHub's runner and Azure's agent take for commands, anywhere in a line but for `::`."""
OURS = ("::error ", "::warning ", "::notice ", "##vso[task.uploadsummary]")


@pytest.mark.parametrize("name", sorted(COMMANDS))
@pytest.mark.parametrize("hashes", ["##", "###", "####", "##vso[a]##"])
def test_the_log_carries_no_command_that_the_repository_wrote(name: str, hashes: str, desk: Desk) -> None:
    command = f"{hashes}vso[task.setvariable variable=PATH]x {hashes}[add-mask]y"
    assert COMMANDS[name].search(command)
    desk.write("main.tf", PARIS + BUCKET.replace("LEVEL", json.dumps(command)))
    desk.write(f"{hashes}[add-mask]broken.tf", 'resource "aws_s3_bucket" {\n')
    outcome = GATES[name](desk)
    assert outcome.code == 3
    assert "vso[task.setvariable" in outcome.log
    lines = [line for line in outcome.log.splitlines() if COMMANDS[name].search(line)]
    # In a line that is a command of ours, the rest is its text.
    assert [line for line in lines if not line.startswith(OURS)] == []


def test_no_template_puts_an_input_into_a_script() -> None:
    scripts = [step["run"] for step in ACTION["runs"]["steps"]]
    scripts += [text for job in GITLAB_JOBS.values() for text in (*job["before_script"], *job["script"])]
    scripts += [step["bash"] for step in AZURE["steps"] if "bash" in step]
    assert len(scripts) == 6
    assert [text for text in scripts if "${{" in text or "$[[" in text] == []
    assert not re.search(r'\bsh\s*(\(|"|\$)', JENKINS)


# -- what is the platform's own ------------------------------------------------------------------------------


def test_github_is_told_outputs_annotations_and_a_summary(desk: Desk) -> None:
    desk.write("main.tf", SENSITIVE)
    outcome = github(desk)
    assert outcome.told["exit-code"] == "1"
    assert re.search(r"^::error file=main\.tf,line=4,col=1,title=SOV001 fail", outcome.log, re.M)
    assert outcome.told["summary"] == outcome.reports["markdown"].read_text()
    assert "aws_s3_bucket.payroll" in outcome.told["summary"]
    assert json.loads(outcome.reports["json"].read_text())["summary"]["fail"] == 1
    assert outcome.reports["sarif"].suffix == ".sarif"


def test_github_is_told_where_there_is_no_verdict(desk: Desk) -> None:
    desk.write("main.tf", SENSITIVE)
    outcome = github(desk, policy="no-such-policy")
    assert (outcome.told["exit-code"], outcome.told["sarif"], outcome.told["summary"]) == ("2", "", "")
    assert "::error title=sovereign-guard::No verdict was reached (exit code 2)" in outcome.log


def test_two_runs_of_one_github_job_keep_their_reports_apart(desk: Desk) -> None:
    desk.write("main.tf", SENSITIVE)
    first, second = github(desk), github(desk, policy="eu-location")
    assert first.reports["sarif"] != second.reports["sarif"]
    assert json.loads(first.reports["sarif"].read_text())["runs"][0]["results"]


def test_variables_of_the_github_job_still_count(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """An input that is left out does not switch off what the job's environment asks for."""
    desk.write("main.tf", SENSITIVE)
    usual = fresh.environment
    monkeypatch.setattr(fresh, "environment", lambda: {**usual(), "SOVEREIGN_GUARD_POLICY": "eu-location"})
    assert github(desk).code == 0


def test_gitlab_is_given_code_quality(desk: Desk) -> None:
    desk.write("main.tf", SENSITIVE)
    (issue,) = json.loads(gitlab(desk).reports["code-quality.json"].read_text())
    assert issue["location"]["path"] == "main.tf"


def test_azure_is_given_a_summary(desk: Desk) -> None:
    desk.write("main.tf", SENSITIVE)
    outcome = azure(desk)
    assert f"##vso[task.uploadsummary]{outcome.reports['markdown']}\n" in outcome.log
    published = [step for step in AZURE["steps"] if "bash" not in step]
    assert [step["condition"] for step in published] == ["succeededOrFailed()"] * 2


def test_jenkins_publishes_whatever_the_exit_code() -> None:
    always = JENKINS.partition("post {")[2].partition("always {")[2].partition("}")[0]
    assert "junit testResults: 'sovereign-guard-reports/*.xml'" in always
    assert "archiveArtifacts artifacts: 'sovereign-guard-reports/*'" in always


# -- installing ----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_installing(gate: Gate, desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> None:
    """From this checkout, with what it needs from an index; the repository offers modules of its own."""
    fresh.programs(tmp_path_factory)  # skips where there is no index
    desk.write("main.tf", SENSITIVE)
    for module in ("venv", "pip", "json", "click", "sovereign_guard"):
        desk.write(f"{module}.py", "raise SystemExit(0)\n")
    checkout = str(fresh.checkout(tmp_path_factory))
    outcome = gate(desk, install=True, package=checkout if gate is github else f"{checkout}[hcl2]")
    assert outcome.code == 1, outcome.log
    assert "SOV001" in outcome.log
    assert list(desk.folder.rglob("site-packages/hcl2"))


# -- the container -------------------------------------------------------------------------------------------


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"^\s*#.*\n", "", CONTAINER, flags=re.M).replace("\\\n", "")
    return [
        (word, rest.strip())
        for word, _space, rest in (line.partition(" ") for line in text.splitlines() if line)
    ]


def test_the_image_has_a_pinned_base_and_no_root() -> None:
    steps = instructions()
    bases = [rest.split()[0] for word, rest in steps if word == "FROM"]
    assert len(bases) == 2
    assert all(re.fullmatch(r"[\w./-]+:3\.\d+-slim-\w+", base) for base in bases)
    last = steps[[index for index, step in enumerate(steps) if step[0] == "FROM"][-1] :]
    assert [word for word, _rest in last] == ["FROM", "COPY", "ENV", "USER", "WORKDIR", "ENTRYPOINT", "CMD"]
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", dict(last)["USER"])
    assert json.loads(dict(last)["ENTRYPOINT"]) == ["sovereign-guard"]


@pytest.mark.slow
def test_what_the_image_copies_is_enough_to_install(
    desk: Desk, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The steps of the build stage, run here in folders that stand for the image's."""
    fresh.programs(tmp_path_factory)  # skips where there is no index
    steps = instructions()
    build = steps[1 : [index for index, step in enumerate(steps) if step[0] == "FROM"][1]]
    opt, source = tmp_path / "opt", tmp_path / "source"
    (desk.programs / "python").symlink_to(sys.executable)
    for word, rest in build:
        if word == "COPY":
            *names, target = rest.split()
            into = tmp_path / target.lstrip("/")
            for name in names:
                one = fresh.checkout(tmp_path_factory) / name
                if one.is_dir():
                    shutil.copytree(one, into)
                else:
                    into.mkdir(exist_ok=True)
                    shutil.copy(one, into)
        else:
            assert word == "RUN"
            command = rest.replace("/opt/", f"{opt}/").replace("/source", str(source))
            code, log = desk.sh("sh", "-c", command, env={})
            assert code == 0, log
    desk.write("main.tf", SENSITIVE)
    code, log = desk.sh(opt / "sovereign-guard" / "bin" / "sovereign-guard", "scan", ".", env={})
    assert (code, "SOV001" in log) == (1, True), log
    assert list(opt.glob("sovereign-guard/lib/*/site-packages/hcl2"))


def docker_answers() -> bool:
    program = shutil.which("docker")
    return (
        program is not None
        and not subprocess.run([program, "info"], capture_output=True, check=False).returncode
    )


@pytest.mark.slow
@pytest.mark.skipif(not docker_answers(), reason="no Docker engine answers, so no image can be built")
def test_the_image_judges(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> None:
    checkout = fresh.checkout(tmp_path_factory)
    build = ("docker", "build", "--file", "ci/Containerfile", "--tag", "sovereign-guard:under-test", ".")
    fresh.call(*build, cwd=checkout)
    desk.write("main.tf", SENSITIVE)
    code, log = desk.sh(
        *("docker", "run", "--rm", "--network", "none", "--volume", f"{desk.checkout}:/workspace:ro"),
        "sovereign-guard:under-test",
        env={},
    )
    assert (code, "SOV001" in log) == (1, True), log


# -- Atlantis ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scenario", "code"),
    [("aws-on-us-s3", 1), ("aws-on-unknown-endpoint", 1), ("aws-on-scaleway", 0), (None, 3)],
)
def test_atlantis_keeps_no_plan_that_does_not_pass(desk: Desk, scenario: str | None, code: int) -> None:
    steps = ATLANTIS["workflows"]["sovereign-guard"]["plan"]["steps"]
    assert steps[:3] == ["init", "plan", "show"]
    plan, shown = desk.write("default.tfplan", "PK"), desk.checkout / "default.json"
    shown.write_text((FIXTURES / scenario / "plan.json").read_text() if scenario else "{")
    desk.write(".sovereign-guard.yaml", "on_unknown: warn\n")
    env = {"PLANFILE": str(plan), "SHOWFILE": str(shown)}
    done, log = desk.sh("sh", "-c", steps[3]["run"]["command"], env=env)
    assert done == code, log
    assert plan.exists() == shown.exists() == (code == 0)


def test_atlantis_lets_no_repository_change_the_workflow() -> None:
    (repos,) = ATLANTIS["repos"]
    assert (repos["allowed_overrides"], repos["allow_custom_workflows"]) == ([], False)
    assert repos["workflow"] in ATLANTIS["workflows"]


# -- Terragrunt ----------------------------------------------------------------------------------------------


def terragrunt_block(kind: str) -> dict[str, Any]:
    (terraform,) = hcl2.loads((ROOT / "ci" / "terragrunt-hook.hcl").read_text())["terraform"]
    (block,) = terraform[kind]
    (found,) = block.values()
    return found


def heredoc() -> str:
    text = (ROOT / "ci" / "terragrunt-hook.hcl").read_text()
    match = re.search(r"<<-EOT\n(.*?)^\s*EOT$", text, re.DOTALL | re.MULTILINE)
    assert match
    return match[1]


@pytest.mark.parametrize(
    ("scenario", "code"), [("aws-on-us-s3", 1), ("aws-on-unknown-endpoint", 1), ("aws-on-scaleway", 0)]
)
def test_terragrunt_judges_the_plan_and_leaves_nothing(desk: Desk, scenario: str, code: int) -> None:
    terraform = terraform_that_shows(desk, f'cat "{FIXTURES / scenario / "plan.json"}"')
    plan = desk.write("sovereign-guard.tfplan", "PK")
    env = {"TG_CTX_TF_PATH": str(terraform)}
    done, log = desk.sh("sh", "-euc", heredoc(), env=env)
    assert done == code, log
    assert not plan.exists()
    assert list(desk.temporary.iterdir()) == []


@pytest.mark.parametrize(
    "shows", ["exit 1", "true", f"cat '{FIXTURES / 'aws-on-scaleway' / 'plan.json'}'; exit 1"]
)
def test_terragrunt_fails_where_the_plan_cannot_be_shown(desk: Desk, shows: str) -> None:
    terraform = terraform_that_shows(desk, shows)
    done, log = desk.sh("sh", "-euc", heredoc(), env={"TG_CTX_TF_PATH": str(terraform)})
    assert done != 0, log


def test_terragrunt_fails_where_it_does_not_say_which_program_planned(desk: Desk) -> None:
    assert desk.sh("sh", "-euc", heredoc(), env={})[0] != 0


def terraform_that_shows(desk: Desk, shows: str) -> Path:
    program = desk.programs / "a terraform"
    program.write_text(f'#!/bin/sh\n[ "$*" = "show -json sovereign-guard.tfplan" ] || exit 9\n{shows}\n')
    program.chmod(0o755)
    return program


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("terraform") is None, reason="there is no terraform here to plan with")
def test_terragrunts_hook_on_a_real_plan(desk: Desk) -> None:
    desk.write("main.tf", 'resource "terraform_data" "one" {\n  input = "x"\n}\n')
    desk.sh("terraform", "init", "-input=false", env={})
    made, log = desk.sh("terraform", "plan", "-input=false", "-out=sovereign-guard.tfplan", env={})
    assert made == 0, log
    done, log = desk.sh("sh", "-euc", heredoc(), env={"TG_CTX_TF_PATH": "terraform"})
    assert (done, "1 resource:" in log) == (0, True), log


def test_terragrunts_hooks_fit_together() -> None:
    extra = terragrunt_block("extra_arguments")
    before, after = terragrunt_block("before_hook"), terragrunt_block("after_hook")
    assert plain(extra["commands"]) == plain(before["commands"]) == plain(after["commands"]) == ["plan"]
    (out,) = plain(extra["arguments"])
    assert plain(before["execute"]) == ["rm", "-f", out.removeprefix("-out=")]
    assert plain(after["execute"])[:2] == ["sh", "-euc"]
    assert "${" not in heredoc()  # Terragrunt would read it


def plain(words: list[str]) -> list[str]:
    return [word.strip('"') for word in words]


# -- what others say of the files ----------------------------------------------------------------------------


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fresh.programs(tmp_path_factory)


def examples() -> dict[str, str]:
    """Return the YAML of the paper, by the file that its first line names."""
    blocks = re.findall(r"^```yaml\n# (\S+)\n(.*?)^```$", PAPER, re.MULTILINE | re.DOTALL)
    assert len(blocks) == PAPER.count("```yaml")
    return dict(blocks)


def valid(programs: Path, tmp_path: Path, schema: str, text: str) -> bool:
    file = tmp_path / "checked.yml"
    file.write_text(text)
    done = fresh.call(
        *(programs / "check-jsonschema", "--builtin-schema", f"vendor.{schema}", file),
        cwd=tmp_path,
        check=False,
    )
    return done.returncode == 0


@pytest.mark.slow
def test_the_files_follow_the_published_schemas(programs: Path, tmp_path: Path) -> None:
    """Those of SchemaStore, GitLab and Microsoft, as check-jsonschema carries them."""
    action = (ROOT / "action.yml").read_text()
    pipelines = (ROOT / "ci" / "azure-pipelines.yml").read_text()
    component = (ROOT / "templates" / "sovereign-guard.yml").read_text()
    for schema, text in (
        ("github-actions", action),
        ("azure-pipelines", pipelines),
        ("gitlab-ci", component.partition("\n---\n")[0]),
        ("gitlab-ci", yaml.safe_dump(gitlab_job())),
        ("github-workflows", examples()[".github/workflows/sovereignty.yaml"]),
        ("gitlab-ci", examples()[".gitlab-ci.yml"]),
        ("azure-pipelines", examples()["azure-pipelines.yml"]),
    ):
        assert valid(programs, tmp_path, schema, text), text
    for schema, text in (
        ("github-actions", action.replace("shell: bash", "shel: bash", 1)),
        ("azure-pipelines", pipelines.replace("  - bash:", "  - bass:", 1)),
        ("gitlab-ci", yaml.safe_dump(gitlab_job()).replace("when: always", "when: ever")),
        (
            "gitlab-ci",
            component.partition("\n---\n")[0].replace("options: [all, introduced]", "options: all"),
        ),
    ):
        assert not valid(programs, tmp_path, schema, text), text


@pytest.mark.slow
def test_zizmor_finds_nothing_in_the_action(programs: Path, tmp_path: Path) -> None:
    def run(text: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "action.yml").write_text(text)
        zizmor = (programs / "zizmor", "--offline", "--no-config", "--persona", "auditor", "action.yml")
        return fresh.call(*zizmor, cwd=tmp_path, check=False)

    text = (ROOT / "action.yml").read_text()
    done = run(text)
    assert done.returncode == 0, done.stdout
    injected = run(
        text.replace("set -euo pipefail\n", "set -euo pipefail\n        echo ${{ inputs.path }}\n")
    )
    assert "template-injection" in injected.stdout


@pytest.mark.slow
def test_the_example_for_pre_commit_is_a_configuration(programs: Path, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(examples()[".pre-commit-config.yaml"])
    fresh.call(programs / "pre-commit", "validate-config", "config.yaml", cwd=tmp_path)


# -- the paper -----------------------------------------------------------------------------------------------


def test_the_examples_use_inputs_that_there_are() -> None:
    steps = yaml.safe_load(examples()[".github/workflows/sovereignty.yaml"])["jobs"]["sovereignty"]["steps"]
    assert steps[1]["with"].keys() <= ACTION["inputs"].keys()
    named = set(re.findall(r"steps\.sovereignty\.outputs\.([\w-]+)", str(steps)))
    assert named
    assert named <= ACTION["outputs"].keys()
    (include,) = yaml.safe_load(examples()[".gitlab-ci.yml"])["include"]
    assert include["inputs"].keys() <= GITLAB_SPEC["spec"]["inputs"].keys()
    (template,) = yaml.safe_load(examples()["azure-pipelines.yml"])["steps"]
    assert template["parameters"].keys() <= {one["name"] for one in AZURE["parameters"]}
    (repo,) = yaml.safe_load(examples()[".pre-commit-config.yaml"])["repos"]
    hooks = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    assert {hook["id"] for hook in repo["hooks"]} <= hooks
    assert set(re.findall(r"^\| `([\w-]+)` \|", PAPER, re.MULTILINE)) == hooks


def test_the_papers_commands_run(desk: Desk) -> None:
    """Those of Docker and pre-commit are only looked at: their programs are played by `true`."""
    for name in ("docker", "pre-commit"):
        (desk.programs / name).write_text(f'#!/bin/sh\n[ {name} = docker ] || [ -z "$CI" ]\n')
        (desk.programs / name).chmod(0o755)
    desk.outside("policy.yaml", "id: ours\ntitle: Ours\nextends: three-circles\n")
    desk.outside("estate.yaml", "on_unknown: fail\n")
    desk.write("main.tf", SENSITIVE)
    env = {"PINNED": str(desk.folder / "pinned"), "SOVEREIGN_GUARD": str(ROOT), "CI": ""}
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAPER, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    assert len(lines) > 6
    for line in lines:
        stated = re.search(r"# exit (\d)", line)
        code, log = desk.sh("sh", "-c", line, env=env)
        assert code == (int(stated[1]) if stated else 0), (line, log)
    assert all((ROOT / path).is_file() for path in re.findall(r"\$SOVEREIGN_GUARD/(\S+?)\"", "".join(lines)))
