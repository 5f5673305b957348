"""`--format junit`: for the test reports of Jenkins, GitLab, Azure Pipelines and their like.

A suite is an input, a test case is a resource, and a finding that makes the run fail is a failure. Only such
a finding makes a suite red; any other makes its case skipped, never passed, with the finding as its output.

What readers demand, beside the schema `junit-10.xsd` of Jenkins' xunit plugin:

- Jenkins takes what stands before the last dot of `classname` as a package: it is the input, and the class is
  the resource type. Of several `failure` elements it shows the first, so a case has one at most.
- GitLab drops all but one of the cases that agree in `classname` and `name`
  (https://docs.gitlab.com/ci/testing/unit_test_reports): none agree here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Literal, TypeAlias
from xml.sax.saxutils import escape, quoteattr

import msgspec

from sovereign_guard import __version__
from sovereign_guard.language import say
from sovereign_guard.model.finding import Assessment, Finding, InputProblem, Report, Verdict
from sovereign_guard.model.resource import Inventory
from sovereign_guard.model.screen import Screen
from sovereign_guard.model.value import Evidence
from sovereign_guard.report.limits import shortened
from sovereign_guard.report.places import Places
from sovereign_guard.report.standing import (
    Standing,
    count,
    evidence,
    excuse,
    headline,
    standing_of,
    subject,
)
from sovereign_guard.report.terms import NOTICE, several, verdict_word
from sovereign_guard.report.words import clean

MOST_BYTES = 30_000_000
"""GitLab takes files below 30 MB: https://docs.gitlab.com/ci/testing/unit_test_reports."""
MOST_OBJECTS = 250_000
"""GitLab refuses XML of more: https://gitlab.com/gitlab-org/gitlab/-/issues/507482. Counted here are
elements, attributes and texts."""
_FRAME = 2_000
"""Bytes that are kept free for what stands around the cases of a suite, its paths and notes apart."""
_MOST_TEXT = 50_000
"""Characters of one text. Nothing that people read is longer, and libxml2 refuses texts of 10 MB."""
_MOST_NAME = 2_000
_DOTS = frozenset(".")

State: TypeAlias = Literal["error", "failure", "skipped", "passed"]
_STATES: tuple[State, ...] = ("error", "failure", "skipped", "passed")


class _Subject(msgspec.Struct, frozen=True, eq=False):
    """What a test case is about: a resource with its findings, a finding without one, or an input's fault."""

    suite: str
    group: str
    name: str
    findings: tuple[Finding, ...] = ()
    assessment: Assessment | None = None
    problem: InputProblem | None = None


class _Suite(msgspec.Struct):
    """The cases of an input that are shown, by position, and how many are not, by state."""

    inventory: Inventory | None
    path: str
    cases: list[tuple[int, str]]
    shown: Counter[State]
    cut: Counter[State]
    notes: str = ""


def write(report: Report, _screen: Screen) -> Iterator[bytes]:
    """Give the report as JUnit XML, suite by suite."""
    suites = _suites(report)
    shown = sum((suite.shown for suite in suites), Counter[State]())
    yield b'<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<testsuites name="sovereign-guard"{_numbers(shown)}>\n'.encode()
    for suite in suites:
        name, skipped = _attribute(suite.path), suite.shown["skipped"]
        yield f'<testsuite name={name}{_numbers(suite.shown)} skipped="{skipped}">\n'.encode()
        yield _properties(report, suite).encode()
        for _position, case in sorted(suite.cases):
            yield case.encode()
        if suite.notes:
            yield f"<system-out>{_text(suite.notes)}</system-out>\n".encode()
        yield b"</testsuite>\n"
    yield b"</testsuites>\n"


