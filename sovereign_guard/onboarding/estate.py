"""What an estate holds that its owner may have to decide about, as a report shows it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

import msgspec

from sovereign_guard.catalog import Catalog
from sovereign_guard.catalog.catalog import PUBLIC_REGISTRIES
from sovereign_guard.classify.labels import BLOCK_ARGUMENTS, Label, labels_in
from sovereign_guard.classify.vocabulary import Reader
from sovereign_guard.language import say
from sovereign_guard.model.address import without_keys
from sovereign_guard.model.finding import Assessment, Report, Verdict
from sovereign_guard.model.host import host_of
from sovereign_guard.model.knowledge import LabelAttributes, Provider
from sovereign_guard.model.label import normal
from sovereign_guard.model.resource import Family, ProviderConfiguration, Resource
from sovereign_guard.model.value import Reason, Tree, Unknown, walk

STEMS = (
    *("classif", "klassif", "clasific", "sensib", "sensit", "confiden", "vertraul", "geheim", "secrecy"),
    *("privac", "gdpr", "rgpd", "dsgvo", "personal", "personen", "personnel", "sovereign", "souverain"),
    *("schutz", "datenschutz", "dataprotect", "dataclass"),
)
"""Parts of a word by which a key that the vocabulary does not know looks like one that tells a level."""

_UNSET = frozenset({Reason.NOT_SET, Reason.NO_CONFIGURATION})
_ARGUMENTS = BLOCK_ARGUMENTS | {"propagate_at_launch"}


class ProviderSeen(msgspec.Struct, frozen=True):
    """A provider and what operates its resources.

    Attributes:
        address: source address without the host of a public registry; the first word of its types where the
            input tells none.
        operators: ids, of all its resources together. unknown: resources of which some operator is not known.
        catalogued: whether the catalog knows it. nothing: it places nothing.
        unset: resources whose operator nothing in the configuration tells, so that it can be stated.

    """

    address: str
    resources: int
    operators: tuple[str, ...]
    unknown: int
    catalogued: bool
    nothing: bool
    unset: int


class HostSeen(msgspec.Struct, frozen=True):
    """A host whose operator is not known, and how many resources are reached through it."""

    host: str
    resources: int
    providers: tuple[str, ...]


class LabelSeen(msgspec.Struct, frozen=True):
    """A label as it is read; `meaning` says what its value stands for."""

    key: str
    value: str
    resources: int
    meaning: str


class Estate(msgspec.Struct, frozen=True):
    """What is there. All of it sorted, the most frequent first; values that are sensitive are left out.

    Attributes:
        labels: those that the vocabulary knows.
        likely: keys that it does not know and that look as if they told a level. other: all other keys.
        hidden: resources with labels that Terraform marks sensitive.
        mirrors: hosts that serve addresses which the public registry has too.
        unlabelled: number of resources that bear data without a label, by type; an address of each.
        waivable: rule and address of a finding that makes the run fail, if there is one.

    """

    providers: tuple[ProviderSeen, ...]
    hosts: tuple[HostSeen, ...]
    labels: tuple[LabelSeen, ...]
    likely: tuple[tuple[str, int], ...]
    other: tuple[tuple[str, int], ...]
    hidden: int
    mirrors: tuple[str, ...]
    unlabelled: tuple[tuple[str, int, str], ...]
    waivable: tuple[str, str] | None


def survey(report: Report, catalog: Catalog) -> Estate:
    """Return what a report shows of an estate.

    Args:
        report: of all inputs together.
        catalog: by which it was made.

    """
    there = [item for item in report.assessments if item.verdict is not Verdict.NOT_JUDGED]
    providers = _providers(there, catalog)
    labels = _Labels(catalog)
    unlabelled: defaultdict[str, list[str]] = defaultdict(list)
    for item in there:
        if item.resource.mode != "managed":
            continue
        labels.hear(item.resource)
        if item.applicable and item.classification.labelled is False:
            unlabelled[item.resource.type].append(item.resource.address)
    deciding = [one for one in report.findings if report.decides(one) and one.address]
    first = next((one for one in deciding if one.outcome.verdict is Verdict.FAIL), None)
    return Estate(
        providers=providers,
        hosts=_hosts(there, catalog),
        labels=labels.known(),
        likely=labels.likely(),
        other=labels.other(),
        hidden=labels.hidden,
        mirrors=_mirrors(providers, catalog),
        unlabelled=tuple(
            (name, len(found), without_keys(found[0]))
            for name, found in sorted(unlabelled.items(), key=lambda pair: (-len(pair[1]), pair[0]))
        ),
        waivable=(first.outcome.rule, first.address) if first else None,
    )


# -- providers and hosts -------------------------------------------------------------------------------------


def _address_of(resource: Resource, catalog: Catalog) -> str:
    """Return the address by which a provider is known here."""
    written = resource.provider or next((c.provider for c in resource.configurations if c.provider), "")
    return catalog.short_address(written) if written else resource.type.partition("_")[0]


def _providers(there: list[Assessment], catalog: Catalog) -> tuple[ProviderSeen, ...]:
    groups: defaultdict[str, list[Assessment]] = defaultdict(list)
    facts: dict[str, Provider | None] = {}
    for item in there:
        address = _address_of(item.resource, catalog)
        groups[address].append(item)
        facts.setdefault(address, catalog.provider(item.resource.provider, item.resource.type))
    found = []
    for address, items in groups.items():
        ways = [item.placement.alternatives for item in items]
        provider = facts[address]
        places = provider is not None and provider.places == "operator" and not provider.operator
        unset = sum(
            any(way.missing and way.missing.reason in _UNSET and not way.operators for way in one)
            for one in ways
        )
        found.append(
            ProviderSeen(
                address=address,
                resources=len(items),
                operators=tuple(
                    dict.fromkeys(use.id for one in ways for way in one for use in way.operators)
                ),
                unknown=sum(any(way.missing is not None for way in one) for one in ways),
                catalogued=provider is not None,
                nothing=provider is not None and provider.places == "nothing",
                unset=unset if places else 0,
            )
        )
    return tuple(sorted(found, key=lambda one: (-one.resources, one.address)))


def _hosts(there: list[Assessment], catalog: Catalog) -> tuple[HostSeen, ...]:
    counts: Counter[str] = Counter()
    providers: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for item in there:
        missing = [way.missing for way in item.placement.alternatives]
        # Where the host itself is not told (a sensitive one, for example), words stand in its place.
        names = {
            one.detail
            for one in missing
            if one is not None and one.reason is Reason.NOT_STATED and host_of(one.detail) == one.detail
        }
        counts.update(names)
        for name in names:
            providers[name].setdefault(_address_of(item.resource, catalog))
    return tuple(
        HostSeen(host, number, tuple(sorted(providers[host])))
        for host, number in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    )


def _mirrors(providers: tuple[ProviderSeen, ...], catalog: Catalog) -> tuple[str, ...]:
    """Return registry hosts whose addresses the catalog knows under those of the public registry."""
    hosts: dict[str, None] = {}
    for one in providers:
        host, _slash, rest = one.address.partition("/")
        if not one.catalogued and "/" in rest and catalog.provider(f"{PUBLIC_REGISTRIES[0]}/{rest}", ""):
            hosts[host] = None
    return tuple(sorted(hosts))


# -- labels --------------------------------------------------------------------------------------------------


class _AllKeys:
    """Ears that hear every key (see `classify.labels.Ears`)."""

    def __init__(self) -> None:
        self.silent: set[str] = set()

    def hears_key(self, key: str) -> bool:
        """Whether it is a key rather than the argument of a block that has one."""
        return bool(key.strip()) and key not in _ARGUMENTS

    def hears_word(self, word: str) -> bool:  # noqa: ARG002 - part of the protocol
        """No word: the vocabulary's own ears hear those that matter."""
        return False


