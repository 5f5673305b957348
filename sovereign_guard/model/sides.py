"""What a stage found of one input's resources, on both sides of their changes."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from sovereign_guard.model.resource import Change

T = TypeVar("T")

COMPARED = frozenset({Change.UPDATE, Change.REPLACE, Change.IMPORT})
"""Changes whose `before` may differ in what is asked here; the others have none, or the same."""


class Sides(msgspec.Struct, Generic[T], frozen=True, eq=False):
    """One value a resource, in the order of the input.

    Attributes:
        after: on which each resource is judged. before: what stood, None where there was nothing.

    """

    after: tuple[T, ...]
    before: tuple[T | None, ...]
