"""`--format junit`: what readers demand of it, and that it is red exactly when the exit code is not 0."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import junitparser
import pytest
from hypothesis import given, settings

from sovereign_guard.model.finding import Report
from sovereign_guard.model.screen import Screen
from sovereign_guard.report import junit
from tests.builders import sensitive_bucket
from tests.command import run
from tests.report_variants import (
    EXCUSED,
    ROOT,
    SCENARIOS,
    SENTINEL,
    again,
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

# What junit-10.xsd of Jenkins' xunit plugin says of the elements that are used here: attributes (with * those
# that must be), and children. https://github.com/jenkinsci/xunit-plugin, src/main/resources/.../model/xsd
TEXT: frozenset[str] = frozenset()
OUTCOME = ({"type", "message"}, TEXT)
SCHEMA = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": (
        {"name*", "tests*", "failures*", "errors*", "group", "time", "skipped", "timestamp", "hostname", "id"}
        | {"package", "file", "log", "url", "version"},
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
    ),
    "properties": (set(), {"property"}),
    "property": ({"name*", "value*"}, TEXT),
    "testcase": (
        {"name*", "time", "classname", "group"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    "failure": OUTCOME,
    "error": OUTCOME,
    "skipped": OUTCOME,
    "system-out": (set(), TEXT),
}
MIXED = {"failure", "error", "skipped", "system-out"}
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters outside https://www.w3.org/TR/xml/#charsets."""


def written(report: Report) -> ET.Element:
    """Parse a report's XML, once it is found to be what readers demand."""
    whole = b"".join(junit.write(report, Screen()))
    text = whole.decode()
    assert not FORBIDDEN.search(text)
    assert "<!DOCTYPE" not in text
    root = ET.fromstring(whole)  # our own text, without a document type
    assert root.tag == "testsuites"
    for element in root.iter():
        attributes, children = SCHEMA[element.tag]
        assert {name.rstrip("*") for name in attributes} >= set(element.keys())
        assert {name[:-1] for name in attributes if name.endswith("*")} <= set(element.keys())
        assert {child.tag for child in element} <= children
        assert element.tag in MIXED or not (element.text or "").strip()
    numbers_agree(root, report)
    return root


def numbers_agree(root: ET.Element, report: Report) -> None:
    for holder in (root, *root.iter("testsuite")):
        counted = {
            "tests": len(list(holder.iter("testcase"))),
            "failures": len(list(holder.iter("failure"))),
            "errors": len(list(holder.iter("error"))),
        }
        if holder is not root:
            counted["skipped"] = len(list(holder.iter("skipped")))
        assert {name: int(holder.attrib[name]) for name in counted} == counted
    for case in root.iter("testcase"):
        assert len([child for child in case if child.tag in ("failure", "error", "skipped")]) <= 1
    # GitLab drops what shares both.
    named = [(case.attrib["classname"], case.attrib["name"]) for case in root.iter("testcase")]
    assert len(named) == len(set(named))
    red = int(root.attrib["failures"]) + int(root.attrib["errors"])
    assert bool(red) == (report.exit_code != 0)


def case_of(root: ET.Element, name: str) -> ET.Element:
    (found,) = [case for case in root.iter("testcase") if case.attrib["name"] == name]
    return found


def properties(suite: ET.Element) -> dict[str, str]:
    return {one.attrib["name"]: one.attrib["value"] for one in suite.iter("property")}


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_has_a_case_for_each_resource(name: str) -> None:
    report = scenario(name)
    root = written(report)
    failing = {(one.address, one.deposed) for one in report.findings if report.decides(one)}
    of_nothing = [one for one in report.findings if not one.address]
    assert int(root.attrib["tests"]) == len(report.judged) + len(of_nothing)
    assert int(root.attrib["failures"]) == len(failing)


