"""One folder of source -> a module: its blocks by what they are, override files laid over them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from sovereign_guard.language import say
from sovereign_guard.model.finding import InputProblem
from sovereign_guard.model.resource import Directive
from sovereign_guard.model.waiver import Waiver
from sovereign_guard.read.hcl.language.values import EvaluationError
from sovereign_guard.read.hcl.project.directives import directives_of
from sovereign_guard.read.hcl.project.source import Argument, Section, SourceFile
from sovereign_guard.read.hcl.syntax.tree import (
    Access,
    Expression,
    GetAttribute,
    Literal,
    Name,
    ObjectExpression,
)

DEFAULT_HOST = "registry.terraform.io"
DEFAULT_NAMESPACE = "hashicorp"
BUILT_IN = "terraform.io/builtin/terraform"
"""Address of the provider that Terraform brings along."""

_REMOTE_STATE = "data.terraform_remote_state."

_NEWER = frozenset({"action", "list"})
"""Blocks of Terraform after 1.11 that make no resource."""

_KNOWN_UNREAD = frozenset(
    {"output", "moved", "language", "import", "removed", "check", "variable", "ephemeral"}
)


class Module:
    """A module as written, before anything is evaluated.

    Attributes:
        folder: resolved. path: as shown to the user.
        directives: by file and offset of their block.
        resources: by address within the module (`aws_s3_bucket.b`, `data.aws_ami.a`, `ephemeral.x.y`).
        checked: addresses of the data sources of `check` blocks, which are read last of all.
        addresses: provider source address by local name, of `required_providers`.
        backend: the block that says where its state is kept.
        encryptions: blocks that say how it is encrypted, those of override files after the others.
        remote_states: addresses of the data sources that read the state of another root module.

    """

    def __init__(
        self, folder: Path, path: str, files: list[SourceFile], completing: frozenset[str] = frozenset()
    ) -> None:
        """Take the files of a folder; `completing`: paths of those whose backend completes another's."""
        self.folder = folder
        self.path = path
        self.files = files
        self.variables: dict[str, Section] = {}
        self.locals: dict[str, Argument] = {}
        self.resources: dict[str, Section] = {}
        self.calls: dict[str, Section] = {}
        self.outputs: dict[str, Section] = {}
        self.providers: dict[tuple[str, str], Section] = {}
        self.addresses: dict[str, str] = {}
        self.others: list[Section] = []
        self.checked: set[str] = set()
        self.backend: Section | None = None
        self.encryptions: list[Section] = []
        self._completing = completing
        self.directives: dict[tuple[str, int], tuple[Directive | Waiver, ...]] = {}
        self.problems: list[InputProblem] = []
        self.warnings: list[str] = []
        for file in files:
            if file.structure.comments:
                found, problems = directives_of(file, file.structure.body.blocks)
                self.directives.update({(file.path, at): said for at, said in found.items()})
                self.problems.extend(problems)
        primary = [file for file in files if not is_override(file.path)]
        overrides = [file for file in files if is_override(file.path)]
        for file in files:
            for argument in file.structure.body.attributes:
                line, column = file.position(argument.at)
                message = say("{name!r} stands outside of any block.", name=argument.name)
                hint = say("Terraform refuses it: a file is made of blocks.")
                self.problems.append(InputProblem(file.path, message, hint, file.path, line, column))
        for file in primary:
            for block in file.structure.body.blocks:
                self._add(Section(file, block), self._first)
        for file in overrides:
            for block in file.structure.body.blocks:
                self._add(Section(file, block), self._over)
        self.remote_states = [name for name in self.resources if name.startswith(_REMOTE_STATE)]

    def directives_at(self, section: Section) -> tuple[Directive | Waiver, ...]:
        """Return the directives at a block, and at what overrides it."""
        if not self.directives:
            return ()
        return tuple(
            one
            for part in section.parts()
            for one in self.directives.get((part.file.path, part.block.at), ())
        )

    # -- blocks ----------------------------------------------------------------------------------------------

    def _add(self, section: Section, into: Callable[[dict[str, Section], str, Section], None]) -> None:
        labels = section.labels
        match section.type:
            case "resource" if len(labels) == 2:
                into(self.resources, ".".join(labels), section)
            case "data" | "ephemeral" if len(labels) == 2:
                into(self.resources, ".".join((section.type, *labels)), section)
            case "module" if len(labels) == 1:
                into(self.calls, labels[0], section)
            case "variable" if len(labels) == 1:
                into(self.variables, labels[0], section)
            case "output" if len(labels) == 1:
                into(self.outputs, labels[0], section)
            case "provider" if len(labels) == 1:
                self._provider(section, into)
            case "locals":
                self._locals(section, overrides=into == self._over)
            case "terraform":
                self._terraform(section, overrides=into == self._over)
            case "check" if len(labels) == 1:
                for inner in section.sections():
                    if inner.type == "data" and len(inner.labels) == 2:
                        address = ".".join(("data", *inner.labels))
                        into(self.resources, address, inner)
                        self.checked.add(address)
            case kind if kind in _KNOWN_UNREAD:
                self.others.append(section)
            case _:
                self._not_known(section)

    def _first(self, known: dict[str, Section], name: str, section: Section) -> None:
        if name not in known:
            known[name] = section
            return
        line, column = section.position
        shown = name if section.type != "provider" else ".".join(filter(None, (section.labels[0], name)))
        self.problems.append(
            InputProblem(
                self.path,
                say(
                    "{block} is declared twice; the first time at {place}.",
                    block=f"{section.type} {shown}",
                    place=known[name].place,
                ),
                say("Rename or remove one of them: Terraform refuses both, and only the first is judged."),
                section.file.path,
                line,
                column,
            )
        )

    def _over(self, known: dict[str, Section], name: str, section: Section) -> None:
        if name in known:
            known[name].override(section)
            return
        self._first(known, name, section)

    def _locals(self, section: Section, *, overrides: bool) -> None:
        for name, argument in section.arguments.items():
            if name in self.locals and not overrides:
                line, column = argument.file.position(argument.attribute.at)
                self.problems.append(
                    InputProblem(
                        self.path,
                        say(
                            "{block} is declared twice; the first time at {place}.",
                            block=f"local {name}",
                            place=self.locals[name].place,
                        ),
                        say(
                            "Rename or remove one of them: Terraform refuses both, and only the first is "
                            "used."
                        ),
                        argument.file.path,
                        line,
                        column,
                    )
                )
            else:
                self.locals[name] = argument

    def _not_known(self, section: Section) -> None:
        """Tell of a block that Terraform does not know either; near damage it may be a part of something."""
        if section.file.structure.faults:
            return
        named = " ".join((section.type, *(f'"{label}"' for label in section.labels)))
        if section.type in _NEWER:
            self.warnings.append(
                say(
                    "{place}: a block `{block}` is not read: it makes no resource.",
                    place=section.place,
                    block=named,
                )
            )
            return
        line, column = section.position
        self.problems.append(
            InputProblem(
                self.path,
                say("a block `{block}` is not known.", block=named),
                say("Is it misspelt, or does it lack a label? What it holds is not judged."),
                section.file.path,
                line,
                column,
            )
        )

    def _provider(self, section: Section, into: Callable[[dict[str, Section], str, Section], None]) -> None:
        alias = section.argument("alias")
        name = alias.literal if alias is not None else ""
        key = (section.labels[0], name if isinstance(name, str) else "")
        holder = {key[1]: self.providers[key]} if key in self.providers else {}
        into(holder, key[1], section)
        self.providers[key] = holder[key[1]]

    def _backend(self, section: Section, *, overrides: bool) -> None:
        """Take a `backend` or `cloud` block; one of an override file replaces all that stood before it."""
        found = self.backend
        if found is None or overrides:
            self.backend = section
        elif section.file.path in self._completing or found.file.path in self._completing:
            whole, more = (section, found) if found.file.path in self._completing else (found, section)
            if (whole.type, whole.labels) != (more.type, more.labels):
                self.backend = more
                return
            whole.override(more)
            self.backend = whole
        else:
            line, column = section.position
            self.problems.append(
                InputProblem(
                    self.path,
                    say(
                        "where the state is kept is said twice; the first time at {place}.", place=found.place
                    ),
                    say("Remove one of them: Terraform refuses both, and only the first is looked at."),
                    section.file.path,
                    line,
                    column,
                )
            )

    def _terraform(self, section: Section, *, overrides: bool) -> None:
        for inner in section.sections():
            if inner.type in ("backend", "cloud") and len(inner.labels) == (inner.type == "backend"):
                self._backend(inner, overrides=overrides)
            elif inner.type == "encryption":
                self.encryptions.append(inner)
            elif inner.type == "required_providers":
                for name, argument in inner.arguments.items():
                    try:
                        source = _source_of(argument.expression)
                    except EvaluationError:
                        source = None
                    if source is not None:
                        self.addresses[name] = full_address(source)

    # -- providers -------------------------------------------------------------------------------------------

    def address_of(self, local_name: str, locked: Mapping[str, str]) -> str:
        """Return the source address of what this module calls a provider by.

        As Terraform resolves it: `required_providers`, else `hashicorp/` before the name.

        Args:
            locked: addresses by type of the providers of the lock file whose type is theirs alone.

        """
        found = self.addresses.get(local_name)
        if found is not None:
            return found
        if local_name == "terraform":
            return BUILT_IN
        implied = f"{DEFAULT_HOST}/{DEFAULT_NAMESPACE}/{local_name}"
        return locked.get(local_name, implied)


