"""What can be wrong with facts although each file is in its shape and every name leads somewhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from functools import cache
from typing import Any

import msgspec

from sovereign_guard.catalog.catalog import BACKEND, Catalog, matches
from sovereign_guard.catalog.data import NAMED, TEXTS, UNTOLD, PackedCatalog
from sovereign_guard.language import ENGLISH, LANGUAGES, say
from sovereign_guard.model.knowledge import (
    DISPERSED,
    FlowEnd,
    FlowRule,
    KeyCustody,
    Operator,
    Ownership,
    RegionTable,
    ResourceTable,
    ServiceKind,
    Source,
    begins,
)

_DAYS = 366
"""How old a review may be."""

_END = "9999-12-31"

MUST_BE_SAID = TEXTS | {"unknown"}
"""Fields whose texts must be there in every language; names may be alike in all."""


class Fault(msgspec.Struct, frozen=True, order=True):
    """What is wrong, and where; `stale`: it is only old."""

    where: str
    what: str
    stale: bool = False


def verify(catalog: Catalog, day: str) -> list[Fault]:
    """Return what is wrong with a catalog that compiles, sorted.

    Args:
        day: ISO day by which reviews may be too old.

    """
    data = catalog.data
    oldest = (date.fromisoformat(day) - timedelta(days=_DAYS)).isoformat()
    found: list[Fault] = []
    for operator in data.operators.values():
        found.extend(_of_operator(operator, oldest))
    found.extend(_circles(data.operators))
    for provider in data.providers.values():
        found.extend(_of_review(f"providers/{provider.id}", provider.reviewed, provider.sources, oldest))
    for table in data.regions.values():
        found.extend(_of_regions(table, oldest))
    for key, backend in data.backends.items():
        where = f"backends/{key.removeprefix(BACKEND)}"
        found.extend(_of_review(where, backend.provider.reviewed, backend.provider.sources, oldest))
    every = (rule.match for table in data.resources.values() for rule in table.types)
    known = _Types(match for match in every if match != "*")
    for name, resources in data.resources.items():
        found.extend(_of_types(name, resources))
        found.extend(_of_flows(catalog, name, resources, known))
    found.extend(_of_names(catalog))
    found.extend(_of_equivalents(catalog, known, oldest))
    hosts: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for pattern in data.hosts:
        hosts[pattern.host].add((pattern.operator, pattern.cloud))
    for host, answers in hosts.items():
        if len(answers) > 1:
            said = ", ".join(sorted(operator or cloud for operator, cloud in answers))
            found.append(
                Fault("endpoints", say("{host} stands twice, and says: {said}", host=host, said=said))
            )
    if not data.packed.laid_over:  # An organisation's own may be in English alone.
        for code in LANGUAGES:
            if code != ENGLISH:
                found.extend(_of_words(data.packed, code, data.words.of(code)))
    return sorted(set(found))


def _of_words(packed: PackedCatalog, code: str, words: Mapping[str, str]) -> Iterator[Fault]:
    """Give texts for people that are not in a language, and translations of what nobody says."""
    said: set[str] = set()
    sections: dict[str, Mapping[str, bytes | msgspec.Raw]] = {
        "checks": packed.rules,
        "policies": packed.policies,
        "operators": packed.operators,
        "providers": packed.providers,
        "regions": packed.regions,
        "resources": packed.resources,
        "backends": packed.backends,
        "flows": {"kinds": msgspec.msgpack.encode(packed.flows.kinds)},
    }
    for section, entries in sections.items():
        for key, raw in entries.items():
            for field, text in _texts(msgspec.msgpack.decode(raw)):
                said.add(text)
                if field in MUST_BE_SAID and text not in words:
                    shown = say("no text in {language}: {text}", language=code, text=text)
                    yield Fault(f"{section}/{key}", shown)
    for text in words:
        if text not in said:
            yield Fault("words", say("no entry says: {text}", text=text))


def _texts(node: Any) -> Iterator[tuple[str, str]]:
    """Give the texts of an entry, with the names of their fields."""
    if isinstance(node, dict):
        for key, value in node.items():
            if isinstance(value, str):
                if value and (key in MUST_BE_SAID or key in NAMED):
                    yield key, value
            elif key not in UNTOLD:
                yield from _texts(value)
    elif isinstance(node, list):
        for one in node:
            yield from _texts(one)


def _of_operator(operator: Operator, oldest: str) -> Iterator[Fault]:
    where = f"operators/{operator.id}"
    if not operator.declared:
        yield from _of_review(where, operator.reviewed, operator.sources, oldest)
    for owner in operator.ownership:
        if owner.until and begins(owner.until) <= begins(owner.since):
            yield Fault(
                where,
                say(
                    "{holder} ends ({until}) before it begins ({since})",
                    holder=owner.holder,
                    until=owner.until,
                    since=owner.since,
                ),
            )
    alone = [one for one in operator.ownership if one.control == "sole" and one.holder != DISPERSED]
    for position, one in enumerate(alone):
        for other in alone[position + 1 :]:
            if other.holder != one.holder and _overlap(one, other):
                yield Fault(
                    where,
                    say(
                        "{holder} and {other_holder} both have sole control at one time",
                        holder=one.holder,
                        other_holder=other.holder,
                    ),
                )
    days = [(begins(one.since), one.state) for one in operator.status]
    if len({day for day, _state in days}) < len(days):
        yield Fault(where, say("two states begin on the same day"))
    for held in operator.qualifications:
        if held.until and begins(held.until) <= begins(held.since):
            yield Fault(
                where,
                say(
                    "{scheme} ends ({until}) before it begins ({since})",
                    scheme=held.scheme,
                    until=held.until,
                    since=held.since,
                ),
            )


def _overlap(one: Ownership, other: Ownership) -> bool:
    ends = [begins(owner.until) if owner.until else _END for owner in (one, other)]
    return begins(one.since) < ends[1] and begins(other.since) < ends[0]


def _circles(operators: Mapping[str, Operator]) -> Iterator[Fault]:
    """Give companies that control themselves today, through others."""
    above = {
        name: {owner.holder for owner in one.ownership if owner.controls and not owner.until}
        for name, one in operators.items()
    }
    for name in above:
        waiting, seen = list(above[name]), set[str]()
        while waiting:
            at = waiting.pop()
            if at == name:
                yield Fault(f"operators/{name}", say("it controls itself, through its holders"))
                break
            if at not in seen:
                seen.add(at)
                waiting.extend(above.get(at, ()))


def _of_review(where: str, reviewed: str, sources: dict[str, Source], oldest: str) -> Iterator[Fault]:
    if not sources:
        yield Fault(where, say("no source"))
    if reviewed and reviewed < oldest:
        yield Fault(
            where,
            say("reviewed on {reviewed}, more than {days} days ago", reviewed=reviewed, days=_DAYS),
            stale=True,
        )


def _of_regions(table: RegionTable, oldest: str) -> Iterator[Fault]:
    where = f"regions/{table.cloud}"
    yield from _of_review(where, table.reviewed, table.sources, oldest)
    spelled: dict[str, str] = {}
    for code, region in table.regions.items():
        for spelling in (code, *region.aliases):
            other = spelled.setdefault(spelling.casefold(), code)
            if other != code:
                yield Fault(
                    where, say("{spelling} is {other} and {code}", spelling=spelling, other=other, code=code)
                )


def _of_types(provider: str, table: ResourceTable) -> Iterator[Fault]:
    """Give patterns that no type can reach, since another that is asked first takes all that they match."""
    where = f"resources/{provider}"
    seen: dict[str, str] = {}
    for rule in table.types:
        if rule.match in seen and seen[rule.match] != str(rule.kind):
            yield Fault(
                where,
                say(
                    "{type} stands twice, as {one} and {other}",
                    type=rule.match,
                    one=seen[rule.match],
                    other=rule.kind,
                ),
            )
        seen.setdefault(rule.match, str(rule.kind))
    patterns = [rule.match for rule in table.types if "*" in rule.match]
    for position, pattern in enumerate(patterns):
        # A pattern is itself a text that only a wider one matches.
        wider = next((one for one in patterns[:position] if one != pattern and matches(one, pattern)), None)
        if wider is not None:
            yield Fault(
                where, say("{pattern} is never asked: {wider} comes first", pattern=pattern, wider=wider)
            )


# -- flows ---------------------------------------------------------------------------------------------------


class _Types:
    """The types that tables speak of: some by name, some by pattern."""

    def __init__(self, matched: Iterable[str]) -> None:
        every = dict.fromkeys(matched)
        self._names = [one for one in every if "*" not in one]
        self._patterns = [one for one in every if "*" in one]
        self._known = set(every)
        self._found: dict[str, bool] = {}

    def meets(self, pattern: str) -> bool:
        """Whether some type can fit a pattern and one of the tables' own."""
        found = self._found.get(pattern)
        if found is None:
            found = self._found[pattern] = (
                pattern in self._known
                or ("*" in pattern and any(matches(pattern, name) for name in self._names))
                or any(_meet(pattern, one) for one in self._patterns)
            )
        return found


