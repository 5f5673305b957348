"""Where a provider configuration points, by statement, by setting, or by what feeds a setting."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from sovereign_guard.catalog import Catalog
from sovereign_guard.catalog.catalog import TypeFacts, matches
from sovereign_guard.language import later, say
from sovereign_guard.model.host import host_of
from sovereign_guard.model.knowledge import EndpointSetting, Provider
from sovereign_guard.model.placement import OperatorUse, Role
from sovereign_guard.model.policy import DeclaredOperator
from sovereign_guard.model.resource import InputKind, ProviderConfiguration
from sovereign_guard.model.value import (
    HIDDEN,
    Evidence,
    Reason,
    Reference,
    Sensitive,
    Tree,
    Unknown,
    first_unknown,
    plain,
    texts,
    walk,
)
from sovereign_guard.model.wording import either

BACKENDS = "terraform.io/backend/"
"""Begins the address of a state backend, which the catalog knows as it does providers."""

SERVICE = "{service}"
"""Stands in the name of a setting for each service that has one."""

_ITS_OWN = later("{what} is that of {operator} itself")
_AND_NOTHING_SET = later("{what} is that of {operator} itself, and no {names} is set")
_AS_USUAL = later("{what} is that of {operator} itself, taken to be reached at its usual address")


class Target(msgspec.Struct, frozen=True):
    """One operator (or more, one below the other) that a configuration may lead to.

    Attributes:
        missing: set where an operator is not known.
        cloud: region table in which codes are looked up; empty for none.
        region: a region that the endpoint itself tells.
        countries: of `region` where a resource that feeds the endpoint tells them.
        by_default: nothing was set, so the region may still decide which company operates.
        declared: ids of the stated operators that this rests on.

    """

    operators: tuple[OperatorUse, ...]
    missing: Unknown | None
    cloud: str = ""
    region: str = ""
    countries: tuple[str, ...] = ()
    by_default: bool = False
    evidence: tuple[Evidence, ...] = ()
    declared: tuple[str, ...] = ()


class Feed(msgspec.Struct, frozen=True):
    """The endpoint is an attribute of other blocks, which the resolver places.

    Attributes:
        references: these attributes.
        only: the endpoint comes from nothing else.
        otherwise: what is not known where these blocks do not tell it.

    """

    references: tuple[Reference, ...]
    only: bool
    evidence: tuple[Evidence, ...]
    otherwise: Unknown


class Endpoints:
    """Reads endpoint settings; one for each input."""

    def __init__(self, catalog: Catalog, declared: tuple[DeclaredOperator, ...], kind: InputKind) -> None:
        self._catalog = catalog
        self._outside = tuple(d for d in declared if not d.from_repository)
        self._inside = tuple(d for d in declared if d.from_repository)
        self._kind = kind

    def targets(
        self, provider: Provider, configuration: ProviderConfiguration, facts: TypeFacts, resource_type: str
    ) -> tuple[Target | Feed, ...]:
        """Return where resources of a type lead to; several where it is not certain, never none."""
        stated = self._stated_provider(provider.addresses, self._outside)
        pointed = self._pointed(provider, configuration, facts, resource_type)
        # A statement about the very endpoint says more than one about the provider.
        if stated is not None and not all(isinstance(one, Target) and one.declared for one in pointed):
            return (stated,)
        return pointed

    def _pointed(
        self, provider: Provider, configuration: ProviderConfiguration, facts: TypeFacts, resource_type: str
    ) -> tuple[Target | Feed, ...]:
        """Return where the configuration points."""
        if configuration.unknown is not None:
            return self._unshown(provider, configuration.unknown, facts)
        possible: list[Target | Feed] = []
        for setting in provider.endpoints:
            if not speaks_of(setting.types, resource_type):
                continue
            found, certain = self._read(provider, setting, configuration, facts)
            possible.extend(found)
            if certain:
                return tuple(possible)
        return (*possible, *self._absent(provider, configuration))

    def _stated_provider(
        self, addresses: tuple[str, ...], statements: tuple[DeclaredOperator, ...]
    ) -> Target | None:
        """Return what the organisation states about all resources of a provider, None where nothing."""
        for statement in statements:
            if set(statement.providers) & set(addresses):
                return _stated(statement, f"provider {addresses[0]}")
        return None

    def stated_gap(self, addresses: tuple[str, ...]) -> Target | None:
        """Return what is stated about a provider that the catalog cannot place, by whomever."""
        return self._stated_provider(addresses, self._outside) or self._stated_provider(
            addresses, self._inside
        )

    # -- nothing set, or nothing shown -----------------------------------------------------------------------

    def _own(self, provider: Provider, words: str, *, by_default: bool, names: str = "") -> Target:
        """Return a provider's own operator; `words` is one of the texts _ITS_OWN, `names` of settings."""
        operator = self._catalog.operator(provider.operator)
        name = operator.name if operator else provider.operator
        what, file = f"provider {provider.addresses[0]}", f"providers/{provider.id}"
        if provider.addresses[0].startswith(BACKENDS):
            backend = provider.addresses[0].removeprefix(BACKENDS)
            what, file = f"backend {backend}", f"backends/{backend}"
        return Target(
            (OperatorUse(provider.operator, Role.PLATFORM),),
            None,
            provider.cloud,
            by_default=by_default,
            evidence=(
                Evidence(say(words, what=what, operator=name, names=names), f"rules/catalog/{file}.yaml"),
            ),
        )

    def _absent(self, provider: Provider, configuration: ProviderConfiguration) -> tuple[Target, ...]:
        absent = next((setting.absent for setting in provider.endpoints if setting.absent is not None), None)
        if absent is None:
            absent = "own" if provider.operator else "unknown"
        names = either(setting.setting for setting in provider.endpoints)
        if absent == "own":
            words = _AND_NOTHING_SET if names else _ITS_OWN
            return (self._own(provider, words, by_default=True, names=names),)
        if absent == "unknown":
            stated = self._stated_provider(provider.addresses, self._inside)
            unknown = Unknown(
                Reason.NOT_SET,
                f"provider {configuration.key or provider.id}",
                say("no {names} is set", names=names) if names else "",
            )
            return (stated,) if stated else (Target((), unknown, provider.cloud),)
        cloud = provider.cloud
        said = Evidence(
            say("no {names} is set: it comes from the environment or a file that is not read", names=names),
            f"provider {configuration.key or provider.id}",
        )
        return tuple(
            Target((OperatorUse(name, Role.PLATFORM),), None, cloud, by_default=True, evidence=(said,))
            for name in absent
        )

    def _unshown(self, provider: Provider, unknown: Unknown, facts: TypeFacts) -> tuple[Target, ...]:
        """Nothing is shown of the configuration: any endpoint may be set there.

        A state never shows one. There, settings which only ever lead to the operator itself are taken to be
        at their default, and so are services that no other operator offers; a plan that lacks its
        configuration has been cut, and nothing is taken for granted.
        """
        if provider.operator and (
            not provider.endpoints
            or (
                self._kind is InputKind.STATE
                and all(
                    setting.reaches == "own" or (SERVICE in setting.setting and not facts.compatible)
                    for setting in provider.endpoints
                )
            )
        ):
            return (self._own(provider, _AS_USUAL, by_default=True),)
        stated = self._stated_provider(provider.addresses, self._inside)
        return (stated,) if stated else (Target((), unknown, provider.cloud),)

    # -- settings --------------------------------------------------------------------------------------------

    def _read(
        self,
        provider: Provider,
        setting: EndpointSetting,
        configuration: ProviderConfiguration,
        facts: TypeFacts,
    ) -> tuple[list[Target | Feed], bool]:
        """Return where a setting leads, nothing where it is not set, and whether that is certain here."""
        where = f"provider {configuration.key or provider.id}, {setting.setting}"
        if SERVICE not in setting.setting:
            nodes = walk(configuration.settings, tuple(setting.setting.split(".")))
            found = [target for node in nodes for target in self._lead(provider, setting, node, where)]
            return found, bool(found)
        moved = dict(_by_service(configuration.settings, setting.setting))
        if "" in moved:  # The whole block of endpoints is not known.
            return self._lead(provider, setting, moved[""], where), True
        keys = [key for key in facts.services or tuple(moved) if key in moved]
        found = [
            target
            for key in keys
            for target in self._lead(provider, setting, moved[key], where.replace(SERVICE, key))
        ]
        # Where the catalog does not say to which service a type belongs, any of these may move it, or none.
        return list(dict.fromkeys(found)), bool(found) and bool(facts.services)

    def _lead(
        self, provider: Provider, setting: EndpointSetting, node: Tree, where: str
    ) -> list[Target | Feed]:
        """Return where a setting leads; several for a list of addresses, nothing where it is empty."""
        unknown = first_unknown(node)
        if unknown is not None:
            return [self._not_shown(unknown, where)]
        found: list[Target | Feed] = []
        for value, hidden in texts(node):
            if setting.value == "name":
                found.append(self._by_name(setting, value, where, hidden=hidden))
                continue
            host = host_of(value)
            if host is None:
                unknown = Unknown(Reason.NOT_STATED, where, say("this is not a plain URL or host name"))
                found.append(Target((), unknown))
            else:
                target = self.host(host, HIDDEN if hidden else host, where, provider)
                found.append(_beside_its_own(provider, target) if setting.reaches == "own" else target)
        if not found and plain(node) not in (None, "", []):
            found.append(
                Target((), Unknown(Reason.UNSUPPORTED, where, say("this is not text")), provider.cloud)
            )
        return found

    def _not_shown(self, value: Unknown, where: str) -> Target | Feed:
        if value.feeds:
            words = say(
                "the address comes from {references}; what else the expression holds is not known",
                references=", ".join(map(str, value.feeds)),
            )
            said = Evidence(words, where)
            return Feed(value.feeds, value.only_feeds, (said,), value)
        evidence: tuple[Evidence, ...] = ()
        if value.hint is not None:
            host = host_of(value.hint)
            facts = self._catalog.host(host) if host else None
            if host and facts:
                evidence = (
                    Evidence(
                        say(
                            "{what}, whose value leads to {operator} ({host}); what the expression makes of "
                            "it is not known, so this clears nothing",
                            what=value.detail,
                            operator=facts.operator,
                            host=host,
                        ),
                        where,
                    ),
                )
        return Target((), msgspec.structs.replace(value, origin=where), "", evidence=evidence)

    def _by_name(self, setting: EndpointSetting, value: str, where: str, *, hidden: bool) -> Target:
        shown = HIDDEN if hidden else repr(value.strip()[:80])
        named = {name.lower(): entry for name, entry in setting.names.items()}.get(value.strip().lower())
        if named is None:
            return Target(
                (),
                Unknown(
                    Reason.NOT_IN_CATALOG,
                    where,
                    say("{name} is not a name that this setting is known to take", name=shown),
                ),
            )
        said = Evidence(say("{name} stands for {operator}", name=shown, operator=named.operator), where)
        return Target(
            (OperatorUse(named.operator, Role.PLATFORM),), None, named.cloud, named.region, evidence=(said,)
        )

    def host(self, host: str, shown: str, where: str, provider: Provider | None) -> Target:
        """Return who answers at a host (as `model.host.host_of` gives it), by statement or by the catalog.

        Args:
            shown: what to print of it. where: the place in which it is written.
            provider: whose region table holds for hosts of its own operator.

        """
        stated = _stated_host(host, self._outside)
        if stated is not None:
            return _stated(stated, shown)
        facts = self._catalog.host(host)
        if facts is None:
            stated = _stated_host(host, self._inside)
            if stated is not None:
                return _stated(stated, shown)
            return Target((), Unknown(Reason.NOT_STATED, where, shown))
        operator = self._catalog.operator(facts.operator)
        said = Evidence(
            say(
                "{host} is a host of {operator}",
                host=shown,
                operator=operator.name if operator else facts.operator,
            ),
            f"{where}; rules/catalog/endpoints.yaml, {facts.pattern}",
        )
        operators = [OperatorUse(facts.operator, Role.PLATFORM)]
        if facts.infrastructure and facts.infrastructure != facts.operator:
            operators.append(OperatorUse(facts.infrastructure, Role.INFRASTRUCTURE))
        own = provider is not None and facts.operator == provider.operator
        cloud = facts.cloud or (provider.cloud if provider is not None and own else "")
        missing = Unknown(Reason.NOT_SET, where, say("the cloud below this service is not named"))
        return Target(
            tuple(operators),
            missing if facts.stands_on_others else None,
            cloud,
            facts.region,
            evidence=(said,),
        )


