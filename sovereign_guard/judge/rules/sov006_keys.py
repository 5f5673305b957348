"""SOV006: the key of sensitive data is held where the data itself must not be."""

from __future__ import annotations

import msgspec

from sovereign_guard.judge.case import Case, Ruling
from sovereign_guard.judge.rules.arriving import arriving, joined, leaving
from sovereign_guard.language import later
from sovereign_guard.model.finding import Verdict
from sovereign_guard.model.flow import KEY

_HELD = later("its key is {destination}: {words}")


def check(case: Case) -> Ruling | None:
    """Judge a key by the data that it encrypts; a key outside the configuration at the data."""
    found = [leaving(case, one, case.placement, _HELD) for one in case.outward if one.kind == KEY]
    if case.total.arrives == KEY:
        external = [one.certain for one in case.custody if one.held == "external"]
        # A key that somebody else holds in truth is only a name for it here.
        ruling = None if any(external) else arriving(case, later("this is the key of {words}"))
        if ruling is not None and external:
            ruling = msgspec.structs.replace(ruling, verdict=Verdict.UNKNOWN)
        found.append(ruling)
    return joined([ruling for ruling in found if ruling is not None])
