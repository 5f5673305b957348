"""The catalog's facts as values.

Field names are those of the files in rules/; rules/schemas/ says what each means.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import field

from sovereign_guard.language import language, say

UNKNOWN_DATE = "unknown"

DISPERSED = "dispersed"
"""Holder that stands for everybody and nobody: a company without a controlling holder, a State, a family."""


def begins(date: str) -> str:
    """First day of a day, month or year, as an ISO day; an unknown beginning is before all others."""
    if date == UNKNOWN_DATE:
        return "0001-01-01"
    return {4: f"{date}-01-01", 7: f"{date}-01"}.get(len(date), date)


class Source(msgspec.Struct, frozen=True):
    """Where a fact was read. `read` is False where we have not read the text itself."""

    title: str
    publisher: str
    consulted: str
    read: bool
    url: str = ""
    published: str = ""

    @property
    def cited(self) -> str:
        """Publisher, title and date, marked where the text was not read."""
        cited = ", ".join(filter(None, (self.publisher, self.title, self.published)))
        return cited if self.read else say("{source} (text not read by us)", source=cited)


class Seat(msgspec.Struct, frozen=True):
    """Country of the statutory seat."""

    country: str
    source: str


class Status(msgspec.Struct, frozen=True):
    """A dated state of the service."""

    state: Literal["announced", "active", "ended"]
    since: str = field(name="from")
    source: str = ""
    note: str = ""


class Ownership(msgspec.Struct, frozen=True):
    """Who held the company, from when until when, and whether that is control."""

    holder: str
    since: str = field(name="from")
    control: Literal["sole", "joint", "none", "not-known"]
    source: str
    until: str = ""
    share: float | None = None
    votes: float | None = None
    note: str = ""

    @property
    def controls(self) -> bool:
        """Whether the holder, alone or with others, has control."""
        return self.control in ("sole", "joint") and self.holder != DISPERSED

    def holds_on(self, day: str) -> bool:
        """Whether the interval contains this ISO day."""
        return begins(self.since) <= day and (not self.until or day < begins(self.until))


class Presence(msgspec.Struct, frozen=True):
    """A subsidiary, branch or data centre elsewhere."""

    country: str
    form: Literal["subsidiary", "branch", "data-centre"]
    source: str
    name: str = ""
    note: str = ""


class Supplier(msgspec.Struct, frozen=True):
    """A technology supplier under another jurisdiction."""

    name: str
    country: str
    what: str
    source: str


class Qualification(msgspec.Struct, frozen=True):
    """A certificate or qualification, with scope and dates."""

    scheme: str
    scope: str
    since: str = field(name="from")
    source: str = ""
    regions: tuple[str, ...] | None = None
    until: str = ""
    note: str = ""

    def in_force(self, day: str, region: str | None) -> bool | None:
        """Whether it covers this region on this day; None where the region is not known and it matters."""
        if begins(self.since) > day or (self.until and day >= begins(self.until)):
            return False
        if self.regions is None:
            return True
        if not self.regions:  # Some product of the operator's, not a region.
            return False
        return None if region is None else region.lower() in {code.lower() for code in self.regions}


class StricterTest(msgspec.Struct, frozen=True):
    """SecNumCloud 3.2, section 19.6."""

    answer: Literal["met", "not-met", "not-known"]
    grounds: str
    source: str = ""


class Named(msgspec.Struct, frozen=True):
    """A reseller or membership: a name, what is said of it, and where."""

    name: str
    source: str
    note: str = ""


class Operator(msgspec.Struct, frozen=True):
    """A company, or another holder of one.

    Attributes:
        internal: it is the organisation's own cloud, as the organisation states.
        declared: the organisation states it; it is not in the catalog.

    """

    id: str
    name: str
    kind: Literal["operator", "holder"]
    seat: Seat
    ownership: tuple[Ownership, ...]
    reviewed: str
    sources: dict[str, Source]
    legal_name: str = ""
    status: tuple[Status, ...] = ()
    presence: tuple[Presence, ...] = ()
    suppliers: tuple[Supplier, ...] = ()
    qualifications: tuple[Qualification, ...] = ()
    secnumcloud_19_6: StricterTest | None = None
    resellers: tuple[Named, ...] = ()
    memberships: tuple[Named, ...] = ()
    notes: str = ""
    internal: bool = False
    declared: bool = False

    @property
    def formal_name(self) -> str:
        """The name that the law knows, where recorded."""
        return self.legal_name or self.name

    def cited(self, source: str) -> str:
        """Return one of its sources in words, by its key; empty where there is none."""
        return self.sources[source].cited if source in self.sources else ""

    def state_on(self, day: str) -> Status | None:
        """Return the dated state in force on this day, None where none is recorded (taken for active)."""
        current: Status | None = None
        for status in self.status:
            if begins(status.since) <= day and (
                current is None or begins(current.since) <= begins(status.since)
            ):
                current = status
        return current


class RegionSettings(msgspec.Struct, frozen=True):
    """Where a provider's resources and configuration say their region."""

    attributes: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    setting_types: dict[str, tuple[str, ...]] = {}
    default: str = ""
    within: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    none: bool = False


