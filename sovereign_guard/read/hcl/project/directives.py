"""Comments addressed to us, at a resource, data, module, backend or cloud block.

# sovereign-guard: level=sensitive
# sovereign-guard: waive SOV001 until=2027-03-31 reason="Moves with the new contract." approver="A. Name"
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from sovereign_guard.language import later, say
from sovereign_guard.model.finding import InputProblem
from sovereign_guard.model.resource import Directive
from sovereign_guard.model.waiver import Waiver
from sovereign_guard.read.hcl.project.source import SourceFile
from sovereign_guard.read.hcl.syntax.tree import Block, Comment

_CARRIERS = frozenset({"resource", "data", "module"})
_STATE = frozenset({"backend", "cloud"})
_VALUE = r"(?:\"([^\"]*)\"|([^\s\"]+))"
_LEVEL = re.compile(rf"level\s*=\s*{_VALUE}")
_WAIVE = re.compile(r"waive\s+([A-Za-z0-9]+(?:\s*,\s*[A-Za-z0-9]+)*)((?:\s.*)?)", re.DOTALL)
_FIELD = re.compile(rf"\s+(until|reason|approver)\s*=\s*{_VALUE}")
_COMMENT_LINE = re.compile(rb"\s*(#|//|/\*|\*)")
_OPENING = re.compile(rb"[ \t]*/\*")
_EXAMPLES = later(
    "Write `# sovereign-guard: level=sensitive`, or "
    '`# sovereign-guard: waive SOV001 until=2027-03-31 reason="..."`.'
)


def directives_of(
    file: SourceFile, blocks: tuple[Block, ...]
) -> tuple[dict[int, tuple[Directive | Waiver, ...]], list[InputProblem]]:
    """Return the directives of a file by the offset of their block, and what is wrong with others."""
    found: dict[int, tuple[Directive | Waiver, ...]] = {}
    problems: list[InputProblem] = []
    ordered = sorted(blocks, key=lambda block: block.at)
    starts = [block.at for block in ordered]
    for comment in file.structure.comments:
        line, column = file.position(comment.at)
        block = _block_of(file, comment, ordered, starts)
        said = _read(comment.text, file.path, line, column)
        if said is None:
            message, hint = say("this directive is not understood."), say(_EXAMPLES)
        elif block is None:
            message = say("this directive stands at no resource, data or module block, nor at a backend.")
            hint = say("Put it inside the block, or on the lines right above it.")
        else:
            found[block.at] = (*found.get(block.at, ()), said)
            continue
        problems.append(InputProblem(file.path, message, hint, file.path, line, column))
    return found, problems


def _read(text: str, file: str, line: int, column: int) -> Directive | Waiver | None:
    """Return what a comment says; what a waiver lacks is for the judge to tell."""
    level = _LEVEL.fullmatch(text)
    if level is not None:
        return Directive(level[1] or level[2] or "", f"{file}:{line}")
    waive = _WAIVE.fullmatch(text)
    if waive is None:
        return None
    fields: dict[str, str] = {}
    rest = waive[2]
    while rest.strip():
        match = _FIELD.match(rest)
        if match is None or match[1] in fields:
            return None
        fields[match[1]] = (match[2] or match[3] or "").strip()
        rest = rest[match.end() :]
    return Waiver(
        rules=tuple(dict.fromkeys(rule.strip().upper() for rule in waive[1].split(","))),
        reason=fields.get("reason", ""),
        until=fields.get("until", ""),
        approver=fields.get("approver", ""),
        file=file,
        line=line,
        column=column,
    )


def _block_of(
    file: SourceFile, comment: Comment, blocks: Sequence[Block], starts: Sequence[int]
) -> Block | None:
    """Return the block in which a comment stands, at the end of which, or right above which.

    Args:
        blocks: in the order of the file. starts: where each begins.

    """
    place = bisect_right(starts, comment.at)
    before = blocks[place - 1] if place else None
    if before is not None and (comment.at <= before.end or _trails(file.data, before.end, comment.at)):
        return _carrier(file, comment, before)
    if place == len(blocks) or file.path.endswith(".json"):
        return None
    between = file.data[comment.at : blocks[place].at].split(b"\n")[1:-1]
    if not all(_COMMENT_LINE.match(line) for line in between):
        return None
    return _carrier(file, comment, blocks[place])


def _carrier(file: SourceFile, comment: Comment, block: Block) -> Block | None:
    """Return the block of which a comment at this one speaks: at `terraform`, the backend in it."""
    if block.type != "terraform":
        return block if block.type in _CARRIERS else None
    inner = sorted(block.body.blocks, key=lambda one: one.at)
    backends = [one for one in inner if one.type in _STATE]
    if not block.at <= comment.at <= block.end:
        return backends[0] if len(backends) == 1 else None
    for one in inner:
        if one.at <= comment.at and (comment.at <= one.end or _trails(file.data, one.end, comment.at)):
            return one if one.type in _STATE else None
    return backends[0] if len(backends) == 1 else None


def _trails(data: bytes, end: int, at: int) -> bool:
    """Whether what stands here belongs to a comment that begins on the line on which a block ends."""
    if data.find(b"\n", end, at) < 0:
        return True
    opened = _OPENING.match(data, end, at)
    return opened is not None and data.find(b"*/", opened.end(), at) < 0
