"""Compares what `scan DIR` and `scan plan.json` say of the same configuration, resource by resource.

The scenarios are the folders of `fixtures/parity/`; its README describes them.
"""

from __future__ import annotations

import enum
import json
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.command import run_json

SCENARIOS = Path(__file__).parent.parent / "fixtures" / "parity"
AS_OF = "2026-11-24"
FIELDS = ("operators", "region", "country", "level", "verdict")
NOT_SOURCE = {"plan.json", "left-out.json", "args.json", "config.yaml", "proves.txt"}
"""What a folder holds besides the configuration."""

Json = dict[str, Any]


class Outcome(enum.Enum):
    """How one field of one resource compares."""

    SAME = "same"
    SOURCE_UNKNOWN = "we say Unknown"
    PLAN_UNKNOWN = "plan says Unknown"
    OPPOSITE = "OPPOSITE"


@dataclass(frozen=True)
class Value:
    """What one side says of one field.

    Where it is `known`, `certain` is all there is to say. Where it is not, `certain` is the part that is sure
    nevertheless, and `possible` everything that it could be; None where that set is not known.
    """

    known: bool
    certain: frozenset[str]
    possible: frozenset[str] | None = None

    def __str__(self) -> str:
        said = ", ".join(sorted(self.certain)) or "nothing"
        if self.known:
            return said
        return "Unknown" + (f" beside {said}" if self.certain else "")

    def allows(self, other: Value) -> bool:
        """Tell whether `other`, the more certain of both, can be true if this is."""
        if self.known:
            return not other.known or self.certain == other.certain
        if other.known and not self.certain <= other.certain:
            return False
        return self.possible is None or not other.known or other.certain <= self.possible


@dataclass(frozen=True)
class Difference:
    """A field, or a whole resource, on which both sides do not say the same."""

    scenario: str
    address: str
    field: str
    source: str
    plan: str
    outcome: Outcome
    reason: str = ""

    def __str__(self) -> str:
        because = f" ({self.reason})" if self.reason else ""
        return (
            f"{self.outcome.value}: {self.scenario}: {self.address}: {self.field}: "
            f"source {self.source}{because}, plan {self.plan}"
        )


@dataclass(frozen=True)
class LeftOut:
    """Addresses that are not compared: one, or a glob in which `*` stands for anything."""

    address: str
    reason: str
    by: str

    def covers(self, address: str) -> bool:
        """Tell whether the address is one of them."""
        pattern = ".*".join(re.escape(part) for part in self.address.split("*"))
        return re.fullmatch(pattern, address, re.DOTALL) is not None


@dataclass(frozen=True)
class Comparison:
    """The result for one scenario, or for several added up."""

    resources: int = 0
    differences: tuple[Difference, ...] = ()
    left_out: tuple[str, ...] = ()
    unused: tuple[str, ...] = field(default=())
    """Entries of left-out.json that cover nothing."""

    def __add__(self, other: Comparison) -> Comparison:
        return Comparison(
            self.resources + other.resources,
            self.differences + other.differences,
            self.left_out + other.left_out,
            self.unused + other.unused,
        )

    def of(self, outcome: Outcome) -> tuple[Difference, ...]:
        """Return the differences of one outcome."""
        return tuple(d for d in self.differences if d.outcome is outcome)

    @property
    def resources_unknown_in_source(self) -> int:
        """Number of resources of which the source leaves something open that the plan knows."""
        return len({(d.scenario, d.address) for d in self.of(Outcome.SOURCE_UNKNOWN)})

    def listing(self) -> str:
        """Return everything that is not the same, with a line of numbers first."""
        numbers = Counter(d.outcome for d in self.differences)
        lines = [
            f"{self.resources} resources compared, {len(self.left_out)} left out; fields: "
            + ", ".join(f"{numbers[o]} {o.value}" for o in Outcome if o is not Outcome.SAME)
            + f"; {self.resources_unknown_in_source} resources with something Unknown that the plan knows"
        ]
        return "\n".join([*lines, *map(str, self.differences)])


