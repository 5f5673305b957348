"""`--format markdown`: a comment on a pull request. A verdict, a table, and folds with what was found.

Whatever comes from the input stands in a code span or in a fenced block, behind a fence longer than any run
of backticks within, its line ends made visible. There no platform looks for links, images, HTML, tables,
mentions or references. Entities and backslashes would not do: GitHub looks for `@name` in what they come to.
Elsewhere there are only our own words and numbers.
"""

from __future__ import annotations

import html
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import msgspec

from sovereign_guard import __version__
from sovereign_guard.language import later, say, say_many
from sovereign_guard.model.finding import Finding, InputProblem, Report, Verdict
from sovereign_guard.model.screen import Screen
from sovereign_guard.model.value import Evidence
from sovereign_guard.report.limits import gravest_first, shortened
from sovereign_guard.report.places import Place, Places
from sovereign_guard.report.standing import (
    Noun,
    Standing,
    count,
    evidence,
    excuse,
    headline,
    standing_of,
    standing_words,
    subject,
)
from sovereign_guard.report.terms import NOTICE, named, several, severity_word, source_words
from sovereign_guard.report.words import clean, wrap

MARKER = "<!-- sovereign-guard -->"
"""First line, by which a bot finds the comment that it is to replace."""
GITHUB = 65_536
"""Characters of a comment on GitHub, as its refusal says: https://github.com/orgs/community/discussions/27190."""
MOST = 65_000
"""UTF-16 units of ours, which are at least as many as characters; the rest is for a line of a bot's own."""
_MOST_NAME = 300
_MOST_PATH = 250
_MOST_MESSAGE = 600
_MOST_STEP = 400
_MOST_STEPS = 16
_MOST_ITEMS = 800
"""Items of a section that are written out: more never fit."""
_MOST_INPUTS = 10
_PAPER = Screen(width=100)
_COMMAND = re.compile("^([ \u00a0\u202f]*)(?=[^\\w\\s(\\['\"\u00ab-])", re.MULTILINE)
_BACKTICKS = re.compile("`+")
_SPECIAL = re.compile(r"[\\*_\[\]<>#!|~&]")

_OTHERS = {
    Standing.WARNS: later("Warns only"),
    Standing.WAIVED: later("Waived"),
    Standing.BASELINE: later("In the baseline"),
    Standing.STOOD: later("Stood before this change"),
}


class _Section(msgspec.Struct):
    """A fold.

    Attributes:
        title: HTML. intro: Markdown. items: Markdown, the gravest first.
        name: how it is called where some of it is left out. noun: what an item is.
        total: how many items there are, those that are not written out included.

    """

    title: str
    name: str
    noun: Noun
    items: list[str]
    total: int
    intro: str = ""
    open: bool = False


def write(report: Report, _screen: Screen) -> Iterator[bytes]:
    """Give the report as Markdown."""
    yield "".join(_parts(report)).encode()


