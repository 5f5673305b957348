"""Levels travel along passages to a fixed point, each with the shortest way that led to it.

Every level is spread by itself, from the highest down, breadth first: once along the passages that are
certain, which gives the level that data has at least, and once along all of them, which gives the levels that
it may have. So each passage is looked at a bounded number of times, in cycles too; the order in which
passages stand changes nothing, and one passage more can only raise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from sovereign_guard.propagate.graph import Passage

Way = tuple[int, Passage]
"""The sender before a resource on a way, and the passage from it."""


class Reached(msgspec.Struct, frozen=True, eq=False):
    """What reaches some resources of a graph.

    Attributes:
        least: position -> the highest level that certainly reaches it, with the way to it.
        perhaps: position -> each level that may reach it, with a way to it.

    """

    least: dict[int, tuple[int, Way]]
    perhaps: dict[int, dict[int, Way]]


def spread(
    sources: Mapping[int, Sequence[int]],
    passages: Mapping[int, Sequence[Passage]],
    levels: int,
    *,
    stood_only: bool = False,
) -> Reached:
    """Return what reaches whom.

    Args:
        sources: position -> the levels, ascending, that its own data can have.
        passages: position of a sender -> where its data goes.
        levels: how many levels there are; the lowest reaches everything and is not spread.
        stood_only: look at the passages that were there before the change alone.

    """
    least: dict[int, tuple[int, Way]] = {}
    perhaps: dict[int, dict[int, Way]] = {}
    for level in range(levels - 1, 0, -1):
        certain = [at for at, own in sources.items() if own[0] >= level]
        for at, way in _breadth_first(certain, passages, certain_only=True, stood_only=stood_only).items():
            least.setdefault(at, (level, way))
        possible = [at for at, own in sources.items() if level in own]
        for at, way in _breadth_first(possible, passages, certain_only=False, stood_only=stood_only).items():
            perhaps.setdefault(at, {})[level] = way
    return Reached(least, perhaps)


def _breadth_first(
    begin: Sequence[int],
    passages: Mapping[int, Sequence[Passage]],
    *,
    certain_only: bool,
    stood_only: bool,
) -> dict[int, Way]:
    """Return the last step of the shortest way to each resource that is reached, but to no beginning."""
    met = set(begin)
    ways: dict[int, Way] = {}
    front = [at for at in begin if at in passages]
    while front:
        following: list[int] = []
        for sender in front:
            for passage in passages[sender]:
                receiver = passage.receiver
                if (
                    receiver in met
                    or (certain_only and not passage.certain)
                    or (stood_only and not passage.stood)
                ):
                    continue
                met.add(receiver)
                ways[receiver] = (sender, passage)
                if receiver in passages:
                    following.append(receiver)
        front = following
    return ways
