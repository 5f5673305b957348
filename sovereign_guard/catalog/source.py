"""rules/ as YAML -> one packed catalog, checked file by file and across files, all faults at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypedDict

import msgspec

from sovereign_guard.catalog.catalog import BACKEND
from sovereign_guard.catalog.data import TEXTS, BackendKind, CatalogData, PackedCatalog, pack
from sovereign_guard.catalog.policies import policy_from
from sovereign_guard.catalog.yaml_file import YamlFile, read_yaml
from sovereign_guard.errors import ConfigurationError, UsageError
from sovereign_guard.language import ENGLISH, LANGUAGES, later, say
from sovereign_guard.model.knowledge import (
    DISPERSED,
    Correspondence,
    FlowRule,
    FlowWords,
    HostPattern,
    KeyCustody,
    KeyRule,
    LabelCarriers,
    Operator,
    Provider,
    RegionTable,
    ResourceRule,
    ResourceTable,
    RuleText,
    Service,
    ServiceKind,
    Vocabulary,
)
from sovereign_guard.model.label import normal
from sovereign_guard.model.policy import Policy


def compile_rules(folder: Path) -> PackedCatalog:
    """Read and check all of rules/.

    Raises:
        ConfigurationError: with every fault found, each with file and line.

    """
    compiler = _Compiler(folder, folder, "rules")
    sections = compiler.sections("catalog/")
    labels = next(iter(compiler.files("catalog/labels.yaml", "labels")), None)
    if labels is None or sections.hosts is None or sections.flows is None:
        raise ConfigurationError(
            compiler.problems or [UsageError(say("rules/catalog is not complete."), file=str(folder))]
        )
    vocabulary = _vocabulary(labels)
    compiler.problems.extend(labels.problems)
    rules, policies = compiler.rules_and_policies(vocabulary)
    rules = compiler.corresponding(rules)
    compiler.check(sections, None)
    return pack(
        as_of=sections.as_of(),
        vocabulary=vocabulary,
        policies=policies,
        rules=rules,
        words=compiler.words,
        flows=sections.flows,
        addresses=tuple(sections.hosts[0].data.get("addresses", ())),
        **sections.values(),
    )


def compile_over(below: CatalogData, folder: Path, schemas: Path) -> tuple[PackedCatalog, tuple[str, ...]]:
    """Read and check an organisation's own catalog, and lay it over another.

    Its layout is that of rules/catalog/, of which each part may be missing. What has the id of an entry below
    takes its place; a host pattern or a label beside one below is asked first.

    Args:
        below: the catalog that is added to. folder: the organisation's. schemas: the folder rules/.

    Raises:
        ConfigurationError: with every fault found, each with file and line.

    """
    compiler = _Compiler(folder, schemas, str(folder))
    sections = compiler.sections("")
    labels = next(iter(compiler.files("labels.yaml", "labels")), None)
    vocabulary = below.packed.vocabulary
    if labels is not None:
        own = _vocabulary(labels)
        if own.levels != vocabulary.levels:
            known = ", ".join(vocabulary.levels)
            labels.fault(
                say("the levels are not those of the catalog."),
                "levels",
                hint=say("They are: {names}.", names=known),
            )
        compiler.problems.extend(labels.problems)
        vocabulary = _joined(vocabulary, own)
    compiler.check(sections, below)
    if sections.empty and labels is None:
        raise UsageError(
            say("this folder holds nothing of a catalog."),
            hint=say(
                "Put files into operators/, providers/, regions/, resources/, carriers/ or "
                "backends/, or write endpoints.yaml or labels.yaml."
            ),
            file=str(folder),
        )
    hosts, packed = sections.hosts, below.packed
    whole = pack(
        as_of=packed.as_of,
        vocabulary=vocabulary,
        policies={},
        rules={},
        words=compiler.words,
        flows=sections.flows or packed.flows,
        addresses=tuple(
            dict.fromkeys(
                (*packed.addresses, *(hosts[0].data.get("addresses", ()) if hosts is not None else ()))
            )
        ),
        below=packed,
        **sections.values(),
    )
    return whole, sections.named(packed, labels=labels is not None)


class _Sections(msgspec.Struct, frozen=True):
    """What the files of one catalog say, by id, each entry with the file that it stands in."""

    operators: dict[str, tuple[YamlFile, Operator]]
    providers: dict[str, tuple[YamlFile, Provider]]
    regions: dict[str, tuple[YamlFile, RegionTable]]
    resources: dict[str, tuple[YamlFile, ResourceTable]]
    carriers: dict[str, tuple[YamlFile, LabelCarriers]]
    backends: dict[str, tuple[YamlFile, BackendKind]]
    hosts: tuple[YamlFile, tuple[HostPattern, ...]] | None
    flows: FlowWords | None = None
    equivalents: dict[str, tuple[YamlFile, ServiceKind]] = {}

    @property
    def files(self) -> Iterator[YamlFile]:
        """All files but those that are read whole (hosts, labels)."""
        for group in (self.operators, self.providers, self.regions, self.resources, self.carriers):
            for file, _value in group.values():
                yield file
        for several in (self.backends, self.equivalents):
            yield from {file.path: file for file, _value in several.values()}.values()

    @property
    def empty(self) -> bool:
        """Whether there is no entry at all."""
        return self.hosts is None and next(self.files, None) is None

    def named(self, below: PackedCatalog, *, labels: bool) -> tuple[str, ...]:
        """Return in words what there is, and which of it takes the place of something below."""
        found = []
        for new, replaced, own, under in (
            (later("operator {name}"), later("operator {name} (replaced)"), self.operators, below.operators),
            (later("provider {name}"), later("provider {name} (replaced)"), self.providers, below.providers),
            (later("regions of {name}"), later("regions of {name} (replaced)"), self.regions, below.regions),
            (
                later("resource types of {name}"),
                later("resource types of {name} (replaced)"),
                self.resources,
                below.resources,
            ),
            (
                later("default labels of {name}"),
                later("default labels of {name} (replaced)"),
                self.carriers,
                below.carriers,
            ),
            (later("backend {name}"), later("backend {name} (replaced)"), self.backends, below.backends),
            (
                later("what may stand in the place of {name}"),
                later("what may stand in the place of {name} (replaced)"),
                self.equivalents,
                below.equivalents,
            ),
        ):
            found += [
                say(replaced if key in under else new, name=key.removeprefix(BACKEND)) for key in sorted(own)
            ]
        found += [say("{number} hosts", number=len(self.hosts[1]))] if self.hosts is not None else []
        return (*found, *([say("labels")] if labels else []))

    def as_of(self) -> str:
        """ISO day of the latest review of any entry; empty where there is none."""
        return max((file.data["reviewed"] for file in self.files), default="")

    def values(self) -> _Values:
        """Return the entries alone, as `pack` takes them."""
        tables = {provider: table for provider, (_file, table) in self.resources.items()}
        for provider, (file, table) in self.resources.items():
            tables.update({also: table for also in file.data.get("also", ()) if also != provider})
        return {
            "operators": {key: value for key, (_f, value) in self.operators.items()},
            "providers": {key: value for key, (_f, value) in self.providers.items()},
            "regions": {key: value for key, (_f, value) in self.regions.items()},
            "resources": tables,
            "carriers": {value.provider: value for _f, value in self.carriers.values()},
            "backends": {key: value for key, (_f, value) in self.backends.items()},
            "equivalents": {key: value for key, (_f, value) in self.equivalents.items()},
            "hosts": self.hosts[1] if self.hosts is not None else (),
        }


class _Values(TypedDict):
    operators: dict[str, Operator]
    providers: dict[str, Provider]
    regions: dict[str, RegionTable]
    resources: dict[str, ResourceTable]
    carriers: dict[str, LabelCarriers]
    backends: dict[str, BackendKind]
    equivalents: dict[str, ServiceKind]
    hosts: tuple[HostPattern, ...]


class _Compiler:
    """Reads the files of a folder and notes every fault.

    Args:
        schemas: the folder rules/. shown: what the folder is called in messages.

    """

    def __init__(self, folder: Path, schemas: Path, shown: str) -> None:
        self.folder = folder
        self.problems: list[UsageError] = []
        self.words: dict[str, dict[str, str]] = {code: {} for code in LANGUAGES if code != ENGLISH}
        self._schemas = schemas
        self._shown = shown

    def files(self, pattern: str, schema: str) -> Iterator[YamlFile]:
        for path in sorted(self.folder.glob(pattern)):
            file = read_yaml(path, f"{self._shown}/{path.relative_to(self.folder).as_posix()}")
            file.check(schema, self._schemas)
            _check_sources(file)
            if not file.problems:
                yield file
            self.problems.extend(file.problems)

    def sections(self, top: str) -> _Sections:
        operators = {
            f.data["id"]: (f, msgspec.convert(f.data, Operator))
            for f in self.files(f"{top}operators/*.yaml", "operator")
        }
        providers = {
            f.data["id"]: (f, msgspec.convert(f.data, Provider))
            for f in self.files(f"{top}providers/*.yaml", "provider")
        }
        regions = {
            f.data["cloud"]: (f, msgspec.convert(f.data, RegionTable))
            for f in self.files(f"{top}regions/*.yaml", "regions")
        }
        resources = {
            f.data["provider"]: (f, _resource_table(f.data))
            for f in self.files(f"{top}resources/*.yaml", "resources")
        }
        carriers = {
            f.path: (f, msgspec.convert(f.data, LabelCarriers))
            for f in self.files(f"{top}carriers/*.yaml", "carriers")
        }
        backends = {
            one.provider.addresses[0]: (f, one)
            for f in self.files(f"{top}backends/*.yaml", "backend")
            for one in _backends(f.data)
        }
        hosts = next(
            (
                (f, msgspec.convert(f.data["hosts"], tuple[HostPattern, ...]))
                for f in self.files(f"{top}endpoints.yaml", "endpoints")
            ),
            None,
        )
        flows: FlowWords | None = None
        for file in self.files(f"{top}flows.yaml", "flows"):
            flows = msgspec.convert(file.data, FlowWords)
            for kind, entry in file.data["kinds"].items():
                self._translated(file, entry, "kinds", kind)
        for file in self.files(f"{top}words/*.yaml", "words"):
            for position, entry in enumerate(file.data["words"]):
                for code, words in self.words.items():
                    self._add(file, words, entry[ENGLISH], entry.get(code, ""), "words", position)
        equivalents = {
            one.id: (f, one)
            for f in self.files(f"{top}equivalents.yaml", "equivalents")
            for one in _service_kinds(f)
        }
        return _Sections(
            operators, providers, regions, resources, carriers, backends, hosts, flows, equivalents
        )

    def rules_and_policies(self, vocabulary: Vocabulary) -> tuple[dict[str, RuleText], dict[str, Policy]]:
        rules: dict[str, RuleText] = {}
        for file in self.files("checks/*.yaml", "check"):
            rules[file.data["id"]] = _rule_text(file.data)
            self._translated(file, file.data)
        policies: dict[str, Policy] = {}
        for file in self.files("policies/*.yaml", "policy"):
            self._translated(file, file.data)
            policy = policy_from(file, vocabulary.levels, rules, source=later("built in"))
            self.problems.extend(file.problems)
            if policy is not None:
                policies[policy.id] = policy
        return rules, policies

    def _translated(self, file: YamlFile, entry: dict[str, Any], *path: str | int) -> None:
        """Collect the texts that stand beside an entry's English ones, under the code of their language."""
        for code, words in self.words.items():
            for key, text in entry.get(code, {}).items():
                if key in TEXTS:  # What a policy describes is for its page alone.
                    self._add(file, words, entry.get(key, ""), text, *path, code, key)

    def _add(self, file: YamlFile, words: dict[str, str], english: str, text: str, *path: str | int) -> None:
        if text and words.setdefault(english, text) != text:
            file.fault(say("{text!r} is translated in two ways.", text=english), *path)

    def corresponding(self, rules: dict[str, RuleText]) -> dict[str, RuleText]:
        """Return the rules with the provisions of other texts that their findings bear on."""
        for file in self.files("catalog/correspondences.yaml", "correspondences"):
            frameworks, sources = file.data["frameworks"], file.data["sources"]
            for rule, entries in file.data["rules"].items():
                _known(file, rule, set(rules), "rule", "rules", rule)
                for position, entry in enumerate(entries):
                    place = ("rules", rule, position, "framework")
                    _known(file, entry["framework"], set(frameworks), "framework", *place)
            if file.problems:
                self.problems.extend(file.problems)
                continue
            for rule, entries in file.data["rules"].items():
                found = tuple(_correspondence(one, frameworks[one["framework"]], sources) for one in entries)
                rules[rule] = msgspec.structs.replace(rules[rule], correspondences=found)
        return rules

    def check(self, sections: _Sections, below: CatalogData | None) -> None:
        """Check across files.

        Args:
            below: a catalog whose entries may be named as well.

        Raises:
            ConfigurationError: with every fault found, those of the single files included.

        """
        operators, providers, regions = sections.operators, sections.providers, sections.regions
        known, clouds, drivers = set(operators), set(regions), set(providers)
        if below is not None:
            known |= set(below.operators)
            clouds |= set(below.regions)
            drivers |= set(below.providers)
        for file, operator in operators.values():
            _named_as(file, operator.id)
            for position, owner in enumerate(operator.ownership):
                if owner.holder != DISPERSED:
                    _known(file, owner.holder, known, "holder", "ownership", position, "holder")
        self._check_providers(providers, known, clouds)
        for file, backend in sections.backends.values():
            _named_as(file, file.data["id"])
            _check_names(file, backend.provider, known, clouds)
        for file, table in regions.values():
            _named_as(file, table.cloud)
            _known(file, table.operator, known, "operator", "operator")
            for code, region in table.regions.items():
                _known(file, region.operator, known, "operator", "regions", code)
            for name, lower in table.clouds.items():
                _known(file, lower.cloud, clouds, "cloud", "clouds", name)
            for position, zone in enumerate(table.zones):
                _check_zone(file, zone, position)
        kinds = sections.flows or (below.packed.flows if below is not None else FlowWords())
        for file, types in sections.resources.values():
            _known(file, file.data["provider"], drivers, "provider", "provider")
            _check_flows(file, types, set(kinds.kinds), known)
        for file, carrier in sections.carriers.values():
            _named_as(file, carrier.provider)
            _known(file, carrier.provider, drivers, "provider", "provider")
            if carrier.provider in providers:
                _check_carriers(file, carrier, providers[carrier.provider][1])
            elif below is not None and carrier.provider in below.providers:
                _check_carriers(file, carrier, below.providers[carrier.provider])
        services = {*sections.equivalents, *(below.equivalents if below is not None else ())}
        for file, kind in sections.equivalents.values():
            _check_offers(file, kind, known, services)
        if sections.hosts is not None:
            host_file, patterns = sections.hosts
            for position, pattern in enumerate(patterns):
                _known(host_file, pattern.operator, known, "operator", "hosts", position)
                _known(host_file, pattern.infrastructure, known, "operator", "hosts", position)
                _known(host_file, pattern.cloud, clouds, "cloud", "hosts", position)
            self.problems.extend(host_file.problems)
        for file in sections.files:
            self.problems.extend(file.problems)
        if self.problems:
            raise ConfigurationError(self.problems)

    def _check_providers(
        self, providers: dict[str, tuple[YamlFile, Provider]], operators: set[str], clouds: set[str]
    ) -> None:
        owner: dict[str, str] = {}
        for file, provider in providers.values():
            _named_as(file, provider.id)
            _check_names(file, provider, operators, clouds)
            for position, address in enumerate(provider.addresses):
                if address in owner:
                    file.fault(
                        say(
                            "{address} is already an address of {owner}.",
                            address=address,
                            owner=owner[address],
                        ),
                        "addresses",
                        position,
                    )
                owner[address] = provider.id
            for position, below in enumerate(provider.infrastructure):
                _known(file, below.names, clouds, "region table", "infrastructure", position, "names")
            for position, stands in enumerate(provider.stands_on):
                _known(file, stands.operator, operators, "operator", "stands_on", position, "operator")


