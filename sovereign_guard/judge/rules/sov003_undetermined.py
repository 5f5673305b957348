"""SOV003: operator, control, region or level cannot be determined, and the answer matters.

It speaks for the rules that stay silent when they cannot decide (SOV001, SOV002), and for the others where it
is the level that is open. Where another rule fails for certain there is nothing more to ask.
"""

from __future__ import annotations

from sovereign_guard.judge.case import Case, Judge, Ruling, not_known
from sovereign_guard.judge.rules import (
    sov001_jurisdiction,
    sov002_territory,
    sov008_internal,
    sov009_qualification,
    sov012_ended,
)
from sovereign_guard.language import later, say
from sovereign_guard.model.finding import Verdict
from sovereign_guard.model.value import Unknown, words
from sovereign_guard.model.wording import also

_QUESTIONS: dict[Judge, str] = {
    sov001_jurisdiction.judge: later("who can compel the operator"),
    sov002_territory.judge: later("where it stands"),
    sov008_internal.judge: later("whether it is internal"),
    sov009_qualification.judge: later("whether it is qualified"),
    sov012_ended.judge: later("whether the service still runs"),
}
_OWN_UNKNOWN: frozenset[Judge] = frozenset({sov008_internal.judge, sov009_qualification.judge})
"""Questions whose rules say themselves that they cannot decide, where the level is known."""


def check(case: Case) -> Ruling | None:
    """Say what is open, and which questions it leaves open.

    Where each candidate fails by another rule it fails for certain, though no single rule says so.
    """
    verdicts = {judge: case.decide(judge) for judge in _QUESTIONS}
    if Verdict.FAIL in verdicts.values():
        return None
    asked = [judge for judge, verdict in verdicts.items() if verdict is Verdict.UNKNOWN]
    if not asked or (_OWN_UNKNOWN.issuperset(asked) and case.classification.known is not None):
        return None
    together = case.decide(*_QUESTIONS)
    causes = _causes(case, asked)
    unknown = case.classification.unknown
    if unknown is not None and causes == [unknown]:
        message = say("the level of this data is not known, and here it matters")
    else:
        message = say(
            "{levels} data, and it cannot be told {questions}",
            levels=case.levels_in_words,
            questions=say(" nor ").join(say(_QUESTIONS[judge]) for judge in asked),
        )
    if together is Verdict.FAIL:
        message = say("{message}, but every possibility is against the policy", message=message)
    reasons = dict.fromkeys(words(cause.reason) for cause in causes)
    if reasons:
        message = say("{message}: {reasons}", message=message, reasons=also(reasons))
    return Ruling(
        together if together is Verdict.FAIL else Verdict.UNKNOWN,
        message,
        tuple(not_known(cause) for cause in dict.fromkeys(causes)),
    )


def _causes(case: Case, asked: list[Judge]) -> list[Unknown]:
    """Return what is not known and bears on the questions asked, each once."""
    placement = case.placement
    found: list[Unknown | None] = [case.classification.unknown, placement.unknown_operator]
    if sov001_jurisdiction.judge in asked:
        found.extend(way.control for way in placement.alternatives)
    if placement.unknown_operator is None and {sov002_territory.judge, sov009_qualification.judge} & set(
        asked
    ):
        # Of an operator that is not known the place is not known either: that goes without saying.
        found.extend((placement.unknown_country, placement.unknown_region))
    return list(dict.fromkeys(cause for cause in found if cause is not None))
