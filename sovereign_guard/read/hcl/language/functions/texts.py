"""Functions of texts.

A character is what a reader takes for one: a grapheme cluster of Unicode, such as a letter with its accents.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, TypeAlias

import msgspec

from sovereign_guard.language import say
from sovereign_guard.model.value import Unknown
from sovereign_guard.read.hcl.language.functions.function import Function, Parameter
from sovereign_guard.read.hcl.language.functions.numbers import Number, binary, whole
from sovereign_guard.read.hcl.language.types import ANY, BOOL, NUMBER, STRING, Collection, convert
from sovereign_guard.read.hcl.language.values import (
    MAX_ELEMENTS,
    MAX_TEXT,
    EvaluationError,
    LimitError,
    List,
    Set,
    Value,
    combine,
    failed,
    is_number,
    unknown_in,
)

_MAX_WIDTH = 100_000
_MAX_PRECISION = 1_000
_MAX_PATTERN = 10_000
_MAX_MATCHING = 2_000_000_000
"""Bytes that a search may look at, all its attempts together; each costs more if the pattern is long."""

_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))


def made(text: str) -> str:
    """Return a text as Terraform keeps texts: in Unicode's composed form (NFC), and within our limit."""
    if len(text) > MAX_TEXT:
        raise LimitError(say("the text is too long"))
    if text.isascii():
        return text
    import unicodedata

    return unicodedata.normalize("NFC", text)


# Characters.


def clusters(text: str) -> list[str]:
    """Return the characters of a text: its extended grapheme clusters (Unicode, Annex 29)."""
    if "\r\n" not in text and (text.isascii() or max(text) < "\u0300"):
        return list(text)
    found: list[str] = []
    start = flags = 0
    picture = False  # Whether what comes before, but for what extends it, is a picture.
    for at in range(1, len(text)):
        before, after = text[at - 1], text[at]
        flags = flags + 1 if _is_flag_letter(before) else 0
        picture = picture if _extends(before) else _is_picture(before)
        if before == "\u200d" and picture and _is_picture(after):
            continue
        if flags % 2 == 1 and _is_flag_letter(after):
            continue
        if not _stay_together(before, after):
            found.append(text[start:at])
            start = at
    found.append(text[start:])
    return found


def _stay_together(before: str, after: str) -> bool:
    if before == "\r" and after == "\n":
        return True
    if _is_control(before) or _is_control(after):
        return False
    return _extends(after) or _is_prefix(before) or (_hangul(before), _hangul(after)) in _SYLLABLES


def _is_control(one: str) -> bool:
    import unicodedata

    kind = unicodedata.category(one)
    if kind == "Cf":
        return not (one in "\u200c\u200d" or "\U000e0020" <= one <= "\U000e007f" or _is_prefix(one))
    return kind in ("Cc", "Zl", "Zp")


def _extends(one: str) -> bool:
    """Whether a character belongs to the one before: an accent, a vowel sign, a joiner, a colour of skin."""
    import unicodedata

    return (
        unicodedata.category(one) in ("Mn", "Me", "Mc")
        or one in "\u200c\u200d\u0e33\u0eb3\uff9e\uff9f"
        or "\U0001f3fb" <= one <= "\U0001f3ff"
        or "\U000e0020" <= one <= "\U000e007f"
    )


def _is_prefix(one: str) -> bool:
    """Whether a character belongs to the one after it (a few signs of Arabic, Syriac and Indic scripts)."""
    return (
        "\u0600" <= one <= "\u0605"
        or one in "\u06dd\u070f\u0890\u0891\u08e2\u0d4e\U000110bd\U000110cd\U000111c2\U000111c3"
    )


def _is_flag_letter(one: str) -> bool:
    return "\U0001f1e6" <= one <= "\U0001f1ff"


def _is_picture(one: str) -> bool:
    """Whether a character is an emoji, near enough: only those that a joiner ties together matter."""
    import unicodedata

    if one < "\u2190":
        return one in "\xa9\xae\u203c\u2049\u2122\u2139"
    if "\U0001f000" <= one <= "\U0001faff":
        return not (_is_flag_letter(one) or _extends(one))
    return one < "\u3300" and unicodedata.category(one) in ("So", "Sm")


