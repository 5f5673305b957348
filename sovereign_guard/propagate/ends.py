"""Which resources an end of a flow names: by the references of its expression, and by the names it holds."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import takewhile
from typing import TypeAlias

import msgspec

from sovereign_guard.catalog import Catalog
from sovereign_guard.catalog.catalog import matches
from sovereign_guard.language import later, say
from sovereign_guard.model.address import key_suffix, steps
from sovereign_guard.model.knowledge import Condition, FlowEnd
from sovereign_guard.model.resource import Change, Inventory, Resource
from sovereign_guard.model.value import HIDDEN, Reason, Reference, Sensitive, Tree, Unknown, plain, walk

_IDENTIFIERS = ("id", "name", "arn")
_NAMES = frozenset({*_IDENTIFIERS, "bucket"})
"""What a resource is called, and not where it answers."""

_DOCUMENT = re.compile(r"[\s{}\[\]]")
"""What no name holds, so that a value with it is a document that may hold names."""

_WORD = re.compile(r"[^\s\"'`,;{}\[\]()<>\\]{4,}")
_LOCATOR = re.compile(r"(?:[a-zA-Z][a-zA-Z0-9+.-]*:)?//(?:[^@/]*@)?(?P<host>[^/?:]+)[^/?]*(?P<rest>[^?]*)")

_URL = re.compile(
    r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*)://(?P<user>[^/?#]*@)?(?P<host>[^/?#]*)(?P<rest>.*)", re.DOTALL
)
_OF_STORES = frozenset({"s3", "s3a", "s3n", "gs", "r2"})
"""Schemes of URLs whose path names what is stored, and opens nothing."""

_LONGEST = 5_000_000
"""Letters of a document that are looked through."""

_SHORTEST = 4
"""Letters of an identifier from which it is looked for inside another text."""


class Named(msgspec.Struct, frozen=True):
    """What one value of an end names.

    Attributes:
        at: positions of the resources that it may be. certain: it is all of these and nothing else.
        text: what it says where it names something outside, None where it does not; shown: what to print.
        block: a block without instances here that it refers to.
        unknown: set where what it names is not known. strange: its expression refers to resources, of which
            none is one that the end can name.

    """

    at: tuple[int, ...] = ()
    certain: bool = True
    text: str | None = None
    shown: str = ""
    block: Reference | None = None
    unknown: Unknown | None = None
    strange: bool = False


class Reading(msgspec.Struct, frozen=True, eq=False):
    """An end, ready to be looked for among the attributes that one type is asked for.

    Attributes:
        paths: each path whole, the position of its top-level attribute, and what is below that.

    """

    end: FlowEnd
    paths: tuple[tuple[str, int, tuple[str, ...]], ...]


def reading_of(end: FlowEnd, names: tuple[str, ...]) -> Reading:
    """Look the paths of an end up among the attributes that are asked for."""
    split = ((path, *path.split(".")) for path in end.attribute)
    paths = tuple((path, names.index(top), tuple(rest)) for path, top, *rest in split)
    return Reading(end, paths)


_Branch: TypeAlias = "tuple[str, int | None, tuple[_Branch, ...]]"
"""A name on a path, the number of the path that ends with it, and what comes below."""


class Paths:
    """All paths by which resources of one type are looked at, walked together: what they share, but once."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[int, tuple[str, ...]], int] = {}

    def numbers(self, reading: Reading) -> tuple[int, ...]:
        """Add the paths of an end, and return by which numbers `held` gives what they hold."""
        found: list[int] = []
        for _path, top, rest in reading.paths:
            # Data passes on whatever is in it.
            key = (top, () if reading.end.data else rest)
            found.append(self._numbers.setdefault(key, len(self._numbers)))
        return tuple(found)

    @cached_property
    def nothing(self) -> tuple[Sequence[Tree], ...]:
        """What a resource holds none of whose attributes has a value."""
        return ((),) * len(self._numbers)

    @cached_property
    def _tops(self) -> tuple[tuple[int, int | None, tuple[_Branch, ...]], ...]:
        """The top-level attributes by position, once all paths have been added."""
        tops = dict.fromkeys(top for top, _rest in self._numbers)
        return tuple((top, self._numbers.get((top, ())), self._below(top, ())) for top in tops)

    def _below(self, top: int, begin: tuple[str, ...]) -> tuple[_Branch, ...]:
        at = len(begin)
        names = dict.fromkeys(
            rest[at] for one, rest in self._numbers if one == top and rest[:at] == begin and len(rest) > at
        )
        return tuple(
            (name, self._numbers.get((top, (*begin, name))), self._below(top, (*begin, name)))
            for name in names
        )

    def held(self, values: Sequence[Tree]) -> Sequence[Sequence[Tree]]:
        """Return what stands at each path; `nothing` itself where no attribute has a value."""
        found: list[Sequence[Tree]] | None = None
        for top, whole, below in self._tops:
            value = values[top]
            if value is None:
                continue
            if found is None:
                found = list(self.nothing)
            if whole is not None:
                found[whole] = (value,)
            if below and not _collect(value if value.__class__ is list else (value,), below, found):
                for (one, rest), number in self._numbers.items():
                    if one == top and rest:
                        found[number] = _values_at(value, rest)
        return self.nothing if found is None else found


