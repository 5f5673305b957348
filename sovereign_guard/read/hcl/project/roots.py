"""A path -> its root modules, each an Inventory."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from sovereign_guard.catalog import Catalog
from sovereign_guard.errors import InputError, UsageError
from sovereign_guard.model.finding import InputProblem
from sovereign_guard.model.resource import Inventory, ProviderConfiguration
from sovereign_guard.read.hcl.language.values import EvaluationError
from sovereign_guard.read.hcl.project.estate import Estate, Library
from sovereign_guard.read.hcl.project.files import Reader, boundary_of, folders_of_source
from sovereign_guard.read.hcl.project.inventory import configurations_of, inventory_of
from sovereign_guard.read.hcl.project.module import Module
from sovereign_guard.read.hcl.syntax import Parser
from sovereign_guard.read.hcl.syntax.tree import Literal
from sovereign_guard.read.options import SourceOptions

_PYTHON_FRAMES = 12_000
"""Evaluation calls itself; its own limit (evaluate.MAX_DEPTH) is reached before this many frames."""


def read_source(
    path: str, options: SourceOptions, catalog: Catalog
) -> tuple[list[Inventory], list[InputProblem]]:
    """Read a folder of source (or the folder of a file): an inventory for each root module in it.

    Raises:
        InputError: there is no source.
        UsageError: an option about variables is malformed.

    """
    sys.setrecursionlimit(max(sys.getrecursionlimit(), _PYTHON_FRAMES))
    top = Path(path)
    if not top.is_dir():
        top, path = top.parent, os.path.dirname(path) or "."  # noqa: PTH120 - a text as the user wrote it
    reader = Reader(boundary_of(top), Parser(cache=options.cache))
    library = Library(reader)
    folder = top.resolve()
    folders = [(found, _shown(path, folder, found)) for found in folders_of_source(folder)]
    reader.prepare(folders)
    modules = [library.module(found, shown) for found, shown in folders]
    if not modules:
        raise InputError(
            "there is no Terraform or OpenTofu source in this folder or below it.",
            hint="Give a folder with .tf files, a plan (terraform show -json), or a state.",
            file=path,
        )
    inventories: list[Inventory] = []
    problems: list[InputProblem] = []
    roots = _roots(modules)
    _check_names(roots, options)
    for root in roots:
        estate = Estate(library, root, options, catalog)
        inventories.append(inventory_of(estate))
        problems.extend(msgspec.structs.replace(one, input=root.path) for one in estate.problems)
    # What is wrong with a file concerns every root module that uses it.
    return inventories, [*(msgspec.structs.replace(one, input=path) for one in reader.problems), *problems]


def _check_names(roots: list[Module], options: SourceOptions) -> None:
    """Refuse a value for a variable that no root module declares: a slip of the pen would go unseen.

    Raises:
        UsageError: there is one.

    """
    declared = {name for root in roots for name in root.variables}
    for kind, argument in options.assignments:
        name = argument.partition("=")[0].strip()
        if kind == "var" and name not in declared:
            from difflib import get_close_matches

            near = get_close_matches(name, declared, 3)
            hint = f"Close to it: {', '.join(near)}." if near else "Declare it, or leave the option out."
            raise UsageError(f"--var {name}: no root module declares this variable.", hint=hint)


def source_of_plan(
    folder: str, variables: Mapping[str, Any], options: SourceOptions, catalog: Catalog
) -> tuple[Inventory, dict[str, ProviderConfiguration], list[InputProblem]]:
    """Read the source of a plan: its inventory, and its provider configurations by key.

    Args:
        folder: that of the root module. variables: the values that the plan was made with.

    """
    sys.setrecursionlimit(max(sys.getrecursionlimit(), _PYTHON_FRAMES))
    top = Path(folder)
    reader = Reader(boundary_of(top), Parser(cache=options.cache))
    library = Library(reader)
    root = library.module(top.resolve(), os.path.normpath(folder))
    estate = Estate(library, root, options, catalog, of_plan=variables)
    inventory = inventory_of(estate)
    return inventory, configurations_of(estate), [*reader.problems, *estate.problems]


def _shown(path: str, top: Path, folder: Path) -> str:
    relative = os.path.relpath(folder, top)
    return os.path.normpath(path) if relative == "." else os.path.normpath(os.path.join(path, relative))  # noqa: PTH118


def _roots(modules: list[Module]) -> list[Module]:
    """Return the modules that are planned by themselves.

    These have a backend or a lock file, or nobody calls them. A provider configuration is the mark of one as
    well; but modules of old bring their own, so one that is called from elsewhere is judged where it is
    called. A call from a folder below (`examples/`) does not count as one.
    """
    called: dict[Path, list[Path]] = {}
    for module in modules:
        for folder in _called_by(module):
            called.setdefault(folder, []).append(module.folder)
    return [
        module
        for module in modules
        if module.has_backend
        or (module.folder / ".terraform.lock.hcl").exists()
        or not (callers := called.get(module.folder))
        or (module.providers and all(module.folder in caller.parents for caller in callers))
    ]


def _called_by(module: Module) -> list[Path]:
    found: list[Path] = []
    for call in module.calls.values():
        argument = call.argument("source")
        try:
            source = argument.expression if argument is not None else None
        except EvaluationError:
            continue
        if isinstance(source, Literal) and isinstance(source.value, str) and source.value.startswith("."):
            found.append(Path(os.path.normpath(module.folder / source.value)))
    return found