_SYLLABLES = {("L", "L"), ("L", "V"), ("L", "LV"), ("L", "LVT")}
_SYLLABLES |= {("LV", "V"), ("LV", "T"), ("V", "V"), ("V", "T"), ("LVT", "T"), ("T", "T")}


def _hangul(one: str) -> str:
    if one < "\u1100" or one > "\ud7fb":
        return ""
    if "\uac00" <= one <= "\ud7a3":
        return "LVT" if (ord(one) - 0xAC00) % 28 else "LV"
    if one <= "\u115f" or "\ua960" <= one <= "\ua97c":
        return "L"
    if "\u1160" <= one <= "\u11a7" or "\ud7b0" <= one <= "\ud7c6":
        return "V"
    return "T" if one <= "\u11ff" or one >= "\ud7cb" else ""


def _strrev(text: str) -> Value:
    return made("".join(reversed(clusters(text))))


def _substr(text: str, offset: Number, length: Number) -> Value:
    first, count = whole(offset), whole(length)
    if count == 0 and first >= 0:
        return ""
    parts = clusters(text)
    if first < 0:
        first = max(0, first + len(parts))
        count = count or -1  # A length of none, counted from the end, is all of the rest to Terraform.
    return made("".join(parts[first:] if count < 0 else parts[first : first + count]))


# Case, ends, parts.


def _upper(text: str) -> Value:
    return made(text.upper() if text.isascii() else "".join(map(_upper_one, text)))


def _upper_one(one: str) -> str:
    # Terraform maps letter by letter: where Python has several, as for a sharp s, it has another or none.
    return next((mapped for mapped in (one.upper(), one.title()) if len(mapped) == 1), one)


def _lower(text: str) -> Value:
    if text.isascii():
        return text.lower()
    return made("".join("i" if one == "\u0130" else one.lower() for one in text))


def _title(text: str) -> Value:
    letters = []
    before = " "
    for one in text:
        letters.append(_title_one(one) if _parts_words(before) else one)
        before = one
    return made("".join(letters))


def _title_one(one: str) -> str:
    titled = one.title()
    return titled if len(titled) == 1 else one


def _parts_words(one: str) -> bool:
    if one.isascii():
        return not (one.isalnum() or one == "_")
    return one in _SPACE


def _chomp(text: str) -> Value:
    return text.rstrip("\r\n")


def _trim(text: str, characters: str) -> Value:
    return made(text.strip(characters))


def _trimspace(text: str) -> Value:
    return made(text.strip(_SPACE))


def _trimprefix(text: str, prefix: str) -> Value:
    return made(text.removeprefix(prefix))


def _trimsuffix(text: str, suffix: str) -> Value:
    return made(text.removesuffix(suffix))


def _startswith(text: str, prefix: str) -> Value:
    return text.startswith(prefix)


def _endswith(text: str, suffix: str) -> Value:
    return text.endswith(suffix)


def _strcontains(text: str, part: str) -> Value:
    return part in text


def _indent(spaces: Number, text: str) -> Value:
    count = whole(spaces)
    if count < 0:
        raise EvaluationError(say("the number of spaces must not be negative"))
    _check_length(len(text) + text.count("\n") * count)
    return text.replace("\n", "\n" + " " * count)


def _join(separator: str, *lists: List) -> Value:
    parts = [part for one in lists for part in one]
    if None in parts:
        raise EvaluationError(say("null cannot be joined"))
    _check_length(sum(map(len, parts)) + len(separator) * len(parts))
    return made(separator.join(parts))


def _split(separator: str, text: str) -> Value:
    if not separator:
        _check_count(len(text))
        return List(text)
    _check_count(text.count(separator) + 1)
    return List(map(made, text.split(separator)))


def _check_length(characters: int) -> None:
    if characters > MAX_TEXT:
        raise LimitError(say("the text is too long"))


def _check_count(elements: int) -> None:
    if elements > MAX_ELEMENTS:
        raise LimitError(say("there are too many elements"))


# Patterns.

Spans: TypeAlias = list[tuple[int, int]]
"""Where a match is, then where each of its groups is (-1 if nowhere), in bytes."""


