"""The law of three-valued judging: to know less gives the same verdict or `unknown`, never another one.

Read the other way: to learn what was unknown never changes a verdict that was decided. Both are one statement
about a pair of plans, of which one knows less than the other, and are checked as such, for the verdict of
every resource and for every rule about placement by itself.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sovereign_guard.catalog import Catalog, load
from sovereign_guard.catalog.statements import read_configuration
from sovereign_guard.judge.case import Case
from sovereign_guard.judge.rules import (
    sov001_jurisdiction,
    sov002_territory,
    sov008_internal,
    sov009_qualification,
)
from sovereign_guard.model.classification import Classification
from sovereign_guard.model.finding import Verdict
from sovereign_guard.model.policy import Policy, Statements
from sovereign_guard.pipeline import Request, assess
from tests.strategies import INTERNAL_CLOUD, Json, forgettings, plans

DAY = "2026-11-24"
THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
POLICIES = ("three-circles", "cloud-act", "eu-location", "secnumcloud", "unlabelled-is-sensitive")
RULES = {
    "SOV001": sov001_jurisdiction.verdict,
    "SOV002": sov002_territory.verdict,
    "SOV008": sov008_internal.verdict,
    "SOV009": sov009_qualification.verdict,
}

law = settings(
    max_examples=5000 if THOROUGH else 300,
    deadline=None,
    derandomize=not THOROUGH,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)


@dataclass(frozen=True)
class World:
    """What plans are judged by, the same for all of them."""

    catalog: Catalog
    statements: Statements
    policies: dict[str, Policy]
    file: Path


@cache
def world() -> World:
    folder = Path(tempfile.mkdtemp())
    stated = folder / "stated.yaml"
    stated.write_text(INTERNAL_CLOUD)
    catalog = load()
    policies = dict(catalog.policies)
    policies["unlabelled-is-sensitive"] = msgspec.structs.replace(policies["three-circles"], unlabelled=1)
    statements, extended = read_configuration(stated, from_repository=False).statements(
        catalog, policies["three-circles"], policy_is_pinned=True
    )
    return World(extended, statements, policies, folder / "plan.json")


def judged(plan: Json, policy: str) -> dict[str, dict[str, Verdict]]:
    """By address: the verdict of the resource (under "all"), and that of each rule about placement."""
    here = world()
    here.file.write_text(json.dumps(plan))
    report = assess(Request((str(here.file),), here.catalog, here.policies[policy], here.statements, DAY))
    assert not report.problems, report.problems
    found = {}
    for assessment in report.assessments:
        verdicts = {"all": assessment.verdict}
        if assessment.applicable:
            case = Case(
                assessment.placement,
                assessment.classification,
                None,
                here.policies[policy],
                here.catalog,
                DAY,
            )
            verdicts |= {name: verdict(case) for name, verdict in RULES.items()}
        found[assessment.resource.address] = verdicts
    return found


def classified(resource_type: str, attributes: Json) -> Classification:
    """How a resource of this type with these attributes is classified, without any provider configuration."""
    change = {"actions": ["create"], "before": None, "after": attributes, "after_unknown": {}}
    wire = {"address": f"{resource_type}.r", "type": resource_type, "name": "r", "change": change}
    block = {
        "mode": "managed",
        "type": resource_type,
        "name": "r",
        "provider_config_key": resource_type.partition("_")[0],
        "expressions": {},
    }
    here = world()
    here.file.write_text(
        json.dumps(
            {
                "format_version": "1.2",
                "resource_changes": [wire],
                "configuration": {"root_module": {"resources": [block]}},
            }
        )
    )
    policy = here.policies["three-circles"]
    report = assess(Request((str(here.file),), here.catalog, policy, here.statements, DAY))
    return report.assessments[0].classification


def broken(more: Json, less: Json, policy: str) -> Iterator[str]:
    """Tell every verdict that is decided with less knowledge and is another one with more."""
    known, open_ = judged(more, policy), judged(less, policy)
    for address, verdicts in open_.items():
        for rule, verdict in verdicts.items():
            # A type of a provider that is not known is judged; one that is known may have nothing to judge.
            was = known[address].get(rule, Verdict.PASS)
            if verdict not in (was, Verdict.UNKNOWN):
                yield f"{address}, {rule}, {policy}: {was} with more knowledge, {verdict} with less"


@law
@given(plan=plans(), policy=st.sampled_from(POLICIES), data=st.data())
def test_one_thing_less_is_known(plan: Json, policy: str, data: st.DataObject) -> None:
    steps = forgettings(plan)
    chosen = steps if THOROUGH else data.draw(st.lists(st.sampled_from(steps), min_size=1, max_size=8))
    for step in chosen:
        faults = list(broken(plan, step.of(plan), policy))
        assert not faults, (step.name, faults)


@law
@given(plan=plans(), policy=st.sampled_from(POLICIES), data=st.data())
def test_several_things_less_are_known(plan: Json, policy: str, data: st.DataObject) -> None:
    """Each state of knowledge is held against every one before it."""
    names: list[str] = []
    states = [plan]
    for _ in range(data.draw(st.integers(2, 5))):
        steps = forgettings(states[-1])
        if not steps:
            break
        step = data.draw(st.sampled_from(steps))
        names.append(step.name)
        states.append(step.of(states[-1]))
        for earlier in states[:-1]:
            faults = list(broken(earlier, states[-1], policy))
            assert not faults, (names, faults)


@law
@given(plan=plans(), policy=st.sampled_from(POLICIES))
def test_nothing_is_known(plan: Json, policy: str) -> None:
    """Everything at once that a plan can leave out: no decided verdict comes of it but those that stood."""
    less = plan
    for _ in range(len(forgettings(plan))):
        steps = [step for step in forgettings(less) if "merged" not in step.name]
        if not steps:
            break
        less = steps[0].of(less)
    faults = list(broken(plan, less, policy))
    assert not faults, faults


def test_the_plans_reach_every_verdict() -> None:
    """The property is worth something only if the plans are decided both ways, and left open."""
    seen: dict[tuple[str, str], set[Verdict]] = {}

    @settings(law, max_examples=200)
    @given(plan=plans(), policy=st.sampled_from(POLICIES))
    def collect(plan: Json, policy: str) -> None:
        for verdicts in judged(plan, policy).values():
            for rule, verdict in verdicts.items():
                seen.setdefault((policy, rule), set()).add(verdict)

    collect()
    every = {Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN}
    assert seen["three-circles", "all"] == seen["secnumcloud", "all"] == every
    assert seen["three-circles", "SOV001"] == seen["cloud-act", "SOV001"] == every
    assert seen["eu-location", "SOV002"] == seen["secnumcloud", "SOV009"] == every
    assert seen["three-circles", "SOV008"] == every
