"""Source and plan of the same configuration lead to the same verdict: the scenarios of fixtures/parity/."""

from __future__ import annotations

import copy
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.parity import (
    SCENARIOS,
    Comparison,
    Json,
    LeftOut,
    Outcome,
    compare,
    left_out_of,
    names,
    scan_plan,
    scan_source,
)

MOST_UNKNOWN = 0.02
"""Share of all resources of which the source may leave open what the plan knows."""

HARNESS = os.environ.get("SOVEREIGN_GUARD_PLANFACTORY", "")
HARNESS_PYTHON = os.environ.get("SOVEREIGN_GUARD_PLANFACTORY_PYTHON", sys.executable)
"""The interpreter that has the harness's own requirements, where it is not this one."""


@functools.cache
def comparison_of(name: str) -> Comparison:
    folder = SCENARIOS / name
    with tempfile.TemporaryDirectory() as work:
        source = scan_source(folder, Path(work))
        plan = scan_plan(folder, Path(work))
    return compare(name, source, plan, left_out_of(folder))


@functools.cache
def plan_report_of(name: str) -> Json:
    with tempfile.TemporaryDirectory() as work:
        return scan_plan(SCENARIOS / name, Path(work))


@pytest.mark.parametrize("name", names())
def test_source_never_says_the_opposite_of_the_plan(name: str) -> None:
    comparison = comparison_of(name)
    assert comparison.resources, "nothing was compared"
    assert not comparison.unused, f"left-out.json covers nothing with {comparison.unused}"
    opposite = comparison.of(Outcome.OPPOSITE)
    assert not opposite, "\n".join(map(str, opposite))


def test_source_rarely_leaves_open_what_the_plan_knows(capsys: pytest.CaptureFixture[str]) -> None:
    total = sum((comparison_of(name) for name in names()), Comparison())
    with capsys.disabled():
        print("\n" + total.listing())
    share = total.resources_unknown_in_source / total.resources
    assert share <= MOST_UNKNOWN, f"{share:.1%} of {total.resources} resources\n{total.listing()}"


def test_enough_scenarios_which_say_what_they_are() -> None:
    assert len(names()) >= 60
    for name in names():
        folder = SCENARIOS / name
        assert len((folder / "proves.txt").read_text(encoding="utf-8").strip().splitlines()) == 1, name
        assert list(folder.glob("*.tf*")) or list(folder.glob("*.tofu*")), name


# That the comparison can fail: reports on one plan, one of them doctored.

SUBJECT = "a-s3-through-endpoints"


def doctored(change: str) -> Comparison:
    """Compare the report on a plan with itself after a change to its first resource that has everything."""
    plan = plan_report_of(SUBJECT)
    source = copy.deepcopy(plan)
    resource = next(
        r
        for r in source["resources"]
        if r["mode"] == "managed"
        and r["region"]
        and r["level"]
        and not r["unknown"]
        and r["verdict"] == "pass"
    )
    if change == "missing":
        source["resources"].remove(resource)
    elif change == "added":
        source["resources"].append({**resource, "address": "null_resource.of_nowhere"})
    elif change == "operators":
        resource["operators"] = [{"id": "nobody", "role": "platform"}]
    elif change == "one operator more":
        resource["operators"].append({"id": "nobody", "role": "infrastructure"})
    elif change == "region":
        resource["region"] = "elsewhere"
    elif change == "country":
        resource["countries"], resource["country"] = ["AQ"], "AQ"
    elif change == "level":
        resource["level"] = "strategic" if resource["level"] != "strategic" else "public"
    elif change == "verdict":
        resource["verdict"] = "fail"
    elif change == "excluded candidates":
        resource["level_candidates"] = [
            level for level in ("public", "sensitive", "strategic") if level != resource["level"]
        ]
        resource["level"], resource["unknown"]["level"] = None, "somehow"
    elif change == "unknown operator":
        resource["operators"], resource["unknown"]["operator"] = [], "somehow"
    elif change == "unknown region":
        resource["region"], resource["unknown"]["region"] = None, "somehow"
    elif change == "unknown level":
        resource["level_candidates"] = ["public", "sensitive", "strategic"]
        resource["level"], resource["unknown"]["level"] = None, "somehow"
    elif change == "unknown verdict":
        resource["verdict"] = "unknown"
    else:
        assert change == "nothing"
    return compare("doctored", source, plan)


