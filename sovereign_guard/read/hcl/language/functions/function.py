"""What a function of the language is, and how it is called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from sovereign_guard.language import say
from sovereign_guard.model.value import Sensitive, Unknown
from sovereign_guard.read.hcl.language.types import ANY, Type, convert
from sovereign_guard.read.hcl.language.values import (
    EvaluationError,
    Pending,
    Value,
    combine,
    says_nothing,
    unknowns_in,
    without_marks,
)


class Parameter(msgspec.Struct, frozen=True):
    """One parameter.

    Attributes:
        type: what an argument is converted to first.
        null: an argument may be null.
        parts: unknown elements inside an argument are the function's own business; otherwise one makes the
            whole result Unknown. An argument that is Unknown as a whole always does, but see `whole`.
        whole: an argument that is Unknown as a whole is the function's own business too.

    """

    type: Type = ANY
    null: bool = False
    parts: bool = False
    whole: bool = False


class Files(msgspec.Struct, frozen=True, eq=False):
    """What functions may read.

    Attributes:
        root: folder outside which nothing is read, resolved.
        base: folder from which relative paths count (Terraform's working directory: the root module).

    """

    root: Path
    base: Path


class Function(msgspec.Struct, frozen=True, eq=False):
    """A function.

    Attributes:
        run: takes converted arguments without marks of sensitivity (and `Files` first, where `reads`),
            returns a value; raises EvaluationError for what Terraform refuses.
        variadic: the parameter that may be given any number of times after the others.
        least: how many arguments the variadic one needs at least.
        through: the result holds nothing but what the arguments hold, so that an address in it is still
            theirs (`lower`, `trimprefix`, `element`; not `format`, `md5`).
        encodes: the result holds all that the arguments hold, so that what it names is what they name, unless
            a text among them names something too.
        opaque: the function marks by itself (`sensitive`): its arguments keep their marks, its result gets
            none.

    """

    name: str
    parameters: tuple[Parameter, ...]
    run: Callable[..., Value]
    variadic: Parameter | None = None
    least: int = 0
    reads: bool = False
    through: bool = False
    encodes: bool = False
    opaque: bool = False


def call(function: Function, arguments: Sequence[Value], files: Files | None) -> Value:
    """Call a function as Terraform does: convert arguments, let unknowns and marks pass through.

    Raises:
        EvaluationError: the arguments are not such as the function takes.

    """
    count = len(function.parameters)
    if len(arguments) < count + function.least or (function.variadic is None and len(arguments) > count):
        raise EvaluationError(
            say(
                "{function} is called with {number} argument(s)",
                function=function.name,
                number=len(arguments),
            )
        )
    unknowns: list[Unknown] = []
    known: list[Value] = []
    marked = False
    for at, argument in enumerate(arguments):
        parameter = function.parameters[at] if at < count else function.variadic
        assert parameter is not None  # noqa: S101 - the count was checked
        if not function.opaque:
            argument, hidden = without_marks(argument)
            marked = marked or hidden
        if isinstance(argument, Pending) and not parameter.whole:
            argument = argument.unknown
        if argument is None and not parameter.null:
            raise EvaluationError(
                say("argument {number} of {function} must not be null", number=at + 1, function=function.name)
            )
        if not isinstance(argument, Unknown):
            try:
                argument = convert(argument, parameter.type)
            except EvaluationError as error:
                raise EvaluationError(
                    say(
                        "argument {number} of {function}: {error}",
                        number=at + 1,
                        function=function.name,
                        error=error,
                    )
                ) from None
            if not parameter.parts:
                unknowns.extend(unknowns_in(argument))
            elif isinstance(argument, Unknown) and not parameter.whole:
                unknowns.append(argument)
        elif not parameter.whole:
            unknowns.append(argument)
        known.append(argument)
    if unknowns:
        through = function.through or (function.encodes and all(map(says_nothing, known)))
        result: Value = combine(unknowns, through=through)
    elif function.reads:
        result = function.run(files, *known)
    else:
        result = function.run(*known)
    return Sensitive(result) if marked and not isinstance(result, Unknown) else result
