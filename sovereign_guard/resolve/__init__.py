"""Resource -> Placement: who operates it, who controls that operator, where it stands, with evidence."""

from __future__ import annotations

from collections.abc import Iterator

from sovereign_guard.catalog import Catalog
from sovereign_guard.model.placement import Placement
from sovereign_guard.model.policy import Statements
from sovereign_guard.model.resource import Inventory
from sovereign_guard.model.sides import both_sides
from sovereign_guard.resolve.resolver import Resolver


def resolve(
    inventory: Inventory, catalog: Catalog, statements: Statements, day: str
) -> Iterator[tuple[Placement, Placement | None]]:
    """Place the resources of an input, one at a time: where each lies after its change, and where it lay before.

    Args:
        inventory: what was read.
        catalog: the facts, extended by the operators that the organisation declared.
        statements: what the organisation states.
        day: ISO day on which ownership is looked at.

    """
    return both_sides(inventory.resources, Resolver(inventory, catalog, statements, day).place)
