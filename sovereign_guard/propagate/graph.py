"""The graph of one input: which data passes from which resource to which, and what leaves.

Which attribute of which type makes which passage is told by the catalog (rules/catalog/resources/).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

import msgspec

from sovereign_guard.catalog import Catalog
from sovereign_guard.catalog.catalog import TypeFacts
from sovereign_guard.language import later, say
from sovereign_guard.model.address import address_glob, without_keys
from sovereign_guard.model.flow import KEY, Elsewhere
from sovereign_guard.model.knowledge import FlowEnd, FlowRule, KeyCustody
from sovereign_guard.model.placement import Placement
from sovereign_guard.model.resource import Change, Family, Inventory, Resource
from sovereign_guard.model.value import Reference, Tree, Unknown, words
from sovereign_guard.model.waiver import Waiver
from sovereign_guard.propagate.ends import CONNECTION, Ends, Named, Paths, Reading, holds, reading_of

_STANDS = frozenset({Change.NO_OP, Change.FORGET, Change.READ})
_SCRIPT = "script"
_FEW = 8
"""Candidates that are joined one by one; more of them share a hub."""

_PROVISIONED = later("what its provisioners do with it")
_UNKNOWN_KEY = later("an unknown key ({details})")
_UNKNOWN_DESTINATION = later("an unknown destination ({details})")


class Passage(msgspec.Struct, frozen=True, gc=False):
    """Data passes from one resource to another.

    Attributes:
        receiver: its position. kind: of flow. certain: False where it may pass, or not.
        carrier: position of the resource that declares it. stood: it passed before the change already.

    """

    receiver: int
    kind: str
    certain: bool
    carrier: int
    stood: bool


class Exit(msgspec.Struct, frozen=True, eq=False):
    """Data of a resource leaves the configuration."""

    sender: int
    kind: str
    certain: bool
    carrier: int
    stood: bool
    placement: Placement
    shown: str
    says: bool


class Key(msgspec.Struct, frozen=True, eq=False):
    """The data of a resource is encrypted with a key; `at`: the key's resources, where they are here."""

    owner: int
    held: str
    certain: bool
    carrier: int
    at: tuple[int, ...]
    placement: Placement | None


class _Rule:
    """A flow of the catalog, or who holds a key, ready to be asked of many resources."""

    def __init__(self, rule: FlowRule | KeyCustody, names: tuple[str, ...], paths: Paths) -> None:
        """Take a rule, and the attributes and paths that resources of the type are asked for."""
        source, target = (rule.source, rule.target) if isinstance(rule, FlowRule) else (rule.of, rule.key)
        self.kind = rule.flow if isinstance(rule, FlowRule) else KEY
        self.held = rule.held if isinstance(rule, KeyCustody) else ""
        self.when = rule.when
        self.source = reading_of(source, names) if source is not None else None
        self.target = reading_of(target, names) if target is not None else None
        self.end = target
        # The end that is set more rarely is asked for first.
        self.readings = tuple(one for one in (self.target, self.source) if one is not None)
        self._numbers = tuple(paths.numbers(one) for one in self.readings if one.paths)
        one_sided = len(self.readings) == 1
        always = rule.when is None and not self.held and self.kind != _SCRIPT
        self.by_name = one_sided and always and bool(self._numbers) and not self.readings[0].end.data
        self._asks = names.index(rule.when.attribute.partition(".")[0]) if rule.when is not None else -1
        self._tops = tuple({names.index(path.partition(".")[0]): None for path in rule.asks})

    def applies(self, values: Sequence[Tree]) -> bool | None:
        """Whether its condition holds, if it has one; None where that is not known."""
        return True if self.when is None else holds(values[self._asks], self.when)

    def says_something(self, held: Sequence[Sequence[Tree]]) -> bool:
        """Whether each end that attributes name has some value."""
        for numbers in self._numbers:
            for number in numbers:
                if held[number]:
                    break
            else:
                return False
        return True

    def texts(self, held: Sequence[Sequence[Tree]]) -> Sequence[Tree]:
        """Return what the one end holds which attributes name."""
        numbers = self._numbers[0] if self._numbers else ()
        return held[numbers[0]] if len(numbers) == 1 else [one for at in numbers for one in held[at]]

    def says_the_same(self, now: Sequence[Tree], before: Sequence[Tree]) -> bool:
        """Whether what it looks at is the same on both sides of a change."""
        return all(now[top] == before[top] for top in self._tops)


