"""A file in HCL's JSON syntax (`.tf.json`, `.tofu.json`) -> its structure.

JSON alone does not say what is a block and what an attribute: that is known for Terraform's own blocks, which
are listed here. What stands in a resource, a provider or a module is an attribute, whatever its schema says.

Positions are offsets of bytes, so the JSON is read here rather than by a library that forgets them.
"""

from __future__ import annotations

import json
import re
from typing import Final, TypeAlias

import msgspec

from sovereign_guard.language import later, say
from sovereign_guard.read.hcl.syntax.expressions import (
    NotAnExpressionError,
    composed,
    parse_expression,
    parse_template,
)
from sovereign_guard.read.hcl.syntax.native import DIRECTIVE, MAX_FAULTS
from sovereign_guard.read.hcl.syntax.tree import (
    Attribute,
    Block,
    Body,
    Comment,
    Expression,
    Literal,
    Name,
    Number,
    ObjectExpression,
    Structure,
    SyntaxFault,
    TupleExpression,
    Unary,
)

MAX_DEPTH = 100
"""Objects and arrays nested in one another that are read."""

COMMENT_KEY = "//"

_BOM = b"\xef\xbb\xbf"
_OPEN = -1

# A token with the space before it: a text without escapes, a mark, a number, a word, another text's quote.
_TOKEN = re.compile(
    rb"[ \t\r\n]*(?:"
    rb'"(?P<text>[^"\\\x00-\x1f]*)"'
    rb"|(?P<mark>[{}\[\],:])"
    rb"|(?P<number>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)(?![\w.+-])"
    rb"|(?P<word>true|false|null)(?!\w)"
    rb'|(?P<quote>")'
    rb"|(?P<end>\Z))"
)
_SPACE = re.compile(rb"[ \t\r\n]*")
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_WORDS: dict[bytes, bool | None] = {b"true": True, b"false": False, b"null": None}


class _Text(msgspec.Struct, gc=False):
    at: int
    end: int
    text: str


class _Number(msgspec.Struct, gc=False):
    at: int
    end: int
    text: str


class _Word(msgspec.Struct, gc=False):
    at: int
    end: int
    value: bool | None


class _Array(msgspec.Struct):
    at: int
    end: int
    items: list[_Value]


class _Object(msgspec.Struct):
    at: int
    end: int
    items: list[tuple[_Text, _Value]]


_Value: TypeAlias = _Text | _Number | _Word | _Array | _Object


class _FaultError(Exception):
    def __init__(self, at: int, text: str, /, **values: str) -> None:
        self.fault = SyntaxFault(at, text, values)
        super().__init__(text)


class _Form(msgspec.Struct, frozen=True):
    """What stands in the body of a block.

    Attributes:
        labels: how many labels the block has.
        blocks: keys that are blocks.
        plain: keys whose values are not expressions: texts in them stay what they are.
        references: keys whose texts are references, or types: expressions without `${}`.

    """

    labels: int = 0
    blocks: dict[str, _Form] = msgspec.field(default_factory=dict)
    plain: frozenset[str] = frozenset()
    references: frozenset[str] = frozenset()


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_CHECK_RULE = _Form()
_LIFECYCLE = _Form(
    blocks={"precondition": _CHECK_RULE, "postcondition": _CHECK_RULE},
    plain=_words("create_before_destroy prevent_destroy destroy"),
    references=_words("ignore_changes replace_triggered_by"),
)
_CONNECTION = _Form()
_PROVISIONER = _Form(1, {"connection": _CONNECTION}, references=_words("when on_failure"))
_CONTENT_BLOCKS: dict[str, _Form] = {}
_DYNAMIC = _Form(1, {"content": _Form(blocks=_CONTENT_BLOCKS)}, references=_words("iterator"))
_CONTENT_BLOCKS["dynamic"] = _DYNAMIC