def test_a_report_is_the_same_as_itself() -> None:
    assert doctored("nothing").differences == ()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ("missing", "resource"),
        ("added", "resource"),
        ("operators", "operators"),
        ("one operator more", "operators"),
        ("region", "region"),
        ("country", "country"),
        ("level", "level"),
        ("verdict", "verdict"),
        ("excluded candidates", "level"),
    ],
)
def test_a_doctored_report_is_opposite(change: str, field: str) -> None:
    (difference,) = doctored(change).differences
    assert (difference.field, difference.outcome) == (field, Outcome.OPPOSITE)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ("unknown operator", "operators"),
        ("unknown region", "region"),
        ("unknown level", "level"),
        ("unknown verdict", "verdict"),
    ],
)
def test_an_unknown_is_counted_against_the_side_that_says_it(change: str, field: str) -> None:
    comparison = doctored(change)
    (difference,) = comparison.differences
    assert (difference.field, difference.outcome) == (field, Outcome.SOURCE_UNKNOWN)
    assert comparison.resources_unknown_in_source == 1
    assert difference.address in comparison.listing()


def test_the_other_way_round_the_plan_is_the_one_that_does_not_know() -> None:
    plan = plan_report_of(SUBJECT)
    vague = copy.deepcopy(plan)
    for resource in vague["resources"]:
        resource["region"], resource["unknown"]["region"] = None, "somehow"
    comparison = compare("doctored", plan, vague)
    assert comparison.differences
    assert {d.outcome for d in comparison.differences} == {Outcome.PLAN_UNKNOWN}
    assert comparison.resources_unknown_in_source == 0


def test_one_entry_for_instances_that_the_source_cannot_count_is_unknown_for_each() -> None:
    plan = plan_report_of(SUBJECT)
    source = copy.deepcopy(plan)
    instances = [r for r in source["resources"] if r["address"].startswith("aws_s3_bucket.ovh[")]
    assert len(instances) == 2
    source["resources"] = [r for r in source["resources"] if r not in instances]
    source["resources"].append({**instances[0], "address": "aws_s3_bucket.ovh[*]", "level": "public"})
    comparison = compare("doctored", source, plan)
    assert comparison.resources == compare("doctored", plan, plan).resources
    assert comparison.resources_unknown_in_source == 2
    assert {(d.field, d.address) for d in comparison.of(Outcome.OPPOSITE)} == {
        ("level", r["address"]) for r in instances
    }


def test_what_is_left_out_is_counted_and_must_exist() -> None:
    plan = plan_report_of(SUBJECT)
    empty: Json = {**plan, "resources": []}
    managed = [r["address"] for r in plan["resources"] if r["mode"] == "managed"]
    everything = [LeftOut("*", "all of it", "hand")]
    comparison = compare("doctored", empty, plan, everything)
    assert (comparison.resources, comparison.differences) == (0, ())
    assert len(comparison.left_out) >= len(managed) > 0
    assert compare("doctored", plan, plan, [LeftOut("aws_nothing.here", "", "hand")]).unused


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_the_plan_kept_is_what_terraform_makes(name: str) -> None:
    if not HARNESS:
        pytest.skip("SOVEREIGN_GUARD_PLANFACTORY does not name the folder of the harness that plans")
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not on the PATH")
    has = subprocess.run([HARNESS_PYTHON, "-c", "import grpc, msgpack"], capture_output=True, check=False)
    if has.returncode:
        pytest.skip(f"{HARNESS_PYTHON} has no grpcio and msgpack, which the harness needs")
    done = subprocess.run(
        [HARNESS_PYTHON, str(SCENARIOS / "regenerate.py"), "--check", name],
        env={**os.environ, "SOVEREIGN_GUARD_PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
