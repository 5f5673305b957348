"""Single facts of the catalog in words, for its listings and for `explain`."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from sovereign_guard.catalog import Catalog
from sovereign_guard.catalog.ownership import Link, links
from sovereign_guard.language import later, say, say_many
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
from sovereign_guard.report.terms import all_of, named, several
from sovereign_guard.report.words import wrap

_MANY = 3
"""Countries that fit into a column."""

CONTROL = {
    "sole": later("sole control"),
    "joint": later("joint control"),
    "none": later("no control"),
    "not-known": later("whether this is control is not known"),
}
ANSWERS = {"met": later("met"), "not-met": later("not met"), "not-known": later("not known")}
_FORMS = {
    "subsidiary": later("subsidiary in {country}"),
    "branch": later("branch in {country}"),
    "data-centre": later("data centre in {country}"),
}


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
    top = f"{operator.formal_name} ({operator.seat.country})"
    yield wrap(_again(top) if operator.id in before else top, screen, "  ")
    if operator.internal and not operator.ownership:
        yield item(say("the organisation's own, as it states; nobody above is asked for"), screen, 4)
    for link in links(catalog, operator, day):
        if link.company.id in before:
            continue
        seen_above = link.holder is not None and link.holder.id in before
        yield item(_again(_link(link)) if seen_above else _link(link), screen, 4 + 2 * link.depth)
        if told is not None:
            told.add(link.company.id)


def _again(company: str) -> str:
    return say("{company} (its chain: see above)", company=company)


def _link(link: Link) -> str:
    owner = link.owner
    company = link.company.formal_name
    if owner is None:
        return say("not known: who controls {company} is not established", company=company)
    source = link.company.cited(owner.source)
    cited = f"  [{source}]" if source else ""
    if owner.holder == DISPERSED:
        note = owner.note or say("no single holder has control")
        return say("nobody above {company}: {note}", company=company, note=note) + cited
    name = f"{link.holder.formal_name} ({link.holder.seat.country})" if link.holder else owner.holder
    if link.holder is None and owner.control != "not-known":
        name = say("{company} (not in the catalog)", company=name)
    parts = ", ".join(filter(None, (say(CONTROL[owner.control]), shares(owner), since_when(owner.since))))
    note = f". {owner.note}" if owner.note else ""
    return say("held by {holder}: {how}", holder=name, how=parts) + note + cited


def presence(operator: Operator) -> Iterator[tuple[str, str]]:
    """Give each subsidiary, branch or data centre elsewhere in words, and the key of its source."""
    for place in operator.presence:
        where = say(_FORMS[place.form], country=place.country)
        yield named(where, _sentences(place.name, place.note)), place.source


def suppliers(operator: Operator) -> Iterator[tuple[str, str]]:
    """Give each technology supplier in words, and the key of its source."""
    for supplier in operator.suppliers:
        yield named(f"{supplier.name} ({supplier.country})", supplier.what), supplier.source


def minority_holders(catalog: Catalog, operator: Operator, day: str) -> Iterator[tuple[str, str]]:
    """Give each holder without control on a day in words, and the key of its source."""
    for owner in operator.ownership:
        if owner.control == "none" and owner.holder != DISPERSED and owner.holds_on(day):
            parts = ", ".join(filter(None, (shares(owner), since_when(owner.since))))
            yield named(holder_words(catalog, owner), _sentences(parts, owner.note)), owner.source


def qualification(held: Qualification) -> str:
    """Say what a qualification covers and from when until when."""
    dates = since_when(held.since)
    if held.until:
        dates = ", ".join((dates, say("until {day}", day=held.until)))
    regions = say("Regions: {names}.", names=", ".join(held.regions)) if held.regions else ""
    said = f"{named(held.scheme, held.scope)} ({dates})."
    return " ".join(filter(None, (said, regions, held.note)))


def validity(held: Qualification, day: str) -> str:
    """Say whether a qualification is in force on a day, whatever the region."""
    # A region that it names is inside its scope, so only the dates are left to decide.
    inside = held.regions[0] if held.regions else None
    if held.regions == () and msgspec.structs.replace(held, regions=None).in_force(day, None):
        if held.until:
            return say("In force on {day}, for a product and not for regions.", day=day)
        return say("In force on {day}, as far as is recorded, for a product and not for regions.", day=day)
    if not held.in_force(day, inside):
        return say("Not in force on {day}.", day=day)
    if held.until:
        return say("In force on {day}.", day=day)
    return say("In force on {day}, as far as is recorded.", day=day)


def stricter_test(test: StricterTest | None) -> str:
    """Say the answer to SecNumCloud 3.2, section 19.6, with its grounds."""
    return say("No answer recorded.") if test is None else named(say(ANSWERS[test.answer]), test.grounds)


def _sentences(*parts: str) -> str:
    """Join sentences, whether or not they end with a full stop."""
    said = [part for part in parts if part]
    return ". ".join((*(part.removesuffix(".") for part in said[:-1]), *said[-1:]))


def holder_words(catalog: Catalog, owner: Ownership) -> str:
    """Return the name and seat of a holder."""
    if owner.holder == DISPERSED:
        return say("nobody in control")
    holder = catalog.operator(owner.holder)
    return f"{holder.name} ({holder.seat.country})" if holder else owner.holder


def shares(owner: Ownership) -> str:
    """Return the share of capital and votes, as far as recorded."""
    parts = (
        say("{share:g} % of the capital", share=owner.share) if owner.share is not None else "",
        say("{share:g} % of the votes", share=owner.votes) if owner.votes is not None else "",
    )
    return ", ".join(filter(None, parts))


def from_when(date: str) -> str:
    """Return a first day as a table shows it."""
    return say("not recorded") if date == UNKNOWN_DATE else date


def since_when(date: str) -> str:
    """Return a first day as a sentence says it."""
    return say("since when is not recorded") if date == UNKNOWN_DATE else say("since {day}", day=date)


# -- policies, providers and regions -------------------------------------------------------------------------


def requirement_words(requirement: Requirement) -> list[str]:
    """Say what a level requires, one sentence a condition."""
    found: list[str] = []
    if requirement.control is not None:
        found.append(
            say(
                "Every operator, and everybody who controls it, has its seat {countries} (SOV001).",
                countries=_countries(requirement.control),
            )
        )
        found.append(
            say("A subsidiary, branch or data centre elsewhere counts as exposure too.")
            if requirement.presence_counts
            else say("A subsidiary, branch or data centre elsewhere does not count.")
        )
        found.append(
            say("A technology supplier under another jurisdiction counts as exposure too.")
            if requirement.suppliers_count
            else say("A technology supplier under another jurisdiction does not count.")
        )
        if requirement.external_keys_lower:
            found.append(say("Of stored data whose keys only such operators hold, SOV001 only warns."))
    if requirement.territory is not None:
        found.append(say("Data lies {countries} (SOV002).", countries=_countries(requirement.territory)))
    if requirement.internal:
        found.append(say("Only operators that are declared as the organisation's own cloud (SOV008)."))
    if requirement.qualification:
        found.append(
            say(
                "A {scheme} qualification is in force for the region used (SOV009).",
                scheme=requirement.qualification,
            )
        )
    return found or [say("Nothing: any operator, anywhere.")]


def _countries(condition: Jurisdictions) -> str:
    parts = []
    if condition.allow:
        parts.append(say("only in {countries}", countries=", ".join(condition.allow)))
    elif condition.allow is not None:
        parts.append(say("in no country at all"))
    if condition.forbid:
        parts.append(say("never in {countries}", countries=", ".join(condition.forbid)))
    return all_of(parts) or say("anywhere")


def operator_words(provider: Provider) -> str:
    """Return whose resources a provider places, as a table shows it."""
    if provider.places == "nothing":
        return say("none: it places nothing")
    if provider.places == "tests":
        return say("not known: made for tests")
    return provider.operator or say("as its settings say")


def lies_in(region: Region) -> str:
    """Return the country of a region, or the number of its countries where a column cannot hold them."""
    countries = region.lies_in
    if not countries:
        return say("global") if region.everywhere else say("not known")
    if len(countries) <= _MANY:
        return ", ".join(countries)
    return say_many("{number} country", "{number} countries", len(countries))


def place_words(region: Region) -> str:
    """Return the place of a region, with who runs it where that differs, its end and its note."""
    countries = region.lies_in
    return several(
        (
            region.place,
            ", ".join(countries) if len(countries) > _MANY else "",
            say("run by {operator}", operator=region.operator) if region.operator else "",
            say("ended on {day}", day=region.ended) if region.ended else "",
            region.note.removesuffix("."),
        )
    )