def _meet(one: str, other: str) -> bool:
    """Whether some name fits both of two patterns."""
    if "*" not in one:
        return matches(other, one)
    heads = one.partition("*")[0], other.partition("*")[0]
    if not (heads[0].startswith(heads[1]) or heads[1].startswith(heads[0])):
        return False

    @cache
    def rest(left: int, right: int) -> bool:
        if left == len(one) and right == len(other):
            return True
        if left < len(one) and one[left] == "*":
            return rest(left + 1, right) or (right < len(other) and rest(left, right + 1))
        if right < len(other) and other[right] == "*":
            return rest(left, right + 1) or (left < len(one) and rest(left + 1, right))
        return (
            left < len(one) and right < len(other) and one[left] == other[right] and rest(left + 1, right + 1)
        )

    return rest(0, 0)


def _of_flows(catalog: Catalog, provider: str, table: ResourceTable, known: _Types) -> Iterator[Fault]:
    """Give what flows and keys name that is no type, what they say twice, and what they need not say."""
    where = f"resources/{provider}"
    own = _Types(rule.match for rule in table.types)
    met: set[tuple[object, ...]] = set()
    entries: tuple[FlowRule | KeyCustody, ...] = (*table.flows, *table.keys)
    for entry in entries:
        what = entry.flow if isinstance(entry, FlowRule) else say("key")
        source, target = (
            (entry.source, entry.target) if isinstance(entry, FlowRule) else (entry.of, entry.key)
        )
        held = "" if isinstance(entry, FlowRule) else entry.held
        for at in entry.at:
            if not own.meets(at):
                yield Fault(where, say("{what} at {at}: the table has no such type", what=what, at=at))
            same = (at, what, held, source, target, entry.when)
            if same in met:
                yield Fault(where, say("{what} at {at} stands twice", what=what, at=at))
            met.add(same)
            if target is not None and target.provider and _is_judged(catalog, provider, at):
                yield Fault(
                    where,
                    say(
                        "{what} at {at} goes to its provider, and the type is judged itself", what=what, at=at
                    ),
                )
        for pattern in (*_types_of(source), *_types_of(target)):
            if not known.meets(pattern) and not _is_untold(catalog, pattern):
                yield Fault(
                    where,
                    say(
                        "{what} at {type} names {other}, a type of no table",
                        what=what,
                        type=entry.at[0],
                        other=pattern,
                    ),
                )


