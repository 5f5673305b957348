"""The text of an expression or a template -> syntax tree, by tree-sitter."""

from __future__ import annotations

import re
import unicodedata
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from sovereign_guard.language import say
from sovereign_guard.read.hcl.syntax.tree import (
    Access,
    Binary,
    Call,
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
    Template,
    TemplateFor,
    TemplateIf,
    TupleExpression,
    Unary,
)

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

MAX_DEPTH = 200
"""Expressions nested in one another that are read; Python's own stack bounds them."""

_EXPONENT = re.compile(rb"(?<![\w.])[0-9]+[eE][-+]?[0-9]+")
_MINUS_BEFORE = re.compile(rb"(?:^|[^\w.-])([\w.-]*-)\Z")
_LONG_ESCAPE = re.compile(rb"\${3,}(?=\{)|%{3,}(?=\{)")
_PLAIN_TEXT = re.compile(rb'"([^"\\$%\n]*)"')
_TRAVERSAL = re.compile(rb"[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*")
_INTEGER = re.compile(rb"[0-9]{1,15}")
_WORDS: dict[bytes, Expression] = {b"true": Literal(True), b"false": Literal(False), b"null": Literal(None)}  # noqa: FBT003
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))|([$%])\4\{", re.DOTALL)
_MARKER_ESCAPE = re.compile(r"([$%])\1\{")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_DIRECTIVE_PARTS = frozenset(
    {"template_if_intro", "template_else_intro", "template_if_end", "template_for_start", "template_for_end"}
)
_OFTEN = 500
"""Bytes of an expression up to which it is likely to be written more than once."""

_STEPS = frozenset({"get_attr", "index", "splat"})
_OPERATORS = frozenset({"+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||"})
_HEREDOC_END = b"SOVEREIGN_GUARD_END_OF_TEMPLATE"


class NotAnExpressionError(Exception):
    """A text is not an expression, or one that is nested too deeply.

    Attributes:
        at: offset in the text.

    """

    def __init__(self, message: str, at: int) -> None:
        self.at = at
        super().__init__(message)


@cache
def parser() -> Parser:
    """Return the parser for HCL."""
    import tree_sitter_hcl
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_hcl.language()))


def legible(data: bytes) -> bytes:
    """Return a text of the same length and structure that the grammar can read.

    The grammar does not know numbers such as `1e9`. Only the structure is taken from what is returned here;
    all text is taken from the original, so a `1e9` inside a text or a comment stays what it is.
    """
    if _LONG_ESCAPE.search(data) is not None:
        data = _LONG_ESCAPE.sub(lambda match: b"." * (len(match[0]) - 2) + match[0][:2], data)
    return _EXPONENT.sub(_without_exponent, data)


def _without_exponent(match: re.Match[bytes]) -> bytes:
    """Return digits of the same length; what goes on a name (`a-1e9`) stays."""
    start = match.start()
    if match.string[start - 1 : start] == b"-":
        before = _MINUS_BEFORE.search(match.string[max(0, start - 200) : start])
        if before is not None and re.match(rb"-*[A-Za-z_\x80-\xff]", before[1]):
            return match[0]
    return b"0" * len(match[0])


def parse_expression(data: bytes) -> Expression:
    """Return the expression that a text is.

    Raises:
        NotAnExpressionError: it is none.

    """
    return _often(data) if len(data) <= _OFTEN else _parsed(data)


def _parsed(data: bytes) -> Expression:
    if (match := _PLAIN_TEXT.fullmatch(data)) is not None:
        return Literal(composed(match[1].decode("utf-8", "replace")))
    if _TRAVERSAL.fullmatch(data) is not None:
        word = _WORDS.get(data)
        if word is not None:
            return word
        root, *names = data.decode("ascii").split(".")
        return Access(Name(root), tuple(map(GetAttribute, names))) if names else Name(root)
    if _INTEGER.fullmatch(data) is not None:
        return Number(data.decode("ascii"))
    return _parse(b"x=" + data + b"\n", 2)


_often = lru_cache(maxsize=20_000)(_parsed)
"""Parses an expression once however often it is written: configurations repeat themselves."""


