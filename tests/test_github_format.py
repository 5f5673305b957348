"""GitHub's workflow commands, read back as the runner reads them."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from sovereign_guard.model.finding import InputProblem, Severity, Verdict
from sovereign_guard.model.value import Evidence
from sovereign_guard.report.github import write

from .builders import SENSITIVE, Plan, sensitive_bucket
from .command import run
from .reports import ACCEPTED, BASELINE, SOURCE, finding, outcome, report_of, text_of, with_findings

SHOWN = 10
"""Annotations of a kind for a step: https://github.com/actions/toolkit/blob/main/docs/problem-matchers.md"""


class Command(NamedTuple):
    kind: str
    properties: dict[str, str]
    data: str


def parsed(line: str) -> Command | None:
    """Read one line of a log as a command, None where it is plain text.

    `::name key=value,key=value::data`, after blanks; or, anywhere in a line, the older `##[name ...]`.
    https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions and
    https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs (2026-11-24).
    """
    found = re.match(r"\s*::(.*?)::(.*)", line, re.DOTALL)
    if found is None:
        older = re.search(r"##\[(.*?)\](.*)", line, re.DOTALL)
        return Command(older[1], {}, older[2]) if older else None
    name, _, rest = found[1].partition(" ")
    pairs = [pair.split("=", 1) for pair in rest.split(",") if pair]
    properties = {pair[0]: unescaped(pair[1], "\r\n:,%") for pair in pairs if len(pair) == 2}
    return Command(name, properties, unescaped(found[2], "\r\n%"))


def unescaped(text: str, chars: str) -> str:
    for char in chars:
        text = text.replace(f"%{ord(char):02X}", char)
    return text


def read(report: Any) -> tuple[list[Command], str]:
    """Return the commands of a report, and its last line, which is plain."""
    text = text_of(write, report)
    assert text.endswith("\n")
    *lines, last = re.split(r"\r\n|\r|\n", text[:-1])
    commands = [command for line in lines if (command := parsed(line)) is not None]
    assert len(commands) == len(lines)
    assert parsed(last) is None
    return commands, last


@pytest.fixture
def source(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "main.tf").write_text(SOURCE)
    return tmp_path


def test_a_finding(source):
    report = report_of(source)
    (command,), last = read(report)
    assert command.kind == "error"
    assert command.properties == {
        "file": "main.tf",
        "line": "5",
        "col": "1",
        "title": f"SOV001 fail: {report.rules['SOV001'].title}",
    }
    first, *steps = command.data.splitlines()
    assert first.startswith("aws_s3_bucket.files: sensitive data with Amazon Web Services")
    assert any("DataClassification" in step for step in steps)
    assert last == (
        "sovereign-guard: 1 resource: 1 fail, 0 unknown, 0 pass, 0 waived; 1 finding; 0 inputs not read."
    )


def test_nothing_found_is_one_plain_line(source):
    commands, last = read(report_of(Plan().write(source / "plan.json"), source=""))
    assert commands == []
    assert "0 resources: 0 fail" in last


def test_a_plan_without_source_is_its_own_place(source):
    (command,), _ = read(
        report_of(sensitive_bucket(region="eu-west-3").write(source / "p,1.json"), source="")
    )
    assert command.properties["file"] == "p,1.json"
    assert "line" not in command.properties


def test_kinds(source):
    warned = outcome(Verdict.UNKNOWN, Severity.WARNING, counts=False)
    findings = [
        finding("a.waived", waiver=ACCEPTED),
        finding("a.old", in_baseline=True),
        finding("a.warned", outcome=warned),
        finding("a.unknown", outcome=outcome(Verdict.UNKNOWN)),
        finding("a.stood", introduced=False),
    ]
    report = with_findings(report_of("."), *findings, baseline=BASELINE)
    told = {command.data.partition(":")[0]: command.kind for command in read(report)[0]}
    assert told == {
        "a.stood": "error",
        "a.unknown": "error",
        "a.warned": "warning",
        "a.old": "notice",
        "a.waived": "notice",
    }
    told = {
        command.data.partition(":")[0]: command.kind
        for command in read(replace(report, only_introduced=True))[0]
    }
    assert (told["a.stood"], told["a.unknown"]) == ("warning", "error")


def test_waived_and_known_findings_say_so(source):
    findings = finding("a.waived", waiver=ACCEPTED), finding("a.old", in_baseline=True)
    (old, waived), _ = read(with_findings(report_of("."), *findings, baseline=BASELINE))
    assert (
        "Waived until 2027-03-31: Contract ends, see ticket 12 (approved by dpo@example.fr)." in waived.data
    )
    assert waived.properties["title"].startswith("SOV001 waived: ")
    assert "It stood in the baseline of 2026-11-01." in old.data


def test_what_was_stated_is_told(source):
    report = report_of(source)
    statements = replace(
        report.statements,
        accepted=(Evidence("policy lax\n::error::x", ".sovereign-guard.yaml:1"),),
        refused=(Evidence("mirrors: none", ".sovereign-guard.yaml:2"),),
    )
    commands, _last = read(replace(report, statements=statements))
    told = {one.properties["title"]: one for one in commands if "Stated" in one.properties["title"]}
    assert {one.kind for one in told.values()} == {"notice"}
    accepted = told["Stated by the organisation, and accepted"].data
    assert accepted.startswith("- policy lax")
    assert "\n" not in accepted
    refused = told["Stated in the repository, and not accepted"].data
    assert refused == "- mirrors: none  [.sovereign-guard.yaml:2]"


