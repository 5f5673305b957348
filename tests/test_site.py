"""The documentation as a site: every page has its place, links lead somewhere, nothing is asked of others."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import pytest

from tests.test_docs import PAPERS, README, ROOT

SITE = (ROOT / "mkdocs.yml").read_text()


def python_with_mkdocs() -> str:
    """Return a Python that has MkDocs: this one, or that of `make docs`; nothing if neither has."""
    if importlib.util.find_spec("mkdocs") and importlib.util.find_spec("material"):
        return sys.executable
    made = ROOT / ".venv-docs" / "bin" / "python"
    return str(made) if (made.parent.parent / ".ready").exists() else ""


def hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("site_pages", ROOT / "tools" / "site_pages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HOOK = hook()


# -- without MkDocs ------------------------------------------------------------------------------------------


def test_the_menu_has_every_page_once_and_no_other() -> None:
    menu = re.findall(r"^ +- (?:[^:\n]+: )?(\S+\.md)$", SITE, re.MULTILINE)
    pages = {name.removeprefix("docs/") for name in PAPERS if name.startswith("docs/")}
    # Each provider's page is reached by the list of them.
    others = {"catalog/README.md", "catalog/coverage.md", "catalog/equivalents.md"}
    providers = {name for name in pages if name.startswith("catalog/")} - others
    assert len(menu) == len(set(menu))
    assert set(menu) == (pages - providers) | {*HOOK.PAGES, HOOK.REST}


def test_every_section_of_the_readme_that_is_named_is_there() -> None:
    found = HOOK.sections(README)
    named = [*(heading for headings in HOOK.PAGES.values() for heading in headings), *HOOK.TOLD]
    assert [heading for heading in named if heading not in found] == []
    assert len(named) == len(set(named))


def test_no_section_of_the_readme_is_lost() -> None:
    pages = dict(HOOK._reference_pages(README))
    for heading, text in HOOK.sections(README).items():
        page = HOOK.page_of(heading)
        if page not in HOOK.TOLD.values():
            assert text in pages[page]
    assert PAPERS.keys() >= {f"docs/{page}" for page in HOOK.TOLD.values()}


@pytest.mark.parametrize(
    ("link", "source", "page", "becomes"),
    [
        ("[a](../README.md#exit-codes)", "docs/ci.md", "ci.md", "[a](reference/exit-codes.md#exit-codes)"),
        ("[a](../../README.md#plans)", "docs/rules/X.md", "rules/X.md", "[a](../reference/plans.md#plans)"),
        ("[a](../README.md)", "docs/ci.md", "ci.md", "[a](index.md)"),
        ("[a](#baseline)", "README.md", "reference/json.md", "[a](waivers.md#baseline)"),
        ("[a](#baseline)", "README.md", "reference/waivers.md", "[a](#baseline)"),
        ("[a](#source)", "README.md", "reference/more.md", "[a](../source.md)"),
        ("[a](docs/flows.md#keys)", "README.md", "reference/json.md", "[a](../flows.md#keys)"),
        ("![a](docs/images/run.svg)", "README.md", "reference/more.md", "![a](../images/run.svg)"),
        ("[a](source.md#limits)", "docs/ci.md", "ci.md", "[a](source.md#limits)"),
        ("[a](#limits)", "docs/ci.md", "ci.md", "[a](#limits)"),
        ("[`a`](../action.yml)", "docs/ci.md", "ci.md", "[`a`](repository/action.yml)"),
        ("[ci/](ci)", "README.md", "reference/more.md", "ci/"),
        ("[a](https://example.org/x)", "docs/ci.md", "ci.md", "[a](https://example.org/x)"),
        ("```hcl\n[a](../action.yml)\n```", "docs/ci.md", "ci.md", "```hcl\n[a](../action.yml)\n```"),
        ("| `A\\|B` | x |", "docs/ci.md", "ci.md", "| <code>A&#124;B</code> | x |"),
        ("Words:\n- one", "docs/ci.md", "ci.md", "Words:\n\n- one"),
    ],
)
def test_a_paper_becomes_a_page(link: str, source: str, page: str, becomes: str) -> None:
    assert HOOK.adapted(link, source, page, lambda _file: None) == becomes


def test_what_a_link_needs_is_told() -> None:
    wanted: list[str] = []
    HOOK.adapted("[a](../action.yml) [b](flows.md) [c](../ci)", "docs/ci.md", "ci.md", wanted.append)
    assert wanted == ["action.yml"]


# -- the site itself -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    python = python_with_mkdocs()
    if not python:
        pytest.skip("MkDocs is not installed: `make docs` installs it")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [python, "-m", "mkdocs", "--quiet", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return folder


class Asked(HTMLParser):
    """Collects what a page asks for by itself; what a reader may follow is not that."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("script", "img", "iframe", "source", "video", "audio", "embed"):
            self.found.append(given.get("src") or "")
        if tag == "link" and given.get("rel") not in ("canonical", "prev", "next"):
            self.found.append(given.get("href") or "")


def test_the_site_asks_nothing_of_others(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 150
    for page in pages:
        asked = Asked()
        asked.feed(page.read_text())
        assert [one for one in asked.found if re.match(r"(?:[a-z]+:)?//", one)] == [], page
    styles = " ".join(path.read_text() for path in site.rglob("*.css"))
    assert not re.search(r"(?:url\(|@import )['\"]?(?:https?:)?//", styles)


def test_each_page_has_its_title_and_the_search_knows_it(site: Path) -> None:
    page = (site / "rules" / "SOV001.html").read_text()
    assert "<title>SOV001: Sensitive data" in page
    assert "rules/SOV001.html" in (site / "search" / "search_index.json").read_text()
    assert not list(site.rglob("*.py"))


def test_the_readers_limits_and_the_readmes_sections_are_pages(site: Path) -> None:
    assert "known after apply" in (site / "limitations.html").read_text()
    assert "An internal error" in (site / "reference" / "exit-codes.html").read_text()
    assert (site / "repository" / "action.yml").read_bytes() == (ROOT / "action.yml").read_bytes()
