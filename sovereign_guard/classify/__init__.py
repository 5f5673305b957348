"""Resource -> Classification: which level of data its labels and the organisation's statements give it."""

from __future__ import annotations

from collections.abc import Iterator

from sovereign_guard.catalog import Catalog
from sovereign_guard.classify.classifier import Classifier
from sovereign_guard.model.classification import Classification
from sovereign_guard.model.policy import Policy, Statements
from sovereign_guard.model.resource import Inventory
from sovereign_guard.model.sides import both_sides


def classify(
    inventory: Inventory, catalog: Catalog, statements: Statements, policy: Policy
) -> Iterator[tuple[Classification, Classification | None]]:
    """Classify the resources of an input, one at a time: after its change, and before.

    Args:
        inventory: what was read.
        catalog: for the vocabulary, and for where each provider keeps labels.
        statements: levels that the organisation states by address.
        policy: for the level of data without any label.

    """
    return both_sides(inventory.resources, Classifier(catalog, statements.levels, policy.unlabelled).classify)
