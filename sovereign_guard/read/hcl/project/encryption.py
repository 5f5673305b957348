"""What OpenTofu's `encryption` block does to states, in words.

Terraform refuses the block. The variable TF_ENCRYPTION, which can replace all of it, is not read.

Source: OpenTofu's documentation, "State and Plan Encryption", and its internal/encryption/config and
internal/builtin/providers/tf at commit f831fa1; read 2026-11-24.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sovereign_guard.language import say
from sovereign_guard.model.wording import both
from sovereign_guard.read.hcl.language.evaluate import Evaluator
from sovereign_guard.read.hcl.language.values import EvaluationError
from sovereign_guard.read.hcl.project.links import accesses
from sovereign_guard.read.hcl.project.source import Section
from sovereign_guard.read.hcl.syntax.tree import Expression, GetAttribute, Literal

_PLAIN = "unencrypted"
_MOST_KEYS = 20
_REMOTE = "data.terraform_remote_state."

_Address = tuple[str, str]


class Encryption:
    """The `encryption` blocks of a root module, those of override files after the others."""

    def __init__(self, sections: Sequence[Section], evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._state: list[Section] = []
        self._remote: list[Section] = []
        self._declared: dict[tuple[str, ...], list[Section]] = {}
        for section in sections:
            for inner in section.sections():
                if inner.type == "state":
                    self._state.append(inner)
                elif inner.type == "remote_state_data_sources":
                    self._remote.append(inner)
                elif inner.type in ("key_provider", "method") and len(inner.labels) == 2:
                    self._declared.setdefault((inner.type, *inner.labels), []).append(inner)

    def of_state(self) -> str:
        """Return what it does to the state of the root module; empty where it leaves it as it is."""
        method = self._method(self._state)
        enforced = any(self._is_true(one, "enforced") for one in self._state)
        if method is None:
            # The method is then in TF_ENCRYPTION, or OpenTofu refuses to write.
            said = say("OpenTofu must encrypt state (enforced), by a method that the source does not name")
            return said if enforced else ""
        if method[0] == _PLAIN:
            return ""
        words = self._words(method)
        if enforced:
            return say("OpenTofu encrypts state with {method}, enforced", method=words)
        return say("OpenTofu encrypts state with {method}, not enforced", method=words)

    def of_remote_state(self, address: str) -> str:
        """Return how a state is encrypted that a data source reads; empty where it is not.

        Args:
            address: of the data source's instance.

        """
        # So OpenTofu names it, with its instance keys.
        key = address.replace(_REMOTE, "", 1).removeprefix("module.")
        default = [one for outer in self._remote for one in outer.sections() if one.type == "default"]
        own = [
            one
            for outer in self._remote
            for one in outer.sections()
            if one.type == "remote_state_data_source" and one.labels == (key,)
        ]
        method = self._method(own or default)
        if method is None or method[0] == _PLAIN:
            return ""
        return say("OpenTofu reads this state encrypted with {method}", method=self._words(method))

    def _words(self, method: _Address) -> str:
        keys = list(dict.fromkeys(kind for kind, _name in self._keys(method)))
        return say("{method}, key from {keys}", method=method[0], keys=both(keys)) if keys else method[0]

    def _keys(self, method: _Address) -> Iterator[_Address]:
        """Give the key providers from which a method has its key, and those on which they build."""
        waiting: list[tuple[str, ...]] = [("method", *method)]
        seen: set[tuple[str, ...]] = set()
        while waiting and len(seen) < _MOST_KEYS:
            at = waiting.pop(0)
            if at in seen:
                continue
            seen.add(at)
            if at[0] == "key_provider":
                yield at[1], at[2]
            arguments = {
                name: argument
                for section in self._declared.get(at, ())
                for name, argument in section.arguments.items()
            }
            for argument in arguments.values():
                try:
                    found = _named(argument.expression, "key_provider")
                except EvaluationError:
                    continue
                waiting.extend(("key_provider", *one) for one in found)

    @staticmethod
    def _method(sections: Sequence[Section]) -> _Address | None:
        found: _Address | None = None
        for section in sections:
            argument = section.argument("method")
            try:
                named = _named(argument.expression, "method") if argument is not None else []
            except EvaluationError:
                named = []
            found = named[0] if named else found
        return found

    def _is_true(self, section: Section, name: str) -> bool:
        argument = section.argument(name)
        if argument is None:
            return False
        try:
            return self._evaluator.evaluate(argument.expression) is True
        except EvaluationError:
            return False


def _named(expression: Expression, root: str) -> list[_Address]:
    """Return what an expression names of `root.TYPE.NAME`, which JSON may write as a text."""
    if isinstance(expression, Literal) and isinstance(expression.value, str):
        parts = expression.value.split(".")
        return [(parts[1], parts[2])] if len(parts) == 3 and parts[0] == root else []
    found: list[_Address] = []
    for name, steps in accesses(expression):
        named = [step.name for step in steps[:2] if isinstance(step, GetAttribute)]
        if name == root and len(named) == 2:
            found.append((named[0], named[1]))
    return found