def _suites(report: Report) -> list[_Suite]:
    """Choose the cases that are shown: errors and failures before the skipped, these before the passed."""
    inventories = {inventory.id: inventory for inventory in report.inventories}
    paths = {inventory.id: inventory.path for inventory in report.inventories}
    subjects = _told_apart(_subjects(report), paths)
    suites: dict[str, _Suite] = {}
    for name in sorted({*inventories, *(one.suite for one in subjects)}):
        found = inventories.get(name)
        suites[name] = _Suite(found, found.path if found else name, [], Counter(), Counter())
    if suites:
        next(iter(suites.values())).notes = _notes(report)
    states = [_state(one, report) for one in subjects]
    # A suite has itself, four attributes, nine properties of three, and a note.
    objects = MOST_OBJECTS - 10 - len(suites) * 40
    size = MOST_BYTES - sum(
        _FRAME + 6 * (len(suite.path.encode(errors="replace")) + len(suite.notes.encode(errors="replace")))
        for suite in suites.values()
    )
    places, room = Places(report), True
    for wanted in (("error", "failure"), ("skipped",), ("passed",)):
        for position, (one, state) in enumerate(zip(subjects, states, strict=True)):
            if state not in wanted:
                continue
            suite = suites[one.suite]
            if room:
                case, weight = _case(one, state, report, places)
                size -= len(case.encode())
                objects -= weight
                room = size >= 0 and objects >= 0
            if room:
                suite.cases.append((position, case))
                suite.shown[state] += 1
            else:
                suite.cut[state] += 1
    return list(suites.values())


# -- what the cases are about --------------------------------------------------------------------------------


def _subjects(report: Report) -> Iterator[_Subject]:
    for problem in report.problems:
        # Readers follow a case from run to run by its name, so that is the same in every language.
        yield _Subject(problem.input, "input", f"reading {clean(problem.where)}", problem=problem)
    by_resource: dict[tuple[str, str, str | None], list[Finding]] = defaultdict(list)
    for finding in report.findings:
        by_resource[finding.input, finding.address, finding.deposed].append(finding)
    for item in report.judged:
        resource = item.resource
        found = by_resource.pop((item.input, resource.address, resource.deposed), [])
        name = subject(resource.address, resource.deposed)
        yield _Subject(item.input, resource.type, name, tuple(found), assessment=item)
    for (source, address, deposed), left in by_resource.items():
        for finding in left:
            where = ":".join(str(part) for part in (finding.file or source, finding.line) if part)
            name = f"{subject(address, deposed)} {clean(where)}".strip()
            yield _Subject(source, finding.outcome.rule, name, (finding,))


def _told_apart(subjects: Iterator[_Subject], paths: dict[str, str]) -> list[_Subject]:
    """Make groups into class names, and add numbers to names that would share one."""
    seen: Counter[tuple[str, str]] = Counter()
    apart: list[_Subject] = []
    for one in subjects:
        path = paths.get(one.suite, one.suite)
        # A package "." would be no page of Jenkins.
        package = f"{path}/" if _DOTS.issuperset(path) else path
        key = (clean(f"{package}.{one.group}"), shortened(one.name, _MOST_NAME))
        seen[key] += 1
        name = f"{key[1]} ({seen[key]})" if seen[key] > 1 else key[1]
        apart.append(msgspec.structs.replace(one, group=key[0], name=name))
    return apart


def _state(one: _Subject, report: Report) -> State:
    if one.problem is not None:
        return "error"
    if any(map(report.decides, one.findings)):
        return "failure"
    left = one.assessment is not None and one.assessment.verdict in (Verdict.NOT_JUDGED, Verdict.WAIVED)
    return "skipped" if one.findings or left else "passed"


# -- XML -----------------------------------------------------------------------------------------------------


