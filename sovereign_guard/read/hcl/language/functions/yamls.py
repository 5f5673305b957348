"""YAML as `yamldecode` reads it and `yamlencode` writes it.

Terraform uses go-cty-yaml (https://github.com/zclconf/go-cty-yaml, 1.1), a relative of libyaml with rules of
its own for plain scalars: neither those of YAML 1.1 nor those of 1.2. Read 2026-11-24.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sovereign_guard.language import say
from sovereign_guard.read.hcl.language.types import STRING, convert, parse_number, text_of
from sovereign_guard.read.hcl.language.values import (
    MAX_ELEMENTS,
    MAX_TEXT,
    EvaluationError,
    LimitError,
    Value,
)

MAX_DEPTH = 100
"""Collections nested in one another."""

# Reading.

_TAG = "tag:yaml.org,2002:"
_TAGS = {_TAG + name for name in ("str", "bool", "int", "float", "null", "timestamp", "binary")}
_BOOLS = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
}
_NULLS = ("", "~", "null", "Null", "NULL")
_INFINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)")
_NAN = (".nan", ".NaN", ".NAN")
_MAY_BE_OTHER = re.compile(r"[-+0-9yYnNtTfFoO~.]|\Z")
"""Begins what may be something else than a text."""

_ESCAPE_SEQUENCE = re.compile(r"\\.", re.DOTALL)
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_TIME = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:([Tt ])([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?(Z|[-+][0-9]{2}:[0-9]{2})?)?"
)


def decode(text: str) -> Value:
    """Return the value that a YAML document writes.

    Raises:
        EvaluationError: it is not one document, or holds what Terraform refuses.

    """
    import yaml

    # Terraform's parser is a translation of libyaml: where it is installed, it is the better choice.
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _Reader(text, yaml.parse(text, Loader=loader)).document()
    except yaml.YAMLError as error:
        if "nesting depth" in str(error):  # PyYAML bounds it by itself since 6.0.4.
            raise LimitError(say("the YAML is nested too deeply")) from None
        raise EvaluationError(say("the text is not valid YAML")) from None
    except RecursionError:
        raise LimitError(say("the YAML is nested too deeply")) from None


class _Reader:
    """Makes a value of the events of a parser."""

    def __init__(self, text: str, events: Iterator[Any]) -> None:
        self._text = text
        self._events = events
        self._anchors: dict[str, tuple[Value, int]] = {}
        self._size = 0

    def document(self) -> Value:
        """Return the value of the only document."""
        next(self._events)  # the start of the stream
        start = next(self._events)
        if self._is(start, "StreamEnd"):
            raise EvaluationError(say("the YAML holds no document"))
        if start.version not in (None, (1, 1)):
            raise EvaluationError(say("the YAML is of another version than 1.1"))
        value = self._value(next(self._events), 0)
        next(self._events)  # the end of the document
        if not self._is(next(self._events), "StreamEnd"):
            raise EvaluationError(say("the YAML holds more than one document"))
        return value

    @staticmethod
    def _is(event: Any, name: str) -> bool:
        return type(event).__name__ == name + "Event"

    def _spend(self, elements: int) -> None:
        """Count elements, those of every alias again."""
        self._size += elements
        if self._size > MAX_ELEMENTS:
            raise LimitError(say("the YAML holds too many elements"))

    def _value(self, event: Any, depth: int) -> Value:
        if depth > MAX_DEPTH:
            raise LimitError(say("the YAML is nested too deeply"))
        if self._is(event, "Alias"):
            if event.anchor not in self._anchors:
                raise EvaluationError(say("a YAML alias refers to no anchor before it, or to one around it"))
            value, size = self._anchors[event.anchor]
            self._spend(size)
            return value
        before = self._size
        self._spend(1)
        if event.anchor is not None:
            self._anchors.pop(event.anchor, None)
        if self._is(event, "Scalar"):
            self._check_escapes(event)
            value = _scalar(event)
        elif self._is(event, "SequenceStart"):
            value = self._sequence(event, depth)
        else:
            value = self._mapping(event, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, self._size - before)
        return value

    def _check_escapes(self, scalar: Any) -> None:
        """Refuse an escaped slash, which libyaml knows and Terraform's parser does not."""
        if scalar.style == '"' and "/" in scalar.value:
            written = self._text[scalar.start_mark.index : scalar.end_mark.index]
            if any(found[0] == "\\/" for found in _ESCAPE_SEQUENCE.finditer(written)):
                raise EvaluationError(say("the text is not valid YAML"))

    def _sequence(self, start: Any, depth: int) -> Value:
        if start.tag not in (None, _TAG + "seq"):
            raise EvaluationError(say("a YAML sequence has a tag that does not fit"))
        parts = []
        while not self._is(event := next(self._events), "SequenceEnd"):
            parts.append(self._value(event, depth + 1))
        return tuple(parts)

    def _mapping(self, start: Any, depth: int) -> Value:
        if start.tag not in (None, _TAG + "map"):
            raise EvaluationError(say("a YAML mapping has a tag that does not fit"))
        parts: dict[str, Value] = {}
        while not self._is(event := next(self._events), "MappingEnd"):
            if self._is(event, "Scalar") and event.tag is None and event.value == "<<":
                merged = self._value(next(self._events), depth + 1)
                if not isinstance(merged, dict):
                    raise EvaluationError(say("only a mapping can be merged into a YAML mapping"))
                self._spend(len(merged))
                parts.update(merged)
                continue
            if not self._is(event, "Scalar"):
                raise EvaluationError(say("a key of a YAML mapping must be a text"))
            self._check_escapes(event)
            key = _resolve(event.tag, event.value, quoted=event.style in ("'", '"'))
            if key is None:
                raise EvaluationError(say("a key of a YAML mapping must not be null"))
            parts[convert(key, STRING)] = self._value(next(self._events), depth + 1)
        return parts