def _beside_its_own(provider: Provider, target: Target) -> Target:
    """Keep the provider's operator where a setting that only ever leads to it names a host of another.

    That host is a proxy before the service: it adds an operator, and clears none.
    """
    told = {use.id for use in target.operators}
    if not provider.operator or not told or provider.operator in told or target.declared:
        return target
    own = OperatorUse(provider.operator, Role.PLATFORM)
    return msgspec.structs.replace(target, operators=(own, *target.operators))


def speaks_of(patterns: tuple[str, ...], resource_type: str) -> bool:
    """Whether patterns include a type: all types where there are none, and none of those after a `!`."""
    if any(matches(pattern[1:], resource_type) for pattern in patterns if pattern.startswith("!")):
        return False
    positive = [pattern for pattern in patterns if not pattern.startswith("!")]
    return not positive or any(matches(pattern, resource_type) for pattern in positive)


def _stated_host(host: str, statements: tuple[DeclaredOperator, ...]) -> DeclaredOperator | None:
    for statement in statements:
        for pattern in statement.endpoints:
            if host == pattern or (
                pattern.startswith("*.") and host.endswith(pattern[1:]) and host != pattern[2:]
            ):
                return statement
    return None


def _stated(statement: DeclaredOperator, what: str) -> Target:
    return Target(
        (OperatorUse(statement.id, Role.PLATFORM),),
        None,
        "",
        statement.region or "",
        (statement.country,) if statement.country else (),
        evidence=(
            Evidence(
                say(
                    "the organisation states that {what} is {operator}: {reason}",
                    what=what,
                    operator=statement.name,
                    reason=statement.reason,
                ),
                statement.origin,
            ),
        ),
        declared=(statement.id,),
    )


def _by_service(settings: dict[str, Tree], pattern: str) -> Iterator[tuple[str, Tree]]:
    """Give (service key, value) for each setting that fits a pattern with `{service}`.

    The key is empty where all of them together are one Unknown.
    """
    *above, last = pattern.split(".")
    regex = re.compile(re.escape(last).replace(re.escape(SERVICE), "(?P<service>.+)"))
    for holder in walk(settings, tuple(above)) if above else [settings]:
        marked = isinstance(holder, Sensitive)
        holder = plain(holder)
        for item in holder if isinstance(holder, list) else [holder]:
            hidden = marked or isinstance(item, Sensitive)
            item = plain(item)
            if isinstance(item, Unknown):
                yield "", item
            elif isinstance(item, dict):
                for name, value in item.items():
                    match = regex.fullmatch(name)
                    if match and plain(value) not in (None, ""):
                        known = isinstance(value, Unknown | Sensitive)
                        yield match["service"], Sensitive(value) if hidden and not known else value
