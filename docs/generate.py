"""Writes the pages that are made from rules/.

These are docs/rules/*.md, docs/catalog/*.md, docs/policies.md, docs/policies/*.md and docs/limitations.md.
What they show of the program's output is what it says when they are made; so is that in docs/tutorial.md,
which is written by hand otherwise.


`python docs/generate.py` writes them; with `--check` it writes nothing and exits 1 if any page is stale.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

import writing.coverage
import writing.limitations
import writing.policies
import writing.tutorial
from writing.page import cell, fenced, join, listed, made_from, names, prose, read, source
from writing.run import DAY, findings, run

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"

_FOLDERS = ("rules", "catalog", "policies")
"""Folders of which every page is made here."""

_NONE = {
    "fail": "There is none: what this rule finds is `unknown` by its nature.",
    "unknown": "There is none: this rule knows its answer in every case.",
}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_HEADINGS = {
    "fail": "An example that fails",
    "pass": "An example that passes",
    "unknown": "One that cannot be told",
}


def pages(root: Path) -> dict[str, str]:
    """Return every generated page, by its path below docs/."""
    rules = [read(path) for path in sorted((root / "rules" / "checks").glob("*.yaml"))]
    policies = [read(path) for path in sorted((root / "rules" / "policies").glob("*.yaml"))]
    # The default comes first: it is the one that most readers look for.
    policies.sort(key=lambda policy: (policy["id"] != "three-circles", policy["id"]))
    others = read(root / "rules" / "catalog" / "correspondences.yaml")
    made = {f"rules/{rule['id']}.md": _rule_page(rule, others) for rule in rules}
    made["rules/README.md"] = _rules_page(rules)
    made["policies.md"] = writing.policies.overview(policies)
    made |= {f"policies/{policy['id']}.md": writing.policies.page(policy) for policy in policies}
    made |= _catalog_pages(root / "rules" / "catalog")
    facts = writing.coverage.Facts(root)
    made["catalog/coverage.md"] = writing.coverage.page(facts)
    tutorial = (root / "docs" / "tutorial.md").read_text(encoding="utf-8")
    made["tutorial.md"] = writing.tutorial.page(tutorial, root / "fixtures" / "tutorial")
    made["limitations.md"] = writing.limitations.page(facts)
    made["catalog/equivalents.md"] = _equivalents_page(read(root / "rules" / "catalog" / "equivalents.yaml"))
    return made


def stale(made: dict[str, str], docs: Path) -> list[str]:
    """Return the pages that differ from what they should be, are missing, or have no source any more."""
    wrong = [name for name, text in made.items() if _text(docs / name) != text]
    left = [f"{folder}/{path.name}" for folder in _FOLDERS for path in sorted((docs / folder).glob("*.md"))]
    return [*wrong, *(name for name in left if name not in made)]


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


# -- rules ---------------------------------------------------------------------------------------------------


def _rules_page(rules: list[dict[str, Any]]) -> str:
    rows = ["| rule | severity | what it finds |", "|---|---|---|"]
    for rule in rules:
        switched = " (off unless switched on)" if rule.get("optional", False) else ""
        rows.append(f"| [{rule['id']}]({rule['id']}.md) | {rule['severity']} | {rule['title']}{switched} |")
    intro = (
        "Ids are stable. `sovereign-guard rules` lists them on the command line, "
        "`sovereign-guard rules SOV001` tells one. What each level of data requires is said by the "
        "[policy](../policies.md)."
    )
    return join([made_from("rules/checks/"), "# Rules", prose(intro), "\n".join(rows)])


def _rule_page(rule: dict[str, Any], others: dict[str, Any]) -> str:
    name = rule["id"]
    facts = f"Severity: **{rule['severity']}** ({rule['security_severity']} of 10)."
    if rule.get("optional", False):
        facts += f" Off unless the policy or the configuration says `rules: {{{name}: on}}`."
    if not rule["placement"]:
        facts += " Its finding stands beside the verdict of the resource and does not change it."
    parts = [
        made_from(f"rules/checks/{name}.yaml"),
        f"# {name}: {rule['title']}",
        prose(facts),
        "## Why",
        prose(rule["why"]),
    ]
    for outcome, heading in _HEADINGS.items():
        case = _example(rule["cases"], outcome)
        if case is None:
            parts += [f"## {heading}", _NONE[outcome]]
        else:
            parts += [f"## {heading}", *_case(case, name)]
            if outcome == _told_of(rule["cases"]):
                parts += ["What the program says of it:", fenced("text", findings(_output(case)))]
    parts += ["## How to fix it", prose(rule["fix"])]
    if name in others["rules"]:
        parts += ["## Correspondences, not proof", *_correspondences(others, name)]
    parts += ["## References", _references(rule["references"])]
    return join(parts)


def _told_of(cases: list[dict[str, Any]]) -> str:
    """Return the outcome whose example is shown with the program's output: SOV003 never fails."""
    return "fail" if _example(cases, "fail") else "unknown"


