"""A baseline file -> a Baseline."""

from __future__ import annotations

from pathlib import Path

import msgspec

from sovereign_guard.errors import UsageError
from sovereign_guard.model.waiver import SCHEMA, Baseline, BaselineEntry

_LARGEST = 64_000_000
"""Bytes; some 200,000 findings."""


class _File(msgspec.Struct):
    schema: str
    written: str
    findings: list[BaselineEntry]


def read_baseline(path: Path) -> Baseline:
    """Read a baseline.

    Raises:
        UsageError: it cannot be read, or is no baseline.

    """
    hint = f"Write one: sovereign-guard baseline -o {path}"
    try:
        data = path.read_bytes() if path.stat().st_size <= _LARGEST else b""
    except OSError as error:
        raise UsageError(
            f"the baseline cannot be read: {error.strerror}.", hint=hint, file=str(path)
        ) from None
    try:
        file = msgspec.json.decode(data, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"this is no baseline: {error}.", hint=hint, file=str(path)) from None
    if file.schema != SCHEMA:
        raise UsageError(
            f"this is no baseline that this version reads: its schema is {file.schema[:60]!r}.",
            hint=hint,
            file=str(path),
        )
    return Baseline(str(path), file.written, tuple(file.findings))
