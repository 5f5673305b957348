"""One resource at a time: its effective labels, then the level they say."""

from __future__ import annotations

from collections.abc import Hashable

import msgspec

from sovereign_guard.catalog import Catalog
from sovereign_guard.classify.labels import BLOCK_ARGUMENTS, Label, label_of, labels_in
from sovereign_guard.classify.vocabulary import Reader
from sovereign_guard.language import later, say
from sovereign_guard.model.address import address_glob
from sovereign_guard.model.classification import Classification
from sovereign_guard.model.policy import DeclaredLevel
from sovereign_guard.model.resource import Attributes, Directive, Family, ProviderConfiguration, Resource
from sovereign_guard.model.value import Evidence, Reason, Tree, Unknown, walk

_Where = tuple[int, tuple[str, ...], str]
"""Position of a top-level attribute among those asked for, the path below it, and the whole path in words."""


DIRECTIVE_KEY = "sovereignty-level"
"""Key of rules/catalog/labels.yaml as whose value the word of a directive is read."""

_NO_LABEL = later("no label speaks of this data: judged as {level}")
_NO_LEVEL = later("its labels say no level: judged as {level}")


class _Profile(msgspec.Struct, frozen=True, eq=False):
    """Where one type keeps its labels."""

    effective: tuple[_Where, ...]
    own: tuple[_Where, ...]
    defaults: tuple[tuple[str, ...], ...]
    names: tuple[str, ...]
    blocks: tuple[str, ...]


_NO_LABELS: tuple[tuple[Label, ...], None] = ((), None)


