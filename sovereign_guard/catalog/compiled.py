"""The catalog at start-up: one msgpack file instead of several hundred YAML files.

A wheel carries it (hatch_build.py). A checkout keeps it in the user's cache folder, under a name made of the
size and time of every file in rules/, so that an edit is seen at once.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from sovereign_guard import __version__
from sovereign_guard.catalog.catalog import Catalog
from sovereign_guard.catalog.data import CatalogData, PackedCatalog
from sovereign_guard.catalog.folder import cache_folder, is_checkout, rules_folder

COMPILED_NAME = "catalog.msgpack"


def load() -> Catalog:
    """Load the catalog, compiling rules/ first where that has not been done.

    Raises:
        ConfigurationErrors: rules/ has faults (only where it is compiled here).

    """
    folder = rules_folder()
    path = cache_path(folder) if is_checkout(folder) else folder / COMPILED_NAME
    try:
        if path.is_file():
            return Catalog(CatalogData(decode(path.read_bytes())))
    except (OSError, msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError):
        pass  # Not there yet, or damaged: made anew below, from the files that count.
    from sovereign_guard.catalog.source import compile_rules

    data = compile_rules(folder)
    if is_checkout(folder):
        _write(path, encode(data))
    return Catalog(CatalogData(data))


def encode(data: PackedCatalog) -> bytes:
    """Serialise; deterministic for equal data."""
    return msgspec.msgpack.encode(data)


def decode(content: bytes) -> PackedCatalog:
    """Deserialise.

    Raises:
        msgspec.DecodeError, msgspec.ValidationError: not written by this version of `encode`.

    """
    return msgspec.msgpack.decode(content, type=PackedCatalog)


def cache_path(folder: Path) -> Path:
    """Return the cache file for the present state of these rules and of the code that compiles them."""
    digest = hashlib.sha256(__version__.encode())
    code = Path(__file__).parent
    for root, suffixes in (
        (folder, (".yaml", ".json")),
        (code, (".py",)),
        (code.parent / "model", (".py",)),
    ):
        for path, size, changed in sorted(_files(str(root), suffixes)):
            digest.update(f"{path}\0{size}\0{changed}\n".encode())
    return cache_folder() / f"catalog-{digest.hexdigest()[:24]}.msgpack"


def _files(folder: str, suffixes: tuple[str, ...]) -> Iterator[tuple[str, int, int]]:
    """Give path, size and time of change of the files below a folder, of which there are over a thousand."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(entry.path, suffixes)
            elif entry.name.endswith(suffixes):
                about = entry.stat()
                yield entry.path, about.st_size, about.st_mtime_ns


def _write(path: Path, content: bytes) -> None:
    """Write atomically; a cache that cannot be written costs time, not correctness."""
    import tempfile

    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(path)
        for old in path.parent.glob("catalog-*.msgpack"):
            if old != path and old.stat().st_mtime < path.stat().st_mtime - 86_400:
                old.unlink(missing_ok=True)
    except OSError:
        return
