"""SOV005: Terraform's state, which holds every attribute of what it manages, lies where that must not be."""

from __future__ import annotations

from sovereign_guard.judge.case import Case, Ruling
from sovereign_guard.judge.rules.arriving import arriving
from sovereign_guard.language import later
from sovereign_guard.model.flow import STATE


def check(case: Case) -> Ruling | None:
    """Judge a backend by the highest level that is managed with it."""
    return arriving(case, later("the state holds {words}")) if case.total.arrives == STATE else None