def _output(case: dict[str, Any]) -> str:
    """Return what `sovereign-guard scan` prints of a case."""
    files = (
        {"here/plan.json": json.dumps(case["plan"])} if "plan" in case else {"here/main.tf": case["main_tf"]}
    )
    arguments = ["scan", "plan.json" if "plan" in case else ".", "--source", "", "--as-of", DAY]
    if "policy" in case:
        arguments += ["--policy", case["policy"]]
    if "config" in case:
        files["here/config.yaml"] = yaml.safe_dump(case["config"])
        arguments += ["--config", "config.yaml"]
    return run(files, *arguments)


def _correspondences(others: dict[str, Any], rule: str) -> Iterator[str]:
    yield prose(
        "Provisions of other texts that a finding bears on, for whoever fills in a file for an audit "
        "([evidence](../evidence.md)). A finding proves no breach of any of them, and no finding proves that "
        "they are met."
    )
    rows = ["| text | provision | why | read in |", "|---|---|---|---|"]
    for one in others["rules"][rule]:
        text, where = others["frameworks"][one["framework"]], others["sources"][one["source"]]
        named = f"[{where['title']}]({where['url']})" if "url" in where else where["title"]
        unread = "" if where["read"] else " (text not read by us)"
        rows.append(
            f"| [{text['name']}]({text['url']}) | {one['reference']} | {one['why']} | {named}{unread} |"
        )
    yield "\n".join(rows)


def _references(references: list[dict[str, Any]]) -> str:
    return "\n".join(
        f"- [{reference['title']}]({reference['url']}){'' if reference['read'] else ' (text not read by us)'}"
        for reference in references
    )


def _example(cases: list[dict[str, Any]], outcome: str) -> dict[str, Any] | None:
    """Return the case to show: the first; of those that pass, one with a configuration, which shows more."""
    found = [case for case in cases if case["expect"] == outcome]
    if outcome == "pass":
        found.sort(key=lambda case: "config" not in case)
    return found[0] if found else None


def _case(case: dict[str, Any], rule: str) -> Iterator[str]:
    yield f"{case['name'][0].upper()}{case['name'][1:]}."
    yield fenced("hcl", _plan(case["plan"]) if "plan" in case else case["main_tf"].rstrip())
    if "config" in case:
        stated = yaml.safe_dump(case["config"], sort_keys=False, allow_unicode=True)
        yield "With this configuration, given by `--config`:"
        yield fenced("yaml", stated)
    found = " and ".join(f"{name} {verdict}" for name, verdict in case["expect_findings"])
    policy = f" under the policy `{case['policy']}`" if "policy" in case else ""
    yield f"Found{policy}: {found or f'nothing by {rule} or any other rule'}."


# -- a plan in short form ------------------------------------------------------------------------------------


