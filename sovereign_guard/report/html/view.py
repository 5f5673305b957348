"""A report -> what the page shows of it, in the order of the page. No HTML here."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import msgspec

from sovereign_guard.language import later, say, say_many
from sovereign_guard.model.finding import Assessment, Finding, Outcome, Report, Verdict
from sovereign_guard.model.flow import Carried
from sovereign_guard.model.knowledge import RuleText
from sovereign_guard.model.placement import Ground, Placement
from sovereign_guard.model.value import Evidence
from sovereign_guard.report.html.excerpt import Line, excerpt
from sovereign_guard.report.html.network import Edge, Network, lay_out
from sovereign_guard.report.html.sankey import ORDER, Drawing, Lot, draw
from sovereign_guard.report.instead import offers
from sovereign_guard.report.limits import gravest_first, shortened
from sovereign_guard.report.places import Places
from sovereign_guard.report.standing import Standing, excuse, standing_of, subject
from sovereign_guard.report.terms import severity_word, verdict_word
from sovereign_guard.report.words import clean

_GROUNDS = {
    Ground.SEAT: later("seat"),
    Ground.CONTROL: later("control"),
    Ground.TERRITORY: later("territory"),
    Ground.DECLARED: later("declared"),
}
_GRAVITY = (Verdict.PASS, Verdict.NOT_JUDGED, Verdict.WAIVED, Verdict.UNKNOWN, Verdict.FAIL)
_CARDS = 400
"""Findings told one by one; of more, the page says how many it leaves to the JSON report."""
_EXCERPTS = 150
_ADDRESSES = 2_000
_LONGEST = 300
_MOST_EDGES = 90
_MOST_STEPS = 20


class Tile(msgspec.Struct, frozen=True):
    """A number of the summary."""

    word: str
    number: int
    verdict: str = ""


class Card(msgspec.Struct, frozen=True):
    """Findings that say the same: the resources, what is said of them, and the lines of the first.

    `service`, `instead`: the kind of service that the first is, and what may stand in its place, with what is
    lost.
    """

    verdict: Verdict
    verdict_word: str
    severity_word: str
    message: str
    standing: str
    places: tuple[tuple[str, str], ...]
    more: int
    steps: tuple[Evidence, ...]
    steps_left: int
    file: str
    lines: tuple[Line, ...]
    service: str
    instead: tuple[tuple[str, str], ...]


class RuleSection(msgspec.Struct, frozen=True):
    """The findings of one rule."""

    id: str
    text: RuleText
    count: int
    cards: tuple[Card, ...]
    left_out: int


class Row(msgspec.Struct, frozen=True):
    """A resource in the table; `ranks`: by what the columns level and verdict are sorted."""

    address: str
    type: str
    operators: str
    control: str
    site: str
    level: str
    verdict: Verdict
    verdict_word: str
    ranks: tuple[int, int]


class FlowRow(msgspec.Struct, frozen=True):
    """A flow, in words."""

    sender: str
    says: str
    receiver: str
    level: str
    verdict: Verdict
    certain: bool


class Picture(msgspec.Struct, frozen=True):
    """The graph of flows: its geometry, and by key or name what is drawn there.

    `outside`: the names of what is no resource of the configuration.
    """

    network: Network
    flows: tuple[FlowRow, ...]
    operators: dict[str, str]
    verdicts: dict[str, Verdict]
    outside: frozenset[str]
    left_out: int


class Fact(msgspec.Struct, frozen=True):
    """A fact of the catalog that verdicts rest on."""

    about: str
    what: str
    source: str


class Page(msgspec.Struct, frozen=True):
    """All of the page."""

    report: Report
    title: str
    verdict: str
    sentence: str
    tiles: tuple[Tile, ...]
    drawing: Drawing | None
    lots: tuple[Lot, ...]
    picture: Picture | None
    rules: tuple[RuleSection, ...]
    rows: tuple[Row, ...]
    facts: tuple[Fact, ...]


def page_of(report: Report) -> Page:
    """Return what the page shows."""
    words = _Words(report)
    lots = tuple(_lots(report, words))
    return Page(
        report=report,
        title=say("Where the data lands"),
        verdict="fail" if report.exit_code else "pass",
        sentence=_sentence(report),
        tiles=tuple(_tiles(report)),
        drawing=_drawing(report, lots),
        lots=lots,
        picture=_picture(report, words),
        rules=tuple(_rules(report)),
        rows=tuple(_rows(report, words)),
        facts=tuple(_facts(report, words)),
    )


class _Words:
    """Names operators, countries and levels; what many resources share is put into words once."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._placements: dict[Placement, tuple[str, str, str]] = {}
        self._levels: dict[tuple[int, ...], str] = {}

    def level(self, levels: tuple[int, ...]) -> str:
        found = self._levels.get(levels)
        if found is None:
            found = self._levels[levels] = (
                self._report.levels[levels[0]] if len(levels) == 1 else say("level not known")
            )
        return found

    def operator(self, operator_id: str) -> str:
        return (
            say("not known") if operator_id == "?" else self._report.operators.get(operator_id, operator_id)
        )

    def placed(self, placement: Placement) -> tuple[str, str, str]:
        """Return the operators, the countries that control them, and those of the site, in words."""
        found = self._placements.get(placement)
        if found is None:
            found = self._placements[placement] = self._in_words(placement)
        return found

    def _in_words(self, placement: Placement) -> tuple[str, str, str]:
        if placement.places_nothing:
            return say("nothing to place"), "", ""
        operators = " + ".join(map(self.operator, placement.operator_ids)) or say("not known")
        ways = placement.alternatives
        control = sorted(
            {
                exposure.jurisdiction
                for way in ways
                for exposure in way.exposures
                if exposure.ground is not Ground.TERRITORY
            }
        )
        uncertain = any(way.control is not None or way.missing is not None for way in ways)
        sites = sorted({country for way in ways for country in way.countries})
        unplaced = any(not way.countries for way in ways)
        return (
            operators,
            _joined(control, uncertain=uncertain or not control),
            _joined(sites, uncertain=unplaced),
        )


