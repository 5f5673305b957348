"""Judges every resource, and sums up.

What a rule says depends on placement, classification and policy alone, and these are shared by all resources
that agree in them, so each combination is judged once however many resources have it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence

import msgspec

from sovereign_guard.catalog import Catalog
from sovereign_guard.errors import EXIT_CLEAN, EXIT_FINDINGS, EXIT_INPUT, RuleCrashError, SovereignGuardError
from sovereign_guard.judge.case import Case, worst
from sovereign_guard.judge.fingerprints import Known, fingerprint, oldest_address
from sovereign_guard.judge.rules import ALL_RULES, Rule
from sovereign_guard.judge.waivers import Waivers
from sovereign_guard.language import later, say
from sovereign_guard.model.address import address_glob
from sovereign_guard.model.classification import Classification, Kind
from sovereign_guard.model.finding import (
    Assessment,
    Finding,
    InputProblem,
    Outcome,
    Report,
    Severity,
    Summary,
    Verdict,
)
from sovereign_guard.model.flow import Custody, Flows, Outward
from sovereign_guard.model.placement import Placement
from sovereign_guard.model.policy import OnUnknown, Policy, Statements
from sovereign_guard.model.resource import Change, Family, Inventory, Resource
from sovereign_guard.model.sides import Sides
from sovereign_guard.model.waiver import Baseline, Waiver

_RAISES = later("{origin}: no resource has an address like {address!r}: this raises nothing.")
_WAIVES = later("{origin}: no resource has an address like {address!r}: this waives nothing.")


class _Judged(msgspec.Struct, frozen=True, eq=False):
    """What is said of all resources that agree: a verdict, and outcomes with whether each is new."""

    verdict: Verdict
    outcomes: tuple[tuple[Outcome, bool], ...]


_PASSED = _Judged(Verdict.PASS, ())
_NOT_JUDGED = _Judged(Verdict.NOT_JUDGED, ())
_DELETE, _FORGET = Change.DELETE, Change.FORGET
_UNJUDGED = Verdict.NOT_JUDGED
_STANDS = frozenset({Change.NO_OP, Change.FORGET, Change.READ})
"""Changes which introduce nothing: what they leave was there before."""


def judge(
    facts: Sequence[tuple[Inventory, Sides[Placement], Sides[Classification], Flows]],
    problems: tuple[InputProblem, ...],
    catalog: Catalog,
    policy: Policy,
    statements: Statements,
    day: str,
    *,
    only_introduced: bool = False,
    baseline: Baseline | None = None,
    root: str = ".",
) -> Report:
    """Judge and sum up.

    Args:
        facts: each input with the placements and classifications of its resources, and what flows.
        problems: what could not be read.
        day: ISO day on which dated facts are looked at.
        only_introduced: whether only findings that the change introduces decide the exit code.
        baseline: what stood, and does not decide the exit code. root: of the judged repository.

    Raises:
        RuleCrashError: a rule failed; the run must not pass for it.

    """
    inventories = tuple(inventory for inventory, *_facts in facts)
    bench = _Bench(catalog, policy, statements, day)
    used = frozenset(one for *_facts, flows in facts for one in flows.harmless)
    waivers = Waivers(catalog, policy, statements, day, used)
    known = Known(baseline, root, catalog.vocabulary.levels, inventories) if baseline else None
    assessments: list[Assessment] = []
    findings: list[Finding] = []
    states: list[Assessment] = []
    for inventory, placed, classified, flows in sorted(facts, key=lambda one: one[0].id):

        def found(
            judged: _Judged,
            resource: Resource,
            placement: Placement,
            classification: Classification,
            inventory: Inventory = inventory,
        ) -> Verdict:
            """Note what is found at a resource, and return the verdict that waivers leave."""
            if not judged.outcomes:
                return judged.verdict
            here = [
                _finding(
                    outcome,
                    inventory.id,
                    resource,
                    introduced=introduced,
                    waiver=waivers.covering(outcome.rule, resource),
                    in_baseline=known is not None
                    and known.holds(outcome, resource, inventory.path, placement, classification),
                )
                for outcome, introduced in judged.outcomes
            ]
            findings.extend(here)
            return _verdict_left(judged.verdict, here)

        resources = inventory.resources
        for at in _order(resources):
            resource, placement, classification = resources[at], placed.after[at], classified.after[at]
            kind, applicable = bench.kind(resource)
            judged = bench.judge(
                resource,
                applicable,
                placement,
                placed.before[at],
                classification,
                classified.before[at],
                flows.outward.get(at, ()),
                flows.custody.get(at, ()),
            )
            verdict = found(judged, resource, placement, classification)
            assessments.append(
                Assessment(inventory.id, resource, placement, classification, kind, applicable, verdict)
            )
        for state in flows.states:
            resource, placement, classification = (
                state.backend.resource,
                state.placement,
                state.classification,
            )
            kind, applicable = bench.kind(resource)
            judged = bench.judge(resource, applicable, placement, None, classification, None, (), ())
            verdict = found(judged, resource, placement, classification)
            states.append(
                Assessment(inventory.id, resource, placement, classification, kind, applicable, verdict)
            )
    about_waivers = waivers.findings([*assessments, *states])
    if about_waivers or states:  # The others are in order already.
        findings.extend(about_waivers)
        findings.sort(key=lambda one: (not one.address, one.input, one.address, one.deposed or ""))
    statements = msgspec.structs.replace(
        statements,
        accepted=(*statements.accepted, *waivers.accepted),
        refused=(*statements.refused, *waivers.refused),
    )
    summary = _sum_up(assessments, findings, problems)
    report = Report(
        inventories=inventories,
        assessments=tuple(assessments),
        findings=tuple(findings),
        problems=problems,
        warnings=(
            *(warning for inventory in inventories for warning in inventory.warnings),
            *_unmatched(statements, assessments, waivers),
            *_stale(catalog, day),
        ),
        summary=summary,
        policy=policy,
        statements=statements,
        levels=catalog.vocabulary.levels,
        states=tuple(states),
        flows=tuple(one for *_facts, flows in facts for one in flows.carried),
        operators=_names(catalog, [*assessments, *states], findings),
        operator=catalog.operator,
        day=day,
        catalog_as_of=catalog.as_of,
        rules=catalog.rules,
        exit_code=EXIT_CLEAN,
        only_introduced=only_introduced,
        baseline=baseline,
    )
    counted = any(map(report.decides, findings))
    exit_code = EXIT_INPUT if problems else EXIT_FINDINGS if counted else EXIT_CLEAN
    return msgspec.structs.replace(report, exit_code=exit_code)


class _Bench:
    """Judges combinations of placement and classification, each once."""

    def __init__(self, catalog: Catalog, policy: Policy, statements: Statements, day: str) -> None:
        switched = {*policy.optional_rules, *statements.optional_rules}
        self._rules = tuple(
            rule for rule in ALL_RULES if not catalog.rules[rule.id].optional or rule.id in switched
        )
        self._catalog = catalog
        self._policy = policy
        self._day = day
        self._warns = (statements.on_unknown or policy.on_unknown) is OnUnknown.WARN
        self._kinds: dict[Family, tuple[Kind | None, bool]] = {}
        self._judged: dict[Hashable, _Judged] = {}

    def kind(self, resource: Resource) -> tuple[Kind | None, bool]:
        """Return what a resource's type does with data, and whether it is judged."""
        family = resource.family
        found = self._kinds.get(family)
        if found is None:
            provider = self._catalog.provider(family.provider, family.type)
            facts = self._catalog.type_facts(provider, family.type)
            found = self._kinds[family] = (facts.kind, facts.judged)
        return found

    def judge(
        self,
        resource: Resource,
        applicable: bool,  # noqa: FBT001 - one of the facts judged
        placement: Placement,
        was_placed: Placement | None,
        classification: Classification,
        was: Classification | None,
        outward: tuple[Outward, ...],
        custody: tuple[Custody, ...],
    ) -> _Judged:
        """Judge one resource."""
        if resource.change is _DELETE or (resource.deposed is not None and resource.change is not _FORGET):
            return _NOT_JUDGED
        if not applicable:
            return _PASSED
        change, mode = resource.change, resource.family.mode
        leaves = resource.leaves_behind
        kind = self.kind(resource)[0] if custody else None
        key = (placement, was_placed, classification, was, change, mode, leaves, outward, custody, kind)
        found = self._judged.get(key)
        if found is None:
            try:
                found = self._work_out(
                    resource, placement, was_placed, classification, was, outward, custody, kind
                )
            except SovereignGuardError as error:
                error.message = f"{resource.address}: {error.message}"
                raise
            self._judged[key] = found
        return found

    def _work_out(
        self,
        resource: Resource,
        placement: Placement,
        was_placed: Placement | None,
        classification: Classification,
        was: Classification | None,
        outward: tuple[Outward, ...],
        custody: tuple[Custody, ...],
        kind: Kind | None,
    ) -> _Judged:
        stood_as = was.alone if was is not None else None
        case = self._case(placement, classification, stood_as, outward, custody, kind)
        outcomes = self._outcomes(case)
        if resource.mode == "data":
            # A data source is not the user's to label.
            outcomes = tuple(outcome for outcome in outcomes if outcome.rule != "SOV007")
        before: dict[str, Outcome] = {}
        stood_outward = tuple(
            msgspec.structs.replace(one, carried=one.was) for one in outward if one.was is not None
        )
        if resource.change in _STANDS and not _flows_anew(classification, was, outward):
            before = {outcome.rule: outcome for outcome in outcomes}
        elif was_placed is not None and was is not None:
            stood = self._outcomes(self._case(was_placed, was, None, stood_outward, custody, kind))
            before = {outcome.rule: outcome for outcome in stood}
            if resource.leaves_behind:
                # The old object is forgotten, not deleted: what was wrong with it stays wrong.
                now = {(outcome.rule, outcome.verdict) for outcome in outcomes}
                outcomes += tuple(one for one in stood if (one.rule, one.verdict) not in now)
        return _Judged(
            worst(outcome.verdict for outcome in outcomes if outcome.placement),
            tuple((outcome, _is_new(outcome, before.get(outcome.rule))) for outcome in outcomes),
        )

    def _case(
        self,
        placement: Placement,
        total: Classification,
        before: Classification | None,
        outward: tuple[Outward, ...],
        custody: tuple[Custody, ...],
        kind: Kind | None,
    ) -> Case:
        return Case(
            placement,
            total.alone,
            before,
            self._policy,
            self._catalog,
            self._day,
            total,
            outward,
            custody,
            kind,
        )

    def _outcomes(self, case: Case) -> tuple[Outcome, ...]:
        return tuple(outcome for rule in self._rules if (outcome := self._outcome(rule, case)) is not None)

    def _outcome(self, rule: Rule, case: Case) -> Outcome | None:
        try:
            ruling = rule.check(case)
        except Exception as error:
            raise RuleCrashError(
                say("rule {rule} failed: {error}.", rule=rule.id, error=f"{type(error).__name__}: {error}"),
                hint=say("This is a defect of sovereign-guard; nothing was judged. Please report it."),
            ) from error
        if ruling is None:
            return None
        text = self._catalog.rules[rule.id]
        warned = ruling.lowered or (self._warns and ruling.verdict is Verdict.UNKNOWN)
        evidence = ruling.evidence
        if text.placement and not ruling.whole:
            evidence = (*case.classification.evidence, *case.placement.evidence, *evidence)
        return Outcome(
            rule=rule.id,
            verdict=ruling.verdict,
            severity=Severity.WARNING if warned else Severity(text.severity),
            message=ruling.message,
            evidence=tuple(dict.fromkeys(evidence)),
            counts=not warned,
            placement=text.placement,
            elsewhere=ruling.elsewhere,
        )


