"""Functions on lists, sets, maps, tuples and objects.

What they do with unknown parts follows one law: put any values in the place of the unknown parts, and the
result is the one given here, up to its own unknown parts. A set with an unknown part may hold any number of
further elements, so neither its length nor its order is known.

Semantics: what Terraform 1.11 does, see tests/functions; read 2026-11-24.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from itertools import product
from math import prod

from sovereign_guard.language import say
from sovereign_guard.model.value import Sensitive, Unknown
from sovereign_guard.read.hcl.language.functions.function import Function, Parameter
from sovereign_guard.read.hcl.language.types import (
    ANY,
    BOOL,
    NUMBER,
    STRING,
    Collection,
    ObjectType,
    TupleType,
    Type,
    convert,
    kind_of,
    type_of,
    unify,
)
from sovereign_guard.read.hcl.language.values import (
    ARITHMETIC,
    MAX_ELEMENTS,
    EvaluationError,
    LimitError,
    List,
    Map,
    Pending,
    Set,
    Value,
    combine,
    identity,
    is_number,
    number,
    same,
    set_of,
    unknown_in,
    without_marks,
)

_MAX_RANGE = 1_024
"""Terraform's own limit."""


# Helpers.


def _whole(value: int | Decimal) -> int:
    """Return an index or a size."""
    if isinstance(value, Decimal) or not -(2**63) <= value < 2**63:
        raise EvaluationError(say("a whole number is required"))
    return value


def _in_order(value: Value) -> bool:
    """Whether a value is a list or a tuple."""
    return isinstance(value, tuple) and not isinstance(value, Set)


def _sorted(mapping: dict[str, Value]) -> list[tuple[str, Value]]:
    return sorted(mapping.items(), key=lambda pair: pair[0])


def _of_all(arguments: Iterable[Value]) -> Unknown:
    """Return the Unknown that a choice or a joining of arguments is, at least one of which is Unknown."""
    parts = list(arguments)
    unknowns = [part for part in parts if isinstance(part, Unknown)]
    return combine(unknowns, through=len(unknowns) == len(parts))


def _may_be_equal(left: Value, right: Value) -> bool:
    """Whether some values in the place of the unknown parts make two values equal."""
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return True
    if isinstance(left, Pending) or isinstance(right, Pending):
        return left is not None and right is not None
    if isinstance(left, dict) and type(left) is type(right):
        return left.keys() == right.keys() and all(
            _may_be_equal(part, right[name]) for name, part in left.items()
        )
    if isinstance(left, Set) and isinstance(right, Set):
        return unknown_in(left) is not None or unknown_in(right) is not None or same(left, right)
    if isinstance(left, tuple) and type(left) is type(right):
        return len(left) == len(right) and all(map(_may_be_equal, left, right))
    return same(left, right)


def _uncertain(left: Value, right: Value) -> Unknown | None:
    """Return an Unknown part of two values, None where they are wholly known."""
    return unknown_in(left) or unknown_in(right)


def _element_type(elements: Iterable[Value]) -> Type:
    """Return the type of the elements of a collection, which are of one type."""
    return next((found for element in elements if (found := type_of(element)) != ANY), ANY)


def _alike(left: Type, right: Type) -> bool:
    """Whether two types are one, as far as is known."""
    if ANY in (left, right):
        return True
    if isinstance(left, Collection) and isinstance(right, Collection):
        return left.name == right.name and _alike(left.element, right.element)
    if isinstance(left, TupleType) and isinstance(right, TupleType):
        return len(left.items) == len(right.items) and all(map(_alike, left.items, right.items))
    if isinstance(left, ObjectType) and isinstance(right, ObjectType):
        return left.attributes.keys() == right.attributes.keys() and all(
            _alike(of, right.attributes[name]) for name, of in left.attributes.items()
        )
    return left == right


def _settled(value: Value, unknown: Unknown) -> Value:
    """Return a value that is to become one of a type with others, whose type is not known.

    Numbers and bools become texts if the others are texts.
    """
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


# Conditions.


def _alltrue(values: List) -> Value:
    if any(value is None or value is False for value in values):
        return False
    return unknown_in(values) or True


def _anytrue(values: List) -> Value:
    if any(value is True for value in values):
        return True
    return unknown_in(values) or False


def _contains(values: Value, wanted: Value) -> Value:
    if not isinstance(values, tuple):
        raise EvaluationError(say("a list, tuple or set is required"))
    uncertain = unknown_in(values) if isinstance(values, Set) else None
    for value in values:
        if _may_be_equal(value, wanted):
            found = _uncertain(value, wanted)
            if found is None:
                return True
            uncertain = uncertain or found
    return False if uncertain is None else uncertain


