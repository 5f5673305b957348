"""YAML files with the line of every value, checked against a JSON Schema, all faults at once.

Nothing here is imported on a scan whose rules are compiled and that has no configuration file.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing import Resource as SchemaResource

from sovereign_guard.errors import UsageError, reason_of
from sovereign_guard.language import ENGLISH, language, say
from sovereign_guard.ledger import kept

MAX_BYTES = 4_000_000
"""More than any rules file or configuration has a reason to hold."""

MAX_NODES = 200_000
"""Nodes after aliases are followed: bounds what a file of nested aliases can expand to."""

MAX_DEPTH = 60


class _Loader(yaml.CSafeLoader):
    """The safe loader, except that dates stay text: the schemas say what a date is."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}

PathInFile = tuple[str | int, ...]


class YamlFile:
    """One parsed file: `data`, and the line and column at which each part of it stands."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self._lines: dict[PathInFile, tuple[int, int]] = {}
        self.problems: list[UsageError] = []
        self.data: Any = None
        loader = _Loader(text)
        try:
            root = loader.get_single_node()
            if root is not None:
                self._budget = MAX_NODES
                if self._index(root, (), 0):
                    self.data = loader.construct_document(root)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            problem = say("this is not YAML: {fault}.", fault=error.problem or error.context)
            if "nesting depth" in (error.problem or ""):  # PyYAML bounds it by itself since 6.0.4.
                problem = say("this YAML is nested too deeply or expands to too much.")
            self._fault(problem, (mark.line + 1, mark.column + 1) if mark else (1, 1))
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            self._fault(say("this is not YAML that can be read: {error}.", error=error), (1, 1))
        finally:
            loader.dispose()

    def _fault(self, message: str, at: tuple[int, int], hint: str = "") -> None:
        self.problems.append(UsageError(message, hint=hint, file=self.path, line=at[0], column=at[1]))

    def _index(self, node: yaml.Node, path: PathInFile, depth: int) -> bool:
        at = (node.start_mark.line + 1, node.start_mark.column + 1)
        self._budget -= 1
        if self._budget < 0 or depth > MAX_DEPTH:
            self._fault(say("this YAML is nested too deeply or expands to too much."), at)
            return False
        self._lines.setdefault(path, at)
        if isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                name = key.value if isinstance(key, yaml.ScalarNode) else ""
                if key.tag != "tag:yaml.org,2002:str":
                    self._fault(
                        say("the key {name!r} is not text.", name=name),
                        (key.start_mark.line + 1, key.start_mark.column + 1),
                        say("Put it in quotes: YAML reads yes, no, on, off and numbers as something else."),
                    )
                if name in seen:
                    self._fault(
                        say("the key {name!r} stands here twice.", name=name),
                        (key.start_mark.line + 1, key.start_mark.column + 1),
                        say("Keep one of the two: YAML would silently drop the first."),
                    )
                seen.add(name)
                if not self._index(value, (*path, name), depth + 1):
                    return False
        elif isinstance(node, yaml.SequenceNode):
            for position, value in enumerate(node.value):
                if not self._index(value, (*path, position), depth + 1):
                    return False
        return True

    def at(self, *path: str | int) -> tuple[int, int]:
        """Line and column (from 1) of the value at this path, or of the nearest thing around it."""
        for end in range(len(path), -1, -1):
            found = self._lines.get(path[:end])
            if found:
                return found
        return (1, 1)

    def place(self, *path: str | int) -> str:
        """`file:line` of the value at this path, for evidence."""
        return f"{self.path}:{self.at(*path)[0]}"

    def fault(self, message: str, *path: str | int, hint: str = "") -> None:
        """Record a fault at this path."""
        self._fault(message, self.at(*path), hint)

    def check(self, schema: str, folder: Path) -> None:
        """Validate against rules/schemas/SCHEMA.schema.json, recording every fault.

        What does not fit is then taken out of `data`, so that the rest can be checked further and all faults
        are told at once; a file with faults is never used.
        """
        if self.problems:
            return
        faulty: list[PathInFile] = []
        for error in validator(schema, folder).iter_errors(self.data):
            path = tuple(error.absolute_path)
            if error.validator == "additionalProperties" and isinstance(error.instance, dict):
                known = error.schema.get("properties", {})
                extra = [(*path, key) for key in error.instance if key not in known]
                faulty.extend(extra)
                path = extra[0] if extra else path
            elif path or error.validator != "required":
                faulty.append(path)  # A file that lacks something at its top is still read for the rest.
            name = "/".join(str(part) for part in path) or say("the file")
            self.fault(f"{name}: {_in_words(error)}", *path, hint=_hint(error))
        # Longest first, and later list items before earlier ones, so that no removal moves another's path.
        while faulty:
            for path in sorted(faulty, key=_depth_and_place, reverse=True):
                self.data = _without(self.data, path)
            # What was taken out may have been required: then what held it goes too, and is told already.
            again = validator(schema, folder).iter_errors(self.data)
            faulty = [path for error in again if (path := tuple(error.absolute_path))]


def _depth_and_place(path: PathInFile) -> tuple[int, list[str]]:
    return len(path), [str(part).zfill(9) for part in path]


def _without(data: Any, path: PathInFile) -> Any:
    """Return data without what stands at a path; nothing at all where that is the whole."""
    if not path:
        return {}
    holder = data
    for part in path[:-1]:
        try:
            holder = holder[part]
        except (KeyError, IndexError, TypeError):
            return data  # Something around it is gone already.
    if isinstance(holder, dict):
        holder.pop(path[-1], None)
    elif isinstance(holder, list) and isinstance(path[-1], int) and path[-1] < len(holder):
        del holder[path[-1]]
    return data


def _in_words(error: Any) -> str:
    text = str(error.message) if language() == ENGLISH else _translated(error)
    return text if len(text) <= 300 else f"{text[:300]}..."


def _translated(error: Any) -> str:
    """Return what a fault of the schema's validator says, which itself speaks English alone."""
    value, asked = repr(error.instance), error.validator_value
    match error.validator:
        case "type":
            types = ", ".join([asked] if isinstance(asked, str) else asked)
            return say("{value} is not of type {types}", value=value, types=types)
        case "required":
            # One fault for each; only its message tells which.
            return say("{name} is a required property", name=str(error.message).partition(" is a ")[0])
        case "enum" | "const":
            values = ", ".join(map(repr, asked if error.validator == "enum" else [asked]))
            return say("{value} is not one of {values}", value=value, values=values)
        case "pattern":
            return say("{value} does not match {pattern}", value=value, pattern=repr(asked))
        case "additionalProperties" if isinstance(error.instance, dict):
            known = error.schema.get("properties", {})
            return say(
                "unexpected keys: {names}", names=", ".join(key for key in error.instance if key not in known)
            )
        case "minItems" | "minLength":
            return say("{value} is too short", value=value)
        case "maxItems" | "maxLength":
            return say("{value} is too long", value=value)
        case "minProperties":
            return say("{value} does not have enough properties", value=value)
        case "uniqueItems":
            return say("{value} has repeated elements", value=value)
        case "anyOf" | "oneOf":
            return say("{value} does not fit any of the forms that it may have", value=value)
        case "minimum" | "exclusiveMinimum":
            return say("{value} is less than {least}", value=value, least=asked)
        case "maximum" | "exclusiveMaximum":
            return say("{value} is greater than {most}", value=value, most=asked)
        case "not":
            return say("{value} should not be there", value=value)
        case _:
            pass
    return str(error.message)


