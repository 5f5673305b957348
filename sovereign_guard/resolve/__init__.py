"""Resource -> Placement: who operates it, who controls that operator, where it stands, with evidence."""

from __future__ import annotations

from sovereign_guard.catalog import Catalog
from sovereign_guard.model.placement import Placement
from sovereign_guard.model.policy import Statements
from sovereign_guard.model.resource import Inventory
from sovereign_guard.model.sides import COMPARED, Sides
from sovereign_guard.resolve.resolver import Resolver


def resolve(
    inventories: tuple[Inventory, ...], catalog: Catalog, statements: Statements, day: str
) -> tuple[Sides[Placement], ...]:
    """Place every resource; one result an input.

    Args:
        inventories: what was read.
        catalog: the facts, extended by the operators that the organisation declared.
        statements: what the organisation states.
        day: ISO day on which ownership is looked at.

    """
    placed = []
    for inventory in inventories:
        resolver = Resolver(inventory, catalog, statements, day)
        after = tuple([resolver.place(resource, resource.after) for resource in inventory.resources])
        before = tuple(
            [
                None
                if resource.before is None
                else resolver.place(resource, resource.before)
                if resource.change in COMPARED
                else now
                for resource, now in zip(inventory.resources, after, strict=True)
            ]
        )
        placed.append(Sides(after, before))
    return tuple(placed)
