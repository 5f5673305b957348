"""The normal form in which label keys and values are compared: no case, no accents, no separators."""

from __future__ import annotations

import unicodedata

_SEPARATORS = str.maketrans(dict.fromkeys(" \t\r\n\u00a0-_.:/+,;|'\"", " "))


def words(text: str) -> tuple[str, ...]:
    """Split at separators and at the humps of camelCase, lower case, accents removed.

    >>> words("acme:DataClassification")
    ('acme', 'data', 'classification')
    >>> words("Données  Sensibles")
    ('donnees', 'sensibles')
    """
    spaced: list[str] = []
    previous = ""
    for char in unicodedata.normalize("NFKD", text):
        if unicodedata.combining(char):
            continue
        if char.isupper() and previous.islower():
            spaced.append(" ")
        spaced.append(char)
        previous = char
    return tuple("".join(spaced).translate(_SEPARATORS).casefold().split())


def normal(text: str) -> str:
    """Return the normal form: the words, joined.

    >>> normal("Data Classification") == normal("data-classification") == normal("dataClassification")
    True
    """
    return "".join(words(text))
