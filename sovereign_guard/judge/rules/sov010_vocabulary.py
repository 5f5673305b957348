"""SOV010: a label whose value is outside the vocabulary, which is never taken for "not sensitive"."""

from __future__ import annotations

from sovereign_guard.judge.case import Case, Ruling
from sovereign_guard.model.finding import Verdict
from sovereign_guard.model.wording import also


def check(case: Case) -> Ruling | None:
    """Fail for each such label. The level is then Unknown, which is judged by the other rules."""
    outside = case.classification.outside
    if not outside:
        return None
    return Ruling(Verdict.FAIL, also(step.what for step in outside), outside)
