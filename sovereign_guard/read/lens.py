"""Attributes kept as JSON text and decoded only as far as a stage asks, type by type.

A resource has hundreds of attributes and the stages need five. A lens is a decoder generated for exactly the
names asked for; msgspec skips the rest without building it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from sovereign_guard.model.value import Reason, Sensitive, Tree, Unknown

_MASKS_KEPT = 4096
"""Decoded masks that a lens remembers: resources of one type mostly have the very same mask."""


class _Masks(dict[bytes, tuple[Tree, ...] | None]):
    """Masks (`after_unknown`, `after_sensitive`) by their text; None for one that marks no name of a lens."""

    def __init__(self, lens: Lens) -> None:
        super().__init__(
            {b"": None, b"{}": None, b"null": None, b"false": None, b"true": (True,) * lens.size}
        )
        self._lens = lens

    def __missing__(self, text: bytes) -> tuple[Tree, ...] | None:
        found = self._lens.decode(text)
        mask = tuple(part if _marks(part) else None for part in found) if found is not None else None
        if mask is not None and not any(mask):
            mask = None
        if len(self) < _MASKS_KEPT:
            self[text] = mask
        return mask


class Lens:
    """A decoder of a fixed set of top-level names.

    Attributes:
        last: the attributes that were looked at last, and what they gave: stages that run in step
            (`model.sides.in_step`) ask the same of a resource one after the other.

    """

    last: tuple[object, tuple[Tree, ...]] = (None, ())

    def __init__(self, names: tuple[str, ...]) -> None:
        fields = [(f"f{position}", Any, None) for position in range(len(names))]
        rename = {f"f{position}": name for position, name in enumerate(names)}
        self.size = len(names)
        self._shape = msgspec.json.Decoder(msgspec.defstruct("Selected", fields, rename=rename, gc=False))
        self.masks = _Masks(self)

    def decode(self, raw: msgspec.Raw | bytes) -> tuple[Tree, ...] | None:
        """Return the values of these names in a JSON object; None where the text is absent or no object."""
        if not len(raw):
            return None
        try:
            return _as_tuple(self._shape.decode(raw))
        except msgspec.ValidationError:
            return None


class _Lenses(dict[tuple[str, ...], Lens]):
    """A lens for each set of names, made when it is first asked for."""

    def __missing__(self, names: tuple[str, ...]) -> Lens:
        self[names] = lens = Lens(names)
        return lens


_as_tuple = msgspec.structs.astuple
_LENSES = _Lenses()


class PlanAttributes(msgspec.Struct, frozen=True, gc=False):
    """One side of a change: its values, what is not known of them, what is sensitive, all as JSON text."""

    values: msgspec.Raw
    unknown: msgspec.Raw
    sensitive: msgspec.Raw

    def select(self, names: tuple[str, ...]) -> tuple[Tree, ...]:
        """Return the values of these top-level attributes (see `model.resource.Attributes`)."""
        if not names:
            return ()
        lens = _LENSES[names]
        last, values = lens.last
        if last is self:
            return values
        found = self._decode(lens, names)
        lens.last = (self, found)
        return found

    def _decode(self, lens: Lens, names: tuple[str, ...]) -> tuple[Tree, ...]:
        values = lens.decode(self.values)
        if values is None:
            values = (None,) * len(names)
        mask = lens.masks[bytes(self.unknown)]
        if mask is not None:
            values = tuple(
                with_unknown(value, part, name) if part else value
                for value, part, name in zip(values, mask, names, strict=True)
            )
        mask = lens.masks[bytes(self.sensitive)]
        if mask is not None:
            values = tuple(
                with_sensitive(value, part) if part else value
                for value, part in zip(values, mask, strict=True)
            )
        return values


def _marks(mask: Tree) -> bool:
    """Whether a mask marks anything: most are trees of empty maps and `false`."""
    if isinstance(mask, dict):
        return any(_marks(part) for part in mask.values())
    if isinstance(mask, list):
        return any(_marks(part) for part in mask)
    return mask is True


def with_unknown(value: Tree, mask: Tree, path: str) -> Tree:
    """Lay a mask of `after_unknown` over a value: `true` stands for what is known only after apply."""
    if mask is True:
        return Unknown(Reason.AFTER_APPLY, path)
    if isinstance(mask, dict) and (value is None or isinstance(value, dict)):
        merged = dict(value or {})
        for name, part in mask.items():
            if part:
                below = with_unknown(merged.get(name), part, f"{path}.{name}")
                if below is not None:
                    merged[name] = below
        return merged if merged or value is not None else None
    if isinstance(mask, list) and (value is None or isinstance(value, list)):
        items = list(value or [])
        items += [None] * (len(mask) - len(items))
        return [
            with_unknown(item, mask[at], f"{path}[{at}]") if at < len(mask) and mask[at] else item
            for at, item in enumerate(items)
        ]
    return value


def with_sensitive(value: Tree, mask: Tree) -> Tree:
    """Lay a mask of `after_sensitive` over a value."""
    if mask is True:
        return value if value is None or isinstance(value, (Unknown, Sensitive)) else Sensitive(value)
    if isinstance(mask, dict) and isinstance(value, dict):
        return {name: with_sensitive(part, mask.get(name)) for name, part in value.items()}
    if isinstance(mask, list) and isinstance(value, list):
        return [with_sensitive(item, mask[at] if at < len(mask) else None) for at, item in enumerate(value)]
    return value
