"""A plan (`terraform show -json`, `tofu show -json`) -> Inventory."""

from __future__ import annotations

from collections import Counter

import msgspec

from sovereign_guard.errors import InputError
from sovereign_guard.language import say
from sovereign_guard.model.address import block_key, without_keys
from sovereign_guard.model.finding import InputProblem
from sovereign_guard.model.resource import (
    Attributes,
    Block,
    Change,
    Family,
    InputKind,
    Inventory,
    NoAttributes,
    ProviderConfiguration,
    Resource,
    UnknownAttributes,
)
from sovereign_guard.model.value import Reason
from sovereign_guard.read.configuration import Configurations, Families, no_configuration, root_values
from sovereign_guard.read.content import Content
from sovereign_guard.read.lens import PlanAttributes
from sovereign_guard.read.wire import NOTHING, ChangeWire, DocumentWire, ResourceChangeWire

_CHANGES = {
    ("no-op",): Change.NO_OP,
    ("create",): Change.CREATE,
    ("read",): Change.READ,
    ("update",): Change.UPDATE,
    ("delete", "create"): Change.REPLACE,
    ("create", "delete"): Change.REPLACE,
    ("delete",): Change.DELETE,
    ("forget",): Change.FORGET,
    ("create", "forget"): Change.REPLACE,
    ("forget", "create"): Change.REPLACE,
}

_NO_ATTRIBUTES = NoAttributes()

_CREATE, _DELETE, _FORGET, _REPLACE = Change.CREATE, Change.DELETE, Change.FORGET, Change.REPLACE

_SHORTEST = len("null")
"""Text up to this length holds nothing: it is absent, `null` or an empty object."""

_UNTOLD = UnknownAttributes(Reason.NOT_SHOWN)


def read_plan(content: Content, document: DocumentWire) -> tuple[Inventory, list[InputProblem]]:
    """Build the inventory of a decoded plan, with what is wrong with it as a whole.

    Raises:
        InputError: it lacks what a plan must have.

    """
    path = content.path
    problems: list[InputProblem] = []
    changes = document.resource_changes
    if not changes and not document.deferred_changes and _holds_resources(document):
        raise InputError(
            say(
                "this plan has planned values but no `resource_changes`: it was cut by hand, or made with "
                "-refresh-only."
            ),
            hint=say(
                "Give the whole output of `terraform show -json tfplan`; for what stands, that of "
                "`terraform show -json`."
            ),
            file=path,
        )
    deferred = [entry.resource_change for entry in document.deferred_changes or [] if entry.resource_change]
    warnings: list[str] = []
    if document.errored:
        problems.append(
            InputProblem(
                path,
                say(
                    "this plan ended with errors (`errored`), so it lacks resources that the configuration "
                    "has."
                ),
                say("Mend the plan's errors and scan again; what it does hold is judged below."),
                path,
            )
        )
    if document.complete is False:
        warnings.append(
            say(
                "{path}: this plan is not complete (planned with -target or with deferred actions): "
                "what it leaves out is not judged.",
                path=path,
            )
        )
    if deferred:
        warnings.append(
            say(
                "{path}: {number} change(s) are deferred to a later plan and judged as far as shown.",
                path=path,
                number=len(deferred),
            )
        )
    builder = _Builder(document)
    resources = tuple(builder.resource(wire, problems, path) for wire in (*(changes or ()), *deferred))
    problems.extend(_duplicates(resources, path))
    return (
        Inventory(
            id=path,
            path=path,
            kind=InputKind.PLAN,
            sha256=content.sha256,
            resources=resources,
            blocks=builder.blocks,
            warnings=tuple(warnings),
            complete=document.complete is not False and not document.errored,
            terraform_version=document.terraform_version or "",
        ),
        problems,
    )


