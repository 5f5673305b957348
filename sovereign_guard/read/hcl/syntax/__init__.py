"""Text -> syntax tree.

    tree           the tree, in types of our own; whichever parser has read a file, this is what it delivers
    native         a file in native syntax -> its structure, by tree-sitter
    expressions    the text of one expression or template -> its tree, by tree-sitter
    json_syntax    a file in JSON syntax -> its structure
    second         python-hcl2's opinion on a file in which tree-sitter finds fault
    cache          structures kept from run to run, by the digest of their file

`Parser`, here, brings them together: it asks the cache, then the parser that a file needs, then the second.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import msgspec

from sovereign_guard.language import later, say
from sovereign_guard.processes import processors, shared_out
from sovereign_guard.read.hcl.syntax.cache import SyntaxCache
from sovereign_guard.read.hcl.syntax.native import parse_native
from sovereign_guard.read.hcl.syntax.tree import Structure

__all__ = ["Parser", "Structure", "Text"]

_MUCH = 3_000_000
"""Bytes of source from which it pays to start other processes."""

_SECOND_OPINIONS = 8.0
"""Seconds that the second parser may take in one run, all files together."""

_HINT = later("Run `terraform fmt` or `tofu fmt` on it; the blocks outside this place are judged.")
_JSON_HINT = later("Mend the file, `terraform validate` checks it; what stands outside this place is judged.")


class Text(msgspec.Struct, frozen=True):
    """A file's text: its name tells the syntax; `digest` is the SHA-256 of what is on disk."""

    name: str
    data: bytes
    digest: str


class Parser:
    """Parses files: from the cache where they are there, in several processes where there is much to do."""

    def __init__(self, *, cache: bool) -> None:
        self._cache = SyntaxCache() if cache else None
        self._ready: dict[str, Structure] = {}
        self._seconds = _SECOND_OPINIONS

    def prepare(self, texts: Sequence[Text]) -> None:
        """Parse many files beforehand."""
        waiting: dict[str, Text] = {}
        for text in texts:
            if text.name.endswith(".json") or text.digest in self._ready or text.digest in waiting:
                continue
            found = self._cache.get(text.digest) if self._cache is not None else None
            if found is not None:
                self._ready[text.digest] = found
            else:
                waiting[text.digest] = text
        if sum(len(text.data) for text in waiting.values()) >= _MUCH and processors() > 1:
            self._ready.update(_in_parallel(list(waiting.values())))
            if self._cache is not None:
                for digest in waiting:
                    if not self._ready[digest].faults:
                        self._cache.put(digest, self._ready[digest])
        if waiting and self._cache is not None:
            self._cache.tidy()

    def parse(self, text: Text) -> tuple[Structure, str]:
        """Return a file's structure, and what to do about its faults."""
        if text.name.endswith(".json"):
            from sovereign_guard.read.hcl.syntax.json_syntax import parse_json

            return parse_json(text.data), say(_JSON_HINT)
        structure = self._ready.get(text.digest)
        if structure is None and self._cache is not None:
            structure = self._cache.get(text.digest)
        if structure is None:
            structure = parse_native(text.data)
            if not structure.faults and self._cache is not None:
                self._cache.put(text.digest, structure)
        if not structure.faults:
            return structure, ""
        return self._second(text, structure)

    def _second(self, text: Text, structure: Structure) -> tuple[Structure, str]:
        """Ask python-hcl2 about a file in which tree-sitter finds fault."""
        from sovereign_guard.read.hcl.syntax.second import NotInstalledError, second_opinion

        if self._cache is not None and (known := self._cache.get(f"{text.digest}-second")) is not None:
            return known, say(_HINT) if known.faults else ""
        if self._seconds <= 0:
            more = say("A second parser was not asked any more: too many files have faults.")
            return structure, f"{say(_HINT)} {more}"
        start = time.monotonic()
        try:
            other = second_opinion(text.data)
        except NotInstalledError:
            more = say(
                "Should Terraform accept it, add the second parser: pip install 'sovereign-guard[hcl2]'."
            )
            return structure, f"{say(_HINT)} {more}"
        self._seconds -= time.monotonic() - start
        found = structure if other is None else other
        if self._cache is not None:
            self._cache.put(f"{text.digest}-second", found)
        return found, say(_HINT) if other is None else ""


def _in_parallel(texts: list[Text]) -> dict[str, Structure]:
    """Parse files in several processes."""
    # Bytes cost less to hand over than trees.
    encoded = shared_out(_parsed, texts, [len(text.data) for text in texts], _MUCH)
    decode = msgspec.msgpack.Decoder(Structure).decode
    return {text.digest: decode(data) for text, data in zip(texts, encoded, strict=True)}


def _parsed(text: Text) -> bytes:
    return msgspec.msgpack.encode(parse_native(text.data))
