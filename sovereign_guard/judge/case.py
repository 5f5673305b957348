"""What a rule looks at, and the exact three-valued logic over candidates.

An Unknown with candidates is judged as each of them: all fail -> fail, all pass -> pass, else unknown. So
more knowledge never changes a decided verdict, and less never gives another decided one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from sovereign_guard.catalog import Catalog
from sovereign_guard.language import say
from sovereign_guard.model.classification import Classification, Kind
from sovereign_guard.model.finding import Verdict
from sovereign_guard.model.flow import Custody, Outward
from sovereign_guard.model.placement import Alternative, Placement
from sovereign_guard.model.policy import Policy, Requirement
from sovereign_guard.model.value import Evidence, Unknown, words
from sovereign_guard.model.wording import either


class Case(msgspec.Struct, frozen=True, eq=False):
    """A placement and a classification under a policy.

    Attributes:
        classification: what labels and containers say of the data.
        before: how the resource was classified before the change, None where there was nothing or where the
            change does not touch it.
        total: the classification with what flows in. outward: what leaves the configuration from here.
        custody: who holds the keys. kind: what the type does with data, None where it is not known.

    """

    placement: Placement
    classification: Classification
    before: Classification | None
    policy: Policy
    catalog: Catalog
    day: str
    total: Classification
    outward: tuple[Outward, ...] = ()
    custody: tuple[Custody, ...] = ()
    kind: Kind | None = None

    def level(self, index: int) -> str:
        """Return a level's name."""
        return self.catalog.vocabulary.levels[index]

    @property
    def levels_in_words(self) -> str:
        """The level, or the levels that are possible."""
        return either(self.level(index) for index in self.classification.levels)

    def requirements(self) -> tuple[Requirement, ...]:
        """Return what each level that is possible requires."""
        return tuple(self.policy.requirements[index] for index in self.classification.levels)

    def operator_name(self, operator_id: str) -> str:
        """Return an operator's name, for messages."""
        operator = self.catalog.operator(operator_id)
        return operator.name if operator else operator_id

    def decide(self, *judges: Judge) -> Verdict:
        """Judge each level that is possible with each alternative placement, and join the verdicts.

        Several judges must all be content with a candidate, which is the worst that one of them says.
        """
        alternatives = self.placement.alternatives
        if len(judges) == 1:
            return join(judges[0](self, need, way) for need in self.requirements() for way in alternatives)
        return join(
            worst(judge(self, need, way) for judge in judges)
            for need in self.requirements()
            for way in alternatives
        )


Judge = Callable[[Case, Requirement, Alternative], Verdict]
"""What a rule says of one candidate: a placement that the resource may have, at a level that it may have."""


class Ruling(msgspec.Struct, frozen=True):
    """What a rule says of a case: `fail` or `unknown`, in words, with its own evidence.

    Attributes:
        lowered: the policy wants no more than a warning of it.
        whole: its evidence tells the whole story, from the label to the operator.
        elsewhere: operators that data goes to from here; `?` for one that is not known.

    """

    verdict: Verdict
    message: str
    evidence: tuple[Evidence, ...] = ()
    lowered: bool = False
    whole: bool = False
    elsewhere: tuple[str, ...] = ()


def not_known(cause: Unknown) -> Evidence:
    """Return evidence of what is not known: the details of it, or else the reason."""
    return Evidence(say("not known: {what}", what=cause.detail or words(cause.reason)), cause.origin)


def join(verdicts: Iterable[Verdict]) -> Verdict:
    """Join the verdicts over candidates: unanimous, or unknown. No candidate at all is a pass."""
    first: Verdict | None = None
    for verdict in verdicts:
        if first is None:
            first = verdict
        elif verdict is not first:
            return Verdict.UNKNOWN
    return first or Verdict.PASS


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst of the verdicts of several rules, all of which hold at once."""
    found = set(verdicts)
    return next((v for v in (Verdict.FAIL, Verdict.UNKNOWN) if v in found), Verdict.PASS)
