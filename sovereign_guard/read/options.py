"""What the command line and the environment say about how source is read."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class SourceOptions(msgspec.Struct, frozen=True):
    """How source is read.

    Attributes:
        assignments: ("var", "name=value") and ("file", path), in the order given.
        environment: of the process, for TF_VAR_ and TF_WORKSPACE.
        workspace: None where not given.
        cache: whether parsed files are kept in, and taken from, the user's cache folder.
        beside: folder whose source belongs to the plans that are judged; None: the working directory, where
            its addresses match; empty: none.

    """

    assignments: tuple[tuple[str, str], ...] = ()
    environment: Mapping[str, str] = {}
    workspace: str | None = None
    cache: bool = True
    beside: str | None = None
