"""Checkov's checks CKV_SOV_...: one for each rule of sovereign-guard. Checkov executes this file.

Each only asks the engine, which is installed as the package `sovereign_guard` in Checkov's environment. This
file may come from elsewhere (--external-checks-git), so it must stand by itself: where the package is not
there, the checks are there all the same, and fail. Checkov takes an exception for a pass.
"""

from __future__ import annotations

from typing import Any

from checkov.common.bridgecrew.severities import Severities
from checkov.common.checks.base_check import BaseCheck
from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.data.registry import data_registry
from checkov.terraform.checks.resource.registry import resource_registry

INSTALL = "pip install sovereign-guard"
RULES_BY_HEART = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13)
"""Numbers of the rules, for where the catalog cannot be asked."""


def later(text: str) -> str:
    """Return a text as it is, and mark it for tools/messages.py: the package's own may not be there."""
    return text


def _say(text: str, **values: object) -> str:
    """Return a text in the language that is spoken, or in English where the package cannot be imported."""
    try:
        from sovereign_guard.language import say
    except ImportError:
        return text.format_map(values)
    return say(text, **values)


_REGISTRIES = {"resource": resource_registry, "data": data_registry}
_MODES = {"resource": "managed", "data": "data"}


class _Check(BaseCheck):
    """One rule, for resources or for data sources of every type."""

    def __init__(
        self, rule: str, title: str, severity: str, guideline: str | None, block_type: str, trouble: str
    ) -> None:
        """Register the check; `trouble`: what keeps it from asking the engine, empty where nothing does."""
        self._rule = rule
        self._trouble = trouble
        super().__init__(
            name=title,
            id=f"CKV_SOV_{int(rule.removeprefix('SOV'))}",
            categories=[CheckCategories.GENERAL_SECURITY],
            supported_entities=["*"],
            block_type=block_type,
            guideline=guideline,
        )
        self.severity = Severities[severity.upper()]
        _REGISTRIES[block_type].register(self)

    def run(
        self,
        scanned_file: str,  # noqa: ARG002 - Checkov's name
        entity_configuration: dict[str, Any],
        entity_name: str,
        entity_type: str,
        skip_info: Any,
    ) -> Any:
        """Return Checkov's result for one resource. It raises nothing."""
        self.evaluated_keys: list[str] = []
        result, details, comment = self._answer(entity_configuration, entity_name, entity_type, skip_info)
        self.details = list(details)
        if skip_info:
            result, comment = "SKIPPED", skip_info["suppress_comment"]
        found: dict[str, Any] = {"result": CheckResult[result], "evaluated_keys": []}
        if result == "SKIPPED":
            found["suppress_comment"] = comment
        return found

    def scan_entity_conf(self, conf: dict[str, Any], entity_type: str) -> Any:  # noqa: ARG002 - its names
        """Fail: only `run` is told enough, and Checkov calls nothing else."""
        return CheckResult.FAILED

    def _answer(
        self, conf: dict[str, Any], name: str, kind: str, skip_info: Any
    ) -> tuple[str, tuple[str, ...], str]:
        if self._trouble:
            return "FAILED", (self._trouble,), ""
        try:
            from sovereign_guard.for_checkov import front

            answer = front.answer(
                self._rule, _MODES[self.block_type], kind, name, conf, skipped=bool(skip_info)
            )
        except Exception as error:  # noqa: BLE001 - Checkov would make of it no result, and exit code 0
            text = later("sovereign-guard could not judge this: {kind}: {error}")
            return "FAILED", (_say(text, kind=type(error).__name__, error=error),), ""
        return ("SKIPPED", (), "") if answer is None else (answer.result, answer.details, answer.comment)


def _register() -> None:
    trouble = ""
    rules: list[tuple[str, str, str, str | None]] = [
        (f"SOV{number:03}", "sovereign-guard cannot judge", "critical", None) for number in RULES_BY_HEART
    ]
    try:
        from sovereign_guard.for_checkov import front

        rules = [
            (one.id, one.title, one.severity, next((str(page["url"]) for page in one.references), None))
            for one in front.rules()
        ]
        front.check_clash()
    except ImportError as error:
        text = later(
            "sovereign-guard cannot be imported by the Python that runs Checkov ({error}). Install it in the "
            "same environment: {command}"
        )
        trouble = _say(text, error=error, command=INSTALL)
    except Exception as error:  # noqa: BLE001 - Checkov would log it and go on without the checks
        text = later("sovereign-guard cannot judge: {kind}: {error}")
        trouble = _say(text, kind=type(error).__name__, error=error)
    checks = [_Check(*rule, block_type, trouble) for rule in rules for block_type in _REGISTRIES]
    if trouble:
        import sys

        text = later("sovereign-guard: every check fails. {trouble}")
        print(_say(text, trouble=trouble), file=sys.stderr, flush=True)  # noqa: T201
    else:
        front.watch(checks)


_register()
