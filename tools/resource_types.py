"""Compares rules/catalog/resources with the schemas of providers, and draws samples of it for review.

    python tools/resource_types.py check FOLDER [--others FILE]
    python tools/resource_types.py names FOLDER OUT
    python tools/resource_types.py sample FOLDER [--count N]

FOLDER holds one zip for each provider (NAME.zip), in which `meta.json` gives `version` and `source`,
`resources/TYPE.json` the schema of a managed type and `data/TYPE.json` that of a data source: `a` its
attributes (`t` a type, or `n` as [nesting, attributes]), `b` its blocks as [nesting, min, max, schema].

check   tells, for each provider, the types that no rule narrower than the provider covers, the types that a
        rule names and the schema lacks, the attributes that a rule names and its types lack, and patterns
        that stand twice. Exit code 1 if there is anything. FILE lists types of other versions of the
        providers (one a line, `#` for comments), which the catalog knows too.
names   writes the names of all types, one provider a paragraph, gzipped: what the tests compare with.
sample  draws N types (200), stratified by provider and kind, and prints type, kind and the rule's pattern
        with tabs between. The draw follows from the hash of the rule files alone: the same catalog gives the
        same sample, and a mended one gives another.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import math
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import msgspec
import yaml

RULES = Path(__file__).resolve().parent.parent / "rules" / "catalog"
COUNT = 200
_MANAGED, _DATA = "resources", "data"


class Rule(msgspec.Struct, frozen=True):
    """One pattern of an entry under `types`.

    Attributes:
        entry: position of the entry in its file, which its patterns share.

    """

    pattern: str
    entry: int
    facts: Mapping[str, Any]

    @property
    def literal(self) -> str:
        """What the pattern says beside `*`."""
        return self.pattern.replace("*", "")

    @property
    def kind(self) -> str:
        """The kind, with a plus sign where a transport sees plaintext."""
        return str(self.facts["kind"]) + ("+plaintext" if self.facts.get("plaintext") else "")


class Table(msgspec.Struct, frozen=True):
    """The rules of one provider, the one that decides first."""

    provider: str
    file: str
    rules: tuple[Rule, ...]

    def rule_of(self, name: str) -> Rule | None:
        """Return the rule that decides for a type."""
        return next((rule for rule in self.rules if fits(rule.pattern, name)), None)


class Schema(msgspec.Struct, frozen=True):
    """The types of one provider, by `resources` and `data`."""

    provider: str
    version: str
    source: str
    types: Mapping[str, Mapping[str, Any]]

    @property
    def names(self) -> list[str]:
        """All names once, managed types and data sources."""
        return sorted({*self.types[_MANAGED], *self.types[_DATA]})

    def attributes(self, name: str) -> Mapping[str, Any]:
        """Return the schema of a type: the managed one, or else the data source."""
        found: Mapping[str, Any] = self.types[_MANAGED].get(name) or self.types[_DATA][name]
        return found


def fits(pattern: str, name: str) -> bool:
    """Whether a type fits a pattern, in which `*` stands for any characters (as catalog.matches has it)."""
    parts = pattern.split("*")
    if len(parts) == 1:
        return pattern == name
    if not name.startswith(parts[0]):
        return False
    at = len(parts[0])
    for part in parts[1:-1]:
        at = name.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return len(name) - len(parts[-1]) >= at and name.endswith(parts[-1])


def ranked(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """Return rules in the order in which they decide: exact names, then the longest literal text."""
    return tuple(sorted(rules, key=lambda rule: ("*" in rule.pattern, -len(rule.literal), rule.pattern)))


def tables(folder: Path = RULES) -> dict[str, Table]:
    """Return the rules by provider id, google-beta's too.

    Args:
        folder: the catalog.

    """
    found: dict[str, Table] = {}
    shared: dict[str, Table] = {}
    for path in sorted((folder / "resources").glob("*.yaml")):
        data = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
        rules = ranked(
            Rule(pattern, position, entry)
            for position, entry in enumerate(data["types"])
            for pattern in ([entry["match"]] if isinstance(entry["match"], str) else entry["match"])
        )
        found[data["provider"]] = Table(data["provider"], path.name, rules)
        shared.update({also: Table(also, path.name, rules) for also in data.get("also", ())})
    return shared | found


def placeless(folder: Path = RULES) -> frozenset[str]:
    """Return the providers that place no data, whose types need no rule."""
    every = (
        yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
        for path in (folder / "providers").glob("*.yaml")
    )
    return frozenset(data["id"] for data in every if data["places"] == "nothing")


def schemas(folder: Path) -> Iterator[Schema]:
    """Read the schemas in a folder, in order of their names."""
    for path in sorted(folder.glob("*.zip")):
        with ZipFile(path) as store:
            meta = json.loads(store.read("meta.json"))
            types: dict[str, dict[str, Any]] = {_MANAGED: {}, _DATA: {}}
            for name in store.namelist():
                section, _slash, rest = name.partition("/")
                if section in types and rest.endswith(".json"):
                    types[section][rest.removesuffix(".json")] = json.loads(store.read(name))
            yield Schema(path.stem, str(meta.get("version", "not known")), str(meta.get("source", "")), types)


def has(schema: Mapping[str, Any], path: str) -> bool:
    """Whether a path of names leads to an attribute or a block of a schema."""
    name, _dot, rest = path.partition(".")
    block = schema.get("b", {}).get(name)
    if block is not None:
        return not rest or has(block[3], rest)
    attribute = schema.get("a", {}).get(name)
    if attribute is None:
        return False
    if not rest:
        return True
    if "n" in attribute:
        return has({"a": attribute["n"][1]}, rest)
    return _has_in_type(attribute.get("t"), rest)


def _has_in_type(kind: Any, path: str) -> bool:
    """Whether a path leads somewhere in a value of a type as schemas write it; anything fits in a map."""
    if isinstance(kind, str):
        return kind == "dynamic"
    if kind[0] == "map":
        return True
    if kind[0] == "object":
        name, _dot, rest = path.partition(".")
        return name in kind[1] and (not rest or _has_in_type(kind[1][name], rest))
    return _has_in_type(kind[1], path)


def narrow(rule: Rule, name: str) -> bool:
    """Whether a rule says more of a type than that it is the provider's."""
    return rule.literal.strip("_") != name.partition("_")[0]


