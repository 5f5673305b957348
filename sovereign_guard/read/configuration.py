"""A plan's `configuration`: provider configurations, blocks, and which configuration each block uses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from sovereign_guard.errors import InputError
from sovereign_guard.model.address import block_key
from sovereign_guard.model.resource import Block, Family, ProviderConfiguration, TreeAttributes
from sovereign_guard.model.value import Reason, Tree, Unknown
from sovereign_guard.read.references import Module, References, json_object
from sovereign_guard.read.wire import BlockWire, ConfigurationWire, ModuleWire, ProviderConfigWire

_MAX_MODULE_DEPTH = 100


class BlockExpressions:
    """A block's expressions, evaluated when somebody asks."""

    def __init__(self, wire: BlockWire, module: Module, references: References) -> None:
        self._wire = wire
        self._module = module
        self._references = references
        self._tree: dict[str, Tree] | None = None

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

    def feeds(self, attribute: str) -> tuple[str, ...]:
        """Return keys of the blocks that an attribute's expression refers to."""
        return tuple(_feeds(self._all().get(attribute)))


def _feeds(tree: Tree) -> Iterator[str]:
    if isinstance(tree, Unknown):
        yield from tree.feeds
    elif isinstance(tree, dict):
        for part in tree.values():
            yield from _feeds(part)
    elif isinstance(tree, list):
        for part in tree:
            yield from _feeds(part)


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
                )

    def _add(self, module: Module, depth: int) -> None:
        if depth > _MAX_MODULE_DEPTH:
            raise InputError(
                f"modules are nested more than {_MAX_MODULE_DEPTH} deep.", hint="Is this plan genuine?"
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
        key = block.provider_config_key
        local = key.rpartition(":")[2].removeprefix("provider.")
        aliased = "." in local
        for candidate in (key, f"{module.path}:{local}" if module.path else local):
            if candidate in self._wires and not self._may_be_passed(self._wires[candidate]):
                return (self._configuration(candidate),)
        name = local.partition(".")[0] or block.type.partition("_")[0]
        above = module.ancestors()
        inherited = next(
            (
                k
                for k in (_scoped(m, name) for m in above)
                if k in self._wires and not self._may_be_passed(self._wires[k])
            ),
            None,
        )
        if self._resolves_passing and not aliased:
            # Since Terraform 1.1 the key names the configuration in the end used, so an absent one is implied.
            return (self._configuration(inherited) if inherited else self._implied(name),)
        if module.parent is None and not aliased:
            return (self._implied(name),)
        # An older plan does not say which configuration was passed to the module: it may be any of them.
        paths = {m.path for m in above}
        possible = [
            k
            for k, wire in self._wires.items()
            if wire.name == name and wire.module_address in paths and not self._may_be_passed(wire)
        ]
        found = [self._configuration(k) for k in possible]
        if not inherited and (not aliased or not found):
            found.insert(0, self._implied(name))
        return tuple(found)

    def _may_be_passed(self, wire: ProviderConfigWire) -> bool:
        """Whether an entry of an old plan is a mere stand-in for a configuration passed from above."""
        return bool(wire.module_address) and not self._resolves_passing and len(wire.expressions) <= 2

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

    def _implied(self, name: str) -> ProviderConfiguration:
        if name not in self._found:
            self._found[name] = ProviderConfiguration(name, "", {})
        return self._found[name]


def no_configuration(provider: str, reason: str) -> ProviderConfiguration:
    """Return the configuration of which the input shows nothing."""
    return ProviderConfiguration("", provider, {}, Unknown(Reason.NO_CONFIGURATION, detail=reason))


def root_values(values: dict[str, Any]) -> dict[str, Any]:
    """Decode the root module's variable values."""
    return {name: msgspec.json.decode(wire.value) for name, wire in values.items() if len(wire.value)}


def _scoped(module: Module, name: str) -> str:
    return f"{module.path}:{name}" if module.path else name


def _at_least(version: str, wanted: tuple[int, int]) -> bool:
    numbers = version.split("-")[0].split(".")
    if len(numbers) < 2 or not all(part.isdecimal() for part in numbers[:2]):
        return True  # Not stated: plans in use today are newer.
    return (int(numbers[0]), int(numbers[1])) >= wanted
