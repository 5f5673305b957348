"""Runs real Checkov, from an environment of its own that has sovereign_guard in it, with our checks."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

_ROOT = Path(__file__).resolve().parent.parent
_GIVEN = os.environ.get("SOVEREIGN_GUARD_CHECKOV", "")
CHECKOV = Path(_GIVEN) if _GIVEN else _ROOT / ".venv-checkov" / "bin" / "checkov"
PYTHON = CHECKOV.parent / "python"
RULES = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13)


class Record(NamedTuple):
    """One result of one check; `file` is relative to the folder that was scanned, or the plan's path."""

    rule: str
    result: str
    framework: str
    file: str
    resource: str
    details: tuple[str, ...]
    comment: str
    lines: tuple[int, int]

    @property
    def text(self) -> str:
        return "\n".join(self.details)


class Done(NamedTuple):
    code: int
    out: str
    err: str

    def records(self) -> list[Record]:
        """All results of our checks; Checkov prints a report, a list of them, or bare counts."""
        printed = json.loads(self.out)
        return [
            Record(
                rule=f"SOV{int(one['check_id'].removeprefix('CKV_SOV_')):03}",
                result=one["check_result"]["result"],
                framework=report["check_type"],
                file=one["file_path"].lstrip("/"),
                resource=one["resource"],
                details=tuple(one["details"]),
                comment=one["check_result"].get("suppress_comment") or "",
                lines=tuple(one["file_line_range"]),
            )
            for report in (printed if isinstance(printed, list) else [printed])
            for results in [report.get("results", {})]
            for kind in ("passed_checks", "failed_checks", "skipped_checks")
            for one in results.get(kind, [])
            if one["check_id"].startswith("CKV_SOV_")
        ]

    def unread(self) -> list[str]:
        """Files that Checkov could not parse."""
        printed = json.loads(self.out)
        reports = printed if isinstance(printed, list) else [printed]
        return [path for report in reports for path in report.get("results", {}).get("parsing_errors", [])]


@cache
def _why_not() -> str:
    if not CHECKOV.is_file():
        return f"there is no Checkov at {CHECKOV}: `make test` installs it, or set SOVEREIGN_GUARD_CHECKOV"
    probe = [str(PYTHON), "-c", "import sovereign_guard.for_checkov.front"]
    done = subprocess.run(probe, cwd="/", capture_output=True, text=True, check=False)
    return (
        f"the environment of {CHECKOV} has no sovereign_guard: {done.stderr[-300:]}"
        if done.returncode
        else ""
    )


def need_checkov() -> None:
    """Skip where no Checkov is to be had; where one is named by the environment, that is a failure."""
    reason = _why_not()
    if reason and _GIVEN:
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)


@cache
def checks() -> str:
    """The folder of our checks, as the installation in Checkov's environment tells it."""
    program = "from sovereign_guard.for_checkov.path import checks_folder; print(checks_folder())"
    done = subprocess.run([str(PYTHON), "-c", program], cwd="/", capture_output=True, text=True, check=True)
    return done.stdout.strip()


def checkov(
    *arguments: str,
    cwd: Path,
    folder: str | None = None,
    program: Path = CHECKOV,
    only_ours: bool = True,
    env: dict[str, str] | None = None,
) -> Done:
    """Run Checkov with JSON output.

    Args:
        folder: of the external checks, instead of ours. only_ours: leave out Checkov's own checks.

    """
    chosen = ["--check", ",".join(f"CKV_SOV_{number}" for number in RULES)] if only_ours else []
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SOVEREIGN_GUARD_", "PYTHON", "COV_"))
    }
    done = subprocess.run(
        [
            str(program),
            "--skip-download",
            "--output=json",
            *arguments,
            *(["--external-checks-dir", checks() if folder is None else folder] if folder != "" else []),
            *chosen,
        ],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**clean, **(env or {})},
    )
    return Done(done.returncode, done.stdout, done.stderr)


def ours(*arguments: str, cwd: Path, env: dict[str, str] | None = None) -> dict[str, Any]:
    """The report of `sovereign-guard scan`, from the same environment."""
    done = subprocess.run(
        [str(PYTHON), "-m", "sovereign_guard", "scan", *arguments, "--format", "json"],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, **(env or {})},
    )
    assert done.returncode in (0, 1, 3), done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def scenarios(root: Path) -> Iterator[Path]:
    """Every fixture that has source or a plan; those of `parity` among them."""
    for folder in sorted([*root.glob("*/"), *root.glob("parity/*/")]):
        if folder.name != "parity" and any(folder.iterdir()):
            yield folder
