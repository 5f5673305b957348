"""What a report says follows the language; what programs read of it does not."""

from __future__ import annotations

import ast
import csv
import io
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from msgspec.structs import replace

from sovereign_guard.catalog import load
from sovereign_guard.language import speaking
from sovereign_guard.model.finding import InputProblem, Report, Verdict
from sovereign_guard.model.screen import Screen
from sovereign_guard.report import FORMATS
from sovereign_guard.report.explain import explain
from sovereign_guard.report.layout import entry, heading, page
from sovereign_guard.report.listings import listing, show
from sovereign_guard.report.markdown import block
from sovereign_guard.report.words import clean

from .reports import ACCEPTED, BASELINE, SOURCE, finding, outcome, report_of, text_of, with_findings

DAY = "2026-11-24"
REPORT = Path(__file__).parent.parent / "sovereign_guard" / "report"
# Texts for people, in formats whose other values programs read.
SAID = {
    "json": {"message", "what", "notice", "hint"},
    "sarif": {"text", "markdown", "notice", "justification"},
    "gitlab": {"description"},
}


class Longer:
    """A language in which every text is longer than in English, and stands between no-break spaces."""

    def gettext(self, message: str) -> str:
        return f"«\u00a0{message}\u00a0»"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


@pytest.fixture
def report(tmp_path, monkeypatch) -> Report:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "main.tf").write_text(SOURCE)
    report = report_of(".")
    here = {"input": report.inventories[0].id, "file": "main.tf", "line": 5}
    found = [
        finding(**here),
        finding(**here, outcome=outcome(rule="SOV002"), waiver=ACCEPTED),
        finding(**here, outcome=outcome(rule="SOV004"), in_baseline=True),
        finding(**here, outcome=outcome(Verdict.UNKNOWN, rule="SOV003")),
    ]
    problems = tuple(InputProblem(".", f"no {line}.", "Mend it.", "bad.tf", line) for line in (1, 2))
    return replace(with_findings(report, *found), problems=problems, baseline=BASELINE)


def without(tree: Any, names: set[str]) -> Any:
    if isinstance(tree, dict):
        return {
            key: without(value, names)
            for key, value in tree.items()
            if key not in names or isinstance(value, dict | list)
        }
    return [without(value, names) for value in tree] if isinstance(tree, list) else tree


def in_both(name: str, report: Report) -> tuple[str, str]:
    english = text_of(FORMATS[name], report)
    with speaking("fr", Longer()):
        return english, text_of(FORMATS[name], report)


@pytest.mark.parametrize("name", sorted(SAID))
def test_identifiers_and_values_of_json_are_the_same_in_every_language(name, report):
    english, french = in_both(name, report)
    assert english != french
    assert without(json.loads(english), SAID[name]) == without(json.loads(french), SAID[name])


def test_columns_and_enumerated_values_of_csv_are_the_same_in_every_language(report):
    english, french = (list(csv.DictReader(io.StringIO(text))) for text in in_both("csv", report))
    keep = set(english[0]) - {"message", "evidence"}
    assert [{key: row[key] for key in keep} for row in english] == [
        {key: row[key] for key in keep} for row in french
    ]


def test_test_cases_have_the_same_names_in_every_language(report):
    english, french = (ElementTree.fromstring(text) for text in in_both("junit", report))
    told = [
        [
            (element.tag, {key: value for key, value in element.items() if key not in ("message", "value")})
            for element in tree.iter()
        ]
        for tree in (english, french)
    ]
    assert told[0] == told[1]


def test_commands_of_github_are_the_same_in_every_language(report):
    english, french = in_both("github", report)
    commands = re.compile(r"^::(?:error|warning|notice) (?:file=[^,:]*)?(?:,line=\d+)?", re.MULTILINE)
    assert commands.findall(english) == commands.findall(french) != []
    assert [line for line in french.splitlines() if not line.startswith("::")] == french.splitlines()[-1:]


@pytest.mark.parametrize("name", ["text", "markdown"])
def test_what_a_person_reads_is_said(name, report):
    english, french = in_both(name, report)
    assert french.count("«\u00a0") > 20
    assert "\\xa0" not in french
    assert all(word in english for word in ("waived", "critical"))


def test_labels_share_a_column_as_wide_as_the_longest_of_a_page():
    entries = [entry("short", "one"), heading("HEAD", Screen()), entry("a label that takes more room", "two")]
    lines = page(entries, Screen()).splitlines()
    assert [line.index(text) for line, text in zip((lines[0], lines[-1]), ("one", "two"), strict=True)] == [
        31,
        31,
    ]
    with speaking("fr", Longer()):
        told = show(load(), "three-circles", DAY, Screen(width=1_000))
    starts = [line.index("«", 5) for line in told.splitlines() if "judged as" in line or "counts as" in line]
    assert len(starts) == 2
    assert len(set(starts)) == 1


def test_the_columns_of_tables_are_as_wide_as_the_said_words():
    with speaking("fr", Longer()):
        lines = listing(load(), "regions", DAY, Screen(width=200)).splitlines()
    starts = [match.start() for match in re.finditer("«", lines[0])]
    assert len(starts) == 4
    assert all(line[start - 1] == " " != line[start] for line in lines[1:20] for start in starts[1:3])


def test_explain_says_all_of_it(report):
    address = report.judged[0].resource.address
    with speaking("fr", Longer()):
        text = explain(report, address, load(), DAY, Screen(width=1_000))
    headings = [line for line in text.splitlines() if line[:1].isalpha()]
    assert [line for line in headings if not line.startswith(address)] == []


# -- blanks that are not to break ----------------------------------------------------------------------------


def test_no_break_spaces_are_shown_as_they_are_and_control_characters_made_visible():
    assert clean("a\u00a0: b\u202f%") == "a\u00a0: b\u202f%"
    assert clean("a\u00a0:\x1b[0m\u2028\u200b\u3000") == "a\u00a0:\\x1b[0m\\x2028\\x200b\\x3000"
    assert "::" not in clean("\u00a0::error::x\u202f::error::y").replace("error::", "")


@pytest.mark.parametrize("blank", ["", "\u00a0", "\u202f", " \u00a0"])
def test_no_command_of_a_bot_begins_a_line_behind_a_blank(blank):
    (_fence, line, _end) = block([f"{blank}/merge"]).splitlines()
    assert line == f"{blank}| /merge"
    assert "\n«\u00a0a\u00a0» is" in block(["«\u00a0a\u00a0» is"])


def test_nothing_is_a_formula_behind_a_blank(report):
    told = replace(report, findings=(finding(outcome=outcome(message="\u00a0=cmd()")),))
    (row,) = [row for row in csv.DictReader(io.StringIO(text_of(FORMATS["csv"], told))) if row["rule"]]
    assert row["message"] == "\u00a0'=cmd()"


# -- what is collected ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(REPORT.glob("*.py")), ids=lambda path: path.stem)
def test_nothing_is_said_within_an_f_string_where_no_catalog_would_find_it(path):
    tree = ast.parse(path.read_text())
    inside = [
        ast.unparse(call)
        for text in ast.walk(tree)
        if isinstance(text, ast.JoinedStr)
        for call in ast.walk(text)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in {"say", "say_many", "later"}
    ]
    assert inside == []