def _joined(words: Sequence[str], *, uncertain: bool) -> str:
    return " + ".join([*words, *([say("not known")] if uncertain else [])])


# -- head ----------------------------------------------------------------------------------------------------


def _sentence(report: Report) -> str:
    """Return the verdict in one sentence."""
    if report.problems:
        return say_many(
            "No verdict: {number} part of the input could not be read.",
            "No verdict: {number} parts of the input could not be read.",
            len(report.problems),
        )
    deciding = [finding for finding in report.findings if report.decides(finding)]
    failing = sum(finding.outcome.verdict is Verdict.FAIL for finding in deciding)
    unknown = len(deciding) - failing
    if failing and unknown:
        return say_many(
            "Stop: {number} finding breaks the policy “{policy}”; {unknown} more could not be decided.",
            "Stop: {number} findings break the policy “{policy}”; {unknown} more could not be decided.",
            failing,
            unknown=unknown,
            policy=report.policy.title,
        )
    if failing:
        return say_many(
            "Stop: {number} finding breaks the policy “{policy}”.",
            "Stop: {number} findings break the policy “{policy}”.",
            failing,
            policy=report.policy.title,
        )
    if unknown:
        return say_many(
            "Stop: whether the policy “{policy}” holds could not be decided in {number} case.",
            "Stop: whether the policy “{policy}” holds could not be decided in {number} cases.",
            unknown,
            policy=report.policy.title,
        )
    if report.findings:
        return say_many(
            "Go: nothing stops this change; {number} finding is waived, known or only warns.",
            "Go: nothing stops this change; {number} findings are waived, known or only warn.",
            len(report.findings),
        )
    return say("Go: all resources are where the policy “{policy}” allows them.", policy=report.policy.title)


def _tiles(report: Report) -> Iterator[Tile]:
    summary = report.summary
    yield Tile(say("resources"), summary.resources)
    for verdict, number in (
        (Verdict.FAIL, summary.fail),
        (Verdict.UNKNOWN, summary.unknown),
        (Verdict.PASS, summary.passed),
        (Verdict.WAIVED, summary.waived),
        (Verdict.NOT_JUDGED, summary.not_judged),
    ):
        if number or verdict in (Verdict.FAIL, Verdict.UNKNOWN, Verdict.PASS):
            yield Tile(verdict_word(verdict), number, verdict)
    yield Tile(say("without a label"), summary.unlabelled)


