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
    """Why a value is not known. The values stand in JSON (contract); `words` says them to a person.

    Below each stands what it means and, as a paragraph of its own, what helps: docs/generate.py reads both
    for docs/limitations.md, and the README says the same.
    """

    AFTER_APPLY = later("known after apply")
    """The value comes from a resource that does not exist yet.

    Take labels, regions and endpoints from variables or locals.
    """

    NO_VALUE = later("variable without value")
    """From source: the root module's variable has no default, and no value was given.

    Give it with `--var` or `--var-file`.
    """

    MODULE_MISSING = later("module not on disk")
    """From source: the module has not been fetched. Until then the call stands for all that the module makes:
    `module.NAME`, of which only the inputs are known.

    Run `terraform init` first, which fetches it.
    """

    NOT_SHOWN = later("expression not shown by the plan")
    """A plan shows an expression only as the list of what it refers to: `var.region` and `var.dr ?
    "us-east-2" : var.region` look alike. The value of the variable is evidence of a place at best and never
    clears an operator.

    Let the source be read with the plan (`--source DIR`), or write a constant.
    """

    UNSUPPORTED = later("unsupported expression")
    """The setting holds something else than it can take; or an expression in source that cannot be evaluated:
    Terraform would refuse it as well, it rests on the machine that plans (`path.cwd`, the home folder), on a
    function of a provider, or on a file outside the checkout, or it goes over a limit. The detail says which.

    Write the value as a constant or a variable, or judge the plan.
    """

    NOT_IN_CATALOG = later("not in the catalog")
    """A provider, operator, or controller that has no entry.

    State whose the provider is under `operators`, or add the entry to a catalog of your own.
    """

    NO_CONFIGURATION = later("provider configuration not shown")
    """A state, or a plan that was cut. In source: the configuration that is named is declared nowhere.

    Judge the plan or the source, and declare the provider configuration there.
    """

    NOT_SET = later("not set, and no default is documented")
    """Nobody says it in the configuration; it comes from the environment or from a file that neither plan nor
    source shows.

    Write it into the provider configuration or at the resource.
    """

    AMBIGUOUS = later("several values are possible")
    """The candidates are known; which of them it is, is not.

    Make known what decides between them: mostly the region or the endpoint.
    """

    EVERYWHERE = later("global: no single place")
    """The service has no region, so it stands in no one country.

    Where the policy asks for a place, choose a service that has one.
    """

    TESTS_ONLY = later("provider made for tests")
    """Its resources lie nowhere.

    Use the provider that places the real resource.
    """

    NOT_STATED = later("host whose operator nobody has stated")
    """An endpoint that the catalog does not know.

    State whose it is under `operators`.
    """

    VOCABULARY = later("label value outside the vocabulary")
    """The label may say any level.

    Use a word of `sovereign-guard catalog labels`, or add yours to a catalog of your own.
    """

    HIDDEN = later("sensitive value, not shown")
    """Terraform marks it sensitive, so it is never printed. A region is judged and not named; the name of the
    cloud below a service is not used.

    Take the mark off a region or a name of a cloud, which are no secrets.
    """

    NOT_READ = later("data source not read")
    """From source: only the provider could tell. A few are known from the provider configuration alone, such
    as `aws_region`.

    Give the value by a variable, or judge the plan.
    """

    TOO_MANY = later("more than are looked at one by one")
    """More than 10,000 instances of one block, or 300,000 of one root module: one entry `[*]` stands for all.

    Judge the plan, which lists them.
    """

    NO_SUCH_PLACE = later("not a region of this cloud in the catalog")
    """A new or mistyped region.

    Mend the spelling, or add the region to a catalog of your own.
    """


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
