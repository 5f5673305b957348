"""The syntax tree: what a file of Terraform or OpenTofu says, in types of our own.

Whichever parser has read a file (tree-sitter, python-hcl2, JSON), this is what it delivers. Offsets count
bytes from the start of the file.

A file's structure (blocks, attributes) is read at once; an attribute's expression is parsed when somebody
asks for it, since most attributes of a configuration bear on nothing that is judged.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from sovereign_guard.language import say


class Node(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Any part of an expression."""


class Literal(Node, frozen=True, gc=False):
    """Text, `true`, `false` or `null`."""

    value: str | bool | None


class Number(Node, frozen=True, gc=False):
    """A number as it is written: its value is exact, not that of a float."""

    text: str


class Name(Node, frozen=True, gc=False):
    """The first part of a reference: `var`, `local`, `each`, a resource type, a name that `for` gives."""

    name: str


class GetAttribute(Node, frozen=True, gc=False):
    """The step `.name`."""

    name: str


class GetIndex(Node, frozen=True, gc=False):
    """The step `[key]`; legacy `.0` too."""

    key: Expression


class Splat(Node, frozen=True, gc=False):
    """The step `[*]` (full) or `.*`, and the steps that it applies to each element."""

    steps: tuple[Step, ...]
    full: bool = True


class Access(Node, frozen=True, gc=False):
    """Steps into a value: `var.a`, `aws_s3_bucket.b[0].id`, `f(x)[*].y`."""

    source: Expression
    steps: tuple[Step, ...]


class Template(Node, frozen=True, gc=False):
    """Quoted or heredoc text with interpolations or directives.

    A template that is one interpolation and nothing else (`"${x}"`) is the value of `x`, of whatever type.
    """

    parts: tuple[Expression, ...]


class TemplateIf(Node, frozen=True, gc=False):
    """The directive `%{ if }`."""

    condition: Expression
    then: Template
    otherwise: Template


class TemplateFor(Node, frozen=True, gc=False):
    """The directive `%{ for }`."""

    key: str | None
    value: str
    collection: Expression
    body: Template


class Unary(Node, frozen=True, gc=False):
    """`-x` or `!x`."""

    operator: str
    operand: Expression


class Binary(Node, frozen=True, gc=False):
    """Two operands and one of `+ - * / % == != < <= > >= && ||`."""

    operator: str
    left: Expression
    right: Expression


class Conditional(Node, frozen=True, gc=False):
    """`condition ? then : otherwise`."""

    condition: Expression
    then: Expression
    otherwise: Expression


class TupleExpression(Node, frozen=True, gc=False):
    """`[a, b]`."""

    items: tuple[Expression, ...]


class ObjectExpression(Node, frozen=True, gc=False):
    """`{ a = b }`; a key that is a bare name is a Literal."""

    items: tuple[tuple[Expression, Expression], ...]


class For(Node, frozen=True, gc=False):
    """`[for k, v in collection : value if condition]`, or `{for ... : result_key => value}`.

    Attributes:
        result_key: None in the form that makes a tuple.
        grouping: `...` after the value: values of one key are gathered.

    """

    key: str | None
    value: str
    collection: Expression
    result_key: Expression | None
    result: Expression
    condition: Expression | None = None
    grouping: bool = False


class Call(Node, frozen=True, gc=False):
    """A function call; `expand`: its last argument is followed by `...`."""

    name: str
    arguments: tuple[Expression, ...]
    expand: bool = False


Step: TypeAlias = GetAttribute | GetIndex | Splat
Expression: TypeAlias = (
    Literal
    | Number
    | Name
    | Access
    | Template
    | TemplateIf
    | TemplateFor
    | Unary
    | Binary
    | Conditional
    | TupleExpression
    | ObjectExpression
    | For
    | Call
)


class Attribute(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """`name = expression`.

    Attributes:
        at: offset of the name.
        start, end: where the expression lies in the file.
        expression: set where the parser had to read it at once; else it is parsed from the file's text.

    """

    name: str
    at: int
    start: int
    end: int
    expression: Expression | None = None


class Block(msgspec.Struct, frozen=True, array_like=True):
    """`type "label" ... { body }`; `at`, `end`: where it lies."""

    type: str
    labels: tuple[str, ...]
    at: int
    end: int
    body: Body


class Body(msgspec.Struct, frozen=True, array_like=True):
    """What stands between braces, or in a file."""

    attributes: tuple[Attribute, ...] = ()
    blocks: tuple[Block, ...] = ()


class Comment(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A comment that is addressed to us; `text` is what follows `sovereign-guard:`."""

    at: int
    text: str


class SyntaxFault(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A place where the text is not HCL.

    Attributes:
        at: offset in the text.
        text: what is wrong, in English: structures are kept from run to run, and runs differ in language.
        values: what stands in the place of its `{names}`.

    """

    at: int
    text: str
    values: dict[str, str] = {}

    @property
    def message(self) -> str:
        """What is wrong, in the language that is spoken."""
        return say(self.text, **self.values)


class Structure(msgspec.Struct, frozen=True, array_like=True):
    """A file as read; with faults, the body is what stands outside the damaged regions."""

    body: Body
    comments: tuple[Comment, ...] = ()
    faults: tuple[SyntaxFault, ...] = ()
