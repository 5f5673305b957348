"""One rule a file. `ALL_RULES` is the whole list: a rule that is not in it does not exist."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from sovereign_guard.judge.case import Case, Ruling
from sovereign_guard.judge.rules import (
    sov001_jurisdiction,
    sov002_territory,
    sov003_undetermined,
    sov004_flow,
    sov005_state,
    sov006_keys,
    sov007_unlabelled,
    sov008_internal,
    sov009_qualification,
    sov010_vocabulary,
    sov012_ended,
    sov013_lowered,
)


class Rule(msgspec.Struct, frozen=True):
    """A rule: its id (texts are in rules/checks/ID.yaml) and what it says of a case, None where nothing."""

    id: str
    check: Callable[[Case], Ruling | None]


ALL_RULES: tuple[Rule, ...] = (
    Rule("SOV001", sov001_jurisdiction.check),
    Rule("SOV002", sov002_territory.check),
    Rule("SOV003", sov003_undetermined.check),
    Rule("SOV004", sov004_flow.check),
    Rule("SOV005", sov005_state.check),
    Rule("SOV006", sov006_keys.check),
    Rule("SOV007", sov007_unlabelled.check),
    Rule("SOV008", sov008_internal.check),
    Rule("SOV009", sov009_qualification.check),
    Rule("SOV010", sov010_vocabulary.check),
    Rule("SOV012", sov012_ended.check),
    Rule("SOV013", sov013_lowered.check),
)
"""In the order of their ids."""
