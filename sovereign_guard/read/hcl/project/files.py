"""Folders and files on disk -> parsed files, never outside a boundary."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from sovereign_guard.model.finding import InputProblem
from sovereign_guard.read.hcl.project.source import SourceFile
from sovereign_guard.read.hcl.syntax import Parser, Text

MAX_FILE = 64 << 20
"""Largest file of source, in bytes."""

MAX_FOLDERS = 200_000
"""Folders that are looked through below one path."""

_SUFFIXES = (".tf", ".tf.json", ".tofu", ".tofu.json")
_SKIPPED = frozenset({"node_modules", "__pycache__"})


class Boundary:
    """The folder outside which nothing is read, symbolic links followed."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def holds(self, path: Path) -> bool:
        """Whether a path lies inside, wherever its links lead."""
        try:
            found = path.resolve()
        except (OSError, RuntimeError, ValueError):  # A loop of links, or a NUL in the name.
            return False
        return found == self.root or self.root in found.parents


def boundary_of(path: Path) -> Boundary:
    """Return the boundary for what is scanned at a path.

    That is the checkout in which it lies, since modules are called across folders; without one the working
    directory, where the path lies below it; else the path itself.
    """
    resolved = path.resolve()
    for folder in (resolved, *resolved.parents):
        if (folder / ".git").exists():
            return Boundary(folder)
    here = Path.cwd().resolve()
    return Boundary(here if here in resolved.parents else resolved)


def is_source(name: str) -> bool:
    """Whether a file's name is one of source; editors' left-overs are not."""
    return name.endswith(_SUFFIXES) and not name.startswith((".", "#"))


def source_names(folder: Path) -> list[str]:
    """Return the names of a folder's files of source. A `.tofu` file replaces the `.tf` of the same name."""
    try:
        names = sorted(name for name in os.listdir(folder) if is_source(name))  # noqa: PTH208 - names alone
    except OSError:
        return []
    every = set(names)
    return [
        name
        for name in names
        if not (
            (name.endswith(".tf") and f"{name[:-3]}.tofu" in every)
            or (name.endswith(".tf.json") and f"{name[:-8]}.tofu.json" in every)
        )
    ]


def folders_of_source(top: Path) -> Iterator[Path]:
    """Give the folders at and below one that hold source, without following links to folders."""
    for looked, (folder, below, names) in enumerate(os.walk(top)):
        if looked >= MAX_FOLDERS:
            return
        below[:] = sorted(name for name in below if not name.startswith(".") and name not in _SKIPPED)
        if any(is_source(name) for name in names):
            yield Path(folder)


class Reader:
    """Reads the files of folders, each once."""

    def __init__(self, boundary: Boundary, parser: Parser) -> None:
        self.boundary = boundary
        self._parser = parser
        self._read: dict[Path, list[SourceFile]] = {}
        self._texts: dict[Path, list[tuple[str, Text]]] = {}
        self.problems: list[InputProblem] = []

    def prepare(self, folders: Sequence[tuple[Path, str]]) -> None:
        """Read and parse the files of many folders at once, where that is faster."""
        every: list[Text] = []
        for folder, shown in folders:
            self._texts[folder] = found = list(self._of(folder, shown))
            every.extend(text for _shown, text in found)
        self._parser.prepare(every)

    def files(self, folder: Path, shown: str) -> list[SourceFile]:
        """Return a folder's files of source, parsed; what is wrong with them goes to `problems`.

        Args:
            folder: where they lie. shown: that folder as the user is told.

        """
        if folder not in self._read:
            texts = self._texts.pop(folder, None)
            found = self._of(folder, shown) if texts is None else texts
            self._read[folder] = [self._file(name, text) for name, text in found]
        return self._read[folder]

    def _of(self, folder: Path, shown: str) -> Iterator[tuple[str, Text]]:
        """Give the texts of a folder's files, each with its path as the user is told."""
        for name in source_names(folder):
            path = _joined(shown, name)
            data = self.bytes_of(folder / name, path)
            if data is None:
                continue
            digest = hashlib.sha256(data).hexdigest()
            if data.startswith(b"\xef\xbb\xbf"):
                data = b"   " + data[3:]  # A byte order mark; offsets stay what they are.
            yield path, Text(name, data, digest)

    def _file(self, shown: str, text: Text) -> SourceFile:
        structure, hint = self._parser.parse(text)
        file = SourceFile(shown, text.data, text.digest, structure)
        for fault in structure.faults:
            line, column = file.position(fault.at)
            self.problems.append(InputProblem(shown, f"{fault.message}.", hint, shown, line, column))
        return file

    def bytes_of(self, path: Path, shown: str) -> bytes | None:
        """Return a file's bytes; None, with a problem told, where it cannot be had."""
        message, hint = "", "Nothing outside what is scanned is read."
        try:
            if path.is_symlink() and not self.boundary.holds(path):
                message = "this link leads out of what is scanned, or in a circle"
            elif not path.is_file():
                message = "this link leads nowhere" if path.is_symlink() else "this is not a file"
                hint = "Remove it, or put a file in its place."
            elif path.stat().st_size > MAX_FILE:
                message = f"this file is larger than {MAX_FILE >> 20} MB"
                hint = "Is this source written by hand? Split it."
            else:
                return path.read_bytes()
        except OSError as error:
            message, hint = f"this file cannot be read: {error.strerror}", "Give it the rights to be read."
        self.problems.append(InputProblem(shown, f"{message}.", hint, shown))
        return None


def _joined(folder: str, name: str) -> str:
    return name if folder in ("", ".") else f"{folder.rstrip('/')}/{name}"
