"""Comments addressed to us, at a resource, data or module block.

# sovereign-guard: level=sensitive
# sovereign-guard: waive SOV001 until=2027-03-31 reason="Moves with the new contract." approver="A. Name"
"""

from __future__ import annotations

import re

from sovereign_guard.model.finding import InputProblem
from sovereign_guard.model.resource import Directive
from sovereign_guard.model.waiver import Waiver
from sovereign_guard.read.hcl.project.source import SourceFile
from sovereign_guard.read.hcl.syntax.tree import Block, Comment

_CARRIERS = frozenset({"resource", "data", "module"})
_VALUE = r"(?:\"([^\"]*)\"|([^\s\"]+))"
_LEVEL = re.compile(rf"level\s*=\s*{_VALUE}")
_WAIVE = re.compile(r"waive\s+([A-Za-z0-9]+(?:\s*,\s*[A-Za-z0-9]+)*)((?:\s.*)?)", re.DOTALL)
_FIELD = re.compile(rf"\s+(until|reason|approver)\s*=\s*{_VALUE}")
_COMMENT_LINE = re.compile(rb"\s*(#|//|/\*|\*)")
_EXAMPLES = (
    "Write `# sovereign-guard: level=sensitive`, or "
    '`# sovereign-guard: waive SOV001 until=2027-03-31 reason="..."`.'
)


def directives_of(
    file: SourceFile, blocks: tuple[Block, ...]
) -> tuple[dict[int, tuple[Directive | Waiver, ...]], list[InputProblem]]:
    """Return the directives of a file by the offset of their block, and what is wrong with others."""
    found: dict[int, tuple[Directive | Waiver, ...]] = {}
    problems: list[InputProblem] = []
    for comment in file.structure.comments:
        line, column = file.position(comment.at)
        block = _block_of(file, comment, blocks)
        said = _read(comment.text, file.path, line, column)
        if said is None:
            message, hint = "this directive is not understood", _EXAMPLES
        elif block is None:
            message = "this directive stands at no resource, data or module block"
            hint = "Put it inside the block, or on the lines right above it."
        else:
            found[block.at] = (*found.get(block.at, ()), said)
            continue
        problems.append(InputProblem(file.path, f"{message}.", hint, file.path, line, column))
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


def _block_of(file: SourceFile, comment: Comment, blocks: tuple[Block, ...]) -> Block | None:
    """Return the block in which a comment stands, at the end of which, or right above which."""
    for block in blocks:
        if block.at <= comment.at <= block.end:
            return block if block.type in _CARRIERS else None
    if file.path.endswith(".json"):
        return None
    for block in blocks:
        if block.type not in _CARRIERS:
            continue
        if block.end <= comment.at and b"\n" not in file.data[block.end : comment.at]:
            return block
    following = min(
        (block for block in blocks if block.at > comment.at), key=lambda one: one.at, default=None
    )
    if following is None or following.type not in _CARRIERS:
        return None
    between = file.data[comment.at : following.at].split(b"\n")[1:-1]
    return following if all(_COMMENT_LINE.match(line) for line in between) else None
