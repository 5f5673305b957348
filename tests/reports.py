"""Reports for the tests of formats: judged for real, or a real one with parts put in by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from sovereign_guard.model.finding import Finding, Outcome, Report, Severity, Verdict
from sovereign_guard.model.screen import Screen
from sovereign_guard.model.value import Evidence
from sovereign_guard.model.waiver import Baseline, Waiver
from sovereign_guard.pipeline import assess
from sovereign_guard.request import Wishes, request_of

ACCEPTED = Waiver(
    rules=("SOV001",),
    reason="Contract ends, see ticket 12",
    until="2027-03-31",
    approver="dpo@example.fr",
    file="main.tf",
    line=7,
)
"""A waiver in a comment."""

BASELINE = Baseline(path="baseline.json", written="2026-11-01", inputs=(), entries=())

SOURCE = """\
provider "aws" {
  region = "eu-west-3"
}

resource "aws_s3_bucket" "files" {
  tags = { DataClassification = "sensitive" }
}
"""
"""One sensitive bucket, at line 5."""


def report_of(*paths: Any, **wishes: Any) -> Report:
    """Judge inputs as `scan` does."""
    asked = Wishes(**{"environment": {}, "cache": False, **wishes})
    return assess(request_of(tuple(map(str, paths)), asked))


def scenario(name: str, day: str = "2026-11-24") -> Report:
    """Judge the plan of a scenario by the configuration that lies with it."""
    folder = Path(__file__).parent.parent / "fixtures" / name
    found = [folder / one for one in ("config.yaml", ".sovereign-guard.yaml") if (folder / one).is_file()]
    config = str(found[0]) if found else None
    wishes = Wishes(environment={}, cache=False, as_of=day, source="", config=config)
    return assess(replace(request_of((str(folder / "plan.json"),), wishes), flows=True))


def text_of(write: Callable[[Report, Screen], Iterator[bytes]], report: Report) -> str:
    """Return what a writer writes, which must be UTF-8."""
    return b"".join(write(report, Screen())).decode()


def outcome(
    verdict: Verdict = Verdict.FAIL,
    severity: Severity = Severity.CRITICAL,
    message: str = "what was found",
    *,
    rule: str = "SOV001",
    evidence: tuple[Evidence, ...] = (),
    counts: bool = True,
) -> Outcome:
    """Return an outcome of a rule."""
    return Outcome(rule, verdict, severity, message, evidence, counts)


def finding(address: str = "aws_s3_bucket.files", **fields: Any) -> Finding:
    """Return a finding; its fingerprint tells addresses apart, as a real one does."""
    given = {
        "outcome": outcome(),
        "input": "plan.json",
        "introduced": True,
        "fingerprint": f"print of {address}",
        **fields,
    }
    return Finding(address=address, **given)


def with_findings(report: Report, *findings: Finding, **fields: Any) -> Report:
    """Return a report with these findings instead of its own."""
    summary = replace(report.summary, findings=len(findings))
    return replace(report, findings=tuple(findings), summary=summary, **fields)
