"""What Checkov's runners know and do not tell a check: read from the calls that lead to it.

A check is given a block's configuration and little else: no folder that is scanned, and in source not even
the file. All three runners call it from a method `run_block`, whose arguments say the rest, and load it from
a method `run`. Where a version of Checkov has them no more, HostError is raised and every check fails.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from types import FrameType
from typing import Any

from sovereign_guard.errors import SovereignGuardError
from sovereign_guard.for_checkov.values import FRAMEWORKS, Block, Framework, Run
from sovereign_guard.language import say

_DEPTH = 60
_MODES = {"resource": "managed", "data": "data"}


class HostError(SovereignGuardError):
    """Checkov is not built as this module knows it."""

    def __init__(self, message: str) -> None:
        hint = say(
            "Use one of the versions named in docs/checkov.md, or run `sovereign-guard scan` by itself."
        )
        super().__init__(message, hint=hint)


class Asking:
    """The call that asks a check about a block.

    Attributes:
        definitions: all that the runner will ask about; the same object throughout a run.
        file: as `definitions` name it.

    """

    def __init__(self) -> None:
        for frame in _frames():
            if frame.f_code.co_name == "run_block" and "full_file_path" in frame.f_code.co_varnames:
                known = frame.f_locals
                self._frame = frame
                self._runner = known["self"]
                self.definitions = self._runner.definitions
                self.file = known["full_file_path"]
                return
        raise HostError(say("this version of Checkov does not show which file a block is in."))

    def run(self) -> Run:
        """Return what the runner that asks works on."""
        known = self._frame.f_locals
        started = _run_of(self._runner)
        framework = _framework(self._runner)
        given = (started or {}).get("files")
        blocks = tuple(
            block
            for file, definition in self.definitions.items()
            for kind in _MODES
            for entity in definition.get(kind) or ()
            if (block := _block_of(framework, file, kind, entity)) is not None
        )
        return _run(framework, known.get("root_folder"), given, known.get("runner_filter"), blocks)

    def block(self, mode: str, kind: str, name: str, conf: Mapping[str, Any]) -> Block:
        """Return the block that is asked about."""
        return _block(_framework(self._runner), self.file, mode, kind, name, conf)


def run_that_loads(checks: list[Any]) -> Run | None:
    """Return what the runner works on that is loading the checks, its blocks not known yet.

    None where it is no runner of Terraform, or asks about none of these checks.
    """
    for frame in _frames():
        if frame.f_code.co_name == "run" and "external_checks_dir" in frame.f_code.co_varnames:
            known = frame.f_locals
            runner, chosen = known.get("self"), known.get("runner_filter")
            framework = getattr(runner, "check_type", None)
            if framework not in FRAMEWORKS or chosen is None:
                return None
            if not any(chosen.should_run_check(check, report_type=framework) for check in checks):
                return None
            return _run(framework, known.get("root_folder"), known.get("files"), chosen, ())
    return None


def _frames() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - there is no other way to the caller
    for _ in range(_DEPTH):
        if frame is None:
            return
        yield frame
        frame = frame.f_back


def _run_of(runner: Any) -> dict[str, Any] | None:
    for frame in _frames():
        if frame.f_code.co_name == "run" and frame.f_locals.get("self") is runner:
            return frame.f_locals
    return None


def _framework(runner: Any) -> Framework:
    found = getattr(runner, "check_type", None)
    for framework in FRAMEWORKS:
        if framework == found:
            return framework
    raise HostError(say("this version of Checkov does not show which framework it runs."))


def _run(framework: Framework, root_folder: Any, files: Any, chosen: Any, blocks: tuple[Block, ...]) -> Run:
    given = tuple(os.path.realpath(str(file)) for file in files or ())
    return Run(
        framework=framework,
        # With files, Checkov takes for the root whatever folder they have in common.
        root_folder="" if given or not root_folder else os.path.realpath(str(root_folder)),
        files=given,
        enabled=tuple(str(name) for name in getattr(chosen, "framework", ()) or ("all",)),
        excluded=tuple(str(path) for path in getattr(chosen, "excluded_paths", ()) or ()),
        blocks=blocks,
    )


def _block_of(framework: Framework, file: Any, kind: str, entity: Any) -> Block | None:
    """Return the block of an entry of the definitions: {type: {name: configuration}}."""
    try:
        of_type, named = next(iter(entity.items()))
        name, conf = next(iter(named.items()))
    except (AttributeError, StopIteration, TypeError):
        return None  # Checkov asks nothing about what has another shape.
    return _block(framework, file, _MODES[kind], of_type, name, conf) if isinstance(conf, dict) else None


def _block(
    framework: Framework, file: Any, mode: str, kind: str, name: str, conf: Mapping[str, Any]
) -> Block:
    path = str(getattr(file, "file_path", file))
    root = os.path.dirname(path) if framework == "terraform" else ""  # noqa: PTH120
    caller = getattr(file, "tf_source_modules", None)
    while caller is not None:
        root = os.path.dirname(str(caller.path))  # noqa: PTH120
        caller = caller.nested_tf_module
    return Block(path, mode, kind, name, str(conf.get("__address__") or ""), root)