def _case(one: _Subject, state: State, report: Report, places: Places) -> tuple[str, int]:
    """Return a test case, and the number of its elements, attributes and texts."""
    start = f"<testcase classname={_attribute(one.group)} name={_attribute(one.name)}"
    if state == "passed":
        return f"{start}/>\n", 3
    if one.problem is not None:
        message, kind = one.problem.message, "input"
        detail, output = f"{one.problem.where}: {one.problem.message} {one.problem.hint}".strip(), ""
        detail = clean(detail)
    elif state == "failure":
        deciding = [finding for finding in one.findings if report.decides(finding)]
        others = [finding for finding in one.findings if not report.decides(finding)]
        rules = list(dict.fromkeys(finding.outcome.rule for finding in deciding))
        message, kind = headline(deciding[0]), ",".join(rules)
        if len(deciding) > 1:
            message = say(
                "{message} (and {findings})",
                message=message,
                findings=count(len(deciding) - 1, "more finding"),
            )
        detail = "\n".join(_told(deciding, report, places))
        advice = [say("What to do: sovereign-guard rules {rule}", rule=rule) for rule in rules]
        detail = "\n".join((detail, *advice))
        output = "\n".join(_told(others, report, places))
    else:
        message, kind, detail = _why_skipped(one, report), "", ""
        output = "\n".join(_told(one.findings, report, places))
    typed = f" type={_attribute(kind)}" if kind else ""
    element = f"<{state}{typed} message={_attribute(shortened(message, _MOST_NAME))}"
    body = f"{element}>{_text(detail)}</{state}>" if detail else f"{element}/>"
    said = f"<system-out>{_text(output)}</system-out>" if output else ""
    return f"{start}>{body}{said}</testcase>\n", 7 + (2 if output else 0)


def _why_skipped(one: _Subject, report: Report) -> str:
    reasons = [f"{f.outcome.rule} {excuse(f, standing_of(f, report))}" for f in one.findings]
    if not reasons and one.assessment is not None:
        change = one.assessment.resource.change
        if one.assessment.verdict is Verdict.NOT_JUDGED:
            return say("leaving ({change}): not judged", change=change)
        return verdict_word(one.assessment.verdict)
    return several(dict.fromkeys(reasons))


def _told(findings: tuple[Finding, ...] | list[Finding], report: Report, places: Places) -> Iterator[str]:
    """Tell findings of one resource line by line; the evidence that they share once."""
    shown: set[str] = set()
    for finding in findings:
        place, standing = places.of(finding), standing_of(finding, report)
        yield clean(":".join(str(part) for part in (place.file, place.line, place.column) if part))
        yield headline(finding)
        if standing is not Standing.DECIDES:
            yield f"  {excuse(finding, standing)}"
        for step in evidence(finding):
            if step not in shown:
                shown.add(step)
                yield f"  - {step}"


def _properties(report: Report, suite: _Suite) -> str:
    named = {
        "tool": f"sovereign-guard {__version__}",
        "policy": f"{report.policy.id} ({report.policy.source})",
        "catalog": report.catalog_as_of,
        "exit-code": str(report.exit_code),
        "notice": say(NOTICE),
    }
    if suite.inventory is not None:
        named |= {"kind": suite.inventory.kind, "sha256": suite.inventory.sha256}
    if suite.cut:
        parts = ", ".join(f"{suite.cut[state]:,} {state}" for state in _STATES if suite.cut[state])
        named["left-out"] = say(
            "{cases} ({parts}), for GitLab's limits of {bytes:,} bytes and {objects:,} objects",
            cases=count(suite.cut.total(), "test case"),
            parts=parts,
            bytes=MOST_BYTES,
            objects=MOST_OBJECTS,
        )
    lines = (
        f"<property name={_attribute(name)} value={_attribute(value)}/>" for name, value in named.items()
    )
    return f"<properties>{''.join(lines)}</properties>\n"


def _notes(report: Report) -> str:
    """Return what concerns the run as a whole: warnings, and what the organisation stated."""
    statements = report.statements
    lines = [say("warning: ") + clean(warning) for warning in report.warnings]
    lines += [say("stated and accepted: {statement}", statement=_step(step)) for step in statements.accepted]
    lines += [
        say("stated and not accepted: {statement}", statement=_step(step)) for step in statements.refused
    ]
    return shortened("\n".join(lines), _MOST_TEXT)


def _step(step: Evidence) -> str:
    return clean(f"{step.what} [{step.where}]")


def _numbers(shown: Counter[State]) -> str:
    return f' tests="{shown.total()}" failures="{shown["failure"]}" errors="{shown["error"]}"'


def _attribute(value: str) -> str:
    return quoteattr(clean(value))


def _text(lines: str) -> str:
    """Escape lines whose characters are clean each."""
    return escape(shortened(lines, _MOST_TEXT))
