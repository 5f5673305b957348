"""Everything that can go wrong and that a user can mend.

Each error knows what happened, where, and what to do next. Only `cli.py` catches them and exits.
"""

from __future__ import annotations

from sovereign_guard.language import later, say

EXIT_CLEAN = 0
EXIT_FINDINGS = 1
EXIT_USAGE = 2
EXIT_INPUT = 3
EXIT_INTERNAL = 4


_SYSTEM = (
    later("File exists"),
    later("File name too long"),
    later("Input/output error"),
    later("Is a directory"),
    later("No space left on device"),
    later("No such file or directory"),
    later("Not a directory"),
    later("Operation not permitted"),
    later("Permission denied"),
    later("Read-only file system"),
    later("Too many levels of symbolic links"),
    later("Too many open files"),
)
"""What the system may say of a file: Python passes it on in English, whatever the locale."""


def reason_of(error: OSError) -> str:
    """Return in words why the system refused; in English what is not among the usual reasons."""
    return say(error.strerror) if error.strerror else str(error)


class SovereignGuardError(Exception):
    """Base of all errors that are told to the user rather than shown as a traceback.

    Attributes:
        message: what happened, one sentence.
        hint: what to do about it.
        file, line, column: where; line and column count from 1, None where not known.

    """

    exit_code = EXIT_INTERNAL

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        file: str | None = None,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.file = file
        self.line = line
        self.column = column

    @property
    def where(self) -> str:
        """`file:line:column`, as much of it as is known."""
        parts = [part for part in (self.file, self.line, self.column) if part is not None]
        return ":".join(str(part) for part in parts)

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text} {self.hint}" if self.hint else text


class UsageError(SovereignGuardError):
    """The command line or a configuration file asks for something that cannot be."""

    exit_code = EXIT_USAGE


class ConfigurationError(UsageError):
    """Every fault found in one configuration, policy or catalog file set, told at once."""

    def __init__(self, problems: list[UsageError]) -> None:
        self.problems = sorted(problems, key=lambda one: (one.file or "", one.line or 0, one.column or 0))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class InputError(SovereignGuardError):
    """An input could not be read or understood as a whole."""

    exit_code = EXIT_INPUT


class RuleCrashError(SovereignGuardError):
    """A rule failed while judging a resource: a defect of ours, which must never look like a pass."""

    exit_code = EXIT_INTERNAL
