"""What a run asks of the machine: its processors, and no collector while it makes values."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Generic, TypeVar

T = TypeVar("T")
U = TypeVar("U")

_MOST = 8
"""Processes of one run: each has what it touches of this one's memory a second time."""


def shared_out(
    work: Callable[[T], U], items: Sequence[T], weights: Sequence[int], worthwhile: int
) -> list[U]:
    """Return `work` of each item, in order; found by several processes where there is much to do.

    Each process takes items of about the same weight in all. The others are copies of this one (fork), so
    `work` and what it refers to need not be written down; what it returns must be (pickle), and what it does
    besides is lost. Where one of them fails for any reason, this process does its share: what is wrong with
    the work itself is raised here.

    Args:
        weights: what each item costs. worthwhile: the weight in all from which a second process pays.

    """
    most = 1 if sum(weights) < worthwhile or not _can_fork() else min(processors(), _MOST, len(items))
    mine, *others = _shares(weights, most)
    started: list[tuple[_Copy[list[U]], list[int]]] = []
    results: dict[int, U] = {}
    try:
        for share in others:
            with contextlib.suppress(OSError):  # No process is to be had: what is left over is done here.
                started.append((_Copy(partial(_all, work, [items[at] for at in share])), share))
        for at in mine:
            results[at] = work(items[at])
        for copy, share in started:
            results.update(zip(share, copy.result() or (), strict=False))
    finally:
        for copy, _share in started:
            copy.end()
    return [results[at] if at in results else work(item) for at, item in enumerate(items)]


def _all(work: Callable[[T], U], items: Sequence[T]) -> list[U]:
    return [work(item) for item in items]


@contextlib.contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the cyclic collector off: a run makes millions of values, none in cycles, and then ends."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _can_fork() -> bool:
    # A lock that another thread holds would stay locked in the copy for ever.
    return hasattr(os, "fork") and threading.active_count() == 1


def _shares(weights: Sequence[int], number: int) -> list[list[int]]:
    """Divide positions into shares of about the same weight, the heaviest dealt first."""
    shares: list[list[int]] = [[] for _ in range(max(number, 1))]
    loads = [0] * len(shares)
    for at in sorted(range(len(weights)), key=lambda at: -weights[at]):
        lightest = loads.index(min(loads))
        shares[lightest].append(at)
        loads[lightest] += weights[at]
    return shares


class _Copy(Generic[T]):
    """A copy of this process that does one thing and hands back what it found through a pipe."""

    def __init__(self, work: Callable[[], T]) -> None:
        source, sink = os.pipe()
        try:
            self._process = os.fork()
        except OSError:
            os.close(source)
            os.close(sink)
            raise
        if self._process == 0:
            _work_and_leave(work, sink)
        os.close(sink)
        self._source = os.fdopen(source, "rb")
        self._ended = False

    def result(self) -> T | None:
        """Wait for what the copy found; None where it failed."""
        import pickle

        data = self._source.read()
        _process, status = os.waitpid(self._process, 0)
        self._ended = True
        if status != 0:
            return None
        found: T = pickle.loads(data)  # noqa: S301 - only this program's own copy has written there
        return found

    def end(self) -> None:
        """Leave nothing behind, whatever happened."""
        self._source.close()
        if not self._ended:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process, signal.SIGKILL)
            os.waitpid(self._process, 0)


def _work_and_leave(work: Callable[[], object], sink: int) -> None:
    """Do the work of a copy; its exit code says whether all of the result has been written."""
    code = 1
    try:
        import pickle

        with os.fdopen(sink, "wb") as stream:
            pickle.dump(work(), stream, protocol=pickle.HIGHEST_PROTOCOL)
        code = 0
    finally:
        # Not sys.exit: a copy must run nothing of what this process does at its end, and print nothing.
        os._exit(code)