def _types_of(end: FlowEnd | None) -> tuple[str, ...]:
    return end.types if end is not None else ()


def _is_untold(catalog: Catalog, pattern: str) -> bool:
    """Whether a type is of a provider whose types no table tells of, so that all of them are judged."""
    provider = catalog.provider("", pattern) if "*" not in pattern else None
    return provider is not None and provider.id not in catalog.data.resources


def _is_judged(catalog: Catalog, provider: str, pattern: str) -> bool:
    """Whether a type is judged; of a pattern that is not asked."""
    known = catalog.data.providers.get(provider)
    return "*" not in pattern and catalog.type_facts(known, pattern).judged


def _of_names(catalog: Catalog) -> Iterator[Fault]:
    """Give the forms of names that lead to operators, or to clouds, that there are not."""
    for form in catalog.flows.names:
        where = f"flows/{form.source}"
        if form.cloud and form.cloud not in catalog.data.regions:
            yield Fault(where, say("no region table '{cloud}'", cloud=form.cloud))
        for operator in dict.fromkeys(name for names in form.operators.values() for name in names):
            if catalog.operator(operator) is None:
                yield Fault(where, say("no operator '{operator}'", operator=operator))
        if not (form.here or form.operators or "(?P<host>" in form.pattern):
            yield Fault(where, say("{pattern} says neither an operator nor a host", pattern=form.pattern))


