"""Source (HCL and its JSON form) -> Inventory, one for each root module."""

from sovereign_guard.read.hcl.project.roots import read_source, source_of_plan

__all__ = ["read_source", "source_of_plan"]
