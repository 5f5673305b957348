"""What an organisation states about itself (.sovereign-guard.yaml), and whose word counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sovereign_guard.catalog.catalog import PUBLIC_REGISTRIES, Catalog
from sovereign_guard.catalog.folder import rules_folder
from sovereign_guard.catalog.policies import switched_on
from sovereign_guard.catalog.yaml_file import YamlFile, read_yaml
from sovereign_guard.errors import ConfigurationError
from sovereign_guard.language import later, say
from sovereign_guard.model.knowledge import DISPERSED, UNKNOWN_DATE, Operator, Ownership, Seat, Source
from sovereign_guard.model.policy import (
    DeclaredLevel,
    DeclaredOperator,
    OnUnknown,
    Policy,
    RepositoryWord,
    Statements,
)
from sovereign_guard.model.value import Evidence
from sovereign_guard.model.waiver import FLOW_RULE, Waiver

_STATED = "statement"


class Configuration:
    """A configuration file, checked against its schema but not yet against policy and catalog.

    Attributes:
        path: the file.
        from_repository: it can have been written by the change that is judged.

    """

    def __init__(self, file: YamlFile, path: Path, *, from_repository: bool) -> None:
        self._file = file
        self.path = path
        self.from_repository = from_repository

    @property
    def policy(self) -> str | None:
        """Name or path of the policy that the file asks for."""
        found = self._data.get("policy")
        return None if found is None else str(found)

    @property
    def catalog(self) -> Path | None:
        """Path of the organisation's own catalog."""
        found = self._data.get("catalog")
        return None if found is None else self.path.parent / str(found)

    @property
    def catalog_place(self) -> str:
        """File and line at which the catalog is named."""
        return self._file.place("catalog")

    @property
    def baseline(self) -> Path | None:
        """Path of the baseline that the file names."""
        found = self._data.get("baseline")
        return None if found is None else self.path.parent / str(found)

    @property
    def baseline_place(self) -> str:
        """File and line at which the baseline is named."""
        return self._file.place("baseline")

    @property
    def policy_line(self) -> tuple[str, int]:
        """File and line at which the policy is asked for."""
        return self._file.path, self._file.at("policy")[0]

    @property
    def _data(self) -> dict[str, Any]:
        return self._file.data or {}

    def statements(
        self, catalog: Catalog, policy: Policy, *, policy_is_pinned: bool
    ) -> tuple[Statements, Catalog]:
        """Return what counts of this file, and the catalog extended by it.

        Args:
            catalog: the facts that statements are held against.
            policy: says what is accepted from the repository.
            policy_is_pinned: the policy was given on the command line, so the repository's choices about it
                do not count.

        Raises:
            ConfigurationError: a statement contradicts itself or the catalog; all faults at once.

        """
        hearing = _Hearing(self._file, catalog, policy, from_repository=self.from_repository)
        operators, known = hearing.operators(self._data.get("operators", []))
        levels = hearing.levels(self._data.get("levels", []))
        rules = hearing.rules() if self._data else ()
        on_unknown = hearing.on_unknown(self._data, pinned=policy_is_pinned)
        mirrors = hearing.mirrors(self._data.get("mirrors", []))
        waivers = hearing.waivers(self._data.get("waivers", []))
        harmless = hearing.harmless(self._data.get("flows", []))
        if self._file.problems:
            raise ConfigurationError(self._file.problems)
        if self.policy is not None and policy_is_pinned and self.from_repository:
            where = self._file.place("policy")
            hearing.refused.append(
                Evidence(
                    say("policy {policy}: another was given on the command line", policy=self.policy), where
                )
            )
        if self.policy is not None and not policy_is_pinned:
            hearing.accepted.insert(0, Evidence(say("policy {id}", id=policy.id), self._file.place("policy")))
        statements = Statements(
            operators=operators,
            levels=levels,
            optional_rules=rules,
            on_unknown=on_unknown,
            waivers=waivers,
            harmless=harmless,
            accepted=tuple(hearing.accepted),
            refused=tuple(hearing.refused),
        )
        return statements, catalog.extended(known, mirrors)


