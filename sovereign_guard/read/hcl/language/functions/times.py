"""Functions of dates and times.

Semantics: Terraform's documentation, "Date and Time Functions"
(https://developer.hashicorp.com/terraform/language/functions), and what `terraform console` prints; read
2026-11-24. Years go beyond what the standard library's dates can hold, hence arithmetic of our own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from sovereign_guard.language import say
from sovereign_guard.model.value import Reason, Unknown
from sovereign_guard.read.hcl.language.functions.function import Function, Parameter
from sovereign_guard.read.hcl.language.types import STRING
from sovereign_guard.read.hcl.language.values import EvaluationError, LimitError

MADE_AT_APPLY = frozenset({"timestamp"})
"""Functions whose result is another at each call: in a plan it is "known after apply"."""

MADE_BY_PLAN = frozenset({"plantimestamp"})
"""Functions whose result only the run of a plan fixes."""

_STRICT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?"
    r"(?:Z|([+-])([0-9]{2}):([0-9]{2}))"
)
_LENIENT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]+))?"
    r"(?:Z|([+-])([0-9]{2}):([0-9]{2}))"
)
"""What `timecmp` takes: an hour of one digit, a comma, an offset of 24 hours or of 60 minutes."""

_NANOSECONDS = 1_000_000_000
_DAY = 86_400
_MAX_FORMAT = 10_000
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_FIRST_WEEKDAY = 3
"""1970-01-01 was a Thursday."""

_PIECE = re.compile(r"''|'(?:[^']|'')*'?|([A-Za-z])\1*|[^'A-Za-z]+")

_UNITS = {
    "ns": 1,
    "us": 1_000,
    "\u00b5s": 1_000,
    "\u03bcs": 1_000,
    "ms": 1_000_000,
    "s": _NANOSECONDS,
    "m": 60 * _NANOSECONDS,
    "h": 3_600 * _NANOSECONDS,
}
_TERM = re.compile(r"([0-9]*)(?:\.([0-9]*))?([^0-9.]+)")
_LONGEST = 1 << 63
"""Nanoseconds that a duration holds at most."""
_MAX_DURATION = 1_000
"""Characters."""


class _Moment(NamedTuple):
    """Nanoseconds since 1970-01-01T00:00:00Z, and the offset from UTC to write it in, in seconds."""

    nanoseconds: int
    offset: int


class _Fields(NamedTuple):
    """A moment as a calendar and a clock show it."""

    year: int
    month: int
    day: int
    weekday: int
    hour: int
    minute: int
    second: int


def _moment(text: str, shape: re.Pattern[str], most_hours: int, most_minutes: int) -> _Moment:
    """Read a timestamp of RFC 3339.

    Raises:
        EvaluationError: it is none.

    """
    match = shape.fullmatch(text)
    if match is None:
        raise EvaluationError(say("a timestamp such as 2024-05-01T12:00:00Z is required"))
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    fraction, sign = match[7] or "", match[8]
    hours, minutes = int(match[9] or 0), int(match[10] or 0)
    valid = (
        1 <= month <= 12
        and 1 <= day <= _days_in(year, month)
        and hour <= 23
        and minute <= 59
        and second <= 59
        and hours <= most_hours
        and minutes <= most_minutes
    )
    if not valid:
        raise EvaluationError(say("a part of the timestamp is out of range"))
    offset = (hours * 60 + minutes) * 60 * (-1 if sign == "-" else 1)
    seconds = _days(year, month, day) * _DAY + (hour * 60 + minute) * 60 + second - offset
    return _Moment(seconds * _NANOSECONDS + int(fraction[:9].ljust(9, "0")), offset)


def _strict(text: str) -> _Moment:
    return _moment(text, _STRICT, 23, 59)


def _lenient(text: str) -> _Moment:
    return _moment(text, _LENIENT, 24, 60)


def _days_in(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def _days(year: int, month: int, day: int) -> int:
    """Return days since 1970-01-01 in the Gregorian calendar, which has a year 0 here.

    Years are counted from March, so that a leap day is the last of its year.
    """
    year, month = (year, month - 3) if month > 2 else (year - 1, month + 9)
    return year * 365 + year // 4 - year // 100 + year // 400 + (month * 153 + 2) // 5 + day - 1 - 719_468


def _date(days: int) -> tuple[int, int, int]:
    """Return year, month and day of a number of days since 1970-01-01."""
    era, of_era = divmod(days + 719_468, 146_097)
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (year * 365 + year // 4 - year // 100)
    month = (of_year * 5 + 2) // 153
    day = of_year - (month * 153 + 2) // 5 + 1
    year += era * 400
    return (year, month + 3, day) if month < 10 else (year + 1, month - 9, day)


def _fields(moment: _Moment) -> _Fields:
    days, seconds = divmod(moment.nanoseconds // _NANOSECONDS + moment.offset, _DAY)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return _Fields(*_date(days), (days + _FIRST_WEEKDAY) % 7, hour, minute, second)


def _offset(moment: _Moment, colon: str) -> str:
    hours, minutes = divmod(abs(moment.offset) // 60, 60)
    return f"{'-' if moment.offset < 0 else '+'}{hours:02}{colon}{minutes:02}"


def _zone(moment: _Moment) -> str:
    return _offset(moment, ":") if moment.offset else "Z"


def _formatdate(form: str, timestamp: str) -> str:
    moment = _strict(timestamp)
    if len(form) > _MAX_FORMAT:
        raise LimitError(say("the format is longer than those that are read"))
    fields = _fields(moment)
    return "".join(_formatted(match[0], fields, moment) for match in _PIECE.finditer(form))


def _formatted(piece: str, fields: _Fields, moment: _Moment) -> str:
    if piece == "''":
        return "'"
    if piece[0] == "'":
        if len(piece) == 1 or piece[-1] != "'":
            raise EvaluationError(say("a quoted text in the format does not end"))
        return piece[1:-1].replace("''", "'")
    verb = _VERBS.get(piece[0])
    if verb is None:
        if piece[0].isascii() and piece[0].isalpha():
            raise EvaluationError(say("the format holds a letter that stands for nothing"))
        return piece
    made = verb(len(piece), fields, moment)
    if made is None:
        raise EvaluationError(say("the format repeats a letter more or less often than it may be"))
    return made


def _clock(value: int, count: int) -> str | None:
    return {1: str(value), 2: f"{value:02}"}.get(count)


def _named(names: tuple[str, ...], at: int, count: int) -> str | None:
    return {3: names[at][:3], 4: names[at]}.get(count)


def _zone_name(count: int, moment: _Moment) -> str | None:
    plain = _offset(moment, "")
    return {
        1: _zone(moment),
        3: plain if moment.offset else "UTC",
        4: plain,
        5: _offset(moment, ":"),
    }.get(count)


_VERBS: dict[str, Callable[[int, _Fields, _Moment], str | None]] = {
    "Y": lambda count, at, _moment: {2: f"{at.year % 100:02}", 4: f"{at.year:04}"}.get(count),
    "M": lambda count, at, _moment: _clock(at.month, count) or _named(_MONTHS, at.month - 1, count),
    "D": lambda count, at, _moment: _clock(at.day, count),
    "E": lambda count, at, _moment: _named(_WEEKDAYS, at.weekday, count),
    "h": lambda count, at, _moment: _clock(at.hour, count),
    "H": lambda count, at, _moment: _clock(at.hour % 12 or 12, count),
    "A": lambda count, at, _moment: ("AM", "PM")[at.hour // 12] if count == 2 else None,
    "a": lambda count, at, _moment: ("am", "pm")[at.hour // 12] if count == 2 else None,
    "m": lambda count, at, _moment: _clock(at.minute, count),
    "s": lambda count, at, _moment: _clock(at.second, count),
    "Z": lambda count, _at, moment: _zone_name(count, moment),
}
"""What a letter of a format stands for, by how often it is repeated."""


def _timeadd(timestamp: str, duration: str) -> str:
    start = _strict(timestamp)
    moment = _Moment(start.nanoseconds + _duration(duration), start.offset)
    at = _fields(moment)
    year = f"-{-at.year:04}" if at.year < 0 else f"{at.year:04}"
    return f"{year}-{at.month:02}-{at.day:02}T{at.hour:02}:{at.minute:02}:{at.second:02}{_zone(moment)}"


def _duration(text: str) -> int:
    """Return a duration such as `1h30m` in nanoseconds.

    Raises:
        EvaluationError: it is none.

    """
    negative = text.startswith("-")
    rest = text[1:] if text.startswith(("-", "+")) else text
    if rest == "0":
        return 0
    if len(rest) > _MAX_DURATION:
        raise LimitError(say("the duration is longer than those that are read"))
    total = 0
    terms = list(_TERM.finditer(rest))
    if not terms or "".join(term[0] for term in terms) != rest:
        raise EvaluationError(say("a duration such as 1h30m is required"))
    for whole, fraction, name in (term.groups(default="") for term in terms):
        unit = _UNITS.get(name)
        if unit is None or not (whole or fraction):
            raise EvaluationError(say("a duration such as 1h30m is required"))
        total += int(whole or 0) * unit + _part(fraction, unit)
        if total > _LONGEST:
            break
    if total > _LONGEST or (total == _LONGEST and not negative):
        raise EvaluationError(say("the duration is too long"))
    return -total if negative else total


def _part(fraction: str, unit: int) -> int:
    """Return a fraction of a unit in whole nanoseconds, computed as Terraform does: with floats."""
    value, scale = 0, 1.0
    for digit in fraction:
        following = value * 10 + int(digit)
        if value > (_LONGEST - 1) // 10 or following > _LONGEST:
            break  # What a 64-bit number does not hold is left out.
        value, scale = following, scale * 10
    return int(float(value) * (float(unit) / scale))


def _timecmp(one: str, other: str) -> int:
    left, right = _lenient(one).nanoseconds, _lenient(other).nanoseconds
    return (left > right) - (left < right)


def _timestamp() -> Unknown:
    return Unknown(Reason.AFTER_APPLY, "timestamp()", say("it is another at each run"))


def _plantimestamp() -> Unknown:
    return Unknown(Reason.UNSUPPORTED, "plantimestamp()", say("it is the time at which the plan is made"))


_TEXT = Parameter(STRING)

FUNCTIONS: tuple[Function, ...] = (
    Function("formatdate", (_TEXT, _TEXT), _formatdate),
    Function("plantimestamp", (), _plantimestamp),
    Function("timeadd", (_TEXT, _TEXT), _timeadd),
    Function("timecmp", (_TEXT, _TEXT), _timecmp),
    Function("timestamp", (), _timestamp),
)
