"""Which jurisdictions can compel, derived from the dated facts on seat, ownership and territory."""

from __future__ import annotations

from sovereign_guard.catalog import Catalog
from sovereign_guard.catalog.ownership import Link, links
from sovereign_guard.model.knowledge import UNKNOWN_DATE, Operator, Ownership
from sovereign_guard.model.placement import Exposure, Ground
from sovereign_guard.model.value import Reason, Unknown


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
        words = f"{operator.formal_name} has its seat in {seat.country}"
        found = [Exposure(seat.country, ground, words, operator.cited(seat.source), operator_id)]
        unknown: Unknown | None = None
        for link in links(self._catalog, operator, self._day):
            if link.owner is not None and link.holder is not None:
                found.append(_through_control(link.company, link.owner, link.holder, operator_id))
            elif link.is_open:
                unknown = unknown or _open_end(link)
        return tuple(dict.fromkeys(found)), unknown


def territory(countries: tuple[str, ...], place: str) -> tuple[Exposure, ...]:
    """Return the exposure to the countries where data lies."""
    return tuple(Exposure(country, Ground.TERRITORY, f"{place} lies in {country}") for country in countries)


def _through_control(company: Operator, owner: Ownership, holder: Operator, operator_id: str) -> Exposure:
    ground = Ground.DECLARED if company.declared else Ground.CONTROL
    share = f", {owner.share:g} % of the capital" if owner.share is not None else ""
    since = f" since {owner.since}" if owner.since != UNKNOWN_DATE else ""
    how = "controlled" if owner.control == "sole" else "jointly controlled"
    seat = holder.seat.country
    words = f"{company.formal_name} is {how} by {holder.formal_name}, seat {seat}{share}{since}"
    return Exposure(seat, ground, words, company.cited(owner.source), operator_id)


def _open_end(link: Link) -> Unknown:
    if link.owner is not None and link.owner.controls:
        return Unknown(Reason.NOT_IN_CATALOG, link.owner.holder, "its controller is not in the catalog")
    company = link.company
    detail = f"who controls {company.formal_name} is not established"
    return Unknown(Reason.NOT_IN_CATALOG, f"rules/catalog/operators/{company.id}.yaml", detail)
