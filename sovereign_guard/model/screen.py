"""What a writer knows of where its text goes, and of who reads it."""

from __future__ import annotations

from enum import Enum

import msgspec


class Detail(Enum):
    """How much a text tells: a line for each finding; findings with their evidence; also what passes."""

    QUIET = "quiet"
    USUAL = "usual"
    VERBOSE = "verbose"


class Screen(msgspec.Struct, frozen=True):
    """Width in characters, whether colours are understood, and how much is to be told."""

    width: int = 100
    colour: bool = False
    detail: Detail = Detail.USUAL
