"""`--format markdown`, read by a real CommonMark parser: nothing from the input breaks out of its place."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from sovereign_guard.catalog import load
from sovereign_guard.model.finding import Report
from sovereign_guard.model.screen import Screen
from sovereign_guard.report import markdown
from tests.builders import sensitive_bucket
from tests.command import run
from tests.report_variants import (
    EXCUSED,
    ROOT,
    SCENARIOS,
    SENTINEL,
    WAIVER,
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

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
OURS = re.compile(r"<!-- sovereign-guard -->|<details( open)?>\n<summary>[^\n]*</summary>|</details>")
CODE = {"code_inline", "fence"}
KNOWN = {
    *("heading_open", "heading_close", "paragraph_open", "paragraph_close", "bullet_list_open"),
    *("bullet_list_close", "list_item_open", "list_item_close", "table_open", "table_close", "thead_open"),
    *("thead_close", "tbody_open", "tbody_close", "tr_open", "tr_close", "th_open", "th_close", "td_open"),
    *("td_close", "strong_open", "strong_close", "text", "softbreak", "inline", "html_block", *CODE),
}
"""Kinds of tokens that may appear: no link, image, HTML inside a line, quote or rule among them."""


def written(report: Report) -> str:
    """Return a report's Markdown, once it is found to hold nothing but what we put there."""
    text = b"".join(markdown.write(report, Screen())).decode()
    assert text.startswith("<!-- sovereign-guard -->\n## sovereign-guard: ")
    assert len(text.encode("utf-16-le")) // 2 <= markdown.MOST < 65_536
    assert "not legal advice" in text
    folds = 0
    for token in tokens(text):
        assert token.type in KNOWN, token
        if token.type == "html_block":
            assert OURS.fullmatch(token.content.strip()), token
            folds += token.content.count("<details") - token.content.count("</details>")
            assert folds in (0, 1)
        elif token.type == "fence":
            assert token.info == "text"
    assert folds == 0
    # Bots look for commands at the beginning of a line, without regard to what is code.
    assert not re.search(r"^\s*[/!@]", text, re.MULTILINE)
    # GitLab ends what it takes for code at a line of three backticks, however long the fence is.
    assert not re.search(r"^ +`|^```[^t\n]*[^t\n`]", text, re.MULTILINE)
    return text


def tokens(text: str) -> Iterator[Token]:
    for token in PARSER.parse(text):
        yield token
        yield from token.children or ()


def codes(text: str) -> list[str]:
    return [token.content for token in tokens(text) if token.type in CODE]


def folds(text: str) -> list[str]:
    return re.findall(r"<summary>(.*)</summary>", text)


def plain(text: str) -> str:
    """Return what stands outside of code."""
    return "\n".join(token.content for token in tokens(text) if token.type in ("text", "html_block"))


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_shows_every_finding(name: str) -> None:
    report = scenario(name)
    text = written(report)
    found = codes(text)
    for finding in report.findings:
        assert finding.address in found or not finding.address
        assert any(code.startswith(f"{finding.outcome.rule} {finding.outcome.severity}: ") for code in found)
    assert "left out" not in text.lower()
    assert text.startswith(f"{markdown.MARKER}\n## sovereign-guard: fails\n") == (report.exit_code != 0)


def test_the_whole_comment() -> None:
    text = written(small())
    assert "**3 findings on 2 resources make this run fail.**" in text
    assert "| resources | pass | fail | unknown | waived | leaving |" in text
    assert "| 5 | 1 | 1 | 1 | 0 | 2 |" in text
    assert "`three-circles` (`built in`)" in text
    assert [fold.split(":")[0] for fold in folds(text)] == [
        "<b>SOV001</b> critical",
        "<b>SOV002</b> high",
        "<b>SOV003</b> high",
        "Leaving, not judged (2 resources)",
    ]
    assert folds(text)[0].endswith("(1 finding)")
    assert text.count("What to do: ") == 3
    assert "Resource `aws_s3_bucket.bad`, `plan.json`" in text
    (reasoning,) = [code for code in codes(text) if code.startswith("SOV001 critical")]
    assert "\n- label DataClassification = 'sensitive' says sensitive  [tags]\n" in reasoning
    assert "aws_s3_bucket.gone (deposed abcd1234)" in codes(text)
    assert small().catalog_as_of in text


