"""Work that is shared out over processes: the same result, whatever happens to them."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

import pytest

from sovereign_guard import processes
from sovereign_guard.processes import shared_out

ITEMS = list(range(40))
SQUARES = [item * item for item in ITEMS]


@pytest.fixture(autouse=True)
def _four_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "processors", lambda: 4)


def among(work: Callable[[int], int], worthwhile: int = 0) -> list[int]:
    return shared_out(work, ITEMS, ITEMS, worthwhile)


def children() -> list[int]:
    try:
        return [os.waitpid(-1, os.WNOHANG)[0]]
    except ChildProcessError:
        return []


def test_results_come_in_order_and_from_several_processes() -> None:
    found = shared_out(lambda item: (item * item, os.getpid()), ITEMS, ITEMS, 0)
    assert [square for square, _process in found] == SQUARES
    assert len({process for _square, process in found}) == 4
    assert children() == []


def test_little_work_stays_in_this_process() -> None:
    found = shared_out(lambda _item: os.getpid(), ITEMS, ITEMS, sum(ITEMS) + 1)
    assert set(found) == {os.getpid()}


def test_no_copy_is_made_beside_another_thread() -> None:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        found = shared_out(lambda _item: os.getpid(), ITEMS, ITEMS, 0)
    finally:
        stop.set()
        thread.join()
    assert set(found) == {os.getpid()}


def test_a_copy_that_is_killed_loses_nothing() -> None:
    me = os.getpid()

    def work(item: int) -> int:
        if os.getpid() != me:
            os.kill(os.getpid(), signal.SIGKILL)
        return item * item

    assert among(work) == SQUARES
    assert children() == []


def test_a_result_that_cannot_be_handed_over_is_found_here() -> None:
    found = shared_out(lambda item: lambda: item, ITEMS, ITEMS, 0)
    assert [result() for result in found] == ITEMS


def test_what_is_wrong_with_the_work_is_raised_here_wherever_it_happened() -> None:
    for bad in (0, 39):

        def work(item: int, bad: int = bad) -> int:
            if item == bad:
                raise LookupError(f"item {item}")
            return item

        with pytest.raises(LookupError, match=f"item {bad}"):
            among(work)
        assert children() == []


def test_a_machine_without_processes_to_spare_does_it_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise BlockingIOError(11, "no process")

    monkeypatch.setattr(os, "fork", refuse)
    assert among(lambda item: item * item) == SQUARES


def test_large_results_do_not_block() -> None:
    found = shared_out(lambda item: b"x" * 300_000 + bytes([item]), ITEMS, ITEMS, 0)
    assert [one[-1] for one in found] == ITEMS


def test_no_items_no_work() -> None:
    assert shared_out(lambda item: item, [], [], 0) == []
