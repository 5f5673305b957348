"""Who operates a resource, who can compel that operator, and where it stands."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from sovereign_guard.model.value import Evidence, Unknown


class Role(StrEnum):
    """The part that an operator has in a resource (contract)."""

    PLATFORM = "platform"
    INFRASTRUCTURE = "infrastructure"
    KEYS = "keys"


class Ground(StrEnum):
    """Why a jurisdiction can compel (contract)."""

    SEAT = "seat"
    CONTROL = "control"
    TERRITORY = "territory"
    DECLARED = "declared"


class OperatorUse(msgspec.Struct, frozen=True):
    """An operator (id in the catalog or declared) and its role."""

    id: str
    role: Role


class Exposure(msgspec.Struct, frozen=True):
    """One jurisdiction (ISO 3166-1 alpha-2) that can compel, on one ground.

    Attributes:
        evidence: the fact in words. source: where the fact was read.
        operator: id of the operator that is exposed; empty for territory.

    """

    jurisdiction: str
    ground: Ground
    evidence: str
    source: str = ""
    operator: str = ""


class Alternative(msgspec.Struct, frozen=True):
    """One way in which the resource may be placed.

    Attributes:
        operators: those that are certain in this alternative.
        missing: set where a further operator is not known (an unknown endpoint, the infrastructure below).
        region: code, None where there is none to tell.
        countries: ISO codes of where data lies; all of them at once for a multi-region. Empty: not known.
        exposures: jurisdictions that can compel, from the facts.
        control: set where an operator's controller is not known.
        internal: every operator is the organisation itself.
        ended: says of each region that has closed that it has.

    """

    operators: tuple[OperatorUse, ...]
    missing: Unknown | None
    region: str | None
    countries: tuple[str, ...]
    exposures: tuple[Exposure, ...] = ()
    control: Unknown | None = None
    internal: bool = False
    ended: tuple[Evidence, ...] = ()


class Placement(msgspec.Struct, frozen=True, eq=False):
    """All the ways in which a resource may be placed: one where all is known, none if it places nothing.

    Attributes:
        evidence: the steps that led here.
        region: the region, where the alternatives agree in one.
        unknown_operator, unknown_region, unknown_country: why these are not known, where they are not.
        declared: ids of declarations that the placement rests on.

    """

    alternatives: tuple[Alternative, ...]
    evidence: tuple[Evidence, ...]
    region: str | None = None
    unknown_operator: Unknown | None = None
    unknown_region: Unknown | None = None
    unknown_country: Unknown | None = None
    declared: tuple[str, ...] = ()

    @property
    def operator_ids(self) -> tuple[str, ...]:
        """Ids of all operators that it may be with, sorted; `?` stands for others that are not known."""
        found = {use.id for way in self.alternatives for use in way.operators}
        if any(way.missing is not None for way in self.alternatives):
            found.add("?")
        return tuple(sorted(found))

    @property
    def places_nothing(self) -> bool:
        """Whether there is nothing to place (null, random, tls, ...)."""
        return not self.alternatives
