"""The whole catalog as one value: what compiling rules/ gives, and what a scan loads."""

from __future__ import annotations

import msgspec

from sovereign_guard.model.knowledge import (
    HostPattern,
    Operator,
    Provider,
    RegionTable,
    ResourceTable,
    RuleText,
    Vocabulary,
)
from sovereign_guard.model.policy import Policy


class CatalogData(msgspec.Struct, frozen=True):
    """All knowledge, checked.

    Attributes:
        as_of: ISO day of the latest review of any file.
        resources: by provider id. hosts: in the order of the file.

    """

    as_of: str
    operators: dict[str, Operator]
    providers: dict[str, Provider]
    regions: dict[str, RegionTable]
    resources: dict[str, ResourceTable]
    addresses: tuple[str, ...]
    hosts: tuple[HostPattern, ...]
    vocabulary: Vocabulary
    policies: dict[str, Policy]
    rules: dict[str, RuleText]
