"""Makes plans of buckets that pass data on to one another, for measuring; or the same buckets without that.

Each bucket replicates to two others and writes its logs to a third, by their names. Most of these have the
same labels, as where each team keeps to its own; one in two hundred leads elsewhere.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

AWS = "registry.terraform.io/hashicorp/aws"
LEVELS = ("public", "internal", "confidential", "restricted", "")
STEPS = (15, 30, 45)
"""Distances to the buckets that one passes data on to: multiples of what the labels repeat after."""


def change(number: int, size: int, *, edges: bool) -> dict[str, Any]:
    """Make one entry of `resource_changes`."""
    level = LEVELS[number % len(LEVELS)]
    labels = {"Name": f"bucket-{number}", "team": f"team-{number % 3}"}
    if level:
        labels["data-classification"] = level
    after: dict[str, Any] = {
        "bucket": f"bucket-{number}",
        "force_destroy": False,
        "region": "eu-west-3",
        "tags": labels,
        "tags_all": labels,
        "timeouts": None,
    }
    named = ("logging", "replication_configuration")
    if not edges:
        named = ("l0gging", "replication_c0nfiguration")
    if size:
        astray = number % 200 == 0
        one, two, three = (f"arn:aws:s3:::bucket-{(number + step + astray) % size}" for step in STEPS)
        after |= {
            named[0]: [{"target_bucket": three.rpartition(":")[2], "target_prefix": "log/"}],
            named[1]: [
                {
                    "role": "arn:aws:iam::123456789012:role/replication",
                    "rules": [
                        {"id": "one", "status": "Enabled", "destination": [{"bucket": one}]},
                        {"id": "two", "status": "Enabled", "destination": [{"bucket": two}]},
                    ],
                }
            ],
        }
    after |= {"id": f"bucket-{number}", "arn": f"arn:aws:s3:::bucket-{number}"}
    return {
        "address": f"aws_s3_bucket.b[{number}]",
        "mode": "managed",
        "type": "aws_s3_bucket",
        "name": "b",
        "index": number,
        "provider_name": AWS,
        "change": {
            "actions": ["no-op"],
            "before": after,
            "after": after,
            "after_unknown": {},
            "before_sensitive": {"tags": {}},
            "after_sensitive": {"tags": {}},
        },
    }


def configuration() -> dict[str, Any]:
    """Return the configuration that has these resources."""
    names = {"references": ["local.buckets", "count.index"]}
    block = {
        "address": "aws_s3_bucket.b",
        "mode": "managed",
        "type": "aws_s3_bucket",
        "name": "b",
        "provider_config_key": "aws",
        "expressions": {"bucket": names, "tags": names, "logging": [{"target_bucket": names}]},
        "schema_version": 0,
        "count_expression": {"references": ["local.buckets"]},
    }
    return {
        "provider_config": {
            "aws": {
                "name": "aws",
                "full_name": AWS,
                "expressions": {"region": {"constant_value": "eu-west-3"}},
            }
        },
        "root_module": {"resources": [block]},
    }


def pieces(size: int, *, edges: bool) -> Iterator[str]:
    """Give a plan of so many buckets as JSON text, on one line as Terraform prints it."""
    yield '{"format_version":"1.2","terraform_version":"1.11.4","resource_changes":['
    for number in range(size):
        text = json.dumps(change(number, size, edges=edges), separators=(",", ":"))
        yield text if number == 0 else f",{text}"
    yield '],"configuration":' + json.dumps(configuration(), separators=(",", ":"))
    yield ',"timestamp":"2026-11-24T00:00:00Z","applyable":true,"complete":true,"errored":false}\n'


if __name__ == "__main__":
    with Path(sys.argv[1]).open("w", encoding="utf-8") as file:
        file.writelines(pieces(int(sys.argv[2]), edges=sys.argv[3] == "edges"))
