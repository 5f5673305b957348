"""`--format cyclonedx` against the library's strict validator, and against what was judged."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from sovereign_guard.model.finding import Report
from sovereign_guard.report.cyclonedx import write
from tests.command import run
from tests.reports import report_of, scenario, text_of

ROOT = Path(__file__).parent.parent
FIXTURES = ROOT / "fixtures"
DAY = "2026-11-24"


def bom_of(report: Report) -> dict[str, Any]:
    text = text_of(write, report)
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    assert fault is None, fault
    found: dict[str, Any] = json.loads(text)
    return found


def properties(one: dict[str, Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for prop in one.get("properties", ()):
        found.setdefault(prop["name"].removeprefix("sovereign-guard:"), []).append(prop["value"])
    return found


@pytest.mark.parametrize(
    "name",
    [
        "health-estate",
        "europe-mixed",
        "flow-sinks-fail",
        "flow-backup-fail",
        "state-fail",
        "aiven-google",
        "tags-after-apply",
        "delete-forget-replace-deposed",
        "openstack-internal",
        "aws-on-unknown-endpoint",
    ],
)
def test_it_is_valid_and_tells_what_was_judged(name: str) -> None:
    report = scenario(name)
    bom = bom_of(report)
    assert bom["specVersion"] == "1.6"
    services = {one["name"]: one for one in bom.get("services", ())}
    for item in report.judged:
        judged = item.applicable and item.verdict != "not-judged" and not item.placement.places_nothing
        if not judged:
            continue
        service = services[item.resource.address]
        levels = [report.levels[index] for index in item.classification.levels]
        (data,) = service["data"]
        assert data["classification"] == (levels[0] if len(levels) == 1 else f"unknown: {', '.join(levels)}")
        assert properties(service)["verdict"] == [item.verdict]
        internal = all(way.internal for way in item.placement.alternatives)
        assert service["x-trust-boundary"] is not internal
        if len(item.placement.operator_ids) == 1 and item.placement.operator_ids != ("?",):
            operator = report.operator(item.placement.operator_ids[0])
            assert operator is not None
            assert service["provider"]["name"] == operator.formal_name


def test_flows_have_their_direction() -> None:
    bom = bom_of(scenario("flow-backup-fail"))
    flows = {one["name"]: one["data"][0]["flow"] for one in bom["services"]}
    assert flows["aws_s3_bucket.imagerie"] == "outbound"
    assert flows["aws_s3_bucket.imagerie_copie"] == "inbound"
    assert flows["aws_datasync_task.copie"] == "bi-directional"
    source = next(one for one in bom["services"] if one["name"] == "aws_s3_bucket.imagerie")
    assert properties(source)["flow:replication"] == ["aws_s3_bucket.imagerie_copie"]


def test_what_leaves_the_configuration_is_a_service_of_its_own() -> None:
    bom = bom_of(scenario("flow-sinks-fail"))
    (outside,) = [one for one in bom["services"] if properties(one).get("outside")]
    assert outside["provider"]["name"] == "Datadog, Inc."
    assert outside["data"] == [{"classification": "sensitive", "flow": "inbound"}]
    assert outside["x-trust-boundary"] is True


def test_platforms_are_components_with_who_can_compel_them() -> None:
    bom = bom_of(scenario("health-estate"))
    platforms = {one["bom-ref"]: one for one in bom["components"]}
    aws = properties(platforms["operator:aws"])
    assert platforms["operator:aws"]["type"] == "platform"
    assert aws["seat"] == ["US"]
    assert "US" in aws["exposed-by-control"]


def test_an_operator_that_is_not_known_is_not_named() -> None:
    bom = bom_of(scenario("aws-on-unknown-endpoint"))
    unknown = [one for one in bom["services"] if "unknown" in properties(one).get("operator", ())]
    assert unknown
    assert all("provider" not in one for one in unknown)


def test_the_same_run_gives_the_same_bytes() -> None:
    arguments = ("scan", "fixtures/europe-mixed/plan.json", "--as-of", DAY, "-f", "cyclonedx")
    first, second = run(*arguments, cwd=ROOT), run(*arguments, cwd=ROOT)
    assert first.returncode == 1
    assert first.stderr == b""
    assert first.stdout == second.stdout
    bom = json.loads(first.stdout)
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f-]{21}", bom["serialNumber"])
    assert bom["metadata"]["timestamp"].startswith(f"{DAY}T00:00:00")
    assert not re.search(rb"/(root|home|tmp)/", first.stdout)


def test_without_the_library_it_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "blocked" / "cyclonedx").mkdir(parents=True)
    (tmp_path / "blocked" / "cyclonedx" / "__init__.py").write_text("raise ImportError\n")
    plan = str(FIXTURES / "europe-mixed" / "plan.json")
    blocked = {"PYTHONPATH": str(tmp_path / "blocked")}
    done = run("scan", plan, "-f", "cyclonedx", cwd=tmp_path, env=blocked)
    assert done.returncode == 2
    assert b"sovereign-guard[cyclonedx]" in done.stderr
    assert run("scan", plan, "-f", "oscal", cwd=tmp_path, env=blocked).returncode == 1


def test_names_of_any_kind_do_no_harm(tmp_path: Path) -> None:
    plan = json.loads((FIXTURES / "europe-mixed" / "plan.json").read_bytes())
    names = ["<script>", "a\nb", "\u202etxt", '"', "x" * 12_000, " ", "#{}", "\\", "\x1b[31m"]
    for name, change in zip(names, plan["resource_changes"], strict=False):
        change["address"] = f'{change["type"]}.x["{name}"]'
        change["index"] = name
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    bom_of(report_of(tmp_path / "plan.json", as_of=DAY, source=""))
