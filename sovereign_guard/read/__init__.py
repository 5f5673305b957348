"""Inputs -> Inventory: source, plans and states of Terraform and OpenTofu."""

from sovereign_guard.read.inputs import read_all
from sovereign_guard.read.options import SourceOptions

__all__ = ["SourceOptions", "read_all"]
