"""The law of three-valued judging: to know less gives the same verdict or `unknown`, never another one.

Read the other way: to learn what was unknown never changes a verdict that was decided. Both are one statement
about a pair of plans, of which one knows less than the other, and are checked as such, for the verdict of
every resource and for every rule about placement by itself.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec
import pytest
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
    "SOV001": sov001_jurisdiction.judge,
    "SOV002": sov002_territory.judge,
    "SOV008": sov008_internal.judge,
    "SOV009": sov009_qualification.judge,
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


Judged = dict[str, dict[str, Verdict]]


def judged(plan: Json, policy: str) -> Judged:
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
                assessment.classification.alone,
                None,
                here.policies[policy],
                here.catalog,
                DAY,
                assessment.classification,
            )
            verdicts |= {name: case.decide(judge) for name, judge in RULES.items()}
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


def broken(known: Judged, open_: Judged) -> list[str]:
    """Tell every verdict that is decided with less knowledge and is another one with more."""
    found = []
    for address, verdicts in open_.items():
        for rule, verdict in verdicts.items():
            # A type of a provider that is not known is judged; one that is known may have nothing to judge.
            was = known[address].get(rule, Verdict.PASS)
            if verdict not in (was, Verdict.UNKNOWN):
                found.append(f"{address}, {rule}: {was} with more knowledge, {verdict} with less")
    return found


@law
@given(plan=plans(), policy=st.sampled_from(POLICIES), data=st.data())
def test_one_thing_less_is_known(plan: Json, policy: str, data: st.DataObject) -> None:
    steps = forgettings(plan)
    chosen = steps if THOROUGH else data.draw(st.lists(st.sampled_from(steps), min_size=1, max_size=8))
    known = judged(plan, policy)
    for step in chosen:
        assert not broken(known, judged(step.of(plan), policy)), step.name


@law
@given(plan=plans(), policy=st.sampled_from(POLICIES), data=st.data())
def test_several_things_less_are_known(plan: Json, policy: str, data: st.DataObject) -> None:
    """Each state of knowledge is held against every one before it."""
    names: list[str] = []
    states = [judged(plan, policy)]
    for _ in range(data.draw(st.integers(2, 5))):
        steps = forgettings(plan)
        if not steps:
            break
        step = data.draw(st.sampled_from(steps))
        names.append(step.name)
        plan = step.of(plan)
        states.append(judged(plan, policy))
        for earlier in states[:-1]:
            assert not broken(earlier, states[-1]), names


@settings(law, max_examples=2000 if THOROUGH else 100)
@given(plan=plans(), policy=st.sampled_from(POLICIES))
def test_nothing_is_known(plan: Json, policy: str) -> None:
    """Everything at once that a plan can leave out: no decided verdict comes of it but those that stood."""
    less = plan
    for _ in range(len(forgettings(plan))):
        steps = [step for step in forgettings(less) if "merged" not in step.name]
        if not steps:
            break
        less = steps[0].of(less)
    assert not broken(judged(plan, policy), judged(less, policy))


def test_the_plans_reach_every_verdict() -> None:
    """The property is worth something only if the plans are decided both ways, and left open."""
    seen: dict[tuple[str, str], set[Verdict]] = {}

    @settings(law, max_examples=100)
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


# -- pairs that are easily got wrong ---------------------------------------------------------------

HIDDEN = {"references": ["var.hidden"]}


def resource(
    type_: str,
    after: Json,
    expressions: Json,
    *,
    unknown: tuple[str, ...] = (),
    key: str = "",
    name: str = "r",
) -> tuple[Json, Json]:
    """A change and its block."""
    provider = type_.partition("_")[0]
    address = {"ovh": "ovh/ovh", "scaleway": "scaleway/scaleway"}.get(provider, f"hashicorp/{provider}")
    change = {
        "actions": ["create"],
        "before": None,
        "after": after,
        "after_unknown": dict.fromkeys(unknown, True),
    }
    wire = {
        "address": f"{type_}.{name}",
        "mode": "managed",
        "type": type_,
        "name": name,
        "provider_name": f"registry.terraform.io/{address}",
        "change": change,
    }
    block = {
        "address": f"{type_}.{name}",
        "mode": "managed",
        "type": type_,
        "name": name,
        "provider_config_key": key or provider,
        "expressions": expressions,
    }
    return wire, block


def plan_of(*resources: tuple[Json, Json], **providers: Json) -> Json:
    return {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "resource_changes": [wire for wire, _block in resources],
        "configuration": {
            "provider_config": {
                name: {"name": name, "expressions": expressions} for name, expressions in providers.items()
            },
            "root_module": {"resources": [block for _wire, block in resources], "variables": {"hidden": {}}},
        },
    }


_PARIS = {"region": {"constant_value": "eu-west-3"}}
_SECRET = {"data-classification": "confidential"}
_BUCKET = resource("aws_s3_bucket", {"bucket": "b", "tags_all": _SECRET}, {}, unknown=("id",))


def _object(expression: Json) -> tuple[Json, Json]:
    return resource("aws_s3_object", {"key": "k"}, {"bucket": expression}, unknown=("bucket",))


def _ovh(*, known: bool) -> Json:
    after = {"region": "WAW", "tags": _SECRET} if known else {"tags": _SECRET}
    region = {"constant_value": "WAW"} if known else HIDDEN
    kube = resource("ovh_cloud_project_kube", after, {"region": region}, unknown=() if known else ("region",))
    return plan_of(kube, ovh={"endpoint": {"constant_value": "ovh-us"}})


def _regional_bucket(*, known: bool) -> Json:
    region = {"constant_value": "us-east-1"} if known else HIDDEN
    after = {"bucket": "b", "tags_all": _SECRET, **({"region": "us-east-1"} if known else {})}
    bucket = resource("aws_s3_bucket", after, {"region": region}, unknown=() if known else ("region",))
    return plan_of(bucket, _object({"references": ["aws_s3_bucket.r.id", "aws_s3_bucket.r"]}), aws=_PARIS)


def _lowered_default(*, known: bool) -> Json:
    own = {"data-classification": "public"}
    after = {"bucket": "b", "tags": own, "tags_all": own} if known else {"bucket": "b"}
    tags = {"constant_value": own} if known else HIDDEN
    bucket = resource("aws_s3_bucket", after, {"tags": tags}, unknown=() if known else ("tags", "tags_all"))
    return plan_of(bucket, aws={**_PARIS, "default_tags": [{"tags": {"constant_value": _SECRET}}]})


_INSIDE = plan_of(_BUCKET, _object({"references": ["aws_s3_bucket.r.id", "aws_s3_bucket.r"]}), aws=_PARIS)

PAIRS: dict[str, tuple[Json, Json, str]] = {
    "the bucket of an object, by variable": (
        _INSIDE,
        plan_of(_BUCKET, _object(HIDDEN), aws=_PARIS),
        "three-circles",
    ),
    "the bucket of an object, without configuration": (
        _INSIDE,
        {name: part for name, part in _INSIDE.items() if name != "configuration"},
        "three-circles",
    ),
    "the region of the bucket of an object": (
        _regional_bucket(known=True),
        _regional_bucket(known=False),
        "eu-location",
    ),
    "the region of a cloud that the endpoint names": (_ovh(known=True), _ovh(known=False), "three-circles"),
    "a label that lowers a default label": (
        _lowered_default(known=True),
        _lowered_default(known=False),
        "three-circles",
    ),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_pair(pair: str) -> None:
    more, less, policy = PAIRS[pair]
    assert more != less
    assert not broken(judged(more, policy), judged(less, policy))


def test_an_operator_that_the_endpoint_names_is_not_renamed_by_a_region() -> None:
    """A region in Poland, bought from the US company: it is still the US company that can be compelled."""
    assert judged(_ovh(known=True), "three-circles")["ovh_cloud_project_kube.r"]["SOV001"] is Verdict.FAIL
