"""Where data lands, as bands: from level to operator, to the country that controls it, to that of the site.

Geometry alone, in the units of an SVG's view box; what it looks like is said by the page's style sheet.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from sovereign_guard.model.finding import Verdict

WIDTH = 1000
_TOP = 34
_ROOM = 360
"""Height for the nodes of a column, without the gaps between them."""
_GAP = 16
_NODE = 12
"""Width of a node."""
_MARGIN = 130
"""Room for the words beside the nodes of the first and last column."""
_LEAST = 1.5
"""Height of the thinnest band: one resource of thousands must be seen."""
_MOST = 10
"""Nodes of a column; those with fewest resources are drawn as one."""

ORDER = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.WAIVED, Verdict.PASS)
"""Bands of a node from top to bottom."""


class Lot(msgspec.Struct, frozen=True):
    """Resources that agree in everything that is drawn: a word for each column, verdict, number."""

    words: tuple[str, ...]
    verdict: Verdict
    count: int


class Node(msgspec.Struct, frozen=True):
    """A word of a column, as a bar with its label. `anchor`: start or end of the text, as SVG has it."""

    x: float
    y: float
    height: float
    word: str
    count: int
    label_x: float
    anchor: str


class Band(msgspec.Struct, frozen=True):
    """What two neighbouring nodes have in common under one verdict; `path` is the outline."""

    path: str
    verdict: Verdict
    begin: str
    end: str
    count: int


class Drawing(msgspec.Struct, frozen=True):
    """Bars and bands, and the height of the whole; columns: where the title of each stands."""

    height: float
    columns: tuple[tuple[float, str], ...]
    nodes: tuple[Node, ...]
    bands: tuple[Band, ...]


def draw(lots: Iterable[Lot], columns: Sequence[Sequence[str]], others: str) -> Drawing:
    """Lay out the drawing.

    Args:
        lots: what is drawn. columns: for each, the words that come first in it, in order; others follow,
            those with most resources first.
        others: the word for what is drawn together because there is no room.

    """
    found = _merged(list(lots), columns, others)
    layers = [_ordered(found, at, first) for at, first in enumerate(columns)]
    scale = _scale(found, layers)
    step = (WIDTH - 2 * _MARGIN - _NODE) / (len(columns) - 1)
    nodes: dict[tuple[int, str], Node] = {}
    lowest = 0.0
    for at, layer in enumerate(layers):
        y = float(_TOP)
        last = at == len(columns) - 1
        x = _MARGIN + at * step
        for word, count in layer:
            height = _height(found, at, word, scale)
            label_x = x + _NODE + 6 if at or last else x - 6
            nodes[at, word] = Node(x, y, height, word, count, label_x, "start" if at or last else "end")
            y += height + _GAP
        lowest = max(lowest, y)
    bands = tuple(_bands(found, layers, nodes, scale))
    titles = tuple((_MARGIN + at * step, anchor) for at, anchor in enumerate(_anchors(len(columns))))
    return Drawing(lowest, titles, tuple(nodes.values()), bands)


def _anchors(number: int) -> list[str]:
    return ["end", *["start"] * (number - 1)]


def _merged(lots: list[Lot], columns: Sequence[Sequence[str]], others: str) -> list[Lot]:
    """Return the lots with the rarest words of each crowded column replaced by one for all of them."""
    for at, first in enumerate(columns):
        layer = _ordered(lots, at, first)
        if len(layer) <= _MOST:
            continue
        rare = {word for word, _count in layer[_MOST - 1 :]}
        lots = [
            msgspec.structs.replace(lot, words=(*lot.words[:at], others, *lot.words[at + 1 :]))
            if lot.words[at] in rare
            else lot
            for lot in lots
        ]
    sums: Counter[tuple[tuple[str, ...], Verdict]] = Counter()
    for lot in lots:
        sums[lot.words, lot.verdict] += lot.count
    return [Lot(words, verdict, count) for (words, verdict), count in sums.items()]


def _ordered(lots: list[Lot], at: int, first: Sequence[str]) -> list[tuple[str, int]]:
    sums: Counter[str] = Counter()
    for lot in lots:
        sums[lot.words[at]] += lot.count
    rank = {word: place for place, word in enumerate(first)}
    return sorted(sums.items(), key=lambda pair: (rank.get(pair[0], len(rank)), -pair[1], pair[0]))


def _height(lots: list[Lot], at: int, word: str, scale: float) -> float:
    """Return the height of a node: room for each of its bands, on the side that needs more of it."""
    sides = []
    for other in (at - 1, at + 1):
        if 0 <= other < len(lots[0].words):
            sums: Counter[tuple[str, Verdict]] = Counter()
            for lot in lots:
                if lot.words[at] == word:
                    sums[lot.words[other], lot.verdict] += lot.count
            sides.append(sum(max(count * scale, _LEAST) for count in sums.values()))
    return max(sides)


def _scale(lots: list[Lot], layers: list[list[tuple[str, int]]]) -> float:
    total = sum(count for _word, count in layers[0]) or 1
    return _ROOM / total if lots else 1.0


def _bands(
    lots: list[Lot],
    layers: list[list[tuple[str, int]]],
    nodes: dict[tuple[int, str], Node],
    scale: float,
) -> Iterable[Band]:
    places = [{word: place for place, (word, _count) in enumerate(layer)} for layer in layers]
    rank = {verdict: place for place, verdict in enumerate(ORDER)}
    for at in range(len(layers) - 1):
        sums: Counter[tuple[str, str, Verdict]] = Counter()
        for lot in lots:
            sums[lot.words[at], lot.words[at + 1], lot.verdict] += lot.count
        # At each side the bands of a node stand by verdict, then as their other ends do.
        tops: list[dict[tuple[str, str, Verdict], float]] = []
        for side in (0, 1):
            keyed = [
                (
                    (places[at + side][key[side]], rank[key[2]], places[at + 1 - side][key[1 - side]]),
                    key,
                )
                for key in sums
            ]
            used: dict[str, float] = defaultdict(float)
            found: dict[tuple[str, str, Verdict], float] = {}
            for _order, key in sorted(keyed, key=lambda pair: pair[0]):
                found[key] = nodes[at + side, key[side]].y + used[key[side]]
                used[key[side]] += max(sums[key] * scale, _LEAST)
            tops.append(found)
        for key in tops[0]:
            begin, end, verdict = key
            left, right = nodes[at, begin].x + _NODE, nodes[at + 1, end].x
            thick = max(sums[key] * scale, _LEAST)
            path = _outline(left, right, tops[0][key], tops[1][key], thick)
            yield Band(path, verdict, begin, end, sums[key])


def _outline(left: float, right: float, top: float, other: float, thick: float) -> str:
    middle = (left + right) / 2
    return (
        f"M{left:.1f} {top:.1f}C{middle:.1f} {top:.1f} {middle:.1f} {other:.1f} {right:.1f} {other:.1f}"
        f"V{other + thick:.1f}C{middle:.1f} {other + thick:.1f} {middle:.1f} {top + thick:.1f} "
        f"{left:.1f} {top + thick:.1f}Z"
    )
