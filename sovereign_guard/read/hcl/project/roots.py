"""A path -> its root modules, each an Inventory."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from sovereign_guard.catalog import Catalog
from sovereign_guard.errors import InputError, UsageError
from sovereign_guard.language import say
from sovereign_guard.model.finding import InputProblem
from sovereign_guard.model.resource import Backend, Inventory
from sovereign_guard.read.hcl.language.values import EvaluationError
from sovereign_guard.read.hcl.project.backends import backends_of
from sovereign_guard.read.hcl.project.estate import Estate, Library, Unit
from sovereign_guard.read.hcl.project.files import Reader, boundary_of, folders_below, legible_name
from sovereign_guard.read.hcl.project.inventory import (
    Declarations,
    configurations_of,
    declarations_of,
    inventory_of,
)
from sovereign_guard.read.hcl.project.module import Module
from sovereign_guard.read.hcl.project.providers import WrittenConfiguration
from sovereign_guard.read.hcl.project.terragrunt import NAMES, Terragrunt
from sovereign_guard.read.hcl.syntax import Parser
from sovereign_guard.read.hcl.syntax.tree import Literal
from sovereign_guard.read.options import SourceOptions

_NAMED = 5
"""Folders that a warning names."""

_PYTHON_FRAMES = 12_000
"""Evaluation calls itself; its own limit (evaluate.MAX_DEPTH) is reached before this many frames."""


def read_source(
    path: str, options: SourceOptions, catalog: Catalog, judged: set[Path]
) -> tuple[list[Inventory], list[InputProblem]]:
    """Read a folder of source: an inventory for each root module in it. A file stands for its folder alone.

    Args:
        path: as the user gave it. options: how source is read. catalog: what is known of providers.
        judged: folders of root modules that other paths have led to, which are left out; it grows.

    Raises:
        InputError: there is no source.
        UsageError: an option about variables is malformed.

    """
    sys.setrecursionlimit(max(sys.getrecursionlimit(), _PYTHON_FRAMES))
    top = Path(path)
    alone = not top.is_dir()
    if alone:
        top, path = top.parent, os.path.dirname(path) or "."  # noqa: PTH120 - a text as the user wrote it
    reader = Reader(boundary_of(top), Parser(cache=options.cache))
    library = Library(reader)
    folder = top.resolve()
    every = [(folder, True, False)] if alone else list(folders_below(folder, reader, NAMES))
    folders = [(found, _shown(path, folder, found)) for found, source, _named in every if source]
    reader.prepare(folders)
    modules = [library.module(found, shown) for found, shown in folders]
    terragrunt = Terragrunt(library, lambda found: _shown(path, folder, found))
    units = terragrunt.units([found for found, _source, named in every if named])
    if not modules and not units:
        for warning in terragrunt.warnings:
            raise InputError(warning, file=path)
        raise InputError(
            say("there is no Terraform or OpenTofu source in this folder or below it."),
            hint=say("Give a folder with .tf files, a plan (terraform show -json), or a state."),
            file=path,
        )
    roots: list[tuple[Module, Unit | None]] = [(root, None) for root in _roots(modules, terragrunt)]
    roots.extend((one.root, one.unit) for one in units)
    _check_names([root for root, _unit in roots], options)
    read: list[tuple[Estate, Inventory]] = []
    for root, unit in sorted(roots, key=_home):
        if _home((root, unit)) not in judged:
            judged.add(_home((root, unit)))
            estate = Estate(library, root, options, catalog, unit=unit)
            read.append((estate, inventory_of(estate)))
    made = {folder for estate, _inventory in read for folder in estate.instantiated}
    callers = _callers(modules)
    for module in modules:
        # Somebody calls it, but no time; it may be planned by itself all the same.
        by_itself = module.providers or all(
            module.folder in caller.parents for caller in callers.get(module.folder, [module.folder])
        )
        if by_itself and module.folder not in made and module.folder not in judged:
            judged.add(module.folder)
            estate = Estate(library, module, options, catalog)
            read.append((estate, inventory_of(estate)))
    read = _without_called(read)
    inventories = [inventory for _estate, inventory in read]
    problems = [
        msgspec.structs.replace(one, input=estate.path)
        for estate, _inventory in read
        for one in estate.problems
    ]
    made = {folder for estate, _inventory in read for folder in estate.instantiated}
    by_terragrunt = terragrunt.homes | terragrunt.called
    told = [
        *terragrunt.warnings,
        *_judged_nowhere([one for one in modules if one.folder not in made | judged | by_terragrunt]),
        *_not_looked_into([_shown(path, folder, found) for found in reader.hidden if found not in made]),
    ]
    if told and inventories:
        first = inventories[0]
        inventories[0] = msgspec.structs.replace(first, warnings=(*told, *first.warnings))
    # What is wrong with a file concerns every root module that uses it.
    shared = [*reader.problems, *terragrunt.problems]
    problems.extend(msgspec.structs.replace(one, input=path) for one in shared)
    problems.sort(key=lambda one: (one.file or "", one.line or 0, one.column or 0))
    return inventories, problems


def _judged_nowhere(modules: list[Module]) -> Iterator[str]:
    """Warn of modules that no call makes: one call with `count = 0` could hide a root module."""
    for module in modules:
        if module.resources or module.calls:
            yield say(
                "{path}: no call of this module makes anything, so it is judged nowhere. Is it planned by "
                "itself? Then give {path} as a path.",
                path=module.path,
            )


def _not_looked_into(folders: list[str]) -> Iterator[str]:
    """Warn of hidden folders: a root module that is moved into one is judged no more."""
    if folders:
        named = ", ".join(sorted(folders)[:_NAMED])
        if len(folders) > _NAMED:
            named = say("{named} and {number} more", named=named, number=len(folders) - _NAMED)
        yield say(
            "source in hidden folders is not judged: {folders}. Give such a folder as a path if it is "
            "planned.",
            folders=named,
        )


def _home(root: tuple[Module, Unit | None]) -> Path:
    module, unit = root
    return module.folder if unit is None else unit.home


def _without_called(read: list[tuple[Estate, Inventory]]) -> list[tuple[Estate, Inventory]]:
    """Leave out modules that another root module turned out to call, by a source that is an expression."""
    called = {
        folder
        for estate, _inventory in read
        for folder in estate.instantiated
        if folder != estate.root_folder
    }
    return [
        (estate, inventory)
        for estate, inventory in read
        if estate.unit is not None
        or estate.root_folder not in called
        or _is_marked(estate.root.module)
        or estate.root.module.providers
    ]


def _is_marked(module: Module) -> bool:
    """Whether a module's folder shows that it is planned by itself."""
    return module.backend is not None or (module.folder / ".terraform.lock.hcl").exists()


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
            hint = (
                say("Close to it: {names}.", names=", ".join(near))
                if near
                else say("Declare it, or leave the option out.")
            )
            raise UsageError(
                say("--var {name}: no root module declares this variable.", name=name), hint=hint
            )