def _plan(plan: dict[str, Any]) -> str:
    """Write a case's plan as the configuration that it comes from, as far as the plan shows it."""
    configuration = plan["configuration"]
    blocks: list[str] = []
    for key, entry in configuration.get("provider_config", {}).items():
        if entry.get("expressions"):
            local, _dot, alias = key.partition(".")
            head = [f'  alias = "{alias}"'] if alias else []
            blocks.append(_block(f'provider "{local}"', [*head, *_arguments(entry["expressions"], 1)]))
    shown = {block["address"]: block for block in configuration["root_module"].get("resources", [])}
    blocks.extend(_resource(change, shown.get(change["address"])) for change in plan["resource_changes"])
    return "\n\n".join(blocks)


def _resource(change: dict[str, Any], block: dict[str, Any] | None) -> str:
    actions = " and ".join(change["change"]["actions"])
    word = "data" if change["mode"] == "data" else "resource"
    head = f'{word} "{change["type"]}" "{change["name"]}"'
    if block is None:
        # It has left the configuration: what stood is all that the plan shows.
        before = change["change"]["before"] or {}
        lines = [f"  {name} = {_value(value)}" for name, value in before.items() if name != "tags_all"]
        return f"# {actions}: this block has left the configuration; it was\n" + _block(head, _aligned(lines))
    key = block["provider_config_key"].rpartition(":")[2]
    lines = [f"  provider = {key}"] if "." in key else []
    lines += _arguments(block["expressions"], 1)
    said = [] if actions == "create" else [f"# {actions}{_was(change['change'])}"]
    return "\n".join([*said, _block(head, lines)])


def _was(change: dict[str, Any]) -> str:
    """Say what stood before, where it differs."""
    before, after, unknown = change["before"] or {}, change["after"] or {}, change["after_unknown"] or {}
    differs = [
        f"{name} = {_value(value)}"
        for name, value in before.items()
        if name != "tags_all" and (after.get(name) != value or unknown.get(name) is True)
    ]
    return f"; before: {', '.join(differs)}" if differs else ""


def _block(head: str, lines: list[str], indent: str = "") -> str:
    return "\n".join([f"{indent}{head} {{", *lines, f"{indent}}}"]) if lines else f"{indent}{head} {{}}"


def _arguments(expressions: dict[str, Any], depth: int) -> list[str]:
    indent = "  " * depth
    lines: list[str] = []
    nested: list[str] = []
    for name, expression in expressions.items():
        if isinstance(expression, list):
            nested += [_block(name, _arguments(item, depth + 1), indent) for item in expression]
        elif "constant_value" in expression:
            lines.append(f"{indent}{name} = {_value(expression['constant_value'])}")
        elif "references" in expression:
            lines.append(
                f"{indent}{name} = {expression['references'][0]} # the plan shows only that it refers to this"
            )
        elif expression:
            nested.append(_block(name, _arguments(expression, depth + 1), indent))
    return [*_aligned(lines), *nested]


def _aligned(lines: list[str]) -> list[str]:
    """Put the equals signs below one another, as `terraform fmt` does."""
    pairs = [line.split(" = ", 1) for line in lines]
    width = max((len(name) for name, _value in pairs), default=0)
    return [f"{name:<{width}} = {value}" for name, value in pairs]


def _value(value: Any) -> str:
    if isinstance(value, dict):
        inside = ", ".join(
            f"{name if _NAME.fullmatch(name) else json.dumps(name)} = {_value(part)}"
            for name, part in value.items()
        )
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return json.dumps(value, ensure_ascii=False)


# -- catalog: where data goes next, by provider --------------------------------------------------------------


def _catalog_pages(catalog: Path) -> dict[str, str]:
    """Return a page for each provider whose types pass data on, or name keys, and a list of them all."""
    kinds = read(catalog / "flows.yaml")["kinds"]
    standing = [read(path) for path in _with(catalog / "providers", "stands_on")]
    tables = [read(path) for path in _with(catalog / "resources", "flows", "keys")]
    made = {f"catalog/{table['provider']}.md": _catalog_page(table, standing) for table in tables}
    made["catalog/README.md"] = _catalog_list(kinds, tables, standing)
    return made


