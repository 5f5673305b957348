"""What may stand in the place of a resource that a policy forbids."""

from __future__ import annotations

import msgspec

from sovereign_guard.model.knowledge import Offer, ServiceKind


class Choice(msgspec.Struct, frozen=True):
    """An offer that the policy allows.

    Attributes:
        name: of the operator, or of the software that one runs oneself.
        regions: where it may stand (codes), and countries: those that these lie in; both sorted. Empty for
            software, and where the policy asks nothing of the place and the catalog knows no region.

    """

    offer: Offer
    name: str
    regions: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()


class Instead(msgspec.Struct, frozen=True):
    """A kind of service, the levels of the data for which one is sought, and what the policy allows."""

    kind: ServiceKind
    levels: tuple[int, ...]
    choices: tuple[Choice, ...]
