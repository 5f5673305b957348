"""What the loaded checks call: which rules there are, what is said of a block, what nobody was told of."""

from __future__ import annotations

import atexit
import multiprocessing.util
import os
import sys
import threading
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NamedTuple

from sovereign_guard.catalog import load
from sovereign_guard.errors import SovereignGuardError
from sovereign_guard.for_checkov.answers import Answers, failure
from sovereign_guard.for_checkov.host import Asking, run_that_loads
from sovereign_guard.for_checkov.values import Answer, Block, Run
from sovereign_guard.for_checkov.wishes import wishes_of
from sovereign_guard.language import ENGLISH, language, later, say, speak, speaking, wanted
from sovereign_guard.model.knowledge import RuleText
from sovereign_guard.report.words import clean
from sovereign_guard.request import request_of

_MOST_LINES = 20


class _Process:
    """What has been loaded and asked in this process.

    Checkov may execute the checks several times over, and its runners in threads; this is there once.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.answers: list[tuple[object, Answers]] = []
        self.loaded: list[Run] = []
        self.complained = False
        self.words: set[str] = set()
        self.watched = 0


_PROCESS = _Process()


class _Last(NamedTuple):
    """The block that was asked about last, and the rules that have answered."""

    conf: Mapping[str, Any]
    answers: Answers
    block: Block
    rules: set[str]


_LAST = threading.local()
"""Checkov asks all checks about a block before it goes on to the next, so most find it here."""


def rules() -> tuple[RuleText, ...]:
    """Return the texts of the rules that are in force: of the optional ones, those that are switched on.

    Raises:
        SovereignGuardError: the catalog is not right.

    """
    _choose_language()
    with speaking(ENGLISH):  # Names of checks stay as they are: they are told apart by them.
        known = tuple(load().rules.values())
    try:
        request = request_of((".",), wishes_of(os.environ))
    except SovereignGuardError:
        return known  # Every check will tell what is not right.
    switched = {*request.policy.optional_rules, *request.statements.optional_rules}
    return tuple(rule for rule in known if not rule.optional or rule.id in switched)


def check_clash() -> None:
    """Tell of two libraries that cannot be in one environment.

    Raises:
        SovereignGuardError: both are there, so Checkov cannot be relied on to read source.

    """
    _choose_language()
    if _installed("python-hcl2") and _installed("bc-python-hcl2"):
        raise SovereignGuardError(
            say(
                "python-hcl2 and bc-python-hcl2 are both installed, and each overwrites the "
                "other's module hcl2: Checkov may read no source at all, and say so nowhere."
            ),
            hint=say(
                "Install sovereign-guard beside Checkov without its extra hcl2: pip uninstall "
                "python-hcl2 && pip install --force-reinstall bc-python-hcl2"
            ),
        )


def answer(
    rule: str, mode: str, kind: str, name: str, conf: Mapping[str, Any], *, skipped: bool
) -> Answer | None:
    """Return what a rule says of the block about which Checkov is asking just now.

    Args:
        mode: `managed` or `data`. kind: type of the resource. name, conf: as Checkov gives them.
        skipped: whether a comment for Checkov skips the rule there; then nothing is said.

    Raises:
        SovereignGuardError: Checkov does not show enough to tell.

    """
    last: _Last | None = getattr(_LAST, "found", None)
    # A rule that asks again asks about another block, whatever Checkov gives to describe it.
    if last is None or last.conf is not conf or rule in last.rules:
        _choose_language()
        asking = Asking()
        last = _LAST.found = _Last(conf, _answers(asking), asking.block(mode, kind, name, conf), set())
    last.rules.add(rule)
    if skipped:
        last.answers.note(last.block)
        return None
    return last.answers.of(rule, last.block)


def watch(checks: list[Any]) -> None:
    """Say on standard error, when this process ends, what was found and asked about by nobody."""
    loading = run_that_loads(checks)
    if loading is None:
        return
    _PROCESS.loaded.append(loading)
    if _PROCESS.watched != os.getpid():
        _PROCESS.watched = os.getpid()
        # Checkov's workers end without the one, its main process without the other; it is said once.
        atexit.register(_say_what_is_untold)
        multiprocessing.util.Finalize(None, _say_what_is_untold, exitpriority=1)


def complain(text: str) -> None:
    """Say something on standard error, once in a process."""
    if not _PROCESS.complained:
        _PROCESS.complained = True
        print(f"sovereign-guard: {text}", file=sys.stderr, flush=True)  # noqa: T201 - Checkov shows no other text


def _answers(asking: Asking) -> Answers:
    with _PROCESS.lock:
        for definitions, found in reversed(_PROCESS.answers):
            if definitions is asking.definitions:
                return found
        made = Answers(asking.run(), os.environ)
        _PROCESS.answers.append((asking.definitions, made))
        for word in made.words():
            if word not in _PROCESS.words:
                _PROCESS.words.add(word)
                print(f"sovereign-guard: {clean(word)}.", file=sys.stderr, flush=True)  # noqa: T201 - see above
        return made


def _choose_language() -> None:
    """Speak as the environment asks. Each thread says so for itself, and Checkov's runners are threads."""
    wish = wanted(None, os.environ)
    if wish != language():
        speak(wish)


def _say_what_is_untold() -> None:
    _choose_language()
    loaded, _PROCESS.loaded = list(dict.fromkeys(_PROCESS.loaded)), []
    for run in loaded:
        asked = [
            one
            for _definitions, one in _PROCESS.answers
            if (one.run.framework, one.run.root_folder, one.run.files)
            == (run.framework, run.root_folder, run.files)
        ]
        nothing = False
        try:
            told = asked or [Answers(run, os.environ)]
            texts = [text for one in told for text in one.untold()]
            nothing = all(one.empty for one in told)
        except Exception as error:  # noqa: BLE001 - what ends with a process must not fail in silence
            texts = list(failure(error).details)
        # Of several frameworks one or another has nothing to do in most folders.
        expected = run.enabled == (run.framework,)
        if asked and not texts:
            continue
        if not asked and not expected and nothing:
            continue
        what = (
            later("Checkov did not ask about everything ({framework} of {inputs}).")
            if asked
            else later("judged nothing in this run ({framework} of {inputs}).")
        )
        lines = [say(what, framework=run.framework, inputs=run.root_folder or ", ".join(run.files))]
        lines.extend(texts[:_MOST_LINES])
        if len(texts) > _MOST_LINES:
            lines.append(say("... and {number} more.", number=len(texts) - _MOST_LINES))
        _PROCESS.complained = False
        complain("\n  ".join(lines))


def _installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True
