"""Real Checkov and our own command say the same of every scenario, as source and as a plan."""

from __future__ import annotations

import json
import re
import shutil
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sovereign_guard.catalog import load
from sovereign_guard.model.address import without_keys
from tests.checkov_host import RULES, Done, Record, checkov, need_checkov, ours, scenarios

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
ELSEWHERE = "Checkov asks about no resource that this belongs to"
NOT_SOURCE = shutil.ignore_patterns(
    "plan.json", "expected.json", "before.json", "proves.txt", "*.txt", "*.md"
)

pytestmark = pytest.mark.usefixtures("_host")


@pytest.fixture(scope="module")
def _host() -> None:
    need_checkov()


def test_every_rule_has_a_check():
    by_heart = {f"SOV{number:03}" for number in RULES}
    assert set(load().rules) | {"SOV011"} == by_heart


# -- agreement over all scenarios ----------------------------------------------------------------------------


class Both:
    """Results of both fronts over the same input."""

    def __init__(self, done: Done, reports: dict[str, dict[str, Any]], scenario_of) -> None:
        self.done = done
        self.records: defaultdict[str, list[Record]] = defaultdict(list)
        for record in done.records():
            self.records[scenario_of(record)].append(record)
        self.reports = reports


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Both:
    folder = tmp_path_factory.mktemp("source")
    for scenario in scenarios(FIXTURES):
        shutil.copytree(scenario, folder / "all" / scenario.name, ignore=NOT_SOURCE)
    done = checkov("-d", "all", "--framework", "terraform", "terraform_json", cwd=folder)
    reports = _by_scenario(ours("all", cwd=folder), lambda name: name.split("/")[1])
    return Both(done, reports, lambda record: record.file.split("/")[0])


def _by_scenario(report: dict[str, Any], scenario_of) -> dict[str, dict[str, Any]]:
    divided: dict[str, dict[str, Any]] = {}
    for part in ("resources", "findings"):
        for one in report[part]:
            name = scenario_of(one["input"])
            divided.setdefault(name, {"resources": [], "findings": []})[part].append(one)
    return divided


@pytest.fixture(scope="module")
def plans(tmp_path_factory) -> Both:
    folder = tmp_path_factory.mktemp("plans")
    for scenario in scenarios(FIXTURES):
        if (scenario / "plan.json").is_file():
            shutil.copy(scenario / "plan.json", folder / f"{scenario.name}.json")
    files = sorted(path.name for path in folder.iterdir())
    given = [part for name in files for part in ("-f", name)]
    done = checkov(*given, "--framework", "terraform_plan", cwd=folder)
    reports = _by_scenario(ours(*files, cwd=folder), lambda name: Path(name).stem)
    return Both(done, reports, lambda record: Path(record.file).stem)


def _disagreements(both: Both) -> tuple[list[str], set[tuple[str, str, str]]]:
    """What the two fronts say otherwise, and the findings for which Checkov asks about no resource."""
    wrong: list[str] = []
    homeless: set[tuple[str, str, str]] = set()
    for name, report in both.reports.items():
        known = {_plain(one["address"]) for one in report["resources"]}
        standing = [one for one in report["findings"] if not one["waived"] and not one["in_baseline"]]
        exact = {(one["rule"], _plain(one["address"])) for one in standing}
        blocks = {(rule, without_keys(address)) for rule, address in exact}
        places = [(one["rule"], one["file"], one["line"]) for one in standing]
        told = set()
        for record in both.records[name]:
            address = _plain(record.resource)
            if record.framework == "terraform_json":
                # Only a name is told there: `resource.NAME`.
                fails = any(rule == record.rule and _within(record, *place) for rule, *place in places)
            else:
                instances = [one for one in known if _instance_of(address).fullmatch(one)]
                fails = any((record.rule, one) in exact for one in instances)
                if not instances:
                    fails = (record.rule, without_keys(address)) in blocks
            told.add((record.rule, without_keys(address)))
            expected = "FAILED" if fails else "PASSED"
            if record.result != expected and not record.text.startswith(ELSEWHERE):
                wrong.append(f"{name} {record.rule} {address}: {record.result}, not {expected} {record.text}")
        for finding in standing:
            in_json = any(
                record.framework == "terraform_json"
                and record.rule == finding["rule"]
                and _within(record, finding["file"], finding["line"])
                for record in both.records[name]
            )
            if not in_json and (finding["rule"], without_keys(_plain(finding["address"]))) not in told:
                homeless.add((name, finding["rule"], finding["address"]))
    return wrong, homeless


