"""`--format gitlab`: a Code Quality report, as merge requests of GitLab show it.

The format: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format (read on 2026-11-24).
GitLab shows entries with the same fingerprint as one, and stops reading at the first entry that is not in the
right shape, so every entry has every field and a fingerprint of its own.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator

import msgspec

from sovereign_guard.language import say
from sovereign_guard.model.finding import Finding, InputProblem, Report, Severity
from sovereign_guard.model.screen import Screen
from sovereign_guard.report.limits import gravest_first
from sovereign_guard.report.lines import problem_line, remark, sentence
from sovereign_guard.report.places import Place, Places, identities
from sovereign_guard.report.terms import verdict_word

NOT_READ = "input-not-read"
"""Name of the check where an input could not be read."""

_SEVERITIES = {
    Severity.CRITICAL: "blocker",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "major",
    Severity.LOW: "minor",
    Severity.WARNING: "minor",
}


class LinesG(msgspec.Struct):
    """Where an entry begins."""

    begin: int


class LocationG(msgspec.Struct):
    """Where an entry is."""

    path: str
    lines: LinesG


class EntryG(msgspec.Struct):
    """A finding, or something that could not be read."""

    description: str
    check_name: str
    fingerprint: str
    severity: str
    location: LocationG


def write(report: Report, _screen: Screen) -> Iterator[bytes]:
    """Give the report as JSON text, an entry a line: what could not be read, then the gravest first."""
    encode = msgspec.json.encode
    start = b"["
    for entry in _entries(report):
        yield start + b"\n" + encode(entry)
        start = b","
    yield b"\n]\n" if start == b"," else b"[]\n"


def _entries(report: Report) -> Iterator[EntryG]:
    places = Places(report)
    told: Counter[str] = Counter()
    for problem in report.problems:
        place = places.problem(problem)
        told[place.file] += 1
        yield _relative(_not_read(problem, place, told[place.file]), places)
    keys = identities(report)
    for finding in gravest_first(report):
        yield _relative(_entry(finding, places.of(finding), keys[id(finding)], report), places)


def _relative(entry: EntryG, places: Places) -> EntryG:
    entry.description = places.relative(entry.description)
    return entry


def _entry(finding: Finding, place: Place, key: str, report: Report) -> EntryG:
    outcome = finding.outcome
    return EntryG(
        description=say(
            "{verdict}: {text}",
            verdict=verdict_word(outcome.verdict),
            text=" ".join(filter(None, (sentence(finding), remark(finding, report)))),
        ),
        check_name=outcome.rule,
        fingerprint=key,
        severity=_SEVERITIES[outcome.severity] if finding.waiver is None else "info",
        location=_location(place),
    )


def _not_read(problem: InputProblem, place: Place, time: int) -> EntryG:
    """Return an entry; `time` counts the problems of a file.

    The message is no part of the fingerprint, which must not depend on the language.
    """
    told = "\0".join((NOT_READ, place.file, str(time)))
    return EntryG(
        description=problem_line(problem),
        check_name=NOT_READ,
        fingerprint=hashlib.sha256(told.encode(errors="replace")).hexdigest()[:32],
        severity="blocker",
        location=_location(place),
    )


def _location(place: Place) -> LocationG:
    return LocationG(place.file, LinesG(place.line or 1))