def _check_names(file: YamlFile, provider: Provider, operators: set[str], clouds: set[str]) -> None:
    """Check what a provider, or a backend, names: operators, and clouds."""
    _known(file, provider.operator, operators, "operator", "operator")
    _known(file, provider.cloud, clouds, "cloud", "cloud")
    for position, endpoint in enumerate(provider.endpoints):
        for name, named in endpoint.names.items():
            _known(file, named.operator, operators, "operator", "endpoints", position, "names", name)
            _known(file, named.cloud, clouds, "cloud", "endpoints", position, "names", name)
        if isinstance(endpoint.absent, tuple):
            for operator in endpoint.absent:
                _known(file, operator, operators, "operator", "endpoints", position, "absent")


def _check_flows(file: YamlFile, table: ResourceTable, kinds: set[str], operators: set[str]) -> None:
    """Check what flows name: kinds of flow, and operators."""
    for position, flow in enumerate(table.flows):
        _known(file, flow.flow, kinds, "kind of flow", "flows", position, "flow")
        for side, end in (("from", flow.source), ("to", flow.target)):
            if end is not None:
                _known(file, end.operator, operators, "operator", "flows", position, side, "operator")
                if end.bare not in ("here", "unknown"):
                    _known(file, end.bare, operators, "operator", "flows", position, side, "bare")


