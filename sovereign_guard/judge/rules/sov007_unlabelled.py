"""SOV007 (opt-in): a resource that bears data carries no label."""

from __future__ import annotations

from sovereign_guard.judge.case import Case, Ruling
from sovereign_guard.language import say
from sovereign_guard.model.finding import Verdict
from sovereign_guard.model.value import Evidence, words


def check(case: Case) -> Ruling | None:
    """Fail without any label; unknown where it may carry one."""
    labelled = case.classification.labelled
    if labelled:
        return None
    if labelled is None:
        unknown = case.classification.unknown
        return Ruling(
            Verdict.UNKNOWN,
            say("whether this data carries a label is not known"),
            (Evidence(say("not known: {what}", what=words(unknown.reason)), unknown.origin),)
            if unknown
            else (),
        )
    level = case.level(case.policy.unlabelled)
    return Ruling(
        Verdict.FAIL,
        say("this resource bears data and no label says which; it is judged as {level}", level=level),
    )
