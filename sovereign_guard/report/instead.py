"""What may stand in the place of what fails, in the reports that speak of findings one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from sovereign_guard.language import ENGLISH, language, say
from sovereign_guard.model.finding import Assessment, Finding, Report, Verdict
from sovereign_guard.model.instead import Choice, Instead
from sovereign_guard.model.knowledge import Offer, ServiceKind
from sovereign_guard.model.screen import Screen
from sovereign_guard.report.layout import heading, item
from sovereign_guard.report.words import wrap

_SAYS = frozenset({"SOV001", "SOV002", "SOV004", "SOV005", "SOV006", "SOV008", "SOV009"})
"""Rules whose findings ask for another place."""

_FEW = 4
"""Offers that one line names; regions up to which they are named, and not their countries."""


class ChoiceV1(msgspec.Struct):
    """An offer, as a finding in JSON has it: in few words, since thousands of findings may.

    Attributes:
        operator: None for software that one runs oneself, which `software` names (empty otherwise).
        service: id of the kind of service.

    """

    operator: str | None
    types: list[str]
    service: str
    software: str


def section(report: Report, assessment: Assessment, screen: Screen) -> Iterator[str]:
    """Give the section of an explanation: every offer that the policy would pass, with what is lost."""
    place = (assessment.input, assessment.resource.address, assessment.resource.deposed)
    if place not in report.replaceable:
        return
    yield heading(say("WHAT TO USE INSTEAD"), screen)
    found = report.instead.get(place)
    if found is None:
        words = say(
            "The catalog knows nothing that stands in the place of {type}.", type=assessment.resource.type
        )
        yield item(words, screen)
        return
    yield wrap(say("Kind of service: {name}.", name=name_of(found.kind)), screen, "  ")
    yield from choices_in_words(found, screen)


def choices_in_words(found: Instead, screen: Screen) -> Iterator[str]:
    """Give every offer with where it may stand and what is lost."""
    if not found.choices:
        yield item(say("The catalog knows no offer that this policy would pass."), screen)
        return
    if all(choice.offer.self_run for choice in found.choices):
        words = say("The catalog knows no operator of it that this policy would pass; there is software.")
        yield wrap(words, screen, "  ")
    for choice in found.choices:
        yield item(f"{_headline(choice)}. {lost_with(choice.offer)}", screen)


def _headline(choice: Choice) -> str:
    offer = choice.offer
    types = ", ".join(offer.types)
    if offer.self_run:
        where = say("run by yourselves, in the organisation's own cloud or with an operator that passes")
        name = called(choice)
        return say("{name}: {what}", name=f"{name} ({types})" if types else name, what=where)
    return say("{name}: {what}", name=choice.name, what=f"{types}{_place(choice)}")


def _place(choice: Choice) -> str:
    if len(choice.regions) in range(1, _FEW + 1):
        return " " + say("(regions: {regions})", regions=", ".join(choice.regions))
    if choice.countries:
        return " " + say("(regions in {countries})", countries=", ".join(choice.countries))
    return ""


def in_one_line(
    report: Report, finding: Finding, proposed: set[tuple[str, str]], screen: Screen
) -> Iterator[str]:
    """Give a line that names offers below a finding, once for a rule and a kind of service.

    Args:
        proposed: what has been said, to which this is added.

    """
    found = _of(report, finding)
    if found is None or not found.choices:
        return
    said = (finding.outcome.rule, f"{found.kind.id} {found.levels}")
    if said in proposed:
        return
    proposed.add(said)
    named = [
        f"{choice.offer.types[0]} ({called(choice)})" if choice.offer.types else called(choice)
        for choice in found.choices[:_FEW]
    ]
    more = ", ..." if len(found.choices) > _FEW else ""
    words = say(
        "instead: {offers}; what is lost: sovereign-guard suggest", offers=f"{', '.join(named)}{more}"
    )
    yield wrap(words, screen, "      ", "        ")


def offers(report: Report, finding: Finding) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return the name of the kind of service of a finding, and each offer with what is lost with it."""
    found = _of(report, finding)
    if found is None:
        return "", ()
    told = ((_headline(choice), lost_with(choice.offer)) for choice in found.choices)
    return name_of(found.kind), tuple(told)


def proposals(report: Report) -> Callable[[Finding], bytes]:
    """Return what writes the member `instead` of a finding in JSON; empty where there are no offers."""
    written: dict[int, bytes] = {}

    def member(finding: Finding) -> bytes:
        found = _of(report, finding)
        if found is None or not found.choices:
            return b',"instead":[]'
        text = written.get(id(found))
        if text is None:
            text = written[id(found)] = b',"instead":' + msgspec.json.encode(_in_json(found))
        return text

    return member


def _in_json(found: Instead) -> list[ChoiceV1]:
    return [
        ChoiceV1(
            operator=choice.offer.operator or None,
            types=list(choice.offer.types),
            service=found.kind.id,
            software=choice.offer.software,
        )
        for choice in found.choices
    ]


def name_of(kind: ServiceKind) -> str:
    """Return the name of a kind of service in the language that is spoken."""
    return kind.name if language() == ENGLISH else kind.fr.name


def called(choice: Choice) -> str:
    """Return the name of an offer's operator or software in the language that is spoken."""
    return choice.name if language() == ENGLISH else choice.offer.fr.software or choice.name


def lost_with(offer: Offer) -> str:
    """Return what is lost with an offer, in the language that is spoken."""
    return offer.lost if language() == ENGLISH else offer.fr.lost


def _of(report: Report, finding: Finding) -> Instead | None:
    outcome = finding.outcome
    if not report.instead or outcome.rule not in _SAYS or outcome.verdict is not Verdict.FAIL:
        return None
    if finding.waiver is not None or outcome.elsewhere:
        return None
    return report.instead.get((finding.input, finding.address, finding.deposed))
