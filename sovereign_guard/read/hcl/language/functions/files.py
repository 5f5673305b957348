"""Functions of paths, and of the files that belong to the configuration.

Only what lies inside the scanned folder is read, symbolic links followed. Of what lies elsewhere not even
whether it exists is told: the scanned configuration may come from a stranger, and elsewhere differs from
machine to machine.

Semantics: Terraform's documentation, "Filesystem Functions"
(https://developer.hashicorp.com/terraform/language/functions), what `terraform console` prints, and for
patterns what github.com/bmatcuk/doublestar 1.1.5 matches, which Terraform uses; read 2026-11-24.
"""

from __future__ import annotations

import base64
import errno
import os
import posixpath
import stat
from collections import deque
from collections.abc import Callable
from pathlib import Path

from sovereign_guard.language import later, say
from sovereign_guard.ledger import REFERENCED, note_located
from sovereign_guard.model.value import Unknown
from sovereign_guard.read.hcl.language.functions.function import Files, Function, Parameter
from sovereign_guard.read.hcl.language.functions.glob import (
    MalformedPatternError,
    Matcher,
    TooMuchWorkError,
    is_pattern,
    split_pattern,
)
from sovereign_guard.read.hcl.language.functions.hashing import digest
from sovereign_guard.read.hcl.language.types import STRING
from sovereign_guard.read.hcl.language.values import MAX_TEXT, EvaluationError, Value, failed, set_of

MAX_BYTES = 16_000_000
"""Bytes of a file that is read."""

MAX_LOOKS = 200_000
"""Files, folders and steps of symbolic links that one call of `fileset` looks at."""

DEPENDS_ON_MACHINE = frozenset({"abspath", "pathexpand"})
"""Functions whose result depends on where, and as whom, Terraform runs."""

_MAX_LINKS = 40
"""Symbolic links in one path, as on Linux."""

_OUTSIDE = later("the path lies outside what is scanned")
_HOME = later("it depends on the home folder of whoever plans")
_FLAGS = (
    os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
)
"""A file that has become a pipe or a link since it was looked at is not waited for, nor followed."""


class _OutsideError(Exception):
    """A path leads outside the scanned folder."""


# -- paths as text -------------------------------------------------------------------------------------------


def _clean(path: str) -> str:
    """Return the shortest path that says the same without a look at the disk."""
    cleaned = posixpath.normpath(path)
    return cleaned[1:] if cleaned.startswith("//") else cleaned


def _joined(folder: str, path: str) -> str:
    """Return where a path leads that counts from a folder, without a look at the disk."""
    return _clean(path if path.startswith("/") else f"{folder}/{path}")


def _basename(path: str) -> str:
    if not path:
        return "."
    return path.rstrip("/").rpartition("/")[2] or "/"


def _dirname(path: str) -> str:
    folder, slash, _name = path.rpartition("/")
    return _clean(folder + slash)


def _abspath(path: str) -> Value:
    if path.startswith("/"):
        return _clean(path)
    return failed(say("it depends on the folder in which Terraform runs"), "abspath()")


def _pathexpand(path: str) -> Value:
    return failed(say(_HOME), "pathexpand()") if _in_home(path) else path


def _in_home(path: str) -> bool:
    """Whether a path begins with the home folder of whoever plans.

    Raises:
        EvaluationError: it is that of a named user, which Terraform refuses.

    """
    if not path.startswith("~"):
        return False
    if path[1:2] not in ("", "/", "\\"):
        raise EvaluationError(say("the home folder of a named user cannot be told"))
    return True


# -- one file ------------------------------------------------------------------------------------------------


def _located(files: Files, path: str) -> Path:
    """Return where a path leads, without symbolic links.

    Every step is checked before the next is looked at.

    Raises:
        _OutsideError: it leads outside the scanned folder, if only on the way.
        OSError: it leads nowhere.

    """
    base = files.base.resolve()
    steps = deque(Path(_joined(base.as_posix(), path)).parts)
    root = list(files.root.parts)
    here: list[str] = []
    links = 0
    while steps:
        step = steps.popleft()
        if step == "..":
            del here[max(len(here) - 1, 1) :]
            continue
        here.append(step)
        if len(here) <= len(root) and here == root[: len(here)]:
            continue  # on the way down to the root, which holds no links
        if here[: len(root)] != root:
            raise _OutsideError
        at = posixpath.join(*here)
        if stat.S_ISLNK(os.lstat(at).st_mode):
            links += 1
            if links > _MAX_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            target = Path(at).readlink()
            here = [] if target.is_absolute() else here[:-1]
            steps.extendleft(reversed(target.parts))
    if here[: len(root)] != root:
        raise _OutsideError
    return Path(*here)