# -- equivalents ---------------------------------------------------------------------------------------------


def _of_equivalents(catalog: Catalog, known: _Types, oldest: str) -> Iterator[Fault]:
    """Give types of no table, types of two kinds of service, and offers that say too little."""
    claimed: dict[str, str] = {}
    backends = {key.removeprefix(BACKEND) for key in catalog.data.backends}
    for kind in catalog.data.equivalents.values():
        where = f"equivalents/{kind.id}"
        # What is said of software that anybody can run is said of no company.
        if kind.sources or any(offer.operator for offer in kind.instead):
            yield from _of_review(where, kind.reviewed, kind.sources, oldest)
        for name in kind.types:
            if name in claimed:
                yield Fault(where, say("{name} is of {kind} too", name=name, kind=claimed[name]))
            claimed.setdefault(name, kind.id)
            if not (known.meets(name) or name in backends or _is_of_no_table(catalog, name)):
                yield Fault(where, say("{name} is a type of no table", name=name))
        yield from _of_offers(catalog, kind, known, where)
    for name, one in claimed.items():
        if "*" in name:
            other = next(
                (kind for wider, kind in claimed.items() if kind != one and _ties(name, wider)), None
            )
            if other is not None:
                yield Fault(
                    f"equivalents/{one}",
                    say("{name} and a pattern of {kind} take the same types", name=name, kind=other),
                )


def _is_of_no_table(catalog: Catalog, pattern: str) -> bool:
    """Whether a type or pattern is of a provider whose types no table tells of."""
    provider = catalog.provider("", pattern)
    return provider is not None and provider.id not in catalog.data.resources


def _ties(name: str, other: str) -> bool:
    """Whether neither of two patterns is the more specific, and some type can fit both."""
    same = len(name.replace("*", "")) == len(other.replace("*", ""))
    return same and "*" in other and _meet(name, other)


def _of_offers(catalog: Catalog, kind: ServiceKind, known: _Types, where: str) -> Iterator[Fault]:
    met: set[tuple[str, str, str]] = set()
    for offer in kind.instead:
        same = (offer.operator, offer.below, offer.software)
        if same in met:
            yield Fault(where, say("{name} stands twice", name=offer.operator or offer.software))
        met.add(same)
        for name in offer.types:
            if not (known.meets(name) or _is_of_no_table(catalog, name)):
                yield Fault(
                    where,
                    say(
                        "{name} of {offer} is a type of no table",
                        name=name,
                        offer=offer.operator or offer.software,
                    ),
                )
            if "*" in name:
                yield Fault(where, say("{name} is a pattern: an offer names the types to write", name=name))
            provider = catalog.provider("", name)
            below = {one.operator for one in provider.stands_on if not one.types} if provider else set()
            if offer.operator and below - {offer.below}:
                yield Fault(
                    where,
                    say(
                        "{name} stands on {operators}, which the offer does not say",
                        name=name,
                        operators=", ".join(sorted(below)),
                    ),
                )
