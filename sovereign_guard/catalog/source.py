"""rules/ as YAML -> one packed catalog, checked file by file and across files, all faults at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from sovereign_guard.catalog.data import PackedCatalog, pack
from sovereign_guard.catalog.policies import policy_from
from sovereign_guard.catalog.yaml_file import YamlFile, read_yaml
from sovereign_guard.errors import ConfigurationError, UsageError
from sovereign_guard.model.knowledge import (
    DISPERSED,
    HostPattern,
    KeyRule,
    LabelCarriers,
    Operator,
    Provider,
    RegionTable,
    ResourceRule,
    ResourceTable,
    RuleText,
    Service,
    Vocabulary,
)
from sovereign_guard.model.label import normal
from sovereign_guard.model.policy import Policy


def compile_rules(folder: Path) -> PackedCatalog:
    """Read and check all of rules/.

    Raises:
        ConfigurationError: with every fault found, each with file and line.

    """
    return _Compiler(folder).run()


class _Compiler:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: list[UsageError] = []

    def files(self, pattern: str, schema: str) -> Iterator[YamlFile]:
        for path in sorted(self.folder.glob(pattern)):
            file = read_yaml(path, f"rules/{path.relative_to(self.folder).as_posix()}")
            file.check(schema, self.folder)
            _check_sources(file)
            if not file.problems:
                yield file
            self.problems.extend(file.problems)

    def run(self) -> PackedCatalog:
        operators = {
            f.data["id"]: (f, msgspec.convert(f.data, Operator))
            for f in self.files("catalog/operators/*.yaml", "operator")
        }
        providers = {
            f.data["id"]: (f, msgspec.convert(f.data, Provider))
            for f in self.files("catalog/providers/*.yaml", "provider")
        }
        regions = {
            f.data["cloud"]: (f, msgspec.convert(f.data, RegionTable))
            for f in self.files("catalog/regions/*.yaml", "regions")
        }
        resources = {
            f.data["provider"]: (f, _resource_table(f.data))
            for f in self.files("catalog/resources/*.yaml", "resources")
        }
        carriers = {
            f.path: (f, msgspec.convert(f.data, LabelCarriers))
            for f in self.files("catalog/carriers/*.yaml", "carriers")
        }
        hosts = next(
            (
                (f, msgspec.convert(f.data["hosts"], tuple[HostPattern, ...]))
                for f in self.files("catalog/endpoints.yaml", "endpoints")
            ),
            None,
        )
        labels = next(iter(self.files("catalog/labels.yaml", "labels")), None)
        checks = list(self.files("checks/*.yaml", "check"))
        if labels is None or hosts is None:
            raise ConfigurationError(
                self.problems or [UsageError("rules/catalog is not complete.", file=str(self.folder))]
            )
        vocabulary = _vocabulary(labels)
        self.problems.extend(labels.problems)
        rules = {file.data["id"]: _rule_text(file.data) for file in checks}
        policies: dict[str, Policy] = {}
        for file in self.files("policies/*.yaml", "policy"):
            policy = policy_from(file, vocabulary.levels, rules, source="built in")
            self.problems.extend(file.problems)
            if policy is not None:
                policies[policy.id] = policy

        known = set(operators)
        for file, operator in operators.values():
            _named_as(file, operator.id)
            for position, owner in enumerate(operator.ownership):
                if owner.holder != DISPERSED:
                    _known(file, owner.holder, known, "holder", "ownership", position, "holder")
        self._check_providers(providers, known, set(regions))
        for file, table in regions.values():
            _named_as(file, table.cloud)
            _known(file, table.operator, known, "operator", "operator")
            for code, region in table.regions.items():
                _known(file, region.operator, known, "operator", "regions", code)
            for name, below in table.clouds.items():
                _known(file, below.cloud, set(regions), "cloud", "clouds", name)
            for position, zone in enumerate(table.zones):
                _check_zone(file, zone, position)
        for file, _table in resources.values():
            _known(file, file.data["provider"], set(providers), "provider", "provider")
        for file, carrier in carriers.values():
            _check_carriers(file, carrier, {key: provider for key, (_f, provider) in providers.items()})
        host_file, patterns = hosts
        for position, pattern in enumerate(patterns):
            _known(host_file, pattern.operator, known, "operator", "hosts", position)
            _known(host_file, pattern.infrastructure, known, "operator", "hosts", position)
            _known(host_file, pattern.cloud, set(regions), "cloud", "hosts", position)
        for group in (operators, providers, regions, resources, carriers):
            for file, _value in group.values():
                self.problems.extend(file.problems)
        self.problems.extend(host_file.problems)
        if self.problems:
            raise ConfigurationError(self.problems)

        tables = {provider: table for provider, (_file, table) in resources.items()}
        for provider, (file, resource_table) in resources.items():
            tables.update({also: resource_table for also in file.data.get("also", ()) if also != provider})
        dates = [
            f.data["reviewed"]
            for group in (operators, providers, regions, resources, carriers)
            for f, _ in group.values()
        ]
        return pack(
            as_of=max(dates),
            operators={key: value for key, (_f, value) in operators.items()},
            providers={key: value for key, (_f, value) in providers.items()},
            regions={key: value for key, (_f, value) in regions.items()},
            resources=tables,
            carriers={value.provider: value for _f, value in carriers.values()},
            addresses=tuple(host_file.data["addresses"]),
            hosts=patterns,
            vocabulary=vocabulary,
            policies=policies,
            rules=rules,
        )

    def _check_providers(
        self, providers: dict[str, tuple[YamlFile, Provider]], operators: set[str], clouds: set[str]
    ) -> None:
        owner: dict[str, str] = {}
        for file, provider in providers.values():
            _named_as(file, provider.id)
            _known(file, provider.operator, operators, "operator", "operator")
            _known(file, provider.cloud, clouds, "cloud", "cloud")
            for position, address in enumerate(provider.addresses):
                if address in owner:
                    file.fault(f"{address} is already an address of {owner[address]}.", "addresses", position)
                owner[address] = provider.id
            for position, endpoint in enumerate(provider.endpoints):
                for name, named in endpoint.names.items():
                    _known(file, named.operator, operators, "operator", "endpoints", position, "names", name)
                    _known(file, named.cloud, clouds, "cloud", "endpoints", position, "names", name)
                if isinstance(endpoint.absent, tuple):
                    for operator in endpoint.absent:
                        _known(file, operator, operators, "operator", "endpoints", position, "absent")
            for position, below in enumerate(provider.infrastructure):
                _known(file, below.names, clouds, "region table", "infrastructure", position, "names")


def _named_as(file: YamlFile, name: str) -> None:
    if Path(file.path).stem != name:
        file.fault(f"this file must be called {name}.yaml, as its id says.")


def _known(file: YamlFile, name: str, names: set[str], what: str, *path: str | int) -> None:
    if name and name not in names:
        file.fault(f"no {what} {name!r} in the catalog.", *path, hint="Add its file, or correct the name.")


def _check_carriers(file: YamlFile, carriers: LabelCarriers, providers: dict[str, Provider]) -> None:
    _named_as(file, carriers.provider)
    _known(file, carriers.provider, set(providers), "provider", "provider")
    provider = providers.get(carriers.provider)
    if provider is not None and not provider.labels.defaults:
        file.fault(
            f"{provider.id} has no setting for default labels.",
            "provider",
            hint=f"Add it under labels/defaults of providers/{provider.id}.yaml, or remove this file.",
        )
    carrying = set(carriers.carrying)
    for position, name in enumerate(carriers.without):
        if name in carrying:
            file.fault(f"{name} stands in both lists.", "without", position, hint="It takes them or not.")


def _check_zone(file: YamlFile, zone: str, position: int) -> None:
    try:
        if "region" not in re.compile(zone).groupindex:
            file.fault("a zone pattern needs a group `region`.", "zones", position)
    except re.error as error:
        file.fault(f"not a regular expression: {error}.", "zones", position)


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
                        f"no source {value!r} in this file.", *path, key, hint="Add it under `sources`."
                    )
                visit(value, (*path, key))
        elif isinstance(node, list):
            for position, value in enumerate(node):
                visit(value, (*path, position))

    visit({key: value for key, value in file.data.items() if key != "sources"}, ())


def _rule_text(data: dict[str, Any]) -> RuleText:
    return msgspec.convert({key: value for key, value in data.items() if key != "cases"}, RuleText)


def _resource_table(data: dict[str, Any]) -> ResourceTable:
    rules: list[ResourceRule] = []
    for entry in data["types"]:
        matches = entry["match"] if isinstance(entry["match"], list) else [entry["match"]]
        rules.extend(msgspec.convert({**entry, "match": match}, ResourceRule) for match in matches)
    # An exact name beats a pattern, more literal characters beat fewer.
    rules.sort(key=lambda rule: ("*" in rule.match, -len(rule.match.replace("*", "")), rule.match))
    return ResourceTable(tuple(rules), msgspec.convert(data.get("services", ()), tuple[Service, ...]))


def _vocabulary(file: YamlFile) -> Vocabulary:
    data = file.data
    levels: list[str] = data["levels"]

    def level(name: str, *path: str | int) -> int:
        if name in levels:
            return levels.index(name)
        file.fault(f"no level {name!r}.", *path, hint=f"Levels: {', '.join(levels)}.")
        return 0

    def collect(section: str, prepare: Callable[[str], str] = normal) -> dict[str, int]:
        found: dict[str, int] = {}
        for position, entry in enumerate(data.get(section, ())):
            rank = level(entry["level"], section, position, "level")
            for word in entry["words"]:
                key = prepare(word)
                if found.setdefault(key, rank) != rank:
                    file.fault(f"{word!r} says two different levels.", section, position, "words")
        return found

    keys: dict[str, KeyRule] = {}
    prefixable: list[str] = []
    for position, entry in enumerate(data["keys"]):
        for spelling in entry["spellings"]:
            key = normal(spelling)
            if key in keys and keys[key].spelling != entry["spellings"][0]:
                file.fault(f"the key {spelling!r} is listed twice.", "keys", position, "spellings")
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
