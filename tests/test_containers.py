"""Levels of containers: they only raise, in any order of the input, through cycles, and without much work."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sovereign_guard.propagate.containers as stage
from sovereign_guard.catalog import Catalog, load
from sovereign_guard.model.classification import Classification
from sovereign_guard.model.resource import (
    Change,
    Family,
    InputKind,
    Inventory,
    ProviderConfiguration,
    Resource,
)
from sovereign_guard.model.sides import Sides
from sovereign_guard.model.value import Evidence, Reason, Tree, Unknown
from sovereign_guard.propagate.containers import Containers, inherit

TYPE = "azapi_resource"
"""A type that can lie in others of its own type, so that there are chains and cycles of it."""

CONFIGURATION = ProviderConfiguration("azapi", "registry.terraform.io/azure/azapi", {})


@cache
def catalog() -> Catalog:
    return load()


class Counted:
    """Attributes that count how often they are asked for."""

    asked = 0

    def __init__(self, values: dict[str, Tree]) -> None:
        self._values = values

    def select(self, names: tuple[str, ...]) -> tuple[Tree, ...]:
        type(self).asked += 1
        return tuple(self._values.get(name) for name in names)


def resource(name: str, parent: str | None, type_: str = TYPE, attribute: str = "parent_id") -> Resource:
    values: dict[str, Tree] = {"id": name, "name": name}
    if parent is not None:
        values[attribute] = parent
    return Resource(
        address=f"{type_}.{name}",
        module="",
        index=None,
        family=family(type_),
        change=Change.CREATE,
        after=Counted(values),
        before=None,
        block=None,
    )


@cache
def family(type_: str) -> Family:
    return Family(
        mode="managed",
        type=type_,
        provider=CONFIGURATION.provider if type_ == TYPE else "",
        configurations=(CONFIGURATION,),
    )


def unlabelled() -> Classification:
    return Classification((0,), None, False, (Evidence("no label"),))


def level(*levels: int) -> Classification:
    unknown = None if len(levels) == 1 else Unknown(Reason.VOCABULARY)
    return Classification(levels, unknown, True, (Evidence(f"label says {levels}", "tags"),))


def maybe_labelled() -> Classification:
    return Classification((0, 1, 2), Unknown(Reason.AFTER_APPLY), None, ())


def spread(resources: list[Resource], own: list[Classification]) -> list[Classification]:
    inventory = Inventory("plan", "plan", InputKind.PLAN, "", tuple(resources), {})
    sides = Containers(inventory, catalog()).inherited(Sides(tuple(own), (None,) * len(own)))
    return list(sides.after)


def meaning(found: Classification) -> tuple[tuple[int, ...], bool | None]:
    return found.levels, found.labelled


classifications = st.sampled_from(
    (unlabelled(), unlabelled(), level(0), level(1), level(2), level(1, 2), level(0, 1, 2), maybe_labelled())
)


@st.composite
def inputs(draw: st.DrawFn) -> tuple[list[tuple[str, str | None]], list[Classification]]:
    """Names with the name of what each lies in (cycles and itself included), and what their labels say."""
    size = draw(st.integers(1, 8))
    parents = draw(
        st.lists(st.none() | st.integers(0, size - 1) | st.just(size), min_size=size, max_size=size)
    )
    edges = [(f"r{at}", None if parent is None else f"r{parent}") for at, parent in enumerate(parents)]
    return edges, draw(st.lists(classifications, min_size=size, max_size=size))


def test_what_lies_in_a_sensitive_thing_is_sensitive() -> None:
    outer, inner, other = resource("outer", None), resource("inner", "outer"), resource("other", None)
    found = spread([inner, other, outer], [unlabelled(), unlabelled(), level(1)])
    assert [one.levels for one in found] == [(1,), (0,), (1,)]
    assert found[0].labelled is True
    assert any("azapi_resource.outer" in step.what for step in found[0].evidence)
    assert found[0].evidence[0].where == "tags"


def test_through_types_of_the_catalog() -> None:
    bucket = resource("b", None, "aws_s3_bucket")
    item = resource("o", "b", "aws_s3_object", "bucket")
    assert [one.levels for one in spread([bucket, item], [level(2), level(1)])] == [(2,), (2,)]


def test_two_in_the_same_thing_do_not_lie_in_one_another() -> None:
    both = [resource("one", "group"), resource("two", "group")]
    assert [one.levels for one in spread(both, [level(2), unlabelled()])] == [(2,), (0,)]


@settings(deadline=None)
@given(inputs())
def test_a_level_is_never_lowered(drawn: tuple[list[tuple[str, str | None]], list[Classification]]) -> None:
    edges, own = drawn
    for before, after in zip(own, spread([resource(*edge) for edge in edges], own), strict=True):
        assert after.levels[0] >= before.levels[0]
        assert after.levels[-1] >= before.levels[-1]
        assert after.levels == tuple(sorted(set(after.levels)))
        assert (after.unknown is None) is (len(after.levels) == 1)
        assert before.labelled is not True or after.labelled is True


@settings(deadline=None)
@given(inputs())
def test_again_changes_nothing(drawn: tuple[list[tuple[str, str | None]], list[Classification]]) -> None:
    edges, own = drawn
    resources = [resource(*edge) for edge in edges]
    once = spread(resources, own)
    assert [meaning(one) for one in spread(resources, once)] == [meaning(one) for one in once]


@settings(deadline=None)
@given(inputs(), st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(
    drawn: tuple[list[tuple[str, str | None]], list[Classification]], chance: object
) -> None:
    edges, own = drawn
    resources = [resource(*edge) for edge in edges]
    order = list(range(len(resources)))
    chance.shuffle(order)  # type: ignore[attr-defined]
    found = spread(resources, own)
    shuffled = spread([resources[at] for at in order], [own[at] for at in order])
    assert [meaning(one) for one in shuffled] == [meaning(found[at]) for at in order]


@settings(deadline=None)
@given(inputs(), st.data())
def test_more_above_is_never_less_below(
    drawn: tuple[list[tuple[str, str | None]], list[Classification]], data: st.DataObject
) -> None:
    edges, own = drawn
    resources = [resource(*edge) for edge in edges]
    at = data.draw(st.integers(0, len(own) - 1))
    raised = [*own]
    raised[at] = level(data.draw(st.integers(own[at].levels[-1], 2)))
    for before, after in zip(spread(resources, own), spread(resources, raised), strict=True):
        assert after.levels[0] >= before.levels[0]
        assert after.levels[-1] >= before.levels[-1]


@settings(deadline=None)
@given(inputs(), st.data())
def test_what_is_learnt_above_was_possible_below(
    drawn: tuple[list[tuple[str, str | None]], list[Classification]], data: st.DataObject
) -> None:
    """The law of three-valued judging, for levels: one candidate of a container gives some of the child's."""
    edges, own = drawn
    resources = [resource(*edge) for edge in edges]
    known = [
        found if found.unknown is None else level(data.draw(st.sampled_from(found.levels))) for found in own
    ]
    for open_, settled in zip(spread(resources, own), spread(resources, known), strict=True):
        assert set(settled.levels) <= set(open_.levels)


