"""What the program says, for pages that show it: the command line, run here in a folder of its own."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from click.testing import CliRunner

from sovereign_guard.cli import cli

DAY = "2026-11-24"
"""The day on which dated facts are looked at, so that a page is the same tomorrow."""

COLUMNS = "100"


def run(files: dict[str, str], *arguments: str) -> str:
    """Return what a command prints in a folder of its own.

    Args:
        files: texts by path, below a folder of which `here/` is the working directory.
        arguments: those of `sovereign-guard`.

    """
    with TemporaryDirectory() as folder:
        here = Path(folder, "here")
        here.mkdir()
        for name, text in files.items():
            Path(folder, name).write_text(text, encoding="utf-8")
        return run_in(here, *arguments)[0]


def run_in(folder: Path, *arguments: str, columns: str = COLUMNS) -> tuple[str, str]:
    """Return what a command prints in a folder: on standard output, and all of it.

    Raises:
        RuntimeError: the command ended otherwise than with findings or without.

    """
    # Whoever makes the pages may have settings and a language; the pages do not depend on them.
    mine = {name: None for name in os.environ if name.startswith(("SOVEREIGN_GUARD_", "TF_", "LC_"))}
    settings = {"COLUMNS": columns, "NO_COLOR": "1", "LANG": "C", "LANGUAGE": None, "CI": None}
    with contextlib.chdir(folder):
        done = CliRunner().invoke(cli, list(arguments), env={**mine, **settings})
    if done.exit_code not in (0, 1) or (done.exception and not isinstance(done.exception, SystemExit)):
        raise RuntimeError(f"{' '.join(arguments)} ended with {done.exit_code}: {done.output}")
    return done.stdout, done.output


def findings(text: str) -> str:
    """Return the part of a report in text that tells the findings, without what to do and the counts."""
    return "\n".join(_told(text.splitlines())).strip("\n")


def _told(lines: list[str]) -> Iterator[str]:
    telling = False
    for line in lines:
        if line.startswith("WHAT TO DO"):
            return
        telling = telling or line.startswith(("FAIL ", "UNKNOWN ", "WAIVED ", "WARNINGS", "OTHER "))
        if telling:
            yield line
