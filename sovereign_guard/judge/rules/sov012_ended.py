"""SOV012: the service, its operator or the region has ended, so nothing can be placed there."""

from __future__ import annotations

from sovereign_guard.judge.case import Case, Ruling
from sovereign_guard.language import say
from sovereign_guard.model.finding import Verdict
from sovereign_guard.model.placement import Alternative
from sovereign_guard.model.policy import Requirement
from sovereign_guard.model.value import Evidence
from sovereign_guard.model.wording import also


def check(case: Case) -> Ruling | None:
    """Fail whatever the level: there is no machine left to hold the data."""
    if case.decide(judge) is not Verdict.FAIL:
        return None
    steps = tuple({step: None for way in case.placement.alternatives for step in _ended(case, way)})
    return Ruling(Verdict.FAIL, also(step.what for step in steps), steps)


def judge(case: Case, _requirement: Requirement, way: Alternative) -> Verdict:
    """Whether the service still runs. An operator that is not known is taken to run it."""
    return Verdict.FAIL if _ended(case, way) else Verdict.PASS


def _ended_on(name: str, date: str) -> str:
    if len(date) == len("2020-02-01"):
        return say("the service of {operator} ended on {date}", operator=name, date=date)
    return say("the service of {operator} ended in {date}", operator=name, date=date)


def _ended(case: Case, way: Alternative) -> list[Evidence]:
    found = list(way.ended)
    for use in way.operators:
        operator = case.catalog.operator(use.id)
        state = operator.state_on(case.day) if operator else None
        if operator is not None and state is not None and state.state == "ended":
            note = f" ({state.note})" if state.note else ""
            found.append(
                Evidence(
                    f"{_ended_on(operator.name, state.since)}{note}",
                    f"rules/catalog/operators/{operator.id}.yaml",
                )
            )
    return found
