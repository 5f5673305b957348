"""SOV001: sensitive data with an operator that a forbidden jurisdiction reaches by seat or control."""

from __future__ import annotations

from collections.abc import Iterator

from sovereign_guard.judge.case import Case, Ruling
from sovereign_guard.language import later, say
from sovereign_guard.model.classification import Kind
from sovereign_guard.model.finding import Verdict
from sovereign_guard.model.placement import Alternative, Exposure, Ground
from sovereign_guard.model.policy import Requirement
from sovereign_guard.model.value import Evidence
from sovereign_guard.model.wording import both, either

_GROUNDS = {
    Ground.CONTROL: later("control"),
    Ground.SEAT: later("seat"),
    Ground.DECLARED: later("what is stated of it"),
}
_COMPELLED = later("{levels} data with {names}, which {codes} can compel through {grounds}")
_KEYS_ELSEWHERE = later(
    "{levels} data with {names}, which {codes} can compel through {grounds}, and its keys are out of that "
    "operator's hands, which this policy counts"
)
_PRESENCE = {
    "subsidiary": later("{operator} has a subsidiary in {country}, which this policy counts"),
    "branch": later("{operator} has a branch in {country}, which this policy counts"),
    "data-centre": later("{operator} has a data-centre in {country}, which this policy counts"),
}


def check(case: Case) -> Ruling | None:
    """Fail where every candidate is under a forbidden jurisdiction; what is open is SOV003's to tell."""
    if case.decide(judge) is not Verdict.FAIL:
        return None
    found = {
        exposure: None
        for requirement in case.requirements()
        for way in case.placement.alternatives
        for exposure in forbidden(case, requirement, way)
    }
    operators = sorted({use.id for way in case.placement.alternatives for use in way.operators})
    named = [case.operator_name(name) for name in operators if any(e.operator == name for e in found)]
    names = named[0] if len(named) == 1 else say("one of {names}", names=", ".join(named))
    codes = ", ".join(sorted({exposure.jurisdiction for exposure in found}))
    grounds = both(sorted({say(_GROUNDS[exposure.ground]) for exposure in found}))
    lowered = _lowered(case)
    return Ruling(
        Verdict.FAIL,
        say(
            _KEYS_ELSEWHERE if lowered else _COMPELLED,
            levels=case.levels_in_words,
            names=names,
            codes=codes,
            grounds=grounds,
        ),
        (*(Evidence(exposure.evidence, exposure.source) for exposure in found), *_custody(case)),
        lowered,
    )


def _lowered(case: Case) -> bool:
    """Whether the policy counts that others hold the keys, and each of them may hold the data itself."""
    if case.kind is not Kind.STORES or not all(
        requirement.external_keys_lower for requirement in case.requirements()
    ):
        return False
    return any(
        held.certain
        and held.held != "supplied"
        and bool(held.placements)
        and all(
            judge(case, requirement, way) is Verdict.PASS
            for placement in held.placements
            for requirement in case.requirements()
            for way in placement.alternatives
        )
        for held in case.custody
    )


def _custody(case: Case) -> Iterator[Evidence]:
    """Say who holds the keys: an operator's own key service leaves the data in its hands."""
    for held in case.custody:
        yield from held.evidence
        holders = sorted(
            {use.id for place in held.placements for way in place.alternatives for use in way.operators}
        )
        if holders:
            names = either(case.operator_name(name) for name in holders)
            yield Evidence(
                say("its key is held by {names}: who holds the key can read the data", names=names)
            )


def judge(case: Case, requirement: Requirement, way: Alternative) -> Verdict:
    """Whether every operator is outside the forbidden jurisdictions, for one candidate."""
    if requirement.control is None:
        return Verdict.PASS
    if any(forbidden(case, requirement, way)):
        return Verdict.FAIL
    return Verdict.UNKNOWN if way.missing is not None or way.control is not None else Verdict.PASS


def forbidden(case: Case, requirement: Requirement, way: Alternative) -> Iterator[Exposure]:
    """Give the exposures of an alternative that the requirement does not accept."""
    if requirement.control is None:
        return
    for exposure in (*way.exposures, *_others(case, requirement, way)):
        if exposure.ground in _GROUNDS and not requirement.control.accepts(exposure.jurisdiction):
            yield exposure


def _others(case: Case, requirement: Requirement, way: Alternative) -> Iterator[Exposure]:
    """Give the facts that are exposure only because this policy says so."""
    for use in way.operators:
        operator = case.catalog.operator(use.id)
        if operator is None:
            continue
        if requirement.presence_counts:
            for presence in operator.presence:
                words = say(_PRESENCE[presence.form], operator=operator.name, country=presence.country)
                yield Exposure(presence.country, Ground.SEAT, words, operator=use.id)
        if requirement.suppliers_count:
            for supplier in operator.suppliers:
                words = say(
                    "{supplier} ({country}) supplies {operator}: {what}; this policy counts it",
                    supplier=supplier.name,
                    country=supplier.country,
                    operator=operator.name,
                    what=supplier.what,
                )
                yield Exposure(supplier.country, Ground.CONTROL, words, operator=use.id)
