"""Expressions -> values, as far as they can be told.

What cannot be told is Unknown, and an Unknown in an expression makes the result Unknown only where another
value in its place could make the result another. An expression that Terraform would refuse raises
EvaluationError, so that `try` and `can` see it; at an attribute it becomes an Unknown that says why.

Semantics: the specification of HCL's native syntax (https://github.com/hashicorp/hcl, spec.md) and what
`terraform console` 1.11 prints, see tests/functions; read 2026-11-24.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

from sovereign_guard.language import say
from sovereign_guard.model.value import Reason, Sensitive, Unknown
from sovereign_guard.read.hcl.language import floats
from sovereign_guard.read.hcl.language.types import (
    ANY,
    BOOL,
    NUMBER,
    STRING,
    convert,
    kind_of,
    parse_number,
    type_of,
    unified_type,
)
from sovereign_guard.read.hcl.language.values import (
    MAX_ELEMENTS,
    MAX_TEXT,
    EvaluationError,
    LimitError,
    List,
    Pending,
    Set,
    Several,
    Value,
    combine,
    failed,
    identity,
    same,
    unknown_in,
    weight_of,
    without_marks,
)
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

MAX_DEPTH = 300
"""Evaluations nested in one another, through locals and modules too."""

Names = Mapping[str, Value]
"""Names that a `for` or a template's caller gives."""

_NO_NAMES: Names = {}
_SCHEME = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://)?")
_LONG = 1_000
_LEAVES = frozenset({str, int, bool, type(None), Unknown})
_LIGHT = frozenset({type(None), bool, int, Decimal, Unknown})
_REMOVED = frozenset({"list", "map"})
"""Functions of Terraform 0.11, which versions in use refuse."""
_VARIABLE = re.compile(r"[^\W\d][\w-]*")
_AFTER_HOST = ("/", ":", "?", "#")


