"""What the catalog knows of where data goes next, in words: flows, keys, and what a service stands on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from sovereign_guard.catalog import Catalog
from sovereign_guard.catalog.catalog import matches
from sovereign_guard.model.knowledge import (
    Condition,
    FlowEnd,
    FlowRule,
    KeyCustody,
    Provider,
    ResourceTable,
)
from sovereign_guard.model.screen import Screen
from sovereign_guard.report.layout import block, entry, heading, table
from sovereign_guard.report.words import wrap

_FEW = 3
"""Names that are listed; of more, their number is told."""

_ITSELF = "it"
_HELD = {
    "kms": "held by a cloud's key service",
    "external": "held outside of the cloud",
    "supplied": "supplied by the customer",
}


def stands_on_entry(provider: Provider, screen: Screen) -> Iterator[str]:
    """Give the operators on whose infrastructure a provider's service stands."""
    texts = []
    for one in provider.stands_on:
        of = f", for {_several(one.types)}" if one.types else ""
        texts.append(f"{one.operator}{of}{f'. {one.note}' if one.note else ''}")
    yield from block("STANDS ON", texts, screen)


def provider_flows(known: ResourceTable, screen: Screen) -> Iterator[str]:
    """Give each kind of flow with the types of a provider that declare it, and those that name a key."""
    kinds: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for flow in known.flows:
        kinds[flow.flow].update(dict.fromkeys(flow.at))
    if kinds:
        yield heading("WHERE ITS DATA GOES NEXT", screen)
        rows = [(kind, str(len(at)), _several(tuple(at))) for kind, at in sorted(kinds.items())]
        yield from table(("flow", "types", "declared by"), rows, screen)
    keys = tuple(dict.fromkeys(at for key in known.keys for at in key.at))
    if keys:
        yield heading("KEYS ARE NAMED BY", screen)
        yield wrap(f"{len(keys)} types: {_several(keys)}", screen, "  ")


def type_entry(catalog: Catalog, provider: Provider, resource_type: str, screen: Screen) -> Iterator[str]:
    """Give a resource type: what it does with data, what it lies in, where its data goes, its keys."""
    facts = catalog.type_facts(provider, resource_type)
    yield entry("provider", provider.id, screen)
    does = str(facts.kind) if facts.kind is not None else "not in the catalog"
    yield entry("does with data", f"{does}; {'judged' if facts.judged else 'not judged'}", screen)
    if facts.parent is not None:
        within = f"{_several(facts.parent.types)}, named by {_several(facts.parent.attributes, ' or ')}"
        yield entry("lies in", within, screen)
    below = [one for one in provider.stands_on if _speaks_of(one.types, resource_type)]
    if below:
        yield entry("stands on", ", ".join(one.operator for one in below), screen)
    yield from block("WHERE ITS DATA GOES NEXT", map(_flow_words, facts.flows), screen)
    yield from block("KEYS", map(_key_words, facts.keys), screen)
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
            for direction, end in (("from here", flow.source), ("to here", flow.target)):
                if end is not None and any(matches(pattern, resource_type) for pattern in end.types):
                    found[flow.flow, direction].update((at, None) for at in flow.at if at != resource_type)
    lines = [f"{kind}, {way}: {_several(tuple(at))}" for (kind, way), at in sorted(found.items()) if at]
    yield from block("NAMED BY OTHERS", lines, screen)


# -- words ---------------------------------------------------------------------------------------------------


def _flow_words(flow: FlowRule) -> str:
    note = f" {flow.note}" if flow.note else ""
    return f"{flow.flow}: from {_end(flow.source)} to {_end(flow.target)}{_when(flow.when)}.{note}"


def _key_words(key: KeyCustody) -> str:
    of = "" if key.of is None else f" for {_end(key.of)}"
    which = f": {_end(key.key)}" if key.key is not None else ""
    return f"{_HELD[key.held]}{of}{which}{_when(key.when)}.{f' {key.note}' if key.note else ''}"


def _end(end: FlowEnd | None) -> str:
    if end is None:
        return _ITSELF
    if end.operator:
        return f"{end.operator}, always"
    if end.provider:
        return "the operators of its provider"
    if end.unknown:
        return f"where nobody can tell ({end.unknown})"
    paths = _several(end.attribute, " or ")
    if end.data:
        return f"the data in {paths}"
    types = f" ({_several(end.types, ' or ')})" if end.types else ""
    return f"what {paths} names{types}"


def _when(when: Condition | None) -> str:
    if when is None:
        return ""
    for word, values in (("is", when.one_of), ("is not", when.none_of)):
        if values:
            return f", if {when.attribute} {word} {' or '.join(map(_value, values))}"
    return f", if {when.attribute} is set"


def _value(value: str | bool | float) -> str:  # noqa: FBT001 - any value of an attribute
    return str(value).lower() if isinstance(value, bool) else str(value)


def _several(names: Sequence[str], joint: str = ", ") -> str:
    shown = joint.join(names[:_FEW])
    left = len(names) - _FEW
    return f"{shown} and {left} more" if left > 0 else shown


def _speaks_of(patterns: Sequence[str], resource_type: str) -> bool:
    return not patterns or any(matches(pattern, resource_type) for pattern in patterns)
