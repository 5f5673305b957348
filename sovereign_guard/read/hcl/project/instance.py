"""Instances of modules and of blocks: what `count` and `for_each` make, and what names mean inside them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec

from sovereign_guard.language import say
from sovereign_guard.model.address import key_suffix
from sovereign_guard.model.resource import Directive
from sovereign_guard.model.value import Reason, Reference, Sensitive, Tree, Unknown
from sovereign_guard.model.waiver import Waiver
from sovereign_guard.read.hcl.language.evaluate import (
    Evaluator,
    Names,
    as_tree,
)
from sovereign_guard.read.hcl.language.types import (
    ANY,
    BOOL,
    NUMBER,
    STRING,
    Type,
    convert,
    parse_type,
    with_defaults,
)
from sovereign_guard.read.hcl.language.values import (
    EvaluationError,
    LimitError,
    List,
    Map,
    Pending,
    Set,
    Several,
    Value,
    failed,
)
from sovereign_guard.read.hcl.project.module import Module
from sovereign_guard.read.hcl.project.source import Argument, Section
from sovereign_guard.read.hcl.syntax.tree import Expression, GetAttribute, Step, Template

if TYPE_CHECKING:
    from sovereign_guard.read.hcl.project.estate import Estate

MAX_INSTANCES = 10_000
"""Instances of one block that are judged one by one; of more, one stands for all."""

Key = int | str | None
_NO_NAMES: Names = {}
_NUMERAL = re.compile(r"[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?")


class Place(msgspec.Struct, frozen=True, eq=False):
    """One instance of a block: its key, and what `each` and `count` mean in it."""

    key: Key
    names: Names


class Expansion(msgspec.Struct, frozen=True, eq=False):
    """The instances of a block.

    Attributes:
        kind: "single", "count", "each", or "any": how many there are is not known, and one stands for all.
        unknown: why, where they are not known.

    """

    kind: str
    places: tuple[Place, ...]
    unknown: Unknown | None = None


SINGLE = Expansion("single", (Place(None, _NO_NAMES),))


class _Running:
    """Stands for a value while it is being worked out."""


_RUNNING = _Running()


class ModuleInstance:
    """One instance of a module: a scope in which its expressions are evaluated.

    Attributes:
        address: with instance keys (`module.a["x"]`), empty for the root. path: without them.
        called_by: the block that calls it, None for the root. place: which instance of the call it is.

    """

    def __init__(
        self,
        estate: Estate,
        module: Module,
        address: str,
        path: str,
        parent: ModuleInstance | None,
        call: Section | None,
        place: Place,
    ) -> None:
        self.estate = estate
        self.module = module
        self.address = address
        self.path = path
        self.parent = parent
        self.called_by = call
        self.place = place
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.evaluator = Evaluator(self, estate.budget)
        self._functions = estate.functions
        self._values: dict[str, Value | EvaluationError | _Running] = {}
        self._expansions: dict[int, Expansion | _Running] = {}
        self._bodies: dict[tuple[str, Key], BodyAttributes] = {}
        self._children: dict[str, tuple[ModuleInstance, ...] | None] = {}

    # -- scope -----------------------------------------------------------------------------------------------

    def lookup(self, root: str, steps: Sequence[Step], /) -> tuple[Value, int]:
        """Return what a name means here, and how many of the steps it used up."""
        if root in ("each", "count", "self"):
            raise LimitError(say("{name!r} has no meaning here", name=root))
        first = _named(steps, 0)
        if root == "var":
            return self._once(f"var.{first}", lambda: self._variable(first)), 1
        if root == "local":
            return self._once(f"local.{first}", lambda: self._local(first)), 1
        if root == "module":
            return self._once(f"module.{first}", lambda: self._called(first)), 1
        if root == "path":
            return self._path(first), 1
        if root == "terragrunt" and self.estate.unit is not None:
            return self.estate.unit.values.get(first), 1
        if root in ("terraform", "tofu"):
            return self._terraform(first), 1
        if root in ("data", "ephemeral"):
            address = f"{root}.{first}.{_named(steps, 1)}"
            return self._once(address, lambda: self._block_value(address)), 2
        if root == "resource":
            address = f"{first}.{_named(steps, 1)}"
            return self._once(address, lambda: self._block_value(address)), 2
        address = f"{root}.{first}"
        return self._once(address, lambda: self._block_value(address)), 1

    def call(self, name: str, arguments: Sequence[Value]) -> Value:
        """Call a function."""
        return self._functions.call(name, arguments)

    def template(self, path: str, /) -> Template:
        """Return the template in a file."""
        return self._functions.template(path)

    def _once(self, name: str, work: Callable[[], Value]) -> Value:
        """Work a value out once; a failure is kept as well, and a value that needs itself is one."""
        found = self._values.get(name, self)
        if found is self:
            self._values[name] = _RUNNING
            try:
                found = self.estate.bounded(work())
            except EvaluationError as error:
                found = error
            except RecursionError:
                found = LimitError(say("{name} leads too deep", name=name))
            self._values[name] = found
        if isinstance(found, _Running):
            raise LimitError(say("{name} refers to itself", name=name))
        if isinstance(found, EvaluationError):
            raise found
        return found

    def _path(self, name: str) -> Value:
        if name == "module":
            relative = os.path.relpath(self.module.folder, self.estate.root_folder)
            return relative.replace(os.sep, "/")
        if name == "root":
            return "."
        if name == "cwd":
            return Unknown(Reason.UNSUPPORTED, "path.cwd", say("where the plan will be made is not known"))
        raise LimitError(say("there is no {name}", name=f"'path.{name}'"))

    def _terraform(self, name: str) -> Value:
        if name == "workspace":
            return self.estate.workspace
        return Unknown(Reason.UNSUPPORTED, f"terraform.{name}", say("it is known when the plan is made"))

    def _local(self, name: str) -> Value:
        argument = self.module.locals.get(name)
        if argument is None:
            raise LimitError(say("there is no local value {name!r}", name=name))
        return self.evaluator.evaluate(argument.expression)

    # -- variables -------------------------------------------------------------------------------------------

    def _variable(self, name: str) -> Value:
        section = self.module.variables.get(name)
        if section is None:
            raise LimitError(say("there is no variable {name!r}", name=name))
        wanted = self._type_of(section)
        value, is_given = self._given(name, section, wanted)
        nullable = section.argument("nullable")
        if not is_given or (value is None and nullable is not None and nullable.literal is False):
            default = section.argument("default")
            if default is None:
                if is_given:
                    raise EvaluationError(say("the variable {name!r} must not be null", name=name))
                if self.called_by is not None:
                    raise EvaluationError(say("the variable {name!r} is required and not given", name=name))
                return Unknown(
                    Reason.NO_VALUE,
                    f"var.{name}",
                    say("give it with --var {name}=... or --var-file", name=name),
                )
            value = convert(self._filled(self.evaluator.evaluate(default.expression), wanted), wanted)
        for mark in ("sensitive", "ephemeral"):
            argument = section.argument(mark)
            if (
                argument is not None
                and argument.literal is True
                and not isinstance(value, Unknown | Sensitive)
            ):
                return Sensitive(value)
        return value

    def _filled(self, value: Value, wanted: Type) -> Value:
        return with_defaults(value, wanted, self.evaluator.evaluate)

    @staticmethod
    def _type_of(section: Section) -> Type:
        argument = section.argument("type")
        if argument is None:
            return ANY
        try:
            return parse_type(argument.expression)
        except EvaluationError:
            return ANY

    def _given(self, name: str, section: Section, wanted: Type) -> tuple[Value, bool]:
        """Return the value given to a variable, and whether one was given."""
        if self.called_by is None or self.parent is None:
            return self.estate.given(name, section, wanted, self._filled)
        argument = self.called_by.argument(name)
        if argument is None:
            return None, False
        value = self.parent.evaluator.evaluate(argument.expression, self.place.names)
        return convert(self._filled(value, wanted), wanted), True

    # -- instances -------------------------------------------------------------------------------------------

    def expansion(self, section: Section) -> Expansion:
        """Return the instances of a block of this module."""
        key = id(section)
        found = self._expansions.get(key)
        if found is None:
            self._expansions[key] = _RUNNING
            found = self._expansions[key] = self._expand(section)
        if isinstance(found, _Running):
            raise LimitError(say("the number of instances depends on itself"))
        return found

    def _expand(self, section: Section) -> Expansion:
        arguments = section.arguments
        name = "count" if "count" in arguments else "for_each" if "for_each" in arguments else ""
        if not name:
            return self._enabled(section) if "lifecycle" in section.nested else SINGLE
        argument = arguments[name]
        try:
            value = self.evaluator.evaluate(argument.expression)
            if isinstance(value, Sensitive):
                if name == "for_each":
                    raise EvaluationError(say("it must not be sensitive"))
                value = value.value
            if isinstance(value, Pending):
                value = value.unknown
            if not isinstance(value, Unknown):
                return self._counted(value) if name == "count" else self._keyed(value)
        except (EvaluationError, RecursionError) as error:
            message = str(error) if isinstance(error, EvaluationError) else say("it leads too deep")
            value = failed(say("{name}: {message}", name=name, message=message), argument.place)
        return any_number(value, name)

    def _enabled(self, section: Section) -> Expansion:
        """OpenTofu's `lifecycle { enabled = ... }`."""
        argument = section.nested["lifecycle"][0].argument("enabled")
        if argument is None:
            return SINGLE
        try:
            value = convert(self.evaluator.evaluate(argument.expression), BOOL)
        except EvaluationError as error:
            value = failed(say("{name}: {message}", name="enabled", message=error), argument.place)
        return Expansion("single", ()) if value is False else SINGLE

    def _counted(self, value: Value) -> Expansion:
        number = convert(value, NUMBER)
        if not isinstance(number, int) or number < 0:
            raise EvaluationError(say("a whole number, not below zero, is required"))
        if number > MAX_INSTANCES or not self.estate.room_for(number):
            return any_number(
                Unknown(
                    Reason.TOO_MANY, "count", say("{number} instances: one stands for all", number=number)
                ),
                "count",
            )
        return Expansion("count", tuple(Place(at, {"count": {"index": at}}) for at in range(number)))

    def _keyed(self, value: Value) -> Expansion:
        if isinstance(value, Set):
            pairs = [(part, part) for part in value]
        elif isinstance(value, dict):
            pairs = sorted(value.items())
        elif value == ():
            pairs = []  # Beside an unknown set, `[]` is one.
        else:
            raise EvaluationError(say("a map or a set of texts is required"))
        if len(pairs) > MAX_INSTANCES or not self.estate.room_for(len(pairs)):
            return any_number(
                Unknown(
                    Reason.TOO_MANY,
                    "for_each",
                    say("{number} instances: one stands for all", number=len(pairs)),
                ),
                "for_each",
            )
        unknown = next((key for key, _part in pairs if isinstance(key, Unknown)), None)
        if unknown is not None:
            return any_number(unknown, "for_each")
        places = []
        for key, part in pairs:
            if not isinstance(key, str):
                raise EvaluationError(say("a map or a set of texts is required"))
            places.append(Place(key, {"each": {"key": key, "value": part}}))
        return Expansion("each", tuple(places))

    # -- blocks ----------------------------------------------------------------------------------------------

    def body(self, address: str, place: Place) -> BodyAttributes:
        """Return the attributes of one instance of a block."""
        key = (address, place.key)
        found = self._bodies.get(key)
        if found is None:
            section = self.module.resources[address]
            found = self._bodies[key] = BodyAttributes(section, self.evaluator, place.names, address)
        return found

    def block_key(self, address: str) -> str:
        """Return the key of a block among all of the input."""
        return f"{self.path}.{address}" if self.path else address

    def _block_value(self, address: str) -> Value:
        section = self.module.resources.get(address)
        if section is None:
            raise LimitError(say("there is no block {address}", address=address))
        expansion = self.expansion(section)
        if expansion.kind == "any":
            (place,) = expansion.places
            reference = Reference(self.block_key(address), (), None, self.address)
            unknown = self._not_yet(address, reference)
            return Several(
                lambda key: self._instance_value(address, place, _key_of(key)),
                unknown,
                lambda: self._instance_value(address, place, None, any_one=True),
            )
        made = [(place.key, self._instance_value(address, place, place.key)) for place in expansion.places]
        if expansion.kind == "count":
            return tuple(value for _key, value in made)
        if expansion.kind == "each":
            return {str(key): value for key, value in made}
        return made[0][1] if made else None

    def _instance_value(self, address: str, place: Place, key: Key, *, any_one: bool = False) -> Value:
        """Return one instance as other expressions see it: what is configured, and the rest unknown.

        Args:
            any_one: the key is not known, so it need not be that of whoever refers to it either.

        """
        block = self.block_key(address)

        def reference(*path: str) -> Reference:
            return Reference(block, path, key, self.address, alike=not any_one)

        unknown = self._not_yet(address, reference())

        def attribute(name: str) -> Value:
            body = self.body(address, place)
            if body.sets(name):
                value = body.value(name)
                if isinstance(value, Unknown):
                    feeds = (reference(name), *(value.feeds if value.only_feeds else ()))
                    return msgspec.structs.replace(value, feeds=feeds, only_feeds=True)
                if value is not None:
                    own = reference(name)
                    if address.startswith("data.") or name in body.section.nested:
                        return self._with_more(address, value, own)
                    return self._as_typed(address, name, value, own)
            known = self.estate.data_value(self, address, name)
            return known if known is not None else self._not_yet(address, reference(name))

        return Pending(attribute, unknown)

    def _with_more(self, address: str, value: Value, reference: Reference) -> Value:
        """Return nested blocks, or maps of a data source, as what may have more attributes than are set."""
        if isinstance(value, Sensitive):
            return value
        if isinstance(value, tuple) and all(isinstance(part, dict | Sensitive) for part in value):
            return type(value)(self._with_more(address, part, reference) for part in value)
        if not isinstance(value, dict):
            return careful(value, self._not_yet(address, reference))

        def attribute(name: str) -> Value:
            below = msgspec.structs.replace(reference, path=(*reference.path, name))
            if value.get(name) is not None:
                if ".".join(below.path) in self.estate.label_attributes(address.partition(".")[0]):
                    return as_labels(value[name], self._not_yet(address, below))
                return self._with_more(address, value[name], below)
            return self._not_yet(address, below)

        return Pending(attribute, self._not_yet(address, reference))

    def _as_typed(self, address: str, name: str, value: Value, reference: Reference) -> Value:
        """Return a configured attribute as others see it: converted to a type that source hardly knows."""
        kind = address.partition(".")[0]
        if kind in _AS_WRITTEN or isinstance(value, Sensitive):
            return value
        if name in _TEXT_MAPS or name in self.estate.label_attributes(kind):
            return as_labels(value, self._not_yet(address, reference))
        return careful(value, self._not_yet(address, reference))

    def _not_yet(self, address: str, reference: Reference) -> Unknown:
        if address.startswith("data."):
            reason, detail = Reason.NOT_READ, ""
        else:
            reason, detail = Reason.AFTER_APPLY, ""
        return Unknown(reason, str(reference), detail, None, (reference,), only_feeds=True)

    def directives_at(self, section: Section) -> tuple[Directive | Waiver, ...]:
        """Return what comments at a block, and at the calls that lead to it, state."""
        found = list(self.module.directives_at(section))
        outer: ModuleInstance | None = self
        while outer is not None and outer.called_by is not None and outer.parent is not None:
            found.extend(outer.parent.module.directives_at(outer.called_by))
            outer = outer.parent
        return tuple(found)

    # -- child modules ---------------------------------------------------------------------------------------

    def children(self, name: str) -> tuple[ModuleInstance, ...] | None:
        """Return the instances of a called module; None where its source is not at hand."""
        if name not in self._children:
            call = self.module.calls[name]
            module = self.estate.called_module(self, name, call)
            if module is None:
                self._children[name] = None
            else:
                path = f"{self.path}.module.{name}" if self.path else f"module.{name}"
                base = f"{self.address}.module.{name}" if self.address else f"module.{name}"
                expansion = self.expansion(call)
                if not self.estate.room_for_modules(len(expansion.places)):
                    self.estate.leave_out(self, name, call)
                    self._children[name] = None
                    return None
                self._children[name] = tuple(
                    ModuleInstance(
                        self.estate, module, base + suffix(place.key, expansion), path, self, call, place
                    )
                    for place in expansion.places
                )
        return self._children[name]

    def sample(self, name: str) -> ModuleInstance | None:
        """Return an instance of a called module, even if it is called no time; None: it is not at hand."""
        made = self.children(name)
        if made:
            return made[0]
        call = self.module.calls[name]
        module = self.estate.called_module(self, name, call) if made is not None else None
        if module is None:
            return None
        path = f"{self.path}.module.{name}" if self.path else f"module.{name}"
        place = any_number(Unknown(Reason.AMBIGUOUS, path), "for_each").places[0]
        return ModuleInstance(self.estate, module, f"{path}[*]", path, self, call, place)

    def _called(self, name: str) -> Value:
        call = self.module.calls.get(name)
        if call is None:
            raise LimitError(say("there is no module {name!r}", name=name))
        made = self.children(name)
        if made is None:
            origin = f"{self.address}.module.{name}" if self.address else f"module.{name}"
            unknown = Unknown(Reason.MODULE_MISSING, origin, say("run `terraform init`"))
            return Pending(lambda _output: unknown, unknown)
        expansion = self.expansion(call)
        if expansion.kind == "any":
            unknown = expansion.unknown or Unknown(Reason.UNSUPPORTED)
            return Several(lambda _key: made[0].as_value(), unknown, made[0].as_value)
        if expansion.kind == "count":
            return tuple(child.as_value() for child in made)
        if expansion.kind == "each":
            return {str(child.place.key): child.as_value() for child in made}
        return made[0].as_value() if made else None

    def as_value(self) -> Value:
        """Return this instance as its caller sees it: an object of its outputs."""
        origin = self.address
        unknown = Unknown(Reason.UNSUPPORTED, origin, say("a module as a whole"))
        return Pending(self.output, unknown)

    def output(self, name: str) -> Value:
        """Return the value of an output.

        Raises:
            EvaluationError: there is none of that name, or it cannot be evaluated.

        """
        return self._once(f"output.{name}", lambda: self._output(name))

    def _output(self, name: str) -> Value:
        section = self.module.outputs.get(name)
        argument = section.argument("value") if section is not None else None
        if section is None or argument is None:
            raise LimitError(say("{address} has no output {name!r}", address=self.address, name=name))
        value = self.evaluator.evaluate(argument.expression)
        sensitive = section.argument("sensitive")
        if sensitive is not None and sensitive.literal is True and not isinstance(value, Unknown | Sensitive):
            return Sensitive(value)
        return value


