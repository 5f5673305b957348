"""Files and blocks of source, with what override files change in them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from sovereign_guard.read.hcl.language.values import EvaluationError
from sovereign_guard.read.hcl.syntax.expressions import NotAnExpressionError, parse_expression
from sovereign_guard.read.hcl.syntax.tree import Attribute, Block, Expression, Literal, Structure

_NEWLINE = re.compile(rb"\n")


class SourceFile:
    """One file: its text, its structure, and its expressions as far as somebody asked for them.

    Attributes:
        path: as shown to the user.
        digest: SHA-256 of its bytes, in hexadecimal.

    """

    __slots__ = ("_expressions", "_lines", "data", "digest", "path", "structure")

    def __init__(self, path: str, data: bytes, digest: str, structure: Structure) -> None:
        self.path = path
        self.data = data
        self.digest = digest
        self.structure = structure
        self._expressions: dict[int, Expression | NotAnExpressionError] = {}
        self._lines: list[int] | None = None

    def expression(self, attribute: Attribute) -> Expression:
        """Return an attribute's expression.

        Raises:
            EvaluationError: it cannot be read.

        """
        if attribute.expression is not None:
            return attribute.expression
        found = self._expressions.get(attribute.start)
        if found is None:
            try:
                found = parse_expression(self.data[attribute.start : attribute.end])
            except NotAnExpressionError as error:
                found = error
            self._expressions[attribute.start] = found
        if isinstance(found, NotAnExpressionError):
            raise EvaluationError(str(found))
        return found

    def position(self, offset: int) -> tuple[int, int]:
        """Return line and column (in characters) of an offset, both from 1."""
        if self._lines is None:
            self._lines = [0, *(match.end() for match in _NEWLINE.finditer(self.data))]
        line = bisect_right(self._lines, offset)
        start = self._lines[line - 1]
        return line, len(self.data[start:offset].decode("utf-8", "replace")) + 1


class Argument:
    """One `name = expression` in its file."""

    __slots__ = ("attribute", "file")

    def __init__(self, file: SourceFile, attribute: Attribute) -> None:
        self.file = file
        self.attribute = attribute

    @property
    def name(self) -> str:
        """Its name."""
        return self.attribute.name

    @property
    def expression(self) -> Expression:
        """Its expression; raises EvaluationError where that cannot be read."""
        return self.file.expression(self.attribute)

    @property
    def literal(self) -> str | bool | None:
        """Its value where that is a text, a bool or null, written out; else None."""
        try:
            found = self.expression
        except EvaluationError:
            return None
        return found.value if isinstance(found, Literal) else None

    @property
    def place(self) -> str:
        """`file:line`."""
        return f"{self.file.path}:{self.file.position(self.attribute.at)[0]}"


class Section:
    """A block, with what override files put in the place of its arguments and nested blocks."""

    __slots__ = ("_arguments", "_nested", "_overrides", "block", "file")

    def __init__(self, file: SourceFile, block: Block) -> None:
        self.file = file
        self.block = block
        self._overrides: list[Section] = []
        self._arguments: dict[str, Argument] | None = None
        self._nested: dict[str, list[Section]] | None = None

    @property
    def type(self) -> str:
        """Block type."""
        return self.block.type

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels."""
        return self.block.labels

    @property
    def position(self) -> tuple[int, int]:
        """Line and column, from 1."""
        return self.file.position(self.block.at)

    @property
    def place(self) -> str:
        """`file:line`."""
        return f"{self.file.path}:{self.position[0]}"

    def override(self, other: Section) -> None:
        """Lay a block of an override file over this one."""
        self._overrides.append(other)
        self._arguments = self._nested = None

    def parts(self) -> Iterator[Section]:
        """Give this block and those that override it."""
        yield self
        yield from self._overrides

    @property
    def arguments(self) -> dict[str, Argument]:
        """Arguments by name."""
        if self._arguments is None:
            found = {one.name: Argument(self.file, one) for one in self.block.body.attributes}
            for other in self._overrides:
                found.update(other.arguments)
            self._arguments = found
        return self._arguments

    def argument(self, name: str) -> Argument | None:
        """Return an argument."""
        return self.arguments.get(name)

    @property
    def nested(self) -> dict[str, list[Section]]:
        """Nested blocks by what they make (`kind`)."""
        if self._nested is None:
            self._nested = {}
            if self.block.body.blocks or self._overrides:
                for section in self.sections():
                    self._nested.setdefault(section.kind, []).append(section)
        return self._nested

    def sections(self) -> Iterator[Section]:
        """Give the nested blocks; those of an override file replace all of their kind, except `lifecycle`."""
        found = [Section(self.file, block) for block in self.block.body.blocks]
        for other in self._overrides:
            theirs = list(other.sections())
            replaced = {section.kind for section in theirs} - {"lifecycle"}
            found = [section for section in found if section.kind not in replaced] + theirs
        yield from found

    @property
    def kind(self) -> str:
        """What a nested block makes: its type, or what a `dynamic` block makes."""
        return self.labels[0] if self.type == "dynamic" and self.labels else self.type
