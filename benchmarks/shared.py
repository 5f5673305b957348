"""What all measurements share: their sizes and rounds, the line of the table, our command."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measure import Command, Series

HERE = Path(__file__).parent
ROOT = HERE.parent
DATA = HERE / "data"
CHECKOV = ROOT / ".venv-checkov" / "bin" / "checkov"
C7N_LEFT = ROOT / ".venv-c7n" / "bin" / "c7n-left"
AS_OF = "2026-11-24"


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        met: whether the target is met, None where there is none or nothing was measured.
        samples: everything measured, for --json.

    """

    what: str
    ours: str
    peer: str
    ratio: str
    target: str
    met: bool | None
    samples: dict[str, Any]

    @property
    def cells(self) -> tuple[str, ...]:
        """The line as it is printed."""
        met = {True: "met", False: "NOT MET", None: "-"}[self.met]
        return (self.what, self.ours, self.peer, self.ratio, self.target, met)


@dataclass(frozen=True)
class Bench:
    """What all measurements share: sizes, rounds, and a folder for what is written."""

    quick: bool
    folder: Path

    @property
    def large(self) -> int:
        """Resources of the large plan."""
        return 10_000 if self.quick else 100_000

    @property
    def rounds_large(self) -> int:
        """Rounds over the large plan."""
        return 3 if self.quick else 5

    @property
    def rounds_checkov(self) -> int:
        """Rounds beside checkov."""
        return 1 if self.quick else 3

    @property
    def rounds_small(self) -> int:
        """Rounds of what takes a fraction of a second."""
        return 3 if self.quick else 10

    @property
    def source_bytes(self) -> int:
        """Bytes of the large root module."""
        return 4_500_000 if self.quick else 45_000_000

    @property
    def roots(self) -> int:
        """Root modules of the repository: 46 make 1,000 files."""
        return 5 if self.quick else 46

    @property
    def rounds_source(self) -> int:
        """Rounds over much source."""
        return 1 if self.quick else 3

    def verdict(self, met: bool) -> bool | None:  # noqa: FBT001 - what is passed on
        """Return whether a target that is meant for the full size is met; None for a smaller one."""
        return None if self.quick else met

    def scan(self, plan: Path) -> Command:
        """Scan a plan and write the whole JSON report to a file."""
        report = str(self.folder / f"report-{plan.stem}.json")
        return ours("scan", str(plan), "--as-of", AS_OF, "--format", "json", "--output", report)


def ours(*arguments: str) -> Command:
    """Our command, as installed here."""
    return Command((sys.executable, "-m", "sovereign_guard", *arguments), accept=(0, 1))


def python(code: str, *, reports: bool = False) -> Command:
    """Run a few lines of Python; `reports`: they time themselves."""
    return Command((sys.executable, "-c", code), reports=reports)


def samples(found: dict[str, Series]) -> dict[str, Any]:
    """Return everything measured, as plain values."""
    return {name: {"seconds": series.seconds, "peak_bytes": series.peaks} for name, series in found.items()}


def skipped(what: str, target: str, why: str) -> Row:
    """Make a line without figures."""
    return Row(what, "not measured", why, "-", target, None, {})


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0))


def note(text: str) -> None:
    """Tell how far it is, apart from the table."""
    print(f"benchmarks: {text}", file=sys.stderr, flush=True)
