"""Single facts of the catalog in words, for its listings and for `explain`."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from sovereign_guard.catalog import Catalog
from sovereign_guard.catalog.ownership import Link, links
from sovereign_guard.model.knowledge import (
    DISPERSED,
    UNKNOWN_DATE,
    Operator,
    Ownership,
    Provider,
    Qualification,
    Region,
    StricterTest,
)
from sovereign_guard.model.policy import Jurisdictions, Requirement
from sovereign_guard.model.screen import Screen
from sovereign_guard.report.layout import item
from sovereign_guard.report.words import wrap

_MANY = 3
"""Countries that fit into a column."""

CONTROL = {
    "sole": "sole control",
    "joint": "joint control",
    "none": "no control",
    "not-known": "whether this is control is not known",
}
ANSWERS = {"met": "met", "not-met": "not met", "not-known": "not known"}


# -- operators -----------------------------------------------------------------------------------------------


def chain(
    catalog: Catalog, operator: Operator, day: str, screen: Screen, told: set[str] | None = None
) -> Iterator[str]:
    """Tell the chain of control as a tree, with dates and sources.

    Args:
        catalog: the facts.
        operator: at the bottom of the tree.
        day: ISO day on which dated facts are looked at.
        screen: what the text is for.
        told: ids of companies whose own chain was told before; those told here are added.

    """
    before = frozenset(told or ())
    again = " (its chain: see above)"
    seen_above = again if operator.id in before else ""
    yield wrap(f"{operator.formal_name} ({operator.seat.country}){seen_above}", screen, "  ")
    if operator.internal and not operator.ownership:
        yield item("the organisation's own, as it states; nobody above is asked for", screen, 4)
    for link in links(catalog, operator, day):
        if link.company.id in before:
            continue
        above = again if link.holder is not None and link.holder.id in before else ""
        yield item(f"{_link(link)}{above}", screen, 4 + 2 * link.depth)
        if told is not None:
            told.add(link.company.id)


def _link(link: Link) -> str:
    owner = link.owner
    company = link.company.formal_name
    if owner is None:
        return f"not known: who controls {company} is not established"
    source = link.company.cited(owner.source)
    cited = f"  [{source}]" if source else ""
    if owner.holder == DISPERSED:
        note = owner.note or "no single holder has control"
        return f"nobody above {company}: {note}{cited}"
    name = f"{link.holder.formal_name} ({link.holder.seat.country})" if link.holder else owner.holder
    parts = ", ".join(filter(None, (CONTROL[owner.control], shares(owner), since_when(owner.since))))
    lost = " (not in the catalog)" if link.holder is None and owner.control != "not-known" else ""
    note = f". {owner.note}" if owner.note else ""
    return f"held by {name}{lost}: {parts}{note}{cited}"


def presence(operator: Operator) -> Iterator[tuple[str, str]]:
    """Give each subsidiary, branch or data centre elsewhere in words, and the key of its source."""
    for place in operator.presence:
        where = f"{place.form.replace('-', ' ')} in {place.country}"
        yield named(where, _sentences(place.name, place.note)), place.source


def suppliers(operator: Operator) -> Iterator[tuple[str, str]]:
    """Give each technology supplier in words, and the key of its source."""
    for supplier in operator.suppliers:
        yield f"{supplier.name} ({supplier.country}): {supplier.what}", supplier.source


def minority_holders(catalog: Catalog, operator: Operator, day: str) -> Iterator[tuple[str, str]]:
    """Give each holder without control on a day in words, and the key of its source."""
    for owner in operator.ownership:
        if owner.control == "none" and owner.holder != DISPERSED and owner.holds_on(day):
            parts = ", ".join(filter(None, (shares(owner), since_when(owner.since))))
            yield named(holder_words(catalog, owner), _sentences(parts, owner.note)), owner.source


def qualification(held: Qualification) -> str:
    """Say what a qualification covers and from when until when."""
    until = f", until {held.until}" if held.until else ""
    where = "" if not held.regions else f" Regions: {', '.join(held.regions)}."
    note = f" {held.note}" if held.note else ""
    return f"{named(held.scheme, held.scope)} ({since_when(held.since)}{until}).{where}{note}"


def validity(held: Qualification, day: str) -> str:
    """Say whether a qualification is in force on a day, whatever the region."""
    # A region that it names is inside its scope, so only the dates are left to decide.
    inside = held.regions[0] if held.regions else None
    open_end = "" if held.until else ", as far as is recorded"
    if held.regions == () and msgspec.structs.replace(held, regions=None).in_force(day, None):
        return f"In force on {day}{open_end}, for a product and not for regions."
    return f"In force on {day}{open_end}." if held.in_force(day, inside) else f"Not in force on {day}."


def stricter_test(test: StricterTest | None) -> str:
    """Say the answer to SecNumCloud 3.2, section 19.6, with its grounds."""
    return "No answer recorded." if test is None else named(ANSWERS[test.answer], test.grounds)


def named(name: str, note: str) -> str:
    """Join a name and what is said of it."""
    return f"{name}: {note}" if note else name


def _sentences(*parts: str) -> str:
    """Join sentences, whether or not they end with a full stop."""
    said = [part for part in parts if part]
    return ". ".join((*(part.removesuffix(".") for part in said[:-1]), *said[-1:]))


def holder_words(catalog: Catalog, owner: Ownership) -> str:
    """Return the name and seat of a holder."""
    if owner.holder == DISPERSED:
        return "nobody in control"
    holder = catalog.operator(owner.holder)
    return f"{holder.name} ({holder.seat.country})" if holder else owner.holder


def shares(owner: Ownership) -> str:
    """Return the share of capital and votes, as far as recorded."""
    parts = (
        f"{owner.share:g} % of the capital" if owner.share is not None else "",
        f"{owner.votes:g} % of the votes" if owner.votes is not None else "",
    )
    return ", ".join(filter(None, parts))


def from_when(date: str) -> str:
    """Return a first day as a table shows it."""
    return "not recorded" if date == UNKNOWN_DATE else date


def since_when(date: str) -> str:
    """Return a first day as a sentence says it."""
    return "since when is not recorded" if date == UNKNOWN_DATE else f"since {date}"


# -- policies, providers and regions -------------------------------------------------------------------------


def requirement_words(requirement: Requirement) -> list[str]:
    """Say what a level requires, one sentence a condition."""
    found: list[str] = []
    if requirement.control is not None:
        found.append(
            "Every operator, and everybody who controls it, has its seat "
            f"{_countries(requirement.control)} (SOV001)."
        )
        for counts, what in (
            (requirement.presence_counts, "A subsidiary, branch or data centre elsewhere"),
            (requirement.suppliers_count, "A technology supplier under another jurisdiction"),
        ):
            found.append(f"{what} {'counts as exposure too' if counts else 'does not count'}.")
        if requirement.external_keys_lower:
            found.append("Of stored data whose keys only such operators hold, SOV001 only warns.")
    if requirement.territory is not None:
        found.append(f"Data lies {_countries(requirement.territory)} (SOV002).")
    if requirement.internal:
        found.append("Only operators that are declared as the organisation's own cloud (SOV008).")
    if requirement.qualification:
        found.append(f"A {requirement.qualification} qualification is in force for the region used (SOV009).")
    return found or ["Nothing: any operator, anywhere."]


def _countries(condition: Jurisdictions) -> str:
    parts = []
    if condition.allow is not None:
        parts.append(f"only in {', '.join(condition.allow)}" if condition.allow else "in no country at all")
    if condition.forbid:
        parts.append(f"never in {', '.join(condition.forbid)}")
    return " and ".join(parts) or "anywhere"


def operator_words(provider: Provider) -> str:
    """Return whose resources a provider places, as a table shows it."""
    if provider.places == "nothing":
        return "none: it places nothing"
    if provider.places == "tests":
        return "not known: made for tests"
    return provider.operator or "as its settings say"


def lies_in(region: Region) -> str:
    """Return the country of a region, or the number of its countries where a column cannot hold them."""
    countries = region.lies_in
    if not countries:
        return "global" if region.everywhere else "not known"
    return ", ".join(countries) if len(countries) <= _MANY else f"{len(countries)} countries"


def place_words(region: Region) -> str:
    """Return the place of a region, with who runs it where that differs, its end and its note."""
    countries = region.lies_in
    return "; ".join(
        filter(
            None,
            (
                region.place,
                ", ".join(countries) if len(countries) > _MANY else "",
                f"run by {region.operator}" if region.operator else "",
                f"ended on {region.ended}" if region.ended else "",
                region.note.removesuffix("."),
            ),
        )
    )
