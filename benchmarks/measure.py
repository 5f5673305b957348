"""Times whole processes and their peak memory, by turns, so that all commands meet the same machine."""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_KIB = 1024
"""Unit of ru_maxrss on Linux."""
_PAGE = os.sysconf("SC_PAGE_SIZE")
_HEAD = 1 << 20
"""How much of an output is looked at."""

_ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""As after a normal installation: with compiled modules, which the round not counted writes where missing."""


class MeasuringError(Exception):
    """A measured command did not do what it should, so its time says nothing."""


@dataclass(frozen=True)
class Command:
    """A command to measure.

    Attributes:
        accept: exit codes with which it has done its work.
        reports: whether the figure is the number it prints, in seconds, instead of the time of the process.
        prints: a pattern that its output must hold, as proof that it did the work.
        writes: a file and a pattern that its beginning must hold, likewise.
        environment: variables besides those of this process.
        before: called before each run, outside the time.
        helpers: whether it may start processes of its own. The peak is then that of all of them together,
            looked at every tenth of a second; memory that they share counts once for each.

    """

    arguments: tuple[str, ...]
    accept: tuple[int, ...] = (0,)
    reports: bool = False
    prints: str = ""
    writes: tuple[Path, str] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    before: Callable[[], object] | None = None
    helpers: bool = False


@dataclass
class Series:
    """What was measured of one command."""

    seconds: list[float] = field(default_factory=list)
    peaks: list[int] = field(default_factory=list)

    @property
    def time(self) -> float:
        """Median, in seconds."""
        return statistics.median(self.seconds)

    @property
    def peak(self) -> int:
        """Median of the peak memory, in bytes."""
        return int(statistics.median(self.peaks))


def by_turns(commands: Mapping[str, Command], rounds: int, folder: Path) -> dict[str, Series]:
    """Run each command so many times in the order A B A B, after a round that is not counted.

    That first round fills the page cache and compiles what is compiled once (bytecode, the catalog).

    Args:
        folder: working directory of the commands.

    Raises:
        MeasuringError: with the end of what the command wrote.

    """
    found = {name: Series() for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            seconds, peak = run(command, folder)
            if number:
                found[name].seconds.append(seconds)
                found[name].peaks.append(peak)
    return found


def run(command: Command, folder: Path) -> tuple[float, int]:
    """Run a command once and return its time in seconds and its peak memory in bytes.

    The peak that the system reports for a process is never below that of the process which started it, so
    this one must stay small: it reads no plan.

    Raises:
        MeasuringError: with the end of what the command wrote.

    """
    if command.before:
        command.before()
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen(
            command.arguments,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            env={**_ENVIRONMENT, **command.environment},
        )
        watch = _Watch(process.pid) if command.helpers else None
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        peak = max(usage.ru_maxrss * _KIB, watch.stop() if watch else 0)
        output.seek(0)
        written = output.read(_HEAD).decode(errors="replace")
        if process.returncode not in command.accept or not re.search(command.prints, written):
            errors.seek(0)
            told = (errors.read().decode(errors="replace") or written).strip().splitlines() or ["nothing"]
            raise MeasuringError(f"exit code {process.returncode}: {told[-1][:300]}")
    if command.writes:
        path, pattern = command.writes
        with path.open("rb") as file:
            head = file.read(_HEAD).decode(errors="replace")
        if not re.search(pattern, head):
            raise MeasuringError(f"the report does not hold {pattern}")
    if command.reports:
        seconds = json.loads(written)
    return seconds, peak


class _Watch:
    """Looks at the memory of a process and of all that it started, until told to stop."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._peak = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """Return the most that was seen at once, in bytes."""
        self._over.set()
        self._thread.join()
        return self._peak

    def _look(self) -> None:
        while not self._over.wait(0.1):
            self._peak = max(self._peak, _resident(self._pid))


def _resident(pid: int) -> int:
    """Return the resident bytes of a process and its descendants; what has just ended has none."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        children = [
            int(child)
            for path in Path(f"/proc/{pid}/task").glob("*/children")
            for child in path.read_text().split()
        ]
    except (OSError, IndexError):
        return 0
    return pages * _PAGE + sum(map(_resident, children))


def seconds(series: Series) -> str:
    """Tell a time: median and, in brackets, the least and the most."""
    scale, unit = (1, "s") if series.time >= 1 else (1000, "ms")
    digits = 2 if unit == "s" else 1 if series.time < 0.1 else 0
    low, middle, high = (value * scale for value in (min(series.seconds), series.time, max(series.seconds)))
    return f"{middle:.{digits}f} {unit} ({low:.{digits}f}-{high:.{digits}f})"


def megabytes(series: Series) -> str:
    """Tell a peak of memory: median and, in brackets, the least and the most."""
    low, middle, high = (value / 1e6 for value in (min(series.peaks), series.peak, max(series.peaks)))
    return f"{middle:.0f} MB ({low:.0f}-{high:.0f})"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Align rows, the first of which is the heading."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])
