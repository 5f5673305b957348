"""SOV008: strategic data outside the organisation's own cloud."""

from __future__ import annotations

from sovereign_guard.judge.case import Case, Ruling
from sovereign_guard.language import say
from sovereign_guard.model.finding import Verdict
from sovereign_guard.model.placement import Alternative
from sovereign_guard.model.policy import Requirement
from sovereign_guard.model.value import Evidence, words
from sovereign_guard.model.wording import either


def check(case: Case) -> Ruling | None:
    """Fail outside the internal cloud; unknown where the operator is, if this is certainly required."""
    found = case.decide(judge)
    if found is Verdict.FAIL:
        operators = sorted({use.id for way in case.placement.alternatives for use in way.operators})
        names = either(case.operator_name(name) for name in operators)
        message = say(
            "{levels} data with {names}, which is not declared as the organisation's own cloud",
            levels=case.levels_in_words,
            names=names,
        )
        return Ruling(found, message)
    if found is Verdict.UNKNOWN and all(requirement.internal for requirement in case.requirements()):
        unknown = case.placement.unknown_operator
        return Ruling(
            found,
            say(
                "{levels} data, and it is not known whether its operator is the organisation's own cloud",
                levels=case.levels_in_words,
            ),
            (Evidence(say("not known: {what}", what=words(unknown.reason)), unknown.origin),)
            if unknown
            else (),
        )
    return None


def judge(case: Case, requirement: Requirement, way: Alternative) -> Verdict:
    """Whether the operator is internal where that is required, for one candidate."""
    if not requirement.internal or way.internal:
        return Verdict.PASS
    strangers = [
        use
        for use in way.operators
        if not ((operator := case.catalog.operator(use.id)) and operator.internal)
    ]
    return Verdict.FAIL if strangers else Verdict.UNKNOWN