# Choice.


def _coalesce(*values: Value) -> Value:
    if not values:
        raise EvaluationError(say("at least one argument is required"))
    try:
        unified = unify(list(values))
    except EvaluationError:
        raise EvaluationError(say("all arguments must be of one type")) from None
    for at, value in enumerate(unified):
        if isinstance(value, Unknown):
            return _of_all(unified[at:])
        if value is not None and value != "":
            return value
    raise EvaluationError(say("every argument is null or an empty text"))


def _coalescelist(*values: Value) -> Value:
    if any(not _in_order(value) for value in values if not isinstance(value, Unknown)):
        raise EvaluationError(say("the arguments must be lists or tuples"))
    for at, value in enumerate(values):
        if isinstance(value, Unknown):
            return _of_all(values[at:])
        if value:
            return value
    raise EvaluationError(say("every argument is empty"))


def _element(values: Value, at: int | Decimal) -> Value:
    if not _in_order(values):
        raise EvaluationError(say("a list or tuple is required"))
    if not values:
        raise EvaluationError(say("an empty list has no elements"))
    index = _whole(at)
    if isinstance(values, List):
        return values[index % len(values)]
    # Of a tuple, Terraform takes no element by counting from the end, unless that ends at the first.
    if index < 0 and index % len(values):
        raise EvaluationError(say("the index must not be negative"))
    return values[index % len(values)]


def _index(values: Value, wanted: Value) -> Value:
    if not _in_order(values):
        raise EvaluationError(say("a list or tuple is required"))
    for at, value in enumerate(values):
        if _may_be_equal(value, wanted):
            found = _uncertain(value, wanted)
            return at if found is None else combine([found])
    raise EvaluationError(say("the list does not hold that value"))


def _lookup(mapping: Value, key: str, *default: Value) -> Value:
    if len(default) > 1:
        raise EvaluationError(say("two or three arguments are required"))
    if isinstance(mapping, Unknown):
        return _of_all((mapping, *default))
    if isinstance(mapping, Pending):
        found = mapping.attribute(key)
        return _of_all((found, *default)) if isinstance(found, Unknown) else found
    if not isinstance(mapping, dict):
        raise EvaluationError(say("a map is required"))
    if isinstance(mapping, Map):
        default = _as_elements(mapping, default)
    if key in mapping:
        return mapping[key]
    if not default:
        raise EvaluationError(say("there is no such key, and no default"))
    return default[0]


def _as_elements(mapping: Map, default: tuple[Value, ...]) -> tuple[Value, ...]:
    """Return the default of a lookup as a value of the type that the map's elements have."""
    element = _element_type(mapping.values())
    if element == ANY:
        found = unknown_in(mapping)
        if found is None:
            return default
        return tuple(found if _may_be_no_text(value) else _settled(value, found) for value in default)
    try:
        return tuple(convert(value, element) for value in default)
    except EvaluationError:
        raise EvaluationError(say("the default is not of the type of the map's elements")) from None


def _may_be_no_text(value: Value) -> bool:
    """Whether a text is one that can be converted to a number or a bool."""
    if not isinstance(value, str):
        return False
    try:
        convert(value, BOOL if value in ("true", "false") else NUMBER)
    except EvaluationError:
        return False
    return True


def _one(values: Value) -> Value:
    if not isinstance(values, tuple):
        raise EvaluationError(say("a list, tuple or set is required"))
    if isinstance(values, Set) and (found := unknown_in(values)) is not None:
        return combine([found], through=True)
    if len(values) > 1:
        raise EvaluationError(say("there is more than one element"))
    return values[0] if values else None


# Lists.


def _chunklist(values: List, size: int | Decimal) -> Value:
    width = _whole(size)
    if width < 0:
        raise EvaluationError(say("the size must not be negative"))
    width = width or max(len(values), 1)
    return List(List(values[at : at + width]) for at in range(0, len(values), width))


def _compact(values: List) -> Value:
    return List(value for value in values if value is not None and value != "")


def _concat(*values: Value) -> Value:
    if any(not _in_order(value) for value in values if not isinstance(value, Unknown)):
        raise EvaluationError(say("the arguments must be lists or tuples"))
    if any(isinstance(value, Unknown) for value in values):
        return _of_all(values)
    if sum(map(len, values)) > MAX_ELEMENTS:
        raise LimitError(say("the list would be too long"))
    if all(isinstance(value, List) for value in values):
        try:
            return List(_joined(values))
        except EvaluationError:
            pass  # Lists whose elements have no type in common become a tuple.
    return tuple(part for value in values for part in value)


