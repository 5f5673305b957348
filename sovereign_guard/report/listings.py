"""What is known, for people: rules, and the catalog's operators, providers, regions, labels and policies.

The parts that tell the facts of one operator also serve `explain`.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

import msgspec

from sovereign_guard.catalog import Catalog
from sovereign_guard.errors import UsageError
from sovereign_guard.model.knowledge import (
    UNKNOWN_DATE,
    Operator,
    Ownership,
    Provider,
    Qualification,
    Region,
    RegionTable,
    RuleText,
    Source,
    StricterTest,
)
from sovereign_guard.model.policy import Jurisdictions, Policy, Requirement
from sovereign_guard.model.screen import Screen
from sovereign_guard.report.words import clean, paint, wrap

DISPERSED = "dispersed"
"""Holder that stands for everybody and nobody: a company without a controlling holder, a State, a family."""

NO_ADVICE = "Facts with sources and dates, not legal advice."

_LABEL = 18
_GAP = "  "
_MANY = 3
"""Countries that fit into a column."""

_LAST_COLUMN = 30
"""Width below which the last column of a table has no room for sentences."""

_SEVERITIES = {"critical": "red", "high": "red", "medium": "yellow", "low": "dim"}
_CONTROL = {
    "sole": "sole control",
    "joint": "joint control",
    "none": "no control",
    "not-known": "whether this is control is not known",
}
_ANSWERS = {"met": "met", "not-met": "not met", "not-known": "not known"}
_READS = {
    "scheme": "value names a level",
    "flag": "yes or no",
    "regime": "value names a law or a standard",
}


# -- rules ---------------------------------------------------------------------------------------------------


def rules_table(rules: Mapping[str, RuleText], screen: Screen) -> str:
    """Return all rules with severity and title."""
    rows = [(rule.id, rule.severity, rule.title) for rule in rules.values()]
    return _text(
        [*table(("rule", "severity", "what it finds"), rows, screen), "", *_more("rules RULE", screen)]
    )


def rule_text(text: RuleText, screen: Screen) -> str:
    """Return everything that is told about a rule."""
    return _text(_rule(text, screen))


def _rule(rule: RuleText, screen: Screen) -> Iterator[str]:
    severity = paint(rule.severity, _SEVERITIES[rule.severity], screen)
    yield f"{paint(rule.id, 'bold', screen)}  {severity} ({clean(rule.security_severity)} of 10)"
    yield wrap(rule.title, screen)
    yield from block("WHY", (rule.why,), screen)
    yield from block("WHAT TO DO", (rule.fix,), screen)
    if rule.references:
        yield heading("REFERENCES", screen)
    for number, reference in enumerate(rule.references, 1):
        parts = [str(reference[key]) for key in ("title", "publisher", "url") if reference.get(key)]
        yield _numbered(number, f"{', '.join(parts)} ({_whether_read(bool(reference.get('read')))})", screen)


# -- one entry -----------------------------------------------------------------------------------------------


def show(catalog: Catalog, name: str, day: str, screen: Screen) -> str:
    """Return all that bears a name: operator, provider (also by source address), regions, policy, rule.

    Args:
        catalog: where it is looked for.
        name: an id, without regard to case, or a provider's source address.
        day: ISO day on which dated facts are looked at.
        screen: what the text is for.

    Raises:
        UsageError: nothing has that name.

    """
    data, key = catalog.data, name.strip().lower()
    operator = catalog.operator(key)
    provider = data.providers.get(key) or (catalog.provider(key, "") if "/" in key else None)
    regions, policy, rule = catalog.table(key), catalog.policies.get(key), data.rules.get(key.upper())
    entries: list[tuple[str, Iterable[str]]] = []
    if operator is not None:
        entries.append((f"{operator.kind.upper()} {operator.id}", _operator(catalog, operator, day, screen)))
    if provider is not None:
        entries.append((f"PROVIDER {provider.id}", _provider(catalog, provider, screen)))
    if regions is not None:
        entries.append((f"REGIONS OF {regions.cloud}", _region_table(regions, screen)))
    if policy is not None:
        entries.append((f"POLICY {policy.id}", _policy(policy, catalog.vocabulary.levels, screen)))
    if rule is not None:
        entries.append((f"RULE {rule.id}", _rule(rule, screen)))
    if not entries:
        raise UsageError(
            f"the catalog knows nothing called '{clean(name)}'.", hint=_did_you_mean(catalog, key)
        )
    lines: list[str] = []
    for title, part in entries:
        lines += ["", ""] if lines else []
        lines += [paint(clean(title), "bold", screen), "", *part]
    return _text(lines)


def _did_you_mean(catalog: Catalog, key: str) -> str:
    data = catalog.data
    known = {*data.operators, *data.providers, *data.regions, *data.policies, *map(str.lower, data.rules)}
    known.update(address for provider in data.providers.values() for address in provider.addresses)
    close = difflib.get_close_matches(key, sorted(known), n=5)
    if close:
        return f"Close to it: {', '.join(close)}."
    clouds = [
        f"{cloud} ({lies_in(place.region)})" for cloud in data.regions if (place := catalog.place(cloud, key))
    ]
    if clouds:
        return f"It is a region of {', '.join(clouds)}: show one of these."
    return "Ids are listed by: sovereign-guard catalog operators | providers | regions."


def _operator(catalog: Catalog, operator: Operator, day: str, screen: Screen) -> Iterator[str]:
    marks = {key: f"  [{number}]" for number, key in enumerate(operator.sources, 1)}

    def mark(key: str) -> str:
        return marks.get(key, "")

    yield entry("name", operator.name, screen)
    yield entry("legal name", operator.legal_name or "not recorded", screen)
    yield entry("seat", f"{operator.seat.country}{mark(operator.seat.source)}", screen)
    yield from _states(operator, day, marks, screen)
    yield heading("OWNERS", screen)
    rows = [
        (
            _from(owner.since),
            owner.until or "now",
            _holder(catalog, owner),
            _shares(owner) or "not recorded",
            _CONTROL[owner.control],
            f"{owner.note}{mark(owner.source)}",
        )
        for owner in operator.ownership
    ]
    yield from table(("from", "until", "holder", "share", "control", "note"), rows, screen)
    yield from _compelled(catalog, operator, day, screen)
    yield from block(
        "PRESENCE ELSEWHERE, a fact that counts only where a policy says so",
        (f"{text}{mark(key)}" for text, key in presence(operator)),
        screen,
    )
    yield from block(
        "TECHNOLOGY SUPPLIERS, a fact that counts only where a policy says so",
        (f"{text}{mark(key)}" for text, key in suppliers(operator)),
        screen,
    )
    if operator.kind == "operator":
        yield heading("QUALIFICATIONS", screen)
        for held in operator.qualifications:
            yield item(f"{qualification(held)} {validity(held, day)}{mark(held.source)}", screen)
        if not operator.qualifications:
            yield item("None recorded.", screen)
        yield heading("SECNUMCLOUD 3.2, SECTION 19.6 (who holds the company)", screen)
        test = operator.secnumcloud_19_6
        yield item(f"{stricter_test(test)}{mark(test.source) if test else ''}", screen)
    yield from block(
        "RESELLERS: buying through one changes nothing to who operates or controls the service",
        (f"{named(other.name, other.note)}{mark(other.source)}" for other in operator.resellers),
        screen,
    )
    yield from block(
        "MEMBERSHIPS",
        (f"{named(other.name, other.note)}{mark(other.source)}" for other in operator.memberships),
        screen,
    )
    yield from block("NOTES", (operator.notes,) if operator.notes else (), screen)
    yield from _sources(operator.sources, operator.reviewed, screen)


def _states(operator: Operator, day: str, marks: dict[str, str], screen: Screen) -> Iterator[str]:
    current = operator.state_on(day)
    for position, status in enumerate(operator.status):
        note = f": {status.note}" if status.note else ""
        words = f"{status.state} from {_from(status.since)}{note}{marks.get(status.source, '')}"
        yield entry("" if position else "status", words, screen)
    if current is not None:
        yield entry(f"on {day}", current.state, screen, "yellow" if current.state != "active" else None)
    elif operator.status:
        yield entry(f"on {day}", "not yet announced", screen)
    elif operator.kind == "operator":
        yield entry("status", "no dates recorded, taken for active", screen)


def _compelled(catalog: Catalog, operator: Operator, day: str, screen: Screen) -> Iterator[str]:
    countries, established = compelled_from(catalog, operator, day)
    yield heading(f"WHO CAN COMPEL IT, on {day}", screen)
    yield entry("by seat", operator.seat.country, screen)
    yield entry("by control", ", ".join(controllers(catalog, operator, day)) or "nobody above it", screen)
    if not established:
        yield entry("not known", "the chain of control has an end that is not established", screen, "yellow")
    top = ultimate_controllers(catalog, operator, day)
    if top:
        yield entry("at the top", "; ".join(f"{legal_name(one)} ({one.seat.country})" for one in top), screen)
    yield entry("together", ", ".join(countries), screen)
    yield from chain(catalog, operator, day, screen)
    if operator.kind == "operator":
        yield wrap("The country where the machines of a region stand comes on top of these.", screen, "  ")


def _provider(catalog: Catalog, provider: Provider, screen: Screen) -> Iterator[str]:
    yield entry("addresses", ", ".join(provider.addresses), screen)
    yield entry("operator", _places(provider), screen)
    if provider.cloud:
        yield entry("regions of", provider.cloud, screen)
    region = provider.region
    for label, names in (
        ("region in", region.attributes),
        ("or in settings", region.settings),
        ("default region", (region.default,) if region.default else ()),
    ):
        if names:
            yield entry(label, ", ".join(names), screen)
    labels = provider.labels
    for label, names in (
        ("labels in", labels.own),
        ("merged labels in", labels.effective),
        ("default labels in", labels.defaults),
    ):
        if names:
            yield entry(label, ", ".join(names), screen)
    table_of_types = catalog.data.resources.get(provider.id)
    if table_of_types is not None:
        kinds = Counter(rule.kind for rule in table_of_types.types)
        words = ", ".join(f"{kind} {number}" for kind, number in sorted(kinds.items()))
        yield entry("resource types", f"{len(table_of_types.types)} patterns: {words}", screen)
    if provider.endpoints:
        yield heading("SETTINGS THAT SAY WHERE IT POINTS", screen)
    for endpoint in provider.endpoints:
        where = "may point at other operators" if endpoint.reaches == "others" else "stays with the operator"
        yield item(f"{endpoint.setting}: a {endpoint.value} that {where}", screen)
        for name, target in endpoint.names.items():
            note = f". {target.note}" if target.note else ""
            yield item(f"{name}: {target.operator}{note}", screen, 4)
    if provider.infrastructure:
        yield heading("THE CLOUD BELOW IT IS NAMED IN", screen)
    for below in provider.infrastructure:
        attributes = " and ".join(filter(None, (below.cloud, below.region)))
        yield item(f"{attributes} of {', '.join(below.types)}, by the names of {below.names}", screen)
    yield from block("NOTES", (provider.notes,) if provider.notes else (), screen)
    yield from _sources(provider.sources, provider.reviewed, screen)


def _region_table(known: RegionTable, screen: Screen) -> Iterator[str]:
    yield entry("operator", known.operator or "not one company for all", screen)
    whole = "all of them" if known.complete else "those that were found; others may exist"
    yield entry("listed", f"{len(known.regions)}, {whole}", screen)
    if known.regions:
        yield ""
        rows = [
            (code, lies_in(region), "; ".join(filter(None, (place_words(region), _also_written(region)))))
            for code, region in known.regions.items()
        ]
        yield from table(("code", "country", "place"), rows, screen)
    if known.clouds:
        yield heading("CLOUDS BELOW IT", screen)
    for name, below in known.clouds.items():
        spelled = ", ".join(filter(None, (*below.names, *below.prefixes))) or "the bare names of its regions"
        yield item(f"{name}, written {spelled}: regions of {below.cloud}", screen)
    yield from _sources(known.sources, known.reviewed, screen)


def _policy(policy: Policy, levels: tuple[str, ...], screen: Screen) -> Iterator[str]:
    yield entry("title", policy.title, screen)
    yield entry("read from", policy.source, screen)
    yield entry("without a label", f"judged as {levels[policy.unlabelled]}", screen)
    yield entry("not known", f"counts as {policy.on_unknown}", screen)
    if policy.optional_rules:
        yield entry("rules turned on", ", ".join(policy.optional_rules), screen)
    word = {
        "none": "nothing about operators",
        "gaps": "about operators only what the catalog cannot tell",
        "any": "anything about operators",
    }[policy.trust.operators]
    raised = "levels may be raised" if policy.trust.levels else "no levels"
    switched = "optional rules may be turned on" if policy.trust.rules else "no switches of rules"
    yield entry("repository's word", f"{word}; {raised}; {switched}", screen)
    for level, requirement in zip(levels, policy.requirements, strict=True):
        yield from block(f"LEVEL {level}", requirement_words(requirement), screen)


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
        return _text(_operators(catalog, day, screen))
    if section == "providers":
        return _text(_providers(catalog, screen))
    if section == "regions":
        return _text(_regions(catalog, screen))
    if section == "labels":
        return _text(_labels(catalog, screen))
    raise UsageError(
        f"no section '{clean(section)}' of the catalog.",
        hint="Sections: operators, providers, regions, labels.",
    )


def _operators(catalog: Catalog, day: str, screen: Screen) -> Iterator[str]:
    rows = []
    for _id, operator in sorted(catalog.data.operators.items()):
        if operator.kind != "operator":
            continue
        countries, established = compelled_from(catalog, operator, day)
        codes = ", ".join((*countries, *(() if established else ("not established",))))
        status, test = operator.state_on(day), operator.secnumcloud_19_6
        rows.append(
            (
                operator.id,
                operator.seat.country,
                codes,
                status.state if status else "active",
                _ANSWERS[test.answer] if test else "not recorded",
                operator.name,
            )
        )
    yield from table(("id", "seat", "can be compelled by", "status", "19.6", "name"), rows, screen)
    yield ""
    yield wrap(
        f"Seat and control on {day}; the country where a region's machines stand comes on top. "
        "19.6 is SecNumCloud 3.2, section 19.6: who holds the company.",
        screen,
    )
    holders = sorted(one.id for one in catalog.data.operators.values() if one.kind == "holder")
    yield wrap(f"Holders of these, known too: {', '.join(holders)}.", screen)
    yield from _more("catalog show ID", screen)
    yield wrap(f"Catalog of {catalog.as_of}. {NO_ADVICE}", screen)


def _providers(catalog: Catalog, screen: Screen) -> Iterator[str]:
    rows = [
        (provider.id, _places(provider), ", ".join(provider.addresses))
        for provider in catalog.data.providers.values()
    ]
    yield from table(("id", "operator", "source addresses"), rows, screen)
    yield ""
    yield from _more("catalog show ID", screen)


def _regions(catalog: Catalog, screen: Screen) -> Iterator[str]:
    rows = [
        (cloud, code, lies_in(region), place_words(region))
        for cloud, known in catalog.data.regions.items()
        for code, region in known.regions.items()
    ]
    yield from table(("cloud", "code", "country", "place"), rows, screen)
    yield ""
    yield from _more("catalog show CLOUD", screen)


def _labels(catalog: Catalog, screen: Screen) -> Iterator[str]:
    words = catalog.vocabulary
    yield wrap(
        "Keys and values are compared without case, accents and separators, and shown in that form.", screen
    )
    # Spellings of one entry follow one another and share what is said of them.
    rows = [
        (
            rule.spelling,
            _READS[rule.reads],
            words.levels[rule.level] if rule.reads == "flag" else "",
            ", ".join(key for key, _rule in same),
        )
        for rule, same in groupby(words.keys.items(), key=lambda pair: pair[1])
    ]
    yield heading("KEYS", screen)
    yield from table(("key", "how it is read", "yes says", "in all its spellings"), rows, screen)
    for title, values in (("VALUES THAT SAY", words.values), ("LAWS AND STANDARDS THAT SAY", words.regimes)):
        for index, level in enumerate(words.levels):
            yield from block(
                f"{title} {level}", (", ".join(sorted(v for v, at in values.items() if at == index)),), screen
            )
    yield heading("YES AND NO", screen)
    yield entry("yes", ", ".join(dict.fromkeys(words.yes)), screen)
    yield entry("no", ", ".join(dict.fromkeys(words.no)), screen)


# -- facts of one operator in words --------------------------------------------------------------------------


class Link(msgspec.Struct, frozen=True, eq=False):
    """One step up from a company to a holder.

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
        return self.owner.control in ("sole", "joint") and self.holder is None


