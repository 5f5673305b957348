"""Both fronts say the same: every scenario, as source and as a plan, by real Checkov and by our own command."""

from __future__ import annotations

import re
import shutil
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sovereign_guard.catalog import load
from sovereign_guard.model.address import without_keys
from tests.checkov_host import RULES, Done, Record, checkov, need_checkov, ours, scenarios

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
ELSEWHERE = "Checkov asks about no resource that this belongs to"
NOT_SOURCE = shutil.ignore_patterns(
    "plan.json", "expected.json", "before.json", "proves.txt", "*.txt", "*.md"
)

pytestmark = pytest.mark.usefixtures("_host")


@pytest.fixture(scope="module")
def _host() -> None:
    need_checkov()


def test_every_rule_has_a_check():
    by_heart = {f"SOV{number:03}" for number in RULES}
    assert set(load().rules) | {"SOV011"} == by_heart


# -- agreement over all scenarios ----------------------------------------------------------------------------


class Both:
    """Results of both fronts over the same input."""

    def __init__(self, done: Done, reports: dict[str, dict[str, Any]], scenario_of) -> None:
        self.done = done
        self.records: defaultdict[str, list[Record]] = defaultdict(list)
        for record in done.records():
            self.records[scenario_of(record)].append(record)
        self.reports = reports


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Both:
    folder = tmp_path_factory.mktemp("source")
    for scenario in scenarios(FIXTURES):
        shutil.copytree(scenario, folder / "all" / scenario.name, ignore=NOT_SOURCE)
    done = checkov("-d", "all", "--framework", "terraform", "terraform_json", cwd=folder)
    reports = _by_scenario(ours("all", cwd=folder), lambda name: name.split("/")[1])
    return Both(done, reports, lambda record: record.file.split("/")[0])


def _by_scenario(report: dict[str, Any], scenario_of) -> dict[str, dict[str, Any]]:
    divided: dict[str, dict[str, Any]] = {}
    for part in ("resources", "findings"):
        for one in report[part]:
            name = scenario_of(one["input"])
            divided.setdefault(name, {"resources": [], "findings": []})[part].append(one)
    return divided


@pytest.fixture(scope="module")
def plans(tmp_path_factory) -> Both:
    folder = tmp_path_factory.mktemp("plans")
    for scenario in scenarios(FIXTURES):
        if (scenario / "plan.json").is_file():
            shutil.copy(scenario / "plan.json", folder / f"{scenario.name}.json")
    files = sorted(path.name for path in folder.iterdir())
    given = [part for name in files for part in ("-f", name)]
    done = checkov(*given, "--framework", "terraform_plan", cwd=folder)
    reports = _by_scenario(ours(*files, cwd=folder), lambda name: Path(name).stem)
    return Both(done, reports, lambda record: Path(record.file).stem)


def _disagreements(both: Both) -> tuple[list[str], set[tuple[str, str, str]]]:
    """What the two fronts say otherwise, and the findings for which Checkov asks about no resource."""
    wrong: list[str] = []
    homeless: set[tuple[str, str, str]] = set()
    for name, report in both.reports.items():
        known = {_plain(one["address"]) for one in report["resources"]}
        exact = {(one["rule"], _plain(one["address"])) for one in report["findings"]}
        blocks = {(rule, without_keys(address)) for rule, address in exact}
        places = [(one["rule"], one["file"], one["line"]) for one in report["findings"]]
        told = set()
        for record in both.records[name]:
            address = _plain(record.resource)
            if record.framework == "terraform_json":
                # Only a name is told there: `resource.NAME`.
                fails = any(rule == record.rule and _within(record, *place) for rule, *place in places)
            else:
                instances = [one for one in known if _instance_of(address).fullmatch(one)]
                fails = any((record.rule, one) in exact for one in instances)
                if not instances:
                    fails = (record.rule, without_keys(address)) in blocks
            told.add((record.rule, without_keys(address)))
            expected = "FAILED" if fails else "PASSED"
            if record.result != expected and not record.text.startswith(ELSEWHERE):
                wrong.append(f"{name} {record.rule} {address}: {record.result}, not {expected} {record.text}")
        for finding in report["findings"]:
            in_json = any(
                record.framework == "terraform_json"
                and record.rule == finding["rule"]
                and _within(record, finding["file"], finding["line"])
                for record in both.records[name]
            )
            if not in_json and (finding["rule"], without_keys(_plain(finding["address"]))) not in told:
                homeless.add((name, finding["rule"], finding["address"]))
    return wrong, homeless


def _plain(address: str) -> str:
    """An address without what Checkov leaves out: the `data.` of data sources in source."""
    return address.replace(".data.", ".").removeprefix("data.")


@cache
def _instance_of(address: str) -> re.Pattern[str]:
    """Matches the instances of what Checkov has expanded in part: `module.a[0].t.b` has those of `b`."""
    parts = re.findall(r'\[(?:"(?:\\.|[^"\\])*"|[^\]"]*)\]|\.|[^.\[\]]+', address)
    pattern = ""
    for part, after in zip(parts, [*parts[1:], "."], strict=True):
        expanded = part.startswith("[") or after.startswith("[") or part == "."
        pattern += re.escape(part) + ("" if expanded else r"(\[.*?\])?")
    return re.compile(pattern)


def _within(record: Record, file: str | None, line: int | None) -> bool:
    """Whether a place in source is that of a record."""
    first, last = record.lines
    return file is not None and file.endswith(record.file) and line is not None and first <= line <= last


@pytest.mark.slow
def test_source_is_judged_alike(source):
    wrong, homeless = _disagreements(source)
    assert wrong == []
    assert len(source.reports) > 100
    print(homeless)
    assert {name for name, *_rest in homeless} == set(HOMELESS_IN_SOURCE)
    _all_told(source, homeless)


@pytest.mark.slow
def test_plans_are_judged_alike(plans):
    wrong, homeless = _disagreements(plans)
    assert wrong == []
    assert len(plans.reports) > 100
    # Checkov reads `planned_values`, where there is nothing of an object that is forgotten.
    assert {name for name, *_rest in homeless} == set(HOMELESS_IN_PLANS)
    _all_told(plans, homeless)


def _all_told(both: Both, homeless: set[tuple[str, str, str]]) -> None:
    """Each finding without a home fails the run all the same, by its own rule."""
    text: defaultdict[str, str] = defaultdict(str)
    for records in both.records.values():
        for record in records:
            if ELSEWHERE in record.text:
                text[record.rule] += record.text
    assert both.done.code == 1
    for _name, rule, address in homeless:
        assert f"{address}: " in text[rule], (rule, address)


HOMELESS_IN_SOURCE: dict[str, str] = {}
HOMELESS_IN_PLANS = {"delete-forget-replace-deposed"}
