"""Resource -> Classification: which level of data its labels and the organisation's statements give it."""

from __future__ import annotations

from sovereign_guard.catalog import Catalog
from sovereign_guard.classify.classifier import Classifier
from sovereign_guard.model.classification import Classification
from sovereign_guard.model.policy import Policy, Statements
from sovereign_guard.model.sides import Stage


def classify(catalog: Catalog, statements: Statements, policy: Policy) -> Stage[Classification]:
    """Return the stage that classifies resources.

    Args:
        catalog: for the vocabulary, and for where each provider keeps labels.
        statements: levels that the organisation states by address.
        policy: for the level of data without any label.

    """
    return Classifier(catalog, statements.levels, policy.unlabelled).classify