def uncovered(table: Table | None, names: Iterable[str]) -> list[str]:
    """Return the types for which no rule narrower than the provider decides."""
    missing = []
    for name in names:
        rule = table.rule_of(name) if table else None
        if rule is None or not narrow(rule, name):
            missing.append(name)
    return missing


def stale(table: Table, names: Iterable[str], others: frozenset[str]) -> list[str]:
    """Return what rules name, as a type, a pattern or a parent, and no schema has.

    Args:
        table: rules of a provider.
        names: types in its schemas.
        others: types of other versions of the provider.

    """
    known = {*names, *others}
    spoken = dict.fromkeys(rule.pattern for rule in table.rules)
    for rule in table.rules:
        spoken.update(dict.fromkeys(rule.facts.get("parent", {}).get("types", ())))
    return sorted(
        word
        for word in spoken
        if (word not in known if "*" not in word else not any(fits(word, name) for name in known))
    )


def repeated(table: Table) -> list[str]:
    """Return the patterns that two entries have, of which only one can decide."""
    count = Counter(rule.pattern for rule in table.rules)
    return sorted(pattern for pattern, times in count.items() if times > 1)


def strange(table: Table, schema: Schema, others: frozenset[str]) -> list[str]:
    """Return the attributes that rules name and their types lack, each with where it was looked for.

    A parent is named by one attribute at least in each type of its rule; a region, a copy or a label by each
    of its attributes in one type at least.

    Args:
        table: rules of a provider.
        schema: its types.
        others: types of other versions, whose attributes are not known; a rule that covers one of them may
            name attributes that this version lacks.

    """
    covered: dict[int, list[str]] = {}
    entries: dict[int, Rule] = {}
    for name in schema.names:
        rule = table.rule_of(name)
        if rule is not None:
            covered.setdefault(rule.entry, []).append(name)
            entries[rule.entry] = rule
    excused = {rule.entry for name in others if (rule := table.rule_of(name)) is not None}
    faults: list[str] = []
    for entry, names in sorted(covered.items()):
        facts = entries[entry].facts
        named = facts.get("parent", {}).get("attribute", ())
        parents = [named] if isinstance(named, str) else named
        if parents:
            faults.extend(
                f"{name}: parent {' or '.join(parents)}"
                for name in names
                if name in schema.types[_MANAGED]
                and not any(has(schema.attributes(name), at) for at in parents)
            )
        for key in ("region", "copies", "labels"):
            faults.extend(
                f"{', '.join(names[:3])}{' ...' if len(names) > 3 else ''}: {key} {path}"
                for path in facts.get(key, ())
                if entry not in excused and not any(has(schema.attributes(name), path) for name in names)
            )
    return faults


def other_versions(path: Path | None) -> frozenset[str]:
    """Read the types of other versions; none without a file."""
    if path is None:
        return frozenset()
    lines = (line.partition("#")[0].strip() for line in path.read_text("utf-8").splitlines())
    return frozenset(line for line in lines if line)


def tell(line: str) -> None:
    """Write a line to standard output."""
    sys.stdout.write(line + "\n")