def parse_template(text: str) -> Template:
    """Return the template that a text is by itself, such as the content of a template file.

    Raises:
        NotAnExpressionError: it is none.

    """
    data = text.encode("utf-8", "surrogatepass")
    if b"${" not in data and b"%{" not in data:
        return Template((Literal(text),))
    if _HEREDOC_END in data:
        raise NotAnExpressionError(say("this text is not read as a template"), 0)
    start = b"<<" + _HEREDOC_END + b"\n"
    found = _parse(b"x=" + start + data + b"\n" + _HEREDOC_END + b"\n", 2 + len(start), whole=True)
    return found if isinstance(found, Template) else Template((found,))


def _parse(data: bytes, offset: int, *, whole: bool = False) -> Expression:
    try:
        return _converted(data, offset, whole=whole)
    except RecursionError:
        raise NotAnExpressionError(say("this expression is nested too deeply"), 0) from None


def _converted(data: bytes, offset: int, *, whole: bool) -> Expression:
    root = parser().parse(legible(data)).root_node
    if root.has_error:
        raise NotAnExpressionError(
            say("this is not an expression"), max(0, first_fault(root).start_byte - offset)
        )
    body = root.named_children[0] if root.named_children else root
    attribute = next((child for child in body.named_children if child.type == "attribute"), None)
    rest = data[attribute.end_byte :].lstrip() if attribute is not None else b""
    if attribute is None or (rest and not rest.startswith((b"#", b"//", b"/*"))):
        raise NotAnExpressionError(say("this is not an expression"), 0)
    return _Converter(data, without_last_newline=whole).expression(attribute.children[-1], 0)


def first_fault(node: Node) -> Node:
    """Return the first node that the grammar could not read, or that it missed."""
    while True:
        if node.is_error or node.is_missing:
            return node
        below = next((child for child in node.children if child.has_error or child.is_missing), None)
        if below is None:
            return node
        node = below