def _joined(lists: Sequence[List]) -> list[Value]:
    """Return the elements of several lists as ones of a single type."""
    untold = next(
        (value for value in lists if value and _element_type(value) == ANY and unknown_in(value)), None
    )
    types = [_element_type(value) for value in lists]
    if all(_alike(types[0], other) for other in types) and untold is None:
        return [part for value in lists for part in value]
    parts = unify([part for value in lists for part in value])
    found = unknown_in(untold)
    return parts if found is None else [_settled(part, found) for part in parts]


def _distinct(values: List) -> Value:
    seen: dict[Value, Value] = {}
    for value in values:
        seen.setdefault(identity(value), value)
    return List(seen.values())


def _flatten(values: Value) -> Value:
    if not isinstance(values, tuple):
        raise EvaluationError(say("a list, tuple or set is required"))
    flat: list[Value] = []
    waiting: list[Value] = [values]
    marked = False
    while waiting:
        value = waiting.pop()
        if isinstance(value, Sensitive) and isinstance(value.value, tuple):
            marked, value = True, value.value
        if not isinstance(value, tuple):
            flat.append(value)
        elif (found := _hidden_list(value)) is not None:
            return combine([found], through=True)
        else:
            waiting.extend(reversed(value))
        if len(waiting) + len(flat) > MAX_ELEMENTS:
            raise LimitError(say("the list would be too long"))
    return Sensitive(tuple(flat)) if marked else tuple(flat)


def _hidden_list(values: Value) -> Unknown | None:
    """Return the first Unknown among elements that could be a list, or among those of a set."""
    if isinstance(values, Set):
        return unknown_in(values)
    found = next((value for value in values if isinstance(value, Unknown)), None)
    if (
        found is not None
        and isinstance(values, List)
        and kind_of(_told(values)) in ("string", "number", "bool")
    ):
        return None  # Elements of a list are of one type.
    return found


def _told(values: Iterable[Value]) -> Value:
    """Return the first element whose type is known."""
    return next((value for value in values if kind_of(value)), None)


def _length(value: Value) -> Value:
    if isinstance(value, str):
        from sovereign_guard.read.hcl.language.functions.texts import clusters

        return len(clusters(value))
    if isinstance(value, Set) and (found := unknown_in(value)) is not None:
        return combine([found])
    if isinstance(value, tuple | dict):
        return len(value)
    raise EvaluationError(say("a text, collection or structure is required"))


def _matchkeys(values: List, keys: List, wanted: List) -> Value:
    if len(keys) != len(values):
        raise EvaluationError(say("there must be as many keys as values"))
    try:
        unified = unify([*keys, *wanted])
    except EvaluationError:
        raise EvaluationError(say("the keys must be of one type with those that are wanted")) from None
    chosen = {identity(key) for key in unified[len(keys) :]}
    return List(
        value for value, key in zip(values, unified[: len(keys)], strict=True) if identity(key) in chosen
    )


def _range(*limits: int | Decimal) -> Value:
    if len(limits) > 3:
        raise EvaluationError(say("one, two or three numbers are required"))
    start, end = (0, limits[0]) if len(limits) == 1 else limits[:2]
    step = limits[2] if len(limits) == 3 else -1 if end < start else 1
    if (step < 0 and start < end) or (step >= 0 and end < start):
        raise EvaluationError(say("the step leads away from the end"))
    found: list[Value] = []
    at = Decimal(start)
    while at > end if step < 0 else at < end:
        if len(found) == _MAX_RANGE:
            raise EvaluationError(say("more than {number} numbers", number=_MAX_RANGE))
        found.append(number(at))
        at = ARITHMETIC.add(at, Decimal(step))
    return List(found)


def _reverse(values: Value) -> Value:
    if not isinstance(values, tuple):
        raise EvaluationError(say("a list or tuple is required"))
    if isinstance(values, Set):
        found = unknown_in(values)
        return List(reversed(values)) if found is None else combine([found], through=True)
    return type(values)(reversed(values))


def _slice(values: Value, start: int | Decimal, end: int | Decimal) -> Value:
    if not _in_order(values):
        raise EvaluationError(say("a list or tuple is required"))
    first, last = _whole(start), _whole(end)
    if not 0 <= first <= last <= len(values):
        raise EvaluationError(say("start and end must be in order and inside the list"))
    return type(values)(values[first:last])


