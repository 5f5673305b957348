"""Types: `string`, `list(number)`, `object({ a = optional(string, "x") })`, and conversion to them.

Rules of conversion: Terraform's documentation, "Type Constraints"
(https://developer.hashicorp.com/terraform/language/expressions/type-constraints), read 2026-11-24.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal, DecimalException
from typing import TypeAlias

import msgspec

from sovereign_guard.language import say
from sovereign_guard.model.value import Sensitive, Unknown
from sovereign_guard.read.hcl.language.values import (
    ARITHMETIC,
    EvaluationError,
    List,
    Map,
    Pending,
    Set,
    Value,
    is_number,
    number,
    set_of,
    unknown_in,
)
from sovereign_guard.read.hcl.syntax.tree import (
    Call,
    Expression,
    Literal,
    Name,
    ObjectExpression,
    TupleExpression,
)

_MAX_DEPTH = 50
_MAX_DIGITS = 2_000


class Primitive(msgspec.Struct, frozen=True):
    """`string`, `number`, `bool`, or `any`."""

    name: str


class Collection(msgspec.Struct, frozen=True):
    """`list`, `set` or `map` of an element type."""

    name: str
    element: Type


class TupleType(msgspec.Struct, frozen=True):
    """`tuple([...])`."""

    items: tuple[Type, ...]


class ObjectType(msgspec.Struct, frozen=True):
    """`object({...})`; `optional`: default expression of an attribute that may be left out, None for null."""

    attributes: dict[str, Type]
    optional: dict[str, Expression | None]


Type: TypeAlias = Primitive | Collection | TupleType | ObjectType

STRING, NUMBER, BOOL, ANY = Primitive("string"), Primitive("number"), Primitive("bool"), Primitive("any")


def parse_type(expression: Expression, depth: int = 0) -> Type:
    """Return the type that a constraint names.

    Raises:
        EvaluationError: it is none.

    """
    if depth > _MAX_DEPTH:
        raise EvaluationError(say("the type is nested too deeply"))
    if isinstance(expression, Literal) and isinstance(expression.value, str):
        # Terraform 0.11 wrote types as texts.
        return (
            {"list": Collection("list", ANY), "map": Collection("map", ANY)}.get(
                expression.value, Primitive(expression.value)
            )
            if expression.value in ("string", "number", "bool", "any", "list", "map")
            else _no_type()
        )
    if isinstance(expression, Name):
        if expression.name in ("string", "number", "bool", "any"):
            return Primitive(expression.name)
        if expression.name in ("list", "set", "map"):
            return Collection(expression.name, ANY)
    if isinstance(expression, Call) and len(expression.arguments) == 1:
        (argument,) = expression.arguments
        if expression.name in ("list", "set", "map"):
            return Collection(expression.name, parse_type(argument, depth + 1))
        if expression.name == "tuple" and isinstance(argument, TupleExpression):
            return TupleType(tuple(parse_type(item, depth + 1) for item in argument.items))
        if expression.name == "object" and isinstance(argument, ObjectExpression):
            return _object_type(argument, depth)
    return _no_type()


def _no_type() -> Type:
    raise EvaluationError(say("this is not a type constraint"))


def _object_type(argument: ObjectExpression, depth: int) -> ObjectType:
    attributes: dict[str, Type] = {}
    optional: dict[str, Expression | None] = {}
    for key, value in argument.items:
        name = key.value if isinstance(key, Literal) else None
        if not isinstance(name, str):
            _no_type()
            continue
        if isinstance(value, Call) and value.name == "optional" and 1 <= len(value.arguments) <= 2:
            attributes[name] = parse_type(value.arguments[0], depth + 1)
            optional[name] = value.arguments[1] if len(value.arguments) == 2 else None
        else:
            attributes[name] = parse_type(value, depth + 1)
    return ObjectType(attributes, optional)


def with_defaults(value: Value, wanted: Type, evaluate: Callable[[Expression], Value]) -> Value:
    """Fill the optional attributes of a type that a value leaves out or gives as null, at whatever depth."""
    if isinstance(value, Sensitive):
        return Sensitive(with_defaults(value.value, wanted, evaluate))
    if value is None or isinstance(value, Unknown | Pending):
        return value
    if isinstance(wanted, ObjectType) and isinstance(value, dict):
        filled = dict(value)
        for name, default in wanted.optional.items():
            if filled.get(name) is None:
                filled[name] = None if default is None else evaluate(default)
        return {
            name: with_defaults(part, wanted.attributes.get(name, ANY), evaluate)
            for name, part in filled.items()
        }
    if isinstance(wanted, Collection):
        if isinstance(value, dict):
            return type(value)(
                (name, with_defaults(part, wanted.element, evaluate)) for name, part in value.items()
            )
        if isinstance(value, tuple):
            return type(value)(with_defaults(part, wanted.element, evaluate) for part in value)
    if isinstance(wanted, TupleType) and isinstance(value, tuple) and len(value) == len(wanted.items):
        return tuple(with_defaults(p, t, evaluate) for p, t in zip(value, wanted.items, strict=True))
    return value


def convert(value: Value, wanted: Type) -> Value:
    """Return a value as one of the wanted type. Unknown values, and unknown parts, stay as they are.

    Raises:
        EvaluationError: it cannot be converted.

    """
    if wanted is ANY or value is None:
        return value
    if wanted is STRING and type(value) is str:
        return value
    if isinstance(value, Sensitive):
        return Sensitive(convert(value.value, wanted))
    if isinstance(value, Unknown):
        return value
    if isinstance(wanted, Primitive):
        return value if wanted.name == "any" else _primitive(value, wanted.name)
    if isinstance(value, Pending):
        return value if isinstance(wanted, ObjectType) else value.unknown
    if isinstance(wanted, Collection):
        return _collection(value, wanted)
    if isinstance(wanted, TupleType):
        if isinstance(value, tuple) and len(value) == len(wanted.items):
            return tuple(convert(part, of) for part, of in zip(value, wanted.items, strict=True))
        raise EvaluationError(say("a tuple of {number} elements is required", number=len(wanted.items)))
    if not isinstance(value, dict):
        raise EvaluationError(say("an object is required"))
    missing = [name for name in wanted.attributes if name not in value and name not in wanted.optional]
    if missing:
        raise EvaluationError(say("the attribute {name!r} is required", name=missing[0]))
    return {name: convert(value.get(name), of) for name, of in wanted.attributes.items()}


def _primitive(value: Value, name: str) -> Value:
    if isinstance(value, Pending):
        return value.unknown
    if name == "string":
        if isinstance(value, str):
            return value
        if isinstance(value, bool) or is_number(value):
            return text_of(value)
    elif name == "number":
        if is_number(value):
            return value
        if isinstance(value, str):
            return parse_number(value)
    elif isinstance(value, bool):
        return value
    elif value in ("true", "1") and isinstance(value, str):
        return True
    elif value in ("false", "0") and isinstance(value, str):
        return False
    raise EvaluationError(say("a {name} is required", name=name))


def parse_number(text: str) -> Decimal | int:
    """Return the number that a text writes.

    Raises:
        EvaluationError: it writes none.

    """
    if len(text) > _MAX_DIGITS or not text.strip() == text or "_" in text or not text.isascii():
        raise EvaluationError(say("a number is required"))
    try:
        found = ARITHMETIC.create_decimal(text)
    except DecimalException:
        raise EvaluationError(say("a number is required")) from None
    if not found.is_finite():
        raise EvaluationError(say("a number is required"))
    if abs(found.adjusted()) > _MAX_DIGITS:
        raise EvaluationError(say("the number is too large or too small"))
    return number(found)


def text_of(value: Value) -> str:
    """Return the text that a primitive value is converted to."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return format(Decimal(value), "f")  # `str` refuses numbers of more than 4,300 digits.
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _collection(value: Value, wanted: Collection) -> Value:
    if wanted.name == "map":
        if not isinstance(value, dict):
            raise EvaluationError(say("a map is required"))
        if isinstance(value, Map) and wanted.element == ANY:
            return value
        names = list(value)
        return Map(zip(names, _elements(list(value.values()), wanted.element), strict=True))
    if not isinstance(value, tuple):
        raise EvaluationError(say("a {name} is required", name=wanted.name))
    if type(value) is (List if wanted.name == "list" else Set) and wanted.element == ANY:
        return value
    parts = _elements(list(value), wanted.element)
    if wanted.name == "set":
        return set_of(parts)
    return _listed(value, parts)


