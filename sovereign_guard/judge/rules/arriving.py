"""What the rules about flows share: data arrives where its level must not be, or leaves for there.

Labels and containers are the matter of the other rules. Here the question is what a flow adds: a placement
that is in order for what a resource is labelled with, and not for what flows into it.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from sovereign_guard.judge.case import Case, Judge, Ruling, not_known, worst
from sovereign_guard.judge.rules import (
    sov001_jurisdiction,
    sov002_territory,
    sov008_internal,
    sov009_qualification,
)
from sovereign_guard.language import say
from sovereign_guard.model.finding import Verdict
from sovereign_guard.model.flow import Outward
from sovereign_guard.model.placement import Placement
from sovereign_guard.model.value import Evidence, Unknown, words
from sovereign_guard.model.wording import also

_JUDGES: tuple[Judge, ...] = (
    sov001_jurisdiction.judge,
    sov002_territory.judge,
    sov008_internal.judge,
    sov009_qualification.judge,
)
_CHECKS = (
    sov001_jurisdiction.check,
    sov002_territory.check,
    sov008_internal.check,
    sov009_qualification.check,
)


_TOLD = 20
"""Flows of one resource that a finding tells of; a topic may have thousands of subscribers."""


def arriving(case: Case, lead: str) -> Ruling | None:
    """Judge a placement for what flows into it, where the resource's own level alone is in order.

    Args:
        lead: the message, with what is said of the data and its operator in the place of `{words}`.

    """
    inside = msgspec.structs.replace(case, classification=case.total)
    verdict, alone = inside.decide(*_JUDGES), case.decide(*_JUDGES)
    if verdict is Verdict.PASS or alone in (verdict, Verdict.FAIL):
        return None
    words, evidence = _words(inside, verdict)
    steps = (*case.total.evidence, *case.placement.evidence, *evidence)
    return Ruling(verdict, say(lead, words=words), steps, whole=True)


def leaving(case: Case, outward: Outward, sender: Placement, lead: str) -> Ruling | None:
    """Judge where data goes that leaves the configuration.

    Args:
        case: of the resource that it leaves. sender: where that lies.
        lead: the message, with where it goes as `{destination}`, and what is said of it as `{words}`.

    """
    stays = _stays(outward.placement, sender)
    if stays and not outward.says:
        return None
    outside = msgspec.structs.replace(case, placement=outward.placement, classification=outward.carried)
    verdict = outside.decide(*_JUDGES)
    if verdict is Verdict.PASS:
        return None
    if stays and verdict is Verdict.UNKNOWN:
        here = msgspec.structs.replace(case, classification=case.total, placement=sender)
        if here.decide(*_JUDGES) is not Verdict.PASS:
            return None  # What is not known here is not known of the sender either, and told of that.
    if not outward.certain:
        verdict = Verdict.UNKNOWN
    words, evidence = _words(outside, verdict)
    return Ruling(
        verdict,
        say(lead, destination=outward.shown, words=words),
        (*outward.path, *outward.placement.evidence, *evidence),
        whole=True,
        elsewhere=outward.placement.operator_ids,
    )


def joined(rulings: list[Ruling]) -> Ruling | None:
    """Join what is said of several flows of one resource: the worst of them, and all their evidence."""
    if len(rulings) < 2:
        return rulings[0] if rulings else None
    verdict = worst(ruling.verdict for ruling in rulings)
    said = [ruling for ruling in rulings if ruling.verdict is verdict]
    said.sort(key=lambda ruling: ruling.message)
    messages = list(dict.fromkeys(ruling.message for ruling in said))
    if len(messages) > _TOLD:
        messages[_TOLD:] = [say("and {number} flows more", number=len(messages) - _TOLD)]
    others = [ruling for ruling in rulings if ruling.verdict is not verdict]
    evidence = dict.fromkeys(step for ruling in (*said, *others)[:_TOLD] for step in ruling.evidence)
    return Ruling(
        verdict,
        also(messages),
        tuple(evidence),
        whole=True,
        elsewhere=tuple(sorted({name for one in said for name in one.elsewhere})),
    )


def _stays(destination: Placement, sender: Placement) -> bool:
    """Whether data stays with whom it is with already, as far as anything is said of the place."""
    if any(way.missing is not None for way in destination.alternatives):
        return False
    there = {use.id for way in destination.alternatives for use in way.operators}
    here = {use.id for way in sender.alternatives for use in way.operators}
    if not all(way.countries for way in destination.alternatives) and all(
        way.countries for way in sender.alternatives
    ):
        return False  # With the same operator, and yet perhaps in another country.
    countries = {country for way in destination.alternatives for country in way.countries}
    known = {country for way in sender.alternatives for country in way.countries}
    return there <= here and countries <= known


def _words(case: Case, verdict: Verdict) -> tuple[str, tuple[Evidence, ...]]:
    if verdict is Verdict.FAIL:
        rulings = [ruling for check in _CHECKS if (ruling := check(case)) is not None]
        found = next((ruling for ruling in rulings if ruling.verdict is verdict), None)
        if found is not None:
            return found.message, found.evidence
        return say(
            "{levels} data, and every possibility is against the policy", levels=case.levels_in_words
        ), ()
    causes = list(dict.fromkeys(_causes(case)))
    reasons = dict.fromkeys(words(cause.reason) for cause in causes)
    message = say(
        "{levels} data, and it cannot be told whether the policy allows this", levels=case.levels_in_words
    )
    if reasons:
        message = say("{message}: {reasons}", message=message, reasons=also(reasons))
    return message, tuple(not_known(cause) for cause in causes)


def _causes(case: Case) -> Iterator[Unknown]:
    placement = case.placement
    if case.classification.unknown is not None:
        yield case.classification.unknown
    if placement.unknown_operator is not None:
        yield placement.unknown_operator
    elif placement.unknown_country is not None:
        yield placement.unknown_country
    for way in placement.alternatives:
        if way.control is not None:
            yield way.control