def source_of_plan(
    folder: str, variables: Mapping[str, Any], options: SourceOptions, catalog: Catalog, *, tofu: bool
) -> tuple[Declarations, dict[str, WrittenConfiguration], tuple[Backend, ...], list[InputProblem]]:
    """Read the source of a plan: the blocks that it declares, provider configurations by key, and backends.

    Args:
        folder: that of the root module. variables: the values that the plan was made with.
        options: how source is read. catalog: what is known of providers.
        tofu: whether files that only OpenTofu reads are part of it.

    """
    sys.setrecursionlimit(max(sys.getrecursionlimit(), _PYTHON_FRAMES))
    top = Path(folder)
    reader = Reader(boundary_of(top), Parser(cache=options.cache), tofu=tofu)
    library = Library(reader)
    root = library.module(top.resolve(), os.path.normpath(folder))
    estate = Estate(library, root, options, catalog, of_plan=variables)
    declared = declarations_of(estate)
    configurations, backends = configurations_of(estate), backends_of(estate)
    return declared, configurations, backends, [*reader.problems, *estate.problems]


def _shown(path: str, top: Path, folder: Path) -> str:
    relative = legible_name(os.path.relpath(folder, top))
    path = legible_name(path)
    return os.path.normpath(path) if relative == "." else os.path.normpath(os.path.join(path, relative))  # noqa: PTH118


def _roots(modules: list[Module], terragrunt: Terragrunt) -> list[Module]:
    """Return the modules that are planned by themselves.

    These have a backend or a lock file, or nobody calls them. A provider configuration is the mark of one as
    well; but modules of old bring their own, so one that is called from elsewhere is judged where it is
    called. A call from a folder below (`examples/`) does not count as one. What a unit of Terragrunt's runs
    is judged with that unit.
    """
    called = _callers(modules)
    roots = [
        module
        for module in modules
        if module.folder not in terragrunt.homes
        and (
            _is_marked(module)
            or (
                module.folder not in terragrunt.called
                and (
                    not (callers := called.get(module.folder))
                    or (module.providers and all(module.folder in caller.parents for caller in callers))
                )
            )
        )
    ]
    return roots + _in_circles(modules, roots, terragrunt)


def _in_circles(modules: list[Module], roots: list[Module], terragrunt: Terragrunt) -> list[Module]:
    """Return modules that only call one another: no root leads to them, and they are not to be lost."""
    by_folder = {module.folder: module for module in modules}
    reached: set[Path] = set()

    def reach(folder: Path) -> None:
        waiting = [folder]
        while waiting:
            at = waiting.pop()
            if at not in reached:
                reached.add(at)
                waiting.extend(_called_by(by_folder[at]) if at in by_folder else ())

    for folder in (*terragrunt.homes, *terragrunt.called, *(module.folder for module in roots)):
        reach(folder)
    found: list[Module] = []
    for module in modules:
        if module.folder not in reached:
            found.append(module)
            reach(module.folder)
    return found


def _callers(modules: list[Module]) -> dict[Path, list[Path]]:
    """Return the folders from which each folder is called, itself left out."""
    called: dict[Path, list[Path]] = {}
    for module in modules:
        for folder in _called_by(module):
            if folder != module.folder:
                called.setdefault(folder, []).append(module.folder)
    return called


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
