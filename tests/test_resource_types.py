"""What resource types do with data: each of the frozen lists falls under a rule, and reviewed ones stay.

tests/data/resource-types.txt.gz holds the names of the types of some forty providers, each with the version
that they are of; it and the samples in tests/data/reviewed-types-*.tsv are made by tools/resource_types.py.
"""

from __future__ import annotations

import csv
import gzip
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from zipfile import ZipFile

import pytest

from sovereign_guard.catalog import load
from sovereign_guard.catalog.catalog import matches
from sovereign_guard.model.classification import Kind

ROOT = Path(__file__).parent.parent
DATA = ROOT / "tests" / "data"
SAMPLES = sorted(DATA.glob("reviewed-types-*.tsv"))
CATALOG = load()
WHOLE = (
    "aws",
    "azurerm",
    "google",
    "google-beta",
    "ovh",
    "scaleway",
    "outscale",
    "openstack",
    "hcloud",
    "ionoscloud",
    "exoscale",
    "upcloud",
    "opentelekomcloud",
    "kubernetes",
    "cloudflare",
)
"""Providers of which all types must be known, whatever they do with data."""


def script() -> ModuleType:
    path = ROOT / "tools" / "resource_types.py"
    spec = importlib.util.spec_from_file_location("resource_types", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["resource_types"] = module
    spec.loader.exec_module(module)
    return module


TOOL = script()


def frozen() -> dict[str, list[str]]:
    types: dict[str, list[str]] = {}
    provider = ""
    for line in gzip.decompress((DATA / "resource-types.txt.gz").read_bytes()).decode().splitlines():
        if line.startswith("# "):
            provider, version, _source = line[2:].split(" ", 2)
            assert version
            types[provider] = []
        elif line:
            types[provider].append(line)
    return types


FROZEN = frozen()
OTHERS = TOOL.other_versions(DATA / "resource-types-other-versions.txt")
TABLES = TOOL.tables()


def reviewed() -> list[tuple[str, str, str]]:
    """Each reviewed type: its sample, its name, the kind that it must have."""
    found = []
    for path in SAMPLES:
        lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            right = row["kind"] if row["right"] == "yes" else row["right"]
            found.append((path.stem, row["type"], right))
    return found


def kind_of(provider: str, name: str) -> str:
    """The kind as the catalog gives it, with `+plaintext` for transports that are judged."""
    facts = CATALOG.type_facts(CATALOG.data.providers[provider], name)
    assert facts.kind is not None, name
    seen = facts.kind is Kind.TRANSPORTS and facts.judged
    return facts.kind.value + ("+plaintext" if seen else "")


def provider_of(name: str) -> str:
    return next(provider for provider, names in FROZEN.items() if name in names)


@pytest.mark.parametrize("provider", WHOLE)
def test_every_type_falls_under_a_rule_narrower_than_its_provider(provider: str) -> None:
    assert len(FROZEN[provider]) > 40
    assert TOOL.uncovered(TABLES[provider], FROZEN[provider]) == []


def test_so_do_the_types_of_the_other_providers_in_the_list() -> None:
    others = {name: types for name, types in FROZEN.items() if name not in WHOLE}
    assert len(others) > 20
    missing = {name: TOOL.uncovered(TABLES.get(name), types) for name, types in others.items()}
    assert {name: types for name, types in missing.items() if types} == {}


@pytest.mark.parametrize("provider", sorted(FROZEN))
def test_rules_name_only_types_that_some_version_has(provider: str) -> None:
    table = TABLES[provider]
    names = [name for other, types in FROZEN.items() if TABLES[other].file == table.file for name in types]
    assert TOOL.stale(table, names, OTHERS) == []
    assert TOOL.repeated(table) == []


def test_the_tool_and_the_catalog_find_the_same_rule() -> None:
    for provider, names in FROZEN.items():
        for name in names:
            rule = TABLES[provider].rule_of(name)
            assert rule.kind == kind_of(provider, name), name


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("a_*", "a_b"),
        ("a_*", "a_"),
        ("*_b", "a_b"),
        ("a*b*c", "abc"),
        ("a*b*c", "acb"),
        ("a_b", "a_bc"),
        ("a*a", "a"),
    ],
)
def test_the_tool_and_the_catalog_read_patterns_alike(pattern: str, name: str) -> None:
    assert TOOL.fits(pattern, name) == matches(pattern, name)


@pytest.mark.parametrize(("sample", "name", "kind"), reviewed())
def test_reviewed_types_keep_their_kind(sample: str, name: str, kind: str) -> None:
    assert kind_of(provider_of(name), name) == kind


def test_the_last_sample_has_at_most_two_percent_of_wrong_kinds() -> None:
    def shares(path: Path) -> tuple[int, int]:
        lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
        wrong = [row for row in rows if row["right"] != "yes"]
        assert all(row["reason"] for row in wrong)
        return len(wrong), len(rows)

    wrong, drawn = shares(SAMPLES[-1])
    assert drawn == 200
    assert wrong <= 0.02 * drawn


