"""Which jurisdictions can compel, derived from the dated facts on seat, ownership and territory."""

from __future__ import annotations

from sovereign_guard.catalog import Catalog
from sovereign_guard.model.knowledge import UNKNOWN_DATE, Operator, Ownership
from sovereign_guard.model.placement import Exposure, Ground
from sovereign_guard.model.value import Reason, Unknown

DISPERSED = "dispersed"
_MAX_CHAIN = 20


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
        seat = operator.seat.country
        words = f"{_name(operator)} has its seat in {seat}"
        found = [Exposure(seat, ground, words, _sourced(operator, operator.seat.source), operator_id)]
        unknown = self._controllers(operator, operator_id, found, 0, frozenset({operator_id}))
        return tuple(dict.fromkeys(found)), unknown

    def _controllers(
        self, company: Operator, operator_id: str, found: list[Exposure], depth: int, seen: frozenset[str]
    ) -> Unknown | None:
        """Add whoever controls the company, up the chain; say so where that is not known."""
        if company.internal and not company.ownership:
            return None
        held = [owner for owner in company.ownership if owner.holds_on(self._day)]
        settled = any(
            owner.control in ("sole", "joint") or (owner.holder == DISPERSED and owner.control == "none")
            for owner in held
        )
        open_ends = [owner for owner in held if owner.control == "not-known"]
        unknown: Unknown | None = None
        if not settled or open_ends:
            unknown = Unknown(
                Reason.NOT_IN_CATALOG,
                f"rules/catalog/operators/{company.id}.yaml",
                f"who controls {_name(company)} is not established",
            )
        for owner in held:
            if owner.control not in ("sole", "joint") or owner.holder == DISPERSED or owner.holder in seen:
                continue
            holder = self._catalog.operator(owner.holder)
            if holder is None or depth >= _MAX_CHAIN:
                unknown = unknown or Unknown(
                    Reason.NOT_IN_CATALOG, owner.holder, "its controller is not in the catalog"
                )
                continue
            ground = Ground.DECLARED if company.declared else Ground.CONTROL
            words, source = _control_words(company, owner, holder), _sourced(company, owner.source)
            found.append(Exposure(holder.seat.country, ground, words, source, operator_id))
            above = self._controllers(holder, operator_id, found, depth + 1, seen | {owner.holder})
            unknown = unknown or above
        return unknown


def territory(countries: tuple[str, ...], place: str) -> tuple[Exposure, ...]:
    """Return the exposure to the countries where data lies."""
    return tuple(Exposure(country, Ground.TERRITORY, f"{place} lies in {country}") for country in countries)


def _control_words(company: Operator, owner: Ownership, holder: Operator) -> str:
    share = f", {owner.share:g} % of the capital" if owner.share is not None else ""
    since = f" since {owner.since}" if owner.since != UNKNOWN_DATE else ""
    how = "controlled" if owner.control == "sole" else "jointly controlled"
    return f"{_name(company)} is {how} by {_name(holder)}, seat {holder.seat.country}{share}{since}"


def _name(operator: Operator) -> str:
    return operator.legal_name or operator.name


def _sourced(operator: Operator, key: str) -> str:
    source = operator.sources.get(key)
    if source is None:
        return ""
    dated = f", {source.published}" if source.published else ""
    unread = "" if source.read else " (text not read by us)"
    return f"{source.publisher}, {source.title}{dated}{unread}"
