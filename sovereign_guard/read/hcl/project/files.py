"""Folders and files on disk -> parsed files, never outside a boundary."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from sovereign_guard.language import say
from sovereign_guard.ledger import SOURCE, note
from sovereign_guard.model.finding import InputProblem
from sovereign_guard.read.hcl.project.source import SourceFile
from sovereign_guard.read.hcl.syntax import Parser, Text
from sovereign_guard.read.hcl.syntax.tree import Attribute, Body

MAX_FILE = 8 << 20
"""Largest file of source, in bytes: the parser takes up to 200 bytes of memory for each."""

MAX_JSON = 64 << 20
"""Largest file of JSON, in bytes."""

MAX_FOLDERS = 200_000
"""Folders that are looked through below one path."""

_SUFFIXES = (".tf", ".tf.json", ".tofu", ".tofu.json")
_TOFU = (".tofu", ".tofu.json")
_SKIPPED = frozenset(
    {"node_modules", "__pycache__", ".git", ".terraform", ".terragrunt-cache", ".venv", ".tox", ".cache"}
)


def _twice(body: Body) -> Iterator[Attribute]:
    """Give arguments that a block has set already."""
    waiting = [body]
    while waiting:
        inner = waiting.pop()
        attributes = inner.attributes
        if len(attributes) > 1 and len({one.name for one in attributes}) < len(attributes):
            seen: set[str] = set()
            for one in attributes:
                if one.name in seen:
                    yield one
                seen.add(one.name)
        waiting.extend(block.body for block in inner.blocks)


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
    """Whether a file's name is one of source; hidden files are not."""
    return name.endswith(_SUFFIXES) and not name.startswith(".")


def source_names(folder: Path, *, tofu: bool = True) -> list[str]:
    """Return the names of a folder's files of source.

    Where `tofu` files count, such a file replaces the `.tf` of the same name.
    """
    try:
        with os.scandir(folder) as entries:
            names = sorted(one.name for one in entries if is_source(one.name) and not _is_folder(one))
    except OSError:
        return []
    if not tofu:
        names = [name for name in names if not name.endswith(_TOFU)]
    every = set(names)
    return [
        name
        for name in names
        if not (
            (name.endswith(".tf") and f"{name[:-3]}.tofu" in every)
            or (name.endswith(".tf.json") and f"{name[:-8]}.tofu.json" in every)
        )
    ]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # A loop of links: told when it is read.
        return False


def folders_below(
    top: Path, reader: Reader, also: frozenset[str] = frozenset()
) -> Iterator[tuple[Path, bool, bool]]:
    """Give the folders at and below one that hold source, or a file of one of the names in `also`.

    Each once by whatever links it is reached, with whether it holds the one and the other. In hidden folders
    only the names count; those that hold source go to the reader's `hidden`. A folder that cannot be looked
    into goes to its `problems`.
    """
    seen: set[Path] = set()
    waiting = [(top, False)]
    while waiting:
        folder, hidden = waiting.pop()
        if len(seen) >= MAX_FOLDERS:
            message = say(
                "there are more than {most} folders here; the others are not read.", most=MAX_FOLDERS
            )
            reader.problems.append(InputProblem(str(top), message, say("Scan the folders below one by one.")))
            return
        try:
            real = folder.resolve()
            with os.scandir(real) as entries:
                found = sorted(entries, key=lambda one: one.name, reverse=True)
        except (OSError, RuntimeError) as error:
            if not hidden:
                shown = legible_name(str(folder))
                why = error.strerror if isinstance(error, OSError) else say("its links lead in a circle")
                hint = say("Give it the rights to be read, or remove it.")
                reader.problems.append(
                    InputProblem(
                        shown, say("this folder cannot be looked into: {why}.", why=why), hint, shown
                    )
                )
            continue
        if real in seen or not reader.boundary.holds(real):
            continue
        seen.add(real)
        folders = [one for one in found if not is_source(one.name) or _is_folder(one)]
        source = not hidden and len(folders) < len(found)
        if hidden and len(folders) < len(found):
            reader.hidden.append(real)
        named = any(one.name in also for one in folders)
        if source or named:
            yield real, source, named
        waiting.extend(
            (real / one.name, hidden or one.name.startswith("."))
            for one in folders
            if one.name not in _SKIPPED and (also or not one.name.startswith(".")) and _is_folder(one)
        )


