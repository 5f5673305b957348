"""A state, as `terraform show -json` prints it or as the raw file of version 4 -> Inventory.

A state shows no provider configuration, so what depends on one (a custom endpoint) is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from sovereign_guard.errors import InputError
from sovereign_guard.language import later, say
from sovereign_guard.model.address import instance_address
from sovereign_guard.model.resource import (
    Attributes,
    Change,
    Family,
    InputKind,
    Inventory,
    ProviderConfiguration,
    Resource,
    UnknownAttributes,
)
from sovereign_guard.model.value import Reason
from sovereign_guard.read.configuration import MAX_MODULE_DEPTH, Families, no_configuration
from sovereign_guard.read.content import Content
from sovereign_guard.read.lens import PlanAttributes
from sovereign_guard.read.wire import NOTHING, DocumentWire, InstanceWire, StateModuleWire

STATE_VERSION = 4
"""The raw state format since Terraform 0.12."""

IN_A_STATE = later("a state shows none")

_PROVIDER = re.compile(
    r'(?:.*\.)?provider(?:\["(?P<address>[^"]+)"\]|\.(?P<name>[A-Za-z0-9_-]+))(?:\.[A-Za-z0-9_-]+)?'
)


class _Families:
    """Families of resources whose provider configuration is not shown."""

    def __init__(self) -> None:
        self._configurations: dict[str, tuple[ProviderConfiguration, ...]] = {}
        self._families = Families()

    def of(self, mode: str, resource_type: str, provider: str) -> Family:
        if provider not in self._configurations:
            self._configurations[provider] = (no_configuration(provider, say(IN_A_STATE)),)
        return self._families.of(mode, resource_type, provider, self._configurations[provider])


def read_shown_state(content: Content, document: DocumentWire) -> Inventory:
    """Build the inventory of a decoded `terraform show -json` of a state."""
    families = _Families()
    root = document.values.root_module if document.values else None
    resources = tuple(_shown(root, families, 0)) if root else ()
    return _inventory(content, document, resources)


def read_raw_state(content: Content, document: DocumentWire) -> Inventory:
    """Build the inventory of a decoded state file.

    Raises:
        InputError: it is of another version than 4.

    """
    if document.version != STATE_VERSION:
        raise InputError(
            say(
                "this state file is of version {version}; version {ours} is read.",
                version=document.version,
                ours=STATE_VERSION,
            ),
            hint=say("Run: terraform show -json > state.json, with a Terraform that can upgrade it."),
            file=content.path,
        )
    families = _Families()
    resources: list[Resource] = []
    for wire in document.resources or []:
        match = _PROVIDER.fullmatch(wire.provider)
        provider = (match["address"] or match["name"]) if match else wire.provider
        for instance in wire.instances:
            key = instance.index_key if isinstance(instance.index_key, (int, str)) else None
            # The flat attributes of Terraform 0.11 are not read: nothing is known of such an instance.
            attributes = _told(instance.attributes, _sensitive_mask(instance))
            resources.append(
                Resource(
                    address=instance_address(wire.module, wire.mode, wire.type, wire.name, key),
                    module=wire.module,
                    index=key,
                    family=families.of(wire.mode, wire.type, provider),
                    change=Change.NO_OP if instance.deposed is None else Change.DELETE,
                    after=attributes,
                    before=attributes,
                    block=None,
                    deposed=instance.deposed,
                )
            )
    return _inventory(content, document, tuple(resources))


def _shown(module: StateModuleWire, families: _Families, depth: int) -> Iterator[Resource]:
    if depth > MAX_MODULE_DEPTH:
        raise InputError(
            say("modules are nested more than {most} deep.", most=MAX_MODULE_DEPTH),
            hint=say("Is this state genuine?"),
        )
    for wire in module.resources:
        attributes = _told(wire.values, wire.sensitive_values)
        yield Resource(
            address=wire.address,
            module=module.address,
            index=wire.index if isinstance(wire.index, (int, str)) else None,
            family=families.of(wire.mode, wire.type, wire.provider_name or ""),
            change=Change.NO_OP if wire.deposed_key is None else Change.DELETE,
            after=attributes,
            before=attributes,
            block=None,
            deposed=wire.deposed_key,
        )
    for child in module.child_modules:
        yield from _shown(child, families, depth + 1)


def _told(values: msgspec.Raw, sensitive: msgspec.Raw) -> Attributes:
    """Return the attributes that a state shows; where it shows none, none is known."""
    if len(values) <= len("null") and bytes(values) in (b"", b"null"):
        return UnknownAttributes(Reason.NOT_SHOWN)
    return PlanAttributes(values, NOTHING, sensitive)


def _sensitive_mask(instance: InstanceWire) -> msgspec.Raw:
    """Mark a whole top-level attribute where the state marks anything below it."""
    names: dict[str, bool] = {}
    for path in instance.sensitive_attributes or ():
        first: Any = path[0] if isinstance(path, list) and path else path
        if isinstance(first, dict) and isinstance(first.get("value"), str):
            names[first["value"]] = True
    return msgspec.Raw(msgspec.json.encode(names)) if names else NOTHING


def _inventory(content: Content, document: DocumentWire, resources: tuple[Resource, ...]) -> Inventory:
    return Inventory(
        id=content.path,
        path=content.path,
        kind=InputKind.STATE,
        sha256=content.sha256,
        resources=resources,
        blocks={},
        terraform_version=document.terraform_version or "",
    )