# -- where data lands ----------------------------------------------------------------------------------------


def _lots(report: Report, words: _Words) -> Iterator[Lot]:
    """Give what is judged, by level, operator, controlling country, country of the site, and verdict."""
    sums: Counter[tuple[tuple[int, ...], Placement, Verdict]] = Counter()
    for item in report.judged:
        if item.applicable and item.verdict is not Verdict.NOT_JUDGED and not item.placement.places_nothing:
            sums[item.classification.levels, item.placement, item.verdict] += 1
    merged: Counter[tuple[tuple[str, ...], Verdict]] = Counter()
    for (levels, placement, verdict), number in sums.items():
        merged[(words.level(levels), *words.placed(placement)), verdict] += number
    for (said, verdict), number in sorted(merged.items()):
        yield Lot(said, verdict, number)


def _drawing(report: Report, lots: Sequence[Lot]) -> Drawing | None:
    if not lots:
        return None
    highest_first = [*reversed(report.levels), say("level not known")]
    return draw(lots, (highest_first, (), (), ()), say("others"))


# -- flows ---------------------------------------------------------------------------------------------------


def _picture(report: Report, words: _Words) -> Picture | None:
    """Return the graph of what carries data above the lowest level; what matters most, where it is large."""
    flows = sorted(report.flows, key=lambda flow: (_weight(flow), flow.sender, flow.receiver, flow.kind))
    shown = [
        msgspec.structs.replace(flow, sender=_short(flow.sender), receiver=_short(flow.receiver))
        for flow in flows[:_MOST_EDGES]
    ]
    if not shown:
        return None
    placed = {(item.input, _short(item.resource.address)): item for item in report.judged}
    said = _said_of_flows(report)
    operators: dict[str, str] = {}
    verdicts: dict[str, Verdict] = {}
    for flow in shown:
        for name in (flow.sender, flow.receiver):
            item = placed.get((flow.input, name))
            if item is not None:  # Several inputs may have it: the gravest is drawn.
                operators.setdefault(name, words.placed(item.placement)[0])
                if _GRAVITY.index(item.verdict) >= _GRAVITY.index(verdicts.get(name, Verdict.PASS)):
                    operators[name] = words.placed(item.placement)[0]
                    verdicts[name] = item.verdict
        if flow.outside:
            operators[flow.receiver] = " + ".join(map(words.operator, flow.outside))
            known = (said.get((flow.sender, name)) for name in flow.outside)
            worst = max((one for one in known if one is not None), key=_GRAVITY.index, default=None)
            if worst is not None:
                verdicts[flow.receiver] = max(
                    worst, verdicts.get(flow.receiver, Verdict.PASS), key=_GRAVITY.index
                )
    rows = tuple(
        FlowRow(
            flow.sender,
            flow.says,
            flow.receiver,
            words.level(flow.levels),
            verdicts.get(flow.receiver, Verdict.PASS),
            flow.certain,
        )
        for flow in shown
    )
    edges = [Edge(flow.sender, flow.receiver, key) for key, flow in enumerate(shown)]
    outside = frozenset(flow.receiver for flow in shown if flow.outside)
    return Picture(lay_out(edges), rows, operators, verdicts, outside, len(flows) - len(shown))


def _said_of_flows(report: Report) -> dict[tuple[str, str], Verdict]:
    """Return what is said of data that goes from a resource to an operator elsewhere."""
    found: dict[tuple[str, str], Verdict] = {}
    for finding in report.findings:
        for operator in finding.outcome.elsewhere:
            key = (_short(finding.address), operator)
            found[key] = max(found.get(key, Verdict.PASS), finding.outcome.verdict, key=_GRAVITY.index)
    return found


def _weight(flow: Carried) -> tuple[bool, bool, int]:
    return not flow.outside, not flow.certain, -flow.levels[-1]


# -- findings ------------------------------------------------------------------------------------------------


