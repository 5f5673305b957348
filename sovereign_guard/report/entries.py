"""All that is known of one operator, provider, region table, policy or rule, as lines of text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sovereign_guard.catalog import Catalog
from sovereign_guard.catalog.ownership import compelled_from, controllers, ultimate_controllers
from sovereign_guard.language import later, say, say_many
from sovereign_guard.model.knowledge import Operator, Provider, Region, RegionTable, RuleText, Source
from sovereign_guard.model.policy import Policy
from sovereign_guard.model.screen import Screen
from sovereign_guard.report.facts import (
    CONTROL,
    chain,
    from_when,
    holder_words,
    lies_in,
    operator_words,
    place_words,
    presence,
    qualification,
    requirement_words,
    shares,
    stricter_test,
    suppliers,
    validity,
)
from sovereign_guard.report.layout import Line, block, entry, heading, item, numbered, table
from sovereign_guard.report.passing import provider_flows, stands_on_entry
from sovereign_guard.report.terms import all_of, kind_word, named, several, severity_word, source_words
from sovereign_guard.report.words import clean, paint, wrap

NO_ADVICE = later("Facts with sources and dates, not legal advice.")

STATE = {"announced": later("announced"), "active": later("active"), "ended": later("ended")}
_STATES = {
    "announced": later("announced from {day}"),
    "active": later("active from {day}"),
    "ended": later("ended from {day}"),
}
_POINTS = {
    ("others", "url"): later("{setting}: a url that may point at other operators"),
    ("others", "name"): later("{setting}: a name that may point at other operators"),
    ("others", "domain"): later("{setting}: a domain that may point at other operators"),
    ("own", "url"): later("{setting}: a url that stays with the operator"),
    ("own", "name"): later("{setting}: a name that stays with the operator"),
    ("own", "domain"): later("{setting}: a domain that stays with the operator"),
}
_TRUSTED = {
    "none": later("nothing about operators"),
    "gaps": later("about operators only what the catalog cannot tell"),
    "any": later("anything about operators"),
}
_SEVERITIES = {"critical": "red", "high": "red", "medium": "yellow", "low": "dim"}


def operator_entry(catalog: Catalog, operator: Operator, day: str, screen: Screen) -> Iterator[Line]:
    """Give a company: seat, owners, who can compel it, qualifications, every other fact, sources."""
    marks = {key: f"  [{number}]" for number, key in enumerate(operator.sources, 1)}

    def mark(key: str) -> str:
        return marks.get(key, "")

    yield entry(say("name"), operator.name)
    yield entry(say("legal name"), operator.legal_name or say("not recorded"))
    yield entry(say("seat"), f"{operator.seat.country}{mark(operator.seat.source)}")
    yield from _states(operator, day, marks)
    yield heading(say("OWNERS"), screen)
    rows = [
        (
            from_when(owner.since),
            owner.until or say("now"),
            holder_words(catalog, owner),
            shares(owner) or say("not recorded"),
            say(CONTROL[owner.control]),
            f"{owner.note}{mark(owner.source)}",
        )
        for owner in operator.ownership
    ]
    header = (say("from"), say("until"), say("holder"), say("share"), say("control"), say("note"))
    yield from table(header, rows, screen)
    yield from _compelled(catalog, operator, day, screen)
    yield from block(
        say("PRESENCE ELSEWHERE, a fact that counts only where a policy says so"),
        (f"{text}{mark(key)}" for text, key in presence(operator)),
        screen,
    )
    yield from block(
        say("TECHNOLOGY SUPPLIERS, a fact that counts only where a policy says so"),
        (f"{text}{mark(key)}" for text, key in suppliers(operator)),
        screen,
    )
    if operator.kind == "operator":
        yield heading(say("QUALIFICATIONS"), screen)
        for held in operator.qualifications:
            yield item(f"{qualification(held)} {validity(held, day)}{mark(held.source)}", screen)
        if not operator.qualifications:
            yield item(say("None recorded."), screen)
        yield heading(say("SECNUMCLOUD 3.2, SECTION 19.6 (who holds the company)"), screen)
        test = operator.secnumcloud_19_6
        yield item(f"{stricter_test(test)}{mark(test.source) if test else ''}", screen)
    yield from block(
        say("RESELLERS: buying through one changes nothing to who operates or controls the service"),
        (f"{named(other.name, other.note)}{mark(other.source)}" for other in operator.resellers),
        screen,
    )
    yield from block(
        say("MEMBERSHIPS"),
        (f"{named(other.name, other.note)}{mark(other.source)}" for other in operator.memberships),
        screen,
    )
    yield from block(say("NOTES"), (operator.notes,) if operator.notes else (), screen)
    yield from _sources(operator.sources, operator.reviewed, screen)


def _states(operator: Operator, day: str, marks: dict[str, str]) -> Iterator[Line]:
    current = operator.state_on(day)
    for position, status in enumerate(operator.status):
        words = say(_STATES[status.state], day=from_when(status.since))
        yield entry(
            "" if position else say("status"), f"{named(words, status.note)}{marks.get(status.source, '')}"
        )
    today = say("on {day}", day=day)
    if current is not None:
        yield entry(today, say(STATE[current.state]), "yellow" if current.state != "active" else None)
    elif operator.status:
        yield entry(today, say("not yet announced"))
    elif operator.kind == "operator":
        yield entry(say("status"), say("no dates recorded, taken for active"))


def _compelled(catalog: Catalog, operator: Operator, day: str, screen: Screen) -> Iterator[Line]:
    countries, established = compelled_from(catalog, operator, day)
    yield heading(say("WHO CAN COMPEL IT, on {day}", day=day), screen)
    yield entry(say("by seat"), operator.seat.country)
    yield entry(say("by control"), ", ".join(controllers(catalog, operator, day)) or say("nobody above it"))
    if not established:
        open_end = say("the chain of control has an end that is not established")
        yield entry(say("not known"), open_end, "yellow")
    top = ultimate_controllers(catalog, operator, day)
    if top:
        names = several(f"{one.formal_name} ({one.seat.country})" for one in top)
        yield entry(say("at the top"), names)
    yield entry(say("together"), ", ".join(countries))
    yield from chain(catalog, operator, day, screen)
    if operator.kind == "operator":
        on_top = say("The country where the machines of a region stand comes on top of these.")
        yield wrap(on_top, screen, "  ")


def provider_entry(catalog: Catalog, provider: Provider, screen: Screen) -> Iterator[Line]:
    """Give a Terraform provider: addresses, operator, and which settings and attributes are read."""
    yield entry(say("addresses"), ", ".join(provider.addresses))
    yield entry(say("operator"), operator_words(provider))
    if provider.cloud:
        yield entry(say("regions of"), provider.cloud)
    region, labels = provider.region, provider.labels
    for label, names in (
        (say("region in"), region.attributes),
        (say("or in settings"), region.settings),
        (say("default region"), (region.default,) if region.default else ()),
        (say("labels in"), labels.own),
        (say("merged labels in"), labels.effective),
        (say("default labels in"), labels.defaults),
    ):
        if names:
            yield entry(label, ", ".join(names))
    table_of_types = catalog.data.resources.get(provider.id)
    if table_of_types is not None:
        kinds = Counter(rule.kind for rule in table_of_types.types)
        told = say_many(
            "{number} patterns: {kinds}",
            "{number} patterns: {kinds}",
            len(table_of_types.types),
            kinds=", ".join(f"{kind_word(kind)} {number}" for kind, number in sorted(kinds.items())),
        )
        yield entry(say("resource types"), told)
    if provider.endpoints:
        yield heading(say("SETTINGS THAT SAY WHERE IT POINTS"), screen)
    for endpoint in provider.endpoints:
        yield item(say(_POINTS[endpoint.reaches, endpoint.value], setting=endpoint.setting), screen)
        for name, target in endpoint.names.items():
            note = f". {target.note}" if target.note else ""
            yield item(f"{named(name, target.operator)}{note}", screen, 4)
    if provider.infrastructure:
        yield heading(say("THE CLOUD BELOW IT IS NAMED IN"), screen)
    for below in provider.infrastructure:
        told = say(
            "{attributes} of {types}, by the names of {names}",
            attributes=all_of(filter(None, (below.cloud, below.region))),
            types=", ".join(below.types),
            names=below.names,
        )
        yield item(told, screen)
    yield from stands_on_entry(provider, screen)
    if table_of_types is not None:
        yield from provider_flows(table_of_types, screen)
    yield from block(say("NOTES"), (provider.notes,) if provider.notes else (), screen)
    yield from _sources(provider.sources, provider.reviewed, screen)


def regions_entry(known: RegionTable, screen: Screen) -> Iterator[Line]:
    """Give a cloud's regions, or the clouds below a service."""
    yield entry(say("operator"), known.operator or say("not one company for all"))
    number = len(known.regions)
    listed = (
        say("{number}, all of them", number=number)
        if known.complete
        else say("{number}, those that were found; others may exist", number=number)
    )
    yield entry(say("listed"), listed)
    if known.regions:
        yield ""
        rows = [
            (code, lies_in(region), several((place_words(region), _also_written(region))))
            for code, region in known.regions.items()
        ]
        yield from table((say("code"), say("country"), say("place")), rows, screen)
    if known.clouds:
        yield heading(say("CLOUDS BELOW IT"), screen)
    for name, below in known.clouds.items():
        spelled = ", ".join(filter(None, (*below.names, *below.prefixes)))
        spelled = spelled or say("the bare names of its regions")
        told = say(
            "{name}, written {spelled}: regions of {cloud}", name=name, spelled=spelled, cloud=below.cloud
        )
        yield item(told, screen)
    yield from _sources(known.sources, known.reviewed, screen)


