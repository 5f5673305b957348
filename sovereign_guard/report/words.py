"""Wrapping and colours for text on a terminal."""

from __future__ import annotations

import re
import textwrap

from sovereign_guard.model.screen import Screen

_COMMANDS = (
    # Azure Pipelines and older GitHub runners, anywhere in a line.
    ("##", re.compile(r"#(?=#(?:\[|vso\[))", re.IGNORECASE), r"\\x23"),
    # GitHub, at the beginning of a line, where wrapping can put any word.
    ("::", re.compile(r"(?<!\S):(?=:)"), r"\\x3a"),
)
_NO_BREAK = ("\u00a0", "\u202f")
"""Blanks that are no control characters, though `str.isprintable` denies them: French cannot do without."""
_COLOURS = {"red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36", "bold": "1", "dim": "2"}


def paint(text: str, colour: str, screen: Screen) -> str:
    """Colour a text where the screen understands it."""
    return f"\033[{_COLOURS[colour]}m{text}\033[0m" if screen.colour else text


def clean(text: str) -> str:
    """Make control characters visible, so that no name in a plan can move the cursor or recolour a line.

    What the logs of pipelines take for a command is broken up as well.
    """
    for mark, command, shown in _COMMANDS:
        if mark in text:
            text = command.sub(shown, text)
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char in _NO_BREAK else f"\\x{ord(char):02x}" for char in text
    )


def wrap(text: str, screen: Screen, first: str = "", rest: str | None = None) -> str:
    """Wrap a text to the screen; `first` begins its first line, `rest` the others."""
    return "\n".join(
        textwrap.wrap(
            clean(text),
            max(screen.width, 40),
            initial_indent=first,
            subsequent_indent=" " * len(first) if rest is None else rest,
            break_on_hyphens=False,
            break_long_words=False,
        )
        or [first]
    )
