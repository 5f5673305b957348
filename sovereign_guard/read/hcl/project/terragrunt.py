"""Terragrunt's units -> root modules, with the values that Terragrunt gives them.

Files are read, and nothing is ever run: what depends on the environment, on a command, on the outputs of
another unit or on a secret is Unknown. What Terragrunt writes beside a module before it runs Terraform
(`generate`, `remote_state`) is written here in memory.

Source: Terragrunt's documentation, "HCL reference" (https://terragrunt.gruntwork.io/docs/reference/hcl/:
blocks, attributes, functions), and what its `pkg/config` does at commit 286a33c; read 2026-11-24.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from sovereign_guard.errors import InputError
from sovereign_guard.language import later, say
from sovereign_guard.model.finding import InputProblem
from sovereign_guard.model.value import Reason, Sensitive, Unknown
from sovereign_guard.read.hcl.language.evaluate import Budget, Evaluator, FunctionScope, as_tree
from sovereign_guard.read.hcl.language.functions import FUNCTIONS
from sovereign_guard.read.hcl.language.functions.function import Files
from sovereign_guard.read.hcl.language.types import STRING, convert
from sovereign_guard.read.hcl.language.values import (
    EvaluationError,
    LimitError,
    Pending,
    Value,
    failed,
    unknown_in,
    without_marks,
)
from sovereign_guard.read.hcl.project.estate import Library, Unit
from sovereign_guard.read.hcl.project.files import is_source, source_names
from sovereign_guard.read.hcl.project.instance import as_text
from sovereign_guard.read.hcl.project.module import Module
from sovereign_guard.read.hcl.project.source import Argument, Section, SourceFile
from sovereign_guard.read.hcl.project.variables import ENVIRONMENT, Given, is_values_file, values_in
from sovereign_guard.read.hcl.syntax.json_syntax import parse_json
from sovereign_guard.read.hcl.syntax.native import parse_native
from sovereign_guard.read.hcl.syntax.tree import (
    Access,
    Attribute,
    Block,
    Body,
    GetAttribute,
    Literal,
    Name,
    Step,
    Structure,
    Template,
)

CONFIGURATION = "terragrunt.hcl"
CONFIGURATION_JSON = "terragrunt.hcl.json"
STACK = "terragrunt.stack.hcl"
NAMES = frozenset({CONFIGURATION, CONFIGURATION_JSON, STACK})
"""Names of the files by which a folder is Terragrunt's."""

MAX_UNITS = 20_000
"""Units that are read below one path."""

MAX_READS = 8
"""Configurations that read one another with `read_terragrunt_config`."""

MAX_PARENTS = 100
"""Folders above one that `find_in_parent_folders` looks into, as in Terragrunt."""

UNTOLD = "unknown"
"""Name below `terragrunt` that stands, in a generated file, for what cannot be told."""

_STEPS = 5_000_000
_STEPS_PER_READ = 10_000
_HOLE = "${terragrunt." + UNTOLD + "}"
_LATER = later("Terragrunt works it out when it runs")
_MACHINE = later("a path that depends on where Terragrunt runs")
_GIVEN_LATER = frozenset({"dependency", "values", "feature", "unit", "stack"})
_PATH_FUNCTIONS = frozenset(
    {"abspath", "basename", "coalesce", "compact", "concat", "dirname", "element", "fileset", "flatten"}
    | {"format", "join", "lookup", "merge", "pathexpand", "tolist", "tomap", "trimsuffix"}
    | {"file", "fileexists", "filebase64", "filebase64sha256", "filebase64sha512"}
    | {"filemd5", "filesha1", "filesha256", "filesha512"}
)
"""Functions whose result still shows whether a path of this machine is in it."""

_WHAT_RUNS = frozenset({"plan", "apply"})


class UnitRoot(msgspec.Struct, frozen=True, eq=False):
    """A unit's root module, and what Terragrunt adds to it."""

    root: Module
    unit: Unit


