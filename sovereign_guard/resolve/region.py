"""Where a resource stands: attribute, parent, provider configuration, documented default, in that order."""

from __future__ import annotations

import msgspec

from sovereign_guard.catalog import Catalog
from sovereign_guard.catalog.catalog import Place, TypeFacts
from sovereign_guard.language import say
from sovereign_guard.model.knowledge import Provider, Region, RegionTable, begins
from sovereign_guard.model.placement import Alternative, Placement
from sovereign_guard.model.resource import ProviderConfiguration
from sovereign_guard.model.value import (
    HIDDEN,
    Evidence,
    Reason,
    Tree,
    Unknown,
    first_unknown,
    plain,
    texts,
    walk,
)
from sovereign_guard.model.wording import both, either
from sovereign_guard.resolve.endpoint import SERVICE, Target, speaks_of


class Site(msgspec.Struct, frozen=True):
    """A place where a resource may stand.

    Attributes:
        shown: region code, None where there is none to tell.
        countries: where data lies, all at once; empty where not known.
        operator: the company that runs this place, where the table names one.
        unknown_region, unknown_country: why these are not known, where they are not.
        ended: says of each region that has closed that it has.

    """

    shown: str | None
    countries: tuple[str, ...]
    operator: str = ""
    unknown_region: Unknown | None = None
    unknown_country: Unknown | None = None
    evidence: tuple[Evidence, ...] = ()
    ended: tuple[Evidence, ...] = ()


_Told = tuple[list[tuple[str, bool]], Unknown, str]
"""Region codes, each with whether it is sensitive; why there are none; and where that was read."""

_TOLD = Unknown(Reason.NOT_SET)
"""Stands where the reason would, in a `_Told` that has codes: nobody looks at it."""


