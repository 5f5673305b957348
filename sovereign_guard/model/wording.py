"""How a list is said: of names that all hold, of names of which one does, and of sentences."""

from __future__ import annotations

from collections.abc import Iterable

from sovereign_guard.language import say


def both(names: Iterable[str]) -> str:
    """Return names of which all hold."""
    return say(" and ").join(names)


def either(names: Iterable[str]) -> str:
    """Return names of which one holds."""
    return say(" or ").join(names)


def also(sentences: Iterable[str]) -> str:
    """Return sentences in one line."""
    return say("; ").join(sentences)