class Terragrunt:
    """The units below a path.

    Attributes:
        homes: folders of configurations, whose source is judged as that of their unit.
        called: folders of modules that units run.
        problems: what is wrong with configurations.
        warnings: what is recognised and not read.

    """

    def __init__(self, library: Library, shown: Callable[[Path], str]) -> None:
        """Take the modules of the scan, and how a folder is shown to the user."""
        self.library = library
        self.boundary = library.boundary
        self.shown = shown
        self.homes: set[Path] = set()
        self.called: set[Path] = set()
        self.problems: list[InputProblem] = []
        self.warnings: list[str] = []
        self._told: set[InputProblem] = set()

    def units(self, folders: Iterable[Path]) -> list[UnitRoot]:
        """Return the units of folders that hold files of NAMES.

        A configuration that names no source and has none beside it is no unit, as for Terragrunt.
        """
        found: list[UnitRoot] = []
        for folder in folders:
            if _is_file(folder / STACK):
                self.warnings.append(
                    say(
                        "{path}: a stack of Terragrunt's is not read: run `terragrunt stack generate` before "
                        "the scan, or judge the plans of its units.",
                        path=self._path(folder / STACK),
                    )
                )
            path = folder / CONFIGURATION
            if not _is_file(path):
                path = folder / CONFIGURATION_JSON
                if not _is_file(path):
                    continue
            self.homes.add(folder)
            if len(found) >= MAX_UNITS:
                self.tell(
                    InputProblem(
                        self.shown(folder),
                        say(
                            "there are more than {most} units of Terragrunt's; the others are not read.",
                            most=MAX_UNITS,
                        ),
                        say("Scan the folders below one by one."),
                    )
                )
                break
            made = self._unit(folder, path)
            if made is not None:
                found.append(made)
        return found

    def tell(self, problem: InputProblem) -> None:
        """Add a problem, once however many units meet it."""
        if problem not in self._told:
            self._told.add(problem)
            self.problems.append(problem)

    def fault(self, section: Section | Argument, message: str, hint: str) -> None:
        """Add a problem at a place."""
        file = section.file
        at = section.block.at if isinstance(section, Section) else section.attribute.at
        line, column = file.position(at)
        self.tell(InputProblem(file.path, message, hint, file.path, line, column))

    def file(self, path: Path) -> SourceFile | None:
        """Return a file of configuration; None where there is none inside what is scanned."""
        if not self.boundary.holds(path) or not _is_file(path):
            return None
        return self.library.reader.file(path, self._path(path))

    def _path(self, path: Path) -> str:
        return os.path.normpath(os.path.join(self.shown(path.parent), path.name))  # noqa: PTH118

    def _unit(self, folder: Path, path: Path) -> UnitRoot | None:
        file = self.file(path)
        if file is None:
            return None
        if path.name == CONFIGURATION_JSON:
            text = say("{path}: a configuration of Terragrunt's in JSON is not read.", path=file.path)
            unknown = Unknown(Reason.UNSUPPORTED, file.path, say("JSON of Terragrunt's is not read"))
            empty = _Settings(rest=unknown, unread=unknown)
            return _Assembly(self, folder, file, empty).made(unknown, None, [text])
        configuration = _Configuration(self, file, path, None, path, 0, Budget(_STEPS))
        if configuration.skipped:
            self.warnings.append(
                say("{path}: `skip = true`: Terragrunt does not run it, nor is it judged.", path=file.path)
            )
            return None
        settings = configuration.merged()
        beside = source_names(folder)
        if settings.source is None and not settings.unread_include and not beside:
            return None
        source: Value = None
        where: Argument | None = None
        if settings.source is not None:
            owner, where = settings.source
            source = owner.raw(where)
        elif settings.unread_include and not beside:
            source = settings.unread
        return _Assembly(self, folder, file, settings).made(source, where, [])


# -- one file of configuration -------------------------------------------------------------------------------


class _Generate(msgspec.Struct, frozen=True, eq=False):
    """A `generate` block, or one entry of the attribute; `contents` holds `_HOLE` for what is unknown."""

    place: Section | Argument
    path: Value
    exists: Value
    disable: Value
    disabled: Value
    contents: Value


class _Settings(msgspec.Struct, eq=False):
    """What a configuration says, with what it includes.

    Attributes:
        inputs: by name. rest: set where others may be given, with values that cannot be told.
        unread: set where some file that is written beside the module cannot be told.
        unread_include: whether a configuration that is included could not be read.

    """

    inputs: dict[str, Value] = {}
    rest: Unknown | None = None
    source: tuple[_Configuration, Argument] | None = None
    generates: dict[str, _Generate] = {}
    state: tuple[Section | Argument, Value] | None = None
    extra: dict[str, tuple[_Configuration, Section]] = {}
    unread: Unknown | None = None
    unread_include: bool = False
    files: tuple[SourceFile, ...] = ()

    def over(self, parent: _Settings, *, deep: bool) -> _Settings:
        """Return these settings laid over those of an included configuration."""
        return _Settings(
            inputs=self._inputs(parent, deep=deep),
            rest=self.rest or parent.rest,
            source=self.source or parent.source,
            generates={**parent.generates, **self.generates},
            state=self.state or parent.state,
            extra={**parent.extra, **self.extra},
            unread=self.unread or parent.unread,
            unread_include=self.unread_include or parent.unread_include,
            files=(*self.files, *parent.files),
        )

    def _inputs(self, parent: _Settings, *, deep: bool) -> dict[str, Value]:
        merged: dict[str, Value] = {**parent.inputs, **self.inputs}
        if self.rest is not None:
            return self.inputs  # Whatever it gives would be laid over what the parent gives.
        if not deep:
            return merged
        if parent.rest is None:
            for name in parent.inputs.keys() & self.inputs.keys():
                merged[name] = _deep(parent.inputs[name], self.inputs[name])
            return merged
        # What is a collection would be joined with what the parent may give.
        return {
            name: parent.rest if isinstance(value, dict | tuple | Unknown | Pending) else value
            for name, value in self.inputs.items()
        }


def _deep(below: Value, above: Value) -> Value:
    """Return two values merged at every depth, lists one after the other."""
    if isinstance(below, dict) and isinstance(above, dict):
        joined: dict[str, Value] = dict(below)
        for name, value in above.items():
            joined[name] = _deep(below[name], value) if name in below else value
        return joined
    if isinstance(below, tuple) and isinstance(above, tuple):
        return (*below, *above)
    for one, other in ((below, above), (above, below)):
        if isinstance(one, Unknown | Pending) and isinstance(other, dict | tuple | Unknown | Pending):
            return one if isinstance(one, Unknown) else one.unknown
    return above


class _Include(msgspec.Struct, frozen=True, eq=False):
    """An `include` block: `path` and `strategy` are Unknown where they cannot be told.

    `read` is False where its path is wrong as it is written.
    """

    section: Section
    label: str
    path: Path | Unknown
    strategy: Value
    read: bool


