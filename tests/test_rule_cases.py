"""Each rule's own cases (rules/checks/*.yaml) through the real command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from sovereign_guard.judge.rules import ALL_RULES
from tests.command import run_json

CHECKS = Path(__file__).parent.parent / "rules" / "checks"
AS_OF = "2026-11-24"
WAIVERS = "SOV011"
"""It looks at waivers rather than at resources, so it is no rule of a case; and it always knows."""

NEVER_FAILS = {"SOV003"}
"""Its verdict is unknown by nature."""


def load(rule: str) -> dict:
    return yaml.safe_load((CHECKS / f"{rule}.yaml").read_text())


CASES = [(path.stem, case) for path in sorted(CHECKS.glob("*.yaml")) for case in load(path.stem)["cases"]]


@pytest.mark.parametrize(("rule", "case"), CASES, ids=[f"{rule}: {case['name']}" for rule, case in CASES])
def test_case(rule: str, case: dict, tmp_path: Path) -> None:
    judged = "plan.json" if "plan" in case else "main.tf"
    text = json.dumps(case["plan"], default=str) if "plan" in case else case["main_tf"]
    (tmp_path / judged).write_text(text)
    judged = "plan.json" if "plan" in case else "."
    arguments = ["--as-of", AS_OF, "--policy", case.get("policy", "three-circles")]
    if "config" in case:
        (tmp_path / "config.yaml").write_text(yaml.safe_dump(case["config"]))
        arguments += ["--config", "config.yaml"]
    code, report = run_json("scan", judged, *arguments, cwd=tmp_path)
    assert report["errors"] == []
    assert [[f["rule"], f["verdict"]] for f in report["findings"]] == case["expect_findings"]
    assert code == (1 if any(f["decides"] for f in report["findings"]) else 0)
    assert all(f["decides"] for f in report["findings"] if f["rule"] != "SOV011" and f["verdict"] != "waived")
    verdicts = [f["verdict"] for f in report["findings"] if f["rule"] == rule]
    if case["expect"] == "pass":
        assert verdicts == []
    elif case["expect"] == "fail":
        assert verdicts == ["fail"]
    else:
        assert "unknown" in [f["verdict"] for f in report["findings"]]


@pytest.mark.parametrize("rule", [*(rule.id for rule in ALL_RULES), WAIVERS])
def test_every_rule_has_a_case_of_each_outcome(rule: str) -> None:
    outcomes = {case["expect"] for case in load(rule)["cases"]}
    wanted = {"pass", "fail", "unknown"}
    if rule in NEVER_FAILS:
        wanted -= {"fail"}
    if rule == WAIVERS:
        wanted -= {"unknown"}
    assert wanted <= outcomes


def test_every_rule_has_a_text_and_every_text_a_rule() -> None:
    assert sorted([*(rule.id for rule in ALL_RULES), WAIVERS]) == [
        path.stem for path in sorted(CHECKS.glob("*.yaml"))
    ]
