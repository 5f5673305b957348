"""A finding as lines of plain text, for formats whose hosts show little more than that."""

from __future__ import annotations

from sovereign_guard.model.finding import Finding, InputProblem, Report
from sovereign_guard.model.waiver import Waiver
from sovereign_guard.report.standing import evidence, subject
from sovereign_guard.report.words import clean


def whole(finding: Finding, report: Report) -> str:
    """Return all that is said of a finding: what was found, how it stands, and a line for each evidence."""
    steps = (f"- {step}" for step in evidence(finding))
    return "\n".join(filter(None, (sentence(finding), remark(finding, report), *steps)))


def sentence(finding: Finding) -> str:
    """Return address and message. The address comes first: instances of one block share everything else."""
    place = f"{subject(finding.address, finding.deposed)}: " if finding.address else ""
    return f"{place}{clean(finding.outcome.message)}."


def remark(finding: Finding, report: Report) -> str:
    """Return what keeps a finding from deciding, or from being new; empty where nothing does."""
    said = []
    if finding.waiver is not None:
        said.append(f"Waived {decision(finding.waiver)}.")
    if finding.in_baseline:
        since = f" of {report.baseline.written}" if report.baseline else ""
        said.append(f"It stood in the baseline{since}.")
    elif not finding.introduced:
        said.append("It stood before this change.")
    return clean(" ".join(said))


def decision(waiver: Waiver) -> str:
    """Return until when something is waived, why, and who agreed."""
    approved = f" (approved by {waiver.approver})" if waiver.approver else ""
    return clean(f"until {waiver.until}: {waiver.reason}{approved}")


def problem_line(problem: InputProblem) -> str:
    """Return what could not be read, and what to do."""
    return clean(f"Not read: {problem.message} {problem.hint}".strip())