class _Converter:
    """Turns the nodes of one text into our syntax tree."""

    def __init__(self, data: bytes, *, without_last_newline: bool = False) -> None:
        self._data = data
        self._without_last_newline = without_last_newline
        self._by_type: dict[str, Callable[[Node, int], Expression]] = {
            "expression": self.expression,
            "literal_value": self._literal,
            "string_lit": self._quoted,
            "quoted_template": self._quoted,
            "heredoc_template": self._heredoc,
            "template_expr": self._only_child,
            "collection_value": self._only_child,
            "tuple": self._tuple,
            "object": self._object,
            "variable_expr": lambda node, _depth: Name(self._text(node)),
            "function_call": self._call,
            "for_expr": self._only_child,
            "for_tuple_expr": self._for,
            "for_object_expr": self._for,
            "operation": self._only_child,
            "unary_operation": self._unary,
            "binary_operation": self._binary,
            "conditional": self._conditional,
        }

    def expression(self, node: Node, depth: int) -> Expression:
        """Convert an `expression` node."""
        return self._term(_solid(node), depth + 1)

    def _text(self, node: Node) -> str:
        return self._data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def _term(self, nodes: Sequence[Node], depth: int) -> Expression:
        """Convert a value and the steps into it, which the grammar lays flat beside each other."""
        if depth > MAX_DEPTH:
            raise NotAnExpressionError(say("this expression is nested too deeply"), nodes[0].start_byte)
        first = nodes[0]
        if first.type == "(":
            source = self.expression(nodes[1], depth)
            rest = nodes[3:]
        else:
            source = self._convert(first, depth)
            rest = nodes[1:]
        return Access(source, self._steps(rest, depth)) if rest else source

    def _convert(self, node: Node, depth: int) -> Expression:
        convert = self._by_type.get(node.type)
        if convert is None:
            raise NotAnExpressionError(
                say("this expression is not understood ({kind})", kind=node.type), node.start_byte
            )
        return convert(node, depth)

    def _only_child(self, node: Node, depth: int) -> Expression:
        return self._convert(_solid(node)[0], depth)

    def _steps(self, nodes: Sequence[Node], depth: int) -> tuple[Step, ...]:
        """Convert steps. All that follows `[*]` applies to each element; after `.*`, only names do."""
        flat: list[Node] = []
        for node in nodes:
            inner = _solid(node)[0] if node.type == "splat" else None
            flat.extend([inner, *inner.children] if inner is not None else [node])
        steps: list[Step] = []
        for at, node in enumerate(flat):
            if node.type == "full_splat":
                return (*steps, Splat(self._steps(flat[at + 1 :], depth)))
            if node.type == "attr_splat":
                last = at + 1
                while last < len(flat) and (
                    flat[last].type not in (*_STEPS, "full_splat", "attr_splat") or self._is_name(flat[last])
                ):
                    last += 1
                each = self._steps(flat[at + 1 : last], depth)
                return (*steps, Splat(each, full=False), *self._steps(flat[last:], depth))
            if node.type in _STEPS:
                if steps and self._is_legacy(node) and self._is_legacy(flat[at - 1]):
                    raise NotAnExpressionError(say("two `.0` in a row are not permitted"), node.start_byte)
                steps.append(self._step(node, depth))
        return tuple(steps)

    @staticmethod
    def _is_legacy(node: Node) -> bool:
        return node.type == "index" and node.named_children[0].type == "legacy_index"

    def _is_name(self, node: Node) -> bool:
        return node.type == "get_attr" or self._is_legacy(node)

    def _step(self, node: Node, depth: int) -> Step:
        if node.type == "get_attr":
            return GetAttribute(self._text(node.named_children[-1]))
        inner = _solid(node)[0]
        if inner.type == "legacy_index":
            return GetIndex(Number(self._text(inner).lstrip(".").strip()))
        keys = [child for child in inner.named_children if child.type == "expression"]
        return GetIndex(self.expression(keys[0], depth))

    def _literal(self, node: Node, depth: int) -> Expression:
        inner = _solid(node)[0]
        kind = inner.type
        if kind == "string_lit":
            return self._quoted(inner, depth)
        text = self._text(inner)
        if kind == "numeric_lit":
            return Number(text)
        return _WORDS[text.encode()]

    # -- templates -------------------------------------------------------------------------------------------

    def _quoted(self, node: Node, depth: int) -> Expression:
        children = node.children
        marks = self._marks(children)
        start, end = children[0].end_byte, children[-1].start_byte
        if not marks:
            return Literal(unescape(self._data[start:end].decode("utf-8", "replace")))
        return Template(self._structured(self._tokens(marks, start, end, quoted=True), depth))

    def _heredoc(self, node: Node, depth: int) -> Expression:
        whole, self._without_last_newline = self._without_last_newline, False
        children = node.children
        start = self._data.index(b"\n", children[1].end_byte) + 1
        end = max(start, self._data.rindex(b"\n", 0, children[-1].start_byte) + 1)
        if whole:
            end -= 1
        tokens = self._tokens(self._marks(children), start, end, quoted=False)
        if self._data[children[0].start_byte : children[0].end_byte] == b"<<-":
            tokens = _without_indentation(tokens)
        texts = [token for token in tokens if isinstance(token, str)]
        if len(texts) == len(tokens):
            return Literal("".join(texts))
        return Template(self._structured(tokens, depth))

    def _marks(self, nodes: Sequence[Node]) -> list[Node]:
        """Return interpolations and parts of directives; `$$${x}` is text, though not for the grammar."""
        data = self._data
        return [mark for mark in _marks(nodes) if data[mark.start_byte - 1] != data[mark.start_byte]]

    def _tokens(self, marks: Sequence[Node], start: int, end: int, *, quoted: bool) -> list[str | Node]:
        """Return the text between marks line by line, and the marks; strip markers have done their work.

        A strip marker takes space off the one token beside it, which in a heredoc ends with its line.
        """
        tokens: list[str | Node] = []
        strip = False
        for mark in (*marks, None):
            upto = end if mark is None else mark.start_byte
            text = composed(self._data[start:upto].decode("utf-8", "replace"))
            lines = (
                [unescape(text)] if quoted else [_MARKER_ESCAPE.sub(r"\1{", line) for line in _lines(text)]
            )
            if strip and lines:
                lines[0] = lines[0].lstrip()
            if mark is not None:
                if self._data[upto + 2 : upto + 3] == b"~" and lines:
                    lines[-1] = lines[-1].rstrip()
                strip = self._data[mark.end_byte - 2 : mark.end_byte] == b"~}"
                start = mark.end_byte
            tokens.extend(lines)
            if mark is not None:
                tokens.append(mark)
        return tokens

    def _structured(self, tokens: list[str | Node], depth: int) -> tuple[Expression, ...]:
        """Build what the directives nest."""
        waiting = deque(tokens)
        parts, _end = self._until(waiting, depth)
        return parts

    def _until(self, waiting: deque[str | Node], depth: int) -> tuple[tuple[Expression, ...], str]:
        """Take tokens up to an `else` or an end, and return its node's type with what stands before it."""
        if depth > MAX_DEPTH:
            raise NotAnExpressionError(say("this template is nested too deeply"), 0)
        parts: list[Expression] = []
        while waiting:
            token = waiting.popleft()
            if isinstance(token, str):
                last = parts[-1] if parts else None
                if token and isinstance(last, Literal) and isinstance(last.value, str):
                    parts[-1] = Literal(last.value + token)
                elif token:
                    parts.append(Literal(token))
                continue
            kind = token.type
            inner = [child for child in token.named_children if child.type == "expression"]
            if kind == "template_interpolation":
                if not inner:
                    raise NotAnExpressionError(say("this interpolation is empty"), token.start_byte)
                parts.append(self.expression(inner[0], depth))
            elif kind == "template_if_intro":
                then, end = self._until(waiting, depth + 1)
                otherwise: tuple[Expression, ...] = ()
                if end == "template_else_intro":
                    otherwise, end = self._until(waiting, depth + 1)
                condition = self.expression(inner[0], depth)
                parts.append(TemplateIf(condition, Template(then), Template(otherwise)))
            elif kind == "template_for_start":
                names = [self._text(child) for child in token.named_children if child.type == "identifier"]
                body, end = self._until(waiting, depth + 1)
                key = names[0] if len(names) > 1 else None
                parts.append(TemplateFor(key, names[-1], self.expression(inner[0], depth), Template(body)))
            else:
                return tuple(parts), kind
        return tuple(parts), ""

    # -- collections, operations, calls ----------------------------------------------------------------------

    def _tuple(self, node: Node, depth: int) -> Expression:
        items = (child for child in node.named_children if child.type == "expression")
        return TupleExpression(tuple(self.expression(item, depth) for item in items))

    def _object(self, node: Node, depth: int) -> Expression:
        items: list[tuple[Expression, Expression]] = []
        for element in node.named_children:
            if element.type != "object_elem":
                continue
            key, value = (child for child in element.named_children if child.type == "expression")
            items.append((self._key(key, depth), self.expression(value, depth)))
        return ObjectExpression(tuple(items))

    def _key(self, node: Node, depth: int) -> Expression:
        nodes = _solid(node)
        if len(nodes) == 1 and nodes[0].type == "variable_expr":
            return Literal(self._text(nodes[0]))
        if len(nodes) == 1 and nodes[0].type == "literal_value":
            # `true = 1`, `null = 1`: a bare word is a text here.
            inner = _solid(nodes[0])[0]
            if inner.type in ("bool_lit", "null_lit"):
                return Literal(self._text(inner))
        return self.expression(node, depth)

    def _for(self, node: Node, depth: int) -> Expression:
        intro = next(child for child in node.named_children if child.type == "for_intro")
        names = [self._text(child) for child in intro.named_children if child.type == "identifier"]
        collection = next(child for child in intro.named_children if child.type == "expression")
        results = [child for child in node.named_children if child.type == "expression"]
        condition = next((child for child in node.named_children if child.type == "for_cond"), None)
        made = [self.expression(result, depth) for result in results]
        filters = (
            [child for child in condition.named_children if child.type == "expression"] if condition else []
        )
        return For(
            names[0] if len(names) > 1 else None,
            names[-1],
            self.expression(collection, depth),
            made[0] if len(made) > 1 else None,
            made[-1],
            self.expression(filters[0], depth) if filters else None,
            any(child.type == "ellipsis" for child in node.named_children),
        )

    def _call(self, node: Node, depth: int) -> Expression:
        children = node.named_children
        arguments = next((child for child in children if child.type == "function_arguments"), None)
        opening = next(child for child in node.children if child.type == "(")
        name = self._data[node.start_byte : opening.start_byte].decode("utf-8", "replace").strip()
        given = arguments.named_children if arguments is not None else []
        return Call(
            name,
            tuple(self.expression(child, depth) for child in given if child.type == "expression"),
            any(child.type == "ellipsis" for child in given),
        )

    def _unary(self, node: Node, depth: int) -> Expression:
        operator, *operand = _solid(node)
        return Unary(operator.type, self._term(operand, depth + 1))

    def _binary(self, node: Node, depth: int) -> Expression:
        nodes = _solid(node)
        at = next(at for at, child in enumerate(nodes) if not child.is_named and child.type in _OPERATORS)
        return Binary(
            nodes[at].type, self._term(nodes[:at], depth + 1), self._term(nodes[at + 1 :], depth + 1)
        )

    def _conditional(self, node: Node, depth: int) -> Expression:
        """Convert `a ? b : c ? d : e`, which the grammar reads as if it were `(a ? b : c) ? d : e`."""
        branches: list[tuple[Node, Node]] = []
        while True:
            condition, then, last = (child for child in node.named_children if child.type == "expression")
            branches.append((then, last))
            inner = _solid(condition)
            if len(inner) != 1 or inner[0].type != "conditional":
                break
            node = inner[0]
        if depth + len(branches) > MAX_DEPTH:
            raise NotAnExpressionError(say("this expression is nested too deeply"), node.start_byte)
        found = self.expression(branches[0][1], depth)
        for (then, _last), (_then, earlier) in pairwise([*branches, (condition, condition)]):
            found = Conditional(self.expression(earlier, depth), self.expression(then, depth), found)
        return found


