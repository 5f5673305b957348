"""The whole reasoning for one resource: what it is, who operates it, who can compel, and what follows."""

from __future__ import annotations

import difflib
import heapq
from collections.abc import Iterable, Iterator
from itertools import takewhile

import msgspec

from sovereign_guard.catalog import Catalog
from sovereign_guard.errors import UsageError
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
    named,
    presence,
    qualification,
    requirement_words,
    stricter_test,
    suppliers,
)
from sovereign_guard.report.layout import entry, heading, item, page
from sovereign_guard.report.words import clean, paint, wrap

_POOL = 500
"""Addresses among which close matches are looked for; in a large plan only the most alike."""

_CHANGES = {
    Change.CREATE: "create",
    Change.UPDATE: "update in place",
    Change.REPLACE: "replace",
    Change.DELETE: "delete: it leaves with this change",
    Change.FORGET: "forget: Terraform lets go of it and the data stays, so it is judged as it stood",
    Change.NO_OP: "no-op: nothing changes, so it is judged as it stands",
    Change.READ: "read",
    Change.IMPORT: "import",
}

_KINDS = {
    Kind.STORES: "stores data",
    Kind.PROCESSES: "processes data",
    Kind.TRANSPORTS: "transports data",
    Kind.KEYS: "holds keys",
    Kind.SECRETS: "holds secrets",
    Kind.TELEMETRY: "holds telemetry: logs, metrics or traces",
    Kind.NONE: "none: network plumbing, identity, or something else that holds no data",
}

_GROUNDS = {
    Ground.SEAT: "by seat",
    Ground.CONTROL: "by control",
    Ground.TERRITORY: "by territory",
    Ground.DECLARED: "as declared",
}

_STATES = {"announced": "announced on", "active": "active since", "ended": "ended on"}

