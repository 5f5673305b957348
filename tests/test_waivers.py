"""Waivers: what they cover, what makes them void, whose count, and that none lets anything else pass."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sovereign_guard.model.screen import Screen
from sovereign_guard.pipeline import assess, write
from sovereign_guard.request import Wishes, request_of
from tests.builders import JSON, PUBLIC, SENSITIVE, Plan, by_address, configure, sensitive_bucket
from tests.command import run, run_json

DAY = "2026-11-24"
FILES = "aws_s3_bucket.files"
TERMS = 'until=2027-03-31 reason="Moves with the new contract."'
WAIVE = f"sovereign-guard: waive SOV001 {TERMS}"
PROVIDER = 'provider "aws" {\n  region = "eu-west-3"\n}\n'


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / ".git").mkdir(parents=True)
    (folder / "provider.tf").write_text(PROVIDER)
    return folder


def bucket(
    name: str = "files", inside: str = "", level: str = "sensitive", kind: str = "aws_s3_bucket"
) -> str:
    return f'resource "{kind}" "{name}" {{\n{inside}\n  tags = {{ DataClassification = "{level}" }}\n}}\n'


def source(repository: Path, text: str | bytes, name: str = "main.tf") -> None:
    path = repository / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def scan(repository: Path, *arguments: str, path: str = ".") -> tuple[int, JSON]:
    return run_json("scan", path, "--as-of", DAY, *arguments, cwd=repository)


def verdicts(report: JSON) -> dict[str, str]:
    return {address: entry["verdict"] for address, entry in by_address(report).items()}


def about_waivers(report: JSON) -> list[JSON]:
    return [finding for finding in report["findings"] if finding["rule"] == "SOV011"]


def of_rule(report: JSON, rule: str, address: str = FILES) -> JSON:
    found: list[JSON] = [
        one for one in report["findings"] if (one["rule"], one["address"]) == (rule, address)
    ]
    assert len(found) == 1
    return found[0]


def said(report: JSON, key: str = "declarations") -> list[str]:
    return [step["what"] for step in report[key]]


def stated(address: str = FILES, *rules: str, **more: Any) -> JSON:
    usual = {"reason": "Moves with the new contract.", "until": "2027-03-31"}
    entry = {"address": address, "rules": list(rules) or ["SOV001"], **usual, **more}
    return {key: part for key, part in entry.items() if part is not None}


def configured(repository: Path, *waivers: JSON, **more: Any) -> Path:
    return configure(repository / ".sovereign-guard.yaml", waivers=list(waivers), **more)


def policy(folder: Path, **more: Any) -> str:
    path = folder.parent / "policy.yaml"
    return str(configure(path, id="ours", title="Ours", extends="three-circles", **more))


# -- what a waiver covers ------------------------------------------------------------------------------------


def test_a_comment_covers_what_its_rule_finds_and_stays_visible(repository: Path) -> None:
    source(repository, bucket(inside=f'  # {WAIVE} approver="A. Name"'))
    code, report = scan(repository)
    assert (code, verdicts(report)[FILES]) == (0, "waived")
    finding = of_rule(report, "SOV001")
    assert finding["verdict"] == "waived"
    assert finding["waived"] == {
        "verdict": "fail",
        "reason": "Moves with the new contract.",
        "until": "2027-03-31",
        "approver": "A. Name",
        "where": "main.tf:2",
    }
    assert finding["severity"] == "critical"
    assert report["summary"]["waived"] == 1
    assert said(report) == [
        "waiver of SOV001 until 2027-03-31: Moves with the new contract. (approved by A. Name)"
    ]
    assert about_waivers(report) == []


def test_a_statement_covers_likewise(repository: Path) -> None:
    source(repository, bucket())
    configured(repository, stated())
    code, report = scan(repository)
    assert (code, verdicts(report)[FILES]) == (0, "waived")
    waived = of_rule(report, "SOV001")["waived"]
    assert waived["approver"] is None
    assert re.fullmatch(r".*\.sovereign-guard\.yaml:\d+", waived["where"])
    assert "at aws_s3_bucket.files" in said(report)[0]


def test_only_the_rule_and_only_the_resource_that_it_names(repository: Path) -> None:
    text = bucket(inside=f'  # {WAIVE}\n  region = "us-east-1"') + bucket("other")
    source(repository, text)
    code, report = scan(repository)
    assert (code, verdicts(report)) == (1, {FILES: "fail", "aws_s3_bucket.other": "fail"})
    assert of_rule(report, "SOV001")["verdict"] == "waived"
    assert of_rule(report, "SOV002")["verdict"] == "fail"
    assert of_rule(report, "SOV001", "aws_s3_bucket.other")["verdict"] == "fail"


def test_an_unknown_can_be_waived_and_says_what_it_would_be(repository: Path) -> None:
    (repository / "provider.tf").write_text('provider "nobody" {}\n')
    block = bucket(inside="  # " + WAIVE.replace("SOV001", "SOV003"), kind="nobody_store")
    source(repository, block)
    code, report = scan(repository)
    finding = of_rule(report, "SOV003", "nobody_store.files")
    assert (code, finding["verdict"], finding["waived"]["verdict"]) == (0, "waived", "unknown")
    assert verdicts(report)["nobody_store.files"] == "waived"


@pytest.mark.parametrize(
    ("until", "holds"),
    [("2026-11-23", False), (DAY, True), ("2026-11-25", True), ("2027-11-25", True), ("2027-11-26", False)],
)
def test_it_holds_on_its_last_day_and_at_most_366_days_ahead(
    until: str, holds: bool, repository: Path
) -> None:
    source(repository, bucket(inside=f"  # {WAIVE.replace('2027-03-31', until)}"))
    code, report = scan(repository)
    assert (code, verdicts(report)[FILES]) == ((0, "waived") if holds else (1, "fail"))
    assert len(about_waivers(report)) == (not holds)


def test_it_ends_by_itself(repository: Path) -> None:
    source(repository, bucket(inside=f"  # {WAIVE}"))
    assert run_json("scan", ".", "--as-of", "2027-03-31", cwd=repository)[0] == 0
    code, report = run_json("scan", ".", "--as-of", "2027-04-01", cwd=repository)
    assert code == 1
    (finding,) = about_waivers(report)
    assert finding["message"] == "waiver of SOV001: it ended on 2027-03-31, so it covers nothing"
    assert (finding["decides"], finding["severity"], finding["address"]) == (True, "medium", FILES)
    assert (finding["file"], finding["line"]) == ("main.tf", 2)


@pytest.mark.parametrize("day", ["9999-12-31", "9998-12-31"])
def test_the_end_of_the_calendar_is_a_day_too(day: str, repository: Path) -> None:
    source(repository, bucket(inside=f"  # {WAIVE.replace('2027-03-31', '9999-12-31')}"))
    code, _report = run_json("scan", ".", "--as-of", day, cwd=repository)
    assert code == 0


# -- what makes it void --------------------------------------------------------------------------------------

VOID = [
    ("SOV001", "until=2026-11-23 reason=x", "it ended on 2026-11-23"),
    ("SOV001", "until=0001-01-01 reason=x", "it ended on 0001-01-01"),
    ("SOV001", "until=2037-01-01 reason=x", "more than the 366 days that the policy allows"),
    ("SOV001", "until=9999-12-31 reason=x", "more than the 366 days that the policy allows"),
    ("SOV001", "reason=x", "it has no end"),
    ("SOV001", 'until="" reason=x', "it has no end"),
    ("SOV001", "", "it gives no reason"),
    ("SOV001", "until=2027-03-31", "it gives no reason"),
    ("SOV001", 'until=2027-03-31 reason=""', "it gives no reason"),
    ("SOV001", 'until=2027-03-31 reason="  "', "it gives no reason"),
    ("SOV001", 'until=2027-03-31 reason="..."', "it gives no reason"),
    ("SOV001", 'until=2027-03-31 reason="\u200b\u00a0\ufeff"', "it gives no reason"),
    ("SOV001", "until=2027-02-30 reason=x", "is no day"),
    ("SOV001", "until=2027-3-31 reason=x", "is no day"),
    ("SOV001", "until=20270331 reason=x", "is no day"),
    ("SOV001", "until=2027-W13-3 reason=x", "is no day"),
    ("SOV001", "until=31/03/2027 reason=x", "is no day"),
    ("SOV001", "until=2027-03-31T00:00:00Z reason=x", "is no day"),
    ("SOV001", "until=2027-03-31+02:00 reason=x", "is no day"),
    ("SOV001", "until=never reason=x", "is no day"),
    ("SOV001", "until=٢٠٢٧-٠٣-٣١ reason=x", "is no day"),
    ("SOV001", "until=２０２７-03-31 reason=x", "is no day"),  # noqa: RUF001
    ("SOV001", "until=+027-03-31 reason=x", "is no day"),
    ("SOV999", "until=2027-03-31 reason=x", "there is no rule SOV999"),
    ("SOV001,SOV999", "until=2027-03-31 reason=x", "there is no rule SOV999"),
    ("ALL", "until=2027-03-31 reason=x", "there is no rule ALL"),
    ("SOV1", "until=2027-03-31 reason=x", "there is no rule SOV1"),
    ("SOV011", "until=2027-03-31 reason=x", "what SOV011 says of waivers cannot be waived"),
    ("SOV001,SOV011", "until=2027-03-31 reason=x", "what SOV011 says of waivers cannot be waived"),
]


@pytest.mark.parametrize(("rules", "terms", "why"), VOID)
def test_a_void_comment_covers_nothing_and_fails_the_run(
    rules: str, terms: str, why: str, repository: Path
) -> None:
    source(repository, bucket(inside=f"  # sovereign-guard: waive {rules} {terms}"))
    code, report = scan(repository)
    assert (code, verdicts(report)[FILES]) == (1, "fail")
    assert of_rule(report, "SOV001")["waived"] is None
    (finding,) = about_waivers(report)
    assert why in finding["message"]
    assert finding["message"].endswith("so it covers nothing")
    assert (finding["verdict"], finding["decides"], finding["waived"]) == ("fail", True, None)
    assert report["declarations"] == []


@pytest.mark.parametrize(("rules", "terms", "why"), VOID)
def test_a_void_statement_likewise(rules: str, terms: str, why: str, repository: Path) -> None:
    source(repository, bucket())
    given = dict(re.findall(r'(until|reason)="?([^\s"]*)"?', terms))
    if 'reason="  "' in terms or "\u200b" in terms:
        given["reason"] = "  " if "  " in terms else "\u200b\u00a0\ufeff"
    entry = {"address": FILES, "rules": rules.split(","), **given}
    configured(repository, entry)
    code, report = scan(repository)
    assert (code, verdicts(report)[FILES]) == (1, "fail")
    (finding,) = about_waivers(report)
    assert why in finding["message"]
    assert finding["message"].startswith(f"waiver of {', '.join(rules.split(','))} at {FILES}: ")
    assert (finding["decides"], finding["address"]) == (True, None)
    assert finding["file"].endswith(".sovereign-guard.yaml")
    assert finding["line"] > 1
    assert report["declarations"] == []


@pytest.mark.parametrize(
    ("rules", "known"),
    [("sov001", True), ("Sov001 , SOV002", True), ("SOV001,SOV001", True), ("SOV001,sov001", True)],
)
def test_rules_may_be_written_in_any_case_and_twice(rules: str, known: bool, repository: Path) -> None:
    source(repository, bucket(inside=f'  # sovereign-guard: waive {rules} {TERMS}\n  region = "us-east-1"'))
    _, report = scan(repository)
    assert (of_rule(report, "SOV001")["verdict"] == "waived") is known
    assert about_waivers(report) == []


def test_a_void_waiver_beside_one_that_holds_does_not_undo_it_and_still_fails(repository: Path) -> None:
    ended = WAIVE.replace("2027-03-31", "2026-01-01")
    for lines in (f"  # {ended}\n  # {WAIVE}", f"  # {WAIVE}\n  # {ended}"):
        source(repository, bucket(inside=lines))
        code, report = scan(repository)
        assert (code, verdicts(report)[FILES]) == (1, "waived")
        (finding,) = about_waivers(report)
        assert "it ended on 2026-01-01" in finding["message"]


def test_nothing_waives_what_is_said_of_waivers(repository: Path) -> None:
    source(repository, bucket(inside=f"  # {WAIVE.replace('2027-03-31', '2026-01-01')}"))
    configured(repository, stated("*", "SOV001"), stated("*", "SOV011"))
    code, report = scan(repository)
    assert (code, verdicts(report)[FILES]) == (1, "waived")
    assert [one["waived"] for one in about_waivers(report)] == [None, None]


# -- what is not used ----------------------------------------------------------------------------------------


def test_one_that_nothing_needs_is_told_and_does_not_fail(repository: Path) -> None:
    source(repository, bucket(inside=f"  # {WAIVE}", level="public"))
    code, report = scan(repository)
    assert (code, verdicts(report)[FILES]) == (0, "pass")
    (finding,) = about_waivers(report)
    assert (finding["severity"], finding["decides"], finding["verdict"]) == ("warning", False, "fail")
    assert finding["message"] == "waiver of SOV001: SOV001 finds nothing there: remove it"
    assert scan(repository, "--policy", policy(repository, waivers={"unused": "fail"}))[0] == 1


def test_a_part_that_nothing_needs_is_named(repository: Path) -> None:
    source(repository, bucket(inside=f"  # {WAIVE.replace('SOV001', 'SOV001,SOV002,SOV008')}"))
    code, report = scan(repository)
    assert code == 0
    (finding,) = about_waivers(report)
    assert "SOV002, SOV008 find nothing there: take that out of it" in finding["message"]


def test_one_for_another_root_is_a_warning_only(repository: Path) -> None:
    source(repository, bucket(level="public"))
    configured(repository, stated("module.elsewhere.*"))
    code, report = scan(repository, "--policy", policy(repository, waivers={"unused": "fail"}))
    assert (code, about_waivers(report)) == (0, [])
    done = run("scan", ".", "--as-of", DAY, cwd=repository)
    text = " ".join(done.stdout.decode().split())
    assert "no resource has an address like 'module.elsewhere.*': this waives nothing." in text


def test_one_of_several_instances_is_enough(repository: Path) -> None:
    plan = Plan().provider("aws", region="eu-west-3")
    plan.add("aws_s3_bucket.files[0]", tags=SENSITIVE, tags_all=SENSITIVE)
    plan.add("aws_s3_bucket.files[1]", tags=PUBLIC, tags_all=PUBLIC)
    plan.write(repository / "plan.json")
    configured(repository, stated("aws_s3_bucket.files[*]"))
    code, report = scan(repository, path="plan.json")
    assert (code, about_waivers(report)) == (0, [])
    assert verdicts(report) == {"aws_s3_bucket.files[0]": "waived", "aws_s3_bucket.files[1]": "pass"}


def test_unused_is_told_though_the_first_instance_is_leaving(repository: Path) -> None:
    plan = Plan().provider("aws", region="eu-west-3")
    plan.add(f"{FILES}[0]", actions=("delete",), before={"tags": SENSITIVE, "tags_all": SENSITIVE})
    plan.add(f"{FILES}[1]", tags=PUBLIC, tags_all=PUBLIC)
    plan.write(repository / "plan.json")
    source(repository, bucket(inside=f"  # {WAIVE}\n  count = 2", level="public"))
    strict = policy(repository, waivers={"unused": "fail"})
    code, report = scan(repository, "--policy", strict, path="plan.json")
    assert (code, len(about_waivers(report))) == (1, 1)


def test_nothing_is_said_of_a_waiver_at_what_is_leaving(repository: Path) -> None:
    plan = Plan().provider("aws", region="eu-west-3")
    plan.add(FILES, actions=("delete",), before={"tags": SENSITIVE, "tags_all": SENSITIVE})
    plan.write(repository / "plan.json")
    configured(repository, stated())
    code, report = scan(repository, path="plan.json")
    assert (code, about_waivers(report), verdicts(report)) == (0, [], {FILES: "not-judged"})


# -- how a comment is written --------------------------------------------------------------------------------

UNDERSTOOD = {
    "hash": f"# {WAIVE}",
    "slashes": f"// {WAIVE}",
    "block comment": f"/* {WAIVE} */",
    "block comment over lines": '/* sovereign-guard: waive SOV001\n  until=2027-03-31\n  reason="x y" */',
    "tabs": f"#\t{WAIVE}".replace(" ", "\t").replace("\tMoves\twith\tthe\tnew\tcontract.", "Moves."),
    "no-break spaces": "# sovereign-guard:\u00a0waive\u00a0SOV001\u00a0until=2027-03-31\u00a0reason=x",
    "CRLF": f"# {WAIVE}\r",
    "no space": f"#{WAIVE.replace(': ', ':')}",
    "spaces around =": '# sovereign-guard: waive SOV001 until = 2027-03-31 reason = "x y"',
    "other order": '# sovereign-guard: waive SOV001 reason="x y" until="2027-03-31"',
    "capitals": f"# {WAIVE.replace('sovereign-guard', 'Sovereign-Guard')}",
    "no colon": f"# {WAIVE.replace(':', '')}",
    "words before": f"# see the register; {WAIVE}",
    "accents and emoji": '# sovereign-guard: waive SOV001 until=2027-03-31 reason="Déménage 🚚 fin d’été"',  # noqa: RUF001
}


@pytest.mark.parametrize("comment", UNDERSTOOD.values(), ids=UNDERSTOOD)
def test_ways_to_write_it(comment: str, repository: Path) -> None:
    source(repository, bucket(inside=f"  {comment}"))
    code, report = scan(repository)
    assert (code, verdicts(report)[FILES], about_waivers(report)) == (0, "waived", [])


NOT_UNDERSTOOD = {
    "all rules": f"waive * {TERMS}",
    "no rule": f"waive {TERMS}",
    "nothing": "waive",
    "rules without comma": f"waive SOV001 SOV002 {TERMS}",
    "empty rule": f"waive SOV001,,SOV002 {TERMS}",
    "glob of rules": f"waive SOV00? {TERMS}",
    "until twice": f"waive SOV001 until=2026-01-01 {TERMS}",
    "reason twice": f"waive SOV001 {TERMS} reason=y",
    "a quote inside": 'waive SOV001 until=2027-03-31 reason="say "yes""',
    "an escaped quote": r'waive SOV001 until=2027-03-31 reason="say \"yes\""',
    "a quote left open": 'waive SOV001 until=2027-03-31 reason="Moves',
    "single quotes": "waive SOV001 until=2027-03-31 reason='Moves soon'",
    "words without quotes": "waive SOV001 until=2027-03-31 reason=Moves soon",
    "an unknown field": f"waive SOV001 {TERMS} ticket=12",
    "a field in capitals": "waive SOV001 UNTIL=2027-03-31 reason=x",
    "fields run together": 'waive SOV001 reason="x"until=2027-03-31',
    "commas between fields": 'waive SOV001, until=2027-03-31, reason="x"',
    "unwaive": f"unwaive SOV001 {TERMS}",
    "ignore": f"ignore SOV001 {TERMS}",
    "a second directive": f"level=sensitive sovereign-guard: waive SOV001 {TERMS}",
    "greek letters": f"waive \u0405OV001 {TERMS}",
    "a NUL": f"waive SOV001\0 {TERMS}",
}


@pytest.mark.parametrize("text", NOT_UNDERSTOOD.values(), ids=NOT_UNDERSTOOD)
def test_what_is_not_understood_fails_the_run_and_waives_nothing(text: str, repository: Path) -> None:
    source(repository, bucket(inside=f"  # sovereign-guard: {text}"))
    code, report = scan(repository)
    assert (code, verdicts(report).get(FILES)) == (3, "fail")
    (error,) = report["errors"]
    assert (error["file"], error["line"]) == ("main.tf", 2)
    assert "not understood" in error["message"] or "NUL" in error["message"]


@pytest.mark.parametrize(
    "text",
    [
        "# sovereign guard: waive SOV001 until=2027-03-31 reason=x",
        "# soveregn-guard: waive SOV001 until=2027-03-31 reason=x",
        "# checkov:skip=CKV_SOV_1:reason",
        f'  note = "# {WAIVE}"'.replace('reason="Moves with the new contract."', "reason=x"),
        "  note = <<EOT\n# sovereign-guard: waive SOV001 until=2027-03-31 reason=x\nEOT",
    ],
)
def test_what_does_not_speak_to_us_waives_nothing(text: str, repository: Path) -> None:
    source(repository, bucket(inside=text))
    code, report = scan(repository)
    assert (code, verdicts(report)[FILES]) == (1, "fail")


# -- which block a comment speaks of -------------------------------------------------------------------------

OTHER = bucket("other")
BOTH = {FILES: "fail", "aws_s3_bucket.other": "fail"}
PLACES = {
    "above": (f"# {WAIVE}\n{bucket()}{OTHER}", FILES),
    "above, with other comments between": (f"# {WAIVE}\n# more\n// and more\n{bucket()}{OTHER}", FILES),
    "at its end": (f"{bucket().rstrip()} # {WAIVE}\n{OTHER}", FILES),
    "on its first line": (bucket().replace("{\n", f"{{ # {WAIVE}\n", 1) + OTHER, FILES),
    "on its last line": (bucket().removesuffix("}\n") + f"  # {WAIVE}\n}}\n{OTHER}", FILES),
    "in a nested block": (bucket(inside=f"  versioning {{\n    # {WAIVE}\n  }}") + OTHER, FILES),
    "in an expression": (bucket(inside=f"  x = [\n    # {WAIVE}\n    1\n  ]") + OTHER, FILES),
    "between, next to the second": (f"{bucket()}# {WAIVE}\n{OTHER}", "aws_s3_bucket.other"),
    "begun at its end": (f"{bucket().rstrip()} /* for this:\n{WAIVE} */\n{OTHER}", FILES),
    "begun at the end of the first and ended there": (
        f"{bucket().rstrip()} /* files */\n/*\n{WAIVE} */\n{OTHER}",
        "aws_s3_bucket.other",
    ),
    "a block comment before it on its line": (f"/* {WAIVE} */ {bucket()}{OTHER}", FILES),
}


@pytest.mark.parametrize(("text", "carrier"), PLACES.values(), ids=PLACES)
def test_the_block_at_which_it_stands_alone_is_covered(text: str, carrier: str, repository: Path) -> None:
    source(repository, text)
    code, report = scan(repository)
    assert (code, verdicts(report)) == (1, {**BOTH, carrier: "waived"})


NOWHERE = {
    "an empty line between": f"# {WAIVE}\n\n{bucket()}{OTHER}",
    "at the end of the file": f"{bucket()}{OTHER}# {WAIVE}\n",
    "above a variable": f'# {WAIVE}\nvariable "x" {{}}\n{bucket()}{OTHER}',
    "in a variable": f'variable "x" {{\n  # {WAIVE}\n}}\n{bucket()}{OTHER}',
    "above a provider": f'# {WAIVE}\nprovider "google" {{}}\n{bucket()}{OTHER}',
    "in a provider": f'provider "google" {{\n  # {WAIVE}\n}}\n{bucket()}{OTHER}',
    "at the head of the file": f"# {WAIVE}\n\n# Our storage.\n{bucket()}{OTHER}",
    "at the end of a variable, right above": f'variable "x" {{}} # {WAIVE}\n{bucket()}{OTHER}',
    "begun at the end of a variable": f'variable "x" {{}} /*\n{WAIVE} */\n{bucket()}{OTHER}',
    "in an output": f'output "x" {{\n  # {WAIVE}\n  value = 1\n}}\n{bucket()}{OTHER}',
}


@pytest.mark.parametrize("text", NOWHERE.values(), ids=NOWHERE)
def test_one_that_stands_at_no_resource_fails_the_run(text: str, repository: Path) -> None:
    source(repository, text)
    code, report = scan(repository)
    assert (code, verdicts(report)) == (3, BOTH)
    (error,) = report["errors"]
    assert "stands at no resource, data or module block" in error["message"]


def test_one_above_a_damaged_block_does_not_slip_to_the_next(repository: Path) -> None:
    source(repository, f'# {WAIVE}\nresource "aws_s3_bucket" "broken" {{\n  x = = 1\n}}\n{bucket()}')
    code, report = scan(repository)
    assert (code, verdicts(report).get(FILES)) == (3, "fail")


def test_each_of_very_many_comments_is_held_to_the_block_below_it(repository: Path) -> None:
    texts = [f"# {WAIVE}\n{bucket(f'b{number}')}" for number in range(2000)]
    source(repository, "".join(texts) + bucket())
    code, report = scan(repository)
    assert (code, report["summary"]["waived"], verdicts(report)[FILES]) == (1, 2000, "fail")


def test_several_at_one_block_each_cover_their_rule(repository: Path) -> None:
    two = WAIVE.replace("SOV001", "SOV002")
    source(repository, f"# {WAIVE}\n" + bucket(inside=f'  # {two}\n  region = "us-east-1"'))
    code, report = scan(repository)
    assert (code, verdicts(report)[FILES], len(report["declarations"])) == (0, "waived", 2)


def test_one_that_is_covered_twice_names_the_comment(repository: Path) -> None:
    source(repository, bucket(inside=f"  # {WAIVE.replace('Moves', 'Comment moves')}"))
    configured(repository, stated("*"), stated(FILES))
    code, report = scan(repository)
    assert (code, about_waivers(report)) == (0, [])
    assert of_rule(report, "SOV001")["waived"]["where"] == "main.tf:2"
    assert len(report["declarations"]) == 3


def test_an_override_file_may_waive_and_is_named(repository: Path) -> None:
    source(repository, bucket())
    source(repository, f'resource "aws_s3_bucket" "files" {{\n  # {WAIVE}\n}}\n', "main_override.tf")
    code, report = scan(repository)
    assert (code, of_rule(report, "SOV001")["waived"]["where"]) == (0, "main_override.tf:2")


def test_json_syntax(repository: Path) -> None:
    body = {"//": WAIVE, "tags": SENSITIVE}
    source(
        repository,
        json.dumps({"resource": {"aws_s3_bucket": {"files": body, "other": {"tags": SENSITIVE}}}}),
        "main.tf.json",
    )
    code, report = scan(repository)
    assert (code, verdicts(report)) == (1, {**BOTH, FILES: "waived"})


@pytest.mark.parametrize(
    "tree",
    [
        {"//": WAIVE, "resource": {"aws_s3_bucket": {"files": {"tags": SENSITIVE}}}},
        {"resource": {"//": WAIVE, "aws_s3_bucket": {"files": {"tags": SENSITIVE}}}},
        {"resource": {"aws_s3_bucket": {"//": WAIVE, "files": {"tags": SENSITIVE}}}},
        {"locals": {"//": WAIVE, "x": 1}, "resource": {"aws_s3_bucket": {"files": {"tags": SENSITIVE}}}},
    ],
)
def test_a_json_comment_outside_the_block_waives_nothing(tree: JSON, repository: Path) -> None:
    source(repository, json.dumps(tree), "main.tf.json")
    code, report = scan(repository)
    assert (code, verdicts(report)[FILES]) in ((1, "fail"), (3, "fail"))


# -- modules -------------------------------------------------------------------------------------------------


def test_at_a_call_it_covers_all_that_the_module_makes_and_nothing_beside(repository: Path) -> None:
    source(
        repository,
        f'# {WAIVE}\nmodule "m" {{\n  source = "./m"\n  count = 2\n}}\nmodule "n" {{\n  source = "./m"\n}}\n',
    )
    source(repository, bucket() + 'module "deep" {\n  source = "./deep"\n}\n', "m/main.tf")
    source(repository, bucket("deepest"), "m/deep/main.tf")
    code, report = scan(repository)
    found = verdicts(report)
    assert code == 1
    assert {address for address, verdict in found.items() if verdict == "fail"} == {
        "module.n.aws_s3_bucket.files",
        "module.n.module.deep.aws_s3_bucket.deepest",
    }
    assert sum(verdict == "waived" for verdict in found.values()) == 4
    assert len(report["declarations"]) == 1


def test_in_the_modules_own_file_it_covers_every_call(repository: Path) -> None:
    source(repository, 'module "m" {\n  source = "./m"\n}\nmodule "n" {\n  source = "./m"\n}\n')
    source(repository, bucket(inside=f"  # {WAIVE}"), "m/main.tf")
    code, report = scan(repository)
    assert (code, set(verdicts(report).values()), len(report["declarations"])) == (0, {"waived"}, 1)


@pytest.mark.parametrize("until", ["2027-03-31", "2026-01-01"])
def test_a_module_that_was_downloaded_cannot_waive(until: str, repository: Path) -> None:
    source(repository, 'module "m" {\n  source  = "acme/store/aws"\n  version = "1.0.0"\n}\n')
    entry = {
        "Key": "m",
        "Source": "registry.terraform.io/acme/store/aws",
        "Version": "1.0.0",
        "Dir": ".terraform/modules/m",
    }
    root = {"Key": "", "Source": "", "Dir": "."}
    source(repository, json.dumps({"Modules": [root, entry]}), ".terraform/modules/modules.json")
    source(
        repository, bucket(inside=f"  # {WAIVE.replace('2027-03-31', until)}"), ".terraform/modules/m/main.tf"
    )
    code, report = scan(repository)
    assert (code, verdicts(report)) == (1, {"module.m.aws_s3_bucket.files": "fail"})
    assert about_waivers(report) == []
    (refused,) = said(report, "refused_declarations")
    assert "it came with a module that was downloaded; write it at the module call" in refused
    source(repository, f'# {WAIVE}\nmodule "m" {{\n  source  = "acme/store/aws"\n  version = "1.0.0"\n}}\n')
    code, report = scan(repository)
    assert (code, verdicts(report)) == (0, {"module.m.aws_s3_bucket.files": "waived"})


# -- globs over addresses ------------------------------------------------------------------------------------

ADDRESSES = [
    FILES,
    f"{FILES}[0]",
    f'{FILES}["a.b"]',
    f'{FILES}["a]"]',
    f'{FILES}["*"]',
    "module.m.aws_s3_bucket.files",
    'module.m["x"].aws_s3_bucket.files',
    "aws_s3_bucket.files2",
]
GLOBS = {
    FILES: {FILES},
    "AWS_S3_BUCKET.FILES": set(),
    " aws_s3_bucket.files": set(),
    "aws_s3_bucket.files\n": set(),
    f"{FILES}[*": {f"{FILES}[0]", f'{FILES}["a.b"]', f'{FILES}["a]"]', f'{FILES}["*"]'},
    f"{FILES}[0]": {f"{FILES}[0]"},
    f"{FILES}[01]": set(),
    f'{FILES}["a.b"]': {f'{FILES}["a.b"]'},
    "aws_s3_bucket.files?": {"aws_s3_bucket.files2"},
    "*.files": {FILES, "module.m.aws_s3_bucket.files", 'module.m["x"].aws_s3_bucket.files'},
    "module.*": {"module.m.aws_s3_bucket.files", 'module.m["x"].aws_s3_bucket.files'},
    "module.m.*": {"module.m.aws_s3_bucket.files"},
    "aws_s3_bucket.file": set(),
    "aws_s3_bucket.(files|files2)": set(),
    "aws_s3_bucket.files|aws_s3_bucket.files2": set(),
    ".*": set(),
    "*": set(ADDRESSES),
    "**": set(ADDRESSES),
    "?": set(),
}


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("globs")
    plan = Plan().provider("aws", region="eu-west-3")
    plan.call("m")
    for address in ADDRESSES:
        try:
            plan.add(address, tags=SENSITIVE, tags_all=SENSITIVE)
        except json.JSONDecodeError:  # The builder takes no address with such a key apart.
            plan.add(FILES, tags=SENSITIVE, tags_all=SENSITIVE)
            plan.changes[-1]["address"] = address
    plan.write(folder / "plan.json")
    return folder


@pytest.mark.parametrize(("glob", "covered"), GLOBS.items())
def test_a_glob_covers_these_addresses_and_no_others(glob: str, covered: set[str], many: Path) -> None:
    (many / ".git").mkdir(exist_ok=True)
    configured(many, stated(glob))
    code, report = scan(many, path="plan.json")
    found = {one["address"] for one in report["findings"] if one["verdict"] == "waived"}
    assert (found, code) == (covered, int(covered != set(ADDRESSES)))
    assert about_waivers(report) == []


def test_a_glob_of_many_stars_comes_to_an_end(repository: Path) -> None:
    plan = Plan().provider("aws", region="eu-west-3")
    plan.add(f"aws_s3_bucket.{'a' * 400}", tags=SENSITIVE, tags_all=SENSITIVE).write(repository / "plan.json")
    configured(repository, stated("*a" * 14 + "*b"))
    assert scan(repository, path="plan.json")[0] == 1


def test_ten_thousand_waivers_are_each_held_against_their_own_resource(repository: Path) -> None:
    plan = Plan().provider("aws", region="eu-west-3")
    for number in range(500):
        plan.add(f"aws_s3_bucket.b{number}", tags=SENSITIVE, tags_all=SENSITIVE)
    plan.write(repository / "plan.json")
    line = "- {{address: '{}', rules: [SOV001], reason: r, until: '2027-01-01'}}\n"
    lines = [line.format(f"aws_s3_bucket.b{number}{'*' * (number % 2)}") for number in range(250, 10_250)]
    (repository / ".sovereign-guard.yaml").write_text("waivers:\n" + "".join(lines))
    code, report = scan(repository, path="plan.json")
    assert (code, report["summary"]["waived"], report["summary"]["fail"]) == (1, 250, 250)
    assert len(report["declarations"]) == 10_000


def test_a_list_of_very_many_rules_is_told_in_short(repository: Path) -> None:
    rules = ",".join(f"SOV{number}" for number in range(1000, 9000))
    source(repository, bucket(inside=f"  # sovereign-guard: waive SOV001,{rules} {TERMS}\n  count = 300"))
    code, report = scan(repository)
    (finding,) = about_waivers(report)
    assert (code, report["summary"]["fail"]) == (1, 300)
    assert "and 7991 more" in finding["message"]
    assert len(finding["message"]) < 300


# -- plans, states, data sources, deposed objects ------------------------------------------------------------


def test_the_source_beside_a_plan_grants_what_its_comments_say(repository: Path) -> None:
    sensitive_bucket(region="eu-west-3").write(repository / "plan.json")
    source(repository, bucket(inside=f"  # {WAIVE}"))
    code, report = scan(repository, path="plan.json")
    assert (code, verdicts(report)[FILES]) == (0, "waived")
    assert scan(repository, "--source", "", path="plan.json")[0] == 1
    assert scan(repository, "--ignore-repo-config", path="plan.json")[0] == 1


@pytest.mark.parametrize(
    "elsewhere",
    [
        bucket("another"),
        bucket() + bucket("another"),
        f'{bucket()}provider "aws" {{\n  region = "us-east-1"\n}}\n',
    ],
)
@pytest.mark.parametrize("named", [True, False])
def test_source_that_is_not_the_plans_grants_nothing(elsewhere: str, named: bool, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    sensitive_bucket(region="eu-west-3").write(tmp_path / "plan.json")
    source(folder, f"# {WAIVE}\n{elsewhere}")
    arguments = ("--source", str(folder)) if named else ()
    code, report = run_json("scan", str(tmp_path / "plan.json"), "--as-of", DAY, *arguments, cwd=folder)
    assert (code, verdicts(report)[FILES]) == (1, "fail")


def test_a_deposed_object_is_judged_by_the_same_waiver(repository: Path) -> None:
    plan = sensitive_bucket(region="eu-west-3")
    plan.add(
        FILES, actions=("forget",), deposed="abcd1234", before={"tags": SENSITIVE, "tags_all": SENSITIVE}
    )
    plan.write(repository / "plan.json")
    assert scan(repository, path="plan.json")[0] == 1
    configured(repository, stated())
    code, report = scan(repository, path="plan.json")
    assert (code, set(verdicts(report).values()), len(report["resources"])) == (0, {"waived"}, 2)


def test_a_waiver_of_a_resource_is_none_of_the_data_source_of_that_name(repository: Path) -> None:
    plan = Plan().provider("aws", region="eu-west-3")
    plan.add(FILES, tags=SENSITIVE, tags_all=SENSITIVE)
    plan.add(f"data.{FILES}", actions=("read",), tags=SENSITIVE, tags_all=SENSITIVE)
    plan.write(repository / "plan.json")
    configured(repository, stated())
    _, report = scan(repository, path="plan.json")
    assert verdicts(report)[FILES] == "waived"
    assert verdicts(report)[f"data.{FILES}"] != "waived"


def test_a_label_lowered_by_the_change_is_a_finding_beside_the_waived_one(repository: Path) -> None:
    plan = Plan().provider("aws", region="eu-west-3")
    plan.add(
        FILES,
        actions=("update",),
        before={"tags": SENSITIVE, "tags_all": SENSITIVE},
        tags=PUBLIC,
        tags_all=PUBLIC,
    )
    plan.write(repository / "plan.json")
    configured(repository, stated(FILES, "SOV001"))
    code, report = scan(repository, path="plan.json")
    assert (code, of_rule(report, "SOV013")["waived"]) == (1, None)


def test_the_same_address_in_two_roots_is_covered_by_a_comment_only_where_it_stands(repository: Path) -> None:
    (repository / "provider.tf").unlink()
    source(repository, PROVIDER + bucket(inside=f"  # {WAIVE}"), "a/main.tf")
    source(repository, PROVIDER + bucket(), "b/main.tf")
    code, report = scan(repository)
    assert code == 1
    assert {entry["input"]: entry["verdict"] for entry in report["resources"]} == {"a": "waived", "b": "fail"}


# -- whose waivers count -------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["--no-inline-waivers", "--ignore-repo-config"])
def test_comments_can_be_left_unheard_and_the_report_says_so(option: str, repository: Path) -> None:
    source(repository, bucket(inside=f"  # {WAIVE}"))
    code, report = scan(repository, option)
    assert (code, verdicts(report)[FILES], report["declarations"]) == (1, "fail", [])
    (refused,) = report["refused_declarations"]
    assert refused["where"] == "main.tf:2"
    assert refused["what"].startswith("waiver of SOV001 in a comment: ")
    assert option in refused["what"]


def test_void_comments_that_are_not_heard_are_no_findings(repository: Path) -> None:
    source(repository, bucket(inside="  # sovereign-guard: waive SOV001"))
    code, report = scan(repository, "--no-inline-waivers")
    assert (code, about_waivers(report), len(report["refused_declarations"])) == (1, [], 1)


def test_statements_count_without_comments(repository: Path) -> None:
    source(repository, bucket())
    configured(repository, stated())
    assert scan(repository, "--no-inline-waivers")[0] == 0
    code, report = scan(repository, "--ignore-repo-config")
    assert (code, report["declarations"]) == (1, [])


@pytest.mark.parametrize(
    ("accepted", "waived"),
    [(False, False), ([], False), (["SOV002"], False), (["SOV001"], True), (True, True)],
)
@pytest.mark.parametrize("key", ["waivers", "inline_waivers"])
def test_the_policy_says_which_rules_the_repository_may_waive(
    key: str, accepted: Any, waived: bool, repository: Path
) -> None:
    source(repository, bucket(inside=f"  # {WAIVE}" if key == "inline_waivers" else ""))
    if key == "waivers":
        configured(repository, stated())
    pinned = policy(repository, repository={key: accepted})
    code, report = scan(repository, "--policy", pinned)
    assert (code, verdicts(report)[FILES]) == ((0, "waived") if waived else (1, "fail"))
    assert (len(report["refused_declarations"]), len(report["declarations"])) == (not waived, waived)


def test_of_a_comment_only_the_accepted_rules_are_listed_as_accepted(repository: Path) -> None:
    source(
        repository, bucket(inside=f'  # {WAIVE.replace("SOV001", "SOV001,SOV002")}\n  region = "us-east-1"')
    )
    pinned = policy(repository, repository={"inline_waivers": ["SOV002"]})
    code, report = scan(repository, "--policy", pinned)
    assert (code, of_rule(report, "SOV001")["verdict"], of_rule(report, "SOV002")["verdict"]) == (
        1,
        "fail",
        "waived",
    )
    assert said(report) == ["waiver of SOV002 until 2027-03-31: Moves with the new contract."]
    assert said(report, "refused_declarations") == [
        "waiver of SOV001 in a comment: the policy accepts no such waiver from source"
    ]


def test_a_configuration_from_outside_may_waive_what_the_repository_may_not(repository: Path) -> None:
    source(repository, bucket())
    pinned = policy(repository, repository={"waivers": False, "inline_waivers": False})
    outside = str(configure(repository.parent / "pipeline.yaml", waivers=[stated()]))
    assert scan(repository, "--policy", pinned, "--config", outside)[0] == 0


@pytest.mark.parametrize(("days", "code"), [(126, 1), (127, 0), (3660, 0)])
def test_the_policy_sets_the_longest_time(days: int, code: int, repository: Path) -> None:
    source(repository, bucket(inside=f"  # {WAIVE}"))
    assert scan(repository, "--policy", policy(repository, waivers={"max_days": days}))[0] == code


def test_a_policy_in_the_repository_cannot_lengthen_it(repository: Path) -> None:
    long = WAIVE.replace("2027-03-31", "2030-01-01")
    source(repository, bucket(inside=f"  # {long}"))
    inside = str(
        configure(
            repository / "policy.yaml",
            id="ours",
            title="Ours",
            extends="three-circles",
            waivers={"max_days": 3660},
        )
    )
    assert scan(repository, "--policy", inside)[0] == 1
    configured(repository, policy="policy.yaml")
    assert scan(repository)[0] == 1
    assert scan(repository, "--policy", policy(repository, waivers={"max_days": 3660}))[0] == 0


@pytest.mark.parametrize(
    ("approver", "code"), [("", 1), ('approver=""', 1), ('approver="-"', 1), ('approver="A. Name"', 0)]
)
def test_the_policy_may_ask_for_an_approver(approver: str, code: int, repository: Path) -> None:
    source(repository, bucket(inside=f"  # {WAIVE} {approver}"))
    asking = policy(repository, waivers={"approver": True})
    found, report = scan(repository, "--policy", asking)
    assert found == code
    assert [("no approver" in one["message"]) for one in about_waivers(report)] == [True] * code


@pytest.mark.parametrize(
    "wrong",
    [
        {"waivers": {"max_days": 0}},
        {"waivers": {"max_days": 100_000}},
        {"waivers": {"max_days": "366"}},
        {"waivers": {"max_days": True}},
        {"waivers": {"approver": "yes"}},
        {"waivers": {"unused": "ignore"}},
        {"waivers": {"longest": 1}},
        {"repository": {"waivers": "all"}},
        {"repository": {"inline_waivers": ["SOV999"]}},
        {"repository": {"baseline": "no"}},
    ],
)
def test_a_policy_that_says_it_wrongly_is_refused(wrong: JSON, repository: Path) -> None:
    source(repository, bucket())
    done = run("scan", ".", "--policy", policy(repository, **wrong), cwd=repository)
    assert (done.returncode, b"Traceback" in done.stderr) == (2, False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"rules": ["SOV001"]},
        {"address": "*"},
        {"address": "", "rules": ["SOV001"]},
        {"address": "*", "rules": []},
        {"address": "*", "rules": "SOV001"},
        {"address": "*", "rules": ["SOV001", "SOV001"]},
        {"address": "*", "rules": [1]},
        {"address": "*", "rules": ["SOV001"], "until": 2027},
        {"address": "*", "rules": ["SOV001"], "reason": None},
        {"address": ["*"], "rules": ["SOV001"]},
        {"address": "*", "rules": ["SOV001"], "expires": "2027-03-31"},
    ],
)
def test_a_statement_in_the_wrong_shape_is_refused(wrong: JSON, repository: Path) -> None:
    source(repository, bucket())
    configured(repository, wrong)
    done = run("scan", ".", cwd=repository)
    assert (done.returncode, b"Traceback" in done.stderr) == (2, False)
    assert b".sovereign-guard.yaml:" in done.stderr


def test_a_date_without_quotes_is_a_date(repository: Path) -> None:
    source(repository, bucket())
    entry = "{address: aws_s3_bucket.files, rules: [sov001], reason: Moves., until: 2027-03-31}"
    (repository / ".sovereign-guard.yaml").write_text(f"waivers: [{entry}]")
    assert scan(repository)[0] == 0


# -- what a user reads ---------------------------------------------------------------------------------------


def test_the_text_report_shows_waived_and_void_ones(repository: Path) -> None:
    ended = WAIVE.replace("2027-03-31", "2026-01-01")
    source(repository, bucket(inside=f"  # {WAIVE}") + bucket("other", inside=f"  # {ended}"))
    done = run("scan", ".", "--as-of", DAY, cwd=repository)
    text = " ".join(done.stdout.decode().split())
    assert done.returncode == 1
    assert "WAIVED 1 resource" in text
    assert "Waiver of SOV001 until 2027-03-31: Moves with the new contract." in text
    assert "waiver of SOV001: it ended on 2026-01-01, so it covers nothing" in text
    assert "2 resources: 1 fail, 0 unknown, 0 pass, 1 waived" in text


def test_what_a_waiver_says_cannot_steer_a_terminal(repository: Path) -> None:
    steering = WAIVE.replace("Moves", "Mo\x1b[2Jves")
    source(repository, bucket(inside=f"  # {steering}"))
    for form in ("text", "markdown", "github"):
        done = run("scan", ".", "--as-of", DAY, "--format", form, cwd=repository)
        assert b"\x1b" not in done.stdout + done.stderr


# -- the law -------------------------------------------------------------------------------------------------

LEVELS = ("public", "sensitive", "strategic", "something else", "")
RULES = ("SOV001", "SOV002", "SOV003", "SOV008", "SOV010", "SOV011", "SOV999")
UNTILS = ("2026-11-23", DAY, "2027-11-25", "2027-11-26", "tomorrow", "")
REASONS = ("Moves.", "x y", "", "--")


@dataclass(frozen=True)
class Wish:
    """A waiver: at a block, at the module's call (`call`), or stated of a glob."""

    at: str
    rules: tuple[str, ...]
    until: str
    reason: str

    @property
    def holds(self) -> bool:
        known = not {"SOV011", "SOV999"}.intersection(self.rules)
        return known and self.until in (DAY, "2027-11-25") and self.reason in ("Moves.", "x y")

    def covers(self, rule: str, address: str) -> bool:
        if not self.holds or rule not in self.rules:
            return False
        block, _bracket, _key = address.removeprefix("module.m.").partition("[")
        if self.at == "call":
            return address.startswith("module.m.")
        if self.at.startswith("glob "):
            glob = re.escape(self.at.removeprefix("glob ")).replace(r"\*", ".*")
            return re.fullmatch(glob, address) is not None
        return self.at == f"{'module.m.' if address.startswith('module.m.') else ''}{block}"


