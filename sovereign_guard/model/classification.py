"""Which data a resource holds: labels, level, kind."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from sovereign_guard.model.value import Evidence, Unknown


class Kind(StrEnum):
    """What a resource type does with data (contract)."""

    STORES = "stores"
    PROCESSES = "processes"
    TRANSPORTS = "transports"
    KEYS = "keys"
    SECRETS = "secrets"
    TELEMETRY = "telemetry"
    NONE = "none"


class Classification(msgspec.Struct, frozen=True, eq=False):
    """The level of one resource and what it rests on.

    Attributes:
        levels: indexes into the vocabulary's levels (0 is the lowest) that the level can have, ascending; one
            where it is known.
        unknown: why the level is not known.
        labelled: True if some label, directive or statement speaks, False if none does, None if not known.
        evidence: what raised it to where it is.
        outside: labels whose value is outside the vocabulary: (key, value as shown, where).
        own: what labels and containers alone say, where data that flows in raises the level above that.
        arrives: the kind of flow by which the highest of it arrives; empty where nothing does.

    """

    levels: tuple[int, ...]
    unknown: Unknown | None
    labelled: bool | None
    evidence: tuple[Evidence, ...]
    outside: tuple[Evidence, ...] = ()
    own: Classification | None = None
    arrives: str = ""

    @property
    def alone(self) -> Classification:
        """The classification without what flows in."""
        return self.own or self

    @property
    def known(self) -> int | None:
        """The level, where it is known."""
        return self.levels[0] if len(self.levels) == 1 else None