def test_the_place_is_file_and_line(tmp_path) -> None:
    (tmp_path / "main.tf").write_text(
        '\nresource "aws_s3_bucket" "a" {\n  tags = { DataClassification = "sensitive" }\n}\n'
    )
    text = written(judged(".", folder=tmp_path))
    assert re.search(r"Resource `aws_s3_bucket\.a`, `[^`]*main\.tf:2:1`", text)


@pytest.mark.parametrize(
    ("standing", "title", "words"),
    [
        (
            "waived",
            "Waived",
            "waived until 2027-03-31, approved by the data office: moves in spring [main.tf:7]",
        ),
        ("baseline", "In the baseline", "in the baseline"),
        ("warns", "Warns only", "warns only"),
        ("stood", "Stood before this change", "stood before this change"),
    ],
)
def test_what_does_not_make_the_run_fail_is_folded_apart(standing: str, title: str, words: str) -> None:
    text = written(EXCUSED[standing](small()))
    assert "## sovereign-guard: passes\n" in text
    assert f"**Nothing makes this run fail.** Besides: 3 {title[0].lower()}{title[1:]}." in text
    assert folds(text) == [f"{title} (3 findings)", "Leaving, not judged (2 resources)"]
    shown = [code.replace("\n  ", " ") for code in codes(text) if code.startswith("SOV")]
    assert len(shown) == 3
    assert all(words in code for code in shown)


def test_a_run_without_findings_says_so() -> None:
    report = again(small(), findings=())
    assert "**Nothing makes this run fail.**\n" in written(report)


def test_a_finding_without_a_resource_is_shown_at_its_file() -> None:
    text = written(again(without_resource(small()), findings=without_resource(small()).findings[:2]))
    assert "**2 findings make this run fail.**" in text
    assert re.search(r"^Not a resource, `[^`]*\.sovereign-guard\.yaml:3`$", text, re.MULTILINE)


def test_inputs_that_were_not_read_come_first_and_open(tmp_path) -> None:
    (tmp_path / "broken.json").write_text("{")
    report = judged("broken.json", "nowhere.json", folder=tmp_path)
    text = written(report)
    assert "**2 inputs or parts of inputs could not be read or understood.**" in text
    assert folds(text) == ["<b>Not read</b> (2 problems)"]
    assert "<details open>" in text
    assert any("nowhere.json" in code for code in codes(text))
    assert f"{report.problems[0].message} {report.problems[0].hint}".strip() in codes(text)
    text = written(with_problems(small()))
    assert "**2 inputs or parts of inputs could not be read or understood.** 3 findings" in text


def test_statements_and_warnings_are_told() -> None:
    accepted = scenario("openstack-internal")
    refused = scenario("repo-declares-aws-internal")
    assert accepted.statements.accepted
    assert refused.statements.refused
    assert {step.what for step in accepted.statements.accepted} <= set(codes(written(accepted)))
    assert {step.what for step in refused.statements.refused} <= set(codes(written(refused)))
    warned = again(small(), warnings=("the catalog is old",))
    assert "Warnings (1 warning)" in folds(written(warned))


@pytest.mark.parametrize("rule", sorted(load().rules))
def test_what_to_do_is_plain_markdown(rule: str) -> None:
    text = markdown.prose(load().rules[rule].fix)
    kinds = {token.type for token in tokens(text)}
    assert kinds <= {"paragraph_open", "paragraph_close", "inline", "text", "code_inline"}
    said = "".join(token.content for token in tokens(text) if token.type in ("text", "code_inline"))
    assert said == load().rules[rule].fix.strip().replace("`", "")


# -- hostile names -------------------------------------------------------------------------------------------


@given(st.one_of(st.text(min_size=1, max_size=40), hostile()))
@settings(max_examples=300, deadline=None)
def test_a_code_span_shows_any_text(text: str) -> None:
    shown = markdown.clean(text)
    spans = [token for token in tokens(f"Before {markdown.code(text)}, after") if token.type != "inline"]
    assert [token.type for token in spans] == [
        "paragraph_open",
        "text",
        "code_inline",
        "text",
        "paragraph_close",
    ]
    assert spans[2].content == shown or not shown.strip()


@given(st.lists(hostile(), min_size=1, max_size=4))
@settings(max_examples=100, deadline=None)
def test_a_block_shows_any_lines(lines: list[str]) -> None:
    (fence,) = tokens(markdown.block(map(markdown.clean, lines)))
    assert fence.type == "fence"
    shown = fence.content.removesuffix("\n").split("\n")
    for found, line in zip(shown, map(markdown.clean, lines), strict=True):
        assert line in (found, re.sub(r"^( *)\| ", r"\1", found))


