"""The flows that carry sensitive data, as a graph in columns: data goes from left to right.

Geometry alone. Columns are the longest ways from where data begins; within one, resources stand beside those
that they exchange data with (barycentres, as K. Sugiyama, S. Tagawa and M. Toda have it: Methods for visual
understanding of hierarchical system structures, IEEE Transactions SMC-11, 1981).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

BOX_WIDTH = 220
BOX_HEIGHT = 62
_ACROSS = 385
_DOWN = 78
_BETWEEN = 14
_MARGIN = 12
_SWEEPS = 8
_MOST_COLUMNS = 14


class Edge(msgspec.Struct, frozen=True):
    """Data passes from one node to another; `key` tells the caller which flow this is."""

    begin: str
    end: str
    key: int


class Box(msgspec.Struct, frozen=True):
    """Where a node stands: its upper left corner."""

    name: str
    x: float
    y: float


class Line(msgspec.Struct, frozen=True):
    """The way of an edge, and where its words may stand."""

    key: int
    path: str
    x: float
    y: float


class Network(msgspec.Struct, frozen=True):
    """Boxes and lines, in a picture of this size."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


def lay_out(edges: Sequence[Edge]) -> Network:
    """Lay out a graph; the same edges give the same picture, in whatever order they come.

    Parts that have nothing to do with one another stand one below the other, the largest on top.
    """
    edges = sorted(edges, key=lambda edge: (edge.begin, edge.end, edge.key))
    boxes: dict[str, Box] = {}
    top, columns = float(_MARGIN), 1
    for part in _parts(edges):
        placed = _placed(part)
        for name, (column, row) in placed.items():
            boxes[name] = Box(name, _MARGIN + column * _ACROSS, top + row * _DOWN)
        top = max(boxes[name].y for name in placed) + _DOWN + _BETWEEN
        columns = max(columns, 1 + max(column for column, _row in placed.values()))
    leaving = Counter(edge.begin for edge in edges)
    arriving = Counter(edge.end for edge in edges)
    lines = tuple(
        _line(edge, boxes[edge.begin], boxes[edge.end], fans_out=leaving[edge.begin] > arriving[edge.end])
        for edge in edges
    )
    width = 2 * _MARGIN + (columns - 1) * _ACROSS + BOX_WIDTH
    return Network(float(width), top, tuple(boxes.values()), lines)


def _parts(edges: Sequence[Edge]) -> list[list[Edge]]:
    """Divide a graph into those that hang together."""
    chief: dict[str, str] = {}

    def find(name: str) -> str:
        while chief.setdefault(name, name) != name:
            chief[name] = chief[chief[name]]
            name = chief[name]
        return name

    for edge in edges:
        one, other = sorted((find(edge.begin), find(edge.end)))
        chief[other] = one
    parts: dict[str, list[Edge]] = defaultdict(list)
    for edge in edges:
        parts[find(edge.begin)].append(edge)
    return sorted(parts.values(), key=lambda part: (-len(part), part[0].begin))


def _placed(edges: Sequence[Edge]) -> dict[str, tuple[int, float]]:
    """Return column and row of each node."""
    names = sorted({name for edge in edges for name in (edge.begin, edge.end)})
    column = _columns(names, _without_cycles(names, edges))
    layers: list[list[str]] = [[] for _ in range(max(column.values()) + 1)]
    for name in names:
        layers[column[name]].append(name)
    beside: dict[str, list[str]] = defaultdict(list)
    for edge in edges:
        beside[edge.begin].append(edge.end)
        beside[edge.end].append(edge.begin)
    rows = _rows([layer for layer in layers if layer], beside, column)
    return {name: (column[name], rows[name]) for name in names}


def _without_cycles(names: Iterable[str], edges: Sequence[Edge]) -> dict[str, list[str]]:
    """Return where data goes from each node, less what leads back to a node on the way there."""
    following: dict[str, list[str]] = defaultdict(list)
    for edge in edges:
        if edge.begin != edge.end and edge.end not in following[edge.begin]:
            following[edge.begin].append(edge.end)
    state: dict[str, int] = {}
    kept: dict[str, list[str]] = {}
    entered = {edge.end for edge in edges}
    for start in sorted(names, key=lambda name: (name in entered, name)):
        stack = [(start, iter(following[start]))] if start not in state else []
        if stack:
            state[start] = 1
            kept[start] = []
        while stack:
            name, rest = stack[-1]
            nearest = next(rest, None)
            if nearest is None:
                state[name] = 2
                stack.pop()
            elif state.get(nearest) != 1:
                kept[name].append(nearest)
                if nearest not in state:
                    state[nearest] = 1
                    kept[nearest] = []
                    stack.append((nearest, iter(following[nearest])))
    return kept


def _columns(names: Sequence[str], forward: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Return for each node the length of the longest way to it, as far as there are columns."""
    waiting: dict[str, int] = dict.fromkeys(names, 0)
    for ends in forward.values():
        for end in ends:
            waiting[end] += 1
    column = dict.fromkeys(names, 0)
    ready = [name for name in names if not waiting[name]]
    while ready:
        name = ready.pop()
        for end in forward[name]:
            column[end] = min(max(column[end], column[name] + 1), _MOST_COLUMNS - 1)
            waiting[end] -= 1
            if not waiting[end]:
                ready.append(end)
    return column


def _rows(
    layers: list[list[str]], beside: Mapping[str, Sequence[str]], column: Mapping[str, int]
) -> dict[str, float]:
    """Return the row of each node; in a column no two stand in one."""
    rows = {name: float(at) for layer in layers for at, name in enumerate(layer)}
    for sweep in range(_SWEEPS):
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            wished = {
                name: sum(rows[other] for other in near) / len(near)
                if (near := [other for other in beside[name] if column[other] != column[name]])
                else rows[name]
                for name in layer
            }
            layer.sort(key=lambda name: (wished[name], name))
            at = 0.0
            for name in layer:
                rows[name] = max(at, wished[name])
                at = rows[name] + 1
            # What was pushed down as a whole moves up again as far as it wished to.
            surplus = sum(rows[name] - wished[name] for name in layer) / len(layer)
            shift = min(surplus, rows[layer[0]])
            for name in layer:
                rows[name] -= shift
    least = min(rows.values(), default=0.0)
    return {name: row - least for name, row in rows.items()}


def _line(edge: Edge, begin: Box, end: Box, *, fans_out: bool) -> Line:
    """Return the way of an edge; its words stand where it is most alone."""
    x, y = begin.x + BOX_WIDTH, begin.y + BOX_HEIGHT / 2
    to_x, to_y = end.x, end.y + BOX_HEIGHT / 2
    if to_x > x:
        bend = min((to_x - x) / 2, _ACROSS / 2)
        path = f"M{x:.0f} {y:.0f}C{x + bend:.0f} {y:.0f} {to_x - bend:.0f} {to_y:.0f} {to_x:.0f} {to_y:.0f}"
        part = 0.62 if fans_out else 0.38
        weight = part * part * (3 - 2 * part)
        return Line(edge.key, path, x + (to_x - x) * part, y + (to_y - y) * weight)
    # Back, or within a column: out to the right and in again from the left, below both.
    below = max(begin.y, end.y) + BOX_HEIGHT + 10
    path = (
        f"M{x:.0f} {y:.0f}C{x + 60:.0f} {y:.0f} {x + 40:.0f} {below:.0f} {(x + to_x) / 2:.0f} {below:.0f}"
        f"S{to_x - 60:.0f} {to_y:.0f} {to_x:.0f} {to_y:.0f}"
    )
    return Line(edge.key, path, (x + to_x) / 2, below)