def _source_of(expression: Expression) -> str | None:
    if isinstance(expression, ObjectExpression):
        for key, value in expression.items:
            if isinstance(key, Literal) and key.value == "source" and isinstance(value, Literal):
                return value.value if isinstance(value.value, str) else None
    return None


def full_address(source: str) -> str:
    """Return a provider source address with host and namespace."""
    parts = source.strip().lower().split("/")
    if len(parts) == 1:
        return f"{DEFAULT_HOST}/{DEFAULT_NAMESPACE}/{parts[0]}"
    return source.strip().lower() if len(parts) == 3 else f"{DEFAULT_HOST}/{'/'.join(parts)}"


def is_override(path: str) -> bool:
    """Whether a file's blocks are laid over those of the others."""
    name = Path(path).name
    for suffix in (".tf", ".tf.json", ".tofu", ".tofu.json"):
        if name.endswith(suffix):
            stem = name.removesuffix(suffix)
            return stem == "override" or stem.endswith("_override")
    return False


def provider_reference(expression: Expression) -> tuple[str, str, Expression | None] | None:
    """Return local name, alias and instance key that a `provider` argument names; None where it names none.

    It is written `aws.west`, `aws.by_region["eu"]` (OpenTofu), or as a text by older versions and in JSON.
    """
    if isinstance(expression, Literal) and isinstance(expression.value, str):
        name, _dot, alias = expression.value.partition(".")
        return name, alias, None
    if isinstance(expression, Name):
        return expression.name, "", None
    if isinstance(expression, Access) and isinstance(expression.source, Name):
        first, *rest = expression.steps
        if isinstance(first, GetAttribute) and len(rest) <= 1:
            if not rest:
                return expression.source.name, first.name, None
            if not isinstance(rest[0], GetAttribute) and hasattr(rest[0], "key"):
                return expression.source.name, first.name, rest[0].key
    return None
