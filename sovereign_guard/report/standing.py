"""How a finding stands in a run: whether it makes it fail and, if not, why. In words, for several formats."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Literal, TypeAlias

from sovereign_guard.language import later, say, say_many
from sovereign_guard.model.finding import Finding, Report
from sovereign_guard.report.terms import BUILT_IN, several, severity_word
from sovereign_guard.report.words import clean

Noun: TypeAlias = Literal[
    "resource",
    "data-bearing resource",
    "finding",
    "more finding",
    "input",
    "problem",
    "error",
    "statement",
    "warning",
    "more step",
    "test case",
    "day",
]

_COUNTED: dict[Noun, Callable[[int], str]] = {
    "resource": lambda n: say_many("{number:,} resource", "{number:,} resources", n),
    "data-bearing resource": lambda n: say_many(
        "{number:,} data-bearing resource", "{number:,} data-bearing resources", n
    ),
    "finding": lambda n: say_many("{number:,} finding", "{number:,} findings", n),
    "more finding": lambda n: say_many("{number:,} more finding", "{number:,} more findings", n),
    "input": lambda n: say_many("{number:,} input", "{number:,} inputs", n),
    "problem": lambda n: say_many("{number:,} problem", "{number:,} problems", n),
    "error": lambda n: say_many("{number:,} error", "{number:,} errors", n),
    "statement": lambda n: say_many("{number:,} statement", "{number:,} statements", n),
    "warning": lambda n: say_many("{number:,} warning", "{number:,} warnings", n),
    "more step": lambda n: say_many("{number:,} more step", "{number:,} more steps", n),
    "test case": lambda n: say_many("{number:,} test case", "{number:,} test cases", n),
    "day": lambda n: say_many("{number:,} day", "{number:,} days", n),
}


class Standing(StrEnum):
    """Why a finding decides the exit code or does not. The first that holds, from the top."""

    WAIVED = later("waived")
    BASELINE = later("in the baseline")
    WARNS = later("warns only")
    STOOD = later("stood before this change")
    DECIDES = later("makes the run fail")


def standing_of(finding: Finding, report: Report) -> Standing:
    """Return how a finding stands."""
    if finding.waiver is not None:
        return Standing.WAIVED
    if finding.in_baseline:
        return Standing.BASELINE
    if not finding.outcome.counts:
        return Standing.WARNS
    return Standing.DECIDES if report.decides(finding) else Standing.STOOD


def standing_words(standing: Standing) -> str:
    """Return a standing as a person reads it."""
    return say(standing.value)


def excuse(finding: Finding, standing: Standing) -> str:
    """Say on one line why a finding does not make the run fail."""
    waiver = finding.waiver
    if waiver is None:
        return standing_words(standing)
    told = {"day": waiver.until, "reason": waiver.reason, "where": waiver.where}
    if waiver.approver:
        return clean(
            say(
                "waived until {day}, approved by {approver}: {reason} [{where}]",
                **told,
                approver=waiver.approver,
            )
        )
    return clean(say("waived until {day}: {reason} [{where}]", **told))


def headline(finding: Finding) -> str:
    """Say on one line what was found."""
    outcome = finding.outcome
    severity = severity_word(outcome.severity)
    return clean(
        say("{rule} {severity}: {message}.", rule=outcome.rule, severity=severity, message=outcome.message)
    )


def evidence(finding: Finding) -> Iterator[str]:
    """Give each step of the reasoning on one line."""
    for step in finding.outcome.evidence:
        yield clean(f"{step.what}  [{step.where}]" if step.where else step.what)


def subject(address: str, deposed: str | None) -> str:
    """Name a resource instance, a deposed object of it apart from the one that stands, in Terraform's words.

    The same in every language: test cases go by this name.
    """
    return clean(f"{address} (deposed {deposed})" if deposed else address)


def count(number: int, noun: Noun) -> str:
    """Write a number with its noun."""
    return _COUNTED[noun](number)


def whose_word(report: Report) -> str:
    """Return in one line what the verdicts rest on beside the catalog and a shipped policy; empty if nothing.

    For outputs that are too short to list it, so that no run is green for a reason that nobody sees.
    """
    statements = report.statements
    waived = sum(finding.waiver is not None for finding in report.findings)
    known = sum(finding.waiver is None and finding.in_baseline for finding in report.findings)
    policy, accepted, refused = report.policy, len(statements.accepted), len(statements.refused)
    own = policy.source != BUILT_IN
    return several(
        (
            say("policy {policy} ({source})", policy=policy.id, source=policy.source) if own else "",
            say("statements of the organisation: {number}", number=accepted) if accepted else "",
            say("statements not accepted: {number}", number=refused) if refused else "",
            say("findings waived: {number}", number=waived) if waived else "",
            say("findings in the baseline: {number}", number=known) if known else "",
        )
    )