_RESOURCE = _Form(
    2,
    {"lifecycle": _LIFECYCLE, "provisioner": _PROVISIONER, "connection": _CONNECTION, "dynamic": _DYNAMIC},
    references=_words("provider depends_on"),
)
_ENCRYPTION_TARGET = _Form(blocks={"fallback": _Form()})
_ENCRYPTION = _Form(
    blocks={
        "key_provider": _Form(2),
        "method": _Form(2),
        "state": _ENCRYPTION_TARGET,
        "plan": _ENCRYPTION_TARGET,
        "remote_state_data_sources": _Form(
            blocks={"default": _Form(), "remote_state_data_source": _Form(1)},
        ),
    }
)
_TERRAFORM = _Form(
    blocks={
        "required_providers": _Form(),
        "backend": _Form(1),
        "cloud": _Form(blocks={"workspaces": _Form()}),
        "provider_meta": _Form(1),
        "encryption": _ENCRYPTION,
    },
    plain=_words("required_version"),
    references=_words("experiments"),
)
_ROOT: Final = _Form(
    blocks={
        "terraform": _TERRAFORM,
        "provider": _Form(1, plain=_words("alias version"), blocks={"dynamic": _DYNAMIC}),
        "variable": _Form(
            1,
            {"validation": _CHECK_RULE},
            plain=_words("default description sensitive nullable ephemeral deprecated"),
            references=_words("type"),
        ),
        "locals": _Form(),
        "output": _Form(
            1,
            {"precondition": _CHECK_RULE},
            plain=_words("description sensitive ephemeral deprecated"),
            references=_words("depends_on"),
        ),
        "module": _Form(1, references=_words("depends_on providers")),
        "resource": _RESOURCE,
        "data": _RESOURCE,
        "ephemeral": _RESOURCE,
        "check": _Form(1, {"data": _RESOURCE, "assert": _CHECK_RULE}),
        "moved": _Form(references=_words("from to")),
        "import": _Form(references=_words("to provider")),
        "removed": _Form(
            blocks={"lifecycle": _LIFECYCLE, "provisioner": _PROVISIONER, "connection": _CONNECTION},
            references=_words("from"),
        ),
    }
)
_REQUIRED_PROVIDERS = _TERRAFORM.blocks["required_providers"]


def parse_json(data: bytes) -> Structure:
    """Return the structure of a file, every expression set.

    Where the file is damaged, it holds the blocks that are whole and sound, and the faults. A key at the top
    that is no block of Terraform's is an attribute of the file's body.
    """
    reader = _Reader(data)
    faults: list[SyntaxFault] = []
    try:
        reader.read()
    except _FaultError as error:
        faults.append(error.fault)
    builder = _Builder(data, faults)
    body = Body()
    if reader.root is not None:
        body = builder.file(reader.root)
    kept = sorted(faults, key=lambda fault: fault.at)[:MAX_FAULTS]
    return Structure(body, tuple(sorted(builder.comments, key=lambda one: one.at)), tuple(kept))