def _scalar(event: Any) -> Value:
    quoted = event.style in ("'", '"')
    value = _resolve(event.tag, event.value, quoted=quoted)
    # A block of text is first resolved like a plain scalar and then made a text again: `|` `1.50` is "1.5".
    if event.tag is None and event.style in ("|", ">"):
        return convert(value, STRING)
    return value


def _resolve(tag: str | None, text: str, *, quoted: bool) -> Value:
    """Return what a scalar stands for."""
    from unicodedata import normalize

    if tag is not None and tag not in _TAGS:
        raise EvaluationError(say("a YAML scalar has a tag that is not supported"))
    kind = "" if tag is None else tag.removeprefix(_TAG)
    if kind not in ("str", "binary") and _MAY_BE_OTHER.match(text):
        if quoted:
            return normalize("NFC", text)
        if text in _BOOLS:
            return _BOOLS[text]
        if text in _NULLS:
            return None
        if _INFINITE.fullmatch(text):
            raise LimitError(say("an infinite number cannot be told"))
        if not kind and text in _NAN:
            raise EvaluationError(say("a number must not be NaN"))
        if text[0] in "-+.0123456789":
            if kind in ("", "timestamp") and (time := _time(text)) is not None:
                return time
            if _INTEGER.fullmatch(text) or _FLOAT.fullmatch(text):
                kind = "int"
    if kind in ("int", "float"):
        return _number(text.replace("_", ""))
    if kind == "null":
        return None
    if kind == "binary":
        from sovereign_guard.read.hcl.language.functions.encoding import bytes_of

        bytes_of(text)
    elif kind not in ("", "str"):
        raise EvaluationError(say("a YAML scalar is no {kind}, as its tag says", kind=kind))
    return normalize("NFC", text)


def _number(text: str) -> Value:
    try:
        return parse_number(text)
    except LimitError:
        raise
    except EvaluationError:
        pass
    try:
        found = int(text, 0)
    except ValueError:
        raise EvaluationError(say("a YAML scalar is no number, as its tag says")) from None
    if not -(2**63) <= found < 2**64:
        raise EvaluationError(say("a number in YAML is too large"))
    return found


def _time(text: str) -> str | None:
    """Return a timestamp as RFC 3339 has it, None for what is none."""
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    between, zone = found[4], found[8]
    year, month, day = (int(found[at]) for at in (1, 2, 3))
    hour, minute, second = (int(found[at] or 0) for at in (5, 6, 7))
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if (
        not 1 <= month <= 12
        or not 1 <= day <= (31, 28 + leap, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]
    ):
        return None
    if hour > 23 or minute > 59 or second > 59:
        return None
    # With a `T` there must be a zone, after a space there must be none.
    if between is not None and (between in "Tt") is (zone is None):
        return None
    if zone is None or zone == "Z" or zone[1:] == "00:00":
        zone = "Z"
    elif int(zone[1:3]) > 24 or int(zone[4:]) > 60:
        return None
    else:
        minutes = int(zone[1:3]) * 60 + int(zone[4:])
        zone = f"{zone[0]}{minutes // 60:02}:{minutes % 60:02}"
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{zone}"


# Writing.

_WIDTH = 80
_BREAKS = "\r\n\x85\u2028\u2029"
_UNPRINTABLE = re.compile(r"[^\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]")
_PLAIN = r"!#-\[\]-~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd"
_RUN = re.compile(f" |[{_PLAIN}]+|([^ {_PLAIN}])")
"""A space, a run of what stands for itself, or one character that has to be escaped (group 1)."""

_ESCAPES = {
    "\0": "0", "\a": "a", "\b": "b", "\t": "t", "\n": "n", "\v": "v", "\f": "f", "\r": "r", "\x1b": "e",
    '"': '"', "\\": "\\", "\x85": "N", "\u2028": "L", "\u2029": "P",
}  # fmt: skip


