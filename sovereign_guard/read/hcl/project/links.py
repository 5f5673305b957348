"""Which blocks an expression refers to, through locals, variables and outputs too, without evaluating it."""

from __future__ import annotations

from collections.abc import Iterator

from sovereign_guard.model.value import Reference
from sovereign_guard.read.hcl.language.values import EvaluationError
from sovereign_guard.read.hcl.project.instance import ModuleInstance
from sovereign_guard.read.hcl.project.source import Argument, Section
from sovereign_guard.read.hcl.syntax.tree import (
    Access,
    Binary,
    Call,
    Conditional,
    Expression,
    For,
    GetAttribute,
    GetIndex,
    Literal,
    Name,
    Number,
    ObjectExpression,
    Splat,
    Step,
    Template,
    TemplateFor,
    TemplateIf,
    TupleExpression,
    Unary,
)

PROVISIONER = "provisioner"
"""Name by which links are asked for what provisioners refer to."""

MAX_EXPRESSIONS = 2_000
"""Expressions that are looked through for one attribute."""

_Where = tuple[ModuleInstance, Expression, Section | None, bool]
"""An expression, the module instance and the block that it stands in, and whether it is that very instance.

Links are shared by all instances of a module, so of what stands in one that is called several times only the
module is known; of what leads from there to the root, or on by a key that is written out, the instance too.
"""


class Links:
    """Finds references; those of one attribute are worked out once."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, int, str], tuple[Reference, ...]] = {}

    def of_attribute(self, instance: ModuleInstance, section: Section, name: str) -> tuple[Reference, ...]:
        """Return what of the blocks an attribute, or the nested blocks of that name, refer to."""
        key = (id(instance), id(section), name)
        if key not in self._found:
            expressions: list[_Where] = [
                (instance, one, section, instance.parent is None) for one in _expressions(section, name)
            ]
            self._found[key] = tuple(dict.fromkeys(self._references(expressions)))
        return self._found[key]

    def of_provisioners(self, instance: ModuleInstance, section: Section) -> tuple[Reference, ...]:
        """Return what of the blocks a block's provisioners, and their connections, refer to."""
        key = (id(instance), id(section), PROVISIONER)
        if key not in self._found:
            expressions: list[_Where] = [
                (instance, one, section, instance.parent is None)
                for name in (PROVISIONER, "connection")
                for one in _expressions(section, name)
            ]
            # `connection` stands in the block itself, or in one of its provisioners.
            if PROVISIONER not in section.nested:
                expressions = []
            itself = ".".join(section.labels)
            self._found[key] = tuple(dict.fromkeys(self._references(expressions, itself)))
        return self._found[key]

    @staticmethod
    def depends(section: Section) -> bool:
        """Whether `depends_on` names a managed resource or a module."""
        argument = section.argument("depends_on")
        try:
            expression = argument.expression if argument is not None else None
        except EvaluationError:
            return False
        if not isinstance(expression, TupleExpression):
            return False
        for item in expression.items:
            name = item.source if isinstance(item, Access) else item
            if isinstance(name, Name) and name.name not in ("data", "var", "local"):
                return True
        return False

    def _references(self, waiting: list[_Where], itself: str = "") -> Iterator[Reference]:
        """Give what expressions refer to; `itself`: the address that `self` stands for."""
        seen: set[tuple[int, int]] = set()
        while waiting:
            instance, expression, section, exact = waiting.pop()
            if (id(instance), id(expression)) in seen or len(seen) > MAX_EXPRESSIONS:
                continue
            seen.add((id(instance), id(expression)))
            for root, steps in accesses(expression):
                names = [step.name for step in steps if isinstance(step, GetAttribute)]
                if root in ("local", "var", "module") and names:
                    waiting.extend(_behind(instance, root, names, steps, exact=exact))
                elif root == "each" and section is not None:
                    each = section.argument("for_each")
                    waiting.extend((instance, found, None, exact) for found in _of(each))
                else:
                    if root == "self" and itself and section is not None:
                        root, name = itself.split(".", 1)
                        steps = (GetAttribute(name), *steps)
                    reference = _reference(instance, root, steps, exact=exact, chained=section is None)
                    if reference is not None:
                        yield reference


