"""The normal form in which label keys and values are compared: no case, no accents, no separators.

Characters that nobody sees (zero-width spaces, soft hyphens, controls, fillers) do not count either: a label
that reads the same to a person says the same.
"""

from __future__ import annotations

import unicodedata

_SEPARATORS = frozenset(" \t\r\n-_.:/+,;|'\"\u00b7\u2027\u2022\u30fb")
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0")
_UNSEEN = frozenset({"Cc", "Cf", "Mn", "Me"})
_SPACES_AND_DASHES = frozenset({"Zs", "Zl", "Zp", "Pd", "Pc"})


def words(text: str) -> tuple[str, ...]:
    """Split at separators and at the humps of camelCase, lower case, accents removed.

    >>> words("acme:DataClassification")
    ('acme', 'data', 'classification')
    >>> words("Donn\u00e9es  Sensibles")
    ('donnees', 'sensibles')
    """
    spaced: list[str] = []
    previous = ""
    for char in text if text.isascii() else _seen(text):
        if char in _SEPARATORS:
            char = " "
        elif char.isupper() and previous.islower():
            spaced.append(" ")
        elif char < " " or char == "\x7f":
            continue
        spaced.append(char)
        previous = char
    return tuple("".join(spaced).casefold().split())


def _seen(text: str) -> str:
    """Take apart what is composed and keep what is seen; every kind of space and dash becomes a space."""
    kept: list[str] = []
    for char in unicodedata.normalize("NFKD", text):
        category = unicodedata.category(char)
        if category in _SPACES_AND_DASHES:
            kept.append(" ")
        elif char in _SEPARATORS or (category not in _UNSEEN and char not in _FILLERS):
            kept.append(char)
    return "".join(kept)


def normal(text: str) -> str:
    """Return the normal form: the words, joined.

    >>> normal("Data Classification") == normal("data-classification") == normal("dataClassification")
    True
    """
    return "".join(words(text))
