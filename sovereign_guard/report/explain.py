"""The whole reasoning for one resource: what it is, who operates it, who can compel, and what follows."""

from __future__ import annotations

import difflib
import heapq
from collections.abc import Iterable, Iterator
from itertools import takewhile

import msgspec

from sovereign_guard.catalog import Catalog
from sovereign_guard.errors import UsageError
from sovereign_guard.language import later, say, say_many
from sovereign_guard.model.address import without_keys
from sovereign_guard.model.classification import Kind
from sovereign_guard.model.finding import Assessment, Finding, Report, Verdict
from sovereign_guard.model.knowledge import Operator, Qualification
from sovereign_guard.model.placement import Alternative, Exposure, Ground
from sovereign_guard.model.policy import Requirement
from sovereign_guard.model.resource import Change
from sovereign_guard.model.screen import Screen
from sovereign_guard.model.value import Evidence
from sovereign_guard.report.facts import (
    chain,
    minority_holders,
    presence,
    qualification,
    requirement_words,
    stricter_test,
    suppliers,
)
from sovereign_guard.report.instead import section
from sovereign_guard.report.layout import Line, advice, entry, heading, item, page
from sovereign_guard.report.terms import (
    all_of,
    any_of,
    named,
    role_word,
    several,
    severity_word,
    source_words,
    verdict_word,
)
from sovereign_guard.report.words import clean, paint, wrap

_POOL = 500
"""Addresses among which close matches are looked for; in a large plan only the most alike."""

_CHANGES = {
    Change.CREATE: later("create"),
    Change.UPDATE: later("update in place"),
    Change.REPLACE: later("replace"),
    Change.DELETE: later("delete: it leaves with this change"),
    Change.FORGET: later("forget: Terraform lets go of it and the data stays, so it is judged as it stood"),
    Change.NO_OP: later("no-op: nothing changes, so it is judged as it stands"),
    Change.READ: later("read"),
    Change.IMPORT: later("import"),
}

_KINDS = {
    Kind.STORES: later("stores data"),
    Kind.PROCESSES: later("processes data"),
    Kind.TRANSPORTS: later("transports data"),
    Kind.KEYS: later("holds keys"),
    Kind.SECRETS: later("holds secrets"),
    Kind.TELEMETRY: later("holds telemetry: logs, metrics or traces"),
    Kind.NONE: later("none: network plumbing, identity, or something else that holds no data"),
}

_GROUNDS = {
    Ground.SEAT: later("{country} by seat"),
    Ground.CONTROL: later("{country} by control"),
    Ground.TERRITORY: later("{country} by territory"),
    Ground.DECLARED: later("{country} as declared"),
}

_STATES = {
    "announced": later("{operator}, announced on {day}"),
    "active": later("{operator}, active since {day}"),
    "ended": later("{operator}, ended on {day}"),
}

_VERDICTS = {
    Verdict.PASS: ("green", later("nothing that the policy forbids")),
    Verdict.FAIL: ("red", later("the policy forbids this")),
    Verdict.UNKNOWN: ("yellow", later("it cannot be told whether the policy allows this")),
    Verdict.WAIVED: ("yellow", later("the policy forbids this, and a waiver allows it for a time")),
    Verdict.NOT_JUDGED: ("dim", later("what leaves is not judged")),
}


def explain(report: Report, address: str, catalog: Catalog, day: str, screen: Screen) -> str:
    """Tell everything that led to the verdict on one resource.

    Args:
        report: the judged inputs.
        address: of an instance, as Terraform writes it. Every input and deposed object that has it is told.
        catalog: by which they were judged.
        day: ISO day on which dated facts were looked at.
        screen: what the text is for.

    Raises:
        UsageError: no resource has that address.

    """
    wanted = address.strip()
    found = [assessment for assessment in report.judged if assessment.resource.address == wanted]
    if not found:
        raise UsageError(
            say("no resource '{address}' in the input.", address=clean(wanted)),
            hint=_did_you_mean(report, wanted),
        )
    lines: list[Line] = []
    for assessment in found:
        lines += ["", ""] if lines else []
        lines += _Reasoning(report, assessment, catalog, day, screen).lines()
    lines += ["", *(wrap(warning, screen, say("warning: ")) for warning in report.warnings)]
    lines.append(
        wrap(
            say(
                "Catalog of {catalog}, its dated facts looked at on {day}. More facts, with their sources: "
                "sovereign-guard catalog show ID. Not legal advice.",
                catalog=report.catalog_as_of,
                day=day,
            ),
            screen,
        )
    )
    return page(lines, screen)


