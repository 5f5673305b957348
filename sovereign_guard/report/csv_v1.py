"""`--format csv`: for spreadsheets and scripts. A line for each finding, and for each resource without one.

RFC 4180: a header, commas, CRLF. Every field that holds something is quoted, and none can become a formula.
Columns may be added at the right end, never taken out or moved.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from sovereign_guard.model.finding import Assessment, Finding, InputProblem, Report, Verdict
from sovereign_guard.model.screen import Screen
from sovereign_guard.report.limits import shortened
from sovereign_guard.report.places import Places
from sovereign_guard.report.standing import evidence, standing_of
from sovereign_guard.report.words import clean

COLUMNS = (
    "record",
    "input",
    "address",
    "deposed",
    "mode",
    "type",
    "change",
    "kind",
    "level",
    "operators",
    "countries",
    "resource_verdict",
    "rule",
    "verdict",
    "severity",
    "standing",
    "introduced",
    "message",
    "file",
    "line",
    "column",
    "evidence",
    "waived_verdict",
    "waived_until",
    "waiver_reason",
    "waiver_approver",
    "fingerprint",
    "policy",
    "catalog_as_of",
)
MOST = 16_000
"""Characters of a field. A cell of Excel holds 32,767, of which emoji and their like take two:
https://support.microsoft.com/office/excel-specifications-and-limits-1672b34d-7043-467e-8e27-269d656771c3."""
_FORMULA = re.compile('(^|;)([ \u00a0\u202f"]*)(?=[=+@\uff1d\uff0b\uff0d\uff20-])')
"""Beginnings that a spreadsheet may take for a formula: https://owasp.org/www-community/attacks/CSV_Injection.
After a semicolon too, which separates fields where the comma is the decimal sign. Tabs and line ends, which
OWASP names as well, are made visible before."""
_CHUNK = 500


def write(report: Report, _screen: Screen) -> Iterator[bytes]:
    """Give the report as CSV, some hundred lines at a time."""
    yield (",".join(COLUMNS) + "\r\n").encode()
    piece: list[str] = []
    for row in _rows(report):
        piece.append(",".join(_field(row.get(column, "")) for column in COLUMNS) + "\r\n")
        if len(piece) == _CHUNK:
            yield "".join(piece).encode()
            piece = []
    yield "".join(piece).encode()


def _rows(report: Report) -> Iterator[dict[str, str]]:
    places = Places(report)
    policy = f"{report.policy.id} ({report.policy.source})"
    always = {"policy": policy, "catalog_as_of": report.catalog_as_of}
    paths = {inventory.id: inventory.path for inventory in report.inventories}
    for problem in report.problems:
        yield {**_problem(problem, paths, places), **always}
    by_resource: dict[tuple[str, str, str | None], list[Finding]] = defaultdict(list)
    for finding in report.findings:
        by_resource[finding.input, finding.address, finding.deposed].append(finding)
    for item in report.judged:
        resource = item.resource
        found = by_resource.pop((item.input, resource.address, resource.deposed), [])
        own = {**_resource(item, paths, report.levels), **always}
        for finding in found:
            yield {**own, **_finding(finding, report, places)}
        if not found:
            yield own
    for left in by_resource.values():
        for finding in left:
            named = {"input": paths.get(finding.input, finding.input), "address": finding.address}
            yield {**named, **always, **_finding(finding, report, places)}


def _problem(problem: InputProblem, paths: dict[str, str], places: Places) -> dict[str, str]:
    place = places.problem(problem)
    return {
        "record": "error",
        "input": paths.get(problem.input, problem.input),
        "message": f"{problem.message} {problem.hint}".strip(),
        "file": place.file,
        "line": str(place.line or ""),
        "column": str(place.column or ""),
    }


def _resource(item: Assessment, paths: dict[str, str], levels: tuple[str, ...]) -> dict[str, str]:
    """Tell a resource; where several things are possible, all of them, separated by ` or `."""
    resource, ways = item.resource, item.placement.alternatives
    return {
        "record": "resource",
        "input": paths[item.input],
        "address": resource.address,
        "deposed": resource.deposed or "",
        "mode": resource.mode,
        "type": resource.type,
        "change": resource.change,
        "kind": item.kind or "",
        "level": " or ".join(levels[index] for index in item.classification.levels),
        "operators": _ways(
            (*(use.id for use in way.operators), *(("unknown",) if way.missing else ())) for way in ways
        ),
        "countries": _ways(way.countries or ("unknown",) for way in ways),
        "resource_verdict": item.verdict,
    }


def _ways(ways: Iterator[tuple[str, ...]]) -> str:
    return " or ".join(dict.fromkeys(" ".join(way) for way in ways if way))


def _finding(finding: Finding, report: Report, places: Places) -> dict[str, str]:
    outcome, place, waiver = finding.outcome, places.of(finding), finding.waiver
    return {
        "record": "finding",
        "rule": outcome.rule,
        "verdict": Verdict.WAIVED if waiver else outcome.verdict,
        "severity": outcome.severity,
        "standing": standing_of(finding, report).name.lower(),
        "introduced": "yes" if finding.introduced else "no",
        "message": outcome.message,
        "file": place.file,
        "line": str(place.line or ""),
        "column": str(place.column or ""),
        "evidence": " | ".join(evidence(finding)),
        "waived_verdict": outcome.verdict if waiver else "",
        "waived_until": waiver.until if waiver else "",
        "waiver_reason": waiver.reason if waiver else "",
        "waiver_approver": waiver.approver if waiver else "",
        "fingerprint": finding.fingerprint,
    }


def _field(value: str) -> str:
    """Quote a value, on one line, with an apostrophe before whatever would begin a formula."""
    if not value:
        return ""
    safe = _FORMULA.sub(r"\1\2'", shortened(clean(value), MOST))
    return '"' + safe.replace('"', '""') + '"'