def _rules(report: Report) -> Iterator[RuleSection]:
    """Give the findings by rule, gravest first; those that say the same together."""
    places = Places(report)
    by_rule: dict[str, dict[tuple[Outcome, str], list[Finding]]] = defaultdict(dict)
    for finding in gravest_first(report):
        standing = standing_of(finding, report)
        said = "" if standing is Standing.DECIDES else excuse(finding, standing)
        by_rule[finding.outcome.rule].setdefault((finding.outcome, said), []).append(finding)
    told = excerpts = 0
    for rule, groups in by_rule.items():
        cards: list[Card] = []
        for (outcome, said), found in groups.items():
            if told >= _CARDS:
                break
            told += 1
            cards.append(_card(report, outcome, said, found, places, with_lines=excerpts < _EXCERPTS))
            excerpts += bool(cards[-1].lines)
        count = sum(map(len, groups.values()))
        shown = sum(len(card.places) + card.more for card in cards)
        yield RuleSection(rule, report.rules[rule], count, tuple(cards), count - shown)


def _card(
    report: Report,
    outcome: Outcome,
    standing: str,
    found: Sequence[Finding],
    places: Places,
    *,
    with_lines: bool,
) -> Card:
    first = found[0]
    service, instead = offers(report, first) if with_lines else ("", ())
    lines = excerpt(first.file, first.line) if with_lines and first.file and first.line else ()
    named = tuple(
        (_short(subject(one.address, one.deposed) or say("no resource")), _where(one, places))
        for one in found[:_ADDRESSES]
    )
    verdict = Verdict.WAIVED if first.waiver is not None else outcome.verdict
    return Card(
        verdict=verdict,
        verdict_word=verdict_word(verdict),
        severity_word=severity_word(outcome.severity),
        message=_short(outcome.message, 2 * _LONGEST),
        standing=standing,
        places=named,
        more=len(found) - len(named),
        steps=tuple(
            Evidence(_short(step.what), _short(places.relative(step.where)))
            for step in outcome.evidence[:_MOST_STEPS]
        ),
        steps_left=max(len(outcome.evidence) - _MOST_STEPS, 0),
        file=places.of(first).file if first.file else "",
        lines=lines,
        service=service,
        instead=instead,
    )


def _where(finding: Finding, places: Places) -> str:
    place = places.of(finding)
    return ":".join(str(part) for part in (place.file, place.line) if part)


def _short(text: str, most: int = _LONGEST) -> str:
    return shortened(clean(text), most)


# -- resources and facts -------------------------------------------------------------------------------------


def _rows(report: Report, words: _Words) -> Iterator[Row]:
    rank = {verdict: place for place, verdict in enumerate((*ORDER, Verdict.NOT_JUDGED))}
    said = {verdict: verdict_word(verdict) for verdict in Verdict}
    for item in report.judged:
        operators, control, site = words.placed(item.placement)
        levels = item.classification.levels
        yield Row(
            _short(subject(item.resource.address, item.resource.deposed)),
            _short(item.resource.type),
            operators,
            control,
            site,
            words.level(levels),
            item.verdict,
            said[item.verdict],
            (levels[-1] if len(levels) == 1 else len(report.levels), rank[item.verdict]),
        )


def _facts(report: Report, words: _Words) -> Iterator[Fact]:
    """Give each fact that the placement of something judged rests on, once, with its source."""
    seen: dict[Fact, None] = {}
    for placement in dict.fromkeys(item.placement for item in _weighed(report)):
        for way in placement.alternatives:
            for exposure in way.exposures:
                about = words.operator(exposure.operator) if exposure.operator else way.region or ""
                ground = say(_GROUNDS[exposure.ground])
                what = f"{exposure.evidence} ({exposure.jurisdiction}, {ground})"
                if exposure.source:
                    seen[Fact(about, clean(what), clean(exposure.source))] = None
        for step in placement.evidence:
            _setting, catalog, file = step.where.partition("rules/catalog/")
            if catalog:
                seen[Fact(words.placed(placement)[0], _short(step.what), f"{catalog}{file}")] = None
    yield from sorted(seen, key=lambda fact: (fact.about, fact.source, fact.what))


def _weighed(report: Report) -> Iterator[Assessment]:
    return (item for item in report.judged if item.applicable)