class NamedEndpoint(msgspec.Struct, frozen=True):
    """What a named endpoint (`ovh-us`) stands for."""

    operator: str
    cloud: str = ""
    region: str = ""
    note: str = ""


class EndpointSetting(msgspec.Struct, frozen=True):
    """A setting of the provider configuration that says where it points."""

    setting: str
    reaches: Literal["others", "own"]
    value: Literal["url", "name", "domain"]
    types: tuple[str, ...] = ()
    names: dict[str, NamedEndpoint] = {}
    absent: Literal["own", "unknown"] | tuple[str, ...] | None = None
    environment: tuple[str, ...] = ()
    source: str = ""


class Infrastructure(msgspec.Struct, frozen=True):
    """What a resource says about the cloud below the service."""

    types: tuple[str, ...]
    names: str
    cloud: str = ""
    region: str = ""
    source: str = ""


class StandsOn(msgspec.Struct, frozen=True):
    """An operator on whose infrastructure a service stands; `types`: patterns of what it speaks of."""

    operator: str
    source: str
    types: tuple[str, ...] = ()
    note: str = ""


class LabelAttributes(msgspec.Struct, frozen=True):
    """Where a provider keeps labels."""

    effective: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    blocks: tuple[str, ...] = ()
    defaults: tuple[str, ...] = ()


class DataFact(msgspec.Struct, frozen=True):
    """What an attribute of a data source is, where the provider configuration alone decides it.

    Attributes:
        setting: path of the provider configuration's setting that gives it. Where that is not set, the value
            is not known: an environment variable or a file of the planner's may hold it.
        starts: beginning of the setting's value -> value of the attribute. Empty: the value is the setting's.
        otherwise: value where no beginning fits.
        unless: arguments of the data block, any of which makes the value another.
        unless_settings: settings of the provider configuration that do so.

    """

    setting: str
    starts: dict[str, str] = {}
    otherwise: str = field(name="else", default="")
    unless: tuple[str, ...] = ()
    unless_settings: tuple[str, ...] = ()
    source: str = ""

    def by_start(self, value: str) -> str | None:
        """Return what `starts` (which is not empty) makes of the setting's value; None if it says nothing."""
        if not value:
            return None
        fitting = max((start for start in self.starts if value.startswith(start)), key=len, default=None)
        return (self.otherwise or None) if fitting is None else self.starts[fitting]


class Provider(msgspec.Struct, frozen=True):
    """A Terraform provider.

    Attributes:
        data_sources: type of a data source -> attribute -> what gives it; only what needs no call of an API.

    """

    id: str
    addresses: tuple[str, ...]
    places: Literal["operator", "nothing", "tests"]
    reviewed: str
    sources: dict[str, Source]
    prefixes: tuple[str, ...] = ()
    operator: str = ""
    cloud: str = ""
    region: RegionSettings = RegionSettings()
    endpoints: tuple[EndpointSetting, ...] = ()
    infrastructure: tuple[Infrastructure, ...] = ()
    stands_on: tuple[StandsOn, ...] = ()
    labels: LabelAttributes = LabelAttributes()
    data_sources: dict[str, dict[str, DataFact]] = {}
    notes: str = ""


class LabelCarriers(msgspec.Struct, frozen=True):
    """Which resource types take a provider's default labels, in one version of its schema.

    Attributes:
        attributes: where such a resource has them, together with its own.

    """

    provider: str
    version: str
    attributes: tuple[str, ...]
    carrying: tuple[str, ...]
    without: tuple[str, ...]
    reviewed: str
    sources: dict[str, Source]
    notes: str = ""


