"""Real pre-commit, in a fresh environment, with this checkout as the repository of the hooks."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from sovereign_guard.checkov_hook import command
from sovereign_guard.errors import UsageError
from tests import fresh
from tests.command import run_json

pytestmark = pytest.mark.slow

FIXTURES = fresh.ROOT / "fixtures"
HOOKS = {hook["id"]: hook for hook in yaml.safe_load((fresh.ROOT / ".pre-commit-hooks.yaml").read_text())}

BUCKET = """resource "aws_s3_bucket" "payroll" {
  bucket = "payroll"
  tags   = { sovereignty-level = "LEVEL" }
}
"""
SENSITIVE = BUCKET.replace("LEVEL", "sensitive")
PUBLIC = BUCKET.replace("LEVEL", "public")
PARIS = 'provider "aws" {\n  region = "eu-west-3"\n}\n'
SCALEWAY = (
    'provider "aws" {\n  region = "fr-par"\n  endpoints {\n    s3 = "https://s3.fr-par.scw.cloud"\n  }\n}\n'
)
NOT_KNOWN = 'variable "level" {}\n' + BUCKET.replace('"LEVEL"', "var.level")
FINDING = "main.tf:1:1: SOV001 fail critical: aws_s3_bucket.payroll"


class PreCommit:
    """pre-commit as installed on one machine: its hooks are set up once."""

    def __init__(self, program: Path, hooks: Path, home: Path) -> None:
        self.program = program
        self.hooks = hooks
        self.home = home

    def config(self, hook: str, **options: Any) -> str:
        entry = {"repo": str(self.hooks), "rev": fresh.head(self.hooks), "hooks": [{"id": hook, **options}]}
        return yaml.safe_dump({"repos": [entry]})

    def env(self, cache: Path, **more: str) -> dict[str, str]:
        return {"PRE_COMMIT_HOME": str(self.home), "XDG_CACHE_HOME": str(cache), "COLUMNS": "200", **more}


class Estate:
    """A repository of Terraform that uses a hook."""

    def __init__(self, pre_commit: PreCommit, folder: Path) -> None:
        self.pre_commit = pre_commit
        self.folder = folder
        self.cache = folder.parent / "cache"
        folder.mkdir()
        fresh.repository(folder)

    def use(self, hook: str, **options: Any) -> None:
        """Configure a hook, and install it for `git commit`."""
        self.write(".pre-commit-config.yaml", self.pre_commit.config(hook, **options))
        self.run("install")

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def stands(self, name: str, text: str) -> None:
        """Put a file into the history, where no hook has looked at it."""
        self.write(name, text)
        fresh.call("git", "add", "--all", cwd=self.folder)
        fresh.call("git", "commit", "-q", "--no-verify", "-m", "What stood", cwd=self.folder)

    def commit(self, **env: str) -> tuple[bool, str]:
        """Commit all that changed; return whether git made the commit, and what was shown."""
        count = ("git", "rev-list", "--count", "--all")
        before = fresh.call(*count, cwd=self.folder).stdout
        done = fresh.commit(self.folder, self.pre_commit.env(self.cache, **env), check=False)
        made = fresh.call(*count, cwd=self.folder).stdout != before
        assert made == (done.returncode == 0)
        return made, done.stdout + done.stderr

    def run(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        return fresh.call(
            self.pre_commit.program,
            *arguments,
            cwd=self.folder,
            env=self.pre_commit.env(self.cache, **env),
            check=False,
        )


@pytest.fixture(scope="session")
def pre_commit(tmp_path_factory: pytest.TempPathFactory) -> PreCommit:
    program = fresh.programs(tmp_path_factory) / "pre-commit"
    hooks = fresh.checkout(tmp_path_factory)

    def set_up(folder: Path) -> None:
        one = PreCommit(program, hooks, folder / "home")
        fresh.repository(folder)
        (folder / ".pre-commit-config.yaml").write_text(one.config("sovereign-guard"))
        fresh.call(program, "install-hooks", cwd=folder, env=one.env(folder))

    return PreCommit(program, hooks, fresh.made_once(tmp_path_factory, "pre-commit", set_up) / "home")


@pytest.fixture
def estate(pre_commit: PreCommit, tmp_path: Path) -> Estate:
    return Estate(pre_commit, tmp_path / "estate")


# -- source --------------------------------------------------------------------------------------------------


def test_a_violation_is_not_committed_and_a_clean_change_is(estate: Estate) -> None:
    estate.use("sovereign-guard")
    estate.write("provider.tf", PARIS)
    estate.write("main.tf", SENSITIVE)
    made, shown = estate.commit()
    assert not made
    assert FINDING in shown
    assert "Amazon Web Services, which US can compel" in shown
    estate.write("main.tf", PUBLIC)
    made, shown = estate.commit()
    assert made, shown
    assert "SOV" not in shown


def test_try_repo(estate: Estate) -> None:
    estate.stands("main.tf", SENSITIVE + PARIS)
    arguments = ("try-repo", str(estate.pre_commit.hooks), "sovereign-guard", "--all-files")
    done = estate.run(*arguments)
    assert done.returncode == 1
    assert FINDING in done.stdout
    estate.write("main.tf", PUBLIC + PARIS)
    done = estate.run(*arguments)
    assert (done.returncode, "SOV" in done.stdout) == (0, False), done.stdout


@pytest.mark.parametrize("hook", ["sovereign-guard", "sovereign-guard-plan"])
def test_every_scenario_is_judged_as_by_the_command(hook: str, estate: Estate) -> None:
    """What Checkov says of the same scenarios, and that it is the same, is in tests/test_checkov.py."""
    plans = hook.endswith("plan")
    scenarios = [path for path in (*FIXTURES.iterdir(), *(FIXTURES / "parity").iterdir()) if path.is_dir()]
    for scenario in scenarios:
        if (scenario / "plan.json").exists():
            unwanted = ("expected.json", "plan.json" if not plans else "*.tf")
            shutil.copytree(scenario, estate.folder / scenario.name, ignore=shutil.ignore_patterns(*unwanted))
    estate.write(".pre-commit-config.yaml", estate.pre_commit.config(hook, args=["-o", "json=../hook.json"]))
    fresh.call("git", "add", "--all", cwd=estate.folder)
    done = estate.run("run", "--all-files", CI="1")
    assert done.returncode == 1
    found = json.loads((estate.folder.parent / "hook.json").read_bytes())
    paths = sorted(str(path.relative_to(estate.folder)) for path in estate.folder.glob("*/plan.json"))
    _code, expected = run_json("scan", *(paths if plans else ["."]), cwd=estate.folder)
    assert len(found["inputs"]) > 100
    for part in ("resources", "findings", "errors", "summary"):
        assert found[part] == expected[part], part


def test_the_readme_as_pasted(estate: Estate) -> None:
    section = (
        (fresh.ROOT / "README.md").read_text().partition("\n## With pre-commit\n")[2].partition("\n## ")[0]
    )
    (config,) = re.findall(r"^```yaml\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    (commands,) = re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    hooks = estate.pre_commit.hooks
    for word, meant in (("URL-OF-THIS-REPOSITORY", str(hooks)), ("A-TAG-OR-COMMIT", fresh.head(hooks))):
        assert config.count(word) == 1
        config = config.replace(word, meant)
    estate.write(".pre-commit-config.yaml", config)
    path = f"{estate.pre_commit.program.parent}{os.pathsep}{os.environ['PATH']}"
    for text, code in ((SENSITIVE, 1), (PUBLIC, 0)):
        estate.stands("main.tf", text + PARIS)
        env = estate.pre_commit.env(estate.cache, PATH=path)
        done = fresh.call("/bin/sh", "-e", "-c", commands, cwd=estate.folder, env=env, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        assert ("SOV001 fail critical" in done.stdout) == (code == 1)
    assert (estate.folder / ".git" / "hooks" / "pre-commit").exists()


def test_whichever_file_changes_the_whole_is_judged(estate: Estate) -> None:
    estate.use("sovereign-guard")
    estate.stands("main.tf", 'module "payroll" {\n  source = "./modules/payroll"\n}\n' + PARIS)
    estate.stands("modules/payroll/main.tf", SENSITIVE)
    estate.write("modules/payroll/README.md", "Buckets.\n")
    made, shown = estate.commit()
    assert not made
    assert "modules/payroll/main.tf:1:1: SOV001 fail critical: module.payroll.aws_s3_bucket.payroll" in shown


def test_a_file_that_is_read_by_a_function_counts(estate: Estate) -> None:
    estate.use("sovereign-guard")
    level = 'yamldecode(file("${path.module}/data.yaml")).level'
    estate.stands("main.tf", BUCKET.replace('"LEVEL"', level) + PARIS)
    estate.write("data.yaml", "level: public\n")
    assert estate.commit()[0]
    estate.write("data.yaml", "level: sensitive\n")
    made, shown = estate.commit()
    assert not made
    assert FINDING in shown


def test_a_deletion_counts(estate: Estate) -> None:
    estate.use("sovereign-guard")
    estate.write("provider.tf", SCALEWAY)
    estate.write("main.tf", SENSITIVE)
    made, shown = estate.commit()
    assert made, shown
    (estate.folder / "provider.tf").unlink()
    made, shown = estate.commit()
    assert not made
    assert FINDING in shown


def test_a_file_that_cannot_be_read_is_not_committed(estate: Estate) -> None:
    estate.use("sovereign-guard")
    estate.write("main.tf", PUBLIC + PARIS)
    estate.write("broken.tf", 'resource "aws_s3_bucket" {\n')
    made, shown = estate.commit()
    assert not made
    assert "exit code: 3" in shown
    assert "broken.tf:2:1: error:" in shown


def test_what_is_not_known_warns_on_a_laptop_and_fails_in_a_pipeline(estate: Estate) -> None:
    estate.use("sovereign-guard")
    estate.write("main.tf", NOT_KNOWN + PARIS)
    for variable in ("CI", "TF_BUILD", "JENKINS_URL"):
        made, shown = estate.commit(**{variable: "true"})
        assert not made, variable
        assert "SOV003 unknown high" in shown
    made, shown = estate.commit()
    assert made
    assert "main.tf:2:1: SOV003 unknown warning: aws_s3_bucket.payroll" in shown


@pytest.mark.parametrize("where", ["configuration", "args"])
def test_a_laptop_can_be_as_strict_as_a_pipeline(estate: Estate, where: str) -> None:
    if where == "args":
        estate.use("sovereign-guard", args=["--on-unknown", "fail"])
    else:
        estate.use("sovereign-guard")
        estate.write(".sovereign-guard.yaml", "on_unknown: fail\n")
    estate.write("main.tf", NOT_KNOWN + PARIS)
    made, shown = estate.commit()
    assert not made
    assert "SOV003 unknown high" in shown


def test_args_are_options_and_paths_of_scan(estate: Estate) -> None:
    estate.stands("main.tf", SENSITIVE + PARIS)
    estate.stands("public/main.tf", PUBLIC + PARIS)
    for arguments, code in (
        ([], 1),
        (["--policy", "eu-location"], 0),
        (["public"], 0),
        (["public", "."], 1),
        (["--verbose", "public"], 0),
        (["--no-such-option"], 1),
    ):
        estate.use("sovereign-guard", args=arguments)
        done = estate.run("run", "--all-files")
        assert done.returncode == code, (arguments, done.stdout)
        assert ("1 resource: 0 fail" in done.stdout) == ("--verbose" in arguments)


def test_where_it_does_not_always_run_it_runs_for_its_own_files(estate: Estate) -> None:
    estate.use("sovereign-guard", always_run=False)
    estate.stands("main.tf", SENSITIVE + PARIS)
    estate.write("README.md", "Buckets.\n")
    made, shown = estate.commit()
    assert made
    assert "(no files to check)Skipped" in shown
    for name in (
        "a.tf",
        "a.tofu",
        "a.tf.json",
        "prod.tfvars",
        "prod.auto.tfvars.json",
        "live/terragrunt.hcl",
        "live/terragrunt.hcl.json",
        ".terraform.lock.hcl",
        ".sovereign-guard.yaml",
        ".sovereign-guard-baseline.json",
    ):
        estate.write(name, "{}\n" if name.endswith(".json") else "\n")
        made, shown = estate.commit()
        assert not made, name
        assert FINDING in shown or name == ".sovereign-guard-baseline.json"
        estate.run("run")
        fresh.call("git", "rm", "-q", "--force", name, cwd=estate.folder)


def test_nothing_is_imported_from_the_repository(estate: Estate) -> None:
    estate.use("sovereign-guard")
    for module in ("click", "json", "re2", "sovereign_guard", "sitecustomize"):
        estate.write(f"{module}.py", "raise SystemExit(0)\n")
    estate.stands("main.tf", SENSITIVE + PARIS)
    # Not by `git commit`: pre-commit's own git hook runs `python -m`, which imports from the repository.
    done = estate.run("run", "--all-files")
    assert done.returncode == 1
    assert FINDING in done.stdout


def test_what_has_not_changed_comes_from_the_cache(estate: Estate) -> None:
    """What the cache keeps of the sensitive file is exchanged for what it keeps of the public one."""
    estate.use("sovereign-guard")
    estate.stands("main.tf", SENSITIVE + PARIS)
    estate.stands("other/main.tf", PUBLIC + PARIS)
    assert estate.run("run", "--all-files").returncode == 1

    def kept(text: str) -> Path:
        digest = hashlib.sha256(text.encode()).hexdigest()
        (found,) = (estate.cache / "sovereign-guard" / "source").glob(f"*/{digest[:2]}/{digest[2:]}")
        return found

    shutil.copy(kept(PUBLIC + PARIS), kept(SENSITIVE + PARIS))
    assert estate.run("run", "--all-files").returncode == 0


# -- plans ---------------------------------------------------------------------------------------------------


def test_plans_are_judged_together(estate: Estate) -> None:
    estate.use("sovereign-guard-plan", args=["--source", ""])
    for name in ("aws-on-scaleway", "aws-on-us-s3"):
        estate.write(f"{name}/plan.json", (FIXTURES / name / "plan.json").read_text())
    made, shown = estate.commit()
    assert not made
    assert "aws-on-us-s3/plan.json: SOV001 fail" in shown
    assert "aws-on-scaleway/plan.json" not in shown
    assert shown.count("hook id: sovereign-guard-plan") == 1
    shutil.rmtree(estate.folder / "aws-on-us-s3")
    made, shown = estate.commit()
    assert made, shown


def test_a_plan_that_cannot_be_read_is_not_committed(estate: Estate) -> None:
    estate.use("sovereign-guard-plan")
    estate.write("plan.json", '{"format_version": "1.2", "resource_changes": [')
    made, shown = estate.commit()
    assert not made
    assert "exit code: 3" in shown
    assert "plan.json" in shown


def test_a_plan_warns_of_what_is_not_known_on_a_laptop(estate: Estate) -> None:
    estate.use("sovereign-guard-plan", args=["--source", ""])
    estate.write("plan.json", (FIXTURES / "aws-on-unknown-endpoint" / "plan.json").read_text())
    made, shown = estate.commit(CI="1")
    assert not made
    assert "SOV003 unknown" in shown
    made, shown = estate.commit()
    assert made
    assert "SOV003 unknown warning" in shown


# -- Checkov -------------------------------------------------------------------------------------------------

STUB = """import json, os, sys
print(json.dumps({"arguments": sys.argv[1:], "path": sys.path}))
sys.exit(int(os.environ["CODE"]))
"""


@pytest.fixture
def stub(tmp_path: Path) -> Path:
    """A package `checkov` that says how it was called."""
    (tmp_path / "stub" / "checkov").mkdir(parents=True)
    (tmp_path / "stub" / "checkov" / "__init__.py").touch()
    (tmp_path / "stub" / "checkov" / "main.py").write_text(STUB)
    return tmp_path / "stub"


def hook(*arguments: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the entry of the hook as pre-commit does: its words, then the user's, without a shell."""
    program, *words = HOOKS["sovereign-guard-checkov"]["entry"].split()
    assert program == "python"
    return fresh.call(sys.executable, *words, *arguments, cwd=cwd, env=env, check=False)


