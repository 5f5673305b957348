"""Levels travel: down into what lies in a resource, and on to wherever its data goes, to a fixed point.

First each resource gets the level of what it lies in (containers.py). Then the passages of the input are
laid out (graph.py, ends.py), levels are spread along them (spread.py), and what each resource gets by this is
told with its way (journey.py).
"""

from __future__ import annotations

from sovereign_guard.catalog import Catalog
from sovereign_guard.model.classification import Classification
from sovereign_guard.model.flow import Elsewhere, Flows
from sovereign_guard.model.resource import Inventory
from sovereign_guard.model.sides import Sides, Stage
from sovereign_guard.propagate.containers import Containers
from sovereign_guard.propagate.graph import Graph, Rules
from sovereign_guard.propagate.journey import Journeys

__all__ = ["Graph", "Rules", "propagate"]


def propagate(
    inventory: Inventory,
    classified: Sides[Classification],
    catalog: Catalog,
    graph: Graph,
    elsewhere: Elsewhere,
    classify: Stage[Classification],
    *,
    told: bool = False,
) -> tuple[Sides[Classification], Flows]:
    """Return the classifications, on both sides, with what travels added (none is lowered), and what leaves.

    Args:
        classified: what labels and statements say of each resource.
        graph: to which all resources of the input have been shown.
        elsewhere: places what lies outside the input.
        classify: says what labels say of a state's backend.
        told: whether every step of sensitive data is to be told.

    """
    containers = Containers(inventory, catalog)
    labelled = classified.after
    classified = containers.inherited(classified)
    graph.close()
    journeys = Journeys(inventory, labelled, classified, catalog, graph, containers)
    after = journeys.classified()
    return after, Flows(
        outward=journeys.outward(),
        custody=journeys.custody(elsewhere),
        harmless=tuple(graph.crossed),
        states=journeys.states(after.after, elsewhere, classify),
        carried=tuple(journeys.carried()) if told else (),
    )
