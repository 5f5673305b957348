"""Report -> a baseline file: what stands today, so that only what is new fails.

What a waiver covers is left out, since the waiver ends; so is what is wrong with waivers, and a label that
the change lowers.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from sovereign_guard.model.finding import Finding, Report, Verdict
from sovereign_guard.model.waiver import NEVER_IN_BASELINE, SCHEMA, BaselineEntry, input_name


def stands(finding: Finding) -> bool:
    """Whether a finding belongs into a baseline."""
    return finding.waiver is None and finding.outcome.rule not in NEVER_IN_BASELINE


def write(report: Report, root: str, day: str) -> Iterator[bytes]:
    """Give the file, sorted, a line for each finding, so that a diff shows what was added.

    Args:
        root: folder of the judged repository, from which inputs are named. day: ISO day.

    """
    inputs = {inventory.id: input_name(inventory.path, root) for inventory in report.inventories}
    items = {(item.input, item.resource.address, item.resource.deposed): item for item in report.judged}
    entries = {
        BaselineEntry(
            fingerprint=finding.fingerprint,
            rule=finding.outcome.rule,
            address=finding.address,
            input=inputs[finding.input],
            verdict="unknown" if finding.outcome.verdict is Verdict.UNKNOWN else "fail",
            level=report.levels[max(item.classification.levels)],
            operators=finding.outcome.operators(item.placement),
        )
        for finding in report.findings
        if stands(finding)
        for item in [items[finding.input, finding.address, finding.deposed]]
    }
    ordered = sorted(entries, key=lambda one: (one.input, one.address, msgspec.structs.astuple(one)))
    looked_at = sorted(set(inputs.values()))
    head = msgspec.json.encode({"schema": SCHEMA, "written": day, "inputs": looked_at})[:-1]
    yield head + b',"findings":['
    for number, entry in enumerate(ordered):
        yield (b"," if number else b"") + b"\n" + msgspec.json.encode(entry)
    yield b"\n]}\n"
