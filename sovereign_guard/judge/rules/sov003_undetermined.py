"""SOV003: operator, control, region or level cannot be determined, and the answer matters.

It speaks for the rules that stay silent when they cannot decide (SOV001, SOV002), and for the others where it
is the level that is open. Where another rule fails for certain there is nothing more to ask.
"""

from __future__ import annotations

from sovereign_guard.judge.case import Case, Judge, Ruling
from sovereign_guard.judge.rules import (
    sov001_jurisdiction,
    sov002_territory,
    sov008_internal,
    sov009_qualification,
    sov012_ended,
)
from sovereign_guard.model.finding import Verdict
from sovereign_guard.model.value import Evidence, Unknown

_QUESTIONS: tuple[tuple[str, Judge], ...] = (
    ("who can compel the operator", sov001_jurisdiction.judge),
    ("where it stands", sov002_territory.judge),
    ("whether it is internal", sov008_internal.judge),
    ("whether it is qualified", sov009_qualification.judge),
    ("whether the service still runs", sov012_ended.judge),
)
_OWN_UNKNOWN = {"whether it is internal", "whether it is qualified"}
"""Questions whose rules say themselves that they cannot decide, where the level is known."""


def check(case: Case) -> Ruling | None:
    """Say what is open, and which questions it leaves open.

    Where each candidate fails by another rule it fails for certain, though no single rule says so.
    """
    verdicts = {question: case.decide(judge) for question, judge in _QUESTIONS}
    if Verdict.FAIL in verdicts.values():
        return None
    asked = [question for question, verdict in verdicts.items() if verdict is Verdict.UNKNOWN]
    if not asked or (_OWN_UNKNOWN.issuperset(asked) and case.classification.known is not None):
        return None
    together = case.decide(*(judge for _question, judge in _QUESTIONS))
    causes = _causes(case, asked)
    unknown = case.classification.unknown
    if unknown is not None and causes == [unknown]:
        message = "the level of this data is not known, and here it matters"
    else:
        message = f"{case.levels_in_words} data, and it cannot be told {' nor '.join(asked)}"
    if together is Verdict.FAIL:
        message = f"{message}, but every possibility is against the policy"
    reasons = dict.fromkeys(str(cause.reason) for cause in causes)
    return Ruling(
        together if together is Verdict.FAIL else Verdict.UNKNOWN,
        f"{message}: {'; '.join(reasons)}" if reasons else message,
        tuple(
            Evidence(f"not known: {cause.detail or cause.reason}", cause.origin)
            for cause in dict.fromkeys(causes)
        ),
    )


def _causes(case: Case, asked: list[str]) -> list[Unknown]:
    """Return what is not known and bears on the questions asked, each once."""
    placement = case.placement
    found: list[Unknown | None] = [case.classification.unknown, placement.unknown_operator]
    if "who can compel the operator" in asked:
        found.extend(way.control for way in placement.alternatives)
    if placement.unknown_operator is None and {"where it stands", "whether it is qualified"} & set(asked):
        # Of an operator that is not known the place is not known either: that goes without saying.
        found.extend((placement.unknown_country, placement.unknown_region))
    return list(dict.fromkeys(cause for cause in found if cause is not None))