class _Builder:
    """Turns entries of `resource_changes` into resources, doing once what many of them share."""

    def __init__(self, document: DocumentWire) -> None:
        configuration = document.configuration
        self._configurations = (
            Configurations(
                configuration, root_values(document.variables or {}), document.terraform_version or ""
            )
            if configuration is not None and configuration.root_module is not None
            else None
        )
        self.blocks: dict[str, Block] = self._configurations.blocks if self._configurations else {}
        self._modules: dict[str, str] = {}
        self._known: dict[tuple[str, str, str, str, str], tuple[Block, Family]] = {}
        self._without_block: dict[tuple[str, str], tuple[ProviderConfiguration, ...]] = {}
        self._families = Families()

    def resource(self, wire: ResourceChangeWire, problems: list[InputProblem], path: str) -> Resource:
        """Build one resource, adding what is wrong with its entry to `problems`."""
        module = wire.module_address or ""
        provider = wire.provider_name or ""
        wire_change = wire.change
        change = _CHANGES.get(wire_change.actions or ())
        if change is None or len(wire_change.importing) > _SHORTEST:
            change = self._change(wire, problems, path)
        # The first betas of Terraform 0.12 wrote a flag where the deposed object's key is now.
        deposed = wire.deposed
        if deposed is not None:
            deposed = deposed if isinstance(deposed, str) else "deposed" if deposed else None
        block, family = self._known.get((module, wire.mode, wire.type, wire.name, provider)) or self._find(
            wire, change
        )
        # Terraform gives a null `before` to what it creates, a null `after` to what it deletes or forgets.
        # What is forgotten stays where it is: it is judged on what stands.
        before = None if change is _CREATE else _before(wire_change)
        after: Attributes
        if change is _FORGET:
            after = before or self._not_told(wire, "before", problems, path)
        elif change is _DELETE or deposed is not None:
            after = before or _NO_ATTRIBUTES
        elif len(wire_change.after) > _SHORTEST or bytes(wire_change.after) == b"{}":
            after = PlanAttributes(wire_change.after, wire_change.after_unknown, wire_change.after_sensitive)
        else:
            after = self._not_told(wire, "after", problems, path)
        index = wire.index if isinstance(wire.index, (int, str)) else None
        behind = change is _REPLACE and "forget" in (wire_change.actions or ())
        made = Resource(wire.address, module, index, family, change, after, before, block, deposed, behind)
        if wire.previous_address and wire.previous_address != wire.address:
            return msgspec.structs.replace(made, renamed_from=(wire.previous_address,))
        return made

    def _not_told(
        self, wire: ResourceChangeWire, side: str, problems: list[InputProblem], path: str
    ) -> Attributes:
        problems.append(
            InputProblem(
                path,
                say(
                    "{address} does not say what it holds: its change has no `{side}`.",
                    address=wire.address,
                    side=side,
                ),
                say("It is judged as not known. Give the output of `terraform show -json` unchanged."),
                path,
            )
        )
        return _UNTOLD

    def _find(self, wire: ResourceChangeWire, change: Change) -> tuple[Block | None, Family]:
        """Return the block of a resource, None where it is not shown, and its family."""
        module = wire.module_address or ""
        provider = wire.provider_name or ""
        bare = self._modules.get(module)
        if bare is None:
            bare = self._modules[module] = without_keys(module)
        block = self.blocks.get(block_key(bare, wire.mode, wire.type, wire.name))
        if block is None:
            return None, self._families.of(wire.mode, wire.type, provider, self._missing(provider, change))
        family = self._families.of(wire.mode, wire.type, provider, block.family.configurations)
        self._known[module, wire.mode, wire.type, wire.name, provider] = block, family
        return block, family

    def _change(self, wire: ResourceChangeWire, problems: list[InputProblem], path: str) -> Change:
        actions = wire.change.actions or ()
        change = _CHANGES.get(actions)
        if change is None:
            named = ", ".join(actions) or say("none")
            problems.append(
                InputProblem(
                    path,
                    say(
                        "{address} has actions that this version does not know: {named}.",
                        address=wire.address,
                        named=named,
                    ),
                    say("It is judged as an update. Please report this plan's Terraform version."),
                    path,
                )
            )
            return Change.UPDATE
        if len(wire.change.importing) > _SHORTEST and change in (
            Change.NO_OP,
            Change.UPDATE,
            Change.CREATE,
        ):
            return Change.IMPORT
        return change

    def _missing(self, provider: str, change: Change) -> tuple[ProviderConfiguration, ...]:
        """Return the configurations that a resource may use whose block is not shown."""
        gone = change in (Change.DELETE, Change.FORGET)
        key = (provider, "gone" if gone else "shown")
        found = self._without_block.get(key)
        if found is None:
            if self._configurations is None:
                found = (no_configuration(provider, say("this plan has no `configuration`")),)
            elif gone:
                found = self._configurations.of_missing_block(
                    provider, say("its block has left the configuration")
                )
            else:
                found = (
                    no_configuration(provider, say("its block is missing from this plan's `configuration`")),
                )
            self._without_block[key] = found
        return found


def _before(change: ChangeWire) -> Attributes | None:
    if len(change.before) <= _SHORTEST:
        return None
    return PlanAttributes(change.before, NOTHING, change.before_sensitive)


def _holds_resources(document: DocumentWire) -> bool:
    return b'"address"' in bytes(document.planned_values)


def with_duplicates(inventory: Inventory) -> tuple[Inventory, list[InputProblem]]:
    """Return an inventory with a problem for each address that stands in it more than once."""
    return inventory, _duplicates(inventory.resources, inventory.path)


def _duplicates(resources: tuple[Resource, ...], path: str) -> list[InputProblem]:
    if len({resource.address for resource in resources}) == len(resources):
        return []
    counts = Counter((resource.address, resource.deposed) for resource in resources)
    return [
        InputProblem(
            path,
            say(
                "{address} stands in this input {number} times.",
                address=f"{address} (deposed {deposed})" if deposed else address,
                number=count,
            ),
            say("Addresses are unique in what Terraform writes: give its output unchanged."),
            path,
        )
        for (address, deposed), count in counts.items()
        if count > 1
    ]
