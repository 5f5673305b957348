"""What a sealed folder says of itself: an in-toto statement over its files and the inputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sovereign_guard.evidence.wire import (
    INPUT_SUBJECT,
    PREDICATE_TYPE,
    STATEMENT_TYPE,
    UNSEALED,
    Asked,
    Predicate,
    Read,
    ReportFacts,
    Statement,
    Subject,
)


def statement_of(digests: Mapping[str, str], inputs: Iterable[Read], predicate: Predicate) -> Statement:
    """Return the statement for a folder.

    Args:
        digests: of the files in it; what the statement cannot speak of is left out.
        inputs: what was read. Of that, what has no copy in the folder is a subject as well.

    """
    inside = {name: digest for name, digest in digests.items() if name not in UNSEALED}
    outside = {(INPUT_SUBJECT + one.path, one.sha256) for one in inputs if not one.file}
    subjects = sorted({*inside.items(), *outside})
    return Statement(
        STATEMENT_TYPE,
        tuple(Subject(name, {"sha256": digest}) for name, digest in subjects),
        PREDICATE_TYPE,
        predicate,
    )


def predicate_of(report: ReportFacts, asked: Asked) -> Predicate:
    """Return what the report and the request come to."""
    return Predicate(
        tool=asked.tool,
        catalog=asked.catalog,
        policy=asked.policy,
        on_unknown=asked.on_unknown,
        day=asked.day,
        exit_code=report.exit_code,
        summary=report.summary,
    )
