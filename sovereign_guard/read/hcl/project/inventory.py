"""The instances of a root module -> Inventory: what the stages after `read` look at."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from functools import partial

import msgspec

from sovereign_guard.language import say
from sovereign_guard.model.address import key_suffix, without_keys
from sovereign_guard.model.resource import (
    Attributes,
    Block,
    Change,
    Directive,
    Family,
    InputKind,
    Inventory,
    ProviderConfiguration,
    Resource,
)
from sovereign_guard.model.value import (
    Reason,
    Reference,
    Tree,
    Unknown,
    first_unknown,
    plain,
    walk,
)
from sovereign_guard.model.waiver import Waiver
from sovereign_guard.read.hcl.language.evaluate import Names
from sovereign_guard.read.hcl.language.values import EvaluationError
from sovereign_guard.read.hcl.project.backends import backends_of
from sovereign_guard.read.hcl.project.estate import Estate
from sovereign_guard.read.hcl.project.instance import (
    BodyAttributes,
    Expansion,
    ModuleInstance,
    Place,
    any_number,
    suffix,
)
from sovereign_guard.read.hcl.project.links import PROVISIONER, Links
from sovereign_guard.read.hcl.project.providers import Providers, WrittenConfiguration
from sovereign_guard.read.hcl.project.source import Section
from sovereign_guard.read.hcl.syntax.tree import (
    Access,
    Expression,
    GetAttribute,
    GetIndex,
    Literal,
    Name,
    Number,
)
from sovereign_guard.read.moves import Moves

META = frozenset(
    {"count", "for_each", "provider", "depends_on", "lifecycle", "provisioner", "connection", "enabled"}
)
"""What Terraform itself reads of a block: no attributes of the resource."""


def inventory_of(estate: Estate) -> Inventory:
    """Build the inventory of a root module."""
    return _Builder(estate).inventory()


class Declaration(msgspec.Struct, frozen=True):
    """A `resource` or `data` block as written: its type, where it stands, and the directives at it.

    `feeds`: tells to which blocks the expression of an attribute refers, through locals too.
    """

    type: str
    file: str
    line: int
    column: int
    directives: tuple[Directive | Waiver, ...]
    feeds: Callable[[str], tuple[Reference, ...]]


class Declarations(msgspec.Struct, frozen=True, eq=False):
    """All blocks that a root module and what it calls declare, by key; whether or not they make instances.

    `absent`: paths of the called modules that are not at hand. `moves`: what `moved` blocks say.
    """

    blocks: dict[str, Declaration]
    absent: tuple[str, ...]
    moves: Moves


def declarations_of(estate: Estate) -> Declarations:
    """Return what the source declares."""
    found: dict[str, Declaration] = {}
    links = Links()
    for instance in _one_of_each(estate.root):
        for address, section in instance.module.resources.items():
            if not address.startswith("ephemeral."):
                line, column = section.position
                found[instance.block_key(address)] = Declaration(
                    section.labels[0],
                    section.file.path,
                    line,
                    column,
                    instance.directives_at(section),
                    partial(links.of_attribute, instance, section),
                )
    return Declarations(found, tuple(estate.missing), moves_of(estate))


def moves_of(estate: Estate) -> Moves:
    """Return what the `moved` blocks of a root module and of what it calls say."""
    found: dict[str, list[tuple[str, str]]] = {}
    for instance in _one_of_each(estate.root):
        for section in instance.module.others:
            if section.type == "moved":
                before, after = _written(section, "from"), _written(section, "to")
                if before and after:
                    found.setdefault(without_keys(instance.address), []).append((before, after))
    return Moves(found)


def _written(section: Section, name: str) -> str:
    """Return the address that an argument spells, with its keys; empty where it spells none."""
    argument = section.argument(name)
    if argument is None:
        return ""
    try:
        expression = argument.expression
    except EvaluationError:
        return ""
    if isinstance(expression, Literal) and isinstance(expression.value, str):
        return expression.value
    if not isinstance(expression, Access) or not isinstance(expression.source, Name):
        return ""
    address = expression.source.name
    for step in expression.steps:
        if isinstance(step, GetAttribute):
            address += f".{step.name}"
        elif isinstance(step, GetIndex) and isinstance(step.key, Literal) and isinstance(step.key.value, str):
            address += key_suffix(step.key.value)
        elif isinstance(step, GetIndex) and isinstance(step.key, Number):
            address += f"[{step.key.text}]"
        else:
            return ""
    return address


def configurations_of(estate: Estate) -> dict[str, WrittenConfiguration]:
    """Return the provider configurations that modules write, by key; the first instance of each module's."""
    providers = Providers()
    found: dict[str, WrittenConfiguration] = {}
    for instance in _one_of_each(estate.root):
        for configuration in providers.written(instance):
            found.setdefault(configuration.key, configuration)
    return found


