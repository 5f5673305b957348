"""What a policy requires, and what an organisation states about itself."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from sovereign_guard.model.value import Evidence
from sovereign_guard.model.waiver import Waiver, WaiverTerms


class OnUnknown(StrEnum):
    """What an `unknown` verdict counts as: decides severity and exit code, never the verdict."""

    FAIL = "fail"
    WARN = "warn"


class Jurisdictions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A condition on ISO country codes: inside `allow` (None: no condition) and outside `forbid`."""

    allow: tuple[str, ...] | None = None
    forbid: tuple[str, ...] = ()

    def accepts(self, code: str) -> bool:
        """Whether the condition holds for this code."""
        return code not in self.forbid and (self.allow is None or code in self.allow)


class Requirement(msgspec.Struct, frozen=True):
    """What one level requires of a placement. Everything absent is not required.

    Attributes:
        control: condition on seat and control of every operator (SOV001).
        territory: condition on where data lies (SOV002).
        internal: only operators declared as the organisation's own (SOV008).
        qualification: a scheme of which a qualification must be in force (SOV009).
        presence_counts: a subsidiary or branch counts as exposure.
        suppliers_count: a technology supplier counts as exposure.
        external_keys_lower: SOV001 only warns of data that is stored under keys which others hold, all of
            whom the level allows.

    """

    control: Jurisdictions | None = None
    territory: Jurisdictions | None = None
    internal: bool = False
    qualification: str | None = None
    presence_counts: bool = False
    suppliers_count: bool = False
    external_keys_lower: bool = False


class RepositoryWord(StrEnum):
    """Which statements the policy accepts from the scanned repository (design, section 9)."""

    NONE = "none"
    GAPS = "gaps"
    ANY = "any"


class Trust(msgspec.Struct, frozen=True):
    """What counts when it is said in the scanned repository itself.

    Attributes:
        operators: `none`; `gaps`, only where the catalog cannot tell (the default); `any`.
        levels: whether the repository may raise levels.
        rules: whether the repository may switch optional rules on.
        waivers, inline_waivers: rules that the repository's configuration, or comments in source, may waive;
            None: all of them.
        baseline, catalog: whether a baseline, or a catalog, that lies in the repository counts.

    """

    operators: RepositoryWord = RepositoryWord.GAPS
    levels: bool = True
    rules: bool = True
    waivers: tuple[str, ...] | None = None
    inline_waivers: tuple[str, ...] | None = None
    baseline: bool = True
    catalog: bool = False


class Policy(msgspec.Struct, frozen=True):
    """A policy, resolved: requirements by level index.

    Attributes:
        source: file it was read from, or `built in`.
        requirements: one for each level of the vocabulary, lowest first.
        unlabelled: index of the level at which data without any label is judged.
        optional_rules: ids of rules that are off unless named here.
        waivers: what it asks of waivers.

    """

    id: str
    title: str
    source: str
    requirements: tuple[Requirement, ...]
    unlabelled: int
    on_unknown: OnUnknown
    optional_rules: tuple[str, ...] = ()
    trust: Trust = Trust()
    waivers: WaiverTerms = WaiverTerms()


class DeclaredOperator(msgspec.Struct, frozen=True):
    """What the organisation states about where an operator is found, and where the statement stands.

    Attributes:
        id: of an operator that the catalog, or the catalog as the statements extend it, knows.
        endpoints: hosts (or `*.suffix`) that it answers at.
        providers: source addresses all of whose resources lie with it.
        region, country: of these resources, where stated.
        from_repository: the statement counts only where the catalog has no answer.

    """

    id: str
    name: str
    endpoints: tuple[str, ...]
    providers: tuple[str, ...]
    region: str | None
    country: str | None
    reason: str
    origin: str
    from_repository: bool


class DeclaredLevel(msgspec.Struct, frozen=True):
    """A level stated for addresses that match a glob; it can only raise."""

    address: str
    level: int
    reason: str
    origin: str


class Statements(msgspec.Struct, frozen=True):
    """All that the organisation stated and that counts.

    Attributes:
        waivers: those of the configuration. inline_waivers: whether waivers in comments may count.
        harmless: flows that are declared harmless, as waivers with an end to which they lead.
        accepted, refused: every statement in words, for the report, by whether it counts.

    """

    operators: tuple[DeclaredOperator, ...] = ()
    levels: tuple[DeclaredLevel, ...] = ()
    optional_rules: tuple[str, ...] = ()
    on_unknown: OnUnknown | None = None
    waivers: tuple[Waiver, ...] = ()
    inline_waivers: bool = True
    harmless: tuple[Waiver, ...] = ()
    accepted: tuple[Evidence, ...] = ()
    refused: tuple[Evidence, ...] = ()
