"""The JSON contract: reports of fixtures, of a state, of stdin and of inputs that fail, against their schema.

And what the schema cannot say: order, sums, and the same bytes from run to run.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from sovereign_guard.model.classification import Kind
from sovereign_guard.model.finding import Severity, Verdict
from sovereign_guard.model.placement import Ground, Role
from sovereign_guard.model.policy import OnUnknown
from sovereign_guard.model.resource import Change, InputKind
from tests.command import run, run_json

ROOT = Path(__file__).parent.parent
FIXTURES = ROOT / "fixtures"
SCENARIOS = sorted(path.parent.name for path in FIXTURES.glob("*/expected.json"))
SCHEMA = json.loads((ROOT / "rules" / "schemas" / "report.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)
AS_OF = ("--as-of", "2026-11-24")

# Version 1 as agreed: object -> field -> JSON types. Lines may be added here, never changed or taken out.
CONTRACT = {
    "": {
        "schema": "string",
        "tool": "object",
        "policy": "object",
        "inputs": "array",
        "declarations": "array",
        "summary": "object",
        "resources": "array",
        "findings": "array",
        "errors": "array",
    },
    "tool": {"name": "string", "version": "string", "catalog_as_of": "string"},
    "policy": {"id": "string", "source": "string"},
    "inputs": {
        "id": "string",
        "path": "string",
        "kind": "string",
        "sha256": "string",
        "resources": "integer",
    },
    "declarations": {"what": "string", "where": "string"},
    "summary": dict.fromkeys(
        (
            "resources",
            "pass",
            "fail",
            "unknown",
            "waived",
            "not_judged",
            "unlabelled",
            "findings",
            "errors",
        ),
        "integer",
    ),
    "resources": {
        "input": "string",
        "address": "string",
        "deposed": "null string",
        "mode": "string",
        "type": "string",
        "provider": "string",
        "provider_config": "null string",
        "change": "string",
        "kind": "null string",
        "applicable": "boolean",
        "operators": "array",
        "exposed_to": "array",
        "may_be_exposed_to": "array",
        "exposure": "array",
        "region": "null string",
        "country": "null string",
        "countries": "array",
        "level": "null string",
        "level_evidence": "array",
        "unknown": "object",
        "verdict": "string",
    },
    "resources.operators": {"id": "string", "role": "string"},
    "resources.exposure": {"jurisdiction": "string", "ground": "string", "evidence": "string"},
    "resources.level_evidence": {"what": "string", "where": "string"},
    "findings": {
        "rule": "string",
        "verdict": "string",
        "severity": "string",
        "introduced": "boolean",
        "input": "string",
        "address": "null string",
        "message": "string",
        "evidence": "array",
        "file": "null string",
        "line": "integer null",
        "column": "integer null",
        "fingerprint": "string",
    },
    "findings.evidence": {"what": "string", "where": "string"},
    "errors": {
        "input": "string",
        "message": "string",
        "hint": "string",
        "file": "null string",
        "line": "integer null",
        "column": "integer null",
    },
}
UNKNOWNS = {"operator", "control", "region", "country", "level"}


# -- the reports that are looked at --------------------------------------------------------------------------


@cache
def report_of(scenario: str) -> dict[str, Any]:
    folder = FIXTURES / scenario
    arguments = json.loads((folder / "expected.json").read_text())["args"]
    return run_json("scan", "plan.json", *AS_OF, *arguments, cwd=folder)[1]


@cache
def report_of_all() -> bytes:
    """One report over the plans of every fixture, as bytes."""
    return scan_all().stdout


def scan_all(hash_seed: str = "0", *, backwards: bool = False) -> Any:
    plans = [f"{scenario}/plan.json" for scenario in SCENARIOS]
    done = run(
        "scan",
        *(reversed(plans) if backwards else plans),
        *AS_OF,
        "--format",
        "json",
        cwd=FIXTURES,
        env={"PYTHONHASHSEED": hash_seed},
    )
    assert (done.returncode, done.stderr) == (1, b"")
    return done


STATE = {
    "version": 4,
    "terraform_version": "1.11.4",
    "serial": 3,
    "lineage": "7d8b7d5c-5d37-4ab5-8b71-4a0cf0b6b1a5",
    "resources": [
        {
            "mode": mode,
            "type": "scaleway_object_bucket",
            "name": "archive",
            "provider": 'provider["registry.terraform.io/scaleway/scaleway"]',
            "instances": instances,
        }
        for mode, instances in (
            (
                "managed",
                [
                    {
                        "index_key": 0,
                        "attributes": {"region": "fr-par", "tags": {"sensitivity": "sensitive"}},
                    },
                    {"index_key": 1, "attributes": {"region": "fr-par"}},
                    {"index_key": 1, "deposed": "0a1b2c3d", "attributes": {"region": "nl-ams"}},
                ],
            ),
            ("data", [{"attributes": {"region": "fr-par"}}]),
        )
    ],
}
FAILING = {
    "empty.json": "",
    "truncated.json": '{"format_version": "1.2",\n "resource_changes": [',
    "other.json": '{"name": "not of Terraform"}',
    "future.json": '{"format_version": "2.0", "resource_changes": []}',
    "list.json": "[]",
    "twice.json": json.dumps(
        {
            "format_version": "1.2",
            "resource_changes": [
                {
                    "address": "null_resource.a",
                    "mode": "managed",
                    "type": "null_resource",
                    "name": "a",
                    "provider_name": "registry.terraform.io/hashicorp/null",
                    "change": {"actions": ["create"], "before": None, "after": {}, "after_unknown": {}},
                }
            ]
            * 2,
        }
    ),
    "errored.json": '{"format_version": "1.2", "errored": true, "resource_changes": []}',
}


@pytest.fixture(scope="module")
def state_report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("state")
    (folder / "terraform.tfstate").write_text(json.dumps(STATE))
    return run_json("scan", "terraform.tfstate", *AS_OF, cwd=folder)[1]


@pytest.fixture(scope="module")
def failing_report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("failing")
    for name, text in FAILING.items():
        (folder / name).write_text(text)
    code, report = run_json("scan", *FAILING, "absent.json", ".", *AS_OF, cwd=folder)
    assert code == 3
    return report


@pytest.fixture(scope="module")
def refusing_report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A repository's own configuration that claims what the catalog knows better."""
    folder = tmp_path_factory.mktemp("refusing")
    scenario = FIXTURES / "repo-declares-aws-internal"
    for name in ("plan.json", ".sovereign-guard.yaml"):
        (folder / name).write_bytes((scenario / name).read_bytes())
    report = run_json("scan", "plan.json", *AS_OF, cwd=folder)[1]
    assert report["refused_declarations"]
    return report


