"""`--format cyclonedx`: a bill of services: who provides each, which data it has, and which way that flows.

The library that writes it is imported for this format alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from sovereign_guard import __version__
from sovereign_guard.errors import UsageError
from sovereign_guard.language import say
from sovereign_guard.model.finding import Assessment, Report, Verdict
from sovereign_guard.model.placement import Placement
from sovereign_guard.model.screen import Screen
from sovereign_guard.report.naming import (
    SPACE,
    UNKNOWN_OPERATOR,
    certain_operators,
    level_words,
    levels_of,
    line,
    moment,
    operator_name,
    uuid_of,
    uuid_of_report,
)
from sovereign_guard.report.places import Places

if TYPE_CHECKING:
    from cyclonedx.model import Property
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component
    from cyclonedx.model.contact import OrganizationalEntity
    from cyclonedx.model.service import Service


def write(report: Report, _screen: Screen) -> Iterator[bytes]:
    """Give the report as CycloneDX 1.6.

    Raises:
        UsageError: the extra `cyclonedx` is not installed.

    """
    try:
        from cyclonedx.output.json import JsonV1Dot6
    except ImportError:
        raise UsageError(
            say("this format needs the package cyclonedx-python-lib, which is not installed."),
            hint="pip install 'sovereign-guard[cyclonedx]'",
        ) from None
    yield JsonV1Dot6(_bom(report)).output_as_string(indent=2).encode()
    yield b"\n"


def _bom(report: Report) -> Bom:
    from cyclonedx.model.bom import Bom, BomMetaData
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.tool import ToolRepository

    tool = Component(name="sovereign-guard", type=ComponentType.APPLICATION, version=__version__)
    places = Places(report)
    inputs = ", ".join(line(places.relative(inventory.path)) for inventory in report.inventories) or "-"
    root = Component(
        name=inputs,
        type=ComponentType.APPLICATION,
        bom_ref="inputs",
        description=say("A Terraform configuration, as planned or written."),
    )
    services = [*_services(report), *_destinations(report)]
    bom = Bom(
        serial_number=uuid_of_report("cyclonedx", report),
        services=services,
        components=_platforms(report),
        metadata=BomMetaData(
            tools=ToolRepository(components=[tool]),
            component=root,
            timestamp=datetime.fromisoformat(moment(report)),
            properties=_properties(
                ("policy", report.policy.id),
                ("catalog-as-of", report.catalog_as_of),
                ("notice", say("The catalog states facts with sources and dates. It is not legal advice.")),
            ),
        ),
    )
    # Without any, the library complains on standard error.
    bom.register_dependency(root, services or bom.components)
    return bom


# -- services ------------------------------------------------------------------------------------------------


def _services(report: Report) -> Iterator[Service]:
    """Give a service for each resource that has data."""
    sends: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    receives: set[tuple[str, str]] = set()
    for flow in report.flows:
        sends[flow.input, flow.sender].append((flow.kind, flow.receiver))
        if not flow.outside:
            receives.add((flow.input, flow.receiver))
    for item in report.judged:
        if not item.applicable or item.verdict is Verdict.NOT_JUDGED or item.placement.places_nothing:
            continue
        place = (item.input, item.resource.address)
        yield _service(item, report, sends.get(place, []), receives=place in receives)


def _service(item: Assessment, report: Report, sends: list[tuple[str, str]], *, receives: bool) -> Service:
    from cyclonedx.model import DataClassification, DataFlow
    from cyclonedx.model.service import Service

    flow = {
        (True, True): DataFlow.BI_DIRECTIONAL,
        (True, False): DataFlow.OUTBOUND,
        (False, True): DataFlow.INBOUND,
        (False, False): DataFlow.UNKNOWN,
    }[bool(sends), receives]
    countries = sorted({code for way in item.placement.alternatives for code in way.countries})
    control = next((way.control for way in item.placement.alternatives if way.control is not None), None)
    return Service(
        name=line(item.resource.address),
        bom_ref=str(uuid_of("item", item.input, item.resource.address, item.resource.deposed or "")),
        group=line(item.resource.type),
        provider=_provider(certain_operators(item), report),
        data=[DataClassification(flow=flow, classification=levels_of(item, report))],
        x_trust_boundary=_crosses(item.placement),
        properties=_properties(
            ("verdict", item.verdict),
            ("change", item.resource.change),
            *(("operator", _shown(name)) for name in item.placement.operator_ids),
            *(("country", code) for code in countries),
            *([("control", str(control))] if control is not None else []),
            *((f"flow:{kind}", receiver) for kind, receiver in sends),
        ),
    )


def _destinations(report: Report) -> Iterator[Service]:
    """Give a service for each place outside the configuration that data flows to."""
    from cyclonedx.model import DataClassification, DataFlow
    from cyclonedx.model.service import Service

    found: dict[tuple[str, tuple[str, ...]], tuple[set[str], set[str]]] = {}
    for flow in report.flows:
        if flow.outside:
            classes, kinds = found.setdefault((flow.receiver, flow.outside), (set(), set()))
            classes.add(level_words(flow.levels, report))
            kinds.add(flow.kind)
    for (name, operators), (classes, kinds) in sorted(found.items()):
        companies = [one for one in map(report.operator, operators) if one is not None]
        yield Service(
            name=line(name),
            bom_ref=str(uuid_of("destination", name, *operators)),
            provider=_provider(operators, report)
            if len(operators) == 1 and operators != (UNKNOWN_OPERATOR,)
            else None,
            data=[DataClassification(flow=DataFlow.INBOUND, classification=one) for one in sorted(classes)],
            x_trust_boundary=len(companies) < len(operators) or not all(one.internal for one in companies),
            properties=_properties(
                ("outside", "true"),
                *(("operator", _shown(one)) for one in operators),
                *(("receives", kind) for kind in sorted(kinds)),
            ),
        )


def _crosses(placement: Placement) -> bool:
    """Whether data is handed to somebody else than the organisation itself, as far as that is known."""
    return not placement.alternatives or not all(way.internal for way in placement.alternatives)


def _provider(operators: tuple[str, ...], report: Report) -> OrganizationalEntity | None:
    """Return who provides a service; nobody where that is not certain: a wrong name would be believed."""
    from cyclonedx.model.contact import OrganizationalEntity

    if not operators:
        return None
    return OrganizationalEntity(name=" / ".join(operator_name(name, report) for name in operators))


# -- operators -----------------------------------------------------------------------------------------------


def _platforms(report: Report) -> Iterator[Component]:
    """Give a component for the platform of each operator that is, or may be, used."""
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.contact import OrganizationalEntity

    placements = [item.placement for item in report.judged if item.applicable]
    exposed: dict[str, set[tuple[str, str]]] = defaultdict(set)
    names = {name for placement in placements for name in placement.operator_ids}
    names |= {name for flow in report.flows for name in flow.outside}
    for placement in {id(one): one for one in placements}.values():
        for way in placement.alternatives:
            for one in way.exposures:
                if one.operator:
                    exposed[one.operator].add((one.ground, one.jurisdiction))
    for name in sorted(names - {UNKNOWN_OPERATOR}):
        operator = report.operator(name)
        yield Component(
            name=line(operator.name if operator is not None else name),
            type=ComponentType.PLATFORM,
            bom_ref=f"operator:{name}",
            supplier=OrganizationalEntity(name=operator_name(name, report)),
            properties=_properties(
                ("operator", name),
                *([("seat", operator.seat.country)] if operator is not None else []),
                *((f"exposed-by-{ground}", country) for ground, country in sorted(exposed[name])),
            ),
        )


def _shown(operator: str) -> str:
    return "unknown" if operator == UNKNOWN_OPERATOR else operator


def _properties(*pairs: tuple[str, str]) -> Iterable[Property]:
    from cyclonedx.model import Property

    return [Property(name=f"{SPACE.removeprefix('urn:')}:{name}", value=line(value)) for name, value in pairs]