def encode(value: Value) -> str:
    """Return a wholly known value as a YAML document."""
    return _Writer().document(value)


class _Writer:
    """Writes block style; `_column`, `_blank` and `_at_indent` are the state that libyaml's emitter keeps."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._length = 0
        self._nodes = 0
        self._column = 0
        self._blank = True
        self._at_indent = True
        self._open = False

    def document(self, value: Value) -> str:
        """Return the text of a document."""
        self._node(value, -1, 0, in_mapping=False)
        self._indent(0)
        if self._open:
            self._put("...\n")
        return "".join(self._out)

    def _put(self, text: str) -> None:
        self._out.append(text)
        self._column += len(text)
        self._length += len(text)
        if self._length > MAX_TEXT:
            raise LimitError(say("the YAML would be too long"))

    def _indent(self, indent: int) -> None:
        if not self._at_indent or self._column > indent or (self._column == indent and not self._blank):
            self._put("\n")
            self._column = 0
        self._put(" " * (indent - self._column))
        self._blank = self._at_indent = True

    def _indicator(self, text: str, *, keeps_indent: bool = False, apart: bool = True) -> None:
        self._put(" " + text if apart and not self._blank else text)
        self._blank = False
        self._at_indent = self._at_indent and keeps_indent
        self._open = False

    def _node(self, value: Value, indent: int, depth: int, *, in_mapping: bool) -> None:
        self._nodes += 1
        if self._nodes > MAX_ELEMENTS or depth > MAX_DEPTH:
            raise LimitError(say("the value is too large to be written as YAML"))
        if isinstance(value, dict | tuple) and not value:
            self._indicator("{}" if isinstance(value, dict) else "[]")
        elif isinstance(value, dict):
            self._mapping(value, max(indent + 2, 0) if indent >= 0 else 0, depth)
        elif isinstance(value, tuple):
            # A sequence below a key stands no deeper than the key.
            deeper = 0 if in_mapping and not self._at_indent else 2
            self._sequence(value, indent + deeper if indent >= 0 else 0, depth)
        elif isinstance(value, str):
            self._text(value, indent + 2 if indent >= 0 else 2, folds=True)
        else:
            self._put(("" if self._blank else " ") + ("null" if value is None else text_of(value)))
            self._blank = self._at_indent = False
            self._open = self._open or indent < 0

    def _sequence(self, values: tuple[Value, ...], indent: int, depth: int) -> None:
        for value in values:
            self._indent(indent)
            self._indicator("-", keeps_indent=True)
            self._node(value, indent, depth + 1, in_mapping=False)

    def _mapping(self, mapping: dict[str, Value], indent: int, depth: int) -> None:
        for key, value in sorted(mapping.items(), key=lambda pair: pair[0]):
            self._indent(indent)
            if len(key.encode()) > 128 or any(character in _BREAKS for character in key):
                self._indicator("?", keeps_indent=True)
                self._text(key, indent + 2, folds=True)
                self._indent(indent)
                self._indicator(":", keeps_indent=True)
            else:
                self._text(key, indent + 2, folds=False)
                self._indicator(":", apart=False)
            self._node(value, indent, depth + 1, in_mapping=True)

    def _text(self, text: str, indent: int, *, folds: bool) -> None:
        as_block = (
            "\n" in text
            and text[-1] != " "
            and not any(" " + character in text for character in _BREAKS)
            and _UNPRINTABLE.search(text) is None
        )
        if as_block:
            self._block(text, indent)
        else:
            self._quoted(text, indent, folds=folds)

    def _block(self, text: str, indent: int) -> None:
        hint = "2" if text[0] == " " or text[0] in _BREAKS else ""
        chomp = "-"
        if text[-1] in _BREAKS:
            chomp = "+" if len(text) == 1 or text[-2] in _BREAKS else ""
        self._indicator(f"|{hint}{chomp}")
        self._put("\n")
        self._column = 0
        self._blank = self._at_indent = True
        for part in re.findall(f"[{_BREAKS}]|[^{_BREAKS}]+", text):
            if part in _BREAKS:
                self._put(part)
                self._column = 0
                self._at_indent = True
            else:
                self._indent(indent)
                self._put(part)
                self._at_indent = False

    def _quoted(self, text: str, indent: int, *, folds: bool) -> None:
        self._indicator('"')
        after_space = False
        for found in _RUN.finditer(text):
            part = found[0]
            if part != " ":
                self._put(part if found[1] is None else _escaped(part))
            elif folds and not after_space and self._column > _WIDTH and 0 < found.start() < len(text) - 1:
                self._indent(indent)
                if text[found.end()] == " ":
                    self._put("\\")
            else:
                self._put(" ")
            after_space = part == " "
        self._indicator('"', apart=False)


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return "\\" + _ESCAPES[character]
    code = ord(character)
    return f"\\x{code:02X}" if code <= 0xFF else f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"
