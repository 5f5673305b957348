"""Headings, entries, lists and tables for text on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

import msgspec

from sovereign_guard.language import say
from sovereign_guard.model.screen import Screen
from sovereign_guard.report.words import clean, paint, wrap

_LABEL = 18
"""Width that labels have at least; a page on which one is longer has a wider column for all of them."""
_GAP = "  "
_LAST_COLUMN = 30
"""Width below which the last column of a table has no room for sentences."""


class Entry(msgspec.Struct, frozen=True):
    """A label and a text, in two columns, whose widths are known once the page is; the label is coloured."""

    label: str
    text: str
    colour: str | None = None


Line: TypeAlias = str | Entry


def heading(title: str, screen: Screen) -> str:
    """Return a heading with an empty line before it."""
    return f"\n{paint(clean(title), 'bold', screen)}"


def entry(label: str, text: str, colour: str | None = None) -> Entry:
    """Return a label and a text, in two columns; the label alone is coloured."""
    return Entry(clean(label), text, colour)


def _written(one: Entry, width: int, screen: Screen) -> str:
    lines = wrap(one.text, screen, f"  {one.label:<{width}}", " " * (width + 2))
    return lines.replace(one.label, paint(one.label, one.colour, screen), 1) if one.colour else lines


def item(text: str, screen: Screen, indent: int = 2) -> str:
    """Return an item of a list."""
    return wrap(text, screen, f"{' ' * indent}- ")


def block(title: str, texts: Iterable[str], screen: Screen) -> Iterator[str]:
    """Give a heading with its items or, for a single text, that text; nothing where there are none."""
    found = list(texts)
    if found:
        yield heading(title, screen)
    for text in found:
        yield item(text, screen) if len(found) > 1 else wrap(text, screen, "  ")


def table(header: Sequence[str], rows: Sequence[Sequence[str]], screen: Screen) -> Iterator[str]:
    """Give rows in aligned columns.

    The last column takes the rest of the width and is wrapped; where too little is left for its texts, these
    stand below their rows.
    """
    cleaned = [[clean(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(header, *cleaned, strict=True)]
    before = sum(widths[:-1]) + len(_GAP) * (len(widths) - 1)
    left = screen.width - before
    below = left < min(_LAST_COLUMN, widths[-1])
    yield paint(_row(header[:-1] if below else header, widths).rstrip(), "dim", screen)
    for row in cleaned:
        if not below:
            yield wrap(row[-1], screen, _row((*row[:-1], ""), widths), " " * before)
            continue
        yield _row(row[:-1], widths)
        if row[-1]:
            yield wrap(row[-1], screen, " " * 4)


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Align cells; the last column of a table is left as wide as it is."""
    aligned = [f"{cell:<{width}}" for cell, width in zip(cells, widths[:-1], strict=False)]
    return _GAP.join((*aligned, *cells[len(aligned) :]))


def numbered(number: int, text: str, screen: Screen) -> str:
    """Return an item under the number by which others cite it."""
    return wrap(text, screen, f"  [{number}] ", " " * 6)


def advice(rule: str, text: str, screen: Screen) -> str:
    """Return what to do about a rule's findings, the text beside the rule's id."""
    start = say("{rule}: ", rule=rule)
    return wrap(f"{start}{text}", screen, "  ", " " * (len(start) + 2))


def page(lines: Iterable[Line], screen: Screen) -> str:
    """Join lines into a text, without blanks at their ends; labels share a column as wide as the longest."""
    found = list(lines)
    # A blank follows the label, however long it is.
    width = max((len(one.label) + 1 for one in found if isinstance(one, Entry)), default=0)
    width = max(width, _LABEL)
    written = (_written(line, width, screen) if isinstance(line, Entry) else line for line in found)
    return "\n".join(line.rstrip(" ") for line in written) + "\n"
