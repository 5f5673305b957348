"""Where a finding is shown: file, line and column, in the form that code hosts expect."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from pathlib import Path
from urllib.parse import quote

import msgspec

from sovereign_guard.catalog.discovery import repository_root
from sovereign_guard.model.finding import Finding, InputProblem, Report

STANDARD_INPUT = "standard-input"
"""What stands for a file where the input came through a pipe."""

_STDIN = "-"


class Place(msgspec.Struct, frozen=True):
    """A place in a file.

    Attributes:
        file: with forward slashes, writable as UTF-8. Relative to the root of the checkout that the working
            directory lies in, or to the working directory where that lies in none. A file outside is named
            in full.
        line, column: from 1; None where not known.
        uri: `file` percent-encoded: a relative reference, or `file:///...` for a file outside the root.
        inside: whether the file lies below the root.

    """

    file: str
    line: int | None
    column: int | None
    uri: str
    inside: bool


class Places:
    """Finds the places of one report's findings, each file looked up once."""

    def __init__(self, report: Report) -> None:
        self._root = repository_root(Path())
        self._inputs = {inventory.id: inventory.path for inventory in report.inventories}
        self._named: dict[str, Place] = {}
        self._root_in_text = re.compile(rf"(?<![\w./-]){re.escape(str(self._root).rstrip('/'))}/")

    def of(self, finding: Finding) -> Place:
        """Return where a finding is shown; one without a file (a plan without source) at its input."""
        if finding.file:
            return self.at(finding.file, finding.line, finding.column)
        return self.input(finding.input)

    def problem(self, problem: InputProblem) -> Place:
        """Return where a part of an input is that could not be read."""
        if problem.file:
            return self.at(problem.file, problem.line, problem.column)
        return self.input(problem.input)

    def input(self, input_id: str) -> Place:
        """Return the place of an input as a whole, by its id."""
        return self.at(self._inputs.get(input_id, input_id))

    def at(self, path: str, line: int | None = None, column: int | None = None) -> Place:
        """Return a place in a file that is named as the user, or the reader, wrote it."""
        place = self._named.get(path)
        if place is None:
            place = self._named[path] = self._look_up(path)
        if line is None:
            return place
        return Place(place.file, line, column, place.uri, place.inside)

    def relative(self, text: str) -> str:
        """Return a text in which files below the root are named from there, not by paths of this machine."""
        return text if self._root.parent == self._root else self._root_in_text.sub("", text)

    def _look_up(self, path: str) -> Place:
        if path == _STDIN:
            return Place(STANDARD_INPUT, None, None, STANDARD_INPUT, inside=True)
        # A code host shows nothing at a link, so the file that it leads to comes first.
        for find in (os.path.realpath, os.path.abspath):
            try:
                whole = Path(find(path))
            except (OSError, ValueError):  # No file has such a name; it is told all the same.
                continue
            if whole.is_relative_to(self._root):
                below = whole.relative_to(self._root).as_posix()
                return Place(_text(below), None, None, _encoded(below), inside=True)
        full = os.path.abspath(path.replace("\0", ""))  # noqa: PTH100 - the name as it was given
        return Place(_text(full), None, None, f"file://{_encoded(full)}", inside=False)


def identities(report: Report) -> dict[int, str]:
    """Return what tells each finding of a report from the others, by the finding's `id()`.

    Hosts treat findings with the same identity as one. So the finding's own fingerprint, which knows rule and
    address, is joined by the input (a plan and its source, two root modules) and by the deposed object. Like
    the fingerprint it knows no line, and it is the same on every machine.
    """
    names = _input_names(report)
    seen: Counter[str] = Counter()
    found: dict[int, str] = {}
    for finding in report.findings:
        parts = [finding.fingerprint, names.get(finding.input, finding.input), finding.deposed or ""]
        key = "\0".join(parts)
        seen[key] += 1
        if seen[key] > 1:
            key = f"{key}\0{seen[key]}"
        found[id(finding)] = hashlib.sha256(key.encode(errors="replace")).hexdigest()[:32]
    return found


def _input_names(report: Report) -> dict[str, str]:
    """Name inputs alike on every machine: those outside the checkout by no more of their path than is needed.

    A pipeline may write its plan to a folder with another name on each run.
    """
    places = Places(report)
    inputs = {inventory.id: places.input(inventory.id) for inventory in report.inventories}
    tails = Counter(tail for place in inputs.values() if not place.inside for tail in _tails(place.file))
    return {
        key: place.file
        if place.inside
        else next((f"/{tail}" for tail in _tails(place.file) if tails[tail] == 1), place.file)
        for key, place in inputs.items()
    }


def _tails(path: str) -> list[str]:
    parts = path.strip("/").split("/")
    return ["/".join(parts[at:]) for at in reversed(range(len(parts)))]


def place_of(finding: Finding, report: Report) -> Place:
    """Return where one finding is shown. For many findings of a report, make a `Places` and ask that."""
    return Places(report).of(finding)


def _text(path: str) -> str:
    return _bytes(path).decode(errors="replace")


def _encoded(path: str) -> str:
    return quote(_bytes(path), safe="/")


def _bytes(path: str) -> bytes:
    """Return a path as the file system holds it, which need not be text."""
    try:
        return os.fsencode(path)
    except UnicodeEncodeError:
        return path.encode(errors="replace")
