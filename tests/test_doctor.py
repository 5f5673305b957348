"""`sovereign-guard doctor`: what is amiss is told with what to do, and nothing of the checkout is started."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sovereign_guard import __version__
from sovereign_guard.cli import cli
from tests.command import run

PIPELINES = (
    *("CI", "TF_BUILD", "JENKINS_URL", "BUILD_ID"),
    *("TEAMCITY_VERSION", "CODEBUILD_BUILD_ARN", "bamboo_planKey", "GO_PIPELINE_LABEL"),
)
OURS = "python_hcl2"
THEIRS = "bc_python_hcl2"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    (folder / ".git").mkdir(parents=True)
    return folder


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder that is all of the PATH, outside of the checkout."""
    folder = tmp_path / "programs"
    folder.mkdir()
    return folder


def doctor(folder: Path, path: Path | str, **variables: str) -> tuple[int, list[tuple[str, str, str]]]:
    """Return the exit code, and each check: name, state, and what is said."""
    laptop = dict.fromkeys((*PIPELINES, *(n for n in os.environ if n.startswith("SOVEREIGN_GUARD_"))), "")
    laptop.pop("SOVEREIGN_GUARD_UNDER_TEST", None)
    done = run("doctor", cwd=folder, env={"COLUMNS": "140", **laptop, "PATH": str(path), **variables})
    assert b"Traceback" not in done.stderr
    joined = re.sub(r"\n {9}", " ", done.stdout.decode())
    found = re.findall(r"^(ok|warning|broken) +([\w ]+?): (.*)$", joined, re.MULTILINE)
    assert len(found) == len(joined.splitlines()), joined
    return done.returncode, [(name, state, said) for state, name, said in found]


def only(checks: list[tuple[str, str, str]], name: str) -> tuple[str, str]:
    ((_name, state, said),) = [check for check in checks if check[0] == name]
    return state, said


def program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


# -- all is well ---------------------------------------------------------------------------------------------


def test_a_sound_installation_has_nothing_broken(checkout: Path, programs: Path) -> None:
    code, checks = doctor(checkout, programs)
    assert code == 0
    assert {state for _name, state, _said in checks} == {"ok"}
    names = [name for name, _state, _said in checks]
    assert names == [
        "installation",
        "rules",
        "catalog",
        "parser",
        "second opinion",
        "Checkov",
        "Checkov checks",
        "terraform",
        "cache",
        "checkout",
        "variables",
        "configuration",
        "policy",
        "unknowns",
    ]
    assert __version__ in only(checks, "installation")[1]
    assert str(checkout) in only(checks, "checkout")[1]


def test_nothing_heavy_is_imported_and_no_parser_that_may_be_broken(checkout: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from sovereign_guard.onboarding.doctor import checkup;"
        "checkup({}, Path()); print(' '.join(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=checkout, capture_output=True, text=True, check=True
    )
    assert {"hcl2", "checkov", "rich", "jsonschema", "click"}.isdisjoint(done.stdout.split())


def test_the_age_of_the_facts() -> None:
    from sovereign_guard.catalog import load
    from sovereign_guard.onboarding.doctor import State, _age

    catalog = load()
    year = int(catalog.as_of[:4])
    assert _age(catalog, f"{year + 1}{catalog.as_of[4:]}").state is State.OK
    assert _age(catalog, f"{year + 2}{catalog.as_of[4:]}").state is State.WARNING


# -- terraform -----------------------------------------------------------------------------------------------

TELLS = 'test -z "$(ls -A)" && test -z "$SECRET" && printf \'Terraform v9.8.7\\non linux_amd64\\n\''


def test_terraform_tells_its_version_from_an_empty_folder(checkout: Path, programs: Path) -> None:
    (checkout / ".terraform-version").write_text("0.1.2\n")
    program(programs / "terraform", TELLS)
    path = f"{programs}{os.pathsep}/usr/bin{os.pathsep}/bin"
    _code, checks = doctor(checkout, path, SECRET="s")
    state, said = only(checks, "terraform")
    assert (state, said.split(",")[0]) == ("ok", "9.8.7")


