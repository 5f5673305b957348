"""SOV013: this change lowers or removes a label (sensitive before, less after): the easiest way around."""

from __future__ import annotations

from sovereign_guard.judge.case import Case, Ruling
from sovereign_guard.model.finding import Verdict
from sovereign_guard.model.value import Evidence


def check(case: Case) -> Ruling | None:
    """Fail where the level is lower than it was, unknown where it may be."""
    if case.before is None or not case.before.labelled:
        return None
    was = case.before.levels[0]
    lowest, highest = case.classification.levels[0], case.classification.levels[-1]
    if lowest >= was:
        return None
    before, after = case.level(was), case.levels_in_words
    steps = tuple(Evidence(f"before: {step.what}", step.where) for step in case.before.evidence)
    if highest < was:
        return Ruling(
            Verdict.FAIL,
            f"this change lowers the level from {before} to {after}",
            (*steps, *(Evidence(f"after: {step.what}", step.where) for step in case.classification.evidence)),
        )
    return Ruling(Verdict.UNKNOWN, f"the level was {before}, and after this change it may be {after}", steps)
