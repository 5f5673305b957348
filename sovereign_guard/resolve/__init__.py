"""Resource -> Placement: who operates it, who controls that operator, where it stands, with evidence."""

from __future__ import annotations

from sovereign_guard.catalog import Catalog
from sovereign_guard.model.policy import Statements
from sovereign_guard.model.resource import Inventory
from sovereign_guard.resolve.offered import Offered
from sovereign_guard.resolve.resolver import Resolver

__all__ = ["Offered", "resolve"]


def resolve(inventory: Inventory, catalog: Catalog, statements: Statements, day: str) -> Resolver:
    """Return what places resources of an input (`place`, a stage) and what lies outside it (`elsewhere`).

    Args:
        inventory: what was read.
        catalog: the facts, extended by the operators that the organisation declared.
        statements: what the organisation states.
        day: ISO day on which ownership is looked at.

    """
    return Resolver(inventory, catalog, statements, day)
