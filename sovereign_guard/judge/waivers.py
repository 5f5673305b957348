"""Waivers: which findings they cover, and what is wrong with them (SOV011)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import date, timedelta

from sovereign_guard.catalog import Catalog
from sovereign_guard.judge.fingerprints import fingerprint
from sovereign_guard.model.address import address_glob
from sovereign_guard.model.finding import Assessment, Finding, Outcome, Severity, Verdict
from sovereign_guard.model.policy import Policy, Statements
from sovereign_guard.model.resource import Resource
from sovereign_guard.model.value import Evidence
from sovereign_guard.model.waiver import RULE, Waiver

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class Waivers:
    """The waivers in force in a run, and what becomes of each.

    Attributes:
        accepted: waivers that hold, in words, for the report. refused: those in comments that the policy does
            not hear.

    """

    def __init__(self, catalog: Catalog, policy: Policy, statements: Statements, day: str) -> None:
        self._text = catalog.rules[RULE]
        self._rules = frozenset(catalog.rules)
        self._terms = policy.waivers
        self._day = date.fromisoformat(day)
        self._heard = (policy.trust.inline_waivers or ()) if statements.inline_waivers else ()
        self._hears_all = statements.inline_waivers and policy.trust.inline_waivers is None
        self._stated = [(address_glob(one.address or ""), one) for one in statements.waivers]
        self._used: set[tuple[Waiver, str]] = set()
        self._faults: dict[Waiver, str] = {}
        self.accepted: list[Evidence] = []
        self.refused: list[Evidence] = []

    def covering(self, rule: str, resource: Resource) -> Waiver | None:
        """Return the waiver that covers what a rule finds at a resource; None where there is none."""
        covering = None
        for waiver in self._at(resource):
            heard = waiver.address is not None or self._hears(rule)
            if heard and rule in waiver.rules and not self._fault(waiver):
                self._used.add((waiver, rule))
                covering = covering or waiver
        return covering

    def findings(self, assessments: Sequence[Assessment]) -> list[Finding]:
        """Return what is wrong with waivers, once all findings have been held against them.

        One in a comment is a finding at the first resource that carries it.
        """
        found: list[Finding] = []
        carriers: dict[Waiver, Assessment] = {}
        for item in assessments:
            for one in item.resource.directives:
                if isinstance(one, Waiver):
                    carriers.setdefault(one, item)
        for waiver, item in carriers.items():
            counted = tuple(rule for rule in waiver.rules if self._hears(rule))
            if len(counted) < len(waiver.rules):
                left = ", ".join(rule for rule in waiver.rules if rule not in counted)
                what = f"waiver of {left} in a comment: not accepted"
                self.refused.append(Evidence(what, waiver.where))
            if counted:
                judged = item.verdict is not Verdict.NOT_JUDGED
                found.extend(self._of(waiver, counted, item, [item] if judged else []))
        for matches, waiver in self._stated:
            covered = [item for item in assessments if matches.fullmatch(item.resource.address)]
            judged_ones = [item for item in covered if item.verdict is not Verdict.NOT_JUDGED]
            found.extend(self._of(waiver, waiver.rules, None, judged_ones))
        return found

    def _at(self, resource: Resource) -> Iterator[Waiver]:
        for one in resource.directives:
            if isinstance(one, Waiver):
                yield one
        for matches, waiver in self._stated:
            if matches.fullmatch(resource.address):
                yield waiver

    def _hears(self, rule: str) -> bool:
        return self._hears_all or rule in self._heard

    def _of(
        self, waiver: Waiver, rules: Collection[str], carrier: Assessment | None, covered: list[Assessment]
    ) -> Iterator[Finding]:
        """Give what is wrong with one waiver.

        Args:
            rules: those of its rules that are heard. carrier: the resource that it is written at.
            covered: resources that it speaks of and that were judged.

        """
        fault = self._fault(waiver)
        if not fault:
            self.accepted.append(Evidence(waiver.words, waiver.where))
        else:
            yield self._finding(waiver, f"{fault}, so it covers nothing", carrier, void=True)
            return
        unused = [rule for rule in rules if (waiver, rule) not in self._used]
        if unused and covered:
            message = f"{' and '.join(unused)} found nothing that it would cover: remove it"
            yield self._finding(waiver, message, carrier, void=False)

    def _fault(self, waiver: Waiver) -> str:
        """Return why a waiver covers nothing, empty where it does."""
        found = self._faults.get(waiver)
        if found is None:
            found = self._faults[waiver] = self._examined(waiver)
        return found

    def _examined(self, waiver: Waiver) -> str:
        for rule in waiver.rules:
            if rule not in self._rules:
                return f"there is no rule {rule[:20]}"
            if rule == RULE:
                return f"what {RULE} says of waivers cannot be waived"
        if not waiver.reason:
            return "it gives no reason"
        if not waiver.until:
            return "it has no end (until=YYYY-MM-DD)"
        try:
            until = date.fromisoformat(waiver.until) if _DAY.fullmatch(waiver.until) else None
        except ValueError:
            until = None
        if until is None:
            return f"its end, {waiver.until[:40]!r}, is no day (write until=2027-03-31)"
        if until < self._day:
            return f"it ended on {waiver.until}"
        if until > self._day + timedelta(days=self._terms.max_days):
            return (
                f"it runs to {waiver.until}, more than the {self._terms.max_days} days that the policy allows"
            )
        if self._terms.approver and not waiver.approver:
            return 'it names no approver (approver="..."), as the policy asks'
        return ""

    def _finding(self, waiver: Waiver, message: str, carrier: Assessment | None, *, void: bool) -> Finding:
        outcome = Outcome(
            rule=RULE,
            verdict=Verdict.FAIL,
            severity=Severity(self._text.severity) if void or self._terms.unused_fails else Severity.WARNING,
            message=f"waiver of {', '.join(waiver.rules)}: {message}",
            evidence=(Evidence(waiver.words, waiver.where),),
            counts=void or self._terms.unused_fails,
            placement=False,
        )
        address = carrier.resource.address if carrier is not None else ""
        told_by = address or f"{waiver.address}\0{','.join(waiver.rules)}"
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
