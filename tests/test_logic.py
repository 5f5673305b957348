"""Three-valued logic: joining over candidates, worst over rules, judging with more or fewer candidates."""

from __future__ import annotations

from functools import cache

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sovereign_guard.catalog import Catalog, load
from sovereign_guard.judge.case import Case, join, worst
from sovereign_guard.judge.rules import (
    sov001_jurisdiction,
    sov002_territory,
    sov008_internal,
    sov009_qualification,
)
from sovereign_guard.model.classification import Classification
from sovereign_guard.model.finding import Verdict
from sovereign_guard.model.placement import Alternative, OperatorUse, Placement, Role
from sovereign_guard.model.value import Reason, Unknown
from sovereign_guard.resolve.exposure import Exposures, territory

DAY = "2026-11-24"
THREE = (Verdict.PASS, Verdict.UNKNOWN, Verdict.FAIL)
"""From the best to the worst."""
RULES = (sov001_jurisdiction, sov002_territory, sov008_internal, sov009_qualification)

verdicts = st.sampled_from(THREE)
several = st.lists(verdicts, min_size=1, max_size=8)


@pytest.mark.parametrize("verdict", THREE)
def test_unanimous_candidates_decide(verdict: Verdict) -> None:
    assert join([verdict]) is join([verdict] * 3) is verdict


@given(several)
def test_candidates_that_differ_leave_it_open(found: list[Verdict]) -> None:
    assert join(found) is (found[0] if all(one is found[0] for one in found) else Verdict.UNKNOWN)


def test_nothing_to_judge_passes() -> None:
    assert join([]) is worst([]) is Verdict.PASS


@given(several, st.randoms())
def test_order_and_repetition_change_nothing(found: list[Verdict], chance: object) -> None:
    shuffled = found * 2
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    for logic in (join, worst):
        assert logic(shuffled) is logic(found)
        assert logic([logic(found)]) is logic(found)


@given(several)
def test_worst_is_the_worst(found: list[Verdict]) -> None:
    assert worst(found) is max(found, key=THREE.index)


@given(several, several)
def test_grouping_changes_nothing(some: list[Verdict], others: list[Verdict]) -> None:
    assert join([join(some), join(others)]) is join(some + others)
    assert worst([worst(some), worst(others)]) is worst(some + others)


@given(several, several)
def test_more_candidates_decide_nothing_new(few: list[Verdict], more: list[Verdict]) -> None:
    assert join(few + more) in (join(few), Verdict.UNKNOWN)


@given(st.lists(several, min_size=1, max_size=4), st.data())
def test_the_law_holds_through_both(rules: list[list[Verdict]], data: st.DataObject) -> None:
    """Fewer candidates of each of several rules: the verdict of the whole stays, or becomes decided."""
    fewer = [data.draw(st.lists(st.sampled_from(found), min_size=1)) for found in rules]
    open_ = worst(join(found) for found in rules)
    assert open_ in (worst(join(found) for found in fewer), Verdict.UNKNOWN)


# -- the rules over candidates ------------------------------------------------------------------


@cache
def catalog() -> Catalog:
    return load()


@cache
def exposures() -> Exposures:
    return Exposures(catalog(), DAY)


OPERATORS = (
    "aws",
    "scaleway",
    "outscale",
    "hetzner",
    "ovhcloud",
    "ovh-us",
    "infomaniak",
    "alibaba",
    "exoscale",
)
COUNTRIES = ("FR", "DE", "US", "CN", "CH", "GB")


@st.composite
def alternatives(draw: st.DrawFn) -> Alternative:
    uses = draw(st.lists(st.sampled_from(OPERATORS), max_size=2, unique=True))
    countries = tuple(draw(st.lists(st.sampled_from(COUNTRIES), max_size=2, unique=True)))
    missing = not uses or draw(st.integers(0, 4)) == 0
    found = [exposures().of(name) for name in uses]
    return Alternative(
        operators=tuple(OperatorUse(name, Role.PLATFORM) for name in uses),
        missing=Unknown(Reason.NOT_STATED) if missing else None,
        region=None,
        countries=countries,
        exposures=(*(one for some, _ in found for one in some), *territory(countries, "it")),
        control=next((unknown for _, unknown in found if unknown is not None), None),
    )


def case(ways: list[Alternative], levels: set[int], policy: str) -> Case:
    placement = Placement(tuple(ways), ())
    classification = Classification(tuple(sorted(levels)), None, True, ())
    return Case(placement, classification, None, catalog().policies[policy], catalog(), DAY, classification)


level_sets = st.sets(st.integers(0, 2), min_size=1)
policies = st.sampled_from(("three-circles", "cloud-act", "eu-location", "secnumcloud"))


@given(st.lists(alternatives(), min_size=1, max_size=3), level_sets, policies, st.data())
def test_more_candidates_never_decide_otherwise(
    ways: list[Alternative], levels: set[int], policy: str, data: st.DataObject
) -> None:
    fewer_ways = data.draw(st.lists(st.sampled_from(ways), min_size=1))
    fewer_levels = data.draw(st.sets(st.sampled_from(sorted(levels)), min_size=1))
    for rule in RULES:
        open_ = case(ways, levels, policy).decide(rule.judge)
        assert open_ in (case(fewer_ways, fewer_levels, policy).decide(rule.judge), Verdict.UNKNOWN)


@given(alternatives(), level_sets, policies)
def test_an_operator_that_is_not_known_leaves_open_or_stays(
    way: Alternative, levels: set[int], policy: str
) -> None:
    nobody = msgspec.structs.replace(
        way, operators=(), missing=Unknown(Reason.NOT_STATED), exposures=(), control=None, internal=False
    )
    for rule in RULES:
        known, unknown = (case([one], levels, policy).decide(rule.judge) for one in (way, nobody))
        assert unknown in (known, Verdict.UNKNOWN)


@given(alternatives(), level_sets, policies)
def test_a_place_that_is_not_known_leaves_open_or_stays(
    way: Alternative, levels: set[int], policy: str
) -> None:
    nowhere = msgspec.structs.replace(way, countries=())
    for rule in RULES:
        known, unknown = (case([one], levels, policy).decide(rule.judge) for one in (way, nowhere))
        assert unknown in (known, Verdict.UNKNOWN)


def test_candidates_that_all_fail_by_different_rules_fail() -> None:
    """A US company in France, or a German company on US soil: sensitive data may be with neither."""
    ways = []
    for name, country in (("aws", "FR"), ("hetzner", "US")):
        found, _unknown = exposures().of(name)
        ways.append(
            Alternative(
                (OperatorUse(name, Role.PLATFORM),),
                None,
                None,
                (country,),
                (*found, *territory((country,), "it")),
            )
        )
    for way in ways:
        alone = case([way], {1}, "three-circles")
        assert worst(alone.decide(rule.judge) for rule in RULES) is Verdict.FAIL
    both = case(ways, {1}, "three-circles")
    assert both.decide(*(rule.judge for rule in RULES)) is Verdict.FAIL