class _Pattern:
    """A regular expression, and the searches that it may still do."""

    def __init__(self, text: str) -> None:
        import re2  # type: ignore[import-untyped]

        if len(text) > _MAX_PATTERN:
            raise LimitError(say("the pattern is too long"))
        if "\\C" in re.sub(r"\\[^C]", "", text):
            raise EvaluationError(say("a pattern cannot ask for a single byte"))
        options = re2.Options()
        options.log_errors = False
        try:
            self._compiled = re2.compile(text, options)
        except re2.error as error:
            if b"duplicate" in error.args[0]:
                # Terraform would take the last one.
                raise LimitError(say("two groups of the pattern have one name")) from None
            raise EvaluationError(say("this is not a regular expression")) from None
        self.groups: int = self._compiled.groups
        self.names: dict[str, int] = self._compiled.groupindex
        # RE2 reads each byte once, unless a pattern is so large that it has to follow many states at a time.
        self._cost = 1 + self._compiled.programsize // 10
        self._left = _MAX_MATCHING

    def search(self, data: bytes, start: int) -> Spans | None:
        self._left -= (len(data) - start) * self._cost
        if self._left < 0:
            raise LimitError(say("the pattern takes too much work on this text"))
        match = self._compiled.search(data, start)
        return None if match is None else [match.span(group) for group in range(self.groups + 1)]

    def all(self, data: bytes) -> Iterator[Spans]:
        """Walk through all matches; one of nothing, right after another match, is none."""
        at, last = 0, -1
        while at <= len(data):
            spans = self.search(data, at)
            if spans is None:
                return
            start, end = spans[0]
            if start < end or start != last:
                yield spans
            last = end
            at = end if end > at else _next_letter(data, at)


def _next_letter(data: bytes, at: int) -> int:
    at += 1
    while at < len(data) and data[at] & 0xC0 == 0x80:
        at += 1
    return at


def _regex(pattern: str, text: str) -> Value:
    compiled = _captures(pattern)
    data = text.encode("utf-8", "surrogatepass")
    spans = compiled.search(data, 0)
    if spans is None:
        raise EvaluationError(say("the pattern matches no part of the text"))
    return _captured(compiled, data, spans)


def _regexall(pattern: str, text: str) -> Value:
    compiled = _captures(pattern)
    data = text.encode("utf-8", "surrogatepass")
    found = []
    for spans in compiled.all(data):
        found.append(_captured(compiled, data, spans))
        _check_count(len(found) * max(1, compiled.groups))
    return List(found)


def _captures(pattern: str) -> _Pattern:
    compiled = _Pattern(pattern)
    if compiled.names and len(compiled.names) != compiled.groups:
        raise EvaluationError(say("either all groups of a pattern have names, or none"))
    return compiled


def _captured(compiled: _Pattern, data: bytes, spans: Spans) -> Value:
    """Return the groups of a match, as an object if they have names; the whole match if there are none."""
    texts = [None if start < 0 else made(data[start:end].decode()) for start, end in spans]
    if compiled.names:
        return {name: texts[group] for name, group in sorted(compiled.names.items())}
    return tuple(texts[1:]) if compiled.groups else texts[0]


def _replace(text: str, part: str, by: str) -> Value:
    if len(part) > 1 and part[0] == part[-1] == "/":
        return _replace_pattern(_Pattern(part[1:-1]), text, by)
    _check_length(len(text) + (text.count(part) if part else len(text) + 1) * len(by))
    return made(text.replace(part, by))


def _replace_pattern(compiled: _Pattern, text: str, by: str) -> Value:
    data = text.encode("utf-8", "surrogatepass")
    template = _template_of(by)
    _check_count(len(template))
    pieces: list[bytes] = []
    length = copied = 0
    for spans in compiled.all(data):
        pieces.append(data[copied : spans[0][0]])
        pieces.extend(_expanded(template, compiled, data, spans))
        copied = spans[0][1]
        _check_count(len(pieces))
        length += sum(map(len, pieces[-1 - len(template) :]))
        _check_length(length)
    pieces.append(data[copied:])
    return made(b"".join(pieces).decode("utf-8", "surrogatepass"))