def faults(report: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(report)]


# -- reports fit the schema ----------------------------------------------------------------------------------


def test_the_command_prints_the_schema() -> None:
    done = run("schema", "report")
    assert (done.returncode, done.stderr) == (0, b"")
    Draft202012Validator.check_schema(json.loads(done.stdout))
    assert json.loads(done.stdout) == SCHEMA


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_fixture_fits(scenario: str) -> None:
    assert faults(report_of(scenario)) == []


def test_many_inputs_fit() -> None:
    report = json.loads(report_of_all())
    assert faults(report) == []
    assert len(report["inputs"]) == len(SCENARIOS)


def test_state_fits(state_report: dict[str, Any]) -> None:
    assert faults(state_report) == []
    assert state_report["inputs"][0]["kind"] == "state"
    assert {entry["deposed"] for entry in state_report["resources"]} == {None, "0a1b2c3d"}
    assert state_report["summary"]["resources"] == 3
    assert state_report["inputs"][0]["resources"] == 4


def test_failing_inputs_fit(failing_report: dict[str, Any]) -> None:
    assert faults(failing_report) == []
    told = {error["input"] for error in failing_report["errors"]}
    assert told == {*FAILING, "absent.json", "."}
    truncated = next(e for e in failing_report["errors"] if e["input"] == "truncated.json")
    assert truncated["line"] == 2


