"""One root module with all that it calls: what its instances share."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from sovereign_guard.catalog import Catalog
from sovereign_guard.language import say
from sovereign_guard.model.finding import InputProblem
from sovereign_guard.model.value import Reason, Sensitive, Unknown, walk
from sovereign_guard.read.hcl.language.evaluate import Budget, FunctionScope
from sovereign_guard.read.hcl.language.functions.function import Files
from sovereign_guard.read.hcl.language.types import Type, convert
from sovereign_guard.read.hcl.language.values import EvaluationError, Value, failed, weight_of
from sovereign_guard.read.hcl.project.files import Boundary, Reader, legible_name
from sovereign_guard.read.hcl.project.instance import ModuleInstance, Place, as_text
from sovereign_guard.read.hcl.project.module import Module
from sovereign_guard.read.hcl.project.providers import Providers
from sovereign_guard.read.hcl.project.source import Section
from sovereign_guard.read.hcl.project.variables import Given, from_json, from_text, given_values
from sovereign_guard.read.hcl.syntax.native import parse_native
from sovereign_guard.read.options import SourceOptions

MAX_RESOURCES = 300_000
"""Instances of blocks and modules of one root module that are told apart."""

MAX_MODULES = 20_000
"""Instances of modules of one root module."""

MAX_MODULE_DEPTH = 30
_LEAST_STEPS = 10_000_000
_STEPS_PER_BYTE = 8
_REGISTRY = "registry.terraform.io/"
_LOCAL = ("./", "../", ".\\", "..\\")


def _legible_source(source: str) -> str:
    """Return where a module comes from, without what may be a credential: the user and query of a URL."""
    return re.sub(r"(://)[^/@\s]*@", r"\1", source.partition("?")[0])[:100]


class Unit(msgspec.Struct, frozen=True, eq=False):
    """What Terragrunt adds to a root module that it runs.

    Attributes:
        path: the unit's folder as shown, home: where it is.
        inputs: values of variables that count less than all others, fixed: that count more than files do.
        values: what `terragrunt.name` means in what stands in for files that are not there.
        unread: set where files that are written beside the module cannot be told.
        state: set where it cannot be told where the state is kept.
        digest: of the unit's configuration.

    """

    path: str
    home: Path
    inputs: Mapping[str, Given]
    fixed: Mapping[str, Given]
    values: Mapping[str, Value]
    unread: Unknown | None
    state: Unknown | None
    warnings: tuple[str, ...]
    digest: str


class Library:
    """The modules of a scan: each folder is read once, whoever calls it."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.boundary: Boundary = reader.boundary
        self._modules: dict[Path, Module] = {}

    def module(self, folder: Path, shown: str) -> Module:
        """Return the module in a folder."""
        found = self._modules.get(folder)
        if found is None:
            found = self._modules[folder] = Module(folder, shown, self.reader.files(folder, shown))
            self.reader.problems.extend(found.problems)
        return found