def _one_of_each(root: ModuleInstance) -> Iterator[ModuleInstance]:
    """Give one instance of each called module, also of those that are called no time."""
    waiting = [root]
    while waiting:
        instance = waiting.pop()
        yield instance
        for name in instance.module.calls:
            sample = instance.sample(name)
            if sample is not None:
                waiting.append(sample)


class _Builder:
    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._providers = estate.providers
        self._computed: dict[Family, frozenset[str]] = {}
        self._links = Links()
        self._families: dict[tuple[str, str, str, tuple[ProviderConfiguration, ...]], Family] = {}
        self._plain: dict[tuple[str, str, str], Family] = {}
        self._blocks: dict[str, Block] = {}
        self._warnings: list[str] = []
        self._imported: set[str] = set()

    def inventory(self) -> Inventory:
        """Walk through all module instances."""
        estate = self._estate
        self._imported = set(_imported(estate.root))
        resources = [resource for instance in self._instances() for resource in self._of(instance)]
        moves = moves_of(estate)
        if moves.by_module:
            histories = moves.histories(resource.address for resource in resources)
            resources = [
                msgspec.structs.replace(resource, renamed_from=histories[resource.address])
                for resource in resources
            ]
        resources.extend(self._missing())
        for module in estate.used.values():
            self._warnings.extend(module.warnings)
            self._warnings.extend(_removed(module.others))
        if estate.workspace_is_assumed and any(
            b"terraform.workspace" in file.data for module in estate.used.values() for file in module.files
        ):
            self._warnings.append(
                say(
                    '{path}: terraform.workspace is taken to be "default"; give another with --workspace.',
                    path=estate.path,
                )
            )
        if estate.from_environment:
            named = ", ".join(f"TF_VAR_{name}" for name in estate.from_environment)
            self._warnings.append(
                say("{path}: values come from the environment: {names}.", path=estate.path, names=named)
            )
        digest = hashlib.sha256()
        if estate.unit is not None:
            self._warnings.extend(estate.unit.warnings)
            digest.update(estate.unit.digest.encode())
        for module in estate.used.values():
            for file in module.files:
                digest.update(f"{file.digest}\n".encode())
        return Inventory(
            id=estate.path,
            path=estate.path,
            kind=InputKind.HCL,
            sha256=digest.hexdigest(),
            resources=tuple(resources),
            blocks=self._blocks,
            warnings=tuple(dict.fromkeys(self._warnings)),
            backends=backends_of(estate),
        )

    def _instances(self) -> Iterator[ModuleInstance]:
        waiting = [self._estate.root]
        while waiting:
            instance = waiting.pop()
            self._estate.instantiated.add(instance.module.folder)
            yield instance
            for name in reversed(instance.module.calls):
                waiting.extend(reversed(instance.children(name) or ()))

    def _of(self, instance: ModuleInstance) -> Iterator[Resource]:
        for address, section in instance.module.resources.items():
            mode = {"data": "data", "ephemeral": "ephemeral"}.get(address.partition(".")[0], "managed")
            if mode == "ephemeral":
                continue  # It is opened and closed while planning, and leaves nothing behind.
            try:
                expansion = instance.expansion(section)
            except EvaluationError as error:
                expansion = any_number(Unknown(Reason.UNSUPPORTED, section.place, str(error)), "count")
            block = self._block(instance, address, section, mode)
            for place in expansion.places:
                if mode == "data" and not self._deferred(instance, address, section, place):
                    continue
                yield self._resource(instance, address, section, mode, expansion, place, block)

    def _resource(
        self,
        instance: ModuleInstance,
        address: str,
        section: Section,
        mode: str,
        expansion: Expansion,
        place: Place,
        block: Block,
    ) -> Resource:
        family = block.family
        if place.names and section.argument("provider") is not None:
            family = self._family(instance, section, mode, place)
        body = instance.body(address, place)
        if family not in self._computed:
            self._computed[family] = self._computed_labels(family)
        body.computed = self._computed[family]
        full = f"{instance.address}.{address}" if instance.address else address
        full += suffix(place.key, expansion)
        line, column = section.position
        change = Change.READ if mode == "data" else Change.CREATE
        if self._imported and (full in self._imported or block.key in self._imported):
            change = Change.IMPORT
        return Resource(
            full,
            instance.address,
            place.key,
            family,
            change,
            body,
            None,
            block,
            file=section.file.path,
            line=line,
            column=column,
            directives=instance.directives_at(section),
        )

    def _computed_labels(self, family: Family) -> frozenset[str]:
        """Return the names of label attributes that the provider computes where the block does not set them.

        From its default labels, which types take that its schema says. Of a type that the catalog's copy of
        the schema lacks, the labels as a whole are not known.
        """
        if family.mode == "data":
            return frozenset()  # What is read has the labels that it has.
        catalog = self._estate.catalog
        provider = catalog.provider(family.provider, family.type)
        paths = provider.labels.defaults if provider is not None else ()
        if provider is None or not any(
            walk(one.settings, tuple(path.split("."))) for one in family.configurations for path in paths
        ):
            return frozenset()
        carries = catalog.carries_default_labels(family.provider, family.type)
        if carries is False:
            return frozenset()
        names = {path for path in provider.labels.effective if "." not in path}
        if carries is None:
            names |= {path for path in provider.labels.own if "." not in path}
        return frozenset(names)

    def _family(self, instance: ModuleInstance, section: Section, mode: str, place: Place) -> Family:
        kind = section.labels[0]
        plain = "provider" not in section.arguments
        found = self._plain.get((instance.address, mode, kind)) if plain else None
        if found is None:
            address, configurations = self._providers.of(instance, section, place.names)
            key = (mode, kind, address, configurations)
            found = self._families.get(key)
            if found is None:
                found = self._families[key] = Family(*key)
            if plain:
                self._plain[instance.address, mode, kind] = found
        return found

    def _block(self, instance: ModuleInstance, address: str, section: Section, mode: str) -> Block:
        """Return the block as all its instances share it: as the first instance of its module sees it."""
        key = instance.block_key(address)
        found = self._blocks.get(key)
        if found is not None and self._same_configuration(found, instance, section, mode):
            return found
        if "count" in section.arguments:
            place = any_number(Unknown(Reason.AMBIGUOUS, f"{key}, count"), "count").places[0]
        elif "for_each" in section.arguments:
            place = any_number(Unknown(Reason.AMBIGUOUS, f"{key}, for_each"), "for_each").places[0]
        else:
            place = Place(None, {})
        family = self._family(instance, section, mode, place)
        body = (
            BodyAttributes(section, instance.evaluator, place.names, key)
            if place.names
            else instance.body(address, place)
        )
        links = _BlockLinks(body, instance, section, self._links)
        made = Block(key, family, body, links, provisioned=PROVISIONER in section.nested)
        self._blocks.setdefault(key, made)
        return made

    def _same_configuration(
        self, block: Block, instance: ModuleInstance, section: Section, mode: str
    ) -> bool:
        """Whether another instance of the module has the same provider configurations for this block."""
        return self._family(instance, section, mode, Place(None, {})) is block.family

    def _deferred(self, instance: ModuleInstance, address: str, section: Section, place: Place) -> bool:
        """Whether Terraform puts the reading of a data source off until after apply, and so plans it."""
        if address in instance.module.checked or self._links.depends(section):
            return True
        outer: ModuleInstance | None = instance
        while outer is not None and outer.called_by is not None:
            if self._links.depends(outer.called_by):
                return True
            outer = outer.parent
        body = instance.body(address, place)
        return any(
            _waits(value) for name in section.arguments if name not in META for value in body.select((name,))
        )

    def _missing(self) -> Iterator[Resource]:
        """Give one resource for each call whose module is not at hand: nothing of it can be told."""
        for path, (caller, name, call, why) in self._estate.missing.items():
            unknown = Unknown(Reason.MODULE_MISSING, path, why)
            configuration = ProviderConfiguration("", "", {}, unknown)
            family = Family("managed", "module", "", (configuration,))
            try:
                expansion = caller.expansion(call)
            except EvaluationError:
                expansion = any_number(unknown, "count")
            if not expansion.places:
                continue  # It is called no time at all.
            names: Names = {}
            if "for_each" in call.arguments or "count" in call.arguments:
                kind = "count" if "count" in call.arguments else "for_each"
                names = any_number(unknown, kind).places[0].names
            line, column = call.position
            yield Resource(
                f"{caller.address}.module.{name}" if caller.address else f"module.{name}",
                caller.address,
                None,
                family,
                Change.CREATE,
                _MissingModule(call, caller, names, unknown),
                None,
                None,
                file=call.file.path,
                line=line,
                column=column,
                directives=caller.directives_at(call),
            )


