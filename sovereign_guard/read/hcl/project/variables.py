"""Values of root module variables: from files, the command line and the environment, in Terraform's order.

Source: Terraform's documentation, "Variable Definition Precedence"
(https://developer.hashicorp.com/terraform/language/values/variables), read 2026-11-24.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from sovereign_guard.errors import InputError, UsageError
from sovereign_guard.language import say
from sovereign_guard.ledger import VARIABLES, note
from sovereign_guard.model.finding import InputProblem
from sovereign_guard.read.hcl.language.evaluate import Budget, Evaluator, FunctionScope
from sovereign_guard.read.hcl.language.types import (
    ANY,
    NUMBER,
    STRING,
    Primitive,
    Type,
    convert,
    parse_number,
)
from sovereign_guard.read.hcl.language.values import EvaluationError, Value, number
from sovereign_guard.read.hcl.project.files import Reader, legible_name
from sovereign_guard.read.hcl.project.source import SourceFile
from sovereign_guard.read.hcl.syntax.expressions import NotAnExpressionError, parse_expression
from sovereign_guard.read.hcl.syntax.native import parse_native
from sovereign_guard.read.options import SourceOptions

ENVIRONMENT = "TF_VAR_"
_STEPS = 1_000_000
_FIRST = ("terraform.tfvars", "terraform.tfvars.json")


class Given(msgspec.Struct, frozen=True):
    """One value of a variable, and where it was given.

    Attributes:
        text: set where it was given as a text, which is read by the variable's type.
        place: for evidence and messages.

    """

    value: Value
    text: str | None
    place: str


def given_values(
    folders: Sequence[tuple[Path, str]],
    options: SourceOptions,
    reader: Reader,
    first: Mapping[str, Given] | None = None,
    then: Mapping[str, Given] | None = None,
) -> dict[str, Given]:
    """Return the value given to each variable of a root module; the last word counts.

    Args:
        folders: where its files lie, each as the user is told too; a later one's file replaces an earlier
            one's of the same name.
        options: what the user gives. reader: reads the files.
        first: what counts less than the environment. then: what counts more than files found by their names.

    Raises:
        UsageError: an option is malformed, or names a file that cannot be read.

    """
    found: dict[str, Given] = dict(first or {})
    for name, text in sorted(options.environment.items()):
        if name.startswith(ENVIRONMENT):
            found[name.removeprefix(ENVIRONMENT)] = Given(
                None, legible_name(text), say("environment variable {name}", name=name)
            )
    for name in _in_order({name for folder, _shown in folders for name in _names_in(folder)}):
        folder, shown = next((one for one in reversed(folders) if name in _names_in(one[0])), folders[0])
        place = name if shown in ("", ".") else f"{shown}/{name}"
        if name in _FIRST and not (folder / name).exists():
            continue  # A link that leads nowhere: Terraform passes over it.
        data = reader.bytes_of(folder / name, place)
        if data is not None:
            try:
                found.update(values_in(data, name, place))
            except InputError as error:
                reader.problems.append(
                    InputProblem(place, error.message, error.hint, place, error.line, error.column)
                )
    found.update(then or {})
    for kind, argument in options.assignments:
        if kind == "var":
            name, equals, text = argument.partition("=")
            if not equals or not name.strip():
                raise UsageError(
                    say("--var {argument!r} has no `=`.", argument=argument),
                    hint=say("Write it as --var name=value."),
                )
            found[name.strip()] = Given(None, text, "--var")
            continue
        try:
            data = Path(argument).read_bytes()
        except OSError as error:
            raise UsageError(
                say("--var-file cannot be read: {why}.", why=error.strerror), file=argument
            ) from None
        note(VARIABLES, argument, data)
        try:
            found.update(values_in(data, argument, argument))
        except InputError as error:
            raise UsageError(
                error.message, hint=error.hint, file=argument, line=error.line, column=error.column
            ) from None
    return found


def is_values_file(name: str) -> bool:
    """Whether Terraform reads a file of this name by itself, for values of variables."""
    return name in _FIRST or name.endswith((".auto.tfvars", ".auto.tfvars.json"))


def _names_in(folder: Path) -> set[str]:
    try:
        return set(filter(is_values_file, os.listdir(folder)))  # noqa: PTH208 - names alone
    except OSError:
        return set()


def _in_order(names: set[str]) -> list[str]:
    """Return the names of files in the order in which Terraform reads them."""
    return [name for name in _FIRST if name in names] + sorted(names.difference(_FIRST))


def values_in(data: bytes, name: str, place: str) -> dict[str, Given]:
    """Return the values that a `.tfvars` or `.tfvars.json` file gives.

    Raises:
        InputError: it is malformed.

    """
    if name.endswith(".json"):
        try:
            document = json.loads(data, parse_float=parse_number, parse_constant=_no_number)
            values = from_json(document)
        except (ValueError, RecursionError, EvaluationError) as error:
            line = getattr(error, "lineno", None)
            raise InputError(
                say("this is not JSON."), hint=say("Mend the file."), file=place, line=line, column=None
            ) from None
        if not isinstance(document, dict):
            raise InputError(
                say("a JSON object of variables is expected."), hint=say("Mend the file."), file=place
            )
        return {key: Given(value, None, place) for key, value in values.items()}
    structure = parse_native(data)
    if structure.faults or structure.body.blocks:
        at = structure.faults[0].at if structure.faults else structure.body.blocks[0].at
        line = data.count(b"\n", 0, at) + 1
        raise InputError(
            say("only `name = value` can stand in a file of variable values."),
            hint=say("Mend the file; a block belongs into a .tf file."),
            file=place,
            line=line,
            column=at - data.rfind(b"\n", 0, at),
        )
    evaluator = Evaluator(FunctionScope(None), Budget(_STEPS + len(data)))
    found: dict[str, Given] = {}
    file = SourceFile(place, data, "", structure)
    for attribute in structure.body.attributes:
        line, column = file.position(attribute.at)
        try:
            value = evaluator.evaluate(parse_expression(data[attribute.start : attribute.end]))
        except (EvaluationError, NotAnExpressionError) as error:
            raise InputError(
                say("the value of {name} cannot be read: {error}.", name=attribute.name, error=error),
                hint=say("Values here are literals: they refer to nothing."),
                file=place,
                line=line,
                column=column,
            ) from None
        found[attribute.name] = Given(value, None, f"{place}:{line}")
    return found


def _no_number(text: str) -> Value:
    raise ValueError(f"{text} is no number")


def from_json(value: Any) -> Value:
    """Return JSON as a value of the language."""
    if isinstance(value, float):
        return number(Decimal(repr(value)))
    if isinstance(value, list):
        return tuple(from_json(part) for part in value)
    if isinstance(value, dict):
        return {name: from_json(part) for name, part in value.items()}
    return value


def from_text(text: str, wanted: Type | None) -> Value:
    """Return the value that a text gives to a variable of a type: as it is for a text, else an expression.

    Args:
        text: what was given. wanted: None for a variable without type, which takes the text as it is.

    Raises:
        EvaluationError: it gives none.

    """
    if wanted is None or wanted == STRING:
        return text
    if isinstance(wanted, Primitive) and wanted != ANY:
        return convert(text.strip() if wanted == NUMBER else text, wanted)
    try:
        expression = parse_expression(text.strip().encode("utf-8", "replace"))
    except NotAnExpressionError as error:
        raise EvaluationError(str(error)) from None
    return convert(Evaluator(FunctionScope(None), Budget(_STEPS)).evaluate(expression), wanted)