def _elements(parts: list[Value], element: Type) -> list[Value]:
    if element == ANY:
        return unify(parts)
    return [convert(part, element) for part in parts]


def unify(parts: list[Value]) -> list[Value]:
    """Return values as ones of a single type, where there is one that all can be converted to.

    Raises:
        EvaluationError: there is none.

    """
    kinds = {kind_of(part) for part in parts} - {""}
    unknown = next((found for part in parts if (found := _untold(part)) is not None), None)
    if unknown is not None:
        # What they would be converted to depends on the type of what is not known.
        parts = [_settled(part, unknown) for part in parts]
    if kinds <= {"string"} or kinds <= {"number"} or kinds <= {"bool"}:
        return parts
    if kinds <= {"string", "number", "bool"}:
        if "string" in kinds or unknown is not None:
            return [convert(part, STRING) for part in parts]
    elif kinds <= {"list", "tuple", "set"}:
        return _unify_sequences(parts, kinds)
    elif kinds <= {"map", "object"}:
        return _unify_mappings(parts, kinds)
    raise EvaluationError(say("all elements must be of one type"))


def _untold(value: Value) -> Unknown | None:
    if isinstance(value, Sensitive):
        return _untold(value.value)
    return value.unknown if isinstance(value, Pending) else value if isinstance(value, Unknown) else None


