"""Report -> a baseline file: what stands today, so that only what is new fails.

What a waiver covers is left out, since the waiver ends; so is what is wrong with waivers.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from sovereign_guard.model.finding import Report, Verdict
from sovereign_guard.model.waiver import RULE, SCHEMA, Baseline, BaselineEntry


def write(report: Report, path: str, day: str) -> Iterator[bytes]:
    """Give the file, sorted, a line for each finding, so that a diff shows what was added.

    Args:
        path: where it will lie; the inputs are named from there. day: ISO day.

    """
    place = Baseline(path, day, ())
    inputs = {inventory.id: place.names(inventory.path) for inventory in report.inventories}
    levels = {
        (item.input, item.resource.address, item.resource.deposed): report.levels[
            max(item.classification.levels)
        ]
        for item in report.assessments
    }
    entries = {
        BaselineEntry(
            fingerprint=finding.fingerprint,
            rule=finding.outcome.rule,
            address=finding.address,
            input=inputs[finding.input],
            verdict="unknown" if finding.outcome.verdict is Verdict.UNKNOWN else "fail",
            level=levels[finding.input, finding.address, finding.deposed],
        )
        for finding in report.findings
        if finding.waiver is None and finding.outcome.rule != RULE
    }
    ordered = sorted(entries, key=lambda one: (one.input, one.address, one.rule, one.verdict, one.level))
    head = msgspec.json.encode({"schema": SCHEMA, "written": day})[:-1]
    yield head + b',"findings":['
    for number, entry in enumerate(ordered):
        yield (b"," if number else b"") + b"\n" + msgspec.json.encode(entry)
    yield b"\n]}\n"
