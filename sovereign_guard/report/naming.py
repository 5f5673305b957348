"""What formats for other programs share: ids that follow from what they name, and words for it."""

from __future__ import annotations

import hashlib
from uuid import NAMESPACE_URL, UUID, uuid5

from sovereign_guard.model.finding import Assessment, Report
from sovereign_guard.report.words import clean

SPACE = "urn:sovereign-guard"
"""Namespace of names that are ours."""

UNKNOWN_OPERATOR = "?"
_NAMESPACE = uuid5(NAMESPACE_URL, SPACE)


def uuid_of(*parts: str) -> UUID:
    """Return the UUID of what these parts name: always the same."""
    return uuid5(_NAMESPACE, "\0".join(parts).encode(errors="replace").decode())


def uuid_of_report(what: str, report: Report) -> UUID:
    """Return the UUID of a document about a report: the same for the same inputs, policy and findings."""
    digest = hashlib.sha256()
    for inventory in report.inventories:
        digest.update(f"{inventory.id}\0{inventory.sha256}\0".encode(errors="replace"))
    for finding in report.findings:
        digest.update(f"{finding.fingerprint}\0{finding.outcome.verdict}\0".encode())
    for item in report.judged:
        digest.update(f"{item.input}\0{item.resource.address}\0{item.verdict}\0".encode(errors="replace"))
    on_unknown = report.statements.on_unknown or report.policy.on_unknown
    return uuid_of(what, report.policy.id, on_unknown, report.day, report.catalog_as_of, digest.hexdigest())


def moment(report: Report) -> str:
    """Return the beginning of the day of a report. No hour is told: the same run gives the same bytes."""
    return f"{report.day}T00:00:00Z"


def line(text: str) -> str:
    """Return a text as one line that is not empty, without blanks around it."""
    return clean(text).strip() or "-"


def levels_of(item: Assessment, report: Report) -> str:
    """Return the level of a resource; `unknown`, with those that it may have, where it is not known."""
    return level_words(item.classification.levels, report)


def level_words(levels: tuple[int, ...], report: Report) -> str:
    """Return a level by its index; `unknown`, with those that it may be, where there are several."""
    names = [report.levels[index] for index in levels]
    return names[0] if len(names) == 1 else f"unknown: {', '.join(names)}"


def certain_operators(item: Assessment) -> tuple[str, ...]:
    """Return the ids of the operators that a resource has whichever way it is placed."""
    ways = [{use.id for use in way.operators} for way in item.placement.alternatives]
    return tuple(sorted(set.intersection(*ways))) if ways else ()


def operator_name(name: str, report: Report) -> str:
    """Return the name that the law knows of an operator; its id where that is not in the catalog."""
    operator = report.operator(name)
    return line(operator.formal_name if operator is not None else name)
