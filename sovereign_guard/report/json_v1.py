"""`--format json`: the contract `sovereign-guard/report/v1`. It may gain fields, never lose or retype them.

Its own types, apart from the model's, so that the model may change. What all resources of one placement,
classification and verdict share is encoded once and spliced into each.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

import msgspec
from msgspec import field

from sovereign_guard import __version__
from sovereign_guard.language import say
from sovereign_guard.model.classification import Classification
from sovereign_guard.model.finding import Assessment, Finding, InputProblem, Report, Verdict
from sovereign_guard.model.placement import Ground, Placement
from sovereign_guard.model.screen import Screen
from sovereign_guard.model.value import Evidence, Unknown
from sovereign_guard.report.instead import proposals
from sovereign_guard.report.terms import NOTICE

SCHEMA = "sovereign-guard/report/v1"
_CHUNK = 1 << 20


class EvidenceV1(msgspec.Struct):
    """One step of the reasoning."""

    what: str
    where: str


class OperatorV1(msgspec.Struct):
    """An operator and its role."""

    id: str
    role: str


class ExposureV1(msgspec.Struct):
    """One jurisdiction, one ground."""

    jurisdiction: str
    ground: str
    evidence: str


class SharedV1(msgspec.Struct):
    """A resource, less what is its own alone: input, address and deposed key."""

    mode: str
    type: str
    provider: str
    provider_config: str | None
    change: str
    kind: str | None
    applicable: bool
    operators: list[OperatorV1]
    operator_candidates: list[str]
    exposed_to: list[str]
    may_be_exposed_to: list[str]
    exposure: list[ExposureV1]
    region: str | None
    country: str | None
    countries: list[str]
    placement_evidence: list[EvidenceV1]
    level: str | None
    level_candidates: list[str]
    level_evidence: list[EvidenceV1]
    unknown: dict[str, str]
    verdict: str


class WaivedV1(msgspec.Struct):
    """The waiver that covers a finding, and the verdict that it would have without."""

    verdict: str
    reason: str
    until: str
    approver: str | None
    where: str


class FindingV1(msgspec.Struct):
    """A finding, less what is its own alone: input, address, deposed key, fingerprint and position."""

    rule: str
    verdict: str
    severity: str
    introduced: bool
    message: str
    evidence: list[EvidenceV1]
    waived: WaivedV1 | None
    in_baseline: bool
    decides: bool


class ErrorV1(msgspec.Struct):
    """An input, or part of one, that could not be read."""

    input: str
    message: str
    hint: str
    file: str | None
    line: int | None
    column: int | None


class ToolV1(msgspec.Struct):
    """Who wrote the report, and how old its facts are."""

    name: str
    version: str
    catalog_as_of: str


class PolicyV1(msgspec.Struct):
    """The policy in force."""

    id: str
    title: str
    source: str
    on_unknown: str
    unlabelled: str


class InputV1(msgspec.Struct):
    """One input, with the digest that tells which file was judged."""

    id: str
    path: str
    kind: str
    sha256: str
    resources: int
    complete: bool
    terraform_version: str


class SummaryV1(msgspec.Struct):
    """Counts over managed resource instances."""

    resources: int
    passed: int = field(name="pass")
    fail: int
    unknown: int
    waived: int
    not_judged: int
    unlabelled: int
    findings: int
    errors: int


class HeadV1(msgspec.Struct):
    """Everything before the resources."""

    schema: str
    tool: ToolV1
    policy: PolicyV1
    inputs: list[InputV1]
    declarations: list[EvidenceV1]
    refused_declarations: list[EvidenceV1]
    summary: SummaryV1
    warnings: list[str]
    notice: str


def write(report: Report, _screen: Screen) -> Iterator[bytes]:
    """Give the report as JSON text, in pieces of about a megabyte."""
    encode = msgspec.json.encode
    yield encode(_head(report))[:-1] + b',"resources":['
    yield from _joined(_resources(report, report.assessments))
    yield b'],"backends":['
    yield from _joined(_resources(report, report.states))
    yield b'],"findings":['
    yield from _joined(_findings(report))
    yield b'],"errors":['
    yield from _joined(encode(_error(problem)) for problem in report.problems)
    yield b"]}\n"


def _joined(items: Iterator[bytes]) -> Iterator[bytes]:
    """Join with commas, piece by piece."""
    piece: list[bytes] = []
    size = 0
    first = True
    for item in items:
        piece.append(item)
        size += len(item)
        if size > _CHUNK:
            yield (b"" if first else b",") + b",".join(piece)
            piece, size, first = [], 0, False
    if piece:
        yield (b"" if first else b",") + b",".join(piece)


def _resources(report: Report, items: Sequence[Assessment]) -> Iterator[bytes]:
    encode = msgspec.json.Encoder().encode
    shared: dict[Hashable, bytes] = {}
    starts = _starts(report)
    for item in items:
        resource = item.resource
        key = (
            item.placement,
            item.classification,
            item.verdict,
            resource.family,
            resource.change,
        )
        tail = shared.get(key)
        if tail is None:
            # Both parts are objects: the shared one follows the own one without its opening brace.
            tail = shared[key] = b"," + encode(_shared(item, report.levels))[1:]
        deposed = b',"deposed":' + encode(resource.deposed) if resource.deposed else b',"deposed":null'
        yield starts[item.input] + encode(resource.address) + deposed + tail


def _shared(item: Assessment, levels: tuple[str, ...]) -> SharedV1:
    placement = item.placement
    ways = placement.alternatives
    certain = set.intersection(*(set(way.operators) for way in ways)) if ways else set()
    ordered = [use for use in ways[0].operators if use in certain] if ways else []
    exposed = [{exposure.jurisdiction for exposure in way.exposures} for way in ways]
    grounds = {exposure for way in ways for exposure in way.exposures}
    always = set.intersection(*exposed) if exposed else set()
    countries = {way.countries for way in ways}
    agreed = countries.pop() if len(countries) == 1 else ()
    classification = item.classification
    resource = item.resource
    configurations = resource.configurations
    return SharedV1(
        mode=resource.mode,
        type=resource.type,
        provider=resource.provider,
        provider_config=configurations[0].key or None if len(configurations) == 1 else None,
        change=resource.change,
        kind=item.kind,
        applicable=item.applicable,
        operators=[OperatorV1(use.id, use.role) for use in ordered],
        operator_candidates=sorted(
            {use.id for way in ways for use in way.operators} - {use.id for use in ordered}
        ),
        exposed_to=sorted(always),
        may_be_exposed_to=sorted(set().union(*exposed)),
        exposure=[
            ExposureV1(exposure.jurisdiction, exposure.ground, exposure.evidence)
            for exposure in sorted(grounds, key=lambda e: (e.jurisdiction, e.ground, e.evidence))
            if exposure.jurisdiction in always or exposure.ground is not Ground.TERRITORY
        ],
        region=placement.region,
        country=agreed[0] if len(agreed) == 1 else None,
        countries=list(agreed),
        placement_evidence=_evidence(placement.evidence),
        level=levels[classification.levels[0]] if classification.known is not None else None,
        level_candidates=[levels[index] for index in classification.levels]
        if classification.known is None
        else [],
        level_evidence=_evidence(classification.evidence),
        unknown=_unknown(placement, classification),
        verdict=item.verdict,
    )


def _unknown(placement: Placement, classification: Classification) -> dict[str, str]:
    control = next((way.control for way in placement.alternatives if way.control is not None), None)
    named: dict[str, Unknown | None] = {
        "operator": placement.unknown_operator,
        "control": control,
        "region": placement.unknown_region,
        "country": placement.unknown_country,
        "level": classification.unknown,
    }
    return {name: _reason(unknown) for name, unknown in named.items() if unknown is not None}


def _reason(unknown: Unknown) -> str:
    """Return why a value is not known; the reason is the same in every language, by contract."""
    text = f"{unknown.reason}: {unknown.detail}" if unknown.detail else str(unknown.reason)
    return f"{text} ({unknown.origin})" if unknown.origin else text


def _evidence(steps: tuple[Evidence, ...]) -> list[EvidenceV1]:
    return [EvidenceV1(step.what, step.where) for step in steps]


def _findings(report: Report) -> Iterator[bytes]:
    encode = msgspec.json.Encoder().encode
    shared: dict[Hashable, bytes] = {}
    starts = _starts(report)
    choices = proposals(report)
    for finding in report.findings:
        key = (id(finding.outcome), finding.introduced, finding.waiver, finding.in_baseline)
        tail = shared.get(key)
        if tail is None:
            tail = shared[key] = b"," + encode(_shared_finding(finding, decides=report.decides(finding)))[1:]
        yield b"".join(
            (
                starts[finding.input] if finding.address else _start(finding.input),
                encode(finding.address or None),
                b',"deposed":',
                encode(finding.deposed) if finding.deposed else b"null",
                b',"fingerprint":"',
                finding.fingerprint.encode(),
                b'"',
                _position(finding) if finding.file else _NO_POSITION,
                choices(finding),
                tail,
            )
        )


_NO_POSITION = b',"file":null,"line":null,"column":null'


def _position(finding: Finding) -> bytes:
    encode = msgspec.json.encode
    return b',"file":%b,"line":%b,"column":%b' % (
        encode(finding.file),
        encode(finding.line),
        encode(finding.column),
    )


def _starts(report: Report) -> dict[str, bytes]:
    """Return the beginning of every object that belongs to an input, by the input's id."""
    return {inventory.id: _start(inventory.id) for inventory in report.inventories}