def _with(folder: Path, *keys: str) -> list[Path]:
    """Return the files that have one of these keys at their top; most have none and are not parsed."""
    begins = re.compile(rf"^(?:{'|'.join(keys)}):", re.MULTILINE)
    return [path for path in sorted(folder.glob("*.yaml")) if begins.search(path.read_text(encoding="utf-8"))]


def _catalog_list(kinds: dict[str, Any], tables: list[dict[str, Any]], standing: list[dict[str, Any]]) -> str:
    intro = (
        "What the catalog knows of where data goes next ([flows.md](../flows.md)). A page for each provider "
        "whose types pass data on, or name the key that data is encrypted with. "
        "`sovereign-guard catalog show TYPE` tells more of one type. "
        "[What may stand in the place of what](equivalents.md) is a page of its own."
    )
    verbs = ["| kind of flow | in evidence | which data passes |", "|---|---|---|"]
    verbs += [f"| `{name}` | {kind['says']} | {cell(kind['means'])} |" for name, kind in kinds.items()]
    rows = ["| provider | flows | keys |", "|---|---|---|"]
    for table in tables:
        flows, keys = len(table.get("flows", ())), len(table.get("keys", ()))
        rows.append(f"| [{table['provider']}]({table['provider']}.md) | {flows} | {keys} |")
    below = ["| provider | stands on | of which types | note |", "|---|---|---|---|"]
    below += [
        f"| {provider['id']} | {one['operator']} | {names(one.get('types', ())) or 'all'} "
        f"| {cell(one.get('note', ''))} |"
        for provider in standing
        for one in provider["stands_on"]
    ]
    about = (
        "Services that always stand on another operator's cloud. Whoever runs that cloud counts beside the "
        "service's own operator. Where one chooses the cloud, it is read from the resource."
    )
    return join(
        [
            made_from("rules/catalog/"),
            "# Flows and keys, by provider",
            prose(intro),
            "## Providers",
            "\n".join(rows),
            "## What stands below",
            prose(about),
            "\n".join(below),
            "## Kinds of flow",
            "\n".join(verbs),
        ]
    )


def _catalog_page(table: dict[str, Any], standing: list[dict[str, Any]]) -> str:
    name = table["provider"]
    also = f" The same holds for {names(table['also'])}." if "also" in table else ""
    parts = [
        made_from(f"rules/catalog/resources/{name}.yaml"),
        f"# {name}",
        prose(
            f"Where data of this provider's types goes next, by the attribute that says so.{also} "
            "*itself*: the resource that declares it."
        ),
    ]
    below = [
        one["operator"] for provider in standing if provider["id"] == name for one in provider["stands_on"]
    ]
    if below:
        parts.append(
            prose(f"The service stands on {names(below)}: see [the list](README.md#what-stands-below).")
        )
    if "flows" in table:
        parts += ["## Flows", _grouped("| flow | declared by | from | to |", map(_flow_row, table["flows"]))]
    if "keys" in table:
        parts += [
            "## Keys",
            _grouped("| held | named by | of the data in | key |", map(_key_row, table["keys"])),
        ]
    return join(parts)


Row = tuple[str, tuple[str, ...], str, str]


def _flow_row(flow: dict[str, Any]) -> Row:
    return flow["flow"], listed(flow["at"]), _end(flow.get("from")), _end(flow.get("to")) + _when(flow)


def _key_row(key: dict[str, Any]) -> Row:
    return key["held"], listed(key["at"]), _end(key.get("of")), _end(key.get("key"), "") + _when(key)


def _grouped(head: str, rows: Iterable[Row]) -> str:
    """Write rows that differ in the declaring types alone as one."""
    found: dict[tuple[str, str, str], dict[str, None]] = {}
    for first, at, begins, ends in rows:
        found.setdefault((first, begins, ends), {}).update(dict.fromkeys(at))
    lines = [
        f"| {first} | {names(tuple(at))} | {begins} | {ends} |"
        for (first, begins, ends), at in sorted(
            found.items(), key=lambda one: (one[0][0], next(iter(one[1])))
        )
    ]
    return "\n".join([head, "|---|---|---|---|", *lines])