class Estate:
    """One root module and what its evaluation shares: budget, variable values, modules on disk.

    Attributes:
        missing: calls whose module is not on disk, by path, each with its caller and why.
        used: every module that was met, by folder. instantiated: folders of those that are called at all.
        path: of the input, as shown. unit: the unit of Terragrunt's that runs the root module.

    """

    def __init__(
        self,
        library: Library,
        root: Module,
        options: SourceOptions,
        catalog: Catalog,
        of_plan: Mapping[str, Any] | None = None,
        unit: Unit | None = None,
    ) -> None:
        """Take a root module, and the variable values of its plan where one is being explained."""
        self.unit = unit
        self.path = unit.path if unit is not None else root.path
        self._home = unit.home if unit is not None else root.folder
        self._library = library
        self._options = options
        self.catalog = catalog
        self.providers = Providers()
        self.boundary = library.boundary
        self.root_folder = root.folder
        self._path = root.path or "."
        self.problems: list[InputProblem] = []
        self.missing: dict[str, tuple[ModuleInstance, str, Section, str]] = {}
        self.used: dict[Path, Module] = {root.folder: root}
        self._given = (
            given_values(
                [(root.folder, root.path), (self._home, self.path)],
                options,
                library.reader,
                unit.inputs if unit is not None else None,
                unit.fixed if unit is not None else None,
            )
            if of_plan is None
            else {name: Given(from_json(value), None, say("the plan")) for name, value in of_plan.items()}
        )
        self._of_plan = of_plan is not None
        self._told: set[str] = set()
        self.workspace_is_assumed = False
        self.workspace: Value = self._workspace()
        self._installed: dict[str, tuple[Path, str]] | None = None
        self._count = 0
        self.instantiated: set[Path] = set()
        self._modules = 0
        size = sum(len(file.data) for file in root.files)
        self.budget = Budget(_LEAST_STEPS + _STEPS_PER_BYTE * size)
        self.functions = FunctionScope(Files(self.boundary.root, root.folder))
        self.locked = self._lock_file()
        self.root = ModuleInstance(self, root, "", "", None, None, Place(None, {}))

    # -- limits ----------------------------------------------------------------------------------------------

    def room_for(self, instances: int) -> bool:
        """Whether so many instances more can be told apart; if so, they are counted."""
        if self._count + instances > MAX_RESOURCES:
            return False
        self._count += instances
        return True

    def room_for_modules(self, instances: int) -> bool:
        """Whether so many module instances more are looked into; if so, they are counted."""
        self._modules += instances
        return self._modules <= MAX_MODULES

    def bounded(self, value: Value) -> Value:
        """Return a value that is worth looking into.

        Raises:
            LimitError: it has too many parts, counted as often as they are repeated.

        """
        if isinstance(value, dict | tuple | Sensitive):
            self.budget.spend(weight_of(value) >> 3)
        return value

    # -- variables -------------------------------------------------------------------------------------------

    def given(
        self, name: str, section: Section, wanted: Type, filled: Callable[[Value, Type], Value]
    ) -> tuple[Value, bool]:
        """Return the value given to a variable of the root module, and whether one was given."""
        found = self._given.get(name)
        if found is None:
            return None, False
        ephemeral = section.argument("ephemeral")
        if self._of_plan and ephemeral is not None and ephemeral.literal is True:
            return Unknown(Reason.NOT_SHOWN, f"var.{name}", say("a plan keeps no ephemeral value")), True
        try:
            value = found.value
            if found.text is not None:
                value = from_text(found.text, wanted if section.argument("type") is not None else None)
            return convert(filled(value, wanted), wanted), True
        except EvaluationError as error:
            if name not in self._told:
                self._told.add(name)
                line, column = section.position
                self.problems.append(
                    InputProblem(
                        section.file.path,
                        say(
                            "the value given to var.{name} ({place}) does not fit its type: {error}.",
                            name=name,
                            place=found.place,
                            error=error,
                        ),
                        say("Terraform refuses it as well; it is taken as not known."),
                        section.file.path,
                        line,
                        column,
                    )
                )
            return failed(
                say("the value given does not fit its type: {error}", error=error), f"var.{name}"
            ), True

    @property
    def from_environment(self) -> list[str]:
        """Names of variables whose value comes from the environment."""
        return sorted(
            name
            for name, given in self._given.items()
            if given.place.startswith("environment") and name in self.root.module.variables
        )

    def _workspace(self) -> Value:
        if self._options.workspace is not None:
            return self._options.workspace
        if self._of_plan:
            return Unknown(Reason.NOT_SHOWN, "terraform.workspace", say("give it with --workspace"))
        named = self._options.environment.get("TF_WORKSPACE")
        if named:
            return legible_name(named)
        path = self._home / ".terraform" / "environment"
        data = self._library.reader.bytes_of(path, self._shown(path)) if path.is_file() else None
        chosen = (data or b"")[:200].decode("utf-8", "replace").strip()
        self.workspace_is_assumed = not chosen
        return chosen or "default"

    # -- modules ---------------------------------------------------------------------------------------------

    def called_module(self, caller: ModuleInstance, name: str, call: Section) -> Module | None:
        """Return the module that a call names; None, told once, where it is not at hand."""
        argument = call.argument("source")
        source: str | None = None
        if argument is not None:
            try:
                source = as_text(caller.evaluator.evaluate(argument.expression))
            except EvaluationError:
                source = None
        if source is None:
            self._not_here(caller, name, call, say("its source is not known"))
            return None
        if source.startswith(_LOCAL) or source in (".", ".."):
            folder = Path(os.path.normpath(caller.module.folder / source.replace("\\", "/")))
            problem = self._why_not(caller, folder)
        else:
            fetched = self._fetched(caller, name, call, source)
            if fetched is None:
                return None
            folder = fetched
            problem = self._why_not(caller, folder)
        if problem:
            self._tell(name, call, problem)
            self._not_here(caller, name, call, problem)
            return None
        folder = folder.resolve()  # A link to itself would be another module at every turn.
        module = self._library.module(folder, self._shown(folder))
        if folder not in self.used:
            self.used[folder] = module
            self.budget.steps += _STEPS_PER_BYTE * sum(len(file.data) for file in module.files)
        return module

    def _fetched(self, caller: ModuleInstance, name: str, call: Section, source: str) -> Path | None:
        """Return the folder to which `terraform init` has fetched a module; None, told, where it has not."""
        names = [*caller.path.split(".")[1::2], name]
        folder, origin = self._installations().get(".".join(names), (None, ""))
        if folder is not None and origin.removeprefix(_REGISTRY) == source.removeprefix(_REGISTRY):
            return folder
        advice = (
            say("run `terraform init`") if self.unit is None else say("Terragrunt fetches it when it runs")
        )
        if folder is None:
            why = say("{source} is not on disk: {advice}", source=_legible_source(source), advice=advice)
        else:
            why = say(
                "{source} is not what was fetched: {advice}", source=_legible_source(source), advice=advice
            )
        self._not_here(caller, name, call, why)
        return None

    def _tell(self, name: str, call: Section, problem: str) -> None:
        """Add the problem of a call, once however often its module is instantiated."""
        if call.place in self._told:
            return
        self._told.add(call.place)
        line, column = call.position
        self.problems.append(
            InputProblem(
                call.file.path,
                say('the module "{name}" cannot be read: {problem}.', name=name, problem=problem),
                say("Mend its source; what it makes is judged as not known."),
                call.file.path,
                line,
                column,
            )
        )

    def _why_not(self, caller: ModuleInstance, folder: Path) -> str:
        """Return why a folder cannot be a module here, empty where it can."""
        if not self.boundary.holds(folder):
            return say("it lies outside what is scanned")
        if not os.path.isdir(folder):  # noqa: PTH112 - a name that no disk takes is no error
            return say("there is no such folder")
        instance: ModuleInstance | None = caller
        if caller.depth >= MAX_MODULE_DEPTH:
            return say("modules are nested more than {most} deep", most=MAX_MODULE_DEPTH)
        real = folder.resolve()
        while instance is not None:
            if instance.module.folder == real:
                return say("it calls itself")
            instance = instance.parent
        return ""

    def leave_out(self, caller: ModuleInstance, name: str, call: Section) -> None:
        """Note a call beyond the number of module instances that are looked into."""
        self._not_here(
            caller, name, call, say("there are more than {most} module instances", most=MAX_MODULES)
        )

    def _not_here(self, caller: ModuleInstance, name: str, call: Section, why: str) -> None:
        path = f"{caller.path}.module.{name}" if caller.path else f"module.{name}"
        noted = self.missing.get(path)
        # Of several callers one stands for all; not one that calls it no time.
        if noted is None or not _calls(noted[0], noted[2]):
            self.missing[path] = caller, name, call, why

    def _shown(self, path: Path) -> str:
        """Return a path as the user is told, who named the root module's folder in some way."""
        return os.path.normpath(os.path.join(self._path, os.path.relpath(path, self.root_folder)))  # noqa: PTH118

    def _installations(self) -> dict[str, tuple[Path, str]]:
        """Return folder and source of each module that `terraform init` has fetched, by its call's path."""
        if self._installed is None:
            self._installed = {}
            manifest = self.root_folder / ".terraform" / "modules" / "modules.json"
            document = self._json(manifest)
            entries = document.get("Modules") if isinstance(document, dict) else None
            for entry in entries if isinstance(entries, list) else ():
                key = entry.get("Key") if isinstance(entry, dict) else None
                folder = entry.get("Dir") if isinstance(entry, dict) else None
                origin = entry.get("Source") if isinstance(entry, dict) else None
                if isinstance(key, str) and isinstance(folder, str) and isinstance(origin, str) and key:
                    self._installed[key] = Path(os.path.normpath(self.root_folder / folder)), origin
        return self._installed

    def _json(self, path: Path) -> Any:
        if not path.is_file():
            return None
        shown = self._shown(path)
        data = self._library.reader.bytes_of(path, shown)
        try:
            return json.loads(data) if data is not None else None
        except (ValueError, RecursionError):
            self.problems.append(
                InputProblem(shown, say("this is not JSON."), say("Run `terraform init` again."), shown)
            )
            return None

    # -- the lock file, data sources -------------------------------------------------------------------------

    def _lock_file(self) -> dict[str, str]:
        """Return the addresses of locked providers by type, of those whose type is theirs alone."""
        path = self._home / ".terraform.lock.hcl"
        if not path.is_file():
            return {}
        data = self._library.reader.bytes_of(path, self._shown(path))
        found: dict[str, list[str]] = {}
        for block in parse_native(data).body.blocks if data is not None else ():
            if block.type == "provider" and len(block.labels) == 1:
                address = block.labels[0].lower()
                found.setdefault(address.rpartition("/")[2], []).append(address)
        return {name: addresses[0] for name, addresses in found.items() if len(addresses) == 1}

    def label_attributes(self, resource_type: str) -> tuple[str, ...]:
        """Return the attributes in which resources of a type hold labels, which are maps of texts."""
        provider = self.catalog.provider("", resource_type)
        return self.catalog.type_facts(provider, resource_type).labels

    def data_value(self, instance: ModuleInstance, address: str, name: str) -> Value:
        """Return an attribute of a data source that the provider configuration alone decides, else None."""
        if not address.startswith("data."):
            return None
        section = instance.module.resources[address]
        provider, configurations = self.providers.of(instance, section, {})
        fact = self.catalog.data_source(provider, section.labels[0]).get(name)
        if fact is None or len(configurations) != 1 or any(one in section.arguments for one in fact.unless):
            return None
        settings = configurations[0].settings
        found = walk(settings, tuple(fact.setting.split(".")))
        if len(found) != 1 or any(settings.get(one) is not None for one in fact.unless_settings):
            return None
        if fact.starts and isinstance(found[0], str):
            return fact.by_start(found[0])
        return from_json(found[0])


def _calls(caller: ModuleInstance, call: Section) -> bool:
    """Whether a module is called at all, as far as can be told."""
    try:
        return bool(caller.expansion(call).places)
    except EvaluationError:
        return True