def _hint(error: Any) -> str:
    schema = error.schema if isinstance(error.schema, dict) else {}
    if error.validator == "additionalProperties" and "properties" in schema:
        return say("Known keys here: {names}.", names=", ".join(sorted(schema["properties"])))
    return str(schema.get(f"description_{language()}") or schema.get("description", ""))


@cache
def _registry(folder: Path) -> tuple[dict[str, Any], Any]:
    schemas = {
        path.name: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((folder / "schemas").glob("*.schema.json"))
    }
    pairs = [(name, SchemaResource.from_contents(schema)) for name, schema in schemas.items()]
    return schemas, Registry().with_resources(pairs)


def validator(schema: str, folder: Path) -> Draft202012Validator:
    """Return the validator of rules/schemas/SCHEMA.schema.json."""
    schemas, registry = _registry(folder)
    return Draft202012Validator(schemas[f"{schema}.schema.json"], registry=registry)


def read_yaml(path: Path, shown_as: str | None = None) -> YamlFile:
    """Read and parse a file.

    Raises:
        UsageError: the file cannot be read, is too large, or is not UTF-8.

    """
    shown = shown_as or str(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UsageError(
                say("this file is larger than {max_bytes} bytes.", max_bytes=MAX_BYTES), file=shown
            )
        text = kept(path).decode("utf-8-sig")
    except OSError as error:
        raise UsageError(
            say("this file cannot be read: {reason}.", reason=reason_of(error)),
            hint=say("Check its name and its permissions."),
            file=shown,
        ) from None
    except UnicodeDecodeError as error:
        raise UsageError(
            say("this file is not UTF-8 (byte {start}).", start=error.start),
            hint=say("Save it as UTF-8."),
            file=shown,
        ) from None
    return YamlFile(shown, text)
