"""The program: `sovereign-guard`, and `python -m sovereign_guard`."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

from sovereign_guard.language import DOMAIN, ENGLISH, LANGUAGES, LOCALE, speak, wanted


def main() -> None:
    """Run the command line, in the language that is asked for.

    The cyclic collector stays off: a run makes millions of values, none of them in cycles, and then ends.
    """
    gc.disable()
    choose_language(sys.argv[1:])
    from sovereign_guard.cli import main as run

    run()


def choose_language(arguments: Sequence[str]) -> None:
    """Speak the language that arguments or the environment ask for.

    That comes before the command line is imported, since the texts of its help are said as it is. click asks
    gettext for its own words ("Usage:", "No such option"), in the domain and language of the process; so
    these are told to gettext as well, in the way that it is made for, and nothing of click's is replaced. Its
    words stand in our catalog (locale/click_words.py). In English nothing is done, which costs nothing.
    """
    code = wanted(given(arguments), os.environ)
    speak(code)
    if code != ENGLISH:
        import gettext

        gettext.bindtextdomain(DOMAIN, str(LOCALE))
        gettext.textdomain(DOMAIN)
        os.environ["LANGUAGE"] = code


def given(arguments: Sequence[str]) -> str | None:
    """Return what the last --lang among the arguments says.

    None where there is none, or it is no language that is spoken: the command line refuses that, in the
    language that the environment asks for.

    >>> given(["scan", ".", "--lang", "fr"])
    'fr'
    >>> given(["--lang=fr", "scan", "--", "--lang=en"])
    'fr'
    """
    found = None
    follows = False
    for argument in arguments:
        if follows:
            found, follows = argument, False
        elif argument == "--":
            break
        elif argument == "--lang":
            follows = True
        elif argument.startswith("--lang="):
            found = argument.removeprefix("--lang=")
    return found if found in LANGUAGES else None


if __name__ == "__main__":
    main()
