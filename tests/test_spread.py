"""Levels on any graph: they only rise, in any order, to a fixed point, and what is certain is possible."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from sovereign_guard.propagate.graph import Passage
from sovereign_guard.propagate.spread import Reached, spread

LEVELS = 3
SIZE = 8

Graph = dict[int, list[Passage]]
Sources = dict[int, tuple[int, ...]]

passages = st.lists(
    st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1), st.booleans(), st.booleans()), max_size=20
)
sources = st.dictionaries(
    st.integers(0, SIZE - 1),
    st.sets(st.integers(0, LEVELS - 1), min_size=1).map(lambda found: tuple(sorted(found))),
    max_size=4,
)


def graph(edges: list[tuple[int, int, bool, bool]]) -> Graph:
    found: Graph = {}
    for begin, end, certain, stood in edges:
        found.setdefault(begin, []).append(Passage(end, "replication", certain, begin, stood))
    return found


def least(reached: Reached, own: Sources, at: int) -> int:
    mine = own[at][0] if at in own else 0
    return max(mine, reached.least[at][0] if at in reached.least else 0)


def possible(reached: Reached, own: Sources, at: int) -> set[int]:
    lowest = least(reached, own, at)
    found = {*own.get(at, (0,)), *reached.perhaps.get(at, {})}
    return {lowest} | {level for level in found if level > lowest}


def naive(own: Sources, edges: list[tuple[int, int, bool, bool]]) -> list[int]:
    """The certain levels, by going over all passages until nothing changes."""
    levels = [own[at][0] if at in own else 0 for at in range(SIZE)]
    changed = True
    while changed:
        changed = False
        for begin, end, certain, _stood in edges:
            if certain and levels[begin] > levels[end]:
                levels[end] = levels[begin]
                changed = True
    return levels


@given(sources, passages)
def test_it_is_the_fixed_point(own: Sources, edges: list[tuple[int, int, bool, bool]]) -> None:
    reached = spread(own, graph(edges), LEVELS)
    assert [least(reached, own, at) for at in range(SIZE)] == naive(own, edges)


@given(sources, passages)
def test_it_is_idempotent(own: Sources, edges: list[tuple[int, int, bool, bool]]) -> None:
    once = spread(own, graph(edges), LEVELS)
    levels = {at: tuple(sorted(possible(once, own, at))) for at in range(SIZE)}
    again = spread(levels, graph(edges), LEVELS)
    assert {at: tuple(sorted(possible(again, levels, at))) for at in range(SIZE)} == levels


@given(sources, passages, st.randoms(use_true_random=False))
def test_the_order_changes_nothing(
    own: Sources, edges: list[tuple[int, int, bool, bool]], shuffle: random.Random
) -> None:
    other = list(edges)
    shuffle.shuffle(other)
    pairs = list(own.items())
    shuffle.shuffle(pairs)
    one, two = spread(own, graph(edges), LEVELS), spread(dict(pairs), graph(other), LEVELS)
    for at in range(SIZE):
        assert possible(one, own, at) == possible(two, own, at)


@given(sources, passages, st.integers(0, SIZE - 1), st.integers(0, SIZE - 1), st.booleans())
def test_a_passage_more_never_lowers(
    own: Sources, edges: list[tuple[int, int, bool, bool]], begin: int, end: int, certain: bool
) -> None:
    before = spread(own, graph(edges), LEVELS)
    after = spread(own, graph([*edges, (begin, end, certain, True)]), LEVELS)
    for at in range(SIZE):
        assert least(after, own, at) >= least(before, own, at)
        assert max(possible(after, own, at)) >= max(possible(before, own, at))


@given(sources, passages, st.integers(0, SIZE - 1))
def test_a_higher_label_never_lowers(
    own: Sources, edges: list[tuple[int, int, bool, bool]], raised: int
) -> None:
    higher = {**own, raised: (LEVELS - 1,)}
    before, after = spread(own, graph(edges), LEVELS), spread(higher, graph(edges), LEVELS)
    for at in range(SIZE):
        assert least(after, higher, at) >= least(before, own, at)


@given(sources, passages)
def test_making_a_passage_certain_takes_only_possibilities_away(
    own: Sources, edges: list[tuple[int, int, bool, bool]]
) -> None:
    """More knowledge: the levels that were possible contain those that are possible now."""
    doubtful = [(begin, end, False, stood) for begin, end, _certain, stood in edges]
    sure = [(begin, end, True, stood) for begin, end, _certain, stood in edges]
    before, after = spread(own, graph(doubtful), LEVELS), spread(own, graph(sure), LEVELS)
    for at in range(SIZE):
        assert possible(after, own, at) <= possible(before, own, at)


@given(sources, passages)
def test_the_way_is_told_back_to_its_beginning_and_is_a_shortest_one(
    own: Sources, edges: list[tuple[int, int, bool, bool]]
) -> None:
    reached = spread(own, graph(edges), LEVELS)
    for at, (level, _way) in reached.least.items():
        steps, here = 0, at
        while not (here in own and own[here][0] >= level):
            found, (sender, passage) = reached.least[here]
            assert found >= level
            assert passage.certain
            assert passage.receiver == here
            here = sender
            steps += 1
            assert steps <= SIZE
        assert steps == distance(own, edges, level, at)


def distance(own: Sources, edges: list[tuple[int, int, bool, bool]], level: int, wanted: int) -> int:
    met = {at for at, levels in own.items() if levels[0] >= level}
    steps = 0
    while wanted not in met:
        met |= {end for begin, end, certain, _stood in edges if certain and begin in met}
        steps += 1
    return steps


class Counted(dict[int, list[Passage]]):
    """Passages that count how many of them are looked at."""

    looked_at = 0

    def __getitem__(self, key: int) -> list[Passage]:
        found = super().__getitem__(key)
        self.looked_at += len(found)
        return found


@given(sources, passages)
def test_each_passage_is_looked_at_a_bounded_number_of_times(
    own: Sources, edges: list[tuple[int, int, bool, bool]]
) -> None:
    counted = Counted(graph(edges))
    spread(own, counted, LEVELS)
    assert counted.looked_at <= 2 * (LEVELS - 1) * len(edges)


def test_a_chain_as_long_as_an_input_may_be_takes_no_recursion() -> None:
    size = 100_000
    chain = {at: [Passage(at + 1, "logs", True, at, True)] for at in range(size)}
    reached = spread({0: (2,)}, chain, LEVELS)
    assert reached.least[size][0] == 2
