"""A second opinion on a file that tree-sitter does not accept: that of python-hcl2, in our own syntax tree.

python-hcl2 reads some hundred times slower than tree-sitter, so it is asked about small files only, in a
process of its own whose time and memory are bounded. Both processes run this module; what comes back is
msgpack of the types in `tree.py`, and nothing else.

What python-hcl2 delivers is a parse tree with positions. It takes heredocs as plain text: their
interpolations and directives are found here, and each is given to python-hcl2 again.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from sovereign_guard.read.hcl.syntax.expressions import MAX_DEPTH, composed, unescape
from sovereign_guard.read.hcl.syntax.native import DIRECTIVE, MAX_BLOCK_DEPTH
from sovereign_guard.read.hcl.syntax.tree import (
    Access,
    Attribute,
    Binary,
    Block,
    Body,
    Call,
    Comment,
    Conditional,
    Expression,
    For,
    GetAttribute,
    GetIndex,
    Literal,
    Name,
    Number,
    ObjectExpression,
    Splat,
    Step,
    Structure,
    Template,
    TemplateFor,
    TemplateIf,
    TupleExpression,
    Unary,
)

if TYPE_CHECKING:
    from lark import Lark, Token, Tree

    Branch: TypeAlias = Tree[Token]
    Child: TypeAlias = Branch | Token

MAX_BYTES = 256 * 1024
"""Larger files get no second opinion: it would take too long."""
MAX_SECONDS = 15
MAX_MEMORY = 1 << 30

_UNUSABLE = 3
_BOM = b"\xef\xbb\xbf"
_HEREDOC = re.compile(rb"<<(-?)([^\r\n]+)\r?\n")
_WRONG_ESCAPE = re.compile(rb'\\(?!["\\nrt]|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})')
_MARKER_ESCAPE = re.compile(r"([$%])\1\{")
_WORDS: dict[str, Expression] = {"true": Literal(True), "false": Literal(False), "null": Literal(None)}  # noqa: FBT003
_NEWLINES = "new_line_or_comment"
_COMMENT_TOKENS = frozenset(
    {"NL_OR_COMMENT", "DOUBLE_EQ", "NEQ", "LT", "GT", "LEQ", "GEQ"}
    | {"ASTERISK", "SLASH", "PERCENT", "DOUBLE_AMP", "DOUBLE_PIPE", "PLUS", "QMARK"}
)
_STEPS = frozenset({"index_expr_term", "get_attr_expr_term", "attr_splat_expr_term", "full_splat_expr_term"})

# In a heredoc: where text ends and code begins. In code: what opens and closes, with what hides brackets.
_TEXT_STOPS = re.compile(rb"\$\$\{|%%\{|[$%]\{")
_QUOTED_STOPS = re.compile(rb'\\.|\$\$\{|%%\{|[$%]\{|"', re.DOTALL)
_CODE_STOPS = re.compile(rb'#[^\n]*|//[^\n]*|/\*.*?\*/|["{}]', re.DOTALL)


class NotInstalledError(Exception):
    """python-hcl2 is not installed, or another package has put a module of the same name in its place."""


def second_opinion(data: bytes) -> Structure | None:
    """Return a file's structure as python-hcl2 reads it, with every expression set.

    None: it does not accept the file either, the file is too large, or reading it takes too much.

    Raises:
        NotInstalledError: python-hcl2 is not there to be asked.

    """
    import importlib.util
    import os
    import subprocess

    if importlib.util.find_spec("hcl2") is None:
        raise NotInstalledError
    if len(data) > MAX_BYTES:
        return None
    # -P and the parent's own path: nothing is ever imported from the folder that is scanned.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    try:
        answer = subprocess.run(  # noqa: S603
            [sys.executable, "-P", "-m", __name__],
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=MAX_SECONDS,
            env=environment,
            check=False,
        )
    except (subprocess.TimeoutExpired, OSError):
        return None
    if answer.returncode == _UNUSABLE:
        raise NotInstalledError
    if answer.returncode:
        return None
    try:
        return msgspec.msgpack.decode(answer.stdout, type=Structure | None)
    except (msgspec.MsgspecError, RecursionError):
        return None


def main() -> int:
    """Read a file from standard input and write its structure, or nil, as msgpack to standard output."""
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (MAX_SECONDS, MAX_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    sys.setrecursionlimit(50_000)
    try:
        _parser()
    except ImportError:
        return _UNUSABLE
    sys.stdout.buffer.write(msgspec.msgpack.encode(read(sys.stdin.buffer.read())))
    return 0


def read(data: bytes) -> Structure | None:
    """Return a file's structure as python-hcl2 reads it; None if it does not accept it.

    Runs in this process, for as long as it takes.
    """
    from lark.exceptions import LarkError

    if data.startswith(_BOM):
        data = b" " * len(_BOM) + data[len(_BOM) :]
    try:
        tree = _tree(data)
        adapter = _Adapter(data)
        return Structure(adapter.body(_branches(tree)[0], 0), tuple(_comments(tree, data)))
    except (LarkError, RecursionError, _NotReadError):
        return None


class _NotReadError(Exception):
    """python-hcl2 accepts this, and yet it is not HCL, or it is nested too deeply."""


@cache
def _parser() -> Lark:
    """Return python-hcl2's parser.

    It is built here rather than asked of python-hcl2, which would keep it pickled among its own files.
    """
    import hcl2
    from hcl2.postlexer import PostLexer
    from lark import Lark

    return Lark.open(
        "hcl2.lark", rel_to=str(hcl2.__file__), parser="lalr", propagate_positions=True, postlex=PostLexer()
    )


def _tree(data: bytes) -> Branch:
    """Return python-hcl2's tree; each byte stands for one character, so that its positions are ours."""
    return _parser().parse(data.decode("latin-1") + "\n")