def _settled(value: Value, unknown: Unknown) -> Value:
    """Return a value without what may become a text when its type is unified with one that is not known."""
    if isinstance(value, bool) or is_number(value):
        return unknown
    if isinstance(value, Pending):
        return Pending(lambda name: _settled(value.attribute(name), unknown), value.unknown)
    if isinstance(value, Sensitive):
        inner = _settled(value.value, unknown)
        return inner if isinstance(inner, Unknown) else Sensitive(inner)
    if isinstance(value, dict):
        return type(value)((name, _settled(part, unknown)) for name, part in value.items())
    if isinstance(value, List):
        return List(_settled(part, unknown) for part in value)
    # A tuple could become a set, whose order is another, and a set a list.
    return unknown if isinstance(value, tuple) else value


def _unify_sequences(parts: list[Value], kinds: set[str]) -> list[Value]:
    opened = [part.value if isinstance(part, Sensitive) else part for part in parts]
    held = [part for part in opened if isinstance(part, tuple)]
    if kinds == {"tuple"} and len({len(part) for part in held}) == 1:
        columns = [unify(list(column)) for column in zip(*held, strict=True)]
        made = iter([tuple(row) for row in zip(*columns, strict=True)] if columns else [()] * len(held))
    else:
        # With a list, sets and tuples become lists; otherwise, with a set, tuples become sets.
        elements = iter(unify([element for part in held for element in part]))
        rows = [[next(elements) for _element in part] for part in held]
        if "set" in kinds and "list" not in kinds:
            made = map(set_of, rows)
        else:
            made = iter([_listed(part, row) for part, row in zip(held, rows, strict=True)])
    return _in_places(parts, opened, tuple, made)


def _listed(value: Value, elements: list[Value]) -> Value:
    # Neither the order nor the number of the elements of a set is known if one of them is not.
    unknown = unknown_in(value) if isinstance(value, Set) else None
    return List(elements) if unknown is None else unknown


def _unify_mappings(parts: list[Value], kinds: set[str]) -> list[Value]:
    opened = [part.value if isinstance(part, Sensitive) else part for part in parts]
    held = [part for part in opened if isinstance(part, dict)]
    if kinds == {"object"} and all(part.keys() == held[0].keys() for part in held):
        columns = {name: iter(unify([part[name] for part in held])) for name in held[0]}
        made = iter([{name: next(columns[name]) for name in part} for part in held])
    else:
        values = iter(unify([element for part in held for element in part.values()]))
        made = iter([Map((name, next(values)) for name in part) for part in held])
    return _in_places(parts, opened, dict, made)


