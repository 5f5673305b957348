"""Environment variables -> Wishes: what the options of the command line say, for a front that has none."""

from __future__ import annotations

from collections.abc import Mapping

from sovereign_guard.errors import UsageError
from sovereign_guard.language import say
from sovereign_guard.request import Wishes

_YES = frozenset({"1", "true", "t", "yes", "y", "on"})
_NO = frozenset({"", "0", "false", "f", "no", "n", "off"})
_ON_UNKNOWN = ("fail", "warn", "warn-locally")


def wishes_of(environment: Mapping[str, str]) -> Wishes:
    """Return what the variables `SOVEREIGN_GUARD_...` ask for; they are named as for the command line.

    Raises:
        UsageError: one of them has a value that it cannot have.

    """
    return Wishes(
        policy=_text(environment, "POLICY"),
        config=_text(environment, "CONFIG"),
        baseline=_text(environment, "BASELINE"),
        catalog=_text(environment, "CATALOG"),
        on_unknown=_choice(environment, "ON_UNKNOWN", _ON_UNKNOWN),
        ignore_repo_config=_switch(environment, "IGNORE_REPO_CONFIG"),
        inline_waivers=not _switch(environment, "NO_INLINE_WAIVERS"),
        environment=environment,
    )


def _text(environment: Mapping[str, str], name: str) -> str | None:
    return environment.get(f"SOVEREIGN_GUARD_{name}") or None


def _choice(environment: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str | None:
    value = _text(environment, name)
    if value is not None and value not in choices:
        raise UsageError(
            say("SOVEREIGN_GUARD_{name} is {value!r}.", name=name, value=value),
            hint=say("It may be {names}.", names=", ".join(choices)),
        )
    return value


def _switch(environment: Mapping[str, str], name: str) -> bool:
    value = environment.get(f"SOVEREIGN_GUARD_{name}", "").strip().lower()
    if value not in _YES | _NO:
        raise UsageError(
            say("SOVEREIGN_GUARD_{name} is {value!r}.", name=name, value=value), hint=say("It may be 1 or 0.")
        )
    return value in _YES