def _is_branch(child: Child) -> bool:
    return hasattr(child, "children")


def _branches(tree: Branch) -> list[Branch]:
    return [child for child in tree.children if _is_branch(child) and child.data != _NEWLINES]  # type: ignore[misc,union-attr]


def _tokens(tree: Branch) -> Iterator[Token]:
    """Give all tokens below a tree, in order, without using Python's stack."""
    waiting: list[Child] = [tree]
    while waiting:
        child = waiting.pop()
        if _is_branch(child):
            waiting.extend(reversed(child.children))  # type: ignore[union-attr]
        else:
            yield child  # type: ignore[misc]


def _has(tree: Branch, kind: str) -> bool:
    return any(not _is_branch(child) and child.type == kind for child in tree.children)  # type: ignore[union-attr]


def _begin(token: Token) -> int:
    return token.start_pos or 0


def _end(token: Token) -> int:
    return token.end_pos or 0


def _comments(tree: Branch, data: bytes) -> Iterator[Comment]:
    """Give the comments that speak to us. python-hcl2 puts one before an operator into the operator."""
    if DIRECTIVE.search(data) is None:
        return
    for token in _tokens(tree):
        comment = str(token).partition("*/" if token.startswith("/*") else "\n")[0].encode("latin-1")
        mark = DIRECTIVE.search(comment) if token.type in _COMMENT_TOKENS else None
        if mark is None:
            continue
        if token.type == "NL_OR_COMMENT":
            at = _begin(token) + mark.start()
        else:
            at = [found.start() for found in DIRECTIVE.finditer(data, 0, _begin(token))][-1]
        yield Comment(at, comment[mark.end() :].removesuffix(b"*/").decode("utf-8", "replace").strip())


