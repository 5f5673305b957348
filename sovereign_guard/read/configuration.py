"""A plan's `configuration`: provider configurations, blocks, and which configuration each block uses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from sovereign_guard.errors import InputError
from sovereign_guard.language import say
from sovereign_guard.model.address import block_key
from sovereign_guard.model.resource import Block, Family, ProviderConfiguration, TreeAttributes
from sovereign_guard.model.value import Reason, Reference, Tree, Unknown
from sovereign_guard.read.references import Module, References, json_object
from sovereign_guard.read.wire import BlockWire, ConfigurationWire, ModuleWire, ProviderConfigWire

MAX_MODULE_DEPTH = 100
_PROVISIONER = "provisioner"


class BlockExpressions:
    """A block's expressions, evaluated when somebody asks."""

    def __init__(self, wire: BlockWire, module: Module, references: References) -> None:
        self._wire = wire
        self._module = module
        self._references = references
        self._tree: dict[str, Tree] | None = None
        self._provisioners: Tree = None

    def _all(self) -> dict[str, Tree]:
        if self._tree is None:
            expressions = json_object(self._wire.expressions)
            self._tree = {
                name: self._references.tree(part, self._module, name) for name, part in expressions.items()
            }
        return self._tree

    def select(self, names: tuple[str, ...]) -> tuple[Tree, ...]:
        """Return the values of these attributes as far as the configuration shows them."""
        return TreeAttributes(self._all()).select(names)

    def feeds(self, attribute: str) -> tuple[Reference, ...]:
        """Return what of the blocks an attribute's expression refers to."""
        return tuple(dict.fromkeys(one for found in self._unknowns(attribute) for one in found.feeds))

    def leads_elsewhere(self, attribute: str) -> bool:
        """Whether the expression refers to something beside those blocks, so its value may be another."""
        return any(not found.only_feeds for found in self._unknowns(attribute))

    def _unknowns(self, attribute: str) -> list[Unknown]:
        tree = self._of_provisioners() if attribute == _PROVISIONER else self._all().get(attribute)
        return list(_unknowns(tree))

    def _of_provisioners(self) -> Tree:
        """Return what provisioners are given, in which `self` stands for the block."""
        if self._provisioners is None:
            itself = f"{self._wire.type}.{self._wire.name}"
            self._provisioners = [
                {
                    name: self._references.tree(_without_self(part, itself), self._module, name)
                    for name, part in expressions.items()
                }
                for expressions in _provisioners(self._wire)
            ]
        return self._provisioners


def _provisioners(wire: BlockWire) -> list[dict[str, Any]]:
    """Return the expressions of each provisioner of a block."""
    found = msgspec.json.decode(wire.provisioners) if len(wire.provisioners) else None
    every = [one.get("expressions") for one in found or () if isinstance(one, dict)]
    return [one for one in every if isinstance(one, dict)]


def _without_self(expression: Any, itself: str) -> Any:
    """Return an expression whose references to `self` name the block."""
    if isinstance(expression, list):
        return [_without_self(part, itself) for part in expression]
    if not isinstance(expression, dict):
        return expression
    return {
        name: [
            itself + one[len("self") :]
            if isinstance(one, str) and (one == "self" or one.startswith(("self.", "self[")))
            else one
            for one in part
        ]
        if name == "references" and isinstance(part, list)
        else _without_self(part, itself)
        for name, part in expression.items()
    }


def _unknowns(tree: Tree) -> Iterator[Unknown]:
    if isinstance(tree, Unknown):
        yield tree
    elif isinstance(tree, dict | list):
        for part in tree.values() if isinstance(tree, dict) else tree:
            yield from _unknowns(part)


