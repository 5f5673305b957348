"""Findings that somebody has decided to live with: waivers, and the baseline."""

from __future__ import annotations

import os
from typing import Literal

import msgspec

RULE = "SOV011"
"""The rule about waivers, which is no rule about resources: it cannot be waived."""

NEVER_IN_BASELINE = frozenset({RULE, "SOV013"})
"""Rules whose findings do not stand: what is wrong with a waiver, and what this change does to a label."""

SCHEMA = "sovereign-guard/baseline/v1"
"""What a baseline file says it is."""


class Waiver(msgspec.Struct, frozen=True):
    """A decision, with a reason and an end, that what a rule finds may stand. Written in source or stated.

    Attributes:
        rules: ids of the rules whose findings it covers.
        reason: why; empty where none is given, and then it covers nothing.
        until: ISO day up to which it holds, that day included; empty where none is given, likewise.
        approver: who agreed, where given.
        file, line, column: where it is written.
        address: glob over addresses; None for a comment, which speaks of the block it stands at.

    """

    rules: tuple[str, ...]
    reason: str
    until: str
    approver: str
    file: str
    line: int
    column: int = 1
    address: str | None = None

    @property
    def where(self) -> str:
        """File and line."""
        return f"{self.file}:{self.line}"

    @property
    def words(self) -> str:
        """What is waived, until when, why, and who agreed."""
        at = f" at {self.address}" if self.address is not None else ""
        until = f" until {self.until}" if self.until else ""
        approved = f" (approved by {self.approver})" if self.approver else ""
        return f"waiver of {', '.join(self.rules)}{at}{until}: {self.reason or 'no reason given'}{approved}"


class WaiverTerms(msgspec.Struct, frozen=True):
    """What a policy asks of waivers.

    Attributes:
        max_days: the most days that one may have before it.
        approver: whether an approver must be named.
        unused_fails: whether one that covers nothing decides the exit code.

    """

    max_days: int = 366
    approver: bool = False
    unused_fails: bool = False


def input_name(path: str, root: str) -> str:
    """Return what a baseline calls an input: its path from the repository's root, with forward slashes."""
    return os.path.relpath(path, root).replace(os.sep, "/")


class BaselineEntry(msgspec.Struct, frozen=True):
    """A finding that stood when the baseline was written.

    Attributes:
        input: path of the input from the root of the judged repository (`input_name`).
        level: the highest level that the data could have had.
        operators: ids of those that it could have been with; `?` among them where others were possible.

    """

    fingerprint: str
    rule: str
    address: str
    input: str
    verdict: Literal["fail", "unknown"]
    level: str
    operators: tuple[str, ...]


class Baseline(msgspec.Struct, frozen=True):
    """What stood on a day, so that only what is new decides the exit code.

    Attributes:
        path: its file.
        inputs: what was looked at, whether or not something was found there; named as those of the entries.

    """

    path: str
    written: str
    inputs: tuple[str, ...]
    entries: tuple[BaselineEntry, ...]
