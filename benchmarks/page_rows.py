"""The HTML report of many resources: its size, and how long a browser needs until one can work with it."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from time import perf_counter
from typing import Any

from benchmarks.plan_rows import plan_of
from benchmarks.shared import AS_OF, Bench, Row, skipped

_RESOURCES = 10_000
_MOST_BYTES = 5_000_000
_MOST_SECONDS = 2.0


def page(bench: Bench) -> Iterator[Row]:
    """Measure the page of 10,000 resources in headless Chromium, from opening to a table that filters."""
    file = bench.folder / "report.html"
    plan = plan_of(_RESOURCES)
    command = [sys.executable, "-m", "sovereign_guard", "scan", str(plan), "--as-of", AS_OF]
    subprocess.run([*command, "--output", f"html={file}"], check=False, stdout=subprocess.DEVNULL)
    size = file.stat().st_size
    yield Row(
        f"page of {_RESOURCES:,}: size",
        f"{size / 1e6:.1f} MB",
        "-",
        "-",
        "at most 5 MB",
        size <= _MOST_BYTES,
        {"bytes": size},
    )
    what, target = f"page of {_RESOURCES:,}: interactive", "at most 2 s"
    chromium = shutil.which("chromium")
    if chromium is None:
        yield skipped(what, target, "no Chromium here")
        return
    taken = list(_openings(chromium, file.as_uri(), bench.rounds_small))
    median = statistics.median(taken)
    shown = f"{median:.2f} s ({min(taken):.2f}-{max(taken):.2f})"
    yield Row(what, shown, "-", "-", target, median <= _MOST_SECONDS, {"seconds": taken})


def _openings(chromium: str, address: str, rounds: int) -> Iterator[float]:
    """Give the seconds from asking for the page to the script's having made its table ready."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        running: Any = driver.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        for _round in range(rounds):
            tab = running.new_page()
            start = perf_counter()
            tab.goto(address)
            tab.wait_for_selector("#filters:not([hidden])")
            yield perf_counter() - start
            tab.close()
        running.close()
