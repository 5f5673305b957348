"""SARIF: the official schema, Microsoft's validator, and the limits that GitHub's code scanning documents."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from jsonschema import Draft4Validator
from msgspec.structs import replace

from sovereign_guard.model.finding import InputProblem, Severity, Verdict
from sovereign_guard.model.value import Evidence
from sovereign_guard.report.sarif import write

from .builders import SENSITIVE, Plan, configure, sensitive_bucket
from .command import run
from .reports import ACCEPTED, BASELINE, SOURCE, finding, outcome, report_of, text_of, with_findings

ROOT = Path(__file__).parents[1]
VALIDATOR = Draft4Validator(json.loads((ROOT / "tests/data/sarif-2.1.0.schema.json").read_bytes()))

# https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/
# sarif-support-for-code-scanning, read on 2026-11-24
KEPT_RESULTS = 5_000
MOST_BYTES = 10_000_000
MOST_DESCRIPTION = 1_024
MOST_NAME = 255
KEPT_TAGS = 10
BUCKET = SOURCE.partition("\n\n")[2]
LINE_HASH = "primaryLocationLineHash"
OWN = "sovereignGuard/v1"


def log_of(report: Any) -> dict[str, Any]:
    log = json.loads(text_of(write, report))
    VALIDATOR.validate(log)
    return log


def first_run(report: Any) -> dict[str, Any]:
    (run,) = log_of(report)["runs"]
    return run


def notifications(run: dict[str, Any]) -> list[dict[str, Any]]:
    (invocation,) = run["invocations"]
    return invocation["toolExecutionNotifications"]


def place(result: dict[str, Any]) -> dict[str, Any]:
    (location,) = result["locations"]
    return location["physicalLocation"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working directory, in no checkout of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def source(here):
    (here / "main.tf").write_text(SOURCE)
    return here


# -- the whole -----------------------------------------------------------------------------------------------


def test_every_fixture_is_valid_and_every_finding_is_there(monkeypatch):
    monkeypatch.chdir(ROOT)
    folders = sorted(folder for folder in Path("fixtures").iterdir() if (folder / "plan.json").exists())
    assert len(folders) > 30
    report = report_of(*folders, *(folder / "plan.json" for folder in folders))
    run = first_run(report)
    assert len(run["results"]) == len(report.findings) > 100
    assert "resultsCut" not in run["properties"]
    told = {
        (one["ruleId"], one["locations"][0]["logicalLocations"][0]["fullyQualifiedName"])
        for one in run["results"]
    }
    assert told == {(one.outcome.rule, one.address) for one in report.findings}
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    prints = [one["partialFingerprints"][OWN] for one in run["results"]]
    assert len(set(prints)) == len(prints)
    assert str(ROOT) not in json.dumps(run)


def test_a_clean_report_has_a_run_without_results(here):
    run = first_run(report_of(Plan().write(here / "plan.json")))
    assert run["results"] == []
    assert run["invocations"][0]["executionSuccessful"] is True
    assert notifications(run) == []


def test_rules_have_what_github_requires_within_its_lengths(source):
    report = report_of(".")
    rules = first_run(report)["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(report.rules)
    for rule in rules:
        text = report.rules[rule["id"]]
        assert rule["name"].isalnum()
        assert rule["name"][0].isupper()
        assert len(rule["name"]) <= MOST_NAME
        for description in ("shortDescription", "fullDescription"):
            assert 0 < len(rule[description]["text"]) <= MOST_DESCRIPTION
        for form in ("text", "markdown"):
            assert text.why in rule["help"][form]
            assert text.fix in rule["help"][form]
        assert "security" in rule["properties"]["tags"]
        assert len(rule["properties"]["tags"]) <= KEPT_TAGS
        assert rule["properties"]["security-severity"] == text.security_severity
        assert 0 < float(text.security_severity) <= 10
        assert ("helpUri" in rule) == any(reference.get("url") for reference in text.references)
        assert rule["defaultConfiguration"].get("enabled", True) == (not text.optional)


def test_a_result_says_where_why_and_which_resource(source):
    (result,) = first_run(report_of("."))["results"]
    first, *steps = result["message"]["text"].splitlines()
    assert first.startswith("aws_s3_bucket.files: sensitive data with Amazon Web Services")
    assert any("DataClassification" in step for step in steps)
    assert place(result) == {
        "artifactLocation": {"uri": "main.tf", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 5, "startColumn": 1},
    }
    assert result["locations"][0]["logicalLocations"] == [
        {"fullyQualifiedName": "aws_s3_bucket.files", "kind": "resource"}
    ]
    found = result["properties"]
    assert (found["verdict"], found["severity"], found["introduced"]) == ("fail", "critical", True)
    assert (found["operators"], found["level"]) == (["aws"], "sensitive")
    assert "baselineState" not in result
    assert "suppressions" not in result


@pytest.mark.parametrize(
    ("verdict", "severity", "level"),
    [
        (Verdict.FAIL, Severity.CRITICAL, "error"),
        (Verdict.FAIL, Severity.LOW, "error"),
        (Verdict.FAIL, Severity.WARNING, "warning"),
        (Verdict.UNKNOWN, Severity.HIGH, "warning"),
        (Verdict.UNKNOWN, Severity.WARNING, "warning"),
    ],
)
def test_levels(source, verdict, severity, level):
    one = finding(outcome=outcome(verdict, severity))
    (result,) = first_run(with_findings(report_of("."), one))["results"]
    assert result["level"] == level


def test_candidates_are_told_apart_from_what_is_certain(here):
    report = report_of(sensitive_bucket().write(here / "plan.json"))
    result = first_run(report)["results"][0]
    (item,) = report.assessments
    ways = [{use.id for use in way.operators} for way in item.placement.alternatives]
    assert len(ways) > 1
    assert result["properties"]["operators"] == sorted(set.intersection(*ways))
    assert result["properties"]["operatorCandidates"] == sorted(set.union(*ways) - set.intersection(*ways))


# -- places --------------------------------------------------------------------------------------------------


def test_files_are_relative_to_the_root_of_the_checkout(here, monkeypatch):
    (here / ".git").mkdir()
    folder = here / "infra" / "été, 100 %"
    folder.mkdir(parents=True)
    (folder / "main.tf").write_text(SOURCE)
    monkeypatch.chdir(here / "infra")
    uris = set()
    for path in (folder, "été, 100 %", "../infra/été, 100 %"):
        run = first_run(report_of(path))
        assert str(here) not in json.dumps(run)
        uris.add(place(run["results"][0])["artifactLocation"]["uri"])
    (uri,) = uris
    assert uri.isascii()
    assert " " not in uri
    assert unquote(uri) == "infra/été, 100 %/main.tf"


def test_a_linked_folder_is_shown_where_it_leads(source):
    (source / "real").mkdir()
    (source / "main.tf").rename(source / "real" / "main.tf")
    (source / "link").symlink_to("real")
    (result,) = first_run(report_of("link"))["results"]
    assert place(result)["artifactLocation"]["uri"] == "real/main.tf"


def test_a_plan_without_source_is_the_place_and_has_its_digest(here):
    plan = sensitive_bucket(region="eu-west-3").write(here / "plan.json")
    run = first_run(report_of(plan))
    (artifact,) = run["artifacts"]
    assert artifact["hashes"] == {"sha-256": hashlib.sha256(plan.read_bytes()).hexdigest()}
    assert artifact["location"]["uri"] == "plan.json"
    (result,) = run["results"]
    assert place(result) == {"artifactLocation": {"uri": "plan.json", "uriBaseId": "%SRCROOT%", "index": 0}}


def test_a_plan_outside_the_checkout_has_an_absolute_uri_and_no_base(here, tmp_path_factory):
    plan = sensitive_bucket(region="eu-west-3").write(tmp_path_factory.mktemp("away") / "plan.json")
    (result,) = first_run(report_of(plan))["results"]
    assert place(result)["artifactLocation"] == {"uri": plan.as_uri(), "index": 0}


def test_a_file_name_that_is_no_text_is_still_a_uri(source):
    one = finding(file=os.fsdecode(b"caf\xe9.tf"), line=1)
    (result,) = first_run(with_findings(report_of("."), one))["results"]
    assert place(result)["artifactLocation"]["uri"] == "caf%E9.tf"


def test_the_root_is_declared_without_a_path_of_this_machine(source):
    run = first_run(report_of("."))
    assert set(run["originalUriBaseIds"]) == {"%SRCROOT%"}
    assert "uri" not in run["originalUriBaseIds"]["%SRCROOT%"]


# -- fingerprints --------------------------------------------------------------------------------------------


def test_lines_above_change_no_fingerprint(source):
    (source / "more.tf").write_text(BUCKET.replace('"files" {', '"more" {\n  count = 2'))
    before = first_run(report_of("."))["results"]
    for name in ("main.tf", "more.tf"):
        path = source / name
        path.write_text("# a line\n" * 50 + path.read_text())
    after = first_run(report_of("."))["results"]
    assert len(before) == 3
    assert [one["partialFingerprints"] for one in after] == [one["partialFingerprints"] for one in before]
    lines = [[place(one)["region"]["startLine"] for one in results] for results in (before, after)]
    assert lines[1] == [line + 50 for line in lines[0]]


def test_the_same_address_in_two_inputs_is_two_results(here):
    for name in ("one", "two"):
        (here / name).mkdir()
        (here / name / "main.tf").write_text(SOURCE)
    results = first_run(report_of("one", "two"))["results"]
    assert len(results) == 2
    for key in (OWN, LINE_HASH):
        assert len({one["partialFingerprints"][key] for one in results}) == 2
    assert len({one["properties"]["fingerprint"] for one in results}) == 1
    (alone,) = first_run(report_of("two"))["results"]
    assert alone["partialFingerprints"][OWN] == results[1]["partialFingerprints"][OWN]


def test_findings_that_share_all_but_the_deposed_object_are_told_apart(source):
    same = finding(input="."), finding(input=".", deposed="a1"), finding(input="."), finding(input=".")
    results = first_run(with_findings(report_of("."), *same))["results"]
    assert len({one["partialFingerprints"][OWN] for one in results}) == 4
    (alone,) = first_run(with_findings(report_of("."), same[1]))["results"]
    assert alone["partialFingerprints"] == results[1]["partialFingerprints"]


def test_a_plan_outside_the_checkout_may_lie_anywhere(here, tmp_path_factory):
    sensitive = sensitive_bucket(region="eu-west-3")

    def prints(**plans):
        folder = tmp_path_factory.mktemp("away")
        for name in plans:
            (folder / name).mkdir()
        paths = [plan.write(folder / name / "plan.json") for name, plan in plans.items()]
        return [one["partialFingerprints"] for one in first_run(report_of(*paths))["results"]]

    assert prints(any=sensitive) == prints(other=sensitive)
    dev, prod = prints(dev=sensitive, prod=sensitive)
    assert dev != prod
    assert prints(dev=sensitive, prod=Plan()) == [dev]
    assert prints(dev=Plan(), prod=sensitive) == [prod]


def test_the_line_hash_is_left_to_github_only_where_a_line_is_one_finding(source):
    def has_hash(one, *paths):
        (result,) = first_run(with_findings(report_of(*paths or (".",)), one))["results"]
        return LINE_HASH in result["partialFingerprints"]

    at = {"file": "main.tf", "line": 5, "column": 1, "input": "."}
    assert not has_hash(finding("aws_s3_bucket.files", **at))
    assert has_hash(finding('aws_s3_bucket.files["a"]', **at))
    assert has_hash(finding("module.a.aws_s3_bucket.files", **at))
    assert has_hash(finding("aws_s3_bucket.files", **at, deposed="a1"))
    assert has_hash(finding("aws_s3_bucket.files", input="."))
    plan = sensitive_bucket(region="eu-west-3").write(source / "plan.json")
    assert has_hash(finding("aws_s3_bucket.files", **at), ".", plan)


# -- waivers and baselines -----------------------------------------------------------------------------------


def test_waived_results_are_suppressed_with_reason_and_end(source):
    stated = replace(ACCEPTED, address="aws_*", approver="", file=str(source / "conf.yaml"), line=3)
    findings = finding("a.open"), finding("a.inline", waiver=ACCEPTED), finding("a.stated", waiver=stated)
    left, inline, external = first_run(with_findings(report_of("."), *findings))["results"]
    assert left["suppressions"] == []
    (inline_one,), (external_one,) = inline["suppressions"], external["suppressions"]
    assert (inline_one["kind"], inline_one["status"]) == ("inSource", "accepted")
    assert (
        inline_one["justification"]
        == "until 2027-03-31: Contract ends, see ticket 12 (approved by dpo@example.fr)"
    )
    assert external_one["kind"] == "external"
    assert external_one["justification"] == "until 2027-03-31: Contract ends, see ticket 12"
    where = external_one["location"]["physicalLocation"]
    assert (where["artifactLocation"]["uri"], where["region"]["startLine"]) == ("conf.yaml", 3)
    assert [one["level"] for one in (left, inline, external)] == ["error", "note", "note"]
    assert [one["properties"]["verdict"] for one in (left, inline)] == ["fail", "waived"]


def test_a_baseline_tells_what_is_new(source):
    findings = finding("a.new"), finding("a.old", in_baseline=True)
    new, old = first_run(with_findings(report_of("."), *findings, baseline=BASELINE))["results"]
    assert (new["baselineState"], old["baselineState"]) == ("new", "unchanged")
    assert "baseline of 2026-11-01" in old["message"]["text"]


def test_a_finding_about_no_resource_has_no_logical_location(source):
    one = finding("", input=str(source / "conf.yaml"), file=str(source / "conf.yaml"), line=3)
    (result,) = first_run(with_findings(report_of("."), one))["results"]
    assert "logicalLocations" not in result["locations"][0]
    assert place(result)["artifactLocation"]["uri"] == "conf.yaml"


def test_the_command_waives_knows_and_forgets_no_fingerprint(source):
    """End to end: an inline waiver, one in the configuration that has ended, and a baseline."""
    waived = '# sovereign-guard: waive SOV001 until=2027-03-31 reason="Contract ends"\n'
    (source / "waived.tf").write_text(waived + BUCKET.replace('"files"', '"waived"'))
    assert run("baseline", cwd=source).returncode == 0
    (source / "new.tf").write_text(BUCKET.replace('"files"', '"new"'))
    ended = {"rules": ["SOV001"], "address": "*.new", "reason": "old", "until": "2026-01-31"}
    configure(source / ".sovereign-guard.yaml", waivers=[ended])

    def results():
        done = run(
            "scan", ".", "--as-of", "2026-11-24", "--baseline", ".sovereign-guard-baseline.json",
            "--output", "sarif=out.sarif", cwd=source,
        )  # fmt: skip
        assert done.returncode == 1, done.stderr
        log = json.loads((source / "out.sarif").read_text())
        VALIDATOR.validate(log)
        assert str(source) not in json.dumps(log)
        found = {}
        for one in log["runs"][0]["results"]:
            names = one["locations"][0].get("logicalLocations", [{}])
            found[one["ruleId"], names[0].get("fullyQualifiedName")] = one
        return found

    before = results()
    waived_one = before.pop(("SOV001", "aws_s3_bucket.waived"))
    assert [one["kind"] for one in waived_one["suppressions"]] == ["inSource"]
    assert {key: (one["baselineState"], one["suppressions"]) for key, one in before.items()} == {
        ("SOV001", "aws_s3_bucket.files"): ("unchanged", []),
        ("SOV001", "aws_s3_bucket.new"): ("new", []),
        ("SOV011", None): ("new", []),
    }
    for path in source.glob("*.tf"):
        path.write_text("\n" * 50 + path.read_text())
    after = results()
    for key, one in before.items():
        assert after[key]["partialFingerprints"] == one["partialFingerprints"]
        assert after[key]["baselineState"] == one["baselineState"]


# -- what cannot be told as a result -------------------------------------------------------------------------


def test_what_was_not_read_fails_the_invocation_and_says_where(source):
    (source / "bad.json").write_text('{"format_version": "1.2",\n  oops')
    report = report_of(".", "bad.json", "gone.json")
    run = first_run(replace(report, warnings=("look here",)))
    assert run["invocations"][0]["executionSuccessful"] is False
    assert run["invocations"][0]["exitCode"] == 3
    bad, gone, warning = notifications(run)
    assert [one["level"] for one in (bad, gone, warning)] == ["error", "error", "warning"]
    where = bad["locations"][0]["physicalLocation"]
    assert (where["artifactLocation"]["uri"], where["region"]["startLine"]) == ("bad.json", 2)
    assert "no such file" in gone["message"]["text"]
    assert warning["message"]["text"] == "look here"
    kinds = run["tool"]["driver"]["notifications"]
    for one in (bad, gone, warning):
        assert kinds[one["descriptor"]["index"]]["id"] == one["descriptor"]["id"]
    assert len(run["results"]) == 1


def test_many_notifications_are_cut_and_say_so(source):
    problems = tuple(InputProblem(f"{number}.json", "no.") for number in range(3_000))
    said = notifications(first_run(replace(report_of("."), problems=problems)))
    assert len(said) == 1_000
    assert said[-1]["message"]["text"].startswith("2001 more notifications")


# -- limits --------------------------------------------------------------------------------------------------


def test_six_thousand_findings_stay_within_githubs_limits(here):
    plan = Plan().provider("aws", region="eu-west-3")
    for number in range(6_000):
        plan.add(f"aws_s3_bucket.files[{number}]", tags=SENSITIVE, tags_all=SENSITIVE)
    report = report_of(plan.write(here / "plan.json"))
    assert len(report.findings) == 6_000
    text = text_of(write, report)
    assert len(gzip.compress(text.encode())) < MOST_BYTES
    log = json.loads(text)
    VALIDATOR.validate(log)
    (run,) = log["runs"]
    assert len(run["results"]) == KEPT_RESULTS
    assert len({one["partialFingerprints"][LINE_HASH] for one in run["results"]}) == KEPT_RESULTS
    cut = run["properties"]["resultsCut"]
    assert (cut["total"], cut["shown"], cut["leftOut"]) == (6_000, 5_000, 1_000)
    (said,) = notifications(run)
    assert said["level"] == "warning"
    assert said["message"]["text"].startswith("1000 of 6000 findings are not in this file")


def test_the_gravest_are_kept(source):
    light = outcome(Verdict.UNKNOWN, Severity.LOW)
    findings = [finding(f"a.light[{number}]", outcome=light) for number in range(KEPT_RESULTS)]
    findings += [
        finding("a.waived", waiver=ACCEPTED),
        finding("a.stood", introduced=False),
        finding("a.high", outcome=outcome(severity=Severity.HIGH)),
        finding("a.new"),
        finding("a.unknown", outcome=outcome(Verdict.UNKNOWN)),
        finding("a.known", in_baseline=True),
    ]
    results = first_run(with_findings(report_of("."), *findings))["results"]
    first = [one["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] for one in results[:5]]
    assert first == ["a.new", "a.stood", "a.high", "a.unknown", "a.light[0]"]
    assert len(results) == KEPT_RESULTS
    assert all(one["properties"]["verdict"] != "waived" for one in results)


def test_texts_that_do_not_compress_are_cut_at_githubs_size(source):
    dice = random.Random(4)
    findings = [
        finding(f"a.b[{number}]", outcome=outcome(evidence=(Evidence(dice.randbytes(6_000).hex()),)))
        for number in range(2_500)
    ]
    text = text_of(write, with_findings(report_of("."), *findings))
    packed = len(gzip.compress(text.encode()))
    assert MOST_BYTES * 0.8 < packed < MOST_BYTES
    (run,) = json.loads(text)["runs"]
    cut = run["properties"]["resultsCut"]
    assert 0 < cut["shown"] == len(run["results"]) < 2_500
    assert cut["leftOut"] == 2_500 - cut["shown"]
    assert "10 MB" in notifications(run)[0]["message"]["text"]
    assert run["results"][0]["message"]["text"].endswith("[...]")


# -- hostile names -------------------------------------------------------------------------------------------


def test_names_make_no_links_placeholders_or_lines(source):
    hostile = 'aws_s3_bucket.x["[click](https://evil.example) {0}\n\u202e- forged"]'
    one = finding(hostile, outcome=outcome(evidence=(Evidence("what [x](y)", "{1}"),)))
    (result,) = first_run(with_findings(report_of("."), one))["results"]
    text = result["message"]["text"]
    assert "](" not in text
    assert "{0}" not in text.replace("{{0}}", "")
    assert "{1}" not in text.replace("{{1}}", "")
    assert len(text.splitlines()) == 2
    assert "\u202e" not in text
    assert result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == hostile


# -- a real consumer -----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_microsofts_validator_finds_nothing_to_mend(source, tmp_path_factory):
    """By the rules of SARIF itself and those of GitHub Advanced Security."""
    if shutil.which("npm") is None:
        pytest.skip("no npm on this machine")
    folder = tmp_path_factory.mktemp("multitool")
    done = subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--prefix", folder, "@microsoft/sarif-multitool@5"],
        capture_output=True,
        timeout=300,
        check=False,
    )
    programs = list(folder.glob("node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool"))
    if done.returncode or not programs:
        pytest.skip(f"npm cannot install it: {done.stderr.decode(errors='replace')[-200:]}")
    programs[0].chmod(0o755)  # What the package's own install script would do, where npm runs those.
    (source / "bad.json").write_text("{")
    plan = sensitive_bucket(region="eu-west-3").write(source / "plan.json")
    report = report_of(".", plan, "bad.json")
    waived = [replace(one, waiver=ACCEPTED) for one in report.findings[:1]]
    report = with_findings(report, *waived, *report.findings[1:], warnings=("look",), baseline=BASELINE)
    (source / "out.sarif").write_text(text_of(write, report))
    checked = subprocess.run(
        [programs[0], "validate", "out.sarif", "--rule-kind", "Sarif;Ghas", "--output", "checked.sarif"],
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout.decode()
    (run,) = json.loads((source / "checked.sarif").read_text(encoding="utf-8-sig"))["runs"]
    assert run["invocations"][0]["executionSuccessful"] is True
    found = {(one["ruleId"], one.get("level", "warning")) for one in run.get("results", [])}
    # The project has no page yet, and a plan has no lines to point at.
    assert found <= {("SARIF2005", "warning"), ("SARIF2017", "warning")}
    assert len(found) > 0
