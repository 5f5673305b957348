"""What can be wrong with facts although each file is in its shape and every name leads somewhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

import msgspec

from sovereign_guard.catalog.catalog import Catalog, matches
from sovereign_guard.model.knowledge import (
    DISPERSED,
    Operator,
    Ownership,
    RegionTable,
    ResourceTable,
    Source,
    begins,
)

_DAYS = 366
"""How old a review may be."""

_END = "9999-12-31"


class Fault(msgspec.Struct, frozen=True, order=True):
    """What is wrong, and where; `stale`: it is only old."""

    where: str
    what: str
    stale: bool = False


def verify(catalog: Catalog, day: str) -> list[Fault]:
    """Return what is wrong with a catalog that compiles, sorted.

    Args:
        day: ISO day by which reviews may be too old.

    """
    data = catalog.data
    oldest = (date.fromisoformat(day) - timedelta(days=_DAYS)).isoformat()
    found: list[Fault] = []
    for operator in data.operators.values():
        found.extend(_of_operator(operator, oldest))
    found.extend(_circles(data.operators))
    for provider in data.providers.values():
        found.extend(_of_review(f"providers/{provider.id}", provider.reviewed, provider.sources, oldest))
    for table in data.regions.values():
        found.extend(_of_regions(table, oldest))
    for name, resources in data.resources.items():
        found.extend(_of_types(name, resources))
    hosts: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for pattern in data.hosts:
        hosts[pattern.host].add((pattern.operator, pattern.cloud))
    for host, answers in hosts.items():
        if len(answers) > 1:
            said = ", ".join(sorted(operator or cloud for operator, cloud in answers))
            found.append(Fault("endpoints", f"{host} stands twice, and says: {said}"))
    return sorted(set(found))


def _of_operator(operator: Operator, oldest: str) -> Iterator[Fault]:
    where = f"operators/{operator.id}"
    if not operator.declared:
        yield from _of_review(where, operator.reviewed, operator.sources, oldest)
    for owner in operator.ownership:
        if owner.until and begins(owner.until) <= begins(owner.since):
            yield Fault(where, f"{owner.holder} ends ({owner.until}) before it begins ({owner.since})")
    alone = [one for one in operator.ownership if one.control == "sole" and one.holder != DISPERSED]
    for position, one in enumerate(alone):
        for other in alone[position + 1 :]:
            if other.holder != one.holder and _overlap(one, other):
                yield Fault(where, f"{one.holder} and {other.holder} both have sole control at one time")
    days = [(begins(one.since), one.state) for one in operator.status]
    if len({day for day, _state in days}) < len(days):
        yield Fault(where, "two states begin on the same day")
    for held in operator.qualifications:
        if held.until and begins(held.until) <= begins(held.since):
            yield Fault(where, f"{held.scheme} ends ({held.until}) before it begins ({held.since})")


def _overlap(one: Ownership, other: Ownership) -> bool:
    ends = [begins(owner.until) if owner.until else _END for owner in (one, other)]
    return begins(one.since) < ends[1] and begins(other.since) < ends[0]


def _circles(operators: Mapping[str, Operator]) -> Iterator[Fault]:
    """Give companies that control themselves today, through others."""
    above = {
        name: {owner.holder for owner in one.ownership if owner.controls and not owner.until}
        for name, one in operators.items()
    }
    for name in above:
        waiting, seen = list(above[name]), set[str]()
        while waiting:
            at = waiting.pop()
            if at == name:
                yield Fault(f"operators/{name}", "it controls itself, through its holders")
                break
            if at not in seen:
                seen.add(at)
                waiting.extend(above.get(at, ()))


def _of_review(where: str, reviewed: str, sources: dict[str, Source], oldest: str) -> Iterator[Fault]:
    if not sources:
        yield Fault(where, "no source")
    if reviewed and reviewed < oldest:
        yield Fault(where, f"reviewed on {reviewed}, more than {_DAYS} days ago", stale=True)


def _of_regions(table: RegionTable, oldest: str) -> Iterator[Fault]:
    where = f"regions/{table.cloud}"
    yield from _of_review(where, table.reviewed, table.sources, oldest)
    spelled: dict[str, str] = {}
    for code, region in table.regions.items():
        for spelling in (code, *region.aliases):
            other = spelled.setdefault(spelling.casefold(), code)
            if other != code:
                yield Fault(where, f"{spelling} is {other} and {code}")


def _of_types(provider: str, table: ResourceTable) -> Iterator[Fault]:
    """Give patterns that no type can reach, since another that is asked first takes all that they match."""
    where = f"resources/{provider}"
    seen: dict[str, str] = {}
    for rule in table.types:
        if rule.match in seen and seen[rule.match] != str(rule.kind):
            yield Fault(where, f"{rule.match} stands twice, as {seen[rule.match]} and {rule.kind}")
        seen.setdefault(rule.match, str(rule.kind))
    patterns = [rule.match for rule in table.types if "*" in rule.match]
    for position, pattern in enumerate(patterns):
        # A pattern is itself a text that only a wider one matches.
        wider = next((one for one in patterns[:position] if one != pattern and matches(one, pattern)), None)
        if wider is not None:
            yield Fault(where, f"{pattern} is never asked: {wider} comes first")
