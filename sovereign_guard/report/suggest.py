"""`sovereign-guard suggest`: what of an estate lies where it must not, and what may stand in its place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec

from sovereign_guard import __version__
from sovereign_guard.language import say, say_many
from sovereign_guard.model.finding import Assessment, Report
from sovereign_guard.model.instead import Instead
from sovereign_guard.model.screen import Screen
from sovereign_guard.report.instead import (
    called,
    choices_in_words,
    lost_with,
    name_of,
)
from sovereign_guard.report.layout import heading, page
from sovereign_guard.report.terms import NOTICE, any_of
from sovereign_guard.report.words import clean, wrap

SCHEMA = "sovereign-guard/suggest/v1"
_SHOWN = 5
"""Addresses that the text names for a kind of service."""

Place = tuple[str, str, str | None]


class OfferV1(msgspec.Struct):
    """An offer, with where it may stand and what is lost, in the language that is spoken.

    Attributes:
        operator: None for software that one runs oneself, which is then named.
        service: id of the kind of service.

    """

    operator: str | None
    types: list[str]
    service: str
    regions: list[str]
    software: str | None
    name: str
    countries: list[str]
    lost: str


class ServiceV1(msgspec.Struct):
    """A kind of service that fails: its resources, and the offers that the policy would pass.

    Attributes:
        service: id of the kind; None for types of which the catalog knows no kind.

    """

    service: str | None
    name: str | None
    levels: list[str]
    resources: int
    addresses: list[str]
    types: list[str]
    instead: list[OfferV1]


class SuggestionsV1(msgspec.Struct):
    """All of it."""

    schema: str
    tool: str
    catalog_as_of: str
    policy: str
    services: list[ServiceV1]


class _Group(msgspec.Struct, frozen=True, eq=False):
    """Resources that fail and for which the same is proposed; `found` None: of no known kind."""

    found: Instead | None
    items: tuple[Assessment, ...]

    @property
    def types(self) -> list[str]:
        return sorted({item.resource.type for item in self.items})


def as_text(report: Report, screen: Screen) -> str:
    """Return the list for people."""
    return page(_lines(report, screen), screen)


def as_json(report: Report) -> bytes:
    """Return the list for programs (rules/schemas/suggest.schema.json)."""
    services = [_service(group, report.levels) for group in _groups(report)]
    whole = SuggestionsV1(
        SCHEMA, f"sovereign-guard {__version__}", report.catalog_as_of, report.policy.id, services
    )
    return msgspec.json.encode(whole) + b"\n"


def _groups(report: Report) -> list[_Group]:
    """Return what fails by kind of service and level, in the order of the names; unknown kinds last."""
    members: dict[tuple[str, tuple[int, ...]], list[Assessment]] = {}
    kinds: dict[tuple[str, tuple[int, ...]], Instead | None] = {}
    for item in report.judged:
        place: Place = (item.input, item.resource.address, item.resource.deposed)
        if place in report.replaceable:
            found = report.instead.get(place)
            key = (found.kind.id, found.levels) if found is not None else ("", ())
            members.setdefault(key, []).append(item)
            kinds[key] = found
    groups = [_Group(kinds[key], tuple(items)) for key, items in members.items()]
    return sorted(groups, key=_order)


def _order(group: _Group) -> tuple[bool, str, tuple[int, ...]]:
    if group.found is None:
        return (True, "", ())
    return (False, group.found.kind.id, group.found.levels)


def _lines(report: Report, screen: Screen) -> Iterator[str]:
    groups = _groups(report)
    if not groups:
        yield wrap(say("Nothing lies where its data must not be: there is nothing to replace."), screen)
        return
    yield wrap(
        say(
            "What the policy {policy} would pass in the place of what fails, by the catalog of {day}. "
            "An offer is no promise that a service is equal: each says what is lost.",
            policy=report.policy.id,
            day=report.catalog_as_of,
        ),
        screen,
    )
    for group in groups:
        yield from _group(group, report.levels, screen)
    yield ""
    yield wrap(say(NOTICE), screen)


def _group(group: _Group, levels: tuple[str, ...], screen: Screen) -> Iterator[str]:
    counted = say_many("{number} resource", "{number} resources", len(group.items))
    if group.found is None:
        title = say("Of no kind of service that the catalog knows")
        yield heading(say("{name}: {what}", name=title, what=counted), screen)
        by_type = Counter(item.resource.type for item in group.items)
        for name, number in sorted(by_type.items()):
            yield wrap(say("{name}: {what}", name=name, what=number), screen, "  ", "    ")
        return
    level = any_of(levels[index] for index in group.found.levels)
    held = say("{level} data", level=level)
    yield heading(say("{name}: {what}", name=name_of(group.found.kind), what=f"{counted}, {held}"), screen)
    addresses = sorted(clean(item.resource.address) for item in group.items)
    more = len(addresses) - _SHOWN
    rest = say(" and {number} more", number=more) if more > 0 else ""
    yield wrap(f"{', '.join(addresses[:_SHOWN])}{rest}", screen, "  ", "  ")
    yield from choices_in_words(group.found, screen)


def _service(group: _Group, levels: tuple[str, ...]) -> ServiceV1:
    found = group.found
    addresses = sorted(item.resource.address for item in group.items)
    if found is None:
        return ServiceV1(None, None, [], len(addresses), addresses, group.types, [])
    offers = [
        OfferV1(
            operator=choice.offer.operator or None,
            types=list(choice.offer.types),
            service=found.kind.id,
            regions=list(choice.regions),
            software=choice.offer.software or None,
            name=called(choice),
            countries=list(choice.countries),
            lost=lost_with(choice.offer),
        )
        for choice in found.choices
    ]
    return ServiceV1(
        found.kind.id,
        name_of(found.kind),
        [levels[index] for index in found.levels],
        len(addresses),
        addresses,
        group.types,
        offers,
    )