def test_what_was_not_read_comes_first_and_warnings_are_there(source):
    (source / "bad.json").write_text('{"format_version": "1.2",\n  oops')
    report = replace(report_of(".", "bad.json"), warnings=("::error::forged",))
    (bad, found, warning), last = read(report)
    assert (bad.kind, bad.properties["file"], bad.properties["line"]) == ("error", "bad.json", "2")
    assert bad.data.startswith("Not read: ")
    assert found.data.startswith("aws_s3_bucket.files")
    assert (warning.kind, warning.data) == ("warning", r"\x3a:error::forged")
    assert "1 input not read" in last


def test_the_gravest_come_first_and_the_last_line_counts_what_github_hides(source):
    light = outcome(severity=Severity.LOW)
    findings = [finding(f"a.light[{number}]", outcome=light) for number in range(12)]
    findings += [finding(f"a.waived[{number}]", waiver=ACCEPTED) for number in range(SHOWN)]
    findings.append(finding("a.grave"))
    commands, last = read(with_findings(report_of("."), *findings))
    assert commands[0].data.startswith("a.grave: ")
    assert len(commands) == len(findings)
    assert (
        "GitHub shows 10 annotations of each kind for a step: 3 of 13 errors stand in this log only." in last
    )
    assert "notices" not in last


def test_six_thousand_findings_are_all_in_the_log(source):
    plan = Plan().provider("aws", region="eu-west-3")
    for number in range(6_000):
        plan.add(f"aws_s3_bucket.files[{number}]", tags=SENSITIVE, tags_all=SENSITIVE)
    commands, last = read(report_of(plan.write(source / "plan.json"), source=""))
    assert len(commands) == 6_000
    assert "5990 of 6000 errors stand in this log only" in last


def test_long_titles_and_messages_stay_within_githubs_sizes(source):
    """https://docs.github.com/en/rest/checks/runs#create-a-check-run (2026-11-24)."""
    report = report_of(".")
    rules = {**report.rules, "SOV001": replace(report.rules["SOV001"], title="long " * 100)}
    one = finding(outcome=outcome(evidence=(Evidence("é" * 100_000),)))
    (command,), _ = read(with_findings(replace(report, rules=rules), one))
    assert len(command.properties["title"]) <= 255
    assert len(command.data.encode()) <= 64 * 1024
    assert command.data.endswith("[...]")


HOSTILE = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "\n::error::forged",
                "\r\n::stop-commands::token",
                "::",
                "::set-output name=x::y",
                "##[add-mask]x",
                "%0A::error::x",
                "%25",
                "%",
                ",line=7",
                ":",
                "=",
                "\x1b[31m",
                "\u2028",
                "\x85",
                "\0",
                "\x0b",
            ]
        ),
        st.text(max_size=5),
    ),
    max_size=6,
).map("".join)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("base")
    (folder / "main.tf").write_text(SOURCE)
    report = report_of(folder)
    return lambda: report  # hypothesis prints its arguments, and a report is long.


@settings(deadline=None)
@given(address=HOSTILE, message=HOSTILE, file=HOSTILE, reason=HOSTILE, step=HOSTILE, warning=HOSTILE)
def test_no_name_forges_a_command(base, address, message, file, reason, step, warning):
    said = outcome(message=message, evidence=(Evidence(step, step),))
    waiver = replace(ACCEPTED, reason=reason, approver=reason)
    findings = [
        finding(f"a.{address}", outcome=said, file=f"f{file}", line=3, deposed=address or None),
        finding(f"a.{address}", outcome=said, input=f"i{file}", waiver=waiver),
        finding(f"a.{address}", outcome=said, in_baseline=True),
    ]
    baseline = replace(BASELINE, written=f"2026{reason}")
    problem = InputProblem(f"i{file}", f"no. {message}", hint=reason, file=f"f{file}", line=4)
    report = with_findings(
        base(), *findings, problems=(problem,), warnings=(f"w{warning}",), baseline=baseline
    )
    commands, _ = read(report)
    assert [command.kind for command in commands] == ["error", "error", "notice", "notice", "warning"]
    unread, found, known, waived, _warned = commands
    title = base().rules["SOV001"].title
    assert found.properties == {**found.properties, "line": "3", "title": f"SOV001 fail: {title}"}
    assert set(found.properties) == {"file", "line", "title"}
    assert set(waived.properties) == {"file", "title"}
    assert unread.properties["line"] == "4"
    assert len(found.data.split("\n")) == 2
    assert len(waived.data.split("\n")) == len(known.data.split("\n")) == 3
    # French has no-break spaces before its colons, which Python does not count as printable.
    spaces = str.maketrans("\u00a0\u202f", "  ")
    lines = [line.translate(spaces) for command in commands for line in command.data.split("\n")]
    assert all(map(str.isprintable, lines))


@settings(deadline=None)
@given(
    name=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1, max_size=20)
)
def test_files_come_back_as_they_are_named(base, name):
    (command,), _ = read(with_findings(base(), finding(file=f"/folder/f{name}", line=1)))
    assert command.properties["file"] == f"/folder/f{name}"


def test_the_command_prints_commands_and_one_line(source):
    folder = source / "a\n::add-mask::x"
    folder.mkdir()
    (folder / "main.tf").write_text(SOURCE)
    done = run("scan", folder.name, "--format", "github", cwd=source)
    assert done.returncode == 1
    command, last = done.stdout.decode().splitlines()
    assert parsed(command).properties["file"] == "a\n::add-mask::x/main.tf"
    assert parsed(last) is None
    assert done.stderr == b""