class Region(msgspec.Struct, frozen=True):
    """A region of a cloud, or a multi-region, or `global`."""

    country: str = ""
    countries: tuple[str, ...] = ()
    everywhere: bool = False
    place: str = ""
    operator: str = ""
    aliases: tuple[str, ...] = ()
    ended: str = ""
    note: str = ""

    @property
    def lies_in(self) -> tuple[str, ...]:
        """Countries in which data lies; empty where that cannot be told."""
        return self.countries or ((self.country,) if self.country else ())


class CloudBelow(msgspec.Struct, frozen=True):
    """How a service's names lead to another cloud's regions."""

    cloud: str
    prefixes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    regions: dict[str, str] = {}


class RegionTable(msgspec.Struct, frozen=True):
    """The region codes of one cloud."""

    cloud: str
    reviewed: str
    sources: dict[str, Source]
    operator: str = ""
    complete: bool = False
    regions: dict[str, Region] = {}
    zones: tuple[str, ...] = ()
    clouds: dict[str, CloudBelow] = {}


class HostPattern(msgspec.Struct, frozen=True):
    """A host pattern and who operates what answers there."""

    host: str
    operator: str
    source: str
    cloud: str = ""
    region: str = ""
    infrastructure: str = ""
    stands_on_others: bool = False
    exact: bool = False
    note: str = ""


class Parent(msgspec.Struct, frozen=True):
    """Which attribute names the resource in which this one lies, and of which types that can be.

    Attributes:
        attribute: one name, or several as versions of the provider differ: the first that is set counts.

    """

    attribute: str | tuple[str, ...]
    types: tuple[str, ...]

    @property
    def attributes(self) -> tuple[str, ...]:
        """The names, in order."""
        return (self.attribute,) if isinstance(self.attribute, str) else self.attribute


class ResourceRule(msgspec.Struct, frozen=True):
    """What the types of one pattern do with data."""

    match: str
    kind: str
    plaintext: bool = False
    parent: Parent | None = None
    region: tuple[str, ...] | None = None
    copies: tuple[str, ...] = ()
    place: str = ""
    labels: tuple[str, ...] | None = None
    note: str = ""


class Service(msgspec.Struct, frozen=True):
    """A service whose endpoint can be set by itself."""

    id: str
    keys: tuple[str, ...]
    types: tuple[str, ...]
    compatible: bool = False


class FlowEnd(msgspec.Struct, frozen=True):
    """One end of a flow: the attribute that names it, or what it always is.

    Attributes:
        attribute: paths, each of which counts; none where the end is named otherwise.
        types: type patterns of what the attribute can name; empty: whatever its expression refers to.
        names: attributes, beside the usual identifiers, by which those are named.
        data: the attribute's value is itself what passes on.
        guess: where the value is not known, it may name any resource of the types.
        bare: what a plain name that nothing here bears stands for: `here`, `unknown`, or an operator id.
        operator: always this operator. provider: always the operators of the declaring resource's provider.
        unknown: nobody can tell, and why.

    """

    attribute: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    names: tuple[str, ...] = field(name="as", default=())
    data: bool = False
    guess: bool = True
    bare: str = "here"
    operator: str = ""
    provider: bool = False
    unknown: str = ""


class Condition(msgspec.Struct, frozen=True):
    """A condition on an attribute: one of the values `one_of`, or none of `none_of`; neither: it is set."""

    attribute: str
    one_of: tuple[str | bool | int | float, ...] = field(name="is", default=())
    none_of: tuple[str | bool | int | float, ...] = field(name="not", default=())


class FlowRule(msgspec.Struct, frozen=True):
    """One way in which resources of some types pass data on; an end that is None is the resource itself."""

    at: tuple[str, ...]
    flow: str
    source: FlowEnd | None = field(name="from", default=None)
    target: FlowEnd | None = field(name="to", default=None)
    when: Condition | None = None
    note: str = ""

    @property
    def asks(self) -> tuple[str, ...]:
        """Paths of the attributes that are looked at."""
        return _asked(self.when, self.source, self.target)


class KeyCustody(msgspec.Struct, frozen=True):
    """Who holds the key of some data; `of` None: the data of the declaring resource."""

    at: tuple[str, ...]
    held: Literal["kms", "external", "supplied"]
    of: FlowEnd | None = None
    key: FlowEnd | None = None
    when: Condition | None = None
    note: str = ""

    @property
    def asks(self) -> tuple[str, ...]:
        """Paths of the attributes that are looked at."""
        return _asked(self.when, self.of, self.key)


def _asked(when: Condition | None, *ends: FlowEnd | None) -> tuple[str, ...]:
    paths = tuple(path for end in ends if end is not None for path in end.attribute)
    return (when.attribute, *paths) if when is not None else paths