def test_a_terraform_that_tells_no_version_is_told(checkout: Path, programs: Path) -> None:
    program(programs / "tofu", "exit 3")
    _code, checks = doctor(checkout, programs)
    state, said = only(checks, "tofu")
    assert state == "warning"
    assert "exit code 3" in said


@pytest.mark.parametrize("way", ["path", "relative", "link", "folder-link"])
def test_no_program_of_the_checkout_is_started(way: str, checkout: Path, programs: Path) -> None:
    inside = program(checkout / "bin" / "terraform", f"touch {checkout}/started; echo Terraform v1.0.0")
    path: Path | str = programs
    if way == "path":
        path = inside.parent
    elif way == "relative":
        path = f"bin{os.pathsep}{programs}"
    elif way == "link":
        (programs / "terraform").symlink_to(inside)
    else:
        (programs / "more").symlink_to(inside.parent)
        path = programs / "more"
    (checkout / "deep").mkdir()
    _code, checks = doctor(checkout / "deep" if way != "relative" else checkout, path)
    state, said = only(checks, "terraform")
    assert state == "warning"
    assert "was not started" in said
    assert not (checkout / "started").exists()


def test_one_outside_is_found_behind_one_inside(checkout: Path, programs: Path) -> None:
    inside = program(checkout / "bin" / "terraform", f"touch {checkout}/started; echo Terraform v1.0.0")
    program(programs / "terraform", "echo Terraform v2.0.0")
    _code, checks = doctor(checkout, f"{inside.parent}{os.pathsep}{programs}")
    assert only(checks, "terraform")[1].startswith("2.0.0,")
    assert not (checkout / "started").exists()


# -- variables -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("SOVEREIGN_GUARD_POLICIY", "SOVEREIGN_GUARD_POLICY"),
        ("SOVERIGN_GUARD_CONFIG", "SOVEREIGN_GUARD_CONFIG"),
        ("sovereign_guard_on_unknown", "SOVEREIGN_GUARD_ON_UNKNOWN"),
    ],
)
def test_a_misspelt_variable(name: str, meant: str, checkout: Path, programs: Path) -> None:
    code, checks = doctor(checkout, programs, **{name: "hunter2"})
    state, said = only(checks, "variables")
    assert (code, state) == (0, "warning")
    assert said.startswith(f"{name} is set")
    assert said.endswith(f"Is {meant} meant?")
    assert not any("hunter2" in said for _name, _state, said in checks)


def test_a_variable_that_nothing_resembles(checkout: Path, programs: Path) -> None:
    _code, checks = doctor(checkout, programs, SOVEREIGN_GUARD_COLOUR_OF_THE_SKY="blue", GUARD="x")
    state, said = only(checks, "variables")
    assert state == "warning"
    assert "SOVEREIGN_GUARD_POLICY" in said


def test_every_variable_of_the_command_line_is_known() -> None:
    from sovereign_guard.onboarding.doctor import VARIABLES

    named = {
        name
        for command in cli.commands.values()
        for parameter in command.params
        if isinstance(name := getattr(parameter, "envvar", None), str)
    }
    assert len(named) > 4
    assert named | {
        *("SOVEREIGN_GUARD_DEBUG", "SOVEREIGN_GUARD_LANG", "SOVEREIGN_GUARD_NO_INLINE_WAIVERS")
    } == set(VARIABLES)


# -- configuration, policy, pipeline -------------------------------------------------------------------------


def test_every_fault_of_the_configuration_is_told(checkout: Path, programs: Path) -> None:
    (checkout / ".sovereign-guard.yaml").write_text("on_unknown: maybe\nmirror: [a]\n")
    (checkout / "deep").mkdir()
    code, checks = doctor(checkout / "deep", programs)
    assert code == 2
    told = [said for name, state, said in checks if (name, state) == ("configuration", "broken")]
    assert len(told) == 2
    assert ".sovereign-guard.yaml:1:" in told[0]
    assert ".sovereign-guard.yaml:2:" in told[1]


