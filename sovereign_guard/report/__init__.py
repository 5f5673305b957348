"""Report -> text in one of the formats. Writers turn values into bytes; only the command line prints them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module

from sovereign_guard.model.finding import Report
from sovereign_guard.model.screen import Screen


def _writer(module: str) -> Callable[[Report, Screen], Iterator[bytes]]:
    """Return the `write` of a module of this package, imported only when it is asked for."""

    def write(report: Report, screen: Screen) -> Iterator[bytes]:
        found: Iterator[bytes] = import_module(f"{__name__}.{module}").write(report, screen)
        return found

    return write


FORMATS: dict[str, Callable[[Report, Screen], Iterator[bytes]]] = {
    "text": _writer("text"),
    "json": _writer("json_v1"),
    "sarif": _writer("sarif"),
    "junit": _writer("junit"),
    "gitlab": _writer("gitlab"),
    "github": _writer("github"),
    "markdown": _writer("markdown"),
    "csv": _writer("csv_v1"),
    "html": _writer("html"),
    "oscal": _writer("oscal"),
    "cyclonedx": _writer("cyclonedx"),
}
"""Every format by name. A module has `write(report, screen)`, which gives the text piece by piece."""
