"""A baseline file -> a Baseline."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from sovereign_guard.errors import UsageError, reason_of
from sovereign_guard.language import say
from sovereign_guard.ledger import keep
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
    hint = say("Write one: sovereign-guard baseline -o {path}", path=path)
    try:
        with path.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else str(error)
        raise UsageError(
            say("the baseline cannot be read: {reason}.", reason=reason), hint=hint, file=str(path)
        ) from None
    keep(str(path), data)
    if len(data) > _LARGEST:
        raise UsageError(
            say("this baseline is larger than {largest} bytes.", largest=_LARGEST), hint=hint, file=str(path)
        )
    try:
        file = msgspec.json.decode(data, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(
            say("this is no baseline: {error}.", error=error), hint=hint, file=str(path)
        ) from None
    if file.schema != SCHEMA:
        raise UsageError(
            say(
                "this is no baseline that this version reads: its schema is {schema!r}.",
                schema=file.schema[:60],
            ),
            hint=hint,
            file=str(path),
        )
    if not _DAY.fullmatch(file.written):
        raise UsageError(say("this is no baseline: `written` is no day."), hint=hint, file=str(path))
    return Baseline(str(path), file.written, tuple(file.inputs), tuple(file.findings))
