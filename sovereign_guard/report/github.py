"""`--format github`: workflow commands, which GitHub Actions shows as annotations.

Grammar and limits (read on 2026-11-24):
https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
https://github.com/actions/toolkit/blob/main/docs/problem-matchers.md#limitations
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sovereign_guard.language import later, say
from sovereign_guard.model.finding import Finding, InputProblem, Report, Verdict
from sovereign_guard.model.screen import Screen
from sovereign_guard.report.limits import gravest_first, shortened
from sovereign_guard.report.lines import problem_line, whole
from sovereign_guard.report.places import Place, Places
from sovereign_guard.report.standing import count
from sovereign_guard.report.terms import verdict_word
from sovereign_guard.report.words import clean

MOST_SHOWN = 10
"""Annotations of each kind that GitHub shows of a step; of a whole job it shows 50."""
MOST_TITLE = 255
MOST_MESSAGE = 16_000
"""In characters, of up to four bytes. GitHub takes titles of 255 characters and messages of 64 KB.

https://docs.github.com/en/rest/checks/runs#create-a-check-run
"""

_NOWHERE = Place("", None, None, "", inside=True)
_KINDS = {
    "error": later("{hidden} of {number} errors"),
    "warning": later("{hidden} of {number} warnings"),
    "notice": later("{hidden} of {number} notices"),
}


def write(report: Report, _screen: Screen) -> Iterator[bytes]:
    """Give a command a line, the gravest of each kind first, and a last line in words."""
    counts: Counter[str] = Counter()
    for kind, line in _commands(report):
        counts[kind] += 1
        yield f"{line}\n".encode(errors="replace")
    yield f"{_summary(report, counts)}\n".encode()


def _commands(report: Report) -> Iterator[tuple[str, str]]:
    """Give kind and text of each command."""
    places = Places(report)
    for problem in report.problems:
        yield "error", _not_read(problem, places)
    for finding in gravest_first(report):
        kind = _kind(finding, report)
        text = places.relative(whole(finding, report))
        yield kind, _command(kind, places.of(finding), _title(finding, report), text)
    for title, steps in (
        (say("Stated by the organisation, and accepted"), report.statements.accepted),
        (say("Stated in the repository, and not accepted"), report.statements.refused),
    ):
        if steps:
            text = "\n".join(clean(f"- {step.what}  [{step.where}]") for step in steps)
            yield "notice", _command("notice", _NOWHERE, title, places.relative(text))
    for warning in report.warnings:
        yield "warning", f"::warning title=sovereign-guard::{_data(places.relative(clean(warning)))}"


def _kind(finding: Finding, report: Report) -> str:
    if finding.waiver is not None or finding.in_baseline:
        return "notice"
    return "error" if report.decides(finding) else "warning"


def _title(finding: Finding, report: Report) -> str:
    outcome = finding.outcome
    verdict = outcome.verdict if finding.waiver is None else Verdict.WAIVED
    return say(
        "{rule} {verdict}: {title}",
        rule=outcome.rule,
        verdict=verdict_word(verdict),
        title=report.rules[outcome.rule].title,
    )


def _not_read(problem: InputProblem, places: Places) -> str:
    text = places.relative(problem_line(problem))
    return _command("error", places.problem(problem), say("sovereign-guard: input not read"), text)


def _command(kind: str, place: Place, title: str, text: str) -> str:
    """Return a command; its lines are clean of control characters already, but for those that join them."""
    properties = {"file": place.file, "line": place.line, "col": place.column, "title": _short(title)}
    told = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items() if value)
    return f"::{kind} {told}::{_data(shortened(text, MOST_MESSAGE))}"


def _short(title: str) -> str:
    return shortened(clean(title), MOST_TITLE)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _summary(report: Report, counts: Counter[str]) -> str:
    """Return a line of our own words and numbers alone, which no input can turn into a command."""
    summary = report.summary
    beyond = [
        say(told, hidden=counts[kind] - MOST_SHOWN, number=counts[kind])
        for kind, told in _KINDS.items()
        if counts[kind] > MOST_SHOWN
    ]
    told = say(
        "sovereign-guard: {resources}: {fail} fail, {unknown} unknown, {passed} pass, {waived} waived; "
        "{findings}; {inputs} not read.",
        resources=count(summary.resources, "resource"),
        fail=summary.fail,
        unknown=summary.unknown,
        passed=summary.passed,
        waived=summary.waived,
        findings=count(summary.findings, "finding"),
        inputs=count(summary.errors, "input"),
    )
    if not beyond:
        return told
    hidden = say(
        "GitHub shows {most} annotations of each kind for a step: {hidden} stand in this log only.",
        most=MOST_SHOWN,
        hidden=", ".join(beyond),
    )
    return f"{told} {hidden}"
