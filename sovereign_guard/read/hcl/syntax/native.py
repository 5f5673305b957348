"""A file in HCL's native syntax -> its structure, by tree-sitter."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sovereign_guard.language import later
from sovereign_guard.read.hcl.syntax.expressions import first_fault, legible, parser, unescape
from sovereign_guard.read.hcl.syntax.tree import Attribute, Block, Body, Comment, Structure, SyntaxFault

if TYPE_CHECKING:
    from tree_sitter import Node

DIRECTIVE = re.compile(rb"(?i)sovereign[-_]guard[ \t]*(?::|(?=[ \t](?:level|waive)\b))")
"""What a comment that speaks to us begins with. Slips of the pen count too: whoever writes them means it."""
MAX_BLOCK_DEPTH = 100
MAX_FAULTS = 20
_JOINED = 4
_NOT_HCL = later("this is not HCL")
_BLOCK_START = re.compile(rb'^[A-Za-z_][\w-]*(?:[ \t]*"[^"\n]*"|[ \t]+[\w-]+)*[ \t]*\{', re.MULTILINE)


def parse_native(data: bytes) -> Structure:
    """Return the structure of a file.

    Where something is not HCL, it holds the blocks outside the damaged regions, and the faults.
    """
    root = parser().parse(legible(data)).root_node
    comments = tuple(_comments(root, data)) if DIRECTIVE.search(data) is not None else ()
    faults: list[SyntaxFault] = []
    attributes: list[Attribute] = []
    blocks: list[Block] = []
    for node in _recovered(data, faults) if root.has_error else _top_level(root):
        try:
            if node.type == "block":
                blocks.append(_block(node, data, 0))
            else:
                attributes.append(_attribute(node, data))
        except _TooDeepError as error:
            faults.append(SyntaxFault(error.at, later("blocks are nested too deeply")))
    return Structure(Body(tuple(attributes), tuple(blocks)), comments, tuple(faults))


class _TooDeepError(Exception):
    def __init__(self, at: int) -> None:
        self.at = at
        super().__init__()


def _recovered(data: bytes, faults: list[SyntaxFault]) -> list[Node]:
    """Return what is sound in a damaged file, and add the faults.

    tree-sitter gives up on what follows many a fault. So the file is read again in pieces, each from a block
    at the start of a line; some are joined where that makes them sound, such as those of a heredoc.
    """
    from tree_sitter import Parser, Range

    language = parser().language
    text = legible(data)
    bounds = sorted({0, len(text), *(match.start() for match in _BLOCK_START.finditer(text))})
    found: list[Node] = []
    at = 0
    while at < len(bounds) - 1:
        for end in range(at + 1, min(at + 1 + _JOINED, len(bounds))):
            piece = Range((0, 0), (0xFFFFFFFF, 0xFFFFFFFF), bounds[at], bounds[end])
            root = Parser(language, included_ranges=[piece]).parse(text).root_node
            if not root.has_error:
                found += _top_level(root)
                at = end
                break
            if end == at + 1:
                damaged = root
        else:
            if len(faults) < MAX_FAULTS:
                _faults(damaged, faults)
            found += _top_level(damaged) if at == 0 else []
            at += 1
    return found


def _top_level(root: Node) -> list[Node]:
    """Return the sound blocks and attributes of a file, those beside a damaged region too."""
    found: list[Node] = []
    waiting = [root]
    while waiting:
        node = waiting.pop()
        for child in node.children:
            kind = child.type
            if kind == "body" or (child.is_error and kind == "ERROR"):
                waiting.append(child)
            elif kind in ("block", "attribute") and not child.has_error:
                found.append(child)
    found.sort(key=lambda node: node.start_byte)
    return found


def _faults(root: Node, faults: list[SyntaxFault]) -> None:
    waiting = [root]
    while waiting and len(faults) < MAX_FAULTS:
        node = waiting.pop(0)
        if node.is_error or node.is_missing:
            at = first_fault(node).start_byte
            faults.append(
                SyntaxFault(at, later("a {kind!r} is missing here"), {"kind": node.type})
                if node.is_missing
                else SyntaxFault(at, _NOT_HCL)
            )
            continue
        waiting[:0] = [child for child in node.children if child.has_error or child.is_missing]
    if not faults:
        faults.append(SyntaxFault(first_fault(root).start_byte, _NOT_HCL))
    faults.sort(key=lambda fault: fault.at)


def _block(node: Node, data: bytes, depth: int) -> Block:
    if depth > MAX_BLOCK_DEPTH:
        raise _TooDeepError(node.start_byte)
    kind = ""
    labels: list[str] = []
    attributes: tuple[Attribute, ...] = ()
    blocks: tuple[Block, ...] = ()
    for child in node.named_children:
        name = child.type
        if name == "body":
            attributes, blocks = _body(child, data, depth)
        elif name == "identifier":
            text = data[child.start_byte : child.end_byte].decode("utf-8", "replace")
            if kind:
                labels.append(text)
            else:
                kind = text
        elif name == "string_lit":
            text = data[child.start_byte + 1 : child.end_byte - 1].decode("utf-8", "replace")
            labels.append(unescape(text))
    return Block(kind, tuple(labels), node.start_byte, node.end_byte, Body(attributes, blocks))


def _body(node: Node, data: bytes, depth: int) -> tuple[tuple[Attribute, ...], tuple[Block, ...]]:
    attributes: list[Attribute] = []
    blocks: list[Block] = []
    for child in node.named_children:
        if child.type == "attribute":
            attributes.append(_attribute(child, data))
        elif child.type == "block":
            blocks.append(_block(child, data, depth + 1))
    return tuple(attributes), tuple(blocks)


def _attribute(node: Node, data: bytes) -> Attribute:
    children = node.children
    name, value = children[0], children[-1]
    return Attribute(
        data[name.start_byte : name.end_byte].decode("utf-8", "replace"),
        name.start_byte,
        value.start_byte,
        value.end_byte,
    )


def _comments(root: Node, data: bytes) -> list[Comment]:
    """Return the comments that speak to us, wherever they stand."""
    found: list[Comment] = []
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.type == "comment":
            text = data[node.start_byte : node.end_byte]
            mark = DIRECTIVE.search(text)
            if mark is not None:
                said = text[mark.end() :].removesuffix(b"*/").decode("utf-8", "replace").strip()
                found.append(Comment(node.start_byte + mark.start(), said))
        elif DIRECTIVE.search(data, node.start_byte, node.end_byte) is not None:
            waiting.extend(node.children)
    found.sort(key=lambda comment: comment.at)
    return found