class _Places(msgspec.Struct, frozen=True, eq=False):
    """Where resources of a family keep labels: names of attributes, paths, and paths of default labels."""

    names: tuple[str, ...]
    paths: tuple[tuple[str, ...], ...]
    defaults: tuple[tuple[str, ...], ...]


class _Labels:
    """Counts labels, each once a resource."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._names = catalog.vocabulary.levels
        self._telling = frozenset(catalog.vocabulary.bare_words)
        self._reader = Reader(catalog.vocabulary)
        self._every = _AllKeys()
        self._families: dict[Family, _Places] = {}
        self._defaults: dict[
            tuple[ProviderConfiguration, tuple[tuple[str, ...], ...]], tuple[Label, ...]
        ] = {}
        self._known: Counter[tuple[str, str, str]] = Counter()
        self._unknown: Counter[str] = Counter()
        self._suspect: set[str] = set()
        self.hidden = 0

    def hear(self, resource: Resource) -> None:
        """Count the labels of a resource, with the default ones of its provider configuration."""
        places = self._families.get(resource.family)
        if places is None:
            places = self._families[resource.family] = self._places(resource.family)
        try:
            found = [*self._own(resource, places), *self._of_configurations(resource, places)]
        except RecursionError:
            return  # Nested so deeply that its level is Unknown, which is a finding of its own.
        shown = [label for label in found if not label.hidden]
        self.hidden += len(shown) < len(found)
        known: set[tuple[str, str, str]] = set()
        unknown: set[str] = set()
        for label in shown:
            if not label.key or self._reader.hears_key(label.key):
                known.add(self._known_label(label))
            else:
                unknown.add(label.key.strip())
                if not isinstance(label.value, Unknown) and normal(label.value) in self._telling:
                    self._suspect.add(label.key.strip())
        self._known.update(known)
        self._unknown.update(unknown)

    def _places(self, family: Family) -> _Places:
        provider = self._catalog.provider(family.provider, family.type)
        facts = self._catalog.type_facts(provider, family.type)
        paths = [tuple(path.split(".")) for path in (*facts.effective_labels, *facts.labels)]
        kept = provider.labels if provider else LabelAttributes()
        carried = self._catalog.carries_default_labels(family.provider, family.type) is not False
        return _Places(
            names=tuple(dict.fromkeys(path[0] for path in paths)),
            paths=tuple(paths),
            defaults=tuple(tuple(path.split(".")) for path in kept.defaults) if carried else (),
        )

    def _own(self, resource: Resource, places: _Places) -> Iterator[Label]:
        if places.names:
            values = dict(zip(places.names, resource.after.select(places.names), strict=True))
            for path in places.paths:
                for node in walk(values, path):
                    yield from self._in(node)

    def _of_configurations(self, resource: Resource, places: _Places) -> Iterator[Label]:
        for configuration in resource.configurations if places.defaults else ():
            key = (configuration, places.defaults)
            if key not in self._defaults:
                self._defaults[key] = tuple(
                    label
                    for path in places.defaults
                    for node in walk(configuration.settings, path)
                    for label in self._in(node)
                )
            yield from self._defaults[key]

    def _in(self, node: Tree) -> Iterator[Label]:
        """Give the labels of a container: those that the vocabulary hears, then all others."""
        for label in labels_in(node, "", self._reader):
            if isinstance(label, Label):
                yield label
        for label in labels_in(node, "", self._every):
            if isinstance(label, Label) and not self._reader.hears_key(label.key):
                yield label

    def known(self) -> tuple[LabelSeen, ...]:
        """Return the labels that the vocabulary knows."""
        return tuple(
            LabelSeen(key, value, number, meaning)
            for (key, value, meaning), number in sorted(
                self._known.items(), key=lambda pair: (-pair[1], pair[0])
            )
        )

    def _known_label(self, label: Label) -> tuple[str, str, str]:
        """Return key and value as shown, and what the value says."""
        key = label.key.strip()
        if isinstance(label.value, Unknown):
            return key, say("(not known)"), say("is not known before the apply, or rests on what is not read")
        if not key:
            level, outside = self._reader.bare(label.value), False
        else:
            reading = self._reader.read(label.key, label.value)
            level, outside = (reading.level, reading.outside) if reading is not None else (None, False)
        if outside:
            return key, label.value, say("is outside the vocabulary (SOV010)")
        if level is None:
            return key, "...", say("says no level")  # No report would show such a value either.
        return key, label.value, say("says {level}", level=self._names[level])

    def likely(self) -> tuple[tuple[str, int], ...]:
        """Return keys that the vocabulary does not know, and that look as if they told a level."""
        return self._unheard(likely=True)

    def other(self) -> tuple[tuple[str, int], ...]:
        """Return all other keys."""
        return self._unheard(likely=False)

    def _unheard(self, *, likely: bool) -> tuple[tuple[str, int], ...]:
        chosen = [pair for pair in self._unknown.items() if self._looks_telling(pair[0]) is likely]
        return tuple(sorted(chosen, key=lambda pair: (-pair[1], pair[0])))

    def _looks_telling(self, key: str) -> bool:
        whole = normal(key)
        return key in self._suspect or any(stem in whole for stem in STEMS)