@pytest.mark.parametrize("code", [0, 1, 2])
def test_the_hooks_exit_code_is_that_of_checkov(stub: Path, tmp_path: Path, code: int) -> None:
    (tmp_path / "checkov.py").write_text("raise SystemExit(0)\n")
    (tmp_path / "sovereign_guard.py").write_text("raise SystemExit(0)\n")
    done = hook("--soft-fail-on", "$(touch x) `touch y`", cwd=tmp_path, PYTHONPATH=str(stub), CODE=str(code))
    assert done.returncode == code
    said = json.loads(done.stdout)
    assert said["arguments"][-2:] == ["--soft-fail-on", "$(touch x) `touch y`"]
    checks = Path(said["arguments"][said["arguments"].index("--external-checks-dir") + 1])
    assert (checks / "__init__.py").is_file()
    assert {"", str(tmp_path)}.isdisjoint(said["path"])


def test_without_checkov_the_hook_fails(tmp_path: Path) -> None:
    done = hook(cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Checkov is not installed" in done.stderr


@pytest.mark.parametrize(
    ("given", "absent", "present"),
    [
        ((), (), ("--directory", "--check", "--framework")),
        (("-d", "infrastructure"), ("--directory",), ("--check", "--framework")),
        (("-dinfrastructure",), ("--directory",), ("--check",)),
        (("--file=main.tf",), ("--directory",), ("--check",)),
        (("--check", "CKV_SOV_1"), ("CKV_SOV*",), ("--directory",)),
        (("-c", "CKV_SOV_1"), ("--check",), ("--directory",)),
        (("-ca", "ca.pem"), (), ("--check", "--directory")),
        (("--compact",), (), ("--check", "--directory")),
        (("--skip-check", "CKV_SOV_7"), (), ("--check",)),
        (("--skip-framework", "terraform_plan"), ("--framework",), ("--check",)),
    ],
)
def test_what_the_user_says_is_not_said_by_the_hook(
    given: tuple[str, ...],
    absent: tuple[str, ...],
    present: tuple[str, ...],
    stub: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(stub))
    words = command(given)
    assert words[len(words) - len(given) :] == list(given)
    assert not set(absent) & set(words)
    assert set(present) <= set(words)


def test_the_command_needs_checkov() -> None:
    with pytest.raises(UsageError, match="not installed"):
        command(())


@pytest.mark.skipif(
    not os.environ.get("SOVEREIGN_GUARD_SLOW"),
    reason="installs Checkov, which takes minutes: set SOVEREIGN_GUARD_SLOW=1",
)
def test_checkov_in_an_environment_made_by_pre_commit(estate: Estate) -> None:
    estate.use("sovereign-guard-checkov")
    estate.write("main.tf", SENSITIVE + PARIS)
    made, shown = estate.commit()
    assert not made
    assert "CKV_SOV_1" in shown
    assert "FAILED for resource: aws_s3_bucket.payroll" in shown
    estate.write("main.tf", PUBLIC + PARIS)
    estate.write("broken.tf", 'resource "aws_s3_bucket" {\n')
    made, shown = estate.commit()
    assert not made, "broken.tf"
    assert "broken.tf" in shown
    (estate.folder / "broken.tf").unlink()
    made, shown = estate.commit()
    assert made, shown
    estate.use("sovereign-guard-checkov", args=["--skip-check", "CKV_SOV_1"])
    estate.write("main.tf", SENSITIVE + PARIS)
    assert estate.commit()[0]


# -- the manifest --------------------------------------------------------------------------------------------


def test_python_hcl2_and_checkov_are_never_in_one_environment() -> None:
    needed = {name: " ".join(one["additional_dependencies"]) for name, one in HOOKS.items()}
    assert {name for name, text in needed.items() if "hcl2" in text} == {
        "sovereign-guard",
        "sovereign-guard-plan",
    }
    assert {name for name, text in needed.items() if "checkov" in text} == {"sovereign-guard-checkov"}


def test_the_manifest_is_valid(pre_commit: PreCommit, tmp_path: Path) -> None:
    manifest = str(fresh.ROOT / ".pre-commit-hooks.yaml")
    fresh.call(pre_commit.program, "validate-manifest", manifest, cwd=tmp_path)
