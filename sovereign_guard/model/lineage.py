"""Which resource a resource lies in: the bucket of an object, the server of a database."""

from __future__ import annotations

from collections import defaultdict

import msgspec

from sovereign_guard.model.knowledge import Parent
from sovereign_guard.model.resource import Inventory, Resource
from sovereign_guard.model.value import Reason, Reference, Unknown, holds_unknown, plain, walk

_IDENTIFIERS = ("id", "name", "arn")
_FEW = 50
"""Candidates whose identifiers are looked at one by one."""


class Parents(msgspec.Struct, frozen=True):
    """The resources in which one may lie: in one of them, or, if `outside`, perhaps in none that is shown."""

    resources: tuple[Resource, ...]
    outside: bool


NO_PARENTS = Parents((), outside=False)


class Lineage:
    """Finds parents in one input: by the configuration's references, else by the identifier that is named."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._blocks: dict[str, tuple[Resource, ...]] | None = None
        self._here: dict[tuple[str, str], tuple[Resource, ...]] = {}
        self._keyed: dict[tuple[str, str, int | str], Resource] = {}
        self._meant: dict[tuple[str, int | str | None, str | None], tuple[Resource, ...]] = {}
        self._typed: dict[tuple[str, ...], tuple[Resource, ...]] = {}
        self._named: dict[tuple[str, str], dict[str, list[Resource]]] = {}

    def instances(self, block_key: str) -> tuple[Resource, ...]:
        """Return the instances of a block."""
        return self._indexed().get(block_key, ())

    def instances_of(self, reference: Reference) -> tuple[Resource, ...]:
        """Return the instances that a reference may mean: those with the key that it names, if any."""
        every = self.instances(reference.block)
        index, module = reference.index, reference.module
        if index is None and module is None:
            return every
        key = (reference.block, index, module)
        if key not in self._meant:
            self._meant[key] = tuple(
                other
                for other in every
                if (index is None or other.index == index) and (module is None or other.module == module)
            )
        return self._meant[key]

    def _indexed(self) -> dict[str, tuple[Resource, ...]]:
        """Return the instances by block; by module instance and by key they are indexed along with that."""
        if self._blocks is None:
            blocks: dict[str, list[Resource]] = defaultdict(list)
            here: dict[tuple[str, str], list[Resource]] = defaultdict(list)
            for resource in self._inventory.resources:
                if resource.block is not None and resource.deposed is None:
                    key = resource.block.key
                    blocks[key].append(resource)
                    here[key, resource.module].append(resource)
                    if resource.index is not None:
                        self._keyed[key, resource.module, resource.index] = resource
            self._blocks = {key: tuple(found) for key, found in blocks.items()}
            self._here = {key: tuple(found) for key, found in here.items()}
        return self._blocks

    def parents(self, resource: Resource, parent: Parent) -> Parents:
        """Return the resources in which this one may lie."""
        for attribute in parent.attributes:
            found = self._by_attribute(resource, attribute, parent.types)
            if found is not NO_PARENTS:
                return found
        return NO_PARENTS

    def _by_attribute(self, resource: Resource, attribute: str, types: tuple[str, ...]) -> Parents:
        top, *rest = attribute.split(".")
        try:
            (value,) = resource.after.select((top,))
        except RecursionError:
            value = Unknown(Reason.UNSUPPORTED, attribute)
        # An attribute of a nested block; of several blocks, the first names the parent.
        name = plain(next(iter(walk(value, tuple(rest))), None) if rest else value)
        if isinstance(name, Unknown) and (exact := self._named_by(name, types)):
            return Parents(exact, outside=not name.only_feeds)
        fed = self._fed(resource, top, types)
        if isinstance(name, Unknown):
            if not fed and self._left_out(resource, top):
                return NO_PARENTS
            if not fed:
                # It may be any of those here, or one that is not here.
                return Parents(self._of_types(types), outside=True)
            links = resource.block.links if resource.block else None
            outside = links is None or links.leads_elsewhere(top)
            return Parents(fed, outside=outside)
        if not isinstance(name, str) or not name:
            return NO_PARENTS
        bearers = [
            other
            for resource_type in types
            for other in self._by_name(
                resource_type, attribute.rpartition(".")[2] if resource_type != resource.type else "id"
            ).get(name, [])
        ]
        if bearers:
            near = [other for other in bearers if other in fed] if len(fed) <= _FEW else []
            return Parents(tuple(near or bearers), outside=False)
        # What bears the name may have an identifier that is not known yet.
        unnamed = fed
        if len(fed) <= _FEW:
            unnamed = tuple(o for o in fed if holds_unknown(list(o.after.select(_IDENTIFIERS))))
        return Parents(unnamed, outside=False) if unnamed else NO_PARENTS

    @staticmethod
    def _left_out(resource: Resource, attribute: str) -> bool:
        """Whether nobody has set an attribute that the provider computes: it refers to nothing here."""
        return resource.block is not None and resource.block.attributes.select((attribute,)) == (None,)

    def _named_by(self, unknown: Unknown, types: tuple[str, ...]) -> tuple[Resource, ...]:
        """Return the instances that a value which is not known yet says it comes from."""
        found: dict[int, Resource] = {}
        for reference in unknown.feeds:
            block = self._inventory.blocks.get(reference.block)
            if block is not None and block.type in types:
                found.update((id(other), other) for other in self.instances_of(reference))
        return tuple(found.values())

    def _fed(self, resource: Resource, attribute: str, types: tuple[str, ...]) -> tuple[Resource, ...]:
        """Return the resources that the attribute's expression refers to, the nearest of each block.

        That is the instance with the same key in the same module instance; else all of that module instance;
        else all.
        """
        if resource.block is None:
            return ()
        found: list[tuple[Resource, ...]] = []
        for reference in resource.block.links.feeds(attribute):
            key = reference.block
            if key in self._inventory.blocks and self._inventory.blocks[key].type in types:
                every = self.instances_of(reference)
                index = reference.index if reference.index is not None else resource.index
                same = self._keyed.get((key, resource.module, index)) if index is not None else None
                here = self._here.get((key, resource.module), every) if reference.index is None else every
                found.append((same,) if same is not None else here)
        return found[0] if len(found) == 1 else tuple(other for group in found for other in group)

    def _of_types(self, types: tuple[str, ...]) -> tuple[Resource, ...]:
        if types not in self._typed:
            self._typed[types] = tuple(
                other
                for other in self._inventory.resources
                if other.type in types and other.mode == "managed" and other.deposed is None
            )
        return self._typed[types]

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
