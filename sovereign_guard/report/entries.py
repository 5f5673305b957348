"""All that is known of one operator, provider, region table, policy or rule, as lines of text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sovereign_guard.catalog import Catalog
from sovereign_guard.catalog.ownership import compelled_from, controllers, ultimate_controllers
from sovereign_guard.model.knowledge import Operator, Provider, Region, RegionTable, RuleText, Source
from sovereign_guard.model.policy import Policy
from sovereign_guard.model.screen import Screen
from sovereign_guard.report.facts import (
    CONTROL,
    chain,
    from_when,
    holder_words,
    lies_in,
    named,
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
from sovereign_guard.report.layout import block, entry, heading, item, numbered, table
from sovereign_guard.report.passing import provider_flows, stands_on_entry
from sovereign_guard.report.words import clean, paint, wrap

NO_ADVICE = "Facts with sources and dates, not legal advice."

_SEVERITIES = {"critical": "red", "high": "red", "medium": "yellow", "low": "dim"}


def operator_entry(catalog: Catalog, operator: Operator, day: str, screen: Screen) -> Iterator[str]:
    """Give a company: seat, owners, who can compel it, qualifications, every other fact, sources."""
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
            from_when(owner.since),
            owner.until or "now",
            holder_words(catalog, owner),
            shares(owner) or "not recorded",
            CONTROL[owner.control],
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
        words = f"{status.state} from {from_when(status.since)}{note}{marks.get(status.source, '')}"
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
        yield entry("at the top", "; ".join(f"{one.formal_name} ({one.seat.country})" for one in top), screen)
    yield entry("together", ", ".join(countries), screen)
    yield from chain(catalog, operator, day, screen)
    if operator.kind == "operator":
        yield wrap("The country where the machines of a region stand comes on top of these.", screen, "  ")


def provider_entry(catalog: Catalog, provider: Provider, screen: Screen) -> Iterator[str]:
    """Give a Terraform provider: addresses, operator, and which settings and attributes are read."""
    yield entry("addresses", ", ".join(provider.addresses), screen)
    yield entry("operator", operator_words(provider), screen)
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
    yield from stands_on_entry(provider, screen)
    if table_of_types is not None:
        yield from provider_flows(table_of_types, screen)
    yield from block("NOTES", (provider.notes,) if provider.notes else (), screen)
    yield from _sources(provider.sources, provider.reviewed, screen)


def regions_entry(known: RegionTable, screen: Screen) -> Iterator[str]:
    """Give a cloud's regions, or the clouds below a service."""
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


def policy_entry(policy: Policy, levels: tuple[str, ...], screen: Screen) -> Iterator[str]:
    """Give a policy: what each level requires, and what it takes from a repository."""
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
    waived = [
        _waivable("waivers in its configuration", policy.trust.waivers),
        _waivable("waivers in comments", policy.trust.inline_waivers),
        "a baseline of its own" if policy.trust.baseline else "no baseline of its own",
    ]
    yield entry("", "; ".join(waived), screen)
    terms = policy.waivers
    asked = ["a reason", f"an end at most {terms.max_days} days ahead"]
    asked += ["an approver"] if terms.approver else []
    yield entry("waivers must say", ", ".join(asked), screen)
    for level, requirement in zip(levels, policy.requirements, strict=True):
        yield from block(f"LEVEL {level}", requirement_words(requirement), screen)


def _waivable(what: str, rules: tuple[str, ...] | None) -> str:
    if rules is None:
        return what
    return f"{what}, of {', '.join(rules)} only" if rules else f"no {what}"


def rule_entry(rule: RuleText, screen: Screen) -> Iterator[str]:
    """Give a rule: title, why, what to do, references."""
    severity = paint(rule.severity, _SEVERITIES[rule.severity], screen)
    yield f"{paint(rule.id, 'bold', screen)}  {severity} ({clean(rule.security_severity)} of 10)"
    yield wrap(rule.title, screen)
    yield from block("WHY", (rule.why,), screen)
    yield from block("WHAT TO DO", (rule.fix,), screen)
    if rule.references:
        yield heading("REFERENCES", screen)
    for number, reference in enumerate(rule.references, 1):
        parts = [str(reference[key]) for key in ("title", "publisher", "url") if reference.get(key)]
        yield numbered(number, f"{', '.join(parts)} ({_whether_read(bool(reference.get('read')))})", screen)


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
        yield numbered(number, f"{', '.join(filter(None, parts))} ({_whether_read(source.read)})", screen)
    yield wrap(f"Facts reviewed on {reviewed}. {NO_ADVICE}" if reviewed else NO_ADVICE, screen, "  ")


def _whether_read(read: bool) -> str:  # noqa: FBT001 - a field of a source
    return "text read" if read else "text not read by us"


def _also_written(region: Region) -> str:
    return f"also written {', '.join(region.aliases)}" if region.aliases else ""
