"""Which jurisdictions can compel, derived from the dated facts on seat, ownership and territory."""

from __future__ import annotations

from sovereign_guard.catalog import Catalog
from sovereign_guard.catalog.ownership import Link, links
from sovereign_guard.language import later, say
from sovereign_guard.model.knowledge import UNKNOWN_DATE, Operator, Ownership
from sovereign_guard.model.placement import Exposure, Ground
from sovereign_guard.model.value import Reason, Unknown

_CONTROLLED = later("{company} is controlled by {holder}, seat {country}")
_JOINTLY = later("{company} is jointly controlled by {holder}, seat {country}")


class Exposures:
    """Exposure of operators on one day, worked out once for each."""

    def __init__(self, catalog: Catalog, day: str) -> None:
        self._catalog = catalog
        self._day = day
        self._found: dict[str, tuple[tuple[Exposure, ...], Unknown | None]] = {}

    def of(self, operator_id: str) -> tuple[tuple[Exposure, ...], Unknown | None]:
        """Return the jurisdictions by seat and control, and an Unknown where the controller is not known."""
        if operator_id not in self._found:
            self._found[operator_id] = self._work_out(operator_id)
        return self._found[operator_id]

    def _work_out(self, operator_id: str) -> tuple[tuple[Exposure, ...], Unknown | None]:
        operator = self._catalog.operator(operator_id)
        if operator is None:
            return (), Unknown(Reason.NOT_IN_CATALOG, operator_id)
        ground = Ground.DECLARED if operator.declared else Ground.SEAT
        seat = operator.seat
        words = say(
            "{operator} has its seat in {country}", operator=operator.formal_name, country=seat.country
        )
        found = [Exposure(seat.country, ground, words, operator.cited(seat.source), operator_id)]
        unknown: Unknown | None = None
        for link in links(self._catalog, operator, self._day):
            if link.owner is not None and link.holder is not None:
                found.append(_through_control(link.company, link.owner, link.holder, operator_id))
            elif link.is_open:
                unknown = unknown or _open_end(link)
        return tuple(dict.fromkeys(found)), unknown


def territory(countries: tuple[str, ...], place: str | None) -> tuple[Exposure, ...]:
    """Return the exposure to the countries where data lies; `place`: what is shown of the region."""
    return tuple(Exposure(country, Ground.TERRITORY, _lies_in(place, country)) for country in countries)


def _lies_in(place: str | None, country: str) -> str:
    if place:
        return say("{region} lies in {country}", region=place, country=country)
    return say("the region lies in {country}", country=country)


def _through_control(company: Operator, owner: Ownership, holder: Operator, operator_id: str) -> Exposure:
    ground = Ground.DECLARED if company.declared else Ground.CONTROL
    seat = holder.seat.country
    how = _CONTROLLED if owner.control == "sole" else _JOINTLY
    words = say(
        how,
        company=company.formal_name,
        holder=holder.formal_name,
        country=seat,
    )
    if owner.share is not None:
        words = say("{control}, {share:g} % of the capital", control=words, share=owner.share)
    if owner.since != UNKNOWN_DATE:
        words = say("{control} since {date}", control=words, date=owner.since)
    return Exposure(seat, ground, words, company.cited(owner.source), operator_id)


def _open_end(link: Link) -> Unknown:
    if link.owner is not None and link.owner.controls:
        return Unknown(Reason.NOT_IN_CATALOG, link.owner.holder, say("its controller is not in the catalog"))
    company = link.company
    detail = say("who controls {company} is not established", company=company.formal_name)
    return Unknown(Reason.NOT_IN_CATALOG, f"rules/catalog/operators/{company.id}.yaml", detail)
