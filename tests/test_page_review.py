"""What a review of the page and of the sealed folder found: each fault that it reproduced, as a test."""

from __future__ import annotations

import json
import re
from pathlib import Path
from time import monotonic

import pytest

from sovereign_guard.evidence import check, wire
from sovereign_guard.report.html.excerpt import excerpt
from tests.builders import SENSITIVE, Plan
from tests.command import run

AS_OF = ("--as-of", "2026-11-24")


# -- lines of source -----------------------------------------------------------------------------------------

SECRETS = (
    'password = "${coalesce(var.p, "HUSH")}"',
    'password = "${var.password != "" ? var.password : "HUSH"}"',
    'password = "HUSH${\n    var.x\n  }HUSH"',
    "master_password = 48291300  # HUSH",
    "# the old key: HUSH",
    "/* the old key:\n     HUSH */",
    'data = { password = "HUSH" }',
    'for_each = { db = { password = "HUSH" } }',
    'name = "DB_PASSWORD", value = "HUSH"',
    'name = jsonencode({ password = "HUSH" })',
    'data_source_name = "user:HUSH@tcp(db)/x"',
    'source = "git::https://oauth2:HUSH@gitlab.example/x.git"',
    'endpoint = "https://hooks.example/x?token=HUSH"',
    'tags = { Name = "a{b" }\n  password = "HUSH"',
    'tags = {\n    Name = "x"\n  }, password = "HUSH"',
    "user_data = <<-THE-END\n    HUSH\n  THE-END",
)


@pytest.mark.parametrize("text", SECRETS)
def test_no_form_of_a_secret_is_shown(tmp_path: Path, text: str) -> None:
    file = tmp_path / "main.tf"
    file.write_text(f'resource "aws_db_instance" "a" {{\n  {text}\n}}\n')
    shown = "\n".join(line.text for line in excerpt(str(file), 1))
    assert "HUSH" not in shown
    assert "48291300" not in shown
    assert shown.startswith('resource "aws_db_instance" "a" {')
    assert shown.endswith("}")


@pytest.mark.parametrize(
    "text", ['variable "password" { default = "HUSH" }', 'provider "x" { token = "HUSH" }']
)
def test_a_block_on_one_line_shows_no_value(tmp_path: Path, text: str) -> None:
    file = tmp_path / "main.tf"
    file.write_text(f"{text}\n")
    assert "HUSH" not in "".join(line.text for line in excerpt(str(file), 1))


@pytest.mark.parametrize(
    "text",
    [
        'region = "eu-west-3"',
        'tags = { Name = "x-${var.a}", data-classification = "sensitive" }',
        'tags = merge(local.tags, { data-classification = "sensitive" })',
        "password = var.password",
        "# sovereign-guard: level sensitive",
        'zones = ["fr-par-1", "fr-par-2"]',
    ],
)
def test_what_is_no_secret_stays(tmp_path: Path, text: str) -> None:
    file = tmp_path / "main.tf"
    file.write_text(f'resource "a_b" "c" {{\n  {text}\n}}\n')
    assert excerpt(str(file), 1)[1].text.strip() == text


