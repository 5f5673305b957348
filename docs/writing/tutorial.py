"""docs/tutorial.md is written by hand, save its files and what the program prints: those are put in here."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from writing.page import fenced
from writing.run import run_in

LEFT_OUT = "[...]"
"""The line that stands for lines of the output which a page does not show."""

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COLUMNS = "90"


def page(text: str, folder: Path) -> str:
    """Follow the tutorial from top to bottom, and return it with what was found on the way.

    A block of HCL says in its first line which file it is. Before the first command it shows a file of the
    folder; after that it is the change that a reader makes. A block of text is what the command before it
    prints.

    Args:
        text: the page as it is. folder: what the reader begins with.

    """
    with TemporaryDirectory() as place:
        town = Path(place, "town")
        shutil.copytree(folder, town)
        printed = ""
        begun = False

        def replaced(match: re.Match[str]) -> str:
            nonlocal printed, begun
            language, body = match.groups()
            head, _newline, rest = body.partition("\n")
            if language == "hcl":
                file = town / head.removeprefix("# ")
                if not begun:
                    return fenced("hcl", f"{head}\n{file.read_text(encoding='utf-8')}")
                file.write_text(rest, encoding="utf-8")
            elif language == "sh":
                begun = True
                for line in body.splitlines():
                    printed = run_in(town, *shlex.split(line, comments=True)[1:], columns=_COLUMNS)[1]
            elif language == "text":
                return fenced("text", shortened(printed, body))
            return match[0]

        return _BLOCK.sub(replaced, text)


def shortened(printed: str, shown: str) -> str:
    """Return of an output what a block shows of it: all, or the paragraphs between lines left out."""
    if LEFT_OUT not in shown.splitlines():
        return printed
    return "\n".join(_shortened(printed, shown))


def _shortened(printed: str, shown: str) -> Iterator[str]:
    lines = printed.strip("\n").splitlines()
    pieces = re.split(rf"^{re.escape(LEFT_OUT)}$", shown.strip("\n"), flags=re.MULTILINE)
    for number, piece in enumerate(pieces):
        if number:
            yield LEFT_OUT
        wanted = piece.strip("\n")
        if wanted:
            first = wanted.partition("\n")[0]
            begin = lines.index(first) if first in lines else 0
            paragraphs = "\n".join(lines[begin:]).split("\n\n")
            yield from "\n\n".join(paragraphs[: wanted.count("\n\n") + 1]).splitlines()
            yield from [""] * (number < len(pieces) - 1)
