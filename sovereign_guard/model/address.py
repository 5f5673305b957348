"""Addresses of modules and resources as Terraform writes them."""

from __future__ import annotations

import json
import re


def without_keys(address: str) -> str:
    """Take instance keys off an address.

    >>> without_keys('module.a["x.y"].module.b[0]')
    'module.a.module.b'
    """
    if "[" not in address:
        return address
    kept: list[str] = []
    depth = 0
    quoted = escaped = False
    for char in address:
        if escaped:
            escaped = False
        elif quoted:
            escaped = char == "\\"
            quoted = char != '"'
        elif char == '"' and depth:
            quoted = True
        elif char == "[":
            depth += 1
        elif char == "]":
            depth -= 1
        elif not depth:
            kept.append(char)
    return "".join(kept)


def block_key(module: str, mode: str, resource_type: str, name: str) -> str:
    """Return the key of a block: its module's path without instance keys, then its address there."""
    address = f"data.{resource_type}.{name}" if mode == "data" else f"{resource_type}.{name}"
    return f"{module}.{address}" if module else address


def instance_address(module: str, mode: str, resource_type: str, name: str, key: int | str | None) -> str:
    """Return the address of an instance (module path with its keys)."""
    address = block_key(module, mode, resource_type, name)
    if key is None:
        return address
    return (
        f"{address}[{json.dumps(key, ensure_ascii=False)}]" if isinstance(key, str) else f"{address}[{key}]"
    )


def address_glob(pattern: str) -> re.Pattern[str]:
    """Compile an address glob: `*` any characters, `?` one; brackets are those of instance keys."""
    return re.compile(
        "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern), re.DOTALL
    )
