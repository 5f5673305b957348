"""The whole story: read, resolve, classify, propagate, judge, report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

import msgspec

from sovereign_guard.catalog import Catalog
from sovereign_guard.classify import classify
from sovereign_guard.judge import judge, with_choices
from sovereign_guard.language import later
from sovereign_guard.model.classification import Classification
from sovereign_guard.model.finding import Report
from sovereign_guard.model.flow import Flows
from sovereign_guard.model.placement import Placement
from sovereign_guard.model.policy import Policy, Statements
from sovereign_guard.model.resource import Inventory
from sovereign_guard.model.screen import Screen
from sovereign_guard.model.sides import Sides, in_step
from sovereign_guard.model.waiver import Baseline, fault
from sovereign_guard.processes import collector_paused, shared_out
from sovereign_guard.propagate import Graph, Rules, propagate
from sovereign_guard.read import SourceOptions, read_all
from sovereign_guard.report import FORMATS
from sovereign_guard.resolve import Offered, resolve

_MANY = 2_000
"""Resources from which a second process pays."""

STAGES = (later("reading"), later("resolving and classifying"), later("judging"))
"""In English; whoever shows one says it."""


class Request(msgspec.Struct, frozen=True, eq=False):
    """What is asked of a run.

    Attributes:
        paths: source, plans and states, `-` for standard input.
        catalog, policy, statements: what they are judged by.
        day: ISO day on which dated facts are looked at.
        source: how source is read.
        baseline: findings that stood and do not decide the exit code.
        root: folder of the judged repository, by which a baseline names inputs.
        flows: whether each step of sensitive data is to be told in the report, for a picture of them.

    """

    paths: tuple[str, ...]
    catalog: Catalog
    policy: Policy
    statements: Statements
    day: str
    source: SourceOptions = SourceOptions()
    allow_terraform: bool = False
    only_introduced: bool = False
    baseline: Baseline | None = None
    root: str = "."
    flows: bool = False


def assess(request: Request, progress: Callable[[str], None] = lambda _stage: None) -> Report:
    """Judge every input of a request; `progress` is told the name of each stage (STAGES) as it begins."""
    catalog, statements, policy, day = request.catalog, request.statements, request.policy, request.day
    with collector_paused():
        progress("reading")
        inventories, problems = read_all(
            request.paths, allow_terraform=request.allow_terraform, options=request.source, catalog=catalog
        )
        progress("resolving and classifying")

        harmless = tuple(
            one
            for one in statements.harmless
            if not fault(one, catalog.rules, policy.waivers, date.fromisoformat(day))
        )
        rules = Rules(catalog)

        def seen(inventory: Inventory) -> tuple[Sides[Placement], Sides[Classification], Flows]:
            places, label = (
                resolve(inventory, catalog, statements, day),
                classify(catalog, statements, policy),
            )
            graph = Graph(inventory, catalog, rules, places.elsewhere, harmless)
            placed, labelled = in_step(inventory.resources, places.place, label, graph.look)
            flowed, flows = propagate(
                inventory, labelled, catalog, graph, places.elsewhere, label, told=request.flows
            )
            return placed, flowed, flows

        sizes = [len(inventory.resources) for inventory in inventories]
        facts = [
            (inventory, *found)
            for inventory, found in zip(inventories, shared_out(seen, inventories, sizes, _MANY), strict=True)
        ]
        progress("judging")
        report = judge(
            facts,
            problems,
            catalog,
            policy,
            statements,
            day,
            only_introduced=request.only_introduced,
            baseline=request.baseline,
            root=request.root,
        )
        return with_choices(report, catalog, day, Offered(catalog, day).ways)


def write(report: Report, output_format: str, screen: Screen) -> Iterator[bytes]:
    """Give a report in one of the formats (report.FORMATS), piece by piece."""
    return FORMATS[output_format](report, screen)