class _Configuration:
    """One file of configuration as one unit sees it: a scope in which its expressions are evaluated.

    Attributes:
        path: the file's. unit: that of the unit's file.
        depth: how many `read_terragrunt_config` lead here. budget: that of the unit.

    """

    def __init__(
        self,
        session: Terragrunt,
        file: SourceFile,
        path: Path,
        child: Path | None,
        unit: Path,
        depth: int,
        budget: Budget,
    ) -> None:
        """Take a file; `child`: that of the file that includes it, None where none does."""
        self._session = session
        self._file = file
        self._path = path
        self._child = child or path
        self._is_included = child is not None
        self._unit = unit
        self._depth = depth
        self._root = str(session.boundary.root)
        self._functions = FunctionScope(Files(session.boundary.root, path.parent))
        self._budget = budget
        self._evaluator = Evaluator(self, budget)
        self._values: dict[str, Value | EvaluationError | None] = {}
        self._running: set[str] = set()
        self._exposures: dict[Path, Value] = {}
        self._merged: _Settings | None = None
        self._list: list[_Include] | None = None
        self._arguments = {one.name: Argument(file, one) for one in file.structure.body.attributes}
        self._sections = [Section(file, block) for block in file.structure.body.blocks]
        self._locals: dict[str, Argument] = {}
        for section in self._sections:
            if section.type == "locals":
                self._locals.update(section.arguments)

    # -- values ----------------------------------------------------------------------------------------------

    def raw(self, argument: Argument) -> Value:
        """Return the value of an argument; paths of this machine in it are what they are."""
        return self._worked_out(argument)[0]

    def _worked_out(self, argument: Argument) -> tuple[Value, bool]:
        """Return the value of an argument as `raw` does, and whether it could be worked out."""
        try:
            return without_marks(self._evaluator.evaluate(argument.expression))[0], True
        except (EvaluationError, RecursionError) as error:
            return _failed(argument, error), False

    def value(self, argument: Argument) -> Value:
        """Return the value of an argument as it is on every machine."""
        return self._everywhere(self.raw(argument))

    def _everywhere(self, value: Value) -> Value:
        """Return a value in which what depends on this machine, or on the run, is Unknown."""
        if isinstance(value, Pending):
            return value.unknown
        if isinstance(value, dict):
            if any(self._root in key for key in value):
                return Unknown(Reason.UNSUPPORTED, self._file.path, say(_MACHINE))
            return {key: self._everywhere(part) for key, part in value.items()}
        if isinstance(value, tuple):
            return tuple(self._everywhere(part) for part in value)
        if isinstance(value, str) and self._root in value:
            return Unknown(Reason.UNSUPPORTED, self._file.path, say(_MACHINE))
        return value

    def _holds_path(self, value: Value) -> bool:
        if isinstance(value, dict):
            return any(self._root in key or self._holds_path(part) for key, part in value.items())
        if isinstance(value, tuple):
            return any(self._holds_path(part) for part in value)
        if isinstance(value, Sensitive):
            return self._holds_path(value.value)
        return isinstance(value, str) and self._root in value

    def text_with_holes(self, argument: Argument) -> Value:
        """Return the text of generated contents, `_HOLE` where a part of it cannot be told."""
        try:
            expression = argument.expression
            if not isinstance(expression, Template):
                return self.value(argument)
            parts: list[str] = []
            for part in expression.parts:
                try:
                    value = self._everywhere(without_marks(self._evaluator.evaluate(part))[0])
                except LimitError as error:
                    value = failed(str(error), argument.place)
                text = value if isinstance(value, Unknown) else convert(value, STRING)
                parts.append(text if isinstance(text, str) else _HOLE)
            return "".join(parts)
        except (EvaluationError, RecursionError) as error:
            return _failed(argument, error)

    # -- scope -----------------------------------------------------------------------------------------------

    def lookup(self, root: str, steps: Sequence[Step], /) -> tuple[Value, int]:
        """Return what a name means here (language.evaluate.Scope)."""
        first = steps[0].name if steps and isinstance(steps[0], GetAttribute) else ""
        if root == "local" and first:
            return self._once(first), 1
        if root == "include":
            bare = next((one for one in self._includes() if not one.label), None)
            if bare is not None:
                return self._exposed(bare), 0
            found = next((one for one in self._includes() if one.label == first), None)
            if found is not None:
                return self._exposed(found), 1
            raise LimitError(say("there is no include {name!r}", name=first))
        if root in _GIVEN_LATER:
            name = f"{root}.{first}" if first else root
            return Unknown(Reason.UNSUPPORTED, f"{name}, {self._file.path}", say(_LATER)), 0
        raise LimitError(say("there is nothing named {name!r} here", name=root))

    def call(self, name: str, arguments: Sequence[Value]) -> Value:
        """Call a function."""
        own = _FUNCTIONS.get(name)
        if own is not None:
            unknown = unknown_in(tuple(arguments[:1]))
            return unknown if unknown is not None else own(self, tuple(arguments))
        if name not in FUNCTIONS:
            return Unknown(Reason.UNSUPPORTED, f"{name}(), {self._file.path}", say(_LATER))
        if self._holds_path(tuple(arguments)):
            top = name in ("basename", "dirname") and os.path.normpath(str(arguments[0])) == self._root
            if top or name not in _PATH_FUNCTIONS:
                return Unknown(Reason.UNSUPPORTED, f"{name}(), {self._file.path}", say(_MACHINE))
        return self._functions.call(name, arguments)

    def template(self, path: str, /) -> Template:
        """Return the template in a file."""
        return self._functions.template(path)

    def _other(self, file: SourceFile, path: Path, child: Path | None, deeper: int = 0) -> _Configuration:
        """Return another configuration that this one leads to."""
        self._budget.spend(_STEPS_PER_READ)
        return _Configuration(
            self._session, file, path, child, self._unit, self._depth + deeper, self._budget
        )

    def _once(self, name: str) -> Value:
        if name in self._values:
            found = self._values[name]
            if isinstance(found, EvaluationError):
                raise found
            return found
        argument = self._locals.get(name)
        if argument is None:
            raise LimitError(say("there is no local value {name!r}", name=name))
        if name in self._running:
            raise LimitError(say("{name} refers to itself", name=f"local.{name}"))
        self._running.add(name)
        try:
            self._values[name] = self._evaluator.evaluate(argument.expression)
        except EvaluationError as error:
            self._values[name] = error
            raise
        except RecursionError:
            raise LimitError(say("{name} leads too deep", name=f"local.{name}")) from None
        finally:
            self._running.discard(name)
        return self._values[name]

    def _exposed(self, include: _Include) -> Value:
        if include.section.argument("expose") is None or isinstance(include.path, Unknown):
            unknown = include.path if isinstance(include.path, Unknown) else None
            return unknown or failed(
                say("the include {label!r} is not exposed", label=include.label), include.section.place
            )
        file = self._session.file(include.path)
        if file is None:
            return failed(say("the included configuration is not there"), include.section.place)
        if include.path not in self._exposures:
            self._exposures[include.path] = self._other(file, include.path, self._child).exposed()
        return self._exposures[include.path]

    def exposed(self) -> Value:
        """Return this configuration as others see it: its locals and inputs, the rest unknown."""
        unknown = Unknown(Reason.UNSUPPORTED, self._file.path, say(_LATER))

        def attribute(name: str) -> Value:
            if name == "locals":
                return {key: self._local_or_unknown(key) for key in self._locals}
            if name == "inputs":
                settings = self.merged()
                return settings.rest or settings.inputs
            return unknown

        return Pending(attribute, unknown)

    def _local_or_unknown(self, name: str) -> Value:
        try:
            return self._once(name)
        except EvaluationError as error:
            return failed(str(error), self._locals[name].place)

    # -- Terragrunt's functions ------------------------------------------------------------------------------

    def _find_in_parent_folders(self, arguments: tuple[Value, ...]) -> Value:
        names = [convert(argument, STRING) for argument in arguments[:2]]
        name = names[0] if names and names[0] else CONFIGURATION
        folder = self._child.parent
        for _ in range(MAX_PARENTS):
            if folder == self._session.boundary.root:
                break
            folder = folder.parent
            found = Path(os.path.normpath(folder / str(name)))
            if self._session.boundary.holds(found) and _exists(found):
                return str(found)
        if len(names) == 2:
            return names[1]
        raise LimitError(
            say("no folder above holds {name!r}, inside of what is scanned", name=str(name)[:100])
        )

    def _base_of_include(self, arguments: tuple[Value, ...]) -> Path | Unknown:
        """Return the folder of the configuration that includes, or is included by, this one."""
        if self._is_included:
            return self._path.parent
        includes = self._includes()
        wanted = [one for one in includes if arguments and one.label == arguments[0]] or includes[:1]
        return wanted[0].path.parent if wanted and isinstance(wanted[0].path, Path) else self._child.parent

    def _path_relative_to_include(self, arguments: tuple[Value, ...]) -> Value:
        return _relative(self._child.parent, self._base_of_include(arguments))

    def _path_relative_from_include(self, arguments: tuple[Value, ...]) -> Value:
        return _relative(self._base_of_include(arguments), self._child.parent)

    def _parent_dir(self, arguments: tuple[Value, ...]) -> Value:
        found = self._base_of_include(arguments)
        return found if isinstance(found, Unknown) else str(found)

    def _repository(self) -> Path:
        root = self._session.boundary.root
        if not (root / ".git").exists():
            raise LimitError(say("this is no checkout of a repository"))
        return root

    def _read_configuration(self, arguments: tuple[Value, ...]) -> Value:
        path = Path(os.path.normpath(self._child.parent / str(convert(arguments[0], STRING))))
        if _is_folder(path):
            path /= CONFIGURATION
        if self._depth >= MAX_READS:
            raise LimitError(say("configurations that read one another are nested too deeply"))
        if path.name == STACK or path.name.endswith((".values.hcl", ".json")):
            return Unknown(Reason.UNSUPPORTED, f"read_terragrunt_config(), {self._file.path}", say(_LATER))
        if not self._session.boundary.holds(path):
            raise LimitError(say("the configuration lies outside what is scanned"))
        file = self._session.file(path)
        if file is None:
            if len(arguments) > 1:
                return arguments[1]
            raise LimitError(say("there is no configuration to read"))
        return self._other(file, path, None, 1).exposed()

    # -- what it says ----------------------------------------------------------------------------------------

    @property
    def skipped(self) -> bool:
        """Whether Terragrunt is told to run nothing here."""
        argument = self._arguments.get("skip")
        return argument is not None and argument.literal is True

    def _includes(self) -> list[_Include]:
        if self._list is None:
            self._list = []
            found = [self._include(one) for one in self._sections if one.type == "include"]
            self._list = found
        return self._list

    def _include(self, section: Section) -> _Include:
        label = section.labels[0] if section.labels else ""
        argument = section.argument("path")
        strategy = section.argument("merge_strategy")
        merge = self.value(strategy) if strategy is not None else "shallow"
        value: Value = failed(say("it names no path"), section.place)
        read = True
        if argument is not None:
            value, read = self._worked_out(argument)
        path: Path | Unknown
        if isinstance(value, str):
            path = Path(os.path.normpath(self._path.parent / value))
        else:
            path = value if isinstance(value, Unknown) else failed(say("its path is no text"), section.place)
        return _Include(section, label, path, merge, read)

    def merged(self) -> _Settings:
        """Return what this configuration says, with what it includes."""
        if self._merged is None:
            made = self._own()
            for include in reversed(self._includes()):
                made = self._with(made, include)
            self._merged = made
        return self._merged

    def _with(self, settings: _Settings, include: _Include) -> _Settings:
        section = include.section
        named = say('the include "{label}"', label=include.label) if include.label else say("the include")
        why: Unknown | None = None
        if self._is_included:
            self._session.fault(
                section,
                say("a configuration that is included cannot include another."),
                say("Terragrunt refuses it: include both from the unit."),
            )
            why = failed(say("{include} is nested", include=named), section.place)
        elif isinstance(include.path, Unknown):
            if not include.read:
                self._session.fault(
                    section,
                    say("{include} cannot be read: {why}.", include=named, why=include.path.detail),
                    say("Mend its path."),
                )
            why = include.path
        elif include.strategy not in ("shallow", "deep", "no_merge"):
            why = failed(say("the merge_strategy of {include} cannot be told", include=named), section.place)
        if why is None:
            assert isinstance(include.path, Path)  # noqa: S101 - told just above
            file = self._session.file(include.path)
            if file is not None:
                if include.strategy == "no_merge":
                    return settings
                try:
                    below = self._other(file, include.path, self._child).merged()
                except LimitError as error:
                    why = failed(say("{name}: {message}", name=named, message=error), section.place)
                    below = _Settings(rest=why, unread=why, unread_include=True)
                return settings.over(below, deep=include.strategy == "deep")
            outside = not self._session.boundary.holds(include.path)
            message = say("it lies outside what is scanned") if outside else say("there is no such file")
            self._session.fault(
                section,
                say("{include} cannot be read: {why}.", include=named, why=message),
                say("Mend its path, or scan the whole repository."),
            )
            why = failed(say("{name}: {message}", name=named, message=message), section.place)
        return settings.over(_Settings(rest=why, unread=why, unread_include=True), deep=False)

    def _own(self) -> _Settings:
        made = _Settings(files=(self._file,), inputs={}, generates={}, extra={})
        damaged = bool(self._file.structure.faults)
        if damaged:
            made.unread = failed(say("this file is damaged"), self._file.path)
        inputs = self._arguments.get("inputs")
        if inputs is not None:
            value = self.value(inputs)
            if isinstance(value, dict):
                made.inputs = dict(value)
            elif value is not None:
                made.rest = value if isinstance(value, Unknown) else failed(say("no object"), inputs.place)
        elif damaged:
            made.rest = made.unread
        for section in self._sections:
            if section.type == "terraform":
                source = section.argument("source")
                made.source = (self, source) if source is not None else made.source
                for inner in section.sections():
                    if inner.type == "extra_arguments":
                        made.extra["".join(inner.labels)] = (self, inner)
            elif section.type == "generate":
                made.generates["".join(section.labels)] = self._generate(section)
            elif section.type == "remote_state":
                said = {name: self.value(one) for name, one in section.arguments.items()}
                made.state = (section, said)
        self._attributes(made)
        return made

    def _attributes(self, made: _Settings) -> None:
        """Add `generate` and `remote_state` where they are written as attributes."""
        argument = self._arguments.get("generate")
        if argument is not None:
            value = self.value(argument)
            for name, said in value.items() if isinstance(value, dict) else ():
                entry = said if isinstance(said, dict) else {}
                whole = said if isinstance(said, Unknown) else None
                made.generates[name] = _Generate(
                    argument,
                    whole or entry.get("path"),
                    whole or entry.get("if_exists"),
                    whole or entry.get("disable"),
                    whole or entry.get("if_disabled", "skip"),
                    whole or entry.get("contents"),
                )
            if not isinstance(value, dict):
                made.unread = (
                    value if isinstance(value, Unknown) else failed(say("no object"), argument.place)
                )
        argument = self._arguments.get("remote_state")
        if argument is not None:
            made.state = (argument, self.value(argument))

    def _generate(self, section: Section) -> _Generate:
        def of(name: str, otherwise: Value = None) -> Value:
            argument = section.argument(name)
            return otherwise if argument is None else self.value(argument)

        path, contents = section.argument("path"), section.argument("contents")
        return _Generate(
            section,
            self.raw(path) if path is not None else None,
            of("if_exists"),
            of("disable"),
            of("if_disabled", "skip"),
            self.text_with_holes(contents) if contents is not None else None,
        )


