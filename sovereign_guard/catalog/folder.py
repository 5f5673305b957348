"""Where rules/ lies: inside the installed package, or beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

from sovereign_guard.errors import SovereignGuardError

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
        "the folder rules/ is missing from this installation.",
        hint="Install sovereign-guard again (pipx install --force sovereign-guard).",
        file=str(_PACKAGE),
    )


def is_checkout(folder: Path) -> bool:
    """Whether these rules are those of a checkout, which its owner may be editing."""
    return folder.parent != _PACKAGE
