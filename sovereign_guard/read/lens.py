"""Attributes kept as JSON text and decoded only as far as a stage asks, type by type.

A resource has hundreds of attributes and the stages need five. A lens is a decoder generated for exactly the
names asked for; msgspec skips the rest without building it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from sovereign_guard.model.value import Reason, Sensitive, Tree, Unknown

_EMPTY = (b"", b"{}", b"null", b"false")


class Lens:
    """Decoders for fixed sets of top-level names."""

    def __init__(self) -> None:
        self._decoders: dict[tuple[str, ...], msgspec.json.Decoder[Any]] = {}

    def decode(self, names: tuple[str, ...], raw: msgspec.Raw) -> tuple[Tree, ...] | None:
        """Return the values of these names in a JSON object; None where the text is not an object."""
        decoder = self._decoders.get(names)
        if decoder is None:
            fields = [(f"f{position}", Any, None) for position in range(len(names))]
            rename = {f"f{position}": name for position, name in enumerate(names)}
            # A lens decodes an object into the positions of `names`, whatever characters these hold.
            shape = msgspec.defstruct("Selected", fields, rename=rename, gc=False)
            decoder = self._decoders[names] = msgspec.json.Decoder(shape)
        try:
            return msgspec.structs.astuple(decoder.decode(raw))
        except msgspec.ValidationError:
            return None


LENS = Lens()
"""Generated decoders, shared: they depend on nothing but the names."""


class PlanAttributes(msgspec.Struct, frozen=True, gc=False):
    """One side of a change: its values, what is not known of them, what is sensitive, all as JSON text."""

    values: msgspec.Raw
    unknown: msgspec.Raw
    sensitive: msgspec.Raw

    def select(self, names: tuple[str, ...]) -> tuple[Tree, ...]:
        """Return the values of these top-level attributes (see `model.resource.Attributes`)."""
        if not names:
            return ()
        values = self._part(names, self.values)
        if values is None:
            values = (None,) * len(names)
        mask = self._mask(names, self.unknown)
        if mask is not None:
            values = tuple(
                with_unknown(value, part, name) if part else value
                for value, part, name in zip(values, mask, names, strict=True)
            )
        mask = self._mask(names, self.sensitive)
        if mask is not None:
            values = tuple(
                with_sensitive(value, part) if part else value for value, part in zip(values, mask, strict=True)
            )
        return values

    def _part(self, names: tuple[str, ...], raw: msgspec.Raw) -> tuple[Tree, ...] | None:
        return LENS.decode(names, raw) if len(raw) > 2 else None

    def _mask(self, names: tuple[str, ...], raw: msgspec.Raw) -> tuple[Tree, ...] | None:
        if len(raw) <= 5:
            text = bytes(raw)
            if text in _EMPTY:
                return None
            if text == b"true":
                return (True,) * len(names)
        found = LENS.decode(names, raw)
        return found if found is not None and any(found) else None


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
