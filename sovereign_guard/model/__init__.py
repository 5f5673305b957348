"""Frozen values that pass between the stages. No input or output here."""
