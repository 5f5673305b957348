"""What a stage finds of resources, on both sides of their changes."""

from __future__ import annotations

from collections.abc import Callable
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


Stage = Callable[[Resource, Attributes], T]
"""What a stage makes of a resource, by one side of its change."""


def in_step(
    resources: tuple[Resource, ...],
    first: Stage[T],
    second: Stage[U],
    look: Callable[[int, Resource], None],
) -> tuple[Sides[T], Sides[U]]:
    """Run two stages resource by resource, so that its attributes are decoded once for both.

    Args:
        look: is shown each resource, with its position, while these are at hand.

    """
    after: list[T] = []
    before: list[T | None] = []
    after_too: list[U] = []
    before_too: list[U | None] = []
    for position, resource in enumerate(resources):
        side = resource.after
        after.append(now := first(resource, side))
        after_too.append(then := second(resource, side))
        look(position, resource)
        side_before = resource.before
        if side_before is None:
            before.append(None)
            before_too.append(None)
        elif resource.change in _COMPARED:
            before.append(first(resource, side_before))
            before_too.append(second(resource, side_before))
        else:
            before.append(now)
            before_too.append(then)
    return Sides(tuple(after), tuple(before)), Sides(tuple(after_too), tuple(before_too))