def links(
    catalog: Catalog, company: Operator, day: str, depth: int = 0, seen: frozenset[str] = frozenset()
) -> Iterator[Link]:
    """Walk up from a company: its controllers on a day, each followed by its own, and where that ends."""
    if company.internal and not company.ownership:
        return
    seen = seen | {company.id}
    held = [owner for owner in company.ownership if owner.holds_on(day)]
    settled = False
    for owner in held:
        if owner.holder == DISPERSED:
            settled = settled or owner.control != "not-known"
            yield Link(depth, company, owner, None)
        elif owner.control == "not-known":
            yield Link(depth, company, owner, None)
        elif owner.control in ("sole", "joint"):
            settled = True
            if owner.holder in seen:
                continue
            holder = catalog.operator(owner.holder)
            yield Link(depth, company, owner, holder)
            if holder is not None:
                yield from links(catalog, holder, day, depth + 1, seen)
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
    yield wrap(f"{legal_name(operator)} ({operator.seat.country}){seen_above}", screen, "  ")
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
    company = legal_name(link.company)
    if owner is None:
        return f"not known: who controls {company} is not established"
    source = source_words(link.company, owner.source)
    cited = f"  [{source}]" if source else ""
    if owner.holder == DISPERSED:
        note = owner.note or "no single holder has control"
        return f"nobody above {company}: {note}{cited}"
    name = f"{legal_name(link.holder)} ({link.holder.seat.country})" if link.holder else owner.holder
    parts = ", ".join(filter(None, (_CONTROL[owner.control], _shares(owner), _since(owner.since))))
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
            parts = ", ".join(filter(None, (_shares(owner), _since(owner.since))))
            yield named(_holder(catalog, owner), _sentences(parts, owner.note)), owner.source