class Reader:
    """Reads the files of folders, each once."""

    def __init__(self, boundary: Boundary, parser: Parser, *, tofu: bool = True) -> None:
        """Take the boundary, the parser, and whether files that only OpenTofu reads count."""
        self.boundary = boundary
        self._tofu = tofu
        self._parser = parser
        self._read: dict[Path, list[SourceFile]] = {}
        self._single: dict[Path, SourceFile | None] = {}
        self._texts: dict[Path, list[tuple[str, Text]]] = {}
        self.problems: list[InputProblem] = []
        self.hidden: list[Path] = []

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

    def file(self, path: Path, shown: str) -> SourceFile | None:
        """Return one file, parsed; None, with a problem told, where it cannot be had."""
        if path not in self._single:
            text = self._text(path, shown)
            self._single[path] = self._file(shown, text) if text is not None else None
        return self._single[path]

    def _of(self, folder: Path, shown: str) -> Iterator[tuple[str, Text]]:
        """Give the texts of a folder's files, each with its path as the user is told."""
        for name in source_names(folder, tofu=self._tofu):
            path = _joined(shown, name)
            text = self._text(folder / name, path)
            if text is not None:
                yield path, text

    def _text(self, path: Path, shown: str) -> Text | None:
        data = self.bytes_of(path, shown)
        if data is None:
            return None
        digest = hashlib.sha256(data).hexdigest()
        if data.startswith(b"\xef\xbb\xbf"):
            data = b"   " + data[3:]  # A byte order mark; offsets stay what they are.
        return Text(path.name, data, digest)

    def _file(self, shown: str, text: Text) -> SourceFile:
        structure, hint = self._parser.parse(text)
        file = SourceFile(shown, text.data, text.digest, structure)
        for fault in structure.faults:
            line, column = file.position(fault.at)
            self.problems.append(InputProblem(shown, f"{fault.message}.", hint, shown, line, column))
        for attribute in _twice(structure.body):
            line, column = file.position(attribute.at)
            message = say("the argument {name!r} is set twice in one block.", name=attribute.name)
            advice = say("Terraform refuses it: leave one of them.")
            self.problems.append(InputProblem(shown, message, advice, shown, line, column))
        if not structure.faults and not text.data.isascii():
            try:
                text.data.decode()
            except UnicodeDecodeError as error:
                line, column = file.position(error.start)
                message = say("this is not UTF-8.")
                self.problems.append(
                    InputProblem(shown, message, say("Write the file again as UTF-8."), shown, line, column)
                )
        return file

    def bytes_of(self, path: Path, shown: str) -> bytes | None:
        """Return a file's bytes; None, with a problem told, where it cannot be had."""
        message, hint = "", ""
        name = os.fspath(path)
        try:
            about = os.lstat(name)
            is_link = stat.S_ISLNK(about.st_mode)
            if is_link and not self.boundary.holds(path):
                message = say("this link leads out of what is scanned, or in a circle.")
                hint = say("Nothing outside what is scanned is read.")
            elif is_link and not path.exists():
                message = say("this link leads nowhere.")
                hint = say("Remove it, or put a file in its place.")
            else:
                about = os.stat(name) if is_link else about  # noqa: PTH116 - hot
                limit = MAX_JSON if name.endswith(".json") else MAX_FILE
                if not stat.S_ISREG(about.st_mode):
                    message = say("this is not a file.")
                    hint = say("Remove it, or put a file in its place.")
                elif about.st_size > limit:
                    message = say("this file is larger than {most} MB.", most=limit >> 20)
                    hint = say("Is this source written by hand? Split it.")
                else:
                    with open(name, "rb") as file:  # noqa: PTH123 - hot
                        data = file.read()
                    note(SOURCE, shown, data)
                    return data
        except OSError as error:
            message = say("this file cannot be read: {why}.", why=error.strerror)
            hint = say("Give it the rights to be read.")
        self.problems.append(InputProblem(shown, message, hint, shown))
        return None


def _joined(folder: str, name: str) -> str:
    name = legible_name(name)
    return name if folder in ("", ".") else f"{folder.rstrip('/')}/{name}"


def legible_name(name: str) -> str:
    """Return a name as it can be written out; on disk it may hold bytes that are no text."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
