"""Who controls a company on a day, up to whoever stands at the top, from the dated facts on ownership."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from sovereign_guard.catalog.catalog import Catalog
from sovereign_guard.model.knowledge import DISPERSED, Operator, Ownership


class Link(msgspec.Struct, frozen=True, eq=False):
    """One step up from a company to a holder, or the end of a chain.

    Attributes:
        depth: 0 for the holders of the company that was asked about.
        owner: None where nobody is recorded who would settle the matter.
        holder: the controlling holder; None where it is not one, or not in the catalog.

    """

    depth: int
    company: Operator
    owner: Ownership | None
    holder: Operator | None

    @property
    def is_open(self) -> bool:
        """Whether it is not established who controls the company."""
        if self.owner is None or self.owner.control == "not-known":
            return True
        return self.owner.controls and self.holder is None


def links(
    catalog: Catalog, company: Operator, day: str, depth: int = 0, seen: frozenset[str] = frozenset()
) -> Iterator[Link]:
    """Walk up from a company: its controllers on a day, each followed by its own, and where that ends."""
    if company.internal and not company.ownership:
        return
    seen = seen | {company.id}
    settled = False
    for owner in company.ownership:
        if not owner.holds_on(day):
            continue
        if owner.controls:
            settled = True
            if owner.holder in seen:
                continue
            holder = catalog.operator(owner.holder)
            yield Link(depth, company, owner, holder)
            if holder is not None:
                yield from links(catalog, holder, day, depth + 1, seen)
        elif owner.holder == DISPERSED or owner.control == "not-known":
            settled = settled or owner.control != "not-known"
            yield Link(depth, company, owner, None)
    if not settled:
        yield Link(depth, company, None, None)


def controllers(catalog: Catalog, operator: Operator, day: str) -> tuple[str, ...]:
    """Return the countries of all who control an operator, directly or not."""
    found = {link.holder.seat.country for link in links(catalog, operator, day) if link.holder is not None}
    return tuple(sorted(found))


def compelled_from(catalog: Catalog, operator: Operator, day: str) -> tuple[tuple[str, ...], bool]:
    """Return the countries that can compel by seat or control, and whether all of that control is known."""
    countries = {operator.seat.country, *controllers(catalog, operator, day)}
    return tuple(sorted(countries)), not any(link.is_open for link in links(catalog, operator, day))


def ultimate_controllers(catalog: Catalog, operator: Operator, day: str) -> list[Operator]:
    """Return those at the top of the chain of control, where there is one."""
    found = list(links(catalog, operator, day))
    below = {link.company.id for link in found if link.holder is not None}
    top = {link.holder.id: link.holder for link in found if link.holder and link.holder.id not in below}
    return list(top.values())