def _collect(nodes: Sequence[Tree], below: tuple[_Branch, ...], found: list[Sequence[Tree]]) -> bool:
    """Put what stands below some nodes into `found`; False where one of them is no map: it must be walked."""
    for name, number, further in below:
        parts: Sequence[Tree] = ()
        if name == "*":
            return False
        for node in nodes:
            if node.__class__ is not dict:
                return False
            part = node.get(name)
            if part is None:
                continue
            part = part if part.__class__ is list else (part,)
            parts = [*parts, *part] if parts else part
        if parts:
            if number is not None:
                found[number] = parts
            if further and not _collect(parts, further, found):
                return False
    return True


class Ends:
    """Finds the resources of one input that values and references name."""

    def __init__(self, inventory: Inventory, catalog: Catalog) -> None:
        self._inventory = inventory
        self._catalog = catalog
        self._keyed: dict[tuple[str, str, int | str | None], int] = {}
        self._types: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._wanted: dict[tuple[str, ...], dict[str, None]] = {}
        self._index: dict[tuple[str, ...], dict[str, int | tuple[int, ...]]] = {}
        self._identifying: dict[str, bool] = {}
        self._modules: dict[str, list[str]] = {}

    @cached_property
    def _of_type(self) -> dict[str, list[int]]:
        """Positions of the resources that an end can name, by type."""
        found: dict[str, list[int]] = defaultdict(list)
        for at, resource in enumerate(self._inventory.resources):
            if resource.deposed is None and resource.change is not Change.DELETE:
                found[resource.family.type].append(at)
        return found

    @cached_property
    def _blocks(self) -> dict[str, list[int]]:
        """The same by block; by their keys they are indexed along with that."""
        found: dict[str, list[int]] = defaultdict(list)
        for at, resource in enumerate(self._inventory.resources):
            block = resource.block
            if block is not None and resource.deposed is None and resource.change is not Change.DELETE:
                found[block.key].append(at)
                self._keyed[block.key, resource.module, resource.index] = at
        return found

    def types(self, patterns: tuple[str, ...]) -> tuple[str, ...]:
        """Return the types of this input that fit some pattern."""
        found = self._types.get(patterns)
        if found is None:
            found = self._types[patterns] = tuple(
                name for name in self._of_type if any(matches(pattern, name) for pattern in patterns)
            )
        return found

    def of_types(self, patterns: tuple[str, ...]) -> tuple[int, ...]:
        """Return the resources whose type fits some pattern."""
        return tuple(at for name in self.types(patterns) for at in self._of_type[name])

    def expect(self, ends: Iterable[FlowEnd]) -> None:
        """Note by which attributes the resources of each type are going to be named.

        Every end that is looked at must have been noted before the first is.
        """
        for end in ends:
            lasts = (path.rpartition(".")[2] for path in end.attribute)
            names = dict.fromkeys((*end.names, *lasts))
            for pattern in end.types:
                self._wanted.setdefault((pattern,), {}).update(names)

    # -- one end of one resource -----------------------------------------------------------------------------

    def named(self, resource: Resource, values: Sequence[Tree], reading: Reading) -> list[Named]:
        """Return what an end of a flow names, value by value; nothing where it is not set.

        Args:
            values: the attributes that the resource's type is asked for, on the side that is looked at.

        """
        end = reading.end
        found: list[Named] = []
        for path, top, rest in reading.paths:
            value = values[top]
            if value is None:
                continue
            if end.data:
                unknowns = [one for one in _values_at(value, rest) if isinstance(one, Unknown) and one.feeds]
                for leaf in unknowns or (None,):
                    found.extend(self._carried(resource, path, leaf))
                continue
            for leaf in _values_at(value, rest):
                if leaf.__class__ is str and leaf and not _DOCUMENT.search(leaf):
                    found.append(self._by_text(resource, leaf, end, path))
                elif leaf is not None:
                    found.extend(self._leaf(resource, leaf, end, path))
        return found

    def bearers(self, patterns: tuple[str, ...]) -> Mapping[str, int | tuple[int, ...]]:
        """Return, of the types that fit some pattern, who bears which name: one resource, or several."""
        found = self._index.get(patterns)
        return self._indexed(patterns) if found is None else found

    def _leaf(self, resource: Resource, leaf: Tree, end: FlowEnd, path: str) -> Iterator[Named]:
        if isinstance(plain(leaf), list):
            for inner in _leaves(leaf):
                yield from self._leaf(resource, inner, end, path)
            return
        if isinstance(leaf, Unknown):
            yield from self._by_reference(resource, leaf, end, path)
            return
        text = plain(leaf)
        if isinstance(text, bool) or not isinstance(text, str | int) or text == "":
            return
        text, hidden = str(text), isinstance(leaf, Sensitive)
        if _DOCUMENT.search(text):
            yield from self._in_document(resource, text, end, path, hidden=hidden)
        else:
            yield self._by_text(resource, text, end, path, hidden=hidden)

    # -- by what the value says ------------------------------------------------------------------------------

    def _by_text(
        self, resource: Resource, text: str, end: FlowEnd, path: str, *, hidden: bool = False
    ) -> Named:
        index = self.bearers(end.types)
        found = index.get(text)
        if found is None and index:
            part = next((at for part in _parts(text) if (at := index.get(part)) is not None), None)
            if part is not None:
                return self._by_part(resource, text, end, path, part, hidden=hidden)
        if isinstance(found, int) and self._inventory.resources[found] is not resource:
            return Named((found,))
        # That a resource's own value is what it says names nobody.
        bearers = found if isinstance(found, tuple) else ()
        if bearers:
            fed, _only, _block = self._fed(resource, end, path)
            near = tuple(at for at in bearers if at in set(fed)) or bearers
            return Named(near, certain=len(near) == 1)
        shown = HIDDEN if hidden else printable(text)
        fed, only, _block = self._fed(resource, end, path)
        if fed:
            inside = tuple(at for at in fed if self._is_inside(at, text))
            if inside or only:
                near = inside or fed
                beside = not only or self._is_composed(resource, text, end, path)
                return Named(near, certain=len(near) == 1, text=text if beside else None, shown=shown)
            return Named(fed, certain=False, text=text, shown=shown)
        return Named(text=text, shown=shown)

    def _by_part(
        self,
        resource: Resource,
        text: str,
        end: FlowEnd,
        path: str,
        part: int | tuple[int, ...],
        *,
        hidden: bool,
    ) -> Named:
        """Return what a text names of which a part is the name of a resource.

        Certain where the expression refers to that, or where the text is the resource's own full name with a
        path in it; else another host may keep something of the same name.
        """
        at = part if isinstance(part, tuple) else (part,)
        fed, only, _block = self._fed(resource, end, path)
        near = tuple(one for one in at if one in set(fed)) or at
        whole = only and set(near) <= set(fed) and not self._is_composed(resource, text, end, path)
        if whole or text.startswith("arn:"):
            return Named(near, certain=len(near) == 1)
        sure = len(near) == 1 and set(near) <= set(fed)
        return Named(near, certain=sure, text=text, shown=HIDDEN if hidden else printable(text))

    def _is_composed(self, resource: Resource, text: str, end: FlowEnd, path: str) -> bool:
        """Whether a host was written around the mere name of a resource, so that it may be anybody's."""
        if text.startswith("arn:") or not ("://" in text or "." in text):
            return False
        references, _only = self._references(resource, path, None)
        return any(
            reference.path[-1:] and reference.path[-1] in _NAMES and reference.path[-1] not in end.names
            for reference in references
        )

    def within(self, text: str, patterns: tuple[str, ...]) -> tuple[int, ...]:
        """Return who may be meant by an ARN, or a host, that holds the name alone of a resource.

        The whole may be that of another which bears the same name, so this is never certain.
        """
        index = self.bearers(patterns)
        for part in _inner_names(text):
            found = index.get(part)
            if found is not None:
                return found if isinstance(found, tuple) else (found,)
        return ()

    def _in_document(
        self, resource: Resource, text: str, end: FlowEnd, path: str, *, hidden: bool
    ) -> Iterator[Named]:
        """Give what a document names (JSON, a list in a text): resources of the input, and full names."""
        fed, _only, _block = self._fed(resource, end, path)
        inside = tuple(at for at in fed if self._is_inside(at, text))
        for at in inside or fed:
            yield Named((at,), certain=at in inside or len(fed) == 1)
        if len(text) > _LONGEST:
            yield Named(unknown=Unknown(Reason.TOO_MANY, path, say("letters of a document")))
        for word in dict.fromkeys(_WORD.findall(text[:_LONGEST])):
            found = self.bearers(end.types).get(word)
            if found is not None:
                bearers = found if isinstance(found, tuple) else (found,)
                yield Named(bearers, certain=len(bearers) == 1)
            elif "://" in word or word.startswith("arn:"):
                yield Named(text=word, shown=HIDDEN if hidden else printable(word))

    def _indexed(self, patterns: tuple[str, ...]) -> dict[str, int | tuple[int, ...]]:
        """Return who bears which name, of the types that fit some pattern; one look-up for all of them."""
        index = self._index[patterns] = {}
        for resource_type in self.types(patterns):
            names = dict.fromkeys(_IDENTIFIERS)
            for (pattern,), wanted in self._wanted.items():
                if matches(pattern, resource_type):
                    names.update(wanted)
            asked = tuple(names)
            for at in self._of_type[resource_type]:
                try:
                    values = self._inventory.resources[at].after.select(asked)
                except RecursionError:
                    continue
                for value in values:
                    if value.__class__ is str:
                        if value and index.setdefault(value, at) != at:
                            _add_bearer(index, value, at)
                    elif value is not None:
                        for text in map(plain, _leaves(value)):
                            if isinstance(text, bool) or not isinstance(text, str | int) or text == "":
                                continue
                            if index.setdefault(str(text), at) != at:
                                _add_bearer(index, str(text), at)
        return index

    def _is_inside(self, at: int, text: str) -> bool:
        """Whether a resource's own identifier is part of a text (its host name, its URL)."""
        for value in self._inventory.resources[at].after.select(_IDENTIFIERS):
            own = plain(value)
            if isinstance(own, str) and len(own) >= _SHORTEST and own in text:
                return True
        return False

    # -- by what the expression refers to --------------------------------------------------------------------

    def _by_reference(self, resource: Resource, leaf: Unknown, end: FlowEnd, path: str) -> Iterator[Named]:
        at, only, block = self._fed(resource, end, path, leaf)
        if at:
            # What the expression holds besides may lead to something else than any of these.
            only = only and not self._hides(resource, path)
            yield Named(at, certain=only and len(at) == 1, unknown=None if only else leaf)
        elif block is not None and not self._hides(resource, path):
            yield Named(block=block)
        elif not self._left_out(resource, path) or self._hides(resource, path):
            yield Named(unknown=leaf, strange=self._is_strange(resource, end, path, leaf))

    def _fed(
        self, resource: Resource, end: FlowEnd, path: str, leaf: Unknown | None = None
    ) -> tuple[tuple[int, ...], bool, Reference | None]:
        """Return what an expression refers to: positions, whether to nothing else, or a block without any."""
        references, only = self._references(resource, path, leaf)
        found: dict[int, None] = {}
        bare: Reference | None = None
        for reference in references:
            block = self._inventory.blocks.get(reference.block)
            if block is None or block.type == "":
                only = False
                continue
            if end.types and not any(matches(pattern, block.type) for pattern in end.types):
                only = only and not self._carries(block.family.provider, block.type)
                continue
            at = self.instances(resource, reference)
            if at:
                found.update(dict.fromkeys(at))
            else:
                bare = bare or reference
        return tuple(found), only, bare

    def _is_strange(self, resource: Resource, end: FlowEnd, path: str, leaf: Unknown) -> bool:
        """Whether an expression refers to data of other types than the end can name, and to nothing else."""
        references, only = self._references(resource, path, leaf)
        blocks = [self._inventory.blocks.get(reference.block) for reference in references]
        return (
            bool(end.types)
            and only
            and any(
                block is not None and self._carries(block.family.provider, block.type) for block in blocks
            )
        )

    def _references(
        self, resource: Resource, path: str, leaf: Unknown | None
    ) -> tuple[tuple[Reference, ...], bool]:
        if leaf is not None and leaf.feeds:
            return leaf.feeds, leaf.only_feeds
        block = resource.block
        if block is None:
            return (), False
        top, *rest = path.split(".")
        shown = block.attributes.select((top,))[0]
        nodes = walk(shown, tuple(rest)) if rest else [shown]
        unknowns = [one for node in nodes for one in _leaves(node) if isinstance(one, Unknown)]
        feeds = tuple(dict.fromkeys(one for unknown in unknowns for one in unknown.feeds))
        if feeds:
            return feeds, all(unknown.only_feeds for unknown in unknowns)
        return block.links.feeds(top), not block.links.leads_elsewhere(top)

    def instances(self, resource: Resource, reference: Reference) -> tuple[int, ...]:
        """Return the instances that a reference means: the nearest to the resource that writes it.

        That is the instance whose key it names; else the one with the same key in the same module instance;
        else all of the module instance that is nearest: the innermost around both.
        """
        every = self._blocks.get(reference.block, ())
        resources = self._inventory.resources
        if len(every) < 2:
            return tuple(every)
        module = reference.module if reference.module is not None else resource.module
        index = reference.index if reference.index is not None or not reference.alike else resource.index
        same = self._keyed.get((reference.block, module, index)) if index is not None else None
        if same is not None:
            return (same,)
        if reference.index is not None:
            every = [at for at in every if resources[at].index == reference.index]
        elif resource.index is not None and reference.module is None:
            # Of a module that is called for the same keys, its output stands for the instance of that key.
            key = key_suffix(resource.index)
            alike = tuple(at for at in every if resources[at].module.endswith(key))
            if alike:
                return alike
        here = tuple(at for at in every if resources[at].module == module)
        return here or self._nearest(module, every)

    def _nearest(self, module: str, every: Sequence[int]) -> tuple[int, ...]:
        """Return those whose module instance has the most steps in common with another."""
        found: dict[int, list[int]] = defaultdict(list)
        own = self._steps(module)
        for at in every:
            other = self._steps(self._inventory.resources[at].module)
            common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(own, other, strict=False)))
            found[common].append(at)
        return tuple(found[max(found)])

    def _steps(self, module: str) -> list[str]:
        found = self._modules.get(module)
        if found is None:
            found = self._modules[module] = steps(module)
        return found

    def _carries(self, provider: str, resource_type: str) -> bool:
        """Whether resources of a type hold data, so that one that is referred to may be an end as well."""
        found = self._identifying.get(resource_type)
        if found is None:
            facts = self._catalog.type_facts(self._catalog.provider(provider, resource_type), resource_type)
            found = self._identifying[resource_type] = facts.judged
        return found

    @staticmethod
    def _left_out(resource: Resource, path: str) -> bool:
        """Whether nobody has set an attribute that the provider computes: it leads nowhere of its own."""
        if resource.block is None:
            return False
        top, *rest = path.split(".")
        shown = resource.block.attributes.select((top,))[0]
        return shown is None or (bool(rest) and not walk(shown, tuple(rest)))

    @staticmethod
    def _hides(resource: Resource, path: str) -> bool:
        """Whether there are more nested blocks than a plan's configuration shows: it lacks dynamic ones."""
        top, *rest = path.split(".")
        if resource.block is None or not rest:
            return False
        (value,), (shown,) = resource.after.select((top,)), resource.block.attributes.select((top,))
        return _more_blocks(value, shown, tuple(rest))

    # -- values that are data themselves ---------------------------------------------------------------------

    def _carried(self, resource: Resource, path: str, leaf: Unknown | None) -> Iterator[Named]:
        """Give the resources whose data, not whose name, goes into a value."""
        references, _only = self._references(resource, path, leaf)
        told: dict[tuple[int, ...], None] = {}
        for reference in references:
            if not self.identifies(reference):
                told[self.instances(resource, reference)] = None
        for at in told:
            if at:
                yield Named(at, certain=len(at) == 1)

    def identifies(self, reference: Reference) -> bool:
        """Whether a reference is to a name of the resource rather than to its data."""
        last = reference.path[-1] if reference.path else ""
        path = ".".join(reference.path)
        for word in self._catalog.flows.identifiers:
            if (
                last == word
                or ("." in word and path.endswith(word))
                or (word.startswith("_") and last.endswith(word))
            ):
                return True
        return False


