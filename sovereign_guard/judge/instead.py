"""What may stand in the place of what fails: only what the policy in force would pass.

Every offer of the catalog is put before the judges of the rules, as if it were a resource of the plan: none
is proposed on the ground of a list of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from sovereign_guard.catalog import Catalog
from sovereign_guard.judge.case import Case, Judge, worst
from sovereign_guard.judge.rules import (
    sov001_jurisdiction,
    sov002_territory,
    sov008_internal,
    sov009_qualification,
    sov012_ended,
)
from sovereign_guard.model.classification import Classification
from sovereign_guard.model.finding import Finding, Report, Verdict
from sovereign_guard.model.instead import Choice, Instead
from sovereign_guard.model.knowledge import Offer
from sovereign_guard.model.placement import Alternative, Placement
from sovereign_guard.model.policy import Policy

_JUDGES: tuple[Judge, ...] = (
    sov001_jurisdiction.judge,
    sov002_territory.judge,
    sov008_internal.judge,
    sov009_qualification.judge,
    sov012_ended.judge,
)
_AT_FAULT = frozenset({"SOV001", "SOV002", "SOV008", "SOV009"})
"""Rules that speak of where the resource itself lies."""

_BY_FLOW = frozenset({"SOV004", "SOV005", "SOV006"})
"""Rules that do so where data flows in, and otherwise of some other place."""

Ways = Callable[[str, str], tuple[Alternative, ...]]
"""Gives the ways in which an operator, on another's infrastructure or none, may hold something."""


def instead(
    resource_type: str, levels: tuple[int, ...], policy: Policy, catalog: Catalog, day: str, ways: Ways
) -> Instead | None:
    """Return what may stand in the place of a resource type; None where the catalog knows no kind for it.

    Args:
        levels: indexes of the levels that the data may have; a choice must pass for each.
        policy: the policy in force. day: ISO day on which dated facts are looked at.

    """
    kind = catalog.service_kind(resource_type)
    if kind is None:
        return None
    case = Case(
        placement=Placement((), ()),
        classification=(level := Classification(levels, None, None, ())),
        before=None,
        policy=policy,
        catalog=catalog,
        day=day,
        total=level,
    )
    found = [choice for offer in kind.instead if (choice := _choice(offer, case, ways)) is not None]
    # What others run comes first; within that, no operator has a better place than its name gives it.
    found.sort(key=lambda one: (one.offer.self_run, one.name.casefold(), one.offer.types))
    return Instead(kind, levels, tuple(found))


def with_choices(report: Report, catalog: Catalog, day: str, ways: Ways) -> Report:
    """Return a report that knows what may stand in the place of the resources that fail in it."""
    failing = {_key(one) for one in report.findings if _is_at_fault(one)}
    if not failing:
        return report
    known: dict[tuple[str, tuple[int, ...]], Instead | None] = {}
    found: dict[tuple[str, str, str | None], Instead] = {}
    for item in report.judged:
        place = (item.input, item.resource.address, item.resource.deposed)
        if place not in failing:
            continue
        # With what flows in: the place that is sought must be fit for that too.
        key = (item.resource.type, item.classification.levels)
        if key not in known:
            known[key] = instead(*key, report.policy, catalog, day, ways)
        one = known[key]
        if one is not None:
            found[place] = one
    return msgspec.structs.replace(report, instead=found, replaceable=frozenset(failing))


def _is_at_fault(finding: Finding) -> bool:
    """Whether a finding says that its resource lies where its data must not be."""
    outcome = finding.outcome
    if outcome.verdict is not Verdict.FAIL or finding.waiver is not None:
        return False
    return outcome.rule in _AT_FAULT or (outcome.rule in _BY_FLOW and not outcome.elsewhere)


def _key(finding: Finding) -> tuple[str, str, str | None]:
    return (finding.input, finding.address, finding.deposed)


def _choice(offer: Offer, case: Case, ways: Ways) -> Choice | None:
    if offer.self_run:
        # It lies wherever one runs it, which is judged once it is written down.
        return Choice(offer, offer.software)
    allowed = [way for way in ways(offer.operator, offer.below) if _passes(case, way)]
    if not allowed:
        return None
    return Choice(
        offer,
        case.operator_name(offer.operator),
        tuple(sorted({way.region for way in allowed if way.region is not None})),
        tuple(sorted({country for way in allowed for country in way.countries})),
    )


def _passes(case: Case, way: Alternative) -> bool:
    return worst(_verdicts(case, way)) is Verdict.PASS


def _verdicts(case: Case, way: Alternative) -> Iterator[Verdict]:
    for need in case.requirements():
        for judge in _JUDGES:
            yield judge(case, need, way)
