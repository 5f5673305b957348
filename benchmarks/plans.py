"""Makes large plans in the exact shape of `terraform show -json`, for measuring.

Several providers, two levels of modules, an alias, tags, default tags. As in every real plan, each resource
stands twice: under `planned_values` and under `resource_changes`.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

AWS = "registry.terraform.io/hashicorp/aws"
SCALEWAY = "registry.terraform.io/scaleway/scaleway"
AZURE = "registry.terraform.io/hashicorp/azurerm"
GOOGLE = "registry.terraform.io/hashicorp/google"

LEVELS = ("public", "internal", "confidential", "restricted", "TBD")

TYPES: tuple[tuple[str, str, str], ...] = (
    ("aws_s3_bucket", AWS, "aws"),
    ("aws_db_instance", AWS, "aws.us"),
    ("aws_sqs_queue", AWS, "aws"),
    ("aws_iam_role", AWS, "aws"),
    ("aws_ebs_volume", AWS, "aws.us"),
    ("scaleway_object_bucket", SCALEWAY, "scaleway"),
    ("scaleway_rdb_instance", SCALEWAY, "scaleway"),
    ("azurerm_storage_account", AZURE, "azurerm"),
    ("google_storage_bucket", GOOGLE, "google"),
    ("google_sql_database_instance", GOOGLE, "google"),
)


def tags(number: int, chance: random.Random) -> dict[str, str]:
    """Make the labels of one resource: some unique, some shared, a level on two in three."""
    found = {
        "Name": f"resource-{number}",
        "team": f"team-{number % 40}",
        "environment": ("prod", "staging", "dev")[number % 3],
    }
    if number % 3:
        found["data-classification"] = chance.choice(LEVELS)
    return found


def change(number: int, chance: random.Random) -> dict[str, Any]:
    """Make one entry of `resource_changes`."""
    kind, provider, key = TYPES[number % len(TYPES)]
    module = f'module.team["t{number % 40}"].module.stack' if number % 4 else ""
    labels = tags(number, chance)
    after: dict[str, Any] = {
        "name": f"resource-{number}",
        "deletion_protection": bool(number % 2),
        "timeouts": None,
        "versioning": [{"enabled": True}],
    }
    unknown: dict[str, Any] = {"arn": True, "id": True, "versioning": [{}]}
    sensitive: dict[str, Any] = {"versioning": [{}]}
    if provider == AWS:
        after |= {
            "region": "us-east-1" if key == "aws.us" else "eu-west-3",
            "tags": labels,
            "tags_all": {"owner": "platform", **labels},
        }
        unknown |= {"tags": {}, "tags_all": {}, "hosted_zone_id": True}
        sensitive |= {"tags": {}, "tags_all": {}}
    elif provider == SCALEWAY:
        after |= {"tags": [f"{name}={value}" for name, value in labels.items()], "region": "fr-par"}
        unknown |= {"endpoint": True, "tags": [False] * len(labels)}
    elif provider == AZURE:
        after |= {"location": "westeurope", "tags": labels, "account_tier": "Standard"}
        unknown |= {"primary_access_key": True, "tags": {}}
        sensitive |= {"primary_access_key": True}
    else:
        after |= {
            "location": "europe-west9",
            "labels": labels,
            "effective_labels": labels,
            "region": "europe-west9",
        }
        unknown |= {"self_link": True, "labels": {}, "effective_labels": {}}
    no_op = number % 10 == 7
    address = f"{module}.{kind}.r[{number}]" if module else f"{kind}.r[{number}]"
    entry: dict[str, Any] = {"address": address}
    if module:
        entry["module_address"] = module
    return entry | {
        "mode": "managed",
        "type": kind,
        "name": "r",
        "index": number,
        "provider_name": provider,
        "change": {
            "actions": ["no-op"] if no_op else ["create"],
            "before": after if no_op else None,
            "after": after,
            "after_unknown": {} if no_op else unknown,
            "before_sensitive": sensitive if no_op else False,
            "after_sensitive": sensitive,
        },
    }


def configuration() -> dict[str, Any]:
    """Return the configuration that has these resources: two module levels, an alias, default tags."""
    blocks = [
        {
            "address": f"{kind}.r",
            "mode": "managed",
            "type": kind,
            "name": "r",
            "provider_config_key": key,
            "expressions": {"tags": {"references": ["var.tags", "count.index"]}},
            "schema_version": 0,
            "count_expression": {"references": ["var.number"]},
        }
        for kind, _provider, key in TYPES
    ]
    expressions = {"region": {"constant_value": "eu-west-3"}}
    default_tags = [{"tags": {"constant_value": {"owner": "platform"}}}]
    return {
        "provider_config": {
            "aws": {
                "name": "aws",
                "full_name": AWS,
                "expressions": {**expressions, "default_tags": default_tags},
            },
            "aws.us": {
                "name": "aws",
                "full_name": AWS,
                "alias": "us",
                "expressions": {"region": {"constant_value": "us-east-1"}, "default_tags": default_tags},
            },
            "scaleway": {"name": "scaleway", "full_name": SCALEWAY},
            "azurerm": {"name": "azurerm", "full_name": AZURE, "expressions": {"features": [{}]}},
            "google": {"name": "google", "full_name": GOOGLE},
        },
        "root_module": {
            "resources": blocks,
            "module_calls": {
                "team": {
                    "source": "./team",
                    "for_each_expression": {"references": ["var.teams"]},
                    "module": {
                        "module_calls": {"stack": {"source": "./stack", "module": {"resources": blocks}}}
                    },
                }
            },
        },
    }


def planned(entry: dict[str, Any]) -> dict[str, Any]:
    """Return a resource as it stands under `planned_values`."""
    kept = {name: entry[name] for name in ("address", "mode", "type", "name", "index", "provider_name")}
    made = entry["change"]
    return kept | {"schema_version": 0, "values": made["after"], "sensitive_values": made["after_sensitive"]}


def pieces(number: int, seed: int = 1) -> Iterator[str]:
    """Give a plan of so many resources as JSON text, piece by piece, on one line as Terraform prints it."""
    yield '{"format_version":"1.2","terraform_version":"1.11.4",'
    yield '"planned_values":{"root_module":{"resources":['
    yield from _joined(number, seed, planned)
    yield ']}},"resource_changes":['
    yield from _joined(number, seed, lambda entry: entry)
    yield '],"configuration":' + json.dumps(configuration(), separators=(",", ":"))
    yield ',"timestamp":"2026-11-24T00:00:00Z","applyable":true,"complete":true,"errored":false}\n'


def _joined(number: int, seed: int, shape: Callable[[dict[str, Any]], dict[str, Any]]) -> Iterator[str]:
    chance = random.Random(seed)
    for index in range(number):
        text = json.dumps(shape(change(index, chance)), separators=(",", ":"))
        yield text if index == 0 else f",{text}"


def write_plan(path: Path, number: int) -> None:
    """Write a plan of so many resources."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(pieces(number))


if __name__ == "__main__":
    write_plan(Path(sys.argv[1]), int(sys.argv[2]))
