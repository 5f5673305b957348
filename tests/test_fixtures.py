"""Each scenario of fixtures/ through the real command line, in its folder, against its expected result."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.command import run_json

FIXTURES = Path(__file__).parent.parent / "fixtures"
EXPECTED = {
    path.parent.name: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted(FIXTURES.glob("*/expected.json"))
}
SCENARIOS = list(EXPECTED)
AS_OF = "2026-11-24"


def name_of(entry: dict) -> str:
    return f"{entry['address']} (deposed {entry['deposed']})" if entry["deposed"] else entry["address"]


def scan(scenario: str, source: str = "") -> tuple[int, dict]:
    """Judge a scenario as its `expected.json` says, and with `source` beside it where that says nothing."""
    expected = EXPECTED[scenario]
    return run_json(
        "scan",
        expected.get("input", "plan.json"),
        "--source",
        source,
        "--as-of",
        AS_OF,
        *expected["args"],
        cwd=FIXTURES / scenario,
    )


def has_source(scenario: str) -> bool:
    """Whether a scenario is judged with its source, which tells in which line a step is written."""
    expected = EXPECTED[scenario]
    return "input" in expected or "--source" in expected["args"]


def evidence_of(report: dict, key: str) -> list[dict]:
    """Return the evidence of the finding `RULE ADDRESS`, or of the level of the resource `ADDRESS`."""
    rule, _, address = key.partition(" ")
    if not rule.startswith("SOV"):
        entries = [entry for entry in (*report["resources"], *report["backends"]) if entry["address"] == key]
        # A data source that reads a state is a resource and has a backend: the backend is what is judged.
        return entries[-1]["level_evidence"]
    (finding,) = [f for f in report["findings"] if f["rule"] == rule and (f["address"] or "") == address]
    return finding["evidence"]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(scenario: str) -> None:
    expected = EXPECTED[scenario]
    code, report = scan(scenario)
    resources = {name_of(entry): entry for entry in report["resources"]}
    wrong = {}
    for address, fields in expected["resources"].items():
        found = resources[address]
        got = {key: found[key] for key in fields}
        if "operators" in got:
            got["operators"] = [operator["id"] for operator in got["operators"]]
        if got != fields:
            wrong[address] = {key: (got[key], fields[key]) for key in fields if got[key] != fields[key]}
    assert not wrong, f"(got, expected): {json.dumps(wrong, indent=1)}"
    findings = sorted((f["rule"], f["address"] or "", f["verdict"]) for f in report["findings"])
    assert findings == sorted(tuple(entry) for entry in expected["findings"])
    assert {key: report["summary"][key] for key in expected["summary"]} == expected["summary"]
    if "declarations" in expected:
        assert [one["what"] for one in report["declarations"]] == expected["declarations"]
    # The way that data took stands first, word for word and without a gap; what follows is of operators.
    for key, steps in expected.get("evidence", {}).items():
        told = [step["what"] for step in evidence_of(report, key)]
        whole = not key.startswith("SOV")
        if (told if whole else told[: len(steps)]) != steps:
            wrong[key] = {"got": told, "expected": steps}
    assert not wrong, json.dumps(wrong, indent=1)
    assert wrong_places(expected, report, with_lines=has_source(scenario)) == {}
    assert code == expected["exit_code"]


def wrong_places(expected: dict, report: dict, *, with_lines: bool) -> dict:
    """Return the steps of `where` that are said to stand elsewhere, each with where."""
    wrong = {}
    for key, steps in expected.get("where", {}).items():
        told = {step["what"]: step["where"] for step in evidence_of(report, key)}
        for what, (carrier, line) in steps.items():
            place = f"{carrier}, {line}" if with_lines else carrier
            if told.get(what) != place:
                wrong[f"{key}: {what}"] = (told.get(what), place)
    return wrong


@pytest.mark.parametrize(
    "scenario", [name for name in SCENARIOS if "where" in EXPECTED[name] and not has_source(name)]
)
def test_with_the_source_a_step_says_in_which_line_it_is_written(scenario: str) -> None:
    _code, report = scan(scenario, source=".")
    assert wrong_places(EXPECTED[scenario], report, with_lines=True) == {}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_way_is_expected(scenario: str) -> None:
    """Where evidence is expected at all, it is of every finding; SOV003 may have none but what is unknown."""
    expected = EXPECTED[scenario]
    if "evidence" in expected:
        found = {f"{rule} {address}".strip() for rule, address, _verdict in expected["findings"]}
        assert {key for key in found - expected["evidence"].keys() if not key.startswith("SOV003")} == set()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario_is_explained_and_complete(scenario: str) -> None:
    folder = FIXTURES / scenario
    assert len((folder / "proves.txt").read_text().strip().splitlines()) == 1
    assert (folder / "main.tf").is_file()