@dataclass(frozen=True)
class Estate:
    blocks: tuple[tuple[str, str, str, bool], ...]
    """Address within its module, level, region, and whether it stands in the module."""

    def files(self, wishes: tuple[Wish, ...]) -> dict[str, str]:
        def comments(at: str) -> str:
            return "".join(
                f"  # sovereign-guard: waive {','.join(one.rules)} "
                f'{f"until={one.until} " if one.until else ""}reason="{one.reason}"\n'
                for one in wishes
                if one.at == at
            )

        texts = {"main.tf": PROVIDER, "m/main.tf": ""}
        for address, level, region, inside in self.blocks:
            kind, name = address.split(".")
            label = f'  tags = {{ DataClassification = "{level}" }}\n' if level else ""
            said_here = comments(f"{'module.m.' if inside else ''}{address}")
            body = f'{said_here}  count = 2\n  region = "{region}"\n{label}'
            texts["m/main.tf" if inside else "main.tf"] += f'resource "{kind}" "{name}" {{\n{body}}}\n'
        texts["main.tf"] += f'module "m" {{\n{comments("call")}  source = "./m"\n}}\n'
        return texts


@st.composite
def estates(draw: st.DrawFn) -> tuple[Estate, tuple[Wish, ...]]:
    blocks = tuple(
        (
            f"aws_s3_bucket.b{number}",
            draw(st.sampled_from(LEVELS)),
            draw(st.sampled_from(("eu-west-3", "us-east-1", "nowhere-9"))),
            draw(st.booleans()),
        )
        for number in range(draw(st.integers(1, 4)))
    )
    places = [f"{'module.m.' if inside else ''}{address}" for address, _, _, inside in blocks]
    globs = [
        "glob *",
        "glob module.m.*",
        "glob aws_s3_bucket.b0*",
        "glob aws_s3_bucket.b1[0]",
        "glob nothing.*",
    ]
    wish = st.builds(
        Wish,
        at=st.sampled_from([*places, "call", *globs]),
        rules=st.lists(st.sampled_from(RULES), min_size=1, max_size=3, unique=True).map(tuple)
        | st.just(("SOV001", "SOV002")),
        until=st.sampled_from(UNTILS) | st.just(DAY),
        reason=st.sampled_from(REASONS) | st.just("Moves."),
    )
    return Estate(blocks), tuple(draw(st.lists(wish, max_size=5)))


