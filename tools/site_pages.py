"""What MkDocs cannot do by itself with papers that are read on a code host as well; a hook of mkdocs.yml.

The README is the reference, and its sections appear in the site as pages of their own (`PAGES`). A link from
docs/ to a section of the README leads to that page. A link to another file of the repository leads to a copy
in the site, below repository/. A link to a folder is left as its text, since a site has no folders to show.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
README = "README.md"

PAGES: dict[str, tuple[str, ...]] = {
    "reference/install.md": ("Install",),
    "reference/plans.md": ("Plans", "Standard input, states, binary plans"),
    "reference/pre-commit.md": ("With pre-commit",),
    "reference/labels.md": ("Labels", "Directives"),
    "reference/waivers.md": ("Waivers", "Baseline"),
    "reference/configuration.md": ("Configuration", "A catalog of your own", "Whose word counts"),
    "reference/command-line.md": (
        "Reasons, rules, facts",
        "Options of `sovereign-guard scan [PATH]...`",
        "English and French",
        "In a pipeline",
    ),
    "reference/exit-codes.md": ("Exit codes", "Verdicts"),
    "reference/json.md": ("The JSON report",),
    "reference/unknown.md": ("What is Unknown, and why", "Limits of this version"),
}
"""Sections of the README by the page on which they stand."""

TITLES = {
    "reference/plans.md": "Plans and states",
    "reference/labels.md": "Labels and directives",
    "reference/waivers.md": "Waivers and the baseline",
    "reference/configuration.md": "Configuration",
    "reference/command-line.md": "Command line",
    "reference/exit-codes.md": "Exit codes and verdicts",
    "reference/unknown.md": "What is Unknown",
    "reference/more.md": "More from the README",
}
"""Titles of pages that hold more than one section."""

REST = "reference/more.md"
"""The page of all sections that are neither in PAGES nor in TOLD."""

TOLD = {
    "sovereign-guard": "index.md",
    "Use": "index.md",
    "Source": "source.md",
    "In Checkov": "checkov.md",
    "Policies": "policies.md",
    "Where data goes next": "flows.md",
    "More": "index.md",
}
"""Sections that a page of docs/ tells better."""

_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(([^()\s]+)\)")
_FENCE = re.compile(r"(^ *```.*?^ *```$)", re.MULTILINE | re.DOTALL)
_BAR = "\\|"
_ELSEWHERE = re.compile(r"[a-z]+:")
_PIPED = re.compile(r"`([^`\n]*\\\|[^`\n]*)`")
_MADE_FROM = re.compile(r"\A<!-- .*? -->\s*")


# -- the README, in sections ---------------------------------------------------------------------------------


def sections(text: str) -> dict[str, str]:
    """Return the text below each heading of a paper, up to the next heading of any level."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    fenced = False
    for line in text.splitlines():
        fenced ^= line.startswith("```")
        heading = None if fenced else re.match(r"#+ (.+)", line)
        if heading:
            current = found.setdefault(heading[1], [])
        else:
            current.append(line)
    return {heading: "\n".join(lines).strip("\n") for heading, lines in found.items()}


