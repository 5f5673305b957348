"""Functions that convert values, those that mark them sensitive, and OpenTofu's assumptions.

Assumptions: https://opentofu.org/docs/language/functions/assume_family/, read 2026-11-24.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sovereign_guard.language import say
from sovereign_guard.model.value import Sensitive, Unknown
from sovereign_guard.read.hcl.language.functions.function import Function, Parameter
from sovereign_guard.read.hcl.language.functions.numbers import Number, whole
from sovereign_guard.read.hcl.language.types import (
    ANY,
    BOOL,
    NUMBER,
    STRING,
    Collection,
    ObjectType,
    Primitive,
    TupleType,
    Type,
    convert,
    kind_of,
)
from sovereign_guard.read.hcl.language.values import (
    EvaluationError,
    List,
    Map,
    Pending,
    Set,
    Value,
    combine,
    is_number,
    same,
    unknown_in,
    without_marks,
)


def _to(wanted: Type) -> Callable[[Value], Value]:
    def run(value: Value) -> Value:
        return convert(value, wanted)

    return run


def _to_collection(wanted: Collection) -> Callable[[Value], Value]:
    """Return a conversion to a collection whose elements keep their own marks."""

    def run(value: Value) -> Value:
        if isinstance(value, Sensitive):
            return Sensitive(run(value.value))
        unknown = unknown_in(value)
        if unknown is not None and not _converts_in_part(value, wanted):
            return unknown
        if wanted.name == "set":
            value, marked = without_marks(value)
            found = convert(value, wanted)
            return Sensitive(found) if marked else found
        return convert(value, wanted)

    return run


def _converts_in_part(value: Value, wanted: Collection) -> bool:
    """Whether a collection can be told in part: its order is known, and its elements keep the type they have.

    The element type is one that all elements can have, so that an unknown one can change what the others are:
    `tolist([1, unknown])` begins with a text if the unknown value is one.
    """
    if isinstance(value, Pending | Set) or wanted.name == "set":
        return False
    parts = value.values() if isinstance(value, dict) else value
    return isinstance(value, List | Map) or keep_their_type(parts)


def keep_their_type(parts: Iterable[Value]) -> bool:
    """Whether values stay what they are when all become ones of one type, whatever the unknown ones may be.

    Texts do: others become texts beside them. Objects do if all are known to have the same attributes.
    """
    found = [without_marks(part)[0] for part in parts if part is not None]
    known = [part for part in found if kind_of(part)]
    kinds = {kind_of(part) for part in known}
    if kinds <= {"string"}:
        return True
    if kinds != {"object"} or len(known) < len(found):
        return False
    names = known[0].keys()
    return all(part.keys() == names for part in known) and all(
        keep_their_type([part[name] for part in known]) for name in names
    )


# Sensitivity.


def _sensitive(value: Value) -> Value:
    return value if isinstance(value, Sensitive | Unknown) else Sensitive(value)


def _nonsensitive(value: Value) -> Value:
    return value.value if isinstance(value, Sensitive) else value


def _issensitive(value: Value) -> Value:
    if isinstance(value, Unknown):
        return combine([value])
    return value.unknown if isinstance(value, Pending) else isinstance(value, Sensitive)


def _ephemeralasnull(value: Value) -> Value:
    # What is ephemeral is never known here: it comes from an ephemeral resource or variable.
    return value


# Assumptions of OpenTofu.


def _assumeequal(value: Value, wanted: Value) -> Value:
    plain, expected = without_marks(value)[0], without_marks(wanted)[0]
    if unknown_in(plain) is None and unknown_in(expected) is None:
        plain = None if plain is None else convert(plain, _type_of(expected))
        if not same(plain, expected):
            raise EvaluationError(say("the value is not the assumed one"))
    return wanted


def _type_of(value: Value) -> Type:
    if isinstance(value, bool):
        return BOOL
    if is_number(value):
        return NUMBER
    if isinstance(value, str):
        return STRING
    if isinstance(value, List | Set | Map):
        parts = list(value.values() if isinstance(value, dict) else value)
        return Collection(kind_of(value), _type_of(parts[0]) if parts else ANY)
    if isinstance(value, tuple):
        return TupleType(tuple(_type_of(part) for part in value))
    if isinstance(value, dict):
        return ObjectType({name: _type_of(part) for name, part in value.items()}, {})
    return ANY


def _assumenotnull(value: Value) -> Value:
    if value is None:
        raise EvaluationError(say("the value is null"))
    return value


def _assumestringprefix(text: Value, prefix: str) -> Value:
    if text is not None and not text.startswith(prefix):
        raise EvaluationError(say("the text does not begin as assumed"))
    return text


def _assume_length(value: Value, least: int, most: int | None) -> Value:
    if value is None:
        return value
    if isinstance(value, Set) and (unknown := unknown_in(value)) is not None:
        return unknown
    if len(value) < least or (most is not None and len(value) > most):
        raise EvaluationError(say("the collection is not as long as assumed"))
    return value


def _assume_length_between(value: Value, least: Number, most: Number) -> Value:
    return _assume_length(value, whole(least), whole(most))


def _assume_length_least(value: Value, least: Number) -> Value:
    return _assume_length(value, whole(least), None)


def _assume_length_most(value: Value, most: Number) -> Value:
    return _assume_length(value, 0, whole(most))


def _assumptions_of_length() -> Iterable[Function]:
    number = Parameter(NUMBER)
    for name in ("list", "map", "set"):
        collection = Parameter(Collection(name, ANY), null=True)
        yield Function(f"assume{name}length", (collection, number, number), _assume_length_between)
        yield Function(f"assume{name}lengthmax", (collection, number), _assume_length_most)
        yield Function(f"assume{name}lengthmin", (collection, number), _assume_length_least)


def _conversion(name: str, wanted: Primitive) -> Function:
    return Function(name, (Parameter(ANY, null=True),), _to(wanted), through=True)


def _conversion_to_collection(name: str, wanted: str) -> Function:
    run = _to_collection(Collection(wanted, ANY))
    return Function(name, (Parameter(ANY, null=True, parts=True),), run, through=True, opaque=True)


_AS_IT_IS = Parameter(ANY, null=True, parts=True, whole=True)

FUNCTIONS: tuple[Function, ...] = (
    Function("assumeequal", (_AS_IT_IS, _AS_IT_IS), _assumeequal, opaque=True),
    Function("assumenotnull", (_AS_IT_IS,), _assumenotnull, through=True),
    Function(
        "assumestringprefix",
        (Parameter(STRING, null=True), Parameter(STRING)),
        _assumestringprefix,
        through=True,
    ),
    *_assumptions_of_length(),
    Function("ephemeralasnull", (_AS_IT_IS,), _ephemeralasnull, through=True, opaque=True),
    Function("issensitive", (_AS_IT_IS,), _issensitive, opaque=True),
    Function("nonsensitive", (_AS_IT_IS,), _nonsensitive, through=True, opaque=True),
    Function("sensitive", (_AS_IT_IS,), _sensitive, through=True, opaque=True),
    _conversion("tobool", BOOL),
    _conversion_to_collection("tolist", "list"),
    _conversion_to_collection("tomap", "map"),
    _conversion("tonumber", NUMBER),
    _conversion_to_collection("toset", "set"),
    _conversion("tostring", STRING),
)
