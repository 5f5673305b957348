"""Which files a run has read, for those who must show on what a verdict rests.

Nothing is noted unless somebody opened a ledger: a usual run pays one look-up a file.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import msgspec

INPUT = "input"
SOURCE = "source"
VARIABLES = "variables"
REFERENCED = "referenced"
"""Roles of what is judged: a plan or state, a file of source, values of variables, what `file()` reads."""

CONFIGURATION = "configuration"
POLICY = "policy"
BASELINE = "baseline"
CATALOG = "catalog"
"""Roles of what it is judged by."""


class Entry(msgspec.Struct, frozen=True):
    """A file that was read.

    Attributes:
        path: as the user is told, so that the same run elsewhere says the same.
        data: the bytes, of what things are judged by; of what is judged only the digest is kept.

    """

    role: str
    path: str
    sha256: str
    size: int
    data: bytes | None = None


class Ledger:
    """Collects the files that are read while it is open."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str, str], Entry] = {}

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What was read, sorted; twice only where a file changed in between."""
        return tuple(self._entries[key] for key in sorted(self._entries))

    def add(self, entry: Entry) -> None:
        """Note a file."""
        self._entries[entry.role, entry.path, entry.sha256] = entry


_OPEN: ContextVar[Ledger | None] = ContextVar("ledger", default=None)
_ROLE: ContextVar[str] = ContextVar("role", default="")


@contextmanager
def opened() -> Iterator[Ledger]:
    """Note in a new ledger what is read from now on."""
    ledger = Ledger()
    token = _OPEN.set(ledger)
    try:
        yield ledger
    finally:
        _OPEN.reset(token)


@contextmanager
def reading(role: str) -> Iterator[None]:
    """Say what the files are for that `keep` tells of."""
    token = _ROLE.set(role)
    try:
        yield
    finally:
        _ROLE.reset(token)


def note(role: str, path: str, data: bytes) -> None:
    """Tell of a file that is judged: its digest is kept, and none of its bytes."""
    ledger = _OPEN.get()
    if ledger is not None:
        ledger.add(Entry(role, path, hashlib.sha256(data).hexdigest(), len(data)))


def note_located(role: str, path: Path, data: bytes) -> None:
    """Tell of a file of which only the place on this machine is known; its name counts from where we are."""
    if _OPEN.get() is not None:
        note(role, Path(os.path.relpath(path)).as_posix(), data)


def keep(path: str, data: bytes) -> None:
    """Tell of a file by which things are judged, where `reading` says so; its bytes are kept."""
    ledger, role = _OPEN.get(), _ROLE.get()
    if ledger is not None and role:
        ledger.add(Entry(role, path, hashlib.sha256(data).hexdigest(), len(data), data))


def kept(path: Path) -> bytes:
    """Return the bytes of a file by which things are judged, and `keep` them.

    Raises:
        OSError: it cannot be read.

    """
    data = path.read_bytes()
    keep(str(path), data)
    return data
