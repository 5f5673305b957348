"""Addresses of modules and resources as Terraform writes them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator


def without_keys(address: str) -> str:
    """Take instance keys off an address.

    >>> without_keys('module.a["x.y"].module.b[0]')
    'module.a.module.b'
    """
    return "".join(char for char, inside in _scanned(address) if not inside) if "[" in address else address


def steps(address: str) -> list[str]:
    """Divide an address at its dots, not at those of instance keys.

    >>> steps('module.a["x.y"].aws_s3_bucket.b[0]')
    ['module', 'a["x.y"]', 'aws_s3_bucket', 'b[0]']
    """
    if "[" not in address:
        return address.split(".")
    found = [""]
    for char, inside in _scanned(address):
        if char == "." and not inside:
            found.append("")
        else:
            found[-1] += char
    return found


def _scanned(address: str) -> Iterator[tuple[str, bool]]:
    """Give each character, and whether it belongs to an instance key."""
    depth = 0
    quoted = escaped = False
    for char in address:
        inside = depth > 0
        if escaped:
            escaped = False
        elif quoted:
            escaped = char == "\\"
            quoted = char != '"'
        elif char == '"' and depth:
            quoted = True
        elif char == "[":
            depth += 1
            inside = True
        elif char == "]" and depth:
            depth -= 1
        yield char, inside


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
    """Compile an address glob: `*` any characters, `?` one; brackets are those of instance keys.

    What stands between stars is taken where it is found first, once and for all (an atomic group): many stars
    would else take for ever.
    """
    first, *rest = ("".join("." if c == "?" else re.escape(c) for c in part) for part in pattern.split("*"))
    if not rest:
        return re.compile(first, re.DOTALL)
    between = "".join(f"(?>.*?{part})" for part in rest[:-1] if part)
    return re.compile(f"{first}{between}.*{rest[-1]}", re.DOTALL)


def key_suffix(key: int | str) -> str:
    """Return an instance key as Terraform writes it in an address."""
    if isinstance(key, int):
        return f"[{key}]"
    quoted = json.dumps(key, ensure_ascii=False)
    return f"[{quoted.replace('${', '$${').replace('%{', '%%{')}]"
