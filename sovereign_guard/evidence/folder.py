"""The bytes of a sealed folder that may come from anybody: no link is followed, nothing outside is read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import msgspec

from sovereign_guard.errors import InputError, UsageError, reason_of
from sovereign_guard.evidence.wire import OURS, OWN_CATALOG, REPORT, STATEMENT, SUMS
from sovereign_guard.language import say

MOST_BYTES = 256 << 20
MOST_REPORT = 2 << 30
MOST_ALL = 4 << 30
"""Bytes of all files together."""
MOST_FILES = 20_000
_DEEPEST = 4
_FLAGS = (
    os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
)
"""What has become a link or a pipe since it was listed is not followed, nor waited for."""


class Folder(msgspec.Struct, frozen=True):
    """What lies in a folder: files by name, and names of what is no file of ours (links, pipes, folders)."""

    files: dict[str, bytes]
    strange: tuple[str, ...]


def read_folder(path: str) -> Folder:
    """Read a sealed folder.

    Raises:
        UsageError: it is no sealed folder. InputError: something in it cannot be read, or is too large.

    """
    try:
        if not stat.S_ISDIR(os.stat(path).st_mode):  # noqa: PTH116 - a Path would raise on a NUL
            raise UsageError(say("this is no folder."), hint=_hint(), file=path)
    except OSError as error:
        raise InputError(
            say("this folder cannot be read: {reason}.", reason=reason_of(error)), file=path
        ) from None
    except ValueError:
        raise UsageError(say("this is not a file name."), file=repr(path)) from None
    files: dict[str, bytes] = {}
    strange: list[str] = []
    _collect(Path(path), "", files, strange)
    if STATEMENT not in files and SUMS not in files:
        raise UsageError(say("this is no sealed folder."), hint=_hint(), file=path)
    return Folder(files, tuple(sorted(strange)))


def _hint() -> str:
    return say("Write one: sovereign-guard scan . --seal DIR")


def _collect(folder: Path, prefix: str, files: dict[str, bytes], strange: list[str]) -> None:
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda one: one.name)
    except OSError as error:
        raise InputError(
            say("this folder cannot be read: {reason}.", reason=reason_of(error)), file=str(folder)
        ) from None
    for entry in found:
        name = prefix + entry.name
        if len(files) + len(strange) >= MOST_FILES:
            raise InputError(
                say("there are more than {number} files in this folder.", number=MOST_FILES),
                file=str(folder),
            )
        if entry.is_dir(follow_symlinks=False):
            ours = name == OWN_CATALOG or name.startswith(OWN_CATALOG + "/")
            if ours and name.count("/") < _DEEPEST:
                _collect(folder / entry.name, name + "/", files, strange)
            else:
                strange.append(name + "/")
        elif entry.is_file(follow_symlinks=False) and (prefix or name in OURS):
            left = MOST_ALL - sum(map(len, files.values()))
            most = MOST_REPORT if name == REPORT else MOST_BYTES
            files[name] = _bytes_of(folder / entry.name, min(most, left))
        else:
            strange.append(name)


def _bytes_of(path: Path, most: int) -> bytes:
    try:
        with open(os.open(path, _FLAGS), "rb") as stream:  # noqa: PTH123 - a descriptor, not a path
            about = os.fstat(stream.fileno())
            if not stat.S_ISREG(about.st_mode):
                raise InputError(say("this is not a file."), file=str(path))
            data = stream.read(most + 1) if about.st_size <= most else b""
    except OSError as error:
        raise InputError(
            say("this file cannot be read: {reason}.", reason=reason_of(error)), file=str(path)
        ) from None
    if about.st_size > most or len(data) > most:
        raise InputError(say("this file is larger than {most} MB.", most=most >> 20), file=str(path))
    return data