def qualification(held: Qualification) -> str:
    """Say what a qualification covers and from when until when."""
    until = f", until {held.until}" if held.until else ""
    where = "" if not held.regions else f" Regions: {', '.join(held.regions)}."
    note = f" {held.note}" if held.note else ""
    return f"{named(held.scheme, held.scope)} ({_since(held.since)}{until}).{where}{note}"


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
    return "No answer recorded." if test is None else named(_ANSWERS[test.answer], test.grounds)


def source_words(company: Operator, key: str) -> str:
    """Return publisher, title and date of a source, marked where its text was not read; else nothing."""
    source = company.sources.get(key)
    if source is None:
        return ""
    dated = f", {source.published}" if source.published else ""
    return f"{source.publisher}, {source.title}{dated}{'' if source.read else ' (text not read by us)'}"


def legal_name(company: Operator) -> str:
    """Return the name that the law knows, where recorded."""
    return company.legal_name or company.name


def named(name: str, note: str) -> str:
    """Join a name and what is said of it."""
    return f"{name}: {note}" if note else name


def _sentences(*parts: str) -> str:
    """Join sentences, whether or not they end with a full stop."""
    said = [part for part in parts if part]
    return ". ".join((*(part.removesuffix(".") for part in said[:-1]), *said[-1:]))


