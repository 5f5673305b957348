"""The project's papers: generated pages are fresh, the README's commands run, what is named exists."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from sovereign_guard import errors
from sovereign_guard.judge.rules import ALL_RULES
from sovereign_guard.model.value import Reason
from sovereign_guard.read.hcl.language import evaluate, values
from sovereign_guard.read.hcl.language.functions import files as function_files
from sovereign_guard.read.hcl.project import estate, files, instance
from sovereign_guard.read.hcl.syntax import expressions, native, second
from tests.command import PROGRAM, run, run_json

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PAPERS = {
    path.relative_to(ROOT).as_posix(): path.read_text()
    for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"))
}
EXIT_NAMES = ("EXIT_CLEAN", "EXIT_FINDINGS", "EXIT_USAGE", "EXIT_INPUT", "EXIT_INTERNAL")
SOURCE = (ROOT / "docs" / "source.md").read_text()
READER = ROOT / "sovereign_guard" / "read" / "hcl"

STATE = {
    "version": 4,
    "terraform_version": "1.11.4",
    "serial": 3,
    "lineage": "5f0c1e2d-3b4a-5968-7706-152433425160",
    "outputs": {},
    "resources": [
        {
            "mode": "managed",
            "type": "scaleway_object_bucket",
            "name": "records",
            "provider": 'provider["registry.terraform.io/scaleway/scaleway"]',
            "instances": [
                {
                    "attributes": {
                        "name": "records",
                        "region": "fr-par",
                        "tags": {"classification": "sensitive"},
                    }
                }
            ],
        }
    ],
}


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def table(heading: str, paper: str = README) -> list[list[str]]:
    """Return the cells of the first table below a heading of a paper, without its head."""
    # Comments in code blocks look like headings.
    prose = re.sub(r"^```.*?^```$", "", paper, flags=re.MULTILINE | re.DOTALL)
    section = re.split(r"^#+ ", prose.partition(f"# {heading}\n")[2], flags=re.MULTILINE)[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    assert rows, heading
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows[2:]]


# -- generated pages -----------------------------------------------------------------------------------------


def generate(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(root / "docs" / "generate.py"), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_generated_pages_are_fresh() -> None:
    done = generate(ROOT, "--check")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for folder in ("docs", "rules/checks", "rules/policies", "rules/catalog", "fixtures/tutorial"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    names = "tests/data/resource-types.txt.gz"
    (tmp_path / names).parent.mkdir(parents=True)
    shutil.copy(ROOT / names, tmp_path / names)
    return tmp_path


def test_a_page_left_behind_by_its_rule_is_stale(copy: Path) -> None:
    rule = copy / "rules" / "checks" / "SOV001.yaml"
    rule.write_text(rule.read_text().replace("severity: critical", "severity: low"))
    (copy / "docs" / "rules" / "SOV002.md").unlink()
    (copy / "docs" / "rules" / "SOV999.md").write_text("A rule that is gone.\n")
    table = copy / "rules" / "catalog" / "resources" / "scaleway.yaml"
    table.write_text(table.read_text().replace("flow: snapshot", "flow: backup", 1))
    (copy / "docs" / "catalog" / "gone.md").write_text("A provider that is gone.\n")
    (copy / "docs" / "policies" / "gone.md").write_text("A policy that is gone.\n")
    tutorial = copy / "docs" / "tutorial.md"
    tutorial.write_text(tutorial.read_text().replace("3 fail, 1 unknown", "2 fail, 2 unknown"))
    done = generate(copy, "--check")
    assert done.returncode == 1
    named = re.findall(r"^docs/(\S+) is stale", done.stderr, re.MULTILINE)
    rules = ["rules/README.md", "rules/SOV001.md", "rules/SOV002.md", "rules/SOV999.md"]
    others = ["catalog/gone.md", "catalog/scaleway.md", "policies/gone.md", *rules, "tutorial.md"]
    assert sorted(named) == others
    assert generate(copy).returncode == 0
    assert generate(copy, "--check").returncode == 0
    assert not (copy / "docs" / "rules" / "SOV999.md").exists()


def test_every_rule_and_every_policy_has_its_page() -> None:
    assert {f"docs/rules/{rule.id}.md" for rule in ALL_RULES} <= PAPERS.keys()
    policies = {path.stem for path in (ROOT / "rules" / "policies").glob("*.yaml")}
    assert set(re.findall(r"^## `([a-z-]+)`:", PAPERS["docs/policies.md"], re.MULTILINE)) == policies
    assert {row[0].strip("`") for row in table("Policies")} == policies
    assert {path.stem for path in (ROOT / "docs" / "policies").glob("*.md")} == policies


@pytest.mark.parametrize("rule", [rule.id for rule in ALL_RULES])
def test_the_page_of_a_rule_shows_each_outcome_and_what_is_printed(rule: str) -> None:
    page = PAPERS[f"docs/rules/{rule}.md"]
    for heading in ("Why", "An example that fails", "An example that passes", "One that cannot be told"):
        assert page.count(f"\n## {heading}\n") == 1
    (shown,) = blocks(page, "text")
    assert rule in shown
    assert "\n## How to fix it\n" in page


@pytest.mark.parametrize("policy", sorted(path.stem for path in (ROOT / "rules" / "policies").glob("*.yaml")))
def test_the_page_of_a_policy_has_examples_at_each_level(policy: str) -> None:
    page = PAPERS[f"docs/policies/{policy}.md"]
    levels = [row[0].strip("`") for row in table("What it requires", page)]
    assert re.findall(r"^### Data labelled `(\w+)`$", page, re.MULTILINE) == levels
    rows = table("By example", page)
    verdicts = {cell.partition(":")[0] for row in rows for cell in row[1:]}
    assert {"pass", "fail"} <= verdicts <= {"pass", "fail", "unknown"}
    # A level that asks for nothing lets everything pass, and no other does.
    asks = [any(cell != "-" for cell in row[1:]) for row in table("What it requires", page)]
    fails = [any(row[number + 1].startswith("fail") for row in rows) for number in range(len(levels))]
    assert fails == asks


def test_limitations_tell_every_reason_and_the_readme_says_the_same() -> None:
    told = {
        row[0]: " ".join(row[1:]) for row in table("Why a value is not known", PAPERS["docs/limitations.md"])
    }
    assert told.keys() == {str(reason) for reason in Reason}
    for reason, text in table("What is Unknown, and why"):
        assert re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text) == told[reason]


def test_a_reason_that_does_not_say_what_helps_makes_no_page(copy: Path) -> None:
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        from writing.limitations import reasons
    finally:
        sys.path.remove(str(ROOT / "docs"))
    code = 'class Reason:\n    A = "a"\n    """It is so.\n\n    Do this.\n    """\n'
    assert list(reasons(code)) == [("a", "It is so.", "Do this.")]
    with pytest.raises(ValueError, match="b: "):
        list(reasons(f'{code}\n    B = "b"\n    """It is so."""\n'))


def test_limitations_and_coverage_count_what_the_catalog_has() -> None:
    limitations, coverage = PAPERS["docs/limitations.md"], PAPERS["docs/catalog/coverage.md"]
    catalog = ROOT / "rules" / "catalog"
    unread = sum(path.read_text().count("read: false") for path in (catalog / "operators").glob("*.yaml"))
    (row,) = [row for row in table("Sources that we have not read", limitations) if row[0] == "companies"]
    assert int(row[2]) == unread > 0
    assert "`eu-isoe-west-1`" in {row[1] for row in table("Regions without a country", limitations)}
    named = {re.sub(r"\[(.*)\]\(.*\)", r"\1", row[0]) for row in table("By provider", coverage)}
    named |= set(re.findall(r"`([\w-]+)`", coverage.partition("## Known by operator alone")[2]))
    assert named == {
        yaml.load(path.read_text(), yaml.CSafeLoader)["id"] for path in (catalog / "providers").glob("*")
    }


def test_decision_records_have_one_shape_and_a_line_in_the_list() -> None:
    records = sorted(path for path in PAPERS if re.match(r"docs/decisions/\d{4}-", path))
    assert len(records) >= 10
    listed = re.findall(
        r"^\| \[(\d{4})\]\((\S+)\) \| (.+) \|$", PAPERS["docs/decisions/README.md"], re.MULTILINE
    )
    assert [f"docs/decisions/{file}" for _number, file, _title in listed] == records
    for number, file, title in listed:
        page = PAPERS[f"docs/decisions/{file}"]
        assert page.startswith(f"# {number}: {title}\n")
        assert re.findall(r"^## (.+)$", page, re.MULTILINE) == ["Context", "Decision", "Consequences"]


@pytest.mark.parametrize("name", ["report.png", "run.svg"])
def test_the_pictures_of_the_readme_are_small_and_ask_for_nothing(name: str) -> None:
    picture = (ROOT / "docs" / "images" / name).read_bytes()
    assert 1_000 < len(picture) < 300_000
    (alternative,) = re.findall(rf"!\[([^\]]*)\]\(docs/images/{name}\)", README)
    assert len(alternative) > 40
    assert not re.search(rb"@font-face|@import|(?:href|src|url)\s*[=(]\s*[\"']?https?:", picture)


def test_every_flow_of_the_catalog_has_its_row() -> None:
    for path in sorted((ROOT / "rules" / "catalog" / "resources").glob("*.yaml")):
        data = yaml.load(path.read_text(), yaml.CSafeLoader)
        flows, keys = data.get("flows", []), data.get("keys", [])
        if not flows and not keys:
            continue
        page = PAPERS[f"docs/catalog/{data['provider']}.md"]
        for heading, entries, name in (("Flows", flows, "flow"), ("Keys", keys, "held")):
            rows = table(heading, page) if entries else []
            assert len(rows) <= len(entries)
            assert {row[0] for row in rows} == {entry[name] for entry in entries}


def test_an_example_shows_where_its_provider_points_and_what_stood_before() -> None:
    page = PAPERS["docs/rules/SOV012.md"]
    assert 'auth_url = "https://identity.fr1.cloudwatt.com/v2.0"' in page
    assert (
        '# update; before: tags = { data-classification = "confidential" }' in PAPERS["docs/rules/SOV013.md"]
    )


# -- the README's commands -----------------------------------------------------------------------------------


def commands() -> Iterator[tuple[str, int]]:
    for block in blocks(README, "sh"):
        for line in block.splitlines():
            if line.startswith("sovereign-guard"):
                command, _hash, stated = line.partition(" # ")
                match = re.match(r"exit (\d)\b", stated)
                assert match, f"no exit code is stated: {line}"
                yield command.strip(), int(match[1])


COMMANDS = list(commands())


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all that the README's commands name."""
    folder = tmp_path_factory.mktemp("readme")
    shutil.copy(ROOT / "fixtures" / "europe-mixed" / "plan.json", folder / "plan.json")
    (folder / "infrastructure").mkdir()
    for source in (ROOT / "fixtures" / "europe-mixed").glob("*.tf"):
        shutil.copy(source, folder)
        shutil.copy(source, folder / "infrastructure")
    (folder / "prod.tfvars").write_text("bascule = true\n")
    (folder / "network").mkdir()
    shutil.copy(ROOT / "fixtures" / "aws-on-scaleway" / "plan.json", folder / "network" / "plan.json")
    (folder / "terraform.tfstate").write_text(json.dumps(STATE))
    (folder / "tfplan").write_bytes(b"PK\x03\x04 as a plan file begins")
    (folder / "policy.yaml").write_text(named_block("policy.yaml"))
    programs = folder / "programs"
    programs.mkdir()
    # Stands in for Terraform, which a machine that runs these tests need not have.
    terraform = programs / "terraform"
    terraform.write_text('#!/bin/sh\ntest "$1 $2" = "show -json" && cat plan.json\n')
    terraform.chmod(0o755)
    guard = programs / "sovereign-guard"
    target = f'"{PROGRAM}"' if PROGRAM else f'"{sys.executable}" -m sovereign_guard'
    guard.write_text(f'#!/bin/sh\nexec {target} "$@"\n')
    guard.chmod(0o755)
    (folder / "catalog" / "operators").mkdir(parents=True)
    shutil.copy(ROOT / "rules" / "catalog" / "operators" / "scaleway.yaml", folder / "catalog" / "operators")
    assert run("baseline", ".", "-o", "baseline.json", cwd=folder).returncode == 0
    return folder