def test_what_a_failure_tells() -> None:
    root = written(small())
    (suite,) = root
    assert suite.attrib["name"] == "plan.json"
    known = properties(suite)
    assert known["policy"] == "three-circles (built in)"
    assert known["catalog"] == small().catalog_as_of
    assert known["tool"].startswith("sovereign-guard ")
    assert known["exit-code"] == "1"
    assert "not legal advice" in known["notice"]
    case = case_of(root, "aws_s3_bucket.bad")
    assert case.attrib["classname"] == "plan.json.aws_s3_bucket"
    (failure,) = case
    assert failure.attrib["type"] == "SOV001,SOV002"
    assert failure.attrib["message"].startswith("SOV001 critical: sensitive data with Amazon Web Services")
    assert failure.attrib["message"].endswith("(and 1 more finding)")
    assert failure.text is not None
    assert "SOV002 high: " in failure.text
    assert "  - label DataClassification = 'sensitive' says sensitive  [tags]" in failure.text
    assert not list(case_of(root, "aws_s3_bucket.open"))
    for leaving in ("aws_s3_bucket.gone", "aws_s3_bucket.gone (deposed abcd1234)"):
        assert [one.attrib for one in case_of(root, leaving)] == [{"message": "leaving (delete): not judged"}]


@pytest.mark.parametrize("standing", EXCUSED)
def test_a_finding_that_does_not_make_the_run_fail_is_skipped_and_told(standing: str) -> None:
    report = EXCUSED[standing](small())
    assert report.exit_code == 0
    case = case_of(written(report), "aws_s3_bucket.bad")
    skipped, output = case
    assert (skipped.tag, output.tag) == ("skipped", "system-out")
    reason = {
        "waived": "waived until 2027-03-31, approved by the data office: moves in spring [main.tf:7]",
        "baseline": "in the baseline",
        "warns": "warns only",
        "stood": "stood before this change",
    }[standing]
    assert skipped.attrib["message"] == f"SOV001 {reason}; SOV002 {reason}"
    assert output.text is not None
    assert "sensitive data with Amazon Web Services" in output.text
    assert reason in output.text


def test_a_waived_finding_beside_one_that_counts_is_told_beside_the_failure() -> None:
    first, *others = small().findings
    report = again(small(), findings=(waived(small()).findings[0], *others))
    failure, output = case_of(written(report), "aws_s3_bucket.bad")
    assert (first.outcome.rule, failure.attrib["type"]) == ("SOV001", "SOV002")
    assert output.text is not None
    assert "SOV001 critical" in output.text
    assert "SOV001" not in "".join(failure.itertext())


def test_a_finding_without_a_resource_is_a_case_in_a_suite_of_its_file() -> None:
    root = written(without_resource(small()))
    suite = next(one for one in root if one.attrib["name"] == ".sovereign-guard.yaml")
    assert [case.attrib["name"] for case in suite.iter("testcase")] == [
        ".sovereign-guard.yaml:3",
        ".sovereign-guard.yaml:3 (2)",
    ]


def test_an_input_that_was_not_read_is_an_error() -> None:
    root = written(with_problems(again(small(), findings=())))
    other, plan = root
    assert (other.attrib["name"], other.attrib["errors"], plan.attrib["errors"]) == ("other.json", "1", "1")
    (error,) = case_of(root, "reading other.json:3:4")
    assert error.attrib["message"] == "this is no JSON."
    assert error.text == "other.json:3:4: this is no JSON. Is it a plan?"


def test_an_unreadable_file_through_the_whole_pipeline(tmp_path) -> None:
    (tmp_path / "broken.json").write_text("{")
    root = written(judged("broken.json", "nowhere.json", folder=tmp_path))
    assert (root.attrib["tests"], root.attrib["errors"]) == ("2", "2")


def test_equal_addresses_in_two_inputs_stay_apart() -> None:
    report = small()
    inventory = report.inventories[0]
    twice = again(
        report,
        inventories=(inventory, replace(inventory, id="b.json", path="b.json")),
        assessments=(*report.assessments, *(replace(one, input="b.json") for one in report.assessments)),
        findings=(*report.findings, *(replace(one, input="b.json") for one in report.findings)),
    )
    assert written(twice).attrib["failures"] == "4"


def test_the_working_directory_has_a_name_that_jenkins_can_show(tmp_path) -> None:
    (tmp_path / "main.tf").write_text('resource "scaleway_object_bucket" "a" {\n  name = "a"\n}\n')
    report = judged(".", folder=tmp_path)
    assert [case.attrib["classname"] for case in written(report).iter("testcase")] == [
        "./.scaleway_object_bucket"
    ]


