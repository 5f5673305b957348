"""The language in which a person is spoken to; nothing that a program reads depends on it.

What is said is written in English where it is said, in `say`, and looked up in a gettext catalog of
sovereign_guard/locale/ where another language is spoken. Identifiers, levels, keys of JSON and exit codes are
the same in every language.
"""

from __future__ import annotations

import gettext
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Protocol

ENGLISH = "en"
LANGUAGES = (ENGLISH, "fr")
DOMAIN = "sovereign_guard"
LOCALE = Path(__file__).parent / "locale"

_ASKED = ("SOVEREIGN_GUARD_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
"""Variables that choose a language; the first that is set counts, as POSIX has it for the last three."""


class Translations(Protocol):
    """What looks up a text, as `gettext.NullTranslations` does."""

    def gettext(self, message: str) -> str:
        """Return a text in the language, or as it is."""
        ...

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Return the form of a text that goes with a number."""
        ...


_SPOKEN: ContextVar[tuple[str, Translations | None]] = ContextVar("spoken", default=(ENGLISH, None))


class _Number:
    """A number as a language writes it: its own marks between thousands and before decimals."""

    __slots__ = ("_marks", "_value")

    def __init__(self, value: float, marks: dict[int, str]) -> None:
        self._value = value
        self._marks = marks

    def __format__(self, spec: str) -> str:
        return format(self._value, spec).translate(self._marks)


_MARKS = {"fr": {ord(","): "\u202f", ord("."): ","}}


def _written(values: dict[str, object]) -> dict[str, object]:
    """Return values for a template, with numbers as the language that is spoken writes them."""
    marks = _MARKS.get(_SPOKEN.get()[0])
    if marks is None:
        return values
    return {
        name: _Number(value, marks) if type(value) in (int, float) else value  # type: ignore[arg-type]
        for name, value in values.items()
    }


def say(text: str, /, **values: object) -> str:
    """Return a text in the language that is spoken, with values in the place of its `{names}`.

    Braces of the text itself are doubled where values are given, and not where none are.
    """
    translations = _SPOKEN.get()[1]
    if translations is not None and text:  # Of an empty text gettext gives the head of the catalog.
        text = translations.gettext(text)
    return text.format_map(_written(values)) if values else text


def say_many(one: str, many: str, number: int, /, **values: object) -> str:
    """Return the one of two texts that goes with a number; `{number}` stands for that."""
    translations = _SPOKEN.get()[1]
    if translations is not None:
        text = translations.ngettext(one, many, number)
    else:
        text = one if number == 1 else many
    return text.format_map(_written({"number": number, **values}))


def later(text: str) -> str:
    """Return a text as it is, and mark it as one that is given to `say` later on."""
    return text


def lacks_texts() -> bool:
    """Whether the texts of the language that is spoken are not there: a checkout that was not installed."""
    return type(_SPOKEN.get()[1]) is gettext.NullTranslations


def language() -> str:
    """Return the code of the language that is spoken."""
    return _SPOKEN.get()[0]


def speak(code: str, translations: Translations | None = None) -> None:
    """Speak a language from now on.

    Args:
        code: one of LANGUAGES. translations: another catalog than the shipped one, for tests.

    """
    if translations is None and code != ENGLISH:
        translations = gettext.translation(DOMAIN, LOCALE, [code], fallback=True)
    _SPOKEN.set((code, translations))


@contextmanager
def speaking(code: str, translations: Translations | None = None) -> Iterator[None]:
    """Speak a language for a while."""
    before = _SPOKEN.get()
    speak(code, translations)
    try:
        yield
    finally:
        _SPOKEN.set(before)


def wanted(given: str | None, environment: Mapping[str, str]) -> str:
    """Return the language to speak: the one that an option gives, or the environment, else English.

    Of `fr_FR.UTF-8`, the first part counts; a language that is not spoken here is English.
    """
    asked = given or next((environment[name] for name in _ASKED if environment.get(name)), ENGLISH)
    code = asked.replace("-", "_").partition("_")[0].partition(".")[0].lower()
    return code if code in LANGUAGES else ENGLISH
