"""The whole catalog as one value: what compiling rules/ gives, and what a scan loads.

Packed, each entry stays encoded until somebody asks for it: a plan of two providers decodes two of a hundred.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, TypeVar

import msgspec

from sovereign_guard.language import ENGLISH, language
from sovereign_guard.model.knowledge import (
    FlowWords,
    HostPattern,
    LabelCarriers,
    Operator,
    Provider,
    RegionTable,
    ResourceTable,
    RuleText,
    ServiceKind,
    Vocabulary,
)
from sovereign_guard.model.policy import Policy

T = TypeVar("T")

TEXTS = frozenset({"fix", "grounds", "means", "note", "notes", "says", "scope", "title", "what", "why"})
"""Fields of entries whose texts are for people; `unknown` of a flow's end is not only that: it is matched."""

UNTOLD = frozenset({"sources", "references", "correspondences", "types"})
"""Fields without such text: titles of sources stay, correspondences bring their own, types print no note."""

NAMED = TEXTS | {"place", "name", "legal_name"}
"""Those of companies and region tables, with names, of which most are alike everywhere (not `Klaba family`).

Elsewhere such a field may hold what is looked up: the `place` of a resource type is a region's code.
"""


class BackendKind(msgspec.Struct, frozen=True):
    """A kind of backend of Terraform's: how it is placed, as if it were a provider with one resource type.

    Attributes:
        required: arguments without which a block is completed elsewhere.
        renamed: old name of an argument -> path of the one that took its place.

    """

    provider: Provider
    table: ResourceTable
    required: tuple[str, ...] = ()
    renamed: dict[str, str] = {}


class PackedCatalog(msgspec.Struct, frozen=True):
    """The catalog as it is stored: sections by id, and the indexes that look-ups need.

    Attributes:
        as_of: ISO day of the latest review of any file.
        provider_of_address: source address -> provider id.
        provider_of_prefix: first word of a resource type -> provider id.
        clouds_of_operator: operator id -> ids of the region tables that are its own.
        backends: address by which a kind of backend is placed -> that kind. They stand apart from providers,
            which have names that a configuration can use.
        words: language -> encoded texts of entries in it, by their English; a load steps over bytes.
        laid_over: it is an organisation's, over another.

    """

    as_of: str
    operators: dict[str, msgspec.Raw]
    providers: dict[str, msgspec.Raw]
    regions: dict[str, msgspec.Raw]
    resources: dict[str, msgspec.Raw]
    carriers: dict[str, msgspec.Raw]
    hosts: msgspec.Raw
    policies: dict[str, msgspec.Raw]
    rules: dict[str, msgspec.Raw]
    vocabulary: Vocabulary
    flows: FlowWords
    addresses: tuple[str, ...]
    provider_of_address: dict[str, str]
    provider_of_prefix: dict[str, str]
    clouds_of_operator: dict[str, tuple[str, ...]]
    backends: dict[str, msgspec.Raw] = {}
    equivalents: dict[str, msgspec.Raw] = {}
    words: dict[str, bytes] = {}
    laid_over: bool = False


class Words:
    """Texts of entries in other languages than English; those of a language are decoded once it is spoken."""

    def __init__(self, packed: Mapping[str, bytes]) -> None:
        self._packed = packed
        self._decoded: dict[str, dict[str, str]] = {}

    def of(self, code: str) -> Mapping[str, str]:
        """Return the texts in a language, by their English."""
        found = self._decoded.get(code)
        if found is None:
            raw = self._packed.get(code)
            found = msgspec.msgpack.decode(raw, type=dict[str, str]) if raw is not None else {}
            self._decoded[code] = found
        return found

    def said(self, text: str) -> str:
        """Return a text in the language that is spoken; in English where it has none in that."""
        return self.of(language()).get(text, text)

    def spellings(self, text: str) -> tuple[str, ...]:
        """Return a text in every language: what is looked for may be written in any, whichever is spoken."""
        return tuple(dict.fromkeys((text, *(self.of(code).get(text, text) for code in self._packed))))

    def spoken(self, entry: Any, kind: type[T], texts: frozenset[str] = TEXTS) -> T:
        """Return an entry with its texts in the language that is spoken.

        Args:
            entry: of builtin values. kind: its type. texts: names of the fields that hold texts for people.

        """
        words = self.of(language())

        def visit(node: Any) -> Any:
            if isinstance(node, dict):
                return {
                    key: words.get(value, value)
                    if key in texts and isinstance(value, str)
                    else visit(value)
                    if key not in UNTOLD and isinstance(value, dict | list | tuple)
                    else value
                    for key, value in node.items()
                }
            return [visit(one) if isinstance(one, dict | list | tuple) else one for one in node]

        return msgspec.convert(visit(entry), kind)


class Section(Mapping[str, T]):
    """Entries by id, decoded when they are asked for, in the language that is spoken then."""

    def __init__(
        self, raw: dict[str, msgspec.Raw], entry: type[T], words: Words, texts: frozenset[str] = TEXTS
    ) -> None:
        self._raw = raw
        self._entry = entry
        self._decoder = msgspec.msgpack.Decoder(entry)
        self._words = words
        self._texts = texts
        self._decoded: dict[tuple[str, str], T] = {}

    def __getitem__(self, key: str) -> T:
        spoken = language()
        found = self._decoded.get((spoken, key))
        if found is None:
            found = self._decoded[spoken, key] = self._decode(self._raw[key], spoken)
        return found

    def _decode(self, raw: msgspec.Raw, spoken: str) -> T:
        if spoken == ENGLISH:
            return self._decoder.decode(raw)
        return self._words.spoken(msgspec.msgpack.decode(raw), self._entry, self._texts)

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)