def _plain(address: str) -> str:
    """An address without what Checkov leaves out: the `data.` of data sources in source."""
    return address.replace(".data.", ".").removeprefix("data.")


@cache
def _instance_of(address: str) -> re.Pattern[str]:
    """Matches the instances of what Checkov has expanded in part: `module.a[0].t.b` has those of `b`."""
    parts = re.findall(r'\[(?:"(?:\\.|[^"\\])*"|[^\]"]*)\]|\.|[^.\[\]]+', address)
    pattern = ""
    for part, after in zip(parts, [*parts[1:], "."], strict=True):
        expanded = part.startswith("[") or after.startswith("[") or part == "."
        pattern += re.escape(part) + ("" if expanded else r"(\[.*?\])?")
    return re.compile(pattern)


def _within(record: Record, file: str | None, line: int | None) -> bool:
    """Whether a place in source is that of a record."""
    first, last = record.lines
    return file is not None and file.endswith(record.file) and line is not None and first <= line <= last


@pytest.mark.slow
def test_source_is_judged_alike(source):
    wrong, homeless = _disagreements(source)
    assert wrong == []
    assert len(source.reports) > 100
    # What Checkov cannot parse, it asks nothing about; nor about backends, which are no resources.
    unread = {Path(path).parent.name for path in source.done.unread()}
    without = {name for name, _rule, address in homeless if not address.startswith("terraform.")}
    assert without == unread & without != set()
    _all_told(source, homeless)


@pytest.mark.slow
def test_plans_are_judged_alike(plans):
    wrong, homeless = _disagreements(plans)
    assert wrong == []
    assert len(plans.reports) > 100
    # Checkov reads `planned_values`, where there is nothing of an object that is forgotten.
    assert {name for name, *_rest in homeless} == {"delete-forget-replace-deposed"}
    _all_told(plans, homeless)


def _all_told(both: Both, homeless: set[tuple[str, str, str]]) -> None:
    """Each finding without a home fails the run all the same, by its own rule."""
    text: defaultdict[str, str] = defaultdict(str)
    for records in both.records.values():
        for record in records:
            if ELSEWHERE in record.text:
                text[record.rule] += record.text
    assert both.done.code == 1
    for _name, rule, address in homeless:
        assert f"{address}: " in text[rule], (rule, address)


# -- what is mapped to what ----------------------------------------------------------------------------------

UNTIL = (datetime.now(tz=UTC) + timedelta(days=100)).date().isoformat()
MAIN = """
provider "aws" {
  region = "eu-west-3"
}

resource "aws_s3_bucket" "plain" {
  bucket = "plain"
  tags   = { DataClassification = "sensitive" }
}

# sovereign-guard: waive SOV001 until={until} reason="moves in the spring"
resource "aws_s3_bucket" "waived" {
  bucket = "waived"
  tags   = { DataClassification = "sensitive" }
}

resource "aws_s3_bucket" "ended" { # sovereign-guard: waive SOV001 until=2020-01-31 reason="long ago"
  bucket = "ended"
  tags   = { DataClassification = "sensitive" }
}

resource "aws_s3_bucket" "skipped" {
  #checkov:skip=CKV_SOV_1:agreed
  bucket = "skipped"
  tags   = { DataClassification = "sensitive" }
}

resource "aws_s3_bucket" "none" {
  count  = 0
  bucket = "none"
  tags   = { DataClassification = "sensitive" }
}

resource "aws_s3_bucket" "open" {
  bucket = "open"
}

data "aws_s3_bucket" "read" {
  bucket     = "read"
  tags       = { DataClassification = "sensitive" }
  depends_on = [aws_s3_bucket.open]
}

variable "levels" {
  type = map(string)
}

resource "aws_s3_bucket" "any" {
  for_each = var.levels
  bucket   = each.key
  tags     = { DataClassification = each.value }
}
""".replace("{until}", UNTIL)
TAGS = {"DataClassification": "sensitive"}
SENSITIVE = f"tags = {json.dumps(TAGS)}".replace(": ", " = ")
CALLER = """
provider "{provider}" {{
  region = "{region}"
}}

module "store" {{
  source    = "../../modules/store"
  providers = {{ aws = {provider} }}
  count     = {count}
  level     = "sensitive"
}}
"""
STORE = """
variable "level" {}

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

resource "aws_s3_bucket" "this" {
  bucket = "store"
  tags   = { DataClassification = var.level }
}
"""


