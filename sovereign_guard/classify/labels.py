"""Labels in every shape in which providers keep them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from sovereign_guard.model.value import HIDDEN, Sensitive, Tree, Unknown, plain

_KEY_NAMES = ("key", "Key", "name", "label", "tag_key")
_VALUE_NAMES = ("value", "Value", "values", "tag_value")
_VALUE_KEYS = frozenset(_VALUE_NAMES)
BLOCK_ARGUMENTS = frozenset((*_KEY_NAMES, *_VALUE_NAMES))
"""Arguments by which a block names its label's key and value. Never `silent`: such blocks would be missed."""


class Label(msgspec.Struct, frozen=True):
    """One label: its value is text, or Unknown. `key` is empty for a word that stands alone in a list."""

    key: str
    value: str | Unknown
    where: str
    hidden: bool = False

    @property
    def shown(self) -> str:
        """The value as it may be printed."""
        return HIDDEN if self.hidden else str(self.value)


class Ears(Protocol):
    """Knows which keys and words say something of data.

    Attributes:
        silent: keys known to say nothing. It grows as labels are heard, and is what keeps a scan fast: nearly
            all keys of nearly all resources are in it.

    """

    silent: set[str]

    def hears_key(self, key: str) -> bool:
        """Whether a key says something; if not, it joins `silent`."""
        ...

    def hears_word(self, word: str) -> bool:
        """Whether a word without a key says something."""
        ...


def labels_in(tree: Tree, where: str, ears: Ears, *, hidden: bool = False) -> Sequence[Label | Unknown]:
    """Return the labels that a container holds and that say something of data.

    An Unknown among them means that the container may hold labels that are not known.

    Shapes: a map; a list of `key=value` or `key:value` strings or of single words; one text that holds
    several of these; a list of blocks with a key and a value; one such block.

    Args:
        tree: the container. where: the place it was read from, for evidence.
        ears: which keys and words say something.
        hidden: whether it is part of a value that Terraform marks sensitive.

    """
    if isinstance(tree, dict):
        if not _VALUE_KEYS.isdisjoint(tree):
            return [
                *_from_block(tree, where, ears, hidden=hidden),
                *_from_map(tree, where, ears, hidden=hidden),
            ]
        return _from_map(tree, where, ears, hidden=hidden)
    if isinstance(tree, list):
        found: list[Label | Unknown] = []
        for item in tree:
            if isinstance(item, str):
                key, separator, _value = item.partition("=")
                if not separator or key not in ears.silent:
                    found.extend(_from_text(item, where, ears, hidden=hidden))
            else:
                found.extend(labels_in(item, where, ears, hidden=hidden))
        return found
    if isinstance(tree, Unknown):
        return (tree,)
    if isinstance(tree, Sensitive):
        return labels_in(tree.value, where, ears, hidden=True)
    if isinstance(tree, str):
        # A single text holding several: `a=b, c=d`.
        return [
            label
            for part in tree.replace(";", ",").split(",")
            for label in _from_text(part, where, ears, hidden=hidden)
        ]
    return ()


def _from_map(tree: dict[str, Tree], where: str, ears: Ears, *, hidden: bool) -> list[Label | Unknown]:
    return [
        label_of(key, tree[key], where, hidden=hidden)
        for key in sorted(tree.keys() - ears.silent)
        if ears.hears_key(key)
    ]


def _from_block(tree: dict[str, Tree], where: str, ears: Ears, *, hidden: bool) -> list[Label | Unknown]:
    """Return the label of a block `{key = ..., value = ...}`.

    A map of labels may have such keys too, so it is read as both.
    """
    key = next((plain(tree[name]) for name in _KEY_NAMES if name in tree), None)
    value = next((tree[name] for name in _VALUE_NAMES if name in tree), None)
    if isinstance(key, Unknown):
        return [key]
    if not isinstance(key, str) or not ears.hears_key(key):
        return []
    values = plain(value) if isinstance(plain(value), list) else [value]
    return [label_of(key, item, where, hidden=hidden or isinstance(value, Sensitive)) for item in values]


def _from_text(text: str, where: str, ears: Ears, *, hidden: bool) -> Sequence[Label]:
    """Return the label of a `key=value` or `key:value` text; the key may have colons (`acme:class:pii`)."""
    key, found, value = text.partition("=")
    if found and ears.hears_key(key):
        return (Label(key, value, where, hidden),)
    at = text.find(":")
    while at >= 0:
        if ears.hears_key(text[:at]):
            return (Label(text[:at], text[at + 1 :], where, hidden),)
        at = text.find(":", at + 1)
    return (Label("", text, where, hidden),) if ears.hears_word(text) else ()


def label_of(key: str, tree: Tree, where: str, *, hidden: bool = False) -> Label:
    """Return the label of a key and its value, whatever scalar that is."""
    if type(tree) is str:
        return Label(key, tree, where, hidden)
    hidden = hidden or isinstance(tree, Sensitive)
    value = plain(tree)
    if isinstance(value, Unknown):
        return Label(key, value, where, hidden)
    if isinstance(value, bool):
        return Label(key, "true" if value else "false", where, hidden)
    return Label(key, "" if value is None else str(value), where, hidden)