def _is_new(outcome: Outcome, stood: Outcome | None) -> bool:
    """Whether what a rule finds did not stand: it was less grave, or data went to fewer operators."""
    if stood is None or stood.verdict not in (outcome.verdict, Verdict.FAIL):
        return True
    return not set(outcome.elsewhere) <= set(stood.elsewhere)


def _flows_anew(now: Classification, was: Classification | None, outward: tuple[Outward, ...]) -> bool:
    """Whether something flows to or from a resource that did not before, although it stands as it did."""
    if was is None:
        return False
    return now.levels != was.levels or any(one.was is None for one in outward)


def _verdict_left(verdict: Verdict, findings: list[Finding]) -> Verdict:
    """Return the verdict on a resource once its waivers are counted."""
    counting = [finding for finding in findings if finding.outcome.placement]
    left = [finding.outcome.verdict for finding in counting if finding.waiver is None]
    if len(left) == len(counting):
        return verdict
    return worst(left) if left else Verdict.WAIVED


def _finding(
    outcome: Outcome,
    input_id: str,
    resource: Resource,
    *,
    introduced: bool,
    waiver: Waiver | None,
    in_baseline: bool,
) -> Finding:
    return Finding(
        outcome=outcome,
        input=input_id,
        address=resource.address,
        introduced=introduced,
        fingerprint=fingerprint(outcome.rule, oldest_address(resource)),
        deposed=resource.deposed,
        file=resource.file,
        line=resource.line,
        column=resource.column,
        waiver=waiver,
        in_baseline=in_baseline,
    )


