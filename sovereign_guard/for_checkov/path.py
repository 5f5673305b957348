"""Where the folder of checks lies, and whether Checkov will find them there."""

from __future__ import annotations

from pathlib import Path

from sovereign_guard.errors import SovereignGuardError, reason_of
from sovereign_guard.language import say

CHECKS = "sovereign_guard_checks.py"


def checks_folder() -> Path:
    """Return the folder to give to Checkov's `--external-checks-dir`.

    Checkov says nothing about a folder that is not there or has no `__init__.py`, and exits with 0. So it is
    looked at here.

    Raises:
        SovereignGuardError: Checkov would load nothing from it, or not all.

    """
    folder = Path(__file__).resolve().parent.parent / "checkov_checks"
    for name in ("__init__.py", CHECKS):
        path = folder / name
        try:
            path.read_bytes()
        except OSError as error:
            raise SovereignGuardError(
                say(
                    "Checkov would find no checks in {folder}: {name} cannot be read ({reason}).",
                    folder=folder,
                    name=name,
                    reason=reason_of(error),
                ),
                hint=say("This installation is damaged: pip install --force-reinstall sovereign-guard"),
                file=str(path),
            ) from None
    return folder