_AS_WRITTEN = frozenset({"terraform_data"})
"""Types whose attributes keep the type of what is written."""

_TEXT_MAPS = frozenset({"triggers", "keepers"})
"""Attributes that are maps of texts wherever they occur, beside those that hold labels."""


def as_label(value: Value) -> Value:
    """Return an element of a map of texts."""
    try:
        return convert(value, STRING)
    except EvaluationError:
        return value


def as_labels(value: Value, unknown: Unknown) -> Value:
    """Return what holds labels: a map of texts, or a list of them, which may be a set."""
    if isinstance(value, dict):
        return Map({key: as_label(part) for key, part in value.items()})
    if isinstance(value, tuple):
        texts = [as_label(part) for part in value]
        alike = all(isinstance(part, str) for part in texts)
        return List(texts) if alike and len(set(texts)) == len(texts) else unknown
    return careful(value, unknown)


def careful(value: Value, unknown: Unknown) -> Value:
    """Return of a value what holds whatever type the attribute has that it was written for.

    The provider's schema makes a text of a number, or a number of a text, and a set of a list. So only texts
    that can be nothing else are taken as they are, and lists that a set would leave as they are.
    """
    if isinstance(value, str):
        return unknown if value in ("true", "false") or _NUMERAL.fullmatch(value) else value
    if isinstance(value, tuple):
        parts = list(value)
        alike = all(isinstance(part, str) and careful(part, unknown) is part for part in parts)
        return value if alike and all(one < other for one, other in pairwise(parts)) else unknown
    if isinstance(value, dict):
        return Pending(lambda name: careful(value[name], unknown) if name in value else unknown, unknown)
    return value if isinstance(value, Unknown | Pending | Sensitive) or value is None else unknown