def names() -> list[str]:
    """Return the names of the scenarios that have a plan, in order."""
    return sorted(path.parent.name for path in SCENARIOS.glob("*/plan.json"))


def arguments_of(folder: Path) -> Json:
    """Return what the folder's args.json says, or an empty object."""
    stated = folder / "args.json"
    arguments: Json = json.loads(stated.read_text(encoding="utf-8")) if stated.exists() else {}
    strange = set(arguments) - {"var", "var_file", "workspace"}
    if strange:
        raise ValueError(f"{stated}: not understood: {', '.join(sorted(strange))}")
    return arguments


def variable_options(arguments: Mapping[str, Any], folder: Path) -> list[str]:
    """Return `--var-file` and `--var` options; a value that is not a string is written as JSON."""
    options: list[str] = []
    for name in arguments.get("var_file", []):
        options += ["--var-file", str(folder / name)]
    for name, value in arguments.get("var", {}).items():
        options += ["--var", f"{name}={value if isinstance(value, str) else json.dumps(value)}"]
    return options


def left_out_of(folder: Path) -> list[LeftOut]:
    """Return the entries of the folder's left-out.json."""
    stated = folder / "left-out.json"
    if not stated.exists():
        return []
    return [LeftOut(**entry) for entry in json.loads(stated.read_text(encoding="utf-8"))]


def scan_source(folder: Path, work: Path) -> Json:
    """Return the report on a copy of the folder's configuration, in which no plan lies.

    Args:
        folder: The scenario.
        work: An empty folder to work in.
    """
    source = work / "source"
    shutil.copytree(
        folder, source, ignore=lambda at, files: NOT_SOURCE & set(files) if Path(at) == folder else set()
    )
    arguments = arguments_of(folder)
    options = variable_options(arguments, source)
    if "workspace" in arguments:
        options += ["--workspace", arguments["workspace"]]
    code, report = run_json("scan", ".", *_shared_options(folder, work), *options, cwd=source)
    kinds = {entry["kind"] for entry in report["inputs"]}
    if kinds != {"hcl"}:
        raise AssertionError(f"{folder.name}: only source was to be read, and this was: {sorted(kinds)}")
    if code == 3:
        raise AssertionError(f"{folder.name}: some source was not understood: {report['errors']}")
    return report


def scan_plan(folder: Path, work: Path, plan: Path | None = None) -> Json:
    """Return the report on a copy of the folder's plan, beside which no source lies.

    The plan holds the variables that it was made with, so it needs no options for them.

    Args:
        folder: The scenario.
        work: An empty folder to work in.
        plan: Another plan than the folder's own.
    """
    alone = work / "plan"
    alone.mkdir(parents=True)
    shutil.copyfile(plan or folder / "plan.json", alone / "plan.json")
    _, report = run_json("scan", "plan.json", *_shared_options(folder, work), cwd=alone)
    kinds = {entry["kind"] for entry in report["inputs"]}
    if kinds != {"plan"}:
        raise AssertionError(f"{folder.name}: only the plan was to be read, and this was: {sorted(kinds)}")
    return report


def _shared_options(folder: Path, work: Path) -> list[str]:
    """Return the options of both sides. Without `config.yaml`, an empty one keeps others from being found."""
    config = folder / "config.yaml"
    if not config.exists():
        config = work / "empty.yaml"
        config.write_text("{}\n", encoding="utf-8")
    return ["--config", str(config), "--as-of", AS_OF]


