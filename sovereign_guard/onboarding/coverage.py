"""What the catalog holds, and what of an estate it does not know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec

from sovereign_guard.catalog import Catalog
from sovereign_guard.model.finding import Report, Verdict
from sovereign_guard.model.knowledge import Operator, Provider, RegionTable
from sovereign_guard.model.value import Reason
from sovereign_guard.onboarding.estate import survey


class Gap(msgspec.Struct, frozen=True):
    """Something that the catalog does not know: how many resources it concerns, and what would help."""

    what: str
    name: str
    resources: int
    hint: str


_KEY = "Use a label key of `sovereign-guard catalog labels`, or add this one to a labels.yaml of your own."
_ADD = "Add its file to a catalog of your own (--catalog), or propose it for the shipped one."


def counts(catalog: Catalog) -> Iterator[tuple[str, int]]:
    """Give what the catalog holds, by number."""
    data = catalog.data
    operators = data.operators.values()
    companies = [one for one in operators if one.kind == "operator"]
    yield "operators", len(companies)
    yield "other holders of them", len(data.operators) - len(companies)
    yield "operators whose control is not established", sum(map(_open_ended, companies))
    yield "providers", len(data.providers)
    yield "source addresses", len(data.packed.provider_of_address)
    yield "region tables", len(data.regions)
    yield "regions", sum(len(table.regions) for table in data.regions.values())
    yield "host patterns", len(data.hosts)
    yield "rules for resource types", sum(len(table.types) for table in data.resources.values())
    tables = data.resources.values()
    yield "ways in which data passes on", len({flow for table in tables for flow in table.flows})
    yield "kinds of these", len({flow.flow for table in tables for flow in table.flows})
    yield (
        "types that pass data on, or patterns of them",
        len({at for table in tables for flow in table.flows for at in flow.at}),
    )
    yield "ways in which a key is named", len({key for table in tables for key in table.keys})
    yield (
        "providers whose service stands on another operator",
        sum(bool(provider.stands_on) for provider in data.providers.values()),
    )
    yield "kinds of backend", len(data.backends)
    yield "label keys", len(catalog.vocabulary.keys)
    yield "label values", len(catalog.vocabulary.values)
    facts: tuple[Operator | Provider | RegionTable, ...] = (
        *operators,
        *data.providers.values(),
        *data.regions.values(),
        *(backend.provider for backend in data.backends.values()),
    )
    sources = [source for one in facts for source in one.sources.values()]
    yield "sources", len(sources)
    yield "sources that were not read", sum(not source.read for source in sources)


def gaps(report: Report, catalog: Catalog) -> list[Gap]:
    """Return what the catalog does not know of the inputs of a report, what concerns most resources first."""
    estate = survey(report, catalog)
    found = [
        Gap("provider", one.address, one.resources, _ADD) for one in estate.providers if not one.catalogued
    ]
    found += [
        Gap("host", one.host, one.resources, "State whose it is under `operators` in the configuration.")
        for one in estate.hosts
    ]
    found += [
        Gap(
            "label key",
            key,
            number,
            "Use a key of `sovereign-guard catalog labels`, or add it to a labels.yaml.",
        )
        for key, number in estate.likely
    ]
    types: Counter[str] = Counter()
    regions: Counter[str] = Counter()
    controllers: Counter[str] = Counter()
    for item in report.assessments:
        if item.verdict is Verdict.NOT_JUDGED:
            continue
        if item.kind is None:
            types[item.resource.type] += 1
        unknown = item.placement.unknown_region
        if unknown is not None and unknown.reason is Reason.NO_SUCH_PLACE:
            regions[unknown.detail or unknown.origin] += 1
        for operator in item.placement.operator_ids:
            known = catalog.operator(operator)
            if known is not None and _open_ended(known):
                controllers[operator] += 1
    found += [Gap("resource type", name, number, _ADD) for name, number in types.items()]
    found += [Gap("region", name, number, _ADD) for name, number in regions.items()]
    found += [
        Gap("who controls", name, number, f"See `sovereign-guard catalog show {name}`.")
        for name, number in controllers.items()
    ]
    return sorted(found, key=lambda one: (-one.resources, one.what, one.name))


def _open_ended(operator: Operator) -> bool:
    """Whether nobody is recorded as its holder today, or one whose control is not known."""
    today = [owner for owner in operator.ownership if not owner.until]
    return not today or any(owner.control == "not-known" for owner in today)