_FUNCTIONS: dict[str, Callable[[_Configuration, tuple[Value, ...]], Value]] = {
    "find_in_parent_folders": _Configuration._find_in_parent_folders,  # noqa: SLF001
    "path_relative_to_include": _Configuration._path_relative_to_include,  # noqa: SLF001
    "path_relative_from_include": _Configuration._path_relative_from_include,  # noqa: SLF001
    "get_terragrunt_dir": lambda one, _arguments: str(one._child.parent),  # noqa: SLF001
    "get_original_terragrunt_dir": lambda one, _arguments: str(one._unit.parent),  # noqa: SLF001
    "get_parent_terragrunt_dir": _Configuration._parent_dir,  # noqa: SLF001
    "get_repo_root": lambda one, _arguments: str(one._repository()),  # noqa: SLF001
    "get_path_to_repo_root": lambda one, _arguments: _relative(one._repository(), one._child.parent),  # noqa: SLF001
    "get_path_from_repo_root": lambda one, _arguments: _relative(one._child.parent, one._repository()),  # noqa: SLF001
    "read_terragrunt_config": _Configuration._read_configuration,  # noqa: SLF001
}
"""Functions of Terragrunt's that only look at where files lie and what they say; the others are Unknown."""


def _relative(path: Path | Unknown, start: Path | Unknown) -> Value:
    if isinstance(path, Unknown) or isinstance(start, Unknown):
        return path if isinstance(path, Unknown) else start
    return os.path.relpath(path, start).replace(os.sep, "/")