def test_what_of_the_configuration_is_heard(checkout: Path, programs: Path) -> None:
    (checkout / ".sovereign-guard.yaml").write_text(
        "policy: cloud-act\non_unknown: warn\nmirrors: [m.example]\n"
    )
    code, checks = doctor(checkout, programs)
    assert code == 0
    told = [(state, said) for name, state, said in checks if name == "configuration"]
    assert told[0] == ("ok", f"{checkout / '.sovereign-guard.yaml'}, 2 statements heard.")
    assert told[1][0] == "warning"
    assert "mirrors" in told[1][1]
    assert only(checks, "policy")[1].startswith("cloud-act")
    assert "makes a run warn" in only(checks, "unknowns")[1]


def test_variables_of_ours_are_heeded(checkout: Path, programs: Path) -> None:
    (checkout / ".sovereign-guard.yaml").write_text("on_unknown: maybe\n")
    code, checks = doctor(checkout, programs, SOVEREIGN_GUARD_IGNORE_REPO_CONFIG="1")
    assert code == 0
    assert only(checks, "configuration")[1].startswith("none")
    code, checks = doctor(checkout, programs, SOVEREIGN_GUARD_POLICY="no-such-policy")
    assert code == 2
    assert only(checks, "variables")[1] == "set: SOVEREIGN_GUARD_POLICY."
    code, checks = doctor(checkout, programs, SOVEREIGN_GUARD_ON_UNKNOWN="maybe")
    assert code == 2
    assert "SOVEREIGN_GUARD_ON_UNKNOWN" in only(checks, "configuration")[1]


def test_a_pipeline_is_recognised(checkout: Path, programs: Path) -> None:
    _code, checks = doctor(checkout, programs)
    assert "this is no pipeline, and what is unknown makes a run fail" in only(checks, "unknowns")[1]
    _code, checks = doctor(checkout, programs, CI="true")
    assert "this is a pipeline, and what is unknown makes a run fail" in only(checks, "unknowns")[1]
    for ci, does in (("", "warn"), ("true", "fail")):
        _code, checks = doctor(checkout, programs, CI=ci, SOVEREIGN_GUARD_ON_UNKNOWN="warn-locally")
        assert f"makes a run {does}" in only(checks, "unknowns")[1]


def test_no_checkout(tmp_path: Path, programs: Path) -> None:
    folder = tmp_path / "loose"
    folder.mkdir()
    code, checks = doctor(folder, programs)
    assert (code, only(checks, "checkout")[0]) == (0, "warning")


# -- cache ---------------------------------------------------------------------------------------------------


