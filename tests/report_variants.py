"""Reports as the pipeline makes them, and variations of them, for the tests of the formats."""

from __future__ import annotations

import json
from contextlib import chdir
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
from hypothesis import strategies as st

from sovereign_guard.errors import EXIT_CLEAN, EXIT_FINDINGS, EXIT_INPUT
from sovereign_guard.model.finding import Finding, InputProblem, Report, Severity, Verdict
from sovereign_guard.model.value import Evidence
from sovereign_guard.model.waiver import Waiver
from sovereign_guard.pipeline import assess
from sovereign_guard.request import Wishes, request_of
from tests.builders import PUBLIC, SENSITIVE, Plan

ROOT = Path(__file__).parent.parent
FIXTURES = ROOT / "fixtures"
SCENARIOS = sorted(path.parent.name for path in FIXTURES.glob("*/expected.json"))
_WISHES = {"--policy": "policy", "--config": "config", "--source": "source"}

replace = msgspec.structs.replace

WAIVER = Waiver(
    rules=("SOV001",),
    reason="moves in spring",
    until="2027-03-31",
    approver="the data office",
    file="main.tf",
    line=7,
)


def judged(*paths: str, folder: Path, **wishes: Any) -> Report:
    with chdir(folder):
        return assess(request_of(paths, Wishes(as_of="2026-11-24", **wishes)))


@cache
def scenario(name: str) -> Report:
    folder = FIXTURES / name
    expected = json.loads((folder / "expected.json").read_text())
    arguments = expected["args"]
    wishes = {_WISHES[option]: value for option, value in zip(arguments[::2], arguments[1::2], strict=True)}
    if "input" not in expected:
        wishes.setdefault("source", "")
    return judged(expected.get("input", "plan.json"), folder=folder, **wishes)


@cache
def small() -> Report:
    """A resource that fails by two rules, one that is unknown, one that passes, and two that leave."""
    plan = (
        Plan()
        .provider("aws", region="us-east-1")
        .add("aws_s3_bucket.bad", tags=SENSITIVE, tags_all=SENSITIVE)
        .add("openstack_objectstorage_container_v1.somewhere", metadata=SENSITIVE)
        .add("aws_s3_bucket.open", tags=PUBLIC, tags_all=PUBLIC)
        .add("aws_s3_bucket.gone", actions=("delete",), before={"tags": SENSITIVE, "tags_all": SENSITIVE})
        .add("aws_s3_bucket.gone", actions=("delete",), before={"tags": SENSITIVE}, deposed="abcd1234")
    )
    with TemporaryDirectory() as folder:
        plan.write(Path(folder) / "plan.json")
        return judged("plan.json", folder=Path(folder))


def again(report: Report, **changes: Any) -> Report:
    """Return a report with other parts, and the summary and exit code that follow from them."""
    report = replace(report, **changes)
    counted = any(map(report.decides, report.findings))
    code = EXIT_INPUT if report.problems else EXIT_FINDINGS if counted else EXIT_CLEAN
    summary = replace(report.summary, findings=len(report.findings), errors=len(report.problems))
    return replace(report, exit_code=code, summary=summary)


def waived(report: Report) -> Report:
    assessments = tuple(
        replace(item, verdict=Verdict.WAIVED) if item.verdict in (Verdict.FAIL, Verdict.UNKNOWN) else item
        for item in report.assessments
    )
    findings = tuple(replace(finding, waiver=WAIVER) for finding in report.findings)
    return again(report, findings=findings, assessments=assessments)


def in_baseline(report: Report) -> Report:
    return again(report, findings=tuple(replace(one, in_baseline=True) for one in report.findings))


def warned(report: Report) -> Report:
    return again(
        report,
        findings=tuple(
            replace(one, outcome=replace(one.outcome, counts=False, severity=Severity.WARNING))
            for one in report.findings
        ),
    )


def stood(report: Report) -> Report:
    findings = tuple(replace(one, introduced=False) for one in report.findings)
    return again(report, findings=findings, only_introduced=True)


EXCUSED = {"waived": waived, "baseline": in_baseline, "warns": warned, "stood": stood}
"""By standing: every finding of a report excused in that way, so that none makes the run fail."""