def _check_offers(file: YamlFile, kind: ServiceKind, operators: set[str], kinds: set[str]) -> None:
    """Check what the offers of a kind of service name: operators, other kinds, sources."""
    at = next(position for position, one in enumerate(file.data["kinds"]) if one["id"] == kind.id)
    for position, offer in enumerate(kind.instead):
        path = ("kinds", at, "instead", position)
        _known(file, offer.operator, operators, "operator", *path, "operator")
        _known(file, offer.below, operators, "operator", *path, "below")
        for name in offer.runs_on:
            _known(file, name, kinds, "kind of service", *path, "runs_on")
        for source in offer.sources:
            if source not in kind.sources:
                file.fault(
                    say("no source {source!r} in this file.", source=source),
                    *path,
                    hint=say("Add it under `sources`."),
                )


def _named_as(file: YamlFile, name: str) -> None:
    if Path(file.path).stem != name:
        file.fault(say("this file must be called {name}.yaml, as its id says.", name=name))


_ABSENT = {
    "cloud": later("no cloud {name!r} in the catalog."),
    "holder": later("no holder {name!r} in the catalog."),
    "kind of flow": later("no kind of flow {name!r} in the catalog."),
    "kind of service": later("no kind of service {name!r} in the catalog."),
    "operator": later("no operator {name!r} in the catalog."),
    "provider": later("no provider {name!r} in the catalog."),
    "region table": later("no region table {name!r} in the catalog."),
}