class _Adapter:
    """Turns python-hcl2's tree of one text into our syntax tree."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._by_type: dict[str, Callable[[Branch, int], Expression]] = {
            "expr_term": self._term,
            "conditional": self._conditional,
            "binary_op": self._binary,
            "unary_op": self._unary,
            "int_lit": self._number,
            "float_lit": self._number,
            "string": self._quoted,
            "tuple": self._tuple,
            "object": self._object,
            "identifier": lambda tree, _depth: Name(self._text(tree)),
            "literal_value": lambda tree, _depth: _WORDS[self._text(tree)],
            "function_call": self._call,
            "heredoc_template": self._heredoc,
            "heredoc_template_trim": self._heredoc,
            "for_tuple_expr": self._for,
            "for_object_expr": self._for,
            **dict.fromkeys(_STEPS, self._access),
        }

    # -- structure -------------------------------------------------------------------------------------------

    def body(self, tree: Branch, depth: int) -> Body:
        """Convert a `body`."""
        attributes: list[Attribute] = []
        blocks: list[Block] = []
        for child in _branches(tree):
            if child.data == "attribute":
                attributes.append(self._attribute(child))
            else:
                blocks.append(self._block(child, depth + 1))
        return Body(tuple(attributes), tuple(blocks))

    def _attribute(self, tree: Branch) -> Attribute:
        name, value = _branches(tree)
        solid = [token for token in _tokens(value) if token.type != "NL_OR_COMMENT"]
        last = solid[-1]
        end = _end(last)
        if last.type.startswith("HEREDOC"):
            end = len(self._data[:end].rstrip())
        return Attribute(
            self._text(name),
            _begin(next(_tokens(name))),
            _begin(solid[0]),
            end,
            self._expression(value, 0),
        )

    def _block(self, tree: Branch, depth: int) -> Block:
        if depth > MAX_BLOCK_DEPTH:
            raise _NotReadError
        kind, *labels, body = _branches(tree)
        names = [self._label(label) if label.data == "string" else self._text(label) for label in labels]
        tokens = list(_tokens(kind))
        closing = tree.children[-1]
        return Block(self._text(kind), tuple(names), _begin(tokens[0]), _end(closing), self.body(body, depth))  # type: ignore[arg-type]

    def _label(self, tree: Branch) -> str:
        label = self._quoted(tree, 0)
        if not isinstance(label, Literal):
            raise _NotReadError
        return str(label.value)

    def _text(self, tree: Branch) -> str:
        return "".join(map(str, _tokens(tree))).encode("latin-1").decode("utf-8", "replace")

    # -- expressions -----------------------------------------------------------------------------------------

    def _expression(self, tree: Branch, depth: int) -> Expression:
        if depth > MAX_DEPTH:
            raise _NotReadError
        convert = self._by_type.get(str(tree.data))
        if convert is None:
            raise _NotReadError
        return convert(tree, depth + 1)

    def _term(self, tree: Branch, depth: int) -> Expression:
        return self._expression(_branches(tree)[0], depth)

    def _conditional(self, tree: Branch, depth: int) -> Expression:
        condition, then, otherwise = (self._expression(child, depth) for child in _branches(tree))
        return Conditional(condition, then, otherwise)

    def _binary(self, tree: Branch, depth: int) -> Expression:
        left, term = _branches(tree)
        operator, right = _branches(term)
        # Its position is that of the operator alone, its text may begin with a comment.
        token = next(_tokens(operator))
        written = self._data[_begin(token) : _end(token)].decode("ascii")
        return Binary(written, self._expression(left, depth), self._expression(right, depth))

    def _unary(self, tree: Branch, depth: int) -> Expression:
        return Unary(str(tree.children[0]), self._expression(_branches(tree)[0], depth))

    def _number(self, tree: Branch, _depth: int) -> Expression:
        text = self._text(tree)
        # python-hcl2 takes the sign of a number of several digits for a part of it.
        return Unary("-", Number(text[1:])) if text.startswith("-") else Number(text)

    def _tuple(self, tree: Branch, depth: int) -> Expression:
        return TupleExpression(tuple(self._expression(child, depth) for child in _branches(tree)))

    def _object(self, tree: Branch, depth: int) -> Expression:
        items: list[tuple[Expression, Expression]] = []
        for element in _branches(tree):
            key, value = _branches(element)
            items.append((self._key(key, depth), self._expression(value, depth)))
        return ObjectExpression(tuple(items))

    def _key(self, tree: Branch, depth: int) -> Expression:
        inner = _branches(tree)[0]
        if inner.data == "keyword":
            return Literal(self._text(inner))
        if inner.data == "expr_term" and not _has(inner, "LPAR"):
            word = _branches(inner)[0]
            if word.data in ("identifier", "literal_value"):
                return Literal(self._text(word))
        return self._expression(inner, depth)

    def _for(self, tree: Branch, depth: int) -> Expression:
        intro, *results = _branches(tree)
        names = [self._text(child) for child in _branches(intro) if child.data == "identifier"]
        collection = self._expression(_branches(intro)[-1], depth)
        condition: Expression | None = None
        if results[-1].data == "for_cond":
            condition = self._expression(_branches(results.pop())[0], depth)
        made = [self._expression(result, depth) for result in results]
        return For(
            names[0] if len(names) > 1 else None,
            names[-1],
            collection,
            made[0] if len(made) > 1 else None,
            made[-1],
            condition,
            _has(tree, "ELLIPSIS"),
        )

    def _call(self, tree: Branch, depth: int) -> Expression:
        children = _branches(tree)
        arguments = children.pop() if children[-1].data == "arguments" else None
        name = "::".join(map(self._text, children))
        if arguments is None:
            return Call(name, ())
        given = tuple(self._expression(child, depth) for child in _branches(arguments))
        return Call(name, given, _has(arguments, "ELLIPSIS"))

    def _access(self, tree: Branch, depth: int) -> Expression:
        """Convert a chain of steps, which python-hcl2 nests in one another."""
        steps: list[Branch] = []
        inner = tree
        while True:
            source, *made = _branches(inner)
            for step in reversed(made):
                if step.data in ("attr_splat", "full_splat"):
                    steps.extend(reversed(_branches(step)))
                steps.append(step)
            below = None if _has(source, "LPAR") else _branches(source)[0]
            if below is None or below.data not in _STEPS:
                break
            inner = below
        steps.reverse()
        return Access(self._expression(source, depth), self._steps(steps, depth))

    def _steps(self, steps: Sequence[Branch], depth: int) -> tuple[Step, ...]:
        """Convert steps. All that follows `[*]` applies to each element; after `.*`, only names do."""
        made: list[Step] = []
        for at, step in enumerate(steps):
            if step.data == "full_splat":
                return (*made, Splat(self._steps(steps[at + 1 :], depth)))
            if step.data == "attr_splat":
                last = at + 1
                while last < len(steps) and steps[last].data in ("get_attr", "short_index"):
                    last += 1
                each = self._steps(steps[at + 1 : last], depth)
                return (*made, Splat(each, full=False), *self._steps(steps[last:], depth))
            if step.data == "get_attr":
                made.append(GetAttribute(self._text(_branches(step)[0])))
            elif step.data == "short_index":
                made.append(GetIndex(Number(str(step.children[-1]))))
            else:
                made.append(GetIndex(self._expression(_branches(step)[0], depth)))
        return tuple(made)

    # -- templates -------------------------------------------------------------------------------------------

    def _quoted(self, tree: Branch, depth: int) -> Expression:
        start, end = _end(tree.children[0]), _begin(tree.children[-1])  # type: ignore[arg-type]
        parts: list[str | Branch] = []
        for text, mark in self._pieces(tree, start, end):
            if b"\n" in text or _WRONG_ESCAPE.search(text.replace(b"\\\\", b"")):
                raise _NotReadError
            parts.append(unescape(text.decode("utf-8", "replace")))
            if mark is not None:
                parts.append(mark)
        return self._made(self._stripped(parts), depth)

    def _heredoc(self, tree: Branch, depth: int) -> Expression:
        token = next(_tokens(tree))
        whole = self._data[_begin(token) : _end(token)]
        opening = _HEREDOC.match(whole)
        if opening is None:
            raise _NotReadError
        lines = whole.rstrip().rfind(b"\n") + 1
        content = whole[opening.end() : max(opening.end(), lines)]
        inner = self
        parts: list[str | Branch] = []
        if _TEXT_STOPS.search(content) is None:
            parts.extend(_lines(content))
        else:
            # With its text hidden, python-hcl2 sees a quoted text with the same marks at the same places.
            prefix = b'x="'
            code = _tree(prefix + _hidden(content) + b'"\n')
            inner = _Adapter(prefix + content + b'"\n')
            quoted = _branches(_branches(_branches(_branches(code)[0])[0])[1])[0]
            for text, mark in inner._pieces(quoted, len(prefix), len(prefix) + len(content)):
                parts.extend(_MARKER_ESCAPE.sub(r"\1{", line) for line in _lines(text))
                if mark is not None:
                    parts.append(mark)
        parts = inner._stripped(parts)
        return inner._made(_without_indentation(parts) if opening[1] else parts, depth)

    def _pieces(self, tree: Branch, start: int, end: int) -> Iterator[tuple[bytes, Branch | None]]:
        """Give a template's text up to each interpolation or part of a directive, and that; text at last."""
        for part in _branches(tree):
            for mark in _branches(part):
                tokens = list(_tokens(mark))
                yield self._data[start : _begin(tokens[0])], mark
                start = _end(tokens[-1])
        yield self._data[start:end], None

    def _stripped(self, parts: list[str | Branch]) -> list[str | Branch]:
        """Take off the space that strip markers ask for: within the one token beside them."""
        stripped: list[str | Branch] = []
        strip = False
        for part in parts:
            if isinstance(part, str):
                stripped.append(part.lstrip() if strip else part)
                strip = False
                continue
            tokens = list(_tokens(part))
            last = stripped[-1] if stripped else None
            if isinstance(last, str) and tokens[1].type == "STRIP_MARKER":
                stripped[-1] = last.rstrip()
            stripped.append(part)
            strip = tokens[-2].type == "STRIP_MARKER"
        return stripped

    def _made(self, parts: list[str | Branch], depth: int) -> Expression:
        if all(isinstance(part, str) for part in parts):
            return Literal("".join(map(str, parts)))
        waiting = iter(parts)
        made, end = self._until(waiting, depth)
        if end:
            raise _NotReadError
        return Template(made)

    def _until(self, waiting: Iterator[str | Branch], depth: int) -> tuple[tuple[Expression, ...], str]:
        """Convert parts up to an `else` or an end; return them and its type."""
        if depth > MAX_DEPTH:
            raise _NotReadError
        made: list[Expression] = []
        for part in waiting:
            if isinstance(part, str):
                last = made[-1] if made else None
                if part and isinstance(last, Literal) and isinstance(last.value, str):
                    made[-1] = Literal(last.value + part)
                elif part:
                    made.append(Literal(part))
            elif part.data == "interpolation":
                made.append(self._expression(_branches(part)[0], depth))
            elif part.data == "template_if_start":
                made.append(self._if(part, waiting, depth))
            elif part.data == "template_for_start":
                *names, collection = _branches(part)
                body, end = self._until(waiting, depth + 1)
                if end != "template_endfor":
                    raise _NotReadError
                key = self._text(names[0]) if len(names) > 1 else None
                value = self._text(names[-1])
                made.append(TemplateFor(key, value, self._expression(collection, depth), Template(body)))
            else:
                return tuple(made), str(part.data)
        return tuple(made), ""

    def _if(self, start: Branch, waiting: Iterator[str | Branch], depth: int) -> Expression:
        then, end = self._until(waiting, depth + 1)
        otherwise: tuple[Expression, ...] = ()
        if end == "template_else":
            otherwise, end = self._until(waiting, depth + 1)
        if end != "template_endif":
            raise _NotReadError
        condition = self._expression(_branches(start)[0], depth)
        return TemplateIf(condition, Template(then), Template(otherwise))


