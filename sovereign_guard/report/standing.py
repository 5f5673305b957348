"""How a finding stands in a run: whether it makes it fail and, if not, why. In words, for several formats."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from sovereign_guard.model.finding import Finding, Report
from sovereign_guard.report.words import clean


class Standing(StrEnum):
    """Why a finding decides the exit code or does not. The first that holds, from the top."""

    WAIVED = "waived"
    BASELINE = "in the baseline"
    WARNS = "warns only"
    STOOD = "stood before this change"
    DECIDES = "makes the run fail"


def standing_of(finding: Finding, report: Report) -> Standing:
    """Return how a finding stands."""
    if finding.waiver is not None:
        return Standing.WAIVED
    if finding.in_baseline:
        return Standing.BASELINE
    if not finding.outcome.counts:
        return Standing.WARNS
    return Standing.DECIDES if report.decides(finding) else Standing.STOOD


def excuse(finding: Finding, standing: Standing) -> str:
    """Say on one line why a finding does not make the run fail."""
    waiver = finding.waiver
    if waiver is None:
        return str(standing)
    by = f", approved by {waiver.approver}" if waiver.approver else ""
    return clean(f"waived until {waiver.until}{by}: {waiver.reason} [{waiver.where}]")


def headline(finding: Finding) -> str:
    """Say on one line what was found."""
    outcome = finding.outcome
    return clean(f"{outcome.rule} {outcome.severity}: {outcome.message}.")


def evidence(finding: Finding) -> Iterator[str]:
    """Give each step of the reasoning on one line."""
    for step in finding.outcome.evidence:
        yield clean(f"{step.what}  [{step.where}]" if step.where else step.what)


def subject(address: str, deposed: str | None) -> str:
    """Name a resource instance, a deposed object of it apart from the one that stands."""
    return clean(f"{address} (deposed {deposed})" if deposed else address)


def count(number: int, noun: str) -> str:
    """Write a number with its noun."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def whose_word(report: Report) -> str:
    """Return in one line what the verdicts rest on beside the catalog and a shipped policy; empty if nothing.

    For outputs that are too short to list it, so that no run is green for a reason that nobody sees.
    """
    statements = report.statements
    waived = sum(finding.waiver is not None for finding in report.findings)
    known = sum(finding.waiver is None and finding.in_baseline for finding in report.findings)
    parts = [
        f"policy {report.policy.id} ({report.policy.source})" if report.policy.source != "built in" else "",
        f"statements of the organisation: {len(statements.accepted)}" if statements.accepted else "",
        f"statements not accepted: {len(statements.refused)}" if statements.refused else "",
        f"findings waived: {waived}" if waived else "",
        f"findings in the baseline: {known}" if known else "",
    ]
    return "; ".join(filter(None, parts))
