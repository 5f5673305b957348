"""`--format text`: for people. Grouped by verdict, each finding with its evidence, then what to do."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from sovereign_guard import __version__
from sovereign_guard.language import later, say, say_many
from sovereign_guard.model.finding import Finding, Report, Severity, Verdict
from sovereign_guard.model.screen import Detail, Screen
from sovereign_guard.model.value import Evidence
from sovereign_guard.report.instead import in_one_line
from sovereign_guard.report.layout import advice, heading
from sovereign_guard.report.standing import whose_word
from sovereign_guard.report.terms import all_of, any_of, severity_word, source_words
from sovereign_guard.report.words import clean, paint, wrap

_VERDICTS = {
    Verdict.FAIL: (later("FAIL"), "red"),
    Verdict.UNKNOWN: (later("UNKNOWN"), "yellow"),
}


def write(report: Report, screen: Screen) -> Iterator[bytes]:
    """Give the report as text, section by section."""
    sections = _lines(report) if screen.detail is Detail.QUIET else _sections(report, screen)
    for section in sections:
        yield f"{section}\n".encode(errors="replace")


def _warns(finding: Finding) -> bool:
    """Whether a finding is one that only warns of what is known (an unknown that warns is still unknown)."""
    return finding.outcome.verdict is Verdict.FAIL and not finding.outcome.counts


def _lines(report: Report) -> Iterator[str]:
    """Give a line for each input that could not be read and each finding, as compilers write them.

    Editors and scripts read these lines, so but for the messages they are the same in every language.
    """
    for problem in report.problems:
        yield clean(f"{problem.where}: error: {problem.message} {problem.hint}")
    for finding in report.findings:
        if finding.waiver is None and not finding.in_baseline:
            outcome = finding.outcome
            place = (finding.file or finding.input, finding.line, finding.column)
            where = ":".join(str(part) for part in place if part)
            about = f"{finding.address}: " if finding.address else ""
            yield clean(
                f"{where}: {outcome.rule} {outcome.verdict} {outcome.severity}: {about}{outcome.message}"
            )
    word = whose_word(report)
    if word:
        yield clean(say("sovereign-guard: {statements}. See them without --quiet.", statements=word))


def _sections(report: Report, screen: Screen) -> Iterator[str]:
    yield _title(report, screen)
    for warning in report.warnings:
        yield wrap(warning, screen, say("warning: "))
    yield from _problems(report, screen)
    standing = [finding for finding in report.findings if finding.waiver is None and not finding.in_baseline]
    sections = [
        (say(title), colour, [one for one in standing if one.outcome.verdict is verdict and not _warns(one)])
        for verdict, (title, colour) in _VERDICTS.items()
    ]
    sections.append((say("WARNING"), "yellow", [one for one in standing if _warns(one)]))
    sections.append((say("WAIVED"), "cyan", [one for one in report.findings if one.waiver is not None]))
    known = [one for one in report.findings if one.waiver is None and one.in_baseline]
    sections.append((say("IN THE BASELINE"), "dim", known))
    for title, colour, found in sections:
        if found:
            places = {(one.input, one.address, one.deposed) for one in found if one.address}
            yield _heading(title, colour, screen, _resources(len(places)) if places else "")
            yield from _findings(found, report, screen)
    if screen.detail is Detail.VERBOSE:
        yield from _passing(report, screen)
    yield from _leaving(report, screen)
    yield from _what_to_do(report, screen)
    yield from _statements(report, screen)
    yield from _summary(report, screen)


def _title(report: Report, screen: Screen) -> str:
    inputs = ", ".join(clean(inventory.path) for inventory in report.inventories) or say("nothing")
    name = paint(f"sovereign-guard {__version__}", "bold", screen)
    rests_on = say(
        "policy {policy} ({source}), catalog of {day}",
        policy=clean(report.policy.id),
        source=clean(source_words(report.policy)),
        day=report.catalog_as_of,
    )
    return f"{name}  {inputs}\n{rests_on}"


def _problems(report: Report, screen: Screen) -> Iterator[str]:
    if report.problems:
        yield _heading(say("NOT READ"), "red", screen)
    for problem in report.problems:
        yield wrap(f"{problem.where}: {problem.message} {problem.hint}", screen, "  ", "    ")


def _findings(findings: list[Finding], report: Report, screen: Screen) -> Iterator[str]:
    several = len(report.inventories) > 1
    changes = {
        (item.input, item.resource.address, item.resource.deposed): item.resource.change
        for item in report.judged
    }
    proposed: set[tuple[str, str]] = set()
    for (source, address, deposed), group in groupby(findings, key=lambda f: (f.input, f.address, f.deposed)):
        if address:
            about = f"({changes[source, address, deposed]})"
            if several:
                about = "  ".join((about, say("in {place}", place=clean(source))))
            yield f"\n  {paint(clean(address), 'bold', screen)}  {paint(about, 'dim', screen)}"
        else:
            yield f"\n  {paint(clean(source), 'bold', screen)}"
        shown: set[Evidence] = set()
        for finding in group:
            yield from _finding(finding, shown, screen)
            yield from in_one_line(report, finding, proposed, screen)


def _finding(finding: Finding, shown: set[Evidence], screen: Screen) -> Iterator[str]:
    outcome = finding.outcome
    if finding.file:
        place = ":".join(str(part) for part in (finding.file, finding.line, finding.column) if part)
        yield f"    {clean(place)}"
    colour = "yellow" if outcome.severity is Severity.WARNING or outcome.verdict is Verdict.UNKNOWN else "red"
    severity = severity_word(outcome.severity)
    head = say("{rule} {severity}: {message}.", rule=outcome.rule, severity=severity, message=outcome.message)
    if not finding.introduced:
        head = " ".join((head, say("It stood before this change.")))
    wrapped = wrap(head, screen, "    ", "           ")
    yield wrapped.replace(outcome.rule, paint(outcome.rule, colour, screen), 1)
    if finding.waiver is not None:
        waived = f"{finding.waiver.words}  [{finding.waiver.where}]"
        yield wrap(waived[0].upper() + waived[1:], screen, "      ", "        ")
    for step in outcome.evidence:
        if step not in shown:
            shown.add(step)
            where = f"  [{step.where}]" if step.where else ""
            yield wrap(f"{step.what}{where}", screen, "      - ", "        ")


def _passing(report: Report, screen: Screen) -> Iterator[str]:
    passing = [item for item in report.assessments if item.verdict is Verdict.PASS]
    if passing:
        yield _heading(say("PASS"), "green", screen, _resources(len(passing)))
    for item in passing:
        operators = sorted({use.id for way in item.placement.alternatives for use in way.operators})
        levels = [report.levels[index] for index in item.classification.levels]
        about = [any_of(operators) or say("places nothing"), item.placement.region or "", any_of(levels)]
        about += [] if item.applicable else [say("not judged: holds no data")]
        yield wrap(f"{item.resource.address}  {', '.join(filter(None, about))}", screen, "  ", "      ")


def _leaving(report: Report, screen: Screen) -> Iterator[str]:
    leaving = [item for item in report.assessments if item.verdict is Verdict.NOT_JUDGED]
    if leaving:
        told = say_many("{number} resource, not judged", "{number} resources, not judged", len(leaving))
        yield _heading(say("LEAVING"), "dim", screen, told)
    for item in leaving:
        deposed = f" (deposed {item.resource.deposed})" if item.resource.deposed else ""
        yield f"  {clean(item.resource.address)}{deposed}"


def _what_to_do(report: Report, screen: Screen) -> Iterator[str]:
    fired = sorted({finding.outcome.rule for finding in report.findings if finding.waiver is None})
    if not fired:
        return
    yield heading(say("WHAT TO DO"), screen)
    for rule in fired:
        yield advice(rule, report.rules[rule].fix, screen)
    yield wrap(
        say("The whole reasoning for one resource: sovereign-guard explain ADDRESS PATH"), screen, "  "
    )


def _statements(report: Report, screen: Screen) -> Iterator[str]:
    for title, steps in (
        (say("STATED BY THE ORGANISATION, and accepted"), report.statements.accepted),
        (say("STATED IN THE REPOSITORY, and not accepted"), report.statements.refused),
    ):
        if steps:
            yield heading(title, screen)
        for step in steps:
            yield wrap(f"{step.what}  [{step.where}]", screen, "  - ")


def _summary(report: Report, screen: Screen) -> Iterator[str]:
    summary = report.summary
    fail = say_many("{number} fail", "{number} fail", summary.fail)
    unknown = say_many("{number} unknown", "{number} unknown", summary.unknown)
    parts = [
        paint(fail, "red", screen) if summary.fail else fail,
        paint(unknown, "yellow", screen) if summary.unknown else unknown,
        paint(say_many("{number} pass", "{number} pass", summary.passed), "green", screen),
    ]
    if summary.waived:
        parts.append(say_many("{number} waived", "{number} waived", summary.waived))
    if summary.not_judged:
        parts.append(say_many("{number} leaving", "{number} leaving", summary.not_judged))
    waived = sum(finding.waiver is not None for finding in report.findings)
    known = sum(finding.waiver is None and finding.in_baseline for finding in report.findings)
    apart = [say_many("{number} waived", "{number} waived", waived)] if waived else []
    if known and report.baseline:
        apart.append(say("{number} in the baseline of {day}", number=known, day=report.baseline.written))
    told = say(
        "{resources}: {verdicts}; {findings}",
        resources=_resources(summary.resources),
        verdicts=", ".join(parts),
        findings=say_many("{number} finding", "{number} findings", summary.findings),
    )
    yield f"\n{', '.join(filter(None, (told, all_of(apart))))}"
    yield wrap(
        say_many(
            "{number} data-bearing resource without any label, judged as {level}.",
            "{number} data-bearing resources without any label, judged as {level}.",
            summary.unlabelled,
            level=report.levels[report.policy.unlabelled],
        ),
        screen,
    )
    yield wrap(
        say(
            "Facts: catalog of {day}, with sources (sovereign-guard catalog show ID). Not legal advice.",
            day=report.catalog_as_of,
        ),
        screen,
    )


def _heading(title: str, colour: str, screen: Screen, told: str = "") -> str:
    """Return a heading in a colour, with what is told beside it."""
    return " ".join(filter(None, (f"\n{paint(title, colour, screen)}", told)))


def _resources(number: int) -> str:
    return say_many("{number} resource", "{number} resources", number)
