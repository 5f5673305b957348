"""What a plan tells of an expression that is not a constant: a list of what it refers to.

The trap: `var.region`, `lower(var.region)` and `var.dr ? "us-east-2" : var.region` all read
`{"references": ["var.region"]}`, and locals have no value anywhere. So a value reached through references is
never taken for the expression's value: it is kept as a hint beside an Unknown.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from sovereign_guard.language import say
from sovereign_guard.model.address import steps as address_steps
from sovereign_guard.model.value import Reason, Reference, Tree, Unknown
from sovereign_guard.read.wire import CallWire, ModuleWire, VariableWire

_MAX_DEPTH = 40
_EXPRESSION_KEYS = frozenset({"constant_value", "references"})


class Module:
    """A module of the configuration with its place in the tree."""

    def __init__(self, path: str, wire: ModuleWire, parent: Module | None, call: CallWire | None) -> None:
        self.path = path
        self.wire = wire
        self.parent = parent
        self.blocks = {
            f"data.{b.type}.{b.name}" if b.mode == "data" else f"{b.type}.{b.name}" for b in wire.resources
        }
        self.children: dict[str, Module] = {}
        self.repeats = call is not None and call.repeats
        self._call = call
        self._arguments: dict[str, Any] | None = None

    def argument(self, name: str) -> Any:
        """Return the expression that the module call gives to a variable, None where it gives none."""
        if self._arguments is None:
            self._arguments = json_object(self._call.expressions if self._call else msgspec.Raw(b""))
        return self._arguments.get(name)

    def key(self, block: str) -> str:
        """Return a block's key: module path and address."""
        return f"{self.path}.{block}" if self.path else block

    def ancestors(self) -> list[Module]:
        """Return this module, its parent, and so on up to the root."""
        chain: list[Module] = []
        module: Module | None = self
        while module is not None:
            chain.append(module)
            module = module.parent
        return chain


def json_object(raw: msgspec.Raw) -> dict[str, Any]:
    """Decode a JSON object; anything else counts as an empty one."""
    if not len(raw):
        return {}
    found = msgspec.json.decode(raw)
    return found if isinstance(found, dict) else {}


def _constant(value: Any, origin: str) -> Tree:
    """Return a constant. Of JSON source a plan shows `"${upper(x)}"` as if the expression were the value."""
    if isinstance(value, str):
        if "${" in value or "%{" in value:
            return Unknown(Reason.NOT_SHOWN, origin, say("it may be an expression of JSON source"))
        return value
    if isinstance(value, list):
        return [_constant(part, origin) for part in value]
    if isinstance(value, dict):
        return {name: _constant(part, f"{origin}.{name}") for name, part in value.items()}
    return value


