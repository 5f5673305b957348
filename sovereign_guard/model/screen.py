"""What a writer knows of where its text goes."""

from __future__ import annotations

import msgspec


class Screen(msgspec.Struct, frozen=True):
    """Width in characters, and whether colours are understood."""

    width: int = 100
    colour: bool = False
