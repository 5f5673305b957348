"""Levels travel along edges between resources, to a fixed point; each keeps its path as evidence.

Edges so far: from the resource in which another lies (a bucket) to that other (its object), as the catalog's
`parent` entries say.
"""

from __future__ import annotations

from collections import deque

from sovereign_guard.catalog import Catalog
from sovereign_guard.catalog.catalog import TypeFacts
from sovereign_guard.model.classification import Classification
from sovereign_guard.model.lineage import Lineage
from sovereign_guard.model.resource import Family, Inventory, Resource
from sovereign_guard.model.sides import Sides
from sovereign_guard.model.value import Evidence


def propagate(
    inventory: Inventory, classified: Sides[Classification], catalog: Catalog
) -> Sides[Classification]:
    """Return the classifications with what travels along edges added; a level is never lowered."""
    return Sides(_Containers(inventory, classified.after, catalog).spread(), classified.before)


class _Containers:
    """Levels of one input's resources, as their containers raise them."""

    def __init__(self, inventory: Inventory, own: tuple[Classification, ...], catalog: Catalog) -> None:
        self._inventory = inventory
        self._own = own
        self._catalog = catalog
        self._lineage = Lineage(inventory)
        self._types: dict[Family, TypeFacts] = {}
        self._positions: dict[int, int] = {}
        self._parents: dict[int, list[int]] = {}

    def spread(self) -> tuple[Classification, ...]:
        for position, resource in enumerate(self._inventory.resources):
            parent = self._type(resource).parent
            if parent is not None:
                found = [
                    self._position(other)
                    for other in self._lineage.parents(resource, parent)
                    if other is not resource and self._type(other).judged
                ]
                if found:
                    self._parents[position] = found
        if not self._parents:
            return self._own
        levels = list(self._own)
        children: dict[int, list[int]] = {}
        for position, parents in self._parents.items():
            for parent_position in parents:
                children.setdefault(parent_position, []).append(position)
        # Levels only rise, and there are few of them, so each resource comes up a few times at most, in cycles too.
        waiting = deque(children)
        while waiting:
            parent_position = waiting.popleft()
            address = self._inventory.resources[parent_position].address
            for position in children.get(parent_position, ()):
                raised = inherit(levels[position], levels[parent_position], address)
                if raised is not levels[position]:
                    levels[position] = raised
                    waiting.append(position)
        return tuple(levels)

    def _type(self, resource: Resource) -> TypeFacts:
        family = resource.family
        found = self._types.get(family)
        if found is None:
            provider = self._catalog.provider(family.provider, family.type)
            found = self._types[family] = self._catalog.type_facts(provider, family.type)
        return found

    def _position(self, resource: Resource) -> int:
        if not self._positions:
            self._positions = {id(found): at for at, found in enumerate(self._inventory.resources)}
        return self._positions[id(resource)]


def inherit(child: Classification, container: Classification, address: str) -> Classification:
    """Return the child's classification raised by that of what it lies in.

    A child that no label speaks of is what its container is; else the higher of the two holds, for each level
    that each can have.
    """
    if container.labelled is False:
        return child
    own = (0,) if child.labelled is False else child.levels
    levels = tuple(sorted({max(mine, theirs) for mine in own for theirs in container.levels}))
    labelled = True if child.labelled or container.labelled else None
    if levels == child.levels and labelled == child.labelled:
        return child
    unknown = None if len(levels) == 1 else child.unknown or container.unknown
    evidence = tuple(
        Evidence(f"lies in {address}: {step.what}", step.where) for step in container.evidence
    ) or (Evidence(f"lies in {address}"),)
    kept = child.evidence if child.labelled is not False and levels[0] in child.levels[:1] else ()
    return Classification(levels, unknown, labelled, (*kept, *evidence), child.outside)