def _known(file: YamlFile, name: str, names: set[str], what: str, *path: str | int) -> None:
    if name and name not in names:
        file.fault(say(_ABSENT[what], name=name), *path, hint=say("Add its file, or correct the name."))


def _check_carriers(file: YamlFile, carriers: LabelCarriers, provider: Provider) -> None:
    if not provider.labels.defaults:
        file.fault(
            say("{id} has no setting for default labels.", id=provider.id),
            "provider",
            hint=say(
                "Add it under labels/defaults of providers/{id}.yaml, or remove this file.", id=provider.id
            ),
        )
    carrying = set(carriers.carrying)
    for position, name in enumerate(carriers.without):
        if name in carrying:
            file.fault(
                say("{name} stands in both lists.", name=name),
                "without",
                position,
                hint=say("It takes them or not."),
            )


def _check_zone(file: YamlFile, zone: str, position: int) -> None:
    try:
        if "region" not in re.compile(zone).groupindex:
            file.fault(say("a zone pattern needs a group `region`."), "zones", position)
    except re.error as error:
        file.fault(say("not a regular expression: {error}.", error=error), "zones", position)


def _check_sources(file: YamlFile) -> None:
    """Every `source` must be a key under `sources`."""
    if file.problems or not isinstance(file.data, dict):
        return
    sources = file.data.get("sources", {})

    def visit(node: Any, path: tuple[str | int, ...]) -> None:
        if isinstance(node, dict):
            for key, value in node.items():
                if key == "source" and isinstance(value, str) and value not in sources:
                    file.fault(
                        say("no source {value!r} in this file.", value=value),
                        *path,
                        key,
                        hint=say("Add it under `sources`."),
                    )
                visit(value, (*path, key))
        elif isinstance(node, list):
            for position, value in enumerate(node):
                visit(value, (*path, position))

    visit({key: value for key, value in file.data.items() if key != "sources"}, ())


