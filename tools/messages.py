"""Keeps the gettext catalogs of sovereign_guard/locale/ in step with what the code says.

`python tools/messages.py` collects what is said, brings every language's file up to date, and compiles it.
`python tools/messages.py --check` changes nothing and fails where that would change something, or where a
text has no translation.
"""

from __future__ import annotations

import argparse
import ast
import io
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "sovereign_guard"
DOMAIN = "sovereign_guard"
KEYWORDS = {"say": None, "later": None, "say_many": (1, 2)}
VOLATILE = tuple(
    f'"{name}'.encode()
    for name in ("POT-Creation-Date", "PO-Revision-Date", "Generated-By", "Last-Translator", "Language-Team")
)


def collected() -> Catalog:
    """Return every text that the code says, with the file that says it."""
    catalog = Catalog(project="sovereign-guard", charset="utf-8")
    for path in sorted(PACKAGE.rglob("*.py")):
        for text in _said(ast.parse(path.read_text(encoding="utf-8"))):
            catalog.add(text, locations=[(path.relative_to(ROOT).as_posix(), 0)])
    for path in sorted(PACKAGE.rglob("*.j2")):
        with path.open("rb") as file:
            for entry in extract("jinja2", file, KEYWORDS):
                found: object = entry[1]
                if found and isinstance(
                    found, str | tuple | list
                ):  # Nothing where what is said is no constant.
                    said = found if isinstance(found, str) else tuple(found)
                    catalog.add(said, locations=[(path.relative_to(ROOT).as_posix(), 0)])
    return catalog


def _said(tree: ast.AST) -> Iterator[str | tuple[str, str]]:
    """Give the texts of a module, those in the arguments of another too, which Babel's own reader leaves."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        constants = (one.value for one in node.args if isinstance(one, ast.Constant))
        texts = [value for value in constants if isinstance(value, str)]
        if node.func.id in ("say", "later") and texts:
            yield texts[0]
        elif node.func.id == "say_many" and len(texts) > 1:
            yield texts[0], texts[1]


def updated(path: Path, said: Catalog) -> Catalog:
    """Return the catalog of a language with exactly the texts that are said, and the translations it has."""
    code = path.parent.parent.name
    found = Catalog(locale=code, domain=DOMAIN)
    if path.is_file():
        with path.open("rb") as file:
            found = read_po(file, locale=code, domain=DOMAIN)
    found.update(said, no_fuzzy_matching=True, update_creation_date=False)
    found.obsolete.clear()
    return found


def text_of(catalog: Catalog) -> bytes:
    """Return a catalog as a .po file: in order of the texts, without what changes from run to run."""
    catalog.header_comment = "# Texts of sovereign-guard, collected by tools/messages.py, translated by hand."
    stream = io.BytesIO()
    write_po(stream, catalog, width=108, sort_output=True, include_lineno=False)
    return b"".join(line for line in io.BytesIO(stream.getvalue()) if not line.startswith(VOLATILE))


def is_translated(message: Message) -> bool:
    """Whether a text has a translation, in every form that it takes."""
    forms = message.string if isinstance(message.string, tuple | list) else [message.string]
    return all(forms)


def compiled(catalog: Catalog) -> bytes:
    """Return a catalog as a .mo file."""
    stream = io.BytesIO()
    write_mo(stream, catalog)
    return stream.getvalue()


def main() -> int:
    """Update or check every catalog; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail where something would")
    options = parser.parse_args()
    said = collected()
    faults: list[str] = []
    for folder in sorted((PACKAGE / "locale").glob("*/LC_MESSAGES")):
        path = folder / f"{DOMAIN}.po"
        catalog = updated(path, said)
        text = text_of(catalog)
        faults.extend(
            f"{path.relative_to(ROOT)}: no translation of {message.id!r}"
            for message in catalog
            if message.id and not is_translated(message)
        )
        if not options.check:
            path.write_bytes(text)
            path.with_suffix(".mo").write_bytes(compiled(catalog))
        elif not path.is_file() or path.read_bytes() != text:
            faults.append(f"{path.relative_to(ROOT)}: out of date; run python tools/messages.py")
    for fault in faults if options.check else faults[:20]:
        sys.stdout.write(f"{fault}\n")
    if not options.check and faults:
        sys.stdout.write(f"{len(faults)} texts without a translation\n")
    return 1 if options.check and faults else 0


if __name__ == "__main__":
    sys.exit(main())
