"""The facts of the catalog that a report rests on, each with its sources and dates.

Worked out from the report alone, so that they are the same however many processes judged it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from sovereign_guard.catalog import Catalog
from sovereign_guard.catalog.catalog import HostFacts
from sovereign_guard.catalog.folder import rules_folder
from sovereign_guard.evidence.wire import CATALOG_SCHEMA, CatalogVersion
from sovereign_guard.model.finding import Report
from sovereign_guard.model.host import host_of
from sovereign_guard.model.knowledge import Operator, Provider
from sovereign_guard.model.resource import ProviderConfiguration
from sovereign_guard.model.value import plain


def facts_used(report: Report, catalog: Catalog, day: str, version: CatalogVersion) -> dict[str, Any]:
    """Return what catalog.json holds.

    Args:
        day: ISO day on which dated facts were looked at. version: of the whole catalog.

    """
    providers, types = _providers(report, catalog)
    hosts = _hosts(report, catalog)
    regions = _regions(report, catalog, providers.values(), hosts)
    return {
        "schema": CATALOG_SCHEMA,
        "as_of": version.as_of,
        "sha256": version.sha256,
        "day": day,
        "levels": list(report.levels),
        "operators": _plain(_operators(report, catalog, providers.values(), hosts)),
        "providers": _plain(providers),
        "types": types,
        "regions": regions,
        "endpoints": _endpoints(hosts, catalog),
    }


def _plain(found: dict[str, Any]) -> dict[str, Any]:
    return {key: msgspec.to_builtins(value) for key, value in sorted(found.items())}


def _providers(report: Report, catalog: Catalog) -> tuple[dict[str, Provider], dict[str, dict[str, Any]]]:
    """Return the providers used, and what is known of each type used, by `provider/type`."""
    found: dict[str, Provider] = {}
    types: dict[str, dict[str, Any]] = {}
    for family in {id(item.resource.family): item.resource.family for item in report.judged}.values():
        provider = catalog.provider(family.provider, family.type)
        if provider is not None:
            found[provider.id] = provider
        about = catalog.type_facts(provider, family.type)
        types[f"{provider.id if provider else '?'}/{family.type}"] = {
            "kind": about.kind,
            "judged": about.judged,
        }
    return found, dict(sorted(types.items()))


def _hosts(report: Report, catalog: Catalog) -> dict[str, HostFacts]:
    """Return what is known of every host that providers and backends name, by pattern."""
    configurations: dict[int, ProviderConfiguration] = {}
    for item in report.judged:
        configurations.update((id(one), one) for one in item.resource.configurations)
    texts = [text for one in configurations.values() for text in _texts(one.settings)]
    found: dict[str, HostFacts] = {}
    for name in sorted({host for text in texts if (host := host_of(text)) is not None}):
        about = catalog.host(name)
        if about is not None:
            found[about.pattern] = about
    return found


def _texts(tree: Any) -> Iterator[str]:
    """Give every known text in a tree. These look things up alone: none is ever written down."""
    waiting = [tree]
    while waiting:
        node = plain(waiting.pop())
        if isinstance(node, str):
            yield node
        elif isinstance(node, dict):
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def _operators(
    report: Report, catalog: Catalog, providers: Iterable[Provider], hosts: dict[str, HostFacts]
) -> dict[str, Operator]:
    """Return every company that was looked at, and all recorded as above it."""
    waiting = {name for item in report.judged for name in item.placement.operator_ids}
    waiting |= {name for finding in report.findings for name in finding.outcome.elsewhere}
    waiting |= {provider.operator for provider in providers}
    waiting |= {name for about in hosts.values() for name in (about.operator, about.infrastructure)}
    found: dict[str, Operator] = {}
    while waiting:
        name = waiting.pop()
        operator = catalog.operator(name) if name not in found else None
        if operator is not None:
            found[name] = operator
            waiting.update(owner.holder for owner in operator.ownership)
    return found


def _regions(
    report: Report, catalog: Catalog, providers: Iterable[Provider], hosts: dict[str, HostFacts]
) -> dict[str, dict[str, Any]]:
    """Return the regions used, by cloud, each table with its sources."""
    clouds = {provider.cloud for provider in providers} | {about.cloud for about in hosts.values()}
    of_operator = catalog.data.packed.clouds_of_operator
    codes: set[str] = set()
    for placement in {id(item.placement): item.placement for item in report.judged}.values():
        for way in placement.alternatives:
            codes.update(filter(None, (way.region,)))
            clouds.update(cloud for use in way.operators for cloud in of_operator.get(use.id, ()))
    found: dict[str, dict[str, Any]] = {}
    for cloud in sorted(clouds):
        table = catalog.table(cloud)
        places = [place for code in codes if (place := catalog.place(cloud, code)) is not None]
        if table is None or not places:
            continue
        found[cloud] = {
            "cloud": cloud,
            "operator": table.operator,
            "reviewed": table.reviewed,
            "regions": _plain({place.code: place.region for place in places}),
            "sources": msgspec.to_builtins(table.sources),
        }
    return found


def _endpoints(hosts: dict[str, HostFacts], catalog: Catalog) -> list[dict[str, Any]]:
    """Return the patterns that hosts of the report fit, with their sources."""
    used = [one for one in catalog.data.hosts if one.host in hosts]
    if not used:
        return []
    from sovereign_guard.catalog.yaml_file import read_yaml

    # A compiled catalog keeps of each pattern's source only the key.
    data = read_yaml(rules_folder() / "catalog" / "endpoints.yaml").data
    sources = data.get("sources", {}) if isinstance(data, dict) else {}
    return [
        {**msgspec.to_builtins(one), "source": sources.get(one.source, one.source)}
        for one in sorted(used, key=lambda one: (one.host, one.operator))
    ]
