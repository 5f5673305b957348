"""Every link between Checkov and the engine, broken on purpose: the run is red, or the message is seen."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from sovereign_guard.catalog import load
from sovereign_guard.errors import SovereignGuardError
from sovereign_guard.for_checkov import path as checks_path
from sovereign_guard.for_checkov.path import checks_folder
from tests.checkov_host import RULES, Done, checkov, checks, need_checkov

CLEAN = 'resource "scaleway_object_bucket" "a" {}\n'
BROKEN = 'resource "scaleway_object_bucket" "b" {\n'
HCL = ("--framework", "terraform")


@pytest.fixture(autouse=True)
def _host(request) -> None:
    if "without_checkov" not in request.node.name:
        need_checkov()


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "main.tf").write_text(CLEAN)
    return tmp_path


IN_FORCE = tuple(number for number in RULES if number != 7)
"""SOV007 is off unless somebody switches it on."""


def _all_fail(done: Done, text: str, rules: tuple[int, ...] = IN_FORCE) -> None:
    """Every check fails; of all rules where it cannot be told which are in force."""
    records = done.records()
    assert done.code == 1
    assert sorted(one.rule for one in records) == [f"SOV{number:03}" for number in rules]
    assert {one.result for one in records} == {"FAILED"}
    assert all(text in one.text for one in records), records[0].details


def _injected(folder: Path, program: str) -> dict[str, str]:
    """Environment in which Python runs a program before Checkov begins."""
    (folder / "injected").mkdir()
    (folder / "injected" / "sitecustomize.py").write_text(program)
    return {"PYTHONPATH": str(folder / "injected")}


def test_unbroken_it_passes(folder):
    done = checkov("-d", "source", *HCL, cwd=folder)
    assert done.code == 0
    assert {one.result for one in done.records()} == {"PASSED"}
    assert "sovereign-guard" not in done.err


# -- the engine ----------------------------------------------------------------------------------------------


def test_an_exception_in_the_engine(folder):
    program = "import sovereign_guard.for_checkov.answers as it\nit.assess = lambda request: 1 / 0\n"
    done = checkov("-d", "source", *HCL, cwd=folder, env=_injected(folder, program))
    _all_fail(done, "internal error, ZeroDivisionError")


def test_an_exception_in_a_check(folder):
    program = "import sovereign_guard.for_checkov.front as it\nit.answer = lambda *a, **k: 1 / 0\n"
    done = checkov("-d", "source", *HCL, cwd=folder, env=_injected(folder, program))
    _all_fail(done, "ZeroDivisionError")


def test_a_checkov_that_is_built_otherwise(folder):
    program = "import sovereign_guard.for_checkov.host as it\nit._DEPTH = 0\n"
    done = checkov("-d", "source", *HCL, cwd=folder, env=_injected(folder, program))
    _all_fail(done, "this version of Checkov does not show")


def test_an_optional_rule_has_a_check_where_it_is_switched_on(folder):
    (folder / ".sovereign-guard.yaml").write_text("rules: {SOV007: on}\n")
    done = checkov("-d", "source", *HCL, cwd=folder)
    assert sorted(one.rule for one in done.records()) == [f"SOV{number:03}" for number in RULES]


def test_options_that_cannot_be(folder):
    _all_fail(
        checkov("-d", "source", *HCL, cwd=folder, env={"SOVEREIGN_GUARD_POLICY": "nowhere"}),
        "no policy 'nowhere'",
        RULES,
    )
    _all_fail(
        checkov("-d", "source", *HCL, cwd=folder, env={"SOVEREIGN_GUARD_NO_INLINE_WAIVERS": "perhaps"}),
        "SOVEREIGN_GUARD_NO_INLINE_WAIVERS is 'perhaps'",
        RULES,
    )


def test_a_configuration_that_is_not_right(folder):
    (folder / ".sovereign-guard.yaml").write_text("polcy: cloud-act\n")
    _all_fail(checkov("-d", "source", *HCL, cwd=folder), "polcy", RULES)


# -- the input -----------------------------------------------------------------------------------------------


def test_a_broken_file_fails_what_is_beside_it(folder):
    (folder / "source" / "broken.tf").write_text(BROKEN)
    (folder / "source" / "other").mkdir()
    (folder / "source" / "other" / "main.tf").write_text(CLEAN)
    done = checkov("-d", "source", *HCL, cwd=folder)
    beside = [one for one in done.records() if one.file == "main.tf"]
    assert done.code == 1
    assert {one.result for one in beside} == {"FAILED"}
    assert all("source/broken.tf:2" in one.text for one in beside)
    assert {one.result for one in done.records() if one.file == "other/main.tf"} == {"PASSED"}


def test_a_broken_root_module_fails_the_run(folder):
    (folder / "source" / "other").mkdir()
    (folder / "source" / "other" / "main.tf").write_text(BROKEN)
    done = checkov("-d", "source", *HCL, cwd=folder)
    assert done.code == 1
    assert {one.result for one in done.records()} == {"FAILED"}
    assert all("source/other/main.tf" in one.text for one in done.records())


def test_only_broken_files(folder):
    """Checkov asks about nothing, and exits with 0: the message is all that there can be."""
    (folder / "source" / "main.tf").write_text(BROKEN)
    for frameworks in (HCL, ("--framework", "terraform", "terraform_plan"), ()):
        done = checkov("-d", "source", *frameworks, cwd=folder)
        assert done.records() == []
        assert done.err.count("sovereign-guard: judged nothing in this run (terraform of") == 1
        assert "source/main.tf:2" in done.err


def test_nothing_is_said_of_a_folder_without_terraform(folder):
    (folder / "empty").mkdir()
    (folder / "empty" / "Dockerfile").write_text("FROM scratch\n")
    assert "sovereign-guard" not in checkov("-d", "empty", cwd=folder).err
    assert "judged nothing" in checkov("-d", "empty", *HCL, cwd=folder).err


def test_a_second_folder_that_checkov_passes_over(folder):
    """With one framework Checkov 3.3.30 looks at the first folder again; it is told, no more."""
    (folder / "second").mkdir()
    (folder / "second" / "main.tf").write_text(
        'resource "aws_s3_bucket" "b" {\n  tags = { DataClassification = "sensitive" }\n}\n'
    )
    done = checkov("-d", "source", "-d", "second", *HCL, cwd=folder)
    assert f"sovereign-guard: judged nothing in this run (terraform of {folder / 'second'})" in done.err
    assert "aws_s3_bucket.b" in done.err


def _plan(folder: Path, name: str) -> Path:
    fixtures = Path(__file__).resolve().parent.parent / "fixtures"
    return Path(shutil.copy(fixtures / "aws-on-scaleway" / "plan.json", folder / name))


def test_a_broken_plan_beside_a_good_one(folder):
    good, broken = _plan(folder, "good.json"), _plan(folder, "broken.json")
    broken.write_text(broken.read_text()[:-200])
    done = checkov("-f", good.name, "-f", broken.name, "--framework", "terraform_plan", cwd=folder)
    told = [one for one in done.records() if "broken.json" in one.text]
    assert done.code == 1
    assert sorted(one.rule for one in told) == [f"SOV{number:03}" for number in IN_FORCE]


def test_only_a_broken_plan(folder):
    broken = _plan(folder, "plan.json")
    broken.write_text(broken.read_text()[:-200])
    done = checkov("-f", broken.name, "--framework", "terraform_plan", cwd=folder)
    assert "sovereign-guard: judged nothing in this run (terraform_plan of" in done.err
    assert "plan.json" in done.err


def test_a_resource_that_only_checkov_knows(folder):
    plan = _plan(folder, "plan.json")
    content = json.loads(plan.read_text())
    one = content["planned_values"]["root_module"]["resources"][0]
    content["planned_values"]["root_module"]["resources"].append(
        {**one, "address": f"{one['type']}.stranger", "name": "stranger"}
    )
    plan.write_text(json.dumps(content))
    done = checkov("-f", plan.name, "--framework", "terraform_plan", cwd=folder)
    strangers = [one for one in done.records() if one.resource.endswith(".stranger")]
    assert {one.result for one in strangers} == {"FAILED"}
    assert all("sovereign-guard knows no resource" in one.text for one in strangers)


# -- the installation ----------------------------------------------------------------------------------------


def test_without_the_package(folder):
    (folder / "shadow").mkdir()
    (folder / "shadow" / "sovereign_guard.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'sovereign_guard'\")\n"
    )
    done = checkov("-d", "source", *HCL, cwd=folder, env={"PYTHONPATH": str(folder / "shadow")})
    _all_fail(done, "pip install sovereign-guard", RULES)
    assert "sovereign-guard: every check fails." in done.err


def test_with_both_libraries_called_hcl2(folder):
    """As it is where bc-python-hcl2 was installed last; the other way round Checkov itself ends with 1."""
    metadata = folder / "libraries" / "python_hcl2-8.1.2.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: python-hcl2\nVersion: 8.1.2\n")
    done = checkov("-d", "source", *HCL, cwd=folder, env={"PYTHONPATH": str(folder / "libraries")})
    _all_fail(done, "pip uninstall python-hcl2")
    assert "sovereign-guard: every check fails." in done.err


def test_checkov_is_silent_about_a_folder_that_it_cannot_load(folder):
    """Why the folder is to be given by `sovereign-guard checkov-path`: here nothing of ours even runs."""
    without = folder / "without-init"
    shutil.copytree(checks(), without, ignore=shutil.ignore_patterns("__init__.py", "__pycache__"))
    for place in (without, folder / "nowhere"):
        done = checkov("-d", "source", *HCL, cwd=folder, folder=str(place))
        assert done.code == 0
        assert done.records() == []


@pytest.mark.parametrize("name", ["__init__.py", "sovereign_guard_checks.py"])
def test_the_folder_is_looked_at_without_checkov(name, tmp_path, monkeypatch):
    whole = checks_folder()
    assert (whole / name).is_file()
    copy = tmp_path / "sovereign_guard" / "checkov_checks"
    shutil.copytree(whole, copy)
    (copy / name).unlink()
    monkeypatch.setattr(checks_path, "__file__", str(copy.parent / "for_checkov" / "path.py"))
    with pytest.raises(SovereignGuardError, match=f"{name} cannot be read"):
        checks_folder()


def test_rules_known_by_heart_without_checkov():
    source = (checks_folder() / "sovereign_guard_checks.py").read_text()
    assert f"RULES_BY_HEART = {tuple(int(rule[3:]) for rule in load().rules)}" in source


# -- from a repository ---------------------------------------------------------------------------------------


def _git(repository: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=repository, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_from_the_branch_of_a_repository(folder):
    repository = folder / "repository"
    shutil.copytree(
        checks(),
        repository / "sovereign_guard" / "checkov_checks",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    _git(repository, "init", "--quiet")
    _git(repository, "add", ".")
    _git(repository, "commit", "--quiet", "-m", "all")
    commit = _git(repository, "commit-tree", "-m", "checks", "HEAD:sovereign_guard/checkov_checks")
    _git(repository, "branch", "checkov", commit)
    done = checkov(
        *("-d", "source", *HCL),
        *("--external-checks-git", f"file://{repository}?ref=heads/checkov"),
        cwd=folder,
        folder="",
    )
    assert done.code == 0
    assert len(done.records()) == len(IN_FORCE)
