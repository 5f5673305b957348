"""The built wheel, installed apart: it carries its rules, parses no YAML, and judges as the checkout does."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from sovereign_guard import __version__
from sovereign_guard.catalog.compiled import encode
from sovereign_guard.catalog.source import compile_rules
from tests.command import run

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
FIXTURES = ROOT / "fixtures"
SCENARIOS = (
    "europe-mixed",
    "openstack-internal",
    "secnumcloud-policy",
    "delete-forget-replace-deposed",
    "kubernetes-on-eks",
    "provider-through-two-modules",
    "repo-declares-aws-internal",
)
AS_OF = ("--as-of", "2026-11-24")
HEAVY = ("yaml", "jsonschema", "rich")
BLOCKER = f"""
import sys


class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {HEAVY!r}:
            raise RuntimeError(f"imported at start: {{name}}")


sys.meta_path.insert(0, Refuse())
"""


class Installation:
    """The wheel, and the environment it is installed in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.blocker = folder / "blocker"

    @property
    def wheel(self) -> Path:
        (found,) = (self.folder / "dist").glob("*.whl")
        return found

    @property
    def python(self) -> Path:
        return self.folder / "venv" / "bin" / "python"

    def make(self) -> None:
        call(
            sys.executable, "-m", "build", "--no-isolation", "--outdir", str(self.folder / "dist"), str(ROOT)
        )
        venv.create(self.folder / "venv", with_pip=True)
        call(self.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(self.wheel))
        self.blocker.mkdir()
        (self.blocker / "sitecustomize.py").write_text(BLOCKER)

    def run(
        self, *arguments: str, cwd: Path, blocked: bool = False, program: bool = False
    ) -> subprocess.CompletedProcess[bytes]:
        """Run the installed command; `blocked`: with an import hook that refuses the heavy libraries."""
        command = (
            [self.python.with_name("sovereign-guard")] if program else [self.python, "-m", "sovereign_guard"]
        )
        return subprocess.run(
            [*command, *arguments],
            cwd=cwd,
            capture_output=True,
            timeout=120,
            check=False,
            env=self.environment(blocked=blocked),
        )

    def environment(self, *, blocked: bool) -> dict[str, str]:
        env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        env["XDG_CACHE_HOME"] = str(self.folder / "cache")
        return env | ({"PYTHONPATH": str(self.blocker)} if blocked else {})


def call(*command: str | Path) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=600)
    assert done.returncode == 0, (done.stdout + done.stderr).decode()[-4000:]


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Built once a session, however many workers share it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    installation = Installation(shared / "wheel")
    with (shared / "wheel.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (installation.folder / "made").exists():
            installation.make()
            (installation.folder / "made").touch()
    return installation


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A working directory far from the checkout, with the scenarios in it."""
    for scenario in SCENARIOS:
        (tmp_path / scenario).mkdir()
        for path in (FIXTURES / scenario).iterdir():
            if path.is_file():
                (tmp_path / scenario / path.name).write_bytes(path.read_bytes())
    return tmp_path


def test_version(installed: Installation, tmp_path: Path) -> None:
    for program in (False, True):
        done = installed.run("--version", cwd=tmp_path, program=program)
        assert (done.returncode, done.stdout.decode(), done.stderr) == (
            0,
            f"sovereign-guard {__version__}\n",
            b"",
        )


def test_the_rules_are_inside(installed: Installation) -> None:
    with zipfile.ZipFile(installed.wheel) as wheel:
        inside = {
            name.removeprefix("sovereign_guard/rules/"): wheel.read(name)
            for name in wheel.namelist()
            if name.startswith("sovereign_guard/rules/")
        }
    compiled = inside.pop("catalog.msgpack")
    ours = {
        path.relative_to(ROOT / "rules").as_posix(): path.read_bytes()
        for path in (ROOT / "rules").rglob("*")
        if path.is_file()
    }
    assert inside == ours
    assert compiled == encode(compile_rules(ROOT / "rules"))


def test_nothing_else_is_inside(installed: Installation) -> None:
    with zipfile.ZipFile(installed.wheel) as wheel:
        tops = {name.partition("/")[0] for name in wheel.namelist()}
        compiled = [name for name in wheel.namelist() if "__pycache__" in name or name.endswith(".pyc")]
    assert tops == {"sovereign_guard", f"sovereign_guard-{__version__}.dist-info"}
    assert compiled == []


def test_it_is_the_base_install_and_not_the_checkout(installed: Installation, tmp_path: Path) -> None:
    code = (
        "import importlib.util as u, sovereign_guard as s;"
        "print(s.__file__); print([n for n in ('hcl2', 'checkov', 'pytest') if u.find_spec(n)])"
    )
    done = subprocess.run(
        [installed.python, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        check=True,
        env=installed.environment(blocked=False),
    )
    place, extras = done.stdout.decode().splitlines()
    assert Path(place).is_relative_to(installed.folder / "venv")
    assert extras == "[]"


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_same_json_as_the_checkout(installed: Installation, scenario: str, elsewhere: Path) -> None:
    arguments = json.loads((FIXTURES / scenario / "expected.json").read_text())["args"]
    command = ("scan", "plan.json", "--source", "", *AS_OF, "--format", "json", *arguments)
    theirs = installed.run(*command, cwd=elsewhere / scenario, program=True)
    ours = run(*command, cwd=elsewhere / scenario)
    assert theirs.stderr.decode() == ours.stderr.decode() == ""
    assert theirs.returncode == ours.returncode
    assert theirs.stdout == ours.stdout
    assert json.loads(theirs.stdout)["resources"]


def test_the_blocker_blocks(installed: Installation, tmp_path: Path) -> None:
    for name in HEAVY:
        done = subprocess.run(
            [installed.python, "-c", f"import {name}"],
            cwd=tmp_path,
            capture_output=True,
            check=False,
            env=installed.environment(blocked=True),
        )
        assert f"imported at start: {name}".encode() in done.stderr


@pytest.mark.parametrize("output_format", ["json", "text"])
def test_a_scan_imports_nothing_heavy(installed: Installation, output_format: str, elsewhere: Path) -> None:
    command = ("scan", "europe-mixed/plan.json", *AS_OF, "--format", output_format)
    free = installed.run(*command, cwd=elsewhere)
    blocked = installed.run(*command, cwd=elsewhere, blocked=True)
    assert (blocked.returncode, blocked.stderr) == (1, b"")
    assert blocked.stdout == free.stdout


def test_it_compiles_nothing_and_writes_no_cache(installed: Installation, elsewhere: Path) -> None:
    done = installed.run("scan", "europe-mixed/plan.json", *AS_OF, cwd=elsewhere)
    assert done.returncode == 1
    assert not (installed.folder / "cache").exists()


def test_a_configuration_is_validated_from_the_wheel_too(installed: Installation, elsewhere: Path) -> None:
    (elsewhere / "wrong.yaml").write_text("polic: three-circles\n")
    done = installed.run("scan", "europe-mixed/plan.json", "--config", "wrong.yaml", cwd=elsewhere)
    assert done.returncode == 2
    assert b"wrong.yaml:1" in done.stderr
    assert b"Traceback" not in done.stderr


def test_schemas_are_printed_from_the_wheel(installed: Installation, tmp_path: Path) -> None:
    done = installed.run("schema", "report", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout == (ROOT / "rules" / "schemas" / "report.schema.json").read_bytes()
