"""SOV013: this change lowers or removes a label (sensitive before, less after): the easiest way around."""

from __future__ import annotations

from sovereign_guard.judge.case import Case, Ruling, join
from sovereign_guard.language import say
from sovereign_guard.model.finding import Verdict
from sovereign_guard.model.value import Evidence
from sovereign_guard.model.wording import either


def check(case: Case) -> Ruling | None:
    """Fail where the level is lower than it was, unknown where it may be."""
    if case.before is None or case.before.labelled is False:
        return None
    lowered = join(
        Verdict.FAIL if after < before else Verdict.PASS
        for before in case.before.levels
        for after in case.classification.levels
    )
    if lowered is Verdict.PASS:
        return None
    before = either(case.level(index) for index in case.before.levels)
    after = case.levels_in_words
    read = case.before.evidence or case.before.outside
    steps = tuple(Evidence(say("before: {what}", what=step.what), step.where) for step in read)
    if lowered is Verdict.FAIL:
        now = tuple(
            Evidence(say("after: {what}", what=step.what), step.where)
            for step in case.classification.evidence
        )
        return Ruling(
            lowered,
            say("this change lowers the level from {before} to {after}", before=before, after=after),
            (*steps, *now),
        )
    return Ruling(
        lowered,
        say(
            "the level was {before}, and after this change it is {after}: it may be lower",
            before=before,
            after=after,
        ),
        steps,
    )
