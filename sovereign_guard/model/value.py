"""Unknown and Sensitive, and trees of JSON in which any node may be one of them; all other nodes are known.

There is no third thing and no bare `None` for "could not tell": `None` is Terraform's `null`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypeAlias

import msgspec

from sovereign_guard.language import later, say

HIDDEN = "(sensitive value)"
"""What stands in every text for a value that Terraform marks sensitive."""


class Reason(StrEnum):
    """Why a value is not known. The values stand in JSON (contract); `words` says them to a person."""

    AFTER_APPLY = later("known after apply")
    NO_VALUE = later("variable without value")
    MODULE_MISSING = later("module not on disk")
    NOT_SHOWN = later("expression not shown by the plan")
    UNSUPPORTED = later("unsupported expression")
    NOT_IN_CATALOG = later("not in the catalog")
    NO_CONFIGURATION = later("provider configuration not shown")
    NOT_SET = later("not set, and no default is documented")
    AMBIGUOUS = later("several values are possible")
    EVERYWHERE = later("global: no single place")
    TESTS_ONLY = later("provider made for tests")
    NOT_STATED = later("host whose operator nobody has stated")
    VOCABULARY = later("label value outside the vocabulary")
    HIDDEN = later("sensitive value, not shown")
    NOT_READ = later("data source not read")
    TOO_MANY = later("more than are looked at one by one")
    NO_SUCH_PLACE = later("not a region of this cloud in the catalog")


def words(reason: Reason) -> str:
    """Return a reason as a person is told it."""
    return say(reason.value)


class Evidence(msgspec.Struct, frozen=True, gc=False):
    """One step of the reasoning behind a fact.

    `what` says it in words; `where` is the place in the input or in the catalog it was read from.
    """

    what: str
    where: str = ""


class Reference(msgspec.Struct, frozen=True):
    """An attribute of a configuration block that an expression refers to.

    Attributes:
        path: names of the attribute and what is below, without indexes.
        index: instance key that the expression names itself (`b["x"].id`), None where it names none.
        module: address of the module instance in which the block's instance lies, None where not told.
        alike: where no key is named, it may well be the one of the resource that writes the expression;
            False where something else chooses the instance (`b[each.value]`, `b[local.main]`).

    """

    block: str
    path: tuple[str, ...]
    index: int | str | None = None
    module: str | None = None
    alike: bool = True

    def __str__(self) -> str:
        return ".".join((self.block, *self.path))


class Unknown(msgspec.Struct, frozen=True):
    """A value that could not be told, and why.

    Attributes:
        reason: the class of the cause.
        origin: place in the input, or the name of what is not known.
        detail: a few words more for the reader.
        hint: a value reached through references (see `read.references`). It may serve as evidence of a
            country, marked so; it never clears an operator, because a plan shows `lower(var.x)` and
            `var.dr ? "a" : var.x` as nothing but references to `var.x`.
        feeds: what of the configuration's blocks the expression refers to.
        only_feeds: the expression refers to nothing else than those blocks.

    """

    reason: Reason
    origin: str = ""
    detail: str = ""
    hint: str | None = None
    feeds: tuple[Reference, ...] = ()
    only_feeds: bool = False

    def __str__(self) -> str:
        text = words(self.reason)
        if self.detail:
            text = say("{reason}: {detail}", reason=text, detail=self.detail)
        return f"{text} ({self.origin})" if self.origin else text


class Sensitive(msgspec.Struct, frozen=True):
    """A value that Terraform marks sensitive: judged, never printed."""

    value: Any

    def __repr__(self) -> str:
        return "Sensitive(...)"

    def __str__(self) -> str:
        return HIDDEN


Tree: TypeAlias = Any
"""JSON (None, bool, int, float, str, list, dict) whose nodes may be Unknown or Sensitive."""


def plain(tree: Tree) -> Tree:
    """Take the mark of sensitivity off a node, for judging."""
    return tree.value if isinstance(tree, Sensitive) else tree


def holds_unknown(tree: Tree) -> bool:
    """Whether some node of a tree is Unknown."""
    tree = plain(tree)
    if isinstance(tree, dict):
        return any(holds_unknown(part) for part in tree.values())
    if isinstance(tree, list):
        return any(holds_unknown(part) for part in tree)
    return isinstance(tree, Unknown)


def first_unknown(tree: Tree) -> Unknown | None:
    """Return an Unknown node of a tree, None where there is none."""
    tree = plain(tree)
    if isinstance(tree, Unknown):
        return tree
    parts = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    return next((found for part in parts if (found := first_unknown(part)) is not None), None)


def walk(tree: Tree, path: tuple[str, ...]) -> list[Tree]:
    """Return the nodes at a path of names; lists on the way are walked through.

    An Unknown on the way stands for whatever lies below it, and what lies below something sensitive is
    sensitive. Absent attributes give nothing; nulls count as absent.
    """
    nodes = [tree]
    for name in path:
        nodes = [found for node in nodes for found in _step(node, name)]
    return [node for node in nodes if node is not None]


def _step(node: Tree, name: str) -> list[Tree]:
    if isinstance(node, Sensitive):
        return [
            below if isinstance(below, Unknown) else Sensitive(below) for below in _step(node.value, name)
        ]
    if isinstance(node, Unknown):
        return [node]
    if isinstance(node, list):
        return [found for item in node for found in _step(item, name)]
    if isinstance(node, dict):
        return list(node.values()) if name == "*" else [node[name]] if node.get(name) is not None else []
    return []


def texts(tree: Tree) -> list[tuple[str, bool]]:
    """Return the non-empty texts of a node (a text, or a list of them), each with whether it is sensitive."""
    if isinstance(tree, Sensitive):
        return [(text, True) for text, _hidden in texts(tree.value)]
    if isinstance(tree, list):
        return [found for item in tree for found in texts(item)]
    return [(tree, False)] if isinstance(tree, str) and tree else []