CONNECTION = later("a connection string")
"""What is shown of one; in English, as declarations of harmless flows name it in every language."""


def printable(text: str) -> str:
    """Return a destination without what may be a credential: user, path and query of a URL, settings.

    >>> printable("https://me:secret@hooks.example.org:8443/services/T0/token?key=x")
    'https://hooks.example.org:8443/...'
    """
    match = _URL.match(text)
    if match is not None:
        if match["scheme"].lower() in _OF_STORES and not match["user"]:
            return text.partition("?")[0]
        more = match["rest"].strip("/")
        return f"{match['scheme']}://{match['host']}{'/...' if more else ''}"
    if ";" in text or "=" in text:
        return CONNECTION
    user, at, host = text.rpartition("@")
    return host if at and ":" in user else text


def holds(value: Tree, condition: Condition) -> bool | None:
    """Whether a condition holds; None where the attribute is not known.

    Args:
        value: of its top-level attribute.

    """
    _top, *rest = condition.attribute.split(".")
    nodes = [leaf for node in walk(value, tuple(rest)) for leaf in _leaves(node)] if value is not None else []
    if any(isinstance(node, Unknown) for node in nodes):
        return None
    said = {_folded(plain(node)) for node in nodes}
    if condition.one_of:
        return not said.isdisjoint(map(_folded, condition.one_of))
    if condition.none_of:
        return said.isdisjoint(map(_folded, condition.none_of))
    return bool(said - {""})