def _correspondence(
    entry: dict[str, Any], framework: dict[str, Any], sources: dict[str, Any]
) -> Correspondence:
    both = {**framework, **entry, "fr": {**framework["fr"], **entry["fr"]}}
    return msgspec.convert({**both, "source": sources[entry["source"]]}, Correspondence)


def _rule_text(data: dict[str, Any]) -> RuleText:
    fields = {key: value for key, value in data.items() if key != "cases"}
    return msgspec.convert({**fields, "english": data["title"]}, RuleText)


def _resource_table(data: dict[str, Any]) -> ResourceTable:
    rules: list[ResourceRule] = []
    for entry in data["types"]:
        matches = entry["match"] if isinstance(entry["match"], list) else [entry["match"]]
        rules.extend(msgspec.convert({**entry, "match": match}, ResourceRule) for match in matches)
    # An exact name beats a pattern, more literal characters beat fewer.
    rules.sort(key=lambda rule: ("*" in rule.match, -len(rule.match.replace("*", "")), rule.match))
    return ResourceTable(
        tuple(rules),
        msgspec.convert(data.get("services", ()), tuple[Service, ...]),
        msgspec.convert([_spelled_out(one) for one in data.get("flows", ())], tuple[FlowRule, ...]),
        msgspec.convert([_spelled_out(one) for one in data.get("keys", ())], tuple[KeyCustody, ...]),
    )


