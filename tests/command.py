"""Runs the real command as a user would: another process, its own working directory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PROGRAM = os.environ.get("SOVEREIGN_GUARD_UNDER_TEST", "")
"""Another installation to test instead of this environment's: a path to `sovereign-guard`."""


LANGUAGE_VARIABLES = ("SOVEREIGN_GUARD_LANG", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


def neutral(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment that asks for no language, whatever that of the developer asks for."""
    kept = {name: value for name, value in environment.items() if name not in LANGUAGE_VARIABLES}
    return {**kept, "LC_ALL": "C.UTF-8"}


def run(
    *arguments: str, cwd: Path | None = None, stdin: bytes = b"", env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run the command in English, unless `env` or the arguments ask for another language."""
    command = [PROGRAM] if PROGRAM else [sys.executable, "-m", "sovereign_guard"]
    return subprocess.run(
        [*command, *arguments],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        timeout=120,
        check=False,
        env={**neutral(os.environ), **(env or {})},
    )


def run_json(*arguments: str, cwd: Path | None = None, stdin: bytes = b"") -> tuple[int, dict[str, Any]]:
    done = run(*arguments, "--format", "json", cwd=cwd, stdin=stdin)
    assert done.returncode in (0, 1, 3), done.stderr.decode()
    assert b"Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout)
