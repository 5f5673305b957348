"""Comments addressed to us: `# sovereign-guard: level=sensitive` at a resource, data or module block."""

from __future__ import annotations

import re

from sovereign_guard.model.finding import InputProblem
from sovereign_guard.model.resource import Directive
from sovereign_guard.read.hcl.project.source import SourceFile
from sovereign_guard.read.hcl.syntax.tree import Block, Comment

_CARRIERS = frozenset({"resource", "data", "module"})
_LEVEL = re.compile(r"level\s*=\s*(?:\"([^\"]*)\"|([^\s\"]+))")
_COMMENT_LINE = re.compile(rb"\s*(#|//|/\*|\*)")


def directives_of(
    file: SourceFile, blocks: tuple[Block, ...]
) -> tuple[dict[int, tuple[Directive, ...]], list[InputProblem]]:
    """Return the directives of a file by the offset of their block, and what is wrong with others."""
    found: dict[int, tuple[Directive, ...]] = {}
    problems: list[InputProblem] = []
    for comment in file.structure.comments:
        line, column = file.position(comment.at)
        block = _block_of(file, comment, blocks)
        match = _LEVEL.fullmatch(comment.text)
        if match is None:
            message = "this directive is not understood"
            hint = "Write `# sovereign-guard: level=sensitive`."
        elif block is None:
            message = "this directive stands at no resource, data or module block"
            hint = "Put it inside the block, or on the lines right above it."
        else:
            directive = Directive(match[1] or match[2] or "", f"{file.path}:{line}")
            found[block.at] = (*found.get(block.at, ()), directive)
            continue
        problems.append(InputProblem(file.path, f"{message}.", hint, file.path, line, column))
    return found, problems


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