def without_resource(report: Report) -> Report:
    """Return a report with two findings about the same place of a configuration file besides."""
    outcome = replace(report.findings[0].outcome, message="this waiver has ended", placement=False)
    file = ".sovereign-guard.yaml"
    finding = Finding(outcome, file, "", introduced=True, fingerprint="0" * 32, file=file, line=3)
    return again(report, findings=(finding, replace(finding, fingerprint="1" * 32), *report.findings))


def with_problems(report: Report) -> Report:
    """Return a report with an input that was not read, and a part of one."""
    problems = (
        InputProblem("other.json", "this is no JSON.", "Is it a plan?", "other.json", 3, 4),
        InputProblem(report.inventories[0].id, "this plan ended with errors.", "Mend them."),
    )
    return again(report, problems=problems)


def many(report: Report, number: int) -> Report:
    """Return a report with so many times its resources and findings, each at an address of its own."""
    assessments = tuple(
        replace(item, resource=replace(item.resource, address=f"{item.resource.address}[{index}]"))
        for item in report.assessments
        for index in range(number)
    )
    findings = tuple(
        replace(one, address=f"{one.address}[{index}]", fingerprint=f"{index:032x}")
        for one in report.findings
        for index in range(number)
    )
    return again(report, assessments=assessments, findings=findings)


def spoken(report: Report, text: str) -> Report:
    """Return a report that has a text wherever something from an input, or of a user, may stand."""
    step = Evidence(text, text)
    other = f"{text}{report.inventories[0].id}"

    def said(finding: Finding) -> Finding:
        outcome = finding.outcome
        return replace(
            finding,
            outcome=replace(outcome, message=text, evidence=(step, Evidence(text), *outcome.evidence)),
            waiver=finding.waiver and replace(finding.waiver, reason=text, approver=text, file=text),
            input=other,
            address=text + finding.address,
            file=text,
            line=2,
        )

    assessments = tuple(
        replace(one, input=other, resource=replace(one.resource, address=text + one.resource.address))
        for one in report.assessments
    )
    return again(
        report,
        inventories=tuple(replace(one, id=other, path=other) for one in report.inventories),
        assessments=assessments,
        findings=tuple(map(said, report.findings)),
        problems=(*report.problems, InputProblem(text, text, text, text, 3, 4), InputProblem(other, text)),
        warnings=(*report.warnings, text),
        policy=replace(report.policy, id=text, source=text),
        statements=replace(report.statements, accepted=(step,), refused=(step,)),
    )


SENTINEL = "ZqxZ"
"""Part of every hostile text: where it turns up, something from the input has."""

_HOSTILE = (
    *(
        "`",
        "``",
        "```",
        "````",
        "~~~",
        "|",
        "\n",
        "\r\n",
        "\n\n",
        "\t",
        " ",
        "    ",
        "\\",
        "*",
        "_",
        "#",
        ">",
        "- ",
    ),
    *(
        "<script>",
        "</details>",
        "<details>",
        "<!--",
        "-->",
        "<summary>",
        "</code>",
        "</pre>",
        "&lt;",
        "&amp;",
    ),
    *("<img src=http://x.example/a>", "![a](http://x.example/a.png)", "[a](http://x.example)"),
    *("[a]: http://x.example", "<http://x.example>", "http://x.example", "www.x.example", "a@x.example"),
    *("@octocat", "#123", "!12", "GH-7", "owner/repo#9", "\n/merge", " /close", "\n---\n", "\n# Title\n"),
    *("| a | b |\n|---|---|", "]]>", "<![CDATA[", "\x00", "\x1b[31m", "\u202e", "\ud800", "\ufffe", "\uffff"),
    *("=1+1", "=cmd|' /C calc'!A0", ";=1", ';"=1"', "; -1", "+1", "-1", "@SUM(1)", '"', "'", ",", "\uff1d1"),
    "\U0001f308",
)


def hostile() -> st.SearchStrategy[str]:
    """Give texts that would break out of a place which does not escape them."""
    parts = st.one_of(st.sampled_from(_HOSTILE), st.text(max_size=6), st.just(SENTINEL))
    return st.lists(parts, max_size=8).map(lambda found: "".join((*found, SENTINEL)))