def test_stdin_fits() -> None:
    plan = (FIXTURES / "europe-mixed" / "plan.json").read_bytes()
    report = run_json("scan", "-", *AS_OF, stdin=plan, cwd=FIXTURES)[1]
    assert faults(report) == []
    assert [(i["path"], i["sha256"]) for i in report["inputs"]] == [("-", hashlib.sha256(plan).hexdigest())]
    assert {entry["input"] for entry in report["resources"]} == {"-"}


def test_stdin_that_fails_fits() -> None:
    code, report = run_json("scan", "-", *AS_OF, stdin=b"{", cwd=FIXTURES)
    assert code == 3
    assert faults(report) == []
    assert [error["input"] for error in report["errors"]] == ["-"]


def test_report_of_nothing_fits() -> None:
    plan = b'{"format_version": "1.2", "resource_changes": [], "configuration": {"root_module": {}}}'
    code, report = run_json("scan", "-", *AS_OF, stdin=plan, cwd=FIXTURES)
    assert (code, faults(report), report["resources"]) == (0, [], [])


SPOILED: dict[str, Any] = {
    "verdict": "ok",
    "mode": "resource",
    "change": "no_op",
    "kind": "storage",
    "exposed_to": ["usa"],
    "countries": ["FR", "FR"],
    "country": "France",
    "operators": [{"id": "aws", "role": "owner"}],
    "exposure": [{"jurisdiction": "US", "ground": "hearsay", "evidence": "x"}],
    "deposed": False,
    "unknown": {"operator": None},
    "level": 2,
}


@pytest.mark.parametrize("name", SPOILED)
def test_the_schema_refuses(name: str) -> None:
    report = json.loads(json.dumps(report_of("europe-mixed")))
    report["resources"][0][name] = SPOILED[name]
    assert faults(report), f"resources[0].{name} = {SPOILED[name]!r} went through"


# -- the schema and the contract say the same ----------------------------------------------------------------


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        schema = {**SCHEMA["$defs"][name], **{k: v for k, v in schema.items() if k != "$ref"}}
    return schema


def objects(schema: dict[str, Any], path: str = "") -> dict[str, dict[str, Any]]:
    """Every object of the schema that has named fields, by its path."""
    schema = resolved(schema)
    if "items" in schema:
        return objects(schema["items"], path)
    found = {path: schema} if "properties" in schema else {}
    for name, below in schema.get("properties", {}).items():
        found |= objects(below, f"{path}.{name}" if path else name)
    return found


OBJECTS = objects(SCHEMA)


def types_of(schema: dict[str, Any]) -> set[str]:
    schema = resolved(schema)
    if "anyOf" in schema:
        return set().union(*(types_of(branch) for branch in schema["anyOf"]))
    kind = schema["type"]
    return set(kind) if isinstance(kind, list) else {kind}


def seen_fields(value: Any, path: str, seen: dict[str, set[frozenset[str]]]) -> None:
    """Collect, for each kind of object in a report, the sets of fields that are written."""
    if isinstance(value, list):
        for item in value:
            seen_fields(item, path, seen)
    elif isinstance(value, dict):
        seen.setdefault(path, set()).add(frozenset(value))
        for name, below in value.items():
            seen_fields(below, f"{path}.{name}" if path else name, seen)


@pytest.mark.parametrize("path", CONTRACT)
def test_no_field_of_the_contract_is_lost_retyped_or_optional(path: str) -> None:
    schema = OBJECTS[path]
    assert {
        name: " ".join(sorted(types_of(schema["properties"][name]))) for name in CONTRACT[path]
    } == CONTRACT[path]
    assert set(CONTRACT[path]) <= set(schema["required"])


