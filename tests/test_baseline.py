"""The baseline: what stood does not fail the run, and nothing else hides behind it."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import JSON, PUBLIC, SENSITIVE, Plan, Refers, configure, sensitive_bucket
from tests.command import run, run_json

DAY = "2026-11-24"
FILES = "aws_s3_bucket.files"
STRATEGIC = {"DataClassification": "strategic"}
FILE = "baseline.json"
PROVIDER = 'provider "aws" {\n  region = "eu-west-3"\n}\n'


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / ".git").mkdir(parents=True)
    return folder


def bucket(name: str = "files", level: str = "sensitive", more: str = "") -> str:
    return f'resource "aws_s3_bucket" "{name}" {{\n{more}  tags = {{ DataClassification = "{level}" }}\n}}\n'


def source(folder: Path, *blocks: str, name: str = "main.tf") -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(PROVIDER + "".join(blocks))


def baseline(
    folder: Path, *paths: str, code: int = 0, file: str = FILE, options: tuple[str, ...] = ()
) -> JSON:
    done = run("baseline", *(paths or (".",)), "-o", file, "--as-of", DAY, *options, cwd=folder)
    assert done.returncode == code, done.stderr.decode()
    assert b"Traceback" not in done.stderr
    written: JSON = json.loads((folder / file).read_bytes())
    return written


def scan(folder: Path, *paths: str, options: tuple[str, ...] = ()) -> tuple[int, JSON]:
    return run_json("scan", *(paths or (".",)), "--baseline", FILE, "--as-of", DAY, *options, cwd=folder)


def refused(folder: Path, *options: str) -> str:
    done = run("scan", ".", "--baseline", FILE, *options, cwd=folder)
    text = done.stderr.decode()
    assert (done.returncode, done.stdout) == (2, b""), text
    assert "Traceback" not in text
    return text


def new(report: JSON) -> list[tuple[str, str]]:
    """Return rule and address of the findings that decide."""
    return [(one["rule"], one["address"]) for one in report["findings"] if one["decides"]]


def known(report: JSON) -> list[tuple[str, str]]:
    return [(one["rule"], one["address"]) for one in report["findings"] if one["in_baseline"]]


# -- writing and using it ------------------------------------------------------------------------------------


def test_what_stood_stays_visible_and_does_not_fail(repository: Path) -> None:
    source(repository, bucket())
    written = baseline(repository)
    assert written["schema"] == "sovereign-guard/baseline/v1"
    assert written["written"] == DAY
    (entry,) = written["findings"]
    assert {**entry, "fingerprint": ""} == {
        "fingerprint": "",
        "rule": "SOV001",
        "address": FILES,
        "input": ".",
        "verdict": "fail",
        "level": "sensitive",
        "operators": ["aws"],
    }
    code, report = scan(repository)
    (finding,) = report["findings"]
    assert code == 0
    assert (finding["in_baseline"], finding["decides"], finding["verdict"]) == (True, False, "fail")
    assert finding["fingerprint"] == entry["fingerprint"]
    assert (report["summary"]["fail"], report["resources"][0]["verdict"]) == (1, "fail")
    (step,) = report["declarations"]
    assert step == {"what": f"baseline {FILE} of {DAY}: 1 finding stood", "where": "--baseline"}


def test_without_it_the_same_fails(repository: Path) -> None:
    source(repository, bucket())
    baseline(repository)
    code, report = run_json("scan", ".", "--as-of", DAY, cwd=repository)
    assert (code, report["findings"][0]["in_baseline"]) == (1, False)


def test_one_that_is_clean_is_written_too(repository: Path) -> None:
    source(repository, bucket(level="public"))
    assert baseline(repository)["findings"] == []
    assert scan(repository)[0] == 0
    source(repository, bucket())
    assert scan(repository)[0] == 1


def test_it_is_the_same_bytes_each_time_and_one_line_for_each_finding(repository: Path) -> None:
    source(repository, *(bucket(f"b{number}") for number in range(5)))
    baseline(repository)
    first = (repository / FILE).read_bytes()
    baseline(repository, file="again.json")
    assert (repository / "again.json").read_bytes() == first
    assert len(first.splitlines()) == 5 + 2


def test_a_finding_moves_freely_through_the_file_and_the_folder(repository: Path) -> None:
    source(repository, bucket())
    baseline(repository)
    (repository / "main.tf").unlink()
    source(repository, "# a comment\n" * 50, bucket("fine", "public"), bucket(), name="other.tf")
    assert scan(repository)[0] == 0


def test_what_is_waived_or_said_of_waivers_is_left_out(repository: Path) -> None:
    held = '  # sovereign-guard: waive SOV001 until=2027-03-31 reason="Moves."\n'
    ended = '  # sovereign-guard: waive SOV001 until=2026-01-01 reason="Moves."\n'
    source(repository, bucket(more=held), bucket("other", more=ended))
    written = baseline(repository)
    assert [(one["rule"], one["address"]) for one in written["findings"]] == [
        ("SOV001", "aws_s3_bucket.other")
    ]
    code, report = scan(repository)
    assert (code, new(report)) == (1, [("SOV011", "aws_s3_bucket.other")])


def test_said_of_waivers_cannot_be_written_in_by_hand(repository: Path) -> None:
    source(repository, bucket(more="  # sovereign-guard: waive SOV001\n"))
    written = baseline(repository)
    _, report = scan(repository)
    (void,) = [one for one in report["findings"] if one["rule"] == "SOV011"]
    written["findings"].append(
        {**written["findings"][0], "rule": "SOV011", "fingerprint": void["fingerprint"], "level": "strategic"}
    )
    (repository / FILE).write_text(json.dumps(written))
    code, report = scan(repository)
    assert (code, new(report)) == (1, [("SOV011", FILES)])


def test_the_number_that_is_told_is_that_of_the_file(repository: Path) -> None:
    source(repository, bucket(more="  # sovereign-guard: waive SOV001\n"))
    done = run("baseline", ".", "-o", FILE, "--as-of", DAY, cwd=repository)
    count = len(json.loads((repository / FILE).read_bytes())["findings"])
    assert count == 1
    assert done.stderr.decode().startswith(f"{count} finding written to {FILE}.")


def test_it_is_written_though_the_configuration_already_names_it(repository: Path) -> None:
    source(repository, bucket())
    configure(repository / ".sovereign-guard.yaml", baseline=FILE)
    baseline(repository)
    assert run_json("scan", ".", "--as-of", DAY, cwd=repository)[0] == 0


def test_written_anew_it_holds_what_still_stands_and_no_more(repository: Path) -> None:
    source(repository, bucket(), bucket("other"))
    baseline(repository)
    configure(repository / ".sovereign-guard.yaml", baseline=FILE)
    source(repository, bucket(), bucket("third"))
    written = baseline(repository)
    assert [one["address"] for one in written["findings"]] == [FILES, "aws_s3_bucket.third"]


def test_of_source_that_is_not_read_as_a_whole_it_says_so_and_hides_nothing(repository: Path) -> None:
    source(repository, bucket(), 'resource "aws_s3_bucket" "broken" {\n  tags = { = }\n}\n')
    written = baseline(repository, code=3)
    assert "aws_s3_bucket.broken" not in {one["address"] for one in written["findings"]}
    source(repository, bucket(), bucket("broken"))
    code, report = scan(repository)
    assert (code, new(report)) == (1, [("SOV001", "aws_s3_bucket.broken")])


def test_a_part_that_cannot_be_read_still_fails_the_run(repository: Path) -> None:
    source(repository, bucket())
    baseline(repository)
    source(repository, bucket(), "nonsense {\n")
    assert scan(repository)[0] == 3


def test_a_waiver_and_the_baseline_at_once(repository: Path) -> None:
    source(repository, bucket())
    baseline(repository)
    source(repository, bucket(more='  # sovereign-guard: waive SOV001 until=2027-03-31 reason="Moves."\n'))
    code, report = scan(repository)
    assert (code, report["findings"][0]["verdict"], new(report)) == (0, "waived", [])


def test_the_report_for_people_says_what_stood(repository: Path) -> None:
    source(repository, bucket())
    baseline(repository)
    done = run("scan", ".", "--baseline", FILE, "--as-of", DAY, cwd=repository)
    text = " ".join(done.stdout.decode().split())
    assert "IN THE BASELINE 1 resource" in text
    assert f"1 in the baseline of {DAY}" in text


# -- what is new ---------------------------------------------------------------------------------------------


def plan_of(*, tags: Any = None, region: str = "eu-west-3", address: str = FILES, **more: Any) -> Plan:
    labels = SENSITIVE if tags is None else tags
    return Plan().provider("aws", region=region).add(address, tags=labels, tags_all=labels, **more)


def compared(repository: Path, before: Plan, after: Plan) -> tuple[int, JSON]:
    before.write(repository / "plan.json")
    baseline(repository, "plan.json")
    after.write(repository / "plan.json")
    return scan(repository, "plan.json")


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (
            plan_of().add("aws_s3_bucket.more", tags=SENSITIVE, tags_all=SENSITIVE),
            {("SOV001", "aws_s3_bucket.more")},
        ),
        (plan_of(tags=STRATEGIC), {("SOV001", FILES), ("SOV008", FILES)}),
        (plan_of(region="us-east-1"), {("SOV002", FILES)}),
        (plan_of(address=f"{FILES}[0]"), {("SOV001", f"{FILES}[0]")}),
        (plan_of(tags={"DataClassification": "no such word"}), {("SOV010", FILES)}),
        (
            plan_of(tags=PUBLIC, actions=("update",), before={"tags": SENSITIVE, "tags_all": SENSITIVE}),
            {("SOV013", FILES)},
        ),
    ],
)
def test_what_a_change_adds_is_new(after: Plan, expected: set[tuple[str, str]], repository: Path) -> None:
    code, report = compared(repository, plan_of(), after)
    assert code == 1
    assert expected <= set(new(report))
    assert set(new(report)).isdisjoint({("SOV001", FILES)} - expected)


def test_a_label_that_the_change_lowers_is_never_in_a_baseline(repository: Path) -> None:
    lowered = plan_of(tags=PUBLIC, actions=("update",), before={"tags": SENSITIVE, "tags_all": SENSITIVE})
    code, report = compared(repository, lowered, lowered)
    assert (code, new(report)) == (1, [("SOV013", FILES)])


def test_another_forbidden_operator_is_new(repository: Path) -> None:
    def at(provider: str, settings: str) -> str:
        return f'provider "{provider}" {{\n  {settings}\n}}\n' + bucket()

    path = repository / "main.tf"
    path.write_text(at("aws", 'region = "eu-west-3"'))
    baseline(repository)
    endpoint = 'region = "eu"\n  endpoints {\n    s3 = "https://storage.googleapis.com"\n  }'
    path.write_text(at("aws", endpoint))
    code, report = scan(repository)
    assert (code, new(report)) == (1, [("SOV001", FILES)])


def test_the_baseline_of_one_root_is_not_that_of_another(repository: Path) -> None:
    for name in ("a", "b"):
        source(repository, bucket(), name=f"{name}/main.tf")
    baseline(repository, "a")
    assert scan(repository, "a")[0] == 0
    assert scan(repository, "b")[0] == 1


def test_a_level_that_falls_is_not_new(repository: Path) -> None:
    code, report = compared(repository, plan_of(tags=STRATEGIC), plan_of())
    assert (code, known(report)) == (0, [("SOV001", FILES)])


def test_a_level_that_can_no_longer_be_told_is_new(repository: Path) -> None:
    hidden = plan_of(tags=None, unknown={"tags": True, "tags_all": True})
    hidden.changes[0]["change"]["after"] = {}
    code, report = compared(repository, plan_of(), hidden)
    assert code == 1
    assert FILES in {address for _rule, address in new(report)}


def test_an_unknown_that_turns_into_a_failure_is_new_and_not_the_other_way(repository: Path) -> None:
    def plan(**settings: Any) -> Plan:
        made = Plan().provider("aws", region="eu-west-3", **settings)
        return made.add(FILES, tags=STRATEGIC, tags_all=STRATEGIC)

    sure, unsure = plan(), plan(endpoints={"s3": "https://s3.intern.example"})
    code, report = compared(repository, unsure, sure)
    stood = json.loads((repository / FILE).read_bytes())["findings"]
    assert ("SOV008", "unknown") in {(one["rule"], one["verdict"]) for one in stood}
    assert code == 1
    assert ("SOV008", FILES) in new(report)
    _, report = compared(repository, sure, unsure)
    assert ("SOV008", FILES) in known(report)


@pytest.mark.parametrize(("stood", "counts"), [("unknown", False), ("fail", True)])
def test_the_verdict_that_stood_is_looked_at(stood: str, counts: bool, repository: Path) -> None:
    source(repository, bucket())
    written = baseline(repository)
    written["findings"][0]["verdict"] = stood
    (repository / FILE).write_text(json.dumps(written))
    code, report = scan(repository)
    assert (code, bool(known(report))) == ((0, True) if counts else (1, False))


@pytest.mark.parametrize("level", ["public", "no-such-level", ""])
def test_the_level_that_stood_is_looked_at(level: str, repository: Path) -> None:
    source(repository, bucket())
    written = baseline(repository)
    written["findings"][0]["level"] = level
    (repository / FILE).write_text(json.dumps(written))
    assert scan(repository)[0] == 1


@pytest.mark.parametrize("change", [{"rule": "SOV002"}, {"rule": "sov001"}, {"address": "aws_s3_bucket.old"}])
def test_what_a_reviewer_reads_is_what_counts(change: JSON, repository: Path) -> None:
    source(repository, bucket())
    written = baseline(repository)
    written["findings"][0].update(change)
    (repository / FILE).write_text(json.dumps(written))
    code, report = scan(repository)
    assert (code, known(report)) == (1, [])


def test_a_glob_in_a_baseline_is_no_glob(repository: Path) -> None:
    source(repository, bucket())
    written = baseline(repository)
    written["findings"][0].update(address="*")
    (repository / FILE).write_text(json.dumps(written))
    assert scan(repository)[0] == 1


# -- several inputs ------------------------------------------------------------------------------------------


def test_the_same_address_in_another_root_is_new(repository: Path) -> None:
    source(repository, bucket(), name="a/main.tf")
    source(repository, bucket("fine", "public"), name="b/main.tf")
    baseline(repository)
    assert scan(repository)[0] == 0
    source(repository, bucket(), name="b/main.tf")
    code, report = scan(repository)
    assert (code, [one["input"] for one in report["findings"] if one["decides"]]) == (1, ["b"])


def test_a_copied_root_is_new(repository: Path) -> None:
    source(repository, bucket(), name="a/main.tf")
    baseline(repository)
    source(repository, bucket(), name="copy/main.tf")
    code, report = scan(repository)
    assert (code, [one["input"] for one in report["findings"] if one["decides"]]) == (1, ["copy"])


def test_a_root_that_was_clean_is_not_taken_for_the_one_that_was_not(repository: Path) -> None:
    source(repository, bucket(), name="a/main.tf")
    source(repository, bucket("fine", "public"), name="b/main.tf")
    baseline(repository, "a", "b")
    source(repository, bucket(), name="b/main.tf")
    assert scan(repository, "a")[0] == 0
    code, report = scan(repository, "b")
    assert (code, known(report)) == (1, [])


def test_a_single_plan_may_have_any_name(repository: Path) -> None:
    plan_of().write(repository / "plan.json")
    baseline(repository, "plan.json")
    (repository / "plan.json").rename(repository / "tfplan-4711.json")
    assert scan(repository, "tfplan-4711.json")[0] == 0
    done = run(
        "scan", "-", "--baseline", FILE, cwd=repository, stdin=(repository / "tfplan-4711.json").read_bytes()
    )
    assert done.returncode == 0


def test_a_single_plan_of_another_folder_is_another(repository: Path) -> None:
    for name in ("a", "b"):
        (repository / name).mkdir()
        plan_of().write(repository / name / "plan.json")
    baseline(repository, "a/plan.json")
    assert scan(repository, "a/plan.json")[0] == 0
    assert scan(repository, "b/plan.json")[0] == 1


def test_of_several_plans_each_keeps_its_name(repository: Path) -> None:
    for name in ("a.json", "b.json"):
        plan_of().write(repository / name)
    baseline(repository, "a.json", "b.json")
    assert scan(repository, "a.json", "b.json")[0] == 0
    assert scan(repository, "b.json")[0] == 0
    (repository / "b.json").rename(repository / "c.json")
    code, report = scan(repository, "a.json", "c.json")
    assert (code, [one["input"] for one in report["findings"] if one["decides"]]) == (1, ["c.json"])


def test_the_working_directory_does_not_matter(repository: Path) -> None:
    source(repository, bucket(), name="infra/a/main.tf")
    source(repository, bucket(), name="infra/b/main.tf")
    baseline(repository, "infra")
    file = str(repository / FILE)
    for cwd, path in (("infra", "."), ("infra/a", ".."), (".", str(repository / "infra"))):
        code, report = run_json("scan", path, "--baseline", file, "--as-of", DAY, cwd=repository / cwd)
        assert (code, len(known(report))) == (0, 2)


def test_deposed_objects_do_not_hide_a_graver_one(repository: Path) -> None:
    before = {"tags": SENSITIVE, "tags_all": SENSITIVE}
    gone = plan_of(tags=PUBLIC).add(FILES, actions=("forget",), deposed="abcd1234", before=before)
    code, report = compared(repository, gone, plan_of(tags=STRATEGIC))
    assert code == 1
    assert ("SOV001", FILES) in new(report)


# -- renames -------------------------------------------------------------------------------------------------

MOVED = "moved {\n  from = aws_s3_bucket.files\n  to   = aws_s3_bucket.archive\n}\n"


def test_a_renamed_resource_is_known_by_its_old_address(repository: Path) -> None:
    source(repository, bucket())
    baseline(repository)
    source(repository, bucket("archive"))
    assert scan(repository)[0] == 1
    source(repository, bucket("archive"), MOVED)
    assert scan(repository)[0] == 0
    source(repository, bucket("archive", "strategic"), MOVED)
    assert scan(repository)[0] == 1


def test_a_baseline_written_after_the_rename_outlives_the_moved_block(repository: Path) -> None:
    source(repository, bucket("archive"), MOVED)
    baseline(repository)
    assert scan(repository)[0] == 0
    source(repository, bucket("archive"))
    assert scan(repository)[0] == 0


def test_a_moved_block_does_not_lend_what_stands_to_another(repository: Path) -> None:
    source(repository, bucket())
    baseline(repository)
    source(repository, bucket(), bucket("archive"), MOVED)
    code, report = scan(repository)
    assert (code, new(report)) == (1, [("SOV001", "aws_s3_bucket.archive")])


def test_two_cannot_both_have_been_what_stood(repository: Path) -> None:
    source(repository, bucket())
    baseline(repository)
    source(repository, bucket("archive"), bucket("second"), MOVED, MOVED.replace("archive", "second"))
    code, report = scan(repository)
    assert code == 1
    assert new(report)


def test_a_plan_that_renames_is_known_by_the_address_before(repository: Path) -> None:
    renamed = plan_of(address="aws_s3_bucket.archive")
    renamed.changes[0]["previous_address"] = FILES
    code, report = compared(repository, plan_of(), renamed)
    assert (code, known(report)) == (0, [("SOV001", "aws_s3_bucket.archive")])


# -- whose baseline counts -----------------------------------------------------------------------------------


def test_the_configuration_names_one_beside_itself(repository: Path) -> None:
    source(repository, bucket())
    (repository / "state").mkdir()
    baseline(repository, file="state/known.json")
    configure(repository / ".sovereign-guard.yaml", baseline="state/known.json")
    code, report = run_json("scan", ".", "--as-of", DAY, cwd=repository)
    assert (code, len(known(report))) == (0, 1)
    (step,) = report["declarations"]
    assert ".sovereign-guard.yaml:" in step["where"]


@pytest.mark.parametrize("by", ["option", "configuration"])
def test_the_policy_can_refuse_one_in_the_checkout(by: str, repository: Path) -> None:
    source(repository, bucket())
    baseline(repository)
    pinned = str(
        configure(
            repository.parent / "policy.yaml",
            id="ours",
            title="Ours",
            extends="three-circles",
            repository={"baseline": False},
        )
    )
    if by == "configuration":
        configure(repository / ".sovereign-guard.yaml", baseline=FILE)
    options = ("--baseline", FILE) if by == "option" else ()
    arguments = ("scan", ".", "--policy", pinned, "--as-of", DAY)
    code, report = run_json(*arguments, *options, cwd=repository)
    assert (code, known(report), report["declarations"]) == (1, [], [])
    (step,) = report["refused_declarations"]
    assert "the policy accepts none that lies in the repository" in step["what"]
    outside = repository.parent / "known.json"
    baseline(repository, file=str(outside))
    assert run_json(*arguments, "--baseline", str(outside), cwd=repository)[0] == 0


def test_a_link_out_of_the_checkout_is_in_it(repository: Path) -> None:
    source(repository, bucket())
    outside = repository.parent / "known.json"
    baseline(repository, file=str(outside))
    (repository / FILE).symlink_to(outside)
    assert "lies in the repository that is judged" in refused(repository, "--ignore-repo-config")


def test_ignoring_the_repository_takes_one_from_outside_only(repository: Path) -> None:
    source(repository, bucket())
    baseline(repository)
    configure(repository / ".sovereign-guard.yaml", baseline=FILE)
    assert "lies in the repository that is judged" in refused(repository, "--ignore-repo-config")
    code, report = run_json("scan", ".", "--ignore-repo-config", "--as-of", DAY, cwd=repository)
    assert (code, known(report)) == (1, [])
    outside = str(repository.parent / "known.json")
    baseline(repository, file=outside)
    options = ("--ignore-repo-config", "--baseline", outside)
    assert run_json("scan", ".", *options, "--as-of", DAY, cwd=repository)[0] == 0


def test_only_new_findings_that_the_change_introduces(repository: Path) -> None:
    stands: JSON = {"actions": ("no-op",), "before": {"tags": SENSITIVE, "tags_all": SENSITIVE}}
    plan_of(**stands).write(repository / "plan.json")
    baseline(repository, "plan.json")
    after = plan_of(**stands).add("aws_s3_bucket.more", tags=SENSITIVE, tags_all=SENSITIVE)
    after.write(repository / "plan.json")
    code, report = scan(repository, "plan.json", options=("--fail-on", "introduced"))
    assert code == 1
    assert [one["address"] for one in report["findings"] if one["decides"] and one["introduced"]] == [
        "aws_s3_bucket.more"
    ]


# -- files that are no baseline ------------------------------------------------------------------------------

ENTRY = {
    "fingerprint": "0" * 32,
    "rule": "SOV001",
    "address": FILES,
    "input": ".",
    "verdict": "fail",
    "level": "strategic",
    "operators": ["aws"],
}
HEAD = {"schema": "sovereign-guard/baseline/v1", "written": DAY, "inputs": ["."]}


def entry(**change: Any) -> bytes:
    return json.dumps({**HEAD, "findings": [{**ENTRY, **change}]}).encode()


HOSTILE: dict[str, bytes] = {
    "empty": b"",
    "null": b"null",
    "a list": b"[]",
    "a number": b"1",
    "another JSON file": b'{"format_version": "1.2"}',
    "another schema": json.dumps({**HEAD, "schema": "sovereign-guard/baseline/v2", "findings": []}).encode(),
    "a report": json.dumps({"schema": "sovereign-guard/report/v1", "findings": []}).encode(),
    "no findings": json.dumps(HEAD).encode(),
    "findings null": json.dumps({**HEAD, "findings": None}).encode(),
    "findings an object": json.dumps({**HEAD, "findings": {"*": ENTRY}}).encode(),
    "an entry null": json.dumps({**HEAD, "findings": [None]}).encode(),
    "written a number": json.dumps({**HEAD, "written": 2026, "findings": []}).encode(),
    "written no day": json.dumps({**HEAD, "written": "::error::x\n", "findings": []}).encode(),
    "a verdict that is none": entry(verdict="pass"),
    "a verdict in a list": entry(verdict=["fail"]),
    "a level that is a number": entry(level=9),
    "an address that is null": entry(address=None),
    "an address that is a list": entry(address=[FILES]),
    "a rule that is true": entry(rule=True),
    "NaN": entry(level="x").replace(b'"x"', b"NaN"),
    "cut short": entry()[:-3],
    "more after its end": entry() + b"{}",
    "two documents": entry() + b"\n" + entry(),
    "not UTF-8": entry(address="x").replace(b'"x"', b'"\xff\xfe"'),
    "UTF-16": entry().decode().encode("utf-16"),
    "deep nesting": json.dumps({**HEAD, "findings": []}).encode()[:-1]
    + b',"x":'
    + b"[" * 200_000
    + b"]" * 200_000
    + b"}",
    "deep nesting in an entry": entry(level="x").replace(b'"x"', b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    "YAML": b"schema: sovereign-guard/baseline/v1\nfindings: []\n",
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_baseline_is_refused(data: bytes, repository: Path) -> None:
    source(repository, bucket())
    (repository / FILE).write_bytes(data)
    text = refused(repository)
    assert FILE in text
    assert "this is no baseline" in text
    assert "\n::error" not in text


def test_of_a_key_that_stands_twice_the_last_counts(repository: Path) -> None:
    source(repository, bucket())
    other = b'"address": "aws_s3_bucket.old", "address"'
    (repository / FILE).write_bytes(entry().replace(b'"address"', other))
    assert scan(repository)[0] == 0
    (repository / FILE).write_bytes(
        entry(address="aws_s3_bucket.old").replace(b'"rule"', b'"address": "aws_s3_bucket.files", "rule"')
    )
    assert scan(repository)[0] == 1


def missing(_path: Path) -> None:
    pass


def folder(path: Path) -> None:
    path.mkdir()


def loop(path: Path) -> None:
    path.symlink_to(path)


def dangling(path: Path) -> None:
    path.symlink_to(path.parent / "nothing")


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def large(path: Path) -> None:
    with path.open("wb") as stream:
        stream.truncate(70_000_000)


@pytest.mark.parametrize("made", [missing, folder, loop, dangling, endless, large])
def test_what_cannot_be_read_is_refused(made: Callable[[Path], None], repository: Path) -> None:
    source(repository, bucket())
    made(repository / FILE)
    assert FILE in refused(repository)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_what_may_not_be_read_is_refused(repository: Path) -> None:
    source(repository, bucket())
    (repository / FILE).write_bytes(entry())
    (repository / FILE).chmod(0)
    assert FILE in refused(repository)


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000, "", ".", "/"])
def test_a_configuration_that_names_no_file_is_refused(name: str, repository: Path) -> None:
    source(repository, bucket())
    configure(repository / ".sovereign-guard.yaml", baseline=name)
    done = run("scan", ".", cwd=repository)
    assert (done.returncode, b"Traceback" in done.stderr) == (2, False), done.stderr


def test_two_hundred_thousand_entries_change_nothing_of_what_they_do_not_name(repository: Path) -> None:
    source(repository, bucket(more="  count = 3\n"))
    entries = [{**ENTRY, "address": f"{FILES}[{number}]"} for number in range(2, 200_000)]
    entries += [{**ENTRY, "address": f"{FILES}[0]", "level": "public"}] * 50_000
    (repository / FILE).write_text(json.dumps({**HEAD, "findings": entries}))
    code, report = scan(repository)
    assert (code, new(report)) == (1, [("SOV001", f"{FILES}[0]"), ("SOV001", f"{FILES}[1]")])


def test_the_file_cannot_be_written(repository: Path) -> None:
    source(repository, bucket())
    done = run("baseline", ".", "-o", "no/such/folder.json", cwd=repository)
    assert (done.returncode, b"Traceback" in done.stderr) == (2, False)


# -- the law -------------------------------------------------------------------------------------------------

LABELS = ("public", "sensitive", "strategic", "something else", None)
ORDER = {"public": 0, "sensitive": 1, "strategic": 2, None: 2}
GRAVITY = {"unknown": 1, "fail": 2}


@st.composite
def plans(draw: st.DrawFn) -> JSON:
    plan = Plan().provider("aws", region=draw(st.sampled_from(("eu-west-3", "us-east-1", Refers("var.r")))))
    plan.variable("r", None)
    for number in range(draw(st.integers(1, 4))):
        label = draw(st.sampled_from(LABELS))
        tags = {"DataClassification": label} if label else {}
        keys = draw(st.sampled_from(("", "[0]", '["k"]')))
        hidden = {"tags": True, "tags_all": True} if draw(st.integers(0, 5)) == 0 else None
        plan.add(f"aws_s3_bucket.b{number}{keys}", tags=tags, tags_all=tags, unknown=hidden)
    return plan.build()


@st.composite
def changes(draw: st.DrawFn) -> tuple[JSON, JSON]:
    """Draw a plan and one that a change has made of it."""
    before, other = draw(plans()), draw(plans())
    after = copy.deepcopy(before)
    kept = [one for one in after["resource_changes"] if draw(st.integers(0, 3))]
    taken = other["resource_changes"] if draw(st.booleans()) else other["resource_changes"][:1]
    addresses = {one["address"] for one in taken}
    after["resource_changes"] = [*taken, *(one for one in kept if one["address"] not in addresses)]
    after["configuration"]["provider_config"] = draw(st.sampled_from((before, other)))["configuration"][
        "provider_config"
    ]
    return before, after


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(pair=changes())
def test_known_is_exactly_what_stood_no_less_grave_on_no_lower_data(
    pair: tuple[JSON, JSON], tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.mktemp("law")
    file = place / "plan.json"
    file.write_text(json.dumps(pair[0]))
    baseline(place, "plan.json")
    code, stood = scan(place, "plan.json")
    assert (code, new(stood)) == (0, [])
    assert all(one["in_baseline"] for one in stood["findings"])

    file.write_text(json.dumps(pair[1]))
    code, report = scan(place, "plan.json")

    def told(one: JSON) -> dict[tuple[str, str], tuple[int, int]]:
        levels = {entry["address"]: ORDER[entry["level"]] for entry in one["resources"]}
        return {
            (finding["rule"], finding["address"]): (GRAVITY[finding["verdict"]], levels[finding["address"]])
            for finding in one["findings"]
        }

    before, after = told(stood), told(report)
    expected = {
        key
        for key, (gravity, level) in after.items()
        if key in before and gravity <= before[key][0] and level <= before[key][1]
    }
    assert set(known(report)) == expected
    assert set(new(report)) == after.keys() - expected
    assert code == int(bool(after.keys() - expected))


def test_a_plan_of_one_bucket_stands_for_itself(repository: Path) -> None:
    sensitive_bucket(region="eu-west-3").write(repository / "plan.json")
    baseline(repository, "plan.json")
    assert scan(repository, "plan.json")[0] == 0