# -- a unit's root module ------------------------------------------------------------------------------------


class _Assembly:
    """Puts a unit together: its module's files, what is written beside them, and the values it is given."""

    def __init__(self, session: Terragrunt, folder: Path, file: SourceFile, settings: _Settings) -> None:
        self._session = session
        self._folder = folder
        self._file = file
        self._settings = settings
        self._warnings: list[str] = []
        self._unread = settings.unread
        self._state_untold: Unknown | None = None
        self._completing: frozenset[str] = frozenset()
        self._untold: Unknown | None = None
        self._fixed: dict[str, Given] = {}
        self._environment: dict[str, Given] = {}
        self._files: dict[str, SourceFile] = {}

    def made(self, source: Value, where: Argument | None, warnings: list[str]) -> UnitRoot:
        """Return the unit. `source`: the value of `terraform.source`, null for its own folder."""
        self._warnings += warnings
        session, folder = self._session, self._folder
        reader = session.library.reader
        target = self._located(source)
        base = target or folder
        if target is not None and target != folder:
            session.called.add(target)
            self._files = _by_name(reader.files(target, session.shown(target)))
        own = _by_name(reader.files(folder, session.shown(folder)))
        if target is None:
            self._files = {"": self._call(source, where)}
        self._files.update(own)
        for name, generate in self._settings.generates.items():
            self._write(name, generate)
        self._state()
        root = Module(base, session.shown(base), list(self._files.values()), self._completing)
        if target is not None and not self._files:
            at = where or self._file
            self._empty(at)
        # Configurations that others include lie beside files of variables: that is no module to run.
        if root.resources or root.calls:
            for problem in root.problems:
                session.tell(problem)
        for configuration, section in self._settings.extra.values():
            self._extra(configuration, section)
        if self._unread is not None:
            self._warnings.append(
                say(
                    "{path}: some file that Terragrunt writes beside the module cannot be told ({unknown}): "
                    "provider configurations are taken as not known, and resources in it are not seen.",
                    path=self._file.path,
                    unknown=self._unread,
                )
            )
        digest = hashlib.sha256("".join(file.digest for file in self._settings.files).encode()).hexdigest()
        unit = Unit(
            path=session.shown(folder),
            home=folder,
            inputs={**self._inputs(root), **self._environment},
            fixed=self._all(root, self._untold) if self._untold is not None else self._fixed,
            values={
                **self._settings.inputs,
                UNTOLD: Unknown(Reason.UNSUPPORTED, self._file.path, say(_LATER)),
            },
            unread=self._unread,
            state=self._state_untold or (self._unread if root.backend is None else None),
            warnings=tuple(self._warnings),
            digest=digest,
        )
        return UnitRoot(root, unit)

    def _empty(self, at: Argument | SourceFile) -> None:
        message = say("the source of this unit holds no .tf files.")
        hint = say("Mend `source` in its `terraform` block.")
        if isinstance(at, Argument):
            self._session.fault(at, message, hint)
        else:
            self._session.tell(InputProblem(at.path, message, hint, at.path))

    # -- its source ------------------------------------------------------------------------------------------

    def _located(self, source: Value) -> Path | None:
        """Return the folder of the module that a unit runs, None where it is not at hand."""
        if source is None or source == "":
            return self._folder
        if not isinstance(source, str):
            return None
        found = self._local(source)
        return (
            found if found is not None and self._session.boundary.holds(found) and _is_folder(found) else None
        )

    def _local(self, source: str) -> Path | None:
        """Return the folder that a source on this disk names, None for one that is fetched."""
        text = source.removeprefix("file://").partition("?")[0].replace("\\", "/")
        remote = "://" in text or "::" in text
        before, _slashes, below = text.partition("//")
        found = Path(os.path.normpath(self._folder / before / below))
        if remote or not (text.startswith((".", "/")) or _is_folder(found)):
            return None
        return found

    def _call(self, source: Value, where: Argument | None) -> SourceFile:
        """Return a file that calls the unit's source as a module, so that it is judged as one not at hand."""
        at = where.attribute.at if where is not None else 0
        file = where.file if where is not None else self._file
        local = self._local(source) if isinstance(source, str) else None
        text = source
        if local is not None:
            text = os.path.relpath(local, self._folder)
            text = text if text.startswith("..") else f"./{text}"
        expression = Literal(text) if isinstance(text, str) else _value_of(UNTOLD)
        attributes = [Attribute("source", at, at, at, expression)]
        attributes += [
            Attribute(name, at, at, at, _value_of(name))
            for name in self._settings.inputs
            if name not in ("source", "version", "count", "for_each", "providers", "depends_on", "lifecycle")
        ]
        block = Block("module", ("source",), at, at, Body(tuple(attributes)))
        return SourceFile(file.path, file.data, file.digest, Structure(Body((), (block,))))

    # -- what is written beside it ---------------------------------------------------------------------------

    def _write(self, name: str, generate: _Generate) -> None:
        named = f'generate "{name}"'
        place = generate.place.place
        if generate.disable is True:
            if generate.disabled != "skip" and isinstance(generate.path, str):
                self._files.pop(posixpath.normpath(generate.path), None)
            return
        if not isinstance(generate.path, str) or generate.disable not in (False, None):
            self._cannot_tell(
                named, say("its path") if generate.disable in (False, None) else "`disable`", place
            )
            return
        path = posixpath.normpath(generate.path.replace("\\", "/"))
        own = str(self._folder).replace(os.sep, "/")
        path = path.removeprefix(f"{own}/") if path.startswith("/") else path
        kind = posixpath.basename(path)
        values = is_values_file(kind)
        if not is_source(kind) and not values:
            return
        if "/" in path:
            self._cannot_tell(named, say("a file in another folder ({name})", name=kind[:100]), place)
            return
        if path in self._files and generate.exists == "skip":
            return
        if path in self._files and isinstance(generate.exists, Unknown):
            self._cannot_tell(named, "`if_exists`", place)
            return
        if not isinstance(generate.contents, str):
            why = generate.contents.detail if isinstance(generate.contents, Unknown) else say("its contents")
            self._files.pop(path, None)
            if values:
                self._untold = Unknown(Reason.UNSUPPORTED, f"{named}, {place}", why)
            else:
                self._cannot_tell(named, why, place)
        elif values:
            self._read_values(generate.contents.encode(), path, f"{named}, {place}", generate.place)
        else:
            self._generated(named, path, generate.contents, generate.place)

    def _cannot_tell(self, named: str, what: str, place: str) -> None:
        self._unread = self._unread or Unknown(Reason.UNSUPPORTED, f"{named}, {place}", what[:200])

    def _generated(self, named: str, path: str, text: str, place: Section | Argument) -> None:
        """Add a file that Terragrunt writes."""
        data = text.encode("utf-8", "replace")
        structure = parse_json(data) if path.endswith(".json") else parse_native(data)
        whole = _HOLE not in text
        if structure.faults and whole:
            first = structure.faults[0]
            line = data.count(b"\n", 0, first.at) + 1
            self._session.fault(
                place,
                say(
                    "line {line} of what {block} writes is wrong: {message}.",
                    line=line,
                    block=named,
                    message=first.message,
                ),
                say("Terraform would refuse it; mend its `contents`."),
            )
        shown = os.path.normpath(os.path.join(self._session.shown(self._folder), path))  # noqa: PTH118
        file = SourceFile(shown, data, hashlib.sha256(data).hexdigest(), structure)
        self._files.pop(path, None)
        if structure.faults or (not whole and not _only_in_values(file)):
            self._cannot_tell(named, say("its contents"), place.place)
        self._files[path] = file

    def _state(self) -> None:
        """Add the backend that `remote_state` writes, or lays over an empty one."""
        if self._settings.state is None:
            return
        place, said = self._settings.state
        said = said if isinstance(said, dict) else {}
        backend, settings, generate = (said.get(name) for name in ("backend", "config", "generate"))
        path = generate.get("path") if isinstance(generate, dict) else None
        if not isinstance(backend, str) or not backend.replace("_", "").isalnum():
            self._warnings.append(say("{place}: where the state is kept cannot be told.", place=place.place))
            self._state_untold = failed(say("where the state is kept cannot be told"), place.place)
            return
        name = posixpath.normpath(path) if isinstance(path, str) else "terragrunt_backend.tf"
        if "/" in name or (
            name in self._files and isinstance(generate, dict) and generate.get("if_exists") == "skip"
        ):
            return
        body = _written(settings) if isinstance(settings, dict) else "{\n}"
        if isinstance(settings, Unknown):
            self._warnings.append(say("{place}: where the state is kept cannot be told.", place=place.place))
            self._state_untold = settings
        block = f'  backend "{backend}" {body}\n'
        if isinstance(generate, dict):
            block += _encryption(said.get("encryption"))
        self._generated("remote_state", name, f"terraform {{\n{block}}}\n", place)
        if not isinstance(generate, dict):
            # Terragrunt gives it to `init` by -backend-config.
            self._completing = frozenset({self._files[name].path})

    # -- its values ------------------------------------------------------------------------------------------

    def _inputs(self, root: Module) -> dict[str, Given]:
        """Return the inputs as Terragrunt hands them over: in the environment, as JSON unless a text."""
        place = f"inputs, {self._file.path}"
        settings = self._settings
        found = {} if settings.rest is None else self._all(root, settings.rest)
        for name, value in settings.inputs.items():
            section = root.variables.get(name)
            if section is None:
                continue
            if isinstance(value, str):
                found[name] = Given(None, value, place)
            elif value is not None and unknown_in(value) is None and _takes_text(section):
                text = msgspec.json.encode(as_tree(value)).decode()
                found[name] = Given(None, text, place)
            else:
                found[name] = Given(value, None, place)
        return found

    @staticmethod
    def _all(root: Module, unknown: Unknown) -> dict[str, Given]:
        return {name: Given(unknown, None, unknown.origin) for name in root.variables}

    def _extra(self, configuration: _Configuration, section: Section) -> None:
        """Add the variables that `extra_arguments` set."""

        def of(name: str) -> Value:
            argument = section.argument(name)
            return () if argument is None else configuration.raw(argument)

        commands = of("commands")
        if (
            isinstance(commands, tuple)
            and unknown_in(commands) is None
            and not _WHAT_RUNS & set(_texts(commands))
        ):
            return
        found: dict[str, Value] = {
            name: of(name) for name in ("arguments", "required_var_files", "optional_var_files", "env_vars")
        }
        unknown = unknown_in(tuple(found.values()))
        if unknown is not None:
            self._untold = unknown
            self._warnings.append(
                say(
                    "{place}: what `extra_arguments` gives to Terraform cannot be told ({unknown}): the "
                    "values of variables are taken as not known.",
                    place=section.place,
                    unknown=unknown,
                )
            )
            return
        variables = found["env_vars"]
        for name, value in variables.items() if isinstance(variables, dict) else ():
            text = as_text(value)
            if name.startswith(ENVIRONMENT) and text is not None:
                given = Given(None, text, f"env_vars, {section.place}")
                self._environment[name.removeprefix(ENVIRONMENT)] = given
        for path in _texts(found["optional_var_files"]):
            self._values_of(path, section, required=False)
        for path in _texts(found["required_var_files"]):
            self._values_of(path, section, required=True)
        for kind, text in _variable_arguments(_texts(found["arguments"])):
            if kind == "-var-file":
                self._values_of(text, section, required=True)
            else:
                name, _equals, value = text.partition("=")
                self._fixed[name.strip()] = Given(None, value, f"arguments, {section.place}")

    def _values_of(self, text: str, section: Section, *, required: bool) -> None:
        path = Path(os.path.normpath(self._folder / text))
        held = self._session.boundary.holds(path)
        if held and not _exists(path) and not required:
            return
        shown = f"{self._session.shown(path.parent)}/{path.name}"
        data = self._session.library.reader.bytes_of(path, shown) if held and _is_file(path) else None
        if data is None:
            message = say("there is no such file") if held else say("it lies outside what is scanned")
            self._session.fault(
                section,
                say("a file of variable values cannot be read: {why}.", why=message),
                say("Mend its path; the values of variables are taken as not known."),
            )
            self._untold = failed(say("a file of variable values cannot be read"), section.place)
            return
        self._read_values(data, path.name, shown, section)

    def _read_values(self, data: bytes, name: str, place: str, section: Section | Argument) -> None:
        try:
            self._fixed.update(values_in(data, name, place))
        except InputError as error:
            self._session.fault(section, error.message, error.hint or say("Mend the file."))
            self._untold = failed(say("a file of variable values cannot be read"), section.place)