@pytest.mark.parametrize("path", OBJECTS)
def test_every_object_may_gain_fields_and_requires_only_what_it_names(path: str) -> None:
    schema = OBJECTS[path]
    assert schema.get("additionalProperties", True) is not False
    assert set(schema.get("required", ())) <= set(schema["properties"])
    report = json.loads(json.dumps(report_of("europe-mixed")))
    for owner in owners(report, path.split(".") if path else []):
        owner["a_field_of_a_later_version"] = "x"
    assert faults(report) == []


def owners(value: Any, path: list[str]) -> list[dict[str, Any]]:
    if isinstance(value, list):
        return [found for item in value for found in owners(item, path)]
    return owners(value[path[0]], path[1:]) if path else [value]


def test_the_schema_names_what_is_written_and_the_writer_writes_what_is_named(
    state_report: dict[str, Any], failing_report: dict[str, Any], refusing_report: dict[str, Any]
) -> None:
    seen: dict[str, set[frozenset[str]]] = {}
    for report in (
        *map(report_of, SCENARIOS),
        json.loads(report_of_all()),
        state_report,
        failing_report,
        refusing_report,
    ):
        seen_fields(report, "", seen)
    unknown = seen.pop("resources.unknown")
    of_states = seen.pop("backends.unknown")
    named = {path: set(schema["properties"]) for path, schema in OBJECTS.items()}
    assert named.pop("resources.unknown") == UNKNOWNS == frozenset().union(*unknown)
    assert named.pop("backends.unknown") == UNKNOWNS >= frozenset().union(*of_states)
    # Every field is always written, so each kind of object has one set of fields only.
    assert seen == {path: {frozenset(fields)} for path, fields in named.items()}


ENUMS = {
    "inputs.kind": InputKind,
    "policy.on_unknown": OnUnknown,
    "resources.change": Change,
    "resources.kind": Kind,
    "resources.operators.role": Role,
    "resources.exposure.ground": Ground,
    "resources.verdict": Verdict,
    "findings.severity": Severity,
}


@pytest.mark.parametrize("name", ENUMS)
def test_enums_are_those_of_the_model(name: str) -> None:
    path, _, field = name.rpartition(".")
    allowed = [value for value in OBJECTS[path]["properties"][field]["enum"] if value is not None]
    assert sorted(allowed) == sorted(ENUMS[name])


def test_a_finding_is_never_a_pass() -> None:
    assert set(OBJECTS["findings"]["properties"]["verdict"]["enum"]) == set(Verdict) - {
        Verdict.PASS,
        Verdict.NOT_JUDGED,
    }


# -- what a schema cannot say --------------------------------------------------------------------------------


def test_the_same_bytes_from_run_to_run_whatever_the_hash_seed() -> None:
    for seed in ("0", "1", "4242"):
        assert scan_all(seed).stdout == report_of_all(), f"PYTHONHASHSEED={seed}"


def test_the_order_of_inputs_changes_nothing_but_their_own_list() -> None:
    forwards, backwards = json.loads(report_of_all()), json.loads(scan_all(backwards=True).stdout)
    assert forwards["inputs"] == backwards["inputs"][::-1]
    assert {**forwards, "inputs": []} == {**backwards, "inputs": []}


def every_report(request: pytest.FixtureRequest) -> dict[str, Any]:
    return {
        **{scenario: report_of(scenario) for scenario in SCENARIOS},
        "all at once": json.loads(report_of_all()),
        "state": request.getfixturevalue("state_report"),
        "failing": request.getfixturevalue("failing_report"),
        "refusing": request.getfixturevalue("refusing_report"),
    }


def test_sorted(request: pytest.FixtureRequest) -> None:
    for name, report in every_report(request).items():
        places = [(r["input"], r["address"], r["deposed"] or "") for r in report["resources"]]
        assert places == sorted(places), name
        found = [(f["input"], f["address"] or "", f["deposed"] or "", f["rule"]) for f in report["findings"]]
        # What concerns no resource, a declaration, comes last.
        assert found == sorted(found, key=lambda place: (not place[1], place)), name
        for resource in report["resources"]:
            for field in ("exposed_to", "may_be_exposed_to", "countries", "operator_candidates"):
                assert resource[field] == sorted(resource[field]), (name, resource["address"], field)
            grounds = [(e["jurisdiction"], e["ground"], e["evidence"]) for e in resource["exposure"]]
            assert grounds == sorted(grounds), (name, resource["address"])


