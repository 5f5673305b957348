"""`--format oscal`: assessment results of OSCAL 1.1, for programs that collect evidence.

Every id is worked out from what it names, and no hour is told, so the same run gives the same bytes. What
other texts ask is told as correspondences, never as proof: `not-satisfied`, OSCAL's own word, is said of our
rules alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

import msgspec

from sovereign_guard import __version__
from sovereign_guard.language import say
from sovereign_guard.model.finding import Assessment, Finding, Report, Verdict
from sovereign_guard.model.knowledge import Correspondence
from sovereign_guard.model.resource import InputKind
from sovereign_guard.model.screen import Screen
from sovereign_guard.model.value import Evidence
from sovereign_guard.report.limits import shortened
from sovereign_guard.report.lines import decision
from sovereign_guard.report.naming import (
    SPACE,
    levels_of,
    line,
    moment,
    operator_name,
    uuid_of,
    uuid_of_report,
)
from sovereign_guard.report.places import Places, identities
from sovereign_guard.report.standing import Standing, standing_of

OSCAL_VERSION = "1.1.3"
_NS = f"{SPACE}:oscal"
_MOST_TEXT = 8_000
_TOOL = str(uuid_of("tool", "sovereign-guard"))
_CORRESPONDENCE = "correspondence"


def write(report: Report, _screen: Screen) -> Iterator[bytes]:
    """Give the report as OSCAL assessment results."""
    yield msgspec.json.encode({"assessment-results": _results(report)})
    yield b"\n"


def _results(report: Report) -> dict[str, Any]:
    places = Places(report)
    ids = {finding.outcome.rule: finding for finding in report.findings}
    frameworks = {
        one.framework: one for rule in report.rules.values() if rule.id in ids for one in rule.correspondences
    }
    return {
        "uuid": str(uuid_of_report("oscal", report)),
        "metadata": {
            "title": say("Who operates the data of these plans, and who can compel those operators"),
            "last-modified": moment(report),
            "version": __version__,
            "oscal-version": OSCAL_VERSION,
            "remarks": say(
                "Findings are those of sovereign-guard's own rules. The provisions of other texts beside "
                "them are correspondences, not proof: a finding proves no breach of any of them, and none "
                "proves that they are met. The catalog states facts with sources and dates. It is not legal "
                "advice."
            ),
        },
        "import-ap": {
            "href": f"#{_policy_uuid(report)}",
            "remarks": say("There is no plan of an assessor: the policy and the rules say what to look for."),
        },
        "results": [_result(report, places)],
        "back-matter": {"resources": _resources(report, places, frameworks.values())},
    }


def _result(report: Report, places: Places) -> dict[str, Any]:
    keys = identities(report)
    items = {_key(item): item for item in report.judged}
    told = {_key(item): item for item in report.judged if item.applicable}
    observations: list[dict[str, Any]] = []
    findings: list[dict[str, Any]] = []
    for finding in report.findings:
        place = (finding.input, finding.address, finding.deposed or "")
        item = items.get(place)
        if item is not None:
            told[place] = item
        observations.append(_observation(finding, keys[id(finding)], item, report, places))
        findings.append(_finding(finding, keys[id(finding)], report, places))
    summary = report.summary
    counts = {
        "resources": summary.resources,
        "pass": summary.passed,
        "fail": summary.fail,
        "unknown": summary.unknown,
        "waived": summary.waived,
        "not-judged": summary.not_judged,
        "unlabelled": summary.unlabelled,
        "errors": summary.errors,
    }
    found: dict[str, Any] = {
        "uuid": str(uuid_of_report("oscal-result", report)),
        "title": say("Run of sovereign-guard under the policy {policy}", policy=line(report.policy.id)),
        "description": line(report.policy.title),
        "start": moment(report),
        "end": moment(report),
        "props": [
            _prop("policy", report.policy.id),
            _prop("on-unknown", report.statements.on_unknown or report.policy.on_unknown),
            _prop("catalog-as-of", report.catalog_as_of),
            _prop("exit-code", str(report.exit_code)),
            *(_prop(f"count-{name}", str(number)) for name, number in counts.items()),
        ],
        "local-definitions": {
            "components": [
                {
                    "uuid": _TOOL,
                    "type": "software",
                    "title": "sovereign-guard",
                    "description": say("A linter for Terraform and OpenTofu."),
                    "props": [{"name": "version", "value": __version__}],
                    "status": {"state": "operational"},
                }
            ],
        },
        "reviewed-controls": {
            "description": say("The rules of sovereign-guard."),
            "control-selections": [{"include-controls": [{"control-id": rule} for rule in report.rules]}],
        },
    }
    if told:
        found["local-definitions"]["inventory-items"] = [_item(told[key], report) for key in sorted(told)]
    if findings:
        found |= {"observations": observations, "findings": findings}
    if report.problems:
        unread = [places.relative(f"{one.where}: {one.message}") for one in report.problems]
        found["remarks"] = "\n\n".join((say("Not everything could be read:"), *map(line, unread)))
    return found


# -- what was looked at --------------------------------------------------------------------------------------


def _key(item: Assessment) -> tuple[str, str, str]:
    return item.input, item.resource.address, item.resource.deposed or ""


def _item_uuid(item: Assessment) -> str:
    return str(uuid_of("item", *_key(item)))


def _item(item: Assessment, report: Report) -> dict[str, Any]:
    countries = sorted({code for way in item.placement.alternatives for code in way.countries})
    operators = item.placement.operator_ids
    return {
        "uuid": _item_uuid(item),
        "description": line(item.resource.address),
        "props": [
            {"name": "asset-id", "value": line(item.resource.address)},
            _prop("resource-type", item.resource.type),
            _prop("level", levels_of(item, report)),
            _prop("verdict", item.verdict),
            _prop("change", item.resource.change),
            *(_prop("operator", "unknown" if name == "?" else name) for name in operators),
            *(_prop("country", code) for code in countries),
        ],
        "remarks": _operators(operators, report),
    }


def _operators(names: Iterable[str], report: Report) -> str:
    known = [operator_name(name, report) for name in names if name != "?"]
    return say("Operators: {names}", names=", ".join(known)) if known else say("Operators: not known")


# -- what was found ------------------------------------------------------------------------------------------


def _verdict(finding: Finding) -> str:
    return Verdict.WAIVED if finding.waiver is not None else finding.outcome.verdict


def _observation(
    finding: Finding, key: str, item: Assessment | None, report: Report, places: Places
) -> dict[str, Any]:
    outcome = finding.outcome
    found: dict[str, Any] = {
        "uuid": str(uuid_of("observation", key)),
        "title": _markup(report.rules[outcome.rule].title),
        "description": _text(places.relative(outcome.message)),
        "props": [_prop("rule", outcome.rule), _prop("fingerprint", finding.fingerprint)],
        "methods": ["TEST"],
        "types": ["finding"],
        "origins": [{"actors": [{"type": "tool", "actor-uuid": _TOOL}]}],
        "collected": moment(report),
    }
    if item is not None:
        subject = {"subject-uuid": _item_uuid(item), "type": "inventory-item"}
        found["subjects"] = [{**subject, "title": _markup(item.resource.address)}]
    steps = [_step(step, places) for step in outcome.evidence]
    if steps:
        found["relevant-evidence"] = steps
    return found


def _step(step: Evidence, places: Places) -> dict[str, Any]:
    found: dict[str, Any] = {"description": _text(places.relative(step.what))}
    if step.where.strip():
        found["props"] = [_prop("where", places.relative(step.where))]
    return found


def _finding(finding: Finding, key: str, report: Report, places: Places) -> dict[str, Any]:
    outcome, verdict = finding.outcome, _verdict(finding)
    rule = report.rules[outcome.rule]
    standing = standing_of(finding, report)
    remarks = [_text(rule.fix)]
    if finding.waiver is not None:
        remarks.insert(0, _text(places.relative(decision(finding.waiver))))
    if outcome.verdict is Verdict.UNKNOWN:
        remarks.insert(0, say("Not known: this is neither a breach nor a pass."))
    found: dict[str, Any] = {
        "uuid": str(uuid_of("finding", key)),
        "title": _markup(f"{outcome.rule} {verdict}: {finding.address or finding.input}"),
        "description": _text(places.relative(outcome.message)),
        "props": [
            _prop("verdict", verdict),
            _prop("severity", outcome.severity),
            _prop("introduced", "true" if finding.introduced else "false"),
            _prop("decides", "true" if standing is Standing.DECIDES else "false"),
            _prop("fingerprint", finding.fingerprint),
            *map(_correspondence, rule.correspondences),
        ],
        "origins": [{"actors": [{"type": "tool", "actor-uuid": _TOOL}]}],
        "target": {
            "type": "objective-id",
            "target-id": outcome.rule,
            "title": _markup(rule.title),
            "status": {
                "state": "not-satisfied",
                "reason": "fail" if outcome.verdict is Verdict.FAIL else "other",
                "remarks": line(verdict),
            },
        },
        "related-observations": [{"observation-uuid": str(uuid_of("observation", key))}],
        "remarks": "\n\n".join(remarks),
    }
    if rule.correspondences:
        found["links"] = [
            {
                "href": f"#{_framework_uuid(one)}",
                "rel": "reference",
                "text": say("Correspondence, not proof: {name} {reference}", **_words(one)),
            }
            for one in rule.correspondences
        ]
    return found


def _correspondence(one: Correspondence) -> dict[str, Any]:
    # The value says the same in every language: programs select by it.
    return {
        **_prop(_CORRESPONDENCE, f"{one.name} {one.reference}"),
        "class": one.framework,
        "remarks": say("Correspondence, not proof: {why}", why=one.told("why")),
    }


def _words(one: Correspondence) -> dict[str, str]:
    return {"name": one.told("name"), "reference": one.told("reference")}


# -- back matter ---------------------------------------------------------------------------------------------


def _policy_uuid(report: Report) -> str:
    return str(uuid_of("policy", report.policy.id))


def _framework_uuid(one: Correspondence) -> str:
    return str(uuid_of("framework", one.framework))


def _resources(report: Report, places: Places, frameworks: Iterable[Correspondence]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {
            "uuid": _policy_uuid(report),
            "title": _markup(report.policy.title),
            "description": say("The policy in force: {policy}", policy=line(report.policy.id)),
            "props": [_prop("source", places.relative(report.policy.source))],
        }
    ]
    for inventory in report.inventories:
        resource: dict[str, Any] = {
            "uuid": str(uuid_of("input", inventory.id)),
            "title": _markup(places.relative(inventory.path)),
            "description": say("An input that was judged."),
            "props": [_prop("kind", inventory.kind), _prop("sha256", inventory.sha256)],
        }
        if inventory.kind is not InputKind.HCL:
            digest = {"algorithm": "SHA-256", "value": inventory.sha256}
            href = quote(places.relative(inventory.path).encode(errors="replace")) or "-"
            resource["rlinks"] = [{"href": href, "hashes": [digest]}]
        found.append(resource)
    found += [
        {
            "uuid": _framework_uuid(one),
            "title": _markup(one.told("title")),
            "description": say("Findings bear on it. These are correspondences, not proof."),
            "rlinks": [{"href": one.url}],
        }
        for one in sorted(frameworks, key=lambda one: one.framework)
    ]
    return found


# -- words ---------------------------------------------------------------------------------------------------


def _prop(name: str, value: str) -> dict[str, Any]:
    return {"name": name, "ns": _NS, "value": line(value)}


def _markup(text: str) -> str:
    return shortened(line(text), _MOST_TEXT)


def _text(text: str) -> str:
    return shortened(line(" ".join(text.split())), _MOST_TEXT)