def slug(heading: str) -> str:
    """Return the anchor of a heading, as code hosts make it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def page_of(heading: str) -> str:
    """Return the page of the site on which a section of the README stands."""
    for page, headings in PAGES.items():
        if heading in headings:
            return page
    return TOLD.get(heading, REST)


def _reference_pages(text: str) -> Iterator[tuple[str, str]]:
    """Yield the pages that are made of the README, with links as they are there."""
    found = sections(text)
    pages = {page: [one for one in headings if one in found] for page, headings in PAGES.items()}
    pages[REST] = [heading for heading in found if page_of(heading) == REST]
    for page, headings in pages.items():
        parts = [f"# {TITLES.get(page) or headings[0]}"]
        for heading in headings:
            if page in TITLES:
                parts.append(f"## {heading}")
            parts.append(found[heading])
        yield page, "\n\n".join(parts) + "\n"


# -- links ---------------------------------------------------------------------------------------------------


def adapted(text: str, source: str, page: str, wanted: Callable[[str], None]) -> str:
    """Return a paper as a page of the site.

    Args:
        text: the paper. source: its path in the repository, from which its links lead.
        page: its path in the site.
        wanted: is told each file of the repository that a link needs beside the pages of docs/.

    """

    def relinked(match: re.Match[str]) -> str:
        image, label, target = match.groups()
        place = _place(target, source, wanted)
        if place is None:
            return match[0]
        if not place:
            return label
        path, hash_, anchor = place.partition("#")
        relative = posixpath.relpath(path, posixpath.dirname(page)) if path != page or not anchor else ""
        return f"{image}[{label}]({relative}{hash_}{anchor})"

    # Where a paper is made from is for its authors; before the heading it would hide the page's title.
    pieces = _FENCE.split(_MADE_FROM.sub("", text))
    return "".join(
        piece if number % 2 else _LINK.sub(relinked, _spelled(piece)) for number, piece in enumerate(pieces)
    )


def _place(target: str, source: str, wanted: Callable[[str], None]) -> str | None:
    """Return where a link leads in the site; None if as it stands, an empty text if nowhere."""
    if _ELSEWHERE.match(target):
        return None
    path, hash_, anchor = target.partition("#")
    file = posixpath.normpath(posixpath.join(posixpath.dirname(source), path)) if path else source
    if file == README:
        headings = {
            slug(heading): heading for heading in sections((ROOT / README).read_text(encoding="utf-8"))
        }
        if not anchor:
            return "index.md"
        heading = headings[anchor]
        page = page_of(heading)
        return page if page in TOLD.values() or page not in TITLES else f"{page}#{anchor}"
    if file.startswith("docs/"):
        return f"{file.removeprefix('docs/')}{hash_}{anchor}"
    if not (ROOT / file).is_file():
        return ""
    wanted(file)
    return f"repository/{file}{hash_}{anchor}"


def _spelled(text: str) -> str:
    """Return a text so that the site's Markdown reads it as code hosts do.

    It wants more space around and before lists, and keeps the backslash of a `|` that is code in a table.
    """
    nested = re.sub(r"^ {2,3}(?=[-*] )", "    ", text, flags=re.MULTILINE)
    spaced = re.sub(r"^((?![-*] |\d+\. | |\||#|$).+)\n(?=[-*] )", r"\1\n\n", nested, flags=re.MULTILINE)
    return _PIPED.sub(lambda code: f"<code>{escape(code[1]).replace(_BAR, '&#124;')}</code>", spaced)


# -- what MkDocs calls ---------------------------------------------------------------------------------------


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that are made of the README, and the files of the repository that links lead to."""
    from mkdocs.structure.files import File

    waiting: list[str] = []
    readme = (ROOT / README).read_text(encoding="utf-8")
    for page, text in _reference_pages(readme):
        files.append(File.generated(config, page, content=adapted(text, README, page, waiting.append)))
    for file in list(files.documentation_pages()):
        if file.generated_by is None:
            adapted(file.content_string, f"docs/{file.src_uri}", file.src_uri, waiting.append)
    done: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in done:
            continue
        done.add(name)
        page = f"repository/{name}"
        if name.endswith(".md"):
            text = adapted((ROOT / name).read_text(encoding="utf-8"), name, page, waiting.append)
            files.append(File.generated(config, page, content=text))
        else:
            files.append(File.generated(config, page, abs_src_path=str(ROOT / name)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:  # noqa: ARG001 - MkDocs names them
    """Let the links of a page of docs/ lead to where these things are in the site."""
    if page.file.generated_by is not None:
        return markdown
    return adapted(markdown, f"docs/{page.file.src_uri}", page.file.src_uri, lambda _file: None)
