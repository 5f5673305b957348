"""Which resource a resource lies in: the bucket of an object, the server of a database."""

from __future__ import annotations

from collections import defaultdict

import msgspec

from sovereign_guard.model.knowledge import Parent
from sovereign_guard.model.resource import Inventory, Resource
from sovereign_guard.model.value import Reason, Unknown, holds_unknown, plain

_IDENTIFIERS = ("id", "name", "arn")


class Parents(msgspec.Struct, frozen=True):
    """The resources in which one may lie: in one of them, or, if `outside`, perhaps in none that is shown."""

    resources: tuple[Resource, ...]
    outside: bool


NO_PARENTS = Parents((), outside=False)


class Lineage:
    """Finds parents in one input: by the configuration's references, else by the identifier that is named."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._instances: dict[str, list[Resource]] | None = None
        self._named: dict[tuple[str, str], dict[str, list[Resource]]] = {}

    def instances(self, block_key: str) -> list[Resource]:
        """Return the instances of a block."""
        if self._instances is None:
            found: dict[str, list[Resource]] = defaultdict(list)
            for resource in self._inventory.resources:
                if resource.block is not None and resource.deposed is None:
                    found[resource.block.key].append(resource)
            self._instances = dict(found)
        return self._instances.get(block_key, [])

    def parents(self, resource: Resource, parent: Parent) -> Parents:
        """Return the resources in which this one may lie."""
        try:
            (value,) = resource.after.select((parent.attribute,))
        except RecursionError:
            value = Unknown(Reason.UNSUPPORTED, parent.attribute)
        name = plain(value)
        fed = self._fed(resource, parent)
        if isinstance(name, Unknown):
            if not fed:
                # It may be any of those here, or one that is not here.
                return Parents(tuple(self._of_types(parent.types)), outside=True)
            links = resource.block.links if resource.block else None
            outside = links is None or links.leads_elsewhere(parent.attribute)
            return Parents(tuple(_closest(resource, fed)), outside=outside)
        if not isinstance(name, str) or not name:
            return NO_PARENTS
        bearers = [
            other
            for resource_type in parent.types
            for other in self._by_name(
                resource_type, parent.attribute if resource_type != resource.type else "id"
            ).get(name, [])
        ]
        if bearers:
            return Parents(tuple(bearers), outside=False)
        # What bears the name may have an identifier that is not known yet.
        unnamed = [other for other in fed if holds_unknown(list(other.after.select(_IDENTIFIERS)))]
        return Parents(tuple(_closest(resource, unnamed)), outside=False) if unnamed else NO_PARENTS

    def _fed(self, resource: Resource, parent: Parent) -> list[Resource]:
        """Return the resources that the attribute's expression refers to."""
        if resource.block is None:
            return []
        return [
            instance
            for key in resource.block.links.feeds(parent.attribute)
            if key in self._inventory.blocks and self._inventory.blocks[key].type in parent.types
            for instance in self.instances(key)
        ]

    def _of_types(self, types: tuple[str, ...]) -> list[Resource]:
        return [
            other
            for other in self._inventory.resources
            if other.type in types and other.mode == "managed" and other.deposed is None
        ]

    def _by_name(self, resource_type: str, attribute: str) -> dict[str, list[Resource]]:
        key = (resource_type, attribute)
        if key not in self._named:
            found: dict[str, list[Resource]] = defaultdict(list)
            names = tuple(dict.fromkeys((*_IDENTIFIERS, attribute)))
            for resource in self._inventory.resources:
                if resource.type == resource_type and resource.mode == "managed" and resource.deposed is None:
                    values = {
                        plain(value)
                        for value in resource.after.select(names)
                        if isinstance(plain(value), str)
                    }
                    for value in values:
                        found[value].append(resource)
            self._named[key] = dict(found)
        return self._named[key]


def _closest(resource: Resource, found: list[Resource]) -> list[Resource]:
    """Prefer the instance with the same module instance and key; else those of the same module instance."""
    here = [other for other in found if other.module == resource.module]
    same = [other for other in here if other.index == resource.index]
    if same and resource.index is not None:
        return same
    return here or found
