"""A page for each policy, with what passes and what fails by it, and the page that compares them."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from writing.page import WIDTH, cell, fenced, item, join, made_from, prose, source, table
from writing.run import DAY, run

DEFAULT = "three-circles"

# Each is tried at each level of each policy: (name, where that is, provider and resource).
_PLACES: tuple[tuple[str, str, str, str], ...] = (
    (
        "own",
        "The organisation's own cloud, declared as such",
        'provider "openstack" {\n'
        '  auth_url = "https://keystone.valmont.example:5000/v3"\n'
        '  region   = "valmont-1"\n'
        "}\n",
        'resource "openstack_objectstorage_container_v1" "NAME" {\n'
        '  name     = "records"\n'
        '  metadata = { sovereignty-level = "LEVEL" }\n'
        "}\n",
    ),
    (
        "qualified",
        "A SecNumCloud region of Outscale, France",
        'provider "outscale" {\n  region = "cloudgouv-eu-west-1"\n}\n',
        'resource "outscale_volume" "NAME" {\n'
        '  subregion_name = "cloudgouv-eu-west-1a"\n'
        "  size           = 300\n\n"
        "  tags {\n"
        '    key   = "sovereignty-level"\n'
        '    value = "LEVEL"\n'
        "  }\n"
        "}\n",
    ),
    (
        "european",
        "Scaleway in Paris",
        "",
        'resource "scaleway_object_bucket" "NAME" {\n'
        '  name   = "records"\n'
        '  region = "fr-par"\n'
        '  tags   = { sovereignty-level = "LEVEL" }\n'
        "}\n",
    ),
    (
        "abroad",
        "Hetzner, a German operator, in Virginia",
        "",
        'resource "hcloud_volume" "NAME" {\n'
        '  name     = "records"\n'
        "  size     = 50\n"
        '  location = "ash"\n'
        '  labels   = { sovereignty-level = "LEVEL" }\n'
        "}\n",
    ),
    (
        "american",
        "AWS in Paris",
        'provider "aws" {\n  region = "eu-west-3"\n}\n',
        'resource "aws_s3_bucket" "NAME" {\n'
        '  bucket = "records"\n'
        '  tags   = { sovereignty-level = "LEVEL" }\n'
        "}\n",
    ),
    (
        "chinese",
        "Alibaba Cloud in Frankfurt",
        'provider "alicloud" {\n  region = "eu-central-1"\n}\n',
        'resource "alicloud_oss_bucket" "NAME" {\n'
        '  bucket = "records"\n'
        '  tags   = { sovereignty-level = "LEVEL" }\n'
        "}\n",
    ),
    (
        "somewhere",
        "Hetzner, at a place that a variable without value says",
        'variable "location" {\n  type = string\n}\n',
        'resource "hcloud_volume" "NAME" {\n'
        '  name     = "records"\n'
        "  size     = 50\n"
        "  location = var.location\n"
        '  labels   = { sovereignty-level = "LEVEL" }\n'
        "}\n",
    ),
)

_OWN_CLOUD = {
    "operators": [
        {
            "id": "valmont-cloud",
            "name": "Cloud of Valmont",
            "seat": "FR",
            "controlled_from": ["FR"],
            "internal": True,
            "endpoints": ["keystone.valmont.example"],
            "region": "valmont-1",
            "country": "FR",
            "reason": "Run by our own staff in our own rooms.",
        }
    ]
}

_OUTCOMES = {"pass": "What passes", "fail": "What fails", "unknown": "What cannot be told"}


def overview(policies: list[dict[str, Any]]) -> str:
    """Return the page that has all policies, each with what it asks."""
    intro = (
        "A policy says, for each level of data, what its placement must fulfil. `--policy ID` chooses one of "
        "these; `--policy FILE` takes one of your own, which may start from one of these with `extends`. "
        "`sovereign-guard schema policy` prints the format. A level that a policy leaves out requires "
        "nothing."
    )
    parts = [made_from("rules/policies/"), "# Policies", prose(intro)]
    for policy in policies:
        name = policy["id"]
        parts += [
            f"## `{name}`: {policy['title']}{_default(policy)}",
            prose(policy["description"]),
            _levels(policy),
            f"[The whole of it](policies/{name}.md), with what passes and what fails at each level.",
        ]
    return join(parts)


def page(policy: dict[str, Any]) -> str:
    """Return the page of one policy."""
    name = policy["id"]
    parts = [
        made_from(f"rules/policies/{name}.yaml"),
        f"# `{name}`: {policy['title']}",
        prose(f"{policy['description']}{' It is the default.' if name == DEFAULT else ''}"),
        fenced("sh", f"sovereign-guard scan . --policy {name}   # exit 1"),
        "## What it requires",
        _levels(policy),
        *_further(policy),
        "## By example",
        prose(
            "One resource in seven places, judged at each level. What stands here is what the program says; "
            f"dated facts are those of {DAY}."
        ),
        *_examples(policy),
        "## Sources",
        "\n".join(source(one) for one in policy["sources"].values()),
    ]
    return join(parts)


def _default(policy: dict[str, Any]) -> str:
    return " (the default)" if policy["id"] == DEFAULT else ""


def _levels(policy: dict[str, Any]) -> str:
    rows = [("level", "seat and control of the operator", "where data lies", "further")]
    for level, requirement in policy["levels"].items():
        further = []
        if requirement.get("internal"):
            further.append("only the organisation's own cloud")
        if "qualification" in requirement:
            further.append(f"{requirement['qualification']} in force")
        if requirement.get("presence_counts"):
            further.append("subsidiaries and branches count")
        if requirement.get("suppliers_count"):
            further.append("technology suppliers count")
        if requirement.get("external_keys") == "lower":
            further.append("keys that others hold lower a finding")
        control, territory = (_codes(requirement.get(key)) for key in ("control", "territory"))
        rows.append((f"`{level}`", control, territory, "; ".join(further) or "-"))
    return table(*rows)


def _codes(condition: dict[str, Any] | None) -> str:
    if condition is None:
        return "-"
    parts = []
    for key, word in (("allow", "only"), ("forbid", "not")):
        if key in condition:
            parts.append(f"{word} {', '.join(f'`{code}`' for code in condition[key])}")
    return ", ".join(parts)


def _further(policy: dict[str, Any]) -> Iterator[str]:
    outcome = "fails the run" if policy["on_unknown"] == "fail" else "only warns"
    areas = [
        textwrap.fill(f"- Area `{name}`: {', '.join(codes)}.", WIDTH, subsequent_indent="  ")
        for name, codes in policy["areas"].items()
    ]
    items = [
        f"Data without any label is judged as `{policy['unlabelled']}`.",
        f"What cannot be told {outcome} (`on_unknown: {policy['on_unknown']}`); its verdict stays `unknown`.",
        f"Reviewed on {policy['reviewed']}.",
    ]
    yield "\n".join([*areas, *map(item, items)])


# -- by example ----------------------------------------------------------------------------------------------


def _examples(policy: dict[str, Any]) -> Iterator[str]:
    levels = list(policy["levels"])
    found = _judged(policy["id"], levels)
    yield table(
        ("where", *(f"`{level}`" for level in levels)),
        *((words, *(_said(found[name, level]) for level in levels)) for name, words, _p, _r in _PLACES),
    )
    yield "The organisation's own cloud is one because a configuration says so, given by `--config`:"
    yield fenced("yaml", yaml.safe_dump(_OWN_CLOUD, sort_keys=False))
    for level in levels:
        yield f"### Data labelled `{level}`"
        for verdict, heading in _OUTCOMES.items():
            yield from _example(level, verdict, heading, found)


Found = dict[tuple[str, str], tuple[str, list[dict[str, Any]]]]


def _example(level: str, verdict: str, heading: str, found: Found) -> Iterator[str]:
    places = [place for place in _PLACES if found[place[0], level][0] == verdict]
    # Of what passes, the place nearest to failing tells most; of what fails, the plainest.
    order: Sequence[str] = {
        "pass": ("european", "qualified", "own"),
        "fail": ("american", "abroad"),
        "unknown": (),
    }[verdict]
    places.sort(key=lambda place: order.index(place[0]) if place[0] in order else len(order))
    if not places:
        yield f"{heading}: nothing of these."
        return
    name, words, provider, resource = places[0]
    yield f"{heading}: {words[0].lower() if words.startswith(('The ', 'A ')) else words[0]}{words[1:]}."
    yield fenced("hcl", f"{provider}\n{_named(resource, 'records', level)}")
    told = [f"{one['rule']} {one['verdict']}: {one['message']}" for one in found[name, level][1]]
    if told:
        yield fenced(
            "text",
            "\n".join(textwrap.fill(line, 100, subsequent_indent="    ") for line in told),
        )


def _judged(policy: str, levels: list[str]) -> Found:
    """Judge each place at each level, in one run: verdict and findings by place and level."""
    blocks = [provider for _name, _words, provider, _resource in _PLACES if provider]
    for name, _words, _provider, resource in _PLACES:
        blocks += [_named(resource, f"{name}-{level}", level) for level in levels]
    files = {"here/main.tf": "\n".join(blocks), "config.yaml": yaml.safe_dump(_OWN_CLOUD)}
    report = json.loads(
        run(
            files,
            *("scan", ".", "--policy", policy, "--config", "../config.yaml"),
            *("--as-of", DAY, "--format", "json"),
        )
    )
    found: Found = {}
    for resource in report["resources"]:
        name, level = resource["address"].rpartition(".")[2].split("-")
        own = [one for one in report["findings"] if one["address"] == resource["address"]]
        found[name, level] = resource["verdict"], own
    return found


def _named(resource: str, name: str, level: str) -> str:
    return resource.replace("NAME", name).replace("LEVEL", level)


def _said(judged: tuple[str, list[dict[str, Any]]]) -> str:
    verdict, findings = judged
    rules = ", ".join(f"[{one['rule']}](../rules/{one['rule']}.md)" for one in findings)
    return cell(f"{verdict}: {rules}" if rules else verdict)