def _solid(node: Node) -> list[Node]:
    return [child for child in node.children if child.type != "comment"]


def unescape(text: str) -> str:
    """Return what the inside of a quoted text stands for, in composed form as all text of the language."""
    found = _ESCAPE.sub(_escaped, text) if "\\" in text or "{" in text else text
    return composed(found)


def composed(text: str) -> str:
    """Return a text in Unicode normalisation form C."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _escaped(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    if code:
        number = int(code, 16)
        return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"
    if match[3]:
        return _ESCAPES.get(match[3], match[0])
    return f"{match[4]}{{"


def _lines(text: str) -> list[str]:
    """Split a text after its newlines, and nowhere else."""
    lines = [f"{line}\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    return [line for line in lines if line]


def _marks(nodes: Sequence[Node]) -> Iterator[Node]:
    """Give the interpolations and the parts of directives, as they stand in the text."""
    for node in nodes:
        kind = node.type
        if kind == "template_interpolation" or kind in _DIRECTIVE_PARTS:
            yield node
        elif kind in ("template_directive", "template_if", "template_for"):
            yield from _marks(node.children)


def _without_indentation(tokens: list[str | Node]) -> list[str | Node]:
    """Take off the indentation that all lines of a `<<-` heredoc share; blank lines do not count."""
    least: int | None = None
    leading: list[int] = []
    at_start = True
    for at, token in enumerate(tokens):
        text = token if isinstance(token, str) else None
        if at_start:
            stripped = "" if text is None else text.lstrip()
            if text is None or stripped or not text.endswith("\n"):
                spaces = 0 if text is None else len(text) - len(stripped)
                least = spaces if least is None else min(least, spaces)
                if text is not None:
                    leading.append(at)
        at_start = text is not None and text.endswith("\n")
    shortened = list(tokens)
    for at in leading:
        shortened[at] = str(tokens[at])[least or 0 :]
    return shortened
