"""Where rules/ lies: inside the installed package, or beside it in a checkout."""

from __future__ import annotations

import os
from pathlib import Path

from sovereign_guard.errors import SovereignGuardError
from sovereign_guard.language import say

_PACKAGE = Path(__file__).parent.parent


def rules_folder() -> Path:
    """Return the folder with the rules.

    A wheel carries them inside the package (pyproject.toml, force-include); a checkout, and an editable
    install of one, beside it.

    Raises:
        SovereignGuardError: neither is there, so the installation is broken.

    """
    for folder in (_PACKAGE / "rules", _PACKAGE.parent / "rules"):
        if (folder / "schemas" / "operator.schema.json").is_file():
            return folder
    raise SovereignGuardError(
        say("the folder rules/ is missing from this installation."),
        hint=say("Install sovereign-guard again (pipx install --force sovereign-guard)."),
        file=str(_PACKAGE),
    )


def cache_folder() -> Path:
    """Return the folder of what this program keeps for itself. It need not be there, nor be writable."""
    base = os.environ.get("XDG_CACHE_HOME") or ""
    if not os.path.isabs(base):  # noqa: PTH117 - the standard ignores relative ones
        home = os.path.expanduser("~")  # noqa: PTH111 - Path.home raises where there is none
        # Nothing can be kept for a user without a home: below this no file can be.
        base = os.path.join(home, ".cache") if os.path.isabs(home) else os.devnull  # noqa: PTH117, PTH118
    return Path(base) / "sovereign-guard"


def is_checkout(folder: Path) -> bool:
    """Whether these rules are those of a checkout, which its owner may be editing."""
    return folder.parent != _PACKAGE