class References:
    """Evaluates the expressions of a plan's `configuration` as far as it shows them."""

    def __init__(self, root_values: dict[str, Any]) -> None:
        """Take the root module's variable values, without those that are marked sensitive."""
        self._values = root_values

    def tree(self, expression: Any, module: Module, origin: str) -> Tree:
        """Turn an expression, or a nested block of them, into a tree with Unknown leaves."""
        if isinstance(expression, list):
            # Lists are of nested blocks only, so an empty object in one is a block without arguments.
            return [
                self.tree(item, module, f"{origin}[{at}]") if item else {}
                for at, item in enumerate(expression)
            ]
        if not isinstance(expression, dict):
            return Unknown(Reason.UNSUPPORTED, origin)
        if not _EXPRESSION_KEYS.issuperset(expression):
            return {name: self.tree(part, module, f"{origin}.{name}") for name, part in expression.items()}
        references = expression.get("references")
        if "constant_value" in expression and not references:
            return _constant(expression["constant_value"], origin)
        if not isinstance(references, list):
            return Unknown(Reason.NOT_SHOWN, origin)
        return self._unknown(references, module, origin)

    def _unknown(self, references: list[Any], module: Module, origin: str) -> Unknown:
        """Return the Unknown that stands for an expression with these references."""
        trace = _Trace()
        self._follow(references, module, trace, 0, "" if module.parent is None else None)
        named = ", ".join(_longest(references)[:3])
        hints = set(trace.hints)
        return Unknown(
            Reason.NOT_SHOWN,
            origin,
            detail=say("refers to {named}", named=named) if named else "",
            hint=hints.pop() if len(hints) == 1 and not trace.feeds else None,
            feeds=tuple(
                dict.fromkeys(
                    one
                    if trace.keyed and not (trace.others or trace.values)
                    else msgspec.structs.replace(one, alike=False)
                    for one in trace.feeds
                )
            ),
            # Beside a resource, `each.key` and `count.index` choose among its instances.
            only_feeds=bool(trace.feeds) and not trace.others,
        )

    def _follow(
        self, references: list[Any], module: Module, trace: _Trace, depth: int, within: str | None
    ) -> None:
        """Follow the references of an expression of a module; `within`: address of its instance, if known."""
        if depth > _MAX_DEPTH:
            trace.others = True
            return
        for reference in _longest(references):
            # Each is followed once however many ways lead to it, or a few modules could fan out without end.
            if (module.path, within, reference) not in trace.followed:
                trace.followed.add((module.path, within, reference))
                self._follow_one(reference, module, trace, depth, within)

    def _follow_one(
        self, reference: str, module: Module, trace: _Trace, depth: int, within: str | None
    ) -> None:
        steps = _steps(reference)
        head = steps[0]
        if head == "var" and len(steps) > 1:
            self._variable(steps[1], module, trace, depth, within)
        elif head == "module" and len(steps) > 2:
            child = module.children.get(steps[1])
            output = child.wire.outputs.get(steps[2]) if child else None
            if child is None or output is None:
                trace.others = True
            else:
                inside = _instance(reference, child, within)
                self._expression(json_object(output.expression), child, trace, depth, inside)
        else:
            block = ".".join(steps[:3] if head == "data" else steps[:2])
            if block in module.blocks:
                path = tuple(steps[3 if head == "data" else 2 :])
                # Beside the module of the expression itself, where the reader of it knows its instance.
                beside = within if trace.left or module.parent is None else None
                trace.feeds.append(Reference(module.key(block), path, _key(reference), beside))
            elif reference in ("each.key", "count.index") and not trace.left:
                trace.keyed = True
            elif head in ("each", "count"):
                # Whatever value it is, the key of another instance it can be, and of no other block.
                trace.values = True
            else:
                # local, path, terraform, self: nothing is shown of their values.
                trace.others = True

    def _variable(self, name: str, module: Module, trace: _Trace, depth: int, within: str | None) -> None:
        if module.parent is None:
            trace.others = True
            value = self._values.get(name)
            if isinstance(value, str):
                trace.hints.append(value)
            return
        argument = module.argument(name)
        if argument is not None:
            above = ".".join(address_steps(within)[:-2]) if within else None
            if module.parent.parent is None:
                above = ""
            self._expression(argument, module.parent, trace, depth, above)
            return
        trace.others = True
        declared = module.wire.variables.get(name, VariableWire())
        if len(declared.default) and not declared.sensitive:
            default = msgspec.json.decode(declared.default)
            if isinstance(default, str):
                trace.hints.append(default)

    def _expression(
        self, expression: Any, module: Module, trace: _Trace, depth: int, within: str | None
    ) -> None:
        trace.left = True
        if not isinstance(expression, dict):
            trace.others = True
        elif "constant_value" in expression:
            trace.others = True
            if isinstance(expression["constant_value"], str):
                trace.hints.append(expression["constant_value"])
        elif isinstance(expression.get("references"), list):
            self._follow(expression["references"], module, trace, depth + 1, within)
        else:
            trace.others = True


class _Trace:
    """What following references has met."""

    def __init__(self) -> None:
        self.feeds: list[Reference] = []
        self.hints: list[str] = []
        self.others = False
        self.keyed = False
        self.values = False
        self.left = False
        self.followed: set[tuple[str, str | None, str]] = set()


def _longest(references: list[Any]) -> list[str]:
    """Drop the references that are a beginning of another: Terraform lists `a.b.c`, then `a.b`."""
    texts = list(dict.fromkeys(text for text in references if isinstance(text, str) and text))
    return [
        text
        for text in texts
        if not any(other != text and other.startswith((f"{text}.", f"{text}[")) for other in texts)
    ]


_KEY = re.compile(r'(?:data\.)?[^.\[\]"]+\.[^.\[\]"]+\[(?:(?P<number>\d+)|(?P<text>"(?:[^"\\]|\\.)*"))\]')


def _key(reference: str) -> int | str | None:
    """Return the instance key that a reference to a resource names (`a.b["c.d"].e` -> "c.d")."""
    match = _KEY.match(reference)
    if match is None:
        return None
    return int(match["number"]) if match["number"] else str(json.loads(match["text"]))


_MODULE_KEY = re.compile(r'module\.[^.\[\]"]+(?P<key>\[(?:\d+|"(?:[^"\\]|\\.)*")\])?')


def _instance(reference: str, child: Module, within: str | None) -> str | None:
    """Return the address of the module instance that a reference to an output names, None where not told."""
    match = _MODULE_KEY.match(reference)
    if within is None or match is None or (child.repeats and match["key"] is None):
        return None
    return f"{within}.{match[0]}" if within else match[0]


def _steps(reference: str) -> list[str]:
    """Split a reference at its dots, leaving out indexes (`a.b["c.d"].e` -> a, b, e)."""
    steps: list[str] = []
    current = ""
    depth = 0
    quoted = False
    for char in reference:
        if char == '"':
            quoted = not quoted
        elif not quoted and char in "[]":
            depth += 1 if char == "[" else -1
        elif char == "." and not depth and not quoted:
            steps.append(current)
            current = ""
        elif not depth and not quoted:
            current += char
    return [*steps, current]