class _MissingModule:
    """What is given to a module that is not at hand; everything else about it is not known."""

    def __init__(self, call: Section, caller: ModuleInstance, names: Names, unknown: Unknown) -> None:
        self._body = BodyAttributes(call, caller.evaluator, names, unknown.origin)
        self._call = call
        self._unknown = unknown

    def select(self, names: tuple[str, ...]) -> tuple[Tree, ...]:
        """Return the inputs of these names; an Unknown for each that is not given."""
        return tuple(
            self._body.select((name,))[0] if name in self._call.arguments else self._unknown for name in names
        )


class _BlockLinks:
    """What an attribute's expression refers to (model.resource.LinkSource)."""

    __slots__ = ("_body", "_instance", "_links", "_section")

    def __init__(self, body: Attributes, instance: ModuleInstance, section: Section, links: Links) -> None:
        self._body = body
        self._instance = instance
        self._section = section
        self._links = links

    def feeds(self, attribute: str) -> tuple[Reference, ...]:
        """Return references to blocks."""
        if attribute == PROVISIONER:
            return self._links.of_provisioners(self._instance, self._section)
        return self._links.of_attribute(self._instance, self._section, attribute)

    def leads_elsewhere(self, attribute: str) -> bool:
        """Whether the value may come from something beside those blocks."""
        (value,) = self._body.select((attribute,))
        found = first_unknown(value)
        return found is not None and not found.only_feeds