def test_a_cache_that_cannot_be_written(checkout: Path, programs: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    code, checks = doctor(checkout, programs, XDG_CACHE_HOME=str(tmp_path / "file"))
    assert code == 0
    assert only(checks, "cache")[0] == "warning"


def test_the_size_of_the_cache(checkout: Path, programs: Path, tmp_path: Path) -> None:
    base = tmp_path / "cache"
    (base / "sovereign-guard" / "source").mkdir(parents=True)
    (base / "sovereign-guard" / "source" / "entry").write_bytes(bytes(50_000_000))
    _code, checks = doctor(checkout, programs, XDG_CACHE_HOME=str(base))
    state, said = only(checks, "cache")
    assert state == "ok"
    size = float(re.findall(r"([\d.]+) MB", said)[0])
    assert 50 <= size < 60


# -- packages that bear one another ill ----------------------------------------------------------------------


def install(packages: Path, name: str, version: str, **files: str) -> None:
    """Put a distribution into a folder as pip does, over what is there."""
    record = []
    for file, content in {f"{name}-{version}.dist-info/METADATA": "", **files}.items():
        text = content or f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n"
        path = packages / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record.append(f"{file},sha256={digest},{len(text)}")
    record.append(f"{name}-{version}.dist-info/RECORD,,")
    (packages / f"{name}-{version}.dist-info" / "RECORD").write_text("\n".join(record) + "\n")


def ours(packages: Path) -> None:
    install(packages, OURS, "8.1.4", **{"hcl2/__init__.py": "ours = 1\n", "hcl2/api.py": "ours = 2\n"})


def theirs(packages: Path) -> None:
    install(
        packages, THEIRS, "0.4.3", **{"hcl2/__init__.py": "theirs = 1\n", "hcl2/parser.py": "theirs = 2\n"}
    )


def theirs_without_record(packages: Path) -> None:
    theirs(packages)
    (packages / f"{THEIRS}-0.4.3.dist-info" / "RECORD").write_text("")


@pytest.mark.parametrize(
    ("order", "told"),
    [
        ((ours, theirs), "it is that of bc-python-hcl2, so sovereign-guard has no second opinion"),
        ((theirs, ours), "it is that of python-hcl2, so Checkov does not start"),
        ((theirs_without_record, ours), "it is that of python-hcl2, so Checkov does not start"),
        ((theirs, ours, None), "a mixture of both, so neither works"),
    ],
)
def test_both_parsers_in_this_environment(
    order: tuple, told: str, checkout: Path, programs: Path, tmp_path: Path
) -> None:
    packages = tmp_path / "packages"
    for one in order:
        if one is None:
            (packages / "hcl2" / "api.py").unlink()
        else:
            one(packages)
    code, checks = doctor(
        checkout, programs, PYTHONPATH=f"{packages}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    )
    state, said = only(checks, "second opinion")
    assert (code, state) == (2, "broken")
    assert told in said
    assert "pip uninstall -y python-hcl2 bc-python-hcl2" in said
    assert "bc-python-hcl2==0.4.3" in said


def elsewhere(tmp_path: Path) -> tuple[Path, Path]:
    """Return the folders of packages and of programs of an environment with Checkov."""
    packages = tmp_path / "venv" / "lib" / "python3.12" / "site-packages"
    install(packages, "checkov", "3.3.30")
    theirs(packages)
    programs = tmp_path / "venv" / "bin"
    programs.mkdir()
    (programs / "checkov").write_text(f"#!{programs}/python3\nraise SystemExit('started')\n")
    (programs / "checkov").chmod(0o755)
    return packages, programs


def test_checkov_without_us_beside_it(checkout: Path, tmp_path: Path) -> None:
    _packages, programs = elsewhere(tmp_path)
    code, checks = doctor(checkout, programs)
    state, said = only(checks, "Checkov")
    assert (code, state) == (0, "warning")
    assert said.startswith("3.3.30, ")
    assert f"{programs}/python3 -m pip install sovereign-guard" in said


@pytest.mark.parametrize(("version", "state"), [(__version__, "ok"), ("0.0.1", "warning")])
def test_checkov_with_us_beside_it(version: str, state: str, checkout: Path, tmp_path: Path) -> None:
    packages, programs = elsewhere(tmp_path)
    install(packages, "sovereign_guard", version)
    _code, checks = doctor(checkout, programs)
    assert only(checks, "Checkov")[0] == state


def test_checkov_found_through_a_link(checkout: Path, programs: Path, tmp_path: Path) -> None:
    _packages, there = elsewhere(tmp_path)
    (programs / "checkov").symlink_to(there / "checkov")
    _code, checks = doctor(checkout, programs)
    assert only(checks, "Checkov")[1].startswith("3.3.30, ")


def test_both_parsers_beside_checkov(checkout: Path, tmp_path: Path) -> None:
    packages, programs = elsewhere(tmp_path)
    install(packages, "sovereign_guard", __version__)
    ours(packages)
    code, checks = doctor(checkout, programs)
    assert code == 2
    assert [state for name, state, _said in checks if name == "Checkov"] == ["broken", "ok"]


def test_a_checkov_that_hides_its_environment(checkout: Path, programs: Path) -> None:
    program(programs / "checkov", f"touch {checkout}/started")
    _code, checks = doctor(checkout, programs)
    assert only(checks, "Checkov")[0] == "warning"
    assert not (checkout / "started").exists()


def test_hostile_names_cannot_move_the_cursor(checkout: Path, programs: Path) -> None:
    (checkout / ".sovereign-guard.yaml").write_text(json.dumps({"\x1b[2Jpolicy": "x"}))
    done = run("doctor", cwd=checkout, env={"PATH": str(programs)})
    assert done.returncode == 2
    assert b"\x1b" not in done.stdout + done.stderr