def _order(resources: tuple[Resource, ...]) -> list[int]:
    """Return positions sorted by address, a deposed object after the one that stands."""
    keys = [
        resource.address if resource.deposed is None else f"{resource.address}\0{resource.deposed}"
        for resource in resources
    ]
    return sorted(range(len(keys)), key=keys.__getitem__)


def _sum_up(
    assessments: list[Assessment], findings: list[Finding], problems: tuple[InputProblem, ...]
) -> Summary:
    managed = [item for item in assessments if item.resource.family.mode == "managed"]
    counts = Counter([item.verdict for item in managed])
    unlabelled = [
        item
        for item in managed
        if item.classification.labelled is False and item.applicable and item.verdict is not _UNJUDGED
    ]
    return Summary(
        resources=len(managed),
        passed=counts[Verdict.PASS],
        fail=counts[Verdict.FAIL],
        unknown=counts[Verdict.UNKNOWN],
        waived=counts[Verdict.WAIVED],
        not_judged=counts[Verdict.NOT_JUDGED],
        unlabelled=len(unlabelled),
        findings=len(findings),
        errors=len(problems),
    )


def _names(catalog: Catalog, judged: list[Assessment], findings: list[Finding]) -> dict[str, str]:
    """Return the names of all operators that something lies with or goes to, by id."""
    placements = {id(item.placement): item.placement for item in judged}
    found = {name for placement in placements.values() for name in placement.operator_ids}
    found.update(name for finding in findings for name in finding.outcome.elsewhere)
    known = ((name, catalog.operator(name)) for name in sorted(found))
    return {name: operator.name for name, operator in known if operator is not None}


def _unmatched(statements: Statements, assessments: list[Assessment], waivers: Waivers) -> Iterator[str]:
    """Warn of statements about addresses which do not exist: most likely a slip of the pen."""
    slips = [
        (one.address, one.origin, _RAISES)
        for one in statements.levels
        if not any(map(address_glob(one.address).fullmatch, (item.resource.address for item in assessments)))
    ]
    slips += [(one.address or "", one.where, _WAIVES) for one in waivers.unmatched]
    for address, origin, words in slips:
        yield say(words, origin=origin, address=address)


def _stale(catalog: Catalog, day: str) -> tuple[str, ...]:
    """Warn of a catalog older than a year: companies are bought and sold."""
    year_after = f"{int(catalog.as_of[:4]) + 1}{catalog.as_of[4:]}"
    if day <= year_after:
        return ()
    return (
        say("the catalog is of {day}, more than a year ago: upgrade sovereign-guard.", day=catalog.as_of),
    )
