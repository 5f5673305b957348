"""Words that all formats for people share: verdicts, severities, kinds, roles, and how parts are joined."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from sovereign_guard.language import later, say
from sovereign_guard.model.classification import Kind
from sovereign_guard.model.finding import Severity, Verdict
from sovereign_guard.model.placement import Role
from sovereign_guard.model.policy import Policy

BUILT_IN = later("built in")
"""What a policy that is shipped has for its source (contract), and what a person reads there."""

NOTICE = later("The catalog states facts with sources and dates. It is not legal advice.")

_VERDICTS = {
    Verdict.PASS: later("pass"),
    Verdict.FAIL: later("fail"),
    Verdict.UNKNOWN: later("unknown"),
    Verdict.WAIVED: later("waived"),
    Verdict.NOT_JUDGED: later("not-judged"),
}

_SEVERITIES = {
    Severity.CRITICAL: later("critical"),
    Severity.HIGH: later("high"),
    Severity.MEDIUM: later("medium"),
    Severity.LOW: later("low"),
    Severity.WARNING: later("warning"),
}

_KINDS = {
    Kind.STORES: later("stores"),
    Kind.PROCESSES: later("processes"),
    Kind.TRANSPORTS: later("transports"),
    Kind.KEYS: later("keys"),
    Kind.SECRETS: later("secrets"),
    Kind.TELEMETRY: later("telemetry"),
    Kind.NONE: later("none"),
}

_ROLES = {
    Role.PLATFORM: later("platform"),
    Role.INFRASTRUCTURE: later("infrastructure"),
    Role.KEYS: later("keys"),
}


def verdict_word(verdict: Verdict) -> str:
    """Return a verdict as a person reads it."""
    return say(_VERDICTS[verdict])


def severity_word(severity: str) -> str:
    """Return a severity, one of `Severity`, as a person reads it."""
    return say(_SEVERITIES[Severity(severity)])


def kind_word(kind: str) -> str:
    """Return what a type does with data, one of `Kind`, as a person reads it."""
    return say(_KINDS[Kind(kind)])


def role_word(role: Role) -> str:
    """Return the part that an operator has in a resource, as a person reads it."""
    return say(_ROLES[role])


def source_words(policy: Policy) -> str:
    """Return where a policy was read from, as a person reads it."""
    return say(BUILT_IN) if policy.source == BUILT_IN else policy.source


def all_of(parts: Iterable[str]) -> str:
    """Join with `and`; empty where there is nothing to join."""
    found = list(parts)
    return reduce(
        lambda before, after: say("{before} and {after}", before=before, after=after), found or [""]
    )


def any_of(parts: Iterable[str]) -> str:
    """Join with `or`; empty where there is nothing to join."""
    found = list(parts)
    return reduce(lambda before, after: say("{before} or {after}", before=before, after=after), found or [""])


def several(parts: Iterable[str]) -> str:
    """Join parts that stand alone with semicolons, empty ones left out."""
    return say("; ").join(filter(None, parts))


def named(name: str, note: str) -> str:
    """Join a name and what is said of it."""
    return say("{name}: {note}", name=name, note=note) if note else name
