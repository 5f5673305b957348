"""Pieces of pages: paragraphs, blocks, lists of names."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from sovereign_guard.catalog.yaml_file import read_yaml

WIDTH = 110

FEW = 4
"""Names that a cell of a table lists; of more, their number is told."""


def read(path: Path) -> dict[str, Any]:
    """Return a file of rules/ as it is written, dates as texts."""
    found: dict[str, Any] = read_yaml(path).data
    return found


def read_fast(path: Path) -> dict[str, Any]:
    """Return a file of rules/ of which no date is asked: many are read, and `read` keeps lines as well."""
    found: dict[str, Any] = yaml.load(path.read_bytes(), yaml.CSafeLoader)
    return found


def prose(text: str) -> str:
    """Return a paragraph, filled."""
    return textwrap.fill(" ".join(text.split()), WIDTH, break_long_words=False, break_on_hyphens=False)


def item(text: str) -> str:
    """Return an item of a list, filled."""
    return textwrap.fill(
        f"- {' '.join(text.split())}",
        WIDTH,
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def made_from(source: str) -> str:
    """Return the line that a generated page begins with."""
    return f"<!-- Made from {source} by docs/generate.py: edit that file, then run `make docs`. -->\n"


def join(parts: Sequence[str]) -> str:
    """Return a page of its parts, with an empty line between them."""
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def fenced(language: str, text: str) -> str:
    """Return a block of code."""
    body = text.strip("\n")
    return f"```{language}\n{body}\n```"


def listed(names: str | list[str]) -> tuple[str, ...]:
    """Return names where one may stand for a list of one."""
    return (names,) if isinstance(names, str) else tuple(names)


def names(all_names: Sequence[str]) -> str:
    """Return names for a cell of a table; of many, the first ones and how many more there are."""
    shown = ", ".join(f"`{name}`" for name in all_names[:FEW])
    return f"{shown} and {len(all_names) - FEW} more" if len(all_names) > FEW else shown


def cell(text: str) -> str:
    """Return a text that can stand in a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def table(*rows: Sequence[str]) -> str:
    """Return a table of its head and its rows."""
    head, *body = rows
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in body)])


def source(entry: dict[str, Any]) -> str:
    """Return a source as an item of a list."""
    title = f"[{entry['title']}]({entry['url']})" if "url" in entry else entry["title"]
    dated = f", {entry['published']}" if "published" in entry else ""
    return f"- {title}, {entry['publisher']}{dated}{'' if entry['read'] else ' (text not read by us)'}"
