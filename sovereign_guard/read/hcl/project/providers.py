"""Which provider configuration a block uses, and what it says."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from sovereign_guard.language import say
from sovereign_guard.model.resource import ProviderConfiguration
from sovereign_guard.model.value import Reason, Tree, Unknown
from sovereign_guard.read.hcl.language.evaluate import Names
from sovereign_guard.read.hcl.language.types import STRING, convert
from sovereign_guard.read.hcl.language.values import EvaluationError, failed
from sovereign_guard.read.hcl.project.instance import BodyAttributes, ModuleInstance
from sovereign_guard.read.hcl.project.module import provider_reference
from sovereign_guard.read.hcl.project.source import Section
from sovereign_guard.read.hcl.syntax.tree import Expression, ObjectExpression

_NOT_SETTINGS = frozenset({"alias", "version", "for_each"})


class WrittenConfiguration(msgspec.Struct, frozen=True, eq=False):
    """A provider configuration as written: its settings, and names of those that `dynamic` blocks make."""

    key: str
    settings: dict[str, Tree]
    dynamic: frozenset[str]


_Found = tuple[ProviderConfiguration, ...]


class Providers:
    """Finds provider configurations; each is evaluated once."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, str, str], _Found | dict[str, ProviderConfiguration]] = {}

    def of(self, instance: ModuleInstance, section: Section, names: Names) -> tuple[str, _Found]:
        """Return the source address of a block's provider and the configurations that it may use.

        More than one only where the instance key of a configuration is not known.
        """
        local, alias, key = section.labels[0].partition("_")[0], "", None
        argument = section.argument("provider")
        if argument is not None:
            try:
                reference = provider_reference(argument.expression)
            except EvaluationError:
                reference = None
            if reference is None:
                unknown = failed(say("the provider is not named in a way that is understood"), argument.place)
                return "", (ProviderConfiguration("", "", {}, unknown),)
            local, alias, key = reference
        address = instance.module.address_of(local, instance.estate.locked)
        return address, self.configurations(instance, address, local, alias, key, names)

    def written(self, instance: ModuleInstance) -> Iterator[WrittenConfiguration]:
        """Give the configurations that a module itself writes."""
        for (name, alias), section in instance.module.providers.items():
            address = instance.module.address_of(name, instance.estate.locked)
            dynamic = {inner.kind for inner in section.sections() if inner.type == "dynamic"}
            for found in self.configurations(instance, address, name, alias, None, {}):
                yield WrittenConfiguration(found.key, found.settings, frozenset(dynamic))

    def configurations(
        self,
        instance: ModuleInstance,
        address: str,
        local: str,
        alias: str,
        key: Expression | None,
        names: Names,
    ) -> _Found:
        """Return the configurations of a provider that a name may mean in a module instance."""
        cached = (id(instance), address, alias)
        if cached not in self._found:
            self._found[cached] = self._look_up(instance, address, local, alias)
        found = self._found[cached]
        if not isinstance(found, dict):
            return found
        if key is not None:
            try:
                wanted = convert(instance.evaluator.evaluate(key, names), STRING)
            except EvaluationError:
                wanted = None
            if isinstance(wanted, str):
                chosen = found.get(wanted)
                return (chosen,) if chosen is not None else (_absent(f"{local}.{alias}", address),)
        return tuple(found.values()) or (_absent(f"{local}.{alias}", address),)

    def _look_up(
        self, instance: ModuleInstance, address: str, local: str, alias: str
    ) -> _Found | dict[str, ProviderConfiguration]:
        module = instance.module
        unit = instance.estate.unit
        if instance.parent is None and unit is not None and unit.unread is not None:
            key = f"{local}.{alias}" if alias else local
            return (ProviderConfiguration(key, address, {}, unit.unread),)
        # A block of the module's own beside what is passed is a mere stand-in, as they were written once.
        passed = self._passed(instance, address, alias)
        if passed is not None:
            return passed
        for (name, other_alias), section in module.providers.items():
            if other_alias == alias and module.address_of(name, instance.estate.locked) == address:
                return self._own(instance, address, name, alias, section)
        if instance.parent is not None and not alias:
            return self.configurations(instance.parent, address, local, "", None, {})
        if alias:
            return (_absent(f"{local}.{alias}", address),)
        return (ProviderConfiguration(local, address, {}),)

    def _own(
        self, instance: ModuleInstance, address: str, name: str, alias: str, section: Section
    ) -> _Found | dict[str, ProviderConfiguration]:
        local = f"{name}.{alias}" if alias else name
        key = f"{instance.path}:{local}" if instance.path else local
        if section.argument("for_each") is None:
            return (self._evaluated(instance, address, key, section, {}),)
        expansion = instance.expansion(section)
        made = {
            str(place.key): self._evaluated(instance, address, f'{key}["{place.key}"]', section, place.names)
            for place in expansion.places
            if place.key is not None
        }
        if expansion.kind == "any":
            unknown = expansion.unknown or Unknown(Reason.UNSUPPORTED)
            return (ProviderConfiguration(key, address, {}, unknown),)
        return made

    @staticmethod
    def _evaluated(
        instance: ModuleInstance, address: str, key: str, section: Section, names: Names
    ) -> ProviderConfiguration:
        body = BodyAttributes(section, instance.evaluator, names, f"provider {key}")
        return ProviderConfiguration(key, address, body.everything(_NOT_SETTINGS))

    def _passed(
        self, instance: ModuleInstance, address: str, alias: str
    ) -> _Found | dict[str, ProviderConfiguration] | None:
        """Return what the call's `providers` gives a module, None where it gives nothing of that name."""
        parent, call = instance.parent, instance.called_by
        argument = call.argument("providers") if call is not None else None
        if parent is None or argument is None:
            return None
        try:
            expression = argument.expression
        except EvaluationError:
            return None
        if not isinstance(expression, ObjectExpression):
            return None
        for here, there in expression.items:
            ours, theirs = provider_reference(here), provider_reference(there)
            if ours is None or theirs is None:
                continue
            name, other_alias, _key = ours
            if other_alias != alias:
                continue
            if instance.module.address_of(name, instance.estate.locked) != address:
                continue
            local, its_alias, key = theirs
            source = parent.module.address_of(local, instance.estate.locked)
            return self.configurations(parent, source, local, its_alias, key, instance.place.names)
        return None


def _absent(key: str, address: str) -> ProviderConfiguration:
    unknown = Unknown(
        Reason.NO_CONFIGURATION,
        f"provider {key}",
        say("no such provider configuration is declared or passed"),
    )
    return ProviderConfiguration(key, address, {}, unknown)
