"""What tells a finding apart from run to run, and which findings a baseline knows."""

from __future__ import annotations

import hashlib
import posixpath
from collections import defaultdict

from sovereign_guard.model.classification import Classification
from sovereign_guard.model.finding import Outcome, Verdict
from sovereign_guard.model.placement import Placement
from sovereign_guard.model.resource import InputKind, Inventory, Resource
from sovereign_guard.model.waiver import NEVER_IN_BASELINE, Baseline, BaselineEntry, input_name

_GRAVITY = {Verdict.UNKNOWN: 1, Verdict.FAIL: 2}


def fingerprint(rule: str, address: str) -> str:
    """Return an identifier of a finding that stays the same from run to run and from machine to machine."""
    return hashlib.sha256(f"{rule}\0{address}".encode()).hexdigest()[:32]


def oldest_address(resource: Resource) -> str:
    """Return the address that a resource had first, as far as the input tells: renames change no identity."""
    return resource.renamed_from[-1] if resource.renamed_from else resource.address


def _interchangeable(was: str, now: str) -> bool:
    folders = [posixpath.dirname(name) for name in (was, now)]
    elsewhere = any(name.startswith("../") or posixpath.basename(name) == "-" for name in (was, now))
    return elsewhere or folders[0] == folders[1]


class Known:
    """The findings that a baseline knows."""

    def __init__(
        self, baseline: Baseline, root: str, levels: tuple[str, ...], inventories: tuple[Inventory, ...]
    ) -> None:
        """Take a baseline.

        Args:
            root: of the judged repository. levels: names of the levels, lowest first.
            inventories: this run's. Where both the baseline and this run have one alone, and that is no
                source, they are taken for the same by any name, unless they lie in two folders of the
                repository: plans get any name, but those of two root modules are two.

        """
        self._levels = {name: index for index, name in enumerate(levels)}
        self._root = root
        alone = len(baseline.inputs) == len(inventories) == 1
        self._one = (
            alone
            and inventories[0].kind is not InputKind.HCL
            and _interchangeable(baseline.inputs[0], input_name(inventories[0].path, root))
        )
        # By what a reader of the file sees, not by the fingerprint: nobody reviews that.
        self._entries: dict[tuple[str, str], list[BaselineEntry]] = defaultdict(list)
        for entry in baseline.entries:
            self._entries[entry.rule, entry.address].append(entry)

    def holds(
        self,
        outcome: Outcome,
        resource: Resource,
        source: str,
        placement: Placement,
        classification: Classification,
    ) -> bool:
        """Whether a finding stood, under this address or one that the resource had before.

        It must have been no less grave, on no lower data, and, if it fails, with no operator that is new.

        Args:
            source: path of the input.

        """
        rule, verdict = outcome.rule, outcome.verdict
        if rule in NEVER_IN_BASELINE:
            return False
        addresses = (resource.address, *resource.renamed_from)
        found = [entry for address in addresses for entry in self._entries.get((rule, address), ())]
        if not found:
            return False
        told = input_name(source, self._root)
        return any(
            (self._one or entry.input == told)
            and _GRAVITY.get(verdict, 2) <= _GRAVITY.get(Verdict(entry.verdict), 0)
            and max(classification.levels) <= self._levels.get(entry.level, -1)
            and (verdict is Verdict.UNKNOWN or set(outcome.operators(placement)) <= set(entry.operators))
            for entry in found
        )