class CatalogData:
    """All knowledge, checked. Sections are mappings by id; hosts stand in the order of their file."""

    def __init__(self, packed: PackedCatalog) -> None:
        self.packed = packed
        self.words = Words(packed.words)
        self._flows: dict[str, FlowWords] = {}

    @property
    def flows(self) -> FlowWords:
        """What flows are called, and which names say what."""
        spoken = language()
        found = self._flows.get(spoken)
        if found is None:
            found = self.packed.flows
            if spoken != ENGLISH:
                found = self.words.spoken(msgspec.to_builtins(found), FlowWords)
            self._flows[spoken] = found
        return found

    @cached_property
    def operators(self) -> Mapping[str, Operator]:
        """Companies."""
        return Section(self.packed.operators, Operator, self.words, NAMED)

    @cached_property
    def providers(self) -> Mapping[str, Provider]:
        """Terraform providers."""
        return Section(self.packed.providers, Provider, self.words)

    @cached_property
    def regions(self) -> Mapping[str, RegionTable]:
        """Region tables by cloud."""
        return Section(self.packed.regions, RegionTable, self.words, NAMED)

    @cached_property
    def resources(self) -> Mapping[str, ResourceTable]:
        """Resource types by provider."""
        return Section(self.packed.resources, ResourceTable, self.words)

    @cached_property
    def carriers(self) -> Mapping[str, LabelCarriers]:
        """Resource types that take default labels, by provider."""
        return Section(self.packed.carriers, LabelCarriers, self.words)

    @cached_property
    def backends(self) -> Mapping[str, BackendKind]:
        """Kinds of backend, by the address by which they are placed."""
        return Section(self.packed.backends, BackendKind, self.words)

    @cached_property
    def equivalents(self) -> Mapping[str, ServiceKind]:
        """Kinds of service, and what may stand in their place; each holds its French itself."""
        return Section(self.packed.equivalents, ServiceKind, self.words, frozenset())

    @cached_property
    def policies(self) -> Mapping[str, Policy]:
        """Shipped policies."""
        return Section(self.packed.policies, Policy, self.words)

    @cached_property
    def rules(self) -> Mapping[str, RuleText]:
        """Texts of the rules."""
        return Section(self.packed.rules, RuleText, self.words)

    @cached_property
    def hosts(self) -> tuple[HostPattern, ...]:
        """Host patterns."""
        return msgspec.msgpack.decode(self.packed.hosts, type=tuple[HostPattern, ...])


def pack(
    *,
    as_of: str,
    operators: dict[str, Operator],
    providers: dict[str, Provider],
    regions: dict[str, RegionTable],
    resources: dict[str, ResourceTable],
    carriers: dict[str, LabelCarriers],
    backends: dict[str, BackendKind],
    equivalents: dict[str, ServiceKind],
    hosts: tuple[HostPattern, ...],
    addresses: tuple[str, ...],
    vocabulary: Vocabulary,
    flows: FlowWords,
    policies: dict[str, Policy],
    rules: dict[str, RuleText],
    words: Mapping[str, Mapping[str, str]],
    below: PackedCatalog | None = None,
) -> PackedCatalog:
    """Encode what compiling a catalog gives, and make the indexes.

    Args:
        below: a catalog whose entries are there too, where none of these has their id.

    """
    clouds: dict[str, tuple[str, ...]] = {}
    by_address: dict[str, str] = {}
    by_prefix: dict[str, str] = {}
    if below is not None:
        # What is replaced leaves no trace in the indexes.
        for operator, found in below.clouds_of_operator.items():
            clouds[operator] = tuple(cloud for cloud in found if cloud not in regions)
        by_address = {key: one for key, one in below.provider_of_address.items() if one not in providers}
        by_prefix = {key: one for key, one in below.provider_of_prefix.items() if one not in providers}
        hosts = (*hosts, *msgspec.msgpack.decode(below.hosts, type=tuple[HostPattern, ...]))
        others = Words(below.words)
        words = {code: {**others.of(code), **words.get(code, {})} for code in {**below.words, **words}}
    for cloud, table in regions.items():
        if table.operator:
            clouds[table.operator] = (*clouds.get(table.operator, ()), cloud)
    for one in providers.values():
        by_address.update((address, one.id) for address in one.addresses)
        by_prefix.update((prefix, one.id) for prefix in one.prefixes)
    by_prefix.update((name.replace("-", "_"), name) for name in providers)
    return PackedCatalog(
        as_of=as_of,
        operators=_encoded(operators, None if below is None else below.operators),
        providers=_encoded(providers, None if below is None else below.providers),
        regions=_encoded(regions, None if below is None else below.regions),
        resources=_encoded(resources, None if below is None else below.resources),
        carriers=_encoded(carriers, None if below is None else below.carriers),
        hosts=msgspec.Raw(msgspec.msgpack.encode(hosts)),
        policies=_encoded(policies, None if below is None else below.policies),
        rules=_encoded(rules, None if below is None else below.rules),
        vocabulary=vocabulary,
        flows=flows,
        addresses=addresses,
        provider_of_address=by_address,
        provider_of_prefix=by_prefix,
        clouds_of_operator={operator: found for operator, found in clouds.items() if found},
        backends=_encoded(backends, None if below is None else below.backends),
        words={code: msgspec.msgpack.encode(texts) for code, texts in words.items()},
        laid_over=below is not None,
        equivalents=_encoded(equivalents, None if below is None else below.equivalents),
    )


def _encoded(
    section: Mapping[str, object], below: Mapping[str, msgspec.Raw] | None
) -> dict[str, msgspec.Raw]:
    own = {key: msgspec.Raw(msgspec.msgpack.encode(value)) for key, value in section.items()}
    return {**(below or {}), **own}