def _write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def estate(tmp_path_factory) -> Path:
    files = {
        "main/main.tf": MAIN,
        "modules/store/main.tf": STORE,
        "roots/us/main.tf": CALLER.format(provider="aws", region="us-east-1", count=1),
        "roots/never/main.tf": CALLER.format(provider="aws", region="us-east-1", count=0),
        # Two root modules with one address, that do not agree.
        "roots/a/main.tf": 'resource "aws_s3_bucket" "plain" {}\n',
        "tofu/main.tf": 'resource "aws_s3_bucket" "open" {}\n',
        "tofu/more.tofu": f'resource "aws_s3_bucket" "tofu" {{\n  {SENSITIVE}\n}}\n',
        "left-out/main.tf": f'resource "aws_s3_bucket" "x" {{\n  {SENSITIVE}\n}}\n',
        "json/main.tf.json": json.dumps({"resource": {"aws_s3_bucket": {"j": {"tags": TAGS}}}}),
    }
    return _write(tmp_path_factory.mktemp("estate"), files)


@pytest.fixture(scope="module")
def judged(estate) -> Done:
    more = ("--skip-path", "left-out", "--framework", "terraform", "terraform_json", "terraform_plan")
    return checkov("-d", ".", *more, cwd=estate)


def _results(done: Done, rule: str) -> dict[tuple[str, str], Record]:
    return {(one.file, one.resource): one for one in done.records() if one.rule == rule}


@pytest.mark.parametrize(
    ("file", "resource", "result"),
    [
        ("main/main.tf", "aws_s3_bucket.plain", "FAILED"),
        ("main/main.tf", "aws_s3_bucket.open", "PASSED"),
        ("main/main.tf", "aws_s3_bucket.waived", "SKIPPED"),
        ("main/main.tf", "aws_s3_bucket.ended", "FAILED"),
        ("main/main.tf", "aws_s3_bucket.skipped", "SKIPPED"),
        ("main/main.tf", "aws_s3_bucket.none", "PASSED"),
        ("main/main.tf", "aws_s3_bucket.read", "FAILED"),
        ("main/main.tf", "aws_s3_bucket.any", "PASSED"),
        ("roots/a/main.tf", "aws_s3_bucket.plain", "PASSED"),
        ("modules/store/main.tf", "module.store[0].aws_s3_bucket.this", "FAILED"),
        ("modules/store/main.tf", "module.store.aws_s3_bucket.this", "PASSED"),
        ("json/main.tf.json", "resource.j", "FAILED"),
    ],
)
def test_rule_1(judged, file, resource, result):
    record = _results(judged, "SOV001")[file, resource]
    # What has no place is told at whichever block Checkov asks about first.
    assert ("PASSED" if record.text.startswith(ELSEWHERE) else record.result) == result


def test_what_is_not_known_fails(judged):
    record = _results(judged, "SOV003")["main/main.tf", "aws_s3_bucket.any"]
    assert record.result == "FAILED"
    assert "does not pass" in record.text


