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
_TELLTALE = re.compile(r"passw|passphrase|secret|token|credential|private|connection|dsn|data_?source|key")
"""What makes a name that of a secret, whatever it ends with."""
_NAMED = re.compile(r"""^\s*"?([A-Za-z_][\w.:/-]*)"?\s*[=:](?!=)\s*(.*)""")
_ONE = re.compile(r'(?:"[^"]*"|\[[^\[\]{}:=]*\]|[^"{}=:;]*),?\s*')
"""One value, and nothing beside it on the line."""
_REFERENCE = re.compile(r"[A-Za-z_][\w-]*[.(\[]|(?:true|false|null)\b|[\[{]\s*$")
_BLOCK = re.compile(
    r"^\s*(?:resource|data|module|provider|terraform|backend|locals|variable|output)"
    r'(?:\s+(?:"[^"]*"|[\w-]+)){0,2}\s*\{\s*\}?\s*$'
)
_LABELS = r"^\s*\"?(?:tags|labels|default_tags|default_labels|\w+_labels|\w+_tags)\b\"?\s*(?:[=:]\s*)?"
_OPENS_LABELS = re.compile(_LABELS + r"(?:merge\([^\"]*)?\{")
_CLOSED_LABELS = re.compile(_LABELS + r"(?:merge\([^\"]*)?\{[^{}]*\}\s*\)?,?\s*$")
_ENDS_LABELS = re.compile(r"^[\s}\]),]*$")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_REMARK = re.compile(r"#|//|/\*")
_OURS = re.compile(r"^\s*(?:#|//)\s*sovereign-guard:")
_LONG_TEXT = re.compile(r"<<[-~]?\s*\"?([\w-]+)")
_HIDDEN = "…"


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
    in_remark = False
    for number, text in enumerate(_lines(file), 1):
        if number > line + _AFTER:
            break
        if ends:  # Within a text over several lines, which may be a key or a program.
            if text.strip() == ends:
                ends = ""
            shown = _HIDDEN
        elif in_remark:
            in_remark = "*/" not in text
            shown = _HIDDEN
        else:
            code, remark = _divided(text)
            in_remark = remark.startswith("/*") and "*/" not in remark
            opens = _LONG_TEXT.search(code)
            ends = opens.group(1) if opens else ""
            bare = _QUOTED.sub("", code)
            after = depth + bare.count("{") - bare.count("}")
            if labels_at is None and _OPENS_LABELS.match(code):
                labels_at = depth
                whole = after > depth or _CLOSED_LABELS.match(bare) is not None
            else:
                whole = labels_at is not None and (after > labels_at or bool(_ENDS_LABELS.match(code)))
            depth = after
            shown = code if (whole and not _open_quote(code)) or _BLOCK.match(code) else _without_values(code)
            if remark:
                shown += remark if _OURS.match(text) else f"# {_HIDDEN}"
            if labels_at is not None and depth <= labels_at:
                labels_at = None
        if number >= line and not (ends and shown == _HIDDEN and found and found[-1].text == _HIDDEN):
            found.append(Line(number, shown.rstrip()[:_LONGEST], number == line))
        if number > line and depth <= 0 and text.startswith("}"):
            break
    return tuple(found)


def _divided(text: str) -> tuple[str, str]:
    """Divide a line into code and remark: people leave old keys in remarks as well."""
    for match in _REMARK.finditer(text):
        if not _open_quote(text[: match.start()]):
            return text[: match.start()], text[match.start() :]
    return text, ""


def _open_quote(text: str) -> bool:
    return text.replace("\\\\", "").replace('\\"', "").count('"') % 2 == 1


def _without_values(text: str) -> str:
    if _open_quote(text):  # A text that goes on in the next line, or comes from the one before.
        return _HIDDEN
    named = _NAMED.match(text)
    if named is not None:
        name, value = named[1].lower(), named[2]
        if _TELLTALE.search(name):
            if '"' not in value and value.strip() and not _REFERENCE.match(value):
                return text[: named.start(2)] + _HIDDEN
        elif _SHOWN.search(name) and _ONE.fullmatch(value) and not re.search(r"[@?]", value):
            return text
    if "${" in text or "%{" in text:  # Quotes within quotes: what is inside which cannot be told by sight.
        first, last = text.find('"'), text.rfind('"')
        return text if first < 0 else f'{text[:first]}"{_HIDDEN}"{text[last + 1 :]}'
    return _QUOTED.sub(f'"{_HIDDEN}"', text)


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
