"""A plan and the source that it was made from: positions, directives, and what a plan hides.

A plan shows an expression that is not a constant only as the list of what it refers to, blocks that `dynamic`
makes not at all, and nothing of where the state is kept. With the source at hand the expressions of provider
configurations are evaluated, given the plan's own variable values, and backends are read. The source is used
only where it is that of the plan: it declares the same blocks, and says the same wherever the plan shows a
constant.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import msgspec

from sovereign_guard.catalog import Catalog
from sovereign_guard.errors import UsageError
from sovereign_guard.language import say
from sovereign_guard.model.finding import InputProblem
from sovereign_guard.model.resource import Family, Inventory, LinkSource, ProviderConfiguration, Resource
from sovereign_guard.model.value import Reason, Reference, Tree, Unknown, plain
from sovereign_guard.read.options import SourceOptions

if TYPE_CHECKING:
    from sovereign_guard.read.hcl.project.inventory import Declaration, Declarations
    from sovereign_guard.read.hcl.project.providers import WrittenConfiguration

_SOURCE = (".tf", ".tf.json", ".tofu", ".tofu.json")


def with_source(
    inventory: Inventory, variables: dict[str, Any], options: SourceOptions, catalog: Catalog
) -> tuple[Inventory, list[InputProblem]]:
    """Return a plan's inventory with what its source adds; as it is where no source is found to be its own.

    Args:
        inventory: of the plan. variables: values of its root module variables. options: where the source is.

    Raises:
        UsageError: the folder that was named holds no source.

    """
    folder = "." if options.beside is None else options.beside
    if not folder:
        return inventory, []
    try:
        found = any(name.endswith(_SOURCE) for name in os.listdir(folder))  # noqa: PTH208 - names alone
    except OSError:
        found = False
    if not found:
        if options.beside is None:
            return inventory, []
        raise UsageError(say("--source {folder}: no Terraform or OpenTofu source lies there.", folder=folder))
    from sovereign_guard.read.hcl import source_of_plan

    ours = _is_terraforms(inventory)
    declared, configurations, backends, problems = source_of_plan(
        folder, variables, options, catalog, tofu=not ours
    )
    why_not = _mismatch(inventory, declared, configurations)
    if not why_not:
        joined = _joined(inventory, declared, configurations)
        return msgspec.structs.replace(joined, backends=backends), problems
    if options.beside is None and declared.blocks.keys().isdisjoint(inventory.blocks):
        return inventory, []  # Another project's.
    warning = say(
        "{path}: the source in {folder} is not used: {why}.", path=inventory.path, folder=folder, why=why_not
    )
    return msgspec.structs.replace(inventory, warnings=(*inventory.warnings, warning)), []


def _is_terraforms(inventory: Inventory) -> bool:
    """Whether Terraform made a plan, which reads no `.tofu` files: its providers are of its registry."""
    return any(resource.provider.startswith("registry.terraform.io/") for resource in inventory.resources)


def _mismatch(
    inventory: Inventory, declared: Declarations, configurations: dict[str, WrittenConfiguration]
) -> str:
    """Return why the source is not that of the plan, empty where it may well be."""
    if not inventory.blocks:
        return say("the plan shows no configuration to compare it with")
    # What lies in a module that is not on disk cannot be compared.
    absent = tuple(f"{path}." for path in declared.absent)
    missing = [
        key for key in sorted(inventory.blocks.keys() - declared.blocks.keys()) if not key.startswith(absent)
    ]
    if missing:
        return say("it does not declare {block}, as the plan does", block=missing[0])
    beyond = sorted(declared.blocks.keys() - inventory.blocks.keys())
    if beyond:
        return say("it declares {block}, which the plan does not know", block=beyond[0])
    for configuration in _configurations(inventory):
        other = configurations.get(configuration.key)
        if other is not None and _differs(configuration.settings, other):
            return say("provider {key} is configured otherwise in the plan", key=configuration.key)
    return ""


def _configurations(inventory: Inventory) -> list[ProviderConfiguration]:
    families = {id(resource.family): resource.family for resource in inventory.resources}
    every = [one for family in families.values() for one in family.configurations]
    return list({id(one): one for one in every}.values())


def _differs(shown: dict[str, Tree], written: WrittenConfiguration) -> bool:
    """Whether source says another thing than a plan, or sets what the plan does not show.

    A plan hides values, but of what is set nothing save what `dynamic` makes.
    """
    return any(
        value is not None
        and (
            _contradicts(shown[name], value, more=name in written.dynamic)
            if name in shown
            else name not in written.dynamic
        )
        for name, value in written.settings.items()
    )


def _contradicts(shown: Tree, written: Tree, *, more: bool) -> bool:
    """Whether source says another thing than a plan where both are known; `more`: it may say more."""
    shown, written = plain(shown), plain(written)
    if isinstance(shown, Unknown) or isinstance(written, Unknown) or shown is None:
        return False
    if isinstance(shown, dict) and isinstance(written, dict):
        if not more and any(value is not None and name not in shown for name, value in written.items()):
            return True
        return any(
            name in written and _contradicts(part, written[name], more=more) for name, part in shown.items()
        )
    if isinstance(shown, list) and isinstance(written, list):
        if len(shown) != len(written):
            return not more
        return any(_contradicts(part, other, more=more) for part, other in zip(shown, written, strict=True))
    if isinstance(shown, dict | list) or isinstance(written, dict | list):
        return isinstance(shown, dict | list) and isinstance(written, dict | list) is False
    return str(shown) != str(written)


def _joined(
    inventory: Inventory, declared: Declarations, configurations: dict[str, WrittenConfiguration]
) -> Inventory:
    known: dict[ProviderConfiguration, ProviderConfiguration] = {}
    families: dict[Family, Family] = {}

    def family_of(family: Family) -> Family:
        if family not in families:
            used = []
            for one in family.configurations:
                if one not in known:
                    other = configurations.get(one.key)
                    known[one] = one if other is None else _filled(one, other)
                used.append(known[one])
            families[family] = Family(family.mode, family.type, family.provider, tuple(used))
        return families[family]

    blocks = {
        key: msgspec.structs.replace(
            block, family=family_of(block.family), links=_with_source(block.links, declared.blocks.get(key))
        )
        for key, block in inventory.blocks.items()
    }
    histories = declared.moves.histories(resource.address for resource in inventory.resources)
    resources: list[Resource] = []
    for resource in inventory.resources:
        place = declared.blocks.get(resource.block.key) if resource.block is not None else None
        changed: dict[str, Any] = {"family": family_of(resource.family)}
        if resource.block is not None:
            changed["block"] = blocks.get(resource.block.key, resource.block)
        earlier = histories.get(resource.address)
        if earlier:
            # What the plan carries out now is the latest of the renames that the source remembers.
            changed["renamed_from"] = tuple(dict.fromkeys((*resource.renamed_from, *earlier)))
        if place is not None:
            changed |= {
                "file": place.file,
                "line": place.line,
                "column": place.column,
                "directives": place.directives,
            }
        resources.append(msgspec.structs.replace(resource, **changed))
    return msgspec.structs.replace(inventory, resources=tuple(resources), blocks=blocks)


class _Links:
    """A block's links as the plan shows them; where it shows none (a local hides them), those of source."""

    __slots__ = ("_shown", "_written")

    def __init__(self, shown: LinkSource, written: Declaration) -> None:
        self._shown = shown
        self._written = written

    def feeds(self, attribute: str) -> tuple[Reference, ...]:
        """Return references to blocks."""
        return self._shown.feeds(attribute) or self._written.feeds(attribute)

    def leads_elsewhere(self, attribute: str) -> bool:
        """Whether the value may come from something beside those blocks."""
        return self._shown.leads_elsewhere(attribute)


def _with_source(shown: LinkSource, written: Declaration | None) -> LinkSource:
    return shown if written is None else _Links(shown, written)


def _filled(shown: ProviderConfiguration, written: WrittenConfiguration) -> ProviderConfiguration:
    """Return a plan's provider configuration with what it hides put in from the source."""
    if shown.unknown is not None:
        return shown
    settings = dict(shown.settings)
    for name, value in written.settings.items():
        settings[name] = _merged(settings[name], value) if name in settings else value
    return ProviderConfiguration(shown.key, shown.provider, settings)


def _merged(shown: Tree, written: Tree) -> Tree:
    if isinstance(shown, Unknown):
        hidden = shown.reason in (Reason.NOT_SHOWN, Reason.UNSUPPORTED)
        return written if hidden and not isinstance(written, Unknown) else shown
    if isinstance(shown, dict) and isinstance(written, dict):
        both = {name: _merged(part, written[name]) for name, part in shown.items() if name in written}
        return {**shown, **written, **both}
    if isinstance(shown, list) and isinstance(written, list):
        if len(shown) != len(written):
            return written
        return [_merged(part, other) for part, other in zip(shown, written, strict=True)]
    return shown