def compare(scenario: str, source: Json, plan: Json, left_out: Sequence[LeftOut] = ()) -> Comparison:
    """Compare two reports on the same configuration.

    Managed resources have to be on both sides; where the source cannot know how many instances there are, its
    one entry `[*]` is compared with each of the plan's, and counts as Unknown for each. A data source is
    compared where the plan leaves reading it to the apply; the source, which reads none, may list more.

    Args:
        scenario: A name for the differences.
        source: The report on the source.
        plan: The report on the plan.
        left_out: What is not compared.
    """
    ours, theirs = _by_address(source), _by_address(plan)
    wanted = {a for a, r in ours.items() if r["mode"] == "managed"}
    wanted |= {a for a, r in theirs.items() if r["mode"] == "managed" or r["change"] == "read"}
    covered = {a for a in wanted if any(entry.covers(a) for entry in left_out)}
    seen = wanted | set(ours) | set(theirs)
    symbols = {a: _instances(a) for a in ours.keys() - theirs.keys() if "[*]" in a}
    compared = sorted(wanted - covered - symbols.keys())
    differences: list[Difference] = []
    for address in compared:
        one = ours.get(address)
        symbol = next((a for a, pattern in symbols.items() if pattern.fullmatch(address)), None)
        if one is None and symbol is not None:
            one = ours[symbol]
            differences.append(
                Difference(scenario, address, "resource", symbol, "there", Outcome.SOURCE_UNKNOWN)
            )
        differences += _differences(scenario, address, one, theirs.get(address))
    return Comparison(
        resources=len(compared),
        differences=tuple(differences),
        left_out=tuple(f"{scenario}: {address}" for address in sorted(covered)),
        unused=tuple(
            f"{scenario}: {entry.address}"
            for entry in left_out
            if not any(entry.covers(address) for address in seen)
        ),
    )


def _instances(symbol: str) -> re.Pattern[str]:
    """Return what the addresses match for which one entry with `[*]` stands."""
    return re.compile(r"\[.+\]".join(re.escape(part) for part in symbol.split("[*]")), re.DOTALL)


def _by_address(report: Json) -> dict[str, Json]:
    resources: dict[str, Json] = {}
    for resource in report["resources"]:
        address = resource["address"]
        if address in resources:
            raise AssertionError(f"{address} is there twice")
        resources[address] = resource
    return resources


def _differences(scenario: str, address: str, ours: Json | None, theirs: Json | None) -> Iterable[Difference]:
    if ours is None or theirs is None:
        there, missing = "there", "not there"
        yield Difference(
            scenario,
            address,
            "resource",
            missing if ours is None else there,
            missing if theirs is None else there,
            Outcome.OPPOSITE,
        )
        return
    for name in FIELDS:
        source, plan = value_of(ours, name), value_of(theirs, name)
        outcome = outcome_of(source, plan)
        if outcome is not Outcome.SAME:
            reason = ours["unknown"].get({"operators": "operator"}.get(name, name), "")
            yield Difference(scenario, address, name, str(source), str(plan), outcome, reason)


def value_of(resource: Json, name: str) -> Value:
    """Return what a resource of a report says of one of `FIELDS`."""
    unknown = resource["unknown"]
    if name == "operators":
        certain = frozenset(operator["id"] for operator in resource["operators"])
        candidates = frozenset(resource["operator_candidates"])
        if "operator" not in unknown:
            return Value(True, certain)
        return Value(False, certain, certain | candidates if candidates else None)
    if name == "region":
        return _one(resource["region"], "region" in unknown)
    if name == "country":
        return Value("country" not in unknown, frozenset(resource["countries"]))
    if name == "level":
        if resource["level"] is not None:
            return Value(True, frozenset([resource["level"]]))
        return Value(False, frozenset(), frozenset(resource["level_candidates"]) or None)
    return _one(resource["verdict"], resource["verdict"] == "unknown")


def _one(value: str | None, unknown: bool) -> Value:
    return Value(not unknown, frozenset([value] if value is not None and not unknown else []))


def outcome_of(source: Value, plan: Value) -> Outcome:
    """Compare one field. A known value that the other side's candidates exclude is the opposite, too."""
    if not source.allows(plan) or not plan.allows(source):
        return Outcome.OPPOSITE
    if source.known == plan.known:
        return Outcome.SAME
    return Outcome.PLAN_UNKNOWN if source.known else Outcome.SOURCE_UNKNOWN