def _end(end: dict[str, Any] | None, absent: str = "*itself*") -> str:
    if end is None:
        return absent
    if "operator" in end:
        return f"always {end['operator']}"
    if "provider" in end:
        return "its provider's operators"
    if "unknown" in end:
        return f"unknown: {cell(end['unknown'])}"
    paths = names(listed(end["attribute"]))
    if end.get("data", False):
        return f"the data in {paths}"
    return f"{paths}: {names(listed(end['types']))}" if "types" in end else paths


def _when(entry: dict[str, Any]) -> str:
    condition = entry.get("when")
    if condition is None:
        return ""
    for key, word in (("is", "is"), ("not", "is not")):
        if key in condition:
            said = " or ".join(f"`{json.dumps(one).strip(chr(34))}`" for one in condition[key])
            return f"; if `{condition['attribute']}` {word} {said}"
    return f"; if `{condition['attribute']}` is set"


# -- command -------------------------------------------------------------------------------------------------


# -- catalog: what may stand in the place of what ------------------------------------------------------------


def _equivalents_page(data: dict[str, Any]) -> str:
    kinds = data["kinds"]
    intro = (
        f"{len(kinds)} kinds of service, and what may stand in the place of each: an operator's own service, "
        "or software that one runs oneself. None is allowed because it stands here: "
        "`sovereign-guard suggest` lists those that the policy in force would pass for the data at hand, "
        "region by region. What is lost is said where it was read; where nothing is said of a feature, look "
        "before you rely on it."
    )
    contents = [f"- [{kind['name']}](#{_anchor(kind['name'])})" for kind in kinds]
    parts = [
        made_from("rules/catalog/equivalents.yaml"),
        "# What may stand in the place of what",
        prose(intro),
        "\n".join(contents),
    ]
    for kind in kinds:
        parts += [f"## {kind['name']}", prose(_french_and_types(kind))]
        parts.append("\n".join(_offer_rows(kind["instead"], data["sources"])))
    sources = [source(one) for one in data["sources"].values()]
    parts += ["## Sources", f"Reviewed on {data['reviewed']}.", "\n".join(sources)]
    return join(parts)


def _anchor(heading: str) -> str:
    """Return what a link to a heading names."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def _french_and_types(kind: dict[str, Any]) -> str:
    types = ", ".join(f"`{name}`" for name in kind["types"])
    return f"In French: {kind['fr']['name']}. Types: {types}."


def _offer_rows(offers: list[dict[str, Any]], sources: dict[str, Any]) -> Iterator[str]:
    yield "| offer | types | what is lost or different |"
    yield "|---|---|---|"
    for offer in offers:
        who = offer.get("operator") or f"{offer['software']} (run by yourselves)"
        if "below" in offer:
            who += f" on {offer['below']}"
        types = ", ".join(f"`{name}`" for name in offer.get("types", ())) or "-"
        unread = [key for key in offer.get("sources", ()) if not sources[key]["read"]]
        mark = " (text not read by us)" if unread else ""
        yield f"| {cell(who)} | {types} | {cell(offer['lost'])}{mark} |"


def main(arguments: list[str]) -> int:
    """Write the pages, or with `--check` only compare them."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("usage: python docs/generate.py [--check]\n")
        return 2
    made = pages(ROOT)
    wrong = stale(made, DOCS)
    if arguments:
        for name in wrong:
            sys.stderr.write(f"docs/{name} is stale: run `make docs`.\n")
        return 1 if wrong else 0
    for name in wrong:
        path = DOCS / name
        if name in made:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(made[name], encoding="utf-8")
        else:
            path.unlink()
    sys.stdout.write(f"{len(made)} pages, {len(wrong)} changed.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
