"""Which findings come first where a format, or the host that shows it, has room for some of them only."""

from __future__ import annotations

from sovereign_guard.model.finding import Finding, Report, Severity, Verdict

_VERDICTS = {Verdict.FAIL: 0, Verdict.UNKNOWN: 1}
_SEVERITIES = {severity: rank for rank, severity in enumerate(Severity)}
_CUT = " [...]"


def gravest_first(report: Report) -> list[Finding]:
    """Return all findings, the gravest first; among equals the report's own order stands.

    What nobody has decided on comes before what stood when the baseline was written, and waived findings come
    last. Then count, in this order: `fail` before `unknown`, severity, introduced before what stood.
    """
    return sorted(report.findings, key=_gravity)


def _gravity(finding: Finding) -> tuple[int, int, int, bool]:
    outcome = finding.outcome
    return (
        2 if finding.waiver is not None else int(finding.in_baseline),
        _VERDICTS.get(outcome.verdict, len(_VERDICTS)),
        _SEVERITIES[outcome.severity],
        not finding.introduced,
    )


def shortened(text: str, most: int) -> str:
    """Return a text of at most `most` characters that says so where its end is missing."""
    return text if len(text) <= most else f"{text[: most - len(_CUT)]}{_CUT}"
