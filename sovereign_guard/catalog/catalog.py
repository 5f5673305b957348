"""Look-ups in the catalog. Each answers from the facts alone; none decides a verdict."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import msgspec

from sovereign_guard.catalog.data import BackendKind, CatalogData
from sovereign_guard.catalog.folder import rules_folder
from sovereign_guard.model.classification import Kind
from sovereign_guard.model.knowledge import (
    CloudBelow,
    DataFact,
    FlowRule,
    FlowWords,
    HostPattern,
    Infrastructure,
    KeyCustody,
    LabelAttributes,
    Operator,
    Parent,
    Provider,
    Region,
    RegionTable,
    ResourceTable,
    RuleText,
    ServiceKind,
    Vocabulary,
)
from sovereign_guard.model.policy import Policy

PUBLIC_REGISTRIES = ("registry.terraform.io", "registry.opentofu.org")
"""Two registries that serve the same namespaces."""

BACKEND = "terraform.io/backend/"
"""Begins the addresses by which backends are placed, as if each kind were a provider."""

LABELS_ANYWHERE = LabelAttributes(effective=("tags_all",), own=("tags", "labels", "metadata.labels"))
"""Where labels are looked for on resources of providers that the catalog does not know."""


class TypeFacts(msgspec.Struct, frozen=True):
    """What the catalog knows of one resource type.

    Attributes:
        kind: None where no rule covers the type, which is then judged.
        judged: whether its placement is judged (design, section 5).
        region: attributes that hold its region or zone. place: its fixed region. copies: attributes that name
            further regions in which its data lies.
        labels: attributes in which its author writes labels.
        services: endpoint keys that move it; empty where not known.
        below: what its resources say about the cloud below the service.
        flows: how its resources pass data on. keys: where they say who holds the key.
        attributes: every top-level attribute that some stage asks for, decoded together; those that tell a
            place come first, and there are `telling` of them.

    """

    kind: Kind | None
    judged: bool
    parent: Parent | None
    region: tuple[str, ...]
    copies: tuple[str, ...]
    place: str
    effective_labels: tuple[str, ...]
    labels: tuple[str, ...]
    services: tuple[str, ...]
    compatible: bool
    below: tuple[Infrastructure, ...]
    flows: tuple[FlowRule, ...]
    keys: tuple[KeyCustody, ...]
    attributes: tuple[str, ...]
    telling: int


class HostFacts(msgspec.Struct, frozen=True):
    """Who operates what answers at a host."""

    operator: str
    infrastructure: str
    cloud: str
    region: str
    pattern: str
    stands_on_others: bool


class Place(msgspec.Struct, frozen=True):
    """A region found in a table."""

    cloud: str
    code: str
    region: Region


class Catalog:
    """All knowledge, with look-ups that remember their answers, in the language of the first time."""

    def __init__(self, data: CatalogData) -> None:
        self._data = data
        self._types: dict[tuple[str, str], TypeFacts] = {}
        self._providers: dict[tuple[str, str], Provider | None] = {}
        self._carriers: dict[str, dict[str, bool]] = {}
        self._hosts: dict[str, HostFacts | None] = {}
        self._places: dict[tuple[str, str], Place | None] = {}
        self._spellings: dict[str, dict[str, str]] = {}
        self._folds: dict[str, tuple[re.Pattern[str], ...]] = {}
        self._declared: dict[str, Operator] = {}
        self._mirrors: frozenset[str] = frozenset()

    @property
    def as_of(self) -> str:
        """ISO day of the latest review of the facts."""
        return self._data.packed.as_of

    @property
    def data(self) -> CatalogData:
        """The facts themselves, for listings."""
        return self._data

    @property
    def vocabulary(self) -> Vocabulary:
        """Label keys, values and levels."""
        return self._data.packed.vocabulary

    @property
    def flows(self) -> FlowWords:
        """What flows are called, and which names say what."""
        return self._data.flows

    def said(self, text: str) -> str:
        """Return a text of an entry (why nobody can tell where a flow ends) in the language spoken."""
        return self._data.words.said(text)

    def spellings(self, text: str) -> tuple[str, ...]:
        """Return such a text in every language: a statement may name it in any."""
        return self._data.words.spellings(text)

    @property
    def policies(self) -> Mapping[str, Policy]:
        """Shipped policies by id."""
        return self._data.policies

    @property
    def rules(self) -> Mapping[str, RuleText]:
        """Texts of the rules by id."""
        return self._data.rules

    def laid_over(self, folder: Path) -> tuple[Catalog, tuple[str, ...]]:
        """Return this catalog with an organisation's own laid over it, and names of all that is in that one.

        Raises:
            ConfigurationError, UsageError: the folder is not right, with every fault found.

        """
        from sovereign_guard.catalog.source import compile_over

        packed, names = compile_over(self._data, folder, rules_folder())
        return Catalog(CatalogData(packed)), names

    def extended(self, operators: dict[str, Operator], mirrors: frozenset[str]) -> Catalog:
        """Return a catalog that knows these operators too, and takes these hosts for the public registry."""
        other = Catalog(self._data)
        other._declared = operators
        other._mirrors = mirrors
        return other

    # -- operators ------------------------------------------------------------------------------------------

    def operator(self, name: str) -> Operator | None:
        """Return the company with this id."""
        return self._declared.get(name) or self._data.operators.get(name)

    # -- providers ------------------------------------------------------------------------------------------

    def provider(self, address: str, resource_type: str) -> Provider | None:
        """Return the provider with this source address.

        Args:
            address: as written in the input: full, without host, or a bare name of Terraform 0.12 (also with
                an alias); empty where the input does not say, in which case the type's first word decides, as
                it does for Terraform itself.
            resource_type: a type that the provider serves.

        """
        key = (address, "" if address else resource_type)
        if key not in self._providers:
            self._providers[key] = self._find_provider(address.lower(), resource_type)
        return self._providers[key]

    def _find_provider(self, address: str, resource_type: str) -> Provider | None:
        if not address:
            return self._implied_by(resource_type)
        parts = address.split("/")
        if len(parts) == 1:
            name = address.partition(".")[0]
            return self._data.providers.get(name) or self._by_address(f"hashicorp/{name}")
        return self._by_address(self.short_address(address))

    def _by_address(self, address: str) -> Provider | None:
        found = self._data.packed.provider_of_address.get(address)
        if found:
            return self._data.providers[found]
        backend = self._data.backends.get(address)
        return backend.provider if backend is not None else None

    def backend(self, kind: str) -> BackendKind | None:
        """Return what is known of a kind of backend (`s3`, `cloud`)."""
        return self._data.backends.get(BACKEND + kind)

    def short_address(self, address: str) -> str:
        """Return a source address without its host, where that is a public registry or a mirror of it."""
        host, _slash, rest = address.lower().partition("/")
        known = host in PUBLIC_REGISTRIES or host in self._mirrors
        return rest if known and rest.count("/") == 1 else address.lower()

    def _implied_by(self, resource_type: str) -> Provider | None:
        found = self._data.packed.provider_of_prefix.get(resource_type.partition("_")[0])
        return self._data.providers[found] if found else None

    # -- resource types -------------------------------------------------------------------------------------

    def type_facts(self, provider: Provider | None, resource_type: str) -> TypeFacts:
        """Return what is known of a type; of a type that no rule covers, that it is judged."""
        key = (provider.id if provider else "", resource_type)
        found = self._types.get(key)
        if found is None:
            found = self._types[key] = self._find_type(provider, resource_type)
        return found

    def _find_type(self, provider: Provider | None, resource_type: str) -> TypeFacts:
        table = self._table_of(provider)
        rule = next((rule for rule in table.types if matches(rule.match, resource_type)), None)
        regions = provider.region.attributes if provider else ()
        service = max(
            (
                (len(pattern.replace("*", "")), service)
                for service in table.services
                for pattern in service.types
                if matches(pattern, resource_type)
            ),
            key=lambda pair: pair[0],
            default=None,
        )
        kind = Kind(rule.kind) if rule else None
        region = rule.region if rule and rule.region is not None else regions
        places = provider.labels if provider else LABELS_ANYWHERE
        if not places.own and not places.effective:
            places = LABELS_ANYWHERE
        labels = rule.labels if rule and rule.labels is not None else places.own
        effective = places.effective
        below = tuple(
            entry
            for entry in (provider.infrastructure if provider else ())
            if any(matches(pattern, resource_type) for pattern in entry.types)
        )
        if provider is not None and provider.places == "nothing":
            kind, region, labels, effective = Kind.NONE, (), (), ()
        flows = tuple(one for one in table.flows if any(matches(name, resource_type) for name in one.at))
        keys = tuple(one for one in table.keys if any(matches(name, resource_type) for name in one.at))
        asked = [path for flow in flows for path in flow.asks] + [path for key in keys for path in key.asks]
        passing = dict.fromkeys(path.partition(".")[0] for path in asked)
        copies = rule.copies if rule else ()
        paths = [*region, *copies, *(path for entry in below for path in (entry.cloud, entry.region) if path)]
        plaintext = rule is not None and rule.plaintext
        telling = dict.fromkeys(path.partition(".")[0] for path in paths)
        return TypeFacts(
            kind=kind,
            judged=kind is None or (kind is not Kind.NONE and (kind is not Kind.TRANSPORTS or plaintext)),
            parent=rule.parent if rule else None,
            region=region,
            copies=copies,
            place=rule.place if rule else "",
            effective_labels=effective,
            labels=labels,
            services=service[1].keys if service else (),
            compatible=service[1].compatible if service else True,
            below=below,
            flows=flows,
            keys=keys,
            attributes=tuple(
                telling | dict.fromkeys(path.partition(".")[0] for path in (*effective, *labels)) | passing
            ),
            telling=len(telling),
        )

    def _table_of(self, provider: Provider | None) -> ResourceTable:
        if provider is None:
            return ResourceTable(())
        backend = self._data.backends.get(provider.addresses[0])
        if backend is not None:
            return backend.table
        return self._data.resources.get(provider.id, ResourceTable(()))

    def carries_default_labels(self, address: str, resource_type: str) -> bool | None:
        """Whether resources of a type take the default labels of their provider configuration.

        Args:
            address: source address of the provider, as `provider` takes it.
            resource_type: a managed type.

        Returns:
            None where the provider has default labels and the catalog does not know the type. False where the
            provider has none, or is not known.

        """
        provider = self.provider(address, resource_type)
        if provider is None or not provider.labels.defaults:
            return False
        return self._carriers_of(provider.id).get(resource_type)

    def _carriers_of(self, provider: str) -> dict[str, bool]:
        found = self._carriers.get(provider)
        if found is None:
            listed = self._data.carriers.get(provider)
            found = self._carriers[provider] = (
                dict.fromkeys(listed.without, False) | dict.fromkeys(listed.carrying, True) if listed else {}
            )
        return found

    # -- equivalents ----------------------------------------------------------------------------------------

    @cached_property
    def _service_patterns(self) -> tuple[dict[str, ServiceKind], list[tuple[str, ServiceKind]]]:
        """Kinds of service by exact type, and by pattern with the most specific first."""
        exact: dict[str, ServiceKind] = {}
        patterns: list[tuple[str, ServiceKind]] = []
        for kind in self._data.equivalents.values():
            for name in kind.types:
                if "*" in name:
                    patterns.append((name, kind))
                else:
                    exact.setdefault(name, kind)
        patterns.sort(key=lambda pair: (-len(pair[0].replace("*", "")), pair[0]))
        return exact, patterns

    def service_kind(self, resource_type: str) -> ServiceKind | None:
        """Return the kind of service that a resource type is of; None where none is known."""
        exact, patterns = self._service_patterns
        found = exact.get(resource_type)
        return found or next((kind for name, kind in patterns if matches(name, resource_type)), None)

    # -- data sources ---------------------------------------------------------------------------------------

    def data_source(self, address: str, data_type: str) -> Mapping[str, DataFact]:
        """Return what the provider configuration alone decides of a data source, by attribute.

        Args:
            address: source address of the provider, as `provider` takes it.
            data_type: type of the data source.

        """
        provider = self.provider(address, data_type)
        return provider.data_sources.get(data_type, {}) if provider else {}

    # -- regions --------------------------------------------------------------------------------------------

    def table(self, cloud: str) -> RegionTable | None:
        """Return the regions of a cloud."""
        return self._data.regions.get(cloud)

    def place(self, cloud: str, code: str) -> Place | None:
        """Look up a region or zone of a cloud, without case; zones fold into their region."""
        key = (cloud, code)
        if key not in self._places:
            self._places[key] = self._find_place(cloud, code.strip().lower())
        return self._places[key]

    def _codes(self, cloud: str, table: RegionTable) -> dict[str, str]:
        """Return the codes of a cloud by all their spellings, lower case."""
        if cloud not in self._spellings:
            names = {
                alias.lower(): code for code, region in table.regions.items() for alias in region.aliases
            }
            self._spellings[cloud] = names | {code.lower(): code for code in table.regions}
        return self._spellings[cloud]

    def _find_place(self, cloud: str, code: str) -> Place | None:
        table = self._data.regions.get(cloud)
        if table is None:
            return None
        codes = self._codes(cloud, table)
        for spelling in (code, code.replace("_", "-")):
            name = codes.get(spelling) or self._fold(table, codes, spelling)
            if name is not None:
                return Place(cloud, name, table.regions[name])
        return None

    def _fold(self, table: RegionTable, codes: dict[str, str], zone: str) -> str | None:
        """Return the region that a zone lies in."""
        if table.cloud not in self._folds:
            self._folds[table.cloud] = tuple(re.compile(pattern) for pattern in table.zones)
        for pattern in self._folds[table.cloud]:
            match = pattern.fullmatch(zone)
            if match and match["region"] in codes:
                return codes[match["region"]]
        return None

    def place_below(self, names: str, cloud: str, region: str) -> tuple[str, Place | None] | None:
        """Resolve what a service says about the cloud it stands on.

        Args:
            names: the service's table. cloud: value of its cloud attribute, empty where the name is combined.
            region: its region, or the combined name.

        Returns:
            (cloud, place or None where the region is not in the table); None if the cloud is not recognised.

        """
        table = self._data.regions.get(names)
        if table is None:
            return None
        wanted = region.strip().lower()
        candidates: list[tuple[int, CloudBelow]] = []
        for below in table.clouds.values():
            if cloud and cloud.strip().lower() in {name.lower() for name in below.names}:
                return below.cloud, self._spelled_below(below, wanted)
            if not cloud:
                candidates.extend(
                    (len(prefix), below) for prefix in below.prefixes if wanted.startswith(prefix.lower())
                )
        # The longest prefix wins; an empty one stands for bare names, which must be in that cloud's table.
        for length, below in sorted(candidates, key=lambda pair: -pair[0]):
            place = self._spelled_below(below, wanted[length:])
            if length or place is not None:
                return below.cloud, place
        return None

    def _spelled_below(self, below: CloudBelow, name: str) -> Place | None:
        spelled = {other.lower(): code for other, code in below.regions.items()}.get(name, name)
        return self.place(below.cloud, spelled)

    # -- hosts ----------------------------------------------------------------------------------------------

    @cached_property
    def _patterns(self) -> dict[str, list[HostPattern]]:
        """Patterns by their last two labels, most specific first; by the last if a placeholder is next."""
        groups: dict[str, list[HostPattern]] = {}
        for pattern in sorted(self._data.hosts, key=_specificity, reverse=True):
            groups.setdefault(_group(pattern.host), []).append(pattern)
        return groups

    @cached_property
    def address_attributes(self) -> frozenset[str]:
        """Attributes by which a resource gives the address that it answers at."""
        return frozenset(self._data.packed.addresses)

    def host(self, name: str) -> HostFacts | None:
        """Return who operates a host (as `model.host.host_of` gives it)."""
        if name not in self._hosts:
            self._hosts[name] = self._find_host(name)
        return self._hosts[name]

    def _find_host(self, name: str) -> HostFacts | None:
        last_two, last = _group(name), name.rpartition(".")[2]
        near = [
            *self._patterns.get(last_two, ()),
            *(self._patterns.get(last, ()) if last != last_two else ()),
        ]
        for pattern in sorted(near, key=_specificity, reverse=True):
            match = _host_regex(pattern).fullmatch(name)
            if match:
                region = pattern.region or match.groupdict().get("region") or ""
                cloud = pattern.cloud or self._only_cloud(pattern.operator)
                place = self.place(cloud, region) if cloud and region else None
                # A region that another company runs (Outscale's in the US) moves the host with it.
                operator = (place.region.operator if place else "") or pattern.operator
                return HostFacts(
                    operator,
                    pattern.infrastructure,
                    cloud,
                    place.code if place else "",
                    pattern.host,
                    pattern.stands_on_others,
                )
        return None

    def _only_cloud(self, operator: str) -> str:
        """Return the region table of an operator that has exactly one, else nothing."""
        clouds = self._data.packed.clouds_of_operator.get(operator, ())
        return clouds[0] if len(clouds) == 1 else ""


def matches(pattern: str, name: str) -> bool:
    """Whether a resource type fits a pattern, in which `*` stands for any characters."""
    if "*" not in pattern:
        return pattern == name
    parts = pattern.split("*")
    if not name.startswith(parts[0]) or len(name) < sum(map(len, parts)):
        return False
    at = len(parts[0])
    for part in parts[1:-1]:
        found = name.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(name) - len(parts[-1]) >= at and name.endswith(parts[-1])


def _host_regex(pattern: HostPattern) -> re.Pattern[str]:
    labels = []
    for label in pattern.host.split("."):
        text = re.escape(label).replace(r"\{", "{").replace(r"\}", "}")
        text = text.replace("{region}", "(?P<region>[a-z0-9_-]+?)", 1).replace("{any}", "[a-z0-9_-]+")
        labels.append(text)
    left = "" if pattern.exact else r"(?:[a-z0-9_-]+\.)*"
    return re.compile(left + r"\.".join(labels))


def _group(host: str) -> str:
    """Return a host's last two labels, or its last where a placeholder stands before that."""
    last_two = ".".join(host.split(".")[-2:])
    return host.rpartition(".")[2] if "{" in last_two else last_two


def _specificity(pattern: HostPattern) -> tuple[int, int, int]:
    """More labels beat fewer, then more literal labels, then more literal characters."""
    labels = pattern.host.split(".")
    literal = re.sub(r"\{[a-z]+\}", "", pattern.host)
    return (len(labels), sum("{" not in label for label in labels), len(literal))