def _template_of(text: str) -> list[str | tuple[str]]:
    """Return the pieces of a replacement: texts, and names of groups as tuples; `$$` is a dollar sign."""
    pieces: list[str | tuple[str]] = []
    end = 0
    for found in re.finditer(r"\$(?:(\$)|\{(\w+)\}|(\w+))", text):
        pieces.append(text[end : found.start()])
        pieces.append("$" if found[1] else (found[2] or found[3],))
        end = found.end()
    return [*pieces, text[end:]]


def _expanded(
    template: list[str | tuple[str]], compiled: _Pattern, data: bytes, spans: Spans
) -> Iterator[bytes]:
    for piece in template:
        if isinstance(piece, str):
            yield piece.encode("utf-8", "surrogatepass")
            continue
        (name,) = piece
        is_index = name.isascii() and name.isdigit() and (name == "0" or name[0] != "0") and len(name) < 8
        group = int(name) if is_index else compiled.names.get(name, -1)
        start, end = spans[group] if 0 <= group < len(spans) else (-1, -1)
        yield b"" if start < 0 else data[start:end]


# Formats.


class _Verb(msgspec.Struct, frozen=True):
    """A place in a format where an argument goes, such as `%-8.2f`."""

    letter: str
    flags: str
    width: int | None
    precision: int | None
    index: int | None


_VERB = re.compile(
    r"%(?:(?P<percent>%)|(?P<flags>[ +\-0#]*)(?P<width>[1-9][0-9]*)?"
    r"(?P<precision>\.[0-9]*)?(?:\[(?P<index>[1-9][0-9]*)\])?(?P<letter>[a-zA-Z]))?"
)


def _pieces_of(text: str) -> Iterator[str | _Verb]:
    """Walk through a format: texts and verbs."""
    end = 0
    for found in _VERB.finditer(text):
        yield text[end : found.start()]
        end = found.end()
        if found["percent"]:
            yield "%"
            continue
        if not found["letter"]:
            raise EvaluationError(say("the format has a `%` that begins nothing it could"))
        precision = found["precision"]
        yield _Verb(
            found["letter"],
            found["flags"],
            _size(found["width"], _MAX_WIDTH),
            None if precision is None else _size(precision[1:] or "0", _MAX_PRECISION),
            _size(found["index"], MAX_ELEMENTS),
        )
    yield text[end:]


def _size(digits: str | None, most: int) -> int | None:
    if digits is None:
        return None
    if len(digits) > 9 or int(digits) > most:
        raise LimitError(say("a width or precision of the format is too large"))
    return int(digits)


def _format(text: str, *arguments: Value) -> Value:
    if any(argument is None for argument in arguments):
        return _null_formatted()
    return _formatted(list(_pieces_of(text)), arguments)


def _null_formatted() -> Unknown:
    # Terraform says that it does not know yet, unless the null is known to be one of a string or the like.
    return failed(say("what a format makes of null depends on the type it would have"))


def _formatted(pieces: Iterable[str | _Verb], arguments: tuple[Value, ...]) -> Value:
    written: list[str] = []
    length = used = 0
    following = 1
    for piece in pieces:
        if isinstance(piece, str):
            written.append(piece)
        else:
            at = piece.index or following
            if at > len(arguments):
                raise EvaluationError(say("the format asks for more arguments than there are"))
            following = at + 1
            used = max(used, at)
            if arguments[at - 1] is None and piece.letter != "v":
                raise EvaluationError(say("null has no format but that of `%v`"))
            written.append(_FORMATS.get(piece.letter, _no_verb)(piece, arguments[at - 1]))
        length += len(written[-1])
        _check_length(length)
    if used < len(arguments):
        raise EvaluationError(say("the format has fewer places than there are arguments"))
    return made("".join(written))


def _no_verb(_verb: _Verb, _value: Value) -> str:
    raise EvaluationError(say("the format has an unknown letter after a `%`"))


def _as_is(verb: _Verb, value: Value) -> str:
    if value is None or "#" in verb.flags or not (isinstance(value, str) or is_number(value)):
        return _padded(verb, _json(value))
    return _padded(verb, value if isinstance(value, str) else _shortest_float(value))