def _content(files: Files | None, path: str, name: str) -> bytes | Unknown:
    """Return the bytes of a file, or why they cannot be told.

    Raises:
        EvaluationError: there is no such file, or it cannot be read.

    """
    if _in_home(path):
        return failed(say(_HOME), name)
    if files is None:
        return failed(say("no files are read here"), name)
    try:
        located = _located(files, path)
        mode = located.lstat().st_mode
        if stat.S_ISDIR(mode):
            raise EvaluationError(say("the path is that of a folder, not of a file"))
        if not stat.S_ISREG(mode):
            return failed(say("the path is not that of a regular file"), name)
        return _read(located, name)
    except _OutsideError:
        return failed(say(_OUTSIDE), name)
    except (FileNotFoundError, NotADirectoryError):
        raise EvaluationError(say("no such file exists")) from None
    except (OSError, ValueError):
        raise EvaluationError(say("the file cannot be read")) from None


def _read(path: Path, name: str) -> bytes | Unknown:
    with open(os.open(path, _FLAGS), "rb") as stream:  # noqa: PTH123 - a descriptor, not a path
        info = os.fstat(stream.fileno())
        if not stat.S_ISREG(info.st_mode):
            return failed(say("the path is not that of a regular file"), name)
        data = stream.read(MAX_BYTES + 1) if info.st_size <= MAX_BYTES else b""
    if info.st_size > MAX_BYTES or len(data) > MAX_BYTES:
        return failed(say("the file is larger than those that are read"), name)
    note_located(REFERENCED, path, data)
    return data


def _file(files: Files | None, path: str) -> Value:
    data = _content(files, path, "file()")
    if isinstance(data, Unknown):
        return data
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise EvaluationError(say("the file is not UTF-8")) from None
    return _composed(text)


def _composed(text: str) -> str:
    """Return text as Terraform holds it: letters and their accents made one where that can be (NFC)."""
    if text.isascii():
        return text
    from unicodedata import normalize

    return normalize("NFC", text)


def _filebase64(files: Files | None, path: str) -> Value:
    data = _content(files, path, "filebase64()")
    if isinstance(data, Unknown):
        return data
    if len(data) // 3 * 4 + 4 > MAX_TEXT:
        return failed(say("the file is larger than those that are read"), "filebase64()")
    return base64.b64encode(data).decode()


def _file_digest(name: str, algorithm: str, *, as_base64: bool = False) -> Callable[..., Value]:
    def run(files: Files | None, path: str) -> Value:
        data = _content(files, path, f"{name}()")
        return data if isinstance(data, Unknown) else digest(algorithm, data, as_base64=as_base64)

    return run


def _fileexists(files: Files | None, path: str) -> Value:
    name = "fileexists()"
    if _in_home(path):
        return failed(say(_HOME), name)
    if files is None:
        return failed(say("no files are read here"), name)
    try:
        mode = _located(files, path).lstat().st_mode
    except _OutsideError:
        return failed(say(_OUTSIDE), name)
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        raise EvaluationError(say("whether the file exists cannot be told")) from None
    if stat.S_ISREG(mode):
        return True
    raise EvaluationError(say("the path is not that of a regular file"))


# -- many files ----------------------------------------------------------------------------------------------