def policy_entry(policy: Policy, levels: tuple[str, ...], screen: Screen) -> Iterator[Line]:
    """Give a policy: what each level requires, and what it takes from a repository."""
    yield entry(say("title"), policy.title)
    yield entry(say("read from"), source_words(policy))
    yield entry(say("without a label"), say("judged as {level}", level=levels[policy.unlabelled]))
    yield entry(say("not known"), say("counts as {effect}", effect=policy.on_unknown))
    if policy.optional_rules:
        yield entry(say("rules turned on"), ", ".join(policy.optional_rules))
    trust = policy.trust
    taken = (
        say(_TRUSTED[trust.operators]),
        say("levels may be raised") if trust.levels else say("no levels"),
        say("optional rules may be turned on") if trust.rules else say("no switches of rules"),
    )
    yield entry(say("repository's word"), several(taken))
    waived = (
        _waivers_taken(trust.waivers),
        _comments_taken(trust.inline_waivers),
        say("a baseline of its own") if trust.baseline else say("no baseline of its own"),
    )
    yield entry("", several(waived))
    terms = policy.waivers
    ahead = say_many(
        "an end at most {number} days ahead", "an end at most {number} days ahead", terms.max_days
    )
    asked = [say("a reason"), ahead]
    asked += [say("an approver")] if terms.approver else []
    yield entry(say("waivers must say"), ", ".join(asked))
    for level, requirement in zip(levels, policy.requirements, strict=True):
        yield from block(say("LEVEL {level}", level=level), requirement_words(requirement), screen)