def _backends(data: dict[str, Any]) -> Iterator[BackendKind]:
    """Give the kinds of backend that a file speaks of: its own, and old names of it."""
    fields = {key: value for key, value in data.items() if key in _OF_PROVIDER}
    services = tuple(data.get("services", ()))
    for kind in (data["id"], *data.get("also", ())):
        names = {"id": f"backend-{kind}", "addresses": [BACKEND + kind]}
        provider = msgspec.convert({**fields, **names}, Provider)
        stored = ResourceRule(kind, "none" if provider.places == "nothing" else "stores")
        moved = (Service(kind, services, (kind,), compatible=True),) if services else ()
        table = ResourceTable((stored,), moved)
        yield BackendKind(provider, table, tuple(data.get("required", ())), data.get("renamed", {}))


def _service_kinds(file: YamlFile) -> Iterator[ServiceKind]:
    """Give the kinds of service of a file, each with the sources that it cites."""
    data, seen = file.data, set[str]()
    for position, entry in enumerate(data["kinds"]):
        if entry["id"] in seen:
            file.fault(say("{name} stands twice.", name=entry["id"]), "kinds", position, "id")
        seen.add(entry["id"])
        cited = {key for offer in entry["instead"] for key in offer.get("sources", ())}
        sources = {key: source for key, source in data["sources"].items() if key in cited}
        whole = {**entry, "reviewed": data["reviewed"], "sources": sources}
        yield msgspec.convert(whole, ServiceKind)


