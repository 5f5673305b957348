"""What the catalog knows of where data goes next, in words: flows, keys, and what a service stands on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from sovereign_guard.catalog import Catalog
from sovereign_guard.catalog.catalog import matches
from sovereign_guard.language import later, say, say_many
from sovereign_guard.model.knowledge import (
    Condition,
    FlowEnd,
    FlowRule,
    KeyCustody,
    Provider,
    ResourceTable,
)
from sovereign_guard.model.screen import Screen
from sovereign_guard.report.layout import Line, block, entry, heading, table
from sovereign_guard.report.terms import any_of, kind_word, named
from sovereign_guard.report.words import wrap

_FEW = 3
"""Names that are listed; of more, their number is told."""

_HELD = {
    "kms": later("held by a cloud's key service"),
    "external": later("held outside of the cloud"),
    "supplied": later("supplied by the customer"),
}
_FROM_HERE = later("{flow}, from here: {names}")
_TO_HERE = later("{flow}, to here: {names}")


def stands_on_entry(provider: Provider, screen: Screen) -> Iterator[str]:
    """Give the operators on whose infrastructure a provider's service stands."""
    texts = []
    for one in provider.stands_on:
        text = one.operator
        if one.types:
            text = say("{operator}, for {types}", operator=text, types=_several(one.types))
        texts.append(f"{text}. {one.note}" if one.note else text)
    yield from block(say("STANDS ON"), texts, screen)


def provider_flows(known: ResourceTable, screen: Screen) -> Iterator[str]:
    """Give each kind of flow with the types of a provider that declare it, and those that name a key."""
    kinds: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for flow in known.flows:
        kinds[flow.flow].update(dict.fromkeys(flow.at))
    if kinds:
        yield heading(say("WHERE ITS DATA GOES NEXT"), screen)
        rows = [(kind, str(len(at)), _several(tuple(at))) for kind, at in sorted(kinds.items())]
        yield from table((say("flow"), say("types"), say("declared by")), rows, screen)
    keys = tuple(dict.fromkeys(at for key in known.keys for at in key.at))
    if keys:
        yield heading(say("KEYS ARE NAMED BY"), screen)
        told = say_many("{number} types: {names}", "{number} types: {names}", len(keys), names=_several(keys))
        yield wrap(told, screen, "  ")


def type_entry(catalog: Catalog, provider: Provider, resource_type: str, screen: Screen) -> Iterator[Line]:
    """Give a resource type: what it does with data, what it lies in, where its data goes, its keys."""
    facts = catalog.type_facts(provider, resource_type)
    yield entry(say("provider"), provider.id)
    does = kind_word(facts.kind) if facts.kind is not None else say("not in the catalog")
    told = say("{does}; judged", does=does) if facts.judged else say("{does}; not judged", does=does)
    yield entry(say("does with data"), told)
    if facts.parent is not None:
        within = say(
            "{types}, named by {attributes}",
            types=_several(facts.parent.types),
            attributes=_one_of(facts.parent.attributes),
        )
        yield entry(say("lies in"), within)
    below = [one for one in provider.stands_on if _speaks_of(one.types, resource_type)]
    if below:
        yield entry(say("stands on"), ", ".join(one.operator for one in below))
    yield from block(say("WHERE ITS DATA GOES NEXT"), map(_flow_words, facts.flows), screen)
    yield from block(say("KEYS"), map(_key_words, facts.keys), screen)
    yield from _named_elsewhere(catalog, resource_type, screen)


def is_a_type(catalog: Catalog, provider: Provider, resource_type: str) -> bool:
    """Whether the catalog knows anything of a type."""
    facts = catalog.type_facts(provider, resource_type)
    return facts.kind is not None or bool(facts.flows or facts.keys)


def types_like(catalog: Catalog, resource_type: str) -> Iterator[str]:
    """Give the types that the tables of a type's own provider name."""
    provider = catalog.provider("", resource_type)
    known = catalog.data.resources.get(provider.id) if provider is not None else None
    if known is not None:
        yield from (rule.match for rule in known.types if "*" not in rule.match)


def _named_elsewhere(catalog: Catalog, resource_type: str, screen: Screen) -> Iterator[str]:
    """Give the types that name this one as an end of a flow, by kind and direction."""
    found: defaultdict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for known in catalog.data.resources.values():
        for flow in known.flows:
            for direction, end in ((_FROM_HERE, flow.source), (_TO_HERE, flow.target)):
                if end is not None and any(matches(pattern, resource_type) for pattern in end.types):
                    found[flow.flow, direction].update((at, None) for at in flow.at if at != resource_type)
    lines = [
        say(way, flow=kind, names=_several(tuple(at))) for (kind, way), at in sorted(found.items()) if at
    ]
    yield from block(say("NAMED BY OTHERS"), lines, screen)


# -- words ---------------------------------------------------------------------------------------------------


def _flow_words(flow: FlowRule) -> str:
    told = say(
        "{flow}: from {source} to {target}",
        flow=flow.flow,
        source=_end(flow.source),
        target=_end(flow.target),
    )
    return _noted(told, flow.when, flow.note)


def _key_words(key: KeyCustody) -> str:
    told = say(_HELD[key.held])
    if key.of is not None:
        told = say("{held} for {data}", held=told, data=_end(key.of))
    if key.key is not None:
        told = named(told, _end(key.key))
    return _noted(told, key.when, key.note)


def _end(end: FlowEnd | None) -> str:
    if end is None:
        return say("it")
    if end.operator:
        return say("{operator}, always", operator=end.operator)
    if end.provider:
        return say("the operators of its provider")
    if end.unknown:
        return say("where nobody can tell ({why})", why=end.unknown)
    paths = _one_of(end.attribute)
    if end.data:
        return say("the data in {attributes}", attributes=paths)
    if end.types:
        return say("what {attributes} names ({types})", attributes=paths, types=_one_of(end.types))
    return say("what {attributes} names", attributes=paths)


def _noted(told: str, when: Condition | None, note: str) -> str:
    """Return a sentence with its condition, and a note behind it."""
    if when is not None:
        told = say("{sentence}, {condition}", sentence=told, condition=_when(when))
    return f"{told}. {note}" if note else f"{told}."


def _when(when: Condition) -> str:
    if when.one_of:
        values = any_of(map(_value, when.one_of))
        return say("if {attribute} is {values}", attribute=when.attribute, values=values)
    if when.none_of:
        values = any_of(map(_value, when.none_of))
        return say("if {attribute} is not {values}", attribute=when.attribute, values=values)
    return say("if {attribute} is set", attribute=when.attribute)


def _value(value: str | bool | float) -> str:  # noqa: FBT001 - any value of an attribute
    return str(value).lower() if isinstance(value, bool) else str(value)


def _several(names: Sequence[str]) -> str:
    return _and_more(", ".join(names[:_FEW]), names)


def _one_of(names: Sequence[str]) -> str:
    return _and_more(any_of(names[:_FEW]), names)


def _and_more(shown: str, names: Sequence[str]) -> str:
    left = len(names) - _FEW
    return say("{names} and {number:,} more", names=shown, number=left) if left > 0 else shown


def _speaks_of(patterns: Sequence[str], resource_type: str) -> bool:
    return not patterns or any(matches(pattern, resource_type) for pattern in patterns)