def _parts(report: Report) -> list[str]:
    grave, others = list(_grave(report)), list(_others(report))
    sections = [*grave, *others]
    everything_cut = [section.total for section in sections]
    head, tail = _head(report), _tail(sections, everything_cut)
    frames = sum(_size(_fold(section, [], section.total)) for section in sections)
    budget = MOST - _size(head) - _size(tail) - frames
    needs = [sum(map(_size, section.items)) for section in sections]
    # What does not make the run fail has a quarter at least, and whatever the rest leaves.
    weighty = sum(needs[: len(grave)])
    for_others = _allot(needs[len(grave) :], max(budget // 4, budget - weighty))
    for_grave = _allot(needs[: len(grave)], budget - sum(for_others))
    parts, cut = [head], []
    for section, share in zip(sections, (*for_grave, *for_others), strict=True):
        shown = _that_fit(section.items, share)
        cut.append(section.total - len(shown))
        parts.append(_fold(section, shown, cut[-1]))
    return [*parts, _tail(sections, cut)]


# -- room ----------------------------------------------------------------------------------------------------


def _size(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _allot(needs: Sequence[int], budget: int) -> list[int]:
    """Share a budget: who needs less than an equal part gets it all, and the others share what is left."""
    shares, left = [0] * len(needs), max(budget, 0)
    for done, index in enumerate(sorted(range(len(needs)), key=needs.__getitem__)):
        shares[index] = min(needs[index], left // (len(needs) - done))
        left -= shares[index]
    return shares


def _that_fit(items: list[str], room: int) -> list[str]:
    shown = []
    for item in items:
        room -= _size(item)
        if room < 0:
            break
        shown.append(item)
    return shown


# -- head and tail -------------------------------------------------------------------------------------------


def _head(report: Report) -> str:
    summary = report.summary
    paths = [inventory.path for inventory in report.inventories]
    inputs = ", ".join(code(path) for path in paths[:_MOST_INPUTS])
    if len(paths) > _MOST_INPUTS:
        inputs = say("{names} and {number:,} more", names=inputs, number=len(paths) - _MOST_INPUTS)
    numbers = (
        summary.resources,
        summary.passed,
        summary.fail,
        summary.unknown,
        summary.waived,
        summary.not_judged,
    )
    title = say("sovereign-guard: fails") if report.exit_code else say("sovereign-guard: passes")
    headings = say("resources | pass | fail | unknown | waived | leaving")
    judged = say("Inputs: {inputs}.", inputs=inputs) if paths else say("Inputs: none.")
    rests_on = say(
        "Policy {policy} ({source}), catalog of {day}.",
        policy=code(report.policy.id),
        source=code(source_words(report.policy)),
        day=report.catalog_as_of,
    )
    unlabelled = say_many(
        "{number:,} data-bearing resource without any label, judged as {level}.",
        "{number:,} data-bearing resources without any label, judged as {level}.",
        summary.unlabelled,
        level=code(report.levels[report.policy.unlabelled]),
    )
    return "\n".join(
        (
            MARKER,
            f"## {title}",
            "",
            _verdict(report),
            "",
            f"| {headings} |",
            "| ---: | ---: | ---: | ---: | ---: | ---: |",
            f"| {' | '.join(f'{number:,}' for number in numbers)} |",
            "",
            f"{judged} {rests_on} {unlabelled}",
            "",
            "",
        )
    )


def _verdict(report: Report) -> str:
    sentences = []
    if report.problems:
        sentences.append(
            say_many(
                "An input or part of one could not be read or understood.",
                "{number:,} inputs or parts of inputs could not be read or understood.",
                len(report.problems),
            )
        )
    deciding = [finding for finding in report.findings if report.decides(finding)]
    if deciding:
        places = {
            (finding.input, finding.address, finding.deposed) for finding in deciding if finding.address
        }
        sentences.append(_failing(len(deciding), count(len(places), "resource") if places else ""))
    if not sentences:
        sentences.append(say("Nothing makes this run fail."))
    others = Counter(standing_of(finding, report) for finding in report.findings)
    told = ", ".join(_several(standing, others[standing]) for standing in _OTHERS if others[standing])
    if told:
        sentences.append(say("Besides: {findings}.", findings=told))
    return f"**{sentences[0]}** {' '.join(sentences[1:])}".strip()


def _failing(number: int, resources: str) -> str:
    if not resources:
        return say_many(
            "{number:,} finding makes this run fail.", "{number:,} findings make this run fail.", number
        )
    return say_many(
        "{number:,} finding on {resources} makes this run fail.",
        "{number:,} findings on {resources} make this run fail.",
        number,
        resources=resources,
    )


def _several(standing: Standing, number: int) -> str:
    """Say how many findings stand so."""
    return say("{number:,} {standing}", number=number, standing=standing_words(standing))


def _tail(sections: Sequence[_Section], cut: Sequence[int]) -> str:
    left_out = [
        named(section.name, count(missing, section.noun))
        for section, missing in zip(sections, cut, strict=True)
        if missing
    ]
    whole = say("The whole reasoning for one resource: `sovereign-guard explain ADDRESS PATH`.")
    lines = []
    if left_out:
        lines += [
            say(
                "**Left out**, to stay below the {most:,} characters of a comment on GitHub: {parts}. "
                "The whole report: `sovereign-guard scan`.",
                most=GITHUB,
                parts=several(left_out),
            ),
            "",
        ]
    return "\n".join(
        (
            *lines,
            " ".join((whole, say(NOTICE))),
            "",
            f"sovereign-guard {__version__}",
            "",
        )
    )


# -- sections ------------------------------------------------------------------------------------------------


def _fold(section: _Section, items: list[str], cut: int) -> str:
    unfolded = " open" if section.open else ""
    intro = f"{section.intro}\n\n" if section.intro else ""
    rest = say("{items} left out.", items=count(cut, section.noun)) + "\n\n" if cut else ""
    title = f"{section.title} ({count(section.total, section.noun)})"
    start = f"<details{unfolded}>\n<summary>{title}</summary>\n\n"
    return f"{start}{intro}{''.join(items)}{rest}</details>\n\n"


def _grave(report: Report) -> Iterator[_Section]:
    """Give what makes the run fail: what could not be read, then the findings, by rule, gravest first."""
    places = Places(report)
    if report.problems:
        items = [_problem(problem, places) for problem in report.problems[:_MOST_ITEMS]]
        total = len(report.problems)
        title = say("Not read")
        yield _Section(f"<b>{title}</b>", say("not read"), "problem", items, total, open=True)
    by_rule: dict[str, list[Finding]] = defaultdict(list)
    for finding in gravest_first(report):
        if report.decides(finding):
            by_rule[finding.outcome.rule].append(finding)
    for rule, found in by_rule.items():
        text = report.rules[rule]
        title = say(
            "{rule} {severity}: {title}",
            rule=f"<b>{rule}</b>",
            severity=severity_word(found[0].outcome.severity),
            title=html.escape(text.title, quote=False),
        )
        what_to_do = say("What to do: {steps}", steps=prose(text.fix))
        yield _Section(title, rule, "finding", _items(found, report, places), len(found), what_to_do)


def _others(report: Report) -> Iterator[_Section]:
    """Give what does not make the run fail."""
    places = Places(report)
    by_standing: dict[Standing, list[Finding]] = defaultdict(list)
    for finding in gravest_first(report):
        by_standing[standing_of(finding, report)].append(finding)
    for standing, title in _OTHERS.items():
        found = by_standing[standing]
        if found:
            items = _items(found, report, places)
            yield _Section(say(title), standing_words(standing), "finding", items, len(found))
    statements = report.statements
    for title, steps in (
        (say("Stated by the organisation, and accepted"), statements.accepted),
        (say("Stated in the repository, and not accepted"), statements.refused),
    ):
        if steps:
            items = [_step(step) for step in steps[:_MOST_ITEMS]]
            yield _Section(title, title.lower(), "statement", items, len(steps))
    if report.warnings:
        items = [f"- {code(warning, _MOST_MESSAGE)}\n\n" for warning in report.warnings[:_MOST_ITEMS]]
        yield _Section(say("Warnings"), say("warnings"), "warning", items, len(report.warnings))
    leaving = [item.resource for item in report.assessments if item.verdict is Verdict.NOT_JUDGED]
    if leaving:
        items = [
            f"- {code(subject(resource.address, resource.deposed))}\n\n" for resource in leaving[:_MOST_ITEMS]
        ]
        yield _Section(say("Leaving, not judged"), say("leaving"), "resource", items, len(leaving))


def _items(findings: Iterable[Finding], report: Report, places: Places) -> list[str]:
    of_several = len(report.inventories) > 1
    return [
        _item(finding, standing_of(finding, report), places, of_several=of_several)
        for finding in islice(findings, _MOST_ITEMS)
    ]


def _item(finding: Finding, standing: Standing, places: Places, *, of_several: bool) -> str:
    place = code(_where(places.of(finding)))
    name = code(subject(finding.address, finding.deposed))
    if finding.address and of_several:
        what = say("Resource {name} of {input}, {place}", name=name, input=code(finding.input), place=place)
    elif finding.address:
        what = say("Resource {name}, {place}", name=name, place=place)
    elif of_several:
        what = say("Not a resource of {input}, {place}", input=code(finding.input), place=place)
    else:
        what = say("Not a resource, {place}", place=place)
    lines = [wrap(shortened(headline(finding), _MOST_MESSAGE), _PAPER, "", "  ")]
    if standing is not Standing.DECIDES:
        lines.append(wrap(shortened(excuse(finding, standing), _MOST_MESSAGE), _PAPER, "", "  "))
    steps = list(evidence(finding))
    lines += [wrap(shortened(step, _MOST_STEP), _PAPER, "- ", "  ") for step in steps[:_MOST_STEPS]]
    if len(steps) > _MOST_STEPS:
        lines.append(f"({count(len(steps) - _MOST_STEPS, 'more step')})")
    return f"{what}\n\n{block(lines)}\n\n"


def _where(place: Place) -> str:
    # The end of a long path tells more than its beginning, and the line stands behind it.
    file = place.file[-_MOST_PATH:]
    return ":".join(str(part) for part in (file, place.line, place.column) if part)


def _problem(problem: InputProblem, places: Places) -> str:
    text = f"{problem.message} {problem.hint}".strip()
    return f"- {code(_where(places.problem(problem)))}: {code(text, _MOST_MESSAGE)}\n\n"


def _step(step: Evidence) -> str:
    where = f", {code(step.where)}" if step.where else ""
    return f"- {code(step.what, _MOST_MESSAGE)}{where}\n\n"


# -- escaping ------------------------------------------------------------------------------------------------


def code(text: str, most: int = _MOST_NAME) -> str:
    """Return a code span that shows any text as it is, control characters made visible."""
    shown = shortened(clean(text), most) or " "
    fence = "`" * (_longest_run(shown) + 1)
    # One space at each end is not shown; without it, backticks there would be part of the fence.
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def block(lines: Iterable[str]) -> str:
    """Return a fenced block that shows lines, of clean characters each, as they are."""
    text = "\n".join(lines)
    # Bots look for commands at the beginning of a line, `/merge`, some of them in blocks as well.
    text = _COMMAND.sub(r"\1| ", text)
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}text\n{text}\n{fence}"


def prose(text: str) -> str:
    """Return a sentence of our own as Markdown; what it has in backticks stays code."""
    parts = clean(text).split("`")
    if len(parts) % 2 == 0:
        return code(text, len(text))
    return "".join(
        code(part, len(part)) if position % 2 else _SPECIAL.sub(r"\\\g<0>", part)
        for position, part in enumerate(parts)
    )


def _longest_run(text: str) -> int:
    return max(map(len, _BACKTICKS.findall(text)), default=0)
