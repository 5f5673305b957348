"""What lies in what: a bucket's object, a server's database, a cluster's workload; levels go down to it.

Which attribute names the container is told by the catalog's `parent` entries. What a provider configuration
reaches at the address of another resource (a cluster, a database server) lies in that resource.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from functools import cached_property

from sovereign_guard.catalog import Catalog
from sovereign_guard.catalog.catalog import TypeFacts
from sovereign_guard.language import say
from sovereign_guard.model.classification import Classification
from sovereign_guard.model.lineage import Lineage
from sovereign_guard.model.resource import Family, Inventory, Resource
from sovereign_guard.model.sides import Sides
from sovereign_guard.model.value import Evidence, Reason, Reference, Unknown, first_unknown, walk

_TOLD = 3
_MOST_STEPS = 10
"""Steps of evidence that are kept along a chain of containers: its beginning and its end."""

_MOST_PARENTS = 200
"""Candidate parents that are looked at one by one; of more, the level is any at all."""


class Containers:
    """What lies in what, by position.

    Attributes:
        parents: position of a resource -> each container that it has: positions of the resources that this
            may be, and whether it may be none of them.
        crowds: position of a resource that may lie in any of very many -> these.

    """

    def __init__(self, inventory: Inventory, catalog: Catalog) -> None:
        self._inventory = inventory
        self._catalog = catalog
        self._types: dict[Family, TypeFacts] = {}
        self.parents: dict[int, list[tuple[list[int], bool]]] = {}
        self.crowds: dict[int, tuple[Resource, ...]] = {}
        self._lineage = Lineage(inventory)
        self._served: dict[Family, tuple[list[int], bool] | None] = {}
        self._children: dict[int, list[int]] = {}
        for position, resource in enumerate(inventory.resources):
            facts = self._type(resource.family)
            if facts.parent is not None:
                found = self._lineage.parents(resource, facts.parent)
                if len(found.resources) > _MOST_PARENTS:
                    self.crowds[position] = found.resources
                elif found.resources:
                    # What a container is not judged for, it does not hand on.
                    judged = [other for other in found.resources if self._type(other.family).judged]
                    at = [self.positions[id(other)] for other in judged if other is not resource]
                    self._put(position, at, outside=found.outside)
            served = self._serving(resource.family) if facts.judged else None
            if served is not None:
                self._put(position, served[0], outside=served[1])

    @cached_property
    def positions(self) -> dict[int, int]:
        """Positions of the resources, by id()."""
        return {id(other): at for at, other in enumerate(self._inventory.resources)}

    def _put(self, position: int, at: list[int], *, outside: bool) -> None:
        if at:
            self.parents.setdefault(position, []).append((at, outside))
            for parent in at:
                self._children.setdefault(parent, []).append(position)

    def _serving(self, family: Family) -> tuple[list[int], bool] | None:
        """Return the resources at whose address the provider configuration of a family reaches."""
        if family not in self._served:
            self._served[family] = self._reached(family)
        return self._served[family]

    def _reached(self, family: Family) -> tuple[list[int], bool] | None:
        provider = self._catalog.provider(family.provider, family.type)
        if provider is None:
            return None
        found: dict[int, None] = {}
        outside = len(family.configurations) > 1
        for configuration in family.configurations:
            for setting in provider.endpoints:
                if setting.reaches != "others" or "{" in setting.setting:
                    continue
                for node in walk(configuration.settings, tuple(setting.setting.split("."))):
                    unknown = first_unknown(node)
                    if unknown is None or not unknown.feeds:
                        continue
                    outside = outside or not unknown.only_feeds
                    for reference in unknown.feeds:
                        found.update(dict.fromkeys(self._answering(reference)))
        return (list(found), outside) if found else None

    def _answering(self, reference: Reference) -> Iterator[int]:
        """Give the resources to whose own address a reference is."""
        if self._catalog.address_attributes.isdisjoint(reference.path):
            return
        for other in self._lineage.instances_of(reference):
            if self._type(other.family).judged:
                yield self.positions[id(other)]

    def _type(self, family: Family) -> TypeFacts:
        found = self._types.get(family)
        if found is None:
            provider = self._catalog.provider(family.provider, family.type)
            found = self._types[family] = self._catalog.type_facts(provider, family.type)
        return found

    def _speaking_crowds(self, own: Sequence[Classification]) -> set[int]:
        """Return the ids of the crowds in which some label speaks; all that lie in one share it."""
        crowds = {id(crowd): crowd for crowd in self.crowds.values()}
        return {
            key
            for key, crowd in crowds.items()
            if any(own[self.positions[id(other)]].labelled is not False for other in crowd)
        }

    def inherited(self, classified: Sides[Classification]) -> Sides[Classification]:
        """Return the classifications, on both sides, with what containers say added; none is lowered."""
        if not self.parents and not self.crowds:
            return classified
        before = self.spread(
            [was or now for was, now in zip(classified.before, classified.after, strict=True)]
        )
        return Sides(
            tuple(self.spread(classified.after)),
            tuple(
                None if was is None else found for was, found in zip(classified.before, before, strict=True)
            ),
        )

    def spread(self, own: Sequence[Classification]) -> list[Classification]:
        """Return the levels as the containers raise them.

        A resource is looked at again only when something it lies in has changed. Levels only rise, and there
        are few of them, so this ends soon, in cycles too.
        """
        levels = list(own)
        highest = len(self._catalog.vocabulary.levels) - 1
        if self.crowds:
            speaking = self._speaking_crowds(own)
            widened: dict[Classification, Classification] = {}
            for position, crowd in self.crowds.items():
                if id(crowd) in speaking:
                    alone = own[position]
                    if alone not in widened:
                        widened[alone] = _any_level(alone, highest)
                    levels[position] = widened[alone]
        waiting = deque(self.parents)
        queued = set(waiting)
        while waiting:
            position = waiting.popleft()
            queued.discard(position)
            raised = own[position]
            for at, outside in self.parents[position]:
                raised = inherit(
                    raised,
                    [(levels[parent], self._inventory.resources[parent].address) for parent in at],
                    outside=outside,
                )
            if raised.levels != levels[position].levels or raised.labelled != levels[position].labelled:
                levels[position] = raised
                for child in self._children.get(position, ()):
                    if child not in queued:
                        queued.add(child)
                        waiting.append(child)
        return levels


def _any_level(child: Classification, highest: int) -> Classification:
    """Return the classification of what may lie in any of a crowd: its own level, or any above."""
    lowest = 0 if child.labelled is False else child.levels[0]
    unknown = child.unknown or Unknown(
        Reason.AMBIGUOUS, detail=say("which of very many resources it lies in")
    )
    levels = tuple(range(lowest, highest + 1))
    labelled = True if child.labelled else None
    return Classification(
        levels, unknown if len(levels) > 1 else None, labelled, child.evidence, child.outside
    )


def inherit(
    child: Classification, containers: list[tuple[Classification, str]], *, outside: bool
) -> Classification:
    """Return the child's classification raised by that of what it lies in.

    A child that no label speaks of is what its container is; else the higher of the two holds. Where there
    are several candidates, the level is one of those that they give.

    Args:
        containers: classification and address of each resource in which it may lie.
        outside: whether it may lie in none of them.

    """
    speaking = [(container, address) for container, address in containers if container.labelled is not False]
    if not speaking:
        return child
    own = (0,) if child.labelled is False else child.levels
    found: set[int] = set(child.levels) if outside or len(speaking) < len(containers) else set()
    found.update(
        max(mine, theirs) for container, _at in speaking for mine in own for theirs in container.levels
    )
    levels = tuple(sorted(found))
    certain = not outside and all(container.labelled for container, _at in speaking)
    labelled = True if child.labelled or certain else None
    if levels == child.levels and labelled == child.labelled:
        return child
    unknown = None
    if len(levels) > 1:
        unknown = child.unknown or next((c.unknown for c, _at in speaking if c.unknown is not None), None)
        unknown = unknown or Unknown(Reason.AMBIGUOUS, detail=say("which of several resources it lies in"))
    evidence = [] if child.labelled is False else list(child.evidence)
    for container, address in speaking[:_TOLD]:
        evidence.extend(container.evidence or (Evidence(say("its level is not known")),))
        evidence.append(Evidence(say("lies in {address}", address=address)))
    if len(evidence) > _MOST_STEPS:
        left = len(evidence) - _MOST_STEPS + 1
        evidence[_TOLD : _TOLD + left] = [Evidence(say("... {number} steps more", number=left))]
    return Classification(levels, unknown, labelled, tuple(evidence), child.outside)
