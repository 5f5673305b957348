"""Where data goes next: passages between resources, and out of the configuration."""

from __future__ import annotations

from typing import Protocol

import msgspec

from sovereign_guard.model.classification import Classification
from sovereign_guard.model.placement import Placement
from sovereign_guard.model.resource import Backend, Resource
from sovereign_guard.model.value import Evidence, Reference
from sovereign_guard.model.waiver import Waiver

KEY = "key"
"""The kind of flow that leads from data to the key that it is encrypted with."""

STATE = "state"
"""The kind of flow that leads from what a configuration manages to its state."""


class Outward(msgspec.Struct, frozen=True, eq=False):
    """Data that leaves the configuration.

    Attributes:
        kind: kind of flow (rules/catalog/flows.yaml).
        carried: the level of what leaves. was: what left before the change, None if nothing did.
        placement: where it goes.
        says: the destination itself says where it is; False where it is taken to lie where it is named.
        shown: the destination in words. path: the last step, with the attribute that tells it.
        certain: False where it may go there, or not.

    """

    kind: str
    carried: Classification
    was: Classification | None
    placement: Placement
    says: bool
    shown: str
    path: tuple[Evidence, ...]
    certain: bool


class Custody(msgspec.Struct, frozen=True):
    """Who holds the key that some data is encrypted with.

    Attributes:
        held: `provider` (nobody names a key, so its operator has one), `kms`, `external` or `supplied`.
        placements: where the key is held, where that can be told; several for a key in front of another.
        certain: False where it may be another.

    """

    held: str
    placements: tuple[Placement, ...]
    evidence: tuple[Evidence, ...]
    certain: bool


class Carried(msgspec.Struct, frozen=True):
    """Data above the lowest level passes from one place to another: one step, for a picture of all of them.

    Attributes:
        input: in which the sender stands.
        sender, receiver: addresses; the receiver may be a destination outside the configuration, in words.
        kind: of flow. says: its words (`replicates to`).
        levels: those that the data can have, ascending. certain: False where it may pass, or not.
        outside: ids of the operators of a receiver outside; `?` for one that is not known. Empty for a
            resource of the configuration.

    """

    sender: str
    receiver: str
    kind: str
    says: str
    levels: tuple[int, ...]
    certain: bool
    outside: tuple[str, ...] = ()
    input: str = ""


class StateStore(msgspec.Struct, frozen=True, eq=False):
    """Where a state lies, and what it holds."""

    backend: Backend
    placement: Placement
    classification: Classification


class Flows(msgspec.Struct, frozen=True, eq=False):
    """What leaves the configuration, by position of the sender; its keys; and where states lie.

    `harmless`: the declarations that took a flow away. `carried`: every step, where that was asked for.
    """

    outward: dict[int, tuple[Outward, ...]] = {}
    custody: dict[int, tuple[Custody, ...]] = {}
    states: tuple[StateStore, ...] = ()
    harmless: tuple[Waiver, ...] = ()
    carried: tuple[Carried, ...] = ()


class Elsewhere(Protocol):
    """Places what no resource of the input stands for."""

    def of(self, resource: Resource) -> Placement:
        """Return where a resource itself lies, on the side that is judged."""
        ...

    def named(self, text: str, shown: str, carrier: Resource, bare: str) -> tuple[Placement, bool]:
        """Return where an ARN, a URL, a host or another name leads, and whether it says so itself.

        Args:
            shown: what to print of the text. carrier: the resource that names it.
            bare: what a plain name stands for (`model.knowledge.FlowEnd.bare`).

        """
        ...

    def referred(self, reference: Reference) -> Placement:
        """Return where a block lies that has no instance here (a data source that has been read)."""
        ...

    def operator(self, operator_id: str, where: str) -> Placement:
        """Return the placement of an operator of which nothing more is known."""
        ...

    def unknown(self, why: str, where: str) -> Placement:
        """Return the placement of which nothing is known."""
        ...