def _more_blocks(value: Tree, shown: Tree, rest: tuple[str, ...]) -> bool:
    """Whether a value has blocks, on the way to what lies below it, that the configuration does not show."""
    value, shown = plain(value), plain(shown)
    if not rest:
        return False
    if isinstance(value, dict):
        inner = shown.get(rest[0]) if isinstance(shown, dict) else None
        return isinstance(shown, dict) and _more_blocks(value.get(rest[0]), inner, rest[1:])
    if not isinstance(value, list) or not any(isinstance(plain(one), dict) for one in value):
        return False
    blocks = [] if shown is None else shown
    if not isinstance(blocks, list):
        return False  # An attribute, not blocks: one expression for all of it.
    if len(value) > len(blocks):
        return True
    return any(_more_blocks(one, block, rest) for one, block in zip(value, blocks, strict=False))


def _parts(text: str) -> Iterator[str]:
    """Give the names that a longer name may hold: `s3://NAME/...`, `host/NAME`, `arn:...:NAME/...`."""
    match = _LOCATOR.match(text)
    if match is not None:
        yield match["host"]
        rest = match["rest"].strip("/")
        if rest:
            yield rest
            yield rest.partition("/")[0]
    elif "/" in text:
        head, _slash, rest = text.partition("/")
        yield rest if "." in head else head
    if text.endswith(":*"):
        yield text[:-2]


