"""What a reader delivers: resources, the provider configurations they use, and where each was read."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

import msgspec

from sovereign_guard.model.value import Reason, Reference, Tree, Unknown
from sovereign_guard.model.waiver import Waiver


class Change(StrEnum):
    """What the plan does with a resource (contract)."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    FORGET = "forget"
    NO_OP = "no-op"
    READ = "read"
    IMPORT = "import"


class InputKind(StrEnum):
    """What kind of file an input is (contract)."""

    PLAN = "plan"
    HCL = "hcl"
    STATE = "state"


class Attributes(Protocol):
    """The attributes of one resource, decoded only as far as somebody asks."""

    def select(self, names: tuple[str, ...]) -> tuple[Tree, ...]:
        """Return the values of these top-level attributes, in order.

        Absent attributes and nulls are None; what is not known is Unknown, at whatever depth; what
        Terraform marks sensitive is Sensitive.
        """
        ...


class NoAttributes:
    """A resource of which nothing is shown."""

    def select(self, names: tuple[str, ...]) -> tuple[Tree, ...]:
        """Return None for each name."""
        return (None,) * len(names)


class UnknownAttributes(msgspec.Struct, frozen=True):
    """A resource of which no attribute can be told."""

    reason: Reason

    def select(self, names: tuple[str, ...]) -> tuple[Tree, ...]:
        """Return an Unknown for each name."""
        return tuple(Unknown(self.reason, name) for name in names)


class TreeAttributes(msgspec.Struct, frozen=True, gc=False):
    """Attributes that were evaluated as a whole (source, or the constants of a configuration block)."""

    tree: dict[str, Tree]

    def select(self, names: tuple[str, ...]) -> tuple[Tree, ...]:
        """Return the values of these attributes."""
        return tuple(self.tree.get(name) for name in names)


class ProviderConfiguration(msgspec.Struct, frozen=True, eq=False):
    """One provider configuration: a `provider` block, or the implied one of a provider without a block.

    Attributes:
        key: as Terraform writes it, module path included (`aws.west`, `module.a:aws`).
        provider: source address as written in the input.
        settings: its arguments; what is not constant is Unknown.
        unknown: set where the input shows no configuration at all (a state, a trimmed plan).

    Compared by identity: two resources with the same configuration share one object.

    """

    key: str
    provider: str
    settings: dict[str, Tree]
    unknown: Unknown | None = None


class Directive(msgspec.Struct, frozen=True):
    """A comment in the source that states a level for the block it stands at; `where`: file and line."""

    level: str
    where: str


class Family(msgspec.Struct, frozen=True, eq=False):
    """What resources have in common that are of one type and use the same provider configurations.

    Attributes:
        provider: source address as written in the input; empty where it is not.
        configurations: the provider configurations that they may use; more than one only where the input does
            not tell which of several it is.

    Compared by identity: a reader makes one for all of them, and stages remember by it what they worked out.

    """

    mode: str
    type: str
    provider: str
    configurations: tuple[ProviderConfiguration, ...]


class Block(msgspec.Struct, frozen=True, eq=False):
    """One `resource` or `data` block of the configuration, which may have many instances.

    Attributes:
        key: module path without instance keys, then address (`module.a.aws_s3_bucket.b`).
        attributes: its arguments, as far as the configuration shows them.
        links: tells to which other blocks an argument's expression refers; of `provisioner`, to which its
            provisioners and their connections refer.
        provisioned: it has provisioners.

    """

    key: str
    family: Family
    attributes: Attributes
    links: LinkSource
    provisioned: bool = False

    @property
    def type(self) -> str:
        """Resource type."""
        return self.family.type


class LinkSource(Protocol):
    """Gives the blocks that an attribute's expression refers to."""

    def feeds(self, attribute: str) -> tuple[Reference, ...]:
        """Return references to blocks; empty where the expression is constant or not shown."""
        ...

    def leads_elsewhere(self, attribute: str) -> bool:
        """Whether the expression refers to something beside those blocks, so its value may be another."""
        ...


class Resource(msgspec.Struct, frozen=True, eq=False, gc=False):
    """One resource instance (or data source instance) and what happens to it.

    Attributes:
        module: address of its module instance, empty for the root.
        index: its instance key.
        after: attributes on which it is judged. before: those that stood, None where there was nothing.
        block: its block in the configuration, where shown.
        directives: what comments at its block, or at a call of its module, state.
        leaves_behind: it is replaced, and the old object is forgotten rather than deleted.
        renamed_from: addresses that it had before, the latest first, as far as the input tells.

    """

    address: str
    module: str
    index: int | str | None
    family: Family
    change: Change
    after: Attributes
    before: Attributes | None
    block: Block | None
    deposed: str | None = None
    leaves_behind: bool = False
    file: str | None = None
    line: int | None = None
    column: int | None = None
    directives: tuple[Directive | Waiver, ...] = ()
    renamed_from: tuple[str, ...] = ()

    @property
    def mode(self) -> str:
        """`managed` or `data`."""
        return self.family.mode

    @property
    def type(self) -> str:
        """Resource type."""
        return self.family.type

    @property
    def provider(self) -> str:
        """Source address of its provider, as written."""
        return self.family.provider

    @property
    def configurations(self) -> tuple[ProviderConfiguration, ...]:
        """See `Family`."""
        return self.family.configurations


class Backend(msgspec.Struct, frozen=True, eq=False):
    """Where a state of Terraform's lies.

    Attributes:
        resource: stands for it as if the state were a resource, of mode `backend`; its type is the kind of
            backend, empty where that is not known, and its one provider configuration holds the arguments.
        own: it is the state of this root module; else of another, which a `terraform_remote_state` reads.
        encryption: what OpenTofu's `encryption` block does to the state, in words; empty for nothing.

    """

    resource: Resource
    own: bool
    encryption: str


class Inventory(msgspec.Struct, frozen=True, eq=False):
    """One input, read: its resources in order, the blocks of its configuration by key, and its backends."""

    id: str
    path: str
    kind: InputKind
    sha256: str
    resources: tuple[Resource, ...]
    blocks: dict[str, Block]
    warnings: tuple[str, ...] = ()
    complete: bool = True
    terraform_version: str = ""
    backends: tuple[Backend, ...] = ()