class Budget:
    """How much work one root module may still cause."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.depth = 0

    def spend(self, steps: int = 1) -> None:
        """Take steps off.

        Raises:
            LimitError: none are left.

        """
        self.steps -= steps
        if self.steps < 0:
            raise LimitError(say("this configuration takes too much work to evaluate"))


class Scope(Protocol):
    """Gives the values of names such as `var.x`."""

    def lookup(self, root: str, steps: Sequence[Step], /) -> tuple[Value, int]:
        """Return the value of a reference, and how many of its steps that used up.

        Raises:
            EvaluationError: there is no such name.

        """
        ...

    def call(self, name: str, arguments: Sequence[Value]) -> Value:
        """Call a function other than those that evaluate expressions themselves."""
        ...

    def template(self, path: str, /) -> Template:
        """Return the template in a file (`templatefile`)."""
        ...


class Evaluator:
    """Evaluates expressions in one scope."""

    def __init__(self, scope: Scope, budget: Budget) -> None:
        self._scope = scope
        self._budget = budget
        # An expression is kept beside its value, or another could come to have its identity.
        self._values: dict[int, tuple[Expression, Value]] = {}
        self._doubts = 0  # How often something was asked that fails for some values of what is not known.
        self._by_type: dict[type, Callable[[Any, Names], Value]] = {
            Literal: lambda node, _names: node.value,
            Number: lambda node, _names: _number_of(node.text),
            Name: self._name,
            Access: self._access,
            Template: self._template,
            TemplateIf: self._template_if,
            TemplateFor: self._template_for,
            Unary: self._unary,
            Binary: self._binary,
            Conditional: self._conditional,
            TupleExpression: self._tuple,
            ObjectExpression: self._object,
            For: self._for,
            Call: self._call,
        }

    def evaluate(self, expression: Expression, names: Names = _NO_NAMES) -> Value:
        """Return the value of an expression.

        Raises:
            EvaluationError: Terraform too would refuse it, or it goes over our limits.

        """
        budget = self._budget
        budget.steps -= 1
        budget.depth += 1
        try:
            if budget.steps < 0 or budget.depth > MAX_DEPTH:
                budget.spend()
                raise LimitError(say("this expression leads too deep"))
            return self._by_type[type(expression)](expression, names)
        finally:
            budget.depth -= 1

    def value(self, expression: Expression) -> Value:
        """Return the value of an expression by itself, worked out once: configurations repeat themselves.

        Raises:
            EvaluationError: as `evaluate`.

        """
        if type(expression) is Literal:
            return expression.value
        found = self._values.get(id(expression))
        if found is None:
            found = self._values[id(expression)] = expression, self.evaluate(expression)
        return found[1]

    # -- references ------------------------------------------------------------------------------------------

    def _name(self, node: Name, names: Names) -> Value:
        if node.name in names:
            return names[node.name]
        return self._lookup(node.name, ())[0]

    def _lookup(self, name: str, steps: Sequence[Step]) -> tuple[Value, int]:
        """Return what the scope has of a reference: how another expression comes by it saves no `try`."""
        doubts = self._doubts
        found = self._scope.lookup(name, steps)
        self._doubts = doubts
        return found

    def _access(self, node: Access, names: Names) -> Value:
        source = node.source
        steps = node.steps
        if isinstance(source, Name) and source.name not in names:
            value, used = self._lookup(source.name, steps)
            steps = steps[used:]
        else:
            value = self.evaluate(source, names)
        return self._walk(value, steps, names)

    def _walk(self, value: Value, steps: Sequence[Step], names: Names) -> Value:
        for at, step in enumerate(steps):
            whole = value.value if isinstance(value, Sensitive) else value
            if isinstance(step, GetAttribute):
                self._doubts += isinstance(whole, Unknown)
                value = attribute_of(value, step.name)
            elif isinstance(step, GetIndex):
                key = self.evaluate(step.key, names)
                self._doubts += isinstance(whole, Unknown | Several) or isinstance(_open(key)[0], Unknown)
                value = index_of(value, key)
            else:
                return self._walk(self._splat(value, step, names), steps[at + 1 :], names)
        return value

    def _splat(self, value: Value, splat: Splat, names: Names) -> Value:
        if isinstance(value, Sensitive):
            found = self._splat(value.value, splat, names)
            return found if isinstance(found, Unknown) else Sensitive(found)
        if value is None:
            return ()
        if isinstance(value, Several):
            found = self._walk(value.any_one(), splat.steps, names)
            return found if isinstance(found, Unknown) else combine([value.unknown])
        if isinstance(value, Unknown):
            return value
        if not isinstance(value, tuple):
            return (self._walk(value, splat.steps, names),)
        self._budget.spend(len(value))
        found = [self._walk(part, splat.steps, names) for part in value]
        return List(found) if isinstance(value, List | Set) else tuple(found)

    # -- templates -------------------------------------------------------------------------------------------

    def _template(self, node: Template, names: Names) -> Value:
        if len(node.parts) == 1 and not isinstance(node.parts[0], TemplateIf | TemplateFor):
            return self.evaluate(node.parts[0], names)
        return self._text(node, names)

    def _text(self, node: Template, names: Names) -> Value:
        """Return a template as text, of one part too."""
        parts: list[Value] = []
        length = 0
        marked = False
        for part in node.parts:
            value = self.evaluate(part, names)
            if isinstance(value, Sensitive):
                value, marked = value.value, True
            if value is None:
                raise EvaluationError(say("a template cannot hold null"))
            if isinstance(value, Pending):
                raise EvaluationError(say("a template cannot hold an object"))
            if not isinstance(value, Unknown | str):
                value = convert(value, STRING)
            if isinstance(value, str):
                length += len(value)
                if length > MAX_TEXT:
                    raise LimitError(say("the text is too long"))
            parts.append(value)
        self._budget.spend(length >> 6)
        unknowns = [part for part in parts if isinstance(part, Unknown)]
        if unknowns:
            return combine(unknowns, through=_holds_the_host(parts))
        text = "".join(parts)
        return Sensitive(text) if marked else text

    def _template_if(self, node: TemplateIf, names: Names) -> Value:
        condition = self._condition(node.condition, names)
        if isinstance(condition, Sensitive):
            value = self._text(node.then if condition.value else node.otherwise, names)
            return value if isinstance(value, Unknown) else Sensitive(value)
        if isinstance(condition, Unknown):
            return combine([condition])
        return self._text(node.then if condition else node.otherwise, names)

    def _template_for(self, node: TemplateFor, names: Names) -> Value:
        collection = self.evaluate(node.collection, names)
        collection, marked = _open(collection)
        if isinstance(collection, Unknown):
            return combine([collection])
        body = node.body
        texts: list[str] = []
        unknowns: list[Unknown] = []
        length = 0
        for key, value in self._pairs(collection):
            inner = {**names, node.value: value}
            if node.key is not None:
                inner[node.key] = key
            text = self._text(body, inner)
            if isinstance(text, Sensitive):
                text, marked = text.value, True
            if isinstance(text, Unknown):
                unknowns.append(text)
                continue
            length += len(text)
            if length > MAX_TEXT:
                raise LimitError(say("the text is too long"))
            texts.append(text)
        if unknowns:
            return combine(unknowns)
        joined = "".join(texts)
        return Sensitive(joined) if marked else joined

    # -- operators -------------------------------------------------------------------------------------------

    def _unary(self, node: Unary, names: Names) -> Value:
        operand, marked = _open(self.evaluate(node.operand, names))
        if operand is None:
            raise EvaluationError(say("an operand must not be null"))
        if isinstance(operand, Unknown):
            return combine([operand])
        result = not convert(operand, BOOL) if node.operator == "!" else _negated(convert(operand, NUMBER))
        return Sensitive(result) if marked else result

    def _binary(self, node: Binary, names: Names) -> Value:
        left, right = self.evaluate(node.left, names), self.evaluate(node.right, names)
        one, other = isinstance(left, Sensitive), isinstance(right, Sensitive)
        left, right = (left.value if one else left), (right.value if other else right)
        self._charge(left)
        self._charge(right)
        result = binary(node.operator, left, right)
        marked = one or other
        return Sensitive(result) if marked and not isinstance(result, Unknown) else result

    def _condition(self, expression: Expression, names: Names) -> Value:
        """Return a condition: a bool, Unknown, or a Sensitive bool."""
        value, marked = _open(self.evaluate(expression, names))
        if value is None:
            raise EvaluationError(say("a condition must not be null"))
        if isinstance(value, Unknown):
            return value
        value = convert(value, BOOL)
        return Sensitive(value) if marked else value

    def _conditional(self, node: Conditional, names: Names) -> Value:
        condition = self._condition(node.condition, names)
        marked = isinstance(condition, Sensitive)
        if marked:
            condition = condition.value
        if isinstance(condition, Unknown):
            then, otherwise = self._attempt(node.then, names), self._attempt(node.otherwise, names)
            if isinstance(then, EvaluationError) or isinstance(otherwise, EvaluationError):
                return combine([condition])
            self._charge(then)
            self._charge(otherwise)
            then, otherwise = _unified(then, otherwise)
            if unknown_in(then) is None and unknown_in(otherwise) is None and same(then, otherwise):
                return then
            unknowns = [part for part in (then, otherwise) if isinstance(part, Unknown)]
            return combine([condition, *unknowns])
        chosen, left = (node.then, node.otherwise) if condition else (node.otherwise, node.then)
        value = self.evaluate(chosen, names)
        if value is not None and not isinstance(value, Unknown | Pending):
            other = self._left_out(left, names)
            if not isinstance(other, EvaluationError):
                self._charge(value)
                self._charge(other)
                value = _unified(value, other)[0]
                marked = (marked or isinstance(other, Sensitive)) and not isinstance(value, Sensitive)
        return Sensitive(value) if marked and not isinstance(value, Unknown) else value

    def _left_out(self, expression: Expression, names: Names) -> Value | EvaluationError:
        """Return what the branch that was not chosen is: only its type counts, and no fault of it."""
        try:
            return self.evaluate(expression, names)
        except EvaluationError as error:
            return error

    def _attempt(self, expression: Expression, names: Names) -> Value | EvaluationError:
        try:
            return self.evaluate(expression, names)
        except LimitError:
            raise
        except EvaluationError as error:
            return error

    # -- collections -----------------------------------------------------------------------------------------

    def _tuple(self, node: TupleExpression, names: Names) -> Value:
        return tuple([self.evaluate(item, names) for item in node.items])

    def _object(self, node: ObjectExpression, names: Names) -> Value:
        made: dict[str, Value] = {}
        unknowns: list[Unknown] = []
        marked = False
        for key_expression, value_expression in node.items:
            key, hidden = self._key(self.evaluate(key_expression, names))
            marked = marked or hidden
            value = self.evaluate(value_expression, names)
            if isinstance(key, Unknown):
                unknowns.append(key)
            else:
                made[key] = value
        if unknowns:
            return combine(unknowns)
        return Sensitive(made) if marked else made

    @staticmethod
    def _key(value: Value) -> tuple[str | Unknown, bool]:
        """Return a key, and whether it is sensitive, which makes the whole object so."""
        value, marked = _open(value)
        if value is None:
            raise EvaluationError(say("a key must not be null"))
        return (value if isinstance(value, Unknown) else convert(value, STRING)), marked

    def _pairs(self, collection: Value) -> list[tuple[Value, Value]]:
        """Return keys and values of a collection, in order."""
        if isinstance(collection, dict):
            self._budget.spend(len(collection))
            return sorted(collection.items())
        if isinstance(collection, Set):
            self._budget.spend(len(collection))
            return [(value, value) for value in collection]
        if isinstance(collection, tuple):
            self._budget.spend(len(collection))
            return list(enumerate(collection))
        raise EvaluationError(say("only lists, sets, maps, tuples and objects can be walked through"))

    def _for(self, node: For, names: Names) -> Value:
        collection, marked = _open(self.evaluate(node.collection, names))
        if isinstance(collection, Unknown):
            return combine([collection])
        found: list[tuple[Value, Value]] = []
        unknowns: list[Unknown] = []
        for key, value in self._pairs(collection):
            inner = {**names, node.value: value}
            if node.key is not None:
                inner[node.key] = key
            if node.condition is not None:
                condition = self._condition(node.condition, inner)
                if isinstance(condition, Sensitive):
                    condition, marked = condition.value, True
                if isinstance(condition, Unknown):
                    unknowns.append(condition)
                    continue
                if not condition:
                    continue
            made_key: Value = None
            if node.result_key is not None:
                made_key, hidden = self._key(self.evaluate(node.result_key, inner))
                marked = marked or hidden
                if isinstance(made_key, Unknown):
                    unknowns.append(made_key)
                    continue
            found.append((made_key, self.evaluate(node.result, inner)))
        if unknowns:
            return combine(unknowns)
        made = self._gathered(found, node)
        self._charge(made)
        return Sensitive(made) if marked else made

    @staticmethod
    def _gathered(found: list[tuple[Value, Value]], node: For) -> Value:
        if node.result_key is None:
            return tuple([value for _key, value in found])
        if node.grouping:
            groups: dict[str, list[Value]] = {}
            for key, value in found:
                groups.setdefault(key, []).append(value)
            return {key: tuple(values) for key, values in groups.items()}
        made = dict(found)
        if len(made) < len(found):
            raise EvaluationError(
                say("two elements have the same key; `...` after the value would group them")
            )
        return made

    # -- calls -----------------------------------------------------------------------------------------------

    def _call(self, node: Call, names: Names) -> Value:
        name = node.name.removeprefix("core::")
        special = _SPECIAL.get(name)
        if special is not None and not node.expand:
            if name.startswith("template") and isinstance(self._scope, _TemplateScope):
                raise EvaluationError(say("a template cannot render another"))
            return special(self, node.arguments, names)
        arguments = [self.evaluate(argument, names) for argument in node.arguments]
        if node.expand:
            last, marked = _open(arguments.pop() if arguments else None)
            if isinstance(last, Unknown):
                return combine([last])
            if not isinstance(last, tuple):
                raise EvaluationError(say("what `...` follows must be a list"))
            if len(last) > MAX_ELEMENTS:
                raise LimitError(say("there are too many arguments"))
            arguments.extend(Sensitive(part) if marked else part for part in last)
        if special is not None:
            raise LimitError(say("{function} with expanded arguments is not understood", function=name))
        self._budget.spend(4)
        for argument in arguments:
            self._charge(argument)
        result = self._scope.call(name, arguments)
        self._charge(result)
        self._doubts += isinstance(result, Unknown)
        return result

    def bounded(self, value: Value) -> Value:
        """Return a value after its weight has been taken off the budget.

        Raises:
            LimitError: none is left, or the value is too large to be looked into.

        """
        self._charge(value)
        return value

    def _charge(self, value: Value) -> None:
        """Take off the budget about the work that there is with a value.

        Raises:
            LimitError: none is left, or the value is too large to be looked into.

        """
        kind = type(value)
        if kind is str:
            if len(value) > _LONG:
                self._budget.spend(len(value) >> 6)
        elif kind not in _LIGHT and value != ():
            self._budget.spend(1 + (weight_of(value) >> 2))

    def _try(self, arguments: Sequence[Expression], names: Names) -> Value:
        for at, argument in enumerate(arguments):
            doubts = self._doubts
            value = self._attempt(argument, names)
            if isinstance(value, EvaluationError):
                continue
            self._charge(value)
            # With other values in place of what is unknown it might still fail.
            unknown = None if isinstance(value, Pending) else unknown_in(value)
            known = unknown is None and not isinstance(value, Pending)
            if self._doubts > doubts and at + 1 < len(arguments) and not known:
                self._doubts = doubts
                return self._or_else(value, arguments[at + 1 :], names)
            return value if unknown is None else combine([unknown], through=True)
        raise EvaluationError(say("no argument of `try` can be evaluated"))

    def _or_else(self, value: Value, others: Sequence[Expression], names: Names) -> Value:
        """Return what `try` gives where the argument with this value may yet fail, and another be taken."""
        try:
            other = self._try(others, names)
        except LimitError as error:
            other = failed(str(error))
        except EvaluationError:
            other = None
        # What names nothing leads nowhere else.
        parts = [value] if other in (None, "", (), {}) else [value, other]
        if len(parts) == 1 and isinstance(value, Pending):
            return value
        unknowns = [part.unknown if isinstance(part, Pending) else unknown_in(part) for part in parts]
        through = all(isinstance(part, Unknown | Pending) for part in parts)
        return combine([one for one in unknowns if one is not None], through=through)

    def _can(self, arguments: Sequence[Expression], names: Names) -> Value:
        if len(arguments) != 1:
            raise EvaluationError(say("`can` takes one argument"))
        value = self._attempt(arguments[0], names)
        if isinstance(value, EvaluationError):
            return False
        self._charge(value)
        unknown = unknown_in(value)
        return combine([unknown]) if unknown is not None else True

    def _templatefile(self, arguments: Sequence[Expression], names: Names) -> Value:
        if len(arguments) != 2:
            raise EvaluationError(say("`templatefile` takes a path and an object"))
        path, marked = _open(self.evaluate(arguments[0], names))
        if isinstance(path, Unknown):
            return combine([path])
        return self._render(
            self._scope.template(convert(path, STRING)), arguments[1], names, marked=marked, files=True
        )

    def _templatestring(self, arguments: Sequence[Expression], names: Names) -> Value:
        from sovereign_guard.read.hcl.syntax.expressions import NotAnExpressionError, parse_template

        if len(arguments) != 2:
            raise EvaluationError(say("`templatestring` takes a template and an object"))
        if not isinstance(arguments[0], Access | Name):
            raise EvaluationError(say("the template must be a reference"))
        text, marked = _open(self.evaluate(arguments[0], names))
        if isinstance(text, Unknown):
            return combine([text])
        if not isinstance(text, str):
            raise EvaluationError(say("the template must be a text"))
        try:
            template = parse_template(text)
        except NotAnExpressionError as error:
            raise EvaluationError(say("the template cannot be read: {error}", error=error)) from None
        return self._render(template, arguments[1], names, marked=marked, files=False)

    def _render(
        self, template: Template, given: Expression, names: Names, *, marked: bool, files: bool
    ) -> Value:
        """Return what a template gives; `files`: it may read files."""
        values, hidden = _open(self.evaluate(given, names))
        if isinstance(values, Unknown):
            return combine([values])
        if not isinstance(values, dict):
            raise EvaluationError(say("a template's values must be an object"))
        if not all(_VARIABLE.fullmatch(name) for name in values):
            raise EvaluationError(say("a name that is given to a template must be an identifier"))
        inner = Evaluator(_TemplateScope(self._scope, files=files), self._budget)
        value = inner.evaluate(template, values)
        if value is None:
            raise EvaluationError(say("the template's result is null"))
        value, deep = without_marks(value)
        if not files:
            value = convert(value, STRING)
        marked = marked or hidden or deep
        return Sensitive(value) if marked and not isinstance(value, Unknown) else value


_SPECIAL: dict[str, Callable[[Evaluator, Sequence[Expression], Names], Value]] = {
    "try": Evaluator._try,  # noqa: SLF001
    "can": Evaluator._can,  # noqa: SLF001
    "templatefile": Evaluator._templatefile,  # noqa: SLF001
    "templatestring": Evaluator._templatestring,  # noqa: SLF001
}
"""Functions that evaluate expressions themselves."""


class _TemplateScope:
    """Inside a template file there are only the names that were given to it."""

    def __init__(self, outer: Scope, *, files: bool) -> None:
        self._outer = outer
        self._files = files

    def lookup(self, root: str, _steps: Sequence[Step]) -> tuple[Value, int]:
        raise EvaluationError(say("the template refers to {name!r}, which is not given to it", name=root))

    def call(self, name: str, arguments: Sequence[Value]) -> Value:
        if not self._files and name.startswith("file"):
            raise EvaluationError(say("a template in a text cannot read files"))
        return self._outer.call(name, arguments)

    def template(self, _path: str) -> Template:
        raise EvaluationError(say("a template cannot render another"))


def _number_of(text: str) -> Value:
    return int(text) if text.isdecimal() and len(text) < 19 else parse_number(text)


def _open(value: Value) -> tuple[Value, bool]:
    """Take the mark off a value as a whole; an object of which only some is known is Unknown as a whole."""
    marked = isinstance(value, Sensitive)
    if marked:
        value = value.value
    return (value.unknown if isinstance(value, Pending) else value), marked


def _holds_the_host(parts: Sequence[Value]) -> bool:
    """Whether a URL with unknown parts has its host from the first of them alone."""
    first = next(at for at, part in enumerate(parts) if isinstance(part, Unknown))
    before = "".join(parts[:first])
    after = parts[first + 1] if first + 1 < len(parts) else ""
    return _SCHEME.fullmatch(before) is not None and (
        after == "" or (isinstance(after, str) and after.startswith(_AFTER_HOST))
    )


def _one_is_empty(one: Value, other: Value) -> bool:
    """Whether two values are both maps and objects, or both lists and tuples, and one has no elements."""
    alike = all(isinstance(part, dict) for part in (one, other)) or all(
        isinstance(part, tuple) for part in (one, other)
    )
    return alike and not (one and other)


def _unified(one: Value, other: Value) -> tuple[Value, Value]:
    """Return both results of a conditional as values of one type, where there is one."""
    if not isinstance(one, dict | tuple | Sensitive) and type(one) is type(other):
        return one, other
    wanted = unified_type([type_of(one), type_of(other)])
    if wanted is None and _one_is_empty(one, other):
        return one, other  # Of what would be in the empty one, nothing is said.
    if wanted is None:
        raise EvaluationError(say("the two results of a conditional must be of one type"))
    if wanted == ANY:
        return one, other
    return convert(one, wanted), convert(other, wanted)


def attribute_of(value: Value, name: str) -> Value:
    """Return `value.name`.

    Raises:
        EvaluationError: it has no such attribute.

    """
    if isinstance(value, dict):
        if name in value:
            return value[name]
        raise EvaluationError(say("there is no attribute {name!r}", name=name))
    if isinstance(value, Several):
        return combine([value.unknown])
    if isinstance(value, Pending):
        return value.attribute(name)
    if isinstance(value, Unknown):
        return below(value, name)
    if isinstance(value, Sensitive):
        found = attribute_of(value.value, name)
        return found if isinstance(found, Unknown | Sensitive) else Sensitive(found)
    if value is None:
        raise EvaluationError(say("{name!r} is asked of null", name=name))
    raise EvaluationError(say("{name!r} is asked of a value that has no attributes", name=name))


_MOST_ALIKE = 200
"""Instances that are looked at one by one where any of them may be meant."""


def below(unknown: Unknown, name: str) -> Unknown:
    """Return what is not known below something that is not known."""
    if not unknown.feeds or not unknown.only_feeds:
        return unknown
    from msgspec.structs import replace

    feeds = tuple(replace(feed, path=(*feed.path, name)) for feed in unknown.feeds)
    return replace(unknown, feeds=feeds)


def _some_of(value: Value, key: Unknown) -> Value:
    """Return an element of which the key is not known: of instances, it refers to these and nothing else."""
    parts = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(parts, list | tuple) or not 0 < len(parts) <= _MOST_ALIKE:
        return combine([key])
    if all(isinstance(part, Pending) for part in parts):
        return Pending(
            lambda name: _some_of([part.attribute(name) for part in parts], key),
            combine([part.unknown for part in parts], through=True),
        )
    if all(isinstance(part, Unknown) for part in parts):
        return combine(parts, through=True)
    return combine([key, *(part for part in parts if isinstance(part, Unknown))])


def index_of(value: Value, key: Value) -> Value:
    """Return `value[key]`.

    Raises:
        EvaluationError: there is no such element.

    """
    if isinstance(value, Sensitive):
        found = index_of(value.value, key)
        return found if isinstance(found, Unknown | Sensitive) else Sensitive(found)
    key, marked = _open(key)
    if marked:
        found = index_of(value, key)
        return found if isinstance(found, Unknown | Sensitive) else Sensitive(found)
    if value is None or key is None:
        raise EvaluationError(say("neither what is indexed nor the index may be null"))
    if isinstance(value, Unknown):
        return below(value, key) if isinstance(key, str) else value
    if isinstance(key, Unknown):
        return value.any_one() if isinstance(value, Several) else _some_of(value, key)
    if isinstance(value, Pending):
        return value.attribute(convert(key, STRING))
    if isinstance(value, dict):
        name = convert(key, STRING)
        if name in value:
            return value[name]
        raise EvaluationError(say("there is no element with this key"))
    if isinstance(value, Set) or not isinstance(value, tuple):
        raise EvaluationError(say("this value cannot be indexed"))
    at = convert(key, NUMBER)
    if not isinstance(at, int) or not 0 <= at < len(value):
        raise EvaluationError(say("there is no element with this index"))
    return value[at]


def binary(operator: str, left: Value, right: Value) -> Value:
    """Apply an operator to two values without marks on top.

    Raises:
        EvaluationError: it does not apply to them.

    """
    if operator in ("==", "!="):
        equal = equality(left, right)
        return equal if isinstance(equal, Unknown) else equal is (operator == "==")
    if left is None or right is None:
        raise EvaluationError(say("an operand must not be null"))
    wanted = BOOL if operator in ("&&", "||") else NUMBER
    left, right = _open(left)[0], _open(right)[0]
    left, right = convert(left, wanted), convert(right, wanted)
    unknowns = [part for part in (left, right) if isinstance(part, Unknown)]
    if operator in ("&&", "||"):
        decisive = operator == "||"
        if left is decisive or right is decisive:
            return decisive
        return combine(unknowns) if unknowns else not decisive
    if unknowns:
        return combine(unknowns)
    if operator in ("<", "<=", ">", ">="):
        return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[operator]
    return _arithmetic(operator, left, right)


def _negated(value: int | Decimal) -> int | Decimal:
    return -value if isinstance(value, int) else value.copy_negate()  # Decimal's own minus rounds.


def _arithmetic(operator: str, left: int | Decimal, right: int | Decimal) -> Value:
    whole = isinstance(left, int) and isinstance(right, int)
    if whole and operator in ("+", "-", "*") and int(left).bit_length() + int(right).bit_length() < 500:
        return left + right if operator == "+" else left - right if operator == "-" else left * right
    try:
        return _OPERATIONS[operator](left, right)
    except ZeroDivisionError:
        raise LimitError(say("division by zero")) from None
    except OverflowError:
        raise LimitError(say("the number is too large or too small")) from None


_OPERATIONS: dict[str, Callable[[int | Decimal, int | Decimal], int | Decimal]] = {
    "+": floats.add,
    "-": floats.subtract,
    "*": floats.multiply,
    "/": floats.divide,
    "%": floats.remainder,
}


def equality(left: Value, right: Value) -> bool | Unknown:
    """Compare two values of which parts may be unknown."""
    left, right = without_marks(left)[0], without_marks(right)[0]
    if {type(left), type(right)} == {Pending, type(None)}:
        return False
    found = [unknown_in(part) for part in (left, right)]
    unknowns = [part for part in found if part is not None]
    if not unknowns:
        return same(left, right)
    if _differ(left, right):
        return False
    return combine(unknowns)


def _differ(left: Value, right: Value) -> bool:
    """Whether two values differ whatever their unknown parts are."""
    if isinstance(left, Unknown | Pending) or isinstance(right, Unknown | Pending):
        return False
    if left is None or right is None:
        return (left is None) is not (right is None)
    if kind_of(left) != kind_of(right):
        return True
    if isinstance(left, dict):
        return left.keys() != right.keys() or any(_differ(part, right[name]) for name, part in left.items())
    if isinstance(left, Set):
        return False  # Which elements are the same is not known.
    if isinstance(left, tuple):
        return len(left) != len(right) or any(map(_differ, left, right))
    return not same(left, right)


def as_tree(value: Value) -> Any:
    """Return a value as JSON whose nodes may be Unknown or Sensitive (model.value.Tree)."""
    if type(value) in _LEAVES:
        return value
    if isinstance(value, dict):
        return {name: part if type(part) in _LEAVES else as_tree(part) for name, part in value.items()}
    if isinstance(value, tuple):
        return [part if type(part) in _LEAVES else as_tree(part) for part in value]
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Sensitive):
        inner = as_tree(value.value)
        return inner if isinstance(inner, Unknown) else Sensitive(inner)
    if isinstance(value, Pending):
        # A list of two containers: labels are found in both, and whoever wants a map finds none.
        return [as_tree(dict(value.certain)), value.unknown] if value.certain else value.unknown
    return value


def evaluate_text(text: str, files: Any = None) -> Value:
    """Evaluate an expression that refers to nothing, as `terraform console` would in an empty folder.

    Args:
        text: the expression. files: what it may read (functions.function.Files); None: nothing.

    Raises:
        EvaluationError: Terraform too would refuse it.

    """
    from sovereign_guard.read.hcl.syntax.expressions import NotAnExpressionError, parse_expression

    try:
        expression = parse_expression(text.encode())
    except NotAnExpressionError as error:
        raise EvaluationError(str(error)) from None
    return Evaluator(FunctionScope(files), Budget(10_000_000)).evaluate(expression)


class FunctionScope:
    """A scope with functions and no names; what functions have read is read once."""

    def __init__(self, files: Any) -> None:
        """Take what functions may read (functions.function.Files), None for nothing."""
        self._files = files
        self._read: dict[tuple[str, Any], Value | EvaluationError] = {}
        self._templates: dict[str, Template | EvaluationError] = {}

    def lookup(self, root: str, _steps: Sequence[Step]) -> tuple[Value, int]:
        """Refuse every name."""
        raise LimitError(say("there is nothing named {name!r} here", name=root))

    def call(self, name: str, arguments: Sequence[Value]) -> Value:
        """Call a function by its name; what is not known to us is Unknown."""
        from sovereign_guard.read.hcl.language.functions import FUNCTIONS
        from sovereign_guard.read.hcl.language.functions.function import call

        function = FUNCTIONS.get(name)
        if name in _REMOVED:
            raise EvaluationError(say("{function} is no function of Terraform any more", function=name))
        if function is None:
            return Unknown(
                Reason.UNSUPPORTED, f"{name}()", say("a function that only its provider can compute")
            )
        if not function.reads or unknown_in(tuple(arguments)) is not None:
            return call(function, arguments, self._files)
        key = (name, tuple((identity(part), isinstance(part, Sensitive)) for part in arguments))
        return self._once(self._read, key, lambda: call(function, arguments, self._files))

    def template(self, path: str) -> Template:
        """Return the template in a file."""
        found: Template = self._once(self._templates, path, lambda: self._parsed(path))
        return found

    @staticmethod
    def _once(kept: dict[Any, Any], key: Any, work: Callable[[], Any]) -> Any:
        if key not in kept:
            try:
                kept[key] = work()
            except EvaluationError as error:
                kept[key] = error
        if isinstance(kept[key], EvaluationError):
            raise kept[key]
        return kept[key]

    def _parsed(self, path: str) -> Template:
        from sovereign_guard.read.hcl.syntax.expressions import NotAnExpressionError, parse_template

        text = self.call("file", (path,))
        if isinstance(text, Unknown):
            raise LimitError(text.detail)
        try:
            return parse_template(text)
        except NotAnExpressionError as error:
            raise EvaluationError(say("the template cannot be read: {error}", error=error)) from None