def _waits(tree: Tree) -> bool:
    """Whether some part of a value is known after apply only."""
    tree = plain(tree)
    if isinstance(tree, dict):
        return any(_waits(part) for part in tree.values())
    if isinstance(tree, list):
        return any(_waits(part) for part in tree)
    return isinstance(tree, Unknown) and tree.reason is Reason.AFTER_APPLY


def _imported(root: ModuleInstance) -> Iterator[str]:
    """Give the addresses that `import` blocks name."""
    for section in root.module.others:
        to = section.argument("to") if section.type == "import" else None
        if to is None:
            continue
        try:
            address = _address(to.expression)
        except EvaluationError:
            continue
        if address:
            yield address


def _address(expression: Expression) -> str:
    """Return the address that an expression spells, without instance keys."""
    if isinstance(expression, Access) and isinstance(expression.source, Name):
        names = [step.name for step in expression.steps if isinstance(step, GetAttribute)]
        return ".".join((expression.source.name, *names))
    return ""


def _removed(sections: list[Section]) -> Iterator[str]:
    """Warn of `removed` blocks that leave the object where it is: only a plan shows what that is."""
    for section in sections:
        if section.type != "removed":
            continue
        source = section.argument("from")
        said = [
            destroy.literal
            for inner in section.nested.get("lifecycle", ())
            if (destroy := inner.argument("destroy")) is not None
        ]
        # Left out, Terraform destroys and OpenTofu forgets; what is not literal may mean either.
        keeps = said != [True] and (bool(said) or section.file.path.endswith((".tofu", ".tofu.json")))
        if source is not None and keeps:
            try:
                address = _address(source.expression)
            except EvaluationError:
                address = "?"
            yield say(
                "{place}: {address} leaves the state and its data stay where they are: only a plan shows "
                "what they are, and judges them.",
                place=section.place,
                address=address,
            )
