"""What travels to each resource and out of the configuration, with the way that it took as evidence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import count

import msgspec

from sovereign_guard.catalog import Catalog
from sovereign_guard.language import later, say
from sovereign_guard.model.classification import Classification
from sovereign_guard.model.flow import STATE, Carried, Custody, Elsewhere, Outward, StateStore
from sovereign_guard.model.resource import Backend, Change, Inventory, Resource
from sovereign_guard.model.sides import Sides, Stage
from sovereign_guard.model.value import Evidence, Reason, Unknown
from sovereign_guard.propagate.containers import Containers
from sovereign_guard.propagate.graph import Exit, Graph, Key, Passage
from sovereign_guard.propagate.spread import Reached, Way, spread

CONTAINED = "contained"
HOLDS = "holds"
_FEW = 8
"""Of many that data may pass between, so many are told one by one."""

_MOST_STEPS = 12
"""Steps of a way that are told: its beginning and its end."""

_LIES_IN = {True: later("{inner} lies in {outer}"), False: later("perhaps {inner} lies in {outer}")}
_HELD = {True: later("{outer} holds {inner}"), False: later("perhaps {outer} holds {inner}")}
_FLOWS = {
    True: later("{sender} {says} {receiver}"),
    False: later("perhaps {sender} {says} {receiver}"),
}
"""Sentences, by whether they are certain."""

_IN_THE_STATE = later("{resource} {says} this state")
_MORE_IN_THE_STATE = later("{resource} {says} this state, and {number} more of that level")


class Journeys:
    """The travels of one input.

    Nodes are the resources, by position, then the graph's hubs, then one for the content of each container:
    what lies in a resource leaves with that resource's data, and yet does not make its neighbours sensitive.
    """

    def __init__(
        self,
        inventory: Inventory,
        labelled: Sequence[Classification],
        classified: Sides[Classification],
        catalog: Catalog,
        graph: Graph,
        containers: Containers,
    ) -> None:
        """Spread the levels.

        Args:
            labelled: what labels alone say. classified: with what containers add.

        """
        self._inventory = inventory
        self._labelled = labelled
        self._classified = classified
        self._catalog = catalog
        self._graph = graph
        self._levels = len(catalog.vocabulary.levels)
        self._contents: dict[int, int] = {}
        self._owners: dict[int, int] = {}
        self._passages: dict[int, list[Passage]] = graph.passages
        self._busy = bool(graph.passages or graph.exits)
        nobody = Reached({}, {})
        self._now = self._then = nobody
        if self._busy:
            self._nest(containers)
            resources = inventory.resources
            judged = {family: graph.facts(family).judged for family in {one.family for one in resources}}
            self._judged = [
                judged[resource.family] and resource.change is not Change.DELETE and resource.deposed is None
                for resource in resources
            ]
            self._now = spread(self._sources(classified.after), self._passages, self._levels)
            if graph.all_stood and classified.before == classified.after:
                self._then = self._now
            elif any(was is not None for was in classified.before):
                self._then = spread(
                    self._sources(classified.before), self._passages, self._levels, stood_only=True
                )

    def _sources(self, classified: Sequence[Classification | None]) -> dict[int, tuple[int, ...]]:
        found = {
            at: own.levels
            for at, own in enumerate(classified)
            if own is not None and own.levels[-1] > 0 and self._judged[at]
        }
        # What a resource holds begins with its own level: the way out needs no detour by what lies in it.
        return found | {node: found[at] for at, node in self._contents.items() if at in found}

    # -- containers in the graph -----------------------------------------------------------------------------

    def _nest(self, containers: Containers) -> None:
        """Let levels go down into what a resource holds, and what it holds leave with its data."""
        nodes = count(len(self._inventory.resources) + len(self._graph.hubs))
        parents = [
            (child, at, certain)
            for child, groups in containers.parents.items()
            for group, outside in groups
            for certain in (len(group) == 1 and not outside,)
            for at in group
        ]
        crowds = {
            id(crowd): [containers.positions[id(other)] for other in crowd]
            for crowd in containers.crowds.values()
        }
        holding = dict.fromkeys(parent for _child, parent, _certain in parents)
        for members in crowds.values():
            holding.update(dict.fromkeys(at for at in members if at in self._passages))
        for parent in holding:
            node = self._contents[parent] = next(nodes)
            self._owners[node] = parent
        for parent, node in self._contents.items():
            # What flows out of a container is what it holds.
            self._passages[node] = self._passages.pop(parent, [])
            self._passages[parent] = [_step(node, "", node)]
        speaking = self._speaking(containers)
        for child, parent, certain in parents:
            self._passages[parent].append(_step(child, CONTAINED, child, certain=certain))
            if not certain and child not in speaking:
                continue  # What it has of one of several that it may lie in, another has not through it.
            up = _step(self._contents[parent], HOLDS, child, certain=certain)
            self._passages.setdefault(self._contents.get(child, child), []).append(up)
        # What may lie in any of very many is joined with them by two hubs, not with each.
        gates: dict[int, tuple[int, int]] = {}
        for key, members in crowds.items():
            down, up_to = gates[key] = next(nodes), next(nodes)
            for at in members:
                self._passages.setdefault(at, []).append(_step(down, "", at))
            self._passages[down] = []
            inside = [self._contents[at] for at in members if at in self._contents]
            self._passages[up_to] = [_step(node, "", node, certain=False) for node in inside]
        for child, crowd in containers.crowds.items():
            down, up_to = gates[id(crowd)]
            self._passages[down].append(_step(child, CONTAINED, child, certain=False))
            up = _step(up_to, HOLDS, child, certain=False)
            self._passages.setdefault(self._contents.get(child, child), []).append(up)

    def _speaking(self, containers: Containers) -> set[int]:
        """Return what has a level of its own, by a label, or holds what has."""
        speaking = {at for at, own in enumerate(self._labelled) if own.levels[-1] > 0}
        waiting = list(speaking)
        while waiting:
            for group, _outside in containers.parents.get(waiting.pop(), ()):
                above = [at for at in group if at not in speaking]
                speaking.update(above)
                waiting.extend(above)
        return speaking

    # -- what arrives ----------------------------------------------------------------------------------------

    def classified(self) -> Sides[Classification]:
        """Return the classifications with what flows in added."""
        if not self._now.least and not self._now.perhaps:
            return self._classified
        after = list(self._classified.after)
        before = list(self._classified.before)
        for reached, side in ((self._now, after), (self._then, before)):
            for at in (*reached.least, *reached.perhaps):
                if at < len(side) and self._judged[at]:
                    own = side[at]
                    if own is not None and own.own is None and not own.arrives:
                        side[at] = self._raised(own, at, reached)
        return Sides(tuple(after), tuple(before))

    def _raised(self, own: Classification, node: int, reached: Reached) -> Classification:
        """Return a classification raised by what reaches a node."""
        certain = reached.least.get(node)
        perhaps = reached.perhaps.get(node, {})
        least = max(own.levels[0], certain[0]) if certain is not None else own.levels[0]
        levels = tuple(sorted({least} | {one for one in (*own.levels, *perhaps) if one > least}))
        if levels == own.levels:
            return own
        highest = levels[-1]
        way = perhaps.get(highest)
        if certain is not None and least > own.levels[0]:
            way = certain[1] if least == highest or way is None else way
            told = self._told(node, certain[0], reached, certain_only=True)
        else:
            told = ()
        if highest > least and highest in perhaps:
            told = (*told, *self._told(node, highest, reached, certain_only=False))
        kind = self._kind(way, reached, highest) if way is not None else ""
        unknown = None
        if len(levels) > 1:
            unknown = own.unknown or Unknown(
                Reason.AMBIGUOUS, detail=say("whether data of a higher level flows here is not certain")
            )
        evidence = tuple(dict.fromkeys(told)) or own.evidence
        return Classification(levels, unknown, own.labelled, evidence, own.outside, own, kind)

    def _kind(self, way: Way, reached: Reached, level: int) -> str:
        """Return the kind of the last flow on a way: what lies in a receiver received by the same flow."""
        met: set[int] = set()
        sender, passage = way
        while passage.kind in ("", CONTAINED, HOLDS) and sender not in met:
            met.add(sender)
            before = self._before(sender, level, reached, certain_only=False)
            if before is None:
                break
            sender, passage = before
        return passage.kind

    def _before(self, node: int, level: int, reached: Reached, *, certain_only: bool) -> Way | None:
        """Return the last step of the way by which a level reaches a node; None where that begins there."""
        certain = reached.least.get(node)
        if certain is not None and certain[0] >= level:
            return certain[1]
        return None if certain_only else reached.perhaps.get(node, {}).get(level)

    def _told(self, node: int, level: int, reached: Reached, *, certain_only: bool) -> tuple[Evidence, ...]:
        """Tell the way by which a level reaches a node: the evidence at its beginning, then each step."""
        steps: list[tuple[int, Passage, int]] = []
        met = {node}
        at = node
        while True:
            before = self._before(at, level, reached, certain_only=certain_only)
            if before is None or before[0] in met:
                break
            steps.append((before[0], before[1], at))
            at = before[0]
            met.add(at)
        steps.reverse()
        classified = self._classified.after if reached is self._now else self._classified.before
        first = self._resource_at(at)
        origin = classified[first] if first is not None else None
        begin = origin.evidence if origin is not None else ()
        told = list(self._sentences(steps))
        if len(told) > _MOST_STEPS:
            left = len(told) - _MOST_STEPS + 1
            told[_MOST_STEPS // 2 : _MOST_STEPS // 2 + left] = [
                Evidence(say("... {number} steps more", number=left))
            ]
        return (*(begin or (Evidence(say("its level is not known")),)), *told)

    def _resource_at(self, node: int) -> int | None:
        """Return the position of the resource that a node is, or whose content it is; None for a hub."""
        if node < len(self._inventory.resources):
            return node
        return self._owners.get(node)

    def _sentences(self, steps: list[tuple[int, Passage, int]]) -> Iterator[Evidence]:
        """Put the steps of a way into words; hubs, and a container's own content, are no steps."""
        sender: int | None = None
        told: Passage | None = None
        certain = True
        for begin, passage, end in steps:
            here = self._resource_at(begin)
            sender = here if here is not None else sender
            told = passage if passage.kind else told
            certain = certain and passage.certain
            receiver = self._resource_at(end)
            if told is None or receiver is None or sender is None or receiver == sender:
                continue
            yield self._sentence(sender, told, receiver, certain=certain)
            told, certain = None, True

    def _sentence(self, sender: int, passage: Passage, receiver: int, *, certain: bool) -> Evidence:
        resources = self._inventory.resources
        one, other = resources[sender].address, resources[receiver].address
        if passage.kind == CONTAINED:
            return Evidence(say(_LIES_IN[certain], inner=other, outer=one))
        if passage.kind == HOLDS:
            return Evidence(say(_HELD[certain], outer=other, inner=one))
        says = self._catalog.flows.kinds[passage.kind].says
        words = say(_FLOWS[certain], sender=one, says=says, receiver=other)
        return Evidence(words, _place(resources[passage.carrier]))

    # -- what leaves -----------------------------------------------------------------------------------------

    def outward(self) -> dict[int, tuple[Outward, ...]]:
        """Return what leaves the configuration, by position of the judged resource that it leaves."""
        found: dict[int, dict[tuple[object, ...], Outward]] = defaultdict(dict)
        known: dict[tuple[int, bool], Classification | None] = {}
        met: set[tuple[object, ...]] = set()
        for leaving in self._graph.exits:
            if leaving.sender >= len(self._inventory.resources):
                # Many may send this: that any of many declares it is told once.
                gist = (leaving.sender, leaving.kind, leaving.placement.operator_ids)
                if gist in met:
                    continue
                met.add(gist)
            for sender, certain in self._reporters(leaving.sender):
                if (sender, True) not in known:
                    known[sender, True] = self._content(sender, self._classified.after, self._now)
                    known[sender, False] = self._content(sender, self._classified.before, self._then)
                carried = known[sender, True]
                if carried is None or carried.levels == (0,):
                    continue
                key = (leaving.kind, leaving.placement, leaving.shown)
                sure = certain and leaving.certain
                if key in found[sender] and found[sender][key].certain >= sure:
                    continue
                found[sender][key] = Outward(
                    leaving.kind,
                    carried,
                    known[sender, False] if leaving.stood else None,
                    leaving.placement,
                    leaving.says,
                    leaving.shown,
                    (*carried.evidence, self._last_step(sender, leaving, certain=sure)),
                    sure,
                )
        return {at: tuple(here.values()) for at, here in found.items() if here}

    def _last_step(self, sender: int, leaving: Exit, *, certain: bool) -> Evidence:
        resources = self._inventory.resources
        says = self._catalog.flows.kinds[leaving.kind].says
        words = say(_FLOWS[certain], sender=resources[sender].address, says=says, receiver=leaving.shown)
        return Evidence(words, _place(resources[leaving.carrier]))

    def _reporters(self, node: int) -> Iterator[tuple[int, bool]]:
        """Give the judged resources whose data leaves by a node, each with whether that is certain.

        That is the node itself; the members of a hub; and of what is not judged, a public address for
        instance, whatever passes its data on to it.
        """
        met = {node}
        waiting = [(node, True)]
        while waiting:
            at, certain = waiting.pop()
            if at < len(self._inventory.resources) and self._judged[at]:
                yield at, certain
                continue
            for sender, sure in self._senders.get(at, ()):
                if sender not in met:
                    met.add(sender)
                    waiting.append((sender, certain and sure))

    @cached_property
    def _senders(self) -> dict[int, list[tuple[int, bool]]]:
        """Who passes data on to what is not judged, and to hubs."""
        found: dict[int, list[tuple[int, bool]]] = {}
        for begin, passages in self._passages.items():
            sender = self._owners.get(begin, begin)
            for passage in passages:
                at = passage.receiver
                if at >= len(self._inventory.resources) or not self._judged[at]:
                    found.setdefault(at, []).append((sender, passage.certain))
        return found

    def _content(
        self, at: int, classified: Sequence[Classification | None], reached: Reached
    ) -> Classification | None:
        """Return the classification of all that a resource holds; None where it was not there."""
        own = classified[at]
        if own is None:
            return None
        return self._raised(own, self._contents.get(at, at), reached)

    # -- all steps, for a picture ----------------------------------------------------------------------------

    def carried(self) -> Iterator[Carried]:
        """Give each step of data above the lowest level, once; of many to many, the first few."""
        says = self._catalog.flows.kinds
        resources = self._inventory.resources
        met: set[tuple[int, int, str]] = set()
        for begin in sorted(self._passages):
            levels = self._levels_at(begin)
            if levels[-1] == 0:
                continue
            for passage in self._passages[begin]:
                if passage.kind in ("", CONTAINED, HOLDS):
                    continue
                several = passage.receiver >= len(resources) and passage.receiver not in self._owners
                for sender in self._behind(begin):
                    for receiver in self._before_hub(passage.receiver):
                        step = (sender, receiver, passage.kind)
                        if sender == receiver or step in met:
                            continue
                        met.add(step)
                        yield Carried(
                            resources[sender].address,
                            resources[receiver].address,
                            passage.kind,
                            says[passage.kind].says,
                            levels,
                            passage.certain and not several,
                            input=self._inventory.id,
                        )
        for leaving in self._graph.exits:
            levels = self._levels_at(self._contents.get(leaving.sender, leaving.sender))
            if levels[-1] == 0:
                continue
            for sender in self._behind(leaving.sender):
                yield Carried(
                    resources[sender].address,
                    leaving.shown,
                    leaving.kind,
                    says[leaving.kind].says,
                    levels,
                    leaving.certain,
                    leaving.placement.operator_ids or ("?",),
                    self._inventory.id,
                )

    def _levels_at(self, node: int) -> tuple[int, ...]:
        """Return the levels that the data at a node can have."""
        at = self._resource_at(node)
        own = self._classified.after[at].levels if at is not None and self._judged[at] else (0,)
        certain = self._now.least.get(node)
        least = max(own[0], certain[0]) if certain is not None else own[0]
        return tuple(
            sorted({least, *(one for one in (*own, *self._now.perhaps.get(node, ())) if one > least)})
        )

    def _behind(self, node: int) -> Sequence[int]:
        """Return the resource that a node is, or the first of the many that a hub stands for."""
        at = self._resource_at(node)
        return [at] if at is not None else self._graph.hubs[node - len(self._inventory.resources)][:_FEW]

    def _before_hub(self, node: int) -> Sequence[int]:
        """Return the resource that a node is, or the first of the many that a hub leads to."""
        at = self._resource_at(node)
        if at is not None:
            return [at]
        return [p.receiver for p in self._passages.get(node, ())][:_FEW]

    # -- keys ------------------------------------------------------------------------------------------------

    def custody(self, elsewhere: Elsewhere) -> dict[int, tuple[Custody, ...]]:
        """Return who holds the keys of which data, by position; a key may have a key of its own elsewhere."""
        by_owner: dict[int, list[Key]] = defaultdict(list)
        for key in self._graph.keys:
            by_owner[key.owner].append(key)
        return {
            owner: tuple(self._held(key, by_owner, elsewhere) for key in keys)
            for owner, keys in by_owner.items()
            if owner < len(self._inventory.resources)
        }

    def _held(self, key: Key, by_owner: dict[int, list[Key]], elsewhere: Elsewhere) -> Custody:
        resources = self._inventory.resources
        held, certain = key.held, key.certain
        placements = [] if key.placement is None else [key.placement]
        told: list[Evidence] = []
        met = {key.owner}
        waiting = [key]
        while waiting:
            one = waiting.pop()
            for at in one.at:
                if at in met:
                    continue
                met.add(at)
                further = by_owner.get(at, ())
                told.append(
                    Evidence(
                        say(
                            "{resource} is encrypted with {key}",
                            resource=resources[one.owner].address,
                            key=resources[at].address,
                        ),
                        _place(resources[one.carrier]),
                    )
                )
                if not further:
                    placements.append(elsewhere.of(resources[at]))
                for other in further:
                    held = other.held if other.held != "kms" else held
                    certain = certain and other.certain
                    if other.placement is not None:
                        placements.append(other.placement)
                    waiting.append(other)
        return Custody(held, tuple(placements), tuple(told), certain)

    # -- states ----------------------------------------------------------------------------------------------

    def states(
        self,
        classified: Sequence[Classification],
        elsewhere: Elsewhere,
        classify: Stage[Classification],
    ) -> tuple[StateStore, ...]:
        """Return where states lie, and what they hold: every attribute of all that is managed here."""
        found: list[StateStore] = []
        for backend in self._inventory.backends:
            own = classify(backend.resource, backend.resource.after)
            held = self._all_managed(backend, own, classified) if backend.own else own
            if backend.encryption and held.levels != (0,):
                said = Evidence(backend.encryption, _place(backend.resource))
                held = msgspec.structs.replace(held, evidence=(*held.evidence, said))
            found.append(StateStore(backend, elsewhere.of(backend.resource), held))
        return tuple(found)

    def _all_managed(
        self, backend: Backend, own: Classification, classified: Sequence[Classification]
    ) -> Classification:
        least, holder, others = own.levels[0], None, 0
        direct = False
        possible: set[int] = set(own.levels)
        unknown = own.unknown
        for at, resource in enumerate(self._inventory.resources):
            if (
                resource.mode != "managed"
                or resource.change is Change.DELETE
                or not self._graph.facts(resource.family).judged
            ):
                continue
            levels = classified[at].levels
            possible.update(levels)
            unknown = unknown or classified[at].unknown
            told = not classified[at].arrives
            if levels[0] > least:
                least, holder, others, direct = levels[0], at, 0, told
            elif levels[0] == least and holder is not None:
                others += 1
                if told and not direct:  # What labels say needs no way to be told.
                    holder, direct = at, True
        levels = tuple(sorted({least} | {one for one in possible if one > least}))
        if levels == own.levels and holder is None:
            return own
        evidence = own.evidence
        if holder is not None:
            words = say(
                _IN_THE_STATE if not others else _MORE_IN_THE_STATE,
                resource=self._inventory.resources[holder].address,
                says=self._catalog.flows.kinds[STATE].says,
                number=others,
            )
            evidence = (
                *classified[holder].evidence,
                Evidence(words, _place(backend.resource)),
            )
        return Classification(
            levels,
            (unknown or Unknown(Reason.AMBIGUOUS)) if len(levels) > 1 else None,
            True,  # noqa: FBT003 - what is managed speaks for its state
            evidence,
            own.outside,
            own,
            STATE,
        )


def _step(receiver: int, kind: str, carrier: int, *, certain: bool = True) -> Passage:
    """Return a passage that no attribute declares, and that was there before."""
    return Passage(receiver, kind, certain, carrier, True)  # noqa: FBT003


def _place(resource: Resource) -> str:
    """Return the declaring resource, and where it is written."""
    if resource.file is None:
        return resource.address
    return f"{resource.address}, {resource.file}:{resource.line}"