def _lines(text: bytes) -> list[str]:
    """Split a heredoc's text after its newlines, and nowhere else."""
    lines = composed(text.decode("utf-8", "replace")).split("\n")
    return [line for line in (*(f"{line}\n" for line in lines[:-1]), lines[-1]) if line]


def _without_indentation(parts: list[str | Branch]) -> list[str | Branch]:
    """Take off the indentation that all lines of a `<<-` heredoc share; blank lines do not count."""
    begins = [
        at
        for at, _part in enumerate(parts)
        if at == 0 or (isinstance(before := parts[at - 1], str) and before.endswith("\n"))
    ]
    depths: list[int] = []
    for at in begins:
        part = parts[at]
        if not isinstance(part, str):
            depths.append(0)
        elif part.strip() or not part.endswith("\n"):
            depths.append(len(part) - len(part.lstrip()))
    common = min(depths, default=0)
    shortened = list(parts)
    for at in begins:
        part = parts[at]
        if isinstance(part, str) and (part.strip() or not part.endswith("\n")):
            shortened[at] = part[common:]
    return shortened


def _hidden(content: bytes) -> bytes:
    """Return a heredoc's content with dots in place of its text: interpolations and directives stay."""
    made: list[bytes] = []
    at = 0
    while (opening := _TEXT_STOPS.search(content, at)) is not None:
        if len(opening[0]) > 2:
            made.append(b"." * (opening.end() - at))
            at = opening.end()
            continue
        end = _code_end(content, opening.end())
        made += (b"." * (opening.start() - at), content[opening.start() : end])
        at = end
    made.append(b"." * (len(content) - at))
    return b"".join(made)


def _code_end(content: bytes, at: int) -> int:
    """Return where the code ends that begins after a `${` or `%{`: past its `}`."""
    stack = [_CODE_STOPS]
    while (found := stack[-1].search(content, at)) is not None:
        at = found.end()
        mark = found[0]
        if stack[-1] is _QUOTED_STOPS:
            if mark == b'"':
                stack.pop()
            elif mark in (b"${", b"%{"):
                stack.append(_CODE_STOPS)
        elif mark == b'"':
            stack.append(_QUOTED_STOPS)
        elif mark == b"{":
            stack.append(_CODE_STOPS)
        elif mark == b"}":
            stack.pop()
            if not stack:
                return at
    raise _NotReadError


if __name__ == "__main__":
    sys.exit(main())