def _did_you_mean(report: Report, wanted: str) -> str:
    known = {assessment.resource.address: None for assessment in report.judged}
    instances = [address for address in known if without_keys(address) == wanted]
    if instances:
        few = ", ".join(clean(address) for address in instances[:5])
        return say_many(
            "It has {number} instance: {names}.",
            "It has {number} instances: {names}.",
            len(instances),
            names=few,
        )
    # A typo leaves most of both ends alone, which is far cheaper to see than a full comparison.
    pool = heapq.nlargest(_POOL, known, key=lambda address: _same_ends(address, wanted))
    close = difflib.get_close_matches(wanted, pool)
    if close:
        return say("Close to it: {names}.", names=", ".join(map(clean, close)))
    if not known:
        return say("The input holds no resource at all.")
    return say("Addresses are listed by: sovereign-guard scan --format json.")


def _same_ends(one: str, other: str) -> int:
    return _same_start(one, other) + _same_start(one[::-1], other[::-1])


def _same_start(one: str, other: str) -> int:
    return sum(1 for _pair in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


class _Reasoning:
    """The reasoning for one assessment, section by section."""

    def __init__(
        self, report: Report, assessment: Assessment, catalog: Catalog, day: str, screen: Screen
    ) -> None:
        self._report = report
        self._item = assessment
        self._resource = assessment.resource
        self._ways = assessment.placement.alternatives
        self._catalog = catalog
        self._day = day
        self._screen = screen

    def lines(self) -> Iterator[Line]:
        """Give the text, in the order of the reasoning."""
        yield from self._what_it_is()
        yield from self._who_operates()
        yield from self._who_can_compel()
        yield from self._where_it_stands()
        yield from self._other_facts()
        yield from self._which_level()
        yield from self._what_is_required()
        yield from self._what_was_found()
        yield from self._what_to_do()
        yield from section(self._report, self._item, self._screen)

    # -- what it is ------------------------------------------------------------------------------------------

    def _what_it_is(self) -> Iterator[Line]:
        resource = self._resource
        colour, _words = _VERDICTS[self._item.verdict]
        yield (
            f"{paint(clean(resource.address), 'bold', self._screen)}  "
            f"{paint(verdict_word(self._item.verdict), colour, self._screen)}"
        )
        yield ""
        yield entry(say("input"), self._item.input)
        place = ":".join(str(part) for part in (resource.file, resource.line, resource.column) if part)
        if place:
            yield entry(say("written in"), place)
        data = resource.mode == "data"
        yield entry(say("type"), say("{type} (a data source)", type=resource.type) if data else resource.type)
        yield entry(say("provider"), self._provider())
        keys = [configuration.key or say("the only one") for configuration in resource.configurations]
        yield entry(say("configuration"), any_of(keys) or say("not shown by the input"))
        for configuration in resource.configurations:
            if configuration.unknown is not None:
                yield entry("", say("its settings are not known: {why}", why=configuration.unknown))
        yield entry(say("change"), say(_CHANGES[resource.change]))
        if resource.deposed:
            yield entry(
                "deposed", say("{key}, an object left by a replacement, to be deleted", key=resource.deposed)
            )
        yield entry(say("does with data"), self._kind())
        yield entry(say("judged"), self._judged())

    def _kind(self) -> str:
        kind = self._item.kind
        if kind is None:
            return say("not known: the type is not in the catalog")
        if kind is Kind.TRANSPORTS and self._item.applicable:
            return say("transports data, and sees it in plain text")
        return say(_KINDS[kind])

    def _provider(self) -> str:
        resource = self._resource
        known = self._catalog.provider(resource.provider, resource.type)
        written = resource.provider
        if known is None:
            if not written:
                return say("not said by the input, and not in the catalog")
            return say("{provider}, which is not in the catalog", provider=written)
        if not written:
            return say(
                "not said by the input, so the type's first word tells it: {id} in the catalog", id=known.id
            )
        return say("{provider}: {id} in the catalog", provider=written, id=known.id)

    def _judged(self) -> str:
        leaves = self._resource.deposed or self._resource.change is Change.DELETE
        if leaves or not self._item.applicable:
            return say("no: {why}", why=self._why_not_judged())
        if self._item.kind:
            return say("yes")
        return say("yes: a type that the catalog does not know is judged")

    def _why_not_judged(self) -> str:
        if self._resource.deposed or self._resource.change is Change.DELETE:
            return say("it leaves with this change")
        if self._item.kind is Kind.TRANSPORTS:
            return say("it passes data on without seeing what is in it")
        return say("it places no data")

    # -- who operates it -------------------------------------------------------------------------------------

    def _who_operates(self) -> Iterator[Line]:
        placement = self._item.placement
        yield self._heading(say("WHO OPERATES IT"))
        if placement.places_nothing:
            yield entry(say("operator"), say("none: it places nothing anywhere"))
        if placement.unknown_operator is not None and (len(self._ways) != 1 or not self._ways[0].missing):
            yield entry(say("not known"), str(placement.unknown_operator), "yellow")
        if len(self._ways) > 1:
            yield entry(
                say("placements"), say("{number} are possible, and each is judged", number=len(self._ways))
            )
        for label, way in self._labelled(say("operators")):
            yield entry(label, self._operators(way))
        for operator in self._used():
            yield from self._state(operator)
        for step in placement.evidence:
            yield self._step(step)
        told = {step.where for step in placement.evidence}
        for stated in self._report.statements.operators:
            if stated.id in placement.declared and stated.origin not in told:
                words = say(
                    "the organisation states that this is {name}: {reason}",
                    name=stated.name,
                    reason=stated.reason,
                )
                yield self._step(Evidence(words, stated.origin))

    def _operators(self, way: Alternative) -> str:
        parts = []
        for use in way.operators:
            operator = self._catalog.operator(use.id)
            name = f"{operator.name} ({use.id})" if operator else use.id
            parts.append(f"{name}, {role_word(use.role)}")
        if way.missing is not None:
            why = str(way.missing)
            parts.append(
                say("somebody else, not known: {why}", why=why) if parts else say("not known: {why}", why=why)
            )
        parts = parts or [say("not known")]
        place = way.region or all_of(way.countries)
        if len(self._ways) > 1 and place:
            parts.append(say("in {place}", place=place))
        if way.internal:
            parts.append(say("the organisation's own cloud"))
        return several(parts)

    def _state(self, operator: Operator) -> Iterator[Line]:
        status = operator.state_on(self._day)
        if status is not None:
            colour = None if status.state == "active" else "red"
            words = say(_STATES[status.state], operator=operator.name, day=status.since)
            words = named(words, status.note)
            yield entry(say("status"), f"{words}{self._cited(operator, status.source)}", colour)

    # -- who can compel --------------------------------------------------------------------------------------

    def _who_can_compel(self) -> Iterator[Line]:
        if self._item.placement.places_nothing:
            return
        yield self._heading(say("WHO CAN COMPEL"))
        exposures = dict.fromkeys(exposure for way in self._ways for exposure in way.exposures)
        for exposure in exposures:
            words = f"{exposure.evidence}{self._only_in(exposure)}"
            if exposure.ground is not Ground.TERRITORY:
                source = exposure.source or say("no source recorded")
                words = f"{words}  [{source}]"
            yield entry(say(_GROUNDS[exposure.ground], country=exposure.jurisdiction), words)
        if any(way.missing is not None for way in self._ways):
            words = say("an operator is not known, so others may be able to")
            yield entry(say("not known"), words, "yellow")
        for control in dict.fromkeys(way.control for way in self._ways if way.control is not None):
            yield entry(say("not known"), str(control), "yellow")
        if self._used():
            yield self._heading(say("CHAIN OF CONTROL, on {day}", day=self._day))
        told: set[str] = set()
        for operator in self._used():
            yield from chain(self._catalog, operator, self._day, self._screen, told)

    def _only_in(self, exposure: Exposure) -> str:
        """Say which of several placements an exposure belongs to, where it is not all of them."""
        numbers = [str(number) for number, way in enumerate(self._ways, 1) if exposure in way.exposures]
        if len(numbers) == len(self._ways):
            return ""
        told = say_many(
            "placement {numbers} only", "placements {numbers} only", len(numbers), numbers=", ".join(numbers)
        )
        return f" ({told})"

    # -- where it stands -------------------------------------------------------------------------------------

    def _where_it_stands(self) -> Iterator[Line]:
        placement = self._item.placement
        if placement.places_nothing:
            return
        yield self._heading(say("WHERE IT STANDS"))
        for label, way in self._labelled(say("country")):
            countries = ", ".join(way.countries) or say("not known")
            if len(way.countries) > 1:
                countries = say("{countries}, all at once", countries=countries)
            region = say("region {code}", code=way.region) if way.region else ""
            yield entry(label, several((countries, region)))
        if placement.unknown_region is not None:
            yield entry(say("region not known"), str(placement.unknown_region), "yellow")
        if placement.unknown_country is not None:
            yield entry(say("country not known"), str(placement.unknown_country), "yellow")

    # -- other facts -----------------------------------------------------------------------------------------

    def _other_facts(self) -> Iterator[Line]:
        for operator in self._used():
            parts = list(self._facts_of(operator))
            if parts:
                yield self._heading(say("OTHER FACTS ABOUT {operator}", operator=operator.name))
                yield from parts

    def _facts_of(self, operator: Operator) -> Iterator[Line]:
        requirements = self._requirements()
        controlled = [(level, one) for level, one in requirements if one.control is not None]
        levels = all_of(level for level, one in controlled if one.presence_counts)
        title = (
            say("Presence elsewhere: counted by this policy for {levels} data.", levels=levels)
            if levels
            else say("Presence elsewhere: not counted by this policy.")
        )
        yield from self._facts(operator, title, presence(operator))
        levels = all_of(level for level, one in controlled if one.suppliers_count)
        title = (
            say("Technology suppliers: counted by this policy for {levels} data.", levels=levels)
            if levels
            else say("Technology suppliers: not counted by this policy.")
        )
        yield from self._facts(operator, title, suppliers(operator))
        yield from self._facts(
            operator,
            say("Holders without control: not counted, since they cannot decide."),
            minority_holders(self._catalog, operator, self._day),
        )
        yield from self._facts(
            operator,
            say(
                "Resellers: buying this service through a reseller, even a French one, changes nothing to "
                "who operates or controls it."
            ),
            ((named(reseller.name, reseller.note), reseller.source) for reseller in operator.resellers),
        )
        asked = sorted({r.qualification for _level, r in requirements if r.qualification})
        yield from self._facts(
            operator,
            say("Qualifications: this policy asks for {schemes}.", schemes=all_of(asked))
            if asked
            else say("Qualifications: this policy asks for none."),
            (
                (f"{qualification(held)} {self._in_force(operator, held)}", held.source)
                for held in operator.qualifications
            ),
        )
        if operator.kind == "operator" and not operator.declared:
            test = operator.secnumcloud_19_6
            yield from self._facts(
                operator,
                say(
                    "SecNumCloud 3.2, section 19.6 (who holds the company; stricter than control): "
                    "not counted."
                ),
                [(stricter_test(test), test.source if test else "")],
            )
        if operator.notes:
            yield from self._facts(operator, say("Notes:"), [(operator.notes, "")])

    def _facts(self, operator: Operator, title: str, facts: Iterable[tuple[str, str]]) -> Iterator[str]:
        found = list(facts)
        if found:
            yield wrap(title, self._screen, "  ")
        for words, source in found:
            yield item(f"{words}{self._cited(operator, source)}", self._screen, 4)

    def _in_force(self, operator: Operator, held: Qualification) -> str:
        """Say whether a qualification covers this resource on the day, as the judge asks it."""
        ways = [way for way in self._ways if any(use.id == operator.id for use in way.operators)]
        answers = {held.in_force(self._day, way.region) for way in ways}
        day = self._day
        if answers == {True}:
            if held.until:
                return say("In force here on {day}.", day=day)
            return say("In force here on {day}, as far as is recorded.", day=day)
        if answers != {False}:
            return say("Whether it covers this resource on {day} is not known: the region is not.", day=day)
        dates_only = msgspec.structs.replace(held, regions=None)
        if not dates_only.in_force(self._day, None):
            return say("Not in force on {day}.", day=day)
        if held.regions and held.until:
            return say("In force on {day}, but it does not cover this region.", day=day)
        if held.regions:
            return say(
                "In force on {day}, as far as is recorded, but it does not cover this region.", day=day
            )
        if held.until:
            return say("In force on {day}, but it does not cover regions: it is for a product.", day=day)
        return say(
            "In force on {day}, as far as is recorded, but it does not cover regions: it is for a product.",
            day=day,
        )

    # -- level and policy ------------------------------------------------------------------------------------

    def _which_level(self) -> Iterator[Line]:
        classification = self._item.classification
        names = [self._report.levels[index] for index in classification.levels]
        yield self._heading(say("WHICH LEVEL"))
        if classification.known is not None:
            yield entry(say("level"), names[0])
        else:
            yield entry(
                say("level"),
                say("one of {levels}; judged as if it were each of them", levels=", ".join(names)),
            )
        if classification.unknown is not None:
            yield entry(say("not known"), str(classification.unknown), "yellow")
        for step in (*classification.evidence, *classification.outside):
            yield self._step(step)

    def _what_is_required(self) -> Iterator[Line]:
        policy = self._report.policy
        yield self._heading(
            say(
                "WHAT THE POLICY REQUIRES: {policy} ({source})",
                policy=policy.id,
                source=source_words(policy),
            )
        )
        if not self._is_judged():
            yield item(say("Nothing of this resource, which is not judged."), self._screen)
            return
        for level, requirement in self._requirements():
            yield wrap(say("For {level} data:", level=level), self._screen, "  ")
            for words in requirement_words(requirement):
                yield item(words, self._screen, 4)

    # -- findings --------------------------------------------------------------------------------------------

    def _what_was_found(self) -> Iterator[Line]:
        yield self._heading(say("VERDICT AND FINDINGS"))
        verdict = self._item.verdict
        colour, told = _VERDICTS[verdict]
        excused = not self._is_judged() and verdict is Verdict.PASS
        yield entry(verdict_word(verdict), self._why_not_judged() if excused else say(told), colour)
        for finding in self._findings():
            yield from self._finding(finding)
        if not self._findings():
            yield item(say("No finding."), self._screen)

    def _finding(self, finding: Finding) -> Iterator[str]:
        outcome = finding.outcome
        remarks = [
            say("This change introduces it.") if finding.introduced else say("It stood before this change."),
            "" if outcome.placement else say("It does not touch the verdict on the placement."),
            "" if outcome.counts else say("It is a warning and does not decide the exit code."),
            say("It is in the baseline and does not decide the exit code.") if finding.in_baseline else "",
        ]
        told = say(
            "{rule} {verdict}, {severity}: {text}",
            rule=outcome.rule,
            verdict=verdict_word(outcome.verdict),
            severity=severity_word(outcome.severity),
            text=" ".join(filter(None, (f"{outcome.message}.", *remarks))),
        )
        yield wrap(told, self._screen, "  ", "         ")
        if finding.waiver is not None:
            yield self._step(Evidence(finding.waiver.words, finding.waiver.where), 4)
        for step in outcome.evidence:
            yield self._step(step, 4)

    def _what_to_do(self) -> Iterator[Line]:
        fired = sorted({finding.outcome.rule for finding in self._findings()})
        if fired:
            yield self._heading(say("WHAT TO DO"))
        for rule in fired:
            yield advice(rule, self._report.rules[rule].fix, self._screen)

    # -- parts -----------------------------------------------------------------------------------------------

    def _labelled(self, label: str) -> Iterator[tuple[str, Alternative]]:
        """Give the alternative placements, numbered where there are several."""
        for number, way in enumerate(self._ways, 1):
            yield (say("placement {number}", number=number) if len(self._ways) > 1 else label), way

    def _used(self) -> list[Operator]:
        """Return the operators of all alternatives, in the order in which they were named."""
        ids = dict.fromkeys(use.id for way in self._ways for use in way.operators)
        return [operator for name in ids if (operator := self._catalog.operator(name)) is not None]

    def _requirements(self) -> list[tuple[str, Requirement]]:
        requirements = self._report.policy.requirements
        return [
            (self._report.levels[index], requirements[index]) for index in self._item.classification.levels
        ]

    def _findings(self) -> list[Finding]:
        here = (self._item.input, self._resource.address, self._resource.deposed)
        return [
            finding
            for finding in self._report.findings
            if (finding.input, finding.address, finding.deposed) == here
        ]

    def _is_judged(self) -> bool:
        return self._item.applicable and self._item.verdict is not Verdict.NOT_JUDGED

    def _cited(self, operator: Operator, source: str) -> str:
        words = operator.cited(source)
        return f"  [{words}]" if words else ""

    def _heading(self, title: str) -> str:
        return heading(title, self._screen)

    def _step(self, step: Evidence, indent: int = 2) -> str:
        where = f"  [{step.where}]" if step.where else ""
        return item(f"{step.what}{where}", self._screen, indent)
