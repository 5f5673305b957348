"""Each scenario of fixtures/ through the real command line, in its folder, against its expected result."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.command import run_json

FIXTURES = Path(__file__).parent.parent / "fixtures"
SCENARIOS = sorted(path.parent.name for path in FIXTURES.glob("*/expected.json"))
AS_OF = "2026-11-24"


def name_of(entry: dict) -> str:
    return f"{entry['address']} (deposed {entry['deposed']})" if entry["deposed"] else entry["address"]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(scenario: str) -> None:
    folder = FIXTURES / scenario
    expected = json.loads((folder / "expected.json").read_text())
    code, report = run_json(
        "scan", "plan.json", "--source", "", "--as-of", AS_OF, *expected["args"], cwd=folder
    )
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
    findings = sorted((f["rule"], f["address"], f["verdict"]) for f in report["findings"])
    assert findings == sorted(tuple(entry) for entry in expected["findings"])
    assert {key: report["summary"][key] for key in expected["summary"]} == expected["summary"]
    assert code == expected["exit_code"]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario_is_explained_and_complete(scenario: str) -> None:
    folder = FIXTURES / scenario
    assert len((folder / "proves.txt").read_text().strip().splitlines()) == 1
    assert (folder / "main.tf").is_file()
