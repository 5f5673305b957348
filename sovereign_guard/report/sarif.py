"""`--format sarif`: SARIF 2.1.0, written for GitHub code scanning and valid for any other reader.

The limits are those of
https://docs.github.com/en/code-security/code-scanning/troubleshooting-sarif-uploads/results-exceed-limit and
https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
(both read on 2026-11-24). GitHub rejects a file that is over a hard limit and drops what is over a soft one,
so we keep below both, with the gravest findings, and say in the file what is missing.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator

import msgspec
from msgspec import UNSET, UnsetType

from sovereign_guard import __version__
from sovereign_guard.language import ENGLISH, later, say, speaking
from sovereign_guard.model.address import without_keys
from sovereign_guard.model.finding import Assessment, Finding, InputProblem, Report, Severity, Verdict
from sovereign_guard.model.knowledge import RuleText
from sovereign_guard.model.resource import InputKind
from sovereign_guard.model.screen import Screen
from sovereign_guard.model.value import Evidence
from sovereign_guard.model.waiver import Waiver
from sovereign_guard.report.limits import gravest_first, shortened
from sovereign_guard.report.lines import decision, problem_line, whole
from sovereign_guard.report.places import Place, Places, identities
from sovereign_guard.report.terms import NOTICE, named
from sovereign_guard.report.words import clean

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

MOST_RESULTS = 5_000
"""GitHub takes 25,000 for a run and keeps 5,000 of them; not always the gravest (github/docs issue 38085)."""
MOST_PACKED = 9_000_000
"""Bytes of results once compressed. GitHub takes a file of 10 MB; the rest is for what surrounds them."""
MOST_DESCRIPTION = 1_024
MOST_NAME = 255
MOST_NOTIFICATIONS = 1_000
"""A bound of ours, so that what surrounds the results stays small."""
MOST_MESSAGE = 10_000
"""A bound of ours, so that one result cannot crowd out the others."""

_ROOT = "%SRCROOT%"
_NOT_READ, _WARNING, _CUT = "input-not-read", "run-warning", "results-cut"
_NOTIFICATIONS = {
    _NOT_READ: (
        later("An input, or a part of one, could not be read or understood."),
        later("Nothing is known of what it holds, so the run fails. The message says what to do."),
    ),
    _WARNING: (
        later("Something that whoever reads the report should know."),
        later("It decides nothing. The message says what it is about."),
    ),
    _CUT: (
        later("The file does not hold everything, because its readers have limits."),
        later("Ask for the format json, which holds everything."),
    ),
}
_LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
_SEMANTIC = re.compile(r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")
_PLACEHOLDER = re.compile(r"\{(\d+)\}")


class _Sarif(msgspec.Struct, rename="camel", omit_defaults=True):
    """What a part of a SARIF file has in common with the others."""


class MessageS(_Sarif, kw_only=True):
    """A text."""

    text: str
    markdown: str | UnsetType = UNSET


class ArtifactLocationS(_Sarif, kw_only=True):
    """A file."""

    uri: str | UnsetType = UNSET
    uri_base_id: str | UnsetType = UNSET
    index: int | UnsetType = UNSET
    description: MessageS | UnsetType = UNSET


class RegionS(_Sarif, kw_only=True):
    """A position in a file."""

    start_line: int
    start_column: int | UnsetType = UNSET


class PhysicalLocationS(_Sarif, kw_only=True):
    """A position and its file."""

    artifact_location: ArtifactLocationS
    region: RegionS | UnsetType = UNSET


class LogicalLocationS(_Sarif, kw_only=True):
    """A resource."""

    fully_qualified_name: str
    kind: str


class LocationS(_Sarif, kw_only=True):
    """Where a result is."""

    physical_location: PhysicalLocationS | UnsetType = UNSET
    logical_locations: list[LogicalLocationS] | UnsetType = UNSET


class SuppressionS(_Sarif, kw_only=True):
    """A waiver."""

    kind: str
    status: str
    justification: str
    location: LocationS


class ResultPropertiesS(_Sarif, kw_only=True):
    """What SARIF has no field for."""

    verdict: str
    severity: str
    introduced: bool
    operators: list[str]
    operator_candidates: list[str] | UnsetType = UNSET
    level: str | None
    level_candidates: list[str] | UnsetType = UNSET
    fingerprint: str


class ResultS(_Sarif, kw_only=True):
    """A finding."""

    rule_id: str
    rule_index: int
    level: str
    message: MessageS
    locations: list[LocationS]
    partial_fingerprints: dict[str, str]
    baseline_state: str | UnsetType = UNSET
    suppressions: list[SuppressionS] | UnsetType = UNSET
    properties: ResultPropertiesS


class RuleConfigurationS(_Sarif, kw_only=True):
    """How grave a rule is, and whether it is on unless somebody turns it on."""

    level: str
    enabled: bool | UnsetType = UNSET


class RulePropertiesS(_Sarif, kw_only=True):
    """What GitHub sorts and filters rules by."""

    tags: list[str]
    security_severity: str = msgspec.field(name="security-severity")


class RuleS(_Sarif, kw_only=True):
    """A rule."""

    id: str
    name: str
    short_description: MessageS
    full_description: MessageS
    help: MessageS
    help_uri: str | UnsetType = UNSET
    default_configuration: RuleConfigurationS
    properties: RulePropertiesS


class NotificationRuleS(_Sarif, kw_only=True):
    """A kind of notification. GitHub asks of it what it asks of a rule."""

    id: str
    name: str
    short_description: MessageS
    full_description: MessageS
    help: MessageS


class DriverS(_Sarif, kw_only=True):
    """This program."""

    name: str
    version: str
    semantic_version: str | UnsetType = UNSET
    rules: list[RuleS]
    notifications: list[NotificationRuleS]


class ToolS(_Sarif, kw_only=True):
    """This program, without extensions."""

    driver: DriverS


class DescriptorS(_Sarif, kw_only=True):
    """The kind of a notification."""

    id: str
    index: int


class NotificationS(_Sarif, kw_only=True):
    """What a run has to say beside its results."""

    descriptor: DescriptorS
    level: str
    message: MessageS
    locations: list[LocationS] | UnsetType = UNSET


class InvocationS(_Sarif, kw_only=True):
    """How the run went."""

    execution_successful: bool
    exit_code: int
    tool_execution_notifications: list[NotificationS]


class ArtifactS(_Sarif, kw_only=True):
    """A file that was judged."""

    location: ArtifactLocationS
    roles: list[str]
    hashes: dict[str, str]


class StepS(_Sarif, kw_only=True):
    """A statement that the verdicts rest on."""

    what: str
    where: str


class ResultsCutS(_Sarif, kw_only=True):
    """How many findings the file leaves out."""

    total: int
    shown: int
    left_out: int
    reason: str


class RunPropertiesS(_Sarif, kw_only=True):
    """What the verdicts rest on, and what the file leaves out."""

    policy: str
    policy_source: str
    catalog_as_of: str
    notice: str
    declarations: list[StepS]
    refused_declarations: list[StepS]
    results_cut: ResultsCutS | UnsetType = UNSET


def write(report: Report, _screen: Screen) -> Iterator[bytes]:
    """Give the report as SARIF text, a piece for each result."""
    encode = msgspec.json.encode
    files = _Files(report)
    results = _fitting(_results(report, files))
    cut = _cut(report, len(results))
    yield b'{"$schema":"%b","version":"2.1.0","runs":[{"tool":%b' % (SCHEMA.encode(), encode(_tool(report)))
    yield b',"columnKind":"unicodeCodePoints","originalUriBaseIds":%b' % encode({_ROOT: _root()})
    yield b',"invocations":[%b]' % encode(_invocation(report, files, cut))
    yield b',"artifacts":%b,"properties":%b,"results":[' % (
        encode(files.artifacts),
        encode(_run_properties(report, files, cut)),
    )
    for at, result in enumerate(results):
        yield b"," + result if at else result
    yield b"]}]}\n"


# -- the run -------------------------------------------------------------------------------------------------


def _root() -> ArtifactLocationS:
    # Without a URI, since that would be a path of this machine: the reader knows where its checkout is.
    return ArtifactLocationS(
        description=MessageS(
            text=say("The root of the checkout, or the working directory where there is none.")
        )
    )


def _tool(report: Report) -> ToolS:
    with speaking(ENGLISH):
        # Readers know a rule by its name as they do by its id: it is the same in every language.
        names = {key: _name(rule.english) for key, rule in report.rules.items()}
    semantic = __version__ if _SEMANTIC.fullmatch(__version__) else UNSET
    return ToolS(
        driver=DriverS(
            name="sovereign-guard",
            version=__version__,
            semantic_version=semantic,
            rules=[_rule(rule, names[rule.id]) for rule in report.rules.values()],
            notifications=[
                NotificationRuleS(
                    id=key,
                    name=_name(key),
                    short_description=MessageS(text=say(text)),
                    full_description=MessageS(text=say(text)),
                    help=MessageS(text=say(what_to_do)),
                )
                for key, (text, what_to_do) in _NOTIFICATIONS.items()
            ],
        )
    )


def _rule(rule: RuleText, name: str) -> RuleS:
    urls = [str(reference["url"]) for reference in rule.references if reference.get("url")]
    links = "".join(
        f"- {reference.get('title', '')}: {reference.get('url', '')}\n" for reference in rule.references
    )
    linked = "".join(
        f"- [{reference.get('title', '')}]({reference['url']})\n"
        if reference.get("url")
        else f"- {reference.get('title', '')}\n"
        for reference in rule.references
    )
    why, what_to_do, references = say("Why"), say("What to do"), say("References")
    head = named(rule.id, rule.title)
    plain = f"{why}\n\n{rule.why}\n\n{what_to_do}\n\n{rule.fix}\n"
    marked = f"## {head}\n\n### {why}\n\n{rule.why}\n\n### {what_to_do}\n\n{rule.fix}\n"
    return RuleS(
        id=rule.id,
        name=name,
        short_description=MessageS(text=shortened(_sentence(rule.title), MOST_DESCRIPTION)),
        full_description=MessageS(text=shortened(rule.why, MOST_DESCRIPTION)),
        help=MessageS(
            text=f"{plain}\n{references}\n\n{links}" if links else plain,
            markdown=f"{marked}\n### {references}\n\n{linked}" if linked else marked,
        ),
        help_uri=urls[0] if urls else UNSET,
        default_configuration=RuleConfigurationS(
            level=_LEVELS[rule.severity], enabled=False if rule.optional else UNSET
        ),
        properties=RulePropertiesS(
            tags=["security", "sovereignty", "terraform"], security_severity=rule.security_severity
        ),
    )


def _name(title: str) -> str:
    """Return the words of a title, up to its first comma, as one word; single letters are left out."""
    words = re.findall(r"[A-Za-z0-9]{2,}", title.partition(",")[0])
    return "".join(word[0].upper() + word[1:] for word in words)[:MOST_NAME]


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _invocation(report: Report, files: _Files, cut: ResultsCutS | None) -> InvocationS:
    said = []
    if cut is not None:
        text = say(
            "{number} of {total} findings are not in this file: {reason} The gravest are. "
            "The format json has all of them.",
            number=cut.left_out,
            total=cut.total,
            reason=cut.reason,
        )
        said.append(_notification(_CUT, "warning", text))
    said += [_not_read(problem, files) for problem in report.problems]
    said += [
        _notification(_WARNING, "warning", files.places.relative(clean(text))) for text in report.warnings
    ]
    if len(said) > MOST_NOTIFICATIONS:
        left = len(said) - MOST_NOTIFICATIONS + 1
        text = say(
            "{number} more notifications are not in this file. The format json has all of them.", number=left
        )
        said = [*said[: MOST_NOTIFICATIONS - 1], _notification(_CUT, "warning", text)]
    return InvocationS(
        execution_successful=not report.problems,
        exit_code=report.exit_code,
        tool_execution_notifications=said,
    )


def _notification(kind: str, level: str, text: str) -> NotificationS:
    return NotificationS(
        descriptor=DescriptorS(id=kind, index=list(_NOTIFICATIONS).index(kind)),
        level=level,
        message=_message(text),
    )


def _not_read(problem: InputProblem, files: _Files) -> NotificationS:
    notification = _notification(_NOT_READ, "error", files.places.relative(problem_line(problem)))
    place = files.places.problem(problem)
    notification.locations = [LocationS(physical_location=files.physical(place))]
    return notification


def _steps(statements: tuple[Evidence, ...], files: _Files) -> list[StepS]:
    return [StepS(what=step.what, where=files.places.relative(step.where)) for step in statements]


def _run_properties(report: Report, files: _Files, cut: ResultsCutS | None) -> RunPropertiesS:
    return RunPropertiesS(
        policy=report.policy.id,
        policy_source=files.places.relative(report.policy.source),
        catalog_as_of=report.catalog_as_of,
        notice=say(NOTICE),
        declarations=_steps(report.statements.accepted, files),
        refused_declarations=_steps(report.statements.refused, files),
        results_cut=UNSET if cut is None else cut,
    )


# -- the results ---------------------------------------------------------------------------------------------


def _fitting(results: Iterable[bytes]) -> list[bytes]:
    """Return results from the first on, as many as GitHub takes."""
    packer = zlib.compressobj()
    packed = 0
    kept: list[bytes] = []
    for result in results:
        packed += len(packer.compress(result))
        if packed > MOST_PACKED:
            break
        kept.append(result)
    return kept


def _cut(report: Report, shown: int) -> ResultsCutS | None:
    total = len(report.findings)
    if shown == total:
        return None
    reason = (
        say("GitHub keeps {number} results of a run.", number=MOST_RESULTS)
        if shown == MOST_RESULTS
        else say("GitHub takes no more than 10 MB once compressed.")
    )
    return ResultsCutS(total=total, shown=shown, left_out=total - shown, reason=reason)


def _results(report: Report, files: _Files) -> Iterator[bytes]:
    encode = msgspec.json.Encoder().encode
    chosen = gravest_first(report)[:MOST_RESULTS]
    wanted = {(finding.input, finding.address) for finding in chosen}
    assessments = {
        (item.input, item.resource.address, item.resource.deposed): item
        for item in report.judged
        if (item.input, item.resource.address) in wanted
    }
    keys = identities(report)
    numbers = {rule: number for number, rule in enumerate(report.rules)}
    any_waived = any(finding.waiver is not None for finding in chosen)
    for finding in chosen:
        item = assessments.get((finding.input, finding.address, finding.deposed))
        result = _result(finding, item, report, files)
        result.rule_index = numbers[finding.outcome.rule]
        key = keys[id(finding)]
        result.partial_fingerprints["sovereignGuard/v1"] = key
        if _line_is_not_enough(finding, report):
            result.partial_fingerprints["primaryLocationLineHash"] = f"{key}:1"
        if any_waived:
            # All results have the list or none has.
            result.suppressions = [] if finding.waiver is None else [_suppression(finding.waiver, files)]
        yield encode(result)


def _line_is_not_enough(finding: Finding, report: Report) -> bool:
    """Whether findings of one rule may share a line and yet be several.

    GitHub tells results apart by file, rule and `primaryLocationLineHash` alone. Its upload action works that
    out from the text of the line, but not for a file outside the checkout, and alike for all instances of a
    block and all calls of a module. Where we give it ourselves the action warns that it would have chosen
    another, so we give it only where its own would hide a finding behind another.
    """
    address = finding.address
    return (
        finding.line is None
        or len(report.inventories) > 1
        or finding.deposed is not None
        or address.startswith("module.")
        or address != without_keys(address)
    )


def _result(finding: Finding, item: Assessment | None, report: Report, files: _Files) -> ResultS:
    outcome = finding.outcome
    location = LocationS(physical_location=files.physical(files.places.of(finding)))
    if finding.address:
        location.logical_locations = [LogicalLocationS(fully_qualified_name=finding.address, kind="resource")]
    return ResultS(
        rule_id=outcome.rule,
        rule_index=0,
        level=_level(finding),
        message=_message(files.places.relative(whole(finding, report))),
        locations=[location],
        partial_fingerprints={},
        baseline_state=("unchanged" if finding.in_baseline else "new") if report.baseline else UNSET,
        properties=_properties(finding, item, report),
    )


def _level(finding: Finding) -> str:
    if finding.waiver is not None:
        # GitHub shows suppressed results as open ones, so they must at least not fail its checks.
        return "note"
    outcome = finding.outcome
    grave = outcome.verdict is Verdict.FAIL and outcome.severity is not Severity.WARNING
    return "error" if grave else "warning"


def _properties(finding: Finding, item: Assessment | None, report: Report) -> ResultPropertiesS:
    outcome = finding.outcome
    found = ResultPropertiesS(
        verdict=outcome.verdict if finding.waiver is None else Verdict.WAIVED,
        severity=outcome.severity,
        introduced=finding.introduced,
        operators=[],
        level=None,
        fingerprint=finding.fingerprint,
    )
    if item is not None:
        ways = [{use.id for use in way.operators} for way in item.placement.alternatives]
        certain = set.intersection(*ways) if ways else set()
        found.operators = sorted(certain)
        possible = set().union(*ways) - certain
        levels = [report.levels[index] for index in item.classification.levels]
        found.operator_candidates = sorted(possible) or UNSET
        found.level = levels[0] if len(levels) == 1 else None
        found.level_candidates = levels if len(levels) > 1 else UNSET
    return found


def _suppression(waiver: Waiver, files: _Files) -> SuppressionS:
    place = files.places.at(waiver.file, waiver.line, waiver.column)
    return SuppressionS(
        kind="inSource" if waiver.address is None else "external",
        status="accepted",
        justification=decision(waiver),
        location=LocationS(physical_location=files.physical(place)),
    )


def _message(text: str) -> MessageS:
    """Return a text in which no name of the input is taken for a link or a placeholder."""
    text = _PLACEHOLDER.sub(r"{{\1}}", text.replace("](", "] ("))
    return MessageS(text=shortened(text, MOST_MESSAGE))


# -- files ---------------------------------------------------------------------------------------------------


class _Files:
    """The files that results stand in, and those among them that were judged as a whole.

    Attributes:
        artifacts: inputs that are one file, each with its digest.

    """

    def __init__(self, report: Report) -> None:
        self.places = Places(report)
        self.artifacts: list[ArtifactS] = []
        self._numbers: dict[str, int] = {}
        for inventory in report.inventories:
            if inventory.kind is InputKind.HCL:
                continue
            place = self.places.input(inventory.id)
            location = self._location(place)
            location.index = self._numbers[place.uri] = len(self.artifacts)
            self.artifacts.append(
                ArtifactS(location=location, roles=["analysisTarget"], hashes={"sha-256": inventory.sha256})
            )

    def physical(self, place: Place) -> PhysicalLocationS:
        """Return a place as SARIF writes it."""
        location = self._location(place)
        number = self._numbers.get(place.uri)
        if number is not None:
            location.index = number
        found = PhysicalLocationS(artifact_location=location)
        if place.line is not None:
            found.region = RegionS(
                start_line=place.line, start_column=UNSET if place.column is None else place.column
            )
        return found

    @staticmethod
    def _location(place: Place) -> ArtifactLocationS:
        return ArtifactLocationS(uri=place.uri, uri_base_id=_ROOT if place.inside else UNSET)