def test_reasons_are_told(judged):
    found = _results(judged, "SOV001")
    plain = found["main/main.tf", "aws_s3_bucket.plain"]
    assert "sensitive data with Amazon Web Services" in plain.text
    assert "seat in US" in plain.text
    assert "moves in the spring" in found["main/main.tf", "aws_s3_bucket.waived"].comment
    assert found["main/main.tf", "aws_s3_bucket.skipped"].comment == "agreed"


def test_a_waiver_that_has_ended_fails_by_itself(judged):
    found = _results(judged, "SOV011")
    failed = {place for place, one in found.items() if one.result == "FAILED"}
    assert failed == {("main/main.tf", "aws_s3_bucket.ended")}


def test_a_file_that_checkov_does_not_read_fails_once_elsewhere(judged):
    told = [one for one in judged.records() if "aws_s3_bucket.tofu" in one.text and one.rule == "SOV001"]
    assert [one.result for one in told] == ["FAILED"]


def test_paths_left_out_are_left_out(judged):
    assert "left-out" not in judged.out
    assert "left-out" not in judged.err


def test_a_finding_about_no_resource_fails_once(tmp_path):
    _write(
        tmp_path,
        {
            "main.tf": 'resource "scaleway_object_bucket" "a" {}\nresource "scaleway_object_bucket" "b" {}\n',
            ".sovereign-guard.yaml": (
                "waivers: [{address: 'a.b', rules: [SOV001], until: 2020-01-01, reason: long ago}]\n"
            ),
        },
    )
    done = checkov("-d", ".", "--framework", "terraform", cwd=tmp_path)
    failed = [one for one in done.records() if one.result == "FAILED"]
    assert done.code == 1
    assert [one.rule for one in failed] == ["SOV011"]
    assert ELSEWHERE in failed[0].text
    assert "2020-01-01" in failed[0].text


def test_whose_word_made_it_green_is_told(tmp_path):
    lax = {
        "main.tf": MAIN,
        "lax.yaml": "id: lax\ntitle: Lax\nlevels: {}\n",
        ".sovereign-guard.yaml": "policy: lax.yaml\n",
    }
    _write(tmp_path, lax)
    done = checkov("-d", ".", "--framework", "terraform", cwd=tmp_path)
    assert "sovereign-guard: policy lax (lax.yaml); statements of the organisation: " in done.err


def test_a_waiver_that_nothing_needs_only_warns(tmp_path):
    until = datetime.now(UTC).date() + timedelta(days=30)
    waiver = f'# sovereign-guard: waive SOV001 until={until} reason="needed in the plan"\n'
    _write(
        tmp_path,
        {
            "main.tf": f'{waiver}resource "scaleway_object_bucket" "a" {{\n}}\n',
            ".sovereign-guard.yaml": (
                "waivers: [{address: 'scaleway_object_bucket.a', rules: [SOV002], "
                f"until: {until}, reason: likewise}}]\n"
            ),
        },
    )
    done = checkov("-d", ".", "--framework", "terraform", cwd=tmp_path)
    assert done.code == 0
    (told,) = [one for one in done.records() if one.result == "SKIPPED"]
    assert (told.rule, "warns only" in told.comment) == ("SOV011", True)


def test_options_come_from_the_environment(tmp_path):
    _write(tmp_path, {"main.tf": MAIN, "base.tf": ""})
    variables = {"SOVEREIGN_GUARD_POLICY": "eu-location", "SOVEREIGN_GUARD_NO_INLINE_WAIVERS": "1"}
    done = checkov("-d", ".", "--framework", "terraform", cwd=tmp_path, env=variables)
    found = {place[1]: one.result for place, one in _results(done, "SOV001").items()}
    # Paris is in the EU, and that policy looks at nothing else.
    assert found["aws_s3_bucket.plain"] == "PASSED"
    assert {one.result for one in done.records() if one.rule == "SOV011"} == {"PASSED"}


def test_files_given_are_judged_in_their_folder(estate):
    done = checkov("-f", "main/main.tf", "--framework", "terraform", cwd=estate)
    found = _results(done, "SOV001")
    assert found["main.tf", "aws_s3_bucket.plain"].result == "FAILED"
    assert not any(ELSEWHERE in one.text for one in done.records())
