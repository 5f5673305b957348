"""SOV004: sensitive data flows to where its level must not be."""

from __future__ import annotations

from sovereign_guard.judge.case import Case, Ruling
from sovereign_guard.judge.rules.arriving import arriving, joined, leaving
from sovereign_guard.language import later
from sovereign_guard.model.flow import KEY, STATE

_LEAVES = later("data flows to {destination}: {words}")


def check(case: Case) -> Ruling | None:
    """Judge what flows in, by the way that it took; and what leaves the configuration from here."""
    found = [leaving(case, one, case.placement, _LEAVES) for one in case.outward if one.kind != KEY]
    if case.total.arrives not in ("", KEY, STATE):
        found.append(arriving(case, later("data flows here: {words}")))
    return joined([ruling for ruling in found if ruling is not None])
