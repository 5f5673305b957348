"""`--format csv`: its columns, what a script and a spreadsheet read in it, and that no cell is a formula."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sovereign_guard.model.finding import Report
from sovereign_guard.model.screen import Screen
from sovereign_guard.report import csv_v1
from tests.builders import sensitive_bucket
from tests.command import run
from tests.report_variants import (
    EXCUSED,
    ROOT,
    SCENARIOS,
    SENTINEL,
    hostile,
    judged,
    many,
    replace,
    scenario,
    small,
    spoken,
    waived,
    with_problems,
    without_resource,
)

# Columns as agreed. New ones may be added at the end, none changed or taken out.
CONTRACT = (
    "record,input,address,deposed,mode,type,change,kind,level,operators,countries,resource_verdict,rule,verdict,"
    "severity,standing,introduced,message,file,line,column,evidence,waived_verdict,waived_until,waiver_reason,waiver_approver,"
    "fingerprint,policy,catalog_as_of"
)
TRIGGERS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
Row = dict[str, str]


def raw(report: Report) -> str:
    return b"".join(csv_v1.write(report, Screen())).decode()


def rows(report: Report) -> list[Row]:
    """Read a report's CSV as a script does, once it is found to be what RFC 4180 says, and harmless."""
    text = raw(report)
    assert text.startswith(CONTRACT)
    assert text.endswith("\r\n")
    lines = text.removesuffix("\r\n").split("\r\n")
    assert not any(end in line for line in lines for end in "\r\n")
    found = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    assert len(found) == len(lines) - 1
    for row in found:
        assert None not in row
        assert not any(value[:1] in TRIGGERS for value in row.values() if value)
        assert all(len(value.encode("utf-16-le")) // 2 <= 32_767 for value in row.values())
    # Where the comma is the decimal sign, a spreadsheet splits the same text at semicolons.
    for cells in csv.reader(io.StringIO(text, newline=""), delimiter=";"):
        assert not any(cell.lstrip(' "')[:1] in TRIGGERS for cell in cells if cell.lstrip(' "'))
    return found


def of_kind(report: Report, record: str) -> list[Row]:
    return [row for row in rows(report) if row["record"] == record]


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_has_a_line_for_each_finding_and_each_resource_without(name: str) -> None:
    report = scenario(name)
    found = {(one.address, one.deposed or "") for one in report.findings}
    every = {(one.resource.address, one.resource.deposed or "") for one in report.judged}
    lines = of_kind(report, "finding")
    assert sorted(row["fingerprint"] for row in lines) == sorted(one.fingerprint for one in report.findings)
    others = of_kind(report, "resource")
    assert {(row["address"], row["deposed"]) for row in others} == every - found
    assert len(others) == len(every - found)
    verdicts = {one.resource.address: str(one.verdict) for one in report.judged if not one.resource.deposed}
    verdicts[""] = ""  # Of a declaration.
    for row in (*lines, *others):
        assert row["deposed"] or row["resource_verdict"] == verdicts[row["address"]]


def test_what_a_line_tells() -> None:
    first, second, *_ = of_kind(small(), "finding")
    assert (first["rule"], second["rule"]) == ("SOV001", "SOV002")
    told = {
        "input": "plan.json",
        "address": "aws_s3_bucket.bad",
        "mode": "managed",
        "type": "aws_s3_bucket",
        "change": "create",
        "kind": "stores",
        "level": "sensitive",
        "operators": "aws",
        "countries": "US",
        "resource_verdict": "fail",
        "verdict": "fail",
        "severity": "critical",
        "standing": "decides",
        "introduced": "yes",
        "file": "plan.json",
        "line": "",
        "policy": "three-circles (built in)",
        "catalog_as_of": small().catalog_as_of,
    }
    assert {name: first[name] for name in told} == told
    assert first["message"].startswith("sensitive data with Amazon Web Services")
    assert " | stands in us-east-1 (Northern Virginia), US  [" in first["evidence"]
    unknown = next(row for row in of_kind(small(), "finding") if row["rule"] == "SOV003")
    assert (unknown["operators"], unknown["countries"]) == ("unknown", "unknown")
    quiet = of_kind(small(), "resource")
    assert [(row["address"], row["deposed"], row["resource_verdict"]) for row in quiet] == [
        ("aws_s3_bucket.gone", "", "not-judged"),
        ("aws_s3_bucket.gone", "abcd1234", "not-judged"),
        ("aws_s3_bucket.open", "", "pass"),
    ]
    assert not any(row["rule"] or row["standing"] for row in quiet)


def test_all_possibilities_are_told() -> None:
    levels = {row["level"] for row in rows(scenario("label-outside-vocabulary"))}
    assert "public or sensitive or strategic" in levels


@pytest.mark.parametrize("standing", EXCUSED)
def test_a_finding_that_does_not_make_the_run_fail_says_why(standing: str) -> None:
    assert {row["standing"] for row in of_kind(EXCUSED[standing](small()), "finding")} == {standing}


def test_a_waived_finding_tells_its_waiver() -> None:
    for row in of_kind(waived(small()), "finding"):
        assert (row["resource_verdict"], row["verdict"]) == ("waived", "waived")
        assert row["waived_verdict"] == ("unknown" if row["rule"] == "SOV003" else "fail")
        assert (row["waived_until"], row["waiver_reason"], row["waiver_approver"]) == (
            "2027-03-31",
            "moves in spring",
            "the data office",
        )


def test_a_finding_without_a_resource_has_a_line() -> None:
    lines = [row for row in of_kind(without_resource(small()), "finding") if not row["address"]]
    assert [(row["input"], row["line"], row["type"]) for row in lines] == [
        (".sovereign-guard.yaml", "3", "")
    ] * 2


def test_what_was_not_read_has_a_line() -> None:
    other, plan = of_kind(with_problems(small()), "error")
    assert (other["input"], other["line"], other["column"]) == ("other.json", "3", "4")
    assert other["message"] == "this is no JSON. Is it a plan?"
    assert plan["input"] == "plan.json"


def test_an_unreadable_file_through_the_whole_pipeline(tmp_path) -> None:
    (tmp_path / "broken.json").write_text("{")
    assert [row["input"] for row in of_kind(judged("broken.json", folder=tmp_path), "error")] == [
        "broken.json"
    ]


def test_standard_input_is_no_formula() -> None:
    report = small()
    piped = replace(
        report,
        inventories=tuple(replace(one, path="-") for one in report.inventories),
    )
    assert {row["input"] for row in rows(piped)} == {"'-"}


@given(hostile())
@settings(max_examples=80, deadline=None)
def test_hostile_names_stay_text(text: str) -> None:
    for report in (waived(small()), without_resource(small())):
        found = rows(spoken(report, text))
        assert any(SENTINEL in row["address"] for row in found)
        assert any(SENTINEL in row["evidence"] for row in found)


@given(st.one_of(st.text(max_size=30), hostile()))
@settings(max_examples=200, deadline=None)
def test_a_field_is_the_text_but_for_apostrophes(text: str) -> None:
    shown = csv_v1.clean(text)
    (cells,) = csv.reader(io.StringIO(f"{csv_v1._field(text)},x\r\n", newline=""), strict=True)
    assert cells[1] == "x"
    assert cells[0].replace("'", "") == shown.replace("'", "")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(1)", "a;=1", 'a;"=1"', "a; =1", " =1", "\uff1d1"])
def test_a_formula_gets_an_apostrophe(text: str) -> None:
    (cells,) = csv.reader(io.StringIO(csv_v1._field(text)))
    assert cells[0] != text
    assert cells[0].replace("'", "") == text


@pytest.mark.parametrize("text", ["\t=1", "\r=1", "\n=1"])
def test_tabs_and_line_ends_are_made_visible(text: str) -> None:
    assert csv_v1._field(text) == f'"\\x{ord(text[0]):02x}=1"'


def test_long_fields_are_cut_to_what_a_cell_holds() -> None:
    assert any(row["message"].endswith("[...]") for row in rows(spoken(small(), "\U0001f308;=" * 20_000)))


def test_six_thousand_findings_have_a_line_each() -> None:
    assert len(of_kind(many(small(), 2_000), "finding")) == 6_000


def test_the_command_writes_it(tmp_path) -> None:
    sensitive_bucket(region="eu-west-3").write(tmp_path / "plan.json")
    done = run("scan", "plan.json", "--format", "csv", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, b"")
    (row,) = csv.DictReader(io.StringIO(done.stdout.decode(), newline=""), strict=True)
    assert (row["address"], row["rule"], row["standing"]) == ("aws_s3_bucket.files", "SOV001", "decides")


def test_the_page_of_outputs_names_every_column() -> None:
    page = (ROOT / "docs" / "outputs.md").read_text()
    table = page[page.index("| column | what it holds |") : page.index("A pivot table")]
    cells = [line.split(" | ")[0] for line in table.splitlines()[2:]]
    assert sorted(re.findall(r"`(\w+)`", " ".join(cells))) == sorted(csv_v1.COLUMNS)
    assert f"{csv_v1.MOST:,} characters of a cell" in page