def _failed(argument: Argument, error: EvaluationError | RecursionError) -> Unknown:
    message = str(error) if isinstance(error, EvaluationError) else say("it leads too deep")
    return failed(say("{name}: {message}", name=argument.name, message=message), argument.place)


def _exists(path: Path) -> bool:
    """Whether there is something at a path; a name that no disk takes is no error, as it is for Path."""
    return os.path.exists(path)  # noqa: PTH110


def _is_file(path: Path) -> bool:
    return os.path.isfile(path)  # noqa: PTH113


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112


def _value_of(name: str) -> Access:
    return Access(Name("terragrunt"), (GetAttribute(name),))


def _by_name(files: Iterable[SourceFile]) -> dict[str, SourceFile]:
    return {posixpath.basename(file.path): file for file in files}


def _takes_text(section: Section) -> bool:
    """Whether a variable takes what stands in the environment as it is: it has no type, or is a text."""
    argument = section.argument("type")
    if argument is None:
        return True
    try:
        expression = argument.expression
    except EvaluationError:
        return False
    return (isinstance(expression, Name) and expression.name == "string") or (
        isinstance(expression, Literal) and expression.value == "string"
    )


def _only_in_values(file: SourceFile) -> bool:
    """Whether what cannot be told stands where it changes but the value of an attribute.

    Not so in a label, in the alias of a provider, in a provider's source address, in a comment.
    """
    waiting = [(block, "") for block in file.structure.body.blocks]
    while waiting:
        block, above = waiting.pop()
        if any(_HOLE in label for label in block.labels):
            return False
        for attribute in block.body.attributes:
            fixed = above == "required_providers" or block.type == "required_providers"
            fixed = fixed or (block.type == "provider" and attribute.name == "alias")
            if fixed and _HOLE.encode() in file.data[attribute.start : attribute.end]:
                return False
        waiting.extend((inner, block.type) for inner in block.body.blocks)
    inside = sum(
        file.data.count(_HOLE.encode(), attribute.start, attribute.end)
        for attribute in _attributes_of(file.structure.body)
    )
    return inside == file.data.count(_HOLE.encode())


