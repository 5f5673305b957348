"""Where an operator may hold something, by the catalog alone: what a placement there would be."""

from __future__ import annotations

from collections.abc import Iterator

from sovereign_guard.catalog import Catalog
from sovereign_guard.model.placement import Alternative, OperatorUse, Role
from sovereign_guard.resolve.exposure import Exposures, territory


class Offered:
    """The ways in which operators may hold something on one day, each operator worked out once."""

    def __init__(self, catalog: Catalog, day: str) -> None:
        self._catalog = catalog
        self._exposures = Exposures(catalog, day)
        self._found: dict[tuple[str, str], tuple[Alternative, ...]] = {}

    def ways(self, operator: str, below: str = "") -> tuple[Alternative, ...]:
        """Return one alternative for each region that an operator runs itself.

        Args:
            operator: id of the operator. below: of the one on whose infrastructure it stands, if another.

        Returns:
            A single alternative without a place where the catalog knows no region.

        """
        key = (operator, below)
        if key not in self._found:
            self._found[key] = tuple(self._work_out(operator, below))
        return self._found[key]

    def _work_out(self, operator: str, below: str) -> Iterator[Alternative]:
        places = self._places(operator) or (self._places(below) if below else [])
        for code, countries, other in places or [(None, (), "")]:
            under = dict.fromkeys(name for name in (below, other) if name and name != operator)
            uses = (
                OperatorUse(operator, Role.PLATFORM),
                *(OperatorUse(name, Role.INFRASTRUCTURE) for name in under),
            )
            known = [self._exposures.of(use.id) for use in uses]
            companies = [self._catalog.operator(use.id) for use in uses]
            yield Alternative(
                operators=uses,
                missing=None,
                region=code,
                countries=countries,
                exposures=(
                    *dict.fromkeys(one for found, _unknown in known for one in found),
                    *territory(countries, code or ""),
                ),
                control=next((unknown for _found, unknown in known if unknown is not None), None),
                internal=all(company is not None and company.internal for company in companies),
            )

    def _places(self, operator: str) -> list[tuple[str | None, tuple[str, ...], str]]:
        """Return an operator's regions: code, countries, and whose machines it stands on, if others'."""
        found: list[tuple[str | None, tuple[str, ...], str]] = []
        for cloud in self._catalog.data.packed.clouds_of_operator.get(operator, ()):
            table = self._catalog.table(cloud)
            for code, region in table.regions.items() if table is not None else ():
                if region.operator in ("", operator) and not region.ended:
                    found.append((code, region.lies_in, self._below(cloud, code)))
        return sorted(found, key=lambda one: one[0] or "")

    def _below(self, cloud: str, code: str) -> str:
        """Return who runs the machines of a region that a service has on another's cloud; empty: itself."""
        below = self._catalog.place_below(cloud, "", code)
        table = self._catalog.table(below[0]) if below is not None else None
        if below is None or table is None:
            return ""
        place = below[1]
        return (place.region.operator if place is not None else "") or table.operator
