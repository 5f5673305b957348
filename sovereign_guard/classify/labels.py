"""The effective labels of a resource, in every shape in which providers keep them."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from sovereign_guard.model.value import Sensitive, Tree, Unknown, plain

_KEY_NAMES = ("key", "Key", "name", "tag_key")
_VALUE_NAMES = ("value", "Value", "tag_value")


class Label(msgspec.Struct, frozen=True):
    """One label: its value is text, or Unknown. `key` is empty for a word that stands alone in a list."""

    key: str
    value: str | Unknown
    where: str
    hidden: bool = False

    @property
    def shown(self) -> str:
        """The value as it may be printed."""
        return "(sensitive value)" if self.hidden else str(self.value)


def labels_in(tree: Tree, where: str) -> Iterator[Label | Unknown]:
    """Give the labels that a container holds; an Unknown where it may hold labels that are not known.

    Shapes: a map; a list of `key=value` or `key:value` strings or of single words; a list of blocks with a key
    and a value; one such block.
    """
    hidden = isinstance(tree, Sensitive)
    tree = plain(tree)
    if isinstance(tree, Unknown):
        yield tree
    elif isinstance(tree, dict):
        pair = _pair(tree)
        if pair is None:
            for key, value in tree.items():
                yield _label(key, value, where, hidden)
        else:
            yield from _from_pair(pair, where, hidden)
    elif isinstance(tree, list):
        for item in tree:
            inner = Sensitive(plain(item)) if hidden and not isinstance(plain(item), Unknown) else item
            if isinstance(plain(inner), str):
                yield from _from_text(plain(inner), where, isinstance(inner, Sensitive))
            else:
                yield from labels_in(inner, where)
    elif isinstance(tree, str):
        # A single text holding several: `a=b, c=d`.
        for part in tree.split(","):
            yield from _from_text(part, where, hidden)


def _pair(tree: dict[str, Tree]) -> tuple[Tree, Tree] | None:
    key = next((name for name in _KEY_NAMES if name in tree), None)
    value = next((name for name in _VALUE_NAMES if name in tree), None)
    return None if key is None or value is None else (tree[key], tree[value])


def _from_pair(pair: tuple[Tree, Tree], where: str, hidden: bool) -> Iterator[Label | Unknown]:
    key = plain(pair[0])
    if isinstance(key, Unknown):
        yield key
    elif isinstance(key, str):
        yield _label(key, pair[1], where, hidden)


def _from_text(text: str, where: str, hidden: bool) -> Iterator[Label]:
    for separator in "=:":
        key, found, value = text.partition(separator)
        if found and key.strip():
            yield Label(key, value, where, hidden)
            return
    yield Label("", text, where, hidden)


def _label(key: str, tree: Tree, where: str, hidden: bool) -> Label:
    hidden = hidden or isinstance(tree, Sensitive)
    value = plain(tree)
    if isinstance(value, Unknown):
        return Label(key, value, where, hidden)
    if isinstance(value, bool):
        return Label(key, "true" if value else "false", where, hidden)
    return Label(key, "" if value is None else str(value), where, hidden)
