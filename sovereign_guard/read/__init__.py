"""Inputs -> Inventory: plans and states of Terraform and OpenTofu."""

from sovereign_guard.read.inputs import read_all

__all__ = ["read_all"]
