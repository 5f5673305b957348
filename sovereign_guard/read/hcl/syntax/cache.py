"""Parsed files, kept in the user's cache folder under the digest of their content.

An entry is written whole or not at all, and carries a checksum: one that is damaged counts as absent. A cache
that cannot be written costs time, not correctness.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from pathlib import Path

import msgspec

from sovereign_guard import __version__
from sovereign_guard.catalog.folder import cache_folder
from sovereign_guard.read.hcl.syntax.tree import Structure

_CHECKSUM_SIZE = 16
_MAX_ENTRY = 256 << 20
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_DAYS_KEPT = 30
_DAY = 86_400


class SyntaxCache:
    """The cache for the parsers as they are now: another version of them has another folder."""

    def __init__(self) -> None:
        self._top = cache_folder() / "source"
        self._folder = f"{self._top / _version()}{os.sep}"
        self._decoder = msgspec.msgpack.Decoder(Structure)
        self._encoder = msgspec.msgpack.Encoder()
        self._made: set[str] = set()

    def get(self, digest: str) -> Structure | None:
        """Return the structure of the file with this SHA-256, None where it is not kept."""
        try:
            handle = os.open(f"{self._folder}{digest[:2]}{os.sep}{digest[2:]}", _FLAGS)
            with os.fdopen(handle, "rb") as file:
                about = os.fstat(handle)
                if not stat.S_ISREG(about.st_mode) or about.st_size > _MAX_ENTRY:
                    return None
                content = file.read(about.st_size)
            if _checksum(content[_CHECKSUM_SIZE:]) == content[:_CHECKSUM_SIZE]:
                return self._decoder.decode(memoryview(content)[_CHECKSUM_SIZE:])
        except (OSError, msgspec.DecodeError, msgspec.ValidationError, RecursionError):
            return None
        return None

    def put(self, digest: str, structure: Structure) -> None:
        """Keep the structure of a file."""
        folder = f"{self._folder}{digest[:2]}"
        try:
            if folder not in self._made:
                Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
                self._made.add(folder)
            content = self._encoder.encode(structure)
            name = f"{folder}{os.sep}.{digest[2:]}.{os.getpid()}"
            with open(name, "xb") as file:  # noqa: PTH123 - hot
                file.write(_checksum(content) + content)
            os.replace(name, f"{folder}{os.sep}{digest[2:]}")  # noqa: PTH105 - hot
        except (OSError, RecursionError):
            return

    def tidy(self) -> None:
        """Remove what nobody has asked for in a while; looks once a day."""
        stamp = self._top / "tidied"
        now = time.time()
        try:
            if stamp.exists() and now - stamp.stat().st_mtime < _DAY:
                return
            stamp.touch()
            for folder, _below, names in os.walk(self._top, topdown=False):
                for name in names:
                    path = Path(folder) / name
                    if path != stamp and now - path.stat().st_mtime > _DAYS_KEPT * _DAY:
                        path.unlink(missing_ok=True)
                if Path(folder) != self._top and not os.listdir(folder):  # noqa: PTH208
                    Path(folder).rmdir()
        except OSError:
            return


def _checksum(content: bytes | memoryview) -> bytes:
    return hashlib.blake2b(content, digest_size=_CHECKSUM_SIZE).digest()


def _version() -> str:
    """Return a name for the code that makes the entries: its version, and in a checkout its state."""
    digest = hashlib.sha256(__version__.encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        stat = path.stat()
        digest.update(f"{path.name}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]