class _Reader:
    """Reads JSON without recursion. What was read before a fault is kept in `root`."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.root: _Value | None = None

    def read(self) -> None:
        """Read the whole text; raise _FaultError at the first place that is not JSON."""
        data = self._data
        match = _TOKEN.match
        at = len(_BOM) if data.startswith(_BOM) else 0
        open_values: list[_Array | _Object] = []
        key: _Text | None = None
        expected = "value"
        while True:
            token = match(data, at)
            if token is None:
                raise self._fault(at, later("this is not JSON"))
            kind, at = token.lastgroup, token.end()
            value: _Value
            if kind == "text":
                start = token.start("text") - 1
                value = _Text(start, at, composed(token["text"].decode("utf-8", "replace")))
            elif kind == "quote":
                value = self._escaped(at - 1)
                at = value.end
            elif kind == "mark":
                mark = token["mark"]
                if mark in b"{[" and "value" in expected:
                    value = _Object(at - 1, _OPEN, []) if mark == b"{" else _Array(at - 1, _OPEN, [])
                    self._add(open_values, key, value)
                    open_values.append(value)
                    if len(open_values) > MAX_DEPTH:
                        raise self._fault(at - 1, later("values are nested too deeply"))
                    expected = "key or }" if mark == b"{" else "value or ]"
                    continue
                if mark == b":" and expected == ":":
                    expected = "value"
                    continue
                if mark == b"," and "," in expected:
                    expected = "key" if isinstance(open_values[-1], _Object) else "value"
                    continue
                if mark in b"}]" and mark.decode() in expected:
                    open_values.pop().end = at
                    expected = self._after(open_values)
                    continue
                raise self._fault(
                    at - 1,
                    later("{mark!r} stands where {expected} should"),
                    mark=mark.decode(),
                    expected=_said(expected),
                )
            elif kind == "end":
                if expected != "end":
                    raise self._fault(
                        len(data),
                        later("the file ends where {expected} should stand"),
                        expected=_said(expected),
                    )
                return
            elif kind == "number":
                value = _Number(token.start("number"), at, token["number"].decode("ascii"))
            else:
                value = _Word(token.start("word"), at, _WORDS[token["word"]])
            if "key" in expected and isinstance(value, _Text):
                key = value
                expected = ":"
            elif "value" in expected:
                self._add(open_values, key, value)
                expected = self._after(open_values)
            else:
                raise self._fault(
                    value.at, later("a value stands where {expected} should"), expected=_said(expected)
                )

    def _add(self, open_values: list[_Array | _Object], key: _Text | None, value: _Value) -> None:
        if not open_values:
            self.root = value
            return
        outer = open_values[-1]
        if isinstance(outer, _Array):
            outer.items.append(value)
        elif key is not None:
            outer.items.append((key, value))

    @staticmethod
    def _after(open_values: list[_Array | _Object]) -> str:
        if not open_values:
            return "end"
        return ", or }" if isinstance(open_values[-1], _Object) else ", or ]"

    def _escaped(self, at: int) -> _Text:
        """Read a text that holds escapes, or one that does not end."""
        found = _QUOTED.match(self._data, at)
        if found is None:
            raise self._fault(at, later("this text does not end"))
        raw = found[1].decode("utf-8", "replace")
        try:
            text = str(json.loads(f'"{raw}"'))
        except json.JSONDecodeError as error:
            offset = len(f'"{raw}'[: error.pos].encode("utf-8"))
            raise _FaultError(at + offset, later("this is not a text in JSON")) from error
        # Halves of a surrogate pair that stand alone are no text that could be written out again.
        return _Text(at, found.end(), composed(text.encode("utf-8", "replace").decode("utf-8")))

    def _fault(self, at: int, text: str, /, **values: str) -> _FaultError:
        space = _SPACE.match(self._data, at)
        return _FaultError(space.end() if space is not None else at, text, **values)


def _said(expected: str) -> str:
    other = later("a comma or the end")
    names = {
        "value": later("a value"),
        "value or ]": later("a value"),
        "key": later("a key"),
        "key or }": later("a key"),
        ":": later("a colon"),
        "end": later("nothing"),
    }
    return say(names.get(expected, other))


class _Builder:
    """Turns JSON values into our syntax tree."""

    def __init__(self, data: bytes, faults: list[SyntaxFault]) -> None:
        self._data = data
        self._faults = faults
        self.comments: list[Comment] = []

    def file(self, root: _Value) -> Body:
        """Return the body of a file."""
        blocks: list[Block] = []
        attributes: list[Attribute] = []
        try:
            if isinstance(root, _Word):
                raise _FaultError(root.at, later("an object is needed here"))
            pairs = self._pairs(root)
        except _FaultError as error:
            self._faults.append(error.fault)
            return Body()
        for key, value in pairs:
            if key.text == COMMENT_KEY:
                self._comment(key, value)
            elif (form := _ROOT.blocks.get(key.text)) is not None:
                self._unpacked(key.text, key, value, form, (), blocks, top=True)
            elif value.end != _OPEN:
                attributes.append(Attribute(key.text, key.at, value.at, value.end, self._plain(value)))
        return Body(tuple(attributes), tuple(blocks))

    def _unpacked(
        self,
        kind: str,
        key: _Text,
        value: _Value,
        form: _Form,
        labels: tuple[str, ...],
        blocks: list[Block],
        *,
        top: bool = False,
    ) -> None:
        """Add the blocks that a value stands for: one object, or several in arrays, below each label.

        At the top of a file a fault costs the one block that it is in.
        """
        try:
            if len(labels) < form.labels:
                for label, inner in self._pairs(value):
                    if label.text == COMMENT_KEY:
                        self._comment(label, inner)
                    else:
                        self._unpacked(kind, label, inner, form, (*labels, label.text), blocks, top=top)
                return
            if isinstance(value, _Word) and value.value is None:
                return
            if not isinstance(value, _Array | _Object):
                raise _FaultError(
                    value.at, later("an object is needed here, for a block of type {kind!r}"), kind=kind
                )
        except _FaultError as error:
            if not top:
                raise
            self._faults.append(error.fault)
            return
        bodies = value.items if isinstance(value, _Array) else [value]
        for body in bodies:
            if body.end == _OPEN:
                continue
            at = key.at if body is value or len(bodies) == 1 else body.at
            try:
                blocks.append(Block(kind, labels, at, body.end, self._body(body, form)))
            except _FaultError as error:
                if not top:
                    raise
                self._faults.append(error.fault)

    def _pairs(self, value: _Value) -> list[tuple[_Text, _Value]]:
        """Return the keys of an object, or of several in an array, which count as one."""
        if isinstance(value, _Object):
            return value.items
        if isinstance(value, _Array):
            pairs: list[tuple[_Text, _Value]] = []
            for item in value.items:
                if not isinstance(item, _Object):
                    raise _FaultError(item.at, later("an object is needed here"))
                pairs += item.items
            return pairs
        if isinstance(value, _Word) and value.value is None:
            return []
        raise _FaultError(value.at, later("an object is needed here"))

    def _body(self, value: _Value, form: _Form) -> Body:
        attributes: dict[str, Attribute] = {}
        blocks: list[Block] = []
        for key, inner in self._pairs(value):
            name = key.text
            if name == COMMENT_KEY:
                self._comment(key, inner)
            elif name in form.blocks:
                self._unpacked(name, key, inner, form.blocks[name], (), blocks)
            elif name in attributes:
                raise _FaultError(key.at, later("the argument {name!r} is set twice"), name=name)
            else:
                expression = self._argument(name, inner, form)
                attributes[name] = Attribute(name, key.at, inner.at, inner.end, expression)
        return Body(tuple(attributes.values()), tuple(blocks))

    def _comment(self, key: _Text, value: _Value) -> None:
        text = value.text.encode("utf-8", "replace") if isinstance(value, _Text) else b""
        mark = DIRECTIVE.search(text)
        if mark is not None:
            place = DIRECTIVE.search(self._data, value.at, value.end)
            said = text[mark.end() :].decode().strip()
            self.comments.append(Comment(place.start() if place is not None else key.at, said))

    # -- expressions -----------------------------------------------------------------------------------------

    def _argument(self, name: str, value: _Value, form: _Form) -> Expression:
        if name in form.plain:
            return self._plain(value)
        if name in form.references:
            return self._reference(value)
        if form is _REQUIRED_PROVIDERS:
            return self._requirement(value)
        return self._expression(value)

    def _plain(self, value: _Value) -> Expression:
        """Return a value whose texts stay what they are."""
        if isinstance(value, _Text):
            return Literal(value.text)
        if isinstance(value, _Array):
            return TupleExpression(tuple(map(self._plain, value.items)))
        if isinstance(value, _Object):
            return ObjectExpression(
                tuple((Literal(key.text), self._plain(inner)) for key, inner in value.items)
            )
        return _simple(value)

    def _expression(self, value: _Value) -> Expression:
        """Return a value whose texts and keys are templates."""
        if isinstance(value, _Text):
            return self._template(value)
        if isinstance(value, _Array):
            return TupleExpression(tuple(map(self._expression, value.items)))
        if isinstance(value, _Object):
            seen: set[str] = set()
            items: list[tuple[Expression, Expression]] = []
            for key, inner in value.items:
                if key.text in seen:
                    raise _FaultError(key.at, later("the key {name!r} is there twice"), name=key.text)
                seen.add(key.text)
                items.append((self._template(key), self._expression(inner)))
            return ObjectExpression(tuple(items))
        return _simple(value)

    def _reference(self, value: _Value) -> Expression:
        """Return a value whose texts are references, each written without `${}`."""
        if isinstance(value, _Text):
            return self._parsed(value)
        if isinstance(value, _Array):
            return TupleExpression(tuple(map(self._reference, value.items)))
        if isinstance(value, _Object):
            items: list[tuple[Expression, Expression]] = []
            for key, inner in value.items:
                name = self._parsed(key)
                items.append((Literal(name.name) if isinstance(name, Name) else name, self._reference(inner)))
            return ObjectExpression(tuple(items))
        return _simple(value)

    def _requirement(self, value: _Value) -> Expression:
        """Return what a provider must be: plain texts, but for the references in `configuration_aliases`."""
        if not isinstance(value, _Object):
            return self._plain(value)
        return ObjectExpression(
            tuple(
                (
                    Literal(key.text),
                    self._reference(inner) if key.text == "configuration_aliases" else self._plain(inner),
                )
                for key, inner in value.items
            )
        )

    def _template(self, value: _Text) -> Expression:
        text = value.text
        if "${" not in text and "%{" not in text:
            return Literal(text)
        try:
            return parse_template(text)
        except NotAnExpressionError as error:
            raise _FaultError(
                value.at, later("this text is not a template: {error}"), error=str(error)
            ) from error

    def _parsed(self, value: _Text) -> Expression:
        try:
            return parse_expression(value.text.encode("utf-8"))
        except NotAnExpressionError as error:
            raise _FaultError(
                value.at, later("this text is not an expression: {error}"), error=str(error)
            ) from error


def _simple(value: _Number | _Word) -> Expression:
    if isinstance(value, _Word):
        return Literal(value.value)
    return Unary("-", Number(value.text[1:])) if value.text.startswith("-") else Number(value.text)
