"""Build hook: compiles rules/ into the wheel, so that an installed linter parses no YAML at start-up.

And the texts of each language, for the wheel and for a checkout alike.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompileRules(BuildHookInterface[Any]):
    """Adds sovereign_guard/rules/catalog.msgpack to the wheel; a fault in rules/ stops the build."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile; of an editable build the texts alone, since it reads the rules of the checkout itself."""
        for path in sorted((Path(self.root) / "sovereign_guard" / "locale").glob("*/LC_MESSAGES/*.po")):
            _compile_texts(path)
        if version == "editable":
            return
        sys.path.insert(0, self.root)
        try:
            from sovereign_guard.catalog.compiled import COMPILED_NAME, encode
            from sovereign_guard.catalog.source import compile_rules

            content = encode(compile_rules(Path(self.root) / "rules"))
        finally:
            sys.path.remove(self.root)
        target = Path(tempfile.mkdtemp()) / COMPILED_NAME
        target.write_bytes(content)
        build_data["force_include"][str(target)] = f"sovereign_guard/rules/{COMPILED_NAME}"


def _compile_texts(path: Path) -> None:
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with path.open("rb") as source, path.with_suffix(".mo").open("wb") as target:
        write_mo(target, read_po(source, locale=path.parent.parent.name))
