"""What a stage finds of resources, on both sides of their changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

import msgspec

from sovereign_guard.model.resource import Attributes, Change, Resource

T = TypeVar("T")
U = TypeVar("U")

_COMPARED = frozenset({Change.UPDATE, Change.REPLACE, Change.IMPORT})
"""Changes whose `before` may differ in what a stage asks; the others have none, or the same."""


class Sides(msgspec.Struct, Generic[T], frozen=True, eq=False):
    """One value a resource, in the order of the input.

    Attributes:
        after: on which each resource is judged. before: what stood, None where there was nothing.

    """

    after: tuple[T, ...]
    before: tuple[T | None, ...]


def both_sides(
    resources: tuple[Resource, ...], ask: Callable[[Resource, Attributes], T]
) -> Iterator[tuple[T, T | None]]:
    """Ask one question of each resource, after and before its change, one resource at a time."""
    for resource in resources:
        now = ask(resource, resource.after)
        stood = resource.before
        yield now, None if stood is None else ask(resource, stood) if resource.change in _COMPARED else now


def in_step(
    first: Iterable[tuple[T, T | None]], second: Iterable[tuple[U, U | None]]
) -> tuple[Sides[T], Sides[U]]:
    """Run two stages resource by resource: while one is looked at, its attributes are decoded once for both."""
    after: list[T] = []
    before: list[T | None] = []
    after_too: list[U] = []
    before_too: list[U | None] = []
    for (now, stood), (then, was) in zip(first, second, strict=True):
        after.append(now)
        before.append(stood)
        after_too.append(then)
        before_too.append(was)
    return Sides(tuple(after), tuple(before)), Sides(tuple(after_too), tuple(before_too))