_OF_PROVIDER = frozenset(
    {"places", "operator", "cloud", "region", "endpoints", "notes", "reviewed", "sources"}
)
"""Keys that mean in a backend's file what they mean in a provider's."""

_LISTS = frozenset({"at", "attribute", "types", "as"})


def _spelled_out(entry: dict[str, Any]) -> dict[str, Any]:
    """Return an entry with lists where the file may have a single name."""
    return {
        key: [value]
        if key in _LISTS and isinstance(value, str)
        else _spelled_out(value)
        if isinstance(value, dict) and key != "when"
        else value
        for key, value in entry.items()
    }


def _vocabulary(file: YamlFile) -> Vocabulary:
    data = file.data
    levels: list[str] = data["levels"]

    def level(name: str, *path: str | int) -> int:
        if name in levels:
            return levels.index(name)
        file.fault(
            say("no level {name!r}.", name=name), *path, hint=say("Levels: {names}.", names=", ".join(levels))
        )
        return 0

    def collect(section: str, prepare: Callable[[str], str] = normal) -> dict[str, int]:
        found: dict[str, int] = {}
        for position, entry in enumerate(data.get(section, ())):
            rank = level(entry["level"], section, position, "level")
            for word in entry["words"]:
                key = prepare(word)
                if found.setdefault(key, rank) != rank:
                    file.fault(
                        say("{word!r} says two different levels.", word=word), section, position, "words"
                    )
        return found

    keys: dict[str, KeyRule] = {}
    prefixable: list[str] = []
    for position, entry in enumerate(data.get("keys", ())):
        for spelling in entry["spellings"]:
            key = normal(spelling)
            if key in keys and keys[key].spelling != entry["spellings"][0]:
                file.fault(
                    say("the key {spelling!r} is listed twice.", spelling=spelling),
                    "keys",
                    position,
                    "spellings",
                )
            keys[key] = KeyRule(
                spelling=entry["spellings"][0],
                reads=entry["reads"],
                level=level(entry.get("level", levels[0]), "keys", position, "level"),
                strict=entry.get("strict", True),
                false_friends=tuple(normal(word) for word in entry.get("false_friends", ())),
                values={
                    normal(word): level(name, "keys", position, "values", word)
                    for word, name in entry.get("values", {}).items()
                },
            )
            if entry.get("prefixable"):
                prefixable.append(key)

    def listed(section: str) -> tuple[str, ...]:
        return tuple(normal(word) for word in data.get(section, ()))

    return Vocabulary(
        levels=tuple(levels),
        keys=keys,
        prefixable=tuple(sorted(prefixable)),
        values=collect("values"),
        regimes=collect("regimes"),
        yes=listed("yes"),
        no=listed("no"),
        qualifiers=listed("qualifiers"),
        negations=listed("negations"),
        bare_words=listed("bare_words"),
    )


def _joined(below: Vocabulary, own: Vocabulary) -> Vocabulary:
    """Add an organisation's vocabulary to another; where both know a word, its own counts."""
    return Vocabulary(
        levels=below.levels,
        keys={**below.keys, **own.keys},
        prefixable=tuple(sorted({*below.prefixable, *own.prefixable})),
        values={**below.values, **own.values},
        regimes={**below.regimes, **own.regimes},
        yes=tuple(dict.fromkeys((*below.yes, *own.yes))),
        no=tuple(dict.fromkeys((*below.no, *own.no))),
        qualifiers=tuple(dict.fromkeys((*below.qualifiers, *own.qualifiers))),
        negations=tuple(dict.fromkeys((*below.negations, *own.negations))),
        bare_words=tuple(dict.fromkeys((*below.bare_words, *own.bare_words))),
    )