@given(hostile())
@settings(max_examples=60, deadline=None)
def test_hostile_names_stay_in_their_place(text: str) -> None:
    for report in (small(), waived(without_resource(small()))):
        shown = written(spoken(report, text))
        assert SENTINEL not in plain(shown)
        assert any(SENTINEL in code for code in codes(shown))


@pytest.mark.parametrize(
    "name", ["@octocat", "#123", "![x](http://x.example/p.png)", "</details><script>", "a|b"]
)
def test_a_name_that_platforms_would_act_on_stands_in_code(name: str) -> None:
    text = written(spoken(small(), name))
    assert name in codes(text)
    assert name not in plain(text)


def test_a_command_for_a_bot_begins_no_line() -> None:
    long = "x" * 95 + " /merge now " + "y" * 90 + " ```"
    first = small().findings[0]
    finding = replace(first, outcome=replace(first.outcome, message=long))
    (shown,) = [code for code in codes(written(again(small(), findings=(finding,)))) if "/merge" in code]
    assert "\n  | /merge now" in shown


# -- size ----------------------------------------------------------------------------------------------------


def test_six_thousand_findings_are_cut_and_counted() -> None:
    report = many(small(), 2_000)
    text = written(report)
    assert len(text) > 60_000
    left = {
        rule: int(number.replace(",", ""))
        for rule, number in re.findall(r"(SOV\d+): ([\d,]+) findings", tail(text))
    }
    for rule in ("SOV001", "SOV002", "SOV003"):
        shown = sum(code.startswith(f"{rule} ") for code in codes(text))
        assert shown > 5
        assert left[rule] == 2_000 - shown
        assert f"{left[rule]:,} findings left out." in text
    assert "**6,000 findings on 4,000 resources make this run fail.**" in text
    assert list(left) == ["SOV001", "SOV002", "SOV003"]
    assert "; leaving: " in tail(text)


def test_what_makes_the_run_fail_has_more_room_than_the_rest() -> None:
    report = many(small(), 2_000)
    findings = tuple(
        replace(one, waiver=WAIVER) if one.outcome.rule != "SOV001" else one for one in report.findings
    )
    text = written(again(report, findings=findings))
    failing, others = text.split("<summary>Waived")
    assert len(failing) > 2 * len(others) > 10_000


def test_a_few_findings_that_count_are_whole_beside_thousands_that_do_not() -> None:
    report = many(small(), 2_000)
    findings = tuple(
        one if one.address == "aws_s3_bucket.bad[7]" else replace(one, in_baseline=True)
        for one in report.findings
    )
    text = written(again(report, findings=findings))
    assert "SOV" not in tail(text)
    assert "in the baseline: 5," in tail(text)


def test_the_gravest_are_shown_first() -> None:
    report = many(small(), 2_000)
    findings = tuple(replace(one, introduced=one.address.endswith("[1999]")) for one in report.findings)
    text = written(again(report, findings=findings))
    assert text.index("`aws_s3_bucket.bad[1999]`") < text.index("`aws_s3_bucket.bad[0]`")


def test_the_line_stands_behind_a_long_path() -> None:
    finding = replace(small().findings[0], file=f"{'deep/' * 100}main.tf", line=12, column=3)
    assert re.search(r"deep/main\.tf:12:3`", written(again(small(), findings=(finding,))))


@pytest.mark.parametrize("letter", ["a", "`", "\U0001f308", "/", "\n"])
def test_endless_names_are_cut(letter: str) -> None:
    text = written(many(spoken(without_resource(small()), letter * 50_000), 30))
    assert "150 findings on " in text


def test_the_command_writes_it(tmp_path) -> None:
    sensitive_bucket(region="eu-west-3").write(tmp_path / "plan.json")
    done = run("scan", "plan.json", "-o", "markdown=comment.md", cwd=tmp_path)
    assert done.returncode == 1
    text = (tmp_path / "comment.md").read_text()
    assert text.startswith(markdown.MARKER)
    assert "`aws_s3_bucket.files`" in text


def test_the_page_of_outputs_tells_the_limit() -> None:
    assert f"| {markdown.MOST:,} characters, in UTF-16 units |" in (ROOT / "docs" / "outputs.md").read_text()


def tail(text: str) -> str:
    return text[text.rindex("</details>") :]