def _as_bool(_verb: _Verb, value: Value) -> str:
    return "true" if convert(value, BOOL) else "false"


def _as_string(verb: _Verb, value: Value) -> str:
    text: str = convert(value, STRING)
    if verb.precision:
        text = "".join(clusters(text)[: verb.precision])
    return _padded(verb, _json(text) if verb.letter == "q" else text)


def _json(value: Value) -> str:
    from sovereign_guard.read.hcl.language.functions import FUNCTIONS

    return str(FUNCTIONS["jsonencode"].run(value))


def _padded(verb: _Verb, text: str) -> str:
    """Return a text filled up to the width of its verb."""
    missing = (verb.width or 0) - (len(clusters(text)) if verb.width else 0)
    filling = ("0" if "0" in verb.flags else " ") * missing
    return text + filling if "-" in verb.flags else filling + text


_BASES = {"b": "b", "d": "d", "o": "o", "x": "x", "X": "X"}
_PREFIXES = {"b": "0b", "o": "0", "x": "0x", "X": "0X"}


def _as_integer(verb: _Verb, value: Value) -> str:
    exact = convert(value, NUMBER)
    if not isinstance(exact, int):
        raise EvaluationError(say("the format requires a whole number"))
    digits = _decimal_digits(abs(exact)) if verb.letter == "d" else format(abs(exact), verb.letter)
    if verb.precision is not None:
        if verb.precision == 0 and exact == 0:
            return ""
        digits = digits.rjust(verb.precision, "0")
    sign = _sign(verb, negative=exact < 0) + (_PREFIXES.get(verb.letter, "") if "#" in verb.flags else "")
    width = verb.width or 0
    if "-" in verb.flags:
        return (sign + digits).ljust(width)
    if "0" in verb.flags and verb.precision is None:
        return sign + digits.rjust(width - len(sign), "0")
    return (sign + digits).rjust(width)


def _as_float(verb: _Verb, value: Value) -> str:
    exact: Number = convert(value, NUMBER)
    size = abs(exact) if isinstance(exact, int) else exact.copy_abs()
    letter = verb.letter.lower()
    if letter != "g":
        text = _with_places(size, letter, 6 if verb.precision is None else verb.precision)
    elif verb.precision is None:
        text = _shortest_float(size)
    else:
        text = _with_digits(size, max(1, verb.precision))
    if verb.letter.isupper():
        text = text.upper()
    sign = _sign(verb, negative=exact < 0)
    width = verb.width or 0
    if "0" in verb.flags:
        return sign + text.rjust(width - len(sign), "0")
    return (sign + text).ljust(width) if "-" in verb.flags else (sign + text).rjust(width)


def _sign(verb: _Verb, *, negative: bool) -> str:
    return "-" if negative else "+" if "+" in verb.flags else " " if " " in verb.flags else ""


def _decimal_digits(value: int) -> str:
    return format(Decimal(value), "f")  # Python refuses to write an `int` of more than 4,300 digits.


def _places(value: Number, places: int) -> str:
    """Return a positive number with so many digits after the point, the even one of two equally near."""
    digits = _decimal_digits(round(binary(value) * 10**places)).rjust(places + 1, "0")
    return f"{digits[: len(digits) - places]}.{digits[len(digits) - places :]}" if places else digits


def _scientific(value: Number, digits: int) -> tuple[str, int]:
    """Return a positive number as so many digits, and the power of ten of the first of them."""
    if value == 0:
        return "0" * digits, 0
    power = Decimal(value).adjusted()
    for exponent in (power, power + 1):  # Rounding can add a digit: 9.99 is 1.0e+01.
        shift = digits - 1 - exponent
        scaled = binary(value) * 10**shift if shift >= 0 else binary(value) / 10**-shift
        found = _decimal_digits(round(scaled))
        if len(found) == digits:
            break
    return found[:digits], exponent


def _with_places(value: Number, letter: str, places: int) -> str:
    if letter == "f":
        return _places(value, places)
    digits, power = _scientific(value, places + 1)
    return _exponential(digits, power)