def _named(steps: Sequence[Step], at: int) -> str:
    step = steps[at] if at < len(steps) else None
    if isinstance(step, GetAttribute):
        return step.name
    raise LimitError(say("this reference is not complete"))


def _key_of(text: str) -> Key:
    return int(text) if text.isdecimal() else text


def any_number(unknown: Unknown, name: str) -> Expansion:
    """Return the one instance that stands for a number of them that is not known."""
    if name == "count":
        names: Names = {"count": {"index": msgspec.structs.replace(unknown, feeds=(), only_feeds=False)}}
    else:
        below = msgspec.structs.replace(unknown, only_feeds=False)
        names = {"each": {"key": below, "value": below}}
    return Expansion("any", (Place(None, names),), unknown)


def suffix(key: Key, expansion: Expansion) -> str:
    """Return how an instance key is written after an address."""
    if expansion.kind == "any":
        return "[*]"
    return "" if key is None else key_suffix(key)


class BodyAttributes:
    """The attributes and nested blocks of a block, evaluated as far as somebody asks.

    `computed` names attributes, beside `id`, that the provider computes where they are not set.
    """

    __slots__ = (
        "_asked",
        "_evaluator",
        "_given",
        "_names",
        "_origin",
        "_trees",
        "_values",
        "computed",
        "section",
    )

    def __init__(self, section: Section, evaluator: Evaluator, names: Names, origin: str) -> None:
        self.section = section
        self.computed: frozenset[str] = frozenset()
        # Stages ask for the same names one after the other.
        self._asked: tuple[str, ...] | None = None
        self._given: tuple[Tree, ...] = ()
        self._evaluator = evaluator
        self._names = names
        self._origin = origin
        self._values: dict[str, Value] = {}
        self._trees: dict[str, Tree] = {}

    def sets(self, name: str) -> bool:
        """Whether the block says anything of an attribute or nested block of this name."""
        return name in self.section.arguments or name in self.section.nested

    def select(self, names: tuple[str, ...]) -> tuple[Tree, ...]:
        """Return the values of these attributes (model.resource.Attributes)."""
        if names is self._asked:
            return self._given
        trees, arguments, blocks = self._trees, self.section.arguments, self.section.nested
        found: list[Tree] = []
        for name in names:
            if name in arguments or name in blocks:
                if name not in trees:
                    trees[name] = as_tree(self.value(name))
                found.append(trees[name])
            elif name == "id" or name in self.computed:
                found.append(Unknown(Reason.AFTER_APPLY, f"{self._origin}.{name}"))
            else:
                found.append(None)
        self._asked, self._given = names, tuple(found)
        return self._given

    def value(self, name: str) -> Value:
        """Return the value of an attribute, or of the nested blocks of this name, as a tuple."""
        if name not in self._values:
            self._values[name] = _RUNNING
            try:
                self._values[name] = self._evaluator.bounded(self._work_out(name))
            except EvaluationError as error:
                self._values[name] = failed(str(error), f"{self._origin}.{name}")
            except RecursionError:
                self._values[name] = failed(say("it leads too deep"), f"{self._origin}.{name}")
        found = self._values[name]
        if isinstance(found, _Running):
            return failed(say("it refers to itself"), f"{self._origin}.{name}")
        return found

    def _work_out(self, name: str) -> Value:
        argument = self.section.argument(name)
        if argument is not None:
            return evaluated(argument, self._evaluator, self._names)
        return nested(self.section.nested[name], self._evaluator, self._names)

    def everything(self, without: frozenset[str]) -> dict[str, Tree]:
        """Return all attributes and nested blocks but those named."""
        names = [name for name in (*self.section.arguments, *self.section.nested) if name not in without]
        return dict(zip(names, self.select(tuple(names)), strict=True))