_VERDICTS = {
    Verdict.PASS: ("green", "nothing that the policy forbids"),
    Verdict.FAIL: ("red", "the policy forbids this"),
    Verdict.UNKNOWN: ("yellow", "it cannot be told whether the policy allows this"),
    Verdict.WAIVED: ("yellow", "the policy forbids this, and a waiver allows it for a time"),
    Verdict.NOT_JUDGED: ("dim", "what leaves is not judged"),
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
        raise UsageError(f"no resource '{clean(wanted)}' in the input.", hint=_did_you_mean(report, wanted))
    lines: list[str] = []
    for assessment in found:
        lines += ["", ""] if lines else []
        lines += _Reasoning(report, assessment, catalog, day, screen).lines()
    lines += ["", *(wrap(warning, screen, "warning: ") for warning in report.warnings)]
    lines.append(
        wrap(
            f"Catalog of {report.catalog_as_of}, its dated facts looked at on {day}. More facts, with their "
            "sources: sovereign-guard catalog show ID. Not legal advice.",
            screen,
        )
    )
    return page(lines)


def _did_you_mean(report: Report, wanted: str) -> str:
    known = {assessment.resource.address: None for assessment in report.judged}
    instances = [address for address in known if without_keys(address) == wanted]
    if instances:
        few = ", ".join(clean(address) for address in instances[:5])
        return f"It has {len(instances)} instance{'s' if len(instances) > 1 else ''}: {few}."
    # A typo leaves most of both ends alone, which is far cheaper to see than a full comparison.
    pool = heapq.nlargest(_POOL, known, key=lambda address: _same_ends(address, wanted))
    close = difflib.get_close_matches(wanted, pool)
    if close:
        return f"Close to it: {', '.join(map(clean, close))}."
    if not known:
        return "The input holds no resource at all."
    return "Addresses are listed by: sovereign-guard scan --format json."


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

    def lines(self) -> Iterator[str]:
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

    # -- what it is ------------------------------------------------------------------------------------------

    def _what_it_is(self) -> Iterator[str]:
        resource = self._resource
        colour, _words = _VERDICTS[self._item.verdict]
        yield (
            f"{paint(clean(resource.address), 'bold', self._screen)}  "
            f"{paint(str(self._item.verdict), colour, self._screen)}"
        )
        yield ""
        yield self._entry("input", self._item.input)
        place = ":".join(str(part) for part in (resource.file, resource.line, resource.column) if part)
        if place:
            yield self._entry("written in", place)
        kind_of_block = " (a data source)" if resource.mode == "data" else ""
        yield self._entry("type", f"{resource.type}{kind_of_block}")
        yield self._entry("provider", self._provider())
        keys = [configuration.key or "the only one" for configuration in resource.configurations]
        yield self._entry("configuration", " or ".join(keys) or "not shown by the input")
        for configuration in resource.configurations:
            if configuration.unknown is not None:
                yield self._entry("", f"its settings are not known: {configuration.unknown}")
        yield self._entry("change", _CHANGES[resource.change])
        if resource.deposed:
            yield self._entry(
                "deposed", f"{resource.deposed}, an object left by a replacement, to be deleted"
            )
        yield self._entry("does with data", self._kind())
        yield self._entry("judged", self._judged())

    def _kind(self) -> str:
        kind = self._item.kind
        if kind is None:
            return "not known: the type is not in the catalog"
        seen = ", and sees it in plain text" if kind is Kind.TRANSPORTS and self._item.applicable else ""
        return f"{_KINDS[kind]}{seen}"

    def _provider(self) -> str:
        resource = self._resource
        known = self._catalog.provider(resource.provider, resource.type)
        written = resource.provider or "not said by the input"
        if known is None:
            return f"{written}, which is not in the catalog"
        by_type = "" if resource.provider else ", so the type's first word tells it"
        return f"{written}{by_type}: {known.id} in the catalog"

    def _judged(self) -> str:
        if self._resource.deposed or self._resource.change is Change.DELETE:
            return "no: it leaves with this change"
        if self._item.applicable:
            return "yes" if self._item.kind else "yes: a type that the catalog does not know is judged"
        if self._item.kind is Kind.TRANSPORTS:
            return "no: it passes data on without seeing what is in it"
        return "no: it places no data"

    # -- who operates it -------------------------------------------------------------------------------------

    def _who_operates(self) -> Iterator[str]:
        placement = self._item.placement
        yield self._heading("WHO OPERATES IT")
        if placement.places_nothing:
            yield self._entry("operator", "none: it places nothing anywhere")
        if placement.unknown_operator is not None and (len(self._ways) != 1 or not self._ways[0].missing):
            yield self._entry("not known", str(placement.unknown_operator), "yellow")
        if len(self._ways) > 1:
            yield self._entry("placements", f"{len(self._ways)} are possible, and each is judged")
        for label, way in self._labelled("operators"):
            yield self._entry(label, self._operators(way))
        for operator in self._used():
            yield from self._state(operator)
        for step in placement.evidence:
            yield self._step(step)
        told = {step.where for step in placement.evidence}
        for stated in self._report.statements.operators:
            if stated.id in placement.declared and stated.origin not in told:
                words = f"the organisation states that this is {stated.name}: {stated.reason}"
                yield self._step(Evidence(words, stated.origin))

    def _operators(self, way: Alternative) -> str:
        parts = []
        for use in way.operators:
            operator = self._catalog.operator(use.id)
            name = f"{operator.name} ({use.id})" if operator else use.id
            parts.append(f"{name}, {use.role}")
        if way.missing is not None:
            parts.append(f"{'somebody else, ' if parts else ''}not known: {way.missing}")
        place = way.region or " and ".join(way.countries)
        region = f"; in {place}" if len(self._ways) > 1 and place else ""
        own = "; the organisation's own cloud" if way.internal else ""
        return f"{'; '.join(parts) or 'not known'}{region}{own}"

    def _state(self, operator: Operator) -> Iterator[str]:
        status = operator.state_on(self._day)
        if status is not None:
            colour = None if status.state == "active" else "red"
            note = f": {status.note}" if status.note else ""
            words = f"{operator.name}, {_STATES[status.state]} {status.since}{note}"
            yield self._entry("status", f"{words}{self._cited(operator, status.source)}", colour)

    # -- who can compel --------------------------------------------------------------------------------------

    def _who_can_compel(self) -> Iterator[str]:
        if self._item.placement.places_nothing:
            return
        yield self._heading("WHO CAN COMPEL")
        exposures = dict.fromkeys(exposure for way in self._ways for exposure in way.exposures)
        for exposure in exposures:
            words = f"{exposure.evidence}{self._only_in(exposure)}"
            if exposure.ground is not Ground.TERRITORY:
                words += f"  [{exposure.source or 'no source recorded'}]"
            yield self._entry(f"{exposure.jurisdiction} {_GROUNDS[exposure.ground]}", words)
        if any(way.missing is not None for way in self._ways):
            words = "an operator is not known, so others may be able to"
            yield self._entry("not known", words, "yellow")
        for control in dict.fromkeys(way.control for way in self._ways if way.control is not None):
            yield self._entry("not known", str(control), "yellow")
        if self._used():
            yield self._heading(f"CHAIN OF CONTROL, on {self._day}")
        told: set[str] = set()
        for operator in self._used():
            yield from chain(self._catalog, operator, self._day, self._screen, told)

    def _only_in(self, exposure: Exposure) -> str:
        """Say which of several placements an exposure belongs to, where it is not all of them."""
        numbers = [str(number) for number, way in enumerate(self._ways, 1) if exposure in way.exposures]
        name = "placement" if len(numbers) == 1 else "placements"
        return "" if len(numbers) == len(self._ways) else f" ({name} {', '.join(numbers)} only)"

    # -- where it stands -------------------------------------------------------------------------------------

    def _where_it_stands(self) -> Iterator[str]:
        placement = self._item.placement
        if placement.places_nothing:
            return
        yield self._heading("WHERE IT STANDS")
        for label, way in self._labelled("country"):
            several = ", all at once" if len(way.countries) > 1 else ""
            countries = ", ".join(way.countries) or "not known"
            region = f"; region {way.region}" if way.region else ""
            yield self._entry(label, f"{countries}{several}{region}")
        if placement.unknown_region is not None:
            yield self._entry("region not known", str(placement.unknown_region), "yellow")
        if placement.unknown_country is not None:
            yield self._entry("country not known", str(placement.unknown_country), "yellow")

    # -- other facts -----------------------------------------------------------------------------------------

    def _other_facts(self) -> Iterator[str]:
        for operator in self._used():
            parts = list(self._facts_of(operator))
            if parts:
                yield self._heading(f"OTHER FACTS ABOUT {operator.name}")
                yield from parts

    def _facts_of(self, operator: Operator) -> Iterator[str]:
        requirements = self._requirements()
        counted = {
            "presence": [
                level
                for level, requirement in requirements
                if requirement.presence_counts and requirement.control is not None
            ],
            "suppliers": [
                level
                for level, requirement in requirements
                if requirement.suppliers_count and requirement.control is not None
            ],
        }
        yield from self._facts(
            operator, f"Presence elsewhere: {_counted(counted['presence'])}.", presence(operator)
        )
        yield from self._facts(
            operator, f"Technology suppliers: {_counted(counted['suppliers'])}.", suppliers(operator)
        )
        yield from self._facts(
            operator,
            "Holders without control: not counted, since they cannot decide.",
            minority_holders(self._catalog, operator, self._day),
        )
        yield from self._facts(
            operator,
            "Resellers: buying this service through a reseller, even a French one, changes nothing to who "
            "operates or controls it.",
            ((named(reseller.name, reseller.note), reseller.source) for reseller in operator.resellers),
        )
        asked = sorted({r.qualification for _level, r in requirements if r.qualification})
        rule = f"this policy asks for {' and '.join(asked)}" if asked else "this policy asks for none"
        yield from self._facts(
            operator,
            f"Qualifications: {rule}.",
            (
                (f"{qualification(held)} {self._in_force(operator, held)}", held.source)
                for held in operator.qualifications
            ),
        )
        if operator.kind == "operator" and not operator.declared:
            test = operator.secnumcloud_19_6
            yield from self._facts(
                operator,
                "SecNumCloud 3.2, section 19.6 (who holds the company; stricter than control): not counted.",
                [(stricter_test(test), test.source if test else "")],
            )
        if operator.notes:
            yield from self._facts(operator, "Notes:", [(operator.notes, "")])

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
        open_end = "" if held.until else ", as far as is recorded"
        if answers == {True}:
            return f"In force here on {self._day}{open_end}."
        if answers != {False}:
            return f"Whether it covers this resource on {self._day} is not known: the region is not."
        dates_only = msgspec.structs.replace(held, regions=None)
        if not dates_only.in_force(self._day, None):
            return f"Not in force on {self._day}."
        what = "this region" if held.regions else "regions: it is for a product"
        return f"In force on {self._day}{open_end}, but it does not cover {what}."

    # -- level and policy ------------------------------------------------------------------------------------

    def _which_level(self) -> Iterator[str]:
        classification = self._item.classification
        names = [self._report.levels[index] for index in classification.levels]
        yield self._heading("WHICH LEVEL")
        if classification.known is not None:
            yield self._entry("level", names[0])
        else:
            yield self._entry("level", f"one of {', '.join(names)}; judged as if it were each of them")
        if classification.unknown is not None:
            yield self._entry("not known", str(classification.unknown), "yellow")
        for step in (*classification.evidence, *classification.outside):
            yield self._step(step)

    def _what_is_required(self) -> Iterator[str]:
        policy = self._report.policy
        yield self._heading(f"WHAT THE POLICY REQUIRES: {policy.id} ({policy.source})")
        if not self._is_judged():
            yield item("Nothing of this resource, which is not judged.", self._screen)
            return
        for level, requirement in self._requirements():
            yield wrap(f"For {level} data:", self._screen, "  ")
            for words in requirement_words(requirement):
                yield item(words, self._screen, 4)

    # -- findings --------------------------------------------------------------------------------------------

    def _what_was_found(self) -> Iterator[str]:
        yield self._heading("VERDICT AND FINDINGS")
        verdict = self._item.verdict
        colour, words = _VERDICTS[verdict]
        if not self._is_judged() and verdict is Verdict.PASS:
            words = self._judged().removeprefix("no: ")
        yield self._entry(str(verdict), words, colour)
        for finding in self._findings():
            yield from self._finding(finding)
        if not self._findings():
            yield item("No finding.", self._screen)

    def _finding(self, finding: Finding) -> Iterator[str]:
        outcome = finding.outcome
        remarks = [
            "This change introduces it." if finding.introduced else "It stood before this change.",
            "" if outcome.placement else "It does not touch the verdict on the placement.",
            "" if outcome.counts else "It is a warning and does not decide the exit code.",
            "It is in the baseline and does not decide the exit code." if finding.in_baseline else "",
        ]
        words = " ".join(filter(None, (f"{outcome.message}.", *remarks)))
        yield wrap(
            f"{outcome.rule} {outcome.verdict}, {outcome.severity}: {words}", self._screen, "  ", "         "
        )
        if finding.waiver is not None:
            yield self._step(Evidence(finding.waiver.words, finding.waiver.where), 4)
        for step in outcome.evidence:
            yield self._step(step, 4)

    def _what_to_do(self) -> Iterator[str]:
        fired = sorted({finding.outcome.rule for finding in self._findings()})
        if fired:
            yield self._heading("WHAT TO DO")
        for rule in fired:
            yield wrap(f"{rule}: {self._report.rules[rule].fix}", self._screen, "  ", "          ")

    # -- parts -----------------------------------------------------------------------------------------------

    def _labelled(self, label: str) -> Iterator[tuple[str, Alternative]]:
        """Give the alternative placements, numbered where there are several."""
        for number, way in enumerate(self._ways, 1):
            yield (f"placement {number}" if len(self._ways) > 1 else label), way

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

    def _entry(self, label: str, text: str, colour: str | None = None) -> str:
        return entry(label, text, self._screen, colour)

    def _step(self, step: Evidence, indent: int = 2) -> str:
        where = f"  [{step.where}]" if step.where else ""
        return item(f"{step.what}{where}", self._screen, indent)


def _counted(levels: list[str]) -> str:
    return (
        f"counted by this policy for {' and '.join(levels)} data" if levels else "not counted by this policy"
    )
