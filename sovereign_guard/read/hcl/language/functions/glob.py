"""Patterns of file names, as `fileset` takes them.

What is matched, oddities included, is what github.com/bmatcuk/doublestar 1.1.5 matches; read 2026-11-24.
Patterns and names are matched as UTF-8, because one of the oddities counts bytes.
"""

from __future__ import annotations

_MAGIC = "*?[{\\"
_MAX_DEPTH = 100
_MAX_STEPS = 2_000_000
_MAX_PATTERN = 4_096
_ERROR_RUNE = 0xFFFD
_STAR, _ESCAPE, _CLASS, _CLASS_END, _CHOICE, _ONE = (ord(sign) for sign in "*\\[]{?")
_RANGE, _NOT = ord("-"), ord("^")


class MalformedPatternError(Exception):
    """The part of a pattern that was reached is malformed."""


class TooMuchWorkError(Exception):
    """A pattern takes too many steps to match, or leads to too many files."""


def is_pattern(part: str) -> bool:
    """Whether part of a pattern stands for more than itself."""
    return any(sign in part for sign in _MAGIC)


def split_pattern(pattern: str, separator: str) -> list[str]:
    """Split a pattern at a separator that no backslash precedes."""
    return [part.decode() for part in _split(pattern.encode(), separator.encode())]


def _split(pattern: bytes, separator: bytes) -> list[bytes]:
    parts: list[bytes] = []
    start = 0
    while (at := _find(pattern, separator, start)) >= 0:
        parts.append(pattern[start:at])
        start = at + 1
    parts.append(pattern[start:])
    return parts


def _find(pattern: bytes, sign: bytes, start: int) -> int:
    """Return where a sign first stands that no backslash precedes, -1 where nowhere."""
    while (at := pattern.find(sign, start)) > start and pattern[at - 1] == _ESCAPE:
        start = at + 1
    return at


class Matcher:
    """Matches names with parts of patterns, in a number of steps altogether."""

    def __init__(self) -> None:
        self._left = _MAX_STEPS
        self._known: dict[tuple[bytes, bytes], bool] = {}

    def matches(self, pattern: str, name: str) -> bool:
        """Whether a part of a pattern (without slashes) matches a name.

        Raises:
            MalformedPatternError: the pattern is malformed, as far as it was needed.
            TooMuchWorkError: that takes too many steps.

        """
        if len(pattern) > _MAX_PATTERN:
            raise TooMuchWorkError
        self._known.clear()
        return self._match(pattern.encode(), name.encode(errors="surrogateescape"), 0)

    def _match(self, pattern: bytes, name: bytes, depth: int) -> bool:
        if not pattern or not name:
            return not name and pattern in (b"", b"*")
        if depth > _MAX_DEPTH:
            raise TooMuchWorkError
        at = here = 0
        while at < len(pattern) and here < len(name):
            self._left -= 1
            if self._left < 0:
                raise TooMuchWorkError
            sign, width = _rune(pattern, at)
            letter, letter_width = _rune(name, here)
            if sign == _STAR:
                return self._match_after_star(pattern[at + 1 :], name[here:], letter_width, depth)
            if sign == _CHOICE:
                return self._match_choice(pattern, at + 1, name[here:], depth)
            if sign == _CLASS:
                end = _find(pattern, b"]", at + 1)
                if end < 0:
                    raise MalformedPatternError
                if not _in_class(pattern[at + 1 : end], letter):
                    return False
                at = end + 1
            else:
                if sign == _ESCAPE:
                    at += 1
                    sign, width = _rune(pattern, at)
                    if sign == _ERROR_RUNE:
                        raise MalformedPatternError
                    if sign != letter:
                        return False
                elif sign not in (_ONE, letter):
                    return False
                at += width
            here += letter_width
        return here >= len(name) and pattern[at:] in (b"", b"*", b"**")

    def _match_after_star(self, pattern: bytes, name: bytes, step: int, depth: int) -> bool:
        """Whether what follows a star matches some end of a name.

        The step from end to end is as wide as the first letter: an oddity, where letters differ in width.
        """
        if not pattern:
            return True
        for start in range(0, len(name), step):
            key = (pattern, name[start:])
            if key not in self._known:
                try:
                    self._known[key] = self._match(*key, depth + 1)
                except MalformedPatternError:
                    self._known[key] = False
            if self._known[key]:
                return True
        return False

    def _match_choice(self, pattern: bytes, start: int, name: bytes, depth: int) -> bool:
        end = _find(pattern, b"}", start)
        if end < 0:
            raise MalformedPatternError
        rest = pattern[end + 1 :]
        return any(self._match(choice + rest, name, depth + 1) for choice in _split(pattern[start:end], b","))


def _in_class(written: bytes, letter: int) -> bool:
    """Whether a letter is in a class such as `^a-z`."""
    runes = _runes(written)
    if not runes:
        raise MalformedPatternError
    negated = runes[0] == _NOT
    at = 1 if negated else 0
    found = False
    while at < len(runes):
        low, at = _bound(runes, at)
        high = low
        if at < len(runes) and runes[at] == _RANGE:
            high, at = _bound(runes, at + 1)
        found = found or low <= letter <= high
    return found is not negated


def _bound(runes: list[int], at: int) -> tuple[int, int]:
    """Return the letter at a place of a class, and where the next one is."""
    if at < len(runes) and runes[at] == _ESCAPE:
        at += 1
    elif at < len(runes) and runes[at] == _RANGE:
        raise MalformedPatternError
    if at >= len(runes):
        raise MalformedPatternError
    return runes[at], at + 1


def _runes(data: bytes) -> list[int]:
    found: list[int] = []
    at = 0
    while at < len(data):
        rune, width = _rune(data, at)
        found.append(rune)
        at += width
    return found


def _rune(data: bytes, at: int) -> tuple[int, int]:
    """Return the letter at a place of some UTF-8, and how many bytes it takes."""
    first = data[at] if at < len(data) else 0xFF
    if first < 0x80:
        return first, 1
    width = 4 if first >= 0xF0 else 3 if first >= 0xE0 else 2
    try:
        return ord(data[at : at + width].decode()), width
    except (UnicodeDecodeError, TypeError):
        return _ERROR_RUNE, 1
