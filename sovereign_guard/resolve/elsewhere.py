"""Where data goes that leaves the configuration: what an ARN, a URL, a host or another name says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sovereign_guard.catalog import Catalog
from sovereign_guard.language import say
from sovereign_guard.model.host import host_of
from sovereign_guard.model.knowledge import NamePattern, Provider
from sovereign_guard.model.placement import OperatorUse, Placement, Role
from sovereign_guard.model.resource import Resource
from sovereign_guard.model.value import HIDDEN, Evidence, Reason, Reference, Unknown
from sovereign_guard.resolve.endpoint import Endpoints, Target
from sovereign_guard.resolve.region import Site, Sites, nowhere

if TYPE_CHECKING:
    from sovereign_guard.resolve.resolver import Resolver

_FACTS = "rules/catalog/flows.yaml"


class Destinations:
    """Places what no resource of the input stands for (model.flow.Elsewhere); each name once."""

    def __init__(self, resolver: Resolver, catalog: Catalog, endpoints: Endpoints, sites: Sites) -> None:
        self._resolver = resolver
        self._catalog = catalog
        self._endpoints = endpoints
        self._sites = sites
        self._patterns = tuple((re.compile(one.pattern, re.IGNORECASE), one) for one in catalog.flows.names)
        self._found: dict[object, Placement] = {}

    def of(self, resource: Resource) -> Placement:
        """Return where a resource itself lies."""
        return self._resolver.place(resource, resource.after)

    def named(self, text: str, shown: str, carrier: Resource, bare: str) -> tuple[Placement, bool]:
        """Return where a name leads: by its form, by its host, else by what plain names stand for.

        And whether the name itself says so.
        """
        key = (text, shown, carrier.family, bare)
        found = self._found.get(key)
        if found is not None:
            return found, True
        place, says = self._named(text.strip(), shown, carrier, bare)
        if place is None:  # What lies where the carrier does depends on the carrier.
            return self.of(carrier), says
        self._found[key] = place
        return place, True

    def _named(self, text: str, shown: str, carrier: Resource, bare: str) -> tuple[Placement | None, bool]:
        """Return the same, with None for where the carrier lies."""
        for regex, form in self._patterns:
            match = regex.match(text)
            if match is not None:
                if form.here or self._is_its_own(form, match, carrier):
                    return None, not form.here
                if "host" in match.groupdict():
                    text = match["host"]
                    break
                return self._of_form(form, match, shown), True
        # Of a mail address, the domain says nothing of who runs the mailbox.
        host = None if "@" in text and "://" not in text else host_of(text)
        where = carrier.address
        if host is not None and ("://" in text or "." in host):
            provider = self._provider(carrier)
            target = self._endpoints.host(host, shown if shown == HIDDEN else host, where, provider)
            if target.operators or "://" in text or bare != "here":
                return self._resolver.placed([target]), True
        if bare == "here":
            return None, False
        if bare == "unknown":
            return self.unknown(say("nothing is known of {name!r}", name=shown[:80]), where), True
        return self.operator(bare, where), True

    def _provider(self, carrier: Resource) -> Provider | None:
        return self._catalog.provider(carrier.provider, carrier.type)

    def _is_its_own(self, form: NamePattern, match: re.Match[str], carrier: Resource) -> bool:
        """Whether a name is one of the very cloud that the carrier lies in.

        So it is without a region of its own; and where the carrier's provider speaks to a cloud that only
        uses the same form of names: an object store that is reached through another cloud's provider.
        """
        provider = self._provider(carrier)
        if provider is None or not form.cloud or provider.cloud != form.cloud:
            return False
        region = match.groupdict().get("region")
        if not region:
            return True
        if self._catalog.place(form.cloud, region) is not None:
            return False
        own = {name for names in form.operators.values() for name in names}
        used = {use.id for way in self.of(carrier).alternatives for use in way.operators}
        return bool(used) and not used & own

    def _of_form(self, form: NamePattern, match: re.Match[str], shown: str) -> Placement:
        parts = match.groupdict()
        code = parts.get("region") or ""
        place = self._catalog.place(form.cloud, code) if form.cloud and code else None
        said = Evidence(say("{name} is a name of the cloud {cloud}", name=shown, cloud=form.cloud), _FACTS)
        names = form.operators.get((parts.get("partition") or "").lower(), ())
        if place is not None:
            names = (self._sites.operator_at(form.cloud, place),)
        if not names:
            return self.unknown(
                say(
                    "{name!r} is of a part of {cloud} that the catalog lacks",
                    name=shown[:80],
                    cloud=form.cloud,
                ),
                "",
            )
        unknown = Unknown(Reason.NOT_SET, detail=say("{name} names no region", name=shown[:80]))
        site = Site(
            place.code if place else None,
            place.region.lies_in if place else (),
            unknown_region=None if place else unknown,
            unknown_country=None if place and place.region.lies_in else unknown,
        )
        targets = [Target((OperatorUse(name, Role.PLATFORM),), None, evidence=(said,)) for name in names]
        return self._resolver.placed(targets, site)

    def referred(self, reference: Reference) -> Placement:
        """Return where a block lies that has no instance here."""
        return self._resolver.placed_block(reference)

    def operator(self, operator_id: str, where: str) -> Placement:
        """Return the placement of an operator of which nothing more is known."""
        unknown = Unknown(Reason.NOT_SET, where, say("in which region is not said"))
        site = Site(None, (), unknown_region=unknown, unknown_country=unknown)
        return self._resolver.placed([Target((OperatorUse(operator_id, Role.PLATFORM),), None)], site)

    def unknown(self, why: str, where: str) -> Placement:
        """Return the placement of which nothing is known."""
        return self._resolver.placed([Target((), Unknown(Reason.NOT_STATED, where, why))], nowhere())