def _fileset(files: Files | None, path: str, pattern: str) -> Value:
    name = "fileset()"
    if files is None:
        return failed(say("no files are read here"), name)
    # A relative path stays one, lest signs in the names of the folders above be taken for patterns.
    whole = _clean("/".join((path or ".", pattern)))
    walk = _Walk(files)
    try:
        walk.search(whole)
        found = [match for match in walk.matches if walk.is_file(match)]
    except _OutsideError:
        return failed(say("it leads to files outside what is scanned"), name)
    except TooMuchWorkError:
        return failed(say("the pattern leads to more files than are looked at"), name)
    except MalformedPatternError:
        raise EvaluationError(say("the pattern is malformed")) from None
    except FileNotFoundError:
        raise EvaluationError(say("a symbolic link leads nowhere")) from None
    except (OSError, ValueError):
        raise EvaluationError(say("a file cannot be looked at")) from None
    if walk.malformed:
        # Whether Terraform notices depends on the order in which the disk lists the files.
        return failed(say("the pattern is malformed"), name)
    if not all(_is_unicode(match) for match in found):
        return failed(say("the name of a file is not text"), name)
    base = files.base.as_posix()
    folder = _joined(base, path)
    return set_of(_composed(posixpath.relpath(_joined(base, match), folder)) for match in found)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class _Walk:
    """Goes through folders after a pattern, as far as a number of looks at the disk.

    Attributes:
        matches: paths that match, of whatever kind, and where each lies if it is no symbolic link.
        malformed: the pattern turned out to be malformed in some folder below the first.

    """

    def __init__(self, files: Files) -> None:
        self._files = files
        self._left = MAX_LOOKS
        self._matcher = Matcher()
        self._todo: list[tuple[str, Path | None, list[str]]] = []
        self._seen: set[tuple[str, int]] = set()
        self.matches: dict[str, os.DirEntry[str] | None] = {}
        self.malformed = False

    def search(self, pattern: str) -> None:
        """Find what matches a pattern.

        Raises:
            _OutsideError: that depends on what lies outside the scanned folder.
            TooMuchWorkError: there is too much to look at.
            MalformedPatternError: the pattern is malformed.

        """
        start, parts = (
            ("/", split_pattern(pattern[1:], "/")) if pattern[0] == "/" else ("", split_pattern(pattern, "/"))
        )
        self._go_through(start, None, parts)
        while self._todo:
            try:
                self._go_through(*self._todo.pop())
            except MalformedPatternError:
                self.malformed = True

    def is_file(self, match: str) -> bool:
        """Whether a match is a regular file, or a symbolic link to one.

        Raises:
            _OutsideError, TooMuchWorkError: as for `search`.
            OSError: it is a symbolic link to nothing.

        """
        entry = self.matches[match]
        if entry is not None:
            return entry.is_file(follow_symlinks=False)
        return stat.S_ISREG(self._located(match).lstat().st_mode)

    def _go_through(self, folder: str, place: Path | None, parts: list[str]) -> None:
        """Match the parts of a pattern between slashes with what is below a folder.

        Args:
            folder: its path, as Terraform would write it.
            place: where it lies; None where that is still to be found.
            parts: the parts that are left.

        """
        named = next((at for at, part in enumerate(parts) if is_pattern(part)), len(parts))
        if named:
            folder, place, parts = posixpath.join(folder, *parts[:named]), None, parts[named:]
        if (folder, len(parts)) in self._seen:
            return
        self._seen.add((folder, len(parts)))
        if not parts:
            if self._exists(folder):
                self.matches[folder] = None
            return
        try:
            entries = self._entries(self._located(folder) if place is None else place)
        except (OSError, ValueError):
            return  # What Terraform cannot read it takes for empty.
        if parts[0] == "**":
            self._descend(folder, entries, parts)
            parts = parts[1:]
        if parts:
            self._match(folder, entries, parts)

    def _descend(self, folder: str, entries: list[os.DirEntry[str]], parts: list[str]) -> None:
        """Match `**`, and what follows it, with what is in a folder."""
        for entry in entries:
            below = posixpath.join(folder, entry.name)
            try:
                place = self._located(below) if entry.is_symlink() else Path(entry.path)
                is_folder = stat.S_ISDIR(place.lstat().st_mode) if entry.is_symlink() else entry.is_dir()
            except (OSError, ValueError):
                continue
            if len(parts) == 1:
                self._add(below, entry)
            if is_folder:
                self._todo.append((below, place, parts))

    def _match(self, folder: str, entries: list[os.DirEntry[str]], parts: list[str]) -> None:
        for entry in entries:
            if not self._matcher.matches(parts[0], entry.name):
                continue
            below = posixpath.join(folder, entry.name)
            if len(parts) == 1:
                self._add(below, entry)
            else:
                self._todo.append((below, None if entry.is_symlink() else Path(entry.path), parts[1:]))

    def _add(self, match: str, entry: os.DirEntry[str]) -> None:
        self.matches[match] = None if entry.is_symlink() else entry

    def _exists(self, path: str) -> bool:
        """Whether there is something at a path, if only a symbolic link to nothing."""
        try:
            self._located(path)
        except (OSError, ValueError):
            try:
                folder = self._located(posixpath.dirname(path) or ".")
                folder.joinpath(posixpath.basename(path)).lstat()
            except (OSError, ValueError):
                return False
        return True

    def _entries(self, place: Path) -> list[os.DirEntry[str]]:
        entries: list[os.DirEntry[str]] = []
        with os.scandir(place) as found:
            for entry in found:
                self._spend(1)
                entries.append(entry)
        return entries

    def _located(self, path: str) -> Path:
        # Each step is a look at a path that is longer by one, which tells where folders are very deep.
        steps = 1 + path.count("/")
        self._spend(steps + steps * steps // 20)
        return _located(self._files, path)

    def _spend(self, looks: int) -> None:
        self._left -= looks
        if self._left < 0:
            raise TooMuchWorkError


_TEXT = Parameter(STRING)

FUNCTIONS: tuple[Function, ...] = (
    Function("abspath", (_TEXT,), _abspath),
    Function("basename", (_TEXT,), _basename),
    Function("dirname", (_TEXT,), _dirname),
    Function("file", (_TEXT,), _file, reads=True),
    Function("filebase64", (_TEXT,), _filebase64, reads=True),
    *(
        Function(name, (_TEXT,), _file_digest(name, algorithm, as_base64="base64" in name), reads=True)
        for name, algorithm in (
            ("filebase64sha256", "sha256"),
            ("filebase64sha512", "sha512"),
            ("filemd5", "md5"),
            ("filesha1", "sha1"),
            ("filesha256", "sha256"),
            ("filesha512", "sha512"),
        )
    ),
    Function("fileexists", (_TEXT,), _fileexists, reads=True),
    Function("fileset", (_TEXT, _TEXT), _fileset, reads=True),
    Function("pathexpand", (_TEXT,), _pathexpand),
)