def test_what_the_organisation_stated_is_told() -> None:
    report = scenario("openstack-internal")
    assert report.statements.accepted
    (suite,) = written(report)
    output = suite.find("system-out")
    assert output is not None
    assert output.text is not None
    for step in report.statements.accepted:
        assert f"stated and accepted: {step.what}" in output.text


@given(hostile())
@settings(max_examples=60, deadline=None)
def test_hostile_names_stay_text(text: str) -> None:
    root = written(spoken(waived(small()), text))
    assert any(SENTINEL in case.attrib["name"] for case in root.iter("testcase"))
    root = written(spoken(without_resource(small()), text))
    assert any(SENTINEL in "".join(failure.itertext()) for failure in root.iter("failure"))


def test_a_real_reader_sees_the_same(tmp_path) -> None:
    report = with_problems(without_resource(small()))
    path = tmp_path / "out.xml"
    path.write_bytes(b"".join(junit.write(report, Screen())))
    read = junitparser.JUnitXml.fromfile(str(path))
    read_results = [result for suite in read for case in suite for result in case.result]
    kinds = [type(result) for result in read_results]
    assert kinds.count(junitparser.Failure) == read.failures == 4
    assert kinds.count(junitparser.Error) == read.errors == 2
    assert kinds.count(junitparser.Skipped) == 2
    assert read.tests == sum(len(list(suite)) for suite in read) == 9
    before = (read.tests, read.failures, read.errors)
    read.update_statistics()
    assert (read.tests, read.failures, read.errors) == before


def test_six_thousand_findings_fit_whole() -> None:
    report = many(small(), 2_000)
    assert len(report.findings) == 6_000
    root = written(report)
    assert int(root.attrib["tests"]) == len(report.assessments)
    assert "left-out" not in properties(root)


def test_what_does_not_fit_is_left_out_from_the_harmless_end_and_told(monkeypatch) -> None:
    report = many(small(), 100)
    monkeypatch.setattr(junit, "MOST_BYTES", 200_000)
    assert len(b"".join(junit.write(report, Screen()))) < 200_000
    root = written(report)
    assert (root.attrib["tests"], root.attrib["failures"]) != ("500", "200")
    said = properties(root)["left-out"]
    assert said.startswith(f"{500 - int(root.attrib['tests'])} test cases (")
    assert "100 passed" in said
    assert not [case for case in root.iter("testcase") if not list(case)]
    monkeypatch.setattr(junit, "MOST_BYTES", 30_000_000)
    monkeypatch.setattr(junit, "MOST_OBJECTS", 2_000)
    root = written(report)
    nodes = sum(1 + len(one.attrib) + bool((one.text or "").strip()) for one in root.iter())
    assert nodes <= 2_000
    assert root.attrib["failures"] == "200"
    assert "skipped, 100 passed), for GitLab's limits" in properties(root)["left-out"]


def test_the_command_writes_it_and_its_exit_code_agrees(tmp_path) -> None:
    sensitive_bucket(region="eu-west-3").write(tmp_path / "plan.json")
    for arguments, code in ((("plan.json",), 1), (("plan.json", "nowhere.json"), 3)):
        done = run("scan", *arguments, "-o", "junit=out.xml", cwd=tmp_path)
        read = junitparser.JUnitXml.fromfile(str(tmp_path / "out.xml"))
        assert (done.returncode, read.failures, read.errors) == (code, 1, int(code == 3))
    sensitive_bucket(region="fr-par", endpoints={"s3": "https://s3.fr-par.scw.cloud"}).write(
        tmp_path / "plan.json"
    )
    done = run("scan", "plan.json", "-o", "junit=out.xml", cwd=tmp_path)
    read = junitparser.JUnitXml.fromfile(str(tmp_path / "out.xml"))
    assert (done.returncode, read.tests, read.failures, read.errors) == (0, 1, 0, 0)


def test_the_page_of_outputs_tells_the_limits() -> None:
    page = (ROOT / "docs" / "outputs.md").read_text()
    assert f"| {junit.MOST_BYTES:,} bytes |" in page
    assert f"| {junit.MOST_OBJECTS:,} elements, attributes and texts |" in page