def _in_places(parts: list[Value], opened: list[Value], kind: type, made: Iterator[Value]) -> list[Value]:
    """Put what was made of the collections among values in their places, with their marks."""
    found = [next(made) if isinstance(part, kind) else part for part in opened]
    return [
        Sensitive(new) if isinstance(part, Sensitive) else new for part, new in zip(parts, found, strict=True)
    ]


def type_of(value: Value) -> Type:
    """Return the type of a value; `any` for null and what is not known."""
    if isinstance(value, Sensitive):
        return type_of(value.value)
    if value is None or isinstance(value, Unknown | Pending):
        return ANY
    if isinstance(value, bool):
        return BOOL
    if is_number(value):
        return NUMBER
    if isinstance(value, str):
        return STRING
    if isinstance(value, Map):
        return Collection("map", _element_type(list(value.values())))
    if isinstance(value, dict):
        return ObjectType({name: type_of(part) for name, part in value.items()}, {})
    if isinstance(value, List):
        return Collection("list", _element_type(list(value)))
    if isinstance(value, Set):
        return Collection("set", _element_type(list(value)))
    return TupleType(tuple(type_of(part) for part in value))


def _element_type(parts: list[Value]) -> Type:
    return unified_type([type_of(part) for part in parts]) or ANY


def unified_type(types: list[Type]) -> Type | None:
    """Return the type that values of all these types can be converted to, None where there is none."""
    known: list[Type] = []
    for one in types:
        if one != ANY and one not in known:
            known.append(one)
    if len(known) <= 1:
        return known[0] if known else ANY
    if all(isinstance(one, Primitive) for one in known):
        return STRING if STRING in known else None
    objects = [one for one in known if isinstance(one, ObjectType)]
    tuples = [one for one in known if isinstance(one, TupleType)]
    if len(objects) == len(known) and all(
        one.attributes.keys() == objects[0].attributes.keys() for one in objects
    ):
        return _unified_object(objects)
    if len(tuples) == len(known) and len({len(one.items) for one in tuples}) == 1:
        items = [unified_type(list(column)) for column in zip(*(one.items for one in tuples), strict=True)]
        return None if None in items else TupleType(tuple(item for item in items if item is not None))
    kinds = {_family(one) for one in known}
    name = "map" if kinds == {"map"} else "set" if kinds == {"list", "set"} or kinds == {"set"} else "list"
    if kinds - {"map", "list", "set"} or (len(kinds) > 1 and "map" in kinds):
        return None
    element = unified_type([part for one in known for part in _element_types(one)])
    return None if element is None else Collection(name, element)


def _unified_object(objects: list[ObjectType]) -> Type | None:
    attributes: dict[str, Type] = {}
    for name in objects[0].attributes:
        found = unified_type([one.attributes[name] for one in objects])
        if found is None:
            return None
        attributes[name] = found
    return ObjectType(attributes, {})


def _family(one: Type) -> str:
    if isinstance(one, Collection):
        return one.name
    return "map" if isinstance(one, ObjectType) else "list" if isinstance(one, TupleType) else ""


def _element_types(one: Type) -> list[Type]:
    if isinstance(one, Collection):
        return [one.element]
    if isinstance(one, ObjectType):
        return list(one.attributes.values())
    return list(one.items) if isinstance(one, TupleType) else []


def kind_of(value: Value) -> str:
    """Return the kind of a value's type; empty for null and what is not known."""
    if isinstance(value, Sensitive):
        return kind_of(value.value)
    if value is None or isinstance(value, Unknown | Pending):
        return ""
    if isinstance(value, bool):
        return "bool"
    if is_number(value):
        return "number"
    if isinstance(value, str):
        return "string"
    if isinstance(value, Map):
        return "map"
    if isinstance(value, dict):
        return "object"
    return "list" if isinstance(value, List) else "set" if isinstance(value, Set) else "tuple"