def read_configuration(path: Path, *, from_repository: bool) -> Configuration:
    """Read and check a configuration file.

    Raises:
        UsageError: it cannot be read. ConfigurationError: it is not YAML.

    """
    file = read_yaml(path)
    if file.problems:
        raise ConfigurationError(file.problems)
    if file.data is not None:
        # Faults are told by `Configuration.statements`, together with those that only the catalog shows.
        file.check("configuration", rules_folder())
    return Configuration(file, path, from_repository=from_repository)


class _Hearing:
    """Decides statement by statement what counts, and notes both what does and what does not."""

    def __init__(self, file: YamlFile, catalog: Catalog, policy: Policy, *, from_repository: bool) -> None:
        self._file = file
        self._catalog = catalog
        self._policy = policy
        self._inside = from_repository
        self.accepted: list[Evidence] = []
        self.refused: list[Evidence] = []

    def operators(
        self, entries: list[dict[str, Any]]
    ) -> tuple[tuple[DeclaredOperator, ...], dict[str, Operator]]:
        word = self._policy.trust.operators if self._inside else RepositoryWord.ANY
        declared: list[DeclaredOperator] = []
        known: dict[str, Operator] = {}
        for position, entry in enumerate(entries):
            where = self._file.place("operators", position)
            facts = self._catalog.operator(entry["id"])
            if facts is None:
                facts = self._new_operator(entry, position, known)
                if facts is None:
                    continue
            elif self._contradicts(facts, entry, position):
                continue
            endpoints = tuple(entry.get("endpoints", ()))
            providers = tuple(entry.get("providers", ()))
            if word is RepositoryWord.NONE:
                told = say(
                    "operator {id}: the policy accepts no word of the repository about operators",
                    id=entry["id"],
                )
                self._refuse(told, where)
                continue
            if word is RepositoryWord.GAPS:
                endpoints, providers = self._gaps(entry["id"], endpoints, providers, where)
                if not endpoints and not providers:
                    continue
            declared.append(self._declared(entry, facts, endpoints, providers, where))
            named = (*endpoints, *(say("provider {name}", name=name) for name in providers))
            text = (
                later("{what} is {name} ({id}, seat {country}, the organisation's own cloud): {reason}")
                if entry.get("internal")
                else later("{what} is {name} ({id}, seat {country}): {reason}")
            )
            told = say(
                text,
                what=", ".join(named),
                name=facts.name,
                id=facts.id,
                country=facts.seat.country,
                reason=entry["reason"],
            )
            self.accepted.append(Evidence(told, where))
        return tuple(declared), known

    def _gaps(
        self, name: str, endpoints: tuple[str, ...], providers: tuple[str, ...], where: str
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Keep only what the catalog cannot tell: the judged change must not rename a cloud that is known."""
        kept: list[str] = []
        for pattern in endpoints:
            facts = self._catalog.host(pattern.removeprefix("*."))
            if facts is not None or self._covers_known(pattern):
                text = (
                    later(
                        "endpoint {pattern} as {name}: the catalog knows it as {operator}, and the "
                        "repository cannot change that"
                    )
                    if facts
                    else later(
                        "endpoint {pattern} as {name}: the catalog knows it as several operators, and the "
                        "repository cannot change that"
                    )
                )
                operator = facts.operator if facts else ""
                self._refuse(say(text, pattern=pattern, name=name, operator=operator), where)
            else:
                kept.append(pattern)
        left: list[str] = []
        for address in providers:
            provider = self._catalog.provider(address, "")
            if provider is not None and (provider.operator or provider.places != "operator"):
                told = say(
                    "provider {address} as {name}: the catalog knows it, and the repository cannot change "
                    "that",
                    address=address,
                    name=name,
                )
                self._refuse(told, where)
            else:
                left.append(address)
        return tuple(kept), tuple(left)

    def _covers_known(self, pattern: str) -> bool:
        """Whether a `*.suffix` would swallow hosts of the catalog (`*.com`)."""
        suffix = pattern.removeprefix("*")
        return pattern.startswith("*.") and any(
            f".{host.host}".endswith(suffix) for host in self._catalog.data.hosts
        )

    def _contradicts(self, facts: Operator, entry: dict[str, Any], position: int) -> bool:
        """Say whether a statement changes facts of the catalog, recording each fault; it may repeat them."""
        before = len(self._file.problems)
        if entry.get("seat", facts.seat.country) != facts.seat.country:
            self._file.fault(
                say("{id} is in the catalog with seat {country}.", id=facts.id, country=facts.seat.country),
                "operators",
                position,
                "seat",
                hint=say("Leave the seat out, or choose another id."),
            )
        for key in ("controlled_from", "internal"):
            if entry.get(key):
                self._file.fault(
                    say("{id} is in the catalog, so {key!r} cannot be stated of it.", id=facts.id, key=key),
                    "operators",
                    position,
                    key,
                    hint=say("Choose another id for your own cloud."),
                )
        return len(self._file.problems) > before

    def _new_operator(
        self, entry: dict[str, Any], position: int, known: dict[str, Operator]
    ) -> Operator | None:
        missing = [key for key in ("name", "seat") if key not in entry]
        if missing:
            self._file.fault(
                say(
                    "{id} is not in the catalog, so {names} must be stated.",
                    id=entry["id"],
                    names=say("{one} and {other}", one=missing[0], other=missing[-1])
                    if len(missing) > 1
                    else missing[0],
                ),
                "operators",
                position,
                hint=say(
                    "Add {names}; or use an id of `sovereign-guard catalog operators`.",
                    names=", ".join(missing),
                ),
            )
            return None
        if entry["id"] in known:
            self._file.fault(
                say("{id} is stated twice.", id=entry["id"]),
                "operators",
                position,
                "id",
                hint=say("Join the two entries."),
            )
            return None
        source = Source(entry["reason"], say("the organisation itself"), "", read=True)
        holders = []
        for country in entry.get("controlled_from", ()):
            holder = f"{entry['id']}-holder-{country.lower()}"
            holders.append(Ownership(holder, UNKNOWN_DATE, "joint", _STATED))
            known[holder] = Operator(
                id=holder,
                name=say("a holder in {country}, as stated", country=country),
                kind="holder",
                seat=Seat(country, _STATED),
                ownership=(Ownership(DISPERSED, UNKNOWN_DATE, "none", _STATED),),
                reviewed="",
                sources={_STATED: source},
                declared=True,
            )
        operator = Operator(
            id=entry["id"],
            name=entry["name"],
            kind="operator",
            seat=Seat(entry["seat"], _STATED),
            ownership=tuple(holders),
            reviewed="",
            sources={_STATED: source},
            internal=entry.get("internal", False),
            declared=True,
        )
        known[operator.id] = operator
        return operator

    def _declared(
        self,
        entry: dict[str, Any],
        facts: Operator,
        endpoints: tuple[str, ...],
        providers: tuple[str, ...],
        where: str,
    ) -> DeclaredOperator:
        # Its own machines stand at home unless it says otherwise; of anybody else's nothing is assumed.
        country = entry.get("country") or (facts.seat.country if facts.internal else None)
        return DeclaredOperator(
            id=facts.id,
            name=facts.name,
            endpoints=endpoints,
            providers=tuple(_without_registry(name) for name in providers),
            region=entry.get("region"),
            country=country,
            reason=entry["reason"],
            origin=where,
            from_repository=self._inside and self._policy.trust.operators is RepositoryWord.GAPS,
        )

    def levels(self, entries: list[dict[str, Any]]) -> tuple[DeclaredLevel, ...]:
        names = self._catalog.vocabulary.levels
        found: list[DeclaredLevel] = []
        for position, entry in enumerate(entries):
            where = self._file.place("levels", position)
            if entry["level"] not in names:
                self._file.fault(
                    say("no level {level!r}.", level=entry["level"]),
                    "levels",
                    position,
                    "level",
                    hint=say("Levels: {names}.", names=", ".join(names)),
                )
            elif self._inside and not self._policy.trust.levels:
                self._refuse(
                    say(
                        "level of {address}: the policy accepts no levels from the repository",
                        address=entry["address"],
                    ),
                    where,
                )
            else:
                found.append(
                    DeclaredLevel(entry["address"], names.index(entry["level"]), entry["reason"], where)
                )
                told = say(
                    "{address} is at least {level}: {reason}",
                    address=entry["address"],
                    level=entry["level"],
                    reason=entry["reason"],
                )
                self.accepted.append(Evidence(told, where))
        return tuple(found)

    def waivers(self, entries: list[dict[str, Any]]) -> tuple[Waiver, ...]:
        accepted = self._policy.trust.waivers if self._inside else None
        found: list[Waiver] = []
        for position, entry in enumerate(entries):
            line, column = self._file.at("waivers", position)
            where = self._file.place("waivers", position)
            rules = tuple(dict.fromkeys(name.strip().upper() for name in entry["rules"]))
            counted = tuple(name for name in rules if accepted is None or name in accepted)
            if refused := [name for name in rules if name not in counted]:
                told = say(
                    "waiver of {rules} at {address}: the policy accepts no such waiver from the repository",
                    rules=", ".join(refused),
                    address=entry["address"],
                )
                self._refuse(told, where)
            if counted:
                # What it lacks, and whether it has ended, is for the judge to tell: that is a finding.
                waiver = Waiver(
                    rules=counted,
                    reason=entry.get("reason", "").strip(),
                    until=entry.get("until", "").strip(),
                    approver=entry.get("approver", "").strip(),
                    file=self._file.path,
                    line=line,
                    column=column,
                    address=entry["address"],
                )
                found.append(waiver)
        return tuple(found)

    def harmless(self, entries: list[dict[str, Any]]) -> tuple[Waiver, ...]:
        """Return the flows that are declared harmless, if waivers of their rule count from here."""
        accepted = self._policy.trust.waivers if self._inside else None
        found: list[Waiver] = []
        for position, entry in enumerate(entries):
            line, column = self._file.at("flows", position)
            where = self._file.place("flows", position)
            if accepted is not None and FLOW_RULE not in accepted:
                told = say(
                    "flow from {source} to {target}: the policy accepts no waiver of {rule} from the "
                    "repository",
                    source=entry["from"],
                    target=entry["to"],
                    rule=FLOW_RULE,
                )
                self._refuse(told, where)
                continue
            found.append(
                Waiver(
                    rules=(FLOW_RULE,),
                    reason=entry.get("reason", "").strip(),
                    until=entry.get("until", "").strip(),
                    approver=entry.get("approver", "").strip(),
                    file=self._file.path,
                    line=line,
                    column=column,
                    address=entry["from"],
                    to=entry["to"],
                )
            )
        return tuple(found)

    def rules(self) -> tuple[str, ...]:
        found = switched_on(self._file, self._catalog.rules)
        if found and self._inside and not self._policy.trust.rules:
            self._refuse(
                say("rules: the policy accepts no switches from the repository"), self._file.place("rules")
            )
            return ()
        self.accepted.extend(
            Evidence(say("rule {name} is on", name=name), self._file.place("rules", name)) for name in found
        )
        return found

    def on_unknown(self, data: dict[str, Any], *, pinned: bool) -> OnUnknown | None:
        if "on_unknown" not in data:
            return None
        where = self._file.place("on_unknown")
        if pinned and self._inside:
            self._refuse(say("on_unknown: the policy was given from outside, and decides"), where)
            return None
        self.accepted.append(Evidence(say("on_unknown is {value}", value=data["on_unknown"]), where))
        return OnUnknown(data["on_unknown"])

    def mirrors(self, hosts: list[str]) -> frozenset[str]:
        if hosts and self._inside and self._policy.trust.operators is not RepositoryWord.ANY:
            where = self._file.place("mirrors")
            self._refuse(say("mirrors: the repository cannot say which registry is to be trusted"), where)
            return frozenset()
        self.accepted.extend(
            Evidence(say("{host} mirrors the public registry", host=host), self._file.place("mirrors", at))
            for at, host in enumerate(hosts)
        )
        return frozenset(hosts)

    def _refuse(self, what: str, where: str) -> None:
        self.refused.append(Evidence(what, where))


def _without_registry(address: str) -> str:
    """Return a source address as the catalog writes it: without the host of a public registry."""
    host, _slash, rest = address.lower().partition("/")
    return rest if host in PUBLIC_REGISTRIES else address.lower()
