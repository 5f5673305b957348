"""`--format oscal` against NIST's own schema, compliance-trestle's models where these are, and itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import re2
import yaml
from jsonschema import Draft7Validator, ValidationError, validators

from sovereign_guard.language import speaking
from sovereign_guard.model.finding import Report, Verdict
from sovereign_guard.report.oscal import write
from tests.command import run
from tests.reports import report_of, scenario, text_of

ROOT = Path(__file__).parent.parent
FIXTURES = ROOT / "fixtures"
CORRESPONDENCES = yaml.safe_load((ROOT / "rules" / "catalog" / "correspondences.yaml").read_text())
DAY = "2026-11-24"


def _pattern(_validator: Any, pattern: str, value: Any, _schema: Any) -> Iterator[ValidationError]:
    """Look for a pattern as the schema means it: Python's own engine does not know `\\p{L}`."""
    if isinstance(value, str):
        try:
            found = re2.search(pattern, value)
        except re2.error:
            found = re.search(pattern, value)
        if not found:
            yield ValidationError(f"{value!r} does not fit {pattern!r}")


@cache
def validator() -> Any:
    schema = json.loads((ROOT / "tests" / "data" / "oscal-1.2.3-complete.schema.json").read_bytes())
    return validators.extend(Draft7Validator, {"pattern": _pattern})(schema)


def document_of(report: Report) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text_of(write, report))
    faults = list(validator().iter_errors(document))
    while faults and faults[0].context:
        faults = sorted(faults[0].context, key=lambda error: -len(error.absolute_path))
    assert not faults, (list(faults[0].absolute_path), faults[0].message[:300])
    return document["assessment-results"]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "name",
    [
        "health-estate",
        "europe-mixed",
        "flow-sinks-fail",
        "state-fail",
        "keys-fail",
        "below-fail",
        "tags-after-apply",
        "delete-forget-replace-deposed",
        "openstack-internal",
        "secnumcloud-policy",
    ],
)
def test_it_follows_the_schema_and_refers_to_what_is_there(name: str) -> None:
    report = scenario(name)
    document = document_of(report)
    (result,) = document["results"]
    ids = re.findall(r'"uuid": ?"([^"]+)"', json.dumps(document))
    assert len(ids) == len(set(ids))
    known = set(ids)
    for finding in result.get("findings", ()):
        for link in finding.get("links", ()):
            assert link["href"].removeprefix("#") in known
        for related in finding["related-observations"]:
            assert related["observation-uuid"] in known
    for observation in result.get("observations", ()):
        for subject in observation.get("subjects", ()):
            assert subject["subject-uuid"] in known
        assert observation["origins"][0]["actors"][0]["actor-uuid"] in known
    assert document["import-ap"]["href"].removeprefix("#") in known
    assert len(result.get("findings", ())) == len(report.findings)
    assert {one["status"]["state"] for one in (f["target"] for f in result.get("findings", ()))} <= {
        "not-satisfied"
    }


def test_compliance_trestle_reads_it() -> None:
    model = pytest.importorskip("trestle.oscal.assessment_results")
    found = model.Model.model_validate(json.loads(text_of(write, scenario("health-estate"))))
    assert found.assessment_results.results[0].findings


def test_findings_carry_their_correspondences_marked_as_such() -> None:
    document = document_of(scenario("health-estate"))
    titles = {resource["uuid"]: resource for resource in document["back-matter"]["resources"]}
    assert "correspondences, not proof" in document["metadata"]["remarks"]
    seen = set()
    for finding in document["results"][0]["findings"]:
        rule = finding["target"]["target-id"]
        wanted = CORRESPONDENCES["rules"].get(rule, [])
        props = [one for one in finding["props"] if one["name"] == "correspondence"]
        assert [one["class"] for one in props] == [one["framework"] for one in wanted]
        for prop, one in zip(props, wanted, strict=True):
            name = CORRESPONDENCES["frameworks"][one["framework"]]["name"]
            assert prop["value"] == f"{name} {one['reference']}"
            assert prop["remarks"] == f"Correspondence, not proof: {one['why']}"
            seen.add(one["framework"])
        for link in finding.get("links", ()):
            assert link["text"].startswith("Correspondence, not proof: ")
            assert "not proof" in titles[link["href"].removeprefix("#")]["description"]
    assert seen == set(CORRESPONDENCES["frameworks"])