def test_the_summary_adds_up(request: pytest.FixtureRequest) -> None:
    for name, report in every_report(request).items():
        summary = report["summary"]
        managed = [r for r in report["resources"] if r["mode"] == "managed"]
        verdicts = Counter(r["verdict"].replace("-", "_") for r in managed)
        counted = {verdict.value.replace("-", "_"): 0 for verdict in Verdict} | verdicts
        assert {key: summary[key] for key in counted} == counted, name
        assert summary["resources"] == len(managed) == sum(counted.values()), name
        assert summary["findings"] == len(report["findings"]), name
        assert summary["errors"] == len(report["errors"]), name
        assert summary["unlabelled"] <= sum(r["applicable"] for r in managed), name
        entries = Counter(r["input"] for r in report["resources"])
        assert {i["id"]: i["resources"] for i in report["inputs"]} == {
            i["id"]: entries[i["id"]] for i in report["inputs"]
        }, name


def test_what_is_certain_is_among_what_may_be(request: pytest.FixtureRequest) -> None:
    partly = 0
    for name, report in every_report(request).items():
        for resource in report["resources"]:
            where = (name, resource["address"])
            certain, possible = set(resource["exposed_to"]), set(resource["may_be_exposed_to"])
            assert certain <= possible, where
            partly += certain < possible
            assert {e["jurisdiction"] for e in resource["exposure"]} <= possible, where
            assert certain <= {e["jurisdiction"] for e in resource["exposure"]}, where
            operators = {operator["id"] for operator in resource["operators"]}
            assert not operators & set(resource["operator_candidates"]), where
    assert partly, "no fixture has a jurisdiction that is possible and not certain"


def test_what_is_not_known_is_null_and_says_why(request: pytest.FixtureRequest) -> None:
    for name, report in every_report(request).items():
        for resource in report["resources"]:
            where = (name, resource["address"])
            unknown, countries = resource["unknown"], resource["countries"]
            levels = resource["level_candidates"]
            assert (resource["level"] is None) == ("level" in unknown) == (len(levels) > 1), where
            assert len(levels) != 1, where
            assert resource["country"] == (countries[0] if len(countries) == 1 else None), where
            if resource["operators"]:
                # Beside a platform that is known, the cloud below it may not be.
                assert "operator" not in unknown or resource["operators"][0]["role"] == "platform", where
                assert countries or "country" in unknown, where
                # An operator of one site only may have no region to name.
                assert resource["region"] or "region" in unknown or countries, where
            elif "operator" not in unknown:  # It places nothing.
                assert not {"control", "region", "country"} & set(unknown), where
                assert (resource["may_be_exposed_to"], countries, resource["region"]) == ([], [], None), where


def test_what_is_not_judged_passes_and_what_leaves_is_not_judged(request: pytest.FixtureRequest) -> None:
    for name, report in every_report(request).items():
        found = {(f["input"], f["address"], f["deposed"]) for f in report["findings"]}
        for resource in report["resources"]:
            place = (resource["input"], resource["address"], resource["deposed"])
            leaves = resource["change"] == "delete" or resource["deposed"] is not None
            assert (resource["verdict"] == "not-judged") == leaves, (name, place)
            if leaves or not resource["applicable"]:
                assert place not in found, (name, place)
            if not leaves and not resource["applicable"]:
                assert resource["verdict"] == "pass", (name, place)
            if resource["verdict"] in ("fail", "unknown"):
                assert place in found, (name, place)


def test_fingerprints_tell_findings_of_one_input_apart(request: pytest.FixtureRequest) -> None:
    for name, report in every_report(request).items():
        prints = Counter((f["input"], f["fingerprint"]) for f in report["findings"])
        assert set(prints.values()) <= {1}, name