def evaluated(argument: Argument, evaluator: Evaluator, names: Names) -> Value:
    """Return the value of an argument; where it cannot be evaluated, an Unknown that says why and where."""
    try:
        return (
            evaluator.evaluate(argument.expression, names) if names else evaluator.value(argument.expression)
        )
    except EvaluationError as error:
        return failed(say("{name}: {message}", name=argument.name, message=error), argument.place)
    except RecursionError:
        return failed(
            say("{name}: {message}", name=argument.name, message=say("it leads too deep")), argument.place
        )


def nested(sections: Sequence[Section], evaluator: Evaluator, names: Names) -> Value:
    """Return nested blocks of one kind as a tuple of objects; what `dynamic` makes among them."""
    made: list[Value] = []
    for section in sections:
        if section.type == "dynamic":
            made.extend(_dynamic(section, evaluator, names))
        else:
            made.append(contents(section, evaluator, names))
    return tuple(made)


def contents(section: Section, evaluator: Evaluator, names: Names) -> Value:
    """Return one nested block as an object."""
    found: dict[str, Value] = {
        name: evaluated(argument, evaluator, names) for name, argument in section.arguments.items()
    }
    for kind, sections in section.nested.items():
        found[kind] = nested(sections, evaluator, names)
    return found


def _dynamic(section: Section, evaluator: Evaluator, names: Names) -> list[Value]:
    each = section.argument("for_each")
    content = next((inner for inner in section.sections() if inner.type == "content"), None)
    if each is None or content is None:
        return [failed(say("this dynamic block lacks `for_each` or `content`"), section.place)]
    iterator = section.argument("iterator")
    name = _iterator_name(iterator.expression) if iterator is not None else section.kind
    value = evaluated(each, evaluator, names)
    marked = isinstance(value, Sensitive)
    if isinstance(value, Sensitive):
        value = value.value
    if isinstance(value, Pending):
        value = value.unknown
    if value is None:
        return []
    if isinstance(value, Unknown):
        return [value]
    if isinstance(value, dict):
        pairs = sorted(value.items())
    elif isinstance(value, Set):
        pairs = [(part, part) for part in value]
    elif isinstance(value, tuple):
        pairs = list(enumerate(value))
    else:
        return [failed(say("for_each of a dynamic block must be a collection"), each.place)]
    if len(pairs) > MAX_INSTANCES:
        return [Unknown(Reason.TOO_MANY, each.place, say("{number} blocks", number=len(pairs)))]
    if marked:
        pairs = [(Sensitive(key), _marked(part)) for key, part in pairs]
    return [contents(content, evaluator, {**names, name: {"key": key, "value": part}}) for key, part in pairs]


def _marked(value: Value) -> Value:
    return value if isinstance(value, Unknown | Sensitive | Pending) else Sensitive(value)


def _iterator_name(expression: Expression) -> str:
    name = getattr(expression, "name", None) or getattr(expression, "value", None)
    return name if isinstance(name, str) else ""


def as_text(value: Value) -> str | None:
    """Return a value as text where it is one."""
    try:
        found = convert(value, STRING)
    except EvaluationError:
        return None
    return found if isinstance(found, str) else None
