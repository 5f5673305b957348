"""Findings that somebody has decided to live with: waivers, and the baseline."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from datetime import date
from typing import Literal

import msgspec

from sovereign_guard.language import say

RULE = "SOV011"
"""The rule about waivers, which is no rule about resources: it cannot be waived."""

FLOW_RULE = "SOV004"
"""The rule about flows, a single one of which can be declared harmless."""

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
        to: of a flow that is declared harmless: glob over where it goes; None for every other waiver.

    """

    rules: tuple[str, ...]
    reason: str
    until: str
    approver: str
    file: str
    line: int
    column: int = 1
    address: str | None = None
    to: str | None = None

    @property
    def where(self) -> str:
        """File and line."""
        return f"{self.file}:{self.line}"

    @property
    def words(self) -> str:
        """What is waived, until when, why, and who agreed."""
        if self.to is not None:
            words = say("flow from {address} to {to} declared harmless", address=self.address, to=self.to)
        elif self.address is not None:
            words = say("waiver of {rules} at {address}", rules=", ".join(self.rules), address=self.address)
        else:
            words = say("waiver of {rules}", rules=", ".join(self.rules))
        if self.until:
            words = say("{waiver} until {day}", waiver=words, day=self.until)
        words = say("{waiver}: {reason}", waiver=words, reason=self.reason or say("no reason given"))
        if self.approver:
            words = say("{waiver} (approved by {approver})", waiver=words, approver=self.approver)
        return words


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


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def fault(waiver: Waiver, rules: Collection[str], terms: WaiverTerms, today: date) -> str:
    """Return why a waiver covers nothing, empty where it does.

    Args:
        rules: ids of all rules. today: the day on which it must hold.

    """
    for rule in waiver.rules:
        if rule not in rules:
            return say("there is no rule {rule}", rule=rule[:20])
        if rule == RULE:
            return say("what {rule} says of waivers cannot be waived", rule=RULE)
    if not _says_something(waiver.reason):
        return say("it gives no reason")
    if not waiver.until:
        return say("it has no end (until=YYYY-MM-DD)")
    try:
        until = date.fromisoformat(waiver.until) if _DAY.fullmatch(waiver.until) else None
    except ValueError:
        until = None
    if until is None:
        return say("its end, {day!r}, is no day (write it as 2027-03-31)", day=waiver.until[:40])
    if until < today:
        return say("it ended on {day}", day=waiver.until)
    if (until - today).days > terms.max_days:
        return say(
            "it runs to {day}, more than the {number} days that the policy allows",
            day=waiver.until,
            number=terms.max_days,
        )
    if terms.approver and not _says_something(waiver.approver):
        return say("it names no approver, as the policy asks")
    return ""


def _says_something(text: str) -> bool:
    """Whether a text holds a letter or a digit: dots and invisible characters are no reason."""
    return any(char.isalnum() for char in text)


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
