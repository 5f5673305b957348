"""Whole-process measurements, side by side with peers in the same run (`make bench`)."""