def judged(folder: Path, estate: Estate, wishes: tuple[Wish, ...]) -> JSON:
    """Scan an estate. A waiver that is left out leaves an ordinary comment, so that no line moves."""
    for name, text in estate.files(wishes).items():
        source(folder, text, name)
    entries = [
        {
            "address": one.at.removeprefix("glob "),
            "rules": list(one.rules),
            "reason": one.reason,
            "until": one.until,
        }
        for one in wishes
        if one.at.startswith("glob ")
    ]
    config = str(configure(folder.parent / "stated.yaml", waivers=entries))
    report = assess(request_of((str(folder),), Wishes(config=config, as_of=DAY, cache=False)))
    told: JSON = json.loads(b"".join(write(report, "json", Screen())))
    return told


def essence(report: JSON) -> dict[tuple[str, str], JSON]:
    return {(one["rule"], one["address"]): one for one in report["findings"] if one["rule"] != "SOV011"}


@pytest.mark.filterwarnings("ignore:The recursion limit will not be reset")
@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(drawn=estates())
def test_a_waiver_covers_what_it_says_and_changes_nothing_else(
    drawn: tuple[Estate, tuple[Wish, ...]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    estate, wishes = drawn
    folder = tmp_path_factory.mktemp("law") / "source"
    bare, waived = judged(folder, estate, ()), judged(folder, estate, wishes)
    before, after = essence(bare), essence(waived)
    assert before.keys() == after.keys()

    # (a) and more: exactly what a waiver that holds names is waived, and so does not decide.
    for (rule, address), finding in after.items():
        covered = any(one.covers(rule, address) for one in wishes)
        was = before[rule, address]
        assert finding["verdict"] == ("waived" if covered else was["verdict"])
        assert finding["decides"] == (was["decides"] and not covered)
        assert (finding["severity"], finding["message"]) == (was["severity"], was["message"])

    # (b) a verdict changes only where something of that resource is waived.
    touched = {address for (rule, address), one in after.items() if one["waived"] is not None}
    for address, verdict in verdicts(waived).items():
        if address not in touched:
            assert verdict == verdicts(bare)[address]
        elif verdict != verdicts(bare)[address]:
            assert verdict in ("waived", "unknown")

    # (c) what is void could as well not be there.
    sound = judged(folder, estate, tuple(one for one in wishes if one.holds))
    assert {key: part["verdict"] for key, part in essence(sound).items()} == {
        key: part["verdict"] for key, part in after.items()
    }
    assert verdicts(sound) == verdicts(waived)
    assert said(sound) == said(waived)
    told = [one for one in about_waivers(waived) if one["decides"]]
    assert len(told) == sum(not one.holds for one in _placed(estate, wishes))


def _placed(estate: Estate, wishes: tuple[Wish, ...]) -> list[Wish]:
    """Return the wishes that some resource carries; a call that makes nothing has no voice."""
    inside = any(block[3] for block in estate.blocks)
    return [one for one in wishes if one.at != "call" or inside]