def _start(source: str) -> bytes:
    return b'{"input":%b,"address":' % msgspec.json.encode(source)


def _shared_finding(finding: Finding, *, decides: bool) -> FindingV1:
    outcome, waiver = finding.outcome, finding.waiver
    return FindingV1(
        rule=outcome.rule,
        verdict=outcome.verdict if waiver is None else Verdict.WAIVED,
        severity=outcome.severity,
        introduced=finding.introduced,
        message=outcome.message,
        evidence=_evidence(outcome.evidence),
        waived=None
        if waiver is None
        else WaivedV1(outcome.verdict, waiver.reason, waiver.until, waiver.approver or None, waiver.where),
        in_baseline=finding.in_baseline,
        decides=decides,
    )


def _error(problem: InputProblem) -> ErrorV1:
    return ErrorV1(problem.input, problem.message, problem.hint, problem.file, problem.line, problem.column)


def _head(report: Report) -> HeadV1:
    summary = report.summary
    policy = report.policy
    return HeadV1(
        schema=SCHEMA,
        tool=ToolV1("sovereign-guard", __version__, report.catalog_as_of),
        policy=PolicyV1(
            policy.id,
            policy.title,
            policy.source,
            report.statements.on_unknown or policy.on_unknown,
            report.levels[policy.unlabelled],
        ),
        inputs=[
            InputV1(i.id, i.path, i.kind, i.sha256, len(i.resources), i.complete, i.terraform_version)
            for i in report.inventories
        ],
        declarations=_evidence(report.statements.accepted),
        refused_declarations=_evidence(report.statements.refused),
        summary=SummaryV1(
            resources=summary.resources,
            passed=summary.passed,
            fail=summary.fail,
            unknown=summary.unknown,
            waived=summary.waived,
            not_judged=summary.not_judged,
            unlabelled=summary.unlabelled,
            findings=summary.findings,
            errors=summary.errors,
        ),
        warnings=list(report.warnings),
        notice=say(NOTICE),
    )
