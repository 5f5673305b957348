"""A finding as lines of plain text, for formats whose hosts show little more than that."""

from __future__ import annotations

from sovereign_guard.language import say
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
    message = clean(finding.outcome.message)
    if not finding.address:
        return f"{message}."
    return say("{address}: {message}.", address=subject(finding.address, finding.deposed), message=message)


def remark(finding: Finding, report: Report) -> str:
    """Return what keeps a finding from deciding, or from being new; empty where nothing does."""
    said = []
    if finding.waiver is not None:
        said.append(say("Waived {decision}.", decision=decision(finding.waiver)))
    if finding.in_baseline and report.baseline:
        said.append(say("It stood in the baseline of {day}.", day=report.baseline.written))
    elif finding.in_baseline:
        said.append(say("It stood in the baseline."))
    elif not finding.introduced:
        said.append(say("It stood before this change."))
    return clean(" ".join(said))


def decision(waiver: Waiver) -> str:
    """Return until when something is waived, why, and who agreed."""
    told = {"day": waiver.until, "reason": waiver.reason}
    if waiver.approver:
        return clean(say("until {day}: {reason} (approved by {approver})", **told, approver=waiver.approver))
    return clean(say("until {day}: {reason}", **told))


def problem_line(problem: InputProblem) -> str:
    """Return what could not be read, and what to do."""
    return clean(say("Not read: {message}", message=f"{problem.message} {problem.hint}").strip())
