"""One resource at a time: operators, region, countries and exposure (docs/architecture.md has the order)."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from functools import cached_property

import msgspec

from sovereign_guard.catalog import Catalog
from sovereign_guard.catalog.catalog import Place, TypeFacts
from sovereign_guard.language import say
from sovereign_guard.model.classification import Kind
from sovereign_guard.model.knowledge import Infrastructure, Parent, Provider, StandsOn
from sovereign_guard.model.lineage import Lineage
from sovereign_guard.model.placement import Alternative, Exposure, OperatorUse, Placement, Role
from sovereign_guard.model.policy import Statements
from sovereign_guard.model.resource import (
    Attributes,
    Block,
    Family,
    Inventory,
    ProviderConfiguration,
    Resource,
)
from sovereign_guard.model.value import (
    Evidence,
    Reason,
    Reference,
    Tree,
    Unknown,
    first_unknown,
    holds_unknown,
    plain,
    texts,
    walk,
)
from sovereign_guard.resolve.elsewhere import Destinations
from sovereign_guard.resolve.endpoint import Endpoints, Feed, Target, speaks_of
from sovereign_guard.resolve.exposure import Exposures, territory
from sovereign_guard.resolve.region import Site, Sites, nowhere

_MAX_FEEDS = 50
"""Resources behind one endpoint, or in which one may lie, that are looked at; with more it is Unknown."""


class _Profile(msgspec.Struct, frozen=True, eq=False):
    """What has to be asked of resources of one type, worked out once."""

    provider: Provider | None
    facts: TypeFacts
    telling: tuple[str, ...]
    stands_on: tuple[StandsOn, ...]


PLACELESS = Placement((), ())

_SETTLED = frozenset({str, type(None)})
"""Types of attribute values in which nothing can be Unknown."""


class Resolver:
    """Places the resources of one input. Resources that agree in all that matters share one Placement."""

    def __init__(self, inventory: Inventory, catalog: Catalog, statements: Statements, day: str) -> None:
        self._inventory = inventory
        self._catalog = catalog
        self._endpoints = Endpoints(catalog, statements.operators, inventory.kind)
        self._exposures = Exposures(catalog, day)
        self._sites = Sites(catalog, day)
        self._lineage = Lineage(inventory)
        self._profiles: dict[tuple[str, str], _Profile] = {}
        self._families: dict[Family, _Profile] = {}
        self._placements: dict[Hashable, Placement] = {}
        self._targets: dict[Hashable, tuple[Target | Feed, ...]] = {}
        self._containers: dict[int, Placement] = {}
        self._placing: set[str] = set()

    def place(self, resource: Resource, attributes: Attributes) -> Placement:
        """Place a resource by one side of its change."""
        try:
            return self._place(resource, attributes)
        except RecursionError:
            unknown = Unknown(
                Reason.UNSUPPORTED, resource.address, say("its attributes are nested too deeply")
            )
            return self._placement([(Target((), unknown), nowhere())], ())

    @cached_property
    def elsewhere(self) -> Destinations:
        """Places what no resource of the input stands for."""
        return Destinations(self, self._catalog, self._endpoints, self._sites)

    def placed(self, targets: list[Target], site: Site | None = None) -> Placement:
        """Return the placement of one of these targets, at a site or where each target says it is."""
        return self._placement([(one, site or self._site_of(one)) for one in targets], ())

    def placed_block(self, reference: Reference) -> Placement:
        """Return where a block lies, by what the configuration shows of it."""
        if reference.block not in self._inventory.blocks:
            unknown = Unknown(Reason.NOT_SHOWN, str(reference))
            return self._placement([(Target((), unknown), nowhere())], ())
        found = self._placements_of(reference)
        return found[0] if len(found) == 1 else _merged(found)

    def _site_of(self, target: Target) -> Site:
        place = self._catalog.place(target.cloud, target.region) if target.cloud and target.region else None
        if place is None:
            return _site_of(target)
        countries = place.region.lies_in
        unknown = None if countries else Unknown(Reason.NOT_SET, detail=say("its country is not known"))
        return Site(place.code, countries, unknown_country=unknown)

    def _place(self, resource: Resource, attributes: Attributes) -> Placement:
        family = resource.family
        profile = self._families.get(family)
        if profile is None:
            profile = self._families[family] = self._profile(family.provider, family.type)
        if profile.provider is not None and profile.provider.places == "nothing":
            return PLACELESS
        facts = profile.facts
        values = attributes.select(facts.attributes)[: facts.telling]
        parents = self._parents(resource, facts.parent) if facts.parent is not None else ()
        set_by_author = self._set_by_author(resource.block, profile, values)
        key: Hashable = (values, family, parents, set_by_author)
        try:
            found = self._placements.get(key)
        except TypeError:  # Some value is a list or a map.
            key = (_frozen(values), family, parents, set_by_author)
            found = self._placements.get(key)
        if found is None:
            named = dict(zip(profile.telling, values, strict=True))
            found = self._placements[key] = self._work_out(family, profile, named, parents, set_by_author)
        return found

    def _profile(self, address: str, resource_type: str) -> _Profile:
        key = (address, resource_type)
        profile = self._profiles.get(key)
        if profile is None:
            provider = self._catalog.provider(address, resource_type)
            facts = self._catalog.type_facts(provider, resource_type)
            stands_on = tuple(
                one
                for one in (provider.stands_on if provider is not None else ())
                if speaks_of(one.types, resource_type)
            )
            profile = _Profile(provider, facts, facts.attributes[: facts.telling], stands_on)
            self._profiles[key] = profile
        return profile

    def _set_by_author(
        self, block: Block | None, profile: _Profile, values: tuple[Tree, ...]
    ) -> tuple[str, ...]:
        """Return the names of attributes that are not known although the configuration sets them.

        An attribute that is known only after apply and that nobody set is the provider's to choose, inside
        the region of its configuration; one that somebody set may say anything.
        """
        if _SETTLED.issuperset(map(type, values)):
            return ()
        unknown = [name for name, value in zip(profile.telling, values, strict=True) if holds_unknown(value)]
        if not unknown:
            return ()
        if block is None:
            return tuple(unknown)
        shown = dict(zip(unknown, block.attributes.select(tuple(unknown)), strict=True))
        written = [name for name, value in shown.items() if value is not None]
        named = dict(zip(profile.telling, values, strict=True))
        for copy in profile.facts.copies:
            path = tuple(copy.split("."))
            if len(path) > 1 and first_unknown(walk(named, path)) is not None and walk(shown, path):
                written.append(copy)
        return tuple(written)

    def _parents(self, resource: Resource, parent: Parent) -> tuple[Placement, ...] | None:
        """Place the resources in which this one may lie; None where it may be one that is not shown."""
        if resource.address in self._placing or len(self._placing) > _MAX_FEEDS:
            return None
        parents = self._lineage.parents(resource, parent)
        if parents.outside or len(parents.resources) > _MAX_FEEDS:
            return None
        self._placing.add(resource.address)
        try:
            found = dict.fromkeys(self._placed(other) for other in parents.resources)
        finally:
            self._placing.discard(resource.address)
        return tuple(placement for placement in found if placement.alternatives)

    def _placed(self, other: Resource) -> Placement:
        """Place a resource in which others lie, once for all of them."""
        key = id(other)
        if key not in self._containers:
            self._containers[key] = self.place(other, other.after)
        return self._containers[key]

    # -- operators -------------------------------------------------------------------------------------------

    def _work_out(
        self,
        family: Family,
        profile: _Profile,
        values: dict[str, Tree],
        parents: tuple[Placement, ...] | None,
        set_by_author: tuple[str, ...],
    ) -> Placement:
        provider = profile.provider
        if provider is None:
            return self._uncatalogued(family)
        if provider.places == "tests":
            unknown = Unknown(Reason.TESTS_ONLY, provider.addresses[0])
            return self._placement([(Target((), unknown), nowhere())], ())
        pairs: list[tuple[Target, Site]] = []
        notes: list[Evidence] = []
        for configuration in family.configurations:
            for target in self._lead(provider, configuration, profile.facts, family.type):
                target = self._with_infrastructure(target, profile, values, parents or ())
                sites = self._sites.of(
                    target,
                    provider,
                    configuration,
                    profile.facts,
                    values,
                    parents,
                    set_by_author,
                    family.type,
                )
                pairs.extend((_run_by(target, site), site) for site in sites)
        if len(family.configurations) > 1:
            keys = ", ".join(configuration.key for configuration in family.configurations)
            notes.append(
                Evidence(
                    say(
                        "the plan does not tell which of these configurations its module was given: {keys}",
                        keys=keys,
                    )
                )
            )
        return self._placement(pairs, tuple(notes))

    def _uncatalogued(self, family: Family) -> Placement:
        addresses = tuple(dict.fromkeys((family.provider, *(c.provider for c in family.configurations))))
        stated = self._endpoints.stated_gap(tuple(self._catalog.short_address(a) for a in addresses if a))
        if stated is not None:
            return self._placement([(stated, _site_of(stated))], ())
        name = next((address for address in addresses if address), "")
        unshown = next((c.unknown for c in family.configurations if c.unknown is not None), None)
        if name or unshown is None:
            unshown, name = None, name or family.type.partition("_")[0]
        unknown = unshown or Unknown(Reason.NOT_IN_CATALOG, f"provider {name}")
        return self._placement([(Target((), unknown), nowhere())], ())

    def _lead(
        self, provider: Provider, configuration: ProviderConfiguration, facts: TypeFacts, resource_type: str
    ) -> Iterator[Target]:
        key = (configuration, provider.id, resource_type)
        if key not in self._targets:
            self._targets[key] = self._endpoints.targets(provider, configuration, facts, resource_type)
        for target in self._targets[key]:
            if isinstance(target, Feed):
                yield from self._fed(target)
            else:
                yield target

    def _fed(self, feed: Feed) -> Iterator[Target]:
        """Give the operators of the resources that the address comes from."""
        open_end = not feed.only
        for reference in feed.references:
            key = reference.block
            if key in self._placing or len(self._placing) > _MAX_FEEDS or not self._answers(reference):
                open_end = True
                continue
            self._placing.add(key)
            try:
                for placement in self._placements_of(reference):
                    for way in placement.alternatives:
                        yield Target(
                            way.operators,
                            way.missing,
                            region=way.region or "",
                            countries=way.countries,
                            evidence=(*feed.evidence, *placement.evidence),
                            declared=placement.declared,
                        )
                    open_end = open_end or placement.places_nothing
            finally:
                self._placing.discard(key)
        if open_end:
            yield Target((), feed.otherwise, evidence=feed.evidence)

    def _answers(self, reference: Reference) -> bool:
        """Whether a reference is to the address at which its resource answers.

        A secret, a DNS record or a bucket's name can hold the address of anything, so it tells nothing.
        """
        block = self._inventory.blocks.get(reference.block)
        if block is None or self._catalog.address_attributes.isdisjoint(reference.path):
            return False
        facts = self._profile(block.family.provider, block.type).facts
        return facts.kind in (Kind.STORES, Kind.PROCESSES) or (facts.kind is Kind.TRANSPORTS and facts.judged)

    def _placements_of(self, reference: Reference) -> list[Placement]:
        key = reference.block
        instances = self._lineage.instances_of(reference)
        if instances:
            chosen = instances[:_MAX_FEEDS]
            found = list({id(p): p for p in (self.place(other, other.after) for other in chosen)}.values())
            return found if len(chosen) == len(instances) else [*found, PLACELESS]
        block = self._inventory.blocks.get(key)
        if block is None:
            return [PLACELESS]
        # A data source that has been read, or a block without instances: what the configuration shows of it.
        profile = self._profile(block.family.provider, block.type)
        if profile.provider is not None and profile.provider.places == "nothing":
            return [PLACELESS]
        values = block.attributes.select(profile.telling)
        named = dict(zip(profile.telling, values, strict=True))
        return [self._work_out(block.family, profile, named, (), self._set_by_author(block, profile, values))]

    def _with_infrastructure(
        self, target: Target, profile: _Profile, values: dict[str, Tree], parents: tuple[Placement, ...]
    ) -> Target:
        """Add the operators of the clouds below the service, where the resource names them."""
        provider = profile.provider
        own = bool(target.operators) and provider is not None and target.operators[0].id == provider.operator
        if own and provider is not None and profile.stands_on:
            target = _upon(target, provider, profile.stands_on)
        if not profile.facts.below or (target.operators and not own):
            return target  # Another operator's own installation of the same software.
        operators = list(target.operators)
        evidence = list(target.evidence)
        missing: Unknown | None = None
        unrecognised: Unknown | None = None
        places: list[tuple[str, Place | None]] = []
        met: set[str] = set()
        for entry in profile.facts.below:
            found, strange, untold = self._named_places(values, entry)
            missing = missing or untold or (strange if found else None)
            unrecognised = unrecognised or strange
            for words, table, place, has_region in found:
                if not has_region and table in met:
                    continue  # Only the cloud is named, of which another entry has named the region.
                met.add(table)
                operator = self._sites.operator_at(table, place)
                places.append((words, place))
                operators.append(OperatorUse(operator, Role.INFRASTRUCTURE))
                said = say("{words!r} is a place of {operator}", words=words, operator=operator)
                evidence.append(Evidence(said, f"rules/catalog/regions/{entry.names}.yaml"))
        if not places:
            missing = missing or unrecognised
        if not places and missing is None:
            if len(parents) == 1 and len(parents[0].alternatives) == 1:
                return _as_parent(target, parents[0])
            first = profile.facts.below[0]
            where = first.region or first.cloud
            missing = Unknown(Reason.NOT_SET, where, say("the cloud below this service is not named"))
        told = [place for _name, place in places if place is not None]
        whole = len(told) == len(places) and missing is None
        countries = {country for place in told for country in place.region.lies_in} if whole else set()
        return msgspec.structs.replace(
            target,
            operators=tuple(dict.fromkeys(operators)),
            missing=target.missing or missing,
            region=places[0][0] if len(places) == 1 and whole else "",
            countries=tuple(sorted(countries)),
            cloud="",
            evidence=tuple(evidence),
        )

    def _named_places(
        self, values: dict[str, Tree], entry: Infrastructure
    ) -> tuple[list[tuple[str, str, Place | None, bool]], Unknown | None, Unknown | None]:
        """Return the places below that one entry's attributes name.

        Returns:
            (name, region table, place, whether a region is named) of each that is recognised; an Unknown for
            one that is not; an Unknown for one whose name is not known.

        """
        found: list[tuple[str, str, Place | None, bool]] = []
        strange: Unknown | None = None
        untold: Unknown | None = None
        for cloud, name in _named_below(values, entry):
            if isinstance(cloud, Unknown):
                untold = untold or cloud
            elif isinstance(name, Unknown):
                untold = untold or name
            elif below := self._catalog.place_below(entry.names, cloud, name):
                found.append((" ".join(filter(None, (cloud, name))), *below, bool(name)))
            else:
                words = say("the cloud {name!r} below this service", name=(cloud or name)[:60])
                strange = strange or Unknown(Reason.NOT_IN_CATALOG, entry.region or entry.cloud, words)
        return found, strange, untold

    # -- the whole -------------------------------------------------------------------------------------------

    def _placement(self, pairs: list[tuple[Target, Site]], notes: tuple[Evidence, ...]) -> Placement:
        if not pairs:  # Only what places nothing has no alternative: without one, every level would pass.
            pairs = [(Target((), Unknown(Reason.AMBIGUOUS)), nowhere())]
        alternatives = tuple(dict.fromkeys(self._alternative(target, site) for target, site in pairs))
        evidence = dict.fromkeys(
            step for target, site in pairs for step in (*target.evidence, *site.evidence)
        )
        regions = {site.shown for _target, site in pairs}
        operator = next((target.missing for target, _site in pairs if target.missing is not None), None)
        if operator is None and len({way.operators for way in alternatives}) > 1:
            operator = next((site.unknown_region for _t, site in pairs if site.unknown_region), None)
            names = sorted({use.id for way in alternatives for use in way.operators})
            detail = say("one of {names}", names=", ".join(names))
            operator = Unknown(
                operator.reason if operator else Reason.AMBIGUOUS, operator.origin if operator else "", detail
            )
        countries = {way.countries for way in alternatives}
        country = next(
            (site.unknown_country for _target, site in pairs if site.unknown_country is not None), None
        )
        if country is None and len(countries) > 1:
            country = Unknown(Reason.AMBIGUOUS)
        region = next(
            (site.unknown_region for _target, site in pairs if site.unknown_region is not None), None
        )
        if region is None and len(regions) > 1:
            region = Unknown(Reason.AMBIGUOUS)
        return Placement(
            alternatives=alternatives,
            evidence=(*notes, *evidence),
            region=next(iter(regions)) if len(regions) == 1 else None,
            unknown_operator=operator,
            unknown_region=region,
            unknown_country=country,
            declared=tuple(dict.fromkeys(name for target, _site in pairs for name in target.declared)),
        )

    def _alternative(self, target: Target, site: Site) -> Alternative:
        exposures: list[Exposure] = []
        control: Unknown | None = None
        internal = bool(target.operators) and target.missing is None
        for use in target.operators:
            found, unknown = self._exposures.of(use.id)
            exposures.extend(found)
            control = control or unknown
            operator = self._catalog.operator(use.id)
            internal = internal and operator is not None and operator.internal
        exposures.extend(territory(site.countries, site.shown))
        return Alternative(
            operators=target.operators,
            missing=target.missing,
            region=site.shown,
            countries=site.countries,
            exposures=tuple(dict.fromkeys(exposures)),
            control=control,
            internal=internal,
            ended=site.ended,
        )


def _run_by(target: Target, site: Site) -> Target:
    """Let the region decide which company operates, where nothing before it has."""
    if not target.by_default or not site.operator or not target.operators:
        return target
    first = OperatorUse(site.operator, target.operators[0].role)
    return msgspec.structs.replace(target, operators=(first, *target.operators[1:]))


def _upon(target: Target, provider: Provider, grounds: tuple[StandsOn, ...]) -> Target:
    """Add the operators on whose infrastructure the whole service stands."""
    file = f"rules/catalog/providers/{provider.id}.yaml"
    operators = dict.fromkeys(target.operators)
    evidence = list(target.evidence)
    for ground in grounds:
        if ground.operator not in {use.id for use in operators}:
            operators[OperatorUse(ground.operator, Role.INFRASTRUCTURE)] = None
            source = provider.sources.get(ground.source)
            cited = f" [{source.cited}]" if source is not None else ""
            words = say("the service stands on infrastructure of {operator}", operator=ground.operator)
            evidence.append(Evidence(f"{words}{cited}", file))
    return msgspec.structs.replace(target, operators=tuple(operators), evidence=tuple(evidence))


def _as_parent(target: Target, parent: Placement) -> Target:
    """Return a target placed like the resource in which this one lies (a topic in its cluster)."""
    way = parent.alternatives[0]
    return msgspec.structs.replace(
        target,
        operators=way.operators,
        missing=way.missing,
        region=way.region or "",
        countries=way.countries,
        cloud="",
        evidence=(*target.evidence, *parent.evidence),
    )


def _named_below(
    values: dict[str, Tree], entry: Infrastructure
) -> Iterator[tuple[str | Unknown, str | Unknown]]:
    """Give the (cloud, region) pairs that a resource names, in the order in which they stand."""
    clouds = _texts(values, entry.cloud) if entry.cloud else []
    regions = _texts(values, entry.region) if entry.region else []
    if entry.cloud and entry.region:
        if len(clouds) == len(regions):
            yield from zip(clouds, regions, strict=True)
        else:
            # They cannot be paired, so the regions stay out; the operators are still known.
            yield from ((cloud, "") for cloud in clouds)
    elif entry.cloud:
        yield from ((cloud, "") for cloud in clouds)
    else:
        yield from (("", region) for region in regions)


def _texts(values: dict[str, Tree], path: str) -> list[str | Unknown]:
    found: list[str | Unknown] = []
    for node in walk(values, tuple(path.split("."))):
        unknown = first_unknown(node)
        if unknown is not None:
            found.append(unknown)
        for text, hidden in texts(node):
            found.append(Unknown(Reason.HIDDEN, path) if hidden else text)
    return found


def _merged(placements: list[Placement]) -> Placement:
    """Return the placement of one of several."""
    unknown = Unknown(Reason.AMBIGUOUS, detail=say("several resources are possible"))
    return Placement(
        tuple(dict.fromkeys(way for one in placements for way in one.alternatives)),
        tuple(dict.fromkeys(step for one in placements for step in one.evidence)),
        unknown_operator=next((p.unknown_operator for p in placements if p.unknown_operator), None),
        unknown_region=unknown,
        unknown_country=unknown,
        declared=tuple(dict.fromkeys(name for one in placements for name in one.declared)),
    )


def _site_of(target: Target) -> Site:
    unknown = None if target.countries else Unknown(Reason.NOT_SET, detail=say("no country is named"))
    return Site(target.region or None, target.countries, unknown_country=unknown)


def _frozen(tree: Tree) -> Hashable:
    """Return a hashable image of a tree, for use as a key."""
    if isinstance(tree, dict):
        return tuple((name, _frozen(part)) for name, part in tree.items())
    if isinstance(tree, list | tuple):
        return tuple(_frozen(part) for part in tree)
    if isinstance(tree, bool):
        return ("bool", tree)
    if isinstance(tree, Unknown):
        return tree
    plain_value = plain(tree)
    return tree if plain_value is tree else ("sensitive", _frozen(plain_value))