class _Asked(NamedTuple):
    """What resources of one type are asked.

    Attributes:
        names: their attributes. always: some rule applies even where none of its attributes has a value.

    """

    names: tuple[str, ...]
    rules: tuple[_Rule, ...]
    paths: Paths
    always: bool


class Rules:
    """The rules of each type, made ready once for all inputs."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._found: dict[tuple[str, str], _Asked] = {}

    def of(self, family: Family) -> _Asked:
        """Return what resources of a family are asked."""
        provider = self._catalog.provider(family.provider, family.type)
        key = (provider.id if provider is not None else "", family.type)
        found = self._found.get(key)
        if found is None:
            facts, paths = self._catalog.type_facts(provider, family.type), Paths()
            told: tuple[FlowRule | KeyCustody, ...] = (*facts.flows, *facts.keys)
            rules = tuple(_Rule(rule, facts.attributes, paths) for rule in told)
            always = any(not reading.paths for rule in rules for reading in rule.readings)
            found = self._found[key] = _Asked(facts.attributes, rules, paths, always)
        return found


class Graph:
    """What passes between the resources of one input.

    Attributes:
        passages: position of a sender -> where its data goes.
        all_stood: every passage was there before the change.
        crossed: the declarations of harmless flows that took one away.
        exits: what leaves; the sender may be a hub. keys: who holds which key.
        hubs: those from which data of some resources may pass on, numbered after the resources. A passage
            to or from a hub that has no kind of flow is no step of its own.

    """

    def __init__(
        self,
        inventory: Inventory,
        catalog: Catalog,
        rules: Rules,
        elsewhere: Elsewhere,
        harmless: Sequence[Waiver] = (),
    ) -> None:
        """Begin a graph, to which each resource of the input is then to be shown (`look`).

        Args:
            harmless: flows that carry nothing on.

        """
        self._boundaries = [
            (address_glob(one.address or ""), address_glob(one.to or ""), _names_a_block(one.to or ""), one)
            for one in harmless
        ]
        self.crossed: dict[Waiver, None] = {}
        self.all_stood = True
        self._inventory = inventory
        self._catalog = catalog
        self._elsewhere = elsewhere
        self._ends = Ends(inventory, catalog)
        self._facts: dict[Family, TypeFacts] = {}
        self._rules = rules
        self._asked: dict[Family, _Asked] = {}
        self._by_name: dict[_Rule, tuple[list[int], list[str]]] = defaultdict(lambda: ([], []))
        self._others: dict[int, list[_Rule]] = {}
        self.passages: dict[int, list[Passage]] = defaultdict(list)
        self.exits: list[Exit] = []
        self.keys: list[Key] = []
        self.hubs: list[tuple[int, ...]] = []
        self._hubs: dict[tuple[int, ...], int] = {}
        self._hubs_before: dict[tuple[int, ...], int] = {}

    def look(self, position: int, resource: Resource) -> None:
        """Note what a resource names while its attributes are at hand; who bears that is asked later."""
        family = resource.family
        found = self._asked.get(family)
        if found is None:
            found = self._asked[family] = self._rules.of(family)
            self._ends.expect(reading.end for rule in found.rules for reading in rule.readings)
        names, rules, paths, always = found
        if not rules or resource.change is Change.DELETE or resource.deposed is not None:
            return
        try:
            values = resource.after.select(names)
        except RecursionError:  # It is nested too deeply to be placed, and is Unknown for that.
            return
        held = paths.held(values)
        if held is paths.nothing and not always:
            return
        for rule in rules:
            if rule.by_name and not self._boundaries:
                texts = rule.texts(held)
                for one in texts:
                    if one.__class__ is not str:
                        break
                else:
                    if texts:
                        carriers, named = self._by_name[rule]
                        carriers += [position] * len(texts)
                        named += texts
                    continue
            elif not rule.says_something(held):
                continue
            self._others.setdefault(position, []).append(rule)

    def close(self) -> None:
        """Lay out the passages, once all resources have been shown."""
        resources = self._inventory.resources
        self._by_names()
        for position in sorted(self._others):
            self._add(position, resources[position], self._others[position])
        for position, resource in enumerate(resources):
            block = resource.block
            if block is not None and block.provisioned:
                self._scripts(position, resource)

    def facts(self, family: Family) -> TypeFacts:
        """Return what the catalog knows of a type."""
        found = self._facts.get(family)
        if found is None:
            provider = self._catalog.provider(family.provider, family.type)
            found = self._facts[family] = self._catalog.type_facts(provider, family.type)
        return found

    # -- one declaring resource ------------------------------------------------------------------------------

    def _sides(self, resource: Resource) -> tuple[Sequence[Tree], Sequence[Tree] | None]:
        """Return the attributes of a resource that are asked for, after the change and before it."""
        names = self._asked[resource.family].names
        values = resource.after.select(names)
        if resource.change in _STANDS:
            return values, values
        return values, resource.before.select(names) if resource.before is not None else None

    def _add(self, position: int, resource: Resource, rules: Sequence[_Rule]) -> None:
        values, before = self._sides(resource)
        for rule in rules:
            applies = rule.applies(values)
            if applies is False:
                continue
            stood = before is not None and (before is values or rule.says_the_same(values, before))
            self.all_stood = self.all_stood and stood
            if rule.held:
                self._custody(position, resource, values, rule, applies=applies is True, stood=stood)
            else:
                self._flow(position, resource, values, rule, applies=applies is True, stood=stood)

    def _by_names(self) -> None:
        """Connect resources that name others by nothing but their names: by far the most passages.

        This does what `_add` does, and only faster; where a name is not that of exactly one other resource,
        that is left to it.
        """
        mixed = False
        for rule in dict.fromkeys(rule for asked in self._asked.values() for rule in asked.rules):
            if rule in self._by_name:
                self._all_by_name(rule, *self._by_name.pop(rule))
                mixed = mixed or rule.source is not None
        if mixed:
            # They stand rule by rule; what follows goes by the order of the resources that declare them.
            for passages in self.passages.values():
                passages.sort(key=_carrier)

    def _all_by_name(self, rule: _Rule, carriers: Sequence[int], texts: Sequence[str]) -> None:
        """Connect all resources that name others by one rule with these.

        Args:
            texts: the names. carriers: who says each.

        """
        resources, sends, kind, certain = self._inventory.resources, rule.source is None, rule.kind, True
        bearers = self._ends.bearers(rule.readings[0].end.types)
        named = [bearers.get(text) for text in texts]
        left = {
            position
            for position, at in zip(carriers, named, strict=True)
            if not isinstance(at, int) or at == position
        }
        for position in left:
            self._others.setdefault(position, []).append(rule)
        last, stood = -1, True
        for position, at in zip(carriers, named, strict=True):
            if not isinstance(at, int) or position in left:
                continue
            if position != last:
                last, stood = position, self._stood(resources[position], rule)
                self.all_stood = self.all_stood and stood
            sender, receiver = (position, at) if sends else (at, position)
            self.passages[sender].append(Passage(receiver, kind, certain, position, stood))

    def _stood(self, resource: Resource, rule: _Rule) -> bool:
        """Whether what a rule says of a resource was so before the change already."""
        if resource.change in _STANDS:
            return True
        values, before = self._sides(resource)
        return before is not None and rule.says_the_same(values, before)

    def _flow(
        self,
        position: int,
        resource: Resource,
        values: Sequence[Tree],
        rule: _Rule,
        *,
        applies: bool,
        stood: bool,
    ) -> None:
        if rule.kind == _SCRIPT and not self._may_run(resource):
            return
        senders = self._senders(position, resource, values, rule.source)
        if not senders:
            return
        for receiver in self._receivers(position, resource, values, rule.target):
            self._connect(position, senders, receiver, rule.kind, rule.end, applies, stood=stood)

    def _custody(
        self,
        position: int,
        resource: Resource,
        values: Sequence[Tree],
        rule: _Rule,
        *,
        applies: bool,
        stood: bool,
    ) -> None:
        key = rule.target
        found = [Named()] if key is None else self._ends.named(resource, values, key)
        owners = self._senders(position, resource, values, rule.source) if found else []
        for named in found:
            placement: Placement | None = None
            if rule.held != "supplied" and key is not None:
                before = len(self.exits)
                self._connect(position, owners, named, KEY, rule.end, applies, stood=stood)
                placement = self.exits[-1].placement if len(self.exits) > before else None
            for owner, certain in owners[:_FEW]:
                sure = certain and named.certain and applies and named.unknown is None
                self.keys.append(Key(owner, rule.held, sure, position, named.at, placement))

    @staticmethod
    def _may_run(resource: Resource) -> bool:
        """Whether a program runs with what is given: of a managed resource, a provisioner."""
        return resource.mode == "data" or resource.block is None or resource.block.provisioned

    def _senders(
        self, position: int, resource: Resource, values: Sequence[Tree], reading: Reading | None
    ) -> list[tuple[int, bool]]:
        """Return the positions from which data comes, each with whether that is certain."""
        if reading is None:
            return [(position, True)]
        found: list[tuple[int, bool]] = []
        for named in self._ends.named(resource, values, reading):
            found.extend((at, named.certain) for at in named.at)
            if named.unknown is not None and reading.end.guess and not named.strange:
                # Beside those that the expression names, it may be any other.
                met = set(named.at)
                others = self._ends.of_types(reading.end.types) if reading.end.types else self._all_judged
                found.extend((at, False) for at in others if at not in met and at != position)
            elif named.text is not None and not named.at:
                found.extend((at, False) for at in self._ends.within(named.text, reading.end.types))
        return found

    @cached_property
    def _all_judged(self) -> tuple[int, ...]:
        return tuple(
            at
            for at, resource in enumerate(self._inventory.resources)
            if resource.mode == "managed"
            and resource.change is not Change.DELETE
            and resource.deposed is None
            and self.facts(resource.family).judged
        )

    def _receivers(
        self, position: int, resource: Resource, values: Sequence[Tree], reading: Reading | None
    ) -> Iterable[Named]:
        if reading is None or (reading.end.provider and self.facts(resource.family).judged):
            return (Named((position,)),)
        return self._ends.named(resource, values, reading) if reading.paths else (Named(),)

    def _connect(
        self,
        carrier: int,
        senders: Sequence[tuple[int, bool]],
        receiver: Named,
        kind: str,
        end: FlowEnd | None,
        applies: bool,  # noqa: FBT001 - one of the facts
        *,
        stood: bool,
    ) -> None:
        plain = len(receiver.at) == 1 and receiver.certain and receiver.text is None
        if plain and len(senders) == 1 and not self._boundaries:
            # By far the most: one resource names another.
            (sender, sure), (at,) = senders[0], receiver.at
            if at != sender:
                self.passages[sender].append(Passage(at, kind, sure and applies, carrier, stood))
            return
        resource = self._inventory.resources[carrier]
        outside = None if end is None else self._outside(resource, receiver, end, kind)
        receivers = receiver.at
        if len(receivers) > _FEW:
            receivers = (self._hub_before(receivers),)
        if self._boundaries and kind != KEY:
            name = outside[3] if outside is not None else ""
            senders = [
                one
                for one in senders
                if not self._is_harmless(
                    one[0],
                    receiver.at,
                    name,
                    resource,
                    outside=outside is not None,
                    itself=one[0] == carrier,
                )
            ]
        for sender, sure in self._bundled(senders):
            certain = sure and applies and receiver.certain
            for at in receivers:
                if at != sender:
                    self.passages[sender].append(Passage(at, kind, certain, carrier, stood))
            if outside is not None:
                certain = sure and applies and not receiver.at
                self.exits.append(Exit(sender, kind, certain, carrier, stood, *outside[:3]))

    def _has_its_own_keys(self, carrier: Resource, end: FlowEnd) -> bool:
        """Whether a key, whichever it is, can only be one of the cloud that a resource lies in.

        So it is where the provider's own operator runs that, and the end names keys of that provider alone.
        """
        provider = self._catalog.provider(carrier.provider, carrier.type)
        if provider is None or not provider.operator or not end.types or end.bare != "here":
            return False
        table = self._catalog.table(provider.cloud)
        own = {provider.operator, *(one.operator for one in (table.regions.values() if table else ()))}
        ways = self._elsewhere.of(carrier).alternatives
        return bool(ways) and all(
            way.missing is None and way.operators and way.operators[0].id in own for way in ways
        )

    def _is_harmless(
        self,
        sender: int,
        receivers: Sequence[int],
        name: str,
        carrier: Resource,
        *,
        outside: bool = True,
        itself: bool = False,
    ) -> bool:
        """Whether a flow is declared harmless, wherever of several places it may go.

        Args:
            outside: it may also go to what has this name. itself: the sender declares it, so to name the
                declaring resource says nothing of where it goes.

        """
        resources = self._inventory.resources
        ends: list[tuple[str, ...]] = [(resources[at].address,) for at in receivers]
        if outside or not ends:
            ends.append(self._catalog.spellings(name))
        for begins, leads, one_block, waiver in self._boundaries:
            if begins.fullmatch(resources[sender].address) and (
                (one_block and not itself and leads.fullmatch(carrier.address))
                or all(any(map(leads.fullmatch, end)) for end in ends)
            ):
                self.crossed[waiver] = None
                return True
        return False

    # -- hubs: many to many, in as many passages as there are resources --------------------------------------

    def _bundled(self, senders: Sequence[tuple[int, bool]]) -> Sequence[tuple[int, bool]]:
        """Return senders with a hub in the place of many that are only possible."""
        if len(senders) <= _FEW:
            return senders
        possible = tuple(at for at, sure in senders if not sure)
        if len(possible) <= _FEW:
            return senders
        hub = self._hubs.get(possible)
        if hub is None:
            hub = self._hubs[possible] = self._new_hub(possible)
            for at in possible:
                self.passages[at].append(Passage(hub, "", True, at, True))  # noqa: FBT003
        return [*((at, sure) for at, sure in senders if sure), (hub, False)]

    def _hub_before(self, receivers: tuple[int, ...]) -> int:
        """Return a hub from which data may pass to any of many; one for all that name the same."""
        hub = self._hubs_before.get(receivers)
        if hub is None:
            hub = self._hubs_before[receivers] = self._new_hub(())
            self.passages[hub] = [Passage(at, "", False, at, True) for at in receivers]  # noqa: FBT003
        return hub

    def _new_hub(self, members: tuple[int, ...]) -> int:
        self.hubs.append(members)
        return len(self._inventory.resources) + len(self.hubs) - 1

    def _outside(
        self, carrier: Resource, receiver: Named, end: FlowEnd, kind: str
    ) -> tuple[Placement, str, bool, str] | None:
        """Return where a receiver outside the configuration lies, None where it is inside for certain.

        With the words for it, whether it says itself where it lies, and the name by which a declaration of a
        harmless flow means it: that one is the same in every language, as far as what is known of it is.
        """
        elsewhere, where = self._elsewhere, carrier.address
        if end.operator:
            return elsewhere.operator(end.operator, where), end.operator, True, end.operator
        if end.provider and not receiver.at:
            return elsewhere.of(carrier), where, True, where
        if end.unknown:
            shown = self._catalog.said(end.unknown)
            return elsewhere.unknown(shown, where), shown, True, end.unknown
        if receiver.text is not None:
            name = receiver.shown
            shown = say(name) if name == CONNECTION else name
            placement, says = elsewhere.named(receiver.text, shown, carrier, end.bare)
            return placement, shown, says, name
        if receiver.block is not None:
            return elsewhere.referred(receiver.block), receiver.block.block, True, receiver.block.block
        if receiver.unknown is None:
            return None
        shown, name = _named(receiver.unknown, kind)
        if kind == KEY and self._has_its_own_keys(carrier, end):
            return elsewhere.of(carrier), shown, False, name
        return elsewhere.unknown(str(receiver.unknown), where), shown, True, name

    # -- provisioners ----------------------------------------------------------------------------------------

    def _scripts(self, position: int, resource: Resource) -> None:
        """Add what the provisioners of a resource are given: they may send it anywhere."""
        block = resource.block
        if block is None or resource.change is Change.DELETE or resource.deposed is not None:
            return
        why = say(_PROVISIONED)
        for reference in dict.fromkeys(block.links.feeds("provisioner")):
            if self._ends.identifies(reference):
                continue
            for at in self._instances(position, reference):
                placement = self._elsewhere.unknown(why, resource.address)
                stood = resource.change in _STANDS
                if self._boundaries and self._is_harmless(at, (), _PROVISIONED, resource):
                    continue
                self.exits.append(Exit(at, _SCRIPT, True, position, stood, placement, why, True))  # noqa: FBT003

    def _instances(self, position: int, reference: Reference) -> tuple[int, ...]:
        resource = self._inventory.resources[position]
        if resource.block is not None and reference.block == resource.block.key:
            return (position,)
        return self._ends.instances(resource, reference)


def _carrier(passage: Passage) -> int:
    return passage.carrier


def _names_a_block(glob: str) -> bool:
    """Whether a glob is the address of one block: stars, if any, stand for instance keys alone.

    A wider one is of places; that it fits the setting which declares a flow says nothing of where that goes.
    """
    return not {"*", "?"} & set(without_keys(glob))


def _named(unknown: Unknown, kind: str) -> tuple[str, str]:
    """Return the words for a receiver of which nothing is known but why, and its name in a declared flow.

    The name is the same in every language: what is not known, by where it stands.
    """
    template = _UNKNOWN_KEY if kind == KEY else _UNKNOWN_DESTINATION
    details = ": ".join(filter(None, (unknown.origin, unknown.detail))) or words(unknown.reason)
    return say(template, details=details), template.format(details=unknown.origin or unknown.reason.value)
