"""SOV009: a qualification that the policy requires is missing, ended, or does not cover the region."""

from __future__ import annotations

from sovereign_guard.judge.case import Case, Ruling
from sovereign_guard.language import later, say
from sovereign_guard.model.finding import Verdict
from sovereign_guard.model.placement import Alternative
from sovereign_guard.model.policy import Requirement
from sovereign_guard.model.value import Evidence
from sovereign_guard.model.wording import both, either

_COVERED = later("{scheme} covers {scope}, from {since}")
_COVERED_UNTIL = later("{scheme} covers {scope}, from {since} until {until}")


def check(case: Case) -> Ruling | None:
    """Fail without the qualification; unknown where operator or region is, if it is certainly required."""
    found = case.decide(judge)
    if found is Verdict.PASS:
        return None
    schemes = sorted(
        {requirement.qualification for requirement in case.requirements() if requirement.qualification}
    )
    if found is Verdict.UNKNOWN and len(case.requirements()) > 1:
        return None
    scheme = both(schemes)
    operators = sorted({use.id for way in case.placement.alternatives for use in way.operators})
    names = either(case.operator_name(name) for name in operators) or say("an operator that is not known")
    if found is Verdict.FAIL:
        return Ruling(
            found,
            say(
                "{levels} data with {names}, which holds no {scheme} qualification in force here",
                levels=case.levels_in_words,
                names=names,
                scheme=scheme,
            ),
            tuple(_held(case, operators, schemes)),
        )
    return Ruling(
        found,
        say(
            "{levels} data with {names}, of which it is not known whether {scheme} covers it",
            levels=case.levels_in_words,
            names=names,
            scheme=scheme,
        ),
    )


def judge(case: Case, requirement: Requirement, way: Alternative) -> Verdict:
    """Whether a qualification is in force where one is required, for one candidate."""
    if requirement.qualification is None or way.internal:
        return Verdict.PASS
    answers = [_qualified(case, use.id, requirement.qualification, way.region) for use in way.operators]
    if False in answers:
        return Verdict.FAIL
    return Verdict.UNKNOWN if way.missing is not None or None in answers else Verdict.PASS


def _qualified(case: Case, operator_id: str, scheme: str, region: str | None) -> bool | None:
    """Whether an operator holds a qualification in force; None where an unknown region decides that."""
    operator = case.catalog.operator(operator_id)
    if operator is not None and operator.internal:
        return True
    answers = [
        held.in_force(case.day, region)
        for held in (operator.qualifications if operator else ())
        if held.scheme == scheme
    ]
    return True if True in answers else None if None in answers else False


def _held(case: Case, operators: list[str], schemes: list[str]) -> list[Evidence]:
    found: list[Evidence] = []
    for name in operators:
        operator = case.catalog.operator(name)
        for held in operator.qualifications if operator else ():
            if held.scheme in schemes:
                words = _COVERED_UNTIL if held.until else _COVERED
                found.append(
                    Evidence(
                        say(words, scheme=held.scheme, scope=held.scope, since=held.since, until=held.until),
                        f"rules/catalog/operators/{name}.yaml",
                    )
                )
    return found