class FlowKind(msgspec.Struct, frozen=True):
    """A kind of flow: the verb that evidence prints, and which data passes."""

    says: str
    means: str


class NamePattern(msgspec.Struct, frozen=True):
    """A form of names that says by itself which cloud they belong to.

    Attributes:
        pattern: for the beginning; its groups `partition`, `region` and `host` may say more.
        operators: who it can be, by partition. here: it lies where the resource that writes it does.

    """

    pattern: str
    source: str
    cloud: str = ""
    operators: dict[str, tuple[str, ...]] = {}
    here: bool = False


class FlowWords(msgspec.Struct, frozen=True):
    """What flows are called, and which names say what.

    Attributes:
        identifiers: attributes which name a resource and hold none of its data; one that begins with `_` is
            an ending.

    """

    kinds: dict[str, FlowKind] = {}
    identifiers: tuple[str, ...] = ()
    names: tuple[NamePattern, ...] = ()


class ResourceTable(msgspec.Struct, frozen=True):
    """The resource types of one provider."""

    types: tuple[ResourceRule, ...]
    services: tuple[Service, ...] = ()
    flows: tuple[FlowRule, ...] = ()
    keys: tuple[KeyCustody, ...] = ()


class KeyRule(msgspec.Struct, frozen=True):
    """A label key: how its value is read. Words are in normal form."""

    spelling: str
    reads: Literal["scheme", "flag", "regime"]
    level: int = 0
    strict: bool = True
    false_friends: tuple[str, ...] = ()
    values: dict[str, int] = {}


class Vocabulary(msgspec.Struct, frozen=True):
    """Label keys and values in normal form (model/label.py), levels as indexes."""

    levels: tuple[str, ...]
    keys: dict[str, KeyRule]
    prefixable: tuple[str, ...]
    values: dict[str, int]
    regimes: dict[str, int]
    yes: tuple[str, ...]
    no: tuple[str, ...]
    qualifiers: tuple[str, ...]
    negations: tuple[str, ...]
    bare_words: tuple[str, ...]


class Correspondence(msgspec.Struct, frozen=True):
    """A provision of another text that a rule's findings bear on. It is no proof of anything.

    Attributes:
        framework, name, title, url: the text: its id, and what it is called. reference: article or section.
        why: what the provision has to do with the finding. fr: the texts among these in French.

    """

    framework: str
    name: str
    title: str
    url: str
    reference: str
    why: str
    source: Source
    fr: dict[str, str] = {}

    def told(self, what: Literal["name", "title", "reference", "why"]) -> str:
        """Return one of its texts in the language that is spoken."""
        english: str = getattr(self, what)
        return self.fr.get(what, english) if language() == "fr" else english


class RuleText(msgspec.Struct, frozen=True):
    """What is told about a rule (rules/checks/).

    Attributes:
        english: its title in English, of which identifiers are made whichever language is spoken.

    """

    id: str
    title: str
    severity: Literal["critical", "high", "medium", "low"]
    security_severity: str
    placement: bool
    why: str
    fix: str
    optional: bool = False
    references: tuple[dict[str, str | bool], ...] = ()
    english: str = ""
    correspondences: tuple[Correspondence, ...] = ()


class NameIn(msgspec.Struct, frozen=True):
    """A name in another language."""

    name: str


class LossIn(msgspec.Struct, frozen=True):
    """What an exchange costs, in another language; `software`: its name, where that is not the same."""

    lost: str
    software: str = ""


class Offer(msgspec.Struct, frozen=True):
    """What may stand in the place of a service: an operator's own, or software that one runs oneself.

    Attributes:
        operator: empty for software. types: resource types that serve it there, or set the software up.
        below: the operator on whose infrastructure the service stands, where that is another.
        software: its name. runs_on: kinds of service that it runs on (ids).
        lost: what is lost or different in the exchange. sources: keys of the kind's sources.

    """

    lost: str
    fr: LossIn
    types: tuple[str, ...] = ()
    operator: str = ""
    below: str = ""
    software: str = ""
    runs_on: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    self_run: bool = False


class ServiceKind(msgspec.Struct, frozen=True):
    """A kind of service, the resource types that are of it (patterns), and what may stand in their place."""

    id: str
    name: str
    fr: NameIn
    types: tuple[str, ...]
    instead: tuple[Offer, ...]
    reviewed: str
    sources: dict[str, Source]