def _holder(catalog: Catalog, owner: Ownership) -> str:
    if owner.holder == DISPERSED:
        return "nobody in control"
    holder = catalog.operator(owner.holder)
    return f"{holder.name} ({holder.seat.country})" if holder else owner.holder


def _shares(owner: Ownership) -> str:
    parts = (
        f"{owner.share:g} % of the capital" if owner.share is not None else "",
        f"{owner.votes:g} % of the votes" if owner.votes is not None else "",
    )
    return ", ".join(filter(None, parts))


def _from(date: str) -> str:
    return "not recorded" if date == UNKNOWN_DATE else date


def _since(date: str) -> str:
    return "since when is not recorded" if date == UNKNOWN_DATE else f"since {date}"


# -- policies, providers and regions in words ----------------------------------------------------------------


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


def _places(provider: Provider) -> str:
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


def _also_written(region: Region) -> str:
    return f"also written {', '.join(region.aliases)}" if region.aliases else ""


# -- layout --------------------------------------------------------------------------------------------------


def heading(title: str, screen: Screen) -> str:
    """Return a heading with an empty line before it."""
    return f"\n{paint(clean(title), 'bold', screen)}"


def entry(label: str, text: str, screen: Screen, colour: str | None = None) -> str:
    """Return a label and a text, in two columns; the label alone is coloured."""
    name = clean(label)
    lines = wrap(text, screen, f"  {name:<{_LABEL}}", " " * (_LABEL + 2))
    return lines.replace(name, paint(name, colour, screen), 1) if colour else lines


