"""A baseline file -> a Baseline."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from sovereign_guard.errors import UsageError
from sovereign_guard.model.waiver import SCHEMA, Baseline, BaselineEntry

_LARGEST = 64_000_000
"""Bytes; some 200,000 findings."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class _File(msgspec.Struct):
    schema: str
    written: str
    inputs: list[str]
    findings: list[BaselineEntry]


def read_baseline(path: Path) -> Baseline:
    """Read a baseline.

    Raises:
        UsageError: it cannot be read, or is no baseline.

    """
    hint = f"Write one: sovereign-guard baseline -o {path}"
    try:
        with path.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f"the baseline cannot be read: {reason}.", hint=hint, file=str(path)) from None
    if len(data) > _LARGEST:
        raise UsageError(f"this baseline is larger than {_LARGEST} bytes.", hint=hint, file=str(path))
    try:
        file = msgspec.json.decode(data, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"this is no baseline: {error}.", hint=hint, file=str(path)) from None
    if file.schema != SCHEMA:
        raise UsageError(
            f"this is no baseline that this version reads: its schema is {file.schema[:60]!r}.",
            hint=hint,
            file=str(path),
        )
    if not _DAY.fullmatch(file.written):
        raise UsageError("this is no baseline: `written` is no day.", hint=hint, file=str(path))
    return Baseline(str(path), file.written, tuple(file.inputs), tuple(file.findings))
