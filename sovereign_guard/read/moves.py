"""`moved` blocks: which addresses a resource had before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile

import msgspec

from sovereign_guard.model.address import steps, without_keys

_MOST = 100
"""Renames of one resource that are followed."""


class Moves(msgspec.Struct, frozen=True, eq=False):
    """The moves that modules state.

    Attributes:
        by_module: path of a module without instance keys, empty for the root -> pairs of the address before
            and the address after, as seen from that module. Either may be that of a module.

    """

    by_module: Mapping[str, Sequence[tuple[str, str]]]

    def histories(self, addresses: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Return the addresses that the resources at these had before, the latest first.

        An address that still stands, or that several say they had, is nobody's past: Terraform refuses such
        a rename, and what is known of the one must not be lent to another.
        """
        standing = set(addresses) if self.by_module else set()
        found = {one: tuple(takewhile(lambda old: old not in standing, self.before(one))) for one in standing}
        claims = Counter(old for earlier in found.values() for old in earlier)
        return {
            one: tuple(takewhile(lambda old: claims[old] == 1, earlier)) for one, earlier in found.items()
        }

    def before(self, address: str) -> tuple[str, ...]:
        """Return the addresses that the resource at this one had before, the latest first."""
        found: list[str] = []
        while self.by_module and len(found) < _MOST:
            earlier = self._step(found[-1] if found else address)
            if earlier is None or earlier == address or earlier in found:
                break
            found.append(earlier)
        return tuple(found)

    def _step(self, address: str) -> str | None:
        """Return the address one rename earlier: by the innermost module first, there by what says most."""
        parts = steps(address)
        within = 0
        while parts[within : within + 1] == ["module"]:
            within += 2
        while within >= 0:
            module, relative = ".".join(parts[:within]), ".".join(parts[within:])
            # An address without a key stands for all instances of what it names.
            fitting = [
                (before, after)
                for before, after in self.by_module.get(without_keys(module), ())
                if relative == after or relative.startswith((f"{after}.", f"{after}["))
            ]
            if fitting:
                before, after = max(fitting, key=lambda pair: len(pair[1]))
                return f"{module}.{before}{relative[len(after) :]}".removeprefix(".")
            within -= 2
        return None