def _inner_names(text: str) -> Iterator[str]:
    """Give the names that may be part of an ARN (`...:NAME/...`) or of a host (`NAME.s3.example.org`)."""
    if text.startswith("arn:"):
        name = text.split(":", 5)[-1]
        yield name
        yield from name.split(":")
        yield from name.split("/")
        return
    match = _LOCATOR.match(text)
    host = match["host"] if match is not None else re.split("[/:]", text, maxsplit=1)[0]
    first, dot, _rest = host.partition(".")
    if dot:
        yield host.lower()
        yield first.lower()


def _add_bearer(index: dict[str, int | tuple[int, ...]], text: str, at: int) -> None:
    found = index[text]
    others = found if isinstance(found, tuple) else (found,)
    if at not in others:
        index[text] = (*others, at)


def _values_at(node: Tree, path: tuple[str, ...]) -> Sequence[Tree]:
    """Return the values at a path, lists on the way and at its end walked through."""
    nodes: Sequence[Tree] = node if node.__class__ is list else (node,)
    for name in path:
        if len(nodes) == 1 and nodes[0].__class__ is dict and name != "*":
            part = nodes[0].get(name)
            if part is None:
                return ()
            nodes = part if part.__class__ is list else (part,)
            continue
        below: list[Tree] = []
        for one in nodes:
            if one.__class__ is not dict or name == "*":
                # Something is not known, or sensitive, or nested in another way: step by step.
                found: list[Tree] = []
                _gather(node, path, 0, found)
                return found
            part = one.get(name)
            if part.__class__ is list:
                below.extend(part)
            elif part is not None:
                below.append(part)
        nodes = below
    return nodes