class Classifier:
    """Classifies resources. Those whose labels say the same share one Classification."""

    def __init__(self, catalog: Catalog, stated: tuple[DeclaredLevel, ...], unlabelled: int) -> None:
        self._catalog = catalog
        self._names = catalog.vocabulary.levels
        self._reader = Reader(catalog.vocabulary)
        self._stated = tuple((address_glob(entry.address), entry) for entry in stated)
        self._unlabelled = unlabelled
        self._families: dict[Family, _Profile] = {}
        self._defaults: dict[Hashable, tuple[dict[str, Label], Unknown | None]] = {}
        self._found: dict[Hashable, Classification] = {}

    def classify(self, resource: Resource, attributes: Attributes) -> Classification:
        """Classify a resource by one side of its change."""
        family = resource.family
        profile = self._families.get(family)
        if profile is None:
            profile = self._families[family] = self._profile(family.provider, family.type)
        try:
            labels, unknown = (
                self._labels(resource, profile, attributes)
                if profile.own or profile.effective
                else _NO_LABELS
            )
        except RecursionError:
            labels, unknown = (
                (),
                Unknown(Reason.UNSUPPORTED, detail=say("its attributes are nested too deeply")),
            )
        if resource.directives:
            said = (
                Label(DIRECTIVE_KEY, one.level, say("directive, {place}", place=one.where))
                for one in resource.directives
                if isinstance(one, Directive)
            )
            labels = (*labels, *said)
        stated = self._stated_of(resource.address) if self._stated else ()
        key = (labels, unknown, stated)
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = self._conclude(labels, unknown, stated)
        return found

    def _stated_of(self, address: str) -> tuple[DeclaredLevel, ...]:
        """Return the levels that the organisation states for an address."""
        return tuple(entry for regex, entry in self._stated if regex.fullmatch(address))

    def _profile(self, address: str, resource_type: str) -> _Profile:
        provider = self._catalog.provider(address, resource_type)
        facts = self._catalog.type_facts(provider, resource_type)
        defaults = provider.labels.defaults if provider else ()
        if (
            not facts.effective_labels
            and self._catalog.carries_default_labels(address, resource_type) is False
        ):
            defaults = ()
        return _Profile(
            effective=_positions(facts.effective_labels, facts.attributes),
            own=_positions(facts.labels, facts.attributes),
            defaults=tuple(tuple(path.split(".")) for path in defaults),
            names=facts.attributes,
            blocks=provider.labels.blocks if provider else (),
        )

    # -- effective labels ------------------------------------------------------------------------------------

    def _labels(
        self, resource: Resource, profile: _Profile, attributes: Attributes
    ) -> tuple[tuple[Label, ...], Unknown | None]:
        """Return the labels that matter, as the provider computes them; an Unknown where more may be."""
        values = attributes.select(profile.names)
        merged: dict[str, Label] = {}
        bare: list[Label] = []
        unknown: Unknown | None = None
        uncounted = False
        for position, rest, where in profile.effective:
            node = values[position]
            if node is not None:
                for part in walk(node, rest) if rest else (node,):
                    uncounted = uncounted or isinstance(part, Unknown)
                    if not isinstance(part, Unknown):
                        self._merge(part, where, merged, bare)
        if (uncounted or (profile.defaults and not profile.effective)) and not merged:
            # The merged labels are known only after apply: put together again what goes into them.
            merged, unknown = self._of_configurations(resource.configurations, profile.defaults)
            merged = dict(merged)
        defaults = tuple(merged.items()) if uncounted else ()
        hidden: Unknown | None = None
        for position, rest, where in profile.own:
            node = values[position]
            if node is not None:
                for part in walk(node, rest) if rest else (node,):
                    # What the provider computes was not written by anybody.
                    if not isinstance(part, Unknown) or self._written(resource, profile, position, rest):
                        hidden = self._merge(part, where, merged, bare) or hidden
        if hidden is not None:
            # What is not known of the resource's own labels may override a default one.
            unknown = hidden
            for key, label in defaults:
                if merged.get(key) is label:
                    del merged[key]
        if not merged and not bare:
            return (), unknown
        return (*merged.values(), *bare), unknown

    def _written(self, resource: Resource, profile: _Profile, position: int, rest: tuple[str, ...]) -> bool:
        """Whether an unknown attribute may hold what its author wrote, not only what the provider computes.

        A plan's configuration does not show `dynamic` blocks, so for label blocks it is no evidence.

        Args:
            position: of the top-level attribute in the profile's names. rest: path below it.

        """
        name = profile.names[position]
        if resource.block is None:
            return True
        (shown,) = resource.block.attributes.select((name,))
        if shown is None:
            return name in profile.blocks
        return bool(walk(shown, rest)) if rest else True

    def _merge(self, node: Tree, where: str, merged: dict[str, Label], bare: list[Label]) -> Unknown | None:
        """Lay the labels of a container over those found so far, without keys that say nothing of data."""
        if type(node) is dict:
            # Nearly all containers are maps, and of their keys at most one or two speak of data.
            heard = node.keys() - self._reader.silent
            if BLOCK_ARGUMENTS.isdisjoint(heard):
                for key in sorted(heard) if len(heard) > 1 else heard:
                    if self._reader.hears_key(key) and node[key] is not None:
                        merged[key] = label_of(key, node[key], where)
                return None
        unknown: Unknown | None = None
        here: set[str] = set()
        for label in labels_in(node, where, self._reader):
            if isinstance(label, Unknown):
                unknown = label
            elif label.key and label.key not in here:
                here.add(label.key)
                merged[label.key] = label
            else:
                bare.append(label)  # A list can hold a key twice: both count.
        return unknown

    def _of_configurations(
        self, configurations: tuple[ProviderConfiguration, ...], paths: tuple[tuple[str, ...], ...]
    ) -> tuple[dict[str, Label], Unknown | None]:
        """Return the default labels of the provider configuration used."""
        if not paths:
            return {}, None
        key = (configurations, paths)
        if key not in self._defaults:
            found = [self._of_configuration(configuration, paths) for configuration in configurations]
            first = found[0] if found else ({}, None)
            if any(_said(other) != _said(first) for other in found[1:]):
                first = (
                    {},
                    Unknown(
                        Reason.AMBIGUOUS, detail=say("which provider configuration gives the default labels")
                    ),
                )
            self._defaults[key] = first
        return self._defaults[key]

    def _of_configuration(
        self, configuration: ProviderConfiguration, paths: tuple[tuple[str, ...], ...]
    ) -> tuple[dict[str, Label], Unknown | None]:
        merged: dict[str, Label] = {}
        unknown = configuration.unknown
        for path in paths:
            where = f"provider {configuration.key}, {'.'.join(path)}"
            for node in walk(configuration.settings, path):
                unknown = self._merge(node, where, merged, []) or unknown
        return merged, unknown

    # -- level -----------------------------------------------------------------------------------------------

    def _conclude(
        self, labels: tuple[Label, ...], unknown: Unknown | None, stated: tuple[DeclaredLevel, ...]
    ) -> Classification:
        said: list[tuple[int, Evidence]] = []
        outside: list[Evidence] = []
        speaks = False
        for label in labels:
            if isinstance(label.value, Unknown):
                unknown = unknown or msgspec.structs.replace(
                    label.value, detail=_value_of(label.key, label.value)
                )
                continue
            if not label.key:
                level = self._reader.bare(label.value)
                if level is not None:
                    said.append((level, self._evidence(label, level)))
                continue
            reading = self._reader.read(label.key, label.value)
            if reading is None:
                continue
            speaks = True
            if reading.outside:
                outside.append(
                    Evidence(
                        say(
                            "{label} is outside the vocabulary",
                            label=f"{label.key.strip()} = {_short(label.shown)}",
                        ),
                        label.where,
                    )
                )
                unknown = unknown or Unknown(
                    Reason.VOCABULARY, label.where, f"{label.key.strip()} = {_short(label.shown)}"
                )
            if reading.level is not None:
                said.append((reading.level, self._evidence(label, reading.level)))
        said.extend(
            (
                entry.level,
                Evidence(
                    say("stated {level}: {reason}", level=self._names[entry.level], reason=entry.reason),
                    entry.origin,
                ),
            )
            for entry in stated
        )
        lowest = max((level for level, _evidence in said), default=0)
        evidence = tuple(step for level, step in said if level == lowest)
        labelled: bool | None = True if said or speaks else None if unknown else False
        if unknown is not None:
            levels = tuple(range(lowest, len(self._names)))
            if len(levels) == 1:
                unknown = None
            return Classification(levels, unknown, labelled, evidence, tuple(outside))
        if not said:
            step = _NO_LEVEL if speaks else _NO_LABEL
            level = self._unlabelled
            return Classification(
                (level,),
                None,
                labelled,
                (Evidence(say(step, level=self._names[level]), say("policy, unlabelled")),),
            )
        return Classification((lowest,), None, labelled, evidence, tuple(outside))

    def _evidence(self, label: Label, level: int) -> Evidence:
        if label.key:
            shown = f"{label.key.strip()} = {_short(label.shown)}"
            words = say("label {label} says {level}", label=shown, level=self._names[level])
        else:
            words = say(
                "label the word {word} says {level}", word=_short(label.shown), level=self._names[level]
            )
        return Evidence(words, label.where)


def _value_of(key: str, unknown: Unknown) -> str:
    if unknown.detail:
        return say("value of the label {label!r}: {why}", label=key, why=unknown.detail)
    return say("value of the label {label!r}", label=key)


def _said(found: tuple[dict[str, Label], Unknown | None]) -> Hashable:
    labels, unknown = found
    return (tuple(sorted((label.key, str(label.value)) for label in labels.values())), unknown is None)


def _positions(paths: tuple[str, ...], names: tuple[str, ...]) -> tuple[_Where, ...]:
    split = [(path, *path.split(".")) for path in paths]
    return tuple((names.index(name), tuple(rest), path) for path, name, *rest in split)


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:77]}...")