@pytest.mark.parametrize("length", [1, 2, 3, 50])
def test_a_cycle_ends_and_shares_its_highest_level(length: int) -> None:
    resources = [resource(f"r{at}", f"r{(at + 1) % length}") for at in range(length)]
    own = [unlabelled() for _ in resources]
    own[length // 2] = level(1)
    assert [one.levels for one in spread(resources, own)] == [(1,)] * length


LONG = 20_000


@pytest.mark.parametrize("deepest_first", [False, True])
def test_a_long_chain_takes_few_steps(deepest_first: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work is counted: attributes asked for, and levels laid over one another."""
    _assert_evidence_stays_short()  # Before the long one: text that grew with depth would fill the memory.
    steps = 0

    def counting(*given: Any, **named: Any) -> Classification:
        nonlocal steps
        steps += 1
        return inherit(*given, **named)

    monkeypatch.setattr(stage, "inherit", counting)
    resources = [resource(f"r{at}", f"r{at - 1}" if at else None) for at in range(LONG)]
    own = [level(0, 1, 2), *(unlabelled() for _ in range(LONG - 2)), level(2)]
    own[LONG // 2] = level(1)
    if deepest_first:
        resources.reverse()
        own.reverse()
    Counted.asked = 0
    found = spread(resources, own)
    if deepest_first:
        found.reverse()
    assert found[0].levels == found[LONG // 2 - 1].levels == (0, 1, 2)
    assert found[LONG // 2].levels == found[-2].levels == (1, 2)
    assert found[-1].levels == (2,)
    assert steps <= 8 * LONG
    assert Counted.asked <= 4 * LONG


def test_evidence_stays_short_along_a_chain() -> None:
    _assert_evidence_stays_short()


def _assert_evidence_stays_short() -> None:
    resources = [resource(f"r{at}", f"r{at - 1}" if at else None) for at in range(300)]
    found = spread(resources, [level(1), *(unlabelled() for _ in resources[1:])])
    sizes = [sum(len(step.what) for step in one.evidence) for one in found]
    assert max(sizes) < 2_000
    for nearer, farther in pairwise(found[1:4]):
        assert nearer.evidence != farther.evidence  # Each keeps its own path.
    assert "label says" in " ".join(step.what for step in found[-1].evidence)