def _sort(values: List) -> Value:
    if None in values:
        raise EvaluationError(say("a null cannot be sorted"))
    return List(sorted(values))


# Sets.


def _of_one_type(sets: Sequence[Value]) -> list[list[Value]]:
    """Return the elements of sets as ones of a single type."""
    if sum(map(len, sets)) > MAX_ELEMENTS:
        raise LimitError(say("the sets are too large"))
    try:
        unified = iter(unify([value for values in sets for value in values]))
    except EvaluationError:
        raise EvaluationError(say("the elements of all sets must be of one type")) from None
    return [[next(unified) for _value in values] for values in sets]


def _setunion(*sets: Value) -> Value:
    return set_of(value for values in _of_one_type(sets) for value in values)


def _setintersection(*sets: Value) -> Value:
    first, *others = _of_one_type(sets)
    held = [{identity(value) for value in values} for values in others]
    return set_of(value for value in first if all(identity(value) in keys for keys in held))


def _setsubtract(values: Value, less: Value) -> Value:
    kept, taken = _of_one_type((values, less))
    held = {identity(value) for value in taken}
    return set_of(value for value in kept if identity(value) not in held)


def _setproduct(*values: Value) -> Value:
    if any(not isinstance(value, tuple) for value in values):
        raise EvaluationError(say("lists or sets are required"))
    if prod(map(len, values)) * len(values) > MAX_ELEMENTS:
        raise LimitError(say("the product would be too large"))
    for value in values:
        if isinstance(value, Set) and (found := unknown_in(value)) is not None:
            return combine([found])
    rows = product(*(unify(list(value)) for value in values))
    if not any(isinstance(value, Set) for value in values):
        return List(rows)
    plain, marked = without_marks(tuple(rows))
    return Sensitive(set_of(plain)) if marked else set_of(plain)


# Maps.


def _keys(mapping: Value) -> Value:
    if not isinstance(mapping, dict):
        raise EvaluationError(say("a map or object is required"))
    return (List if isinstance(mapping, Map) else tuple)(sorted(mapping))


def _values(mapping: Value) -> Value:
    if not isinstance(mapping, dict):
        raise EvaluationError(say("a map or object is required"))
    return (List if isinstance(mapping, Map) else tuple)(value for _name, value in _sorted(mapping))


def _merge(*mappings: Value) -> Value:
    if any(not isinstance(value, dict | Pending | Unknown | None) for value in mappings):
        raise EvaluationError(say("the arguments must be maps or objects"))
    if any(isinstance(value, Pending | Unknown) for value in mappings):
        return _merge_with_unknown(mappings)
    if sum(map(len, filter(None, mappings))) > MAX_ELEMENTS:
        raise LimitError(say("the map would be too large"))
    merged = {name: part for mapping in mappings if mapping is not None for name, part in mapping.items()}
    if mappings and all(isinstance(mapping, Map) for mapping in mappings):
        types = [_element_type(mapping.values()) for mapping in mappings]
        told = next((of for of in types if of != ANY), ANY)
        if all(_alike(told, of) for of in types):
            return Map(merged)
    return merged


def _merge_with_unknown(mappings: Sequence[Value]) -> Value:
    """Return the object of which only those attributes are known that come after what is not known."""
    unknown = _of_all(value.unknown if isinstance(value, Pending) else value for value in mappings)
    given = [mapping for mapping in mappings if mapping is not None]

    def attribute(name: str) -> Value:
        for mapping in reversed(given):
            if isinstance(mapping, Unknown):
                return unknown
            if isinstance(mapping, Pending):
                found = mapping.attribute(name)
                # Whether it has such an attribute is not known either.
                return unknown if isinstance(found, Unknown) else found
            if name in mapping:
                return mapping[name]
        return unknown

    if isinstance(given[-1], Unknown):
        return unknown
    certain: dict[str, Value] = {}
    for mapping in reversed(given):
        if not isinstance(mapping, dict):
            certain = {**mapping.certain, **certain} if isinstance(mapping, Pending) else certain
            break
        certain = {**mapping, **certain}
    return Pending(attribute, unknown, certain)


def _transpose(mapping: Map) -> Value:
    turned: dict[str, list[str]] = {}
    for name, texts in _sorted(mapping):
        if texts is None or None in texts:
            raise EvaluationError(say("neither a list nor a text may be null"))
        for text in texts:
            turned.setdefault(text, []).append(name)
    return Map((text, List(names)) for text, names in _sorted(turned))


