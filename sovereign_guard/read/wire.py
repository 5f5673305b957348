"""The parts of Terraform's JSON that are decoded; all else is skipped without being built.

Shapes: https://developer.hashicorp.com/terraform/internals/json-format (formats 0.x and 1.x), and the state
file's version 4. Fields are lenient where old versions and hand-made files differ.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw, field

NOTHING = Raw(b"")


class ChangeWire(msgspec.Struct, gc=False):
    """What happens to one resource."""

    actions: tuple[str, ...] | None = None
    before: Raw = NOTHING
    after: Raw = NOTHING
    after_unknown: Raw = NOTHING
    before_sensitive: Raw = NOTHING
    after_sensitive: Raw = NOTHING
    importing: Raw = NOTHING


class ResourceChangeWire(msgspec.Struct, gc=False):
    """One entry of `resource_changes`."""

    address: str
    change: ChangeWire
    mode: str = "managed"
    type: str = ""
    name: str = ""
    index: Any = None
    module_address: str | None = None
    provider_name: str | None = None
    deposed: str | bool | None = None
    previous_address: str | None = None


class DeferredWire(msgspec.Struct, gc=False):
    """One entry of `deferred_changes`."""

    resource_change: ResourceChangeWire | None = None


class ProviderConfigWire(msgspec.Struct):
    """One entry of `configuration.provider_config`."""

    name: str = ""
    full_name: str = ""
    alias: str = ""
    module_address: str = ""
    expressions: Raw = NOTHING


class BlockWire(msgspec.Struct, gc=False):
    """A resource or data block of the configuration; `connection` blocks are not shown."""

    mode: str = "managed"
    type: str = ""
    name: str = ""
    provider_config_key: str = ""
    expressions: Raw = NOTHING
    provisioners: Raw = NOTHING


class CallWire(msgspec.Struct):
    """A module call."""

    module: ModuleWire | None = None
    expressions: Raw = NOTHING
    for_each_expression: Raw = NOTHING
    count_expression: Raw = NOTHING

    @property
    def repeats(self) -> bool:
        """Whether there may be several instances of the module."""
        return bool(len(self.for_each_expression) or len(self.count_expression))


class OutputWire(msgspec.Struct):
    """An output of a module."""

    expression: Raw = NOTHING


class VariableWire(msgspec.Struct):
    """A declared variable."""

    default: Raw = NOTHING
    sensitive: bool = False


class ModuleWire(msgspec.Struct):
    """A module of the configuration."""

    resources: list[BlockWire] = []
    module_calls: dict[str, CallWire] | list[CallWire] = {}
    outputs: dict[str, OutputWire] = {}
    variables: dict[str, VariableWire] = {}


class ConfigurationWire(msgspec.Struct):
    """The configuration that was planned."""

    provider_config: dict[str, ProviderConfigWire] = {}
    root_module: ModuleWire | None = None


class ValueWire(msgspec.Struct):
    """A root variable's value."""

    value: Raw = NOTHING


class StateResourceWire(msgspec.Struct, gc=False):
    """A resource of `values` (terraform show -json of a state)."""

    address: str
    mode: str = "managed"
    type: str = ""
    index: Any = None
    provider_name: str | None = None
    values: Raw = NOTHING
    sensitive_values: Raw = NOTHING
    deposed_key: str | None = None


class StateModuleWire(msgspec.Struct):
    """A module of `values`."""

    address: str = ""
    resources: list[StateResourceWire] = []
    child_modules: list[StateModuleWire] = []


class ValuesWire(msgspec.Struct):
    """`values` of a state, or `planned_values` of a plan."""

    root_module: StateModuleWire | None = None


class InstanceWire(msgspec.Struct, gc=False):
    """An instance in a raw state file."""

    index_key: Any = None
    deposed: str | None = None
    attributes: Raw = NOTHING
    sensitive_attributes: list[Any] | None = None


class RawResourceWire(msgspec.Struct, gc=False):
    """A resource in a raw state file."""

    mode: str = "managed"
    type: str = ""
    name: str = ""
    module: str = ""
    provider: str = ""
    instances: list[InstanceWire] = []


class DocumentWire(msgspec.Struct):
    """Any JSON that Terraform or OpenTofu writes about resources: which kind it is shows in what is there."""

    format_version: str | None = None
    terraform_version: str | None = None
    errored: bool = False
    complete: bool | None = None
    variables: dict[str, ValueWire] | None = None
    resource_changes: list[ResourceChangeWire] | None = None
    deferred_changes: list[DeferredWire] | None = None
    configuration: ConfigurationWire | None = None
    planned_values: Raw = NOTHING
    values: ValuesWire | None = None
    version: int | None = None
    lineage: str | None = None
    resources: list[RawResourceWire] | None = None
    log_level: str | None = field(name="@level", default=None)
