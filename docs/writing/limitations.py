"""Known limitations: what the catalog says that it does not know, and why a value may not be known."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sovereign_guard.model import value
from writing.coverage import Facts
from writing.page import cell, item, join, made_from, prose, table

_SECTIONS = {
    "operators": "companies",
    "providers": "providers",
    "resources": "resource types",
    "regions": "regions",
    "backends": "backends",
}


def page(facts: Facts) -> str:
    """Return the page of known limitations."""
    code = Path(value.__file__).read_text(encoding="utf-8")
    intro = (
        "What sovereign-guard does not know, by its own account. None of it passes in silence: what cannot "
        "be told is `unknown`, which fails where the policy says so. Limits of what is followed are told "
        "with [flows](flows.md#limits), those of size with [source](source.md#limits), those of each format "
        "with [outputs](outputs.md#limits), and those of this version in the "
        "[README](../README.md#limits-of-this-version)."
    )
    return join(
        [
            made_from("rules/catalog/ and sovereign_guard/model/value.py"),
            "# Known limitations",
            prose(intro),
            "## Why a value is not known",
            prose("Each `unknown` names one of these reasons."),
            table(
                ("reason", "what it means", "what helps"),
                *((reason, cell(means), cell(helps)) for reason, means, helps in reasons(code)),
            ),
            *_control(facts),
            *_sources(facts),
            *_regions(facts),
            *_infrastructure(facts),
        ]
    )


def reasons(code: str) -> Iterator[tuple[str, str, str]]:
    """Yield each reason for which a value is not known: its text, what it means, what helps.

    Args:
        code: the module of the model that lists them.

    Raises:
        ValueError: a reason lacks one of them.

    """
    (enum,) = (one for one in ast.parse(code).body if isinstance(one, ast.ClassDef) and one.name == "Reason")
    for member, after in zip(enum.body, [*enum.body[1:], None], strict=True):
        if isinstance(member, ast.Assign):
            said = _text(after.value) if isinstance(after, ast.Expr) else ""
            means, _empty, helps = (" ".join(part.split()) for part in said.partition("\n\n"))
            reason = _text(member.value)
            if not means or not helps:
                raise ValueError(f"{reason}: model/value.py does not say what it means and what helps")
            yield reason, means, helps


def _text(node: ast.expr) -> str:
    """Return a text that is written in code, perhaps as the argument of a call that marks it."""
    if isinstance(node, ast.Call) and node.args:
        return _text(node.args[0])
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


# -- what the catalog does not know --------------------------------------------------------------------------


def _control(facts: Facts) -> Iterator[str]:
    """Tell of companies of which it is not established who controls them."""
    open_ended = [one for one in facts.operators.values() if not one["ownership"]]
    unclear = [
        one
        for one in facts.operators.values()
        if any(owner["control"] == "not-known" and "until" not in owner for owner in one["ownership"])
    ]
    yield "## Companies whose control is not established"
    yield prose(
        f"Of {len(facts.operators)} companies in the catalog, {len(open_ended)} have no recorded holder, and "
        f"of {len(unclear)} more the control by some holder is not known. The seat of each is known, and "
        "counts. Who controls it is Unknown, so a level that asks for control gives `unknown` there, unless "
        "the seat decides already. `sovereign-guard catalog show ID` tells what is recorded."
    )
    by_kind = {
        words: [one for one in open_ended if one["kind"] == kind]
        for kind, words in (("operator", "Operators"), ("holder", "Holders of others"))
    }
    items = [f"{words} without a recorded holder: {_ids(found)}." for words, found in by_kind.items()]
    yield "\n".join(map(item, [*items, f"Control by a holder not known: {_ids(unclear)}."]))


def _sources(facts: Facts) -> Iterator[str]:
    """Tell of sources that we cite and have not read."""
    cited: Counter[str] = Counter()
    unread: Counter[str] = Counter()
    for section, source in facts.sources():
        cited[section] += 1
        unread[section] += not source["read"]
    yield "## Sources that we have not read"
    yield prose(
        "Each fact names a source. Some are named as the place where the fact is to be found, though we "
        "could not read them ourselves; every report and page marks these with *text not read by us*."
    )
    yield table(
        ("about", "sources", "of these not read by us"),
        *((words, str(cited[name]), str(unread[name])) for name, words in _SECTIONS.items()),
        ("**together**", str(cited.total()), str(unread.total())),
    )


def _regions(facts: Facts) -> Iterator[str]:
    """Tell of regions whose country is not known, and of tables that may lack some."""
    yield "## Regions without a country"
    yield prose(
        "The catalog has these regions, and not the country in which they stand. A policy that asks for a "
        "place gives `unknown` there."
    )
    rows = [
        (cloud, f"`{code}`", cell(region.get("note", "")) or "-")
        for cloud, one in sorted(facts.regions.items())
        for code, region in one.get("regions", {}).items()
        if not any(region.get(key) for key in ("country", "countries", "everywhere"))
    ]
    yield table(("cloud", "region", "note"), *rows) if rows else "There is none at present."
    incomplete = sorted(cloud for cloud, one in facts.regions.items() if not one.get("complete", False))
    named = ", ".join(f"`{cloud}`" for cloud in incomplete)
    yield prose(
        f"Tables of {len(incomplete)} clouds may lack regions ({named}). A region that is not in its table "
        "is Unknown."
    )


def _infrastructure(facts: Facts) -> Iterator[str]:
    """Tell of services of which nothing says on whose machines they stand."""
    found = [
        one
        for one in facts.providers.values()
        if one["places"] == "operator"
        and "operator" in one
        and not any(key in one for key in ("infrastructure", "stands_on", "cloud"))
    ]
    hosts = sorted({one["operator"] for one in facts.hosts if one.get("stands_on_others")})
    yield "## Services whose infrastructure is not known"
    yield prose(
        f"Of {len(found)} providers the catalog knows the operator, and neither a table of regions nor on "
        "whose cloud the service stands. Their operator is judged. Where data lies is Unknown, unless the "
        "resource says it."
    )
    yield prose(f"{_ids(found)}.")
    yield prose(
        f"Services of {len(hosts)} operators answer at hosts that do not tell the cloud below them, which is "
        f"then Unknown: {', '.join(f'`{name}`' for name in hosts)}."
    )


def _ids(found: list[dict[str, Any]]) -> str:
    return ", ".join(f"`{one['id']}`" for one in sorted(found, key=lambda one: one["id"])) or "none"
