"""Values of the language while it is evaluated.

A value is one of

    None                        null
    bool, int, Decimal, str     `int` for whole numbers, `Decimal` for others; never `float`
    tuple                       a tuple
    List, Set                   list and set; subclasses of tuple (a set is sorted and without repetitions)
    dict, Map                   object and map; a Map is a subclass of dict
    Unknown, Sensitive          of model.value; an element of a collection can be either
    Pending                     an object of which only some attributes are known

Values are never changed once made: functions return new ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Context, Decimal
from typing import Any, TypeAlias

from sovereign_guard.language import say
from sovereign_guard.model.value import Reason, Sensitive, Unknown

Value: TypeAlias = Any

ARITHMETIC = Context(prec=155)
"""Terraform computes with 512 binary digits of precision, which are about 155 decimal ones."""

MAX_TEXT = 16_000_000
"""Characters in one text; what would be longer is an `EvaluationError`."""

MAX_ELEMENTS = 500_000
"""Elements in one collection; what would hold more is an `EvaluationError`."""


MAX_WEIGHT = 1_000_000
"""Parts of one value at all depths; what would hold more is a `LimitError`."""


class EvaluationError(Exception):
    """An expression that Terraform too would refuse, or one that goes over our limits.

    The message is a sentence in lower case without a full stop. It quotes no value, which may be secret.
    """


class LimitError(EvaluationError):
    """An expression that `try` does not save: it refers to nothing declared, or goes over our limits."""


class List(tuple[Value, ...]):
    """A list: like a tuple, but its elements are of one type."""

    __slots__ = ()


class Set(tuple[Value, ...]):
    """A set; make one with `set_of`."""

    __slots__ = ()


class Map(dict[str, Value]):
    """A map: like an object, but its values are of one type."""

    __slots__ = ()


class Pending:
    """An object of which only some attributes are known: a resource that is not made yet, a data source.

    `attribute` returns the value of any name: what the configuration sets, otherwise an Unknown.
    `unknown` is what the object is as a whole. `certain` holds attributes that it has in any case.
    """

    __slots__ = ("attribute", "certain", "unknown")

    def __init__(
        self,
        attribute: Callable[[str], Value],
        unknown: Unknown,
        certain: Mapping[str, Value] | None = None,
    ) -> None:
        self.attribute = attribute
        self.unknown = unknown
        self.certain = certain or {}


class Several(Pending):
    """The instances of a block of which the number is not known: `attribute` takes an instance key.

    `any_one` returns the instance whose key is not known.
    """

    __slots__ = ("any_one",)

    def __init__(
        self, attribute: Callable[[str], Value], unknown: Unknown, any_one: Callable[[], Value]
    ) -> None:
        super().__init__(attribute, unknown)
        self.any_one = any_one


_PLAIN = frozenset({type(None), bool, int, Decimal, str})
_CONTAINERS = frozenset({tuple, dict, List, Set, Map})
_WEIGHTY = _CONTAINERS | {Sensitive}


def is_number(value: Value) -> bool:
    """Whether a value is a number (a bool is none)."""
    return type(value) is int or type(value) is Decimal


def number(value: Decimal | int) -> Decimal | int:
    """Return a number in its one form: `int` where it is whole."""
    if isinstance(value, int):
        return value
    if value == value.to_integral_value():
        if value.adjusted() > 5_000:
            raise EvaluationError(say("the number is too large"))
        return int(value)
    return value


def same(left: Value, right: Value) -> bool:
    """Whether two wholly known values are equal, as `==` has it: of one type, and equal."""
    if isinstance(left, dict) or isinstance(right, dict):
        return (
            type(left) is type(right)
            and left.keys() == right.keys()
            and all(same(part, right[name]) for name, part in left.items())
        )
    if isinstance(left, tuple) or isinstance(right, tuple):
        return (
            type(left) is type(right)
            and len(left) == len(right)
            and all(same(one, other) for one, other in zip(left, right, strict=True))
        )
    if is_number(left) and is_number(right):
        return bool(left == right)
    return type(left) is type(right) and bool(left == right)


def set_of(values: Iterable[Value]) -> Set:
    """Return a set in the order in which Terraform walks through it: false, true; numbers; texts; null."""
    seen: dict[Any, Value] = {}
    for value in values:
        seen.setdefault(identity(value), value)
    return Set(value for _key, value in sorted(seen.items(), key=lambda pair: pair[0]))


def identity(value: Value) -> Any:
    """Return something hashable and sortable that is equal for equal values."""
    if isinstance(value, Sensitive):
        return identity(value.value)
    if value is None:
        return (7,)
    if isinstance(value, bool):
        return (1, value)
    if is_number(value):
        return (2, value)
    if isinstance(value, str):
        return (3, value)
    if isinstance(value, tuple):
        return (4, tuple(identity(part) for part in value))
    if isinstance(value, dict):
        return (5, tuple((name, identity(part)) for name, part in sorted(value.items())))
    return (6, str(value), id(value))  # Unknowns are never equal to anything.


def unknown_in(value: Value) -> Unknown | None:
    """Return the Unknown that comes of all that is unknown in a value, at whatever depth; None of nothing."""
    if type(value) in _PLAIN:
        return None
    found = list(unknowns_in(value))
    if len(found) < 2:
        return found[0] if found else None
    return combine(found, through=True)


def unknowns_in(value: Value) -> Iterator[Unknown]:
    """Give all that is unknown in a value, at whatever depth."""
    kind = type(value)
    if kind in _PLAIN:
        return
    if kind is Unknown:
        yield value
    elif isinstance(value, Pending):
        yield value.unknown
    elif kind is Sensitive:
        yield from unknowns_in(value.value)
    else:
        for part in value.values() if isinstance(value, dict) else value:
            if type(part) not in _PLAIN:
                yield from unknowns_in(part)


def says_nothing(value: Value) -> bool:
    """Whether what is known of a value holds no text that could name something (keys aside)."""
    if isinstance(value, dict | tuple):
        return all(map(says_nothing, value.values() if isinstance(value, dict) else value))
    return not isinstance(value, str | Sensitive | Pending)


def _has_marks(value: Value) -> bool:
    kind = type(value)
    if kind not in _CONTAINERS:
        return kind is Sensitive
    parts = value.values() if isinstance(value, dict) else value
    return any(type(part) in _WEIGHTY and _has_marks(part) for part in parts)


def without_marks(value: Value) -> tuple[Value, bool]:
    """Return a value without marks of sensitivity at any depth, and whether there were some."""
    if type(value) is Sensitive:
        return without_marks(value.value)[0], True
    if not _has_marks(value):
        return value, False
    if isinstance(value, dict):
        found = {name: without_marks(part) for name, part in value.items()}
        if any(marked for _part, marked in found.values()):
            return type(value)((name, part) for name, (part, _marked) in found.items()), True
    elif isinstance(value, tuple):
        parts = [without_marks(part) for part in value]
        if any(marked for _part, marked in parts):
            return type(value)(part for part, _marked in parts), True
    return value, False


def weight_of(value: Value) -> int:
    """Return how many parts a value has, counted as often as they are repeated.

    Raises:
        LimitError: more than MAX_WEIGHT. Shared parts are looked at once, so this takes no longer than
            the value takes memory.

    """
    known: dict[int, int] = {}
    return _weight(value, known)


def _weight(value: Value, known: dict[int, int]) -> int:
    if type(value) is Sensitive:
        value = value.value
    if type(value) not in _CONTAINERS:
        return 1
    found = known.get(id(value))
    if found is None:
        parts = value.values() if isinstance(value, dict) else value
        found = 1 + len(value)
        for part in parts:
            if type(part) in _WEIGHTY:
                found += _weight(part, known) - 1
        if found > MAX_WEIGHT:
            raise LimitError(say("the value is too large"))
        known[id(value)] = found
    return found


def combine(unknowns: Iterable[Unknown], *, through: bool = False) -> Unknown:
    """Return the Unknown that comes of several.

    Args:
        unknowns: at least one.
        through: the result is made of their values and of constants alone, so that it names what they name.

    """
    found = list(unknowns)
    first = found[0]
    feeds = tuple(dict.fromkeys(feed for one in found for feed in one.feeds))
    only = through and all(one.only_feeds for one in found)
    if len(found) == 1 and first.only_feeds == only:
        return first
    return Unknown(first.reason, first.origin, first.detail, None, feeds, only)


def failed(message: str, origin: str = "") -> Unknown:
    """Return the Unknown that an expression is which cannot be evaluated."""
    return Unknown(Reason.UNSUPPORTED, origin, message)
