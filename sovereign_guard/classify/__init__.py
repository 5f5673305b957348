"""Resource -> Classification: which level of data its labels and the organisation's statements give it."""

from __future__ import annotations

from sovereign_guard.catalog import Catalog
from sovereign_guard.classify.classifier import Classifier
from sovereign_guard.model.classification import Classification
from sovereign_guard.model.policy import Policy, Statements
from sovereign_guard.model.resource import Inventory
from sovereign_guard.model.sides import COMPARED, Sides


def classify(
    inventories: tuple[Inventory, ...], catalog: Catalog, statements: Statements, policy: Policy
) -> tuple[Sides[Classification], ...]:
    """Classify every resource; one result an input.

    Args:
        inventories: what was read.
        catalog: for the vocabulary, and for where each provider keeps labels.
        statements: levels that the organisation states by address.
        policy: for the level of data without any label.

    """
    classifier = Classifier(catalog, statements.levels, policy.unlabelled)
    found = []
    for inventory in inventories:
        after = tuple([classifier.classify(resource, resource.after) for resource in inventory.resources])
        before = tuple(
            [
                None
                if resource.before is None
                else classifier.classify(resource, resource.before)
                if resource.change in COMPARED
                else now
                for resource, now in zip(inventory.resources, after, strict=True)
            ]
        )
        found.append(Sides(after, before))
    return tuple(found)
