"""What one label says: (key, value) -> level, nothing, or a value that nobody can read."""

from __future__ import annotations

import msgspec

from sovereign_guard.classify.labels import BLOCK_ARGUMENTS
from sovereign_guard.model.knowledge import KeyRule, Vocabulary
from sovereign_guard.model.label import normal, words

_LONGEST_PHRASE = 6
_MOST_KEYS = 100_000
"""Keys that are remembered: bounds what an input with ever new ones can take."""


class Reading(msgspec.Struct, frozen=True):
    """What a label says.

    Attributes:
        level: index of the level that it says at least; None where it says none.
        outside: its key is a label key and its value is outside the vocabulary, so it may say any level from
            `level` upwards.

    """

    level: int | None
    outside: bool = False


NOTHING = Reading(None)


class Reader:
    """Reads labels by a vocabulary, remembering what it has read.

    Attributes:
        silent: keys known to say nothing of data (see `labels.Ears`).

    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._prefixable = frozenset(vocabulary.prefixable)
        self.silent: set[str] = set()
        self._rules: dict[str, KeyRule | None] = {}
        self._readings: dict[tuple[str, str], Reading | None] = {}
        self._bare: dict[str, int | None] = {}

    def hears_key(self, key: str) -> bool:
        """Whether a key is a label key."""
        if self._rules.get(key) is not None or self.rule(key) is not None:
            return True
        if key not in BLOCK_ARGUMENTS and len(self.silent) < _MOST_KEYS:
            self.silent.add(key)
        return False

    def hears_word(self, word: str) -> bool:
        """Whether a word without a key says a level."""
        return self.bare(word) is not None

    def rule(self, key: str) -> KeyRule | None:
        """Return how values of a key are read; None where it is no label key."""
        if key in self._rules:
            return self._rules[key]
        found = self._find_rule(key)
        if len(self._rules) < _MOST_KEYS:
            self._rules[key] = found
        return found

    def _find_rule(self, key: str) -> KeyRule | None:
        keys = self._vocabulary.keys
        parts = words(key)
        whole = "".join(parts)
        if whole in keys:
            return keys[whole]
        # `gouv.fr/classification`, `acme:pii`: what stands before is a namespace, whatever it says.
        local = normal(key[max(key.rfind("/"), key.rfind(":")) + 1 :])
        if local in keys:
            return keys[local]
        for start in range(1, len(parts)):
            joined = "".join(parts[start:])
            if joined in self._prefixable:
                return keys[joined]
        return None

    def read(self, key: str, value: str) -> Reading | None:
        """Return what the label says; None where it is no label of this kind (false friends included)."""
        at = (key, value)
        if at not in self._readings:
            rule = self.rule(key)
            self._readings[at] = None if rule is None else self._read(rule, value)
        return self._readings[at]

    def bare(self, word: str) -> int | None:
        """Return the level that a word without a key says in a list of labels, None for most words."""
        if word not in self._bare:
            form = normal(word)
            self._bare[word] = (
                self._vocabulary.values.get(form) if form in self._vocabulary.bare_words else None
            )
        return self._bare[word]

    def _read(self, rule: KeyRule, value: str) -> Reading | None:
        whole = normal(value)
        if whole in rule.false_friends:
            return None
        if whole in rule.values:
            return Reading(rule.values[whole])
        if rule.reads == "regime":
            return self._read_regimes(value)
        if rule.reads == "flag":
            if whole in self._vocabulary.yes:
                return Reading(rule.level)
            if whole in self._vocabulary.no:
                # It denies one kind of data and says nothing of the others.
                return NOTHING
        if whole in self._vocabulary.values:
            return Reading(self._vocabulary.values[whole])
        return self._read_parts(rule, value)

    def _read_regimes(self, value: str) -> Reading | None:
        levels = [level for phrase, level in self._phrases(words(value), self._vocabulary.regimes) if phrase]
        return Reading(max(levels)) if levels else None

    def _read_parts(self, rule: KeyRule, value: str) -> Reading | None:
        """Read a compound value word by word; a negation makes it readable only where it is listed whole."""
        parts = words(value)
        known = {**self._vocabulary.values, **rule.values}
        if self._vocabulary.negations and not set(self._vocabulary.negations).isdisjoint(parts):
            return Reading(None, outside=True) if rule.strict else None
        levels: list[int] = []
        complete = bool(parts)
        for phrase, level in self._phrases(parts, known):
            if phrase:
                levels.append(level)
            else:
                complete = False
        if levels and complete:
            return Reading(max(levels))
        if not rule.strict:
            return None
        return Reading(max(levels) if levels and max(levels) > 0 else None, outside=True)

    def _phrases(self, parts: tuple[str, ...], known: dict[str, int]) -> list[tuple[str, int]]:
        """Split words into the longest phrases that are known; ("", 0) for each word that is not.

        Words that only strengthen (highly, strictly) are passed over.
        """
        found: list[tuple[str, int]] = []
        at = 0
        while at < len(parts):
            for end in range(min(len(parts), at + _LONGEST_PHRASE), at, -1):
                phrase = "".join(parts[at:end])
                if phrase in known:
                    found.append((phrase, known[phrase]))
                    at = end
                    break
            else:
                if parts[at] not in self._vocabulary.qualifiers:
                    found.append(("", 0))
                at += 1
        return found
