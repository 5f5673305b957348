"""Report -> text in one of the formats. Writers turn values into bytes; only the command line prints them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sovereign_guard.model.finding import Report
from sovereign_guard.model.screen import Screen


def _json(report: Report, _screen: Screen) -> Iterator[bytes]:
    from sovereign_guard.report.json_v1 import write

    return write(report)


def _text(report: Report, screen: Screen) -> Iterator[bytes]:
    from sovereign_guard.report.text import write

    return write(report, screen)


FORMATS: dict[str, Callable[[Report, Screen], Iterator[bytes]]] = {"text": _text, "json": _json}
"""Every format by name. Each is imported only when it is asked for."""
