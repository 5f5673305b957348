"""GitLab's Code Quality report: the documented fields, and one entry for whatever was found or not read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from sovereign_guard.model.finding import InputProblem, Severity, Verdict
from sovereign_guard.report.gitlab import write

from .builders import SENSITIVE, Plan, sensitive_bucket
from .command import run
from .reports import ACCEPTED, BASELINE, SOURCE, finding, outcome, report_of, text_of, with_findings

# Written from https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format (2026-11-24).
# GitLab's own schema (app/validators/json_schemas/codeclimate.json in its repository) asks for less.
SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1, "pattern": r"^[^\n\r]*$"},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "minLength": 1},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "minLength": 1, "pattern": r"^(?!\./)"},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}
VALIDATOR = Draft202012Validator(SCHEMA)


def entries_of(report: Any) -> list[dict[str, Any]]:
    text = text_of(write, report)
    assert text.startswith("[")  # GitLab takes no byte order mark.
    entries = json.loads(text)
    VALIDATOR.validate(entries)
    prints = [entry["fingerprint"] for entry in entries]
    assert len(set(prints)) == len(prints)
    return entries


@pytest.fixture
def source(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "main.tf").write_text(SOURCE)
    return tmp_path


def test_a_finding(source):
    (entry,) = entries_of(report_of(source))
    assert entry["description"].startswith(
        "fail: aws_s3_bucket.files: sensitive data with Amazon Web Services"
    )
    assert entry["check_name"] == "SOV001"
    assert entry["severity"] == "blocker"
    assert entry["location"] == {"path": "main.tf", "lines": {"begin": 5}}


def test_nothing_found_is_an_empty_list(source):
    assert entries_of(report_of(Plan().write(source / "plan.json"))) == []


def test_a_plan_without_source_is_its_own_place(source):
    (entry,) = entries_of(report_of(sensitive_bucket(region="eu-west-3").write(source / "p.json"), source=""))
    assert entry["location"] == {"path": "p.json", "lines": {"begin": 1}}


@pytest.mark.parametrize(
    ("severity", "shown"),
    [
        (Severity.CRITICAL, "blocker"),
        (Severity.HIGH, "critical"),
        (Severity.MEDIUM, "major"),
        (Severity.LOW, "minor"),
        (Severity.WARNING, "minor"),
    ],
)
def test_severities(source, severity, shown):
    (entry,) = entries_of(with_findings(report_of("."), finding(outcome=outcome(severity=severity))))
    assert entry["severity"] == shown


def test_waived_findings_stay_as_information(source):
    findings = finding("a.waived", waiver=ACCEPTED), finding("a.open")
    left, waived = entries_of(with_findings(report_of("."), *findings))
    assert left["severity"] == "blocker"
    assert waived["severity"] == "info"
    assert waived["description"] == (
        "fail: a.waived: what was found. Waived until 2027-03-31: Contract ends, see ticket 12 "
        "(approved by dpo@example.fr)."
    )


def test_what_stood_is_said(source):
    findings = finding("a.old", in_baseline=True), finding("a.stood", introduced=False)
    stood, old = entries_of(with_findings(report_of("."), *findings, baseline=BASELINE))
    assert stood["description"].endswith("It stood before this change.")
    assert old["description"].endswith("It stood in the baseline of 2026-11-01.")


def test_what_was_not_read_comes_first_each_time(source):
    (source / "bad.json").write_text('{"format_version": "1.2",\n  oops')
    bad, gone, found = entries_of(report_of(".", "bad.json", "gone.json"))
    assert found["check_name"] == "SOV001"
    for entry in (bad, gone):
        assert (entry["check_name"], entry["severity"]) == ("input-not-read", "blocker")
        assert entry["description"].startswith("Not read: ")
    assert bad["location"] == {"path": "bad.json", "lines": {"begin": 2}}
    twice = (
        InputProblem(".", "no.", file="main.tf", line=1),
        InputProblem(".", "no.", file="main.tf", line=2),
    )
    assert len(entries_of(replace(report_of("."), problems=twice))) == 3


def test_lines_above_change_no_fingerprint(source):
    (source / "bad.tf").write_text('resource "aws_s3_bucket" {')
    before = entries_of(report_of("."))
    for name in ("main.tf", "bad.tf"):
        (source / name).write_text("# a line\n" * 50 + (source / name).read_text())
    after = entries_of(report_of("."))
    assert {entry["check_name"] for entry in before} == {"SOV001", "input-not-read"}
    assert [entry["fingerprint"] for entry in after] == [entry["fingerprint"] for entry in before]
    begins = [[entry["location"]["lines"]["begin"] for entry in entries] for entries in (before, after)]
    assert begins[1] == [begin + 50 for begin in begins[0]]


def test_the_same_finding_in_two_inputs_and_six_thousand_in_one(source):
    plan = Plan().provider("aws", region="eu-west-3")
    for number in range(6_000):
        plan.add(f"aws_s3_bucket.files[{number}]", tags=SENSITIVE, tags_all=SENSITIVE)
    plan.write(source / "one.json")
    sensitive = sensitive_bucket(region="eu-west-3")
    report = report_of(
        "one.json", sensitive.write(source / "two.json"), sensitive.write(source / "three.json")
    )
    assert len(entries_of(report)) == 6_002  # GitLab documents no limit to their number.


def test_names_stay_on_their_line(source):
    one = finding('a.b["\n\u2028\x1b[31m"]', outcome=outcome(Verdict.UNKNOWN, message="line\r\nline"))
    (entry,) = entries_of(with_findings(report_of("."), one))
    assert entry["description"].isprintable()


def test_the_command_writes_it_beside_others(source):
    (source / "out").mkdir()
    done = run("scan", str(source), "-o", "gitlab=out/quality.json", "-o", "text=-", cwd=source)
    assert done.returncode == 1
    assert b"FAIL" in done.stdout
    (entry,) = json.loads((source / "out" / "quality.json").read_bytes())
    assert entry["location"]["path"] == "main.tf"
