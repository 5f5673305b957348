"""Waivers: which findings they cover, and what is wrong with them (SOV011)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

import msgspec

from sovereign_guard.catalog import Catalog
from sovereign_guard.judge.fingerprints import fingerprint
from sovereign_guard.language import say, say_many
from sovereign_guard.model.address import address_glob
from sovereign_guard.model.finding import Assessment, Finding, Outcome, Severity, Verdict
from sovereign_guard.model.policy import Policy, Statements
from sovereign_guard.model.resource import Resource
from sovereign_guard.model.value import Evidence
from sovereign_guard.model.waiver import RULE, Waiver, fault

_WILD = re.compile(r"[*?]")
_DOWNLOADED = re.compile(r"(?:^|[\\/])\.terraform[\\/]modules[\\/]")
_NAMED = 10
"""Rules that a message names; a waiver may list any number."""


class Waivers:
    """The waivers in force in a run, and what becomes of each.

    Attributes:
        accepted: waivers that hold, in words, for the report. refused: those in comments that do not count
            here.

    """

    def __init__(
        self,
        catalog: Catalog,
        policy: Policy,
        statements: Statements,
        day: str,
        harmless: frozenset[Waiver] = frozenset(),
    ) -> None:
        """Take what the organisation states; `harmless`: declarations about flows that took one away."""
        self._text = catalog.rules[RULE]
        self._rules = frozenset(catalog.rules)
        self._terms = policy.waivers
        self._day = date.fromisoformat(day)
        self._heard = policy.trust.inline_waivers
        self._hears = statements.inline_waivers
        self._stated = [_Held(one, one.rules, self._fault(one)) for one in statements.waivers]
        self._globs = _Globs(self._stated)
        self._flows = [_Held(one, one.rules, self._fault(one)) for one in statements.harmless]
        for held in self._flows:
            held.judged = True
            held.used.update(held.covers if held.waiver in harmless else ())
        self._written: dict[Waiver, _Held] = {}
        self._seen: dict[int, _Held] = {}
        self.accepted: list[Evidence] = []
        self.refused: list[Evidence] = []

    def covering(self, rule: str, resource: Resource) -> Waiver | None:
        """Return the waiver that covers what a rule finds at a resource; None where there is none.

        Where several do, the nearest: a comment at the block, one at a module call, then those stated.
        """
        covering = None
        if not resource.directives and not self._stated:
            return None
        for held in self._at(resource):
            if rule in held.covers:
                held.used.add(rule)
                covering = covering or held.waiver
        return covering

    def findings(self, assessments: Sequence[Assessment]) -> list[Finding]:
        """Return what is wrong with waivers, once all findings have been held against them.

        One in a comment is a finding at the first resource that carries it.
        """
        for item in assessments:
            if not item.resource.directives and not self._stated:
                continue
            judged = item.verdict is not Verdict.NOT_JUDGED
            for held in self._at(item.resource):
                held.carrier = held.carrier or item
                held.judged = held.judged or judged
        found: list[Finding] = []
        for held in self._written.values():
            if len(held.heard) < len(held.waiver.rules):
                left = [rule for rule in held.waiver.rules if rule not in held.heard]
                what = say(
                    "waiver of {rules} in a comment: {why}",
                    rules=_named(left),
                    why=self._unheard(held.waiver),
                )
                self.refused.append(Evidence(what, held.waiver.where))
            if held.heard:
                found.extend(self._of(held, held.carrier))
        for held in (*self._stated, *self._flows):
            found.extend(self._of(held, None))
        return found

    @property
    def unmatched(self) -> tuple[Waiver, ...]:
        """Stated waivers whose glob matches no resource of the run, once `findings` has looked."""
        return tuple(held.waiver for held in self._stated if held.carrier is None)

    def _at(self, resource: Resource) -> Iterator[_Held]:
        for one in resource.directives:
            if isinstance(one, Waiver):
                yield self._comment(one)
        yield from self._globs.at(resource.address)

    def _comment(self, waiver: Waiver) -> _Held:
        # The resources of a block share its waivers, which may list many rules: each is looked into once.
        held = self._seen.get(id(waiver))
        if held is None:
            held = self._written.get(waiver)
            if held is None:
                held = self._written[waiver] = _Held(waiver, self._counted(waiver), self._fault(waiver))
            self._seen[id(waiver)] = held
        return held

    def _counted(self, waiver: Waiver) -> tuple[str, ...]:
        """Return the rules of a waiver in a comment for which the comment counts."""
        if not self._hears or _DOWNLOADED.search(waiver.file):
            return ()
        return tuple(rule for rule in waiver.rules if self._heard is None or rule in self._heard)

    def _unheard(self, waiver: Waiver) -> str:
        if not self._hears:
            return say("this run hears none (--no-inline-waivers or --ignore-repo-config)")
        if _DOWNLOADED.search(waiver.file):
            # It is somebody else's decision, and nobody here could correct it once it ends.
            return say("it came with a module that was downloaded; write it at the module call")
        return say("the policy accepts no such waiver from source")

    def _of(self, held: _Held, carrier: Assessment | None) -> Iterator[Finding]:
        """Give what is wrong with one waiver; `carrier` is the resource that it is written at."""
        waiver = msgspec.structs.replace(held.waiver, rules=held.heard)
        if held.fault:
            said = say("{fault}, so it covers nothing", fault=held.fault)
            yield self._finding(waiver, said, carrier, void=True)
            return
        self.accepted.append(Evidence(waiver.words, waiver.where))
        unused = [rule for rule in held.heard if rule not in held.used]
        if unused and held.judged:
            if waiver.to is not None:
                said = say("no flow is like it: remove it")
                yield self._finding(waiver, said, carrier, void=False)
                return
            if len(unused) == len(held.heard):
                said = say_many(
                    "{rules} finds nothing there: remove it",
                    "{rules} find nothing there: remove it",
                    len(unused),
                    rules=_named(unused),
                )
            else:
                said = say_many(
                    "{rules} finds nothing there: take that out of it",
                    "{rules} find nothing there: take that out of it",
                    len(unused),
                    rules=_named(unused),
                )
            yield self._finding(waiver, said, carrier, void=False)

    def _fault(self, waiver: Waiver) -> str:
        return fault(waiver, self._rules, self._terms, self._day)

    def _finding(self, waiver: Waiver, message: str, carrier: Assessment | None, *, void: bool) -> Finding:
        outcome = Outcome(
            rule=RULE,
            verdict=Verdict.FAIL,
            severity=Severity(self._text.severity) if void or self._terms.unused_fails else Severity.WARNING,
            message=say("{waiver}: {message}", waiver=_subject(waiver), message=message),
            evidence=(Evidence(waiver.words, waiver.where),),
            counts=void or self._terms.unused_fails,
            placement=False,
        )
        address = carrier.resource.address if carrier is not None else ""
        told_by = address or f"{waiver.address}\0{','.join(waiver.rules)}{waiver.to or ''}"
        return Finding(
            outcome=outcome,
            input=carrier.input if carrier is not None else waiver.file,
            address=address,
            introduced=True,
            fingerprint=fingerprint(RULE, told_by),
            file=waiver.file,
            line=waiver.line,
            column=waiver.column,
        )


class _Held:
    """A waiver, and what becomes of it in a run.

    Attributes:
        heard: its rules, without those for which its place does not count.
        fault: why it covers nothing; empty where it does.
        covers: rules whose findings it covers. used: those that found something.
        carrier: the first resource that it speaks of. judged: whether any of these was judged.

    """

    __slots__ = ("carrier", "covers", "fault", "heard", "judged", "used", "waiver")

    def __init__(self, waiver: Waiver, heard: tuple[str, ...], fault: str) -> None:
        self.waiver = waiver
        self.heard = heard
        self.fault = fault
        self.covers: frozenset[str] = frozenset(() if fault else heard)
        self.used: set[str] = set()
        self.carrier: Assessment | None = None
        self.judged = False


class _Globs:
    """Finds the waivers whose glob matches an address, without trying each of many."""

    def __init__(self, stated: Iterable[_Held]) -> None:
        self._exact: dict[str, list[_Held]] = defaultdict(list)
        self._by_start: dict[str, list[tuple[re.Pattern[str], _Held]]] = defaultdict(list)
        for held in stated:
            glob = held.waiver.address or ""
            wild = _WILD.search(glob)
            if wild is None:
                self._exact[glob].append(held)
            else:
                self._by_start[glob[: wild.start()]].append((address_glob(glob), held))
        self._lengths = sorted({len(start) for start in self._by_start})

    def at(self, address: str) -> Iterator[_Held]:
        """Give the waivers whose glob matches, those that name the address itself first."""
        yield from self._exact.get(address, ())
        for length in self._lengths:
            if length > len(address):
                return
            for matches, held in self._by_start.get(address[:length], ()):
                if matches.fullmatch(address):
                    yield held


def _subject(waiver: Waiver) -> str:
    if waiver.to is not None:
        return say("flow from {address} to {to}, declared harmless", address=waiver.address, to=waiver.to)
    if waiver.address is not None:
        return say("waiver of {rules} at {address}", rules=_named(waiver.rules), address=waiver.address)
    return say("waiver of {rules}", rules=_named(waiver.rules))


def _named(rules: Sequence[str]) -> str:
    named = ", ".join(rules[:_NAMED])
    if len(rules) <= _NAMED:
        return named
    return say("{named} and {number} more", named=named, number=len(rules) - _NAMED)