def _reference(
    instance: ModuleInstance, root: str, steps: tuple[Step, ...], *, exact: bool, chained: bool
) -> Reference | None:
    """Return the block that an access names, if it is one of this module.

    Args:
        exact: this very module instance is meant.
        chained: it stands in a `for_each`, so that instances with the same key may belong together.

    """
    skipped = 2 if root in ("data", "ephemeral") else 1
    head = steps[:skipped]
    names = [step.name for step in head if isinstance(step, GetAttribute)]
    if len(names) != skipped:
        return None
    address = ".".join((root, *names))
    if address not in instance.module.resources:
        return None
    index: int | str | None = None
    alike = chained
    path: list[str] = []
    rest = list(steps[skipped:])
    if rest and isinstance(rest[0], GetIndex):
        index = _key(rest[0].key)
        alike = _is_own_key(rest[0].key)
    while rest:
        step = rest.pop(0)
        if isinstance(step, GetAttribute):
            path.append(step.name)
        elif isinstance(step, Splat):
            rest[:0] = step.steps
    module = instance.address if exact else None
    return Reference(instance.block_key(address), tuple(path), index, module, alike=alike)


def _key(expression: Expression) -> int | str | None:
    if isinstance(expression, Literal) and isinstance(expression.value, str):
        return expression.value
    return int(expression.text) if isinstance(expression, Number) and expression.text.isdecimal() else None


def _is_own_key(expression: Expression) -> bool:
    """Whether an expression is the key of the resource that it stands in."""
    if not isinstance(expression, Access) or not isinstance(expression.source, Name):
        return False
    names = tuple(step.name if isinstance(step, GetAttribute) else None for step in expression.steps)
    return (expression.source.name, names) in (("each", ("key",)), ("count", ("index",)))


def _behind(
    instance: ModuleInstance, root: str, names: list[str], steps: tuple[Step, ...], *, exact: bool
) -> Iterator[_Where]:
    """Give the expressions behind a local value, a variable of a called module, or an output."""
    name = names[0]
    if root == "local":
        for found in _of(instance.module.locals.get(name)):
            yield instance, found, None, exact
    elif root == "var":
        parent = instance.parent
        if instance.called_by is not None and parent is not None:
            for found in _of(instance.called_by.argument(name)):
                yield parent, found, instance.called_by, exact or parent.parent is None
    elif name in instance.module.calls and len(names) > 1:
        children = instance.children(name) or ()
        key = _key(steps[1].key) if len(steps) > 1 and isinstance(steps[1], GetIndex) else None
        chosen = [child for child in children if child.place.key == key] if key is not None else children
        for child in chosen[:1]:
            output = child.module.outputs.get(names[1])
            told = exact and (key is not None or len(children) == 1)
            for found in _of(output.argument("value") if output is not None else None):
                yield child, found, None, told


def _of(argument: Argument | None) -> tuple[Expression, ...]:
    try:
        return (argument.expression,) if argument is not None else ()
    except EvaluationError:
        return ()


def _expressions(section: Section, name: str) -> Iterator[Expression]:
    """Give the expressions of an attribute, and all those of nested blocks of that name."""
    yield from _of(section.argument(name))
    waiting = [inner for inner in section.sections() if inner.kind == name]
    while waiting:
        inner = waiting.pop()
        for argument in inner.arguments.values():
            yield from _of(argument)
        waiting.extend(inner.sections())


def accesses(expression: Expression) -> Iterator[tuple[str, tuple[Step, ...]]]:
    """Give every name that an expression refers to, with the steps into it."""
    waiting: list[Expression | None] = [expression]
    while waiting:
        node = waiting.pop()
        match node:
            case Name():
                yield node.name, ()
            case Access():
                if isinstance(node.source, Name):
                    yield node.source.name, node.steps
                else:
                    waiting.append(node.source)
                waiting.extend(_keys(node.steps))
            case Template():
                waiting.extend(node.parts)
            case TemplateIf():
                waiting.extend((node.condition, node.then, node.otherwise))
            case TemplateFor():
                waiting.extend((node.collection, node.body))
            case Unary():
                waiting.append(node.operand)
            case Binary():
                waiting.extend((node.left, node.right))
            case Conditional():
                waiting.extend((node.condition, node.then, node.otherwise))
            case TupleExpression():
                waiting.extend(node.items)
            case ObjectExpression():
                for key, value in node.items:
                    waiting.extend((key, value))
            case For():
                waiting.extend((node.collection, node.result_key, node.result, node.condition))
            case Call():
                waiting.extend(node.arguments)
            case _:
                pass


def _keys(steps: tuple[Step, ...]) -> Iterator[Expression]:
    for step in steps:
        if isinstance(step, GetIndex):
            yield step.key
        elif isinstance(step, Splat):
            yield from _keys(step.steps)
