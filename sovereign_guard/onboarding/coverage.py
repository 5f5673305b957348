"""What the catalog holds, and what of an estate it does not know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec

from sovereign_guard.catalog import Catalog
from sovereign_guard.language import later, say
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


_ADD = later("Add its file to a catalog of your own (--catalog), or propose it for the shipped one.")


def counts(catalog: Catalog) -> Iterator[tuple[str, int]]:
    """Give what the catalog holds, by number."""
    data = catalog.data
    operators = data.operators.values()
    companies = [one for one in operators if one.kind == "operator"]
    yield say("operators"), len(companies)
    yield say("other holders of them"), len(data.operators) - len(companies)
    yield say("operators whose control is not established"), sum(map(_open_ended, companies))
    yield say("providers"), len(data.providers)
    yield say("source addresses"), len(data.packed.provider_of_address)
    yield say("region tables"), len(data.regions)
    yield say("regions"), sum(len(table.regions) for table in data.regions.values())
    yield say("host patterns"), len(data.hosts)
    yield say("rules for resource types"), sum(len(table.types) for table in data.resources.values())
    tables = data.resources.values()
    yield say("ways in which data passes on"), len({flow for table in tables for flow in table.flows})
    yield say("kinds of these"), len({flow.flow for table in tables for flow in table.flows})
    yield (
        say("types that pass data on, or patterns of them"),
        len({at for table in tables for flow in table.flows for at in flow.at}),
    )
    yield say("ways in which a key is named"), len({key for table in tables for key in table.keys})
    yield (
        say("providers whose service stands on another operator"),
        sum(bool(provider.stands_on) for provider in data.providers.values()),
    )
    yield say("kinds of backend"), len(data.backends)
    yield say("label keys"), len(catalog.vocabulary.keys)
    yield say("label values"), len(catalog.vocabulary.values)
    facts: tuple[Operator | Provider | RegionTable, ...] = (
        *operators,
        *data.providers.values(),
        *data.regions.values(),
        *(backend.provider for backend in data.backends.values()),
    )
    sources = [source for one in facts for source in one.sources.values()]
    yield say("sources"), len(sources)
    yield say("sources that were not read"), sum(not source.read for source in sources)


def gaps(report: Report, catalog: Catalog) -> list[Gap]:
    """Return what the catalog does not know of the inputs of a report, what concerns most resources first."""
    estate = survey(report, catalog)
    found = [
        Gap(say("provider"), one.address, one.resources, say(_ADD))
        for one in estate.providers
        if not one.catalogued
    ]
    found += [
        Gap(
            say("host"),
            one.host,
            one.resources,
            say("State whose it is under `operators` in the configuration."),
        )
        for one in estate.hosts
    ]
    found += [
        Gap(
            say("label key"),
            key,
            number,
            say("Use a key of `sovereign-guard catalog labels`, or add it to a labels.yaml."),
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
    found += [Gap(say("resource type"), name, number, say(_ADD)) for name, number in types.items()]
    found += [Gap(say("region"), name, number, say(_ADD)) for name, number in regions.items()]
    found += [
        Gap(say("who controls"), name, number, say("See `sovereign-guard catalog show {name}`.", name=name))
        for name, number in controllers.items()
    ]
    return sorted(found, key=lambda one: (-one.resources, one.what, one.name))


def _open_ended(operator: Operator) -> bool:
    """Whether nobody is recorded as its holder today, or one whose control is not known."""
    today = [owner for owner in operator.ownership if not owner.until]
    return not today or any(owner.control == "not-known" for owner in today)