class Families:
    """Makes each family once."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str, tuple[ProviderConfiguration, ...]], Family] = {}

    def of(
        self, mode: str, resource_type: str, provider: str, configurations: tuple[ProviderConfiguration, ...]
    ) -> Family:
        """Return the family of these."""
        key = (mode, resource_type, provider, configurations)
        if key not in self._found:
            self._found[key] = Family(*key)
        return self._found[key]


class Configurations:
    """Everything that the configuration part of a plan tells, by key."""

    def __init__(self, wire: ConfigurationWire, variables: dict[str, Any], terraform_version: str) -> None:
        root_wire = wire.root_module or ModuleWire()
        self._wires = wire.provider_config
        self._resolves_passing = _at_least(terraform_version, (1, 1))
        hidden = {name for name, variable in root_wire.variables.items() if variable.sensitive}
        self._references = References(
            {name: value for name, value in variables.items() if name not in hidden}
        )
        self._modules: dict[str, Module] = {}
        self._found: dict[str, ProviderConfiguration] = {}
        self._families = Families()
        self.blocks: dict[str, Block] = {}
        self._root = Module("", root_wire, None, None)
        self._add(self._root, 0)
        # Blocks come last: their provider configurations may refer to any module.
        for module in list(self._modules.values()):
            for block in module.wire.resources:
                key = block_key(module.path, block.mode, block.type, block.name)
                expressions = BlockExpressions(block, module, self._references)
                self.blocks[key] = Block(
                    key=key,
                    family=self._family(block, module),
                    attributes=expressions,
                    links=expressions,
                    provisioned=len(block.provisioners) > len("null"),
                )

    def _add(self, module: Module, depth: int) -> None:
        if depth > MAX_MODULE_DEPTH:
            raise InputError(
                say("modules are nested more than {most} deep.", most=MAX_MODULE_DEPTH),
                hint=say("Is this plan genuine?"),
            )
        self._modules[module.path] = module
        calls = module.wire.module_calls
        # Plans of Terraform 0.12's first betas list their module calls without names.
        named = calls if isinstance(calls, dict) else {f"#{at}": call for at, call in enumerate(calls)}
        for name, call in named.items():
            path = f"{module.path}.module.{name}" if module.path else f"module.{name}"
            child = Module(path, call.module or ModuleWire(), module, call)
            module.children[name] = child
            self._add(child, depth + 1)

    def of_missing_block(self, provider: str, reason: str) -> tuple[ProviderConfiguration, ...]:
        """Return the configurations that a resource without a block may use: all of its provider, if any."""
        keys = [
            key for key, wire in self._wires.items() if provider and provider in (wire.full_name, wire.name)
        ]
        if keys:
            return tuple(self._configuration(key) for key in keys)
        return (no_configuration(provider, reason),)

    def _family(self, block: BlockWire, module: Module) -> Family:
        configurations = self._of_block(block, module)
        return self._families.of(block.mode, block.type, configurations[0].provider, configurations)

    def _of_block(self, block: BlockWire, module: Module) -> tuple[ProviderConfiguration, ...]:
        """Return the configurations that a block may use; one, except where the plan does not tell.

        The key names the configuration in the end used (since Terraform 1.1), or one of the block's module
        that may be a mere stand-in for what was passed to it or what it inherits.
        """
        key = block.provider_config_key
        local = key.rpartition(":")[2].removeprefix("provider.")
        name, _dot, alias = local.partition(".")
        name = name or block.type.partition("_")[0]
        stand_in: ProviderConfigWire | None = None
        for candidate in (key, f"{module.path}:{local}" if module.path else local):
            wire = self._wires.get(candidate)
            if wire is not None:
                if not _stands_in(wire):
                    return (self._configuration(candidate),)
                stand_in = wire
        source = (stand_in.full_name if stand_in else "") or name
        if stand_in is not None and stand_in is self._wires.get(key) and self._resolves_passing:
            return self._own_or_inherited(key, stand_in, module)
        above = {found.path for found in module.ancestors()}
        possible = [
            candidate
            for candidate, wire in self._wires.items()
            if wire.module_address in above
            and not _stands_in(wire)
            and source in (wire.full_name, wire.name, _local_name(candidate))
        ]
        implied = self._implied(name, stand_in.full_name if stand_in else "")
        if not alias and (module.parent is None or (stand_in is None and self._resolves_passing)):
            # Nothing was passed: the nearest default configuration above holds, or the implied one.
            nearest = next((k for m in module.ancestors() if (k := _scoped(m, name)) in possible), None)
            return (self._configuration(nearest) if nearest else implied,)
        if alias and (module.parent is None or not possible):
            return (
                no_configuration(
                    source, say("the plan does not show the provider configuration {key}", key=key)
                ),
            )
        found = [self._configuration(candidate) for candidate in possible]
        if not alias and not any(not self._wires[candidate].alias for candidate in possible):
            found.insert(0, implied)
        return tuple(found) or (implied,)

    def _own_or_inherited(
        self, key: str, wire: ProviderConfigWire, module: Module
    ) -> tuple[ProviderConfiguration, ...]:
        """Return what an entry without arguments may stand for, where Terraform has resolved what is passed.

        An empty block of the module's own; or, where the module calls the provider by another name than those
        above it, what it inherits from them. By the same name Terraform would have named the one above.
        """
        own = self._configuration(key)
        if wire.alias:
            return (own,)
        above = {found.path for found in module.ancestors()[1:]}
        others = {
            candidate: other
            for candidate, other in self._wires.items()
            if other.module_address in above and other.full_name == wire.full_name
        }
        if not others or any(_local_name(candidate) == _local_name(key) for candidate in others):
            return (own,)
        return (*(self._configuration(candidate) for candidate in others), own)

    def _configuration(self, key: str) -> ProviderConfiguration:
        if key not in self._found:
            wire = self._wires[key]
            module = self._modules.get(wire.module_address, self._root)
            settings = {
                name: self._references.tree(part, module, f"provider {key}, {name}")
                for name, part in json_object(wire.expressions).items()
            }
            self._found[key] = ProviderConfiguration(key, wire.full_name or wire.name, settings)
        return self._found[key]

    def _implied(self, name: str, address: str) -> ProviderConfiguration:
        """Return the configuration without arguments that Terraform implies where nobody writes one."""
        key = f"{address or name} (implied)"
        if key not in self._found:
            self._found[key] = ProviderConfiguration(name, address, {})
        return self._found[key]


def no_configuration(provider: str, reason: str) -> ProviderConfiguration:
    """Return the configuration of which the input shows nothing."""
    return ProviderConfiguration("", provider, {}, Unknown(Reason.NO_CONFIGURATION, detail=reason))


def root_values(values: dict[str, Any]) -> dict[str, Any]:
    """Decode the root module's variable values."""
    return {name: msgspec.json.decode(wire.value) for name, wire in values.items() if len(wire.value)}


def _local_name(key: str) -> str:
    return key.rpartition(":")[2].partition(".")[0]


def _stands_in(wire: ProviderConfigWire) -> bool:
    """Whether an entry may stand in for one of another module: it lies in a module and says nothing."""
    return bool(wire.module_address) and len(wire.expressions) <= len("{}")


def _scoped(module: Module, name: str) -> str:
    return f"{module.path}:{name}" if module.path else name


def _at_least(version: str, wanted: tuple[int, int]) -> bool:
    numbers = version.split("-")[0].split(".")
    if len(numbers) < 2 or not all(part.isdecimal() for part in numbers[:2]):
        return True  # Not stated: plans in use today are newer.
    return (int(numbers[0]), int(numbers[1])) >= wanted