def _waivers_taken(rules: tuple[str, ...] | None) -> str:
    if rules is None:
        return say("waivers in its configuration")
    if rules:
        return say("waivers in its configuration, of {rules} only", rules=", ".join(rules))
    return say("no waivers in its configuration")


def _comments_taken(rules: tuple[str, ...] | None) -> str:
    if rules is None:
        return say("waivers in comments")
    if rules:
        return say("waivers in comments, of {rules} only", rules=", ".join(rules))
    return say("no waivers in comments")


def rule_entry(rule: RuleText, screen: Screen) -> Iterator[str]:
    """Give a rule: title, why, what to do, references."""
    severity = paint(severity_word(rule.severity), _SEVERITIES[rule.severity], screen)
    weight = say("{score} of 10", score=clean(rule.security_severity))
    yield f"{paint(rule.id, 'bold', screen)}  {severity} ({weight})"
    yield wrap(rule.title, screen)
    yield from block(say("WHY"), (rule.why,), screen)
    yield from block(say("WHAT TO DO"), (rule.fix,), screen)
    if rule.references:
        yield heading(say("REFERENCES"), screen)
    for number, reference in enumerate(rule.references, 1):
        parts = [str(reference[key]) for key in ("title", "publisher", "url") if reference.get(key)]
        yield numbered(number, f"{', '.join(parts)} ({_whether_read(bool(reference.get('read')))})", screen)


def _sources(sources: dict[str, Source], reviewed: str, screen: Screen) -> Iterator[str]:
    yield heading(say("SOURCES"), screen)
    for number, source in enumerate(sources.values(), 1):
        parts = (
            source.title,
            source.publisher,
            say("published {day}", day=source.published) if source.published else "",
            say("consulted {day}", day=source.consulted) if source.consulted else "",
            source.url,
        )
        yield numbered(number, f"{', '.join(filter(None, parts))} ({_whether_read(source.read)})", screen)
    reviewed_on = say("Facts reviewed on {day}.", day=reviewed) if reviewed else ""
    yield wrap(" ".join(filter(None, (reviewed_on, say(NO_ADVICE)))), screen, "  ")


def _whether_read(read: bool) -> str:  # noqa: FBT001 - a field of a source
    return say("text read") if read else say("text not read by us")


def _also_written(region: Region) -> str:
    return say("also written {names}", names=", ".join(region.aliases)) if region.aliases else ""