def _zipmap(keys: List, values: Value) -> Value:
    if not _in_order(values):
        raise EvaluationError(say("a list or tuple is required"))
    if len(keys) != len(values):
        raise EvaluationError(say("there must be as many keys as values"))
    if None in keys:
        raise EvaluationError(say("a key must not be null"))
    return (Map if isinstance(values, List) else dict)(zip(keys, values, strict=True))


# Table.

_ANY = Parameter(parts=True)
_WHOLE = Parameter(null=True, parts=True, whole=True)
_UNKNOWN = Parameter(parts=True, whole=True)
_NUMBER = Parameter(NUMBER)
_TEXT = Parameter(STRING)
_TEXTS = Parameter(Collection("list", STRING))
_LIST = Parameter(Collection("list", ANY))
_LIST_PARTS = Parameter(Collection("list", ANY), parts=True)
_BOOLS = Parameter(Collection("list", BOOL), parts=True)
_SET = Parameter(Collection("set", ANY))
_SET_PARTS = Parameter(Collection("set", ANY), parts=True)


def _function(
    run: Callable[..., Value],
    *parameters: Parameter,
    variadic: Parameter | None = None,
    least: int = 0,
    through: bool = False,
) -> Function:
    return Function(run.__name__[1:], parameters, run, variadic, least, through=through)


def _carrying(
    run: Callable[..., Value],
    *parameters: Parameter,
    variadic: Parameter | None = None,
    least: int = 0,
    through: bool = False,
) -> Function:
    """Return a function whose result has the marks of sensitivity where its arguments have them."""

    def carried(*arguments: Value) -> Value:
        opened: list[Value] = []
        marked = False
        for at, argument in enumerate(arguments):
            parameter = parameters[at] if at < len(parameters) else variadic
            assert parameter is not None  # noqa: S101 - `call` has counted the arguments
            value = argument
            # The default of a lookup has its mark to itself: it counts only if it is the result.
            if isinstance(argument, Sensitive) and not (run is _lookup and at == 2):
                marked, value = True, argument.value
            if parameter in (_TEXT, _TEXTS):
                value, hidden = without_marks(value)
                marked = marked or hidden
            if value is None and not parameter.null:
                raise EvaluationError(
                    say(
                        "argument {number} of {function} must not be null",
                        number=at + 1,
                        function=run.__name__[1:],
                    )
                )
            if isinstance(value, Pending) and not parameter.whole:
                return combine([value.unknown], through=through)
            opened.append(value)
        result = run(*opened)
        return Sensitive(result) if marked and not isinstance(result, Unknown | Sensitive) else result

    return Function(run.__name__[1:], parameters, carried, variadic, least, through=through, opaque=True)


FUNCTIONS: tuple[Function, ...] = (
    _function(_alltrue, _BOOLS),
    _function(_anytrue, _BOOLS),
    _carrying(_chunklist, _LIST_PARTS, _NUMBER, through=True),
    _function(_coalesce, variadic=_WHOLE),
    _function(_coalescelist, variadic=_WHOLE, least=1),
    _function(_compact, _TEXTS, through=True),
    _carrying(_concat, variadic=_UNKNOWN, least=1),
    _function(_contains, _ANY, _ANY),
    _function(_distinct, _LIST, through=True),
    _carrying(_element, _ANY, _NUMBER, through=True),
    _carrying(_flatten, _ANY, through=True),
    _function(_index, _ANY, _ANY),
    _carrying(_keys, _ANY),
    _carrying(_length, _ANY),
    _carrying(_lookup, _UNKNOWN, _TEXT, variadic=_WHOLE),
    _function(_matchkeys, _LIST_PARTS, _LIST, _LIST),
    _carrying(_merge, variadic=_WHOLE),
    _function(_one, _ANY, through=True),
    _function(_range, variadic=_NUMBER, least=1),
    _carrying(_reverse, _ANY, through=True),
    _function(_setintersection, _SET, variadic=_SET),
    _carrying(_setproduct, variadic=_ANY, least=2),
    _function(_setsubtract, _SET, _SET),
    _function(_setunion, _SET_PARTS, variadic=_SET_PARTS),
    _carrying(_slice, _ANY, _NUMBER, _NUMBER, through=True),
    _function(_sort, _TEXTS, through=True),
    _function(_transpose, Parameter(Collection("map", Collection("list", STRING)))),
    _carrying(_values, _ANY, through=True),
    _carrying(_zipmap, _TEXTS, _ANY),
)
