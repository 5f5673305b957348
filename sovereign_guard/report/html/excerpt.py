"""Lines of source around a finding, without what may be a secret.

A value is shown only where the name before it says that it is none: of anything else that stands in quotes,
or in a text over several lines, the report has three dots.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice
from pathlib import Path

import msgspec

_AFTER = 14
_LONGEST = 160
_LARGEST = 2_000_000
"""Bytes of a file that lines are taken from."""

_SHOWN = re.compile(
    r"(?:source|provider|region|location|zones?|availability_zone|name|bucket|engine|version|type|kind|class"
    r"|alias|for_each|count|level|classification|tags?|labels?|endpoints?|role|protocol|status)$"
)
_NAMED = re.compile(r"""^\s*"?([A-Za-z_][\w.:/-]*)"?\s*[=:](?!=)""")
_BLOCK = re.compile(r"^\s*(?:resource|data|module|provider|terraform|backend|locals|variable|output)\b.*\{")
_OPENS_LABELS = re.compile(
    r"^\s*(?:tags|labels|default_tags|default_labels|\w+_labels|\w+_tags)\b\s*(?:=\s*)?\{"
)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_LONG_TEXT = re.compile(r"<<[-~]?\s*\"?(\w+)")


class Line(msgspec.Struct, frozen=True):
    """A line of a file, by number from 1; `here` marks the one that is meant."""

    number: int
    text: str
    here: bool


def excerpt(file: str, line: int) -> tuple[Line, ...]:
    """Return the lines from a place on, to the end of its block; none where the file cannot be read."""
    found: list[Line] = []
    ends = ""
    depth = 0
    labels_at = None
    for number, text in enumerate(_lines(file), 1):
        if number > line + _AFTER:
            break
        if ends:  # Within a text over several lines, which may be a key or a program.
            if text.strip() == ends:
                ends = ""
            shown = "…"
        else:
            opens = _LONG_TEXT.search(text)
            ends = opens.group(1) if opens else ""
            if _OPENS_LABELS.match(text):
                labels_at = depth
            shown = text if labels_at is not None or _BLOCK.match(text) else _without_values(text)
            depth += text.count("{") - text.count("}")
            if labels_at is not None and depth <= labels_at:
                labels_at = None
        if number >= line and not (ends and shown == "…" and found and found[-1].text == "…"):
            found.append(Line(number, shown.rstrip()[:_LONGEST], number == line))
        if number > line and depth <= 0 and text.startswith("}"):
            break
    return tuple(found)


def _without_values(text: str) -> str:
    named = _NAMED.match(text)
    if named is not None and _SHOWN.search(named[1].lower()):
        return text
    return _QUOTED.sub('"…"', text)


@lru_cache(maxsize=64)
def _lines(file: str) -> tuple[str, ...]:
    path = Path(file)
    try:
        if path.stat().st_size > _LARGEST:
            return ()
        with path.open(encoding="utf-8", errors="replace") as stream:
            return tuple(islice((line.rstrip("\r\n") for line in stream), 100_000))
    except OSError:
        return ()
