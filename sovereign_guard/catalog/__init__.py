"""rules/ and the organisation's own files -> values of the model."""

from sovereign_guard.catalog.catalog import Catalog
from sovereign_guard.catalog.compiled import load

__all__ = ["Catalog", "load"]