def item(text: str, screen: Screen, indent: int = 2) -> str:
    """Return an item of a list."""
    return wrap(text, screen, f"{' ' * indent}- ")


def block(title: str, texts: Iterable[str], screen: Screen) -> Iterator[str]:
    """Give a heading with its items or, for a single text, that text; nothing where there are none."""
    found = list(texts)
    if found:
        yield heading(title, screen)
    for text in found:
        yield item(text, screen) if len(found) > 1 else wrap(text, screen, "  ")


def table(header: Sequence[str], rows: Sequence[Sequence[str]], screen: Screen) -> Iterator[str]:
    """Give rows in aligned columns.

    The last column takes the rest of the width and is wrapped; where too little is left for its texts, these
    stand below their rows.
    """
    cleaned = [[clean(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(header, *cleaned, strict=True)]
    before = sum(widths[:-1]) + len(_GAP) * (len(widths) - 1)
    left = screen.width - before
    below = left < min(_LAST_COLUMN, widths[-1])
    yield paint(_row(header[:-1] if below else header, widths).rstrip(), "dim", screen)
    for row in cleaned:
        if not below:
            yield wrap(row[-1], screen, _row((*row[:-1], ""), widths), " " * before)
            continue
        yield _row(row[:-1], widths)
        if row[-1]:
            yield wrap(row[-1], screen, " " * 4)


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Align cells; the last column of a table is left as wide as it is."""
    aligned = [f"{cell:<{width}}" for cell, width in zip(cells, widths[:-1], strict=False)]
    return _GAP.join((*aligned, *cells[len(aligned) :]))


def _sources(sources: dict[str, Source], reviewed: str, screen: Screen) -> Iterator[str]:
    yield heading("SOURCES", screen)
    for number, source in enumerate(sources.values(), 1):
        parts = (
            source.title,
            source.publisher,
            f"published {source.published}" if source.published else "",
            f"consulted {source.consulted}" if source.consulted else "",
            source.url,
        )
        yield _numbered(number, f"{', '.join(filter(None, parts))} ({_whether_read(source.read)})", screen)
    yield wrap(f"Facts reviewed on {reviewed}. {NO_ADVICE}" if reviewed else NO_ADVICE, screen, "  ")


def _whether_read(read: bool) -> str:  # noqa: FBT001 - a field of a source
    return "text read" if read else "text not read by us"


def _numbered(number: int, text: str, screen: Screen) -> str:
    return wrap(text, screen, f"  [{number}] ", " " * 6)


def _more(command: str, screen: Screen) -> Iterator[str]:
    yield wrap(f"More: sovereign-guard {command}", screen)


def _text(lines: Iterable[str]) -> str:
    return "\n".join(line.rstrip(" ") for line in lines) + "\n"
