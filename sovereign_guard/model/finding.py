"""Verdicts, findings, and the report that the judge hands to the writers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

import msgspec

from sovereign_guard.model.classification import Classification, Kind
from sovereign_guard.model.flow import Carried
from sovereign_guard.model.instead import Instead
from sovereign_guard.model.knowledge import Operator, RuleText
from sovereign_guard.model.placement import Placement
from sovereign_guard.model.policy import Policy, Statements
from sovereign_guard.model.resource import Inventory, Resource
from sovereign_guard.model.value import Evidence
from sovereign_guard.model.waiver import Baseline, Waiver


class Verdict(StrEnum):
    """What the judge says of a resource (contract)."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    UNKNOWN = "unknown"
    WAIVED = "waived"
    NOT_JUDGED = "not-judged"


class Severity(StrEnum):
    """How much a finding weighs (contract)."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    WARNING = "warning"


class Outcome(msgspec.Struct, frozen=True):
    """What one rule found on one placement and classification, whichever resource has them.

    Attributes:
        counts: whether it decides the exit code (an unknown under `on_unknown: warn` does not).
        placement: whether it counts into the resource's own verdict.
        elsewhere: operators that data goes to beside those of the resource; `?` for one that is not known.

    """

    rule: str
    verdict: Verdict
    severity: Severity
    message: str
    evidence: tuple[Evidence, ...]
    counts: bool
    placement: bool = True
    elsewhere: tuple[str, ...] = ()

    def operators(self, placement: Placement) -> tuple[str, ...]:
        """Return all operators that it speaks of, sorted, at a resource with this placement."""
        return tuple(sorted({*placement.operator_ids, *self.elsewhere}))


class Finding(msgspec.Struct, frozen=True, gc=False):
    """An outcome at an address; empty where it concerns no resource (a statement about waivers).

    Attributes:
        fingerprint: the same from run to run and from machine to machine; it knows no line, and follows
            renames that the input tells of.
        waiver: the waiver that covers it, which keeps it out of the exit code and of the resource's verdict.
        in_baseline: it stood when the baseline was written, which keeps it out of the exit code alone.

    """

    outcome: Outcome
    input: str
    address: str
    introduced: bool
    fingerprint: str
    deposed: str | None = None
    file: str | None = None
    line: int | None = None
    column: int | None = None
    waiver: Waiver | None = None
    in_baseline: bool = False

    @property
    def decides(self) -> bool:
        """Whether it may decide the exit code."""
        return self.outcome.counts and self.waiver is None and not self.in_baseline


class Assessment(msgspec.Struct, frozen=True, eq=False, gc=False):
    """One resource, judged."""

    input: str
    resource: Resource
    placement: Placement
    classification: Classification
    kind: Kind | None
    applicable: bool
    verdict: Verdict


class InputProblem(msgspec.Struct, frozen=True):
    """An input, or a part of one, that could not be read or understood (contract: `errors`)."""

    input: str
    message: str
    hint: str = ""
    file: str | None = None
    line: int | None = None
    column: int | None = None

    @property
    def where(self) -> str:
        """`file:line:column`, as much of it as is known; the input where no file is."""
        return ":".join(str(part) for part in (self.file or self.input, self.line, self.column) if part)


class Summary(msgspec.Struct, frozen=True):
    """Counts over managed resource instances (contract); `findings` and `errors` count those instead.

    Attributes:
        findings: all of them, those that a waiver or the baseline covers included.

    """

    resources: int
    passed: int
    fail: int
    unknown: int
    waived: int
    not_judged: int
    unlabelled: int
    findings: int
    errors: int


def _nobody(_id: str) -> None:
    """Know no company."""


class Report(msgspec.Struct, frozen=True, eq=False):
    """Everything that a writer may show. Assessments and findings are sorted.

    Attributes:
        only_introduced: whether only findings that the change introduces decide the exit code.
        baseline: the baseline in force, where there is one.
        states: where Terraform's states lie; these count into no summary of resources.
        flows: each step of data above the lowest level, where a front has asked for it.
        operators: names of the operators that the report speaks of, by id.
        replaceable: what lies where its data must not be: (input, address, deposed key).
        instead: of these, what may stand in their place; nothing where the catalog knows no kind of service.
        operator: gives what is known of a company, by its id.
        day: ISO day on which dated facts were looked at.

    """

    inventories: tuple[Inventory, ...]
    assessments: tuple[Assessment, ...]
    findings: tuple[Finding, ...]
    problems: tuple[InputProblem, ...]
    warnings: tuple[str, ...]
    summary: Summary
    policy: Policy
    statements: Statements
    levels: tuple[str, ...]
    catalog_as_of: str
    rules: Mapping[str, RuleText]
    exit_code: int
    only_introduced: bool = False
    baseline: Baseline | None = None
    states: tuple[Assessment, ...] = ()
    flows: tuple[Carried, ...] = ()
    operators: Mapping[str, str] = {}
    replaceable: frozenset[tuple[str, str, str | None]] = frozenset()
    instead: Mapping[tuple[str, str, str | None], Instead] = {}
    operator: Callable[[str], Operator | None] = _nobody
    day: str = "1970-01-01"

    @property
    def judged(self) -> tuple[Assessment, ...]:
        """The resources, and then where Terraform's states lie."""
        return (*self.assessments, *self.states)

    def decides(self, finding: Finding) -> bool:
        """Whether a finding makes the run fail."""
        return finding.decides and (finding.introduced or not self.only_introduced)
