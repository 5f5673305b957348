"""What is known, for people: rules, and the catalog's operators, providers, regions, labels and policies."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from sovereign_guard.catalog import Catalog
from sovereign_guard.catalog.ownership import compelled_from
from sovereign_guard.errors import UsageError
from sovereign_guard.language import later, say
from sovereign_guard.model.knowledge import RuleText
from sovereign_guard.model.screen import Screen
from sovereign_guard.report.entries import (
    NO_ADVICE,
    STATE,
    operator_entry,
    policy_entry,
    provider_entry,
    regions_entry,
    rule_entry,
)
from sovereign_guard.report.facts import ANSWERS, lies_in, operator_words, place_words
from sovereign_guard.report.layout import Line, block, entry, heading, page, table
from sovereign_guard.report.passing import is_a_type, type_entry, types_like
from sovereign_guard.report.terms import severity_word
from sovereign_guard.report.words import clean, paint, wrap

_READS = {
    "scheme": later("value names a level"),
    "flag": later("yes or no"),
    "regime": later("value names a law or a standard"),
}
_KINDS = {"operator": later("OPERATOR {id}"), "holder": later("HOLDER {id}")}


# -- rules ---------------------------------------------------------------------------------------------------


def rules_table(rules: Mapping[str, RuleText], screen: Screen) -> str:
    """Return all rules with severity and title."""
    rows = [(rule.id, severity_word(rule.severity), rule.title) for rule in rules.values()]
    header = (say("rule"), say("severity"), say("what it finds"))
    return page([*table(header, rows, screen), "", *_more("rules RULE", screen)], screen)


def rule_text(text: RuleText, screen: Screen) -> str:
    """Return everything that is told about a rule."""
    return page(rule_entry(text, screen), screen)


# -- one entry -----------------------------------------------------------------------------------------------


def show(catalog: Catalog, name: str, day: str, screen: Screen) -> str:
    """Return all that bears a name: operator, provider (also by source address), regions, policy, rule, type.

    Args:
        catalog: where it is looked for.
        name: an id, without regard to case, a provider's source address, or a resource type.
        day: ISO day on which dated facts are looked at.
        screen: what the text is for.

    Raises:
        UsageError: nothing has that name.

    """
    data, key = catalog.data, name.strip().lower()
    operator = catalog.operator(key)
    provider = data.providers.get(key) or (catalog.provider(key, "") if "/" in key else None)
    regions, policy, rule = catalog.table(key), catalog.policies.get(key), data.rules.get(key.upper())
    entries: list[tuple[str, Iterable[Line]]] = []
    if operator is not None:
        title = say(_KINDS[operator.kind], id=operator.id)
        entries.append((title, operator_entry(catalog, operator, day, screen)))
    if provider is not None:
        entries.append((say("PROVIDER {id}", id=provider.id), provider_entry(catalog, provider, screen)))
    if regions is not None:
        entries.append((say("REGIONS OF {cloud}", cloud=regions.cloud), regions_entry(regions, screen)))
    if policy is not None:
        entries.append(
            (say("POLICY {id}", id=policy.id), policy_entry(policy, catalog.vocabulary.levels, screen))
        )
    if rule is not None:
        entries.append((say("RULE {id}", id=rule.id), rule_entry(rule, screen)))
    home = catalog.provider("", key) if not entries and "/" not in key else None
    if home is not None and is_a_type(catalog, home, key):
        entries.append((say("TYPE {type}", type=key), type_entry(catalog, home, key, screen)))
    if not entries:
        raise UsageError(
            say("the catalog knows nothing called '{name}'.", name=clean(name)),
            hint=_did_you_mean(catalog, key),
        )
    lines: list[Line] = []
    for title, part in entries:
        lines += ["", ""] if lines else []
        lines += [paint(clean(title), "bold", screen), "", *part]
    return page(lines, screen)


def _did_you_mean(catalog: Catalog, key: str) -> str:
    data = catalog.data
    known = {*data.operators, *data.providers, *data.regions, *data.policies, *map(str.lower, data.rules)}
    known.update(address for provider in data.providers.values() for address in provider.addresses)
    known.update(types_like(catalog, key))
    close = difflib.get_close_matches(key, sorted(known), n=5)
    if close:
        return say("Close to it: {names}.", names=", ".join(close))
    clouds = [
        f"{cloud} ({lies_in(place.region)})" for cloud in data.regions if (place := catalog.place(cloud, key))
    ]
    if clouds:
        return say("It is a region of {clouds}: show one of these.", clouds=", ".join(clouds))
    return say("Ids are listed by: sovereign-guard catalog operators | providers | regions.")


# -- lists ---------------------------------------------------------------------------------------------------


def listing(catalog: Catalog, section: str, day: str, screen: Screen) -> str:
    """Return a section of the catalog, one entry a line.

    Args:
        catalog: what is listed.
        section: `operators`, `providers`, `regions` or `labels`.
        day: ISO day on which dated facts are looked at.
        screen: what the text is for.

    Raises:
        UsageError: there is no such section.

    """
    if section == "operators":
        return page(_operators(catalog, day, screen), screen)
    if section == "providers":
        return page(_providers(catalog, screen), screen)
    if section == "regions":
        return page(_regions(catalog, screen), screen)
    if section == "labels":
        return page(_labels(catalog, screen), screen)
    raise UsageError(
        say("no section '{section}' of the catalog.", section=clean(section)),
        hint=say("Sections: operators, providers, regions, labels."),
    )


def _operators(catalog: Catalog, day: str, screen: Screen) -> Iterator[str]:
    rows = []
    for _id, operator in sorted(catalog.data.operators.items()):
        if operator.kind != "operator":
            continue
        countries, established = compelled_from(catalog, operator, day)
        codes = ", ".join((*countries, *(() if established else (say("not established"),))))
        status, test = operator.state_on(day), operator.secnumcloud_19_6
        rows.append(
            (
                operator.id,
                operator.seat.country,
                codes,
                say(STATE[status.state if status else "active"]),
                say(ANSWERS[test.answer]) if test else say("not recorded"),
                operator.name,
            )
        )
    header = (say("id"), say("seat"), say("can be compelled by"), say("status"), "19.6", say("name"))
    yield from table(header, rows, screen)
    yield ""
    yield wrap(
        say(
            "Seat and control on {day}; the country where a region's machines stand comes on top. "
            "19.6 is SecNumCloud 3.2, section 19.6: who holds the company.",
            day=day,
        ),
        screen,
    )
    holders = sorted(one.id for one in catalog.data.operators.values() if one.kind == "holder")
    yield wrap(say("Holders of these, known too: {names}.", names=", ".join(holders)), screen)
    yield from _more("catalog show ID", screen)
    yield wrap(" ".join((say("Catalog of {day}.", day=catalog.as_of), say(NO_ADVICE))), screen)


def _providers(catalog: Catalog, screen: Screen) -> Iterator[str]:
    rows = [
        (provider.id, operator_words(provider), ", ".join(provider.addresses))
        for provider in catalog.data.providers.values()
    ]
    yield from table((say("id"), say("operator"), say("source addresses")), rows, screen)
    yield ""
    yield from _more("catalog show ID", screen)


def _regions(catalog: Catalog, screen: Screen) -> Iterator[str]:
    rows = [
        (cloud, code, lies_in(region), place_words(region))
        for cloud, known in catalog.data.regions.items()
        for code, region in known.regions.items()
    ]
    yield from table((say("cloud"), say("code"), say("country"), say("place")), rows, screen)
    yield ""
    yield from _more("catalog show CLOUD", screen)


def _labels(catalog: Catalog, screen: Screen) -> Iterator[Line]:
    words = catalog.vocabulary
    yield wrap(
        say("Keys and values are compared without case, accents and separators, and shown in that form."),
        screen,
    )
    # Spellings of one entry follow one another and share what is said of them.
    rows = [
        (
            rule.spelling,
            say(_READS[rule.reads]),
            words.levels[rule.level] if rule.reads == "flag" else "",
            ", ".join(key for key, rule_entry in same),
        )
        for rule, same in groupby(words.keys.items(), key=lambda pair: pair[1])
    ]
    yield heading(say("KEYS"), screen)
    header = (say("key"), say("how it is read"), say("yes says"), say("in all its spellings"))
    yield from table(header, rows, screen)
    for title, values in (
        (later("VALUES THAT SAY {level}"), words.values),
        (later("LAWS AND STANDARDS THAT SAY {level}"), words.regimes),
    ):
        for index, level in enumerate(words.levels):
            yield from block(
                say(title, level=level),
                (", ".join(sorted(v for v, at in values.items() if at == index)),),
                screen,
            )
    yield heading(say("YES AND NO"), screen)
    yield entry(say("yes"), ", ".join(dict.fromkeys(words.yes)))
    yield entry(say("no"), ", ".join(dict.fromkeys(words.no)))


def _more(command: str, screen: Screen) -> Iterator[str]:
    yield wrap(say("More: sovereign-guard {command}", command=command), screen)
