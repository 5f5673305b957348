"""SOV002: sensitive data on a territory that the policy does not allow."""

from __future__ import annotations

from sovereign_guard.judge.case import Case, Ruling
from sovereign_guard.language import say
from sovereign_guard.model.finding import Verdict
from sovereign_guard.model.placement import Alternative
from sovereign_guard.model.policy import Requirement
from sovereign_guard.model.wording import either


def check(case: Case) -> Ruling | None:
    """Fail where every candidate lies where it must not; what is open is SOV003's to tell."""
    if case.decide(judge) is not Verdict.FAIL:
        return None
    countries = sorted(
        {
            country
            for requirement in case.requirements()
            for way in case.placement.alternatives
            for country in way.countries
            if requirement.territory is not None and not requirement.territory.accepts(country)
        }
    )
    words = say(
        "{levels} data on the territory of {countries}",
        levels=case.levels_in_words,
        countries=either(countries),
    )
    return Ruling(Verdict.FAIL, f"{words} ({case.placement.region})" if case.placement.region else words)


def judge(_case: Case, requirement: Requirement, way: Alternative) -> Verdict:
    """Whether data lies only where it may. A multi-region lies in all of its countries, for one candidate."""
    if requirement.territory is None:
        return Verdict.PASS
    if not way.countries:
        return Verdict.UNKNOWN
    if not all(requirement.territory.accepts(country) for country in way.countries):
        return Verdict.FAIL
    # An operator that is not known may keep data in another country.
    return Verdict.UNKNOWN if way.missing is not None else Verdict.PASS