def _gather(node: Tree, path: tuple[str, ...], depth: int, found: list[Tree]) -> None:
    """Collect the values at a path, lists on the way and at its end walked through (model.value.walk)."""
    kind = node.__class__
    if kind is list:
        for item in node:
            _gather(item, path, depth, found)
    elif kind is dict and depth < len(path):
        name = path[depth]
        for part in node.values() if name == "*" else (node.get(name),):
            if part is not None:
                _gather(part, path, depth + 1, found)
    elif kind is Unknown or (depth == len(path) and node is not None and kind is not Sensitive):
        found.append(node)
    elif kind is Sensitive:
        below: list[Tree] = []
        _gather(node.value, path, depth, below)
        found.extend(one if isinstance(one, Unknown | Sensitive) else Sensitive(one) for one in below)


def _folded(value: object) -> str:
    return str(value).strip().lower()


def _leaves(node: Tree) -> Iterator[Tree]:
    """Give the values of a node: itself, or what lists in it hold."""
    hidden = isinstance(node, Sensitive)
    inner = plain(node)
    if isinstance(inner, list):
        for item in inner:
            for leaf in _leaves(item):
                yield Sensitive(leaf) if hidden and not isinstance(leaf, Sensitive | Unknown) else leaf
    elif inner is not None:
        yield node
