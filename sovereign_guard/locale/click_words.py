"""The words of click that a user of ours can see, for tools/messages.py to collect.

Nothing imports this. click looks its words up by gettext, in the catalog that `__main__` names to it. Of each
release that we run with (8.1 and later) all forms stand here; one that is missing is told in English.
"""

from __future__ import annotations

from sovereign_guard.language import later, say_many

WORDS = (
    later("Usage:"),
    later("Options"),
    later("Commands"),
    later("Show the version and exit."),
    later("Show this message and exit."),
    later("default: {default}"),
    later("required"),
    later("Aborted!"),
    later("Error: {message}"),
    later("Try '{command} {option}' for help."),
    later("Invalid value: {message}"),
    later("Invalid value for {param_hint}: {message}"),
    later("Missing argument"),
    later("Missing option"),
    later("Missing parameter"),
    later("Missing {param_type}"),
    later("Missing parameter: {param_name}"),
    later("Missing command."),
    later("Choose from:\n\t{choices}"),
    later("No such option: {name}"),
    later("No such option {name!r}."),
    later("No such command {name!r}."),
    later("Option {name!r} does not take a value."),
)


def plurals(number: int) -> tuple[str, ...]:
    """Return those of which one form goes with one, and another with many."""
    return (
        say_many("Did you mean {possibility}?", "(Did you mean one of: {possibilities}?)", number),
        say_many("Got unexpected extra argument ({args})", "Got unexpected extra arguments ({args})", number),
        say_many(
            "Option {name!r} requires an argument.", "Option {name!r} requires {nargs} arguments.", number
        ),
        say_many("{value!r} is not {choice}.", "{value!r} is not one of {choices}.", number),
    )