def test_the_source_of_a_module_is_told_without_its_credentials(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(
        'module "m" {\n  source = "git::https://oauth2:HUSH@gitlab.example/x.git?sshkey=HUSH"\n}\n'
    )
    for form in ("json", "text", "html", "sarif", "oscal"):
        done = run("scan", ".", "--no-cache", "--format", form, cwd=tmp_path)
        assert b"HUSH" not in done.stdout + done.stderr, form
        assert b"gitlab.example/x.git" in done.stdout or form == "html"


# -- several inputs with the same addresses ------------------------------------------------------------------


def two(folder: Path) -> tuple[str, str]:
    """Write a plan that fails and has a flow, and one that passes, has none, and has the same addresses."""
    there = Plan().provider("aws", region="eu-west-3")
    here = (
        Plan()
        .provider("scaleway", region="fr-par")
        .provider("aws", region="fr-par", endpoints=[{"s3": "https://s3.fr-par.scw.cloud"}])
    )
    for plan in (there, here):
        for name in "ab":
            plan.add(f"aws_s3_bucket.{name}", bucket=name, tags=SENSITIVE)
    rule = [{"status": "Enabled", "destination": [{"bucket": "arn:aws:s3:::b"}]}]
    there.add("aws_s3_bucket_replication_configuration.r", bucket="a", role="r", rule=rule)
    there.write(folder / "1.json")
    here.write(folder / "2.json")
    return "1.json", "2.json"


def test_a_failing_resource_is_not_drawn_as_its_namesake(tmp_path: Path) -> None:
    run("scan", *two(tmp_path), "-o", "html=r.html", cwd=tmp_path)
    boxes = re.findall(r'<title>([^<]*)</title><rect class="box (v-\w+)"', (tmp_path / "r.html").read_text())
    assert dict(boxes)["aws_s3_bucket.a"] == "v-fail"


def test_a_service_has_the_flows_of_its_own_input(tmp_path: Path) -> None:
    done = run("scan", *two(tmp_path), "--format", "cyclonedx", cwd=tmp_path)
    flows = {
        one["provider"]["name"]: one["data"][0]["flow"]
        for one in json.loads(done.stdout)["services"]
        if one["name"] == "aws_s3_bucket.a"
    }
    assert flows == {"Amazon Web Services, Inc.": "outbound", "Scaleway SAS": "unknown"}


def test_a_bill_without_services_brings_no_complaint(tmp_path: Path) -> None:
    plan = Plan().provider("aws", region="eu-west-3")
    plan.add("aws_s3_bucket.b", actions=("delete",), before={"bucket": "x", "tags": SENSITIVE})
    plan.write(tmp_path / "plan.json")
    done = run("scan", "plan.json", "--format", "cyclonedx", cwd=tmp_path)
    assert b"Warning" not in done.stderr


# -- the sealed folder ---------------------------------------------------------------------------------------


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    two(tmp_path)
    done = run("scan", "1.json", "--seal", "evidence", *AS_OF, cwd=tmp_path)
    assert done.returncode == 1, done.stderr.decode()
    return tmp_path / "evidence"


def rewritten(folder: Path) -> None:
    """Write all that the folder says of itself anew, as a forger would."""
    from msgspec.json import decode

    from sovereign_guard.evidence.statement import predicate_of, statement_of

    inputs = json.loads((folder / wire.INPUTS).read_bytes())
    for one in inputs["files"]:
        if one["file"] and (folder / one["file"]).exists():
            data = (folder / one["file"]).read_bytes()
            one |= {"sha256": wire.digest_of(data), "size": len(data)}
    inputs["files"] = [one for one in inputs["files"] if not one["file"] or (folder / one["file"]).exists()]
    (folder / wire.INPUTS).write_text(json.dumps(inputs))
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    predicate = predicate_of(
        decode(files[wire.REPORT], type=wire.ReportFacts), decode(files[wire.REQUEST], type=wire.Asked)
    )
    digests = {name: wire.digest_of(data) for name, data in files.items()}
    read = decode(files[wire.INPUTS], type=wire.Inputs).files
    files[wire.STATEMENT] = wire.written(statement_of(digests, read, predicate))
    (folder / wire.STATEMENT).write_bytes(files[wire.STATEMENT])
    resummed(folder)


def resummed(folder: Path) -> None:
    sums = wire.sums({path.name: wire.digest_of(path.read_bytes()) for path in folder.iterdir()})
    (folder / wire.SUMS).write_bytes(sums)


def code(folder: Path, environment: dict[str, str] | None = None) -> int:
    return check(str(folder), None, str(folder.parent), {}, environment or {}).exit_code


def test_as_it_was_it_is_intact(sealed: Path) -> None:
    assert code(sealed) == 0
    rewritten(sealed)
    assert code(sealed) == 0


def test_a_file_that_is_named_as_an_input_is_one_too_many(sealed: Path) -> None:
    (sealed / "input:1.json").write_bytes((sealed.parent / "1.json").read_bytes())
    resummed(sealed)
    assert code(sealed) == 1


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        (wire.CATALOG, rb'"US"', rb'"FR"'),
        (wire.REPORT, rb'"severity": ?"\w+"', rb'"severity":"low"'),
        (wire.REPORT, rb'"message": ?"[^"]*"', rb'"message":"All is well."'),
        (wire.REPORT, rb'"fail": ?\d+', rb'"fail":0'),
        (wire.POLICY, rb"title: .*", b"title: Nothing leaves France"),
    ],
)
def test_judging_anew_finds_what_was_written_otherwise(
    sealed: Path, name: str, old: bytes, new: bytes
) -> None:
    before = (sealed / name).read_bytes()
    after = re.sub(old, new, before)
    assert after != before
    (sealed / name).write_bytes(after)
    rewritten(sealed)
    assert code(sealed) == 1


@pytest.mark.parametrize("name", [wire.CATALOG, wire.POLICY])
def test_a_seal_without_facts_or_policy_is_none(sealed: Path, name: str) -> None:
    (sealed / name).unlink()
    rewritten(sealed)
    assert code(sealed) == 1


@pytest.mark.parametrize("option", ["on_unknown", "fail_on"])
def test_an_option_that_nobody_can_give_is_not_understood(sealed: Path, option: str) -> None:
    request = json.loads((sealed / wire.REQUEST).read_bytes())
    request["options"][option] = "bogus"
    (sealed / wire.REQUEST).write_text(json.dumps(request))
    resummed(sealed)
    done = run("verify", str(sealed), cwd=sealed.parent)
    assert done.returncode in (1, 3)
    assert b"internal error" not in done.stderr


def test_a_million_names_of_variables_cost_nothing(sealed: Path) -> None:
    request = json.loads((sealed / wire.REQUEST).read_bytes())
    names = [*(f"TF_VAR_{number}" for number in range(2_000)), *["TF_VAR_x"] * 2_000, *["PATH"] * 2_000]
    request["values"] = [{"by": "environment", "name": name, "digest": "x"} for name in names]
    (sealed / wire.REQUEST).write_text(json.dumps(request))
    rewritten(sealed)
    begun = monotonic()
    code(sealed, {"TF_VAR_x": "1", "PATH": "/bin"})
    assert monotonic() - begun < 20


def test_what_is_larger_than_all_may_be_is_not_read(sealed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sovereign_guard.errors import InputError
    from sovereign_guard.evidence import folder

    monkeypatch.setattr(folder, "MOST_ALL", 1_000_000)
    own = sealed / wire.OWN_CATALOG
    own.mkdir()
    for number in range(3):
        (own / str(number)).write_bytes(b"\0" * 400_000)
    with pytest.raises(InputError):
        code(sealed)