def test_every_rule_that_can_has_correspondences_to_what_was_asked_for() -> None:
    rules = CORRESPONDENCES["rules"]
    found = {(one["framework"], one["reference"]) for entries in rules.values() for one in entries}
    assert {
        ("secnumcloud-3-2", "19.2"),
        ("secnumcloud-3-2", "19.6"),
        ("gdpr", "Art. 44"),
        ("gdpr", "Art. 48"),
    } <= found
    assert {one["framework"] for one in rules["SOV001"]} == set(CORRESPONDENCES["frameworks"])
    assert "SOV011" not in rules
    for entries in rules.values():
        for one in entries:
            assert one["fr"]["why"] != one["why"]


def test_verdicts_are_told_as_they_are() -> None:
    report = scenario("health-estate")
    findings = document_of(report)["results"][0]["findings"]
    assert {f["target"]["status"]["reason"] for f in findings} == {"fail", "other"}
    for finding, ours in zip(findings, report.findings, strict=True):
        props = {one["name"]: one["value"] for one in finding["props"]}
        status = finding["target"]["status"]
        assert (status["reason"] == "fail") == (ours.outcome.verdict is Verdict.FAIL)
        assert props["verdict"] == status["remarks"]
        assert props["fingerprint"] == ours.fingerprint
        if props["verdict"] == "unknown":
            assert "neither a breach nor a pass" in finding["remarks"]


def test_ids_and_bytes_are_the_same_from_run_to_run() -> None:
    arguments = ("scan", "fixtures/europe-mixed/plan.json", "--as-of", DAY, "-f", "oscal")
    first, second = run(*arguments, cwd=ROOT), run(*arguments, cwd=ROOT)
    assert first.returncode == 1
    assert first.stdout == second.stdout
    document = json.loads(first.stdout)["assessment-results"]
    assert document["metadata"]["last-modified"] == f"{DAY}T00:00:00Z"
    assert document["metadata"]["oscal-version"] == "1.1.3"
    assert not re.search(rb"/(root|home|tmp)/", first.stdout)


def test_values_are_the_same_in_every_language() -> None:
    report = scenario("europe-mixed")
    english = document_of(report)["results"][0]
    with speaking("fr"):
        french = document_of(report)["results"][0]
    for one, other in zip(english["findings"], french["findings"], strict=True):
        assert one["uuid"] == other["uuid"]
        assert [(p["name"], p["value"]) for p in one["props"]] == [
            (p["name"], p["value"]) for p in other["props"]
        ]
    remarks = [p["remarks"] for p in french["findings"][0]["props"] if p["name"] == "correspondence"]
    rule = french["findings"][0]["target"]["target-id"]
    for remark, one in zip(remarks, CORRESPONDENCES["rules"][rule], strict=True):
        assert remark.endswith(one["fr"]["why"])


NAMES = ["<script>", "a\nb", "\u202etxt", '"', "x" * 12_000, " ", "é" * 300, "#{}", "\\", "\x1b[31m"]


def test_names_of_any_kind_do_no_harm(tmp_path: Path) -> None:
    plan = json.loads((FIXTURES / "europe-mixed" / "plan.json").read_bytes())
    resources = plan["resource_changes"]
    for name, change in zip(NAMES, resources, strict=False):
        change["address"] = f'{change["type"]}.x["{name}"]'
        change["index"] = name
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    document_of(report_of(tmp_path / "plan.json", as_of=DAY, source=""))


def test_what_could_not_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{")
    document = document_of(report_of(tmp_path / "broken.json", as_of=DAY))
    assert "broken.json" in document["results"][0]["remarks"]