def named_block(name: str) -> str:
    """Return the YAML block of the README that says in its first line which file it is."""
    (found,) = [block for block in blocks(README, "yaml") if block.startswith(f"# {name}\n")]
    return found


@pytest.mark.parametrize(("command", "code"), COMMANDS, ids=[command for command, _code in COMMANDS])
def test_command_of_the_readme(command: str, code: int, desk: Path) -> None:
    path = f"{desk / 'programs'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=desk,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PATH": path},
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr


def test_the_readme_opens_with_its_two_commands() -> None:
    first = blocks(README, "sh")[0].splitlines()
    assert [line.partition("#")[0].strip() for line in first] == ["make scan", "make test"]
    assert README.index("make scan") < 500
    assert len(COMMANDS) > 10


def test_the_configuration_of_the_readme_counts_in_full_from_outside(tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside.yaml", tmp_path / "repository"
    (inside / ".git").mkdir(parents=True)
    outside.write_text(named_block(".sovereign-guard.yaml"))
    (tmp_path / "catalog" / "operators").mkdir(parents=True)
    shutil.copy(
        ROOT / "rules" / "catalog" / "operators" / "scaleway.yaml", tmp_path / "catalog" / "operators"
    )
    (tmp_path / "baseline.json").write_text(
        '{"schema": "sovereign-guard/baseline/v1", "written": "2026-11-24", "inputs": [], "findings": []}'
    )
    shutil.copy(ROOT / "fixtures" / "europe-mixed" / "plan.json", inside / "plan.json")
    code, report = run_json("scan", "plan.json", "--config", "../outside.yaml", cwd=inside)
    assert code == 1
    assert report["refused_declarations"] == []
    said = " ".join(step["what"] for step in report["declarations"])
    for word in (
        "keystone.valmont.example",
        "acme/acme",
        "module.payroll.*",
        "mirrors",
        "SOV007",
        "on_unknown",
        "module.legacy.* until 2027-03-31",
        "baseline.json",
    ):
        assert word in said


def test_the_pre_commit_hook_runs_a_command_that_exists_on_plans_only() -> None:
    hooks = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    assert set(re.findall(r"\bsovereign-guard(?:-plan|-checkov)?\b(?=`| +#)", README)) >= hooks.keys()
    hook = hooks["sovereign-guard-plan"]
    program, *arguments = hook["entry"].split()
    assert program == "sovereign-guard"
    done = run(*arguments, str(ROOT / "fixtures" / "aws-on-scaleway" / "plan.json"))
    assert done.returncode == 0
    plans = ("plan.json", "infra/plan.json", "tfplan.json", "prod.tfplan.json", "plan-prod.json")
    others = ("package.json", "explanation.json", "planet.json", "plan.json.md", "plan/main.json")
    assert [name for name in (*plans, *others) if re.search(hook["files"], name)] == list(plans)


# -- docs/flows.md -------------------------------------------------------------------------------------------

FLOWS = PAPERS["docs/flows.md"]


def block_of(paper: str, language: str, name: str) -> str:
    """Return the block of a paper that says in its first line which file it is."""
    (found,) = [block for block in blocks(paper, language) if block.startswith(f"# {name}\n")]
    return found


def lines_of(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize("paper", ["README.md", "docs/flows.md"])
def test_the_example_of_a_flow_is_found_as_shown(paper: str, tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(block_of(PAPERS[paper], "hcl", "main.tf"))
    done = run("scan", ".", cwd=tmp_path, env={"COLUMNS": "100"})
    (shown,) = blocks(PAPERS[paper], "text")
    told = lines_of(done.stdout.decode())
    assert done.returncode == 1
    assert [line for line in lines_of(shown) if line not in told] == []


def test_the_commands_of_the_page_about_flows_run_as_pasted(tmp_path: Path, desk: Path) -> None:
    small, estate = tmp_path / "small", tmp_path / "estate"
    small.mkdir()
    (small / "main.tf").write_text(block_of(FLOWS, "hcl", "main.tf"))
    (small / "keys.yaml").write_text(block_of(FLOWS, "yaml", "keys.yaml"))
    shutil.copytree(ROOT / "fixtures" / "health-estate", estate)
    stated = block_of(FLOWS, "yaml", ".sovereign-guard.yaml")
    commands = [line for block in blocks(FLOWS, "sh") for line in block.splitlines()]
    assert len(commands) > 6
    wrong = []
    for line in commands:
        command, _hash, told = line.partition(" # ")
        declared = told.startswith("exit 0: the report lists")
        if declared:
            (small / ".sovereign-guard.yaml").write_text(stated)
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=estate if "plan.json" in command or "terraform.backend" in command else small,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**os.environ, "PATH": f"{desk / 'programs'}{os.pathsep}{os.environ['PATH']}"},
        )
        if f"exit {done.returncode}" != told[:6]:
            wrong.append((command, done.returncode, done.stderr))
        if declared:
            (small / ".sovereign-guard.yaml").unlink()
    assert wrong == []


def test_the_estate_that_the_page_counts() -> None:
    planted = (ROOT / "fixtures" / "health-estate" / "planted.md").read_text()
    numbers = {letter: set(re.findall(rf"^\| ({letter}\d+) ", planted, re.MULTILINE)) for letter in "PN"}
    said = f"with {len(numbers['P'])} problems planted in it, and {len(numbers['N'])} things that look like"
    assert said in " ".join(FLOWS.split())


def test_the_page_has_every_key_of_a_declared_flow_and_every_way_to_hold_a_key() -> None:
    schema = json.loads(run("schema", "configuration").stdout)
    keys = {name for row in table("Trust boundaries", FLOWS) for name in re.findall(r"`(\w+)`", row[0])}
    assert keys == schema["properties"]["flows"]["items"]["properties"].keys()
    held = json.loads(run("schema", "resources").stdout)["properties"]["keys"]["items"]["properties"]["held"]
    assert {row[0].strip("`") for row in table("Keys", FLOWS)} == {*held["enum"], "(none named)"}


def test_the_readme_has_every_condition_of_a_level() -> None:
    schema = json.loads(run("schema", "policy").stdout)
    conditions = schema["properties"]["levels"]["additionalProperties"]["properties"]
    section = README.partition("\n## Policies\n")[2].partition("\n## ")[0]
    assert [name for name in conditions if f"`{name}`" not in section] == []


# -- the README's other ways of use --------------------------------------------------------------------------

CHECKOV = Path(os.environ.get("SOVEREIGN_GUARD_CHECKOV", ROOT / ".venv-checkov" / "bin" / "checkov"))


def section_commands(heading: str) -> list[str]:
    section = README.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [line for block in blocks(section, "sh") for line in block.splitlines()]


@pytest.mark.skipif(not CHECKOV.exists(), reason="no Checkov beside sovereign-guard: `make test` makes one")
def test_the_commands_for_checkov_run_as_pasted(desk: Path, tmp_path: Path) -> None:
    install, *scans = section_commands("In Checkov")
    # What it installs is there already; an index may not be.
    assert install == "pip install checkov sovereign-guard"
    for name in ("main.tf", "plan.json"):
        shutil.copy(desk / name, tmp_path)
    for command in scans:
        done = subprocess.run(
            ["/bin/sh", "-c", f"{command} --skip-download --compact --quiet -o json --check CKV_SOV_1"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            env={**os.environ, "PATH": f"{CHECKOV.parent}{os.pathsep}{os.environ['PATH']}"},
        )
        assert done.returncode == 1, done.stderr
        found = json.loads(done.stdout)
        parts = found if isinstance(found, list) else [found]  # One for each framework that found something.
        failed = {check["resource"] for part in parts for check in part["results"]["failed_checks"]}
        assert "aws_s3_bucket.exports_paie" in failed


# -- names that are mentioned --------------------------------------------------------------------------------


def test_the_readme_has_every_option_of_scan_and_no_other() -> None:
    shown = run("scan", "--help").stdout.decode()
    offered = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", shown.partition("Options:")[2]))
    told = {
        name
        for row in table("Options of `sovereign-guard scan [PATH]...`")
        for name in re.findall(r"--[a-z-]+", row[0])
    }
    # Help texts may mention an option, never more than there are.
    assert told == offered


def test_the_readme_has_the_exit_codes_of_the_program() -> None:
    rows = table("Exit codes")
    assert [int(row[0]) for row in rows] == [getattr(errors, name) for name in EXIT_NAMES]


def test_the_readme_has_every_reason_for_unknown() -> None:
    told = {row[0] for row in table("What is Unknown, and why")}
    assert told == {str(reason) for reason in Reason}


def test_the_readme_has_every_member_of_the_report() -> None:
    _code, report = run_json("scan", str(ROOT / "fixtures" / "aws-on-scaleway" / "plan.json"))
    told = {name for row in table("The JSON report") for name in re.findall(r"`([a-z_]+)`", row[0])}
    assert told == report.keys()


def test_the_readme_has_every_key_of_the_configuration() -> None:
    schema = json.loads(run("schema", "configuration").stdout)
    assert {row[0].strip("`") for row in table("Configuration")} == schema["properties"].keys()
    assert yaml.safe_load(named_block(".sovereign-guard.yaml")).keys() == schema["properties"].keys()


@pytest.mark.parametrize("paper", sorted(PAPERS))
def test_links_lead_somewhere(paper: str) -> None:
    for target in re.findall(r"\]\((?!https?://)([^)#]*)(?:#[^)]*)?\)", PAPERS[paper]):
        assert not target or (ROOT / paper).parent.joinpath(target).exists(), target


def headings(paper: str) -> set[str]:
    """Return what links to the headings of a paper are called."""
    return {
        re.sub(r"[^a-z0-9 -]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in PAPERS[paper].splitlines()
        if line.startswith("#")
    }


def test_links_to_headings_lead_to_one() -> None:
    targets = [
        (paper, named, heading)
        for paper, text in PAPERS.items()
        for named, heading in re.findall(r"\]\((?!https?://)([^)#]*)#([^)]+)\)", text)
    ]
    assert len(targets) > 5
    wrong = []
    for paper, named, heading in targets:
        path = (ROOT / paper).parent.joinpath(named).resolve() if named else ROOT / paper
        if heading not in headings(path.relative_to(ROOT).as_posix()):
            wrong.append(f"{paper}: {named}#{heading}")
    assert wrong == []


@pytest.mark.parametrize("paper", ["CONTRIBUTING.md", "docs/architecture.md"])
def test_files_that_are_named_exist(paper: str) -> None:
    named = set(re.findall(r"`([\w.*-]+(?:/[\w.*-]*)+|[\w-]+\.(?:py|yaml|toml|md))`", PAPERS[paper]))
    assert len(named) > 10
    missing = [name for name in sorted(named) if not exists(name)]
    assert missing == []


def exists(name: str) -> bool:
    """Whether a path is there; in a name to be filled in, capitals stand for any text."""
    pattern = re.sub(r"\b(?:ID|NAME|FORMAT|PROVIDER|CLOUD|RULE|SCENARIO)\b", "*", name)
    pattern = re.sub(r"(?i)sovNNN", lambda match: match[0][:3] + "[0-9]" * 3, pattern)
    places = (
        "",
        "sovereign_guard/",
        "docs/",
        "tests/",
        "sovereign_guard/read/hcl/*/",
        "sovereign_guard/read/hcl/language/functions/",
    )
    return any(any(ROOT.glob(f"{place}{pattern}".rstrip("/"))) for place in places)


def test_exists_can_say_no() -> None:
    assert exists("rules/checks/SOVNNN.yaml")
    assert exists("rules/catalog/operators/ID.yaml")
    assert not exists("rules/checks/SOV000.yaml")
    assert not exists("sovereign_guard/nowhere.py")


@pytest.mark.parametrize("package", ["syntax", "language", "project"])
def test_the_readers_packages_tell_what_lies_in_them(package: str) -> None:
    docstring = ast.get_docstring(ast.parse((READER / package / "__init__.py").read_text())) or ""
    told = {
        words[0] for line in docstring.splitlines() if line.startswith("    ") and (words := line.split())
    }
    there = {path.stem for path in (READER / package).glob("*.py")}
    there |= {path.parent.name for path in (READER / package).glob("*/__init__.py")}
    assert told == there - {"__init__"}


def test_the_limits_of_source_are_those_of_the_code() -> None:
    rows = {row[0]: row[1] for row in table("Limits", SOURCE)}
    assert rows["one file of source"] == f"{files.MAX_FILE >> 20} MB; of JSON, {files.MAX_JSON >> 20} MB"
    for what, limit in {
        "folders below a path": files.MAX_FOLDERS,
        "instances of one block told apart": instance.MAX_INSTANCES,
        "instances of one root module told apart": estate.MAX_RESOURCES,
        "modules nested in one another": estate.MAX_MODULE_DEPTH,
        "instances of modules of one root module": estate.MAX_MODULES,
        "blocks nested in one another": native.MAX_BLOCK_DEPTH,
        "expressions nested in one another, as written": expressions.MAX_DEPTH,
        "evaluations nested in one another, through locals and modules": evaluate.MAX_DEPTH,
        "elements of one collection": values.MAX_ELEMENTS,
        "parts of one value, at every depth": values.MAX_WEIGHT,
    }.items():
        assert rows[what].split(";")[0] == f"{limit:,}", what
    assert rows["one text"] == f"{values.MAX_TEXT // 1_000_000} million characters"
    assert rows["one file that a function reads"] == f"{function_files.MAX_BYTES // 1_000_000} MB"
    opinion = f"{second.MAX_SECONDS} seconds and {second.MAX_MEMORY >> 30} GB for a file, and only up to"
    assert f"{opinion} {second.MAX_BYTES >> 10} kB" in " ".join(SOURCE.split())


def test_make_targets_that_are_named_exist() -> None:
    named = {
        name for text in PAPERS.values() for name in re.findall(r"\bmake ([a-z]+)(?=[`\s.])", code_of(text))
    }
    named.add((ROOT / ".ci" / "run").read_text().split()[-1])
    assert {"scan", "test", "bench", "lint", "docs", "clean"} <= named
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert named <= targets


def code_of(text: str) -> str:
    """Return the parts of a paper that are set as code."""
    fenced = re.findall(r"^```\w*\n.*?^```$", text, re.MULTILINE | re.DOTALL)
    return "\n".join([*fenced, *re.findall(r"`[^`\n]+`", text)])


def test_commands_and_options_that_the_papers_name_are_built() -> None:
    help_text = "".join(run(command, "--help").stdout.decode() for command in ("scan", "verify"))
    options = {*re.findall(r"--[a-z][a-z-]+", help_text), "--check"}  # the last is that of docs/generate.py
    wrong = []
    for paper, text in PAPERS.items():
        joined = " ".join(text.split())
        named = re.findall(r"`(sovereign-guard [^`]+)`", joined)
        wrong += [f"{paper}: {command}" for command in named if not accepted(command)]
        if paper != "docs/checkov.md":  # It tells of Checkov's own options, which tests/test_checkov.py uses.
            wrong += [
                f"{paper}: {name}" for name in re.findall(r"`(--[a-z-]+)[ `]", joined) if name not in options
            ]
    assert wrong == []


def accepted(command: str) -> bool:
    """Whether the command line has such a command with room for its arguments (asked for its help)."""
    words = [word for word in command.split()[1:] if not word.startswith("-")]
    done = run(*words, "--help")
    if done.returncode != 0:
        return False
    usage = done.stdout.decode().partition("\n")[0].partition("[OPTIONS]")[2].split()
    given = words[2:] if words[:1] == ["catalog"] else words[1:]
    return any("..." in word for word in usage) or len(given) <= len(usage)


def test_accepted_can_say_no() -> None:
    assert accepted("sovereign-guard explain ADDRESS")
    assert accepted("sovereign-guard catalog show ID")
    assert not accepted("sovereign-guard catalog operators ID")
    assert not accepted("sovereign-guard no-such-command")