def _attributes_of(body: Body) -> Iterator[Attribute]:
    yield from body.attributes
    for block in body.blocks:
        yield from _attributes_of(block.body)


def _written(value: Value) -> str:
    """Return a value as an expression, `_HOLE` for what cannot be told."""
    if isinstance(value, dict):
        lines = [f"  {_quoted(name)[1:-1]} = {_written(part)}\n" for name, part in value.items()]
        return "{\n" + "".join(lines) + "}"
    if isinstance(value, tuple):
        return "[" + ", ".join(_written(part) for part in value) + "]"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Unknown):
        return f'"{_HOLE}"'
    return str(msgspec.json.encode(as_tree(value)).decode())


def _encryption(value: Value) -> str:
    """Return the `encryption` block that Terragrunt writes for what `remote_state` says of it."""
    provider = value.get("key_provider") if isinstance(value, dict) else None
    if not isinstance(provider, str) or not provider.replace("_", "").isalnum():
        return ""
    method = "method = method.aes_gcm.default"
    return (
        f'  encryption {{\n    key_provider "{provider}" "default" {{\n    }}\n'
        f'    method "aes_gcm" "default" {{\n      keys = key_provider.{provider}.default\n    }}\n'
        f"    state {{\n      {method}\n    }}\n    plan {{\n      {method}\n    }}\n  }}\n"
    )


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode().replace("${", "$${").replace("%{", "%%{")


def _texts(value: Value) -> list[str]:
    return [part for part in value if isinstance(part, str)] if isinstance(value, tuple) else []


def _variable_arguments(arguments: list[str]) -> Iterator[tuple[str, str]]:
    """Give the `-var` and `-var-file` among arguments of the command line."""
    waiting = ""
    for argument in arguments:
        name, equals, text = argument.partition("=")
        name = f"-{name.lstrip('-')}" if name.startswith("-") else name
        if waiting:
            yield waiting, argument
            waiting = ""
        elif name in ("-var", "-var-file"):
            if equals:
                yield name, text
            else:
                waiting = name
