"""`--format html`: one page that needs nothing else, neither a network nor, to be read, its script.

    view       what the page shows, from the report
    sankey     geometry of the bands from level to operator to countries
    network    geometry of the graph of flows
    excerpt    lines of source, without what may be a secret
    page.html.j2, page.css, page.js

Everything from the input is escaped by Jinja2. The page's Content-Security-Policy lets in nothing but its own
style sheet and script, by their digests, so what slipped through would not run.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path

from markupsafe import Markup, escape

from sovereign_guard import __version__
from sovereign_guard.language import language, say, say_many
from sovereign_guard.model.address import steps
from sovereign_guard.model.finding import Report, Verdict
from sovereign_guard.model.screen import Screen
from sovereign_guard.report.html.network import BOX_HEIGHT, BOX_WIDTH
from sovereign_guard.report.html.sankey import WIDTH
from sovereign_guard.report.html.view import page_of
from sovereign_guard.report.terms import NOTICE, source_words, verdict_word
from sovereign_guard.report.words import clean

_HERE = Path(__file__).parent


def write(report: Report, _screen: Screen) -> Iterator[bytes]:
    """Give the report as a page, piece by piece."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
    )
    environment.globals.update(say=say, say_many=say_many)
    environment.filters.update(middle=_middle, parts=_parts, ticks=_ticks)
    style, script = (_HERE / name for name in ("page.css", "page.js"))
    css, js = (file.read_text(encoding="utf-8") for file in (style, script))
    policy = (
        f"default-src 'none'; style-src '{_digest(css)}'; script-src '{_digest(js)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    pieces = environment.get_template("page.html.j2").generate(
        page=page_of(report),
        report=report,
        css=css,
        js=js,
        policy=policy,
        language=language(),
        verdicts={verdict.value: verdict_word(verdict) for verdict in Verdict},
        policy_source=source_words(report.policy),
        version=__version__,
        notice=say(NOTICE),
        width=WIDTH,
        box=(BOX_WIDTH, BOX_HEIGHT),
    )
    for piece in pieces:
        yield piece.encode("utf-8", errors="replace")


def _printable(value: object) -> object:
    """Make control characters and marks of direction visible in whatever text the page shows."""
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _parts(address: str, outside: bool) -> tuple[str, str]:  # noqa: FBT001 - a filter of a template
    """Divide an address: the name of the resource with its key, and its type with the modules around it."""
    parts = steps(address)
    if outside or len(parts) < 2:
        return address, ""
    around = ".".join(part for part in parts[:-2] if part != "module")
    return parts[-1], f"{parts[-2]} · {around}" if around else parts[-2]


def _ticks(text: str) -> Markup:
    """Return a sentence of our own with what it has in backticks as code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if at % 2 else escape(part) for at, part in enumerate(parts)
    )


def _middle(text: str, most: int) -> str:
    """Return a text of at most `most` characters: its beginning and, for the greater part, its end."""
    if len(text) <= most:
        return text
    head = most // 3
    return f"{text[:head]}…{text[-(most - head - 1) :]}"