def _with_digits(value: Number, digits: int) -> str:
    found, power = _scientific(value, digits)
    found = found.rstrip("0") or "0"
    enough = len(found) if digits > len(found) >= power + 1 else digits
    return _general(found, power, enough)


def _shortest_float(value: Number) -> str:
    """Return a number with as few digits as tell it from others, large and small ones with an exponent."""
    if value < 0:
        return "-" + _shortest_float(-value if isinstance(value, int) else value.copy_abs())
    exact = Decimal(value)
    digits = _decimal_digits(int("".join(map(str, exact.as_tuple().digits)))).rstrip("0") or "0"
    return _general(digits, exact.adjusted() if value else 0, 6)


def _general(digits: str, power: int, enough: int) -> str:
    if power < -4 or power >= enough:
        return _exponential(digits, power)
    if power < 0:
        return "0." + "0" * (-power - 1) + digits
    digits = digits.ljust(power + 1, "0")
    return f"{digits[: power + 1]}.{digits[power + 1 :]}" if len(digits) > power + 1 else digits


def _exponential(digits: str, power: int) -> str:
    mantissa = f"{digits[0]}.{digits[1:]}" if len(digits) > 1 else digits
    return f"{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"


_FORMATS: dict[str, Any] = {
    "v": _as_is,
    "t": _as_bool,
    **dict.fromkeys("bdoxX", _as_integer),
    **dict.fromkeys("eEfgG", _as_float),
    **dict.fromkeys("sq", _as_string),
}


def _formatlist(text: str, *arguments: Value) -> Value:
    if any(argument is None for argument in arguments):
        return _null_formatted()
    pieces = list(_pieces_of(text))
    lists = [argument for argument in arguments if isinstance(argument, tuple)]
    if any(isinstance(one, Set) and unknown_in(one) for one in lists):
        return combine(found for one in lists if (found := unknown_in(one)) is not None)
    lengths = {len(one) for one in lists} or {1}
    if len(lengths) > 1:
        raise EvaluationError(say("the lists are not of one length"))
    (length,) = lengths
    _check_count(length * max(1, len(arguments)))
    results: list[Value] = []
    written = 0
    for at in range(length):
        row = tuple(one[at] if isinstance(one, tuple) else one for one in arguments)
        unknowns = [found for part in row if (found := unknown_in(part)) is not None]
        results.append(combine(unknowns) if unknowns else _formatted(pieces, row))
        written += len(results[-1]) if isinstance(results[-1], str) else 0
        _check_length(written)
    return List(results)


_TEXT, _NUMBER = Parameter(STRING), Parameter(NUMBER)

FUNCTIONS: tuple[Function, ...] = (
    Function("chomp", (_TEXT,), _chomp, through=True),
    Function("endswith", (_TEXT, _TEXT), _endswith),
    Function("format", (_TEXT,), _format, variadic=Parameter(ANY, null=True)),
    Function("formatlist", (_TEXT,), _formatlist, variadic=Parameter(ANY, null=True, parts=True)),
    Function("indent", (_NUMBER, _TEXT), _indent),
    Function("join", (_TEXT,), _join, variadic=Parameter(Collection("list", STRING)), least=1),
    Function("lower", (_TEXT,), _lower, through=True),
    Function("regex", (_TEXT, _TEXT), _regex),
    Function("regexall", (_TEXT, _TEXT), _regexall),
    Function("replace", (_TEXT, _TEXT, _TEXT), _replace),
    Function("split", (_TEXT, _TEXT), _split, through=True),
    Function("startswith", (_TEXT, _TEXT), _startswith),
    Function("strcontains", (_TEXT, _TEXT), _strcontains),
    Function("strrev", (_TEXT,), _strrev),
    Function("substr", (_TEXT, _NUMBER, _NUMBER), _substr, through=True),
    Function("title", (_TEXT,), _title, through=True),
    Function("trim", (_TEXT, _TEXT), _trim, through=True),
    Function("trimprefix", (_TEXT, _TEXT), _trimprefix, through=True),
    Function("trimspace", (_TEXT,), _trimspace, through=True),
    Function("trimsuffix", (_TEXT, _TEXT), _trimsuffix, through=True),
    Function("upper", (_TEXT,), _upper, through=True),
)