def test_a_draw_follows_from_the_seed_and_shows_each_provider() -> None:
    drawn = TOOL.draw(FROZEN, 200, "a seed")
    assert drawn == TOOL.draw(FROZEN, 200, "a seed")
    assert len(drawn) == 200
    assert len({name for _provider, name, _rule in drawn}) == 200
    assert {one[1] for one in TOOL.draw(FROZEN, 200, "another")} != {one[1] for one in drawn}
    assert {provider for provider, _name, _rule in drawn} >= set(WHOLE) - {"google", "google-beta"}
    assert {rule.kind.partition("+")[0] for _provider, _name, rule in drawn} == {kind.value for kind in Kind}


def test_a_draw_of_more_than_there_are_gives_all() -> None:
    drawn = TOOL.draw({"hcloud": FROZEN["hcloud"]}, 10_000, "a seed")
    assert sorted(name for _provider, name, _rule in drawn) == sorted(FROZEN["hcloud"])


def test_the_hash_changes_with_a_rule_file(tmp_path: Path) -> None:
    (tmp_path / "resources").mkdir()
    file = tmp_path / "resources" / "x.yaml"
    file.write_text("a")
    before = TOOL.fingerprint(tmp_path)
    assert before == TOOL.fingerprint(tmp_path)
    file.write_text("b")
    assert TOOL.fingerprint(tmp_path) != before


def store(folder: Path, resources: dict[str, Any], data: dict[str, Any] | None = None) -> Path:
    """A folder with a schema of hcloud that has these types."""
    with ZipFile(folder / "hcloud.zip", "w") as out:
        out.writestr("meta.json", json.dumps({"version": "9.9", "source": "made up"}))
        for section, types in (("resources", resources), ("data", data or {})):
            for name, schema in types.items():
                out.writestr(f"{section}/{name}.json", json.dumps(schema))
    return folder


def test_a_type_without_a_rule_and_what_the_schema_lacks_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = {"a": {"id": {"f": "c", "t": "string"}}, "b": {}}
    folder = store(tmp_path, {"hcloud_volume": bare, "hcloud_novelty": bare}, {"hcloud_server_type": bare})
    assert TOOL.main(["check", str(folder)]) == 1
    told = capsys.readouterr().out
    assert "hcloud 9.9: 2/3 (66.7 %)" in told
    assert "not covered: hcloud_novelty" in told
    assert "not in the schema: hcloud_server\n" in told
    assert "no such attribute: hcloud_volume: parent server_id" in told


def test_nothing_is_told_where_all_is_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ZipFile(tmp_path / "random.zip", "w") as out:
        out.writestr("meta.json", "{}")
        out.writestr("resources/random_id.json", '{"a": {}, "b": {}}')
    assert TOOL.main(["check", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "random not known: places nothing\n"


def test_names_are_frozen_with_the_version_that_they_are_of(tmp_path: Path) -> None:
    folder = store(tmp_path, {"hcloud_b": {"a": {}, "b": {}}}, {"hcloud_a": {"a": {}, "b": {}}})
    out = tmp_path / "names.gz"
    assert TOOL.main(["names", str(folder), str(out)]) == 0
    assert gzip.decompress(out.read_bytes()).decode() == "# hcloud 9.9 made up\nhcloud_a\nhcloud_b\n"


def test_a_sample_is_printed_with_the_hash_that_it_was_drawn_by(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = store(tmp_path, {"hcloud_volume": {"a": {}, "b": {}}})
    assert TOOL.main(["sample", str(folder), "--count", "5"]) == 0
    assert capsys.readouterr().out == f"# {TOOL.fingerprint()}\nhcloud_volume\tstores\thcloud_volume\n"


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("plain", True),
        ("plain.more", False),
        ("tags", True),
        ("tags.any", True),
        ("nested.inner", True),
        ("nested.other", False),
        ("block.deep", True),
        ("block", True),
        ("object.part", True),
        ("object.other", False),
        ("free.any", True),
        ("absent", False),
    ],
)
def test_attributes_are_found_however_a_schema_writes_them(path: str, there: bool) -> None:
    schema = {
        "a": {
            "plain": {"f": "o", "t": "string"},
            "tags": {"f": "o", "t": ["map", "string"]},
            "nested": {"f": "o", "n": ["list", {"inner": {"f": "o", "t": "string"}}]},
            "object": {"f": "o", "t": ["list", ["object", {"part": "string"}]]},
            "free": {"f": "o", "t": "dynamic"},
        },
        "b": {"block": ["list", 0, 1, {"a": {"deep": {"f": "o", "t": "string"}}, "b": {}}]},
    }
    assert TOOL.has(schema, path) is there
