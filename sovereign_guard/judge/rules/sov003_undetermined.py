"""SOV003: operator, control, region or level cannot be determined, and the answer matters.

It speaks for the rules that stay silent when they cannot decide (SOV001, SOV002), and for the others where it is
the level that is open. Where another rule fails for certain there is nothing more to ask.
"""

from __future__ import annotations

from sovereign_guard.judge.case import Case, Ruling
from sovereign_guard.judge.rules import (
    sov001_jurisdiction,
    sov002_territory,
    sov008_internal,
    sov009_qualification,
    sov012_ended,
)
from sovereign_guard.model.finding import Verdict
from sovereign_guard.model.value import Evidence, Unknown


def check(case: Case) -> Ruling | None:
    """Say what is open, and which questions it leaves open."""
    verdicts = {
        "who can compel the operator": sov001_jurisdiction.verdict(case),
        "where it stands": sov002_territory.verdict(case),
        "whether it is internal": sov008_internal.verdict(case),
        "whether it is qualified": sov009_qualification.verdict(case),
        "whether the service still runs": sov012_ended.verdict(case),
    }
    if Verdict.FAIL in verdicts.values():
        return None
    asked = [question for question, verdict in verdicts.items() if verdict is Verdict.UNKNOWN]
    own = {"whether it is internal", "whether it is qualified"}
    if not asked or (own.issuperset(asked) and case.classification.known is not None):
        return None
    causes = _causes(case, asked)
    message = f"{case.levels_in_words} data, and it cannot be told {' nor '.join(asked)}"
    return Ruling(
        Verdict.UNKNOWN,
        f"{message}: {'; '.join(str(cause.reason) for cause in dict.fromkeys(causes))}"
        if causes
        else message,
        tuple(
            Evidence(f"not known: {cause.detail or cause.reason}", cause.origin)
            for cause in dict.fromkeys(causes)
        ),
    )


def _causes(case: Case, asked: list[str]) -> list[Unknown]:
    found: list[Unknown | None] = [case.classification.unknown, case.placement.unknown_operator]
    if "who can compel the operator" in asked:
        found.extend(way.control for way in case.placement.alternatives)
    if "where it stands" in asked or "whether it is qualified" in asked:
        found.extend((case.placement.unknown_country, case.placement.unknown_region))
    return [cause for cause in found if cause is not None]
