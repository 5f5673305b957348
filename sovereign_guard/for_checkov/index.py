"""Finds what a report says of a block that Checkov asks about, however far Checkov has expanded it."""

from __future__ import annotations

import os
from collections import defaultdict
from typing import Protocol

import msgspec

from sovereign_guard.for_checkov.values import Block
from sovereign_guard.model.finding import Assessment, Report
from sovereign_guard.model.resource import InputKind

_READ_STATE = "terraform_remote_state"

_ANY = "*"
"""The key of an instance where their number is not known."""


class Index(Protocol):
    """Finds the resources of a block."""

    def find(self, block: Block) -> tuple[Assessment, ...] | None:
        """Return the resources of a block; none where it makes none, None where it is not known at all."""
        ...


class PlanIndex:
    """Of a plan, in which both sides write addresses in the same way."""

    def __init__(self, report: Report) -> None:
        self._found: defaultdict[str, list[Assessment]] = defaultdict(list)
        for item in report.assessments:
            self._found[item.resource.address].append(item)

    def find(self, block: Block) -> tuple[Assessment, ...] | None:
        """See Index."""
        found = self._found.get(block.address)
        return None if found is None else tuple(found)


class SourceIndex:
    """Of source: by the folder that a block is written in, then by root module, then by address."""

    def __init__(self, report: Report) -> None:
        self._real = RealPaths()
        self._roots = {
            one.id: self._real.of(one.path) for one in report.inventories if one.kind is InputKind.HCL
        }
        self._places: defaultdict[tuple[str, str, str, str], list[_Instance]] = defaultdict(list)
        self._modules: set[tuple[str, tuple[str, ...]]] = set()
        self._absent: list[_Instance] = []
        for item in report.assessments:
            resource = item.resource
            instance = _Instance(item, self._roots.get(item.input, ""), _steps(resource.address))
            # What is written in another way there (an override file) is still one block of its folder.
            folder = os.path.dirname(self._real.of(resource.file or item.input))  # noqa: PTH120
            if resource.block is None:
                self._absent.append(instance)
                continue
            name = instance.steps[-1].name
            self._places[folder, resource.mode, resource.type, name].append(instance)
            if resource.module:
                self._modules.add((instance.root, _names(_steps(resource.module))))
        for item in report.states:
            steps = _steps(item.resource.address)
            if len(steps) > 1 and steps[-2].name == _READ_STATE:
                # Of a state that is read, Checkov asks as of any data source.
                instance = _Instance(item, self._roots.get(item.input, ""), steps)
                folder = os.path.dirname(self._real.of(item.resource.file or item.input))  # noqa: PTH120
                self._places[folder, "data", _READ_STATE, steps[-1].name].append(instance)
        self._declared = {
            (self._roots[one.id], _names(_steps(key)))
            for one in report.inventories
            if one.id in self._roots
            for key in one.blocks
        }

    def find(self, block: Block) -> tuple[Assessment, ...] | None:
        """See Index."""
        steps, root = _steps_of(block), self._real.of(block.root)
        folder = os.path.dirname(self._real.of(block.file))  # noqa: PTH120
        there = self._places.get((folder, block.mode, block.type, block.name.partition("[")[0]), [])
        if not block.address:
            chosen = there
        else:
            here = [one for one in there if one.root == root]
            chosen = [one for one in here if _covers(steps, one.steps)]
            # Checkov may have other keys than we; then the block is judged as a whole.
            chosen = chosen or [one for one in here if _names(one.steps) == _names(steps)]
            chosen = chosen or self._of_absent(root, steps)
        if chosen:
            return tuple(one.item for one in chosen)
        if self._makes_none(block, root, steps):
            return ()
        # A root module of Checkov may be none of ours: then the block is judged wherever it is used.
        elsewhere = [] if root in self._roots.values() else there
        return tuple(one.item for one in elsewhere) or None

    def _of_absent(self, root: str, steps: tuple[_Step, ...]) -> list[_Instance]:
        """Return what stands for a called module that only Checkov has at hand."""
        return [
            one for one in self._absent if one.root == root and _covers(one.steps, steps[: len(one.steps)])
        ]

    def _makes_none(self, block: Block, root: str, steps: tuple[_Step, ...]) -> bool:
        """Whether a block that has no instance is known for that: `count = 0`, here or at a module's call."""
        if not block.address:
            tail = _names(steps)
            return any(names[-len(tail) :] == tail for _root, names in self._declared)
        names = _names(steps)
        if (root, names) in self._declared:
            return True
        module = names[: -3 if block.mode == "data" else -2]
        return bool(module) and root in self._roots.values() and (root, module) not in self._modules


class RealPaths:
    """Real absolute paths, each looked up once."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def of(self, path: str) -> str:
        """Return a path without links; empty stays empty."""
        found = self._known.get(path)
        if found is None:
            found = self._known[path] = os.path.realpath(path) if path else ""
        return found


class _Step(msgspec.Struct, frozen=True):
    """A part of an address between dots, with its instance key as written."""

    name: str
    key: str | None


class _Instance(msgspec.Struct, frozen=True, eq=False):
    item: Assessment
    root: str
    steps: tuple[_Step, ...]


def _steps_of(block: Block) -> tuple[_Step, ...]:
    steps = _steps(block.address or f"{block.type}.{block.name}")
    if block.mode == "data" and (len(steps) < 3 or steps[-3].name != "data"):
        steps = (*steps[:-2], _Step("data", None), *steps[-2:])
    return steps


def _steps(address: str) -> tuple[_Step, ...]:
    """Divide an address at its dots; those in an instance key are none.

    >>> [(one.name, one.key) for one in _steps('module.a["x.y"].t.b[0]')]
    [('module', None), ('a', '"x.y"'), ('t', None), ('b', '0')]
    """
    steps: list[_Step] = []
    start = at = 0
    while at <= len(address):
        if at == len(address) or address[at] == ".":
            steps.append(_Step(address[start:at], None))
            start = at = at + 1
        elif address[at] == "[":
            end = _end_of_key(address, at)
            steps.append(_Step(address[start:at], address[at + 1 : end]))
            start = at = end + 2
        else:
            at += 1
    return tuple(steps)


def _end_of_key(address: str, at: int) -> int:
    """Return where the bracket ends that opens at a place."""
    quoted = escaped = False
    for here in range(at + 1, len(address)):
        char = address[here]
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == '"':
            quoted = not quoted
        elif char == "]" and not quoted:
            return here
    return len(address)


def _covers(asked: tuple[_Step, ...], ours: tuple[_Step, ...]) -> bool:
    """Whether an address, in which keys may be left out, is that of an instance."""
    return len(asked) == len(ours) and all(
        one.name == other.name and (one.key is None or other.key in (one.key, _ANY))
        for one, other in zip(asked, ours, strict=True)
    )


def _names(steps: tuple[_Step, ...]) -> tuple[str, ...]:
    return tuple(one.name for one in steps)
