"""Small helpers that build plans and states in the true shape of `terraform show -json`.

A `Plan` is written as a configuration would be: provider blocks, then resources. What Terraform derives from
these (`planned_values`, `resource_changes`, `configuration`) is derived here in the same way.

>>> plan = Plan().provider("aws", region="eu-west-3").add("aws_s3_bucket.files", tags=SENSITIVE)
>>> [entry["address"] for entry in plan.build()["resource_changes"]]
['aws_s3_bucket.files']
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

JSON = dict[str, Any]

REGISTRY = "registry.terraform.io"

SENSITIVE = {"DataClassification": "sensitive"}
PUBLIC = {"DataClassification": "public"}

SOURCES = {
    "aws": "hashicorp/aws",
    "google": "hashicorp/google",
    "kubernetes": "hashicorp/kubernetes",
    "openstack": "terraform-provider-openstack/openstack",
    "outscale": "outscale/outscale",
    "ovh": "ovh/ovh",
    "scaleway": "scaleway/scaleway",
}

_BLOCKS = frozenset({"endpoints", "default_tags"})
"""Arguments that are blocks: their own arguments are expressions one by one."""


class Refers:
    """An expression that is not a constant: a plan shows only what it refers to."""

    def __init__(self, *references: str) -> None:
        self.references = list(references)


class Plan:
    """A plan that grows by one block at a time. Every method returns the plan itself."""

    def __init__(self) -> None:
        self.head: JSON = {
            "format_version": "1.2",
            "terraform_version": "1.11.4",
            "timestamp": "2026-11-24T07:00:00Z",
            "applyable": True,
            "complete": True,
            "errored": False,
        }
        self.variables: JSON = {}
        self.changes: list[JSON] = []
        self.providers: dict[str, JSON] = {}
        self.root: JSON = {}

    def provider(self, key: str, source: str | None = None, *, module: str = "", **settings: Any) -> Plan:
        """Add a provider block. `key` is `aws`, or `aws.alias`; `source` a full or short source address."""
        name, _, alias = key.partition(".")
        entry: JSON = {"name": name, "full_name": full_name(source or SOURCES.get(name, f"hashicorp/{name}"))}
        if alias:
            entry["alias"] = alias
        if module:
            entry["module_address"] = module
        if settings:
            entry["expressions"] = {
                argument: expression(argument, value) for argument, value in settings.items()
            }
        self.providers[f"{module}:{key}" if module else key] = entry
        return self

    def variable(self, name: str, value: Any, *, sensitive: bool = False) -> Plan:
        """Declare a root variable and give it a value."""
        self.variables[name] = {"value": value}
        self.root.setdefault("variables", {})[name] = {"sensitive": True} if sensitive else {}
        return self

    def call(self, name: str, *, above: str = "", **arguments: Any) -> JSON:
        """Call a module (inside the module `above`), and return the called module for further filling."""
        calls = self.module(above).setdefault("module_calls", {})
        calls[name] = {
            "source": f"./modules/{name}",
            "expressions": {argument: expression(argument, value) for argument, value in arguments.items()},
            "module": {"variables": {argument: {} for argument in arguments}},
        }
        return calls[name]["module"]

    def module(self, path: str) -> JSON:
        """Return the configuration of a module by its address without instance keys."""
        found = self.root
        for name in re.findall(r"module\.([^.\[]+)", path):
            found = found["module_calls"][name]["module"]
        return found

    def add(
        self,
        address: str,
        *,
        provider: str = "",
        source: str | None = None,
        actions: tuple[str, ...] = ("create",),
        before: JSON | None = None,
        unknown: JSON | None = None,
        hidden: JSON | None = None,
        written: JSON | None = None,
        deposed: str | None = None,
        shown: bool = True,
        **after: Any,
    ) -> Plan:
        """Add a resource (or, with `data.` in its address, a data source).

        Args:
            address: with module and instance key, as Terraform prints it.
            provider: configuration key; by default the first word of the type.
            source: provider_name, where it is not the source of that configuration.
            unknown, hidden: masks `after_unknown` and `after_sensitive`.
            written: expressions of the block, by argument; by default the constants of `after`.
            shown: whether the block stands in `configuration`.

        """
        module, mode, kind, name, index = _parts(address)
        local = provider or kind.partition("_")[0]
        entry = next((self.providers[key] for key in self.providers if key.split(":")[-1] == local), None)
        if entry is None:
            entry = self.provider(local).providers[local]
        leaving = actions in (("delete",), ("forget",))
        change: JSON = {
            "address": address,
            **({"module_address": module} if module else {}),
            "mode": mode,
            "type": kind,
            "name": name,
            **({"index": index} if index is not None else {}),
            "provider_name": full_name(source) if source else entry["full_name"],
            **({"deposed": deposed} if deposed else {}),
            "change": {
                "actions": list(actions),
                "before": before,
                "after": None if leaving else after,
                "after_unknown": {} if leaving else unknown or {},
                "before_sensitive": {} if before is not None else False,
                "after_sensitive": False if leaving else hidden or {},
            },
        }
        self.changes.append(change)
        if shown:
            blocks = self.module(module).setdefault("resources", [])
            block_address = f"data.{kind}.{name}" if mode == "data" else f"{kind}.{name}"
            if not any(block["address"] == block_address for block in blocks):
                arguments = written if written is not None else after
                blocks.append(
                    {
                        "address": block_address,
                        "mode": mode,
                        "type": kind,
                        "name": name,
                        "provider_config_key": local,
                        "expressions": {k: expression(k, v) for k, v in arguments.items() if v is not None},
                        "schema_version": 0,
                    }
                )
        return self

    def build(self, **head: Any) -> JSON:
        """Return the plan as JSON; `head` replaces fields of the top level, and a None takes one away."""
        planned = [
            {
                **{key: part for key, part in change.items() if key not in ("change", "module_address")},
                "schema_version": 0,
                "values": change["change"]["after"],
                "sensitive_values": {},
            }
            for change in self.changes
            if change["change"]["after"] is not None and not change.get("deposed")
        ]
        plan: JSON = {
            **self.head,
            **({"variables": self.variables} if self.variables else {}),
            "planned_values": {"root_module": {"resources": planned}},
            "resource_changes": self.changes,
            "configuration": {"provider_config": self.providers, "root_module": self.root},
        }
        whole = {key: part for key, part in {**plan, **head}.items() if part is not None}
        # Through text, so that no two parts of the result are one object.
        return json.loads(json.dumps(whole))

    def write(self, path: Path, **head: Any) -> Path:
        """Write the plan on one line, as Terraform does."""
        path.write_text(json.dumps(self.build(**head)) + "\n")
        return path


def expression(argument: str, value: Any) -> Any:
    """Return what `configuration` shows of an argument."""
    if isinstance(value, Refers):
        return {"references": value.references}
    if argument in _BLOCKS and isinstance(value, dict):
        return [{name: expression("", part) for name, part in value.items()}]
    return {"constant_value": value}


def full_name(source: str) -> str:
    """Return a source address with its host. A bare name (Terraform 0.12) stays as it is."""
    return f"{REGISTRY}/{source}" if source.count("/") == 1 else source


def sensitive_bucket(**settings: Any) -> Plan:
    """Return a plan of one sensitive bucket, `aws_s3_bucket.files`; `settings` are those of provider aws."""
    return Plan().provider("aws", **settings).add("aws_s3_bucket.files", tags=SENSITIVE, tags_all=SENSITIVE)


def at_endpoint(address: Any, region: Any = "fr-par") -> Plan:
    """Return a plan of one sensitive bucket that is reached at this S3 endpoint."""
    return sensitive_bucket(region=region, endpoints={"s3": address})


def shown_state(*resources: JSON, children: tuple[JSON, ...] = ()) -> JSON:
    """Return a state as `terraform show -json` prints it."""
    root: JSON = {"resources": list(resources)}
    if children:
        root["child_modules"] = list(children)
    return {"format_version": "1.0", "terraform_version": "1.11.4", "values": {"root_module": root}}


def state_resource(address: str, source: str = "hashicorp/aws", **values: Any) -> JSON:
    """Return one resource of `shown_state`."""
    _, mode, kind, name, index = _parts(address)
    return {
        "address": address,
        "mode": mode,
        "type": kind,
        "name": name,
        **({"index": index} if index is not None else {}),
        "provider_name": full_name(source),
        "schema_version": 0,
        "values": values,
        "sensitive_values": {},
    }


def raw_state(*resources: JSON, version: int = 4) -> JSON:
    """Return a state file (terraform.tfstate)."""
    return {
        "version": version,
        "terraform_version": "1.11.4",
        "serial": 3,
        "lineage": "5b1d6a2e-0000-4000-8000-000000000000",
        "outputs": {},
        "resources": list(resources),
        "check_results": None,
    }


def raw_resource(
    kind: str, name: str, *instances: JSON, module: str = "", source: str = "hashicorp/aws", alias: str = ""
) -> JSON:
    """Return one resource of `raw_state`; each instance holds at least `attributes`."""
    provider = f'provider["{full_name(source)}"]' + (f".{alias}" if alias else "")
    return {
        **({"module": module} if module else {}),
        "mode": "managed",
        "type": kind,
        "name": name,
        "provider": provider,
        "instances": [
            {"schema_version": 0, "sensitive_attributes": [], **instance} for instance in instances
        ],
    }


def configure(path: Path, **statements: Any) -> Path:
    """Write a configuration or policy file. JSON is YAML too, and here each value has a line of its own."""
    path.write_text(json.dumps(statements, indent=1, ensure_ascii=False))
    return path


def own_cloud(**more: Any) -> JSON:
    """Return a statement that something is the organisation's own cloud."""
    return {
        "id": "our-cloud",
        "name": "Notre nuage",
        "seat": "FR",
        "internal": True,
        "country": "FR",
        "reason": "Run by our own department.",
        **more,
    }


def by_address(report: JSON) -> dict[str, JSON]:
    """Return a report's resources by address (deposed objects as `ADDRESS (deposed KEY)`)."""
    return {
        f"{entry['address']} (deposed {entry['deposed']})" if entry["deposed"] else entry["address"]: entry
        for entry in report["resources"]
    }


def operators(entry: JSON) -> list[str]:
    """Return the ids of a reported resource's operators."""
    return [operator["id"] for operator in entry["operators"]]


def _parts(address: str) -> tuple[str, str, str, str, str | int | None]:
    """Split an address into module, mode, type, name and instance key."""
    module = re.match(r"(?:module\.[\w-]+(?:\[(?:\d+|\"[^\"]*\")\])?\.)*", address)
    rest = address[module.end() :] if module else address
    block, _, index = rest.removeprefix("data.").partition("[")
    kind, name = block.split(".")
    key: str | int | None = json.loads(index.removesuffix("]")) if index else None
    above = module.group().removesuffix(".") if module else ""
    return above, "data" if rest.startswith("data.") else "managed", kind, name, key