def check(folder: Path, others: frozenset[str]) -> bool:
    """Print what is missing or stale, by provider; return whether there was nothing."""
    rules, nothing = tables(), placeless()
    every = {schema.provider: schema for schema in schemas(folder)}
    clean = True
    for provider, schema in every.items():
        if provider in nothing:
            tell(f"{provider} {schema.version}: places nothing")
            continue
        table = rules.get(provider)
        missing = uncovered(table, schema.names)
        whole, known = len(schema.names), len(schema.names) - len(missing)
        tell(f"{provider} {schema.version}: {known}/{whole} ({100 * known / whole:.1f} %)")
        faults = [f"not covered: {name}" for name in missing]
        if table is not None:
            # google.yaml speaks of google-beta's types too: a type is stale where neither has it.
            alike = [
                other for name, other in every.items() if name in rules and rules[name].file == table.file
            ]
            names = [name for other in alike for name in other.names]
            faults += [f"not in the schema: {word}" for word in stale(table, names, others)]
            if table.file == f"{provider}.yaml":
                faults += [f"named twice: {pattern}" for pattern in repeated(table)]
                faults += [f"no such attribute: {fault}" for fault in strange(table, schema, others)]
        for fault in faults:
            tell(f"  {fault}")
        clean = clean and not faults
    return clean


def frozen(folder: Path) -> str:
    """Return the names of all types, by provider: a line `# provider version source`, then a type a line."""
    nothing = placeless()
    lines = []
    for schema in schemas(folder):
        if schema.provider not in nothing:
            lines += [f"# {schema.provider} {schema.version} {schema.source}", *schema.names, ""]
    return "\n".join(lines)


def fingerprint(folder: Path = RULES) -> str:
    """Return the SHA-256 of the resource rules, file after file in the order of their names."""
    digest = hashlib.sha256()
    for path in sorted((folder / "resources").glob("*.yaml"), key=lambda path: path.name):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def draw(types: Mapping[str, Iterable[str]], count: int, seed: str) -> list[tuple[str, str, Rule]]:
    """Draw types, from each stratum (provider, kind) by the square root of its size.

    So the large providers do not hide the small ones, nor the small ones the large.

    Args:
        types: provider id -> names of its types. A name that two providers share is drawn for the first only.
        count: how many; fewer where there are not so many.
        seed: what the draw follows from.

    Returns:
        (provider, type, rule), sorted.

    """
    rules = tables()
    strata: dict[tuple[str, str], list[tuple[str, str, Rule]]] = {}
    seen: set[str] = set()
    for provider, names in types.items():
        for name in names:
            rule = rules[provider].rule_of(name) if provider in rules else None
            if rule is not None and name not in seen:
                seen.add(name)
                strata.setdefault((provider, rule.kind), []).append((provider, name, rule))

    def rank(text: str) -> str:
        return hashlib.sha256(f"{seed} {text}".encode()).hexdigest()

    wanted = min(count, sum(map(len, strata.values())))
    whole = sum(math.sqrt(len(found)) for found in strata.values())
    shares = {key: wanted * math.sqrt(len(found)) / whole for key, found in strata.items()}
    quotas = {key: min(len(strata[key]), int(share)) for key, share in shares.items()}
    # What rounding leaves goes to the largest remainders; the seed decides between equal ones.
    order = sorted(strata, key=lambda key: (int(shares[key]) - shares[key], rank(" ".join(key))))
    while sum(quotas.values()) < wanted:
        for key in order:
            if sum(quotas.values()) < wanted and quotas[key] < len(strata[key]):
                quotas[key] += 1
    return sorted(
        (
            found
            for key, quota in quotas.items()
            for found in sorted(strata[key], key=lambda one: rank(one[1]))[:quota]
        ),
        key=lambda one: one[:2],
    )


def main(arguments: list[str] | None = None) -> int:
    """Run one of the commands; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("check", "names", "sample"):
        command = commands.add_parser(name)
        command.add_argument("folder", type=Path)
        if name == "check":
            command.add_argument("--others", type=Path)
        elif name == "names":
            command.add_argument("out", type=Path)
        else:
            command.add_argument("--count", type=int, default=COUNT)
    given = parser.parse_args(arguments)
    if given.command == "check":
        return 0 if check(given.folder, other_versions(given.others)) else 1
    if given.command == "names":
        given.out.write_bytes(gzip.compress(frozen(given.folder).encode(), mtime=0))
        return 0
    nothing = placeless()
    types = {
        schema.provider: schema.names for schema in schemas(given.folder) if schema.provider not in nothing
    }
    seed = fingerprint()
    tell(f"# {seed}")
    for _provider, name, rule in draw(types, given.count, seed):
        tell("\t".join((name, rule.kind, rule.pattern)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
