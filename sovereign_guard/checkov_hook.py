"""Checkov with our checks as one command, for callers that know no shell, such as pre-commit.

`python -P -m sovereign_guard.checkov_hook ARGUMENT...`: the arguments are Checkov's own, and win.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Sequence

from sovereign_guard.errors import SovereignGuardError, UsageError, reason_of
from sovereign_guard.for_checkov.path import checks_folder
from sovereign_guard.language import say, speak, wanted

_ALWAYS = ("--skip-download", "--quiet", "--compact")
_UNLESS_SAID = (
    # What to look at; then which checks; then the frameworks that they judge, since the others take minutes.
    (("-d", "--directory", "-f", "--file"), ("--directory", ".")),
    (("-c", "--check", "--run-all-external-checks"), ("--check", "CKV_SOV*")),
    (("--framework", "--skip-framework"), ("--framework", "terraform", "terraform_json", "terraform_plan")),
)


def command(arguments: Sequence[str]) -> list[str]:
    """Return the command that runs Checkov with our checks.

    Args:
        arguments: for Checkov.

    Raises:
        SovereignGuardError: Checkov or the checks are not there, and a run would say nothing of it.

    """
    if importlib.util.find_spec("checkov") is None:
        raise UsageError(
            say("Checkov is not installed beside sovereign-guard."),
            hint=say("pip install checkov, in the same environment and without python-hcl2."),
        )
    usual = [word for names, words in _UNLESS_SAID if not _says(arguments, names) for word in words]
    # -P: a module `checkov.py` in the judged repository is not Checkov.
    program = [sys.executable, "-P", "-m", "checkov.main"]
    return [*program, "--external-checks-dir", str(checks_folder()), *_ALWAYS, *usual, *arguments]


def _says(arguments: Sequence[str], names: tuple[str, ...]) -> bool:
    """Whether one of the options is among the arguments, in any of the ways in which it can be written."""
    long = tuple(f"{name}=" for name in names if name.startswith("--"))
    short = tuple(name for name in names if not name.startswith("--"))
    return any(
        argument in names
        or argument.startswith(long)
        # `-dFOLDER`; `-ca` is another option.
        or (argument.startswith(short) and not argument.startswith(("--", "-ca")))
        for argument in arguments
    )


def main() -> None:
    """Become Checkov: its output and exit code are this command's."""
    speak(wanted(None, os.environ))
    try:
        words = command(sys.argv[1:])
        sys.stderr.flush()
        os.execv(words[0], words)  # noqa: S606 - the interpreter that runs this, with a list
    except SovereignGuardError as error:
        sys.stderr.write(f"sovereign-guard: {error}\n")
        sys.exit(error.exit_code)
    except OSError as error:
        sys.stderr.write(
            "sovereign-guard: "
            + say("Checkov could not be started: {reason}.", reason=reason_of(error))
            + "\n"
        )
        sys.exit(4)


if __name__ == "__main__":
    main()
