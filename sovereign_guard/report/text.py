"""`--format text`: for people. Grouped by verdict, each finding with its evidence, then what to do."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from sovereign_guard import __version__
from sovereign_guard.model.finding import Finding, Report, Severity, Verdict
from sovereign_guard.model.screen import Detail, Screen
from sovereign_guard.model.value import Evidence
from sovereign_guard.report.standing import whose_word
from sovereign_guard.report.words import clean, paint, wrap

_VERDICTS = {
    Verdict.FAIL: ("FAIL", "red"),
    Verdict.UNKNOWN: ("UNKNOWN", "yellow"),
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
    """Give a line for each input that could not be read and each finding, as compilers write them."""
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
        yield clean(f"sovereign-guard: {word}. See them without --quiet.")


def _sections(report: Report, screen: Screen) -> Iterator[str]:
    yield _title(report, screen)
    for warning in report.warnings:
        yield wrap(warning, screen, "warning: ")
    yield from _problems(report, screen)
    standing = [finding for finding in report.findings if finding.waiver is None and not finding.in_baseline]
    sections = [
        (title, colour, [one for one in standing if one.outcome.verdict is verdict and not _warns(one)])
        for verdict, (title, colour) in _VERDICTS.items()
    ]
    sections.append(("WARNING", "yellow", [one for one in standing if _warns(one)]))
    sections.append(("WAIVED", "cyan", [one for one in report.findings if one.waiver is not None]))
    known = [one for one in report.findings if one.waiver is None and one.in_baseline]
    sections.append(("IN THE BASELINE", "dim", known))
    for title, colour, found in sections:
        if found:
            places = {(one.input, one.address, one.deposed) for one in found if one.address}
            told = f" {_count(len(places), 'resource')}" if places else ""
            yield f"\n{paint(title, colour, screen)}{told}"
            yield from _findings(found, report, screen)
    if screen.detail is Detail.VERBOSE:
        yield from _passing(report, screen)
    yield from _leaving(report, screen)
    yield from _what_to_do(report, screen)
    yield from _statements(report, screen)
    yield from _summary(report, screen)


def _title(report: Report, screen: Screen) -> str:
    inputs = ", ".join(clean(inventory.path) for inventory in report.inventories) or "nothing"
    name = paint(f"sovereign-guard {__version__}", "bold", screen)
    policy = f"policy {clean(report.policy.id)} ({clean(report.policy.source)})"
    return f"{name}  {inputs}\n{policy}, catalog of {report.catalog_as_of}"


def _problems(report: Report, screen: Screen) -> Iterator[str]:
    if report.problems:
        yield f"\n{paint('NOT READ', 'red', screen)}"
    for problem in report.problems:
        yield wrap(f"{problem.where}: {problem.message} {problem.hint}", screen, "  ", "    ")


def _findings(findings: list[Finding], report: Report, screen: Screen) -> Iterator[str]:
    several = len(report.inventories) > 1
    changes = {
        (item.input, item.resource.address, item.resource.deposed): item.resource.change
        for item in report.judged
    }
    for (source, address, deposed), group in groupby(findings, key=lambda f: (f.input, f.address, f.deposed)):
        if address:
            origin = f"  in {clean(source)}" if several else ""
            about = f"({changes[source, address, deposed]}){origin}"
            yield f"\n  {paint(clean(address), 'bold', screen)}  {paint(about, 'dim', screen)}"
        else:
            yield f"\n  {paint(clean(source), 'bold', screen)}"
        shown: set[Evidence] = set()
        for finding in group:
            yield from _finding(finding, shown, screen)


def _finding(finding: Finding, shown: set[Evidence], screen: Screen) -> Iterator[str]:
    outcome = finding.outcome
    if finding.file:
        place = ":".join(str(part) for part in (finding.file, finding.line, finding.column) if part)
        yield f"    {clean(place)}"
    age = "" if finding.introduced else " It stood before this change."
    colour = "yellow" if outcome.severity is Severity.WARNING or outcome.verdict is Verdict.UNKNOWN else "red"
    head = f"{outcome.rule} {outcome.severity}: {outcome.message}.{age}"
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
        yield f"\n{paint('PASS', 'green', screen)} {_count(len(passing), 'resource')}"
    for item in passing:
        operators = sorted({use.id for way in item.placement.alternatives for use in way.operators})
        levels = [report.levels[index] for index in item.classification.levels]
        about = [" or ".join(operators) or "places nothing", item.placement.region or "", " or ".join(levels)]
        about += [] if item.applicable else ["not judged: holds no data"]
        yield wrap(f"{item.resource.address}  {', '.join(filter(None, about))}", screen, "  ", "      ")


def _leaving(report: Report, screen: Screen) -> Iterator[str]:
    leaving = [item for item in report.assessments if item.verdict is Verdict.NOT_JUDGED]
    if leaving:
        yield f"\n{paint('LEAVING', 'dim', screen)} {_count(len(leaving), 'resource')}, not judged"
    for item in leaving:
        deposed = f" (deposed {item.resource.deposed})" if item.resource.deposed else ""
        yield f"  {clean(item.resource.address)}{deposed}"


def _what_to_do(report: Report, screen: Screen) -> Iterator[str]:
    fired = sorted({finding.outcome.rule for finding in report.findings if finding.waiver is None})
    if not fired:
        return
    yield f"\n{paint('WHAT TO DO', 'bold', screen)}"
    for rule in fired:
        yield wrap(f"{rule}: {report.rules[rule].fix}", screen, "  ", "          ")
    yield wrap("The whole reasoning for one resource: sovereign-guard explain ADDRESS PATH", screen, "  ")


def _statements(report: Report, screen: Screen) -> Iterator[str]:
    for title, steps in (
        ("STATED BY THE ORGANISATION, and accepted", report.statements.accepted),
        ("STATED IN THE REPOSITORY, and not accepted", report.statements.refused),
    ):
        if steps:
            yield f"\n{paint(title, 'bold', screen)}"
        for step in steps:
            yield wrap(f"{step.what}  [{step.where}]", screen, "  - ")


def _summary(report: Report, screen: Screen) -> Iterator[str]:
    summary = report.summary
    parts = [
        paint(f"{summary.fail} fail", "red", screen) if summary.fail else "0 fail",
        paint(f"{summary.unknown} unknown", "yellow", screen) if summary.unknown else "0 unknown",
        paint(f"{summary.passed} pass", "green", screen),
    ]
    parts += [f"{summary.waived} waived"] if summary.waived else []
    parts += [f"{summary.not_judged} leaving"] if summary.not_judged else []
    findings = _count(summary.findings, "finding")
    waived = sum(finding.waiver is not None for finding in report.findings)
    known = sum(finding.waiver is None and finding.in_baseline for finding in report.findings)
    apart = [f"{waived} waived"] if waived else []
    apart += [f"{known} in the baseline of {report.baseline.written}"] if known and report.baseline else []
    among = f", {' and '.join(apart)}" if apart else ""
    yield f"\n{_count(summary.resources, 'resource')}: {', '.join(parts)}; {findings}{among}"
    level = report.levels[report.policy.unlabelled]
    yield wrap(
        f"{_count(summary.unlabelled, 'data-bearing resource')} without any label, judged as {level}.", screen
    )
    yield wrap(
        f"Facts: catalog of {report.catalog_as_of}, with sources (sovereign-guard catalog show ID). "
        "Not legal advice.",
        screen,
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
