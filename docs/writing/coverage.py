"""The coverage matrix: what the catalog knows of each provider, in numbers."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sovereign_guard.catalog.catalog import matches
from writing.page import item, join, listed, made_from, prose, read_fast, table


class Facts:
    """Everything under rules/catalog/, as far as it is counted.

    Attributes:
        providers, operators, resources, regions, backends: files by id.
        hosts: patterns of host names.
        types: names of all resource types of a version, by provider, where a published list is kept.

    """

    def __init__(self, root: Path) -> None:
        catalog = root / "rules" / "catalog"
        self.providers = _by("id", catalog / "providers")
        self.operators = _by("id", catalog / "operators")
        self.resources = _by("provider", catalog / "resources")
        for table_of in list(self.resources.values()):
            for other in table_of.get("also", ()):
                self.resources.setdefault(other, table_of)
        self.regions = _by("cloud", catalog / "regions")
        self.backends = _by("id", catalog / "backends")
        self.hosts: list[dict[str, Any]] = read_fast(catalog / "endpoints.yaml")["hosts"]
        self.types = _listed_types(root / "tests" / "data" / "resource-types.txt.gz")

    def sources(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield every source of the catalog with the section that it stands in."""
        for section in ("operators", "providers", "resources", "regions", "backends"):
            # Types that hold for two providers stand in one file.
            files = {id(file): file for file in getattr(self, section).values()}
            for file in files.values():
                for source in file.get("sources", {}).values():
                    yield section, source


def page(facts: Facts) -> str:
    """Return the coverage matrix."""
    rows = [_row(provider, facts) for provider in sorted(facts.providers)]
    detailed = [row for row in rows if any(cell not in ("", "0") for cell in row[2:])]
    rest = [facts.providers[row[0]] for row in rows if row not in detailed]
    places = Counter(provider["places"] for provider in facts.providers.values())
    intro = (
        f"The catalog knows {len(facts.providers)} providers, {len(facts.operators)} companies, "
        f"{sum(len(one.get('regions', {})) for one in facts.regions.values())} regions of "
        f"{len(facts.regions)} clouds, {len(facts.hosts)} patterns of host names and "
        f"{len(facts.backends)} kinds of backend. Of the providers {places['nothing']} place nothing; "
        f"made for tests: {places['tests']}. `sovereign-guard catalog coverage PATH` says what the catalog "
        "does not know of a configuration of yours."
    )
    meanings = [
        "**judged** and **not judged**: entries for resource types, each a name or a pattern, whose "
        "placement is judged, or is not because they hold no data. A type without any entry is judged.",
        "**types**: where the list of all types of a version was published, how many there are, and how many "
        "of them an entry speaks of.",
        "**flows**, **keys**: entries that tell where data goes next, and which key encrypts it.",
        "**regions**: those known of its cloud.",
        "**backends**: kinds of backend that lie with its operator unless they are pointed elsewhere.",
    ]
    head = (
        "provider",
        "operator",
        "judged",
        "not judged",
        "types",
        "flows",
        "keys",
        "regions",
        "backends",
    )
    return join(
        [
            made_from("rules/catalog/"),
            "# Coverage",
            prose(intro),
            "\n".join(map(item, meanings)),
            "## By provider",
            table(head, *(_linked(row, facts) for row in detailed)),
            "## Known by operator alone",
            prose(
                "Of these the catalog knows whose they are, or that they place nothing. All their resource "
                "types are judged alike."
            ),
            prose(", ".join(f"`{provider['id']}`" for provider in rest) + "."),
        ]
    )


def _row(name: str, facts: Facts) -> tuple[str, ...]:
    provider = facts.providers[name]
    resources = facts.resources.get(name, {})
    judged = Counter(_judged(entry) for entry in resources.get("types", ()) for _ in listed(entry["match"]))
    cloud = facts.regions.get(provider.get("cloud", ""), {})
    operator = provider.get("operator", "")
    backends = [one for one in facts.backends.values() if operator and one.get("operator") == operator]
    return (
        name,
        f"`{operator}`" if operator else _no_operator(provider),
        str(judged[True]),
        str(judged[False]),
        _of_list(name, facts),
        str(len(resources.get("flows", ()))),
        str(len(resources.get("keys", ()))),
        str(len(cloud.get("regions", {}))),
        str(len(backends)),
    )


def _linked(row: tuple[str, ...], facts: Facts) -> tuple[str, ...]:
    name, *cells = row
    resources = facts.resources.get(name, {})
    own = resources.get("provider") == name and ("flows" in resources or "keys" in resources)
    return (f"[{name}]({name}.md)" if own else name, *(cell if cell != "0" else "-" for cell in cells))


def _judged(entry: dict[str, Any]) -> bool:
    kind = entry["kind"]
    return bool(kind != "none" and (kind != "transports" or entry.get("plaintext")))


def _no_operator(provider: dict[str, Any]) -> str:
    return {"nothing": "places nothing", "tests": "tests only"}.get(provider["places"], "by its endpoint")


def _of_list(name: str, facts: Facts) -> str:
    types = facts.types.get(name)
    if not types:
        return ""
    patterns = [
        pattern
        for entry in facts.resources.get(name, {}).get("types", ())
        for pattern in listed(entry["match"])
        if pattern != "*"
    ]
    spoken = sum(any(matches(pattern, one) for pattern in patterns) for one in types)
    return f"{spoken} of {len(types)}"


def _by(key: str, folder: Path) -> dict[str, dict[str, Any]]:
    files = [read_fast(path) for path in sorted(folder.glob("*.yaml"))]
    return {file[key]: file for file in files}


def _listed_types(path: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    if path.is_file():
        for line in gzip.decompress(path.read_bytes()).decode().splitlines():
            if line.startswith("# "):
                current = found.setdefault(line.split()[1], [])
            elif line:
                current.append(line)
    return found