class Sites:
    """Looks regions up in the catalog."""

    def __init__(self, catalog: Catalog, day: str) -> None:
        self._catalog = catalog
        self._day = day

    def operator_at(self, cloud: str, place: Place | None) -> str:
        """Return the operator of a place of a cloud, or of the cloud where the place is not known."""
        table = self._catalog.table(cloud)
        own = table.operator if table else ""
        return (place.region.operator if place else "") or own

    def of(
        self,
        target: Target,
        provider: Provider,
        configuration: ProviderConfiguration,
        facts: TypeFacts,
        values: dict[str, Tree],
        parents: tuple[Placement, ...] | None,
        set_by_author: tuple[str, ...],
        resource_type: str,
    ) -> tuple[Site, ...]:
        """Return where a resource that leads to this target may stand; one site where that is known.

        Args:
            values: its region attributes, by top-level name.
            parents: placements of the resources in which it may lie; None where that is not known.
            set_by_author: names among `values` that are not known although the configuration sets them.

        """
        if target.countries:
            untold = (
                None if target.region else Unknown(Reason.NOT_SET, detail=say("only the country is told"))
            )
            return (Site(target.region or None, target.countries, unknown_region=untold),)
        if not target.operators:
            return (nowhere(),)
        if target.region and not target.cloud:
            unknown = Unknown(
                Reason.NOT_IN_CATALOG, detail=say("the country of {region}", region=target.region)
            )
            return (Site(target.region, (), unknown_country=unknown),)
        if provider.region.none and target.by_default:
            return (_nowhere(Unknown(Reason.EVERYWHERE, detail=say("its user cannot choose a region"))),)
        if target.region:
            return (self._known(target.cloud, [(target.region, False)], say("endpoint")),)
        if not target.cloud:
            return (
                _nowhere(Unknown(Reason.NOT_IN_CATALOG, detail=say("no regions known of this operator"))),
            )
        told = self._attributes(provider, facts, values, set_by_author)
        if told is None and parents is None:
            name = facts.parent.attributes[0] if facts.parent else ""
            unknown = Unknown(Reason.AMBIGUOUS, name, say("what it lies in"))
            return self._candidates(target, provider, unknown)
        copies = [node for path in facts.copies for node in walk(values, tuple(path.split(".")))]
        untold_copies = any(path in set_by_author for path in facts.copies)
        if told is None and parents and (copies or untold_copies):
            # Its data lies in the parent's region and in these.
            ways = [way for placement in parents for way in placement.alternatives]
            if untold_copies or not all(way.region for way in ways):
                untold = first_unknown(copies) or Unknown(Reason.AMBIGUOUS, facts.copies[0])
                return self._candidates(target, provider, untold)
            return tuple(
                self._known(target.cloud, [(way.region or "", False), *texts(copies)], facts.copies[0])
                for way in dict.fromkeys(ways)
            )
        if told is None and parents:
            return tuple(
                dict.fromkeys(
                    Site(
                        way.region,
                        way.countries,
                        operator=self._operator_of(way, target),
                        unknown_region=placement.unknown_region,
                        unknown_country=placement.unknown_country,
                        evidence=(Evidence(_lies_in(way.region)),),
                    )
                    for placement in parents
                    for way in placement.alternatives
                )
            )
        codes, unknown, origin = told or self._codes(provider, configuration, facts, resource_type)
        if untold_copies:
            codes, unknown = [], first_unknown(copies) or unknown
        elif codes:
            codes = [*codes, *texts(copies)]
        elif copies:
            # Evidence of where the first lies says nothing of its copies.
            unknown = msgspec.structs.replace(unknown, hint=None)
        if codes:
            site = self._known(target.cloud, codes, origin)
            foreign = (
                bool(site.operator) and not target.by_default and site.operator != target.operators[0].id
            )
            missed = site.unknown_region is not None and site.unknown_region.reason is Reason.NO_SUCH_PLACE
            if not missed and not foreign:
                return (site,)
            # Clients of S3-compatible stores must name some region: one of another operator says nothing.
            words = ", ".join(HIDDEN if hidden else repr(code[:60]) for code, hidden in codes)
            unknown = Unknown(Reason.NO_SUCH_PLACE, origin, words)
        return self._candidates(target, provider, unknown)

    def _operator_of(self, way: Alternative, target: Target) -> str:
        """Return the company that runs what a resource lies in, where it is one of this cloud's."""
        table = self._catalog.table(target.cloud)
        if table is None or not way.operators:
            return ""
        ids = {table.operator, *(region.operator for region in table.regions.values())}
        return way.operators[0].id if way.operators[0].id in ids else ""

    def _attributes(
        self, provider: Provider, facts: TypeFacts, values: dict[str, Tree], set_by_author: tuple[str, ...]
    ) -> _Told | None:
        """Return what the resource's own attributes tell of its region; None where they tell nothing."""
        for path in facts.region:
            nodes = walk(values, tuple(path.split(".")))
            written = path.partition(".")[0] in set_by_author and path not in provider.region.within
            open_end = first_unknown(nodes) if written else None
            if open_end is not None:
                return [], open_end, path
            codes = [code for node in nodes for code in texts(node)]
            if codes:
                return codes, _TOLD, path
        return None

    def _codes(
        self, provider: Provider, configuration: ProviderConfiguration, facts: TypeFacts, resource_type: str
    ) -> _Told:
        """Return what is told of the region where the resource itself and what it lies in tell nothing."""
        if facts.place:
            return [(facts.place, False)], _TOLD, say("resource type")
        if configuration.unknown is not None:
            return [], configuration.unknown, ""
        for path in provider.region.settings:
            if not speaks_of(provider.region.setting_types.get(path, ()), resource_type):
                continue
            where = f"provider {configuration.key or provider.id}, {path}"
            for node in walk(configuration.settings, tuple(path.split("."))):
                value = plain(node)
                if isinstance(value, Unknown):
                    return [], msgspec.structs.replace(value, origin=where), where
                codes = texts(node)
                if codes:
                    return codes, _TOLD, where
        if provider.region.default:
            return (
                [(provider.region.default, False)],
                _TOLD,
                say("default of provider {provider}", provider=provider.addresses[0]),
            )
        environment = provider.region.environment
        said = (
            say("it may come from {names}, which is not read", names=either(environment))
            if environment
            else ""
        )
        return [], Unknown(Reason.NOT_SET, "region", said), ""

    def _known(self, cloud: str, codes: list[tuple[str, bool]], origin: str) -> Site:
        """Return the site of these codes, which stand side by side (zones of a cluster, a multi-region).

        Args:
            codes: region codes or zones, each with whether it is sensitive and so must not be shown.

        """
        places: list[Place] = []
        for code, hidden in codes:
            place = self._catalog.place(cloud, code)
            if place is None:
                words = HIDDEN if hidden else repr(code[:60])
                return _nowhere(Unknown(Reason.NO_SUCH_PLACE, origin, words))
            places.append(place)
        unique = list(dict.fromkeys(places))
        secret = any(hidden for _code, hidden in codes)
        where = HIDDEN if secret else both(_named(place) for place in unique)
        shown = unique[0].code if len(unique) == 1 and not secret else None
        countries = tuple(sorted({country for place in unique for country in place.region.lies_in}))
        operators = {self.operator_at(cloud, place) for place in unique}
        words = say("stands in {place}", place=f"{where}, {', '.join(countries)}" if countries else where)
        everywhere = any(place.region.everywhere for place in unique)
        unknown_country = None
        if everywhere or not all(place.region.lies_in for place in unique):
            unknown_country = Unknown(
                Reason.EVERYWHERE if everywhere else Reason.NOT_IN_CATALOG, origin, where
            )
            countries = ()
        unknown_region = None
        if shown is None:
            unknown_region = (
                Unknown(Reason.HIDDEN, origin) if secret else Unknown(Reason.AMBIGUOUS, origin, where)
            )
        return Site(
            shown=shown,
            countries=countries,
            operator=operators.pop() if len(operators) == 1 else "",
            ended=tuple(self._ended(cloud, place) for place in unique if self._has_ended(place.region)),
            unknown_region=unknown_region,
            unknown_country=unknown_country,
            evidence=(Evidence(words, f"{origin}; rules/catalog/regions/{cloud}.yaml"),),
        )

    def _has_ended(self, region: Region) -> bool:
        return bool(region.ended) and begins(region.ended) <= self._day

    def _ended(self, cloud: str, place: Place) -> Evidence:
        return Evidence(
            say("the region {region} closed on {date}", region=place.code, date=place.region.ended),
            f"rules/catalog/regions/{cloud}.yaml",
        )

    def _candidates(self, target: Target, provider: Provider, unknown: Unknown) -> tuple[Site, ...]:
        """Return the sites that are possible where the region is not known.

        A value reached through references is taken as evidence of the country where it is a region of this
        cloud; who operates is still open among all companies that run regions of this cloud.
        """
        table = self._catalog.table(target.cloud)
        if table is None:
            return (_nowhere(unknown),)
        first = target.operators[0].id
        open_operator = target.by_default and _region_decides(provider)
        regions = [
            region
            for region in table.regions.values()
            if not self._has_ended(region)
            and not region.everywhere
            and (open_operator or (region.operator or table.operator or first) == first)
        ]
        hinted = self._catalog.place(target.cloud, unknown.hint) if unknown.hint else None
        if hinted is not None and hinted.region.lies_in:
            said = Evidence(
                say(
                    "{what}, whose value is {value!r}: taken as evidence of where it stands ({countries}), "
                    "though the expression is not shown",
                    what=unknown.detail,
                    value=unknown.hint,
                    countries=", ".join(hinted.region.lies_in),
                ),
                unknown.origin,
            )
            operators = dict.fromkeys(region.operator or table.operator or first for region in regions)
            return tuple(
                Site(hinted.code, hinted.region.lies_in, operator, unknown, None, (said,))
                for operator in operators or {first: None}
            )
        if not table.complete or not regions or unknown.reason is Reason.NO_SUCH_PLACE:
            operators = dict.fromkeys(region.operator or table.operator or first for region in regions)
            return tuple(
                Site(None, (), operator, unknown, unknown)
                for operator in ((operators if open_operator else None) or {first: None})
            )
        return tuple(
            Site(None, countries, operator, unknown, unknown)
            for operator, countries in dict.fromkeys(
                _run_and_place(region, table, first) for region in regions
            )
        )


def _run_and_place(region: Region, table: RegionTable, first: str) -> tuple[str, tuple[str, ...]]:
    return region.operator or table.operator or first, region.lies_in


def _region_decides(provider: Provider) -> bool:
    """Whether it is the region, not a named environment, that decides which company operates."""
    return not any(
        setting.reaches == "others" and SERVICE not in setting.setting for setting in provider.endpoints
    )


def nowhere() -> Site:
    """Return what is told of the place where nobody knows the operator."""
    return _nowhere(Unknown(Reason.AMBIGUOUS, detail=say("the operator is not known")))


def _nowhere(unknown: Unknown) -> Site:
    return Site(None, (), unknown_region=unknown, unknown_country=unknown)


def _lies_in(region: str | None) -> str:
    if region:
        return say("lies in a resource in {region}", region=region)
    return say("lies in a resource in the same place")


def _named(place: Place) -> str:
    return f"{place.code} ({place.region.place})" if place.region.place else place.code
